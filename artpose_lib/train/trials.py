"""Train trials, a study's own and those of experiments on other pictures.

`Study.train` plans a trial, `run` trains it here or on a cluster unless it is stored, by `Trial.train`. Keras is
imported where a network is built: that takes seconds, and who reads stored trials needs none.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.splits import Part, Split, split
from artpose_lib.data.views import Boxes, show_views
from artpose_lib.files import say, whole
from artpose_lib.model.features import BATCH, extract_features
from artpose_lib.train import jobs, records
from artpose_lib.train.augment import augment
from artpose_lib.train.means import ClassMeans
from artpose_lib.train.recipes import BEST, PRECISIONS, SEEDS, Recipe, find_recipe, recipe_to_dict
from artpose_lib.train.records import Record
from artpose_lib.train.variants import apply_in_place_shift, permute_labels, subsample

if TYPE_CHECKING:
    from artpose_lib.train.study import Study
    from artpose_lib.train.training import Trainer

# Raise one when divisions, augmentation or training give other numbers than before: its trials then have new names.
# At 1, the protocol of version 0.1.0, it is left out of the name. That version kept phase II where both phases were
# equally good; its records keep their names and are read by its own rule (`diagnoses.find_kept_phase`).
PROTOCOL = 1
PROTOCOL_OF_BATCH_NORM = 2  # of `Recipe.learns_batch_norm`: estimated statistics; at 1 they were moving averages


@dataclass(frozen=True)
class Material:
    """What one trial learns from, and what it is asked."""

    train: Part
    validation: Part
    # Rows of predictions.csv but for the probabilities (file_name, label, part and any further columns), the pictures
    # or features of these rows, and the batch size to predict them in.
    questions: list[tuple[pd.DataFrame, np.ndarray, int]]
    works: np.ndarray | None = None  # of each training picture, int (n,)


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
    """One recipe and one seed on some pictures, trained already or to be trained."""

    study: "Study"
    recipe: Recipe
    seed: int
    config: dict  # as `configure` gives it
    load: Callable[["Trial"], Material]  # picklable
    needs: jobs.Job | None = None  # stores what `load` reads
    keep_weights: bool = False  # in the record

    @property
    def record(self) -> Record:
        """Stored or not."""
        return Record(records.record_folder(self.study.results, self.config))

    def train(self) -> None:
        """Train the network, predict, and store the record."""
        try:
            self._train()
        except Exception:
            self.study.cache.clear()  # of a network that stopped in mid-training JAX has taken the variables
            raise

    def _train(self) -> None:
        from artpose_lib.model import classifier
        from artpose_lib.train import training

        started, cache, classes = time.monotonic(), self.study.cache, self.config["classes"]
        material = self.load(self)
        parts = material.train, material.validation
        if self.recipe.on_features:
            shape = material.train.x.shape[1], len(classes)
            trainer = cache.keep("head", shape, lambda: training.Trainer(classifier.build_head(*shape)))
            history = (training.solve_on_features(trainer, *parts, material.works) if self.recipe.model == BEST
                       else training.train_on_features(trainer, self.recipe, *parts, self.seed))
        else:
            trainer = self.build_network()
            history = training.train(trainer, self.recipe, *parts, self.seed, self.config["steps_per_epoch"])
        frames = []
        for rows, x, batch in material.questions:
            _, probabilities = trainer.predict(x, batch)
            frames.append(rows.assign(**dict(zip([f"p_{name}" for name in classes], probabilities.T, strict=True))))
        own = self.config["data"] == self.study.dataset.fingerprint  # not an experiment's drawings

        def save(path: str) -> None:
            trainer.model.save_weights(path)
            x = np.concatenate([part.x if self.recipe.on_features else trainer.predict(part.x)[0] for part in parts])
            known, asked = np.split(np.arange(len(x)), [len(material.train.y)])
            ClassMeans.fit(x, np.concatenate([part.y for part in parts]), [(known, asked)]).save(Path(path).parent)

        records.store_record(self.study.results, self.config, history, pd.concat(frames, ignore_index=True),
                             time.monotonic() - started, save if self.keep_weights else None,
                             self.study.data_name if own else "")

    def build_network(self) -> "Trainer":
        """The whole network."""
        recipe, variant, classes = self.recipe, self.recipe.variant, len(self.config["classes"])
        return build_network(self.study, recipe.backbone, classes, self.config["size"], recipe.weights,
                             variant.preprocessing, variant.batch_statistics, self.study.precision)


def build_network(study: "Study", backbone: str, n_classes: int, size: int, weights: str | None, *more) -> "Trainer":
    """A whole network, as `training.build_trainer` takes it, or the last one built, which may have been trained by now.
    Compiling takes seconds."""
    from artpose_lib.train import training

    what = backbone, n_classes, size, weights, study.weights_dir, *more
    return study.cache.keep("network", what, lambda: training.build_trainer(*what))


def configure(study: "Study", recipe: Recipe, seed: int, data: str, classes: Sequence[str], **more) -> dict:
    """All that a trial's numbers depend on: `data`, a data set's fingerprint or name, and `more` of an experiment's."""
    config = {"recipe": recipe_to_dict(recipe), "seed": seed, "size": study.profile.size(recipe),
              "steps_per_epoch": study.profile.steps(recipe), "data": data, "classes": list(classes),
              "weights": study.fingerprint_weights(recipe.backbone) if recipe.weights else None, **more}
    # Named only where unusual, so that older records keep their names. Heads are always in float32, and so are the
    # features that the recipe of today learns from.
    if study.precision != PRECISIONS[0] and recipe.model != BEST:
        config["precision"] = study.precision
    protocol = PROTOCOL_OF_BATCH_NORM if recipe.learns_batch_norm else PROTOCOL
    return config | ({"protocol": protocol} if protocol != 1 else {})


