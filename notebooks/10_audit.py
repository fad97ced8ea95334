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
# # The audit
#
# A thesis has a text, and it has the scripts that made its numbers. In twelve places the two part, or the scripts look
# wrong. Each of these places is a question that can be put to a machine: run it once as the text says and once as the
# scripts did, on the same pictures, the same divisions and from the same seeds, and see what changes. Beside each stands what was
# expected of it.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
import sys
from html import escape

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display

from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.poses import thesis_table
from artpose_lib.data.text import escape_markdown
from artpose_lib.report import audit, audit_figures, figures, planning, printed, scores, tables
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import measure, open_places
from artpose_lib.report.verdicts import UNSETTLED, UNTESTABLE
from artpose_lib.train.recipes import find_recipe
from artpose_lib.train.study import open_study

sys.path += ["../benchmarks", "benchmarks"]  # from here, and from the folder above
import appendix

study = open_study(data, weights, profile, results, classes, cluster)
places = open_places(study)
audit.train_audit(study)
found = {name: audit.tabulate(place) for name, place in places.items() if audit.is_stored(place)}
first, *_ = found
art = found[first]
rows = tables.stack_rows({name: own["rows"] for name, own in found.items()})
tested = rows[(rows["source"] == first) & rows["text"].notna()]
said = {"as expected": "as expected", "the opposite": "the other way", "it matters": "different, with no direction expected",
        UNSETTLED: "not settled", UNTESTABLE: "not to be tested here"}
tally = {words: tested["verdict"].str.startswith(start).sum() for start, words in said.items()}
permuted = tested[(tested["id"] == "A1") & tested["verdict"].str.startswith("as expected")].head(1)
display(Markdown(
    f"**{sum(tally.values())} comparisons of text and scripts on {escape_markdown(first)}: " + ", ".join(f"{n} {words}" for words, n in tally.items() if n) + ".** "
    + "".join(f"The thesis' strangest number has its reason: with labels permuted, as the script does it, the frozen {row.backbone} "
              f"names {row.script:.0%} rightly, and as the text says it {row.text:.0%}." for row in permuted.itertuples())
    + "\n\n" + "\n\n".join(places[name].banner() for name in found)), HTML(tables.audit_overview(rows)))
Markdown("" if rows["source"].nunique() == len(found) else "Of what this run could test, it says the same.")

# %% [markdown]
# Trials of artworks that come with the book come first, where it has any; this run is told of where it says something else. A
# difference has a 95% interval, from resampling the trials and the pictures in them, and *p*, corrected for how many differences were
# tested. If the networks learned, the verdict goes by both. Where the interval holds zero, or p is above 0.05, the two cannot be told
# apart, which is not to say that they are alike.

# %% [markdown]
# ## A1: labels and pictures part
#
# The thesis' strangest number is that of its frozen Xception. Every other network that keeps what it learned from
# photographs does far better than guessing; this one hardly does, and the text concludes that it does not learn.
# But whoever shuffles the labels and leaves the pictures in place teaches a network nonsense and then marks it by other
# nonsense. The first trial escapes, since its labels are shuffled together with its pictures.

# %%
def sign(value):
    return tables.tell_number(value, "+.3f")


def score_one_good_trial(place):
    """A1 trial by trial, and the mean that is predicted of one good trial and the rest at chance, a guess by the classes' shares."""
    plan = audit.plan_comparisons(place, ["A1"])[0]
    table = audit.score_trials(place, {"as the text says": plan.text, plan.condition: plan.script}, "condition")
    shares = place.dataset.counts() / len(place.dataset)
    good, number = table["accuracy"].iloc[0], table["condition"].eq("as the text says").sum()
    return table, (good + (number - 1) * (shares**2).sum()) / number


trials, predicted = score_one_good_trial(places[first])
means = scores.thesis_scores().pivot(index=["model", "backbone"], columns="metric", values="thesis").reset_index()
printed_f1 = means.assign(gap=means["weighted_f1"] - means["accuracy"]).sort_values("gap", ascending=False, ignore_index=True)
gaps, odd = printed_f1["gap"], printed_f1.iloc[0]
gap = trials.query("condition == 'labels permuted'").eval("weighted_f1 - accuracy")
lines = {"one good trial, the rest at chance": predicted,
         "the thesis": scores.thesis_accuracies()["frozen"]["Xception"]}
display(HTML(tables.audit_section("A1", rows)),
        show(audit_figures.dots(trials, lines),
             alt=f"Test accuracy of each trial of a frozen Xception, with labels as they are and permuted: {first}."))
