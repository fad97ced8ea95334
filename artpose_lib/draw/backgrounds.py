"""What stands behind the figures: six kinds of background, drawn apart from them so that they can be swapped."""

import csv
from importlib.resources import files

import cv2
import numpy as np
from numpy.random import Generator

# The background linked to each pose. All differ, so that where a picture has it, the background tells the pose.
LINKED = {"Antinous": "niche", "Graces": "garden", "Pieta": "paper", "Reclining": "interior",
          "Sebastian": "landscape", "Tanagra": "museum"}

# What is seen or drawn with, and its colours, RGB in 0 to 1, float64 (k, 3); chance takes one of several.
with (files("artpose_lib.draw") / "colours.csv").open(encoding="utf-8", newline="") as table:
    COLOURS = {name: np.array([colour.split() for colour in colours.split(";")], float)
               for name, colours in csv.reader(table) if name != "of"}


def draw_background(kind: str, shape: tuple[int, int], rng: Generator) -> np.ndarray:
    """Colours of the background called `kind` (one of BACKGROUNDS): float32 (h, w, 3) RGB in 0 to 1."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return np.clip(_PAINTERS[kind](x / shape[1], y / shape[0], rng), 0, 1).astype(np.float32)


def noise(shape: tuple[int, int], cell: float, rng: Generator, octaves: int = 3) -> np.ndarray:
    """Smooth random texture in about [-1, 1], float32 (h, w), whose largest blobs are `cell` pixels wide."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        size = max(cell / 2**octave, 1.5)
        grid = rng.normal(0, 0.5, (int(shape[0] / size) + 3, int(shape[1] / size) + 3)).astype(np.float32)
        total += cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC) / 2**octave
    return total


def _mix(a: np.ndarray | tuple, b: np.ndarray | tuple, t: np.ndarray) -> np.ndarray:
    """Colour `a` where `t` (h, w) is 0, `b` where it is 1."""
    return np.asarray(a, np.float32) + (np.asarray(b, np.float32) - np.asarray(a, np.float32)) * t[..., None]


def _museum(x: np.ndarray, y: np.ndarray, rng: Generator) -> np.ndarray:
    """A photographer's backdrop or a gallery wall, with a glow of light, often with a floor."""
    tone = rng.choice(COLOURS["backdrop"])
    distance = (x - rng.uniform(0.3, 0.7)) ** 2 + (y - rng.uniform(0.2, 0.6)) ** 2
    wall = _mix(tone * 0.6, np.minimum(tone * 1.25, 1), np.exp(-distance / rng.uniform(0.15, 0.6)))
    floor = rng.uniform(0.65, 1.4)  # above 1: no floor is seen
    return np.where((y > floor)[..., None], wall * rng.uniform(0.6, 1.3), wall)


def _landscape(x: np.ndarray, y: np.ndarray, rng: Generator) -> np.ndarray:
    """Sky with clouds, three ranges of hills, a few trees; by day or at dusk."""
    horizon = rng.uniform(0.25, 0.65)
    dusk = rng.random()
    top = (1 - dusk) * np.array([0.3, 0.48, 0.72]) + dusk * np.array([0.25, 0.27, 0.35])
    low = (1 - dusk) * np.array([0.85, 0.87, 0.85]) + dusk * np.array([0.9, 0.72, 0.45])
    clouds = (np.clip(noise(x.shape, x.shape[1] / 2, rng, 4) * 1.2, 0, 1) * (y < horizon))[..., None]
    picture = _mix(top, low, np.clip(y / horizon, 0, 1)) * (1 - 0.5 * clouds) + 0.45 * clouds
    for layer in range(3):
        ridge = horizon + 0.1 * layer + 0.12 / (1 + layer) * noise((1, x.shape[1]), x.shape[1] / 3, rng, 4)[0]
        far, near = np.array([0.45, 0.55, 0.6]), np.array([0.28, 0.25, 0.12])
        colour = far + (near - far) * (layer + rng.random()) / 3
        texture = 1 + 0.25 * noise(x.shape, 25, rng, 3)
        picture = np.where((y > ridge)[..., None], colour * texture[..., None], picture)
    for _ in range(rng.integers(0, 4)):
        middle, height = rng.random(), rng.uniform(0.15, 0.5)
        foot = horizon + rng.uniform(0.05, 0.25)
        crown = ((x - middle) ** 2 + (y - foot + height * 0.75) ** 2) / (0.35 * height) ** 2
        trunk = (np.abs(x - middle) < 0.012) & (y < foot) & (y > foot - height * 0.7)
        colour = np.array([0.2, 0.23, 0.1]) * rng.uniform(0.5, 1.3)
        picture[(crown + 0.8 * noise(x.shape, 22, rng) < 1) | trunk] = colour
    return picture


