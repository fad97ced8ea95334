"""The model to take to a collection: the recipe of today, learned from all pictures and calibrated on all of them.

Of each picture it is known what a head said that had not learned from it (out of fold), and how far it is from what
other works look like. A trial of the report holds out three pictures in ten for that.
"""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from artpose_lib.classify.model import FINAL
from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.summary import UNKNOWN, describe_pictures
from artpose_lib.files import say
from artpose_lib.train import jobs, records, trials
from artpose_lib.train.heads import Head, fit_head, list_folds
from artpose_lib.train.means import ClassMeans
from artpose_lib.train.recipes import BEST, find_recipe
from artpose_lib.train.study import Study

# Colours tell a catalogue's paper and a stretched square its format; a grey picture in its own proportions does not.
VIEWS = (("whole",), ("grey",), ("whole", "grey"), ("grey", "grey padded"))


def train_final(study: Study, backbone: str) -> records.Record:
    """Train the recipe of today on all pictures of a study, unless that is stored, and return its record. It is trained
    anew where the stored one tells otherwise of its pictures (see `describe_data`), or an earlier version stored it.

    A collection is another source: so its strength, and which of VIEWS it sees, are chosen by divisions that keep
    sources apart. Its predictions are out of fold: the part "validation" of heads that learned from other
    works, which calibrates the confidence, and "test" of heads that learned from other sources, as far as sources are
    known. Raises WeightsMissing as `build_backbone`.
    """
    recipe = replace(study.profile.scale(find_recipe(BEST, backbone)), split="all")
    features = {views: study.compute_roots(backbone, views) for views in VIEWS}
    works, sources = near_duplicate_groups(study.dataset), group_sources(study)
    views, head = fit_views(features, study.dataset.labels, sources, len(study.dataset.classes))
    config = trials.configure(study, recipe, FINAL, study.dataset.fingerprint, study.dataset.classes, views=views)
    stored = records.Record(records.record_folder(study.results, config))
    pictures = describe_data(study.dataset, works, sources)
    train = partial(_train, study, features, head, config, works, sources, pictures)
    if stored.folder.exists() and stored.facts.get("pictures") != pictures:
        train()
    else:
        jobs.run_one(jobs.Job(stored.folder, train))
    return records.Record(stored.folder)


def group_sources(study: Study) -> np.ndarray:
    """The group of each picture, int (n,): those of one work, and where `know_sources` those of one known source."""
    works, sources = near_duplicate_groups(study.dataset), describe_pictures(study.dataset)["source"].to_numpy(object)
    if not know_sources(study.dataset):
        return works
    joined = (works[:, None] == works) | ((sources[:, None] == sources) & (sources != UNKNOWN))
    return connected_components(joined, directed=False)[1]


def know_sources(dataset: PoseDataset) -> bool:
    """Whether pictures of one known source can be held against those of another."""
    return len(set(describe_pictures(dataset)["source"]) - {UNKNOWN}) > 1


def fit_views(features: dict[tuple[str, ...], np.ndarray], y: np.ndarray, sources: np.ndarray,
              n_classes: int) -> tuple[tuple[str, ...], Head]:
    """The views, and the head on their features (n, d), that answer other `sources` best; of equal ones the first."""
    heads = {views: fit_head(x, y, sources, n_classes) for views, x in features.items()}
    return max(heads.items(), key=lambda own: np.nan_to_num(own[1].accuracy))


def predict_out_of_fold(features: dict[tuple[str, ...], np.ndarray], y: np.ndarray, groups: np.ndarray,
                        sources: np.ndarray, n_classes: int) -> np.ndarray:
    """Probabilities float (n, classes) of each picture by `fit_views` of the other `groups` alone."""
    found = np.zeros((len(y), n_classes))
    for known, asked in list_folds(y, groups):
        views, head = fit_views({name: x[known] for name, x in features.items()}, y[known], sources[known], n_classes)
        found[asked] = head.answer(features[views][asked])
    return found


def _train(study: Study, features: dict[tuple[str, ...], np.ndarray], head: Head, config: dict, works: np.ndarray,
           sources: np.ndarray, pictures: dict) -> None:
    from artpose_lib.model.classifier import build_head

    dataset, started = study.dataset, time.monotonic()
    say(f"{BEST} {config['recipe']['backbone']} on all {len(dataset)} pictures, {' and '.join(config['views'])}")
    x, y, classes = features[config["views"]], dataset.labels, dataset.classes
    of_works = predict_out_of_fold(features, y, works, sources, len(classes))
    of_sources = (predict_out_of_fold(features, y, sources, sources, len(classes)) if pictures["sources"] else
                  of_works)
    answers = {"validation": of_works, "test": of_sources}
    frames = [records.tabulate_answers(dataset, np.arange(len(y)), found, part=part) for part, found in answers.items()]
    row = {"epoch": 1, "phase": 1, "learning_rate": np.nan}
    for of, found in (("", head.answer(x)), ("val_", answers["validation"])):
        row[f"{of}loss"] = -np.log(np.maximum(found[np.arange(len(y)), y], 1e-7)).mean()
        row[f"{of}accuracy"] = (found.argmax(axis=1) == y).mean()

    def save(path: str) -> None:
        model = build_head(x.shape[1], len(classes))
        model.set_weights(head[:2])
        model.save_weights(path)
        ClassMeans.fit(x, y, list_folds(y, works)).save(Path(path).parent)

    records.store_record(study.results, config, pd.DataFrame([row]), pd.concat(frames, ignore_index=True),
                         time.monotonic() - started, save, study.data_name, replace=True, pictures=pictures)


def describe_data(dataset: PoseDataset, works: np.ndarray, sources: np.ndarray) -> dict:
    """What the record of a final model tells of its pictures: how many there are of each class; whether `sources` are
    known and apart; how many are `second`, found by a search in which a network helped to choose, and how many
    `closed`; how many `works` they show; and `groups`, a hash of the groups int (n,) of works and sources."""
    return {"classes": dataset.counts().to_dict(), "sources": bool(know_sources(dataset) and sources.max()),
            "second": int((dataset.metadata.get("found", pd.Series()) == "second").sum()),
            "closed": int((~dataset.publishable).sum()), "works": int(works.max()) + 1,
            "groups": records.hash_json([works.tolist(), sources.tolist()])}
