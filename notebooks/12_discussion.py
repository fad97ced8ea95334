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
# The answers first: what pictures of art say that were tried before and came with this book as numbers, what this run says of
# its own pictures where they are more than the drawings that come with the report, and what the thesis says. In brackets are
# 95% intervals. *Higher* and *lower* are said where the whole interval of a difference lies on one side of zero, *not settled*
# where it does not. Nothing follows from a network that was trained short, did not surely learn, or is not what it is called.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from html import escape

import pandas as pd
from IPython.display import HTML, Markdown

from artpose_lib.data.summary import describe_pictures
from artpose_lib.data.text import escape_markdown
from artpose_lib.explain.backgrounds import tabulate_conditions, train_boxes
from artpose_lib.report import probes, scores, statistics, tables, visualised
from artpose_lib.report.experiment import train_experiments
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.reference import measure
from artpose_lib.train.recipes import MODELS
from artpose_lib.train.study import open_study
from artpose_lib.train.variants import VARIANTS
from artpose_lib.web import contact_sheet

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
every = train_experiments(study, *MODELS)
experiments = [own for own in every if own.of_poses or own.study.trains]
if not experiments[0].study.trains:  # where artworks answer, drawings do not
    experiments = [own for own in experiments if not own.study.embedded]
thesis = scores.thesis_accuracies()
said = {model: f"{own.max():.0%} with {own.idxmax()}" for model, own in thesis.items()}


def tell(answer, thesis_answer):
    told = []
    for own in experiments:
        others = "" if own.of_poses else ", of other classes than the thesis'"
        told += [f"- *{escape_markdown(own.name)}*{others}: {answer(own)}."]
    return Markdown("\n".join([*told, f"- *the thesis*: {thesis_answer}."]))


def compare(own, before, after):
    return tables.tell_changes(own.compare(before, after)) or "no network here has both models"


# %% [markdown]
# ## Can a network tell these poses apart?

# %%
def choose_best(own):
    """The answers of the model that is best on the validation part; None where all diverged."""
    validated = scores.summary(own.answers, "validation").set_index(["model", "backbone"])["accuracy"]
    return None if validated.isna().all() else own.select(*validated.idxmax())


def tell_best(own):
    answers = best[own.name]
    if answers is None:
        return "the training of every network diverged"
    row = scores.summary(answers).iloc[0]
    doubt = own.doubts[row.model, row.backbone]
    accuracy = tables.tell_percent(row.accuracy, row.accuracy_low, row.accuracy_high)
    return (f"{f'nothing follows, since it {doubt}:' if doubt else 'yes,'} the {MODEL_TITLES[row.model].lower()} {row.backbone} names "
            f"{accuracy} rightly, always the commonest class would {statistics.compare_with_commonest(answers).first:.0%}")


best = {own.name: choose_best(own) for own in experiments}
tell(tell_best, f"yes, {said['finetuned_aug']}")

# %% [markdown]
# That is the model with the highest validation accuracy: to look for the best on the test pictures would favour the luckiest.
# Whether it is surely better than all others {doc}`the claims <11_claims>` ask.
#
# ## Do photographs help?

# %%
def compare_with_pixels(own):
    pixels, rows = own.simple_models.query("model == 'thumbnail'"), {}
    for backbone, probe in own.simple_models.query("model == 'probe'").groupby("backbone", sort=False):
        found = statistics.difference(pixels, probe)
        rows[backbone] = found._asdict() | {"verdict": statistics.find_side(found)}
    return pd.DataFrame(rows).T


def tell_photographs(own):
    ahead = own.compare("baseline", "frozen").query("low > 0 and verdict.str.contains('baseline')")
    gains = ", ".join(f"{row.Index} {tables.tell_points(row.difference, row.low, row.high)}" for row in ahead.itertuples())
    told = (f"Frozen networks are ahead of the same from nothing ({gains}), but those are not surely above naming the commonest pose: that "
            "photographs help so few pictures is clear, by how much is not" if gains else
            f"Frozen networks beside the same from nothing: {compare(own, 'baseline', 'frozen')}. Fine-tuned ones: "
            f"{compare(own, 'baseline', 'finetuned')}")
    if own.study.trains:
        return told
    probes_alone = compare_with_pixels(own)
    answer = "yes" if gains or (probes_alone["verdict"] == "higher").all() else "not settled"
    return f"{answer}. {told}. A linear probe on what photographs taught, beside one on a thumbnail's pixels: {tables.tell_changes(probes_alone)}"


tell(tell_photographs, f"yes, from {said['baseline']} to {said['frozen']} and {said['finetuned']}")

