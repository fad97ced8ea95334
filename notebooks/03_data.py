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
# # The data set
#
# Before a network can learn a pose, someone has to decide what counts as one. The thesis chose six that art history
# has names for, because they return in every century and every medium: a bronze, a marble copy, an altarpiece, a
# print after the altarpiece. This chapter looks at the pictures: where they are from, what they show, how many there are of
# each pose, and how they are divided before any network sees them.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from html import escape

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display

from artpose_lib.data.dataset import DataError
from artpose_lib.data.decisions import active_decisions, read_decisions
from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.licences import find_rights
from artpose_lib.data.metadata import tell_counts
from artpose_lib.data.poses import POSE_NAMES, POSES, thesis_table
from artpose_lib.data.splits import PARTS, split
from artpose_lib.data.summary import FACETS, count_groups, describe_pictures
from artpose_lib.data.text import escape_markdown
from artpose_lib.report import figures
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import open_places
from artpose_lib.train.recipes import SEEDS
from artpose_lib.train.study import open_study
from artpose_lib.web import choose, contact_sheet

study = open_study(data, weights, profile, results, classes, cluster)
dataset = study.dataset
Markdown(study.banner())

# %% [markdown]
# ## What a class looks like

# %%
shown = ("The artworks that this book measures stay with their owners. These pictures, by which the report can be tried at once, were drawn "
         "by a program" if study.embedded else "Here are more, of this run's pictures")
Markdown(f"The thesis' Figure 2.2 shows one artwork of each class. {shown}; choose a class to see them.")

# %%
def sheet(number):
    rows = dataset.rows_to_show(np.flatnonzero(dataset.labels == number))[:12]
    return contact_sheet([dataset.picture(row, 320) for row in rows], [dataset.caption(row) for row in rows])


choose("Class", {name: sheet(number) for number, name in enumerate(dataset.classes)})

# %%
known = [pose for pose in POSES if pose.name in dataset.classes]
display(Markdown("\n".join(f"- **{pose.name}**: {pose.definition}" for pose in known)))

# %% [markdown]
# The six poses were not chosen to be easy. Sebastian stands as Antinous does; the dead Christ of a Pieta lies as the
# reclining nude does, and the Virgin who holds him is as draped as a Tanagra. Whoever tells them apart by the pose has to
# look at how figures stand to each other, and at what they carry, not only at whether there is a body. A network may have
# other ways: {doc}`Experiment 1 <06_experiment_1>` shows how far one comes without seeing any figure.
#
# ## Where they are from

# %%
FITS = {"formula": "as Table 2.1 has it", "extended": "a near relative", "by eye": "no title: by eye"}
places = open_places(study)
for name, place in places.items():
    if not place.trains:
        pictures = place.dataset.metadata
        display(Markdown(f"**{escape_markdown(name)}.** {place.about}"))
        if "match" in pictures:
            fits = pd.crosstab(pictures["label"], pictures["match"]).reindex(columns=[*FITS], fill_value=0).rename(columns=FITS)
            display(fits.rename_axis("class", axis=0).rename_axis(None, axis=1).reset_index().style.hide().format(escape="html")
                    .set_caption("How the titles of the artworks fit the words that the thesis searched by"))

# %% [markdown]
# ## How many there are
#
# The thesis set out to find a hundred pictures of each pose by {doc}`its searches <01_collecting>` and did not always succeed.
# It prints how many it trained on; one of its counts is perhaps {doc}`a slip <10_audit>`.

# %%
counts = pd.DataFrame({name: place.dataset.counts() for name, place in places.items()
                       if place.dataset.classes == dataset.classes})
if set(dataset.classes) == set(POSE_NAMES):
    counts.insert(0, "thesis, to train on", thesis_table("class_counts").set_index("label")["training"])
counts.rename_axis("class").reset_index().style.hide().format(escape="html").set_caption("Pictures of each class")

# %%
problems = len(dataset.problems)
Markdown(
    f"In this run{', of drawings,' * study.embedded} the smallest class has {dataset.counts().min()} pictures and the largest {dataset.counts().max()}. "
    f"{escape_markdown(tell_counts(dataset.tally))} "
    + (f"{problems} files needed attention; nothing was left out in silence, and each is named below." if problems
       else "Every file could be read as it was.")
)

# %%
if problems:
    display(dataset.problems.style.hide().format(escape="html"))

# %% [markdown]
# ## What they are made of
#
# A source has poses of its own, and pictures that look alike: of one catalogue, of one size, before one grey. Where one pose comes
# from one source, or one century, or one material, a network may know that and not the pose; {doc}`the discussion
# <12_discussion>` asks what that is worth. *Source* is the museum, or the repository in which a picture was found; *century* is the
# middle of the years that are given; *medium* puts hundreds of ways of saying "oil on canvas" into a few words.

