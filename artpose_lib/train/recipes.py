"""Tables A.1 and A.2 of the thesis as recipes for training, and the profiles that shorten them."""

from dataclasses import asdict, dataclass, replace
from math import ceil, log

import pandas as pd

from artpose_lib.data.poses import thesis_table
from artpose_lib.model.backbones import BACKBONES, LARGER
from artpose_lib.train.onecycle import DECAY_EPOCHS, rates
from artpose_lib.train.variants import FAITHFUL, Variant

SEEDS = (40, 41, 42, 43, 44)  # the five trials of the published scripts
MODELS = ("baseline", "frozen", "finetuned", "finetuned_aug")
BEST = "best"  # the recipe of today, which is none of the thesis: `heads.fit_head` on a frozen network's features
ON_FEATURES = ("frozen", BEST)
# Of whole networks, the usual one first. Not float16: its losses need scaling.
PRECISIONS = ("float32", "mixed_bfloat16")
BORROWED = {"EfficientNet-Lite0": "Xception"}  # not in the thesis; both have depthwise-separable convolutions


@dataclass(frozen=True)
class Phase:
    """A phase of training."""

    layers: str  # "frozen" (the head alone learns) or "finetuned" (all layers)
    initial_lr: float  # the learning rate of the first epoch
    factor: float  # multiplies it after each epoch
    hold_after: int | None  # at most so many times (None: always)
    max_epochs: int | None  # None: all that are left
    patience: int  # the phase ends once validation accuracy has not risen for so many epochs


@dataclass(frozen=True)
class Recipe:
    """How one model is trained: a row of Table A.1 or A.2, and what Sections 2.2.1 to 2.2.6 say about its kind."""

    model: str
    backbone: str
    phases: tuple[Phase, ...]  # they run in turn, each from the best weights of the one before
    batch_size: int
    optimiser: str
    total_epochs: int  # at most, in all phases together
    weights: str | None  # None (random) or "imagenet"
    split: str  # "random" (experiment 1) or "stratified" (experiment 2)
    augmented: bool  # by SMOTE and imgaug
    variant: Variant = FAITHFUL  # what the audit changes

    @property
    def on_features(self) -> bool:
        """Whether the network stays as it is, so that its features are computed once."""
        return self.model in ON_FEATURES

    @property
    def learns_batch_norm(self) -> bool:
        """Whether batch normalisation learns and then answers by its statistics: in a network with random weights."""
        return (self.weights is None and BACKBONES[self.backbone].batch_norm and not self.variant.batch_statistics
                and "finetuned" in [phase.layers for phase in self.phases])


def find_recipe(model: str, backbone: str) -> Recipe:
    """The recipe of one of `MODELS` and a key of `BACKBONES`, or of BEST and any network. Raises ValueError where there
    is none."""
    known = RECIPES | TODAY
    if (model, backbone) not in known:
        raise ValueError(f"No recipe for the model {model!r} with the backbone {backbone!r}. Models: "
                         f"{', '.join(MODELS)}, {BEST}; backbones: {', '.join(BACKBONES)}, and of {BEST} "
                         f"{', '.join(LARGER)}.")
    return known[model, backbone]


def apply_variant(recipe: Recipe, variant: Variant) -> Recipe:
    """The recipe with what `variant` changes. A recipe of one phase takes the layers of the first."""
    layers = variant.layers or [phase.layers for phase in recipe.phases]
    phases = tuple(replace(phase, layers=own) for phase, own in zip(recipe.phases, layers, strict=False))
    return replace(recipe, phases=phases, split=variant.split or recipe.split, variant=variant)


def recipe_to_dict(recipe: Recipe) -> dict:
    """The recipe as JSON-ready values; of its variant only what is changed."""
    plain = asdict(recipe)
    changes = {name: value for name, value in plain.pop("variant").items() if value != getattr(FAITHFUL, name)}
    return plain | ({"variant": changes} if changes else {})


def plan_rates(recipe: Recipe) -> pd.DataFrame:
    """The learning rates of a recipe as Figure A.2 draws them: epoch (from 1), learning_rate, phase. Only training
    shows when phase I of a one-cycle ends. Here it ends at phase II's first rate, after its patience."""
    frames, left = [], recipe.total_epochs
    for number, phase in enumerate(recipe.phases, start=1):
        length = left
        if phase.max_epochs:
            length = min(phase.max_epochs, left)
        elif number < len(recipe.phases):
            climb = log(recipe.phases[number].initial_lr / phase.initial_lr) / log(phase.factor)
            length = max(ceil(climb), phase.patience)
        values = rates(phase.initial_lr, phase.factor, length, phase.hold_after)
        frames.append(pd.DataFrame({"learning_rate": values, "phase": number}))
        left -= length
    table = pd.concat(frames, ignore_index=True)
    return table.assign(epoch=range(1, len(table) + 1))


