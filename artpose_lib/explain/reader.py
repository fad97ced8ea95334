"""Every filter of the trained networks as a page to scroll (Section 2.4, Figures A.6 to A.8).

The page needs no kernel, no server and no network: on ``file://`` a browser loads images and classic scripts, and that
is what is written here. A block's maps of one picture are one image with a script that tells its ranges, its numbers
another script, and they are loaded when a reader chooses the block. The front end (``reader.js``, its parts and
numbers, ``dom.js``, ``reader.css``) stands in the page's HTML once. Without JavaScript a contact sheet
stands there.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from artpose_lib.data.pictures import resize
from artpose_lib.explain.maps import Sprite, feature_maps, receptive_field, sprite
from artpose_lib.web import asset

ADDRESS = "../../_static/maps"  # the files as a chapter's page sees them, where they are in book/_static/maps
# Pixels of the longer side: of a picture that is looked at, of those to choose from, of the tested ones. With these a
# page's first view, VGG16's last block at 224 pixels, stays well below 1.5 MB.
PICTURE_SIDE, SMALL_SIDE, TESTED_SIDE = 720, 160, 256
JPEG_QUALITY = 85
NOTE = "README.txt"  # marks a folder that may be replaced
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SIDE_BY_SIDE = "side-by-side"  # stands in an address where a network's key stands


@dataclass(frozen=True, eq=False)
class ReaderPicture:
    """A picture to look at.

    `key` names it in addresses (see `slug`); `image` is uint8 RGB (h, w, 3), at best in the work's own proportions, and
    None for a tested picture that no page may show; `caption` and `label` are plain text, as others wrote it; `boxes`
    those around its figures as fractions (x0, y0, x1, y1) of width and height.
    """

    key: str
    image: np.ndarray | None
    caption: str
    label: str = ""
    boxes: Sequence[Sequence[float]] = ()


@dataclass(frozen=True, eq=False)
class ReaderModel:
    """An architecture with its networks.

    `key` names it in addresses; `title` is plain text; `layers` one a block, from fine to coarse. `networks` are flat
    keras.Models of this architecture by a short title, such as "fine-tuned" and "ImageNet"; numbers are about the
    first. `tables` hold for some layers, or for none, what `filters.filter_table` measured on those of the tested
    pictures that `tested` numbers (from 0, in the order in which the tables count them; None: on all of them).
    """

    key: str
    title: str
    layers: Sequence[str]
    networks: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    tested: Sequence[int] | None = None


class Reader:
    """The page's part that shows the maps: `html`, which a notebook shows by itself. One fits on a page."""

    def __init__(self, index: dict):
        self.index = index
        self.html = _page(index)

    def _repr_html_(self) -> str:
        return self.html

    def link(self, model: str, layer: str, filter: int, picture: str, network: str = "") -> str:
        """The address of a view, such as "#vgg16/5/120/sebastian", for a link in the prose.

        Parameters: the keys of model and picture; `filter` counts from 0, as in tables, whereas the address counts from
        1, as the page does; `network` is a title, or "side-by-side" for all networks, or "" for the first.
        Raises ValueError where there is no such view.
        """
        shown = next((one for one in self.index["models"] if one["key"] == model), {"blocks": [], "networks": []})
        block = next((number for number, one in enumerate(shown["blocks"], 1) if one["layer"] == layer), 0)
        known = {one["key"] for one in shown["networks"]} | {SIDE_BY_SIDE}
        if not (block and 0 <= filter < shown["blocks"][block - 1]["count"] and (not network or slug(network) in known)
                and picture in [one["key"] for one in self.index["pictures"]]):
            raise ValueError(f"there is no view of {model}, {layer}, filter {filter}, {picture} {network}".rstrip())
        return "#" + "/".join([model, str(block), str(filter + 1), picture] + [slug(network)] * bool(network))


