"""A stored trial that tells red, green and blue apart without a network, for tests of what goes on around one."""

import json

import numpy as np
import pandas as pd

from artpose_lib.classify.model import Classifier
from artpose_lib.train import records
from artpose_lib.train.means import ClassMeans

CLASSES = ("blue", "green", "red")
COLOURS = {"blue": (20, 20, 220), "green": (20, 220, 20), "red": (220, 20, 20)}


class Colours:
    """Features are the mean red, green and blue, 0 to 1; a class's logit is 10 times its colour."""

    batches, input_shape = 0, (None, 8, 8, 3)

    def predict_on_batch(self, pixels):
        self.batches += 1
        features = pixels.mean(axis=(1, 2), dtype=np.float32) / 255
        raised = np.exp(10 * features[:, ::-1])
        return [features, raised / raised.sum(axis=1, keepdims=True)]


def classifier(temperature=2.0, near=True):
    known, rows = np.array(list(COLOURS.values()), np.float32), np.arange(3)
    means = ClassMeans.fit(known, rows, [(rows, rows)])
    return Classifier("colours", CLASSES, 8, Colours(), temperature, means if near else None)


def record(folder):
    """A record of that name; `classifier` stands for what would be opened."""
    folder.mkdir(parents=True)
    predictions = pd.DataFrame({"file_name": ["a", "b"], "label": ["red", "blue"], "part": "validation"})
    chances = pd.DataFrame([[0.1, 0.1, 0.8], [0.7, 0.2, 0.1]], columns=[f"p_{name}" for name in CLASSES])
    pd.concat([predictions, chances], axis=1).to_csv(folder / records.PREDICTIONS, index=False)
    config = {"recipe": {"model": "frozen", "backbone": "VGG16", "split": "random"}, "seed": 40, "size": 8,
              "classes": CLASSES, "data": "none", "weights": "none"}
    facts = {"config": config, "epochs": 1, "validation_accuracy": 1.0, "test_accuracy": 1.0, "seconds": 1.0,
             "finished": "2026-01-01"}
    (folder / records.RECORD).write_text(json.dumps(facts))
    (folder / records.WEIGHTS).write_bytes(b"no weights: a test never opens them")
    return records.Record(folder)
