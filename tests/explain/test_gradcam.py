import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
import tinynet

from artpose_lib.explain.gradcam import gradcam

# Of the filters for red, green, blue and nothing, for three classes. The first class' logit does not know green, but
# its probability falls where green makes the third class more probable.
HEAD = np.array([[2, 0, 0], [0, -1, 1], [1, 3, 0], [0, 0, 0]], np.float32)
PICTURE = np.random.default_rng(0).integers(0, 256, (tinynet.SIZE, tinynet.SIZE, 3), dtype=np.uint8)


def colour_network():
    model = tinynet.network()
    model.get_layer("poses").set_weights([HEAD, np.zeros(3, np.float32)])
    return model


def known(class_index):
    """Grad-CAM by hand: here the gradient of a logit is the Dense layer's weight, alike at each place of a map."""
    for_class = np.maximum(PICTURE / 255 @ HEAD[:3, class_index], 0)
    return for_class / for_class.max()


@pytest.mark.parametrize("class_index", range(3))
def test_the_map_is_what_the_arithmetic_says_and_the_network_stays(class_index):
    model = colour_network()
    weights, model.trainable = model.get_weights(), class_index > 0  # frozen or not
    found = gradcam(model, PICTURE, class_index, "block1_conv2")
    assert (found.dtype, found.shape, found.max()) == (np.float32, (32, 32), 1)
    np.testing.assert_allclose(found, known(class_index), atol=1e-6)
    assert all(np.array_equal(*pair) for pair in zip(weights, model.get_weights(), strict=True))


def test_a_class_for_which_nothing_speaks_has_an_empty_map(recwarn):
    assert not gradcam(colour_network(), np.zeros_like(PICTURE), 0).any()
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


@pytest.mark.parametrize("wrong", [{"class_index": 3}, {"class_index": -1}, {"layer": "poses"}, {"layer": "nowhere"},
                                   {"image": PICTURE[:9, :9]}])
def test_what_is_not_there_is_refused(wrong):
    with pytest.raises(ValueError):
        gradcam(**{"model": colour_network(), "image": PICTURE, "class_index": 0} | wrong)


def test_a_diverged_network_is_refused():
    model = colour_network()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(ValueError, match="diverged"):
        gradcam(model, PICTURE, 0)


@pytest.mark.slow
def test_jax_gives_the_same_map():
    if find_spec("jax") is None or keras.backend.backend() == "jax":
        pytest.skip("JAX is not installed, or all these tests run on it")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "arithmetic or louder", __file__]
    done = subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "jax"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