def slug(text: str) -> str:
    """A text as part of an address: its letters a to z and digits, with hyphens for whatever lies between them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def write_reader(folder: Path, models: Sequence[ReaderModel], pictures: Sequence[ReaderPicture],
                 tested: Sequence[ReaderPicture] = (), address: str = ADDRESS) -> Reader:
    """Write what the reader loads, and make the part of the page that loads it.

    Parameters: `folder` appears whole, in the place of what an earlier run wrote there, or not at all; `pictures` are
    those to choose from, each squeezed to a network's square as `PoseDataset.images` does; `tested` are the pictures
    that the tables are about, in their order; `address` is where a browser finds the folder, as seen from the page.
    The same input gives the same bytes.
    Raises ValueError for keys that are doubled or do not fit an address, a table about other pictures than `tested`,
    and a folder that holds anything else.
    """
    _check(models, pictures, tested)
    index = {"address": address, "models": [], "pictures": [_described(picture) for picture in pictures],
             "tested": [_described(picture) for picture in tested]}
    with _replacing(Path(folder)) as new:
        for picture in pictures:
            for kind, side in (("pictures", PICTURE_SIDE), ("small", SMALL_SIDE)):
                _write_jpeg(new / kind / f"{picture.key}.jpg", picture.image, side)
        for number, picture in enumerate(tested):
            if picture.image is not None:
                _write_jpeg(new / "tested" / f"{number}.jpg", picture.image, TESTED_SIDE)
        for model in models:
            own = range(len(tested)) if model.tested is None else model.tested
            index["models"].append(_write_model(new, model, pictures, own))
    return Reader(index)


def _check(models: Sequence[ReaderModel], pictures: Sequence[ReaderPicture], tested: Sequence[ReaderPicture]) -> None:
    groups = [[model.key for model in models], [picture.key for picture in pictures],
              *([*map(slug, model.networks), SIDE_BY_SIDE] for model in models)]
    for keys in groups:
        if not keys:
            raise ValueError("a reader needs at least one model and one picture")
        for key in keys:
            if not KEY.fullmatch(key) or keys.count(key) > 1:
                raise ValueError(f'the key "{key}" is there twice, or is not of a to z, 0 to 9 and hyphens between')
    for model in models:
        own = range(len(tested)) if model.tested is None else model.tested
        if any(number not in range(len(tested)) for number in own):
            raise ValueError(f"{model.key} was tested on other pictures than the {len(tested)} given")
        for layer, table in model.tables.items():
            if any(peak.picture >= len(own) for peaks in table["strongest"] for peak in peaks):
                raise ValueError(f"the table of {layer} is about more pictures than the {len(own)} tested ones")


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `folder` once all is written."""
    if folder.exists() and any(folder.iterdir()) and not (folder / NOTE).is_file():
        raise ValueError(f"{folder} holds other files than feature maps; name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        new = Path(beside) / "new"
        new.mkdir()
        (new / NOTE).write_text("Feature maps for the chapter that shows them. Each run of it replaces this folder.\n")
        yield new
        if folder.exists():
            os.replace(folder, Path(beside) / "old")
        os.replace(new, folder)


def _write_model(folder: Path, model: ReaderModel, pictures: Sequence[ReaderPicture], tested: Sequence[int]) -> dict:
    """Write a model's sprites and, for each block, its script; returns what the page has to know of the model."""
    networks = [{"key": slug(title), "title": title} for title in model.networks]
    for title, network in model.networks.items():
        for picture in pictures:
            sprites = _sprites(network, picture.image, model.layers)
            for number, layer in enumerate(model.layers, 1):
                _write_sprite(folder, f"{model.key}/{slug(title)}/{picture.key}/{number}", sprites[layer])
    first = next(iter(model.networks.values()))
    blocks, classes = [], _classes(model)
    for number, layer in enumerate(model.layers, 1):
        table = model.tables.get(layer)
        blocks.append({"layer": layer, "side": sprites[layer].side, "columns": sprites[layer].columns,
                       "count": sprites[layer].count, "field": list(receptive_field(first, layer)),
                       "input": first.input_shape[1]})
        _write_script(folder, f"{model.key}/{number}", None if table is None else _numbers(table, classes, tested))
    return {"key": model.key, "title": model.title, "networks": networks, "blocks": blocks, "classes": classes,
            "tested": len(tested)}


def _sprites(network, image: np.ndarray, layers: Sequence[str]) -> dict[str, Sprite]:
    squeezed = resize(image, network.input_shape[1])
    return {layer: sprite(maps[0]) for layer, maps in feature_maps(network, squeezed[np.newaxis], layers).items()}


def _classes(model: ReaderModel) -> list[str]:
    """The classes of a model's tables, in their order."""
    columns = [column for table in model.tables.values() for column in table.columns if column.startswith("auc_")]
    return list(dict.fromkeys(column.removeprefix("auc_") for column in columns))


def _numbers(table: pd.DataFrame, classes: Sequence[str], tested: Sequence[int]) -> dict:
    """A table as lists over its filters, with three digits; `best` is an index into `classes`, -1 for none."""
    plain = ("strength", "selectivity", "p", "inside", "box_share", "importance", "moved")
    return {**{column: _list(table[column]) for column in plain},
            "best": [classes.index(name) if name in classes else -1 for name in table["best_class"]],
            "auc": [_list(table[f"auc_{name}"]) for name in classes],
            "drop": [_list(table[f"importance_{name}"]) for name in classes],
            "strongest": [[[tested[peak.picture], peak.row, peak.column, *_list([peak.activation])] for peak in peaks]
                          for peaks in table["strongest"]]}


def _list(values: Sequence[float]) -> list[float | int | None]:
    """Three digits: what a reader compares, at a third of the bytes. What is not a number becomes None."""
    rounded = [float(f"{value:.3g}") if np.isfinite(value) else None for value in values]
    return [int(value) if value is not None and value.is_integer() else value for value in rounded]


def _short(values: Sequence[float]) -> list[float | int | None] | float | int | None:
    """The same, and one number where all are alike: after ReLU nearly all minima are 0."""
    rounded = _list(values)
    return rounded[0] if len(set(rounded)) == 1 else rounded


def _described(picture: ReaderPicture) -> dict:
    height, width = (1, 1) if picture.image is None else picture.image.shape[:2]
    return {"key": picture.key, "caption": picture.caption, "label": picture.label, "width": width, "height": height,
            "boxes": [[round(float(edge), 4) for edge in box] for box in picture.boxes],
            "shown": picture.image is not None}


def _write_jpeg(path: Path, image: np.ndarray, side: int) -> None:
    picture = Image.fromarray(image)
    picture.thumbnail((side, side))
    path.parent.mkdir(exist_ok=True)
    picture.save(path, "JPEG", quality=JPEG_QUALITY, subsampling=0)  # small crops are enlarged: no blurred colours


def _write_sprite(folder: Path, key: str, drawn: Sprite) -> None:
    path = folder / f"{key}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn.png)
    _write_script(folder, key, {"low": _short(drawn.low), "high": _short(drawn.high)})


def _write_script(folder: Path, key: str, data: dict | None) -> None:
    """What a page has to know and cannot read from disk but by running it: the file's name is the key of its data."""
    text = json.dumps({key: data}, separators=(",", ":"), allow_nan=False)
    (folder / f"{key}.js").write_text(f"window.artposeMaps=Object.assign(window.artposeMaps||{{}},{text});\n",
                                      encoding="ascii")


def _page(index: dict) -> str:
    data = json.dumps(index, separators=(",", ":")).replace("<", "\\u003c")  # a "<" in a text could end the element
    scripts = "\n".join(asset(name) for name in ("dom.js", "readerparts.js", "readernumbers.js", "reader.js"))
    # Without the attribute, JupyterLab takes keys that are pressed here for its own shortcuts.
    return (f'<div class="artpose-maps" data-lm-suppress-shortcuts="true"><style>{asset("reader.css")}</style>'
            f'<script type="application/json">{data}</script><noscript>{_contact_sheet(index)}</noscript>'
            f'<script>(function (root) {{\n"use strict";\n{scripts}\n}})(document.currentScript.parentNode);</script>'
            "</div>")


def _contact_sheet(index: dict) -> str:
    """What stands there without JavaScript: the last block of each model, answering to the first picture."""
    address, picture = escape(index["address"]), index["pictures"][0]
    caption = escape(picture["caption"])
    figures = [f'<figure><img loading="lazy" alt="{caption}" src="{address}/pictures/{picture["key"]}.jpg" '
               f'width="{picture["width"]}" height="{picture["height"]}"><figcaption>{caption}</figcaption></figure>']
    for model in index["models"]:
        block, number, network = model["blocks"][-1], len(model["blocks"]), model["networks"][0]
        rows = -(-block["count"] // block["columns"])
        said = escape(f"All {block['count']} filters of {block['layer']}, the last block of {model['title']} "
                      f"({network['title']}), each from its lowest answer (black) to its highest (white)")
        figures.append(f'<figure><div class="maps-sheet" style="--columns: {block["columns"]}; --rows: {rows}">'
                       f'<img loading="lazy" alt="{said}" width="{block["columns"]}" height="{rows}" '
                       f'src="{address}/{model["key"]}/{network["key"]}/{picture["key"]}/{number}.png"></div>'
                       f"<figcaption>{said}.</figcaption></figure>")
    return "<p>With JavaScript, every filter of every block can be scrolled here.</p>" + "".join(figures)
