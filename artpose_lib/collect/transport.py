"""How a request goes out and its answer comes in: in turn, again after a while, within bounds and without keys."""

import ipaddress
import json
import logging
import re
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote, quote_plus, urlsplit

import requests
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests_ratelimiter import LimiterMixin
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from artpose_lib.collect.answers import Fault, text

PER_SECOND = 1  # requests to one host; the Art Institute of Chicago asks for 60 a minute
TRIES, PAUSE = 4, 2  # tries of one request, and seconds before the second one, which double from try to try
BUSY = (429, 500, 502, 503, 504)  # the statuses that are tried again
LONGEST_PAUSE = 60  # seconds; a museum that asks for more is not asked again
REST = 60  # seconds that a host is left alone after a block: the Metropolitan Museum's was gone within a minute
MOST_BLOCKS = 3  # in a row, after which a host is left alone for good
TIMEOUTS = (10, 30)  # seconds without a connection, and without a byte
PIECE = 1 << 16  # bytes that are read at a time
CHALLENGES = (b"incapsula", b"cf-chl", b"challenge-platform", b"captcha", b"just a moment...")
LIBRARIES = ("requests", "requests_cache", "requests_ratelimiter", "urllib3")


def wait(stop: threading.Event, seconds: float = 0) -> None:
    """Wait. Raises Fault, "stopped", as soon as the run is to end."""
    if stop.wait(seconds):
        raise Fault("stopped", "The collection was stopped. Start it again to go on where it was.")


class Transport(LimiterMixin, requests.Session):
    """Sends requests, each host's in turn, and reads the answers. Threads may share it.

    agent: the User-Agent that is sent. keys: what is taken out of answers and messages. stop: once it is set, every
    request and every wait ends with the fault "stopped".
    """

    def __init__(self, agent: str, stop: threading.Event, per_second: float = PER_SECOND):
        super().__init__(per_second=per_second)
        self.agent, self.keys, self.stop = agent, Keys(), stop
        self._blocks: Counter[str] = Counter()  # of each host, in a row
        self._rest_ends: dict[str, float] = defaultdict(float)
        self.headers["User-Agent"] = agent
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # The environment may name a .netrc, whose passwords are not for museums, and a proxy, behind which it cannot be
        # seen whether an address is public.
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, PublicAdapter(pool_connections=50, max_retries=PoliteRetry(stop)))

    def close(self) -> None:
        super().close()
        self.keys.close()

    def send(self, request: PreparedRequest, limit: int, stream: bool = False) -> Response:
        """Return the answer to a request without following redirects; with `stream` and status 200 unread.

        The body has at most `limit` bytes, unpacked; of an error only the beginning is read. What the head says is in
        `raw.headers` alone. Raises Fault: "no answer", "blocked", "cut off", "too large", "elsewhere" (an address that
        is not public), "gave up" and "stopped".
        """
        where, host = self.name_place(request.url), urlsplit(request.url).hostname
        self._wait_for_rest(host)
        try:
            response = super().send(request, stream=True, timeout=TIMEOUTS, allow_redirects=False)
        except (requests.RequestException, HTTPError):
            raise Fault("no answer", f"{where} gave no answer: it cannot be reached, broke off or took too long. Check "
                        "the network, and run the collection again later.") from None
        if getattr(response.raw.retries, "history", ()):
            self._fill_bucket(request)  # of the limiter, which knows of the first try alone
        unread = stream and response.status_code == 200 and "html" not in read_content_type(response)
        content = b"" if unread else self._read_body(response, limit)
        blocked = response.status_code == 403 or _is_challenge(content)
        self._blocks[host] = self._blocks[host] + 1 if blocked else 0
        if blocked:
            self._rest_ends[host] = time.monotonic() + REST
            raise Fault("blocked", f"{where} is blocked: the museum takes us for a robot that asks too much. Run the "
                        "collection again later.")
        return self._drop_head(response, None if unread else content)

    def read_pieces(self, response: Response, limit: int) -> Iterator[bytes]:
        """Yield the unpacked body of an answer, at most 64 kB at a time.

        Raises Fault: "too large" once it is over `limit` bytes, "cut off", "stopped", "no answer" where it is too slow.
        """
        where, size = self.name_place(response.url), 0
        try:
            while piece := response.raw.read1(PIECE, decode_content=True):
                wait(self.stop)
                size += len(piece)
                if size > limit:
                    raise Fault("too large", f"The answer of {where} has more than {limit:,} bytes.", lasting=True)
                yield piece
        except ReadTimeoutError:
            raise Fault("no answer", f"The answer of {where} stopped coming. Run the collection again later.") from None
        except (HTTPError, ValueError):  # ValueError: for a chunk of -5 bytes
            raise Fault("cut off", f"The answer of {where} was cut off. Run the collection again.") from None

    def name_place(self, url: str) -> str:
        """Return host and path of an address, for messages: what comes after them may hold a key."""
        return self.keys.clean_text(text(re.split("[?#]", re.sub("^https?://", "", url), maxsplit=1)[0][:200]))

    def get_redirect_target(self, response: Response) -> None:
        """Keep requests from following, or preparing to follow, a redirect: `Session` does, to declared hosts alone."""

    def _wait_for_rest(self, host: str) -> None:
        if self._blocks[host] >= MOST_BLOCKS:
            raise Fault("gave up", f"{host} has blocked {MOST_BLOCKS} requests in a row and is left alone for the rest "
                        "of this run. Run the collection again later.")
        wait(self.stop, max(0, self._rest_ends[host] - time.monotonic()))

    def _read_body(self, response: Response, limit: int) -> bytes:
        """Return all of an answer; of an error its beginning, which is enough to know a challenge by."""
        with response:
            if response.status_code == 200:
                return b"".join(self.read_pieces(response, limit))
            with suppress(Fault):
                return next(self.read_pieces(response, limit), b"")
            return b""

    def _drop_head(self, response: Response, content: bytes | None) -> Response:
        """Return an answer without its head, which can hold the key, a cookie, or a "Vary" that undoes the cache."""
        bare = Response()
        bare.status_code, bare.raw, bare.url = response.status_code, response.raw, self.keys.clean_text(response.url)
        bare.request = requests.Request("GET", bare.url).prepare()
        if content is not None:
            bare._content, bare._content_consumed = self.keys.clean(content), True
        return bare


