"""Tables A.1 and A.2 as recipes, and what the profiles make of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.model.backbones import BACKBONES
from artpose_lib.train.onecycle import rates
from artpose_lib.train.recipes import (
    BORROWED,
    MODELS,
    PROFILES,
    RECIPES,
    SEEDS,
    Phase,
    Recipe,
    apply_variant,
    find_profile,
    find_recipe,
)
from artpose_lib.train.variants import VARIANTS

EVERY_RECIPE = pytest.mark.parametrize("key", RECIPES, ids="-".join)
TWO_PHASES = [key for key, found in RECIPES.items() if len(found.phases) == 2]


def epochs_of(scaled: Recipe) -> list[int]:
    """The longest each phase can be, when none runs out of patience."""
    left, epochs = scaled.total_epochs, []
    for phase in scaled.phases:
        epochs.append(min(phase.max_epochs or left, left))
        left -= epochs[-1]
    return epochs


def rates_of(scaled: Recipe) -> list[np.ndarray]:
    return [rates(phase.initial_lr, phase.factor, epochs, phase.hold_after)
            for phase, epochs in zip(scaled.phases, epochs_of(scaled), strict=True)]


@pytest.mark.parametrize("expected", [
    Recipe("finetuned", "VGG16", (Phase("frozen", 0.001, 1.0, None, 25, 5),
                                  Phase("finetuned", 0.00025, pytest.approx(1 / 1.3), 30, 40, 15)),
           100, "adam", 65, "imagenet", "random", False),
    Recipe("finetuned_aug", "ResNet50", (Phase("finetuned", 1e-6, 1.5, None, None, 3),
                                         Phase("finetuned", 0.0001, pytest.approx(1 / 1.3), 30, None, 10)),
           100, "adam", 100, "imagenet", "stratified", True)])
def test_rows_with_fixed_and_with_maximal_epochs_are_read_cell_by_cell(expected):
    assert find_recipe(expected.model, expected.backbone) == expected


def test_the_augmented_vgg16_climbs_with_its_layers_frozen():
    assert find_recipe("finetuned_aug", "VGG16").phases[0] == Phase("frozen", 0.001, 1.5, None, None, 10)


@pytest.mark.parametrize(("backbone", "initial_lr", "epochs", "patience", "batch"), [
    ("VGG16", 0.001, 60, 25, 100), ("ResNet50", 0.001, 100, 25, 36), ("Xception", 0.0025, 100, 10, 60)])
def test_frozen_models_have_one_phase_even_where_the_table_names_layers_for_two(backbone, initial_lr, epochs,
                                                                                patience, batch):
    frozen = find_recipe("frozen", backbone)
    assert frozen.phases == (Phase("frozen", initial_lr, 1.0, None, epochs, patience),)
    assert (frozen.batch_size, frozen.total_epochs) == (batch, epochs)


def test_batch_normalisation_learns_in_baselines_that_have_it_and_do_not_answer_by_their_batch():
    learning = {key for key, recipe in RECIPES.items() if recipe.learns_batch_norm}
    assert learning == {("baseline", name) for name in BACKBONES if name != "VGG16"}
    variants = {"A3 batch statistics": False, "A2 never unfrozen": False, "A4 preprocessed in place": True}
    for variant, learns in variants.items():
        assert apply_variant(find_recipe("baseline", "ResNet50"), VARIANTS[variant]).learns_batch_norm is learns


def test_only_the_baseline_starts_from_random_weights_and_only_experiment_2_augments():
    facts = {key: (found.weights, found.split, found.augmented) for key, found in RECIPES.items()}
    expected = {"baseline": (None, "random", False), "frozen": ("imagenet", "random", False),
                "finetuned": ("imagenet", "random", False), "finetuned_aug": ("imagenet", "stratified", True)}
    assert facts == {(model, backbone): expected[model] for model, backbone in RECIPES}


@pytest.mark.parametrize("model", MODELS)
def test_efficientnet_lite0_borrows_the_rows_of_xception(model):
    assert BORROWED == {"EfficientNet-Lite0": "Xception"}
    borrowed = replace(find_recipe(model, "Xception"), backbone="EfficientNet-Lite0")
    assert find_recipe(model, "EfficientNet-Lite0") == borrowed


@pytest.mark.parametrize("key", [("finetune", "VGG16"), ("frozen", "VGG19")])
def test_an_unknown_model_or_backbone_is_told_what_there_is(key):
    with pytest.raises(ValueError, match="finetuned_aug.*ResNet50.*EfficientNet-Lite0") as error:
        find_recipe(*key)
    assert repr(key[0]) in str(error.value) and repr(key[1]) in str(error.value)


@EVERY_RECIPE
def test_the_thesis_profile_changes_nothing(key):
    thesis, found = find_profile("thesis"), RECIPES[key]
    assert thesis.scale(found) == found and thesis.backbones(key[0]) == tuple(BACKBONES)
    assert thesis.seeds(found) == SEEDS == (40, 41, 42, 43, 44)
    assert thesis.steps(found) is None
    assert thesis.size(found) == {"VGG16": 224, "ResNet50": 224, "Xception": 299, "EfficientNet-Lite0": 224}[key[1]]


@EVERY_RECIPE
def test_whole_recipes_can_run_on_smaller_pictures(key):
    small, found = replace(find_profile("thesis"), input_size=96), RECIPES[key]
    assert small.scale(found) == found and small.steps(found) is None and small.seeds(found) == SEEDS
    assert small.size(found) == (find_profile("thesis").size(found) if found.model == "frozen" else 96)


@EVERY_RECIPE
def test_quick_spares_the_frozen_models_and_shortens_the_others(key):
    quick, found = find_profile("quick"), RECIPES[key]
    assert quick.backbones(key[0]) == (tuple(BACKBONES) if key[0] == "frozen" else ("EfficientNet-Lite0",))
    if found.model == "frozen":
        assert quick.scale(found) == found
        assert quick.seeds(found) == SEEDS and quick.size(found) >= 224 and quick.steps(found) is None
    else:
        assert sum(epochs_of(quick.scale(found))) == round(0.06 * found.total_epochs)
        assert quick.scale(found).batch_size == 16
        assert (quick.seeds(found), quick.size(found), quick.steps(found)) == ((40,), 160, 12)


@EVERY_RECIPE
def test_smoke_shortens_everything_and_still_runs_every_phase(key):
    smoke, found = find_profile("smoke"), RECIPES[key]
    scaled = smoke.scale(found)
    assert all(epochs >= 1 for epochs in epochs_of(scaled)) and sum(epochs_of(scaled)) <= 3
    assert (scaled.batch_size, smoke.seeds(found), smoke.size(found), smoke.steps(found)) == (8, (40,), 72, 2)


def test_quick_climbs_to_max_lr_by_the_numbers():
    up, down = rates_of(find_profile("quick").scale(find_recipe("finetuned", "ResNet50")))
    # A hundredfold in three epochs is the cube root of 100, 4.641589, an epoch.
    np.testing.assert_allclose(up, [1e-6, 4.641589e-6, 2.154435e-5], rtol=1e-6)
    np.testing.assert_allclose(down, [1e-4, 9.090909e-5, 8.264463e-5], rtol=1e-6)


@given(key=st.sampled_from(TWO_PHASES), time=st.floats(0.03, 0.99))
def test_a_shortened_cycle_meets_max_lr_and_never_exceeds_what_the_thesis_would_use(key, time):
    found = RECIPES[key]
    scaled = replace(PROFILES["quick"], time=time).scale(found)
    up, down = rates_of(scaled)
    slow_up, slow_down = (rates(phase.initial_lr, phase.factor, 100, phase.hold_after) for phase in found.phases)
    meeting = up[-1] * scaled.phases[0].factor  # where phase I would have gone next
    assert meeting >= down[0] * (1 - 1e-9)
    assert np.all(up <= np.maximum(slow_up[:len(up)], down[0]) * (1 + 1e-9))
    np.testing.assert_array_equal(down, slow_down[:len(down)])


@given(key=st.sampled_from(list(RECIPES)), time=st.floats(0.03, 0.99))
def test_time_shortens_epochs_in_proportion_and_touches_neither_layers_nor_patience(key, time):
    found = RECIPES[key]
    scaled = replace(PROFILES["smoke"], time=time).scale(found)
    assert abs(scaled.total_epochs - time * found.total_epochs) <= 0.5
    assert [(phase.layers, phase.patience) for phase in scaled.phases] == [
        (phase.layers, phase.patience) for phase in found.phases]
