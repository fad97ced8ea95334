"""What the chapter on feature maps looks at in a study: trained networks, the pictures they were tested on, numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

from artpose_lib import models
from artpose_lib.backbones import BACKBONES
from artpose_lib.filters import box_fractions, filter_table
from artpose_lib.reader import Reader, ReaderModel, ReaderPicture, slug, write_reader
from artpose_lib.study import Study, say
from artpose_lib.trials import Record

TUNED, IMAGENET = "fine-tuned", "ImageNet"
GROUPS = ("Graces", "Pieta")  # the poses of more than one figure (Section 2.1)


class Readings:
    """The first augmented trial of each backbone that has one, and what its filters do on the test part.

    models: a `ReaderModel` a backbone, with both networks (before and after fine-tuning) and a table for each of the
    five blocks. pictures: one test picture of each class, the one that the first network is surest of among those
    that it names rightly, else the one that it comes nearest to; of classes without a picture that a page may
    show, none. tested: the pictures of the test part, as `tested_rows` of the data set numbers them.
    """

    def __init__(self, study: Study):
        self.study = study
        self.records = [record for record in study.run("finetuned_aug").records if record.weights]
        first = self.records[0].predictions.query("part == 'test'")  # all backbones share the seed, and so the parts
        names = study.dataset.metadata["file_name"]
        self.tested_rows = names.reset_index().set_index("file_name")["index"][first["file_name"]].to_numpy()
        self.tested = [self._picture(row, str(number)) for number, row in enumerate(self.tested_rows)]
        self.pictures = [self._picture(row, slug(name)) for name in study.dataset.classes
                         if (row := self._surest(first, name)) is not None]
        self.models = [self._model(record) for record in self.records]

    def write(self, folder: Path) -> Reader:
        """The static reader over all of it; see `reader.write_reader`."""
        return write_reader(folder, self.models, self.pictures, self.tested)

    def networks(self) -> dict[str, object]:
        """All networks by a title, and `captions` the pictures', as `FeatureMapExplorer` takes them."""
        return {f"{model.title} {title}": network for model in self.models for title, network in model.networks.items()}

    def captions(self) -> dict[str, np.ndarray]:
        return {f"{picture.label}: {picture.caption}": picture.image for picture in self.pictures}

    def tables(self) -> dict[tuple[str, str], pd.DataFrame]:
        return {(f"{model.title} {TUNED}", layer): table for model in self.models
                for layer, table in model.tables.items()}

    def _surest(self, tested: pd.DataFrame, name: str) -> int | None:
        may = self.study.dataset.shown(self.tested_rows)
        own = tested[(tested["label"] == name) & np.isin(self.tested_rows, may)]
        if own.empty:
            return None
        return int(self.tested_rows[tested.index.get_loc(own[f"p_{name}"].idxmax())])

    def _picture(self, row: int, key: str) -> ReaderPicture:
        dataset = self.study.dataset
        boxes = dataset.metadata.get("boxes", pd.Series("", dataset.metadata.index))[row]
        height, width = dataset.picture(row, side=100_000).shape[:2]  # boxes are in pixels of the file
        image = dataset.picture(row, side=720) if len(dataset.shown([row])) else None
        return ReaderPicture(key, image, dataset.caption(row), dataset.metadata["label"][row],
                             box_fractions(boxes, width, height))

    def _model(self, record: Record) -> ReaderModel:
        name, size, classes = record.config["recipe"]["backbone"], record.config["size"], self.study.dataset.classes
        say(f"numbers of every filter of {name}")
        tuned = models.build_classifier(name, len(classes), size)
        tuned.load_weights(record.weights)
        before = models.build_classifier(name, len(classes), size, "imagenet", self.study.weights_dir)
        images, boxes = self.study.dataset.images(size, self.tested_rows), [picture.boxes for picture in self.tested]
        labels = self.study.dataset.labels[self.tested_rows]
        tables = {layer: filter_table(tuned, before, images, labels, classes, boxes, layer, record.config["seed"])
                  for layer in BACKBONES[name].blocks}
        return ReaderModel(slug(name), name, BACKBONES[name].blocks, {TUNED: tuned, IMAGENET: before}, tables)


def group_mistakes(predictions: pd.DataFrame, classes: tuple[str, ...]) -> tuple[int, int, float]:
    """How often a picture of one figure that is named wrongly is taken for a group (Discussion, first paragraph).

    Parameters: `predictions` as `trials.Record.predictions`, of one or several trials.
    Returns the number of such mistakes, that of all mistakes on pictures of one figure, and the share of groups among
    the other classes: what mistakes at random would give.
    """
    tested = predictions[(predictions["part"] == "test") & ~predictions["label"].isin(GROUPS)]
    called = np.array(classes)[tested[[f"p_{name}" for name in classes]].to_numpy().argmax(axis=1)]
    wrong = called != tested["label"].to_numpy()
    among = sum(name in GROUPS for name in classes) / max(len(classes) - 1, 1)
    return int(np.isin(called[wrong], GROUPS).sum()), int(wrong.sum()), among
