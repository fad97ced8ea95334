"""A study: one data set, one profile, one folder of results. What a chapter opens."""

import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from artpose_lib import __version__
from artpose_lib.data.dataset import DataError, PoseDataset, load_dataset
from artpose_lib.data.text import escape_markdown
from artpose_lib.data.views import CROPS, Boxes, choose_boxes
from artpose_lib.draw.embedded import draw_dataset
from artpose_lib.files import say, whole
from artpose_lib.model import blazepose
from artpose_lib.model.backbones import BACKBONES, WeightsMissing, weights_fingerprint, weights_source
from artpose_lib.train import jobs, trials
from artpose_lib.train.recipes import PRECISIONS, SEEDS, Profile, Recipe, apply_variant, find_profile, find_recipe
from artpose_lib.train.records import Trials
from artpose_lib.train.trials import Cache, Trial
from artpose_lib.train.variants import FAITHFUL, Variant

EMBEDDED_SEED = 2022  # arbitrary; fixed so that everyone gets the same drawings
NO_WEIGHTS = "no weights here"  # what tables say of a backbone without ImageNet weights here


@dataclass(frozen=True, eq=False)
class Study:
    """Data, profile, weights and results of one run of the report.

    `cluster` is as in `cluster.open_cluster`, or "" for this process; `precision` one of `recipes.PRECISIONS`, for
    the thesis' models; `cache` what trials share in this process.
    """

    trains: ClassVar[bool] = True  # what is not stored
    dataset: PoseDataset
    profile: Profile
    weights_dir: str | None
    results: Path
    embedded: bool
    cluster: str = ""
    precision: str = PRECISIONS[0]
    cache: Cache = field(default_factory=Cache, repr=False)

    def __reduce__(self):
        """Send a study to another process as what it was opened from, without its cluster."""
        weights = self.weights_dir and str(Path(self.weights_dir).absolute())
        opened = self.dataset.folder.absolute(), weights, self.profile.name, self.results, self.dataset.classes
        return _reopen, (opened, self.dataset.fingerprint, self.precision)

    def banner(self) -> str:
        """The line that opens each chapter and unfolds: the data, weights and profile behind its numbers. Markdown."""
        name = escape_markdown(self.data_name)
        what = f"{name} (the embedded data set)" if self.embedded else f"pictures ({name})"
        short = f"{len(self.dataset)} {self.data_name if self.embedded else 'pictures'}, profile {self.profile.name}"
        weights = "; ".join(f"{name}: {self.weights_of(name)}" for name in BACKBONES)
        private = "" if self.dataset.publishable.any() else (
            "**None of these pictures has an open licence: keep these pages to yourself.**")
        return (f'<details class="artpose-more"><summary>What this ran on: {short}</summary>\n\n'
                f"{len(self.dataset)} {what} in {len(self.dataset.classes)} classes, fingerprint "
                f"`{self.dataset.fingerprint}`. Profile `{self.profile.name}`. ImageNet weights: {weights}."
                f"\n\n</details>\n\n{private}")

    @property
    def data_name(self) -> str:
        """What people call the data set: "drawn pictures", or its folder's name."""
        return "drawn pictures" if self.embedded else self.dataset.folder.resolve().name

    def weights_of(self, backbone: str) -> str:
        """Where a backbone's ImageNet weights come from, or "no weights here"."""
        try:
            return weights_source(backbone, self.weights_dir)
        except WeightsMissing:
            return NO_WEIGHTS

    def fingerprint_weights(self, backbone: str) -> str:
        """As `backbones.weights_fingerprint`; it is part of a trial's name."""
        return weights_fingerprint(backbone, self.weights_dir)

    def train(self, *models: str, variant: Variant | None = None, backbones: Sequence[str] | None = None,
              seeds: Sequence[int] | None = None) -> Trials:
        """Train every trial of these models that is not stored yet, and return all of them.

        Parameters: `models` of `recipes.MODELS`; `variant` what the audit switches in each; `backbones` and `seeds`
        those to take (None: the profile's). A backbone without ImageNet weights here is left out and named.
        """
        planned, missing = self.plan(models, variant, backbones, seeds)
        return Trials(trials.run(planned, self.cluster), missing)

    def find(self, *models: str, variant: Variant | None = None, backbones: Sequence[str] | None = None,
             seeds: Sequence[int] | None = None) -> Trials:
        """Return those of the trials of `train` that are stored. Trains nothing."""
        planned, missing = self.plan(models, variant, backbones, seeds)
        found = [trial.record for trial in planned]
        return Trials([record for record in found if record.folder.exists()], missing,
                      [record.folder.name for record in found if not record.folder.exists()])

    def plan(self, models: Sequence[str], variant: Variant | None = None, backbones: Sequence[str] | None = None,
             seeds: Sequence[int] | None = None) -> tuple[list[Trial], dict[str, str]]:
        """The trials of `train`, and why backbones are missing."""
        planned, missing = [], {}
        for model in models:
            for backbone in backbones or [name for name in BACKBONES if name in self.profile.backbones(model)]:
                recipe = apply_variant(self.profile.scale(find_recipe(model, backbone)), variant or FAITHFUL)
                if recipe.weights and self.weights_of(backbone) == NO_WEIGHTS:
                    missing[backbone] = NO_WEIGHTS
                else:
                    planned += [self._plan_trial(recipe, seed) for seed in seeds or self.profile.seeds(recipe)]
        return planned, missing

    def pictures(self, size: int) -> np.ndarray:
        """All pictures at one input size, uint8 (n, size, size, 3). Kept in memory."""
        return self.cache.keep(f"pictures at {size}", None, lambda: self.dataset.images(size))

    def compute_features(self, backbone: str, mirrored: bool = False, view: str = "whole",
                         size: int | None = None) -> np.ndarray:
        """Pooled ImageNet features of all pictures, or of their mirror images, in one of `views.VIEWS`: float32
        (n, channels), as frozen models take them. `size` is the input's side where it is another. Kept on disk."""
        job = trials.plan_features(self, backbone, mirrored=mirrored, view=view, size=size)
        jobs.run_one(job, self.cluster)
        return np.load(job.path)

    def compute_roots(self, backbone: str, views: Sequence[str] = ("whole",)) -> np.ndarray:
        """What the recipe of today learns from, float32 (n, channels): `classifier.root` of the mean features of each
        picture and its mirror image, in all of the `views`."""
        from artpose_lib.model.classifier import root

        sides = [self.compute_features(backbone, side, view) for view in views for side in (False, True)]
        return np.asarray(root(np.mean(sides, axis=0)))

    def find_figures(self) -> pd.DataFrame:
        """The figures that `blazepose.find_figures` finds; of none a row where `blazepose.find_fault` says why they
        cannot be looked for. Kept on disk."""
        path = self.results / "figures" / f"blazepose-{self.dataset.fingerprint}.parquet"
        if not path.exists() and blazepose.find_fault(self.weights_dir):
            return pd.DataFrame(columns=blazepose.COLUMNS)
        jobs.run_one(jobs.Job(path, partial(_find_figures, path, self)))
        return pd.read_parquet(path)

    def find_boxes(self, view: str) -> Boxes:
        """As `views.choose_boxes`."""
        return choose_boxes(self.dataset, self.find_figures(), view) if view in CROPS else []

    def _plan_trial(self, recipe: Recipe, seed: int) -> Trial:
        """A trial, with weights kept that are used again: a frozen model's, a first trial's, a stand-in baseline's."""
        frozen = recipe.model == "frozen"
        of_use = recipe.weights or self.weights_of(recipe.backbone) == NO_WEIGHTS
        keep_weights = recipe.variant == FAITHFUL and (recipe.on_features or bool(of_use and seed == SEEDS[0]))
        config = trials.configure(self, recipe, seed, self.dataset.fingerprint, self.dataset.classes)
        needs = None  # of features that depend on a picture's batch, each trial has its own
        if frozen and not recipe.variant.batch_statistics:
            needs = trials.plan_features(self, recipe.backbone, recipe.variant.preprocessing, precision=self.precision)
        return Trial(self, recipe, seed, config, trials.load_material, needs, keep_weights)


