"""The same work on both sides of a division: copies planted to see what they do."""

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from artpose_lib.data.dataset import PoseDataset

SIDE = 320  # pixels of the longer side of what is planted: as large as the drawings


def plant(dataset: PoseDataset, share: float, folder: Path, seed: int = 0) -> Path:
    """Write the pictures of a data set into `folder`, and for a `share` of them a copy as a print is of a painting.

    A copy is mirrored, cropped by 3 % a side and without colour. The column `work` says which belong together; titles
    and licences stay. Returns the folder; one that has its metadata.csv is complete and returned as it is.
    """
    if (folder / "metadata.csv").exists():
        return folder
    copied = np.random.default_rng(seed).permutation(len(dataset))[:round(share * len(dataset))]
    kept = dataset.metadata.reindex(columns=["label", "TITLE", "AUTHOR", "DATE", "licence"]).dropna(axis=1, how="all")
    rows = []
    for number in range(len(dataset)):
        picture = Image.fromarray(dataset.picture(number, SIDE))
        name = _save(picture, folder, f"{number:05}")
        rows.append(kept.iloc[number].to_dict() | {"work": f"{number}", "file_name": name})
        if number in copied:
            copy = ImageOps.mirror(ImageOps.crop(picture, round(0.03 * min(picture.size)))).convert("L").convert("RGB")
            rows.append(rows[-1] | {"file_name": _save(copy, folder, f"{number:05}-copy")})
    partial = folder / "metadata.csv.partial"
    pd.DataFrame(rows).to_csv(partial, index=False)
    os.replace(partial, folder / "metadata.csv")
    return folder


def _save(picture: Image.Image, folder: Path, name: str) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jpg").write_bytes(buffer.getvalue())
    return f"{name}.jpg"
