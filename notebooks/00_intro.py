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

from artpose_lib.draw.artwork import Artwork
from artpose_lib.explain.backgrounds import tabulate_conditions, train_boxes
from artpose_lib.report import audit, figures, plotting, probes, scores, statistics
from artpose_lib.report.reference import open_places
from artpose_lib.train.study import open_study
from artpose_lib.web import contact_sheet

study = open_study(data, weights, profile, results, classes, cluster)
art = next((own for own in open_places(study, poses=True).values() if not own.trains), None)
if art:
    found = art.find("baseline", "frozen", "finetuned", "finetuned_aug").predictions
    untuned = scores.find_untuned(found)  # fine-tuned by name alone: they count only where all trials of a network are such
    found = found[~untuned | untuned.groupby([found["model"], found["backbone"]]).transform("all")]
    found = pd.concat([found, art.read("simple_random").query("model in ['probe', 'file', 'commonest']")], ignore_index=True)
    doubts = {key: statistics.find_doubt(own, art.profile) for key, own in found.groupby(["model", "backbone"])}
    table = scores.summary(found)
    table["doubt"] = [doubts.get(key, "") for key in zip(table["model"], table["backbone"], strict=True)]
thesis = scores.thesis_accuracies()


def within(low, high):
    return f"({100 * low:.0f} to {100 * high:.0f})".replace("-", "−")


def tell(model):
    """The accuracy of a model with each network that learned, the lowest first, or that there is none."""
    rows = table[(table["model"] == model) & (table["doubt"] == "")]
    return ", ".join(f"{row.backbone} {100 * row.accuracy:.0f} % {within(row.accuracy_low, row.accuracy_high)}"
                     for row in rows.sort_values("accuracy").itertuples()) or "no network that learned"


def tell_file():
    """What the size of a file says, where it surely says something."""
    row = table[table["model"] == "file"].iloc[0]
    return (f" But not all of that need be the pose: the size and shape of the picture's file, with nothing seen of the picture, give "
            f"{100 * row.accuracy:.0f} % {within(row.accuracy_low, row.accuracy_high)}." if row.doubt == "" else "")


Markdown(
    f"**{'Yes, in part' if '%' in tell('finetuned') else 'Not settled'}: networks that learned from photographs and then from art name the pose "
    f"of an artwork that they have not seen rightly so often: {tell('finetuned')}, of {len(art.dataset)} artworks; the best network of the "
    f"thesis behind this report, on other pictures, {100 * thesis.max().max():.0f} %.{tell_file()}** In brackets, here and below, are 95 % "
    "intervals." if art else "**No measurements on the six poses in art come with these pages: what follows tells how to read the book.**")

# %%
if art:
    beside = scores.against_thesis(table[~table["model"].isin(["file", "commonest"])])
    beside = beside.merge(table[["model", "backbone", "doubt"]], "left").fillna({"doubt": ""})
    figure = figures.comparison({f"{len(art.dataset)} artworks": beside}, "accuracy", scores.per_trial(found)).update_layout(margin_t=30)
    for row in table[table["model"].isin(["file", "commonest"])].itertuples():
        figure.add_vline(row.accuracy, line=plotting.DOTTED, annotation_text=figures.MODEL_TITLES[row.model].lower(),
                         annotation_position="top")
    helped = (art.dataset.metadata.get("found", pd.Series()) == "second").sum()
    display(plotting.show(figure, alt="Test accuracy of each network from nothing, frozen, fine-tuned, augmented, and of a linear probe."))
    display(Markdown(
        "What each network names rightly, trained as long as the thesis trained. Filled marks: this project, means with 95 % intervals. Open "
        "diamonds: the thesis. Pale marks: networks that did not learn, or learned in their last layer alone though they are called "
        "fine-tuned; nothing follows from them. *Baselines* start from nothing; *frozen* models learn their last layer alone; the *linear "
        "probe* fits that layer better." + (f" EfficientNet-Lite0's numbers are a little too good: {helped} of the pictures come from a "
                                             f"search in which its features helped to choose." if helped else "")))

# %% [markdown]
# ## The six poses
#
# Drawn by a program: the {doc}`pictures of art <03_data>` that were measured stay with their owners.

