import numpy as np
import pytest

from artpose_lib.model.backbones import WeightsMissing
from artpose_lib.report import scores
from artpose_lib.train import study as module
from artpose_lib.train import training
from artpose_lib.train.recipes import apply_variant, find_recipe
from artpose_lib.train.records import all_records
from artpose_lib.train.study import open_study
from artpose_lib.train.variants import VARIANTS, Variant

LITE = "EfficientNet-Lite0"


@pytest.fixture
def opened(colours, tmp_path, monkeypatch):
    """A study of three colours with one backbone, whose weights come with a package."""
    monkeypatch.setattr(module, "BACKBONES", {LITE: module.BACKBONES[LITE]})
    return open_study(str(colours), profile="smoke", results=str(tmp_path))


def test_a_trial_is_trained_once_and_then_read(opened, monkeypatch, capsys):
    first = opened.train("frozen")
    assert "trial 1/1  frozen EfficientNet-Lite0 seed 40" in capsys.readouterr().err
    monkeypatch.setattr(training, "train_on_features", lambda *_: pytest.fail("trained again"))
    second = opened.train("frozen")
    assert first.predictions.equals(second.predictions) and first.history.equals(second.history)
    assert capsys.readouterr().err == ""


def test_predictions_are_of_the_split_and_sum_to_one(opened):
    predictions = opened.train("frozen").predictions
    parts = module.split(opened.dataset, "random", 40)
    names = opened.dataset.metadata["file_name"]
    tested = predictions.groupby("part")["file_name"].agg(set)
    assert tested.to_dict() == {"validation": set(names[parts.validation]), "test": set(names[parts.test])}
    np.testing.assert_allclose(predictions.filter(regex="^p_").sum(axis=1), 1, atol=1e-4)


def test_features_are_computed_once_and_are_those_of_the_network(opened, monkeypatch):
    computed = opened.compute_features(LITE)
    network = training.classifier_trainer(LITE, 3, 72, "imagenet", None).model
    direct = module.models.pooled_model(network).predict(opened.pictures(72)[:4], verbose=0)
    np.testing.assert_allclose(computed[:4], direct, atol=1e-4)
    monkeypatch.setattr(module.models, "build_classifier", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(opened.compute_features(LITE), computed)


def test_features_are_those_of_imagenet_even_after_the_shared_network_was_fine_tuned(opened):
    before = opened.compute_features(LITE)
    opened.train("finetuned")
    next((opened.results / "features").glob("*.npy")).unlink()
    np.testing.assert_allclose(opened.compute_features(LITE), before, atol=1e-4)


def test_only_the_training_part_is_augmented(opened, monkeypatch):
    seen = {}

    def watch(images, labels, backbone, seed):
        seen["labels"] = labels
        return images, labels

    def stop(trainer, recipe, train_part, validation, *_):
        seen["train"], seen["validation"] = train_part, validation
        raise InterruptedError

    monkeypatch.setattr(module, "augment", watch)
    monkeypatch.setattr(training, "train", stop)
    with pytest.raises(InterruptedError):
        opened.train("finetuned_aug")
    parts = module.split(opened.dataset, "stratified", 40)
    np.testing.assert_array_equal(seen["labels"], opened.dataset.labels[parts.train])
    np.testing.assert_array_equal(seen["validation"].x, opened.pictures(72)[parts.validation])


def test_a_backbone_without_weights_is_named_and_the_rest_goes_on(opened, monkeypatch):
    def none_here(*_):
        raise WeightsMissing("no file")

    monkeypatch.setattr(module, "weights_source", none_here)
    trained = []
    train = module.Study._trial
    monkeypatch.setattr(module.Study, "_trial", lambda *trial: trained.append(trial[1].model) or train(*trial))
    found = opened.train("baseline", "frozen")
    assert found.missing == {LITE: "no weights here"} and trained == ["baseline"]
    assert "no weights here" in opened.banner()


def test_the_banner_says_what_it_ran_on(opened):
    banner = opened.banner()
    for words in ("36 pictures", "3 classes", opened.dataset.fingerprint, "`smoke`", "efficientnet-lite0"):
        assert words in banner
    assert "drawn" not in banner


def test_an_unknown_profile_is_refused_with_those_there_are(colours):
    with pytest.raises(ValueError, match="smoke"):
        open_study(str(colours), profile="fast")


def test_precision_makes_another_trial_and_leaves_the_stored_ones_their_names(opened, monkeypatch):
    plans = {model: opened.profile.scale(module.find_recipe(model, LITE)) for model in ("frozen", "finetuned")}
    monkeypatch.delenv("ARTPOSE_PRECISION", raising=False)
    usual = {model: opened._config(plan, 40) for model, plan in plans.items()}
    assert "precision" not in usual["finetuned"]
    monkeypatch.setenv("ARTPOSE_PRECISION", "mixed_bfloat16")
    assert opened._config(plans["finetuned"], 40) == usual["finetuned"] | {"precision": "mixed_bfloat16"}
    assert opened._config(plans["frozen"], 40) == usual["frozen"]


# --- variants ---------------------------------------------------------------------------------------------------------

def labels_used(opened, variant, seed):
    scaled = find_recipe("frozen", LITE)
    return opened._labels(apply_variant(scaled, variant), seed)


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
    names = {record.folder.name for record in all_records(opened.results)}
    assert len(names) == 4  # a variant is a record of its own


def parts(opened, variant, seed):
    return opened._parts(apply_variant(find_recipe("frozen", LITE), variant), seed)


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