def open_study(data: str = "", weights: str = "", profile: str = "quick", results: str = "",
               classes: str = "", cluster: str = "") -> Study:
    """Open a study from the six parameters that every chapter has.

    Parameters: `data` a folder of pictures ("" for the embedded data set, drawn on first use); `weights` a folder of
    ImageNet weight files ("" for Keras' own); `profile` a key of `PROFILES`; `results` a folder ("" for ~/.artpose);
    `classes` the labels to use, separated by commas ("" for all); `cluster` as in `cluster.open_cluster`.
    The environment variable ARTPOSE_PRECISION is read here.
    Raises DataError for bad data, ValueError for an unknown profile or precision.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns that a process traces several networks
    warnings.filterwarnings("ignore", module=r"PIL\.")  # odd EXIF, large sizes: what matters is raised
    kept = Path(results).expanduser().absolute() if results else Path.home() / ".artpose"  # other machines look there
    keep_compiled(kept / "compiled")
    chosen = find_profile(profile)
    folder = Path(data).expanduser() if data else draw_embedded(kept, chosen.pictures)
    precision = os.environ.get("ARTPOSE_PRECISION") or PRECISIONS[0]
    if precision not in PRECISIONS:
        raise ValueError(f"ARTPOSE_PRECISION is {precision!r}, and is one of: {', '.join(PRECISIONS)}")
    return Study(load_dataset(folder, classes or None), chosen, weights or None, kept, not data, cluster, precision)


def keep_compiled(folder: Path) -> None:
    """Have JAX keep all that it compiles in a folder, unless its own settings name another: a program that takes a
    minute to compile on a GPU is then loaded in a second by other processes. Without JAX nothing happens."""
    if os.environ["KERAS_BACKEND"] != "jax":
        return
    import jax

    if jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)  # by default what takes a second


def draw_embedded(results: Path, pictures: int) -> Path:
    """The folder of so many embedded drawings below `results`, drawn where it is not there."""
    folder = results / "embedded" / f"{pictures}-drawings-{__version__}"  # another version may draw otherwise
    jobs.run_one(jobs.Job(folder, lambda: _draw(folder, pictures)))
    return folder


def _find_figures(path: Path, study: Study) -> None:
    say(f"looking for figures in {len(study.dataset)} pictures")
    with whole(path) as partial_file:
        blazepose.find_figures(study.dataset, study.weights_dir).to_parquet(partial_file, index=False)


def _draw(folder: Path, pictures: int) -> None:
    say(f"drawing {pictures} artworks")
    draw_dataset(folder, pictures, EMBEDDED_SEED, option="--results")


@lru_cache(maxsize=1)
def _reopen(opened: tuple, fingerprint: str, precision: str) -> Study:
    """The study that another process sent; a worker keeps the last. Raises DataError for other pictures."""
    study = replace(open_study(*opened), precision=precision)
    here = study.dataset.fingerprint
    if here != fingerprint:
        raise DataError(f"{study.dataset.folder}: these are other pictures than those of the machine that sends "
                        f"the trials (fingerprint {here}, there {fingerprint}). All must share this folder.")
    return study
