"""What figures wear, carry, stand on, lie on and are bound to, as solids.

Garments belong to their figure and are part of its mask; the other attributes belong to no figure and to no mask.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.random import Generator

from artpose_lib.draw.body import OUT, SIDES, Joints, direction
from artpose_lib.draw.solids import Solid, ball, rod, slab

SOLES = 3.85  # from the pelvis of a standing figure down to its soles, in head heights
# Where arrows strike: the two joints between which they do, how thick the body is there, how often.
TARGETS = (("waist", "neck", 0.5, 0.36), ("pelvis", "waist", 0.5, 0.26),
           ("left_hip", "left_knee", 0.3, 0.12), ("right_hip", "right_knee", 0.3, 0.12),
           ("left_shoulder", "left_elbow", 0.2, 0.07), ("right_shoulder", "right_elbow", 0.2, 0.07))


def loincloth(joints: Joints, owner: int, rng: Generator) -> Iterator[Solid]:
    """White cloth round the hips, knotted at one side."""
    left, right = joints["left_hip"], joints["right_hip"]
    cloth = {"material": "white", "owner": owner, "blend": 0.08}
    middle, side = (left + right) / 2 + (0, 0.25, 0.35), rng.choice([-1, 1])
    knot = (left if side < 0 else right) + (side * 0.35, -0.1, 0.25)
    tail = knot + (side * rng.uniform(0.0, 0.4), rng.uniform(0.6, 1.6), 0)
    yield rod(left + (-0.1, 0, 0.2), right + (0.1, 0, 0.2), 0.38, folds=4, slant=12, **cloth)
    yield rod(middle, middle + (0.1, rng.uniform(0.2, 0.7), 0), 0.4, 0.28, folds=4, slant=20, **cloth)
    yield slab(knot, tail, 0.14, 0.3, folds=3, depth=0.6, **cloth)


def chlamys(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """A short cloak over one shoulder, hanging down behind it."""
    shoulder = joints[rng.choice(["left", "right"]) + "_shoulder"]
    cloth = {"material": rng.choice(["red", "white", "green"]), "owner": 0, "blend": 0.08}
    hem = shoulder + (np.sign(shoulder[0]) * 0.35, rng.uniform(2.2, 4.0), -0.35)
    yield slab(shoulder + (0, -0.15, -0.1), hem, 0.3, 0.55, folds=5, depth=0.5, **cloth)
    yield rod(joints["neck"] + (0, 0.1, 0.15), shoulder + (0, 0.05, 0.12), 0.2, 0.27, folds=3, **cloth)


def drape(joints: Joints, owner: int, rng: Generator) -> Iterator[Solid]:
    """Cloth round the hips and along one leg, as the Venus of Milo wears it."""
    hip, knee, ankle = (joints[f"right_{name}"] for name in ("hip", "knee", "ankle"))
    left = joints["left_hip"] + (-0.05, 0.2, 0.2)
    cloth = {"material": rng.choice(["white", "red", "green", "blue"]), "owner": owner, "blend": 0.15}
    yield rod(left, hip + (0.1, 0.1, 0.2), 0.36, folds=4, slant=15, **cloth)
    if rng.random() < 0.7:
        low = knee + rng.uniform(0.3, 0.8) * (ankle - knee)
        yield rod(hip + 0.15 * OUT, knee + 0.12 * OUT, 0.42, 0.32, folds=4, slant=25, **cloth)
        yield slab(knee + 0.1 * OUT, low, 0.33, 0.42, folds=4, depth=0.7, **cloth)


def himation(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """The long chiton with upright folds, and the mantle drawn tight and slantwise over body and arms."""
    under, over = rng.choice(["chiton", "mantle", "rose", "blue", "white", "gold", "green"], 2, replace=False)
    chiton = {"material": under, "owner": 0, "blend": 0.35}
    mantle = {"material": over, "owner": 0, "blend": 0.3}
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
    """On a Tanagra's head: a "veil" drawn up from the mantle, the pointed sun "hat" that some wear, or nothing."""
    head = joints["head"]
    if kind == "veil":
        cloth = {"material": "mantle", "owner": 0, "part": "head", "blend": 0.15, "folds": 4}
        yield ball(head + (0, -0.15, -0.12), 0.48, **cloth)
        yield rod(head + (0, 0, -0.2), joints["neck"] + (0, 0.2, -0.1), 0.45, 0.6, **cloth)
    if kind == "hat":
        straw = {"material": "gold", "owner": 0, "part": "head", "blend": 0.02}
        yield rod(head + (-0.5, -0.38, 0.4), head + (0.5, -0.38, 0.4), 0.09, **straw)
        yield rod(head + (0, -0.5, 0.35), head + (0, -0.9, 0.3), 0.3, 0.04, **straw)


