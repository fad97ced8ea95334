import json
import os

import numpy as np
import pandas as pd
import pytest
from conftest import SHARED

from artpose_lib.train import records

PHASES = [{"layers": "frozen", "patience": 2}, {"layers": "finetuned", "patience": 3}]
RECIPE = {"model": "finetuned", "backbone": "VGG16", "phases": PHASES, "split": "random", "augmented": False,
          "batch_size": 8}
CONFIG = {"recipe": RECIPE | {"model": "frozen", "phases": PHASES[:1]}, "seed": 40, "data": "abc", "size": 72,
          "steps_per_epoch": None}
HISTORY = pd.DataFrame({"epoch": [1], "phase": [1], "learning_rate": [0.1], "loss": [1.0], "accuracy": [0.5],
                        "val_loss": [1.0], "val_accuracy": [0.5]})
PREDICTIONS = pd.DataFrame({"file_name": ["a.jpg", "b.jpg", "NA"], "label": ["x", "y", "NA"],
                            "part": ["validation", "test", "test"],
                            "p_x": [0.9, 0.2, 0.1], "p_y": [0.1, 0.7, 0.1], "p_NA": [0.0, 0.1, 0.8]})


def test_a_record_comes_back_as_it_was_stored(tmp_path):
    records.store_record(tmp_path, CONFIG, HISTORY, PREDICTIONS, seconds=1.25)
    record = records.Record(records.record_folder(tmp_path, CONFIG))
    assert record.config == CONFIG
    assert record.facts["test_accuracy"] == 1.0 and record.facts["epochs"] == 1
    assert {"python", "keras", "numpy"} <= set(record.facts["versions"])
    names = {"model": "frozen", "backbone": "VGG16", "seed": 40}
    pd.testing.assert_frame_equal(record.predictions, PREDICTIONS.assign(**names))  # a class may be called NA
    pd.testing.assert_frame_equal(record.history, HISTORY.assign(**names))
    assert record.weights is None


def test_probabilities_come_back_to_the_last_bit(tmp_path):
    nearly = np.nextafter(np.float32(1 / 3), np.float32(1))
    undecided = PREDICTIONS.assign(p_x=np.float32(1 / 3), p_y=nearly, p_NA=np.float32(1 / 3))
    back = records.store_record(tmp_path, CONFIG, HISTORY, undecided, 1).predictions
    assert (back["p_y"].astype("float32") == nearly).all() and (back["p_y"] > back["p_x"]).all()


def test_a_training_that_diverged_is_stored_and_named_as_such(tmp_path):
    record = records.store_record(tmp_path, CONFIG, HISTORY, PREDICTIONS.assign(p_y=[0.1, np.nan, np.inf]), 1)
    assert record.facts["diverged"] is True and record.facts["test_accuracy"] is None
    assert record.describe().endswith("the training diverged: what the network answers is no number")
    probabilities = record.predictions[["p_x", "p_y", "p_NA"]]
    assert probabilities.isna().all(axis=None) and set(probabilities.dtypes) == {np.dtype(float)}
    assert "diverged" not in records.store_record(tmp_path, CONFIG | {"seed": 1}, HISTORY, PREDICTIONS, 1).facts
    listed = records.list_trials(tmp_path).set_index("seed")[["validation", "test", "macro_f1", "diagnosis"]]
    assert listed.loc[40].isna()[:3].all() and listed.loc[40, "diagnosis"] == "diverged, not learned"
    assert listed.loc[1].notna().all() and "diverged" not in listed.loc[1, "diagnosis"]


@pytest.mark.parametrize("change", [{"seed": 41}, {"size": 224}, {"data": "abd"},
                                    {"recipe": {"model": "baseline", "backbone": "VGG16"}}])
def test_another_configuration_is_another_trial(tmp_path, change):
    records.store_record(tmp_path, CONFIG, HISTORY, PREDICTIONS, 1)
    assert not records.record_folder(tmp_path, CONFIG | change).exists()


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path):
    def full_disk(path):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError):
        records.store_record(tmp_path, CONFIG, HISTORY, PREDICTIONS, 1, full_disk)
    assert records.all_records(tmp_path) == [] and os.listdir(tmp_path / "trials") == []


def test_the_listing_is_a_row_a_trial_in_order_of_names(tmp_path):
    for seed in (41, 40):
        records.store_record(tmp_path, CONFIG | {"seed": seed}, HISTORY, PREDICTIONS, 1)
    assert records.list_trials(tmp_path)["seed"].tolist() == [40, 41]
    assert len(records.list_trials(tmp_path / "nowhere")) == 0


