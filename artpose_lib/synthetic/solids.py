"""Solids of limbs, cloth and attributes, and the relief (height field) they make when seen from the front.

A scene is a list of tapered capsules in body units (one unit is the height of a head; x to the right, y down, z towards
the viewer). Their relief is what every medium shades: marble lights it, an engraving hatches along it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

FAR = -1e4  # height where nothing stands
ATTRIBUTE = -1  # owner of a solid that belongs to no figure: spear, tree, couch, plinth


@dataclass(frozen=True)
class Solid:
    """A capsule from `start` to `end` (x, y, z) with radii `r0` and `r1`, all in head heights.

    `swell` thickens it a third of the way along, as a muscle does. `depth` flattens (< 1) or deepens its bulge towards the
    viewer. `blend` is how softly it melts into other solids of the same owner. `folds` is the number of drapery folds
    across it and `slant` turns them against its axis, in degrees. With `carve` it presses a groove of `depth` instead; with `box` it is a bevelled slab with square ends.
    """

    start: tuple
    end: tuple
    r0: float
    r1: float
    material: str = "skin"
    part: str = ""
    owner: int = ATTRIBUTE
    depth: float = 1.0
    blend: float = 0.18
    folds: float = 0.0
    slant: float = 0.0
    swell: float = 0.0
    carve: bool = False
    box: bool = False


@dataclass(frozen=True)
class Relief:
    """What is seen of the solids: all arrays are (h, w).

    `height` float32 in pixels, FAR where there is background; `material` int16 index into `materials`, -1 for background;
    `owner` int16, the figure's number, -1 for an attribute, -2 for background.
    """

    height: np.ndarray
    material: np.ndarray
    owner: np.ndarray
    materials: tuple

    @property
    def covered(self):
        return self.owner > -2


def render(solids, shape, scale, offset):
    """The Relief of `solids` on a canvas of `shape` (h, w); `scale` pixels a head height, `offset` (x, y) of the origin."""
    materials = tuple(dict.fromkeys(solid.material for solid in solids))
    height = np.full(shape, FAR, np.float32)
    material = np.full(shape, -1, np.int16)
    owner = np.full(shape, -2, np.int16)
    for solid in solids:
        window = _window(solid, shape, scale, offset)
        if window is None:
            continue
        bulge, inside, across, along = _bulge(solid, window, scale, offset)
        here, whose = height[window], owner[window]
        if solid.carve:
            here -= np.where(inside & (whose == solid.owner), solid.depth * bulge, 0)
            continue
        if solid.folds:
            bulge = bulge + _folds(solid, across, along, window, scale)
        softness = np.where(whose == solid.owner, solid.blend, 0.02) * scale
        gap = np.abs(bulge - here)
        smooth = np.maximum(softness - gap, 0) ** 2 / (4 * softness)
        front = inside & (bulge > here)
        here[:] = np.where(inside, np.maximum(bulge, here) + smooth, here)
        material[window][front] = materials.index(solid.material)
        whose[front] = solid.owner
    return Relief(height, material, owner, materials)


def _window(solid, shape, scale, offset):
    """The rows and columns that the solid can touch, as two slices, or None if it lies outside the canvas."""
    reach = max(solid.r0, solid.r1)
    slices = []
    for axis, size in ((1, shape[0]), (0, shape[1])):
        ends = solid.start[axis], solid.end[axis]
        low = int((min(ends) - reach) * scale + offset[axis])
        high = int((max(ends) + reach) * scale + offset[axis]) + 2
        low, high = max(low, 0), min(high, size)
        if low >= high:
            return None
        slices.append(slice(low, high))
    return tuple(slices)


def _bulge(solid, window, scale, offset):
    """Height of the solid's surface, where it is, and the position across (-1 to 1) and along it (radii)."""
    ax, ay = (np.float32(solid.start[i] * scale + offset[i]) for i in (0, 1))
    dx, dy = (np.float32((solid.end[i] - solid.start[i]) * scale) for i in (0, 1))
    y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - ay
    x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] - ax
    length = np.sqrt(max(dx * dx + dy * dy, np.float32(1e-3)))
    along = (x * dx + y * dy) / length
    t = np.clip(along / length, 0, 1)
    radius = (solid.r0 + (solid.r1 - solid.r0) * t + 6.75 * solid.swell * t * (1 - t) ** 2) * np.float32(
        scale
    )
    sideways = (x * dy - y * dx) / length
    if solid.box:
        edge = np.minimum(radius - np.abs(sideways), np.minimum(along, length - along))
        rise = radius * np.sqrt(np.clip(edge / (0.06 * scale), 0, 1))
    else:
        edge = radius**2 - (x - t * dx) ** 2 - (y - t * dy) ** 2
        rise = np.sqrt(np.maximum(edge, 0))
    width = np.maximum(radius, 1)
    if solid.carve:
        return rise**2 / width, edge > 0, None, None
    z = (solid.start[2] + (solid.end[2] - solid.start[2]) * t) * np.float32(scale)
    return z + np.float32(solid.depth) * rise, edge > 0, sideways / width, along / width


def _folds(solid, across, along, window, scale):
    """Sharp-crested drapery: ridges along the solid that wander a little, shallower than they are wide."""
    y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] / np.float32(scale)
    x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] / np.float32(scale)
    wander = 0.8 * np.sin(1.3 * y + 1.1 * x + 5 * solid.start[0]) + 0.35 * np.sin(3.7 * y - 2.3 * x)
    slant = np.radians(solid.slant)
    course = np.arcsin(np.clip(across, -1, 1)) * np.cos(slant) + along * np.sin(slant)
    phase = course * solid.folds + wander + solid.start[1]
    ridge = np.abs(np.sin(phase)) + 0.4 * np.abs(np.sin(1.7 * phase + 0.8 * y))
    ridge *= 0.7 + 0.3 * np.sin(0.9 * y + 2 * x + 3 * solid.r0)
    amplitude = 0.42 * scale * min(max(solid.r0, solid.r1) / solid.folds, 0.3)
    return np.float32(amplitude) * (ridge - 0.8)
