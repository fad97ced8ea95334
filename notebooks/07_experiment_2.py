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
# The fine-tuned models of Experiment 1 were the thesis' best. Its second experiment trains them again, with a
# training part that {doc}`augmentation <04_augmentation>` has made even and larger, and with every pose present in
# every part. It reports its highest accuracy here.

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
from pathlib import Path

import pandas as pd
from IPython.display import HTML, Markdown

from artpose_lib.data.text import escape_markdown
from artpose_lib.report import figures, probes, scores, statistics, tables
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import open_editions
from artpose_lib.train.recipes import SEEDS, find_recipe
from artpose_lib.train.study import open_study
from artpose_lib.train.training import find_peak
from artpose_lib.train.variants import FAITHFUL, Variant
from artpose_lib.web import choose

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %% [markdown]
# ## Training
#
# Here 70 per cent of each class are for training, and 15 each for validation and test.

# %%
found = study.train("finetuned", "finetuned_aug")  # the first is stored from Experiment 1
augmented = found.predictions.query("model == 'finetuned_aug'")
lost, answers = scores.find_diverged(found.predictions), scores.name_as_ended(found.predictions)
summary = scores.summary(answers)
trials = scores.per_trial(answers)
beside = scores.against_thesis(summary)
beside = beside[beside["model"].isin(["finetuned", "finetuned_aug", *summary["model"]])]
names = list(augmented["backbone"].unique())
Markdown(f"Trained with augmentation: {', '.join(names)}."
         + "".join(f" {name}: {reason}." for name, reason in found.missing.items())
         + "".join(f" The training of {row.model} {row.backbone} seed {row.seed} diverged; no number and no curve counts it."
                   for row in lost.itertuples()))

# %% [markdown]
# As in Experiment 1, a trial is what it ended as. A network that is called fine-tuned and kept weights of which only the last
# layer had learned is *frozen in fact* and stands apart in every table.

# %%
HTML(tables.fold("What the trials ended as", tables.diagnoses_table(found.diagnoses)))

# %% [markdown]
# ## With augmentation and without
#
# The thesis' Table 3.2, and its row of Table 3.1 that it is compared with. F1 also depends on how many pictures of a pose are
# tested, which differs between the two experiments and from the thesis. Two things changed between the two
# experiments, the augmentation and the division of the pictures, and the thesis added a hundred pictures besides. A
# difference is therefore not augmentation's alone.

# %%
def comparison(metric):
    return show(figures.comparison({"this run": beside}, metric, trials), alt=f"Test {metric} with augmentation and without.")


choose("Score", {title: comparison(metric) for metric, title in figures.METRIC_TITLES.items()})

# %% [markdown]
# Below the networks stand the simpler means of {doc}`Experiment 1 <06_experiment_1>`, on this experiment's divisions.

# %%
references = probes.predict_references(study, "stratified")
simple = scores.against_thesis(scores.summary(references))
simple = simple[simple["model"].isin(probes.REFERENCES)]
HTML(tables.results_table(pd.concat([beside, simple]), found.missing))

# %% [markdown]
# ## What follows
#
# The table reads as in Experiment 1. With augmentation and without, networks were tested on other pictures, so this
# difference cannot be taken picture by picture, and it is the division's as well as the augmentation's. The probe learned
# from the same training pictures as the augmented models, without augmentation and without tuning the network, and was
# tested on the same.

# %%
HTML(tables.changes_table(pd.concat([found.predictions, references]), study.profile, ("finetuned", "finetuned_aug"),
                          ("probe", "finetuned_aug")))

# %% [markdown]
# ## SMOTE and imgaug apart
#
# The two experiments also differ in how they divide the pictures. So one network is trained again here with less
# augmentation, or none, on the divisions of this experiment and by the same recipe. There is a second trap. Augmentation
# makes more pictures, so that an epoch has more steps in which the network learns. *Copies* have as many steps: they
# repeat the old pictures until each pose has as many as SMOTE and imgaug give it. Where augmentation is better than
# copies, it is so by showing something new. The last row turns the order round: the thesis says that SMOTE should come
# first, since it then distorts fewer pictures.
#
# Where rows are marked *reference*, they are of museum pictures, from trials that come with the book. They ran for as long as
# the thesis', on smaller pictures.

