"""What every filter of a block sees in a picture (Section 2.4), and all of a block's filters in one image.

A *feature map* is what one filter of a layer answers at each place of a picture. It is kept here exactly as the network
made it: never smaller, and off by at most half a grey in 255.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
from PIL import Image

PIXELS = 2 ** 18  # of pictures in a forward step, 5 of 224 by 224: no network then takes 2 GiB
WHITE = 255  # the grey of a filter's largest activation; its smallest is 0
COMPRESSION = 4  # of 9: VGG16's five blocks take 0.3 s of a processor and 3.4 MB; 6 saves 8 kB and takes 0.6 s, 9 2.5 s


def feature_maps(model, images: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """The feature maps of some pictures at several layers, from one forward pass a picture.

    Parameters: `model` is a flat functional keras.Model on pictures (n, size, size, 3); `images` uint8 RGB pictures
    (n, size, size, 3); `layers` names of layers of the model, for the five blocks `BACKBONES[name].blocks`.
    Returns for each layer, in the given order, its output as float32 (n, side, side, channels). All of them are held at
    once, for VGG16's five blocks at 224 pixels 25 MB a picture; `map_batches` gives them a few at a time.
    Raises ValueError where the model has no such layer or the pictures are of another size.
    """
    batches = list(map_batches(model, images, layers))
    return {layer: np.concatenate([batch[layer] for batch in batches]) for layer in layers}


def map_batches(model, images: np.ndarray, layers: Sequence[str]) -> Iterator[dict[str, np.ndarray]]:
    """The same maps, a batch of pictures after the other; all but the last are as large as `PIXELS` allows.

    Parameters and errors as in `feature_maps`.
    """
    import keras  # here and not above, so that sprites can be made and shown without loading TensorFlow

    if np.ndim(images) != 4:
        raise ValueError(f"pictures have the shape (n, size, size, 3), not {np.shape(images)}")
    # Outputs by name: as a list, Keras would return the only output of a list of one without its list.
    blocks = keras.Model(model.input, {layer: model.get_layer(layer).output for layer in layers})
    step = max(PIXELS // (images.shape[1] * images.shape[2]), 1)
    for start in range(0, len(images), step):
        outputs = blocks(images[start:start + step], training=False)
        yield {layer: keras.ops.convert_to_numpy(outputs[layer]).astype(np.float32) for layer in layers}


@dataclass(frozen=True)
class Sprite:
    """All filters of a block as tiles of one image, row by row from the top left.

    `png` is a greyscale PNG; `side` the side of a feature map in pixels, as the network made it, and `tile` that of its
    tile, which is the same; `columns` is the number of tiles in a row. `low` and `high` hold each filter's smallest and
    largest activation: what black and white stand for in its tile. A grey g stands for low + g / 255 * (high - low).
    The last row may end in empty, black tiles.
    """

    png: bytes
    side: int
    tile: int
    columns: int
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many filters there are."""
        return len(self.low)

    @property
    def rows(self) -> int:
        return ceil(self.count / self.columns)

    def map(self, index: int) -> Image.Image:
        """The tile of filter `index`, counted from 0, as a greyscale image (tile, tile)."""
        row, column = divmod(index, self.columns)
        left, top = column * self.tile, row * self.tile
        return self._grid.crop((left, top, left + self.tile, top + self.tile))

    @cached_property
    def _grid(self) -> Image.Image:  # kept, so that going from filter to filter decodes the PNG once
        return Image.open(io.BytesIO(self.png))


def sprite(maps: np.ndarray) -> Sprite:
    """Draw the feature maps of one picture at one layer, float32 (side, side, channels), as one sprite.

    Every filter is scaled by itself, from its own smallest activation (black) to its largest (white): scaled together,
    the strongest filter would leave all others black. Rounding to 256 greys moves an activation by at most 1/510 of its
    filter's range. A filter that is the same everywhere is drawn black.
    Raises ValueError for activations that are not finite.
    """
    if not np.isfinite(maps).all():
        raise ValueError("feature maps hold NaN or infinity: the network diverged; train it at a lower rate")
    side, _, count = maps.shape
    tiles = np.moveaxis(maps, -1, 0).astype(np.float64)  # the range of float32 values may be too wide for float32
    low, high = tiles.min(axis=(1, 2)), tiles.max(axis=(1, 2))
    spread = np.where(high > low, high - low, 1)
    greys = np.rint((tiles - low[:, None, None]) * (WHITE / spread[:, None, None])).astype(np.uint8)
    columns = ceil(sqrt(count))
    return Sprite(_png(greys, columns), side, side, columns, tuple(low.tolist()), tuple(high.tolist()))


