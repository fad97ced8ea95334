import os

import numpy as np
import pandas as pd
import pytest
from builders import draw, make_folder
from PIL import Image

from artpose_lib.data.dataset import DataError, load_dataset
from artpose_lib.data.decisions import Decision, append_decision


def write_table(folder, text, encoding="utf-8"):
    folder.mkdir(exist_ok=True)
    (folder / "metadata.csv").write_bytes(text.encode(encoding))


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path, {"A": 4, "B": 5})
    return tmp_path


# What is loaded.


def test_rows_labels_and_counts(folder):
    data = load_dataset(folder)
    assert data.classes == ("A", "B")
    assert data.labels.tolist() == [0] * 4 + [1] * 5 and data.labels.dtype == np.int64
    assert data.counts().to_dict() == {"A": 4, "B": 5} and len(data) == 9
    assert data.problems.empty and list(data.problems) == ["file_name", "problem", "action"]


def test_images_are_the_pictures_of_the_rows_asked_for(folder):
    data = load_dataset(folder)
    everything, some = data.images(16), data.images(16, rows=np.array([7, 2]))
    assert everything.shape == (9, 16, 16, 3) and everything.dtype == np.uint8
    assert np.array_equal(some, everything[[7, 2]])
    picture = Image.open(folder / data.metadata["file_name"][7]).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.array_equal(some[0], np.asarray(picture))


def test_a_picture_to_look_at_keeps_its_proportions_and_its_caption_says_what_is_known(tmp_path):
    make_folder(tmp_path, {"A": 4, "B": 4}, TITLE=["Venus", ""] * 4, DATE=["1534", ""] * 4)
    data = load_dataset(tmp_path)
    assert data.picture(0, side=20).shape == (15, 20, 3)
    assert [data.caption(0), data.caption(1)] == ["Venus, 1534", "A/1.png"]


def test_text_stays_text_and_what_a_spreadsheet_adds_does_no_harm(tmp_path):
    frame = make_folder(tmp_path, {"A": 4, "B": 4}, TITLE='Venus,\n "asleep"', DATE="0012", AUTHOR="NA")
    frame["label"] = " " + frame["label"] + " "
    write_table(tmp_path, frame.to_csv(index=False, lineterminator="\r\n"), "utf-8-sig")
    data = load_dataset(tmp_path)
    assert data.classes == ("A", "B") and len(data) == 8
    assert set(data.metadata["DATE"]) == {"0012"} and set(data.metadata["AUTHOR"]) == {"NA"}


def test_table_and_folders_give_the_same_data_whatever_the_order_of_rows(folder):
    first = load_dataset(folder)
    pd.read_csv(folder / "metadata.csv").iloc[::-1].to_csv(folder / "metadata.csv", index=False)
    second = load_dataset(folder)
    assert first.fingerprint == second.fingerprint and first.metadata.equals(second.metadata)
    (folder / "metadata.csv").unlink()
    (folder / "A" / ".DS_Store").write_bytes(b"noise")
    (folder / "B" / "notes.txt").write_text("Not a picture.")
    third = load_dataset(folder)
    assert third.fingerprint == first.fingerprint and third.counts().to_dict() == {"A": 4, "B": 5}
    assert third.problems["file_name"].tolist() == ["B/notes.txt"]


def test_the_fingerprint_changes_with_name_label_and_bytes(folder):
    seen = {load_dataset(folder).fingerprint}
    frame = pd.read_csv(folder / "metadata.csv")
    draw(folder / "A" / "0.png", seed=99)
    seen.add(load_dataset(folder).fingerprint)
    frame.loc[frame["file_name"] == "B/0.png", "label"] = "A"
    frame.to_csv(folder / "metadata.csv", index=False)
    seen.add(load_dataset(folder).fingerprint)
    (folder / "A" / "0.png").rename(folder / "A" / "new.png")
    frame.replace("A/0.png", "A/new.png").to_csv(folder / "metadata.csv", index=False)
    seen.add(load_dataset(folder).fingerprint)
    assert len(seen) == 4


@pytest.mark.parametrize("classes", ["C, A", ["A", "C"], ("C", "A", "C")])
def test_classes_leaves_others_out(tmp_path, classes):
    make_folder(tmp_path, {"A": 4, "B": 1, "C": 5})
    assert load_dataset(tmp_path, classes).counts().to_dict() == {"A": 4, "C": 5}


