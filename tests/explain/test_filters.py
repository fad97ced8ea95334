import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tinynet
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import layers
from scipy.stats import mannwhitneyu, rankdata
from sklearn.metrics import roc_auc_score
from tinynet import COLOURS, SIZE

from artpose_lib.explain import filters
from artpose_lib.explain.filters import (
    STRONGEST,
    _count_ways,
    box_mask,
    class_aucs,
    filter_tables,
    measure_importance,
    min_p,
    rarities,
)
from artpose_lib.explain.maps import feature_maps
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.model.classifier import build_classifier

RED, GREEN, BLUE, DEAD, ALL = range(5)  # the filters of the first block
EYES = "block1_conv2"
UNCHANGED = "correlation_before_after"


def other(filter, kernel):
    """The network with another kernel of one filter of the first block."""
    model = tinynet.network()
    weights = model.get_layer(EYES).get_weights()
    weights[0][0, 0, :, filter] = kernel
    model.get_layer(EYES).set_weights(weights)
    return model


def free(seed=2):
    """The network with random weights."""
    model, rng = tinynet.network(), np.random.default_rng(seed)
    model.set_weights([rng.normal(0.2, 0.5, weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def data():
    """The parameters of `filter_tables` that say what is measured on: a square of its class' colour in each picture."""
    labels, rng, boxes = np.arange(36) % 3, np.random.default_rng(0), []
    images = np.zeros((36, SIZE, SIZE, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = rng.integers(0, SIZE - 3, 2)
        image[top:top + 3, left:left + 4, label] = rng.integers(120, 256)
        boxes.append(np.array([[left, top, left + 4, top + 3]]) / SIZE)
    return {"images": images, "labels": labels, "boxes": boxes}


@pytest.fixture(scope="module")
def model():
    return tinynet.network()


def measure(model, before, data, layer=EYES, seed=0, **changed):
    return filter_tables(model, before, classes=COLOURS, layers=[layer], seed=seed, **data | changed)[layer]


@pytest.fixture(scope="module")
def table(model, data):
    with warnings.catch_warnings(action="error", category=RuntimeWarning):
        return measure(model, other(ALL, [0, 0.3, 0.7, 0.1]), data)


def logits(model, images):
    """What the last layer computes before its softmax, by hand."""
    pooled = keras.Model(model.input, model.layers[-1].input)(images, training=False)
    kernel, bias = model.layers[-1].get_weights()
    return keras.ops.convert_to_numpy(pooled) @ kernel + bias


# --- the table

def test_a_row_a_filter_and_the_columns_that_are_promised(table):
    assert table.index.name == "filter"
    assert table.columns.tolist() == [
        "strength", "loudest", "heard", "best_class", "auc_red", "auc_green", "auc_blue", "selectivity", "p", "inside",
        "inside_others", "box_share",
        "importance_red", "importance_green", "importance_blue", "importance", UNCHANGED, "x", "y",
        "returning", "strongest"]


def test_numbers_are_those_of_version_0_1_0():
    rng = np.random.default_rng(3)
    labels = np.arange(24) % 3
    images = np.stack([np.roll(tinynet.picture(), rng.integers(0, SIZE, 2), (0, 1)) // 2 for _ in labels])
    images = (images + rng.integers(0, 100, images.shape)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, :, label] += rng.integers(0, 20, dtype=np.uint8)
    corners = rng.integers(0, 30, (24, 2))
    boxes = [np.array([[x / 40, y / 50, (x + 9) / 40, (y + 20) / 50]]) for x, y in corners]
    boxes[3] = np.empty((0, 4))
    before = tinynet.network()
    kernel, = before.get_layer(EYES).get_weights()
    before.get_layer(EYES).set_weights([kernel + np.random.default_rng(1).normal(0, 0.3, kernel.shape)])
    found = filter_tables(tinynet.network(), before, images, labels, COLOURS, boxes, [EYES], 7)[EYES]
    expected = {
        "strength": [0.889706, 0.640686, 0.888399, 0, 1.602941],
        "auc_red": [1, 0.34375, 0.308594, np.nan, 0.359375],
        "auc_green": [0.25, 0.882812, 0.308594, np.nan, 0.613281],
        "selectivity": [1, 0.882812, 0.882812, np.nan, 0.613281],
        "p": [0.001, 0.006, 0.006, np.nan, 0.963],
        "inside": [0.091816, 0.093154, 0.077693, np.nan, 0.089219],
        "importance_green": [0, 6.32958, 0, np.nan, 0],
        "importance": [2.53679, 2.10986, 1.958716, np.nan, 0],
        UNCHANGED: [0.983503, 0.877314, 0.993257, np.nan, 0.980985]}
    np.testing.assert_allclose(found[list(expected)], pd.DataFrame(expected), atol=2e-5)
    assert found["best_class"].tolist() == ["red", "green", "blue", "", "green"]
    assert [[tuple(peak.values())[:3] for peak in peaks[:2]] for peaks in found["strongest"]] == [
        [(3, 2, 25), (18, 22, 3)], [(22, 3, 31), (19, 2, 5)], [(8, 19, 15), (20, 24, 30)], [],
        [(18, 27, 22), (3, 30, 25)]]


def test_a_filter_that_sees_red_tells_red_from_all_others(table, data):
    assert table["auc_red"][RED] == table["selectivity"][RED] == 1
    assert table["best_class"].tolist()[:2] == ["red", "green"]
    assert table["p"][RED] == table["p"][GREEN] == 0.001
    red = data["images"][data["labels"] == RED].astype(int)  # in the others it is silent
    assert table["strength"][RED] == pytest.approx(red.max(axis=(1, 2, 3)).sum() / 255 / 36, rel=1e-6)
    assert table["loudest"][RED] == pytest.approx(data["images"][..., RED].mean(axis=(1, 2)).max() / 255, rel=0.2)
    assert table["auc_blue"][RED] == table["auc_green"][RED] == pytest.approx(0.25)  # a half of half the pairs are ties
    assert table.loc[RED, ["inside", "inside_others", "box_share"]].isna().all()  # it is heard in a third of them
    assert table["inside"][ALL] == pytest.approx(1)
    assert table["box_share"][ALL] == pytest.approx(12 / SIZE ** 2)


def test_a_filter_that_is_heard_in_too_few_pictures_is_not_measured(model, data, table):
    """It neither favours a class nor takes a rank, whether it is dead, whispers, or answers in four pictures."""
    unmeasured = ["strength", "loudest", "heard", "best_class", "strongest"]
    four, numbers = data["images"].copy(), table.columns.difference(unmeasured)
    four[np.flatnonzero(data["labels"] == GREEN)[4:], :, :, GREEN] = 0
    whisper = other(RED, [1e-4, 0, 0, 0])
    for found, filter, heard in ((table, DEAD, 0), (measure(whisper, whisper, data), RED, 0),
                                 (measure(model, model, data, images=four), GREEN, 4)):
        row = found.loc[filter]
        assert row["heard"] == heard == len(row["strongest"]) and row["best_class"] == ""
        assert row[numbers].isna().all() and found[numbers].loc[ALL].notna().any()


def test_the_strongest_pictures_come_first_with_the_place_of_the_peak(table, model, data):
    maps = np.stack([found[EYES] for found in feature_maps(model, data["images"], [EYES])])
    for index, strongest in table["strongest"].drop(DEAD).items():
        loudest = sorted(maps[..., index].max(axis=(1, 2)), reverse=True)[:STRONGEST]
        assert [peak["activation"] for peak in strongest] == loudest
        for peak in strongest:
            assert maps[peak["picture"], peak["row"], peak["column"], index] == peak["activation"]


def test_importance_is_that_of_the_surest_picture_of_each_class(table, model, data):
    probabilities = keras.ops.convert_to_numpy(model(data["images"], training=False))
    chosen = [max(np.flatnonzero(data["labels"] == index), key=lambda row, index=index: probabilities[row, index])
              for index in range(3)]
    drops = measure_importance(model, data["images"], chosen, EYES)
    drops[:, DEAD] = np.nan  # not measured
    np.testing.assert_allclose(table[[f"importance_{name}" for name in COLOURS]].to_numpy().T, drops, atol=1e-6)
    np.testing.assert_allclose(table["importance"], np.abs(drops).mean(axis=0), atol=1e-6)


def test_the_seed_decides_about_p_alone_and_the_model_stays(table, model, data):
    weights = model.get_weights()
    again, anew = (measure(model, other(ALL, [0, 0.3, 0.7, 0.1]), data, seed=seed) for seed in (0, 1))
    pd.testing.assert_frame_equal(again, table)
    pd.testing.assert_frame_equal(anew.drop(columns="p"), table.drop(columns="p"))
    assert all(np.array_equal(*pair) for pair in zip(weights, model.get_weights(), strict=True))


def test_a_class_without_pictures_has_no_numbers(model, data):
    some = np.flatnonzero(data["labels"] != 1)
    found = measure(model, model, data, images=data["images"][some], labels=data["labels"][some],
                    boxes=[data["boxes"][row] for row in some])
    assert found[["auc_green", "importance_green"]].isna().all(axis=None)
    assert found[["selectivity", "p", "importance"]].loc[[RED, BLUE, ALL]].notna().all(axis=None)
    assert found["best_class"][RED] == "red" and found["auc_red"][RED] == 1


def test_pictures_without_boxes_have_no_part_in_the_share_inside(model, data, table):
    nowhere, inside = np.empty((0, 4)), ["inside", "inside_others", "box_share"]
    half = measure(model, model, data, boxes=data["boxes"][:18] + [nowhere] * 18)
    first = measure(model, model, {name: values[:18] for name, values in data.items()})
    np.testing.assert_allclose(half[inside], first[inside])
    none = measure(model, model, data, boxes=[nowhere] * 36)
    assert none[inside].isna().all(axis=None)
    rest = table.columns.difference([*inside, UNCHANGED])
    pd.testing.assert_frame_equal(none[rest], table[rest])


def test_other_pictures_boxes_hold_as_much_of_what_does_not_follow_the_figure(model, data):
    """Squares at the same place in all pictures, whose boxes then say no more than those of the others."""
    where, images = np.array([[4, 4, 8, 7]]) / SIZE, np.zeros_like(data["images"])
    for image, label in zip(images, data["labels"], strict=True):
        image[4:7, 4:8, label] = 200
    fixed = measure(model, model, data, images=images, boxes=[where] * 36).loc[ALL]
    assert fixed["inside"] == fixed["inside_others"] == pytest.approx(1)
    found = measure(model, model, data).loc[ALL]
    masks = np.stack([box_mask(own, SIZE) for own in data["boxes"]])
    others = [rest[:, mask > 0].mean() * mask.mean() / rest.mean()
              for mask, rest in ((mask, np.delete(masks, index, 0)) for index, mask in enumerate(masks))]
    assert found["inside"] == pytest.approx(1) and found["inside_others"] == pytest.approx(np.mean(others))
    alone = measure(model, model, data, boxes=[data["boxes"][0]] + [np.empty((0, 4))] * 35).loc[ALL]
    assert alone["inside"] == pytest.approx(1) and np.isnan(alone["inside_others"])


def test_layers_are_measured_together_and_p_counts_the_filters_of_all(model, data):
    layers = [EYES, "block2_conv2"]
    both = filter_tables(model, other(ALL, [0, 0.3, 0.7, 0.1]), classes=COLOURS, layers=layers, seed=0, **data)
    for layer in layers:
        alone = measure(model, other(ALL, [0, 0.3, 0.7, 0.1]), data, layer)
        pd.testing.assert_frame_equal(both[layer].drop(columns="p"), alone.drop(columns="p"))
        assert (both[layer]["p"].dropna() >= alone["p"].dropna()).all()


def test_a_correlation_takes_all_places_of_all_pictures(data, table):
    assert table[UNCHANGED][[RED, GREEN, BLUE]].to_numpy() == pytest.approx(1)
    after, before = free(3), free(4)
    found = measure(after, before, data, "block2_conv2")[UNCHANGED]
    now, then = (np.stack([found["block2_conv2"] for found in feature_maps(model, data["images"], ["block2_conv2"])])
                 for model in (after, before))
    expected = [np.corrcoef(now[..., index].ravel(), then[..., index].ravel())[0, 1] if now[..., index].any()
                and then[..., index].any() else np.nan for index in range(4)]
    assert np.sum(~np.isnan(expected)) >= 3
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("constant", [0, 1])
def test_a_map_that_is_the_same_everywhere_correlates_with_nothing(data, constant):
    images, pair = data["images"].copy(), [tinynet.network(), other(RED, [0, 1, 0, 0])]
    images[..., RED] = 77
    with warnings.catch_warnings(action="error", category=RuntimeWarning):
        found = measure(pair[constant], pair[1 - constant], data, images=images)[UNCHANGED]
    assert np.isnan(found[RED]) and found[GREEN] == pytest.approx(1)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"labels": np.zeros(36, int)}, "one class"), ({"layer": "block9"}, "block9")])
def test_what_cannot_be_measured_is_refused(model, data, wrong, message):
    with pytest.raises(ValueError, match=message):
        measure(model, model, data, **wrong)


def test_a_diverged_network_is_refused(data):
    broken = other(RED, np.nan)
    with pytest.raises(ValueError, match="diverged"):
        measure(broken, broken, data)


# --- the boxes

corners = st.lists(st.tuples(*[st.integers(-4, 40)] * 4), max_size=4)


@settings(max_examples=100, deadline=None)
@given(corners, st.integers(1, 7))
def test_a_mask_is_the_covered_share_of_each_cell(boxes, side):
    """Against a picture of 36 pixels a side, painted box by box; its cells may be any number of pixels wide."""
    painted = np.zeros((36 * side, 36 * side))
    for x0, y0, x1, y1 in np.clip(boxes, 0, 36) if boxes else []:
        painted[y0 * side:y1 * side, x0 * side:x1 * side] = 1
    expected = painted.reshape(side, 36, side, 36).mean(axis=(1, 3))
    np.testing.assert_allclose(box_mask(np.array(boxes, float).reshape(-1, 4) / 36, side), expected, atol=1e-12)


# --- the classes

peaks_and_labels = st.tuples(st.integers(3, 20), st.integers(1, 4)).flatmap(lambda shape: st.tuples(
    arrays(float, shape, elements=st.integers(0, 6).map(float)), arrays(int, shape[0], elements=st.integers(0, 2))))


@settings(max_examples=25, deadline=None)
@given(peaks_and_labels)
def test_areas_equal_those_of_scikit_learn(drawn):
    peaks, labels = drawn
    assume(len(set(labels)) > 1)
    found = class_aucs(rankdata(peaks, axis=0), labels, 4)
    for index in range(4):
        for filter_index in range(peaks.shape[1]):
            if index in labels:
                expected = roc_auc_score(labels == index, peaks[:, filter_index])
                assert found[index, filter_index] == pytest.approx(expected, abs=1e-12)
            else:
                assert np.isnan(found[index, filter_index])


UNEVEN = np.repeat(np.arange(6), (5, 1, 3, 7, 2, 6))  # a test part of Experiment 1 on 171 museum pictures


def test_noise_gets_a_small_p_no_more_often_than_it_should():
    """Of 200 blocks of filters that know nothing, a twentieth has a filter with p of at most 0.05; one of many filters
    no more often than one of a single one, and one that is silent in half of the pictures neither."""
    rng = np.random.default_rng(0)
    for width, silent in ((1, -9), (20, -9), (20, 0)):
        blocks = [rankdata(np.maximum(rng.normal(size=(24, width)), silent), axis=0) for _ in range(200)]
        smallest = np.array([min_p(ranks, UNEVEN, 6, seed).min() for seed, ranks in enumerate(blocks)])
        for level in (0.05, 0.25, 0.5, 0.75):
            assert (smallest <= level).mean() - level < 3.5 * np.sqrt(level * (1 - level) / 200)


@pytest.mark.parametrize("m, n", [(1, 24), (5, 24), (7, 12), (20, 40)])
def test_areas_are_as_rare_as_scipy_says(m, n):
    rng, labels = np.random.default_rng(0), np.arange(n) < m
    peaks = rng.normal(size=(n, 30)) + labels[:, None] * np.linspace(0, 3, 30)
    expected = mannwhitneyu(peaks[labels], peaks[~labels], alternative="greater", method="exact").pvalue
    found = rarities(class_aucs(rankdata(peaks, axis=0), labels.astype(int), 3), labels.astype(int))
    np.testing.assert_allclose(np.exp(-found[1]), expected, rtol=1e-9)
    assert np.isnan(found[2]).all() and (found[0] >= 0).all()


def test_many_pairs_are_as_rare_as_few_by_the_normal_law(monkeypatch):
    exact = _count_ways(30, 100)
    monkeypatch.setattr(filters, "MOST_PAIRS", 0)
    by_law = _count_ways.__wrapped__(30, 100)
    likely = exact / exact[0] > 0.01
    np.testing.assert_allclose(by_law[likely], exact[likely], rtol=0.05)


def test_the_favourite_class_is_not_that_of_a_single_picture(model, data):
    """The only one of a class has the brightest green: the green filter errs for green, and is the green class' own."""
    labels = np.where(data["labels"] == 2, RED, data["labels"])
    labels[1] = 2
    images = data["images"].copy()
    images[1] = np.where(images[1].any(axis=2, keepdims=True), 255, 0)
    found = measure(model, model, data, images=images, labels=labels).loc[GREEN]
    assert found["auc_blue"] == 1 > found["auc_green"] > 0.9
    assert (found["best_class"], found["selectivity"]) == ("green", found["auc_green"])


@pytest.mark.parametrize("width, smallest", [(512, 5), (1280, 6), (3904, 7)])
def test_a_filter_that_knows_a_class_is_found_where_luck_does_not_make_as_good_ones(width, smallest):
    """Chance gives an area of 1 for the class of a single picture in nearly every block: it must not hide the rest."""
    peaks, counts = np.random.default_rng(0).normal(size=(24, width)), np.bincount(UNEVEN)
    peaks[:, :6] += 20 * (UNEVEN[:, None] == np.arange(6))
    p = min_p(rankdata(peaks, axis=0), UNEVEN, 6, 0)
    assert set(np.flatnonzero(p <= 0.05)) == set(np.flatnonzero(counts >= smallest))


# --- the rest of the network

def with_filter_at_zero(model, name, index):
    """A copy of a model in which one filter of a layer is multiplied by zero."""
    def call(layer, *args, **kwargs):
        answer = layer(*args, **kwargs)
        if layer.name != name:
            return answer
        return answer * np.where(np.arange(answer.shape[-1]) == index, 0, 1).astype(np.float32)

    copy = keras.models.clone_model(model, call_function=call)
    copy.set_weights(model.get_weights())
    return copy


def shortcuts():
    """Two paths lead past "inner": one around it, and one from before it to the very end."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    start = layers.Conv2D(4, 3, padding="same")(layers.Rescaling(1 / 255)(picture))
    inner = layers.ReLU(name="inner")(layers.Conv2D(4, 3, padding="same")(start))
    joined = layers.Add(name="joined")([layers.Conv2D(4, 1)(inner), start])
    last = layers.Concatenate()([layers.Conv2D(3, 3, activation="relu")(joined), layers.Conv2D(2, 3)(start)])
    pooled = layers.GlobalAveragePooling2D()(last)
    return keras.Model(picture, layers.Dense(3, activation="softmax")(pooled))


@pytest.mark.parametrize(("make", "layer", "copies"), [  # fewer copies at a time than there are filters, and more
    (free, EYES, 2), (free, "block4_conv3", 15), (shortcuts, "inner", 15), (shortcuts, "joined", 2)])
def test_importance_equals_a_network_whose_filter_is_set_to_zero(make, layer, copies, monkeypatch):
    monkeypatch.setattr("artpose_lib.explain.filters.COPIES", copies)
    images, model = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8), make()
    drops = measure_importance(model, images, [0, None, 2], layer)
    assert np.isnan(drops[1]).all() and np.ptp(drops[[0, 2]]) > 1e-3
    for index in range(drops.shape[1]):
        falls = logits(model, images) - logits(with_filter_at_zero(model, layer, index), images)
        np.testing.assert_allclose(drops[[0, 2], index], falls[[0, 2], [0, 2]], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "block"), [("VGG16", 3), ("ResNet50", 1), ("Xception", 0), ("Xception", 3),
                                             ("EfficientNet-Lite0", 1), ("EfficientNet-Lite0", 4)])
def test_importance_is_exact_in_every_backbone(name, block):
    keras.utils.set_random_seed(0)
    model, layer = build_classifier(name, 3, 72), BACKBONES[name].blocks[block]
    images = np.random.default_rng(0).integers(0, 256, (1, 72, 72, 3), dtype=np.uint8)
    drops = measure_importance(model, images, [0, None, None], layer)[0]
    scale = np.abs(drops).max()
    assert scale > 0
    for index in np.argsort(-np.abs(drops))[:2]:
        after = logits(with_filter_at_zero(model, layer, index), images)
        assert drops[index] == pytest.approx((logits(model, images) - after)[0, 0], abs=0.02 * scale)
