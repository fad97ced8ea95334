"""What the chapter on feature maps looks at in a study: trained networks, the pictures they were tested on, numbers."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from artpose_lib import __version__
from artpose_lib.data.boxes import box_fractions
from artpose_lib.explain.filters import Peak, filter_table
from artpose_lib.explain.parts import DRAWINGS, dissect, dissect_plainly
from artpose_lib.explain.reader import Reader, ReaderModel, ReaderPicture, slug, write_reader
from artpose_lib.files import say, whole
from artpose_lib.model import classifier
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.train.records import Record, likeliest_class
from artpose_lib.train.study import Study
from artpose_lib.train.training import Trainer

TUNED, IMAGENET = "fine-tuned", "ImageNet"
SCRATCH, UNTRAINED = "from scratch", "untrained"
GROUPS = ("Graces", "Pieta")  # the poses of more than one figure (Section 2.1)


class Readings:
    """One trained network of each backbone, and what its filters do on its test part.

    It is the first augmented trial (Experiment 2), or, of a backbone without ImageNet weights here, the first baseline,
    which learned from nothing. `records` are their trials; `models` a `ReaderModel` each, with the network after and
    before training and a table for each of the five blocks. `pictures`: one test picture of each class, the one that
    the first network is surest of among those that a page may show; of classes without such a picture, none. Last comes
    `mistaken`, where there is one: the test picture of a single figure that the first network is surest to be a group,
    `mistaken_for`.
    `tested`: the pictures of all test parts, as `tested_rows` of the data set numbers them.
    """

    def __init__(self, study: Study):
        self.study, self.tested_rows, own = study, [], study.dataset.metadata["file_name"]
        self._row = dict(zip(own, range(len(own)), strict=True))
        augmented = study.train("finetuned_aug")
        self.records = [record for record in augmented.records if record.weights]
        if augmented.missing:
            self.records += [record for record in study.train("baseline").records
                             if record.weights and record.config["recipe"]["backbone"] in augmented.missing]
        rows = [self._rows(_test_part(record)) for record in self.records]
        self.tested_rows = np.unique(np.concatenate(rows))
        self.tested = [self._picture(row, str(number)) for number, row in enumerate(self.tested_rows)]
        first = _test_part(self.records[0])
        first = first[np.isin(self._rows(first), study.dataset.rows_to_show(self._rows(first)))]
        self.pictures = [self._picture(self._row[own.loc[own[f"p_{name}"].idxmax(), "file_name"]], slug(name))
                         for name in study.dataset.classes if len(own := first[first["label"] == name])]
        self.mistaken, self.mistaken_for = self._mistaken(first)
        self.pictures += [self.mistaken] if self.mistaken else []
        self.models = [self._model(*pair) for pair in zip(self.records, rows, strict=True)]

    @property
    def sebastian(self) -> str:
        """The key of the picture to look at Sebastians' filters with; of another, where there is none."""
        keys = [picture.key for picture in self.pictures]
        return "sebastian" if "sebastian" in keys else keys[0]

    def write(self, folder: Path) -> Reader:
        """The static reader over all of it; see `reader.write_reader`."""
        return write_reader(folder, self.models, self.pictures, self.tested)

    def networks(self) -> dict[str, object]:
        """All networks by a title, and `captions` the pictures', as `FeatureMapExplorer` takes them."""
        return {f"{model.title} {title}": network for model in self.models for title, network in model.networks.items()}

    def captions(self) -> dict[str, np.ndarray]:
        return {f"{picture.label}: {picture.caption}": picture.image for picture in self.pictures}

    def tables(self) -> dict[tuple[str, str], pd.DataFrame]:
        return {(f"{model.title} {next(iter(model.networks))}", layer): table for model in self.models
                for layer, table in model.tables.items()}

    def dissected(self) -> pd.DataFrame:
        """`dissection.dissect` of all networks, and `dissect_plainly` at their sizes.

        Its columns and: model, the key ("" for the plain maps); network; name, of model and network; size; what, the
        filter in words; and plain, the upper end of the plain maps' interval for the part at this size.
        """
        networks = [(model, title, network) for model in self.models for title, network in model.networks.items()]
        sizes = sorted({network.input_shape[1] for *_, network in networks})
        drawings = min(DRAWINGS, self.study.profile.pictures // 4)
        frames = [dissect(network, model.layers, drawings).assign(
            model=model.key, network=title, name=f"{model.title} {title}", size=network.input_shape[1])
            for model, title, network in networks]
        plain = pd.concat([dissect_plainly(size, drawings).assign(
            model="", network="", name=f"light and edges at {size} pixels", size=size) for size in sizes])
        found = pd.concat([*frames, plain], ignore_index=True)
        place = ", " + found["layer"] + ", filter " + (found["filter"] + 1).astype(str)
        found["what"] = found["name"] + place.where(found["layer"] != "", "")
        return found.merge(plain[["part", "size", "high"]].rename(columns={"high": "plain"}), on=["part", "size"])

    def _rows(self, part: pd.DataFrame) -> np.ndarray:
        return np.array([self._row[name] for name in part["file_name"]], int)

    def _mistaken(self, tested: pd.DataFrame) -> tuple[ReaderPicture | None, str]:
        wrong = tested[~tested["label"].isin(GROUPS) & likeliest_class(tested).isin(GROUPS)]
        if wrong.empty:
            return None, ""
        groups = [f"p_{name}" for name in GROUPS if name in self.study.dataset.classes]
        surest = wrong.loc[wrong[groups].max(axis=1).idxmax()]
        called = max(groups, key=lambda column: surest[column]).removeprefix("p_")
        picture = self._picture(self._row[surest["file_name"]], "mistaken")
        return replace(picture, label=f"{picture.label}, taken for {called}"), called

    def _picture(self, row: int, key: str) -> ReaderPicture:
        dataset = self.study.dataset
        boxes = dataset.metadata.get("boxes", pd.Series("", dataset.metadata.index))[row]
        height, width = dataset.picture(row, side=100_000).shape[:2]  # boxes are in pixels of the file
        image = dataset.picture(row, side=720) if len(dataset.rows_to_show([row])) else None
        return ReaderPicture(key, image, dataset.caption(row), dataset.metadata["label"][row],
                             box_fractions(boxes, width, height))

    def _model(self, record: Record, rows: np.ndarray) -> ReaderModel:
        recipe, size, seed = record.config["recipe"], record.config["size"], record.config["seed"]
        name, classes = recipe["backbone"], len(self.study.dataset.classes)
        trained = classifier.build_classifier(name, classes, size)
        trained.load_weights(record.weights)
        before = classifier.build_classifier(name, classes, size, recipe["weights"], self.study.weights_dir)
        if not recipe["weights"]:
            Trainer(before, classes).reset(seed, random_weights=True)  # as its trial began
        titles = (TUNED, IMAGENET) if recipe["weights"] else (SCRATCH, UNTRAINED)
        place = {row: number for number, row in enumerate(self.tested_rows.tolist())}
        tested = [place[row] for row in rows.tolist()]
        return ReaderModel(slug(name), name, BACKBONES[name].blocks, dict(zip(titles, (trained, before), strict=True)),
                           self._tables(record, trained, before, rows, tested), tested)

    def _tables(self, record: Record, trained, before, rows: np.ndarray, tested: list[int]) -> dict[str, pd.DataFrame]:
        """`filter_table` of the five blocks. Measuring takes up to minutes, so tables are stored, beside the trials and
        under all that they depend on and a trial's name does not say. Without ImageNet weights a short profile leaves a
    network near chance: nothing there would be worth the minutes that importance takes."""
        boxes = [self.tested[number].boxes for number in tested]
        ablate = bool(record.config["recipe"]["weights"]) or self.study.profile.time == 1
        known = json.dumps([__version__, ablate, [box.tolist() for box in boxes]])
        known = hashlib.sha256(known.encode()).hexdigest()[:12]
        folder, images, found = self.study.results / "filters" / f"{record.folder.name}-{known}", None, {}
        for layer in BACKBONES[record.config["recipe"]["backbone"]].blocks:
            path = folder / f"{layer}.parquet"
            if not path.exists():
                if images is None:
                    say(f"numbers of every filter of {record.config['recipe']['backbone']}")
                    images = self.study.dataset.images(record.config["size"], rows)
                store_table(path, filter_table(trained, before, images, self.study.dataset.labels[rows],
                                               self.study.dataset.classes, boxes, layer, record.config["seed"], ablate))
            found[layer] = load_table(path)
        return found


def store_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table of `filters.filter_table` as Parquet; the file appears whole or not at all."""
    plain = table.assign(strongest=[[peak._asdict() for peak in peaks] for peaks in table["strongest"]])
    with whole(path) as partial:
        plain.to_parquet(partial)


def load_table(path: Path) -> pd.DataFrame:
    """A table as it was given to `store_table`, to the last bit."""
    table = pd.read_parquet(path)
    return table.assign(strongest=[tuple(Peak(**peak) for peak in peaks) for peaks in table["strongest"]])


def _test_part(record: Record) -> pd.DataFrame:
    return record.predictions.query("part == 'test'")


def group_mistakes(predictions: pd.DataFrame, classes: tuple[str, ...]) -> tuple[int, int, float]:
    """How often a picture of one figure that is named wrongly is taken for a group (Discussion, first paragraph).

    Parameters: `predictions` as `records.Record.predictions`, of one or several trials.
    Returns the number of such mistakes, that of all mistakes on pictures of one figure, and the share of groups among
    the other classes: what mistakes at random would give.
    """
    tested = predictions[(predictions["part"] == "test") & ~predictions["label"].isin(GROUPS)]
    called = likeliest_class(tested)
    wrong = called != tested["label"]
    among = sum(name in GROUPS for name in classes) / max(len(classes) - 1, 1)
    return int(called[wrong].isin(GROUPS).sum()), int(wrong.sum()), among
