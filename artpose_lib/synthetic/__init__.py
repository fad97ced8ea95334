"""The embedded data set: drawn artworks of the six poses, with boxes, joints, figure masks and known backgrounds.

Nothing here is a museum's picture. The drawings are simple enough to know everything about them and varied enough that a
network does not learn them at once; they let the report run with no download, and let an experiment swap backgrounds.
"""

import hashlib
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from ..poses import POSE_NAMES
from .backgrounds import BACKGROUNDS, LINKED, background
from .backgrounds import background as draw_background
from .media import MEDIA, paint
from .scenes import compose, view
from .solids import ATTRIBUTE, render

LONG_SIDE = 320  # pixels of the longer side of a finished picture
OVERSIZE = 1.5  # drawn larger, then shrunk: smooth edges


@dataclass(frozen=True)
class Drawing:
    """One drawn artwork.

    `image` uint8 (h, w, 3) RGB; `mask` uint8 (h, w), 255 on figures with their hair and garments, 0 on attributes (spear, arrows, tree,
    couch, plinth) and background; `boxes` list of (x0, y0, x1, y1) in pixels, one a figure that is seen, the last ones exclusive;
    `keypoints`, beside each box a dict of joint to (x, y) in pixels, "left" and "right" being the figure's own; `medium`; `background`.
    """

    image: np.ndarray
    mask: np.ndarray
    boxes: list
    keypoints: list
    medium: str
    background: str


def draw_artwork(pose, rng, background=None, medium=None):
    """Draw one artwork of `pose` (a name in POSE_NAMES) from the generator `rng`.

    `background` (one of BACKGROUNDS) and `medium` (one of MEDIA) are drawn too when None. The same state of `rng` gives the same
    figure, mask, boxes and joints on any background. Raises ValueError for an unknown name.
    """
    _known("pose", pose, POSE_NAMES)
    scene_rng, medium_rng, background_rng, finish_rng = (
        np.random.default_rng(rng.integers(2**63)) for _ in range(4)
    )
    medium = medium or MEDIA[medium_rng.integers(len(MEDIA))]
    background = background or BACKGROUNDS[background_rng.integers(len(BACKGROUNDS))]
    _known("medium", medium, MEDIA)
    _known("background", background, BACKGROUNDS)
    scene = _lose_parts(view(compose(pose, scene_rng), scene_rng), medium, scene_rng)
    shape, scale, offset = _frame(scene, scene_rng)
    relief = render(scene.solids, shape, scale, offset)
    behind = draw_background(background, shape, background_rng)
    picture = paint(medium, relief, behind, medium_rng)
    small = (round(shape[1] / OVERSIZE), round(shape[0] / OVERSIZE))
    picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    image = _age(picture, finish_rng)
    owner = cv2.resize(relief.owner, small, interpolation=cv2.INTER_NEAREST)
    mask = np.where(owner >= 0, 255, 0).astype(np.uint8)
    boxes, keypoints = _annotate(scene, owner, scale / OVERSIZE, np.array(offset) / OVERSIZE)
    return Drawing(image, mask, boxes, keypoints, medium, background)


def _known(what, name, names):
    if name not in names:
        raise ValueError(f"No {what} is called {name!r}; there are: {', '.join(names)}.")


LIMBS = ("left_forearm", "right_forearm", "left_arm", "right_arm", "head", "left_foot", "right_foot")


def _lose_parts(scene, medium, rng):
    """Statues have lost limbs: sometimes an arm, a foot or the head is missing, and the spear with the arm that held it."""
    lost = set()
    for figure in range(len(scene.joints)):
        part, broken = str(rng.choice(LIMBS)), rng.random() < 0.2
        if broken and medium in ("marble", "terracotta"):
            lost |= {(figure, part), (figure, part.replace("_arm", "_forearm"))}
            if "arm" in part:
                lost.add((ATTRIBUTE, "spear"))
    return replace(scene, solids=[solid for solid in scene.solids if (solid.owner, solid.part) not in lost])


def _frame(scene, rng):
    """Canvas (h, w), scale and offset that show the scene: mostly whole with some room, sometimes cropped close."""
    figures = [solid for solid in scene.solids if solid.owner >= 0 and not solid.box]
    points = np.array([point[:2] for solid in figures for point in (solid.start, solid.end)])
    reach = np.array([max(solid.r0, solid.r1) for solid in figures for _ in range(2)])[:, None]
    low, high = (points - reach).min(axis=0), (points + reach).max(axis=0)
    aspect = np.clip(scene.aspect * rng.lognormal(0, 0.15), 0.5, 1.9)
    long_side = int(LONG_SIDE * OVERSIZE)
    shape = (long_side, int(long_side * aspect)) if aspect < 1 else (int(long_side / aspect), long_side)
    room = rng.uniform(1.05, 1.4)
    middle = (low + high) / 2
    scale = min(shape[1] / (high[0] - low[0]), shape[0] / (high[1] - low[1])) / room
    if rng.random() < 0.22:
        scale *= rng.uniform(1.2, 1.6)
        middle = middle - (0, rng.uniform(0, 0.22) * (high[1] - low[1]))
    drift = rng.normal(0, 0.04, 2) * (shape[1], shape[0])
    offset = (shape[1] / 2 - middle[0] * scale + drift[0], shape[0] / 2 - middle[1] * scale + drift[1])
    return shape, float(scale), offset


