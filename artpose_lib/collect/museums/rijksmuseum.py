"""The Rijksmuseum, Amsterdam: its search and its records in Linked Art (data.rijksmuseum.nl), both without a key.

A picture is three records away from a hit: the object shows a visual item, which is shown by a digital object, which
has the picture's address.
"""

import re
from collections.abc import Iterator
from functools import partial

from artpose_lib.collect.answers import Fault, addresses, dig, entries, text
from artpose_lib.collect.museums.linked_art import named, of_kind, references, said
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.data.poses import Query

SEARCH = "https://data.rijksmuseum.nl/search/collection"
PAGES = 100  # of 100 hits each, which is more than a search of Table 2.1 should find
LINKED_ART = {"Accept": "application/ld+json"}
OBJECT_NUMBER, DESCRIPTION, MATERIALS = "300312355", "300435452", "300435429"  # terms of the Getty's thesaurus


class Rijksmuseum(Source):
    name = "rijksmuseum"
    title = "Rijksmuseum, Amsterdam"
    hosts = ("data.rijksmuseum.nl", "iiif.micr.io")

    def search(self, query: Query) -> Iterator[Artwork]:
        seen: set[str] = set()
        for field in ("title", "description"):
            for found in self._found({field: query.text, "imageAvailable": "true"}):
                if found not in seen:
                    seen.add(found)
                    yield self.attempt(found.rpartition("/")[2], partial(self._object, found))

    def _found(self, params: dict) -> Iterator[str]:
        """The ids that one search finds, page after page, up to a page that brings nothing new."""
        url, seen = SEARCH, set()
        for _ in range(PAGES):
            answer = self.json(url, params)
            if dig(answer, "type") != "OrderedCollectionPage":
                raise Fault("not a record", "The search gave an answer that is no page of hits.")
            found = references(answer, "orderedItems")
            yield from found
            url, params = text(dig(answer, "next", "id")), None
            if not url or seen.issuperset(found):
                return
            if not url.startswith(f"{SEARCH}?"):
                raise Fault("elsewhere", f'The next page of hits is said to be at "{url}", which is not the search.')
            seen.update(found)

    def _object(self, identifier: str) -> Artwork:
        record = self._record(identifier)
        visual_item = self._behind(record, "shows")
        return artwork(record, visual_item, self._behind(visual_item, "digitally_shown_by"))

    def _behind(self, record: object, name: str) -> object:
        identifier = text(*references(record, name))
        return self._record(identifier) if identifier else None

    def _record(self, identifier: str) -> object:
        # id.rijksmuseum.nl would only redirect to the same number here.
        number = re.fullmatch(r"https?://id\.rijksmuseum\.nl/([0-9]+)", identifier)
        if not number:
            raise Fault("not a record", f'"{identifier}" is not an id of the Rijksmuseum.', lasting=True)
        return self.json(f"https://data.rijksmuseum.nl/{number[1]}", headers=LINKED_ART, keep=True)


def artwork(record: object, visual_item: object = None, digital_object: object = None) -> Artwork:
    """An object's record, its visual item and its digital object (None where there is none) on the thesis' columns."""
    names = [name for name in entries(record, "identified_by") if dig(name, "type") == "Name"]
    makers = [maker for part in entries(record, "produced_by", "part") for maker in entries(part, "carried_out_by")]
    stories = [part for page in entries(record, "subject_of") for part in entries(page, "part")]
    rights = [right for rights in entries(visual_item, "subject_to") for right in references(rights, "classified_as")]
    return Artwork(
        source=Rijksmuseum.name,
        id=said(of_kind(record, "identified_by", OBJECT_NUMBER)),
        title=said(names),
        author=named(makers) or said(entries(record, "produced_by", "referred_to_by")),
        date=said(entries(record, "produced_by", "timespan", "identified_by")),
        technique=said(of_kind(record, "referred_to_by", MATERIALS)) or named(entries(record, "made_of")),
        location="Rijksmuseum, Amsterdam",
        type=named(entries(record, "classified_as")),
        images=addresses(address.replace("/full/max/", "/full/!1000,1000/")
                         for address in references(digital_object, "access_point")),
        page=text(*addresses([dig(record, "id")])),
        licence=text(*rights),
        words=" ".join(text(dig(told, "content"))
                       for told in [*names, *of_kind(record, "referred_to_by", DESCRIPTION), *stories]),
    )
