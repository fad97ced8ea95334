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
# # Models and the one-cycle schedule
#
# The thesis compares three networks that did well in naming everyday photographs: VGG16 {cite}`vgg`, ResNet50
# {cite}`resnet` and Xception {cite}`xception`. This report adds a fourth, EfficientNet-Lite0 {cite}`efficientnet`:
# its ImageNet weights come with a Python package, so that a reader without any download can watch a network use what it
# has learned from photographs. This chapter shows what the networks are made of, which of their parts learn, and how
# fast.

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
from IPython.display import HTML, Markdown

from artpose_lib.data.poses import thesis_table
from artpose_lib.model import classifier
from artpose_lib.model.backbones import BACKBONES, build_backbone
from artpose_lib.report import figures, tables
from artpose_lib.report.plotting import show
from artpose_lib.train.recipes import MODELS, PROFILES, find_recipe, plan_rates
from artpose_lib.train.study import open_study
from artpose_lib.web import choose

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %% [markdown]
# ## From a picture to a probability for each class
#
# Each network sends a picture through five *blocks* of layers. A block works at half the resolution of the one before
# and has as many *filters* or more, so that the picture shrinks while the list of what is known about it grows. The last
# block's answers are averaged over the picture:

# %%
HTML("""<math display="block">
  <msub><mrow><mtext>pool</mtext><mo>(</mo><mi>x</mi><mo>)</mo></mrow><mi>d</mi></msub><mo>=</mo>
  <mfrac><mn>1</mn><mrow><mi>h</mi><mi>w</mi></mrow></mfrac><munder><mo>∑</mo><mrow><mi>i</mi><mo>,</mo><mi>j</mi></mrow></munder>
  <msub><mi>F</mi><mrow><mi>i</mi><mo>,</mo><mi>j</mi><mo>,</mo><mi>d</mi></mrow></msub>
</math>""")

# %% [markdown]
# This leaves one number for each filter *d*, and a last layer of one neuron a class turns these numbers into
# probabilities that sum to one. (The thesis prints the mean as a sum, its Equation 2.2; its name and its scripts say mean.)
# In Keras these are four lines, which *Show the code* opens. What comes before differs from network to network:

# %%
import keras


def build(name):
    base = build_backbone(name)  # the preprocessing that the network expects, then its five blocks
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    probabilities = keras.layers.Dense(len(study.dataset.classes), activation="softmax")(pooled)
    return keras.Model(base.input, probabilities)


def anatomy(name):
    built = build(name)
    maps = [built.get_layer(layer).output.shape for layer in BACKBONES[name].blocks]
    return [f"{built.count_params() / 1e6:.1f}", BACKBONES[name].input_size, *[f"{of[1]} · {of[-1]}" for of in maps]]


columns = ["weights, millions", "input", *[f"block {number}" for number in range(1, 6)]]
table = pd.DataFrame([anatomy(name) for name in BACKBONES], index=list(BACKBONES), columns=columns)
table.T.style.set_caption("The four networks: how many weights each has, the side of its input in pixels, and for each block the "
                          "side of its maps and the number of its filters")

# %% [markdown]
# ## What learns
#
# Four models are made of each network:
#
# - the **baseline** starts from random weights and learns everything from the pictures at hand;
# - the **frozen** model keeps its ImageNet weights, and only the last layer learns;
# - the **fine-tuned** model starts from ImageNet weights, and all layers go on learning;
# - the **fine-tuned, augmented** model is the same on the augmented pictures of Experiment 2.

# %% [markdown]
# ## How fast: one cycle
#
# A network learns in small steps, and the *learning rate* says how small. The thesis changes it in one cycle, after
# Smith {cite}`onecycle`. In **phase I** the rate begins very low and is multiplied after each epoch, until the validation
# accuracy has not risen for a number of epochs, the *patience*. The weights of the best epoch are put back. In **phase
# II** training restarts from there at a set highest rate, which is divided after each epoch, thirty times, and then
# stays. The thesis' tables print that rate; its text would take the rate at which phase I was best. This report follows the
# tables, and {doc}`Experiment 2 <07_experiment_2>` tries both. The optimiser is Adam {cite}`adam`.
#
# The thesis' Figure A.2 sketches this. Here it is computed, for every row of its Tables A.1 and A.2. Phase I is drawn up
# to the rate at which phase II begins; in training it ends when its patience does, often sooner or later than that.

