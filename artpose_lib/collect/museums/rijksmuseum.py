"""The Rijksmuseum, Amsterdam, and Linked Art (linked.art), the form of its records.

What a name or a statement is, and in which language, is told by terms of the Getty's thesaurus (AAT).
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from urllib.parse import urlencode

from artpose_lib.collect.answers import Fault, address, addresses, dig, entries, field, text
from artpose_lib.collect.museums.paging import skip_repeats, turn_pages
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.data.poses import Query

SEARCH = "https://data.rijksmuseum.nl/search/collection"
PAGES = 100  # of 100 hits each, which is more than a search of Table 2.1 should find
LINKED_ART = {"Accept": "application/ld+json"}
# Numbers of terms: of what a statement is, and of the language that it is in.
OBJECT_NUMBER, DESCRIPTION, MATERIALS, PREFERRED = "300312355", "300435452", "300435429", "300404670"
ENGLISH, DUTCH = "300388277", "300388256"


class Rijksmuseum(Source):
    """The Rijksmuseum (Section 2.1): works with a picture.

    Its search and its records in Linked Art (data.rijksmuseum.nl) need no key and state no limit. A picture is three
    records away from a hit: the object shows a visual item, which is shown by a digital object, which has its address.
    """

    name = "rijksmuseum"
    title = "Rijksmuseum, Amsterdam"
    hosts = ("data.rijksmuseum.nl", "iiif.micr.io")

    def search(self, query: Query) -> Iterator[Artwork]:
        searches = [f'{SEARCH}?{urlencode({where: query.text, "imageAvailable": "true"})}'
                    for where in ("title", "description")]
        found = chain.from_iterable(turn_pages(self._read_page, url, PAGES) for url in searches)
        for hit in skip_repeats(found, set()):
            yield self.attempt(hit.id.rpartition("/")[2], partial(self._read_object, hit.id))

    def _read_page(self, url: str) -> tuple[Iterable[Artwork], str | None]:
        """Read a page of hits, of which nothing but the ids of their records is known, and the next page's address."""
        if not url.startswith(f"{SEARCH}?"):
            raise Fault("elsewhere", f'The next page of hits is said to be at "{url}", which is not the search.')
        answer = self.fetch_json(url)
        if dig(answer, "type") != "OrderedCollectionPage":
            raise Fault("not a record", "The search gave an answer that is no page of hits.")
        hits = [Artwork(self.name, identifier) for identifier in read_ids(answer, "orderedItems")]
        return hits, field(answer, "next", "id") or None

    def _read_object(self, identifier: str) -> Artwork:
        record = self._read_record(identifier)
        visual_item = self._read_linked(record, "shows")
        return read_artwork(record, visual_item, self._read_linked(visual_item, "digitally_shown_by"))

    def _read_linked(self, record: object, name: str) -> object:
        identifier = text(*read_ids(record, name))
        return self._read_record(identifier) if identifier else None

    def _read_record(self, identifier: str) -> object:
        # id.rijksmuseum.nl would only redirect to the same number here.
        number = re.fullmatch(r"https?://id\.rijksmuseum\.nl/([0-9]+)", identifier)
        if not number:
            raise Fault("not a record", f'"{identifier}" is not an id of the Rijksmuseum.', lasting=True)
        return self.fetch_json(f"https://data.rijksmuseum.nl/{number[1]}", headers=LINKED_ART, keep=True)


def read_artwork(record: object, visual_item: object = None, digital_object: object = None) -> Artwork:
    """Read an object's record, its visual item and its digital object (None where there is none)."""
    names = [name for name in entries(record, "identified_by") if dig(name, "type") == "Name"]
    materials = select_kind(record, "referred_to_by", MATERIALS)
    makers = [maker for part in entries(record, "produced_by", "part") for maker in entries(part, "carried_out_by")]
    stories = [part for page in entries(record, "subject_of") for part in entries(page, "part")]
    rights = [right for rights in entries(visual_item, "subject_to") for right in read_ids(rights, "classified_as")]
    return Artwork(
        source=Rijksmuseum.name,
        id=choose_content(select_kind(record, "identified_by", OBJECT_NUMBER)),
        title=choose_content(names),
        author=read_names(makers) or choose_content(entries(record, "produced_by", "referred_to_by")),
        date=choose_content(entries(record, "produced_by", "timespan", "identified_by")),
        technique=choose_content(materials) or read_names(entries(record, "made_of")),
        location="Rijksmuseum, Amsterdam",
        type=read_names(entries(record, "classified_as")),
        images=addresses(image.replace("/full/max/", "/full/!1000,1000/")
                         for image in read_ids(digital_object, "access_point")),
        page=address(dig(record, "id")),
        licence=text(*rights),
        words=" ".join(field(statement, "content")
                       for statement in [*names, *select_kind(record, "referred_to_by", DESCRIPTION), *stories]),
    )


def read_ids(record: object, *path: str) -> list[str]:
    """The ids at a path, where an entry is an id or an object that has one."""
    return [found for entry in entries(record, *path) if (found := text(entry, dig(entry, "id")))]


def read_terms(record: object, name: str) -> set[str]:
    """The numbers of the terms at a name."""
    return {identifier.rpartition("/")[2] for identifier in read_ids(record, name)}


def select_kind(record: object, name: str, term: str) -> list:
    """Those entries of a list that are classified by the term of this number."""
    return [entry for entry in entries(record, name) if term in read_terms(entry, "classified_as")]


def choose_content(statements: list) -> str:
    """What the best of some statements says: one in English, else the preferred one, else one in Dutch."""
    def distance(statement: object) -> tuple[bool, bool, bool]:
        languages = read_terms(statement, "language")
        return ENGLISH not in languages, PREFERRED not in read_terms(statement, "classified_as"), DUTCH not in languages

    return text(*(dig(statement, "content") for statement in sorted(statements, key=distance)))


def read_names(things: list) -> str:
    """The names of people, materials or types, in English where there is one."""
    return text([_read_name(thing) for thing in things])


def _read_name(thing: object) -> str:
    notations = sorted(entries(thing, "notation"), key=lambda notation: dig(notation, "@language") != "en")
    return text(*(text(notation, dig(notation, "@value")) for notation in notations))
