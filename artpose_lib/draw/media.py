"""How a scene is made: marble, terracotta, oil or engraving, from a relief and a background."""

import cv2
import numpy as np

from artpose_lib.draw.backgrounds import noise
from artpose_lib.draw.shading import shade

MEDIA = ("marble", "terracotta", "oil", "engraving")

# Colours of materials in an oil painting, RGB in 0 to 1; prints and marble use only how light they are.
COLOURS = {
    "ashen": (0.76, 0.68, 0.56),
    "nipple": (0.72, 0.45, 0.38),
    "lip": (0.66, 0.33, 0.3),
    "eye": (0.2, 0.14, 0.12),
    "white": (0.88, 0.85, 0.78),
    "red": (0.62, 0.14, 0.11),
    "rose": (0.72, 0.4, 0.38),
    "green": (0.22, 0.34, 0.2),
    "gold": (0.8, 0.62, 0.25),
    "blue": (0.13, 0.25, 0.55),
    "darkblue": (0.1, 0.15, 0.32),
    "black": (0.1, 0.1, 0.12),
    "wood": (0.36, 0.24, 0.14),
    "bark": (0.32, 0.25, 0.17),
    "metal": (0.6, 0.6, 0.62),
    "stone": (0.66, 0.62, 0.56),
    "rock": (0.42, 0.37, 0.3),
    "rope": (0.55, 0.45, 0.3),
    "blood": (0.5, 0.05, 0.04),
    "chiton": (0.8, 0.72, 0.6),
    "mantle": (0.62, 0.45, 0.5),
}
HAIR = ((0.16, 0.1, 0.07), (0.3, 0.19, 0.11), (0.45, 0.25, 0.12), (0.68, 0.5, 0.25), (0.5, 0.47, 0.43))
SKIN = ((0.86, 0.66, 0.52), (0.9, 0.76, 0.65), (0.75, 0.52, 0.38), (0.55, 0.37, 0.26))


def paint(medium, relief, behind, rng):
    """The `relief` in `medium` before the background `behind`; both pictures float32 (h, w, 3) RGB in 0 to 1."""
    light = np.array(
        [rng.choice([-1, 1]) * rng.uniform(0.35, 0.75), -rng.uniform(0.3, 0.7), rng.uniform(0.55, 0.9)]
    )
    light = light / np.linalg.norm(light)
    painter = {"marble": _marble, "terracotta": _terracotta, "oil": _oil, "engraving": _engraving}[medium]
    return np.clip(painter(relief, behind, light, rng), 0, 1).astype(np.float32)


def _albedo(relief, rng, spread):
    """Colour of every pixel's material, a little different in every picture; float32 (h, w, 3)."""
    own = COLOURS | {"hair": HAIR[rng.integers(len(HAIR))], "skin": SKIN[rng.integers(len(SKIN))]}
    table = np.array(
        [own[name] for name in relief.materials] + [(0, 0, 0)]
    )  # the last, index -1, is the background
    table = table * rng.normal(1, spread, table.shape) * rng.normal(1, spread, (len(table), 1))
    return np.clip(table, 0.02, 1)[relief.material].astype(np.float32)


def _over(figure, behind, relief, light):
    """Figure over background, with a soft edge one pixel wide and a soft shadow on what is behind."""
    size = relief.height.shape[::-1]
    away = -0.06 * max(size) * light
    moved = cv2.warpAffine(
        relief.covered.astype(np.float32), np.float32([[1, 0, away[0]], [0, 1, away[1]]]), size
    )
    behind = behind * (1 - 0.25 * cv2.GaussianBlur(moved, (0, 0), max(size) / 30))[..., None]
    edge = cv2.GaussianBlur(relief.covered.astype(np.float32), (0, 0), 0.7)
    edge = np.where(relief.covered, np.clip(2 * edge - 0.8, 0, 1), 0)[..., None]
    return figure * edge + behind * (1 - edge)


def _marble(relief, behind, light, rng):
    diffuse, highlight, _ = shade(relief, light)
    tones = [
        (0.93, 0.92, 0.9),
        (0.9, 0.86, 0.78),
        (0.82, 0.82, 0.82),
        (0.78, 0.72, 0.64),
        (0.3, 0.32, 0.28),
        (0.24, 0.2, 0.17),
    ]
    tone = np.array(tones[rng.choice(6, p=[0.27, 0.25, 0.15, 0.13, 0.1, 0.1])])
    shape = diffuse.shape
    veins = 1 - 0.16 * np.exp(-((noise(shape, 90, rng, 4) / 0.06) ** 2)) + 0.02 * noise(shape, 12, rng, 2)
    grain = (0.82 + 0.18 * _albedo(relief, rng, 0.05).mean(axis=2)) * veins
    lit = 0.25 + 0.85 * diffuse
    polish = rng.uniform(0.1, 0.45) * highlight ** rng.uniform(15, 50)
    figure = tone * (lit * grain)[..., None] + polish[..., None]
    return _over(figure, behind, relief, light)


