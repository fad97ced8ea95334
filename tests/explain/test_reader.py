"""What the static reader writes; tests/browser looks at it as a person does."""

import json
import re

import numpy as np
import pytest
import tinyreader
from PIL import Image
from tinyreader import LAYERS, MEANINGS, TESTED, picture

from artpose_lib.explain.reader import Reader, ReaderModel, slug, write_reader

BUDGET = 1_500_000  # bytes of the first view


@pytest.fixture(scope="module")
def given():
    return tinyreader.contents()


@pytest.fixture(scope="module")
def written(tmp_path_factory, given):
    """The folder and the reader."""
    folder = tmp_path_factory.mktemp("site") / "maps"
    return folder, write_reader(folder, *given, MEANINGS)


@pytest.fixture
def one_layer(given):
    return ReaderModel("alpha", "Alpha", LAYERS[:1], given[0][0].networks)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_numbers_of_some_tested_pictures_name_them_by_their_place_among_all(tmp_path, given, one_layer):
    tested = range(TESTED - 1, -1, -1)
    model = ReaderModel("alpha", "Alpha", LAYERS[:1], one_layer.networks, {"one": given[0][0].tables["one"]}, tested)
    write_reader(tmp_path / "maps", [model], given[1][:1], given[2])
    text = (tmp_path / "maps" / "alpha" / "1.js").read_text()
    numbers = json.loads(re.search(r"{},(.*)\);", text).group(1))["alpha/1"]
    assert numbers["strongest"][1][::3] == [11, 10]


def test_the_same_input_gives_the_same_bytes(written, tmp_path, given):
    again = write_reader(tmp_path / "maps", *given, MEANINGS)
    assert again.html == written[1].html == again._repr_html_()
    assert contents(tmp_path / "maps") == contents(written[0])


def test_a_run_takes_the_place_of_an_earlier_one_only_when_it_succeeds(tmp_path, given, one_layer):
    models, pictures, _ = given
    write_reader(tmp_path / "maps", models[1:], pictures)
    write_reader(tmp_path / "maps", [one_layer], pictures[:1])
    assert sorted(contents(tmp_path / "maps")) == sorted([
        "README.txt", "pictures/first.jpg", "small/first.jpg", "alpha/1.js",
        *(f"alpha/{key}/first/1.{kind}" for key in ("fine-tuned", "imagenet") for kind in ("js", "png"))])
    before = contents(tmp_path / "maps")
    with pytest.raises(ValueError, match="nowhere"):
        write_reader(tmp_path / "maps", [ReaderModel("alpha", "x", ["nowhere"], one_layer.networks)], pictures)
    assert contents(tmp_path / "maps") == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == ["maps"]


def test_a_folder_of_something_else_is_not_touched(tmp_path, given):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="other files"):
        write_reader(tmp_path, given[0][1:], given[1])
    assert contents(tmp_path) == {"mine.txt": b"mine"}


def test_large_pictures_do_not_make_the_page_large(tmp_path, one_layer):
    wide = [picture("wide", height=1000, width=1500)]
    write_reader(tmp_path / "maps", [one_layer], wide, wide)
    found = {path.parent.name: (Image.open(path).size, path.stat().st_size)
             for path in (tmp_path / "maps").rglob("*.jpg")}
    assert {kind: size for kind, (size, _) in found.items()} == {
        "pictures": (720, 480), "small": (160, 107), "tested": (256, 171)}
    # Six pictures to choose from and nine crops; noise is the worst that JPEG can meet.
    assert found["pictures"][1] + 6 * found["small"][1] + 9 * found["tested"][1] < BUDGET * 2 / 3


@pytest.mark.parametrize(("text", "expected"), [("VGG16", "vgg16"), ("fine-tuned", "fine-tuned"), ("圣", ""),
                                                (" St. Anna (1510)! ", "st-anna-1510"), ("a/../b", "a-b")])
def test_a_slug_fits_an_address(text, expected):
    assert slug(text) == expected == slug(expected)


def test_links_count_filters_from_one(written):
    reader = written[1]
    assert reader.link("alpha", "five", 119, "second") == "#alpha/5/120/second"
    assert reader.link("alpha", "one", 1, "first", "ImageNet") == "#alpha/1/2/first/imagenet"
    assert reader.link("alpha", "one", 1, "first", "side-by-side").endswith("/side-by-side")


def test_a_link_leads_to_the_picture_in_which_the_filter_answers_most(written):
    answers = np.array([[1, np.nan, np.nan], [3, np.nan, 2], [2, np.nan, np.nan]])  # (pictures, filters)
    reader = Reader(written[1].index, {("alpha", "fine-tuned", "one"): answers})
    assert reader.link("alpha", "one", 0) == "#alpha/1/1/second"
    assert reader.link("alpha", "one", 0, "third") == "#alpha/1/1/third"
    assert reader.link("alpha", "one", 2, "third", "fine-tuned") == "#alpha/1/3/second/fine-tuned"  # there it is silent
    assert reader.link("alpha", "one", 1, "first") == ""  # silent in all


def test_a_picture_that_no_page_may_show_is_not_written(written):
    there = sorted(path.name for path in (written[0] / "tested").iterdir())
    assert there == sorted(f"{number}.jpg" for number in range(TESTED - 1))