"""Pictures read by threads ahead of a network, so that it does not wait for them and the memory never fills."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from artpose_lib.data.pictures import PictureError

if TYPE_CHECKING:  # Keras takes seconds to import
    import keras

# Pillow lets go of Python's lock while it decodes and resizes, so threads are enough; more than the cores gain nothing.
THREADS = min(16, os.cpu_count() or 1)
BATCH = 32  # pictures a forward step; only speed and memory depend on it
AHEAD = 3 * BATCH  # pictures that wait decoded, 150 kB each at 224 x 224: slow ones are made up for

Item, Result = TypeVar("Item"), TypeVar("Result")


def read_ahead(read: Callable[[Item], Result], items: Iterable[Item], threads: int = THREADS,
               ahead: int = AHEAD) -> Iterator[Result]:
    """`map(read, items)` by threads, in the items' order, at most `ahead` results before they are asked for.

    An exception of `read` is raised in its turn. Items not begun are dropped once the iterator is closed.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="read-ahead")
    waiting = deque()
    try:
        for item in items:
            waiting.append(pool.submit(read, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def forward(network: "keras.Model", pictures: Iterable[np.ndarray | PictureError],
            batch: int = BATCH) -> Iterator[tuple[np.ndarray, ...] | PictureError]:
    """The network's outputs for each picture, in order: float32 (…) each, one a tuple where it has one output.

    Parameters: `pictures` uint8 RGB (size, size, 3), or why there is none, which comes out as it went in. Every step
    has `batch` pictures, the last filled up with black: another shape would be traced anew, for seconds.
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


def _outputs(network: "keras.Model", held: list, pixels: np.ndarray) -> Iterator[tuple[np.ndarray, ...] | PictureError]:
    outputs = network.predict_on_batch(pixels)
    each = zip(*(outputs if isinstance(outputs, list | tuple) else [outputs]), strict=True)
    for picture in held:
        yield picture if isinstance(picture, PictureError) else next(each)
