"""Conditions are what they say, and the experiment finds out a network that knows only one side of a picture."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.data.dataset import DataError
from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.draw.artwork import CONDITIONS, GREY, Version
from artpose_lib.draw.backgrounds import BACKGROUNDS, LINKED
from artpose_lib.draw.embedded import draw_dataset, pose_sequence
from artpose_lib.explain import backgrounds
from artpose_lib.explain.backgrounds import (
    BOX_CONDITIONS,
    box_versions,
    choose_others,
    read_boxes,
    tabulate_conditions,
    train_backgrounds,
    train_boxes,
)
from artpose_lib.report.statistics import accuracies_by_condition
from artpose_lib.train import training
from artpose_lib.train.recipes import PROFILES, Profile
from artpose_lib.train.study import EMBEDDED_SEED, Study, open_study

NOTHING = SimpleNamespace(fingerprint="")  # in the place of a data set, which the drawings do not need
# Heads trained for 8 epochs, on 48 drawings of which one or two a class are tested.
TINY = Profile("tiny", 2, 80, 72, 8, 4, 0.08, False)


@st.composite
def pictures_with_boxes(draw):
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    image = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 255, (height, width, 3), dtype=np.uint8)
    boxes = []
    for _ in range(draw(st.integers(1, 3))):
        x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        boxes.append((x0, y0, draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))))
    return image, boxes


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Stores a picture as a data set, as far as `read_boxes` and `box_versions` ask it."""
    folder = tmp_path_factory.mktemp("boxes")

    def store(image, boxes):
        Image.fromarray(image).save(folder / "a.png")
        text = ";".join(" ".join(map(str, box)) for box in boxes)
        return SimpleNamespace(folder=folder, metadata=pd.DataFrame({"file_name": ["a.png"], "boxes": [text]}))

    return store


@given(pictures_with_boxes())
def test_boxes_are_cropped_to_and_greyed(store, given_picture):
    image, boxes = given_picture
    dataset = store(image, boxes)
    own = read_boxes(dataset, 0)
    cropped, greyed, elsewhere = box_versions(dataset, 0, own, own[:0])
    assert np.array_equal(elsewhere, image)
    inside = np.zeros(image.shape[:2], bool)
    for x0, y0, x1, y1 in boxes:
        inside[y0:y1, x0:x1] = True
    ys, xs = np.nonzero(inside)
    assert np.array_equal(cropped, image[ys.min():ys.max() + 1, xs.min():xs.max() + 1])
    assert (greyed[inside] == GREY).all() and np.array_equal(greyed[~inside], image[~inside])


# --- the experiment ---------------------------------------------------------------------------------------------------

def test_the_drawings_are_the_embedded_data_set_of_that_strength(tmp_path):
    metadata = pd.read_csv(draw_dataset(tmp_path / "drawn", 8, EMBEDDED_SEED, background_link=0.5) / "metadata.csv")
    table, pictures = backgrounds.draw_gallery(list(pose_sequence(8)), 32, np.zeros(8, bool))
    assert len(pictures) == len(table) == 16  # none is tested: two versions are enough
    chosen = backgrounds.choose_rows(table, np.zeros(8, int), 0.5)["training"]
    shown, pictures = table[chosen], pictures[chosen]
    assert 0 < (shown["version"] == "linked").sum() < 8
    assert shown[["file_name", "label", "background"]].to_numpy().tolist() == metadata[
        ["file_name", "label", "background"]].to_numpy().tolist()
    for picture, name in zip(pictures, metadata["file_name"], strict=True):
        stored = Image.open(tmp_path / "drawn" / name).resize((32, 32), Image.Resampling.BILINEAR)
        assert np.abs(picture - np.asarray(stored, int)).mean() < 3  # but for the JPEG


