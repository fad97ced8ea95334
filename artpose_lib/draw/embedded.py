"""The embedded data set: drawings in a folder, with the boxes and joints of their figures and known backgrounds."""

from collections.abc import Iterator
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.licences import find_rights
from artpose_lib.data.pictures import read_ahead
from artpose_lib.draw.artwork import Artwork
from artpose_lib.draw.backgrounds import LINKED
from artpose_lib.files import digest, new_folder

# Uneven as the thesis' classes are: its training part of experiment 2 (Section 2.2.6), whose 13 for Reclining is taken
# for a slip of 113.
SHARES = {"Antinous": 90, "Graces": 91, "Pieta": 98, "Reclining": 113, "Sebastian": 117, "Tanagra": 123}


def draw_dataset(folder: Path, n: int = 600, seed: int = 0, background_link: float = 0.0,
                 option: str = "its name") -> Path:
    """Draw `n` artworks, the six poses as often as SHARES says, into `folder` and return it.

    Writes `<Pose>/<number>.jpg` (longer side 320 px) and `metadata.csv`, all or nothing. To the thesis' columns it adds
    `boxes` ("x0 y0 x1 y1;…", pixels), `keypoints` ("joint x y, joint x y;…", figures in the order of the boxes),
    `background`, `medium`, `phash` (a perceptual hash), and `sha256` of the file.

    `background_link` in [0, 1] is the probability that a picture has the background LINKED to its class, and not one
    drawn uniformly. The figures are the same at every value. Picture i depends on `seed`, i and `background_link` only;
    on a processor with other vector instructions one pixel value in 100,000 differs by 1.
    `option` is as in `files.whole`. Raises FileExistsError for a folder that holds something already.
    """
    with new_folder(folder, option) as partial:
        rows = read_ahead(lambda drawing: _draw_picture(partial, *drawing, seed, background_link),
                          enumerate(pose_sequence(n)))
        pd.DataFrame(rows).to_csv(partial / "metadata.csv", index=False)
    return folder


def pose_sequence(n: int) -> Iterator[str]:
    """The poses of pictures 0 to n - 1: each in turn the one that is most behind its share, whatever `n` is."""
    share = np.array(list(SHARES.values())) / sum(SHARES.values())
    drawn = np.zeros(len(SHARES), int)
    for number in range(1, n + 1):
        behind = (share * number - drawn).argmax()
        drawn[behind] += 1
        yield list(SHARES)[behind]


def plant_copies(dataset: PoseDataset, share: float, folder: Path) -> None:
    """Write a data set's pictures into a new `folder`, and of a `share` a copy: mirrored, cropped by 3 % a side, grey.
    The column `work` says which belong together."""
    folder.mkdir(parents=True)
    copied = np.random.default_rng(0).permutation(len(dataset))[:round(share * len(dataset))]
    columns = ["label", "TITLE", "AUTHOR", "DATE", *find_rights(dataset.metadata)]
    kept = dataset.metadata.reindex(columns=columns).dropna(axis=1, how="all")
    rows = []
    for number in range(len(dataset)):
        picture = Image.fromarray(dataset.picture(number, 320))  # as large as a drawing
        pictures = {f"{number:05}.jpg": picture}
        if number in copied:
            cropped = ImageOps.crop(picture, round(0.03 * min(picture.size)))
            pictures[f"{number:05}-copy.jpg"] = ImageOps.mirror(cropped).convert("L").convert("RGB")
        for name, image in pictures.items():
            image.save(folder / name, "JPEG", quality=90)
            rows.append(kept.iloc[number].to_dict() | {"work": f"{number}", "file_name": name})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)


def _draw_picture(folder: Path, number: int, pose: str, seed: int, background_link: float) -> dict[str, str]:
    """Draw picture `number`, write it, and return its row of metadata."""
    rng = np.random.default_rng([seed, number])
    artwork = Artwork(pose, rng, LINKED[pose] if rng.random() < background_link else None)
    picture = Image.fromarray(artwork.paint())
    boxes, keypoints = artwork.locate_figures()
    joints = [", ".join(f"{name} {x} {y}" for name, (x, y) in figure.items()) for figure in keypoints]
    path = folder / pose / f"{number:05d}.jpg"
    path.parent.mkdir(exist_ok=True)
    picture.save(path, quality=90)
    return {
        "file_name": f"{pose}/{path.name}", "label": pose,
        "AUTHOR": "artpose (drawn)", "TITLE": f"{pose}, drawing {number}", "DATE": "",
        "TECHNIQUE": f"drawn by a program in the manner of {artwork.medium}", "LOCATION": "",
        "ID": f"drawn-{seed}-{number}", "TYPE": "drawing", "image": "", "source": "synthetic", "licence": "CC0-1.0",
        "boxes": ";".join(" ".join(map(str, box)) for box in boxes), "keypoints": ";".join(joints),
        "background": artwork.background, "medium": artwork.medium,
        "sha256": digest(path), "phash": str(imagehash.phash(picture)),
    }
