"""The column `boxes` of a data set: "x0 y0 x1 y1" around each figure, in pixels of the upright picture, ";" between."""

import re

import numpy as np

BOX = re.compile(r"([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+)")


def parse_boxes(text: str) -> list[tuple[int, ...]]:
    """The corners x0, y0, x1, y1 of each box, in pixels. Anything else in the text is ignored."""
    return [tuple(map(int, box)) for box in BOX.findall(text)]


def box_fractions(text: str, width: int, height: int) -> np.ndarray:
    """The corners of each box as fractions of the picture's width and height: float64 (k, 4)."""
    return np.array(BOX.findall(text), float).reshape(-1, 4) / [width, height, width, height]
