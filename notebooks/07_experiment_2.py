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
import pandas as pd
from IPython.display import HTML, Markdown

from artpose_lib.data.text import escape_markdown
from artpose_lib.report import figures, probes, scores, statistics, tables
from artpose_lib.report.plotting import show
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import open_study
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
lost = scores.find_diverged(found.predictions)
summary = scores.summary(found.predictions)
trials = scores.per_trial(found.predictions)
beside = scores.against_thesis(summary)
beside = beside[beside["model"].isin(["finetuned", "finetuned_aug"])]
trained = scores.summary(augmented).sort_values("accuracy", ascending=False, kind="stable")
names = list(trained["backbone"])
Markdown(f"Trained with augmentation: {', '.join(names)}."
         + "".join(f" {name}: {reason}." for name, reason in found.missing.items())
         + "".join(f" The training of {row.model} {row.backbone} seed {row.seed} diverged; no number and no curve counts it."
                   for row in lost.itertuples()))

# %% [markdown]
# ## With augmentation and without
#
# The thesis' Table 3.2, and its row of Table 3.1 that it is compared with. Two things changed between the two
# experiments, the augmentation and the division of the pictures, and the thesis added a hundred pictures besides. A
# difference is therefore not augmentation's alone.

# %%
def comparison(metric):
    return show(figures.comparison(beside, metric, trials), alt=f"Test {metric} with augmentation and without.")


choose("Score", {title: comparison(metric) for metric, title in figures.METRIC_TITLES.items()})

# %% [markdown]
# Below the networks stand the simpler means of {doc}`Experiment 1 <06_experiment_1>`, on this experiment's divisions.

# %%
references = probes.predict_references(study, "stratified")
simple = scores.against_thesis(scores.summary(references))
simple = simple[simple["model"].isin(probes.REFERENCES)]
HTML(tables.results_table(pd.concat([beside, simple]), found.missing))

# %%
def change(before, after):
    lines = [f"- with {row.backbone} from {row.before:.3f} ({row.before_low:.3f} to {row.before_high:.3f}) to {row.after:.3f} "
             f"({row.after_low:.3f} to {row.after_high:.3f}): {row.verdict}."
             for row in statistics.compare_models(summary, before, after).itertuples()]
    titles = [figures.MODEL_TITLES[model].lower() for model in (before, after)]
    return (f"From {' to '.join(titles)}, test accuracy goes\n\n" + "\n".join(lines) if lines else
            f"No network of this run has both models, {' and '.join(titles)}; there is nothing to compare.")


Markdown(change("finetuned", "finetuned_aug"))

# %% [markdown]
# The linear probe learned from the same training pictures, without augmentation and without tuning the network. On the same
# test pictures:

# %%
SHORT = "nothing follows, since this profile cut the network's training short"


def against_probe(backbone):
    probe = references.query("model == 'probe' and backbone == @backbone")
    gap = statistics.difference(probe, augmented.query("backbone == @backbone"))
    verdict = (SHORT if not study.profile.full_strength(find_recipe("finetuned_aug", backbone)) else "tuning is the better"
               if gap.low > 0 else "the probe is the better" if gap.high < 0 else "not settled")
    return (f"- with {backbone} the fine-tuned, augmented model reaches {gap.second:.3f} and the probe {gap.first:.3f}, a "
            f"difference of {gap.difference:+.3f} (95 % interval {gap.low:+.3f} to {gap.high:+.3f}): {verdict}.")


Markdown("\n".join(against_probe(name) for name in names))

# %% [markdown]
# ## How they learned
#
# The thesis' Figure 3.5.

# %%
show(figures.curves(scores.curves(scores.drop_trials(found.history, lost)), "finetuned_aug"),
             alt="Validation accuracy and loss of the fine-tuned, augmented models by epoch.")

# %% [markdown]
# ## Found, and wrongly claimed
#
# A network gives each picture a probability for each pose. One may ask it to claim a picture for Sebastian only when it
# is nearly sure, or already when it has a suspicion. The ROC curve shows both ends and all between: upwards, the share
# of a pose's pictures that are found; to the right, the share of all others that are claimed with them. The area under
# it, AUC, is 1 where the two never mix and a half where the network guesses (the thesis' Figure 3.6).

# %%
def view(name, make, of, says):
    own = augmented[augmented["backbone"] == name]
    return show(make(of(own)), alt=f"{says}, fine-tuned and augmented {name}.")


choose("Network", {name: view(name, figures.roc, scores.roc_curves, "ROC curve of each class") for name in names})

# %% [markdown]
# ## Pose by pose
#
# Precision, recall and F1 (the thesis' Figure 3.7), the test pictures of all trials together.

# %%
choose("Network", {name: view(name, figures.class_scores, scores.class_report, "Scores of each class") for name in names})

# %% [markdown]
# ## Which is taken for which
#
# A row for each true pose, a column for each name it was given (the thesis' Figure 3.8). The thesis saw Graces and
# Pieta taken for Sebastian, Graces and Reclining for Pieta, and Tanagra for Antinous.

# %%
choose("Network", {name: view(name, figures.confusion, scores.confusion, "Which class is taken for which") for name in names})

# %%
best = trained.iloc[0]
matrix = scores.confusion(augmented[augmented["backbone"] == best.backbone])
shares = matrix.div(matrix.sum(axis=1).clip(lower=1), axis=0).rename_axis(columns="called").stack().rename("share").reset_index()
taken = shares[(shares["true"] != shares["called"]) & (shares["share"] > 0)]
worst = taken.sort_values("share", ascending=False, kind="stable").head(3)
untested = ", ".join(escape_markdown(name) for name in matrix.index[matrix.sum(axis=1) == 0])
Markdown(
    f"The best network here is {best.backbone}, with a test accuracy of {best.accuracy:.3f} (95 % interval "
    f"{best.accuracy_low:.3f} to {best.accuracy_high:.3f}). "
    + ("It takes most often " + ", ".join(
        f"{escape_markdown(row.true)} for {escape_markdown(row.called)} ({row.share:.0%} of its pictures)"
        for row in worst.itertuples()) + "." if len(worst) else "It takes no test picture for another pose.")
    + (f" No picture of {untested} was tested." if untested else "")
)
