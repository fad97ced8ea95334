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
# # What would help?
#
# The thesis ends with what should be tried next: bounding boxes, edge maps, pose detection, and what else is known of a
# picture. Here all of it is tried, by networks that learned from photographs and stay as they are, with a linear probe on top.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from html import escape

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display
from sklearn.neighbors import NearestNeighbors
from statsmodels.stats.proportion import proportion_confint

from artpose_lib.data import joints
from artpose_lib.data.summary import OTHERS, UNKNOWN, describe_pictures
from artpose_lib.data.text import escape_markdown
from artpose_lib.model import blazepose
from artpose_lib.report import drawings, facets, figures, inputs, plotting, recipes, scores, statistics, tables
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.planning import power
from artpose_lib.report.probes import NO_NETWORK
from artpose_lib.report.reference import THIS_RUN, measure, open_places
from artpose_lib.train.records import likeliest_class
from artpose_lib.train.study import open_study
from artpose_lib.web import choose, contact_sheet, encode_jpeg

study = open_study(data, weights, profile, results, classes, cluster)
places = open_places(study, poses=True)
art = next((own for own in places.values() if not own.trains), None)


def summarise(predictions):
    """The accuracy of each model and network with its interval, as the figures below take it."""
    return scores.summary(predictions).rename(columns={"accuracy_low": "low", "accuracy_high": "high"})


TOLD = "{accuracy:.3f}<br>95% interval {low:.3f} to {high:.3f}<br>trials: {trials}"  # by a mark that is pointed at
Markdown(study.banner())

# %% [markdown]
# ## Four inputs
#
# The same pictures, divided in the same way, are shown to the same network (EfficientNet-Lite0; art also to those of the thesis
# whose weights were there) in other forms:
#
# - *cropped*: to the figures' boxes, with a tenth of their size around them; to those that somebody drew, else to those that were found
# - *cropped to what is found*: to those that a machine found by itself
# - *edges*: outlines alone, white on black (Canny's); how much the picture is blurred before, the training pictures decide
# - *joints*: no picture at all, but where head, shoulders, elbows, wrists, hips, knees and ankles are, measured from the
#   middle of the hips in lengths of the torso, and the directions of the limbs between them
# - *picture and joints* together
#
# On drawings all of this is known without a fault, so their *true* joints and boxes tell what a perfect detector would give. *Surely*
# means that the 95% interval of the difference is off zero and that it stays so when corrected for the number of inputs of a
# network (Holm).

# %%
DIVIDED = {"grouped": "all pictures of a work on one side", "stratified": "stratified as in Experiment 2"}
answers = {(name, scheme): own for name, of in places.items() for scheme in (DIVIDED if not of.trains else ["grouped"])
           if len(own := measure(of, f"inputs_{scheme}"))}  # of drawings no two show one work, so that one division tells all


def name_inputs(rows):
    """What a row is called: its input, and the network where it is another."""
    return rows["model"].map(MODEL_TITLES) + rows["backbone"].map(
        lambda name: "" if name in (inputs.NETWORK, NO_NETWORK) else f" by {name}")


def tell_inputs(rows):
    if rows["verdict"].str.startswith("nothing").all():
        return "nothing follows from so few trials"
    helps, harms = (", ".join(name[0].lower() + name[1:] for name in rows.index[rows["verdict"] == verdict]) or "nothing"
                    for verdict in ("higher", "lower"))
    return f"surely better than the whole picture: {helps}; surely worse: {harms}"


def tell_perfect(predictions):
    """What a detector without fault would give, where the truth is known."""
    table = scores.summary(predictions[predictions["backbone"].isin([inputs.NETWORK, NO_NETWORK])]).set_index("model")
    if "true_joints" not in table.index or table["trials"].min() < statistics.FEWEST_TRIALS:
        return ""
    low, high, value = table.loc["true_joints", ["accuracy_low", "accuracy_high", "accuracy"]]
    seen = f", by the joints that a machine finds {table.loc['joints', 'accuracy']:.0%}" if "joints" in table.index else ""
    return (f" By their true joints alone the probe names {tables.tell_percent(value, low, high)} rightly{seen}, by the whole picture "
            f"{table.loc['whole', 'accuracy']:.0%}." if "whole" in table.index else "")


changes = {place: inputs.compare_inputs(own, places[place[0]].profile) for place, own in answers.items()}
changes = {place: rows.set_index(name_inputs(rows)) for place, rows in changes.items() if len(rows)}
Markdown("\n".join(f"- **{escape_markdown(name)}**, {DIVIDED[scheme]}: {tell_inputs(rows)}.{tell_perfect(answers[name, scheme])}"
                   for (name, scheme), rows in changes.items()))

