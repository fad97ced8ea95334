import keras
import numpy as np
import pytest

from artpose_lib.model import classifier
from artpose_lib.model.backbones import build_backbone
from artpose_lib.model.fused import BatchNormalization
from artpose_lib.train import training


@pytest.fixture(scope="module")
def lite():
    return classifier.build_classifier("EfficientNet-Lite0", 4, 64, "imagenet")


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)


def test_a_classifier_is_one_flat_graph_from_pictures_to_probabilities(lite, pictures):
    assert not [layer for layer in lite.layers if isinstance(layer, keras.Model)]
    probabilities = lite.predict(pictures, verbose=0)
    assert probabilities.shape == (5, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_in_a_frozen_model_only_the_head_learns(lite):
    classifier.set_trainable(lite, "frozen", pretrained=True)
    assert [weight.path.split("/")[0] for weight in lite.trainable_weights] == [classifier.HEAD] * 2


def test_pooling_is_a_mean(lite, pictures):
    layer = next(layer for layer in lite.layers if layer.name == classifier.POOLED)
    maps = keras.Model(lite.input, layer.input).predict(pictures, verbose=0)
    pooled = classifier.pooled_model(lite).predict(pictures, verbose=0)
    np.testing.assert_allclose(pooled, maps.mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_a_picture_is_judged_alike_alone_and_in_company_after_fine_tuning(lite, pictures):
    """The batch-normalisation trap: with batch statistics at test time these differ by tens of per cent."""
    classifier.set_trainable(lite, "finetuned", pretrained=True)
    lite.compile("adam", "categorical_crossentropy", jit_compile=False)
    before = [layer.moving_mean.numpy() for layer in lite.layers if hasattr(layer, "moving_mean")]
    lite.fit(pictures, np.eye(4)[[0, 1, 2, 3, 0]], batch_size=5, epochs=1, verbose=0)
    after = [layer.moving_mean.numpy() for layer in lite.layers if hasattr(layer, "moving_mean")]
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))
    alone = np.concatenate([lite.predict(picture[np.newaxis], verbose=0) for picture in pictures])
    np.testing.assert_allclose(lite.predict(pictures, verbose=0), alone, atol=1e-5)


def test_a_network_from_random_weights_learns_its_batch_normalisation(lite):
    classifier.set_trainable(lite, "finetuned", pretrained=False)
    assert all(layer.trainable for layer in lite.layers)


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("policy", training.PRECISIONS)
def test_batch_normalisation_learns_and_answers_as_keras_own(policy, learns):
    pictures = np.random.default_rng(0).normal(3, 2, (12, 5, 4, 3)).astype("float32")
    labels = np.eye(3)[np.arange(12) % 3]
    ends = []
    for layer in (keras.layers.BatchNormalization, BatchNormalization):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((5, 4, 3))
        maps = keras.layers.Conv2D(4, 3, dtype=policy)(inputs)
        normal = layer(momentum=0.9, dtype=policy, trainable=learns)(maps)
        pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(keras.layers.ReLU(dtype=policy)(normal))
        model = keras.Model(inputs, keras.layers.Dense(3, "softmax", dtype="float32")(pooled))
        model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", jit_compile=False)
        for _ in range(5):
            model.train_on_batch(pictures, labels)
        ends.append([*model.get_weights(), model.predict(pictures, verbose=0)])
    for own, ours in zip(*ends, strict=True):
        np.testing.assert_allclose(own, ours, atol=1e-5 if policy == "float32" else 0.02)


def test_every_batch_normalisation_of_a_backbone_is_the_quick_one():
    network = build_backbone("ResNet50", 32)
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(layers) == 53 and all(isinstance(layer, BatchNormalization) for layer in layers)


def test_on_batch_statistics_an_answer_hangs_on_its_company():
    """And without, not: the slip of the audit's A3 is nowhere the default."""
    inputs = keras.Input((4, 4, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(inputs))
    plain = keras.Model(inputs, keras.layers.Dense(2, name=classifier.HEAD)(pooled))
    pictures = np.random.default_rng(0).normal(3, 2, (6, 4, 4, 3)).astype("float32")
    together = {model: model.predict(pictures, verbose=0) for model in (plain, classifier.on_batch_statistics(plain))}
    alone = {model: model.predict(pictures, batch_size=1, verbose=0) for model in together}
    same, moved = [np.abs(together[model] - alone[model]).max() for model in together]
    assert same < 1e-5 < 0.01 < moved
