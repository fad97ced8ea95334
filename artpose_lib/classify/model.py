"""A stored trial as something to classify with: its network, its temperature, and the pictures that it learnt from."""

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from artpose_lib.classify.calibration import Neighbours, fit_temperature, neighbours
from artpose_lib.data.dataset import DataError, PoseDataset, load_dataset
from artpose_lib.data.splits import split
from artpose_lib.data.streaming import forward
from artpose_lib.model.backbones import weights_fingerprint
from artpose_lib.train.trials import RECORD, WEIGHTS, Record, all_records

if TYPE_CHECKING:  # Keras takes seconds to import, and finding a record needs none of it
    import keras

NEIGHBOURS = "neighbours.npz"  # in the record's folder, so that whoever is given the folder has all that it takes


@dataclass(frozen=True, eq=False)
class Classifier:
    """What a record says of pictures.

    network: uint8 pictures (n, size, size, 3) to pooled features float32 (n, channels) and probabilities (n, classes).
    temperature: see `calibration.fit_temperature`. neighbours: None where `learn_neighbours` never ran.
    """

    name: str
    classes: tuple[str, ...]
    size: int
    network: "keras.Model"
    temperature: float
    neighbours: Neighbours | None


def find_record(model: str, results: Path) -> Record:
    """A stored trial that can be used again, by its folder or by its name in `artpose results`.

    Raises DataError where there is none of that name, or one without weights.
    """
    record = Record(Path(model).expanduser())
    if not (record.folder / RECORD).is_file():
        record = Record(results / "trials" / model)
    if not model or not (record.folder / RECORD).is_file():
        usable = [one.folder.name for one in all_records(results) if one.weights]
        there = f"Those that can be used: {', '.join(usable)}." if usable else "None there can be used."
        raise DataError(f'no trial "{model}" in {results}. {there} `artpose results` lists all.')
    if not record.weights:
        raise DataError(f"{record.folder} has no {WEIGHTS}: only frozen models and each model's first trial "
                        "keep their weights. Take another trial, or delete this folder and run its chapter again.")
    return Record(record.folder.resolve())


@lru_cache(maxsize=1)
def open_classifier(folder: Path, weights_dir: str | None = None) -> Classifier:
    """The classifier of a record's folder; `weights_dir` as in `models.build_classifier`, for frozen models.

    Raises WeightsMissing where a frozen model's ImageNet weights are not to be had, and ValueError where they are
    others than it was trained on, a file is damaged, or the training diverged.
    """
    record = Record(folder)
    network, (validated, labels) = build_network(record, weights_dir), _validation(record)
    if not np.isfinite(validated).all():
        raise ValueError(f"{folder}: the training diverged, so that it has no probabilities. Take another trial.")
    kept = folder / NEIGHBOURS
    return Classifier(folder.name, tuple(record.config["classes"]), record.config["size"], network,
                      fit_temperature(validated, labels), Neighbours.load(kept) if kept.exists() else None)


def build_network(record: Record, weights_dir: str | None = None) -> "keras.Model":
    """The network of a record with weights, with the outputs of `Classifier.network`. Raises as `open_classifier`."""
    import keras

    from artpose_lib.model import classifier as models

    config, recipe = record.config, record.config["recipe"]
    shape = recipe["backbone"], len(config["classes"]), config["size"]
    frozen = recipe["model"] == "frozen"
    if frozen:
        here = weights_fingerprint(recipe["backbone"], weights_dir)
        if here != config["weights"]:
            raise ValueError(f"{record.folder} was trained on other ImageNet weights of {recipe['backbone']} "
                             f"(fingerprint {config['weights']}, here {here}): name their folder with --weights.")
    classifier = models.build_classifier(*shape, "imagenet" if frozen else None, weights_dir)
    features = classifier.get_layer(models.POOLED).output
    try:
        if frozen:
            head = models.build_head(features.shape[-1], shape[1])
            head.load_weights(record.weights)
            classifier.get_layer(models.HEAD).set_weights(head.get_layer(models.HEAD).get_weights())
        else:
            classifier.load_weights(record.weights)
    except (OSError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{record.weights} is damaged or another network's ({reason}).") from error
    return keras.Model(classifier.input, [features, classifier.output])


def learn_neighbours(record: Record, dataset: PoseDataset, weights_dir: str | None = None) -> None:
    """Store, in the record's folder, what "unlike anything seen" is measured by: once for each record.

    Raises DataError where the data set is not the one that the record was trained on.
    """
    config = record.config
    if dataset.fingerprint != config["data"]:
        raise DataError(f"{dataset.folder} (fingerprint {dataset.fingerprint}) is not what {record.folder.name} was "
                        f"trained on (fingerprint {config['data']}). Name that folder with --data.")
    parts = split(dataset, config["recipe"]["split"], config["seed"])
    network = build_network(record, weights_dir)
    known, held_out = (np.stack([features for features, _ in forward(network, dataset.stream(config["size"], rows))])
                       for rows in (parts.train, parts.validation))
    with TemporaryDirectory(dir=record.folder, prefix=".partial-") as partial:
        found = Path(partial) / NEIGHBOURS
        neighbours(known, held_out).save(found)
        os.replace(found, record.folder / NEIGHBOURS)


def find_data(record: Record, data: str, results: Path) -> PoseDataset | None:
    """The data set that a record was trained on: `data`, or else one of the drawn ones; None where it is not here.

    Raises DataError where `data` is named and is another one.
    """
    classes = record.config["classes"]
    if data:
        return load_dataset(data, classes)
    for path in sorted((results / "embedded").glob("[!.]*/metadata.csv")):
        with suppress(DataError):  # drawings of other classes
            dataset = load_dataset(path.parent, classes)
            if dataset.fingerprint == record.config["data"]:
                return dataset
    return None


def _validation(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """The stored probabilities (n, classes) and labels (n,) of the validation part."""
    table = record.predictions.query("part == 'validation'")
    classes = record.config["classes"]
    labels = np.array([classes.index(label) for label in table["label"]])
    return table[[f"p_{name}" for name in classes]].to_numpy(float), labels
