"""What the figures carry, wear, stand on and are bound to: the attributes that tell one pose from another.

Every function returns a list of solids in the figure's own coordinates (head heights, see `solids`). Garments belong to their
figure and are part of its mask; spear, arrows, tree, column, halo, couch and plinth belong to no figure.
"""

import numpy as np

from .figures import along, ball, rod

GROUND = 3.85  # from the pelvis of a standing figure down to its soles, in head heights


def plinth(rng, width, chance=0.65):
    """A plinth of one to three steps, or nothing, below the feet."""
    if rng.random() > chance:
        return []
    kind = {"material": rng.choice(["stone", "rock"]), "part": "base", "box": True, "blend": 0.02}
    solids, top, half = [], GROUND + 0.12, width * rng.uniform(0.9, 1.15)
    for step in range(rng.integers(1, 4)):
        high = rng.uniform(0.1, 0.5)
        solids += [
            rod(
                (-half, top + high, -0.9),
                (half, top + high, -0.9),
                high,
                **kind,
                depth=(0.7 + 0.2 * step) / high,
            )
        ]
        top, half = top + 2 * high, half * rng.uniform(1.05, 1.2)
    return solids


def spear(joints, side, rng):
    lean = rng.normal(0, 7)
    elbow, wrist = np.array(joints[f"{side}_elbow"]), np.array(joints[f"{side}_wrist"])
    hand = wrist + 0.3 * (wrist - elbow) / np.linalg.norm(wrist - elbow) + (0, 0, 0.12)
    foot = hand + along(lean) * (GROUND - hand[1])
    top = hand - along(lean) * rng.uniform(2.0, 4.2)
    tip = top - along(lean) * 0.55
    kind = {"material": "wood", "part": "spear"}
    return [
        rod(foot, top, 0.055, **kind),
        rod(top, top - 0.15 * along(lean), 0.06, 0.14, material="metal", part="spear"),
        rod(top - 0.15 * along(lean), tip, 0.14, 0.02, material="metal", part="spear"),
    ]


def tree(rng, x=0.0, height=0.0, z=-0.9):
    """A tree trunk, with stubs of branches, from the ground up."""
    height = height or rng.uniform(8, 13)
    kind = {"material": "bark", "part": "trunk", "folds": rng.uniform(5, 9)}
    radius = rng.uniform(0.3, 0.5)
    bend = rng.normal(0, 0.3)
    foot, middle, top = (x, GROUND + 0.1, z), (x + bend, GROUND - height / 2, z), (x, GROUND - height, z)
    solids = [
        rod(foot, middle, radius * 1.25, radius, **kind),
        rod(middle, top, radius, radius * 0.85, **kind),
    ]
    for _ in range(rng.integers(0, 4) if height > 5 else 1):
        base = np.array((x + bend / 2, GROUND - height * rng.uniform(0.4, 0.95), z))
        solids += [
            rod(
                base,
                base - rng.uniform(0.7, 1.8) * along(rng.choice([-1, 1]) * rng.uniform(30, 70)),
                0.2,
                0.1,
                **kind,
            )
        ]
    return solids


def column(rng, x=0.0, z=-1.0):
    kind = {"material": "stone", "part": "trunk"}
    radius, height = rng.uniform(0.4, 0.55), rng.uniform(7.5, 10)
    foot = GROUND + 0.1
    return [
        rod((x, foot, z), (x, foot - height, z), radius * 1.1, radius, **kind, folds=rng.choice([0.0, 9.0])),
        rod(
            (x - 1.4 * radius, foot - 0.1, z),
            (x + 1.4 * radius, foot - 0.1, z),
            0.22,
            **kind,
            box=True,
            depth=2.5,
        ),
    ]


