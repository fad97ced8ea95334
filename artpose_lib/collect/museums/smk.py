"""SMK, the National Gallery of Denmark, Copenhagen."""

from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import address, addresses, each, field, text
from artpose_lib.collect.museums.paging import read_records, turn_pages
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.data.poses import Query

API = "https://api.smk.dk/api/v1/art/search/"
PAGE, WINDOW = 100, 10_000  # hits a page, and the last hit that is asked for


class SMK(Source):
    """SMK, the National Gallery of Denmark (Section 2.1): works in the public domain with a picture.

    Its API (api.smk.dk) needs no key and states no limit. Its search matches loosely.
    """

    name = "smk"
    title = "SMK, the National Gallery of Denmark"
    hosts = ("api.smk.dk", "iip.smk.dk", "iip-thumb.smk.dk")

    def search(self, query: Query) -> Iterator[Artwork]:
        params = {"keys": query.text, "filters": "[has_image:true],[public_domain:true]", "rows": PAGE, "lang": "en"}

        def read_page(offset: int) -> tuple[Iterable[Artwork], int | None]:
            items = read_records(self.fetch_json(API, params | {"offset": offset}), "items")
            return map(read_artwork, items), offset + PAGE if len(items) >= PAGE else None

        return turn_pages(read_page, 0, WINDOW // PAGE)


def read_artwork(record: object) -> Artwork:
    """Read one of a search's `items`. Object numbers may hold "/" and "Ø"."""
    image = field(record, "image_iiif_id")
    return Artwork(
        source=SMK.name,
        id=field(record, "object_number"),
        title=text(*each(record, "titles", "title")),
        author=field(record, "artist") or text(each(record, "production", "creator")),
        date=text(*each(record, "production_date", "period")),
        technique=field(record, "techniques"),
        location="SMK",
        type=text(each(record, "object_names", "name")),
        images=addresses([f"{image}/full/!1000,1000/0/default.jpg", field(record, "image_thumbnail")]),
        page=address(field(record, "frontend_url")),
        licence=field(record, "rights"),
        words=" ".join([*each(record, "titles", "title"), *each(record, "content_person_full", "full_name"),
                        field(record, "content_description"), field(record, "content_person"),
                        field(record, "content_subject")]),
    )
