"""The session that all sources share, over a museum on loopback that says exactly what it is told to say."""

import base64
import gzip
import itertools
import json
import logging
import os
import socket
import socketserver
import sqlite3
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import pytest
import requests_cache.backends.sqlite
import requests_cache.policy.actions
from hypothesis import given
from hypothesis import strategies as st
from urllib3.connection import HTTPConnection

from artpose_lib import __version__
from artpose_lib.collect import adapter, connection, session
from artpose_lib.collect.adapter import GAP, HURRY, REST, Pace
from artpose_lib.collect.answers import Fault
from artpose_lib.collect.keys import Keys
from artpose_lib.collect.session import Session

HOST, OTHER = "museum.test", "pictures.test"
URL, PICTURE = f"https://{HOST}/objects/1", f"https://{OTHER}/1.jpg"
JPEG = b"\xff\xd8\xff\xe0 and so on"
PAGE = b"<!DOCTYPE html><html><body>Welcome to the museum</body></html>"
CHALLENGE = b'\n<html><head><script src="/_Incapsula_Resource?x=1"></script></head></html>'


# A museum on this machine.


class Asked(NamedTuple):
    host: str
    target: str
    headers: Message


class Museum(socketserver.ThreadingTCPServer):
    """Answers with the bytes, or the pieces, that were set for a target, one after the other; the last one stays."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies, self.asked, self.lock = {}, [], threading.Lock()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def says(self, *replies, target="/objects/1"):
        self.replies[target] = list(replies)

    def next_reply(self, asked):
        with self.lock:
            self.asked.append(asked)
            replies = self.replies[asked.target]
            return replies.pop(0) if len(replies) > 1 else replies[0]


class _Handler(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self):
        line = self.rfile.readline().decode("latin-1")
        if not line:  # somebody came and said nothing
            return
        target = line.split(" ")[1]
        headers = BytesHeaderParser().parsebytes(b"".join(iter(self.rfile.readline, b"\r\n")))
        reply = self.server.next_reply(Asked(headers["Host"], target, headers))
        with suppress(OSError):
            for piece in [reply] if isinstance(reply, bytes) else reply():
                self.wfile.write(piece)


def reply(body, status=200, kind="application/json", **headers):
    """The bytes of an answer, under its true length unless the headers say otherwise."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = {"Content-Type": kind, "Content-Length": len(body), "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + body


def chunked(body, **headers):
    return reply(body, Transfer_Encoding="chunked", Content_Length=None, **headers)


def to(address):
    return reply(b"", 302, Location=address)


def dripping(start):
    """The start of an answer, and then a byte now and then for ever."""
    def pieces():
        yield start
        while True:
            time.sleep(0.02)
            yield b" "
    return pieces


@pytest.fixture
def museum():
    with Museum() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def polite(museum, tmp_path):
    with Session(tmp_path, "me@example.org", museum.address) as polite:
        yield polite


@contextmanager
def fault(kind, lasting=False):
    with pytest.raises(Fault) as raised:
        yield raised
    assert (raised.value.kind, raised.value.lasting) == (kind, lasting)
    assert raised.value.__cause__ is None and raised.value.__context__ is None


class Clock:
    """Time that passes only while somebody waits; it stands for the stop event as well, and is never set."""

    def __init__(self):
        self.time, self.lock = 0.0, threading.Lock()

    def wait(self, seconds):
        with self.lock:
            self.time += seconds

    def __call__(self):
        time.sleep(0)  # other threads come to see the same time
        return self.time


