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
# # Feature maps
#
# What does a network see in a picture? The thesis looked at five maps of one Sebastian and read in them a background
# painted in sfumato, a torso, a tree and an arrow (its Section 2.4, Figures A.6 and A.7, and its Discussion). Here all
# filters of the networks can be looked at, and since an eye finds in a grey spot what it hopes to find, each is measured.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from html import escape
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display

from artpose_lib.data.text import escape_markdown
from artpose_lib.explain.backgrounds import BOX_CONDITIONS, tabulate_conditions, train_backgrounds, train_boxes
from artpose_lib.explain.explorer import FeatureMapExplorer
from artpose_lib.explain.filters import FEWEST
from artpose_lib.explain.networks import GROUPS, SCRATCH, TUNED, TestedNetworks, dissect_networks, measure_filters
from artpose_lib.explain.parts import DRAWINGS
from artpose_lib.explain.reader import slug, write_reader
from artpose_lib.explain.tour import choose_views
from artpose_lib.report import audit_figures, scores, statistics, verdicts
from artpose_lib.report.plotting import show
from artpose_lib.train.study import open_study

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %% [markdown]
# ## Scroll
#
# Follow the views of the tour, or choose a picture, a network and a block, and move through its filters: with the
# slider, with the arrow keys, by number, or by a click among all of the block. Where a filter answers, the picture turns
# turquoise. A click on the picture enlarges it. *Keep this view* leaves a copy beside whatever is chosen next, so that two
# filters, two pictures or two networks can be compared.

