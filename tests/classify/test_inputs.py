import csv
import os
import unicodedata
from functools import partial

import numpy as np
import pandas as pd
import pytest
from builders import picture
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.classify import inputs
from artpose_lib.data import pictures
from artpose_lib.data.dataset import DataError
from artpose_lib.data.pictures import PictureError


def names_of(source, follow=False):
    return list(inputs.list_names(source, source if source.is_dir() else source.parent, follow))


def reader(folder, follow=False):
    return partial(inputs.read_picture, root=folder, size=4, download=None, follow=follow)


def test_a_folder_is_searched_deeply_in_sorted_order_and_only_for_pictures(tmp_path, capsys):
    for name in ("b/2.PNG", "b/10.png", "a.jpg", "c/d/e/f.tif", "c/old.jfif", "c/photo.txt", "c/scan", ".hidden/1.png",
                 "b/.thumb.png", "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "b/#recycle/1.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("BM 1869.2: no picture")
    (tmp_path / "page.png").write_text("<html>")
    assert names_of(tmp_path) == ["a.jpg", "b/10.png", "b/2.PNG", "c/d/e/f.tif", "c/old.jfif", "c/photo.txt", "c/scan",
                                  "page.png"]
    assert "13 files: 4 of a system or program, or hidden, 8 taken as pictures, 1 no" in capsys.readouterr().err


plain = st.characters(exclude_characters="\r\n\0/\\.'\"", exclude_categories=["Cs"])
names = st.lists(st.text(plain, min_size=1).filter(str.strip))


@given(names, st.sampled_from(inputs.COLUMNS))
def test_lists_and_tables_give_their_names_as_they_are(tmp_path_factory, names, column):
    folder, names = tmp_path_factory.mktemp("list"), ["https://museum.example/1.jpg", *names]
    (folder / "list.txt").write_bytes(("\ufeff" + "\r\n".join(names) + "\n").encode())
    with (folder / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["n", column], *enumerate([*names, "two\nlines"])])
    assert names_of(folder / "list.txt") == names
    assert names_of(folder / "list.csv") == [*names, "two\nlines"]