def arrow(joints, rng):
    """An arrow in the chest, belly, side, thigh or arm, with feathers at its outer end."""
    start, end, depth = [
        ("waist", "neck", 0.5),
        ("pelvis", "waist", 0.5),
        ("left_hip", "left_knee", 0.3),
        ("right_hip", "right_knee", 0.3),
        ("left_shoulder", "left_elbow", 0.2),
        ("right_shoulder", "right_elbow", 0.2),
    ][rng.choice(6, p=[0.36, 0.26, 0.12, 0.12, 0.07, 0.07])]
    foot = np.array(joints[start]) + rng.uniform(0.15, 0.8) * (np.array(joints[end]) - joints[start])
    foot = foot + (rng.uniform(-0.4, 0.4) * (depth > 0.4), 0, depth * 0.7)
    way = along(rng.choice([-1, 1]) * rng.uniform(50, 150), rng.uniform(15, 50))
    tail = foot + rng.uniform(1.2, 2.0) * way
    kind = {"material": "wood", "part": "arrow"}
    solids = [rod(foot, tail, 0.05, **kind), ball(foot, 0.12, material="blood", part="arrow")]
    for sign in (-1, 1):
        feather = np.array([-way[1], way[0], 0]) * 0.1 * sign
        solids += [rod(tail - 0.4 * way + feather, tail + feather, 0.06, material="white", part="arrow")]
    return solids


def halo(head):
    head = np.array(head) + (0, -0.1, -0.35)
    ring = [head + 0.75 * np.array([np.cos(a), np.sin(a), 0]) for a in np.linspace(0, 2 * np.pi, 25)]
    return [rod(a, b, 0.045, material="gold", part="halo") for a, b in zip(ring[:-1], ring[1:], strict=True)]


def couch(joints, rng):
    """Cushions at the head, a mattress along the body, a sheet or a rock below."""
    points = np.array(list(joints.values()))
    left, right = points[:, 0].min(), points[:, 0].max()
    floor = max(joints["pelvis"][1], joints["right_knee"][1]) + 0.75
    sheet = {
        "material": rng.choice(["white", "white", "red", "green", "rock"]),
        "part": "couch",
        "blend": 0.1,
    }
    cushion = {"material": rng.choice(["red", "white", "gold", "green"]), "part": "couch", "folds": 3}
    head = np.array(joints["head"])
    neck = np.array(joints["neck"])
    middle, half, drop = (left + right) / 2, (right - left) / 2 + rng.uniform(0.2, 0.8), rng.uniform(1.0, 1.8)
    solids = [
        rod((left - 0.4, floor, -0.5), (right + 0.5, floor + 0.1, -0.5), 0.55, **sheet, folds=2),
        rod(
            (middle, floor + 0.1, -0.4),
            (middle + rng.normal(0, 0.2), floor + drop, -0.4),
            half,
            **sheet,
            folds=rng.uniform(9, 16),
            box=True,
            depth=0.5 / half,
        ),
    ]
    for _ in range(rng.integers(1, 4)):
        place = (head + neck) / 2 + (rng.normal(-0.2, 0.35), rng.uniform(0.3, 0.9), -0.8)
        solids += [
            rod(place - (0.6, 0.1, 0), (place[0] + 0.7, (place[1] + floor) / 2, -0.8), 0.62, **cushion)
        ]
    return solids


def loincloth(joints, rng):
    left, right = np.array(joints["left_hip"]), np.array(joints["right_hip"])
    kind = {"material": "white", "owner": 0, "part": "cloth", "blend": 0.08}
    middle = (left + right) / 2 + (0, 0.25, 0.35)
    side = rng.choice([-1, 1])
    knot = (left if side < 0 else right) + (side * 0.35, -0.1, 0.25)
    return [
        rod(left + (-0.1, 0, 0.2), right + (0.1, 0, 0.2), 0.38, **kind, folds=4, slant=12),
        rod(middle, middle + (0.1, rng.uniform(0.2, 0.7), 0), 0.4, 0.28, **kind, folds=4, slant=20),
        rod(
            knot,
            knot + (side * rng.uniform(0.0, 0.4), rng.uniform(0.6, 1.6), 0),
            0.14,
            0.3,
            **kind,
            folds=3,
            box=True,
            depth=0.6,
        ),
    ]


