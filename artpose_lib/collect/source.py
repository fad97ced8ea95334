"""What every museum's module gives: a `Source` whose search yields an `Artwork` for each hit."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar

from artpose_lib.collect.answers import Fault, dig, entries, read_records
from artpose_lib.collect.session import Session
from artpose_lib.collect.store import LARGEST
from artpose_lib.collect.transport import IIIF_SIZE
from artpose_lib.data.poses import Query

# By the last word of a search: what is asked in Greek, and what all cases of it have in common. The Graces are called
# "the three" there; of Table 2.1's other searches no Greek form is settled enough to be told from what else it means.
GREEK = {"antinous": ("Αντίνοος", r"αντ[ιί]ν[οό]"), "graces": ("Τρεις Χάριτες", r"τρ(εις|ι[ωώ]ν) χ[αά]ρ[ιί]τ"),
         "pieta": ("Πιετά", r"πιετ[αά]"), "sebastian": ("Άγιος Σεβαστιανός", r"[αά]γ\w*\.? σεβαστιαν[οό]"),
         "tanagra": ("Ταναγραία", r"ταν[αά]γρ[αά]")}


@dataclass(frozen=True)
class Artwork:
    """One hit of a search: the thesis' columns (Appendix, first listing) and where it came from, as the museum says.

    years: the first and the last, where the museum states them besides the words of `date`. images: addresses of the
    picture, the best first. page: where a person reads about the work. licence: an address or words. words: all that a
    search may match (titles, description, subjects); never stored. fault: why this hit cannot be used.
    """

    id: str = ""
    title: str = ""
    author: str = ""
    date: str = ""
    years: tuple[int, int] | None = None
    technique: str = ""
    location: str = ""
    type: str = ""
    images: tuple[str, ...] = ()
    page: str = ""
    licence: str = ""
    words: str = ""
    fault: Fault | None = None


Hits = Iterator[Artwork]
Pages = Iterator[Iterable[Artwork]]


class Source:
    """A museum or a catalogue that can be searched. A subclass names its hosts and writes `read_pages` or `search`.

    name: short, for files and `--source`. title: what it is called. hosts: all that is ever fetched from, pictures
    included. key: the environment variable of the key that is needed, which `key_page` gives. page_size: hits
    of a page that is not the last. most_pages: a search's that are asked for, more than one of Table 2.1 should find.
    verified: False where none of its answers was seen when its code was written. redirects: whether a picture's address
    may redirect to another.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    key: ClassVar[str] = ""
    key_page: ClassVar[str] = ""
    page_size: ClassVar[int] = 0
    most_pages: ClassVar[int] = 100
    verified: ClassVar[bool] = True
    redirects: ClassVar[bool] = True

    def __init__(self, session: Session):
        self.session = session

    def search(self, query: Query) -> Hits:
        """Yield the hits of one search, each once, in the museum's order; more than match, since searches are loose. A
        record that cannot be read is a hit with a `fault`. Raises Fault where the search itself fails."""
        return join_pages(self.read_pages(query.text), self.page_size)

    def read_pages(self, words: str) -> Pages:
        """Yield the hits of a search for all of the words, page after page."""
        raise NotImplementedError

    def fetch_json(self, url: str, params: dict | None = None, headers: dict | None = None,
                   keep: bool = False) -> object:
        """Return a JSON answer of one of this source's hosts; see `Session.fetch_json`."""
        return self.session.fetch_json(url, self.hosts, params, headers, keep)

    def fetch_records(self, url: str, name: str, params: dict, headers: dict | None = None) -> list:
        """Return the list at `name` in a page of hits."""
        return read_records(self.fetch_json(url, params, headers), name)

    def fetch_picture(self, address: str) -> tuple[str, bytes]:
        """Return a picture's file and address: where a server refuses the size, that of one it has. Raises Fault."""
        server, refusal = IIIF_SIZE.fullmatch(address), None
        for known in chain([address], self._list_sizes(server[1]) if server else ()):
            try:
                return known, self.session.fetch_picture(known, self.hosts, self.redirects)
            except Fault as fault:
                if fault.kind not in ("refused", "not found"):
                    raise
                refusal = refusal or fault
        raise refusal

    def _list_sizes(self, server: str) -> Iterator[str]:
        """Yield the addresses of a IIIF picture in the sizes that its server names (iiif.io/api/image), the best first.
        Raises Fault where the server blocks or is in trouble: then it refused more than a size."""
        try:
            info = self.fetch_json(f"{server}/info.json", keep=True)
        except Fault as fault:
            if fault.kind not in ("refused", "not found", "not JSON"):
                raise
            info = None
        sizes = [(dig(size, "width"), dig(size, "height")) for size in [*entries(info, "sizes"), info]]
        sizes = [size for size in sizes if all(isinstance(side, int) and side > 0 for side in size)]
        for tile in entries(info, "tiles") if sizes else ():  # the whole picture in one tile is there at that scale
            scales = [scale for scale in [dig(tile, "width"), *entries(tile, "scaleFactors")] if isinstance(scale, int)]
            fitting = [scale for scale in scales[1:] if max(sizes[-1]) <= scale * scales[0]]
            sizes = [tuple(-(-side // scale) for side in sizes[-1]) for scale in fitting] + sizes
        sizes.sort(key=max)
        enough = [size for size in sizes if max(size) >= LARGEST]
        best, last = ([form for width, height in some for form in (f"{width},{height}", f"{width},")]
                      for some in (enough[:1], sizes[:-4:-1]))
        for size in dict.fromkeys([*best, f"{LARGEST},", "max", "full", *last]):
            yield f"{server}/full/{size}/0/default.jpg"

    def attempt(self, identifier: str, read: Callable[..., Artwork], *arguments: str) -> Artwork:
        """Return what `read` does, or a hit with the fault that it raised. A hit without an id gets `identifier`."""
        try:
            found = read(*arguments)
            return found if found.id else replace(found, id=identifier)
        except Fault as fault:
            return Artwork(identifier, fault=fault)


def join_pages(pages: Iterable[Iterable[Artwork]], size: int = 0) -> Hits:
    """Yield the hits of page after page, up to one that has fewer than `size` or nothing new: some servers never end.
    Each id comes once. Hits without one are not one work, and all of them come."""
    seen: set[str] = set()
    for page in pages:
        known, hits = len(seen), 0
        for hit in page:
            hits += 1
            if not hit.id or hit.id not in seen:
                seen.add(hit.id)
                yield hit
        if hits < size or len(seen) == known:  # some servers never end
            return


class GreekSource(Source):
    """A source that is asked in Greek as well: a hit that has the Greek words gets the query's, and so matches it."""

    def search(self, query: Query) -> Hits:
        greek, forms = GREEK.get(query.words[-1].casefold(), ("", "(?!)"))
        searches = (join_pages(self.read_pages(words), self.page_size) for words in (query.text, greek) if words)
        for hit in join_pages([chain.from_iterable(searches)]):
            found = re.search(forms, hit.words, re.IGNORECASE)
            yield replace(hit, words=f"{hit.words} {query.text}") if found else hit
