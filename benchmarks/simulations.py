"""Simulate what the report concludes from: is what is there found, and how often is what is not there?

Nothing is timed: it compares no two ways, and the chapter on the audit shows its tables. `--small` runs two rounds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
from common import main, say
from scipy.special import softmax
from scipy.stats import rankdata

from artpose_lib.classify.calibration import apply_temperature, fit_temperature
from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.explain.filters import min_p
from artpose_lib.report import bootstrap, claims, evidence, scores, verdicts
from artpose_lib.train.recipes import find_profile

LABELS = np.repeat(np.arange(6), (5, 1, 3, 7, 2, 6))  # a test part of Experiment 1 on 171 museum pictures
COUNTS = np.array([36, 8, 23, 47, 14, 43])  # all of these pictures
TRIALS = 5
SPREAD = 0.13  # of accuracies over trials; that of the fine-tuned VGG16 on these pictures
NETWORKS = ("finetuned_aug Xception", "finetuned VGG16", "finetuned ResNet50", "finetuned Xception")
RIVALS = "finetuned *"


def coverage(rounds: int) -> list[dict]:
    """How often the interval of one network's accuracy, and of the difference of two that are as often right, holds the
    truth, and how wide it is."""
    rows = []
    for pictures, accuracy in product((7, 17, 34, 100), (0.3, 0.5, 0.8, 0.95, 1.0)):
        found = {"accuracy": [], "difference": []}
        for seed in range(rounds):
            cells = [own for *_, own in draw_trials(np.random.default_rng([pictures, seed]), pictures, [accuracy] * 2)]
            cells = [1 - own.astype(int) for own in cells]  # all are of the first of two classes
            own, redrawn = (values[..., 0] for values in bootstrap.bootstrap_means([cells], 2, resamples=300))
            for of, of_trials, drawn in (("accuracy", own[0], redrawn[0]),
                                         ("difference", own[1] - own[0], redrawn[1] - redrawn[0])):
                found[of].append(bootstrap.interval(bootstrap.widen(drawn, of_trials), of_trials.mean()))
        for of, truth in (("accuracy", accuracy), ("difference", 0)):
            low, high = np.array(found[of]).T
            rows.append({"interval of the": of, "test pictures": pictures, "true accuracy": accuracy,
                         "held": np.mean((low - 1e-9 <= truth) & (truth <= high + 1e-9)), "width": np.mean(high - low)})
    return rows


def draw_trials(rng: np.random.Generator, pictures: int, right: Sequence[float], trials: int = TRIALS,
                spread: float = 0) -> Iterator[tuple]:
    """For each trial which pictures of a pool ten times as large are tested, and which of them each network of these
    true accuracies names rightly, bool (networks, pictures). Half of the pool is answered alike in all trials, but for
    a `spread`: the standard deviation of a network's true accuracy over trials."""
    pool, shape = 10 * pictures, (len(right), 10 * pictures)
    luck, alike = rng.random(shape), np.arange(pool) % 2 == 0
    for _ in range(trials):
        tested, own = rng.permutation(pool)[:pictures], rng.normal(right, spread)
        answers = np.where(alike, luck, rng.random(shape)) < own[:, None]
        yield tested, answers[:, tested]


def predict(rng: np.random.Generator, pictures: int, right: dict[str, float], part: str = "test",
            **more: float) -> pd.DataFrame:
    """Predictions of networks by their true accuracies (as `draw_trials`); wrong names fall on the others at random."""
    labels, k, names = rng.choice(6, 10 * pictures, p=COUNTS / COUNTS.sum()), len(POSE_NAMES), list(right)
    trials = list(draw_trials(rng, pictures, list(right.values()), **more))
    tested, answers = (np.stack(both) for both in zip(*trials, strict=True))  # (trials, n), (trials, networks, n)
    tested = np.repeat(tested[:, None], len(names), axis=1)
    wrong = rng.integers(1, k, tested.shape)
    called = (labels[tested] + np.where(answers, 0, wrong)) % k
    return frame(names, part, tested, labels[tested], np.eye(k)[called])


