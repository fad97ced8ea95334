"""The audit: what the thesis' scripts did against what its text says, as tables of the stored trials.

`audit_plan` says what is trained for it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artpose_lib.data.duplicates import near_duplicate_pairs
from artpose_lib.data.poses import thesis_table
from artpose_lib.report import comparisons, scores, statistics
from artpose_lib.report.audit_plan import (
    LITE,
    Condition,
    open_planted,
    plan_comparisons,
    plan_conditions,
    select_backbones,
)
from artpose_lib.report.comparisons import Difference
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import Study


def tabulate(study: Study) -> dict[str, pd.DataFrame]:
    """Every table of the audit, from the trials that `train_audit` stored. The frames are what `reference` keeps."""
    plan, rows = plan_conditions(study), compare(study)
    further = [_compare_spread(study, *plan["A6"]), _compare_divisions(study, *plan["A7"])]
    before_copies = rows["id"] != "A10"
    rows = pd.concat([rows[before_copies], pd.DataFrame(further), rows[~before_copies]], ignore_index=True)
    points = tabulate_shares(study, plan["shares"])
    pairs = pd.DataFrame()
    if select_backbones(study, LITE):
        pairs = near_duplicate_pairs(study.dataset, study.compute_features(LITE))
    return {"rows": add_verdicts(rows), "one_good_trial": tabulate_permuted(study),
            "spread": tabulate_starts(study, plan["starts"]), "points": points,
            "curve": pd.DataFrame([statistics.learning_curve(points)]),
            "power": pd.DataFrame([comparisons.power(*(own.find(study).predictions for own in plan["power"]))]),
            "cut": tabulate_ends(study, plan["A9"]), "pairs": pairs}


def compare(study: Study, ids: Sequence[str] = ()) -> pd.DataFrame:
    """A row for each comparison, or for those of some ids: the score under both conditions and what they differ by.

    Returns id, model, backbone, condition, text, script, difference (script less text), low, high and p (of the
    difference), trials, pictures and strength, which says how the trials ran: "full" or the profile's name. Scores are
    accuracies but for A6 (a standard deviation over trials) and A7 (the share of test pictures that two runs of one
    seed have in common).
    """
    rows = []
    for comparison in plan_comparisons(study):
        if comparison.id in ids or not ids:
            place = open_planted(study) if comparison.planted else study
            text, script = (side.find(place).predictions for side in (comparison.text, comparison.script))
            found = comparisons.difference(text, script, second_part=comparison.part)
            rows.append(_make_row(study, comparison.id, comparison.script, comparison.condition, found))
    return pd.DataFrame(rows)


def _make_row(study: Study, id: str, script: Condition, condition: str, found: Difference) -> dict:
    full = study.profile.full_strength(find_recipe(script.model, script.backbone))
    return {"id": id, "model": script.model, "backbone": script.backbone, "condition": condition, "text": found.first,
            "script": found.second, "difference": found.difference, "low": found.low, "high": found.high,
            "p": found.p, "trials": found.trials, "pictures": found.pictures,
            "strength": "full" if full else study.profile.name}


def _compare_spread(study: Study, text: Condition, script: Condition) -> dict:
    """A6: the standard deviation of trials over divisions, and with one division for all."""
    own, one = (scores.per_trial(side.find(study).predictions)["accuracy"].to_numpy() for side in (text, script))

    def difference(drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return one[rng.integers(len(one), size=(len(drawn), len(one)))].std(axis=1) - own[drawn].std(axis=1)

    low, high = statistics.interval(statistics.bootstrap(len(own), difference))
    found = Difference("sd", own.std(), one.std(), one.std() - own.std(), low, high, np.nan, np.nan, len(own), 0)
    return _make_row(study, "A6", script, "one split", found)


def _compare_divisions(study: Study, *runs: Condition) -> dict:
    """A7: the share of test pictures that two runs of one seed have in common."""
    frames = [run.find(study).predictions.query("part == 'test'") for run in runs]
    first, second = (set(zip(frame["seed"], frame["file_name"], strict=True)) for frame in frames)
    common, of = len(first & second), len(first)
    low, high = statistics.wilson(common, of)
    found = Difference("shared", 1.0, common / of, common / of - 1, low - 1, high - 1, np.nan, np.nan,
                       frames[0]["seed"].nunique(), of)
    return _make_row(study, "A7", runs[0], "seeded too late", found)


def tabulate_permuted(study: Study) -> pd.DataFrame:
    """A1 trial by trial: seed, condition, accuracy, and what "one good trial and the rest at chance" would give.

    Chance is the sum of the classes' squared shares: who guesses each class as often as it comes is right so often.
    """
    first = plan_comparisons(study)[0]
    frames = [scores.per_trial(side.find(study).predictions).assign(condition=name)
              for name, side in (("as the text says", first.text), (first.condition, first.script))]
    table = pd.concat(frames, ignore_index=True)[["seed", "condition", "accuracy"]]
    chance = float((study.dataset.counts() / len(study.dataset)).pow(2).sum())
    good = table["accuracy"].iloc[0]
    return table.assign(chance=chance, predicted=(good + (len(frames[0]) - 1) * chance) / len(frames[0]))


def tabulate_starts(study: Study, starts: Sequence[Condition]) -> pd.DataFrame:
    """`statistics.spread` over the trials' divisions crossed with their starts."""
    frames = [scores.per_trial(own.find(study).predictions).assign(start=own.variant.start) for own in starts]
    return statistics.spread(pd.concat(frames, ignore_index=True).rename(columns={"seed": "split"}))


