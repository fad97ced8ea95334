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
# picture.

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
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from artpose_lib.data import joints
from artpose_lib.data.summary import OTHERS, UNKNOWN, describe_pictures
from artpose_lib.data.text import escape_markdown
from artpose_lib.model import blazepose
from artpose_lib.report import facets, figures, other_inputs, plotting, scores, setups, statistics, tables
from artpose_lib.report.bootstrap import average_groups
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


def name_inputs(rows):
    """What a row is called: its input, and the network where it is another."""
    return rows["model"].map(MODEL_TITLES) + rows["backbone"].map(
        lambda name: "" if name in (other_inputs.NETWORK, NO_NETWORK) else f" by {name}")


def tell_inputs(rows):
    if rows["verdict"].str.startswith("nothing").all():
        return "nothing follows from so few trials"
    helps, harms = (", ".join(name[0].lower() + name[1:] for name in rows.index[rows["verdict"] == verdict]) or "nothing"
                    for verdict in ("higher", "lower"))
    return f"surely better than the whole picture: {helps}; surely worse: {harms}"


TOLD = "{accuracy:.3f}<br>95% interval {low:.3f} to {high:.3f}<br>trials: {trials}"  # by a mark that is pointed at
display(Markdown(study.banner()))

# %%
answers = {name: own for name, of in places.items() if len(own := measure(of, "inputs_grouped"))}
changes = {name: other_inputs.compare_inputs(own, places[name].profile) for name, own in answers.items()}
changes = {name: rows.set_index(name_inputs(rows)) for name, rows in changes.items() if len(rows)}
recipes_of = {name: own for name, of in places.items() if len(own := measure(of, "recipes"))}
tuned = {name: {f"fine-tuned, augmented {backbone}": own for backbone, own in found.predictions.groupby("backbone")
                if not statistics.find_doubt(own, places[name].profile)}
         for name in recipes_of if (found := places[name].find("finetuned_aug")).records}
ranked = {name: setups.compare_recipes(own, tuned.get(name, {})) for name, own in recipes_of.items()}
finals = {name: own for name, of in places.items() if len(own := measure(of, "final"))}
TEST = "test"  # of a final model: pictures of other sources


def rate_right(found):
    return (likeliest_class(found) == found["label"]).mean()


def tell_answer(name):
    best, told = ranked[name].iloc[0], []
    if name in changes:
        told.append(f"Other inputs: {tell_inputs(changes[name])}.")
    beside = "".join(f"; the {of} {best[of].first:.0%}" for of in tuned.get(name, {}))
    told.append(f"A linear classifier on a network that stays as it is names {best['test']:.0%} of the test pictures rightly{beside}.")
    if best["sources"] > 0:
        told.append(f"Of pictures from sources that it did not learn from it names {best['sources']:.0%}" + (
            f"; the model to take to a collection, which may see them in grey, {rate_right(finals[name].query('part == @TEST')):.0%}." if name in finals else "."))
    return f"**Of {escape_markdown(name)}:**\n\n" + "\n".join(f"- **{line}**" for line in told) + (
        "\n\n*Surely* means that the 95% interval of the difference is off zero, also when corrected for how many inputs of a network were tried.")


Markdown(tell_answer(next(iter(ranked))) if ranked else "**Nothing can be told here: no network has weights.**")

# %% [markdown]
# ## Other inputs
#
# The same pictures are shown to the same network (EfficientNet-Lite0; art also to those of the thesis whose weights were there), with
# a linear probe on top, in other forms. All pictures of a work are in one part:
#
# - *cropped*: to the boxes that somebody drew around the figures, else to those that were found; or *to what is found* by a machine alone
# - *edges*: outlines alone, white on black (Canny's)
# - *joints*: no picture, but where head, shoulders, elbows, wrists, hips, knees and ankles are, in lengths of the torso; or *picture
#   and joints* together. Of drawings the *true* joints are known, which a perfect detector would give