@dataclass(frozen=True)
class Profile:
    """How much of the thesis' protocol a run can afford."""

    name: str
    trials: int  # of each model
    pictures: int  # in the drawn data set
    input_size: int | None  # in pixels (None: the backbone's own)
    batch_size: int | None  # None: the table's
    steps_per_epoch: int | None  # None: the whole training part
    time: float  # the share of the epochs
    frozen_full_strength: bool  # frozen models are spared all this
    whole: tuple[str, ...] = tuple(BACKBONES)  # the backbones of models that are not frozen

    def backbones(self, model: str) -> tuple[str, ...]:
        """The backbones that a model of `MODELS`, or BEST, is trained on."""
        return tuple(BACKBONES) if model == "frozen" else LITE if model == BEST else self.whole

    def scale(self, recipe: Recipe) -> Recipe:
        """The recipe in `time` of its epochs; at full strength the recipe itself. Phase I climbs at least so fast that
        it comes to phase II's first rate; phase II is cut short."""
        if self.full_strength(recipe):
            return recipe
        total = max(1, round(self.time * recipe.total_epochs))
        first, *second = recipe.phases
        epochs = max(1, round(self.time * first.max_epochs)) if first.max_epochs else total - total // 2
        if second:
            climb = (second[0].initial_lr / first.initial_lr) ** (1 / epochs)
            first = replace(first, factor=max(first.factor, climb))
        phases = replace(first, max_epochs=epochs), *(replace(phase, max_epochs=None) for phase in second)
        return replace(recipe, phases=phases, total_epochs=total, batch_size=self.batch_size or recipe.batch_size)

    def seeds(self, recipe: Recipe) -> tuple[int, ...]:
        """A seed for each trial."""
        return SEEDS if self.full_strength(recipe) else SEEDS[:self.trials]

    def size(self, recipe: Recipe) -> int:
        """The side of the input in pixels."""
        own = (BACKBONES | LARGER)[recipe.backbone].input_size
        return own if self.frozen_full_strength and recipe.on_features else self.input_size or own

    def steps(self, recipe: Recipe) -> int | None:
        """At most so many steps an epoch; None for all."""
        return None if self.full_strength(recipe) else self.steps_per_epoch

    def full_strength(self, recipe: Recipe) -> bool:
        """Whether the recipe runs for as long as the thesis ran it."""
        return self.time == 1 or (self.frozen_full_strength and recipe.on_features)


# The short ones train the network whose weights come with a package; of the others, frozen ones where weights are here.
LITE = ("EfficientNet-Lite0",)
PROFILES = {profile.name: profile for profile in (
    Profile("thesis", len(SEEDS), 1000, None, None, None, 1.0, True),  # 1000 pictures, as in D_AUG (Section 2.2.6)
    # 100 epochs become 6, of 12 steps each. At 160 pixels the last block's maps are 5 x 5.
    Profile("quick", 1, 240, 160, 16, 12, 0.06, True, LITE),
    # 100 epochs become 3: does it run at all? Xception needs 71 pixels.
    Profile("smoke", 1, 60, 72, 8, 2, 0.03, False, LITE),
)}


def find_profile(name: str) -> Profile:
    """The profile of that name. Raises ValueError where there is none."""
    if name not in PROFILES:
        raise ValueError(f"No profile {name!r}. Profiles: {', '.join(PROFILES)}.")
    return PROFILES[name]


def _parse(row) -> Recipe:
    """A row of Table A.1 or A.2: a named tuple of strings, "" where the table is empty."""
    total = row.max_epochs_2.removesuffix("-MAX_EPOCHS")  # "100-MAX_EPOCHS" says that the two make 100 together
    first_epochs = None if row.max_epochs_1 == "MAX_EPOCHS" else int(row.max_epochs_1)
    phases = [Phase(row.layers_phase_1, float(row.initial_lr), _factor(row.schedule_1), None, first_epochs,
                    int(row.patience_1))]
    # Not by its layers: the frozen Xception's row names some, by a slip (Section 2.2.3).
    if row.schedule_2:
        second_epochs = int(total) if total == row.max_epochs_2 else None
        phases.append(Phase(row.layers_phase_2, float(row.max_lr), _factor(row.schedule_2), DECAY_EPOCHS,
                            second_epochs, int(row.patience_2)))
    augmented = row.model == "finetuned_aug"
    return Recipe(row.model, row.architecture, tuple(phases), int(row.batch_size), row.optimiser,
                  int(total or 0) + (first_epochs or 0), None if row.model == "baseline" else "imagenet",
                  "stratified" if augmented else "random", augmented)


def _factor(schedule: str) -> float:
    """What "constant", "lr*1.5" or "lr/1.3" does to the rate from one epoch to the next."""
    if schedule == "constant":
        return 1.0
    number = float(schedule[len("lr*"):])
    return 1 / number if schedule.startswith("lr/") else number


RECIPES: dict[tuple[str, str], Recipe] = {
    (row.model, row.architecture): _parse(row) for name in ("table_a_1", "table_a_2")
    for row in thesis_table(name).itertuples()}
RECIPES |= {(model, borrower): replace(RECIPES[model, lender], backbone=borrower)
            for borrower, lender in BORROWED.items() for model in MODELS}
# One step: the head's optimum is computed, with its strength chosen by cross-validation.
TODAY: dict[tuple[str, str], Recipe] = {
    (BEST, name): Recipe(BEST, name, (Phase("frozen", 0.0, 1.0, None, 1, 1),), 0, "L-BFGS", 1, "imagenet", "stratified",
                         False) for name in BACKBONES | LARGER}
