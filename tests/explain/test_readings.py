import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.explain import readings as module
from artpose_lib.explain.filters import Peak
from artpose_lib.explain.readings import (
    GROUPS,
    IMAGENET,
    SCRATCH,
    TUNED,
    UNTRAINED,
    Readings,
    group_mistakes,
    load_table,
    store_table,
)
from artpose_lib.train.study import open_study

CLASSES = ("Antinous", "Graces", "Pieta", "Tanagra")


def answers(*pairs, part="test"):
    """Predictions of pictures by (label, the class that is named)."""
    rows = [{"label": label, "part": part} | {f"p_{name}": float(name == called) for name in CLASSES}
            for label, called in pairs]
    return pd.DataFrame(rows)


def test_only_mistakes_on_single_figures_count():
    found = answers(("Antinous", "Graces"), ("Antinous", "Tanagra"), ("Antinous", "Antinous"), ("Tanagra", "Pieta"),
                    ("Graces", "Pieta"), ("Pieta", "Tanagra"))
    group, wrong, luck = group_mistakes(found, CLASSES)
    assert (group, wrong) == (2, 3)
    assert np.isclose(luck, 2 / 3)


def test_pictures_that_were_not_tested_do_not_count():
    assert group_mistakes(answers(("Antinous", "Graces"), part="validation"), CLASSES)[:2] == (0, 0)


FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)
PEAKS = st.builds(Peak, st.integers(0, 500), st.integers(0, 223), st.integers(0, 223), FLOATS)


@given(peaks=st.lists(st.lists(PEAKS, max_size=9), min_size=1, max_size=5))
def test_a_stored_table_comes_back_as_it_was(tmp_path_factory, peaks):
    path = tmp_path_factory.mktemp("filters") / "new" / "block.parquet"
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"strength": rng.normal(size=len(peaks)), "inside": np.nan, "best_class": '"<b>',
                          "strongest": [tuple(own) for own in peaks]}).rename_axis("filter")
    store_table(path, table)
    pd.testing.assert_frame_equal(load_table(path), table, check_dtype=False)
    assert [file.name for file in path.parent.iterdir()] == ["block.parquet"]


@pytest.mark.slow
def test_every_backbone_is_read_and_what_was_measured_is_not_measured_again(smoke_results, monkeypatch):
    smoke = open_study(profile="smoke", results=str(smoke_results))
    readings = Readings(smoke)
    assert [model.title for model in readings.models] == ["EfficientNet-Lite0", "VGG16", "ResNet50", "Xception"]
    names = smoke.dataset.metadata["file_name"].to_numpy()
    for record, model in zip(readings.records, readings.models, strict=True):
        tested = record.predictions.query("part == 'test'")["file_name"]
        assert names[readings.tested_rows[model.tested]].tolist() == tested.tolist()
        scratch = record.config["recipe"]["weights"] is None
        assert list(model.networks) == ([SCRATCH, UNTRAINED] if scratch else [TUNED, IMAGENET])
        assert [len(table) for table in model.tables.values()] == [
            model.networks[next(iter(model.networks))].get_layer(layer).output.shape[-1] for layer in model.layers]
        # Switching filters off takes minutes, which a network near chance is not worth.
        assert all(table["importance"].isna().all() == scratch for table in model.tables.values())
        images = smoke.dataset.images(record.config["size"], readings.tested_rows[model.tested])
        answers = next(iter(model.networks.values())).predict(images, verbose=0)
        stored = record.predictions.query("part == 'test'").filter(regex="^p_").to_numpy()
        np.testing.assert_allclose(answers, stored, atol=1e-4)
    assert [picture.label for picture in readings.pictures[:6]] == list(smoke.dataset.classes)
    if readings.mistaken:
        assert readings.mistaken_for in GROUPS and readings.mistaken.label.split(",")[0] not in GROUPS

    monkeypatch.setattr(module, "filter_table", None)  # would fail if it were called
    again = Readings(smoke)
    for old, new in zip(readings.models, again.models, strict=True):
        for layer in old.layers:
            pd.testing.assert_frame_equal(old.tables[layer], new.tables[layer])
