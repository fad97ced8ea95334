"""A data set in the forms that others read: the thesis' JSON and NumPy, CSV, Parquet, a folder a class."""

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from artpose_lib.data.dataset import DataError, PoseDataset
from artpose_lib.data.licences import find_rights
from artpose_lib.data.metadata import rename_apart, reserve_columns
from artpose_lib.data.pictures import locate, read_file
from artpose_lib.data.text import to_file_name
from artpose_lib.files import new_folder

# The thesis' columns, in the order of its Appendix' first listing.
THESIS_COLUMNS = ("AUTHOR", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "ID", "TYPE", "image")
SIZE = 224  # pixels a side of the NumPy pictures: what VGG16 and ResNet50 take (thesis, Section 2.2)
CHUNK = 10_000  # rows by which Hugging Face' reader guesses the types of a CSV's columns


def export(dataset: PoseDataset, form: str, out: Path, open_only: bool = True) -> int:
    """Write a data set to a new folder in one of FORMS; returns how many pictures it holds.

    - thesis-json: thesis.json, the thesis' eight columns as in its Appendix, each an object of "0", "1", …;
    - numpy: images.npy, uint8 RGB (n, 224, 224, 3); labels.npy, int64 (n,) into classes.txt; and metadata.csv;
    - csv: metadata.csv alone;
    - parquet: pictures.parquet, the metadata with each file's bytes in the column `picture`;
    - imagefolder: the pictures' files in a folder a class, and metadata.csv, as Hugging Face `datasets` reads them; or
      metadata.parquet, where that would guess labels ("None", "01") or the types of columns wrong from the CSV.

    Parameters: `open_only` leaves out every picture that may not be published (`PoseDataset.publishable`).
    Raises DataError where nothing can be used or published, or not all was written, FileExistsError where `out` holds
    something already, and OSError where it cannot be written; then it holds nothing.
    """
    if not len(dataset):
        raise DataError(f"{dataset.folder}: no picture can be used; `artpose data info` on the folder tells why.")
    rows = dataset.metadata[dataset.publishable] if open_only else dataset.metadata
    if rows.empty:
        columns = ", ".join(find_rights(dataset.metadata))
        raise DataError(f"{dataset.folder}: no picture has an open licence (told by: {columns}). For your own use: "
                        "--no-open-only.")
    with new_folder(out) as partial:
        FORMS[form](dataset, rows, partial)
        files = sum(path.is_file() for path in partial.glob("*/*"))
        if form == "imagefolder" and files != len(rows):  # a disk may take two names for one
            raise DataError(f"{out}: only {files} of {len(rows)} pictures were written, so nothing is kept. Name a "
                            "folder on another disk.")
    return len(rows)


def _thesis_json(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    thesis = rows.reindex(columns=list(THESIS_COLUMNS), fill_value="").reset_index(drop=True)
    thesis.to_json(out / "thesis.json", indent=1, force_ascii=False)


def _numpy(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    images = np.lib.format.open_memmap(out / "images.npy", "w+", np.uint8, (len(rows), SIZE, SIZE, 3))
    for number, picture in enumerate(dataset.stream(SIZE, rows.index)):
        images[number] = picture
    np.save(out / "labels.npy", dataset.labels[rows.index])
    names = [" ".join(name.split()) for name in dataset.classes]  # a line each
    (out / "classes.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    _csv(dataset, rows, out)


def _csv(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    lines = rows.replace("\r\n?", "\n", regex=True)  # "\r" alone would end a row for some readers
    lines.to_csv(out / "metadata.csv", index=False, lineterminator="\n")


def _parquet(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    rows, path = rename_apart(rows, {"picture": "picture_text"}), out / "pictures.parquet"
    schema = pyarrow.schema([*((column, pyarrow.string()) for column in rows), ("picture", pyarrow.binary())])
    with ParquetWriter(path, schema) as writer:
        for start in range(0, len(rows), 100):  # a group at a time, so that a large collection need not fit the memory
            group = rows.iloc[start:start + 100]
            pictures = [read_file(dataset.folder / name) for name in group["file_name"]]
            writer.write_table(pyarrow.Table.from_pylist(group.assign(picture=pictures).to_dict("records"), schema))


def _imagefolder(dataset: PoseDataset, rows: pd.DataFrame, out: Path) -> None:
    names = name_files(rows)
    for old, new in zip(rows["file_name"], names, strict=True):
        (out / new).parent.mkdir(exist_ok=True)
        shutil.copyfile(locate(dataset.folder / old), out / new)
    table = reserve_columns(rows.assign(file_name=names))
    _csv(dataset, table, out)
    chunks = list(pd.read_csv(out / "metadata.csv", chunksize=CHUNK))
    labels = pd.concat([chunk["label"] for chunk in chunks])
    if labels.isna().any() or [*map(str, labels)] != [*table["label"]] or len({(*one.dtypes,) for one in chunks}) > 1:
        (out / "metadata.csv").unlink()
        table.to_parquet(out / "metadata.parquet", index=False)


def name_files(rows: pd.DataFrame) -> list[str]:
    """A path for each picture in a folder of its class; one that a person put there keeps its old folder's name."""
    labels = sorted(set(rows["label"]))
    folders = dict(zip(labels, _tell_apart([to_file_name(label) for label in labels], labels), strict=True))
    names = []
    for file_name, label in zip(rows["file_name"], rows["label"], strict=True):
        name = file_name.removeprefix(f"{label}/").replace("/", "--")
        known = re.search(r"\.(?:jpe?g?|jfif|png|webp|gif|tiff?|bmp)$", name, re.IGNORECASE)
        path = PurePosixPath(name if known else name.replace(".", "-"))  # ".zip" would be unpacked
        names.append(f"{folders[label]}/{to_file_name(path.stem)}{re.sub('[^a-zA-Z0-9.]', '-', path.suffix)}")
    return _tell_apart(names, [*rows["file_name"]])


def _tell_apart(names: list[str], meant: list[str]) -> list[str]:
    """The names, with a hash of what is meant in those that some file system takes for one."""
    met = Counter(name.casefold() for name in names)
    paths = [PurePosixPath(name) for name in names]
    hashes = [hashlib.sha256(text.encode()).hexdigest()[:8] for text in meant]
    return [str(path.with_name(f"{path.stem}-{digest}{path.suffix}")) if met[name.casefold()] > 1 else name
            for name, path, digest in zip(names, paths, hashes, strict=True)]


FORMS: dict[str, Callable[[PoseDataset, pd.DataFrame, Path], None]] = {
    "thesis-json": _thesis_json, "numpy": _numpy, "csv": _csv, "parquet": _parquet, "imagefolder": _imagefolder}
