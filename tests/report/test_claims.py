import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import predictions_of
from conftest import ROOT

from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.report import audit, auditpages, claims, scores
from artpose_lib.train.recipes import find_profile
from artpose_lib.train.records import Trials

THESIS = ROOT.parent / "shared" / "thesis" / "thesis.txt"


def test_every_claim_has_a_check_and_a_chapter():
    table = thesis_table("claims")
    assert len(table) >= 25 and set(table["kind"]) <= set(claims.KINDS)
    chapters = {path.stem for path in (ROOT / "notebooks").glob("*.py")}
    assert set(table["page"]) <= chapters


@pytest.mark.skipif(not THESIS.exists(), reason="the thesis' text is not beside this clone")
def test_quotes_are_the_thesis_own_words():
    text = re.sub(r"\W+", "", re.sub(r"-\n", "", THESIS.read_text(encoding="utf-8")))
    for quote in thesis_table("claims")["quote"]:
        for part in re.sub(r"\[(?!\.\.\.)[^]]*\]", "[...]", quote).split("[...]"):
            assert re.sub(r"\W+", "", part) in text, part


@pytest.mark.parametrize("value, low, high, verdict", [
    (0.1, 0.05, 0.2, claims.HOLDS), (0.1, -0.05, 0.2, claims.WEAKLY), (-0.1, -0.2, 0.1, claims.FAILS)])
def test_a_verdict_is_read_from_the_interval(value, low, high, verdict):
    assert claims.by_sign("x", value, low, high).verdict == verdict


def records(*frames, named="thesis"):
    predictions = pd.concat(frames, ignore_index=True)
    study = SimpleNamespace(profile=find_profile(named))
    return claims.Records(study, predictions, scores.summary(predictions, resamples=50), pd.DataFrame({"id": []}))


