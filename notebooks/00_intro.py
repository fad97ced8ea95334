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
# # Can a network learn a pose?

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
from IPython.display import Markdown, display

from artpose_lib.draw.artwork import SAMPLES, Artwork
from artpose_lib.explain.backgrounds import tabulate_conditions, train_boxes
from artpose_lib.report import audit, figures, plotting, probes, scores, statistics, tables, visualised
from artpose_lib.report.experiment import Experiment
from artpose_lib.report.reference import open_places
from artpose_lib.train.recipes import MODELS
from artpose_lib.train.study import open_study
from artpose_lib.web import contact_sheet

SIMPLE = ["file", "commonest"]  # what sees nothing of a picture

study = open_study(data, weights, profile, results, classes, cluster)
thesis = scores.thesis_accuracies()
editions = [Experiment(name, place, MODELS, place.find(*MODELS)) for name, place in open_places(study, poses=True).items() if not place.trains]
art = editions[0].study if editions else None
if art:
    simple = editions[0].simple_models
    found = pd.concat([editions[0].trials.predictions, simple[simple["model"].isin(["probe", *SIMPLE])]])
    networks = {key: statistics.keep_trials(own) for key, own in found.groupby(["model", "backbone"], sort=False)}
    doubts = {key: statistics.find_doubt(own, art.profile) for key, own in networks.items()}
    table = scores.summary(pd.concat(networks.values()))
    table["doubt"] = [doubts[key] for key in zip(table["model"], table["backbone"], strict=True)]


def tell(model):
    """The accuracy of a model with each network that learned, the lowest first, or that there is none."""
    told = []
    for row in table[(table["model"] == model) & (table["doubt"] == "")].sort_values("accuracy").itertuples():
        told += [f"{row.backbone} {tables.tell_percent(row.accuracy, row.accuracy_low, row.accuracy_high)}"]
    return ", ".join(told) or "no network that learned"


def tell_file():
    """What the size of a file says, where it surely says something."""
    row = table[table["model"] == "file"].iloc[0]
    if row.doubt:
        return ""
    return (" But not all of that need be the pose: the size and shape of the picture's file, with nothing seen of the picture, give "
            f"{tables.tell_percent(row.accuracy, row.accuracy_low, row.accuracy_high)}.")


answer = "**No measurements on the six poses in art come with these pages: what follows tells how to read the book.**"
if art:
    answer = (
        f"**{'Yes, in part' if '%' in tell('finetuned') else 'Not settled'}: networks that learned from photographs and then from art "
        f"name the pose of an artwork that they have not seen rightly so often: {tell('finetuned')}, of {len(art.dataset)} artworks; the "
        f"best network of the thesis behind this report, on other pictures, {thesis.max().max():.0%}.{tell_file()}** In brackets, "
        "here and below, are 95% intervals.")
Markdown(answer)

# %%
if art:
    beside = scores.against_thesis(table[~table["model"].isin(SIMPLE)])
    beside = beside.merge(table[["model", "backbone", "doubt"]], "left").fillna({"doubt": ""})
    figure = figures.comparison({f"{len(art.dataset)} artworks": beside}, "accuracy", scores.per_trial(pd.concat(networks.values())))
    figure.update_layout(margin_t=30)
    for row in table[table["model"].isin(SIMPLE)].itertuples():
        figure.add_vline(row.accuracy, line=plotting.DOTTED, annotation_text=figures.MODEL_TITLES[row.model].lower(),
                         annotation_position="top")
    told = ("What each network names rightly, trained as long as the thesis trained. Filled marks: this project, means with 95% "
            "intervals. Open diamonds: the thesis. Pale marks: networks that did not learn, or learned in their last layer alone though "
            "they are called fine-tuned; nothing follows from them. *Baselines* start from nothing; *frozen* models learn their last "
            "layer alone; the *linear probe* fits that layer better.")
    if helped := (art.dataset.metadata.get("found", pd.Series()) == "second").sum():
        told += (f" EfficientNet-Lite0's numbers are a little too good: {helped} of the pictures come from a search in which its "
                 "features helped to choose.")
    display(plotting.show(figure, alt="Test accuracy of each network from nothing, frozen, fine-tuned, augmented, and of a linear probe."))
    display(Markdown(told))

# %% [markdown]
# ## The six poses
#
# Drawn by a program: the {doc}`pictures of art <03_data>` that were measured stay with their owners.

# %%
SAID = {"Antinous": "a nude man, his weight on one leg", "Graces": "three nude women, interlaced",
        "Pieta": "the Virgin, the dead Christ on her lap", "Reclining": "a nude woman, lying",
        "Sebastian": "stands as Antinous does, bound and shot with arrows", "Tanagra": "a small draped woman of clay"}
contact_sheet([Artwork(pose, np.random.default_rng(seed)).paint() for pose, seed in SAMPLES.items()],
              [f"{pose}: {words}" for pose, words in SAID.items()], height=170)

# %% [markdown]
# ## Three findings
#
# **What photographs give** ({doc}`Experiment 1 <06_experiment_1>`, {doc}`Experiment 2 <07_experiment_2>`).

# %%
def compare(before, after):
    told, silent = [], []
    for row in editions[0].compare(before, after).itertuples():
        if row.verdict.startswith("nothing follows"):
            silent += [f"nothing follows with {row.Index}"]
        else:
            told += [f"{row.Index} {row.verdict}, {tables.tell_points(row.difference, row.low, row.high)}"]
    return "; ".join(told + silent) or "no network has both"


