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
# # Augmentation
#
# A hundred pictures of a pose are few. Experiment 2 of the thesis makes more of them, in two steps and on the training
# part alone: first it evens the classes out with SMOTE {cite}`smote`, then it varies every picture a little with imgaug
# {cite}`imgaug`. This chapter shows what both do to a pose, for better and for worse.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
import numpy as np
import pandas as pd
from IPython.display import Markdown

from artpose_lib.data.splits import split
from artpose_lib.model.backbones import BACKBONES, preprocess
from artpose_lib.report import figures
from artpose_lib.report.plotting import show
from artpose_lib.train.augment import STRENGTHS, balance, expand
from artpose_lib.train.study import open_study
from artpose_lib.web import choose, contact_sheet

study = open_study(data, weights, profile, results, classes, cluster)
dataset = study.dataset
Markdown("**The pictures of this chapter were drawn by a program.** Both steps treat an artwork in the same way.\n\n" * study.embedded
         + study.banner())

# %% [markdown]
# ## What a network is given
#
# A network takes a picture as three tables of numbers, one each for red, green and blue. The networks of the thesis were
# trained on photographs whose numbers had been shifted and ordered in a certain way, and a new picture must be treated
# alike. The thesis calls it *caffe mode*: the colours change places and the average photograph is subtracted. Seen as a
# picture again, that looks as in the thesis' Figure A.1. Xception and EfficientNet-Lite0 are given other ranges of numbers, which
# no eye tells from the picture.

# %%
seed = 40
size = 224
train = split(dataset, "stratified", seed).train
shown = dataset.rows_to_show(train) if len(dataset.rows_to_show(train)) else dataset.rows_to_show(range(len(dataset)))
example = shown[0]
picture = dataset.images(size, [example])


def as_picture(values):
    return np.uint8(255 * (values - values.min()) / np.ptp(values))


received = {}
for name, backbone in BACKBONES.items():
    received.setdefault(backbone.preprocessing == "caffe", []).append(name)  # the other two look alike
contact_sheet([picture[0], *[as_picture(preprocess(names[0], picture)[0]) for names in received.values()]],
              [dataset.caption(example), *[f"as {' and '.join(names)} receive it" for names in received.values()]], height=200, columns=3)

# %% [markdown]
# In every model of this report this step is the network's own first layer. A picture can then be given to it as it is,
# and there is no second copy of the data that could have been treated twice.
#
# ## SMOTE: even classes
#
# SMOTE takes a picture of a small class, finds the five pictures of the class that are most like it, pixel by pixel,
# picks one of them and mixes the two. The new picture has the label of both. It does so until every class is as large
# as the largest.

# %%
images, labels = dataset.images(size, shown), dataset.labels[shown]
mixed, mixed_labels = (of[len(images):] for of in balance(images, labels, seed))
first = [np.flatnonzero(mixed_labels == number)[0] for number in np.unique(mixed_labels)]
contact_sheet([mixed[row] for row in first], [f"{dataset.classes[mixed_labels[row]]}, mixed by SMOTE" for row in first], height=200)

# %%
balanced, balanced_labels = balance(dataset.images(28, train), dataset.labels[train], seed)  # small ones will do to count
Markdown(
    f"Here the training part had {len(train)} pictures, and SMOTE added {len(balanced) - len(train)}. "
    + f"Of its pictures {len(shown)} may be shown, and all that is shown here is made of these. " * (len(shown) < len(train))
    + ("The mixtures are what the thesis' Figure A.3 shows: two figures that shine through each other, with limbs to spare. Look "
       "whether the pose is still there. Where the two stood apart, the outline, which an art historian would look for first, is there "
       "twice; where they happened to stand alike, the mixture is nearly a picture of its own."
       if len(mixed) else "The classes of this training part are even already, so there was nothing to add."
       if len(balanced) == len(train) else "")
)

# %% [markdown]
# ## imgaug: small variations
#
# The second step leaves bodies whole. A picture may be mirrored (prints often are), sharpened, given more or less
# contrast, or cropped by a tenth on each side. It is never turned upside down: no Sebastian hangs by his feet.
# The thesis varies what it gives to VGG16 and ResNet50 more strongly than what it gives to Xception. Each picture stands
# before two variations of it.

# %%
one_each = [np.flatnonzero(labels == number)[0] for number in np.unique(labels)]


def varied(backbone):
    twice = np.repeat(images[one_each], 2, axis=0)  # of two copies of a picture one is drawn and varied in each round
    copies, *rounds = np.split(expand(twice, np.repeat(range(len(one_each)), 2), backbone, seed)[0], [len(twice), len(twice) + len(one_each)])
    rows = [picture for group in zip(copies[::2], *rounds, strict=True) for picture in group]
    return contact_sheet(rows, [dataset.classes[labels[row]] + what for row in one_each for what in ("", ", varied once", ", varied again")],
                         columns=3)


choose("As given to", {backbone: varied(backbone) for backbone in STRENGTHS})

# %% [markdown]
# ## What becomes of the numbers
#
# imgaug works in two rounds. Each draws 60 per cent of a class, varies what it drew and adds it; the second draws from
# the first's additions too.

# %%
enlarged_labels = expand(balanced, balanced_labels, "Xception", seed)[1]
stages = {"training part": dataset.labels[train], "after SMOTE": balanced_labels, "after imgaug": enlarged_labels}
counts = pd.concat([
    pd.DataFrame({"part": stage, "label": dataset.classes, "pictures": np.bincount(of, minlength=len(dataset.classes))})
    for stage, of in stages.items()
])
show(figures.class_distribution(counts), alt="Pictures of each class in the training part, after SMOTE and after imgaug.")

# %%
a_class = 127  # the largest class of the thesis' training part (Section 2.2.6)
few = np.zeros((a_class, 8, 8, 3), np.uint8)
thesis_class = len(expand(few, np.zeros(a_class, int), "Xception", seed)[0])
Markdown(
    f"The training part grows from {len(train)} pictures to {len(enlarged_labels)}. With the thesis' numbers the same "
    f"code makes {thesis_class} pictures of a class of {a_class}, which is what the thesis reports. Where its text weighs the "
    "other order, imgaug makes 248 of them: its two counts are not of one rule."
)

# %% [markdown]
# The order matters for the counts. Had imgaug come first, SMOTE would have had more to add, and more of the training part
# would be mixtures. The thesis chose the order that makes fewer of them, and so does this report. Whether fewer are better,
# neither has measured.
#
# Validation and test pictures are never augmented: a score on invented pictures would say little about real ones.