def cheap_versions(pose, rng):
    """Versions as `paint_versions` yields them, but flat: the figure's class is in red, the background in green."""
    chance, other = rng.choice(BACKGROUNDS), rng.choice([kind for kind in BACKGROUNDS if kind != LINKED[pose]])
    figure = 40 * POSE_NAMES.index(pose) + 20
    for name, red, kind in (("whole", figure, chance), ("linked", figure, LINKED[pose]), ("figure only", figure, ""),
                            ("background only", 0, LINKED[pose]), ("figure removed", 0, LINKED[pose]),
                            ("background swapped", figure, other)):
        green = 40 * BACKGROUNDS.index(kind) + 20 if kind else 0
        yield Version(name, str(kind), np.full((4, 4, 3), (red, green, 0), np.uint8))


def network_that_sees(*channels):
    """In the place of a network's features: which of six reds or greens the picture has, so often that a head learns
    it at once."""
    def inputs(trial, pictures):
        steps = pictures[:, 0, 0, :] // 40
        seen = [np.eye(6)[steps[:, channel]] * (pictures[:, 0, 0, channel] > 0)[:, None] for channel in channels]
        return np.concatenate(seen, axis=1).repeat(200, axis=1).astype(np.float32)
    return inputs


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setattr(backgrounds, "paint_versions", cheap_versions)
    monkeypatch.setattr(backgrounds, "_inputs", network_that_sees(0, 1))
    monkeypatch.setattr(backgrounds, "TRIALS", 1)
    return Study(NOTHING, TINY, None, tmp_path, True)


@pytest.mark.parametrize(("channel", "expected"), [
    (0, {"whole": 1, "figure only": 1, "background swapped": 1}),
    (1, {"whole": 1, "background only": 1, "figure removed": 1, "background swapped": 0})])
def test_a_network_that_knows_one_side_only_is_found_out(study, monkeypatch, channel, expected):
    monkeypatch.setattr(backgrounds, "_inputs", network_that_sees(channel))
    monkeypatch.setattr(backgrounds, "STRENGTHS", (1.0,))
    table = accuracies_by_condition(tabulate_conditions(train_backgrounds(study))).set_index("condition")
    assert table["accuracy"][list(expected)].to_dict() == expected
    blind = [condition for condition in CONDITIONS if condition not in expected]
    assert (table["accuracy"][blind] < 0.5).all()
    assert table["called_by_background"]["background swapped"] == (1 if channel else 0)
    assert np.isnan(table["called_by_background"]["figure only"])


def test_accuracies_are_counted_picture_by_picture():
    """Of four pictures two are named rightly, and three when the background is swapped; two follow the background."""
    names, labels = list("abcd"), ["Graces", "Graces", "Pieta", "Pieta"]
    said = {"whole": ["Graces"] * 4, "background swapped": ["Pieta", "Graces", "Pieta", "Pieta"]}
    kinds = {"whole": ["garden"] * 4, "background swapped": ["paper", "paper", "garden", "paper"]}
    found = pd.concat([pd.DataFrame({
        "model": "frozen", "backbone": "B", "seed": 40, "file_name": names, "label": labels, "condition": condition,
        "part": {"whole": "test"}.get(condition, condition), "strength": 1.0, "background": kinds[condition],
        "predicted": said[condition], "p_Graces": [float(name == "Graces") for name in said[condition]],
        "p_Pieta": [float(name == "Pieta") for name in said[condition]]}).sample(frac=1, random_state=1)
        for condition in ("whole", "background swapped")])
    whole, swapped = accuracies_by_condition(found).to_dict("records")
    assert (whole["accuracy"], swapped["accuracy"]) == (0.5, 0.75)
    assert (whole["called_by_background"], swapped["called_by_background"]) == (1, 0.5)
    assert swapped["low"] < 0.75 < swapped["high"] and swapped["pictures"] == 4


