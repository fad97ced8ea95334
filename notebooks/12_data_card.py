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
# # Data card
#
# What a network learns can be no better than what it is shown. This page is the label on the box: which pictures this
# run of the report was given, where they come from, and what they are good for. It is written from the folder of
# pictures itself, and changes with it.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
import numpy as np
from IPython.display import Markdown

from artpose_lib.data import summary
from artpose_lib.data.decisions import active_decisions, read_decisions
from artpose_lib.data.licences import find_rights
from artpose_lib.data.splits import split, split_counts
from artpose_lib.report import figures
from artpose_lib.report.plotting import show
from artpose_lib.train.recipes import SEEDS
from artpose_lib.train.study import open_study
from artpose_lib.web import choose, contact_sheet

study = open_study(data, weights, profile, results, classes, cluster)
dataset = study.dataset
Markdown(study.banner())

# %% [markdown]
# ## What is in it

# %%
table = summary.describe_pictures(dataset)
decided = active_decisions(read_decisions(dataset.folder))
rights = (f"{dataset.publishable.sum()} of them may be shown and passed on by their licence."
          if find_rights(dataset.metadata) else "No column tells their licences.")
Markdown(
    f"{len(dataset)} pictures in {len(dataset.classes)} classes, from {table['source'].nunique()} "
    f"source{'s' * (table['source'].nunique() != 1)}. {rights} "
    f"{len(dataset.problems)} files needed attention when they were read. "
    f"{len(decided)} decisions of a person stand behind the selection."
)

# %%
counts = summary.count_classes(dataset)
counts.style.hide().format({"share": "{:.0%}"}, escape="html").set_caption("Pictures of each class")

# %%
def bars(facet):
    alt = f"The number of pictures of each {facet}, class by class."
    return show(figures.composition(summary.count_groups(table, facet)), alt)


choose("Counted by", {facet: bars(facet) for facet in summary.FACETS})

# %% [markdown]
# *Century* is the middle of the years that a museum gives: "2nd century BCE" is a range of a hundred years, and "before
# 1848" is hardly a date at all. *Medium* puts hundreds of ways of saying "oil on canvas" into a few words. The museums'
# own words stay in the table beside them.
#
# ## One of each
#
# As the thesis' Figure 2.2: each class and the label that a network knows it by. Only pictures that may be shown to
# everyone appear here.

# %%
of_class = [dataset.rows_to_show(np.flatnonzero(dataset.labels == number)) for number in range(len(dataset.classes))]
shown = [rows[0] for rows in of_class if len(rows)]
contact_sheet([dataset.picture(row, 320) for row in shown],
              [f"{dataset.labels[row]} {dataset.classes[dataset.labels[row]]}: {dataset.caption(row)}" for row in shown])

# %% [markdown]
# ## How a random division falls
#
# As the thesis' Figure 2.1: the pictures shuffled and cut at 80 and 90 per cent, with no regard to classes.

# %%
show(figures.class_distribution(split_counts(dataset, split(dataset, "random", SEEDS[0]))),
             alt="Classes in each part of a random division.")

# %% [markdown]
# ## What it is for, and what it is not
#
# - **For**: asking whether a network can tell these poses apart, and what it looks at when it does.
# - **Not for**: counting how often a pose occurs in art. Museums photograph what they own and value, searches find what
#   someone catalogued in a language that was asked, and somebody chose the poses.
# - **Nor for** concluding that a network knows a pose because it names pictures rightly. Collections have poses of their own,
#   and photograph them in ways of their own; {doc}`the discussion <11_discussion>` asks what that is worth here.
# - **Names are not poses.** A search for *Sebastian* finds what is called Sebastian: portraits of men of that name, a
#   church, a saint after his martyrdom. What a person has not looked through still holds such pictures.
# - **Nudity and violence** are part of the subject: most figures are nude, and Sebastian is pierced by arrows.
# - **Whose they are.** A picture's licence is the museum's own word on that picture, and stands beside it in the table.
#   Pictures without an open licence can be learned from at home; they are left out of exports, and of these pages.
