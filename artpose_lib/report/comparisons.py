"""What conditions differ by, from the predictions of their trials: two models or settings, or changed pictures."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from artpose_lib.draw.backgrounds import LINKED
from artpose_lib.report import statistics
from artpose_lib.report.scores import METRICS, scores, summary
from artpose_lib.train.records import class_names, likeliest_class


class Difference(NamedTuple):
    """One score under two conditions: means over trials, second less first with its interval, and two tests.

    `p` is the bootstrap's, two-sided; `mcnemar` the exact test's over all trials' pictures, NaN where these are not
    the same. A picture tested in several trials counts in each, so it takes them for more certain than they are.
    """

    metric: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    mcnemar: float
    trials: int
    pictures: int


def difference(first: pd.DataFrame, second: pd.DataFrame, metric: str = "accuracy", part: str = "test",
               second_part: str | None = None) -> Difference:
    """What one of `METRICS` differs by between two conditions, each a predictions frame of one model and backbone.

    A paired bootstrap on two levels: it resamples the trials (the seeds that both have), and in each the pictures,
    which both conditions share where their test parts are the same; else each draws from its own. `second_part` names
    the second's part where it is another. Raises ValueError where no seed is in both.
    """
    one, two = _trials(first, part), _trials(second, second_part or part)
    seeds = sorted(one.keys() & two.keys())
    if not seeds:
        raise ValueError("The two conditions have no trial in common: run both with the same seeds.")
    joined = [one[seed].merge(two[seed], on="file_name", suffixes=("_1", "_2")) for seed in seeds]
    paired = all(len(both) == len(one[seed]) == len(two[seed]) for both, seed in zip(joined, seeds, strict=True))
    cells = [[trials[seed]["cell"].to_numpy()[None] for seed in seeds] for trials in (one, two)]
    sides = [[both[["cell_1", "cell_2"]].to_numpy().T for both in joined]] if paired else cells
    k, number = len(class_names(first)), METRICS.index(metric)

    def mean_scores(confusions: np.ndarray) -> np.ndarray:
        return scores(confusions)[..., number].mean(axis=-1)

    redrawn = statistics.bootstrap(len(seeds), lambda drawn, rng: np.concatenate([
        mean_scores(_redraw(side, drawn, k, rng)) for side in sides]))
    means = [float(mean_scores(np.concatenate([_count(trial, k) for trial in side]))) for side in cells]
    gaps = redrawn[1] - redrawn[0]
    p = min(1.0, 2 * max(min((gaps <= 0).mean(), (gaps >= 0).mean()), 0.5 / statistics.RESAMPLES))
    both = pd.concat(joined)
    exact = statistics.mcnemar(both["right_1"].to_numpy(), both["right_2"].to_numpy()) if paired else np.nan
    return Difference(metric, *means, means[1] - means[0], *map(float, statistics.interval(gaps)), float(p), exact,
                      len(seeds), sum(len(one[seed]) for seed in seeds))


def _trials(predictions: pd.DataFrame, part: str) -> dict[int, pd.DataFrame]:
    """Of each trial's pictures, by seed: file_name, cell (its number in the flat confusion matrix) and right (bool)."""
    rows, classes = predictions[predictions["part"] == part], class_names(predictions)
    true, called = (pd.Index(classes).get_indexer(names) for names in (rows["label"], likeliest_class(rows)))
    frame = pd.DataFrame({"file_name": rows["file_name"], "seed": rows["seed"], "cell": true * len(classes) + called,
                          "right": true == called})
    return {seed: own.drop(columns="seed") for seed, own in frame.groupby("seed")}


def _redraw(trials: list[np.ndarray], drawn: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Confusion matrices of trials `drawn` int (resamples, trials), with their pictures drawn anew.

    Parameters: each of `trials` has the cells of its pictures, int (conditions, pictures).
    Returns int32 (conditions, resamples, trials, k, k).
    """
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

    Parameters: predictions of two conditions on the same pictures. Returns disagree (share of pictures that only one
    of them gets right), accuracy (the first's), paired and apart (pictures). Raises ValueError where they share none.
    """
    one, two = _trials(first, part), _trials(second, part)
    both = pd.concat([one[seed].merge(two[seed], on="file_name") for seed in sorted(one.keys() & two.keys())] or
                     [pd.DataFrame({"file_name": []})])
    if both.empty:
        raise ValueError("The two conditions share no picture: compare them on the same division.")
    disagree = max(float((both["right_x"] != both["right_y"]).mean()), gap)  # at least as much as they are to differ by
    accuracy = min(float(both["right_x"].mean()), 1 - gap)
    return {"disagree": disagree, "accuracy": accuracy, "apart": statistics.pictures_needed_apart(accuracy, gap),
            "paired": statistics.pictures_needed_paired((disagree - gap) / 2, (disagree + gap) / 2)}


def compare_models(summary: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """The test accuracies of two models with each architecture that has both.

    Parameters: `summary` comes from `scores.summary`; `before` and `after` are models, such as "baseline".
    Returns backbone, before, before_low, before_high, after, after_low, after_high, and verdict, whether the 95 %
    intervals lie apart, in words.
    """
    columns = ["accuracy", "accuracy_low", "accuracy_high"]
    left, right = (summary[summary["model"] == model].set_index("backbone")[columns] for model in (before, after))
    table = left.set_axis(["before", "before_low", "before_high"], axis=1).join(
        right.set_axis(["after", "after_low", "after_high"], axis=1), how="inner")
    verdict = np.select([table["after_low"] > table["before_high"], table["after_high"] < table["before_low"]],
                        ["a rise beyond both intervals", "a fall beyond both intervals"], "the intervals overlap")
    return table.assign(verdict=verdict).reset_index()


def accuracies_by_condition(found: pd.DataFrame) -> pd.DataFrame:
    """The accuracy in each condition, from the frame of one of the two experiments on backgrounds, which has rows.

    Returns a row for each condition and strength, in the frame's order of conditions: condition, strength, trials,
    pictures (those of all trials), accuracy, low and high (its 95 % interval, see `scores.summary`); lost and gained,
    how many pictures are named rightly when whole and wrongly here, and the other way round; p, how often luck parts
    them at least so unevenly (McNemar; a guide, as trials share pictures); and called_by_background, how often the
    class is named that goes with the background shown, rightly or not, NaN where no drawn background is.
    """
    poses, rows = {kind: pose for pose, kind in LINKED.items()}, []
    found = found.assign(right=found["predicted"] == found["label"])
    whole = found[found["condition"] == "whole"].set_index(["strength", "seed", "file_name"])["right"]
    for (condition, strength), own in found.groupby(["condition", "strength"], sort=False, dropna=False):
        score = summary(own, own["part"].iloc[0]).iloc[0]
        before = whole.reindex(pd.MultiIndex.from_frame(own[whole.index.names])).to_numpy(bool)
        after, shown = own["right"].to_numpy(), own[own["background"] != ""]
        rows.append({"condition": condition, "strength": strength, "trials": score["trials"],
                     "pictures": score["pictures"], "accuracy": score["accuracy"], "low": score["accuracy_low"],
                     "high": score["accuracy_high"], "lost": (before & ~after).sum(),
                     "gained": (~before & after).sum(), "p": statistics.mcnemar(before, after),
                     "called_by_background": (shown["background"].map(poses) == shown["predicted"]).mean()})
    return pd.DataFrame(rows)
