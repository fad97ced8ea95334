"""The hits of a search, page after page."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from artpose_lib.collect.answers import Fault, entries
from artpose_lib.collect.source import Artwork

Place = TypeVar("Place")  # of a page: its number, the number of its first hit, an address, what an answer calls it


def turn_pages(read_page: Callable[[Place], tuple[Iterable[Artwork], Place | None]], place: Place | None,
               most: int) -> Iterator[Artwork]:
    """Yield the hits of page after page, each once, up to a page that brings nothing new: some servers never end.

    read_page: from the place of a page to its hits and the place of the next page, None after the last.
    place: the first page's. most: pages that are asked for at most.
    """
    seen: set[str] = set()
    for _ in range(most):
        hits, place = read_page(place)
        known = len(seen)
        yield from skip_repeats(hits, seen)
        if place is None or len(seen) == known:
            return


def skip_repeats(hits: Iterable[Artwork], seen: set[str]) -> Iterator[Artwork]:
    """Yield the hits whose ids are not in `seen`, and add them; those without an id are not one work."""
    for hit in hits:
        if not hit.id or hit.id not in seen:
            seen.add(hit.id)
            yield hit


def read_records(answer: object, name: str) -> list:
    """The records of a page, where null stands for none. Raises Fault where the answer is no page of hits."""
    if not isinstance(answer, dict) or name not in answer:
        raise Fault("not a record", f'The search gave an answer without "{name}", which is no page of hits.')
    return entries(answer, name)
