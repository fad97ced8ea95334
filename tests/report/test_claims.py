"""Claims are checked on what was trained, and a verdict follows from an interval."""

import re
from collections import namedtuple
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, guess, predictions_of
from conftest import ROOT

from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.report import claims, evidence, tables
from artpose_lib.report.verdicts import FAILS, HOLDS, UNSETTLED, UNTESTABLE
from artpose_lib.train.recipes import find_profile
from artpose_lib.train.records import PARTS

THESIS = ROOT.parent / "shared" / "thesis" / "thesis.txt"


def test_every_claim_has_a_check_and_a_chapter():
    table = thesis_table("claims")
    assert len(table) >= 50 and table["id"].is_unique and set(table["kind"]) <= set(claims.KINDS)
    chapters = {path.stem for path in (ROOT / "notebooks").glob("*.py")}
    assert set(table["page"]) <= chapters


@pytest.mark.skipif(not THESIS.exists(), reason="the thesis' text is not beside this clone")
def test_quotes_are_the_thesis_own_words():
    text = re.sub(r"\W+", "", re.sub(r"-\n", "", THESIS.read_text(encoding="utf-8")))
    for quote in [*thesis_table("claims")["quote"], *thesis_table("slips")["quote"]]:
        for part in re.sub(r"\[(?!\.\.\.)[^]]*\]", "[...]", quote).split("[...]"):
            assert re.sub(r"\W+", "", part) in text, part


Claim = namedtuple("Claim", "kind metric first second value")


def context(*frames, profile="thesis", history=None, unstaged=None, boxed=(), embedded=False):
    predictions = pd.concat(frames, ignore_index=True)
    if "layers" not in predictions:
        predictions["layers"] = "finetuned"
    study = SimpleNamespace(profile=find_profile(profile), embedded=embedded, weights_of=str, dataset=SimpleNamespace(
        counts=lambda: pd.Series(10, list(POSE_NAMES))))
    return evidence.ClaimContext(study, predictions, history, unstaged, boxed)


def trials(name, right, n=100, parts=("validation", "test"), seeds=(40, 41, 42), layers="finetuned"):
    """Trials of a network that names so many of n pictures rightly; of each of three classes there are as many."""
    model, backbone = name.split(" ")
    order = (37 * np.arange(n) + 7 * ord(backbone[0])) % n  # which pictures it names rightly depends on the network
    pairs = [(CLASSES[number % 3], CLASSES[(number + (place >= right)) % 3]) for number, place in enumerate(order)]
    return pd.concat([predictions_of(pairs, part=part, model=model, backbone=backbone, seed=seed)
                      for seed, part in product(seeds, parts)]).assign(layers=layers)


def check(found, kind, first="", second="", value="", metric="accuracy"):
    return claims.check_claim(found, Claim(kind, metric, first, second, value))


@pytest.mark.parametrize("first, second, verdict, told", [
    ("frozen ResNet50", "frozen Xception", HOLDS, "+0.30 ["), ("frozen Xception", "frozen R*", FAILS, "−0.30 ["),
    ("frozen ResNet50", "frozen *", HOLDS, "+0.30 ["), ("frozen Xception", "frozen VGG16", UNSETTLED, "−0.02 ["),
    ("finetuned *", "frozen VGG16", UNTESTABLE, "no ImageNet weights here")])
def test_a_better_network_is_found_better_and_a_missing_one_cannot_be_tested(first, second, verdict, told):
    found = context(trials("frozen VGG16", 78), trials("frozen Xception", 80), trials("frozen ResNet50", 50))
    outcome = check(found, "above", first, second)
    assert outcome.verdict == verdict and told in outcome.measured


@pytest.mark.parametrize("right, verdict", [
    ((60, 90, 70), HOLDS), ((60, 90, 88), UNSETTLED), ((60, 50, 88), FAILS), ((60, 90), UNSETTLED),
    ((95, 50), FAILS), ((60, 62), UNSETTLED), ((60, 90, 30), UNSETTLED), ((60, 30, 88), UNSETTLED)])
