
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import layers

from artpose_lib.explain.gradcam import map_layers
from artpose_lib.explain.maps import Field, feature_maps, receptive_field, sprite
from artpose_lib.model.backbones import BACKBONES, build_backbone

SIZE = 72  # Xception needs 71


def noise(count, size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    picture = keras.Input((8, 8, 3), dtype="uint8")
    scaled = layers.Rescaling(1 / 255)(picture)
    first = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(scaled)
    pooled = layers.MaxPooling2D()(first)
    noisy = layers.Dropout(0.5)(pooled)
    return keras.Model(picture, layers.Conv2D(6, 3, padding="same", name="second")(noisy))


@pytest.fixture(scope="module")
def built():
    """Every backbone once, small and with random weights."""
    return {name: build_backbone(name, size=SIZE) for name in BACKBONES}


# --- maps

@pytest.mark.parametrize("count", [1, 3, 7])
def test_maps_equal_those_of_a_sub_model_of_one_layer_from_batch_to_batch(model, count, monkeypatch):
    monkeypatch.setattr("artpose_lib.explain.maps.PIXELS", 3 * 8 * 8)
    images = noise(count, 8)
    maps = list(feature_maps(model, images, ["second", "first"]))
    for layer in ("first", "second"):
        plain = keras.Model(model.input, model.get_layer(layer).output).predict(images, verbose=0)
        found = np.stack([own[layer] for own in maps])
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, plain, atol=1e-5)


@pytest.mark.parametrize(("shape", "layer", "message"), [
    ((1, 8, 8, 3), "block9", "block9"), ((1, 9, 9, 3), "first", "shape"), ((8, 8, 3), "first", "shape")])
def test_what_does_not_fit_the_model_is_refused(model, shape, layer, message):
    with pytest.raises(ValueError, match=message):
        next(feature_maps(model, np.zeros(shape, np.uint8), [layer]))


# --- sprites

@settings(max_examples=50, deadline=None)
@given(st.tuples(st.integers(1, 6), st.integers(1, 10)).flatmap(lambda shape: arrays(
    np.float32, (shape[0], shape[0], shape[1]), elements=st.floats(allow_nan=False, allow_infinity=False, width=32))))
