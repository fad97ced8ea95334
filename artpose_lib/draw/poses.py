"""The six poses as compositions: figures with the attributes that Section 2.1 of the thesis names, drawn by chance.

They are composed in one direction (the Pieta's Christ has his head to the picture's left, and so on), and half of them
mirrored in the end. A standing figure's pelvis is at the origin.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from artpose_lib.draw import attributes
from artpose_lib.draw.body import FEMALE, MALE, Build, Joints, Limb, Posture, Reach, direction, nude
from artpose_lib.draw.solids import Solid


@dataclass(frozen=True)
class Composition:
    """What a pose is composed of. A figure's number is the `owner` of its solids."""

    solids: list[Solid]
    joints: list[Joints]  # of each figure
    backs: list[bool]  # whether each figure is seen from behind
    aspect: float  # the width by height that suits them


def compose(pose: str, rng: Generator) -> Composition:
    """A Composition of the pose; every proportion, angle and attribute is drawn from `rng`."""
    composition = _COMPOSERS[pose](rng)
    # Seen from a slightly different side: turned about the vertical, tilted, mirrored half of the time.
    yaw, roll = np.radians(rng.normal(0, 11)), np.radians(rng.normal(0, 2.0))
    flip = rng.choice([-1.0, 1.0])
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    move = tilt @ np.diag([flip, 1, 1]) @ turn
    solids = [replace(solid, start=tuple(move @ solid.start), end=tuple(move @ solid.end))
              for solid in composition.solids]
    joints = [{mirror(name) if flip < 0 else name: move @ point for name, point in figure.items()}
              for figure in composition.joints]
    return replace(composition, solids=solids, joints=joints)


def mirror(name: str) -> str:
    """The joint of the other side: "left_knee" for "right_knee"; "neck" stays "neck"."""
    return "_".join({"left": "right", "right": "left"}.get(word, word) for word in name.split("_"))


def _perhaps(rng: Generator, chance: float, make: Callable[..., Iterator[Solid]], *arguments: object) -> list[Solid]:
    """The solids that `make` yields for the arguments, or, as chance has it, none."""
    return [*make(*arguments)] if rng.random() < chance else []


def _vary(build: Build, rng: Generator) -> Build:
    """The same build, leaner or heavier, and wider or narrower in the shoulders."""
    weight = rng.uniform(0.88, 1.14)
    return replace(build, shoulders=build.shoulders * rng.uniform(0.94, 1.08), waist=build.waist * weight,
                   chest=build.chest * (1 + weight) / 2, arm=build.arm * weight, thigh=build.thigh * (1 + weight) / 2)


def _contrapposto(rng: Generator, amount: float, mirrored: bool = False) -> dict[str, object]:
    """Legs, feet and tilts of a Posture: the weight on the picture's left leg, or right if `mirrored`."""
    free = rng.uniform(8, 18) * amount
    weight_leg = (3 + 3 * amount + rng.normal(0, 1.5), 0, 1 + 2 * amount, 0)
    free_leg = (free, 14, free * 0.1 - 4 + rng.normal(0, 3), -18)
    hips, shoulders = (6 + rng.uniform(0, 5)) * amount, -(3 + rng.uniform(0, 7)) * amount
    feet = (-22 + rng.normal(0, 6), 32 + rng.normal(0, 8))
    side = -1 if mirrored else 1
    legs = [(side * thigh, tilt, side * shin, shin_tilt) for thigh, tilt, shin, shin_tilt in (weight_leg, free_leg)]
    feet = [side * angle for angle in feet]
    return {"legs": legs[::side], "hips": side * hips, "shoulders": side * shoulders, "feet": feet[::side]}


