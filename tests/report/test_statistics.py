import re

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, drawn_predictions, guess, predictions_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from artpose_lib.report import planning, scores, statistics
from artpose_lib.train.recipes import find_profile


def test_the_spread_is_that_of_montgomery_example_4_1():
    """Design and Analysis of Experiments: hardness of four coupons under four tips."""
    hardness = [[9.3, 9.4, 9.6, 10.0], [9.4, 9.3, 9.8, 9.9], [9.2, 9.4, 9.5, 9.7], [9.7, 9.6, 10.0, 10.2]]
    table = pd.DataFrame([(coupon, tip, value) for tip, row in enumerate(hardness) for coupon, value in enumerate(row)],
                         columns=["split", "start", "accuracy"]).assign(pictures=10**6)
    found = planning.spread(table).set_index("source")
    expected = [(0.275 - 0.08 / 9) / 4, (0.385 / 3 - 0.08 / 9) / 4, 0.08 / 9]
    assert (found.loc[["split", "start", "rest"], "sd"] ** 2).to_list() == pytest.approx(expected)
    assert (found["low"] < found["sd"]).all() and (found["sd"] < found["high"]).all()
    with pytest.raises(ValueError, match="two or more"):
        planning.spread(table[table["split"] == 0])


def test_the_interval_of_the_spread_covers_what_made_it():
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(60):
        splits, rest = rng.normal(0, 0.03, 5), rng.normal(0, 0.01, (5, 5))
        table = pd.DataFrame([(i, j, splits[i] + rest[i, j]) for i in range(5) for j in range(5)],
                             columns=["split", "start", "accuracy"]).assign(pictures=100)
        row = planning.spread(table).set_index("source").loc["split"]
        hits.append(row["low"] <= 0.03 <= row["high"])
    assert np.mean(hits) >= 0.85


def test_trials_that_are_all_alike_leave_a_doubt_about_their_spread():
    table = pd.DataFrame([(split, start, 1.0) for split in range(2) for start in range(3)],
                         columns=["split", "start", "accuracy"]).assign(pictures=40)
    found = planning.spread(table)
    assert (found["low"] < found["high"]).all() and (found["high"] > 1 / 40 / 12**0.5).all()


@settings(max_examples=20)
@given(st.floats(0.5, 0.99), st.floats(0.2, 0.8), st.floats(0.3, 1.2))
def test_a_power_law_is_found_again(ceiling, gap, rate):
    """The form of Figueroa and others 2012, without noise: their three parameters come back."""
    sizes = np.array([5, 10, 20, 40, 80])
    points = pd.DataFrame({"pictures": sizes, "seed": 0, "accuracy": ceiling - gap * sizes ** -rate, "tested": 40})
    found = planning.learning_curve(points, resamples=2)
    assert found.pictures == 160 and found.accuracy == pytest.approx(ceiling - gap * 160**-rate, abs=0.01)
    assert found.at(sizes) == pytest.approx(points["accuracy"].to_numpy(), abs=0.01)


def test_a_noisy_curve_stays_what_it_was():
    points = pd.DataFrame({"pictures": np.repeat([10.0, 20.0, 40.0, 80.0], 3), "seed": [40, 41, 42] * 4,
                           "accuracy": [0.4, 0.42, 0.38, 0.5, 0.52, 0.49, 0.55, 0.56, 0.6, 0.61, 0.59, 0.66],
                           "tested": 100})
    assert planning.learning_curve(points) == pytest.approx((
        0.7225942575027431, 1.1359965233842793, 0.5471622404837052, 160, 0.6519029892674132, 0.5735218104565079,
        0.7359570312723714))
    with pytest.raises(ValueError, match="three or more sizes"):
        planning.learning_curve(points[points["pictures"] < 30])


@given(st.integers(0, 1000))
@settings(max_examples=30)
def test_no_ceiling_is_below_what_was_measured(seed):
    """Four sizes of three trials each, scattered at random around a curve that has nearly flattened out."""
    rng, sizes = np.random.default_rng(seed), np.repeat([7.0, 13.0, 27.0, 53.0], 3)
    points = pd.DataFrame({"pictures": sizes, "seed": [40, 41, 42] * 4, "tested": 40,
                           "accuracy": np.clip(0.95 - 0.8 / sizes + rng.normal(0, 0.05, 12), 0, 1)})
    curve, highest = planning.learning_curve(points, resamples=2), points.groupby("pictures")["accuracy"].mean().max()
    assert highest - 0.001 <= curve.ceiling <= 1 and curve.pictures == 106 and curve.accuracy <= curve.ceiling


