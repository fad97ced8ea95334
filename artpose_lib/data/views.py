"""Other ways to show a data set's pictures to a network."""

from collections.abc import Iterator

import numpy as np

from artpose_lib.data.dataset import PoseDataset

EDGES = {"edges 1": 1.0, "edges 2": 2.0, "edges 4": 4.0}  # the blur before Canny's edges, sigma in pixels of the input
VIEWS = ("whole", *EDGES)


def show_views(dataset: PoseDataset, view: str, size: int) -> Iterator[np.ndarray]:
    """Every picture of a data set in one of `VIEWS`, as the network gets it: uint8 RGB (size, size, 3) each."""
    pictures = dataset.stream(size)
    if view == "whole":
        return pictures
    return (draw_edges(picture, EDGES[view]) for picture in pictures)


def draw_edges(picture: np.ndarray, blur: float) -> np.ndarray:
    """The edges of a picture (Canny 1986, doi:10.1109/TPAMI.1986.4767851) in white on black, uint8 RGB (h, w, 3).

    Parameters: `picture` uint8 RGB (h, w, 3); `blur` the Gaussian's sigma in pixels, above 0.
    """
    from skimage.color import rgb2gray  # half a second to import, and few need edges
    from skimage.feature import canny

    edges = canny(rgb2gray(picture), sigma=blur)
    return np.repeat(edges[:, :, None] * np.uint8(255), 3, axis=2)
