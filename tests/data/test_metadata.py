import pytest

from artpose_lib.data.metadata import parse_boxes


@pytest.mark.parametrize("text, boxes", [
    ("10 20 30 40;0 0 200 50", [(10, 20, 30, 40), (0, 0, 200, 50)]), ("", []), ("<script>;1 2 three 4", [])])
def test_boxes_become_numbers_and_anything_else_is_ignored(text, boxes):
    assert parse_boxes(text) == boxes
