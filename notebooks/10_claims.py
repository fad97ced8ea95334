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
# # The claims
#
# A thesis makes many claims, and a reader remembers the last of them. Here is every sentence of its abstract, results,
# discussion and conclusion that something can be checked of, with what this run has to say. A verdict is computed
# from an interval and never from a wish:
#
# - **holds**: the whole 95 % interval is on the claim's side;
# - **holds weakly**: the measured value is on the claim's side, and the interval reaches to the other;
# - **does not hold**: the measured value is on the other side; the interval says how surely;
# - **cannot be tested here**: these pictures, or the weights at hand, do not allow it, or a network that the profile
#   trained short is behind one that had its full training.
#
# On drawn pictures, or on pictures of something else than the six poses, a verdict is about those pictures. A claim that
# fails there may hold for the thesis' own, which nobody has published.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from pathlib import Path

from IPython.display import HTML, Markdown

from artpose_lib.data.text import escape_markdown
from artpose_lib.report import audit_figures, claims, tables
from artpose_lib.report.plotting import show
from artpose_lib.train.study import open_study

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
table = claims.check_claims(claims.train_claims(study))
references = tables.load_references(Path("../book/results"), study)
listed = "\n".join(f"- {escape_markdown(tables.describe_reference(content))}" for content in references)
Markdown("Numbers without a mark are this run's. " + (
    f"Those marked *reference* come with the book and were measured before, elsewhere:\n\n{listed}" if references else
    "There are no reference results of other pictures to stand beside them."))

# %% [markdown]
# ## In one picture

# %%
show(audit_figures.verdicts(table), alt="How many claims of each part of the thesis hold here.")

# %% [markdown]
# ## Sentence by sentence
#
# Each leads to the chapter whose figures show it.

# %%
HTML(tables.claims_table(table, references))

# %% [markdown]
# Several claims are tested at once, so a few intervals would miss by luck alone: of twenty true ones, one.

# %%
counts = table["verdict"].value_counts()
hold, weakly, fail, untested = (
    counts.get(verdict, 0) for verdict in (claims.HOLDS, claims.WEAKLY, claims.FAILS, claims.UNTESTABLE))
Markdown(f"Of {len(table)} claims, {hold} hold, {weakly} hold weakly, {fail} do not hold, {untested} cannot be tested "
         "here.")
