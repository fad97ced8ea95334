"""What the page "Try a picture" loads, beside its network."""

import json
import re
from types import SimpleNamespace

import numpy as np
from conftest import ROOT

from artpose_lib.model.backbones import WeightsMissing
from artpose_lib.report import reference, try_page
from artpose_lib.train import study


def test_filters_have_the_drawings_that_they_answer_to_most_and_an_address_where_maps_are_shown(tmp_path):
    import keras

    pictures = keras.Input((70, 70, 3), dtype="uint8")  # maps of 7 by 7: how red, green, blue, and a silent one
    kernel = np.concatenate([np.eye(3), np.zeros((3, 1))], axis=1).reshape(1, 1, 3, 4) * np.ones((10, 10, 1, 1))
    last = keras.layers.Conv2D(4, 10, 10, use_bias=False, name="last")
    network = keras.Model(pictures, last(keras.layers.Rescaling(1 / 255)(pictures)))
    last.set_weights([kernel])
    for name, high in (("antinous", [3, 1, 0, 0]), ("pieta", [2, 4, 0, 0])):
        path = tmp_path / "maps" / "efficientnet-lite0" / "imagenet" / name / "5.js"
        path.parent.mkdir(parents=True)
        path.write_text(f'window.artposeMaps=Object.assign(window.artposeMaps||{{}},{{"k":{{"high":{high}}}}});\n')
    asked = SimpleNamespace(results=tmp_path, profile=study.find_profile("smoke"), fingerprint_weights=lambda name: "w")
    try_page.write_filters(tmp_path, asked, network, tmp_path / "maps")
    name, found = (tmp_path / "filters.js").read_text().split(" = ")
    found = json.loads(found.rstrip(";\n"))
    assert name == "window.ARTPOSE_FILTERS" and found["addresses"][:2] == [
        "#efficientnet-lite0/5/1/antinous/imagenet", "#efficientnet-lite0/5/2/pieta/imagenet"]
    assert [len(one) for one in found["channels"]] == [3, 3, 3, 0]
    assert all(0 <= place < 49 for channel in found["channels"] for _, place in channel)
    assert [one["title"] for one in found["drawings"]][::2] == list(try_page.SAMPLES)
    try_page.write_filters(tmp_path, asked, None, tmp_path / "none")  # what is kept is not asked for again
    assert '"addresses":[]' in (tmp_path / "filters.js").read_text()


def test_without_weights_the_page_has_no_head_and_is_written_once(tmp_path, monkeypatch):
    def miss(*_):
        raise WeightsMissing("none")

    opened = []
    monkeypatch.setattr(try_page, "build_backbone", miss)
    monkeypatch.setattr(try_page, "open_study",
                        lambda **given: opened.append(given) or SimpleNamespace(weights_dir=None))
    for _ in range(2):
        try_page.write_try(tmp_path, {"profile": "smoke"})
    folder = tmp_path / "book" / "_static" / "try"
    assert len(opened) == 1 and (folder / "try_heads.js").read_text() == "window.ARTPOSE_HEADS = [];\n"
    assert {"page.js", "page.css", "drawings.js"} < {path.name for path in folder.iterdir()}


def test_it_is_told_how_often_a_head_of_drawings_names_art_and_one_of_art_drawings(tmp_path):
    editions = reference.open_editions(ROOT / "book" / "reference", tmp_path)
    told = [try_page.tell_of_art(of) for of in editions if len(of.read("drawings"))]
    assert told and re.fullmatch(r"Of 171 artworks, a head .* names (4|5|6)\d% rightly\.", told[0])
    (told,) = (try_page.tell_of_drawings(of) for of in editions if len(of.read("on_drawings")))
    assert re.search(r"171 artworks names (4|5|6)\d% of 400 drawings so\.", told)
