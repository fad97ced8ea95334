"""How far to trust an answer: a tempered confidence, and how unlike a picture is to what was trained on.

Temperature scaling: Guo et al. 2017 (arXiv:1706.04599). Distance to the nearest neighbours: Sun et al. 2022
(arXiv:2204.06507).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

COLDEST, HOTTEST = 0.05, 20.0  # temperatures, far beyond what any network here asks for
USUAL = 0.4  # networks are usually too sure or unsure by a factor of e ** 0.4, one and a half; 0.3 to 0.7 do as well
NEAREST = 5  # which neighbour's distance counts; told strange pictures apart better than the first and the tenth
TAIL = 0.2  # of the held-out pictures, the farthest
MOST = 10_000  # pictures kept to compare with; Sun et al. 2022 lose nothing with a hundredth of ImageNet's 1.3 million


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, classes) with their logits divided by a temperature: the order of the classes stays."""
    return np.exp(log_softmax(_logits(probabilities) / temperature, axis=1))


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature, `COLDEST` to `HOTTEST`, that held-out labels and what is known of networks make likeliest.

    Parameters: `probabilities` (n, classes) and `labels` int (n,) of pictures that were not trained on.
    Its logarithm counts as normal around 0 with the deviation `USUAL`: hundreds of labels decide by themselves, a dozen
    hardly move it from 1, at which probabilities stay as the network gave them.
    """
    logits, rows = _logits(probabilities), np.arange(len(labels))

    def surprise(log_temperature: float) -> float:
        said = log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels]
        return (log_temperature / USUAL) ** 2 / 2 - said.sum()

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
        compared = cls(scale_to_unit(training[np.sort(some)]).astype(np.float16), np.empty(0, np.float32))
        return replace(compared, held_out=np.sort(compared.measure_distances(held_out)))

    @classmethod
    def fit_apart(cls, features: np.ndarray, groups: np.ndarray) -> "Neighbours":
        """Those of pictures, float (n, channels), that are all known, each held out against the other `groups`."""
        unit = scale_to_unit(features)
        cosines = np.where(groups[:, None] == groups, -1, unit @ unit.T)
        held_out = np.sort(_measure(cosines, min(NEAREST, len(unit) - 1)))
        return replace(cls.fit(features, features[:1]), held_out=held_out)

    def measure_distances(self, features: np.ndarray) -> np.ndarray:
        """Float32 (n,), 0 to 2: how far features (n, channels) are from their `NEAREST`-th nearest neighbour."""
        return _measure(scale_to_unit(features) @ self.known.astype(np.float32).T, min(NEAREST, len(self.known)))

    def measure_unlikeness(self, distances: np.ndarray) -> np.ndarray:
        """Float32 (n,), 0 to 1: how many of the m held-out pictures are nearer, by m + 1.

        A picture of the held-out ones' kind comes to u or more with a chance of at most 1 - u (conformal p-values), to
        which up to 1 / (m + 1) is added, in proportion between two held-out pictures, so that no two distances tie.
        Beyond the farthest it grows as an exponential tail does, by the mean excess of the farthest TAIL (Davison and
        Smith 1990).
        """
        m, rank = len(self.held_out), np.searchsorted(self.held_out, distances)
        ends = np.concatenate([[0], self.held_out, [np.inf]])
        below, above = ends[rank], ends[rank + 1]
        far = np.quantile(self.held_out, 1 - TAIL)
        scale = max(float((self.held_out[self.held_out >= far] - far).mean()), 1e-3)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(rank == m, -np.expm1(-(distances - below) / scale), (distances - below) / (above - below))
        return ((rank + np.nan_to_num(share)) / (m + 1)).astype(np.float32)


def _measure(cosines: np.ndarray, nearest: int) -> np.ndarray:
    """The distance to the so many-th nearest of a row's cosines, as for any vectors of length 1."""
    place = cosines.shape[1] - nearest
    return np.sqrt(np.maximum(2 - 2 * np.partition(cosines, place, axis=1)[:, place], 0))


def _logits(probabilities: np.ndarray) -> np.ndarray:
    """Float64: a softmax' input up to a constant, finite where a float32 has come down to 0."""
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny, dtype=np.float64))


def scale_to_unit(features: np.ndarray) -> np.ndarray:
    """Features (n, channels) as float32 of length 1."""
    features = np.asarray(features, np.float32)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), np.finfo(np.float32).tiny)
