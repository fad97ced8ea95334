"""What a network makes of pictures: its outputs and its features, a batch at a time."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from artpose_lib.data.pictures import PictureError

if TYPE_CHECKING:  # Keras takes seconds to import
    import keras

BATCH = 32  # pictures a forward step; only speed and memory depend on it


def forward(network: "keras.Model", pictures: Iterable[np.ndarray | PictureError],
            batch: int = BATCH) -> Iterator[tuple[np.ndarray, ...] | PictureError]:
    """The network's outputs for each picture, in order: a tuple of float32 arrays, one for each output.

    Parameters: `pictures` uint8 RGB (size, size, 3), or the error why there is none, which is passed through. Every
    step has `batch` pictures, the last filled up with black: a step of another shape would be compiled, for seconds.
    """
    held, pixels, filled = [], None, 0
    for picture in pictures:
        held.append(picture)
        if isinstance(picture, PictureError):
            continue
        if pixels is None:
            pixels = np.zeros((batch, *picture.shape), np.uint8)
        pixels[filled] = picture
        filled += 1
        if filled == batch:
            yield from _outputs(network, held, pixels)
            held, filled = [], 0
    if filled:
        pixels[filled:] = 0
        yield from _outputs(network, held, pixels)
    else:
        yield from held


def extract_features(network: "keras.Model", pictures: Iterable[np.ndarray]) -> np.ndarray:
    """The network's first output for all pictures, uint8 RGB (size, size, 3) each: float32 (n, …)."""
    found = [outputs[0] for outputs in forward(network, pictures)]
    return np.stack(found) if found else np.empty((0, *network.outputs[0].shape[1:]), np.float32)


def _outputs(network: "keras.Model", held: list, pixels: np.ndarray) -> Iterator[tuple[np.ndarray, ...] | PictureError]:
    outputs = network.predict_on_batch(pixels)
    each = zip(*(outputs if isinstance(outputs, list | tuple) else [outputs]), strict=True)
    for picture in held:
        yield picture if isinstance(picture, PictureError) else next(each)
