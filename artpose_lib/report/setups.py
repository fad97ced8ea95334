"""What a recipe of today is made of: one thing changed at a time, in the divisions of the thesis' trials.

Nothing is trained here but heads (`heads.fit_head`). Predictions have the form that `scores` reads, SETUPS are their
models.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from artpose_lib.classify.calibration import apply_temperature, fit_temperature
from artpose_lib.classify.final import group_sources, know_sources, train_final
from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.views import FIVE_CROPS
from artpose_lib.report import probes, statistics
from artpose_lib.report.scores import per_trial
from artpose_lib.train.heads import STRENGTHS_OF_HEAD, fit_head, list_folds
from artpose_lib.train.means import ClassMeans
from artpose_lib.train.recipes import BEST, find_recipe
from artpose_lib.train.records import likeliest_class, tabulate_answers
from artpose_lib.train.study import NO_WEIGHTS, Study
from artpose_lib.train.trials import Cache

LITE, LITE1, LITE2 = (f"EfficientNet-Lite{number}" for number in range(3))
SOURCES_APART = "other sources"


class Setup(NamedTuple):
    """What a head learns from: the features of these networks side by side, of these views and sizes on average."""

    title: str
    networks: tuple[str, ...] = (LITE,)
    views: tuple[str, ...] = ("whole",)
    sizes: tuple[int | None, ...] = (None,)  # of the input in pixels; None: the network's own
    mirrored: bool = True  # the mirror image too
    rooted: bool = True
    validated: bool = False  # it also learns from the validation part
    strengths: tuple[float, ...] = STRENGTHS_OF_HEAD
    ridge: bool = False  # see `fit_head`


SETUPS: dict[str, Setup] = {
    BEST: Setup("Lite0, picture and mirror image, square roots, strength chosen"),
    "no mirror image": Setup("the picture alone", mirrored=False),
    "no roots": Setup("features as they are", rooted=False),
    "strength not chosen": Setup("one strength for all (C = 1)", strengths=(1.0,)),
    "validation part too": Setup("it learns from the validation part too", validated=True),
    "ridge": Setup("ridge regression in the place of the logistic", strengths=(1e-5, 1e-4, 1e-3, 1e-2), ridge=True),
    "grey": Setup("shown in grey", views=("grey",)),
    "own proportions": Setup("shown in its own proportions, with bars", views=("padded",)),
    "grey, own proportions": Setup("shown in grey and in its own proportions", views=("grey padded",)),
    "grey twice": Setup("shown in grey, stretched and in its own proportions, on average",
                        views=("grey", "grey padded")),
    "centre": Setup("its centre alone", views=("centre",)),
    "centre too": Setup("its centre too, on average", views=("whole", "centre")),
    "five crops": Setup("its centre and corners, on average", views=tuple(FIVE_CROPS)),
    "320 pixels": Setup("at 320 pixels", sizes=(320,)),
    "224 and 320 pixels": Setup("at 224 and 320 pixels, on average", sizes=(None, 320)),
    "Lite1": Setup("Lite1, 240 pixels", (LITE1,)), "Lite2": Setup("Lite2, 260 pixels", (LITE2,)),
    "Xception": Setup("Xception, 299 pixels", ("Xception",)),
    "three networks": Setup("Lite0, Lite1 and Lite2 together", (LITE, LITE1, LITE2)),
    "four networks": Setup("Lite0, Lite1, Lite2 and Xception together", (LITE, LITE1, LITE2, "Xception"))}
# Of stored features.
CHEAP = (BEST, "no mirror image", "no roots", "strength not chosen", "validation part too", "ridge")


def predict_recipes(study: Study) -> pd.DataFrame:
    """What each of SETUPS predicts, with a column scheme: "stratified" and "grouped", a scheme of `splits.SPLITS`, and
    "other sources", where heads learned from other sources than they are asked about.

    A short profile takes CHEAP in the stratified divisions alone. Networks without weights here are left out, and
    schemes that the pictures do not allow.
    """
    y, works, sources = study.dataset.labels, near_duplicate_groups(study.dataset), group_sources(study)
    whole = study.profile.time == 1
    divisions = [(scheme, *division) for scheme in ("stratified", "grouped")[:1 + whole]
                 for division in probes.divide(study, scheme)]
    if whole and know_sources(study.dataset) and sources.max():
        divisions += [(SOURCES_APART, number, known, {"test": asked})
                      for number, (known, asked) in enumerate(list_folds(y, sources))]
    frames = [pd.DataFrame()]
    for name, setup in SETUPS.items():
        if (name not in CHEAP and not whole) or any(study.weights_of(one) == NO_WEIGHTS for one in setup.networks):
            continue
        x = compute_inputs(study, setup)
        for scheme, seed, known, asked in divisions:
            if setup.validated and "validation" in asked:
                known = np.concatenate([known, asked["validation"]])
            head = fit_head(x[known], y[known], (sources if scheme == SOURCES_APART else works)[known],
                            len(study.dataset.classes), setup.strengths, setup.ridge)
            frames += [tabulate_answers(study.dataset, rows, head.answer(x[rows]), part=part, model=name,
                                        backbone=" + ".join(setup.networks), seed=seed, scheme=scheme)
                       for part, rows in asked.items()]
    return pd.concat(frames, ignore_index=True).round(4)  # a third of the bytes of an edition


def predict_final(study: Study) -> pd.DataFrame:
    """What heads of `train_final` say of pictures of works ("validation") and, where these are known, of sources
    ("test") that they did not learn from, their probabilities tempered; none of a profile that shortens it, or without
    weights."""
    if not study.profile.full_strength(find_recipe(BEST, LITE)) or study.weights_of(LITE) == NO_WEIGHTS:
        return pd.DataFrame()
    record = train_final(study, LITE)
    found = record.predictions
    chances, known = [f"p_{name}" for name in study.dataset.classes], found["part"] == "validation"
    values = found[chances].to_numpy(float)
    labels = pd.Index(study.dataset.classes).get_indexer(found["label"])
    found[chances] = apply_temperature(values, fit_temperature(values[known], labels[known]))
    return found[known | record.facts["pictures"]["sources"]].round(4)


def compare_strangers(study: Study, strangers: PoseDataset) -> pd.DataFrame:
    """Of each picture of a data set that shows no class of the study's, nearer: the share of the study's pictures that
    are nearer to a class of other works than it is, as the final model sees them. Their mean is the AUROC of `unlike`.
    """
    record = train_final(study, LITE)
    features = replace(study, dataset=strangers, cache=Cache()).compute_roots(LITE, record.config["views"])
    known = ClassMeans.load(record.folder)
    places = np.searchsorted(known.held_out, known.measure_distances(features))
    return pd.DataFrame({"nearer": np.float32(places / len(known.held_out))})


def measure_calibration(found: pd.DataFrame, bins: int = 10) -> tuple[float, float]:
    """The expected calibration error of predictions (Guo and others 2017, arXiv:1706.04599), and what that of a
    calibrated model stays under on as many pictures, 19 times in 20."""
    confidence, right = found.filter(regex="^p_").max(axis=1).to_numpy(float), likeliest_class(found) == found["label"]
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    drawn = np.random.default_rng(0).random((1000, len(found))) < confidence
    errors = [np.abs(np.bincount(places, own - confidence)).sum() / len(found) for own in (right, *drawn)]
    return errors[0], float(np.quantile(errors[1:], 0.95))


def compute_inputs(study: Study, setup: Setup) -> np.ndarray:
    """The features that a setup's head learns from, float32 (n, d)."""
    from artpose_lib.model.classifier import root  # and Keras, which what reads stored answers does without

    found = []
    for network in setup.networks:
        sides = [study.compute_features(network, mirrored, view, size) for view in setup.views for size in setup.sizes
                 for mirrored in (False, True)[:1 + setup.mirrored]]
        mean = np.mean(sides, axis=0)
        found.append(np.asarray(root(mean)) if setup.rooted else mean / mean.mean())
    return np.concatenate(found, axis=1)


