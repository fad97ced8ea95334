"""What a trial ended as, whatever its model is called: read from its configuration, history and predictions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from artpose_lib.train.records import Record

EARLY = 3  # epochs in which a network has hardly begun
ALPHA = 0.025  # one-sided


def find_kept_phase(history: pd.DataFrame, of_equal: int = 0) -> int:
    """The phase whose weights `training.train` keeps: that of the highest validation accuracy, of equal ones the first.

    Accuracies that are no numbers are the lowest. Version 0.1.0 kept the last of equal ones (`of_equal` -1), and its
    records do not say which phase it was.
    """
    best = history.groupby("phase")["val_accuracy"].max().fillna(-1)
    return int(best.index[best == best.max()][of_equal])


def diagnose(record: "Record", asked: pd.DataFrame) -> dict[str, object]:
    """What became of a trial.

    `asked` are predictions of any trials on the same pictures: it learned from those that it did not hold out itself.
    Returns kept_phase, best_epoch (from 1, through both phases), ended ("patience", or "limit" of epochs), collapsed
    (all pictures are called one class), diverged, learned (in its best epoch it called more of its own training part
    rightly than the commonest class would, beyond luck by a binomial test), early (best in the first EARLY epochs).
    """
    history, last = record.history.fillna({"val_accuracy": -1}), record.history["phase"].max()
    kept, final = (history[history["phase"] == phase].reset_index(drop=True) for phase in (record.kept_phase, last))
    best, waited = kept.loc[kept["val_accuracy"].idxmax()], len(final) - 1 - final["val_accuracy"].idxmax()
    own, diverged = record.predictions.query("part in ['validation', 'test']"), bool(record.facts.get("diverged"))
    called = own.filter(regex="^p_").to_numpy().argmax(axis=1)
    learned_from = asked.loc[~asked["file_name"].isin(own["file_name"]), "label"]
    return {"kept_phase": record.kept_phase, "best_epoch": int(best["epoch"]),
            "ended": "patience" if waited >= record.config["recipe"]["phases"][last - 1]["patience"] else "limit",
            "collapsed": not diverged and len(set(called)) == 1, "diverged": diverged,
            "learned": not diverged and _beats_commonest(record.config, best["accuracy"], own["label"], learned_from),
            "early": bool(best["epoch"] <= EARLY)}


def _beats_commonest(config: Mapping, accuracy: float, labels: pd.Series, learned_from: pd.Series) -> bool:
    """The size of the training part follows from the parts held out; what augmentation adds to it does not count."""
    from scipy.stats import binom  # a second to import

    recipe = config["recipe"]
    variant, held_out = recipe.get("variant", {}), 0.2 if recipe["split"] == "random" else 0.3  # `splits.split`
    pictures = round(variant.get("share", 1) * len(labels) * (1 / held_out - 1))
    if config["steps_per_epoch"]:
        pictures = min(pictures, config["steps_per_epoch"] * recipe["batch_size"])
    known = learned_from if len(learned_from) else labels
    even = recipe["augmented"] and {"SMOTE", "copies"} & set(variant.get("augmentation", ["SMOTE"]))
    chance = 1 / len(config["classes"]) if even else known.value_counts(normalize=True).max()
    return bool(binom.sf(round(accuracy * pictures) - 1, pictures, chance) < ALPHA)
