"""Other metadata is told where features know it, and drawings and artworks teach each other what they share."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import make_folder

from artpose_lib.data import splits
from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.summary import UNKNOWN
from artpose_lib.report import drawings, facets, figures, reference, scores
from artpose_lib.train import heads
from artpose_lib.train.study import Study, open_study

LITE = "EfficientNet-Lite0"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study of three classes and three sources of 12 pictures each, crossed; features know both but the century."""
    make_folder(tmp_path / "art", {"A": 12, "B": 12, "C": 12}, source=np.tile(["met", "smk", "nga"], 12), DATE="1890",
                medium=np.tile(["oil", "marble"], 18))
    monkeypatch.setattr(heads, "STRENGTHS", [1.0])
    monkeypatch.setattr(facets, "FEWEST_GROUPS", 3)
    for module in (facets, splits):
        monkeypatch.setattr(module, "near_duplicate_groups", lambda dataset: np.arange(len(dataset)))
    monkeypatch.setattr(Study, "weights_of", lambda _, backbone: "here" if backbone == LITE else "no weights here")
    monkeypatch.setattr(Study, "compute_features", lambda own, *_, **__: pd.get_dummies(
        own.dataset.metadata[["label", "source"]]).to_numpy(np.float32))
    return open_study(str(tmp_path / "art"), profile="smoke", results=str(tmp_path / "results"))


def test_a_facet_is_told_where_it_has_groups_enough_and_features_know_it(study):
    found = {facet: scores.summary(own.dropna(axis="columns", how="all")).set_index("model")["accuracy"]
             for facet, own in facets.predict_facets(study).groupby("facet")}
    assert found.keys() == {"label", "source"}
    assert all(own["probe"] == 1 > own["border"] for own in found.values())


def test_what_has_too_few_groups_is_not_asked_and_it_is_said_why(study):
    values = facets.read_facets(study.dataset)
    assert facets.choose_groups(values["century"]) == []
    assert facets.choose_groups(values["technique"]) == [] and (values["technique"] == UNKNOWN).all()
    assert facets.choose_groups(values["source"]) == ["met", "nga", "smk"]


def test_an_edition_reads_the_same_facets(study):
    kept = replace(study.dataset, metadata=reference._describe(study.dataset))
    pd.testing.assert_frame_equal(facets.read_facets(kept), facets.read_facets(study.dataset))


def test_a_border_is_what_lies_around_the_middle(study, monkeypatch):
    picture = np.full((40, 40, 3), (10, 20, 30), np.uint8)
    picture[4:-4, 4:-4] = 255
    monkeypatch.setattr(type(study.dataset), "images", lambda *_: picture[None])
    assert facets.measure_border(study.dataset).tolist() == [[10, 20, 30, 0, 0, 0]]


def test_pictures_alike_are_near_each_other_on_the_map(study):
    found = facets.map_pictures(study)
    assert list(found) == ["file_name", "backbone", "x", "y"] and len(found) == 36
    spots = found[["x", "y"]].to_numpy()
    apart = np.linalg.norm(spots[:, None] - spots, axis=-1)
    kinds = study.dataset.metadata["label"] + study.dataset.metadata["source"]
    same = kinds.to_numpy()[:, None] == kinds.to_numpy()
    assert apart[same & ~np.eye(36, dtype=bool)].mean() < apart[~same].mean() / 2


def test_drawings_teach_what_they_share_with_art_alone_and_added_to_few_pictures(study, monkeypatch):
    """Here drawings are the same pictures, of which those in marble know no class."""
    drawn = replace(study, dataset=load_dataset(study.dataset.folder))
    in_marble = (drawn.dataset.metadata["medium"] == "marble").to_numpy()
    noise = np.random.default_rng(0).normal(size=(36, 3))
    known = np.where(in_marble[:, None], noise, np.eye(3)[drawn.dataset.labels])
    monkeypatch.setattr(Study, "compute_features", lambda own, *_: np.float32(
        known if own is drawn else np.eye(3)[own.dataset.labels]))
    monkeypatch.setattr(drawings, "open_drawings", lambda _: drawn)
    found = drawings.teach_art(study)
    accuracy = pd.concat({art: scores.summary(own).set_index("model")["accuracy"]
                          for art, own in found.groupby("art")}).swaplevel()
    for model in (("drawings in oil", 0), ("drawings and art", 1), ("art", 8)):
        assert accuracy[model] == 1
    assert accuracy["drawings in marble", 0] < 0.7
    assert {*found["art"]} == {0, *drawings.SHOTS}
    asked = found.groupby(["model", "art"])["file_name"].nunique()
    assert asked["drawings", 0] == 36 and asked["art", 1] < 12
    called = drawings.teach_drawings(study)
    assert called["pictures"].sum() == 36
    right = called[called["called"] == called["label"]].groupby("medium")["pictures"].sum()
    assert right["oil"] == 18 > right["marble"] + 6


def test_where_there_is_nothing_to_teach_nothing_is_asked(study):
    assert drawings.teach_art(study).empty and drawings.teach_drawings(study).empty  # none of the six poses
    own = replace(study, embedded=True)
    assert drawings.open_drawings(own) is None


def test_a_map_has_a_mark_for_each_picture_and_shows_those_that_may_be_shown(study):
    table = facets.map_pictures(study).merge(study.dataset.metadata).assign(hover="<b>")
    figure = figures.picture_map(table, "label", {3: "data:image/jpeg;base64,"})
    assert sum(len(trace.x) for trace in figure.data) == 36 and [trace.name for trace in figure.data] == ["A", "B", "C"]
    image, = figure.layout.images
    assert (image.x, image.y) == tuple(table.loc[3, ["x", "y"]])
