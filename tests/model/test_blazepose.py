"""Pose detection says in a sentence what it lacks, and finds the joints of a drawing that stands."""

import os

import numpy as np
import pandas as pd
import pytest
from conftest import SHARED
from PIL import Image

from artpose_lib.data import joints
from artpose_lib.data.dataset import load_dataset
from artpose_lib.draw.artwork import Artwork
from artpose_lib.model import backbones, blazepose

MODELS = SHARED / "weights" / "pose"


@pytest.fixture
def offline(monkeypatch):
    """An installed package, and no network."""
    monkeypatch.setenv("KERAS_HOME", os.devnull)
    monkeypatch.setattr(backbones, "_find_fault", lambda: "no answer")
    monkeypatch.setattr(blazepose, "find_spec", lambda name: object() if name == "ai_edge_litert" else None)


def test_the_extra_that_is_missing_is_a_sentence(monkeypatch):
    monkeypatch.setattr(blazepose, "find_spec", lambda _: None)
    assert 'uv pip install -e ".[pose]"' in blazepose.find_fault(None)


def test_files_that_are_missing_are_a_sentence_that_says_where_they_go(offline, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    told = blazepose.find_fault(tmp_path)
    assert "pose_detection.tflite, and it cannot be downloaded (no answer)" in told and "--weights" in told


def test_a_damaged_file_is_a_sentence_that_names_it(offline, tmp_path):
    (tmp_path / "pose").mkdir()
    path = tmp_path / "pose" / "pose_detection.tflite"
    path.write_bytes(b"half a download")
    told = blazepose.find_fault(tmp_path)
    assert str(path) in told and "is damaged or not what is published" in told and "\n" not in told


def test_the_detectors_cells_are_as_many_as_its_answers():
    assert blazepose._anchors().shape == (2254, 2)
    assert blazepose._anchors()[[0, 1, -1]].tolist() == [[4, 4], [4, 4], [208, 208]]


@pytest.mark.skipif(not MODELS.exists(), reason="the networks of BlazePose are not here")
def test_the_joints_of_a_standing_drawing_are_found(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="what runs the networks is not installed")
    artwork = Artwork("Antinous", np.random.default_rng(0), "landscape", "marble")
    picture = artwork.paint()
    (tmp_path / "A").mkdir()
    for name, pixels in {"A/a.png": picture, "A/b.png": picture[:, ::-1], "A/c.png": 0 * picture + 127}.items():
        Image.fromarray(pixels).resize((2 * picture.shape[1], 2 * picture.shape[0])).save(tmp_path / name)
    found = blazepose.find_figures(load_dataset(tmp_path, minimum=0), MODELS.parent)
    assert list(found) == blazepose.COLUMNS and found["file_name"].tolist() == ["A/a.png", "A/b.png"]
    assert (found["score"] >= blazepose.SURE).all()
    text = ", ".join(f"{name} {2 * x} {2 * y}" for name, (x, y) in artwork.locate_figures()[1][0].items())
    far = joints.compare_joints(joints.read_figures(text), joints.take_figures(found.iloc[:1]))
    assert np.nanmedian(far) < joints.NEAR
    assert pd.to_numeric(found["width"]).eq(2 * picture.shape[1]).all()
