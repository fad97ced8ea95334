"""What networks answer to most, as a reference edition keeps it: pictures in one sprite, and what each of them is.

No artwork is in them. They are made from noise (`explain.visualise`).
"""

import base64
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

from artpose_lib.classify.web_model import HEAD, NETWORK
from artpose_lib.files import say, whole
from artpose_lib.train.records import Record, hash_json

if TYPE_CHECKING:  # Keras takes seconds to import
    import keras

SPRITE, TABLE = KEPT = "visualised.webp", "visualised.json"
COLUMNS, QUALITY = 10, 85  # pictures in a row; WebP's
FILTERS = {2: 3, 3: 5, 4: 5, 5: 5}  # how many of each block, evenly spread over it: edges, textures, parts, objects
# What a network learned from: the edition's pictures, ImageNet, or no more, since the latter's weights were shuffled.
ART, IMAGENET, SHUFFLED = "art", "photographs", "nothing"
CONTROL = 4  # the block that is drawn with shuffled weights too


def draw_edition(folder: Path, records: Sequence[Record], results: Path, weights_dir: str | None = None) -> Path:
    """Draw what networks answer to most, and store it in the folder of an edition, in place of what is there.

    It draws the classes of the edition's head.json and of each record; and of one that all layers learned in, FILTERS
    too, after training and before, and of the block CONTROL with shuffled weights. Pictures are kept below `results`.
    Returns the sprite's path. Raises ValueError where the edition has no head or pictures of other records, which would
    be lost, and as `classify.model.build_network`.
    """
    from artpose_lib.classify.model import build_network, flatten
    from artpose_lib.explain.maps import tile
    from artpose_lib.explain.visualise import FOLDER, visualise_classes, visualise_filters
    from artpose_lib.model.backbones import BACKBONES, build_backbone

    if not (folder / HEAD).is_file():
        raise ValueError(f"{folder} is no reference edition with a head: it has no {HEAD}")
    there = {*read_edition(folder).get("trial", pd.Series(dtype=str)).dropna()} - {own.folder.name for own in records}
    if there:
        raise ValueError(f"{folder / TABLE} has pictures of {', '.join(sorted(there))} too, which would be lost. Name "
                         "these with --model as well, or remove that file.")
    rows, drawn = [], []

    def add(name: str, draw: Callable[[], np.ndarray], facts: dict, what: Sequence[dict]) -> None:
        drawn.append(_keep(results / FOLDER / f"{name}-{hash_json([*what])}.npy", draw))
        rows.extend(facts | own for own in what)

    head = json.loads((folder / HEAD).read_bytes())
    network, count = _open_head(head, weights_dir), range(len(head["classes"]))
    key = hash_json([head["kernel"], head["bias"]])
    add(f"{folder.name}-head-{key}", partial(visualise_classes, network, count, grey=True),
        {"network": NETWORK, "layers": "frozen", "learned_from": ART, "accuracy": head["card"]["accuracy"]["works"]},
        [{"class": name} for name in head["classes"]])
    for record in records:
        own, recipe = flatten(build_network(record, weights_dir)), record.config["recipe"]
        art = ART * folder.name.endswith(record.config["data"])
        facts = {"network": recipe["backbone"], "layers": record.layers, "accuracy": record.facts["test_accuracy"],
                 "learned_from": art or record.facts["data_name"], "trial": record.folder.name,
                 "epochs": record.facts["epochs"], "size": record.config["size"]}
        add(f"{record.folder.name}-classes", partial(visualise_classes, own, count), facts,
            [{"class": name} for name in record.config["classes"]])
        if record.layers == "frozen":
            continue
        before = build_backbone(recipe["backbone"], None, "imagenet", weights_dir)
        networks = {facts["learned_from"]: own, IMAGENET: before, SHUFFLED: _shuffle(before)}
        for block, number in FILTERS.items():
            layer = BACKBONES[recipe["backbone"]].blocks[block - 1]
            filters = np.linspace(0, own.get_layer(layer).output.shape[-1] - 1, number).round().astype(int).tolist()
            for title, one in networks.items():
                if title != SHUFFLED or block == CONTROL:
                    add(f"{record.folder.name}-{title}-{layer}", partial(visualise_filters, one, layer, filters),
                        facts | {"learned_from": title},
                        [{"block": block, "layer": layer, "filter": filter} for filter in filters])
    with whole(folder / SPRITE, replace=True) as new:
        tile(np.concatenate(drawn), COLUMNS).save(new, "WEBP", quality=QUALITY, method=6)
    with whole(folder / TABLE, replace=True) as new:
        new.write_text(json.dumps(rows, indent=0) + "\n", "ascii")
    return folder / SPRITE


def read_edition(folder: Path) -> pd.DataFrame:
    """What was drawn for an edition: network, layers ("frozen" or "finetuned": which learned), learned_from, accuracy,
    trial, epochs, size, class, block, layer, filter (from 0), and picture, uint8 RGB (side, side, 3); empty where
    nothing was."""
    if not all((folder / name).exists() for name in KEPT):
        return pd.DataFrame(columns=["network", "layers", "learned_from", "accuracy", "class", "picture"])
    table = pd.DataFrame(json.loads((folder / TABLE).read_bytes()))
    with Image.open(folder / SPRITE) as sprite:
        pixels = np.asarray(sprite.convert("RGB"))
    side = pixels.shape[1] // COLUMNS
    pictures = pixels.reshape(-1, side, COLUMNS, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    return table.assign(picture=[*pictures[:len(table)]])


def _keep(path: Path, draw: Callable[[], np.ndarray]) -> np.ndarray:
    if not path.exists():
        say(f"drawing {path.stem}")
        with whole(path) as new:
            np.save(new, draw())
    return np.load(path)


def _shuffle(network: "keras.Model") -> "keras.Model":
    """The network with the numbers of each of its weights in another order."""
    import keras

    random, shuffled = np.random.default_rng(0), keras.models.clone_model(network)
    shuffled.set_weights([random.permutation(own.ravel()).reshape(own.shape) for own in network.get_weights()])
    return shuffled


def _open_head(head: dict, weights_dir: str | None) -> "keras.Model":
    """The network of `web_model.describe_head` as a flat graph."""
    from artpose_lib.classify.model import flatten
    from artpose_lib.model import classifier

    network = classifier.build_both_ways(NETWORK, len(head["classes"]), head["size"], weights_dir)
    kernel = np.frombuffer(base64.b64decode(head["kernel"]), np.float32).reshape(-1, len(head["classes"]))
    network.get_layer(classifier.HEAD).set_weights([kernel, np.float32(head["bias"])])
    return flatten(network)
