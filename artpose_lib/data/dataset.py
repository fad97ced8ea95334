"""A folder of labelled pictures as arrays."""

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pandas as pd

from artpose_lib.data import decisions
from artpose_lib.data.licences import are_publishable
from artpose_lib.data.metadata import DataError, Problem, list_pictures, walk
from artpose_lib.data.pictures import (
    ABSENT,
    PictureError,
    decode_square,
    read_ahead,
    read_file,
    shrink_picture,
    verify,
)

FEWEST = 4  # pictures of a class that can be trained on


@dataclass(frozen=True, eq=False)
class PoseDataset:
    """Labelled pictures on disk, a row each, in the order of their file names."""

    folder: Path  # where each `file_name` starts from
    metadata: pd.DataFrame  # strings: `file_name`, `label` and whatever else metadata.csv has
    classes: tuple[str, ...]  # the labels in alphabetical order, which for the six poses is the thesis' order, 0 to 5
    problems: pd.DataFrame  # a row a `Problem`
    fingerprint: str  # 12 hexadecimal digits over file names, labels and the files' bytes
    tally: dict[str, int]  # how many of the files, or of the table's rows, were used, and how many not, by the reason

    def __len__(self) -> int:
        return len(self.metadata)

    @cached_property
    def labels(self) -> np.ndarray:
        """int64 (n,): the index of each picture's label in `classes`."""
        return pd.Categorical(self.metadata["label"], list(self.classes)).codes.astype(np.int64)

    @cached_property
    def publishable(self) -> np.ndarray:
        """bool (n,): the pictures that may be shown to everyone, see `are_publishable`."""
        return are_publishable(self.metadata)

    def rows_to_show(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows whose pictures a page may show: the publishable ones, or all where none of the data set is: such a
        page is for its owner alone, and `Study.banner` says so."""
        rows = np.asarray(rows, int)
        return rows[self.publishable[rows]] if self.publishable.any() else rows

    def counts(self) -> pd.Series:
        """Pictures of each class, in the order of `classes`."""
        return self.metadata["label"].value_counts().reindex(list(self.classes), fill_value=0)

    def images(self, size: int, rows: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """uint8 RGB pictures (n, size, size, 3) of the given row numbers, or of all rows; see `resize`."""
        picture = np.dtype((np.uint8, (size, size, 3)))
        return np.fromiter(self.stream(size, rows), picture, len(self) if rows is None else len(rows))

    def stream(self, size: int, rows: Sequence[int] | np.ndarray | None = None,
               padded: Sequence[bool] = (False,)) -> Iterator[np.ndarray]:
        """`images` one by one, read a little ahead by threads; `padded` as in `decode_square`."""
        names = self.metadata["file_name"] if rows is None else self.metadata["file_name"].iloc[rows]
        return read_ahead(lambda name: decode_square(read_file(self.folder / name), size, padded), names)

    def picture(self, row: int, side: int) -> np.ndarray:
        """One picture with its own proportions, uint8 RGB (h, w, 3), its longer side at most `side` pixels."""
        return np.asarray(shrink_picture(self.folder / self.metadata["file_name"].iloc[row], side)[0])

    def caption(self, row: int) -> str:
        """What a picture is called: its title, author and date, or its file name; text that others wrote."""
        known = self.metadata.iloc[row].reindex(["TITLE", "AUTHOR", "DATE"]).fillna("")
        return ", ".join(filter(None, known)) or self.metadata["file_name"].iloc[row]


def load_dataset(folder: str | Path, classes: str | Sequence[str] | None = None, minimum: int = FEWEST) -> PoseDataset:
    """Read a folder of pictures: by its metadata.csv, or without one as a folder a class.

    Parameters: `classes` names the labels to use, as a sequence or with commas between; None or "" uses all.
    `minimum` is the fewest pictures that a class may have; 0 also allows a single class.
    The decisions in decisions.csv are applied, then each picture is opened once. Left out and named in `problems` are
    those that cannot be used, and all copies of a picture (the same bytes) that has two labels.
    Raises DataError where metadata.csv or decisions.csv is malformed, a file name leads out of the folder, `classes`
    names an unknown label, or too few classes or pictures are left.
    """
    folder = Path(folder)
    everything, passed, noted = list_pictures(folder)
    decided, unmatched = decisions.apply_decisions(everything, decisions.read_decisions(folder))
    if decided.empty:
        raise DataError(f"{folder / decisions.FILE}: these decisions drop every picture.")
    used = _pick_classes(folder, decided["label"], classes, 2 if minimum else 1)
    listed = decided[decided["label"].isin(used)]
    usable, found = verify_pictures(folder, listed)
    found += noted + [Problem(decisions.FILE, sentence, "kept") for sentence in unmatched]
    usable, problems = _leave_out_disputed(usable, found)
    _refuse_small_classes(folder, used, listed, usable["label"], problems, minimum)
    content = usable[["file_name", "label", "_sha256"]].to_numpy().tolist()
    fingerprint = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    once = len(listed.drop_duplicates(["file_name", "label"]))
    tally = {"used": len(usable), "left out": once - len(usable), "listed more than once": len(listed) - once,
             "of other classes": len(decided) - len(listed), "dropped by decisions": len(everything) - len(decided)}
    return PoseDataset(folder, usable.drop(columns="_sha256"), used, problems, fingerprint, tally | passed)


def verify_pictures(folder: Path, listed: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Open each of the pictures that `list_pictures` found. Returns the usable ones without repeats, in the order of
    file names and labels, with the file's sha256 in a column `_sha256`; and the problems found."""
    twice = listed.duplicated(["file_name", "label"])
    problems = [Problem(name, "The picture is listed more than once under the same label.", "kept once")
                for name in listed.loc[twice, "file_name"]]
    listed = listed[~twice].sort_values(["file_name", "label"], ignore_index=True)
    digests, there = {}, {}
    for row, name in listed["file_name"].items():
        try:
            digests[row], conversions = verify(folder / name)
            problems += [Problem(name, sentence, "converted") for sentence in conversions]
        except PictureError as error:
            if str(error) == ABSENT and not there:
                there = {key.casefold(): file for file, _ in walk(folder, follow=False)
                         for key in (os.path.splitext(file)[0], file)}
            meant = there.get(name.casefold(), name)
            problems.append(Problem(name, f"{error}{f' Is {meant} meant?' * (meant != name)}", "left out"))
    return listed.loc[list(digests)].assign(_sha256=list(digests.values())).reset_index(drop=True), problems


def _pick_classes(folder: Path, labels: pd.Series, classes: str | Sequence[str] | None, fewest: int) -> tuple[str, ...]:
    there = sorted(set(labels))
    asked = classes.split(",") if isinstance(classes, str) else classes or ()
    used = sorted({normalize("NFC", name.strip()) for name in asked} - {""}) or there
    unknown = [f'"{name}"' for name in used if name not in there]
    if unknown:
        raise DataError(f"{folder}: no picture has the label {', '.join(unknown)}. Labels there: {', '.join(there)}.")
    if len(used) < fewest:
        raise DataError(f'{folder}: "{used[0]}" is the only class, and telling apart takes at least two.')
    return tuple(used)


def _leave_out_disputed(usable: pd.DataFrame, problems: list[Problem]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows without copies of one picture under several labels, and all problems in the order of file names; among
    them works, as the column `work` has them, under several labels."""
    disputed = usable.groupby("_sha256")["label"].transform("nunique") > 1
    for _, copies in usable[disputed].groupby("_sha256"):
        names = copies["file_name"].tolist()
        claims = ", ".join(f'{name} as "{label}"' for name, label in zip(names, copies["label"], strict=True))
        problems += [Problem(name, f"One picture has several labels: {claims}.", "left out") for name in names]
    works = usable.get("work", pd.Series("", usable.index)).str.strip()
    for work, own in usable[~disputed].groupby(works.where(works != "")):
        if len(labels := sorted(set(own["label"]))) > 1:
            problems.append(Problem(own["file_name"].iloc[0],
                                    f'Its work "{work}" has several labels: {", ".join(labels)}.', "kept"))
    found = pd.DataFrame(problems, columns=Problem._fields).drop_duplicates()
    return (usable[~disputed].reset_index(drop=True),
            found.sort_values("file_name", kind="stable", ignore_index=True))


def _refuse_small_classes(folder: Path, used: tuple[str, ...], listed: pd.DataFrame, usable_labels: pd.Series,
                          problems: pd.DataFrame, minimum: int) -> None:
    counts = usable_labels.value_counts().reindex(list(used), fill_value=0)
    small, large = counts[counts < minimum], counts[counts >= minimum]
    if small.empty:
        return
    found = [f'class "{label}" has {count} picture{"s" * (count != 1)}' for label, count in small.items()]
    message = (f"{folder}: {', '.join(found)}, and at least {minimum} are needed (two to train on, one to "
               "validate, one to test). Add pictures")
    if len(large) >= 2:
        those = "it" if len(small) == 1 else "them"
        message += f", or leave {those} out: --classes {shlex.quote(','.join(large.index))}"
    theirs = listed.loc[listed["label"].isin(small.index), "file_name"]
    lost = problems[(problems["action"] == "left out") & problems["file_name"].isin(theirs)]
    if len(lost):
        name, problem, _ = lost.iloc[0]
        message += f". Left out were {len(lost)}, the first {name}: {problem}"
    raise DataError(message)
