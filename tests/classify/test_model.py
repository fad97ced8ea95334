"""A record is found and opened again."""

import numpy as np
import pandas as pd
import pytest
import tinyrecord
from PIL import Image

from artpose_lib import cli
from artpose_lib.classify import model
from artpose_lib.classify.calibration import apply_temperature
from artpose_lib.data.dataset import DataError
from artpose_lib.train import records
from artpose_lib.train.means import MEANS


@pytest.fixture
def record(tmp_path):
    return tinyrecord.record(tmp_path / "results" / "trials" / "colours")


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


def test_of_a_model_whose_last_layer_alone_learned_the_backbone_is_drawn(record, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(model, "build_backbone", lambda backbone, **_: f"{backbone} of ImageNet")
    monkeypatch.setattr(model, "weights_fingerprint", lambda *_: "abc")
    monkeypatch.setattr(records.Record, "layers", "frozen")
    backbone = record.config["recipe"]["backbone"]
    opened = f"{backbone}-abc", backbone, f"{backbone} of ImageNet"
    assert model.open_flat("colours", "", tmp_path / "results", None) == opened
    assert f"those of --backbone {backbone}" in capsys.readouterr().err
    assert model.open_flat("", backbone, tmp_path, None) == opened and not capsys.readouterr().err


@pytest.mark.slow
def test_a_real_frozen_trial_classifies_as_it_was_stored(colours, tmp_path, monkeypatch, capfd):
    """Train, open again from the folder alone, and get the stored probabilities back; other pictures are unlike."""
    from artpose_lib.train import study

    lite = "EfficientNet-Lite0"
    monkeypatch.setattr(study, "BACKBONES", {lite: study.BACKBONES[lite]})
    opened = study.open_study(str(colours), profile="smoke", results=str(tmp_path))
    trial = opened.train("frozen").records[0]
    assert trial.weights.stat().st_size < 200_000  # the head alone

    def rows_of(folder):
        out = tmp_path / f"{folder.name}-{trial.names['model']}-{(trial.folder / MEANS).exists()}.parquet"
        assert cli.main(["classify", str(folder), "--model", trial.folder.name, "-o", str(out), "--results",
                         str(tmp_path)]) == 0
        return pd.read_parquet(out).set_index("file")

    rows, stored = rows_of(colours), trial.predictions.set_index("file_name")
    chances = [f"p_{name}" for name in opened.dataset.classes]
    tempered = apply_temperature(stored[chances].to_numpy(), model.open_classifier(trial.folder, None).temperature)
    np.testing.assert_allclose(rows.loc[stored.index, chances], tempered, atol=1e-3)
    assert rows["unlike"].notna().all()
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    (tmp_path / "strange").mkdir()
    Image.fromarray(noise).save(tmp_path / "strange" / "noise.png")
    assert rows_of(tmp_path / "strange")["unlike"].item() >= rows["unlike"].max() > 0.5

    trial = opened.train("finetuned").records[0]
    assert rows_of(colours)["unlike"].notna().all()
    (trial.folder / MEANS).unlink()  # as an earlier version stored it
    model.open_classifier.cache_clear()
    assert rows_of(tmp_path / "strange").isna().loc["noise.png", "unlike"]
    assert 'no column "unlike"' in capfd.readouterr().err

    trial = opened.train("frozen").records[0]
    config = trial.config | {"weights": "another"}
    monkeypatch.setitem(trial.facts, "config", config)
    with pytest.raises(ValueError, match="name their folder with --weights"):
        model.build_network(trial)
    monkeypatch.setitem(trial.facts, "config", config | {"weights": model.weights_fingerprint(lite, None)})
    trial.weights.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="is damaged"):
        model.build_network(trial)