class Noted(threading.Event):
    """A stop event that remembers for how long it was waited for."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def wait(self, seconds):
        if seconds:
            self.waits.append(seconds)
        return super().wait(seconds)


# What is asked, and how.


def test_the_museum_hears_who_asks_for_what_and_where(polite, museum):
    museum.says(reply({"a": [1]}), target="/search?q=a+b&n=2")
    assert polite.json(f"https://{HOST}/search", [HOST], {"q": "a b", "n": 2}, {"X-Own": "yes"}) == {"a": [1]}
    host, target, headers = museum.asked[0]
    assert (host, target, headers["X-Own"]) == (HOST, "/search?q=a+b&n=2", "yes")
    assert headers["User-Agent"] == polite.agent
    assert polite.agent.startswith(f"artpose/{__version__} (") and "me@example.org" in polite.agent


@pytest.mark.parametrize("found", [None, 3, "text", [], {"a": {"b": None}}, "Müller \u2603"])
def test_json_may_be_anything(polite, museum, found):
    museum.says(reply(found))
    assert polite.json(URL, [HOST]) == found


def test_packed_and_chunked_answers_are_read(polite, museum):
    packed = gzip.compress(b'{"a": 1}')
    parts = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (5, packed[:5], len(packed) - 5, packed[5:])
    museum.says(chunked(parts, Content_Encoding="gzip"))
    assert polite.json(URL, [HOST]) == {"a": 1}


def test_no_cookie_proxy_or_password_of_the_user_goes_out(museum, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text(f"machine {HOST} login me password mine")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    museum.says(reply(1, Set_Cookie="id=7"))
    with Session(tmp_path / "state", loopback=museum.address) as polite:
        polite.json(URL, [HOST])
        polite.json(URL, [HOST], {}, {"Accept": "other"})
    assert len(museum.asked) == 2
    assert not any(name in asked.headers for asked in museum.asked for name in ("Cookie", "Authorization"))


def test_a_connection_is_used_again(polite, museum, monkeypatch):
    connections = []
    new = HTTPConnection._new_conn
    monkeypatch.setattr(HTTPConnection, "_new_conn", lambda self: connections.append(1) or new(self))

    class Staying(_Handler):
        def handle(self):
            for _ in range(2):
                super().handle()

    museum.RequestHandlerClass = Staying
    museum.says(reply(1, Connection="keep-alive"))
    for accepted in ("one", "two"):
        polite.json(URL, [HOST], headers={"Accept": accepted})
    assert len(museum.asked) == 2 and len(connections) == 1


# What goes wrong with an answer.

TOO_DEEP, ENDLESS_NUMBER = b"[" * 100_000, b"9" * 5_000
ERRORS = [(400, "refused", True), (401, "refused", True), (403, "blocked", False), (404, "not found", True),
          (410, "not found", True), (418, "refused", True), (429, "too many requests", False),
          (204, "server error", False), (304, "server error", False), (500, "server error", False),
          (501, "server error", False), (503, "server error", False)]
BROKEN = {
    "shorter than it says": (reply(b'{"a": 1}', Content_Length=20), "cut off"),
    "a chunk that is cut": (chunked(b"20\r\n{}"), "cut off"),
    "a chunk of no size": (chunked(b"zz\r\n{}\r\n"), "cut off"),
    "a chunk of less than nothing": (chunked(b"-5\r\n{}\r\n"), "cut off"),
    "packed wrongly": (reply(b"{}", Content_Encoding="gzip"), "cut off"),
    "two lengths": (reply(b"{}", Content_Length="2, 3"), "no answer"),
    "hung up": (b"", "no answer"),
    "another protocol": (b"SSH-2.0-OpenSSH\r\n", "no answer"),
    "a challenge": (reply(CHALLENGE, kind="text/html"), "blocked"),
    "a challenge instead of JSON": (reply(b"\xef\xbb\xbf" + CHALLENGE), "blocked"),
}
NOT_JSON = {"a page": PAGE, "nothing": b"", "half": b'{"a": ', "no text": b'"\xe9"', "too deep": TOO_DEEP,
            "a number without end": ENDLESS_NUMBER}


@pytest.mark.parametrize(("status", "kind", "lasting"), ERRORS)
def test_an_error_is_a_fault_that_names_host_and_path_and_not_the_query(polite, museum, status, kind, lasting):
    museum.says(reply({}, status), target="/objects/1?q=unsaid")
    with fault(kind, lasting) as raised:
        polite.json(URL, [HOST], {"q": "unsaid"})
    assert f"{HOST}/objects/1" in str(raised.value) and "unsaid" not in str(raised.value)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_a_fault_of_records_and_pictures(polite, museum, name):
    answer, kind = BROKEN[name]
    museum.says(answer)
    with fault(kind):
        polite.json(URL, [HOST])
    with fault(kind):
        polite.picture(URL, [HOST])


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_no_json_is_a_fault_and_not_kept(polite, museum, name):
    museum.says(reply(NOT_JSON[name]), reply(1))
    with fault("not JSON"):
        polite.json(URL, [HOST])
    assert polite.json(URL, [HOST]) == 1


def test_nobody_there_is_a_fault(tmp_path):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with Session(tmp_path, loopback=address) as polite, fault("no answer"):
            polite.json(URL, [HOST])


def test_a_picture_is_given_as_it_came(polite, museum):
    museum.says(reply(JPEG, kind="image/jpeg"), reply(JPEG, kind="binary/octet-stream"), target="/1.jpg")
    assert polite.picture(PICTURE, [OTHER]) == polite.picture(PICTURE, [OTHER]) == JPEG


@pytest.mark.parametrize(("body", "kind"), [(PAGE, "text/html"), (PAGE, "image/jpeg"), (JPEG, "text/html"),
                                            (b"<svg/>", "image/svg+xml"), (b"", "image/jpeg"), (b"{}", "image/png")])
def test_what_is_no_picture_is_a_lasting_fault(polite, museum, body, kind):
    museum.says(reply(body, kind=kind), target="/1.jpg")
    with fault("not a picture", lasting=True):
        polite.picture(PICTURE, [OTHER])


def endless(start):
    """The start of an answer and then 200 MB, which is as good as endless."""
    return lambda: itertools.chain([start], itertools.repeat(bytes(10_000), 20_000))


HUGE = {
    "packed": (reply(gzip.compress(bytes(200_000_000), 1), Content_Encoding="gzip"), "too large"),
    "endless": (endless(reply(b"", Content_Length=10 ** 12)), "too large"),
    "of no length": (endless(reply(b"", Content_Length=None)), "too large"),
    "in one chunk": (endless(chunked(b"fffffffffff\r\n")), "too large"),
    "a chunk of all": (endless(chunked(b"-1\r\n")), "cut off"),
}


@pytest.mark.parametrize("name", HUGE)
def test_too_many_bytes_are_a_fault_before_they_fill_the_memory(polite, museum, monkeypatch, name):
    for limit in ("LARGEST_JSON", "LARGEST_PICTURE", "LARGEST_FILE"):
        monkeypatch.setattr(session, limit, 1_000_000)
    answer, kind = HUGE[name]
    museum.says(answer)
    tracemalloc.start()
    for ask in (polite.json, polite.picture, lambda url, hosts: polite.file(url, hosts, "catalogue.csv")):
        with fault(kind, lasting=kind == "too large"):
            ask(URL, [HOST])
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", reply(b"[", Content_Length=10 ** 6),
                                   chunked(b"1;")],
                         ids=["in the head", "in the body", "in a chunk's size"])
def test_a_trickle_ends(polite, museum, monkeypatch, start):
    monkeypatch.setattr(connection, "PATIENCE", 0.1)
    monkeypatch.setattr(adapter, "PAUSES", ())
    museum.says(dripping(start))
    with fault("no answer"):
        polite.json(URL, [HOST])


def test_an_endless_error_is_not_read_to_its_end(polite, museum):
    museum.says(endless(reply(b"", 500, Content_Length=10 ** 12)))
    with fault("server error"):
        polite.json(URL, [HOST])


# Trying again.


@pytest.mark.parametrize("trouble", [*(reply({}, status) for status in (429, 500, 502, 503, 504)), b""])
def test_a_busy_museum_is_asked_again(polite, museum, trouble):
    museum.says(trouble, trouble, reply("fine"))
    assert polite.json(URL, [HOST]) == "fine"
    assert len(museum.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
def test_a_museum_that_refuses_is_not_asked_again(polite, museum, status):
    museum.says(reply({}, status))
    with pytest.raises(Fault):
        polite.json(URL, [HOST])
    assert len(museum.asked) == 1


def waits_for(museum, folder, *replies):
    """The seconds, on the museum's clock, that a session waits before it tries again."""
    stop = Noted()
    museum.says(*replies)
    with Session(folder, loopback=museum.address, stop=stop) as polite:
        polite.json(URL, [HOST])
    return [seconds * HURRY for seconds in stop.waits]