# %%
def show_inputs(name, scheme):
    table = summarise(answers[name, scheme]).assign(title=lambda own: own["model"].map(MODEL_TITLES))
    table["hover"] = plotting.describe(table, "{title}, {backbone}: " + TOLD)
    table["backbone"] = table["backbone"].replace(NO_NETWORK, inputs.NETWORK)  # beside which it stands
    table = table.sort_values("model", key=lambda names: names.map([*MODEL_TITLES].index), kind="stable")
    axis = {"title_text": "test accuracy of a linear probe", **plotting.SHARE}
    return plotting.show(plotting.draw_marks(table, "accuracy", "title", "backbone", 0.5, axis), alt=(
        f"Test accuracy by what the probe is shown, mean over trials with its 95% interval: {name}, {DIVIDED[scheme]}."))


choose("Pictures", {f"{name}, {DIVIDED[scheme]}": show_inputs(name, scheme) for name, scheme in answers})

# %%
def tell_known(own):
    once = own.query("part == 'test' and model in ['cropped', 'found', 'joints']").drop_duplicates(["model", "file_name"])
    return ", ".join(f"{MODEL_TITLES[model].lower()} {share:.0%}" for model, share in
                     once.assign(known=once["shown"] == "all").groupby("model", sort=False)["known"].mean().items()) or "none of these"


Markdown("A picture without a box is shown whole, and one without a figure has the same joints as all others without one, which tells "
         "something too. So many of the tested pictures have what an input takes: " + "; ".join(
    f"*{escape_markdown(name)}*: {tell_known(own)}" for (name, scheme), own in answers.items() if scheme == "grouped") + ".")

# %%
HTML("".join(tables.fold(f"The differences in full: {name}", tables.differences_table({
    DIVIDED[scheme]: rows for (of, scheme), rows in changes.items() if of == name})) for name in dict.fromkeys(name for name, _ in changes)))

# %% [markdown]
# ## Pose detection
#
# BlazePose {cite}`blazepose` finds people and their joints. It learned from photographs of living people, one or a few, in everyday
# poses or at their exercises. What does it find in art?

# %%
found, fault = {name: measure(of, "figures") for name, of in places.items()}, blazepose.find_fault(study.weights_dir)
if art and fault and study.embedded:  # the edition knows what is found in the drawings, which are the same everywhere
    found[THIS_RUN] = art.read("drawn_figures").rename(columns={"drawing": "file_name"})
    found[THIS_RUN] = found[THIS_RUN][found[THIS_RUN]["file_name"].isin(study.dataset.metadata["file_name"])]
found = {name: own for name, own in found.items() if len(own)}


def rate(name, facet):
    """In how many pictures of each group a figure is found."""
    facets = describe_pictures(places[name].dataset).assign(found=places[name].dataset.metadata["file_name"].isin(found[name]["file_name"]).to_numpy())
    rows = facets.groupby(facet)["found"].agg(["sum", "size", "mean"]).reset_index(names="group").query("size > 3")
    low, high = proportion_confint(rows["sum"], rows["size"], method="wilson")
    return rows.assign(low=low, high=high, place=name, hover=plotting.describe(rows, "{group}: {sum} of {size}"))


def show_rate(facet, title):
    axis = {"title_text": "pictures with a figure found", **plotting.SHARE}
    rows = pd.concat([rate(name, facet) for name in found])
    return plotting.show(plotting.draw_marks(rows, "mean", "group", "place", 0.5, axis), alt=(
        f"Share of pictures in which BlazePose finds a figure, by {title}, with 95% intervals."))


told = "; ".join(f"*{escape_markdown(name)}*, in {own['file_name'].nunique()} of {len(places[name].dataset)} pictures" for name, own in found.items())
display(Markdown(f"It finds a figure: {told}." if told else "Nothing is known here of what it finds.") if not fault else Markdown(
    f"It finds a figure: {told}. In this run it was not asked: {escape_markdown(fault)}" if told else escape_markdown(fault)))
choose("By", {title: show_rate(facet, title) for facet, title in (("label", "pose"), ("medium", "medium"))} if found else {})

# %% [markdown]
# Below is all that is left of the pictures for a model that knows the joints alone: every figure that was found, laid on one
# another by the hips. The poses that stand or lie alone keep their outline. Where few were found, or all point elsewhere, there
# is no pose to learn.

