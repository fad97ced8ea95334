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

    `depth` flattens (< 1) or deepens its bulge towards the viewer. `blend` is how softly it melts into other solids of the
    same owner. `folds` is the number of drapery folds across it. With `carve`, it presses a groove of `depth` instead.
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
    carve: bool = False


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
        bulge, inside, across = _bulge(solid, window, scale, offset)
        here, whose = height[window], owner[window]
        if solid.carve:
            here -= np.where(inside & (whose == solid.owner), solid.depth * bulge, 0)
            continue
        if solid.folds:
            bulge = bulge + _folds(solid, across, window, scale)
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
    """Height of the solid's surface, where it is, and the position across it (-1 to 1), on the window's pixels."""
    ax, ay = (np.float32(solid.start[i] * scale + offset[i]) for i in (0, 1))
    dx, dy = (np.float32((solid.end[i] - solid.start[i]) * scale) for i in (0, 1))
    y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] - ay
    x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] - ax
    length2 = max(dx * dx + dy * dy, np.float32(1e-3))
    along = np.clip((x * dx + y * dy) / length2, 0, 1)
    radius = (solid.r0 + (solid.r1 - solid.r0) * along) * np.float32(scale)
    square = radius**2 - (x - along * dx) ** 2 - (y - along * dy) ** 2
    inside = square > 0
    rise = np.sqrt(np.maximum(square, 0))
    across = (x * dy - y * dx) / np.sqrt(length2) / np.maximum(radius, 1)
    if solid.carve:
        return rise, inside, across
    z = (solid.start[2] + (solid.end[2] - solid.start[2]) * along) * np.float32(scale)
    return z + np.float32(solid.depth) * rise, inside, across


def _folds(solid, across, window, scale):
    """Sharp-crested drapery: ridges along the solid that wander a little, shallower than they are wide."""
    y = np.arange(window[0].start, window[0].stop, dtype=np.float32)[:, None] / np.float32(scale)
    x = np.arange(window[1].start, window[1].stop, dtype=np.float32)[None, :] / np.float32(scale)
    wander = 0.5 * np.sin(1.9 * y + 1.3 * x + 5 * solid.start[0]) + 0.25 * np.sin(4.1 * y - 2.3 * x)
    ridge = np.abs(np.sin(np.arcsin(np.clip(across, -1, 1)) * solid.folds + wander + solid.start[1]))
    amplitude = 0.55 * scale * max(solid.r0, solid.r1) / solid.folds
    return np.float32(amplitude) * (ridge - 0.6)


def shade(relief, light):
    """Diffuse light, highlight and outline of a relief: three float32 (h, w) arrays in 0 to 1.

    `light` is a unit vector (x, y, z) towards the light. The diffuse part holds soft cast shadows and the darkening
    of hollows; the outline is 1 where depth jumps.
    """
    floor = relief.height[relief.covered].min() if relief.covered.any() else 0.0
    height = np.where(relief.covered, relief.height, floor).astype(np.float32)
    smooth = cv2.GaussianBlur(height, (0, 0), 0.8)
    gy, gx = np.gradient(smooth)
    norm = np.sqrt(gx**2 + gy**2 + 1)
    lambert = np.maximum((-gx * light[0] - gy * light[1] + light[2]) / norm, 0)
    half = np.asarray(light) + (0, 0, 1)
    half = half / np.linalg.norm(half)
    highlight = np.maximum((-gx * half[0] - gy * half[1] + half[2]) / norm, 0)
    radius = max(height.shape) / 40
    hollow = np.clip((cv2.GaussianBlur(height, (0, 0), radius) - height) / (2.5 * radius), 0, 1)
    diffuse = lambert * (1 - 0.6 * cast_shadow(height, light)) * (1 - 0.55 * hollow)
    outline = np.clip((np.hypot(gx, gy) - 2.5) / 4, 0, 1)
    return diffuse.astype(np.float32), highlight.astype(np.float32), outline.astype(np.float32)


def cast_shadow(height, light, steps=10):
    """How much of the light is blocked at each pixel, 0 to 1, by walking from it towards the light."""
    h, w = height.shape
    blocked = np.zeros_like(height)
    reach = max(h, w) / 6
    for step in range(1, steps + 1):
        way = reach * step / steps
        dx, dy = int(round(way * light[0])), int(round(way * light[1]))
        shift = np.float32([[1, 0, -dx], [0, 1, -dy]])
        towards = cv2.warpAffine(height, shift, (w, h), borderMode=cv2.BORDER_REPLICATE)
        blocked = np.maximum(blocked, towards - height - way * light[2])
    return cv2.GaussianBlur(np.clip(blocked / (0.05 * max(h, w)), 0, 1), (0, 0), 1.5)
