import random
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
import standin

from artpose_lib.model import classifier
from artpose_lib.model.fused import BatchNormalization, OnBatchStatistics, replace_batch_norm
from artpose_lib.train import training
from artpose_lib.train.recipes import RECIPES, Phase, Recipe
from artpose_lib.train.training import Batches, Part, Trainer, find_peak, train, train_on_features
from artpose_lib.train.variants import Variant

FINETUNED = Phase("finetuned", 1e-3, 1.5, None, None, 10)
FROZEN = Phase("frozen", 0.01, 1.0, None, 4, 10)
RECIPE = Recipe("finetuned", "VGG16", (FINETUNED,), 8, "adam", 4, None, "random", False)


@pytest.fixture(scope="module")
def trainer():
    """One network for all tests: training starts from its first weights each time, and compiling takes longest."""
    return Trainer(standin.network())


@pytest.fixture(scope="module")
def part():
    """Pictures of three colours, an easy task."""
    labels = np.arange(30) % 3
    noise = np.random.default_rng(0).integers(0, 90, (30, 8, 8, 3))
    return Part((noise + 150 * np.eye(3, dtype=int)[labels][:, None, None]).astype(np.uint8), labels)


def test_batches_take_every_picture_once_an_epoch_in_another_order_each_time(part):
    batches = Batches(part, 3, batch_size=8, steps=None, seed=0)
    epochs = []
    for epoch in range(2):
        pictures = np.concatenate([batches[epoch * batches.steps + step][0] for step in range(batches.steps)])
        epochs.append([picture.tobytes() for picture in pictures])
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(picture.tobytes() for picture in part.x)
    assert epochs[0] != epochs[1]


def test_steps_cap_an_epoch(part):
    assert Batches(part, 3, batch_size=8, steps=2, seed=0).steps == 2
    assert Batches(part, 3, batch_size=8, steps=99, seed=0).steps == 4  # 30 pictures in eights


def test_training_gives_the_same_numbers_for_the_same_seed_whatever_came_before(trainer, part):
    first = train(trainer, RECIPE, part, part, seed=40)
    said = trainer.model.predict(part.x, verbose=0)
    train(trainer, RECIPE, part, part, seed=41)
    again = train(trainer, RECIPE, part, part, seed=40)
    assert first.equals(again)
    np.testing.assert_array_equal(said, trainer.model.predict(part.x, verbose=0))


def test_first_weights_are_keras_own_for_the_seed_even_where_another_thread_draws_from_its_generator(monkeypatch):
    """Dask samples what it measures by the same generator as Keras its seeds."""
    pictures = keras.Input((8, 8, 3))
    maps = keras.layers.DepthwiseConv2D(3)(keras.layers.SeparableConv2D(4, 3)(pictures))
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(pictures, keras.layers.Dense(3, name=classifier.HEAD)(pooled))
    seed_all = keras.utils.set_random_seed
    seed_all(40)
    expected = keras.models.clone_model(model).get_weights()
    monkeypatch.setattr(keras.utils, "set_random_seed", lambda seed: (seed_all(seed), random.random()))
    Trainer(model).reset(40, random_weights=True)
    for own, first in zip(expected, model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, first)


