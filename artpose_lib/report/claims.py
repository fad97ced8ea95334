"""The thesis' checkable sentences against this run's trials: a kind of check each, a number, an interval, a verdict.

`thesis/claims.csv` holds the sentences. Its columns first and second name networks as "finetuned Xception"; "*" stands
for any model or any of the thesis' three architectures, "|" for "or". EfficientNet-Lite0, which the thesis has not,
decides no claim, and neither does a network that the profile trained short, that has fewer trials left than
`FEWEST_TRIALS`, or that is not surely above always naming the commonest class.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.explain.backgrounds import BOX_CONDITIONS, choose_recipe, tabulate_conditions, train_boxes
from artpose_lib.report import scores
from artpose_lib.report.statistics import FEWEST_TRIALS, Difference, NoneInCommon, compare_with_commonest, difference
from artpose_lib.report.verdicts import (
    ALPHA,
    FAILS,
    HOLDS,
    UNSETTLED,
    UNTESTABLE,
    compare_epochs,
    compare_spread,
    judge,
    judge_interval,
    measure_mistakes,
    rank_class,
)
from artpose_lib.train.recipes import BORROWED, MODELS, RECIPES
from artpose_lib.train.study import NO_WEIGHTS, Study
from artpose_lib.train.variants import VARIANTS

# Poses by how many figures they have (Section 2.1).
GROUPS = {"single figures": ("Antinous", "Reclining", "Sebastian", "Tanagra"), "a pose of several": ("Graces", "Pieta")}
OTHER = next(iter(BORROWED))  # is told where a network of the thesis is missing
NETWORK = re.compile(rf"\b({'|'.join(MODELS)}) [^|]+")


class Outcome(NamedTuple):
    """What came of a check: a number in words, its value and interval (NaN where there is none), and the verdict."""

    measured: str
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    verdict: str = UNTESTABLE


class Untestable(Exception):
    """A claim cannot be tested on these pictures or with these networks; the message says why."""


@dataclass(frozen=True)
class ClaimContext:
    """What claims are checked on: a study, the `predictions` and `history` of all its models, the predictions of VGG16
    fine-tuned with all layers in both phases, and `backgrounds.tabulate_conditions` of pictures with boxes."""

    study: Study
    predictions: pd.DataFrame
    history: pd.DataFrame
    unstaged: pd.DataFrame
    boxed: pd.DataFrame

    @cached_property
    def networks(self) -> dict[str, pd.DataFrame]:
        """The predictions of each network, without trials that diverged, and without those that are called fine-tuned
        and kept the weights of a phase in which the head alone learned; of networks that have enough trials then."""
        rows = scores.drop_trials(self.predictions, scores.find_diverged(self.predictions))
        return {" ".join(name): own for name, own in rows[~scores.find_untuned(rows)].groupby(["model", "backbone"])
                if own["seed"].nunique() >= FEWEST_TRIALS}

    @cached_property
    def idle(self) -> list[str]:
        """The networks that are not surely above always naming the commonest class."""
        return [name for name, own in self.networks.items() if compare_with_commonest(own).low <= 0]

    def find_learned(self, names: Sequence[str]) -> list[str]:
        """Those of the networks that are here and learned. Raises Untestable where none did."""
        learned = [name for name in names if name in self.networks and name not in self.idle]
        if not learned:
            raise Untestable(self.remark(names))
        return learned

    def list_names(self, patterns: str) -> list[str]:
        """The thesis' networks that fit one of the patterns, here or not, and any that is named in full."""
        return [name for name in map(" ".join, RECIPES) if any(
            name == pattern or fnmatchcase(name, pattern) and name.split(" ")[1] not in BORROWED
            for pattern in patterns.split("|"))]

    def choose(self, pattern: str) -> str:
        """The network that fits the pattern and is best on the validation part, which no verdict is read from."""
        names = self.list_names(pattern)
        here = [name for name in names if name in self.networks]
        if not here:
            raise Untestable(self.remark(names))
        return here[0] if len(here) == 1 else max(
            here, key=lambda name: scores.per_trial(self.networks[name], "validation")["accuracy"].mean())

    def remark(self, names: Sequence[str]) -> str:
        """Which of the networks are missing and why, which trials do not count, what was trained short."""
        said: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            model, backbone = name.split(" ")
            own = self.predictions.query("model == @model and backbone == @backbone")
            untuned, trials = own[scores.find_untuned(own)]["seed"].nunique(), own["seed"].nunique()
            diverged = len(scores.find_diverged(own))
            if own.empty and RECIPES[model, backbone].weights:
                said.setdefault("no ImageNet weights here", []).append(backbone)
            elif own.empty:
                said.setdefault("not stored", []).append(name)
            elif name not in self.networks:
                said.setdefault("in all trials the weights kept are those of phase I, where only the head learns"
                                if untuned == trials else "the training diverged" if diverged == trials else
                                f"fewer than {FEWEST_TRIALS} trials that count", []).append(name)
            elif untuned:
                said.setdefault(f"the weights of phase I, which do not count, in {untuned} of {trials} trials",
                                []).append(name)
            if name in self.networks and not self.is_full(name):
                said.setdefault("trained short", []).append(name)
            elif name in self.idle:
                said.setdefault("not surely above the commonest class", []).append(name)
        return "; ".join(f"{why}: {', '.join(dict.fromkeys(networks))}" for why, networks in said.items())

    def is_full(self, name: str) -> bool:
        """Whether a network is trained at the thesis' strength."""
        return self.study.profile.full_strength(RECIPES[tuple(name.split(" "))])

    def read_curves(self, name: str, metric: str) -> pd.DataFrame:
        """A network's learning curves: a row an epoch, a column a trial that counts."""
        trials = self.networks[name][["model", "backbone", "seed"]].drop_duplicates()
        return self.history.merge(trials).pivot(index="epoch", columns="seed", values=metric)

    def conclude(self, names: Sequence[str], measured: str, verdict: str, *interval: float, note: str = "",
                 claimed: Sequence[str] = ()) -> Outcome:
        """The outcome of a check on these networks and those of which the `claimed` one was chosen: none where one was
        trained short, where it would hold and one of `names` is missing or did not learn, or where it would fail and
        one of `claimed`, which might have been better, is missing or did not learn."""
        names, needed = [*claimed, *names], {HOLDS: names, FAILS: claimed}.get(verdict, ())
        short = any(name in self.networks and not self.is_full(name) for name in names)
        if short or any(name not in self.networks or name in self.idle for name in needed):
            verdict = UNTESTABLE
        told = "; ".join(filter(None, [measured, self.remark(names), note]))
        return Outcome(told, *interval or [np.nan] * 3, verdict)


