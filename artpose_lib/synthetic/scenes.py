"""The six poses as scenes: figures with the attributes that Section 2.1 of the thesis names, each drawn anew by chance."""

from dataclasses import dataclass, replace

import numpy as np

from .figures import FEMALE, MALE, Posture, Reach, along, ball, nude, rod
from .solids import Solid

GROUND = 3.85  # from the pelvis of a standing figure down to its soles, in head heights


@dataclass(frozen=True)
class Scene:
    """`solids` of figures and attributes; `joints`, one dict a figure; `backs`, whether each shows its back; natural `aspect` (w / h)."""

    solids: list
    joints: list
    backs: list
    aspect: float


def compose(pose, rng):
    """A Scene of the pose called `pose`; every proportion, angle and attribute is drawn from `rng`."""
    return {
        "Antinous": _antinous,
        "Graces": _graces,
        "Pieta": _pieta,
        "Reclining": _reclining,
        "Sebastian": _sebastian,
        "Tanagra": _tanagra,
    }[pose](rng)


def view(scene, rng):
    """The scene from a slightly different side: turned about the vertical, tilted, mirrored half of the time."""
    yaw, roll = np.radians(rng.normal(0, 11)), np.radians(rng.normal(0, 2.0))
    flip = rng.choice([-1.0, 1.0])

    def moved(point):
        x, y, z = point
        x, z = flip * (x * np.cos(yaw) + z * np.sin(yaw)), z * np.cos(yaw) - x * np.sin(yaw)
        return (x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll), z)

    solids = [replace(solid, start=moved(solid.start), end=moved(solid.end)) for solid in scene.solids]
    names = {"left": "right", "right": "left"} if flip < 0 else {"left": "left", "right": "right"}
    joints = [
        {_renamed(name, names): moved(point) for name, point in figure.items()} for figure in scene.joints
    ]
    return replace(scene, solids=solids, joints=joints)


def _renamed(name, sides):
    side, _, rest = name.partition("_")
    return f"{sides[side]}_{rest}" if rest else name


def _vary(build, rng):
    """The same build, leaner or heavier, and wider or narrower in the shoulders."""
    weight = rng.uniform(0.88, 1.14)
    return replace(
        build,
        shoulders=build.shoulders * rng.uniform(0.94, 1.08),
        waist=build.waist * weight,
        chest=build.chest * (1 + weight) / 2,
        arm=build.arm * weight,
        thigh=build.thigh * (1 + weight) / 2,
    )


def _contrapposto(rng, amount):
    """Legs, feet and tilts with the weight on the picture's left leg and the other leg at ease."""
    free = rng.uniform(8, 18) * amount
    return {
        "legs": (
            (3 + 3 * amount + rng.normal(0, 1.5), 0, 1 + 2 * amount, 0),
            (free, 14, free * 0.1 - 4 + rng.normal(0, 3), -18),
        ),
        "hips": (6 + rng.uniform(0, 5)) * amount,
        "shoulders": -(3 + rng.uniform(0, 7)) * amount,
        "feet": (-22 + rng.normal(0, 6), 32 + rng.normal(0, 8)),
    }


def _antinous(rng):
    build = _vary(MALE, rng)
    stance = _contrapposto(rng, rng.uniform(0.8, 1.3))
    side = rng.choice([-1, 1])  # the side of the spear
    high = rng.random() < 0.5
    grip = (
        (side * rng.uniform(1.5, 1.9), rng.uniform(-3.3, -2.6), 0.2)
        if high
        else (side * rng.uniform(1.2, 1.6), rng.uniform(-1.3, -0.7), 0.9)
    )
    rest = -side * rng.uniform(5, 16)
    resting = [(rest, 0, rest * rng.uniform(-0.6, 0.8), 14), Reach((-side * 0.85, -0.1, 0.3), side * 1.0)][
        int(rng.random() < 0.25)
    ]
    spear_arm = Reach(grip, -side if high else -side)
    arms = (spear_arm, resting) if side < 0 else (resting, spear_arm)
    posture = Posture((0, 0, 0), arms, nod=rng.normal(0, 8), turn=rng.uniform(-0.9, 0.9), **stance)
    solids, joints = nude(posture, build, 0, rng, hair="short", beard=rng.random() < 0.15)
    if rng.random() > 0.28:
        solids += spear(joints, "left" if side < 0 else "right", rng)
    if rng.random() < 0.4:
        solids += tree(rng, x=-side * rng.uniform(0.5, 0.9), height=rng.uniform(2.0, 4.0))
    if rng.random() < 0.3:
        solids += chlamys(joints, rng)
    solids += plinth(rng, 1.2)
    return Scene(solids, [joints], [False], rng.uniform(0.5, 0.75))


