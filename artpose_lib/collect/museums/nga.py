"""The National Gallery of Art, which the thesis did not ask: works whose picture is open (CC0); others are small.

Its open data (github.com/NationalGalleryOfArt/opendata) are two tables, which are downloaded whole, without a key, and
searched here, by title.
"""

from collections.abc import Iterator

from artpose_lib.collect.answers import CC0, addresses, columns, dig, field, read_table, read_years
from artpose_lib.collect.source import Artwork, Hits, Source
from artpose_lib.data.poses import Query

DATA = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data"


class NGA(Source):
    name = "nga"
    title = "National Gallery of Art, Washington"
    hosts = ("raw.githubusercontent.com", "api.nga.gov")

    def search(self, query: Query) -> Hits:
        matching = {row["objectid"]: row for row in self._read_rows("objects.csv", {"objectid", "title"})
                    if query.matches(row["title"])}
        if not matching:
            return
        pictures: dict[str, dict] = {}
        for row in self._read_rows("published_images.csv", {"depictstmsobjectid", "viewtype", "openaccess", "iiifurl"}):
            number = row["depictstmsobjectid"]
            if number in matching and row["viewtype"] == "primary" and row["openaccess"] == "1":
                pictures.setdefault(number, row)
        for number, row in matching.items():
            if number in pictures:
                yield read_artwork(row, pictures[number])

    def _read_rows(self, table: str, needed: set[str]) -> Iterator[dict[str, str]]:
        return read_table(self.session.fetch_file(f"{DATA}/{table}", self.hosts, f"nga-{table}"), needed)


def read_artwork(row: object, picture: object = None) -> Artwork:
    """Read a row of objects.csv, and the row of published_images.csv of its picture."""
    number, server = field(row, "objectid"), field(picture, "iiifurl")
    return Artwork(
        **columns(row, id="objectid", title="title", author="attribution", date="displaydate", technique="medium",
                  type="classification"),
        years=read_years(dig(row, "beginyear"), dig(row, "endyear")),
        location=NGA.title,
        images=addresses([f"{server}/full/!1000,1000/0/default.jpg"]),
        page=f"https://www.nga.gov/artworks/{number}" if number else "",
        licence=CC0 if field(picture, "openaccess") == "1" else "",
        words=" ".join([field(row, "title"), field(picture, "assistivetext")]),
    )