def train_claims(study: Study) -> ClaimContext:
    """Train what the claims speak of and is not stored yet."""
    trained, unstaged = study.train(*MODELS), pd.DataFrame()
    if study.weights_of("VGG16") != NO_WEIGHTS:
        found = study.train("finetuned", variant=VARIANTS["A8 all layers in phase I"], backbones=["VGG16"])
        unstaged = found.predictions if found.records else unstaged  # a reference may be without
    return ClaimContext(study, trained.predictions, trained.history, unstaged, tabulate_conditions(train_boxes(study)))


def check_claims(context: ClaimContext) -> pd.DataFrame:
    """Every claim with its outcome: id, section, quote and page, and the columns of `Outcome`."""
    claims = thesis_table("claims")
    outcomes = pd.DataFrame([check_claim(context, claim) for claim in claims.itertuples(index=False)])
    return pd.concat([claims[["id", "section", "quote", "page"]], outcomes], axis=1)


def check_claim(context: ClaimContext, claim) -> Outcome:
    """The outcome of one row of `thesis/claims.csv`, a named tuple. Where it cannot be tested, what EfficientNet-Lite0
    measures is told beside the reason."""
    try:
        return KINDS[claim.kind](context, claim)
    except (Untestable, scores.Diverged, NoneInCommon) as reason:
        other = claim._replace(**{side: NETWORK.sub(rf"\1 {OTHER}", getattr(claim, side))
                                  for side in ("first", "second")})
        if other == claim:
            return Outcome(str(reason))
        instead = check_claim(context, other).measured
        return Outcome(str(reason) + (f"; another network: {instead}" if OTHER in instead else ""))


