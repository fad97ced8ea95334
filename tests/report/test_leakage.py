import pytest

from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.draw.embedded import draw_dataset
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
