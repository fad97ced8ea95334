"""The thesis' checkable sentences against this run's records: a kind of check each, a number, an interval, a verdict.

`thesis/claims.csv` holds the sentences. Its columns first and second name models as "finetuned Xception"; "*" stands
for the backbone of that model that does best here, or for all others where a claim calls one the best.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.explain.backgrounds import tabulate_conditions, train_backgrounds
from artpose_lib.report import comparisons, scores, statistics
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.records import likeliest_class
from artpose_lib.train.study import Study

HOLDS, WEAKLY, FAILS, UNTESTABLE = "holds", "holds weakly", "does not hold", "cannot be tested here"
MODELS = ("baseline", "frozen", "finetuned", "finetuned_aug")
SEVERAL = ("Graces", "Pieta")  # the poses of more than one figure (Section 2.1)


class Outcome(NamedTuple):
    """What came of a check: a number in words, its value and interval (NaN where there is none), and the verdict."""

    measured: str
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    verdict: str = UNTESTABLE


class Records(NamedTuple):
    """All trials of a study and what is computed from them once: test scores by (model, backbone), and the study."""

    study: Study
    predictions: pd.DataFrame
    summary: pd.DataFrame
    audited: pd.DataFrame

    def of(self, name: str) -> pd.DataFrame:
        """The predictions of "finetuned Xception", or of "finetuned *", its best backbone; empty where not trained."""
        model, _, backbone = name.partition(" ")
        if backbone == "*":
            own = self.summary[self.summary["model"] == model].sort_values("accuracy")
            backbone = own["backbone"].iloc[-1] if len(own) else ""
        rows = self.predictions
        return rows[(rows["model"] == model) & (rows["backbone"] == backbone)]


def check(study: Study, audited: pd.DataFrame) -> pd.DataFrame:
    """Every claim with its outcome: id, section, quote and page, and the columns of `Outcome`.

    Parameters: `audited` are the audit's rows (`audit.measure`). Trains what is not stored yet.
    """
    predictions = study.train(*MODELS).predictions
    records = Records(study, predictions, scores.summary(predictions), audited)
    claims = thesis_table("claims")
    outcomes = pd.DataFrame([KINDS[claim.kind](records, claim) for claim in claims.itertuples()])
    return pd.concat([claims[["id", "section", "quote", "page"]], outcomes], axis=1)


def by_sign(measured: str, value: float, low: float, high: float) -> Outcome:
    """A claim that something is above zero, judged by the interval: above it, around it on the right side, or not."""
    verdict = HOLDS if low > 0 else WEAKLY if value > 0 else FAILS
    return Outcome(f"{measured}: {value:+.3f} ({low:+.3f} to {high:+.3f})", value, low, high, verdict)


def _named(predictions: pd.DataFrame) -> str:
    return f"{predictions['model'].iloc[0]} {predictions['backbone'].iloc[0]}"


def _above(records: Records, claim) -> Outcome:
    first, second = records.of(claim.first), records.of(claim.second)
    return _compared(records, first, second, claim.metric)


def _compared(records: Records, first: pd.DataFrame, second: pd.DataFrame, metric: str) -> Outcome:
    """Whether the second is above the first. What a profile trained short may be behind for that alone: beside a model
    at full strength it only tells something where it is ahead all the same."""
    if first.empty or second.empty:
        return Outcome("a network of these has no ImageNet weights here")
    found = comparisons.difference(first, second, metric)
    outcome = by_sign(f"{_named(second)} less {_named(first)}", found.difference, found.low, found.high)
    full = [records.study.profile.full_strength(find_recipe(*own[["model", "backbone"]].iloc[0]))
            for own in (first, second)]
    ahead = [found.high < 0, found.low > 0]
    if full[0] == full[1] or ahead[full.index(False)]:
        return outcome
    short = (first, second)[full.index(False)]
    return outcome._replace(measured=f"{outcome.measured}, but {_named(short)} was trained short", verdict=UNTESTABLE)


def _best(records: Records, claim) -> Outcome:
    """Against the best of the others: of the named model, or of all."""
    model, backbone = claim.second.split(" ")
    others = records.summary
    if claim.first != "*":
        others = others[others["model"] == claim.first.split(" ")[0]]
    others = others[(others["model"] != model) | (others["backbone"] != backbone)].sort_values("accuracy")
    if others.empty:
        return Outcome("there is no other network to compare with here")
    rival = others.iloc[-1]
    first = records.of(f"{rival['model']} {rival['backbone']}")
    return _compared(records, first, records.of(claim.second), claim.metric)


def _value(records: Records, claim) -> Outcome:
    """A number of the thesis' own pictures: ours stands beside it, and only these pictures could test it."""
    own = records.of(claim.second)
    if own.empty:
        return Outcome("this network has no ImageNet weights here")
    row = scores.summary(own).iloc[0]
    value, low, high = (float(row[f"{claim.metric}{end}"]) for end in ("", "_low", "_high"))
    return Outcome(f"{_named(own)} on other pictures: {value:.3f} ({low:.3f} to {high:.3f})", value, low, high)


