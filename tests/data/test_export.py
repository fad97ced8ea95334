import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artpose_lib.data.dataset import DataError, load_dataset
from artpose_lib.data.decisions import Decision, append_decision
from artpose_lib.data.export import THESIS_COLUMNS, export

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


@pytest.fixture
def collection(tmp_path):
    """Six pictures of two poses, one of them without an open licence."""
    folder = tmp_path / "collection"
    rows = []
    for number, label in enumerate(["Graces", "Pieta"] * 3):
        name = f"{label}/met-{number}.jpg"
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30 + number), (40 * number, 90, 200)).save(folder / name)
        rows.append({"file_name": name, "label": label, "AUTHOR": "Ærø, Åse", "TITLE": f'A "group", {number}',
                     "ID": number, "source": "met", "licence": "All rights reserved" if number == 3 else CC0})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return folder


def test_only_open_pictures_leave_unless_asked(collection, tmp_path):
    dataset = load_dataset(collection, minimum=0)
    (tmp_path / "open").mkdir()  # an empty folder is filled
    assert export(dataset, "csv", tmp_path / "open") == 5
    assert export(dataset, "csv", tmp_path / "all", open_only=False) == 6
    names = set(pd.read_csv(tmp_path / "open" / "metadata.csv")["file_name"])
    assert names == set(dataset.metadata["file_name"]) - {"Pieta/met-3.jpg"}


def test_where_nothing_is_open_the_way_out_is_named(collection, tmp_path):
    table = pd.read_csv(collection / "metadata.csv").assign(licence="In copyright")
    table.to_csv(collection / "metadata.csv", index=False)
    with pytest.raises(DataError, match="no picture has an open licence.*--no-open-only"):
        export(load_dataset(collection, minimum=0), "csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_thesis_json_is_an_object_a_column(collection, tmp_path):
    export(load_dataset(collection, minimum=0), "thesis-json", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "thesis.json").read_text(encoding="utf-8"))
    assert tuple(found) == THESIS_COLUMNS
    assert found["TITLE"] == {str(place): f'A "group", {number}' for place, number in enumerate([0, 2, 4, 1, 5])}
    assert found["AUTHOR"]["0"] == "Ærø, Åse"


def test_the_numpy_form_has_pictures_and_labels_in_one_order(collection, tmp_path):
    dataset = load_dataset(collection, minimum=0)
    export(dataset, "numpy", tmp_path / "out", open_only=False)
    images, labels = np.load(tmp_path / "out" / "images.npy"), np.load(tmp_path / "out" / "labels.npy")
    assert images.dtype == np.uint8 and np.array_equal(images, dataset.images(224))
    assert np.array_equal(labels, dataset.labels)
    assert (tmp_path / "out" / "classes.txt").read_text().split() == ["Graces", "Pieta"]


def test_parquet_holds_the_files_themselves(collection, tmp_path):
    export(load_dataset(collection, minimum=0), "parquet", tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out" / "pictures.parquet")
    assert len(found) == 5
    for row in found.itertuples():
        assert row.picture == (collection / row.file_name).read_bytes()


def test_a_folder_a_class_follows_the_labels_that_a_person_gave(collection, tmp_path):
    append_decision(collection, Decision("Graces/met-0.jpg", "pose", "Pieta", who="me"))
    append_decision(collection, Decision("Graces/met-2.jpg", "drop", who="me"))
    export(load_dataset(collection, minimum=0), "imagefolder", tmp_path / "out")
    files = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.jpg"))
    assert files == ["Graces/met-4.jpg", "Pieta/Graces--met-0.jpg", "Pieta/met-1.jpg", "Pieta/met-5.jpg"]
    again = load_dataset(tmp_path / "out", minimum=0)
    assert again.metadata["file_name"].tolist() == files and len(again.problems) == 0


def test_a_label_cannot_lead_out_of_the_export(collection, tmp_path):
    append_decision(collection, Decision("Graces/met-0.jpg", "pose", "../../away", who="me"))
    export(load_dataset(collection, minimum=0), "imagefolder", tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("away*")) and len(list((tmp_path / "deep" / "out").rglob("*.jpg"))) == 5


def test_nothing_is_written_over(collection, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="already holds something"):
        export(load_dataset(collection, minimum=0), "csv", tmp_path)
    assert sorted(tmp_path.iterdir()) == [collection, tmp_path / "mine.txt"]


def test_a_failed_export_leaves_nothing_behind(collection, tmp_path):
    dataset = load_dataset(collection, minimum=0)
    (collection / "Pieta" / "met-5.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="met-5.jpg"):
        export(dataset, "imagefolder", tmp_path / "exports" / "out")
    assert list((tmp_path / "exports").iterdir()) == []
