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
# The answers first: what pictures of art say that were tried before and came with this book as numbers, what this run says
# of its own pictures, and what the thesis says. In brackets are 95 % intervals. *Higher* and *lower* are said where the whole
# interval of a difference lies on one side of zero, *not settled* where it does not. Nothing follows from a network that was
# trained short, did not surely learn, or is not what it is called.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
import pandas as pd
from IPython.display import HTML, Markdown

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.summary import describe_pictures
from artpose_lib.data.text import escape_markdown
from artpose_lib.explain.backgrounds import tabulate_conditions, train_boxes
from artpose_lib.report import probes, scores, statistics, tables
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.reference import measure, open_places
from artpose_lib.train.recipes import MODELS
from artpose_lib.train.study import open_study
from artpose_lib.train.variants import VARIANTS

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
every, places = open_places(study), open_places(study, poses=True)
trials = {name: place.train(*MODELS) for name, place in every.items()}
others = [name for name, place in places.items() if set(place.dataset.classes) != set(POSE_NAMES)]
thesis, best = scores.thesis_accuracies(), {}
said = {model: f"{own.max():.2f} with {own.idxmax()}" for model, own in thesis.items()}


def span(value, low, high, form=".2f"):
    return f"{value:{form}} [{low:{form}}, {high:{form}}]".replace("-", "−")


def tell(answers, words):
    return Markdown("\n".join(f"- *{escape_markdown(who)}*{', of other classes than the thesis' * (who in others)}: {what}."
                              for who, what in (answers | {"the thesis": words}).items()))


def compare(name, before, after):
    """What follows of two models, network by network; of those that say nothing once why."""
    rows = statistics.compare_models(trials[name].predictions, before, after, places[name].profile)
    silent = rows["verdict"].str.startswith("nothing follows")
    told = [f"{row.verdict} with {row.backbone}, {span(row.difference, row.low, row.high, '+.2f')}"
            for row in rows[~silent].itertuples()]
    told += [f"nothing follows with {', '.join(own)} ({verdict.removeprefix('nothing follows: ')})"
             for verdict, own in rows[silent].groupby("verdict")["backbone"]]
    return "; ".join(told) or "no network here has both models"


# %% [markdown]
# ## Can a network tell these poses apart?

# %%
answers = {}
for name, place in places.items():
    ended, keys = scores.name_as_ended(trials[name].predictions), ["model", "backbone"]
    summary, chosen = (scores.summary(ended, part).set_index(keys) for part in ("test", "validation"))
    if chosen["accuracy"].isna().all():
        answers[name] = "the training of every network diverged"
        continue
    row = summary.loc[chosen["accuracy"].idxmax()]
    model, backbone = row.name
    best[name] = ended.query("model == @model and backbone == @backbone")
    doubt = statistics.find_doubt(best[name], place.profile)
    answers[name] = (f"{f'nothing follows, since it {doubt}:' if doubt else 'yes,'} the {MODEL_TITLES[model].lower()} {backbone} "
                     f"names {span(row.accuracy, row.accuracy_low, row.accuracy_high)} rightly, always the commonest class would "
                     f"{statistics.compare_with_commonest(best[name]).first:.2f}")
tell(answers, f"yes, {said['finetuned_aug']}")

# %% [markdown]
# That is the model with the highest validation accuracy: to look for the best on the test pictures would favour the luckiest.
# Whether it is surely better than all others {doc}`the claims <11_claims>` ask.
#
# ## Do photographs help?

# %%
answers = {name: f"Frozen networks beside those that start from nothing: {compare(name, 'baseline', 'frozen')}. Fine-tuned ones: "
           f"{compare(name, 'baseline', 'finetuned')}" for name in places}
for name, place in places.items():
    if not place.trains:
        simple = place.read("simple_random")
        bare = simple[simple["model"] == "thumbnail"]
        found = {backbone: statistics.difference(bare, own)
                 for backbone, own in simple[simple["model"] == "probe"].groupby("backbone", sort=False)}
        answers[name] = "A linear probe on what photographs taught, less the same on a thumbnail's pixels: " + "; ".join(
            f"{'higher' if own.low > 0 else 'lower' if own.high < 0 else 'not settled'} with {backbone}, "
            f"{span(*own[2:5], '+.2f')}" for backbone, own in found.items()) + f". {answers[name]}"
tell(answers, f"yes, from {said['baseline']} to {said['frozen']} and {said['finetuned']}")

# %% [markdown]
# ## Does fine-tuning help beyond a frozen network?

# %%
tell({name: compare(name, "frozen", "finetuned") for name in places}, f"yes, from {said['frozen']} to {said['finetuned']}")

# %% [markdown]
# ## Does augmentation help beyond that?

# %%
tell({name: compare(name, "finetuned", "finetuned_aug") for name in places},
     f"yes, from {said['finetuned']} to {said['finetuned_aug']}")

# %% [markdown]
# The two experiments also divide the pictures differently, and the thesis added pictures besides. What a difference is due to,
# this comparison cannot say.
#
# ## Are new collections harder?

# %%
sources = pd.concat([probes.compare_sources(measure(place, "sources")).assign(of=name) for name, place in places.items()])
totals = sources[sources["source"] == "all"] if len(sources) else pd.DataFrame(columns=["of"])
tell({name: "; ".join(
    f"{'yes' if row.high < 0 else 'no' if row.low > 0 else 'not settled'} for a probe on {row.backbone}, "
    f"{span(row.difference, row.low, row.high, '+.2f')}" for row in totals[totals["of"] == name].itertuples())
    or "these pictures are not of several collections" for name in places}, "it does not ask")