def _tell(value: float, low: float, high: float) -> str:
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def _differ(first: pd.DataFrame, second: pd.DataFrame, *options: object, **more: object) -> Difference:
    """As `statistics.difference`. Raises Untestable where the two have too few trials in common."""
    found = difference(first, second, *options, **more)
    if found.trials < FEWEST_TRIALS:
        raise Untestable(f"it takes {FEWEST_TRIALS} trials in common, and there are {found.trials}")
    return found


def _above(context: ClaimContext, claim) -> Outcome:
    """Whether the second is above the first; of several that fit a pattern, the best on the validation part."""
    return _order(context, claim, [context.choose(pattern) for pattern in claim.first.split("|")])


def _best(context: ClaimContext, claim) -> Outcome:
    """Whether the second is above ("worst": below) every other that fits the first."""
    return _order(context, claim, context.list_names(claim.first))


def _order(context: ClaimContext, claim, names: Sequence[str]) -> Outcome:
    """Whether the second is above all of `names`. What did not learn is no rival, and neither is it beaten: the claim
    then cannot hold, as where one that fits a pattern is missing."""
    part, metric = ("validation" if claim.metric.startswith("val_") else "test"), claim.metric.removeprefix("val_")
    second, sign = context.choose(claim.second), -1 if claim.kind == "worst" else 1
    context.find_learned([second])
    if not (names := [name for name in names if name != second]):
        raise Untestable("there is nothing to compare")
    found = {name: _differ(context.networks[name], context.networks[second], metric, part)
             for name in context.find_learned(names)}
    closest = min(found, key=lambda name: sign * found[name].difference)
    what = f"{second} less {closest}" + f", the closest of {len(found)}" * (len(found) > 1)
    verdict, interval = judge([(sign * own.difference, own.p) for own in found.values()]), found[closest][2:5]
    rivals = [name for name in context.list_names(claim.first) if name != second]
    return context.conclude(rivals, f"{what}: {_tell(*interval)}", verdict, *interval,
                            claimed=context.list_names(claim.second))


def _value(context: ClaimContext, claim) -> Outcome:
    """A number of the thesis' own pictures: ours stands beside it, and only these pictures could test it."""
    name = context.choose(claim.second)
    score = scores.summary(context.networks[name]).iloc[0]
    value, low, high = (score[claim.metric + end] for end in ("", "_low", "_high"))
    told = f"{name} on other pictures: {value:.3f} ({low:.3f} to {high:.3f})"
    return context.conclude([name], told, UNTESTABLE, value, low, high)


def _learns(context: ClaimContext, claim) -> Outcome:
    """Whether the network is above always naming the commonest class; "learns_not": by less than a margin."""
    name = context.choose(claim.second)
    found = compare_with_commonest(context.networks[name])
    verdict, interval = judge([(found.difference, found.p)]), found[2:5]
    if claim.kind == "learns_not":  # one-sided, as `_close` is on both
        upper, margin = compare_with_commonest(context.networks[name], level=1 - 2 * ALPHA).high, float(claim.value)
        verdict = HOLDS if upper < margin else FAILS if found.low > margin else UNSETTLED
    names = context.list_names(claim.second)
    missing = verdict == FAILS and not set(names) <= set(context.networks)  # one of them might have learned
    told = [f"{name} less always the commonest class: {_tell(*interval)}", context.remark(names)]
    return Outcome("; ".join(filter(None, told)), *interval,
                   UNTESTABLE if missing or not context.is_full(name) else verdict)