def test_the_pauses_grow(museum, tmp_path):
    assert waits_for(museum, tmp_path, *[reply({}, 503)] * 3, reply(1)) == pytest.approx([2, 4, 8])


@pytest.mark.parametrize("asked", ["7", " 7 "])
def test_a_museum_that_says_how_long_to_wait_is_heard(museum, tmp_path, asked):
    assert waits_for(museum, tmp_path, reply({}, 429, Retry_After=asked), reply(1)) == pytest.approx([7])


@pytest.mark.parametrize("asked", ["soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 5000, "Mon, 9 Foo 99999 1:1:1"])
def test_a_museum_that_does_not_say_how_long_is_asked_after_the_usual_pause(museum, tmp_path, asked):
    waits = waits_for(museum, tmp_path, reply({}, 503, Retry_After=asked), reply(1))
    assert waits == waits_for(museum, tmp_path / "other", reply({}, 503), reply(1))


@pytest.mark.parametrize("asked", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_an_hour_is_not_waited_for(museum, tmp_path, asked):
    museum.says(reply({}, 429, Retry_After=asked))
    stop = Noted()
    with Session(tmp_path, loopback=museum.address, stop=stop) as polite, fault("too many requests"):
        polite.json(URL, [HOST])
    assert len(museum.asked) == 1 and stop.waits == []


# The pace.


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3)), max_size=30))
def test_requests_to_a_host_start_a_second_apart_and_hosts_do_not_wait_for_each_other(turns):
    clock, last = Clock(), {}
    pace = Pace(clock, clock=clock)
    for host, work in turns:
        before = clock()
        pace.turn(host)
        assert clock() == pytest.approx(max(before, last.get(host, -GAP) + GAP))
        last[host] = clock()
        clock.wait(work)


