"""Every filter of the trained networks as a page to scroll (Section 2.4, Figures A.6 to A.8).

It needs no kernel, no server and no network: from disk, a browser loads images and classic scripts. A block's maps of
one picture are an image and a script of its ranges, a block's numbers another script, loaded when a reader chooses
them. The front end (`reader.js`) stands in the page itself, with a contact sheet for browsers without JavaScript.
"""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from artpose_lib.data.pictures import resize
from artpose_lib.explain.filters import find_heard
from artpose_lib.explain.maps import Sprite, feature_maps, receptive_field, sprite
from artpose_lib.files import claim, whole
from artpose_lib.web import asset

ADDRESS = "../../_static/maps"  # where a chapter's page finds the folder, book/_static/maps
SCRIPTS = ("dom.js", "readernumbers.js", "readerplane.js", "reader.js")  # in this order
# Pixels of the longer side: of a picture that is looked at, of those to choose from, of the tested ones. So a page's
# first view, VGG16's last block at 224 pixels, stays well below 1.5 MB.
PICTURE_SIDE, SMALL_SIDE, TESTED_SIDE = 720, 160, 256
JPEG_QUALITY = 80
COMPRESSION = 4  # of 9: half the time of 6 for VGG16's five blocks, and 8 kB more in 3.4 MB
NOTE = "README.txt"  # marks a folder that may be replaced


class ReaderPicture(NamedTuple):
    """A picture to look at, or one that a network was tested on."""

    key: str  # in addresses, see `slug`
    image: np.ndarray | None  # uint8 RGB (h, w, 3) in the work's own proportions; None where no page may show it
    caption: str  # plain text, as the label
    label: str = ""
    boxes: Sequence[Sequence[float]] = ()  # around its figures: fractions (x0, y0, x1, y1) of width and height


class ReaderModel(NamedTuple):
    """An architecture with its networks."""

    key: str  # in addresses
    title: str  # plain text
    layers: Sequence[str]  # one a block, from fine to coarse
    networks: Mapping[str, object]  # flat keras.Models by a short title, such as "fine-tuned" and "ImageNet"
    tables: Mapping[str, pd.DataFrame] = {}  # `filter_tables` of layers of the first network
    tested: Sequence[int] = ()  # which of the tested pictures the tables are about, from 0

    @property
    def input_size(self) -> int:
        """The side of the pictures that the networks take, in pixels."""
        return next(iter(self.networks.values())).input_shape[1]


class Reader:
    """The page's part that shows the maps: `html`, which a notebook shows by itself. One fits on a page.

    `answers` are each filter's highest answers to the pictures, float (pictures, filters), NaN where it is silent, by
    the keys of model and network and the layer. `views` are those of a tour, set by `tell`.
    """

    def __init__(self, index: dict, answers: Mapping[tuple[str, str, str], np.ndarray]):
        self.index, self.answers, self.views = index, answers, []

    @property
    def html(self) -> str:
        scripts = "\n".join(map(asset, SCRIPTS))
        data = json.dumps(self.index, separators=(",", ":")).replace("<", "\\u003c")  # a "<" could end the element
        tour = "".join(f'<li><a href="{escape(address)}">{escape(name)}</a> <span>{escape(sentence)}</span></li>'
                       for name, address, sentence in self.views)
        # Without the attribute, JupyterLab takes keys that are pressed here for its own shortcuts.
        return (
            f'<div class="artpose-maps" data-lm-suppress-shortcuts="true"><style>{asset("reader.css")}</style>'
            f'<script type="application/json">{data}</script><ol class="maps-tour">{tour}</ol>'
            f'<noscript>{_contact_sheet(self.index)}</noscript>'
            f'<script>(function (output) {{\n"use strict";\n{scripts}\n}})'
            "(document.currentScript.parentNode);</script></div>")

    def _repr_html_(self) -> str:
        return self.html

    def link(self, model: str, layer: str, filter: int, picture: str = "", network: str = "") -> str:
        """Return the address of a view, such as "#vgg16/5/120/sebastian", which counts from 1.

        Parameters: the keys of model and picture; `filter` counts from 0, as in tables; `network` is a title, or
        "side-by-side" for all networks, or "" for the first. Where the filter is silent in the picture, or none is
        named, the view is of the picture in which it answers most; the address is "" where it is silent in all.
        """
        one = next(one for one in self.index["models"] if one["key"] == model)
        block = [block["layer"] for block in one["blocks"]].index(layer) + 1
        heard = self.answers.get((model, slug(network), layer), self.answers[model, one["networks"][0]["key"], layer])
        found, keys = heard[:, filter], [picture["key"] for picture in self.index["pictures"]]
        if not np.isfinite(found).any():
            return ""
        if not picture or np.isnan(found[keys.index(picture)]):
            picture = keys[np.nanargmax(found)]
        return write_address(model, block, filter + 1, picture, slug(network))

    def tell(self, views: Sequence[tuple[str, str, str]]) -> None:
        """Open on the first of some views, and lead through all: each a short name, its address and a sentence, plain
        text."""
        self.views, self.index["first"] = views, views[0][1] if views else ""


