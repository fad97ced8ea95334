"""Does a network know the pose, or what stands around the figure? A claim of the Discussion (Section 4), tried out.

The thesis reads in five feature maps that its model "learns both the features of the pose and of the background". With
drawings this can be settled. Networks are trained on the embedded data, where no background goes with the class, or one
does in half of the pictures or in all (`background_link`). They are then tested on the same pictures: whole, the figure
alone, the background alone and so on; `draw.artwork` says what each condition is and what it can still tell.

Of real pictures at best boxes are known (Figure A.8), and `train_boxes` does what these allow. Cropped to its box, a
picture loses its surroundings, but the figure is larger than those trained on. Where the box is greyed, its place and
shape still tell of the pose, and so does what reaches out of it.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import chain, islice, product

import numpy as np
import pandas as pd

from artpose_lib import __version__
from artpose_lib.data.boxes import box_fractions
from artpose_lib.data.dataset import DataError, PoseDataset
from artpose_lib.data.pictures import decode, resize
from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.splits import PARTS, balanced_parts, split
from artpose_lib.draw.artwork import CONDITIONS, GREY, paint_versions
from artpose_lib.draw.embedded import pose_sequence
from artpose_lib.files import say
from artpose_lib.model import classifier
from artpose_lib.model.backbones import BACKBONES, weights_fingerprint
from artpose_lib.train import jobs, records, training
from artpose_lib.train.recipes import Recipe, find_recipe, recipe_to_dict
from artpose_lib.train.records import Trials
from artpose_lib.train.study import EMBEDDED_SEED, NO_WEIGHTS, Study

STRENGTHS = (0.0, 0.5, 1.0)
BOX_CONDITIONS = ("cropped to the box", "box greyed")
SHARE = 0.6  # of the profile's pictures, each of which is painted two to six times
TRIALS = 3
# Pictures in several versions, a row each: number (of the picture, from 0), file_name, label, version (a condition, or
# "linked"), background ("" where none is shown) and link, the strength above which "linked" is the whole picture and
# not "whole"; and what a trainer takes of each row, a picture or features.
Gallery = tuple[pd.DataFrame, np.ndarray]


def box_versions(image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A picture, uint8 (h, w, 3), cropped to what holds all of its boxes, and whole with its boxes grey.

    `boxes` int (k, 4), k >= 1: x0 y0 x1 y1 in pixels within the picture, x1 and y1 not included.
    """
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    greyed = image.copy()
    for x0, y0, x1, y1 in boxes:
        greyed[y0:y1, x0:x1] = GREY
    return image[top:bottom, left:right], greyed


def train_backgrounds(study: Study, strengths: Sequence[float] = STRENGTHS) -> Trials:
    """Train networks on drawings whose background goes with the class at each of the `strengths`, and test them.

    The drawings are the first of the embedded data set (SHARE of the profile's pictures), whatever data the study has.
    Where the profile shortens training, the networks are frozen EfficientNet-Lite0: fine-tuned ones would learn too
    little to be asked what they learned, whereas a head is trained in full. At full strength they are fine-tuned, as
    the thesis' are, from the first backbone that has ImageNet weights here. Divisions are stratified, and a seed's the
    same at all strengths. Each network is stored as a trial; what is stored is neither drawn nor trained again.

    Returns the trials, of which `tabulate_conditions` makes a table. Raises ValueError for a strength outside 0 to 1.
    """
    if not all(0 <= strength <= 1 for strength in strengths):
        raise ValueError(f"strengths lie between 0 and 1, and these do not all: {list(strengths)}")
    scaled = _recipe(study)
    poses, parts = _divided(study, scaled)
    planned = [(_config(study, scaled, seed, f"{len(poses)} drawings of version {__version__}", POSE_NAMES)
                | {"experiment": "surroundings", "background_link": strength}, part, strength)
               for strength, (seed, part) in product(map(float, strengths), parts.items())]
    return _trials(study, scaled, planned, _drawn_gallery)


def train_boxes(study: Study) -> Trials:
    """Train networks on the study's whole pictures; test them on those with boxes: whole, cropped, their boxes greyed.

    Networks and storing are as in `train_backgrounds`; the divisions are those of the recipe's own trials. A trial that
    would test no picture with a box is left out, so there may be none. Raises DataError where all boxes of a picture
    lie outside it.
    """
    scaled = _recipe(study)
    known = hashlib.sha256(json.dumps(_boxes(study).tolist()).encode()).hexdigest()[:12]  # no part of the fingerprint
    planned = [(_config(study, scaled, seed, study.dataset.fingerprint, study.dataset.classes)
                | {"experiment": "boxes", "boxes": known}, part, np.nan)
               for seed, part in _boxed_parts(study, scaled).items()]
    return _trials(study, scaled, planned, _boxed_gallery)


def _recipe(study: Study) -> Recipe:
    for backbone in BACKBONES:
        own = find_recipe("finetuned", backbone)
        if study.profile.full_strength(own) and study.weights_of(backbone) != NO_WEIGHTS:
            return own
    return study.profile.scale(find_recipe("frozen", "EfficientNet-Lite0"))


