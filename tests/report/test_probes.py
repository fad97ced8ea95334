"""Simple models know what they are given and nothing else; sources and groups are told apart."""

import warnings

import numpy as np
import pandas as pd
import pytest
from builders import predictions_of
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.splits import split
from artpose_lib.data.summary import OTHERS
from artpose_lib.report import probes, scores, tables
from artpose_lib.train import heads
from artpose_lib.train.study import Study, open_study

LITE = "EfficientNet-Lite0"


@pytest.fixture
def study(colours, tmp_path, monkeypatch):
    """A study of coloured pictures; a network's features are their mean colours."""
    monkeypatch.setattr(heads, "STRENGTHS", [0.01, 1.0])
    monkeypatch.setattr(Study, "weights_of", lambda _, backbone: "here" if backbone == LITE else "no weights here")
    monkeypatch.setattr(Study, "compute_features", lambda own, backbone, mirrored=False: np.float32(
        own.dataset.images(8)[:, :, ::-1 if mirrored else 1].mean(axis=(1, 2))))
    return open_study(str(colours), profile="smoke", results=str(tmp_path))


def test_every_reference_predicts_the_divisions_of_the_trials_and_is_a_row_of_the_tables(study):
    found = probes.predict_simple_models(study, "stratified")
    assert tuple(found["model"].unique()) == tuple(name for name in probes.SIMPLE_MODELS if name != "source")
    division = split(study.dataset, "stratified", 40)
    names = study.dataset.metadata["file_name"].iloc[division.test]
    for _, own in found[found["part"] == "test"].groupby("model"):
        assert set(own["file_name"]) == set(names)
    np.testing.assert_allclose(found.filter(regex="^p_").sum(axis=1), 1, atol=1e-5)
    summary = scores.summary(found).set_index("model")["accuracy"]
    assert summary["probe"] == summary["nearest"] == summary["thumbnail"] == 1
    assert summary["commonest"] == pytest.approx(1 / 3)
    table = scores.against_thesis(scores.summary(found))
    shown = tables.results_table(table[table["model"].isin(probes.SIMPLE_MODELS)], {})
    assert "Linear probe" in shown and probes.NO_NETWORK in shown


def test_of_several_forms_the_one_counts_that_does_best_in_the_training_part(study):
    """The other would be right about the test pictures, where the first says nothing."""
    division, labels = split(study.dataset, "stratified", 40), study.dataset.labels
    knows, right = np.eye(3)[labels], np.eye(3)[labels]
    knows[division.test], right[division.train] = 0, np.random.default_rng(0).random((len(division.train), 3))
    forms = [probes.SimpleModel("edges", LITE, x) for x in (right, knows)]
    found = probes.predict(study.dataset, forms, division.train, {"test": division.test}, labels)
    assert set(found["model"]) == {"edges"} and found.filter(like="p_").round(6).drop_duplicates().shape[0] == 1


def test_labels_dealt_out_are_known_by_luck_alone_and_tests_ask_the_true_ones(study, monkeypatch):
    monkeypatch.setattr(type(study.profile), "seeds", lambda *_: range(8))
    dealt = [own for own in probes.list_simple_models(study) if own.model == "permuted"]
    monkeypatch.setattr(probes, "list_simple_models", lambda _: dealt)
    found = probes.predict_simple_models(study, "stratified").query("part == 'test'")
    truth = study.dataset.metadata.set_index("file_name")["label"]
    assert (found["file_name"].map(truth) == found["label"]).all()
    assert scores.summary(found)["accuracy"][0] < 0.6


