"""Joints of a body from its posture.

Angles are degrees in the picture plane from straight down, positive to the picture's right; a tilt is degrees out of
that plane towards the viewer. "left" and "right" are the picture's, not the figure's own.
"""

from dataclasses import dataclass

import numpy as np

# Lengths in head heights, after the classical canon of seven and a half heads (Vitruvius has eight).
LOWER_SPINE, UPPER_SPINE, NECK = 0.95, 1.5, 0.72
UPPER_ARM, FOREARM, HAND = 1.4, 1.15, 0.32
THIGH, SHIN, FOOT = 1.9, 1.75, 0.62
OUT = np.array([0.0, 0.0, 1.0])  # towards the viewer
SIDES = (("left", -1), ("right", 1))

Joints = dict[str, np.ndarray]  # name to float64 (x, y, z) in head heights
Limb = tuple[float, float, float, float]  # angle and tilt of its upper bone, angle and tilt of its lower one


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