# %%
def lay(name):
    labels = places[name].dataset.metadata.set_index("file_name")["label"]
    own = found[name].assign(label=found[name]["file_name"].map(labels[~labels.index.duplicated()]))
    return {pose: joints.take_figures(own[own["label"] == pose]) for pose in places[name].dataset.classes}


views = {name: lay(name) for name in found}
if "keypoints" in study.dataset.metadata:
    of_pose = study.dataset.metadata.groupby("label")["keypoints"]
    views["the drawings' true joints"] = {pose: np.concatenate([joints.read_figures(text) for text in own]) for pose, own in of_pose}
choose("Figures", {name: plotting.show(figures.skeletons(own), alt=(
    f"Skeletons by pose, laid on one another by the hips and the length of the torso: {name}; in brackets how many.")) for name, own in views.items()})

# %% [markdown]
# Of drawings the true joints are known, so it can be said where it fails: a joint counts as found if it is nearer to the true one
# than a fifth of the figure's torso (the *PCK* of this field {cite}`sapp2013`).

# %%
errors = inputs.measure_joints(study.dataset, found.get(THIS_RUN, pd.DataFrame()))
medium = describe_pictures(study.dataset).set_index(study.dataset.metadata["file_name"])["medium"]


def tell_errors(shares):
    best, worst = shares.idxmax(), shares.idxmin()
    by_medium = errors.groupby(errors["file_name"].map(medium))["near"].mean().sort_values()
    means = errors.groupby(["file_name", "figure"])[["far", "swapped"]].mean()
    close = means[means.min(axis=1) < 0.5]  # torso lengths
    return (f"Of {best} it finds {shares.max():.0%} of all joints, of {worst} {shares.min():.0%}; in {by_medium.index[-1]} "
            f"{by_medium.iloc[-1]:.0%}, in {by_medium.index[0]} {by_medium.iloc[0]:.0%}. {(close['swapped'] < close['far']).mean():.0%} of the "
            "figures that it comes near to would fit better with left and right changed: it takes the front for the back.")


if len(errors):
    table = pd.DataFrame({"of all": errors.groupby("label")["near"].mean(), "where a figure is found": errors[errors["seen"]].groupby("label")["near"].mean()})
    display(Markdown(tell_errors(table["of all"])))
    rows = table.stack().rename_axis(["pose", "which"]).rename("share").reset_index()
    rows["hover"] = plotting.describe(rows, "{pose}, {which}: {share:.0%}")
    display(plotting.show(plotting.draw_marks(rows, "share", "pose", "which", 0.5, {"title_text": "joints found (PCK at 0.2)", **plotting.SHARE}), alt=(
        "Share of the drawings' joints that are found within a fifth of the torso's length, by pose: of all figures, and where a figure is found in the picture.")))

# %% [markdown]
# For each pose the drawing where it comes nearest to the truth, and the one where it is furthest off. White is the true skeleton,
# orange the found one.

# %%
def show_drawing(name):
    row = study.dataset.metadata["file_name"].tolist().index(name)
    picture = study.dataset.picture(row, 1000)  # no drawing is so large
    drawn = joints.draw_skeletons(picture, joints.read_figures(study.dataset.metadata["keypoints"].iloc[row]), "white")
    return joints.draw_skeletons(drawn, joints.take_figures(found[THIS_RUN].query("file_name == @name")), "#E69F00")


picked = errors[errors["seen"]].groupby(["label", "file_name"])["far"].mean().groupby("label").agg(
    nearest=lambda far: far.idxmin()[1], furthest=lambda far: far.idxmax()[1]) if len(errors) else pd.DataFrame()
contact_sheet([show_drawing(name) for row in picked.to_numpy() for name in row],
              [f"{label}, {end}, {medium[name]}" for label, row in picked.iterrows() for end, name in row.items()], height=230)

# %% [markdown]
# In art no joints are known, but many pictures have boxes that somebody drew.

# %%
def tell_boxes(own, labels):
    boxed = own.dropna(subset="overlap").assign(label=own["file_name"].map(labels), good=lambda rows: rows["overlap"] > 0.5)
    poses = ", ".join(f"{escape_markdown(pose)} {good:.0%} of {n}" for pose, good, n in boxed.groupby("label")["good"].agg(["mean", "size"]).itertuples())
    return f"{boxed['good'].mean():.0%} of {len(boxed)} found figures share more than half of their box with a drawn one ({poses})"


Markdown("\n".join(f"- *{escape_markdown(name)}*: {tell_boxes(found[name], of.dataset.metadata.drop_duplicates('file_name').set_index('file_name')['label'])}."
                   for name, of in places.items() if name in found and found[name].get("overlap", pd.Series(dtype=float)).notna().any()))

