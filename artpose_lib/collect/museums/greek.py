"""The searches of Table 2.1 in Greek, for the two aggregators that hold records in Greek only."""

import re
from collections.abc import Iterator
from dataclasses import replace

from artpose_lib.collect.source import Artwork, Source
from artpose_lib.data.poses import Query

# What is asked, and what all cases of it have in common. The Graces are called "the three" in Greek; of the other
# searches no Greek form is settled enough to be told from what else the words mean.
ANTINOUS = "Αντίνοος", r"αντ[ιί]ν[οό]"
GRACES = "Τρεις Χάριτες", r"τρ(εις|ι[ωώ]ν) χ[αά]ρ[ιί]τ"
PIETA = "Πιετά", r"πιετ[αά]"
SEBASTIAN = "Άγιος Σεβαστιανός", r"[αά]γ\w*\.? σεβαστιαν[οό]"
TANAGRA = "Ταναγραία", r"ταν[αά]γρ[αά]"
GREEK = {"antinous": ANTINOUS, "graces": GRACES, "three graces": GRACES, "pieta": PIETA, "saint sebastian": SEBASTIAN,
         "sebastian": SEBASTIAN, "tanagra": TANAGRA}


class GreekSource(Source):
    """A source that is asked in Greek as well."""

    def search(self, query: Query) -> Iterator[Artwork]:
        """Yield the hits of a search and of the same in Greek, each once.

        A hit whose words have the Greek ones gets the query's words as well, so that the query matches it.
        """
        greek, forms = GREEK.get(query.text.casefold(), ("", "(?!)"))
        seen: set[str] = set()
        for words in filter(None, (query.text, greek)):
            for hit in super().search(replace(query, words=(words,))):
                if hit.id not in seen:
                    seen.add(hit.id)
                    found = re.search(forms, hit.words, re.IGNORECASE)
                    yield replace(hit, words=f"{hit.words} {query.text}") if found else hit
