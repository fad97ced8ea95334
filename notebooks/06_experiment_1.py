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
# # Experiment 1: do photographs help?
#
# Three models of each network, trained on the same pictures: one that starts from nothing, one that keeps what it
# learned from photographs, and one that starts from photographs and goes on learning from art. If photographs help,
# the second and third should name more poses rightly than the first. The thesis found that they do, with one
# exception: its frozen Xception did little better than guessing. {doc}`The audit <09_audit>` asks why.

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
from artpose_lib.report import figures, probes, scores, tables
from artpose_lib.report.plotting import show
from artpose_lib.train.study import open_study
from artpose_lib.web import choose

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %% [markdown]
# ## Training
#
# The pictures are shuffled anew for every trial and divided 80, 10 and 10 per cent, as in the thesis. What has been
# trained before, from the same pictures and weights and by the same recipe, is not trained again.

# %%
MODELS = ["baseline", "frozen", "finetuned"]
found = study.train(*MODELS)
lost, answers = scores.find_diverged(found.predictions), scores.name_as_ended(found.predictions)
summary = scores.summary(answers)
trials = scores.per_trial(answers)
beside = scores.against_thesis(summary)
beside = beside[beside["model"].isin([*MODELS, *summary["model"]])]
names = ", ".join(f"{row.model} {row.backbone} seed {row.seed}" for row in lost.itertuples())
Markdown(f"{len(trials)} trials of {summary['backbone'].nunique()} networks, scored on "
         f"{summary['pictures'].max()} test pictures at most for each model and network, all trials together."
         + (f" The training of {len(lost)} more diverged, and no number and no curve counts them: {names}." if names else ""))

# %% [markdown]
# A trial is what it ended as, whatever its model is called. Of all epochs the one that was best on the validation pictures gives
# the weights that are kept. Where only the last layer learned in that phase, a network that is called fine-tuned was never
# tuned: it is *frozen in fact*, and stands apart in what follows. A network that calls every picture the same, or knows its
# own training pictures no better than by always naming the commonest class, has not learned. It says nothing about what was tried
# with it.

# %%
HTML(tables.diagnoses_table(found.diagnoses))

# %% [markdown]
# ## How many poses are named rightly
#
# Each mark is a mean over trials, each bar its 95 % confidence interval, each small dot a trial. The open diamonds are
# the thesis' numbers. They were measured on other pictures, so they belong beside ours and not above or below them,
# unless this run was given the thesis' own pictures and the profile `thesis`.

# %%
def comparison(metric):
    return show(figures.comparison(beside, metric, trials), alt=f"Test {metric} of every model, here and in the thesis.")


choose("Score", {title: comparison(metric) for metric, title in figures.METRIC_TITLES.items()})

# %% [markdown]
# The same in figures: the thesis' Table 3.1, with ours beside it. *Accuracy* is the share of test pictures named
# rightly. *F1* asks of each pose how many of its pictures were found and how many of the finds were right; the macro
# mean counts every pose alike, the weighted mean by its pictures. A pose without a test picture has no F1, and both leave
# it out. F1 also depends on how many pictures are tested: where a pose has three, one mistake takes much of its F1, and the
# mean comes out lower than the same network's on many. So an F1 of few test pictures stands a little low beside one of many.
#
# Below the networks stand simpler means, tried on the same divisions. The *linear probe* is what a frozen network's features
# are good for: the same features, pictures and mirror images, and a penalty against learning by heart whose strength is
# chosen inside the training part. The *nearest neighbour* gives a picture the name of the training picture most like it by
# these features. The others know no network: 16 x 16 pixels; a file's width, height and bytes; the name of the collection,
# where it is known; and the commonest class. What a file's size or a collection's name reaches has nothing to do with a pose.

# %%
references = probes.predict_references(study, "random")
simple = scores.against_thesis(scores.summary(references))
simple = simple[simple["model"].isin(probes.REFERENCES)]
HTML(tables.results_table(pd.concat([beside, simple]), found.missing))

