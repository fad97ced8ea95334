"""The audit: what the thesis' scripts did against what its text says, on the same divisions and seeds.

`thesis/audit.csv` says in words what text and scripts do and what was expected. `train_audit` trains both, and
`tabulate` measures them on the stored trials. Whole networks are compared at the thesis' strength only.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from artpose_lib.data.duplicates import near_duplicate_pairs
from artpose_lib.data.poses import thesis_table
from artpose_lib.draw.embedded import plant_copies
from artpose_lib.files import whole
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.model.features import BATCH
from artpose_lib.report import planning, scores, statistics
from artpose_lib.report.statistics import Difference
from artpose_lib.report.verdicts import ALPHA, UNSETTLED, UNTESTABLE
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.records import Trials
from artpose_lib.train.study import NO_WEIGHTS, Study, open_study
from artpose_lib.train.variants import FAITHFUL, VARIANTS, Variant

SHARES = (0.125, 0.25, 0.5)  # of the training pictures; with all of them, four points of a learning curve
STARTS = (100, 101, 102)  # first weights, crossed with the trials' divisions
PLANTED = 0.3  # share of the drawings that get a copy
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

    `worse` is the side, "text" or "script", that is expected to lose what a network learns, and so need not have
    learned; `part` the scripts' part that is compared with the text's test part; `planted`: on drawings with copies.
    """

    id: str
    condition: str
    text: Condition
    script: Condition
    worse: str = ""
    part: str = "test"
    planted: bool = False

    def choose_study(self, study: Study) -> Study:
        return open_planted(study) if self.planted else study

    def find_obstacle(self, study: Study) -> str:
        """Why this is not run, or ""."""
        if self.planted and not study.trains:
            return f"{UNTESTABLE}: its trials are not stored"
        if (self.planted or self.id in ("A3", "A5")) and study.profile.time < 1:
            return f"{UNTESTABLE}: it takes more passes of pictures through a network than this profile makes"
        recipe = find_recipe(self.script.model, self.script.backbone)
        if recipe.weights and study.weights_of(recipe.backbone) == NO_WEIGHTS:
            return f"{UNTESTABLE}: there are no ImageNet weights of {recipe.backbone}"
        if recipe.model != "frozen" and not study.profile.full_strength(recipe):
            return f"{UNTESTABLE}: it takes whole networks, trained as long as the thesis trained them"
        return ""


def select_backbones(study: Study, *names: str) -> list[str]:
    """Those of the backbones whose ImageNet weights are here."""
    return [name for name in names if study.weights_of(name) != NO_WEIGHTS]


def plan_comparisons(study: Study, ids: Sequence[str] = ()) -> list[Comparison]:
    """What is compared, or only that of some ids: whole networks are the thesis' own; of frozen ones, those whose
    weights are here stand in for the others."""
    frozen = select_backbones(study, "Xception", "VGG16", "ResNet50", LITE)
    cheapest, normalised = (select_backbones(study, *names, *frozen)[0] for names in ((LITE,), ("Xception", LITE)))
    runs = [Condition("frozen", frozen[0], VARIANTS[f"A7 seeded too late, {run}"],
                      study.profile.seeds(find_recipe("frozen", frozen[0]))[:2]) for run in ("one run", "another run")]
    together = VARIANTS["A10 duplicates together"]
    plan = [
        *(_switch("frozen", name, "A1 labels permuted")._replace(worse="script") for name in frozen),
        Comparison("A5", "own mode", _feed("frozen", normalised, "caffe"), Condition("frozen", normalised), "text"),
        *(Comparison("A5", "raw", _feed(model, name, "caffe"), _feed(model, name, "raw"),
                     "script" if model == "frozen" else "") for model, name in (
            ("frozen", normalised), ("finetuned", "Xception"), ("finetuned", "ResNet50"))),
        _switch("finetuned_aug", "VGG16", "A2 never unfrozen"),
        *(own for model, name in (("frozen", normalised), ("finetuned", "Xception"))
          for own in _compare_batches(_switch(model, name, "A3 batch statistics"))),
        _switch("baseline", "VGG16", "A4 preprocessed in place"),
        _switch("finetuned", "VGG16", "A8 all layers in phase I"),
        _switch("frozen", frozen[0], "A6 one split"),
        Comparison("A7", "seeded too late", *runs),
        _switch("frozen", frozen[0], "A10 duplicates apart", together)._replace(condition="as found"),
        _switch("frozen", cheapest, "A10 duplicates apart", together)._replace(
            condition=f"a copy planted of {PLANTED:.0%}", planted=True),
        _switch("frozen", select_backbones(study, "VGG16", "ResNet50", *frozen)[0], "A12 unequal rest",
                VARIANTS["A10 duplicates apart"])]
    return [comparison for comparison in plan if comparison.id in ids or not ids]


