import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.report import statistics


@pytest.mark.parametrize("right, pictures, low, high", [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)])
def test_wilsons_interval_is_that_of_newcombe_1998_table_1(right, pictures, low, high):
    assert statistics.wilson(right, pictures) == pytest.approx((low, high), abs=5e-5)


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


@given(st.floats(0.5, 0.99), st.floats(0.5, 3), st.floats(0.3, 1.2))
def test_a_power_law_is_found_again(ceiling, gap, rate):
    """The form of Figueroa and others 2012, without noise: their three parameters come back."""
    sizes = np.array([5, 10, 20, 40, 80])
    points = pd.DataFrame({"pictures": sizes, "seed": 0, "accuracy": ceiling - gap * sizes ** -rate})
    found = statistics.learning_curve(points, resamples=2)
    assert found.accuracy == pytest.approx(ceiling - gap * 1000 ** -rate, abs=0.01)
    assert found.at(sizes) == pytest.approx(points["accuracy"].to_numpy(), abs=0.01)


def test_a_noisy_curve_stays_what_it_was():
    points = pd.DataFrame({"pictures": np.repeat([10.0, 20.0, 40.0, 80.0], 3), "seed": [40, 41, 42] * 4,
                           "accuracy": [0.4, 0.42, 0.38, 0.5, 0.52, 0.49, 0.55, 0.56, 0.6, 0.61, 0.59, 0.66]})
    assert statistics.learning_curve(points) == pytest.approx((
        0.7225942575027431, 1.1359965233842793, 0.5471622404837052, 1000, 0.6966590169308786, 0.6082943271794556,
        0.816241901473681))
    with pytest.raises(ValueError, match="three or more sizes"):
        statistics.learning_curve(points[points["pictures"] < 30])


def test_pictures_for_two_groups_are_those_of_fleiss_1981():
    """0.5 against 0.6 at 80 % power and 5 %: 388 in each group, as in tables without continuity correction."""
    assert statistics.pictures_needed_apart(0.5, 0.1) == pytest.approx(388, abs=1)


def test_pictures_for_mcnemar_give_the_power_they_promise():
    n = statistics.pictures_needed_paired(0.10, 0.20)
    rng = np.random.default_rng(0)
    draws = rng.multinomial(n, [0.1, 0.2, 0.7], size=20000)
    first, second = draws[:, 0], draws[:, 1]
    assert np.mean((first - second) ** 2 / (first + second) > 3.841) == pytest.approx(0.8, abs=0.02)
