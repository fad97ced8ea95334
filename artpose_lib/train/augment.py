"""Balance and enlarge the training part of experiment 2: SMOTE first, imgaug second (Section 2.2.6).

Only ever the training part: scores are of real pictures. What the thesis leaves out is from its published scripts
(github.com/SarahEmaAllam/BA-Project-ArtStraction, commit e8e3eaf).
"""

from dataclasses import dataclass

import imgaug.augmenters as iaa
import numpy as np
from imblearn.over_sampling import SMOTE

from artpose_lib.data.dataset import DataError

NEIGHBOURS = 5  # SMOTE's k (Section 2.2.6)
ROUNDS = 2  # two rounds of 60 % make 324 pictures of 127: 127 + 76 = 203, 203 + 121 = 324
DRAWN_PERCENT = 60
SOMETIMES = 0.7  # probability of a transformation that is not always applied
# The scripts crop VGG16's and ResNet50's pictures by 20 % on some sides in some classes and not at all in others.
# A crop that tells the classes apart would be a hint, so here all are cropped as Xception's are: 10 % on each side.
CROP = 0.1


@dataclass(frozen=True)
class Strength:
    """What imgaug does to the pictures of a backbone beside flip and crop.

    `sharpen` blends in the sharpened picture (from 0, none, to 1, all), whose centre pixel `lightness` scales;
    `contrast` multiplies each value's distance from 127, with probability `contrast_p`.
    """

    sharpen: tuple[float, float]
    lightness: tuple[float, float]
    contrast: tuple[float, float]
    contrast_p: float


# The scripts of experiment 2 know two strengths. Xception's has the mild one alone; VGG16's and ResNet50's define both,
# the strong one a class at a time with small differences in lightness and crop, here made one for all classes.
MILD = Strength(sharpen=(0.0, 0.2), lightness=(0.85, 1.1), contrast=(0.9, 1.1), contrast_p=SOMETIMES)
STRONG = Strength(sharpen=(0.0, 1.0), lightness=(0.75, 1.1), contrast=(1.2, 1.6), contrast_p=1.0)
# EfficientNet-Lite0 is not in the thesis and takes Xception's, its nearest relative there.
STRENGTHS = {"VGG16": STRONG, "ResNet50": STRONG, "Xception": MILD, "EfficientNet-Lite0": MILD}


def augment(images: np.ndarray, labels: np.ndarray, backbone: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`expand` what `balance` made even, in the thesis' order: 127 pictures in the largest class become 324 in each.

    Parameters, returns and errors as in the two functions.
    """
    return expand(*balance(images, labels, seed), backbone, seed)


def balance(images: np.ndarray, labels: np.ndarray, seed: int, k: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """Bring every class up to the largest with SMOTE on pixels (Chawla and others 2002; Section 2.2.6).

    A new picture lies between one of its class and one of that one's `k` nearest neighbours in the class, or of all
    its neighbours where it has fewer.

    Parameters: `images` uint8 (n, h, w, 3); `labels` integers (n,). Returns the same two with the new pictures after
    the old. Raises DataError where a class that has to grow has a single picture.
    """
    classes, counts = np.unique(labels, return_counts=True)
    new_images, new_labels = [images], [labels]
    for label, count in zip(classes, counts, strict=True):
        if count == counts.max():
            continue
        if count == 1:
            raise DataError(f"Class {label} has one picture in the training part and SMOTE mixes at least two: "
                            "add pictures of this class, or leave the class out.")
        # A class at a time, beside one picture of another, since SMOTE wants two: that gives what all classes at once
        # would, to the last pixel, with fewer float copies in memory, which take 2 MB each at 299 x 299.
        own, other = np.flatnonzero(labels == label), np.flatnonzero(labels != label)[:1]
        rows = np.concatenate([own, other])
        smote = SMOTE(sampling_strategy={label: counts.max()}, k_neighbors=min(k, count - 1), random_state=seed)
        pixels, _ = smote.fit_resample(images[rows].reshape(len(rows), -1).astype(np.float64), labels[rows])
        mixed = np.rint(pixels[len(rows):]).astype(np.uint8)
        new_images.append(mixed.reshape(-1, *images.shape[1:]))
        new_labels.append(np.full(len(mixed), label, dtype=labels.dtype))
    return np.concatenate(new_images), np.concatenate(new_labels)


def expand(images: np.ndarray, labels: np.ndarray, backbone: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Add transformed pictures with imgaug, in two rounds (Section 2.2.6).

    A round draws 60 % of each class without replacement, transforms the draw and appends it; the second round draws
    from the first's pictures too.

    Parameters: `images` uint8 (n, h, w, 3); `labels` integers (n,); `backbone` a key of `STRENGTHS`. Returns the same
    two with the new pictures after the old. Raises ValueError for an unknown backbone.
    """
    rng, transform = np.random.default_rng(seed), _transform(backbone, seed)
    for _ in range(ROUNDS):
        drawn = np.concatenate([_draw(np.flatnonzero(labels == label), rng) for label in np.unique(labels)])
        images = np.concatenate([images, transform(images=images[drawn])])
        labels = np.concatenate([labels, labels[drawn]])
    return images, labels


def _draw(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(rows, size=len(rows) * DRAWN_PERCENT // 100, replace=False)


def _transform(backbone: str, seed: int) -> iaa.Augmenter:
    if backbone not in STRENGTHS:
        raise ValueError(f"No augmentation for the backbone {backbone!r}; there is one for: {', '.join(STRENGTHS)}.")
    strength = STRENGTHS[backbone]
    transform = iaa.Sequential([
        iaa.Fliplr(SOMETIMES),
        iaa.Sometimes(SOMETIMES, iaa.Sharpen(alpha=strength.sharpen, lightness=strength.lightness)),
        iaa.Sometimes(strength.contrast_p, iaa.LinearContrast(strength.contrast)),  # once ContrastNormalization
        iaa.Sometimes(SOMETIMES, iaa.Crop(percent=(CROP, CROP, CROP, CROP), keep_size=True)),
    ], random_order=True)
    transform.seed_(seed)  # `seed=` would fix the order alone: the four would still draw from a global generator
    return transform
