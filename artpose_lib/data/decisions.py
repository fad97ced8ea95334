"""What a person decided about pictures: decisions.csv, a line a decision, only ever added to.

It lies in the folder of a data set and changes no picture and no metadata.csv; decisions are applied when the data is
read. So they outlive a new collection, show as one line each in a comparison, and can be taken back.
"""

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from artpose_lib.data.boxes import BOX

FILE = "decisions.csv"
COLUMNS = ("when", "who", "file_name", "action", "value", "why")
ACTIONS = ("keep", "drop", "pose", "box", "undo")
LONGEST_TEXT = 10_000  # characters of one field; the csv module refuses to read one over 131,072


class DecisionError(ValueError):
    """A decision that says nothing usable; the message names the value and the way out, and where it stands."""


@dataclass(frozen=True)
class Decision:
    """One decision about one picture; all fields are text, and each decision is one line.

    file_name: the picture, as in metadata.csv. action and value: "drop" it or "keep" it after all (no value); "pose",
    its new label; "box", the boxes around its figures, "x0 y0 x1 y1;…" in pixels from the top left corner with x0 < x1
    and y0 < y1, or "" for none; "undo", which takes back the picture's last active decision (no value).
    why: a remark; its line breaks become spaces. who: a name. when: UTC in ISO 8601, to the second.
    Raises DecisionError.
    """

    file_name: str
    action: str
    value: str = ""
    why: str = ""
    who: str = ""
    when: str = ""

    def __post_init__(self):
        object.__setattr__(self, "why", " ".join(self.why.splitlines()))
        for text in vars(self).values():
            _refuse_other_than_a_line(text)
        if not self.file_name:
            raise DecisionError("a decision must name the picture it is about in file_name.")
        if self.action not in ACTIONS:
            raise DecisionError(f'"{self.action}" is no action; there are {", ".join(ACTIONS)}.')
        if self.action == "pose":
            _refuse_unusable_label(self.value)
        elif self.action == "box":
            _refuse_broken_boxes(self.value)
        elif self.value:
            raise DecisionError(f'"{self.action}" takes no value, and "{self.value}" was given: leave it empty.')


def read_decisions(folder: str | Path) -> list[Decision]:
    """All decisions in decisions.csv, the oldest first; none where there is no such file.

    A decision counts once the line break behind it is written: a half line that a crash left is ignored.
    Raises DecisionError where any other line is malformed.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return []
    # Spreadsheets put a byte order mark in front.
    lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")[:-1]
    rows = [_split_line(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]
    if rows and tuple(rows[0]) != COLUMNS:
        raise DecisionError(f'{path}, line 1: the header must be "{",".join(COLUMNS)}", and is "{",".join(rows[0])}". '
                            "Put it back, or move the file away if it is something else.")
    return [_to_decision(row, f"{path}, line {number}") for number, row in enumerate(rows[1:], start=2)]


def append_decision(folder: str | Path, decision: Decision) -> None:
    """Add a decision as the last line of decisions.csv, on disk when this returns; an empty `when` becomes now.

    A half line that a crash left is removed first. Raises DecisionError where `who` is empty.
    """
    if not decision.who.strip():
        raise DecisionError(f'the decision "{decision.action}" on {decision.file_name} names no person: give who.')
    decision = replace(decision, when=decision.when or datetime.now(UTC).isoformat(timespec="seconds"))
    with (Path(folder) / FILE).open("ab+") as handle:
        handle.seek(0)
        whole = handle.read().rfind(b"\n") + 1
        handle.truncate(whole)
        text = io.StringIO()
        rows = [] if whole else [COLUMNS]
        csv.writer(text, lineterminator="\n").writerows([*rows, [getattr(decision, column) for column in COLUMNS]])
        handle.write(text.getvalue().encode())
        handle.flush()
        os.fsync(handle.fileno())


def active_decisions(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that count, in their order: without those taken back, and without the undos.

    An undo on a picture without an active decision changes nothing.
    """
    count: list[Decision] = []
    for decision in decisions:
        if decision.action != "undo":
            count.append(decision)
            continue
        of_picture = [place for place, earlier in enumerate(count) if earlier.file_name == decision.file_name]
        if of_picture:
            del count[of_picture[-1]]
    return count


def apply_decisions(metadata: pd.DataFrame, decisions: Iterable[Decision]) -> tuple[pd.DataFrame, list[str]]:
    """A data set after the decisions, and a sentence for each picture they name that is not in it, sorted.

    Parameters: `metadata` has the columns `file_name` and `label`, and perhaps `boxes`, which comes in with the first
    decision about a box.
    Returns a new frame of the rows that are not dropped, numbered anew, with their new labels and boxes. A picture's
    latest keep or drop, its latest pose and its latest box win.
    """
    latest: dict[str, dict[str, Decision]] = {"drop": {}, "pose": {}, "box": {}}
    for decision in active_decisions(decisions):
        latest["drop" if decision.action == "keep" else decision.action][decision.file_name] = decision
    frame = metadata.copy()
    for action, column in (("pose", "label"), ("box", "boxes")):
        if latest[action]:
            before = frame[column] if column in frame else [""] * len(frame)
            frame[column] = [latest[action][name].value if name in latest[action] else value
                             for name, value in zip(frame["file_name"], before, strict=True)]
    dropped = {name for name, decision in latest["drop"].items() if decision.action == "drop"}
    absent = set().union(*latest.values()).difference(metadata["file_name"])
    return (frame[~frame["file_name"].isin(dropped)].reset_index(drop=True),
            [f"{name}: {FILE} names this picture, which is not in the collection; its decisions are kept."
             for name in sorted(absent)])


def _split_line(line: bytes, where: str) -> list[str]:
    # A line is parsed alone, so that a quote left open cannot swallow the decisions that follow.
    try:
        return next(csv.reader([line.decode().removesuffix("\r")], strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DecisionError(f"{where}: {line!r} is not a line of CSV in UTF-8 ({error}). Mend or remove it.") from error


def _to_decision(row: list[str], where: str) -> Decision:
    try:
        if len(row) != len(COLUMNS):
            raise DecisionError(f'a decision has {len(COLUMNS)} values ({", ".join(COLUMNS)}), and "{",".join(row)}" '
                                f"has {len(row)}.")
        return Decision(**dict(zip(COLUMNS, row, strict=True)))
    except DecisionError as error:
        raise DecisionError(f"{where}: {error} Mend or remove the line.") from error


def _refuse_other_than_a_line(text: str) -> None:
    half = re.search(r"[\ud800-\udfff]", text)  # a lone surrogate, which UTF-8 cannot hold
    if half or text != "".join(text.splitlines()) or len(text) > LONGEST_TEXT:
        raise DecisionError(f"{text[:40]!a} must be one line of at most {LONGEST_TEXT} whole characters.")


def _refuse_unusable_label(label: str) -> None:
    if not label or label != label.strip() or "," in label:
        raise DecisionError(f'the pose "{label}" is no label: a label has no comma in it, which stands between '
                            "labels in --classes, no spaces around it, and is not empty.")


def _refuse_broken_boxes(boxes: str) -> None:
    for box in boxes.split(";") if boxes else []:
        corners = BOX.fullmatch(box)
        x0, y0, x1, y1 = map(int, corners.groups()) if corners else (0, 0, 0, 0)
        if x0 >= x1 or y0 >= y1:
            raise DecisionError(f'the box "{box}" must be four whole numbers "x0 y0 x1 y1" with x0 < x1 and y0 < y1, '
                                'in pixels; ";" stands between boxes, and no box at all is "".')
