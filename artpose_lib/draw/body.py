"""The nude body: from a posture to joints, and around these flesh, face, hair, hands and feet as solids.

Angles are degrees in the picture plane from straight down, positive to the picture's right; a tilt is degrees out of
that plane towards the viewer. "left" and "right" are the picture's, not the figure's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from artpose_lib.draw.solids import Point, Solid, ball, rod

# Lengths in head heights, after the classical canon of seven and a half heads (Vitruvius has eight).
LOWER_SPINE, UPPER_SPINE, NECK = 0.95, 1.5, 0.72
UPPER_ARM, FOREARM, HAND = 1.4, 1.15, 0.32
THIGH, SHIN, FOOT = 1.9, 1.75, 0.62
OUT = np.array([0.0, 0.0, 1.0])  # towards the viewer
SIDES = (("left", -1), ("right", 1))

Joints = dict[str, np.ndarray]  # name to float64 (x, y, z) in head heights
Limb = tuple[float, float, float, float]  # angle and tilt of its upper bone, angle and tilt of its lower one
At = Callable[..., np.ndarray]  # what `_axes` returns


@dataclass(frozen=True)
class Build:
    """Half widths and radii of a body, in head heights."""

    shoulders: float
    hips: float
    waist: float
    chest: float
    arm: float
    thigh: float
    neck: float
    female: bool


MALE = Build(shoulders=0.93, hips=0.34, waist=0.55, chest=0.68, arm=0.23, thigh=0.39, neck=0.24, female=False)
FEMALE = Build(shoulders=0.7, hips=0.37, waist=0.52, chest=0.54, arm=0.185, thigh=0.41, neck=0.18, female=True)


@dataclass(frozen=True)
class Reach:
    """An arm whose wrist goes to a `point` (x, y, z)."""

    point: tuple[float, float, float]
    bend: float = 1.0  # of the elbow, seen along the arm: to the left, or to the right where it is negative
    forward: float = 0.0  # of the elbow towards the viewer, beside `bend`


@dataclass(frozen=True)
class Posture:
    """How a body stands, sits or lies, in degrees in the picture plane. Pairs begin with the picture's left."""

    pelvis: tuple[float, float, float]  # its place (x, y, z)
    arms: tuple[Limb | Reach, Limb | Reach]
    legs: tuple[Limb, Limb]
    lean: float = 0.0  # of the spine from upright
    hips: float = 0.0  # their tilt
    shoulders: float = 0.0  # their tilt
    nod: float = 0.0  # of the head
    turn: float = 0.0  # where it looks, -1 to 1
    back: bool = False  # seen from behind
    feet: tuple[float, float] = (-20.0, 20.0)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def direction(angle: float, tilt: float = 0.0) -> np.ndarray:
    """Unit vector (x, y, z) of an angle from straight down and a tilt towards the viewer."""
    a, t = np.radians(angle), np.radians(tilt)
    return np.array([np.sin(a) * np.cos(t), np.cos(a) * np.cos(t), np.sin(t)])


def find_joints(posture: Posture, build: Build) -> Joints:
    """The joints of a body in a posture."""
    spine = 180 - posture.lean
    upper = spine - 0.6 * posture.shoulders  # the spine bends with both tilts: contrapposto's S
    pelvis = np.array(posture.pelvis, float)
    waist = pelvis + LOWER_SPINE * direction(spine - 0.6 * posture.hips)
    neck = waist + UPPER_SPINE * direction(upper)
    head = neck + NECK * direction(upper - posture.nod) + (0.1 * posture.turn, 0, 0.08)
    joints = {"pelvis": pelvis, "waist": waist, "neck": neck, "head": head}
    for number, (side, sign) in enumerate(SIDES):
        across = direction(spine - 90 - posture.shoulders)
        shoulder = neck - 0.22 * direction(upper) + sign * build.shoulders * across
        hip = pelvis + sign * build.hips * direction(spine - 90 - posture.hips)
        elbow, wrist = _place_limb(shoulder, posture.arms[number], UPPER_ARM, FOREARM)
        knee, ankle = _place_limb(hip, posture.legs[number], THIGH, SHIN)
        joints |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}
        joints |= {f"{side}_hip": hip, f"{side}_knee": knee, f"{side}_ankle": ankle}
    return joints