if art:
    told = [f"- The last layer alone trained on art, all others as photographs left them: {tell('frozen')}.",
            f"- A better last layer on the same features, a linear probe: {tell('probe')}.",
            f"- All layers tuned on art, beside the last one alone: {compare('frozen', 'finetuned')}.",
            f"- Augmented pictures beside the pictures as they are: {compare('finetuned', 'finetuned_aug')}."]
    if lost := [backbone for (model, backbone), doubt in doubts.items() if model == "baseline" and doubt]:
        told += [f"- Without photographs: so few pictures taught {', '.join(lost)} too little to set it beside these."]
    display(Markdown("\n".join(told)))

# %% [markdown]
# **What the audit found** ({doc}`the audit <10_audit>`).

# %%
slips = audit.compare(art, ["A1"]).dropna(subset="difference") if art else pd.DataFrame(columns=["backbone"])
for slip in slips.sort_values("backbone", key=lambda names: names != "Xception", kind="stable").head(1).itertuples():
    display(Markdown(
        f"The thesis' oddest number is that of its frozen Xception, {thesis.loc['Xception', 'frozen']:.0%}, from which it concludes "
        f"that this network does not learn. Here a {slip.model} {slip.backbone} reaches {slip.text:.0%}. The published script deals the "
        f"labels out anew in each trial and leaves the pictures where they are: from the second trial on no label belongs to its picture. "
        f"Run so, the network reaches {slip.script:.0%}, a difference of "
        f"{tables.tell_points(slip.difference, slip.low, slip.high)}."))

# %% [markdown]
# **What a network looks at** ({doc}`feature maps <09_feature_maps>`, {doc}`discussion <12_discussion>`).

# %%
def tell_boxes():
    told = []
    # The reference edition's: nothing is trained.
    for row in statistics.compare_boxes(tabulate_conditions(train_boxes(art)), art.profile).itertuples():
        cost = tables.tell_points(row.difference, row.low, row.high, ".0f")
        told += [f"- At the figure? A {row.model} {row.backbone} names {row.whole:.0%} of the pictures whose figures have checked "
                 f"boxes; {row.second:.0%} with as much of something else painted grey, {row.first:.0%} with the figure "
                 f"painted grey, a cost of {cost}: {row.verdict}."]
    return told


def tell_collections():
    told = []
    for row in probes.compare_sources(art.read("sources")).query("source == 'all'").sort_values("difference").itertuples():
        unsettled = ", not settled" if row.low <= 0 <= row.high else ""
        told += [f"{row.backbone} {row.left_out:.0%} and {row.at_random:.0%}, "
                 f"{tables.tell_points(row.difference, row.low, row.high)}{unsettled}"]
    if not told:
        return []
    return ["- At the collection? Museums photograph their own pieces in their own way. A linear probe is right so often about a collection "
            f"that it has not learned from, and beside it where all are known: {'; '.join(told)}."]


if art:
    told = [*tell_boxes(), *tell_collections(), "- What each single filter of a network answers to can be scrolled through, and is measured."]
    display(Markdown("\n".join(told)))

# %%
drawn = visualised.read_edition(art.dataset.folder).query("learned_from == 'art' and network == 'VGG16'") if art else []
if len(drawn):
    display(contact_sheet(list(drawn["picture"]), [f"{pose}?" for pose in drawn["class"]], height=190, columns=3))
    display(Markdown(
        "These are not artworks. Each began as noise and was changed until a network, VGG16 as photographs taught it and a classifier fitted to "
        "art on top, took it as surely as it could for one pose. They do not show the pose but what speaks for its name: to the eye curled hair for Antinous, "
        "nude flesh side by side for the Graces, a veiled head and folds for the Pieta, skin and white sheets for the reclining nude, "
        "foliage and straight thin shafts for Sebastian, a wedge of pleats for the Tanagra. More networks are in the discussion."))

# %% [markdown]
# ## How to read this book
#
# {doc}`Try a picture <../try>` of your own: one of the networks names its pose, and shows where it sees it. The picture stays with you.
#
# You need no programming, and no network connection: hover over the figures, choose from the lists above them, scroll through the
# filters. The code that computed each number is folded away beneath a small button. Chapters of results tell first what was measured
# on art, as above, then what *this run* of the report gave, on the pictures that it was given:

# %%
Markdown(study.banner())

# %% [markdown]
# A run of the profile `quick` on drawn pictures shows how the study works, and no more. The {doc}`glossary <../glossary>` has the
# words of the trade.
#
# ## The chapters
#
# - {doc}`Collecting <01_collecting>`, {doc}`curating <02_curating>`, {doc}`the data set <03_data>`, {doc}`augmentation <04_augmentation>`:
#   from the museums to pictures that a network can learn from
# - {doc}`Models <05_models>`, {doc}`Experiment 1 <06_experiment_1>`, {doc}`Experiment 2 <07_experiment_2>`: do photographs help, does
#   augmentation, which poses are mistaken for which
# - {doc}`What would help? <08_what_helps>`: crops, edges and joints instead of pictures, and better recipes
# - {doc}`Feature maps <09_feature_maps>`: what each filter of a network answers to
# - {doc}`The audit <10_audit>`, {doc}`the claims <11_claims>`, {doc}`the discussion <12_discussion>`: where the thesis' text and scripts
#   part, and what becomes of each of its sentences
# - {doc}`Speed <13_speed>`: how long all of this takes
#
# The thesis is a bachelor's thesis, and its scripts are public {cite}`thesiscode`. Its tables are carried here as data and
# stand beside ours everywhere. Where its text leaves something open, the scripts were read for it; where the two part, this book follows the
# text and says so.
