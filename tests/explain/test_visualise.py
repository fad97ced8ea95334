"""Pictures that a network answers to most strongly."""

import keras
import numpy as np
import pytest
from PIL import Image

from artpose_lib.classify.model import flatten
from artpose_lib.explain import visualise
from artpose_lib.explain.maps import feature_maps
from artpose_lib.model import classifier


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
    for name, value in {"SIDE": 32, "MARGIN": 4, "SHIFT": 2, "STEPS": 60}.items():
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
    other, weights = keras.models.clone_model(network), network.get_weights()
    alone = visualise.visualise([network], [("second", 3)])[0, 0]
    beside = visualise.visualise([other, network], [("second", 0), ("first", 1), ("second", 3)])
    assert np.abs(alone.astype(int) - beside[1, 2]).max() <= 2  # up to rounding
    assert np.abs(alone.astype(int) - beside[0, 2]).max() > 20  # another network's
    first = visualise.visualise([network], [("first", 1)])[0, 0]
    assert np.abs(first.astype(int) - beside[1, 1]).max() <= 2
    assert all(map(np.array_equal, weights, network.get_weights()))
    assert all(layer.trainable for layer in network.layers)


def test_each_class_is_named_most_surely_in_its_own_picture(network):
    found = network.predict(visualise.visualise_classes(network, range(4)), verbose=0)
    assert (found.argmax(axis=0) == range(4)).all()


def test_a_layer_that_is_not_there_is_named(network):
    with pytest.raises(ValueError, match="third"):
        visualise.visualise([network], [("third", 0)])


def test_a_block_goes_on_where_it_was_stopped(network, tmp_path):
    sheet = visualise.visualise_block(tmp_path, network, "second")
    files = sorted(path.name for path in tmp_path.glob("*.webp"))
    assert files == ["0000.webp", "0008.webp"] and Image.open(sheet).size == (4 * 64, 3 * 64)
    before = (tmp_path / "0000.webp").stat().st_mtime_ns
    second = (tmp_path / "0008.webp").read_bytes()
    (tmp_path / "0008.webp").unlink()
    sheet.unlink()
    visualise.visualise_block(tmp_path, network, "second")
    assert (tmp_path / "0000.webp").stat().st_mtime_ns == before
    assert len((tmp_path / "0008.webp").read_bytes()) / len(second) == pytest.approx(1, abs=0.1)


def test_the_final_model_as_one_flat_graph_without_a_gradient_that_is_no_number():
    inner = keras.Sequential([keras.Input((32, 32, 3), dtype="uint8"), keras.layers.Rescaling(1 / 255),
                              keras.layers.Conv2D(6, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()])
    inner.layers[1].bias.assign([-9, 0, 0, 0, 0, 0])  # one that never answers
    pictures = keras.Input((32, 32, 3), dtype="uint8")
    features = classifier.root((inner(pictures) + inner(keras.ops.flip(pictures, axis=2))) / 2)
    head = keras.layers.Dense(3, activation="softmax", name=classifier.HEAD)
    both_ways = keras.Model(pictures, [features, head(features)])
    flat = flatten(both_ways)
    symmetric = np.full((1, 32, 32, 3), 77, np.uint8)
    assert np.asarray(flat(symmetric)) == pytest.approx(np.asarray(both_ways(symmetric)[1]), abs=1e-6)
    grey = visualise.visualise_classes(flat, range(3), grey=True)
    assert grey.std() > 5 and (grey == grey[..., :1]).all()
