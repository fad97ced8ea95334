"""Catalogues that are downloaded whole: CSV tables, read row by row so that their size does not matter."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from artpose_lib.collect.answers import Fault


@contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Raise whatever a damaged file makes its reader raise as a Fault that names the file and says what to do."""
    try:
        yield
    except Fault:
        raise
    except Exception as error:  # zip and CSV readers raise nearly anything, all meaning that the file is damaged
        reason = (str(error) or type(error).__name__).rstrip(".")
        raise Fault("not a catalogue", f"{path} cannot be read: {reason}. Delete it to download it again.") from error


def read_rows(lines: Iterator[str], needed: set[str], delimiters: str = ",") -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV table as dicts of texts, "" where a row is short.

    delimiters: those that may separate the columns; the header's most frequent one does.
    Raises ValueError where the header lacks a needed column.
    """
    header = next(lines, "")
    table = csv.DictReader(chain([header], lines), restval="", delimiter=max(delimiters, key=header.count))
    if missing := sorted(needed - set(table.fieldnames or ())):
        raise ValueError(f"it has no column {', '.join(missing)}")
    yield from table