def _sebastian(rng):
    build = _vary(MALE, rng)
    stance = _contrapposto(rng, rng.uniform(0.8, 1.4))
    bound = rng.choice(["behind", "above", "both"], p=[0.5, 0.3, 0.2])
    behind = (
        (-24 + rng.normal(0, 4), -22, 38 + rng.normal(0, 6), -32),
        (24 + rng.normal(0, 4), -22, -38 + rng.normal(0, 6), -32),
    )
    top = (rng.normal(0, 0.4), -4.9 + rng.normal(0, 0.2), -0.4)
    above = (Reach(top, -1.0), Reach((top[0] + 0.15, top[1], -0.35), 1.0))
    arms = {"behind": behind, "above": above, "both": (behind[0], above[1])}[bound]
    posture = Posture(
        (0, 0, 0), arms, nod=rng.choice([-1, 1]) * rng.uniform(6, 30), turn=rng.uniform(-1, 1), **stance
    )
    solids, joints = nude(posture, build, 0, rng, hair=rng.choice(["short", "long"]))
    if rng.random() < 0.85:
        solids += tree(rng, rng.normal(0, 0.3)) if rng.random() < 0.6 else column(rng, rng.normal(0, 0.3))
    if rng.random() < 0.75:
        solids += loincloth(joints, rng)
    if rng.random() < 0.3:
        solids += halo(joints["head"])
    for side in ("left", "right"):
        wrist = np.array(joints[f"{side}_wrist"])
        solids += [rod(wrist - (0.12, 0, -0.1), wrist + (0.12, 0.05, 0.1), 0.07, material="rope")]
    for _ in range(rng.choice([0, 1, 2, 3, 4, 5, 6], p=[0.1, 0.08, 0.2, 0.22, 0.2, 0.12, 0.08])):
        solids += arrow(joints, rng)
    solids += plinth(rng, 1.2, 0.4)
    return Scene(solids, [joints], [False], rng.uniform(0.5, 0.8))


def _graces(rng):
    gap = rng.uniform(1.5, 1.95)
    solids, joints, backs = [], [], []
    xs = (-gap + rng.normal(0, 0.1), rng.normal(0, 0.1), gap + rng.normal(0, 0.1))
    reach = [_grace_arms(number, xs, rng) for number in range(3)]
    for number in (0, 2, 1):
        build = _vary(FEMALE, rng)
        stance = _contrapposto(rng, rng.uniform(0.6, 1.2))
        if rng.random() < 0.5:
            stance = _mirrored(stance)
        back = number == 1 if rng.random() < 0.93 else False
        z = -0.35 if (number == 1) == (rng.random() < 0.4) else 0.35
        inward = (0.8, 0.0, -0.8)[number] * rng.choice([1, 1, -1])
        posture = Posture(
            (xs[number], rng.normal(0, 0.08), z),
            reach[number],
            lean=(3, 0, -3)[number] + rng.normal(0, 2),
            nod=-9 * inward + rng.normal(0, 6),
            turn=inward,
            back=back,
            **stance,
        )
        body, bones = nude(posture, build, len(joints), rng, hair=rng.choice(["bun", "bun", "long"]))
        solids += body
        joints.append(bones)
        backs.append(back)
        if rng.random() < 0.18:
            solids += veil(bones, len(joints) - 1, rng)
    solids += plinth(rng, gap + 1.0, 0.6)
    return Scene(solids, joints, backs, rng.uniform(0.75, 1.05))


def _grace_arms(number, xs, rng):
    """Arms of one Grace: inner hands lie on a neighbour's shoulder, outer hands hang or hold an apple."""
    outer = -1 if number == 0 else 1
    hanging = (outer * rng.uniform(4, 18), 5, outer * rng.uniform(-10, 15), 20)
    raised = Reach((xs[number] + outer * rng.uniform(1.0, 1.7), rng.uniform(-2.8, -1.2), 0.6), -outer, 0.3)
    free = raised if rng.random() < 0.45 else hanging
    if number == 0:
        return free, _embrace(xs[1], rng.choice([-0.6, 0.5]), 1, rng)
    if number == 2:
        return _embrace(xs[1], rng.choice([-0.5, 0.6]), -1, rng), free
    return _embrace(xs[0], rng.uniform(-0.6, 0.5), -1, rng), _embrace(xs[2], rng.uniform(-0.5, 0.6), 1, rng)


def _embrace(x, shoulder, way, rng):
    """An arm that reaches the picture's right (`way` 1) or left (-1) to a shoulder of the Grace at `x`, or now and then to her waist."""
    height = -2.3 if rng.random() < 0.8 else -0.9
    return Reach(
        (x + shoulder, height + rng.normal(0, 0.1), rng.choice([-0.3, 0.5])),
        -way * rng.uniform(0.1, 1),
        rng.uniform(0.4, 1.0),
    )


