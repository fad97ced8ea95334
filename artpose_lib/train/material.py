"""What a study's own trials learn from: pictures or their features, divided and labelled as recipe and variant say."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from artpose_lib.data.splits import Split, split
from artpose_lib.files import say, whole
from artpose_lib.model import classifier
from artpose_lib.model.backbones import weights_fingerprint
from artpose_lib.model.features import BATCH, extract_features
from artpose_lib.train.augment import augment
from artpose_lib.train.jobs import Job
from artpose_lib.train.recipes import SEEDS, Recipe, find_recipe
from artpose_lib.train.training import Part
from artpose_lib.train.trials import Material, Trial
from artpose_lib.train.variants import apply_in_place_shift, permute_labels, subsample

if TYPE_CHECKING:
    from artpose_lib.train.study import Study


@dataclass(frozen=True)
class Features:
    """Pooled ImageNet features of a study's pictures, and the file that keeps them."""

    study: "Study"
    backbone: str
    preprocessing: str | None = None

    @property
    def size(self) -> int:
        return self.study.profile.size(find_recipe("frozen", self.backbone))

    @property
    def path(self) -> Path:
        file = weights_fingerprint(self.backbone, self.study.weights_dir)
        mode = f"-{self.preprocessing}" if self.preprocessing else ""
        name = f"{self.backbone}-{self.size}{mode}-{self.study.dataset.fingerprint}-{file}.npy"
        return self.study.results / "features" / name

    @property
    def job(self) -> Job:
        return Job(self.path, self.compute)

    def compute(self) -> None:
        dataset, mode = self.study.dataset, f" fed {self.preprocessing}" if self.preprocessing else ""
        say(f"features of {len(dataset)} pictures through {self.backbone}{mode} at {self.size} x {self.size}")
        # A network of its own: the one that trials share may have been fine-tuned by now.
        network = classifier.pooled_model(classifier.build_classifier(
            self.backbone, len(dataset.classes), self.size, "imagenet", self.study.weights_dir, self.preprocessing))
        with whole(self.path) as path:
            np.save(path, extract_features(network, dataset.stream(self.size)))


def divide(study: "Study", recipe: Recipe, seed: int) -> Split:
    """The division of a trial, as its recipe and variant say."""
    variant = recipe.variant
    drawn_by = {"trial": seed, "first": SEEDS[0]}.get(variant.split_seed, [seed, *variant.split_seed.encode()])
    parts = split(study.dataset, recipe.split, drawn_by)
    return parts._replace(train=subsample(parts.train, study.dataset.labels, variant.share))


def assign_labels(study: "Study", recipe: Recipe, seed: int) -> np.ndarray:
    """What a trial takes for the pictures' labels: theirs, unless its variant has permuted them. int64 (n,)."""
    own = study.dataset.labels
    return permute_labels(own, SEEDS.index(seed)) if recipe.variant.labels == "permuted" else own


def load_material(trial: Trial) -> Material:
    """What a trial of a study learns from and is asked."""
    study, recipe, variant = trial.study, trial.recipe, trial.recipe.variant
    parts, y = divide(study, recipe, trial.seed), assign_labels(study, recipe, trial.seed)
    if recipe.model == "frozen":
        x = np.load(Features(study, recipe.backbone, variant.preprocessing).path)
    else:
        x = study.pictures(trial.config["size"])
    train_x, train_y = x[parts.train], y[parts.train]
    if recipe.augmented:  # the training part alone
        train_x, train_y = augment(train_x, train_y, recipe.backbone, trial.seed)
    asked = [("validation", parts.validation, BATCH), ("test", parts.test, BATCH)]
    if variant.batch_statistics:  # a picture's answer may then depend on its batch, so it is asked in others too
        asked += [("test, sorted by class", parts.test[np.argsort(y[parts.test], kind="stable")], BATCH),
                  ("test, one by one", parts.test, 1)]
    files, classes = study.dataset.metadata["file_name"].to_numpy(), np.array(study.dataset.classes, object)
    questions = [(pd.DataFrame({"file_name": files[rows], "label": classes[y[rows]]}).assign(part=part),
                  apply_in_place_shift(x[rows]) if variant.in_place else x[rows], batch) for part, rows, batch in asked]
    return Material(Part(train_x, train_y), Part(x[parts.validation], y[parts.validation]), questions)
