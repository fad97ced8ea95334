"""The networks of the chapter on feature maps: each beside itself before training, with the pictures that it was tested
on and the numbers of its filters."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from artpose_lib import __version__
from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.metadata import parse_boxes
from artpose_lib.data.pictures import shrink_picture
from artpose_lib.explain.filters import filter_tables
from artpose_lib.explain.parts import dissect, dissect_light_and_edges, draw_probes
from artpose_lib.explain.reader import PICTURE_SIDE, ReaderModel, ReaderPicture, slug
from artpose_lib.files import say, whole
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.model.classifier import build_classifier
from artpose_lib.train.recipes import Profile, find_recipe
from artpose_lib.train.records import Record, hash_json, likeliest_class
from artpose_lib.train.training import Trainer

TUNED, IMAGENET = "fine-tuned", "ImageNet"
SCRATCH, UNTRAINED = "from scratch", "untrained"
UNTRAINED_SEED = 0  # of networks that only stand beside others
GROUPS = ("Graces", "Pieta")  # the poses of more than one figure (Section 2.1)
MISTAKEN = "mistaken"  # stands in addresses where the key of another picture is its class


class TestedNetworks:
    """Networks of finished trials, each beside itself before training, and the pictures of their test parts.

    Parameters: `records` are trials on `dataset` that kept their weights; `weights_dir` holds ImageNet weight files
    (None: Keras' own). The networks look at pictures of the size that `profile` gives to frozen models, which may be
    larger than those that they learned from (None: as large). `models` are a `ReaderModel` each, without tables;
    `tested` the pictures of all test parts, and `rows` their rows in the data set. `pictures` are those of the first
    network's test part that a page may show and that it is surest of, one a class; and last, if any, `mistaken`, the
    single figure that it is surest to be the group `mistaken_for`.
    """

    def __init__(self, records: Sequence[Record], dataset: PoseDataset, weights_dir: str | None = None,
                 profile: Profile | None = None):
        self.records, self.dataset = list(records), dataset
        parts = [record.predictions.query("part == 'test'") for record in records]
        names = pd.Index(dataset.metadata["file_name"])
        rows = [names.get_indexer(part["file_name"]) for part in parts]
        self.rows = np.unique(np.concatenate(rows))
        self.tested = [_reader_picture(dataset, row, str(number)) for number, row in enumerate(self.rows)]
        self.models = [_load_model(record, dataset, weights_dir, np.searchsorted(self.rows, own).tolist(), profile)
                       for record, own in zip(records, rows, strict=True)]
        first = parts[0].assign(picture=[self.tested[own] for own in self.models[0].tested])
        shown = first[[picture.image is not None for picture in first["picture"]]]
        self.mistaken, self.mistaken_for = _find_mistaken(shown)
        self.pictures = _surest_pictures(shown, dataset.classes) + ([self.mistaken] if self.mistaken else [])


def measure_filters(networks: TestedNetworks, results: Path, ablate_all: bool = True) -> list[ReaderModel]:
    """Measure every filter of the networks' blocks on their test parts, and return the models with their tables.

    It takes up to minutes a network; tables stored in `results`/filters are read instead. Without `ablate_all`, filters
    of networks that learned from nothing are not ablated: after a short profile these are near chance.
    """
    models = []
    for record, model in zip(networks.records, networks.models, strict=True):
        boxes = [networks.tested[number].boxes for number in model.tested]
        ablate, size = ablate_all or bool(record.config["recipe"]["weights"]), model.input_size
        # What a trial's name does not say, and what changed since: filters must be heard, p is of the rarest area, each
        # has a place among all and a loudest picture.
        changes = "heard, rarest, placed, loudest"
        digest = hash_json([__version__, changes, size, ablate, [box.tolist() for box in boxes]])
        path = results / "filters" / f"{record.folder.name}-{digest}.parquet"
        if not path.exists():
            say(f"numbers of every filter of {model.title}")
            dataset, rows = networks.dataset, networks.rows[model.tested]
            tables = filter_tables(*model.networks.values(), dataset.images(size, rows),
                                   dataset.labels[rows], dataset.classes, boxes, model.layers, record.config["seed"],
                                   ablate)
            with whole(path) as partial:
                pd.concat(tables, names=["layer"]).to_parquet(partial)
        table = pd.read_parquet(path)
        models.append(model._replace(tables={layer: table.loc[layer] for layer in model.layers}))
    return models


def dissect_networks(models: Sequence[ReaderModel], drawings: int) -> pd.DataFrame:
    """Find the parts of that many drawings in all networks (`parts.dissect`), untrained ones, and light and edges.

    Returns its columns and: model, the key ("" for what is in no page); network, UNTRAINED for random weights, "" for
    light and edges; name, of both; size; what, the filter in words; unlearned, the highest upper end that anything
    which never learned reaches for the part at this size: what a filter that holds the part must lie above.
    """
    probes = draw_probes(drawings)
    asked = [(model.key, model, title, network) for model in models for title, network in model.networks.items()]
    asked += [("", model, UNTRAINED, _build_untrained(model)) for model in models if UNTRAINED not in model.networks]
    dissected = [dissect(network, model.layers, probes).assign(
        model=key, network=title, name=f"{model.title} {title}", size=network.input_shape[1])
        for key, model, title, network in asked]
    plain = [dissect_light_and_edges(size, probes).assign(
        model="", network="", name=f"light and edges at {size} pixels", size=size)
        for size in sorted({network.input_shape[1] for *_, network in asked})]
    found = pd.concat([*dissected, *plain], ignore_index=True)
    blocks = {layer: str(number) for model in models for number, layer in enumerate(model.layers, start=1)}
    place = ", block " + found["layer"].map(blocks) + ", filter " + (found["filter"] + 1).astype(str)
    found["what"] = found["name"] + place.where(found["layer"] != "", "")
    bar = found[found["network"].isin(["", UNTRAINED])].groupby(["part", "size"])["high"].max()
    return found.join(bar.rename("unlearned"), on=["part", "size"])


def _reader_picture(dataset: PoseDataset, row: int, key: str) -> ReaderPicture:
    facts = dataset.metadata.iloc[row]
    picture, (width, height) = shrink_picture(dataset.folder / facts["file_name"], PICTURE_SIDE)
    boxes = np.array(parse_boxes(facts.get("boxes", "")), float).reshape(-1, 4) / [width, height, width, height]
    return ReaderPicture(key, np.asarray(picture) if len(dataset.rows_to_show([row])) else None, dataset.caption(row),
                         facts["label"], boxes)


def _load_model(record: Record, dataset: PoseDataset, weights_dir: str | None, tested: list[int],
                profile: Profile | None) -> ReaderModel:
    recipe, count = record.config["recipe"], len(dataset.classes)
    name = recipe["backbone"]
    size = profile.size(find_recipe("frozen", name)) if profile else record.config["size"]
    trained = build_classifier(name, count, size)
    trained.load_weights(record.weights)
    before = build_classifier(name, count, size, recipe["weights"], weights_dir)
    if not recipe["weights"]:
        Trainer(before).reset(record.config["seed"], random_weights=True)  # as its trial began
    titles = (TUNED, IMAGENET) if recipe["weights"] else (SCRATCH, UNTRAINED)
    return ReaderModel(slug(name), name, BACKBONES[name].blocks, dict(zip(titles, (trained, before), strict=True)),
                       tested=tested)


def _build_untrained(model: ReaderModel) -> keras.Model:
    """A network of the same kind and size with random weights."""
    network = next(iter(model.networks.values()))
    untrained = build_classifier(model.title, network.output_shape[-1], network.input_shape[1])
    Trainer(untrained).reset(UNTRAINED_SEED, random_weights=True)
    return untrained


def _surest_pictures(shown: pd.DataFrame, classes: Sequence[str]) -> list[ReaderPicture]:
    """Return for each class the picture that the network is surest of, of predictions with a column `picture`."""
    keys = [slug(name) for name in classes]
    if len({*keys, "", MISTAKEN}) < len(keys) + 2:  # two classes alike, or one in letters that no address takes
        keys = [f"class-{number}" for number in range(1, len(keys) + 1)]
    surest = {name: own["picture"][own[f"p_{name}"].idxmax()] for name, own in shown.groupby("label")}
    return [surest[name]._replace(key=key) for key, name in zip(keys, classes, strict=True) if name in surest]


def _find_mistaken(shown: pd.DataFrame) -> tuple[ReaderPicture | None, str]:
    """Return of such predictions the single figure that is most surely taken for a group, and that group."""
    called = likeliest_class(shown)
    wrong = shown[~shown["label"].isin(GROUPS) & called.isin(GROUPS)]
    if wrong.empty:
        return None, ""
    surest = wrong.filter(regex="^p_").max(axis=1).idxmax()
    picture = shown["picture"][surest]
    return picture._replace(key=MISTAKEN, label=f"{picture.label}, taken for {called[surest]}"), called[surest]
