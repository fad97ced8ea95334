"""Pictures that a network answers to most strongly."""

import keras
import numpy as np
import pytest

from artpose_lib.explain import visualise
from artpose_lib.explain.maps import feature_maps


@pytest.fixture(scope="module")
def network():
    """A small classifier with random weights, and a ReLU that is a layer of its own."""
    keras.utils.set_random_seed(0)
    pictures = keras.Input((32, 32, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(keras.ops.flip(pictures, axis=-1))
    x = keras.layers.Conv2D(8, 5, 2, activation="relu", name="first")(x)
    x = keras.layers.ReLU(6.0, name="second")(keras.layers.Conv2D(10, 3, 2)(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pictures, keras.layers.Dense(4, activation="softmax")(x))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {"SIDE": 32, "MARGIN": 4, "SHIFT": 2, "STEPS": 100}.items():
        monkeypatch.setattr(visualise, name, value)


@pytest.mark.parametrize("layer, count", [("first", 8), ("second", 10)])
def test_most_filters_answer_more_to_their_picture_than_to_any_other(network, layer, count):
    others = np.random.default_rng(1).integers(0, 256, (20, 4, 4, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    drawn = visualise.visualise_filters(network, layer, range(count))
    assert drawn.shape == (count, 32, 32, 3) and drawn.dtype == np.uint8
    own, other = (np.array([maps[layer].mean(axis=(0, 1)) for maps in feature_maps(network, images, [layer])])
                  for images in (drawn, others))
    assert (own.diagonal() > other.max(axis=0)).mean() >= 0.9


def test_a_picture_is_the_same_whatever_is_asked_for_beside_it_and_leaves_the_network_as_it_was(network):
    weights = network.get_weights()
    alone, beside = (visualise.visualise_filters(network, "second", own) for own in ([3], [0, 3, 5]))
    assert np.abs(alone[0].astype(int) - beside[1]).max() <= 1  # up to rounding
    assert np.abs(visualise.visualise_filters(network, "second", [3], seed=1)[0].astype(int) - alone[0]).max() > 20
    assert all(map(np.array_equal, weights, network.get_weights()))
    assert all(layer.trainable for layer in network.layers)


def test_a_class_and_what_sets_it_apart_from_another(network):
    plain = network.predict(visualise.visualise_classes(network, range(4)), verbose=0)
    apart = network.predict(visualise.visualise_classes(network, [2], against=1), verbose=0)
    assert (plain.argmax(axis=0) == range(4)).all()  # a class is named most surely in its own picture
    assert apart[0, 2] / apart[0, 1] > plain[2, 2] / plain[2, 1]


def test_a_layer_that_is_not_there_is_named(network):
    with pytest.raises(ValueError, match="third"):
        visualise.visualise_filters(network, "third", [0])
