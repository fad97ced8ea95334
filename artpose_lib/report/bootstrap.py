"""How far a score would be from itself on other trials and other pictures, by drawing both anew."""

import numpy as np
import pandas as pd
from scipy import stats

METRICS = ("accuracy", "macro_f1", "weighted_f1")  # of Tables 3.1 and 3.2
RESAMPLES = 2000
MADE_UP = 2  # pictures that a bootstrap adds, right or wrong by a coin (Agresti and Caffo 2000 add one of each)


def score_confusions(confusions: np.ndarray) -> np.ndarray:
    """The `METRICS` (Equations 2.6 to 2.9) of confusion matrices (..., k, k): (..., 3). Macro F1 is the mean of the
    classes that have pictures: of any other there is nothing to find."""
    right = np.diagonal(confusions, axis1=-2, axis2=-1)
    support, called = confusions.sum(axis=-1), confusions.sum(axis=-2)
    pictures, f1 = support.sum(axis=-1), 2 * right / np.maximum(support + called, 1)
    return np.stack([right.sum(axis=-1) / pictures, f1.sum(axis=-1) / (support > 0).sum(axis=-1),
                     (f1 * support).sum(axis=-1) / pictures], axis=-1)


def count_cells(cells: np.ndarray, k: int) -> np.ndarray:
    """The confusion matrix of each row of cells: int (rows, k, k)."""
    rows = np.arange(len(cells))[:, None] * k * k
    return np.bincount((rows + cells).ravel(), minlength=len(cells) * k * k).reshape(-1, k, k)


def bootstrap_means(sides: list[list[np.ndarray]], k: int, resamples: int = RESAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """The scores of some conditions, (conditions, trials, 3), and redrawn means, (conditions, resamples, 3).

    Each side has the same number of trials, each of these the cells of its pictures, int (conditions, pictures): the
    conditions of one side are those that see the same pictures. Two levels are drawn with replacement, the trials and
    the pictures of each (Davison and Hinkley 1997, Section 3.8), and all trials of a side together get `MADE_UP`
    pictures more on average, so that where all answers are right, or all differences 0, a doubt is left that shrinks
    with the pictures. `widen` makes up for few trials.
    """
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(sides[0]), size=(resamples, len(sides[0])))
    found = [score_confusions(np.stack([count_cells(cells, k) for cells in side], axis=1)) for side in sides]
    redrawn = [score_confusions(_redraw(side, k, drawn, rng)).mean(axis=2) for side in sides]
    return np.concatenate(found), np.concatenate(redrawn)


def _redraw(trials: list[np.ndarray], k: int, drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Confusion matrices of trials `drawn` int (resamples, trials), with their pictures drawn anew: int32 (conditions,
    resamples, trials, k, k)."""
    out = np.zeros((len(trials[0]), *drawn.shape, k, k), np.int32)
    for number, cells in enumerate(trials):
        where, pictures = drawn == number, cells.shape[1]
        picked = cells[:, rng.integers(pictures, size=(where.sum(), pictures))]
        made_up = rng.random(picked.shape[1:]) < MADE_UP / (MADE_UP + pictures * len(trials))
        true, wrong = np.divmod(picked[:, made_up], k)[0], rng.integers(1, max(k, 2), (len(cells), made_up.sum()))
        picked[:, made_up] = true * k + (true + wrong * rng.integers(2, size=wrong.shape)) % k
        for condition, own in enumerate(picked):
            out[condition, where] = count_cells(own, k)
    return out


def widen(redrawn: np.ndarray, trials: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Redrawn means, (resamples, ...), as far from the mean of the `trials`, (n, ...), as so few trials ask for in an
    interval of that `level`.

    Drawn with replacement, n trials spread less than trials do, by (n - 1) / n: the rest is added. And a spread that n
    trials tell is not known: distances grow by what a t-quantile has over the normal one, with the degrees of freedom
    of Satterthwaite (1946), of which pictures have no end. A single trial tells no spread, and nothing is widened. The
    chapter on the audit simulates how often such intervals hold the truth.
    """
    n, mean, varies = len(trials), trials.mean(axis=0), redrawn.var(axis=0)
    if n < 2:
        return redrawn
    spread = np.maximum(trials.var(axis=0, ddof=1) / n, 1e-12)
    wanted = varies + spread / n
    end = (1 + level) / 2
    quantile = stats.t.ppf(end, (n - 1) * (wanted / spread) ** 2) / stats.norm.ppf(end)
    return mean + (redrawn - mean) * quantile * np.sqrt(wanted / np.maximum(varies, 1e-12))


def interval(values: np.ndarray, value: np.ndarray | float, level: float = 0.95) -> np.ndarray:
    """The percentile interval of bootstrapped values (resamples, ...), and at least to the `value` itself: (2, ...)."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.array([np.minimum(low, value), np.maximum(high, value)])


def average_groups(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float, float]:
    """The mean of what groups of so many pictures have in sum, and its 95 % interval: groups are drawn anew, not
    pictures, as those of one source are alike."""
    drawn = np.random.default_rng(0).integers(len(sums), size=(RESAMPLES, len(sums)))
    mean = float(sums.sum() / sizes.sum())
    return mean, *map(float, interval(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), mean))


def redraw_accuracies(trials: pd.DataFrame, drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The column accuracy of the trials `drawn`, ints of any shape, with their tested pictures drawn anew."""
    accuracy, pictures = (trials[name].to_numpy()[drawn] for name in ("accuracy", "tested"))
    made_up = MADE_UP / len(trials)
    return rng.binomial(pictures, (accuracy * pictures + made_up / 2) / (pictures + made_up)) / pictures