# %%
SMALL, SIDE = "EfficientNet-Lite0", 96  # the network and the size of pictures, in pixels, that two processors can train
WAYS = {"SMOTE, then imgaug": FAITHFUL, "nothing": Variant(augmentation=()), "SMOTE": Variant(augmentation=("SMOTE",)),
        "imgaug": Variant(augmentation=("imgaug",)), "copies": Variant(augmentation=("copies",)),
        "imgaug, then SMOTE": Variant(augmentation=("imgaug", "SMOTE")),
        "rate of phase I's best epoch": Variant(max_lr="peak"), "the tables' rate": FAITHFUL}
WHOLE = study.profile.full_strength(find_recipe("finetuned_aug", SMALL))
tried = None if WHOLE else SEEDS[:1]  # one trial shows that it runs; more of so short ones would not tell more
editions = open_editions(Path("../book/reference"), study.results)
small_editions = {f"Reference: {edition.data_name}, {SMALL} at {SIDE} pixels": replace(
    edition, profile=replace(edition.profile, input_size=SIDE)) for edition in editions}


def compare_ways(of, backbone, pairs, seeds=None):
    asked = {way: of.train("finetuned_aug", variant=WAYS[way], backbones=[backbone], seeds=seeds) for way in sum(pairs, ())}
    stored = {way: trials.predictions for way, trials in asked.items() if trials.records}
    return pd.DataFrame({f"{one} → {two}": statistics.compare(stored[one], stored[two], of.profile)
                         for one, two in pairs if one in stored and two in stored}).T


pairs = [("nothing", "SMOTE"), ("nothing", "imgaug"), ("nothing", "copies"), ("nothing", "SMOTE, then imgaug"),
         ("copies", "SMOTE, then imgaug"), ("imgaug, then SMOTE", "SMOTE, then imgaug")]
compared = {name: compare_ways(edition, SMALL, pairs) for name, edition in small_editions.items()}
compared |= {f"This run, {SMALL}": compare_ways(study, SMALL, pairs, tried)}
HTML(tables.differences_table({name: rows for name, rows in compared.items() if len(rows)}))

# %% [markdown]
# ## How they learned
#
# The thesis' Figure 3.5. As in Experiment 1, the epoch that is kept was chosen by these validation pictures, so a curve's
# height is a little too good.

# %%
show(figures.curves(scores.curves(scores.drop_trials(found.history, lost)), "finetuned_aug"),
             alt="Validation accuracy and loss of the fine-tuned, augmented models by epoch.")

# %% [markdown]
# ## One cycle, two ways
#
# Such curves are means. Below is the first trial of each model, with the learning rate on top. In phase I the rate climbs
# until the network comes undone. The loss, which measures how wrong the answers are, jumps up; where the line breaks it is
# no longer a number. This is the thesis' *dip*. Then the weights of the best epoch are put back and phase II begins.

# %%
histories = [own.history.assign(pictures=edition.data_name) for edition in editions
             if edition.dataset.fingerprint != study.dataset.fingerprint
             and (own := edition.find("finetuned", "finetuned_aug")).records]
cycles = pd.concat([*histories, scores.drop_trials(found.history, lost).assign(pictures="this run")])


def cycle(pictures, model, backbone):
    own = cycles.query("pictures == @pictures and model == @model and backbone == @backbone")
    name = f"{figures.MODEL_TITLES[model]} {backbone}, {pictures}"
    return name, show(figures.cycle(own[own["seed"] == own["seed"].min()]), alt=f"Rate, loss and accuracy by epoch, {name}.")


kinds = ["pictures", "model", "backbone"]
wildest = cycles.groupby(kinds, sort=False)["loss"].max().sort_values(ascending=False, kind="stable").index  # that dip first
choose("Trial", dict(cycle(*kind) for kind in wildest))

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
    rows.append({"pictures": pictures, "model": f"{figures.MODEL_TITLES[model]} {backbone}", "the tables' rate": table,
                 "best rate, median": best.median(), "best rates": f"{best.min():.1e} to {best.max():.1e}",
                 "median / tables'": best.median() / table, "highest loss": own["loss"].max(),
                 "loss overflowed": f"{own['no number'].sum()} of {len(own)}", "trials": len(own),
                 "phase II better": own["better"].sum()})
