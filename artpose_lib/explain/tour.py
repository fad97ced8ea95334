"""Views of feature maps that are worth a look, each found by a measurement: an edge, a texture, a part, a pose, the
background."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd
from sklearn.feature_selection import r_regression

from artpose_lib.data.pictures import resize
from artpose_lib.explain.maps import feature_maps
from artpose_lib.explain.parts import POSE, light_and_edges
from artpose_lib.explain.reader import Reader, ReaderModel, ReaderPicture


class View(NamedTuple):
    """A filter to look at, counted from 0, the address of a picture in which it answers, mostly the loudest, and what
    it was chosen by."""

    name: str
    layer: str
    filter: int
    address: str
    facts: pd.Series


def choose_views(reader: Reader, model: ReaderModel, pictures: Sequence[ReaderPicture],
                 dissected: pd.DataFrame) -> list[View]:
    """Return the views that can be measured, the first to open on, of filters that are heard in a picture of `reader`.

    Parameters: `model` is one of the reader's, with tables; `dissected` is what `networks.dissect_networks` returns.
    The views are: "a pose", the most selective filter of the last block but one (by p, then by selectivity), of those
    whose loudest picture is of the class that they tell apart; "an edge" of the first block and "a texture" of the
    third, whose maps of `pictures` correlate most with edges and with how much lightness varies within each place
    (facts: correlation); "a part", the filter that holds one best, by its density beside what never learned, in a
    picture of the pose that has it, if it is heard there; "the background", of the last block, with the least energy
    inside the boxes beyond other pictures' boxes.
    """
    network = next(iter(model.networks))
    first, third, layer, last = (model.layers[place] for place in (0, 2, -2, -1))
    poses = model.tables[layer].dropna(subset=["p"]).sort_values(["p", "selectivity"], ascending=[True, False])
    labels = {picture.key: picture.label for picture in pictures}
    loudest = [labels.get(reader.link(model.key, layer, filter).split("/")[-1]) for filter in poses.index]
    behind = model.tables[last].dropna(subset=["inside", "inside_others"])
    parts = dissected[(dissected["model"] == model.key) & (dissected["network"] == network)
                      & (dissected["part"] != "background")].dropna(subset=["density", "unlearned"])
    ranked = {  # of each name filters, the best first
        "a pose": poses.iloc[np.argsort(poses["best_class"] != loudest, kind="stable")].assign(layer=layer),
        "an edge": _rank_by_likeness(model.networks[network], pictures, first,
                                     lambda image, side: _shrink(light_and_edges(image)[..., 2], side)),
        "a texture": _rank_by_likeness(model.networks[network], pictures, third, _measure_texture),
        "a part": parts.iloc[(-parts["low"] / parts["unlearned"]).argsort()].set_index("filter"),
        "the background": behind.iloc[(behind["inside"] - behind["inside_others"]).argsort()].assign(layer=last)}
    shown = {"a part": next((picture.key for picture in pictures if picture.label == POSE), "")}
    heard = {name: [View(name, facts["layer"], filter, address, facts) for filter, facts in table.iterrows()
                    if (address := reader.link(model.key, facts["layer"], filter, shown.get(name, "")))]
             for name, table in ranked.items()}
    return [views[0] for views in heard.values() if views]


def _rank_by_likeness(network, pictures: Sequence[ReaderPicture], layer: str,
                      look: Callable[[np.ndarray, int], np.ndarray]) -> pd.DataFrame:
    """Return the filters, those first whose maps correlate most with what `look` finds, over all places of all
    pictures."""
    images = np.stack([resize(picture.image, network.input_shape[1]) for picture in pictures])
    maps = np.stack([found[layer] for found in feature_maps(network, images, [layer])])
    looked = np.concatenate([look(image, maps.shape[1]).ravel() for image in images])
    correlation = r_regression(maps.reshape(-1, maps.shape[-1]).astype(np.float64), looked)
    return pd.DataFrame({"layer": layer, "correlation": correlation}).sort_values("correlation", ascending=False)


def _measure_texture(image: np.ndarray, side: int) -> np.ndarray:
    """The standard deviation of lightness within each place, float32 (side, side)."""
    light = light_and_edges(image)[..., 0]
    return np.sqrt(np.maximum(_shrink(light ** 2, side) - _shrink(light, side) ** 2, 0))


def _shrink(values: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA)
