"""The one polite HTTP session that all sources share: it remembers answers, keeps keys to itself, and never insists."""

import functools
import json
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Collection
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin, urlsplit

import requests
from requests import Response
from requests_cache import CachedSession

from artpose_lib import __version__
from artpose_lib.collect.adapter import Adapter, Pace, content_type, pieces, place
from artpose_lib.collect.answers import Fault
from artpose_lib.collect.keys import Keys
from artpose_lib.collect.store import replacing

DAY, MONTH = 86_400, 30 * 86_400  # seconds
LARGEST_JSON, LARGEST_PICTURE, LARGEST_FILE = 20_000_000, 40_000_000, 500_000_000  # bytes, unpacked
MOST_REDIRECTS = 5
PORTS = {"http": 80, "https": 443}
NOT_THERE = (404, 410)
KEY_PARAMETERS = ("apikey", "apiKey", "wskey")
# Some storage servers call every file a stream of octets.
PICTURE_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")
PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")  # of pictures.FORMATS


def _only_faults(method: Callable) -> Callable:
    """Whatever goes wrong on the way, as a Fault without a key in it."""
    @functools.wraps(method)
    def asked(self, url: str, *args, **options):
        try:
            return method(self, url, *args, **options)
        except Fault as error:
            kind, sentence, lasting = error.kind, str(error), error.lasting
        except requests.RequestException:
            kind, lasting = "no answer", False
            sentence = (f"{place(url)} gave no answer: it cannot be reached, broke off or took too long. Check the "
                        "network, and run the collection again later.")
        # Not within an except clause, where it would carry along the library's error, which quotes the key.
        raise Fault(kind, self._keys.clean_text(sentence), lasting)
    return asked


class Session:
    """Asks museums: seldom, in turn, under our name, and nobody else. Threads may share it.

    Answers in JSON are kept in folder/answers.sqlite and catalogues beside it; pictures are not kept. A request goes
    only to one of the `hosts` that come with it, redirects included, and only to a public address.

    folder: created where it is missing. contact: where the museums may write to. loopback: an address such as
    "http://127.0.0.1:8123" that gets every request instead, and a clock a thousand times as fast: for tests. stop: once
    it is set, every request and every wait ends with the fault "stopped".
    agent: the User-Agent that is sent.
    Raises ValueError for a contact or a loopback that cannot be one, and for an answers.sqlite that cannot be read.
    """

    def __init__(self, folder: Path, contact: str = "", loopback: str = "", stop: threading.Event | None = None):
        if not (contact.isascii() and contact.isprintable()):
            raise ValueError(f"{contact!r} cannot be sent as a contact: give an e-mail address or a web address")
        if loopback and not re.fullmatch(r"http://(127(\.[0-9]{1,3}){3}|\[::1\]):[0-9]{1,5}/?", loopback):
            raise ValueError(f'"{loopback}" is no loopback address: give one such as http://127.0.0.1:8123')
        folder.mkdir(parents=True, exist_ok=True)
        self.agent = f"artpose/{__version__} ({'; '.join(filter(None, ['research on artworks', contact]))})"
        self._folder = folder
        self._answers, self._downloads = _cache(folder / "answers.sqlite"), requests.Session()
        self._keys, self._pace = Keys(), Pace(stop or threading.Event(), hurry=bool(loopback))
        adapter = Adapter(self._pace, self._keys, loopback)
        for http in (self._answers, self._downloads):
            http.headers["User-Agent"] = self.agent
            http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            # The environment may name a .netrc, whose passwords are not for museums, and a proxy, behind which nobody
            # could see whether an address is public.
            http.trust_env = False
            for scheme in PORTS:
                http.mount(f"{scheme}://", adapter)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *reason) -> None:
        self._answers.close()
        self._downloads.close()
        self._keys.close()

    @_only_faults
    def json(self, url: str, hosts: Collection[str], params: dict | None = None, headers: dict | None = None,
             keep: bool = False) -> object:
        """The JSON at an address, parsed, of whatever kind, with "REDACTED" for each key in it.

        keep: the answer is a record, which hardly changes, and is kept for 30 days and not for one.
        Raises Fault. Lasting are "not found" (404, 410), "refused" (401 and other 4xx) and "too large" (over 20 MB).
        Not lasting are "blocked" (403, or a page that asks for a proof of not being a robot), "server error" (5xx),
        "too many requests" (429), "no answer", "cut off", "not JSON", "elsewhere" (a host that is not declared, an
        address that is not public), "gave up" and "stopped".
        """
        response = self._ask(self._answers, url, hosts, params, headers, limit=LARGEST_JSON,
                             expire_after=MONTH if keep else DAY)
        if not _is_json(response):
            raise Fault("not JSON", f"The answer of {place(url)} is no JSON: it is empty, broken or a page for people. "
                        "Run the collection again later.")
        return json.loads(response.content)

    @_only_faults
    def picture(self, url: str, hosts: Collection[str], redirects: bool = True) -> bytes:
        """A picture's file of up to 40 MB, not yet decoded. Raises Fault as `json` does; "not a picture" is lasting.

        redirects: whether the address may lead on to another.
        """
        response = self._ask(self._downloads, url, hosts, redirects=redirects, limit=LARGEST_PICTURE)
        if not (content_type(response).startswith(PICTURE_TYPES) and response.content.startswith(PICTURE_STARTS)):
            raise Fault("not a picture", f"The answer of {place(url)} is not a picture of a known format.",
                        lasting=True)
        return response.content

    @_only_faults
    def file(self, url: str, hosts: Collection[str], name: str) -> Path:
        """A catalogue of up to 500 MB as folder/name, downloaded unless there is one of the last 30 days.

        Raises Fault as `json` does, and "not a catalogue" for an empty file or a page for people.
        """
        path = self._folder / name
        if path.exists() and time.time() - path.stat().st_mtime < MONTH:
            return path
        with (self._ask(self._downloads, url, hosts, limit=LARGEST_FILE, stream=True) as response,
              TemporaryDirectory(dir=self._folder, prefix="partial-") as partial):
            if "html" in content_type(response):
                raise Fault("not a catalogue", f"The answer of {place(url)} is a page for people, not the catalogue.")
            with replacing(path, Path(partial), mode="wb") as file:
                for piece in pieces(response, LARGEST_FILE):
                    self._pace.wait()
                    file.write(piece)
                if not file.tell():
                    raise Fault("not a catalogue", f"The answer of {place(url)} is empty.")
        return path

    def secret(self, variable: str) -> str:
        """The key in an environment variable, which from now on is taken out of answers, messages and log records.

        Raises Fault, "no key", where the variable is not set.
        """
        key = os.environ.get(variable, "").strip()
        if not key:
            raise Fault("no key", f"There is no key: set the environment variable {variable}.")
        self._keys.add(key)
        return key

    def _ask(self, http: requests.Session, url: str, hosts: Collection[str], params: dict | None = None,
             headers: dict | None = None, redirects: bool = True, **options) -> Response:
        """The answer of status 200 at an address, or where it leads to."""
        for _ in range(MOST_REDIRECTS + 1):
            request = _prepared(http, url, hosts, params, headers)
            response = http.send(request, allow_redirects=False, **options)
            target = response.raw.headers.get("Location") if 300 < response.status_code < 400 else None
            if not target:
                _refuse_errors(response)
                return response
            if not redirects:
                raise Fault("elsewhere", f"{place(url)} leads to another address, {place(target)}.")
            url, params = _joined(request.url, target), None
        raise Fault("elsewhere", f"{place(url)} leads on and on to other addresses.")


