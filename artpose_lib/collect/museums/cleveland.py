"""The Cleveland Museum of Art: the Open Access API (openaccess-api.clevelandart.org), CC0 alone."""

from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import addresses, dig, entries, page_of, text
from artpose_lib.collect.source import Artwork, Source, each_once
from artpose_lib.data.poses import Query

API = "https://openaccess-api.clevelandart.org/api/artworks/"
PAGE, WINDOW = 100, 10_000  # hits a page, and the last hit that is asked for
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


class Cleveland(Source):
    name = "cleveland"
    title = "The Cleveland Museum of Art"
    hosts = ("openaccess-api.clevelandart.org", "openaccess-cdn.clevelandart.org")

    def search(self, query: Query) -> Iterator[Artwork]:
        return each_once(self._pages({"q": query.text, "has_image": 1, "cc0": 1}))

    def _pages(self, params: dict) -> Iterator[Iterable[Artwork]]:
        for skip in range(0, WINDOW, PAGE):
            records = page_of(self.json(API, params | {"limit": PAGE, "skip": skip}), "data")
            yield map(artwork, records)
            if len(records) < PAGE:
                return


def artwork(record: object) -> Artwork:
    """One entry of a search's `data` on the thesis' columns."""
    def field(name: str) -> str:
        return text(dig(record, name))

    creators = [f'{text(dig(creator, "qualifier"))} {text(dig(creator, "description"))}'
                for creator in entries(record, "creators")]
    licence = field("share_license_status")
    return Artwork(
        source=Cleveland.name,
        id=field("id"),
        title=field("title"),
        author=text(creators) or field("culture"),
        date=field("creation_date"),
        technique=field("technique"),
        location="Cleveland Museum of Art",
        type=field("type"),
        images=addresses(dig(record, "images", size, "url") for size in ("web", "print")),
        page=text(*addresses([field("url")])),
        licence=CC0 if licence == "CC0" else licence,
        words=" ".join(map(field, ("title", "title_in_original_language", "tombstone", "description",
                                   "wall_description", "digital_description", "fun_fact"))),
    )
