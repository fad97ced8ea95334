import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from artpose_lib.explain.gradcam import gradcam, map_layers
from artpose_lib.model import classifier
from artpose_lib.model.backbones import BACKBONES

SIDE = 4
# Three filters, for red, green and blue; three classes. The first class' logit does not know green, but its probability
# falls where green makes the third class more probable.
HEAD = np.array([[2, 0, 0], [0, -1, 1], [1, 3, 0]], np.float32)


def colour_network():
    """Each filter answers its colour, 0 to 1; pooling and one Dense layer turn that into classes."""
    picture = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(picture)
    colours = keras.layers.Conv2D(3, 1, use_bias=False, activation="relu", name="colours")
    pooled = keras.layers.GlobalAveragePooling2D()(colours(scaled))
    head = keras.layers.Dense(3, activation="softmax", name="head")
    model = keras.Model(picture, head(pooled))
    colours.set_weights([np.eye(3, dtype=np.float32)[None, None]])
    head.set_weights([HEAD, np.zeros(3, np.float32)])
    return model


def picture():
    """Red from left to right, green from top to bottom, blue in one corner."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[:, :, 0] = np.arange(SIDE) * 60
    pixels[:, :, 1] = np.arange(SIDE)[:, None] * 60
    pixels[0, 0, 2] = 240
    return pixels


def known(class_index):
    """Grad-CAM by hand: here the gradient of a logit by each place of a map is the Dense layer's weight / 16."""
    for_class = np.maximum(picture() / 255 @ HEAD[:, class_index], 0)
    return for_class / for_class.max()


@pytest.mark.parametrize("class_index", range(3))
def test_the_map_is_what_the_arithmetic_says(class_index):
    found = gradcam(colour_network(), picture(), class_index)
    assert (found.dtype, found.shape, found.max()) == (np.float32, (SIDE, SIDE), 1)
    np.testing.assert_allclose(found, known(class_index), atol=1e-6)


def test_a_frozen_network_is_explained_alike_and_left_as_it_is():
    model = colour_network()
    weights = model.get_weights()
    model.trainable = False
    np.testing.assert_allclose(gradcam(model, picture(), 1), known(1), atol=1e-6)
    assert all(np.array_equal(*pair) for pair in zip(weights, model.get_weights(), strict=True))


def test_a_class_for_which_nothing_speaks_has_an_empty_map(recwarn):
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert not gradcam(colour_network(), black, 0).any()
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]  # division by zero


def network_with_a_shortcut():
    """The shortcut leads past the layer "inner", and the border of its maps counts less than the middle."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((6, 6, 3), dtype="uint8")
    first = keras.layers.Conv2D(5, 3, padding="same", activation="relu")(keras.layers.Rescaling(1 / 255)(picture))
    inner = keras.layers.Conv2D(5, 3, padding="same", activation="sigmoid", name="inner")(first)
    joined = keras.layers.BatchNormalization()(keras.layers.Multiply()([first, inner]))
    last = keras.layers.Conv2D(7, 3, activation="relu")(joined)
    pooled = keras.layers.GlobalAveragePooling2D()(last)
    return keras.Model(picture, keras.layers.Dense(4, activation="softmax")(pooled))


def test_a_filter_weighs_what_the_logit_gains_when_it_answers_louder():
    model = network_with_a_shortcut()
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    first, inner, multiply, normal, last, pool, head = model.layers[2:]
    before = first(keras.ops.cast(image[None], "float32") / 255)
    maps = keras.ops.convert_to_numpy(inner(before))

    def logit(maps):
        return keras.ops.convert_to_numpy(
            pool(last(normal(multiply([before, maps])))) @ head.kernel + head.bias)[0, 2].astype(float)

    weights = [logit(maps + 0.01 * one) - logit(maps - 0.01 * one) for one in np.eye(5, dtype=np.float32)]
    expected = np.maximum(maps[0] @ weights, 0)
    assert np.count_nonzero(expected)
    np.testing.assert_allclose(gradcam(model, image, 2, "inner"), expected / expected.max(), atol=2e-3)


@pytest.mark.parametrize("wrong", [{"class_index": 3}, {"class_index": -1}, {"layer": "head"}, {"layer": "nowhere"},
                                   {"image": np.zeros((SIDE + 1, SIDE + 1, 3), np.uint8)}])
def test_what_is_not_there_is_refused(wrong):
    with pytest.raises(ValueError):
        gradcam(**{"model": colour_network(), "image": picture(), "class_index": 0} | wrong)


def test_a_diverged_network_is_refused():
    model = colour_network()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(ValueError, match="diverged"):
        gradcam(model, picture(), 0)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_last_block_is_what_is_explained(name):
    model = classifier.build_classifier(name, 2, size=71)
    assert map_layers(model)[-1] == BACKBONES[name].blocks[-1]
    assert set(BACKBONES[name].blocks) <= set(map_layers(model))
    assert all(len(model.get_layer(layer).output.shape) == 4 for layer in map_layers(model))


@pytest.mark.slow
def test_jax_gives_the_same_map():
    if find_spec("jax") is None or keras.backend.backend() == "jax":
        pytest.skip("JAX is not installed, or all these tests run on it")
    script = ("from test_gradcam import *; import keras; assert keras.backend.backend() == 'jax'\n"
              "for index in range(3): np.testing.assert_allclose(gradcam(colour_network(), picture(), index),"
              " known(index), atol=1e-6)\ntest_a_filter_weighs_what_the_logit_gains_when_it_answers_louder()")
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parent, capture_output=True, text=True,
                          env=os.environ | {"KERAS_BACKEND": "jax"}, timeout=120)
    assert done.returncode == 0, done.stderr