def test_the_best_is_above_every_other_and_a_missing_one_only_lets_it_fail(right, verdict):
    found = context(*(trials(f"frozen {name}", own) for name, own in zip(("VGG16", "Xception", "ResNet50"), right,
                                                                        strict=False)))
    outcome = check(found, "best", "frozen *", "frozen Xception")
    told = f"{outcome.measured}; {outcome.remark}"
    assert outcome.verdict == verdict and ("no ImageNet weights here: ResNet50" in told) == (len(right) < 3)
    assert (", but " in outcome.measured) == (right in ((60, 90), (60, 90, 30), (60, 30, 88)))  # it says why
    turned = {HOLDS: FAILS, FAILS: HOLDS}.get(verdict, verdict)
    if right == (60, 50, 88):
        assert check(found, "worst", "frozen *", "frozen Xception").verdict == turned


def test_the_best_of_a_kind_is_chosen_on_the_validation_part():
    found = context(trials("frozen VGG16", 90, parts=["test"]), trials("frozen VGG16", 50, parts=["validation"]),
                    trials("frozen Xception", 60, parts=["test"]), trials("frozen Xception", 70, parts=["validation"]))
    assert found.choose("frozen *") == "frozen Xception"


def test_where_one_of_a_kind_is_missing_the_best_of_it_is_not_known():
    names = "VGG16", "ResNet50", "Xception"
    lower, higher = ([trials(f"{model} {name}", right + number, 200) for number, name in enumerate(names)]
                     for model, right in (("frozen", 100), ("finetuned", 160)))
    assert check(context(*lower, *higher), "above", "frozen *", "finetuned *").verdict == HOLDS
    assert check(context(*lower, *higher[:1]), "above", "frozen *", "finetuned *").verdict == HOLDS
    # A network that is missing may be better than VGG16.
    outcome = check(context(*lower[:1], *higher), "above", "frozen *", "finetuned *")
    assert outcome.verdict == UNSETTLED and "no ImageNet weights here: ResNet50, Xception" in outcome.measured
    assert check(context(*lower, *higher), "above", "finetuned *", "frozen *").verdict == FAILS
    assert check(context(*lower[:1], *higher), "above", "finetuned *", "frozen *").verdict == UNSETTLED
    idle = trials("finetuned VGG16", 60, 200)
    assert check(context(idle), "learns", second="finetuned VGG16").verdict != UNTESTABLE
    assert check(context(trials("finetuned VGG16", 20, 200)), "learns", second="finetuned VGG16").verdict == FAILS
    assert check(context(trials("finetuned VGG16", 20, 200)), "learns", second="finetuned *").verdict == UNSETTLED


@pytest.mark.parametrize("claim", [
    ("above", "frozen VGG16", "frozen Xception"), ("best", "frozen *", "frozen Xception"),
    ("close", "", "frozen Xception", "0.05"), ("best_class", "", "frozen Xception", "Pieta", "f1"),
    ("worst_class", "", "frozen Xception", "Sebastian", "recall"), ("confused", "Graces", "frozen Xception", "Pieta"),
    ("fastest", "frozen *", "frozen Xception", "", "val_loss")])
def test_nothing_holds_or_fails_by_a_network_that_calls_all_the_same_or_by_two_trials(claim):
    poses, names = list(POSE_NAMES), ("frozen VGG16", "frozen ResNet50", "frozen Xception")
    best = dict(zip(names, ([8] * 5, [9] * 5, [2] * 5), strict=True))
    history = pd.concat(curves(name, epochs, 1) for name, epochs in best.items())

    def ask(own, seeds):
        frames = [predictions_of([(true, own(true) if name == names[2] else true) for true in poses * 20], poses, part,
                                 *name.split(" "), seed) for name, part, seed in product(names, PARTS, seeds)]
        return check(context(*frames, history=history), *claim).verdict

    assert ask(lambda true: "Pieta", range(40, 45)) in (UNTESTABLE, UNSETTLED)
    assert ask(lambda true: "Pieta" if true in ("Graces", "Sebastian") else true, (40, 41)) == UNTESTABLE
    assert ask(lambda true: "Pieta" if true in ("Graces", "Sebastian") else true, range(40, 45)) != UNTESTABLE


