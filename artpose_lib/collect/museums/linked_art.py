"""Reading Linked Art (linked.art), the form of the Rijksmuseum's records.

What a name or a statement is, and in which language, is told by terms of the Getty's thesaurus (AAT).
"""

from artpose_lib.collect.answers import dig, entries, text

ENGLISH, DUTCH, PREFERRED = "300388277", "300388256", "300404670"  # numbers of terms


def references(record: object, *path: str) -> list[str]:
    """The ids at a path, where an entry is an id or an object that has one."""
    return [found for entry in entries(record, *path) if (found := text(entry, dig(entry, "id")))]


def of_kind(record: object, name: str, term: str) -> list:
    """Those entries of a list that are classified by the term of this number."""
    return [entry for entry in entries(record, name) if term in _terms(entry, "classified_as")]


def said(statements: list) -> str:
    """What the best of some statements says: one in English, else the preferred one, else one in Dutch."""
    def distance(statement: object) -> tuple[bool, bool, bool]:
        languages = _terms(statement, "language")
        return ENGLISH not in languages, PREFERRED not in _terms(statement, "classified_as"), DUTCH not in languages

    return text(*(dig(statement, "content") for statement in sorted(statements, key=distance)))


def named(things: list) -> str:
    """The names of people, materials or types, in English where there is one."""
    return text([_name(thing) for thing in things])


def _name(thing: object) -> str:
    notations = sorted(entries(thing, "notation"), key=lambda notation: dig(notation, "@language") != "en")
    return text(*(text(notation, dig(notation, "@value")) for notation in notations))


def _terms(record: object, name: str) -> set[str]:
    return {reference.rpartition("/")[2] for reference in references(record, name)}
