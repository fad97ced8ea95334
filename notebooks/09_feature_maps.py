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
# painted in sfumato, a torso, a tree and an arrow (its Section 2.4, Figures A.6 and A.7, and its Discussion). Here every
# filter can be looked at. Since an eye finds in a grey spot what it hopes to find, each is measured too.

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
from artpose_lib.explain.optimised import add_optimised, find_stored, measure_answers, optimise
from artpose_lib.explain.parts import DRAWINGS, POSE
from artpose_lib.explain.reader import slug, write_address, write_reader
from artpose_lib.explain.tour import choose_views
from artpose_lib.explain.visualise import visualise_classes
from artpose_lib.report import audit_figures, scores, statistics, tables, verdicts, visualised
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import open_places
from artpose_lib.train.records import likeliest_class
from artpose_lib.train.study import open_study
from artpose_lib.web import contact_sheet

study = open_study(data, weights, profile, results, classes, cluster)
places = open_places(study, poses=True)
augmented = study.train("finetuned_aug")
baselines = study.train("baseline", backbones=list(augmented.missing)).records if augmented.missing else []
finished = [record for record in augmented.records + baselines if record.weights and not len(scores.find_diverged(record.predictions))]
networks = TestedNetworks(finished, study.dataset, study.weights_dir, study.profile)
models = measure_filters(networks, study.results, ablate_all=study.profile.time == 1)
dissected = dissect_networks(models, min(DRAWINGS, study.profile.pictures // 4))

# %%
measured = dissected[dissected["network"].isin([TUNED, SCRATCH])].dropna(subset=["low", "unlearned"])
trained = measured.sort_values("chosen_density").groupby("part", sort=False).tail(1).iloc[::-1]
holding = trained["low"] > trained["unlearned"]

found = tabulate_conditions(train_backgrounds(study))
never, always = (found[found["strength"] == strength] for strength in (found["strength"].min(), found["strength"].max()))
doubt = next(filter(None, (statistics.find_doubt(own, study.profile) for own in (never, always))), "")
cost = statistics.difference(never, always, part="background swapped", second_part="background swapped")

boxed = {name: tabulate_conditions(train_boxes(place)) for name, place in places.items()}
hidden = [f"{name.capitalize()}, {scores.MODEL_TITLES[row.model].lower()} {row.backbone}: hiding the figure costs "
          f"{tables.tell_points(row.difference, row.low, row.high, '.0f')} more than hiding as much elsewhere; {row.verdict}"
          for name, own in boxed.items() for row in statistics.compare_boxes(own, places[name].profile).itertuples()]


words = {verdicts.UNSETTLED: "is not settled"}


def ask_network(name, answers, place, single, several):
    wrong, share, low, high, luck = verdicts.measure_mistakes(answers, single, several, place.dataset.counts())
    return (f"of {wrong} single figures that {name} named wrongly {tables.tell_percent(share, low, high)} were called a group, by the "
            f"sizes of the classes {luck:.0%}: the claim {words.get(verdict := verdicts.judge_interval(low, high, luck), verdict)}"
            ) if wrong else f"{name} named none wrongly"


def ask_mistakes(place):
    single, several = ([name for name in place.dataset.classes if (name in GROUPS) == group] for group in (False, True))
    sure = {name: own for name, own in place.train("finetuned_aug").predictions.groupby("backbone")
            if not statistics.find_doubt(own, place.profile)}
    if not sure or not several:
        return "nothing follows" if several else "no class is a pose of several"
    tested = pd.concat(sure.values()).query("part == 'test' and label in @single")
    pairs = tested.assign(called=likeliest_class).query("called in @several").groupby(["label", "called"])["file_name"].nunique()
    most = (f". {pairs.max()} of these {pairs.sum()} mistakes are a {' called '.join(pairs.idxmax())}"
            + ", where a body lies too, which explains them without a second figure" * (pairs.idxmax() == ("Reclining", "Pieta"))
            if len(pairs) else "")
    return "; ".join(ask_network(name, own, place, single, several) for name, own in sure.items()) + most


mistakes = [f"{name.capitalize()}: {ask_mistakes(place)}" for name, place in places.items()]

taught = ("The networks whose maps are shown here learned from pictures that a program drew, and from no artwork. What follows is "
          "true of drawings, except where artworks are named." if study.embedded else
          "The networks whose maps are shown here learned from these pictures.")

# %%
Markdown(f"""- **Does one filter hold the torso, one the tree, one the arrow?** On drawn Sebastians, where the place of each is known,
  some filter holds a part better than anything that never learned: {', '.join(trained['part'][holding]) or 'none'}. No better:
  {', '.join(trained['part'][~holding]) or 'none'} ([more](#what-a-filter-holds)).
- **Does a network look at the figure?** {'. '.join(hidden) or 'No pictures here have boxes'} ([more](#figure-or-background)).
- **Can it learn the background?** {f'Nothing follows: the network {doubt}' if doubt else
  f'On drawings it can: before a foreign background {cost.first:.0%} are named rightly where the background never told the class, '
  f'{cost.second:.0%} where it always did' if cost.high < 0 else 'Not even on drawings is that settled' if cost.low <= 0 else
  'On drawings it did not'} ([more](#figure-or-background)).
- **Are single figures mistaken for groups?** {'. '.join(mistakes)}. The <a href='11_claims.html#C23'>claims</a> go by the thesis'
  best network alone.

{taught}""".replace("\n  ", " ") + "\n\n" + study.banner())

# %% [markdown]
# ## Scroll
#
# Follow the views of the tour, or choose a picture, a network and a block, and move through its filters: with the
# slider, with the arrow keys, by number, or by a click among all of the block. Where a filter answers, the picture turns
# turquoise. A click on the picture enlarges it. *Keep this view* leaves a copy beside whatever is chosen next, so that two
# filters, two pictures or two networks can be compared.

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
    "What it would like to see": "A picture made for the filter: noise, changed in some hundred steps, each of which raises the filter's mean "
                                 "answer (Olah and others 2017). It starts from the same noise for both networks.",
    "To its earlier picture": "How strongly the filter, after the network learned from these pictures, answers to the picture that was made "
                              "for it before, as a share of its answer to the one made for it now: 100% where it would like to see the same. A little more is "
                              "possible, since the steps end before no picture could be better.",
}
sentences = {
    "a pose": "Filter {number} of block {block} answers most to {best_class}: of a picture of it and one of another class, it has the "
              "higher answer in the first in {selectivity:.0%} of the pairs{luck} (p {p:.3f}).",
    "an edge": "Filter {number} of block {block} draws outlines: its maps correlate by {correlation:.2f} with how sharply lightness changes.",
    "a texture": "Filter {number} of block {block} follows texture: its maps correlate by {correlation:.2f} with how much lightness varies within each place.",
    "a part": "Filter {number} of block {block} answers {density:.1f} times as densely on one part of drawn Sebastians as evenly spread, on the {part}; "
              "what never learned comes to {unlearned:.1f}. {others}",
    "the background": "Filter {number} of block {block} answers beside the figure: {inside:.0%} of its energy lies inside the boxes, where other "
                      "pictures' boxes hold {inside_others:.0%}.",
}
def tell_loudest(model, layer, filter):
    """How many of the test pictures in which a filter answers loudest are of the pose that has the parts, as a sentence."""
    labels = [networks.tested[model.tested[peak["picture"]]].label for peak in model.tables[layer].at[filter, "strongest"]]
    return f"Of its {len(labels)} loudest test pictures {labels.count(POSE)} are of {POSE}." if labels else "No test picture makes it answer."


maps = Path("../book/_static/maps")
reader = write_reader(maps, models, networks.pictures, networks.tested, meanings)
guide = max(zip(models, networks.records, strict=True), key=lambda pair: (TUNED in pair[0].networks, pair[1].facts["test_accuracy"]))[0]
views = choose_views(reader, guide, networks.pictures, dissected)
wished = [(view.layer, view.filter) for view in views if study.profile.name != "smoke" or view.layer == guide.layers[0]]
pictures = {model.key: optimise(model, wished if model is guide else [], stored) for model, stored in zip(
    models, find_stored(networks, study.results, study.weights_dir), strict=True)}
for model in models:
    add_optimised(reader, maps, model, pictures[model.key])
tour = [(view.name, view.address, sentences[view.name].format(
    number=view.filter + 1, block=guide.layers.index(view.layer) + 1, luck="" if view.facts.get("p", 0) <= 0.05 else
    ": no more than some filter does by luck", others=tell_loudest(guide, view.layer, view.filter), **view.facts)) for view in views]
reader.tell(tour)

# %% tags=["full-width"]
reader

# %%
fields = [min(block["field"][0] / block["input"], 1) for model in reader.index["models"] if model["key"] == guide.key for block in model["blocks"]]
Markdown(f"""Below the maps stand the filter's numbers, the test pictures in which it answers loudest, a table of all filters of the block,
and all of them on a plane, where neighbours answer to the same pictures. Each picture is cut to what the answer depends on: in block 1
of {guide.title} a square of {fields[0]:.0%} of the picture's side, in block 3 of {fields[2]:.0%}, in block 5 of {fields[4]:.0%}. One picture cannot show
what a filter has learned: another, without a shoulder, may make the filter of the bright shoulder answer as loudly. In a
notebook with a kernel, the next cell opens an explorer for a picture of your own and for every layer, and shows which
places of a picture speak for a class (Grad-CAM). It takes the addresses of this page's links, such as
`{views[0].address if views else write_address(guide.key, 1, 1, networks.pictures[0].key)}`.""")

# %% tags=["remove-output"]
FeatureMapExplorer(models, networks.pictures, study.dataset.classes)

# %% [markdown]
# A picture that was made for a filter shows what it *would like to see*. It is no picture of anything: it shows all over what
# makes this filter answer.

# %%
display(Markdown(f"This page has those of {len(wished)} filters of its tour. `artpose visualise --model TRIAL --block 4`, with the name that "
                 "`artpose results` gives to a trial of this page, makes them for all filters of a block, and `artpose run 9` then shows them."))
if study.profile.name != "smoke":
    drawn = visualise_classes(next(iter(guide.networks.values())), range(len(study.dataset.classes)))
    display(HTML(tables.fold(
        f"The same for whole classes: what speaks for each in {guide.title}, {next(iter(guide.networks))}",
        contact_sheet(list(drawn), study.dataset.classes, height=190, columns=3).data + "<p>These are no pictures of the classes, and "
        "nothing in them has to be whole. The discussion has those of networks that learned from art.</p>")))

# %%
def count_above(model, network):
    """How many filters answer more to their own picture than to any test picture, and of how many."""
    above = [answer > model.tables[layer]["loudest"][filter] for (title, layer), own in pictures[model.key].items()
             if title == network for filter, answer in measure_answers(model.networks[title], layer, own).items()]
    return sum(above), len(above)


right, asked = count_above(guide, next(iter(guide.networks)))
edition = pd.concat([visualised.read_edition(one.dataset.folder) for one in places.values() if not one.trains] or [pd.DataFrame()])
rows = []
if "filter" in edition and (edition["learned_from"] == visualised.SHUFFLED).any():
    control = edition[edition["learned_from"] == visualised.SHUFFLED].iloc[0]
    of_block = edition[(edition["block"] == control["block"]) & (edition["trial"] == control["trial"])]
    rows = [f'<p class="artpose-name">{escape(control["network"])}, block {control["block"]:.0f}, taught by {escape(source)}</p>'
            + contact_sheet(list(own["picture"]), [f"filter {number + 1:.0f}" for number in own["filter"]], height=140, columns=5).data
            for source, own in of_block.groupby("learned_from", sort=False)]
told = (f"<p>{right} of {asked} such pictures of {escape(guide.title)}, {next(iter(guide.networks))}, make their filter answer more, as a mean over "
        f"the picture, than any of the {len(guide.tested)} test pictures does.</p>")
if rows:
    told += ("<p>A control: the same filters of a network that drawings taught, of the one that photographs taught, and of the latter with the "
             "numbers of each of its weights in another order. Then it has learned nothing, and as strong an answer takes no form.</p>")
HTML(tables.fold("More than noise? How loudly filters answer to these pictures, and a network that learned nothing", told + "".join(rows)))

# %% [markdown]
# **Kinds of filters.** Below the table, all filters of a block stand on a plane, near each other where the same pictures excite
# them. That says something of the filters, and not of these few pictures alone, where neighbours are neighbours on other pictures
# too. And poses that excite the same filters need not share a posture: a material, a colour or a format would do, marble beside
# marble.

# %%
def tell_kinds(model):
    returning = [table["returning"].dropna() for table in model.tables.values()]
    pairs = model.tables[model.layers[-2]].filter(like="auc_").rename(columns=lambda name: name.removeprefix("auc_")).corr()
    pairs = pairs.where(np.triu(np.ones(pairs.shape, bool), 1)).stack().dropna().sort_values()
    if not len(returning[0]) * len(returning[-1]) * len(pairs):
        return f"{model.title}: too few filters are heard to tell."
    (apart, least), (alike, most) = ((" and ".join(pairs.index[end]), pairs.iloc[end]) for end in (0, -1))
    return (f"{model.title}: of ten neighbours by one half of the test pictures, {returning[0].mean():.1f} are neighbours by the other half "
            f"in block 1 and {returning[-1].mean():.1f} in block 5, where luck would bring back {100 / (len(returning[-1]) - 1):.1f}. In block "
            f"4 the filters that answer to {alike} are most alike (correlation of their AUCs {most:+.2f}), to {apart} least ({least:+.2f}).")


Markdown("\n".join(f"- {escape_markdown(tell_kinds(model))}" for model in models))

# %% [markdown]
# ## What a filter holds
#
# Whether a filter holds a part can be asked of many pictures in which the part is known. So every filter of every network was
# shown drawn Sebastians that it had not learned from. For each part, the filter that answers most densely on it was chosen on
# half of the drawings and measured on the other half: of thousands of filters, the best on any one picture is best by luck. To
# hold a part, a filter must do better than what has never learned: how light, how dark or how sharply bounded a place is, and the
# best filter of a network with random weights, which has as many filters to choose from. That a filter is dense on a part of
# Sebastians does not say that it answers to nothing else: thin and straight are arrows, and forearms. So beside each stands how
# many of the pictures in which it answers loudest are Sebastians.

# %%
show(audit_figures.densities(dissected),
     "How densely the best filter of each network answers on torso, tree, arrows and background of drawn Sebastians; dotted: "
     "spread evenly over the picture.")

# %%
keys = [picture.key for picture in networks.pictures]
sebastian = "sebastian" if "sebastian" in keys else keys[0]


def found_on(row):
    address = reader.link(row["model"], row["layer"], row["filter"], sebastian, row["network"])
    what = f"<a href='{address}'>{escape(row['what'])}</a>" if address else escape(row["what"])
    dense = tables.tell_interval(row["density"], row["low"], row["high"], ".1f")
    own = next(model for model in models if model.key == row["model"])
    loudest = f" {escape(tell_loudest(own, row['layer'], row['filter']))}" if row["network"] == next(iter(own.networks)) else ""
    return (f"<li>{row['part']}: {what} answers {dense} times as densely on it; what never learned, up to {row['unlearned']:.1f}. "
            f"{'That is more.' if row['low'] > row['unlearned'] else 'That may be no more.'}{loudest}</li>")


HTML(f"<ul>{''.join(found_on(row) for _, row in trained.iterrows())}</ul>")

# %% [markdown]
# Each network stands beside itself as it was before training. Where what photographs taught does as well, the filter was there
# before the network learned from these pictures. Sfumato, the soft shading that Leonardo named after smoke, no drawing here has; *background* is all
# that is neither figure nor anything that the figure carries, leans on or is bound to.

# %%
def line(model, row, what):
    address = reader.link(model.key, model.layers[-1], row.name)
    return (f"<li>{escape(model.title)}, <a href='{address}'>filter {row.name + 1}</a>, {what}: {row['inside']:.0%} of its "
            f"energy is inside the boxes, and {row['inside_others']:.0%} in other pictures' boxes of that size; its class, if any, "
            f"is {escape(str(row['best_class']))} ({row['selectivity']:.2f}, p {row['p']:.3f})</li>")


lines = []
for model in models:
    table = model.tables[model.layers[-1]].dropna(subset=["inside", "inside_others"])
    if len(table):
        beyond = table["inside"] - table["inside_others"]
        lines += [line(model, table.loc[beyond.idxmin()], "most outside"), line(model, table.loc[beyond.idxmax()], "most inside")]
ends = (f"<ul>{''.join(lines)}</ul><p>Figures stand in the middle of most pictures, and so a filter that answers in the middle, "
        "whatever is there, lies inside. Only what it has there beyond what it has in the boxes of other pictures is due to this "
        "figure. Of hundreds of filters some stand at the ends by luck: look before you believe.</p>")

# %%
shares = pd.DataFrame([
    {"network": model.title, "block": number, "filters": len(table), "selective (p below 0.05)": (table["p"] < 0.05).mean(),
     "energy inside": table["inside"].mean(), "in others' boxes": table["inside_others"].mean(),
     "boxes' share": table["box_share"].mean(),
     "unmoved by training": table["correlation_before_after"].mean(), "neighbours that return": table["returning"].mean()}
    for model in models for number, table in enumerate(model.tables.values(), start=1)])
limits = []
for model in models:
    filters, pictures = sum(len(table) for table in model.tables.values()), len(model.tested)
    fewest = next((m for m in range(1, pictures) if filters / comb(pictures, m) <= 0.05), None)
    limits.append(f"{filters:,} filters of {escape(model.title)} on {pictures} pictures: " + (
        f"{fewest} pictures" if fewest else "no class is large enough"))
styled = shares.style.hide().format(dict.fromkeys(shares.columns[3:7], "{:.0%}") | {"unmoved by training": "{:.2f}", "neighbours that return": "{:.1f}"},
                                    na_rep="not known", escape="html")
HTML(tables.fold("The last block's filters that lie most outside the figures and most inside", ends if lines else
                 "<p>Too few of these pictures have boxes to tell.</p>")
     + tables.fold("Block by block", styled.to_html() +
                   "<p><em>Selective</em> are filters that tell a class better than the luckiest of all five blocks does in 95 of 100 "
                   "shuffles of the labels. Where a class has a handful of test pictures even a filter that never errs may be no rarer "
                   f"than luck. The smallest class whose filter can be found at all: {'; '.join(limits)}.</p>"))

# %% [markdown]
# ## Figure or background
#
# Drawings cannot show what the thesis' networks did. They can show whether a network is able to learn the background, for there
# it is known and can be changed. Networks are trained on drawings whose background goes with the class never, half of the time
# or always, and then asked about the same pictures whole, without their background, without their figure, and with another's
# background. A network that knows the pose alone would not care.

# %%
surroundings, chance = statistics.accuracies_by_condition(found), found["label"].value_counts(normalize=True).max()
show(audit_figures.conditions(surroundings, chance), "The accuracy of networks in each condition; dotted: always the commonest class.")

# %% [markdown]
# *Figure only* shows the figure on plain grey, without what it carries or leans on; *background only* the scene painted
# empty; *figure removed* the scene with its tree, arrows or couch but without the body; *background swapped* everything
# before another class' background. Unless the profile is `thesis`, these networks are frozen ones with a trained head.

# %%
called = surroundings[surroundings["condition"] == "background swapped"]["called_by_background"]
removed = never[never["condition"] == "figure removed"]
poses = removed["label"].unique()
rates = [[(removed["predicted"][(removed["label"] == pose) == own] == pose).mean() for pose in poses] for own in (True, False)]
table = pd.DataFrame({"pose": poses, "its own scenes": rates[0], "other poses' scenes": rates[1]})
most = table.loc[(table["its own scenes"] - table["other poses' scenes"]).idxmax()]
display(Markdown(
    f"Before a foreign background the difference is {tables.tell_points(cost.difference, cost.low, cost.high)}; the "
    f"background's own class is named in {called.iloc[0]:.0%} and {called.iloc[-1]:.0%} of the cases. "
    + (f"Nothing follows, since the network {doubt}." if doubt else
       f"What is left when the body is gone is worth a look: couches, trees and arrows. {escape_markdown(most['pose'])} is named in "
       f"{most['its own scenes']:.0%} of its own empty scenes and {most[table.columns[2]]:.0%} of the others'. What belongs to a pose "
       "need not be part of the body.")))
display(HTML(tables.fold("How often each pose is named where the body is gone, and the background never told the class",
                         table.style.hide().format("{:.0%}", table.columns[1:], escape="html").to_html())))

# %% [markdown]
# **Boxes.** The thesis drew a box around each figure (its Figure A.8) and proposed to learn from what is inside. Networks that have
# learned from whole pictures are shown the inside alone, the picture with its box greyed, and with another picture's box
# greyed, of nearly the same area: a grey patch costs something wherever it lies. All this is worth as much as the boxes.

# %%
folded = [tables.fold(f"With boxes: {name}", statistics.accuracies_by_condition(own)[["condition", "accuracy", "low", "high", "pictures"]]
                      .style.hide().format(dict.fromkeys(["accuracy", "low", "high"], "{:.2f}"), escape="html").to_html()
                      + f"<p>The other's box hides {own.loc[own['condition'] == BOX_CONDITIONS[2], 'hidden'].mean():.0%} of a picture's "
                      "own box; the larger figures are, the less the two can differ.</p>") for name, own in boxed.items() if len(own)]
display(Markdown("".join(f"\n- {line}." for line in hidden) or "No test picture has a box."), HTML("".join(folded)))

# %%
if networks.mistaken and models[0].tables[models[0].layers[-1]][f"importance_{networks.mistaken_for}"].notna().any():
    first, called = models[0], networks.mistaken_for
    speaks = first.tables[first.layers[-1]][f"importance_{called}"]
    heard = np.isfinite(reader.answers[first.key, slug(next(iter(first.networks))), first.layers[-1]][-1])
    spoke = speaks.where(heard).fillna(-np.inf).idxmax()
    address = reader.link(first.key, first.layers[-1], spoke, networks.mistaken.key)
    display(HTML(f"<p><strong>A mistake.</strong> The surest one of {escape(first.title)} is the last of the pictures in the reader: "
                 f"{escape(networks.mistaken.caption)}, taken for {escape(called)}. <a href='{address}'>Filter {spoke + 1}</a> "
                 f"of the last block is the one that speaks loudest for {escape(called)}: see what it finds there.</p>"))

# %% [markdown]
# ## The networks
#
# These are the networks of Experiment 2, fine-tuned on augmented pictures, each beside itself as it was before it learned from these
# pictures. The thesis took its VGG16. In the profile `thesis` a network that has no ImageNet weights here is shown as the baseline of
# Experiment 1 instead. A short profile trains on smaller pictures, but filters pass over a picture of any size, so they are shown
# pictures as large as the network was made for.

# %%
untuned = [model.title for model, record in zip(models, networks.records, strict=True) if record.layers == "frozen"]
display(Markdown(f"In {', '.join(untuned)} only the last layer has learned: the maps are the same before and after training."
                 if untuned else "In each of these networks all layers have learned."))
pd.DataFrame({model.title: {
    "trained": next(iter(model.networks)), "learned at, pixels": record.config["size"], "shown at": model.input_size,
    "seed": record.config["seed"], "test accuracy": f"{record.facts['test_accuracy']:.0%}",
    "filters in its five blocks": f"{sum(map(len, model.tables.values())):,}"}
    for model, record in zip(models, networks.records, strict=True)}).style.format(escape="html")