# %%
def tell_perfect(predictions):
    """What a detector without fault would give, where the truth is known."""
    table = scores.summary(predictions[predictions["backbone"].isin([other_inputs.NETWORK, NO_NETWORK])]).set_index("model")
    if "true_joints" not in table.index or table["trials"].min() < statistics.FEWEST_TRIALS:
        return ""
    low, high, value = table.loc["true_joints", ["accuracy_low", "accuracy_high", "accuracy"]]
    seen = f", by the joints that a machine finds {table.loc['joints', 'accuracy']:.0%}" if "joints" in table.index else ""
    return (f" By their true joints alone the probe names {tables.tell_percent(value, low, high)} rightly{seen}, by the whole picture "
            f"{table.loc['whole', 'accuracy']:.0%}." if "whole" in table.index else "")


Markdown("\n".join(f"- *{escape_markdown(name)}*: {tell_inputs(rows)}.{tell_perfect(answers[name])}" for name, rows in changes.items()
                   if name != next(iter(ranked), "") or tell_perfect(answers[name])))  # else it was told above

# %%
def show_inputs(name):
    table = summarise(answers[name]).assign(title=lambda own: own["model"].map(MODEL_TITLES))
    table["hover"] = plotting.describe(table, "{title}, {backbone}: " + TOLD)
    table["backbone"] = table["backbone"].replace(NO_NETWORK, other_inputs.NETWORK)  # beside which it stands
    table = table.sort_values("model", key=lambda names: names.map([*MODEL_TITLES].index), kind="stable")
    axis = {"title_text": "test accuracy of a linear probe", **plotting.SHARE}
    return plotting.show(plotting.draw_marks(table, "accuracy", "title", "backbone", 0.5, axis), alt=(
        f"Test accuracy by what the probe is shown, mean over trials with its 95% interval: {name}."))


choose("Pictures", {name: show_inputs(name) for name in answers})

# %%
def tell_known(own):
    once = own.query("part == 'test' and model in ['cropped', 'found', 'joints']").drop_duplicates(["model", "file_name"])
    return ", ".join(f"{MODEL_TITLES[model].lower()} {share:.0%}" for model, share in
                     once.assign(known=once["shown"] == "all").groupby("model", sort=False)["known"].mean().items()) or "none of these"


Markdown("A picture without a box is shown whole, and one without a figure has the same joints as all others without one, which tells "
         "something too. So many of the tested pictures have what an input takes: " + "; ".join(
    f"*{escape_markdown(name)}*: {tell_known(own)}" for name, own in answers.items()) + ".")

# %%
HTML(tables.fold("The differences in full", tables.differences_table(changes)))

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
    f"It finds a figure: {told}. The answers were stored when BlazePose was at hand." if told else "BlazePose is not at hand here."))
choose("By", {title: show_rate(facet, title) for facet, title in (("label", "pose"), ("medium", "medium"))} if found else {})

# %% [markdown]
# Of drawings the true joints are known, so it can be said where it fails: a joint counts as found if it is nearer to the true one
# than a fifth of the figure's torso (the *PCK* of this field {cite}`sapp2013`).

# %%
errors = other_inputs.measure_joints(study.dataset, found.get(THIS_RUN, pd.DataFrame()))
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
    display(Markdown(tell_errors(errors.groupby("label")["near"].mean())))

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
# Other recipes change one thing each: network, size, view, mirror image, square root. One is chosen by the validation parts alone; of equal
# ones the simplest.

# %%
def tell_gap(name, of):
    first, own = ranked[name].iloc[0], recipes_of[name].query("scheme == 'stratified'")
    gap, needed = first[of], power(tuned[name][of], own[own["model"] == first["model"]])["paired"]
    sure = "surely more" if gap.low > 0 else "surely less" if gap.high < 0 else "not settled"
    points = tables.tell_points(gap.difference, gap.low, gap.high, "+.1f")
    return f"the {of} has {gap.first:.1%} there, a difference of {points}, {sure} (to be sure of five points takes about {needed:,} tested pictures, here are {gap.pictures})"


