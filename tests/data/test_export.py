import csv
import json

import numpy as np
import pandas as pd
import pytest
from builders import make_folder
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.data import export as exports
from artpose_lib.data.dataset import DataError, load_dataset
from artpose_lib.data.decisions import Decision, append_decision
from artpose_lib.data.export import THESIS_COLUMNS, export, name_files

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
    with pytest.raises(DataError, match=r"no picture has an open licence \(told by: licence\).*--no-open-only"):
        export(load_dataset(collection, minimum=0), "csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_where_no_picture_can_be_used_that_is_said(tmp_path):
    make_folder(tmp_path / "in", {"A": 1})
    (tmp_path / "in" / "A" / "0.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="no picture can be used"):
        export(load_dataset(tmp_path / "in", minimum=0), "csv", tmp_path / "out")


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


@pytest.fixture(scope="module")
def read_images(tmp_path_factory):
    """Hugging Face' own reader of a folder, which must not ask the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hugging-face")))
        from datasets import Image, disable_progress_bars, load_dataset

        disable_progress_bars()

        def read(folder):
            (found,) = load_dataset("imagefolder", data_dir=str(folder)).values()  # one part, with all pictures
            assert found.features["image"] == Image()
            return found

        yield read


def test_hugging_face_reads_pictures_and_the_columns_come_back(collection, tmp_path, read_images):
    table = pd.read_csv(collection / "metadata.csv").assign(image="https://example.org/1.jpg", old_file_name="a.jpg",
                                                            TITLE="a\rb")
    table.to_csv(collection / "metadata.csv", index=False, quoting=csv.QUOTE_ALL)
    dataset = load_dataset(collection, minimum=0)
    assert export(dataset, "imagefolder", tmp_path / "out") == 5
    found = read_images(tmp_path / "out")
    assert found["label"] == ["Graces"] * 3 + ["Pieta"] * 2 and [one.size[0] for one in found["image"]] == [40] * 5
    assert {"image_url", "old_file_name_text"} <= set(found.features)
    again = load_dataset(tmp_path / "out", minimum=0)
    assert list(again.metadata) == list(dataset.metadata) and set(again.metadata["TITLE"]) == {"a\nb"}


def test_a_column_of_the_readers_new_name_is_kept(collection, tmp_path):
    table = pd.read_csv(collection / "metadata.csv").assign(image="museum", image_url="mine", image_url_2="too")
    table.to_csv(collection / "metadata.csv", index=False)
    export(load_dataset(collection, minimum=0), "imagefolder", tmp_path / "out")
    again = load_dataset(tmp_path / "out", minimum=0).metadata
    assert set(again["image"]) == {"museum"} and set(again["image_url_2"]) == {"too"}
    assert set(again["image_url_2_2"]) == {"mine"}


@pytest.mark.parametrize("labels", [
    ("None", "NA"), ("01", "1"), ("1", "2"), ("test", "train"), ("Test", "a dev 1"), (".hidden", "__cache__"),
    ("Pieta (after)", "Pieta [after]"), ("Titian?", "Titian*"), ("कला", "कली"), ("pieta", "Pieta"), ("True", "False"),
    ("Pietà", "Pieta"), ("x" * 300, "x" * 301), ("...", "?"), ("../../b", "a-b"), ("nan", "x"),
    ("metadata.csv", "Metadata.parquet")], ids=ascii)
def test_any_labels_reach_hugging_face(labels, tmp_path, read_images):
    frame = make_folder(tmp_path / "in", {"A": 2, "B": 2})
    frame.replace(dict(zip("AB", labels, strict=True))).to_csv(tmp_path / "in" / "metadata.csv", index=False)
    assert export(load_dataset(tmp_path / "in", minimum=0), "imagefolder", tmp_path / "out") == 4
    found = read_images(tmp_path / "out")
    assert sorted(map(str, found["label"])) == sorted([*labels] * 2) and all(found["image"])
    assert len(load_dataset(tmp_path / "out", minimum=0)) == 4


def test_a_long_tables_types_are_not_left_to_a_guess(collection, tmp_path, monkeypatch, read_images):
    monkeypatch.setattr(exports, "CHUNK", 3)
    table = pd.read_csv(collection / "metadata.csv").assign(boxes=["", "", "", "", "1 2 3 4", ""])
    table.to_csv(collection / "metadata.csv", index=False)
    export(load_dataset(collection, minimum=0), "imagefolder", tmp_path / "out")
    assert (tmp_path / "out" / "metadata.parquet").exists() and not (tmp_path / "out" / "metadata.csv").exists()
    assert sorted(read_images(tmp_path / "out")["boxes"]) == ["", "", "", "", "1 2 3 4"]
    assert sorted(load_dataset(tmp_path / "out", minimum=0).metadata["boxes"]) == ["", "", "", "", "1 2 3 4"]


names = st.text(st.sampled_from("aA/-.?*(ा\u0300é ") | st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(st.lists(st.tuples(names, names), min_size=1, max_size=20, unique_by=lambda row: row[0]))
def test_no_two_pictures_share_a_name(rows):
    found = name_files(pd.DataFrame(rows, columns=["file_name", "label"]))
    assert len({name.casefold() for name in found}) == len(rows)
    assert all(name.count("/") == 1 and max(map(len, map(str.encode, name.split("/")))) < 255 for name in found)
    folders = {label: name.partition("/")[0] for (_, label), name in zip(rows, found, strict=True)}
    assert len({folder.casefold() for folder in folders.values()}) == len({label for _, label in rows})


def test_what_a_disk_took_for_one_picture_is_not_said_to_be_two(collection, tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "name_files", lambda rows: ["A/0.png"] * len(rows))
    with pytest.raises(DataError, match="only 1 of 5 pictures were written, so nothing is kept"):
        export(load_dataset(collection, minimum=0), "imagefolder", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_named_as_archives_or_tables_reach_hugging_face(tmp_path, read_images):
    frame = make_folder(tmp_path / "in", {"A": 4})
    names = ["A/a.zip", "A/metadata.jsonl", "A/metadata.parquet", "A/b.csv"]
    for old, new in zip(frame["file_name"], names, strict=True):
        (tmp_path / "in" / old).rename(tmp_path / "in" / new)
    frame.assign(file_name=names).to_csv(tmp_path / "in" / "metadata.csv", index=False)
    assert export(load_dataset(tmp_path / "in", minimum=0), "imagefolder", tmp_path / "out") == 4
    assert len(read_images(tmp_path / "out")) == 4


def test_files_that_would_meet_are_all_there(tmp_path):
    frame = make_folder(tmp_path / "in", {"A": 2})
    for name in ("A/b.png", "A--b.png", "A/B.png"):
        frame.loc[len(frame)] = [name, "x"]
        Image.new("RGB", (8, 8), (len(frame), 0, 0)).save(tmp_path / "in" / name)
    frame.to_csv(tmp_path / "in" / "metadata.csv", index=False)
    assert export(load_dataset(tmp_path / "in", minimum=0), "imagefolder", tmp_path / "out") == 5
    assert len(load_dataset(tmp_path / "out", minimum=0)) == len(list((tmp_path / "out").glob("*/*"))) == 5


def test_parquet_keeps_a_column_named_like_its_pictures(collection, tmp_path):
    table = pd.read_csv(collection / "metadata.csv").assign(picture="mine", picture_text="too")
    table.to_csv(collection / "metadata.csv", index=False)
    export(load_dataset(collection, minimum=0), "parquet", tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out" / "pictures.parquet")
    assert set(found["picture_text"]) == {"mine"} and set(found["picture_text_2"]) == {"too"}
    assert isinstance(found["picture"][0], bytes)


@pytest.mark.parametrize("case, written", [("museums/hf_image_column", 4), ("museums/export_collision", 4),
                                           ("folders/hindi", 10), ("museums/licence_column_license", None)])
def test_shared_cases(case, written, tmp_path, read_images):
    if not (folder := SHARED / "cases" / case).exists():
        pytest.skip("the shared cases are not here")
    dataset = load_dataset(folder, minimum=0)
    if written is None:
        with pytest.raises(DataError, match="no picture has an open licence"):
            export(dataset, "imagefolder", tmp_path / "out")
    else:
        assert export(dataset, "imagefolder", tmp_path / "out") == written
        assert sorted(read_images(tmp_path / "out")["label"]) == sorted(dataset.metadata["label"])
        assert len(list((tmp_path / "out").glob("*/*"))) == written
