"""One record a trial: the folder that every trained model leaves."""

import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from artpose_lib.files import whole
from artpose_lib.train.diagnoses import diagnose, find_kept_phase

if TYPE_CHECKING:
    from artpose_lib.data.dataset import PoseDataset

PARTS = ("validation", "test")  # those with a score in record.json
RECORD, HISTORY, PREDICTIONS, WEIGHTS = "record.json", "history.csv", "predictions.csv", "model.weights.h5"


@dataclass(frozen=True)
class Record:
    """A stored trial. Its folder holds

    - record.json: the configuration, when and how long it ran, versions, machine class, the phase whose weights were
      kept, and the scores in short; of a training that diverged `"diverged": true` and no scores, and the
      probabilities in predictions.csv are missing;
    - history.csv: a row an epoch (epoch, phase, learning_rate, loss, accuracy, val_loss, val_accuracy);
    - predictions.csv: a row a picture of the validation and test parts (file_name, part, label, p_<class>…);
    - model.weights.h5, for the trials that are used again: a frozen model's head alone, else the whole network;
    - means.npz beside them: see `means.ClassMeans`.
    """

    folder: Path

    @cached_property
    def facts(self) -> dict:
        return json.loads((self.folder / RECORD).read_text(encoding="utf-8"))

    @property
    def config(self) -> dict:
        return self.facts["config"]

    @cached_property
    def history(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / HISTORY).assign(**self.names)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        text = {"file_name": str, "label": str, "part": str}
        frame = pd.read_csv(self.folder / PREDICTIONS, dtype=text, keep_default_na=False)  # a class may be called NA
        chances = [f"p_{name}" for name in class_names(frame)]
        return frame.assign(**frame[chances].apply(pd.to_numeric, errors="coerce"), **self.names)

    @property
    def kept_phase(self) -> int:
        return self.facts.get("kept_phase") or find_kept_phase(self.history, of_equal=-1)

    @property
    def layers(self) -> str:
        """What learned in the phase whose weights were kept: as `recipes.Phase.layers`."""
        return self.config["recipe"]["phases"][self.kept_phase - 1]["layers"]

    @property
    def weights(self) -> Path | None:
        path = self.folder / WEIGHTS
        return path if path.exists() else None

    def describe(self) -> str:
        """The trial in a line of progress."""
        facts = self.facts
        outcome = "the training diverged: what the network answers is no number" if facts.get("diverged") else (
            f"validation accuracy {facts['validation_accuracy']:.3f}, test {facts['test_accuracy']:.3f}")
        warning = "" if self.kept_phase == self.history["phase"].max() else (
            "; WARNING: phase II did not rise above phase I, whose weights are kept"
            + ": only the head has learned" * (self.layers == "frozen"))
        return ("{model} {backbone} seed {seed}: ".format(**self.names)
                + f"{facts['epochs']} epochs in {facts['seconds']:.0f} s, {outcome}{warning}")

    @property
    def names(self) -> dict[str, str | int]:
        """What tells trials apart in one frame."""
        recipe = self.config["recipe"]
        return {"model": recipe["model"], "backbone": recipe["backbone"], "seed": self.config["seed"]}


@dataclass(frozen=True)
class Trials:
    """Stored trials of some models, their `history` and `predictions` (see `Record`) each in one frame.

    `diagnoses` has a row a trial: model, backbone, seed, layers, and what `diagnoses.diagnose` returns. Predictions too
    have layers, what learned in the phase whose weights were kept: "frozen" (the head alone, whatever the model is
    called) or "finetuned" (all). `missing` says for each backbone without ImageNet weights here why it is absent;
    `unstored` are the names of trials that were looked for and are not stored.
    """

    records: list[Record]
    missing: dict[str, str]
    unstored: Sequence[str] = ()

    @cached_property
    def history(self) -> pd.DataFrame:
        return self._join(lambda record: record.history)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        return self._join(lambda record: record.predictions.assign(layers=record.layers))

    @cached_property
    def diagnoses(self) -> pd.DataFrame:
        asked = self._join(lambda record: record.predictions.assign(data=record.config["data"]))
        asked = dict(iter(asked.drop_duplicates(["data", "file_name"]).groupby("data")))
        return self._join(lambda record: pd.DataFrame([
            record.names | {"layers": record.layers} | diagnose(record, asked[record.config["data"]])]))

    def _join(self, read: Callable[[Record], pd.DataFrame]) -> pd.DataFrame:
        """Raises ValueError where no trial is stored."""
        if not self.records:
            absent = [*self.unstored, *(f"{backbone} ({why})" for backbone, why in self.missing.items())]
            raise ValueError(f"None of these trials is stored: {', '.join(absent) or 'there are none to train'}. "
                             "Train them with `artpose run`, or with `Study.train`.")
        return pd.concat(map(read, self.records), ignore_index=True)


def record_folder(results: Path, config: dict) -> Path:
    """Where the trial of this configuration is stored. The last part of its name is the configuration's hash."""
    recipe = config["recipe"]
    return results / "trials" / f"{recipe['model']}-{recipe['backbone']}-{config['seed']}-{hash_json(config)}"