def compare_recipes(found: pd.DataFrame, trained: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row for each setup: its accuracy in each part and scheme, and what it has more than each of the `trained`.

    Parameters: `found` as of `predict_recipes`; `trained` predictions of one model and network each, by what they are
    called, in the stratified divisions. Returns model, backbone, validation (accuracy in the stratified divisions),
    test, grouped, sources (pictures of other sources); and for each of `trained` a column of `statistics.Difference`,
    and "p of " it, corrected for the number of setups (Holm). The first has the best validation, of equal ones the one
    that comes first in SETUPS; one that learns from the validation part has none.
    """
    rows = []
    for name, own in found.groupby("model", sort=False):
        first, seen = own[own["scheme"] == "stratified"], not SETUPS[name].validated
        row = {"model": name, "backbone": own["backbone"].iloc[0],
               "validation": per_trial(first, "validation")["accuracy"].mean() if seen else np.nan}
        own = own.assign(seed=own["seed"].where(own["scheme"] != SOURCES_APART, 0))  # whose folds ask each picture once
        for column, scheme in (("test", "stratified"), ("grouped", "grouped"), ("sources", SOURCES_APART)):
            part = own[own["scheme"] == scheme]
            row[column] = per_trial(part)["accuracy"].mean() if len(part) else np.nan
        rows.append(row | {of: statistics.difference(other, first) for of, other in trained.items()})
    table = pd.DataFrame(rows).sort_values("validation", ascending=False, kind="stable", ignore_index=True)
    return table.assign(**{f"p of {of}": multipletests([one.p for one in table[of]], method="holm")[1]
                           for of in trained})
