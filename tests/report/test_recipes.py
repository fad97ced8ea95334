"""Recipes of today in the divisions of the trials, and what each has more than trained networks."""

from dataclasses import replace

import numpy as np
import pytest
import standin

from artpose_lib.model import classifier
from artpose_lib.report import recipes
from artpose_lib.train import study


@pytest.fixture
def opened(colours, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "build_classifier", lambda name, n, size, *_: standin.network(size))
    return study.open_study(str(colours), profile="smoke", results=str(tmp_path))


def test_a_short_profile_takes_the_cheap_setups_and_the_full_one_all_that_have_weights(opened, monkeypatch):
    found = recipes.predict_recipes(opened)
    assert set(found["model"]) == set(recipes.CHEAP) and set(found["scheme"]) == {"stratified"}
    monkeypatch.setattr(recipes, "SETUPS", {name: recipes.SETUPS[name] for name in ("best", "grey", "Xception")})
    monkeypatch.setattr(study.Study, "weights_of", lambda own, name: study.NO_WEIGHTS if name == "Xception" else "")
    monkeypatch.setattr(recipes, "group_sources", lambda own: np.arange(36) % 6)
    whole = recipes.predict_recipes(replace(opened, profile=replace(opened.profile, time=1)))
    assert set(whole["model"]) == {"best", "grey"}
    assert set(whole["scheme"]) == {"stratified", "grouped", recipes.SOURCES_APART}
    asked = whole[(whole["scheme"] == recipes.SOURCES_APART) & (whole["model"] == "best")]
    assert asked["file_name"].is_unique and len(asked) == 36


def test_setups_are_ranked_by_validation_and_compared_on_the_same_pictures(opened):
    found = recipes.predict_recipes(opened)
    table = recipes.compare_recipes(found, {"a network": found[found["model"] == "best"].assign(model="finetuned_aug")})
    assert table["validation"].dropna().is_monotonic_decreasing and np.isnan(table["validation"].iloc[-1])
    own = table.set_index("model").loc["best"]
    assert own["a network"].difference == 0 and own["p of a network"] == 1 and np.isnan(own["grouped"])