def _garden(x: np.ndarray, y: np.ndarray, rng: Generator) -> np.ndarray:
    """A wall of leaves with light falling through, above a lawn or gravel."""
    leaves = noise(x.shape, rng.uniform(14, 30), rng, 4)
    shade = np.clip(0.5 + 0.45 * noise(x.shape, 120, rng, 2) + 0.4 * leaves, 0, 1)
    hedge = _mix(rng.choice(COLOURS["leaf in shade"]), rng.choice(COLOURS["leaf in light"]), shade)
    ground = rng.choice(COLOURS["ground"]) * (1 + 0.12 * noise(x.shape, 8, rng))[..., None]
    return np.where((y + 0.03 * leaves > rng.uniform(0.7, 0.95))[..., None], ground, hedge)


def _interior(x: np.ndarray, y: np.ndarray, rng: Generator) -> np.ndarray:
    """A dim room: floor, sometimes a window, often a curtain at one side."""
    tone = rng.choice(COLOURS["room"])
    room = _mix(tone * 1.5, tone * 0.5, np.clip(np.hypot(x - rng.random(), y - 0.3), 0, 1))
    room = np.where((y > rng.uniform(0.65, 0.95))[..., None], tone * 1.2, room)
    if rng.random() < 0.4:
        left, top = rng.uniform(0, 0.75), rng.uniform(0.05, 0.2)
        window = (x > left) & (x < left + 0.22) & (y > top) & (y < top + 0.35)
        room = np.where(window[..., None], _mix((0.55, 0.68, 0.8), (0.85, 0.8, 0.6), y * 2), room)
    if rng.random() < 0.75:
        x = x if rng.random() < 0.5 else 1 - x
        cloth = rng.choice(COLOURS["curtain"])
        edge = rng.uniform(0.2, 0.65) + 0.12 * np.sin(3 * y + 6 * rng.random()) - 0.15 * y
        folds = 0.65 + 0.5 * np.abs(np.sin(rng.uniform(14, 26) * x * (1 + 0.25 * y) + 1.5 * np.sin(2.5 * y)))
        room = np.where((x < edge)[..., None], cloth * folds[..., None], room)
    return room


def _niche(x: np.ndarray, y: np.ndarray, rng: Generator) -> np.ndarray:
    """A wall of blocks with an arched niche between two half columns, and a step."""
    stone = rng.choice(COLOURS["wall"])
    joints = np.abs((y * 9) % 1 - 0.5) > 0.47
    light = (1 + 0.12 * noise(x.shape, 40, rng)) * np.where(joints, 0.75, 1)
    middle, half, spring = rng.uniform(0.42, 0.58), rng.uniform(0.25, 0.42), rng.uniform(0.25, 0.45)
    from_spring = np.minimum(y - spring, 0) * x.shape[0] / x.shape[1]
    hollow = (x - middle) / half * rng.choice([-1, 1])
    light = np.where(np.hypot(x - middle, from_spring) < half, 0.45 + 0.3 * hollow, light)
    for side in (-1, 1):
        column = 1 - ((x - middle - side * (half + 0.07)) / 0.05) ** 2
        light = np.where(column > 0, 0.5 + 0.7 * np.sqrt(np.maximum(column, 0)), light)
    light = np.where(y > rng.uniform(0.8, 1.1), 0.9 + 0.08 * noise(x.shape, 40, rng), light)
    return stone * light[..., None]


def _paper(x: np.ndarray, y: np.ndarray, rng: Generator) -> np.ndarray:
    """A sheet, toned or stained, with nothing on it."""
    tone = rng.choice(COLOURS["sheet"])
    stains = np.clip(noise(x.shape, 120, rng) - 0.4, 0, 1)
    return tone * (1 + 0.03 * noise(x.shape, 6, rng, 2) - 0.15 * stains)[..., None]


_PAINTERS = {"museum": _museum, "landscape": _landscape, "garden": _garden, "interior": _interior, "niche": _niche,
             "paper": _paper}
BACKGROUNDS = tuple(_PAINTERS)
