"""Where the thesis' published scripts part from its text: a variant changes one thing of a recipe.

The ids A1 to A12 are those of the audit (`thesis/audit.csv`); A9 and A11 train nothing.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Variant:
    """How a trial departs from its recipe; by default, and where a field is None, in nothing."""

    labels: str = "own"  # or "permuted": shuffled once more before each trial after the first
    split: str | None = None  # a scheme of `splits.SPLITS`
    # What draws the division: the "trial" by its seed, the "first" trial's seed, or any other text, which stands for
    # the state of a generator that was seeded too late.
    split_seed: str = "trial"
    layers: tuple[str, ...] | None = None  # what learns ("frozen", "finetuned") in each phase
    batch_statistics: bool = False  # batch normalisation learns, and takes each batch's own mean at test time too
    in_place: bool = False  # phase II and the tests see what preprocessing wrote into its input
    preprocessing: str | None = None  # a mode of `backbones.build_backbone`
    start: int | None = None  # the seed of first weights and the order of batches, where it is not the trial's
    share: float = 1.0  # of each class's training pictures, above 0 and at most 1
    max_lr: str = "table"  # where phase II starts: Tables A.1 and A.2, or the "peak" of phase I (Section 2.2.4)
    augmentation: tuple[str, ...] = ("SMOTE", "imgaug")  # of an augmented recipe: `augment`


FAITHFUL = Variant()

VARIANTS: dict[str, Variant] = {
    "A1 labels permuted": Variant(labels="permuted"),
    "A2 never unfrozen": Variant(layers=("frozen", "frozen")),
    "A3 batch statistics": Variant(batch_statistics=True),
    "A4 preprocessed in place": Variant(in_place=True),
    "A5 caffe": Variant(preprocessing="caffe"),
    "A5 raw": Variant(preprocessing="raw"),
    "A6 one split": Variant(split_seed="first"),
    "A7 seeded too late, one run": Variant(split_seed="one run"),
    "A7 seeded too late, another run": Variant(split_seed="another run"),
    "A8 all layers in phase I": Variant(layers=("finetuned", "finetuned")),
    "A10 duplicates apart": Variant(split="stratified"),
    "A10 duplicates together": Variant(split="grouped"),
    "A12 unequal rest": Variant(split="unequal"),
}


def permute_labels(labels: np.ndarray, trial: int) -> np.ndarray:
    """Labels, integers (n,), after as many shuffles as trials have gone before (`trial` counts from 0)."""
    rng = np.random.default_rng(0)
    for _ in range(trial):
        labels = rng.permutation(labels)
    return labels


def apply_in_place_shift(pictures: np.ndarray) -> np.ndarray:
    """The pictures, uint8 (n, h, w, 3), that Keras' caffe mode turns into what it leaves in its own input: centred RGB.
    Red and blue are exchanged and shifted by the difference of their means, 123.68 and 103.939, rounded and clipped."""
    exchanged = pictures[..., ::-1].astype(np.int16)
    return np.clip(exchanged + np.array([20, 0, -20], np.int16), 0, 255).astype(np.uint8)


def subsample(rows: np.ndarray, labels: np.ndarray, share: float) -> np.ndarray:
    """The first `share` of each class's rows, in their order, at least one of each class. `rows` int (n,)."""
    of_class = [rows[labels[rows] == label] for label in np.unique(labels[rows])]
    return rows[np.isin(rows, np.concatenate([own[:max(1, round(share * len(own)))] for own in of_class]))]
