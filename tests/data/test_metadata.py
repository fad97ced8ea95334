import os
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from builders import draw
from conftest import SHARED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artpose_lib.classify.inputs import list_names
from artpose_lib.cli import main
from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.decisions import Decision, append_decision
from artpose_lib.data.metadata import LITTER, DataError, list_pictures, parse_boxes

CASES = SHARED / "cases"
needs_cases = pytest.mark.skipif(not CASES.exists(), reason="the cases are not here")


def fill(folder, *names):
    """A folder of different pictures of these names."""
    for seed, name in enumerate(names):
        draw(folder / "drawn.png", seed + 100 * len(names))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "drawn.png").rename(folder / name)
    return folder


def count_files(folder):
    return sum(len(names) for _, _, names in os.walk(folder))


@pytest.mark.parametrize("text, boxes", [
    ("10 20 30 40;0 0 200 50", [(10, 20, 30, 40), (0, 0, 200, 50)]), ("", []), ("<script>;1 2 three 4", [])])
def test_boxes_become_numbers_and_anything_else_is_ignored(text, boxes):
    assert parse_boxes(text) == boxes


# What is in a folder besides pictures.


@pytest.mark.parametrize("litter", [*LITTER[:-1], "@eaDir", "$RECYCLE.BIN", "__MACOSX", ".ipynb_checkpoints"])
def test_what_systems_leave_is_no_class_and_no_picture(tmp_path, litter):
    fill(tmp_path, "A/0.png", "B/0.png", f"{litter}/A/0.png", f"B/{litter}/0.png/t.png", f"{litter}/A/{litter}/1.png")
    (tmp_path / "A" / "._0.png").write_bytes(b"a fork of macOS")
    (tmp_path / "A" / "Thumbs.db").write_bytes(b"\xff\xd8\xff a thumbnail")
    found = load_dataset(tmp_path, minimum=0)
    assert found.classes == ("A", "B") and len(found) == 2 and found.problems.empty
    assert sum(found.tally.values()) == count_files(tmp_path) == 7


pieces = st.sampled_from(["A", "train", "test", "@eaDir", ".hidden", "é", "e\u0301", "0.png", "1.jfif", "note.txt"])
contents = st.sampled_from([0, 1, 2, b"", b"a note", b"\xff\xd8\xff\xe0 cut off"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.lists(pieces, min_size=1, max_size=4).map("/".join), contents, max_size=12))
def test_whatever_a_folder_holds_its_counts_add_up(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("any")
    for name, content in files.items():
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content) if isinstance(content, bytes) else fill(folder, name)
        except OSError:  # a file stands where a folder should
            (folder / "drawn.png").unlink(missing_ok=True)
    try:
        found = load_dataset(folder, minimum=0)
    except DataError as error:
        assert f"{count_files(folder)} files: " in str(error)
    else:
        assert sum(found.tally.values()) == count_files(folder) and found.tally["used"] == len(found)
        assert not {"@eaDir", ".hidden", "e\u0301"} & set(found.classes)


@pytest.mark.parametrize("names, classes", [
    (["train/A/0.png", "val/A/0.png", "test/B/0.png"], ("A", "B")),
    (["Training/A/0.png", "validation_set/B/x/0.png", "DEV/B/0.png"], ("A", "B")),
    (["train/A/0.png", "train/B/0.png"], ("A", "B")),
    (["training_set/training_set/A/0.png", "test_set/test_set/B/0.png"], ("A", "B")),  # as Kaggle packs some
    (["seg_train/seg_train/A/0.png", "seg_train/seg_train/B/0.png", "seg_test/seg_test/B/0.png"], ("A", "B")),
    (["train2017/A/0.png", "train2017/B/0.png", "val2017/B/0.png"], ("A", "B")),
    (["data/train/A/0.png", "data/test/B/0.png"], ("A", "B")),  # one folder around all
    (["test tubes/old/0.png", "bus/old/0.png"], ("bus", "test tubes")),
    (["train/A/0.png", "train/B/0.png", "test/0.png", "train/1.png"], ("A", "B")),  # what has no label is passed over
    (["train/0.png", "bus/0.png"], ("bus", "train")),  # vehicles
    (["train/A/0.png", "bus/0.png"], ("bus", "train")),
    (["A/train/0.png", "B/test/0.png"], ("A", "B")),
])
def test_a_division_above_the_classes_is_seen_and_said(tmp_path, names, classes):
    found = load_dataset(fill(tmp_path, *names), minimum=0)
    assert found.classes == classes and sum(found.tally.values()) == len(names)
    assert any("divided anew" in text for text in found.problems["problem"]) == (set(classes) == {"A", "B"} and
                                                                                names[0][0] != "A")


