import imagehash
import numpy as np
import pytest
from builders import make_folder, scene
from conftest import SHARED
from PIL import Image, ImageOps

from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.duplicates import (
    NEAR_DUPLICATE_COSINE,
    feature_similarity,
    hash_distances,
    likeness,
    near_duplicate_groups,
    near_duplicate_pairs,
)
from artpose_lib.data.pictures import resize


def changed(image):
    darker = Image.fromarray((np.asarray(image) * 0.7).astype(np.uint8))
    small = image.resize((48, 48)).resize(image.size)
    grey = image.convert("L").convert("RGB")
    return [image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), grey, darker, small]


def test_copies_are_near_duplicates_and_other_pictures_are_not():
    originals = [Image.fromarray(scene(seed)) for seed in range(6)]
    copies = [copy for image in originals for copy in changed(image)]
    alike = likeness(np.stack([np.asarray(image) for image in originals + copies]))
    owner = np.repeat(np.arange(6), 4)
    assert np.array_equal(alike, alike.T) and not alike[:6, :6].any()
    assert np.array_equal(alike[:6, 6:], np.arange(6)[:, None] == owner) and not alike.diagonal().any()


def test_a_distance_is_the_number_of_differing_bits_mirrored_or_not():
    pair = np.stack([scene(0), scene(1)])
    first, second, mirrored = (imagehash.phash(Image.fromarray(each)) for each in (*pair, pair[1, :, ::-1]))
    assert hash_distances(pair)[0, 1] == min(first - second, first - mirrored)


def test_near_duplicates_and_photographs_of_one_work_make_groups(with_copies):
    groups = near_duplicate_groups(with_copies)
    assert groups[0] == groups[1] and len(set(groups[8:12])) == 1
    assert len(set(groups)) == 16 - 1 - 3 and groups.dtype == np.int64


def test_pairs_are_those_that_hash_or_network_find(with_copies):
    features = np.random.default_rng(0).normal(size=(16, 64)).astype(np.float32)
    features[[7, 8]] = features[6]
    pairs = near_duplicate_pairs(with_copies, features)
    found = pairs.set_index(["first", "second"])[["by_hash", "by_network", "same_label"]]
    assert found.apply(tuple, axis=1).to_dict() == {
        (0, 1): (True, False, True), (6, 7): (False, True, True), (6, 8): (False, True, False),
        (7, 8): (False, True, False)}
    assert pairs["cosine"].is_monotonic_decreasing


def test_where_there_are_no_pairs_the_five_closest_are_shown(tmp_path):
    make_folder(tmp_path, {"A": 4, "B": 4})
    pairs = near_duplicate_pairs(load_dataset(tmp_path), np.eye(8, dtype=np.float32))
    assert len(pairs) == 5 and not pairs[["by_hash", "by_network"]].any(axis=None)


@pytest.mark.slow
def test_features_of_artworks_find_cropped_copies():
    """The measurement behind NEAR_DUPLICATE_COSINE, on fewer pictures."""
    from artpose_lib.model.classifier import build_classifier, pooled_model
    from artpose_lib.model.features import extract_features

    paths = sorted((SHARED / "data" / "artworks").glob("*/*.jpg"))
    if not paths:
        pytest.skip("no artworks in ../shared/data")
    pictures = [Image.open(path).convert("RGB") for path in paths]
    cropped = [ImageOps.crop(image, round(0.05 * min(image.size))) for image in pictures]
    network = pooled_model(build_classifier("EfficientNet-Lite0", 2, 224, "imagenet"))
    cosines = feature_similarity(extract_features(network, (resize(image, 224) for image in pictures + cropped)))
    count = len(pictures)
    same, different = cosines[:count, count:].diagonal(), np.triu(cosines[:count, :count], 1)
    assert (same >= NEAR_DUPLICATE_COSINE).mean() > 0.95 and (different >= NEAR_DUPLICATE_COSINE).sum() <= 3
