"""SMK, the National Gallery of Denmark, Copenhagen: the open API (api.smk.dk), works in the public domain."""

from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import addresses, dig, entries, page_of, text
from artpose_lib.collect.source import Artwork, Source, each_once
from artpose_lib.data.poses import Query

API = "https://api.smk.dk/api/v1/art/search/"
PAGE, WINDOW = 100, 10_000  # hits a page, and the last hit that is asked for


class SMK(Source):
    name = "smk"
    title = "SMK, the National Gallery of Denmark"
    hosts = ("api.smk.dk", "iip.smk.dk", "iip-thumb.smk.dk")

    def search(self, query: Query) -> Iterator[Artwork]:
        return each_once(self._pages({"keys": query.text, "filters": "[has_image:true],[public_domain:true]"}))

    def _pages(self, params: dict) -> Iterator[Iterable[Artwork]]:
        for offset in range(0, WINDOW, PAGE):
            items = page_of(self.json(API, params | {"offset": offset, "rows": PAGE, "lang": "en"}), "items")
            yield map(artwork, items)
            if len(items) < PAGE:
                return


def artwork(record: object) -> Artwork:
    """One item of a search on the thesis' columns. Object numbers may hold "/" and "Ø"."""
    def field(name: str) -> str:
        return text(dig(record, name))

    def each(name: str, key: str) -> list[str]:
        return [text(dig(entry, key)) for entry in entries(record, name)]

    image = field("image_iiif_id")
    return Artwork(
        source=SMK.name,
        id=field("object_number"),
        title=text(*each("titles", "title")),
        author=field("artist") or text(each("production", "creator")),
        date=text(*each("production_date", "period")),
        technique=field("techniques"),
        location="SMK",
        type=text(each("object_names", "name")),
        images=addresses([f"{image}/full/!1000,1000/0/default.jpg", field("image_thumbnail")]),
        page=text(*addresses([field("frontend_url")])),
        licence=field("rights"),
        words=" ".join([*each("titles", "title"), *each("content_person_full", "full_name"),
                        *map(field, ("content_description", "content_person", "content_subject"))]),
    )
