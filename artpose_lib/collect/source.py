"""What every source gives, an `Artwork` for each hit, and what reads a museum's answer without trusting it.

An answer may lack any field, or hold a list where a text was. `dig` and `text` take whatever comes and never raise, so
that a source's module is little more than the names of its fields.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING, ClassVar

from artpose_lib.data.poses import Query

if TYPE_CHECKING:
    from artpose_lib.collect.session import Session

LONGEST_TEXT = 1000  # characters of one field; descriptions go on for pages, and a title never does


class Fault(Exception):
    """What went wrong with one request, one picture or one record; the message is a sentence that says why.

    kind: a short name to count by, such as "blocked" or "not JSON". lasting: asking again would not help.
    """

    def __init__(self, kind: str, sentence: str, lasting: bool = False):
        super().__init__(sentence)
        self.kind, self.lasting = kind, lasting


@dataclass(frozen=True)
class Key:
    """A key that a source asks for: the environment variable it is read from, and the page that gives one."""

    variable: str
    page: str


@dataclass(frozen=True)
class Artwork:
    """One hit of a search: the thesis' columns (Appendix, first listing) and where it came from. All text is theirs.

    images: addresses of the picture, the best first; empty where the museum shows none.
    page: where a person reads about the work. licence: an address or words, as the museum states them, or "".
    words: everything that a search may match, in all languages (titles, description, subjects); never stored.
    fault: why this hit cannot be used, or None.
    """

    source: str
    id: str
    title: str = ""
    author: str = ""
    date: str = ""
    technique: str = ""
    location: str = ""
    type: str = ""
    images: tuple[str, ...] = ()
    page: str = ""
    licence: str = ""
    words: str = ""
    fault: Fault | None = None


class Source:
    """A museum or a catalogue that can be searched. A subclass names its hosts and writes `search`.

    name: short, for files and `--source`. title: what it is called. hosts: all that is ever fetched from, pictures
    included. key: None where none is needed. verified: False where no answer of it was ever seen. redirects: whether
    a picture's address may lead on to another.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    key: ClassVar[Key | None] = None
    verified: ClassVar[bool] = True
    redirects: ClassVar[bool] = True

    def __init__(self, session: "Session"):
        self.session = session

    def search(self, query: Query) -> Iterator[Artwork]:
        """The hits of one search, each once, in the museum's order; more than match, since searches are loose.

        A record that cannot be read is a hit with a `fault`. Raises Fault where the search itself fails.
        """
        raise NotImplementedError

    def json(self, url: str, params: dict | None = None, headers: dict | None = None, keep: bool = False) -> object:
        """A JSON answer of one of this source's hosts; see `Session.json`."""
        return self.session.json(url, self.hosts, params, headers, keep)

    def attempt(self, identifier: str, read: Callable[[], Artwork]) -> Artwork:
        """What `read` returns, or the fault that it raised as a hit of its own. A hit without an id gets this one."""
        try:
            found = read()
            return found if found.id else replace(found, id=identifier)
        except Fault as fault:
            return Artwork(self.name, identifier, fault=fault)


def dig(answer: object, *path: str | int) -> object:
    """The value at a path of keys and positions, or None where anything on the way is missing or of another type."""
    for step in path:
        if isinstance(step, int) and isinstance(answer, list) and -len(answer) <= step < len(answer):
            answer = answer[step]
        elif isinstance(step, str) and isinstance(answer, dict):
            answer = answer.get(step)
        else:
            return None
    return answer


def entries(answer: object, *path: str | int) -> list:
    """The list at a path; a single value as a list of one, nothing as an empty list."""
    found = dig(answer, *path)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def page_of(answer: object, name: str) -> list:
    """The hits in a search's answer, where null stands for none. Raises Fault where the answer is no page of hits."""
    if not isinstance(answer, dict) or name not in answer:
        raise Fault("not a record", f'The search gave an answer without "{name}", which is no page of hits.')
    return entries(answer, name)


def each_once(pages: Iterable[Iterable[Artwork]]) -> Iterator[Artwork]:
    """The hits of page after page, each once, up to a page that brings nothing new: some servers never end."""
    seen: set[str] = set()
    for page in pages:
        known = len(seen)
        for hit in page:
            if not hit.id or hit.id not in seen:  # those without an id are not one work
                seen.add(hit.id)
                yield hit
        if len(seen) == known:
            return


def text(*values: object) -> str:
    """The first of the values that says something, as one line; a list as its parts with ", " between, each once."""
    for value in values:
        parts = map(_one_line, value if isinstance(value, list) else [value])
        if line := ", ".join(dict.fromkeys(filter(None, parts))):
            return line[:LONGEST_TEXT]
    return ""


def plain(html: str) -> str:
    """The text of a piece of HTML, for the museums that answer with markup."""
    return _one_line(unescape(re.sub(r"<[^<>]*>", " ", html)))


def addresses(values: Iterable[object]) -> tuple[str, ...]:
    """Those of the values that are web addresses, each once."""
    return tuple(dict.fromkeys(value for value in map(text, values) if re.match(r"https?://[^\s/]", value)))


def _one_line(value: object) -> str:
    """A text or a number as one line of bounded length; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # Category C: control characters, direction overrides and lone surrogates, which no file can hold.
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter
                   for letter in str(value)[:2 * LONGEST_TEXT])
    return " ".join(kept.split())[:LONGEST_TEXT].rstrip()
