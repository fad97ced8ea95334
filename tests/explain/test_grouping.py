import numpy as np

from artpose_lib.explain.grouping import NEIGHBOURS, arrange_filters, measure_returning


def kinds(each=15, pictures=40, noise=0.3):
    """The peaks of filters of three kinds, which answer to other pictures, and each one's kind."""
    rng, kind = np.random.default_rng(0), np.repeat(np.arange(3), each)
    return 5 + rng.normal(size=(pictures, 3))[:, kind] + noise * rng.normal(size=(pictures, 3 * each)), kind


def test_filters_that_answer_alike_stand_together_and_always_in_the_same_place():
    peaks, kind = kinds()
    places = arrange_filters(peaks * np.logspace(-2, 2, len(kind)))  # how loud they are tells nothing
    assert places.min() == 0 and places.max() == 1
    apart = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    assert (kind[apart.argmin(axis=1)] == kind).all()
    np.testing.assert_array_equal(places, arrange_filters(peaks * np.logspace(-2, 2, len(kind))))


def test_neighbours_return_where_there_are_kinds_and_by_luck_where_there_are_none():
    peaks, kind = kinds(each=NEIGHBOURS + 1)
    assert (measure_returning(peaks, 0) > NEIGHBOURS - 2).all()
    luck = measure_returning(np.random.default_rng(0).normal(size=(40, 200)), 0)
    assert abs(luck.mean() - NEIGHBOURS ** 2 / 199) < 0.1


def test_too_few_filters_or_pictures_have_no_place_and_one_that_never_changes_does_no_harm():
    assert np.isnan(arrange_filters(np.ones((9, 4)))).all() and arrange_filters(np.ones((9, 0))).shape == (0, 2)
    assert np.isnan(measure_returning(np.ones((9, NEIGHBOURS)), 0)).all()
    peaks, _ = kinds()
    peaks[:, 3] = 7
    assert np.isfinite(arrange_filters(peaks)).all() and np.isfinite(measure_returning(peaks, 0)).all()
