"""What all fake museums share: a request, an answer, and the works that their searches find too easily."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qsl, urlsplit

from museum_works import Work, encoded

KEYS = {"HARVARD_API_KEY": "harvard-5ecret/+key", "SEARCHCULTURE_API_KEY": "searchculture-5ecret",
        "EUROPEANA_API_KEY": "europeana5ecret"}


@dataclass
class Ask:
    """One request: its host, its path, its parameters and its headers."""

    host: str
    target: str
    headers: dict

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def number(self, name: str, otherwise: int) -> int:
        return int(self.params.get(name, otherwise))


@dataclass
class Reply:
    """One answer; body None is one without end, status 0 none at all.

    about: what is asked for: museum, "search", "record" or "picture", and which, in lower case. second_best: another
    address of the same picture is better. target: what was asked for on that host.
    """

    body: bytes | None
    status: int = 200
    headers: dict = field(default_factory=dict)
    about: tuple[str, str, str] = ("", "", "")
    second_best: bool = False
    target: str = ""


def as_json(answer: object, about: tuple = ("", "", ""), status: int = 200) -> Reply:
    return Reply(json.dumps(answer).encode(), status, {"Content-Type": "application/json; charset=utf-8"}, about)


def as_text(words: str, status: int) -> Reply:
    return Reply(words.encode(), status, {"Content-Type": "text/plain; charset=utf-8"})


@cache
def folded(words: str) -> str:
    """Lower case without accents."""
    parts = unicodedata.normalize("NFKD", words.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


class Museums:
    """The works of all museums, and the searches that find them too easily.

    edits: by work, what is done to its record before it is sent.
    """

    def __init__(self, works: list[Work], edits: dict[Work, Callable[[dict], dict]]):
        self.works, self.edits = works, edits
        self.by_number = {(work.source, work.number): work for work in works}

    def search(self, source: str, words: str) -> list[Work]:
        """The works in which any of the words stands, be it within another."""
        return [work for work in self.of(source)
                if any(word in folded(f"{work.title} {work.words}") for word in folded(words).split())]

    def of(self, source: str) -> list[Work]:
        return [work for work in self.works if work.source == source]

    def numbered(self, source: str, number: str | int) -> Work | None:
        return self.by_number.get((source, int(number)))

    def record(self, work: Work, record: dict) -> dict:
        """The record of a work, or what a fault makes of it."""
        return self.edits[work](record) if work in self.edits else record

    def picture(self, source: str, number: str, width: int = 10_000, height: int = 10_000,
                second_best: bool = False) -> Reply | None:
        """The picture file of a work, not above a size."""
        work = self.numbered(source, number)
        if work is None:
            return None
        form = {"GIF": "gif", "WEBP": "webp", "16-bit": "png", "transparent": "png"}.get(work.form, "jpeg")
        return Reply(encoded(work, width, height), headers={"Content-Type": f"image/{form}"},
                     about=(source, "picture", str(work.number)), second_best=second_best)


def page(found: list, start: int, size: int) -> list:
    return found[start:start + size]
