"""Tables that others wrote, row by row: CSV of commas, semicolons, tabs or bars, in UTF-8 or UTF-16; and Parquet."""

import codecs
import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

from pyarrow import ArrowException, parquet

from artpose_lib.data.text import one_line

PARQUET = "parquet"


class DataError(ValueError):
    """Data that cannot be used; the message names the file, the value and the way out."""


def read_table(path: Path, choose: Callable[[list[str]], dict[str, str]],
               needed: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table: where each stands, for messages, and its texts by column, "" where there is none.

    choose: of the names of all columns, those to read, by what each row shall call them and in its order; `needed`
    tells in words which these are, for where it finds none. Bytes that are not UTF-8 come as in `os.fsdecode`.
    Raises DataError where the table cannot be read, has no such column, or has a row with more values than columns.
    """
    if find_encoding(path) == PARQUET:
        yield from _read_parquet(path, choose, needed)
        return
    with open_text(path) as lines:
        table = read_csv(lines, strict=True)
        try:
            wanted = _choose(path, list(table.fieldnames or ()), choose, needed)
            for row in table:
                where = f"{path}, line {table.line_num}"
                if any(more := row.get(None, ())):
                    raise DataError(f"{where}: {len(more)} more values than columns; put quotes around a value that "
                                    f'holds "{table.reader.dialect.delimiter}".')
                yield where, {name: row[there] for name, there in wanted.items()}
        except csv.Error as error:
            raise DataError(f"{path}, line {table.line_num}: this is not CSV ({error}).") from error


def read_csv(lines: Iterator[str], strict: bool) -> csv.DictReader:
    """The rows of a CSV, "" where one is short, split at what its first line has most of: commas, semicolons, tabs or
    bars; a line "sep=;" before it, from Excel, is passed over. strict: to raise csv.Error for a quote that is left
    open, which would swallow the rows that follow."""
    start = [next(lines, "")]
    if start[0].lower().startswith("sep="):
        start.append(next(lines, ""))
    table = csv.DictReader(chain(start, lines), restval="", strict=strict, delimiter=max(",;\t|", key=start[-1].count))
    for _ in start[1:]:
        next(table.reader)  # so that lines are still counted from the first
    return table


def name_column(text: str) -> str:
    """The name of a column as it is looked for, in small letters: "File Name " as "file_name"."""
    return "_".join(text.lower().split())


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text in UTF-8, or in UTF-16 with its mark; other bytes come as in `os.fsdecode`. Raises DataError."""
    encoding = find_encoding(path)
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as lines:
            yield lines
    except UnicodeError as error:
        raise DataError(f"{path}: this is not {encoding} ({error}). Save it as UTF-8.") from error


def find_encoding(path: Path) -> str:
    """By a file's first bytes: PARQUET, "utf-16" or else "utf-8-sig". Raises DataError where it cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise DataError(f"{path}: this cannot be read ({error.strerror}). Make it readable, or move it "
                        "elsewhere.") from error
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return PARQUET if start == b"PAR1" else "utf-8-sig"


def _read_parquet(path: Path, choose: Callable, needed: str) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        table = parquet.ParquetFile(path)
        wanted = _choose(path, table.schema_arrow.names, choose, needed)
        batches = table.iter_batches(columns=[*wanted.values()])
        for number, row in enumerate((row for batch in batches for row in batch.to_pylist()), start=1):
            yield f"{path}, row {number}", {
                name: "" if row[there] is None else str(row[there]) for name, there in wanted.items()}
    except (ArrowException, OSError) as error:
        raise DataError(f"{path}: this Parquet cannot be read ({one_line(str(error))}).") from error


def _choose(path: Path, found: list[str], choose: Callable, needed: str) -> dict[str, str]:
    if not (wanted := choose(found)):
        there = ", ".join(f'"{one_line(name)}"' for name in found) or "none"
        raise DataError(f"{path}: {needed} needed. Columns found: {there}.")
    return wanted