def test_a_network_that_the_thesis_has_not_is_told_and_decides_nothing():
    lite = trials("frozen EfficientNet-Lite0", 50), trials("finetuned EfficientNet-Lite0", 95)
    outcome = check(context(*lite), "above", "frozen Xception", "finetuned Xception")
    assert outcome.verdict == UNTESTABLE
    told = "another network: finetuned EfficientNet-Lite0 less frozen EfficientNet-Lite0 +0.45 ["
    assert outcome.remark.startswith(told)
    poses = [predictions_of([(true, "Pieta") for true in ("Antinous", *POSE_NAMES)] * 20
                            + [(true, true) for true in POSE_NAMES] * 40, list(POSE_NAMES), seed=seed,
                            backbone="EfficientNet-Lite0") for seed in (40, 41, 42)]
    groups = check(context(*poses), "confused", "single figures", "frozen Xception", "a pose of several")
    assert groups.verdict == UNTESTABLE and "network: single figures called a pose of several" in groups.remark
    found = context(*lite, *(trials(f"{model} {name}", right) for model, right in (("frozen", 60), ("finetuned", 80))
                             for name in ("VGG16", "ResNet50", "Xception")))
    outcome = check(found, "above", "frozen *", "finetuned *")
    assert outcome.verdict == HOLDS and " +0.20 [" in outcome.measured


@pytest.mark.parametrize("right", [48, 95])
def test_what_was_trained_short_proves_nothing(right):
    found = trials("frozen VGG16", 70), trials("finetuned VGG16", right)
    outcome = check(context(*found, profile="quick"), "above", "frozen VGG16", "finetuned VGG16")
    assert outcome.verdict == UNTESTABLE and "trained short: finetuned VGG16" in outcome.measured
    in_full = check(context(*found), "above", "frozen VGG16", "finetuned VGG16").verdict
    assert in_full == (HOLDS if right > 70 else FAILS)


def test_trials_that_kept_the_frozen_phase_are_no_evidence_on_fine_tuning():
    tuned, not_tuned = trials("finetuned VGG16", 90), trials("finetuned VGG16", 40, seeds=[43], layers="frozen")
    plain = trials("frozen VGG16", 60, seeds=(40, 41, 42, 43), layers="frozen")
    outcome = check(context(plain, tuned, not_tuned), "above", "frozen VGG16", "finetuned VGG16")
    assert outcome.verdict == HOLDS and " +0.30 [" in outcome.measured
    assert "without 1 that diverged or kept the weights of phase I: finetuned VGG16" in outcome.remark
    outcome = check(context(plain, not_tuned), "above", "frozen VGG16", "finetuned VGG16")
    assert outcome.verdict == UNTESTABLE and "learned in its last layer alone" in outcome.measured
    diverged = context(plain, tuned.assign(p_A=np.nan, p_B=np.nan, p_C=np.nan))
    outcome = check(diverged, "above", "frozen VGG16", "finetuned VGG16")
    assert outcome.measured == "diverged: finetuned VGG16"


def test_a_baseline_that_did_not_learn_is_no_rival():
    found = context(trials("baseline Xception", 34), trials("baseline VGG16", 70), trials("finetuned Xception", 90))
    outcome = check(found, "above", "baseline Xception", "finetuned Xception")
    assert outcome.verdict == UNSETTLED and ", but not surely above naming the commonest class" in outcome.measured
    assert check(found, "above", "baseline VGG16", "finetuned Xception").verdict == HOLDS
    outcome = check(found, "above", "baseline *|baseline VGG16", "finetuned Xception")
    assert outcome.verdict == UNSETTLED and "above naming the commonest class: baseline Xception" in outcome.measured


