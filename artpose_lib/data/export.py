"""A data set in the forms that others read: the thesis' JSON and NumPy, CSV, Parquet, a folder a class."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from artpose_lib.data.dataset import DataError, PoseDataset
from artpose_lib.files import whole

# The thesis' columns, in the order of its Appendix' first listing.
THESIS_COLUMNS = ("AUTHOR", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "ID", "TYPE", "image")
SIZE = 224  # pixels a side of the NumPy pictures: what VGG16 and ResNet50 take (thesis, Section 2.2)


def export(dataset: PoseDataset, form: str, out: Path, open_only: bool = True) -> int:
    """Write a data set to a new folder in one of FORMS; returns how many pictures it holds.

    - thesis-json: thesis.json, the thesis' eight columns as in its Appendix, each an object of "0", "1", …;
    - numpy: images.npy, uint8 RGB (n, 224, 224, 3); labels.npy, int64 (n,) into classes.txt; and metadata.csv;
    - csv: metadata.csv alone;
    - parquet: pictures.parquet, the metadata with each file's bytes in the column `picture`;
    - imagefolder: the pictures' files in a folder a class, and metadata.csv, as Hugging Face `datasets` reads them.

    Parameters: `open_only` leaves out every picture that may not be published (`PoseDataset.publishable`).
    Raises DataError where nothing may be published, FileExistsError where `out` holds something already, and OSError
    where it cannot be written; then it holds nothing.
    """
    rows = dataset.metadata[dataset.publishable] if open_only else dataset.metadata
    if rows.empty:
        raise DataError(f"{dataset.folder}: no picture has an open licence. For your own use: --no-open-only.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} already holds something; name a new or an empty folder for the export")
    with whole(out, option="--out") as partial:
        partial.mkdir()
        FORMS[form](dataset, rows, partial)
        if out.exists():
            out.rmdir()  # empty when the export began; an error where it no longer is
    return len(rows)


def _thesis_json(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    thesis = rows.reindex(columns=list(THESIS_COLUMNS), fill_value="").reset_index(drop=True)
    thesis.to_json(out / "thesis.json", indent=1, force_ascii=False)


def _numpy(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    images = np.lib.format.open_memmap(out / "images.npy", "w+", np.uint8, (len(rows), SIZE, SIZE, 3))
    for number, picture in enumerate(dataset.stream(SIZE, rows.index)):
        images[number] = picture
    np.save(out / "labels.npy", dataset.labels[rows.index])
    (out / "classes.txt").write_text("\n".join(dataset.classes) + "\n", encoding="utf-8")
    _csv(dataset, rows, out)


def _csv(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    rows.to_csv(out / "metadata.csv", index=False, lineterminator="\n")


def _parquet(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema([*((column, pyarrow.string()) for column in rows), ("picture", pyarrow.binary())])
    with ParquetWriter(out / "pictures.parquet", schema) as writer:
        for start in range(0, len(rows), 100):  # a group at a time, so that a large collection need not fit the memory
            group = rows.iloc[start:start + 100]
            pictures = [(dataset.folder / name).read_bytes() for name in group["file_name"]]
            writer.write_table(pyarrow.Table.from_pylist(group.assign(picture=pictures).to_dict("records"), schema))


def _imagefolder(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    names = [_name_in_class(name, label) for name, label in zip(rows["file_name"], rows["label"], strict=True)]
    for old, new in zip(rows["file_name"], names, strict=True):
        (out / new).parent.mkdir(exist_ok=True)
        shutil.copyfile(dataset.folder / old, out / new)
    _csv(dataset, rows.assign(file_name=names), out)


def _name_in_class(file_name: str, label: str) -> str:
    """`file_name` in the folder of its class; a picture whose label a person changed keeps its old folder's name."""
    folder = re.sub(r"[^\w -]", "-", label)  # a label may hold anything, such as "../"
    return f"{folder}/{file_name.removeprefix(label + '/').replace('/', '--')}"


FORMS: dict[str, Callable[[PoseDataset, pd.DataFrame, Path], None]] = {
    "thesis-json": _thesis_json, "numpy": _numpy, "csv": _csv, "parquet": _parquet, "imagefolder": _imagefolder}
