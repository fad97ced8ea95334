"""The audit: what the thesis' scripts did against what its text says, both run on the same divisions and seeds.

`thesis/audit.csv` says in our words what text and scripts do and what is to be expected; here it is measured.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from artpose_lib.data.duplicates import near_duplicate_groups, near_duplicate_pairs
from artpose_lib.data.poses import thesis_table
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import comparisons, leakage, scores, statistics
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import NO_WEIGHTS, Study, open_study
from artpose_lib.train.variants import VARIANTS, Variant

SHARES = (0.125, 0.25, 0.5)  # of the training pictures; with all of them, four points of a learning curve
STARTS = (100, 101, 102)  # first weights, crossed with the trials' divisions
PLANTED = 0.3  # share of the drawings that get a copy
LITE = "EfficientNet-Lite0"


class Row(NamedTuple):
    """One measurement: a score as the text has it and as the script has it, and the difference with its interval.

    `strength` says how the trials ran: "full" or the profile's name. Scores are accuracies but for A6 (a standard
    deviation over trials) and A7 (the share of test pictures that two runs of one seed have in common).
    """

    id: str
    model: str
    backbone: str
    condition: str
    text: float
    script: float
    difference: float
    low: float
    high: float
    p: float
    trials: int
    pictures: int
    strength: str


def available(study: Study, *wanted: str) -> list[str]:
    """Those of the backbones whose ImageNet weights are here, in the order given."""
    return [name for name in wanted if study.weights_of(name) != NO_WEIGHTS]


def compare(study: Study, id: str, model: str, backbone: str, variant: Variant, condition: str,
            base: Variant | None = None) -> Row:
    """A model as its recipe (or as `base`) has it against the same with one thing switched, trial by trial."""
    first = study.train(model, backbones=[backbone], variant=base).predictions
    second = study.train(model, backbones=[backbone], variant=variant).predictions
    return _row(study, id, model, backbone, condition, comparisons.difference(first, second))


def _row(study: Study, id: str, model: str, backbone: str, condition: str, found: comparisons.Difference) -> Row:
    full = study.profile.full_strength(find_recipe(model, backbone))
    return Row(id, model, backbone, condition, found.first, found.second, found.difference, found.low, found.high,
               found.p, found.trials, found.pictures, "full" if full else study.profile.name)


def labels_permuted(study: Study) -> pd.DataFrame:
    """A1, for every frozen backbone with weights here, the thesis' Xception first."""
    backbones = available(study, "Xception", "VGG16", "ResNet50", LITE)
    return pd.DataFrame([compare(study, "A1", "frozen", backbone, VARIANTS["A1 labels permuted"], "labels permuted")
                         for backbone in backbones])


def one_good_trial(study: Study, backbone: str) -> pd.DataFrame:
    """A1 trial by trial: seed, condition, accuracy, and what "one good trial and the rest at chance" would give.

    Chance is the sum of the classes' squared shares: who guesses each class as often as it comes is right so often.
    """
    frames = [scores.per_trial(study.train("frozen", backbones=[backbone], variant=variant).predictions)
              .assign(condition=name) for name, variant in
              (("as the text says", None), ("labels permuted", VARIANTS["A1 labels permuted"]))]
    table = pd.concat(frames, ignore_index=True)[["seed", "condition", "accuracy"]]
    chance = float((study.dataset.counts() / len(study.dataset)).pow(2).sum())
    first = table["accuracy"].iloc[0]
    return table.assign(chance=chance, predicted=(first + (len(frames[0]) - 1) * chance) / len(frames[0]))


def modes(study: Study) -> pd.DataFrame:
    """A5, frozen: every other mode against the backbone's own, for every backbone with weights here."""
    return pd.DataFrame([compare(study, "A5", "frozen", backbone, variant, name.removeprefix("A5 "))
                         for backbone in available(study, "VGG16", "ResNet50", "Xception", LITE)
                         for name, variant in VARIANTS.items()
                         if variant.preprocessing not in (None, BACKBONES[backbone].preprocessing)])