def compare_on_sources(found, one, two, sources):
    """How much more often recipe `two` is right than `one` of pictures of other sources, which are drawn anew, not the pictures."""
    own = found[found["scheme"] == setups.SOURCES_APART]
    right = own.assign(right=(likeliest_class(own) == own["label"]) * 1.0).pivot(index="file_name", columns="model", values="right")
    gaps = right[two] - right[one]
    return average_groups(*gaps.groupby(sources.reindex(gaps.index)).agg(["sum", "size"]).to_numpy().T)


def tell_sources(name):
    """Which recipe answers sources best that it did not learn from, beside the one that is chosen."""
    table, known = ranked[name].set_index("model")["sources"], describe_pictures(places[name].dataset)["source"]
    first, best = table.index[0], table.idxmax()
    gap, low, high = compare_on_sources(recipes_of[name], first, best, known.set_axis(places[name].dataset.metadata["file_name"]))
    sure = "surely more" if low > 0 else "more, but with sources drawn anew not surely"
    return (f"of pictures from sources that it did not learn from it names {table[first]:.1%} rightly, and the best of all recipes there, "
            f"*{setups.SETUPS[best].title}*, {table[best]:.1%} ({sure}: {tables.tell_points(gap, low, high, '+.1f')})")


def tell_best(name):
    table, found = ranked[name], tuned.get(name, {})
    first, corrected = table.iloc[0], table[[f"p of {of}" for of in found]].min(axis=1)
    better = ", ".join(f"*{setups.SETUPS[model].title}*" for model in table["model"][corrected < 0.05]) or "none"
    told = [f"chosen is *{setups.SETUPS[first['model']].title}*, by {first['validation']:.1%} of the validation pictures; it names {first['test']:.1%} "
            "of the test pictures rightly", *(tell_gap(name, of) for of in found)]
    if found:
        told.append(f"after correction for the {len(table)} recipes surely better than one of these: {better}")
    if first["sources"] > 0:
        told.append(tell_sources(name))
    return told


def show_recipes(name):
    table = ranked[name].assign(recipe=lambda own: own["model"].map(lambda name: setups.SETUPS[name].title))
    shares = table[["recipe", "validation", "test", "grouped", "sources"]].rename(
        columns={"grouped": "test, works apart", "sources": "other sources"}).dropna(axis="columns", how="all")
    for of in tuned.get(name, {}):
        gaps = [tables.tell_points(gap.difference, gap.low, gap.high, "+.1f") for gap in table[of]]
        shares[f"more than the {of}"] = [f"{gap}, p = {p:.2f}" for gap, p in zip(gaps, table[f"p of {of}"], strict=True)]
    return shares.style.hide(axis="index").format(na_rep="–", precision=3).to_html() + (
        "The best by validation comes first. Differences are on the same pictures, p is corrected for how many recipes were tried. A picture "
        "that validates in one division may be tested in another, so the choice is not wholly blind; and the best by other sources is "
        "picked on these very pictures, which flatters it.")


Markdown("\n".join(f"- *{escape_markdown(name)}*\n" + "\n".join(f"  - {line}" for line in tell_best(name)) for name in ranked))

# %%
HTML("".join(tables.fold(f"Every recipe: {name}", show_recipes(name)) for name in ranked))

# %% [markdown]
# ### A model to take to a collection
#
# `artpose train --final` fits the recipe on all pictures at once. Another collection is another source: so its strength, and whether it
# sees pictures in colour, in grey or in their own proportions, are chosen by divisions that keep sources apart. Colours and formats tell a
# catalogue. How sure its answers may be is measured on pictures of works that it did not learn from: by how far its confidence is from
# the share of right answers. `artpose classify --model final` writes a class, a confidence and how unlike all that was learned a picture is.

# %%
def tell_trust(found):
    error, usual = setups.measure_calibration(found)
    return (f"{rate_right(found):.0%} rightly, and its confidence is off by {100 * error:.1f} points on average "
            f"(chance alone makes that up to {100 * usual:.1f})")


def tell_strangers(of):
    strangers = of.read("strangers") if not of.trains else ()
    return (f" Of {len(strangers)} artworks that show none of the poses the average one is more unlike than "
            f"{strangers['nearer'].mean():.0%} of the pictures themselves, each held against other works; half would be chance."
            if len(strangers) else "")


