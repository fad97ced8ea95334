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
# # Experiment 1: do photographs help?
#
# Each network starts from nothing (*baseline*), or keeps what photographs taught it (*frozen*), or goes on from there and
# learns from art (*fine-tuned*).

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from html import escape

import pandas as pd
from IPython.display import HTML, Markdown, display

from artpose_lib.data.text import escape_markdown
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import figures, probes, scores, statistics, tables
from artpose_lib.report.experiment import choose_together, show_scores, train_experiments
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.plotting import show
from artpose_lib.train.study import open_study
from artpose_lib.train.variants import VARIANTS
from artpose_lib.web import choose

MODELS = {"baseline": "from nothing", "frozen": "frozen", "finetuned": "fine-tuned"}
PAIRS = [("baseline", "frozen"), ("baseline", "finetuned"), ("frozen", "finetuned"), ("frozen", "probe")]

study = open_study(data, weights, profile, results, classes, cluster)
experiments = train_experiments(study, *MODELS, small_baselines=True)
changes = {own.name: own.compare_pairs(PAIRS) for own in experiments}
first = choose_together(experiments)[0]


from_nothing = {pair: own for pair, own in changes[first.name].items() if pair.startswith(MODEL_TITLES["baseline"])}


def tell_sizes():
    """By how much networks are above those from nothing, which did not surely learn."""
    told = []
    for pair, own in from_nothing.items():
        if len(above := own[own["verdict"].str.endswith(f"baseline {statistics.IDLE}") & (own["low"] > 0)]):
            told += [f"{tables.tell_range(above['difference']).rstrip('%')} points with {pair.split(' → ')[1].lower()} ones"]
    return ", ".join(told)


def tell_answer():
    rows, nothing = pd.concat(from_nothing.values()), first.networks.query("model == 'baseline'")
    surely = {verdict: ", ".join(own.index.unique()) for verdict, own in rows.groupby("verdict")}
    if "lower" in surely:
        return f"Photographs do not always help: starting from nothing is surely better with {surely['lower']}."
    if "higher" in surely:
        return f"Photographs help, surely so with {surely['higher']}."
    learned = f"of those from nothing {(nothing['doubt'] == '').sum() or 'none'} of {len(nothing)} surely learned"
    return (f"Yes: more pictures are named rightly than by the same networks from nothing, {sizes}. But {learned}: the "
            "direction is sure, the size is not." if (sizes := tell_sizes()) else f"By how much photographs help cannot be told: {learned}.")


def tell_files():
    file, above = first.simple_models.query("model == 'file'"), []
    score = tables.tell_range(first.accuracies.query("model == 'file'")["here"])
    for (model, backbone), own in first.answers.groupby(["model", "backbone"], sort=False):
        if statistics.compare(file, own, first.study.profile)["verdict"] == "higher":
            above += [f"{MODEL_TITLES[model].lower()} {backbone}"]
    return (f"A file's size alone gives {score}, as pictures of a pose often share a source; surely above it: "
            f"{', '.join(above) or 'no network'}.")


accuracies, other_scores = show_scores(
    experiments, "Test {metric} of every model, mean over trials with its 95% interval: {names}. Pale: nothing follows from it.",
    ", and the thesis (Table 3.1)")
display(Markdown(f"**{escape_markdown(first.name)}: {tell_answer()}** Rightly named: "
                 f"{first.tell_accuracies(MODELS) or 'nothing'}. {tell_files()}"))
display(accuracies)
Markdown(study.banner())

# %%
told = [f"<p>{escape(own.title)}: {escape(tables.tell_doubts(own.scores))}.</p>" for own in experiments]
smaller = [f"{one.names['backbone']} ({one.config['size']} pixels)" for one in first.trials.records if one.names["model"] == "baseline"
           and one.config["size"] != BACKBONES[one.names["backbone"]].input_size]
if smaller:
    told += [f"<p>Some baselines learned from smaller pictures than their network's own: {', '.join(dict.fromkeys(smaller))}.</p>"]
HTML(tables.fold("Which networks are pale, and why", "".join(told)))

# %%
other_scores

# %% [markdown]
# The thesis' numbers are of other pictures: they belong beside ours, not above or below them. Below the networks stand
# simpler means, on the same divisions. The *linear probe* shows what a frozen network's features are good for: the same
# features, with a penalty against learning by heart. The *nearest neighbour* names a picture after the training picture most
# like it. The others know no network: 16 x 16 pixels; the width, height and bytes of the file; the name of the source;
# always the class that is commonest among the tested pictures. What the last three reach has nothing to do with a pose.
#
# ## What follows
#
# *Higher* and *lower* stand where all of the 95% interval of a difference, taken picture by picture, lies on one side of zero.
# Nothing follows from a network that was trained short, did not surely learn (its interval reaches down to the commonest class),
# was fine-tuned in name alone, or has fewer than three trials. *Frozen* is the thesis' recipe; where the probe is higher on the same features, that recipe
# leaves unused what is in them.

# %%
def tell_pair(rows):
    """What follows, and of networks that did not surely learn what they differ by."""
    idle = rows["verdict"].str.endswith(statistics.IDLE) & (rows["verdict"].str.count(";") == 0)
    return tables.tell_changes(rows.assign(verdict=rows["verdict"].mask(idle, "where one of the two did not surely learn")))


told = [f"- *{pair}*: {tell_pair(rows) or 'no network has both'}." for pair, rows in changes[first.name].items()]
Markdown("\n".join([f"On {escape_markdown(first.name)}:\n", *told]))

# %%
HTML("".join(tables.fold(f"The differences in full: {name}", tables.differences_table(own))
             for name, own in changes.items() if any(map(len, own.values()))))

