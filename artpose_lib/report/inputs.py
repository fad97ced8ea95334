"""Other inputs: what a linear probe says in the divisions of the trials where it is shown something else of a picture.

Nothing is trained here but the probe. Predictions have the form that `scores` reads; their models are the inputs.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from artpose_lib.data import joints
from artpose_lib.data.dataset import DataError, PoseDataset
from artpose_lib.data.metadata import parse_boxes
from artpose_lib.data.splits import split
from artpose_lib.data.views import CROPS, EDGES, widen
from artpose_lib.model import blazepose
from artpose_lib.report.probes import NO_NETWORK, Reference, predict
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import NO_WEIGHTS, Study, open_study

NETWORK = "EfficientNet-Lite0"  # whose weights come with a package
FEW = 3  # divisions of the embedded drawings, of which anyone may draw more


def predict_inputs(study: Study, scheme: str) -> pd.DataFrame:
    """What the probe predicts from each of `list_inputs` in the divisions of a scheme of `splits.SPLITS`; nothing where
    the pictures cannot be divided so.

    It learns from the training part and its mirror images, where also the blur of edges is chosen. A column `shown`
    says of each picture whether there was what the input takes: "all", or "none" where no box or figure is known.
    """
    seeds = study.profile.seeds(find_recipe("frozen", NETWORK))[:FEW if study.embedded else None]
    try:
        divisions = {seed: split(study.dataset, scheme, seed) for seed in seeds}
    except DataError:
        return pd.DataFrame()
    names, frames = study.dataset.metadata["file_name"], []
    for known, forms in list_inputs(study):
        shown = pd.Series(np.where(known, "all", "none"), names)
        for seed, parts in divisions.items():
            own = predict(study.dataset, forms, parts.train, {"validation": parts.validation, "test": parts.test},
                          study.dataset.labels)
            frames.append(own.assign(seed=seed, shown=own["file_name"].map(shown[~shown.index.duplicated()])))
    return pd.concat(frames or [pd.DataFrame()], ignore_index=True).round(4)  # a third of the bytes of an edition


def list_inputs(study: Study) -> Iterator[tuple[np.ndarray, list[Reference]]]:
    """Every input that the study's pictures and weights allow: of which pictures it is known, bool (n,), and the forms
    of which the best is chosen."""
    figures = study.find_figures()
    found = [joints.take_figures(own) for own in _by_picture(figures, study.dataset)]
    true = [joints.read_figures(text) for text in study.dataset.metadata.get("keypoints", ())]
    described = {name: own for name, own in {"joints": found, "true_joints": true}.items() if any(map(len, own))}
    x = {name: [np.stack([joints.describe_figures(turn(one)) for one in own]) for turn in (np.asarray, joints.mirror)]
         for name, own in described.items()}
    for name, own in described.items():
        yield np.array([len(one) > 0 for one in own]), [Reference(name, NO_NETWORK, *x[name])]
    if study.weights_of(NETWORK) == NO_WEIGHTS:
        return
    for name, views in {"whole": ["whole"], **{view: [view] for view in CROPS}, "edges": [*EDGES]}.items():
        boxes = study.find_boxes(name)
        known = np.array([len(own) > 0 for own in boxes]) if name in CROPS else np.ones(len(study.dataset), bool)
        if known.any():
            yield known, [Reference(name, NETWORK, *_see(study, view)) for view in views]
    for name, own in described.items():
        both = [np.hstack(sides) for sides in zip(_see(study, "whole"), x[name], strict=True)]
        yield np.array([len(one) > 0 for one in own]), [Reference(f"picture_{name}", NETWORK, *both)]


def measure_figures(study: Study) -> pd.DataFrame:
    """`Study.find_figures` with a column overlap: the area that a figure's box with its margin and the nearest box of
    the table share, by the area of both together; NaN where the table has none."""
    known = dict(study.dataset.metadata.reindex(columns=["file_name", "boxes"]).fillna("").to_numpy())
    figures = study.find_figures()
    overlaps = [max((_overlap(widen(box, (width, height)), np.array(other)) for other in parse_boxes(known[name])),
                    default=np.nan)
                for name, width, height, *box in figures[["file_name", *blazepose.COLUMNS[3:9]]].to_numpy()]
    return figures.assign(overlap=np.float32(overlaps))


def measure_drawings(study: Study) -> pd.DataFrame:
    """`Study.find_figures` on the drawings of the profile `quick`, whatever pictures the study has; file_name is called
    drawing."""
    drawn = open_study("", study.weights_dir or "", "quick", str(study.results))
    return drawn.find_figures().rename(columns={"file_name": "drawing"})


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = sides.clip(min=0).prod()
    return float(shared / (sum((box[2:] - box[:2]).prod() for box in (one, other)) - shared))


def _see(study: Study, view: str) -> list[np.ndarray]:
    return [study.compute_features(NETWORK, mirrored, view) for mirrored in (False, True)]


def _by_picture(figures: pd.DataFrame, dataset: PoseDataset) -> list[pd.DataFrame]:
    """The rows of each picture, in the order of the data set."""
    own = dict(iter(figures.groupby("file_name")))
    return [own.get(name, figures.iloc[:0]) for name in dataset.metadata["file_name"]]
