"""The Cleveland Museum of Art."""

from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import CC0, address, addresses, columns, dig, entries, field, text
from artpose_lib.collect.museums.paging import read_records, turn_pages
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.data.poses import Query

API = "https://openaccess-api.clevelandart.org/api/artworks/"
PAGE, WINDOW = 100, 10_000  # hits a page, and the last hit that is asked for
WORDS = ("title", "title_in_original_language", "tombstone", "description", "wall_description", "digital_description",
         "fun_fact")


class Cleveland(Source):
    """The Cleveland Museum of Art, which the thesis did not ask: works in the public domain (CC0) with a picture.

    Its Open Access API (openaccess-api.clevelandart.org) needs no key and states no limit.
    """

    name = "cleveland"
    title = "The Cleveland Museum of Art"
    hosts = ("openaccess-api.clevelandart.org", "openaccess-cdn.clevelandart.org")

    def search(self, query: Query) -> Iterator[Artwork]:
        params = {"q": query.text, "has_image": 1, "cc0": 1, "limit": PAGE}

        def read_page(skip: int) -> tuple[Iterable[Artwork], int | None]:
            records = read_records(self.fetch_json(API, params | {"skip": skip}), "data")
            return map(read_artwork, records), skip + PAGE if len(records) >= PAGE else None

        return turn_pages(read_page, 0, WINDOW // PAGE)


def read_artwork(record: object) -> Artwork:
    """Read one entry of a search's `data`."""
    creators = [f'{field(creator, "qualifier")} {field(creator, "description")}'
                for creator in entries(record, "creators")]
    licence = field(record, "share_license_status")
    return Artwork(
        source=Cleveland.name,
        **columns(record, id="id", title="title", date="creation_date", technique="technique", type="type"),
        author=text(creators) or field(record, "culture"),
        location="Cleveland Museum of Art",
        images=addresses(dig(record, "images", size, "url") for size in ("web", "print")),
        page=address(dig(record, "url")),
        licence=CC0 if licence == "CC0" else licence,
        words=" ".join(field(record, name) for name in WORDS),
    )
