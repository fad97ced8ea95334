"""The rows of a folder of pictures: read from its metadata.csv, or from its subfolders, and checked.

Its column `boxes` has "x0 y0 x1 y1" around each figure, in pixels of the upright picture, with ";" between.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

BOX = re.compile(r"([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+)")


class DataError(ValueError):
    """Data that cannot be used; the message names the file, the value and the way out."""


def list_pictures(folder: Path) -> pd.DataFrame:
    """The rows of a folder's metadata.csv or metadata.parquet, or of its subfolders without what is hidden: no picture
    opened, no decision applied. Raises DataError as `load_dataset` does."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder.")
    tables = [path for name in ("metadata.csv", "metadata.parquet") if (path := folder / name).exists()]
    listed = pd.DataFrame(_rows_of_table(tables[0]) if tables else _rows_of_folders(folder))
    named = {name: re.sub(r"^image_url$", "image", re.sub(r"(_file_names?)_text$", r"\1", name)) for name in listed}
    listed = listed.rename(columns={old: new for old, new in named.items() if new not in listed})
    if listed.empty:
        raise DataError(f"{folder}: no pictures. There must be a metadata.csv with a row for each picture, "
                        "or a folder of pictures for each class.")
    return listed


def reserve_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table with other names, which `list_pictures` takes back, for columns from which Hugging Face' reader would
    make pictures, or which would take the place of its own: `image` and all in "_file_name"."""
    named = {name: re.sub(r"^image$", "image_url", re.sub(r"(_file_names?)$", r"\1_text", name)) for name in table}
    named = {old: new for old, new in named.items() if new != old}
    return table.rename(columns=named | {taken: f"{taken}_2" for taken in {*named.values()} & {*table}})


def parse_boxes(text: str) -> list[tuple[int, ...]]:
    """The corners x0, y0, x1, y1 of each box, in pixels. Anything else in the text is ignored."""
    return [tuple(map(int, box)) for box in BOX.findall(text)]


def _rows_of_table(path: Path) -> Iterator[dict[str, str]]:
    try:
        if path.suffix == ".parquet":
            text = pd.read_parquet(path).to_csv(index=False)
        else:
            text = path.read_bytes().decode("utf-8-sig")  # spreadsheets put a byte order mark in front
    except UnicodeDecodeError as error:
        line, byte = error.object.count(b"\n", 0, error.start) + 1, error.object[error.start]
        raise DataError(f"{path}, line {line}: byte 0x{byte:02x} is not UTF-8. Save the table as CSV in "
                        "UTF-8.") from error
    except ValueError as error:
        raise DataError(f"{path}: this is not a table in Parquet ({error}).") from error
    # csv, which knows each row's line in the file; strict, or an unclosed quote would swallow the rows that follow.
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
    try:
        columns = reader.fieldnames or []
        if not {"file_name", "label"} <= set(columns):
            found = ", ".join(f'"{column}"' for column in columns) or "none"
            raise DataError(f'{path}: the columns "file_name" and "label" are needed. Columns found, split at commas: '
                            f"{found}.")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise DataError(f"{where}: {len(row[None])} more values than columns; put quotes around a "
                                "value that holds a comma.")
            yield _check_row(path.parent, row, where)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: this is not CSV ({error}).") from error


def _rows_of_folders(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*/**/*")):
        parts = path.relative_to(folder).parts
        if not path.is_dir() and not any(part.startswith(".") for part in parts):
            yield _check_row(folder, {"file_name": "/".join(parts), "label": parts[0]}, str(path))


def _check_row(folder: Path, row: dict[str, str], where: str) -> dict[str, str]:
    name, label = row["file_name"], row["label"].strip()
    for column, value in (("file_name", name), ("label", label)):
        if not value:
            raise DataError(f"{where}: {column} is empty.")
    if "," in label:
        raise DataError(f'{where}: the label "{label}" holds a comma, which stands between labels in '
                        "--classes. Rename it.")
    relative = PurePosixPath(name)
    if (relative.is_absolute() or ".." in relative.parts or "\0" in name
            or not (folder / relative).resolve().is_relative_to(folder.resolve())):
        raise DataError(f'{where}: the file name "{name}" may lead out of {folder}. Pictures must lie in '
                        'that folder, and their names start from it, without "..".')
    return row | {"file_name": str(relative), "label": label}
