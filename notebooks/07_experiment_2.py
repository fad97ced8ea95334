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

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.text import escape_markdown
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import figures, scores, statistics, tables
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import THIS_RUN, measure, open_places
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import NO_WEIGHTS, open_study
from artpose_lib.train.training import find_peak
from artpose_lib.train.variants import FAITHFUL, VARIANTS, Variant
from artpose_lib.web import choose

study = open_study(data, weights, profile, results, classes, cluster)
places = open_places(study)
found = {name: trials for name, of in places.items() if (trials := of.train("finetuned", "finetuned_aug")).records}
simple = {name: measure(places[name], "simple_stratified") for name in found}
poses = [name for name in found if set(places[name].dataset.classes) == set(POSE_NAMES)]  # what may stand beside the thesis
first, *_ = together = poses or list(found)[-1:]
answers = {name: scores.name_as_ended(own.predictions) for name, own in found.items()}
beside = {name: statistics.score_models(own.predictions, simple[name], places[name].profile).query(
    "model not in ['baseline', 'frozen']") for name, own in found.items()}
accuracies = {name: own.query("metric == 'accuracy' and trials > 0").sort_values("here", ascending=False, kind="stable")
              for name, own in beside.items()}
changes = {name: {pair: statistics.compare_models(pd.concat([own.predictions, simple[name]]), *pair, places[name].profile).set_index(
    "backbone") for pair in [("finetuned", "finetuned_aug"), ("probe", "finetuned_aug")]} for name, own in found.items()}


def tell_answer(rows):
    surely = {verdict: ", ".join(own.index) for verdict, own in rows.groupby("verdict")}
    told = [f"surely {verdict} with {surely[verdict]}" for verdict in ("higher", "lower") if verdict in surely]
    if told:
        return f"With augmentation the accuracy is {' and '.join(told)}."
    return "Whether augmentation helps is " + ("not settled." if "not settled" in surely else "not told: nothing follows from these networks.")


def tell_range(values):
    low, high = (f"{100 * value:.0f}" for value in (values.min(), values.max()))
    return f"{low} to {high} %" if low != high else f"{low} %"


def tell_models(name):
    thesis, own = scores.thesis_accuracies() if name in poses else (), accuracies[name].groupby("model")["here"]
    told = [f"{words} {tell_range(own.get_group(model))}" + (f" (thesis: {tell_range(thesis[model])})" if model in thesis else "")
            for model, words in {"finetuned": "without", "finetuned_aug": "with", "probe": "by a linear probe without augmentation or tuning",
                                 "file": "by the file's size alone"}.items() if model in own.groups]
    return f"Rightly named: {', '.join(told) or 'nothing'}."


def comparison(metric, *names):
    drawn = {name: beside[name].query("model != 'permuted'") for name in names}
    return show(figures.comparison(drawn, metric, scores.per_trial(pd.concat([answers[names[0]], simple[names[0]]]))), alt=(
        f"Test {figures.METRIC_TITLES[metric]} with augmentation and without, mean over trials with its 95 % interval: "
        f"{', '.join(names)}, and the thesis (Tables 3.1 and 3.2). Pale: nothing follows from it."))


display(Markdown(f"**{escape_markdown(first)}: {tell_answer(changes[first]['finetuned', 'finetuned_aug'])}** {tell_models(first)}"))
display(comparison("accuracy", *together))
Markdown(study.banner())

# %%
def title(name):
    of = places[name]
    what = of.data_name if of.embedded else f"pictures, {of.data_name}"
    return f"{name} ({len(of.dataset)} {what}, profile {of.profile.name})" if of.trains else name


missing = [f"{backbone}: {reason}" for backbone, reason in found[THIS_RUN].missing.items()] if THIS_RUN in found else []
Markdown("\n".join(f"- {escape_markdown(title(name))}: {tables.tell_doubts(beside[name])}." for name in found) + (f"\n\nNot in this run: {'; '.join(missing)}." if missing else ""))

# %%
choose("Score", {f"{title}, {name}": comparison(metric, *names) for name, names in {", ".join(together): together, **{
    name: [name] for name in found if name not in together}}.items() for metric, title in list(figures.METRIC_TITLES.items())[name == ", ".join(together):]})

# %% [markdown]
# ## What follows
#
# Two things changed between the experiments: the augmentation, and the division of the pictures, of which 70 per cent of each
# class are now for training and 15 each for validation and test. (The thesis added a hundred pictures besides.) So the networks
# were tested on other pictures, and the first difference is not augmentation's alone. The probe learned from the same pictures as
# the augmented networks, without augmentation and without tuning, and was tested on the same.

