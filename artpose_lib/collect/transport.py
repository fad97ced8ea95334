"""How a request goes out and its answer comes in: in turn, again after a while, within bounds and without keys."""

import io
import ipaddress
import json
import logging
import re
import socket
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import CancelledError
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import BinaryIO
from urllib.parse import quote, quote_plus, urlsplit

import requests
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests_ratelimiter import LimiterMixin
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError
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
# A picture of a IIIF server in some size; what it does not have, or above the scan's own size, it may answer with 403.
IIIF_SIZE = re.compile(r"(https?://.+)/full/[^/]+/0/default\.jpg")
LIBRARIES = ("requests", "requests_cache", "requests_ratelimiter", "urllib3")


class Transport(LimiterMixin, requests.Session):
    """Sends requests, each host's in turn, and reads the answers. Threads may share it.

    agent: the User-Agent that is sent. stop: once it is set, every request and every wait raises CancelledError. Keys
    are taken out of answers, messages and logs.
    """

    def __init__(self, agent: str, per_second: float):
        super().__init__(per_second=per_second)
        self.agent, self.stop = agent, threading.Event()
        self._keys: set[str] = set()
        self._blocks: Counter[str] = Counter()  # of each host, in a row
        self._rest_ends: dict[str, float] = defaultdict(float)
        self.headers["User-Agent"] = agent
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # The environment may name a .netrc, whose passwords are not for museums, and a proxy, behind which it cannot be
        # seen whether an address is public.
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, PublicAdapter(pool_connections=50))
        # One by one, as a filter does not see what a logger's children are told.
        self._loggers = [logging.getLogger(name) for name in sorted(logging.root.manager.loggerDict)
                         if name.partition(".")[0] in LIBRARIES]
        for logger in self._loggers:
            logger.addFilter(self.clean_log)

    def wait(self, seconds: float = 0) -> None:
        if self.stop.wait(seconds):
            raise CancelledError

    def close(self) -> None:
        super().close()
        for logger in self._loggers:
            logger.removeFilter(self.clean_log)

    def send(self, request: PreparedRequest, limit: int, into: BinaryIO | None = None) -> Response:
        """Return the answer to a request, redirects not followed, its body of at most `limit` bytes, unpacked.

        Where a file is given for it, a body of status 200 goes `into` that, and only its beginning into the answer.

        The head, which may hold a key, a cookie, or a "Vary" that undoes the cache, is in `raw.headers` alone. Raises
        Fault: "no answer", "blocked", "cut off", "too large", "elsewhere" (not a public address), "gave up".
        """
        where, host = self.name_place(request.url), urlsplit(request.url).hostname
        if self._blocks[host] >= MOST_BLOCKS:
            raise Fault("gave up", f"{host} has blocked {MOST_BLOCKS} requests in a row and is left alone for the rest "
                        "of this run.")
        self.wait(max(0, self._rest_ends[host] - time.monotonic()))
        response = self._try(request)
        if response is None:
            raise Fault("no answer", f"{where} gave no answer: it cannot be reached, broke off or took too long. Check "
                        "the network.")
        with response:
            content = self._read_body(response, limit, into)
        challenge = is_page(content) and any(word in content.lower() for word in CHALLENGES)  # to prove to be no robot
        forbidden = response.status_code == 403
        blocked = challenge or forbidden and not IIIF_SIZE.fullmatch(request.url)
        if blocked or not forbidden:  # a size that is refused tells nothing of blocks
            self._blocks[host] = self._blocks[host] + 1 if blocked else 0
        if blocked:
            self._rest_ends[host] = time.monotonic() + REST
            raise Fault("blocked", f"{where} is blocked: the museum takes us for a robot that asks too much.")
        bare = Response()
        bare.status_code, bare.raw, bare.url = response.status_code, response.raw, self.clean_text(response.url)
        bare.request = requests.Request("GET", bare.url).prepare()
        bare._content, bare._content_consumed = self.clean(content), True
        return bare

    def hide(self, key: str) -> None:
        """From now on take a key out: plain, as in an address, and as in JSON, where some write "/" as "\\/"."""
        quoted = json.dumps(key)[1:-1]
        self._keys |= {key, quote(key), quote(key, safe=""), quote_plus(key), quoted, quoted.replace("/", "\\/")}

    def clean(self, data: bytes) -> bytes:
        """Return the same with "REDACTED" for each key."""
        for form in sorted(self._keys, key=len, reverse=True):
            data = re.sub(re.escape(form.encode()), b"REDACTED", data, flags=re.IGNORECASE)
        return data

    def clean_text(self, words: str) -> str:
        return self.clean(words.encode(errors="backslashreplace")).decode()

    def clean_log(self, record: logging.LogRecord) -> bool:
        # Without its traceback, which would be put into words later, where nothing cleans it.
        record.msg, record.args, record.exc_info = self.clean_text(record.getMessage()), (), None
        return True

    def name_place(self, url: str) -> str:
        """Return host and path of an address, for messages: what comes after them may hold a key."""
        return self.clean_text(text(re.split("[?#]", re.sub("^https?://", "", url), maxsplit=1)[0][:200]))

    def get_redirect_target(self, response: Response) -> None:
        """Keep requests from following, or preparing to follow, a redirect: `Session` does, to declared hosts alone."""

    def _try(self, request: PreparedRequest) -> Response | None:
        """Return the unread answer, or None; asked again after 2, 4 and 8 s, or as the museum asks, up to a minute."""
        for number in range(TRIES):
            response, pause = None, 0
            with suppress(requests.RequestException, HTTPError, ValueError, OverflowError):
                response = super().send(request, stream=True, timeout=TIMEOUTS, allow_redirects=False)
                if response.status_code not in BUSY:
                    return response
                pause = Retry().get_retry_after(response.raw) or 0  # raises nearly anything where it cannot be read
            if pause > LONGEST_PAUSE or number == TRIES - 1:
                return response
            if response is not None:
                response.close()
            self.wait(max(pause, PAUSE * 2 ** number))

    def _read_body(self, response: Response, limit: int, into: BinaryIO | None) -> bytes:
        """Return the unpacked body of an answer; of an error the beginning, which is enough to know a challenge by."""
        where, fine = self.name_place(response.url), response.status_code == 200
        body = into if into and fine else io.BytesIO()
        try:
            while (fine or not body.tell()) and (piece := response.raw.read1(PIECE, decode_content=True)):
                self.wait()
                body.write(piece)
                if body.tell() > limit:
                    raise Fault("too large", f"The answer of {where} has more than {limit:,} bytes.", lasting=True)
        except HTTPError as error:
            if fine:
                kind = "no answer" if isinstance(error, ReadTimeoutError) else "cut off"
                raise Fault(kind, f"The answer of {where} was cut off.") from None
        body.seek(0)
        return body.read(PIECE if body is into else -1)


class PublicAdapter(HTTPAdapter):
    """Connects to public addresses alone, whatever address a host's name stands for."""

    def get_connection_with_tls_context(self, request: PreparedRequest, *args, **options) -> HTTPConnectionPool:
        host = urlsplit(request.url).hostname
        if not is_public(host):
            raise Fault("elsewhere", f"{host} stands for an address that is not public.")
        return super().get_connection_with_tls_context(request, *args, **options)


def is_public(host: str) -> bool:
    """Tell whether a host's name stands for public addresses alone, or for none: then connecting will tell."""
    found = []
    with suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host, None)
    return all(ipaddress.ip_address(peer[0]).is_global for *_, peer in found)


def is_page(content: bytes) -> bool:
    """Tell whether it is a page for people."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