def _age(picture, rng):
    """Time and photograph: fading, stains, uneven light, a little noise. Returns uint8."""
    picture = picture ** rng.uniform(0.85, 1.2) * rng.uniform(0.85, 1.05) + rng.uniform(0, 0.06)
    h, w = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    picture = picture * (1 - rng.uniform(0, 0.25) * (x**2 + y**2) / 2)[..., None]
    if rng.random() < 0.12:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    picture = picture + rng.normal(0, rng.uniform(0.003, 0.014), picture.shape[:2])[..., None]
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _annotate(scene, owner, scale, offset):
    boxes, keypoints = [], []
    for number, joints in enumerate(scene.joints):
        ys, xs = np.nonzero(owner == number)
        if len(xs) < 30:
            continue
        boxes.append((int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1))
        points = {}
        for name, point in joints.items():
            x, y = np.array(point[:2]) * scale + offset
            if 0 <= x < owner.shape[1] and 0 <= y < owner.shape[0]:
                points[_own_side(name, scene.backs[number])] = (round(float(x)), round(float(y)))
        keypoints.append(points)
    return boxes, keypoints


def _own_side(name, back):
    """The picture's left is a figure's own right, unless it turns its back."""
    side, _, rest = name.partition("_")
    if back or not rest:
        return name
    return f"{'right' if side == 'left' else 'left'}_{rest}"


def draw_dataset(folder, n=600, seed=0, background_link=0.0):
    """Draw `n` artworks, the six poses in turn, into `folder` and return it as a Path.

    Writes `<Pose>/<number>.jpg` (320 px on the longer side), `masks/<number>.png` (255 on figures, see Drawing) and, last, `metadata.csv`:
    a folder with that file is complete. Columns beyond the thesis' own: `boxes` "x0 y0 x1 y1;…", `keypoints` "joint x y, joint x y;…" (a
    figure between semicolons, in the boxes' order), `mask`, `background`, `medium`, `sha256` of the JPEG file.

    `background_link` in [0, 1] is the probability that a picture's background is the one assigned to its class (LINKED) and not drawn
    uniformly: 0 makes background and class independent, 1 lets the class fix the background. Picture i depends on `seed` and i only; the
    same call writes the same bytes. A folder that holds this very data set is returned as it is.
    Raises ValueError for a bad `n` or `background_link`, FileExistsError for a folder that holds anything else.
    """
    if not 0 <= background_link <= 1:
        raise ValueError(f"background_link is {background_link}; it must lie in the range 0 to 1.")
    if n < 1:
        raise ValueError(f"n is {n}; at least 1 picture must be drawn.")
    folder = Path(folder)
    mark = f"drawn by artpose: n={n} seed={seed} background_link={background_link}\n"
    if _claim(folder, mark):
        return folder
    rows = [_draw_row(folder, number, seed, background_link) for number in range(n)]
    partial = folder / "metadata.csv.partial"
    pd.DataFrame(rows).to_csv(partial, index=False)
    os.replace(partial, folder / "metadata.csv")
    return folder


def _claim(folder, mark):
    """True if `folder` already holds this data set; otherwise make it ours, empty of anything else."""
    marker = folder / ".artpose-drawn"
    if marker.is_file() and marker.read_text(encoding="utf-8") == mark:
        return (folder / "metadata.csv").is_file()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{folder} exists and holds something else; name an empty or a new folder for the drawn data set."
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(mark, encoding="utf-8")
    return False


def _draw_row(folder, number, seed, background_link):
    """Draw picture `number`, write it and its mask, and return its row of metadata."""
    pose = POSE_NAMES[number % len(POSE_NAMES)]
    rng = np.random.default_rng([seed, number])
    linked = rng.random() < background_link
    drawing = draw_artwork(pose, rng, LINKED[pose] if linked else None)
    file_name, mask_name = f"{pose}/{number:05d}.jpg", f"masks/{number:05d}.png"
    sha256 = _write(folder / file_name, drawing.image, "JPEG", quality=90)
    _write(folder / mask_name, drawing.mask, "PNG")
    return {
        "file_name": file_name, "label": pose, "AUTHOR": "artpose (drawn)", "TITLE": f"{pose}, drawing {number}", "DATE": "", "TECHNIQUE": f"drawn by program, in the manner of {drawing.medium}",
        "LOCATION": "", "ID": f"drawn-{seed}-{number}", "TYPE": drawing.medium, "image": "", "source": "synthetic", "licence": "CC0-1.0",
        "boxes": ";".join(" ".join(map(str, box)) for box in drawing.boxes),
        "keypoints": ";".join(", ".join(f"{name} {x} {y}" for name, (x, y) in figure.items()) for figure in drawing.keypoints),
        "mask": mask_name, "background": drawing.background, "medium": drawing.medium, "sha256": sha256,
    }  # fmt: skip


def _write(path, pixels, kind, **options):
    """Write an image and return the SHA-256 of its bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


__all__ = ["BACKGROUNDS", "LINKED", "MEDIA", "Drawing", "background", "draw_artwork", "draw_dataset"]
