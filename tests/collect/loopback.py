"""Sessions that ask one server on this machine instead of the museums, and do not wait long."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from artpose_lib.collect import harvest, transport
from artpose_lib.collect.session import Session

ADDRESS = "TEST_MUSEUM"  # the environment variable that tells a process that a test starts where its museums are


class Loopback(HTTPAdapter):
    """Sends every request to a server such as "http://127.0.0.1:8123", with the museum's host in its `Host` header."""

    def __init__(self, address: str):
        super().__init__()
        self.address = address

    def get_connection_with_tls_context(self, request: PreparedRequest, *args, **options) -> HTTPConnectionPool:
        request.headers["Host"] = urlsplit(request.url).netloc
        return self.poolmanager.connection_from_url(self.address)


def open_session(folder: Path, contact: str = "", stop: threading.Event | None = None, address: str = "",
                 per_second: float = 1000) -> Session:
    """Open a session that asks the server at `address`, or at that in the environment, as often as it likes."""
    session = Session(folder, contact, stop, per_second)
    for scheme in ("http://", "https://"):
        session.mount(scheme, Loopback(address or os.environ[ADDRESS]))
    return session


def collect(*arguments, collect: Callable = harvest.collect) -> None:
    """Collect from the server in the environment, with short waits. A cluster's worker can run it too."""
    transport.PAUSE, transport.REST = 0.002, 0.06
    collect(*arguments, open_session=open_session)
