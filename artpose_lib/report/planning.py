"""What more trials and pictures would tell: where trials differ, learning curves, pictures for a difference."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import curve_fit
from statsmodels.formula.api import ols
from statsmodels.stats import anova, proportion

from artpose_lib.report.bootstrap import RESAMPLES, interval, redraw_accuracies
from artpose_lib.report.scores import find_cells

POWER = 0.8  # the usual chance of finding a difference that is there (Cohen 1988, Section 2.4)
GAP = 0.05  # the difference that `power` looks for


def spread(table: pd.DataFrame) -> pd.DataFrame:
    """How much of the spread of trials comes from the division and how much from the first weights.

    Parameters: `table` has a row for each trial, in which the two are crossed: split, start (any names), accuracy and
    pictures, of which it is a share. A two-way analysis of variance with random effects; intervals by Williams (1962)
    and, for the rest, chi square. Whatever is the same in all trials may still differ by what is lost in counting whole
    pictures (Sheppard 1898). Returns source ("split", "start", "rest"), sd (0 where the mean square is below the
    rest's), low, high. Raises ValueError where the table does not cross two of each.
    """
    n = table[["split", "start"]].nunique()
    if n.min() < 2 or len(table) != n.prod():
        raise ValueError("The spread takes one trial for each of two or more splits with each of two or more starts.")
    squares = anova.anova_lm(ols("accuracy ~ C(split) + C(start)", table).fit())[["df", "mean_sq"]]
    (degrees, rest), tails = squares.loc["Residual"], np.array([0.975, 0.025])
    rest = max(rest, 1 / table["pictures"].mean() ** 2 / 12)
    rows = []
    for source, other in (("split", "start"), ("start", "split")):
        own, square = squares.loc[f"C({source})"]
        # Williams' bounds: where chance alone gives so large a ratio, the lower is 0.
        bounds = (own * (max(square, rest) - rest * stats.f.ppf(tails, own, degrees))
                  / (n[other] * stats.chi2.ppf(tails, own)))
        rows.append((source, (square - rest) / n[other], *bounds))
    rows.append(("rest", rest, *rest * degrees / stats.chi2.ppf(tails, degrees)))
    frame = pd.DataFrame(rows, columns=["source", "sd", "low", "high"])
    return frame.assign(**np.sqrt(frame[["sd", "low", "high"]].clip(lower=0)))


def bound_spread(first: pd.DataFrame, second: pd.DataFrame) -> np.ndarray:
    """The interval of what two standard deviations of accuracies differ by, second less first; see `tested`."""
    rng, sides = np.random.default_rng(0), (first, second)
    redrawn = [redraw_accuracies(own, rng.integers(len(own), size=(RESAMPLES, len(own))), rng).std(axis=1)
               for own in sides]
    return interval(redrawn[1] - redrawn[0], second["accuracy"].std(ddof=0) - first["accuracy"].std(ddof=0))


def power(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, float]:
    """How many test pictures a difference of GAP takes, where two models disagree as often as these do (alpha 0.05).

    Returns disagree (the share that only one of them gets right), accuracy (the first's), and numbers of pictures:
    paired, if both are tested on the same ones (by McNemar's test: Connor 1987), and apart, for each of them if not.
    Raises ValueError where they share no pictures.
    """
    both = find_cells(first, "test").merge(find_cells(second, "test"), on=["seed", "file_name"])
    if both.empty:
        raise ValueError("The two conditions share no picture: compare them on the same division.")
    disagree = max(float((both["right_x"] != both["right_y"]).mean()), GAP)  # at least as much as they are to differ by
    accuracy = min(float(both["right_x"].mean()), 1 - GAP)
    sides, reach = stats.norm.ppf(0.975), stats.norm.ppf(POWER)
    paired = (sides * np.sqrt(disagree) + reach * np.sqrt(disagree - GAP**2)) ** 2 / GAP**2
    apart = proportion.samplesize_proportions_2indep_onetail(GAP, accuracy, POWER, alternative="two-sided")
    return {"disagree": disagree, "accuracy": accuracy, "apart": int(np.ceil(apart)), "paired": int(np.ceil(paired))}


class Curve(NamedTuple):
    """accuracy = ceiling - gap * pictures ** -rate, and what it says of `pictures` a class, with its interval."""

    ceiling: float
    gap: float
    rate: float
    pictures: float
    accuracy: float
    low: float
    high: float

    def at(self, pictures: np.ndarray) -> np.ndarray:
        return _power_law(np.asarray(pictures, float), self.ceiling, self.gap, self.rate)


def learning_curve(points: pd.DataFrame, resamples: int = 300) -> Curve:
    """An inverse power law through test accuracies (Figueroa and others 2012), continued to twice the pictures a class.

    Parameters: `points` has a row for each trial: pictures (training pictures a class, their mean), seed, accuracy, and
    tested (pictures). The ceiling is no lower than the highest mean of a size. The interval resamples seeds and tested
    pictures; it does not say whether the law holds beyond them. Raises ValueError for fewer than three sizes.
    """
    if points["pictures"].nunique() < 3:
        raise ValueError("A learning curve has three unknowns: it takes three or more sizes of the training part.")
    by_seed, rng, ends = [own for _, own in points.groupby("seed")], np.random.default_rng(0), []
    pictures = 2 * points["pictures"].max()
    for sample in rng.integers(len(by_seed), size=(resamples, len(by_seed))):
        drawn = pd.concat(by_seed[number] for number in sample)
        drawn = drawn.assign(accuracy=redraw_accuracies(drawn, np.arange(len(drawn)), rng))
        ends.append(_power_law(pictures, *_fit_power_law(drawn)))
    fitted = _fit_power_law(points)
    end = float(_power_law(pictures, *fitted))
    return Curve(*fitted, pictures, end, *map(float, interval(ends, end)))


def _power_law(pictures: np.ndarray | int, ceiling: float, gap: float, rate: float) -> np.ndarray | float:
    return ceiling - gap * pictures ** -rate


def _fit_power_law(points: pd.DataFrame) -> tuple[float, float, float]:
    reached = min(float(points.groupby("pictures")["accuracy"].mean().max()), 0.999)
    start = float(np.clip(points["accuracy"].max() + 0.05, reached, 1)), 1, 0.5
    found, _ = curve_fit(_power_law, points["pictures"].to_numpy(float), points["accuracy"].to_numpy(float),
                         p0=start, bounds=([reached, 0, 0.05], [1, 10, 3]), max_nfev=5000)
    return tuple(map(float, found))
