"""The audit: what the thesis' scripts did against what its text says, as tables of the stored trials.

`audit_plan` says what is trained for it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from artpose_lib.data.duplicates import near_duplicate_pairs
from artpose_lib.data.poses import thesis_table
from artpose_lib.report import comparisons, scores, statistics
from artpose_lib.report.audit_plan import LITE, Condition, plan_comparisons, plan_tables, select_backbones
from artpose_lib.report.comparisons import Difference
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import Study


def tabulate(study: Study) -> dict[str, pd.DataFrame]:
    """Every table of the audit, from the trials that `train_audit` stored. Raises ValueError where they are not."""
    plan, pairs = plan_tables(study), pd.DataFrame()
    models = [own.find(study).predictions for own in plan["models"].values()]
    points = _score_trials(study, plan["shares"], "share")
    training = 0.8 * len(study.dataset) / len(study.dataset.classes)  # pictures a class, their mean
    points = points.assign(pictures=points["share"] * training)[["share", "pictures", "seed", "accuracy"]]
    starts = _score_trials(study, plan["starts"], "start").rename(columns={"seed": "split"})
    if select_backbones(study, LITE):
        pairs = near_duplicate_pairs(study.dataset, study.compute_features(LITE))
    return {"rows": add_verdicts(compare(study)), "one_good_trial": tabulate_permuted(study),
            "spread": statistics.spread(starts), "points": points,
            "curve": pd.DataFrame([statistics.learning_curve(points)]),
            "power": pd.DataFrame([comparisons.power(*models)]),
            "cut": tabulate_ends(study, plan["ends"]), "pairs": pairs}


def compare(study: Study, ids: Sequence[str] = ()) -> pd.DataFrame:
    """What both conditions of each comparison score, or of those of some ids, and what they differ by.

    Returns id, model, backbone, condition, text and script (accuracies, but for A6 and A7), difference (script less
    text) with low, high and p, trials, pictures, and strength: "full" or the profile's name.
    """
    rows = []
    for comparison in plan_comparisons(study, ids):
        place, script = comparison.choose_study(study), comparison.script
        answers = [side.find(place).predictions for side in (comparison.text, script)]
        measure = {"A6": _compare_spread, "A7": _compare_divisions}.get(comparison.id, comparisons.difference)
        found = measure(*answers, second_part=comparison.part)
        full = study.profile.full_strength(find_recipe(script.model, script.backbone))
        rows.append(comparison._asdict() | script._asdict() | found._asdict()
                    | {"strength": "full" if full else study.profile.name})
    return pd.DataFrame(rows).drop(columns=["text", "script"]).rename(columns={"first": "text", "second": "script"})[
        ["id", "model", "backbone", "condition", "text", "script", "difference", "low", "high", "p", "trials",
         "pictures", "strength"]]


def _compare_spread(text: pd.DataFrame, script: pd.DataFrame, second_part: str) -> Difference:
    """A6: the standard deviation over trials of their accuracies."""
    own, one = (scores.per_trial(side, second_part)["accuracy"].to_numpy() for side in (text, script))

    def difference(drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return one[rng.integers(len(one), size=(len(drawn), len(one)))].std(axis=1) - own[drawn].std(axis=1)

    low, high = statistics.interval(statistics.bootstrap(len(own), difference))
    return Difference(own.std(), one.std(), one.std() - own.std(), low, high, np.nan, np.nan, len(own), 0)


def _compare_divisions(text: pd.DataFrame, script: pd.DataFrame, second_part: str) -> Difference:
    """A7: the share of test pictures that two runs of one seed have in common."""
    first, second = (side[side["part"] == second_part] for side in (text, script))
    common, of = len(first.merge(second, on=["seed", "file_name"])), len(first)
    low, high = statistics.wilson(common, of)
    return Difference(1.0, common / of, common / of - 1, low - 1, high - 1, np.nan, np.nan,
                      first["seed"].nunique(), of)


def _score_trials(study: Study, conditions: Mapping[object, Condition], name: str) -> pd.DataFrame:
    """`scores.per_trial` of all conditions, with their keys in a column of that name."""
    return pd.concat([scores.per_trial(own.find(study).predictions).assign(**{name: key})
                      for key, own in conditions.items()], ignore_index=True)


def tabulate_permuted(study: Study) -> pd.DataFrame:
    """A1 trial by trial: seed, condition, accuracy, chance (of a guess by the classes' shares), and the mean that is
    predicted of one good trial and the rest at chance."""
    first = plan_comparisons(study, ["A1"])[0]
    sides = {"as the text says": first.text, first.condition: first.script}
    table = _score_trials(study, sides, "condition")[["seed", "condition", "accuracy"]]
    chance = float((study.dataset.counts() / len(study.dataset)).pow(2).sum())
    good, trials = table["accuracy"].iloc[0], table["condition"].eq("as the text says").sum()
    return table.assign(chance=chance, predicted=(good + (trials - 1) * chance) / trials)


def tabulate_ends(study: Study, conditions: Mapping[object, Condition]) -> pd.DataFrame:
    """A9: a row a backbone: epochs of the shortest and of the longest trial, and the best mean validation accuracy that
    a curve shows where it stops with either."""
    history = pd.concat([own.find(study).history for own in conditions.values()], ignore_index=True)
    ends = history.groupby(["backbone", "seed"], sort=False)["epoch"].max().groupby("backbone", sort=False)
    table = ends.agg(shortest="min", longest="max").reset_index()
    for stop in ("shortest", "longest"):
        curve = scores.curves(history, stop)
        best = curve[curve["metric"] == "val_accuracy"].groupby("backbone")["mean"].max()
        table[f"best_{stop}"] = table["backbone"].map(best)
    return table


def judge(sign: str, low: float, high: float) -> str:
    """Whether the interval of script less text bears out the sign that was expected, in words."""
    if np.isnan(low) or low <= 0 <= high:
        return "not settled: the interval holds zero"
    if sign == "?":
        return "it matters: the interval lies off zero"
    return "as expected" if (high < 0) == (sign == "-") else "the opposite of what was expected"


def add_verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    """Measurements with p_holm, p corrected for their number, and the verdict on what was expected."""
    signs = thesis_table("audit").set_index("id")["sign"]
    tested = rows["p"].dropna()
    return rows.assign(p_holm=pd.Series(statistics.holm(tested), tested.index),
                       verdict=[judge(signs[row.id], row.low, row.high) for row in rows.itertuples()])
