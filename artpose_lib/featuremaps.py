"""What every filter of a block sees in one picture (Section 2.4), and all of a block's filters in one small image."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from PIL import Image

# Both keep a page light. The five blocks of VGG16 at 224 pixels, on three paintings: with tiles of at most 112 pixels
# 1.8 to 2.1 MB as PNG of 256 greys, 1.5 to 1.7 MB with 64. Less would show: with tiles of at most 56 pixels the first
# two blocks lose their edges, and JPEG makes the small maps of the last two larger and smears one into the next.
TILE = 112  # longest side of a tile in pixels; of VGG16's maps only the first block's, 224 pixels, are reduced
GREYS = 64  # steps from black to white


def feature_maps(model, image: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """The feature maps of one picture at several layers, from one forward pass.

    Parameters: `model` is a flat functional keras.Model on pictures (n, size, size, 3); `image` one uint8 RGB picture
    (size, size, 3); `layers` names of layers of the model, for the five blocks `BACKBONES[name].blocks`.
    Returns for each layer, in the given order, its output as float32 (side, side, channels).
    Raises ValueError where the model has no such layer or the picture is of another size.
    """
    import keras  # here and not above, so that sprites can be made and shown without loading TensorFlow

    # Outputs by name: as a list, Keras would return the only output of a list of one without its list.
    blocks = keras.Model(model.input, {layer: model.get_layer(layer).output for layer in layers})
    outputs = blocks(image[np.newaxis], training=False)
    return {layer: keras.ops.convert_to_numpy(outputs[layer])[0].astype(np.float32) for layer in layers}


@dataclass(frozen=True)
class Sprite:
    """All filters of a block as tiles of one image, row by row from the top left.

    `png` is a greyscale PNG, `side` the side of a feature map as the network made it and `tile` the side of its tile,
    both in pixels; `columns` is the number of tiles in a row. `low` and `high` hold each filter's smallest and largest
    activation: what black and white stand for in its tile. The last row may end in empty, black tiles.
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
        return Image.open(io.BytesIO(self.png)).crop((left, top, left + self.tile, top + self.tile))


def sprite(maps: np.ndarray) -> Sprite:
    """Draw the feature maps of a block, float32 (side, side, channels), as one sprite.

    Every filter is scaled by itself, from its own smallest activation (black) to its largest (white): scaled together,
    the strongest filter would leave all others black. A filter that is the same everywhere is drawn black. Maps larger
    than `TILE` are reduced by averaging over areas, after scaling.
    Raises ValueError for activations that are not finite.
    """
    if not np.isfinite(maps).all():
        raise ValueError("feature maps hold NaN or infinity: the network diverged; train it at a lower rate")
    low, high = maps.min(axis=(0, 1)), maps.max(axis=(0, 1))
    spread = np.where(high > low, high - low, 1)
    tiles = np.stack([_tile(scaled) for scaled in np.moveaxis((maps - low) / spread, -1, 0)])
    columns = ceil(sqrt(len(tiles)))
    return Sprite(_png(tiles, columns), maps.shape[0], tiles.shape[1], columns,
                  tuple(low.tolist()), tuple(high.tolist()))


def _tile(scaled: np.ndarray) -> np.ndarray:
    """One map (side, side) of values 0 to 1 as uint8 (tile, tile), in `GREYS` steps from 0 to 255."""
    image = Image.fromarray(scaled.astype(np.float32)).reduce(ceil(len(scaled) / TILE))
    return np.round(np.round(np.asarray(image) * (GREYS - 1)) * (255 / (GREYS - 1))).astype(np.uint8)


def _png(tiles: np.ndarray, columns: int) -> bytes:
    """Tiles, uint8 (count, tile, tile), in a grid as greyscale PNG."""
    count, tile, _ = tiles.shape
    rows = ceil(count / columns)
    grid = np.zeros((rows * columns, tile, tile), np.uint8)
    grid[:count] = tiles
    grid = grid.reshape(rows, columns, tile, tile).transpose(0, 2, 1, 3).reshape(rows * tile, columns * tile)
    buffer = io.BytesIO()
    Image.fromarray(grid).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
