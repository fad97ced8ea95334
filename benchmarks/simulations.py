"""Simulate what the report concludes from: is what is there found, and how often is what is not there?

Run by hand, minutes on two cores: `python benchmarks/simulations.py [ROUNDS]` prints a row a simulation.
"""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import softmax
from scipy.stats import rankdata

from artpose_lib.classify.calibration import apply_temperature, fit_temperature
from artpose_lib.explain.filters import max_t_p

LABELS = np.repeat(np.arange(6), (5, 1, 3, 7, 2, 6))  # a test part of Experiment 1 on 171 museum pictures


def selectivity(rounds: int, widths: Sequence[int] = (512, 1280, 2048, 3904)) -> list[dict]:
    """How often a filter that never errs for a class has p <= 0.05 among others that know nothing, and one of these."""
    rows = []
    for width in widths:
        for planted in (None, *np.flatnonzero(np.bincount(LABELS) > 1)):
            found = []
            for seed in range(rounds * (5 if planted is None else 1)):
                peaks = np.random.default_rng([width, seed]).normal(size=(len(LABELS), width))
                peaks[:, 0] += 20 * (planted == LABELS)
                p = max_t_p(rankdata(peaks, axis=0), LABELS, 6, seed)
                found.append(p.min() if planted is None else p[0])
            what = "none knows anything" if planted is None else f"one knows a class of {(planted == LABELS).sum()}"
            rows.append({"of": f"{width} filters", "if": what, "p <= 0.05": np.mean(np.array(found) <= 0.05),
                         "median": np.median(found)})
    return rows


def temperatures(rounds: int) -> list[dict]:
    """How far probabilities are from the truth (mean Kullback-Leibler divergence), as given and as tempered."""
    rows, truth = [], softmax(np.random.default_rng(0).normal(0, 2, (4000, 6)), axis=1)

    def divergence(said: np.ndarray) -> float:
        return (truth * np.log(truth / said)).sum(axis=1).mean()

    for count in (17, 24, 100, 1000):
        for factor in (0.6, 1, 1.5, 2.5):
            said, found = apply_temperature(truth, 1 / factor), []
            for seed in range(rounds):
                rng = np.random.default_rng([count, seed])
                rows_held = rng.integers(len(truth), size=count)
                labels = (truth[rows_held].cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
                found.append(divergence(apply_temperature(said, fit_temperature(said[rows_held], labels))))
            rows.append({"of": f"{count} held-out pictures", "if": f"too sure by a factor of {factor}",
                         "as given": divergence(said), "tempered": np.mean(found), "worse": np.mean(
                             np.array(found) > divergence(said))})
    return rows


if __name__ == "__main__":
    for simulate in (temperatures, selectivity):
        print(pd.DataFrame(simulate(int(sys.argv[1]) if len(sys.argv) > 1 else 40)).round(3).to_string(index=False))
