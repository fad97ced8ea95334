import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from artpose_lib.train.heads import NEVER, fit_head, list_folds

RNG = np.random.default_rng(0)


def clouds(classes, n=20):
    """Points around a corner for each class, one group a pair."""
    y = np.repeat(np.arange(classes), n)
    return np.eye(classes, 5)[y] + RNG.normal(0, 0.4, (len(y), 5)), y, np.arange(len(y)) // 2


@pytest.mark.parametrize("classes", [2, 4])
def test_a_head_is_the_logistic_regression_of_its_strength(classes):
    x, y, groups = clouds(classes)
    head = fit_head(x, y, groups, classes)
    known = LogisticRegression(C=head.strength, class_weight="balanced", max_iter=5000).fit(x, y)
    np.testing.assert_allclose(head.answer(x), known.predict_proba(x), atol=0.01)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_ridge_head_names_what_ridge_regression_names(classes):
    x, y, groups = clouds(classes)
    head = fit_head(x, y, groups, classes, (0.01, 1.0), ridge=True)
    known = RidgeClassifier(alpha=1 / head.strength, class_weight="balanced").fit(x, y)
    assert (head.answer(x).argmax(axis=1) == known.predict(x)).all() and head.accuracy > 0.8


def test_a_class_that_was_not_seen_is_never_named():
    x, y, groups = clouds(2)
    head = fit_head(x, 2 * y, groups, 4)
    assert set((x @ head.kernel + head.bias).argmax(axis=1)) == {0, 2} and (head.bias[[1, 3]] == NEVER).all()
    alone = fit_head(x, 0 * y + 1, groups, 4)
    assert (x @ alone.kernel + alone.bias).argmax(axis=1).tolist() == [1] * len(y)


def test_sources_of_one_class_each_are_no_parts_to_learn_from():
    x, y, _ = clouds(2)
    assert fit_head(x, y, y, 2).accuracy > 0.8


def test_folds_keep_groups_whole_and_a_single_group_is_pictures():
    _, y, groups = clouds(3)
    for known, asked in list_folds(y, groups):
        assert not set(groups[known]) & set(groups[asked]) and len(known) + len(asked) == len(y)
    assert len(list_folds(y, 0 * y)) == 5 and len(list_folds(np.array([0, 0, 1]), np.array([0, 1, 2]))) == 2
