"""Near-duplicates: copies of a picture and several pictures of one work, found by hash or by a network's features."""

import imagehash
import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse.csgraph import connected_components

from artpose_lib.data.dataset import PoseDataset

HASH_SIDE = 128  # pixels; four times what the perceptual hash looks at, so that its own resize counts
# Bits of 64 in which the hashes of near-duplicates differ at most. Of 227,475 pairs among 675 paintings and prints, no
# two works come closer than 12; two photographs of one statue are 10 apart. It misses most copies that were cropped by
# more than 5 % a side or given a border.
NEAR_DUPLICATE_BITS = 10
# Similarity of features (see `feature_similarity`) from which two pictures are near-duplicates. No two works of those
# 675 come closer than 0.859; it finds four in five copies that were cropped by 10 % or given a border.
NEAR_DUPLICATE_COSINE = 0.86


def hash_distances(pictures: np.ndarray) -> np.ndarray:
    """The distances between the perceptual hashes of pictures, or of their mirror images: int64 (n, n), 0 to 64 bits.

    Parameters: `pictures` uint8 RGB (n, h, w, 3). The hash is pHash, the signs of the lowest frequencies of 32 x 32
    pixels. Of a pair's distances, mirrored or not, the smallest counts.
    """
    upright, mirrored = _hash_signs(pictures), _hash_signs(pictures[:, :, ::-1])
    # A product of signs is the number of equal bits less that of unequal ones: 64 - 2 * distance.
    agreement = np.maximum(upright @ upright.T, upright @ mirrored.T)
    agreement = np.maximum(agreement, agreement.T)  # a mirror image's hash is nearly, not wholly, the mirrored hash
    return ((upright.shape[1] - agreement) / 2).astype(np.int64)


def feature_similarity(features: np.ndarray) -> np.ndarray:
    """The cosines between the square roots of features: float32 (n, n), -1 to 1.

    Parameters: `features` float32 (n, d), pooled from EfficientNet-Lite0, on which `NEAR_DUPLICATE_COSINE` was
    measured. Roots, as in RootSIFT (Arandjelovic and Zisserman 2012), so that a few strong channels do not decide.
    """
    roots = np.sign(features) * np.sqrt(np.abs(features))
    roots /= np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-9)
    return np.minimum(roots @ roots.T, 1)


def likeness(pictures: np.ndarray, features: np.ndarray | None = None) -> np.ndarray:
    """How alike near-duplicates are, and 0 for all other pairs and on the diagonal: float32 (n, n), 0 to 1.

    1 where the hashes of the `pictures`, uint8 RGB (n, h, w, 3), are near; else, where there are `features`, their
    similarity from `NEAR_DUPLICATE_COSINE` on.
    """
    alike = (hash_distances(pictures) <= NEAR_DUPLICATE_BITS).astype(np.float32)
    if features is not None:
        similar = feature_similarity(features)
        alike = np.maximum(alike, np.where(similar >= NEAR_DUPLICATE_COSINE, similar, 0))
    np.fill_diagonal(alike, 0)
    return alike


def near_duplicate_groups(dataset: PoseDataset) -> np.ndarray:
    """The group of each picture, numbered from 0; a picture without a near-duplicate is a group alone: int64 (n,).

    Two pictures are joined where their hashes are near, and where the column `work`, if there is one, names the same
    work. Joins add up: a near-duplicate's near-duplicate is in the group too.
    """
    joined = likeness(dataset.images(HASH_SIDE)) > 0
    if "work" in dataset.metadata:
        work = dataset.metadata["work"].str.strip().to_numpy(object)
        joined |= (work[:, None] == work) & (work != "")
    return connected_components(joined, directed=False)[1].astype(np.int64)


def near_duplicate_pairs(dataset: PoseDataset, features: np.ndarray) -> pd.DataFrame:
    """The pairs of near-duplicates of a data set by hash or by `features`, float32 (n, d), the closest first.

    Returns first and second (row numbers), bits (between their hashes), cosine (-1 to 1), by_hash and by_network (which
    of the two found the pair), same_label; where there are none the five closest pairs, found by neither.
    """
    bits, similar = hash_distances(dataset.images(HASH_SIDE)), feature_similarity(features)
    first, second = np.triu_indices(len(dataset), 1)
    table = pd.DataFrame({"first": first, "second": second, "bits": bits[first, second],
                          "cosine": similar[first, second]})
    table = table.assign(by_hash=table["bits"] <= NEAR_DUPLICATE_BITS,
                         by_network=table["cosine"] >= NEAR_DUPLICATE_COSINE)
    found = table[table["by_hash"] | table["by_network"]]
    chosen = (found if len(found) else table.nlargest(5, "cosine")).sort_values("cosine", ascending=False)
    same = dataset.labels[chosen["first"]] == dataset.labels[chosen["second"]]
    return chosen.assign(same_label=same).reset_index(drop=True)


def _hash_signs(pictures: np.ndarray) -> np.ndarray:
    """Perceptual hashes as float32 (n, 64) of -1 and 1."""
    bits = np.array([imagehash.phash(Image.fromarray(picture)).hash.ravel() for picture in pictures])
    return np.where(bits, 1, -1).astype(np.float32)
