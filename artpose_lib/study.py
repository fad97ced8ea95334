"""A study: one data set, one profile, one folder of results. What a chapter opens, and what trains what is missing."""

import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from artpose_lib import __version__, models, training, trials
from artpose_lib.augment import augment
from artpose_lib.backbones import BACKBONES, WeightsMissing, weights_fingerprint, weights_source
from artpose_lib.dataset import PoseDataset, load_dataset
from artpose_lib.recipes import SEEDS, Profile, Recipe, recipe
from artpose_lib.recipes import profile as find_profile
from artpose_lib.splits import Split, split
from artpose_lib.synthetic import draw_dataset
from artpose_lib.training import Part, Trainer

EMBEDDED_SEED = 2022  # any number would do; it is fixed so that everyone gets the same drawings
NO_WEIGHTS = "no weights here"  # what tables say of a backbone whose ImageNet weights are not to be had


@dataclass(frozen=True)
class Findings:
    """The stored trials of some models, in the long form that metrics and figures take.

    `history` and `predictions` as in `trials.Record`, with columns model, backbone, seed; `records` the trials;
    `missing` says for each backbone without ImageNet weights here why it is absent.
    """

    records: list[trials.Record]
    missing: dict[str, str]

    @cached_property
    def history(self) -> pd.DataFrame:
        return pd.concat([record.history for record in self.records], ignore_index=True)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        return pd.concat([record.predictions for record in self.records], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Study:
    """Data, profile, weights and results of one run of the report."""

    dataset: PoseDataset
    profile: Profile
    weights_dir: str | None
    results: Path
    embedded: bool

    def banner(self) -> str:
        """The line that opens each chapter: the data, weights and profile behind its numbers. Markdown."""
        what = "drawn pictures (the embedded data set)" if self.embedded else f"pictures (`{self.dataset.folder.name}`)"
        weights = "; ".join(f"{name}: {self.weights_of(name)}" for name in BACKBONES)
        private = "" if self.dataset.publishable.any() else (
            " **None of these pictures has an open licence: keep these pages to yourself.**")
        return (f"**What this ran on.** {len(self.dataset)} {what} in {len(self.dataset.classes)} classes, fingerprint "
                f"`{self.dataset.fingerprint}`. Profile `{self.profile.name}`. ImageNet weights: {weights}.{private}")

    def weights_of(self, backbone: str) -> str:
        """Where a backbone's ImageNet weights come from, or "no weights here"."""
        try:
            return weights_source(backbone, self.weights_dir)
        except WeightsMissing:
            return NO_WEIGHTS

    def run(self, *models: str) -> Findings:
        """Train every trial of these models that is not stored yet, and return all of them.

        Parameters: `models` from baseline, frozen, finetuned, finetuned_aug. A backbone whose ImageNet weights are
        not to be had is left out and named in the findings. One line of progress a trial goes to stderr.
        """
        planned, missing = [], {}
        for model in models:
            for backbone in BACKBONES:
                scaled = self.profile.scale(recipe(model, backbone))
                if scaled.weights and self.weights_of(backbone) == NO_WEIGHTS:
                    missing[backbone] = NO_WEIGHTS
                    continue
                planned += [(scaled, seed) for seed in self.profile.seeds(scaled)]
        records = [self._trial(scaled, seed, f"trial {number}/{len(planned)}")
                   for number, (scaled, seed) in enumerate(planned, start=1)]
        return Findings(records, missing)

    def pictures(self, size: int) -> np.ndarray:
        """All pictures of the data set at one input size, uint8 (n, size, size, 3)."""
        return _pictures(self, size)

    def features(self, backbone: str) -> np.ndarray:
        """Pooled ImageNet features of all pictures, float32 (n, channels), at the profile's size for frozen models.

        Computed once for all trials and epochs, and kept on disk under the data's, the weights' and the size's name.
        """
        size = self.profile.size(recipe("frozen", backbone))
        name = f"{backbone}-{size}-{self.dataset.fingerprint}-{weights_fingerprint(backbone, self.weights_dir)}.npy"
        path = self.results / "features" / name
        if not path.exists():
            say(f"features of {len(self.dataset)} pictures through {backbone} at {size} x {size}")
            # A network of its own: the one that trials share may have been fine-tuned by now.
            classifier = models.build_classifier(backbone, len(self.dataset.classes), size, "imagenet",
                                                 self.weights_dir)
            pooled = models.pooled_model(classifier).predict(self.pictures(size), batch_size=training.PREDICT_BATCH,
                                                             verbose=0)
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".partial-") as partial:
                np.save(Path(partial) / name, pooled)
                os.replace(Path(partial) / name, path)
        return np.load(path)

    def _trial(self, scaled: Recipe, seed: int, progress: str) -> trials.Record:
        """The stored trial, or a new one."""
        config = self._config(scaled, seed)
        stored = trials.find_record(self.results, config)
        if stored:
            return stored
        started = time.monotonic()
        parts = split(self.dataset, scaled.split, seed)
        trainer, x, history = (self._train_head if scaled.model == "frozen" else self._train)(scaled, seed, parts)
        predictions = self._predictions(trainer, x, parts)
        # The first augmented trial of a backbone is the one whose feature maps are read.
        keep = scaled.augmented and seed == SEEDS[0]
        record = trials.store_record(self.results, config, history, predictions, time.monotonic() - started,
                                     trainer.model.save_weights if keep else None)
        facts = record.facts
        say(f"{progress}  {scaled.model} {scaled.backbone} seed {seed}: {facts['epochs']} epochs in "
            f"{facts['seconds']:.0f} s, validation accuracy {facts['validation_accuracy']:.3f}, "
            f"test {facts['test_accuracy']:.3f}")
        return record

    def _config(self, scaled: Recipe, seed: int) -> dict:
        """All that a trial's numbers depend on; its hash is the record's name."""
        weights = weights_fingerprint(scaled.backbone, self.weights_dir) if scaled.weights else None
        # Named only where it is not the usual one; frozen models learn from features in float32 whatever it is.
        precision = "float32" if scaled.model == "frozen" else training.precision()
        return {"recipe": asdict(scaled), "seed": seed, "size": self.profile.size(scaled),
                "steps_per_epoch": self.profile.steps(scaled),
                "data": self.dataset.fingerprint, "classes": list(self.dataset.classes), "weights": weights,
                **({} if precision == "float32" else {"precision": precision})}

    def _train_head(self, scaled: Recipe, seed: int, parts: Split):
        x, y = self.features(scaled.backbone), self.dataset.labels
        trainer = training.head_trainer(x.shape[1], len(self.dataset.classes))
        history = training.train_on_features(trainer, scaled, Part(x[parts.train], y[parts.train]),
                                             Part(x[parts.validation], y[parts.validation]), seed)
        return trainer, x, history

    def _train(self, scaled: Recipe, seed: int, parts: Split):
        size = self.profile.size(scaled)
        x, y = self.pictures(size), self.dataset.labels
        train_x, train_y = x[parts.train], y[parts.train]
        if scaled.augmented:  # the training part alone
            train_x, train_y = augment(train_x, train_y, scaled.backbone, seed)
        trainer = training.classifier_trainer(scaled.backbone, len(self.dataset.classes), size, scaled.weights,
                                              self.weights_dir)
        validation = Part(x[parts.validation], y[parts.validation])
        history = training.train(trainer, scaled, Part(train_x, train_y), validation, seed,
                                 self.profile.steps(scaled))
        return trainer, x, history

    def _predictions(self, trainer: Trainer, x: np.ndarray, parts: Split) -> pd.DataFrame:
        frames = []
        for part, rows in (("validation", parts.validation), ("test", parts.test)):
            pictures = self.dataset.metadata.loc[rows, ["file_name", "label"]].reset_index(drop=True)
            columns = [f"p_{name}" for name in self.dataset.classes]
            probabilities = pd.DataFrame(trainer.predict(x[rows]), columns=columns)
            frames.append(pd.concat([pictures.assign(part=part), probabilities], axis=1))
        return pd.concat(frames, ignore_index=True)