# %% [markdown]
# ## The best recipe
#
# What would one do today? The network stays as it learned from photographs. It sees a picture and its mirror image, and the square
# root is taken of the mean of its features. On these stands a linear classifier in which each pose weighs the same, however many
# pictures it has. How strongly it is held back is chosen by cross-validation within the training part. This takes a second and no GPU.
# It is the model `best`, which `artpose train` trains as it does the thesis' models.
#
# Each row of the table changes one thing. What is asked are the *scientific* settings: network, size, view, mirror image, roots. The
# strength is a *nuisance*: it has to be right, so each row chooses its own. *Fixed* are divisions, folds, seeds and solver. The recipe is
# chosen by the validation parts alone; of equal ones the simplest, which stands first. Fine-tuning with today's means (small constant rate, smoothed
# labels, mixed or distorted pictures, averaged weights) is not among them: it takes a GPU.

# %%
recipes_of = {name: own for name, of in places.items() if len(own := measure(of, "recipes"))}
tuned = {name: {f"fine-tuned, augmented {backbone}": own for backbone, own in found.predictions.groupby("backbone")
                if not statistics.find_doubt(own, places[name].profile)}
         for name in recipes_of if (found := places[name].find("finetuned_aug")).records}
ranked = {name: recipes.compare_recipes(own, tuned.get(name, {})) for name, own in recipes_of.items()}


def tell_gap(name, of):
    first, own = ranked[name].iloc[0], recipes_of[name].query("scheme == 'stratified'")
    gap, needed = first[of], power(tuned[name][of], own[own["model"] == first["model"]])["paired"]
    sure = "surely more" if gap.low > 0 else "surely less" if gap.high < 0 else "not settled"
    points = tables.tell_points(gap.difference, gap.low, gap.high)
    return f"the {of} has {gap.first:.1%} there, a difference of {points}, {sure} (to be sure of five points takes about {needed:,} tested pictures, here are {gap.pictures})"


def tell_sources(name):
    """Which recipe answers sources best that it did not learn from, beside the one that is chosen."""
    table, known = ranked[name].set_index("model")["sources"], describe_pictures(places[name].dataset)["source"]
    first, best = table.index[0], table.idxmax()
    gap, low, high = recipes.compare_on_sources(recipes_of[name], first, best, known.set_axis(places[name].dataset.metadata["file_name"]))
    sure = "surely more" if low > 0 else "more, but with sources drawn anew not surely"
    return (f"of pictures from sources that it did not learn from it names {table[first]:.1%} rightly; of these most, {table[best]:.1%}, are named by "
            f"*{recipes.TITLES[best]}* ({sure}: {tables.tell_points(gap, low, high)})")


def tell_best(name):
    table, found = ranked[name], tuned.get(name, {})
    first, corrected = table.iloc[0], table[[f"p of {of}" for of in found]].min(axis=1)
    better = ", ".join(f"*{recipes.TITLES[model]}*" for model in table["model"][corrected < 0.05]) or "none"
    told = [f"chosen is *{recipes.TITLES[first['model']]}*, by {first['validation']:.1%} of the validation pictures; it names {first['test']:.1%} "
            "of the test pictures rightly", *(tell_gap(name, of) for of in found)]
    if found:
        told.append(f"after correction for the {len(table)} recipes surely better than one of these: {better}")
    if first["sources"] > 0:
        told.append(tell_sources(name))
    return told


def show_recipes(name):
    table = ranked[name].assign(recipe=lambda own: own["model"].map(recipes.TITLES))
    shares = table[["recipe", "validation", "test", "grouped", "sources"]].rename(
        columns={"grouped": "test, works apart", "sources": "other sources"}).dropna(axis="columns", how="all")
    for of in tuned.get(name, {}):
        gaps = [tables.tell_points(gap.difference, gap.low, gap.high) for gap in table[of]]
        shares[f"more than the {of}"] = [f"{gap}, p = {p:.2f}" for gap, p in zip(gaps, table[f"p of {of}"], strict=True)]
    return HTML(shares.style.hide(axis="index").format(na_rep="–", precision=3).to_html())


Markdown("\n".join(f"- *{escape_markdown(name)}*\n" + "\n".join(f"  - {line}" for line in tell_best(name)) for name in ranked))

# %% [markdown]
# Every recipe, the best by validation first. The last columns are its test accuracy less that of the network that is named, on the same
# pictures, with the 95% interval, and p corrected for the number of recipes (Holm). *Other sources* asks about pictures whose source
# was kept out of training and of the choice of strength. A picture that validates in one division may be tested in another, so the
# choice of the recipe is not wholly blind.
# The one that names other sources best is picked on these very pictures, which flatters it; the final model below chooses without them.

