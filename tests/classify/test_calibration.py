import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from artpose_lib.classify.calibration import apply_temperature, fit_temperature

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