def test_threads_share_one_limit():
    clock = Clock()
    pace = Pace(clock, clock=clock)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(pace.turn, ["a"] * 100))
    assert clock() >= 99 * GAP


def test_a_host_that_blocks_rests_and_after_three_blocks_is_left_alone(polite, museum):
    clock = Clock()
    pace = Pace(clock, clock=clock)
    for _ in range(3):
        pace.turn("a")
        pace.answered("a", blocked=True)
    assert clock() >= 2 * REST
    with pytest.raises(Fault, match="blocked 3 requests in a row"):
        pace.turn("a")
    pace.turn("b")

    museum.says(reply({}, 403))
    for _ in range(3):
        with fault("blocked"):
            polite.json(URL, [HOST])
    for ask in (polite.json, polite.picture):
        with fault("gave up"):
            ask(URL, [HOST])
    assert len(museum.asked) == 3
    museum.says(reply(JPEG, kind="image/jpeg"), target="/1.jpg")
    assert polite.picture(PICTURE, [HOST, OTHER]) == JPEG


def test_an_answer_between_two_blocks_makes_them_count_anew(polite, museum):
    blocked, fine = reply(CHALLENGE, 403, "text/html"), reply({}, 404)
    museum.says(*[blocked, blocked, fine] * 3)
    for kind in ["blocked", "blocked", "not found"] * 3:
        with pytest.raises(Fault) as raised:
            polite.picture(URL, [HOST])
        assert raised.value.kind == kind


def test_stop_ends_a_wait_at_once_and_asks_nothing_more(museum, tmp_path):
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Fault, match="stopped"):
        Pace(stop).wait(3600)
    with Session(tmp_path, loopback=museum.address, stop=stop) as polite:
        for ask in (polite.json, polite.picture):
            with fault("stopped"):
                ask(URL, [HOST])
    assert museum.asked == []


# What is kept.


