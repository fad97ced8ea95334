import numpy as np
import pytest

from artpose_lib.data.dataset import load_dataset, near_duplicate_groups
from artpose_lib.draw import draw_dataset
from artpose_lib.report import leakage


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return load_dataset(draw_dataset(tmp_path_factory.mktemp("drawn"), 30, 1))


def test_planted_copies_are_found_and_kept_together(drawn, tmp_path):
    planted = load_dataset(leakage.plant(drawn, 0.2, tmp_path / "planted"))
    assert len(planted) == 36 and "copy" in planted.metadata["file_name"].str.cat()
    works = planted.metadata["work"]
    groups = near_duplicate_groups(planted)
    for work in works[works.duplicated()]:
        assert len(set(groups[works == work])) == 1
    before = (tmp_path / "planted" / "metadata.csv").stat().st_mtime_ns
    leakage.plant(drawn, 0.2, tmp_path / "planted")
    assert (tmp_path / "planted" / "metadata.csv").stat().st_mtime_ns == before


def test_pairs_are_those_that_look_alike_to_hash_or_network(drawn, tmp_path):
    planted = load_dataset(leakage.plant(drawn, 0.2, tmp_path / "planted"))
    works = planted.metadata["work"].to_numpy()
    features = np.random.default_rng(0).normal(size=(len(planted), 64)).astype(np.float32)
    features[works == works[0]] = features[0]
    pairs = leakage.pairs(planted, features)
    assert (pairs["by_hash"] | pairs["by_network"]).all() and pairs["cosine"].is_monotonic_decreasing
    same_work = works[pairs["first"]] == works[pairs["second"]]
    assert same_work.sum() >= 5  # of six copies; the crop may hide one from the hash
    assert pairs.loc[same_work, "same_label"].all()


def test_where_nothing_looks_alike_the_closest_are_shown(drawn):
    features = np.eye(len(drawn), dtype=np.float32)
    pairs = leakage.pairs(drawn, features)
    if not (pairs["by_hash"] | pairs["by_network"]).any():
        assert len(pairs) == 5