def test_a_network_that_saw_small_pictures_is_told_and_settles_nothing():
    found = context(trials("baseline Xception", 50), trials("finetuned Xception", 90))
    assert check(found, "above", "baseline Xception", "finetuned Xception").verdict == HOLDS
    outcome = check(replace(found, small={"baseline Xception": 96}), "above", "baseline Xception", "finetuned Xception")
    assert outcome.verdict == UNSETTLED and "96 pixels a side: baseline Xception" in outcome.measured


@pytest.mark.parametrize("right, n, verdict", [(510, 600, HOLDS), (34, 40, UNSETTLED), (400, 600, FAILS)])
def test_a_printed_number_holds_where_ours_is_surely_as_close(right, n, verdict):
    poses = list(POSE_NAMES)
    pairs = [(poses[number % 6], poses[(number + (number >= right)) % 6]) for number in range(n)]
    found = context(*(predictions_of(pairs, poses, part, seed=seed) for part, seed in product(PARTS, (40, 41, 42))))
    assert check(found, "value", second="frozen VGG16", value="0.850").verdict == verdict
    assert check(replace(found, study=SimpleNamespace(**vars(found.study) | {"embedded": True})), "value",
                 second="frozen VGG16", value="0.850").verdict == UNTESTABLE


def test_of_other_classes_no_claim_of_the_six_poses_is_tested():
    found = context(trials("frozen VGG16", 90), trials("frozen Xception", 95))
    for counts, testable in (pd.Series(10, list(POSE_NAMES)), True), (pd.Series(10, CLASSES), False):
        found.study.dataset.counts = lambda counts=counts: counts
        for claim in ("learns", "", "frozen VGG16"), ("best", "frozen VGG16", "frozen Xception"):
            outcome = check(found, *claim)
            assert (outcome.verdict != UNTESTABLE) == testable
            assert testable or outcome.measured == "these pictures are not of the six poses"
    assert check(found, "printed_largest", value="Pieta").verdict == FAILS


@pytest.mark.parametrize("gap, n, verdict", [(0, 600, HOLDS), (0, 60, UNSETTLED), (0.05, 600, UNSETTLED),
                                             (0.2, 600, FAILS), (-0.2, 600, FAILS)])
def test_close_has_to_be_shown(gap, n, verdict):
    validation, test = (trials("finetuned VGG16", round(n * share), n, [part]).assign(
        file_name=lambda rows: rows["part"] + rows["file_name"])
        for part, share in (("validation", 0.7), ("test", 0.7 + gap)))
    assert check(context(validation, test), "close", second="finetuned VGG16", value="0.05").verdict == verdict


@pytest.mark.parametrize("right, learns, learns_not", [(10, FAILS, HOLDS), (37, UNSETTLED, UNSETTLED),
                                                       (90, HOLDS, FAILS)])
def test_not_to_learn_is_to_stay_near_the_commonest_class(right, learns, learns_not):
    found = context(trials("frozen Xception", right, 99))
    assert check(found, "learns_not", second="frozen Xception", value="0.05").verdict == learns_not
    assert check(found, "learns", second="frozen Xception").verdict == learns


def test_a_class_that_was_not_tested_is_neither_best_nor_worst():
    pairs = [("Pieta", "Pieta")] * 30 + [("Graces", "Pieta")] * 18 + [("Graces", "Graces")] * 12
    frames = [predictions_of(pairs, list(POSE_NAMES), seed=seed) for seed in (1, 2, 3)]
    question = {"second": "frozen VGG16", "metric": "f1"}
    assert check(context(*frames), "worst_class", value="Sebastian", **question).verdict == UNTESTABLE
    assert check(context(*frames), "worst_class", value="Graces", **question).verdict == HOLDS
    assert check(context(*frames), "best_class", value="Graces", **question).verdict == FAILS