def write_address(model: str, block: int | str, filter: int, picture: str, network: str = "") -> str:
    """Return the address of a view from its keys; block and filter count from 1, no network stands for the first."""
    return "#" + "/".join([model, str(block), str(filter), picture, *([network] if network else [])])


def slug(text: str) -> str:
    """Return a text as part of an address: its letters a to z and digits, with hyphens for what lies between them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def write_reader(folder: Path, models: Sequence[ReaderModel], pictures: Sequence[ReaderPicture],
                 tested: Sequence[ReaderPicture] = (), meanings: Mapping[str, str] | None = None) -> Reader:
    """Write what the reader loads, and make the part of the page that loads it.

    Parameters: `folder` is written whole or not at all, and replaces an earlier run's; `models` and `pictures` are at
    least one each; `tested` are the pictures that the tables are about; `meanings` explain the numbers in plain text,
    by their names. The same input gives the same bytes. Raises ValueError for a folder that holds anything else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / NOTE).is_file():
        raise ValueError(f"{folder} holds other files than feature maps; name another folder")
    index = {"address": ADDRESS, "meanings": dict(meanings or {}),
             "pictures": [_picture_facts(picture) for picture in pictures],
             "tested": [_picture_facts(picture) for picture in tested]}
    option = "`artpose book --out DIR`"
    with claim(folder, option), whole(folder, replace=True, option=option) as new:
        new.mkdir()
        (new / NOTE).write_text("Feature maps for the chapter that shows them. Each run of it replaces this folder.\n")
        for picture in pictures:
            _write_jpeg(new / "pictures" / f"{picture.key}.jpg", picture.image, PICTURE_SIDE)
            _write_jpeg(new / "small" / f"{picture.key}.jpg", picture.image, SMALL_SIDE)
        for number, picture in enumerate(tested):
            if picture.image is not None:
                _write_jpeg(new / "tested" / f"{number}.jpg", picture.image, TESTED_SIDE)
        answers = {}
        index["models"] = [_write_model(new, model, pictures, answers) for model in models]
    return Reader(index, answers)


def _write_model(folder: Path, model: ReaderModel, pictures: Sequence[ReaderPicture],
                 answers: dict[tuple[str, str, str], np.ndarray]) -> dict:
    """Write a model's sprites and, for each block, its numbers; add to `answers`, and return what the page has to know
    of the model."""
    titles = [*model.networks, *(["side by side"] if len(model.networks) > 1 else [])]
    for title, network in model.networks.items():
        sprites = [_write_sprites(folder, f"{model.key}/{slug(title)}/{picture.key}", network, picture, model.layers)
                   for picture in pictures]
        for layer in model.layers:
            low, high = (np.array([getattr(own[layer], end) for own in sprites]) for end in ("low", "high"))
            answers[model.key, slug(title), layer] = np.where(find_heard(high, low), high, np.nan)
    drawn = sprites[0]
    first = next(iter(model.networks.values()))
    columns = next(iter(model.tables.values()), pd.DataFrame()).columns
    classes = [column.removeprefix("auc_") for column in columns if column.startswith("auc_")]
    blocks = []
    for number, layer in enumerate(model.layers, 1):
        blocks.append({"layer": layer, "side": drawn[layer].side, "columns": drawn[layer].columns,
                       "count": len(drawn[layer].low), "field": list(receptive_field(first, layer)),
                       "input": first.input_shape[1]})
        loudest = {slug(title): [int(np.nanargmax(own)) if np.isfinite(own).any() else None  # each filter's picture
                                 for own in answers[model.key, slug(title), layer].T] for title in model.networks}
        numbers = (_numbers(model.tables[layer], classes, model.tested, drawn[layer].side)
                   if layer in model.tables else {})
        write_script(folder, f"{model.key}/{number}", {"loudest": loudest} | numbers)
        if numbers:
            write_script(folder, f"{model.key}/{number}-places",
                          {column: _round(model.tables[layer][column]) for column in ("x", "y", "returning")})
    return {"key": model.key, "title": model.title, "blocks": blocks, "classes": classes, "tested": len(model.tested),
            "networks": [{"key": slug(title), "title": title} for title in titles]}


