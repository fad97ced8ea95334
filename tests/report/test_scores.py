from itertools import product

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, drawn_predictions, predictions_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from artpose_lib.report import bootstrap, scores

# Worked by hand. A: precision 1, recall 3/4, F1 6/7. B: 2/3, 2/3, 2/3. C: 3/4, 1, 6/7.
BY_HAND = [("A", "A")] * 3 + [("A", "B")] + [("B", "B")] * 2 + [("B", "C")] + [("C", "C")] * 3


def test_a_case_worked_by_hand():
    trial = scores.per_trial(predictions_of(BY_HAND)).iloc[0]
    assert trial["pictures"] == 10
    assert trial[list(bootstrap.METRICS)].to_list() == pytest.approx([0.8, 50 / 63, 0.8])

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
    expected = [accuracy_score(true, called), f1_score(true, called, labels=list(set(true)), average="macro"),
                f1_score(true, called, average="weighted", zero_division=0)]
    trial = scores.per_trial(predictions_of(pairs)).iloc[0]
    assert trial[list(bootstrap.METRICS)].to_list() == pytest.approx(expected)


def test_only_the_part_asked_for_is_scored():
    both = pd.concat([predictions_of([("A", "A")]), predictions_of([("A", "B")] * 3, part="validation")])
    assert scores.per_trial(both)["accuracy"].to_list() == [1]
    assert scores.per_trial(both, "validation")["accuracy"].to_list() == [0]
    with pytest.raises(ValueError, match="'training'.*test, validation"):
        scores.per_trial(both, "training")


@pytest.mark.parametrize("lost", ["", np.nan, np.inf])  # as old records spell it, and new ones
def test_a_trial_that_diverged_is_left_out_and_counted(lost):
    answers = predictions_of(BY_HAND)
    diverged = answers.assign(seed=41, **{f"p_{name}": lost for name in CLASSES})
    both = pd.concat([diverged, answers, diverged.assign(backbone="Xception", seed=40)])
    table = scores.summary(both)
    assert table[["backbone", "trials", "diverged", "pictures"]].values.tolist() == [
        ["VGG16", 1, 1, 10], ["Xception", 0, 1, 0]]
    assert table["accuracy"][0] == 0.8 and table.iloc[1, 5:].isna().all()
    assert scores.per_trial(both)["seed"].to_list() == [40]
    assert scores.class_report(both)["support"].to_list() == [4, 3, 3, 10, 10]
    assert scores.confusion(both).to_numpy().sum() == 10 and len(scores.roc_curves(both)) > 3
    named = scores.find_diverged(both)
    assert named.values.tolist() == [["frozen", "VGG16", 41], ["frozen", "Xception", 40]]
    assert scores.drop_trials(both, named)["seed"].unique().tolist() == [40]
    with pytest.raises(scores.NothingToScore, match="all trials diverged: frozen VGG16 seed 41"):
        scores.per_trial(diverged)
    alone = scores.summary(diverged)
    assert alone[["trials", "diverged"]].values.tolist() == [[0, 1]] and alone["accuracy"].isna().all()
    beside = scores.against_thesis(alone).query("model == 'frozen' and backbone == 'VGG16'")
    assert set(beside["diverged"]) == {1} and set(beside["trials"]) == {0} and beside["here"].isna().all()


def test_a_trial_that_was_fine_tuned_in_name_alone_is_scored_as_frozen():
    tuned = [predictions_of(BY_HAND, model="finetuned", seed=seed).assign(layers=layers)
             for seed, layers in ((40, "finetuned"), (41, "frozen"), (42, "frozen"))]
    others = [predictions_of(BY_HAND, model=model).assign(layers="frozen") for model in ("frozen", "baseline")]
    both = pd.concat([*tuned, *others])
    assert scores.find_untuned(both).sum() == 20
    table = scores.summary(scores.name_as_ended(both)).set_index("model")["trials"]
    assert table.to_dict() == {"finetuned": 1, "finetuned_frozen": 2, "frozen": 1, "baseline": 1}
    twice = scores.name_as_ended(scores.name_as_ended(both))
    assert twice["model"].value_counts()["finetuned_frozen"] == 20
    references = both.drop(columns="layers")  # of `probes`, which know no layers
    pd.testing.assert_frame_equal(scores.name_as_ended(references), references)


def test_a_class_without_test_pictures_has_no_scores_and_stays_out_of_the_means():
    """B is called twice, wrongly, and has no picture: A has F1 2/3, C 1."""
    pairs = [("A", "A")] * 2 + [("A", "B")] * 2 + [("C", "C")] * 4
    report = scores.class_report(predictions_of(pairs)).set_index("name")
    assert report.loc["B", ["precision", "recall", "f1"]].isna().all() and report.loc["B", "support"] == 0
    assert report["f1"].drop("B").to_list() == pytest.approx([2 / 3, 1, 5 / 6, 5 / 6])
    assert report.loc["macro average", ["precision", "recall"]].to_list() == pytest.approx([1, 0.75])
    assert scores.per_trial(predictions_of(pairs))["macro_f1"].item() == pytest.approx(5 / 6)


def test_the_summary_averages_trials_and_keeps_models_apart():
    trials = pd.concat([predictions_of([("A", "A")] * 10, seed=40), predictions_of([("A", "B")] * 10, seed=41),
                        predictions_of(BY_HAND, backbone="Xception")])
    table = scores.summary(trials)
    assert table[["backbone", "trials", "pictures"]].values.tolist() == [["VGG16", 2, 20], ["Xception", 1, 10]]
    assert table["accuracy"].to_list() == pytest.approx([0.5, 0.8])


def answers(*right):
    """Trials of 100 pictures, of which so many are named rightly."""
    return pd.concat([predictions_of([("A", "A")] * own + [("A", "B")] * (100 - own), seed=seed)
                      for seed, own in enumerate(right)])


