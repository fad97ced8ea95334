"""The division of a data set into training, validation and test parts: the thesis' two schemes, and others."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from artpose_lib.data.dataset import DataError, PoseDataset
from artpose_lib.data.duplicates import near_duplicate_groups

SPLITS = ("random", "stratified", "grouped", "unequal")
PARTS = ("training", "validation", "test")


class Split(NamedTuple):
    """Row numbers of a data set, int64, in shuffled order; every row is in one part and in one only."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Part:
    """One part of a split: `x` uint8 pictures (n, size, size, 3) or float32 features (n, channels); `y` int64 (n,)."""

    x: np.ndarray
    y: np.ndarray


def split(dataset: PoseDataset, scheme: str, seed: int) -> Split:
    """Divide a data set into training, validation and test part; the same seed gives the same division.

    "random": 0.8 / 0.1 / 0.1 by chance, as in the thesis' Experiment 1; a rare class may miss any part.
    "stratified": 0.7 / 0.15 / 0.15 of each class, as in its Experiment 2; every class is in every part.
    "grouped": the same, as nearly as can be, with each of the `near_duplicate_groups` in one part.
    "unequal": stratified, 0.7 / 0.12 / 0.18, as the published scripts of VGG16 and ResNet50 have it in Experiment 2.
    Raises ValueError for another scheme, and DataError where a class is too small to be in every part.
    """
    if scheme not in SPLITS:
        raise ValueError(f'there is no split "{scheme}"; choose one of {", ".join(SPLITS)}.')
    rng = np.random.default_rng(seed)
    if scheme == "random":
        part = random_parts(len(dataset), rng)
    else:
        groups = near_duplicate_groups(dataset) if scheme == "grouped" else np.arange(len(dataset))
        part = balanced_parts(dataset.labels, groups, rng, (0.12, 0.18) if scheme == "unequal" else (0.15, 0.15))
        _refuse_missing_classes(dataset, part, groups)
    order = rng.permutation(len(dataset))
    return Split(*(order[part[order] == number] for number in range(len(PARTS))))


def random_parts(n: int, rng: np.random.Generator) -> np.ndarray:
    """int64 (n,): the part of each of `n` pictures, an index into `PARTS`, 0.8 / 0.1 / 0.1 by chance."""
    return rng.permutation(np.repeat([0, 1, 2], _part_sizes(n, 0.1, 0.1)))


def balanced_parts(labels: np.ndarray, groups: np.ndarray, rng: np.random.Generator,
                   held_out: tuple[float, float] = (0.15, 0.15)) -> np.ndarray:
    """int64 (n,): the part of each picture, an index into `PARTS`; `held_out` are the shares of the last two.

    Parameters: `labels` and `groups`, integers from 0, (n,). Groups stay whole: the largest are placed first, each
    where most pictures of its classes are still wanted. A class of three groups or more comes into every part, which
    scikit-learn's splitters do not promise, unless groups of mixed classes stand in the way.
    """
    sizes = np.zeros((groups.max() + 1, labels.max() + 1), np.int64)  # pictures of (group, class)
    np.add.at(sizes, (groups, labels), 1)
    wanted = np.array([_part_sizes(n, *held_out) for n in sizes.sum(axis=0)]).T  # pictures, by (part, class)
    absent = np.ones(wanted.shape, bool)  # no picture yet, by (part, class)
    groups_left = (sizes > 0).sum(axis=0)  # (class,)
    part_of_group = np.empty(len(sizes), np.int64)
    order = rng.permutation(len(sizes))
    for group in order[np.argsort(-sizes.sum(axis=1)[order], kind="stable")]:
        held = sizes[group] > 0
        score = wanted @ sizes[group]
        scarce = held & (groups_left <= absent.sum(axis=0))  # each group left must go where it is absent
        if scarce.any():
            score = np.where(absent[:, scarce].any(axis=1), score, np.iinfo(np.int64).min)
        part = part_of_group[group] = score.argmax()
        wanted[part] -= sizes[group]
        absent[part] &= ~held
        groups_left -= held
    return part_of_group[groups]


def _part_sizes(n: int, *held_out: float) -> tuple[int, ...]:
    sizes = [max(1, round(share * n)) for share in held_out]
    return n - sum(sizes), *sizes


def _refuse_missing_classes(dataset: PoseDataset, part: np.ndarray, groups: np.ndarray) -> None:
    for number, label in enumerate(dataset.classes):
        rows = dataset.labels == number
        for missing in set(range(len(PARTS))).difference(part[rows]):
            raise DataError(f'{dataset.folder}: class "{label}" is missing from the {PARTS[missing]} part: '
                            f"its {rows.sum()} pictures fall into {len(set(groups[rows]))} group(s) that "
                            "stay whole. Add other works, leave the class out, or take another split.")