def test_an_answer_is_asked_for_once_also_by_the_next_session(museum, tmp_path):
    museum.says(reply({"a": 1}, Vary="*", Cache_Control="no-store", ETag='"1"'))
    for _ in range(2):
        with Session(tmp_path, loopback=museum.address) as polite:
            assert [polite.json(URL, [HOST], keep=keep) for keep in (True, False)] == [{"a": 1}] * 2
    assert len(museum.asked) == 1


def test_searches_are_kept_for_a_day_and_records_for_a_month(polite, museum, monkeypatch):
    museum.says(reply(1))
    museum.says(reply(2), target="/search")
    now = requests_cache.policy.actions.utcnow()

    def asked_after(days):
        monkeypatch.setattr(requests_cache.policy.actions, "utcnow", lambda: now + timedelta(days=days))
        museum.asked.clear()
        polite.json(URL, [HOST], keep=True)
        polite.json(f"https://{HOST}/search", [HOST])
        return [asked.target for asked in museum.asked]

    assert asked_after(0) == ["/objects/1", "/search"]
    assert asked_after(0.9) == []
    assert asked_after(1.1) == ["/search"]
    assert asked_after(31) == ["/objects/1", "/search"]


def test_answers_that_are_too_old_make_room(museum, tmp_path, monkeypatch):
    museum.says(reply(1))
    for days, kept in ((0, 0), (0.9, 1), (1.1, 0)):
        monkeypatch.setattr(requests_cache.backends.sqlite, "time", lambda days=days: time.time() + days * session.DAY)
        with Session(tmp_path, loopback=museum.address) as polite:
            assert len(stored(tmp_path)) == kept
            if not days:
                polite.json(URL, [HOST])


def test_a_museums_own_word_that_there_is_nothing_is_kept_and_a_servers_page_is_not(polite, museum):
    museum.says(reply({"message": "no such object"}, 404))
    museum.says(reply(PAGE, 404, "text/html"), target="/objects/2")
    for _ in range(2):
        for number in (1, 2):
            with fault("not found", lasting=True):
                polite.json(f"https://{HOST}/objects/{number}", [HOST], keep=True)
    assert [asked.target for asked in museum.asked] == ["/objects/1", "/objects/2", "/objects/2"]


def test_errors_and_pictures_are_not_kept(polite, museum, tmp_path):
    museum.says(reply({"never": "kept"}, 400), reply({"never": "kept"}, 500))
    for _ in range(2):
        with pytest.raises(Fault):
            polite.json(URL, [HOST])
    museum.says(reply(JPEG, kind="image/jpeg"), target="/1.jpg")
    for _ in range(2):
        polite.picture(PICTURE, [OTHER])
    assert len(museum.asked) == 1 + 4 + 2
    assert stored(tmp_path) == [] and {path.name for path in tmp_path.iterdir()} == {"answers.sqlite"}


def stored(folder):
    """What answers.sqlite holds: each row's text, and the body in it."""
    with closing(sqlite3.connect(folder / "answers.sqlite")) as database:
        rows = [value for value, in database.execute("SELECT value FROM responses")]
    return [(row, base64.b64decode(json.loads(row)["_content"])) for row in rows]


def test_answers_lie_in_json_and_hold_nothing_of_the_head(polite, museum, tmp_path):
    museum.says(reply({"a": 1}, Set_Cookie="id=secret-of-theirs", X_Own="theirs", kind="application/json; charset=odd"))
    polite.json(URL, [HOST])
    (row, body), = stored(tmp_path)
    assert body == b'{"a": 1}' and not any(word in row for word in ("theirs", "odd", "Said"))


def test_records_in_two_formats_are_told_apart(polite, museum):
    museum.says(reply("linked"), reply("plain"))
    for _ in range(2):
        assert polite.json(URL, [HOST], headers={"Accept": "application/ld+json"}) == "linked"
        assert polite.json(URL, [HOST]) == "plain"


def test_threads_may_share_a_session(polite, museum):
    targets = [f"/objects/{number}" for number in range(40)]
    for target in targets:
        museum.says(reply(target), target=target)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda target: polite.json(f"https://{target[-1]}.test{target}",
                                                            [f"{n}.test" for n in range(10)]), targets * 2))
    assert found == targets * 2


