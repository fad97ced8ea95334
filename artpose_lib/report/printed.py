"""What the thesis' printed numbers and sentences say by themselves, with nothing trained."""

import pandas as pd

from artpose_lib.data.poses import thesis_table
from artpose_lib.report.scores import thesis_accuracies, thesis_scores
from artpose_lib.train.augment import DRAWN_PERCENT, ROUNDS, grow
from artpose_lib.train.onecycle import DECAY_EPOCHS, rates
from artpose_lib.train.recipes import BORROWED, RECIPES, find_recipe

# Trials and test pictures: by the text 0.1 of 900 and 0.15 of 1000, and where the published scripts have others.
TESTED = {"baseline": (5, 90), "frozen": (5, 90), "finetuned": (5, 90), "finetuned_aug": (5, 150)}
SCRIPTS = {("baseline", "Xception"): (3, 90), ("finetuned", "ResNet50"): (3, 90), ("finetuned_aug", "VGG16"): (5, 180),
           ("finetuned_aug", "ResNet50"): (5, 180)}


def check_means() -> pd.DataFrame:
    """Whether each printed accuracy can be a mean over so many trials of so many pictures (GRIM: Brown and Heathers
    2017).

    Returns model, backbone, printed, by ("text" or "scripts"), trials, pictures, below and above (the nearest means
    that whole pictures give), possible: "rounded or cut", "rounded", "cut" (further digits were dropped) or "no"; and
    luck, the share of all numbers with three digits that are possible, rounded or cut.
    """
    rows = []
    for row in thesis_scores().query("metric == 'accuracy'").itertuples():
        sizes = {"text": TESTED[row.model], "scripts": SCRIPTS.get((row.model, row.backbone))}
        for by, (trials, pictures) in ((by, size) for by, size in sizes.items() if size):
            of = trials * pictures
            below = round(row.thesis * 1000) * of // 1000
            rows.append({"model": row.model, "backbone": row.backbone, "printed": row.thesis, "by": by,
                         "trials": trials, "pictures": pictures, "below": below / of, "above": (below + 1) / of,
                         "possible": " or ".join(_print_as(round(row.thesis * 1000), of)) or "no",
                         "luck": sum(bool(_print_as(number, of)) for number in range(1000)) / 1000})
    return pd.DataFrame(rows)


def _print_as(thousandths: int, of: int) -> list[str]:
    """How some number of right answers out of so many becomes this share with three digits. In whole numbers, since
    halves must not be rounded by luck: either way is right for them."""
    gaps = [1000 * whole - thousandths * of for whole in (thousandths * of // 1000, thousandths * of // 1000 + 1)]
    ways = {"rounded": any(2 * abs(gap) <= of for gap in gaps), "cut": any(0 <= gap < of for gap in gaps)}
    return [way for way, found in ways.items() if found]


def compare_f1() -> pd.DataFrame:
    """Printed weighted F1 beside printed accuracy: model, backbone, accuracy, weighted_f1 and gap, largest first."""
    table = thesis_scores().pivot(index=["model", "backbone"], columns="metric", values="thesis").reset_index()
    table = table.assign(gap=table["weighted_f1"] - table["accuracy"]).drop(columns="macro_f1")
    return table.sort_values("gap", ascending=False, ignore_index=True).rename_axis(columns=None)


def find_slips() -> pd.DataFrame:
    """Sentences that the thesis' own tables or arithmetic contradict: section, quote and beside, what stands there."""
    frozen, other = find_recipe("frozen", "Xception"), find_recipe("frozen", "VGG16")
    row = thesis_table("table_a_1").query("model == 'frozen' and architecture == 'Xception'").iloc[0]
    schedules = pd.concat([thesis_table(name)["schedule_1"] for name in ("table_a_1", "table_a_2")]).unique()
    ends = {f"{model} {backbone}": rates(recipe.phases[1].initial_lr, recipe.phases[1].factor, DECAY_EPOCHS + 1,
                                         DECAY_EPOCHS)[-1] / recipe.phases[0].initial_lr
            for (model, backbone), recipe in RECIPES.items() if len(recipe.phases) == 2 and backbone not in BORROWED}
    facts = {"patience": frozen.phases[0].patience, "epochs": frozen.total_epochs, "rate": frozen.phases[0].initial_lr,
             "usual_rate": other.phases[0].initial_lr, "layers": f"{row.layers_phase_1}:{row.layers_phase_2}",
             "chance": 1 / 6, "factors": ", ".join(name for name in schedules if "*" in name),
             "end": max(ends.values()), "ends_above": sum(end > 1 for end in ends.values()), "of": len(ends),
             "percent": DRAWN_PERCENT, "rounds": ROUNDS, "grown": {size: grow(size) for size in (90, 127)}}
    return thesis_table("slips").assign(beside=lambda own: [text.format(**facts) for text in own["beside"]])


def check_largest(claim) -> tuple[str, bool]:
    """What the text's counts say of its largest class, and whether a row of `thesis/claims.csv` claims that."""
    counts = thesis_table("class_counts").set_index("label")["training"].astype(int)
    most, own = counts.idxmax(), counts[claim.value]
    return f"by the text's own counts {most} has {counts.max()}, {claim.value} {own}", most == claim.value


def check_gap(claim) -> tuple[str, bool]:
    """Whether two numbers of the tables differ by what the text says, to the digits that it gives."""
    before, after = (thesis_accuracies()[model][backbone] for model, backbone in (
        name.split(" ") for name in (claim.first, claim.second)))
    digits = len(claim.value.partition(".")[2])
    return (f"by the text's own tables {after:.3f} less {before:.3f} is {after - before:.3f}",
            round(after - before, digits) == float(claim.value))


def check_shares(claim) -> tuple[str, bool]:
    """Whether the first of two shares that the text gives in pictures is the smaller."""
    first, second = (int(own) / int(of) for own, of in (side.split("/") for side in (claim.first, claim.second)))
    return (f"by the text's own counts {claim.first.replace('/', ' of ')} pictures are SMOTE's, or "
            f"{claim.second.replace('/', ' of ')} in the other order: {first:.1%} and {second:.1%}",
            first < second)


CHECKS = {"printed_largest": check_largest, "printed_gap": check_gap, "printed_shares": check_shares}
