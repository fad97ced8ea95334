"""What conditions differ by, from the predictions of their trials: two models or settings, or changed pictures."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from artpose_lib.draw.backgrounds import LINKED
from artpose_lib.report import statistics
from artpose_lib.report.scores import METRICS, find_cells, scores, summary
from artpose_lib.train.records import class_names


class Difference(NamedTuple):
    """One score under two conditions: means over trials, and second less first with its interval and p, two-sided.

    A picture tested in several trials counts in each, so p is too sure.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    trials: int
    pictures: int


def difference(first: pd.DataFrame, second: pd.DataFrame, metric: str = "accuracy", part: str = "test",
               second_part: str | None = None) -> Difference:
    """What one of `METRICS` differs by between two conditions, each a predictions frame of one model and backbone.

    A bootstrap on two levels: of the trials (the seeds that both have) and of each trial's pictures, in pairs where
    both conditions have the same ones. `second_part` names the second's part where it is another. Raises ValueError
    where no seed is in both.
    """
    one, two = find_cells(first, part), find_cells(second, second_part or part)
    one, two = one[one["seed"].isin(two["seed"])], two[two["seed"].isin(one["seed"])]
    if one.empty:
        raise ValueError("The two conditions have no trial in common: run both with the same seeds.")
    both = one.merge(two, on=["seed", "file_name"])
    paired = len(both) == len(one) == len(two)
    sides = [[own.to_numpy().T for _, own in side.groupby("seed")[columns]] for side, columns in (
        [(both, ["cell_x", "cell_y"])] if paired else [(one, ["cell"]), (two, ["cell"])])]
    k = len(class_names(first))

    def mean_scores(confusions: np.ndarray) -> np.ndarray:
        return scores(confusions)[..., METRICS.index(metric)].mean(axis=-1)

    means = np.concatenate([mean_scores(np.stack([_count(trial, k) for trial in side], axis=1)) for side in sides])
    redrawn = statistics.bootstrap(one["seed"].nunique(), lambda drawn, rng: np.concatenate([
        mean_scores(_redraw(side, drawn, k, rng)) for side in sides]))
    gaps = redrawn[1] - redrawn[0]
    p = min(1.0, 2 * max(min((gaps <= 0).mean(), (gaps >= 0).mean()), 0.5 / statistics.RESAMPLES))
    return Difference(*map(float, (*means, means[1] - means[0], *statistics.interval(gaps), p)),
                      one["seed"].nunique(), len(one))


def _redraw(trials: list[np.ndarray], drawn: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Confusion matrices of trials `drawn` int (resamples, trials), with their pictures drawn anew: int32 (conditions,
    resamples, trials, k, k). Each of `trials` has the cells of its pictures, int (conditions, pictures)."""
    out = np.zeros((len(trials[0]), *drawn.shape, k, k), np.int32)
    for number, conditions in enumerate(trials):
        where = drawn == number
        picked = rng.integers(conditions.shape[1], size=(where.sum(), conditions.shape[1]))
        for condition, own in enumerate(conditions):
            out[condition, where] = _count(own[picked], k)
    return out


def _count(cells: np.ndarray, k: int) -> np.ndarray:
    """The confusion matrix of each row of cells: int (rows, k, k)."""
    rows = np.arange(len(cells))[:, None] * k * k
    return np.bincount((rows + cells).ravel(), minlength=len(cells) * k * k).reshape(-1, k, k)


def power(first: pd.DataFrame, second: pd.DataFrame, gap: float = 0.05, part: str = "test") -> dict[str, float]:
    """How many test pictures a difference of `gap` takes, where two models disagree as often as these do.

    Returns disagree (the share that only one of them gets right), accuracy (the first's), paired and apart (numbers of
    pictures). Raises ValueError where they share no pictures.
    """
    both = find_cells(first, part).merge(find_cells(second, part), on=["seed", "file_name"])
    if both.empty:
        raise ValueError("The two conditions share no picture: compare them on the same division.")
    disagree = max(float((both["right_x"] != both["right_y"]).mean()), gap)  # at least as much as they are to differ by
    accuracy = min(float(both["right_x"].mean()), 1 - gap)
    return {"disagree": disagree, "accuracy": accuracy, "apart": statistics.pictures_needed_apart(accuracy, gap),
            "paired": statistics.pictures_needed_paired((disagree - gap) / 2, (disagree + gap) / 2)}


def compare_models(summary: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """The test accuracies of two models with each architecture that has both, from `scores.summary`.

    Returns backbone, before and after, each with its _low and _high, and verdict: whether the intervals lie apart.
    """
    columns = ["accuracy", "accuracy_low", "accuracy_high"]
    sides = [summary[summary["model"] == model].set_index("backbone")[columns].rename(
        columns=lambda column, side=side: column.replace("accuracy", side))
        for side, model in (("before", before), ("after", after))]
    table = sides[0].join(sides[1], how="inner")
    verdict = np.select([table["after_low"] > table["before_high"], table["after_high"] < table["before_low"]],
                        ["a rise beyond both intervals", "a fall beyond both intervals"], "the intervals overlap")
    return table.assign(verdict=verdict).reset_index()


def accuracies_by_condition(found: pd.DataFrame) -> pd.DataFrame:
    """The accuracy in each condition and strength, from `backgrounds.tabulate_conditions`, which has rows.

    Returns condition, strength, trials, pictures, accuracy, low and high as in `scores.summary`; called_by_background,
    how often the class is named that goes with the background shown, NaN where none is.
    """
    poses, rows = {kind: pose for pose, kind in LINKED.items()}, []
    for (condition, strength), own in found.groupby(["condition", "strength"], sort=False, dropna=False):
        score, shown = summary(own, own["part"].iloc[0]).iloc[0], own[own["background"] != ""]
        rows.append({"condition": condition, "strength": strength, **score[["trials", "pictures", "accuracy"]],
                     "low": score["accuracy_low"], "high": score["accuracy_high"],
                     "called_by_background": (shown["background"].map(poses) == shown["predicted"]).mean()})
    return pd.DataFrame(rows)