def test_with_one_trial_the_interval_is_the_binomial_one_and_trials_that_disagree_widen_it():
    def bounds(*right):
        row = scores.summary(answers(*right)).iloc[0]
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
        return row[["accuracy_low", "accuracy_high"]].to_numpy(float)

    assert bounds(80) == pytest.approx(binom.ppf([0.025, 0.975], 100, 0.8) / 100, abs=0.02)
    assert np.diff(bounds(95, 65)) > 1.5 * np.diff(bounds(80, 80))


@pytest.mark.parametrize("trials, pictures", [(1, 1), (1, 7), (2, 7), (5, 7), (5, 100)])
@pytest.mark.parametrize("called", ["A", "B"])
def test_even_where_all_are_right_or_all_wrong_a_doubt_is_left(trials, pictures, called):
    """Of n of n it is about 3 / n (the rule of three: Hanley and Lippman-Hand 1983)."""
    row = scores.summary(pd.concat([predictions_of([("A", called)] * pictures, seed=seed) for seed in range(trials)]))
    for metric in bootstrap.METRICS:
        value, low, high = (row[metric + end].item() for end in ("", "_low", "_high"))
        assert low <= value <= high and high > low and value in (low, high)
        if metric == "accuracy":
            assert high - low == pytest.approx(min(1, 3 / (trials * pictures)), abs=2.1 / (trials * pictures))


@pytest.mark.parametrize("pictures, accuracy", product((7, 34), (0.3, 0.8, 0.95, 1.0)))
def test_intervals_hold_the_truth_where_trials_share_pictures(pictures, accuracy):
    """Five trials test a tenth of one pool each; a difference is of two networks on the same pictures."""
    rng, held, other = np.random.default_rng(0), [], 0.8
    for _ in range(80):
        luck, pairs = rng.random((2, 10 * pictures)), []
        for _ in range(5):
            own = np.where(np.arange(10 * pictures) % 2, luck, rng.random(luck.shape))  # half are answered alike by all
            tested = rng.permutation(10 * pictures)[:pictures]
            pairs.append((own >= [[accuracy], [other]])[:, tested].astype(int))
        own, redrawn = (found[..., 0] for found in bootstrap.bootstrap_means([pairs], 2, 300))
        for of, trials, truth in ((redrawn[0], own[0], accuracy), (redrawn[1] - redrawn[0], own[1] - own[0],
                                                                  other - accuracy)):
            low, high = bootstrap.interval(bootstrap.widen(of, trials), trials.mean())
            held.append(low - 1e-9 <= truth <= high + 1e-9)
            assert low < high
    assert np.mean(held) >= 0.93


@pytest.mark.parametrize("trials, level", [(2, 0.95), (3, 0.95), (5, 0.95), (3, 0.9)])
def test_a_spread_that_few_trials_tell_is_not_taken_for_known(trials, level):
    """Where trials have so many pictures that these add nothing, it is Student's interval."""
    found = np.random.default_rng(0).normal(0.5, 0.1, (2000, trials))
    drawn = np.random.default_rng(1).integers(trials, size=(400, trials))
    held = [low <= 0.5 <= high for low, high in (
        bootstrap.interval(bootstrap.widen(own[drawn].mean(axis=1), own, level), own.mean(), level) for own in found)]
    assert level - 0.03 <= np.mean(held) <= level + 0.03


def test_the_interval_is_the_same_every_time_whatever_stands_beside():
    own = pd.concat([drawn_predictions(seed=0), drawn_predictions(seed=1)])
    alone = scores.summary(own)
    beside = scores.summary(pd.concat([own.assign(backbone="Xception"), own])).iloc[1:]
    pd.testing.assert_frame_equal(alone, beside.reset_index(drop=True))
    bounds = alone.iloc[0][["accuracy_low", "accuracy_high", "macro_f1_low", "weighted_f1_high"]].to_list()
    assert bounds == pytest.approx([0.565701666516747, 0.74254393953023, 0.5561748211230866, 0.7383589534461087])


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


def test_an_epoch_in_which_all_trials_are_alike_has_no_interval():
    """They do not say how far another would be; an interval of no width would."""
    history = pd.DataFrame({"model": "frozen", "backbone": "VGG16", "seed": [40, 41, 42], "epoch": 1, "accuracy": 0.5,
                            "loss": 1.0, "val_loss": [1.0, 1.1, 1.2], "val_accuracy": 1.0})
    table = scores.curves(history).set_index("metric")
    assert table.loc["val_accuracy", ["low", "high"]].isna().all() and table.loc["val_loss", "low"] < 1.1


def test_the_thesis_stands_beside_ours():
    ours = pd.concat([predictions_of(BY_HAND, model="finetuned_aug", backbone="Xception"),
                      predictions_of(BY_HAND, backbone="EfficientNet-Lite0")])
    table = scores.against_thesis(scores.summary(ours)).set_index(["model", "backbone", "metric"])
    both = table.loc["finetuned_aug", "Xception", "accuracy"]
    assert (both["thesis"], both["here"], both["trials"]) == (0.850, 0.8, 1)
    assert both["low"] <= 0.8 <= both["high"]
    only_thesis = table.loc["baseline", "VGG16", "weighted_f1"]
    assert only_thesis["thesis"] == 0.294 and np.isnan(only_thesis["here"]) and only_thesis["trials"] == 0
    assert np.isnan(table.loc["frozen", "EfficientNet-Lite0", "macro_f1"]["thesis"])
    assert len(table) == 4 * 3 * 3 + 3
    models = table.index.get_level_values("model").unique()
    assert list(models) == ["baseline", "frozen", "finetuned", "finetuned_aug"]