class PoliteRetry(Retry):
    """Tries again after 2, 4 and 8 seconds, or as many as a museum asks for, up to a minute; `stop` ends the wait."""

    def __init__(self, stop: threading.Event, total: int = TRIES - 1, status_forcelist: Collection[int] = BUSY,
                 raise_on_status: bool = False, **options):
        super().__init__(total, status_forcelist=status_forcelist, raise_on_status=raise_on_status, **options)
        self._stop = stop

    def new(self, **options) -> "PoliteRetry":
        return super().new(stop=self._stop, **options)

    def increment(self, method: str | None = None, url: str | None = None, response: BaseHTTPResponse | None = None,
                  *rest, **options) -> "PoliteRetry":
        if _read_retry_after(response) > LONGEST_PAUSE:
            raise MaxRetryError(None, url)
        following = super().increment(method, url, response, *rest, **options)
        if response:
            response.close()  # or urllib3 would read it to its end, which may never come
        return following

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        wait(self._stop, max(PAUSE * 2 ** (len(self.history) - 1), _read_retry_after(response)))


def _read_retry_after(response: BaseHTTPResponse | None) -> float:
    """Return the seconds that an answer asks to wait, or 0 where it names none that can be read."""
    with suppress(InvalidHeader, ValueError, OverflowError):
        return Retry().get_retry_after(response) or 0 if response else 0
    return 0


class PublicAdapter(HTTPAdapter):
    """Connects to public addresses alone, whatever address a host's name stands for."""

    def get_connection_with_tls_context(self, request: PreparedRequest, *args, **options) -> HTTPConnectionPool:
        host, found = urlsplit(request.url).hostname, []
        with suppress(OSError, UnicodeError):  # a name that stands for no address: connecting will tell
            found = socket.getaddrinfo(host, None)
        if not all(ipaddress.ip_address(peer[0]).is_global for *_, peer in found):
            raise Fault("elsewhere", f"{host} stands for an address that is not public.")
        return super().get_connection_with_tls_context(request, *args, **options)


class Keys:
    """The museums' keys, to take them out of answers, messages and, until `close`, the logs of LIBRARIES."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[bytes] | None = None
        self._loggers: list[logging.Logger] = []

    def add(self, key: str) -> None:
        """From now on take a key out: plain, as in an address, and as in JSON, where some write "/" as "\\/"."""
        quoted = json.dumps(key)[1:-1]
        self._forms |= {key, quote(key), quote(key, safe=""), quote_plus(key), quoted, quoted.replace("/", "\\/")}
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(re.escape(form.encode()) for form in longest_first), re.IGNORECASE)
        # A filter of a logger does not see what its children are told.
        self._loggers = [logging.getLogger(name) for name in sorted(logging.root.manager.loggerDict)
                         if name.partition(".")[0] in LIBRARIES]
        for logger in self._loggers:
            logger.addFilter(self._clean_record)

    def close(self) -> None:
        for logger in self._loggers:
            logger.removeFilter(self._clean_record)

    def clean(self, data: bytes) -> bytes:
        """Return the same with "REDACTED" for each key."""
        return self._pattern.sub(b"REDACTED", data) if self._pattern else data

    def clean_text(self, words: str) -> str:
        """Return the same with "REDACTED" for each key."""
        return self.clean(words.encode(errors="backslashreplace")).decode()

    def _clean_record(self, record: logging.LogRecord) -> bool:
        # Without its traceback, which would be put into words later, where nothing cleans it.
        record.msg, record.args, record.exc_info = self.clean_text(record.getMessage()), (), None
        return True


def read_content_type(response: Response) -> str:
    """Return what an answer is said to be, in lower case, such as "text/html; charset=utf-8"."""
    return response.raw.headers.get("Content-Type", "").lower()


def _is_challenge(content: bytes) -> bool:
    """Tell whether it is a page that asks for a proof of not being a robot."""
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return False
    page = content.lower()
    return any(word in page for word in CHALLENGES)
