"""How an artwork is made: marble, terracotta, oil or engraving, from a relief in its light and a background."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from artpose_lib.draw.backgrounds import COLOURS, noise
from artpose_lib.draw.body import unit
from artpose_lib.draw.solids import Relief


class Shading(NamedTuple):
    """Light on a relief; pictures of it are float32 (h, w), 0 to 1."""

    light: np.ndarray  # a unit vector (x, y, z) towards it
    diffuse: np.ndarray  # with soft cast shadows and the darkening of hollows
    highlight: np.ndarray
    outline: np.ndarray  # 1 where depth jumps


def paint(medium: str, relief: Relief, behind: np.ndarray, rng: Generator) -> np.ndarray:
    """The `relief` in `medium` before the background `behind`; both pictures float32 (h, w, 3) RGB in 0 to 1."""
    return np.clip(_PAINTERS[medium](relief, _shade(relief, rng), behind, rng), 0, 1).astype(np.float32)


def _shade(relief: Relief, rng: Generator) -> Shading:
    """The relief in a light that comes from above, from the left or the right."""
    light = (rng.choice([-1, 1]) * rng.uniform(0.35, 0.75), -rng.uniform(0.3, 0.7), rng.uniform(0.55, 0.9))
    light = unit(np.array(light))
    floor = relief.height[relief.covered].min() if relief.covered.any() else 0.0
    height = np.where(relief.covered, relief.height, floor).astype(np.float32)
    size = max(height.shape)
    # Soft flesh, but crisp where depth jumps.
    gy, gx = np.gradient(cv2.bilateralFilter(height, 7, 0.02 * size, 2.0))
    slope = np.sqrt(gx**2 + gy**2 + 1)
    half = unit(light + (0, 0, 1))
    lambert, highlight = (np.maximum((v[2] - gx * v[0] - gy * v[1]) / slope, 0) for v in (light, half))
    radius = size / 40
    hollow = np.clip((cv2.GaussianBlur(height, (0, 0), radius) - height) / (2.5 * radius), 0, 1)
    diffuse = lambert * (1 - 0.6 * _cast_shadow(height, light)) * (1 - 0.55 * hollow)
    outline = np.clip((np.hypot(gx, gy) - 1.7) / 3, 0, 1)
    return Shading(light, diffuse.astype(np.float32), highlight.astype(np.float32), outline.astype(np.float32))


def _cast_shadow(height: np.ndarray, light: np.ndarray) -> np.ndarray:
    """How much of the light is blocked at each pixel, 0 to 1, by walking from it towards the light."""
    h, w = height.shape
    blocked = np.zeros_like(height)
    for step in range(1, 9):
        way = max(h, w) / 6 * step / 8
        shift = np.float32([[1, 0, -round(way * light[0])], [0, 1, -round(way * light[1])]])
        towards = cv2.warpAffine(height, shift, (w, h), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        blocked = np.maximum(blocked, towards - height - np.float32(way * light[2]))
    return cv2.GaussianBlur(np.clip(blocked / (0.05 * max(h, w)), 0, 1), (0, 0), 1.5)


def _albedo(relief: Relief, rng: Generator, spread: float) -> np.ndarray:
    """Colour of every pixel's material, a little different in every picture; float32 (h, w, 3)."""
    own = COLOURS | {name: rng.choice(COLOURS[name]) for name in ("hair", "skin")}
    table = np.vstack([own[name] for name in relief.materials] + [(0, 0, 0)])  # the last, index -1, is the background
    table = table * rng.normal(1, spread, table.shape) * rng.normal(1, spread, (len(table), 1))
    return np.clip(table, 0.02, 1)[relief.material].astype(np.float32)


def _over(figure: np.ndarray, behind: np.ndarray, relief: Relief, light: np.ndarray) -> np.ndarray:
    """Figure over background, with a soft edge one pixel wide and a soft shadow on what is behind."""
    size = relief.height.shape[::-1]
    away = -0.06 * max(size) * light
    covered = relief.covered.astype(np.float32)
    moved = cv2.warpAffine(covered, np.float32([[1, 0, away[0]], [0, 1, away[1]]]), size)
    behind = behind * (1 - 0.25 * cv2.GaussianBlur(moved, (0, 0), max(size) / 30))[..., None]
    edge = cv2.GaussianBlur(covered, (0, 0), 0.7)
    edge = np.where(relief.covered, np.clip(2 * edge - 0.8, 0, 1), 0)[..., None]
    return figure * edge + behind * (1 - edge)


def _marble(relief: Relief, shading: Shading, behind: np.ndarray, rng: Generator) -> np.ndarray:
    tone = rng.choice(COLOURS["marble"], p=[0.27, 0.25, 0.15, 0.13, 0.1, 0.1])
    shape = shading.diffuse.shape
    veins = 1 - 0.16 * np.exp(-((noise(shape, 90, rng, 4) / 0.06) ** 2)) + 0.02 * noise(shape, 12, rng, 2)
    grain = (0.82 + 0.18 * _albedo(relief, rng, 0.05).mean(axis=2)) * veins
    lit = 0.25 + 0.85 * shading.diffuse
    polish = rng.uniform(0.1, 0.45) * shading.highlight ** rng.uniform(15, 50)
    figure = tone * (lit * grain)[..., None] + polish[..., None]
    return _over(figure, behind, relief, shading.light)