def _place_limb(start: np.ndarray, limb: Limb | Reach, upper: float, lower: float) -> tuple[np.ndarray, np.ndarray]:
    """Middle and end of a limb with bones of these lengths; for a Reach by the law of cosines, stretched if too far."""
    if not isinstance(limb, Reach):
        middle = start + upper * direction(*limb[:2])
        return middle, middle + lower * direction(*limb[2:])
    way = np.array(limb.point, float) - start
    distance = min(np.linalg.norm(way), 0.98 * (upper + lower))
    way = unit(way)
    foot = (upper**2 - lower**2 + distance**2) / (2 * distance)
    height = np.sqrt(max(upper**2 - foot**2, 0.0))
    sideways = np.array([way[1], -way[0], 0.0]) * limb.bend + limb.forward * OUT
    return start + foot * way + height * sideways / np.linalg.norm(sideways), start + distance * way


def nude(posture: Posture, build: Build, owner: int, rng: Generator, hair: str = "short",
         beard: bool = False) -> tuple[list[Solid], Joints]:
    """Solids and joints of a nude figure with the number `owner`; `hair` is "short", "long", "bun" or "none"."""
    joints = find_joints(posture, build)
    solids = [*_torso(joints, posture.back, build), *_head(joints, posture, rng, hair, beard)]
    for number, (side, sign) in enumerate(SIDES):
        forwards = direction(posture.feet[number], -35 if posture.back else 35)
        solids += [*_leg(joints, side, sign, build, forwards), *_arm(joints, side, build)]
    return [replace(solid, owner=owner) for solid in solids], joints


def _axes(to_right: np.ndarray, upwards: np.ndarray) -> At:
    """How to come from an anchor to the point so far right, up and out to the viewer, on a part that may lean."""
    return lambda anchor, right=0.0, up=0.0, out=0.0: anchor + right * to_right + up * upwards + out * OUT


def _torso(joints: Joints, back: bool, build: Build) -> Iterator[Solid]:
    pelvis, waist, neck = joints["pelvis"], joints["waist"], joints["neck"]
    at = _axes(unit(joints["right_shoulder"] - joints["left_shoulder"]), unit(neck - waist))
    chest = at(neck, up=-0.7)
    flesh = {"part": "torso", "depth": 0.75, "blend": 0.35}
    half = 0.42 * build.shoulders
    yield rod(joints["left_hip"], joints["right_hip"], build.thigh + 0.04, **flesh)
    yield rod(at(pelvis, up=0.1), waist, build.waist + 0.1, build.waist, **flesh)
    yield rod(waist, chest, build.waist, build.chest, **flesh)
    yield rod(at(chest, -half), at(chest, half), 0.43, **flesh)
    yield rod(at(joints["left_shoulder"], up=0.04), neck, 0.22, 0.24, **flesh)
    yield rod(at(joints["right_shoulder"], up=0.04), neck, 0.22, 0.24, **flesh)
    yield rod(at(neck, up=-0.1), joints["head"], build.neck, part="head", blend=0.2)
    surface = _back if back else _female_front if build.female else _male_front
    yield from surface(at, pelvis, waist, chest)


def _groove(start: Point, end: Point, radius: float, depth: float) -> Solid:
    return rod(start, end, radius, part="torso", carve=True, depth=depth)


