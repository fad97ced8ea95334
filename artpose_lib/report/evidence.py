"""What the thesis' claims are checked on: the networks that count, and what is missing or decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from artpose_lib.explain.backgrounds import tabulate_conditions, train_boxes
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import scores
from artpose_lib.report.statistics import IDLE, find_doubt, keep_trials
from artpose_lib.report.verdicts import FAILS, HOLDS, UNSETTLED, UNTESTABLE
from artpose_lib.train.recipes import BORROWED, MODELS, RECIPES
from artpose_lib.train.study import NO_WEIGHTS, Study
from artpose_lib.train.variants import VARIANTS


class Outcome(NamedTuple):
    """What came of a check: a number in words, or why there is none; the verdict; what else has to be known of it."""

    measured: str
    verdict: str = UNTESTABLE
    remark: str = ""


class Untestable(Exception):
    """A claim cannot be tested; the message says why, or it is the networks that are missing."""


@dataclass(frozen=True)
class ClaimContext:
    """What claims are checked on: a study, the `predictions` and `history` of all its models, the predictions of VGG16
    fine-tuned with all layers in both phases, `backgrounds.tabulate_conditions` of pictures with boxes, and the size in
    pixels of networks that saw smaller pictures than the thesis'."""

    study: Study
    predictions: pd.DataFrame
    history: pd.DataFrame
    unstaged: pd.DataFrame
    boxed: pd.DataFrame
    small: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def trials(self) -> dict[str, pd.DataFrame]:
        """The predictions of each network."""
        return {" ".join(name): own for name, own in self.predictions.groupby(["model", "backbone"])}

    @cached_property
    def doubts(self) -> dict[str, str]:
        """Why nothing follows from a network, or ""."""
        return {name: find_doubt(own, self.study.profile) for name, own in self.trials.items()}

    @cached_property
    def networks(self) -> dict[str, pd.DataFrame]:
        """The predictions of each network in its trials that count, where there is no other doubt than `idle`."""
        return {name: keep_trials(own) for name, own in self.trials.items() if self.doubts[name] in ("", IDLE)}

    @property
    def idle(self) -> list[str]:
        """The networks that are not surely above always naming the commonest class."""
        return [name for name, doubt in self.doubts.items() if doubt == IDLE]

    def find_here(self, names: Sequence[str], learned: bool = False) -> list[str]:
        """Those of the networks that are here, or of these the ones that learned. Raises Untestable where none is."""
        here = [name for name in names if name in self.networks and not (learned and name in self.idle)]
        if not here:
            raise Untestable
        return here

    def list_names(self, patterns: str) -> list[str]:
        """The thesis' networks that fit one of the patterns, here or not, and any that is named in full."""
        return [name for name in map(" ".join, RECIPES) if any(
            name == pattern or fnmatchcase(name, pattern) and name.split(" ")[1] not in BORROWED
            for pattern in patterns.split("|"))]

    def choose(self, pattern: str) -> str:
        """The network that fits the pattern and is best on the validation part, which no verdict is read from."""
        here = self.find_here(self.list_names(pattern))
        return here[0] if len(here) == 1 else max(
            here, key=lambda name: scores.per_trial(self.networks[name], "validation")["accuracy"].mean())

    def remark(self, names: Sequence[str]) -> str:
        """Which of the networks are missing or decide nothing, and why, and of which some trials do not count."""
        said: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            doubt, backbone = self.doubts.get(name), name.split(" ")[1]
            if doubt is None and RECIPES[tuple(name.split(" "))].weights:
                said.setdefault("no ImageNet weights here", []).append(backbone)
            elif doubt is None:
                said.setdefault("no trials by today's protocol", []).append(name)
            elif doubt:
                said.setdefault(doubt.removeprefix("is ").removeprefix("was "), []).append(name)
            elif lost := self.trials[name]["seed"].nunique() - self.networks[name]["seed"].nunique():
                said.setdefault(f"without {lost} that diverged or kept the weights of phase I", []).append(name)
            if name in self.small:
                said.setdefault(f"on pictures of {self.small[name]} pixels a side", []).append(name)
        return "; ".join(f"{why}: {', '.join(dict.fromkeys(networks))}" for why, networks in said.items())

    def read_curves(self, name: str, metric: str) -> pd.DataFrame:
        """A network's learning curves: a row an epoch, a column a trial that counts."""
        trials = self.networks[name][["model", "backbone", "seed"]].drop_duplicates()
        return self.history.merge(trials).pivot(index="epoch", columns="seed", values=metric)

    def conclude(self, names: Sequence[str], measured: str, verdict: str, note: str = "", claimed: Sequence[str] = (),
                 ) -> Outcome:
        """The outcome of a check on these networks and those of which the `claimed` one was chosen.

        It is not settled where it would hold and one of `names` is missing, decides nothing or saw small pictures, or
        would fail and that is one of `claimed`, which might have been better.
        """
        every = list(dict.fromkeys([*claimed, *names]))
        lacking = [name for name in every if self.doubts.get(name, "missing") or name in self.small]
        if needed := set(lacking) & set({HOLDS: names, FAILS: claimed}.get(verdict, ())):
            verdict, measured = UNSETTLED, f"{measured}, but {self.remark([own for own in every if own in needed])}"
            every = [name for name in every if name not in needed]
        remark = "; ".join(filter(None, [note, self.remark(every)]))
        return Outcome(measured, verdict, remark)


def train_evidence(study: Study) -> ClaimContext:
    """Train what the claims speak of and is not stored yet. Of an edition also baselines that saw smaller pictures."""
    trained, unstaged, small = study.train(*MODELS), pd.DataFrame(), {}
    if "VGG16" in study.profile.backbones("finetuned") and study.weights_of("VGG16") != NO_WEIGHTS:
        found = study.train("finetuned", variant=VARIANTS["A8 all layers in phase I"], backbones=["VGG16"])
        unstaged = found.predictions if found.records else unstaged  # an edition may be without
    if not study.trains:
        trained = study.add_small_baselines(trained)
        small = {f"{one.names['model']} {one.names['backbone']}": one.config["size"] for one in trained.records
                 if one.config["size"] < BACKBONES[one.names["backbone"]].input_size}
    return ClaimContext(study, trained.predictions, trained.history, unstaged, tabulate_conditions(train_boxes(study)),
                        small)
