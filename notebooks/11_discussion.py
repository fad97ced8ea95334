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
# helps further, and that the best of its models is a fine-tuned Xception on augmented pictures. This chapter takes these
# questions one by one. Each has two answers: what the thesis says of its museum pictures, and what this run can say of its
# own. On other pictures, with other weights or in another profile the second comes out otherwise.

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

from artpose_lib.data.summary import describe_pictures
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import figures, probes, scores, statistics, tables
from artpose_lib.train.study import NO_WEIGHTS, open_study

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
found = study.train("baseline", "frozen", "finetuned", "finetuned_aug")  # all stored by now
thesis, answers, NOTHING = scores.thesis_accuracies(), {}, "nothing follows"


def answer(question, said, *pairs):
    rows = pd.concat([statistics.compare_models(found.predictions, *pair, study.profile) for pair in pairs])
    counts = rows["verdict"].str.partition(":")[0].value_counts()
    told = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if verdict != NOTHING)
    void = f"{counts.get(NOTHING, 0)} from which {NOTHING}" if NOTHING in counts or rows.empty else ""
    answers[question] = said, f"comparisons, network by network: {', '.join(filter(None, [told, void]))}"
    display(Markdown(f"**The thesis**: {said}.\n\n**This run**: {answers[question][1]}."),
            HTML(tables.changes_table(found.predictions, study.profile, *pairs)))


# %% [markdown]
# ## Do photographs help?
#
# In the tables of this chapter *higher* and *lower* stand where the whole interval of a difference lies on one side of
# zero. Nothing follows from a network that was trained short, did not surely learn, or is not what it is called;
# {doc}`Experiment 1 <06_experiment_1>` says more.

# %%
tops = {model: f"{column.max():.3f} with {column.idxmax()}" for model, column in thesis.items()}
answer("Do photographs help?", f"yes, the best baseline reached {tops['baseline']}, the best frozen model {tops['frozen']}",
       ("baseline", "frozen"), ("baseline", "finetuned"))

# %% [markdown]
# ## Does fine-tuning help beyond that?

# %%
answer("Does fine-tuning help beyond that?", f"yes, the best fine-tuned model reached {tops['finetuned']}",
       ("frozen", "finetuned"))

# %% [markdown]
# ## Does augmentation help?
#
# The two experiments also divide the pictures differently, and the thesis added pictures in between. What a difference is
# due to, this comparison cannot say.

# %%
answer("Does augmentation help?", f"yes, the best augmented model reached {tops['finetuned_aug']}",
       ("finetuned", "finetuned_aug"))

# %% [markdown]
# ## The best model
#
# To look for the best on the test pictures would favour the luckiest. Here it is the one with the highest validation
# accuracy; validation also chose its epoch, so only its test accuracy is a fair one. Whether a network is surely better than
# all others {doc}`the claims <10_claims>` ask.

# %%
ended = scores.name_as_ended(found.predictions)
summary, chosen = (scores.summary(ended, part).set_index(["model", "backbone"]) for part in ("test", "validation"))
best = summary.loc[chosen["accuracy"].idxmax()]
model, backbone = best.name
own = ended.query("model == @model and backbone == @backbone")
chance = found.predictions.query("part == 'test'")["label"].value_counts(normalize=True).max()
title = f"{figures.MODEL_TITLES[model].lower()} {backbone}"
said = f"the fine-tuned Xception on augmented pictures, {thesis.loc['Xception', 'finetuned_aug']:.3f} of the test pictures"
answers["Which model is the best?"] = said, (
    f"the {title}, {best.accuracy:.3f} (95 % interval {best.accuracy_low:.3f} to {best.accuracy_high:.3f}, {best.trials:.0f} trials)"
    + (f", but it {doubt}" if (doubt := statistics.find_doubt(own, study.profile)) else ""))
Markdown(
    f"**The thesis**: {said}.\n\n**This run**: {answers['Which model is the best?'][1]}. Calling every test picture by the "
    f"commonest class would be right {chance:.3f} of the time."
    + "".join(f" {name}: {reason}, so its transfer models are absent." for name, reason in found.missing.items())
    + "".join(f" The training of {row.model} {row.backbone} seed {row.seed} diverged; no number counts it."
              for row in scores.find_diverged(found.predictions).itertuples()))

# %% [markdown]
# ## The pose, or the house that photographed it?
#
# A collection photographs its statuettes before the same grey, and if one pose comes from one collection, the grey is
# enough to know it. So a linear probe learns from all collections but one and is asked about that one. Fewer pictures of a
# pose to learn from cost something by themselves; the control is asked about as many pictures of each pose, dealt from all
# collections. What the first costs beyond the second is what was known of the collection; where the interval of that
# difference reaches to zero, it is not settled that there is any.

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
groups = [probes.accuracies_by_group(own, facets[facet]).assign(facet=facet) for facet in facets]
display(pd.concat(groups)[["facet", "group", "pictures", "accuracy", "low", "high", "others"]].style.hide().format(
    precision=2, escape="html") if groups else Markdown("This data set tells none of the three."))

# %% [markdown]
# ## What a network sees of a pose
#
# **The thesis** suspects that its networks learn the background along with the figure: that a Sebastian is known by his tree,
# his arrows and the soft light of a certain century as much as by his stance. It proposes to draw boxes around the
# figures, to reduce pictures to edges, or to find the joints of the body first.
#
# **This run** can try two things, in {doc}`the chapter on feature maps <08_feature_maps>`. On drawings, where a background
# can be tied to a pose on purpose, it sees whether a network *can* learn a pose by its background. That is no proof that
# the thesis' networks did. On pictures with boxes it sees whether hiding the figure costs more than hiding as much of
# something else, which is a question about those pictures.
#
# ## What stands in the way of certainty
#
# - **Few pictures.** A test part of a hundred pictures leaves an accuracy uncertain by several points either way. The
#   intervals in this book say how much. Of many intervals some miss: each holds for itself alone.
# - **Few trials, and a validation part that is used twice.** It ends each phase and it chooses the epoch, so validation scores
#   are a little too good.
# - **The same work on both sides.** The thesis' divisions let a print and its painting fall into training and test.
#   {doc}`The chapter on the data set <03_data>` counts how often that can happen here.
# - **Labels from searches.** A picture is a Sebastian because a museum's search for Sebastian returned it and someone
#   agreed. Poses and names are not the same thing.
#
# ## In short

# %%
answers["Do networks learn the background too?"] = (
    "it suspects so", "on drawings, whether a network can; on pictures with boxes, what hiding the figure costs")
pd.DataFrame(answers, index=["the thesis says of art", "this run can say of its pictures"]).T.style.format(
    escape="html").set_properties(**{"text-align": "left"})