# %%
choose("Pictures", {name: show_recipes(name) for name in ranked})

# %% [markdown]
# ### A model to take to a collection
#
# `artpose train --final` fits the recipe on all pictures at once. Another collection is another source. So its strength, and what it
# sees, are chosen by divisions that keep sources apart: the picture, the picture in grey, both, or grey twice, stretched to the square
# and in its own proportions. Colours and formats tell a catalogue; a grey picture in its own proportions tells less of it. How sure its
# answers may be is measured on pictures of works that it did not learn from, by the *expected calibration
# error*. `artpose classify --model final` shows each picture of a collection in the same way and writes a class, a confidence and how unlike it is to all that was learned.

# %%
finals = {name: own for name, of in places.items() if len(own := measure(of, "final"))}


def tell_trust(found):
    error, usual = recipes.measure_calibration(found)
    return (f"{(likeliest_class(found) == found['label']).mean():.0%} rightly, and its confidence is off by {100 * error:.1f} points on average "
            f"(chance alone makes that up to {100 * usual:.1f})")


def tell_strangers(of):
    strangers = of.read("strangers") if not of.trains else ()
    return (f" Of {len(strangers)} artworks that show none of the poses the average one is more unlike than "
            f"{strangers['nearer'].mean():.0%} of the pictures themselves, each held against other works (the AUROC; half would be chance)."
            if len(strangers) else "")


def tell_final(name):
    works, sources = (finals[name][finals[name]["part"] == part] for part in ("validation", "test"))
    of_sources = f" Of other sources it names {tell_trust(sources)}." if len(sources) else " No two sources are known here."
    return f"of other works it names {tell_trust(works)}.{of_sources}{tell_strangers(places[name])}"


def show_final(name):
    right = finals[name].assign(right=likeliest_class(finals[name]) == finals[name]["label"])
    shares = facets.share_sources(places[name].dataset)
    table = pd.DataFrame({"pictures": shares["pictures"]})
    for part, title in {"validation": "other works", "test": "other sources"}.items():
        if len(own := right[right["part"] == part]):
            table[title] = own.groupby("label")["right"].mean()
    if "other sources" in table:
        table["elsewhere"] = shares["pictures"] - shares["from_there"]
    return HTML(table.rename_axis("pose").reset_index().style.hide(axis="index").format(escape, subset="pose").format(
        "{:.0%}", subset=[column for column in table if column.startswith("other ")]).to_html())


Markdown("\n".join(f"- *{escape_markdown(name)}*: {tell_final(name)}" for name in finals))

# %% [markdown]
# By pose. The last column says how many pictures come from elsewhere than the pose's commonest source: so few are left to learn from
# where that source is asked. A pose that one catalogue holds nearly alone is named from these few. Pictures from
# more sources would help most. To take off each source's own mean colour or mean features is no way for a new source, of which too
# little is known.

# %%
choose("Pictures", {name: show_final(name) for name in finals})

# %% [markdown]
# ## Other metadata
#
# A museum knows more of a work than its pose. Mensink and van Gemert asked the Rijksmuseum's pictures for such fields
# {cite}`mensink`, and the thesis names them last of what could be tried. Here the features that poses are told by are asked for
# another field, and for the pose beside it, in the same way: a division for each trial, in which works stay together. A field is asked where at least
# five of its groups have ten pictures each. The *border* is the same question put to six numbers, the mean colour of the outer
# tenth of a picture and how much it varies:
# more of the background than of the figure.

# %%
everywhere = open_places(study)
told = {name: own for name, of in everywhere.items() if len(own := measure(of, "facets"))}


def score_facets(predictions):
    rows = facets.score_facets(predictions).rename(columns={"accuracy_low": "low", "accuracy_high": "high"})
    rows["lane"] = rows["facet"].map(facets.FIELDS) + " (" + rows["groups"].astype(str) + " groups)"
    rows["by"] = rows["backbone"].mask(rows["model"] == "border", "border alone")
    rows["hover"] = plotting.describe(rows, "{lane}, {by}: " + TOLD + "<br>the commonest group is {commonest:.0%}")
    return rows


