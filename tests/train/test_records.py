import json
import os

import numpy as np
import pandas as pd
import pytest

from artpose_lib.train import records

CONFIG = {"recipe": {"model": "frozen", "backbone": "VGG16"}, "seed": 40, "data": "abc", "size": 72}
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
    listed = records.list_trials(tmp_path).set_index("diverged")[["validation", "test", "macro_f1"]]
    assert listed.loc["yes"].isna().all() and listed.loc[""].notna().all()


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
