"""What a study's trials learn from: features, divisions and labels, as recipes and variants say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import standin

from artpose_lib.data.splits import split
from artpose_lib.model import classifier
from artpose_lib.train import jobs, trials
from artpose_lib.train.recipes import apply_variant, find_recipe
from artpose_lib.train.study import open_study
from artpose_lib.train.trials import divide, load_material, plan_features
from artpose_lib.train.variants import FAITHFUL, VARIANTS, Variant

LITE = standin.LITE


@pytest.fixture(scope="module")
def opened(colours, tmp_path_factory):
    return open_study(str(colours), profile="smoke", results=str(tmp_path_factory.mktemp("results")))


def test_features_are_computed_once_and_are_those_of_the_network(opened, monkeypatch):
    computed = opened.compute_features(LITE)
    network = classifier.pooled_model(classifier.build_classifier(LITE, 3, 72, "imagenet"))
    np.testing.assert_allclose(computed[:4], network.predict(opened.pictures(72)[:4], verbose=0), atol=1e-4)
    mirrored = opened.compute_features(LITE, mirrored=True)
    np.testing.assert_allclose(mirrored[:4], network.predict(opened.pictures(72)[:4, :, ::-1], verbose=0), atol=1e-4)
    monkeypatch.setattr(trials, "build_network", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(opened.compute_features(LITE), computed)


def test_features_are_those_of_imagenet_even_after_a_network_was_fine_tuned(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "build_classifier", lambda name, n_classes, size, *_: standin.network(size))
    small = replace(opened, results=tmp_path)
    before = small.compute_features(LITE)
    small.train("finetuned", backbones=[LITE])
    plan_features(small, LITE).path.unlink()
    np.testing.assert_array_equal(small.compute_features(LITE), before)


@pytest.mark.slow
def test_every_mode_gives_features_of_its_own(opened):
    planned = {mode: plan_features(opened, LITE, mode) for mode in ("caffe", "raw", "lite")}
    list(jobs.run(planned.values()))
    caffe, raw, lite = (np.load(job.path) for job in planned.values())
    own = opened.compute_features(LITE)
    assert not np.allclose(caffe, own, atol=0.01) and not np.allclose(raw, own, atol=0.01)
    np.testing.assert_allclose(lite, own, atol=1e-5)


def test_only_the_training_part_is_augmented(opened, monkeypatch):
    seen = []
    monkeypatch.setattr(trials, "augment", lambda images, labels, *how: seen.append(how) or (images + 1, labels + 1))
    (trial,), _ = opened.plan(["finetuned_aug"], Variant(augmentation=("SMOTE",)), [LITE])
    parts, y, x = split(opened.dataset, "stratified", 40), opened.dataset.labels, opened.pictures(72)
    found = load_material(trial)
    np.testing.assert_array_equal(found.train.y, y[parts.train] + 1)
    np.testing.assert_array_equal(found.train.x, x[parts.train] + 1)
    assert seen == [(LITE, 40, ("SMOTE",))]
    np.testing.assert_array_equal(found.validation.x, x[parts.validation])
    np.testing.assert_array_equal(found.questions[1][1], x[parts.test])


def test_permuted_labels_leave_the_first_trial_alone(opened):
    def wrong(variant, seed):
        (trial,), _ = opened.plan(["baseline"], variant, [LITE], [seed])
        asked = pd.concat([rows for rows, *_ in load_material(trial).questions])
        return asked.merge(opened.dataset.metadata, on="file_name").eval("label_x != label_y").mean()

    permuted = VARIANTS["A1 labels permuted"]
    assert wrong(permuted, 40) == wrong(None, 41) == 0 and wrong(permuted, 41) > 0.3


def parts(opened, variant, seed):
    return divide(opened, apply_variant(find_recipe("frozen", LITE), variant or FAITHFUL), seed)


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


def test_a_frozen_network_on_batch_statistics_sees_each_picture_in_its_company(opened, monkeypatch):
    monkeypatch.setattr(classifier, "build_classifier", lambda name, n_classes, size, *_: standin.network(size))
    (trial,), _ = opened.plan(["frozen"], VARIANTS["A3 batch statistics"], [LITE])
    assert trial.needs is None
    found = load_material(trial)
    _, test, by_class, alone = (dict(zip(rows["file_name"], x, strict=True)) for rows, x, _ in found.questions)
    assert len(found.train.x) == len(found.train.y) and found.train.x.ndim == 2
    name = next(iter(test))
    assert set(by_class) == set(alone) == set(test)
    assert not np.allclose(test[name], alone[name], atol=1e-3)
    trial.build_network().model.set_weights([0 * own for own in trial.build_network().pristine])  # as if fine-tuned
    np.testing.assert_allclose(load_material(trial).questions[3][1][0], alone[name], atol=1e-4)


@pytest.mark.slow
def test_batch_statistics_are_asked_in_other_batches_too(opened):
    found = opened.train("finetuned", variant=VARIANTS["A3 batch statistics"], backbones=[LITE]).predictions
    assert set(found["part"]) == {"validation", "test", "test, one by one", "test, sorted by class"}
    columns = [name for name in found if name.startswith("p_")]
    together, alone = (found[found["part"] == part].set_index("file_name")[columns].sort_index()
                       for part in ("test", "test, one by one"))
    assert not np.allclose(together, alone, atol=0.01)
