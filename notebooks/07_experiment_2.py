# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Experiment 2: does augmentation help?
#
# The fine-tuned networks of {doc}`Experiment 1 <06_experiment_1>` are trained again, with a training part that
# {doc}`augmentation <04_augmentation>` has made even and larger. The thesis reports its highest accuracy here.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from dataclasses import replace
from html import escape

import pandas as pd
from IPython.display import HTML, Markdown, display

from artpose_lib.data.text import escape_markdown
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import audit_figures, figures, scores, statistics, tables
from artpose_lib.report.experiment import choose_together, show_scores, train_experiments
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import THIS_RUN
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import NO_WEIGHTS, open_study
from artpose_lib.train.training import find_peak
from artpose_lib.train.variants import FAITHFUL, VARIANTS, Variant
from artpose_lib.web import choose

PAIRS = [("finetuned", "finetuned_aug"), ("probe", "finetuned_aug")]

study = open_study(data, weights, profile, results, classes, cluster)
experiments = train_experiments(study, "finetuned", "finetuned_aug", simple="simple_stratified")
changes = {own.name: own.compare_pairs(PAIRS) for own in experiments}
first = choose_together(experiments)[0]


def tell_answer():
    augmented = next(iter(changes[first.name].values()))
    surely = {verdict: ", ".join(own.index) for verdict, own in augmented.groupby("verdict")}
    told = [f"surely {verdict} with {surely[verdict]}" for verdict in ("higher", "lower") if verdict in surely]
    if told:
        return f"With augmentation the accuracy is {' and '.join(told)}."
    return "Whether augmentation helps is " + ("not settled." if "not settled" in surely else "not told: nothing follows from these networks.")


reached = first.tell_accuracies({"finetuned": "without", "finetuned_aug": "with",
                                 "probe": "by a linear probe without augmentation or tuning", "file": "by the file's size alone"})
accuracies, other_scores = show_scores(
    experiments, "Test {metric} with augmentation and without, mean over trials with its 95% interval: {names}. Pale: nothing "
    "follows from it.", ", and the thesis (Tables 3.1 and 3.2)")
display(Markdown(f"**{escape_markdown(first.name)}: {tell_answer()}** Rightly named: {reached or 'nothing'}."))
display(accuracies)
Markdown(study.banner())

# %%
told = [f"<p>{escape(own.title)}: {escape(tables.tell_doubts(own.scores))}.</p>" for own in experiments]
missing = [f"{backbone}: {reason}" for own in experiments if own.name == THIS_RUN for backbone, reason in own.trials.missing.items()]
if missing:
    told += [f"<p>Not in this run: {escape('; '.join(missing))}.</p>"]
HTML(tables.fold("Which networks are pale, and why", "".join(told)))

# %%
other_scores

# %% [markdown]
# ## What follows
#
# Two things changed between the experiments: the augmentation, and the division of the pictures, of which 70 per cent of each
# class are now for training and 15 each for validation and test. (The thesis added a hundred pictures besides.) So the networks
# were tested on other pictures, and the first difference is not augmentation's alone. The probe learned from the same pictures as
# the augmented networks, without augmentation and without tuning, and was tested on the same.

# %%
compared = dict(changes[first.name])
if not first.study.trains:
    works = first.compare_variants("finetuned_aug", None, VARIANTS["A10 duplicates together"])
    if len(works):
        compared["Augmented, works on both sides → all pictures of a work on one side"] = works
told = [f"- *{pair}*: {tables.tell_changes(rows) or 'no network has both'}." for pair, rows in compared.items()]
if not first.study.trains:
    told += ["\nWhat else raises or blurs these numbers is the same as in Experiment 1, the pictures that EfficientNet-Lite0 "
             "helped to choose among it."]
Markdown("\n".join([f"On {escape_markdown(first.name)}:\n", *told]))

# %%
HTML("".join(tables.fold(f"The differences in full: {name}", tables.differences_table(own))
             for name, own in changes.items() if any(map(len, own.values()))))

# %% [markdown]
# ## SMOTE and imgaug apart
#
# Here one network is trained with less augmentation, or none, on the same divisions and by the same recipe. Augmentation makes
# more pictures, so an epoch has more steps in which the network learns. *Copies* have as many steps: they repeat the old
# pictures. Where augmentation is better than copies, it is so by showing something new. The last comparison turns the order
# round: the thesis wants SMOTE first, since it then distorts fewer pictures.

# %%
SMALL, SIDE = "EfficientNet-Lite0", 96  # the network and the size of pictures, in pixels, that two processors can train
WAYS = {"SMOTE, then imgaug": FAITHFUL, "nothing": Variant(augmentation=()), "SMOTE": Variant(augmentation=("SMOTE",)),
        "imgaug": Variant(augmentation=("imgaug",)), "copies": Variant(augmentation=("copies",)),
        "imgaug, then SMOTE": Variant(augmentation=("imgaug", "SMOTE")),
        "rate of phase I's best epoch": Variant(max_lr="peak"), "the tables' rate": FAITHFUL}