def tell_facet(rows):
    networks, border = rows[rows["model"] == "probe"], rows[rows["model"] == "border"]
    if networks.empty:
        return ""
    sure = "" if (networks["low"] > networks["commonest"]).all() else " Nothing follows from a network that may be no better than that."
    return (f"{facets.FIELDS[rows['facet'].iloc[0]]}: {tables.tell_range(networks['accuracy'])} by {', '.join(networks['by'])}, "
            f"{tables.tell_range(border['accuracy'])} by the border alone; the commonest is {tables.tell_range(rows['commonest'])}.{sure}")


def show_facets(name):
    axis = {"title_text": "test accuracy", **plotting.SHARE}
    figure = plotting.draw_marks(facet_scores[name], "accuracy", "lane", "by", 0.6, axis)
    figure.update_traces(marker=plotting.mark_style(7, color=plotting.GREY), selector={"name": "border alone"})
    return plotting.show(figure, alt=f"How often other fields are named rightly by a linear probe, beside the class, with 95% intervals, {name}.")


facet_scores = {name: score_facets(own) for name, own in told.items()}
Markdown("Rightly named:\n\n" + "\n".join(f"- *{escape_markdown(name)}*, {line}" for name, own in facet_scores.items()
                                          for _, rows in own.groupby("facet", sort=False) if (line := tell_facet(rows))))

# %%
choose("Pictures", {name: show_facets(name) for name in facet_scores})

# %%
unasked = [(name, facets.FIELDS[field], why) for name, of in everywhere.items() for field, values in facets.read_facets(of.dataset).items()
           if field != "background" and (why := facets.choose_groups(values)[1])]
HTML(tables.fold("What was not asked, and why", pd.DataFrame(unasked, columns=["pictures", "field", "why not"]).style.hide(axis="index").format(
    escape).to_html()))

# %% [markdown]
# ### Where a picture comes from
#
# A field that is told so well is also a way to cheat. Whoever knows the collection may know the pose without having looked at a
# figure, where a pose comes mostly from one collection. So each collection is left out of training and asked. Beside it
# stands what becomes of as many pictures of each pose that are left out at random, since fewer pictures teach less in any case.

# %%
def compare_poses(found):
    table = facets.compare_sources(found).assign(by=lambda rows: rows["model"].map(
        {"left out": "its collection left out", "at random": "as many left out at random"}))
    return table.assign(hover=plotting.describe(table, "{label}, {backbone}, {by}: {mean:.0%} of {size} answers right"))


def tell_common(name):
    """Which pose comes mostly from one source, and what follows."""
    shares = facets.share_sources(everywhere[name].dataset)
    most = (shares["from_there"] / shares["pictures"]).idxmax()
    border, row = told[name].query("facet == 'label' and model == 'border' and label == @most"), shares.loc[most]
    knows = (likeliest_class(border.dropna(axis="columns")) == border["label"]).mean()
    return (f"{row['from_there']} of {row['pictures']} pictures of {escape_markdown(most)} come from one collection "
            f"({escape_markdown(row['source'])}), and their border alone names {knows:.0%} of those tested. From the pose alone one "
            f"could name the source of {shares['from_there'].sum() / shares['pictures'].sum():.0%} of all pictures")


def tell_loss(name):
    """Which pose is named less often where its source is left out."""
    table = compared[name].pivot_table("mean", ["label", "backbone"], "model")
    worst = (table["left out"] - table["at random"]).groupby("label").mean().idxmin()
    return (f"{escape_markdown(worst)} loses most: {tables.tell_range(table.loc[worst, 'left out'])} of its pictures are found with their "
            f"collection left out, {tables.tell_range(table.loc[worst, 'at random'])} with as many left out at random")


compared = {name: compare_poses(own) for name, of in everywhere.items() if name in told and len(own := measure(of, "sources"))}
Markdown("\n".join(f"- *{escape_markdown(name)}*: {tell_common(name)}. {tell_loss(name)}." for name in compared)
         or "These pictures come from one source, so that nothing can be left out.")

# %%
choose("Network", {f"{backbone}, {name}": plotting.show(plotting.draw_marks(
    rows, "mean", "label", "by", 0.5, {"title_text": "share of the pictures named rightly", **plotting.SHARE}), alt=(
        f"How many pictures of each pose a linear probe names rightly where their collection is left out of training, and where as many "
        f"pictures of each pose are left out at random: {backbone}, {name}."))
    for name, own in compared.items() for backbone, rows in own.groupby("backbone", sort=False)})

# %% [markdown]
# ## From drawings to art, and back
#
# The drawings that come with this report are made by a program, of the poses as Section 2.1 of the thesis describes them, in
# four manners: marble, terracotta, oil and engraving. A head that has seen nothing but drawings is asked of art; then it gets a few artworks
# of each pose besides; and the way back.

