"""The Metropolitan Museum of Art, New York: the collection API, version 1.1 (metmuseum.github.io)."""

from collections.abc import Iterable, Iterator
from functools import partial

from artpose_lib.collect.answers import Fault, addresses, dig, entries, page_of, text
from artpose_lib.collect.source import Artwork, Source, each_once
from artpose_lib.data.poses import Query

API = "https://collectionapi.metmuseum.org/public/collection"
PAGE, WINDOW = 500, 10_000  # hits a page, and the last hit that the search gives out
# Table 2.1 asks department 50, which does not exist and is dropped in silence. 13 is Greek and Roman Art.
DEPARTMENTS = {"50": "13"}
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


class Met(Source):
    name = "met"
    title = "The Metropolitan Museum of Art, New York"
    hosts = ("collectionapi.metmuseum.org", "images.metmuseum.org")

    def search(self, query: Query) -> Iterator[Artwork]:
        params = {"q": query.text, "hasImages": "true"}
        if query.department:
            params["departmentId"] = DEPARTMENTS.get(query.department, query.department)
        return each_once(self._pages(params))

    def _pages(self, params: dict) -> Iterator[Iterable[Artwork]]:
        for offset in range(0, WINDOW, PAGE):
            numbers = page_of(self.json(f"{API}/v1.1/search", params | {"offset": offset, "limit": PAGE}), "objectIDs")
            yield (self.attempt(number, partial(self._object, number)) for number in map(text, numbers))
            if len(numbers) < PAGE:
                return

    def _object(self, number: str) -> Artwork:
        if not number.isdigit():
            raise Fault("not a record", f'"{number}" is not a number of an object.', lasting=True)
        return artwork(self.json(f"{API}/v1/objects/{number}", keep=True))


def artwork(record: object) -> Artwork:
    """One object's answer on the thesis' columns."""
    def field(name: str) -> str:
        return text(dig(record, name))

    return Artwork(
        source=Met.name,
        id=field("objectID"),
        title=field("title"),
        author=f'{field("artistPrefix")} {field("artistDisplayName")}'.strip() or field("culture"),
        date=field("objectDate"),
        technique=field("medium"),
        location=field("repository"),
        type=field("classification") or field("objectName"),
        images=addresses([field("primaryImage"), field("primaryImageSmall")]),
        page=text(*addresses([field("objectURL")])),
        licence=CC0 if dig(record, "isPublicDomain") is True else field("rightsAndReproduction"),
        words=" ".join([field("title"), field("objectName"), field("culture"),
                        *(text(dig(tag, "term")) for tag in entries(record, "tags"))]),
    )
