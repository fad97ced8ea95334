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
import pandas as pd
from IPython.display import HTML, Markdown, display

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.text import escape_markdown
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import figures, probes, scores, statistics, tables
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import measure, open_places
from artpose_lib.train.study import open_study
from artpose_lib.train.variants import VARIANTS
from artpose_lib.web import choose

MODELS = ["baseline", "frozen", "finetuned"]

study = open_study(data, weights, profile, results, classes, cluster)
places = open_places(study)
found = {name: of.train(*MODELS) for name, of in places.items()}
found = {name: own if places[name].trains else places[name].add_small_baselines(own) for name, own in found.items()}
found = {name: own for name, own in found.items() if own.records}
simple = {name: measure(places[name], "simple_random") for name in found}
poses = [name for name in found if set(places[name].dataset.classes) == set(POSE_NAMES)]  # what may stand beside the thesis
first, *_ = together = poses or list(found)[-1:]
answers = {name: scores.name_as_ended(own.predictions) for name, own in found.items()}
beside = {name: statistics.score_models(own.predictions, simple[name], places[name].profile).query("model != 'finetuned_aug'")
          for name, own in found.items()}
accuracies = {name: own.query("metric == 'accuracy' and trials > 0").sort_values("here", ascending=False, kind="stable")
              for name, own in beside.items()}
changes = {name: {pair: statistics.compare_models(pd.concat([own.predictions, simple[name]]), *pair, places[name].profile).set_index(
    "backbone") for pair in [("baseline", "frozen"), ("baseline", "finetuned"), ("frozen", "finetuned"), ("frozen", "probe")]}
    for name, own in found.items()}


def tell_answer(name):
    rows = pd.concat(own for pair, own in changes[name].items() if pair[0] == "baseline")
    surely = {verdict: ", ".join(own.index.unique()) for verdict, own in rows.groupby("verdict")}
    if "lower" in surely:
        return f"Photographs do not always help: starting from nothing is surely better with {surely['lower']}."
    if "higher" in surely:
        return f"Photographs help, surely so with {surely['higher']}."
    nothing, photographs = (f"{(own['doubt'] == '').sum()} of {len(own)}" for models in (["baseline"], ["frozen", "finetuned"])
                            for own in [accuracies[name].query("model in @models")])
    return (f"Of the networks from nothing {nothing} surely learned, of those from photographs {photographs}. By how much "
            "photographs help cannot be told.")


def tell_range(values):
    low, high = (f"{100 * value:.0f}" for value in (values.min(), values.max()))
    return f"{low} to {high} %" if low != high else f"{low} %"


def tell_models(name):
    thesis, own = scores.thesis_accuracies() if name in poses else (), accuracies[name].groupby("model")["here"]
    told = [f"{words} {tell_range(own.get_group(model))}" + (f" (thesis: {tell_range(thesis[model])})" if model in thesis else "")
            for model, words in {"baseline": "from nothing", "frozen": "frozen", "finetuned": "fine-tuned"}.items() if model in own.groups]
    return f"Rightly named: {', '.join(told) or 'nothing'}."


def tell_files(name):
    file = simple[name].query("model == 'file'")
    above = [f"{MODEL_TITLES[model].lower()} {backbone}" for (model, backbone), own in answers[name].groupby(
        ["model", "backbone"], sort=False) if statistics.compare(file, own, places[name].profile)["verdict"] == "higher"]
    score = accuracies[name].query("model == 'file'")["here"]
    return (f"A file's size alone gives {tell_range(score)}, as pictures of a pose often share a collection; "
            f"surely above it: {', '.join(above) or 'no network'}.")


def comparison(metric, *names):
    drawn = {name: beside[name].query("model != 'permuted'") for name in names}
    return show(figures.comparison(drawn, metric, scores.per_trial(pd.concat([answers[names[0]], simple[names[0]]]))), alt=(
        f"Test {figures.METRIC_TITLES[metric]} of every model, mean over trials with its 95 % interval: "
        f"{', '.join(names)}, and the thesis (Table 3.1). Pale: nothing follows from it."))


display(Markdown(f"**{escape_markdown(first)}: {tell_answer(first)}** {tell_models(first)} {tell_files(first)}"))
display(comparison("accuracy", *together))
Markdown(study.banner())

# %%
def title(name):
    of = places[name]
    what = of.data_name if of.embedded else f"pictures, {of.data_name}"
    return f"{name} ({len(of.dataset)} {what}, profile {of.profile.name})" if of.trains else name


