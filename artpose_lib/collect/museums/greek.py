"""The searches of Table 2.1 in Greek, for the aggregators that hold records in Greek only."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from artpose_lib.collect.source import Artwork, each_once
from artpose_lib.data.poses import Query

# What is asked, and what all cases of it have in common. The Graces are called "the three" in Greek; of the other
# searches no Greek form is settled enough to be told from what else the words mean.
GREEK = {
    "antinous": ("Αντίνοος", "αντ[ιί]ν[οό]"),
    "graces": ("Τρεις Χάριτες", "τρ(εις|ι[ωώ]ν) χ[αά]ρ[ιί]τ"),
    "three graces": ("Τρεις Χάριτες", "τρ(εις|ι[ωώ]ν) χ[αά]ρ[ιί]τ"),
    "pieta": ("Πιετά", "πιετ[αά]"),
    "saint sebastian": ("Άγιος Σεβαστιανός", r"[αά]γ\w*\.? σεβαστιαν[οό]"),
    "sebastian": ("Άγιος Σεβαστιανός", r"[αά]γ\w*\.? σεβαστιαν[οό]"),
    "tanagra": ("Ταναγραία", "ταν[αά]γρ[αά]"),
}


def in_greek_too(query: Query, pages: Callable[[str], Iterable[Iterable[Artwork]]]) -> Iterator[Artwork]:
    """The hits of a search and of the same in Greek, each once; pages: what gives the pages of hits for some words.

    A hit whose words have the Greek ones gets the query's words as well, so that the query matches it.
    """
    greek, forms = GREEK.get(query.text.casefold(), ("", "(?!)"))
    seen: set[str] = set()
    for words in filter(None, (query.text, greek)):
        for hit in each_once(pages(words)):
            if hit.id not in seen:
                seen.add(hit.id)
                found = re.search(forms, hit.words, re.IGNORECASE)
                yield replace(hit, words=f"{hit.words} {query.text}") if found else hit