WHOLE = study.profile.full_strength(find_recipe("finetuned_aug", SMALL))
small_editions = {}
for own in experiments:
    if not own.study.trains:
        small_profile = replace(own.study.profile, input_size=SIDE)
        small_editions[f"{own.name}, {SMALL} at {SIDE} pixels"] = replace(own.study, profile=small_profile)


def compare_ways(of, backbone, pairs):
    rows = {}
    for pair in pairs:
        sides = [of.train("finetuned_aug", variant=WAYS[way], backbones=[backbone]) for way in pair]
        if all(side.records for side in sides):
            one, two = (side.predictions for side in sides)
            rows["“{}” → “{}”".format(*pair)] = statistics.compare(one, two, of.profile)
    return pd.DataFrame(rows).T


def tell_ways(compared):
    every = pd.concat(compared.values()).dropna(subset="difference")
    surely = [f"{way}, {name}" for name, rows in compared.items() for way in rows.index[rows["verdict"].isin(["higher", "lower"])]]
    reach = " to ".join(dict.fromkeys(tables.tell_number(100 * every["difference"].agg(end), "+.0f") for end in ("min", "max")))
    return surely, f"Surely higher or lower: {escape_markdown('; '.join(surely)) or 'none'}. Changed by {reach} points."


def show_ways(pairs, backbones):
    compared = {name: compare_ways(of, SMALL, pairs) for name, of in small_editions.items()}
    if WHOLE:  # short ones tell nothing
        compared |= {f"{THIS_RUN}, {name}": compare_ways(study, name, pairs) for name in backbones}
    if not (compared := {name: rows for name, rows in compared.items() if len(rows)}):
        return HTML("")
    surely, told = tell_ways(compared)
    if surely:  # else a line says as much as a figure
        display(show(audit_figures.changes(compared), alt="The change of test accuracy from one way to the other, with its 95% interval."))
    display(Markdown(told))
    return HTML(tables.fold("The differences in full", tables.differences_table(compared)))


show_ways([("nothing", "SMOTE"), ("nothing", "imgaug"), ("nothing", "copies"), ("nothing", "SMOTE, then imgaug"),
           ("copies", "SMOTE, then imgaug"), ("imgaug, then SMOTE", "SMOTE, then imgaug")],
          [SMALL] if study.weights_of(SMALL) != NO_WEIGHTS else [])

# %% [markdown]
# ## How they learned
#
# The thesis' Figure 3.5. As in Experiment 1 the epoch that is kept was chosen by these validation pictures, so a curve's height is a
# little too good.

# %%
views = {}
for own in experiments:
    if "finetuned_aug" in set(own.history["model"]):
        views[own.name] = show(figures.curves(scores.curves(own.history), "finetuned_aug"), alt=(
            f"Validation accuracy and loss of the fine-tuned, augmented models by epoch, {own.name} (the thesis' Figure 3.5)."))
choose("Pictures", views)

# %% [markdown]
# ## One cycle, two ways
#
# Such curves are means. Below is the first trial of each model, with the learning rate on top. In phase I the rate climbs
# until the network comes undone. The loss, which measures how wrong the answers are, jumps up; where the line breaks it is
# no longer a number. This is the thesis' *dip*. Then the weights of the best epoch are put back and phase II begins.

# %%
kinds = ["pictures", "model", "backbone"]
cycles = pd.concat([own.history.assign(pictures=own.name) for own in experiments])
views = {}
for name in cycles["pictures"].unique():
    networks = cycles[cycles["pictures"] == name].groupby(["model", "backbone"], sort=False)
    highest = networks["loss"].max().sort_values(ascending=False, kind="stable")  # those that dip most come first
    for model, backbone in highest.index:
        trials, title = networks.get_group((model, backbone)), f"{MODEL_TITLES[model]} {backbone}, {name}"
        views[title] = show(figures.cycle(trials[trials["seed"] == trials["seed"].min()]), alt=(
            f"Learning rate, loss and accuracy by epoch: {title} (the thesis' Figure A.2); "
            "filled: phase I, open: phase II, dotted: the best epoch of each."))
choose("Trial", views)

# %% [markdown]
# Where should phase II begin? Section 2.2.4 of the thesis says: with the rate at which phase I was at its best. Its tables
# print one fixed rate for all trials instead, here *the tables' rate*. Which epoch is best is told by few validation
# pictures, so the best rate of a single trial is partly luck. (Profiles that shorten the training let phase I climb faster;
# their best rates are not those of the whole recipe.)

# %%
def measure_cycle(trial):
    climb, descent = (trial[trial["phase"] == phase] for phase in (1, 2))
    return pd.Series({"best": find_peak(climb), "loss": trial["loss"].max(), "no number": trial["loss"].isna().any(),
                      "better": descent["val_accuracy"].max() > climb["val_accuracy"].max()})


