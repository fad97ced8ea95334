"""Solids of limbs, cloth and attributes, and the relief (height field) that they make when seen from the front.

Lengths are in head heights, x to the right, y down, z towards the viewer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

FAR = -1e4  # height where nothing stands
ATTRIBUTE = -1  # owner of a solid that belongs to no figure: spear, tree, couch, plinth
NOTHING = -2  # owner of a pixel where nothing stands

Point = Sequence[float] | np.ndarray  # (x, y, z)


class Frame(NamedTuple):
    """The canvas of a composition."""

    shape: tuple[int, int]  # (h, w)
    scale: float  # pixels a head height
    offset: np.ndarray  # where the origin lies (x, y)


@dataclass(frozen=True)
class Solid:
    """A capsule from `start` to `end` (x, y, z) with radii `r0` and `r1`."""

    start: tuple[float, ...]
    end: tuple[float, ...]
    r0: float
    r1: float
    material: str = "skin"
    part: str = ""  # what breaks off together
    owner: int = ATTRIBUTE  # or a figure's number
    depth: float = 1.0  # of its bulge towards the viewer, as a share of its radius
    blend: float = 0.18  # how softly it melts into other solids of the same owner
    swell: float = 0.0  # by which it is thicker a third of the way along, as a muscle is
    folds: float = 0.0  # of drapery, across it
    slant: float = 0.0  # of the folds against its axis, in degrees
    box: bool = False  # a bevelled slab with square ends instead
    carve: bool = False  # a groove pressed into its owner instead


def rod(start: Point, end: Point, r0: float, r1: float | None = None, **kind: Any) -> Solid:
    """A capsule; `r1` is `r0` unless given, `kind` the other fields of a Solid."""
    return Solid(tuple(start), tuple(end), r0, r0 if r1 is None else r1, **kind)


def ball(centre: Point, radius: float, **kind: Any) -> Solid:
    return rod(centre, centre, radius, **kind)


def slab(start: Point, end: Point, r0: float, r1: float | None = None, **kind: Any) -> Solid:
    """A flat piece with square ends: a plinth, or cloth that hangs down to a hem."""
    return rod(start, end, r0, r1, box=True, **kind)


@dataclass(frozen=True)
class Relief:
    """What is seen of solids; all arrays are (h, w)."""

    height: np.ndarray  # float32, pixels, or FAR
    material: np.ndarray  # int16, an index into `materials`, or -1
    owner: np.ndarray  # int16, a figure's number, ATTRIBUTE or NOTHING
    covered: np.ndarray  # bool: something stands here
    materials: tuple[str, ...]


def render(solids: Sequence[Solid], frame: Frame, materials: tuple[str, ...]) -> Relief:
    """The Relief of `solids`; `materials` are those of these and may be more."""
    height = np.full(frame.shape, FAR, np.float32)
    material = np.full(frame.shape, -1, np.int16)
    owner = np.full(frame.shape, NOTHING, np.int16)
    for solid in solids:
        window = _window(solid, frame)
        inside, surface = _surface(solid, window, frame)
        here, owners = height[window], owner[window]  # views: writing to them writes to the canvas
        same = owners == solid.owner
        if solid.carve:
            here -= np.where(inside & same, surface, 0)
            continue
        softness = np.where(same, solid.blend, 0.02) * frame.scale
        melt = np.maximum(softness - np.abs(surface - here), 0) ** 2 / (4 * softness)  # a polynomial smooth maximum
        front = inside & (surface > here)
        here[:] = np.where(inside, np.maximum(surface, here) + melt, here)
        material[window][front] = materials.index(solid.material)
        owners[front] = solid.owner
    return Relief(height, material, owner, owner != NOTHING, materials)


def _window(solid: Solid, frame: Frame) -> tuple[slice, slice]:
    """The rows and columns that the solid can touch; none of them if it lies outside the canvas."""
    ends = np.array([solid.start, solid.end])[:, 1::-1]  # (y, x)
    reach = max(solid.r0, solid.r1) + solid.swell
    low = ((ends.min(axis=0) - reach) * frame.scale + frame.offset[::-1]).astype(int)
    high = ((ends.max(axis=0) + reach) * frame.scale + frame.offset[::-1]).astype(int) + 2
    return tuple(slice(*span) for span in np.clip([low, high], 0, frame.shape).T)


def _surface(solid: Solid, window: tuple[slice, slice], frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Where the solid is, and how high its surface (for a groove: how deep), in pixels, on the window's grid."""
    scale = np.float32(frame.scale)
    rows, columns = np.ogrid[window]
    y, x = (rows - frame.offset[1]) / scale, (columns - frame.offset[0]) / scale
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
