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
# # Collecting
#
# Museums have put millions of their pictures on the web, and many of them answer a program as readily as a visitor. The
# thesis asked eight of them, in 2022, for six poses. Four years later two of their addresses answer that they are gone,
# others want to be asked differently, and some turn a program away at the door. This chapter says what was asked, who
# is asked now, and how to do it again.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine
ask = ""  # the sources to ask while this chapter runs, such as "met,smk"; empty to leave the museums in peace
limit = 5  # with `ask`: at most so many pictures of each pose from each source

# %%
import os

import pandas as pd
from IPython.display import Markdown, display

from artpose_lib.collect.harvest import PROBLEMS, collect
from artpose_lib.collect.museums import SOURCES
from artpose_lib.data import summary
from artpose_lib.data.poses import POSES
from artpose_lib.report import figures
from artpose_lib.report.plotting import show
from artpose_lib.train.study import open_study

study = open_study(data, weights, profile, results, classes, cluster)
dataset = study.dataset
Markdown(study.banner())

# %% [markdown]
# ## What was asked
#
# A museum's database does not know poses. It knows titles, descriptions and subjects, so the thesis looked for the words
# that such a picture is likely to carry: its Table 2.1. A comma there means *or*, an ampersand means *and*, and the equals
# sign names a part of one museum's collection. Each row below is one search. Because museums search loosely, and
# like to answer with something rather than nothing, every answer is read again here: a hit counts only where each word
# stands in the title, the description or the subjects. Accents and capitals do not matter.

# %%
searches = pd.DataFrame([
    {"pose": pose.name, "formula": query.formula, "must all be there": ", ".join(query.words),
     "department of the Met": query.department} for pose in POSES for query in pose.queries])
searches.style.hide().format(escape="html")

# %% [markdown]
# The formula for Tanagra asks for department 50 of the Metropolitan Museum. There is no department 50, and the museum
# passes over it in silence; department 13, Greek and Roman Art, is where its terracottas are.
#
# ## Who is asked
#
# The first eight are the thesis' own sources. Some ask for a key; without it they are passed over, and
# the run says which, and on which page the key is to be had.

# %%
def needs(source):
    if not source.key:
        return "nothing"
    return f"{source.key} ({'set here' if os.environ.get(source.key) else 'not set here'})"


pd.DataFrame([{"name": name, "source": source.title, "needs": needs(source),
               "answers seen": "yes" if source.verified else "no, written from other programs' accounts"}
              for name, source in SOURCES.items()]).style.hide().format(escape="html")

# %% [markdown]
# ## How it is asked
#
# A program can ask faster than a museum likes. This one says its name with every question, waits a second between two
# questions to the same house, and longer where it is told to. What a museum has answered is kept, and not asked for
# again. Where a page turns robots away, the picture is noted as *blocked* and left alone.
#
# Whatever comes back may be broken: a picture cut off half-way, a page of apologies where data was promised, a record
# without a title. Such a thing costs one picture and never the run. It is written down, with the reason, in the table
# `problems.csv`. The run can be stopped at any moment, by hand or by a power cut, and goes on from there when it is
# started again:
#
#     artpose collect --out pictures --contact you@example.org
#     artpose collect --out pictures --pose Tanagra --source met --limit 50
#
# Each picture is stored at 600 to 1,000 pixels on its longer side, with the thesis' eight columns and five that the
# thesis lacks: the source, the page on which a person can read about the work, the licence in the museum's own words,
# the search that found it, and a fingerprint of the picture.

# %%
if ask:
    folder = study.results / "collection"
    collect(folder, POSES, [SOURCES[name.strip()] for name in ask.split(",")], limit)
else:
    folder = dataset.folder
collected = (folder / PROBLEMS).exists()
if not collected:
    display(Markdown("**Nothing was collected for this run**: its pictures come from elsewhere. To see what a collection "
                     "brings in, run this chapter on one, `artpose run 1 --data pictures`, or let it ask a museum or two "
                     "itself, `artpose run 1 -p ask met,smk -p limit 5`."))

# %%
if collected:
    found = pd.read_csv(folder / "metadata.csv", dtype=str, keep_default_na=False)
    problems = pd.read_csv(folder / PROBLEMS, dtype=str, keep_default_na=False)
    display(Markdown(f"## What came back\n\n{len(found)} pictures from {found['source'].nunique()} sources, and "
                     f"{len(problems)} that could not be had."))
    by_source, by_query = (figures.composition(summary.count_groups(found, facet)) for facet in ("source", "query"))
    display(show(by_source, "Pictures of each source, pose by pose."))
    display(show(by_query, "Pictures that each search found."))

# %%
if collected and len(problems):
    kinds = problems.groupby(["source", "kind"]).size().rename("how often").reset_index()
    display(kinds.style.hide().format(escape="html").set_caption("What could not be had, and why"))

# %% [markdown]
# ## From an answer to a row
#
# Every museum has its own words for the same things. What one calls *medium* is another's *technique* and a third's list
# of materials; a date may be a number, a phrase or two numbers that contradict the phrase. The thesis kept what all of
# its sources have, eight columns, and so does this report. The museum's own words stay as they are. Beside them
# the table has years and a medium that were read out of these words, so that a collection can be counted:

# %%
if {"DATE", "TECHNIQUE", "medium"} <= set(dataset.metadata):
    columns = ["TITLE", "AUTHOR", "DATE", "year_from", "year_to", "TECHNIQUE", "TYPE", "medium", "source"]
    one_each = dataset.metadata.groupby("label").head(1)
    display(one_each.reindex(columns=columns, fill_value="").style.hide().format(escape="html"))