def test_odd_labels_are_taken_as_they_are(tmp_path):
    frame = make_folder(tmp_path, {"A": 12})
    frame.assign(label=["pieta", "Pieta", "<b>x</b>"] * 4).to_csv(tmp_path / "metadata.csv", index=False)
    assert load_dataset(tmp_path).classes == ("<b>x</b>", "Pieta", "pieta")


# What is left out.


def test_unusable_pictures_are_left_out_and_named(tmp_path):
    make_folder(tmp_path, {"A": 8, "B": 4})
    (tmp_path / "A/0.png").write_bytes(b"")
    (tmp_path / "A/1.png").write_bytes((tmp_path / "A/1.png").read_bytes()[:200])
    (tmp_path / "A/2.png").write_text("<html>404</html>")
    (tmp_path / "A/3.png").unlink()
    data = load_dataset(tmp_path)
    assert data.counts().to_dict() == {"A": 4, "B": 4}
    for number, reason in enumerate(["empty", "decoded", "not a picture", "no such"]):
        name, problem, action = data.problems.iloc[number]
        assert name == f"A/{number}.png" and reason in problem and action == "left out"


def test_converted_pictures_stay_and_rows_that_are_there_twice_count_once(folder):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(folder / "A/0.png")
    frame = pd.read_csv(folder / "metadata.csv")
    frame.iloc[[*range(9), 1]].replace("A/2.png", "./A/2.png").to_csv(folder / "metadata.csv", index=False)
    data = load_dataset(folder)
    assert len(data) == 9
    problems = [["A/0.png", "converted"], ["A/1.png", "kept once"]]
    assert data.problems[["file_name", "action"]].to_numpy().tolist() == problems
    assert (data.images(4, rows=[0]) == 255).all()


@pytest.mark.parametrize("name", ["A/4.png", "B/copy.png"])  # one file listed twice, or two of the same bytes
def test_a_picture_with_two_labels_is_left_out(tmp_path, name):
    frame = make_folder(tmp_path, {"A": 5, "B": 4})
    (tmp_path / "B/copy.png").write_bytes((tmp_path / "A/4.png").read_bytes())
    frame.loc[len(frame)] = [name, "B"]
    frame.to_csv(tmp_path / "metadata.csv", index=False)
    data = load_dataset(tmp_path)
    assert data.counts().to_dict() == {"A": 4, "B": 4}
    assert set(data.problems["file_name"]) == {"A/4.png", name}
    assert 'A/4.png as "A"' in data.problems["problem"][0] and f'{name} as "B"' in data.problems["problem"][0]


# What is refused.


@pytest.mark.parametrize("table, message", [
    ("", 'metadata.csv: the columns "file_name" and "label" are needed.*none'),
    ("file_name:label\na.png:A\n", 'Columns found: "file_name:label"'),
    ("file_name,label\n", "no pictures"),
    ('file_name,label,TITLE\na.png,A,"two\nlines"\nb.png,  ,\n', "line 4: label is empty"),
    ("file_name,label\n,A\n", "metadata.csv, line 2: file_name is empty"),
    ("file_name,label\na.png\n", "line 2: label is empty"),
    ("file_name,label\na.png,A,Venus, asleep\n", "line 2: 2 more values than columns"),
    ('file_name,label\na.png,"A\nb.png,B\n', "this is not CSV"),
    ('file_name,label\na.png,"A,B"\n', 'line 2: the label "A,B" holds a comma'),
    ("file_name,label\n/etc/passwd,A\n", 'line 2: the file name "/etc/passwd" may lead out'),
    ("file_name,label\nA/../../x.png,A\n", 'the file name "A/../../x.png" may lead out'),
    ("file_name,label\nA/../a.png,A\n", 'the file name "A/../a.png" may lead out'),
    ("file_name,label\nA/\0.png,A\n", "may lead out"),
    ("file_name,label\na.png,A\n", '"A" is the only class'),
])
def test_a_malformed_table_is_refused(tmp_path, table, message):
    write_table(tmp_path, table)
    with pytest.raises(DataError, match=message) as refusal:
        load_dataset(tmp_path)
    assert str(tmp_path) in str(refusal.value)


def test_what_is_no_table_in_parquet_is_refused(tmp_path):
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(DataError, match="metadata.parquet: this Parquet cannot be read"):
        load_dataset(tmp_path)