# %%
taught = {name: own for name, of in places.items() if len(own := measure(of, "drawings"))}
backwards = {name: measure(places[name], "on_drawings") for name in taught}


def score_heads(own):
    rows = drawings.score_heads(own).rename(columns={"accuracy_low": "low", "accuracy_high": "high"})
    return rows.assign(hover=plotting.describe(rows, "{model}, {art} artworks of each pose: " + TOLD))


def tell_gap_of(name, model, art=0):
    gap = gaps[name].set_index(["model", "art"]).loc[(model, art)]
    return tables.tell_points(gap["difference"], gap["low"], gap["high"]) + ", not settled" * (not gap["sure"])


def tell_mistake(counts):
    wrong = counts.where(~np.eye(len(counts), dtype=bool)).stack()
    return f"{wrong.idxmax()[0]} is called {wrong.idxmax()[1]} ({wrong.max():.0f} of {counts.loc[wrong.idxmax()[0]].sum()})"


def tell_drawings(name):
    heads, counts = score_heads(taught[name]), scores.confusion(taught[name].query("model == 'drawings'"))
    alone, few = heads.set_index("model").loc["drawings", "accuracy"], heads[heads["model"] == "art"]
    less, more = few[few["accuracy"] < alone], few[few["accuracy"] >= alone]
    about = f"That is about what {less['art'].iloc[-1]} to {more['art'].iloc[0]} artworks of each pose teach. " if len(less) and len(more) else ""
    return (f"**{escape_markdown(name)}: a head that has seen no artwork names {alone:.0%} of them rightly**, where the commonest pose is "
            f"{counts.sum(axis=1).max() / counts.to_numpy().sum():.0%}. {about}Most often {tell_mistake(counts)}.\n\n"
            "*Drawings added to artworks* change what these teach by\n\n" + "\n".join(
                f"- with {art} of each pose: {tell_gap_of(name, 'drawings and art', art)}" for art in few["art"])
            + "\n\nIntervals are of one difference each; what is settled is corrected for the number of all in this section (Holm).")


def tell_media(name):
    heads = score_heads(taught[name]).set_index("model")["accuracy"]
    alone, but = (heads[heads.index.str.startswith(kind)] for kind in ("drawings in ", "drawings but "))
    alone, but = (own.set_axis(own.index.str.split(n=2).str[2]) for own in (alone, but))
    best, least, worst = alone.idxmax(), alone.idxmin(), but.idxmax()
    taken = scores.confusion(taught[name][taught[name]["model"] == f"drawings but {worst}"])
    return (f"*What misleads is the manner.* {best.capitalize()} drawings alone name {alone[best]:.0%} of the artworks, {least} drawings "
            f"alone {alone[least]:.0%}. Without those in {worst} it is {tell_gap_of(name, f'drawings but {worst}')}, and the commonest "
            f"mistake is that {tell_mistake(taken)}. (Which to leave out was seen on the very pictures that are tested, and that flatters.) "
            f"Where drawings and artworks are each put on a scale of their own, which takes pictures and no label, it is "
            f"{tell_gap_of(name, 'drawings, scaled apart')}.")


def tell_back(name):
    own = backwards[name].assign(right=lambda table: table["pictures"].where(table["called"] == table["label"], 0))
    shares = [own.groupby(by)[["right", "pictures"]].sum().eval("right / pictures") for by in ("medium", "label")]
    ends = [f"{escape_markdown(one)} {share[one]:.0%}" for share in shares for one in (share.idxmax(), share.idxmin())]
    return (f"*The way back.* A head that learned from all {len(places[name].dataset)} artworks names {own['right'].sum() / own['pictures'].sum():.0%} of "
            f"{own['pictures'].sum()} drawings rightly: by manner from {ends[0]} to {ends[1]}, by pose from {ends[2]} to {ends[3]}.")


gaps = {name: drawings.compare_heads(own) for name, own in taught.items()}
Markdown("\n\n".join("\n\n".join([tell_drawings(name), tell_media(name), tell_back(name)]) for name in taught)
         or "None of these pictures are art of the six poses, or no weights are here.")

# %%
def show_shots(name):
    heads = score_heads(taught[name])
    rows = heads[heads["art"] > 0].assign(lane=lambda own: own["art"].astype(str))
    figure = plotting.draw_marks(rows, "accuracy", "lane", "model", 0.4, {"title_text": "test accuracy", **plotting.SHARE})
    figure.add_vline(x=heads.set_index("model").loc["drawings", "accuracy"], line=plotting.DOTTED)
    return plotting.show(figure.update_yaxes(title_text="artworks of each pose"), alt=(
        f"Test accuracy by the artworks of each pose that a head learned from, with and without {backwards[name]['pictures'].sum()} drawings, {name}; dotted: drawings alone."))