# %% [markdown]
# ## Does fine-tuning help beyond a frozen network?

# %%
tell(lambda own: f"{compare(own, 'frozen', 'finetuned')}. Beside the nearest neighbour by what photographs taught, where nothing "
     f"is trained: {compare(own, 'nearest', 'finetuned')}", f"yes, from {said['frozen']} to {said['finetuned']}")

# %% [markdown]
# ## Does augmentation help beyond that?

# %%
tell(lambda own: compare(own, "finetuned", "finetuned_aug"), f"yes, from {said['finetuned']} to {said['finetuned_aug']}")

# %% [markdown]
# The two experiments also divide the pictures differently, and the thesis added pictures besides. What a difference is due to,
# this comparison cannot say.
#
# ## Are pictures of a new source harder?
#
# A *source* is the museum, or the repository in which a picture was found ({doc}`where they are from <03_data>`).

# %%
sources = {own.name: probes.compare_sources(measure(own.study, "sources")) for own in experiments}


def tell_sources(own):
    told = []
    for row in sources[own.name].query("source == 'all'").itertuples():
        harder = "yes" if row.high < 0 else "no" if row.low > 0 else "not settled"
        told += [f"{harder} for a probe on {row.backbone}, {tables.tell_points(row.difference, row.low, row.high)}"]
    return "; ".join(told) or "these pictures are not of several sources"


tell(tell_sources, "it does not ask")

# %% [markdown]
# In a catalogue all statuettes stand before the same grey, and if one pose comes from one catalogue, the grey is enough to
# know it. So a linear probe learns from all sources but one and is asked about that one; the control is asked about as many
# pictures of each pose, dealt from all sources.
#
# ## Do networks look at the figure, or around it?

# %%
def tell_boxes(own):
    told = []
    for row in statistics.compare_boxes(tabulate_conditions(train_boxes(own.study)), own.study.profile).itertuples():
        cost = tables.tell_points(row.difference, row.low, row.high, ".0f")
        told += [f"the {MODEL_TITLES[row.model].lower()} {row.backbone} loses {cost} more where the figure is hidden than where as much "
                 f"is hidden elsewhere: {row.verdict}"]
    return "; ".join(told) or "no boxes here"


tell(tell_boxes, "it suspects that its networks learn the background along with the pose")

# %% [markdown]
# The figure's box is greyed, or as much of the same picture where another picture's figure stands.
# {doc}`The feature maps <09_feature_maps>` show more, and on drawings whether a network *can* learn a pose by its background.
#
# What speaks for a pose can also be drawn {cite}`olah2017`. A picture starts as noise and is changed, step by step, until a network takes
# it as surely as it can for one pose. It shows what speaks for the pose's name in this network and is no picture of the pose: nothing
# asks for a whole figure, parts may repeat or float, and what speaks for a name need not be what the network relies on.

# %%
def show_poses(drawn):
    row = drawn.iloc[0]
    learned = {"frozen": "as photographs taught it, and a classifier on top fitted to",
               "finetuned": f"all its layers taught, in {row['epochs']:.0f} epochs, by"}[row["layers"]]
    return (f'<p class="artpose-name">{row["network"]}, {learned} {escape(row["learned_from"])}</p>'
            + contact_sheet(list(drawn["picture"]), [f"{pose}?" for pose in drawn["class"]], height=190, columns=3).data)


folders = [own.study.dataset.folder for own in experiments if not own.study.trains]
drawn = [own for folder in folders for _, own in visualised.read_edition(folder).dropna(subset="class").groupby(
    ["network", "layers", "learned_from"], sort=False)]
told = (
    "<p>No artwork is below, and each picture is one from one start: take them as examples. The classifier of EfficientNet-Lite0 sees art in "
    "greys, and so its pictures are grey. To the eye, the networks with a classifier fitted to art ask for stuff more than for a stance: for "
    "Antinous curled hair in two of the three, for the Graces nude flesh against flesh, for the Pieta heads among folds, for the "
    "reclining nude sheets, with her skin in one, for the Tanagra pleats that widen downwards. For Sebastian it is something dark behind, "
    "foliage or a stormy sky, and straight thin shafts; his body is a pale upright at most. So arrows and surroundings do speak for him. "
    "The network that learned from drawings, in all its layers, draws limbs: two legs, uprights in a row, something long that lies. Whether "
    "that is due to its layers or to the plainness of drawings, these pictures cannot tell.</p>")
HTML(told + "".join(map(show_poses, drawn)) if drawn else "")

