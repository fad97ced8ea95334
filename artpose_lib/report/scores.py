"""How well the poses are told apart: the scores of Section 2.3, from stored predictions, with their uncertainty.

A predictions frame has a row for each picture and trial, with the columns model, backbone, seed, file_name, part, label
and a probability p_<class> for each class. A history frame has a row for each epoch and trial: model, backbone, seed,
epoch, accuracy, loss, val_accuracy, val_loss.
"""

from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import auc, precision_recall_fscore_support, roc_curve

from artpose_lib.data.poses import thesis_table
from artpose_lib.report.bootstrap import METRICS, bootstrap_means, count_cells, interval, score_confusions, widen
from artpose_lib.train.records import class_names

_TRIAL = ["model", "backbone", "seed"]
_SCORE = ["model", "backbone", "metric"]
MODEL_TITLES = {"baseline": "Baseline", "frozen": "Frozen", "finetuned": "Fine-tuned",
                "finetuned_aug": "Fine-tuned, augmented", "finetuned_frozen": "Fine-tuned, in fact frozen",
                "finetuned_aug_frozen": "Fine-tuned, augmented, in fact frozen",
                "best": "Best of today",
                # the simple models of `probes`
                "probe": "Linear probe", "nearest": "Nearest neighbour",
                "permuted": "Nearest neighbour, labels dealt at random", "thumbnail": "16 x 16 pixels",
                "file": "Size of the file", "source": "Name of the source", "commonest": "Commonest class",
                # what `other_inputs` shows to a probe
                "whole": "Whole picture", "cropped": "Cropped to boxes", "found": "Cropped to what is found",
                "edges": "Edges", "joints": "Found joints", "true_joints": "True joints",
                "picture_joints": "Picture and found joints", "picture_true_joints": "Picture and true joints"}
# A fine-tuned trial that kept the weights of a phase in which the head alone learned is a frozen model: its other name.
FROZEN_IN_FACT = {"finetuned": "finetuned_frozen", "finetuned_aug": "finetuned_aug_frozen"}


class NothingToScore(ValueError):
    """The training of all trials diverged, or two conditions have none in common."""


def find_diverged(predictions: pd.DataFrame) -> pd.DataFrame:
    """The trials whose training diverged, so that some picture has no probabilities: model, backbone, seed."""
    chances = predictions[[f"p_{name}" for name in class_names(predictions)]].apply(pd.to_numeric, errors="coerce")
    return predictions.loc[~np.isfinite(chances).any(axis=1), _TRIAL].drop_duplicates(ignore_index=True)


def find_untuned(predictions: pd.DataFrame) -> pd.Series:
    """Whether each row, with `layers` as in `Trials`, is of a fine-tuned trial that is FROZEN_IN_FACT."""
    return predictions["model"].isin(FROZEN_IN_FACT) & (predictions.get("layers") == "frozen")


