"""A drawn artwork: a composition seen through a frame, made in a medium before a background, and aged.

The conditions in which a network can be asked what it knows a picture by, and what each of them still tells:

whole: the artwork as it is.
figure only: all but the figures is grey, also what they carry, lean on or lie on. A rim of a pixel or two of the
    background may be left, and no network is trained on flat grey, so some accuracy is lost to that alone.
background only: the background that goes with the class, painted with nothing before it. It has no hole that would show
    the pose by its outline, but still tells the proportions: a reclining figure lies in a wide picture.
figure removed: the same background with the tree, arrows, couch and so on, but no figure. A couch is as long as who lay
    on it.
background swapped: the same figures and attributes before the background that goes with another class.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from artpose_lib.draw.backgrounds import BACKGROUNDS, LINKED, draw_background, noise
from artpose_lib.draw.media import MEDIA, paint
from artpose_lib.draw.poses import Composition, compose, mirror
from artpose_lib.draw.solids import ATTRIBUTE, Frame, Relief, render

# Drawings that show their pose well: what their random numbers start from.
SAMPLES = {"Antinous": 0, "Graces": 10, "Pieta": 8, "Reclining": 12, "Sebastian": 12, "Tanagra": 2}
LONG_SIDE = 320  # pixels of the longer side of a finished picture
OVERSIZE = 1.5  # drawn larger, then shrunk: smooth edges
BREAKABLE = ("left_forearm", "right_forearm", "left_arm", "right_arm", "head", "left_foot", "right_foot")
CONDITIONS = ("whole", "figure only", "background only", "figure removed", "background swapped")
GREY = 127  # what EfficientNet-Lite0's preprocessing makes zero
PARTS = ("torso", "tree", "arrows", "background")  # what the thesis' Discussion finds in feature maps


class Version(NamedTuple):
    """A drawing in one condition."""

    name: str
    background: str  # the kind that is shown, "" where none is
    image: np.ndarray  # uint8 (h, w, 3), of one size in all versions


class Artwork:
    """An artwork of `pose` (a name in POSE_NAMES), to be painted as often as one likes.

    Parameters: `background` (in BACKGROUNDS) and `medium` (in MEDIA) are drawn uniformly where they are None. The same
    state of `rng` gives the same figures on every background.
    `mask`, bool (h, w), is True on figures with their hair and garments.
    """

    def __init__(self, pose: str, rng: Generator, background: str | None = None, medium: str | None = None):
        seed, *self._seeds = rng.integers(2**63, size=4)
        drawn_medium, drawn_background = rng.choice(MEDIA), rng.choice(BACKGROUNDS)
        self.medium, self.background = str(medium or drawn_medium), str(background or drawn_background)
        own_rng = np.random.default_rng(seed)
        self.composition = _break_off(compose(pose, own_rng), self.medium, own_rng)
        self._frame = _choose_frame(self.composition, own_rng)
        self.relief = self._render(figures=True, attributes=True)
        self.size = tuple(round(side / OVERSIZE) for side in self._frame.shape[::-1])  # width, height
        self._owner = cv2.resize(self.relief.owner, self.size, interpolation=cv2.INTER_NEAREST)
        self.mask = self._owner >= 0

    def paint(self, background: str | None = None, figures: bool = True, attributes: bool = True) -> np.ndarray:
        """The picture, uint8 RGB (h, w, 3), its longer side LONG_SIDE pixels, before its own or another background.
        Light, brush strokes, paper and age are the same each time; a shadow goes with what casts it."""
        relief = self.relief if figures and attributes else self._render(figures, attributes)
        medium_rng, background_rng, age_rng = (np.random.default_rng(seed) for seed in self._seeds)
        behind = draw_background(background or self.background, self._frame.shape, background_rng)
        picture = paint(self.medium, relief, behind, medium_rng)
        return _age(cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA), age_rng)

    def locate_parts(self) -> dict[str, np.ndarray]:
        """Where each of PARTS is seen: bool (h, w) by its name, False everywhere where there is no such part."""
        names = ("", *PARTS)  # "background" last, so that it is what -1 means
        solids = [replace(solid, material=solid.part if solid.part in names else "")
                  for solid in self.composition.solids]
        relief = render(solids, self._frame, names)  # of several solids the front one is seen
        seen = np.array(names)[cv2.resize(relief.material, self.size, interpolation=cv2.INTER_NEAREST)]
        return {name: seen == name for name in PARTS}

    def locate_figures(self) -> tuple[list[tuple[int, int, int, int]], list[dict[str, tuple[int, int]]]]:
        """The figures of which something is seen: their boxes (x0, y0, x1, y1), x1 and y1 exclusive, and the places
        (x, y) of their joints in the picture, hidden ones too, in pixels. "left" and "right" are the figure's own."""
        h, w = self._owner.shape
        scale, offset = self._frame.scale / OVERSIZE, self._frame.offset / OVERSIZE
        boxes, keypoints = [], []
        for number, (joints, back) in enumerate(zip(self.composition.joints, self.composition.backs, strict=True)):
            ys, xs = np.nonzero(self._owner == number)
            if not len(xs):
                continue
            boxes.append((int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1))
            # The picture's left is a figure's own right, unless it turns its back.
            places = {name if back else mirror(name): point[:2] * scale + offset for name, point in joints.items()}
            keypoints.append({name: (int(x), int(y)) for name, (x, y) in places.items() if 0 <= x < w and 0 <= y < h})
        return boxes, keypoints

    def _render(self, figures: bool, attributes: bool) -> Relief:
        solids = self.composition.solids
        # A medium draws numbers for every material: with all of the composition's, what it draws next stays the same.
        materials = tuple(dict.fromkeys(solid.material for solid in solids))
        shown = [solid for solid in solids if (figures if solid.owner >= 0 else attributes)]
        return render(shown, self._frame, materials)