# %%
def schedule(model, chosen):
    alike = {}
    for name in chosen.backbones(model):
        planned = plan_rates(chosen.scale(find_recipe(model, name)))
        alike.setdefault(tuple(planned["learning_rate"]), (planned, []))[1].append(name)
    table = pd.concat([planned.assign(label=", ".join(names)) for planned, names in alike.values()])
    return show(figures.schedule(table), alt=(
        f"Learning rates of the models “{figures.MODEL_TITLES[model].lower()}”, epoch by epoch (the thesis' Figure A.2); "
        "filled: phase I, open: phase II."))


choose("Model", {figures.MODEL_TITLES[model] + where: schedule(model, chosen) for where, chosen in {
    "": PROFILES["thesis"], ", in this run": study.profile}.items() for model in MODELS})

# %% [markdown]
# A short run cannot climb for fifty epochs. The profiles `quick` and `smoke` shorten both phases and steepen the climb,
# so that phase I ends near the rate at which phase II begins.
#
# Tables A.1 and A.2 stand below as the thesis prints them. Its row for the frozen Xception names layers for a second
# phase, but neither a rate nor a number of epochs; a frozen model has no second phase, and here it gets none. Where phase I ends
# by its patience, phase II has the rest of 100 epochs. EfficientNet-Lite0 is not in the thesis and trains by Xception's rows.

# %%
recipes = pd.concat([thesis_table("table_a_1"), thesis_table("table_a_2")]).set_index(["model", "architecture"])
recipes = recipes.apply(lambda told: told.str.replace("100-MAX_EPOCHS", "100 less those").replace("MAX_EPOCHS", "by patience"))
recipes.columns = ["learns in phase I", "in phase II", "optimiser", "first rate", "rate in phase I", "rate in phase II", "rate at which II begins",
                   "epochs of phase I", "of phase II", "patience in I", "in II", "pictures a step"]
HTML("".join(tables.fold(f"The thesis' recipes: {figures.MODEL_TITLES[model].lower()}", own.droplevel("model").rename_axis(None).T.style
                         .format(escape="html").to_html()) for model, own in recipes.groupby(level="model", sort=False)))

# %% [markdown]
# ## A part that deserves care
#
# *Batch normalisation* {cite}`batchnorm` keeps the values inside a network in a steady range,
# and while a network trains it measures that range on the pictures that happen to be looked at together. The thesis'
# scripts left it measuring when the networks were tested. Then what a network says of one picture depends on
# the pictures beside it. In this report a pretrained network uses the ranges that ImageNet left it. A network that
# starts from nothing has no such ranges. Keras takes a slow average over the training steps, and a small collection
# makes too few steps for it: a network that has learned its pictures would then call all of them by one name. So the
# ranges are measured again on the training pictures before each validation {cite}`precisebn`. The cell below asks one
# network about a picture alone and among others, and fails if the answers differ.

# %%
network = classifier.build_classifier("EfficientNet-Lite0", len(study.dataset.classes), 96, "imagenet")
classifier.set_trainable(network, "finetuned", pretrained=True)
pictures = study.pictures(96)[:8]
alone, among = network.predict(pictures[:1], verbose=0)[0], network.predict(pictures, verbose=0)[0]
assert np.allclose(alone, among, atol=1e-5)
learning = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
Markdown(f"Alone or in company, the picture gets the same probabilities. Of {network.count_params():,} weights "
         f"{learning:,} learn when this network is fine-tuned.")

# %% [markdown]
# ## Trials
#
# Every model is trained several times, each time from another division of the pictures and another random start. One
# such training is a *trial*, and every result in this book is a mean over trials. How many there are, and how much a
# profile shortens, is below; a frozen model is cheap, because each picture has to pass through the network only once,
# and so the profile `quick` gives it its full strength.

# %%
fields = ["whole", "trials", "pictures", "input_size", "batch_size", "steps_per_epoch", "time", "frozen_full_strength"]
profiles = pd.DataFrame({name: {field: getattr(of, field) for field in fields} for name, of in PROFILES.items()})
profiles.loc["whole"] = profiles.loc["whole"].map(", ".join)
profiles.index = ["networks, where not frozen", "trials", "drawn pictures", "input, pixels", "pictures a step", "steps an epoch, at most",
                  "share of the thesis' epochs", "frozen models at full strength"]
profiles.iloc[-1] = profiles.iloc[-1].map({True: "yes", False: "no"})
profiles = profiles.astype(object).where(profiles.notna(), "as in the thesis")
HTML(tables.fold("The three profiles", profiles.style.format(precision=2).to_html()))
