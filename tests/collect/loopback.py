"""A server on this machine, and sessions that ask it instead of the museums and do not wait long."""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import parse_headers
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from artpose_lib.collect import harvest, transport
from artpose_lib.collect.session import Session

ADDRESS = "TEST_MUSEUM"  # the environment variable that tells a process that a test starts where its museums are


class Server(ThreadingTCPServer):
    """Sends to each request the bytes that `answer` makes of its address and headers, piece by piece."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, answer: Callable[[str, dict], Iterable[bytes]]):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.address = answer, f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *reason) -> None:
        self.shutdown()
        self.server_close()


class Handler(StreamRequestHandler):
    timeout = 20  # a test that dies must not leave threads behind that wait for ever

    def handle(self) -> None:
        with suppress(OSError, IndexError):  # who asks may have had enough, or may have been killed
            path, headers = self.rfile.readline().split()[1].decode(), parse_headers(self.rfile)
            for piece in self.server.answer(f"https://{headers['Host']}{path}", headers):
                self.wfile.write(piece)


class Loopback(HTTPAdapter):
    """Sends every request to a server such as "http://127.0.0.1:8123", with the museum's host in its `Host` header."""

    def __init__(self, address: str):
        super().__init__()
        self.address = address

    def get_connection_with_tls_context(self, request: PreparedRequest, *args, **options) -> HTTPConnectionPool:
        request.headers["Host"] = urlsplit(request.url).netloc
        return self.poolmanager.connection_from_url(self.address)


def open_session(folder: Path, contact: str = "", address: str = "", per_second: float = 1000) -> Session:
    """Open a session that asks the server at `address`, or at that in the environment, as often as it likes."""
    session = Session(folder, contact, per_second)
    for scheme in ("http://", "https://"):
        session.mount(scheme, Loopback(address or os.environ[ADDRESS]))
    return session


def collect(*arguments, collect: Callable = harvest.collect) -> None:
    """Collect from the server in the environment, with short waits. A cluster's worker can run it too."""
    transport.PAUSE, transport.REST = 0.002, 0.06
    collect(*arguments, open_session=open_session)
