"""A record is found and opened again, and what it was trained on is read from it."""

import json

import numpy as np
import pandas as pd
import pytest
import tinyrecord
from PIL import Image

from artpose_lib import cli
from artpose_lib.classify import model
from artpose_lib.data.dataset import DataError, load_dataset
from artpose_lib.train import records

VALIDATION = ["blue/04.png", "red/10.png", "blue/05.png", "blue/07.png"]
TEST = ["green/00.png", "green/03.png", "red/00.png", "blue/02.png"]


@pytest.fixture
def record(tmp_path):
    return tinyrecord.record(tmp_path / "results" / "trials" / "colours")


def test_neighbours_are_of_the_pictures_that_the_record_does_not_hold_out(record, colours, tmp_path, monkeypatch):
    """Values of version 0.1.0. Nothing is divided again, so that another splitter would change nothing."""
    config = record.config | {"data": load_dataset(colours).fingerprint}
    (record.folder / records.RECORD).write_text(json.dumps(record.facts | {"config": config}))
    rows = pd.DataFrame({"file_name": VALIDATION + TEST, "part": ["validation"] * 4 + ["test"] * 4, "label": "blue"})
    rows.assign(p_blue=1 / 3, p_green=1 / 3, p_red=1 / 3).to_csv(record.folder / records.PREDICTIONS, index=False)
    monkeypatch.setattr(model, "build_network", lambda *_: tinyrecord.Colours())
    record = records.Record(record.folder)
    dataset = model.find_training_data(record, str(colours), tmp_path)
    with monkeypatch.context() as disk:  # a record that may only be read
        disk.setattr(model.shutil, "copyfile", lambda *_: (tmp_path / "none" / "x").write_text(""))
        elsewhere = model.ensure_neighbours(record, dataset, tmp_path / "elsewhere", None)
    assert elsewhere.parent == tmp_path / "elsewhere" and not (record.folder / model.NEIGHBOURS).exists()
    model.ensure_neighbours(record, dataset, tmp_path, None)
    dataset = model.find_training_data(record, "", tmp_path)
    made = model.ensure_neighbours(record, dataset, tmp_path, None)
    assert made == record.folder / model.NEIGHBOURS and made.read_bytes() == elsewhere.read_bytes()
    with np.load(made) as arrays:
        known, held_out = arrays["known"].astype(float), arrays["held_out"]
    assert known.shape == (28, 3)
    np.testing.assert_allclose(known.sum(axis=0), [12.82751, 12.94873, 11.67603], atol=1e-3)
    np.testing.assert_allclose(known[np.lexsort(known.T)][[0, 10, 27]], [
        [0.971191, 0.193237, 0.140747], [0.198242, 0.948730, 0.245361], [0.136963, 0.191040, 0.972168]], atol=1e-3)
    np.testing.assert_allclose(held_out, [0, 0.014713, 0.014818, 0.015026], atol=1e-3)


def test_another_data_set_is_refused(record, colours, tmp_path):
    with pytest.raises(DataError, match="is not what colours was trained on .*Name that folder with --data"):
        model.find_training_data(record, str(colours), tmp_path)
    assert not (record.folder / model.NEIGHBOURS).exists()


def test_a_model_that_cannot_be_used_is_said_with_those_that_can(record, tmp_path):
    results = tmp_path / "results"
    assert model.find_record("colours", results).folder == model.find_record(str(record.folder), results).folder
    with pytest.raises(DataError, match='no trial "other" in .* Those that can be used: colours.'):
        model.find_record("other", results)
    (record.folder / records.WEIGHTS).unlink()
    with pytest.raises(DataError, match="None there can be used"):
        model.find_record("", results)
    with pytest.raises(DataError, match="keep their weights"):
        model.find_record("colours", results)


@pytest.mark.slow
def test_a_real_frozen_trial_classifies_as_it_was_stored(colours, tmp_path, monkeypatch):
    """Train, open again from the folder alone, and get the stored probabilities back; other pictures are unlike."""
    from artpose_lib.train import study

    lite = "EfficientNet-Lite0"
    monkeypatch.setattr(study, "BACKBONES", {lite: study.BACKBONES[lite]})
    opened = study.open_study(str(colours), profile="smoke", results=str(tmp_path))
    trial = opened.train("frozen").records[0]
    assert trial.weights.stat().st_size < 200_000  # the head alone

    def rows_of(folder):
        out = tmp_path / f"{folder.name}.parquet"
        assert cli.main(["classify", str(folder), "--data", str(colours), "--model", trial.folder.name, "-o", str(out),
                         "--results", str(tmp_path)]) == 0
        return pd.read_parquet(out).set_index("file")

    rows, stored = rows_of(colours), trial.predictions.set_index("file_name")
    chances = [f"p_{name}" for name in opened.dataset.classes]
    np.testing.assert_allclose(rows.loc[stored.index, chances], stored[chances], atol=1e-3)
    assert rows["unlike"].notna().all()
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    (tmp_path / "strange").mkdir()
    Image.fromarray(noise).save(tmp_path / "strange" / "noise.png")
    assert rows_of(tmp_path / "strange")["unlike"].tolist() == [rows["unlike"].max()] > [0.5]

    config = trial.config | {"weights": "another"}
    monkeypatch.setitem(trial.facts, "config", config)
    with pytest.raises(ValueError, match="name their folder with --weights"):
        model.build_network(trial)
    monkeypatch.setitem(trial.facts, "config", config | {"weights": model.weights_fingerprint(lite, None)})
    trial.weights.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="is damaged"):
        model.build_network(trial)