def _learns(records: Records, claim) -> Outcome:
    """Above the share of the commonest class in the test part."""
    own = records.of(claim.second)
    if own.empty:
        return Outcome("this network has no ImageNet weights here")
    tested = own[own["part"] == "test"].groupby("seed")["label"]
    common = tested.agg(lambda label: label.value_counts(normalize=True).max())
    row = scores.summary(own).iloc[0]
    value, low, high = (float(row[f"accuracy{end}"] - common.mean()) for end in ("", "_low", "_high"))
    return by_sign(f"{_named(own)} less always the commonest class", value, low, high)


def _learns_not(records: Records, claim) -> Outcome:
    """Holds where the network is not above the commonest class; does not hold where its interval lies above that."""
    found = _learns(records, claim)
    if np.isnan(found.value):
        return found
    return found._replace(verdict=FAILS if found.low > 0 else HOLDS if found.value <= 0 else WEAKLY)


def _most_spread(records: Records, claim) -> Outcome:
    own = records.predictions[records.predictions["model"] == claim.first.split(" ")[0]]
    if own.empty:
        return Outcome("no such network here")
    trials = scores.per_trial(own)
    spread = trials.groupby("backbone")["accuracy"].std().sort_values()
    named = claim.second.split(" ")[1]
    if named not in spread or spread.isna().any():
        return Outcome("it takes several trials of each network")
    # With a handful of trials no order of standard deviations is sure.
    verdict = WEAKLY if spread.index[-1] == named else FAILS
    return Outcome(f"largest over trials: {spread.index[-1]}, {spread.iloc[-1]:.3f}; {named} {spread[named]:.3f}",
                   float(spread[named]), verdict=verdict)


def _close(records: Records, claim) -> Outcome:
    """Equivalence: the interval of test less validation lies within the margin either way."""
    own, margin = records.of(claim.second), float(claim.value)
    if own.empty:
        return Outcome("no network with ImageNet weights here")
    found = comparisons.difference(own, own, claim.metric, "validation", "test")
    inside = -margin < found.low and found.high < margin
    verdict = HOLDS if inside else WEAKLY if abs(found.difference) < margin else FAILS
    return Outcome(f"{_named(own)}, test less validation: {found.difference:+.3f} ({found.low:+.3f} to "
                   f"{found.high:+.3f}); close means within {margin:g}",
                   found.difference, found.low, found.high, verdict)


def _class_rank(records: Records, claim, best: bool) -> Outcome:
    own = records.of(claim.second)
    if own.empty or claim.value not in records.study.dataset.classes:
        return Outcome(f"these pictures have no class {claim.value}")
    report = scores.class_report(own).query("kind == 'class'").set_index("name")["f1"].sort_values(ascending=not best)
    first, own_f1 = report.index[0], float(report[claim.value])
    seeds = own["seed"].unique()
    ranks = [scores.class_report(own[own["seed"] == seed]).query("kind == 'class'").set_index("name")["f1"]
             for seed in seeds]
    always = all((f1.idxmax() if best else f1.idxmin()) == claim.value for f1 in ranks) and len(seeds) > 2
    verdict = HOLDS if always else WEAKLY if first == claim.value else FAILS
    return Outcome(f"F1 of {claim.value} {own_f1:.2f}; {'best' if best else 'worst'}: {first}, {report.iloc[0]:.2f}",
                   own_f1, verdict=verdict)


