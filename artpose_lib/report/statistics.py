"""How far a number can be trusted: spread of trials, learning curves, differences and the pictures that they take."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import curve_fit
from statsmodels.formula.api import ols
from statsmodels.stats import anova, proportion

from artpose_lib.draw.backgrounds import LINKED
from artpose_lib.explain.backgrounds import BOX_CONDITIONS
from artpose_lib.report.scores import (
    METRICS,
    MODEL_TITLES,
    RESAMPLES,
    bootstrap_means,
    drop_trials,
    find_cells,
    find_diverged,
    find_untuned,
    interval,
    per_trial,
    redraw_accuracies,
    summary,
    widen,
)
from artpose_lib.train.recipes import RECIPES, Profile
from artpose_lib.train.records import class_names

IDLE = "is not surely above naming the commonest class"
FEWEST_TRIALS = 3  # where two equal models vary by 0.08 over trials, one or two trials tell them apart in 7 to 12 %
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


def bound_spread(first: pd.DataFrame, second: pd.DataFrame, resamples: int = RESAMPLES) -> np.ndarray:
    """The interval of what the standard deviations of trials differ by, second less first: low, high.

    Each frame has a row for each trial: accuracy and tested (pictures). Trials and their pictures are drawn anew.
    """
    rng, sides = np.random.default_rng(0), (first, second)
    redrawn = [redraw_accuracies(own, rng.integers(len(own), size=(resamples, len(own))), rng).std(axis=1)
               for own in sides]
    return interval(redrawn[1] - redrawn[0], second["accuracy"].std(ddof=0) - first["accuracy"].std(ddof=0))


def simulate_spread(trials: pd.DataFrame, ratios: Sequence[float] = (1, 2, 3, 5), runs: int = 100) -> pd.DataFrame:
    """How often `bound_spread` tells two standard deviations apart, of which one is so many times the other.

    Parameters: `trials` as from `scores.per_trial`; as many are drawn, normal around their mean, once with their own
    standard deviation and once with a larger one, in whole pictures. Returns ratio and found, a share of the `runs`.
    """
    rng, tested, rows = np.random.default_rng(0), trials["pictures"].to_numpy(), []
    mean, sd = trials["accuracy"].mean(), max(trials["accuracy"].std(ddof=0), 0.5 / tested.mean())
    for ratio in ratios:
        found = 0
        for _ in range(runs):
            drawn = [rng.normal(mean, own, len(trials)).clip(0, 1) for own in (sd * ratio, sd)]
            low, high = bound_spread(*(pd.DataFrame({"accuracy": np.rint(own * tested) / tested, "tested": tested})
                                       for own in drawn), resamples=400)
            found += not low <= 0 <= high
        rows.append({"ratio": ratio, "found": found / runs})
    return pd.DataFrame(rows)


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


class NoneInCommon(ValueError):
    """Two conditions have no trial in common."""


def difference(first: pd.DataFrame, second: pd.DataFrame, metric: str = "accuracy", part: str = "test",
               second_part: str | None = None, level: float = 0.95) -> Difference:
    """What one of `METRICS` differs by between two conditions, each a predictions frame of one model and backbone.

    A bootstrap on two levels: of the trials (the seeds that both have) and of each trial's pictures, in pairs where
    both conditions have the same ones. `second_part` names the second's part where it is another; `level` is the
    interval's. Raises NoneInCommon where no seed is in both.
    """
    one, two = find_cells(first, part), find_cells(second, second_part or part)
    one, two = one[one["seed"].isin(two["seed"])], two[two["seed"].isin(one["seed"])]
    if one.empty:
        raise NoneInCommon("The two conditions have no trial in common: run both with the same seeds.")
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
    tested = own[own["part"] == part]
    always = {f"p_{name}": float(name == tested["label"].mode()[0]) for name in class_names(own)}
    return difference(tested.assign(**always), tested, part=part, level=level)


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


def compare_models(predictions: pd.DataFrame, before: str, after: str, profile: Profile) -> pd.DataFrame:
    """`compare` two models, with each architecture that has both: backbone, and the columns of `compare`.

    Parameters: `predictions` of models and of the references of `probes`; `profile` that of the run.
    """
    rows = []
    for backbone, own in predictions.groupby("backbone", sort=False):
        sides = [own[own["model"] == model] for model in (before, after)]
        if not any(side.empty for side in sides):
            rows.append({"backbone": backbone, **compare(*sides, profile)})
    return pd.DataFrame(rows, columns=["backbone", *Difference._fields, "verdict"])


def compare(first: pd.DataFrame, second: pd.DataFrame, profile: Profile) -> dict:
    """What the test accuracies of two models with one architecture each differ by, and what follows from it.

    Of both the trials are compared that `keep_trials` keeps. Returns the fields of `Difference` and verdict: "higher",
    "lower" or "not settled" by the interval, or why nothing follows from it: `find_doubt`, or fewer trials in common
    than FEWEST_TRIALS.
    """
    sides = keep_trials(first), keep_trials(second)
    doubt, other = found_doubts = [find_doubt(side, profile) for side in sides]
    doubts = [f"each {doubt}".replace("each is not", "neither is")] if doubt and doubt == other else [
        f"{MODEL_TITLES[side['model'].iloc[0]].lower()} {doubt}"
        for side, doubt in zip((first, second), found_doubts, strict=True) if doubt]
    try:
        found = difference(*sides)
    except ValueError:
        found = Difference(*[np.nan] * 6, 0, 0)
    if found.trials < FEWEST_TRIALS and not doubts:
        doubts = [f"they have {found.trials or 'no'} trial{'s' * (found.trials > 1)} in common"]
    return {**found._asdict(), "verdict": f"nothing follows: {'; '.join(doubts)}" if doubts else find_side(found)}


def find_side(found: Difference) -> str:
    """On which side of zero the whole interval lies: "higher", "lower", or "not settled"."""
    return "higher" if found.low > 0 else "lower" if found.high < 0 else "not settled"


def keep_trials(own: pd.DataFrame) -> pd.DataFrame:
    """The trials of one model with one architecture that count: none that diverged, and of a fine-tuned one none in
    which the head alone learned (a column `layers` says so), except where no other is left."""
    kept = drop_trials(own, find_diverged(own))
    return own if kept.empty else kept if (untuned := find_untuned(kept)).all() else kept[~untuned]


def find_doubt(own: pd.DataFrame, profile: Profile) -> str:
    """Why nothing may be concluded from one model with one architecture, or "".

    All its trials diverged; in all that did not only the head learned, though it is called fine-tuned; the profile cut
    its training short; fewer trials count than FEWEST_TRIALS; or it is IDLE, where the interval of its accuracy less
    that of always naming the commonest class reaches to zero.
    """
    own = keep_trials(own)
    if len(find_diverged(own)):
        return "diverged"
    model, trials = own["model"].iloc[0].removesuffix("_frozen"), own["seed"].nunique()  # of `scores.FROZEN_IN_FACT`
    recipe = RECIPES.get((model, own["backbone"].iloc[0]))  # references have none
    return ("learned in its last layer alone" if find_untuned(own).all() else
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
        lost = len(find_diverged(kept))
        gap = Difference(*[np.nan] * 6, 0, 0) if lost else difference(
            kept, kept, part=BOX_CONDITIONS[1], second_part=BOX_CONDITIONS[2])
        verdict = (f"nothing follows, since it {doubt}" if doubt else "the figure counts for more" if gap.low > 0 else
                   "the figure counts for less" if gap.high < 0 else "that the figure counts for more is not settled")
        whole = np.nan if lost else float(per_trial(kept)["accuracy"].mean())
        rows.append((model, backbone, whole, *gap, doubt, verdict))
    return pd.DataFrame(rows, columns=["model", "backbone", "whole", *Difference._fields, "doubt", "verdict"])


def accuracies_by_condition(found: pd.DataFrame) -> pd.DataFrame:
    """The accuracy in each condition and strength, from `backgrounds.tabulate_conditions`, which has rows.

    Returns condition, strength, trials, pictures, accuracy, low and high as in `scores.summary`; called_by_background,
    how often the class is named that goes with the background shown, NaN where none is.
    """
    poses, rows = {kind: pose for pose, kind in LINKED.items()}, []
    found = drop_trials(found, find_diverged(found))
    for (condition, strength), own in found.groupby(["condition", "strength"], sort=False, dropna=False):
        score, shown = summary(own, own["part"].iloc[0]).iloc[0], own[own["background"] != ""]
        rows.append({"condition": condition, "strength": strength, **score[["trials", "pictures", "accuracy"]],
                     "low": score["accuracy_low"], "high": score["accuracy_high"],
                     "called_by_background": (shown["background"].map(poses) == shown["predicted"]).mean()})
    return pd.DataFrame(rows)