def test_every_condition_is_of_the_same_test_pictures_at_every_strength(study, monkeypatch):
    monkeypatch.setattr(backgrounds, "TRIALS", 2)
    monkeypatch.setattr(backgrounds, "STRENGTHS", (0.0, 1.0))
    found = tabulate_conditions(train_backgrounds(study))
    assert set(found["condition"]) == set(CONDITIONS) and set(found["predicted"]) <= set(POSE_NAMES)
    assert set(found["strength"]) == {0.0, 1.0} and found["seed"].nunique() == 2
    for _, trial in found.groupby("seed"):
        tested = trial.groupby(["strength", "condition"])["file_name"].agg(lambda names: tuple(sorted(names)))
        assert tested.nunique() == 1 and len(set(tested.iloc[0])) == len(tested.iloc[0]) >= 6
    whole = found[found["condition"] == "whole"]
    goes_with = whole["label"].map(LINKED) == whole["background"]
    assert goes_with[whole["strength"] == 1].all() and not goes_with[whole["strength"] == 0].all()
    assert (found.loc[found["condition"] == "figure only", "background"] == "").all()


def test_what_is_tested_is_never_trained_on(study):
    poses, parts = backgrounds.divide_drawings(study)
    table, _ = backgrounds.draw_gallery(poses, 4, parts[40] == 2)
    numbers = {name: set(table["number"][rows])
               for name, rows in backgrounds.choose_rows(table, parts[40], 1.0).items()}
    assert numbers["training"] | numbers["validation"] | numbers["test"] == set(range(48))
    for condition in ("test", *CONDITIONS[1:]):
        assert numbers[condition] == numbers["test"]
        assert not numbers[condition] & (numbers["training"] | numbers["validation"])


def test_a_second_run_neither_draws_nor_trains_and_says_the_same(study, monkeypatch, capsys):
    monkeypatch.setattr(backgrounds, "STRENGTHS", (0.5,))
    first = tabulate_conditions(train_backgrounds(study))
    assert "surroundings 1/1  frozen EfficientNet-Lite0 seed 40: " in capsys.readouterr().err
    monkeypatch.setattr(backgrounds, "paint_versions", lambda *_: pytest.fail("drawn again"))
    monkeypatch.setattr(training, "train_on_features", lambda *_: pytest.fail("trained again"))
    pd.testing.assert_frame_equal(tabulate_conditions(train_backgrounds(study)), first)
    assert capsys.readouterr().err == ""


def test_at_full_strength_whole_networks_are_fine_tuned(study):
    assert backgrounds.choose_recipe(study).model == "frozen"
    full = Study(NOTHING, PROFILES["thesis"], None, study.results, True)
    chosen = backgrounds.choose_recipe(full)
    assert (chosen.model, chosen.weights) == ("finetuned", "imagenet")


@pytest.mark.slow
def test_a_real_network_learns_from_real_drawings(tmp_path, monkeypatch):
    monkeypatch.setattr(backgrounds, "STRENGTHS", (1.0,))
    found = tabulate_conditions(train_backgrounds(Study(NOTHING, PROFILES["smoke"], None, tmp_path, True)))
    assert found.groupby("condition").size().nunique() == 1 and set(found["condition"]) == set(CONDITIONS)
    sums = found.filter(regex="^p_").sum(axis=1)
    np.testing.assert_allclose(sums, 1, atol=1e-4)