def _male_front(at: At, pelvis: np.ndarray, waist: np.ndarray, chest: np.ndarray) -> Iterator[Solid]:
    """Pectorals, belly, flanks and the line above the groin, as on the Doryphoros."""
    flesh = {"part": "torso", "depth": 0.5, "blend": 0.14}
    flank = {**flesh, "blend": 0.25}
    for s in (-1, 1):
        yield rod(at(chest, 0.2 * s, 0.08, 0.28), at(chest, 0.5 * s, 0.14, 0.28), 0.3, 0.24, **flesh)
        yield rod(at(waist, 0.17 * s, 0.3, 0.24), at(pelvis, 0.1 * s, 0.2, 0.24), 0.21, 0.2, **flesh)
        yield rod(at(waist, 0.45 * s, -0.2), at(pelvis, 0.4 * s, out=0.05), 0.22, 0.26, **flank)
        yield ball(at(chest, 0.4 * s, -0.02, 0.44), 0.05, material="nipple", part="torso", blend=0.03)
        yield _groove(at(pelvis, 0.62 * s, 0.3), at(pelvis, up=-0.3), 0.08, 0.5)
    yield _groove(at(chest, up=0.2), at(pelvis, up=0.2), 0.13, 0.28)
    yield _groove(at(waist, up=-0.3), at(waist, up=-0.3), 0.07, 0.9)
    yield rod(at(pelvis, up=-0.3, out=0.38), at(pelvis, up=-0.52, out=0.4), 0.13, 0.1, part="torso", blend=0.1)


def _female_front(at: At, pelvis: np.ndarray, waist: np.ndarray, chest: np.ndarray) -> Iterator[Solid]:
    yield ball(at(pelvis, up=0.25, out=0.12), 0.44, depth=0.6, part="torso", blend=0.3)
    for s in (-1, 1):
        breast = at(chest, 0.3 * s, -0.1, 0.26)
        yield rod(at(breast, up=0.16), at(breast, up=-0.04), 0.2, 0.27, part="torso", depth=0.85, blend=0.14)
        yield ball(at(breast, up=-0.06, out=0.21), 0.055, material="nipple", part="torso", blend=0.04)
    yield _groove(at(waist, up=0.4), at(pelvis, up=0.4), 0.16, 0.12)
    yield _groove(at(waist, up=-0.3), at(waist, up=-0.3), 0.07, 0.8)


def _back(at: At, pelvis: np.ndarray, waist: np.ndarray, chest: np.ndarray) -> Iterator[Solid]:
    """Buttocks, shoulder blades and the line of the spine."""
    flesh = {"part": "torso", "blend": 0.14}
    for s in (-1, 1):
        yield rod(at(pelvis, 0.26 * s, 0.1, 0.2), at(pelvis, 0.24 * s, -0.2, 0.28), 0.36, 0.39, depth=0.85, **flesh)
        yield rod(at(chest, 0.32 * s, 0.2, 0.15), at(chest, 0.3 * s, -0.15, 0.15), 0.3, 0.24, depth=0.6, **flesh)
    yield _groove(at(chest, up=0.4), at(pelvis, up=0.45), 0.15, 0.5)
    yield _groove(at(pelvis, up=0.2), at(pelvis, up=-0.5), 0.07, 0.9)


def _head(joints: Joints, posture: Posture, rng: Generator, hair: str, beard: bool) -> Iterator[Solid]:
    centre = joints["head"]
    up = unit((centre - joints["neck"]) * (1, 1, 0))
    at = _axes(np.array([-up[1], up[0], 0.0]), up)
    turn = posture.turn
    yield ball(at(centre, up=0.12), 0.39, part="head", blend=0.08)
    if not posture.back:
        jaw = at(centre, 0.1 * turn, 0.05, 0.1), at(centre, 0.16 * turn, -0.3, 0.16)
        face = at(centre, 0.26 * turn)
        nose = at(face, up=0.08, out=0.36), at(face, up=-0.12, out=0.47)
        mouth = at(face, -0.08, -0.25, 0.31), at(face, 0.08, -0.25, 0.31)
        yield rod(*jaw, 0.33, 0.18, part="head", blend=0.08)
        yield rod(*nose, 0.05, 0.07, part="head", blend=0.05)
        for s in (-1, 1):
            eye = at(face, 0.14 * s, 0.04)
            pupil = at(eye, -0.03, out=0.3), at(eye, 0.03, out=0.3)
            yield ball(eye, 0.12, part="head", carve=True, depth=0.55)
            yield rod(*pupil, 0.05, material="eye", part="head", blend=0.02)
        yield rod(*mouth, 0.045, material="lip", part="head", blend=0.03)
        if beard:
            yield ball(at(centre, 0.2 * turn, -0.38, 0.3), 0.18, material="hair", part="head", folds=4)
    if hair != "none":
        yield from _hair(at, centre, turn, posture.back, rng, hair)


