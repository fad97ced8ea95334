"""A folder of labelled pictures as arrays, and its division into training, validation and test parts."""

import csv
import hashlib
import io
import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import imagehash
import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse.csgraph import connected_components

from artpose_lib.pictures import PictureError, decode, square

SPLITS = ("random", "stratified", "grouped")
PARTS = ("training", "validation", "test")
# Bits of 64 in which the perceptual hashes of near-duplicates differ at most. Among 675 paintings and prints of six
# styles (227,475 pairs) no two different works come closer than 12, nor than 14 among 68 artworks of the six poses,
# where two photographs of Michelangelo's David are 10 apart. Within 10 lie all copies that were saved anew, scaled,
# mirrored, toned or made lighter or darker, 94 % of those turned by 2 degrees and 87 % of those cropped by 3 % a
# side, but only half of those cropped by 5 % and a third of those given a border: a `work` column tells more.
NEAR_DUPLICATE = 10
_HASH_SIDE = 128  # the hash looks at 32 x 32 pixels; four times that keeps its own resize the one that counts


class DataError(ValueError):
    """Data that cannot be used as it is; the message names the file, the value and the way out."""


@dataclass(frozen=True, eq=False)
class PoseDataset:
    """Labelled pictures on disk, a row each, in the order of their file names.

    folder: where `file_name` starts from.
    metadata: a frame of strings, a row a picture: `file_name`, `label` and whatever else metadata.csv has.
    classes: the labels in alphabetical order, which for the six poses is the thesis' order, 0 to 5.
    problems: what was found wrong, a row each: `file_name`, `problem` (a sentence) and `action` ("left out",
        "converted" or "kept once").
    fingerprint: 12 hexadecimal digits over file names, labels and the files' bytes: another value, other data.
    """

    folder: Path
    metadata: pd.DataFrame
    classes: tuple[str, ...]
    problems: pd.DataFrame
    fingerprint: str

    def __len__(self) -> int:
        return len(self.metadata)

    @cached_property
    def labels(self) -> np.ndarray:
        """int64 (n,): the index of each picture's label in `classes`."""
        return np.searchsorted(self.classes, self.metadata["label"].to_numpy(object)).astype(np.int64)

    def counts(self) -> pd.Series:
        """Pictures of each class, in the order of `classes`."""
        return self.metadata["label"].value_counts().reindex(list(self.classes))

    def images(self, size: int, rows: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """uint8 RGB pictures (n, size, size, 3) of the given row numbers, or of all rows, read from disk.

        A plain bilinear resize: the aspect ratio is not kept, as in the thesis' scripts.
        """
        names = self.metadata["file_name"] if rows is None else self.metadata["file_name"].iloc[rows]
        pictures = np.empty((len(names), size, size, 3), np.uint8)
        for picture, name in zip(pictures, names, strict=True):
            picture[:] = square((self.folder / name).read_bytes(), size)
        return pictures


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of a data set, int64, in shuffled order; every row is in one part and in one only."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def load_dataset(folder: str | Path, classes: str | Sequence[str] | None = None, minimum: int = 4) -> PoseDataset:
    """Read a folder of pictures: by its metadata.csv, or without one as a folder a class.

    Parameters: `classes` names the labels to use, as a sequence or with commas between; None or "" uses all.
    `minimum` is the fewest pictures that a class may have.
    Every picture is opened once. One that cannot be used is left out, and named with its reason in `problems`; so
    are both copies of a picture (the same bytes) that has two labels. In a folder a class, names that start with a
    dot are not looked at.
    Raises DataError where metadata.csv is malformed, a file name leads out of the folder, `classes` names an unknown
    label, fewer than two classes are left, or a class has fewer than `minimum` usable pictures.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder.")
    table = folder / "metadata.csv"
    rows = list(_rows_of_table(table) if table.exists() else _rows_of_folders(folder))
    if not rows:
        raise DataError(f"{folder}: no pictures. There must be a metadata.csv with a row for each picture, or a folder "
                        "of pictures for each class.")
    listed = pd.DataFrame(rows)
    used = _used_classes(folder, listed["label"], classes)
    usable, problems = _read_pictures(folder, listed[listed["label"].isin(used)])
    _refuse_small_classes(folder, used, listed, usable, minimum)
    content = usable[["file_name", "label", "_sha256"]].to_numpy().tolist()
    return PoseDataset(folder, usable.drop(columns="_sha256"), used, problems,
                       hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12])


def summary(dataset: PoseDataset) -> pd.DataFrame:
    """A row a class: `class`, `pictures` and `share` (of all pictures, 0 to 1)."""
    counts = dataset.counts()
    return pd.DataFrame({"class": counts.index, "pictures": counts.to_numpy(),
                         "share": counts.to_numpy() / len(dataset)})


def near_duplicate_groups(dataset: PoseDataset, distance: int = NEAR_DUPLICATE) -> np.ndarray:
    """int64 (n,): the group of each picture, numbered from 0; a picture without a near-duplicate is alone in its own.

    Two pictures are joined where their 64-bit perceptual hashes (pHash, the signs of the lowest frequencies), or the
    hash of one and that of the other's mirror image, differ in at most `distance` bits, and where the column `work`,
    if there is one, names the same work. Joins add up: a near-duplicate of a near-duplicate is in the group too.
    """
    pictures = [Image.fromarray(picture).convert("L") for picture in dataset.images(_HASH_SIDE)]
    upright = _signs(pictures)
    mirrored = _signs([picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in pictures])
    # A product of signs is the number of equal bits less that of unequal ones.
    agreement = np.maximum(upright @ upright.T, upright @ mirrored.T)
    joined = (upright.shape[1] - agreement) / 2 <= distance
    if "work" in dataset.metadata:
        work = dataset.metadata["work"].str.strip().to_numpy(object)
        joined |= (work[:, None] == work) & (work != "")
    return connected_components(joined, directed=False)[1].astype(np.int64)


def split(dataset: PoseDataset, scheme: str, seed: int) -> Split:
    """Divide a data set into training, validation and test part; the same seed gives the same division.

    "random": 0.8 / 0.1 / 0.1 by chance, as in the thesis' Experiment 1; a rare class may miss a part altogether.
    "stratified": 0.7 / 0.15 / 0.15 of each class, as in its Experiment 2; every class is in every part.
    "grouped": the same, as nearly as can be, with each group of near-duplicates in one part (`near_duplicate_groups`).
    Raises ValueError for another scheme, and DataError where a class is too small to be in every part.
    """
    rng = np.random.default_rng(seed)
    everyone_alone = np.arange(len(dataset))
    if scheme == "random":
        part = random_parts(len(dataset), rng)
    elif scheme == "stratified":
        part = balanced_parts(dataset.labels, everyone_alone, rng)
        _refuse_missing_classes(dataset, part, everyone_alone)
    elif scheme == "grouped":
        groups = near_duplicate_groups(dataset)
        part = balanced_parts(dataset.labels, groups, rng)
        _refuse_missing_classes(dataset, part, groups)
    else:
        raise ValueError(f'there is no split "{scheme}"; choose one of {", ".join(SPLITS)}.')
    order = rng.permutation(len(dataset))
    return Split(*(order[part[order] == number] for number in range(len(PARTS))))


def random_parts(n: int, rng: np.random.Generator) -> np.ndarray:
    """int64 (n,): 0 (training), 1 (validation) or 2 (test) for each of `n` pictures, 0.8 / 0.1 / 0.1 by chance."""
    return rng.permutation(np.repeat([0, 1, 2], _part_sizes(n, 0.1)))


def balanced_parts(labels: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """int64 (n,): 0, 1 or 2 as above, 0.7 / 0.15 / 0.15 of each class, whole groups kept together.

    Parameters: `labels` and `groups`, integers from 0, (n,). The largest groups are placed first, equal ones in random
    order, each where most pictures of its classes are still wanted. Groups of one picture fill the parts exactly.
    A class of at least three groups comes into all three parts, unless groups of several classes stand in the way.
    """
    sizes = np.zeros((groups.max() + 1, labels.max() + 1), np.int64)  # pictures in (group, class)
    np.add.at(sizes, (groups, labels), 1)
    wanted = np.array([_part_sizes(n, 0.15) for n in sizes.sum(axis=0)]).T  # still wanted by (part, class)
    absent = np.ones(wanted.shape, bool)  # (part, class)
    groups_left = (sizes > 0).sum(axis=0)  # (class,)
    part_of_group = np.zeros(len(sizes), np.int64)
    order = rng.permutation(len(sizes))
    for group in order[np.argsort(-sizes.sum(axis=1)[order], kind="stable")]:
        held = sizes[group] > 0
        score = wanted @ sizes[group]
        last_chance = held & (groups_left <= absent.sum(axis=0))  # each group left must open another part
        if last_chance.any():
            score = np.where(absent[:, last_chance].any(axis=1), score, np.iinfo(np.int64).min)
        part = part_of_group[group] = score.argmax()
        wanted[part] -= sizes[group]
        absent[part] &= ~held
        groups_left -= held
    return part_of_group[groups]


def _part_sizes(n: int, held_out: float) -> tuple[int, int, int]:
    """Pictures for training, validation and test; the last two get at least one each."""
    each = max(1, round(held_out * n))
    return n - 2 * each, each, each


def _signs(pictures: list[Image.Image]) -> np.ndarray:
    """The perceptual hashes as float32 (n, 64) of -1 and 1."""
    bits = np.array([imagehash.phash(picture).hash.ravel() for picture in pictures])
    return np.where(bits, 1, -1).astype(np.float32)


def _rows_of_table(path: Path) -> Iterator[dict[str, str]]:
    # csv and not pandas: it knows each row's line in the file, even where a title holds a line break.
    reader = csv.DictReader(io.StringIO(_utf8_text(path), newline=""), restval="")
    columns = reader.fieldnames or []
    for needed in ("file_name", "label"):
        if needed not in columns:
            found = ", ".join(f'"{column}"' for column in columns) or "none"
            raise DataError(f'{path}: there is no column "{needed}". Columns found, split at commas: {found}.')
    try:
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise DataError(f"{where}: {len(row[None])} more values than columns; put quotes around a value that "
                                "holds a comma.")
            yield _checked(path.parent, row, where)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: this is not CSV ({error}).") from error


def _utf8_text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")  # spreadsheets put a byte order mark in front
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8. Save the table as CSV in "
                        "UTF-8.") from error


def _rows_of_folders(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*/**/*")):
        parts = path.relative_to(folder).parts
        if path.is_dir() or any(part.startswith(".") for part in parts):
            continue
        yield _checked(folder, {"file_name": "/".join(parts), "label": parts[0]}, str(path))


def _checked(folder: Path, row: dict[str, str], where: str) -> dict[str, str]:
    name, label = row["file_name"], row["label"].strip()
    for column, value in (("file_name", name), ("label", label)):
        if not value:
            raise DataError(f"{where}: {column} is empty.")
    if "," in label:
        raise DataError(f'{where}: the label "{label}" holds a comma, which separates labels in --classes. Rename it.')
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\0" in name or not (
            (folder / relative).resolve().is_relative_to(folder.resolve())):
        raise DataError(f'{where}: the file name "{name}" leads out of the folder {folder}. Pictures must lie in it, '
                        "and their names start from it.")
    return row | {"file_name": str(relative), "label": label}


def _used_classes(folder: Path, labels: pd.Series, classes: str | Sequence[str] | None) -> tuple[str, ...]:
    there = sorted(set(labels))
    asked = [name.strip() for name in classes.split(",")] if isinstance(classes, str) else list(classes or ())
    asked = [name for name in asked if name] or there
    unknown = [f'"{name}"' for name in asked if name not in there]
    if unknown:
        raise DataError(f"{folder}: no pictures have the label {', '.join(unknown)}. Labels there: {', '.join(there)}.")
    if len(set(asked)) < 2:
        raise DataError(f'{folder}: "{asked[0]}" is the only class, and at least two are needed to tell apart.')
    return tuple(sorted(set(asked)))


def _read_pictures(folder: Path, listed: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable rows in the order of their file names, with a column `_sha256`, and the problems found."""
    problems = []
    twice = listed.duplicated(["file_name", "label"])
    for name in listed.loc[twice, "file_name"].unique():
        problems.append((name, "The table lists the picture more than once under one label.", "kept once"))
    listed = listed[~twice].sort_values(["file_name", "label"], ignore_index=True)
    digests = []
    for name in listed["file_name"]:
        try:
            digest, conversions = _verify(folder / name)
            problems += [(name, sentence, "converted") for sentence in conversions]
        except PictureError as error:
            digest = ""
            problems.append((name, str(error), "left out"))
        digests.append(digest)
    usable = listed.assign(_sha256=digests).query("_sha256 != ''")
    for _, copies in usable.groupby("_sha256"):
        if copies["label"].nunique() > 1:
            labels = " and ".join(f'"{label}"' for label in sorted(copies["label"].unique()))
            sentence = f"The same picture has the labels {labels} ({', '.join(copies['file_name'].unique())})."
            problems += [(name, sentence, "left out") for name in copies["file_name"].unique()]
            usable = usable.drop(index=copies.index)
    frame = pd.DataFrame(problems, columns=["file_name", "problem", "action"]).sort_values("file_name", kind="stable")
    return usable.reset_index(drop=True), frame.reset_index(drop=True)


def _verify(path: Path) -> tuple[str, list[str]]:
    """A picture's sha256 and its conversions; raises PictureError where it cannot be used."""
    if not path.is_file():
        raise PictureError("There is no such file.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"The file cannot be opened: {error.strerror}.") from error
    _, conversions = decode(data, side=1)  # the smallest decode still reads the file to its end
    return hashlib.sha256(data).hexdigest(), conversions


def _refuse_small_classes(folder: Path, used: tuple[str, ...], listed: pd.DataFrame, usable: pd.DataFrame,
                          minimum: int) -> None:
    counts = usable["label"].value_counts().reindex(list(used), fill_value=0)
    small = counts[counts < minimum]
    if small.empty:
        return
    found = []
    for label, count in small.items():
        unusable = listed.loc[listed["label"] == label, "file_name"].nunique() - count
        left_out = f" ({unusable} more cannot be used)" if unusable else ""
        found.append(f'class "{label}" has {count} picture{"s" * (count != 1)}{left_out}')
    message = (f"{folder}: {', '.join(found)}, and at least {minimum} are needed (two to train on, one to validate, "
               "one to test). Add pictures")
    large = counts.index.difference(small.index)
    if len(large) >= 2:
        message += f", or leave {'it' if len(small) == 1 else 'them'} out: --classes {shlex.quote(','.join(large))}"
    raise DataError(message)


def _refuse_missing_classes(dataset: PoseDataset, part: np.ndarray, groups: np.ndarray) -> None:
    for number, label in enumerate(dataset.classes):
        rows = dataset.labels == number
        for missing in set(range(len(PARTS))) - set(part[rows]):
            raise DataError(f'{dataset.folder}: class "{label}" is missing from the {PARTS[missing]} part, for its '
                            f"{rows.sum()} pictures make only {len(set(groups[rows]))} groups that may be parted. Add "
                            "pictures of other works, leave the class out, or split by another scheme.")
