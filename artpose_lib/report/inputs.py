"""Other inputs: what a linear probe says in the divisions of the trials where it is shown something else of a picture.

Nothing is trained here but the probe. Predictions have the form that `scores` reads, INPUTS are their models.
"""

from collections.abc import Iterator

import pandas as pd

from artpose_lib.data.dataset import DataError
from artpose_lib.data.splits import split
from artpose_lib.data.views import EDGES
from artpose_lib.report.probes import Reference, predict
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import NO_WEIGHTS, Study

INPUTS = ("whole", "edges")
NETWORKS = ("EfficientNet-Lite0",)  # whose weights come with a package


def predict_inputs(study: Study, scheme: str) -> pd.DataFrame:
    """What the probe predicts from each of INPUTS in the divisions of a scheme of `splits.SPLITS`; nothing where the
    pictures cannot be divided so.

    It learns from the training part and its mirror images, where also the blur of edges is chosen.
    """
    try:
        divisions = {seed: split(study.dataset, scheme, seed)
                     for seed in study.profile.seeds(find_recipe("frozen", "EfficientNet-Lite0"))}
    except DataError:
        return pd.DataFrame()
    shown = list(list_inputs(study))
    frames = [predict(study.dataset, own, parts.train, {"validation": parts.validation, "test": parts.test},
                      study.dataset.labels).assign(seed=seed) for seed, parts in divisions.items() for own in shown]
    return pd.concat(frames or [pd.DataFrame()], ignore_index=True)


def list_inputs(study: Study) -> Iterator[list[Reference]]:
    """Every input that the study's pictures and weights allow, each as the forms of which the best is chosen."""
    for backbone in NETWORKS:
        if study.weights_of(backbone) != NO_WEIGHTS:
            for name, views in {"whole": ["whole"], "edges": [*EDGES]}.items():
                yield [Reference(name, backbone, *(study.compute_features(backbone, mirrored, view)
                                                   for mirrored in (False, True))) for view in views]
