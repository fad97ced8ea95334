"""Recipes of today in the divisions of the trials, and what each has more than trained networks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import standin

from artpose_lib.classify import final
from artpose_lib.model import classifier
from artpose_lib.report import setups
from artpose_lib.report.bootstrap import average_groups
from artpose_lib.train import study
from artpose_lib.train.heads import fit_head


@pytest.fixture
def opened(colours, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "build_classifier", lambda name, n, size, *_: standin.network(size))
    monkeypatch.setattr(setups, "fit_head", lambda *own, **_: fit_head(*own[:4], (1.0,)))  # a fifth of the time
    monkeypatch.setattr(final, "fit_head", lambda *own, **_: fit_head(*own[:4], (1.0,)))  # a fifth of the time
    return study.open_study(str(colours), profile="smoke", results=str(tmp_path))


def test_a_short_profile_takes_the_cheap_setups_and_the_full_one_all_that_have_weights(opened, monkeypatch):
    found = setups.predict_recipes(opened)
    assert set(found["model"]) == set(setups.CHEAP) and set(found["scheme"]) == {"stratified"}
    monkeypatch.setattr(setups, "SETUPS", {name: setups.SETUPS[name] for name in ("best", "grey", "Xception")})
    monkeypatch.setattr(study.Study, "weights_of", lambda own, name: study.NO_WEIGHTS if name == "Xception" else "")
    monkeypatch.setattr(setups, "group_sources", lambda own: np.arange(36) % 6)
    monkeypatch.setattr(setups, "know_sources", lambda own: True)
    whole = setups.predict_recipes(replace(opened, profile=replace(opened.profile, time=1)))
    assert set(whole["model"]) == {"best", "grey"}
    assert set(whole["scheme"]) == {"stratified", "grouped", setups.SOURCES_APART}
    asked = whole[(whole["scheme"] == setups.SOURCES_APART) & (whole["model"] == "best")]
    assert asked["file_name"].is_unique and len(asked) == 36


def test_the_final_model_is_asked_about_works_sources_and_strangers_at_full_strength(opened, monkeypatch):
    assert setups.predict_final(opened).empty
    whole = replace(opened, profile=replace(opened.profile, time=1))
    found = setups.predict_final(whole)
    assert found.groupby("part").size().to_dict() == {"validation": 36}  # nobody knows a drawing's source
    monkeypatch.setattr(final, "know_sources", lambda own: True)
    assert setups.predict_final(whole).groupby("part").size().to_dict() == {"test": 36, "validation": 36}
    assert setups.measure_calibration(found[found["part"] == "validation"])[0] < 0.2
    nearer = setups.compare_strangers(whole, opened.dataset)["nearer"]
    assert nearer.between(0, 1).all() and nearer.mean() < 0.5  # its own pictures are no strangers


def test_a_gain_in_one_source_alone_is_not_sure():
    gap, low, high = average_groups(np.array([10, 0, 0, 0, 0]), np.full(5, 10))
    assert gap == 0.2 and low <= 0 < high
    assert average_groups(np.array([10, 10, 10, 10, 0]), np.full(5, 10))[1] > 0


def test_confidence_that_is_right_as_often_as_it_says_is_calibrated():
    rng, sure = np.random.default_rng(0), np.repeat([0.6, 0.9], 500)
    right = rng.random(1000) < sure
    found = pd.DataFrame({"label": np.where(right, "A", "B"), "p_A": sure, "p_B": 1 - sure})
    error, usual = setups.measure_calibration(found)
    assert error < usual < 0.05 and setups.measure_calibration(found.assign(label="A"))[0] == pytest.approx(0.25)


def test_setups_are_ranked_by_validation_and_compared_on_the_same_pictures(opened):
    found = setups.predict_recipes(opened)
    table = setups.compare_recipes(found, {"a network": found[found["model"] == "best"].assign(model="finetuned_aug")})
    assert table["validation"].dropna().is_monotonic_decreasing and np.isnan(table["validation"].iloc[-1])
    own = table.set_index("model").loc["best"]
    assert own["a network"].difference == 0 and own["p of a network"] == 1 and np.isnan(own["grouped"])