def _switch(model: str, backbone: str, key: str, base: Variant = FAITHFUL) -> Comparison:
    """A model as its recipe (or as `base`) has it against the same with one of VARIANTS switched."""
    id, _, words = key.partition(" ")
    return Comparison(id, words, Condition(model, backbone, base), Condition(model, backbone, VARIANTS[key]))


def _feed(model: str, backbone: str, mode: str) -> Condition:
    """A model whose pictures are preprocessed in one of the modes of VARIANTS."""
    own = BACKBONES[backbone].preprocessing == mode
    return Condition(model, backbone, FAITHFUL if own else VARIANTS[f"A5 {mode}"])


def _compare_batches(switched: Comparison) -> list[Comparison]:
    """A3: batches' own statistics against stored ones, then the same network asked in other batches."""
    switched = switched._replace(worse="script")
    return [switched._replace(condition="shuffled batches"), *(
        switched._replace(condition=company, text=switched.script, part=f"test, {company}")
        for company in ("sorted by class", "one by one"))]


def plan_tables(study: Study) -> dict[str, dict[object, Condition]]:
    """The conditions of the further tables, by first weights, share of pictures, backbone and model."""
    backbones = select_backbones(study, "VGG16", "ResNet50", "Xception", LITE)
    backbone = select_backbones(study, "Xception", *backbones)[0]
    seeds = study.profile.seeds(find_recipe("frozen", backbone))
    own = Condition("frozen", backbone)
    return {"starts": {start: own._replace(variant=Variant(start=start), seeds=seeds if len(seeds) > 1 else (40, 41))
                       for start in STARTS},
            "shares": {share: own._replace(variant=Variant(share=share)) for share in (*SHARES, 1.0)},
            "ends": {name: own._replace(backbone=name) for name in backbones},
            "models": {f"the frozen {name}": own._replace(backbone=name) for name in select_backbones(
                study, "Xception", "VGG16", "ResNet50", LITE)[:2]}}


def train_audit(study: Study, ids: Sequence[str] = ()) -> None:
    """Train what is not stored yet: all, or only the comparisons of some ids."""
    for comparison in plan_comparisons(study, ids):
        if not comparison.find_obstacle(study):
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


def tabulate(study: Study) -> dict[str, pd.DataFrame]:
    """Every table of the audit, from the trials that `train_audit` stored. Raises ValueError where they are not."""
    plan = plan_tables(study)
    points = score_trials(study, plan["shares"], "share")
    training = 0.8 * len(study.dataset) / len(study.dataset.classes)  # pictures a class, their mean
    points = points.assign(pictures=points["share"] * training, tested=points["pictures"])[
        ["share", "pictures", "seed", "accuracy", "tested"]]
    starts = score_trials(study, plan["starts"], "start").rename(columns={"seed": "split"})
    starts = starts[starts.groupby("split")["start"].transform("count") == len(STARTS)]  # no trial of a split diverged
    return {"rows": add_verdicts(compare(study)), "spread": planning.spread(starts), "points": points,
            "power": pd.DataFrame([measure_power(study)])}


def is_stored(study: Study) -> bool:
    """Whether the trials of the further tables are all stored, which those of an edition may not be."""
    return bool(select_backbones(study, *BACKBONES)) and not any(
        own.find(study).unstored for conditions in plan_tables(study).values() for own in conditions.values())


def find_pairs(study: Study) -> pd.DataFrame:
    """`near_duplicate_pairs` of the study's pictures; none without the weights."""
    if not select_backbones(study, LITE):
        return pd.DataFrame(columns=["first", "second", "by_hash", "by_network", "same_label"])
    return near_duplicate_pairs(study.dataset, study.compute_features(LITE))


def measure_power(study: Study) -> dict:
    """`planning.power` by two networks, their names in `models`, and in `doubt` why that says nothing, or ""."""
    models = {name: own.find(study).predictions for name, own in plan_tables(study)["models"].items()}
    if len(models) < 2:
        return {"models": " and ".join(models), "doubt": "a second network with weights is missing"}
    doubts = [f"{name} {doubt}" for name, own in models.items() if (doubt := statistics.find_doubt(own, study.profile))]
    return {"models": " and ".join(models), "doubt": ", ".join(doubts)} | planning.power(*models.values())


