import numpy as np
import pytest

from artpose_lib.data.boxes import box_fractions, parse_boxes


def test_boxes_become_numbers_and_fractions_of_width_and_height():
    text = "10 20 30 40;0 0 200 50"
    assert parse_boxes(text) == [(10, 20, 30, 40), (0, 0, 200, 50)]
    np.testing.assert_allclose(box_fractions(text, 200, 50), [[0.05, 0.4, 0.15, 0.8], [0, 0, 1, 1]])


@pytest.mark.parametrize("text", ["", "<script>;1 2 three 4"])
def test_anything_else_is_ignored(text):
    assert parse_boxes(text) == [] and box_fractions(text, 200, 50).shape == (0, 4)
