import numpy as np
import pandas as pd
import pytest
import tinynet
from builders import make_folder, predictions_of

from artpose_lib.data.dataset import load_dataset
from artpose_lib.explain import networks
from artpose_lib.explain.networks import GROUPS, IMAGENET, SCRATCH, TUNED, UNTRAINED
from artpose_lib.train import records
from artpose_lib.train.study import open_study

CLASSES = ("Antinous", "Graces", "Pieta", "Tanagra")


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Stores a trial of the tiny network on pictures of some labels; returns the networks tested."""
    monkeypatch.setattr(networks, "build_classifier", lambda name, *_: tinynet.network(name))

    def opened(*pairs, labels=("Antinous", "Graces", "Tanagra"), weights="imagenet", **columns):
        make_folder(tmp_path, dict.fromkeys(labels, 4), **columns)
        dataset, called = load_dataset(tmp_path), dict(pairs)
        test = dataset.metadata[["file_name", "label"]].iloc[::2]
        found = predictions_of([(label, called.get(name, label)) for name, label in test.to_numpy()], labels)
        found = found.assign(file_name=test["file_name"].to_numpy())
        config = {"recipe": {"model": "finetuned_aug", "backbone": "VGG16", "weights": weights}, "seed": 40,
                  "size": tinynet.SIZE}
        found = pd.concat([found, found.assign(part="validation")])
        history = pd.DataFrame({"epoch": [1], "phase": [1], "val_accuracy": [0.5]})
        record = records.store_record(tmp_path / "results", config, history, found, 1.0,
                                     tinynet.network().save_weights)
        return networks.TestedNetworks([record], dataset)
    return opened


def test_each_class_shows_its_surest_picture_and_the_last_is_a_mistake(opened):
    found = opened(("Tanagra/2.png", "Graces"))
    assert [picture.key for picture in found.pictures] == ["antinous", "graces", "tanagra", "mistaken"]
    assert [picture.caption for picture in found.pictures] == [
        "Antinous/0.png", "Graces/0.png", "Tanagra/0.png", "Tanagra/2.png"]
    assert (found.mistaken.label, found.mistaken_for) == ("Tanagra, taken for Graces", "Graces")
    assert len(found.tested) == 6 and found.models[0].tested == list(range(6))
    assert list(found.models[0].networks) == [TUNED, IMAGENET]
    assert list(opened(weights=None).models[0].networks) == [SCRATCH, UNTRAINED]


@pytest.mark.parametrize("labels", [("Antinous", "圣塞巴斯蒂安", "Tanagra"), ("The Graces", "the-graces", "x"),
                                    ("Mistaken", "Graces", "x")])
def test_labels_that_no_address_takes_have_numbers_for_keys(opened, labels):
    assert [picture.key for picture in opened(labels=labels).pictures[:3]] == ["class-1", "class-2", "class-3"]


def test_what_no_page_may_show_is_tested_and_not_shown(opened):
    found = opened(licence=["CC0" if number in (2, 6) else "All rights reserved" for number in range(12)])
    assert [picture.caption for picture in found.pictures] == ["Antinous/2.png", "Graces/2.png"]
    assert [picture.image is None for picture in found.tested] == [True, False, True, False, True, True]


def test_what_was_measured_is_not_measured_again(opened, tmp_path, monkeypatch):
    found = opened(boxes="2 3 20 25")
    first, = networks.measure_filters(found, tmp_path)
    assert [len(table) for table in first.tables.values()] == [5, 4, 4, 4, 4]
    assert first.tables["block1_conv2"]["box_share"].iloc[4] == pytest.approx(18 * 22 / 1200)
    monkeypatch.setattr(networks, "filter_tables", None)
    again, = networks.measure_filters(found, tmp_path)
    for layer in first.layers:
        pd.testing.assert_frame_equal(first.tables[layer], again.tables[layer])


def test_ablation_of_networks_from_scratch_can_be_left_out(opened, tmp_path):
    for weights, ablate_all, left_out in (("imagenet", False, False), (None, True, False), (None, False, True)):
        model, = networks.measure_filters(opened(weights=weights), tmp_path, ablate_all)
        assert model.tables["block5_conv3"]["importance"].isna().all() == left_out


def test_parts_are_searched_in_every_network_in_an_untrained_one_and_in_light_and_edges(opened):
    found = networks.dissect_networks(opened().models, 8)
    assert list(found["name"].unique()) == ["VGG16 fine-tuned", "VGG16 ImageNet", "VGG16 untrained",
                                            "light and edges at 32 pixels"]
    assert (found["model"].eq("") == found["network"].isin(["", UNTRAINED])).all()
    first = found.iloc[0]
    assert first["what"] == f"VGG16 fine-tuned, block {first['layer'][5]}, filter {first['filter'] + 1}"
    bar = found[found["model"] == ""].groupby("part")["high"].max()
    np.testing.assert_array_equal(found["unlearned"], bar.reindex(found["part"]))
    names = networks.dissect_networks(opened(weights=None).models, 8)["name"]
    assert list(names.unique()) == ["VGG16 from scratch", "VGG16 untrained", "light and edges at 32 pixels"]


@pytest.mark.slow
def test_every_backbone_is_opened_as_it_was_trained(smoke_results):
    smoke = open_study(profile="smoke", results=str(smoke_results))
    trained = smoke.train("finetuned_aug")
    kept = [*trained.records, *smoke.train("baseline", backbones=list(trained.missing) or ["VGG16"]).records]
    found = networks.TestedNetworks([record for record in kept if record.weights], smoke.dataset, smoke.weights_dir)
    names = smoke.dataset.metadata["file_name"].to_numpy()
    for record, model in zip(found.records, found.models, strict=True):
        tested = record.predictions.query("part == 'test'")
        rows = found.rows[model.tested]
        assert names[rows].tolist() == tested["file_name"].tolist()
        images = smoke.dataset.images(record.config["size"], rows)
        given = next(iter(model.networks.values())).predict(images, verbose=0)
        np.testing.assert_allclose(given, tested.filter(regex="^p_").to_numpy(), atol=1e-4)
    if found.mistaken:
        assert found.mistaken_for in GROUPS and found.mistaken.label.split(",")[0] not in GROUPS