Markdown(
    f"One number is left over. For its {odd['model']} {odd['backbone']} the thesis prints an accuracy of "
    f"{odd['accuracy']:.3f} and a weighted F1 of {odd['weighted_f1']:.3f}, {sign(gaps[0])} apart; in its other models it is "
    f"{sign(gaps.min())} to {sign(gaps[1])}. With permuted labels they are {sign(gap.mean())} apart here on average, and in no "
    f"trial more than {sign(gap.max())}. Permuted labels "
    + ("are no explanation of this F1." if gap.max() < gaps[0] else "may explain this F1 too."))

# %% [markdown]
# ## A3: batch statistics
#
# There is a rival explanation of that number. Batch normalisation, a part of ResNet50 and Xception, can
# compare each picture with the others of its batch instead of with what it has stored. Then an answer depends on the
# company. But the published scripts build only their baselines and fine-tuned networks so, and not their frozen ones: it
# is no explanation after all. The frozen network here is made to do it, to show what the slip does: in shuffled batches
# beside what is stored, then in batches of one class, and with single pictures, beside the shuffled batches.

# %%
HTML(tables.audit_section("A3", rows))

# %% [markdown]
# ## A5: how pictures are fed
#
# *Caffe* mode exchanges red and blue and takes a mean colour away, *[-1, 1]* squeezes the range, *raw* leaves 0 to 255. The
# text has caffe mode for all three networks. That is right for VGG16 and ResNet50. Xception learned from photographs in a
# mode of its own, as EfficientNet-Lite0 did, so that there the script should do better than the text. No script
# feeds raw values to a frozen network; that row shows what they cost before a network is tuned to them.

# %%
HTML(tables.audit_section("A5", rows))

# %% [markdown]
# ## A2, A4 and A8: slips in fine-tuning
#
# These three need whole networks, trained as long as the thesis trained them.

# %%
def count_frozen(place):
    """Of each fine-tuned VGG16, trained as long as the thesis': its trials, and in how many the head alone learned."""
    models = [model for model in ("finetuned", "finetuned_aug") if place.profile.full_strength(find_recipe(model, "VGG16"))]
    found = place.find(*models, backbones=["VGG16"])
    ended = found.diagnoses if found.records else pd.DataFrame(columns=["model", "layers"])
    return ended["layers"].eq("frozen").groupby(ended["model"]).agg(trials="size", frozen="sum").reset_index()


kept = pd.concat(count_frozen(place).assign(source=name) for name, place in places.items())
display(HTML("".join(tables.audit_section(number, rows) for number in ("A2", "A4", "A8"))))
Markdown("" if kept.empty else (
    "The slip in A2 is that a network which should learn in all its layers never does. The text's own recipe can end in the "
    "same place: where its second phase, in which all layers learn, never does as well as its "
    "first, the weights kept are those of the first, in which the head alone learned. So in " + "; ".join(
        f"{row.frozen} of {row.trials} trials of the {figures.MODEL_TITLES[row.model].lower()} VGG16 "
        f"on {escape_markdown(row.source)}" for row in kept.itertuples()) + "."))

# %% [markdown]
# ## A6 and A7: five trials
#
# Five trials on one division differ only in their first weights. Five trials on five divisions also differ in which
# pictures happen to be tested. The thesis' bars mix the two.

# %%
causes = {"split": "which pictures are trained on and tested", "start": "the first weights and the order of batches",
          "rest": "the two together, and chance"}


def tell(say):
    """What is said of the first place, and of the others where they conclude otherwise."""
    said = {name: say(own) for name, own in found.items()}
    return Markdown("\n\n".join(f"**On {escape_markdown(name)}**: {numbers} {conclusion}" for name, (numbers, conclusion)
                                in said.items() if name == first or conclusion != said[first][1]))


def tell_spread(own):
    parts = own["spread"].set_index("source")
    return ("the standard deviation of test accuracy that is due to " + "; ".join(
        f"{causes[row.Index]}: {row.sd:.3f} ({row.low:.3f} to {row.high:.3f})" for row in parts.itertuples()) + ".",
        "The division moves the accuracy more than the first weights do."
        if parts.loc["split", "low"] > parts.loc["start", "high"] else
        "It cannot be told which of the two moves the accuracy more.")


display(HTML("".join(tables.audit_section(number, rows) for number in ("A6", "A7"))))
Markdown("Five trials say little about a spread. So every division was also crossed with several first weights, and an analysis of "
         "variance takes the two apart.\n\n" + tell(tell_spread).data)

