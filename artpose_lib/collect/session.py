"""The one polite HTTP session that all sources share.

`_follow` passes a request to an address whose host is declared, and to each that it redirects to, through the parents'
`send`: CacheMixin answers from answers.sqlite, Transport tries until it has a whole answer, LimiterMixin waits for the
host's turn, and PublicAdapter connects.
"""

import json
import os
import sqlite3
import time
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
from requests import PreparedRequest, Response
from requests_cache import CacheMixin

from artpose_lib import __version__
from artpose_lib.collect.answers import Fault
from artpose_lib.collect.transport import PER_SECOND, Transport, is_page, is_public
from artpose_lib.files import whole

DAY, MONTH = 86_400, 30 * 86_400  # seconds
LARGEST_JSON, LARGEST_PICTURE, LARGEST_FILE = 20_000_000, 40_000_000, 500_000_000  # bytes, unpacked
MOST_REDIRECTS = 5
PORTS = {"http": 80, "https": 443}
NOT_THERE = (404, 410)
KEY_PARAMETERS = ("apikey", "apiKey", "wskey")


class Session(CacheMixin, Transport):
    """Asks museums for JSON, pictures and catalogues. Threads may share it.

    Answers in JSON are kept in folder/answers.sqlite and catalogues beside it; pictures are not kept.

    Parameters: `folder` is created where it is missing. `contact` is where the museums may write to. `per_second`
    limits the requests to each host.
    Raises ValueError for a contact that cannot be sent and for an answers.sqlite that cannot be read.
    """

    def __init__(self, folder: Path, contact: str = "", per_second: float = PER_SECOND):
        if not (contact.isascii() and contact.isprintable()):
            raise ValueError(f"{contact!r} cannot be sent as a contact: give an e-mail address or a web address")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, path = folder, folder / "answers.sqlite"
        agent = f"artpose/{__version__} ({'; '.join(filter(None, ['research on artworks', contact]))})"
        try:
            # Never pickle: a collection may be handed on, and reading it must not run code.
            super().__init__(path, backend="sqlite", serializer="json", allowable_codes=(200, *NOT_THERE),
                             filter_fn=_is_json, match_headers=("Accept",), ignored_parameters=KEY_PARAMETERS,
                             agent=agent, per_second=per_second)
            self.cache.delete(expired=True, vacuum=False)
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} cannot be read ({error}): delete it, and the museums are asked again") from error

    def fetch_json(self, url: str, hosts: Collection[str], params: dict | None = None, headers: dict | None = None,
                   keep: bool = False) -> object:
        """Return the JSON at an address, parsed, of whatever kind, with "REDACTED" for each key in it.

        keep: for 30 days, as a record that hardly changes, and not for one. hosts: those that may be asked.
        Raises Fault: "not found", "refused" (4xx, 501) and "too large" (over 20 MB), which last; "server error",
        "too many requests", "not JSON", "elsewhere" (another host), and those of `Transport.send`.
        """
        response = self._follow(url, hosts, LARGEST_JSON, MONTH if keep else DAY, params, headers)
        if not _is_json(response):
            raise Fault("not JSON", f"The answer of {self.name_place(url)} is no JSON: it is empty, broken or a page "
                        "for people.")
        return json.loads(response.content)

    def fetch_picture(self, url: str, hosts: Collection[str] | None, redirects: bool = True) -> bytes:
        """Return a picture's file of up to 40 MB, not yet decoded; hosts None is any. Raises Fault as `fetch_json`."""
        return self._follow(url, hosts, LARGEST_PICTURE, redirects=redirects).content

    def fetch_file(self, url: str, hosts: Collection[str], name: str) -> Path:
        """Return folder/name, a catalogue of up to 500 MB, after downloading it if there is none of the last 30 days.
        Raises Fault as `fetch_json` does, and "not a catalogue" for an empty file or a page for people."""
        path = self.folder / name
        if path.exists() and time.time() - path.stat().st_mtime < MONTH:
            return path
        with whole(path, replace=True, option="--out") as partial_path, partial_path.open("w+b") as file:
            start = self._follow(url, hosts, LARGEST_FILE, into=file).content
            if not start or is_page(start):
                raise Fault("not a catalogue", f"The answer of {self.name_place(url)} is no catalogue: it is empty or "
                            "a page for people.")
        return path

    def read_key(self, variable: str) -> str:
        """Return the key in an environment variable, and hide it from now on. Raises Fault, "no key", where none is."""
        key = os.environ.get(variable, "").strip()
        if not key:
            raise Fault("no key", f"There is no key: set the environment variable {variable}.")
        self.hide(key)
        return key

    def _follow(self, url: str, hosts: Collection[str] | None, limit: int, keep: int = 0, params: dict | None = None,
                headers: dict | None = None, redirects: bool = True, into: BinaryIO | None = None) -> Response:
        """Return the answer of status 200 at an address, or where it redirects to; it is kept for `keep` seconds."""
        send = partial(self.send, expire_after=keep) if keep else partial(Transport.send, self, into=into)
        request = self._prepare(url, hosts, params, headers)
        for _ in range(MOST_REDIRECTS + 1):
            response = send(request, limit=limit)
            target = response.raw.headers.get("Location") if 300 < response.status_code < 400 else None
            if not target:
                self._refuse_errors(response)
                return response
            # Header lines arrive as Latin-1; what is not ASCII in an address is meant as UTF-8.
            target = target.encode("latin-1", "replace").decode(errors="replace")
            if not redirects:
                raise Fault("elsewhere", f"{self.name_place(url)} leads to another address, {self.name_place(target)}.")
            request = self._prepare(target, hosts, None, headers, base=request.url)
        raise Fault("elsewhere", f"{self.name_place(url)} leads on and on to other addresses.")

    def _prepare(self, url: str, hosts: Collection[str] | None, params: dict | None, headers: dict | None,
                 base: str = "") -> PreparedRequest:
        """Return the request for an address. Raises Fault, "elsewhere", where it is not on one of the hosts."""
        with suppress(ValueError):  # of all the ways in which an address can be wrong
            request = self.prepare_request(requests.Request("GET", urljoin(base, url), headers, params=params))
            parts = urlsplit(request.url)  # the address as it is sent, which may differ from how it was written
            if (parts.scheme in PORTS and parts.port in (None, PORTS[parts.scheme]) and "@" not in parts.netloc
                    and (is_public(parts.hostname) if hosts is None else parts.hostname in hosts)):
                return request
        raise Fault("elsewhere", f'"{self.name_place(url)}" is not an address on one of the hosts that may be asked.')

    def _refuse_errors(self, response: Response) -> None:
        where, status = self.name_place(response.url), response.status_code
        if status in NOT_THERE:
            raise Fault("not found", f"There is nothing at {where} ({status}).", lasting=True)
        if status == 429:
            raise Fault("too many requests", f"{where} asks for fewer requests.")
        if 400 <= status < 500 or status == 501:  # the last is for what a server does not do at all
            raise Fault("refused", f"{where} refuses the request ({status}). Where the source needs a key, check that "
                        "it is right.", lasting=True)
        if status != 200:
            raise Fault("server error", f"{where} answers with an error ({status}).")


def _is_json(response: Response) -> bool:
    try:
        json.loads(response.content)
    except (ValueError, RecursionError):  # ValueError: also for bytes that are no text, and numbers without end
        return False
    return True