def test_the_rotation_changes_no_answer_and_mirror_images_stay_in_one_fold():
    """Where a picture and its mirror image are the same point, a fold that had one of them would know the other."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 60)), np.arange(40) % 2
    doubled, labels, pictures = np.tile(x, (2, 1)), np.tile(y, 2), np.tile(np.arange(40), 2)
    fitted = heads.fit_probe(doubled, labels, pictures)
    assert fitted[-1].best_score_ < 0.75
    scaler = StandardScaler().fit(doubled)
    plain = LogisticRegression(C=fitted[-1].best_params_["C"], max_iter=1000).fit(scaler.transform(doubled), labels)
    new = rng.normal(size=(20, 60))
    np.testing.assert_allclose(fitted.predict_proba(new), plain.predict_proba(scaler.transform(new)), atol=0.01)


@pytest.mark.parametrize(("n", "labels"), [(4, [0, 0, 1, 1]), (3, [0, 0, 0])])
def test_a_probe_of_few_pictures_or_one_class_still_answers(n, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = heads.fit_probe(np.arange(n, dtype=float)[:, None], np.array(labels), np.arange(n))
    assert fitted.predict_proba(np.zeros((1, 1))).sum() == pytest.approx(1)


def test_a_files_size_tells_the_class_where_it_does(study, tmp_path):
    x = probes.measure_files(study.dataset)
    assert x.shape == (36, 5) and (x[:, :3] == [30, 40, 0.75]).all() and (x[:, 3] / 1200 == x[:, 4]).all()


# --- sources ----------------------------------------------------------------------------------------------------------

@pytest.fixture
def by_house(study, monkeypatch):
    """Opens the study with the pictures' sources, and features that know what `seen` gives of label and source."""
    def opened(sources, seen):
        metadata = study.dataset.metadata.assign(source=sources)
        dataset = load_dataset(study.dataset.folder)
        object.__setattr__(dataset, "metadata", metadata)
        object.__setattr__(study, "dataset", dataset)
        codes = [(label, source) for label, source in metadata[["label", "source"]].to_numpy()]
        x = np.float32([seen(*code) for code in codes])
        monkeypatch.setattr(Study, "compute_features", lambda own, backbone, mirrored=False: x)
        return study

    return opened


def shuffled_houses(count=3):
    return np.array(["met", "smk", "nga"])[np.arange(36) % count]


def test_what_knows_the_class_alone_loses_nothing_with_its_source(by_house):
    own = by_house(shuffled_houses(), lambda label, source: [label == "blue", label == "green"])
    table = probes.compare_sources(probes.predict_sources(own, draws=1))
    assert set(table["source"]) == {"met", "smk", "nga", "all"} and (table["difference"] == 0).all()
    assert (table["left_out"] == 1).all() and table["pictures"].tolist()[-1] == 36


def test_what_knows_a_class_by_its_source_is_lost_with_it_and_not_with_as_many_at_random(by_house):
    """Each source shows the classes in a code of its own."""
    codes = {"met": [0, 1, 2], "smk": [1, 2, 0], "nga": [2, 0, 1]}

    def seen(label, source):
        return np.eye(9)[3 * list(codes).index(source) + codes[source][["blue", "green", "red"].index(label)]]

    found = probes.predict_sources(by_house(shuffled_houses(), seen), draws=1)
    table = probes.compare_sources(found).set_index("source")
    assert table.loc["all", "left_out"] < 0.6 and table.loc["all", "at_random"] == 1
    assert table.loc["all", "high"] < 0


def test_a_source_alone_is_a_reference_where_sources_are_known(by_house):
    own = by_house(np.repeat(["met", "smk", "nga"], 12), lambda label, source: [len(label)])
    found = probes.predict_simple_models(own, "stratified")
    assert scores.summary(found).set_index("model")["accuracy"]["source"] == 1


@pytest.mark.parametrize("sources", [np.repeat("met", 36), np.repeat("", 36), np.array(["met"] * 33 + ["smk"] * 3)])
def test_without_two_sources_of_enough_pictures_there_is_nothing_to_compare(by_house, sources):
    found = probes.predict_sources(by_house(sources, lambda *_: [0.0]))
    assert found.empty and probes.compare_sources(found).empty


def test_pictures_of_a_group_are_counted_once_and_small_groups_together():
    """Picture 0.jpg is tested twice, right once; the three others of its group are right, those of two more wrong."""
    found = pd.concat([predictions_of([("A", "A")] * 4 + [("B", "C")] * 3), predictions_of([("A", "B")], seed=41)])
    groups = pd.Series(["met"] * 4 + ["smk", "smk", "nga"], [f"{number}.jpg" for number in range(7)])
    met, others = probes.accuracies_by_group(found, groups).to_dict("records")
    assert (met["group"], met["pictures"], met["accuracy"], met["others"]) == ("met", 4, 0.875, 0)
    assert 0 < met["low"] < met["accuracy"] < met["high"] < 1
    assert (others["group"], others["pictures"], others["accuracy"], others["others"]) == (OTHERS, 3, 0, 0.875)
    assert others["high"] > 0.3