@given(st.binary(max_size=400), st.sampled_from(["list.txt", "list.csv"]))
def test_any_bytes_are_a_list_or_an_error_in_words(tmp_path_factory, content, name):
    path = tmp_path_factory.mktemp("list") / name
    path.write_bytes(content)
    try:
        found = names_of(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert all(isinstance(reader(path.parent)(one), PictureError) for one in found)


@pytest.mark.parametrize(("name", "content", "words"), [
    ("list.csv", "title,page\nx,y\n", 'Columns found: "title", "page"'),
    ("list.csv", "", "Columns found: none"),
    ("list.csv", 'file_name\n"open\nquote\n', "not CSV"),
    ("list.txt", "a.png\n" + "x" * 10_000, "line 2: more than 8192 characters"),
    ("list.csv", "file_name\na,b.png\n", "line 2: .* more values than columns"),
    ("list.tsv", "title\tpage\n", 'Columns found: "title", "page"'),
    ("list.txt", "gone.png\naway.png\n", 'nothing that it names is in .* "gone.png".*--folder'),
    ("list.json", '[{"file_name": "0.png"}]', "nothing that it names"),
    ("list.txt", "", "The list names none"),
    ("cut.jpg", "\u0001\0\0\0", "no picture .* and no list"),
    ("cut.parquet", "PAR1\0\0", "Parquet cannot be read"),
    ("wide.txt", "\ufeff\ud800".encode("utf-16-le", "surrogatepass"), "not utf-16"),
    ("nowhere.txt", None, "no such folder, picture or list"),
])
def test_what_is_no_list_is_said(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=words):
        names_of(tmp_path / name)


@pytest.mark.parametrize(("name", "content"), [
    ("a.csv", "Title;File Name\r\n\"x;y\";été/0.png\r\n;;\r\n"), ("a.csv", "url,FILE_NAME,\n,été/0.png,\n"),
    ("a.tsv", "file_name\ttitle\nété/0.png\ta, b\n"), ("a.txt", "x|url\n1|été/0.png\n"), ("a.lst", "été\\0.png\r"),
    ("a.txt", "\n  \n 'été/0.png'\n"), ("a.txt", ' "été\\0.png" \r\n'),
    ("a.txt", "# a remark\n #\nété/0.png\n"),
])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_lists_are_read_as_programs_write_them(tmp_path, name, content, encoding):
    picture(tmp_path / "été" / "0.png")
    (tmp_path / name).write_bytes(content.encode(encoding))
    assert names_of(tmp_path / name) == ["été/0.png"]
    if encoding != "cp1252":
        (tmp_path / name).write_bytes(unicodedata.normalize("NFD", content).encode(encoding))
        assert names_of(tmp_path / name) == ["été/0.png"]


def test_a_picture_and_a_parquet_are_read_whatever_they_are_called(tmp_path):
    picture(tmp_path / "pics" / "0").rename(tmp_path / "0.csv")
    assert names_of(tmp_path / "0.csv") == ["0.csv"] and reader(tmp_path)("0.csv").shape == (4, 4, 3)
    pd.DataFrame({"url": ["", "https://museum.example/1"], "file_name": ["0.csv", None]}).to_parquet(tmp_path / "list")
    assert names_of(tmp_path / "list") == ["0.csv", "https://museum.example/1"]


def test_the_lists_of_the_shared_cases_are_read():
    lists = (SHARED / "cases" / "folders" / "lists").resolve()
    if not lists.is_dir():
        pytest.skip("no cases in ../shared")
    read = {path.name: names_of(path) for path in lists.glob("*.*") if path.name != "empty.txt"}
    assert len(read.pop("urls.txt")) == 7
    assert {name: len(names) for name, names in read.items()} == {
        "caps.csv": 1, "latin1.csv": 1, "quoted.txt": 3, "semicolon.csv": 1, "tab.tsv": 2, "utf16.csv": 3,
        "utf16.txt": 3, "win.txt": 3}
    assert all(reader(lists)(name).shape == (4, 4, 3) for names in read.values() for name in names)


def test_nothing_outside_the_folder_is_read(tmp_path):
    secret, folder = picture(tmp_path / "secret.png"), tmp_path / "in"
    picture(folder / "real.png")
    (folder / "link.png").symlink_to(secret)
    (folder / "inside.png").symlink_to("real.png")
    (folder / "circle.png").symlink_to("circle.png")
    (folder / "away").symlink_to(tmp_path)
    assert names_of(folder) == ["away", "circle.png", "inside.png", "link.png", "real.png"]
    read = reader(folder)
    assert read("inside.png").shape == read(str(folder / "real.png")).shape == (4, 4, 3)
    outside = ("../secret.png", str(secret), "a/../../secret.png", "away/../secret.png")
    for names, advice in ((("link.png", "away/secret.png"), "ARTPOSE_FOLLOW_LINKS=1"), (outside, "--folder")):
        assert all("leads out of the folder" in str(read(name)) and advice in str(read(name)) for name in names)
    read = reader(folder, follow=True)
    assert names_of(folder, follow=True) == ["away/secret.png", "circle.png", "inside.png", "link.png", "real.png"]
    assert read("link.png").shape == read("away/secret.png").shape == (4, 4, 3)
    assert all("leads out" in str(read(name)) for name in outside)


def test_letters_in_two_characters_are_found_in_any_folder(tmp_path):
    picture(tmp_path / "Pieta\u0300" / "é.png")
    for name in ("Pietà/é.png", "Pietà/e\u0301.png", "Pieta\u0300/e\u0301.png"):
        assert reader(tmp_path)(name).shape == (4, 4, 3)


def test_what_cannot_be_read_is_an_error_of_one_line(tmp_path, monkeypatch):
    whole = picture(tmp_path / "whole.png", size=(300, 300)).read_bytes()
    (tmp_path / "text.png").write_bytes(b"<script>")
    (tmp_path / "circle.png").symlink_to("circle.png")
    os.mkfifo(tmp_path / "pipe.png")  # to open it would wait for ever
    (tmp_path / "folder.png").mkdir()
    read = reader(tmp_path)
    said = {name: read(name) for name in ("text.png", "circle.png", "pipe.png", "folder.png", "gone.png", "nul\0.png",
                                          "x" * 300)}
    assert all(isinstance(error, PictureError) and len(str(error).splitlines()) == 1 for error in said.values())
    assert str(said["pipe.png"]) == str(said["folder.png"]) == "This is no file."
    assert str(said["gone.png"]) == "There is no such file."
    monkeypatch.setattr(pictures, "LARGEST", len(whole) - 1)
    assert "too large" in str(read("whole.png"))


def test_changed_bytes_never_raise(tmp_path):
    """A picture with bytes changed at random is a picture or an error, in a hundred ways."""
    Image.effect_noise((32, 32), 80).convert("RGB").save(tmp_path / "good.jpg")
    good, rng = np.fromfile(tmp_path / "good.jpg", np.uint8), np.random.default_rng(0)
    for _ in range(100):
        changed, places = good.copy(), rng.integers(len(good), size=rng.integers(1, 20))
        changed[places] = rng.integers(256, size=len(places))
        changed.tofile(tmp_path / "bad.jpg")
        found = reader(tmp_path)("bad.jpg")
        assert isinstance(found, PictureError) or found.shape == (4, 4, 3)
