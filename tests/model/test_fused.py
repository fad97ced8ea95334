import keras
import numpy as np
import pytest

from artpose_lib.model.backbones import build_backbone
from artpose_lib.model.fused import Adam, BatchNormalization


@pytest.mark.parametrize("layer_class", [Adam, BatchNormalization])
def test_saved_models_load_them_by_these_names(layer_class):
    assert keras.saving.get_registered_name(layer_class) == f"artpose>{layer_class.__name__}"


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam_takes_the_steps_of_keras_own(policy, amsgrad):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 5)).astype("float32"), np.eye(3, dtype="float32")[np.arange(12) % 3]
    ends = []
    for optimiser in (keras.optimizers.Adam(0.01, epsilon=1e-8, amsgrad=amsgrad),
                      Adam(0.01, epsilon=1e-8, amsgrad=amsgrad)):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, "tanh", dtype=policy),
                                  keras.layers.Dense(3, "softmax")])
        model.compile(optimiser, "categorical_crossentropy", jit_compile=False)
        for step in range(6):
            optimiser.learning_rate = 0.01 * 1.5**step  # the one-cycle schedule's way
            model.train_on_batch(x, y)
        ends.append(model.get_weights() + [variable.numpy() for variable in optimiser.variables])
    for own, ours in zip(*ends, strict=True):
        np.testing.assert_allclose(own, ours, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
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
