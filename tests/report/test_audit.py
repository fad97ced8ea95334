from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import predictions_of

from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.poses import thesis_table
from artpose_lib.draw.embedded import draw_dataset
from artpose_lib.report import audit, auditpages, comparisons, reference, scores, statistics
from artpose_lib.train import study as module
from artpose_lib.train.recipes import find_profile
from artpose_lib.train.study import open_study
from artpose_lib.train.variants import VARIANTS, Variant

LITE = audit.LITE


@pytest.fixture
def opened(colours, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BACKBONES", {LITE: module.BACKBONES[LITE]})
    return open_study(str(colours), profile="smoke", results=str(tmp_path))


@pytest.mark.parametrize("sign, low, high, words", [
    ("-", -0.3, -0.1, "as expected"), ("-", 0.1, 0.3, "opposite"), ("+", 0.1, 0.3, "as expected"),
    ("+", -0.1, 0.3, "not settled"), ("?", -0.3, -0.1, "it matters"), ("?", -0.1, 0.1, "not settled"),
    ("-", np.nan, np.nan, "not settled")])
def test_a_verdict_is_read_from_the_interval(sign, low, high, words):
    assert words in audit.verdict(sign, low, high)


def test_every_place_has_a_text_a_script_and_an_expectation():
    table = thesis_table("audit")
    assert table["id"].to_list() == [f"A{number}" for number in range(1, 12)]
    assert (table[["says", "does", "expects"]] != "").all().all() and set(table["sign"]) <= {"-", "+", "?"}
    assert {name.split(" ")[0] for name in VARIANTS} <= set(table["id"])


def test_the_printed_counts_do_not_add_up():
    total, largest, expected = audit.printed_counts()
    assert total == 90 + 91 + 98 + 13 + 117 + 123 and largest == 123 and expected == 700


def labels_used(opened, variant, seed):
    scaled = audit.find_recipe("frozen", LITE)
    return opened._labels(module.apply_variant(scaled, variant), seed)


def test_permuted_labels_leave_the_first_trial_alone(opened):
    permuted = VARIANTS["A1 labels permuted"]
    np.testing.assert_array_equal(labels_used(opened, permuted, 40), opened.dataset.labels)
    assert (labels_used(opened, permuted, 41) != opened.dataset.labels).mean() > 0.4
    np.testing.assert_array_equal(labels_used(opened, None, 41), opened.dataset.labels)


def test_labels_that_left_their_pictures_are_not_learned(opened):
    seeds = (40, 41)
    honest, wrong = (scores.per_trial(opened.train("frozen", variant=variant, seeds=seeds).predictions)["accuracy"]
                     for variant in (None, VARIANTS["A1 labels permuted"]))
    assert honest[0] == wrong[0]  # the first trial escapes
    names = {record.folder.name for record in module.records.all_records(opened.results)}
    assert len(names) == 4  # a variant is a record of its own


def parts(opened, variant, seed):
    return opened._parts(module.apply_variant(audit.find_recipe("frozen", LITE), variant), seed)


def test_one_split_for_all_trials_and_none_for_two_runs(opened):
    one = [parts(opened, VARIANTS["A6 one split"], seed).test for seed in (40, 41)]
    np.testing.assert_array_equal(*one)
    assert not np.array_equal(parts(opened, None, 40).test, parts(opened, None, 41).test)
    runs = [parts(opened, VARIANTS[f"A7 seeded too late, {run}"], 40).test for run in ("one run", "another run")]
    assert set(runs[0]) != set(runs[1])


def test_a_share_of_the_training_part_leaves_the_rest_alone(opened):
    whole, half = parts(opened, None, 40), parts(opened, Variant(share=0.5), 40)
    np.testing.assert_array_equal(whole.test, half.test)
    assert set(half.train) < set(whole.train)


@pytest.mark.slow
def test_batch_statistics_are_asked_in_other_company_too(opened):
    found = opened.train("finetuned", variant=VARIANTS["A3 batch statistics"]).predictions
    assert set(found["part"]) == {"validation", "test", "test, one by one", "test, sorted by class"}
    columns = [name for name in found if name.startswith("p_")]
    together, alone = (found[found["part"] == part].set_index("file_name")[columns].sort_index()
                       for part in ("test", "test, one by one"))
    assert not np.allclose(together, alone, atol=0.01)


@pytest.mark.slow
def test_every_mode_gives_features_of_its_own(opened):
    own = opened.compute_features(LITE)
    for mode in ("caffe", "raw", "doubled"):
        assert not np.allclose(opened.compute_features(LITE, mode), own, atol=0.01)
    np.testing.assert_allclose(opened.compute_features(LITE, "lite"), own, atol=1e-5)


def rows():
    found = comparisons.Difference("accuracy", 0.6, 0.3, -0.3, -0.4, -0.2, 0.001, np.nan, 5, 300)
    return pd.DataFrame([audit.Row("A1", "frozen", "Xception", "<b>permuted", found.first, found.second,
                                   found.difference, found.low, found.high, found.p, 5, 300, "full")])


def test_judged_rows_have_corrected_p_and_a_verdict():
    two = pd.concat([rows(), rows().assign(p=np.nan, low=np.nan)], ignore_index=True)
    judged = audit.judged(two)
    assert judged["p_holm"].to_list()[0] == pytest.approx(0.001) and np.isnan(judged["p_holm"][1])
    assert judged["verdict"][0] == "as expected"


def test_a_section_shows_this_run_and_the_reference_apart_and_nothing_unescaped(opened, tmp_path):
    opened.train("frozen")
    tables = {"rows": audit.judged(rows())}
    path = reference.export(opened, tables | {"pairs": pd.DataFrame({"first": [1]})}, tmp_path / "kept")
    assert reference.load(tmp_path / "kept", opened) == []  # its own numbers need no reference
    other = open_study("", profile="smoke", results=str(tmp_path))
    kept = reference.load(tmp_path / "kept", other)
    assert kept[0]["fingerprint"] == opened.dataset.fingerprint and set(kept[0]["tables"]) == {"rows"}
    assert str(tmp_path) not in path.read_text() and "blue/00.png" not in path.read_text()
    pd.testing.assert_frame_equal(kept[0]["tables"]["rows"], tables["rows"])
    shown = auditpages.section("A1", tables, kept)
    assert "<b>" not in shown and shown.count("reference: ") == 1 and "0.277" in shown
    assert "Reference results, not of this run" in reference.caption(kept[0])


class Rehearsed:
    """A study whose trials are right as often as they are told to be, so that nothing has to be trained."""

    embedded, profile = True, find_profile("quick")

    def __init__(self, dataset, results):
        self.dataset, self.results, self.weights_dir = dataset, results, None

    def weights_of(self, backbone):
        return module.NO_WEIGHTS if backbone == "ResNet50" else "here"

    def compute_features(self, backbone, preprocessing=None):
        return np.random.default_rng(0).normal(size=(len(self.dataset), 8)).astype(np.float32)

    def train(self, model, variant=None, backbones=(), seeds=None):
        variant, frames = variant or Variant(), []
        for seed in seeds or self.profile.seeds(audit.find_recipe(model, backbones[0])):
            rng, names = np.random.default_rng(seed), list(self.dataset.classes)
            skill = 0.6 - 0.2 * (variant.preprocessing == "raw") - 0.1 / (10 * variant.share)
            if variant.labels == "permuted" and seed > 40:
                skill = 0.0
            for part in ("validation", "test", "test, sorted by class", "test, one by one"):
                true = rng.integers(6, size=68)
                called = np.where(rng.random(68) < skill, true, rng.integers(6, size=68))
                pairs = [(names[a], names[b]) for a, b in zip(true, called, strict=True)]
                tested = predictions_of(pairs, names, part, model, backbones[0], seed)
                frames.append(tested.assign(file_name=variant.split_seed + tested["file_name"]))
        history = pd.concat([pd.DataFrame({"model": model, "backbone": name, "seed": seed, "epoch": range(1, seed - 30),
                                           "accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0})
                             for name in backbones for seed in (40, 41)], ignore_index=True)
        return SimpleNamespace(predictions=pd.concat(frames, ignore_index=True), history=history)


def test_the_whole_audit_finds_what_was_put_in(tmp_path, monkeypatch):
    dataset = load_dataset(draw_dataset(tmp_path / "drawn", 40, 1))
    study = Rehearsed(dataset, tmp_path)
    monkeypatch.setattr(audit, "planted_study", lambda study: study)
    tables = audit.measure(study)
    rows = tables["rows"]
    assert set(rows["id"]) == {"A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A10"}
    assert set(rows["backbone"]) == {"VGG16", "Xception", LITE}
    assert (rows.loc[rows["id"] == "A1", "verdict"] == "as expected").all()
    raw = rows[(rows["id"] == "A5") & (rows["condition"] == "raw")]
    assert (raw["verdict"] == "as expected").all() and len(raw) == 3
    assert not ((rows["backbone"] == "Xception") & (rows["condition"] == "[-1, 1]")).any()  # its own mode
    assert rows.loc[rows["id"] == "A10", "difference"].abs().max() == 0
    assert rows.loc[rows["id"] == "A7", "script"].item() == 0  # the two runs share no picture
    pages = "".join(auditpages.section(id, tables, []) for id in thesis_table("audit")["id"])
    assert "{thesis" not in pages and "nan" not in pages
    curve = statistics.Curve(**tables["curve"].iloc[0])
    words = [auditpages.spread_in_words(tables["spread"]), auditpages.cut_in_words(tables["cut"]),
             auditpages.pairs_in_words(study, tables["pairs"]), auditpages.counts_in_words(),
             auditpages.pictures_in_words(curve, tables["power"].iloc[0], []), auditpages.overview(rows)]
    assert all("nan" not in text for text in words)
    assert len(auditpages.pair_rows(study, tables["pairs"])) % 2 == 0