def show_manners(name):
    rows = score_heads(taught[name]).query("art == 0").assign(by="drawings", lane=lambda own: own["model"].replace(
        {"^drawings in (.*)": r"\1 alone", "^drawings but": "all but", "^drawings": "all drawings"}, regex=True))
    return plotting.show(plotting.draw_marks(rows, "accuracy", "lane", "by", 0.4, {"title_text": "share of the artworks named rightly", **plotting.SHARE}),
                         alt=f"What drawings of one manner alone, and all but those of one, teach about art, {name}.")


def show_confusion(name, way):
    if way == "art, by drawings alone":
        counts = scores.confusion(taught[name].query("model == 'drawings'"))
    else:
        poses = list(places[name].dataset.classes)
        counts = backwards[name].pivot_table("pictures", "label", "called", "sum", fill_value=0).reindex(
            index=poses, columns=poses, fill_value=0)
    return plotting.show(figures.confusion(counts), alt=f"Which poses are taken for which: {way}, {name}.")


choose("Shown", {**{f"Few artworks, {name}": show_shots(name) for name in taught}, **{f"Manners, {name}": show_manners(name) for name in taught}, **{
    f"{way.capitalize()}, {name}": show_confusion(name, way) for name in taught for way in ("art, by drawings alone", "drawings, by art alone")}})

# %% [markdown]
# ## All pictures on one map
#
# Each mark is a picture, and a network's features put it where it stands: pictures that it finds alike are close together (t-SNE
# {cite}`tsne`). Directions mean nothing, and the width of a gap means little. The network has been told no pose. `artpose
# features` writes the same features of any folder, for maps of one's own.

# %%
def read_map(of):
    table = facets.read_facets(of.dataset).assign(file_name=of.dataset.metadata["file_name"], row=range(len(of.dataset)))
    table["hover"] = plotting.describe(table, "{label}<br>{century}<br>{source}")
    return measure(of, "map").merge(table, on="file_name")


def map_facets(name, table, backbone):
    for by in [by for by in ("label", "source", "century", "background") if table[by].nunique() > 1]:
        named = table.loc[~table[by].isin([OTHERS, UNKNOWN]), by].value_counts().index[:7]  # as many as have a colour
        kept = [*named, OTHERS, UNKNOWN]
        view = table.assign(**{by: table[by].where(table[by].isin(kept), OTHERS)}).sort_values(by, key=lambda own: own.map(kept.index), kind="stable")
        yield f"{facets.FIELDS[by]}, {backbone}, {name}", plotting.show(figures.picture_map(view, by), alt=(
            f"All pictures by what {backbone} finds alike, marked by {facets.FIELDS[by]}, {name}."))


def map_place(name, of):
    for backbone, own in maps[name].groupby("backbone", sort=False):
        yield from map_facets(name, own, backbone)
        rows = own.set_index("row", drop=False)
        shown = of.dataset.rows_to_show(rows.index)[:MOST_SHOWN] if of.trains else []
        if len(shown):
            seen = {row: encode_jpeg(of.dataset.picture(row, SIDE), SIDE) for row in shown}
            yield f"pictures, {backbone}, {name}", plotting.show(figures.picture_map(rows, "label", seen), alt=(
                f"The pictures themselves by what {backbone} finds alike, {name}."))


def tell_neighbours(own):
    known = own != UNKNOWN
    nearest = own.iloc[NearestNeighbors(n_neighbors=1).fit(own[["x", "y"]]).kneighbors(return_distance=False)[:, 0]]
    alike = {facets.FIELDS[by]: (own[by].to_numpy() == nearest[by].to_numpy())[known[by]].mean()
             for by in ("label", "source", "century", "background") if own[by].nunique() > 1}
    return ", ".join(f"{field} {share:.0%}" for field, share in alike.items())


MOST_SHOWN, SIDE = 160, 40  # pictures, and their pixels, that a page can carry
maps = {name: read_map(of) for name, of in everywhere.items()}
Markdown("How often the nearest picture on the map is of the same\n\n" + "\n".join(
    f"- *{escape_markdown(name)}*, {backbone}: {tell_neighbours(rows)}" for name, own in maps.items() for backbone, rows in own.groupby("backbone", sort=False)))

# %%
choose("Marked by", dict(view for name, of in everywhere.items() for view in map_place(name, of)))