def _png(tiles: np.ndarray, columns: int) -> bytes:
    """Tiles, uint8 (count, side, side), in a grid as greyscale PNG."""
    count, side, _ = tiles.shape
    rows = ceil(count / columns)
    grid = np.zeros((rows * columns, side, side), np.uint8)
    grid[:count] = tiles
    grid = grid.reshape(rows, columns, side, side).transpose(0, 2, 1, 3).reshape(rows * side, columns * side)
    buffer = io.BytesIO()
    Image.fromarray(grid).save(buffer, "PNG", compress_level=COMPRESSION)
    return buffer.getvalue()


class Field(NamedTuple):
    """Which input pixels a layer's answers depend on: the answer in row r and column c on those from
    `offset + r * stride` to `offset + r * stride + size` down the picture, and the same with c across it, the last not
    included. Where padding adds a border, `offset` is negative and fields reach over the picture's edges.
    """

    size: int
    stride: int
    offset: int

    def box(self, row: int, column: int, side: int) -> tuple[int, int, int, int]:
        """The field of one answer as pixels (x0, y0, x1, y1) of a picture with sides of `side` pixels, cut off at its
        edges, x1 and y1 not included."""
        left, top = (self.offset + place * self.stride for place in (column, row))
        return tuple(min(max(edge, 0), side) for edge in (left, top, left + self.size, top + self.size))


def receptive_field(model, layer: str) -> Field:
    """The receptive field of a layer's answers, by arithmetic over the model's graph.

    A window of k answers, d apart, reaches over size + (k - 1) d stride pixels, and a step of s makes the next stride s
    times as large (Dumoulin and Visin 2016, arXiv:1603.07285; Araujo, Norris and Sim 2019, doi:10.23915/distill.00021).
    Where branches meet, the field is the smallest that holds all of theirs.
    Raises ValueError where the model has no such layer, or one before it is of a kind that is not known here.
    """
    wanted = model.get_layer(layer).output
    fields = {id(tensor): Field(1, 1, 0) for tensor in model.inputs}
    for operation in model.operations:  # in an order in which every operation follows those that it needs
        tensors = operation.input if isinstance(operation.input, list) else [operation.input]
        if id(operation.output) not in fields:
            joined = _join([fields[id(tensor)] for tensor in tensors])
            fields[id(operation.output)] = _through(operation, tensors[0].shape[1], joined)
        if operation.output is wanted:
            break
    return fields[id(wanted)]


# Layers and operations whose answer at a place depends on their input at that place alone.
_POINTWISE = {"Activation", "Add", "BatchNormalization", "Concatenate", "Dropout", "Flip", "Multiply", "ReLU",
              "Rescaling"}
_WINDOWS = {"AveragePooling2D", "Conv2D", "DepthwiseConv2D", "MaxPooling2D", "SeparableConv2D"}


def _through(operation, side: int, field: Field) -> Field:
    """The field behind an operation whose input is `side` wide and has the field `field`."""
    kind = type(operation).__name__
    if kind == "ZeroPadding2D":
        return field._replace(offset=field.offset - operation.padding[0][0] * field.stride)
    if kind in _WINDOWS:
        kernel = getattr(operation, "kernel_size", None) or operation.pool_size
        return _through_window(kernel[0], operation.strides, getattr(operation, "dilation_rate", (1, 1)),
                               operation.padding, side, field)
    if kind in _POINTWISE:
        return field
    raise ValueError(f"the receptive field of a layer of the kind {kind} ({operation.name}) is not known")


def _through_window(kernel: int, strides, dilation, padding: str, side: int, field: Field) -> Field:
    stride = strides if isinstance(strides, int) else strides[0]
    apart = dilation if isinstance(dilation, int) else dilation[0]
    reach = (kernel - 1) * apart + 1
    # "same" pads as TensorFlow does: as much as the last window needs, the odd pixel at the end.
    before = max((ceil(side / stride) - 1) * stride + reach - side, 0) // 2 if padding == "same" else 0
    return Field(field.size + (reach - 1) * field.stride, field.stride * stride, field.offset - before * field.stride)


def _join(fields: Sequence[Field]) -> Field:
    first = min(field.offset for field in fields)
    last = max(field.offset + field.size for field in fields)
    return Field(last - first, fields[0].stride, first)