def name_as_ended(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions with the models that are FROZEN_IN_FACT called so."""
    return predictions.assign(model=predictions["model"].mask(find_untuned(predictions),
                                                              predictions["model"].map(FROZEN_IN_FACT)))


def drop_trials(frame: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Predictions or history without those of some trials, a row each as of `find_diverged`."""
    if trials.empty:
        return frame
    return frame[~pd.MultiIndex.from_frame(frame[_TRIAL]).isin(pd.MultiIndex.from_frame(trials[_TRIAL]))]


def _select(predictions: pd.DataFrame, part: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The rows of one part, less diverged trials, their true classes int (n,) and probabilities float (n, k)."""
    rows = predictions[predictions["part"] == part]
    if rows.empty:
        there = ", ".join(sorted(predictions["part"].unique())) or "none"
        raise ValueError(f"No predictions for the part {part!r}; the parts there: {there}.")
    lost = find_diverged(rows)
    rows, classes = drop_trials(rows, lost), class_names(predictions)
    if rows.empty:
        names = "; ".join(f"{model} {backbone} seed {seed}" for model, backbone, seed in lost.to_numpy())
        raise NothingToScore(f"There is nothing to score, as the training of all trials diverged: {names}.")
    probabilities = rows[[f"p_{name}" for name in classes]].apply(pd.to_numeric).to_numpy(float)
    return rows, pd.Index(classes).get_indexer(rows["label"]), probabilities


def find_cells(predictions: pd.DataFrame, part: str) -> pd.DataFrame:
    """The rows of a part with two columns more: cell, the place in the flat confusion matrix, and right (bool)."""
    rows, true, probabilities = _select(predictions, part)
    called = probabilities.argmax(axis=1)
    return rows.assign(cell=true * probabilities.shape[1] + called, right=true == called)


def per_trial(predictions: pd.DataFrame, part: str = "test") -> pd.DataFrame:
    """The `METRICS` of each trial: model, backbone, seed, pictures, accuracy, macro_f1, weighted_f1.

    Leaves out trials that diverged. Raises NothingToScore where there is no other, ValueError for a part without
    predictions.
    """
    k, trials = len(class_names(predictions)), find_cells(predictions, part).groupby(_TRIAL, sort=False)["cell"]
    values = score_confusions(np.concatenate([count_cells(cells.to_numpy()[None], k) for _, cells in trials]))
    return trials.size().reset_index(name="pictures").assign(**dict(zip(METRICS, values.T, strict=True)))


def summary(predictions: pd.DataFrame, part: str = "test", level: float = 0.95) -> pd.DataFrame:
    """Means over trials, as in Tables 3.1 and 3.2, each with a confidence interval of that `level`.

    Returns a row for each model and backbone: model, backbone, trials, diverged (trials left out), pictures (those of
    all trials added up), then accuracy, macro_f1 and weighted_f1, each followed by its _low and _high (see
    `bootstrap_means`); last, with NaN for scores, those of which all trials diverged. Otherwise raises as `per_trial`.
    """
    rows, k, lost = [], len(class_names(predictions)), find_diverged(predictions[predictions["part"] == part])
    try:
        cells = find_cells(predictions, part)
    except NothingToScore:
        cells = predictions.iloc[:0]
    for key, own in cells.groupby(_TRIAL[:2], sort=False):
        trials = [cells.to_numpy()[None] for _, cells in own.groupby("seed", sort=False)["cell"]]
        (found,), (redrawn,) = bootstrap_means([trials], k)
        mean = found.mean(axis=0)
        ends = interval(widen(redrawn, found, level), mean, level).clip(0, 1)
        rows.append((*key, len(trials), 0, len(own), *np.stack([mean, *ends], axis=1).ravel()))
    columns = [metric + end for metric in METRICS for end in ("", "_low", "_high")]
    table = pd.DataFrame(rows, columns=[*_TRIAL[:2], "trials", "diverged", "pictures", *columns])
    table, diverged = table.set_index(_TRIAL[:2]), lost.groupby(_TRIAL[:2], sort=False).size()
    table = table.reindex(table.index.union(diverged.index, sort=False)).assign(diverged=diverged)
    counts = table[["trials", "diverged", "pictures"]].fillna(0).astype(int)
    return table.assign(**counts).astype(dict.fromkeys(columns, float)).reset_index()


def class_report(predictions: pd.DataFrame) -> pd.DataFrame:
    """Precision, recall and F1 of each tested class and their averages (Figures 3.4 and 3.7), trials pooled.

    Returns name, kind ("class" or "average"), precision (0 for a class that is never called), recall, f1, support
    (pictures). A class without pictures has no scores, NaN, and stays out of the averages.
    """
    _, true, probabilities = _select(predictions, "test")
    classes, called = class_names(predictions), probabilities.argmax(axis=1)
    score = partial(precision_recall_fscore_support, true, called, zero_division=0)
    rows = [(name, "class", *own) for name, *own in zip(classes, *score(labels=range(len(classes))), strict=True)]
    rows += [(f"{average} average", "average", *score(labels=np.unique(true), average=average)[:3], len(true))
             for average in ("macro", "weighted")]
    report = pd.DataFrame(rows, columns=["name", "kind", "precision", "recall", "f1", "support"])
    report.loc[report["support"] == 0, ["precision", "recall", "f1"]] = np.nan
    return report


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """Counts of test pictures, true class (rows) by predicted class (columns): Figure 3.8. Trials are pooled."""
    classes, cells = class_names(predictions), find_cells(predictions, "test")["cell"].to_numpy()
    return pd.DataFrame(count_cells(cells[None], len(classes))[0], index=pd.Index(classes, name="true"),
                        columns=pd.Index(classes, name="predicted"))


def roc_curves(predictions: pd.DataFrame) -> pd.DataFrame:
    """The ROC curve of each class against the rest, and their averages (Figure 3.6). Several trials are pooled.

    Returns a row for each point: name, kind ("class" or "average"), false_positive_rate, true_positive_rate, auc. A
    class that no test picture has, or that all have, is one row of NaN and stays out of the macro average.
    """
    _, true, probabilities = _select(predictions, "test")
    one_hot = np.eye(probabilities.shape[1], dtype=int)[true]
    drawn = {name: roc_curve(truth, values)[:2] if 0 < truth.mean() < 1 else ([np.nan], [np.nan])
             for name, truth, values in zip(class_names(predictions), one_hot.T, probabilities.T, strict=True)}
    averages = {"micro average": roc_curve(one_hot.ravel(), probabilities.ravel())[:2]}
    if known := [curve for curve in drawn.values() if len(curve[0]) > 1]:
        averages = {"macro average": _mean_curve(known)} | averages
    return pd.concat([
        pd.DataFrame({"name": name, "kind": kind, "false_positive_rate": fpr, "true_positive_rate": tpr,
                      "auc": auc(fpr, tpr) if len(fpr) > 1 else np.nan})
        for kind, curves in (("class", drawn), ("average", averages)) for name, (fpr, tpr) in curves.items()
    ], ignore_index=True)


def _mean_curve(curves: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The mean height of ROC curves at each false positive rate, at the foot and at the top of the step there."""
    rates = np.unique(np.concatenate([fpr for fpr, _ in curves]))
    foot = np.mean([np.interp(-rates, -fpr[::-1], tpr[::-1]) for fpr, tpr in curves], axis=0)
    top = np.mean([np.interp(rates, fpr, tpr) for fpr, tpr in curves], axis=0)
    return np.repeat(rates, 2), np.column_stack([foot, top]).ravel()


def curves(history: pd.DataFrame) -> pd.DataFrame:
    """Learning curves over trials (Figures 3.1 to 3.3 and 3.5): each epoch's mean with a 95 % t-interval.

    Returns model, backbone, epoch, metric (accuracy, loss, val_accuracy, val_loss), mean, low, high (NaN where one
    trial is left, or all are alike, which does not say how far another would be), and trials, those still running.
    """
    keys = ["model", "backbone", "epoch", "metric"]
    long = history.sort_values("epoch", kind="stable").melt(
        keys[:3], ["accuracy", "loss", "val_accuracy", "val_loss"], "metric", "value")
    table = long.groupby(keys, sort=False)["value"].agg(["mean", "std", "count"]).reset_index()
    spread = table["std"].where(table["std"] > 0)
    half = stats.t.ppf(0.975, table["count"] - 1) * spread / np.sqrt(table["count"])
    ceiling = np.where(table["metric"].str.endswith("accuracy"), 1, np.inf)
    low, high = (table["mean"] - half).clip(lower=0), (table["mean"] + half).clip(upper=ceiling)
    return table[[*keys, "mean"]].assign(low=low, high=high, trials=table["count"])


def thesis_scores() -> pd.DataFrame:
    """The scores that Tables 3.1 and 3.2 print: metric, model, backbone, thesis (0 to 1)."""
    tables = pd.concat([thesis_table("table_3_1"), thesis_table("table_3_2")])
    long = tables.melt(["metric", "model"], var_name="backbone", value_name="thesis")
    return long.replace({"metric": {"test_accuracy": "accuracy"}}).astype({"thesis": float})


def thesis_accuracies() -> pd.DataFrame:
    """The mean test accuracies that Tables 3.1 and 3.2 print, a column for each model, a row for each backbone."""
    return thesis_scores().query("metric == 'accuracy'").pivot(index="backbone", columns="model", values="thesis")


def against_thesis(table: pd.DataFrame) -> pd.DataFrame:
    """Tables 3.1 and 3.2 beside a `summary`: model, backbone, metric, thesis, here, low, high, trials, diverged."""
    here = pd.concat(
        table[["model", "backbone", "trials", "diverged", metric, f"{metric}_low", f"{metric}_high"]].rename(
            columns={metric: "here", f"{metric}_low": "low", f"{metric}_high": "high"}).assign(metric=metric)
        for metric in METRICS)
    rows = pd.concat([thesis_scores(), here]).groupby(_SCORE, sort=False, as_index=False).first()
    # In the thesis' order of models, architectures and metrics, then what it has not.
    rows = rows.sort_values(_SCORE, key=lambda column: pd.factorize(column)[0], ignore_index=True)
    counts = rows[["trials", "diverged"]].fillna(0).astype(int)
    return rows[[*_SCORE, "thesis", "here", "low", "high"]].join(counts)