def tabulate_shares(study: Study, conditions: Sequence[Condition]) -> pd.DataFrame:
    """A row a trial: share, pictures (training pictures a class, their mean), seed, accuracy."""
    training = 0.8 * len(study.dataset) / len(study.dataset.classes)
    shares = [own.variant.share if own.variant else 1.0 for own in conditions]
    frames = [scores.per_trial(own.find(study).predictions).assign(share=share, pictures=share * training)
              for own, share in zip(conditions, shares, strict=True)]
    return pd.concat(frames, ignore_index=True)[["share", "pictures", "seed", "accuracy"]]


def tabulate_ends(study: Study, conditions: Sequence[Condition]) -> pd.DataFrame:
    """A9: a row a backbone: epochs of the shortest and of the longest trial, and the best mean validation accuracy that
    a curve shows where it stops with either."""
    history = pd.concat([own.find(study).history for own in conditions], ignore_index=True)
    ends = history.groupby(["backbone", "seed"], sort=False)["epoch"].max().groupby("backbone", sort=False)
    table = ends.agg(shortest="min", longest="max").reset_index()
    for stop in ("shortest", "longest"):
        curve = scores.curves(history, stop)
        best = curve[curve["metric"] == "val_accuracy"].groupby("backbone")["mean"].max()
        table[f"best_{stop}"] = table["backbone"].map(best)
    return table


def judge(sign: str, low: float, high: float) -> str:
    """In plain words: whether the interval of script less text, low to high, bears out the sign that was expected."""
    if np.isnan(low) or low <= 0 <= high:
        return "not settled: the interval holds zero"
    if sign == "?":
        return "it matters: the interval lies off zero"
    return "as expected" if (high < 0) == (sign == "-") else "the opposite of what was expected"


def add_verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    """Measurements with the p value corrected for their number (Holm) and the verdict on what was expected."""
    signs = thesis_table("audit").set_index("id")["sign"]
    tested = rows["p"].notna()
    corrected = pd.Series(np.nan, rows.index)
    corrected[tested] = statistics.holm(rows.loc[tested, "p"].to_numpy())
    return rows.assign(p_holm=corrected, verdict=[judge(signs[row.id], row.low, row.high)
                                                  for row in rows.itertuples()])
