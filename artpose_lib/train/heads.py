"""Classifiers on the features of frozen networks, each fitted in a second."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

STRENGTHS = 10.0 ** np.arange(-4, 1)  # C of scikit-learn, the inverse of the L2 penalty
STRENGTHS_OF_HEAD = (0.1, 1.0, 10.0, 100.0, 1000.0)
FOLDS = 5
NEVER = -100.0  # the bias of a class that a head has not seen


def fit_probe(x: np.ndarray, y: np.ndarray, pictures: np.ndarray) -> ClassifierMixin:
    """Fit a logistic regression to standardised features (n, d), its L2 penalty chosen by cross-validation.

    `pictures`, int (n,), numbers them: mirror images stay in one fold. The rotation changes no answer, only the time.
    """
    if len(np.unique(y)) < 2:
        return DummyClassifier().fit(x, y)
    folds = GroupKFold(min(FOLDS, len(np.unique(pictures))), shuffle=True, random_state=0)
    search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": STRENGTHS}, cv=folds)
    with threadpool_limits(1):  # on so small matrices, several threads mostly wait for one another
        return make_pipeline(StandardScaler(), PCA(svd_solver="full"), search).fit(x, y, gridsearchcv__groups=pictures)


class Head(NamedTuple):
    """A linear classifier: `kernel` float32 (d, classes) and `bias` float32 (classes,), as in Keras' Dense; the C that
    was chosen, and the accuracy that it had in cross-validation."""

    kernel: np.ndarray
    bias: np.ndarray
    strength: float
    accuracy: float

    def answer(self, x: np.ndarray) -> np.ndarray:
        """The probabilities (n, classes) of features (n, d)."""
        return softmax(x @ self.kernel + self.bias, axis=1)


def fit_head(x: np.ndarray, y: np.ndarray, groups: np.ndarray, n_classes: int,
             strengths: Sequence[float] = STRENGTHS_OF_HEAD, ridge: bool = False) -> Head:
    """Fit a logistic regression to features (n, d) in which each class weighs the same, whatever its size; or with
    `ridge` a ridge regression to 1 for a class and -1 for all others.

    Its L2 penalty, by one of the `strengths`, is chosen by cross-validation that keeps `groups`, int (n,), in one part,
    such as works or sources; where these leave one class at most to learn from, pictures.
    """
    kernel, bias = np.zeros((x.shape[1], n_classes), np.float32), np.full(n_classes, NEVER, np.float32)
    if len(np.unique(y)) < 2:
        bias[y[0]] = 0
        return Head(kernel, bias, np.nan, np.nan)
    own, grid = ((RidgeClassifier, {"alpha": [1 / own for own in strengths]}) if ridge else
                 (LogisticRegression, {"C": strengths}))
    folds = [fold for fold in list_folds(y, groups) if len(np.unique(y[fold[0]])) > 1] or list_folds(y, 0 * y)
    search = GridSearchCV(own(class_weight="balanced", max_iter=1000), grid, cv=folds)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are in one fold alone
        rotation, search = make_pipeline(PCA(svd_solver="full"), search).fit(x, y)
    best = search.best_estimator_
    logits, added = np.atleast_2d(best.coef_), np.atleast_1d(best.intercept_)
    if len(added) == 1:  # of two classes the second's alone
        logits, added = np.concatenate([0 * logits, logits]), np.append(0, added)
    kernel[:, best.classes_] = rotation.components_.T @ logits.T
    bias[best.classes_] = added - rotation.mean_ @ kernel[:, best.classes_]
    return Head(kernel, bias, float(search.best_params_.get("C", 1 / search.best_params_.get("alpha", 1))),
                float(search.best_score_))


def list_folds(y: np.ndarray, groups: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """FOLDS pairs of rows to learn from and to ask, classes as even as whole `groups` allow; fewer of few pictures."""
    if len(np.unique(groups)) < 2:
        groups = np.arange(len(y))
    number = min(FOLDS, len(np.unique(groups)), np.bincount(y).max())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(StratifiedGroupKFold(number, shuffle=True, random_state=0).split(y, y, groups))