# %% [markdown]
# ## What follows
#
# Two intervals that overlap do not say that two models are alike. So the difference itself has an interval here, taken
# picture by picture. *Higher* and *lower* stand where all of it lies on one side of zero. Nothing follows from a network
# whose training this profile cut short, or that is not surely above calling every picture by the commonest class, or that
# is called fine-tuned and kept weights of which only the last layer had learned: what did not learn says nothing about
# what was tried with it. Nor does anything follow from fewer than three trials, which do not tell how much trials differ.
# The numbers stand there all the same.
#
# *Frozen* is the thesis' recipe. Where the probe, on the same features, is higher, that recipe leaves unused what is in
# them.

# %%
HTML(tables.changes_table(pd.concat([found.predictions, references]), study.profile, ("baseline", "frozen"),
                          ("baseline", "finetuned"), ("frozen", "finetuned"), ("frozen", "probe")))

# %% [markdown]
# ## How they learned
#
# The curves follow each model over its epochs, on validation pictures that it does not learn from (the thesis' Figures
# 3.1 to 3.3). But by these pictures the epoch is chosen whose weights are kept, as the best of many, so a curve's height
# is a little too good; only the test pictures were never chosen by. Lines are means over the trials still running; bands are their 95 % intervals, drawn where there are
# at least three trials, and otherwise said when you hover. Where a rising learning rate
# unsettles a network, its line dips; then the best weights are put back and the second phase begins.

# %%
curves = scores.curves(scores.drop_trials(found.history, lost))


def learning(model):
    return show(figures.curves(curves, model), alt=f"Validation accuracy and loss of the {model} models by epoch.")


choose("Model", {figures.MODEL_TITLES[model]: learning(model) for model in curves["model"].unique()})

# %% [markdown]
# ## Pose by pose
#
# One number for all poses hides which of them a network knows. The table shows, for each pose, what share of the
# pictures given its name deserve it (*precision*), what share of its pictures were found (*recall*), and F1, which is
# high only where both are. The thesis' Figure 3.4 is one trial of its fine-tuned ResNet50; here the test
# pictures of all trials are taken together, so a picture that was tested in two trials counts twice.

# %%
def poses(model, backbone):
    own = answers.query("model == @model and backbone == @backbone")
    title = f"{figures.MODEL_TITLES[model]} {backbone}"
    return title, show(figures.class_scores(scores.class_report(own)), alt=f"Precision, recall and F1 of each class, {title}.")


best_first = summary.dropna(subset="accuracy").sort_values("accuracy", ascending=False, kind="stable")
choose("Model", dict(poses(row.model, row.backbone) for row in best_first.itertuples()))

# %%
best = best_first.iloc[0]
report = scores.class_report(answers.query("model == @best.model and backbone == @best.backbone"))
known = report[report["kind"] == "class"].dropna(subset="f1").sort_values("f1")
least, most = known.iloc[0], known.iloc[-1]
untested = ", ".join(escape_markdown(name) for name in report["name"][report["support"] == 0])
Markdown(
    f"The highest test accuracy of this experiment has the {figures.MODEL_TITLES[best.model].lower()} {best.backbone}, "
    f"{best.accuracy:.3f} (95 % interval {best.accuracy_low:.3f} to {best.accuracy_high:.3f}). The highest of {len(best_first)} "
    "is likely to have been lucky too. "
    + (f"Its highest F1 is that of {escape_markdown(most['name'])} ({most['f1']:.2f}, of {most['support']} pictures), its "
       f"lowest that of {escape_markdown(least['name'])} ({least['f1']:.2f}, of {least['support']})."
       if least["f1"] < most["f1"] else f"It knows all tested poses alike (F1 {most['f1']:.2f}).")
    + (f" How well it knows {untested} is unknown: no picture of it was tested." if untested else "")
)
