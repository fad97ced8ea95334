"""Solids of limbs, cloth and attributes, and the relief (height field) that they make when seen from the front.

Lengths are in head heights, x to the right, y down, z towards the viewer. A relief is what every medium shades: marble
lights it, an engraving hatches along it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FAR = -1e4  # height where nothing stands
ATTRIBUTE = -1  # owner of a solid that belongs to no figure: spear, tree, couch, plinth
NOTHING = -2  # owner of a pixel where nothing stands

Point = Sequence[float] | np.ndarray  # (x, y, z)
Window = tuple[slice, slice]  # rows and columns of a canvas


@dataclass(frozen=True)
class Solid:
    """A capsule from `start` to `end` (x, y, z) with radii `r0` and `r1`, all in head heights.

    `owner` is the figure's number or ATTRIBUTE; `part` names what can break off together. `depth` flattens (< 1) or
    deepens its bulge towards the viewer. `blend` is how softly it melts into other solids of the same owner. `swell`
    thickens it a third of the way along, as a muscle does. `folds` is the number of drapery folds across it; `slant`
    turns them against its axis, in degrees. A `box` is a bevelled slab with square ends. With `carve` it presses a
    groove instead.
    """

    start: tuple[float, ...]
    end: tuple[float, ...]
    r0: float
    r1: float
    material: str = "skin"
    part: str = ""
    owner: int = ATTRIBUTE
    depth: float = 1.0
    blend: float = 0.18
    swell: float = 0.0
    folds: float = 0.0
    slant: float = 0.0
    box: bool = False
    carve: bool = False


def rod(start: Point, end: Point, r0: float, r1: float | None = None, **kind: Any) -> Solid:
    """A capsule; `r1` is `r0` unless given, `kind` the other fields of a Solid."""
    return Solid(tuple(start), tuple(end), r0, r0 if r1 is None else r1, **kind)


def ball(centre: Point, radius: float, **kind: Any) -> Solid:
    """A sphere."""
    return rod(centre, centre, radius, **kind)


def slab(start: Point, end: Point, r0: float, r1: float | None = None, **kind: Any) -> Solid:
    """A flat piece with square ends: a plinth, or cloth that hangs down to a hem."""
    return rod(start, end, r0, r1, box=True, **kind)


@dataclass(frozen=True)
class Relief:
    """What is seen of solids; all arrays are (h, w).

    `height` float32 in pixels, FAR where there is background; `material` int16, an index into `materials`, -1 for
    background; `owner` int16: the figure's number, ATTRIBUTE or NOTHING.
    """

    height: np.ndarray
    material: np.ndarray
    owner: np.ndarray
    materials: tuple[str, ...]

    @property
    def covered(self) -> np.ndarray:
        """bool (h, w): where something stands."""
        return self.owner != NOTHING


def render(solids: Sequence[Solid], shape: tuple[int, int], scale: float, offset: np.ndarray) -> Relief:
    """The Relief of `solids` on a canvas `shape` (h, w), at `scale` pixels a head height from `offset` (x, y)."""
    materials = tuple(dict.fromkeys(solid.material for solid in solids))
    height = np.full(shape, FAR, np.float32)
    material = np.full(shape, -1, np.int16)
    owner = np.full(shape, NOTHING, np.int16)
    for solid in solids:
        window = _window(solid, shape, scale, offset)
        if window is None:
            continue
        inside, surface = _surface(solid, window, scale, offset)
        here, owners = height[window], owner[window]  # views: writing to them writes to the canvas
        same = owners == solid.owner
        if solid.carve:
            here -= np.where(inside & same, surface, 0)
            continue
        softness = np.where(same, solid.blend, 0.02) * scale
        # The polynomial smooth maximum.
        melt = np.maximum(softness - np.abs(surface - here), 0) ** 2 / (4 * softness)
        front = inside & (surface > here)
        here[:] = np.where(inside, np.maximum(surface, here) + melt, here)
        material[window][front] = materials.index(solid.material)
        owners[front] = solid.owner
    return Relief(height, material, owner, materials)


def _window(solid: Solid, shape: tuple[int, int], scale: float, offset: np.ndarray) -> Window | None:
    """The rows and columns that the solid can touch, or None if it lies outside the canvas."""
    reach = max(solid.r0, solid.r1) + solid.swell
    slices = []
    for axis, size in ((1, shape[0]), (0, shape[1])):
        ends = solid.start[axis], solid.end[axis]
        low = max(int((min(ends) - reach) * scale + offset[axis]), 0)
        high = min(int((max(ends) + reach) * scale + offset[axis]) + 2, size)
        if low >= high:
            return None
        slices.append(slice(low, high))
    return tuple(slices)


def _surface(solid: Solid, window: Window, scale: float, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the solid is, and how high its surface (for a groove: how deep), in pixels, on the window's grid."""
    scale = np.float32(scale)
    rows, columns = (np.arange(span.start, span.stop, dtype=np.float32) for span in window)
    y, x = (rows[:, None] - offset[1]) / scale, (columns[None, :] - offset[0]) / scale
    dx, dy, dz = (np.float32(solid.end[i] - solid.start[i]) for i in range(3))
    from_x, from_y = x - np.float32(solid.start[0]), y - np.float32(solid.start[1])
    length = np.sqrt(np.maximum(dx * dx + dy * dy, np.float32(1e-6)))
    along = (from_x * dx + from_y * dy) / length
    across = (from_x * dy - from_y * dx) / length
    t = np.clip(along / length, 0, 1)
    radius = solid.r0 + (solid.r1 - solid.r0) * t + 6.75 * solid.swell * t * (1 - t) ** 2
    if solid.box:
        edge = np.minimum(radius - np.abs(across), np.minimum(along, length - along))
        rise = radius * np.sqrt(np.clip(edge / 0.06, 0, 1))
    else:
        edge = radius**2 - (from_x - t * dx) ** 2 - (from_y - t * dy) ** 2
        rise = np.sqrt(np.maximum(edge, 0))
    if solid.carve:
        return edge > 0, scale * solid.depth * rise**2 / radius
    surface = solid.start[2] + dz * t + solid.depth * rise
    if solid.folds:
        surface = surface + _folds(solid, across / radius, along / radius, x, y)
    return edge > 0, (scale * surface).astype(np.float32)


def _folds(solid: Solid, across: np.ndarray, along: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Drapery: rounded ridges with sharp valleys that wander and fade, shallower than they are wide."""
    wander = 0.8 * np.sin(1.3 * y + 1.1 * x + 5 * solid.start[0]) + 0.35 * np.sin(3.7 * y - 2.3 * x)
    slant = np.radians(solid.slant)
    course = np.arcsin(np.clip(across, -1, 1)) * np.cos(slant) + along * np.sin(slant)
    phase = course * solid.folds + wander + solid.start[1]
    ridge = np.abs(np.sin(phase)) + 0.4 * np.abs(np.sin(1.7 * phase + 0.8 * y))
    fade = 0.7 + 0.3 * np.sin(0.9 * y + 2 * x + 3 * solid.r0)
    return 0.42 * min(max(solid.r0, solid.r1) / solid.folds, 0.3) * (ridge * fade - 0.8)
