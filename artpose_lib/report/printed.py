"""What the thesis' printed numbers and sentences say by themselves, with nothing trained."""

import pandas as pd

from artpose_lib.data.poses import thesis_table
from artpose_lib.report.scores import thesis_accuracies
from artpose_lib.train.augment import DRAWN_PERCENT, ROUNDS, grow
from artpose_lib.train.onecycle import DECAY_EPOCHS, rates
from artpose_lib.train.recipes import BORROWED, RECIPES, find_recipe


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
    """Whether two numbers of the tables differ by what the text says, to the digits that it gives, rounded or, as it
    does too (A11 of the audit), cut off."""
    before, after = (thesis_accuracies()[model][backbone] for model, backbone in (
        name.split(" ") for name in (claim.first, claim.second)))
    gap, power = round(1000 * (after - before)), 10 ** (3 - len(claim.value.partition(".")[2]))
    rounded, cut = (number == round(1000 * float(claim.value)) for number in (
        power * round(gap / power), power * (gap // power)))
    return (f"by the text's own tables {after:.3f} less {before:.3f} is {after - before:.3f}"
            + ", which holds with further digits cut off" * (cut and not rounded), rounded or cut)


def check_shares(claim) -> tuple[str, bool]:
    """Whether the first of two shares that the text gives in pictures is the smaller."""
    first, second = (int(own) / int(of) for own, of in (side.split("/") for side in (claim.first, claim.second)))
    return (f"by the text's own counts {claim.first.replace('/', ' of ')} pictures are SMOTE's, or "
            f"{claim.second.replace('/', ' of ')} in the other order: {first:.1%} and {second:.1%}",
            first < second)


CHECKS = {"printed_largest": check_largest, "printed_gap": check_gap, "printed_shares": check_shares}