def compare(study: Study, ids: Sequence[str] = ()) -> pd.DataFrame:
    """What both conditions of each comparison score, or of those of some ids, and what they differ by.

    Returns id, model, backbone, condition, text and script (accuracies, but for A6 and A7), difference (script less
    text) with low, high and p, trials, pictures, strength: "full" or the profile's name, and `why` these numbers are no
    test, or "".
    """
    rows = []
    for comparison in plan_comparisons(study, ids):
        script, why, found = comparison.script, comparison.find_obstacle(study), statistics.UNKNOWN
        if not why:
            found, why = _measure(comparison, comparison.choose_study(study))
        full = study.profile.full_strength(find_recipe(script.model, script.backbone))
        rows.append({"id": comparison.id, "model": script.model, "backbone": script.backbone,
                     "condition": comparison.condition, **found._asdict(), **({"p": np.nan} if why else {}),
                     "strength": "full" if full else study.profile.name, "why": why})
    return pd.DataFrame(rows).rename(columns={"first": "text", "second": "script"})


def _measure(comparison: Comparison, study: Study) -> tuple[Difference, str]:
    """The difference, and why it is no test, or ""."""
    text, script = (side.find(study) for side in (comparison.text, comparison.script))
    if not (text.records and script.records):
        return statistics.UNKNOWN, f"{UNTESTABLE}: its trials are not stored"
    measure = {"A6": _compare_spread, "A7": _compare_divisions}.get(comparison.id, statistics.difference)
    text, script = text.predictions, script.predictions.drop(columns="layers")  # what a script freezes is its slip
    try:
        found = measure(*map(statistics.keep_trials, (text, script)), second_part=comparison.part)
    except ValueError:  # all diverged, or none in common
        found = statistics.UNKNOWN
    if comparison.id == "A7":
        return found, "a count, and no test"
    if comparison.part == "test, sorted by class" and found.pictures <= found.trials * BATCH:
        return found, f"{UNTESTABLE}: all test pictures stand in one batch, in whatever order"
    for side, own in {"text": text, "script": script}.items():
        doubt = statistics.find_doubt(own, study.profile)
        if doubt and (doubt != statistics.IDLE or side != comparison.worse):
            return found, f"{UNSETTLED if doubt == statistics.IDLE else UNTESTABLE}: the network of the {side} {doubt}"
    if found.trials < statistics.FEWEST_TRIALS:
        return found, f"{UNTESTABLE}: they have {found.trials} trials in common"
    return found, ""


def _compare_spread(text: pd.DataFrame, script: pd.DataFrame, second_part: str) -> Difference:
    """A6: the standard deviation over trials of their accuracies."""
    sides = [scores.per_trial(side, second_part).rename(columns={"pictures": "tested"}) for side in (text, script)]
    before, after = (own["accuracy"].std(ddof=0) for own in sides)
    return Difference(before, after, after - before, *planning.bound_spread(*sides), np.nan, len(sides[0]), 0)


def _compare_divisions(text: pd.DataFrame, script: pd.DataFrame, second_part: str) -> Difference:
    """A7: the share of test pictures that two runs of one seed have in common. By the text they are all the same."""
    first, second = (side[side["part"] == second_part] for side in (text, script))
    common, of = len(first.merge(second, on=["seed", "file_name"])), len(first)
    return Difference(1.0, common / of, *[np.nan] * 4, first["seed"].nunique(), of)


def score_trials(study: Study, conditions: Mapping[object, Condition], name: str) -> pd.DataFrame:
    """`scores.per_trial` of all conditions, with their keys in a column of that name."""
    return pd.concat([scores.per_trial(own.find(study).predictions).assign(**{name: key})
                      for key, own in conditions.items()], ignore_index=True)


def judge(sign: str, low: float, high: float) -> str:
    """Whether the interval of script less text bears out the sign that was expected, in words."""
    if low <= 0 <= high:
        return "not settled: the interval holds zero"
    if sign == "?":
        return "it matters: the interval lies off zero"
    return "as expected" if (high < 0) == (sign == "-") else "the opposite of what was expected"


def add_verdicts(rows: pd.DataFrame) -> pd.DataFrame:
    """Measurements with p_holm, p corrected for their number (Holm 1979), and the verdict on what was expected, or why
    there is none."""
    signs, tested = thesis_table("audit").set_index("id")["sign"], rows["p"].dropna()
    verdicts = [row.why or judge(signs[row.id], row.low, row.high) for row in rows.itertuples()]
    corrected = pd.Series(multipletests(tested, method="holm")[1] if len(tested) else [], tested.index, float)
    rows = rows.drop(columns="why").assign(p_holm=corrected, verdict=verdicts)
    lucky = (rows["p_holm"] > ALPHA) & ~rows["verdict"].str.startswith(UNSETTLED)
    rows.loc[lucky, "verdict"] = f"{UNSETTLED}: sure by itself alone"
    return rows