def trials(model, backbone, right, n=100):
    return pd.concat([predictions_of([("A", "A")] * (right // 2) + [("B", "B")] * (right - right // 2)
                                     + [("C", "A")] * (n - right), model=model, backbone=backbone, seed=seed)
                      for seed in (40, 41)])


def claim(**columns):
    return next(pd.DataFrame([{"kind": "", "metric": "accuracy", "first": "", "second": "", "value": ""} | columns])
                .itertuples())


def test_a_better_model_is_found_better_and_a_missing_one_cannot_be_tested():
    found = records(trials("baseline", "VGG16", 40), trials("finetuned", "VGG16", 80))
    outcome = claims.KINDS["above"](found, claim(first="baseline VGG16", second="finetuned VGG16"))
    assert outcome.verdict == claims.HOLDS and outcome.value == pytest.approx(0.4)
    assert claims.KINDS["above"](found, claim(first="finetuned *", second="baseline *")).verdict == claims.FAILS
    missing = claims.KINDS["above"](found, claim(first="baseline VGG16", second="finetuned Xception"))
    assert missing.verdict == claims.UNTESTABLE and np.isnan(missing.value)


def test_the_best_is_compared_with_the_best_of_the_others():
    found = records(trials("frozen", "VGG16", 60), trials("frozen", "Xception", 80), trials("frozen", "ResNet50", 30))
    best = claims.KINDS["best"](found, claim(first="frozen *", second="frozen Xception"))
    assert best.verdict == claims.HOLDS and best.value == pytest.approx(0.2)
    assert claims.KINDS["best"](found, claim(first="frozen *", second="frozen VGG16")).verdict == claims.FAILS


@pytest.mark.parametrize("short, verdict, in_full", [(40, claims.UNTESTABLE, claims.FAILS),
                                                     (90, claims.HOLDS, claims.HOLDS)])
def test_what_was_trained_short_only_tells_where_it_is_ahead(short, verdict, in_full):
    frames = trials("frozen", "VGG16", 70), trials("finetuned", "VGG16", short)
    question = claim(first="frozen VGG16", second="finetuned VGG16")
    outcome = claims.KINDS["above"](records(*frames, named="quick"), question)
    assert outcome.verdict == verdict and ("finetuned VGG16 was trained short" in outcome.measured) == (short == 40)
    assert claims.KINDS["above"](records(*frames), question).verdict == in_full
    # The other way round: a short one that is ahead refutes.
    turned = claim(first="finetuned VGG16", second="frozen VGG16")
    assert claims.KINDS["above"](records(*frames, named="quick"), turned).verdict == (
        claims.UNTESTABLE if short == 40 else claims.FAILS)


def test_a_network_that_learns_refutes_that_it_does_not():
    found = records(trials("frozen", "Xception", 80))
    assert claims.KINDS["learns"](found, claim(second="frozen Xception")).verdict == claims.HOLDS
    assert claims.KINDS["learns_not"](found, claim(second="frozen Xception")).verdict == claims.FAILS


def test_the_text_is_held_against_its_own_tables():
    gap = claims.KINDS["printed_gap"](None, claim(first="baseline Xception", second="finetuned_aug Xception",
                                                 value="0.313"))
    assert gap.verdict == claims.FAILS and gap.value == pytest.approx(0.850 - 0.483)
    assert claims.KINDS["printed_largest"](None, claim(value="Pieta")).verdict == claims.FAILS


def test_the_table_of_claims_shows_text_as_text():
    table = pd.DataFrame([{"id": "C1", "section": "Abstract", "quote": "<i>x", "page": "06_experiment_1",
                           "measured": "<script>", "verdict": claims.HOLDS}])
    shown = auditpages.claims_table(table, [])
    assert "<script>" not in shown and "<i>" not in shown and 'href="06_experiment_1.html"' in shown
    assert auditpages.claims_in_words(table).startswith("Of 1 claims, 1 hold,")


def test_the_audit_decides_what_is_claimed_of_a_first_phase():
    row = audit.Row("A8", "finetuned", "VGG16", "x", 0.6, 0.5, -0.1, -0.2, -0.05, 0.01, 2, 80, "quick")
    found = claims.Records(None, pd.DataFrame(), pd.DataFrame(), pd.DataFrame([row]))
    outcome = claims.KINDS["audit"](found, claim(second="A8"))
    assert outcome.verdict == claims.HOLDS and (outcome.low, outcome.high) == (0.05, 0.2)


def test_every_claim_gets_a_verdict_where_all_is_trained(monkeypatch):
    rng, poses = np.random.default_rng(0), list(POSE_NAMES)
    skills = {"baseline": 0.3, "frozen": 0.5, "finetuned": 0.7, "finetuned_aug": 0.8}
    frames = []
    for (model, skill), backbone, seed in product(skills.items(), ("VGG16", "ResNet50", "Xception"), (40, 41, 42)):
        for part in ("validation", "test"):
            true = rng.integers(6, size=60)
            called = np.where(rng.random(60) < skill, true, rng.integers(6, size=60))
            pairs = [(poses[a], poses[b]) for a, b in zip(true, called, strict=True)]
            frames.append(predictions_of(pairs, poses, part, model, backbone, seed))
    study = SimpleNamespace(train=lambda *_: SimpleNamespace(predictions=pd.concat(frames, ignore_index=True)),
                            dataset=SimpleNamespace(classes=tuple(poses)), profile=find_profile("thesis"))
    monkeypatch.setattr(claims, "train_backgrounds", lambda study: Trials([], {}))
    monkeypatch.setattr(claims.comparisons, "accuracies_by_condition", lambda found: pd.DataFrame(
        {"condition": ["whole", "background swapped"], "strength": 1.0, "accuracy": [0.9, 0.2], "low": [0.8, 0.1],
         "high": [0.95, 0.3]}))
    row = audit.Row("A8", "finetuned", "VGG16", "x", 0.6, 0.5, -0.1, -0.2, -0.05, 0.01, 2, 80, "quick")
    table = claims.check(study, pd.DataFrame([row])).set_index("id")
    assert len(table) == len(thesis_table("claims"))
    assert set(table["verdict"]) <= {claims.HOLDS, claims.WEAKLY, claims.FAILS, claims.UNTESTABLE}
    # What was put into the predictions comes out; only sights and the thesis' own numbers stay untested.
    assert (table.loc[["C1", "C9", "C13", "C22", "C26"], "verdict"] == claims.HOLDS).all()
    assert table.loc["C12", "verdict"] == claims.FAILS
    assert set(table.index[table["verdict"] == claims.UNTESTABLE]) == {"C3", "C4", "C27"}
