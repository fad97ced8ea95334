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
    body = {"part": "torso", "depth": 0.75, "blend": 0.35}
    chest = neck - 0.7 * up
    solids = [
        rod(joints["left_hip"], joints["right_hip"], build.thigh + 0.04, **body),
        rod(pelvis + 0.1 * up, waist, build.waist + 0.1, build.waist, **body),
        rod(waist, chest, build.waist, build.chest, **body),
        rod(chest - 0.42 * build.shoulders * right, chest + 0.42 * build.shoulders * right, 0.43, **body),
        rod(joints["left_shoulder"] + 0.04 * up, neck, 0.22, 0.24, **body),
        rod(joints["right_shoulder"] + 0.04 * up, neck, 0.22, 0.24, **body),
        rod(neck - 0.1 * up, joints["head"], build.neck, part="head", blend=0.2),
    ]
    surface = _back if posture.back else _female_front if build.female else _male_front
    return solids + surface(pelvis, waist, chest, neck, up, right)


def _male_front(pelvis, waist, chest, neck, up, right):
    flesh = {"part": "torso", "depth": 0.5, "blend": 0.14}
    solids = []
    for sign in (-1, 1):
        side = sign * right
        pectoral = chest + 0.08 * up + 0.28 * OUT
        solids += [
            rod(pectoral + 0.2 * side, pectoral + 0.5 * side + 0.06 * up, 0.3, 0.24, **flesh),
            rod(
                waist + 0.3 * up + 0.17 * side + 0.24 * OUT,
                pelvis + 0.2 * up + 0.1 * side + 0.24 * OUT,
                0.21,
                0.2,
                **flesh,
            ),
            rod(
                waist - 0.2 * up + 0.45 * side,
                pelvis + 0.4 * side + 0.05 * OUT,
                0.22,
                0.26,
                **{**flesh, "blend": 0.25},
            ),
            ball(
                pectoral + 0.4 * side - 0.1 * up + 0.16 * OUT,
                0.05,
                material="nipple",
                part="torso",
                blend=0.03,
            ),
        ]
        solids += [
            rod(pelvis + 0.62 * side + 0.3 * up, pelvis - 0.3 * up, 0.08, part="torso", carve=True, depth=0.5)
        ]
    return solids + [
        rod(chest + 0.2 * up, pelvis + 0.2 * up, 0.13, part="torso", carve=True, depth=0.28),
        ball(waist - 0.3 * up, 0.07, part="torso", carve=True, depth=0.9),
        rod(
            pelvis - 0.3 * up + 0.38 * OUT, pelvis - 0.52 * up + 0.4 * OUT, 0.13, 0.1, part="torso", blend=0.1
        ),
    ]


def _female_front(pelvis, waist, chest, neck, up, right):
    flesh = {"part": "torso", "blend": 0.14}
    solids = [ball(pelvis + 0.25 * up + 0.12 * OUT, 0.44, depth=0.6, part="torso", blend=0.3)]
    for sign in (-1, 1):
        breast = chest - 0.1 * up + sign * 0.3 * right + 0.26 * OUT
        solids += [
            rod(breast + 0.16 * up, breast - 0.04 * up, 0.2, 0.27, **{**flesh, "depth": 0.85}),
            ball(breast + 0.21 * OUT - 0.06 * up, 0.055, material="nipple", part="torso", blend=0.04),
        ]
    return solids + [
        rod(waist + 0.4 * up, pelvis + 0.4 * up, 0.16, part="torso", carve=True, depth=0.12),
        ball(waist - 0.3 * up, 0.07, part="torso", carve=True, depth=0.8),
    ]


def _back(pelvis, waist, chest, neck, up, right):
    flesh = {"part": "torso", "blend": 0.14}
    solids = []
    for sign in (-1, 1):
        side = sign * right
        solids += [
            rod(
                pelvis + 0.1 * up + 0.26 * side + 0.2 * OUT,
                pelvis - 0.2 * up + 0.24 * side + 0.28 * OUT,
                0.36,
                0.39,
                depth=0.85,
                **flesh,
            ),
            rod(
                chest + 0.2 * up + 0.32 * side + 0.15 * OUT,
                chest - 0.15 * up + 0.3 * side + 0.15 * OUT,
                0.3,
                0.24,
                depth=0.6,
                **flesh,
            ),
        ]
    return solids + [
        rod(chest + 0.4 * up, pelvis + 0.45 * up, 0.16, 0.12, part="torso", carve=True, depth=0.55),
        rod(pelvis + 0.2 * up, pelvis - 0.5 * up, 0.07, part="torso", carve=True, depth=0.9),
    ]


