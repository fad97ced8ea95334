"""The Web Gallery of Art (Section 2.1): a catalogue of 52,867 works, a picture a row, none of them open.

The catalogue (www.wga.hu) is downloaded whole, without a key, and searched here, by title.
"""

import re

from artpose_lib.collect.answers import addresses, columns, field, read_table, text
from artpose_lib.collect.source import Artwork, Hits, Source
from artpose_lib.data.poses import Query

SITE = "https://www.wga.hu"
CATALOGUE = f"{SITE}/database/download/data_txt.zip"
LICENCE = "Copyright: educational and personal use only, redistribution barred (Web Gallery of Art)"


class WGA(Source):
    name = "wga"
    title = "Web Gallery of Art"
    hosts = ("www.wga.hu",)
    redirects = False  # where one leads is no picture

    def search(self, query: Query) -> Hits:
        path = self.session.fetch_file(CATALOGUE, self.hosts, "wga.zip")
        rows = read_table(path, {"AUTHOR", "TITLE", "URL"}, "iso-8859-1", member="catalog.csv")
        return (read_artwork(row) for row in rows if query.matches(_searched_title(row)))


def read_artwork(row: object) -> Artwork:
    """Read one row of the catalogue."""
    page = re.fullmatch(r"https?://www\.wga\.hu(/html/(\S+)\.html)", field(row, "URL"))
    return Artwork(
        id=page[1] if page else "",
        **columns(row, title="TITLE", author="AUTHOR", date="DATE", technique="TECHNIQUE", location="LOCATION"),
        type=text([field(row, "FORM"), field(row, "TYPE")]),
        images=addresses(f"{SITE}/{folder}/{page[2]}.jpg" for folder in ("art", "detail")) if page else (),
        page=field(row, "URL") if page else "",
        licence=LICENCE,
        words=_searched_title(row),
    )


def _searched_title(row: object) -> str:
    """Return the title, once more with "St" written out: Table 2.1 asks for "saint"."""
    title = field(row, "TITLE")
    return title + " " + re.sub(r"\bSts?\b", "Saint", title)
