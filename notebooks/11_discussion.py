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
# questions one by one. Each has several answers: what the thesis says; what pictures of art say that were tried before and
# came with this book as numbers, without the pictures; and what this run can say of its own. On other pictures, with other
# weights or in another profile the last comes out otherwise.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from pathlib import Path

import pandas as pd
from IPython.display import HTML, Markdown, display

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.summary import describe_pictures
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.report import figures, probes, scores, statistics, tables
from artpose_lib.report.reference import open_editions
from artpose_lib.train.recipes import MODELS
from artpose_lib.train.study import NO_WEIGHTS, open_study

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
editions = [edition for edition in open_editions(Path("../book/reference"), study.results) if set(edition.dataset.classes)
            == set(POSE_NAMES) and edition.dataset.fingerprint != study.dataset.fingerprint]
places = {f"{len(edition.dataset)} pictures of art": edition for edition in editions} | {"This run": study}
found = {name: place.train(*MODELS) for name, place in places.items()}  # all stored by now
thesis, answers = scores.thesis_accuracies(), {}


def tell(question):
    return Markdown("\n\n".join(f"**{who}**: {what}." for who, what in answers[question].items()))


def sum_up(rows):
    """What comparisons of models say: of those that say something each, of the others why not."""
    silent = rows["verdict"].str.startswith("nothing follows")
    told = [f"{row.verdict} with {row.backbone} ({row.difference:+.3f})" for row in rows[~silent].itertuples()]
    reasons = [reason for verdict in rows.loc[silent, "verdict"] for reason in verdict.split(": ", 1)[1].split("; ")]
    if told:
        return ", ".join(told) + (f"; nothing follows with {', '.join(rows.loc[silent, 'backbone'])}" if silent.any() else "")
    return f"cannot be told ({'; '.join(dict.fromkeys(reasons)) or 'there are no two such models'})"


def answer(question, said, *pairs):
    answers[question], shown = {"The thesis": said}, []
    for name, trials in found.items():
        asked = trials.predictions, places[name].profile
        told = {after: sum_up(statistics.compare_models(asked[0], before, after, asked[1])) for before, after in pairs}
        answers[question][name] = (told.popitem()[1] if len(told) == 1 else "; ".join(
            f"{figures.MODEL_TITLES[after].lower()} {words}" for after, words in told.items()))
        shown.append(tables.fold(f"{name}: the numbers", tables.changes_table(*asked, *pairs)))
    display(tell(question), HTML("".join(shown)))


Markdown("\n\n".join(edition.banner() for edition in editions))

# %% [markdown]
# ## Do photographs help?
#
# *Higher* and *lower* are said where the whole interval of a difference lies on one side of zero, *not settled* where it does
# not. Nothing follows from a network that was trained short, did not surely learn, or is not what it is called;
# {doc}`Experiment 1 <06_experiment_1>` says more. Where no network has both models, its row is missing.

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
# The two experiments also divide the pictures differently, and the thesis added pictures besides. What a difference is
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
question = "Which model is the best?"
answers[question], best = {"The thesis": "the fine-tuned Xception on augmented pictures, "
                           f"{thesis.loc['Xception', 'finetuned_aug']:.3f} of the test pictures"}, {}
for name, trials in found.items():
    ended, keys = scores.name_as_ended(trials.predictions), ["model", "backbone"]
    summary, chosen = (scores.summary(ended, part).set_index(keys) for part in ("test", "validation"))
    row = summary.loc[chosen["accuracy"].idxmax()]
    model, backbone = row.name
    best[name] = ended.query("model == @model and backbone == @backbone")
    commonest = best[name].query("part == 'test'")["label"].value_counts(normalize=True).max()
    doubt = statistics.find_doubt(best[name], places[name].profile)
    answers[question][name] = (
        f"the {figures.MODEL_TITLES[model].lower()} {backbone}, {row.accuracy:.3f} (95 % interval "
        f"{row.accuracy_low:.3f} to {row.accuracy_high:.3f}, {row.trials:.0f} trial{'s' if row.trials > 1 else ''}), where always naming the commonest class "
        f"reaches {commonest:.3f}" + (f"; but it {doubt}" if doubt else ""))
