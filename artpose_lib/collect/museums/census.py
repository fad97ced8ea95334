"""Census of Antique Works of Art and Architecture Known in the Renaissance (database.census.de).

The Census has no public search, but a IIIF manifest of each record. A text file that `ARTPOSE_CENSUS_LIST` names can
list those to take: the address or the UUID of one a line. Without a list, its monuments are those that Wikidata knows
by their number in the Census, with pictures from Wikimedia Commons.
"""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from artpose_lib.collect.answers import Fault, addresses, dig, page_of, plain, text
from artpose_lib.collect.museums import commons
from artpose_lib.collect.museums.iiif import metadata, nested, pictures, said
from artpose_lib.collect.source import Artwork, Source, each_once
from artpose_lib.data.poses import Query

LIST = "ARTPOSE_CENSUS_LIST"
RECORDS, REST = "https://database.census.de/api/v1/objects/uuid/", "/format/iiif/v3/manifest.json"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WIKIDATA = "https://query.wikidata.org/sparql"
# All monuments at once, so that one answer serves every search: P12835 is the number in the Census, P18 the picture.
MONUMENTS = """SELECT ?number (MIN(?file) AS ?image) (MIN(?english) AS ?title)
  (GROUP_CONCAT(DISTINCT ?name; separator=", ") AS ?names) WHERE {
  ?item wdt:P12835 ?number; wdt:P18 ?file; rdfs:label|skos:altLabel ?name.
  FILTER(LANG(?name) IN ("en", "mul", "nl", "it", "de", "fr"))
  OPTIONAL { ?item rdfs:label ?english. FILTER(LANG(?english) = "en") }
} GROUP BY ?number ORDER BY ?number"""


class Census(Source):
    name = "census"
    title = "Census of Antique Works of Art and Architecture"
    hosts = ("database.census.de", "query.wikidata.org", *commons.Commons.hosts)

    def search(self, query: Query) -> Iterator[Artwork]:
        named = os.environ.get(LIST)
        return each_once([self._listed(Path(named)) if named else self._monuments(query)])

    def _listed(self, path: Path) -> Iterator[Artwork]:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeError) as error:
            raise Fault("no list", f'{LIST} names "{path}", which cannot be read: {error}', lasting=True) from error
        for number, line in enumerate(map(text, lines), 1):
            uuid = line.removeprefix(RECORDS).removesuffix(REST).lower()
            if UUID.fullmatch(uuid):
                yield self.attempt(uuid, partial(self._manifest, uuid))
            elif line and not line.startswith("#"):
                yield Artwork(self.name, line, fault=Fault(
                    "not a record", f'{path}, line {number}: "{line}" is neither a UUID nor the address of a manifest '
                                    f"of the Census, which has the form {RECORDS}<UUID>{REST}", lasting=True))

    def _manifest(self, uuid: str) -> Artwork:
        return artwork(self.json(f"{RECORDS}{uuid}{REST}", keep=True), uuid)

    def _monuments(self, query: Query) -> Iterator[Artwork]:
        answer = self.json(WIKIDATA, {"query": MONUMENTS, "format": "json"})
        for row in page_of(dig(answer, "results"), "bindings"):
            monument = {name: text(dig(row, name, "value")) for name in ("number", "title", "names", "image")}
            if query.matches(monument["title"], monument["names"]):
                yield self.attempt(monument["number"], partial(self._monument, **monument))

    def _monument(self, number: str, title: str, names: str, image: str) -> Artwork:
        file = {"titles": f'File:{unquote(image.rpartition("/")[2])}'}
        found = commons.files(self.json(commons.API, commons.IMAGEINFO | file, keep=True))
        picture = commons.artwork(found[0] if found else None)
        return Artwork(Census.name, number, title or names.partition(", ")[0], images=picture.images,
                       page=f"https://database.census.de/#/detail/{number}", licence=picture.licence, words=names)


def artwork(manifest: object, uuid: str = "") -> Artwork:
    """A manifest on the thesis' columns; uuid: the record's, which stands only in the manifest's address."""
    told, title = metadata(manifest), plain(said(dig(manifest, "label")))
    creation = told.get("Creator", "")
    return Artwork(
        source=Census.name,
        id=uuid,
        title=title,
        author=nested(creation, "Actor") or ("" if "<i>" in creation else plain(creation)),
        date=nested(creation, "Date") or plain(told.get("Creation Date", "")),
        images=pictures(manifest),
        page=text(*addresses([dig(manifest, "homepage", 0, "id"), dig(manifest, "rendering", 0, "id")])),
        licence=text(dig(manifest, "rights")) or plain(said(dig(manifest, "requiredStatement", "value"))),
        words=" ".join([title, *map(plain, told.values())]),
    )
