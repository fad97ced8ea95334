"""Pictures that a network answers to most strongly: feature visualisation.

From noise a picture is changed, step by step, until what is asked of the network is as high as it can be (Olah,
Mordvintsev and Schubert 2017, doi:10.23915/distill.00007). What keeps it from being noise to the eye is theirs: it is
made of waves, long ones strongest, in colours that vary independently, and is moved a little before each step.
"""

from collections.abc import Sequence

import keras
import numpy as np

SIDE = 160  # pixels
MARGIN = 16  # pixels around it that are optimised too and cut off: what the moves bring in from there
STEPS, RATE = 256, 0.05  # of Adam
BATCH = 8  # pictures at once; only speed and memory depend on it
LEAK = 0.1  # what an answer below zero counts
SHIFT, TURN, SCALE = 8, 5, 0.1  # each step's largest move: pixels, degrees, and part of the size
# What turns three independent numbers into the colours of photographs: the square root of the covariance of ImageNet's
# pixels, as published in lucid/optvis/param/color.py of github.com/tensorflow/lucid.
COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)


def visualise_filters(network: keras.Model, layer: str, filters: Sequence[int], seed: int = 0) -> np.ndarray:
    """Return for each of some filters, counted from 0, a picture that makes its mean answer high: uint8 RGB
    (n, SIDE, SIDE, 3).

    Parameters: `network` is a flat graph with its preprocessing, as of `build_backbone`; `layer` a name in it. The same
    seed gives the same picture, whatever others are asked for beside it, and all start from the same noise: what
    differs is due to filter and network. Raises ValueError where the network has no such layer.
    """
    channels = network.get_layer(layer).output.shape[-1]
    return visualise(network, layer, np.eye(channels, dtype=np.float32)[list(filters)], seed)


def visualise_classes(network: keras.Model, classes: Sequence[int], seed: int = 0,
                      against: int | None = None) -> np.ndarray:
    """Return for each of some classes, counted from 0, a picture that makes its logit high, or the difference of its
    logit and that of the class `against`: uint8 RGB (n, SIDE, SIDE, 3).

    Parameters: `network` is a flat graph that ends in a Dense layer with softmax; all others as in `visualise_filters`.
    """
    one = np.eye(network.output.shape[-1], dtype=np.float32)
    return visualise(network, network.layers[-1].name, one[list(classes)] - (0 if against is None else one[against]),
                     seed)


def visualise(network: keras.Model, layer: str, goals: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return for each of `goals`, float (n, channels), a picture that makes high the layer's mean answers, each times
    its number there; all else as in `visualise_filters`."""
    canvas, moves = Canvas(SIDE + 2 * MARGIN), keras.Input((8,), BATCH)
    painter = keras.Model(moves, _open(network, layer)(canvas(moves)))
    painter.compile(keras.optimizers.Adam(RATE), _miss, jit_compile=keras.backend.backend() == "jax")
    drawn = []
    for start in range(0, len(goals), BATCH):
        asked = goals[np.minimum(start + np.arange(BATCH), len(goals) - 1)]  # filled up with the last
        random = np.random.default_rng(seed)
        canvas.waves.assign(np.tile(random.normal(0, 0.01, (1, *canvas.waves.shape[1:])), (BATCH, 1, 1, 1)))
        for variable in painter.optimizer.variables:  # a fresh optimiser in the compiled step
            variable.assign(keras.ops.zeros_like(variable))
        painter.optimizer.learning_rate = RATE
        for move in _draw_moves(random):
            painter.train_on_batch(np.tile(move, (BATCH, 1)), asked)
        drawn.append(keras.ops.convert_to_numpy(canvas.paint())[:len(goals) - start])
    pictures = np.concatenate(drawn)[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.rint(pictures).astype(np.uint8)


class Canvas(keras.layers.Layer):
    """BATCH pictures, float32 RGB from 0 to 255 (BATCH, side, side, 3), as weights of waves; it is called with a move
    each, as in `keras.ops.image.affine_transform`, and returns them moved."""

    def __init__(self, side: int):
        super().__init__()
        self.waves = self.add_weight((BATCH, 3, side, side))
        turns = 2 * np.pi * np.outer(np.arange(side), np.arange(side)) / side
        self.hartley = np.float32((np.cos(turns) + np.sin(turns)) / np.sqrt(side))  # Fourier's waves without complex
        lengths = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(side)]))               # numbers (Hartley 1942)
        self.strengths = np.float32(1 / np.maximum(lengths, 1 / side) / 4)

    def paint(self):
        independent = self.hartley @ (self.waves * self.strengths) @ self.hartley
        colours = COLOURS / np.linalg.norm(COLOURS, axis=0).max()
        return 255 * keras.ops.sigmoid(keras.ops.transpose(independent, (0, 2, 3, 1)) @ colours.T)

    def call(self, moves):
        return keras.ops.image.affine_transform(self.paint(), moves, fill_mode="reflect")


def _open(network: keras.Model, layer: str) -> keras.Model:
    """The network from float32 pictures of 0 to 255 to a layer's mean answers (n, channels), with the same weights,
    which do not learn. The layer's own ReLU leaks, and its softmax is left out: where they are flat nothing would lead
    on."""
    def clone(own: keras.Layer) -> keras.Layer:
        if own.name == layer and isinstance(own, keras.layers.ReLU):
            return keras.layers.Identity(name=layer)
        config = own.get_config()
        return type(own).from_config(config | {"activation": "linear"} if own.name == layer else config)

    part = keras.Model(network.input, network.get_layer(layer).output)
    side = SIDE + 2 * MARGIN
    opened = keras.models.clone_model(part, keras.Input((side, side, 3)), clone_function=clone)
    opened.set_weights(part.get_weights())
    opened.trainable = False
    answers = opened.output
    if len(answers.shape) == 4:
        answers = keras.ops.mean(keras.ops.leaky_relu(answers, LEAK), axis=(1, 2))
    return keras.Model(opened.input, answers)


def _miss(goals, answers):
    return -keras.ops.sum(goals * answers)


def _draw_moves(random: np.random.Generator) -> np.ndarray:
    """STEPS small moves about the middle, float32 (STEPS, 8)."""
    side = SIDE + 2 * MARGIN
    turn, scale = np.radians(random.uniform(-TURN, TURN, STEPS)), 1 + random.uniform(-SCALE, SCALE, STEPS)
    shift, middle = random.uniform(-SHIFT, SHIFT, (2, STEPS)), (side - 1) / 2
    a, b, none = scale * np.cos(turn), scale * np.sin(turn), np.zeros(STEPS)
    return np.float32(np.stack([a, -b, middle * (1 - a + b) + shift[0], b, a, middle * (1 - a - b) + shift[1],
                                none, none], axis=1))
