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
import sys

import numpy as np
from IPython.display import Markdown

from artpose_lib.data.text import escape_markdown
from artpose_lib.report.figures import MODEL_TITLES
from artpose_lib.report.plotting import show
from artpose_lib.train.recipes import RECIPES, SEEDS
from artpose_lib.train.study import open_study

sys.path += ["../benchmarks", "benchmarks"]  # from here, and from the folder above
import appendix

study = open_study(data, weights, profile, results, classes, cluster)
Markdown(study.banner())

# %%
reports = appendix.read_reports()
table, floors = appendix.tabulate_comparisons(reports), appendix.tabulate_floors(reports)


def fold(title, lines):
    folded = "\n".join(lines)
    return f'\n\n<details class="artpose-more"><summary>{title}</summary>\n\n{folded}\n\n</details>' if lines else ""


taken = "; ".join(f"{escape_markdown(machine)}, on {' and '.join(sorted(set(days)))}" for machine, days in table.groupby("machine")["date"])
short = ", ".join(f"{row['hours_a_million']:.2g} hours with {row['name'].rpartition(', ')[2]}" for row in
                  reports.get("classify", {"comparisons": []})["comparisons"])
lead = f"**For a collection one number counts**: a machine without a GPU names the poses of a million pictures in {short}. What follows is for "
Markdown((lead + "those who train networks.\n\n") * bool(short) + f"The times below do not come from that run. They were measured on: {taken or 'nothing yet'}.")

# %% [markdown]
# ## A million pictures
#
# A museum's whole collection goes through one network once. How long that takes is nearly all the network's doing, and a
# GPU shortens it.

# %%
cost = "No collection was classified: `make bench` does it."
if "classify" in reports:
    lines = [f"- {row['name'].rpartition(', ')[2]}: {row['hours_a_million']:.2g} hours" for row in reports["classify"]["comparisons"]]
    runs = sorted(reports["classify"]["rows"], key=lambda run: run["rows"])
    fewest, most = runs[0], runs[-1]
    cost = ("At the speed that was measured, a million pictures through `artpose classify` take\n\n" + "\n".join(lines)
            + f"\n\nWith a network of next to nothing {most['rows']:,} rows took {most['seconds']:.0f} s: that is what they cost "
            f"besides. The memory was {most['peak_mb']:.0f} MB at most, and {fewest['peak_mb']:.0f} MB for {fewest['rows']:,} rows.")
Markdown(cost)

# %% [markdown]
# ## The thesis on one GPU
#
# The thesis' two experiments are dozens of trials, which take a processor days. A GPU is made for such sums, and several
# trials share one. Before a network's first training its program is compiled, which may take longer than the training itself;
# compiled programs are kept, so that other trials, and the next run, find them.

# %%
gpu = reports.get("gpu")


def tell_run(run):
    whole = "" if run["whole"] else ", and then the time was up"
    return (f"{run['trials']} trials in {run['seconds'] / 60:.1f} minutes"
            + (f", {run['workers']} at a time, on {run['pictures']:,} pictures" if run["whole"] else "") + whole)


def tell_gpu():
    first, second, drawings = gpu["first"], gpu["second"], gpu.get("drawings")
    told = [f"- Both experiments on one {escape_markdown(gpu['machine']['gpu'] or gpu['machine']['processor'])}: {tell_run(first)}; "
            f"{first['compiled']} programs were compiled.",
            f"- A trial of each model again, by what was compiled: {tell_run(second)}; {second['compiled']} programs were new."]
    return told + ([f"- Both experiments on drawings: {tell_run(drawings)}."] if drawings else [])


def tell_same():
    rates = {(one["backbone"], one["precision"], one["deterministic"]): one["pictures_a_second"] for one in gpu["steps"]}
    prices = [rates[name, "float32", False] / rates[name, "float32", True] for name, _, same in rates
              if same and (name, "float32", False) in rates]
    return ("\n\nOne seed gives nearly, and not quite, the same weights twice on a GPU. With `ARTPOSE_DETERMINISTIC=1` they are the same, "
            f"and a step takes {min(prices):.2f} to {max(prices):.2f} times as long." if prices else "")


def tell_agreement():
    lines = [f"- {MODEL_TITLES[row['model']]} {row['backbone']}: {row['here']:.1%} here and {row['stored']:.1%} in the stored ones, over "
             f"{row['trials']} trials; {row['same_answers']:.0%} of the answers are the same." for row in gpu["agreement"]]
    return fold("How far these trials agree with stored ones", lines)


Markdown("\n".join(tell_gpu()) + tell_same() + tell_agreement() if gpu else
         "Nothing was measured on a GPU: `benchmarks/gpu.py` runs and times it there, within ten minutes.")

# %%
steps = "How near a training step on a GPU comes to the chip's own speed at multiplying (see The floor, below), network by network."
show(appendix.steps_figure(gpu["steps"]), steps) if gpu and gpu["steps"] else None

# %% [markdown]
# ## What was measured, and what was wanted
#
# Each line is a piece of work. The dot says how many times better our way is than the plain one, in seconds or in
# memory; the bar spans the rounds; the diamond is what was aimed at; on the dotted line the two ways are alike. Hover over
# a dot for both ways in words and numbers.

# %%
show(appendix.comparisons_figure(table), "For each piece of work the measured ratio of the plain way to ours, and the aim.")

# %%
missed = table[table["ratio"] < table["aim"]]
lines = [f"- {row.name}: {row.ratio:.3g} where {row.aim:.3g} is wanted ({row.plain:.3g} {row.unit} for “{row.plain_way}”, "
         f"{row.ours:.3g} for “{row.ours_way}”)." for row in missed.itertuples(index=False)]