measured = cycles.groupby([*kinds, "seed"], sort=False).apply(measure_cycle, include_groups=False)
rows = []
for (pictures, model, backbone), own in measured.groupby(kinds, sort=False):
    best, table = own["best"], find_recipe(model, backbone).phases[-1].initial_lr
    rows.append({"pictures": pictures, "model": f"{MODEL_TITLES[model]} {backbone}", "the tables' rate": table,
                 "best rate, median": best.median(), "best rates": f"{best.min():.1e} to {best.max():.1e}",
                 "median / tables'": best.median() / table, "highest loss": own["loss"].max(),
                 "loss overflowed": f"{own['no number'].sum()} of {len(own)}", "trials": len(own),
                 "phase II better": own["better"].sum()})
rates, told = pd.DataFrame(rows), []
for pictures, own in rates.groupby("pictures", sort=False) if rows else ():
    times = own["median / tables'"]
    between = " to ".join(dict.fromkeys(f"{end:.2g}" for end in (times.min(), times.max())))
    told += [f"- {escape_markdown(pictures)}: the median of the best rates is {between} times the tables' rate, by model. Phase II did better than phase I, on validation pictures, in {own['phase II better'].sum()} of "
             f"{own['trials'].sum()} trials."]
Markdown("\n".join(told))

# %%
if rows:
    styled = rates.style.hide(axis="index").format("{:.1e}", ["the tables' rate", "best rate, median"])
    styled = styled.format("{:.2g}", ["median / tables'", "highest loss"]).format(escape, ["pictures"])
    display(HTML(tables.fold("Model by model", styled.to_html())))

# %% [markdown]
# So a network is trained once more, with phase II as the text has it. Phase I is the same in both.

# %%
names = [name for name in BACKBONES if study.weights_of(name) != NO_WEIGHTS]
show_ways([("the tables' rate", "rate of phase I's best epoch")], names)

# %% [markdown]
# ## Found, and wrongly claimed
#
# A network gives each picture a probability for each pose. One may ask it to claim a picture for Sebastian only when it
# is nearly sure, or already when it has a suspicion. The ROC curve shows both ends and all between: upwards, the share
# of a pose's pictures that are found (true positive rate); to the right, the share of all others that are claimed with
# them (false positive rate). The area under it, AUC, is 1 where the two never mix and a half where the network guesses (the thesis' Figure 3.6).

# %%
of_network = {}
for own in experiments:
    for row in own.networks[own.networks["model"].str.startswith("finetuned_aug")].itertuples():
        title = f"{MODEL_TITLES[row.model]}: {row.backbone}, {own.name}"
        of_network[title] = own.select(row.model, row.backbone)


def view_networks(make, of, says, thesis):
    return choose("Network", {name: show(make(of(own)), alt=f"{says}: {name} (the thesis' Figure {thesis}).")
                              for name, own in of_network.items()})


view_networks(figures.roc, scores.roc_curves, "ROC curve of each class", "3.6")

# %% [markdown]
# ## Pose by pose
#
# Precision, recall and F1 (the thesis' Figure 3.7), the test pictures of all trials together.

# %%
view_networks(figures.class_scores, scores.class_report, "Precision, recall and F1 of each class (in brackets its pictures)", "3.7")

# %% [markdown]
# ## Which is taken for which
#
# A row for each true pose, a column for each name it was given (the thesis' Figure 3.8). The thesis saw Graces and
# Pieta taken for Sebastian, Graces and Reclining for Pieta, and Tanagra for Antinous.

# %%
def tell_confusions(name):
    matrix = scores.confusion(of_network[name]).rename(index=escape_markdown, columns=escape_markdown)
    name, tested = escape_markdown(name), matrix.sum(axis=1)
    counts = matrix.rename_axis(columns="called").stack().rename("n").reset_index()
    counts = counts.assign(of=counts["true"].map(tested)).assign(share=lambda cells: cells["n"] / cells["of"].clip(lower=1))
    worst = counts.query("true != called and n > 0").sort_values("share", ascending=False, kind="stable").head(3)
    taken = ", ".join(f"{row.true} for {row.called} ({row.n} of {row.of} times)" for row in worst.itertuples())
    told = (f"{name}, the highest accuracy here, takes most often {taken}; a picture that was tested twice counts twice."
            if taken else f"{name} takes no test picture for another pose.")
    untested = ", ".join(tested.index[tested == 0])
    return told + (f" No picture of {untested} was tested." if untested else "")


display(Markdown(tell_confusions(next(iter(of_network))) if of_network else "The training of every network with augmentation diverged."))
view_networks(figures.confusion, scores.confusion, "Which class is taken for which", "3.8")

# %% [markdown]
# ## The numbers in full
#
# F1 depends on how many pictures of a pose are tested, which differs between the two experiments and from the thesis. A
# trial is what it ended as: a network that is called fine-tuned and kept weights of which only the last layer had learned is
# *frozen in fact* and stands apart.

# %%
folded = []
for own in experiments:
    folded += [tables.fold(f"Scores: {own.name}", tables.results_table(own.scores, own.trials.missing)),
               tables.fold(f"What the trials ended as: {own.name}", tables.diagnoses_table(own.trials.diagnoses))]
HTML("".join(folded))
