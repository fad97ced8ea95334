"""The six poses of the thesis (Section 2.1), and its Tables 2.1, 3.1, 3.2, A.1 and A.2 as CSV files in `thesis/`.

The thesis' code: github.com/SarahEmaAllam/BA-Project-ArtStraction.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

from artpose_lib.data.text import fold


@cache
def thesis_table(name: str) -> pd.DataFrame:
    """One table of the thesis as it was printed, such as "table_3_1": strings, with "" where a cell is empty."""
    with (files("artpose_lib.data") / "thesis" / f"{name}.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle, dtype=str, keep_default_na=False)


@dataclass(frozen=True)
class Query:
    """One search of Table 2.1."""

    formula: str  # as the table prints it
    words: tuple[str, ...]  # must all be there
    department: str = ""  # the Metropolitan Museum's number of a part of its collection

    @property
    def text(self) -> str:
        """The words as one types them into a museum's search field."""
        return " ".join(self.words)

    def matches(self, *texts: str) -> bool:
        """Whether every word stands in the texts as a whole word ("man" is no "woman"); accents and case do not count.
        """
        return set(map(fold, self.words)) <= set(re.findall(r"\w+", fold(" ".join(texts))))


@dataclass(frozen=True)
class Pose:
    """A class of the thesis: its name, what it looks like, and the searches that found its pictures (Table 2.1)."""

    name: str
    definition: str
    queries: tuple[Query, ...]


def _queries(pose: str) -> tuple[Query, ...]:
    """The searches of a pose: the words and the department of Table 2.1, spelt as its printed searches spell them."""
    found = []
    for row in thesis_table("table_2_1_queries").query("`class` == @pose").itertuples():
        terms = row.terms_all_of.split()
        words = tuple(word for word in re.findall(r"\w+", row.query) if word.casefold() in terms)
        found.append(Query(row.query, words, row.extra_parameters.removeprefix("departmentId=")))
    return tuple(found)


# In the thesis' label order, 0 to 5, which is the alphabet's; defined in our words after Section 2.1.
POSES = tuple(Pose(name, text, _queries(name)) for name, text in thesis_table("poses").to_numpy())
POSE_NAMES = tuple(pose.name for pose in POSES)
