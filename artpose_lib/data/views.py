"""Other ways to show a data set's pictures to a network."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.metadata import parse_boxes
from artpose_lib.data.pictures import decode, read_ahead, read_file, resize

EDGES = {"edges 1": 1.0, "edges 2": 2.0}  # the blur before Canny's edges, sigma in pixels of the input
CROPS = ("cropped", "found")  # to the boxes of the table, else of figures that were found; and to these alone
# By where they stand between left and right, top and bottom: 0 to 1.
FIVE_CROPS = {"centre": (0.5, 0.5), "top left": (0, 0), "top right": (1, 0), "bottom left": (0, 1),
              "bottom right": (1, 1)}
VIEWS = ("whole", "grey", "padded", "grey padded", *FIVE_CROPS, *CROPS, *EDGES)
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in a grey of the same lightness (ITU-R BT.601)
SHOWN = 0.8  # of either side in one of the FIVE_CROPS
MARGIN = 0.1  # of a box's width and height, on each side
Boxes = list[list[tuple[float, ...]]]  # of each picture x0, y0, x1, y1 in pixels


def show_views(dataset: PoseDataset, view: str, size: int, boxes: Boxes) -> Iterator[np.ndarray]:
    """Every picture of a data set in one of `VIEWS`, as the network gets it: uint8 RGB (size, size, 3) each.

    "whole" is stretched to a square, as the thesis has it, and "padded" has its own proportions. `boxes` are those of
    `choose_boxes`; a picture without any is shown whole.
    """
    if view in CROPS:
        def read(row: int) -> np.ndarray:
            image = decode(read_file(dataset.folder / dataset.metadata["file_name"].iloc[row]))[0]
            return resize(crop(np.asarray(image), boxes[row]), size)

        return read_ahead(read, range(len(dataset)))
    side = round(size / SHOWN) if view in FIVE_CROPS else size
    left, top = ((side - size) * np.array(FIVE_CROPS.get(view, (0, 0)))).astype(int)
    pictures = dataset.stream(side, padded=["padded" in view])
    if view in EDGES:
        return (draw_edges(picture, EDGES[view]) for picture in pictures)
    if "grey" in view:
        return (np.repeat((picture @ LUMA).round().astype(np.uint8)[:, :, None], 3, axis=2) for picture in pictures)
    return (picture[top:top + size, left:left + size] for picture in pictures)


def choose_boxes(dataset: PoseDataset, figures: pd.DataFrame, view: str) -> Boxes:
    """The boxes that a picture is cropped to in a view, from the table's column `boxes` and from `figures`, those that
    `blazepose.find_figures` found."""
    if view not in CROPS:
        return []
    known = dataset.metadata.get("boxes", pd.Series("", dataset.metadata.index)) if view == "cropped" else ""
    told = dataset.metadata[["file_name"]].assign(boxes=known)
    found = {name: own[["x0", "y0", "x1", "y1"]].to_numpy().tolist() for name, own in figures.groupby("file_name")}
    return [parse_boxes(text) or found.get(name, []) for name, text in told.to_numpy()]


def crop(picture: np.ndarray, boxes: list[tuple[float, ...]]) -> np.ndarray:
    """A picture, uint8 RGB (h, w, 3), cropped to what holds all of its boxes with MARGIN around; as it is where there
    are none or they lie outside."""
    if not len(boxes):
        return picture
    corners = np.array(boxes, float).reshape(-1, 2, 2)
    wide = widen([*corners[:, 0].min(axis=0), *corners[:, 1].max(axis=0)], picture.shape[1::-1])
    left, top, right, bottom = *np.floor(wide[:2]).astype(int), *np.ceil(wide[2:]).astype(int)
    return picture[top:bottom, left:right] if left < right and top < bottom else picture


def widen(box: Sequence[float], size: Sequence[int]) -> np.ndarray:
    """A box x0, y0, x1, y1 with MARGIN around, within a picture of this width and height."""
    margin = MARGIN * np.subtract(box[2:], box[:2])
    return np.clip([*np.subtract(box[:2], margin), *np.add(box[2:], margin)], 0, [*size, *size])


def draw_edges(picture: np.ndarray, blur: float) -> np.ndarray:
    """The edges of a picture (Canny 1986, doi:10.1109/TPAMI.1986.4767851) in white on black, uint8 RGB (h, w, 3).

    Parameters: `picture` uint8 RGB (h, w, 3); `blur` the Gaussian's sigma in pixels, above 0.
    """
    from skimage.color import rgb2gray  # half a second to import, and few need edges
    from skimage.feature import canny

    edges = canny(rgb2gray(picture), sigma=blur)
    return np.repeat(edges[:, :, None] * np.uint8(255), 3, axis=2)