met = f"{len(table) - len(missed)} of {len(table)} aims are met." + fold("Those that are missed", lines)
Markdown(met if len(table) else "There are no measurements beside this report: `make bench` takes them.")

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
rate = (f"A matrix product reached {floors['gflops'].max():.0f} thousand million operations a second. A training step reached "
        f"{floors['share'].min():.0%} to {floors['share'].max():.0%} of that.") if lines else "No training steps were measured."
Markdown(rate + fold("Network by network", lines))

# %% [markdown]
# Features have a floor of their own. Pictures are read, decoded and resized while the network computes on those before
# them, and where it runs on the same cores, reading takes them from it: the more so, the less work a network makes.

# %%
bounds = [f"{name} {floor['best_ratio']:.0%}" for name, floor in reports.get("features", {}).get("floor", {}).items()]
Markdown(f"At best a network then has so much of the speed that it has alone: {', '.join(bounds)}." if bounds else "No features were measured.")

# %% [markdown]
# ## Numbers of 16 bits
#
# Half as many bits are half as much to move, and a GPU multiplies them several times faster than numbers of 32. Some
# processors are made for it too. But 16 bits hold only two or three decimal digits, and whether a network learns as well
# with them must be tried.

# %%
effect = "Numbers of 16 bits were not measured: `make bench` does it."
if "precision" in reports:
    measured, accuracy = reports["precision"], reports["precision"]["accuracy"]
    able = {"amx_bf16", "avx512_bf16"} & set(measured["machine"]["instructions"])  # products of 16 bits, as Linux names them
    does = (f"multiplies in 16 bits ({', '.join(sorted(able))})" if able else
            "cannot multiply in 16 bits, and converts each number there and back")
    lines = [f"- {row['note']} of {row['name'].rpartition(', ')[2]}: {row['ratio']:.2g} times the speed, "
             f"{row['ours']['median']:.3g} s where 32 bits take {row['plain']['median']:.3g}" for row in measured["comparisons"]]
    wide, narrow = np.array(accuracy["float32"]), np.array(accuracy["mixed_bfloat16"])
    means = [f"{trials.mean():.3f} on average ({trials.min():.3f} to {trials.max():.3f})" for trials in (narrow, wide)]
    effect = (f"The processor of these measurements {does}." + fold("Network by network", lines) + "\n\nThe test accuracy of "
              f"{accuracy['backbone']}, fine-tuned on the drawn pictures of the profile {accuracy['profile']}, is {means[0]} with "
              f"16 bits and {means[1]} with 32. Over the same {len(wide)} seeds it is higher with 16 bits in "
              f"{(narrow > wide).sum()}, lower in {(narrow < wide).sum()}. What a full training would lose or gain, so short a "
              "one cannot say.")
Markdown(effect)

# %% [markdown]
# ## A hundred machines, on paper
#
# Trials can be sent to other machines; *trials on a cluster*, above, says how much quicker two workers are than one. What
# would hold back a hundred? Each time a worker ends a trial, the one machine that hands out the work is busy for a
# moment, and the one folder that all results go to is written to. Both were measured. From them follows how many workers
# can be kept busy, if the folder takes one record after another: the quicker the trials, the fewer.

# %%
costs, wanted = reports.get("cluster", {}).get("costs"), 100
workers = "How many workers the scheduler and the disk keep busy, at most, by the seconds that a trial takes."
show(appendix.workers_figure(costs, wanted), workers) if costs else None

# %%
limit = "Nothing was measured on a cluster: `make bench` does it."
if costs:
    # So long a trial must take for the wanted number of workers.
    shortest = {name: wanted / served for name, served in appendix.count_workers(costs, 1.0).items()}
    slowest, trials = max(shortest, key=shortest.get), len(RECIPES) * len(SEEDS)
    milliseconds = {name: f"{1000 * costs[name]:.2g} ms" for name in ("message", "scheduled", "claim", "store")}
    limit = (
        f"A message to a worker and back takes {milliseconds['message']}, of which the scheduler is busy for "
        f"{milliseconds['scheduled']} at most; it holds {costs['sent_bytes'] / 1000:.2g} kB, for pictures and weights do not "
        f"travel. A trial's lock takes {milliseconds['claim']} of the disk and its record {milliseconds['store']}. So {wanted} "
        f"workers wait for {slowest} where trials are shorter than {shortest[slowest]:.2g} s. The shortest that there are, a "
        f"last layer on stored features, took {costs['trial']:.2g} s each, which is "
        f"{'more' if costs['trial'] > shortest[slowest] else 'less'} than that.\n\n"
        f"What remains is that a trial is not divided. The thesis' two experiments, with the backbone that this report adds, are "
        f"{trials} trials, so that no more than {trials} workers have anything to do, and all is over when the longest trial is. "
        "From there on a quicker GPU helps, and more machines do not.")
Markdown(limit)

# %% [markdown]
# ## How the time is saved
#
# **Frozen networks** look at each picture once: what their last layer learns from does not change, so it is kept for all epochs
# and trials, and across runs. **Of a training step** the processor's own kernels (oneDNN) compute more than TensorFlow would
# let them; it is traced once instead of twice, Adam and batch normalisation are one operation each instead of a dozen, and its
# input runs on from one epoch into the next. **A compiled network is kept** between trials, which set back only its weights, the
# optimiser's moments and the learning rate. **Pictures stay bytes** until a batch of them is used, and SMOTE mixes one class at
# a time. **Nothing is trained twice**: a stored trial is read, and a chapter that has not changed is not executed.
