"""What the explorer shows, without its widgets: a view by its address, and all that has to be computed for it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd

from artpose_lib.data.pictures import PictureError, decode, decode_square, resize
from artpose_lib.explain.gradcam import gradcam, map_layers
from artpose_lib.explain.maps import Sprite, feature_maps, sprite
from artpose_lib.explain.reader import SIDE_BY_SIDE, slug
from artpose_lib.model.backbones import BACKBONES

SUREST = -1  # in place of a class: the one that the network gives the highest probability
BY_NUMBER, BY_PEAK = "number", "peak in this picture"  # what every layer can be sorted by, with a table or without
LOW_FIRST = ("p", "moved")  # columns of a table in which small values are the remarkable ones
LONGEST = 100  # characters kept of an uploaded file's name


class View(NamedTuple):
    """What is looked at: names as they were given, the filter from 1, the class from 0 or `SUREST`."""

    model: str
    layer: str
    filter: int
    picture: str
    sort: str = BY_NUMBER
    class_index: int = SUREST


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is shown of a view.

    `view` is the one asked for, its layer, filter and order replaced where the model has no such; `labels` says what
    each of the model's layers is called and `orders` in which order each column puts the filters, counted from 1.
    `picture` is uint8 RGB (size, size, 3) as the network saw it; `tile` the map of the filter and `grid` those of all
    filters in their order; `numbers` the filter's row of the table, empty where there is none.
    `probabilities` are those of the classes, and `cam` is Grad-CAM, float32 (side, side), for the class `judged`; all
    three are None where the model does not tell the classes apart.
    """

    view: View
    labels: dict[str, str]
    orders: dict[str, tuple[int, ...]]
    picture: np.ndarray
    tile: Sprite
    grid: Sprite
    numbers: pd.Series
    probabilities: dict[str, float] | None
    judged: str | None
    cam: np.ndarray | None

    @property
    def order(self) -> tuple[int, ...]:
        """The filters, counted from 1, as the view sorts them."""
        return self.orders[self.view.sort]

    @property
    def place(self) -> int:
        """Where the filter stands in this order, from 0."""
        return self.order.index(self.view.filter)


