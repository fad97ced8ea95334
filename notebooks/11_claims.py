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
# # The claims
#
# Every sentence of the thesis' abstract, results, discussion and conclusion of which something can be checked, with a
# verdict: by the artworks that come with this book, where it has any; this run is told of where it says something else.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from IPython.display import HTML, Markdown

from artpose_lib.data.poses import thesis_table
from artpose_lib.data.text import escape_markdown
from artpose_lib.report import claims, evidence, tables
from artpose_lib.report.reference import open_places
from artpose_lib.report.verdicts import FAILS, HOLDS, UNSETTLED, UNTESTABLE
from artpose_lib.train.study import open_study

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
places = open_places(study, poses=True)
checked = {name: claims.check_claims(evidence.train_evidence(place)) for name, place in places.items()}


def tell_ids(table):
    told = {verdict: ", ".join(own["id"]) for verdict, own in table.groupby("verdict")}
    return "; ".join(f"{verdict}: {told[verdict]}" for verdict in (HOLDS, FAILS) if verdict in told) or "none"


def tell_decided(name, table):
    decided = table[table["verdict"].isin([HOLDS, FAILS])]
    by_text = decided["id"].isin(thesis_table("claims").query("kind.str.startswith('printed')")["id"])
    return (f"**{len(decided)} of {len(table)} claims are decided: {(~by_text).sum()} by {escape_markdown(name)} ({tell_ids(decided[~by_text])}), "
            f"{by_text.sum()} by the thesis' own text and tables ({tell_ids(decided[by_text])}).** "
            f"{(table['verdict'] == UNSETTLED).sum()} are not settled, {(table['verdict'] == UNTESTABLE).sum()} cannot be tested here.")


Markdown(tell_decided(*next(iter(checked.items()))))

# %%
HTML(tables.claims_table(checked))

# %% [markdown]
# ## How a verdict comes about
#
# - **holds**: the 95% interval lies wholly on the claim's side.
# - **does not hold**: it lies wholly on the other side.
# - **not settled**: it reaches to both, or what was measured is not enough, for the reason that stands there.
# - **cannot be tested here**: these pictures, or the weights at hand, have nothing to say about it.
#
# A claim is tested on the networks that it names, and what it says of one trial on all trials of that network together.
#
# - *The best* must be above each of the others. Where one is missing here, or did not learn, that cannot be shown. It fails
#   where another is surely above, and "surely" is stricter the more others there are.
# - *Close* means that two values differ by less than a margin, and this has to be shown too: an interval of 90% must lie
#   within the margin. A printed score holds where ours is as close to it.
# - Where a claim speaks of the best of a kind, the validation part says which network that is, and the test part what
#   becomes of it. Where one of the kind is missing, its best is not known.
# - Some trials are no evidence. A network that was trained short proves nothing. A fine-tuned one whose weights are those
#   of phase I is a frozen one in truth. What is not surely above the commonest class has not learned. Fewer than three
#   trials do not tell how much trials differ. EfficientNet-Lite0 is no network of the thesis: its number is told where
#   another is missing, and decides nothing.
# - A *Pieta* has a lying body in it: that single figures are called so (C23) may come of the lying, and not of the number.
#   {doc}`Feature maps <09_feature_maps>` counts such mistakes of each network that learned, EfficientNet-Lite0 among them, which
#   decides no claim.
# - Several claims are tested at once. Of twenty that are neither true nor false, one would hold or fail by luck.
#
# A verdict is about the pictures that it was found on. A claim that fails there may hold for the thesis' own, which nobody
# has published. How often such verdicts err is simulated at the end of {doc}`the audit <10_audit>`.

# %%
Markdown("\n\n".join(place.banner() for place in places.values() if not place.trains))