def _head(joints, posture, build, rng, hair, beard):
    centre, neck = joints["head"], joints["neck"]
    up = centre - neck - (0, 0, centre[2] - neck[2])
    up = up / np.linalg.norm(up)
    right = np.array([-up[1], up[0], 0.0])
    look = right * posture.turn
    skin = {"part": "head", "blend": 0.08}
    solids = [ball(centre + 0.12 * up, 0.39, **skin)]
    if not posture.back:
        solids += [
            rod(
                centre + 0.05 * up + 0.1 * OUT + 0.1 * look,
                centre - 0.3 * up + 0.16 * OUT + 0.16 * look,
                0.33,
                0.18,
                **skin,
            )
        ]
        solids += _face(centre + 0.26 * look, up, right)
        if beard:
            solids += [
                ball(centre - 0.38 * up + 0.3 * OUT + 0.2 * look, 0.18, material="hair", part="head", folds=4)
            ]
    return solids + _hair(centre, up, right, look, posture.back, rng, hair)


def _face(centre, up, right):
    dark = {"part": "head", "material": "eye", "blend": 0.02}
    solids = [
        rod(
            centre + 0.08 * up + 0.36 * OUT,
            centre - 0.12 * up + 0.47 * OUT,
            0.05,
            0.07,
            part="head",
            blend=0.05,
        )
    ]
    for sign in (-1, 1):
        eye = centre + 0.04 * up + sign * 0.14 * right
        solids += [ball(eye, 0.12, part="head", carve=True, depth=0.55)]
        solids += [rod(eye + 0.3 * OUT - 0.03 * right, eye + 0.3 * OUT + 0.03 * right, 0.05, **dark)]
    solids += [
        rod(
            centre - 0.25 * up - 0.08 * right + 0.31 * OUT,
            centre - 0.25 * up + 0.08 * right + 0.31 * OUT,
            0.045,
            material="lip",
            part="head",
            blend=0.03,
        )
    ]
    return solids


def _hair(centre, up, right, look, back, rng, hair):
    if hair == "none":
        return []
    kind = {"material": "hair", "part": "head", "folds": 5, "blend": 0.05}
    lift = 0.22 if back else -0.06
    solids = [ball(centre + 0.17 * up + lift * OUT - 0.12 * look, 0.45, **kind)]
    for angle in np.linspace(-1.5, 1.5, 8) + rng.normal(0, 0.08, 8):
        curl = centre + 0.14 * up + 0.37 * (np.cos(angle) * up + np.sin(angle) * right) + (lift + 0.1) * OUT
        solids += [ball(curl, 0.12 + 0.04 * rng.random(), **{**kind, "folds": 2})]
    if hair == "bun":
        solids += [ball(centre + 0.5 * up - 0.25 * look + lift * OUT, 0.21, **kind)]
    if hair == "long":
        for sign in (-1, 1):
            start, end = (
                centre + 0.1 * up + sign * 0.33 * right,
                centre - (0.7 + 0.3 * rng.random()) * up + sign * 0.36 * right,
            )
            solids += [rod(start + lift * OUT, end + (lift - 0.02) * OUT, 0.2, 0.13, **kind)]
        if back:
            solids += [rod(centre + 0.3 * OUT, centre - 0.9 * up + 0.4 * OUT, 0.33, 0.12, **kind)]
    return solids


def _leg_solids(joints, side, sign, build, foot, back):
    hip, knee, ankle = (joints[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    leg = {"part": f"{side}_leg", "depth": 0.9, "blend": 0.2}
    foot_part = {"part": f"{side}_foot", "depth": 0.9, "blend": 0.15}
    calf = knee + 0.12 * (ankle - knee) + (0.05 * sign, 0, 0)
    instep = ankle + 0.4 * FOOT * along(foot, -35 if back else 35)
    toes = ankle + FOOT * along(foot, -35 if back else 35)
    return [
        rod(hip + 0.05 * (knee - hip), knee, build.thigh, 0.24, swell=0.06, **leg),
        rod(knee - 0.1 * (knee - hip) + (0, 0, 0.06), knee + 0.08 * (ankle - knee), 0.2, 0.17, **leg),
        rod(knee, ankle, 0.23, 0.12, swell=0.05, **leg),
        rod(calf, knee + 0.55 * (ankle - knee), 0.17, 0.12, swell=0.06, **leg),
        rod(ankle, instep, 0.135, 0.15, **foot_part),
        rod(instep, toes, 0.15, 0.12, **foot_part),
    ]


def _arm_solids(joints, side, build):
    shoulder, elbow, wrist = (joints[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    thick = build.arm
    upper = {"part": f"{side}_arm", "blend": 0.22}
    fore = {"part": f"{side}_forearm", "blend": 0.16}
    way = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    palm = wrist + HAND * way
    side_way = np.array([-way[1], way[0], 0.0])
    solids = [
        rod(shoulder, shoulder + 0.3 * (elbow - shoulder), 1.15 * thick, 0.9 * thick, **upper),
        rod(shoulder, elbow, 1.02 * thick, 0.76 * thick, swell=0.15 * thick, **upper),
        rod(elbow, wrist, 0.78 * thick, 0.5 * thick, swell=0.22 * thick, **fore),
        rod(wrist, palm, 0.105, 0.135, depth=0.7, **fore),
    ]
    for finger in (-0.09, 0.0, 0.09):
        tip = palm + (0.3 - abs(finger)) * way + 1.3 * finger * side_way
        solids += [rod(palm + finger * side_way, tip, 0.065, 0.045, **{**fore, "blend": 0.03})]
    return solids
