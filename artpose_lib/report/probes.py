"""Simple models: what they make of the same divisions, and of collections that they have not seen.

No network is trained here. Predictions have the form that `scores` reads; SIMPLE_MODELS are their models.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from statsmodels.stats import proportion

from artpose_lib.data.dataset import DataError, PoseDataset
from artpose_lib.data.pictures import FORMATS
from artpose_lib.data.splits import split
from artpose_lib.data.summary import OTHERS, UNKNOWN, describe_pictures
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report.bootstrap import average_groups
from artpose_lib.train.heads import fit_probe
from artpose_lib.train.recipes import SEEDS, find_recipe
from artpose_lib.train.records import likeliest_class, tabulate_answers
from artpose_lib.train.study import NO_WEIGHTS, Study

SIMPLE_MODELS = ("probe", "nearest", "permuted", "thumbnail", "file", "source", "commonest")
NO_NETWORK = "no network"
THUMBNAIL = 16  # pixels a side
FEW = 3  # divisions, the fewest of which two tell apart
FEWEST = 4  # pictures of a source that is left out


class SimpleModel(NamedTuple):
    """What is known of each picture, and of its mirror image, (n, d); `classifier` learns it, or None: `fit_probe`."""

    model: str
    backbone: str
    x: np.ndarray
    mirrored: np.ndarray | None = None
    classifier: ClassifierMixin | None = None

    def take(self, rows: np.ndarray) -> "SimpleModel":
        """The same of some pictures."""
        return self._replace(x=self.x[rows], mirrored=None if self.mirrored is None else self.mirrored[rows])


def predict_simple_models(study: Study, scheme: str) -> pd.DataFrame:
    """What each predicts in the divisions of the trials of a scheme of `splits.SPLITS`. A simple model learns
    from the training part and its mirror images; nothing is chosen on the validation part."""
    models, labels = list(list_simple_models(study)), study.dataset.labels
    frames = []
    for seed, train, asked in divide(study, scheme, study.profile.seeds(find_recipe("frozen", "EfficientNet-Lite0"))):
        dealt = labels.copy()
        dealt[train] = np.random.default_rng(seed).permutation(labels[train])
        frames += [predict(study.dataset, [own], train, asked, dealt if own.model == "permuted" else labels).assign(
            seed=seed) for own in models]
    return pd.concat(frames, ignore_index=True)


def list_seeds(study: Study) -> tuple[int, ...]:
    """A seed for each division; of the embedded drawings, of which anyone may draw more, FEW."""
    return study.profile.seeds(find_recipe("frozen", "EfficientNet-Lite0"))[:FEW if study.embedded else None]


def divide(study: Study, scheme: str, seeds: Sequence[int] = ()) -> list[tuple[int, np.ndarray, dict[str, np.ndarray]]]:
    """The divisions by a scheme of `splits.SPLITS`, for each of the `seeds`, or else of `list_seeds`: seed, the rows to
    learn from, and those that are asked about, "validation" and "test"; none where the pictures do not allow it."""
    try:
        divisions = [(seed, *split(study.dataset, scheme, seed)) for seed in seeds or list_seeds(study)]
    except DataError:
        return []
    return [(seed, train, {"validation": validation, "test": test}) for seed, train, validation, test in divisions]


def see(study: Study, network: str, *view: str) -> list[np.ndarray]:
    """What a network sees of all pictures in a view, and of their mirror images: `Study.compute_features`."""
    return [study.compute_features(network, mirrored, *view) for mirrored in (False, True)]


def list_probes(study: Study) -> list[SimpleModel]:
    """The features of each network that has weights here."""
    return [SimpleModel("probe", backbone, *see(study, backbone))
            for backbone in BACKBONES if study.weights_of(backbone) != NO_WEIGHTS]


def list_simple_models(study: Study) -> Iterator[SimpleModel]:
    """Every simple model that the study's pictures and weights allow."""
    dataset, nearest = study.dataset, KNeighborsClassifier(1, metric="cosine")
    for probe in list_probes(study):
        yield probe
        yield probe._replace(model="nearest", classifier=nearest)
        yield probe._replace(model="permuted", classifier=nearest)
    pixels = dataset.images(THUMBNAIL)
    yield SimpleModel("thumbnail", NO_NETWORK, *(own.reshape(len(dataset), -1).astype(np.float32)
                                               for own in (pixels, pixels[:, :, ::-1])))
    yield SimpleModel("file", NO_NETWORK, measure_files(dataset), classifier=RandomForestClassifier(random_state=0))
    sources = describe_pictures(dataset)["source"]
    if sources.nunique() > 1:
        yield SimpleModel("source", NO_NETWORK, pd.get_dummies(sources).to_numpy(np.float32))
    yield SimpleModel("commonest", NO_NETWORK, np.zeros((len(dataset), 1)), classifier=DummyClassifier())


def measure_files(dataset: PoseDataset) -> np.ndarray:
    """What is known of each file unopened: width, height, their ratio, bytes and bytes a pixel, float (n, 5)."""
    rows = []
    for name in dataset.metadata["file_name"]:
        with Image.open(dataset.folder / name, formats=FORMATS) as image:
            (width, height), size = image.size, (dataset.folder / name).stat().st_size
        rows.append((width, height, width / height, size, size / (width * height)))
    return np.array(rows)