def hash_json(values: dict | list) -> str:
    """The first 12 hex digits of the SHA-256 of JSON-ready values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def all_records(results: Path) -> list[Record]:
    """Every stored trial, sorted by name."""
    return [Record(path.parent) for path in sorted((results / "trials").glob(f"[!.]*/{RECORD}"))]


def store_record(results: Path, config: dict, history: pd.DataFrame, predictions: pd.DataFrame, seconds: float,
                 save_weights=None, data_name: str = "", replace: bool = False, **more) -> Record:
    """Store a trial, whole or not at all; `history` and `predictions` as in `Record`, `seconds` the training took.

    Where any probability is no number the training has diverged, which is stored instead of scores, and all of them are
    missing. `save_weights` writes a Keras weight file to a path; `data_name` is what people call the data set;
    record.json has `more` too. `replace` and OSError as `files.whole`.
    """
    folder, columns = record_folder(results, config), [f"p_{name}" for name in class_names(predictions)]
    diverged = not np.isfinite(predictions[columns].to_numpy(float)).all()
    if diverged:
        predictions = predictions.assign(**dict.fromkeys(columns, np.nan))
    with whole(folder, replace) as partial:
        right = (likeliest_class(predictions) == predictions["label"]).groupby(predictions["part"]).mean()
        scores = {f"{part}_accuracy": round(float(right.get(part, np.nan)), 4) for part in PARTS}
        facts = {"config": config, "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                 "seconds": round(seconds, 1), "epochs": len(history),
                 "kept_phase": find_kept_phase(history),
                 **({"diverged": True, **dict.fromkeys(scores)} if diverged else scores), "data_name": data_name,
                 "versions": versions(), "machine": f"{platform.machine()}, {os.cpu_count()} cores", **more}
        write_record(partial, facts, history, predictions)
        if save_weights:
            save_weights(str(partial / WEIGHTS))
    return Record(folder)


def write_record(folder: Path, facts: dict, history: pd.DataFrame, predictions: pd.DataFrame) -> None:
    """Write what `Record` reads into a new folder, but for the weights."""
    folder.mkdir(parents=True)
    history.to_csv(folder / HISTORY, index=False)
    # Nine digits give every float32 back: fewer would make ties of the nearly equal, and so other answers.
    predictions.to_csv(folder / PREDICTIONS, index=False, float_format="%.9g")
    (folder / RECORD).write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def tabulate_answers(dataset: "PoseDataset", rows: np.ndarray, probabilities: np.ndarray, **names) -> pd.DataFrame:
    """Predictions of some pictures of a data set, from probabilities (n, classes), with `names` such as `part`."""
    chances = dict(zip([f"p_{name}" for name in dataset.classes], probabilities.T, strict=True))
    return dataset.metadata[["file_name", "label"]].iloc[rows].assign(**names, **chances)


def class_names(predictions: pd.DataFrame) -> tuple[str, ...]:
    """The classes of a predictions frame, in the order of its columns p_<class>."""
    return tuple(column[2:] for column in predictions.columns if column.startswith("p_"))


def likeliest_class(predictions: pd.DataFrame) -> pd.Series:
    """The class of each row that has the highest probability; the first of several, and where all are missing."""
    classes = class_names(predictions)
    probabilities = predictions[[f"p_{name}" for name in classes]].to_numpy(float)
    highest = np.where(np.isnan(probabilities), -1, probabilities).argmax(axis=1)
    return pd.Series(np.array(classes, object)[highest], predictions.index, dtype=str)


def versions() -> dict[str, str]:
    """What a number depends on besides data, weights and recipe."""
    import keras

    packages = [import_module(name) for name in ("artpose_lib", "numpy", "keras", keras.backend.backend())]
    return {"python": platform.python_version()} | {package.__name__: package.__version__ for package in packages}


def list_trials(results: Path) -> pd.DataFrame:
    """A row a stored trial, for `artpose results`. Records of version 0.1.0 have no name of their `data`: it is told
    where another record has one for the same `fingerprint`. `diagnosis` names what speaks against a trial,
    such as "frozen" of a fine-tuned model in which the head alone learned."""
    found = all_records(results)
    names = {record.config["data"]: record.facts["data_name"] for record in found if record.facts.get("data_name")}
    rows = []
    for record, ended in zip(found, Trials(found, {}).diagnoses.itertuples() if found else (), strict=True):
        config, facts, (pictures, macro_f1) = record.config, record.facts, _score_test(record.predictions)
        words = {"frozen": ended.model.startswith("finetuned") and ended.layers == "frozen",
                 "collapsed": ended.collapsed, "diverged": ended.diverged, "not learned": not ended.learned}
        rows.append({**record.names, "switched": ", ".join(config["recipe"].get("variant", {})),
                     "protocol": config.get("protocol", 1),
                     "data": names.get(config["data"], "name not stored"), "fingerprint": config["data"],
                     "size": config["size"], "epochs": facts["epochs"],
                     **{part: np.nan if facts.get("diverged") else facts[f"{part}_accuracy"] for part in PARTS},
                     "macro_f1": macro_f1, "test_pictures": pictures,
                     "diagnosis": ", ".join(word for word, true in words.items() if true),
                     "weights": "kept" if record.weights else "no", "seconds": facts["seconds"],
                     "finished": facts["finished"], "folder": record.folder.name})
    return pd.DataFrame(rows)


def _score_test(predictions: pd.DataFrame) -> tuple[int, float]:
    """The number of test pictures, and the macro F1 over the classes that occur among them, NaN where it diverged."""
    from sklearn.metrics import f1_score  # a second to import

    test = predictions[predictions["part"] == "test"]
    if test.filter(regex="^p_").isna().all(axis=None):
        return len(test), np.nan
    f1 = f1_score(test["label"], likeliest_class(test), labels=test["label"].unique(), average="macro", zero_division=0)
    return len(test), round(float(f1), 4)