def _antinous(rng: Generator) -> Composition:
    stance = _contrapposto(rng, rng.uniform(0.8, 1.3))
    hand = rng.choice([-1, 1])  # the side of the spear
    if rng.random() < 0.5:
        grip = (hand * rng.uniform(1.5, 1.9), rng.uniform(-3.3, -2.6), 0.2)
    else:
        grip = (hand * rng.uniform(1.2, 1.6), rng.uniform(-1.3, -0.7), 0.9)
    rest = -hand * rng.uniform(5, 16)
    resting = (rest, 0, rest * rng.uniform(-0.6, 0.8), 14)
    if rng.random() < 0.25:  # hand on hip
        resting = Reach((-hand * 0.85, -0.1, 0.3), hand)
    arms = (Reach(grip, 1), resting) if hand < 0 else (resting, Reach(grip, -1))
    posture = Posture((0, 0, 0), arms, nod=rng.normal(0, 8), turn=rng.uniform(-0.9, 0.9), **stance)
    solids, joints = nude(posture, _vary(MALE, rng), 0, rng, hair="short", beard=rng.random() < 0.15)
    solids += _perhaps(rng, 0.72, attributes.spear, joints, "left" if hand < 0 else "right", rng)
    if rng.random() < 0.45:  # a strut, as marble copies of bronzes have, or a whole tree
        solids += attributes.tree(rng, -hand * rng.uniform(0.3, 0.9), rng.uniform(2.0, 9.0))
    solids += _perhaps(rng, 0.3, attributes.chlamys, joints, rng)
    solids += _perhaps(rng, 0.15, attributes.loincloth, joints, 0, rng)
    solids += _perhaps(rng, 0.7, attributes.plinth, rng, 1.2)
    return Composition(solids, [joints], [False], rng.uniform(0.5, 0.8))


def _sebastian(rng: Generator) -> Composition:
    stance = _contrapposto(rng, rng.uniform(0.8, 1.4))
    bend, cross = rng.normal(24, 4, 2), rng.normal(38, 6, 2)
    behind = ((-bend[0], -22, cross[0], -32), (bend[1], -22, -cross[1], -32))
    x, y = rng.normal(0, 0.4), rng.normal(-4.9, 0.2)
    above = (Reach((x, y, -0.4), -1), Reach((x + 0.15, y, -0.35), 1))
    arms = [behind, above, (behind[0], above[1])][rng.choice(3, p=[0.5, 0.3, 0.2])]
    nod = rng.choice([-1, 1]) * rng.uniform(6, 30)
    posture = Posture((0, 0, 0), arms, nod=nod, turn=rng.uniform(-1, 1), **stance)
    solids, joints = nude(posture, _vary(MALE, rng), 0, rng, hair=rng.choice(["short", "long"]))
    solids += attributes.ropes(joints)
    bound_to = rng.choice(["tree", "column", "nothing"], p=[0.5, 0.35, 0.15])
    if bound_to == "tree":
        solids += attributes.tree(rng, rng.normal(0, 0.3), rng.uniform(8, 13))
    if bound_to == "column":
        solids += attributes.column(rng, rng.normal(0, 0.3))
    solids += _perhaps(rng, 0.7, attributes.loincloth, joints, 0, rng)
    solids += _perhaps(rng, 0.3, attributes.halo, joints["head"])
    for _ in range(rng.choice(7, p=[0.1, 0.08, 0.2, 0.22, 0.2, 0.12, 0.08])):
        solids += attributes.arrow(joints, rng)
    solids += _perhaps(rng, 0.6, attributes.plinth, rng, 1.2)
    return Composition(solids, [joints], [False], rng.uniform(0.5, 0.8))


def _graces(rng: Generator) -> Composition:
    gap = rng.uniform(1.5, 1.95)
    xs = rng.normal(0, 0.1, 3) + (-gap, 0, gap)
    middle_in_front = rng.random() < 0.6
    solids, joints, backs = [], [], []
    for owner, place in enumerate((0, 2, 1)):  # left, right, middle
        inward = (1 - place) * rng.choice([0.8, 0.8, -0.8])  # one in three looks away
        back = bool(place == 1 and rng.random() < 0.93)
        pelvis = (xs[place], rng.normal(0, 0.08), 0.35 if (place == 1) == middle_in_front else -0.35)
        arms = _grace_arms(place, xs, rng)
        lean, nod = 3 * (1 - place) + rng.normal(0, 2), -9 * inward + rng.normal(0, 6)
        stance = _contrapposto(rng, rng.uniform(0.6, 1.2), mirrored=rng.random() < 0.5)
        posture = Posture(pelvis, arms, lean=lean, nod=nod, turn=inward, back=back, **stance)
        hair = rng.choice(["bun", "long"], p=[0.67, 0.33])
        body, bones = nude(posture, _vary(FEMALE, rng), owner, rng, hair)
        solids += body + _perhaps(rng, 0.2, attributes.drape, bones, owner, rng)
        joints, backs = [*joints, bones], [*backs, back]
    solids += _perhaps(rng, 0.65, attributes.plinth, rng, gap + 1.0)
    return Composition(solids, joints, backs, rng.uniform(0.75, 1.05))