def test_pretrained_weights_come_back_and_the_head_is_new(trainer, part):
    pretrained, network = trainer.pristine, trainer.model
    train(trainer, replace(RECIPE, weights="imagenet"), part, part, seed=40)
    trainer.reset(41, random_weights=False)
    for before, after in zip(pretrained[:-2], network.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(before, after)
    assert not np.array_equal(pretrained[-2], network.get_weights()[-2])
    trainer.reset(41, random_weights=True)
    assert not np.array_equal(pretrained[0], network.get_weights()[0])


def test_history_counts_epochs_through_both_phases_and_names_their_rates(trainer, part):
    phases = replace(FINETUNED, max_epochs=3), Phase("finetuned", 0.01, 0.5, 1, None, 9)
    two = replace(RECIPE, total_epochs=5, phases=phases)
    history = train(trainer, two, part, part, seed=40)
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert history["phase"].tolist() == [1, 1, 1, 2, 2]
    np.testing.assert_allclose(history["learning_rate"], [1e-3, 1.5e-3, 2.25e-3, 0.01, 0.005])


def test_phase_ii_starts_at_the_tables_rate_or_where_phase_i_was_best(trainer, part):
    phases = replace(FINETUNED, max_epochs=4), Phase("finetuned", 0.01, 0.5, 1, None, 9)
    two = replace(RECIPE, total_epochs=6, phases=phases)
    table, peak = (train(trainer, replace(two, variant=Variant(max_lr=way)), part, part, seed=40)
                   for way in ("table", "peak"))
    assert table.query("phase == 1").equals(peak.query("phase == 1"))
    best = peak.query("phase == 1").sort_values("val_accuracy", kind="stable", ascending=False).iloc[0]
    np.testing.assert_allclose(table.query("phase == 2")["learning_rate"], [0.01, 0.005])
    np.testing.assert_allclose(peak.query("phase == 2")["learning_rate"], best["learning_rate"] * np.array([1, 0.5]))


def test_the_peak_is_the_first_of_several_and_never_where_there_is_no_number():
    history = pd.DataFrame({"learning_rate": [1, 2, 3, 4], "val_accuracy": [0.2, 0.5, 0.5, np.nan]})
    assert find_peak(history) == 2


def test_the_best_epoch_of_both_phases_is_kept(trainer, part):
    """A second phase at a rate that overflows must not lose what the first has learned."""
    good = replace(FINETUNED, initial_lr=0.05, factor=1.0, max_epochs=12)
    recipe = replace(RECIPE, total_epochs=13, phases=(good, Phase("finetuned", 1e38, 1.0, None, None, 9)))
    history = train(trainer, recipe, part, part, seed=40)
    kept = (trainer.model.predict(part.x, verbose=0).argmax(axis=1) == part.y).mean()
    assert kept == pytest.approx(history["val_accuracy"].max(), abs=1e-6)
    assert history.query("phase == 1")["val_accuracy"].max() > history.query("phase == 2")["val_accuracy"].max()


def test_a_second_phase_that_is_only_as_good_leaves_the_first_its_weights(trainer, part):
    """Its rate is too small to change an answer, and large enough to change weights."""
    good = replace(FINETUNED, initial_lr=0.05, factor=1.0, max_epochs=3)
    still = replace(RECIPE, total_epochs=4, phases=(good, Phase("finetuned", 1e-7, 1.0, None, None, 9)))
    history = train(trainer, still, part, part, seed=40)
    kept = trainer.model.get_weights()
    train(trainer, replace(still, total_epochs=3, phases=(good,)), part, part, seed=40)
    assert history.groupby("phase")["val_accuracy"].max().nunique() == 1
    for first, own in zip(trainer.model.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(first, own)


@pytest.mark.parametrize("steps", [None, 1])
def test_a_frozen_phase_on_pooled_features_equals_the_naive_way(trainer, part, steps):
    """Features computed once against a forward pass through the frozen network in every epoch."""
    recipe = replace(RECIPE, model="frozen", phases=(FROZEN,), weights="imagenet")
    short = train(trainer, recipe, part, part, seed=40, steps=steps)
    probabilities = trainer.model.predict(part.x, verbose=0)

    trainer.reset(40, random_weights=False)
    classifier.set_trainable(trainer.model, "frozen", pretrained=True)
    naive = trainer.fit(part, part, recipe, FROZEN, 4, steps, seed=1040)
    for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(short[column], naive[column], atol=1e-3)
    np.testing.assert_allclose(probabilities, trainer.model.predict(part.x, verbose=0), atol=1e-3)


@pytest.mark.parametrize("batch_size", [8, 50])
def test_a_last_batch_that_is_filled_up_changes_nothing_but_rounding(trainer, part, batch_size, monkeypatch):
    """As JAX has it, which would compile the smaller one anew; of 50 there is only a last one."""
    recipe, found = replace(RECIPE, batch_size=batch_size, weights="imagenet"), []
    for fill in (False, True):
        monkeypatch.setattr(trainer, "fill", fill)
        history = train(trainer, recipe, part, part, seed=40)
        assert len(Batches(part, 3, batch_size, None, 0, fill)[-(-30 // batch_size) - 1][1]) == (
            batch_size if fill else 30 % batch_size)
        found.append((history, trainer.predict(part.x)[1]))
    (smaller, said), (filled, said_filled) = found
    np.testing.assert_allclose(smaller, filled, atol=1e-5)
    np.testing.assert_allclose(said, said_filled, atol=1e-5)


# A network whose batch normalisation learns


@pytest.fixture(scope="module")
def faint():
    """Pictures of three colours that are so faint that only normalisation tells them apart, and a network to learn them
    in a few steps, far fewer than an average with momentum 0.99 takes."""
    labels = np.arange(48) % 3
    noise = np.random.default_rng(0).integers(0, 3, (48, 8, 8, 3))
    part = Part((120 + noise + 2 * np.eye(3, dtype=int)[labels][:, None, None]).astype(np.uint8), labels)
    pictures = keras.Input((8, 8, 3), dtype="uint8")
    maps = keras.layers.Rescaling(1 / 255)(pictures)
    for _ in range(2):
        maps = BatchNormalization()(keras.layers.Conv2D(6, 3)(maps))
    pooled = keras.layers.GlobalAveragePooling2D(name=classifier.POOLED)(maps)
    network = keras.Model(pictures, keras.layers.Dense(3, "softmax", name=classifier.HEAD)(pooled))
    recipe = replace(RECIPE, model="baseline", batch_size=16, total_epochs=8,
                     phases=(Phase("finetuned", 0.02, 1.0, None, None, 8),))
    return Trainer(network), recipe, part


def test_what_it_has_learned_it_knows_in_inference(faint, monkeypatch):
    """By moving averages alone it calls all its training pictures one class; how it learns is the same."""
    trainer, recipe, part = faint
    history = train(trainer, recipe, part, part, seed=40)
    known = (trainer.model.predict(part.x, verbose=0).argmax(axis=1) == part.y).mean()
    assert known == pytest.approx(history["val_accuracy"].max(), abs=1e-6)
    assert known > 0.95 and history["accuracy"].iloc[-1] > 0.95
    monkeypatch.setattr(classifier.BatchStatistics, "estimate", lambda *_: None)
    averaged = train(trainer, recipe, part, part, seed=40)
    assert averaged[["loss", "accuracy"]].equals(history[["loss", "accuracy"]])
    called = trainer.model.predict(part.x, verbose=0).argmax(axis=1)
    assert len(set(called)) == 1 and (called == part.y).mean() == pytest.approx(1 / 3)


def test_its_statistics_are_those_of_the_training_part_in_batches_of_one_size(faint):
    """The first layer's input hangs on no batch, so its own are those of all at once; 40 in batches of 16 are 39."""
    trainer, recipe, part = faint
    part = Part(part.x[:40], part.y[:40])
    train(trainer, recipe, part, part, seed=40)
    first = next(layer for layer in trainer.model.layers if isinstance(layer, keras.layers.BatchNormalization))
    rows = Batches(part, 3, 16, None, seed=1040).order(0)[:39]
    values = keras.Model(trainer.model.input, first.input).predict(part.x[rows], verbose=0)
    np.testing.assert_allclose(first.moving_mean, values.mean(axis=(0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(first.moving_variance, values.var(axis=(0, 1, 2)), rtol=1e-4, atol=1e-8)


def test_what_fills_a_batch_up_is_in_no_moment(faint, monkeypatch):
    """Its last batch of 8 is filled up to 16, and its two of 13 for the statistics are too."""
    trainer, recipe, part = faint
    part, found = Part(part.x[:40], part.y[:40]), []
    for fill in (False, True):
        monkeypatch.setattr(trainer, "fill", fill)
        history = train(trainer, recipe, part, part, seed=40)
        found.append([history, trainer.predict(part.x)[1]])
    for smaller, filled in zip(*found, strict=True):
        np.testing.assert_allclose(smaller, filled, atol=1e-4)


def test_batches_are_not_filled_up_where_a_layer_would_count_all(faint, monkeypatch):
    monkeypatch.setattr(training, "compiles_shapes", lambda: True)
    trainer, *_ = faint
    assert Trainer(trainer.model).fill
    for other in (OnBatchStatistics, keras.layers.BatchNormalization):
        assert not Trainer(replace_batch_norm(trainer.model, other)).fill


def test_mixed_precision_multiplies_in_16_bits_and_answers_in_32():
    model = training.build_trainer("EfficientNet-Lite0", 3, 32, precision="mixed_bfloat16").model
    assert model.get_layer("conv_head").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert {model.get_layer(name).compute_dtype for name in (classifier.POOLED, classifier.HEAD)} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_a_head_alone_learns_from_features():
    labels = np.arange(30) % 3
    features = Part(np.eye(3, dtype="float32")[labels], labels)
    recipe = replace(RECIPE, model="frozen", phases=(replace(FROZEN, initial_lr=0.1, max_epochs=8),))
    history = train_on_features(Trainer(classifier.build_head(3, 3)), recipe, features, features, seed=40)
    assert history["val_accuracy"].iloc[-1] == 1


def test_all_train_by_adam_with_the_parameters_that_the_thesis_prints(trainer):
    trainer.compile()
    adam = trainer.learner.optimizer
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.9, 0.999, 1e-8)
    assert {recipe.optimiser for recipe in RECIPES.values()} == {"adam"}
