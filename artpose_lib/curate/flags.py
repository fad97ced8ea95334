"""Pictures that show no artwork, or more than the artwork: colour charts, frames and pages of text."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import maximum_filter1d, uniform_filter1d

SIDE = 384  # pixels of the longer side: the lines of a printed page are still apart
SMALLEST = SIDE // 2, 24  # pixels of the longer and of the shorter side, below which nothing was measured


class Flag(NamedTuple):
    """A kind of picture: what measures it, the value from which it is named, and the sentence that says so."""

    measure: Callable[[np.ndarray], float]
    threshold: float
    sentence: str


def flag_picture(picture: np.ndarray) -> dict[str, float]:
    """The kinds that a picture (uint8 RGB, at most SIDE pixels a side) looks like, with their values; see SMALLEST."""
    sides = picture.shape[:2]
    if max(sides) < SMALLEST[0] or min(sides) < SMALLEST[1]:
        return {}
    values = {kind: flag.measure(picture) for kind, flag in FLAGS.items()}
    return {kind: value for kind, value in values.items() if value >= FLAGS[kind].threshold}


def score_colour_chart(picture: np.ndarray) -> float:
    """How much a picture looks like a grid of many hues, 0 to 1.

    The share of all changes of colour that falls on a fifth of the rows and on a fifth of the columns, times the share
    of eight hues, of twelve around the circle, that cover a fiftieth of the picture.
    """
    channels = _channels(picture)
    concentrated = min(_concentration(np.abs(np.diff(channels, axis=axis + 1)).sum(axis=0), axis) for axis in (0, 1))
    colourful = np.ptp(channels, axis=0) >= 50  # a hue that one sees
    hue = np.asarray(Image.fromarray(picture).convert("HSV"), np.int16)[..., 0] * 12 // 256
    shares = np.bincount(hue[colourful], minlength=12) / hue.size
    return concentrated * min(1.0, (shares >= 0.02).sum() / 8)


def score_text_page(picture: np.ndarray) -> float:
    """How regularly lines of writing follow each other, at most 1.

    The mean change along each row rises in a line of text and falls between lines: its autocorrelation has a second
    peak one line further down. Of four upright strips, as a page may be turned a little, the second best counts.
    """
    grey = np.asarray(Image.fromarray(picture).convert("L"), np.float32)
    return float(np.sort([_regularity(strip) for strip in np.array_split(grey, 4, axis=1)])[-2])


def score_frame(picture: np.ndarray) -> float:
    """How much stronger than its other edges are four straight ones, one a side at one distance, 5 to 22% of the longer
    side: 0 where nothing is; a frame, a mount or a print's margin reaches 1 to 11."""
    side = max(picture.shape[:2])
    depth = min(round(0.22 * side), min(picture.shape[:2]) // 3)
    sides = [np.rot90(_channels(picture), turns, axes=(1, 2)) for turns in range(4)]  # each once at the top
    changes = [np.abs(turned[:, 2:] - turned[:, :-2]).max(axis=0) for turned in sides]
    lines = np.array([_lines(change, depth, round(0.012 * side)) for change in changes])
    all_four = lines.min(axis=0)[round(0.05 * side):]
    # The 10 stands for the noise of a plain picture.
    return float(all_four.max(initial=0) / (10 + np.mean([change.mean() for change in changes])))


# Of 743 paintings, prints and statues none passes these thresholds as a chart or a page, and nine as framed.
FLAGS: dict[str, Flag] = {
    "colour chart": Flag(score_colour_chart, 0.45, "It looks like a colour chart: patches of many hues in a grid."),
    "frame": Flag(score_frame, 1.0,
                  "A straight edge runs along all four sides: it may have a frame, a mount or a margin."),
    "text page": Flag(score_text_page, 0.5, "It looks like a page of text: lines follow each other at one distance."),
}


def _channels(picture: np.ndarray) -> np.ndarray:
    """int16 (3, h, w), which NumPy sums over many times faster than (h, w, 3)."""
    return np.ascontiguousarray(np.moveaxis(picture, 2, 0), np.int16)


def _concentration(changes: np.ndarray, axis: int) -> float:
    """The share of the changes along an axis, int (h, w), that falls on the fifth of places where they are largest."""
    edges = np.maximum(changes - 36, 0)  # 12 a channel is noise
    profile = np.sort(edges.sum(axis=1 - axis))[::-1]
    some = 0.2 * edges.size  # a chart has ten times as much and more; in a soft picture the share would be chance
    return profile[:round(len(profile) / 5)].sum() / (profile.sum() + some)


def _regularity(strip: np.ndarray) -> float:
    """The second peak of the autocorrelation of a strip's rows, float (h, w)."""
    activity = np.abs(np.diff(strip, axis=1)).mean(axis=1)
    window = 2 * (len(activity) // 8) + 1
    activity = activity - uniform_filter1d(activity, window, mode="nearest", output=float)
    correlation = np.correlate(activity, activity, "full")[len(activity) - 1:]
    trough = correlation[:len(activity) // 6].argmin()
    return correlation[trough:len(activity) // 4].max() / max(correlation[0], 1e-9)


def _lines(change: np.ndarray, depth: int, give: int) -> np.ndarray:
    """How strong a line lies at each distance from the upper edge, float (depth,), within `give` rows of it. Three
    quarters of its length, without the corners, surpass that; a row up or down is the line still."""
    width = change.shape[1]
    middle = maximum_filter1d(change[:depth, round(0.15 * width):round(0.85 * width)], 3, axis=0)
    return maximum_filter1d(np.percentile(middle, 25, axis=1), 2 * give + 1)
