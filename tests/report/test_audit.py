"""The audit trains what it plans, finds what was put in, and shows it."""

import hashlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import guess, predictions_of

from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.poses import thesis_table
from artpose_lib.draw.embedded import draw_dataset, plant_copies
from artpose_lib.report import audit, tables
from artpose_lib.report.audit import LITE, open_planted, train_audit
from artpose_lib.train.recipes import apply_variant, find_profile, find_recipe
from artpose_lib.train.records import Trials
from artpose_lib.train.study import NO_WEIGHTS, open_study
from artpose_lib.train.variants import FAITHFUL, VARIANTS


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return load_dataset(draw_dataset(tmp_path_factory.mktemp("drawn"), 40, 1))


class Rehearsed:
    """A study whose trials are right as often as they are told to be, so that nothing has to be trained."""

    embedded = trains = True

    def __init__(self, dataset, results, profile="thesis"):
        self.dataset, self.results, self.weights_dir, self.trained = dataset, results, None, set()
        self.profile = find_profile(profile)

    def weights_of(self, backbone):
        return NO_WEIGHTS if backbone == "ResNet50" else "here"

    def compute_features(self, backbone):
        return np.random.default_rng(0).normal(size=(len(self.dataset), 8)).astype(np.float32)

    def train(self, model, variant, backbones, seeds):
        self.trained.add((model, variant, *backbones, seeds))

    def find(self, *models, variant=FAITHFUL, backbones, seeds=None):
        planned = [(model, variant, *backbones, seeds) for model in models]
        if not set(planned) <= self.trained:
            return Trials([], {}, [f"{planned}"])
        [backbone], model, frames = backbones, models[0], []
        for seed in seeds or self.profile.seeds(find_recipe(model, backbone)):
            rng, names = np.random.default_rng(seed), list(self.dataset.classes)
            skill = 0.6 - 0.2 * (variant.preprocessing == "raw") - 0.1 / (10 * variant.share)
            if variant.labels == "permuted" and seed > 40 or model == "baseline":
                skill = 0.0
            company = ("test, sorted by class", "test, one by one") if variant.batch_statistics else ()
            for part in ("validation", "test", *company):
                tested = predictions_of(guess(rng, names, 68, skill), names, part, model, backbone, seed)
                frames.append(tested.assign(file_name=variant.split_seed + tested["file_name"]))
        history = pd.concat([pd.DataFrame({"model": model, "backbone": backbone, "seed": seed,
                                           "epoch": range(1, seed - 30), "accuracy": 0.5, "loss": 1.0,
                                           "val_accuracy": 0.5, "val_loss": 1.0}) for seed in (40, 41)])
        predictions = pd.concat(frames, ignore_index=True).assign(layers=layers_of(model, backbone))
        ended = pd.concat(predictions[["backbone", "seed"]].drop_duplicates().assign(
            model=own, layers=layers_of(own, backbone)) for own in models)
        return SimpleNamespace(predictions=predictions, history=history, diagnoses=ended, records=[1])


def layers_of(model, backbone):
    return "frozen" if model == "frozen" or (model, backbone) == ("finetuned_aug", "VGG16") else "finetuned"