def paint_versions(pose: str, rng: Generator) -> Iterator[Version]:
    """An artwork in all CONDITIONS, each painted when asked for; "linked", after "whole", has the background LINKED."""
    artwork, linked = Artwork(pose, rng), LINKED[pose]
    other = str(rng.choice([kind for kind in BACKGROUNDS if kind not in (linked, artwork.background)]))
    whole = artwork.paint()
    yield Version("whole", artwork.background, whole)
    yield Version("linked", linked, artwork.paint(linked))
    yield Version("figure only", "", np.where(artwork.mask[..., None], whole, np.uint8(GREY)))
    yield Version("background only", linked, artwork.paint(linked, figures=False, attributes=False))
    yield Version("figure removed", linked, artwork.paint(linked, figures=False))
    yield Version("background swapped", other, artwork.paint(other))


def _break_off(composition: Composition, medium: str, rng: Generator) -> Composition:
    """Statues have lost limbs: one figure in five an arm, a foot or its head; the spear goes with an arm."""
    lost = set()
    for figure in range(len(composition.joints)):
        part, breaks = str(rng.choice(BREAKABLE)), rng.random() < 0.2
        if breaks and medium in ("marble", "terracotta"):
            lost |= {(figure, part), (figure, part.replace("_arm", "_forearm"))}
            if "arm" in part:
                lost.add((ATTRIBUTE, "spear"))
    return replace(composition, solids=[solid for solid in composition.solids if (solid.owner, solid.part) not in lost])


def _choose_frame(composition: Composition, rng: Generator) -> Frame:
    """Mostly all of the figures, one time in five a closer crop."""
    figures = [solid for solid in composition.solids if solid.owner >= 0 and not solid.box]
    ends = np.array([(solid.start[:2], solid.end[:2]) for solid in figures])
    reach = np.array([max(solid.r0, solid.r1) for solid in figures])[:, None, None]
    low, high = (ends - reach).min(axis=(0, 1)), (ends + reach).max(axis=(0, 1))
    aspect = np.clip(composition.aspect * rng.lognormal(0, 0.15), 0.5, 1.9)
    long_side = LONG_SIDE * OVERSIZE
    size = np.array([long_side * aspect, long_side] if aspect < 1 else [long_side, long_side / aspect]).astype(int)
    scale = (size / (high - low)).min() / rng.uniform(1.05, 1.4)
    middle = (low + high) / 2
    if rng.random() < 0.22:
        scale *= rng.uniform(1.2, 1.6)
        middle -= (0, rng.uniform(0, 0.22) * (high - low)[1])
    offset = size * (0.5 + rng.normal(0, 0.04, 2)) - middle * scale
    return Frame((int(size[1]), int(size[0])), float(scale), offset)


def _age(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Time and the photographer: fading, stains, uneven light, black and white, grain. Returns uint8."""
    h, w = picture.shape[:2]
    picture = picture ** rng.uniform(0.85, 1.2) * rng.uniform(0.85, 1.05) + rng.uniform(0, 0.06)
    if rng.random() < 0.25:
        stains = np.clip(noise((h, w), 90, rng) - 0.5, 0, 0.6)
        picture = picture * (1 - stains[..., None] * (0.4, 0.5, 0.65))
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    picture = picture * (1 - rng.uniform(0, 0.25) * (x**2 + y**2) / 2)[..., None]
    if rng.random() < 0.12:
        picture = picture.mean(axis=2, keepdims=True).repeat(3, axis=2)
    picture = picture + rng.normal(0, rng.uniform(0.003, 0.014), (h, w, 1))
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)
