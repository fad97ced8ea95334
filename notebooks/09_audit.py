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
# scripts did, on the same pictures, the same divisions and from the same seeds, and see what changes. This chapter does
# that. What was expected was written down before anything was measured; where it turns out wrong, that is a result too.
#
# A difference comes with a 95 % interval, from resampling the trials and the pictures in them. Where the interval
# holds zero, this run cannot tell the two apart, which is not the same as saying that they are alike. Where a network
# did not learn, or would be trained for a short time only, its two conditions cannot be compared, and the table says so.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown

from artpose_lib.data.duplicates import near_duplicate_groups
from artpose_lib.data.poses import POSE_NAMES, thesis_table
from artpose_lib.data.text import escape_markdown
from artpose_lib.report import audit, audit_figures, figures, printed, scores, statistics, tables
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import open_editions
from artpose_lib.train.study import open_study
from artpose_lib.web import contact_sheet

sys.path.append("../benchmarks")
import appendix

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
audit.train_audit(study)
found = audit.tabulate(study)
editions = [own for own in open_editions(Path("../book/reference"), study.results)
            if own.dataset.fingerprint != study.dataset.fingerprint]
rows = tables.stack_rows(found["rows"], {own.data_name: audit.add_verdicts(audit.compare(own)) for own in editions})
Markdown("Numbers without a mark are this run's. Those marked *reference* come with the book and were measured before, "
         "elsewhere:\n\n" + "\n".join(f"- {own.banner()}" for own in editions))

# %% [markdown]
# ## In short
#
# Each place has a number, and below a section of its own. The verdict goes by the interval of that difference alone. *p* is
# corrected for how many differences were tested: where it is above 0.05, the difference may be one of the few that luck makes.

# %%
HTML(tables.audit_overview(rows))

# %% [markdown]
# ## A1: labels and pictures part
#
# The thesis' strangest number is that of its frozen Xception. Every other network that keeps what it learned from
# photographs does far better than guessing; this one hardly does, and the text concludes that it does not learn.

# %%
HTML(tables.audit_section("A1", rows))

# %%
trials = found["one_good_trial"]
lines = {"one good trial, the rest at chance": trials["predicted"].iloc[0],
         "the thesis": scores.thesis_accuracies()["frozen"]["Xception"]}
show(audit_figures.dots(trials, lines),
     alt="Test accuracy of each trial of a frozen network, with labels as they are and permuted.")

# %% [markdown]
# Whoever shuffles the labels and leaves the pictures in place teaches a network nonsense and then marks it by other
# nonsense. The first trial escapes, since its labels are shuffled together with its pictures. The figure shows the trials
# one by one.

# %%
gaps, odd = printed.compare_f1()["gap"], printed.compare_f1().iloc[0]
permuted = trials[trials["condition"] == "labels permuted"]
gap = permuted["weighted_f1"] - permuted["accuracy"]
Markdown(
    f"One number is left over. For its {odd['model']} {odd['backbone']} the thesis prints an accuracy of "
    f"{odd['accuracy']:.3f} and a weighted F1 of {odd['weighted_f1']:.3f}. The two should lie close together, and are "
    f"{gaps[0]:+.3f} apart; in its other models it is {gaps.min():+.3f} to {gaps[1]:+.3f}. With permuted labels they are "
    f"{gap.mean():+.3f} apart here on average, and in no trial more than {gap.max():+.3f}. Permuted labels "
    + ("are no explanation of this F1." if gap.max() < gaps[0] else "may explain this F1 too."))

# %% [markdown]
# ## A3: batch statistics
#
# There is a rival explanation of the frozen Xception's number. Batch normalisation, a part of ResNet50 and Xception, can
# compare each picture with the others of its batch instead of with what it has stored. Then an answer depends on the
# company. But the published scripts build only their baselines and fine-tuned networks so, and not their frozen ones: it
# is no explanation of that number after all. The frozen network here is made to do it, to show what the slip does.
#
# It had to be made on purpose: in the Keras of this project a network asked for an answer uses what it has stored,
# whatever its graph says. The first row of a network sets shuffled batches beside what is stored; the others set batches of
# one class, and single pictures, beside the shuffled batches.

# %%
HTML(tables.audit_section("A3", rows))

