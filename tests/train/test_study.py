import numpy as np
import pytest

from artpose_lib.model.backbones import WeightsMissing
from artpose_lib.train import study as module
from artpose_lib.train import training
from artpose_lib.train.study import open_study

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