def frame(names: Sequence[str], part: str, tested: np.ndarray, labels: np.ndarray, sure: np.ndarray) -> pd.DataFrame:
    """Predictions from arrays (trials, networks, pictures, ...)."""
    seeds, networks = (axis.ravel() for axis in np.indices(tested.shape)[:2])
    models, backbones = np.array([name.split(" ") for name in names]).T
    return pd.DataFrame(sure.reshape(-1, len(POSE_NAMES)), columns=[f"p_{pose}" for pose in POSE_NAMES]).assign(
        model=models[networks], backbone=backbones[networks], seed=seeds, part=part, layers="finetuned",
        file_name=tested.ravel().astype(str), label=np.array(POSE_NAMES)[labels.ravel()])


def predict_classes(rng: np.random.Generator, pictures: int, counts: np.ndarray) -> pd.DataFrame:
    """Predictions of a network to which all classes are equally hard."""
    labels = rng.choice(6, 10 * pictures, p=counts / counts.sum())
    tested = np.stack([[rng.permutation(len(labels))[:pictures]] for _ in range(TRIALS)])
    sure = softmax(rng.normal(size=(*tested.shape, 6)) + 2 * np.eye(6)[labels[tested]], axis=-1)
    return frame(NETWORKS[:1], "test", tested, labels[tested], sure)


def ask(kind: str, predictions: pd.DataFrame, first: str = "", value: str = "", metric: str = "accuracy",
        history: pd.DataFrame | None = None) -> str:
    """The verdict of the report's own check on a claim about the first of NETWORKS."""
    counts = pd.Series(COUNTS, POSE_NAMES)
    study = SimpleNamespace(profile=find_profile("thesis"), dataset=SimpleNamespace(counts=lambda: counts))
    claim = pd.Series({"kind": kind, "metric": metric, "first": first, "second": NETWORKS[0], "value": value})
    claim = next(claim.to_frame().T.itertuples(index=False))
    return claims.check_claim(evidence.ClaimContext(study, predictions, history, None, None), claim).verdict


def draw_curves(rng: np.random.Generator) -> pd.DataFrame:
    """Learning curves of all NETWORKS that are alike: each epoch's noise hangs on that of the epoch before."""
    frames = []
    for name, seed in product(NETWORKS, range(TRIALS)):
        noise = np.convolve(rng.normal(size=40), 0.8 ** np.arange(20))[20:40]
        frames.append(pd.DataFrame({"epoch": range(1, 21), "val_loss": noise, "seed": seed}).assign(
            **dict(zip(("model", "backbone"), name.split(" "), strict=True))))
    return pd.concat(frames)


