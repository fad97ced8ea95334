"""What drawings teach about art, and art about drawings: heads that learned from the one are asked of the other."""

from dataclasses import replace

import numpy as np
import pandas as pd

from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.draw.media import MEDIA
from artpose_lib.report import probes
from artpose_lib.train.recipes import SEEDS
from artpose_lib.train.study import NO_WEIGHTS, Study, draw_embedded

NETWORK = "EfficientNet-Lite0"  # its ImageNet weights come with a package
MOST = 400  # drawings; the probe learns 0.97 of them from the rest
SHOTS = (1, 2, 4, 8)  # pictures of art a class


def teach_art(study: Study) -> pd.DataFrame:
    """What heads say of a study's artworks that learned from drawings alone, from a few artworks, or from both.

    Returns predictions (part "test") with a column art, the artworks of each class that were learned from. At 0 all
    artworks are asked, and model is "drawings" or "drawings in …" one of MEDIA. Above 0 it is "art" or "drawings and
    art", the artworks are the first of each class in the training part of each grouped division, of which the test part
    is asked, and count for as much as all drawings together. Empty where the study's are drawings themselves, or not of
    the six poses.
    """
    if not (drawings := open_drawings(study)):
        return pd.DataFrame({"art": []})
    art, drawn = (np.arange(len(own.dataset)) for own in (study, drawings))
    drawn, labels = len(art) + drawn, np.concatenate([study.dataset.labels, drawings.dataset.labels])
    sides = zip(*(probes.see(of, NETWORK) for of in (study, drawings)), strict=True)
    known = probes.SimpleModel("", NETWORK, *map(np.concatenate, sides))
    media = drawings.dataset.metadata["medium"].to_numpy()
    taught = {"drawings": drawn, **{f"drawings in {medium}": drawn[media == medium] for medium in MEDIA}}
    asked = [(0, SEEDS[0], name, rows, art) for name, rows in taught.items()]
    for seed, train, parts in probes.divide(study, "grouped"):
        for shots in SHOTS:
            few = np.concatenate([train[labels[train] == one][:shots] for one in np.unique(labels)])
            both = np.concatenate([drawn, np.tile(few, round(len(drawn) / len(few)))])
            asked += [(shots, seed, name, rows, parts["test"])
                      for name, rows in {"art": few, "drawings and art": both}.items()]
    return pd.concat([
        probes.predict(study.dataset, [known._replace(model=name)], train, {"test": test}, labels).assign(
            art=shots, seed=seed) for shots, seed, name, train, test in asked], ignore_index=True)


def teach_drawings(study: Study) -> pd.DataFrame:
    """What the linear probe that learned from all artworks calls drawings: label, medium, called and pictures, a count.
    """
    if not (drawings := open_drawings(study)):
        return pd.DataFrame(columns=["label", "medium", "called", "pictures"])
    n, labels = len(study.dataset), study.dataset.labels
    fitted = probes.fit_probe(np.concatenate(probes.see(study, NETWORK)), np.tile(labels, 2), np.tile(np.arange(n), 2))
    called = np.array(study.dataset.classes)[fitted.predict(drawings.compute_features(NETWORK))]
    table = drawings.dataset.metadata[["label", "medium"]].assign(called=called)
    return table.value_counts(sort=False).rename("pictures").reset_index()


def open_drawings(study: Study) -> Study | None:
    """The embedded drawings of the study's classes, as many as the profile has and MOST; None where it teaches nothing
    to ask them: its pictures are drawings, or of other classes, or the network's weights are missing."""
    if study.embedded or not {*study.dataset.classes} <= {*POSE_NAMES} or study.weights_of(NETWORK) == NO_WEIGHTS:
        return None
    folder = draw_embedded(study.results, min(study.profile.pictures, MOST))
    return replace(study, dataset=load_dataset(folder, study.dataset.classes), embedded=True)
