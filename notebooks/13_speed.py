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
# # Appendix: speed
#
# A report that trains many small networks is only re-run if that is quick. This appendix shows how quick it is, as
# ratios: some piece of work done in a plain way, as published scripts or other libraries do it, against the way this
# project does it. The two are timed in turn on the same machine, so that what else the machine does falls on both; a
# ratio is one of medians. `make bench` measures them again.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine

# %%
from IPython.display import Markdown

from artpose_lib.report import evidence, figures, speed
from artpose_lib.train import recipes
from artpose_lib.train.study import open_study

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
table = speed.comparisons()
floors = speed.floors()
taken = "; ".join(f"{machine}, on {' and '.join(sorted(set(days)))}" for machine, days in table.groupby("machine")["date"])
Markdown(f"The times below do not come from that run. They were measured on: {taken or 'nothing yet'}.")

# %% [markdown]
# ## What was measured, and what was wanted
#
# Each line is a piece of work. The dot says how many times better our way is than the plain one, in seconds or in
# memory; the bar spans the rounds; the diamond is what was aimed at; on the dotted line the two ways are alike. Hover over
# a dot for both ways in words and numbers.

# %%
figures.show(evidence.speed(table), "For each piece of work the measured ratio of the plain way to ours, and the aim.")

# %%
Markdown(speed.in_words(table))

# %% [markdown]
# ## The floor
#
# A network is, nearly all of it, sums of products, and nothing computes these faster than the product of two large
# matrices. So the processor's speed at that product, measured in the same process, is a floor: no training step can
# be done in less time than its operations take at that speed. A step computes about three times what a look at the
# pictures does: the look, how the error depends on each weight, and how it depends on each layer's input. What is missing from
# the whole is spent on moving numbers rather than multiplying them: depthwise convolutions and batch normalisation do
# little arithmetic on each number that they fetch.

# %%
lines = [f"- {row.name}: {row.share:.0%} of it; at best {row.best:.2g} s a step" for row in floors.itertuples()]
rate = f"A matrix product reached {floors['gflops'].max():.0f} thousand million operations a second. A training step reached of that"
Markdown(f"{rate}\n\n" + "\n".join(lines) if lines else "No training steps were measured.")

# %% [markdown]
# Features have a floor of their own. Pictures are read, decoded and resized while the network computes on those before
# them. A GPU would leave the cores to that; where the network runs on the same cores, reading takes them from it, and the
# more so the less work a network makes.

# %%
lines = [f"- {name}: at best {best:.0%} of the speed that the network has alone" for name, best in speed.reading().items()]
Markdown("\n".join(lines) or "No features were measured.")

# %% [markdown]
# ## A million pictures
#
# A museum's whole collection goes through one network once. How long that takes is nearly all the network's doing, and a
# GPU shortens it; `benchmarks/gpu.py` measures by how much on a machine that has one.

# %%
Markdown(speed.collection_in_words())

# %% [markdown]
# ## Numbers of 16 bits
#
# Half as many bits are half as much to move, and a GPU multiplies them several times faster than numbers of 32. Some
# processors are made for it too. But 16 bits hold only two or three decimal digits, and whether a network learns as well
# with them must be tried.

# %%
Markdown(speed.precision_in_words())

# %% [markdown]
# ## A hundred machines, on paper
#
# Trials can be sent to other machines; *trials on a cluster*, above, says how much quicker two workers are than one. What
# would hold back a hundred? Each time a worker ends a trial, the one machine that hands out the work is busy for a
# moment, and the one folder that all results go to is written to. Both were measured. From them follows how many workers
# can be kept busy, if the folder takes one record after another: the quicker the trials, the fewer.

# %%
costs, wanted = speed.cluster_costs(), 100
workers = "How many workers the scheduler and the disk keep busy, at most, by the seconds that a trial takes."
figures.show(evidence.workers(costs, wanted), workers) if costs else None

# %%
Markdown(speed.cluster_in_words(costs, wanted, len(recipes.RECIPES) * len(recipes.SEEDS)))

# %% [markdown]
# ## How the time is saved
#
# - **Frozen networks** look at each picture once. What their last layer learns from does not change while they are
#   frozen, so it is computed once and kept for all epochs and trials, and across runs.
# - **The processor's own kernels** (oneDNN) are used also where TensorFlow would leave them off.
# - **A training step is traced once**, since all that it writes to is made beforehand; TensorFlow would trace it twice.
# - **Adam** changes a weight in one operation, where Keras writes a dozen, and **batch normalisation** that learns is one
#   operation too.
# - **Training batches run on** from one epoch into the next; taking the input apart after each and building it anew
#   costs more than a small step.
# - **A compiled network is kept** between trials. Only its weights, the optimiser's moments and the learning rate are
#   set back.
# - **Pictures stay bytes** until a batch of them is used; they take a quarter of the memory that decimal numbers would.
# - **SMOTE** mixes one class at a time, which gives the same pictures to the last pixel in less memory.
# - **Nothing is trained twice**: a stored trial is read, and a chapter that has not changed is not executed.
