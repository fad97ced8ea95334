"""What augmentation and MAX_LR change, by whole recipes on pictures small enough for two cores.

Run by hand, some minutes a trial: `python benchmarks/augmentation.py DATA RESULTS [SIZE [BACKBONE [SEEDS]]]` trains
what is not stored in RESULTS (the seeds 40 to 44, or those given, such as 40,41) and prints two tables. Each way is the
recipe of the fine-tuned, augmented model on the same divisions. ARTPOSE_WEIGHTS names a folder of ImageNet weights.
"""

import os
import sys
from dataclasses import replace

import pandas as pd

from artpose_lib.report import scores
from artpose_lib.report.statistics import compare
from artpose_lib.train.recipes import SEEDS
from artpose_lib.train.records import Trials
from artpose_lib.train.study import open_study
from artpose_lib.train.training import find_peak
from artpose_lib.train.variants import FAITHFUL, Variant

WAYS = {"SMOTE, then imgaug": FAITHFUL, "nothing": Variant(augmentation=()), "SMOTE": Variant(augmentation=("SMOTE",)),
        "imgaug": Variant(augmentation=("imgaug",)), "copies": Variant(augmentation=("copies",)),
        "imgaug, then SMOTE": Variant(augmentation=("imgaug", "SMOTE")),
        "MAX_LR as in the text": Variant(max_lr="peak")}
BOTH = next(iter(WAYS))
PAIRS = [("nothing", "SMOTE"), ("nothing", "imgaug"), ("nothing", "copies"), ("nothing", BOTH), ("copies", BOTH),
         ("imgaug, then SMOTE", BOTH), (BOTH, "MAX_LR as in the text")]


def measure(data: str, results: str, size: str = "96", backbone: str = "EfficientNet-Lite0",
            seeds: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row a way and a row a pair of ways, on the folder `data`; trials are kept in `results`."""
    study = open_study(data, os.environ.get("ARTPOSE_WEIGHTS", ""), "thesis", results)
    study = replace(study, profile=replace(study.profile, input_size=int(size)))
    found = {name: [] for name in WAYS}
    for seed in [int(seed) for seed in seeds.split(",") if seed] or SEEDS:  # all ways of one before the next
        for name, variant in WAYS.items():
            found[name] += study.train("finetuned_aug", variant=variant, backbones=[backbone], seeds=[seed]).records
    rows, gaps = [], []
    for name, records in found.items():
        trials, histories = Trials(records, {}), [record.history for record in records]
        score = scores.summary(trials.predictions).iloc[0]
        rows.append({"way": name, **score[["trials", "accuracy", "accuracy_low", "accuracy_high", "macro_f1"]],
                     "epochs": [len(history) for history in histories],
                     "best rate of phase I": [find_peak(history[history["phase"] == 1]) for history in histories],
                     "kept phase": trials.diagnoses["kept_phase"].tolist()})
    for before, after in PAIRS:
        sides = [Trials(found[way], {}).predictions for way in (before, after)]
        gaps.append({"from": before, "to": after, **compare(*sides, study.profile)})
    return pd.DataFrame(rows), pd.DataFrame(gaps)


if __name__ == "__main__":
    for frame in measure(*sys.argv[1:]):
        print(frame.round(3).to_string(index=False), end="\n\n")