def fine_tuned(study: Study) -> pd.DataFrame:
    """A2, A3, A4 and A8 at the profile's strength, on the thesis' network or on one whose weights are here."""
    vgg16, normalised = available(study, "VGG16", LITE)[:1], available(study, "Xception", "ResNet50", LITE)[:1]
    rows = [compare(study, "A4", "baseline", "VGG16", VARIANTS["A4 preprocessed in place"], "preprocessed in place")]
    rows += [compare(study, id, model, name, VARIANTS[key], key.partition(" ")[2]) for name in vgg16
             for id, model, key in (("A2", "finetuned_aug", "A2 never unfrozen"),
                                    ("A8", "finetuned", "A8 all layers in phase I"))]
    for name in normalised:
        switched = study.train("finetuned", backbones=[name], variant=VARIANTS["A3 batch statistics"]).predictions
        rows += [_row(study, "A3", "finetuned", name, company,
                      comparisons.difference(switched, switched, second_part=f"test, {company}"))
                 for company in ("sorted by class", "one by one")]
        rows.append(compare(study, "A3", "finetuned", name, VARIANTS["A3 batch statistics"], "shuffled batches"))
    return pd.DataFrame(rows).sort_values("id", kind="stable", ignore_index=True)


def trials_apart(study: Study, backbone: str) -> pd.DataFrame:
    """A6: the standard deviation of trials over divisions, and with one division for all; A7: what two runs share."""
    own, one = (scores.per_trial(study.train("frozen", backbones=[backbone], variant=variant).predictions)["accuracy"]
                for variant in (None, VARIANTS["A6 one split"]))
    runs = [study.train("frozen", backbones=[backbone], variant=VARIANTS[f"A7 seeded too late, {name}"],
                      seeds=study.profile.seeds(find_recipe("frozen", backbone))[:2]).predictions
            for name in ("one run", "another run")]
    return pd.DataFrame([_spread_row(study, backbone, own, one), _overlap_row(study, backbone, *runs)])


