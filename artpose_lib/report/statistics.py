"""What follows from numbers: what two models differ by, and why nothing may follow from one."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from artpose_lib.draw.backgrounds import LINKED
from artpose_lib.explain.backgrounds import BOX_CONDITIONS
from artpose_lib.report import scores
from artpose_lib.report.bootstrap import METRICS, RESAMPLES, bootstrap_means, interval, widen
from artpose_lib.train.recipes import RECIPES, Profile
from artpose_lib.train.records import class_names

IDLE = "is not surely above naming the commonest class"
FEWEST_TRIALS = 3  # where two equal models vary by 0.08 over trials, one or two trials tell them apart in 7 to 12 %


class Difference(NamedTuple):
    """One score under two conditions: means over trials, and second less first with its interval and p, two-sided. A
    picture tested in several trials counts in each, so p is too sure."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    trials: int
    pictures: int


UNKNOWN = Difference(*[np.nan] * 6, 0, 0)


def difference(first: pd.DataFrame, second: pd.DataFrame, metric: str = "accuracy", part: str = "test",
               second_part: str | None = None, level: float = 0.95) -> Difference:
    """What one of `METRICS` differs by between two conditions, each a predictions frame of one model and backbone.

    A bootstrap on two levels: of the trials (the seeds that both have) and of each trial's pictures, in pairs where
    both conditions have the same ones. `second_part` names the second's part where it is another; `level` is the
    interval's. Raises NothingToScore where no seed is in both.
    """
    one, two = scores.find_cells(first, part), scores.find_cells(second, second_part or part)
    one, two = one[one["seed"].isin(two["seed"])], two[two["seed"].isin(one["seed"])]
    if one.empty:
        raise scores.NothingToScore("The two conditions have no trial in common: run both with the same seeds.")
    both = one.merge(two, on=["seed", "file_name"])
    paired = len(both) == len(one) == len(two)
    sides = [[own.to_numpy().T for _, own in side.groupby("seed")[columns]] for side, columns in (
        [(both, ["cell_x", "cell_y"])] if paired else [(one, ["cell"]), (two, ["cell"])])]
    found = bootstrap_means(sides, len(class_names(first)))
    trials, redrawn = (values[..., METRICS.index(metric)] for values in found)
    before, after = trials.mean(axis=1)
    gaps = redrawn[1] - redrawn[0], trials[1] - trials[0]
    ends = interval(widen(*gaps, level), after - before, level)
    found = before, after, after - before, *ends, find_p(widen(*gaps))
    return Difference(*map(float, found), one["seed"].nunique(), len(one))


def find_p(gaps: np.ndarray) -> float:
    """The two-sided p of a difference from bootstrapped ones."""
    return min(1.0, 2 * max(min((gaps <= 0).mean(), (gaps >= 0).mean()), 0.5 / RESAMPLES))


def compare_with_commonest(own: pd.DataFrame, part: str = "test", level: float = 0.95) -> Difference:
    """How much more often a network is right than whoever always names the commonest class of the tested pictures."""
    return difference(name_commonest(own, part), own, part=part, level=level)


def name_commonest(own: pd.DataFrame, part: str = "test") -> pd.DataFrame:
    """Predictions with all certainty in the class that is the commonest of the tested pictures, all trials pooled."""
    commonest = own.loc[own["part"] == part, "label"].mode()[0]
    return own.assign(**{f"p_{name}": float(name == commonest) for name in class_names(own)})


def compare(first: pd.DataFrame, second: pd.DataFrame, profile: Profile) -> dict:
    """What the test accuracies of two models with one architecture each differ by, and what follows from it.

    Of both the trials are compared that `keep_trials` keeps. Returns the fields of `Difference` and verdict: "higher",
    "lower" or "not settled" by the interval, or why nothing follows from it: `find_doubt`, or fewer trials in common
    than FEWEST_TRIALS.
    """
    sides = keep_trials(first), keep_trials(second)
    doubt, other = found_doubts = [find_doubt(side, profile) for side in sides]
    doubts = [f"each {doubt}".replace("each is not", "neither is")] if doubt and doubt == other else [
        f"{scores.MODEL_TITLES[side['model'].iloc[0]].lower()} {doubt}"
        for side, doubt in zip((first, second), found_doubts, strict=True) if doubt]
    try:
        found = difference(*sides)
    except ValueError:
        found = UNKNOWN
    if found.trials < FEWEST_TRIALS and not doubts:
        doubts = [f"they have {found.trials or 'no'} trial{'s' * (found.trials > 1)} in common"]
    return {**found._asdict(), "verdict": f"nothing follows: {'; '.join(doubts)}" if doubts else find_side(found)}