def _cache(path: Path) -> CachedSession:
    """A session that keeps the answers in JSON, also those that say that there is nothing."""
    try:
        # Never pickle: a collection may be handed on, and reading it must not run code.
        http = CachedSession(path, backend="sqlite", serializer="json", allowable_codes=(200, *NOT_THERE),
                             filter_fn=_is_json, match_headers=("Accept",), ignored_parameters=KEY_PARAMETERS)
        http.cache.delete(expired=True, vacuum=False)
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} cannot be read ({error}): delete it, and the museums are asked again") from error
    return http


def _is_json(response: Response) -> bool:
    try:
        json.loads(response.content)
    except (ValueError, RecursionError):  # ValueError: also for bytes that are no text, and numbers without end
        return False
    return True


def _prepared(http: requests.Session, url: str, hosts: Collection[str], params: dict | None,
              headers: dict | None) -> requests.PreparedRequest:
    """The request for an address. Raises Fault, "elsewhere", where it is not on one of the hosts."""
    try:
        request = http.prepare_request(requests.Request("GET", url, headers, params=params))
        parts = urlsplit(request.url)  # a strange address is not read here as it was, but as it is when it is sent
        if (parts.scheme in PORTS and parts.port in (None, PORTS[parts.scheme]) and parts.hostname in hosts
                and "@" not in parts.netloc):
            return request
    except ValueError:  # of all the ways in which an address can be wrong
        pass
    raise Fault("elsewhere", f'"{place(url)}" is not an address on one of the hosts that this source declares.')


def _joined(base: str, target: str) -> str:
    """The address that a redirect leads to."""
    try:
        # Header lines arrive as Latin-1; what is not ASCII in an address is meant as UTF-8.
        return urljoin(base, target.encode("latin-1").decode(errors="replace"))
    except ValueError:
        return target  # which is no address, as is said when it is asked


def _refuse_errors(response: Response) -> None:
    where, status = place(response.url), response.status_code
    if status in NOT_THERE:
        raise Fault("not found", f"There is nothing at {where} ({status}).", lasting=True)
    if status == 429:
        raise Fault("too many requests", f"{where} asks for fewer requests. Run the collection again later.")
    if 400 <= status < 500:
        raise Fault("refused", f"{where} refuses the request ({status}). Where the source needs a key, check that it "
                    "is right.", lasting=True)
    if status != 200:
        raise Fault("server error", f"{where} answers with an error ({status}). Run the collection again later.")