def errors(rounds: int) -> list[dict]:
    """How often each kind of claim holds, fails or is not settled, where the truth is known."""
    everyone = dict.fromkeys(NETWORKS, 0.8)
    cases: list[tuple[str, str, Callable[[np.random.Generator, int], str]]] = [
        ("A is above B", "both are equal",
         lambda rng, n: ask("above", predict(rng, n, dict.fromkeys(NETWORKS[:2], 0.8)), NETWORKS[1])),
        *(("A is above B", f"both are equal; {trials} trials with a standard deviation of {SPREAD}",
           lambda rng, n, trials=trials: ask("above", predict(rng, n, dict.fromkeys(NETWORKS[:2], 0.8), trials=trials,
                                                              spread=SPREAD), NETWORKS[1])) for trials in (3, 4, 5)),
        ("A is above B", "A is 10 points above",
         lambda rng, n: ask("above", predict(rng, n, {NETWORKS[0]: 0.85, NETWORKS[1]: 0.75}), NETWORKS[1])),
        ("A is the best of four", "all are equal", lambda rng, n: ask("best", predict(rng, n, everyone), RIVALS)),
        ("A is the best of four", "A is 4 points above",
         lambda rng, n: ask("best", predict(rng, n, everyone | {NETWORKS[0]: 0.84}), RIVALS)),
        ("A is the best of four", "A is 10 points above",
         lambda rng, n: ask("best", predict(rng, n, everyone | {NETWORKS[0]: 0.9}), RIVALS)),
        ("A is the best of four", "A is 10 points below",
         lambda rng, n: ask("best", predict(rng, n, everyone | {NETWORKS[0]: 0.7}), RIVALS)),
        *(("test is close to validation (0.05)", f"they differ by {gap}", lambda rng, n, gap=gap: ask(
            "close", pd.concat([predict(rng, n, {NETWORKS[0]: 0.85}, "validation"),
                                predict(rng, n, {NETWORKS[0]: 0.85 - gap})]), value="0.05")) for gap in (0, 0.05, 0.2)),
        ("A learns", "it is as often right as the commonest class",
         lambda rng, n: ask("learns", predict(rng, n, {NETWORKS[0]: COUNTS.max() / COUNTS.sum()}))),
        *((f"one class has the {rank} {score}", "all are equally hard",
           lambda rng, n, rank=rank, score=score: ask(f"{rank}_class", predict_classes(
               rng, n, np.ones(6) if score == "f1" else COUNTS), value=POSE_NAMES[-1], metric=score))
          for rank, score in (("best", "auc"), ("worst", "recall"), ("best", "f1"))),
        ("single figures are taken for groups", "wrong names fall by the classes' shares",
         lambda rng, n: ask("confused", mistake(rng, n), "single figures", "a pose of several")),
        *((f"A's curves {what}", "all are alike", lambda rng, n, kind=kind: ask(
            kind, predict(rng, 24, everyone), RIVALS, metric="val_loss", history=draw_curves(rng)))
          for kind, what in (("most_spread", "spread most of four"), ("fastest", "are the fastest of four")))]
    rows = []
    for number, (claim, truth, check) in enumerate(cases):
        few, many = "curves" in claim or "class" in claim, "point" in truth or "close" in claim
        for pictures in (24,) if few else (150,) if many else (24, 150):
            runs = rounds // (1 if pictures == 24 else 2)
            found = Counter(check(np.random.default_rng([number, pictures, seed]), pictures) for seed in range(runs))
            rows.append({"claim": claim, "truth": truth, "test pictures": pictures, "runs": runs} | {
                verdict: found[verdict] / runs for verdict in (verdicts.HOLDS, verdicts.FAILS, verdicts.UNSETTLED)})
            say(str(rows[-1]))
    return rows


def mistake(rng: np.random.Generator, pictures: int) -> pd.DataFrame:
    """Predictions of a network whose wrong names fall on the other classes by their shares."""
    rows = predict(rng, pictures, {NETWORKS[0]: 0.8})
    odds = np.where(np.eye(6)[pd.Index(POSE_NAMES).get_indexer(rows["label"])], 0, COUNTS)
    called = (odds.cumsum(axis=1) > rng.random((len(rows), 1)) * odds.sum(axis=1, keepdims=True)).argmax(axis=1)
    names = [f"p_{pose}" for pose in POSE_NAMES]
    wrong = scores.find_cells(rows, "test")["right"].eq(False).to_numpy()
    rows.loc[wrong, names] = np.eye(6)[called[wrong]]
    return rows


def selectivity(rounds: int, widths: Sequence[int] = (512, 1280, 2048, 3904)) -> list[dict]:
    """How often a filter that never errs for a class has p <= 0.05 among others that know nothing, and one of these."""
    rows = []
    for width in widths:
        for planted in (None, *np.flatnonzero(np.bincount(LABELS) > 1)):
            found = []
            for seed in range(rounds * (40 if planted is None else 1)):
                peaks = np.random.default_rng([width, seed]).normal(size=(len(LABELS), width))
                peaks[:, 0] += 20 * (planted == LABELS)
                p = min_p(rankdata(peaks, axis=0), LABELS, 6, seed)
                found.append(p.min() if planted is None else p[0])
            what = "none knows anything" if planted is None else f"one knows a class of {(planted == LABELS).sum()}"
            rows.append({"of": f"{width} filters", "if": what, "runs": len(found),
                         "p <= 0.05": np.mean(np.array(found) <= 0.05), "median": np.median(found)})
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


def measure(small: bool) -> dict:
    rounds = 2 if small else 200
    return {"comparisons": [], "rounds": rounds, "coverage": coverage(rounds), "errors": errors(rounds),
            "temperatures": temperatures(min(rounds, 40)), "selectivity": selectivity(min(rounds, 5))}


if __name__ == "__main__":
    main(measure)
