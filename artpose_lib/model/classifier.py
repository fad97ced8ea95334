"""Classifier = preprocessing + backbone + global average pooling + Dense softmax, in one flat graph (Section 2.2.1)."""

from collections.abc import Iterable, Sequence

import keras
import numpy as np

from artpose_lib.data.views import LUMA
from artpose_lib.model.backbones import build_backbone
from artpose_lib.model.fused import BatchNormalization, OnBatchStatistics

HEAD = "poses"  # name of the last Dense layer, the only one that a frozen model learns
POOLED = "pooled"  # name of the layer before it


def build_classifier(backbone: str, n_classes: int, size: int | None = None, weights: str | None = None,
                     weights_dir: str | None = None, preprocessing: str | None = None) -> keras.Model:
    """A classifier of `n_classes` poses: uint8 RGB pictures (n, size, size, 3) to float32 probabilities (n, n_classes).

    Parameters: all others as in `build_backbone`, whose errors it raises too. Equation 2.2 of the thesis prints a sum;
    its name and its code say mean, and a mean is what is taken here.
    """
    base = build_backbone(backbone, size, weights, weights_dir, preprocessing)
    # float32 under mixed precision too: 16 bits of a mean or of a probability are too few.
    pooled = keras.layers.GlobalAveragePooling2D(name=POOLED, dtype="float32")(base.output)
    probabilities = keras.layers.Dense(n_classes, activation="softmax", name=HEAD, dtype="float32")(pooled)
    return keras.Model(base.input, probabilities, name=backbone)


def build_head(n_features: int, n_classes: int) -> keras.Model:
    """The classifier's last layer alone: pooled features (n, n_features) to probabilities (n, n_classes)."""
    return keras.Sequential([keras.Input((n_features,)),
                             keras.layers.Dense(n_classes, activation="softmax", name=HEAD)])


def pooled_model(classifier: keras.Model) -> keras.Model:
    """The classifier up to its pooling layer: uint8 pictures to float32 features (n, channels)."""
    return keras.Model(classifier.input, classifier.get_layer(POOLED).output)


def build_both_ways(backbone: str, n_classes: int, size: int, weights_dir: str | None = None,
                    views: Sequence[str] = ("whole",)) -> keras.Model:
    """A frozen classifier that sees a picture and its mirror image: uint8 pictures (n, size, size, 3) to the `root` of
    their mean features, float32 (n, channels), and probabilities (n, n_classes). Its head is called HEAD.

    It sees them in each of the `views`, "whole", "grey", "padded" or "grey padded". With a padded one its pictures are
    (n, 2 * size, size, 3), the padded ones below, as of `decode_square`.
    """
    pooled = pooled_model(build_classifier(backbone, n_classes, size, "imagenet", weights_dir))
    squares = 1 + any("padded" in view for view in views)
    pictures = keras.Input((squares * size, size, 3), dtype="uint8")
    greys = keras.ops.sum(keras.ops.cast(pictures, "float32") * np.float32(LUMA), axis=-1, keepdims=True)
    greys = keras.ops.repeat(keras.ops.cast(keras.ops.round(greys), "uint8"), 3, axis=-1)
    shown = [(greys if "grey" in view else pictures)[:, size:] if "padded" in view else (
        greys if "grey" in view else pictures)[:, :size] for view in views]
    sides = [pooled(x) for own in shown for x in (own, keras.ops.flip(own, axis=2))]
    features = root(sum(sides) / len(sides))
    return keras.Model(pictures, [features, keras.layers.Dense(n_classes, activation="softmax", name=HEAD)(features)])


def root(features):
    """The signed square roots of pooled features (n, channels), each picture's divided by their mean size first: the
    Hellinger kernel, as in RootSIFT (Arandjelovic and Zisserman 2012). The mean of its squares is 1."""
    sizes = keras.ops.abs(features)
    mean = keras.ops.maximum(keras.ops.mean(sizes, axis=-1, keepdims=True), 1e-9)
    # At 0 itself the root's gradient is no number.
    return keras.ops.sign(features) * keras.ops.sqrt(keras.ops.maximum(sizes / mean, 1e-12))


class Forward(keras.Model):
    """From pictures to some outputs of a classifier. It never learns, so that to JAX it is one program, whichever
    layers learn in the classifier."""

    trainable = property(lambda self: False, lambda self, value: None)


def set_trainable(classifier: keras.Model, layers: str, pretrained: bool) -> None:
    """Say which layers learn: "frozen" (the head alone) or "finetuned" (all of them), as in Tables A.1 and A.2.

    In a pretrained network batch normalisation keeps ImageNet's statistics even when all other layers learn; by
    `trainable=False` Keras uses the stored means and variances in training too.
    """
    for layer in classifier.layers:
        kept = pretrained and isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name == HEAD or (layers == "finetuned" and not kept)


class Counting(keras.Model):
    """A classifier of batches that are filled up to one size: from pictures and weights, float32 (n,), to its answers.
    Batch normalisation that learns takes no picture of weight 0 into its moments."""

    def __init__(self, classifier: keras.Model):
        super().__init__()
        self.classifier = classifier
        self.built = True  # or Keras runs it once to build it, which on JAX compiles each operation by itself

    def call(self, inputs, training=None):
        pictures, weights = inputs
        normalising = [layer for layer in self.classifier.layers if isinstance(layer, BatchNormalization)]
        for layer in normalising:
            layer.counted = weights
        try:
            return self.classifier(pictures, training=training)
        finally:
            for layer in normalising:
                layer.counted = None


class BatchStatistics(keras.Model):
    """From what a classifier or its `Counting` takes to the mean and variance of the batch in each layer of its batch
    normalisation that learns, computed as in training: two float32 (channels,) of each. It changes their moving
    statistics."""

    def __init__(self, classifier: keras.Model):
        super().__init__()
        self.classifier = classifier
        self.built = True
        layers = getattr(classifier, "classifier", classifier).layers
        self.learning = [layer for layer in layers if layer.trainable and isinstance(
            layer, keras.layers.BatchNormalization) and not isinstance(layer, OnBatchStatistics)]

    def call(self, inputs):
        moving = [variable for layer in self.learning for variable in (layer.moving_mean, layer.moving_variance)]
        for variable in moving:
            variable.assign(keras.ops.zeros(variable.shape))  # so that of the moving average the batch alone is left
        self.classifier(inputs, training=True)
        return [[moment / (1 - layer.momentum) for moment in (layer.moving_mean, layer.moving_variance)]
                for layer in self.learning]

    def estimate(self, batches: Iterable) -> None:
        """Set moving means and variances to those over all the pictures in batches of one size: pictures, uint8
        (n, size, size, 3), with weights for a `Counting`. Each is normalised by its own statistics as in training.

        This is precise batch normalisation (Wu and Johnson 2021, arXiv:2105.07576, Section 3). Moving averages of
        Keras' momentum, 0.99, are still near their start after the hundred steps that a small collection trains for,
        and a network then answers one class for all, whatever it has learned.
        """
        found = [self.predict_on_batch(batch) for batch in batches]
        for layer, own in zip(self.learning, zip(*found, strict=True), strict=True):
            means, variances = np.asarray(own).swapaxes(0, 1)
            layer.moving_mean.assign(means.mean(axis=0))
            layer.moving_variance.assign(variances.mean(axis=0) + means.var(axis=0))  # within and between the batches