def test_pictures_for_two_groups_are_those_of_fleiss_1981():
    """0.5 against 0.55 at 80 % power and 5 %: 1,565 in each group, as in tables without continuity correction."""
    assert planning.power(answers(50), answers(50))["apart"] == pytest.approx(1565, abs=1)


def test_pictures_for_mcnemar_give_the_power_they_promise():
    right, wrong = [("A", "A")], [("A", "B")]
    first, second = predictions_of(right * 10 + wrong * 15 + right * 75), predictions_of(wrong * 10 + right * 90)
    n = planning.power(first, second)["paired"]
    rng = np.random.default_rng(0)
    draws = rng.multinomial(n, [0.1, 0.15, 0.75], size=20000)
    first, second = draws[:, 0], draws[:, 1]
    assert np.mean((first - second) ** 2 / (first + second) > 3.841) == pytest.approx(0.8, abs=0.02)


def answers(right, seeds=(40,), n=100):
    """Trials of n pictures of one class, of which so many are named rightly."""
    return pd.concat([predictions_of([("A", "A")] * right + [("A", "B")] * (n - right), seed=seed) for seed in seeds])


def test_a_paired_difference_is_sharper_than_one_apart():
    first, second = answers(60, (40, 41)), answers(70, (40, 41))
    paired = statistics.difference(first, second)
    apart = statistics.difference(first, second.assign(file_name="x" + second["file_name"]))
    assert paired[:3] == pytest.approx((0.6, 0.7, 0.1)) and apart[:3] == pytest.approx((0.6, 0.7, 0.1))
    assert paired.high - paired.low < 0.6 * (apart.high - apart.low)
    assert paired.low > 0 and paired.p < 0.01
    # One trial's paired difference has the variance (b + c - (b - c)^2 / n) / n^2 (Agresti 2002, Equation 10.2).
    one = statistics.difference(answers(60), answers(70))
    assert (one.high - one.low) / 2 == pytest.approx(1.96 * np.sqrt(10 - 1) / 100, rel=0.1)
    same = statistics.difference(first, first)
    assert same.difference == 0 and same.p == 1 and -0.02 < same.low < 0 < same.high < 0.02  # a doubt is left
    ever = statistics.difference(answers(7, range(5), 7), answers(7, range(5), 7), "macro_f1")
    assert ever.difference == 0 and -0.2 < ever.low < 0 < ever.high < 0.2
    with pytest.raises(ValueError, match="no trial in common"):
        statistics.difference(first, answers(60, (42,)))


def test_a_difference_of_f1_is_that_of_scikit_learn():
    pairs = [("A", "A"), ("A", "B"), ("B", "B"), ("C", "B"), ("C", "C")] * 4
    other = [("A", "A"), ("A", "A"), ("B", "B"), ("C", "C"), ("C", "A")] * 4
    found = statistics.difference(predictions_of(pairs), predictions_of(other), "macro_f1")
    values = [f1_score(*zip(*answers, strict=True), average="macro") for answers in (pairs, other)]
    assert found[:3] == pytest.approx((*values, values[1] - values[0]))


def test_differences_stay_what_they_were():
    first, second = (pd.concat([drawn_predictions(skill=skill, seed=seed) for seed in range(3)]) for skill in (1, 1.5))
    paired = statistics.difference(first, second, "macro_f1")
    assert paired[2:7] == pytest.approx((0.12730407909882124, 0.003437325663190046, 0.25193651071956324, 0.046, 3))
    apart = statistics.difference(first, second.assign(file_name="x" + second["file_name"]), "weighted_f1")
    assert apart[2:6] == pytest.approx((0.12720390463186226, -0.016554027146077604, 0.25284441939288754, 0.084))


def test_power_is_read_from_how_often_two_models_disagree():
    found = planning.power(answers(80), answers(70))
    assert found["disagree"] == pytest.approx(0.1) and found["accuracy"] == 0.8
    assert found["paired"] < found["apart"]


def model(name, right, layers=None, seeds=(40, 41, 42)):
    """Trials that name so many of 100 pictures rightly; half of these are of the commonest class."""
    pairs = [(label, label if number < right else "C") for number, label in enumerate(["A"] * 50 + ["B"] * 50)]
    trials = [predictions_of(pairs, model=name, seed=seed) for seed in seeds]
    return pd.concat(trials).assign(layers=layers)


def compared(before, after, profile="thesis"):
    return pd.Series(statistics.compare(before, after, find_profile(profile)))


@pytest.mark.parametrize(("before", "after", "verdict"),
                         [(60, 90, "higher"), (90, 60, "lower"), (80, 81, "not settled")])