rates = pd.DataFrame(rows)
Markdown("\n".join(f"- {escape_markdown(pictures)}: the median of the best rates is {of.min():.2g} to {of.max():.2g} times the tables' "
                   f"rate, by model. Phase II did better than phase I, on validation pictures, in {own['phase II better'].sum()} of "
                   f"{own['trials'].sum()} trials."
                   for pictures, own in rates.groupby("pictures", sort=False) for of in [own["median / tables'"]]))

# %%
HTML(tables.fold("Model by model", rates.style.hide(axis="index").format(
    "{:.1e}", ["the tables' rate", "best rate, median"]).format("{:.2g}", ["median / tables'", "highest loss"]).format(
    escape, ["pictures"]).to_html()))

# %% [markdown]
# So a network is trained once more, with phase II as the text has it. Phase I is the same in both.

# %%
pairs = [("the tables' rate", "rate of phase I's best epoch")]
compared = {name: compare_ways(edition, SMALL, pairs) for name, edition in small_editions.items()}
compared |= {f"This run, {name}": compare_ways(study, name, pairs, tried) for name in (names if WHOLE else [SMALL])}
HTML(tables.differences_table({name: rows for name, rows in compared.items() if len(rows)}))

# %% [markdown]
# ## Found, and wrongly claimed
#
# A network gives each picture a probability for each pose. One may ask it to claim a picture for Sebastian only when it
# is nearly sure, or already when it has a suspicion. The ROC curve shows both ends and all between: upwards, the share
# of a pose's pictures that are found; to the right, the share of all others that are claimed with them. The area under
# it, AUC, is 1 where the two never mix and a half where the network guesses (the thesis' Figure 3.6).

# %%
ranked = summary[summary["model"].str.startswith("finetuned_aug")].dropna(subset="accuracy").sort_values(
    "accuracy", ascending=False, kind="stable")
of_network = {f"{figures.MODEL_TITLES[row.model]}: {row.backbone}": answers.query("model == @row.model and backbone == @row.backbone")
              for row in ranked.itertuples()}


def view(name, make, of, says):
    return show(make(of(of_network[name])), alt=f"{says}, {name}.")


choose("Network", {name: view(name, figures.roc, scores.roc_curves, "ROC curve of each class") for name in of_network})

# %% [markdown]
# ## Pose by pose
#
# Precision, recall and F1 (the thesis' Figure 3.7), the test pictures of all trials together.

# %%
choose("Network", {name: view(name, figures.class_scores, scores.class_report, "Scores of each class") for name in of_network})

# %% [markdown]
# ## Which is taken for which
#
# A row for each true pose, a column for each name it was given (the thesis' Figure 3.8). The thesis saw Graces and
# Pieta taken for Sebastian, Graces and Reclining for Pieta, and Tanagra for Antinous.

# %%
choose("Network", {name: view(name, figures.confusion, scores.confusion, "Which class is taken for which") for name in of_network})

# %%
def tell(name, best):
    matrix = scores.confusion(of_network[name])
    counts = matrix.rename_axis(columns="called").stack().rename("n").reset_index()
    counts = counts.assign(of=counts["true"].map(matrix.sum(axis=1)), share=lambda cells: cells["n"] / cells["of"].clip(lower=1))
    worst = counts.query("true != called and n > 0").sort_values("share", ascending=False, kind="stable").head(3)
    taken = ", ".join(f"{escape_markdown(row.true)} for {escape_markdown(row.called)} ({row.n} of {row.of} times)" for row in worst.itertuples())
    untested = ", ".join(escape_markdown(label) for label in matrix.index[matrix.sum(axis=1) == 0])
    return (f"The highest test accuracy here is {best.accuracy:.3f} (95 % interval {best.accuracy_low:.3f} to {best.accuracy_high:.3f}). "
            f"It is of: {name}. " + (f"It takes most often {taken}; a picture that was tested in two trials counts twice."
                                     if taken else "It takes no test picture for another pose.")
            + (f" No picture of {untested} was tested." if untested else ""))


Markdown("".join(tell(*first) for first in list(zip(of_network, ranked.itertuples(), strict=True))[:1])
         or "The training of every network with augmentation diverged, so there is nothing to tell.")
