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
from artpose_lib.train.variants import VARIANTS
from artpose_lib.web import contact_sheet

study = open_study(data, weights, profile, results, classes, cluster)
thesis = scores.thesis_accuracies()
editions = [Experiment(name, place, MODELS, place.find(*MODELS)) for name, place in open_places(study, poses=True).items() if not place.trains]
art = editions[0].study if editions else None
if art:
    simple = editions[0].simple_models
    found = pd.concat([editions[0].trials.predictions, simple[simple["model"].isin(["probe", "nearest", "file", "source"])]])
    networks = {key: statistics.keep_trials(own) for key, own in found.groupby(["model", "backbone"], sort=False)}
    doubts = {key: statistics.find_doubt(own, art.profile) for key, own in networks.items()}
    table = scores.summary(pd.concat(networks.values()))
    table["doubt"] = [doubts[key] for key in zip(table["model"], table["backbone"], strict=True)]
    tested = networks["probe", table.query("model == 'probe'")["backbone"].iloc[0]].query("part == 'test'")
    commonest = statistics.compare_with_commonest(tested).first


def list_scores(model):
    """The accuracies of a model with each network that learned, the lowest first."""
    return table[(table["model"] == model) & (table["doubt"] == "")].sort_values("accuracy")


answer = "No measurements on the six poses in art come with these pages: what follows tells how to read the book."
if art and len(list_scores("finetuned")):
    surely = list_scores("finetuned")["accuracy"]
    answer = (f"Yes, in part. Of the networks that learned from photographs and then from art {len(surely)} of {(table['model'] == 'finetuned').sum()} "
              f"surely learned: shown artworks that they have not seen, they name the pose rightly in {tables.tell_range(surely)} of cases; whoever "
              f"always named the commonest pose would in {commonest:.0%}. The best network of the thesis did in {thesis.max().max():.0%}, on other pictures.")
elif art:
    answer = "Not settled: no network that was tuned on art has surely learned."
Markdown("The thesis behind this report asked: *\"How does Transfer Learning from the models pre-trained on ImageNet impact the performance of "
         "DCNNs in an art pose classification task?\"* In other words: a network has learned from a million photographs to name a thousand things. "
         f"Does that help it to learn six poses that art history has names for, from a few hundred pictures?\n\n**{answer}**")

# %%
if art:
    drawn = table[~table["model"].isin(["nearest", "file", "source"])]
    beside = scores.against_thesis(drawn).merge(drawn[["model", "backbone", "doubt"]], "left").fillna({"doubt": ""})
    figure = figures.comparison({f"{len(art.dataset)} artworks": beside}, "accuracy", scores.per_trial(pd.concat(networks.values())))
    figure.update_layout(margin_t=30)
    for title, share in {"commonest pose": commonest, "size of the file": table.query("model == 'file'")["accuracy"].iloc[0]}.items():
        figure.add_vline(share, line=plotting.DOTTED, annotation_text=title, annotation_position="top")
    display(plotting.show(figure, alt="Test accuracy of each network from nothing, frozen, fine-tuned, augmented, and of a linear probe."))
    display(Markdown(
        f"What each network names rightly: {len(tested)} answers on {tested['file_name'].nunique()} tested pictures of {len(art.dataset)}. "
        "Filled marks: this project, trained as long as the thesis trained, means with 95% intervals. "
        "Open diamonds: the thesis; where no filled mark stands beside one, no such network was trained on these pictures. Pale marks: networks that did not "
        "learn, or learned in their last layer alone though they are called fine-tuned; nothing follows from them. *Baselines* start from "
        "nothing; *frozen* models keep what photographs taught and learn their last layer alone; a *linear probe* fits that layer better; "
        "*fine-tuned* models learn in all layers, *augmented* ones from more pictures, made from those that there are."))

# %% [markdown]
# ## What the number is worth
#
# In brackets, here and in the whole book, are 95% intervals: what other pictures and other trials of the same kind would give. *Not
# settled* is a difference whose interval has zero in it. {doc}`The data set <03_data>` tells where the artworks are from,
# {doc}`Experiment 1 <06_experiment_1>` and {doc}`Experiment 2 <07_experiment_2>` tell the rest.

# %%
def compare(before, after):
    """What is known of a difference; nothing follows from the networks of the pale marks."""
    rows = editions[0].compare(before, after)
    return tables.tell_changes(rows[~rows["verdict"].str.startswith("nothing follows")]) or "no network that learned has both"


def tell_start():
    """What photographs give over nothing, where networks from nothing learned too little to be compared."""
    rows = [row for row in editions[0].compare("baseline", "frozen").itertuples() if "baseline" in row.verdict and row.low > 0]
    gains = ", ".join(f"{row.Index} {tables.tell_points(row.difference, row.low, row.high)}" for row in rows)
    return (f"- *Photographs help, and how much is open.* Frozen networks beside the same from nothing: {gains}. But those from nothing are "
            "not surely above naming the commonest pose: so few pictures taught them next to nothing, and what more would, this cannot tell."
            if rows else f"- *What photographs give.* Frozen networks beside the same from nothing: {compare('baseline', 'frozen')}.")


def tell_searches():
    """How a network does on pictures that it helped to find, and on the others."""
    groups = art.dataset.metadata.set_index("file_name").get("found", pd.Series())
    if not {"first", "second"} <= {*groups}:
        return []
    right = probes.accuracies_by_group(networks["finetuned", "EfficientNet-Lite0"], groups).set_index("group")["accuracy"]
    return [f"- *Chosen with a network's help.* EfficientNet-Lite0's features helped to choose pictures of the second search: of these it names "
            f"{right['second']:.0%} rightly, of the first search's {right['first']:.0%}."]


def tell_works():
    ways = [VARIANTS[f"A10 duplicates {way}"] for way in ("apart", "together")]
    rows = editions[0].compare_variants("frozen", *ways)
    return [f"- *One work, several pictures.* With all of them on one side of the division, frozen networks: {tables.tell_changes(rows)}."] if len(rows) else []


if art:
    seen = [f"the {title} {tables.tell_percent(row.accuracy, row.accuracy_low, row.accuracy_high)}" for title, model in {
        "size and shape of the file": "file", "source": "source"}.items() for row in table.query("model == @model").itertuples()]
    display(Markdown("\n".join([
        tell_start(),
        f"- *What tuning adds.* All layers beside the last one alone: {compare('frozen', 'finetuned')}. Beside the picture that is nearest by "
        f"what photographs taught, where nothing is trained: {compare('nearest', 'finetuned')}. Augmented pictures beside the pictures as "
        f"they are: {compare('finetuned', 'finetuned_aug')}.",
        f"- *Not all of it need be the pose.* Without a look at the picture one names the pose rightly by {' and by '.join(seen)}.",
        *tell_searches(), *tell_works()])))

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
# ## What else was found
#
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


def tell_sources():
    told = []
    for row in probes.compare_sources(art.read("sources")).query("source == 'all'").sort_values("difference").itertuples():
        unsettled = ", not settled" if row.low <= 0 <= row.high else ""
        told += [f"{row.backbone} {row.left_out:.0%} and {row.at_random:.0%}, "
                 f"{tables.tell_points(row.difference, row.low, row.high)}{unsettled}"]
    if not told:
        return []
    return ["- At the source? Pictures of one catalogue or one set look alike. A linear probe, asked about a source that it has not learned from, and "
            f"beside it about as many pictures of all sources: {'; '.join(told)}."]


if art:
    told = [*tell_boxes(), *tell_sources(), "- What each single filter of a network answers to can be scrolled through, and is measured."]
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