def test_answers_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"this is not a database" * 100)
    with pytest.raises(ValueError, match=r"answers\.sqlite cannot be read .*delete it"):
        Session(tmp_path)


# Where requests may go.

NOWHERE = ["file:///etc/passwd", "ftp://museum.test/1", "//museum.test/1", "museum.test/1", "", "https://",
           "https://[::1", "https://example.org/1", "https://museum.test.example.org/1", "https://museum.test./1",
           "http://127.0.0.1/1", "http://[::1]/1", "https://museum.test:8443/1", "https://museum.test:x/1",
           "http://museum.test:443/1", "https://me:mine@museum.test/1", "https://museum.test@example.org/1",
           "https://example.org\\@museum.test/1", "https://\ud800/1", f"https://{'a' * 70}.test/1",
           "javascript:alert(1)"]


@pytest.mark.parametrize("address", NOWHERE)
def test_an_address_elsewhere_is_not_asked(polite, museum, address):
    for ask in (polite.json, polite.picture, lambda url, hosts: polite.file(url, hosts, "a.csv")):
        with fault("elsewhere"):
            ask(address, [HOST])
    assert museum.asked == []


@pytest.mark.parametrize("address", [address for address in NOWHERE if address.isascii() and ":" in address[:-3]])
def test_a_redirect_elsewhere_is_not_followed(polite, museum, address):
    museum.says(to(address))
    with fault("elsewhere"):
        polite.picture(URL, [HOST])
    assert len(museum.asked) == 1


@pytest.mark.parametrize("target", ["/objects/2", "2", f"//{OTHER}/objects/2", f"https://{OTHER}:443/objects/2"])
def test_a_redirect_within_the_source_is_followed(polite, museum, target):
    museum.says(to(target))
    museum.says(reply("there"), target="/objects/2")
    assert polite.json(URL, [HOST, OTHER]) == "there"


def test_a_redirect_may_have_letters_that_are_not_ascii(polite, museum):
    museum.says(reply(b"", 301, Location="/Ø".encode().decode("latin-1")))
    museum.says(reply("there"), target=quote("/Ø"))
    assert polite.json(URL, [HOST]) == "there"


def test_redirects_without_end_are_not_followed(polite, museum):
    museum.says(to(URL))
    with fault("elsewhere"):
        polite.json(URL, [HOST])
    assert len(museum.asked) == 6


def test_where_no_redirect_is_expected_none_is_followed(polite, museum):
    museum.says(to("/2.jpg"), target="/1.jpg")
    with fault("elsewhere"):
        polite.picture(PICTURE, [OTHER], redirects=False)
    assert len(museum.asked) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_museums_name_for_this_machine_is_not_believed(museum, tmp_path, monkeypatch, scheme):
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", museum.server_address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    museum.says(reply("of this machine"))
    with Session(tmp_path) as polite, fault("elsewhere"):
        polite.json(f"{scheme}://{HOST}/objects/1", [HOST])
    assert museum.asked == []


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.215.14", True), ("2606:2800:21f::1", True), ("10.1.2.3", False), ("172.16.0.1", False), ("::1", False),
    ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("fe80::1%eth0", False),
    ("fd00::1", False), ("::ffff:10.0.0.1", False)])
def test_only_public_addresses_are_spoken_to(monkeypatch, address, public):
    class Peer:
        closed = False

        def getpeername(self):
            return address, 80

        def close(self):
            self.closed = True

    peer = Peer()
    monkeypatch.setattr(HTTPConnection, "_new_conn", lambda self: peer)
    if public:
        assert connection.PublicHTTP(HOST)._new_conn() is peer and not peer.closed
    else:
        with pytest.raises(Fault, match=HOST):
            connection.PublicHTTP(HOST)._new_conn()
        assert peer.closed


@pytest.mark.parametrize("address", [
    "http://example.org:80", "http://10.0.0.1:80", "https://127.0.0.1:80", "127.0.0.1:80", "http://127.0.0.1",
    "http://127.0.0.1:80@example.org", "http://127.0.0.1:80/path", "http://localhost:80"])
