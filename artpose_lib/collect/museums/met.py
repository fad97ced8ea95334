"""The Metropolitan Museum of Art, New York (Section 2.1): a search gives numbers, each of which is asked for by itself.

Its collection API (metmuseum.github.io), version 1.1, needs no key. It gives out the first 10,000 hits of a search,
and blocks for about a minute who asks more than one question a second for long.
"""

from artpose_lib.collect.answers import CC0, Fault, addresses, columns, dig, each, field, read_authors, read_years, text
from artpose_lib.collect.source import Artwork, Hits, Pages, Source, join_pages
from artpose_lib.data.poses import Query

API = "https://collectionapi.metmuseum.org/public/collection"
# Table 2.1 asks department 50, which does not exist and is dropped in silence. 13 is Greek and Roman Art.
DEPARTMENTS = {"50": "13"}


class Met(Source):
    name = "met"
    title = "The Metropolitan Museum of Art, New York"
    hosts = ("collectionapi.metmuseum.org", "images.metmuseum.org")
    page_size, most_pages = 500, 20  # the search gives out no more

    def search(self, query: Query) -> Hits:
        return join_pages(self.read_pages(query.text, query.department), self.page_size)

    def read_pages(self, words: str, department: str = "") -> Pages:
        params = {"q": words, "hasImages": "true", "limit": self.page_size}
        if department:
            params["departmentId"] = DEPARTMENTS.get(department, department)
        for offset in range(0, self.most_pages * self.page_size, self.page_size):
            numbers = map(text, self.fetch_records(f"{API}/v1.1/search", "objectIDs", params | {"offset": offset}))
            yield (self.attempt(number, self._read_object, number) for number in numbers)

    def _read_object(self, number: str) -> Artwork:
        if not number.isdigit():
            raise Fault("not a record", f'"{number}" is not a number of an object.', lasting=True)
        return read_artwork(self.fetch_json(f"{API}/v1/objects/{number}", keep=True))


def read_artwork(record: object) -> Artwork:
    """Read the answer about one object."""
    number = field(record, "objectID")
    artist = text(f'{field(record, "artistPrefix")} {field(record, "artistDisplayName")}')
    if not read_authors({"role": field(record, "artistRole")}):
        artist = text([field(person, "name") for person in read_authors(record, "constituents")])
    return Artwork(
        **columns(record, id="objectID", title="title", date="objectDate", technique="medium", location="repository"),
        author=artist or field(record, "culture"),
        years=read_years(dig(record, "objectBeginDate"), dig(record, "objectEndDate")),
        type=field(record, "classification") or field(record, "objectName"),
        images=addresses([dig(record, "primaryImage"), dig(record, "primaryImageSmall")]),
        # Records name addresses of a site that only the museum reaches.
        page=f"https://www.metmuseum.org/art/collection/search/{number}" if number else "",
        licence=CC0 if dig(record, "isPublicDomain") is True else field(record, "rightsAndReproduction"),
        words=" ".join([field(record, "title"), field(record, "objectName"), field(record, "culture"),
                        *each(record, "tags", "term")]),
    )
