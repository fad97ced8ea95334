"""Balance and enlarge the training part of experiment 2: SMOTE first, imgaug second (Section 2.2.6).

What the thesis leaves out is from its scripts (github.com/SarahEmaAllam/BA-Project-ArtStraction, commit e8e3eaf).
Both packages are imported where they are used: that takes seconds, which most chapters and commands need not wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from artpose_lib.data.dataset import DataError

NEIGHBOURS = 5  # SMOTE's k (Section 2.2.6)
ROUNDS = 2  # two rounds of 60 % make 324 pictures of 127: 127 + 76 = 203, 203 + 121 = 324
DRAWN_PERCENT = 60
SOMETIMES = 0.7  # probability of a transformation that is not always applied
CROP = 0.1  # of each side, as in the scripts for Xception; theirs for the others differ by class, which would be a hint


@dataclass(frozen=True)
class Strength:
    """What imgaug does to the pictures of a backbone beside flip and crop."""

    sharpen: tuple[float, float]  # blends in the sharpened picture, from 0 (none) to 1 (all)
    lightness: tuple[float, float]  # scales that one's centre pixel
    contrast: tuple[float, float]  # multiplies each value's distance from 127
    contrast_p: float  # the probability of that


# From the scripts; there the strong one differs a little from class to class.
MILD = Strength(sharpen=(0.0, 0.2), lightness=(0.85, 1.1), contrast=(0.9, 1.1), contrast_p=SOMETIMES)
STRONG = Strength(sharpen=(0.0, 1.0), lightness=(0.75, 1.1), contrast=(1.2, 1.6), contrast_p=1.0)
STRENGTHS = {"VGG16": STRONG, "ResNet50": STRONG, "Xception": MILD, "EfficientNet-Lite0": MILD}  # see recipes.BORROWED


def augment(images: np.ndarray, labels: np.ndarray, backbone: str, seed: int,
            by: Sequence[str] = ("SMOTE", "imgaug")) -> tuple[np.ndarray, np.ndarray]:
    """`balance`, then `expand`: 127 pictures in the largest class become 324 in each. `by` names other ways, in turn:
    "SMOTE", "imgaug" and "copies" (`repeat`)."""
    ways = {"SMOTE": partial(balance, seed=seed), "imgaug": partial(expand, backbone=backbone, seed=seed),
            "copies": repeat}
    for way in by:
        images, labels = ways[way](images, labels)
    return images, labels


def repeat(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of each class again and again until there are as many as `balance` and `expand` make: an epoch has
    as many steps and nothing new to see."""
    most = grow(np.bincount(labels).max())
    rows = np.concatenate([np.resize(np.flatnonzero(labels == label), most) for label in np.unique(labels)])
    return images[rows], labels[rows]


def grow(pictures: int) -> int:
    """How many pictures of a class `expand` makes of so many."""
    for _ in range(ROUNDS):
        pictures += pictures * DRAWN_PERCENT // 100
    return pictures


def balance(images: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bring every class up to the largest with SMOTE on pixels (Chawla and others 2002; Section 2.2.6).

    A new picture lies between one of its class and one of at most NEIGHBOURS nearest of that one in the class.
    Parameters: `images` uint8 (n, h, w, 3); `labels` integers (n,). Returns the same two with the new pictures after
    the old. Raises DataError where a class that has to grow has a single picture.
    """
    from imblearn.over_sampling import SMOTE

    classes, counts = np.unique(labels, return_counts=True)
    new_images, new_labels = [images], [labels]
    for label, count in zip(classes, counts, strict=True):
        if count == counts.max():
            continue
        if count == 1:
            raise DataError(f"Class {label} has one picture in the training part and SMOTE mixes at least two: "
                            "add pictures of this class, or leave the class out.")
        # A class at a time saves memory. SMOTE wants two classes, so one picture of another goes with it.
        rows = np.concatenate([np.flatnonzero(labels == label), np.flatnonzero(labels != label)[:1]])
        k = min(NEIGHBOURS, count - 1)
        smote = SMOTE(sampling_strategy={label: counts.max()}, k_neighbors=k, random_state=seed)
        pixels, _ = smote.fit_resample(images[rows].reshape(len(rows), -1).astype(np.float64), labels[rows])
        mixed = np.rint(pixels[len(rows):]).astype(np.uint8)
        new_images.append(mixed.reshape(-1, *images.shape[1:]))
        new_labels.append(np.full(len(mixed), label, dtype=labels.dtype))
    return np.concatenate(new_images), np.concatenate(new_labels)


def expand(images: np.ndarray, labels: np.ndarray, backbone: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw 60% of each class, transform them with imgaug by the `backbone`'s STRENGTHS and append them, in two rounds
    (Section 2.2.6): `images` uint8 (n, h, w, 3) and `labels` (n,), the new ones after the old."""
    import imgaug.augmenters as iaa

    rng, strength = np.random.default_rng(seed), STRENGTHS[backbone]
    transform = iaa.Sequential([
        iaa.Fliplr(SOMETIMES),
        iaa.Sometimes(SOMETIMES, iaa.Sharpen(alpha=strength.sharpen, lightness=strength.lightness)),
        iaa.Sometimes(strength.contrast_p, iaa.LinearContrast(strength.contrast)),
        iaa.Sometimes(SOMETIMES, iaa.Crop(percent=(CROP, CROP, CROP, CROP), keep_size=True)),
    ], random_order=True)
    transform.seed_(seed)  # `seed=` would fix the order alone: the four would still draw from a global generator
    for _ in range(ROUNDS):
        classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        drawn = np.concatenate([rng.choice(rows, len(rows) * DRAWN_PERCENT // 100, replace=False) for rows in classes])
        images = np.concatenate([images, transform(images=images[drawn])])
        labels = np.concatenate([labels, labels[drawn]])
    return images, labels
