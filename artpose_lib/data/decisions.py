"""What a person decided about pictures: decisions.csv, a line a decision, only ever added to.

It lies in the folder of a data set and changes no picture and no metadata.csv: decisions are applied when the data is
read. So they outlive a new collection and can be taken back.
"""

import csv
import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import normalize

import pandas as pd

from artpose_lib.data.metadata import BOX
from artpose_lib.data.tables import DataError
from artpose_lib.files import say

FILE = "decisions.csv"
COLUMNS = ("when", "who", "file_name", "action", "value", "why")
ACTIONS = ("keep", "drop", "pose", "box", "undo")
LONGEST_TEXT = 10_000  # characters of one field; the csv module refuses to read one over 131,072


@dataclass(frozen=True)
class Decision:
    """One decision about one picture. Raises DataError.

    action and value: "drop" the picture or "keep" it after all; "pose", its new label; "box", the boxes around its
    figures as in the column `boxes`, or "" for none; "undo", which takes back its last active decision.
    """

    file_name: str
    action: str
    value: str = ""
    why: str = ""  # a remark; its line breaks become spaces
    who: str = ""
    when: str = ""  # UTC in ISO 8601, to the second

    def __post_init__(self):
        object.__setattr__(self, "why", " ".join(self.why.splitlines()))
        object.__setattr__(self, "file_name", normalize("NFC", self.file_name))  # as `list_pictures` gives them
        object.__setattr__(self, "value", normalize("NFC", self.value))
        for text in vars(self).values():
            half = re.search(r"[\ud800-\udfff]", text)  # a lone surrogate, which UTF-8 cannot hold
            if half or text != "".join(text.splitlines()) or len(text) > LONGEST_TEXT:
                raise DataError(f"{text[:40]!a} must be one line of at most {LONGEST_TEXT} whole characters.")
        if not self.file_name:
            raise DataError("a decision must name the picture it is about in file_name.")
        if self.action not in ACTIONS:
            raise DataError(f'"{self.action}" is no action; there are {", ".join(ACTIONS)}.')
        if self.action == "box":
            _refuse_broken_boxes(self.value)
        elif self.action == "pose":
            if not self.value or self.value != self.value.strip() or "," in self.value:
                raise DataError(f'the pose "{self.value}" is no label: a label has no comma in it, which stands '
                                    "between labels in --classes, no spaces around it, and is not empty.")
        elif self.value:
            raise DataError(f'"{self.action}" takes no value, and "{self.value}" was given: leave it empty.')