def _grace_arms(place: int, xs: np.ndarray, rng: Generator) -> tuple[Limb | Reach, Limb | Reach]:
    """Arms of the Grace at `place` in `xs`: inner hands lie on a neighbour, outer hands hang or are held up."""
    if place == 1:
        return _embrace(xs[0], -1, rng), _embrace(xs[2], 1, rng)
    outer = place - 1
    free = (outer * rng.uniform(4, 18), 5, outer * rng.uniform(-10, 15), 20)
    if rng.random() < 0.45:
        hand = (xs[place] + outer * rng.uniform(1.0, 1.7), rng.uniform(-2.8, -1.2), 0.6)
        free = Reach(hand, -outer, 0.3)
    inner = _embrace(xs[1], -outer, rng)
    return (free, inner) if outer < 0 else (inner, free)


def _embrace(x: float, way: int, rng: Generator) -> Reach:
    """An arm to the picture's left (`way` -1) or right (1): on a shoulder, or the waist, of the Grace at `x`."""
    height = -2.3 if rng.random() < 0.8 else -0.9
    point = (x + rng.uniform(-0.6, 0.6), rng.normal(height, 0.1), rng.choice([-0.3, 0.5]))
    return Reach(point, -way * rng.uniform(0.1, 1), rng.uniform(0.4, 1.0))


def _pieta(rng: Generator) -> Composition:
    virgin, mary = _virgin(rng)
    christ, jesus = _dead_christ(rng)
    solids = virgin + christ
    solids += _perhaps(rng, 0.9, attributes.loincloth, jesus, 1, rng)
    solids += _perhaps(rng, 0.3, attributes.halo, mary["head"])
    solids += _perhaps(rng, 0.15, attributes.cross)
    solids += _perhaps(rng, 0.6, attributes.plinth, rng, 2.6)
    return Composition(solids, [mary, jesus], [False, False], rng.uniform(0.7, 1.1))


def _virgin(rng: Generator) -> tuple[list[Solid], Joints]:
    """Mary seated, her face and hands alone bare."""
    nod = rng.uniform(-22, 22)
    arms = ((-22, 20, -55, 35), (rng.uniform(12, 40), 20, rng.uniform(10, 110), 40))
    legs = ((-30, 55, 5, 0), (30, 55, -5, 0))
    turn = float(np.clip(-nod / 20 - 0.3, -1, 1))
    posture = Posture((0, 0, -0.3), arms, legs, lean=rng.normal(0, 6), nod=nod, turn=turn)
    body, joints = nude(posture, _vary(FEMALE, rng), 0, rng, hair="none")
    bare = [solid for solid in body if solid.part in ("head", "left_forearm", "right_forearm")]
    return [*bare, *attributes.marian_robe(joints, rng)], joints