# %% [markdown]
# A collection photographs its statuettes before the same grey, and if one pose comes from one collection, the grey is enough to
# know it. So a linear probe learns from all collections but one and is asked about that one; the control is asked about as many
# pictures of each pose, dealt from all collections.
#
# ## Do networks look at the figure, or around it?

# %%
def ask_boxes(place):
    return "; ".join(f"the {MODEL_TITLES[row.model].lower()} {row.backbone} loses {span(row.difference, row.low, row.high, '+.2f')} "
                     f"more where the figure is hidden than where as much is hidden elsewhere: {row.verdict}" for row in
                     statistics.compare_boxes(tabulate_conditions(train_boxes(place)), place.profile).itertuples()) or "no boxes here"


tell({name: ask_boxes(place) for name, place in places.items()},
     "it suspects that its networks learn the background along with the pose")

# %% [markdown]
# The figure's box is greyed, or as much of the same picture where another picture's figure stands.
# {doc}`The feature maps <09_feature_maps>` show more, and on drawings whether a network *can* learn a pose by its background.
#
# ## Every model
#
# Mean test accuracy over the trials, with its interval. A star marks what proves nothing: networks that were trained
# short, or are not surely above the commonest class, or whose last layer alone learned. Styles are another question, put to
# the same recipes.

# %%
def column(name, place):
    rows = scores.name_as_ended(trials[name].predictions)
    doubted = {key for key, own in rows.groupby(["model", "backbone"]) if statistics.find_doubt(own, place.profile)}
    if not place.trains:
        rows = pd.concat([rows, place.read("simple_random")])
    table = scores.summary(rows).dropna(subset="accuracy").set_index(["model", "backbone"])
    return pd.Series({key: span(row.accuracy, row.accuracy_low, row.accuracy_high) + "*" * (
        key in doubted) for key, row in table.iterrows()}, name=name)


stated = thesis.stack().map("{:.3f}".format).rename("thesis").swaplevel()
table = pd.concat([stated, *(column(name, place) for name, place in every.items())], axis=1)
table = table.reindex(sorted(table.index, key=lambda key: (list(MODEL_TITLES).index(key[0]), key[1]))).fillna("–")
styled = table.rename(MODEL_TITLES, level=0).rename_axis(["model", "network"]).style.format(escape="html").format_index(escape="html", axis=1)
HTML(f'<div style="overflow-x: auto">{styled.set_properties(**{"white-space": "nowrap"}).to_html()}</div>')

# %% [markdown]
# ## What these answers rest on
#
# *Few pictures* leave an accuracy uncertain by several points either way; the intervals say how much, and each holds for
# itself alone. *Validation* ends each phase and chooses the epoch, so its scores are a little too good. *Labels* come from
# searches: a picture is a Sebastian because a museum's search for Sebastian returned it and someone agreed.

# %%
def separate_works(place):
    """What it costs frozen networks that all pictures of a work stand on one side, network by network."""
    apart, together = (place.find("frozen", variant=VARIANTS[f"A10 duplicates {way}"]) for way in ("apart", "together"))
    if apart.records and together.records:
        sides = [dict(iter(own.predictions.groupby("backbone"))) for own in (apart, together)]
        for backbone, own in sides[0].items():
            row = statistics.compare(own, sides[1][backbone], place.profile)
            yield f"{row['verdict']} with {backbone}" + (f", {span(row['difference'], row['low'], row['high'], '+.2f')}" if row["trials"] else "")


def limits(place):
    facets = describe_pictures(place.dataset)
    counts, owners = place.dataset.counts().sort_values(), pd.crosstab(facets["label"], facets["source"])
    shares = owners.div(owners.sum(axis=1), axis=0).max(axis=1)
    yield f"the fewest are of {escape_markdown(counts.index[0])}, {counts.iloc[0]}"
    if owners.shape[1] > 1:
        largest = shares.idxmax()
        yield f"{shares.max():.0%} of {escape_markdown(largest)} come from {escape_markdown(owners.loc[largest].idxmax())}"
    if chosen := (place.dataset.metadata.get("found", pd.Series()) == "second").sum():
        yield f"{chosen} come from a search in which EfficientNet-Lite0 helped to choose, so its numbers are a little too good"
    if found := "; ".join(separate_works(place)):
        yield f"with all pictures of a work on one side, frozen networks: {found}"


Markdown("\n".join(f"- *{escape_markdown(name)}*: {'; '.join(limits(place))}." for name, place in places.items()))

# %% [markdown]
# The best model, by the collection that the pictures come from, by what they are made of, and by the search that found them,
# where the data set tells. Beside the accuracy on each group stands that on all pictures outside it. Each picture counts once.

# %%
groups = []
for name, place in places.items():
    if name not in best:
        continue
    facets = describe_pictures(place.dataset)[["source", "medium"]].join(place.dataset.metadata.reindex(columns=["found"]))
    facets = facets.set_index(place.dataset.metadata["file_name"]).loc[:, lambda table: table.nunique() > 1]
    groups += [probes.accuracies_by_group(best[name], facets[facet]).assign(of=name, facet=facet) for facet in facets]
shown = {"Collection by collection, left out and as many pictures at random": sources,
         "Group by group": pd.concat(groups) if groups else pd.DataFrame()}
titles = {"of": "", "backbone": "network", "source": "collection", "facet": "by", "low": "95 % from", "high": "to",
          "left_out": "left out", "at_random": "at random", "others": "outside it"}
HTML("".join(tables.fold(title, own[["of", *own.columns.drop("of")]].replace({"facet": {"source": "collection", "found": "search"}})
                         .rename(columns=titles).style.hide().format(precision=2, na_rep="", escape="html").to_html())
             for title, own in shown.items() if len(own)))