def test_only_a_loopback_address_is_one(tmp_path, address):
    with pytest.raises(ValueError, match="no loopback address"):
        Session(tmp_path, loopback=address)


@pytest.mark.parametrize("contact", ["me@example.org\r\nX-Evil: 1", "Ø", "\x00"])
def test_a_contact_that_cannot_be_sent_is_refused(tmp_path, contact):
    with pytest.raises(ValueError, match="contact"):
        Session(tmp_path, contact)


# Keys.

KEY = "k3y+of/mine=="
FORMS = [KEY, quote(KEY, safe=""), quote(KEY, safe="").lower(), quote_plus(KEY), KEY.replace("/", "\\/")]


@pytest.fixture
def keyed(polite, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("A_MUSEUM_KEY", f" {KEY}\n")
    assert polite.secret("A_MUSEUM_KEY") == KEY
    return polite


def test_a_key_that_is_not_set_is_a_fault_that_names_it(polite, monkeypatch):
    for value in ("", " "):
        monkeypatch.setenv("A_MUSEUM_KEY", value)
        with fault("no key") as raised:
            polite.secret("A_MUSEUM_KEY")
        assert "A_MUSEUM_KEY" in str(raised.value)


def echo(status=200, **headers):
    """An answer that repeats the key wherever an answer can, in all its forms."""
    body = b'{"next": "' + " ".join(FORMS).encode() + b'"}'
    return reply(body, status, f"application/json; key={KEY}", X_Next=KEY, Link=FORMS[1], **headers)


def nowhere(folder, caplog, *texts):
    """Whether no form of the key is in the folder, the log or the texts."""
    parts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    parts += [body for _, body in stored(folder)] + [text.encode() for text in (caplog.text, *texts)]
    parts += [repr(vars(record)).encode() for record in caplog.records]
    return not any(form.encode().lower() in part.lower() for part in parts for form in FORMS)


def test_a_key_goes_to_the_museum_and_comes_into_no_file_log_or_result(keyed, museum, tmp_path, caplog):
    target = f"/objects/1?q=a&apikey={quote_plus(KEY)}"
    museum.says(echo(503), echo(), target=target)
    found = keyed.json(URL, [HOST], {"q": "a", "apikey": KEY}, keep=True)
    assert museum.asked[-1].target == target
    assert found == {"next": " ".join(["REDACTED"] * len(FORMS))}
    assert keyed.json(URL, [HOST], {"q": "a", "apikey": KEY}, keep=True) == found and len(museum.asked) == 2
    assert "/objects/1?q=a" in caplog.text  # the log was there to look at
    assert nowhere(tmp_path, caplog, repr(found))


@pytest.mark.parametrize("name", ["apikey", "apiKey", "wskey"])
def test_an_answer_is_found_again_under_a_new_key(polite, museum, name):
    museum.says(reply(1), target=f"/objects/1?{name}=old")
    assert polite.json(URL, [HOST], {name: "old"}) == polite.json(URL, [HOST], {name: "new"}) == 1


def test_a_key_under_any_other_name_is_not_kept_either(keyed, museum, tmp_path, caplog):
    museum.says(echo(), target=f"/objects/1?own={quote_plus(KEY)}")
    keyed.json(URL, [HOST], {"own": KEY}, {"X-Own": KEY})
    assert len(stored(tmp_path)) == 1 and nowhere(tmp_path, caplog)


TELLING = {
    **{f"status {status}": echo(status) for status in (400, 401, 403, 404, 429, 500)},
    "hung up": b"", "no protocol": KEY.encode() + b"\r\n", "no JSON": reply(KEY.encode()),
    "cut off": echo(Content_Length=10 ** 6),
    "a host and a path": to(f"https://{KEY}/{KEY}"),
    "an address elsewhere": to(f"https://example.org/{FORMS[1]}?{KEY}"),
    "a broken head": b"HTTP/1.1 200 " + KEY.encode() + b"\r\n" + KEY.encode() + b"\r\n\r\n",
    "a broken chunk": chunked(KEY.encode() + b"\r\n"),
}


@pytest.mark.parametrize("name", TELLING)
def test_a_fault_does_not_tell_the_key(keyed, museum, tmp_path, caplog, name):
    museum.says(TELLING[name], target=f"/objects/1?apikey={quote_plus(KEY)}")
    with pytest.raises(Fault) as raised:
        keyed.json(URL, [HOST], {"apikey": KEY})
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    assert nowhere(tmp_path, caplog, str(raised.value))


def test_a_redirect_that_repeats_the_key_is_followed_in_silence(keyed, museum, tmp_path, caplog):
    target = f"/objects/2?apikey={quote_plus(KEY)}"
    museum.says(to(f"https://{HOST}{target}"), target=f"/objects/1?apikey={quote_plus(KEY)}")
    museum.says(echo(), target=target)
    keyed.json(URL, [HOST], {"apikey": KEY})
    assert len(museum.asked) == 2 and nowhere(tmp_path, caplog)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8), st.text())
