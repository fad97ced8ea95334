"""Where the thesis' published scripts part from its text: a variant changes one thing of a recipe.

The ids A1 to A11 are those of the audit (`thesis/audit.csv`). A9 is a way to draw curves and A11 is about counts in the
text, so neither trains anything. None of the variants is the default anywhere.
"""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Variant:
    """How a trial departs from its recipe; by default in nothing.

    labels: "own", or "permuted": shuffled once more before each trial after the first, the pictures unmoved.
    split: None for the recipe's, or another scheme of `splits.SPLITS`.
    split_seed: "trial" (its seed draws the division), "first" (every trial has the first one's division), or any other
        text, which stands for the state that a generator happened to be in before its seed was set.
    layers: None for the recipe's, or what learns ("frozen", "finetuned") in each of its phases.
    batch_statistics: batch normalisation learns, and takes each batch's own mean and variance at test time too.
    in_place: preprocessing has written into its input, and phase II sees what it left there (`apply_in_place_shift`).
    preprocessing: None for the backbone's, or another mode of `backbones.build_backbone`.
    start: None, or a seed for first weights and the order of batches, apart from the trial's, which draws the division.
    share: of each class's training pictures, above 0 and at most 1.
    """

    labels: str = "own"
    split: str | None = None
    split_seed: str = "trial"
    layers: tuple[str, ...] | None = None
    batch_statistics: bool = False
    in_place: bool = False
    preprocessing: str | None = None
    start: int | None = None
    share: float = 1.0

    def changes(self) -> dict:
        """The fields that differ from the default, with their values: what a trial's record says of it."""
        return {field.name: getattr(self, field.name) for field in fields(self)
                if getattr(self, field.name) != field.default}


FAITHFUL = Variant()

VARIANTS: dict[str, Variant] = {
    "A1 labels permuted": Variant(labels="permuted"),
    "A2 never unfrozen": Variant(layers=("frozen", "frozen")),
    "A3 batch statistics": Variant(batch_statistics=True),
    "A4 preprocessed in place": Variant(in_place=True),
    "A5 caffe": Variant(preprocessing="caffe"),
    "A5 [-1, 1]": Variant(preprocessing="tf"),
    "A5 raw": Variant(preprocessing="raw"),
    "A5 doubly scaled": Variant(preprocessing="doubled"),
    "A6 one split": Variant(split_seed="first"),
    "A7 seeded too late, one run": Variant(split_seed="one run"),
    "A7 seeded too late, another run": Variant(split_seed="another run"),
    "A8 all layers in phase I": Variant(layers=("finetuned", "finetuned")),
    "A10 duplicates apart": Variant(split="stratified"),
    "A10 duplicates together": Variant(split="grouped"),
}


def permute_labels(labels: np.ndarray, trial: int) -> np.ndarray:
    """Labels, integers (n,), after as many shuffles as trials have gone before: `trial` 0 has its own labels."""
    rng = np.random.default_rng(0)
    for _ in range(trial):
        labels = rng.permutation(labels)
    return labels


def apply_in_place_shift(pictures: np.ndarray) -> np.ndarray:
    """The pictures (uint8 (n, h, w, 3), RGB) that caffe mode turns into what it left behind in its own input.

    Keras' caffe mode turns RGB into a BGR view of the same memory and subtracts each channel's mean there; the original
    is then RGB, centred. For a network that preprocesses its input itself, that is a picture with red and blue
    exchanged and shifted by the difference of their means (123.68 and 103.939), here to the nearest whole value and
    clipped to 0 and 255. Returns uint8 (n, h, w, 3).
    """
    exchanged = pictures[..., ::-1].astype(np.int16)
    return np.clip(exchanged + np.array([20, 0, -20], np.int16), 0, 255).astype(np.uint8)


def subsample(rows: np.ndarray, labels: np.ndarray, share: float) -> np.ndarray:
    """The first `share` of each class's rows, in their order, at least one of each class. `rows` int (n,)."""
    of_class = [rows[labels[rows] == label] for label in np.unique(labels[rows])]
    return rows[np.isin(rows, np.concatenate([own[:max(1, round(share * len(own)))] for own in of_class]))]
