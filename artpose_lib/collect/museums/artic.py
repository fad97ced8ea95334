"""The Art Institute of Chicago, the thesis' "ImageArt": the public API (api.artic.edu), works in the public domain."""

from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import addresses, dig, page_of, plain, text
from artpose_lib.collect.source import Artwork, Source, each_once
from artpose_lib.data.poses import Query

API = "https://api.artic.edu/api/v1/artworks/search"
PAGE, WINDOW = 100, 1000  # hits a page, and the last hit that the search gives out
IIIF = "https://www.artic.edu/iiif/2"
# The last two are for the words of a search, which matches loosely.
FIELDS = ("id,title,artist_display,artist_title,date_display,medium_display,place_of_origin,artwork_type_title,"
          "is_public_domain,image_id,main_reference_number,description,subject_titles")
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


class Artic(Source):
    name = "artic"
    title = "The Art Institute of Chicago"
    hosts = ("api.artic.edu", "www.artic.edu")

    def search(self, query: Query) -> Iterator[Artwork]:
        return each_once(self._pages({"q": query.text, "query[term][is_public_domain]": "true", "fields": FIELDS}))

    def _pages(self, params: dict) -> Iterator[Iterable[Artwork]]:
        headers = {"AIC-User-Agent": self.session.agent}
        for page in range(1, WINDOW // PAGE + 1):
            answer = self.json(API, params | {"limit": PAGE, "page": page}, headers)
            records = page_of(answer, "data")
            server = text(dig(answer, "config", "iiif_url"))
            known = server.startswith(tuple(f"https://{host}/" for host in self.hosts))
            yield [artwork(record, server if known else IIIF) for record in records]
            if len(records) < PAGE:
                return


def artwork(record: object, server: str = IIIF) -> Artwork:
    """One entry of a search's `data` on the thesis' columns; server: the address that pictures' ids are put behind."""
    def field(name: str) -> str:
        return text(dig(record, name))

    number, image, display = field("id"), field("image_id"), dig(record, "artist_display")
    return Artwork(
        source=Artic.name,
        id=number,
        title=field("title"),
        # The lines after the first are nationality and years.
        author=text(dig(record, "artist_title"), *(display.splitlines() if isinstance(display, str) else [])),
        date=field("date_display"),
        technique=field("medium_display"),
        location="Art Institute of Chicago",
        type=field("artwork_type_title"),
        images=addresses([f"{server}/{image}/full/843,/0/default.jpg"] if image else []),
        page=f"https://www.artic.edu/artworks/{number}" if number else "",
        licence=CC0 if dig(record, "is_public_domain") is True else "",
        words=" ".join([field("title"), field("subject_titles"), plain(field("description"))]),
    )
