"""Near-duplicates: copies of a picture and several pictures of one work, found by hash or by a network's features."""

import imagehash
import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse.csgraph import connected_components

from artpose_lib.data.dataset import PoseDataset

HASH_SIDE = 128  # pixels; four times what the perceptual hash looks at, so that its own resize counts
# Bits in which hashes differ at most. Of 675 paintings and prints no two works come closer than 12; most copies that
# were cropped by more than 5 % a side or given a border are missed.
NEAR_DUPLICATE_BITS = 10
# Similarity of features at least. Of those 675 no two works come closer than 0.859; four in five such copies are found.
NEAR_DUPLICATE_COSINE = 0.86


def hash_distances(pictures: np.ndarray) -> np.ndarray:
    """The distances between the perceptual hashes of pictures, uint8 RGB (n, h, w, 3), or of their mirror images where
    these are nearer: int64 (n, n), 0 to 64 bits."""
    upright, mirrored = _hash_signs(pictures), _hash_signs(pictures[:, :, ::-1])
    # A product of signs is the number of equal bits less that of unequal ones: 64 - 2 * distance.
    agreement = np.maximum(upright @ upright.T, upright @ mirrored.T)
    agreement = np.maximum(agreement, agreement.T)  # a mirror image's hash is nearly, not wholly, the mirrored hash
    return ((upright.shape[1] - agreement) / 2).astype(np.int64)


def feature_similarity(features: np.ndarray) -> np.ndarray:
    """The cosines between the square roots of EfficientNet-Lite0's pooled features, float32 (n, d), as in RootSIFT
    (Arandjelovic and Zisserman 2012): float32 (n, n), -1 to 1."""
    roots = np.sign(features) * np.sqrt(np.abs(features))
    roots /= np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-9)
    return np.minimum(roots @ roots.T, 1)


def likeness(pictures: np.ndarray, features: np.ndarray | None = None) -> np.ndarray:
    """How alike near-duplicates are: float32 (n, n), 1 where the hashes of the `pictures`, uint8 RGB (n, h, w, 3), are
    near, else the similarity of the `features` from `NEAR_DUPLICATE_COSINE` on; 0 for all other pairs."""
    alike = (hash_distances(pictures) <= NEAR_DUPLICATE_BITS).astype(np.float32)
    if features is not None:
        similar = feature_similarity(features)
        alike = np.maximum(alike, np.where(similar >= NEAR_DUPLICATE_COSINE, similar, 0))
    np.fill_diagonal(alike, 0)
    return alike


def near_duplicate_groups(dataset: PoseDataset) -> np.ndarray:
    """The group of each picture, numbered from 0: int64 (n,). A near-duplicate's near-duplicate is in the group too.

    Two pictures are joined where their hashes are near, and where the column `work`, if there is one, names one work.
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
    first, second = np.triu_indices(len(dataset), 1)
    bits = hash_distances(dataset.images(HASH_SIDE))[first, second]
    cosine = feature_similarity(features)[first, second]
    table = pd.DataFrame({"first": first, "second": second, "bits": bits, "cosine": cosine,
                          "by_hash": bits <= NEAR_DUPLICATE_BITS, "by_network": cosine >= NEAR_DUPLICATE_COSINE})
    found = table[table["by_hash"] | table["by_network"]]
    chosen = (found if len(found) else table.nlargest(5, "cosine")).sort_values("cosine", ascending=False)
    same = dataset.labels[chosen["first"]] == dataset.labels[chosen["second"]]
    return chosen.assign(same_label=same).reset_index(drop=True)


def _hash_signs(pictures: np.ndarray) -> np.ndarray:
    """Perceptual hashes as float32 (n, 64) of -1 and 1."""
    bits = np.array([imagehash.phash(Image.fromarray(picture)).hash.ravel() for picture in pictures])
    return np.where(bits, 1, -1).astype(np.float32)