# %% [markdown]
# ## What the thesis could not know
#
# A score is only as good as its division of the pictures, and as the pictures.

# %%
dataset, best = first.study.dataset, None
if len(first.networks):
    best = first.networks.iloc[0]
    report = scores.class_report(first.select(best.model, best.backbone)).query("kind == 'class'")


def tell_works():
    told, apart, together = [], VARIANTS["A10 duplicates apart"], VARIANTS["A10 duplicates together"]
    for model, at_random in {"frozen": apart, "finetuned": None}.items():
        rows = first.compare_variants(model, at_random, together)
        if len(rows):
            told += [f" {MODEL_TITLES[model]}, at random → works together: {tables.tell_changes(rows)}."]
    return (f"- *The same work on both sides*. The {len(dataset)} pictures show {first.study.card['works']} works, and divided at "
            f"random some are learned and tested.{''.join(told)}")


def tell_pictures():
    few, counts = report.query("support > 0").sort_values("support").iloc[0], dataset.counts()
    sources = dataset.metadata.groupby("label")["source"].agg(lambda own: own.value_counts(normalize=True).iloc[0])
    most = sources.idxmax()
    return (f"- *The fewest, {escape_markdown(few['name'])}*. There are {counts[few['name']]}, and {few['support']} were tested in all trials "
            f"together: one answer more or less moves their recall by {100 / few['support']:.0f} points.\n"
            f"- *One source*. {sources[most]:.0%} of the {counts[most]} {escape_markdown(most)} come from one source. The larger that "
            "share, the more can be known by a source's own light and grounds, without the pose.")


def tell_searches():
    groups, told = dataset.metadata.set_index("file_name")["found"], []
    for backbone, own in first.answers.query("model == 'finetuned'").groupby("backbone", sort=False):
        right = probes.accuracies_by_group(own, groups).set_index("group")["accuracy"]
        told += [f"{backbone} {right['first']:.0%} and {right['second']:.0%}"]
    return ("- *Pictures that a network chose*. Those of the second search were partly chosen by EfficientNet-Lite0's features, so "
            "its numbers are too good. Of the first and the second search's pictures fine-tuned networks name rightly: "
            f"{'; '.join(told)}.")


told = ["No reference comes with these pages."]
if not first.study.trains:
    told = [tell_works()]
    if best is not None:
        told += [tell_pictures()]
    if {"first", "second"} <= {*dataset.metadata.get("found", ())}:
        told += [tell_searches()]
Markdown("\n".join(told))

# %% [markdown]
# ## How they learned
#
# The curves follow each model over its epochs, on validation pictures that it does not learn from (the thesis' Figures 3.1 to
# 3.3). By these pictures the epoch is chosen whose weights are kept, so a curve's height is a little too good. Lines are means
# over the trials still running; bands, of three trials or more, are their 95% intervals. Where a rising learning rate
# unsettles a network its line dips; then the best weights are put back and the second phase begins.

# %%
views = {}
for own in experiments:
    curves = scores.curves(own.history)
    for model in reversed(MODELS):
        title = f"{MODEL_TITLES[model]}, {own.name}"
        if model in curves["model"].unique():
            views[title] = show(figures.curves(curves, model), alt=(
                f"Validation accuracy and loss by epoch: {title} (the thesis' Figures 3.1 to 3.3)."))
choose("Models", views)

# %% [markdown]
# ## Pose by pose
#
# For each pose: what share of the pictures given its name deserve it (*precision*), what share of its pictures were found
# (*recall*), and F1, which is high only where both are. The thesis' Figure 3.4 is one trial of its fine-tuned ResNet50; here the
# test pictures of all trials are taken together, so a picture that was tested twice counts twice.

# %%
told = "The training of every network diverged."
if best is not None:
    known = report.dropna(subset="f1").sort_values("f1")
    least, most = known.iloc[0], known.iloc[-1]
    told = (f"On {escape_markdown(first.name)} the highest accuracy of {len(first.networks)} has the {MODEL_TITLES[best.model].lower()} "
            f"{best.backbone}: {tables.tell_percent(best.here, best.low, best.high)}. The highest of many is likely to have been lucky "
            f"too. It knows {escape_markdown(most['name'])} best (F1 {most['f1']:.2f}, of {most['support']} pictures) "
            f"and {escape_markdown(least['name'])} least ({least['f1']:.2f}, of {least['support']}).")
Markdown(told)

# %%
views = {}
for own in experiments:
    for row in own.networks.itertuples():
        title = f"{MODEL_TITLES[row.model]} {row.backbone}, {own.name}"
        views[title] = show(figures.class_scores(scores.class_report(own.select(row.model, row.backbone))), alt=(
            f"Precision, recall and F1 of each class, in brackets its pictures: {title} (the thesis' Figure 3.4)."))
choose("Model", views)

# %% [markdown]
# ## The numbers in full
#
# *Accuracy* is the share of test pictures named rightly. F1's macro mean counts every pose alike, the weighted one by its
# pictures. F1 of few test pictures stands a little low beside that of many: where a pose has three, one mistake takes much of it.
#
# A trial is what it ended as. The epoch that was best on the validation pictures gives the weights that are kept; where only the
# last layer learned in its phase, a network that is called fine-tuned is *frozen in fact* and stands apart.

# %%
folded = []
for own in experiments:
    folded += [tables.fold(f"Scores: {own.name}", tables.results_table(own.scores, own.trials.missing)),
               tables.fold(f"What the trials ended as: {own.name}", tables.diagnoses_table(own.trials.diagnoses))]
HTML("".join(folded))