# %% [markdown]
# ## A5: how pictures are fed to a network
#
# A network expects its pixels as they were when it learned from photographs. *Caffe* mode exchanges red and blue and
# takes a mean colour away, *[-1, 1]* squeezes the range, *raw* leaves 0 to 255. The text has caffe mode for all three
# networks. That is right for VGG16 and ResNet50. Xception learned in a mode of its own, as EfficientNet-Lite0 did, so
# that there the script should do better than the text.
#
# No script feeds raw values to a frozen network. That row shows what they cost before a network is tuned to them.

# %%
HTML(tables.audit_section("A5", rows))

# %%
tested = rows[rows["id"].isin(["A3", "A5"]) & ~rows["verdict"].str.startswith(audit.UNTESTABLE)]
labels = tested["id"] + " " + tested["model"] + " " + tested["backbone"] + ", " + tested["condition"]
show(audit_figures.differences(tested.assign(label=labels)),
     alt="What batch statistics and preprocessing change in the test accuracy of networks.")

# %% [markdown]
# ## A2, A4 and A8: slips in fine-tuning
#
# These three need whole networks. They are compared only where these are trained as long as the thesis trained them.

# %%
kept = pd.concat([found["kept"].assign(source=study.data_name), *(
    audit.tabulate_kept(edition).assign(source=f"reference: {edition.data_name}") for edition in editions)])
Markdown("" if kept.empty else (
    "The slip in A2 is that a network which should learn in all its layers never does. The text's own recipe, run as it "
    "is written, can end in the same place. Where its second phase, in which all layers learn, never does as well as its "
    "first, the weights kept are those of the first, in which the head alone learned:\n\n") + "\n".join(
        f"- {escape_markdown(row.source)}, {figures.MODEL_TITLES[row.model].lower()} VGG16: so in {row.frozen} of {row.trials} trials"
        for row in kept.itertuples()))

# %%
HTML("".join(tables.audit_section(number, rows) for number in ("A2", "A4", "A8")))

# %% [markdown]
# ## A6 and A7: what five trials can show
#
# Five trials on one division differ only in their first weights. Five trials on five divisions also differ in which
# pictures happen to be tested. The thesis' bars mix the two.

# %%
HTML("".join(tables.audit_section(number, rows) for number in ("A6", "A7")))

# %%
Markdown(
    "Five trials say little about a spread. If one of two standard deviations were larger, the interval of A6 would tell "
    "them apart in so many of a hundred runs:\n\n" + "\n".join(
        f"- {'if both were alike (a false alarm)' if row.ratio == 1 else f'{row.ratio:g} times as large'}: "
        f"{100 * row.found:.0f}" for row in found["spread_power"].itertuples()))

# %%
causes = {"split": "which pictures are trained on and tested", "start": "the first weights and the order of batches",
          "rest": "the two together, and chance"}
parts = found["spread"].set_index("source")
Markdown(
    "Every division was crossed with several first weights, and an analysis of variance takes the two apart. The "
    "standard deviation of test accuracy that is due to\n\n" + "\n".join(
        f"- {causes[row.Index]}: {row.sd:.3f} ({row.low:.3f} to {row.high:.3f})" for row in parts.itertuples())
    + ("\n\nThe division moves the accuracy more than the first weights do."
       if parts.loc["split", "low"] > parts.loc["start", "high"] else
       "\n\nThis run cannot tell which of the two moves the accuracy more."))

# %% [markdown]
# ## A9: curves that end with the shortest trial

# %%
HTML(tables.audit_section("A9", rows))

# %%
Markdown("Here, of the frozen models:\n\n" + "\n".join(
    f"- {row.backbone}: the trials stop after {row.shortest} to {row.longest} epochs. Cut at the shortest, the curve's "
    f"best mean validation accuracy is {row.best_shortest:.3f}; to the longest, {row.best_longest:.3f}."
    for row in found["cut"].itertuples()))

# %% [markdown]
# The longer curve is no fairer at its end, where it is the mean of the few trials that still run; that is why the curves
# of this book say how many these are. And validation pictures chose the epoch that each trial keeps, so either best is a
# little too good.
#
# ## A10: the same work on both sides
#
# A print after a painting, or two photographs of one statue: a network that saw one in training knows the other. Pairs are
# looked for in two ways: by a perceptual hash, which sees a very small grey copy of the picture, and by the features of
# a network. To see what such pairs do, copies are also planted on purpose, in the drawn pictures: mirrored, cropped a little
# and without colour, as a print is of a painting.

