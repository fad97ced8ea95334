"""What a network makes of pictures: its outputs and its features, a batch at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from artpose_lib.data.pictures import PictureError

if TYPE_CHECKING:  # Keras takes seconds to import
    import keras

BATCH = 32  # pictures a forward step; only speed and memory depend on it


def forward(network: "keras.Model", pictures: Iterable[np.ndarray | PictureError],
            batch: int = BATCH, fill: bool = True) -> Iterator[tuple[np.ndarray, ...] | PictureError]:
    """The network's outputs for each picture, uint8 RGB (size, size, 3), in order: a tuple of float32 arrays; an error
    is passed through in its place. With `fill` the last step is filled up with black, or its shape would be compiled
    anew."""
    pictures = iter(pictures)
    while held := list(islice(pictures, batch)):
        outputs = iter(())
        if good := [picture for picture in held if not isinstance(picture, PictureError)]:
            pixels = np.zeros((batch if fill else len(good), *good[0].shape), good[0].dtype)
            pixels[:len(good)] = good
            found = network.predict_on_batch(pixels)
            outputs = zip(*(found if isinstance(found, list | tuple) else [found]), strict=True)
        yield from (picture if isinstance(picture, PictureError) else next(outputs) for picture in held)


def extract_features(network: "keras.Model", pictures: Iterable[np.ndarray]) -> np.ndarray:
    """The network's first output for all pictures, uint8 RGB (size, size, 3) each: float32 (n, …)."""
    found = [outputs[0] for outputs in forward(network, pictures)]
    return np.stack(found) if found else np.empty((0, *network.outputs[0].shape[1:]), np.float32)


def compiles_shapes() -> bool:
    """Whether XLA compiles a program for each shape of its input. JAX has nothing else. On a CPU it makes TensorFlow's
    ResNet50 1.7 times slower, and is left out."""
    import keras

    return keras.backend.backend() != "tensorflow" or bool(keras.distribution.list_devices("gpu"))
