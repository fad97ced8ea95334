"""The museums' recorded answers: given by `responses` inside a test, or by a `loopback.Server`.

An answer lies in `answers/<host>/<stem>`, the stem being the last part of an address's path; an answer to a certain
parameter, or to a certain value of it, adds that, as in `search-page` and `search-page=2`. Every search finds all that
its museum has, as loosely as museums search. Titles and names are our own inventions, in the shapes of real answers.
`answers/museums.json` has for each source what it is asked, {0} being the words, what finds nothing, and the artworks
that the recorded answers become, by search and without the empty fields; a picture is drawn for each address in it.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit
from zlib import crc32

import numpy as np
import requests
import responses
from PIL import Image

ANSWERS = Path(__file__).parent / "answers"
MUSEUMS = json.loads((ANSWERS / "museums.json").read_text(encoding="utf-8"))
ARTWORKS = {name: museum["artworks"] for name, museum in MUSEUMS.items()}
PICTURES = {address for searches in ARTWORKS.values() for works in searches.values() for work in works
            for address in work.get("images", ())}
KEYS = {"HARVARD_API_KEY": "harvard-5ecret/+key", "SEARCHCULTURE_API_KEY": "searchculture-5ecret",
        "EUROPEANA_API_KEY": "europeana5ecret"}
LASTING, PRESENT = "nrs.harvard.edu", "ids.lib.harvard.edu"  # Harvard's names of pictures lead on to where they are now
KEY_PARAMETERS = ("apikey", "apiKey", "wskey")


class Reply(NamedTuple):
    """An answer."""

    body: bytes
    status: int = 200
    headers: dict[str, object] = {}

    def on_the_wire(self) -> bytes:
        """The bytes that are sent, under the body's true length unless the headers say otherwise."""
        lines = {"Content-Length": len(self.body), "Connection": "close"} | self.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        return f"HTTP/1.1 {self.status} Said\r\n{head}\r\n".encode("latin-1") + self.body


def make_reply(body: bytes, status: int = 200, kind: str = "application/json", **headers: object) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body, status, {"Content-Type": kind} | named)


def as_json(answer: object, status: int = 200) -> Reply:
    return make_reply(json.dumps(answer).encode(), status)


def look_up(url: str) -> Reply:
    """The recorded answer at an address, or the picture that is drawn for it, or 404."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    if parts.hostname == LASTING:
        return Reply(b"", 303, headers={"Location": url.replace(LASTING, PRESENT)})
    if (known := url.replace(PRESENT, LASTING)) in PICTURES:
        return make_reply(picture(known), kind="image/jpeg")
    path = PurePosixPath(parts.path)
    answers = {file.stem: file for file in (ANSWERS / parts.hostname).glob("*")}
    for stem in [*(f"{path.stem}-{name}={value}" for name, value in asked.items()),
                 *(f"{path.stem}-{name}" for name in asked), path.stem]:
        if stem in answers:
            key = next((asked[name] for name in KEY_PARAMETERS if name in asked), "")
            recorded = answers[stem].read_text(encoding="utf-8").replace("a-key", quote(key, safe=""))
            if path.suffix == ".zip":
                return make_reply(zipped(recorded.encode("iso-8859-1")), kind="application/zip")
            return make_reply(recorded.encode())
    return as_json({"message": "there is no such address"}, 404)


def zipped(table: bytes, member: str = "catalog.csv") -> bytes:
    """An archive with the Web Gallery of Art's catalogue in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        # An archive of no date, as the names of tests are made of it.
        archive.writestr(zipfile.ZipInfo(member), table, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


@cache
def picture(address: str) -> bytes:
    """A smooth picture of 800 x 600 pixels as a JPEG; no two addresses have the same."""
    noise = np.random.default_rng(crc32(address.encode())).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((800, 600), Image.Resampling.BICUBIC).save(file, "JPEG")
    return file.getvalue()


class Museums:
    """All museums. asked: every address, in order. missing: those that no museum has. agents: who asked."""

    def __init__(self, answer: Callable[[str], Reply] = look_up):
        self.answer = answer
        self.asked, self.missing, self.agents = [], [], set()

    def reply(self, url: str, headers: dict) -> Reply:
        given = self.answer(url)
        self.asked.append(url)
        self.agents.add(headers["User-Agent"])
        if given.status == 404:
            self.missing.append(url)
        return given

    def __enter__(self) -> "Museums":
        """Answer in place of the network, until the end of the `with` block."""
        def answered(request: requests.PreparedRequest) -> tuple[int, dict, object]:
            given = self.reply(request.url, request.headers)
            return given.status, given.headers, given.body

        self.network = responses.RequestsMock(assert_all_requests_are_fired=False)
        self.network.add_callback(responses.GET, re.compile(""), answered, content_type=None)
        self.network.start()
        return self

    def __exit__(self, *reason) -> None:
        self.network.stop(allow_assert=False)
