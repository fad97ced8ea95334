"""Feature maps (Section 2.4), sprites that show all maps of a layer in one image, and what is asked of a model's graph:
where it can be cut, and the receptive field of a layer."""

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from typing import NamedTuple

import keras
import numpy as np
from PIL import Image

PIXELS = 2 ** 18  # of pictures in a forward step, 5 of 224 by 224: no network then takes 2 GiB
DIVERGED = "hold NaN or infinity: the network diverged; train it at a lower rate"


def feature_maps(model: keras.Model, images: np.ndarray, layers: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
    """Yield the maps of each of `images`, uint8 RGB (n, size, size, 3), at some layers of a flat functional model:
    float32 (side, side, channels) by the layer's name. Raises ValueError for no such layer or another size."""
    # Outputs by name: as a list, Keras would return the only output of a list of one without its list.
    blocks = keras.Model(model.input, {layer: model.get_layer(layer).output for layer in layers})
    step = max(PIXELS // (images.shape[1] * images.shape[2]), 1)
    for start in range(0, len(images), step):
        outputs = blocks(images[start:start + step], training=False)
        batch = {layer: keras.ops.convert_to_numpy(outputs[layer]).astype(np.float32) for layer in layers}
        for index in range(len(batch[layers[0]])):
            yield {layer: maps[index] for layer, maps in batch.items()}


def split_at_layer(model: keras.Model, layer: str) -> tuple[keras.Model, keras.Model]:
    """Cut a classifier in two: a model from pictures to all tensors that cross the cut, and one from these to the
    logits, what the last layer (a Dense with softmax) computes before its softmax.

    The first tensor is the layer's output; the others lead past it, as Xception's shortcuts do. Keras gives one output
    without its list; `keras.tree.flatten` makes it a list again.
    """
    wanted = model.get_layer(layer).output
    behind, crossing = {id(wanted)}, {id(wanted): wanted}
    for operation in model.operations:  # each after those whose outputs it takes
        inputs = keras.tree.flatten(operation.input)
        if operation.output is not wanted and any(id(tensor) in behind for tensor in inputs):
            behind.add(id(operation.output))
            crossing |= {id(tensor): tensor for tensor in inputs if id(tensor) not in behind}
    crossing, head = list(crossing.values()), model.layers[-1]
    logits = keras.layers.Dense(head.units, name="logits")
    lower = keras.Model(crossing, logits(head.input))
    logits.set_weights(head.get_weights())
    return keras.Model(model.input, crossing), lower


class Sprite(NamedTuple):
    """All filters of a layer as tiles of one greyscale image, row by row from the top left. A grey g stands for low + g
    / 255 * (high - low). The last row may end in black tiles."""

    image: Image.Image
    side: int  # of a tile in pixels, as the map's
    columns: int  # tiles in a row
    low: list[float]  # each filter's smallest activation
    high: list[float]  # and its largest

    def map(self, index: int) -> Image.Image:
        """Return the tile of a filter, counted from 0."""
        row, column = divmod(index, self.columns)
        left, top = column * self.side, row * self.side
        return self.image.crop((left, top, left + self.side, top + self.side))


def sprite(maps: np.ndarray) -> Sprite:
    """Draw the maps of one picture at one layer, float32 (side, side, channels), as one sprite.

    Every filter is scaled by itself, for the strongest would leave all others black; one that is the same everywhere is
    black. Rounding moves an activation by at most 1/510 of its filter's range.
    Raises ValueError for activations that are not finite.
    """
    if not np.isfinite(maps).all():
        raise ValueError(f"feature maps {DIVERGED}")
    side, _, count = maps.shape
    tiles = np.moveaxis(maps, -1, 0).astype(np.float64)  # the range of float32 values may be too wide for float32
    low, high = tiles.min(axis=(1, 2)), tiles.max(axis=(1, 2))
    spread = np.where(high > low, high - low, 1)
    greys = np.rint((tiles - low[:, None, None]) * (255 / spread[:, None, None])).astype(np.uint8)
    columns = ceil(sqrt(count))
    return Sprite(tile(greys, columns), side, columns, low.tolist(), high.tolist())


def tile(pictures: np.ndarray, columns: int) -> Image.Image:
    """Lay square pictures, uint8 (n, side, side) or RGB (n, side, side, 3), row by row from the top left. The last row
    may end in black."""
    count, side, _, *channels = pictures.shape
    rows = ceil(count / columns)
    grid = np.zeros((rows * columns, side, side, *channels), np.uint8)
    grid[:count] = pictures
    grid = grid.reshape(rows, columns, side, side, *channels).swapaxes(1, 2)
    return Image.fromarray(grid.reshape(rows * side, columns * side, *channels))


class Field(NamedTuple):
    """The input pixels that a layer's answers depend on: for the answer in row r those from `offset + r * stride` to
    `offset + r * stride + size`, the last not included, and the same across. Padding makes `offset` negative."""

    size: int
    stride: int
    offset: int


# Layers whose answer at a place depends on their input at that place alone, and those with a window.
_POINTWISE = {"Activation", "Add", "BatchNormalization", "Concatenate", "Dropout", "Flip", "Multiply", "ReLU",
              "Rescaling"}
_WINDOWS = {"AveragePooling2D", "Conv2D", "DepthwiseConv2D", "MaxPooling2D", "SeparableConv2D"}


def receptive_field(model: keras.Model, layer: str) -> Field:
    """Return the receptive field of a layer (Araujo, Norris and Sim 2019, doi:10.23915/distill.00021).

    Where branches meet, it is the smallest that holds all of theirs. Raises ValueError where the model has no such
    layer, or one before it is of a kind that is not known here.
    """
    wanted = model.get_layer(layer).output
    fields = {id(tensor): Field(1, 1, 0) for tensor in model.inputs}
    for operation in model.operations:  # each after those whose outputs it takes
        tensors = operation.input if isinstance(operation.input, list) else [operation.input]
        if id(operation.output) not in fields:
            branches = [fields[id(tensor)] for tensor in tensors]
            first = min(field.offset for field in branches)
            last = max(field.offset + field.size for field in branches)
            fields[id(operation.output)] = _field_behind(operation, tensors[0].shape[1],
                                                         Field(last - first, branches[0].stride, first))
        if operation.output is wanted:
            return fields[id(wanted)]


def _field_behind(operation, side: int, field: Field) -> Field:
    """Return the field behind an operation whose input is `side` wide and has the field `field`."""
    kind = type(operation).__name__
    if kind in _POINTWISE:
        return field
    if kind == "ZeroPadding2D":
        return field._replace(offset=field.offset - operation.padding[0][0] * field.stride)
    if kind not in _WINDOWS:
        raise ValueError(f"the receptive field of a layer of the kind {kind} ({operation.name}) is not known")
    window = operation.pool_size if "Pooling" in kind else operation.kernel_size
    kernel, stride, dilation = (value if isinstance(value, int) else value[0] for value in (
        window, operation.strides, getattr(operation, "dilation_rate", 1)))
    reach = (kernel - 1) * dilation + 1
    # "same" pads as TensorFlow does: as much as the last window needs, the odd pixel at the end.
    before = max((ceil(side / stride) - 1) * stride + reach - side, 0) // 2 if operation.padding == "same" else 0
    return Field(field.size + (reach - 1) * field.stride, field.stride * stride, field.offset - before * field.stride)