def test_another_encoding_is_refused_with_its_line(tmp_path):
    write_table(tmp_path, "file_name,label\npietà.png,A\n", "latin-1")
    with pytest.raises(DataError, match="metadata.csv, line 2: byte 0xe0 is not UTF-8"):
        load_dataset(tmp_path)
    (tmp_path / "metadata.csv").write_bytes("\ufeff\ud800".encode("utf-16-le", "surrogatepass"))
    with pytest.raises(DataError, match="metadata.csv: this is not utf-16"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_as_spreadsheets_save_it(tmp_path, separator, encoding):
    frame = make_folder(tmp_path, {"A": 4, "B": 4}, TITLE='Pietà, "asleep"; a | b\tc')
    expected = load_dataset(tmp_path).metadata
    text = frame.to_csv(index=False, lineterminator=f"{separator}\r\n", sep=separator)  # and a separator too many
    write_table(tmp_path, text.replace(f"TITLE{separator}", "TITLE"), encoding)
    assert load_dataset(tmp_path).metadata.equals(expected)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    draw(outside, 1)
    (folder / "A/0.png").unlink()
    os.symlink(outside, folder / "A/0.png")
    with pytest.raises(DataError, match='"A/0.png" may lead out'):
        load_dataset(folder)


def test_missing_and_empty_folders_and_unknown_classes_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load_dataset(tmp_path / "missing")
    with pytest.raises(DataError, match="metadata.csv"):
        load_dataset(tmp_path)
    make_folder(tmp_path, {"A": 4, "B": 4})
    with pytest.raises(DataError, match='the label "a".* there: A, B'):
        load_dataset(tmp_path, "a,B")


def test_small_classes_are_all_named_in_one_message(tmp_path):
    make_folder(tmp_path, {"A": 4, "B": 3, "C": 1, "D D": 4})
    with pytest.raises(DataError) as refusal:
        load_dataset(tmp_path)
    assert str(refusal.value) == (
        f'{tmp_path}: class "B" has 3 pictures, class "C" has 1 picture, and at least 4 are needed (two to '
        "train on, one to validate, one to test). Add pictures, or leave them out: --classes 'A,D D'")


def test_a_class_that_shrank_by_damage_says_so(folder):
    (folder / "A/0.png").write_bytes(b"")
    with pytest.raises(DataError, match='"A" has 3 pictures.*Left out were 1.* A/0.png: The file is empty'):
        load_dataset(folder)
    for path in folder.glob("*/*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match='"A" has 0 pictures, class "B" has 0 pictures'):
        load_dataset(folder)


# What a person decided, and what may be shown.


def test_decisions_of_a_person_are_applied(folder):
    for name, *decided in (("A/0.png", "drop"), ("A/1.png", "pose", "B"), ("A/2.png", "box", "1 2 3 4"),
                           ("A/elsewhere.png", "drop")):
        append_decision(folder, Decision(name, *decided, who="me"))
    found = load_dataset(folder, minimum=0)
    table = found.metadata.set_index("file_name")
    assert "A/0.png" not in table.index and table["label"]["A/1.png"] == "B"
    assert table["boxes"]["A/2.png"] == "1 2 3 4"
    assert found.problems["file_name"].tolist() == ["decisions.csv"]
    assert "A/elsewhere.png" in found.problems["problem"][0]


def test_a_folder_that_is_only_looked_at_may_have_one_class_but_not_none(tmp_path):
    make_folder(tmp_path, {"A": 1})
    assert len(load_dataset(tmp_path, minimum=0)) == 1
    with pytest.raises(DataError, match="only class"):
        load_dataset(tmp_path, minimum=1)
    append_decision(tmp_path, Decision("A/0.png", "drop", who="me"))
    with pytest.raises(DataError, match="decisions.csv: these decisions drop every picture"):
        load_dataset(tmp_path, minimum=0)


@pytest.mark.parametrize("columns, shown", [
    ({"licence": ["CC0", "In copyright", "", "Public domain"]}, [0, 3]),
    ({"licence": "In copyright"}, [0, 1, 2, 3]),  # its owner's alone
    ({}, [0, 1, 2, 3]),
])
def test_only_open_pictures_are_shown_where_there_are_any(tmp_path, columns, shown):
    make_folder(tmp_path, {"A": 2, "B": 2}, **columns)
    assert load_dataset(tmp_path, minimum=1).rows_to_show([0, 1, 2, 3]).tolist() == shown
