"""What figures wear, as solids. Garments belong to their figure and are part of its mask."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import Generator

from artpose_lib.draw.skeleton import OUT, SIDES, Joints
from artpose_lib.draw.solids import Solid, ball, rod, slab

SOLES = 3.85  # from the pelvis of a standing figure down to its soles, in head heights


def _cloth(material: str, owner: int, blend: float = 0.15) -> dict[str, Any]:
    return {"material": str(material), "owner": owner, "part": "cloth", "blend": blend}


def loincloth(joints: Joints, owner: int, rng: Generator) -> Iterator[Solid]:
    """White cloth round the hips, knotted at one side."""
    left, right = joints["left_hip"], joints["right_hip"]
    cloth = _cloth("white", owner, 0.08)
    middle, side = (left + right) / 2 + (0, 0.25, 0.35), rng.choice([-1, 1])
    knot = (left if side < 0 else right) + (side * 0.35, -0.1, 0.25)
    tail = knot + (side * rng.uniform(0.0, 0.4), rng.uniform(0.6, 1.6), 0)
    yield rod(left + (-0.1, 0, 0.2), right + (0.1, 0, 0.2), 0.38, folds=4, slant=12, **cloth)
    yield rod(middle, middle + (0.1, rng.uniform(0.2, 0.7), 0), 0.4, 0.28, folds=4, slant=20, **cloth)
    yield slab(knot, tail, 0.14, 0.3, folds=3, depth=0.6, **cloth)


def chlamys(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """A short cloak over one shoulder, hanging down behind it."""
    shoulder = joints[rng.choice(["left", "right"]) + "_shoulder"]
    cloth = _cloth(rng.choice(["red", "white", "green"]), 0, 0.08)
    hem = shoulder + (np.sign(shoulder[0]) * 0.35, rng.uniform(2.2, 4.0), -0.35)
    yield slab(shoulder + (0, -0.15, -0.1), hem, 0.3, 0.55, folds=5, depth=0.5, **cloth)
    yield rod(joints["neck"] + (0, 0.1, 0.15), shoulder + (0, 0.05, 0.12), 0.2, 0.27, folds=3, **cloth)


def drape(joints: Joints, owner: int, rng: Generator) -> Iterator[Solid]:
    """Cloth round the hips and along one leg, as the Venus of Milo wears it."""
    hip, knee, ankle = (joints[f"right_{name}"] for name in ("hip", "knee", "ankle"))
    left = joints["left_hip"] + (-0.05, 0.2, 0.2)
    cloth = _cloth(rng.choice(["white", "red", "green", "blue"]), owner)
    yield rod(left, hip + (0.1, 0.1, 0.2), 0.36, folds=4, slant=15, **cloth)
    if rng.random() < 0.7:
        low = knee + rng.uniform(0.3, 0.8) * (ankle - knee)
        yield rod(hip + 0.15 * OUT, knee + 0.12 * OUT, 0.42, 0.32, folds=4, slant=25, **cloth)
        yield slab(knee + 0.1 * OUT, low, 0.33, 0.42, folds=4, depth=0.7, **cloth)


def himation(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """The long chiton with upright folds, and the mantle drawn tight and slantwise over body and arms."""
    under, over = rng.choice(["chiton", "mantle", "rose", "blue", "white", "gold", "green"], 2, replace=False)
    chiton, mantle = _cloth(under, 0, 0.35), _cloth(over, 0, 0.3)
    pelvis, waist, neck, knee = (joints[name] for name in ("pelvis", "waist", "neck", "right_knee"))
    middle = (joints["left_ankle"][0] + joints["right_ankle"][0]) / 2
    flare, shin = rng.uniform(0.85, 1.15), (joints["right_ankle"][0], SOLES - 0.4, 0.1)
    yield slab(pelvis, (middle, SOLES + 0.05, 0), 0.66, flare, folds=rng.uniform(7, 11), depth=0.6, **chiton)
    yield rod(pelvis, (middle, SOLES - 0.45, 0), 0.68, 0.75, folds=rng.uniform(6, 10), **chiton)
    yield rod(joints["right_hip"] + (0, 0.3, 0.1), knee + (0, 0, 0.25), 0.42, 0.3, folds=2, slant=30, **chiton)
    yield rod(knee + (0, 0, 0.25), shin, 0.3, 0.34, folds=3, **chiton)
    low, side = rng.uniform(0.3, 2.2), rng.choice([-1.0, 1.0])
    slant = side * rng.uniform(25, 55)
    left, right = joints["left_shoulder"] + (0.12, 0.1, 0), joints["right_shoulder"] + (-0.12, 0.1, 0)
    end = (side * 0.85, low + rng.uniform(0, 1.2), 0.2)
    yield rod(waist + (0, 0.2, 0), neck + (0, 0.55, 0), 0.6, folds=5, slant=slant, **mantle)
    yield rod(pelvis + (0, low, 0.05), waist, 0.74, 0.62, folds=5, slant=slant, **mantle)
    yield rod(left, right, 0.3, folds=3, slant=40, **mantle)
    yield slab((side * 0.72, -2.0, 0.2), end, 0.2, 0.42, folds=4, depth=0.6, **mantle)
    yield from _sleeve(joints, "left", 0.3, mantle)
    yield from _sleeve(joints, "right", 0.3, mantle)


def _sleeve(joints: Joints, side: str, radius: float, cloth: dict[str, Any]) -> Iterator[Solid]:
    shoulder, elbow, wrist = (joints[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    yield rod(shoulder + (0, 0.05, 0), elbow, radius, radius - 0.01, folds=3, slant=30, **cloth)
    yield rod(elbow, elbow + 0.78 * (wrist - elbow), radius - 0.02, 0.21, folds=3, slant=40, **cloth)


def headdress(joints: Joints, kind: str) -> Iterator[Solid]:
    """On a Tanagra's head: a "veil" drawn up from the mantle, or the pointed sun "hat" that some of them wear."""
    head, neck = joints["head"], joints["neck"]
    if kind == "veil":
        cloth = {"material": "mantle", "owner": 0, "part": "head", "blend": 0.15, "folds": 4}
        yield ball(head + (0, -0.15, -0.12), 0.48, **cloth)
        yield rod(head + (0, 0, -0.2), neck + (0, 0.2, -0.1), 0.45, 0.6, **cloth)
        return
    straw = {"material": "gold", "owner": 0, "part": "head", "blend": 0.02}
    yield rod(head + (-0.5, -0.38, 0.4), head + (0.5, -0.38, 0.4), 0.09, **straw)
    yield rod(head + (0, -0.5, 0.35), head + (0, -0.9, 0.3), 0.3, 0.04, **straw)


