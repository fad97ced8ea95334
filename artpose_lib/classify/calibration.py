"""How far to trust an answer: temperature scaling (Guo et al. 2017, arXiv:1706.04599)."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

COLDEST, HOTTEST = 0.05, 20.0  # temperatures, far beyond what any network here asks for
USUAL = 0.4  # networks are usually too sure or unsure by a factor of e ** 0.4, one and a half; 0.3 to 0.7 do as well


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


def _logits(probabilities: np.ndarray) -> np.ndarray:
    """Float64: a softmax' input up to a constant, finite where a float32 has come down to 0."""
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny, dtype=np.float64))
