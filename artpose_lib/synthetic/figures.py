"""The body: joints from a posture, then flesh, hair, hands and feet as solids around them.

Angles are degrees in the picture plane from straight down, positive to the picture's right; a tilt is degrees out of that
plane towards the viewer. "left" and "right" in this module are the picture's, not the figure's own.
"""

from dataclasses import dataclass

import numpy as np

from .solids import Solid

UPPER_ARM, FOREARM, HAND = 1.4, 1.15, 0.32  # head heights: the classical canon of seven and a half heads
THIGH, SHIN, FOOT = 1.9, 1.75, 0.62
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


MALE = Build(shoulders=0.92, hips=0.36, waist=0.56, chest=0.66, arm=0.22, thigh=0.40, neck=0.23, female=False)
FEMALE = Build(shoulders=0.68, hips=0.42, waist=0.47, chest=0.50, arm=0.175, thigh=0.44, neck=0.18, female=True)


@dataclass(frozen=True)
class Reach:
    """An arm that goes to a `point` (x, y, z); `bend` is +1 or -1, the side the elbow goes to."""

    point: tuple
    bend: float = 1.0


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
    sideways = np.array([way[1], -way[0], 0.0]) * arm.bend
    elbow = shoulder + part * way + out * sideways / max(np.linalg.norm(sideways), 1e-6)
    return elbow, shoulder + reach * way


def nude(posture, build, owner, rng, hair="short", beard=False):
    """Solids and joints of a nude figure. `hair` is "short", "long", "bun" or "none" (covered by a veil that the scene adds)."""
    joints = skeleton(posture, build)
    solids = _torso(joints, posture, build) + _head(joints, posture, build, rng, hair, beard)
    for number, (side, sign) in enumerate(SIDES):
        solids += _leg_solids(joints, side, sign, build, posture.feet[number], posture.back)
        solids += _arm_solids(joints, side, build)
    return [Solid(**{**vars(solid), "owner": owner}) for solid in solids], joints


def ball(centre, radius, **kind):
    return Solid(tuple(centre), tuple(centre), radius, radius, **kind)


def rod(start, end, r0, r1=None, **kind):
    return Solid(tuple(start), tuple(end), r0, r0 if r1 is None else r1, **kind)


def _torso(joints, posture, build):
    pelvis, waist, neck = joints["pelvis"], joints["waist"], joints["neck"]
    up = (neck - waist) / np.linalg.norm(neck - waist)
    right = joints["right_shoulder"] - joints["left_shoulder"]
    right = right / np.linalg.norm(right)
    out = np.array([0, 0, 1.0])
    body = {"part": "torso", "depth": 0.75}
    chest = neck - 0.7 * up
    solids = [
        rod(joints["left_hip"], joints["right_hip"], build.thigh + 0.06, **body),
        rod(pelvis, waist, build.waist + 0.03, build.waist, **body),
        rod(waist, chest, build.waist, build.chest, **body),
        rod(chest - 0.42 * build.shoulders * right, chest + 0.42 * build.shoulders * right, 0.43, **body),
        rod(joints["left_shoulder"] + 0.02 * up, neck, 0.2, 0.25, **body),
        rod(joints["right_shoulder"] + 0.02 * up, neck, 0.2, 0.25, **body),
        rod(neck - 0.1 * up, joints["head"], build.neck, part="head"),
    ]
    surface = _back if posture.back else _front
    return solids + surface(pelvis, waist, chest, neck, up, right, out, build)


def _front(pelvis, waist, chest, neck, up, right, out, build):
    flesh = {"part": "torso", "depth": 0.6, "blend": 0.12}
    solids = []
    for sign in (-1, 1):
        if build.female:
            centre = chest - 0.12 * up + sign * 0.31 * right + 0.3 * out
            solids += [ball(centre, 0.3, **{**flesh, "depth": 0.9, "blend": 0.08})]
            solids += [ball(centre + 0.24 * out - 0.03 * up, 0.06, material="nipple", part="torso", blend=0.05)]
        else:
            solids += [ball(chest + 0.02 * up + sign * 0.33 * right + 0.3 * out, 0.38, **flesh)]
            solids += [rod(waist + 0.3 * up + sign * 0.15 * right + 0.3 * out, pelvis + 0.25 * up + sign * 0.1 * right + 0.28 * out, 0.19, 0.2, **flesh)]
            solids += [rod(waist - 0.15 * up + sign * 0.5 * right, pelvis + sign * 0.4 * right + 0.1 * out, 0.2, 0.24, **flesh)]
    solids += [rod(chest + 0.2 * up, pelvis + 0.3 * up, 0.09, part="torso", carve=True, depth=0.35 if not build.female else 0.18)]
    solids += [ball(waist - 0.25 * up, 0.1, part="torso", carve=True, depth=0.9)]
    if build.female:
        solids += [ball(pelvis + 0.15 * up + 0.15 * out, 0.42, **flesh)]
    else:
        solids += [rod(pelvis - 0.28 * up + 0.4 * out, pelvis - 0.5 * up + 0.42 * out, 0.13, 0.1, part="torso", blend=0.08)]
    return solids


def _back(pelvis, waist, chest, neck, up, right, out, build):
    flesh = {"part": "torso", "depth": 0.8, "blend": 0.1}
    solids = []
    for sign in (-1, 1):
        solids += [ball(pelvis - 0.12 * up + sign * 0.25 * right + 0.3 * out, 0.43, **flesh)]
        solids += [ball(chest + 0.08 * up + sign * 0.36 * right + 0.2 * out, 0.34, **{**flesh, "depth": 0.6})]
    solids += [rod(neck - 0.1 * up, pelvis + 0.3 * up, 0.12, part="torso", carve=True, depth=0.55)]
    solids += [rod(pelvis + 0.25 * up, pelvis - 0.45 * up, 0.08, part="torso", carve=True, depth=0.9)]
    return solids


