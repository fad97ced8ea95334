"""What every museum's module gives: a `Source` whose search yields an `Artwork` for each hit."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from artpose_lib.collect.answers import Fault, read_records
from artpose_lib.collect.session import Session
from artpose_lib.data.poses import Query


@dataclass(frozen=True)
class Key:
    """The environment variable of a key that a source asks for, and the page that gives one."""

    variable: str
    page: str


@dataclass(frozen=True)
class Artwork:
    """One hit of a search: the thesis' columns (Appendix, first listing) and where it came from, as the museum says.

    images: addresses of the picture, the best first. page: where a person reads about the work. licence: an address or
    words. words: all that a search may match (titles, description, subjects); never stored. fault: why this hit cannot
    be used.
    """

    id: str
    title: str = ""
    author: str = ""
    date: str = ""
    technique: str = ""
    location: str = ""
    type: str = ""
    images: tuple[str, ...] = ()
    page: str = ""
    licence: str = ""
    words: str = ""
    fault: Fault | None = None


class Source:
    """A museum or a catalogue that can be searched. A subclass names its hosts and writes `read_pages` or `search`.

    name: short, for files and `--source`. title: what it is called. hosts: all that is ever fetched from, pictures
    included. key: None where none is needed. page: hits of a page that is not the last. verified: False where none of
    its answers was seen when its code was written. redirects: whether a picture's address may redirect to another.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    key: ClassVar[Key | None] = None
    page: ClassVar[int] = 0
    verified: ClassVar[bool] = True
    redirects: ClassVar[bool] = True

    def __init__(self, session: Session):
        self.session = session

    def search(self, query: Query) -> Iterator[Artwork]:
        """Yield the hits of one search, each once, in the museum's order; more than match, since searches are loose.

        A record that cannot be read is a hit with a `fault`. Raises Fault where the search itself fails.
        """
        return join_pages(self.read_pages(query), self.page)

    def read_pages(self, query: Query) -> "Pages":
        """Yield the hits of a search, page after page."""
        raise NotImplementedError

    def fetch_json(self, url: str, params: dict | None = None, headers: dict | None = None,
                   keep: bool = False) -> object:
        """Return a JSON answer of one of this source's hosts; see `Session.fetch_json`."""
        return self.session.fetch_json(url, self.hosts, params, headers, keep)

    def fetch_records(self, url: str, name: str, params: dict, headers: dict | None = None) -> list:
        """Return the list at `name` in a page of hits."""
        return read_records(self.fetch_json(url, params, headers), name)

    def attempt(self, identifier: str, read: Callable[..., Artwork], *arguments: str) -> Artwork:
        """Return what `read` does, or a hit with the fault that it raised. A hit without an id gets `identifier`."""
        try:
            found = read(*arguments)
            return found if found.id else replace(found, id=identifier)
        except Fault as fault:
            return Artwork(identifier, fault=fault)


Pages = Iterator[Iterable[Artwork]]


def join_pages(pages: Iterable[Iterable[Artwork]], size: int = 0) -> Iterator[Artwork]:
    """Yield the hits of page after page, up to one that has fewer than `size` or nothing new: some servers never end.

    Each id comes once. Hits without one are not one work, and all of them come.
    """
    seen: set[str] = set()
    for page in pages:
        known, hits = len(seen), 0
        for hit in page:
            hits += 1
            if not hit.id or hit.id not in seen:
                seen.add(hit.id)
                yield hit
        if hits < size or len(seen) == known:
            return
