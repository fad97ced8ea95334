"""Crops hold their boxes and a margin, edges are black and white."""

import numpy as np
import pandas as pd
import pytest
from builders import make_folder, scene
from PIL import Image

from artpose_lib.data import views
from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.pictures import PAPER

FOUND = pd.DataFrame([("A/0.png", 1.0, 2.0, 21.0, 12.0), ("A/1.png", 0.0, 0.0, 10.0, 10.0)],
                     columns=["file_name", "x0", "y0", "x1", "y1"])


@pytest.mark.parametrize(("boxes", "rows", "columns"), [
    ([(20, 10, 40, 60)], (5, 65), (18, 42)), ([(20, 10, 40, 60), (60, 20, 70, 30)], (5, 65), (15, 75)),
    ([(0, 0, 96, 96)], (0, 96), (0, 96)), ([(90, 90, 120, 120)], (87, 96), (87, 96)),
    ([], (0, 96), (0, 96)), ([(200, 200, 240, 240)], (0, 96), (0, 96))])
def test_a_crop_holds_all_boxes_with_a_margin_within_the_picture(boxes, rows, columns):
    picture = scene()
    np.testing.assert_array_equal(views.crop(picture, boxes), picture[slice(*rows), slice(*columns)])


def test_boxes_of_the_table_come_first_and_found_ones_alone_where_they_are_asked_for(tmp_path):
    make_folder(tmp_path, {"A": 3}, boxes=["5 5 9 9", "", ""])
    dataset = load_dataset(tmp_path, minimum=0)
    assert views.choose_boxes(dataset, FOUND, "cropped") == [[(5, 5, 9, 9)], [[0, 0, 10, 10]], []]
    assert views.choose_boxes(dataset, FOUND, "found") == [[[1, 2, 21, 12]], [[0, 0, 10, 10]], []]
    assert views.choose_boxes(dataset, FOUND.iloc[:0], "whole") == []
    shown = list(views.show_views(dataset, "found", 16, views.choose_boxes(dataset, FOUND, "found")))
    whole = list(views.show_views(dataset, "whole", 16, []))
    assert [one.shape for one in shown] == [(16, 16, 3)] * 3
    assert (shown[2] == whole[2]).all() and (shown[0] != whole[0]).any()


def test_five_crops_are_parts_of_one_picture_and_what_is_padded_keeps_its_proportions(tmp_path):
    make_folder(tmp_path, {"A": 1})
    dataset = load_dataset(tmp_path, minimum=0)
    (whole,), size = dataset.images(20), round(20 * views.SHOWN)
    for view, rows, columns in (("top left", slice(0, 16), slice(0, 16)), ("bottom left", slice(4, 20), slice(0, 16)),
                                ("top right", slice(0, 16), slice(4, 20)), ("centre", slice(2, 18), slice(2, 18))):
        np.testing.assert_array_equal(next(views.show_views(dataset, view, size, [])), whole[rows, columns])
    wide = np.zeros((10, 40, 3), np.uint8)
    Image.fromarray(wide).save(tmp_path / dataset.metadata["file_name"].iloc[0])
    padded, grey = (next(views.show_views(dataset, view, 20, [])) for view in ("padded", "grey padded"))
    assert (padded[0] == PAPER).all() and (padded[10] == 0).all() and (grey[0, :, 0] == grey[0, :, 2]).all()


def test_edges_are_white_on_black_and_fewer_the_more_is_blurred(tmp_path):
    make_folder(tmp_path, {"A": 1})
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:40, 20:40], picture[::7, ::7] = 200, 255
    fine, coarse = (views.draw_edges(picture, blur) for blur in (1, 4))
    assert set(np.unique(fine)) == {0, 255} and fine.shape == picture.shape and fine.dtype == np.uint8
    assert (fine > 0).sum() > (coarse > 0).sum() > 0
    shown, = views.show_views(load_dataset(tmp_path, minimum=0), "edges 1", 24, [])
    assert shown.shape == (24, 24, 3) and set(np.unique(shown)) <= {0, 255}
