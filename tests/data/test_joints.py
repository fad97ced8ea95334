"""Figures are described alike wherever they stand, however large they are, and errors count in their own torsos."""

import numpy as np
import pytest

from artpose_lib.data import joints

STANDING = np.array([(50, 5), (60, 20), (40, 20), (65, 40), (35, 40), (70, 55), (30, 55), (56, 60), (44, 60),
                     (58, 85), (42, 85), (58, 110), (42, 110)], float)[None]
STANDING[0, 0, 0] = 53  # it looks to a side


def test_a_figure_is_described_alike_wherever_it_stands_and_however_large_it_is():
    described = joints.describe_figures(STANDING)
    np.testing.assert_allclose(joints.describe_figures(STANDING * 3 + [7, -20]), described, atol=1e-9)
    assert (described != joints.describe_figures(STANDING[..., ::-1])).any()  # a lying one is another
    assert described[49:].any() == 0 and not joints.describe_figures(np.zeros((0, 13, 2))).any()


def test_the_larger_of_two_figures_comes_first_whichever_is_told_first():
    both = np.concatenate([STANDING, STANDING * 0.5 + [100, 30]])
    described = joints.describe_figures(both)
    np.testing.assert_allclose(joints.describe_figures(both[::-1]), described)
    assert described[97] == pytest.approx(0.5)


def test_a_mirror_changes_the_sides_and_twice_nothing():
    mirrored = joints.mirror(STANDING)
    np.testing.assert_array_equal(joints.mirror(mirrored), STANDING)
    names = dict(zip(joints.JOINTS, mirrored[0], strict=True))
    assert names["left_wrist"].tolist() == [-30, 55]
    assert {one.replace("left", "right") for one in joints.JOINTS[1::2]} == set(joints.JOINTS[2::2])


def test_what_is_not_known_is_nought_and_no_error(recwarn):
    half = STANDING.copy()
    half[0, 7:] = np.nan
    described = joints.describe_figures(half)
    assert np.isfinite(described).all() and described.any() and not recwarn


def test_joints_of_a_table_are_read_with_gaps():
    figures = joints.read_figures("head 3 4, left_hip 5 6, pelvis 1 1;head 7 8")
    assert figures.shape == (2, 13, 2) and figures[1, 0].tolist() == [7, 8]
    assert np.isnan(figures[1, 7]).all() and figures[0, 7].tolist() == [5, 6]
    assert joints.read_figures("").shape == (0, 13, 2)


def test_errors_are_those_of_the_nearest_figure_in_torso_lengths():
    far = joints.compare_joints(STANDING, np.concatenate([STANDING + 500, STANDING + [0, 8]]))
    np.testing.assert_allclose(far, 8 / 40)
    assert np.isinf(joints.compare_joints(STANDING, np.zeros((0, 13, 2)))).all()


def test_a_skeleton_is_drawn_where_both_ends_are_known():
    picture = np.zeros((120, 100, 3), np.uint8)
    figure = STANDING.copy()
    figure[0, 11] = np.nan  # the left ankle
    drawn = joints.draw_skeletons(picture, figure, "white")
    assert drawn[97, 42].all() and not drawn[100, 58].any() and not picture.any()