def _hair(at: At, centre: np.ndarray, turn: float, back: bool, rng: Generator, style: str) -> Iterator[Solid]:
    kind = {"material": "hair", "part": "head", "blend": 0.05}
    lift = 0.22 if back else -0.06  # seen from behind, hair lies in front of the skull
    yield ball(at(centre, -0.12 * turn, 0.17, lift), 0.45, folds=5, **kind)
    for angle in np.linspace(-1.5, 1.5, 8) + rng.normal(0, 0.08, 8):
        curl = at(centre, 0.37 * np.sin(angle), 0.14 + 0.37 * np.cos(angle), lift + 0.1)
        yield ball(curl, rng.uniform(0.12, 0.16), folds=2, **kind)
    if style == "bun":
        yield ball(at(centre, -0.25 * turn, 0.5, lift), 0.21, folds=5, **kind)
    if style == "long":
        for s in (-1, 1):
            lock = at(centre, 0.33 * s, 0.1, lift), at(centre, 0.36 * s, -rng.uniform(0.7, 1.0), lift)
            yield rod(*lock, 0.2, 0.13, folds=5, **kind)
    if style == "long" and back:
        yield rod(at(centre, out=0.3), at(centre, up=-0.9, out=0.4), 0.33, 0.12, folds=5, **kind)


def _leg(joints: Joints, side: str, sign: int, build: Build, forwards: np.ndarray) -> Iterator[Solid]:
    hip, knee, ankle = (joints[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    leg = {"depth": 0.9, "blend": 0.2}
    foot = {"part": f"{side}_foot", "depth": 0.9, "blend": 0.15}
    thigh, shin = knee - hip, ankle - knee
    calf = knee + 0.12 * shin + (0.05 * sign, 0, 0)
    instep = ankle + 0.4 * FOOT * forwards
    yield rod(hip + 0.05 * thigh, knee, build.thigh, 0.24, swell=0.06, **leg)
    yield rod(knee - 0.1 * thigh + 0.06 * OUT, knee + 0.08 * shin, 0.2, 0.17, **leg)
    yield rod(knee, ankle, 0.23, 0.12, swell=0.05, **leg)
    yield rod(calf, knee + 0.55 * shin, 0.17, 0.12, swell=0.06, **leg)
    yield rod(ankle, instep, 0.135, 0.15, **foot)
    yield rod(instep, ankle + FOOT * forwards, 0.15, 0.12, **foot)


def _arm(joints: Joints, side: str, build: Build) -> Iterator[Solid]:
    shoulder, elbow, wrist = (joints[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    upper = {"part": f"{side}_arm", "blend": 0.22}
    fore = {"part": f"{side}_forearm"}
    thick, way = build.arm, unit(wrist - elbow)
    palm = wrist + HAND * way
    sideways = np.array([-way[1], way[0], 0.0])
    yield rod(shoulder, shoulder + 0.3 * (elbow - shoulder), 1.15 * thick, 0.9 * thick, **upper)
    yield rod(shoulder, elbow, 1.02 * thick, 0.76 * thick, swell=0.15 * thick, **upper)
    yield rod(elbow, wrist, 0.78 * thick, 0.5 * thick, swell=0.22 * thick, blend=0.16, **fore)
    yield rod(wrist, palm, 0.105, 0.135, depth=0.7, blend=0.16, **fore)
    for finger in (-0.09, 0.0, 0.09):
        root, tip = palm + finger * sideways, palm + (0.3 - abs(finger)) * way + 1.3 * finger * sideways
        yield rod(root, tip, 0.065, 0.045, blend=0.03, **fore)
