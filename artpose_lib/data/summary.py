"""What a data set is made of: its classes, and the sources, centuries, media and licences of its pictures."""

import re

import pandas as pd

from artpose_lib.data.dataset import PoseDataset
from artpose_lib.data.dates import find_medium, name_century, parse_years
from artpose_lib.data.licences import find_rights, name_licence

FACETS = ("source", "century", "medium", "licence")
UNKNOWN = "not known"
MOST = 15  # groups that one figure can name; the smaller ones are counted together
OTHERS = "all others"


def describe_pictures(dataset: PoseDataset) -> pd.DataFrame:
    """A row a picture: `label` and the FACETS, all strings; "not known" where the data set does not tell.

    Where most pictures have a source of their own, such as a file's place in a collection, its first word is taken, and
    of an owner and a repository the latter's name, as words. Centuries and media are read from the museums' own words
    (DATE; TECHNIQUE and TYPE) where the table has no columns century, or year_from and year_to, and medium. A work that
    may be of several centuries counts in the middle one.
    """
    table = dataset.metadata
    told = table.reindex(columns=["DATE", "TECHNIQUE", "TYPE", "source"], fill_value="")
    source = told["source"]
    if source.nunique() > len(source) / 2:
        source = source.str.split().str[0].fillna("")
    source = source.str.replace(r"^[\w.-]+/([\w.-]+)$", lambda found: re.sub("[-_]+", " ", found[1]), regex=True)
    if "year_from" in table:
        spans = [(int(first), int(last)) if first and last else None
                 for first, last in zip(table["year_from"], table["year_to"], strict=True)]
    else:
        spans = map(parse_years, told["DATE"])
    media = table["medium"] if "medium" in table else map(find_medium, told["TECHNIQUE"], told["TYPE"])
    licences = [", ".join(filter(None, map(name_licence, row))) for row in table[find_rights(table)].to_numpy()]
    centuries = [name_century(round(sum(span) / 2) or 1) if span else "" for span in spans]
    found = pd.DataFrame({
        "label": table["label"], "source": source, "century": table.get("century", centuries),
        "medium": list(media), "licence": licences})
    return found.replace("", UNKNOWN)


def count_groups(table: pd.DataFrame, facet: str) -> pd.DataFrame:
    """The pictures of each group of one facet and class, largest group first: `group`, `label`, `pictures`."""
    sizes = table[facet].value_counts()
    named = sizes.index.drop(OTHERS, errors="ignore")
    order = sorted(named, key=lambda group: (group == UNKNOWN, -sizes[group], group))
    kept = order if len(order) <= MOST else order[:MOST - 1]
    groups = table[facet].where(table[facet].isin(kept), OTHERS)
    counts = pd.crosstab(groups, table["label"]).reindex([*kept, *({OTHERS} & set(groups))])
    return counts.rename_axis("group").reset_index().melt("group", var_name="label", value_name="pictures")
