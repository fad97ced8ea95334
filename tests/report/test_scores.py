import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, drawn_predictions, predictions_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from artpose_lib.report import scores

# Worked by hand. A: precision 1, recall 3/4, F1 6/7. B: 2/3, 2/3, 2/3. C: 3/4, 1, 6/7.
BY_HAND = [("A", "A")] * 3 + [("A", "B")] + [("B", "B")] * 2 + [("B", "C")] + [("C", "C")] * 3


def test_a_case_worked_by_hand():
    trial = scores.per_trial(predictions_of(BY_HAND)).iloc[0]
    assert trial["pictures"] == 10
    assert trial[list(scores.METRICS)].to_list() == pytest.approx([0.8, 50 / 63, 0.8])

    report = scores.class_report(predictions_of(BY_HAND)).set_index("name")
    assert report["precision"].to_list() == pytest.approx([1, 2 / 3, 3 / 4, 29 / 36, 0.825])
    assert report["recall"].to_list() == pytest.approx([3 / 4, 2 / 3, 1, 29 / 36, 0.8])
    assert report["f1"].to_list() == pytest.approx([6 / 7, 2 / 3, 6 / 7, 50 / 63, 0.8])
    assert report["support"].to_list() == [4, 3, 3, 10, 10]
    assert report.index[report["kind"] == "average"].to_list() == ["macro average", "weighted average"]

    assert scores.confusion(predictions_of(BY_HAND)).loc["A"].to_list() == [3, 1, 0]


