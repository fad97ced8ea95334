"""Figures by their joints: read from a table, laid upon one another, and held against the true ones.

A figure is float (13, 2): the place (x, y) of each of JOINTS, NaN where it is not known. "left" is the figure's own.
"""

import re
from itertools import product

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

JOINTS = ("head", *(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
                    for side in ("left", "right")))
MIRRORED = [0, *np.arange(1, len(JOINTS)).reshape(-1, 2)[:, ::-1].ravel()]  # the joints of the other side
BONES = [(1, 2), (7, 8), *((upper, upper + 2) for upper in (1, 2, 3, 4, 7, 8, 9, 10))]  # by the numbers of their ends
LINES = [*BONES, (1, 7), (2, 8), (0, 1), (0, 2)]  # what a skeleton is drawn by
MOST = 3  # figures of a picture that are described
SHORTEST = 0.05  # of a figure's extent, by which a torso that is seen from its end is taken to be no shorter
NEAR = 0.2  # torso lengths within which a joint counts as found (Sapp and Taskar 2013, doi:10.1109/CVPR.2013.471)


def read_figures(text: str) -> np.ndarray:
    """The figures of a cell "joint x y, joint x y;…" of the column `keypoints`, in pixels: float (n, 13, 2)."""
    figures = []
    for figure in filter(None, text.split(";")):
        places = {name: (float(x), float(y)) for name, x, y in re.findall(r"(\w+) (\d+) (\d+)", figure)}
        figures.append([places.get(joint, (np.nan, np.nan)) for joint in JOINTS])
    return np.array(figures).reshape(-1, len(JOINTS), 2)


def take_figures(table: pd.DataFrame) -> np.ndarray:
    """The figures of a table as `blazepose.find_figures` makes it, in its rows' order: float (n, 13, 2)."""
    columns = [f"{joint}_{axis}" for joint in JOINTS for axis in "xy"]
    return table[columns].to_numpy(float).reshape(-1, len(JOINTS), 2)


def mirror(figures: np.ndarray) -> np.ndarray:
    """Figures (..., 13, 2) as a mirror shows them: the left hand is the right one's place."""
    return figures[..., MIRRORED, :] * [-1, 1]


def measure_torso(figures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle of the hips, (..., 2), and the length from there to the middle of the shoulders, (...)."""
    hips, shoulders = (figures[..., pair, :].mean(axis=-2) for pair in ([7, 8], [1, 2]))
    return hips, np.linalg.norm(shoulders - hips, axis=-1)


def describe_figures(figures: np.ndarray) -> np.ndarray:
    """What a simple model learns from of a picture's figures (n, 13, 2), the largest MOST: float (MOST * 49,).

    Of each figure: the joints' places from the middle of its hips, in torso lengths; the directions of its BONES, as
    unit vectors; then where its hips are from those of the first, and how long its torso is, in torsos of the first.
    It is the same wherever the figures stand and however large they are. What is not known is 0.
    """
    described = np.zeros((MOST, 2 * len(JOINTS) + 2 * len(BONES) + 3))
    figures = np.asarray(figures, float)
    extents = np.fmax.reduce(figures, axis=1) - np.fmin.reduce(figures, axis=1)  # of what is known
    order = np.argsort(-np.nan_to_num(extents).max(axis=-1, initial=0), kind="stable")[:MOST]
    if len(figures):
        figures, extents = figures[order], extents[order].max(axis=-1)
        hips, torso = measure_torso(figures)
        torso = np.maximum(torso, SHORTEST * extents)
        places = (figures - hips[:, None]) / torso[:, None, None]
        bones = np.stack([figures[:, end] - figures[:, start] for start, end in BONES], axis=1)
        bones = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
        described[:len(figures)] = np.concatenate([
            places.reshape(len(figures), -1), bones.reshape(len(figures), -1),
            (hips - hips[0]) / torso[0], (torso / torso[0])[:, None]], axis=1)
    return np.nan_to_num(described).ravel()


def compare_joints(true: np.ndarray, found: np.ndarray) -> np.ndarray:
    """How far from each joint of the true figures (n, 13, 2) that of the nearest found figure (m, 13, 2) is, in the
    true figure's torso lengths: float (n, 13), infinite where nothing was found, NaN where the truth is not known."""
    _, torso = measure_torso(true)
    if not len(found):
        return np.where(np.isnan(true[..., 0]), np.nan, np.inf)
    distances = np.linalg.norm(true[:, None] - found[None], axis=-1) / torso[:, None, None]
    known = ~np.isnan(distances)
    nearest = (np.where(known, distances, 0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)).argmin(axis=1)
    return distances[np.arange(len(true)), nearest]


def draw_skeletons(picture: np.ndarray, figures: np.ndarray, colour: str) -> np.ndarray:
    """A picture, uint8 RGB (h, w, 3), with the LINES of figures (n, 13, 2) over it, in its pixels."""
    image = Image.fromarray(picture)
    pen, width = ImageDraw.Draw(image), max(2, round(max(image.size) / 110))
    for figure, (start, end) in product(figures, LINES):
        if not np.isnan(figure[[start, end]]).any():
            pen.line([tuple(figure[start]), tuple(figure[end])], colour, width)
    return np.asarray(image)