def _mirrored(stance):
    (a, b), (left, right) = stance["legs"], stance["feet"]
    turned = lambda leg: (-leg[0], leg[1], -leg[2], leg[3])  # noqa: E731
    return {
        "legs": (turned(b), turned(a)),
        "hips": -stance["hips"],
        "shoulders": -stance["shoulders"],
        "feet": (-right, -left),
    }


def _pieta(rng):
    lap = rng.uniform(1.35, 1.65)
    virgin, bones = _virgin(rng)
    lean = -rng.uniform(45, 75)
    arm = (rng.uniform(-6, 14), 10, rng.uniform(-4, 10), 5)
    on_body = Reach((0.35 + rng.normal(0, 0.15), -1.0 + rng.normal(0, 0.15), lap + 0.75), -1.0)
    legs = (
        (rng.uniform(72, 92), 12, rng.uniform(8, 30), -5),
        (rng.uniform(66, 86), 18, rng.uniform(14, 38), -5),
    )
    posture = Posture(
        (rng.uniform(0.0, 0.35), -0.35 + rng.normal(0, 0.1), lap),
        (arm, on_body),
        legs,
        lean=lean,
        nod=-rng.uniform(5, 35),
        turn=rng.uniform(-0.5, 0.4),
        hips=rng.normal(0, 4),
        shoulders=rng.normal(0, 4),
        feet=(40, 50),
    )
    christ, joints = nude(posture, _vary(MALE, rng), 1, rng, hair="long", beard=rng.random() < 0.85)
    christ = [replace(solid, material="ashen") if solid.material == "skin" else solid for solid in christ]
    cloth = loincloth(joints, rng) if rng.random() < 0.9 else []
    solids = virgin + christ + [replace(solid, owner=1) for solid in cloth]
    if rng.random() < 0.3:
        solids += halo(bones["head"])
    if rng.random() < 0.15:
        solids += [
            rod((0, GROUND, -2.2), (0, -7, -2.2), 0.28, material="wood"),
            rod((-3, -4.6, -2.2), (3, -4.6, -2.2), 0.25, material="wood"),
        ]
    solids += plinth(rng, 2.6, 0.7) if rng.random() < 0.7 else []
    return Scene(solids, [bones, joints], [False, False], rng.uniform(0.7, 1.1))


def _virgin(rng):
    """Mary seated: a veiled head, a mantle that widens to the ground, knees apart under the skirt."""
    mantle = rng.choice(["blue", "blue", "blue", "darkblue", "black"])
    bend, tilt = rng.normal(0, 6), rng.uniform(-22, 22)
    spread = rng.uniform(1.0, 1.35)
    arms = ((-22, 20, -55, 35), (rng.uniform(12, 40), 20, rng.uniform(10, 110), 40))
    legs = ((-30, 55, 5, 0), (30, 55, -5, 0))
    posture = Posture((0, 0, -0.3), arms, legs, lean=bend, nod=tilt, turn=np.clip(-tilt / 20 - 0.3, -1, 1))
    body, joints = nude(posture, _vary(FEMALE, rng), 0, rng, hair="none")
    bare = ("head", "left_forearm", "right_forearm")
    solids = [solid for solid in body if solid.part in bare]
    robe = {"material": rng.choice(["red", "rose", "blue"]), "owner": 0, "part": "cloth", "blend": 0.2}
    cloak = {"material": mantle, "owner": 0, "part": "cloth", "blend": 0.2}
    neck, head = np.array(joints["neck"]), np.array(joints["head"])
    foot = GROUND - 0.7
    solids += [rod((0, 0, -0.2), neck - (0, -0.45, 0), 0.85, 0.55, **robe, folds=6)]
    for side, sign in (("left", -1), ("right", 1)):
        knee = np.array((sign * spread, 0.35, 1.0))
        shoulder, elbow = np.array(joints[f"{side}_shoulder"]), np.array(joints[f"{side}_elbow"])
        wrist = np.array(joints[f"{side}_wrist"])
        solids += [
            rod((sign * 0.4, -0.1, 0.0), knee, 0.75, 0.72, **cloak, folds=4),
            rod(knee, (sign * spread * 1.15, foot, 0.8), 0.72, 0.75, **cloak, folds=5),
            rod(
                shoulder + (0, 0.1, -0.1), (sign * (spread + 0.85), foot, -0.2), 0.42, 0.75, **cloak, folds=6
            ),
            rod(shoulder, elbow, 0.36, 0.36, **cloak, folds=4),
            rod(elbow, elbow + 0.75 * (wrist - elbow), 0.34, 0.24, **cloak, folds=4),
            rod(
                head + (sign * 0.3, -0.05, -0.02),
                shoulder + (-sign * 0.15, 0, 0),
                0.2,
                0.33,
                **cloak,
                folds=3,
            ),
        ]
    solids += [
        rod(
            (0, 0.9, 0.45),
            (0, GROUND + 0.1, 0.45),
            spread + 0.5,
            spread + 0.9,
            **cloak,
            folds=14,
            box=True,
            depth=0.35,
        )
    ]
    solids += [rod((0, 0.3, 0.55), (0, GROUND + 0.08, 0.75), 0.7, 0.85, **robe, folds=7, box=True, depth=0.7)]
    solids += [
        ball(head + (0, -0.17, -0.1), 0.5, **cloak, folds=3),
        ball(head + (0, -0.12, -0.05), 0.42, **{**cloak, "material": "white", "blend": 0.03}),
    ]
    return solids, joints