def test_the_listing_tells_the_test_the_data_and_whether_weights_are_kept_also_of_older_records(tmp_path):
    """Two of three test pictures are right: "y" has F1 2/3, "NA" 1, and "x", which none of them is, does not count."""
    three = pd.concat([PREDICTIONS, PREDICTIONS[1:2].assign(p_x=0.9)])
    records.store_record(tmp_path, CONFIG, HISTORY, three, 1, lambda path: open(path, "wb").close(), "my pictures")
    older = records.store_record(tmp_path, CONFIG | {"seed": 41}, HISTORY, three, 1)
    other = records.store_record(tmp_path, CONFIG | {"data": "abd"}, HISTORY, three, 1)
    for record in (older, other):
        facts = {key: value for key, value in record.facts.items() if key != "data_name"}
        (record.folder / records.RECORD).write_text(json.dumps(facts))
    listed = records.list_trials(tmp_path).set_index(["fingerprint", "seed"])
    assert listed.loc[("abc", 40), ["data", "weights"]].tolist() == ["my pictures", "kept"]
    assert listed.loc[("abc", 41), ["data", "weights"]].tolist() == ["my pictures", "no"]
    assert listed.loc[("abd", 40), "data"] == "name not stored"
    assert set(listed["test_pictures"]) == {3} and set(listed["macro_f1"]) == {0.8333}


def test_trials_that_are_not_stored_are_named_with_what_to_run():
    absent = records.Trials([], {"VGG16": "no weights here"}, ["frozen-ResNet50-40-abc"])
    with pytest.raises(ValueError, match=r"stored: frozen-ResNet50-40-abc, VGG16 \(no weights here\).*artpose run"):
        absent.predictions  # noqa: B018
    with pytest.raises(ValueError, match="none to train"):
        records.Trials([], {}).history  # noqa: B018


LABELS = ["x"] * 20 + ["y"] * 10 + ["z"] * 10  # of the parts held out, so the training part has 160 pictures