# %% [markdown]
# ## A9 and A12: what is cut short

# %%
def cut_curves(place):
    """The best mean validation accuracy of each backbone if its curve stops where its shortest trial does, or its longest."""
    history = pd.concat([own.find(place).history for own in audit.plan_tables(place)["ends"].values()])
    ends = history.groupby(["backbone", "seed"], sort=False)["epoch"].max().groupby("backbone", sort=False)
    table = ends.agg(shortest="min", longest="max")
    for stop in ("shortest", "longest"):
        shown = history[history["epoch"] <= history["backbone"].map(table[stop])]
        table[f"best_{stop}"] = shown.groupby(["backbone", "epoch"])["val_accuracy"].mean().groupby("backbone").max()
    return table.reset_index()


display(HTML("".join(tables.audit_section(number, rows) for number in ("A9", "A12"))))
Markdown("Of A9, the frozen models' best mean validation accuracy, if the curve is cut at the shortest trial or goes to the "
         "longest: " + "; ".join(
             f"{row.backbone} {row.best_shortest:.3f} after {row.shortest} epochs, {row.best_longest:.3f} after {row.longest}"
             for row in cut_curves(places[first]).itertuples()) + ". The longer curve is no fairer at its end, where it is the mean of few "
         "trials.")

# %% [markdown]
# ## A10: the same work on both sides
#
# A print after a painting, or two photographs of one statue: a network that saw one in training knows the other. Pairs are
# looked for in two ways: by a perceptual hash, which sees a very small grey copy of the picture, and by the features of
# a network. What the hash finds, or a table names as one work, is kept together in a *grouped* division. What the network alone finds
# is not, so that the division is the same without its weights; {doc}`curating <02_curating>` shows both to a person, who decides.

# %%
def tell_pairs(name):
    place, pairs = places[name], measure(places[name], "pairs")
    works = near_duplicate_groups(place.dataset) if place.trains else place.dataset.metadata["work"].to_numpy(int)
    works, (hashed, alike) = np.bincount(works), pairs[["by_hash", "by_network"]].to_numpy(bool).T
    return (f"- {escape_markdown(name)}: of {len(place.dataset)} pictures {(hashed | alike).sum()} pairs look alike, {hashed.sum()} "
            f"by the hash, {alike.sum()} to the network, {(hashed & alike).sum()} to both. {works[works > 1].sum()} "
            "pictures stand in a group that is kept together.")


display(HTML(tables.audit_section("A10", rows)))
Markdown("\n".join(map(tell_pairs, found)))

# %% [markdown]
# ## A11: counts that do not add up
#
# Printed counts can be added up, and printed means can be counted. An accuracy is a number of right answers by a number of
# pictures, and not every number with three digits is one {cite}`grim`.

