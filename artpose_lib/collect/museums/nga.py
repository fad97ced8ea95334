"""The National Gallery of Art, Washington: its open data (github.com/NationalGalleryOfArt/opendata), two tables."""

from collections.abc import Iterator

from artpose_lib.collect.answers import addresses, dig, text
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.collect.tables import reading, rows
from artpose_lib.data.poses import Query

DATA = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data"
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


class NGA(Source):
    name = "nga"
    title = "National Gallery of Art, Washington"
    hosts = ("raw.githubusercontent.com", "api.nga.gov")

    def search(self, query: Query) -> Iterator[Artwork]:
        """The works whose title matches and whose picture is open; the pictures of others are small."""
        matching = {row["objectid"]: row for row in self._rows("objects.csv", {"objectid", "title"})
                    if query.matches(row["title"])}
        pictures: dict[str, dict] = {}
        if matching:
            for row in self._rows("published_images.csv", {"depictstmsobjectid", "viewtype", "openaccess", "iiifurl"}):
                number = row["depictstmsobjectid"]
                if number in matching and row["viewtype"] == "primary" and row["openaccess"] == "1":
                    pictures.setdefault(number, row)
        for number, row in matching.items():
            if number in pictures:
                yield artwork(row, pictures[number])

    def _rows(self, table: str, needed: set[str]) -> Iterator[dict[str, str]]:
        path = self.session.file(f"{DATA}/{table}", self.hosts, f"nga-{table}")
        with reading(path), path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            yield from rows(path, lines, needed)


def artwork(row: object, picture: object = None) -> Artwork:
    """A row of objects.csv and its row of published_images.csv, one of an open picture, on the thesis' columns."""
    def column(name: str) -> str:
        return text(dig(row, name))

    number, server = column("objectid"), text(dig(picture, "iiifurl"))
    return Artwork(
        source=NGA.name,
        id=number,
        title=column("title"),
        author=column("attribution"),
        date=column("displaydate"),
        technique=column("medium"),
        location=NGA.title,
        type=column("classification"),
        images=addresses([f"{server}/full/!1000,1000/0/default.jpg"]),
        page=f"https://www.nga.gov/artworks/{number}" if number else "",
        licence=CC0 if text(dig(picture, "openaccess")) == "1" else "",
        words=" ".join([column("title"), text(dig(picture, "assistivetext"))]),
    )