own_size = [f"{one.names['backbone']} ({one.config['size']} pixels)" for one in found[first].records
            if one.names["model"] == "baseline" and one.config["size"] != BACKBONES[one.names["backbone"]].input_size]
Markdown("\n".join(f"- {escape_markdown(title(name))}: {tables.tell_doubts(beside[name])}." for name in found) + (
    f"\n\nSome baselines learned from smaller pictures than their network's own: {', '.join(dict.fromkeys(own_size))}." if own_size else ""))

# %%
choose("Score", {f"{title}, {name}": comparison(metric, *names) for name, names in {", ".join(together): together, **{
    name: [name] for name in found if name not in together}}.items() for metric, title in list(figures.METRIC_TITLES.items())[name == ", ".join(together):]})

# %% [markdown]
# The thesis' numbers are of other pictures: they belong beside ours, not above or below them. Below the networks stand
# simpler means, on the same divisions. The *linear probe* shows what a frozen network's features are good for: the same
# features, with a penalty against learning by heart. The *nearest neighbour* names a picture after the training picture most
# like it. The others know no network: 16 x 16 pixels; the width, height and bytes of the file; the name of the collection;
# the commonest class. What the last three reach has nothing to do with a pose.
#
# ## What follows
#
# *Higher* and *lower* stand where all of the 95 % interval of a difference, taken picture by picture, lies on one side of zero.
# Nothing follows from a network that was trained short, is not surely above the commonest class, was fine-tuned in name alone,
# or has fewer than three trials. *Frozen* is the thesis' recipe; where the probe is higher on the same features, that recipe
# leaves unused what is in them.

# %%
Markdown("\n".join([f"On {escape_markdown(first)}:\n", *(
    f"- *{' → '.join(MODEL_TITLES[model] for model in pair)}*: {tables.tell_changes(rows) or 'no network has both'}."
    for pair, rows in changes[first].items())]))

# %%
HTML("".join(tables.fold(f"The differences in full: {name}", tables.differences_table({
    " → ".join(MODEL_TITLES[model] for model in pair): rows for pair, rows in own.items()}))
    for name, own in changes.items()))

# %% [markdown]
# ## What the thesis could not know
#
# A score is only as good as its division of the pictures, and as the pictures.

# %%
of, networks = places[first], accuracies[first][~accuracies[first]["model"].isin(probes.REFERENCES)]
best = networks.iloc[0] if len(networks) else None
tuned = answers[first].query("model == 'finetuned'")
if len(networks):
    report = scores.class_report(answers[first].query("model == @best.model and backbone == @best.backbone")).query("kind == 'class'")


def regroup(model, before):
    rows = {}
    for backbone in BACKBONES:
        sides = [of.find(model, variant=one, backbones=[backbone]) for one in (before, VARIANTS["A10 duplicates together"])]
        if all(side.records for side in sides):
            rows[backbone] = statistics.compare(*(side.predictions for side in sides), of.profile)
    return pd.DataFrame(rows).T


def tell_pictures():
    few, counts = report.query("support > 0").sort_values("support").iloc[0], of.dataset.counts()
    sources = of.dataset.metadata.groupby("label")["source"].agg(lambda own: own.value_counts(normalize=True).iloc[0])
    most = sources.idxmax()
    return (f"- *The fewest, {escape_markdown(few['name'])}*. There are {counts[few['name']]}, and {few['support']} were tested in all trials "
            f"together: one answer more or less moves their recall by {100 / few['support']:.1f} points.\n- *One collection*. {sources[most]:.0%} of the {counts[most]} {escape_markdown(most)} "
            "come from one. The larger that share, the more can be known by a collection's light and grounds, without the pose.")


def tell_searches():
    groups, told = of.dataset.metadata.set_index("file_name")["found"], []
    for backbone, own in tuned.groupby("backbone", sort=False):
        right = probes.accuracies_by_group(own, groups).set_index("group")["accuracy"]
        told += [f"{backbone} {right['first']:.0%} and {right['second']:.0%}"]
    return ("- *Pictures that a network chose*. Those of the second search were partly chosen by EfficientNet-Lite0's features, so "
            f"its numbers are a little too good. Of the first and the second search's pictures fine-tuned networks name rightly: {'; '.join(told)}.")


