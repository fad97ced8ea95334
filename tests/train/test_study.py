"""What a study trains, what it finds again, and by which names."""

import shutil
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import standin
from conftest import SHARED

from artpose_lib.data.dataset import DataError
from artpose_lib.data.splits import split
from artpose_lib.model import classifier
from artpose_lib.model.backbones import WeightsMissing
from artpose_lib.train import study as module
from artpose_lib.train import training, trials
from artpose_lib.train.recipes import MODELS, find_recipe
from artpose_lib.train.records import all_records, list_trials, store_record
from artpose_lib.train.study import open_study
from artpose_lib.train.trials import configure

LITE = standin.LITE


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture
def opened(colours, results, monkeypatch):
    """A study of three colours with one backbone, whose weights come with a package; all tests share its results."""
    monkeypatch.setattr(module, "BACKBONES", {LITE: module.BACKBONES[LITE]})
    return open_study(str(colours), profile="smoke", results=str(results))


@pytest.fixture
def small(opened, tmp_path, monkeypatch):
    """The study with results of its own and a network that compiles in no time."""
    monkeypatch.setattr(classifier, "build_classifier", lambda name, n_classes, size, *_: standin.network(size))
    return replace(opened, results=tmp_path)


def test_a_trial_is_trained_once_and_then_read(opened, monkeypatch, capsys):
    assert opened.find("frozen").records == []
    first = opened.train("frozen")
    assert "trial 1/1  frozen EfficientNet-Lite0 seed 40: 3 epochs in" in capsys.readouterr().err
    monkeypatch.setattr(training, "train_on_features", lambda *_: pytest.fail("trained again"))
    for again in (opened.train("frozen"), opened.find("frozen")):
        assert first.predictions.equals(again.predictions) and first.history.equals(again.history)
    assert capsys.readouterr().err == ""


def test_predictions_are_of_the_split_and_sum_to_one(opened):
    predictions = opened.train("frozen").predictions
    parts = split(opened.dataset, "random", 40)
    names = opened.dataset.metadata["file_name"]
    tested = predictions.groupby("part")["file_name"].agg(set)
    assert tested.to_dict() == {"validation": set(names[parts.validation]), "test": set(names[parts.test])}
    np.testing.assert_allclose(predictions.filter(regex="^p_").sum(axis=1), 1, atol=1e-4)


