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
# # Discussion and conclusion
#
# The thesis concludes that what networks have learned from photographs helps them with poses in art, that augmentation
# helps further, and that the best of its models is a fine-tuned Xception on augmented pictures. This chapter holds the
# same questions against this run. Its numbers are computed from the stored trials when the book is made; on other
# pictures, with other weights or in another profile they come out otherwise, and so may the answers.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
import pandas as pd
from IPython.display import Markdown, display

from artpose_lib.data.summary import describe_pictures
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import figures, probes, scores, statistics
from artpose_lib.train.study import NO_WEIGHTS, open_study

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
found = study.train("baseline", "frozen", "finetuned", "finetuned_aug")  # all stored by now
summary = scores.summary(found.predictions)
beside = scores.against_thesis(summary)
best = summary.sort_values("accuracy", ascending=False, kind="stable").iloc[0]
thesis_best = beside[beside["metric"] == "accuracy"].sort_values("thesis", ascending=False).iloc[0]
chance = found.predictions.query("part == 'test'")["label"].value_counts(normalize=True).max()

# %% [markdown]
# ## Do photographs help?

# %%
def change(before, after):
    lines = [f"- with {row.backbone} from {row.before:.3f} ({row.before_low:.3f} to {row.before_high:.3f}) to {row.after:.3f} "
             f"({row.after_low:.3f} to {row.after_high:.3f}): {row.verdict}."
             for row in statistics.compare_models(summary, before, after).itertuples()]
    titles = [figures.MODEL_TITLES[model].lower() for model in (before, after)]
    return (f"From {' to '.join(titles)}, test accuracy goes\n\n" + "\n".join(lines) if lines else
            f"No network of this run has both models, {' and '.join(titles)}; there is nothing to compare.")


Markdown(change("baseline", "frozen") + "\n\n" + change("baseline", "finetuned"))

# %% [markdown]
# ## Does fine-tuning help beyond that?

# %%
Markdown(change("frozen", "finetuned"))

# %% [markdown]
# Where the profile shortened the fine-tuned models and left the frozen ones whole, this comparison is unfair to the
# fine-tuned.
#
# ## Does augmentation help?

# %%
Markdown(change("finetuned", "finetuned_aug"))

# %% [markdown]
# ## The best model

# %%
Markdown(
    f"In the thesis it is the {figures.MODEL_TITLES[thesis_best.model].lower()} {thesis_best.backbone}, with a mean test "
    f"accuracy of {thesis_best.thesis:.3f}. In this run it is the {figures.MODEL_TITLES[best.model].lower()} "
    f"{best.backbone}, with {best.accuracy:.3f} (95 % interval {best.accuracy_low:.3f} to {best.accuracy_high:.3f}, "
    f"{best.trials} trials). Calling every test picture by the commonest class would be right {chance:.3f} of the time."
    + "".join(f" {name}: {reason}, so its transfer models are absent." for name, reason in found.missing.items())
    + "".join(f" The training of {row.model} {row.backbone} seed {row.seed} diverged; no number counts it."
              for row in scores.find_diverged(found.predictions).itertuples())
)

# %% [markdown]
# ## The pose, or the house that photographed it?
#
# A collection photographs its statuettes before the same grey, and if one pose comes from one collection, the grey is
# enough to know it. So a linear probe learns from all collections but one and is asked about that one. Fewer pictures of a
# pose to learn from cost something by themselves; the control is asked about as many pictures of each pose, dealt from all
# collections. What the first costs beyond the second is what was known of the collection.

# %%
here = [name for name in BACKBONES if study.weights_of(name) != NO_WEIGHTS]
sources = probes.compare_sources(pd.concat([probes.predict_sources(study, name) for name in here]))
columns = ["backbone", "source", "pictures", "left_out", "at_random", "difference"]
display(sources[columns].rename(columns={"left_out": "its collection left out", "at_random": "as many at random"}).style.hide().format(
    precision=2, escape="html") if len(sources) else Markdown("These pictures are not of several collections."))
Markdown("\n".join(
    f"- {row.backbone}: {row.left_out:.2f} where the collection is new, {row.at_random:.2f} at random, a difference of "
    f"{row.difference:+.2f} (95 % interval {row.low:+.2f} to {row.high:+.2f}, collections drawn anew)"
    for row in sources[sources["source"] == "all"].itertuples()))

# %% [markdown]
# The best model of this run, by where the pictures come from, what they are made of and how they were found, where the
# data set tells; *others* is its accuracy without that group. Each picture counts once, and groups of a few pictures are
# taken together.

# %%
facets = describe_pictures(study.dataset)[["source", "medium"]].join(study.dataset.metadata.reindex(columns=["found"]))
facets = facets.set_index(study.dataset.metadata["file_name"]).loc[:, lambda table: table.nunique() > 1]
own = found.predictions.query("model == @best.model and backbone == @best.backbone")
groups = [probes.accuracies_by_group(own, facets[facet]).assign(facet=facet) for facet in facets]
display(pd.concat(groups)[["facet", "group", "pictures", "accuracy", "low", "high", "others"]].style.hide().format(
    precision=2, escape="html") if groups else Markdown("This data set tells none of the three."))

# %% [markdown]
# ## What a network sees of a pose
#
# The thesis suspects that its networks learn the background along with the figure: that a Sebastian is known by his tree,
# his arrows and the soft light of a certain century as much as by his stance. It proposes to draw boxes around the
# figures, to reduce pictures to edges, or to find the joints of the body first. The pictures that come with this book
# know their figures' boxes and joints, and how strongly a background goes with a class is a number that can be
# set, so the suspicion can become an experiment.
#
# ## What stands in the way of certainty
#
# - **Few pictures.** A test part of a hundred pictures leaves an accuracy uncertain by several points either way. The
#   intervals in this book say how much.
# - **The same work on both sides.** The thesis' divisions let a print and its painting fall into training and test.
#   {doc}`The chapter on the data set <03_data>` counts how often that can happen here.
# - **Labels from searches.** A picture is a Sebastian because a museum's search for Sebastian returned it and someone
#   agreed. Poses and names are not the same thing.
#
# ## Conclusion

# %%
transfer = summary[summary["model"] != "baseline"].sort_values("accuracy", ascending=False, kind="stable").head(1)
scratch = summary[summary["model"] == "baseline"].sort_values("accuracy", ascending=False, kind="stable").iloc[0]
Markdown("\n\n".join(
    f"From random weights the best network ({scratch.backbone}) reaches a test accuracy of {scratch.accuracy:.3f} "
    f"({scratch.accuracy_low:.3f} to {scratch.accuracy_high:.3f}); with ImageNet weights the best ({row.backbone}, "
    f"{figures.MODEL_TITLES[row.model].lower()}) reaches {row.accuracy:.3f} ({row.accuracy_low:.3f} to "
    f"{row.accuracy_high:.3f}). "
    + ("The intervals lie apart: in this run photographs did help, as the thesis says."
       if row.accuracy_low > scratch.accuracy_high else
       "The intervals overlap: this run does not settle whether photographs help.")
    for row in transfer.itertuples()
))