# %%
views = {}
for name, place in places.items():
    described = describe_pictures(place.dataset)
    for facet in FACETS:
        if described[facet].nunique() > 1:
            views[f"{facet}, {name}"] = show(figures.composition(count_groups(described, facet)),
                                             alt=f"The number of pictures of each {facet}, class by class: {name}.")
choose("Counted by", views) if views else Markdown("All pictures are of one source, century, medium and licence.")

# %%
decided = len(active_decisions(read_decisions(dataset.folder)))
Markdown("" if study.embedded else (f"{dataset.publishable.sum()} of this run's pictures may be shown and passed on by their licence, the museum's own word "
          "on each; others can be learned from at home, and are left out of exports and of these pages. "
          if find_rights(dataset.metadata) else "No column tells the licences of this run's pictures. ")
         + (f"{decided} decisions of a person stand behind the selection." if decided else "No person has looked through them."))

# %% [markdown]
# ## Three ways to divide
#
# A network is judged on pictures that it has never seen. So the pictures are divided into a **training** part, from
# which it learns; a **validation** part, which says when to stop and which epoch's weights are kept; and a **test** part,
# which is looked at once, at the end. Since the validation part chose, what a network reaches on it is a little too good.
#
# In Experiment 1 the thesis shuffled its pictures and cut the row at 80 and 90 per cent. With few pictures chance has a
# say in what lands where: a class can be plentiful in training and nearly absent from the test, as the thesis' own
# Figure 2.1 shows. In Experiment 2 it shuffled class by class, 70, 15 and 15 per cent of each, which its Figure 2.3 calls
# even. The third division is ours.

# %%
schemes = {"random (Experiment 1)": "random", "stratified (Experiment 2)": "stratified",
           "grouped (near-duplicates together)": "grouped"}
FIGURES = {"random": " (the thesis' Figure 2.1)", "stratified": " (the thesis' Figure 2.3)"}


def division(scheme):
    try:
        parts = zip(PARTS, split(dataset, scheme, SEEDS[0]), strict=True)
    except DataError as error:  # a class of too few works for this division
        return HTML(f"<p>{escape(str(error))}</p>")
    counts = [pd.DataFrame({"part": part, "label": dataset.classes, "pictures": np.bincount(
        dataset.labels[rows], minlength=len(dataset.classes))}) for part, rows in parts]
    return show(figures.class_distribution(pd.concat(counts)), alt=(
        f"Pictures of each class in each part of the {scheme} division{FIGURES.get(scheme, '')}."))


choose("Division", {title: division(scheme) for title, scheme in schemes.items()})

# %% [markdown]
# ## The same work twice
#
# Prints were made after paintings, casts after bronzes, and museums photograph a famous statue more than once. If one
# of two such pictures is learned from and the other is tested on, the network is asked a question to which it may know
# the answer by heart. A *perceptual hash*, a fingerprint of a picture's broad light and dark, finds pictures that are
# nearly the same, mirrored ones among them, and now and then two that only share their light and dark. The grouped
# division keeps them on one side.

# %%
groups = near_duplicate_groups(dataset)
shared = [np.flatnonzero(groups == group) for group in np.unique(groups) if (groups == group).sum() > 1]
in_groups = sum(len(rows) for rows in shared)
Markdown(
    f"In this data set {in_groups} of {len(dataset)} pictures have a near-duplicate; they form {len(shared)} groups."
    if shared else f"In this data set none of the {len(dataset)} pictures has a near-duplicate."
)

# %%
if shared:
    for group in sorted(shared, key=len, reverse=True)[:6]:
        rows = dataset.rows_to_show(group)[:3]
        display(contact_sheet([dataset.picture(row, 240) for row in rows], [dataset.caption(row) for row in rows], height=120, columns=3))

# %% [markdown]
# The thesis did not look for near-duplicates, and its two divisions do not know of them. The two experiments of this
# report use the thesis' divisions, so that its numbers and ours answer the same question.
#
# ## What such pictures are for, and what not
#
# - **For** asking whether a network can tell these poses apart, and what it looks at when it does.
# - **Not for** counting how often a pose occurs in art. Museums photograph what they own and value, searches find what someone
#   catalogued in a language that was asked, and somebody chose the poses.
# - **Names are not poses.** A search for *Sebastian* finds what is called so: portraits of men of that name, a church, a saint
#   after his martyrdom. What a person has not looked through still holds such pictures.
# - **Nudity and violence** are part of the subject: most figures are nude, and Sebastian is pierced by arrows.
