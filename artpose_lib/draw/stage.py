"""A drawn artwork taken apart: its figures, attributes and background, with one another and without.

The conditions in which a network can be asked what it knows a picture by, and what each of them still tells:

whole: as `draw_artwork` draws it.
figure only: all but the figures is grey. What they carry, lean on or lie on is gone too, and a rim of a pixel or
    two of the background may be left. No network is trained on flat grey, so some accuracy is lost to that alone.
background only: the background that goes with the class, painted with nothing before it. A hole where the figure
    was, however it is filled, would show the pose by its outline; this has none. It still tells the proportions:
    a reclining figure lies in a wide picture, and the resize to a square squeezes what is painted there.
figure removed: the same background with the tree, arrows, couch and so on, but no figure. They stay where the
    figure had them: a couch is as long as who lay on it.
background swapped: the same figures and attributes before the background that goes with another class.
"""

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from artpose_lib.draw import LINKED
from artpose_lib.draw.artwork import OVERSIZE, _age, _break, _frame
from artpose_lib.draw.backgrounds import BACKGROUNDS, draw_background
from artpose_lib.draw.media import MEDIA, paint
from artpose_lib.draw.poses import compose, view
from artpose_lib.draw.solids import render

CONDITIONS = ("whole", "figure only", "background only", "figure removed", "background swapped")
GREY = 127  # what EfficientNet-Lite0's preprocessing makes zero
PARTS = ("torso", "tree", "arrows", "background")  # what the thesis' Discussion finds in feature maps


class Version(NamedTuple):
    """A drawing in one condition: `image` uint8 (h, w, 3), of one size in all; `background` the kind that is
    shown, "" where none is."""

    name: str
    background: str
    image: np.ndarray


def versions(pose, rng):
    """The drawing that `draw_artwork(pose, rng)` makes in all CONDITIONS, each painted when it is asked for.

    Yields Versions: "whole", then "linked", which is the whole picture before the background that goes with its
    class (see LINKED), then the other conditions in their order.
    """
    stage, linked = Stage(pose, rng), LINKED[pose]
    other = str(rng.choice([kind for kind in BACKGROUNDS if kind not in (linked, stage.background)]))
    whole = stage.paint(stage.background)
    yield Version("whole", stage.background, whole)
    yield Version("linked", linked, stage.paint(linked))
    yield Version("figure only", "", np.where(stage.mask[..., None], whole, np.uint8(GREY)))
    yield Version("background only", linked, stage.paint(linked, figures=False, attributes=False))
    yield Version("figure removed", linked, stage.paint(linked, figures=False))
    yield Version("background swapped", other, stage.paint(other))


class Stage:
    """An artwork of `pose` (a name in POSE_NAMES), ready to be painted as often as one likes.

    It takes its numbers from `rng` in the order of `draw_artwork`, so that `paint(background)` is to the last
    bit the picture that draw_artwork makes of the same state. `background` is the kind drawn by chance;
    `mask` bool (h, w) is True on figures with their hair and garments.
    """

    def __init__(self, pose, rng):
        seed, *self._seeds = rng.integers(2**63, size=4)
        self._medium, self.background = str(rng.choice(MEDIA)), str(rng.choice(BACKGROUNDS))
        scene_rng = np.random.default_rng(seed)
        self._scene = _break(view(compose(pose, scene_rng), scene_rng), self._medium, scene_rng)
        self._frame = _frame(self._scene, scene_rng)
        self._materials = tuple(dict.fromkeys(solid.material for solid in self._scene.solids))
        self._whole = self._relief(figures=True, attributes=True)
        height, width = self._whole.owner.shape
        self._size = (round(width / OVERSIZE), round(height / OVERSIZE))
        self.mask = cv2.resize(self._whole.owner, self._size, interpolation=cv2.INTER_NEAREST) >= 0

    def paint(self, background, figures=True, attributes=True):
        """The picture before a background (in BACKGROUNDS), uint8 (h, w, 3), with what is asked for before it.

        Light, brush strokes, paper and age are the same each time; a shadow goes with what casts it.
        """
        relief = self._whole if figures and attributes else self._relief(figures, attributes)
        medium_rng, background_rng, age_rng = (np.random.default_rng(seed) for seed in self._seeds)
        behind = draw_background(background, relief.owner.shape, background_rng)
        picture = paint(self._medium, relief, behind, medium_rng)
        return _age(cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA), age_rng)

    def parts(self):
        """Where each of PARTS is seen: by its name a bool (h, w), False everywhere where the scene has no such part."""
        named = [replace(solid, material=_part(solid)) for solid in self._scene.solids]
        relief = render(named, *self._frame)  # of several solids the front one is seen, whatever it is made of
        places = dict(zip(relief.materials, range(len(relief.materials)), strict=True)) | {"background": -1}
        seen = cv2.resize(relief.material, self._size, interpolation=cv2.INTER_NEAREST)
        return {name: seen == places[name] if name in places else np.zeros(seen.shape, bool) for name in PARTS}

    def _relief(self, figures, attributes):
        solids = [solid for solid in self._scene.solids if (figures if solid.owner >= 0 else attributes)]
        relief = render(solids, *self._frame)
        # A medium draws numbers for every material it is given. All of the scene's are given here, even those of
        # which nothing is seen, so that the numbers that follow stay the same. The last place is nothing's, -1.
        places = np.array([self._materials.index(name) for name in relief.materials] + [-1], np.int16)
        return replace(relief, material=places[relief.material], materials=self._materials)


def _part(solid):
    """The name among PARTS of what a solid belongs to, "" for all else."""
    if solid.owner >= 0:
        return "torso" if solid.part == "torso" else ""
    return {"arrow": "arrows"}.get(solid.part, "tree" if solid.material == "bark" else "")