def _reclining(rng):
    build = _vary(FEMALE, rng)
    back = rng.random() < 0.25
    lean = -rng.uniform(52, 84)
    head_up = rng.uniform(0, 35) if rng.random() < 0.6 else -rng.uniform(0, 20)
    bent = rng.uniform(25, 55) if rng.random() < 0.4 else rng.uniform(0, 12)
    legs = ((90 + bent * 0.9, 5, 92 - bent * 0.9, 5), (rng.uniform(82, 92), 12, rng.uniform(84, 94), 0))
    style = rng.choice(["behind head", "along", "lap", "propped"])
    shoulder = np.array((-2.4 * np.sin(-np.radians(lean)), -2.3 * np.cos(np.radians(lean)), 0))
    upper = {
        "behind head": Reach(shoulder + (-1.0, -0.75, -0.1), -1.0),
        "along": (100, 10, 85, 5),
        "lap": (70, 30, 60, 10),
        "propped": (30, 20, 100, 20),
    }[style]
    lower = (
        Reach(shoulder + (-0.9, 0.5, 0.3), 1.0)
        if style == "propped"
        else (rng.uniform(20, 80), 30, rng.uniform(60, 110), 20)
    )
    posture = Posture(
        (0, 0, 0),
        (lower, upper),
        legs,
        lean=lean,
        nod=head_up,
        turn=rng.uniform(-0.8, 0.8),
        hips=rng.normal(0, 5),
        shoulders=rng.normal(0, 7),
        back=back,
        feet=(85, 75),
    )
    solids, joints = nude(posture, build, 0, rng, hair=rng.choice(["bun", "long"]))
    solids += couch(joints, rng)
    if rng.random() < 0.3:
        solids += veil(joints, 0, rng)
    return Scene(solids, [joints], [back], rng.uniform(1.2, 1.9))


def _tanagra(rng):
    build = _vary(FEMALE, rng)
    stance = _contrapposto(rng, rng.uniform(0.4, 0.9))
    fan = rng.random() < 0.3
    arms = {
        "wrapped": (Reach((0.3, -1.7, 0.85), -1.0, 0.3), (12, 5, -25, 25)),
        "hip": ((-8, 5, 20, 35), Reach((0.72, -0.4, 0.1), 1.0)),
        "down": ((-8, 5, 8, 10), (10, 5, -20, 20)),
    }[rng.choice(["wrapped", "hip", "down"])]
    posture = Posture((0, 0, 0), arms, nod=rng.normal(0, 9), turn=rng.uniform(-0.9, 0.9), **stance)
    veiled = rng.random() < 0.35
    body, joints = nude(posture, build, 0, rng, hair="none" if veiled else "bun")
    solids = [solid for solid in body if solid.part in ("head", "left_forearm", "left_foot", "right_foot")]
    solids += himation(joints, rng)
    head = np.array(joints["head"])
    if veiled:
        kind = {"material": "mantle", "owner": 0, "part": "head", "blend": 0.15, "folds": 4}
        solids += [
            ball(head + (0, -0.15, -0.12), 0.48, **kind),
            rod(head + (0, 0, -0.2), np.array(joints["neck"]) + (0, 0.2, -0.1), 0.45, 0.6, **kind),
        ]
    elif rng.random() < 0.25:  # the pointed sun hat that some of them wear
        hat = {"material": "gold", "owner": 0, "part": "head", "blend": 0.02}
        solids += [
            rod(head + (-0.5, -0.38, 0.4), head + (0.5, -0.38, 0.4), 0.09, **hat),
            rod(head + (0, -0.5, 0.35), head + (0, -0.9, 0.3), 0.3, 0.04, **hat),
        ]
    if fan:
        hand = np.array(joints["left_wrist"]) + (0, 0.3, 0.1)
        solids += [rod(hand, hand + (-0.1, 0.5, 0.1), 0.13, 0.3, material="rose", part="fan", depth=0.3)]
    solids += plinth(rng, 0.95, 0.85)
    return Scene(solids, [joints], [False], rng.uniform(0.45, 0.75))


__all__ = ["Scene", "Solid", "compose", "view"]