# %%
augmented = study.train("finetuned_aug")
baselines = study.train("baseline", backbones=list(augmented.missing)).records if augmented.missing else []
finished = [record for record in augmented.records + baselines if record.weights and not len(scores.find_diverged(record.predictions))]
networks = TestedNetworks(finished, study.dataset, study.weights_dir, study.profile)
models = measure_filters(networks, study.results, ablate_all=study.profile.time == 1)
dissected = dissect_networks(models, min(DRAWINGS, study.profile.pictures // 4))

# %%
meanings = {
    "Strength": "The filter's highest answer in a picture, as a mean over all pictures. A filter that is heard in fewer than "
                f"{FEWEST} pictures is not measured further: what it seems to prefer would be luck.",
    "Selectivity": "How well that highest answer tells a class from all others: the share of pairs, one picture of the class and one of "
                   "another, in which the first has the higher answer (AUC). 0.5 is luck, 1 is never wrong. A class with few pictures is "
                   "easily told apart by luck, so the favourite is the class for which luck explains the AUC least. p is how often "
                   "dealing out the labels anew makes some filter of the network's five blocks stand out as much as this one.",
    "Inside the figure": "How much of its energy (the squares of its answers) lies inside the boxes around the figures. Spread evenly it "
                         "would be the boxes' share of the picture, which stands beside it. Figures stand in the middle of most pictures: "
                         "what a filter does in the middle it does in the boxes of other pictures as well, so these, made as large, "
                         "are laid over the same maps. Not said of filters that are silent in more than half of the pictures with "
                         "boxes.",
    "Importance": "By how much a class' score, before it becomes a probability, falls when the filter is switched off, in the picture of "
                  "the class that the network is surest of. The one number is the mean of these falls and rises, all taken as positive.",
    "Like before training": "The correlation of the filter's maps before and after the network learned from these pictures "
                            "(fine-tuning, where ImageNet had taught it before): 1 where nothing changed.",
}
sentences = {
    "a pose": "Filter {number} of block {block} answers most to {best_class}: of a picture of it and one of another class, it has the "
              "higher answer in the first in {selectivity:.0%} of the pairs{luck} (p {p:.3f}).",
    "an edge": "Filter {number} of block {block} draws outlines: its maps correlate by {correlation:.2f} with how sharply lightness changes.",
    "a texture": "Filter {number} of block {block} follows texture: its maps correlate by {correlation:.2f} with how much lightness varies within each place.",
    "a part": "Filter {number} of block {block} answers {density:.1f} times as densely on one part of drawn Sebastians as evenly spread, on the {part}; "
              "what never learned comes to {unlearned:.1f}.",
    "the background": "Filter {number} of block {block} answers beside the figure: {inside:.0%} of its energy lies inside the boxes, where other "
                      "pictures' boxes hold {inside_others:.0%}.",
}
reader = write_reader(Path("../book/_static/maps"), models, networks.pictures, networks.tested, meanings)
guide = max(zip(models, networks.records, strict=True), key=lambda pair: (TUNED in pair[0].networks, pair[1].facts["test_accuracy"]))[0]
tour = [(view.name, view.address, sentences[view.name].format(
    number=view.filter + 1, block=guide.layers.index(view.layer) + 1, luck="" if view.facts.get("p", 0) <= 0.05 else
    ": no more than some filter does by luck", **view.facts)) for view in choose_views(reader, guide, networks.pictures, dissected)]
reader.tell(tour)

# %% tags=["full-width"]
reader

# %% [markdown]
# Below the maps stand the filter's numbers, the test pictures in which it answers loudest, cut to what it can see, and a
# table of all filters of the block. One picture cannot show what a filter has learned: another, without a shoulder, may make the
# filter of the bright shoulder answer as loudly. In a notebook with a kernel, the next cell opens an explorer for a picture
# of your own and for every layer, and shows which places of a picture speak for a class (Grad-CAM). It takes the addresses of
# this page's links, such as `#vgg16/5/120/sebastian`.

# %% tags=["remove-output"]
FeatureMapExplorer(models, networks.pictures, study.dataset.classes)

# %% [markdown]
# ## What the thesis says, and what can be measured
#
# **Single figures are mistaken for groups.** So the Discussion begins.

# %%
answers = scores.drop_trials(augmented.predictions, scores.find_diverged(augmented.predictions))
doubts = {name: doubt for name, own in augmented.predictions.groupby("backbone")
          if (doubt := statistics.find_doubt(own, study.profile))}
kept = ~answers["backbone"].isin(doubts)  # where nothing follows from any network, all of them are told
answers = answers[kept | ~kept.any()]
single, several = ([name for name in study.dataset.classes if (name in GROUPS) == group] for group in (False, True))
wrong, share, low, high, luck = verdicts.measure_mistakes(answers, single, several, study.dataset.counts())
verdict = {verdicts.HOLDS: "The interval lies above: in this run they are indeed drawn to groups.",
           verdicts.FAILS: "The interval lies below: in this run they are rather taken for other single figures.",
           verdicts.UNSETTLED: "The interval holds both: this run does not settle it."}
Markdown(f"{wrong} pictures of single figures were named wrongly, and {share:.0%} of their wrong names are those of a group. "
         "A picture counts once, however often it was tested. If wrong names fell on the other classes by their sizes, it "
         f"would be {luck:.0%}; the 95 % interval is {low:.0%} to {high:.0%}. "
         + (verdict[verdicts.judge_interval(low, high, luck)] if kept.any() else "Nothing follows from that: "
            + "; ".join(f"{name} {doubt}" for name, doubt in doubts.items()) + ".") if wrong and several else
         "No picture of a single figure was named wrongly." if several else "No class of these pictures is a pose of several.")

# %%
if networks.mistaken and models[0].tables[models[0].layers[-1]][f"importance_{networks.mistaken_for}"].notna().any():
    first, called = models[0], networks.mistaken_for
    speaks = first.tables[first.layers[-1]][f"importance_{called}"]
    heard = np.isfinite(reader.answers[first.key, slug(next(iter(first.networks))), first.layers[-1]][-1])
    spoke = speaks.where(heard).fillna(-np.inf).idxmax()
    address = reader.link(first.key, first.layers[-1], spoke, networks.mistaken.key)
    display(HTML(f"<p>The surest such mistake of {escape(first.title)} is the last of the pictures in the reader: "
                 f"{escape(networks.mistaken.caption)}, taken for {escape(called)}. <a href='{address}'>Filter {spoke + 1}</a> "
                 f"of the last block is the one that speaks loudest for {escape(called)}: see what it finds there.</p>"))

# %% [markdown]
# **Some filters hold the background, others the figure.** If a filter of the last block answered to the figure, its energy
# would lie inside the box around it; if it answered to what is behind, outside. But figures stand in the middle of most
# pictures, and a filter that answers in the middle, whatever is there, lies inside as well. So the boxes of the other
# pictures, made as large, are laid over the same maps: what a filter has inside its own picture's boxes beyond that, it has
# because of where this figure stands. Here are the two ends of the last block by that difference, among the filters that
# answer in at least half of the pictures. Of hundreds of filters some stand at the ends by luck, so look before you believe:

# %%
def line(model, row, what):
    address = reader.link(model.key, model.layers[-1], row.name)
    return (f"<li>{escape(model.title)}, <a href='{address}'>filter {row.name + 1}</a>, {what}: {row['inside']:.0%} of its "
            f"energy is inside the boxes, which are {row['box_share']:.0%} of the pictures, and {row['inside_others']:.0%} in other "
            f"pictures' boxes of that size; its class, if any, is {escape(str(row['best_class']))} ({row['selectivity']:.2f}, p "
            f"{row['p']:.3f})</li>")


lines = []
for model in models:
    table = model.tables[model.layers[-1]].dropna(subset=["inside", "inside_others"])
    if len(table):
        beyond = table["inside"] - table["inside_others"]
        lines += [line(model, table.loc[beyond.idxmin()], "most outside"), line(model, table.loc[beyond.idxmax()], "most inside")]
HTML(f"<ul>{''.join(lines)}</ul>" if lines else "<p>Too few of these pictures have boxes, so this cannot be measured here.</p>")

# %%
shares = pd.DataFrame([
    {"network": model.title, "block": number, "filters": len(table), "selective (p below 0.05)": (table["p"] < 0.05).mean(),
     "energy inside": table["inside"].mean(), "in others' boxes": table["inside_others"].mean(),
     "boxes' share": table["box_share"].mean(),
     "unmoved by training": table["correlation_before_after"].mean()}
    for model in models for number, table in enumerate(model.tables.values(), start=1)])
shares.style.hide().format(dict.fromkeys(shares.columns[3:7], "{:.0%}") | {"unmoved by training": "{:.2f}"}, na_rep="not known",
                           escape="html").set_caption("The blocks of each network")

# %% [markdown]
# Luck alone makes some filter among hundreds look selective. *Selective* counts only those that are more so than the luckiest
# filter of all five blocks in 95 of 100 shuffles of the labels. That asks much: where a class has a handful of test pictures,
# even a filter that never errs for it may be no rarer than luck. What is counted is selective; what is not counted may be.

# %%
limits = []
for model in models:
    filters, pictures = sum(len(table) for table in model.tables.values()), len(model.tested)
    fewest = next((m for m in range(1, pictures) if filters / comb(pictures, m) <= 0.05), None)
    limits.append(f"{filters:,} filters of {escape_markdown(model.title)} on {pictures} pictures: " + (
        f"{fewest} pictures" if fewest else "no class is large enough"))
Markdown("Luck alone lets some of so many filters tell a small class from all the rest without an error. The smallest class for which "
         f"that happens in at most one of 20 shuffles, so that its filter can be found at all: {'; '.join(limits)}.")

# %% [markdown]
# **One filter holds the torso, one the tree, one the arrow, and two the background and its sfumato.** The thesis read this in
# five maps of one picture. Whether a filter holds a part can be asked of many pictures in which the part is known. So every
# filter of every network was shown drawn Sebastians that it had not learned from. For each part, the filter that answers
# most densely on it was chosen on half of the drawings and measured on the other half: of thousands of filters, the best on
# any one picture is best by luck. An answer that is spread evenly over the picture has a density of 1. To hold a part, a
# filter must also do better than what has never learned: how light, how dark or how sharply bounded a place is, and the best
# filter of a network with random weights, which has as many filters to choose from.

# %%
show(audit_figures.densities(dissected),
             "How densely the best filter of each network answers on torso, tree, arrows and background of drawn Sebastians.")


# %%
keys = [picture.key for picture in networks.pictures]
sebastian = "sebastian" if "sebastian" in keys else keys[0]


def found_on(part, row):
    address = reader.link(row["model"], row["layer"], row["filter"], sebastian, row["network"])
    what = f"<a href='{address}'>{escape(row['what'])}</a>" if address else escape(row["what"])
    return (f"<li>{part}: {what} answers {row['density']:.1f} times as densely on it "
            f"({row['low']:.1f} to {row['high']:.1f}; what never learned, up to {row['unlearned']:.1f}). "
            f"{'This filter holds it.' if row['low'] > row['unlearned'] else 'It may hold no more than what never learned.'}</li>")


measured = dissected[dissected["network"].isin([TUNED, SCRATCH])].dropna(subset=["low", "unlearned"])
trained = measured.sort_values("chosen_density").groupby("part", sort=False).tail(1)
HTML(f"<ul>{''.join(found_on(row['part'], row) for _, row in trained.iloc[::-1].iterrows())}</ul>")

# %% [markdown]
# The network of each part is chosen like its filter, on the first half of the drawings. Each network stands beside itself as
# it was before training, and beside random weights. Where what photographs taught does as well, the filter was there before
# any artwork was seen; where random weights do, even photographs were not needed. Sfumato, the soft shading that
# Leonardo named after smoke, no drawing here has; *background* is all that is neither figure nor anything that the figure
# carries, leans on or is bound to.
#
# **The model learns both the pose and the background.** Drawings cannot show what the thesis' networks did. They can show
# whether a network is able to, for there backgrounds are known and can be changed. Networks are trained on drawings whose background goes with the class never, half of the time, or
# always, and then asked about the same pictures whole, without their background, without their figure, and with
# another's background. A network that knows the pose alone would not care.

# %%
found = tabulate_conditions(train_backgrounds(study))
surroundings, chance = statistics.accuracies_by_condition(found), found["label"].value_counts(normalize=True).max()
show(audit_figures.conditions(surroundings, chance), "The accuracy of networks in each condition, and of luck.")

# %% [markdown]
# *Figure only* shows the figure on plain grey, without what it carries or leans on; *background only* the scene painted
# empty; *figure removed* the scene with its tree, arrows or couch but without the body; *background swapped* everything
# before another class' background. Unless the profile is `thesis`, these networks are frozen ones with a trained head.

# %%
never, always = (found[found["strength"] == strength] for strength in (found["strength"].min(), found["strength"].max()))
doubt = next(filter(None, (statistics.find_doubt(own, study.profile) for own in (never, always))), "")
cost = statistics.difference(never, always, part="background swapped", second_part="background swapped")
called = surroundings[surroundings["condition"] == "background swapped"]["called_by_background"]
Markdown(f"Before a foreign background, networks name {cost.first:.0%} of the drawings rightly where the background never told the "
         f"class, and {cost.second:.0%} where it always did: a difference of {cost.difference:+.2f} (95 % interval {cost.low:+.2f} "
         f"to {cost.high:+.2f}). They name the background's class in {called.iloc[0]:.0%} and {called.iloc[-1]:.0%} of the cases. "
         + (f"Nothing follows, since the network {doubt}." if doubt else
            "So a network can come to rely on a background that always goes with the pose. Whether the thesis' networks "
            "did only its own pictures could tell." if cost.high < 0 else
            "The interval lies above zero: these networks did not come to rely on the background." if cost.low > 0 else
            "The interval reaches to zero: not even on these drawings is it settled that a network relies on the background."))

# %%
removed = never[never["condition"] == "figure removed"]
poses = removed["label"].unique()
rates = [[(removed["predicted"][(removed["label"] == pose) == own] == pose).mean() for pose in poses] for own in (True, False)]
table = pd.DataFrame({"pose": poses, "its own scenes": rates[0], "other poses' scenes": rates[1]})
table.style.hide().format("{:.0%}", table.columns[1:], escape="html").set_caption(
    "How often each pose is named where the body is gone, and the background never told the class")

# %% [markdown]
# What is left when the body is gone is worth a look: couches, trees and arrows in a scene that tells nothing. A pose that is
# named much more often in its own scenes than in others' is known by them. The thesis' remarks on the tree and the arrow
# point there: what belongs to a pose need not be part of the body.

# %% [markdown]
# ## Boxes
#
# The thesis drew a box around each figure (its Figure A.8) and proposed to learn from what is inside. The reader above shows
# them over the picture. What a network that has learned from whole pictures makes of the inside and of the outside alone
# stands below. A grey patch costs something wherever it lies. So each picture is also shown with another picture's box
# greyed: one of nearly the same area, and of these the one that covers its own box least. Only what the own box costs
# beyond that is the figure's. All this is worth as much as the boxes: those that a detector found have to be looked at
# first, over the pictures.

# %%
boxed = tabulate_conditions(train_boxes(study))
if len(boxed):
    display(statistics.accuracies_by_condition(boxed)[["condition", "accuracy", "low", "high", "pictures"]].style.hide().format(
        dict.fromkeys(["accuracy", "low", "high"], "{:.2f}"), escape="html"))
    hidden = boxed.loc[boxed["condition"] == BOX_CONDITIONS[2], "hidden"].mean()
    display(Markdown(" ".join(f"Greying the figure's own box costs {row.difference:+.2f} of the accuracy beyond greying another's (95 % "
                              f"interval {row.low:+.2f} to {row.high:+.2f}): {row.verdict}."
                              for row in statistics.compare_boxes(boxed, study.profile).itertuples())
                     + f" The other's box hides {hidden:.0%} of a picture's own box; the larger figures are, the less the two can differ."))
else:
    display(Markdown("No test picture of this run has a box."))

# %% [markdown]
# ## The networks
#
# These are the networks of Experiment 2, fine-tuned on augmented pictures. Each stands beside itself as it was before it
# saw any art, with what photographs had taught it. The thesis took its VGG16. In the profile `thesis` a network that has no
# ImageNet weights here is shown as the baseline of Experiment 1 instead: trained from scratch, beside the random weights that it
# began with. A short profile trains on smaller pictures. But filters pass over a picture of any size, so they are shown
# pictures as large as the network was made for, on which the maps of the last block are finer.

# %%
untuned = [model.title for model, record in zip(models, networks.records, strict=True) if record.layers == "frozen"]
Markdown(f"In {', '.join(untuned)} only the last layer has learned: the weights that were kept are those of a phase in which all "
         "others stood still. Whatever the network is called, its maps are the same before and after training." if untuned else
         "In each of these networks all layers have learned.")

# %%
pd.DataFrame([{"network": model.title, "trained": next(iter(model.networks)), "learned at, pixels": record.config["size"], "shown at": model.input_size, "seed": record.config["seed"],
               "test accuracy": record.facts["test_accuracy"],
               "filters in its five blocks": sum(map(len, model.tables.values()))}
              for model, record in zip(models, networks.records, strict=True)]
             ).style.hide().format({"test accuracy": "{:.3f}"}, escape="html")