# %%
DRAWN = {"Antinous": 0, "Graces": 10, "Pieta": 8, "Reclining": 12, "Sebastian": 12, "Tanagra": 2}  # drawings that show the pose well
SAID = {"Antinous": "a nude man, his weight on one leg", "Graces": "three nude women, interlaced",
        "Pieta": "the Virgin, the dead Christ on her lap", "Reclining": "a nude woman, lying",
        "Sebastian": "stands as Antinous does, bound and shot with arrows", "Tanagra": "a small draped woman of clay"}
contact_sheet([Artwork(pose, np.random.default_rng(seed)).paint() for pose, seed in DRAWN.items()],
              [f"{pose}: {words}" for pose, words in SAID.items()], height=170)

# %% [markdown]
# ## Three findings
#
# **What photographs give** ({doc}`Experiment 1 <06_experiment_1>`, {doc}`Experiment 2 <07_experiment_2>`).

# %%
def compare(before, after):
    rows = statistics.compare_models(found, before, after, art.profile)
    told = [f"{row.backbone} {row.verdict}, {100 * row.difference:+.0f} points {within(row.low, row.high)}".replace(" -", " −")
            for row in rows.itertuples() if not row.verdict.startswith("nothing")]
    return "; ".join(told + [f"nothing follows with {row.backbone}" for row in rows.itertuples() if row.verdict.startswith("nothing")]) or "no network has both"


if art:
    lost = ", ".join(backbone for (model, backbone), doubt in doubts.items() if model == "baseline" and doubt)
    display(Markdown(
        f"- The last layer alone trained on art, all others as photographs left them: {tell('frozen')}.\n"
        f"- A better last layer on the same features, a linear probe: {tell('probe')}.\n"
        f"- All layers tuned on art, beside the last one alone: {compare('frozen', 'finetuned')}.\n"
        f"- Augmented pictures beside the pictures as they are: {compare('finetuned', 'finetuned_aug')}.\n"
        + (f"- Without photographs: so few pictures taught {lost} too little to set it beside these." if lost else "")))

# %% [markdown]
# **What the audit found** ({doc}`the audit <10_audit>`).

# %%
slips = audit.compare(art, ["A1"]).dropna(subset="difference") if art else pd.DataFrame(columns=["backbone"])
for slip in slips.sort_values("backbone", key=lambda names: names != "Xception", kind="stable").head(1).itertuples():
    display(Markdown(
        f"The thesis' oddest number is that of its frozen Xception, {100 * thesis.loc['Xception', 'frozen']:.0f} %, from which it concludes "
        f"that this network does not learn. Here a {slip.model} {slip.backbone} reaches {100 * slip.text:.0f} %. The published script deals the "
        f"labels out anew in each trial and leaves the pictures where they are: from the second trial on no label belongs to its picture. "
        f"Run so, the network reaches {100 * slip.script:.0f} %, a difference of {100 * slip.difference:+.0f} points "
        f"{within(slip.low, slip.high)}.".replace(" -", " −")))

# %% [markdown]
# **What a network looks at** ({doc}`feature maps <09_feature_maps>`, {doc}`discussion <12_discussion>`).

# %%
if art:
    boxed = statistics.compare_boxes(tabulate_conditions(train_boxes(art)), art.profile)  # the reference edition's: nothing is trained
    told = [f"- At the figure? A {row.model} {row.backbone} names {100 * row.whole:.0f} % of the pictures whose figures have checked boxes; "
            f"{100 * row.second:.0f} % with as much of something else painted grey, {100 * row.first:.0f} % with the figure painted grey, "
            f"a cost of {100 * row.difference:+.0f} points {within(row.low, row.high)}: {row.verdict}." for row in boxed.itertuples()]
    new = probes.compare_sources(art.read("sources")).query("source == 'all'").sort_values("difference")
    told += ["- At the collection? Museums photograph their own pieces in their own way. A linear probe is right so often about a collection "
             "that it has not learned from, and beside it where all are known: " + "; ".join(
        f"{row.backbone} {100 * row.left_out:.0f} and {100 * row.at_random:.0f} %, {100 * row.difference:+.0f} points "
        f"{within(row.low, row.high)}{', not settled' * (row.low <= 0 <= row.high)}" for row in new.itertuples()) + "."] if len(new) else []
    display(Markdown("\n".join([*told, "- What each single filter of a network answers to can be scrolled through, and is measured."]).replace(
        " -", " −")))

# %% [markdown]
# ## How to read this book
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
