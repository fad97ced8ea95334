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
# A thesis makes many claims, and a reader remembers the last of them. Here is every sentence of its abstract, results,
# discussion and conclusion that something can be checked of, with what this run has to say. There are four verdicts:
#
# - **holds**: the 95 % interval lies wholly on the claim's side;
# - **does not hold**: it lies wholly on the other side;
# - **not settled**: it reaches to both. The number may lean to one side, but chance alone would do that too;
# - **cannot be tested here**: these pictures, or the weights at hand, do not allow it.
#
# A claim is tested on the networks that it names, and what it says of one trial on all trials of that network together.
# Four rules follow from that.
#
# - *The best* must be above each of the others. Where one is missing here, or did not learn, that cannot be shown. It fails
#   where another is surely above, and "surely" is stricter the more others there are.
# - *Close* means that two values differ by less than a margin, and this has to be shown too: an interval of 90 % must lie
#   within the margin.
# - Where a claim speaks of the best of a kind, the validation part says which network that is, and the test part what
#   becomes of it. Where one of the kind is missing, its best is not known: nothing is then above it, and it is below
#   nothing.
# - Some trials are no evidence. A network that was trained short proves nothing. A fine-tuned one whose weights are those
#   of phase I is a frozen one in truth. What is not surely above the commonest class has not learned. Fewer than three
#   trials do not tell how much trials differ. EfficientNet-Lite0 is no network of the thesis: its number is told where another is missing, and decides nothing.
#
# On drawn pictures, or on pictures of something else than the six poses, a verdict is about those pictures. A claim that
# fails there may hold for the thesis' own, which nobody has published. How often such verdicts err is simulated at the end
# of {doc}`the audit <09_audit>`.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from pathlib import Path

from IPython.display import HTML, Markdown

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.data.text import escape_markdown
from artpose_lib.report import audit_figures, claims, tables, verdicts
from artpose_lib.report.plotting import show
from artpose_lib.report.reference import open_editions
from artpose_lib.train.study import open_study
from artpose_lib.web import choose

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
table = claims.check_claims(claims.train_claims(study))
editions = [own for own in open_editions(Path("../book/reference"), study.results)
            if set(own.dataset.classes) == set(POSE_NAMES) and own.dataset.fingerprint != study.dataset.fingerprint]
references = {own.data_name: claims.check_claims(claims.train_claims(own)) for own in editions}
Markdown("Numbers without a mark are this run's. Those marked *reference* come with the book and were measured before, "
         "elsewhere:\n\n" + "\n".join(f"- {own.banner()}" for own in editions))

# %% [markdown]
# ## In one picture

# %%
told = {"This run": table} | {f"Reference, {name}": own for name, own in references.items()}
choose("Pictures", {name: show(audit_figures.verdicts(own), alt=f"How many claims of each part of the thesis hold. {name}.")
                    for name, own in told.items()})

# %% [markdown]
# ## Sentence by sentence
#
# Each leads to the chapter whose figures show it. Those that nothing here can test stand folded below the table, with the
# reason of each.

# %%
HTML(tables.claims_table(table, references))

# %% [markdown]
# Several claims are tested at once. Of twenty that are neither true nor false, one would hold or fail by luck.

# %%
def count(own):
    hold, fail, open_ones, untested = (sum(own["verdict"] == verdict) for verdict in (
        verdicts.HOLDS, verdicts.FAILS, verdicts.UNSETTLED, verdicts.UNTESTABLE))
    return (f"of {len(own)} claims, {hold} hold, {fail} do not hold, {open_ones} are not settled, {untested} cannot be tested "
            "there")


Markdown("\n".join(f"- {escape_markdown(name)}: {count(own)}." for name, own in told.items()))