# %%
of, together = places[first], {}
for backbone in BACKBONES:
    sides = [of.find("finetuned_aug", variant=one, backbones=[backbone]) for one in (None, VARIANTS["A10 duplicates together"])]
    if not of.trains and all(side.records for side in sides):
        together[backbone] = statistics.compare(*(side.predictions for side in sides), of.profile)
told = {" → ".join(MODEL_TITLES[model] for model in pair): rows for pair, rows in changes[first].items()}
told |= {"Augmented, works on both sides → all pictures of a work on one side": pd.DataFrame(together).T} if together else {}
Markdown("\n".join([f"On {escape_markdown(first)}:\n", *(
    f"- *{pair}*: {tables.tell_changes(rows) or 'no network has both'}." for pair, rows in told.items())])
         + "\n\nWhat else raises or blurs these numbers is the same as in Experiment 1, the pictures that EfficientNet-Lite0 helped to "
           "choose among it." * (not of.trains))

# %%
HTML("".join(tables.fold(f"The differences in full: {name}", tables.differences_table({
    " → ".join(MODEL_TITLES[model] for model in pair): rows for pair, rows in own.items()}))
    for name, own in changes.items()))

# %% [markdown]
# ## SMOTE and imgaug apart
#
# Here one network is trained with less augmentation, or none, on the same divisions and by the same recipe. Augmentation makes
# more pictures, so an epoch has more steps in which the network learns. *Copies* have as many steps: they repeat the old
# pictures. Where augmentation is better than copies, it is so by showing something new. The last row turns the order round: the
# thesis wants SMOTE first, since it then distorts fewer pictures.

# %%
SMALL, SIDE = "EfficientNet-Lite0", 96  # the network and the size of pictures, in pixels, that two processors can train
WAYS = {"SMOTE, then imgaug": FAITHFUL, "nothing": Variant(augmentation=()), "SMOTE": Variant(augmentation=("SMOTE",)),
        "imgaug": Variant(augmentation=("imgaug",)), "copies": Variant(augmentation=("copies",)),
        "imgaug, then SMOTE": Variant(augmentation=("imgaug", "SMOTE")),
        "rate of phase I's best epoch": Variant(max_lr="peak"), "the tables' rate": FAITHFUL}
WHOLE = study.profile.full_strength(find_recipe("finetuned_aug", SMALL))
small_editions = {f"{name}, {SMALL} at {SIDE} pixels": replace(of, profile=replace(of.profile, input_size=SIDE))
                  for name, of in places.items() if not of.trains}


def compare_ways(of, backbone, pairs):
    asked = {way: of.train("finetuned_aug", variant=WAYS[way], backbones=[backbone]) for way in sum(pairs, ())}
    stored = {way: trials.predictions for way, trials in asked.items() if trials.records}
    return pd.DataFrame({f"“{one}” → “{two}”": statistics.compare(stored[one], stored[two], of.profile)
                         for one, two in pairs if one in stored and two in stored}).T


def show_ways(pairs, backbones):
    compared = {name: compare_ways(of, SMALL, pairs) for name, of in small_editions.items()}
    compared |= {f"{THIS_RUN}, {name}": compare_ways(study, name, pairs) for name in backbones if WHOLE}  # short ones tell nothing
    compared = {name: rows for name, rows in compared.items() if len(rows)}
    for name, rows in compared.items():
        display(Markdown(f"- *{escape_markdown(name)}*: {tables.tell_changes(rows)}."))
    return HTML(tables.fold("The differences in full", tables.differences_table(compared)) if compared else "")


show_ways([("nothing", "SMOTE"), ("nothing", "imgaug"), ("nothing", "copies"), ("nothing", "SMOTE, then imgaug"),
           ("copies", "SMOTE, then imgaug"), ("imgaug, then SMOTE", "SMOTE, then imgaug")],
          [SMALL] if study.weights_of(SMALL) != NO_WEIGHTS else [])

# %% [markdown]
# ## How they learned
#
# The thesis' Figure 3.5. As in Experiment 1 the epoch that is kept was chosen by these validation pictures, so a curve's height is a
# little too good.

# %%
kept = {name: scores.drop_trials(own.history, scores.find_diverged(own.predictions)) for name, own in found.items()}
choose("Pictures", {name: show(figures.curves(scores.curves(own), "finetuned_aug"), alt=(
    f"Validation accuracy and loss of the fine-tuned, augmented models by epoch, {name} (the thesis' Figure 3.5)."))
    for name, own in kept.items() if "finetuned_aug" in set(own["model"])})

# %% [markdown]
# ## One cycle, two ways
#
# Such curves are means. Below is the first trial of each model, with the learning rate on top. In phase I the rate climbs
# until the network comes undone. The loss, which measures how wrong the answers are, jumps up; where the line breaks it is
# no longer a number. This is the thesis' *dip*. Then the weights of the best epoch are put back and phase II begins.