def chlamys(joints, rng):
    """A short cloak over one shoulder and down that arm or back."""
    shoulder = np.array(joints[rng.choice(["left", "right"]) + "_shoulder"])
    side = np.sign(shoulder[0])
    kind = {"material": rng.choice(["red", "white", "green"]), "owner": 0, "part": "cloth", "blend": 0.08}
    down = shoulder + (side * 0.35, rng.uniform(2.2, 4.0), -0.35)
    return [
        rod(shoulder + (0, -0.15, -0.1), down, 0.3, 0.55, **kind, folds=5, box=True, depth=0.5),
        rod(
            joints["neck"] + np.array((0, 0.1, 0.15)), shoulder + (0, 0.05, 0.12), 0.2, 0.27, **kind, folds=3
        ),
    ]


def veil(joints, owner, rng):
    """Thin drapery from a hip towards the ground."""
    left, right, ankle = (np.array(joints[name]) for name in ("left_hip", "right_hip", "right_ankle"))
    kind = {"material": rng.choice(["white", "red", "green"]), "owner": owner, "part": "cloth", "blend": 0.15}
    return [
        rod(left + (-0.1, 0.2, 0.2), right + (0.1, 0.1, 0.2), 0.34, **kind, folds=4, slant=15),
        rod((left + right) / 2 + (0, 0.2, 0.25), ankle + (0, -0.1, 0.2), 0.5, 0.6, **kind, folds=6),
    ]


def himation(joints, rng):
    """The long chiton with upright folds, and over it the mantle drawn tight and slantwise across body and arms."""
    j = {name: np.array(point) for name, point in joints.items()}
    colours = rng.choice(["chiton", "mantle", "rose", "blue", "white", "gold", "green"], 2, replace=False)
    chiton = {"material": colours[0], "owner": 0, "part": "cloth", "blend": 0.35}
    mantle = {"material": colours[1], "owner": 0, "part": "cloth", "blend": 0.3}
    hem = GROUND + 0.05
    middle = (j["left_ankle"] + j["right_ankle"]) / 2
    low, slant, side = rng.uniform(0.3, 2.2), rng.uniform(25, 55), rng.choice([-1.0, 1.0])
    chest = j["neck"] + (0, 0.55, 0)
    solids = [
        rod(
            j["pelvis"],
            (middle[0], hem, 0),
            0.66,
            rng.uniform(0.85, 1.15),
            **chiton,
            folds=rng.uniform(7, 11),
            box=True,
            depth=0.6,
        ),
        rod(j["pelvis"], (middle[0], hem - 0.5, 0), 0.68, 0.75, **chiton, folds=rng.uniform(6, 10)),
        rod(
            j["right_hip"] + (0, 0.3, 0.15),
            j["right_knee"] + (0, 0.1, 0.25),
            0.4,
            0.3,
            **{**chiton, "blend": 0.5},
            folds=2,
            slant=30,
        ),
        rod(j["waist"] + (0, 0.2, 0), chest, 0.6, 0.6, **mantle, folds=5, slant=side * slant),
        rod(j["pelvis"] + (0, low, 0.05), j["waist"], 0.74, 0.62, **mantle, folds=5, slant=side * slant),
        rod(
            j["left_shoulder"] + (0.12, 0.1, 0),
            j["right_shoulder"] + (-0.12, 0.1, 0),
            0.3,
            **mantle,
            folds=3,
            slant=40,
        ),
        rod(
            (side * 0.72, -2.0, 0.2),
            (side * 0.85, low + rng.uniform(0, 1.2), 0.2),
            0.2,
            0.42,
            **mantle,
            folds=4,
            box=True,
            depth=0.6,
        ),
    ]
    for name in ("left", "right"):
        solids += [
            rod(
                j[f"{name}_shoulder"] + (0, 0.05, 0),
                j[f"{name}_elbow"],
                0.3,
                0.29,
                **mantle,
                folds=3,
                slant=30,
            )
        ]
        solids += [
            rod(
                j[f"{name}_elbow"],
                j[f"{name}_elbow"] + 0.8 * (j[f"{name}_wrist"] - j[f"{name}_elbow"]),
                0.28,
                0.2,
                **mantle,
                folds=3,
                slant=40,
            )
        ]
    return solids