def _dead_christ(rng: Generator) -> tuple[list[Solid], Joints]:
    """Christ across her lap: head fallen back to the left, one arm hanging down, legs down to the right."""
    lap = rng.uniform(1.35, 1.65)  # how far in front of Mary he lies
    hanging = (rng.uniform(-6, 14), 10, rng.uniform(-4, 10), 5)
    on_body = Reach((rng.normal(0.35, 0.15), rng.normal(-1.0, 0.15), lap + 0.75), -1)
    pelvis = (rng.uniform(0.0, 0.35), rng.normal(-0.35, 0.1), lap)
    legs = ((rng.uniform(72, 92), 12, rng.uniform(8, 30), -5), (rng.uniform(66, 86), 18, rng.uniform(14, 38), -5))
    posture = Posture(pelvis, (hanging, on_body), legs, lean=-rng.uniform(45, 75), nod=-rng.uniform(5, 35),
                      turn=rng.uniform(-0.5, 0.4), hips=rng.normal(0, 4), shoulders=rng.normal(0, 4), feet=(40, 50))
    body, joints = nude(posture, _vary(MALE, rng), 1, rng, hair="long", beard=rng.random() < 0.85)
    return [replace(s, material="ashen") if s.material == "skin" else s for s in body], joints


def _reclining(rng: Generator) -> Composition:
    lean = -rng.uniform(52, 84)
    neck = 2.4 * direction(180 - lean)
    lower = (rng.uniform(20, 80), 30, rng.uniform(60, 110), 20)
    arms = {
        "hand in lap": (lower, (70, 30, 60, 10)),
        "arm along": (lower, (100, 10, 85, 5)),
        "arm behind head": (lower, Reach(neck + (-1.0, -0.75, -0.1), -1)),
        "propped": (Reach(neck + (-0.9, 0.5, 0.3), 1), (30, 20, 100, 20)),
    }
    bent = rng.uniform(25, 55) if rng.random() < 0.4 else rng.uniform(0, 12)
    legs = ((90 + bent * 0.9, 5, 92 - bent * 0.9, 5), (rng.uniform(82, 92), 12, rng.uniform(84, 94), 0))
    back = bool(rng.random() < 0.25)
    chosen = arms[rng.choice(list(arms))]
    nod = rng.uniform(0, 35) if rng.random() < 0.6 else -rng.uniform(0, 20)
    posture = Posture((0, 0, 0), chosen, legs, lean=lean, nod=nod, turn=rng.uniform(-0.8, 0.8), hips=rng.normal(0, 5),
                      shoulders=rng.normal(0, 7), back=back, feet=(85, 75))
    solids, joints = nude(posture, _vary(FEMALE, rng), 0, rng, hair=rng.choice(["bun", "long"]))
    solids += attributes.couch(joints, rng)
    solids += _perhaps(rng, 0.3, attributes.drape, joints, 0, rng)
    return Composition(solids, [joints], [back], rng.uniform(1.1, 1.9))


def _tanagra(rng: Generator) -> Composition:
    stance = _contrapposto(rng, rng.uniform(0.4, 0.9))
    arms = [
        (Reach((0.3, -1.7, 0.85), -1.0, 0.3), (12, 5, -25, 25)),  # a hand drawn up below the mantle
        ((-8, 5, 20, 35), Reach((0.72, -0.4, 0.1), 1.0)),  # a hand on the hip
        ((-8, 5, 8, 10), (10, 5, -20, 20)),  # both arms down
    ][rng.integers(3)]
    posture = Posture((0, 0, 0), arms, nod=rng.normal(0, 9), turn=rng.uniform(-0.9, 0.9), **stance)
    head = rng.choice(["bare", "veil", "hat"], p=[0.5, 0.33, 0.17])
    body, joints = nude(posture, _vary(FEMALE, rng), 0, rng, hair="none" if head == "veil" else "bun")
    bare = ("head", "left_forearm", "left_foot", "right_foot")
    solids = [*(solid for solid in body if solid.part in bare), *attributes.himation(joints, rng)]
    solids += attributes.headdress(joints, head)
    solids += _perhaps(rng, 0.3, attributes.fan, joints["left_wrist"] + (0, 0.3, 0.1))
    solids += _perhaps(rng, 0.85, attributes.plinth, rng, 0.95)
    return Composition(solids, [joints], [False], rng.uniform(0.5, 0.8))


_COMPOSERS = {"Antinous": _antinous, "Graces": _graces, "Pieta": _pieta, "Reclining": _reclining,
              "Sebastian": _sebastian, "Tanagra": _tanagra}
