"""Harvard Art Museums: the API (api.harvardartmuseums.org), with a key and at most 2,500 requests a day.

An answer names the next page by an address that holds the key, so pages are counted instead.
"""

from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import addresses, dig, entries, page_of, text
from artpose_lib.collect.source import Artwork, Key, Source, each_once
from artpose_lib.data.poses import Query

API = "https://api.harvardartmuseums.org/object"
PAGE, PAGES = 100, 100  # hits a page, and the last page that is asked for
TERMS = "for non-commercial use, by the terms of the Harvard Art Museums"


class Harvard(Source):
    name = "harvard"
    title = "Harvard Art Museums"
    hosts = ("api.harvardartmuseums.org", "nrs.harvard.edu", "ids.lib.harvard.edu")
    key = Key("HARVARD_API_KEY", "https://harvardartmuseums.org/collections/api")

    def search(self, query: Query) -> Iterator[Artwork]:
        return each_once(self._pages({"hasimage": 1, "size": PAGE, "q": query.text}))

    def _pages(self, params: dict) -> Iterator[Iterable[Artwork]]:
        params = params | {"apikey": self.session.secret(self.key.variable)}
        for page in range(1, PAGES + 1):
            answer = self.json(API, params | {"page": page})
            yield map(artwork, page_of(answer, "records"))
            last = dig(answer, "info", "pages")
            if not isinstance(last, int) or page >= last:
                return


def artwork(record: object) -> Artwork:
    """One entry of a search's `records` on the thesis' columns."""
    def field(name: str) -> str:
        return text(dig(record, name))

    def each(name: str, key: str) -> list[str]:
        return [text(dig(entry, key)) for entry in entries(record, name)]

    artists = [text(dig(person, "displayname")) for person in entries(record, "people")
               if dig(person, "role") == "Artist"]
    image = field("primaryimageurl").replace("http://", "https://", 1)
    # Level 1 permits 256 pixels, level 2 nothing.
    permitted = dig(record, "imagepermissionlevel") not in (1, 2)
    return Artwork(
        source=Harvard.name,
        id=field("objectid"),
        title=field("title"),
        author=text(artists) or field("culture"),
        date=field("dated"),
        technique=field("medium") or field("technique"),
        location="Harvard Art Museums",
        type=field("classification"),
        images=addresses([f"{image}/full/!1000,1000/0/default.jpg"] if permitted else []),
        page=text(*addresses([field("url")])),
        licence="; ".join(filter(None, [field("copyright"), TERMS])),
        words=" ".join([*map(field, ("title", "description", "labeltext", "commentary")),
                        *each("titles", "title"), *each("worktypes", "worktype")]),
    )
