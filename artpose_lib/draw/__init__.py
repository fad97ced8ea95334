"""The embedded data set: drawn artworks of the six poses, with boxes, joints, masks and known backgrounds.

Nothing here is a museum's picture. Everything about a drawing is known, and drawings vary enough that no
network learns them at once: the report runs with no download, and an experiment can swap backgrounds.
"""

import hashlib
import io
import os
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
from PIL import Image

from artpose_lib.draw.artwork import Drawing, draw_artwork
from artpose_lib.draw.backgrounds import BACKGROUNDS
from artpose_lib.draw.media import MEDIA

__all__ = ["BACKGROUNDS", "LINKED", "MEDIA", "Drawing", "draw_artwork", "draw_dataset"]

# Uneven as the thesis' classes are: its training part of experiment 2 (Section 2.2.6), whose 13 for Reclining is taken
# for a slip of 113.
SHARES = {"Antinous": 90, "Graces": 91, "Pieta": 98, "Reclining": 113, "Sebastian": 117, "Tanagra": 123}

# The background linked to each class: all differ, so at `background_link` 1 the background tells the class.
LINKED = {
    "Antinous": "niche",
    "Graces": "garden",
    "Pieta": "paper",
    "Reclining": "interior",
    "Sebastian": "landscape",
    "Tanagra": "museum",
}


def draw_dataset(folder, n=600, seed=0, background_link=0.0):
    """Draw `n` artworks, the six poses as often as SHARES says, into `folder` and return it as a Path.

    Writes `<Pose>/<number>.jpg` (longer side 320 px), `masks/<number>.png` (see Drawing) and, last of all,
    `metadata.csv`: a folder that has it is complete. To the thesis' columns it adds `boxes` ("x0 y0 x1 y1;…",
    pixels), `keypoints` ("joint x y, joint x y;…", a figure between semicolons in the order of the boxes),
    `mask`, `background`, `medium`, `phash` (a perceptual hash), and `sha256` of the JPEG file.

    `background_link` in [0, 1] is the probability that a picture has the background LINKED to its class, and
    not one drawn uniformly: 0 makes the two independent, 1 lets the background tell the class. The figures
    are the same at every value. Picture i depends on `seed`, i and `background_link` only; the same call
    writes the same bytes. A folder that already holds this very data set is returned as it is, an interrupted
    one is drawn again.
    Raises ValueError for `n` or `background_link` out of range, FileExistsError for a folder that holds
    anything else.
    """
    if not 0 <= background_link <= 1:
        raise ValueError(f"background_link is {background_link}, but it must lie between 0 and 1.")
    if n < 1:
        raise ValueError(f"n is {n}, but a data set needs at least 1 picture.")
    folder = Path(folder)
    _claim(folder, f"n={n} seed={seed} background_link={float(background_link)}\n")
    if not (folder / "metadata.csv").exists():
        poses = _poses(n)
        rows = [_draw_row(folder, number, pose, seed, background_link) for number, pose in enumerate(poses)]
        partial = folder / "metadata.csv.partial"
        pd.DataFrame(rows).to_csv(partial, index=False)
        os.replace(partial, folder / "metadata.csv")
    return folder


def _claim(folder, parameters):
    """Mark `folder` as the home of the data set with these parameters, unless it holds anything else."""
    mark = folder / ".artpose-drawn"
    if mark.is_file() and mark.read_text(encoding="utf-8") == parameters:
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{folder} already holds something else; name a new or an empty folder for the drawings."
        )
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(parameters, encoding="utf-8")


def _poses(n):
    """The poses of pictures 0 to n - 1: each in turn the one that is most behind its share, whatever `n` is."""
    share = np.array(list(SHARES.values())) / sum(SHARES.values())
    drawn = np.zeros(len(SHARES), int)
    for number in range(1, n + 1):
        behind = (share * number - drawn).argmax()
        drawn[behind] += 1
        yield list(SHARES)[behind]


def _draw_row(folder, number, pose, seed, background_link):
    """Draw picture `number`, write it and its mask, and return its row of metadata."""
    rng = np.random.default_rng([seed, number])
    linked = rng.random() < background_link
    drawing = draw_artwork(pose, rng, LINKED[pose] if linked else None)
    file_name, mask = f"{pose}/{number:05d}.jpg", f"masks/{number:05d}.png"
    sha256 = _write(folder / file_name, drawing.image, "JPEG", quality=90)
    _write(folder / mask, drawing.mask, "PNG")
    return {
        "file_name": file_name,
        "label": pose,
        "AUTHOR": "artpose (drawn)",
        "TITLE": f"{pose}, drawing {number}",
        "DATE": "",
        "TECHNIQUE": f"drawn by a program in the manner of {drawing.medium}",
        "LOCATION": "",
        "ID": f"drawn-{seed}-{number}",
        "TYPE": "drawing",
        "image": "",
        "source": "synthetic",
        "licence": "CC0-1.0",
        "boxes": ";".join(" ".join(map(str, box)) for box in drawing.boxes),
        "keypoints": ";".join(_joints(figure) for figure in drawing.keypoints),
        "mask": mask,
        "background": drawing.background,
        "medium": drawing.medium,
        "sha256": sha256,
        "phash": str(imagehash.phash(Image.fromarray(drawing.image))),
    }


def _joints(figure):
    return ", ".join(f"{name} {x} {y}" for name, (x, y) in figure.items())


def _write(path, pixels, kind, **options):
    """Write a picture and return the SHA-256 of the file as hexadecimal digits."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()
