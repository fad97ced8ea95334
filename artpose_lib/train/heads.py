"""Classifiers on the features of frozen networks, each fitted in a second."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

STRENGTHS = 10.0 ** np.arange(-4, 1)  # C of scikit-learn, the inverse of the L2 penalty
FOLDS = 5


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