def _close(context: ClaimContext, claim) -> Outcome:
    """Two one-sided tests of test less validation against a margin, for each network: it holds where all 90 % intervals
    lie within it, and fails where one lies wholly beyond it, corrected for their number."""
    names, margin = context.list_names(claim.second), float(claim.value)
    here = context.find_learned(names)
    found, wide, narrow = ([_differ(context.networks[name], context.networks[name], claim.metric, "validation",
                                    "test", level) for name in here]
                           for level in (1 - ALPHA, 1 - ALPHA / len(here), 1 - 2 * ALPHA))
    verdict = (FAILS if any(own.low > margin or own.high < -margin for own in wide) else
               HOLDS if all(-margin < own.low and own.high < margin for own in narrow) else UNSETTLED)
    farthest = max(range(len(here)), key=lambda number: abs(found[number].difference))
    what = here[farthest] + f", the farthest of {len(here)}" * (len(here) > 1)
    interval = found[farthest][2:5]
    return context.conclude(names, f"{what}, test less validation: {_tell(*interval)}; close means within {margin:g}",
                            verdict, *interval)


def _class_rank(context: ClaimContext, claim) -> Outcome:
    """Whether a class has the best score of all, or the worst; all trials of the network are pooled."""
    (name,), best = context.find_learned([context.choose(claim.second)]), claim.kind == "best_class"
    own = context.networks[name].query("part == 'test'")
    if claim.value not in own["label"].to_numpy():
        raise Untestable(f"no picture of {claim.value} was tested")
    ranked, verdict = rank_class(own, claim.value, claim.metric, best)
    return context.conclude(
        [name], f"{claim.metric} of {claim.value} {ranked[claim.value]:.2f}; {'best' if best else 'worst'}: "
        f"{ranked.index[0]}, {ranked.iloc[0]:.2f} ({name}, all trials pooled)", verdict)


def _confused(context: ClaimContext, claim) -> Outcome:
    """Of the wrongly named test pictures of some poses, the share called another, against the shares of the classes."""
    true, other = (GROUPS.get(names, tuple(names.split("|"))) for names in (claim.first, claim.value))
    (name,), counts = context.find_learned([context.choose(claim.second)]), context.study.dataset.counts()
    if set(counts.index) != set(POSE_NAMES):
        raise Untestable("these pictures are not of the six poses")
    pictures, share, low, high, chance = measure_mistakes(context.networks[name], true, other, counts)
    if not pictures:
        raise Untestable(f"{name} named no such picture wrongly")
    return context.conclude(
        [name], f"{claim.first.replace('|', ' or ')} called {claim.value}: {share:.0%} of {pictures} pictures named "
        f"wrongly ({low:.0%} to {high:.0%}; by the classes' shares {chance:.0%}; {name}, all trials pooled)",
        judge_interval(low, high, chance), share, low, high)


def _rank_curves(context: ClaimContext, claim) -> Outcome:
    """Whether a network's curves spread most over trials ("least_spread": least), the mean of all epochs that all
    trials reach; or ("fastest") have their best value first, in pairs of trials on one division (t test)."""
    names, second = context.list_names(f"{claim.second}|{claim.first}"), claim.second
    curves = {name: context.read_curves(name, claim.metric) for name in context.find_learned(names)}
    if second not in curves or len(curves) < 2:
        raise Untestable(context.remark(names) or "there is nothing to compare")
    gaps = []
    if claim.kind == "fastest":
        best = {name: own.idxmin() for name, own in curves.items()}
        told = {name: f"{name} {own.mean():.1f}" for name, own in best.items()}
        for one, two in (best[name].align(best[second], join="inner") for name in curves if name != second):
            gaps.append(compare_epochs(one - two))
    else:
        curves = {name: own.dropna() for name, own in curves.items()}
        told = {name: f"{name} {own.std(axis=1).mean():.3f}" for name, own in curves.items()}
        for one, two in (curves[name].align(curves[second], join="inner", axis=0) for name in curves if name != second):
            gap, p = compare_spread(one.to_numpy().T, two.to_numpy().T)
            gaps.append((-gap if claim.kind == "least_spread" else gap, p))
    what = "epoch of the best" if claim.kind == "fastest" else "standard deviation over trials of"
    return context.conclude(names, f"{what} {claim.metric}: {', '.join(told.values())}", judge(gaps))