def tell_final(name):
    works, sources = (finals[name][finals[name]["part"] == part] for part in ("validation", TEST))
    of_sources = f" Of other sources it names {tell_trust(sources)}." if len(sources) else " No two sources are known here."
    return f"of other works it names {tell_trust(works)}.{of_sources}{tell_strangers(places[name])}"


def share_sources(dataset):
    """Of each pose its pictures, the source that most of them have, and how many come from there."""
    known = facets.read_facets(dataset).groupby(facets.LABEL)["source"]
    return pd.DataFrame({"pictures": known.size(), "source": known.agg(lambda own: own.mode()[0]),
                         "from_there": known.agg(lambda own: own.value_counts().iloc[0])})


def show_final(name):
    right = finals[name].assign(right=likeliest_class(finals[name]) == finals[name]["label"])
    shares = share_sources(places[name].dataset)
    table = pd.DataFrame({"pictures": shares["pictures"]})
    for part, title in {"validation": "other works", TEST: "other sources"}.items():
        if len(own := right[right["part"] == part]):
            table[title] = own.groupby("label")["right"].mean()
    if "other sources" in table:
        table["elsewhere"] = shares["pictures"] - shares["from_there"]
    return HTML(table.rename_axis("pose").reset_index().style.hide(axis="index").format(escape, subset="pose").format(
        "{:.0%}", subset=[column for column in table if column.startswith("other ")]).to_html())


Markdown("\n".join(f"- *{escape_markdown(name)}*: {tell_final(name)}" for name in finals))

# %% [markdown]
# By pose. The last column says how many pictures come from elsewhere than the pose's commonest source: so few are left to learn from
# where that source is asked.

# %%
choose("Pictures", {name: show_final(name) for name in finals})

# %% [markdown]
# ## Where a picture comes from
#
# A museum knows more of a work than its pose {cite}`mensink`. The same features are asked for another field, and for the pose
# beside it, in divisions that keep works together. The *border* is the same question put to six numbers, the mean colour of the outer
# tenth of a picture and how much it varies: more of the background than of the figure.

# %%
everywhere = open_places(study)
told = {name: own for name, of in everywhere.items() if len(own := measure(of, "facets"))}


def score_facets(predictions):
    rows = pd.concat([summarise(own.dropna(axis="columns", how="all")).assign(
        facet=facet, groups=own["label"].nunique(), commonest=own["label"].value_counts(normalize=True).iloc[0])
        for facet, own in predictions.groupby("facet", sort=False)], ignore_index=True)
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

# %% [markdown]
# A field that is told so well is also a way to cheat. Whoever knows the source may know the pose without having looked at a
# figure. So each source is left out of training and asked; beside it stands what becomes of as many pictures of each pose that are
# left out at random.

# %%
def compare_poses(found):
    right = found.assign(right=likeliest_class(found) == found["label"], by=found["model"].map(
        {"left out": "its source left out", "at random": "as many left out at random"}))
    table = right.groupby(["label", "backbone", "model", "by"])["right"].agg(["mean", "size"]).reset_index()
    return table.assign(hover=plotting.describe(table, "{label}, {backbone}, {by}: {mean:.0%} of {size} answers right"))


def tell_common(name):
    """Which pose comes mostly from one source, and what follows."""
    shares = share_sources(everywhere[name].dataset)
    most = (shares["from_there"] / shares["pictures"]).idxmax()
    border, row = told[name].query("facet == 'label' and model == 'border' and label == @most"), shares.loc[most]
    knows = (likeliest_class(border.dropna(axis="columns")) == border["label"]).mean()
    return (f"{row['from_there']} of {row['pictures']} pictures of {escape_markdown(most)} come from one source "
            f"({escape_markdown(row['source'])}), and their border alone names {knows:.0%} of those tested. From the pose alone one "
            f"could name the source of {shares['from_there'].sum() / shares['pictures'].sum():.0%} of all pictures")


