import numpy as np
import pandas as pd
import pytest
from builders import drawn_predictions, predictions_of
from sklearn.metrics import f1_score

from artpose_lib.report import comparisons


def answers(right, seeds=(40,), n=100):
    """Trials of n pictures of one class, of which so many are named rightly."""
    return pd.concat([predictions_of([("A", "A")] * right + [("A", "B")] * (n - right), seed=seed) for seed in seeds])


def test_a_paired_difference_is_sharper_than_one_apart():
    first, second = answers(60, (40, 41)), answers(70, (40, 41))
    paired = comparisons.difference(first, second)
    apart = comparisons.difference(first, second.assign(file_name="x" + second["file_name"]))
    assert paired[:3] == pytest.approx((0.6, 0.7, 0.1)) and apart[:3] == pytest.approx((0.6, 0.7, 0.1))
    assert paired.high - paired.low < 0.6 * (apart.high - apart.low)
    assert paired.low > 0 and paired.p < 0.01
    # One trial's paired difference has the variance (b + c - (b - c)^2 / n) / n^2 (Agresti 2002, Equation 10.2).
    one = comparisons.difference(answers(60), answers(70))
    assert (one.high - one.low) / 2 == pytest.approx(1.96 * np.sqrt(10 - 1) / 100, rel=0.1)
    assert comparisons.difference(first, first)[2:6] == (0, 0, 0, 1)
    with pytest.raises(ValueError, match="no trial in common"):
        comparisons.difference(first, answers(60, (42,)))


def test_a_difference_of_f1_is_that_of_scikit_learn():
    pairs = [("A", "A"), ("A", "B"), ("B", "B"), ("C", "B"), ("C", "C")] * 4
    other = [("A", "A"), ("A", "A"), ("B", "B"), ("C", "C"), ("C", "A")] * 4
    found = comparisons.difference(predictions_of(pairs), predictions_of(other), "macro_f1")
    values = [f1_score(*zip(*answers, strict=True), average="macro") for answers in (pairs, other)]
    assert found[:3] == pytest.approx((*values, values[1] - values[0]))


def test_differences_stay_what_they_were():
    first, second = (pd.concat([drawn_predictions(skill=skill, seed=seed) for seed in range(3)]) for skill in (1, 1.5))
    paired = comparisons.difference(first, second, "macro_f1")
    assert paired[2:7] == pytest.approx((0.12730407909882124, 0.05148141635354186, 0.20749724395663577, 0.0005, 3))
    apart = comparisons.difference(first, second.assign(file_name="x" + second["file_name"]), "weighted_f1")
    assert apart[2:6] == pytest.approx((0.12720390463186226, 0.008791739234536947, 0.23242419058927402, 0.033))


def test_power_is_read_from_how_often_two_models_disagree():
    found = comparisons.power(answers(80), answers(70))
    assert found["disagree"] == pytest.approx(0.1) and found["accuracy"] == 0.8
    assert found["paired"] < found["apart"]


@pytest.mark.parametrize(("after", "verdict"), [
    ((0.8, 0.7, 0.9), "a rise beyond both intervals"),
    ((0.5, 0.4, 0.6), "the intervals overlap"),
    ((0.1, 0.0, 0.2), "a fall beyond both intervals"),
])
def test_two_models_are_compared_by_their_intervals(after, verdict):
    columns = ["model", "backbone", "accuracy", "accuracy_low", "accuracy_high"]
    rows = [("baseline", "VGG16", 0.4, 0.3, 0.5), ("frozen", "VGG16", *after), ("frozen", "Xception", 1, 1, 1)]
    table = comparisons.compare_models(pd.DataFrame(rows, columns=columns), "baseline", "frozen")
    assert table.to_numpy().tolist() == [["VGG16", 0.4, 0.3, 0.5, *after, verdict]]  # Xception has no baseline
