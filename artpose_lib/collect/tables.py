"""Catalogues that are downloaded whole: CSV tables, read row by row so that their size does not matter."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import ZipFile

from artpose_lib.collect.answers import Fault

LARGEST = 200_000_000  # bytes of a table in an archive; the Web Gallery's 52,867 rows are about 13 million


def read_table(path: Path, needed: set[str], encoding: str = "utf-8-sig", member: str = "") -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV table, of commas or semicolons, as dicts of texts, "" where a row is short.

    needed: the columns that it must have. member: the table's name where `path` is a zip archive.
    Raises Fault: "not a catalogue" for a damaged file, "too large" for an archive that would unpack to over 200 MB.
    """
    try:
        with _open_table(path, member) as packed, io.TextIOWrapper(packed, encoding, "replace", newline="") as lines:
            header = next(lines, "")
            table = csv.DictReader(chain([header], lines), restval="", delimiter=max(",;", key=header.count))
            if missing := sorted(needed - set(table.fieldnames or ())):
                raise ValueError(f"it has no column {', '.join(missing)}")
            yield from table
    except Fault:
        raise
    except Exception as error:  # zip and CSV readers raise nearly anything, all meaning that the file is damaged
        reason = (str(error) or type(error).__name__).rstrip(".")
        raise Fault("not a catalogue", f"{path} cannot be read: {reason}. Delete it to download it again.") from error


@contextmanager
def _open_table(path: Path, member: str) -> Iterator[BinaryIO]:
    if not member:
        with path.open("rb") as table:
            yield table
        return
    with ZipFile(path) as archive:
        found = [info for info in archive.infolist() if PurePosixPath(info.filename).name == member]
        if not found:
            raise FileNotFoundError(f'there is no "{member}" in it')
        if found[0].file_size > LARGEST:
            raise Fault("too large", f"The catalogue would unpack to {found[0].file_size:,} bytes.", lasting=True)
        with archive.open(found[0]) as table:
            yield table
