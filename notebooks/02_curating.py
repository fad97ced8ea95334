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
# # Curating
#
# A search brings in more than was meant: the same print from three museums, a painting with its gilt frame, the colour
# chart that a photographer laid beside a statue, a page of text, and a portrait of a gentleman whose name was
# Sebastian. The thesis' author went through all of hers by eye. This chapter keeps the eye and gives it some help: the
# computer says what it would look at first, a person decides, and each decision is kept with a name, a date and a
# reason.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from IPython.display import Markdown

from artpose_lib.curate.board import CurationBoard
from artpose_lib.curate.findings import extract_lite_features, inspect_pictures
from artpose_lib.data.decisions import active_decisions, read_decisions
from artpose_lib.train.study import open_study

study = open_study(data, weights, profile, results, classes, cluster)
folder = study.dataset.folder
Markdown(study.banner())

# %% [markdown]
# ## What the computer would look at
#
# - **Unreadable**: files that are no pictures, or only half of one.
# - **Duplicates**, exact and near: the same picture again, mirrored, toned, cropped, with a border. A perceptual hash, a
#   fingerprint of broad light and dark, finds many. Some that it misses a network trained on photographs can find: two
#   pictures that call up nearly the same features are likely to be nearly the same picture.
# - **Two poses**: one picture, or one work, that came in under two names. A Pieta may well be found by a search for a
#   reclining figure; somebody has to say which it is.
# - **Colour charts, frames, text pages**: what photographers and scanners leave in the picture.
# - **Suspicious labels**: a simple classifier learns the poses from four fifths of the collection and is asked about the
#   rest, in turn, until every picture has been judged by others alone. Where it is sure of another pose than the one on
#   the label, the picture is worth a second look {cite}`confidentlearning`.
#
# None of this is a verdict. A frame may belong to the work, and a classifier that knows little art may be surest where it
# is wrong. Nothing is dropped by itself.

# %%
found = inspect_pictures(folder, extract_lite_features)
near = found[found["kind"] == "near duplicate"].groupby("file_name")["score"].max()
drawn = "**These pictures were drawn by a program**, so that there is little to curate; on art a search brings in far more. "
what = ((f"In this collection {found['file_name'].nunique()} pictures have something to look at." if len(found) else
         "In this collection there is nothing to look at: every picture can be read, none stands there twice, and no label "
         "seems out of place.")
        + (f" {len(near)} have a near-duplicate: {(near == 1).sum()} by the hash, {(near < 1).sum()} more by the network alone. "
           "<a href='03_data.html#the-same-work-twice'>The next chapter</a> keeps together in its grouped division what the hash finds, and not what the network "
           "alone finds: no network should have a say in which pictures networks are tested on." if len(near) else ""))
Markdown(drawn * study.embedded + what)

# %% [markdown]
# ## The board
#
# Run in a notebook, the next cell is a board to work on: keep, drop, give another pose, draw a box around the figure, with
# the mouse or from the keyboard, and take back what was a mistake. Without a notebook, `artpose curate DIR` opens the same
# board in a browser. In this book it stands still, and shows how far the work is.

# %%
board = CurationBoard(folder, found=found, open_only=bool(study.dataset.publishable.any()))
board

# %% [markdown]
# ## What was decided
#
# Decisions are lines in a small table, `decisions.csv`, beside the pictures: when, who, which picture, what, and why. The
# pictures themselves and the museums' table stay as they came. So two people can compare what they decided line by line,
# a decision can be taken back years later, and when the collection is made anew, the same decisions apply to it: a picture
# is known by its museum and its number there.

# %%
decided = active_decisions(read_decisions(folder))
before = len(board.cards.places) - (found["kind"] == "unreadable").sum()
Markdown(f"{len(decided)} decisions stand. They leave {len(study.dataset)} of {before} pictures to learn from."
         if decided else "No decision was made on this collection: it is learned from as it came.")

# %% [markdown]
# The thesis drew a box around each figure (its Figure A.8), in the hope that a network which sees only what is inside
# would learn the pose and not the landscape. The board draws such boxes too; they stand in the table's column `boxes`, and
# the chapter on {doc}`feature maps <09_feature_maps>` puts them to use.
