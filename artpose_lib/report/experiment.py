"""What an experiment has measured on one set of pictures: trials of some models, and simple ones on their divisions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.report import figures, plotting, scores, statistics
from artpose_lib.report.probes import SIMPLE_MODELS
from artpose_lib.report.reference import measure, open_places
from artpose_lib.report.tables import tell_range
from artpose_lib.train.recipes import MODELS
from artpose_lib.train.records import Trials
from artpose_lib.train.study import Study
from artpose_lib.train.variants import Variant
from artpose_lib.web import Choice, choose


@dataclass(frozen=True, eq=False)
class Experiment:
    """Trials of `models` on one set of pictures, called `name`, and the table of `reference.MEASURED` beside them."""

    name: str
    study: Study
    models: Sequence[str]
    trials: Trials
    simple: str = "simple_random"

    @property
    def of_poses(self) -> bool:
        """Whether these are pictures of the six poses, beside which the thesis' numbers may stand."""
        return set(self.study.dataset.classes) == set(POSE_NAMES)

    @property
    def title(self) -> str:
        """The name and, of this run, its pictures and profile."""
        study = self.study
        if not study.trains:
            return self.name
        what = study.data_name if study.embedded else f"pictures, {study.data_name}"
        return f"{self.name} ({len(study.dataset)} {what}, profile {study.profile.name})"

    @cached_property
    def simple_models(self) -> pd.DataFrame:
        """The predictions of `probes.SIMPLE_MODELS`; the commonest class is that of `statistics.find_doubt`."""
        found = measure(self.study, self.simple)
        own = found["model"] == "commonest"
        return pd.concat([found[~own], statistics.name_commonest(found[own])]) if own.any() else found

    @cached_property
    def answers(self) -> pd.DataFrame:
        """The predictions of the trials as they ended: `scores.name_as_ended`."""
        return scores.name_as_ended(self.trials.predictions)

    @cached_property
    def history(self) -> pd.DataFrame:
        """The history of the trials that did not diverge."""
        return scores.drop_trials(self.trials.history, scores.find_diverged(self.trials.predictions))

    @cached_property
    def doubts(self) -> dict[tuple[str, str], str]:
        """`statistics.find_doubt` of each model and backbone of the answers."""
        networks = self.answers.groupby(["model", "backbone"])
        return {key: statistics.find_doubt(own, self.study.profile) for key, own in networks}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """`scores.against_thesis` of answers and simple models, of the asked models alone, with a column doubt."""
        table = scores.against_thesis(scores.summary(pd.concat([self.answers, self.simple_models])))
        table = table[~table["model"].isin(set(MODELS).difference(self.models))]
        doubts = [self.doubts.get(key, "") for key in zip(table["model"], table["backbone"], strict=True)]
        return table.assign(doubt=doubts, thesis=table["thesis"] if self.of_poses else np.nan)

    @property
    def accuracies(self) -> pd.DataFrame:
        """The rows of `scores` that tell an accuracy measured here, the highest first."""
        rows = self.scores.query("metric == 'accuracy' and trials > 0")
        return rows.sort_values("here", ascending=False, kind="stable")

    @property
    def networks(self) -> pd.DataFrame:
        """The accuracies without those of simple models."""
        return self.accuracies[~self.accuracies["model"].isin(SIMPLE_MODELS)]

    def select(self, model: str, backbone: str) -> pd.DataFrame:
        """The answers of one model with one backbone."""
        return self.answers.query("model == @model and backbone == @backbone")

    def compare(self, before: str, after: str) -> pd.DataFrame:
        """`statistics.compare` of two models, simple ones too, a row a backbone that has both."""
        asked = [self.simple_models if model in SIMPLE_MODELS else self.trials.predictions for model in (before, after)]
        return self._compare([own[own["model"] == model] for own, model in zip(asked, (before, after), strict=True)])

    def compare_pairs(self, pairs: Iterable[tuple[str, str]]) -> dict[str, pd.DataFrame]:
        """What `compare` finds of each pair, by its title: "Frozen → Linear probe"."""
        return {" → ".join(scores.MODEL_TITLES[model] for model in pair): self.compare(*pair) for pair in pairs}

    def compare_variants(self, model: str, before: Variant | None, after: Variant) -> pd.DataFrame:
        """`statistics.compare` of stored trials of a model in two variants, a row a backbone that has both."""
        found = [self.study.find(model, variant=one) for one in (before, after)]
        return self._compare([side.predictions if side.records else pd.DataFrame({"backbone": []}) for side in found])

    def _compare(self, sides: Sequence[pd.DataFrame]) -> pd.DataFrame:
        before, after = (dict(iter(side.groupby("backbone", sort=False))) for side in sides)
        rows = {backbone: statistics.compare(own, after[backbone], self.study.profile)
                for backbone, own in before.items() if backbone in after}
        return pd.DataFrame(rows.values(), [*rows], [*statistics.Difference._fields, "verdict"])

    def tell_accuracies(self, words: Mapping[str, str]) -> str:
        """From where to where the accuracies of each model reach, here and in the thesis; `words` say it of a model."""
        thesis, here = scores.thesis_accuracies(), self.accuracies.groupby("model")["here"]
        told = []
        for model, word in words.items():
            if model in here.groups:
                beside = f" (thesis: {tell_range(thesis[model])})" if self.of_poses and model in thesis else ""
                told.append(f"{word} {tell_range(here.get_group(model))}{beside}")
        return ", ".join(told)


def train_experiments(study: Study, *models: str, simple: str = "simple_random", small_baselines: bool = False,
                      ) -> list[Experiment]:
    """An experiment for each of `open_places` that has trials of the models; those of this run are trained. With
    `small_baselines` an edition's baselines on smaller pictures stand in where it has no others."""
    experiments = []
    for name, place in open_places(study).items():
        trials = place.train(*models)
        if small_baselines and not place.trains:
            trials = place.add_small_baselines(trials)
        if trials.records:
            experiments.append(Experiment(name, place, models, trials, simple))
    return experiments


def choose_together(experiments: Sequence[Experiment]) -> Sequence[Experiment]:
    """Those of the six poses in art, which may stand beside the thesis; without any, that of this run."""
    return [own for own in experiments if own.of_poses and not own.study.embedded] or experiments[-1:]


def show_scores(experiments: Sequence[Experiment], caption: str, thesis: str) -> tuple[plotting.Shown, Choice]:
    """The accuracies of those that may stand `choose_together`, and a choice of their other scores and of the rest.
    `caption` has {metric} and {names}; behind these stands `thesis` where its numbers are drawn too."""
    together, views = choose_together(experiments), {}
    for group in (together, *([own] for own in experiments if own not in together)):
        names = ", ".join(own.title for own in group)
        drawn = {own.name: own.scores.query("model != 'permuted'") for own in group}
        trials = scores.per_trial(pd.concat([group[0].answers, group[0].simple_models]))
        for metric, title in figures.METRIC_TITLES.items():
            views[f"{title}, {names}"] = plotting.show(figures.comparison(drawn, metric, trials), alt=caption.format(
                metric=title, names=names + thesis * group[0].of_poses))
    return views.pop(next(iter(views))), choose("Score", views)
