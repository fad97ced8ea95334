import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import tinynet
import tinyreader
from PIL import Image

from artpose_lib.explain import optimised, visualise
from artpose_lib.explain.optimised import add_optimised, find_stored, measure_kept, optimise
from artpose_lib.explain.reader import ReaderModel, write_reader

EYES = "block1_conv2"


def square(colour, side=20):
    return np.full((side, side, 3), colour, np.uint8)


@pytest.mark.parametrize("side", [20, tinynet.SIZE, 50])  # smaller and larger than what the network takes
def test_how_strongly_a_filter_answers_to_its_earlier_picture(side):
    """The filters see red, green, blue and nothing."""
    before = [square(colour, side) for colour in ((250, 0, 0), (0, 50, 0), (0, 0, 0), (9, 9, 9))]
    after = [square(colour, side) for colour in ((250, 9, 9), (0, 200, 0), (0, 0, 99), (9, 9, 9))]
    found = measure_kept(tinynet.network(), EYES, dict(enumerate(before)), dict(enumerate(after)) | {9: square(9)})
    assert found == pytest.approx({0: 1, 1: 0.25, 2: 0}, abs=1e-6)


def test_each_picture_is_a_file_and_a_tile_and_the_page_knows_which_there_are(tmp_path):
    given, pictures = tinyreader.contents(), tinyreader.optimised()
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        reader = write_reader(folder, given[0][:1], given[1][:1])
        add_optimised(reader, folder, given[0][0], pictures)
        contents.append([(path.relative_to(folder), path.read_bytes()) for path in sorted(folder.rglob("*.*"))])
    assert contents[0] == contents[1]
    assert [block.get("optimised") for block in reader.index["models"][0]["blocks"]] == [None, None, True, None, None]
    script = (folder / "alpha/3-optimised.js").read_text()
    told = json.loads(re.search(r"{},(.*)\);", script).group(1))["alpha/3-optimised"]
    assert told["networks"] == {"fine-tuned": [1, 4, 6], "imagenet": [1, 4]} and list(told["kept"]) == ["1", "4"]
    for title, filters in told["networks"].items():
        one = folder / "alpha" / title / "3-optimised"
        assert sorted(path.name for path in one.iterdir()) == [f"{filter + 1}.webp" for filter in filters]
        sheet = np.asarray(Image.open(f"{one}.webp")).astype(int)
        own = pictures[{"imagenet": "ImageNet"}.get(title, title), "three"]
        for place, filter in enumerate(filters[:2]):
            assert np.abs(sheet[24, 24 + 48 * place] - own[filter][0, 0]).max() < 25


def test_pictures_are_made_in_all_networks_where_none_are_stored(monkeypatch):
    asked = []

    def draw(networks, filters):
        asked.append((networks, filters))
        return [[square(filter) for _, filter in filters] for _ in networks]

    monkeypatch.setattr(optimised, "visualise", draw)
    model = ReaderModel("a", "A", ("x", "y"), {"after": 1, "before": 2})
    stored = {("before", "y"): {2: square(99), 3: square(98)}, ("after", "y"): {3: square(96)},
              ("after", "z"): {0: square(97)}}
    found = optimise(model, [("y", 7), ("x", 3), ("y", 2), ("y", 3), ("y", 7)], stored)
    assert asked == [([1, 2], [("y", 7), ("x", 3), ("y", 2)])]
    assert {key: {filter: picture[0, 0, 0] for filter, picture in own.items()} for key, own in found.items()} == {
        ("before", "y"): {2: 99, 3: 98, 7: 7}, ("after", "z"): {0: 97}, ("after", "y"): {2: 2, 3: 96, 7: 7},
        ("after", "x"): {3: 3}, ("before", "x"): {3: 3}}
    assert stored["before", "y"].keys() == {2, 3}


def test_what_the_command_stored_is_found_by_network_and_layer(tmp_path, monkeypatch):
    def draw(networks, filters):
        for start in range(0, len(filters), visualise.BATCH):
            own = filters[start:start + visualise.BATCH]
            yield np.stack([square(20 * filter, visualise.SIDE) for _, filter in own])

    monkeypatch.setattr(optimised, "weights_fingerprint", lambda name, folder: f"{folder}-print")
    monkeypatch.setattr(visualise, "_draw", draw)
    monkeypatch.setattr(visualise, "BATCH", 2)
    for place, layer in (("trial-40", EYES), ("VGG16-w-print", "block2_conv2")):
        visualise.visualise_block(tmp_path / visualise.FOLDER / place / layer, tinynet.network(), layer)
    record = SimpleNamespace(folder=tmp_path / "trial-40", config={"recipe": {"backbone": "VGG16"}})
    layers = (EYES, "block2_conv2")
    models = [ReaderModel("a", "A", layers, dict.fromkeys(titles, tinynet.network())) for titles in (
        ("fine-tuned", "ImageNet"), ("from scratch", "untrained"))]
    found = find_stored(SimpleNamespace(records=[record, record], models=models), tmp_path, "w")
    counts = [{key: len(own) for key, own in stored.items()} for stored in found]
    assert counts == [{("fine-tuned", EYES): 5, ("fine-tuned", layers[1]): 0, ("ImageNet", EYES): 0,
                       ("ImageNet", layers[1]): 4}, {("from scratch", EYES): 5, ("from scratch", layers[1]): 0}]
    damaged, junk = (tmp_path / visualise.FOLDER / "trial-40" / EYES / name for name in ("0002.webp", "._0000.webp"))
    for file in (damaged, junk):
        file.write_bytes(damaged.read_bytes()[:40])
    found = find_stored(SimpleNamespace(records=[record], models=models[:1]), tmp_path, "w")
    assert [*found[0]["fine-tuned", EYES]] == [0, 1, 4]
    visualise.visualise_block(damaged.parent, tinynet.network(), EYES)
    found = find_stored(SimpleNamespace(records=[record], models=models[:1]), tmp_path, "w")
    for filter, picture in found[0]["fine-tuned", EYES].items():
        assert picture.shape == (visualise.SIDE, visualise.SIDE, 3) and abs(int(picture[80, 80, 0]) - 20 * filter) < 5