# %% [markdown]
# What every model reached stands below, its mean test accuracy over the trials with its interval. A star marks what proves
# nothing: networks that were trained short, or are not surely above the commonest class, or whose last layer alone learned.
# Styles are another question, put to the same recipes.

# %%
def column(own):
    rows = own.answers if own.study.trains else pd.concat([own.answers, own.simple_models])
    told = {}
    for row in scores.summary(rows).dropna(subset="accuracy").itertuples():
        accuracy = tables.tell_percent(row.accuracy, row.accuracy_low, row.accuracy_high)
        told[row.model, row.backbone] = accuracy + "*" * bool(own.doubts.get((row.model, row.backbone)))
    return pd.Series(told, name=own.name)


stated = thesis.stack().map("{:.0%}".format).rename("thesis").swaplevel()
table = pd.concat([stated, *map(column, every)], axis=1).fillna("–")
table = table.reindex(sorted(table.index, key=lambda key: (list(MODEL_TITLES).index(key[0]), key[1])))
styled = table.rename(MODEL_TITLES, level=0).rename_axis(["model", "network"]).style.format(escape="html").format_index(escape="html", axis=1)
HTML(tables.fold("Every model in numbers", styled.set_properties(**{"white-space": "nowrap"}).to_html()))

# %% [markdown]
# ## What these answers rest on
#
# *Few pictures* leave an accuracy uncertain by several points either way; the intervals say how much, and each holds for
# itself alone. *Validation* ends each phase and chooses the epoch, so its scores are a little too good. *Labels* go by
# titles: a picture is a Sebastian because it is called so and someone agreed, and {doc}`some classes are wider <03_data>` than their names.

# %%
def tell_pictures(dataset):
    counts, facets = dataset.counts().sort_values(), describe_pictures(dataset)
    owners = pd.crosstab(facets["label"], facets["source"], normalize="index")
    told = [f"the fewest are of {escape_markdown(counts.index[0])}, {counts.iloc[0]}"]
    if owners.shape[1] > 1:
        label, source = owners.stack().idxmax()
        told += [f"{owners.loc[label, source]:.0%} of {escape_markdown(label)} come from {escape_markdown(source)}"]
    return told


def tell_limits(own):
    dataset = own.study.dataset
    told = tell_pictures(dataset)
    groups, tuned = dataset.metadata.set_index("file_name").get("found", pd.Series()), own.select("finetuned", "EfficientNet-Lite0")
    if {"first", "second"} <= {*groups} and len(tuned):
        right = probes.accuracies_by_group(tuned, groups).set_index("group")["accuracy"]
        told += [f"EfficientNet-Lite0 helped to choose pictures of the second search, of which it names {right['second']:.0%} rightly when "
                 f"fine-tuned; of the first search's {right['first']:.0%}, which is nearer to what it can do"]
    works = own.compare_variants("frozen", *(VARIANTS[f"A10 duplicates {way}"] for way in ("apart", "together")))
    if len(works):
        told += [f"with all pictures of a work on one side, frozen networks: {tables.tell_changes(works)}"]
    return "; ".join(told)


Markdown("\n".join(f"- *{escape_markdown(own.name)}*: {tell_limits(own)}." for own in experiments))

# %% [markdown]
# The best model, by the source that the pictures come from, by what they are made of, and by the search that found them,
# where the data set tells. Beside the accuracy on each group stands that on all pictures outside it. Each picture counts once.

# %%
def list_groups(own):
    dataset = own.study.dataset
    facets = describe_pictures(dataset)[["source", "medium"]].join(dataset.metadata.reindex(columns=["found"]))
    facets.index = dataset.metadata["file_name"]
    asked = {facet: title for facet, title in {"source": "source", "medium": "medium", "found": "search"}.items()
             if best[own.name] is not None and facets[facet].nunique() > 1}
    return pd.concat([pd.DataFrame(), *(probes.accuracies_by_group(best[own.name], facets[facet]).assign(by=title)
                                        for facet, title in asked.items())])


titles = {"backbone": "network", "low": "95% from", "high": "to", "left_out": "left out",
          "at_random": "at random", "others": "outside it"}
shown = {f"Source by source, left out and as many pictures at random: {name}": own for name, own in sources.items()}
shown |= {f"Group by group: {own.name}": list_groups(own) for own in experiments}
folded = []
for title, table in shown.items():
    if len(table):
        shares = table.select_dtypes("float").columns
        styled = table.rename(columns=titles).style.hide().format(escape="html").format(
            lambda share: tables.tell_number(share, ".0%"), [titles.get(name, name) for name in shares])
        folded += [tables.fold(title, styled.to_html())]
HTML("".join(folded))