def test_what_may_be_a_division_beside_classes_is_said(tmp_path):
    found = load_dataset(fill(tmp_path, "train/A/0.png", "test/A/0.png", "extra/A/0.png"), minimum=0)
    assert found.classes == ("extra", "test", "train")
    assert found.problems["file_name"].tolist() == ["test, train"] and "may divide" in found.problems["problem"][0]


def test_a_division_without_classes_is_refused_with_its_counts(tmp_path):
    with pytest.raises(DataError, match="2 files: 2 in no class's folder, such as test/0.png"):
        load_dataset(fill(tmp_path, "train/0.png", "test/0.png"))


def test_data_info_tells_of_pictures_of_which_none_is_of_use(tmp_path, capsys):
    for name in ("A/0.jpg", "B/0.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    assert main(["data", "info", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "2 files: 2 left out." in told.out and 'class "A" has 0 pictures' in told.err


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    fill(tmp_path, "A/0.png", "B/0.png", "B/deep/0.png", "lost+found/0.png")
    scan, closed = os.scandir, {"deep", "lost+found"}

    def refuse(path):
        if Path(path).name in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="B/deep: the folder cannot be read"):
        list_pictures(tmp_path)
    closed.remove("deep")
    assert list_pictures(tmp_path)[1] == {"of a system or program, or hidden, such as lost+found": 1}


def test_a_table_that_cannot_be_read_is_named(tmp_path):
    (fill(tmp_path, "A/0.png", "B/0.png") / "metadata.csv").mkdir()
    with pytest.raises(DataError, match="metadata.csv: this cannot be read .Is a directory.*elsewhere"):
        list_pictures(tmp_path)


# How things are spelled.


def test_names_that_are_not_in_utf_8_are_passed_over_and_shown(tmp_path):
    fill(tmp_path, "A/0.png", "B/0.png", "B/1.png")
    try:
        os.rename(tmp_path / "B" / "1.png", os.fsencode(tmp_path / "B") + b"/\xe9.png")
    except OSError:
        pytest.skip("names are UTF-8 on this file system")
    (tmp_path / os.fsdecode(b"note \xe9")).write_bytes(b"a note")
    found = load_dataset(tmp_path, minimum=0)
    assert found.problems["file_name"].tolist() == [r"B/\xe9.png", r"note \xe9"]
    assert len(found) == 2 and sum(found.tally.values()) == 4


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_table", ["NFC", "NFD"])
def test_composed_or_not_a_name_is_a_name(tmp_path, on_disk, in_table):
    names = [f"Pietà/é{number}.png" for number in range(4)] + [f"B/ü{number}.png" for number in range(4)]
    fill(tmp_path, *(normalize(on_disk, name) for name in names))
    table = "".join(f"{normalize(in_table, name)},{normalize(form, name.split('/')[0])}\n"
                    for name, form in zip(names, ["NFC", "NFD"] * 4, strict=True))
    listed = tmp_path / "metadata.csv"
    fingerprints = set()
    for text in ("file_name,label\n" + table, None):
        listed.write_text(text) if text else listed.unlink()
        append_decision(tmp_path, Decision("Pieta\u0300/e\u03010.png", "keep", who="me"))
        found = load_dataset(tmp_path, "B,Pieta\u0300")
        assert found.classes == ("B", "Pietà") and found.metadata["file_name"].tolist() == sorted(names)
        assert found.problems.empty and found.images(4).shape == (8, 4, 4, 3) and found.picture(7, 9).any()
        fingerprints.add(found.fingerprint)
    assert len(fingerprints) == 1


def test_two_spellings_of_a_class_are_one_class_with_all_its_pictures(tmp_path):
    fill(tmp_path, "Pietà/0.png", "Pietà/1.png", "Pieta\u0300/0.png", "Pieta\u0300/2.png", "B/0.png")
    found = load_dataset(tmp_path, minimum=0)
    assert found.counts().to_dict() == {"B": 1, "Pietà": 4}
    assert len(np.unique(found.images(8), axis=0)) == 5


def test_odd_spellings_that_are_neither_are_found_too(tmp_path):
    fill(tmp_path, "\u212bngstro\u0308m\u0301\u0323.png", "b.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\n\u00c5ngström\u0323\u0301.png,A\nb.png,B\n")
    assert len(load_dataset(tmp_path, minimum=0)) == 2


def test_backslashes_are_those_of_windows_unless_a_file_has_them(tmp_path):
    fill(tmp_path, "A/x/0.png", "B\\own.png", "B/0.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\nA\\x\\0.png,A\nB\\own.png,B\nB\\0.png,B\nB\\gone.png,B\n")
    found = load_dataset(tmp_path, minimum=0)
    assert found.metadata["file_name"].tolist() == ["A/x/0.png", "B/0.png", "B\\own.png"]
    assert found.problems["file_name"].tolist() == ["B/gone.png"]
    for name in ("..\\x.png", "A\\..\\..\\x.png", "\\\\server\\x.png"):
        (tmp_path / "metadata.csv").write_text(f"file_name,label\n{name},A\n")
        with pytest.raises(DataError, match="may lead out"):
            load_dataset(tmp_path)


