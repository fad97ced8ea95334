"""How far a number can be trusted: intervals, tests between models, the spread of trials, learning curves, power.

Predictions are long frames as in `metrics`. All intervals are at 95 %; resampling has a fixed seed, so the same
predictions give the same interval.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import curve_fit
from statsmodels.formula.api import ols
from statsmodels.stats import anova, contingency_tables, multitest, proportion

from artpose_lib.report.scores import METRICS, scores
from artpose_lib.train.records import class_names

RESAMPLES = 2000
POWER = 0.8  # the usual chance of finding a difference that is there (Cohen 1988, Section 2.4)


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


def wilson(right: int, pictures: int) -> tuple[float, float]:
    """Wilson's score interval of a share, `right` of `pictures` (Wilson 1927; recommended by Newcombe 1998)."""
    low, high = proportion.proportion_confint(right, pictures, method="wilson")
    return float(low), float(high)


def stratified_interval(confusion: np.ndarray, seed: int = 0) -> np.ndarray:
    """Intervals of accuracy, macro and weighted F1: a bootstrap in each true class (Davison and Hinkley 1997, 3.2).

    Parameters: `confusion` counts (k, k), true class by predicted class; each class keeps its number of pictures, so
    that the interval is of a test part of this make-up. Returns float64 (2, 3): low and high of each of `METRICS`.
    """
    rng, support = np.random.default_rng(seed), confusion.sum(axis=1)
    rows = [rng.multinomial(n, row / max(n, 1), size=RESAMPLES) for n, row in zip(support, confusion, strict=True)]
    return np.percentile(scores(np.stack(rows, axis=1)), [2.5, 97.5], axis=0)


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """The exact McNemar test that two models are right equally often on the same pictures: its two-sided p.

    Parameters: `first` and `second` bool (n,): whether each is right on each picture (McNemar 1947).
    """
    table = [[np.sum(first & second), np.sum(first & ~second)], [np.sum(~first & second), np.sum(~first & ~second)]]
    return float(contingency_tables.mcnemar(table, exact=True).pvalue)


def holm(p: np.ndarray) -> np.ndarray:
    """p values corrected for their number, so that at 0.05 one false alarm among all is that rare (Holm 1979)."""
    return multitest.multipletests(p, method="holm")[1]


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
    joined = [one[seed].merge(two[seed], on=["file_name"], suffixes=("_1", "_2")) for seed in seeds]
    paired = all(len(both) == len(one[seed]) == len(two[seed]) for both, seed in zip(joined, seeds, strict=True))
    rng, k, number = np.random.default_rng(0), len(class_names(first)), METRICS.index(metric)
    drawn = rng.integers(len(seeds), size=(RESAMPLES, len(seeds)))
    if paired:
        tables = [[(_cells(both, k, "_1"), _cells(both, k, "_2")) for both in joined]]
    else:
        tables = [[(_cells(one[seed], k),) for seed in seeds], [(_cells(two[seed], k),) for seed in seeds]]
    redrawn = [scores(table)[..., number].mean(axis=1) for side in tables for table in _redraw(side, drawn, k, rng)]
    exact = np.concatenate([[scores(np.bincount(_cells(trials[seed], k), minlength=k * k).reshape(k, k))[number]
                             for seed in seeds] for trials in (one, two)]).reshape(2, -1).mean(axis=1)
    gaps = redrawn[1] - redrawn[0]
    low, high = np.percentile(gaps, [2.5, 97.5])
    p = min(1.0, 2 * max(min((gaps <= 0).mean(), (gaps >= 0).mean()), 0.5 / RESAMPLES))
    test = mcnemar(*(np.concatenate([both[f"true{end}"] == both[f"called{end}"] for both in joined])
                     for end in ("_1", "_2"))) if paired else np.nan
    return Difference(metric, *map(float, (*exact, exact[1] - exact[0], low, high, p, test)), len(seeds),
                      sum(len(one[seed]) for seed in seeds))


def _trials(predictions: pd.DataFrame, part: str) -> dict[int, pd.DataFrame]:
    """file_name, true and called class (numbers) of each trial's pictures, by seed."""
    rows, classes = predictions[predictions["part"] == part], class_names(predictions)
    called = rows[[f"p_{name}" for name in classes]].to_numpy(float).argmax(axis=1)
    frame = pd.DataFrame({"file_name": rows["file_name"], "seed": rows["seed"], "called": called,
                          "true": pd.Index(classes).get_indexer(rows["label"])})
    return {seed: own.drop(columns="seed") for seed, own in frame.groupby("seed")}


def _cells(trial: pd.DataFrame, k: int, end: str = "") -> np.ndarray:
    return (trial[f"true{end}"] * k + trial[f"called{end}"]).to_numpy()


