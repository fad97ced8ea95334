"""EfficientNet-Lite0 against its PyTorch original's numbers; its reader against spoilt and hostile files."""

import io
import json
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artpose_lib.model import efficientnet_lite
from artpose_lib.model.backbones import BACKBONES, _packaged_weights
from artpose_lib.model.efficientnet_lite import efficientnet_lite0, load_weights, read_state_dict

REFERENCE = json.loads((Path(__file__).parent / "efficientnet_lite0_reference.json").read_text())
PUBLISHED = _packaged_weights(BACKBONES["EfficientNet-Lite0"])


# --- a writer of the same legacy form, so that its every part can be spoilt

class FloatStorage:
    """Pickled under torch's name."""


class Rebuild:
    def __init__(self, storage_id, shape, strides):
        self.arguments = (storage_id, 0, shape, strides, False, OrderedDict())

    def __reduce__(self):
        return _rebuild_tensor_v2, self.arguments


class StorageId(tuple):
    pass


def _rebuild_tensor_v2(*arguments):
    raise AssertionError("only its name is pickled")


FloatStorage.__module__, _rebuild_tensor_v2.__module__ = "torch", "torch._utils"


class LegacyPickler(pickle._Pickler):  # the Python form can be told to write names of absent modules
    def persistent_id(self, obj):
        return tuple(obj) if isinstance(obj, StorageId) else None

    def save_global(self, obj, name=None):
        if obj in (FloatStorage, _rebuild_tensor_v2):
            self.write(f"c{obj.__module__}\n{obj.__name__}\n".encode())
        else:
            super().save_global(obj, name)

    dispatch = {**pickle._Pickler.dispatch, type: save_global, type(lambda: None): save_global}


def legacy_file(arrays, shape=None, strides=None, count=None, magic=efficientnet_lite.LEGACY_MAGIC,
                extra=None) -> bytes:
    """What torch.save of old wrote for float32 `arrays` by name; the other arguments spoil one part of it."""
    state = OrderedDict()
    for key, (name, array) in enumerate(arrays.items()):
        own = tuple(stride // array.itemsize for stride in array.strides)
        storage = StorageId(("storage", FloatStorage, str(key), "cpu", array.size, None))
        state[name] = Rebuild(storage, shape or array.shape, strides or own)
    if extra is not None:
        state["extra"] = extra
    stream = io.BytesIO()
    for part in (magic, efficientnet_lite.LEGACY_PROTOCOL, {"little_endian": True}, state,
                 [str(key) for key in range(len(arrays))]):
        LegacyPickler(stream, protocol=2).dump(part)
    for array in arrays.values():
        stream.write(struct.pack("<q", array.size if count is None else count) + array.tobytes(order="A"))
    return stream.getvalue()


EXAMPLE = {"weight": np.arange(24, dtype="<f4").reshape(2, 3, 4), "bias": np.array([1.5, -2.0], "<f4")}


@pytest.fixture
def refused(tmp_path):
    """Reads bytes as a file, which must be refused by a ValueError that names it; returns the message."""
    def read(content: bytes) -> str:
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="weights.pth") as caught:
            read_state_dict(path)
        return str(caught.value)
    return read


# --- the network

def build(size, include_top=False):
    pixels = keras.Input((size, size, 3))
    return keras.Model(pixels, efficientnet_lite0(pixels, include_top))


@pytest.fixture(scope="module")
def classifier():
    model = build(224, include_top=True)
    load_weights(model, PUBLISHED)
    return model