# %%
def count_right(printed, of):
    """How a number of right answers out of so many gives this share, in thousandths: in whole numbers, as halves go either way."""
    gaps = [1000 * right - printed * of for right in (printed * of // 1000, printed * of // 1000 + 1)]
    return any(2 * abs(gap) <= of for gap in gaps), any(0 <= gap < of for gap in gaps)  # rounded, cut off


counts = thesis_table("class_counts").set_index("label")["training"].astype(int)
total, expected, low, high = counts.sum(), round(0.7 * 1000), counts.idxmin(), counts.idxmax()
told = {(True, False): "only if they were rounded", (False, True): "only if further digits were cut off",
        (True, True): "either way", (False, False): "neither way"}
means = scores.thesis_scores().query("metric == 'accuracy'")  # by the text of five trials, of 0.1 of 900 pictures or 0.15 of 1000
ways = [told[count_right(round(1000 * row.thesis), 5 * (150 if row.model == "finetuned_aug" else 90))] for row in means.itertuples()]
by_way = means.assign(way=ways).groupby("way")["thesis"].agg(lambda values: ", ".join(f"{value:.3f}" for value in values))
display(HTML(tables.audit_section("A11", rows)), Markdown(
    f"The text's list of the training part adds up to {total} pictures, where 0.7 of its 1000 would be {expected}; its "
    f"largest class has {counts[high]}, where SMOTE is said to have brought all to 127. {low} stands there with "
    f"{counts[low]}, beside {high} with {counts[high]}: a slip, perhaps of a 1 in front. That would add 100, and "
    f"{expected - total - 100} would still be missing. So this project takes all counts from the data.\n\n"
    "By the counts of the text the printed accuracies can be such means " + "; ".join(f"{way}: {own}" for way, own in by_way.items())
    + ". A mean that neither way gives had other trials or pictures behind it, or was not the mean of five."))
slips = [f"<li>“{escape(row.quote)}” (Section {escape(row.section)}). {escape(row.beside)}</li>" for row in printed.find_slips().itertuples()]
HTML(tables.fold(f"{len(slips)} sentences beside the thesis' own tables", f"<ul>{''.join(slips)}</ul>"))

# %% [markdown]
# ## How many pictures would settle it?
#
# Two questions are left that no script can answer: would more pictures help, and how many must be tested before two
# models can be told apart? To the first, a law is fitted to what a frozen network reaches with fewer and fewer training
# pictures. To twice the pictures it can be continued with some right; further out nothing here says what becomes of it.

# %%
def tell_curve(own):
    curve, reached = planning.learning_curve(own["points"]), own["points"].groupby("pictures")["accuracy"].mean().max()
    return (f"{tables.tell_percent(curve.accuracy, curve.low, curve.high)} with {curve.pictures:.0f} training pictures a class, if "
            f"the law holds, where {reached:.0%} is the best that was measured with up to {curve.pictures / 2:.0f}.", "So the law does not promise that more pictures help." if curve.low <= reached
            else "So more pictures should help.")


def tell_power(own):
    row = own["power"].iloc[0]
    return (f"this cannot be said: {row['doubt']}." if row["doubt"] else
            f"{row['paired']:.0f} pictures if both are tested on the same ones, and {row['apart']:.0f} for each if not "
            f"({row['models']}, which disagree on {row['disagree']:.0%}).", "")


display(show(audit_figures.learning_curve(art["points"], planning.learning_curve(art["points"])),
             alt=f"Test accuracy of a frozen network against training pictures a class: {first}."), tell(tell_curve))
Markdown("How many test pictures two models take that differ by five points depends on how often they disagree. The thesis' "
         "test parts had 90 and 150 pictures. " + tell(tell_power).data)

# %% [markdown]
# ## Appendix: do intervals hold?
#
# An interval of 95 per cent should hold the truth nineteen times out of twenty, and a verdict should be wrong no more than
# once in twenty. `benchmarks/simulations.py` counts that with made-up networks, of which the truth is known: each is right with
# a known share of the pictures, in five trials, each of which tests a tenth of one pool of pictures; half of the
# pictures are answered alike in all trials.
#
# The method is the one of all the scores and differences in this book: a bootstrap on two levels, which draws trials, and
# the pictures of each, anew with replacement {cite}`davisonhinkley`. To all trials together it adds two pictures that
# are named by a coin, one success and one failure on average {cite}`plusfour`. Without them seven right answers out of seven
# would have an interval of no width, as if nothing else could ever happen.
#
# Few trials tell badly how much trials differ, so distances are widened as a t-quantile would {cite}`satterthwaite`. Three
# or four trials that differ as much as those of the fine-tuned VGG16, and hardly by their pictures, are still too few: the rows with
# such a standard deviation say how often equal networks are then told apart.
#
# Verdicts on claims are tried as whole verdicts. Where networks are equal, "holds" and "does not hold" are both wrong. A
# filter that never errs is planted among others that know nothing. And a temperature that is fitted to a few held-out
# pictures can make probabilities worse: the last table says how far they are from the true ones (Kullback-Leibler
# divergence).

# %%
simulated = appendix.read_reports().get("simulations")


def fold_simulations(name, caption):
    table = pd.DataFrame(simulated[name])
    shares = table.columns.intersection(["holds", "does not hold", "not settled", "p <= 0.05", "worse"])
    styled = table.style.hide().format(dict.fromkeys(shares, "{:.1%}"), precision=2, na_rep="")
    return tables.fold(caption, styled.to_html())


def fold_coverage():
    held = pd.DataFrame(simulated["coverage"]).assign(
        told=lambda rows: rows["held"].map("{:.0%}".format) + rows["width"].map(" ({:.3f})".format))
    table = held.pivot(index=["interval of the", "test pictures"], columns="true accuracy", values="told")
    return tables.fold(f"How often the truth was held in {simulated['rounds']} runs, and the mean width",
                       table.style.format_index("{:.2f}", axis=1).to_html())


HTML(fold_coverage()
     + fold_simulations("errors", "What is said of claims, by what is true")
     + fold_simulations("selectivity", "How often a planted filter is found, and one where none is")
     + fold_simulations("temperatures", "What tempering does to probabilities")) if simulated else Markdown(
    "There are no simulations beside this report: `python benchmarks simulations` makes them.")
