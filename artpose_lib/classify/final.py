"""The model to take to a collection: the recipe of today, learned from all pictures and calibrated on all of them.

Of each picture it is known what a head said that had not learned from it (out of fold), and how far it is from the
pictures of other works. A trial of the report holds out three pictures in ten for that.
"""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.special import softmax

from artpose_lib.classify.calibration import Neighbours
from artpose_lib.classify.model import NEIGHBOURS
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.summary import UNKNOWN, describe_pictures
from artpose_lib.files import say
from artpose_lib.train import jobs, records, trials
from artpose_lib.train.heads import fit_head, list_folds
from artpose_lib.train.recipes import BEST, find_recipe
from artpose_lib.train.study import Study

FINAL = "final"  # in the place of a seed


def train_final(study: Study, backbone: str) -> records.Record:
    """Train the recipe of today on all pictures of a study, unless that is stored, and return its record.

    Its strength is chosen by divisions that keep sources apart, since a collection is another source. Its predictions
    are out of fold: the part "validation" of heads that learned from other works, which calibrates the confidence, and
    "test" of heads that learned from other sources, as far as sources are known. Raises WeightsMissing as
    `build_backbone`.
    """
    recipe = replace(study.profile.scale(find_recipe(BEST, backbone)), split="all")
    config = trials.configure(study, recipe, FINAL, study.dataset.fingerprint, study.dataset.classes)
    folder = records.record_folder(study.results, config)
    jobs.run_one(jobs.Job(folder, partial(_train, study, backbone, config)))
    return records.Record(folder)


def group_sources(study: Study) -> np.ndarray:
    """The group of each picture, int (n,): those of one work, and those of one source where it is known."""
    works, sources = near_duplicate_groups(study.dataset), describe_pictures(study.dataset)["source"].to_numpy(object)
    joined = (works[:, None] == works) | ((sources[:, None] == sources) & (sources != UNKNOWN))
    return connected_components(joined, directed=False)[1]


def predict_out_of_fold(x: np.ndarray, y: np.ndarray, groups: np.ndarray, sources: np.ndarray,
                        n_classes: int) -> np.ndarray:
    """Probabilities float (n, classes) of each picture by a head that learned from the other `groups` alone; `sources`,
    int (n,), are kept apart in choosing its strength."""
    found = np.zeros((len(y), n_classes))
    for known, asked in list_folds(y, groups):
        head = fit_head(x[known], y[known], sources[known], n_classes)
        found[asked] = softmax(x[asked] @ head.kernel + head.bias, axis=1)
    return found


def _train(study: Study, backbone: str, config: dict) -> None:
    from artpose_lib.model.classifier import build_head

    say(f"{BEST} {backbone} on all {len(study.dataset)} pictures")
    started, dataset = time.monotonic(), study.dataset
    x, y, classes = study.compute_roots(backbone), dataset.labels, dataset.classes
    works, sources = near_duplicate_groups(dataset), group_sources(study)
    head = fit_head(x, y, sources, len(classes))
    model = build_head(x.shape[1], len(classes))
    model.set_weights(head[:2])
    frames, values = [], {}
    for part, groups in (("validation", works), ("test", sources)):
        found = predict_out_of_fold(x, y, groups, sources, len(classes))
        frames.append(dataset.metadata[["file_name", "label"]].assign(
            part=part, **dict(zip([f"p_{name}" for name in classes], found.T, strict=True))))
        values[part] = found
    def measure(found):
        return {"loss": -np.log(np.maximum(found[np.arange(len(y)), y], 1e-7)).mean(),
                "accuracy": (found.argmax(axis=1) == y).mean()}

    own, held_out = measure(softmax(x @ head.kernel + head.bias, axis=1)), measure(values["validation"])
    history = pd.DataFrame([{"epoch": 1, "phase": 1, "learning_rate": np.nan, **own,
                             **{f"val_{name}": value for name, value in held_out.items()}}])

    def save(path: str) -> None:
        model.save_weights(path)
        np.savez(Path(path).with_name(NEIGHBOURS), **vars(Neighbours.fit_apart(x, works)))

    records.store_record(study.results, config, history, pd.concat(frames, ignore_index=True),
                         time.monotonic() - started, save, study.data_name)
