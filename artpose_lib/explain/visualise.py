"""Pictures that a network answers to most strongly: feature visualisation.

From noise a picture is changed, step by step, until what is asked of the network is as high as it can be (Olah,
Mordvintsev and Schubert 2017, doi:10.23915/distill.00007). What keeps it from being noise to the eye is theirs: it is
made of waves, long ones strongest, in colours that vary independently, and is moved a little before each step.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from math import ceil, sqrt
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from artpose_lib.explain.maps import tile
from artpose_lib.files import claim, say, whole

FOLDER = "visualised-1"  # of results; the number is raised when the pictures come out otherwise
SIDE = 160  # pixels
MARGIN = 16  # pixels around it that are optimised too and cut off: what the moves bring in from there
SMALL, QUALITY = 64, 85  # pixels of a picture on a sheet; WebP's
STEPS, RATE = 128, 0.03  # of Adam
BATCH = 8  # pictures at once; only speed and memory depend on it
POWER = 1.3  # of the wavelength in its strength
LEAK = 0.1  # what an answer below zero counts
SHIFT, TURN, SCALE = 16, 15, 0.2  # each step's largest move: pixels, degrees, and part of the size
# What turns three independent numbers into the colours of photographs: the square root of the covariance of ImageNet's
# pixels, as published in lucid/optvis/param/color.py of github.com/tensorflow/lucid.
COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)


Filter = tuple[str, int]  # a layer's name, and the number of one of its filters, or of a class, from 0


def visualise(networks: Sequence[keras.Model], filters: Sequence[Filter], grey: bool = False) -> np.ndarray:
    """Return for each of some networks and filters a picture that makes the filter's mean answer high, or a class'
    logit: uint8 RGB (networks, filters, SIDE, SIDE, 3).

    Parameters: `networks` are flat graphs of one architecture, with their preprocessing, as of `build_backbone`; they
    share one compiled graph. A class is a filter of the last layer, a Dense with softmax. With `grey` the pictures are
    without colours, for a network that is shown none. A picture is the same whatever others are asked for beside it,
    and all start from the same noise: what differs is due to filter and network. Raises ValueError where a network has
    no such layer.
    """
    drawn = np.concatenate([*_draw(networks, filters, grey)])
    return drawn.reshape(len(networks), len(filters), SIDE, SIDE, 3)


def visualise_filters(network: keras.Model, layer: str, numbers: Sequence[int], grey: bool = False) -> np.ndarray:
    """Return the pictures of `visualise` for some filters of one layer: uint8 RGB (n, SIDE, SIDE, 3)."""
    return visualise([network], [(layer, number) for number in numbers], grey)[0]


def visualise_classes(network: keras.Model, classes: Sequence[int], grey: bool = False) -> np.ndarray:
    """Return the pictures of `visualise` for some classes, counted from 0: uint8 RGB (n, SIDE, SIDE, 3)."""
    return visualise_filters(network, network.layers[-1].name, classes, grey)


def visualise_block(folder: Path, network: keras.Model, layer: str) -> Path:
    """Store the pictures of all filters of a layer in a folder, and return a sheet that shows them small, row by row.

    They are in files of BATCH pictures, one below the other, named by their first filter, counted from 0. Those that
    are there stay: the work may be stopped and goes on. Raises OSError where the folder cannot be written, RuntimeError
    where another process draws them.
    """
    count, sheet = network.get_layer(layer).output.shape[-1], folder / "sheet.png"
    with claim(sheet) as mine:
        if not mine:
            raise RuntimeError(f"{folder}: another process draws these filters; wait for it, or name another --block")
        there = read_block(folder, count)
        missing = sorted({number // BATCH * BATCH for number in range(count) if number not in there})
        filters = [(layer, number) for start in missing for number in range(start, min(start + BATCH, count))]
        for start, drawn in zip(missing, _draw([network], filters) if missing else (), strict=True):
            with whole(folder / f"{start:04d}.webp", replace=True) as new:
                Image.fromarray(drawn.reshape(-1, SIDE, 3)).save(new, "WEBP", quality=QUALITY)
            say(f"{layer}: {start + len(drawn):,} of {count:,} filters", end="" if sys.stderr.isatty() else "\n")
        say(f"{layer}: all {count:,} filters are drawn")
        if missing or not sheet.exists():
            small = [Image.fromarray(own).resize((SMALL, SMALL)) for own in read_block(folder, count).values()]
            with whole(sheet, replace=True) as new:
                tile(np.stack(small), ceil(sqrt(count))).save(new)
    return sheet


def read_block(folder: Path, count: int) -> dict[int, np.ndarray]:
    """Read what `visualise_block` stored of a layer of `count` filters, by filter: uint8 RGB (SIDE, SIDE, 3). A file
    that is missing or damaged, or holds something else, is passed over."""
    found = {}
    for start in range(0, count, BATCH):
        with suppress(OSError), Image.open(folder / f"{start:04d}.webp") as image:
            if image.width == SIDE and image.height <= BATCH * SIDE and image.height % SIDE == 0:
                pictures = np.asarray(image.convert("RGB")).reshape(-1, SIDE, SIDE, 3)
                found |= dict(enumerate(pictures[:count - start], start))
    return found


def _draw(networks: Sequence[keras.Model], filters: Sequence[Filter], grey: bool = False) -> Iterator[np.ndarray]:
    """Yield the pictures of BATCH filters at a time, network by network."""
    batch, layers = min(BATCH, len(filters)), list(dict.fromkeys(layer for layer, _ in filters))
    parts = [keras.Model(own.input, [own.get_layer(layer).output for layer in layers]) for own in networks]
    ends = dict(zip(layers, np.cumsum([0] + [output.shape[-1] for output in parts[0].outputs]), strict=False))
    columns = np.array([ends[layer] + number for layer, number in filters])  # of the answers of all layers
    canvas, moves, (opened, answers) = Canvas(batch, grey), keras.Input((8,), batch), _open(parts[0], layers)
    painter = keras.Model(moves, answers(canvas(moves)))
    painter.compile(keras.optimizers.Adam(RATE), lambda asked, answers: -keras.ops.sum(asked * answers),
                    jit_compile=keras.backend.backend() == "jax")
    for part, start in product(parts, range(0, len(filters), batch)):
        opened.set_weights(part.get_weights())
        asked = np.eye(answers.output.shape[-1], dtype=np.float32)[columns[start:start + batch]]
        asked = np.pad(asked, ((0, batch - len(asked)), (0, 0)), mode="edge")  # filled up with the last
        random = np.random.default_rng(0)
        canvas.waves.assign(np.tile(random.normal(0, 0.01, (1, *canvas.waves.shape[1:])), (batch, 1, 1, 1)))
        for variable in painter.optimizer.variables:  # a fresh optimiser in the compiled step
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
        painter.optimizer.learning_rate = RATE
        painter.fit(_draw_moves(random).repeat(batch, axis=0), np.tile(asked, (STEPS, 1)), batch, verbose=0,
                    shuffle=False)
        pictures = keras.ops.convert_to_numpy(canvas.paint())[:len(filters) - start, MARGIN:-MARGIN, MARGIN:-MARGIN]
        yield np.rint(pictures).astype(np.uint8)


class Canvas(keras.layers.Layer):
    """Pictures as waves, whose weights it learns. It is called with a move of each, as in
    `keras.ops.image.affine_transform`, and returns them moved: float32 RGB from 0 to 255 (n, SIDE, SIDE, 3)."""

    def __init__(self, count: int, grey: bool):
        super().__init__()
        colours = COLOURS.mean(axis=0) * [[1, 0, 0]] * np.ones((3, 1)) if grey else COLOURS
        self.colours = np.float32(colours) / np.linalg.norm(COLOURS, axis=0).max()
        side = SIDE + 2 * MARGIN
        self.waves = self.add_weight((count, 3, side, side))
        turns = 2 * np.pi * np.outer(np.arange(side), np.arange(side)) / side
        self.hartley = np.float32((np.cos(turns) + np.sin(turns)) / np.sqrt(side))  # Fourier's waves without complex
        lengths = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(side)]))               # numbers (Hartley 1942)
        self.strengths = np.float32(1 / np.maximum(lengths, 1 / side) ** POWER / 4)

    def paint(self):
        """The pictures with their margin, unmoved."""
        independent = self.hartley @ (self.waves * self.strengths) @ self.hartley
        return 255 * keras.ops.sigmoid(keras.ops.transpose(independent, (0, 2, 3, 1)) @ self.colours.T)

    def call(self, moves):
        moved = keras.ops.image.affine_transform(self.paint(), moves, fill_mode="reflect")
        return moved[:, MARGIN:-MARGIN, MARGIN:-MARGIN]


def _open(part: keras.Model, layers: Sequence[str]) -> tuple[keras.Model, keras.Model]:
    """A clone of the part of a network up to some layers, for float32 pictures of 0 to 255, whose weights do not learn;
    and the model from its pictures to the mean answers of these layers, one after the other: (n, channels of all). A
    layer's own ReLU leaks there, and a softmax is left out: where they are flat nothing would lead on."""
    before = {}  # what each layer answers, before its activation

    def clone(own: keras.Layer) -> keras.Layer:
        linear = {"activation": "linear"} if own.name in layers and own.weights else {}
        return type(own).from_config(own.get_config() | linear)

    def call(own: keras.Layer, *inputs, **options):
        output = own(*inputs, **options)
        if own.name in layers:
            activates = isinstance(own, keras.layers.ReLU | keras.layers.Activation)
            before[own.name] = inputs[0] if activates else output
        activation = own.name in layers and own.weights and getattr(part.get_layer(own.name), "activation", None)
        return activation(output) if activation else output

    opened = keras.models.clone_model(part, keras.Input((SIDE, SIDE, 3)), clone, call)
    opened.trainable = False
    means = [keras.ops.mean(keras.ops.leaky_relu(found, LEAK), axis=(1, 2)) if len(found.shape) == 4 else found
             for found in map(before.get, layers)]
    return opened, keras.Model(opened.input, keras.ops.concatenate(means, axis=-1))


def _draw_moves(random: np.random.Generator) -> np.ndarray:
    """STEPS small moves about the middle, float32 (STEPS, 8)."""
    side = SIDE + 2 * MARGIN
    turn, scale = np.radians(random.uniform(-TURN, TURN, STEPS)), 1 + random.uniform(-SCALE, SCALE, STEPS)
    shift, middle = random.uniform(-SHIFT, SHIFT, (2, STEPS)), (side - 1) / 2
    a, b, none = scale * np.cos(turn), scale * np.sin(turn), np.zeros(STEPS)
    return np.float32(np.stack([a, -b, middle * (1 - a + b) + shift[0], b, a, middle * (1 - a - b) + shift[1],
                                none, none], axis=1))