def _config(study: Study, scaled: Recipe, seed: int, data: str, classes: Sequence[str]) -> dict:
    """All that a trial's numbers depend on, as for the study's own trials."""
    return {"recipe": recipe_to_dict(scaled), "seed": seed, "size": study.profile.size(scaled),
            "steps_per_epoch": study.profile.steps(scaled), "data": data, "classes": list(classes),
            "weights": weights_fingerprint(scaled.backbone, study.weights_dir)}


def _tested(parts: dict[int, np.ndarray]) -> np.ndarray:
    """bool (n,): the pictures that are in the test part of at least one seed."""
    return np.any([part == PARTS.index("test") for part in parts.values()], axis=0)


def _divided(study: Study, scaled: Recipe) -> tuple[list[str], dict[int, np.ndarray]]:
    """The poses of the embedded data set's first drawings, and for each seed the part of each of them."""
    poses = list(pose_sequence(round(SHARE * study.profile.pictures)))
    labels = np.array([POSE_NAMES.index(pose) for pose in poses])
    return poses, {seed: balanced_parts(labels, np.arange(len(poses)), np.random.default_rng(seed))
                   for seed in study.profile.seeds(scaled)[:TRIALS]}


def _drawn_gallery(study: Study, scaled: Recipe) -> Gallery:
    poses, parts = _divided(study, scaled)
    say(f"drawing {len(poses)} artworks before several backgrounds")
    table, pictures = _draw(poses, study.profile.size(scaled), _tested(parts))
    return table, _inputs(study, scaled, pictures)


def _boxes(study: Study) -> pd.Series:
    return study.dataset.metadata.get("boxes", pd.Series("", study.dataset.metadata.index)).fillna("")


def _boxed_parts(study: Study, scaled: Recipe) -> dict[int, np.ndarray]:
    """For each seed that tests a picture with a box the part of each picture; a test picture without one is in none."""
    dataset, parts = study.dataset, {}
    boxed = np.array([len(box_fractions(text, 1, 1)) > 0 for text in _boxes(study)])
    for seed in study.profile.seeds(scaled)[:TRIALS]:
        division, part = split(dataset, scaled.split, seed), np.zeros(len(dataset), int)
        part[division.validation], part[division.test] = 1, np.where(boxed[division.test], 2, -1)
        if (part == 2).any():
            parts[seed] = part
    return parts


def _boxed_gallery(study: Study, scaled: Recipe) -> Gallery:
    dataset, size = study.dataset, study.profile.size(scaled)
    rows = np.flatnonzero(_tested(_boxed_parts(study, scaled)))
    whole = dataset.metadata[["file_name", "label"]].assign(
        number=range(len(dataset)), version="whole", background="", link=np.nan)
    x = study.compute_features(scaled.backbone) if scaled.model == "frozen" else study.pictures(size)
    pictures = [resize(image, size) for row in rows for image in box_versions(*_boxed_picture(dataset, row))]
    boxes = whole.iloc[rows.repeat(len(BOX_CONDITIONS))].assign(version=BOX_CONDITIONS * len(rows))
    return pd.concat([whole, boxes]), np.concatenate([x, _inputs(study, scaled, np.stack(pictures))])


def _draw(poses: Sequence[str], size: int, tested: np.ndarray) -> Gallery:
    """The embedded data set's first drawings as pictures (n, size, size, 3): those that are only trained on in the two
    versions that this takes, the tested ones in all."""

    def draw(number: int) -> list[tuple[dict, np.ndarray]]:
        rng = np.random.default_rng([EMBEDDED_SEED, number])  # this and what follows as in `draw_dataset`
        row = {"number": number, "file_name": f"{poses[number]}/{number:05d}.jpg", "label": poses[number],
               "link": rng.random()}
        made = islice(paint_versions(poses[number], rng), None if tested[number] else 2)
        return [(row | {"version": name, "background": background}, resize(image, size))
                for name, background, image in made]

    with ThreadPoolExecutor() as pool:  # most of the work is NumPy's and OpenCV's, which let other threads run
        rows, pictures = zip(*chain.from_iterable(pool.map(draw, range(len(poses)))), strict=True)
    return pd.DataFrame(rows), np.stack(pictures)