def _spread_row(study: Study, backbone: str, own: pd.Series, one: pd.Series) -> Row:
    values, single = own.to_numpy(), one.to_numpy()

    def difference(drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return single[rng.integers(len(single), size=(len(drawn), len(single)))].std(axis=1) - values[drawn].std(axis=1)

    low, high = statistics.interval(statistics.bootstrap(len(values), difference))
    first, second = own.std(ddof=0), one.std(ddof=0)
    found = comparisons.Difference("sd", first, second, second - first, low, high, np.nan, np.nan, len(own), 0)
    return _row(study, "A6", "frozen", backbone, "one split", found)


def _overlap_row(study: Study, backbone: str, first: pd.DataFrame, second: pd.DataFrame) -> Row:
    tested = [set(zip(own["seed"], own["file_name"], strict=True))
              for own in (frame[frame["part"] == "test"] for frame in (first, second))]
    common, of = len(tested[0] & tested[1]), len(tested[0])
    low, high = statistics.wilson(common, of)
    found = comparisons.Difference("shared", 1.0, common / of, common / of - 1, low - 1, high - 1, np.nan, np.nan,
                                 first["seed"].nunique(), of)
    return _row(study, "A7", "frozen", backbone, "seeded too late", found)


def duplicates(study: Study, backbone: str) -> pd.DataFrame:
    """A10: near-duplicates kept together against left apart, here, and where copies were planted at a known rate."""
    planted = planted_study(study)
    together, apart = VARIANTS["A10 duplicates together"], VARIANTS["A10 duplicates apart"]
    cheapest = (available(study, LITE) or [backbone])[0]
    return pd.DataFrame([compare(place, "A10", "frozen", name, apart, condition, base=together)
                         for place, name, condition in ((study, backbone, "as found"),
                                                        (planted, cheapest, f"a copy planted of {PLANTED:.0%}"))])


def planted_study(study: Study) -> Study:
    """The embedded data set with copies; a study of one's own pictures plants nothing in them."""
    drawn = study if study.embedded else open_study("", study.weights_dir or "", study.profile.name, str(study.results),
                                                        cluster=study.cluster)
    folder = drawn.results / "embedded" / f"{drawn.dataset.folder.name}-planted"
    leakage.plant(drawn.dataset, PLANTED, folder)
    return open_study(str(folder), study.weights_dir or "", study.profile.name, str(study.results),
                      cluster=study.cluster)


def groups(study: Study) -> int:
    """How many pictures stand in a group with another, by hash or by the column `work`."""
    sizes = np.bincount(near_duplicate_groups(study.dataset))
    return int(sizes[sizes > 1].sum())


def sources_of_spread(study: Study, backbone: str) -> pd.DataFrame:
    """`statistics.spread` over the trials' divisions crossed with `STARTS`."""
    seeds = study.profile.seeds(find_recipe("frozen", backbone))
    seeds = seeds if len(seeds) > 1 else (40, 41)
    frames = [scores.per_trial(study.train("frozen", backbones=[backbone], variant=Variant(start=start),
                                          seeds=seeds).predictions).assign(start=start) for start in STARTS]
    return statistics.spread(pd.concat(frames, ignore_index=True).rename(columns={"seed": "split"}))


def learning_points(study: Study, backbone: str) -> pd.DataFrame:
    """A row a trial: share, pictures (training pictures a class, their mean), seed, accuracy."""
    training = 0.8 * len(study.dataset) / len(study.dataset.classes)
    frames = [scores.per_trial(study.train("frozen", backbones=[backbone], variant=variant).predictions)
              .assign(share=share, pictures=share * training)
              for share, variant in [*((share, Variant(share=share)) for share in SHARES), (1.0, None)]]
    return pd.concat(frames, ignore_index=True)[["share", "pictures", "seed", "accuracy"]]


def curves_cut(study: Study, backbones: Sequence[str]) -> pd.DataFrame:
    """A9: a row a backbone: epochs of the shortest and of the longest trial, and the best mean validation accuracy that
    a curve shows where it stops with either."""
    history = study.train("frozen", backbones=backbones).history
    ends = history.groupby(["backbone", "seed"], sort=False)["epoch"].max().groupby("backbone", sort=False)
    table = ends.agg(shortest="min", longest="max").reset_index()
    for stop in ("shortest", "longest"):
        curve = scores.curves(history, stop)
        best = curve[curve["metric"] == "val_accuracy"].groupby("backbone")["mean"].max()
        table[f"best_{stop}"] = table["backbone"].map(best)
    return table


def printed_counts() -> tuple[int, int, int]:
    """A11: the sum and the largest of the class counts that Section 2.2.6 prints, and 0.7 of its 1000 pictures."""
    counts = thesis_table("class_counts")["training"].astype(int)
    return int(counts.sum()), int(counts.max()), round(0.7 * 1000)


def verdict(sign: str, low: float, high: float) -> str:
    """In plain words: whether the interval of script less text, low to high, bears out the sign that was expected."""
    if np.isnan(low) or low <= 0 <= high:
        return "not settled: the interval holds zero"
    if sign == "?":
        return "it matters: the interval lies off zero"
    return "as expected" if (high < 0) == (sign == "-") else "the opposite of what was expected"


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Measurements with the p value corrected for their number (Holm), their expected sign and the verdict."""
    signs = thesis_table("audit").set_index("id")["sign"]
    tested = rows["p"].notna()
    corrected = pd.Series(np.nan, rows.index)
    corrected[tested] = statistics.holm(rows.loc[tested, "p"].to_numpy())
    return rows.assign(p_holm=corrected, verdict=[verdict(signs[row.id], row.low, row.high)
                                                  for row in rows.itertuples()])


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Every table of the audit; trains what is not stored yet. The frames are what `reference` keeps."""
    backbone = available(study, "Xception", "VGG16", "ResNet50", LITE)[0]
    frames = [labels_permuted(study), modes(study), fine_tuned(study), trials_apart(study, backbone),
              duplicates(study, backbone)]
    points = learning_points(study, backbone)
    others = [name for name in available(study, "VGG16", LITE) if name != backbone]
    first = study.train("frozen", backbones=[backbone]).predictions
    second = study.train("frozen" if others else "baseline", backbones=[(others or [backbone])[0]]).predictions
    cut = curves_cut(study, available(study, "VGG16", "ResNet50", "Xception", LITE))
    alike = pd.DataFrame()
    if available(study, LITE):
        alike = near_duplicate_pairs(study.dataset, study.compute_features(LITE))
    return {"rows": judged(pd.concat(frames, ignore_index=True)), "one_good_trial": one_good_trial(study, backbone),
            "spread": sources_of_spread(study, backbone), "points": points,
            "curve": pd.DataFrame([statistics.learning_curve(points)]),
            "power": pd.DataFrame([comparisons.power(first, second)]), "cut": cut, "pairs": alike}