def marian_robe(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """The seated Virgin's robe, and over it the mantle, mostly blue, from her head to the ground."""
    robe = _cloth(rng.choice(["red", "rose", "blue"]), 0, 0.2)
    mantle = _cloth(rng.choice(["blue", "blue", "blue", "darkblue", "black"]), 0, 0.2)
    spread = rng.uniform(1.0, 1.35)  # of the knees
    head, low, hem = joints["head"], SOLES - 0.7, SOLES + 0.1
    yield rod((0, 0, -0.2), joints["neck"] + (0, 0.45, 0), 0.85, 0.55, folds=6, **robe)
    for side, sign in SIDES:
        shoulder, knee = joints[f"{side}_shoulder"], (sign * spread, 0.35, 1.0)
        edge = (sign * (spread + 0.85), low, -0.2)
        yield rod((sign * 0.4, -0.1, 0.0), knee, 0.75, 0.72, folds=4, **mantle)
        yield rod(knee, (sign * spread * 1.15, low, 0.8), 0.72, 0.75, folds=5, **mantle)
        yield rod(shoulder + (0, 0.1, -0.1), edge, 0.42, 0.75, folds=6, **mantle)
        yield rod(head + (sign * 0.3, -0.05, -0.02), shoulder - (sign * 0.15, 0, 0), 0.2, 0.33, folds=3, **mantle)
        yield from _sleeve(joints, side, 0.36, mantle)
    yield slab((0, 0.9, 0.45), (0, hem, 0.45), spread + 0.5, spread + 0.9, folds=14, depth=0.35, **mantle)
    yield slab((0, 0.3, 0.55), (0, hem, 0.75), 0.7, 0.85, folds=7, depth=0.7, **robe)
    wimple = {**mantle, "material": "white", "blend": 0.03}
    yield ball(head + (0, -0.17, -0.1), 0.5, folds=3, **mantle)
    yield ball(head + (0, -0.12, -0.05), 0.42, folds=3, **wimple)
