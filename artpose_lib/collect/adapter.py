"""How a request goes out: in its turn, and again after a while where a museum is busy.

This is about one request and the bytes of its answer. What the answer means is for `session` to say.
"""

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from requests import ConnectionError, PreparedRequest, Request, Response, Timeout
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, InvalidHeader, ReadTimeoutError
from urllib3.util import Retry

from artpose_lib.collect.answers import Fault, text
from artpose_lib.collect.connection import AnyHTTP, PublicHTTP, PublicHTTPS
from artpose_lib.collect.keys import Keys

GAP = 1.0  # seconds between the starts of two requests to one host; the Art Institute of Chicago asks for 60 a minute
PAUSES = (2, 4, 8)  # seconds before the second, third and fourth try
BUSY = (429, 500, 502, 503, 504)  # the statuses that are tried again
LONGEST_PAUSE = 60  # seconds; a museum that asks for more is not asked again
REST = 60  # seconds that a host is left alone after a block: the Metropolitan Museum's was gone within a minute
MOST_BLOCKS = 3  # in a row, after which a host is left alone for good
HURRY = 1000  # how many times as fast the clock runs on loopback
TIMEOUTS = (10, 30)  # seconds without a connection, and without a byte
PIECE = 1 << 16  # bytes that are read at a time
CHALLENGES = (b"incapsula", b"cf-chl", b"challenge-platform", b"captcha", b"just a moment...")


class Pace:
    """When a host may be asked next, for all threads together. Every wait ends once `stop` is set.

    hurry: the clock runs a thousand times as fast, for tests on loopback.
    """

    def __init__(self, stop: threading.Event, hurry: bool = False, clock: Callable[[], float] = time.monotonic):
        self._stop, self._speed, self._clock = stop, HURRY if hurry else 1, clock
        self._free: dict[str, float] = defaultdict(float)  # from when on a host may be asked
        self._blocks: Counter[str] = Counter()  # in a row
        self._lock = threading.Lock()

    def wait(self, seconds: float = 0) -> None:
        """Raises Fault, "stopped", as soon as the run is to end."""
        if self._stop.wait(seconds / self._speed):
            raise Fault("stopped", "The collection was stopped. Start it again to go on where it was.")

    def turn(self, host: str) -> None:
        """Waits until the host may be asked. Raises Fault, "stopped", or "gave up" where it has blocked us."""
        pause = 0.0
        while True:
            self.wait(pause)
            with self._lock:
                if self._blocks[host] >= MOST_BLOCKS:
                    raise Fault("gave up", f"{host} has blocked {MOST_BLOCKS} requests in a row and is left alone for "
                                "the rest of this run. Run the collection again later.")
                pause = self._free[host] - self._now()
                if pause <= 0:
                    self._free[host] = self._now() + GAP
                    return

    def answered(self, host: str, blocked: bool) -> None:
        """Takes note of an answer; after a block the host rests."""
        with self._lock:
            self._blocks[host] = self._blocks[host] + 1 if blocked else 0
            if blocked:
                self._free[host] = self._now() + REST

    def _now(self) -> float:
        return self._clock() * self._speed