def _head(joints, posture, build, rng, hair, beard):
    centre, neck = joints["head"], joints["neck"]
    up = centre - neck - (0, 0, centre[2] - neck[2])
    up = up / np.linalg.norm(up)
    right = np.array([-up[1], up[0], 0.0])
    out = np.array([0, 0, 1.0])
    look = right * posture.turn
    skin = {"part": "head", "blend": 0.08}
    solids = [ball(centre + 0.12 * up, 0.39, **skin)]
    if not posture.back:
        solids += [rod(centre + 0.05 * up + 0.1 * out + 0.1 * look, centre - 0.3 * up + 0.16 * out + 0.16 * look, 0.33, 0.18, **skin)]
        solids += _face(centre + 0.26 * look, up, right, out)
        if beard:
            solids += [ball(centre - 0.38 * up + 0.3 * out + 0.2 * look, 0.18, material="hair", part="head", folds=4)]
    return solids + _hair(centre, up, right, out, look, posture.back, rng, hair)


def _face(centre, up, right, out):
    dark = {"part": "head", "material": "eye", "blend": 0.02}
    solids = [rod(centre + 0.08 * up + 0.36 * out, centre - 0.12 * up + 0.47 * out, 0.05, 0.07, part="head", blend=0.05)]
    for sign in (-1, 1):
        eye = centre + 0.04 * up + sign * 0.14 * right
        solids += [ball(eye, 0.1, part="head", carve=True, depth=0.6)]
        solids += [rod(eye + 0.3 * out - 0.03 * right, eye + 0.3 * out + 0.03 * right, 0.05, **dark)]
    solids += [rod(centre - 0.25 * up - 0.08 * right + 0.31 * out, centre - 0.25 * up + 0.08 * right + 0.31 * out, 0.045, material="lip", part="head", blend=0.03)]
    return solids


def _hair(centre, up, right, out, look, back, rng, hair):
    if hair == "none":
        return []
    kind = {"material": "hair", "part": "head", "folds": 5, "blend": 0.05}
    lift = 0.22 if back else -0.06
    solids = [ball(centre + 0.17 * up + lift * out - 0.12 * look, 0.45, **kind)]
    for angle in np.linspace(-1.5, 1.5, 8) + rng.normal(0, 0.08, 8):
        curl = centre + 0.14 * up + 0.37 * (np.cos(angle) * up + np.sin(angle) * right) + (lift + 0.1) * out
        solids += [ball(curl, 0.12 + 0.04 * rng.random(), **{**kind, "folds": 2})]
    if hair == "bun":
        solids += [ball(centre + 0.5 * up - 0.25 * look + lift * out, 0.21, **kind)]
    if hair == "long":
        for sign in (-1, 1):
            start, end = centre + 0.1 * up + sign * 0.33 * right, centre - (0.7 + 0.3 * rng.random()) * up + sign * 0.36 * right
            solids += [rod(start + lift * out, end + (lift - 0.02) * out, 0.2, 0.13, **kind)]
        if back:
            solids += [rod(centre + 0.3 * out, centre - 0.9 * up + 0.4 * out, 0.33, 0.12, **kind)]
    return solids


def _leg_solids(joints, side, sign, build, foot, back):
    hip, knee, ankle = (joints[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    thick = build.thigh
    leg = {"part": f"{side}_leg", "depth": 0.9}
    foot_part = {"part": f"{side}_foot", "depth": 0.9, "blend": 0.1}
    calf = knee + 0.33 * (ankle - knee) + (0.04 * sign, 0, 0.08 if back else -0.02)
    toes = ankle + FOOT * along(foot, -35 if back else 35)
    return [
        rod(hip + 0.08 * (knee - hip), knee, thick, 0.25, **leg),
        ball(hip + 0.38 * (knee - hip) + (0.05 * sign, 0, 0.06), 0.8 * thick, **leg),
        ball(knee + (0, 0, 0.04), 0.24, **leg),
        rod(knee, ankle, 0.235, 0.125, **leg),
        ball(calf, 0.25, **leg),
        rod(ankle, ankle + 0.45 * (toes - ankle), 0.14, 0.16, **foot_part),
        rod(ankle + 0.45 * (toes - ankle), toes, 0.16, 0.12, **foot_part),
    ]


def _arm_solids(joints, side, build):
    shoulder, elbow, wrist = (joints[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    thick = build.arm
    upper = {"part": f"{side}_arm", "blend": 0.14}
    fore = {"part": f"{side}_forearm", "blend": 0.1}
    way = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    palm = wrist + HAND * way
    side_way = np.array([-way[1], way[0], 0.0])
    solids = [
        ball(shoulder, 1.2 * thick, **upper),
        rod(shoulder, elbow, 1.08 * thick, 0.78 * thick, **upper),
        ball(shoulder + 0.5 * (elbow - shoulder) + (0, 0, 0.05), thick, **upper),
        rod(elbow, wrist, 0.82 * thick, 0.52 * thick, **fore),
        ball(elbow + 0.25 * (wrist - elbow), 0.88 * thick, **fore),
        rod(wrist, palm, 0.105, 0.13, **fore),
    ]
    for finger in (-0.09, 0.0, 0.09):
        tip = palm + (0.3 - abs(finger)) * way + 1.3 * finger * side_way
        solids += [rod(palm + finger * side_way, tip, 0.06, 0.045, **{**fore, "blend": 0.03})]
    return solids
