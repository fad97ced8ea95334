"""One drawn artwork: a scene, seen through a frame, made in a medium before a background, and aged."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.draw.backgrounds import BACKGROUNDS, draw_background, noise
from artpose_lib.draw.media import MEDIA, paint
from artpose_lib.draw.poses import compose, mirrored, view
from artpose_lib.draw.solids import ATTRIBUTE, render

LONG_SIDE = 320  # pixels of the longer side of a finished picture
OVERSIZE = 1.5  # drawn larger, then shrunk: smooth edges
BREAKABLE = ("left_forearm", "right_forearm", "left_arm", "right_arm", "head", "left_foot", "right_foot")


@dataclass(frozen=True)
class Drawing:
    """One drawn artwork.

    `image` uint8 (h, w, 3) RGB, the longer side LONG_SIDE pixels.
    `mask` uint8 (h, w): 255 on figures with their hair and garments; 0 on attributes (spear, arrows, tree,
    couch, plinth, halo) and on the background.
    `boxes` list of (x0, y0, x1, y1) in pixels, x1 and y1 exclusive, one a figure that is seen.
    `keypoints` beside each box a dict of joint to (x, y) in pixels; "left" and "right" are the figure's own.
    Joints outside the picture are left out; one that is hidden, or broken off, is given where it would be.
    `medium` one of MEDIA; `background` one of BACKGROUNDS.
    """

    image: np.ndarray
    mask: np.ndarray
    boxes: list
    keypoints: list
    medium: str
    background: str


def draw_artwork(pose, rng, background=None, medium=None):
    """Draw one artwork of `pose` (a name in POSE_NAMES) with the generator `rng`; returns a Drawing.

    `background` (in BACKGROUNDS) and `medium` (in MEDIA) are drawn uniformly where they are None. The same
    state of `rng` gives the same figures on every background: the same mask, boxes and joints, and the same
    light and damage on them.
    Raises ValueError for a name that does not exist.
    """
    scene_rng, medium_rng, background_rng, age_rng = (
        np.random.default_rng(s) for s in rng.integers(2**63, size=4)
    )
    drawn_medium, drawn_background = rng.choice(MEDIA), rng.choice(BACKGROUNDS)
    medium, background = str(medium or drawn_medium), str(background or drawn_background)
    for what, name, names in (
        ("pose", pose, POSE_NAMES),
        ("medium", medium, MEDIA),
        ("background", background, BACKGROUNDS),
    ):
        if name not in names:
            raise ValueError(f"There is no {what} {name!r}; choose one of {', '.join(names)}.")
    scene = _break(view(compose(pose, scene_rng), scene_rng), medium, scene_rng)
    shape, scale, offset = _frame(scene, scene_rng)
    relief = render(scene.solids, shape, scale, offset)
    picture = paint(medium, relief, draw_background(background, shape, background_rng), medium_rng)
    size = (round(shape[1] / OVERSIZE), round(shape[0] / OVERSIZE))
    image = _age(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), age_rng)
    owner = cv2.resize(relief.owner, size, interpolation=cv2.INTER_NEAREST)
    boxes, keypoints = _annotate(scene, owner, scale / OVERSIZE, offset / OVERSIZE)
    return Drawing(
        image, np.where(owner >= 0, np.uint8(255), np.uint8(0)), boxes, keypoints, medium, background
    )


def _break(scene, medium, rng):
    """Statues have lost limbs: one figure in five an arm, a foot or its head; the spear goes with an arm."""
    lost = set()
    for figure in range(len(scene.joints)):
        part, breaks = str(rng.choice(BREAKABLE)), rng.random() < 0.2
        if breaks and medium in ("marble", "terracotta"):
            lost |= {(figure, part), (figure, part.replace("_arm", "_forearm"))}
            if "arm" in part:
                lost.add((ATTRIBUTE, "spear"))
    return replace(scene, solids=[solid for solid in scene.solids if (solid.owner, solid.part) not in lost])


def _frame(scene, rng):
    """Canvas (h, w), scale and offset (x, y): mostly all of the figures, one time in five a closer crop."""
    figures = [solid for solid in scene.solids if solid.owner >= 0 and not solid.box]
    ends = np.array([(solid.start[:2], solid.end[:2]) for solid in figures])
    reach = np.array([max(solid.r0, solid.r1) for solid in figures])[:, None, None]
    low, high = (ends - reach).min(axis=(0, 1)), (ends + reach).max(axis=(0, 1))
    aspect = np.clip(scene.aspect * rng.lognormal(0, 0.15), 0.5, 1.9)
    long_side = LONG_SIDE * OVERSIZE
    size = np.array(
        [long_side * aspect, long_side] if aspect < 1 else [long_side, long_side / aspect]
    ).astype(int)
    scale = (size / (high - low)).min() / rng.uniform(1.05, 1.4)
    middle = (low + high) / 2
    if rng.random() < 0.22:
        scale *= rng.uniform(1.2, 1.6)
        middle -= (0, rng.uniform(0, 0.22) * (high - low)[1])
    return (int(size[1]), int(size[0])), float(scale), size * (0.5 + rng.normal(0, 0.04, 2)) - middle * scale


def _age(picture, rng):
    """Time and the photographer: fading, stains, uneven light, black and white, grain. Returns uint8."""
    h, w = picture.shape[:2]
    picture = picture ** rng.uniform(0.85, 1.2) * rng.uniform(0.85, 1.05) + rng.uniform(0, 0.06)
    if rng.random() < 0.25:
        stains = np.clip(noise((h, w), 90, rng) - 0.5, 0, 0.6)
        picture = picture * (1 - stains[..., None] * (0.4, 0.5, 0.65))
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    picture = picture * (1 - rng.uniform(0, 0.25) * (x**2 + y**2) / 2)[..., None]
    if rng.random() < 0.12:
        picture = picture.mean(axis=2, keepdims=True).repeat(3, axis=2)
    picture = picture + rng.normal(0, rng.uniform(0.003, 0.014), (h, w, 1))
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _annotate(scene, owner, scale, offset):
    """Boxes and joints of the figures of which something is seen, in pixels."""
    h, w = owner.shape
    boxes, keypoints = [], []
    for number, (joints, back) in enumerate(zip(scene.joints, scene.backs, strict=True)):
        ys, xs = np.nonzero(owner == number)
        if not len(xs):
            continue
        boxes.append((int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1))
        # The picture's left is a figure's own right, unless it turns its back.
        places = {
            name if back else mirrored(name): point[:2] * scale + offset for name, point in joints.items()
        }
        keypoints.append(
            {name: (int(x), int(y)) for name, (x, y) in places.items() if 0 <= x < w and 0 <= y < h}
        )
    return boxes, keypoints