def _terracotta(relief: Relief, shading: Shading, behind: np.ndarray, rng: Generator) -> np.ndarray:
    shape = shading.diffuse.shape
    tone = rng.choice(COLOURS["clay"])
    patches = 1 + 0.13 * noise(shape, 50, rng, 4) + 0.06 * noise(shape, 3, rng, 1)
    lit = 0.3 + 0.8 * shading.diffuse
    clay = tone * (lit * patches)[..., None]
    # What is left of paint or white slip.
    left = np.clip(noise(shape, 45, rng, 3) * 2 - rng.uniform(-0.2, 1.4), 0, 0.75)[..., None]
    coat = _albedo(relief, rng, 0.1) * 0.6 + 0.4 * 0.8
    figure = clay * (1 - left) + coat * lit[..., None] * left
    cracks = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(0, 5)):
        steps = np.cumsum(rng.normal(0, 6, (25, 2)) + rng.normal(0, 5, 2), axis=0)
        points = (steps + rng.random(2) * (shape[1], shape[0])).astype(np.int32)
        cv2.polylines(cracks, [points], False, 255, 1, cv2.LINE_AA)
    return _over(figure * (1 - 0.55 * (cracks.astype(np.float32) / 255)[..., None]), behind, relief, shading.light)


def _oil(relief: Relief, shading: Shading, behind: np.ndarray, rng: Generator) -> np.ndarray:
    h, w = shading.diffuse.shape
    warm, cool = np.array([1.05, 0.98, 0.88]), np.array([0.75, 0.8, 0.95])
    contrast = rng.uniform(0.75, 1.0)
    lit = (1 - contrast + contrast * shading.diffuse)[..., None]
    colour = _albedo(relief, rng, 0.09) * (0.12 + 1.1 * lit) * (cool + (warm - cool) * lit)
    picture = _over(colour + 0.12 * shading.highlight[..., None] ** 20, behind, relief, shading.light)
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.5, 1.4))
    strokes = noise((h, w // 4) if rng.random() < 0.5 else (h // 4, w), 3, rng, 2)
    strokes = cv2.resize(strokes, (w, h), interpolation=cv2.INTER_LINEAR)
    picture = picture * (1 + rng.uniform(0.04, 0.12) * strokes)[..., None]
    varnish = np.array([1.0, rng.uniform(0.9, 1), rng.uniform(0.68, 0.98)]) * rng.uniform(0.75, 1.05)
    picture = (np.clip(picture * varnish, 0, 1) * 255).astype(np.uint8)
    picture = cv2.medianBlur(picture, int(rng.choice([3, 5]))) / 255
    if rng.random() < 0.4:  # the fine net of cracks in old varnish: borders between the cells of random points
        seeds = np.full((h, w), 255, np.uint8)
        count = h * w // 350
        seeds[rng.integers(0, h, count), rng.integers(0, w, count)] = 0
        _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        border = (cells != np.roll(cells, 1, 0)) | (cells != np.roll(cells, 1, 1))
        picture = picture * (1 - 0.3 * (border * np.clip(noise((h, w), 120, rng, 2), 0, 1)))[..., None]
    return picture


def _engraving(relief: Relief, shading: Shading, behind: np.ndarray, rng: Generator) -> np.ndarray:
    shape = shading.diffuse.shape
    tone = (0.08 + 1.05 * shading.diffuse) * (0.6 + 0.5 * _albedo(relief, rng, 0.05).mean(axis=2))
    sky = behind.mean(axis=2)
    tone = np.where(relief.covered, tone, rng.uniform(0.4, 0.75) + 0.6 * cv2.GaussianBlur(sky, (0, 0), 1))
    ink = _hatch(tone, relief, rng)
    border = cv2.morphologyEx(relief.covered.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    ink = np.maximum(ink, 0.85 * np.maximum(shading.outline * relief.covered, border))[..., None]
    paper, colour = rng.choice(COLOURS["paper"]), rng.choice(COLOURS["ink"], p=[0.6, 0.25, 0.15])
    grain, stains = 0.03 * noise(shape, 5, rng, 2), 0.12 * np.clip(noise(shape, 130, rng, 3) - 0.4, 0, 1)
    return paper * (1 + grain - stains)[..., None] * (1 - ink) + colour * ink


def _hatch(tone: np.ndarray, relief: Relief, rng: Generator) -> np.ndarray:
    """Lines that thicken where it is dark and bend with the relief; two more sets cross them in the shadows."""
    h, w = tone.shape
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    bulge = cv2.GaussianBlur(np.where(relief.covered, relief.height, 0).astype(np.float32), (0, 0), 1.5)
    angle, period = rng.uniform(0, np.pi), rng.uniform(3.6, 5.5)
    tone = cv2.GaussianBlur(tone.astype(np.float32), (0, 0), 1.0)
    ink = np.zeros_like(tone)
    for turn, white in ((0.0, 0.95), (rng.uniform(0.7, 1.4), 0.55), (rng.uniform(1.8, 2.3), 0.28)):
        phase = (x * np.cos(angle + turn) + y * np.sin(angle + turn) + 0.35 * bulge) / period
        distance = 2 * np.abs(phase % 1 - 0.5)
        dark = 0.95 * np.clip((white - tone) / white, 0, 1)
        ink = np.maximum(ink, np.clip((dark - distance) * period / 2, 0, 1))
    return 0.9 * ink


_PAINTERS = {"marble": _marble, "terracotta": _terracotta, "oil": _oil, "engraving": _engraving}
MEDIA = tuple(_PAINTERS)
