"""The Art Institute of Chicago, the "ImageArt" of the thesis (Section 2.1): works in the public domain only.

Its API (api.artic.edu/docs) needs no key. It allows 60 requests a minute and gives out the first 1,000 hits of a
search, which matches loosely. Pictures are 843 pixels wide, the size that the museum keeps ready.
"""

from artpose_lib.collect.answers import CC0, addresses, columns, dig, field, plain, read_years, text
from artpose_lib.collect.source import Artwork, Pages, Source

API = "https://api.artic.edu/api/v1/artworks/search"
FIELDS = ("id,title,artist_display,artist_title,date_display,date_start,date_end,medium_display,place_of_origin,"
          "artwork_type_title,is_public_domain,image_id,main_reference_number,description,subject_titles")


class Artic(Source):
    name = "artic"
    title = "The Art Institute of Chicago"
    hosts = ("api.artic.edu", "www.artic.edu")
    page_size, most_pages = 100, 10  # the search gives out no more

    def read_pages(self, words: str) -> Pages:
        params = {"q": words, "query[term][is_public_domain]": "true", "fields": FIELDS, "limit": self.page_size}
        agent = {"AIC-User-Agent": self.session.agent}
        for number in range(1, self.most_pages + 1):
            yield map(read_artwork, self.fetch_records(API, "data", params | {"page": number}, agent))


def read_artwork(record: object) -> Artwork:
    """Read one entry of a search's `data`."""
    number, image, display = field(record, "id"), field(record, "image_id"), dig(record, "artist_display")
    artist, lines = field(record, "artist_title"), display.splitlines() if isinstance(display, str) else []
    return Artwork(
        **columns(record, id="id", title="title", date="date_display", technique="medium_display",
                  type="artwork_type_title"),
        # The first may say "Attributed to", those after it are nationality and years.
        author=text(*(line for line in lines[:1] if artist and line.endswith(artist)), artist, *lines),
        years=read_years(dig(record, "date_start"), dig(record, "date_end")),
        location="Art Institute of Chicago",
        images=addresses([f"https://www.artic.edu/iiif/2/{image}/full/843,/0/default.jpg"] if image else []),
        page=f"https://www.artic.edu/artworks/{number}" if number else "",
        licence=CC0 if dig(record, "is_public_domain") is True else "",
        words=" ".join([field(record, "title"), field(record, "subject_titles"), plain(field(record, "description"))]),
    )
