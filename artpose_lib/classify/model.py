"""A stored trial as a classifier: its network, a temperature, and the means of its classes."""

import shlex
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from artpose_lib.classify.calibration import apply_temperature, fit_temperature
from artpose_lib.data.dataset import DataError
from artpose_lib.files import say, whole
from artpose_lib.model.backbones import build_backbone, weights_fingerprint
from artpose_lib.train.means import ClassMeans
from artpose_lib.train.recipes import BEST, ON_FEATURES
from artpose_lib.train.records import RECORD, WEIGHTS, Record, all_records

if TYPE_CHECKING:  # Keras takes seconds to import, and finding a record needs none of it
    import keras

FINAL = "final"  # in the place of a seed; and the file of results that names the one to take


@dataclass(frozen=True, eq=False)
class Classifier:
    """What a record says of pictures.

    network: uint8 pictures (n, size, size, 3) to pooled features float32 (n, channels) and probabilities (n, classes);
    or (n, 2 * size, size, 3), see `padded`.
    temperature: see `fit_temperature`. means: None where the record has none.
    """

    name: str
    classes: tuple[str, ...]
    size: int
    network: "keras.Model"
    temperature: float
    means: ClassMeans | None

    @property
    def padded(self) -> tuple[bool, ...]:
        """How the network is shown a picture, as in `decode_square`."""
        return (False, True)[:self.network.input_shape[1] // self.size]

    def judge(self, features: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
        """A row a picture: `class`, `confidence`, `unlike`, `distance` and `p_<class>` of `classify.classify`."""
        tempered = apply_temperature(probabilities, self.temperature).astype(np.float32)
        rows = pd.DataFrame(tempered, columns=[f"p_{name}" for name in self.classes])
        rows["class"] = np.array(self.classes, object)[probabilities.argmax(axis=1)]
        rows["confidence"] = tempered.max(axis=1)
        if self.means:
            rows["distance"] = self.means.measure_distances(features)
            rows["unlike"] = self.means.measure_unlikeness(rows["distance"])
        return rows


def find_record(model: str, results: Path) -> Record:
    """A stored trial that can be used again, by its folder or by its name in `artpose results`; "final" is the one that
    `choose_final` chose, or where that was never asked the last that was trained, such as a book's.

    Raises DataError where there is none of that name, or one without weights.
    """
    finals = [one for one in all_records(results) if one.names["seed"] == model == FINAL]
    if finals and (results / FINAL).is_file():
        finals = [one for one in finals if one.folder.name == (results / FINAL).read_text("utf-8").strip()] or finals
    folders = Path(model).expanduser(), results / "trials" / model
    record = (max(finals, key=lambda one: one.facts["finished"]) if finals else
              next((Record(folder.resolve()) for folder in folders if (folder / RECORD).is_file()), None))
    if record and record.weights:
        return record
    usable, at = [one.folder.name for one in all_records(results) if one.weights], shlex.quote(str(results))
    there = (f"Those that can be used: {', '.join(usable)}." if usable else
             f"None there can be used; make one with `artpose train --final --data PICTURES --results {at}`.")
    if record:
        raise DataError(f"{record.folder} has no {WEIGHTS}: not all trials keep their weights. {there}")
    raise DataError(f'no trial "{model}" in {results}. {there} `artpose results --results {at}` lists all.')


def choose_final(results: Path, record: Record) -> None:
    """Have `find_record` take this record for "final", whatever is trained later."""
    with whole(results / FINAL, replace=True) as new:
        new.write_text(record.folder.name + "\n", "utf-8")


@lru_cache(maxsize=1)  # a worker's parts are of one record
def open_classifier(folder: Path, weights_dir: str | None) -> Classifier:
    """Open the classifier of a record's folder; `weights_dir` as in `build_classifier`, for frozen models. Says so
    where it cannot tell what is unlike the record's pictures.

    Raises WeightsMissing where a frozen model's ImageNet weights are missing, and ValueError where they are others than
    it was trained on, a file is damaged, or the training diverged.
    """
    record = Record(folder)
    network = build_network(record, weights_dir)
    classes, held_out = tuple(record.config["classes"]), record.predictions.query("part == 'validation'")
    labels = np.array([classes.index(label) for label in held_out["label"]])
    probabilities = held_out[[f"p_{name}" for name in classes]].to_numpy(float)
    if not np.isfinite(probabilities).all():
        raise ValueError(f"{folder}: the training diverged, so that it has no probabilities. Take another trial.")
    means = ClassMeans.load(folder)
    if not means:
        say(f'artpose: no column "unlike" of {folder.name}: an earlier version trained it, which kept no means of its '
            "classes; `artpose train --final` adds them to a final model")
    return Classifier(folder.name, classes, record.config["size"], network, fit_temperature(probabilities, labels),
                      means)


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


def open_flat(model: str, backbone: str, results: Path, weights_dir: str | None) -> tuple[str, str, "keras.Model"]:
    """The network of a record (`model` as in `find_record`), or without one a backbone as ImageNet left it: a name that
    stands for its weights, its backbone, and its flat graph.

    Of a record in which the last layer alone learned it is the backbone's, which is said. Raises as `find_record` and
    `build_network`.
    """
    record = find_record(model, results) if model else None
    backbone = record.config["recipe"]["backbone"] if record else backbone
    if record and record.layers != "frozen":
        return record.folder.name, backbone, flatten(build_network(record, weights_dir))
    if record:
        say(f"Of {record.folder.name} the last layer alone has learned: its filters are those of --backbone "
            f"{backbone}, which is drawn.")
    network = build_backbone(backbone, weights="imagenet", weights_dir=weights_dir)
    return f"{backbone}-{weights_fingerprint(backbone, weights_dir)}", backbone, network


def flatten(network: "keras.Model") -> "keras.Model":
    """The flat graph from pictures to probabilities of what `build_network` builds, with the same weights. One that is
    shown a picture and its mirror image, in several views, is here shown one picture."""
    import keras

    from artpose_lib.model.classifier import HEAD, root

    shown = next((layer for layer in network.layers if isinstance(layer, keras.Model)), None)
    if shown is None:
        return keras.Model(network.input, network.outputs[-1])
    head = network.get_layer(HEAD)
    own = type(head).from_config(head.get_config())  # a layer that is used twice has two outputs
    flat = keras.Model(shown.inputs[0], own(root(shown.outputs[0])))
    own.set_weights(head.get_weights())
    return flat