def test_a_sprite_gives_every_filter_back_to_half_a_grey(maps):
    drawn = sprite(maps)
    count = maps.shape[2]
    assert (len(drawn.low), drawn.side) == (count, len(maps))
    rows = -(-count // drawn.columns)
    assert drawn.image.size == (drawn.columns * drawn.side, rows * drawn.side)
    own, low, high = maps.astype(float), np.array(drawn.low), np.array(drawn.high)
    assert np.array_equal(low, own.min(axis=(0, 1))) and np.array_equal(high, own.max(axis=(0, 1)))
    greys = np.stack([drawn.map(index) for index in range(count)], axis=-1) / 255
    allowed = (high - low) / 510 + 1e-12 * np.abs(own).max(axis=(0, 1))  # the latter for float64's own
    assert (np.abs(low + greys * (high - low) - own) <= allowed).all()


def test_a_constant_filter_and_spare_tiles_are_black(recwarn):
    maps = np.random.default_rng(0).random((4, 4, 5)).astype(np.float32) + 1
    maps[:, :, 0] = 7
    drawn = sprite(maps)
    assert (drawn.image.mode, drawn.image.size, drawn.columns) == ("L", (12, 8), 3)
    assert not np.any(drawn.map(0)) and not np.any(drawn.map(5)) and not recwarn.list
    assert drawn.low[0] == drawn.high[0] == 7


def test_maps_of_a_diverged_network_are_refused():
    with pytest.raises(ValueError, match="diverged"):
        sprite(np.full((2, 2, 1), np.nan, np.float32))


# --- receptive fields

padding = st.sampled_from(["same", "valid"])
windows = st.one_of(
    st.tuples(st.just(layers.Conv2D), st.fixed_dictionaries(
        {"kernel_size": st.integers(1, 3), "strides": st.integers(1, 3), "padding": padding, "filters": st.just(1)})),
    st.tuples(st.just(layers.Conv2D), st.fixed_dictionaries(
        {"kernel_size": st.just(3), "dilation_rate": st.just(2), "padding": padding, "filters": st.just(1)})),
    st.tuples(st.just(layers.DepthwiseConv2D), st.fixed_dictionaries(
        {"kernel_size": st.integers(1, 3), "strides": st.integers(1, 2), "padding": padding})),
    st.tuples(st.just(layers.MaxPooling2D), st.fixed_dictionaries(
        {"pool_size": st.integers(1, 3), "strides": st.integers(1, 2), "padding": padding})),
    st.tuples(st.just(layers.ZeroPadding2D), st.fixed_dictionaries({"padding": st.just(((1, 2), (1, 2)))})))


@settings(max_examples=40, deadline=None)
@given(side=st.integers(26, 33), stack=st.lists(windows, min_size=1, max_size=3))
def test_a_field_is_what_an_answer_depends_on(side, stack):
    picture = x = keras.Input((side, side, 1))
    for kind, options in stack:
        last_layer = kind(**options)
        x = last_layer(x)
    model = keras.Model(picture, x)
    model.set_weights([np.ones_like(weight) if weight.ndim > 1 else weight for weight in model.get_weights()])
    # One picture for each row, which alone is bright: an answer that is not zero depends on that row.
    rows = np.repeat(np.eye(side, dtype=np.float32)[:, :, None, None], side, axis=2)
    depends = keras.ops.convert_to_numpy(model(rows)).max(axis=(2, 3)) > 0  # (rows of pictures, rows of answers)
    size, stride, offset = receptive_field(model, last_layer.name)
    for row in range(depends.shape[1]):
        first, last = offset + row * stride, offset + row * stride + size
        seen = np.flatnonzero(depends[:, row])
        assert all(first <= pixel < last for pixel in seen)
        if first >= 0 and last <= side:  # not cut off by an edge: as large as it must be, and no larger
            assert (seen[0], seen[-1] + 1) == (first, last)


def test_published_fields_are_found(built):
    """Araujo, Norris and Sim 2019, doi:10.23915/distill.00021: 212, 32 and a padding of 90 after VGG16's last pool; 483
    and 32 at the end of ResNet50."""
    assert receptive_field(built["VGG16"], "block5_pool") == Field(212, 32, -90)
    assert receptive_field(built["ResNet50"], "conv5_block3_out")[:2] == (483, 32)


def test_where_branches_meet_the_field_holds_them_all():
    picture = keras.Input((16, 16, 1))
    near = layers.Conv2D(1, 1, strides=2, padding="same")(picture)
    far = layers.Conv2D(1, 5, strides=2, padding="same")(picture)  # an even side: one pixel before, two behind
    model = keras.Model(picture, layers.Add(name="both")([near, far]))
    assert receptive_field(model, "both") == Field(5, 2, -1)


@pytest.mark.parametrize("name", BACKBONES)
def test_nothing_outside_its_field_changes_an_answer(name, built):
    model, block = built[name], BACKBONES[name].blocks[1]
    image, outside = noise(2, SIZE)
    middle = model.get_layer(block).output.shape[1] // 2
    size, stride, offset = receptive_field(model, block)
    field = slice(offset + middle * stride, offset + middle * stride + size)
    assert 0 < field.start < field.stop < SIZE
    outside[field, field] = image[field, field]
    touched = [image.copy(), image.copy()]
    for changed, row in zip(touched, (field.start, field.stop - 1), strict=True):
        changed[row, field] = 255 - changed[row, field]
    pictures = np.stack([image, outside, *touched])
    maps = np.stack([found[block][middle, middle] for found in feature_maps(model, pictures, [block])])
    changes = np.abs(maps[1:] - maps[0]).max(axis=1) / np.abs(maps[0]).max()
    assert changes[0] < 1e-5 and min(changes[1:]) > 1e-4


@pytest.mark.parametrize("name", BACKBONES)
def test_the_last_block_is_the_last_layer_with_maps(name, built):
    layers, blocks = map_layers(built[name]), BACKBONES[name].blocks
    assert layers[-1] == blocks[-1] and set(blocks) <= set(layers)
    assert all(len(built[name].get_layer(layer).output.shape) == 4 for layer in layers)


def test_a_layer_that_sees_everything_has_no_known_field():
    picture = keras.Input((8, 8, 3))
    pooled = layers.GlobalAveragePooling2D(name="pooled")(picture)
    with pytest.raises(ValueError, match="pooled"):
        receptive_field(keras.Model(picture, pooled), "pooled")