@lru_cache(maxsize=2)  # a study's pictures at the frozen models' size and at the others'
def _pictures(study: Study, size: int) -> np.ndarray:
    return study.dataset.images(size)


def open_study(data: str = "", weights: str = "", profile: str = "quick", results: str = "",
               classes: str = "") -> Study:
    """Open a study from the five parameters that every chapter has.

    Parameters: `data` a folder of pictures ("" for the embedded data set, drawn on first use); `weights` a folder of
    ImageNet weight files ("" for Keras' own); `profile` smoke, quick or thesis; `results` where trials, features and
    drawings are kept ("" for ~/.artpose); `classes` the labels to use, separated by commas ("" for all).
    Raises DataError for bad data, ValueError for an unknown profile.
    """
    kept = Path(results).expanduser() if results else Path.home() / ".artpose"
    chosen = find_profile(profile)
    # Another version may draw otherwise: it draws into a folder of its own.
    drawings = kept / "embedded" / f"{chosen.pictures}-pictures-{__version__}"
    folder = Path(data).expanduser() if data else drawings
    if not data and not (folder / "metadata.csv").exists():
        say(f"drawing {chosen.pictures} artworks")
        draw_dataset(folder, chosen.pictures, EMBEDDED_SEED)
    return Study(load_dataset(folder, classes or None), chosen, weights or None, kept, embedded=not data)


def say(line: str) -> None:
    """A line of progress. It goes to stderr, which papermill passes on and the book leaves out."""
    print(line, file=sys.stderr, flush=True)