def _write_sprites(folder: Path, key: str, network, picture: ReaderPicture, layers: Sequence[str]) -> dict[str, Sprite]:
    """Write the blocks' maps of a picture as `key`/1.png and so on, each with a script of its ranges."""
    image = resize(picture.image, network.input_shape[1])
    sprites = {layer: sprite(maps) for layer, maps in next(feature_maps(network, image[np.newaxis], layers)).items()}
    (folder / key).mkdir(parents=True)
    for number, drawn in enumerate(sprites.values(), 1):
        drawn.image.save(folder / f"{key}/{number}.png", compress_level=COMPRESSION)
        write_script(folder, f"{key}/{number}", {"low": _round(drawn.low), "high": _round(drawn.high)})
    return sprites


def _numbers(table: pd.DataFrame, classes: Sequence[str], tested: Sequence[int], side: int) -> dict:
    """Return a table as lists over its filters, with three digits: of a class its place (-1 for none), and of each
    strongest picture its number, the place of its peak, row by row, and the peak, one after the other."""
    plain = ("strength", "heard", "selectivity", "p", "inside", "inside_others", "box_share", "importance",
             "correlation_before_after")
    return {**{column: _round(table[column]) for column in plain},
            "best": [classes.index(name) if name else -1 for name in table["best_class"]],
            "auc": [_round(table[f"auc_{name}"]) for name in classes],
            "drop": [_round(table[f"importance_{name}"].round(3)) for name in classes],  # as it is shown
            "strongest": [[number for peak in peaks for number in (
                tested[peak["picture"]], peak["row"] * side + peak["column"], *_round([peak["activation"]]))]
                          for peaks in table["strongest"]]}


def _round(values: Sequence[float]) -> list[float | int | None]:
    """Round to three digits, a third of the bytes. What is not a number becomes None."""
    rounded = [float(f"{value:.3g}") if np.isfinite(value) else None for value in values]
    return [int(value) if value is not None and value.is_integer() else value for value in rounded]


def _picture_facts(picture: ReaderPicture) -> dict:
    height, width = (1, 1) if picture.image is None else picture.image.shape[:2]
    return {"key": picture.key, "caption": picture.caption, "label": picture.label, "width": width, "height": height,
            "boxes": [[round(float(edge), 4) for edge in box] for box in picture.boxes],
            "shown": picture.image is not None}


def _write_jpeg(path: Path, image: np.ndarray, side: int) -> None:
    path.parent.mkdir(exist_ok=True)
    picture = Image.fromarray(image)
    picture.thumbnail((side, side))
    picture.save(path, "JPEG", quality=JPEG_QUALITY, subsampling=0)  # small crops are enlarged: no blurred colours


def write_script(folder: Path, key: str, data: dict) -> None:
    """Write data under its file's name: from disk, a page may load scripts and no JSON."""
    text = json.dumps({key: data}, separators=(",", ":"), allow_nan=False)
    (folder / f"{key}.js").write_text(f"window.artposeMaps=Object.assign(window.artposeMaps||{{}},{text});\n",
                                      encoding="ascii")


def _contact_sheet(index: dict) -> str:
    """Return what stands there without JavaScript: the last block of each model, answering to the first picture."""
    picture = index["pictures"][0]
    shown = [(f"pictures/{picture['key']}.jpg", picture["caption"], picture["width"], picture["height"], "")]
    for model in index["models"]:
        block, network = model["blocks"][-1], model["networks"][0]
        said = (f"All {block['count']} filters of {block['layer']}, the last block of {model['title']} "
                f"({network['title']}), each from its lowest answer (black) to its highest (white).")
        shown.append((f"{model['key']}/{network['key']}/{picture['key']}/{len(model['blocks'])}.png", said,
                      block["columns"], -(-block["count"] // block["columns"]), "maps-sheet"))
    return "<p>With JavaScript, every filter of every block can be scrolled here.</p>" + "".join(
        f'<figure><div class="{kind}" style="--columns: {width}; --rows: {height}"><img loading="lazy" '
        f'alt="{escape(said)}" width="{width}" height="{height}" src="{index["address"]}/{path}"></div>'
        f"<figcaption>{escape(said)}</figcaption></figure>" for path, said, width, height, kind in shown)