def _errors(records: Records, claim, wrong: Callable[[str], bool]) -> pd.DataFrame | None:
    """The wrongly called test pictures, with `called`, whose true class is one that `wrong` accepts."""
    own = records.of(claim.second)
    if own.empty or set(records.study.dataset.classes) != set(POSE_NAMES):
        return None
    rows = own[own["part"] == "test"]
    called = likeliest_class(rows)
    return rows.assign(called=called)[(called != rows["label"]) & rows["label"].map(wrong)]


def _share(errors: pd.DataFrame | None, of: Callable[[str], bool], chance: float, words: str) -> Outcome:
    if errors is None or errors.empty:
        return Outcome("these pictures are not of the six poses")
    hits = int(errors["called"].map(of).sum())
    low, high = statistics.wilson(hits, len(errors))
    value = hits / len(errors)
    verdict = HOLDS if low > chance else WEAKLY if value > chance else FAILS
    return Outcome(f"{words}: {value:.0%} of {len(errors)} errors ({low:.0%} to {high:.0%}; by chance {chance:.0%})",
                   value, low, high, verdict)


def _to_many(records: Records, claim) -> Outcome:
    errors = _errors(records, claim, lambda label: label not in SEVERAL)
    return _share(errors, lambda label: label in SEVERAL, len(SEVERAL) / (len(POSE_NAMES) - 1),
                  "single figures called a pose of several")


def _confused(records: Records, claim) -> Outcome:
    errors = _errors(records, claim, lambda label: label == claim.first)
    return _share(errors, lambda label: label == claim.value, 1 / (len(POSE_NAMES) - 1),
                  f"{claim.first} called {claim.value}")


def _printed_largest(records: Records, claim) -> Outcome:
    """By the thesis' own counts."""
    counts = thesis_table("class_counts").set_index("label")["training"].astype(int)
    most = counts.idxmax()
    return Outcome(f"by the text's own counts {most} has {counts.max()}, {claim.value} {counts[claim.value]}",
                   float(counts[claim.value]), verdict=HOLDS if counts.idxmax() == claim.value else FAILS)


def _printed_gap(records: Records, claim) -> Outcome:
    """By the thesis' own tables."""
    tables = pd.concat([thesis_table("table_3_1"), thesis_table("table_3_2")]).set_index(["metric", "model"])
    before, after = (float(tables.loc[("test_accuracy", model), backbone])
                     for model, backbone in (name.split(" ") for name in (claim.first, claim.second)))
    verdict = HOLDS if round(after - before, 3) == float(claim.value) else FAILS
    return Outcome(f"by the text's own tables {after:.3f} less {before:.3f} is {after - before:.3f}", after - before,
                   verdict=verdict)


def _audit(records: Records, claim) -> Outcome:
    rows = records.audited[records.audited["id"] == claim.second]
    if rows.empty:
        return Outcome("the audit has no such network here")
    row = rows.iloc[0]
    return by_sign(f"{row['backbone']}, frozen first less all layers", -row["difference"], -row["high"], -row["low"])


def _background(records: Records, claim) -> Outcome:
    """On drawings whose background goes with the class: how much is lost when the background is another class's."""
    table = comparisons.accuracies_by_condition(tabulate_conditions(train_backgrounds(records.study)))
    own = table[table["strength"] == table["strength"].max()].set_index("condition")
    whole, swapped = own.loc["whole"], own.loc["background swapped"]
    below = swapped["accuracy"] < whole["accuracy"]
    verdict = HOLDS if swapped["high"] < whole["low"] else WEAKLY if below else FAILS
    return Outcome(f"drawings whose background goes with the pose: {whole['accuracy']:.3f} whole, "
                   f"{swapped['accuracy']:.3f} ({swapped['low']:.3f} to {swapped['high']:.3f}) with it swapped",
                   swapped["accuracy"], swapped["low"], swapped["high"], verdict)


KINDS: dict[str, Callable[[Records, object], Outcome]] = {
    "above": _above, "best": _best, "value": _value, "learns": _learns, "learns_not": _learns_not,
    "most_spread": _most_spread, "close": _close, "audit": _audit, "to_many": _to_many, "confused": _confused,
    "best_class": lambda records, claim: _class_rank(records, claim, best=True),
    "worst_class": lambda records, claim: _class_rank(records, claim, best=False),
    "printed_largest": _printed_largest, "printed_gap": _printed_gap, "background": _background,
    "untestable": lambda records, claim: Outcome("that map is not published; the chapter asks every filter of ours")}
