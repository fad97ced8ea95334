"""The drawn data set: honest metadata, repeatable bytes, figures that do not depend on their background."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.draw import BACKGROUNDS, LINKED, MEDIA, SHARES, _poses, draw_artwork, draw_dataset

FIGURES = {"Antinous": 1, "Graces": 3, "Pieta": 2, "Reclining": 1, "Sebastian": 1, "Tanagra": 1}


def read(folder):
    return pd.read_csv(folder / "metadata.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw_dataset(tmp_path_factory.mktemp("drawn") / "artworks", n=13, seed=3)


def test_every_row_names_an_existing_picture_and_its_mask(drawn):
    table = read(drawn)
    assert set(table["label"]) == set(POSE_NAMES)
    for row in table.itertuples():
        picture, mask = Image.open(drawn / row.file_name), Image.open(drawn / row.mask)
        assert picture.mode == "RGB" and mask.mode == "L"
        assert picture.size == mask.size and max(picture.size) == 320
        assert row.sha256 == hashlib.sha256((drawn / row.file_name).read_bytes()).hexdigest()


@given(n=st.integers(1, 400))
def test_each_pose_has_its_share_of_the_pictures_at_every_length(n):
    poses = list(_poses(n))
    for name, share in SHARES.items():
        assert abs(poses.count(name) - n * share / sum(SHARES.values())) < 1


def test_metadata_says_what_the_pictures_are(drawn):
    table = read(drawn)
    thesis = ["AUTHOR", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "ID", "TYPE", "image"]
    assert list(table.columns[:10]) == ["file_name", "label", *thesis]
    assert set(table["source"]) == {"synthetic"} and set(table["licence"]) == {"CC0-1.0"}
    assert set(table["medium"]) <= set(MEDIA) and set(table["background"]) <= set(BACKGROUNDS)
    assert table["ID"].is_unique


def test_boxes_hold_the_mask_and_joints_lie_in_the_picture(drawn):
    for row in read(drawn).itertuples():
        mask = np.array(Image.open(drawn / row.mask))
        height, width = mask.shape
        boxes = [tuple(map(int, box.split())) for box in row.boxes.split(";")]
        figures = row.keypoints.split(";")
        assert len(boxes) == len(figures) <= FIGURES[row.label]
        outside = mask.copy()
        for x0, y0, x1, y1 in boxes:
            assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
            outside[y0:y1, x0:x1] = 0
        assert not outside.any()
        for joint in ", ".join(filter(None, figures)).split(", "):
            name, x, y = joint.split()
            assert name.isidentifier() and 0 <= int(x) < width and 0 <= int(y) < height


def test_the_same_call_writes_the_same_bytes_and_more_pictures_change_none(drawn, tmp_path):
    again = draw_dataset(tmp_path / "again", n=7, seed=3)
    assert read(again).equals(read(drawn).head(7))
    assert not read(draw_dataset(tmp_path / "other", n=1, seed=4)).equals(read(drawn).head(1))


def test_a_complete_folder_is_returned_and_an_interrupted_one_is_drawn_again(tmp_path):
    folder = draw_dataset(tmp_path / "artworks", n=2)
    table, written = read(folder), (folder / "metadata.csv").stat().st_mtime_ns
    assert draw_dataset(folder, n=2) == folder
    assert (folder / "metadata.csv").stat().st_mtime_ns == written
    (folder / "metadata.csv").unlink()
    assert read(draw_dataset(folder, n=2)).equals(table)


def test_a_picture_that_fails_leaves_no_metadata(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("artpose_lib.draw.draw_artwork", fail)
    with pytest.raises(OSError, match="disk full"):
        draw_dataset(tmp_path / "artworks", n=2)
    assert not (tmp_path / "artworks" / "metadata.csv").exists()


def test_a_folder_with_anything_else_is_left_alone(tmp_path, drawn):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="already holds something else"):
        draw_dataset(tmp_path, n=1)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(FileExistsError):
        draw_dataset(drawn, n=13, seed=99)


@pytest.mark.parametrize("link", [-0.01, 1.5, float("nan")])
def test_a_link_out_of_range_is_refused_with_its_value(tmp_path, link):
    with pytest.raises(ValueError, match=rf"{link}.*between 0 and 1"):
        draw_dataset(tmp_path / "never", background_link=link)
    assert not (tmp_path / "never").exists()


def test_no_pictures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="n is 0"):
        draw_dataset(tmp_path / "never", n=0)


def test_a_full_link_gives_each_class_its_own_background_and_keeps_the_figures(drawn, tmp_path):
    linked = draw_dataset(tmp_path / "linked", n=6, seed=3, background_link=1.0)
    table = read(linked)
    assert dict(zip(table["label"], table["background"], strict=True)) == LINKED
    assert set(LINKED.values()) == set(BACKGROUNDS)
    assert list(table["boxes"]) == list(read(drawn)["boxes"][:6])
    for mask in table["mask"]:
        assert (linked / mask).read_bytes() == (drawn / mask).read_bytes()


@settings(max_examples=8, deadline=None)
@given(pose=st.sampled_from(POSE_NAMES), medium=st.sampled_from(MEDIA), seed=st.integers(0, 2**32))
def test_a_figure_does_not_depend_on_its_background(pose, medium, seed):
    one, other = (draw_artwork(pose, np.random.default_rng(seed), kind, medium) for kind in ("museum", "garden"))
    assert np.array_equal(one.mask, other.mask)
    assert one.boxes == other.boxes and one.keypoints == other.keypoints
    difference = np.abs(one.image.astype(int) - other.image).max(axis=2)
    assert difference[one.mask == 0].mean() > difference[one.mask == 255].mean()


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("pose", POSE_NAMES)
def test_every_pose_exists_in_every_medium(pose, medium):
    drawing = draw_artwork(pose, np.random.default_rng(5), medium=medium)
    assert drawing.medium == medium and drawing.background in BACKGROUNDS
    assert drawing.image.dtype == np.uint8 and drawing.image.shape == (*drawing.mask.shape, 3)
    assert drawing.image.std() > 8  # not a blank sheet
    assert 0.03 < (drawing.mask == 255).mean() < 0.9


def test_media_and_backgrounds_are_drawn_for_every_class_alike():
    drawings = [draw_artwork("Antinous", np.random.default_rng([1, i])) for i in range(40)]
    assert {drawing.medium for drawing in drawings} == set(MEDIA)
    assert {drawing.background for drawing in drawings} == set(BACKGROUNDS)


@pytest.mark.parametrize("names", [("Discobolus",), ("Pieta", "sea"), ("Pieta", "paper", "bronze")])
def test_an_unknown_name_is_refused_with_the_known_ones(names):
    pose, background, medium = (*names, None, None)[:3]
    with pytest.raises(ValueError, match=f"'{names[-1]}'; choose one of"):
        draw_artwork(pose, np.random.default_rng(0), background, medium)
