import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import standin

from artpose_lib.model import classifier
from artpose_lib.model.fused import OnBatchStatistics, replace_batch_norm


@pytest.fixture(scope="module")
def lite():
    return classifier.build_classifier("EfficientNet-Lite0", 4, 64, "imagenet")


def test_a_users_settings_of_keras_change_nothing(tmp_path):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(
        {"floatx": "float16", "epsilon": 1, "backend": "torch", "image_data_format": "channels_first"}))
    code = ("from artpose_lib.model import classifier; import keras\n"
            "print(keras.backend.backend(), keras.config.floatx(), keras.config.epsilon(),"
            " keras.config.image_data_format())")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KERAS_")}
    done = subprocess.run([sys.executable, "-c", code], env=environment | {"HOME": str(tmp_path)}, text=True,
                          stdout=subprocess.PIPE, check=True)
    assert done.stdout == "tensorflow float32 1e-07 channels_last\n"


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)


def test_a_classifier_is_one_flat_graph_from_pictures_to_probabilities(lite, pictures):
    assert not [layer for layer in lite.layers if isinstance(layer, keras.Model)]
    probabilities = lite.predict(pictures, verbose=0)
    assert probabilities.shape == (5, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_which_layers_learn(lite):
    classifier.set_trainable(lite, "frozen", pretrained=True)
    assert [weight.path.split("/")[0] for weight in lite.trainable_weights] == [classifier.HEAD] * 2
    classifier.set_trainable(lite, "finetuned", pretrained=False)  # random weights: batch normalisation learns too
    assert all(layer.trainable for layer in lite.layers)


def test_pooling_is_a_mean(lite, pictures):
    layer = next(layer for layer in lite.layers if layer.name == classifier.POOLED)
    maps = keras.Model(lite.input, layer.input).predict(pictures, verbose=0)
    pooled = classifier.pooled_model(lite).predict(pictures, verbose=0)
    np.testing.assert_allclose(pooled, maps.mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_a_picture_is_judged_alike_alone_and_in_company_after_fine_tuning(pictures):
    """The batch-normalisation trap: with batch statistics at test time these differ by tens of per cent."""
    network, pictures = standin.network(), pictures[:, :8, :8]
    classifier.set_trainable(network, "finetuned", pretrained=True)
    network.compile("adam", "categorical_crossentropy", jit_compile=False)
    before = network.get_weights()
    network.fit(pictures, np.eye(3)[[0, 1, 2, 0, 1]], batch_size=5, epochs=1, verbose=0)
    moved = [not np.array_equal(*pair) for pair in zip(before, network.get_weights(), strict=True)]
    assert moved == [True, True, *[False] * 4, True, True]  # all but batch normalisation
    alone = np.concatenate([network.predict(picture[np.newaxis], verbose=0) for picture in pictures])
    np.testing.assert_allclose(network.predict(pictures, verbose=0), alone, atol=1e-5)


def test_on_the_statistics_of_one_batch_a_network_answers_as_in_training(lite, pictures):
    """All layers then see in inference what they see in training."""
    classifier.set_trainable(lite, "finetuned", pretrained=False)
    statistics = classifier.BatchStatistics(lite)
    assert len(statistics.learning) == 49
    statistics.estimate([pictures])
    answered = lite.predict(pictures, verbose=0)
    np.testing.assert_allclose(answered, lite(pictures, training=True), atol=1e-4)


def test_statistics_are_estimated_where_they_learn_and_are_answered_by(lite):
    assert not classifier.BatchStatistics(replace_batch_norm(lite, OnBatchStatistics)).learning
    classifier.set_trainable(lite, "finetuned", pretrained=True)
    assert not classifier.BatchStatistics(lite).learning


def test_on_batch_statistics_an_answer_hangs_on_its_company():
    """And without, not: the slip of the audit's A3 is nowhere the default."""
    inputs = keras.Input((4, 4, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(inputs))
    plain = keras.Model(inputs, keras.layers.Dense(2, name=classifier.HEAD)(pooled))
    pictures = np.random.default_rng(0).normal(3, 2, (6, 4, 4, 3)).astype("float32")
    on_batches = replace_batch_norm(plain, OnBatchStatistics)
    together = {model: model.predict(pictures, verbose=0) for model in (plain, on_batches)}
    alone = {model: model.predict(pictures, batch_size=1, verbose=0) for model in together}
    same, moved = [np.abs(together[model] - alone[model]).max() for model in together]
    assert same < 1e-5 < 0.01 < moved