def _terracotta(relief, behind, light, rng):
    diffuse, _, _ = shade(relief, light)
    shape = diffuse.shape
    tones = [(0.76, 0.5, 0.34), (0.7, 0.42, 0.27), (0.8, 0.62, 0.46), (0.6, 0.43, 0.33), (0.75, 0.68, 0.58)]
    tone = np.array(tones[rng.integers(len(tones))])
    patches = 1 + 0.13 * noise(shape, 50, rng, 4) + 0.06 * noise(shape, 3, rng, 1)
    clay = tone * ((0.3 + 0.8 * diffuse) * patches)[..., None]
    left = np.clip(noise(shape, 45, rng, 3) * 2 - rng.uniform(-0.2, 1.4), 0, 0.75)[
        ..., None
    ]  # what is left of paint or white slip
    paint_layer = _albedo(relief, rng, 0.1) * 0.6 + 0.4 * 0.8
    figure = clay * (1 - left) + paint_layer * (0.3 + 0.8 * diffuse)[..., None] * left
    return _over(
        figure * (1 - 0.55 * _cracks(shape, rng, rng.integers(0, 5)))[..., None], behind, relief, light
    )


def _cracks(shape, rng, count):
    """Thin wandering lines, 0 to 1."""
    lines = np.zeros(shape, np.uint8)
    for _ in range(count):
        steps = np.cumsum(rng.normal(0, 6, (25, 2)) + rng.normal(0, 5, 2), axis=0)
        points = (steps + rng.random(2) * (shape[1], shape[0])).astype(np.int32)
        cv2.polylines(lines, [points], False, 255, 1, cv2.LINE_AA)
    return lines.astype(np.float32) / 255


def _oil(relief, behind, light, rng):
    diffuse, highlight, _ = shade(relief, light)
    shape = diffuse.shape
    warm, cool = np.array([1.05, 0.98, 0.88]), np.array([0.75, 0.8, 0.95])
    contrast = rng.uniform(0.75, 1.0)
    lit = (1 - contrast + contrast * diffuse)[..., None]
    figure = (
        _albedo(relief, rng, 0.09) * (0.12 + 1.1 * lit) * (cool + (warm - cool) * lit)
        + 0.12 * highlight[..., None] ** 20
    )
    picture = _over(figure, behind, relief, light)
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.5, 1.4))
    strokes = (
        noise((shape[0], shape[1] // 4), 3, rng, 2)
        if rng.random() < 0.5
        else noise((shape[0] // 4, shape[1]), 3, rng, 2)
    )
    strokes = cv2.resize(strokes, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    picture = picture * (1 + rng.uniform(0.04, 0.12) * strokes)[..., None]
    varnish = np.array([1.0, rng.uniform(0.9, 1), rng.uniform(0.68, 0.98)]) * rng.uniform(0.75, 1.05)
    picture = (
        cv2.medianBlur((np.clip(picture * varnish, 0, 1) * 255).astype(np.uint8), int(rng.choice([3, 5])))
        / 255
    )
    if rng.random() < 0.4:
        picture = picture * (1 - 0.3 * _craquelure(shape, rng))[..., None]
    return picture


def _craquelure(shape, rng):
    """The fine net of cracks in old varnish: borders between the cells of random points, 0 to 1."""
    seeds = np.full(shape, 255, np.uint8)
    count = shape[0] * shape[1] // 350
    seeds[rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)] = 0
    _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    border = (cells != np.roll(cells, 1, 0)) | (cells != np.roll(cells, 1, 1))
    return border * np.clip(noise(shape, 120, rng, 2), 0, 1)


def _engraving(relief, behind, light, rng):
    diffuse, _, outline = shade(relief, light)
    shape = diffuse.shape
    tone = (0.08 + 1.05 * diffuse) * (0.6 + 0.5 * _albedo(relief, rng, 0.05).mean(axis=2))
    sky = behind.mean(axis=2)
    tone = np.where(relief.covered, tone, rng.uniform(0.4, 0.75) + 0.6 * cv2.GaussianBlur(sky, (0, 0), 1))
    ink = _hatching(tone, relief, rng)
    border = cv2.morphologyEx(relief.covered.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    ink = np.maximum(ink, 0.85 * np.maximum(outline * relief.covered, border))
    papers, inks = (
        [(0.92, 0.87, 0.76), (0.87, 0.85, 0.8), (0.84, 0.74, 0.58)],
        [(0.1, 0.09, 0.08), (0.28, 0.17, 0.1), (0.35, 0.13, 0.08)],
    )
    paper, colour = np.array(papers[rng.integers(3)]), np.array(inks[rng.choice(3, p=[0.6, 0.25, 0.15])])
    sheet = (
        paper
        * (1 + 0.03 * noise(shape, 5, rng, 2) - 0.12 * np.clip(noise(shape, 130, rng, 3) - 0.4, 0, 1))[
            ..., None
        ]
    )
    return sheet * (1 - ink[..., None]) + colour * ink[..., None]


def _hatching(tone, relief, rng):
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
