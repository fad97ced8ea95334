"""The features of a folder come out as a table, a row a picture that can be read."""

import keras
import numpy as np
import pandas as pd
import pytest
from builders import picture

from artpose_lib import cli
from artpose_lib.model import classifier


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """A network whose features are a picture's mean colour."""
    pictures = keras.Input((224, 224, 3), dtype="uint8")
    pooled = keras.layers.GlobalAveragePooling2D(name=classifier.POOLED)(keras.ops.cast(pictures, "float32"))
    made = keras.Model(pictures, keras.layers.Dense(1)(pooled))
    monkeypatch.setattr(classifier, "build_classifier", lambda *_: made)


def test_each_picture_has_its_folders_name_and_its_features_and_damaged_ones_are_named(tmp_path, capsys):
    for name, colour in {"red/1.png": (200, 10, 10), "red/2.png": (190, 0, 0), "3.png": (0, 0, 250)}.items():
        picture(tmp_path / "in" / name, colour)
    (tmp_path / "in" / "blue").mkdir()
    (tmp_path / "in" / "blue" / "4.png").write_bytes(b"\x89PNG damaged")
    command = ["features", str(tmp_path / "in"), "-o", str(tmp_path / "out.parquet")]
    assert cli.main(command) == 0
    said = capsys.readouterr()
    assert "3 pictures, and 1 that cannot be read are left out" in said.out and "blue/4.png: " in said.err
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert list(table) == ["file_name", "label", "f0", "f1", "f2"] and (table.dtypes.iloc[2:] == "float32").all()
    rows = table.set_index("file_name")
    assert rows["label"].to_dict() == {"3.png": "", "red/1.png": "red", "red/2.png": "red"}
    np.testing.assert_allclose(rows.loc["red/1.png", ["f0", "f1", "f2"]].to_numpy(float), (200, 10, 10), atol=0.01)
    assert cli.main(command) == 1 and "is there already" in capsys.readouterr().err  # and stays as it is


def test_labels_are_those_of_the_table_where_there_is_one(tmp_path):
    picture(tmp_path / "in" / "a" / "1.png"), picture(tmp_path / "in" / "a" / "2.png")
    (tmp_path / "in" / "metadata.csv").write_text("file_name,label\na/1.png,Pieta\n")
    assert cli.main(["features", str(tmp_path / "in"), "-o", str(tmp_path / "out.parquet")]) == 0
    assert pd.read_parquet(tmp_path / "out.parquet")["label"].to_list() == ["Pieta", ""]


def test_of_damaged_pictures_alone_a_table_without_rows_is_left(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.png").write_bytes(b"\x89PNG damaged")
    assert cli.main(["features", str(tmp_path / "in"), "-o", str(tmp_path / "out.parquet")]) == 0
    assert pd.read_parquet(tmp_path / "out.parquet").shape == (0, 5)
