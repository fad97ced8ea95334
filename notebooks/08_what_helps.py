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
# # What would help?
#
# The thesis ends with what should be tried next: bounding boxes, edge maps, pose detection, and what else is known of a
# picture. Here all of it is tried, by networks that learned from photographs and stay as they are, with a linear probe on top.

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
from statsmodels.stats.multitest import multipletests

from artpose_lib.data.text import escape_markdown
from artpose_lib.report import plotting, scores, statistics, tables
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.reference import measure, open_places
from artpose_lib.train.study import open_study
from artpose_lib.web import choose

study = open_study(data, weights, profile, results, classes, cluster)
places = open_places(study, poses=True)
Markdown(study.banner())

# %% [markdown]
# ## Four inputs
#
# The same pictures, divided in the same way, are shown to the same networks once whole and once as edges alone (Canny's). If a
# network knows a pose by its outline, edges are enough; if it knows it by marble, paper or paint, they are not.

# %%
answers = {name: own for name, of in places.items() if len(own := measure(of, "inputs_grouped"))}  # none where works cannot be kept together


def compare_inputs(predictions, of):
    """Each input less the whole picture, paired, with p corrected for the number of inputs (Holm)."""
    rows = pd.concat([statistics.compare_models(predictions, "whole", model, of.profile).assign(model=model)
                      for model in predictions["model"].unique() if model != "whole"])
    return rows.assign(p=multipletests(rows["p"], method="holm")[1])


def show_inputs(name):
    table = scores.summary(answers[name]).rename(columns={"accuracy_low": "low", "accuracy_high": "high"})
    table = table.assign(title=table["model"].map(MODEL_TITLES)).sort_values("model", key=lambda names: names.map([*MODEL_TITLES].index), kind="stable")
    table["hover"] = plotting.describe(table, "{title}, {backbone}: {accuracy:.3f}<br>95 % interval {low:.3f} to {high:.3f}<br>trials: {trials}")
    axis = {"title_text": "test accuracy", **plotting.SHARE}
    return plotting.show(plotting.draw_marks(table, "accuracy", "title", "backbone", 0.5, axis), alt=(
        f"Test accuracy of a linear probe by what it is shown, all pictures of a work on one side, {name}."))


changes = {name: compare_inputs(own, places[name]) for name, own in answers.items()}
Markdown("\n".join(f"- *{escape_markdown(name)}*, {MODEL_TITLES[model].lower()} instead of the whole picture: "
                   f"{tables.tell_changes(rows.set_index('backbone'))}."
                   for name, own in changes.items() for model, rows in own.groupby("model", sort=False)))

# %%
choose("Pictures", {name: show_inputs(name) for name in answers})

# %%
HTML("".join(tables.fold(f"The differences in full: {name}", tables.differences_table({
    MODEL_TITLES[model]: rows.set_index("backbone") for model, rows in own.groupby("model", sort=False)}))
    for name, own in changes.items()))

# %% [markdown]
# ## Pose detection
#
# A detector of people and their joints, made for photographs.

# %% [markdown]
# ## The best recipe
#
# What the thesis' networks reach, and a recipe of today on the same pictures.

# %% [markdown]
# ## Other metadata
#
# The same features, asked for a picture's century, medium, technique, type and source.

# %% [markdown]
# ## From drawings to art, and back
#
# What drawings teach of art.

# %% [markdown]
# ## All pictures on one map
#
# Pictures that a network finds alike lie close together.
