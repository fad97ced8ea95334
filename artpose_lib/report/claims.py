"""The thesis' checkable sentences against this run's trials: a kind of check each, a number, an interval, a verdict.

`thesis/claims.csv` holds the sentences. Its columns first and second name models as "finetuned Xception"; "finetuned *"
is its best backbone here, "*" the best network of all.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.explain.backgrounds import tabulate_conditions, train_backgrounds
from artpose_lib.report import audit, scores, statistics
from artpose_lib.train.recipes import MODELS, find_recipe
from artpose_lib.train.records import likeliest_class
from artpose_lib.train.study import Study

HOLDS, WEAKLY, FAILS, UNTESTABLE = "holds", "holds weakly", "does not hold", "cannot be tested here"
# Poses by how many figures they have (Section 2.1).
GROUPS = {"single figures": ("Antinous", "Reclining", "Sebastian", "Tanagra"), "a pose of several": ("Graces", "Pieta")}


class Outcome(NamedTuple):
    """What came of a check: a number in words, its value and interval (NaN where there is none), and the verdict."""

    measured: str
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    verdict: str = UNTESTABLE


class Untestable(Exception):
    """A claim cannot be tested on these pictures or with these networks; the message says why."""


class ClaimContext(NamedTuple):
    """What claims are checked on: a study, the predictions of all its models and their `scores.summary`, the audit's
    rows of A8, and `statistics.accuracies_by_condition` on drawn backgrounds."""

    study: Study
    predictions: pd.DataFrame
    summary: pd.DataFrame
    audited: pd.DataFrame
    conditions: pd.DataFrame

    def find(self, pattern: str, but: str = "") -> tuple[str, pd.Series, pd.DataFrame]:
        """The best network that fits the pattern and is not called `but`: name, scores, predictions. Or Untestable."""
        table = self.summary.assign(name=self.summary["model"] + " " + self.summary["backbone"])
        fitting = [fnmatchcase(name, pattern) and name != but for name in table["name"]]
        best = table[fitting].sort_values("accuracy").tail(1)
        if best.empty:
            raise Untestable("no such network has ImageNet weights here, or its training diverged")
        return best["name"].item(), best.iloc[0], self.predictions.merge(best[["model", "backbone"]])


def train_claims(study: Study) -> ClaimContext:
    """Train what the claims speak of and is not stored yet."""
    trained = study.train(*MODELS).predictions
    predictions = scores.drop_trials(trained, scores.find_diverged(trained))
    audit.train_audit(study, ["A8"])
    tested = tabulate_conditions(train_backgrounds(study))
    return ClaimContext(study, predictions, scores.summary(predictions), audit.compare(study, ["A8"]),
                        statistics.accuracies_by_condition(tested))


def check_claims(context: ClaimContext) -> pd.DataFrame:
    """Every claim with its outcome: id, section, quote and page, and the columns of `Outcome`."""
    claims = thesis_table("claims")
    outcomes = pd.DataFrame([check_claim(context, claim) for claim in claims.itertuples()])
    return pd.concat([claims[["id", "section", "quote", "page"]], outcomes], axis=1)


def check_claim(context: ClaimContext, claim) -> Outcome:
    """The outcome of one row of `thesis/claims.csv`."""
    try:
        return KINDS[claim.kind](context, claim)
    except Untestable as reason:
        return Outcome(str(reason))


def judge(value: float, low: float, high: float, bound: float = 0.0) -> str:
    """The verdict on a claim that a value lies above a bound."""
    return HOLDS if low > bound else WEAKLY if value > bound else FAILS


def _outcome(what: str, value: float, low: float, high: float, verdict: str = "", note: str = "",
             form: str = "+.3f") -> Outcome:
    """The outcome for a value with its interval; without a `verdict` it is `judge`'s."""
    return Outcome(f"{what}: {value:{form}} ({low:{form}} to {high:{form}}){note}", value, low, high,
                   verdict or judge(value, low, high))


def _above(context: ClaimContext, claim) -> Outcome:
    """Whether the second is above the first, or above the best other that fits the first's pattern. What was trained
    short may be behind for that alone: beside a model at full strength it only counts where it is ahead."""
    first, _, one = context.find(claim.first, but=claim.second)
    second, _, two = context.find(claim.second)
    found = statistics.difference(one, two, claim.metric)
    full = [context.study.profile.full_strength(find_recipe(*name.split(" "))) for name in (first, second)]
    ahead, told = [found.high < 0, found.low > 0], {}
    if full[0] != full[1] and not ahead[full.index(False)]:
        short = (first, second)[full.index(False)]
        told = {"note": f", but {short} was trained short", "verdict": UNTESTABLE}
    return _outcome(f"{second} less {first}", found.difference, found.low, found.high, **told)


def _value(context: ClaimContext, claim) -> Outcome:
    """A number of the thesis' own pictures: ours stands beside it, and only these pictures could test it."""
    name, score, _ = context.find(claim.second)
    value, low, high = (score[claim.metric + end] for end in ("", "_low", "_high"))
    return _outcome(f"{name} on other pictures", value, low, high, UNTESTABLE, form=".3f")


def _learns(context: ClaimContext, claim) -> Outcome:
    """Whether the network is above the share of the commonest class in the test part; "learns_not": it is not."""
    name, score, own = context.find(claim.second)
    tested = own[own["part"] == "test"].groupby("seed")["label"]
    common = tested.agg(lambda label: label.value_counts(normalize=True).max()).mean()
    value, low, high = (score[f"accuracy{end}"] - common for end in ("", "_low", "_high"))
    verdict = "" if claim.kind == "learns" else FAILS if low > 0 else HOLDS if value <= 0 else WEAKLY
    return _outcome(f"{name} less always the commonest class", value, low, high, verdict)