# %%
cycles = pd.concat([own.assign(pictures=name) for name, own in kept.items()])


def cycle(pictures, model, backbone):
    own = cycles.query("pictures == @pictures and model == @model and backbone == @backbone")
    name = f"{MODEL_TITLES[model]} {backbone}, {pictures}"
    return name, show(figures.cycle(own[own["seed"] == own["seed"].min()]), alt=f"Learning rate, loss and accuracy by epoch: {name} (the thesis' Figure A.2).")


kinds = ["pictures", "model", "backbone"]
wildest = cycles.groupby(kinds, sort=False)["loss"].max().sort_values(ascending=False, kind="stable").index  # that dip first
choose("Trial", dict(cycle(*kind) for name in kept for kind in wildest if kind[0] == name))

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
rates = pd.DataFrame(rows)
Markdown("\n".join(f"- {escape_markdown(pictures)}: the median of the best rates is {of.min():.2g} to {of.max():.2g} times the tables' "
                   f"rate, by model. Phase II did better than phase I, on validation pictures, in {own['phase II better'].sum()} of "
                   f"{own['trials'].sum()} trials."
                   for pictures, own in (rates.groupby("pictures", sort=False) if rows else ()) for of in [own["median / tables'"]]))

# %%
HTML(tables.fold("Model by model", rates.style.hide(axis="index").format(
    "{:.1e}", ["the tables' rate", "best rate, median"]).format("{:.2g}", ["median / tables'", "highest loss"]).format(
    escape, ["pictures"]).to_html()) if rows else "")

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
# of a pose's pictures that are found; to the right, the share of all others that are claimed with them. The area under
# it, AUC, is 1 where the two never mix and a half where the network guesses (the thesis' Figure 3.6).

# %%
best_first = [(name, row.model, row.backbone) for name, own in accuracies.items() for row in own.itertuples()
              if row.model.startswith("finetuned_aug")]
of_network = {f"{MODEL_TITLES[model]}: {backbone}, {name}": answers[name].query("model == @model and backbone == @backbone")
              for name, model, backbone in best_first}


def views(make, of, says, thesis):
    return choose("Network", {name: show(make(of(own)), alt=f"{says}: {name} (the thesis' Figure {thesis}).")
                              for name, own in of_network.items()})


views(figures.roc, scores.roc_curves, "ROC curve of each class", "3.6")

# %% [markdown]
# ## Pose by pose
#
# Precision, recall and F1 (the thesis' Figure 3.7), the test pictures of all trials together.

# %%
views(figures.class_scores, scores.class_report, "Precision, recall and F1 of each class", "3.7")

# %% [markdown]
# ## Which is taken for which
#
# A row for each true pose, a column for each name it was given (the thesis' Figure 3.8). The thesis saw Graces and
# Pieta taken for Sebastian, Graces and Reclining for Pieta, and Tanagra for Antinous.

# %%
def tell_confusions(name):
    matrix = scores.confusion(of_network[name])
    counts = matrix.rename_axis(columns="called").stack().rename("n").reset_index()
    counts = counts.assign(of=counts["true"].map(matrix.sum(axis=1)), share=lambda cells: cells["n"] / cells["of"].clip(lower=1))
    worst = counts.query("true != called and n > 0").sort_values("share", ascending=False, kind="stable").head(3)
    taken = ", ".join(f"{escape_markdown(row.true)} for {escape_markdown(row.called)} ({row.n} of {row.of} times)" for row in worst.itertuples())
    untested = ", ".join(escape_markdown(label) for label in matrix.index[matrix.sum(axis=1) == 0])
    return (f"{escape_markdown(name)}, the highest accuracy here, takes most often {taken}; a picture that was tested twice counts twice."
            if taken else f"{escape_markdown(name)} takes no test picture for another pose.") + (
            f" No picture of {untested} was tested." if untested else "")


display(Markdown(tell_confusions(next(iter(of_network))) if of_network else "The training of every network with augmentation diverged."))
views(figures.confusion, scores.confusion, "Which class is taken for which", "3.8")

# %% [markdown]
# ## The numbers in full
#
# F1 depends on how many pictures of a pose are tested, which differs between the two experiments and from the thesis. A
# trial is what it ended as: a network that is called fine-tuned and kept weights of which only the last layer had learned is
# *frozen in fact* and stands apart.

# %%
HTML("".join(tables.fold(f"Scores: {name}", tables.results_table(beside[name], own.missing))
             + tables.fold(f"What the trials ended as: {name}", tables.diagnoses_table(own.diagnoses)) for name, own in found.items()))
