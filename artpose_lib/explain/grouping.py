"""A plane on which those filters of a layer stand near each other that answer to the same pictures."""

import numpy as np
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

NEIGHBOURS = 10
SPLITS = 5  # of the pictures into halves
ITERATIONS = 500  # half of scikit-learn's: 1,000 move the filters of a block little further


def arrange_filters(peaks: np.ndarray) -> np.ndarray:
    """Return a place for each filter, float64 (filters, 2), 0 to 1, from its highest answers, (pictures, filters).

    It is t-SNE (van der Maaten and Hinton 2008, JMLR 9) of their correlations, always the same for the same answers.
    Neighbours are alike; directions, and how far apart strangers are, mean nothing. NaN for fewer than five filters.
    """
    x, count = _standardise(peaks).T, peaks.shape[1]
    if count < 5:
        return np.full((count, 2), np.nan)
    way = TSNE(perplexity=min(30, (count - 1) / 3), init="pca" if min(x.shape) > 1 else "random", random_state=0,
               max_iter=ITERATIONS)
    with threadpool_limits(1):  # several threads would add in another order each time
        places = way.fit_transform(x).astype(float)
    return (places - places.min(axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-9)


def measure_returning(peaks: np.ndarray, seed: int) -> np.ndarray:
    """Return how many of the `NEIGHBOURS` that each filter has on half of the pictures are its neighbours on the other
    half too, float64 (filters,), as a mean over random halves; NaN for no more filters than `NEIGHBOURS`.

    By luck, of k filters NEIGHBOURS ** 2 / (k - 1) return: where no more do, a map of the filters is a cloud.
    """
    rng, count = np.random.default_rng(seed), peaks.shape[1]
    if count <= NEIGHBOURS or len(peaks) < 4:
        return np.full(count, np.nan)
    returning = np.zeros(count)
    for _ in range(SPLITS):
        order = rng.permutation(len(peaks))
        first, second = (_find_neighbours(peaks[order[place::2]]) for place in (0, 1))
        returning += (first & second).sum(axis=1)
    return returning / SPLITS


def _find_neighbours(peaks: np.ndarray) -> np.ndarray:
    """Return which filters correlate most with each, bool (filters, filters), NEIGHBOURS a row."""
    x = _standardise(peaks)
    likeness = x.T @ x
    np.fill_diagonal(likeness, -np.inf)
    found = np.zeros(likeness.shape, bool)
    np.put_along_axis(found, np.argpartition(-likeness, NEIGHBOURS, axis=1)[:, :NEIGHBOURS], True, axis=1)
    return found


def _standardise(peaks: np.ndarray) -> np.ndarray:
    """Return columns whose products are correlations; zeros for one that never changes."""
    x = peaks - peaks.mean(axis=0, dtype=float)
    return x / np.maximum(np.linalg.norm(x, axis=0), 1e-9)