def _most_spread(context: ClaimContext, claim) -> Outcome:
    """Holds weakly at best: with a handful of trials no order of standard deviations is sure."""
    model, backbone = claim.second.split(" ")
    trials = scores.per_trial(context.predictions[context.predictions["model"] == model])
    spread = trials.groupby("backbone")["accuracy"].std().sort_values()
    if backbone not in spread or spread.isna().any():
        raise Untestable("it takes several trials of each network")
    return Outcome(f"largest over trials: {spread.index[-1]}, {spread.iloc[-1]:.3f}; {backbone} {spread[backbone]:.3f}",
                   float(spread[backbone]), verdict=WEAKLY if spread.index[-1] == backbone else FAILS)


def _close(context: ClaimContext, claim) -> Outcome:
    """Equivalence: the interval of test less validation lies within the margin either way."""
    (name, _, own), margin = context.find(claim.second), float(claim.value)
    found = statistics.difference(own, own, claim.metric, "validation", "test")
    inside = -margin < found.low and found.high < margin
    verdict = HOLDS if inside else WEAKLY if abs(found.difference) < margin else FAILS
    return _outcome(f"{name}, test less validation", found.difference, found.low, found.high, verdict,
                    f"; close means within {margin:g}")


def _class_rank(context: ClaimContext, claim) -> Outcome:
    """Whether a class has the best F1, or the worst; beyond doubt where it has in each of three or more trials."""
    (_, _, own), best = context.find(claim.second), claim.kind == "best_class"
    if claim.value not in context.study.dataset.classes:
        raise Untestable(f"these pictures have no class {claim.value}")

    def rank(predictions: pd.DataFrame) -> pd.Series:
        report = scores.class_report(predictions).query("kind == 'class'").set_index("name")["f1"]
        return report.dropna().sort_values(ascending=not best)

    f1, by_trial = rank(own), [rank(trial) for _, trial in own.groupby("seed")]
    if claim.value not in f1:
        raise Untestable(f"no picture of {claim.value} was tested")
    firsts = [order.index[0] for order in by_trial if claim.value in order]
    always = len(firsts) > 2 and set(firsts) == {claim.value}
    return Outcome(f"F1 of {claim.value} {f1[claim.value]:.2f}; {'best' if best else 'worst'}: {f1.index[0]}, "
                   f"{f1.iloc[0]:.2f}", float(f1[claim.value]),
                   verdict=HOLDS if always else WEAKLY if f1.index[0] == claim.value else FAILS)


def _confused(context: ClaimContext, claim) -> Outcome:
    """Of the wrongly called test pictures of one pose or group, the share called the other, against chance."""
    true, other = (GROUPS.get(name, (name,)) for name in (claim.first, claim.value))
    rows = context.find(claim.second)[2].query("part == 'test'")
    called = likeliest_class(rows)[lambda called: (called != rows["label"]) & rows["label"].isin(true)]
    if set(context.study.dataset.classes) != set(POSE_NAMES) or called.empty:
        raise Untestable("these pictures are not of the six poses")
    hits, chance = int(called.isin(other).sum()), len(other) / (len(POSE_NAMES) - 1)
    value, (low, high) = hits / len(called), binomtest(hits, len(called)).proportion_ci(method="wilson")
    return Outcome(f"{claim.first} called {claim.value}: {value:.0%} of {len(called)} errors ({low:.0%} to {high:.0%}; "
                   f"by chance {chance:.0%})", value, low, high, judge(value, low, high, chance))


def _printed_largest(_, claim) -> Outcome:
    counts = thesis_table("class_counts").set_index("label")["training"].astype(int)
    most, own = counts.idxmax(), counts[claim.value]
    return Outcome(f"by the text's own counts {most} has {counts.max()}, {claim.value} {own}", float(own),
                   verdict=HOLDS if most == claim.value else FAILS)


def _printed_gap(_, claim) -> Outcome:
    before, after = (scores.thesis_accuracies()[model][backbone] for model, backbone in (
        name.split(" ") for name in (claim.first, claim.second)))
    return Outcome(f"by the text's own tables {after:.3f} less {before:.3f} is {after - before:.3f}", after - before,
                   verdict=HOLDS if round(after - before, 3) == float(claim.value) else FAILS)


def _audit(context: ClaimContext, claim) -> Outcome:
    row = context.audited.set_index("id").loc[claim.second]
    return _outcome(f"{row['backbone']}, frozen first less all layers", -row["difference"], -row["high"], -row["low"])


def _background(context: ClaimContext, _) -> Outcome:
    """On drawings whose background goes with the class: how much is lost when the background is another class's."""
    table = context.conditions
    own = table[table["strength"] == table["strength"].max()].set_index("condition")
    whole, (swapped, low, high) = own.loc["whole"], own.loc["background swapped", ["accuracy", "low", "high"]]
    return Outcome(f"drawings whose background goes with the pose: {whole['accuracy']:.3f} whole, {swapped:.3f} "
                   f"({low:.3f} to {high:.3f}) with it swapped", swapped, low, high,
                   HOLDS if high < whole["low"] else WEAKLY if swapped < whole["accuracy"] else FAILS)


KINDS: dict[str, Callable[[ClaimContext, object], Outcome]] = {
    "above": _above, "value": _value, "learns": _learns, "learns_not": _learns, "most_spread": _most_spread,
    "close": _close, "best_class": _class_rank, "worst_class": _class_rank, "confused": _confused, "audit": _audit,
    "background": _background, "printed_largest": _printed_largest, "printed_gap": _printed_gap,
    "untestable": lambda _, claim: Outcome(claim.value)}  # the value says why