def run(trials: Sequence[Trial], cluster: str = "") -> list[Record]:
    """Train what is not stored, as `jobs.run` does; return all records, of a study that trains nothing the stored."""
    trials = [trial for trial in trials if trial.study.trains or trial.record.folder.exists()]
    planned = {trial.record.folder: trial for trial in trials}
    missing = {folder for folder in planned if not folder.exists()}

    def rank(trial: Trial) -> tuple:
        """Trials of one network in a row, since compiling it takes seconds. On a cluster one of each comes first, so
        that workers compile different ones and then have what the others compiled."""
        later = bool(cluster) and trial.seed != trials[0].seed
        return later, trial.recipe.backbone, trial.recipe.weights or ""

    queue = {}  # by path
    for folder, trial in sorted(planned.items(), key=lambda own: rank(own[1])):
        if trial.needs and folder in missing:
            queue[trial.needs.path] = trial.needs
        queue[folder] = jobs.Job(folder, trial.train, trial.needs and trial.needs.path)
    number = len(planned) - len(missing)
    for job in jobs.run(queue.values(), cluster):
        if job.path in missing:
            number += 1
            record = Record(job.path)
            say(f"{record.config.get('experiment', 'trial')} {number}/{len(planned)}  {record.describe()}")
    return [trial.record for trial in trials]


def plan_features(study: "Study", backbone: str, preprocessing: str | None = None, mirrored: bool = False,
                  view: str = "whole", size: int | None = None, precision: str = PRECISIONS[0]) -> jobs.Job:
    """The job that stores the pooled ImageNet features of a study's pictures, or of their mirror images, in one of
    `views.VIEWS`: a .npy file of float32 (n, channels), from a network that multiplies in one of `PRECISIONS`."""
    size, file = size or study.profile.size(find_recipe(BEST, backbone)), study.fingerprint_weights(backbone)
    boxes = study.find_boxes(view)
    mode = "".join(f"-{word}" for word in (preprocessing, "mirrored" * mirrored, view * (view != "whole"),
                                           boxes and records.hash_json(boxes),
                                           precision * (precision != PRECISIONS[0])) if word)
    path = study.results / "features" / f"{backbone}-{size}{mode}-{study.dataset.fingerprint}-{file}.npy"
    return jobs.Job(path, partial(_compute_features, path, study, backbone, size, preprocessing, mirrored, view, boxes,
                              precision))


