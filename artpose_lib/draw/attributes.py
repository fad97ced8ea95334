"""What figures carry, stand on, lie on and are bound to, as solids that belong to no figure and to no mask."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from artpose_lib.draw.garments import SOLES
from artpose_lib.draw.skeleton import Joints, direction
from artpose_lib.draw.solids import Solid, ball, rod, slab

# Where arrows strike: the two joints between which they do, how thick the body is there, how often.
TARGETS = (("waist", "neck", 0.5, 0.36), ("pelvis", "waist", 0.5, 0.26),
           ("left_hip", "left_knee", 0.3, 0.12), ("right_hip", "right_knee", 0.3, 0.12),
           ("left_shoulder", "left_elbow", 0.2, 0.07), ("right_shoulder", "right_elbow", 0.2, 0.07))


def plinth(rng: Generator, width: float) -> Iterator[Solid]:
    """One to three steps of stone below the feet."""
    kind = {"material": str(rng.choice(["stone", "rock"])), "part": "base", "blend": 0.02}
    top, half = SOLES + 0.12, width * rng.uniform(0.9, 1.15)
    for step in range(rng.integers(1, 4)):
        high = rng.uniform(0.1, 0.5)
        middle, thick = top + high, (0.7 + 0.2 * step) / high
        yield slab((-half, middle, -0.9), (half, middle, -0.9), high, depth=thick, **kind)
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
    kind = {"material": "stone", "part": "trunk"}
    radius, foot = rng.uniform(0.4, 0.55), SOLES + 0.1
    top = (x, foot - rng.uniform(7.5, 10), -1.0)
    left, right = (x - 1.4 * radius, foot - 0.1, -1.0), (x + 1.4 * radius, foot - 0.1, -1.0)
    yield rod((x, foot, -1.0), top, radius * 1.1, radius, folds=rng.choice([0.0, 9.0]), **kind)
    yield slab(left, right, 0.22, depth=2.5, **kind)


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
        yield rod(start, end, 0.045, material="gold", part="halo")


def cross() -> Iterator[Solid]:
    """The empty cross behind a Pieta."""
    yield rod((0, SOLES, -2.2), (0, -7, -2.2), 0.28, material="wood")
    yield rod((-3, -4.6, -2.2), (3, -4.6, -2.2), 0.25, material="wood")


def fan(hand: np.ndarray) -> Iterator[Solid]:
    """The palmette fan in a Tanagra's hand."""
    yield rod(hand, hand + (-0.1, 0.5, 0.1), 0.13, 0.3, material="rose", part="fan", depth=0.3)


def couch(joints: Joints, rng: Generator) -> Iterator[Solid]:
    """A mattress along the body, a sheet (or a rock) hanging down from it, cushions at the head."""
    points = np.array(list(joints.values()))
    left, right = points[:, 0].min(), points[:, 0].max()
    floor = max(joints["pelvis"][1], joints["right_knee"][1]) + 0.75
    material = str(rng.choice(["white", "white", "red", "green", "rock"]))
    sheet = {"material": material, "part": "couch", "blend": 0.1}
    middle, half = (left + right) / 2, (right - left) / 2 + rng.uniform(0.2, 0.8)
    hem = (middle + rng.normal(0, 0.04), floor + rng.uniform(1.0, 1.8), -0.4)
    hanging = {**sheet, "folds": rng.uniform(9, 16), "depth": 0.5 / half}
    yield rod((left - 0.4, floor, -0.5), (right + 0.5, floor + 0.1, -0.5), 0.55, folds=2, **sheet)
    yield slab((middle, floor + 0.1, -0.4), hem, half, **hanging)
    cushion = {"material": str(rng.choice(["red", "white", "gold", "green"])), "part": "couch", "folds": 3}
    for _ in range(rng.integers(1, 4)):
        x, y, _ = (joints["head"] + joints["neck"]) / 2 + (rng.normal(-0.2, 0.35), rng.uniform(0.3, 0.9), 0)
        yield rod((x - 0.6, y - 0.1, -0.8), (x + 0.7, (y + floor) / 2, -0.8), 0.62, **cushion)
