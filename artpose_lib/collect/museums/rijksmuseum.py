"""The Rijksmuseum, Amsterdam (Section 2.1): works with a picture, as records in Linked Art (linked.art).

Its API (data.rijksmuseum.nl) needs no key and states no limit. A picture is three records away from a hit: the object
shows a visual item, which is shown by a digital object, which has its address. What a statement is, and in which
language, is told by terms of the Getty's thesaurus (AAT).
"""

import re
from itertools import chain
from urllib.parse import urlencode

from artpose_lib.collect.answers import Fault, addresses, dig, entries, field, read_authors, read_years, text
from artpose_lib.collect.source import Artwork, Hits, Pages, Source, join_pages
from artpose_lib.data.poses import Query

SEARCH = "https://data.rijksmuseum.nl/search/collection"
LINKED_ART = {"Accept": "application/ld+json"}
# Terms of the thesaurus.
OBJECT_NUMBER, DESCRIPTION, MATERIALS, PREFERRED = "300312355", "300435452", "300435429", "300404670"
MAKER = "300435417"  # the name of a maker with what is said of it, such as "attributed to"
ENGLISH, DUTCH = "300388277", "300388256"
MENTIONED = re.compile(r" *\((?:mentioned on|vermeld op)[^()]*\)")  # the object itself, behind a maker's name


class Rijksmuseum(Source):
    name = "rijksmuseum"
    title = "Rijksmuseum, Amsterdam"
    hosts = ("data.rijksmuseum.nl", "iiif.micr.io")

    def search(self, query: Query) -> Hits:
        found = chain.from_iterable(join_pages(self._read_hits({where: query.text, "imageAvailable": "true"}))
                                    for where in ("title", "description"))
        for hit in join_pages([found]):
            yield self.attempt(hit.id.rpartition("/")[2], self._read_object, hit.id)

    def _read_hits(self, params: dict) -> Pages:
        """Yield pages of hits, of which nothing but the ids of their records is known."""
        url = f"{SEARCH}?{urlencode(params)}"
        for _ in range(self.most_pages):
            if not url.startswith(f"{SEARCH}?"):
                raise Fault("elsewhere", f'The next page of hits is said to be at "{url}", which is not the search.')
            answer = self.fetch_json(url)
            if dig(answer, "type") != "OrderedCollectionPage":
                raise Fault("not a record", "The search gave an answer that is no page of hits.")
            yield [Artwork(identifier) for identifier in read_ids(answer, "orderedItems")]
            if not (url := field(answer, "next", "id")):
                return

    def _read_object(self, identifier: str) -> Artwork:
        record = self._read_record([identifier])
        visual_item = self._read_record(read_ids(record, "shows"))
        return read_artwork(record, visual_item, self._read_record(read_ids(visual_item, "digitally_shown_by")))

    def _read_record(self, identifiers: list[str]) -> object:
        """Return the record of the first id, None where there is none. id.rijksmuseum.nl would only redirect to it."""
        if not identifiers:
            return None
        number = re.fullmatch(r"https?://id\.rijksmuseum\.nl/([0-9]+)", identifiers[0])
        if not number:
            raise Fault("not a record", f'"{identifiers[0]}" is not an id of the Rijksmuseum.', lasting=True)
        return self.fetch_json(f"https://data.rijksmuseum.nl/{number[1]}", headers=LINKED_ART, keep=True)


def read_artwork(record: object, visual_item: object = None, digital_object: object = None) -> Artwork:
    """Read an object's record, its visual item and its digital object (None where there is none)."""
    names = [name for name in entries(record, "identified_by") if dig(name, "type") == "Name"]
    materials = select_kind(record, "referred_to_by", MATERIALS)
    told = [statement for statement in entries(record, "produced_by", "referred_to_by")
            if read_authors({"role": field(statement, "content").rpartition(": ")[0]})]
    span = dig(record, "produced_by", "timespan")
    years = read_years(dig(span, "begin_of_the_begin"), dig(span, "end_of_the_end"))
    stories = [part for page in entries(record, "subject_of") for part in entries(page, "part")]
    rights = [right for rights in entries(visual_item, "subject_to") for right in read_ids(rights, "classified_as")]
    return Artwork(
        id=choose_content(select_kind(record, "identified_by", OBJECT_NUMBER)),
        title=choose_content(names),
        author=MENTIONED.sub("", read_makers(entries(record, "produced_by", "part")) or choose_content(told)),
        date=choose_content(entries(span, "identified_by")) or "-".join(dict.fromkeys(map(str, years or ()))),
        years=years,
        technique=text([read_names(entries(record, "produced_by", "technique")),
                        choose_content(materials) or read_names(entries(record, "made_of"))]),
        location="Rijksmuseum, Amsterdam",
        type=read_names(entries(record, "classified_as")),
        images=addresses(image.replace("/full/max/", "/full/!1000,1000/")
                         for image in read_ids(digital_object, "access_point")),
        page=text(*addresses([dig(record, "id")])),
        licence=text(*rights),
        words=" ".join(field(statement, "content")
                       for statement in [*names, *select_kind(record, "referred_to_by", DESCRIPTION), *stories]),
    )


def read_ids(record: object, *path: str) -> list[str]:
    """Return the ids at a path, where an entry is an id or an object that has one."""
    return [found for entry in entries(record, *path) if (found := text(entry, dig(entry, "id")))]


def has_term(record: object, name: str, term: str) -> bool:
    """Tell whether a term, by its number, is among those at a name."""
    return any(identifier.rpartition("/")[2] == term for identifier in read_ids(record, name))


def select_kind(record: object, name: str, term: str) -> list:
    """Return those entries of a list that are classified by a term."""
    return [entry for entry in entries(record, name) if has_term(entry, "classified_as", term)]


def choose_content(statements: list) -> str:
    """Return what the best of some statements says: one in English, else the preferred one, else one in Dutch."""
    best_first = sorted(statements, key=lambda statement: (
        not has_term(statement, "language", ENGLISH), not has_term(statement, "classified_as", PREFERRED),
        not has_term(statement, "language", DUTCH)))
    return text(*(dig(statement, "content") for statement in best_first))


def read_makers(parts: list) -> str:
    """Return who made a work, by the parts of its making; each has a role, such as "after design by", and its names."""
    makers = []
    for part in parts:
        role = read_names(entries(part, "technique"))
        name = choose_content(select_kind(part, "referred_to_by", MAKER)) or read_names(entries(part, "carried_out_by"))
        after = "after " if re.match("(after|naar) (?!own|eigen)", role) and not name.startswith("after") else ""
        if name and read_authors({"role": role}):
            makers.append(after + name)
    return text(makers)


def read_names(things: list) -> str:
    """Return the names of people, materials or types, in English where there is one."""
    names = []
    for thing in things:
        notations = sorted(entries(thing, "notation"), key=lambda notation: dig(notation, "@language") != "en")
        names.append(text(*(text(notation, dig(notation, "@value")) for notation in notations)))
    return text(names)