@given(st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_scores_are_those_of_scikit_learn(pairs):
    true, called = zip(*pairs, strict=True)
    expected = [accuracy_score(true, called), f1_score(true, called, average="macro", zero_division=0),
                f1_score(true, called, average="weighted", zero_division=0)]
    trial = scores.per_trial(predictions_of(pairs)).iloc[0]
    assert trial[list(scores.METRICS)].to_list() == pytest.approx(expected)


def test_only_the_part_asked_for_is_scored():
    both = pd.concat([predictions_of([("A", "A")]), predictions_of([("A", "B")] * 3, part="validation")])
    assert scores.per_trial(both)["accuracy"].to_list() == [1]
    assert scores.per_trial(both, "validation")["accuracy"].to_list() == [0]
    with pytest.raises(ValueError, match="'training'.*test, validation"):
        scores.per_trial(both, "training")


def test_bad_predictions_are_named():
    with pytest.raises(ValueError, match="'Z' has no probability column"):
        scores.summary(predictions_of(BY_HAND).assign(label="Z"))
    with pytest.raises(ValueError, match="Trial 40 of frozen VGG16"):
        scores.summary(predictions_of(BY_HAND).assign(p_A=""))  # how a stored record spells a lost number


def test_the_summary_averages_trials_and_keeps_models_apart():
    trials = pd.concat([predictions_of([("A", "A")] * 10, seed=40), predictions_of([("A", "B")] * 10, seed=41),
                        predictions_of(BY_HAND, backbone="Xception")])
    table = scores.summary(trials, resamples=100)
    assert table[["backbone", "trials", "pictures"]].values.tolist() == [["VGG16", 2, 20], ["Xception", 1, 10]]
    assert table["accuracy"].to_list() == pytest.approx([0.5, 0.8])


def answers(*right):
    """Trials of 100 pictures, of which so many are named rightly."""
    return pd.concat([predictions_of([("A", "A")] * own + [("A", "B")] * (100 - own), seed=seed)
                      for seed, own in enumerate(right)])


def test_with_one_trial_the_interval_is_the_binomial_one_and_trials_that_disagree_widen_it():
    def bounds(*right):
        row = scores.summary(answers(*right), resamples=4000).iloc[0]
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
        return row[["accuracy_low", "accuracy_high"]].to_numpy(float)

    assert bounds(80) == pytest.approx(binom.ppf([0.025, 0.975], 100, 0.8) / 100, abs=0.011)
    assert np.diff(bounds(95, 65)) > 1.5 * np.diff(bounds(80, 80))


def test_the_interval_is_the_same_every_time_whatever_stands_beside():
    own = pd.concat([drawn_predictions(seed=0), drawn_predictions(seed=1)])
    alone = scores.summary(own)
    beside = scores.summary(pd.concat([own.assign(backbone="Xception"), own])).iloc[1:]
    pd.testing.assert_frame_equal(alone, beside.reset_index(drop=True))
    bounds = alone.iloc[0][["accuracy_low", "accuracy_high", "macro_f1_low", "weighted_f1_high"]].to_list()
    assert bounds == pytest.approx([0.5747916666666666, 0.7416666666666667, 0.5610626282394017, 0.7421699993510811])


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_areas_are_those_of_scikit_learn_and_curves_have_them(seed):
    predictions = drawn_predictions(seed=seed)
    columns = predictions[[f"p_{name}" for name in CLASSES]]
    table = scores.roc_curves(predictions)
    areas = table.groupby("name")["auc"].first()
    one_hot = pd.get_dummies(predictions["label"])
    assert areas[CLASSES].to_list() == pytest.approx(roc_auc_score(one_hot, columns, average=None).tolist())
    for average in ("macro", "micro"):
        assert areas[f"{average} average"] == pytest.approx(roc_auc_score(one_hot, columns, average=average))
    for _, curve in table.groupby("name"):
        rates = curve[["false_positive_rate", "true_positive_rate"]]
        assert rates.iloc[0].to_list() == [0, 0] and rates.iloc[-1].to_list() == [1, 1]
        assert (rates.diff().dropna() >= 0).all().all()


def test_a_class_without_pictures_has_no_curve_and_stays_out_of_the_average():
    predictions = drawn_predictions().query("label != 'B'")
    areas = scores.roc_curves(predictions).groupby("name")["auc"].first()
    assert np.isnan(areas["B"]) and areas["macro average"] == pytest.approx((areas["A"] + areas["C"]) / 2)
    one = scores.roc_curves(predictions_of([("A", "A"), ("A", "B")]))  # and of all: there is no average of classes
    assert one.groupby("name", sort=False)["auc"].first().dropna().index.to_list() == ["micro average"]


def test_curves_follow_the_trials_still_running():
    values = {40: [0.4, 0.5, 0.9], 41: [0.5, 0.7], 42: [0.6]}
    history = pd.concat([pd.DataFrame({"model": "frozen", "backbone": "VGG16", "seed": seed, "accuracy": 0.5,
                                       "epoch": range(1, len(own) + 1), "loss": 1.0, "val_loss": 1.0,
                                       "val_accuracy": own}) for seed, own in values.items()])
    table = scores.curves(history)
    line = table[table["metric"] == "val_accuracy"].set_index("epoch")
    assert line["trials"].to_list() == [3, 2, 1]
    assert line["mean"].to_list() == pytest.approx([0.5, 0.6, 0.9])
    half = 4.302653 * 0.1 / np.sqrt(3)  # Student's t for two degrees of freedom, from a printed table
    assert line.loc[1, ["low", "high"]].to_list() == pytest.approx([0.5 - half, 0.5 + half])
    assert line.loc[2, ["low", "high"]].to_list() == [0, 1]  # 0.6 plus or minus 1.27, kept to what accuracy can be
    assert line.loc[3, ["low", "high"]].isna().all()
    assert set(table["metric"]) == {"accuracy", "loss", "val_accuracy", "val_loss"}


def test_the_thesis_stands_beside_ours():
    ours = pd.concat([predictions_of(BY_HAND, model="finetuned_aug", backbone="Xception"),
                      predictions_of(BY_HAND, backbone="EfficientNet-Lite0")])
    table = scores.against_thesis(scores.summary(ours, resamples=50)).set_index(["model", "backbone", "metric"])
    both = table.loc["finetuned_aug", "Xception", "accuracy"]
    assert (both["thesis"], both["here"], both["trials"]) == (0.850, 0.8, 1)
    assert both["low"] <= 0.8 <= both["high"]
    only_thesis = table.loc["baseline", "VGG16", "weighted_f1"]
    assert only_thesis["thesis"] == 0.294 and np.isnan(only_thesis["here"]) and only_thesis["trials"] == 0
    assert np.isnan(table.loc["frozen", "EfficientNet-Lite0", "macro_f1"]["thesis"])
    assert len(table) == 4 * 3 * 3 + 3
    models = table.index.get_level_values("model").unique()
    assert list(models) == ["baseline", "frozen", "finetuned", "finetuned_aug"]