# %%
HTML(tables.audit_section("A10", rows))

# %%
pairs, groups = found["pairs"], np.bincount(near_duplicate_groups(study.dataset))
grouped = f"{groups[groups > 1].sum()} pictures stand in a group"


def tell_pairs():
    if not len(pairs):
        return "The features that pairs are looked for with are missing here."
    hashed, alike = pairs["by_hash"], pairs["by_network"]
    if not (hashed | alike).any():
        return (f"Among the {len(study.dataset)} pictures of this run neither the hash nor the network finds a pair "
                f"that looks alike, so there is little to keep together ({grouped}). Below are the pairs that a network "
                "finds closest.")
    return (f"Among the {len(study.dataset)} pictures of this run {(hashed | alike).sum()} pairs look alike: "
            f"{hashed.sum()} by the hash, {alike.sum()} to the network, {(hashed & alike).sum()} by both; "
            f"of these, the pictures have different labels in {(~pairs['same_label']).sum()}. {grouped} that is kept together. "
            "The closest pairs:")


Markdown(tell_pairs())

# %%
both = [shown for pair in pairs.itertuples() if len(shown := study.dataset.rows_to_show([pair.first, pair.second])) == 2]
closest = np.concatenate(both[:4]) if both else []
contact_sheet([study.dataset.picture(row, 320) for row in closest], [study.dataset.caption(row) for row in closest])

# %% [markdown]
# ## A11: counts that do not add up

# %%
counts = thesis_table("class_counts").set_index("label")["training"].astype(int)
total, expected, low, high = counts.sum(), round(0.7 * 1000), counts.idxmin(), counts.idxmax()
Markdown(
    f"The text's list of the training part adds up to {total} pictures, where 0.7 of its 1000 would be {expected}; its "
    f"largest class has {counts[high]}, where SMOTE is said to have brought all to 127. {low} stands there with "
    f"{counts[low]}, beside {high} with {counts[high]}: a slip, perhaps of a 1 in front. That would add 100, and "
    f"{expected - total - 100} would still be missing. So this project takes all counts from the data.")

# %% [markdown]
# Printed means can be counted too. An accuracy is a number of right answers by a number of pictures, and not every
# number with three digits is one ({cite}`grim`). The table asks it of each accuracy that the thesis prints, for the trials
# and test pictures of the text and, where they have others, of the scripts.

# %%
means = printed.check_means()
HTML(tables.fold("Number by number", tables.means_table(means)))

# %%
own = means[means["by"] == "text"]
by_way = own.groupby("possible")["printed"].agg(lambda values: ", ".join(f"{value:.3f}" for value in values))
told = {"rounded": "only if they were rounded", "cut": "only if further digits were cut off",
        "rounded or cut": "either way", "no": "neither way"}
Markdown("By the counts of the text the printed accuracies can be such means\n\n" + "\n".join(
    f"- {words}: {by_way[way]}" for way, words in told.items() if way in by_way)
    + "\n\nNo single rule makes all of them. A mean that neither way gives had other trials or pictures behind it, or was "
      "not the mean of five.")

# %% [markdown]
# ## A12: the rest, cut unequally

# %%
HTML(tables.audit_section("A12", rows))

# %% [markdown]
# ## Sentences beside the thesis' own tables
#
# These are small. They show what a reader who wants to do it again must decide alone.

# %%
Markdown("\n".join(f"- “{row.quote}” (Section {row.section}). {row.beside}" for row in printed.find_slips().itertuples()))

# %% [markdown]
# ## How many pictures would settle it?
#
# Two questions are left that no script can answer: would more pictures help, and how many must be tested before two
# models can be told apart? To the first, a law is fitted to what a frozen network reaches with fewer and fewer training
# pictures.

# %%
told = {"this run": found}
curves = {title: statistics.learning_curve(own["points"]) for title, own in told.items()}
show(audit_figures.learning_curve(found["points"], curves["this run"]), alt="Test accuracy against training pictures a class.")