def test_no_form_of_a_key_is_left_in_a_text(key, around):
    with closing(Keys()) as keys:
        keys.add(key)
        for form in (key, quote(key), quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1]):
            said = keys.clean_text(f"{around}{form}{around}")
            assert key in "REDACTED" or form not in said.replace("REDACTED", "\n")


def test_the_log_of_the_libraries_is_theirs_again_afterwards(museum, tmp_path, monkeypatch):
    logger = logging.getLogger("urllib3.connectionpool")
    before = list(logger.filters)
    with Session(tmp_path, loopback=museum.address):
        assert logger.filters != before
    assert logger.filters == before


# Catalogues.

CATALOGUE = f"https://{HOST}/catalogue.csv"


def ask_for(polite):
    return polite.file(CATALOGUE, [HOST], "museum-catalogue.csv")


def test_a_catalogue_is_downloaded_once_a_month(museum, tmp_path):
    first, second = bytes(range(256)) * 1000, b"new"
    museum.says(reply(gzip.compress(first), Content_Encoding="gzip"), reply(second), target="/catalogue.csv")
    for _ in range(2):
        with Session(tmp_path, loopback=museum.address) as polite:
            path = ask_for(polite)
        assert path == tmp_path / "museum-catalogue.csv" and path.read_bytes() == first
    assert len(museum.asked) == 1
    month_ago = time.time() - 31 * 86_400
    os.utime(path, (month_ago, month_ago))
    with Session(tmp_path, loopback=museum.address) as polite:
        assert ask_for(polite).read_bytes() == second


FAILING = {
    "cut off": (reply(b"half", Content_Length=9), "cut off"),
    "empty": (reply(b"", kind="text/csv"), "not a catalogue"),
    "a page": (reply(PAGE, kind="text/html"), "not a catalogue"),
    "an empty page": (reply(b"", kind="text/html"), "not a catalogue"),
    "a challenge": (reply(CHALLENGE, kind="text/html"), "blocked"),
    "refused for good": (reply({}, 404), "not found"),
    "an error": (reply({}, 500), "server error"),
    "hung up": (b"", "no answer"),
    "sent elsewhere": (to("https://example.org/"), "elsewhere"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_download_that_fails_leaves_nothing(polite, museum, tmp_path, name):
    answer, kind = FAILING[name]
    museum.says(answer, target="/catalogue.csv")
    with fault(kind, lasting=kind == "not found"):
        ask_for(polite)
    assert {path.name for path in tmp_path.iterdir()} == {"answers.sqlite"}


def test_a_download_is_stopped_between_two_pieces(museum, tmp_path):
    stop = threading.Event()

    def pieces():
        yield reply(bytes(1 << 16), Content_Length=10 ** 8)
        stop.set()
        yield from itertools.repeat(bytes(1 << 16), 1000)

    museum.says(pieces, target="/catalogue.csv")
    with Session(tmp_path, loopback=museum.address, stop=stop) as polite, fault("stopped"):
        ask_for(polite)
    assert {path.name for path in tmp_path.iterdir()} == {"answers.sqlite"}