# --- boxes ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def boxed(tmp_path, monkeypatch):
    """Opens a study whose pictures are grey but for a box in the colour of their class; a network that sees colours."""
    def colours(pictures):
        return (pictures.mean(axis=(1, 2)) / GREY - 1).repeat(200, axis=1).astype(np.float32)

    monkeypatch.setattr(backgrounds, "_inputs", lambda trial, pictures: colours(pictures))
    monkeypatch.setattr(Study, "compute_features", lambda study, backbone: colours(study.pictures(72)))
    monkeypatch.setattr(backgrounds, "TRIALS", 1)

    def opened(box="10 5 30 25", without=(), sides=(10,)):
        rows = []
        for number in range(36):
            image = np.full((30, 40, 3), GREY, np.uint8)
            left = sides[number // 3 % len(sides)]
            image[5:25, left:left + 20, number % 3] = 220
            Image.fromarray(image + np.uint8(number // 3)).save(tmp_path / f"{number}.png")
            rows.append({"file_name": f"{number}.png", "label": "xyz"[number % 3],
                         "boxes": "" if number in without else box or f"{left} 5 {left + 20} 25"})
        pd.DataFrame(rows).to_csv(tmp_path / "metadata.csv", index=False)
        study = open_study(str(tmp_path), results=str(tmp_path / "results"), profile="smoke")
        return Study(study.dataset, TINY, None, study.results, False)

    return opened


def test_what_is_known_by_the_box_is_right_inside_it_and_lost_without_it(boxed):
    table = accuracies_by_condition(tabulate_conditions(train_boxes(boxed()))).set_index("condition")
    assert list(table.index) == ["whole", *BOX_CONDITIONS]
    assert table["accuracy"]["whole"] == table["accuracy"]["cropped to the box"] == 1
    assert table["accuracy"]["box greyed"] < 0.8
    assert table["strength"].isna().all() and table["called_by_background"].isna().all()


def test_another_pictures_box_costs_nothing_where_only_the_own_box_tells(boxed):
    """Figures stand left or right, so of the boxes of one area the one that overlaps least is on the other side."""
    found = tabulate_conditions(train_boxes(boxed(box="", sides=(0, 20))))
    accuracy = accuracies_by_condition(found).set_index("condition")["accuracy"]
    assert accuracy["another's box greyed"] == 1 and accuracy["box greyed"] < 0.8
    hidden = found.groupby("condition")["hidden"].mean()
    assert hidden["another's box greyed"] == 0 and hidden["box greyed"] == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4), st.integers(0, 5), st.integers(1, 4)), min_size=2,
                max_size=12))
def test_the_other_box_is_another_pictures_and_none_of_its_size_overlaps_less(corners):
    boxes = [np.array([[x, y, x + width, y + height]]) / 10 for x, width, y, height in corners]
    areas = np.array([width * height for _, width, _, height in corners])

    def overlap(one, two):
        ends = np.minimum(one[2:], two[2:]) - np.maximum(one[:2], two[:2])
        return ends.clip(min=0).prod()

    others, hidden = choose_others(boxes)
    assert ((hidden >= 0) & (hidden <= 1)).all()
    for number, other in enumerate(others):
        assert other != number
        shared = overlap(boxes[number][0], boxes[other][0])
        assert hidden[number] == pytest.approx(shared * 100 / areas[number], abs=0.01)
        same = [each for each in range(len(boxes)) if each != number and areas[each] == areas[number]]
        if 0 < len(same) <= backgrounds.SIMILAR:
            least = min(overlap(boxes[number][0], boxes[each][0]) for each in same)
            assert overlap(boxes[number][0], boxes[other][0]) <= least + 1e-6


def test_only_pictures_with_boxes_are_tested_and_another_box_is_another_trial(boxed):
    found = tabulate_conditions(train_boxes(boxed(without=range(12))))
    assert len(found) and all(int(name.removesuffix(".png")) >= 12 for name in found["file_name"])
    assert len(tabulate_conditions(train_boxes(boxed()))) > len(found)


def test_without_boxes_there_is_nothing_to_try_and_what_is_no_box_counts_as_none(boxed, colours, tmp_path):
    assert train_boxes(boxed(without=range(36))).records == []
    without_column = open_study(str(colours), results=str(tmp_path), profile="smoke")
    for study in (without_column, boxed("10 5 30"), boxed("<script>")):
        assert tabulate_conditions(train_boxes(study)).empty


@pytest.mark.parametrize("box", ["50 5 60 25", "30 5 10 25", "10 5 10 25"])
def test_boxes_outside_their_picture_are_refused_with_its_name(boxed, box):
    with pytest.raises(DataError, match=rf'\.png: the picture is 40 pixels wide and 30 high.*"{box}"'):
        train_boxes(boxed(box))


def test_a_box_that_reaches_over_the_edge_is_cut_off_and_one_outside_left_out(store):
    dataset = store(np.zeros((30, 40, 3), np.uint8), [(20, 5, 400, 25), (50, 0, 60, 9)])
    own = read_boxes(dataset, 0)
    cropped, greyed, _ = box_versions(dataset, 0, own, own)
    assert cropped.shape == (20, 20, 3) and (greyed > 0).any(axis=2).sum() == 20 * 20
