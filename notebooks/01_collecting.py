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
# # Collecting
#
# Museums have put millions of their pictures on the web, and many of them answer a program as readily as a visitor. The
# thesis asked eight of them, in 2022, for six poses. Four years later two of their addresses answer that they are gone,
# others want to be asked differently, and some turn a program away at the door. This chapter says what was asked, who
# is asked now, and how to do it again.

# %% tags=["parameters"]
data = ""  # a folder of pictures; empty for the drawn pictures that come with the report
weights = ""  # a folder of ImageNet weight files; empty for Keras' own
profile = "quick"  # smoke, quick or thesis
results = ""  # where trials, features and drawings are kept; empty for ~/.artpose
classes = ""  # the labels to use, separated by commas; empty for all
cluster = ""  # where to train: local, slurm or a scheduler's address; empty for this machine
ask = ""  # the sources to ask while this chapter runs, such as "met,smk"; empty to leave the museums in peace
limit = 5  # with `ask`: at most so many pictures of each pose from each source

# %%
import pandas as pd
from IPython.display import Markdown, display

from artpose_lib.collect.harvest import PROBLEMS, collect
from artpose_lib.collect.museums import SOURCES
from artpose_lib.data import summary
from artpose_lib.data.dates import find_medium, parse_years
from artpose_lib.data.poses import POSES
from artpose_lib.data.text import escape_markdown
from artpose_lib.report import figures
from artpose_lib.report.plotting import show
from artpose_lib.train.study import open_study

study = open_study(data, weights, profile, results, classes, cluster)
dataset = study.dataset
Markdown(study.banner())

# %% [markdown]
# ## What was asked
#
# A museum's database does not know poses. It knows titles, descriptions and subjects, so the thesis looked for the words
# that such a picture is likely to carry: its Table 2.1. A comma there means *or*, an ampersand means *and*, and the equals
# sign names a part of one museum's collection. Because museums search loosely, and like to answer with something rather
# than nothing, every answer is read again here: a hit counts only where each word stands in the title, the description
# or the subjects. Accents and capitals do not matter.

# %%
searches = [{"pose": pose.name, "searched for": ", ".join(query.formula for query in pose.queries)} for pose in POSES]
pd.DataFrame(searches).style.hide().format(escape="html")

# %% [markdown]
# For Tanagra the thesis asked department 50 of the Metropolitan Museum. There is none, and the museum passes over that in
# silence; here it is asked for department 13, Greek and Roman Art, where its terracottas are.
#
# ## Who is asked
#
# The first eight are the thesis' own sources. Some ask for a key; without it they are passed over, and
# the run says which, and on which page the key is to be had.

# %%
unseen = [escape_markdown(source.title) for source in SOURCES.values() if not source.verified]
asked = "\n".join(f"- {escape_markdown(source.title)} (`{name}`)" + f", with the key {source.key}" * bool(source.key)
                  for name, source in SOURCES.items())
Markdown(asked + f"\n\nNo answer of {', '.join(unseen)} has been seen: what is read there was written from other programs' "
         "accounts." * bool(unseen))

# %% [markdown]
# ## How it is asked
#
# A program can ask faster than a museum likes. This one says its name with every question, waits a second between two
# questions to the same house, and longer where it is told to. What a museum has answered is kept, and not asked for
# again. Where a page turns robots away, the picture is noted as *blocked* and left alone.
#
# Whatever comes back may be broken: a picture cut off half-way, a page of apologies where data was promised, a record
# without a title. Such a thing costs one picture and never the run. It is written down, with the reason, in the table
# `problems.csv`. The run can be stopped at any moment, by hand or by a power cut, and goes on from there when it is
# started again:
#
#     artpose collect --out pictures --contact you@example.org
#     artpose collect --out pictures --pose Tanagra --source met --limit 50
#
# Each picture is stored at 600 to 1,000 pixels on its longer side, with the thesis' eight columns and five that the
# thesis lacks: the source, the page on which a person can read about the work, the licence in the museum's own words,
# the search that found it, and a fingerprint of the picture.

# %%
if ask:
    folder = study.results / "collection"
    collect(folder, POSES, [SOURCES[name.strip()] for name in ask.split(",")], limit)
else:
    folder = dataset.folder
collected = (folder / PROBLEMS).exists()
if not collected:
    display(Markdown("**Nothing was collected for this run**: its pictures come from elsewhere. To see what a collection "
                     "brings in, run this chapter on one, `artpose run 1 --data pictures`, or let it ask a museum or two "
                     "itself, `artpose run 1 -p ask met,smk -p limit 5`."))

# %%
if collected:
    found = pd.read_csv(folder / "metadata.csv", dtype=str, keep_default_na=False)
    problems = pd.read_csv(folder / PROBLEMS, dtype=str, keep_default_na=False)
    display(Markdown(f"## What came back\n\n{len(found)} pictures from {found['source'].nunique()} sources, and "
                     f"{len(problems)} that could not be had."))
    by_source, by_query = (figures.composition(summary.count_groups(found, facet)) for facet in ("source", "query"))
    display(show(by_source, "Pictures of each source, pose by pose."))
    display(show(by_query, "Pictures that each search found."))

# %%
if collected and len(problems):
    kinds = problems.groupby(["source", "kind"]).size().rename("how often").reset_index()
    display(kinds.style.hide().format(escape="html").set_caption("What could not be had, and why"))

# %% [markdown]
# ## From an answer to a row
#
# Every museum has its own words for the same things. What one calls *medium* is another's *technique* and a third's list
# of materials; a date may be a number, a phrase or two numbers that contradict the phrase. The thesis kept what all of
# its sources have, eight columns, and so does this report. The museum's own words stay as they are. Beside them
# the table has years and a medium that are read out of these words, so that a collection can be counted. Words such as
# museums write are read so:

# %%
def name_year(year):
    return f"{1 - year} BC" if year < 1 else str(year)


dates = ["ca. 1480", "late 15th century", "um 1520/30", "zweite Hälfte 17. Jahrhundert", "2e kwart 17e eeuw", "XVIe siècle",
         "4th–3rd century BCE", "1st century A.D., after a Greek original of ca. 450 B.C.", "1889 (cast 1925)"]
techniques = ["Olieverf op doek", "huile sur toile", "Kupferstich", "albumen print", "marmo", "Terracotta", "étude au fusain"]
read = [(date, " to ".join(dict.fromkeys(map(name_year, parse_years(date))))) for date in dates]
read += [(technique, find_medium(technique, "")) for technique in techniques]
pd.DataFrame(read, columns=["the museum says", "read as"]).style.hide().format(escape="html")
