import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.train.recipes import MODELS, RECIPES, apply_variant, find_recipe, recipe_to_dict
from artpose_lib.train.variants import FAITHFUL, VARIANTS, Variant, apply_in_place_shift, permute_labels, subsample


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_switches_one_thing(name):
    assert len(recipe_to_dict(apply_variant(find_recipe("finetuned", "VGG16"), VARIANTS[name]))["variant"]) == 1


def test_no_variant_is_the_default_anywhere():
    assert all(own.variant == FAITHFUL for own in RECIPES.values())
    for model in MODELS:
        own = find_recipe(model, "VGG16")
        assert apply_variant(own, FAITHFUL) == own and "variant" not in recipe_to_dict(own)


def test_a_recipe_says_what_is_switched_in_it_and_shares_the_rest():
    own = find_recipe("finetuned_aug", "VGG16")
    frozen = apply_variant(own, VARIANTS["A2 never unfrozen"])
    assert [phase.layers for phase in frozen.phases] == ["frozen", "frozen"]
    assert [phase.initial_lr for phase in frozen.phases] == [phase.initial_lr for phase in own.phases]
    told = recipe_to_dict(frozen)
    assert told.pop("variant") == {"layers": ("frozen", "frozen")}
    plain = recipe_to_dict(own)
    assert {name for name in plain if plain[name] != told[name]} == {"phases"}


@pytest.mark.parametrize("changes", [{"max_lr": "peak"}, {"augmentation": ("SMOTE",)}, {"augmentation": ()}])
def test_only_what_is_changed_is_stored(changes):
    changed = apply_variant(find_recipe("finetuned_aug", "VGG16"), Variant(**changes))
    assert recipe_to_dict(changed)["variant"] == changes


def test_labels_are_shuffled_once_more_for_each_trial_after_the_first():
    labels = np.arange(100)
    first, second, third = (permute_labels(labels, trial) for trial in range(3))
    np.testing.assert_array_equal(first, labels)
    assert sorted(second) == sorted(third) == sorted(labels)
    assert (second != labels).mean() > 0.9 and (third != second).mean() > 0.9
    np.testing.assert_array_equal(permute_labels(labels, 2), third)


def test_in_place_is_what_keras_own_helper_leaves_in_its_input():
    import keras

    from artpose_lib.model.backbones import preprocess

    pictures = np.random.default_rng(0).integers(30, 220, (2, 8, 8, 3), dtype=np.uint8)
    written = pictures.astype(np.float32)
    keras.applications.imagenet_utils.preprocess_input(written, mode="caffe")
    assert not np.allclose(written, pictures)  # the helper has written into the array it was given
    np.testing.assert_allclose(preprocess("VGG16", apply_in_place_shift(pictures)), written, atol=0.3)


@given(st.integers(0, 100), st.sampled_from([0.125, 0.25, 0.5]))
def test_thinning_keeps_a_share_of_every_class_and_the_order(seed, share):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 80)
    rows = rng.permutation(80)[:60]
    kept = subsample(rows, labels, share)
    assert [row for row in rows if row in set(kept)] == list(kept)
    for label in np.unique(labels[rows]):
        there = (labels[rows] == label).sum()
        assert (labels[kept] == label).sum() == max(1, round(share * there))