def tell_loss(name):
    """Which pose is named less often where its source is left out."""
    table = compared[name].pivot_table("mean", ["label", "backbone"], "model")
    worst = (table["left out"] - table["at random"]).groupby("label").mean().idxmin()
    return (f"{escape_markdown(worst)} loses most: {tables.tell_range(table.loc[worst, 'left out'])} of its pictures are found with their "
            f"source left out, {tables.tell_range(table.loc[worst, 'at random'])} with as many left out at random")


compared = {name: compare_poses(own) for name, of in everywhere.items() if name in told and len(own := measure(of, "sources"))}
Markdown("\n".join(f"- *{escape_markdown(name)}*: {tell_common(name)}. {tell_loss(name)}." for name in compared)
         or "These pictures come from one source, so that nothing can be left out.")

# %%
choose("Network", {f"{backbone}, {name}": plotting.show(plotting.draw_marks(
    rows, "mean", "label", "by", 0.5, {"title_text": "share of the pictures named rightly", **plotting.SHARE}), alt=(
        f"How many pictures of each pose a linear probe names rightly where their source is left out of training, and where as many "
        f"pictures of each pose are left out at random: {backbone}, {name}."))
    for name, own in compared.items() for backbone, rows in own.groupby("backbone", sort=False)})

# %% [markdown]
# ## From drawings to art, and back
#
# The drawings that come with this report are made by a program, in four manners: marble, terracotta, oil and engraving. A head that has
# seen nothing but drawings is asked of art; then it gets a few artworks of each pose besides; and the way back.

# %%
taught = {name: own for name, of in places.items() if len(own := measure(of, "drawings"))}
backwards = {name: measure(places[name], "on_drawings") for name in taught}


def score_heads(own):
    """The accuracy of each head, and `art`, the artworks of each pose that it learned from."""
    rows = pd.concat([summarise(heads).assign(art=art) for art, heads in own.groupby("art")], ignore_index=True)
    return rows.assign(hover=plotting.describe(rows, "{model}, {art} artworks of each pose: " + TOLD))


def compare_heads(own):
    """What drawings add to so many artworks, and whether that is sure, corrected for the number of rows (Holm)."""
    rows = pd.DataFrame({art: statistics.difference(few.query("model == 'art'"), few.query("model == 'drawings and art'"))._asdict()
                         for art, few in own[own["art"] > 0].groupby("art")}).T
    return rows.assign(sure=multipletests(rows["p"], method="holm")[1] < 0.05)


def tell_gap_of(name, art):
    gap = gaps[name].loc[art]
    doubt = ", not settled" if gap["low"] <= 0 <= gap["high"] else f", not settled as one of {len(gaps[name])} comparisons"
    return tables.tell_points(gap["difference"], gap["low"], gap["high"]) + doubt * (not gap["sure"])


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
                f"- with {art} of each pose: {tell_gap_of(name, art)}" for art in few["art"]))


def tell_media(name):
    heads = score_heads(taught[name]).set_index("model")["accuracy"]
    alone = heads[heads.index.str.startswith("drawings in ")].rename(lambda model: model.removeprefix("drawings in "))
    return f"*What misleads is the manner.* {alone.idxmax().capitalize()} drawings alone name {alone.max():.0%} of the artworks, {alone.idxmin()} drawings alone {alone.min():.0%}."


def tell_back(name):
    own = backwards[name].assign(right=lambda table: table["pictures"].where(table["called"] == table["label"], 0))
    shares = [own.groupby(by)[["right", "pictures"]].sum().eval("right / pictures") for by in ("medium", "label")]
    ends = [f"{escape_markdown(one)} {share[one]:.0%}" for share in shares for one in (share.idxmax(), share.idxmin())]
    return (f"*The way back.* A head that learned from all {len(places[name].dataset)} artworks names {own['right'].sum() / own['pictures'].sum():.0%} of "
            f"{own['pictures'].sum()} drawings rightly: by manner from {ends[0]} to {ends[1]}, by pose from {ends[2]} to {ends[3]}.")


gaps = {name: compare_heads(own) for name, own in taught.items()}
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


choose("Pictures", {name: show_shots(name) for name in taught})

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
        kept = [*(sorted(named) if by == "label" else named), OTHERS, UNKNOWN]  # a class has one colour in the whole book
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