def curves(name, epochs, spread):
    model, backbone = name.split(" ")
    return pd.DataFrame([(model, backbone, seed, epoch, abs(epoch - best) + spread * (seed - 42))
                         for seed, best in zip(range(40, 45), epochs, strict=True) for epoch in range(1, 11)],
                        columns=["model", "backbone", "seed", "epoch", "val_loss"])


def test_curves_are_ranked_by_their_spread_and_their_best_epoch():
    names, seeds = ("frozen VGG16", "frozen ResNet50", "frozen Xception"), range(40, 45)
    history = pd.concat([curves(names[0], [8, 9, 8, 9, 9], 0.001), curves(names[1], [3, 3, 2, 3, 4], 5),
                         curves(names[2], [8, 9, 9, 8, 9], 0.001)])
    found = context(*(trials(name, 60, seeds=seeds) for name in names), history=history)
    outcome = check(found, "fastest", "frozen *", "frozen ResNet50", metric="val_loss")
    assert outcome.verdict == HOLDS and "epoch of the best validation loss: frozen VGG16 8.6" in outcome.measured
    assert check(found, "fastest", "frozen ResNet50", "frozen VGG16", metric="val_loss").verdict == FAILS
    assert check(found, "fastest", "frozen Xception", "frozen VGG16", metric="val_loss").verdict == UNSETTLED
    assert check(found, "most_spread", "frozen *", "frozen ResNet50", metric="val_loss").verdict == HOLDS
    assert check(found, "least_spread", "frozen *", "frozen ResNet50", metric="val_loss").verdict == FAILS
    assert check(found, "least_spread", "frozen Xception", "frozen VGG16", metric="val_loss").verdict == UNSETTLED


def test_stages_are_compared_on_vgg16_alone():
    staged, lite = trials("finetuned VGG16", 90), trials("finetuned EfficientNet-Lite0", 90)
    at_once = trials("finetuned VGG16", 60)
    assert check(context(staged, unstaged=at_once), "staged", second="finetuned VGG16").verdict == HOLDS
    assert check(context(at_once, unstaged=staged), "staged", second="finetuned VGG16").verdict == FAILS
    assert check(context(lite, unstaged=pd.DataFrame()), "staged", second="finetuned VGG16").verdict == UNTESTABLE
    assert not check(context(lite, unstaged=at_once), "staged", second="finetuned VGG16").remark
    idle = check(context(staged, unstaged=trials("finetuned VGG16", 30)), "staged", second="finetuned VGG16")
    assert idle.verdict == UNSETTLED and "with all layers in phase I" in idle.remark
    for gone in (at_once.query("seed > 40"),
                 at_once.assign(seed=7), at_once.assign(p_A=np.nan, p_B=np.nan, p_C=np.nan)):
        assert check(context(staged, unstaged=gone), "staged", second="finetuned VGG16").verdict == UNTESTABLE


def test_of_the_background_drawings_show_only_what_a_network_can_learn():
    boxed = pd.concat([trials("finetuned VGG16", right).query("part == 'test'").assign(part=part) for part, right in (
        ("test", 95), ("box greyed", 60), ("another's box greyed", 90))])
    outcome = check(context(boxed, boxed=boxed), "background")
    assert outcome.verdict == HOLDS and " +0.30 [" in outcome.measured
    assert check(context(boxed, boxed=boxed, embedded=True), "background").verdict == UNTESTABLE
    assert check(context(boxed), "background").verdict == UNTESTABLE
    idle = pd.concat([boxed.query("part != 'test'"), trials("finetuned VGG16", 30)])
    assert check(context(idle, boxed=idle), "background").verdict == UNTESTABLE
    assert check(context(boxed, boxed=boxed.assign(layers="frozen")), "background").verdict == UNTESTABLE


