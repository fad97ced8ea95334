"""How far to trust an answer: a calibrated confidence, and how unlike a picture is to what was trained on.

Temperature scaling: Guo et al. 2017 (arXiv:1706.04599). Distance to the nearest neighbours: Sun et al. 2022
(arXiv:2204.06507).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

COLDEST, HOTTEST = 0.05, 20.0  # temperatures, far beyond what any network here asks for
NEAREST = 5  # which neighbour's distance counts; told strange pictures apart better than the first and the tenth
MOST = 10_000  # pictures kept to compare with; Sun et al. 2022 lose nothing with a hundredth of ImageNet's 1.3 million


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, classes) with their logits divided by a temperature: the order of the classes stays."""
    return np.exp(log_softmax(_logits(probabilities) / temperature, axis=1))


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature, `COLDEST` to `HOTTEST`, at which held-out labels are likeliest.

    Parameters: `probabilities` (n, classes) and `labels` int (n,) of pictures that were not trained on.
    Each label counts as right with a chance of (n + 1) / (n + 2) only (Platt 1999, Section 2.2): a part without a
    mistake would ask for an endless confidence.
    """
    n, classes = probabilities.shape
    doubt = 1 / (n + 2)
    targets = np.full((n, classes), doubt / (classes - 1))
    targets[np.arange(n), labels] = 1 - doubt

    def surprise(log_temperature: float) -> float:
        return -(targets * log_softmax(_logits(probabilities) / np.exp(log_temperature), axis=1)).sum(axis=1).mean()

    return float(np.exp(minimize_scalar(surprise, bounds=np.log([COLDEST, HOTTEST]), method="bounded").x))


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Pictures to compare with, in a network's pooled features, each scaled to length 1.

    known: float16 (n, channels), of training pictures. held_out: float32 (m,), the distances of validation pictures,
    sorted.
    """

    known: np.ndarray
    held_out: np.ndarray

    @classmethod
    def fit(cls, training: np.ndarray, held_out: np.ndarray) -> "Neighbours":
        """Those of pooled features, float (n, channels) of training and (m, channels) of validation pictures."""
        some = np.random.default_rng(0).permutation(len(training))[:MOST]
        compared = cls(_scale_to_unit(training[np.sort(some)]).astype(np.float16), np.empty(0, np.float32))
        return replace(compared, held_out=np.sort(compared.measure_distances(held_out)))

    def measure_distances(self, features: np.ndarray) -> np.ndarray:
        """Float32 (n,), 0 to 2: how far features (n, channels) are from their `NEAREST`-th nearest neighbour."""
        cosines = _scale_to_unit(features) @ self.known.astype(np.float32).T
        place = len(self.known) - min(NEAREST, len(self.known))
        nearest = np.partition(cosines, place, axis=1)[:, place]
        return np.sqrt(np.maximum(2 - 2 * nearest, 0))  # as for any vectors of length 1

    def measure_unlikeness(self, distances: np.ndarray) -> np.ndarray:
        """Float32 (n,), 0 to 1: the share of held-out pictures that are nearer; 1 is unlike anything seen."""
        return (np.searchsorted(self.held_out, distances) / len(self.held_out)).astype(np.float32)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    """Float64: a softmax' input up to a constant, finite where a float32 has come down to 0."""
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny, dtype=np.float64))


def _scale_to_unit(features: np.ndarray) -> np.ndarray:
    features = np.asarray(features, np.float32)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), np.finfo(np.float32).tiny)
