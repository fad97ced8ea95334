"""What settles a claim: an order, a closeness, a rank or a habit of mistakes holds, fails, or is not settled.

Errors are at most 5 % for the whole verdict, however many networks or classes a claim speaks of: it holds where each of
its comparisons does, and fails where one surely points the other way, corrected for their number (Bonferroni). Of three
or four trials that differ by far more than their pictures explain, errors come to 10 %: `benchmarks/simulations.py`.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats import proportion

from artpose_lib.report.bootstrap import MADE_UP, RESAMPLES
from artpose_lib.report.scores import find_cells
from artpose_lib.report.statistics import FEWEST_TRIALS, find_p
from artpose_lib.train.records import class_names, likeliest_class

HOLDS, FAILS, UNSETTLED, UNTESTABLE = "holds", "does not hold", "not settled", "cannot be tested here"
ALPHA = 0.05


def judge(gaps: Sequence[tuple[float, float]]) -> str:
    """The verdict on a claim that all of these are above 0: each a difference and its two-sided p."""
    if gaps and all(value > 0 and p <= ALPHA for value, p in gaps):
        return HOLDS
    return FAILS if any(value < 0 and p * len(gaps) <= ALPHA for value, p in gaps) else UNSETTLED


def judge_interval(low: float, high: float, bound: float) -> str:
    """The verdict on a claim that a number lies above a bound, from its 95 % interval."""
    return HOLDS if low > bound else FAILS if high < bound else UNSETTLED


def compare_classes(predictions: pd.DataFrame, score: str) -> pd.DataFrame:
    """Each class' F1, recall or AUC against the rest (`score` "f1", "recall", "auc") on the test part, trials pooled.

    Returns a frame with a row a tested class: its value, and redrawn ones (`RESAMPLES` columns). Trials are drawn anew
    and the pictures of each; for each class `MADE_UP` / 2 pictures more are named by a coin.
    """
    rows, k = find_cells(predictions, "test"), len(class_names(predictions))
    rng, trials = np.random.default_rng(0), [own.index.size for _, own in rows.groupby("seed", sort=False)]
    rows = rows.sort_values("seed", kind="stable", key=lambda seed: pd.factorize(seed)[0])
    drawn = rng.multinomial(len(trials), np.full(len(trials), 1 / len(trials)), size=RESAMPLES)
    weights = [rng.multinomial(times * n, np.full(n, 1 / n)) for times, n in zip(drawn.T, trials, strict=True)]
    coins, one = rng.binomial(MADE_UP // 2, 0.5, size=(RESAMPLES, k)), np.eye(k)
    true, called = (one[cells] for cells in np.divmod(rows["cell"].to_numpy(), k))
    sure = rows[[f"p_{name}" for name in class_names(predictions)]].to_numpy(float)
    made_up = np.concatenate([one, (1 - one) / (k - 1)])  # named rightly, and wrongly
    material = np.concatenate([true, one, one]), np.concatenate([called, made_up]), np.concatenate([sure, made_up])
    redrawn = _score_classes(np.concatenate([*weights, coins, MADE_UP // 2 - coins], axis=1), *material, score)
    value = _score_classes(np.ones((1, len(rows))), true, called, sure, score)
    table = pd.DataFrame(np.concatenate([value, redrawn]).T, class_names(predictions))
    return table[true.any(axis=0)].rename(columns={0: "value"})


def _score_classes(weights: np.ndarray, true: np.ndarray, called: np.ndarray, sure: np.ndarray,
                   score: str) -> np.ndarray:
    """Scores of the classes, (draws, k), from how often each draw has each picture, (draws, n), and arrays (n, k)."""
    support, hits = weights @ true, weights @ (true * called)
    if score == "recall":
        return hits / np.maximum(support, 1)
    if score == "f1":
        return 2 * hits / np.maximum(support + weights @ called, 1)
    columns = []
    for own, chance in zip(true.T.astype(bool), sure.T, strict=True):
        above = np.sign(np.subtract.outer(chance[own], chance[~own])) / 2 + 0.5
        pairs = weights[:, own].sum(axis=1) * weights[:, ~own].sum(axis=1)
        columns.append(((weights[:, own] @ above) * weights[:, ~own]).sum(axis=1) / np.maximum(pairs, 1))
    return np.stack(columns, axis=1)


def rank_class(predictions: pd.DataFrame, name: str, score: str, best: bool) -> tuple[pd.Series, str]:
    """The tested classes' scores, the claimed rank's end first, and the verdict on `name` standing there alone."""
    table = compare_classes(predictions, score) * (1 if best else -1)
    gaps = table.loc[name] - table.drop(name)
    verdict = judge([(gap["value"], find_p(gap.drop("value").to_numpy())) for _, gap in gaps.iterrows()])
    return table["value"].sort_values(ascending=False).abs(), verdict


def measure_mistakes(predictions: pd.DataFrame, true: Sequence[str], others: Sequence[str],
                     counts: pd.Series) -> tuple[int, float, float, float, float]:
    """How many test pictures of the classes `true` were named wrongly, and the share that was called one of `others`.

    A picture counts once, with the share of its wrong names. Returns pictures, share, low and high (95 %, Clopper and
    Pearson; NaN without mistakes), and chance: the share if wrong names fell on the other classes by their `counts`.
    """
    rows = predictions[(predictions["part"] == "test") & predictions["label"].isin(true)]
    rows = rows.assign(called=likeliest_class(rows)).query("called != label")
    if rows.empty:
        return 0, np.nan, np.nan, np.nan, np.nan
    chance = {name: counts.reindex(others).sum() / counts.drop(name).sum() for name in true}
    found = rows.assign(hit=rows["called"].isin(others), chance=rows["label"].map(chance)).groupby("file_name")
    hits = found["hit"].mean()
    low, high = proportion.proportion_confint(hits.sum(), len(hits), method="beta")
    return len(hits), hits.mean(), low, high, found["chance"].first().mean()


def compare_epochs(gaps: pd.Series) -> tuple[float, float]:
    """The mean of differences of two epochs each, in pairs of trials, and its two-sided p (t test); p is 1 where there
    are fewer than FEWEST_TRIALS.

    Epochs are whole numbers, so their differences vary by at least 1/6, twice what rounding does (Sheppard 1898): a few
    that happen to be alike are no proof.
    """
    if len(gaps) < FEWEST_TRIALS:
        return gaps.mean(), 1.0
    error = np.sqrt(max(gaps.var(), 1 / 6) / len(gaps))
    return gaps.mean(), 2 * float(stats.t.sf(abs(gaps.mean()) / error, len(gaps) - 1))


def compare_spread(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """How much larger the second's standard deviation over trials is, float (trials, epochs) each, the mean of epochs,
    and p by permutation of curves less their mean; NaN, and p 1, without an epoch or with a single trial."""
    if min(*first.shape, *second.shape) < 1 or min(len(first), len(second)) < 2:
        return np.nan, 1.0
    rest = np.concatenate([first - first.mean(axis=0), second - second.mean(axis=0)])

    def gap(chosen: tuple[int, ...]) -> float:
        return (rest[list(chosen)].std(axis=0, ddof=1) - np.delete(rest, chosen, axis=0).std(axis=0, ddof=1)).mean()

    every = np.array([gap(chosen) for chosen in combinations(range(len(rest)), len(second))])
    value = gap(tuple(range(len(first), len(rest))))
    return value, float((np.abs(every) >= abs(value) - 1e-12).mean())
