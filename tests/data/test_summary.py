import pandas as pd
from PIL import Image

from artpose_lib.data import summary
from artpose_lib.data.dataset import load_dataset

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


def folder_of(tmp_path, rows):
    for number, row in enumerate(rows):
        row["file_name"] = f"{number:02}.png"
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / row["file_name"])
    pd.DataFrame(rows).to_csv(tmp_path / "metadata.csv", index=False)
    return load_dataset(tmp_path, minimum=0)


def test_what_the_museums_say_is_read_where_no_column_has_it(tmp_path):
    dataset = folder_of(tmp_path, [
        {"label": "Pieta", "DATE": "2nd century BCE", "TECHNIQUE": "Marble", "TYPE": "Sculpture", "License": CC0},
        {"label": "Pieta", "DATE": "", "TECHNIQUE": "", "TYPE": "", "License": ""}])
    assert summary.describe_pictures(dataset).to_numpy().tolist() == [
        ["Pieta", summary.UNKNOWN, "2nd century BCE", "sculpture", "CC0 1.0"], ["Pieta", *[summary.UNKNOWN] * 4]]


def test_a_collections_own_columns_are_taken_as_they_are(tmp_path):
    """A range across the turn of the era has a century too."""
    dataset = folder_of(tmp_path, [
        {"label": "Pieta", "year_from": "1601", "year_to": "1700", "medium": "print", "source": "met"},
        {"label": "Graces", "year_from": "", "year_to": "", "medium": "", "source": "smk"},
        {"label": "Graces", "year_from": "-1", "year_to": "1", "medium": "glass", "source": "smk"}])
    found = summary.describe_pictures(dataset)
    assert found["century"].tolist() == ["17th century", summary.UNKNOWN, "1st century"]
    assert found["medium"].tolist() == ["print", summary.UNKNOWN, "glass"]


def test_a_source_that_names_each_pictures_place_is_its_collection(tmp_path):
    dataset = folder_of(tmp_path, [{"label": "Pieta", "source": text} for text in ("met a/1.jpg", "met a/2.jpg", "")])
    assert summary.describe_pictures(dataset)["source"].tolist() == ["met", "met", summary.UNKNOWN]


def test_every_picture_is_counted_once_however_many_groups_there_are():
    table = pd.DataFrame({"label": ["a", "b"] * 40, "source": [f"house {number // 3}" for number in range(80)]})
    counts = summary.count_groups(table, "source")
    assert counts["pictures"].sum() == 80
    assert counts["group"].nunique() == summary.MOST and counts["group"].iloc[summary.MOST - 1] == summary.OTHERS


def test_what_is_not_known_comes_last():
    table = pd.DataFrame({"label": "a", "source": [summary.UNKNOWN] * 5 + ["met"]})
    assert summary.count_groups(table, "source")["group"].tolist() == ["met", summary.UNKNOWN]
