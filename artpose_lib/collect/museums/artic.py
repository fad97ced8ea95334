"""The Art Institute of Chicago."""

from collections.abc import Iterator

from artpose_lib.collect.answers import CC0, addresses, columns, dig, field, plain, text
from artpose_lib.collect.museums.paging import read_records, turn_pages
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.data.poses import Query

API = "https://api.artic.edu/api/v1/artworks/search"
PAGE, WINDOW = 100, 1000  # hits a page, and the last hit that the search gives out
IIIF = "https://www.artic.edu/iiif/2"
# The last two are for the words of a search, which matches loosely.
FIELDS = ("id,title,artist_display,artist_title,date_display,medium_display,place_of_origin,artwork_type_title,"
          "is_public_domain,image_id,main_reference_number,description,subject_titles")


class Artic(Source):
    """The Art Institute of Chicago, the "ImageArt" of the thesis (Section 2.1): works in the public domain only.

    Its API (api.artic.edu/docs) needs no key. It allows 60 requests a minute and gives out the first 1,000 hits of a
    search. Pictures are 843 pixels wide, the size that the museum keeps ready.
    """

    name = "artic"
    title = "The Art Institute of Chicago"
    hosts = ("api.artic.edu", "www.artic.edu")

    def search(self, query: Query) -> Iterator[Artwork]:
        params = {"q": query.text, "query[term][is_public_domain]": "true", "fields": FIELDS, "limit": PAGE}

        def read_page(number: int) -> tuple[list[Artwork], int | None]:
            answer = self.fetch_json(API, params | {"page": number}, {"AIC-User-Agent": self.session.agent})
            records = read_records(answer, "data")
            server = field(answer, "config", "iiif_url")
            known = server.startswith(tuple(f"https://{host}/" for host in self.hosts))
            hits = [read_artwork(record, server if known else IIIF) for record in records]
            return hits, number + 1 if len(records) >= PAGE else None

        return turn_pages(read_page, 1, WINDOW // PAGE)


def read_artwork(record: object, server: str = IIIF) -> Artwork:
    """Read one entry of a search's `data`; server: the address that pictures' ids are put behind."""
    number, image, display = field(record, "id"), field(record, "image_id"), dig(record, "artist_display")
    return Artwork(
        source=Artic.name,
        **columns(record, id="id", title="title", date="date_display", technique="medium_display",
                  type="artwork_type_title"),
        # The lines after the first are nationality and years.
        author=text(dig(record, "artist_title"), *(display.splitlines() if isinstance(display, str) else [])),
        location="Art Institute of Chicago",
        images=addresses([f"{server}/{image}/full/843,/0/default.jpg"] if image else []),
        page=f"https://www.artic.edu/artworks/{number}" if number else "",
        licence=CC0 if dig(record, "is_public_domain") is True else "",
        words=" ".join([field(record, "title"), field(record, "subject_titles"), plain(field(record, "description"))]),
    )