def _redraw(trials: list[tuple[np.ndarray, ...]], drawn: np.ndarray, k: int, rng: np.random.Generator) -> list:
    """Confusion matrices (resamples, trials, k, k) of each condition, their pictures drawn anew in each drawn trial."""
    out = np.zeros((len(trials[0]), *drawn.shape, k * k), np.int32)
    for number, conditions in enumerate(trials):
        where = drawn == number
        picked = rng.integers(len(conditions[0]), size=(where.sum(), len(conditions[0])))
        rows = np.arange(len(picked))[:, None] * k * k
        for condition, cells in enumerate(conditions):
            counts = np.bincount((rows + cells[picked]).ravel(), minlength=len(picked) * k * k)
            out[condition, where] = counts.reshape(-1, k * k)
    return [table.reshape(*drawn.shape, k, k) for table in out]


def spread(table: pd.DataFrame) -> pd.DataFrame:
    """How much of the spread of trials comes from the division and how much from the first weights.

    Parameters: `table` has a row a trial that crosses the two: split, start (both any names), accuracy. A two-way
    analysis of variance with random effects and no repeats; intervals by Williams (1962) and, for the rest, chi square.
    Returns source ("split", "start", "rest"), sd, low, high: standard deviations in the unit of accuracy, 0 where the
    mean square is below the rest's. Raises ValueError where the table does not cross two of each.
    """
    n = table[["split", "start"]].nunique()
    if n.min() < 2 or len(table) != n.prod():
        raise ValueError("The spread takes one trial for each of two or more splits with each of two or more starts.")
    squares = anova.anova_lm(ols("accuracy ~ C(split) + C(start)", table).fit())
    degrees, sums = squares["df"], squares["sum_sq"]
    rest = sums["Residual"] / degrees["Residual"]
    rows = []
    for source, other in (("split", "start"), ("start", "split")):
        own, sum_of, repeats = degrees[f"C({source})"], sums[f"C({source})"], n[other]
        ratio = sum_of / own / max(rest, 1e-12)
        tails = [0.975, 0.025]
        # Williams' bounds: where chance alone gives so large a ratio, the lower is 0.
        bounds = [sum_of * (1 - stats.f.ppf(tail, own, degrees["Residual"]) / max(ratio, 1e-12))
                  / (repeats * stats.chi2.ppf(tail, own)) for tail in tails]
        rows.append((source, (sum_of / own - rest) / repeats, *bounds))
    rows.append(("rest", rest, *sums["Residual"] / stats.chi2.ppf([0.975, 0.025], degrees["Residual"])))
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

    Parameters: `points` has a row a trial: pictures (training pictures a class, their mean), seed, accuracy; at least
    three sizes. The interval resamples the seeds and fits again; it says nothing of whether the law holds so far out.
    Raises ValueError for fewer sizes.
    """
    if points["pictures"].nunique() < 3:
        raise ValueError("A learning curve has three unknowns: it takes three or more sizes of the training part.")
    by_seed = dict(list(points.groupby("seed")))
    rng, seeds = np.random.default_rng(0), list(by_seed)
    fitted = _fit_power_law(points)
    ends = [_power_law(pictures, *_fit_power_law(pd.concat(by_seed[seed] for seed in rng.choice(seeds, len(seeds)))))
            for _ in range(resamples)]
    return Curve(*fitted, pictures, float(_power_law(pictures, *fitted)), *map(float, np.percentile(ends, [2.5, 97.5])))


def _power_law(pictures, ceiling, gap, rate):
    return ceiling - gap * pictures ** -rate


def _fit_power_law(points: pd.DataFrame) -> tuple[float, float, float]:
    best = points["accuracy"].max()
    found, _ = curve_fit(_power_law, points["pictures"].to_numpy(float), points["accuracy"].to_numpy(float),
                         p0=(float(np.clip(best + 0.05, 0.01, 0.99)), 1, 0.5), bounds=([0, 0, 0.05], [1, 10, 3]),
                         max_nfev=5000)
    return tuple(map(float, found))


def pictures_needed_paired(first_only: float, second_only: float) -> int:
    """Test pictures that McNemar's test needs for two models on the same pictures (Connor 1987; alpha 0.05, `POWER`).

    Parameters: the shares of pictures that the first model alone and the second alone gets right, 0 to 1, different.
    Raises ValueError where they are the same.
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
    right, right_2 = both["true_x"] == both["called_x"], both["true_y"] == both["called_y"]
    disagree = max(float((right != right_2).mean()), gap)  # at least as much as they are to differ by
    accuracy = min(float(right.mean()), 1 - gap)
    return {"disagree": disagree, "accuracy": accuracy, "apart": pictures_needed_apart(accuracy, gap),
            "paired": pictures_needed_paired((disagree - gap) / 2, (disagree + gap) / 2)}
