"""A verdict errs rarely, whatever it is on; and what it compares is what scikit-learn computes."""

import numpy as np
import pandas as pd
import pytest
from builders import drawn_predictions, predictions_of
from scipy.stats import norm, ttest_1samp
from sklearn.metrics import f1_score, recall_score, roc_auc_score

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.report import verdicts
from artpose_lib.report.verdicts import FAILS, HOLDS, UNSETTLED


@pytest.mark.parametrize("gaps, verdict", [
    ([(0.1, 0.01)], HOLDS), ([(0.1, 0.2)], UNSETTLED), ([(-0.1, 0.2)], UNSETTLED), ([(-0.1, 0.01)], FAILS),
    ([(0.1, 0.01), (0.2, 0.06)], UNSETTLED), ([(-0.1, 0.03), (0.2, 0.01)], UNSETTLED),  # 2 x 0.03 is no evidence
    ([(-0.1, 0.02), (0.2, 0.01)], FAILS), ([(np.nan, np.nan)], UNSETTLED), ([], UNSETTLED)])
def test_a_claim_holds_where_all_of_it_does_and_fails_where_some_surely_does_not(gaps, verdict):
    assert verdicts.judge(gaps) == verdict


@pytest.mark.parametrize("rivals", [1, 3, 11])
def test_among_equals_at_most_one_verdict_in_twenty_is_wrong(rivals):
    rng = np.random.default_rng(rivals)
    own, others = rng.normal(size=(4000, 1)), rng.normal(size=(4000, rivals))
    z = (own - others) / 2**0.5
    found = [verdicts.judge(list(zip(row, 2 * norm.sf(abs(row)), strict=True))) for row in z]
    assert np.mean([verdict != UNSETTLED for verdict in found]) < 0.06


def test_scores_of_classes_are_those_of_scikit_learn():
    rows = pd.concat([drawn_predictions(seed=seed) for seed in range(3)])
    chances = rows[["p_A", "p_B", "p_C"]]
    called = chances.idxmax(axis=1).str[2:]
    for score, expected in (("f1", f1_score(rows["label"], called, average=None)),
                            ("recall", recall_score(rows["label"], called, average=None)),
                            ("auc", [roc_auc_score(rows["label"] == name, chances[f"p_{name}"]) for name in "ABC"])):
        table = verdicts.compare_classes(rows, score)
        assert table["value"].to_list() == pytest.approx(list(expected))
        low, high = table.drop(columns="value").quantile([0.025, 0.975], axis=1).to_numpy()
        assert (low < table["value"]).all() and (table["value"] < high).all()


def test_a_class_of_a_few_pictures_is_neither_surely_best_nor_worst():
    pairs = [("A", "A")] * 3 + [("B", "B")] * 40 + [("C", "A")] * 5 + [("C", "C")] * 5
    rows = pd.concat([predictions_of(pairs, seed=seed) for seed in (40, 41, 42)])
    assert verdicts.rank_class(rows, "A", "recall", True)[1] == UNSETTLED
    assert verdicts.rank_class(rows, "B", "recall", True)[1] == UNSETTLED  # so is A, as far as one can tell
    assert verdicts.rank_class(rows, "C", "recall", False)[1] == HOLDS
    ranked, verdict = verdicts.rank_class(rows, "C", "recall", True)
    assert verdict == FAILS and ranked.index[-1] == "C" and ranked["C"] == 0.5


def test_a_picture_that_is_named_wrongly_counts_once_and_chance_goes_by_the_classes_sizes():
    pairs = [("Antinous", "Graces"), ("Antinous", "Tanagra"), ("Antinous", "Antinous"), ("Tanagra", "Pieta"),
             ("Graces", "Pieta"), ("Pieta", "Tanagra")]
    rows = pd.concat([predictions_of(pairs, list(POSE_NAMES), seed=seed) for seed in (40, 41, 42)])
    rows.loc[(rows["seed"] == 40) & (rows["file_name"] == "1.jpg"), "p_Pieta"] = 0.9
    counts = pd.Series([20, 10, 30, 20, 10, 20], list(POSE_NAMES))
    pictures, share, low, high, chance = verdicts.measure_mistakes(rows, ["Antinous", "Tanagra"], ["Graces", "Pieta"],
                                                                   counts)
    assert pictures == 3 and share == pytest.approx((1 + 1 / 3 + 1) / 3) and low < share < high
    assert chance == pytest.approx(40 / 90)
    validation = verdicts.measure_mistakes(rows.assign(part="validation"), ["Antinous"], ["Graces"], counts)
    assert validation[0] == 0 and np.isnan(validation[1])


def test_a_few_epochs_that_happen_to_be_alike_prove_nothing():
    assert verdicts.compare_epochs(pd.Series([1, 1, 1]))[1] > 0.05
    assert verdicts.compare_epochs(pd.Series([0, 0, 0]))[1] == 1
    for few in ([9, 9], []):
        assert verdicts.compare_epochs(pd.Series(few, dtype=int))[1] == 1
    gaps = pd.Series([4, 7, 5, 9, 2])
    assert verdicts.compare_epochs(gaps) == pytest.approx((5.4, ttest_1samp(gaps, 0).pvalue))
    for few in (np.ones((5, 0)), np.ones((1, 4))):
        assert verdicts.compare_spread(few, few)[1] == 1


def test_curves_that_spread_alike_rarely_seem_not_to():
    rng = np.random.default_rng(0)
    found = [verdicts.compare_spread(*rng.normal(size=(2, 4, 12)).cumsum(axis=2))[1] for _ in range(150)]
    assert np.mean(np.array(found) <= 0.05) < 0.1
    value, p = verdicts.compare_spread(rng.normal(size=(5, 12)), 6 * rng.normal(size=(5, 12)))
    assert value > 2 and p < 0.02
