"""A stored trial as a classifier: its network, a temperature, and what it was trained on, to tell what is unlike it."""

import shlex
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from artpose_lib.classify.calibration import Neighbours, apply_temperature, fit_temperature
from artpose_lib.data.dataset import DataError, PoseDataset, load_dataset
from artpose_lib.files import say, whole
from artpose_lib.model.backbones import weights_fingerprint
from artpose_lib.model.features import extract_features
from artpose_lib.train.recipes import BEST, ON_FEATURES
from artpose_lib.train.records import RECORD, WEIGHTS, Record, all_records

if TYPE_CHECKING:  # Keras takes seconds to import, and finding a record needs none of it
    import keras

NEIGHBOURS = "neighbours.npz"  # in the record's folder, so that whoever is given the folder has all that it takes


@dataclass(frozen=True, eq=False)
class Classifier:
    """What a record says of pictures.

    network: uint8 pictures (n, size, size, 3) to pooled features float32 (n, channels) and probabilities (n, classes);
    or (n, 2 * size, size, 3), see `padded`.
    temperature: see `fit_temperature`. neighbours: None where `ensure_neighbours` never stored them.
    """

    name: str
    classes: tuple[str, ...]
    size: int
    network: "keras.Model"
    temperature: float
    neighbours: Neighbours | None

    @property
    def padded(self) -> tuple[bool, ...]:
        """How the network is shown a picture, as in `decode_square`."""
        return (False, True)[:self.network.input_shape[1] // self.size]

    def judge(self, features: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
        """A row a picture: the columns `class` to `p_<class>` of `classify.classify`, of what the network gives."""
        confidence = apply_temperature(probabilities, self.temperature).max(axis=1).astype(np.float32)
        rows = pd.DataFrame({"class": np.array(self.classes, object)[probabilities.argmax(axis=1)],
                             "confidence": confidence})
        if self.neighbours:
            rows["distance"] = self.neighbours.measure_distances(features)
            rows["unlike"] = self.neighbours.measure_unlikeness(rows["distance"])
        return rows.join(pd.DataFrame(probabilities, columns=[f"p_{name}" for name in self.classes]))


def find_record(model: str, results: Path) -> Record:
    """A stored trial that can be used again, by its folder or by its name in `artpose results`; "final" is the last of
    `final.train_final`.

    Raises DataError where there is none of that name, or one without weights.
    """
    finals = [one for one in all_records(results) if one.names["seed"] == model == "final"]
    if finals:
        return max(finals, key=lambda one: one.facts["finished"])
    folders = Path(model).expanduser(), results / "trials" / model
    record = next((Record(folder.resolve()) for folder in folders if (folder / RECORD).is_file()), None)
    if record and record.weights:
        return record
    usable, at = [one.folder.name for one in all_records(results) if one.weights], shlex.quote(str(results))
    there = (f"Those that can be used: {', '.join(usable)}." if usable else
             f"None there can be used; make one with `artpose train --final --data PICTURES --results {at}`.")
    if record:
        raise DataError(f"{record.folder} has no {WEIGHTS}: only frozen models and each model's first trial keep their "
                        f"weights. {there}")
    raise DataError(f'no trial "{model}" in {results}. {there} `artpose results --results {at}` lists all.')


@lru_cache(maxsize=1)  # a worker's parts are of one record
def open_classifier(folder: Path, weights_dir: str | None, neighbours: Path | None) -> Classifier:
    """Open the classifier of a record's folder; `weights_dir` as in `build_classifier`, for frozen models; `neighbours`
    the file of `ensure_neighbours`.

    Raises WeightsMissing where a frozen model's ImageNet weights are missing, and ValueError where they are others than
    it was trained on, a file is damaged, or the training diverged.
    """
    record = Record(folder)
    network, known = build_network(record, weights_dir), None
    classes, held_out = tuple(record.config["classes"]), record.predictions.query("part == 'validation'")
    labels = np.array([classes.index(label) for label in held_out["label"]])
    probabilities = held_out[[f"p_{name}" for name in classes]].to_numpy(float)
    if not np.isfinite(probabilities).all():
        raise ValueError(f"{folder}: the training diverged, so that it has no probabilities. Take another trial.")
    if neighbours:
        with np.load(neighbours) as arrays:
            known = Neighbours(**arrays)
    temperature = fit_temperature(probabilities, labels)
    return Classifier(folder.name, classes, record.config["size"], network, temperature, known)


def build_network(record: Record, weights_dir: str | None = None) -> "keras.Model":
    """The network of a record with weights, with the outputs of `Classifier.network`. Raises as `open_classifier`."""
    import keras

    from artpose_lib.model import classifier as models

    config, recipe = record.config, record.config["recipe"]
    shape = recipe["backbone"], len(config["classes"]), config["size"]
    on_features = recipe["model"] in ON_FEATURES
    if on_features:
        here = weights_fingerprint(recipe["backbone"], weights_dir)
        if here != config["weights"]:
            raise ValueError(f"{record.folder} was trained on other ImageNet weights of {recipe['backbone']} "
                             f"(fingerprint {config['weights']}, here {here}): name their folder with --weights.")
    if recipe["model"] == BEST:
        network = models.build_both_ways(*shape, weights_dir, config.get("views", ["whole"]))
    else:
        whole = models.build_classifier(*shape, "imagenet" if on_features else None, weights_dir)
        network = keras.Model(whole.input, [whole.get_layer(models.POOLED).output, whole.output])
    head = keras.Sequential([keras.Input(network.outputs[0].shape[1:]), network.get_layer(models.HEAD)])
    try:
        (head if on_features else whole).load_weights(record.weights)
    except (OSError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{record.weights} is damaged or another network's ({reason}).") from error
    return network


def find_training_data(record: Record, data: str, results: Path, always: bool = False) -> PoseDataset | None:
    """What a record was trained on, where its neighbours are still to be made of it, or `always`; None where that is
    not here.

    Parameters: `data` names the folder; "" looks for it among the drawn data sets in `results`. Raises DataError where
    `data` is another data set.
    """
    if (record.folder / NEIGHBOURS).exists() and not always:
        return None
    wanted, classes = record.config["data"], record.config["classes"]
    if data:
        dataset = load_dataset(data, classes)
        if dataset.fingerprint == wanted:
            return dataset
        raise DataError(f"{data} (fingerprint {dataset.fingerprint}) is not what {record.folder.name} was trained on "
                        f"(fingerprint {wanted}). Name that folder with --data.")
    for path in sorted((results / "embedded").glob("[!.]*/metadata.csv")):
        with suppress(DataError):  # drawings of other classes
            dataset = load_dataset(path.parent, classes)
            if dataset.fingerprint == wanted:
                return dataset
    return None


def ensure_neighbours(record: Record, dataset: PoseDataset | None, elsewhere: Path,
                      weights_dir: str | None) -> Path | None:
    """The file of the neighbours that a record's network makes of what it was trained on, made unless it is there.

    Parameters: `dataset` as of `find_training_data`; `elsewhere` a folder to keep the file in besides the record's,
    which may be read-only. Returns None, and says so, where there is no such file and no data set.
    """
    places = record.folder / NEIGHBOURS, elsewhere / NEIGHBOURS
    if stored := [path for path in places if path.exists()]:
        return stored[0]
    if not dataset:
        say(f'artpose: no column "unlike": what {record.folder.name} was trained on (fingerprint '
            f"{record.config['data']}) is not here; name its folder with --data, in the same command")
        return None
    predictions, names = record.predictions, dataset.metadata["file_name"]
    held_out = predictions.loc[predictions["part"] == "validation", "file_name"]
    parts = ~names.isin(predictions["file_name"]), names.isin(held_out)  # it predicted all that it did not train on
    network, size = build_network(record, weights_dir), record.config["size"]
    training, held_out = (extract_features(network, dataset.stream(size, np.flatnonzero(part))) for part in parts)
    with whole(places[1], option="--out") as path:
        np.savez(path, **vars(Neighbours.fit(training, held_out)))
    with suppress(OSError), whole(places[0]) as path:  # one that may only be read stays as it is
        shutil.copyfile(places[1], path)
    return places[1]
