"""Read a museum's answer without trusting it: any field may be missing, or be a list where a text was.

`dig`, `entries` and `text` accept anything and never raise, so that a museum's module is little more than the names of
its fields. Catalogues that are downloaded whole are read row by row, so that their size does not matter.
"""

import io
import re
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import ZipFile

from bs4 import BeautifulSoup

from artpose_lib.data.dates import EARLIEST, LATEST
from artpose_lib.data.tables import read_csv
from artpose_lib.data.text import LONGEST_LINE, one_line

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"  # how a museum's licence is stored
NOT_AUTHORS = re.compile(  # by the role that a museum gives a person
    r"publish|uitgev|editor|\bprinter|printing|drukker|dedicat|opgedragen|privileg|octrooi|seller|verkoper|handelaar|"
    r"commission|client|opdrachtgever|patron|owner|eigenaar|donor|schenker|dealer|sitter|depicted", re.IGNORECASE)
LARGEST_TABLE = 200_000_000  # bytes of a table in an archive; the Web Gallery's 52,867 rows are about 13 million


class Fault(Exception):
    """What went wrong with one request, one picture or one record; the message is a sentence that says why. kind: a
    short name to count by, such as "blocked" or "not JSON". lasting: asking again would not help."""

    def __init__(self, kind: str, sentence: str, lasting: bool = False):
        super().__init__(sentence)
        self.kind, self.lasting = kind, lasting

    def advise(self) -> str:
        """Return the sentence, with what a person who collects can do where asking again may help."""
        return str(self) + " Run the collection again later." * (not self.lasting)


def dig(answer: object, *path: str | int) -> object:
    """Return the value at a path of keys and positions; None where a step is missing or of another type."""
    for step in path:
        if isinstance(step, int) and isinstance(answer, list) and -len(answer) <= step < len(answer):
            answer = answer[step]
        elif isinstance(step, str) and isinstance(answer, dict):
            answer = answer.get(step)
        else:
            return None
    return answer


def entries(answer: object, *path: str | int) -> list:
    """Return the list at a path; a single value as a list of one, nothing as an empty list."""
    found = dig(answer, *path)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def text(*values: object) -> str:
    """Return the first value that has text, as one line; of a list all parts, each once, with ", " between them."""
    for value in values:
        parts = map(one_line, value if isinstance(value, list) else [value])
        if line := ", ".join(dict.fromkeys(filter(None, parts))):
            return line[:LONGEST_LINE]
    return ""


def field(answer: object, *path: str | int) -> str:
    """Return the text at a path of keys and positions; "" where there is none."""
    return text(dig(answer, *path))


def columns(answer: object, **names: str) -> dict[str, str]:
    """Return the texts of an answer's fields, by the names that they have in an `Artwork`."""
    return {column: field(answer, name) for column, name in names.items()}


def each(answer: object, name: str, key: str) -> list[str]:
    """Return the text at `key` of every entry of the list at `name`."""
    return [field(entry, key) for entry in entries(answer, name)]


def read_authors(answer: object, *path: str | int) -> list:
    """Return those of the people at a path who made a work, by their `role`, and neither print, sell nor pay for it."""
    return [person for person in entries(answer, *path) if not NOT_AUTHORS.search(field(person, "role"))]


def read_years(first: object, last: object) -> tuple[int, int] | None:
    """Return the years that a museum states as numbers, or as dates that begin with them; None where it states none."""
    found = [re.match(r"-?[0-9]{1,5}(?![0-9])", text(value)) for value in (first, last)]
    years = tuple(int(year[0]) for year in found if year)
    # Two noughts stand for what is not known.
    return years if len(years) == 2 and any(years) and EARLIEST <= years[0] <= years[1] <= LATEST else None


def read_records(answer: object, name: str) -> list:
    """Return the records of a page, where null stands for none. Raises Fault where the answer is no page of hits."""
    if not isinstance(answer, dict) or name not in answer:
        raise Fault("not a record", f'The search gave an answer without "{name}", which is no page of hits.')
    return entries(answer, name)


def read_table(path: Path, needed: set[str], encoding: str = "utf-8-sig", member: str = "") -> Iterator[dict[str, str]]:
    """Yield the rows of a table in CSV as dicts of texts, "" where a row is short.

    needed: the columns that it must have. member: the table's name where `path` is a zip archive.
    Raises Fault: "not a catalogue" for a damaged file, "too large" for an archive that would unpack to over 200 MB.
    """
    try:
        with _open_table(path, member) as packed, io.TextIOWrapper(packed, encoding, "replace", newline="") as lines:
            table = read_csv(lines, strict=False)
            if missing := sorted(needed - set(table.fieldnames or ())):
                raise ValueError(f"it has no column {', '.join(missing)}")
            yield from table
    except Fault:
        raise
    except Exception as error:  # zip and CSV readers raise nearly anything, all meaning that the file is damaged
        reason = (str(error) or type(error).__name__).rstrip(".")
        raise Fault("not a catalogue", f"{path} cannot be read: {reason}. Delete it to download it again.") from error


def plain(html: str) -> str:
    """Return the text of a piece of HTML, less what its page does not show, for the museums that answer with markup."""
    if "<" not in html:
        return one_line(unescape(html))
    page = BeautifulSoup(html[:20 * LONGEST_LINE], "html.parser")
    for hidden in page.select("style, script, [style*='display:none' i], [style*='display: none' i]"):
        hidden.decompose()
    return one_line(page.get_text(" "))


def addresses(values: Iterable[object]) -> tuple[str, ...]:
    """Return those of the values that are web addresses, each once."""
    return tuple(dict.fromkeys(value for value in map(text, values) if re.match(r"https?://[^\s/]", value)))


def _open_table(path: Path, member: str) -> BinaryIO:
    if not member:
        return path.open("rb")
    with ZipFile(path) as archive:  # what is opened in it stays open
        found = [info for info in archive.infolist() if PurePosixPath(info.filename).name == member]
        if not found:
            raise FileNotFoundError(f'there is no "{member}" in it')
        if found[0].file_size > LARGEST_TABLE:
            raise Fault("too large", f"The catalogue would unpack to {found[0].file_size:,} bytes.", lasting=True)
        return archive.open(found[0])