tell(question)

# %%
Markdown("\n".join(f"- {backbone}: {reason}, so this run has no transfer models of it."
                   for backbone, reason in found["This run"].missing.items())
         + "".join(f"\n- The training of {row.model} {row.backbone} seed {row.seed} diverged; no number counts it."
                   for row in scores.find_diverged(found["This run"].predictions).itertuples()))

# %% [markdown]
# ## The pose, or the house that photographed it?
#
# A collection photographs its statuettes before the same grey, and if one pose comes from one collection, the grey is
# enough to know it. So a linear probe learns from all collections but one and is asked about that one. Fewer pictures of a
# pose to learn from cost something by themselves; the control is asked about as many pictures of each pose, dealt from all
# collections. What the first costs beyond the second is what was known of the collection; where the interval of that
# difference reaches to zero, it is not settled that there is any.

# %%
def compare_sources(place):
    if not place.trains:
        return probes.compare_sources(place.read_sources())
    here = [name for name in BACKBONES if place.weights_of(name) != NO_WEIGHTS]
    return probes.compare_sources(pd.concat([probes.predict_sources(place, name) for name in here]))


sources = pd.concat([compare_sources(place).assign(of=name) for name, place in places.items()])
totals = sources[sources["source"] == "all"] if len(sources) else sources
Markdown("\n".join(
    f"- {row.of}, {row.backbone}: {row.left_out:.2f} where the collection is new, {row.at_random:.2f} at random, a difference "
    f"of {row.difference:+.2f} (95 % interval {row.low:+.2f} to {row.high:+.2f}, collections drawn anew)"
    for row in totals.itertuples()) or "These pictures are not of several collections.")

# %%
columns = {"of": "", "backbone": "network", "source": "collection", "pictures": "pictures", "left_out": "left out",
           "at_random": "as many at random", "difference": "difference"}
HTML(tables.fold("Collection by collection", sources[list(columns)].rename(columns=columns).style.hide().format(
    precision=2, escape="html").to_html()) if len(sources) else "")

# %% [markdown]
# The best model, by the collection that the pictures come from, by what they are made of, and by the search that found them,
# where the data set tells. Beside the accuracy on each group stands that on all pictures outside it. Each picture counts
# once, and groups of a few pictures are taken together.

# %%
groups = []
for name, place in places.items():
    facets = describe_pictures(place.dataset)[["source", "medium"]].join(place.dataset.metadata.reindex(columns=["found"]))
    facets = facets.set_index(place.dataset.metadata["file_name"]).loc[:, lambda table: table.nunique() > 1]
    groups += [probes.accuracies_by_group(best[name], facets[facet]).assign(of=name, facet=facet) for facet in facets]
columns = {"of": "", "facet": "by", "group": "group", "pictures": "pictures", "accuracy": "accuracy", "low": "95 % from",
           "high": "to", "others": "outside it"}
by = {"source": "collection", "found": "search"}
HTML(tables.fold("Group by group", pd.concat(groups)[list(columns)].replace({"facet": by}).rename(columns=columns).style.hide()
                 .format(precision=2, escape="html").to_html()) if groups else "These data sets tell none of the three.")

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
answers["Does it know the pose, or the collection?"] = {"The thesis": "it does not ask"} | {
    name: "less accurate where a collection is new, surely with: " + (", ".join(own.query("high < 0")["backbone"]) or "none") + "; "
    "not settled with: " + (", ".join(own.query("low <= 0 <= high")["backbone"]) or "none")
    for name, own in (totals.groupby("of", sort=False) if len(totals) else ())}
answers["Do networks learn the background too?"] = {"The thesis": "it suspects so", "This run": (
    "on drawings, whether a network can; on pictures with boxes, what hiding the figure costs")}
pd.DataFrame(answers).T.fillna("–").style.format(
    escape="html").set_properties(**{"text-align": "left"})