def trial(tmp_path, phases, called="xyz", seed=40, labels=LABELS, older=False, accuracy=0.9, steps=None, **recipe):
    """The record of a trial by the validation accuracies of its phases and the classes that it calls in turn."""
    rows = [(number, value) for number, own in enumerate(phases, start=1) for value in own]
    history = pd.DataFrame(rows, columns=["phase", "val_accuracy"]).assign(
        epoch=range(1, len(rows) + 1), accuracy=accuracy, learning_rate=0.1, loss=1.0, val_loss=1.0)
    said = [called[number % len(called)] for number in range(len(labels))] if called else []
    predictions = pd.DataFrame({"file_name": [f"{seed} {number}" for number in range(len(labels))], "label": labels,
                                "part": ["validation", "test"] * (len(labels) // 2)})
    for name in "xyz":
        predictions[f"p_{name}"] = [float(own == name) for own in said] if called else np.nan
    config = {"recipe": RECIPE | recipe, "seed": seed, "data": "abc", "size": 72, "steps_per_epoch": steps,
              "classes": list("xyz")}
    record = records.store_record(tmp_path, config, history, predictions, 1)
    if older:
        facts = {key: value for key, value in record.facts.items() if key != "kept_phase"}
        (record.folder / records.RECORD).write_text(json.dumps(facts))
    return records.Record(record.folder)


def diagnosis(tmp_path, *arguments, **more):
    return records.Trials([trial(tmp_path, *arguments, **more)], {}).diagnoses.iloc[0]


def test_the_kept_phase_is_that_of_the_best_epoch_and_says_what_has_learned(tmp_path):
    better = diagnosis(tmp_path, [[0.2, 0.5, 0.4, 0.4], [0.3, 0.6]], seed=1)
    assert better[["layers", "kept_phase", "best_epoch", "ended"]].tolist() == ["finetuned", 2, 6, "limit"]
    worse = diagnosis(tmp_path, [[0.2, 0.5, 0.4], [0.3, 0.2, 0.3, 0.3]], seed=2)
    assert worse[["layers", "kept_phase", "best_epoch", "ended"]].tolist() == ["frozen", 1, 2, "patience"]
    assert worse["early"] and not better["early"]
    single = diagnosis(tmp_path, [[0.2, 0.3, 0.4, 0.5]], seed=3)
    assert single[["layers", "best_epoch", "ended", "early"]].tolist() == ["frozen", 4, "limit", False]


def test_of_two_phases_alike_the_first_is_kept_and_in_older_records_the_last(tmp_path):
    assert diagnosis(tmp_path, [[0.5, 0.4], [0.5, 0.5]], seed=1)["kept_phase"] == 1
    older = diagnosis(tmp_path, [[0.5, 0.4], [0.4, 0.5]], seed=2, older=True)
    assert older[["layers", "kept_phase", "best_epoch"]].tolist() == ["finetuned", 2, 4]
    assert diagnosis(tmp_path, [[0.6, 0.4], [0.4, 0.5]], seed=3, older=True)["kept_phase"] == 1


@pytest.mark.parametrize("phases, kept, best", [
    ([[np.nan, np.nan], [np.nan]], 1, 1), ([[np.nan], [np.nan, 0.5]], 2, 3), ([[np.nan, 0.0], [np.nan]], 1, 2)])
def test_validation_accuracies_that_are_no_numbers_are_the_lowest(tmp_path, phases, kept, best):
    assert diagnosis(tmp_path, phases)[["kept_phase", "best_epoch"]].tolist() == [kept, best]


def test_one_class_for_all_is_collapsed_and_no_numbers_are_diverged(tmp_path):
    told = ["collapsed", "diverged", "learned"]
    assert diagnosis(tmp_path, [[0.5]], seed=1)[told].tolist() == [False, False, True]
    assert diagnosis(tmp_path, [[0.5]], called="x", seed=2)[told].tolist() == [True, False, True]
    assert diagnosis(tmp_path, [[0.5]], called="", seed=3)[told].tolist() == [False, True, False]


@pytest.mark.parametrize("accuracy, more, learned", [
    (0.5, {}, False), (0.55, {}, False), (0.6, {}, True),  # half of 160 pictures are of one class: the bound is 0.58
    (0.6, {"steps": 2}, False), (0.9, {"steps": 2}, True),  # of 16 pictures an epoch
    (0.45, {"augmented": True}, True), (0.45, {"augmented": True, "variant": {"augmentation": ["imgaug"]}}, False),
    (0.7, {"variant": {"share": 0.1}}, False)])  # SMOTE makes it a third; with a tenth of the pictures there are 16
def test_learned_is_above_the_commonest_class_of_the_training_part_beyond_luck(tmp_path, accuracy, more, learned):
    assert diagnosis(tmp_path, [[0.5]], accuracy=accuracy, **more)["learned"] == learned


def test_the_training_part_is_known_from_what_other_trials_held_out(tmp_path):
    """Its own held-out pictures are all of one class; those that another trial held out are even."""
    own = trial(tmp_path, [[0.5]], accuracy=0.6, seed=1, labels=["x"] * 40)
    other = trial(tmp_path, [[0.5]], accuracy=0.6, seed=2, labels=["x", "y"] * 30)
    assert not records.Trials([own], {}).diagnoses["learned"][0]
    assert records.Trials([own, other], {}).diagnoses["learned"].tolist() == [True, False]


def test_predictions_tell_what_learned_and_progress_warns_where_phase_ii_was_in_vain(tmp_path):
    vain, tuned = trial(tmp_path, [[0.5], [0.4]], seed=1), trial(tmp_path, [[0.5], [0.6]], seed=2)
    predictions = records.Trials([vain, tuned], {}).predictions
    assert predictions.groupby("seed")["layers"].unique().str.join("").to_dict() == {1: "frozen", 2: "finetuned"}
    assert records.list_trials(tmp_path).set_index("seed")["diagnosis"].to_dict() == {1: "frozen", 2: ""}
    assert "WARNING: phase II did not rise above phase I" in vain.describe() and "only the head" in vain.describe()
    assert "WARNING" not in tuned.describe()


@pytest.mark.skipif(not (SHARED / "records").exists(), reason="no records in ../shared")
def test_of_the_stored_trials_13_of_17_fine_tuned_vgg16_are_frozen():
    """Those of version 0.1.0, on pictures and on styles, at full strength."""
    stored = records.all_records(SHARED / "records")
    found = records.Trials([record for record in stored if "kept_phase" not in record.facts], {})
    table = found.diagnoses.assign(switched=["variant" in record.config["recipe"] for record in found.records])
    assert len(table) == 123 and not table["diverged"].any()
    vgg16 = table.query("backbone == 'VGG16' and model in ['finetuned', 'finetuned_aug'] and not switched")
    assert vgg16["layers"].value_counts().to_dict() == {"frozen": 13, "finetuned": 4}
    others = table.query("backbone != 'VGG16' and model != 'frozen'")
    assert set(others["layers"]) == {"finetuned"}
    assert table[["collapsed", "learned", "early"]].sum().tolist() == [15, 102, 8]
    assert (table["ended"] == "patience").sum() == 121