def test_the_text_is_held_against_its_own_tables():
    gap = check(None, "printed_gap", first="baseline Xception", second="finetuned_aug Xception", value="0.313")
    assert gap.verdict == FAILS and "0.850 less 0.483 is 0.367" in gap.measured
    assert check(None, "printed_gap", "finetuned Xception", "finetuned_aug Xception", "0.05").verdict == HOLDS
    cut = check(None, "printed_gap", first="finetuned ResNet50", second="finetuned_aug ResNet50", value="0.02")
    assert cut.verdict == HOLDS and "cut off" in cut.measured
    assert check(None, "printed_largest", value="Pieta").verdict == FAILS
    assert check(None, "printed_shares", "37/127", "72/248").verdict == FAILS


def test_the_table_of_claims_leads_with_the_first_places_verdict_and_shows_text_as_text():
    table = pd.DataFrame([{"id": "C1", "section": "Abstract", "quote": "<i>x", "page": "06_experiment_1",
                           "verdict": HOLDS, "measured": "<script>alert",
                           "remark": "finetuned_aug Xception was left out"}])
    table = pd.concat([table, table.assign(id="C2", section="4 <b>", verdict=UNTESTABLE, measured="no weights")],
                      ignore_index=True)
    other = table.assign(measured=["+0.1 [0.0, 0.2]", "no <weights>"], verdict=[FAILS, UNTESTABLE])
    shown = tables.claims_table({"art": table, "<b>run": other, "alike": table})
    assert "<script>alert" not in shown and "<i>" not in shown and "<b>" not in shown
    assert "verdict on art" in shown and 'href="06_experiment_1.html"' in shown
    assert 'id="C1" data-verdict="holds"' in shown and "fine-tuned, augmented Xception was left out" in shown
    row = shown[shown.index('id="C1"'):shown.index('id="C2"')]
    assert row.index("&lt;script&gt;") < row.index("&lt;b&gt;run: ") < row.index(FAILS) < row.index("<details")
    assert "no &lt;weights" not in shown  # both cannot be tested: once is enough
    assert "1 hold<" in shown and "1 cannot be tested here<" in shown and shown.count("<option") == 3


def test_every_claim_gets_a_verdict_where_all_is_trained():
    rng, poses = np.random.default_rng(0), list(POSE_NAMES)
    skills = {"baseline": 0.4, "frozen": 0.6, "finetuned": 0.8, "finetuned_aug": 0.9}
    frames, history = [], []
    for (model, skill), backbone, seed in product(skills.items(), ("VGG16", "ResNet50", "Xception"), range(40, 45)):
        frames += [predictions_of(guess(rng, poses, 40, skill), poses, part, model, backbone, seed)
                   for part in ("validation", "test")]
        history.append(pd.DataFrame({"epoch": range(1, 9), "val_accuracy": rng.random(8), "val_loss": rng.random(8),
                                     "model": model, "backbone": backbone, "seed": seed}))
    unstaged = pd.concat([frames[1].assign(model="finetuned", seed=seed) for seed in range(40, 45)])
    table = claims.check_claims(context(*frames, history=pd.concat(history), unstaged=unstaged)).set_index("id")
    assert len(table) == len(thesis_table("claims"))
    # What was put into the predictions comes out; only sights and the thesis' own numbers stay untested.
    assert (table.loc[["C1", "C5", "C22"], "verdict"] == HOLDS).all()
    assert (table.loc[["C12", "C28"], "verdict"] == FAILS).all()
    confused = {"C23", "C24", "C44", "C45", "C46"}  # such a mistake may not be among them
    untested = set(table.index[table["verdict"] == UNTESTABLE])
    assert untested - confused == {"C26", "C27", "C30", "C47", "C48", "C49", "C50", "C51"}