def find_side(found: Difference) -> str:
    """On which side of zero the whole interval lies: "higher", "lower", or "not settled"."""
    return "higher" if found.low > 0 else "lower" if found.high < 0 else "not settled"


def keep_trials(own: pd.DataFrame) -> pd.DataFrame:
    """The trials of one model with one architecture that count: none that diverged, and of a fine-tuned one none in
    which the head alone learned (a column `layers` says so), except where no other is left."""
    kept = scores.drop_trials(own, scores.find_diverged(own))
    return own if kept.empty else kept if (untuned := scores.find_untuned(kept)).all() else kept[~untuned]


def find_doubt(own: pd.DataFrame, profile: Profile) -> str:
    """Why nothing may be concluded from one model with one architecture, or "".

    All its trials diverged; in all that did not only the head learned, though it is called fine-tuned; the profile cut
    its training short; fewer trials count than FEWEST_TRIALS; or it is IDLE, where the interval of its accuracy less
    that of always naming the commonest class reaches to zero.
    """
    own = keep_trials(own)
    if len(scores.find_diverged(own)):
        return "diverged"
    model, trials = own["model"].iloc[0].removesuffix("_frozen"), own["seed"].nunique()  # of `scores.FROZEN_IN_FACT`
    recipe = RECIPES.get((model, own["backbone"].iloc[0]))  # simple models have none
    untuned = own["model"].isin(scores.FROZEN_IN_FACT.values()) | scores.find_untuned(own)
    return ("learned in its last layer alone" if untuned.all() else
            "was trained short" if recipe and not profile.full_strength(recipe) else
            f"has fewer than {FEWEST_TRIALS} trials that count" if trials < FEWEST_TRIALS else
            IDLE if compare_with_commonest(own).low <= 0 else "")


def compare_boxes(found: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """What it costs to hide the figure's box beyond hiding another's, from `backgrounds.tabulate_conditions`.

    Returns a row for each model and architecture: model, backbone, whole (the accuracy where nothing is hidden), the
    fields of `Difference` over the trials that `keep_trials` keeps, doubt (`find_doubt`) and verdict, in words.
    """
    rows = []
    for (model, backbone), own in found.groupby(["model", "backbone"]) if len(found) else ():
        doubt, kept = find_doubt(own, profile), keep_trials(own)
        lost = len(scores.find_diverged(kept))
        gap = UNKNOWN if lost else difference(
            kept, kept, part=BOX_CONDITIONS[1], second_part=BOX_CONDITIONS[2])
        verdict = (f"nothing follows, since it {doubt}" if doubt else "the figure counts for more" if gap.low > 0 else
                   "the figure counts for less" if gap.high < 0 else "that the figure counts for more is not settled")
        whole = np.nan if lost else float(scores.per_trial(kept)["accuracy"].mean())
        rows.append((model, backbone, whole, *gap, doubt, verdict))
    return pd.DataFrame(rows, columns=["model", "backbone", "whole", *Difference._fields, "doubt", "verdict"])


def accuracies_by_condition(found: pd.DataFrame) -> pd.DataFrame:
    """The accuracy in each condition and strength, from `backgrounds.tabulate_conditions`, which has rows.

    Returns condition, strength, trials, pictures, accuracy, low and high as in `scores.summary`; called_by_background,
    how often the class is named that goes with the background shown, NaN where none is.
    """
    poses, rows = {kind: pose for pose, kind in LINKED.items()}, []
    found = scores.drop_trials(found, scores.find_diverged(found))
    for (condition, strength), own in found.groupby(["condition", "strength"], sort=False, dropna=False):
        score, shown = scores.summary(own, own["part"].iloc[0]).iloc[0], own[own["background"] != ""]
        rows.append({"condition": condition, "strength": strength, **score[["trials", "pictures", "accuracy"]],
                     "low": score["accuracy_low"], "high": score["accuracy_high"],
                     "called_by_background": (shown["background"].map(poses) == shown["predicted"]).mean()})
    return pd.DataFrame(rows)
