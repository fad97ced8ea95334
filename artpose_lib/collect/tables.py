"""Catalogues that are downloaded whole: CSV tables, read row by row so that their size does not matter."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from artpose_lib.collect.answers import Fault


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes its reader raise, as a Fault that says what to do."""
    try:
        yield
    except Fault:
        raise
    except Exception as error:  # zip and CSV readers raise nearly anything, all meaning that the file is damaged
        raise damaged(path, str(error) or type(error).__name__) from error


def damaged(path: Path, reason: str) -> Fault:
    """The fault of a catalogue that cannot be used."""
    return Fault("not a catalogue", f"{path} cannot be read: {reason.rstrip('.')}. Delete it to download it again.")


def rows(path: Path, lines: Iterator[str], needed: set[str], delimiters: str = ",") -> Iterator[dict[str, str]]:
    """The rows of the table in `lines`, a dict of texts each, "" where a row is short; `path` is for messages.

    delimiters: those that may separate the columns; the header's most frequent one does.
    Raises Fault where the header lacks a needed column.
    """
    header = next(lines, "")
    table = csv.DictReader(chain([header], lines), restval="", delimiter=max(delimiters, key=header.count))
    if missing := sorted(needed - set(table.fieldnames or ())):
        raise damaged(path, f"it has no column {', '.join(missing)}")
    yield from table
