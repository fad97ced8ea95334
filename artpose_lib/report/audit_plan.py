"""What the audit trains: what the thesis' scripts did and what its text says, both on the same divisions and seeds.

`thesis/audit.csv` says in words what text and scripts do and what was expected; `audit` measures it on stored trials.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from artpose_lib.data.dataset import PoseDataset
from artpose_lib.files import whole
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.records import Trials
from artpose_lib.train.study import NO_WEIGHTS, Study, open_study
from artpose_lib.train.variants import FAITHFUL, VARIANTS, Variant

SHARES = (0.125, 0.25, 0.5)  # of the training pictures; with all of them, four points of a learning curve
STARTS = (100, 101, 102)  # first weights, crossed with the trials' divisions
PLANTED = 0.3  # share of the drawings that get a copy
PLANTED_SIDE = 320  # pixels of the longer side of a planted copy: as large as the drawings
LITE = "EfficientNet-Lite0"


class Condition(NamedTuple):
    """The trials of one model with one thing switched; `seeds` None are the profile's."""

    model: str
    backbone: str
    variant: Variant = FAITHFUL
    seeds: tuple[int, ...] | None = None

    def train(self, study: Study) -> None:
        study.train(self.model, variant=self.variant, backbones=[self.backbone], seeds=self.seeds)

    def find(self, study: Study) -> Trials:
        return study.find(self.model, variant=self.variant, backbones=[self.backbone], seeds=self.seeds)


class Comparison(NamedTuple):
    """A place of the audit: what is switched in words, and the trials as the text and as the scripts have it.

    `part` is the scripts' part that is compared with the text's test part; `planted`: on drawings with copies.
    """

    id: str
    condition: str
    text: Condition
    script: Condition
    part: str = "test"
    planted: bool = False

    def choose_study(self, study: Study) -> Study:
        return open_planted(study) if self.planted else study


def select_backbones(study: Study, *names: str) -> list[str]:
    """Those of the backbones whose ImageNet weights are here."""
    return [name for name in names if study.weights_of(name) != NO_WEIGHTS]


def plan_comparisons(study: Study, ids: Sequence[str] = ()) -> list[Comparison]:
    """What is compared, or only that of some ids: on the thesis' networks, or on those whose weights are here."""
    frozen = select_backbones(study, "Xception", "VGG16", "ResNet50", LITE)
    plain, cheapest = select_backbones(study, "VGG16", LITE)[0], (select_backbones(study, LITE) or frozen)[0]
    batches = _switch("finetuned", select_backbones(study, "Xception", "ResNet50", LITE)[0], "A3 batch statistics")
    runs = [Condition("frozen", frozen[0], VARIANTS[f"A7 seeded too late, {run}"],
                      study.profile.seeds(find_recipe("frozen", frozen[0]))[:2]) for run in ("one run", "another run")]
    together = VARIANTS["A10 duplicates together"]
    plan = [
        *(_switch("frozen", name, "A1 labels permuted") for name in frozen),
        *(_switch("frozen", name, key) for name in select_backbones(study, "VGG16", "ResNet50", "Xception", LITE)
          for key, variant in VARIANTS.items() if variant.preprocessing not in (None, BACKBONES[name].preprocessing)),
        _switch("finetuned_aug", plain, "A2 never unfrozen"),
        *(batches._replace(condition=company, text=batches.script, part=f"test, {company}")
          for company in ("sorted by class", "one by one")),
        batches._replace(condition="shuffled batches"),
        _switch("baseline", "VGG16", "A4 preprocessed in place"),
        _switch("finetuned", plain, "A8 all layers in phase I"),
        _switch("frozen", frozen[0], "A6 one split"),
        Comparison("A7", "seeded too late", *runs),
        _switch("frozen", frozen[0], "A10 duplicates apart", together)._replace(condition="as found"),
        _switch("frozen", cheapest, "A10 duplicates apart", together)._replace(
            condition=f"a copy planted of {PLANTED:.0%}", planted=True)]
    return [comparison for comparison in plan if comparison.id in ids or not ids]


def _switch(model: str, backbone: str, key: str, base: Variant = FAITHFUL) -> Comparison:
    """A model as its recipe (or as `base`) has it against the same with one of VARIANTS switched."""
    id, _, words = key.partition(" ")
    return Comparison(id, words, Condition(model, backbone, base), Condition(model, backbone, VARIANTS[key]))


def plan_tables(study: Study) -> dict[str, dict[object, Condition]]:
    """The conditions of the further tables, by first weights, share of pictures, backbone and model."""
    backbones = select_backbones(study, "VGG16", "ResNet50", "Xception", LITE)
    backbone = select_backbones(study, "Xception", *backbones)[0]
    seeds = study.profile.seeds(find_recipe("frozen", backbone))
    others = [name for name in select_backbones(study, "VGG16", LITE) if name != backbone]
    own = Condition("frozen", backbone)
    return {"starts": {start: own._replace(variant=Variant(start=start), seeds=seeds if len(seeds) > 1 else (40, 41))
                       for start in STARTS},
            "shares": {share: own._replace(variant=Variant(share=share)) for share in (*SHARES, 1.0)},
            "ends": {name: own._replace(backbone=name) for name in backbones},
            "models": {"first": own, "second": own._replace(backbone=others[0]) if others else
                       own._replace(model="baseline")}}


def train_audit(study: Study, ids: Sequence[str] = ()) -> None:
    """Train what is not stored yet: all, or only the comparisons of some ids."""
    for comparison in plan_comparisons(study, ids):
        place = comparison.choose_study(study)
        comparison.text.train(place)
        comparison.script.train(place)
    for conditions in plan_tables(study).values() if not ids else ():
        for condition in conditions.values():
            condition.train(study)


def open_planted(study: Study) -> Study:
    """The embedded data set with copies; a study of one's own pictures plants nothing in them."""
    weights, name, results = study.weights_dir or "", study.profile.name, str(study.results)
    drawn = study if study.embedded else open_study("", weights, name, results, cluster=study.cluster)
    folder = drawn.results / "embedded" / f"{drawn.dataset.folder.name}-planted"
    if not (folder / "metadata.csv").exists():
        with whole(folder, replace=folder.exists()) as partial:
            plant_copies(drawn.dataset, PLANTED, partial)
    return open_study(str(folder), weights, name, results, cluster=study.cluster)


def plant_copies(dataset: PoseDataset, share: float, folder: Path, seed: int = 0) -> None:
    """Write a data set's pictures into a new `folder`, and of a `share` a copy: mirrored, cropped by 3 % a side, grey.

    The column `work` says which belong together.
    """
    folder.mkdir(parents=True)
    copied = np.random.default_rng(seed).permutation(len(dataset))[:round(share * len(dataset))]
    kept = dataset.metadata.reindex(columns=["label", "TITLE", "AUTHOR", "DATE", "licence"]).dropna(axis=1, how="all")
    rows = []
    for number in range(len(dataset)):
        picture = Image.fromarray(dataset.picture(number, PLANTED_SIDE))
        pictures = {f"{number:05}.jpg": picture}
        if number in copied:
            cropped = ImageOps.crop(picture, round(0.03 * min(picture.size)))
            pictures[f"{number:05}-copy.jpg"] = ImageOps.mirror(cropped).convert("L").convert("RGB")
        for name, image in pictures.items():
            image.save(folder / name, "JPEG", quality=90)
            rows.append(kept.iloc[number].to_dict() | {"work": f"{number}", "file_name": name})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
