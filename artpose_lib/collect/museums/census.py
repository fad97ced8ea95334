"""The Census of Antique Works of Art and Architecture Known in the Renaissance (Section 2.1), which has no search.

Its monuments are those that Wikidata (query.wikidata.org) knows by their number in the Census, with pictures from
Wikimedia Commons. Instead, a text file that `ARTPOSE_CENSUS_LIST` names can list records, the address or the UUID of a
IIIF manifest (database.census.de) a line. Neither needs a key or states a limit.
"""

import os
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from artpose_lib.collect.answers import Fault, addresses, dig, entries, field, plain, read_records, read_years, text
from artpose_lib.collect.museums import commons
from artpose_lib.collect.source import Artwork, Hits, Source, join_pages
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

    def search(self, query: Query) -> Hits:
        listed = os.environ.get(LIST)
        return join_pages([self._read_list(Path(listed)) if listed else self._find_monuments(query)])

    def _read_list(self, path: Path) -> Hits:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeError) as error:
            raise Fault("no list", f'{LIST} names "{path}", which cannot be read: {error}', lasting=True) from error
        for number, line in enumerate(map(text, lines), 1):
            uuid = line.removeprefix(RECORDS).removesuffix(REST).lower()
            if UUID.fullmatch(uuid):
                yield self.attempt(uuid, lambda url: read_artwork(self.fetch_json(url, keep=True)),
                                   f"{RECORDS}{uuid}{REST}")
            elif line and not line.startswith("#"):
                yield Artwork(line, fault=Fault(
                    "not a record", f'{path}, line {number}: "{line}" is neither a UUID nor the address of a manifest '
                                    f"of the Census, which has the form {RECORDS}<UUID>{REST}", lasting=True))

    def _find_monuments(self, query: Query) -> Hits:
        answer = self.fetch_json(WIKIDATA, {"query": MONUMENTS, "format": "json"})
        for row in read_records(dig(answer, "results"), "bindings"):
            number, title, names, image = (field(row, name, "value") for name in ("number", "title", "names", "image"))
            if query.matches(title, names):
                yield self.attempt(number, self._read_monument, number, title, names, image)

    def _read_monument(self, number: str, title: str, names: str, image: str) -> Artwork:
        file = {"titles": f'File:{unquote(image.rpartition("/")[2])}'}
        found = commons.read_files(self.fetch_json(commons.API, commons.IMAGEINFO | file, keep=True))
        picture = commons.read_artwork(found[0] if found else None)
        return Artwork(number, title or names.partition(", ")[0], images=picture.images,
                       page=f"https://database.census.de/#/detail/{number}", licence=picture.licence, words=names)


def read_artwork(manifest: object) -> Artwork:
    """Read a manifest of IIIF's Presentation API 3: its pictures are the file, smaller versions, the thumbnail."""
    title = plain(choose_language(dig(manifest, "label")))
    facts = {plain(choose_language(dig(line, "label"))): choose_language(dig(line, "value"))
             for line in entries(manifest, "metadata")}
    creation = facts.get("Creator", "")
    picture = dig(entries(dig(manifest, "items", 0, "items", 0, "items", 0), "body"), 0)
    services = [text(dig(service, "id"), dig(service, "@id")) for service in entries(picture, "service")]
    return Artwork(
        title=title,
        author=find_values(creation, "Actor") or ("" if "<i>" in creation else plain(creation)),
        date=find_values(creation, "Date") or plain(facts.get("Creation Date", "")),
        years=read_years(find_values(creation, "Earliest Date"), find_values(creation, "Latest Date")),
        images=addresses([dig(picture, "id"), *(f"{service}/full/1000,/0/default.jpg" for service in services),
                          dig(manifest, "thumbnail", 0, "id")]),
        page=text(*addresses(dig(manifest, place, 0, "id") for place in ("homepage", "rendering"))),
        licence=field(manifest, "rights") or plain(choose_language(dig(manifest, "requiredStatement", "value"))),
        words=" ".join([title, *map(plain, facts.values())]),
    )


def choose_language(languages: object) -> str:
    """Return a text that is given by language, in English where it can be; its markup is left in."""
    ordered = ("en-US", "en", "none", *languages) if isinstance(languages, dict) else ()
    values = (value for language in ordered for value in entries(languages, language))
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def find_values(markup: str, name: str) -> str:
    """Return the values under a name within one value: the Census has whole records in nested spans there."""
    found = re.findall(rf"<i>\s*{name}\s*</i>\s*</span>\s*(?:<a[^<>]*>)?([^<>]*)", markup)
    return text([unescape(value) for value in found])
