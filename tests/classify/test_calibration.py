import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from artpose_lib.classify import calibration
from artpose_lib.classify.calibration import Neighbours, apply_temperature, fit_temperature

TRUE = softmax(np.random.default_rng(0).normal(0, 2, (20_000, 6)), axis=1)
LABELS = (TRUE.cumsum(axis=1) > np.random.default_rng(1).random((len(TRUE), 1))).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_applied_is_found_again(temperature):
    """A network that is too sure by a known factor, on labels drawn by the true chances."""
    said = apply_temperature(TRUE, 1 / temperature)
    found = fit_temperature(said, LABELS)
    assert found == pytest.approx(temperature, rel=0.03)
    np.testing.assert_allclose(apply_temperature(said, temperature), TRUE, atol=1e-6)


@given(arrays(np.float32, (5, 4), elements=st.floats(0, 1, width=32)), st.floats(0.1, 10))
def test_a_temperature_keeps_the_likeliest_class_and_the_sum(values, temperature):
    chances = values + np.float32(1e-6)
    chances /= chances.sum(axis=1, keepdims=True)
    warmed = apply_temperature(chances, temperature)
    np.testing.assert_allclose(warmed.sum(axis=1), 1)
    best = chances.argmax(axis=1)
    assert (warmed[np.arange(5), best] >= warmed.max(axis=1) * (1 - 1e-5)).all()


def test_a_dozen_labels_hardly_move_a_temperature_and_do_less_harm_than_good():
    """Of networks whose chances are right, or too sure by a known factor: the surprise beyond what cannot be known."""
    rng = np.random.default_rng(2)
    for n, harm, good in ((17, 0.025, 0.25), (24, 0.02, 0.2), (300, 0.004, 0.02)):
        draws = [rng.choice(len(TRUE), n, replace=False) for _ in range(40)]
        for factor in (1, 2.5):
            said = apply_temperature(TRUE, 1 / factor)
            found = [fit_temperature(said[rows], LABELS[rows]) for rows in draws]
            left = np.mean([_excess(factor / one) for one in found])
            assert left < (harm if factor == 1 else good * _excess(factor))
            assert factor > 1 or np.quantile(found, [0.05, 0.95]) == pytest.approx([1, 1], abs=0.6)


def _excess(factor):
    """How much more chances surprise than the true ones do, if they are too sure by a factor."""
    return (TRUE * np.log(TRUE / apply_temperature(TRUE, 1 / factor))).sum(axis=1).mean()


def test_no_mistake_no_picture_and_chances_of_zero_leave_a_finite_temperature():
    certain = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    sure = np.array([[0.9, 0.05, 0.05]] * 20)
    assert 0.9 < apply_temperature(sure, fit_temperature(sure, np.zeros(20, int))).max() < 0.98
    assert fit_temperature(certain[:0], np.array([], int)) == pytest.approx(1, abs=1e-3)
    assert fit_temperature(certain, np.array([0, 1, 2, 0])) == pytest.approx(1, abs=1e-3)
    assert fit_temperature(certain, np.array([1, 2, 0, 1])) > 10
    assert np.isfinite(apply_temperature(certain, 0.1)).all()


def test_what_is_like_the_training_pictures_is_told_from_what_is_not():
    rng = np.random.default_rng(0)
    centres = 10 * rng.normal(size=(3, 16))
    alike = [centres[rng.integers(3, size=n)] + rng.normal(size=(n, 16)) for n in (300, 200, 200)]
    strange = 10 * rng.normal(size=(200, 16))
    known = Neighbours.fit(alike[0], alike[1])
    near, far = (known.measure_unlikeness(known.measure_distances(asked)) for asked in (alike[2], strange))
    assert abs(near.mean() - 0.5) < 0.1  # a held-out picture's rank is spread evenly
    assert (far > 0.99).all()
    grown = known.measure_unlikeness(np.linspace(0, known.held_out[-1] * 1.2, 2000).astype(np.float32))
    assert grown[0] == 0 and (np.diff(grown) > 0).all() and 200 / 201 < grown[-1] < 1


@pytest.mark.parametrize("held_out", [4, 17, 99])
def test_pictures_of_the_same_kind_are_as_rarely_unlike_as_it_says(held_out):
    distances = np.random.default_rng(0).random((4000, held_out + 1)).astype(np.float32)
    known = np.empty((0, 1))
    said = np.array([Neighbours(known, np.sort(row[1:])).measure_unlikeness(row[:1])[0] for row in distances])
    for level in np.arange(1, held_out + 1) / (held_out + 1):
        assert (said >= np.float32(level)).mean() == pytest.approx(1 - level, abs=0.03)


def test_distances_are_those_of_the_plain_formula():
    rng = np.random.default_rng(0)
    training, asked = rng.normal(size=(40, 8)), rng.normal(size=(7, 8))
    unit = [values / np.linalg.norm(values, axis=1, keepdims=True) for values in (training, asked)]
    plain = np.sort(np.linalg.norm(unit[1][:, None] - unit[0][None], axis=2), axis=1)[:, calibration.NEAREST - 1]
    np.testing.assert_allclose(Neighbours.fit(training, asked[:2]).measure_distances(asked), plain, atol=2e-3)


def test_few_training_pictures_do_and_many_are_sampled(monkeypatch):
    assert np.isfinite(Neighbours.fit(np.eye(3)[:2], np.eye(3)).measure_distances(np.zeros((1, 3)))).all()
    monkeypatch.setattr(calibration, "MOST", 10)
    assert Neighbours.fit(np.eye(30), np.eye(30)).known.shape == (10, 30)