class Adapter(HTTPAdapter):
    """Sends requests at a pace, and reads their answers within bounds and without keys.

    loopback: the address of a server that gets every request instead, the host it was meant for in its `Host` header.
    """

    def __init__(self, pace: Pace, keys: Keys, loopback: str = ""):
        self._pace, self._keys, self._loopback = pace, keys, loopback
        super().__init__(pool_connections=50, pool_maxsize=20)  # more than there are hosts, and sources

    def send(self, request: PreparedRequest, limit: int, stream: bool = False, **options) -> Response:
        """The answer to a request, with its body; with `stream` that of a status 200 is left to `pieces`.

        What its head says is in `raw.headers` only.
        Raises Fault: "blocked", "cut off", "too large" (over `limit` bytes), "elsewhere", "gave up" and "stopped", and
        what requests raises where there is no answer.
        """
        response = self._tried(request, **options)
        unread = stream and response.status_code == 200 and "html" not in content_type(response)
        content = b"" if unread else _body(response, limit)
        blocked = response.status_code == 403 or _is_challenge(content)
        self._pace.answered(urlsplit(request.url).hostname, blocked)
        if blocked:
            raise Fault("blocked", f"{place(request.url)} is blocked: the museum takes us for a robot that asks too "
                        "much. Run the collection again later.")
        if not unread:
            response._content, response._content_consumed = self._keys.clean(content), True
        # A head can hold the key, a cookie, or a "Vary" that undoes the cache: nothing of it may be kept.
        response.headers.clear()
        response.cookies.clear()
        response.encoding = response.reason = None
        response.url = self._keys.clean_text(request.url)
        response.request = Request("GET", response.url).prepare()
        return response

    def _tried(self, request: PreparedRequest, **options) -> Response:
        """The first answer of a museum that is not busy, or its last.

        urllib3's own retries would forget the pace, sleep where nothing wakes them, and before that read what a busy
        museum says to its end, however long it is.
        """
        for pause in PAUSES:
            try:
                response = self._once(request, **options)
                asked = _retry_after(response)
                if response.status_code not in BUSY or asked > LONGEST_PAUSE:
                    return response
                response.close()
                pause = max(pause, asked)
            except (ConnectionError, Timeout):
                pass
            self._pace.wait(pause)
        return self._once(request, **options)

    def _once(self, request: PreparedRequest, **options) -> Response:
        self._pace.turn(urlsplit(request.url).hostname)
        return super().send(request, stream=True, timeout=TIMEOUTS, **options)

    def get_connection_with_tls_context(self, request: PreparedRequest, *args, **options):
        """The connections to a request's host, of our kind."""
        if self._loopback:
            request.headers["Host"] = urlsplit(request.url).netloc
            pool = self.poolmanager.connection_from_url(self._loopback)
            pool.ConnectionCls = AnyHTTP
        else:
            pool = super().get_connection_with_tls_context(request, *args, **options)
            pool.ConnectionCls = PublicHTTPS if pool.scheme == "https" else PublicHTTP
        return pool


def pieces(response: Response, limit: int) -> Iterator[bytes]:
    """The unpacked body of an answer, at most 64 kB at a time.

    Raises Fault: "too large" once it is over `limit` bytes, "cut off", "no answer" where it is too slow.
    """
    where, size = place(response.url), 0
    try:
        for piece in response.raw.stream(PIECE, decode_content=True):
            size += len(piece)
            if size > limit:
                raise Fault("too large", f"The answer of {where} has more than {limit:,} bytes.", lasting=True)
            yield piece
    except ReadTimeoutError as error:
        raise Fault("no answer", f"The answer of {where} came too slowly. Run the collection again later.") from error
    except (HTTPError, ValueError) as error:  # ValueError: for a chunk of -5 bytes
        raise Fault("cut off", f"The answer of {where} was cut off. Run the collection again.") from error


def content_type(response: Response) -> str:
    """What an answer is said to be, in lower case, such as "text/html; charset=utf-8"."""
    return response.raw.headers.get("Content-Type", "").lower()


def place(url: str) -> str:
    """Host and path of an address, for messages: what comes after them may hold a key."""
    return text(re.split("[?#]", url, maxsplit=1)[0].removeprefix("http://").removeprefix("https://")[:200])


def _body(response: Response, limit: int) -> bytes:
    """All of an answer; where it is an error its beginning, which is enough to know a challenge by."""
    with response:
        if response.status_code == 200:
            return b"".join(pieces(response, limit))
        with suppress(Fault):
            return next(pieces(response, limit), b"")
        return b""


def _is_challenge(content: bytes) -> bool:
    """Whether it is a page that asks for a proof of not being a robot."""
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return False
    page = content.lower()
    return any(word in page for word in CHALLENGES)


def _retry_after(response: Response) -> float:
    """The seconds that an answer asks to wait, or 0."""
    with suppress(InvalidHeader, ValueError, OverflowError):  # it is whatever a museum wrote
        return Retry().get_retry_after(response.raw) or 0
    return 0