def marian_robe(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """The seated Virgin's robe, and over it the mantle, mostly blue, from her head to the ground."""
    robe = {"material": rng.choice(["red", "rose", "blue"]), "owner": 0, "blend": 0.2}
    mantle = {**robe, "material": rng.choice(["blue", "blue", "blue", "darkblue", "black"])}
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


def plinth(rng: Generator, width: float) -> Iterator[Solid]:
    """One to three steps of stone below the feet."""
    material = rng.choice(["stone", "rock"])
    top, half = SOLES + 0.12, width * rng.uniform(0.9, 1.15)
    for step in range(rng.integers(1, 4)):
        high = rng.uniform(0.1, 0.5)
        middle, thick = top + high, (0.7 + 0.2 * step) / high
        yield slab((-half, middle, -0.9), (half, middle, -0.9), high, depth=thick, material=material, blend=0.02)
        top, half = top + 2 * high, half * rng.uniform(1.05, 1.2)


def spear(joints: Joints, side: str, rng: Generator) -> Iterator[Solid]:
    """A spear from the ground through the hand of one side."""
    lean = direction(rng.normal(0, 7))
    elbow, wrist = joints[f"{side}_elbow"], joints[f"{side}_wrist"]
    hand = wrist + 0.3 * (wrist - elbow) / np.linalg.norm(wrist - elbow) + (0, 0, 0.12)
    top = hand - rng.uniform(2.0, 4.2) * lean
    socket = top - 0.15 * lean
    yield rod(hand + lean * (SOLES - hand[1]), top, 0.055, material="wood", part="spear")
    yield rod(top, socket, 0.06, 0.14, material="metal", part="spear")
    yield rod(socket, top - 0.55 * lean, 0.14, 0.02, material="metal", part="spear")


def tree(rng: Generator, x: float, height: float) -> Iterator[Solid]:
    """A tree trunk behind or beside the figure, with stubs of branches."""
    kind = {"material": "bark", "part": "tree", "folds": rng.uniform(5, 9)}
    radius, bend = rng.uniform(0.3, 0.5), rng.normal(0, 0.3)
    foot, top = np.array((x, SOLES + 0.1, -0.9)), np.array((x, SOLES - height, -0.9))
    middle = (foot + top) / 2 + (bend, 0, 0)
    yield rod(foot, middle, radius * 1.25, radius, **kind)
    yield rod(middle, top, radius, radius * 0.85, **kind)
    for _ in range(rng.integers(0, 4) if height > 5 else 1):
        fork = foot + rng.uniform(0.4, 0.95) * (top - foot) + (bend / 2, 0, 0)
        branch = rng.uniform(0.7, 1.8) * direction(rng.choice([-1, 1]) * rng.uniform(30, 70))
        yield rod(fork, fork - branch, 0.2, 0.1, **kind)


def column(rng: Generator, x: float) -> Iterator[Solid]:
    """A plain or fluted column behind the figure."""
    radius, foot = rng.uniform(0.4, 0.55), SOLES + 0.1
    top = (x, foot - rng.uniform(7.5, 10), -1.0)
    left, right = (x - 1.4 * radius, foot - 0.1, -1.0), (x + 1.4 * radius, foot - 0.1, -1.0)
    yield rod((x, foot, -1.0), top, radius * 1.1, radius, folds=rng.choice([0.0, 9.0]), material="stone")
    yield slab(left, right, 0.22, depth=2.5, material="stone")


def arrow(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """An arrow in the body, with a wound at its point and feathers at its end."""
    start, end, thick, _ = TARGETS[rng.choice(len(TARGETS), p=[target[-1] for target in TARGETS])]
    wound = joints[start] + rng.uniform(0.15, 0.8) * (joints[end] - joints[start])
    wound = wound + (rng.uniform(-0.8, 0.8) * (thick - 0.2), 0, 0.7 * thick)
    way = direction(rng.choice([-1, 1]) * rng.uniform(50, 150), rng.uniform(15, 50))
    tail = wound + rng.uniform(1.2, 2.0) * way
    sideways = np.array([-way[1], way[0], 0]) * 0.1
    yield rod(wound, tail, 0.05, material="wood", part="arrows")
    yield ball(wound, 0.12, material="blood", part="arrows")
    for feather in (sideways, -sideways):
        yield rod(tail - 0.4 * way + feather, tail + feather, 0.06, material="white", part="arrows")


def ropes(joints: Joints) -> Iterator[Solid]:
    """Rope round both wrists."""
    for wrist in (joints["left_wrist"], joints["right_wrist"]):
        yield rod(wrist - (0.12, 0, -0.1), wrist + (0.12, 0.05, 0.1), 0.07, material="rope")


def halo(head: np.ndarray) -> Iterator[Solid]:
    """A thin ring of gold behind the head."""
    ring = [head + (0.75 * np.cos(a), 0.75 * np.sin(a) - 0.1, -0.35) for a in np.linspace(0, 2 * np.pi, 25)]
    for start, end in pairwise(ring):
        yield rod(start, end, 0.045, material="gold")


def cross() -> Iterator[Solid]:
    """The empty cross behind a Pieta."""
    yield rod((0, SOLES, -2.2), (0, -7, -2.2), 0.28, material="wood")
    yield rod((-3, -4.6, -2.2), (3, -4.6, -2.2), 0.25, material="wood")


def fan(hand: np.ndarray) -> Iterator[Solid]:
    """The palmette fan in a Tanagra's hand."""
    yield rod(hand, hand + (-0.1, 0.5, 0.1), 0.13, 0.3, material="rose", depth=0.3)


def couch(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """A mattress along the body, a sheet (or a rock) hanging down from it, cushions at the head."""
    points = np.array(list(joints.values()))
    left, right = points[:, 0].min(), points[:, 0].max()
    floor = max(joints["pelvis"][1], joints["right_knee"][1]) + 0.75
    sheet = {"material": rng.choice(["white", "white", "red", "green", "rock"]), "blend": 0.1}
    middle, half = (left + right) / 2, (right - left) / 2 + rng.uniform(0.2, 0.8)
    hem = (middle + rng.normal(0, 0.04), floor + rng.uniform(1.0, 1.8), -0.4)
    hanging = {**sheet, "folds": rng.uniform(9, 16), "depth": 0.5 / half}
    yield rod((left - 0.4, floor, -0.5), (right + 0.5, floor + 0.1, -0.5), 0.55, folds=2, **sheet)
    yield slab((middle, floor + 0.1, -0.4), hem, half, **hanging)
    cushion = {"material": rng.choice(["red", "white", "gold", "green"]), "folds": 3}
    for _ in range(rng.integers(1, 4)):
        x, y, _ = (joints["head"] + joints["neck"]) / 2 + (rng.normal(-0.2, 0.35), rng.uniform(0.3, 0.9), 0)
        yield rod((x - 0.6, y - 0.1, -0.8), (x + 0.7, (y + floor) / 2, -0.8), 0.62, **cushion)