def predict_sources(study: Study, draws: int = 3) -> pd.DataFrame:
    """What the linear probe says of each source's pictures where it has learned from all others ("left out"), and of as
    many pictures of each class, dealt from all sources, where it has learned from the rest ("at random").

    Returns predictions with a column source, for each backbone with weights; no row where fewer than two sources have
    FEWEST pictures.
    """
    dataset, sources = study.dataset, describe_pictures(study.dataset)["source"]
    sizes = sources[sources != UNKNOWN].value_counts()
    held_out = [(source, np.flatnonzero(sources == source)) for source in sizes.index[sizes >= FEWEST]]
    probes = list_probes(study) if len(held_out) > 1 else []
    columns = ["model", "backbone", "source", "label", *(f"p_{name}" for name in dataset.classes)]
    frames = [pd.DataFrame(columns=columns)] if not probes else []
    for probe, (source, rows) in product(probes, held_out):
        tests = [("left out", SEEDS[0], rows)]
        for seed in SEEDS[:draws]:
            rng, counts = np.random.default_rng([seed, len(rows)]), np.bincount(dataset.labels[rows])
            tests.append(("at random", seed, np.concatenate([
                rng.permutation(np.flatnonzero(dataset.labels == label))[:n] for label, n in enumerate(counts)])))
        frames += [predict(dataset, [probe._replace(model=model)], np.setdiff1d(np.arange(len(dataset)), tested),
                           {"test": tested}, dataset.labels).assign(seed=seed, source=source)
                   for model, seed, tested in tests if len(tested) < len(dataset)]
    return pd.concat(frames, ignore_index=True)


def compare_sources(found: pd.DataFrame) -> pd.DataFrame:
    """How often both conditions of `predict_sources` are right, source by source, and in all with an interval.

    Returns backbone, source ("all": the mean of their pictures), pictures, left_out, at_random, difference, low and
    high: see `bootstrap.average_groups`.
    """
    right, rows = found.assign(right=likeliest_class(found) == found["label"]), []
    for backbone, own in right.groupby("backbone", sort=False):
        table = own.pivot_table("right", "source", "model", sort=False)
        pictures = own[own["model"] == "left out"].groupby("source").size()[table.index].to_numpy()
        sides = table[["left out", "at random"]].to_numpy(float)
        gaps = sides[:, 0] - sides[:, 1]
        rows += [(backbone, *row, np.nan, np.nan) for row in zip(table.index, pictures, *sides.T, gaps, strict=True)]
        means = np.average(sides, axis=0, weights=pictures)
        rows.append((backbone, "all", pictures.sum(), *means, *average_groups(gaps * pictures, pictures)))
    return pd.DataFrame(rows, columns=["backbone", "source", "pictures", "left_out", "at_random", "difference", "low",
                                       "high"])


def accuracies_by_group(predictions: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """How often the tested pictures of each group are named rightly, and how often all others.

    Parameters: `groups` names each picture's group, by file_name; those of fewer than FEWEST tested pictures are taken
    together. A picture counts once, however often it was tested.
    Returns group, pictures, accuracy, low and high (95 %, Wilson), others; the largest group first.
    """
    own = predictions[predictions["part"] == "test"]
    right = (likeliest_class(own) == own["label"]).groupby(own["file_name"]).mean()
    named, rows = groups.reindex(right.index), []
    for group, inside in right.groupby(named.where(named.map(named.value_counts()) >= FEWEST, OTHERS)):
        ends = proportion.proportion_confint(inside.sum(), len(inside), method="wilson")
        rows.append((group, len(inside), inside.mean(), *ends, right.drop(inside.index).mean()))
    table = pd.DataFrame(rows, columns=["group", "pictures", "accuracy", "low", "high", "others"])
    return table.sort_values("pictures", ascending=False, kind="stable", ignore_index=True)


def predict(dataset: PoseDataset, models: Sequence[SimpleModel], train: np.ndarray, asked: dict[str, np.ndarray],
            labels: np.ndarray) -> pd.DataFrame:
    """Predictions of the rows `asked` of each part, learned from the rows `train` and their mirror images; of several
    models by that which does best in cross-validation there."""
    fitted = [_fit(own, train, labels) for own in models]
    best = int(np.argmax([one[-1].best_score_ for one in fitted])) if len(fitted) > 1 else 0
    chosen, learned, frames = models[best], fitted[best], []
    for part, rows in asked.items():
        probabilities = np.zeros((len(rows), len(dataset.classes)))
        probabilities[:, learned.classes_] = learned.predict_proba(chosen.x[rows])
        frames.append(tabulate_answers(dataset, rows, probabilities, part=part, model=chosen.model,
                                       backbone=chosen.backbone))
    return pd.concat(frames, ignore_index=True)


def _fit(own: SimpleModel, train: np.ndarray, labels: np.ndarray) -> ClassifierMixin:
    sides = [own.x, *([] if own.mirrored is None else [own.mirrored])]
    x, y = np.concatenate([side[train] for side in sides]), np.tile(labels[train], len(sides))
    if own.classifier is None:
        return fit_probe(x, y, np.tile(train, len(sides)))
    return own.classifier.fit(x, y)
