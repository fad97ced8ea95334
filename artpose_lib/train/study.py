"""A study: one data set, one profile, one folder of results. What a chapter opens, and what trains what is missing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from artpose_lib import __version__
from artpose_lib.data.dataset import DataError, PoseDataset, load_dataset
from artpose_lib.data.splits import Split, split
from artpose_lib.draw.embedded import draw_dataset
from artpose_lib.files import say, whole
from artpose_lib.model import classifier as models
from artpose_lib.model.backbones import BACKBONES, WeightsMissing, weights_fingerprint, weights_source
from artpose_lib.model.features import forward
from artpose_lib.train import jobs, records, training
from artpose_lib.train.augment import augment
from artpose_lib.train.recipes import SEEDS, Profile, Recipe, apply_variant, find_profile, find_recipe, recipe_to_dict
from artpose_lib.train.records import Trials
from artpose_lib.train.training import Part, Trainer
from artpose_lib.train.variants import FAITHFUL, Variant, apply_in_place_shift, permute_labels, subsample

EMBEDDED_SEED = 2022  # any number would do; it is fixed so that everyone gets the same drawings
NO_WEIGHTS = "no weights here"  # what tables say of a backbone without ImageNet weights here


@dataclass(frozen=True, eq=False)
class Study:
    """Data, profile, weights and results of one run of the report, and `cluster`, where its trials are trained.

    `cluster` is an address or a kind as in `cluster.open_cluster`; "" is this process.
    """

    dataset: PoseDataset
    profile: Profile
    weights_dir: str | None
    results: Path
    embedded: bool
    cluster: str = ""

    def __reduce__(self):
        """Sent to another process, a study is what it was opened from, and is opened there once for all its trials.

        Without the cluster: a worker that sent trials on would wait for itself.
        """
        return _reopened, (self.dataset.folder.absolute(), self.dataset.classes, self.dataset.fingerprint,
                           self.profile.name, self.weights_dir and str(Path(self.weights_dir).absolute()),
                           self.results.absolute(), self.embedded)

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

    def train(self, *models: str, variant: Variant | None = None, backbones: Sequence[str] | None = None,
              seeds: Sequence[int] | None = None) -> Trials:
        """Train every trial of these models that is not stored yet, and return all of them.

        Parameters: `models` from baseline, frozen, finetuned, finetuned_aug; `variant` what the audit switches in each;
        `backbones` and `seeds` those to take (None: all, and the profile's). A backbone without ImageNet weights here
        is left out and named in the result. One line of progress a trial goes to stderr. Trials that another process is
        training are skipped and waited for at the end; see `jobs.run`.
        """
        planned, missing = self._planned(models, variant, backbones, seeds)
        self._train_missing(planned)
        return Trials([self._record(*trial) for trial in planned], missing)

    def find(self, *models: str, variant: Variant | None = None, backbones: Sequence[str] | None = None,
             seeds: Sequence[int] | None = None) -> Trials:
        """Return those of the trials of `train` that are stored. Trains nothing."""
        planned, missing = self._planned(models, variant, backbones, seeds)
        found = [self._record(*trial) for trial in planned]
        return Trials([record for record in found if record.folder.exists()], missing)

    def _planned(self, models, variant, backbones, seeds) -> tuple[list[tuple[Recipe, int]], dict[str, str]]:
        """Recipe and seed of each trial, and the backbones without ImageNet weights here."""
        planned, missing = [], {}
        for model in models:
            for backbone in backbones or BACKBONES:
                scaled = apply_variant(self.profile.scale(find_recipe(model, backbone)), variant)
                if scaled.weights and self.weights_of(backbone) == NO_WEIGHTS:
                    missing[backbone] = NO_WEIGHTS
                    continue
                planned += [(scaled, seed) for seed in seeds or self.profile.seeds(scaled)]
        return planned, missing

    def pictures(self, size: int) -> np.ndarray:
        """All pictures of the data set at one input size, uint8 (n, size, size, 3)."""
        return _pictures(self, size)

    def compute_features(self, backbone: str, preprocessing: str | None = None) -> np.ndarray:
        """Pooled ImageNet features of all pictures, float32 (n, channels), at the profile's size for frozen models.

        Computed once for all trials and epochs, and kept on disk under the data's, the weights' and the size's name.
        """
        path = self._features_path(backbone, preprocessing)
        list(jobs.run([jobs.Job(path, partial(self._extract, backbone, preprocessing))], self.cluster))
        return np.load(path)

    def _features_path(self, backbone: str, preprocessing: str | None) -> Path:
        size, file = self.profile.size(find_recipe("frozen", backbone)), weights_fingerprint(backbone, self.weights_dir)
        mode = f"-{preprocessing}" if preprocessing else ""
        return self.results / "features" / f"{backbone}-{size}{mode}-{self.dataset.fingerprint}-{file}.npy"

    def _extract(self, backbone: str, preprocessing: str | None) -> None:
        """Compute the features and store them."""
        size, mode = self.profile.size(find_recipe("frozen", backbone)), preprocessing and f" fed {preprocessing}" or ""
        say(f"features of {len(self.dataset)} pictures through {backbone}{mode} at {size} x {size}")
        # A network of its own: the one that trials share may have been fine-tuned by now.
        classifier = models.build_classifier(backbone, len(self.dataset.classes), size, "imagenet", self.weights_dir,
                                             preprocessing)
        network = models.pooled_model(classifier)
        # Written row by row, so that memory stays flat; not through a memory map, which a full disk ends with a signal.
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(self.dataset), network.output.shape[-1])}
        with whole(self._features_path(backbone, preprocessing)) as path, path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for found in forward(network, self.dataset.stream(size)):
                file.write(found[0].astype("<f4").tobytes())

    def _train_missing(self, planned: list[tuple[Recipe, int]]) -> None:
        """Train the trials that are not stored, wherever `jobs.run` does, and the features that they need before."""
        planned_jobs, features, missing = [], {}, []
        for scaled, seed in planned:
            folder, needs = self._record(scaled, seed).folder, None
            if not folder.exists():
                missing.append(folder)
                if scaled.model == "frozen":
                    fed = scaled.backbone, (scaled.variant or FAITHFUL).preprocessing
                    needs = self._features_path(*fed)
                    features[needs] = jobs.Job(needs, partial(self._extract, *fed))
            planned_jobs.append(jobs.Job(folder, partial(self._trial, scaled, seed), needs))
        number = len(planned) - len(missing)
        for job in jobs.run([*features.values(), *planned_jobs], self.cluster):
            if job.path in missing:
                number += 1
                say(f"trial {number}/{len(planned)}  {records.Record(job.path).in_words()}")

    def _record(self, scaled: Recipe, seed: int) -> records.Record:
        """The trial's record, stored already or to be stored."""
        return records.Record(records.record_folder(self.results, self._config(scaled, seed)))

    def _trial(self, scaled: Recipe, seed: int) -> None:
        """Train a trial and store its record."""
        started = time.monotonic()
        parts, labels = self._parts(scaled, seed), self._labels(scaled, seed)
        train = self._train_head if scaled.model == "frozen" else self._train
        trainer, x, history = train(scaled, seed, parts, labels)
        predictions = self._predictions(trainer, x, parts, labels, scaled.variant or FAITHFUL)
        keep = trainer.model.save_weights if self._kept(scaled, seed) else None
        records.store_record(self.results, self._config(scaled, seed), history, predictions, time.monotonic() - started,
                            keep)

    def _kept(self, scaled: Recipe, seed: int) -> bool:
        """Whether a trial leaves its weights. A frozen model's few kB always; of the others the first trial, to read
        its feature maps or classify with it; a baseline only where it stands in for what needs ImageNet weights. What
        the audit switched nobody uses again."""
        of_use = scaled.weights or self.weights_of(scaled.backbone) == NO_WEIGHTS
        return scaled.variant is None and (scaled.model == "frozen" or bool(of_use and seed == SEEDS[0]))

    def _config(self, scaled: Recipe, seed: int) -> dict:
        """All that a trial's numbers depend on; its hash is the record's name."""
        weights = weights_fingerprint(scaled.backbone, self.weights_dir) if scaled.weights else None
        # Named only where it is not the usual one; frozen models learn from features in float32 whatever it is.
        precision = "float32" if scaled.model == "frozen" else training.precision()
        return {"recipe": recipe_to_dict(scaled), "seed": seed, "size": self.profile.size(scaled),
                "steps_per_epoch": self.profile.steps(scaled),
                "data": self.dataset.fingerprint, "classes": list(self.dataset.classes), "weights": weights,
                **({} if precision == "float32" else {"precision": precision})}

    def _parts(self, scaled: Recipe, seed: int) -> Split:
        """The division of a trial, by its seed alone unless its variant says otherwise."""
        variant = scaled.variant or FAITHFUL
        drawn_by = {"trial": seed, "first": SEEDS[0]}.get(variant.split_seed, [seed, *variant.split_seed.encode()])
        parts = split(self.dataset, scaled.split, drawn_by)
        return parts if variant.share == 1 else replace(
            parts, train=subsample(parts.train, self.dataset.labels, variant.share))

    def _labels(self, scaled: Recipe, seed: int) -> np.ndarray:
        """What a trial takes for the pictures' labels: theirs, unless its variant has shuffled them."""
        shuffled = scaled.variant and scaled.variant.labels == "permuted"
        return permute_labels(self.dataset.labels, SEEDS.index(seed)) if shuffled else self.dataset.labels

    def _train_head(self, scaled: Recipe, seed: int, parts: Split, y: np.ndarray):
        variant = scaled.variant or FAITHFUL
        x = self.compute_features(scaled.backbone, variant.preprocessing)
        seed = seed if variant.start is None else variant.start
        trainer = training.head_trainer(x.shape[1], len(self.dataset.classes))
        history = training.train_on_features(trainer, scaled, Part(x[parts.train], y[parts.train]),
                                             Part(x[parts.validation], y[parts.validation]), seed)
        return trainer, x, history

    def _train(self, scaled: Recipe, seed: int, parts: Split, y: np.ndarray):
        size, variant = self.profile.size(scaled), scaled.variant or FAITHFUL
        x = self.pictures(size)
        train_x, train_y = x[parts.train], y[parts.train]
        if scaled.augmented:  # the training part alone
            train_x, train_y = augment(train_x, train_y, scaled.backbone, seed)
        trainer = training.classifier_trainer(scaled.backbone, len(self.dataset.classes), size, scaled.weights,
                                              self.weights_dir, replace(FAITHFUL, preprocessing=variant.preprocessing,
                                                                        batch_statistics=variant.batch_statistics))
        validation = Part(x[parts.validation], y[parts.validation])
        history = training.train(trainer, scaled, Part(train_x, train_y), validation, seed,
                                 self.profile.steps(scaled))
        return trainer, apply_in_place_shift(x) if variant.in_place else x, history

    def _predictions(self, trainer: Trainer, x: np.ndarray, parts: Split, labels: np.ndarray,
                     variant: Variant) -> pd.DataFrame:
        frames, batch = [], training.PREDICT_BATCH
        asked = [("validation", parts.validation, batch), ("test", parts.test, batch)]
        if variant.batch_statistics:  # then a picture's answer may hang on those beside it: asked in other company too
            asked += [("test, sorted by class", parts.test[np.argsort(labels[parts.test], kind="stable")], batch),
                      ("test, one by one", parts.test, 1)]
        for part, rows, size in asked:
            pictures = pd.DataFrame({"file_name": self.dataset.metadata["file_name"].to_numpy()[rows],
                                     "label": np.array(self.dataset.classes, object)[labels[rows]]})
            columns = [f"p_{name}" for name in self.dataset.classes]
            probabilities = pd.DataFrame(trainer.predict(x[rows], size), columns=columns)
            frames.append(pd.concat([pictures.assign(part=part), probabilities], axis=1))
        return pd.concat(frames, ignore_index=True)


@lru_cache(maxsize=2)  # a study's pictures at the frozen models' size and at the others'
def _pictures(study: Study, size: int) -> np.ndarray:
    return study.dataset.images(size)


def open_study(data: str = "", weights: str = "", profile: str = "quick", results: str = "",
               classes: str = "", cluster: str = "") -> Study:
    """Open a study from the six parameters that every chapter has.

    Parameters: `data` a folder of pictures ("" for the embedded data set, drawn on first use); `weights` a folder of
    ImageNet weight files ("" for Keras' own); `profile` smoke, quick or thesis; `results` where trials, features and
    drawings are kept ("" for ~/.artpose); `classes` the labels to use, separated by commas ("" for all); `cluster`
    where to train, as in `cluster.open_cluster` ("" for this process).
    Raises DataError for bad data, ValueError for an unknown profile.
    """
    kept = Path(results).expanduser().absolute() if results else Path.home() / ".artpose"  # other machines look there
    chosen = find_profile(profile)
    # Another version may draw otherwise: it draws into a folder of its own.
    drawings = kept / "embedded" / f"{chosen.pictures}-drawings-{__version__}"
    folder = Path(data).expanduser() if data else drawings
    if not data:
        list(jobs.run([jobs.Job(folder, partial(_draw, folder, chosen.pictures))], where=""))
    return Study(load_dataset(folder, classes or None), chosen, weights or None, kept, not data, cluster)


def _draw(folder: Path, pictures: int) -> None:
    say(f"drawing {pictures} artworks")
    with whole(folder) as partial_folder:
        draw_dataset(partial_folder, pictures, EMBEDDED_SEED)


@lru_cache(maxsize=1)  # with all that hangs on it: the pictures in memory, and the trainer of the last trial
def _reopened(folder: Path, classes: tuple[str, ...], fingerprint: str, profile: str, weights: str | None,
              results: Path, embedded: bool) -> Study:
    """The study that another process opened. Raises DataError where this machine finds other pictures than that did."""
    dataset = load_dataset(folder, classes)
    if dataset.fingerprint != fingerprint:
        raise DataError(f"{folder}: these are other pictures than those of the machine that sends the trials "
                        f"(fingerprint {dataset.fingerprint}, there {fingerprint}). All must share this folder.")
    return Study(dataset, find_profile(profile), weights, results, embedded)
