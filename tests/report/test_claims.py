"""Claims are checked on what was trained, and a verdict follows from an interval."""

import hashlib
import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import guess, predictions_of
from conftest import ROOT

from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.report import claims, scores, tables
from artpose_lib.train.recipes import find_profile

THESIS = ROOT.parent / "shared" / "thesis" / "thesis.txt"


def test_every_claim_has_a_check_and_a_chapter():
    table = thesis_table("claims")
    assert len(table) >= 25 and set(table["kind"]) <= set(claims.KINDS)
    chapters = {path.stem for path in (ROOT / "notebooks").glob("*.py")}
    assert set(table["page"]) <= chapters


@pytest.mark.skipif(not THESIS.exists(), reason="the thesis' text is not beside this clone")
def test_quotes_are_the_thesis_own_words():
    text = re.sub(r"\W+", "", re.sub(r"-\n", "", THESIS.read_text(encoding="utf-8")))
    for quote in [*thesis_table("claims")["quote"], *thesis_table("slips")["quote"]]:
        for part in re.sub(r"\[(?!\.\.\.)[^]]*\]", "[...]", quote).split("[...]"):
            assert re.sub(r"\W+", "", part) in text, part


@pytest.mark.parametrize("value, low, high, verdict", [
    (0.1, 0.05, 0.2, claims.HOLDS), (0.1, -0.05, 0.2, claims.WEAKLY), (-0.1, -0.2, 0.1, claims.FAILS)])
def test_a_verdict_is_read_from_the_interval(value, low, high, verdict):
    assert claims.judge(value, low, high) == verdict


def context(*frames, profile="thesis", audited=None, conditions=None):
    predictions = pd.concat(frames, ignore_index=True)
    study = SimpleNamespace(profile=find_profile(profile), dataset=SimpleNamespace(classes=tuple(POSE_NAMES)))
    return claims.ClaimContext(study, predictions, scores.summary(predictions), audited, conditions)


def trials(model, backbone, right, n=100):
    return pd.concat([predictions_of([("A", "A")] * (right // 2) + [("B", "B")] * (right - right // 2)
                                     + [("C", "A")] * (n - right), model=model, backbone=backbone, seed=seed)
                      for seed in (40, 41)])


def check(found, kind, **columns):
    claim = {"kind": kind, "metric": "accuracy", "first": "", "second": "", "value": ""} | columns
    return claims.check_claim(found, SimpleNamespace(**claim))


@pytest.mark.parametrize("first, second, verdict, value", [
    ("frozen ResNet50", "frozen Xception", claims.HOLDS, 0.5), ("frozen VGG16", "frozen R*", claims.FAILS, -0.3),
    ("frozen *", "frozen Xception", claims.HOLDS, 0.2), ("*", "frozen VGG16", claims.FAILS, -0.2),  # the best others
    ("baseline *", "frozen VGG16", claims.UNTESTABLE, np.nan)])
def test_a_better_network_is_found_better_and_a_missing_one_cannot_be_tested(first, second, verdict, value):
    found = context(trials("frozen", "VGG16", 60), trials("frozen", "Xception", 80), trials("frozen", "ResNet50", 30))
    outcome = check(found, "above", first=first, second=second)
    assert outcome.verdict == verdict and outcome.value == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("short, verdict, in_full", [(40, claims.UNTESTABLE, claims.FAILS),
                                                     (90, claims.HOLDS, claims.HOLDS)])
def test_what_was_trained_short_only_tells_where_it_is_ahead(short, verdict, in_full):
    frames = trials("frozen", "VGG16", 70), trials("finetuned", "VGG16", short)
    question = {"first": "frozen VGG16", "second": "finetuned VGG16"}
    outcome = check(context(*frames, profile="quick"), "above", **question)
    assert outcome.verdict == verdict and ("finetuned VGG16 was trained short" in outcome.measured) == (short == 40)
    assert check(context(*frames), "above", **question).verdict == in_full
    # The other way round: a short one that is ahead refutes.
    turned = check(context(*frames, profile="quick"), "above", first="finetuned VGG16", second="frozen VGG16")
    assert turned.verdict == (claims.UNTESTABLE if short == 40 else claims.FAILS)


def test_a_class_that_was_not_tested_is_neither_best_nor_worst():
    pairs = [("Pieta", "Pieta"), ("Graces", "Pieta")]
    frames = [predictions_of(pairs, list(POSE_NAMES), seed=seed) for seed in (1, 2, 3)]
    question = {"second": "frozen VGG16", "metric": "f1"}
    assert check(context(*frames), "worst_class", value="Sebastian", **question).verdict == claims.UNTESTABLE
    assert check(context(*frames), "worst_class", value="Graces", **question).verdict == claims.HOLDS


def test_the_text_is_held_against_its_own_tables():
    gap = check(None, "printed_gap", first="baseline Xception", second="finetuned_aug Xception", value="0.313")
    assert gap.verdict == claims.FAILS and gap.value == pytest.approx(0.850 - 0.483)
    assert check(None, "printed_largest", value="Pieta").verdict == claims.FAILS


def test_the_table_of_claims_shows_text_as_text_and_references_beside_it():
    table = pd.DataFrame([{"id": "C1", "section": "Abstract", "quote": "<i>x", "page": "06_experiment_1",
                           "measured": "<script>", "verdict": claims.HOLDS}])
    shown = tables.claims_table(table, [{"data": "<b>styles", "tables": {"claims": table}}, {"tables": {}}])
    assert "<script>" not in shown and "<i>" not in shown and 'href="06_experiment_1.html"' in shown
    assert "<b>" not in shown and shown.count("reference, ") == 2


AUDITED = pd.DataFrame([{"id": "A8", "backbone": "VGG16", "difference": -0.1, "low": -0.2, "high": -0.05}])
CONDITIONS = pd.DataFrame({"condition": ["whole", "background swapped"], "strength": 1.0, "accuracy": [0.9, 0.2],
                           "low": [0.8, 0.1], "high": [0.95, 0.3]})


def test_every_claim_gets_a_verdict_where_all_is_trained():
    rng, poses = np.random.default_rng(0), list(POSE_NAMES)
    skills = {"baseline": 0.3, "frozen": 0.5, "finetuned": 0.7, "finetuned_aug": 0.8}
    frames = []
    for (model, skill), backbone, seed in product(skills.items(), ("VGG16", "ResNet50", "Xception"), (40, 41, 42)):
        for part in ("validation", "test"):
            frames.append(predictions_of(guess(rng, poses, 60, skill), poses, part, model, backbone, seed))
    table = claims.check_claims(context(*frames, audited=AUDITED, conditions=CONDITIONS))
    digest = hashlib.sha256(table.to_csv(float_format="%.5f").encode()).hexdigest()[:8]
    table = table.set_index("id")
    assert len(table) == len(thesis_table("claims"))
    assert set(table["verdict"]) <= {claims.HOLDS, claims.WEAKLY, claims.FAILS, claims.UNTESTABLE}
    # What was put into the predictions comes out; only sights and the thesis' own numbers stay untested.
    assert (table.loc[["C1", "C9", "C13", "C15", "C22", "C26"], "verdict"] == claims.HOLDS).all()
    assert table.loc["C15", ["low", "high"]].to_list() == [0.05, 0.2]
    assert table.loc["C12", "verdict"] == claims.FAILS
    assert set(table.index[table["verdict"] == claims.UNTESTABLE]) == {"C3", "C4", "C27"}
    assert digest == "1a7b47bf"
