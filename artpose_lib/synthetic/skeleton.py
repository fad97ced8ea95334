"""The body: joints from a posture, then flesh, hair, hands and feet as solids around them.

Angles are degrees in the picture plane from straight down, positive to the picture's right; a tilt is degrees out of that
plane towards the viewer. "left" and "right" in this module are the picture's, not the figure's own.
"""

from dataclasses import dataclass

import numpy as np

from .solids import Solid

UPPER_ARM, FOREARM, HAND = 1.4, 1.15, 0.32  # head heights: the classical canon of seven and a half heads
THIGH, SHIN, FOOT = 1.9, 1.75, 0.62
OUT = np.array([0.0, 0.0, 1.0])  # towards the viewer
SIDES = (("left", -1), ("right", 1))


@dataclass(frozen=True)
class Build:
    """Widths of a body, in head heights."""

    shoulders: float
    hips: float
    waist: float
    chest: float
    arm: float
    thigh: float
    neck: float
    female: bool


MALE = Build(shoulders=0.93, hips=0.34, waist=0.55, chest=0.68, arm=0.23, thigh=0.39, neck=0.24, female=False)
FEMALE = Build(
    shoulders=0.7, hips=0.37, waist=0.49, chest=0.52, arm=0.185, thigh=0.42, neck=0.18, female=True
)


@dataclass(frozen=True)
class Reach:
    """An arm that goes to a `point` (x, y, z); `bend` is +1 or -1, the side the elbow goes to, `forward` how much towards the viewer."""

    point: tuple
    bend: float = 1.0
    forward: float = 0.0


@dataclass(frozen=True)
class Posture:
    """`pelvis` (x, y, z); `lean` of the spine from upright; tilts of hip and shoulder lines; limbs, picture's left first.

    An arm is (upper angle, upper tilt, fore angle, fore tilt) or a Reach; a leg the same with thigh and shin. `nod` rolls the head
    in the picture plane, `turn` in [-1, 1] is where it looks. `back` shows the figure from behind.
    """

    pelvis: tuple
    arms: tuple
    legs: tuple
    lean: float = 0.0
    hips: float = 0.0
    shoulders: float = 0.0
    nod: float = 0.0
    turn: float = 0.0
    back: bool = False
    feet: tuple = (-20.0, 20.0)


def along(angle, tilt=0.0):
    """Unit vector of an angle from straight down and a tilt towards the viewer."""
    a, t = np.radians(angle), np.radians(tilt)
    return np.array([np.sin(a) * np.cos(t), np.cos(a) * np.cos(t), np.sin(t)])


def skeleton(posture, build):
    """Joints of a posture: a dict of name to (x, y, z)."""
    up, low = 180 - posture.lean, 180 - posture.lean - 0.6 * posture.hips
    high = 180 - posture.lean - 0.6 * posture.shoulders
    pelvis = np.array(posture.pelvis, float)
    waist = pelvis + 0.95 * along(low)
    neck = waist + 1.5 * along(high)
    head = neck + 0.72 * along(high - posture.nod) + (0.1 * posture.turn, 0, 0.08)
    joints = {"pelvis": pelvis, "waist": waist, "neck": neck, "head": head}
    for number, (side, sign) in enumerate(SIDES):
        shoulder = neck - 0.22 * along(high) + sign * build.shoulders * along(up - 90 - posture.shoulders)
        hip = pelvis + sign * build.hips * along(up - 90 - posture.hips)
        elbow, wrist = _arm(shoulder, posture.arms[number])
        knee, ankle = _chain(hip, posture.legs[number], THIGH, SHIN)
        joints |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}
        joints |= {f"{side}_hip": hip, f"{side}_knee": knee, f"{side}_ankle": ankle}
    return joints


def _chain(start, limb, first, second):
    middle = start + first * along(*limb[:2])
    return middle, middle + second * along(*limb[2:])


def _arm(shoulder, arm):
    if not isinstance(arm, Reach):
        return _chain(shoulder, arm, UPPER_ARM, FOREARM)
    way = np.array(arm.point, float) - shoulder
    distance = np.linalg.norm(way)
    reach = min(distance, 0.98 * (UPPER_ARM + FOREARM))
    way = way / distance
    part = (UPPER_ARM**2 - FOREARM**2 + reach**2) / (2 * reach)
    out = np.sqrt(max(UPPER_ARM**2 - part**2, 0.0))
    sideways = np.array([way[1], -way[0], 0.0]) * arm.bend + arm.forward * OUT
    elbow = shoulder + part * way + out * sideways / max(np.linalg.norm(sideways), 1e-6)
    return elbow, shoulder + reach * way
