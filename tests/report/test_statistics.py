import numpy as np
import pandas as pd
import pytest
from builders import predictions_of
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import f1_score

from artpose_lib.report import statistics


@pytest.mark.parametrize("right, pictures, low, high", [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)])
def test_wilsons_interval_is_that_of_newcombe_1998_table_1(right, pictures, low, high):
    assert statistics.wilson(right, pictures) == pytest.approx((low, high), abs=5e-5)


def test_mcnemar_is_that_of_agresti_2002_table_10_1():
    """A prime minister in two surveys: 794 and 570 keep their mind, 150 and 86 change it, p below 0.0001."""
    first = np.repeat([True, True, False, False], [794, 150, 86, 570])
    second = np.repeat([True, False, True, False], [794, 150, 86, 570])
    assert statistics.mcnemar(first, second) == pytest.approx(2 * binom.cdf(86, 236, 0.5))
    assert statistics.mcnemar(first, second) < 1e-4
    assert statistics.mcnemar(first, first) == 1


def test_holm_steps_down_as_in_holm_1979():
    """0.005 times 4, 0.01 times 3, 0.03 times 2, then never less than the one before."""
    assert statistics.holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_spread_is_that_of_montgomery_example_4_1():
    """Design and Analysis of Experiments: hardness of four coupons under four tips."""
    hardness = [[9.3, 9.4, 9.6, 10.0], [9.4, 9.3, 9.8, 9.9], [9.2, 9.4, 9.5, 9.7], [9.7, 9.6, 10.0, 10.2]]
    table = pd.DataFrame([(coupon, tip, value) for tip, row in enumerate(hardness) for coupon, value in enumerate(row)],
                         columns=["split", "start", "accuracy"])
    found = statistics.spread(table).set_index("source")
    expected = [(0.275 - 0.08 / 9) / 4, (0.385 / 3 - 0.08 / 9) / 4, 0.08 / 9]
    assert (found.loc[["split", "start", "rest"], "sd"] ** 2).to_list() == pytest.approx(expected)
    assert (found["low"] < found["sd"]).all() and (found["sd"] < found["high"]).all()
    with pytest.raises(ValueError, match="two or more"):
        statistics.spread(table[table["split"] == 0])


def test_the_interval_of_the_spread_covers_what_made_it():
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(60):
        splits, rest = rng.normal(0, 0.03, 5), rng.normal(0, 0.01, (5, 5))
        table = pd.DataFrame([(i, j, splits[i] + rest[i, j]) for i in range(5) for j in range(5)],
                             columns=["split", "start", "accuracy"])
        row = statistics.spread(table).set_index("source").loc["split"]
        hits.append(row["low"] <= 0.03 <= row["high"])
    assert np.mean(hits) >= 0.85


def test_stratified_intervals_have_the_textbook_standard_error():
    """Cochran 1977, Section 5.10: the variance of a share in strata is the sum of n p (1 - p), over all n squared."""
    confusion = np.array([[90, 10], [40, 60]])
    low, high = statistics.stratified_interval(confusion)[:, 0]
    error = np.sqrt(100 * 0.9 * 0.1 + 100 * 0.4 * 0.6) / 200
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.06)
    assert low < 0.75 < high


def trial(pairs, seed=40, **more):
    return predictions_of(pairs, seed=seed, **more)


def test_a_paired_difference_is_sharper_than_one_apart():
    first = pd.concat([trial([("A", "A")] * 60 + [("A", "B")] * 40, seed) for seed in (40, 41)])
    second = pd.concat([trial([("A", "A")] * 70 + [("A", "B")] * 30, seed) for seed in (40, 41)])
    paired = statistics.difference(first, second)
    apart = statistics.difference(first, second.assign(file_name="x" + second["file_name"]))
    assert paired[1:4] == pytest.approx((0.6, 0.7, 0.1)) and apart[1:4] == pytest.approx((0.6, 0.7, 0.1))
    assert paired.high - paired.low < 0.6 * (apart.high - apart.low)
    assert paired.low > 0 and paired.p < 0.01 and np.isnan(apart.mcnemar)
    # One trial's paired difference has the variance (b + c - (b - c)^2 / n) / n^2 (Agresti 2002, Equation 10.2).
    one = statistics.difference(first[first["seed"] == 40], second[second["seed"] == 40])
    assert (one.high - one.low) / 2 == pytest.approx(1.96 * np.sqrt(10 - 1) / 100, rel=0.1)
    assert one.mcnemar == pytest.approx(2 * 0.5**10)


def test_a_difference_of_f1_is_that_of_scikit_learn():
    pairs = [("A", "A"), ("A", "B"), ("B", "B"), ("C", "B"), ("C", "C")] * 4
    other = [("A", "A"), ("A", "A"), ("B", "B"), ("C", "C"), ("C", "A")] * 4
    found = statistics.difference(trial(pairs), trial(other), "macro_f1")
    values = [f1_score(*zip(*answers, strict=True), average="macro") for answers in (pairs, other)]
    assert found[1:4] == pytest.approx((*values, values[1] - values[0]))
    with pytest.raises(ValueError, match="no trial in common"):
        statistics.difference(trial(pairs), trial(other, seed=41))


def test_no_difference_is_called_none():
    same = trial([("A", "A")] * 5 + [("A", "B")] * 5)
    assert statistics.difference(same, same)[3:8] == (0, 0, 0, 1, 1)


@given(st.floats(0.5, 0.99), st.floats(0.5, 3), st.floats(0.3, 1.2))
def test_a_power_law_is_found_again(ceiling, gap, rate):
    """The form of Figueroa and others 2012, without noise: their three parameters come back."""
    sizes = np.array([5, 10, 20, 40, 80])
    points = pd.DataFrame({"pictures": sizes, "seed": 0, "accuracy": ceiling - gap * sizes ** -rate})
    found = statistics.learning_curve(points, resamples=2)
    assert found.accuracy == pytest.approx(ceiling - gap * 1000 ** -rate, abs=0.01)
    assert found.at(sizes) == pytest.approx(points["accuracy"].to_numpy(), abs=0.01)


def test_a_curve_takes_three_sizes():
    with pytest.raises(ValueError, match="three or more sizes"):
        statistics.learning_curve(pd.DataFrame({"pictures": [5, 10], "seed": 0, "accuracy": [0.4, 0.5]}))


def test_pictures_for_two_groups_are_those_of_fleiss_1981():
    """0.5 against 0.6 at 80 % power and 5 %: 388 in each group, as in tables without continuity correction."""
    assert statistics.pictures_needed_apart(0.5, 0.1) == pytest.approx(388, abs=1)


def test_pictures_for_mcnemar_give_the_power_they_promise():
    n = statistics.pictures_needed_paired(0.10, 0.20)
    rng = np.random.default_rng(0)
    draws = rng.multinomial(n, [0.1, 0.2, 0.7], size=20000)
    first, second = draws[:, 0], draws[:, 1]
    assert np.mean((first - second) ** 2 / (first + second) > 3.841) == pytest.approx(0.8, abs=0.02)


def test_power_is_read_from_how_often_two_models_disagree():
    found = statistics.power(trial([("A", "A")] * 80 + [("A", "B")] * 20), trial([("A", "A")] * 70 + [("A", "B")] * 30))
    assert found["disagree"] == pytest.approx(0.1) and found["accuracy"] == 0.8
    assert found["paired"] < found["apart"]
