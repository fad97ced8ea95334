"""Does a network know the pose, or what stands around the figure? A claim of the Discussion (Section 4), tried out.

Networks are trained on drawings where a background goes with the class in none, half or all, and tested on the same
drawings whole, without background and so on (`draw.artwork.CONDITIONS`). Real pictures at best have boxes: a picture
cropped to its box has a larger figure than those trained on, and a grey box still tells of the pose. Greying costs
something wherever it is done, so another picture's box is the control.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice

import numpy as np
import pandas as pd

from artpose_lib import __version__
from artpose_lib.data.dataset import DataError, PoseDataset
from artpose_lib.data.metadata import parse_boxes
from artpose_lib.data.pictures import decode, read_ahead, read_file, resize, shrink_picture
from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.splits import PARTS, Part, balanced_parts, split
from artpose_lib.draw.artwork import CONDITIONS, GREY, paint_versions
from artpose_lib.draw.embedded import pose_sequence
from artpose_lib.files import say
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.model.features import BATCH
from artpose_lib.train import trials
from artpose_lib.train.recipes import Recipe, find_recipe
from artpose_lib.train.records import Trials, all_records, hash_json, likeliest_class
from artpose_lib.train.study import EMBEDDED_SEED, NO_WEIGHTS, Study
from artpose_lib.train.trials import Material, Trial, configure

STRENGTHS = (0.0, 0.5, 1.0)
BOX_CONDITIONS = ("cropped to the box", "box greyed", "another's box greyed")
SIMILAR = 5  # boxes of other pictures, the nearest in area, of which the one that overlaps least is greyed
SHARE = 0.6  # of the profile's pictures, each of which is painted two to six times
TRIALS = 3
# A row a version of a picture: number (of the picture, from 0), file_name, label, version (a condition, or "linked"),
# background ("" for none) and link, the strength above which "linked" and not "whole" is the whole picture; and what a
# network takes of each row, a picture or features.
Gallery = tuple[pd.DataFrame, np.ndarray]


def train_backgrounds(study: Study) -> Trials:
    """Train networks on drawings whose background goes with the class at each of STRENGTHS, and test them. The drawings
    are the first of the embedded data set, whatever data the study has, in stratified divisions."""
    poses, parts = divide_drawings(study)
    return _train(study, parts, load_drawings, f"{len(poses)} drawings of version {__version__}", POSE_NAMES,
                  [{"experiment": "surroundings", "background_link": strength} for strength in STRENGTHS])


def train_boxes(study: Study) -> Trials:
    """Train networks on the study's whole pictures; test them on those with boxes: whole, cropped, their boxes greyed,
    and another picture's boxes of the same area greyed in their stead.

    Leaves out trials that would test no picture with a box. Of a study that trains nothing these are the stored ones.
    Raises DataError where all boxes lie outside a picture.
    """
    if not study.trains:
        stored = all_records(study.results)
        return Trials([record for record in stored if record.config.get("experiment") == "boxes"], {})
    dataset = study.dataset
    known = hash_json(list(dataset.metadata.get("boxes", ())))  # which the fingerprint does not know
    return _train(study, divide_boxed(study), load_boxes, dataset.fingerprint, dataset.classes,
                  [{"experiment": "boxes", "boxes": known, "conditions": list(BOX_CONDITIONS)}])


def tabulate_conditions(trials: Trials) -> pd.DataFrame:
    """A row a test picture, condition and trial, of the trials of `train_backgrounds` or `train_boxes`.

    `Trials.predictions` with condition, strength (NaN for boxes), background ("" where none is shown), of boxes hidden
    (the share of a picture's own that is grey) and predicted, in the order of conditions and strengths.
    """
    order = [*CONDITIONS, *BOX_CONDITIONS]
    frames = [record.predictions.query("part != 'validation'").assign(
        condition=lambda rows: rows["part"].replace("test", "whole"), layers=record.layers,
        strength=record.config.get("background_link", np.nan), predicted=likeliest_class) for record in trials.records]
    return pd.concat(frames or [pd.DataFrame(columns=["condition", "strength"])]).sort_values(
        ["condition", "strength"], ignore_index=True,
        key=lambda column: column.map(order.index) if column.name == "condition" else column)


def choose_recipe(study: Study) -> Recipe:
    """The recipe of both experiments: fine-tuned as in the thesis, from the first backbone with ImageNet weights here.

    Where the profile shortens training, a frozen EfficientNet-Lite0, whose head is trained in full. Of a study that
    trains nothing, that of its stored trials with boxes.
    """
    if not study.trains and (stored := train_boxes(study).records):
        return find_recipe(stored[0].names["model"], stored[0].names["backbone"])
    for backbone in BACKBONES:
        own = find_recipe("finetuned", backbone)
        if study.profile.full_strength(own) and study.weights_of(backbone) != NO_WEIGHTS:
            return own
    return study.profile.scale(find_recipe("frozen", "EfficientNet-Lite0"))


def divide_drawings(study: Study) -> tuple[list[str], dict[int, np.ndarray]]:
    """The poses of the embedded data set's first drawings, and by seed the part of each, an index into `PARTS`."""
    poses = list(pose_sequence(round(SHARE * study.profile.pictures)))
    labels = np.array([POSE_NAMES.index(pose) for pose in poses])
    return poses, {seed: balanced_parts(labels, np.arange(len(poses)), np.random.default_rng(seed))
                   for seed in study.profile.seeds(choose_recipe(study))[:TRIALS]}


def divide_boxed(study: Study) -> dict[int, np.ndarray]:
    """The part of each picture, by the seeds that test one with a box; -1 for test pictures without a box."""
    recipe, dataset, parts = choose_recipe(study), study.dataset, {}
    boxed = np.array([bool(parse_boxes(text)) for text in dataset.metadata.get("boxes", [""] * len(dataset))])
    for seed in study.profile.seeds(recipe)[:TRIALS]:
        division, part = split(dataset, recipe.split, seed), np.zeros(len(dataset), int)
        part[division.validation], part[division.test] = 1, np.where(boxed[division.test], 2, -1)
        if (part == 2).any():
            parts[seed] = part
    return parts


def load_drawings(trial: Trial) -> Material:
    """The whole drawings to learn from, and the tested ones in all conditions."""
    poses, parts = divide_drawings(trial.study)

    def make(tested: np.ndarray) -> Gallery:
        say(f"drawing {len(poses)} artworks before several backgrounds")
        table, pictures = draw_gallery(poses, trial.config["size"], tested)
        return table, _inputs(trial, pictures)

    return _select(trial, parts, make)


def load_boxes(trial: Trial) -> Material:
    """The study's whole pictures to learn from, and the tested ones also cropped to their boxes or with these grey."""
    study, dataset, size = trial.study, trial.study.dataset, trial.config["size"]

    def make(tested: np.ndarray) -> Gallery:
        rows = np.flatnonzero(tested)
        whole = dataset.metadata[["file_name", "label"]].assign(
            number=range(len(dataset)), version="whole", background="", link=np.nan, hidden=0.0)
        x = study.compute_features(trial.recipe.backbone) if trial.recipe.model == "frozen" else study.pictures(size)
        boxes = [read_boxes(dataset, row) for row in rows]
        others, hidden = choose_others(boxes)
        pictures = [resize(image, size) for row, own, other in zip(rows, boxes, others, strict=True)
                    for image in box_versions(dataset, row, own, boxes[other])]
        versions = whole.iloc[rows.repeat(len(BOX_CONDITIONS))].assign(
            version=BOX_CONDITIONS * len(rows), hidden=np.ravel([(0.0, 1.0, share) for share in hidden]))
        return pd.concat([whole, versions]), np.concatenate([x, _inputs(trial, np.stack(pictures))])

    return _select(trial, divide_boxed(study), make)


def choose_rows(table: pd.DataFrame, part: np.ndarray, strength: float) -> dict[str, np.ndarray]:
    """Which rows of a gallery are the whole pictures of each part, and the tested ones in each further condition."""
    own = table["version"] == np.where(table["link"] < strength, "linked", "whole")
    of = part[table["number"]]
    further = sorted(set(table["version"]) - {"whole", "linked"})
    return {name: own & (of == index) for index, name in enumerate(PARTS)} | {
        name: (table["version"] == name) & (of == PARTS.index("test")) for name in further}


def _select(trial: Trial, parts: dict[int, np.ndarray], make: Callable[[np.ndarray], Gallery]) -> Material:
    """What a trial takes of the gallery that all trials share; `make` gets bool (n,): tested by any of them."""
    tested = np.any([part == PARTS.index("test") for part in parts.values()], axis=0)
    table, x = trial.study.cache.keep("gallery", (trial.load, trial.recipe), lambda: make(tested))
    chosen = choose_rows(table, parts[trial.seed], trial.config.get("background_link", np.nan))
    labels = pd.Index(trial.config["classes"]).get_indexer(table["label"])
    train, validation = (Part(x[chosen[name]], labels[chosen[name]]) for name in ("training", "validation"))
    asked = table[["file_name", "label", "background", *({"hidden"} & set(table))]]
    return Material(train, validation, [(asked[rows].assign(part=name), x[rows], BATCH)
                                        for name, rows in chosen.items() if name != "training"])


def draw_gallery(poses: Sequence[str], size: int, tested: np.ndarray) -> Gallery:
    """The embedded data set's first drawings, in all versions where they are `tested`, else in the two to train on."""

    def draw(number: int) -> list[tuple[dict, np.ndarray]]:
        rng = np.random.default_rng([EMBEDDED_SEED, number])  # this and what follows as in `draw_dataset`
        row = {"number": number, "file_name": f"{poses[number]}/{number:05d}.jpg", "label": poses[number],
               "link": rng.random()}
        made = islice(paint_versions(poses[number], rng), None if tested[number] else 2)
        return [(row | {"version": name, "background": background}, resize(image, size))
                for name, background, image in made]

    rows, pictures = zip(*chain.from_iterable(read_ahead(draw, range(len(poses)))), strict=True)
    return pd.DataFrame(rows), np.stack(pictures)


def read_boxes(dataset: PoseDataset, row: int) -> np.ndarray:
    """A picture's boxes within its edges, as shares of its sides: x0, y0, x1, y1, float (n, 4). Raises DataError."""
    name, text = dataset.metadata[["file_name", "boxes"]].iloc[row]
    _, (width, height) = shrink_picture(dataset.folder / name, 1)
    boxes = np.clip(parse_boxes(text), 0, [width, height, width, height])
    boxes = boxes[(boxes[:, :2] < boxes[:, 2:]).all(axis=1)]
    if not len(boxes):
        raise DataError(f'{dataset.folder / name}: the picture is {width} pixels wide and {height} high, and none of '
                        f'its boxes lies in it: "{text}". Boxes count pixels of the picture as it is in the folder.')
    return boxes / [width, height, width, height]


def choose_others(boxes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """For each picture's boxes, as `read_boxes` gives them, another picture whose boxes cover nearly the same area and,
    of the SIMILAR nearest in that, overlap with them least: int (n,). A single picture has but itself.

    Also returns what share of its own boxes these hide, float (n,).
    """
    masks = np.stack([_grey(np.zeros((100, 100), np.float32), own, 1).ravel() for own in boxes])
    gaps = np.abs(np.subtract.outer(masks.sum(axis=1), masks.sum(axis=1)))
    np.fill_diagonal(gaps, np.inf)
    nearest = gaps.argsort(axis=1, kind="stable")[:, :max(1, min(SIMILAR, len(boxes) - 1))]
    overlaps = np.take_along_axis(masks @ masks.T, nearest, axis=1)
    others = nearest[np.arange(len(boxes)), overlaps.argmin(axis=1)]
    return others, overlaps.min(axis=1) / np.maximum(masks.sum(axis=1), 1)


def box_versions(dataset: PoseDataset, row: int, own: np.ndarray, other: np.ndarray) -> list[np.ndarray]:
    """A picture, uint8 (h, w, 3), in the BOX_CONDITIONS: cropped to what holds all of its own boxes, whole with these
    grey, and whole with another picture's grey. Boxes as `read_boxes` gives them."""
    image = np.asarray(decode(read_file(dataset.folder / dataset.metadata["file_name"].iloc[row]))[0])
    height, width, _ = image.shape
    left, top = np.rint(own[:, :2].min(axis=0) * [width, height]).astype(int)
    right, bottom = np.rint(own[:, 2:].max(axis=0) * [width, height]).astype(int)
    return [image[top:bottom, left:right], _grey(image.copy(), own), _grey(image.copy(), other)]


def _grey(image: np.ndarray, boxes: np.ndarray, value: int = GREY) -> np.ndarray:
    """The image (h, w, ...), with boxes (shares of its sides) filled in place."""
    height, width = image.shape[:2]
    for x0, y0, x1, y1 in np.rint(boxes * [width, height, width, height]).astype(int):
        image[y0:y1, x0:x1] = value
    return image


def _train(study: Study, seeds: Iterable[int], load: Callable[[Trial], Material], data: str, classes: Sequence[str],
           settings: list[dict]) -> Trials:
    recipe = choose_recipe(study)
    planned = [Trial(study, recipe, seed, configure(study, recipe, seed, data, classes, **more), load)
               for more in settings for seed in seeds]
    found = trials.run(planned, study.cluster)
    study.cache.pop("gallery", None)
    return Trials(found, {})


def _inputs(trial: Trial, pictures: np.ndarray) -> np.ndarray:
    """What the trial's network takes of pictures: these, or pooled features if frozen."""
    if trial.recipe.model != "frozen":
        return pictures
    trainer = trial.build_network()
    trainer.model.set_weights(trainer.pristine)  # another trial may have trained it
    return trainer.predict(pictures)[0]