def _compute_features(path: Path, study: "Study", backbone: str, size: int, preprocessing: str | None,
                      mirrored: bool, view: str, boxes: Boxes, precision: str) -> None:
    mode, kind = f" fed {preprocessing}" if preprocessing else "", "mirrored pictures" if mirrored else "pictures"
    kind += f" ({view})" * (view != "whole")
    say(f"features of {len(study.dataset)} {kind} through {backbone}{mode} at {size} x {size}")
    trainer = build_network(study, backbone, len(study.dataset.classes), size, "imagenet", preprocessing, False,
                            precision)
    trainer.model.set_weights(trainer.pristine)
    with whole(path) as partial_file:
        pictures = show_views(study.dataset, view, size, boxes)
        shown = (x[:, ::-1] for x in pictures) if mirrored else pictures
        np.save(partial_file, extract_features(trainer.forward, shown))


def divide(study: "Study", recipe: Recipe, seed: int) -> Split:
    """The division of a trial, as its recipe and variant say."""
    variant = recipe.variant
    drawn_by = {"trial": seed, "first": SEEDS[0]}.get(variant.split_seed, [seed, *variant.split_seed.encode()])
    parts = split(study.dataset, recipe.split, drawn_by)
    return parts._replace(train=subsample(parts.train, study.dataset.labels, variant.share))


def load_material(trial: Trial) -> Material:
    """What a trial of a study learns from and is asked."""
    study, recipe, variant = trial.study, trial.recipe, trial.recipe.variant
    parts, y = divide(study, recipe, trial.seed), study.dataset.labels
    if variant.labels == "permuted":
        y = permute_labels(y, SEEDS.index(trial.seed))
    x = (study.compute_roots(recipe.backbone) if recipe.model == BEST else
         np.load(trial.needs.path) if trial.needs else study.pictures(trial.config["size"]))
    train_x, train_y = x[parts.train], y[parts.train]
    if recipe.augmented:  # the training part alone
        train_x, train_y = augment(train_x, train_y, recipe.backbone, trial.seed, variant.augmentation)
    asked = [("validation", parts.validation, BATCH), ("test", parts.test, BATCH)]
    if variant.batch_statistics:  # a picture's answer may then depend on its batch, so it is asked in others too
        asked += [("test, sorted by class", parts.test[np.argsort(y[parts.test], kind="stable")], BATCH),
                  ("test, one by one", parts.test, 1)]
    files, classes = study.dataset.metadata["file_name"].to_numpy(), np.array(study.dataset.classes, object)
    questions = [(pd.DataFrame({"file_name": files[rows], "label": classes[y[rows]], "part": part}),
                  apply_in_place_shift(x[rows]) if variant.in_place else x[rows], batch) for part, rows, batch in asked]
    validation_x = x[parts.validation]
    if variant.batch_statistics and recipe.model == "frozen":
        see = _see_in_batches(trial)
        questions = [(table, see(pictures, batch), batch) for table, pictures, batch in questions]
        train_x, (_, validation_x, _) = see(train_x, recipe.batch_size), questions[0]
    works = near_duplicate_groups(study.dataset)[parts.train] if recipe.model == BEST else None
    return Material(Part(train_x, train_y), Part(validation_x, y[parts.validation]), questions, works)


def _see_in_batches(trial: Trial) -> Callable[[np.ndarray, int], np.ndarray]:
    """What gives the features of pictures, each normalised among those of its batch of some size. The batches of the
    training part are drawn once, where a network on pictures has others in each epoch."""
    from artpose_lib.model import classifier

    trainer = trial.build_network()
    trainer.model.set_weights(trainer.pristine)  # another trial may have fine-tuned it
    classifier.set_trainable(trainer.model, "finetuned", pretrained=False)
    return lambda pictures, batch: trainer.predict(pictures, batch)[0]
