"""What the audit trains: what the thesis' scripts did and what its text says, both on the same divisions and seeds.

`thesis/audit.csv` says in our words what text and scripts do and what is to be expected. `audit` measures it on the
trials that `train_audit` stores.
"""

from collections.abc import Sequence
from itertools import chain
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
from artpose_lib.train.variants import VARIANTS, Variant

SHARES = (0.125, 0.25, 0.5)  # of the training pictures; with all of them, four points of a learning curve
STARTS = (100, 101, 102)  # first weights, crossed with the trials' divisions
PLANTED = 0.3  # share of the drawings that get a copy
PLANTED_SIDE = 320  # pixels of the longer side of a planted copy: as large as the drawings
LITE = "EfficientNet-Lite0"


class Condition(NamedTuple):
    """The trials of one model with one thing switched (None: as its recipe has it); `seeds` None are the profile's."""

    model: str
    backbone: str
    variant: Variant | None = None
    seeds: tuple[int, ...] | None = None

    def train(self, study: Study) -> None:
        """Train those that are not stored yet."""
        study.train(self.model, variant=self.variant, backbones=[self.backbone], seeds=self.seeds)

    def find(self, study: Study) -> Trials:
        return study.find(self.model, variant=self.variant, backbones=[self.backbone], seeds=self.seeds)


class Comparison(NamedTuple):
    """A place of the audit: a condition as the text has it, the same as the scripts have it, and what that switches.

    `part` is the part of the scripts' predictions that is compared with the text's test part; where copies are
    `planted`, both are trained on the drawings with copies.
    """

    id: str
    condition: str
    text: Condition
    script: Condition
    part: str = "test"
    planted: bool = False


def select_backbones(study: Study, *names: str) -> list[str]:
    """Those of the backbones whose ImageNet weights are here, in the order given."""
    return [name for name in names if study.weights_of(name) != NO_WEIGHTS]


def plan_comparisons(study: Study) -> list[Comparison]:
    """What is compared, in the chapter's order: on the thesis' networks, or on those whose weights are here."""
    frozen = select_backbones(study, "Xception", "VGG16", "ResNet50", LITE)
    plan = [_switch("frozen", name, "A1 labels permuted") for name in frozen]
    plan += [_switch("frozen", name, key) for name in select_backbones(study, "VGG16", "ResNet50", "Xception", LITE)
             for key, variant in VARIANTS.items()
             if variant.preprocessing not in (None, BACKBONES[name].preprocessing)]
    plain, normalised = (select_backbones(study, *names)[0]
                         for names in (("VGG16", LITE), ("Xception", "ResNet50", LITE)))
    plan.append(_switch("finetuned_aug", plain, "A2 never unfrozen"))
    batches = _switch("finetuned", normalised, "A3 batch statistics", "shuffled batches")
    plan += [batches._replace(condition=company, text=batches.script, part=f"test, {company}")
             for company in ("sorted by class", "one by one")]
    plan += [batches, _switch("baseline", "VGG16", "A4 preprocessed in place"),
             _switch("finetuned", plain, "A8 all layers in phase I")]
    together, cheapest = VARIANTS["A10 duplicates together"], (select_backbones(study, LITE) or frozen)[0]
    copies = _switch("frozen", cheapest, "A10 duplicates apart", f"a copy planted of {PLANTED:.0%}", together)
    return [*plan, _switch("frozen", frozen[0], "A10 duplicates apart", "as found", together),
            copies._replace(planted=True)]


def _switch(model: str, backbone: str, key: str, condition: str = "", base: Variant | None = None) -> Comparison:
    """A model as its recipe (or as `base`) has it against the same with one of VARIANTS switched."""
    id, _, words = key.partition(" ")
    return Comparison(id, condition or words, Condition(model, backbone, base),
                      Condition(model, backbone, VARIANTS[key]))


def plan_conditions(study: Study) -> dict[str, list[Condition]]:
    """The conditions that are not compared one with one, by what they are for: a place of the audit or a table."""
    backbones = select_backbones(study, "VGG16", "ResNet50", "Xception", LITE)
    backbone = select_backbones(study, "Xception", *backbones)[0]
    seeds = study.profile.seeds(find_recipe("frozen", backbone))
    others = [name for name in select_backbones(study, "VGG16", LITE) if name != backbone]
    own = Condition("frozen", backbone)
    return {"A6": [own, own._replace(variant=VARIANTS["A6 one split"])],
            "A7": [own._replace(variant=VARIANTS[f"A7 seeded too late, {run}"], seeds=seeds[:2])
                   for run in ("one run", "another run")],
            "A9": [own._replace(backbone=name) for name in backbones],
            "starts": [own._replace(variant=Variant(start=start), seeds=seeds if len(seeds) > 1 else (40, 41))
                       for start in STARTS],
            "shares": [*(own._replace(variant=Variant(share=share)) for share in SHARES), own],
            "power": [own, own._replace(backbone=others[0]) if others else own._replace(model="baseline")]}


def train_audit(study: Study, ids: Sequence[str] = ()) -> None:
    """Train what the audit takes and is not stored yet: all of it, or only the comparisons of some ids."""
    for comparison in plan_comparisons(study):
        if comparison.id in ids or not ids:
            place = open_planted(study) if comparison.planted else study
            comparison.text.train(place)
            comparison.script.train(place)
    for condition in chain(*plan_conditions(study).values()) if not ids else ():
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
    """Write the pictures of a data set into a new `folder`, and of a `share` a copy, as a print is of a painting.

    A copy is mirrored, cropped by 3 % a side and without colour. The column `work` says which belong together; titles
    and licences stay.
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
