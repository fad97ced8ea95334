"""Other inputs: what a linear probe says in the divisions of the trials where it is shown something else of a picture.

Nothing is trained here but the probe. Predictions have the form that `scores` reads; their models are the inputs.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from artpose_lib.data import joints
from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.metadata import parse_boxes
from artpose_lib.data.views import CROPS, EDGES, widen
from artpose_lib.model import blazepose
from artpose_lib.report import probes, statistics
from artpose_lib.report.probes import NO_NETWORK, SimpleModel
from artpose_lib.train.recipes import Profile
from artpose_lib.train.study import NO_WEIGHTS, Study, open_study

NETWORK = "EfficientNet-Lite0"  # whose weights come with a package
OTHERS = ("VGG16", "Xception")  # of the thesis, asked at full strength where their weights are


def predict_inputs(study: Study) -> pd.DataFrame:
    """What the probe predicts from each of `list_inputs` in the grouped divisions; nothing where there are none.

    It learns from the training part and its mirror images, where also the blur of edges is chosen. A column `shown`
    says of each picture whether there was what the input takes: "all", or "none" where no box or figure is known.
    """
    names, divisions, frames = study.dataset.metadata["file_name"], probes.divide(study, "grouped"), []
    for known, forms in list_inputs(study) if divisions else ():
        shown = pd.Series(np.where(known, "all", "none"), names)
        for seed, train, asked in divisions:
            own = probes.predict(study.dataset, forms, train, asked, study.dataset.labels)
            frames.append(own.assign(seed=seed, shown=own["file_name"].map(shown[~shown.index.duplicated()])))
    return pd.concat(frames or [pd.DataFrame()], ignore_index=True).round(4)  # a third of the bytes of an edition


def list_inputs(study: Study) -> Iterator[tuple[np.ndarray, list[SimpleModel]]]:
    """Every input that the study's pictures and weights allow: of which pictures it is known, bool (n,), and the forms
    of which the best is chosen."""
    figures = study.find_figures()
    found = [joints.take_figures(own) for own in _by_picture(figures, study.dataset)]
    true = [joints.read_figures(text) for text in study.dataset.metadata.get("keypoints", ())]
    described = {name: own for name, own in {"joints": found, "true_joints": true}.items() if any(map(len, own))}
    x = {name: [np.stack([joints.describe_figures(turn(one)) for one in own]) for turn in (np.asarray, joints.mirror)]
         for name, own in described.items()}
    for name, own in described.items():
        yield np.array([len(one) > 0 for one in own]), [SimpleModel(name, NO_NETWORK, *x[name])]
    if study.weights_of(NETWORK) == NO_WEIGHTS:
        return
    views = {"whole": ["whole"], **{view: [view] for view in CROPS}, "edges": [*EDGES]}
    asked = [(NETWORK, name) for name in views] + [
        (network, name) for network in OTHERS if study.profile.time == 1 and study.weights_of(network) != NO_WEIGHTS
        for name in views if name != "found"]
    for network, name in asked:
        boxes = study.find_boxes(name)
        known = np.array([len(own) > 0 for own in boxes]) if name in CROPS else np.ones(len(study.dataset), bool)
        if known.any():
            yield known, [SimpleModel(name, network, *probes.see(study, network, view)) for view in views[name]]
    for name, own in described.items():
        both = [np.hstack(sides) for sides in zip(probes.see(study, NETWORK), x[name], strict=True)]
        yield np.array([len(one) > 0 for one in own]), [SimpleModel(f"picture_{name}", NETWORK, *both)]


def compare_inputs(predictions: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Each input beside the whole picture seen by the same network, paired; joints, which take none, beside NETWORK's.

    Returns model, backbone and the columns of `statistics.compare`, p corrected for the inputs of a network (Holm).
    """
    frames = [pd.DataFrame()]
    for network, own in predictions.assign(by=predictions["backbone"].replace(NO_NETWORK, NETWORK)).groupby(
            "by", sort=False):
        shown = dict(iter(own.groupby("model", sort=False)))
        rows = pd.DataFrame([{"model": name, "backbone": network, **statistics.compare(shown["whole"], other, profile)}
                             for name, other in shown.items() if name != "whole" and "whole" in shown])
        if len(rows):
            rows["p"] = multipletests(rows["p"].astype(float).fillna(1), method="holm")[1]
            unsure = rows["verdict"].isin(["higher", "lower"]) & (rows["p"] > 0.05)
            frames.append(rows.assign(verdict=rows["verdict"].mask(unsure, "not settled")))
    return pd.concat(frames, ignore_index=True)


def measure_figures(study: Study) -> pd.DataFrame:
    """`Study.find_figures` with a column overlap: the area that a figure's box with its margin and the nearest box of
    the table share, by the area of both together; NaN where the table has none."""
    known = dict(study.dataset.metadata.reindex(columns=["file_name", "boxes"]).fillna("").to_numpy())
    figures = study.find_figures()
    overlaps = [max((_overlap(widen(box, (width, height)), np.array(other)) for other in parse_boxes(known[name])),
                    default=np.nan)
                for name, width, height, *box in figures[["file_name", *blazepose.COLUMNS[3:9]]].to_numpy()]
    return figures.assign(overlap=np.float32(overlaps))


def measure_joints(dataset: PoseDataset, figures: pd.DataFrame) -> pd.DataFrame:
    """How far each true joint of a data set with `keypoints` is from those of the `figures` that were found.

    Returns file_name, label, figure, joint, far and swapped (as `joints.compare_joints`, the latter with left and right
    of the found changed), near (within NEAR: PCK) and seen (a figure is found in the picture); empty where nothing is
    known. The head is not among them, of which BlazePose places the nose.
    """
    rows, columns = [], ["file_name", "label", "figure", "joint", "far", "swapped"]
    if len(figures) and "keypoints" in dataset.metadata:
        asked = dataset.metadata[["file_name", "label", "keypoints"]].to_numpy()
        for (name, label, text), own in zip(asked, _by_picture(figures, dataset), strict=True):
            true, seen = joints.read_figures(text), joints.take_figures(own)
            ways = seen, seen[:, joints.MIRRORED]
            gaps = np.stack([joints.compare_joints(true, way) for way in ways], axis=-1)
            rows += [(name, label, number, joint, *values) for number, figure in enumerate(gaps)
                     for joint, values in zip(joints.JOINTS, figure, strict=True)
                     if joint != "head" and not np.isnan(values[0])]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(near=table["far"] <= joints.NEAR, seen=np.isfinite(table["far"].astype(float)))


def measure_drawings(study: Study) -> pd.DataFrame:
    """`Study.find_figures` on the drawings of the profile `quick`, whatever pictures the study has; file_name is called
    drawing."""
    drawn = open_study("", study.weights_dir or "", "quick", str(study.results))
    return drawn.find_figures().rename(columns={"file_name": "drawing"})


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = sides.clip(min=0).prod()
    return float(shared / (sum((box[2:] - box[:2]).prod() for box in (one, other)) - shared))


def _by_picture(figures: pd.DataFrame, dataset: PoseDataset) -> list[pd.DataFrame]:
    """The rows of each picture, in the order of the data set."""
    own = dict(iter(figures.groupby("file_name")))
    return [own.get(name, figures.iloc[:0]) for name in dataset.metadata["file_name"]]