@pytest.fixture(scope="module")
def answers(classifier):
    """Feature maps and logits for the picture that the original was given."""
    row, column, channel = np.indices((224, 224, 3))
    picture = ((row**2 + 2 * column**2) // 64 + 60 * channel) % 256
    network = keras.Model(classifier.input, [classifier.get_layer("head_relu").output, classifier.output])
    features, logits = network.predict(((picture[None] - 127) / 128).astype("float32"), verbose=0)
    return features[0], logits[0]


def test_it_has_the_published_number_of_parameters(classifier):
    assert sum(int(np.prod(weight.shape)) for weight in classifier.trainable_weights) == 4_652_008


def test_logits_equal_those_of_the_original(answers):
    _, logits = answers
    np.testing.assert_allclose(logits[:16], REFERENCE["logits_first_16"], atol=1e-4)
    np.testing.assert_allclose([logits.mean(), logits.std()], list(REFERENCE["logits"].values()), atol=1e-4)
    assert list(np.argsort(-logits)[:5]) == REFERENCE["top_5_classes"]


def test_feature_maps_equal_those_of_the_original(answers):
    features, _ = answers
    assert features.shape == (7, 7, 1280)
    pooled = features.mean((0, 1))
    np.testing.assert_allclose(pooled[::80], REFERENCE["pooled_features_every_80th"], atol=1e-4)
    np.testing.assert_allclose([features.mean(), features.std(), features.max()],
                               list(REFERENCE["features"].values()), atol=1e-4)


def test_without_the_top_it_ends_at_the_head_and_takes_other_sizes():
    model = build(96)
    assert model.layers[-1].name == "head_relu"
    assert model.output.shape == (None, 3, 3, 1280)


def test_layers_of_one_shape_start_from_different_weights():
    model = build(32)
    first, second = (model.get_layer(f"block{n}_depthwise_conv").get_weights()[0] for n in (6, 7))
    assert first.shape == second.shape and not np.array_equal(first, second)


def test_weights_of_another_network_are_refused_by_name(tmp_path):
    path = tmp_path / "other.pth"
    path.write_bytes(legacy_file(EXAMPLE))
    with pytest.raises(ValueError, match="other.pth does not hold the weights of EfficientNet.*install"):
        load_weights(build(32), path)


# --- the reader

def test_tensors_come_back_in_any_dense_layout(tmp_path):
    arrays = {**EXAMPLE, "transposed": np.arange(6, dtype="<f4").reshape(2, 3).T}
    (tmp_path / "weights.pth").write_bytes(legacy_file(arrays))
    read = read_state_dict(tmp_path / "weights.pth")
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


class Command:
    def __reduce__(self):
        return os.system, ("touch executed",)


class Evaluation:
    def __reduce__(self):
        return eval, ("__import__('pathlib').Path('executed').touch()",)


@pytest.mark.parametrize("attack", [Command(), Evaluation()])
def test_code_in_a_pickle_is_refused_and_not_run(attack, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "which no state dictionary needs" in refused(legacy_file(EXAMPLE, extra=attack))
    assert "which no state dictionary needs" in refused(pickle.dumps(attack, protocol=2))
    assert not Path("executed").exists()


def test_other_objects_in_the_dictionary_are_refused(refused):
    refused(legacy_file(EXAMPLE, extra="a string and no tensor"))


def test_another_magic_number_is_refused(refused):
    assert "magic number" in refused(legacy_file(EXAMPLE, magic=1))


def test_strides_beyond_the_storage_are_refused(refused):
    assert "outside" in refused(legacy_file(EXAMPLE, strides=(1000, 1000, 1000)))


@pytest.mark.parametrize("count", [-1, 1, 10**9, 2**62])
def test_wrong_counts_of_numbers_are_refused(count, refused):
    refused(legacy_file(EXAMPLE, count=count))


def test_an_empty_storage_is_refused(refused):
    """NumPy alone would read memory beyond an empty buffer."""
    assert "outside" in refused(legacy_file({"weight": np.empty(0, "<f4")}, shape=(2,), strides=(1,)))


def test_something_after_the_last_storage_is_refused(refused):
    assert "follows" in refused(legacy_file(EXAMPLE) + b"\0")


def test_a_memo_index_of_gigabytes_is_refused(refused):
    assert "LONG_BINPUT" in refused(b"\x80\x02K\x01r\xff\xff\xff\x7f.")


def test_too_large_a_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.pth"
    with path.open("wb") as handle:
        handle.truncate(efficientnet_lite.MAX_FILE_BYTES + 1)  # a sparse file: it takes no room
    with pytest.raises(ValueError, match="large.pth is larger than 64 MiB"):
        read_state_dict(path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path_factory, data):
    content = bytearray(legacy_file(EXAMPLE))
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[position] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.pth"
    path.write_bytes(content[:data.draw(st.integers(0, len(content)))])
    try:
        assert all(isinstance(array, np.ndarray) for array in read_state_dict(path).values())
    except ValueError as error:
        assert str(path) in str(error)