@pytest.mark.parametrize("table", [
    '\ufeff"FILE_NAME";"Label";"Work"\r\n"A/0.png";"A";"W"\r\n"B/0.png";"B";"W"\r\n;;\r\n;;\r\n\r\n',
    "sep=;\r\nFile Name;LABEL;work\r\nA/0.png;A;W\r\nB/0.png;B;W\r\n",
    "file_name , label, work\n A/0.png ,A,W\nB/0.png,B,W\n , ,\n  \n"])
def test_a_table_is_read_as_spreadsheets_and_people_write_it(tmp_path, table):
    (fill(tmp_path, "A/0.png", "B/0.png") / "metadata.csv").write_text(table, "utf-8", newline="")
    found = load_dataset(tmp_path, minimum=0)
    assert list(found.metadata) == ["file_name", "label", "work"] and len(found) == 2
    assert found.problems["problem"].tolist() == ['Its work "W" has several labels: A, B.']
    assert [*list_names(tmp_path / "metadata.csv", tmp_path)] == ["A/0.png", "B/0.png"]
    (tmp_path / "metadata.csv").write_text(table + "A/1.png", "utf-8", newline="")
    with pytest.raises(DataError, match=f"line {len(table.splitlines()) + 1}: label is empty"):
        list_pictures(tmp_path)


def test_a_file_that_its_list_may_mean_is_named(tmp_path):
    fill(tmp_path, "img/Pietà.jpg", "img/b.jpg")
    (tmp_path / "metadata.csv").write_text("file_name,label\nIMG\\PIETÀ.JPG,A\nimg/b,B\nimg/c.jpg,B\n", "utf-8")
    told = load_dataset(tmp_path, minimum=0).problems["problem"]
    absent = "There is no such file."
    assert told.tolist() == [f"{absent} Is img/Pietà.jpg meant?", f"{absent} Is img/b.jpg meant?", absent]


# Links.


def test_links_are_followed_within_the_folder_and_out_of_it_when_asked(tmp_path, monkeypatch):
    folder = fill(tmp_path / "in", "A/0.png", "B/0.png", ".pool/C/2.png", ".pool/1.png", ".pool/out/3.png")
    (folder / ".pool" / "out").rename(tmp_path / "out")
    for link, target in (("A/1.png", "../.pool/1.png"), ("C", ".pool/C"), ("A/around", "../A"), ("A/gone.png", "none")):
        (folder / link).symlink_to(target)
    (folder / "B" / "lost.png").symlink_to(tmp_path / "nowhere" / "0.png")
    names = ["A/0.png", "A/1.png", "A/gone.png", "B/0.png", "B/lost.png", "C/2.png"]
    assert list_pictures(folder)[0]["file_name"].tolist() == names
    found = load_dataset(folder, minimum=0)
    assert found.counts().to_dict() == {"A": 2, "B": 1, "C": 1}
    assert not found.problems["problem"].str.contains("meant").any()
    for link, target, name in (("D", "out", "D/3.png"), ("B/3.png", "out/3.png", "B/3.png")):
        (folder / link).symlink_to(tmp_path / target)
        with pytest.raises(DataError, match=f'"{link}" may lead out.*ARTPOSE_FOLLOW_LINKS=1'):
            list_pictures(folder)
        with monkeypatch.context() as asked:
            asked.setenv("ARTPOSE_FOLLOW_LINKS", "1")
            assert name in set(load_dataset(folder, minimum=0).metadata["file_name"])
        (folder / link).unlink()


# The cases.


@needs_cases
@pytest.mark.parametrize("name, counts", [
    ("museums/nas_junk", {"Graces": 2, "Pieta": 2}), ("museums/nfc_nfd_file", {"Graces": 2, "Pieta": 2}),
    ("museums/nfc_nfd_label", {"Pietà": 4}), ("museums/backslash", {"A": 2, "B": 2}), ("folders/jf", {"a": 5, "b": 5}),
    ("folders/kaggle", {"Antinous": 14, "Pieta": 14}), ("folders/tiny2", {"one": 4, "two": 4}),
    ("folders/hindi", {"कला": 5, "कली": 5}), ("folders/lists", {"pics": 3})])
def test_the_cases_are_read_as_they_should_be(name, counts):
    found = load_dataset(CASES / name, minimum=0)
    assert found.counts().to_dict() == counts
    if not (CASES / name / "metadata.csv").exists():
        assert sum(found.tally.values()) == count_files(CASES / name)


@needs_cases
@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("folders/*")))
def test_data_info_tells_of_every_file(name, capsys):
    main(["data", "info", str(CASES / "folders" / name)])
    told = capsys.readouterr()
    assert f" {count_files(CASES / 'folders' / name)} files: " in f" {told.out} {told.err}".replace("\n", " ")