def test_trials_of_one_network_in_a_row_share_it_and_another_takes_its_place(small, monkeypatch):
    built, build = [], training.build_trainer
    monkeypatch.setattr(training, "build_trainer", lambda *what: built.append(what) or build(*what))
    monkeypatch.setattr(training, "train", standin.train)
    small.train("finetuned", "finetuned_aug", seeds=(40,))
    small.train("finetuned", seeds=(41,))
    assert len(built) == 1
    small.train("baseline")
    small.train("finetuned", seeds=(42,))
    assert [what[3] for what in built] == ["imagenet", None, "imagenet"]
    monkeypatch.setattr(training, "train", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        small.train("finetuned", seeds=(43,))
    assert small.cache == {}  # what stopped in mid-training is not gone on with


def test_a_backbone_without_weights_is_named_and_the_rest_goes_on(small, monkeypatch):
    def none_here(*_):
        raise WeightsMissing("no file")

    monkeypatch.setattr(module, "weights_source", none_here)
    found = small.train("baseline", "frozen")
    assert found.missing == {LITE: "no weights here"}
    assert [record.config["recipe"]["model"] for record in found.records] == ["baseline"]
    assert "no weights here" in small.banner()


def test_the_banner_says_what_it_ran_on(opened):
    banner = opened.banner()
    for words in ("36 pictures", "3 classes", opened.dataset.fingerprint, "`smoke`", "efficientnet-lite0"):
        assert words in banner
    assert "drawn" not in banner


def test_the_banner_shows_a_folders_name_as_it_is(opened, colours, tmp_path):
    folder = shutil.copytree(colours, tmp_path / "*my* `pictures`")
    banner = open_study(str(folder), profile="smoke", results=str(tmp_path)).banner()
    assert r"(\*my\* \`pictures\`)" in banner


def test_an_unknown_profile_or_precision_is_refused_with_those_there_are(colours, monkeypatch):
    with pytest.raises(ValueError, match="'fast'.*thesis, quick, smoke"):
        open_study(str(colours), profile="fast")
    monkeypatch.setenv("ARTPOSE_PRECISION", "float8")
    with pytest.raises(ValueError, match="'float8', and is one of: float32, mixed_bfloat16"):
        open_study(str(colours))


# What a trial is named by


def name_of(study, model):
    (trial,), _ = study.plan([model], backbones=[LITE], seeds=[40])
    return trial.record.folder.name


def test_trials_have_the_names_of_version_0_1_0_until_the_protocol_is_raised(opened, monkeypatch):
    monkeypatch.setattr(module, "weights_fingerprint", lambda *_: "579344248a93")
    dataset = SimpleNamespace(fingerprint="7da116c0e111", classes=("Antinous", "Graces", "Pieta"))
    study = replace(opened, dataset=dataset)
    named = {model: name_of(study, model) for model in ("finetuned", "frozen")}
    assert named == {"finetuned": "finetuned-EfficientNet-Lite0-40-747802abe625",
                     "frozen": "frozen-EfficientNet-Lite0-40-f9fe714203bd"}
    monkeypatch.setattr(trials, "PROTOCOL", 2)
    assert not {name_of(study, model) for model in named} & set(named.values())


def test_baselines_that_learn_batch_normalisation_are_of_protocol_2_and_those_of_version_0_1_0_stay(small):
    then = small.train("baseline").records[0]
    assert then.config["protocol"] == 2
    for kept in (("baseline", "VGG16"), ("finetuned", LITE)):
        assert "protocol" not in configure(small, find_recipe(*kept), 40, "data", "abc")
    older = {key: value for key, value in then.config.items() if key != "protocol"}
    store_record(small.results, older, then.history, then.predictions, 1)
    assert small.find("baseline").records == [then]
    assert older in [record.config for record in all_records(small.results)]
    assert list_trials(small.results)["protocol"].sort_values().tolist() == [1, 2]


def test_precision_makes_another_trial_and_leaves_the_stored_ones_their_names(opened, colours, results, monkeypatch):
    monkeypatch.setenv("ARTPOSE_PRECISION", "mixed_bfloat16")
    other = open_study(str(colours), profile="smoke", results=str(results))
    usual, changed = ({model: configure(study, opened.profile.scale(find_recipe(model, LITE)), 40, "data", "abc")
                       for model in ("frozen", "finetuned", "best")} for study in (opened, other))
    assert "precision" not in usual["finetuned"] and changed["best"] == usual["best"]
    for model in ("frozen", "finetuned"):
        assert changed[model] == usual[model] | {"precision": "mixed_bfloat16"}
    ours, theirs = (study.train("frozen").records[0] for study in (opened, other))
    assert ours != theirs
    stored = next((results / "features").glob(f"*-mixed_bfloat16-{other.dataset.fingerprint}-*"))
    narrow, wide = np.load(stored), np.load(stored.with_name(stored.name.replace("-mixed_bfloat16", "")))
    assert narrow.dtype == np.float32 and 0 < np.abs(narrow - wide).max() < 0.1 * np.abs(wide).max()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the records of version 0.1.0 are not here")
def test_the_trials_of_version_0_1_0_are_found_and_none_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(trials.Trial, "train", lambda trial: pytest.fail("trained"))
    shutil.copytree(SHARED / "records", tmp_path / "records")
    study = open_study(str(SHARED / "data" / "poses"), str(SHARED / "weights"), "thesis", str(tmp_path / "records"))
    backbones = ("VGG16", "Xception", LITE)
    found, every = study.find(*MODELS, backbones=backbones), all_records(study.results)
    assert len(found.unstored) == 10 and {name.split("-")[0] for name in found.unstored} == {"baseline"}
    baselines = [record for record in every if record.names["model"] == "baseline"]
    assert len(baselines) >= 15 and not any("protocol" in record.config for record in baselines)
    assert Counter((record.config["recipe"]["model"], record.config["recipe"]["backbone"])
                   for record in found.records) == dict.fromkeys(
        [(m, b) for m in MODELS for b in backbones if m != "baseline" or b == "VGG16"], 5)
    assert study.train("finetuned", "finetuned_aug", backbones=["Xception"]).records == [
        record for record in found.records if record.folder.name.startswith(("finetuned-X", "finetuned_aug-X"))]


# On a worker of a cluster


def test_a_worker_opens_a_study_once_and_refuses_other_pictures(opened):
    reopen, address = replace(opened, cluster="local", precision="mixed_bfloat16").__reduce__()
    sent = reopen(*address)
    assert (sent.cluster, sent.precision, sent.results) == ("", "mixed_bfloat16", opened.results)
    assert sent.dataset.fingerprint == opened.dataset.fingerprint and reopen(*address) is sent
    with pytest.raises(DataError, match="fingerprint .*, there other"):
        reopen(address[0], "other", *address[2:])


def test_workers_get_a_trial_of_each_network_first(small, monkeypatch):
    sent = []
    monkeypatch.setattr(trials.jobs, "run", lambda jobs, cluster: sent.extend(jobs) or [])
    for cluster in ("", "local"):
        replace(small, cluster=cluster).train("baseline", "finetuned", seeds=(40, 41))
    named = [[job.path.name.split("-")[0], job.path.name.split("-")[3]] for job in sent]
    assert named[:4] == [["baseline", "40"], ["baseline", "41"], ["finetuned", "40"], ["finetuned", "41"]]
    assert named[4:] == [["baseline", "40"], ["finetuned", "40"], ["baseline", "41"], ["finetuned", "41"]]