class Scenes:
    """Networks, pictures and tables by name, and any view of them. Parameters as in `FeatureMapExplorer`."""

    def __init__(self, models: Mapping[str, object], pictures: Mapping[str, np.ndarray], classes: Sequence[str],
                 tables: Mapping[tuple[str, str], pd.DataFrame] | None = None):
        if not models or not pictures:
            raise ValueError("there must be a model and a picture at least")
        self.models, self.tables, self.classes = dict(models), dict(tables or {}), tuple(map(str, classes))
        self.pictures = {title: partial(resize, picture) for title, picture in pictures.items()}
        self._kept: dict[str, tuple[object, object]] = {}

    def add(self, name: str, data: bytes) -> tuple[str, list[str]]:
        """Take a file's bytes in as a picture; returns its title, which is new, and what `pictures.decode` converted.

        Raises PictureError, naming the file, where it cannot be used.
        """
        name = name[:LONGEST]
        try:
            _, conversions = decode(data, side=1)  # even the smallest decode reads the file to its end
        except PictureError as error:
            raise PictureError(f"{name}: {error}") from error
        title, number = name, 1
        while title in self.pictures:
            number += 1
            title = f"{name} ({number})"
        self.pictures[title] = partial(decode_square, data)
        return title, conversions

    def view(self, address: str) -> View:
        """The view that an address names, see `FeatureMapExplorer`. Raises ValueError where something is not there."""
        parts = [unquote(part) for part in address.strip().rpartition("#")[2].split("/")]
        if len(parts) not in (4, 5):
            raise ValueError("An address has four parts: model/block/filter/picture.")
        model, block, number, picture, *version = parts
        model = _named("-".join([model, *(part for part in version if part != SIDE_BY_SIDE)]), self.models)
        picture = _named(picture, self.pictures)
        if not model or not picture:
            raise ValueError(f'There is no {"picture" if model else "model"} "{parts[3 if model else 0]}" here.')
        network = self.network(model)
        layer = {str(place): layer for place, layer in enumerate(_blocks(network), start=1)}.get(block, block)
        if layer not in map_layers(network):
            raise ValueError(f'{model} has no block or layer "{block}" with feature maps.')
        count = network.get_layer(layer).output.shape[-1]
        if not number.isdecimal() or not 1 <= int(number) <= count:
            raise ValueError(f'{layer} has no filter "{number}", only 1 to {count}.')
        return View(model, layer, int(number), picture)

    def address(self, view: View) -> str:
        """The address of a view."""
        blocks = _blocks(self.network(view.model))
        block = str(blocks.index(view.layer) + 1) if view.layer in blocks else quote(view.layer, safe="")
        return "/".join([_key(view.model, self.models), block, str(view.filter), _key(view.picture, self.pictures)])

    def network(self, name: str):
        """The model of that name, loaded on first use."""
        import keras  # here and not above, so that the explorer can be imported without loading TensorFlow

        if not isinstance(self.models[name], keras.Model):
            self.models[name] = self.models[name]()
        return self.models[name]

    def look(self, view: View) -> Scene:
        """Everything about a view; where the model lacks its layer, filter or order, about the first that it has.

        Raises ValueError where the model has no layer with feature maps or has diverged, and whatever a function that
        loads a model raises.
        """
        network = self.network(view.model)
        labels = _labels(network)
        layer = view.layer if view.layer in labels else next(iter(labels))
        size = network.input_shape[1]
        picture = self._once("picture", (view.picture, size), lambda: self.pictures[view.picture](size))
        seen = view.model, layer, view.picture
        maps = self._once("maps", seen, lambda: feature_maps(network, picture[np.newaxis], [layer])[layer][0])
        table = self.tables.get((view.model, layer), pd.DataFrame()).reindex(range(maps.shape[-1]))
        orders = self._once("orders", seen, lambda: _orders(maps, table))
        sort = view.sort if view.sort in orders else BY_NUMBER
        number = view.filter if view.filter in orders[sort] else orders[sort][0]
        return Scene(
            view._replace(layer=layer, filter=number, sort=sort), labels, orders, picture,
            sprite(maps[:, :, number - 1:number]),
            self._once("grid", (seen, sort), lambda: sprite(maps[:, :, np.array(orders[sort]) - 1])),
            table.iloc[number - 1], *self._judgement(network, picture, view))

    def _judgement(self, network, picture: np.ndarray, view: View) -> tuple:
        """The probabilities, the class that is explained and its Grad-CAM, or three times None."""
        if network.output.shape[1:] != (len(self.classes),):
            return None, None, None
        head = network.layers[-1].name
        found = self._once("probabilities", (view.model, view.picture),
                           lambda: feature_maps(network, picture[np.newaxis], [head])[head][0])
        index = int(found.argmax()) if view.class_index == SUREST else view.class_index
        cam = self._once("cam", (view.model, view.picture, index), lambda: gradcam(network, picture, index))
        return dict(zip(self.classes, found.tolist(), strict=True)), self.classes[index], cam

    def _once(self, what: str, key: object, compute: Callable[[], object]) -> object:
        """What was computed last under this name where its key is still the same, so that a step is quick."""
        if what not in self._kept or self._kept[what][0] != key:
            self._kept[what] = key, compute()
        return self._kept[what][1]


def _named(part: str, names: Iterable[str]) -> str | None:
    """The name that a part of an address stands for: itself, or else the first with this slug, or that begins so."""
    exact = [name for name in names if name == part]
    alike = [name for name in names if part and slug(name) == part]
    longer = [name for name in names if part and slug(name).startswith(f"{part}-")]
    return next(iter(exact + alike + longer), None)


def _key(name: str, names: Iterable[str]) -> str:
    """A name as part of an address: its slug, or where that stands for another the name itself, percent-encoded."""
    return slug(name) if _named(slug(name), names) == name else quote(name, safe="")


def _blocks(network) -> tuple[str, ...]:
    return BACKBONES[network.name].blocks if network.name in BACKBONES else ()


def _labels(network) -> dict[str, str]:
    """What each layer with maps is called, a backbone's five blocks first."""
    layers = map_layers(network)
    if not layers:
        raise ValueError(f"the network {network.name} has no layer with feature maps")
    blocks = {layer: f"block {number}: {layer}" for number, layer in enumerate(_blocks(network), start=1)}
    return blocks | {layer: layer for layer in layers if layer not in blocks}


def _orders(maps: np.ndarray, table: pd.DataFrame) -> dict[str, tuple[int, ...]]:
    """The filters, counted from 1, by number, by their largest activation here, and by every number of the table."""
    scores = {BY_NUMBER: -np.arange(maps.shape[-1]), BY_PEAK: maps.max(axis=(0, 1))}
    for column in table.select_dtypes("number"):
        scores[str(column)] = (-1 if column in LOW_FIRST else 1) * table[column].to_numpy(float)
    # What is not known comes last, and equals stay in the order of their numbers.
    return {name: tuple((np.argsort(np.where(np.isnan(score), np.inf, -score), kind="stable") + 1).tolist())
            for name, score in scores.items()}
