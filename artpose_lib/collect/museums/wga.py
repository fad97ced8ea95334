"""The Web Gallery of Art."""

import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

from artpose_lib.collect.answers import Fault, addresses, columns, field, text
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.collect.tables import explain_damage, read_rows
from artpose_lib.data.poses import Query

SITE = "https://www.wga.hu"
CATALOGUE = f"{SITE}/database/download/data_txt.zip"
LARGEST = 200_000_000  # bytes, unpacked; 52,867 rows are about 13 million
LICENCE = "Copyright: educational and personal use only, redistribution barred (Web Gallery of Art)"


class WGA(Source):
    """The Web Gallery of Art (Section 2.1): a catalogue of 52,867 works, a picture a row, none of them open.

    The catalogue (www.wga.hu) is downloaded whole, without a key, and searched here, by title.
    """

    name = "wga"
    title = "Web Gallery of Art"
    hosts = ("www.wga.hu",)
    redirects = False  # where one leads is no picture

    def search(self, query: Query) -> Iterator[Artwork]:
        return (read_artwork(row) for row in self._read_rows() if query.matches(_searched_title(row)))

    def _read_rows(self) -> Iterator[dict[str, str]]:
        path = self.session.fetch_file(CATALOGUE, self.hosts, "wga.zip")
        with explain_damage(path), ZipFile(path) as archive, archive.open(find_catalogue(archive)) as packed:
            lines = io.TextIOWrapper(packed, encoding="iso-8859-1", newline="")
            yield from read_rows(lines, {"AUTHOR", "TITLE", "URL"}, delimiters=";,")


def find_catalogue(archive: ZipFile) -> ZipInfo:
    """Find the catalogue among an archive's members.

    Raises Fault, "too large", where it would unpack to more than it can be, FileNotFoundError where there is none.
    """
    for member in archive.infolist():
        if PurePosixPath(member.filename).name == "catalog.csv":
            if member.file_size > LARGEST:
                raise Fault("too large", f"The catalogue would unpack to {member.file_size:,} bytes.", lasting=True)
            return member
    raise FileNotFoundError('there is no "catalog.csv" in it')


def read_artwork(row: object) -> Artwork:
    """Read one row of the catalogue."""
    page = re.fullmatch(r"https?://www\.wga\.hu(/html/(\S+)\.html)", field(row, "URL"))
    return Artwork(
        source=WGA.name,
        id=page[1] if page else "",
        **columns(row, title="TITLE", author="AUTHOR", date="DATE", technique="TECHNIQUE", location="LOCATION"),
        type=text([field(row, "FORM"), field(row, "TYPE")]),
        images=addresses(f"{SITE}/{folder}/{page[2]}.jpg" for folder in ("art", "detail")) if page else (),
        page=field(row, "URL") if page else "",
        licence=LICENCE,
        words=_searched_title(row),
    )


def _searched_title(row: object) -> str:
    """The title, once more with "St" written out: Table 2.1 asks for "saint"."""
    title = field(row, "TITLE")
    return title + " " + re.sub(r"\bSts?\b", "Saint", title)