moved = {} if of.trains else {"frozen": regroup("frozen", VARIANTS["A10 duplicates apart"]), "finetuned": regroup("finetuned", None)}
moved = {f"{MODEL_TITLES[model]}, at random → works together": rows for model, rows in moved.items() if len(rows)}
works = " ".join(f"{name}: {tables.tell_changes(rows)}." for name, rows in moved.items())
Markdown("No reference comes with these pages." if of.trains else "\n".join([
    f"- *The same work on both sides*. The {len(of.dataset)} pictures show {of.card['works']} works, and divided at random some are "
    f"learned and tested. {works}", *([tell_pictures()] if len(networks) else []), *([tell_searches()] if {"first", "second"} <= {*of.dataset.metadata.get("found", ())} else [])]))

# %% [markdown]
# ## How they learned
#
# The curves follow each model over its epochs, on validation pictures that it does not learn from (the thesis' Figures 3.1 to
# 3.3). By these pictures the epoch is chosen whose weights are kept, so a curve's height is a little too good. Lines are means
# over the trials still running; bands, of three trials or more, are their 95 % intervals. Where a rising learning rate
# unsettles a network its line dips; then the best weights are put back and the second phase begins.

# %%
curves = {name: scores.curves(scores.drop_trials(own.history, scores.find_diverged(own.predictions))) for name, own in found.items()}


def learning(model, name):
    title = f"{MODEL_TITLES[model]}, {name}"
    return title, show(figures.curves(curves[name], model), alt=f"Validation accuracy and loss by epoch: {title} (the thesis' Figures 3.1 to 3.3).")


choose("Models", dict(learning(model, name) for name, own in curves.items() for model in reversed(MODELS)
                      if model in own["model"].unique()))

# %% [markdown]
# ## Pose by pose
#
# For each pose: what share of the pictures given its name deserve it (*precision*), what share of its pictures were found
# (*recall*), and F1, which is high only where both are. The thesis' Figure 3.4 is one trial of its fine-tuned ResNet50; here the
# test pictures of all trials are taken together, so a picture that was tested twice counts twice.

# %%
if len(networks):
    known = report.dropna(subset="f1").sort_values("f1")
    least, most = known.iloc[0], known.iloc[-1]
Markdown(f"On {escape_markdown(first)} the highest accuracy of {len(networks)} has the {MODEL_TITLES[best.model].lower()} {best.backbone}: "
         f"{best.here:.3f} (95 % interval {best.low:.3f} to {best.high:.3f}). The highest of many is likely to have "
         f"been lucky too. It knows {escape_markdown(most['name'])} best (F1 {most['f1']:.2f}, of {most['support']} pictures) and "
         f"{escape_markdown(least['name'])} least ({least['f1']:.2f}, of {least['support']})." if len(networks) else "The training of every network diverged.")

# %%
def by_pose(name, model, backbone):
    own, title = answers[name].query("model == @model and backbone == @backbone"), f"{MODEL_TITLES[model]} {backbone}, {name}"
    return title, show(figures.class_scores(scores.class_report(own)), alt=(
        f"Precision, recall and F1 of each class: {title} (the thesis' Figure 3.4)."))


choose("Model", dict(by_pose(name, row.model, row.backbone) for name, own in accuracies.items()
                     for row in own.itertuples() if row.model not in probes.REFERENCES))

# %% [markdown]
# ## The numbers in full
#
# *Accuracy* is the share of test pictures named rightly. F1's macro mean counts every pose alike, the weighted one by its
# pictures. F1 of few test pictures stands a little low beside that of many: where a pose has three, one mistake takes much of it.
#
# A trial is what it ended as. The epoch that was best on the validation pictures gives the weights that are kept; where only the
# last layer learned in its phase, a network that is called fine-tuned is *frozen in fact* and stands apart. Baselines of version
# 0.1.0 are shown where there are no newer ones. Their batch normalisation answered by moving averages that had hardly moved, so
# they say nothing of what such networks learn, and nothing above counts them.

# %%
def find_older(name):
    known = {one.names["backbone"] for one in found[name].records if one.names["model"] == "baseline"}
    older = places[name].find("baseline", protocol=1, backbones=[one for one in BACKBONES if one not in known])
    rows = scores.summary(older.predictions.assign(model="baseline_old")) if older.records else None
    return [] if rows is None else [scores.against_thesis(rows).query("model == 'baseline_old'")]


HTML("".join(tables.fold(f"Scores: {name}", tables.results_table(pd.concat([beside[name], *find_older(name)]), own.missing))
             + tables.fold(f"What the trials ended as: {name}", tables.diagnoses_table(own.diagnoses)) for name, own in found.items()))
