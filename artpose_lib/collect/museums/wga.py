"""The Web Gallery of Art (www.wga.hu): a catalogue to download and search here, and one picture a row."""

import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

from artpose_lib.collect.answers import Fault, addresses, dig, text
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.collect.tables import reading, rows
from artpose_lib.data.poses import Query

SITE = "https://www.wga.hu"
CATALOGUE = f"{SITE}/database/download/data_txt.zip"
LARGEST = 200_000_000  # bytes, unpacked; 52,867 rows are about 13 million
LICENCE = "Copyright: educational and personal use only, redistribution barred (Web Gallery of Art)"


class WGA(Source):
    name = "wga"
    title = "Web Gallery of Art"
    hosts = ("www.wga.hu",)
    redirects = False  # where one leads is no picture

    def search(self, query: Query) -> Iterator[Artwork]:
        return (artwork(row) for row in self._rows() if query.matches(_words(row)))

    def _rows(self) -> Iterator[dict[str, str]]:
        path = self.session.file(CATALOGUE, self.hosts, "wga.zip")
        with reading(path), ZipFile(path) as archive, archive.open(_table(archive)) as packed:
            lines = io.TextIOWrapper(packed, encoding="iso-8859-1", newline="")
            yield from rows(path, lines, {"AUTHOR", "TITLE", "URL"}, delimiters=";,")


def _table(archive: ZipFile) -> ZipInfo:
    """The catalogue among an archive's members, refused where it would unpack to more than it can be."""
    for member in archive.infolist():
        if PurePosixPath(member.filename).name == "catalog.csv":
            if member.file_size > LARGEST:
                raise Fault("too large", f"The catalogue would unpack to {member.file_size:,} bytes.", lasting=True)
            return member
    raise FileNotFoundError('there is no "catalog.csv" in it')


def artwork(row: object) -> Artwork:
    """One row of the catalogue on the thesis' columns."""
    def column(name: str) -> str:
        return text(dig(row, name))

    page = re.fullmatch(r"https?://www\.wga\.hu(/html/(\S+)\.html)", column("URL"))
    return Artwork(
        source=WGA.name,
        id=page[1] if page else "",
        title=column("TITLE"),
        author=column("AUTHOR"),
        date=column("DATE"),
        technique=column("TECHNIQUE"),
        location=column("LOCATION"),
        type=text([column("FORM"), column("TYPE")]),
        images=addresses(f"{SITE}/{folder}/{page[2]}.jpg" for folder in ("art", "detail")) if page else (),
        page=column("URL") if page else "",
        licence=LICENCE,
        words=_words(row),
    )


def _words(row: object) -> str:
    """The title, once more with "St" written out: Table 2.1 asks for "saint"."""
    title = text(dig(row, "TITLE"))
    return title + " " + re.sub(r"\bSts?\b", "Saint", title)
