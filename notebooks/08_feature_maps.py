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
# # Feature maps: what a filter responds to
#
# A trained network is often called a black box, and it is not one: every number inside it can be looked at. Each
# *filter* slides over the picture and answers, at each place, how much the place resembles what it has come to look
# for. Its answers make a picture of their own, the *feature map*. The thesis looked at the last block's maps of one
# Sebastian and saw in them a sfumato background, a torso, a tree trunk and an arrow. Here every filter of all five
# blocks can be scrolled.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all

# %%
from IPython.display import Markdown

from artpose_lib import models
from artpose_lib.backbones import BACKBONES
from artpose_lib.featuremaps import feature_maps, sprite
from artpose_lib.study import open_study
from artpose_lib.viewer import choose, feature_map_reader

study = open_study(data, weights, profile, results, classes)
dataset = study.dataset
Markdown(study.banner())

# %% [markdown]
# ## The network
#
# The thesis took its fine-tuned, augmented VGG16. Where VGG16 has no ImageNet weights here, the first network that has
# them stands in for it.

# %%
found = study.run("finetuned_aug")
record = next(record for record in found.records if record.weights)
backbone, size = record.config["recipe"]["backbone"], record.config["size"]
network = models.build_classifier(backbone, len(dataset.classes), size)
network.load_weights(record.weights)
Markdown(
    f"These are the maps of **{backbone}**, fine-tuned on the augmented pictures at {size} × {size} pixels"
    f" (trial with seed {record.config['seed']}, test accuracy {record.facts['test_accuracy']:.3f})."
    + ("" if backbone == "VGG16" else f" VGG16: {found.missing.get('VGG16', 'not stored')}.")
)

# %% [markdown]
# ## The pictures
#
# One test picture of each class, the one that the network is surest of among those that it names rightly; where it
# names none of a class rightly, the one that it comes nearest to.

# %%
names = dataset.metadata["file_name"]
tested = record.predictions.query("part == 'test'")
tested = tested[tested["file_name"].isin(names[dataset.shown(names.index)])]


def surest(name):
    own = tested[tested["label"] == name].sort_values(f"p_{name}", ascending=False, kind="stable")
    return names.index[names == own["file_name"].iloc[0]][0]


def reader(name):
    row = surest(name)
    picture = dataset.images(size, [row])[0]
    maps = feature_maps(network, picture, BACKBONES[backbone].blocks)
    sprites = {f"block {number}: {layer}": sprite(of) for number, (layer, of) in enumerate(maps.items(), start=1)}
    return feature_map_reader(picture, sprites, f"{name}: {dataset.caption(row)}")


# %% [markdown]
# ## Scroll
#
# Choose a class and a block, then move through its filters with the slider or with the arrow keys; or click a map
# among all of the block. Each map is drawn from its own lowest answer, black, to its own highest, white. The maps of
# the first block are nearly as fine as the picture and follow its edges and colours. Those of the last are a few
# squares wide: each square stands for a large part of the picture, and what is bright there is less an outline than a
# presence.

# %%
choose("Class", {name: reader(name) for name in dataset.classes if name in set(tested["label"])})

# %% [markdown]
# ## How far to trust one's eyes
#
# It is tempting to say of a bright spot on a shoulder that the filter has learned shoulders. One picture cannot show
# that. Another picture, without a shoulder, may make the same filter answer as loudly. What the thesis reads
# in five maps of one picture is a set of hypotheses, and they are good ones; to test them, the filters have to be
# measured over all pictures.