def _boxed_picture(dataset: PoseDataset, row: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture, uint8 (h, w, 3), and its boxes in whole pixels, cut off at its edges: int (k, 4)."""
    path, text = dataset.folder / dataset.metadata["file_name"].iloc[row], dataset.metadata["boxes"].iloc[row]
    image = np.asarray(decode(path.read_bytes())[0])
    scale = np.tile(image.shape[1::-1], 2)  # width, height, width, height
    boxes = np.rint(np.clip(box_fractions(text, *scale[:2]), 0, 1) * scale).astype(int)
    boxes = boxes[(boxes[:, :2] < boxes[:, 2:]).all(axis=1)]
    if not len(boxes):
        raise DataError(f'{path}: the picture is {scale[0]} pixels wide and {scale[1]} high, and none of its boxes '
                        f'lies in it: "{text}". Boxes count pixels of the picture as it is in the folder.')
    return image, boxes


def _inputs(study: Study, scaled: Recipe, pictures: np.ndarray) -> np.ndarray:
    """What a trainer takes: the pictures, uint8 (n, size, size, 3), or for a frozen network their pooled features."""
    if scaled.model != "frozen":
        return pictures
    network = classifier.build_classifier(scaled.backbone, 2, pictures.shape[1], scaled.weights, study.weights_dir)
    return classifier.pooled_model(network).predict(pictures, batch_size=training.PREDICT_BATCH, verbose=0)


@lru_cache(maxsize=1)
def _made(gallery: Callable[[Study, Recipe], Gallery], study: Study, scaled: Recipe) -> Gallery:
    """The gallery, which all trials of an experiment share."""
    return gallery(study, scaled)


def _trials(study: Study, scaled: Recipe, planned: list[tuple[dict, np.ndarray, float]],
            gallery: Callable[[Study, Recipe], Gallery]) -> Trials:
    """Train what is not stored of the trials planned: each a configuration, the part of every picture (an index into
    PARTS, or -1) and the strength. The gallery is made only where a trial is trained."""
    planned_records = [records.Record(records.record_folder(study.results, config)) for config, *_ in planned]
    missing = [record.folder for record in planned_records if not record.folder.exists()]
    number = len(planned) - len(missing)
    for job in jobs.run([jobs.Job(record.folder, partial(_trial, study, scaled, gallery, *trial))
                         for record, trial in zip(planned_records, planned, strict=True)], study.cluster):
        if job.path in missing:
            facts, number = records.Record(job.path).facts, number + 1
            say(f"{facts['config']['experiment']} {number}/{len(planned)}: test accuracy {facts['test_accuracy']:.3f}")
    _made.cache_clear()
    return Trials(planned_records, {})


def tabulate_conditions(trials: Trials) -> pd.DataFrame:
    """A row a test picture, condition and trial, of the trials of `train_backgrounds` or `train_boxes`.

    As `records.Record.predictions` has them (so that `scores.summary(rows, part)` gives intervals), with the columns
    condition, strength (how often the background went with the class in training; NaN where that is not known),
    background (the kind that is shown, "" where none is) and predicted.
    """
    frames = [pd.DataFrame(columns=["condition", "strength"])]
    for record in trials.records:
        rows = record.predictions.query("part != 'validation'")
        frames.append(rows.assign(condition=rows["part"].replace("test", "whole"),
                                  strength=record.config.get("background_link", np.nan),
                                  predicted=records.likeliest_class(rows)))
    order = CONDITIONS + BOX_CONDITIONS
    return pd.concat(frames[1:] or frames).sort_values("condition", kind="stable", ignore_index=True,
                                                       key=lambda conditions: conditions.map(order.index))


def _parts(table: pd.DataFrame, x: np.ndarray, part: np.ndarray, strength: float) -> dict[str, Gallery]:
    """The whole pictures of each part, and the test pictures in each further condition."""
    own = table["version"] == np.where(table["link"] < strength, "linked", "whole")
    of = part[table["number"]]
    chosen = {name: own & (of == index) for index, name in enumerate(PARTS)}
    for condition in sorted(set(table["version"]) - {"whole", "linked"}):
        chosen[condition] = (table["version"] == condition) & (of == PARTS.index("test"))
    return {name: (table[rows], x[rows]) for name, rows in chosen.items()}


def _trial(study: Study, scaled: Recipe, gallery: Callable[[Study, Recipe], Gallery], config: dict, part: np.ndarray,
           strength: float) -> None:
    _train(study, scaled, config, _parts(*_made(gallery, study, scaled), part, strength))


def _train(study: Study, scaled: Recipe, config: dict, parts: dict[str, Gallery]) -> None:
    """Learn from the training part, stop by the validation part, and store what is said of it and of all the rest."""
    started, classes = time.monotonic(), config["classes"]
    train, validation = (training.Part(x, pd.Index(classes).get_indexer(table["label"]))
                         for table, x in (parts["training"], parts["validation"]))
    if scaled.model == "frozen":
        trainer = training.head_trainer(train.x.shape[1], len(classes))
        history = training.train_on_features(trainer, scaled, train, validation, config["seed"])
    else:
        trainer = training.classifier_trainer(scaled.backbone, len(classes), config["size"], scaled.weights,
                                              study.weights_dir)
        history = training.train(trainer, scaled, train, validation, config["seed"], config["steps_per_epoch"])
    frames = []
    for name, (table, x) in islice(parts.items(), 1, None):  # all but the training part
        said = pd.DataFrame(trainer.predict(x), table.index, [f"p_{label}" for label in classes])
        frames.append(pd.concat([table[["file_name", "label", "background"]].assign(part=name), said], axis=1))
    records.store_record(study.results, config, history, pd.concat(frames), time.monotonic() - started)