def _printed_largest(_, claim) -> Outcome:
    counts = thesis_table("class_counts").set_index("label")["training"].astype(int)
    most, own = counts.idxmax(), counts[claim.value]
    return Outcome(f"by the text's own counts {most} has {counts.max()}, {claim.value} {own}", float(own),
                   verdict=HOLDS if most == claim.value else FAILS)


def _printed_gap(_, claim) -> Outcome:
    """Whether two numbers of the tables differ by what the text says, to the digits that it gives."""
    before, after = (scores.thesis_accuracies()[model][backbone] for model, backbone in (
        name.split(" ") for name in (claim.first, claim.second)))
    digits = len(claim.value.partition(".")[2])
    return Outcome(f"by the text's own tables {after:.3f} less {before:.3f} is {after - before:.3f}", after - before,
                   verdict=HOLDS if round(after - before, digits) == float(claim.value) else FAILS)


def _printed_shares(_, claim) -> Outcome:
    """Whether the first of two shares that the text gives in pictures is the smaller."""
    first, second = (int(own) / int(of) for own, of in (side.split("/") for side in (claim.first, claim.second)))
    return Outcome(f"by the text's own counts {claim.first.replace('/', ' of ')} pictures are SMOTE's, or "
                   f"{claim.second.replace('/', ' of ')} in the other order: {first:.1%} and {second:.1%}",
                   first - second, verdict=HOLDS if first < second else FAILS)


def _staged(context: ClaimContext, claim) -> Outcome:
    """Whether VGG16 fine-tuned in two stages is above the same with all layers in both; another network has no such."""
    name, = context.find_learned([context.choose(claim.second)])
    if context.unstaged.empty or not name.endswith(context.unstaged["backbone"].iloc[0]):
        raise Untestable(f"not stored: {name} with all layers in phase I")
    if compare_with_commonest(context.unstaged).low <= 0:
        raise Untestable(f"not surely above the commonest class: {name} with all layers in phase I")
    found = _differ(context.unstaged, context.networks[name], claim.metric)
    return context.conclude([name], f"{name}, frozen first less all layers: {_tell(*found[2:5])}",
                            judge([(found.difference, found.p)]), *found[2:5])


def _background(context: ClaimContext, _) -> Outcome:
    """Whether hiding the figure costs more than hiding as much elsewhere, and the rest is above the commonest class."""
    hidden, elsewhere = BOX_CONDITIONS[1:]
    if not len(context.boxed):
        raise Untestable("no test picture has a box")
    boxed, recipe = context.boxed[~scores.find_untuned(context.boxed)], choose_recipe(context.study)
    if boxed.empty:
        raise Untestable("in all trials the weights kept are those of phase I, where only the head learns")
    if compare_with_commonest(boxed).low <= 0:
        raise Untestable(f"not surely above the commonest class: {recipe.model} {recipe.backbone}")
    figure, rest = _differ(boxed, boxed, part=hidden, second_part=elsewhere), compare_with_commonest(boxed, hidden)
    name, decides = f"{recipe.model} {recipe.backbone}", recipe.backbone not in BORROWED and not context.study.embedded
    verdict = judge([(own.difference, own.p) for own in (figure, rest)]) if decides else UNTESTABLE
    return context.conclude(
        [name], f"hiding the figure costs, beyond hiding as much elsewhere: {_tell(*figure[2:5])}; what is left less "
        f"always the commonest class: {_tell(*rest[2:5])}", verdict, *figure[2:5],
        note=f"measured on {'drawings' if context.study.embedded else 'pictures'} with {name}")


KINDS: dict[str, Callable[[ClaimContext, object], Outcome]] = {
    "above": _above, "best": _best, "worst": _best, "value": _value, "learns": _learns, "learns_not": _learns,
    "most_spread": _rank_curves, "least_spread": _rank_curves, "fastest": _rank_curves, "close": _close,
    "best_class": _class_rank, "worst_class": _class_rank, "confused": _confused, "staged": _staged,
    "background": _background, "printed_largest": _printed_largest, "printed_gap": _printed_gap,
    "printed_shares": _printed_shares, "untestable": lambda _, claim: Outcome(claim.value)}  # the value says why
