"""What a probe is shown instead of a picture, and how many pictures have it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import make_folder

from artpose_lib.data import joints
from artpose_lib.model import blazepose
from artpose_lib.report import other_inputs, scores
from artpose_lib.train.study import Study, open_study

STANDING = {"head": (50, 5), "left_shoulder": (60, 20), "right_shoulder": (40, 20), "left_hip": (56, 60),
            "right_hip": (44, 60), "left_knee": (58, 85), "right_knee": (42, 85)}


def cell(lies):
    return ", ".join(f"{name} {place[lies]} {place[1 - lies]}" for name, place in STANDING.items())


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Two poses that stand and lie, of which the network sees nothing but in crops; every third figure is found."""
    frame = make_folder(tmp_path / "data", {"A": 12, "B": 12}, boxes="")
    frame.assign(boxes=["1 1 9 9"] * 6 + [""] * 18, keypoints=[cell(label == "B") for label in frame["label"]]).to_csv(
        tmp_path / "data" / "metadata.csv", index=False)
    opened = open_study(str(tmp_path / "data"), profile="smoke", results=str(tmp_path))
    metadata = opened.dataset.metadata
    figures = pd.DataFrame([(name, 0, 0.9, 40, 30, 1, 1, 9, 5, *joints.read_figures(text).ravel()) for name, text in
                            metadata[["file_name", "keypoints"]].to_numpy()[::3]], columns=blazepose.COLUMNS)
    monkeypatch.setattr(Study, "find_figures", lambda _: figures)
    monkeypatch.setattr(Study, "weights_of", lambda *_: "here")
    seen = np.eye(2, dtype=np.float32)[opened.dataset.labels]
    monkeypatch.setattr(Study, "compute_features", lambda own, backbone, mirrored=False, view="whole":
                        seen if view == "cropped" else np.ones_like(seen) * np.arange(24)[:, None] % 5)
    return opened


def test_every_input_is_asked_in_the_same_divisions_and_says_what_it_had(study):
    found = other_inputs.predict_inputs(study)
    table = scores.summary(found).set_index("model")["accuracy"]
    assert set(table.index) == {"whole", "cropped", "found", "edges", "joints", "true_joints", "picture_joints",
                                "picture_true_joints"} <= set(scores.MODEL_TITLES)
    assert table["cropped"] == table["true_joints"] == 1 > table["whole"]
    asked = found.groupby("model")["file_name"].agg(lambda names: tuple(sorted(names)))
    assert asked.nunique() == 1
    changes = other_inputs.compare_inputs(found, study.profile).set_index("model")
    assert "whole" not in changes.index and (changes["backbone"] == other_inputs.NETWORK).all()
    assert changes.loc["cropped", "difference"] == pytest.approx(1 - table["whole"])
    known = found.groupby("model")["shown"].agg(lambda told: (told == "all").mean())
    assert known["whole"] == known["true_joints"] == 1 > known["cropped"] >= known["found"] == known["joints"] > 0


def test_without_figures_boxes_and_weights_there_is_less_to_ask(study, monkeypatch):
    monkeypatch.setattr(Study, "find_figures", lambda _: pd.DataFrame(columns=blazepose.COLUMNS))
    study.dataset.metadata["boxes"] = ""
    assert [forms[0].model for _, forms in other_inputs.list_inputs(study)] == [
        "true_joints", "whole", "edges", "picture_true_joints"]
    monkeypatch.setattr(Study, "weights_of", lambda *_: other_inputs.NO_WEIGHTS)
    assert [forms[0].model for _, forms in other_inputs.list_inputs(study)] == ["true_joints"]
    assert other_inputs.measure_figures(study).empty


def test_found_boxes_are_held_against_those_of_the_table(study):
    overlaps = other_inputs.measure_figures(study)["overlap"]
    assert overlaps.dropna().tolist() == pytest.approx([35.2 / 74.88] * 2) and overlaps.isna().sum() == 6


def test_the_networks_of_the_thesis_are_asked_at_full_strength(study):
    asked = [forms[0] for _, forms in other_inputs.list_inputs(replace(study, profile=replace(study.profile, time=1)))]
    assert {one.model for one in asked if one.backbone in other_inputs.OTHERS} == {"whole", "cropped", "edges"}
    assert {one.backbone for one in asked} == {other_inputs.NETWORK, *other_inputs.OTHERS, other_inputs.NO_NETWORK}


def test_joints_are_near_where_they_are_found_and_swapped_where_left_is_right(study):
    figures = study.find_figures()
    table = other_inputs.measure_joints(study.dataset, figures)
    assert table["joint"].nunique() == len(STANDING) - 1 and table["near"].equals(table["seen"])
    assert table.loc[table["seen"], "file_name"].nunique() == 8 and (table["swapped"] >= table["far"]).all()
    assert other_inputs.measure_joints(study.dataset, figures.iloc[:0]).empty


def test_works_that_cannot_be_kept_together_leave_nothing(study):
    study.dataset.metadata["work"] = study.dataset.metadata["label"]
    assert other_inputs.predict_inputs(study).empty
