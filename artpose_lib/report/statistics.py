"""How far a number can be trusted: intervals, tests, the spread of trials, learning curves, numbers of pictures.

All intervals are at 95 %. Resampling has a fixed seed, so the same numbers give the same interval.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import curve_fit
from statsmodels.formula.api import ols
from statsmodels.stats import anova, proportion

RESAMPLES = 2000
POWER = 0.8  # the usual chance of finding a difference that is there (Cohen 1988, Section 2.4)


def bootstrap(count: int, statistic: Callable[[np.ndarray, np.random.Generator], np.ndarray],
              resamples: int = RESAMPLES) -> np.ndarray:
    """What `statistic` returns of samples, int (resamples, count), drawn with replacement, and of their generator."""
    rng = np.random.default_rng(0)
    return statistic(rng.integers(count, size=(resamples, count)), rng)


def interval(values: np.ndarray) -> np.ndarray:
    """The percentile interval of bootstrapped values (resamples, ...): low and high, (2, ...)."""
    return np.percentile(values, [2.5, 97.5], axis=0)


def wilson(right: int, pictures: int) -> tuple[float, float]:
    """Wilson's score interval of a share, `right` of `pictures` (Wilson 1927; recommended by Newcombe 1998)."""
    return proportion.proportion_confint(right, pictures, method="wilson")


def spread(table: pd.DataFrame) -> pd.DataFrame:
    """How much of the spread of trials comes from the division and how much from the first weights.

    Parameters: `table` has a row for each trial, in which the two are crossed: split, start (any names), accuracy. A
    two-way analysis of variance with random effects; intervals by Williams (1962) and, for the rest, chi square.
    Returns source ("split", "start", "rest"), sd (0 where the mean square is below the rest's), low, high. Raises
    ValueError where the table does not cross two of each.
    """
    n = table[["split", "start"]].nunique()
    if n.min() < 2 or len(table) != n.prod():
        raise ValueError("The spread takes one trial for each of two or more splits with each of two or more starts.")
    squares = anova.anova_lm(ols("accuracy ~ C(split) + C(start)", table).fit())[["df", "sum_sq", "mean_sq"]]
    (degrees, rest_sum, rest), tails = squares.loc["Residual"], np.array([0.975, 0.025])
    rows = []
    for source, other in (("split", "start"), ("start", "split")):
        own, sum_of, square = squares.loc[f"C({source})"]
        ratio = square / max(rest, 1e-12)
        # Williams' bounds: where chance alone gives so large a ratio, the lower is 0.
        bounds = (sum_of * (1 - stats.f.ppf(tails, own, degrees) / max(ratio, 1e-12))
                  / (n[other] * stats.chi2.ppf(tails, own)))
        rows.append((source, (square - rest) / n[other], *bounds))
    rows.append(("rest", rest, *rest_sum / stats.chi2.ppf(tails, degrees)))
    frame = pd.DataFrame(rows, columns=["source", "sd", "low", "high"])
    return frame.assign(**np.sqrt(frame[["sd", "low", "high"]].clip(lower=0)))


class Curve(NamedTuple):
    """accuracy = ceiling - gap * pictures ** -rate, and what it says of `pictures` a class, with its interval."""

    ceiling: float
    gap: float
    rate: float
    pictures: int
    accuracy: float
    low: float
    high: float

    def at(self, pictures: np.ndarray) -> np.ndarray:
        return _power_law(np.asarray(pictures, float), self.ceiling, self.gap, self.rate)


def learning_curve(points: pd.DataFrame, pictures: int = 1000, resamples: int = 300) -> Curve:
    """An inverse power law through test accuracies (Figueroa and others 2012), continued to `pictures` a class.

    Parameters: `points` has a row for each trial: pictures (training pictures a class, their mean), seed, accuracy. The
    interval resamples the seeds; it does not say whether the law holds so far out. Raises ValueError for fewer than
    three sizes.
    """
    if points["pictures"].nunique() < 3:
        raise ValueError("A learning curve has three unknowns: it takes three or more sizes of the training part.")
    by_seed = [own for _, own in points.groupby("seed")]
    fitted = _fit_power_law(points)
    ends = bootstrap(len(by_seed), lambda drawn, _: np.array([
        _power_law(pictures, *_fit_power_law(pd.concat(by_seed[number] for number in sample))) for sample in drawn
    ]), resamples)
    return Curve(*fitted, pictures, float(_power_law(pictures, *fitted)), *map(float, interval(ends)))


def _power_law(pictures: np.ndarray | int, ceiling: float, gap: float, rate: float) -> np.ndarray | float:
    return ceiling - gap * pictures ** -rate


def _fit_power_law(points: pd.DataFrame) -> tuple[float, float, float]:
    start = float(np.clip(points["accuracy"].max() + 0.05, 0.01, 0.99)), 1, 0.5
    found, _ = curve_fit(_power_law, points["pictures"].to_numpy(float), points["accuracy"].to_numpy(float),
                         p0=start, bounds=([0, 0, 0.05], [1, 10, 3]), max_nfev=5000)
    return tuple(map(float, found))


def pictures_needed_paired(first_only: float, second_only: float) -> int:
    """Test pictures that McNemar's test needs for two models on the same pictures (Connor 1987; alpha 0.05, `POWER`).

    Parameters: the shares of pictures that the first alone and the second alone gets right. Raises ValueError where
    they are the same.
    """
    if first_only == second_only:
        raise ValueError("Two models that are right equally often differ by nothing that pictures could show.")
    odd, gap = first_only + second_only, abs(first_only - second_only)
    sides, reach = stats.norm.ppf(0.975), stats.norm.ppf(POWER)
    return int(np.ceil((sides * np.sqrt(odd) + reach * np.sqrt(odd - gap**2)) ** 2 / gap**2))


def pictures_needed_apart(accuracy: float, gap: float) -> int:
    """Test pictures for each of two models on pictures of its own, one right `accuracy` and one `gap` more often."""
    return int(np.ceil(proportion.samplesize_proportions_2indep_onetail(
        gap, accuracy, POWER, alpha=0.05, alternative="two-sided")))