def test_two_models_are_compared_by_their_paired_difference(before, after, verdict):
    sides = model("baseline", before), model("frozen", after)
    assert compared(*sides)["verdict"] == verdict
    assert compared(*sides)[["first", "second", "difference"]].to_list() == pytest.approx(
        [before / 100, after / 100, (after - before) / 100])


def test_pairs_tell_apart_what_two_intervals_would_not():
    sides = model("baseline", 70), model("frozen", 76)
    own = scores.summary(pd.concat(sides))
    assert own["accuracy_high"].iloc[0] > own["accuracy_low"].iloc[1] and compared(*sides)["verdict"] == "higher"


@pytest.mark.parametrize(("before", "after", "profile", "words"), [
    (model("baseline", 50), model("frozen", 90), "thesis", "baseline is not surely above naming the commonest class"),
    (model("baseline", 51), model("frozen", 90), "thesis", "baseline is not surely above naming the commonest class"),
    (model("baseline", 70), model("frozen", 90), "quick", "baseline was trained short"),  # the frozen one was not
    (model("baseline", 50), model("frozen", 50), "thesis", "neither is surely above naming the commonest class"),
    (model("baseline", 70), model("finetuned", 90), "quick", "each was trained short"),
    (model("probe", 90), model("finetuned_aug", 70), "quick", "fine-tuned, augmented was trained short"),
    (model("frozen", 70), model("finetuned", 90, layers="frozen"), "thesis", "learned in its last layer alone"),
    (model("frozen", 70), model("finetuned", 90, seeds=(7, 8, 9)), "thesis", "no trial in common"),
    (model("frozen", 70), model("finetuned", 90, seeds=(40,)), "thesis", "fewer than 3 trials that count"),
    (model("frozen", 70), model("finetuned", 90, seeds=(41, 42, 43)), "thesis", "they have 2 trials in common"),
    (model("frozen", 70), model("finetuned", 90).assign(p_A=np.nan, p_B=np.nan, p_C=np.nan), "thesis",
     "fine-tuned diverged")])
def test_nothing_follows_from_a_network_that_did_not_learn_or_not_for_long(before, after, profile, words):
    assert re.fullmatch(f"nothing follows: .*{words}", compared(before, after, profile)["verdict"])


def test_a_trial_that_was_never_tuned_does_not_speak_for_tuning():
    untuned = model("finetuned", 60, layers="frozen", seeds=(40, 41))
    mixed = pd.concat([untuned, model("finetuned", 90, layers="finetuned", seeds=(42, 43, 44))])
    found = compared(model("frozen", 70, layers="frozen", seeds=range(40, 45)), mixed)
    assert (found["second"], found["trials"], found["verdict"]) == (pytest.approx(0.9), 3, "higher")


def test_equal_models_are_seldom_told_apart():
    """Two networks that are equally often right, three trials of 50 pictures: the verdict is wrong in at most 5 %."""
    rng, verdicts = np.random.default_rng(0), []
    for _ in range(20):
        sides = [pd.concat([predictions_of(guess(rng, CLASSES, 50, 0.6), model=name, seed=seed) for seed in range(3)])
                 for name in ("baseline", "frozen")]
        verdicts.append(compared(*sides)["verdict"])
    assert np.mean([verdict in ("higher", "lower") for verdict in verdicts]) <= 0.05


def test_boxes_are_compared_network_by_network_and_of_none_nothing_is_said():
    thesis, parts = find_profile("thesis"), {"test": 0.9, "box greyed": 0.5, "another's box greyed": 0.85}
    own = pd.concat([predictions_of(guess(np.random.default_rng(0), CLASSES, 40, skill), part=part, seed=seed)
                     for part, skill in parts.items() for seed in (1, 2, 3)]).assign(layers="frozen")
    lost = own.assign(backbone="Xception", p_A=np.nan, p_B=np.nan, p_C=np.nan)
    used, diverged = statistics.compare_boxes(pd.concat([own, lost]), thesis).itertuples()
    assert used.low > 0 and not used.doubt and used.verdict == "the figure counts for more" and used.whole > used.second
    assert diverged.verdict == "nothing follows, since it diverged" and np.isnan(diverged.difference)
    assert statistics.compare_boxes(own.assign(part=own["part"].replace({"box greyed": "another's box greyed",
        "another's box greyed": "box greyed"})), thesis)["verdict"].item() == "the figure counts for less"
    assert statistics.compare_boxes(pd.DataFrame(columns=["condition", "strength"]), thesis).empty