@pytest.fixture(scope="module")
def found(drawn, tmp_path_factory):
    study = Rehearsed(drawn, tmp_path_factory.mktemp("results"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "open_planted", lambda study: study)
        train_audit(study)
        return audit.tabulate(study)


def test_the_whole_audit_finds_what_was_put_in(found):
    rows = found["rows"]
    assert set(rows["id"]) == {"A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A10", "A12"}
    assert set(rows.loc[rows["trials"] > 0, "backbone"]) == {"VGG16", "Xception", LITE}
    assert (rows.loc[rows["id"] == "A1", "high"] < 0).all()
    raw = rows[(rows["id"] == "A5") & (rows["condition"] == "raw") & (rows["trials"] > 0)]
    assert list(raw["model"]) == ["frozen", "finetuned"] and (raw["difference"] < -0.1).all()
    assert raw["verdict"].str.startswith("it matters").all()
    assert rows.loc[(rows["id"] == "A5") & (rows["backbone"] == "ResNet50"), "verdict"].item().endswith("of ResNet50")
    assert rows.loc[rows["id"] == "A10", "difference"].abs().max() == 0
    count = rows[rows["id"] == "A7"].iloc[0]
    assert count["script"] == 0 and count["verdict"] == "a count, and no test"  # the two runs share no picture
    stacked = tables.stack_rows({"<i>": rows, "same": rows, "other": rows.assign(verdict="as expected")})
    assert set(stacked["source"]) == {"<i>", "other"}  # what is said twice is told once
    pages = [tables.audit_section(id, stacked) for id in thesis_table("audit")["id"]]
    overview = tables.audit_overview(stacked)
    assert not any(word in page for page in [*pages, overview] for word in ("{", "nan", "<i>"))
    assert overview.index(">A3<") < overview.index(">A5<") < overview.index(">A10<")  # in the order of the chapter
    assert overview.count("(there are no ImageNet weights of ResNet50)</small>: A5 Fine-tuned ResNet50, fed raw") == 1


def test_its_tables_stay_what_they_are(found):
    assert {name: hashlib.sha256(table.to_csv(float_format="%.5f").encode()).hexdigest()[:8]
            for name, table in found.items()} == {
        "rows": "d128da94", "spread": "a94d637b", "points": "5c18395b", "power": "fe4d308f"}


def test_power_is_of_two_networks_that_learned_and_says_where_one_did_not(found, drawn, tmp_path, monkeypatch):
    assert found["power"]["doubt"].item() == "" and found["power"]["models"].item() == (
        "the frozen Xception and the frozen VGG16")
    study = Rehearsed(drawn, tmp_path)
    monkeypatch.setattr(study, "weights_of", lambda backbone: "here" if backbone == LITE else NO_WEIGHTS)
    models = audit.plan_tables(study)["models"]
    assert list(models) == [f"the frozen {LITE}"]  # never a baseline, or what takes long
    models[f"the frozen {LITE}"].train(study)
    assert "second network" in audit.measure_power(study)["doubt"]


def test_a_row_whose_network_did_not_learn_or_was_never_tuned_is_no_verdict(found):
    told = found["rows"].set_index("id")["verdict"]
    assert told["A4"] == "not settled: the network of the text is not surely above naming the commonest class"
    assert told["A2"] == "cannot be tested here: the network of the text learned in its last layer alone"
    assert found["rows"].set_index("id").loc[["A2", "A4"], ["p", "p_holm"]].isna().all(axis=None)
    assert "cannot" not in told["A8"]


def test_whole_networks_are_compared_at_full_strength_only_and_by_no_other_in_their_place(drawn, tmp_path):
    study = Rehearsed(drawn, tmp_path, "quick")
    train_audit(study)
    assert {(model, variant.preprocessing, variant.batch_statistics) for model, variant, *_ in study.trained} == {
        ("frozen", None, False)}  # heads alone, on features that other chapters take too
    rows = audit.add_verdicts(audit.compare(study))
    whole = rows[(rows["model"] != "frozen") | rows["id"].isin(["A3", "A5"]) | rows["condition"].str.contains("copy")]
    assert whole["verdict"].str.startswith(audit.UNTESTABLE).all() and whole["difference"].isna().all()
    assert set(whole.loc[whole["id"].isin(["A2", "A4", "A8"]), "backbone"]) == {"VGG16"}
    assert set(rows.drop(whole.index)["id"]) == {"A1", "A6", "A7", "A10", "A12"}


def test_no_row_compares_a_recipe_with_itself_or_a_rate_that_cannot_teach(drawn, tmp_path):
    """What the scripts switched is another training, and where only the head is left to learn, its rate lets it."""
    for comparison in audit.plan_comparisons(Rehearsed(drawn, tmp_path)):
        text, script = (apply_variant(find_recipe(side.model, side.backbone), side.variant)
                        for side in (comparison.text, comparison.script))
        assert text != script or comparison.part != "test"
        changed = [one != two for one, two in zip(text.phases, script.phases, strict=True)]
        assert any(changed) or text.variant != script.variant or comparison.part != "test"
        assert not script.variant.layers or (any(changed) and script.phases[0].initial_lr > 1e-4)


def test_an_order_of_pictures_that_fit_into_one_batch_is_no_other_company(drawn, tmp_path, monkeypatch):
    study = Rehearsed(drawn, tmp_path)
    train_audit(study, ["A3"])
    told = [audit.compare(study, ["A3"]).query("condition == 'sorted by class'")["why"].iloc[0]]
    monkeypatch.setattr(audit, "BATCH", 68)  # as many as are tested
    told += [audit.compare(study, ["A3"]).query("condition == 'sorted by class'")["why"].iloc[0]]
    assert told[0] == "" and "one batch" in told[1]


def test_a_study_that_trains_nothing_has_rows_of_its_stored_trials_alone(drawn, tmp_path):
    study = Rehearsed(drawn, tmp_path)
    train_audit(study, ["A8"])
    study.trains = False
    rows = audit.add_verdicts(audit.compare(study))
    assert list(rows.dropna(subset="text")["id"]) == ["A8"] and not (tmp_path / "embedded").exists()
    assert rows.loc[rows["text"].isna(), "verdict"].str.startswith(audit.UNTESTABLE).all()
    assert audit.add_verdicts(audit.compare(study, ["A4"]))["p_holm"].isna().all()


def test_only_what_is_asked_for_is_trained(drawn, tmp_path):
    study = Rehearsed(drawn, tmp_path)
    train_audit(study, ["A8"])
    assert {(model, backbone) for model, _, backbone, _ in study.trained} == {("finetuned", "VGG16")}
    assert audit.compare(study, ["A8"])["condition"].to_list() == ["all layers in phase I"]


def test_without_its_trials_the_audit_says_what_to_run(colours, tmp_path):
    with pytest.raises(ValueError, match="frozen-EfficientNet-Lite0.*artpose run"):
        audit.tabulate(open_study(str(colours), profile="smoke", results=str(tmp_path)))


@pytest.mark.parametrize("answer, words, trials", [(np.nan, "script diverged", 0), (1.0, "is not surely above", 5)])
def test_nothing_follows_where_a_training_failed(drawn, tmp_path, monkeypatch, answer, words, trials):
    study = Rehearsed(drawn, tmp_path)
    train_audit(study, ["A8", "A6"])
    found = study.find

    def find(model, **asked):
        own = found(model, **asked)
        lost = own.predictions.filter(like="p_").columns if asked["variant"].layers else []
        return SimpleNamespace(predictions=own.predictions.assign(**dict.fromkeys(lost, answer)), records=[1])

    monkeypatch.setattr(study, "find", find)
    rows = audit.add_verdicts(audit.compare(study, ["A8", "A6"]))
    lost, alike = rows.set_index("id").loc["A8"], rows.set_index("id").loc["A6"]
    assert words in lost["verdict"] and lost["trials"] == trials and alike["low"] < alike["high"]
    stacked = tables.stack_rows({"here": rows})
    assert "nan" not in tables.audit_section("A8", stacked) + tables.audit_overview(stacked)


@pytest.mark.parametrize("sign, low, high, words", [
    ("-", -0.3, -0.1, "as expected"), ("-", 0.1, 0.3, "opposite"), ("+", 0.1, 0.3, "as expected"),
    ("+", -0.1, 0.3, "not settled"), ("?", -0.3, -0.1, "it matters"), ("?", -0.1, 0.1, "not settled")])
def test_a_verdict_is_read_from_the_interval(sign, low, high, words):
    assert words in audit.judge(sign, low, high)


def test_p_values_are_corrected_as_in_holm_1979():
    """0.005 times 4, 0.01 times 3, 0.03 times 2, then never less than the one before; what has no p keeps none."""
    rows = pd.DataFrame({"id": "A1", "p": [0.01, np.nan, 0.04, 0.03, 0.005], "low": -1.0, "high": -0.1, "why": ""})
    found = audit.add_verdicts(rows)
    assert found["p_holm"].to_list() == pytest.approx([0.03, np.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert found["verdict"].str.startswith("as expected").to_list() == [True, True, False, False, True]


def test_every_place_has_a_text_a_script_and_an_expectation():
    table = thesis_table("audit")
    assert table["id"].to_list() == [f"A{number}" for number in range(1, 13)]
    assert (table[["says", "does", "expects"]] != "").all().all() and set(table["sign"]) <= {"-", "+", "?"}
    assert {name.split(" ")[0] for name in VARIANTS} <= set(table["id"])


def test_a_section_and_the_overview_show_sign_and_word_and_nothing_unescaped():
    rows = audit.add_verdicts(pd.DataFrame([{
        "id": "A1", "model": "frozen", "backbone": "Xception", "condition": "<b>permuted", "text": 0.6, "script": 0.3,
        "difference": -0.3, "low": -0.4, "high": -0.2, "p": 0.001, "trials": 5, "pictures": 300, "strength": "full",
        "why": ""}]))
    stacked = tables.stack_rows({"<i>poses": pd.concat([rows, rows.assign(text=np.nan)])})
    for shown in (tables.audit_section("A1", stacked), tables.audit_overview(stacked)):
        assert "<b>" not in shown and "<i>" not in shown and "✓</span>&nbsp;as expected" in shown
        assert "−0.300" in shown and "[−0.40, −0.20]" in shown
    assert "0.277" in tables.audit_section("A1", stacked)


def test_planted_copies_are_found_and_kept_together(drawn, tmp_path):
    drawn = replace(drawn, metadata=drawn.metadata.rename(columns={"licence": "License"}))
    plant_copies(drawn, 0.2, tmp_path / "planted")
    planted = load_dataset(tmp_path / "planted")
    assert len(planted) == 48 and "copy" in planted.metadata["file_name"].str.cat() and "License" in planted.metadata
    works = planted.metadata["work"]
    groups = near_duplicate_groups(planted)
    for work in works[works.duplicated()]:
        assert len(set(groups[works == work])) == 1


def test_copies_are_planted_once_and_anew_where_that_was_interrupted(colours, tmp_path):
    study = replace(open_study(str(colours), profile="smoke", results=str(tmp_path)), embedded=True)
    folder = tmp_path / "embedded" / f"{study.dataset.folder.name}-planted"
    folder.mkdir(parents=True)
    planted = open_planted(study)
    assert planted.dataset.folder == folder and len(planted.dataset) == round(1.3 * len(study.dataset))
    before = (folder / "metadata.csv").stat().st_mtime_ns
    assert open_planted(study).dataset.fingerprint == planted.dataset.fingerprint
    assert (folder / "metadata.csv").stat().st_mtime_ns == before