def read_decisions(folder: str | Path) -> list[Decision]:
    """All decisions in decisions.csv, the oldest first, without a half line that a crash left at its end; none without
    the file. Raises DataError where any other line is malformed."""
    path = Path(folder) / FILE
    content, _ = _split_half(path.read_bytes() if path.exists() else b"")
    lines = content.removeprefix(BOM_UTF8).splitlines()  # a spreadsheet puts that mark in front
    rows = [_split_line(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]
    if rows and tuple(rows[0]) != COLUMNS:
        raise DataError(f'{path}, line 1: the header must be "{",".join(COLUMNS)}", and is "{",".join(rows[0])}". '
                            "Put it back, or move the file away if it is something else.")
    return [_to_decision(row, f"{path}, line {number}") for number, row in enumerate(rows[1:], start=2)
            if any(row)]  # a spreadsheet leaves empty lines


def append_decision(folder: str | Path, decision: Decision) -> None:
    """Add a decision as the last line of decisions.csv, on disk when this returns; an empty `when` becomes now.

    A half line that a crash left is removed first, and shown; a whole one is ended. Raises DataError where `who` is
    empty, or as `read_decisions` does.
    """
    read_decisions(folder)  # a file that is something else stays as it is
    if not decision.who.strip():
        raise DataError(f'the decision "{decision.action}" on {decision.file_name} names no person: give who.')
    decision = replace(decision, when=decision.when or datetime.now(UTC).isoformat(timespec="seconds"))
    with (Path(folder) / FILE).open("ab+") as handle:
        handle.seek(0)
        content, half = _split_half(handle.read())
        if half:
            say(f"{handle.name}: a line that was cut off is taken out: {half.decode(errors='replace')}")
            handle.truncate(len(content))
        row = pd.DataFrame([vars(decision)], columns=COLUMNS)
        text = row.to_csv(header=not content, index=False, lineterminator="\n").encode()
        handle.write(text if content[-1:] in (b"", b"\n") else b"\n" + text)
        handle.flush()
        os.fsync(handle.fileno())


def active_decisions(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that count, in their order: without those taken back, and without the undos."""
    count: list[Decision] = []
    for decision in decisions:
        if decision.action != "undo":
            count.append(decision)
        elif of_picture := [place for place, other in enumerate(count) if other.file_name == decision.file_name]:
            del count[of_picture[-1]]
    return count


def apply_decisions(metadata: pd.DataFrame, decisions: Iterable[Decision]) -> tuple[pd.DataFrame, list[str]]:
    """Apply decisions to a data set. Returns its rows, and a sentence for each picture they name that is not in it.

    Parameters: `metadata` has the columns `file_name`, `label` and perhaps `boxes`. A picture's latest keep or drop,
    its latest pose and its latest box win. The rows left are numbered anew.
    """
    latest: dict[str, dict[str, str]] = {"drop": {}, "pose": {}, "box": {}}
    for decision in active_decisions(decisions):
        if decision.action in ("keep", "drop"):
            latest["drop"][decision.file_name] = decision.action
        else:
            latest[decision.action][decision.file_name] = decision.value
    frame = metadata.copy()
    for action, column in (("pose", "label"), ("box", "boxes")):
        if latest[action]:
            frame[column] = frame["file_name"].map(latest[action]).fillna(frame.get(column, ""))
    dropped = frame["file_name"].map(latest["drop"]) == "drop"
    absent = set().union(*latest.values()).difference(metadata["file_name"])
    return (frame[~dropped].reset_index(drop=True),
            [f"{name}: {FILE} names this picture, which is not in the collection; its decisions are kept."
             for name in sorted(absent)])


def _split_half(content: bytes) -> tuple[bytes, bytes]:
    """What counts of the file, and a last line that a crash cut off: it lacks values, or ends within one."""
    start, header = content.rfind(b"\n") + 1, ",".join(COLUMNS).encode()
    last = content[start:]
    try:
        is_half = len(_split_line(last, "")) < len(COLUMNS) if start else header.startswith(last) and last != header
    except DataError as error:  # bytes that are no UTF-8 were not cut off, unless at the end
        is_half = getattr(error.__cause__, "reason", "unexpected end of data") == "unexpected end of data"
    return (content[:start], last) if is_half else (content, b"")


def _split_line(line: bytes, where: str) -> list[str]:
    # A line is parsed alone, so that a quote left open cannot swallow the decisions that follow.
    try:
        return next(csv.reader([line.decode()], strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{where}: {line!r} is not a line of CSV in UTF-8 ({error}). Mend or remove it.") from error


def _to_decision(row: list[str], where: str) -> Decision:
    try:
        if len(row) != len(COLUMNS):
            raise DataError(f'a decision has {len(COLUMNS)} values ({", ".join(COLUMNS)}), and "{",".join(row)}" '
                                f"has {len(row)}.")
        return Decision(**dict(zip(COLUMNS, row, strict=True)))
    except DataError as error:
        raise DataError(f"{where}: {error} Mend or remove the line.") from error


def _refuse_broken_boxes(boxes: str) -> None:
    for box in boxes.split(";") if boxes else []:
        corners = BOX.fullmatch(box)
        x0, y0, x1, y1 = map(int, corners.groups()) if corners else (0, 0, 0, 0)
        if x0 >= x1 or y0 >= y1:
            raise DataError(f'the box "{box}" must be four whole numbers "x0 y0 x1 y1" with x0 < x1 and y0 < y1, '
                                'in pixels; ";" stands between boxes, and no box at all is "".')