# %%
reached = found["points"].groupby("pictures")["accuracy"].mean().max()
Markdown("To twice the pictures the law can be continued with some right. Further out nothing here says what becomes of it.\n\n"
         + "\n".join(f"- {title}: {curve.accuracy:.3f} with {curve.pictures:.0f} training pictures a class, where up to "
                     f"{curve.pictures / 2:.0f} were tried (95 % interval {curve.low:.3f} to {curve.high:.3f}, if the law holds)"
                     + f". The best that was measured is {reached:.3f}"
                     + ("; so the law does not promise that more pictures help." if curve.low <= reached else ".")
                     for title, curve in curves.items()))

# %% [markdown]
# How many test pictures two models take that differ by five points depends on how often they disagree. That is asked of
# two networks that learned, and in full. The thesis' test parts had 90 and 150 pictures.

# %%
def tell_power(row):
    return (f"this cannot be said, for {row['doubt']}" if row["doubt"] else
            f"{row['paired']:.0f} pictures if both are tested on the same ones, and {row['apart']:.0f} for each if not "
            f"({row['models']}, which disagree on {row['disagree']:.0%})")


powers = {"this run": found["power"].iloc[0]} | {
    f"*reference, {escape_markdown(edition.data_name)}*": audit.measure_power(edition)
    for edition in editions if set(edition.dataset.classes) == set(POSE_NAMES)}
Markdown("\n".join(f"- {title}: {tell_power(row)}" for title, row in powers.items()))

# %% [markdown]
# ## Appendix: do intervals and verdicts keep their word?
#
# An interval of 95 per cent should hold the truth nineteen times out of twenty, and a verdict should be wrong no more than
# once in twenty. Where the truth is known, that can be counted. So networks are made up: each is right with a known
# share of the pictures, in five trials. Each trial tests a tenth of one pool of pictures, drawn at random, so that trials
# share pictures; half of the pictures are answered alike in all trials. `benchmarks/simulations.py` counts what follows; the
# numbers below are those that it left.
#
# The method is the one of all the scores and differences in this book: a bootstrap on two levels, which draws trials, and
# the pictures of each, anew with replacement {cite}`davisonhinkley`. To all trials together it adds two pictures that
# are named by a coin, one success and one failure on average {cite}`plusfour`. Without them seven right answers out of seven
# would have an interval of no width, as if nothing else could ever happen.

# %%
simulated = appendix.read_reports().get("simulations")


def show_simulations(name, caption):
    table = pd.DataFrame(simulated[name])
    shares = table.columns.intersection(["holds", "does not hold", "not settled", "p <= 0.05", "worse"])
    styled = table.style.hide().format(dict.fromkeys(shares, "{:.1%}"), precision=2, na_rep="")
    return HTML(tables.fold(caption, styled.to_html()))


def show_coverage():
    held = pd.DataFrame(simulated["coverage"]).assign(
        told=lambda rows: rows["held"].map("{:.0%}".format) + rows["width"].map(" ({:.3f})".format))
    table = held.pivot(index=["interval of the", "test pictures"], columns="true accuracy", values="told")
    return HTML(tables.fold(f"How often the truth was held in {simulated['rounds']} runs, and the mean width",
                            table.style.format_index("{:.2f}", axis=1).to_html()))


show_coverage() if simulated else Markdown(
    "There are no simulations beside this report: `python benchmarks simulations` makes them.")

# %% [markdown]
# The verdicts on claims are tried as whole verdicts, by the functions that {doc}`the claims <10_claims>` are checked with.
# Where networks are equal, "holds" and "does not hold" are both wrong, and so is "holds" where closeness ends, "does not
# hold" where a claim is true. What is left is how often something true is found: with few pictures seldom.

# %%
show_simulations("errors", "What is said of claims, by what is true") if simulated else None

# %% [markdown]
# A filter is called selective where its p, corrected for the number of filters and classes, is at most 0.05. A filter that
# never errs is planted among others that know nothing, on a test part as small as those of the museum pictures.

# %%
show_simulations("selectivity", "How often a planted filter is found, and one where none is") if simulated else None

# %% [markdown]
# A temperature that is fitted to a few held-out pictures can make probabilities worse. The table says how far they are from
# the true ones (Kullback-Leibler divergence), as given and as tempered, and how often tempering made them worse.

# %%
show_simulations("temperatures", "What tempering does to probabilities") if simulated else None
