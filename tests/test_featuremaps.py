import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.featuremaps import GREYS, TILE, feature_maps, sprite


def pixels(image):
    return np.asarray(image, dtype=float)


@pytest.fixture(scope="module")
def model():
    import keras

    picture = keras.Input((8, 8, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(picture)
    first = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(scaled)
    pooled = keras.layers.MaxPooling2D()(first)
    noisy = keras.layers.Dropout(0.5)(pooled)
    return keras.Model(picture, keras.layers.Conv2D(6, 3, padding="same", name="second")(noisy))


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def test_maps_equal_those_of_a_sub_model_of_one_layer(model, picture):
    import keras

    maps = feature_maps(model, picture, ["second", "first"])
    assert list(maps) == ["second", "first"]
    for layer, found in maps.items():
        plain = keras.Model(model.input, model.get_layer(layer).output).predict(picture[np.newaxis], verbose=0)[0]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, plain, atol=1e-5)


def test_one_layer_is_enough(model, picture):
    assert feature_maps(model, picture, ["first"])["first"].shape == (8, 8, 4)


def test_an_unknown_layer_is_named(model, picture):
    with pytest.raises(ValueError, match="block9"):
        feature_maps(model, picture, ["block9"])


def test_a_picture_of_another_size_is_refused(model):
    with pytest.raises(ValueError, match="shape"):
        feature_maps(model, np.zeros((9, 9, 3), np.uint8), ["first"])


@settings(max_examples=30, deadline=None)
@given(side=st.integers(1, 9), channels=st.integers(1, 20), scale=st.floats(1e-3, 1e4), seed=st.integers(0, 99))
def test_a_sprite_gives_every_filter_back(side, channels, scale, seed):
    maps = (np.random.default_rng(seed).normal(size=(side, side, channels)) * scale).astype(np.float32)
    drawn = sprite(maps)
    assert drawn.count == channels
    assert Image.open(io.BytesIO(drawn.png)).size == (drawn.columns * drawn.tile, drawn.rows * drawn.tile)
    for index in range(channels):
        low, high = drawn.low[index], drawn.high[index]
        restored = low + pixels(drawn.map(index)) / 255 * (high - low)
        np.testing.assert_allclose(restored, maps[:, :, index], atol=(high - low) / GREYS)


def test_every_filter_spans_black_to_white_however_weak():
    maps = np.random.default_rng(0).random((6, 6, 3)).astype(np.float32) * [1, 1e-4, 1e4]
    drawn = sprite(maps)
    for index in range(3):
        assert (pixels(drawn.map(index)).min(), pixels(drawn.map(index)).max()) == (0, 255)


def test_a_constant_filter_is_black(recwarn):
    drawn = sprite(np.full((5, 5, 2), 7, np.float32))
    assert not pixels(drawn.map(0)).any()
    assert drawn.low == drawn.high == (7, 7)
    assert not recwarn.list


def test_the_image_is_grey_and_its_spare_tiles_are_black():
    drawn = sprite(np.random.default_rng(0).random((4, 4, 5)).astype(np.float32))
    image = Image.open(io.BytesIO(drawn.png))
    assert (image.format, image.mode, drawn.columns, drawn.rows) == ("PNG", "L", 3, 2)
    assert not pixels(drawn.map(5)).any()


def test_large_maps_are_averaged_over_areas():
    maps = np.zeros((2 * TILE, 2 * TILE, 1), np.float32)
    maps[::2, ::2] = 1  # one pixel of every four
    drawn = sprite(maps)
    assert (drawn.side, drawn.tile) == (2 * TILE, TILE)
    np.testing.assert_allclose(pixels(drawn.map(0)), 255 / 4, atol=255 / GREYS)


@pytest.mark.parametrize("side", [TILE + 1, 147, 299])  # 147 and 299: Xception's first maps and its input
def test_no_tile_is_larger_than_the_limit(side):
    drawn = sprite(np.random.default_rng(0).random((side, side, 2)).astype(np.float32))
    assert drawn.tile <= TILE
    assert drawn.side == side


def test_maps_of_a_diverged_network_are_refused():
    with pytest.raises(ValueError, match="diverged"):
        sprite(np.full((2, 2, 1), np.nan, np.float32))
