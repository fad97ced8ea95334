"""Train trials, a study's own and those of experiments on other pictures.

`Study.train` plans a trial, `run` trains it here or on a cluster unless it is stored, by `Trial.train`.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from artpose_lib.files import say
from artpose_lib.model.backbones import weights_fingerprint
from artpose_lib.train import jobs, records, training
from artpose_lib.train.recipes import Recipe, recipe_to_dict
from artpose_lib.train.records import Record
from artpose_lib.train.training import Part

if TYPE_CHECKING:
    from artpose_lib.train.study import Study

# Raise it when divisions, augmentation or training give other numbers than before: all trials then have new names.
# At 1, the protocol of version 0.1.0, it is left out of the name.
PROTOCOL = 1


@dataclass(frozen=True)
class Material:
    """What one trial learns from, and what it is asked.

    `questions` hold rows of predictions.csv but for the probabilities (file_name, label, part and any further columns),
    the pictures or features of these rows, and the batch size to predict them in.
    """

    train: Part
    validation: Part
    questions: list[tuple[pd.DataFrame, np.ndarray, int]]


class Cache(dict[str, tuple[Hashable, Any]]):
    """What the trials of one process share, such as the last compiled network: of each kind a key and the thing."""

    def keep(self, kind: str, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what `make` makes; it is made only where the last of this `kind` had another `key`."""
        if kind not in self or self[kind][0] != key:
            self.pop(kind, None)  # first, since two networks may be more than the memory holds
            self[kind] = key, make()
        return self[kind][1]


@dataclass(frozen=True)
class Trial:
    """One recipe and one seed on some pictures, trained already or to be trained.

    `config` is as `configure` gives it; `load` is a picklable function that gives the pictures; `needs` the job that
    stores what `load` reads; `keep_weights` whether the record has a weight file.
    """

    study: "Study"
    recipe: Recipe
    seed: int
    config: dict
    load: Callable[["Trial"], Material]
    needs: jobs.Job | None = None
    keep_weights: bool = False

    @property
    def record(self) -> Record:
        """Stored or not."""
        return Record(records.record_folder(self.study.results, self.config))

    def train(self) -> None:
        """Train the network, predict, and store the record."""
        started, cache, classes = time.monotonic(), self.study.cache, self.config["classes"]
        material = self.load(self)
        if self.recipe.model == "frozen":
            shape = material.train.x.shape[1], len(classes)
            trainer = cache.keep("head", shape, lambda: training.build_head_trainer(*shape))
            history = training.train_on_features(trainer, self.recipe, material.train, material.validation, self.seed)
        else:  # compiling takes seconds, so trials of one network in a row share it
            variant = self.recipe.variant
            what = (self.recipe.backbone, len(classes), self.config["size"], self.recipe.weights,
                    self.study.weights_dir, variant.preprocessing, variant.batch_statistics, self.study.precision)
            trainer = cache.keep("network", what, lambda: training.build_trainer(*what))
            history = training.train(trainer, self.recipe, material.train, material.validation, self.seed,
                                     self.config["steps_per_epoch"])
        columns = [f"p_{name}" for name in classes]
        frames = [pd.concat([rows.reset_index(drop=True), pd.DataFrame(trainer.predict(x, batch), columns=columns)],
                            axis=1) for rows, x, batch in material.questions]
        records.store_record(self.study.results, self.config, history, pd.concat(frames, ignore_index=True),
                             time.monotonic() - started, trainer.model.save_weights if self.keep_weights else None)


def configure(study: "Study", recipe: Recipe, seed: int, data: str, classes: Sequence[str], **more) -> dict:
    """All that a trial's numbers depend on: `data`, a data set's fingerprint or name, and `more` of an experiment's."""
    config = {"recipe": recipe_to_dict(recipe), "seed": seed, "size": study.profile.size(recipe),
              "steps_per_epoch": study.profile.steps(recipe), "data": data, "classes": list(classes),
              "weights": weights_fingerprint(recipe.backbone, study.weights_dir) if recipe.weights else None, **more}
    # Named only where unusual, so that older records keep their names. Frozen models' heads are always in float32.
    if study.precision != training.PRECISIONS[0] and recipe.model != "frozen":
        config["precision"] = study.precision
    if PROTOCOL != 1:
        config["protocol"] = PROTOCOL
    return config


def run(trials: Sequence[Trial], cluster: str = "") -> list[Record]:
    """Train the trials that are not stored yet as `jobs.run` does, say so of each, and return the records of all."""
    planned = {trial.record.folder: trial for trial in trials}
    missing = {folder for folder in planned if not folder.exists()}
    needed = {trial.needs.path: trial.needs for folder, trial in planned.items() if trial.needs and folder in missing}
    training_jobs = [jobs.Job(folder, trial.train, trial.needs and trial.needs.path)
                     for folder, trial in planned.items()]
    number = len(planned) - len(missing)
    for job in jobs.run([*needed.values(), *training_jobs], cluster):
        if job.path in missing:
            number += 1
            record = Record(job.path)
            say(f"{record.config.get('experiment', 'trial')} {number}/{len(planned)}  {record.describe()}")
    return [trial.record for trial in trials]
