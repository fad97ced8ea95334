import hashlib

import numpy as np
import pytest
from builders import make_folder
from conftest import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

from artpose_lib.data.dataset import DataError, load_dataset
from artpose_lib.data.splits import SPLITS, balanced_parts, random_parts, split

POSES = SHARED / "data" / "poses"
counts_of_classes = st.lists(st.integers(4, 60), min_size=2, max_size=6)
seeds = st.integers(0, 2**32 - 1)


def parts_by_class(part, labels):
    """Pictures as int (3, classes)."""
    table = np.zeros((3, labels.max() + 1), int)
    np.add.at(table, (part, labels), 1)
    return table


@given(n=st.integers(8, 2000), seed=seeds)
def test_random_parts_have_the_thesis_sizes(n, seed):
    sizes = np.bincount(random_parts(n, np.random.default_rng(seed)), minlength=3)
    assert sizes.sum() == n and sizes.min() >= 1
    assert np.abs(sizes - n * np.array([0.8, 0.1, 0.1])).max() <= 1


@settings(max_examples=50, deadline=None)
@given(counts=counts_of_classes, seed=seeds)
def test_without_groups_each_class_is_divided_exactly(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    part = balanced_parts(labels, np.arange(len(labels)), np.random.default_rng(seed))
    table = parts_by_class(part, labels)
    assert (table >= [[2], [1], [1]]).all()
    assert (table[1] == table[2]).all()
    assert (np.abs(table[1] - 0.15 * np.array(counts)) <= 0.5).all()
    part = balanced_parts(labels, np.arange(len(labels)), np.random.default_rng(seed), (0.12, 0.18))
    assert (np.abs(parts_by_class(part, labels)[1:] - np.outer([0.12, 0.18], counts)) <= 0.5).all() or min(counts) < 5


@settings(max_examples=50, deadline=None)
@given(groups_of_class=st.lists(st.lists(st.integers(1, 7), min_size=3, max_size=15), min_size=2, max_size=5),
       seed=seeds)
def test_groups_stay_whole_and_every_class_is_everywhere(groups_of_class, seed):
    sizes = np.concatenate(groups_of_class)
    labels = np.repeat(np.repeat(np.arange(len(groups_of_class)), [len(g) for g in groups_of_class]), sizes)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    part = balanced_parts(labels, groups, np.random.default_rng(seed))
    assert all(len(set(part[groups == group])) == 1 for group in set(groups))
    assert (parts_by_class(part, labels) >= 1).all()


def test_a_grouped_division_is_near_the_thesis_shares():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 150)
    groups = np.unique(labels * 1000 + rng.integers(0, 60, 900), return_inverse=True)[1]  # about 2.7 a group
    table = parts_by_class(balanced_parts(labels, groups, rng), labels)
    assert np.abs(table / 150 - [[0.7], [0.15], [0.15]]).max() < 0.03


@pytest.mark.parametrize("scheme", SPLITS)
def test_a_split_is_complete_disjoint_and_repeatable(with_copies, scheme):
    first, second, other = (np.concatenate(split(with_copies, scheme, seed)) for seed in (40, 40, 41))
    assert sorted(first) == list(range(16)) and first.dtype == np.int64
    assert np.array_equal(first, second) and not np.array_equal(first, other)


def digest(parts):
    return hashlib.sha256(repr([part.tolist() for part in parts]).encode()).hexdigest()[:12]


@pytest.mark.parametrize("scheme, drawn, stored", [
    ("random", ["a356f098425e", "1e090c412d67"], ["40199ec895ef", "7de984e426ba"]),
    ("stratified", ["88e157647c71", "fe41dda2d952"], ["2e08cea6ea71", "f39018881cd3"]),
    ("grouped", ["d95835c99603", "fd176d886ad0"], ["c5826c529c1f", "6cfbbac46f9f"]),
])
def test_divisions_stay_those_of_stored_trials(scheme, drawn, stored, with_copies):
    """Values of version 0.1.0. Where one changes, the protocol number of a trial must be raised."""
    assert [digest(split(with_copies, scheme, seed)) for seed in (40, 41)] == drawn
    if POSES.exists():
        poses = load_dataset(POSES)
        assert poses.fingerprint == "7da116c0e111"
        assert [digest(split(poses, scheme, seed)) for seed in (40, 41)] == stored


def test_a_class_of_too_few_works_cannot_be_grouped(tmp_path):
    make_folder(tmp_path, {"A": 6, "B": 6}, work=["David"] * 3 + ["Bacchus"] * 3 + [""] * 6)
    with pytest.raises(DataError, match='class "A" is missing .* its 6 pictures fall into 2 group'):
        split(load_dataset(tmp_path), "grouped", 0)


def test_an_unknown_split_is_refused_with_those_there_are(with_copies):
    with pytest.raises(ValueError, match='"kfold"; choose one of random, stratified, grouped'):
        split(with_copies, "kfold", 0)
