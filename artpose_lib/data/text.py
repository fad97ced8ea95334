"""Text that others wrote: on one line, as it is compared, as a file's name, and in Markdown."""

import csv
import re
import unicodedata
from importlib.resources import files

LONGEST = 500  # characters that are read of a museum's text; its dates and techniques seldom reach 200
LONGEST_LINE = 1000  # characters of one field; descriptions go on for pages, and a title never does
LONGEST_NAME = 150  # bytes of a file's name, of which file systems take 255
# Where a folder or a file has such a word in its name, Hugging Face' reader reads no others.
_PARTS = re.compile(r"(?<![^\d._ -])(train|training|val|valid|validation|dev|test|testing|eval|evaluation)"
                    r"(?![^\d._ -])")


def one_line(value: object) -> str:
    """A text or a number as one line of at most `LONGEST_LINE` characters; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # Category C: control characters, direction overrides and lone surrogates, which no file can hold.
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter
                   for letter in str(value)[:2 * LONGEST_LINE])
    return " ".join(kept.split())[:LONGEST_LINE].rstrip()


def fold(text: str) -> str:
    """The text in lower case, without accents, with one kind of dash and of space: "Pietà" as "pieta"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.sub("[‐-―−]", "-", letters).split())


def read_words(table: str) -> list[tuple[str, str]]:
    """The rows of a table in this folder: a meaning and the words that tell it, folded."""
    with (files("artpose_lib.data") / table).open(encoding="utf-8", newline="") as lines:
        return [(meaning, fold(words)) for meaning, words in list(csv.reader(lines))[1:]]


def to_file_name(text: str) -> str:
    """The text as a file's name that every system takes: letters with their marks and numbers stay, and "-", "_", "."
    and spaces; all else becomes "-". Different texts may get one name."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(one if unicodedata.category(one)[0] in "LMN" or one in "-_. " else "-" for one in composed)
    kept = re.sub(r"^(metadata)\.(?=(?:csv|jsonl|parquet)$)", r"\1-", kept, flags=re.IGNORECASE)  # its table's own
    name = _PARTS.sub(lambda part: part[0].capitalize(), kept.encode()[:LONGEST_NAME].decode(errors="ignore"))
    return re.sub("^__+", "_", name.strip(" .")) or "-"  # a dot or two lines in front hide a folder from readers


def escape_markdown(text: str) -> str:
    """The text on one line of Markdown that shows it as it is: `*Pieta*` is not italic."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))
