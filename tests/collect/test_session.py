"""The session that all sources share: over `responses`, and over sockets where bytes and time matter."""

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
import traceback
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
import requests
import requests_cache.backends.sqlite
import requests_cache.policy.actions
import responses
from hypothesis import given
from hypothesis import strategies as st
from loopback import open_session
from urllib3 import HTTPResponse
from urllib3.exceptions import MaxRetryError

from artpose_lib import __version__
from artpose_lib.collect import session, transport
from artpose_lib.collect.answers import Fault
from artpose_lib.collect.session import Session
from artpose_lib.collect.transport import Keys, PoliteRetry, PublicAdapter

HOST, OTHER = "museum.test", "pictures.test"
URL, PICTURE, CATALOGUE = f"https://{HOST}/objects/1", f"https://{OTHER}/1.jpg", f"https://{HOST}/catalogue.csv"
JPEG = b"\xff\xd8\xff\xe0 and so on"
PAGE = b"<!DOCTYPE html><html><body>Welcome to the museum</body></html>"
CHALLENGE = b'\n<html><head><script src="/_Incapsula_Resource?x=1"></script></head></html>'


@pytest.fixture
def web():
    """The museums; an answer given again to the same address comes after the earlier one, and the last one stays."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


@pytest.fixture
def polite(tmp_path):
    with open_fast(tmp_path) as polite:
        yield polite


def open_fast(folder, contact="me@example.org", stop=None):
    return Session(folder, contact, stop, per_second=1000)


@contextmanager
def fault(kind, lasting=False):
    with pytest.raises(Fault) as raised:
        yield raised
    assert (raised.value.kind, raised.value.lasting) == (kind, lasting)


def catalogue(polite, url=CATALOGUE, hosts=(HOST,)):
    return polite.fetch_file(url, hosts, "museum-catalogue.csv")


def files(folder):
    return {path.name for path in folder.iterdir()}


def asked(web):
    return [call.request.url for call in web.calls]


# What is asked, and how.


def test_the_museum_hears_who_asks_for_what(polite, web):
    web.get(f"https://{HOST}/search", json={"a": [1]})
    assert polite.fetch_json(f"https://{HOST}/search", [HOST], {"q": "a b", "n": 2}, {"X-Own": "yes"}) == {"a": [1]}
    request = web.calls[0].request
    assert request.url == f"https://{HOST}/search?q=a+b&n=2" and request.headers["X-Own"] == "yes"
    assert request.headers["User-Agent"] == polite.agent
    assert polite.agent.startswith(f"artpose/{__version__} (") and "me@example.org" in polite.agent


def test_no_cookie_proxy_or_password_of_the_user_goes_out(web, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text(f"machine {HOST} login me password mine")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    web.get(URL, json=1, headers={"Set-Cookie": "id=7"})
    with open_fast(tmp_path / "state") as polite:
        polite.fetch_json(URL, [HOST])
        polite.fetch_json(URL, [HOST], {}, {"Accept": "other"})
    assert len(web.calls) == 2 and not any(call.request.req_kwargs["proxies"] for call in web.calls)
    assert not any(name in call.request.headers for call in web.calls for name in ("Cookie", "Authorization"))


@pytest.mark.parametrize("contact", ["me@example.org\r\nX-Evil: 1", "Ø", "\x00"])
def test_a_contact_that_cannot_be_sent_is_refused(tmp_path, contact):
    with pytest.raises(ValueError, match="contact"):
        Session(tmp_path, contact)


# What is made of an answer.


@pytest.mark.parametrize("found", [None, 3, "text", [], {"a": {"b": None}}, "Müller \u2603"])
def test_json_may_be_anything(polite, web, found):
    web.get(URL, body=json.dumps(found))
    assert polite.fetch_json(URL, [HOST]) == found


@pytest.mark.parametrize(("status", "kind", "lasting"), [
    (400, "refused", True), (401, "refused", True), (403, "blocked", False), (404, "not found", True),
    (410, "not found", True), (418, "refused", True), (429, "too many requests", False), (204, "server error", False),
    (304, "server error", False), (500, "server error", False), (501, "server error", False),
    (503, "server error", False)])
def test_an_error_is_a_fault_that_names_host_and_path_and_not_the_query(polite, web, status, kind, lasting):
    web.get(URL, json={}, status=status)
    with fault(kind, lasting) as raised:
        polite.fetch_json(URL, [HOST], {"q": "unsaid"})
    assert f"{HOST}/objects/1" in str(raised.value) and "unsaid" not in str(raised.value)
    assert len(web.calls) == (4 if status in transport.BUSY else 1)


@pytest.mark.parametrize(("body", "kind"), [
    (PAGE, "not JSON"), (b"", "not JSON"), (b'{"a": ', "not JSON"), (b'"\xe9"', "not JSON"),
    (b"[" * 100_000, "not JSON"), (b"9" * 5_000, "not JSON"), (CHALLENGE, "blocked"),
    (b"\xef\xbb\xbf" + CHALLENGE, "blocked")])
def test_what_is_no_json_is_a_fault_and_not_kept(polite, web, monkeypatch, body, kind):
    monkeypatch.setattr(transport, "REST", 0)
    web.get(URL, body=body)
    web.get(URL, json=1)
    with fault(kind):
        polite.fetch_json(URL, [HOST])
    assert polite.fetch_json(URL, [HOST]) == 1


def test_a_picture_is_given_as_it_came(polite, web):
    for kind in ("image/jpeg", "binary/octet-stream"):
        web.get(PICTURE, body=JPEG, content_type=kind)
        assert polite.fetch_picture(PICTURE, [OTHER]) == JPEG


@pytest.mark.parametrize(("body", "kind"), [(PAGE, "text/html"), (PAGE, "image/jpeg"), (JPEG, "text/html"),
                                            (b"<svg/>", "image/svg+xml"), (b"", "image/jpeg"), (b"{}", "image/png")])
def test_what_is_no_picture_is_a_lasting_fault(polite, web, body, kind):
    web.get(PICTURE, body=body, content_type=kind)
    with fault("not a picture", lasting=True):
        polite.fetch_picture(PICTURE, [OTHER])


# Bytes: a server on this machine that says exactly what it is told to say.


class Museum(socketserver.ThreadingTCPServer):
    """Answers with each of `replies`, the last one again and again; `asked` says how often."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies, self.asked = [], 0
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for _ in iter(self.rfile.readline, b"\r\n"):
            pass
        self.server.asked += 1
        reply = self.server.replies.pop(0) if len(self.server.replies) > 1 else self.server.replies[0]
        with suppress(OSError):
            for piece in [reply] if isinstance(reply, bytes) else reply():
                self.wfile.write(piece)


@pytest.fixture
def museum(monkeypatch):
    monkeypatch.setattr(transport, "PAUSE", 0.001)
    monkeypatch.setattr(transport, "REST", 0)
    with Museum() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def near(museum, tmp_path):
    """A session that asks the museum on this machine."""
    with open_session(tmp_path, address=museum.address) as near:
        yield near


def reply(body, status=200, kind="application/json", **headers):
    """The bytes of an answer, under its true length unless the headers say otherwise."""
    lines = {"Content-Type": kind, "Content-Length": len(body), "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + body


def chunked(body, **headers):
    return reply(body, Transfer_Encoding="chunked", Content_Length=None, **headers)


def endless(start):
    """The start of an answer and then 200 MB, which is as good as endless."""
    return lambda: itertools.chain([start], itertools.repeat(bytes(10_000), 20_000))


def test_packed_and_chunked_answers_are_read(near, museum):
    packed = gzip.compress(b'{"a": 1}')
    parts = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (5, packed[:5], len(packed) - 5, packed[5:])
    museum.replies = [chunked(parts, Content_Encoding="gzip")]
    assert near.fetch_json(URL, [HOST]) == {"a": 1}


@pytest.mark.parametrize(("answer", "kind"), [
    (reply(b'{"a": 1}', Content_Length=20), "cut off"), (chunked(b"20\r\n{}"), "cut off"),
    (chunked(b"zz\r\n{}\r\n"), "cut off"), (chunked(b"-5\r\n{}\r\n"), "cut off"),
    (reply(b"{}", Content_Encoding="gzip"), "cut off"), (reply(b"{}", Content_Length="2, 3"), "no answer"),
    (b"", "no answer"), (b"SSH-2.0-OpenSSH\r\n", "no answer")])
def test_a_broken_answer_is_a_fault_that_passes(near, museum, answer, kind):
    museum.replies = [answer]
    for ask in (near.fetch_json, near.fetch_picture):
        with fault(kind):
            ask(URL, [HOST])


HUGE = {
    "packed": reply(gzip.compress(bytes(200_000_000), 1), Content_Encoding="gzip"),
    "endless": endless(reply(b"", Content_Length=10 ** 12)), "of no length": endless(reply(b"", Content_Length=None)),
    "in one chunk": endless(chunked(b"fffffffffff\r\n")),
}


@pytest.mark.parametrize("name", HUGE)
def test_too_many_bytes_are_a_fault_before_they_fill_the_memory(near, museum, tmp_path, monkeypatch, name):
    for limit in ("LARGEST_JSON", "LARGEST_PICTURE", "LARGEST_FILE"):
        monkeypatch.setattr(session, limit, 1_000_000)
    museum.replies = [HUGE[name]]
    tracemalloc.start()
    for ask in (near.fetch_json, near.fetch_picture, partial(catalogue, near)):
        with fault("too large", lasting=True):
            ask(URL, [HOST])
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert files(tmp_path) == {"answers.sqlite"}


@pytest.mark.parametrize("status", [500, 501])  # one that is tried again, and one that is not
def test_an_endless_error_is_not_read_to_its_end(near, museum, status):
    museum.replies = [endless(reply(b"", status, Content_Length=10 ** 12))]
    with fault("server error"):
        near.fetch_json(URL, [HOST])


def test_a_museum_that_is_not_there_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "PAUSE", 0.001)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with open_session(tmp_path, address=address) as near, fault("no answer"):
            near.fetch_json(URL, [HOST])


@pytest.mark.parametrize("trouble", [reply(b"{}", 429), reply(b"{}", 503, Retry_After="soon"), b""])
def test_a_museum_in_trouble_is_asked_again(near, museum, trouble):
    museum.replies = [trouble, trouble, trouble, reply(b'"fine"')]
    assert near.fetch_json(URL, [HOST]) == "fine" and museum.asked == 4


# Trying again.


class Noted(threading.Event):
    """A stop event that remembers for how long it was waited for, and never waits."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def wait(self, seconds):
        self.waits.append(seconds)
        return self.is_set()


def waits(*headers):
    """The seconds that are waited after busy answers with these `Retry-After` headers, None for none."""
    stop = Noted()
    retry = PoliteRetry(stop)
    for header in headers:
        answer = HTTPResponse(status=503, headers={"Retry-After": header} if header else {})
        retry = retry.increment("GET", "/", answer)
        retry.sleep(answer)
    return stop.waits


@pytest.mark.parametrize(("headers", "expected"), [
    ([None] * 3, [2, 4, 8]), (["7", " 3 ", "9"], [7, 4, 9]), (["60"], [60]),
    *(([header], [2]) for header in ("soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 5000,
                                     "Mon, 9 Foo 99999 1:1:1"))])
def test_the_pauses_grow_and_a_museum_that_says_how_long_is_heard(headers, expected):
    assert waits(*headers) == expected


def test_after_the_fourth_try_the_last_answer_counts():
    with pytest.raises(MaxRetryError):
        waits(None, None, None, None)


@pytest.mark.parametrize("asked_for", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_an_hour_is_not_waited_for(polite, web, asked_for):
    web.get(URL, json={}, status=429, headers={"Retry-After": asked_for})
    with fault("too many requests"):
        polite.fetch_json(URL, [HOST])
    assert len(web.calls) == 1


# The pace.


def test_each_host_is_asked_once_a_second_by_all_threads_and_all_ways_together(web, tmp_path):
    for number in range(2):
        web.get(f"https://{HOST}/{number}", json=1)
        web.get(f"https://{OTHER}/{number}", body=JPEG, content_type="image/jpeg")
    web.get(f"https://{OTHER}/2", json=1)
    with Session(tmp_path) as polite, ThreadPoolExecutor() as threads:
        start = time.monotonic()
        one = [threads.submit(polite.fetch_json, f"https://{HOST}/{number}", [HOST]) for number in range(2)]
        two = [threads.submit(polite.fetch_picture, f"https://{OTHER}/{number}", [OTHER]) for number in range(2)]
        two.append(threads.submit(polite.fetch_json, f"https://{OTHER}/2", [OTHER]))
        for hosts, seconds in ((one, 1), (two, 2)):
            for answer in hosts:
                answer.result()
            assert seconds <= time.monotonic() - start < seconds + 0.9


def test_a_host_that_blocks_rests_and_after_three_blocks_is_left_alone(tmp_path, web):
    web.get(URL, status=403)
    web.get(PICTURE, body=JPEG, content_type="image/jpeg")
    with open_fast(tmp_path, stop=Noted()) as polite:
        for _ in range(3):
            with fault("blocked"):
                polite.fetch_json(URL, [HOST])
        assert [round(seconds) for seconds in polite.stop.waits if seconds] == [60, 60]
        for ask in (polite.fetch_json, polite.fetch_picture):
            with fault("gave up"):
                ask(URL, [HOST])
        assert len(web.calls) == 3 and polite.fetch_picture(PICTURE, [HOST, OTHER]) == JPEG


def test_an_answer_between_two_blocks_makes_them_count_anew(polite, web, monkeypatch):
    monkeypatch.setattr(transport, "REST", 0)
    for kind in ["blocked", "blocked", "not found"] * 3:
        web.get(URL, body=CHALLENGE, status=404 if kind == "not found" else 403) if kind == "blocked" else web.get(
            URL, json={}, status=404)
    for kind in ["blocked", "blocked", "not found"] * 3:
        with pytest.raises(Fault) as raised:
            polite.fetch_picture(URL, [HOST])
        assert raised.value.kind == kind


def test_stop_ends_a_wait_at_once_and_asks_nothing_more(web, tmp_path):
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with fault("stopped"):
        transport.wait(stop, 3600)
    with open_fast(tmp_path, stop=stop) as polite:
        for ask in (polite.fetch_json, polite.fetch_picture):
            with fault("stopped"):
                ask(URL, [HOST])
    assert not web.calls


def test_stop_ends_the_wait_for_a_busy_museum_and_a_download(museum, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "PAUSE", 3600)
    stop = threading.Event()

    def stopping(start):
        yield start
        stop.set()
        yield from itertools.repeat(bytes(1 << 16), 1000)

    for answer in (reply(b"{}", 503), reply(b"", Content_Length=10 ** 8)):
        stop.clear()
        museum.replies = [partial(stopping, answer)]
        with open_session(tmp_path, stop=stop, address=museum.address) as near, fault("stopped"):
            catalogue(near)
    assert museum.asked == 2 and files(tmp_path) == {"answers.sqlite"}


# What is kept.


def test_an_answer_is_asked_for_once_also_by_the_next_session(web, tmp_path):
    web.get(URL, json={"a": 1}, headers={"Vary": "*", "Cache-Control": "no-store", "ETag": '"1"'})
    for _ in range(2):
        with open_fast(tmp_path) as polite:
            assert [polite.fetch_json(URL, [HOST], keep=keep) for keep in (True, False)] == [{"a": 1}] * 2
    assert len(web.calls) == 1


@pytest.mark.parametrize(("url", "params", "headers", "key"), [
    (URL, {"q": "a b", "apikey": "k3y"}, None, "32194c05fee8ac9e"),
    ("https://data.rijksmuseum.nl/200108369", None, {"Accept": "application/ld+json"}, "d60f208ecb0d2566"),
    (f"{URL}?q=Ø", None, {"AIC-User-Agent": "x"}, "16a6d117b9f26d78")])
def test_answers_that_version_0_1_0_kept_are_found(polite, url, params, headers, key):
    request = polite.prepare_request(requests.Request("GET", url, headers, params=params))
    assert polite.cache.create_key(request) == key


def test_searches_are_kept_for_a_day_and_records_for_a_month(polite, web, monkeypatch):
    web.get(URL, json=1)
    web.get(f"https://{HOST}/search", json=2)
    now = requests_cache.policy.actions.utcnow()

    def asked_after(days):
        monkeypatch.setattr(requests_cache.policy.actions, "utcnow", lambda: now + timedelta(days=days))
        web.calls.reset()
        polite.fetch_json(URL, [HOST], keep=True)
        polite.fetch_json(f"https://{HOST}/search", [HOST])
        return [url.rpartition("/")[2] for url in asked(web)]

    assert [asked_after(days) for days in (0, 0.9, 1.1, 31)] == [["1", "search"], [], ["search"], ["1", "search"]]


def test_answers_that_are_too_old_make_room(web, tmp_path, monkeypatch):
    web.get(URL, json=1)
    for days, kept in ((0, 0), (0.9, 1), (1.1, 0)):
        monkeypatch.setattr(requests_cache.backends.sqlite, "time", lambda days=days: time.time() + days * session.DAY)
        with open_fast(tmp_path) as polite:
            assert len(stored(tmp_path)) == kept
            if not days:
                polite.fetch_json(URL, [HOST])


def test_a_museums_own_word_that_there_is_nothing_is_kept_and_a_servers_page_is_not(polite, web):
    web.get(f"{URL}1", json={"message": "no such object"}, status=404)
    web.get(f"{URL}2", body=PAGE, status=404)
    for _ in range(2):
        for number in (1, 2):
            with fault("not found", lasting=True):
                polite.fetch_json(f"{URL}{number}", [HOST], keep=True)
    assert asked(web) == [f"{URL}1", f"{URL}2", f"{URL}2"]


def test_errors_and_pictures_are_not_kept(polite, web, tmp_path):
    for status in (400, 501):
        web.get(URL, json={"never": "kept"}, status=status)
        with pytest.raises(Fault):
            polite.fetch_json(URL, [HOST])
    web.get(PICTURE, body=JPEG, content_type="image/jpeg")
    for _ in range(2):
        polite.fetch_picture(PICTURE, [OTHER])
    assert len(web.calls) == 4 and stored(tmp_path) == [] and files(tmp_path) == {"answers.sqlite"}


def stored(folder):
    """What answers.sqlite holds: each row's text, and the body in it."""
    with closing(sqlite3.connect(folder / "answers.sqlite")) as database:
        rows = [value for value, in database.execute("SELECT value FROM responses")]
    return [(row, base64.b64decode(json.loads(row)["_content"])) for row in rows]


def test_answers_lie_in_json_and_hold_nothing_of_the_head(polite, web, tmp_path):
    web.get(URL, json={"a": 1}, headers={"Set-Cookie": "id=theirs", "X-Own": "theirs"}, content_type="text/odd")
    polite.fetch_json(URL, [HOST])
    (row, body), = stored(tmp_path)
    assert body == b'{"a": 1}' and not any(word in row for word in ("theirs", "odd"))


def test_records_in_two_formats_are_told_apart(polite, web):
    web.get(URL, json="linked", match=[responses.matchers.header_matcher({"Accept": "application/ld+json"})])
    web.get(URL, json="plain", match=[responses.matchers.header_matcher({"Accept": "*/*"})])
    for _ in range(2):
        assert polite.fetch_json(URL, [HOST], headers={"Accept": "application/ld+json"}) == "linked"
        assert polite.fetch_json(URL, [HOST]) == "plain"
    assert len(web.calls) == 2


def test_threads_may_share_a_session(polite, web):
    for number in range(40):
        web.get(f"https://{number % 10}.test/{number}", json=number)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda number: polite.fetch_json(f"https://{number % 10}.test/{number}",
                                                            [f"{number % 10}.test"]), [*range(40)] * 2))
    assert found == [*range(40)] * 2


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
def test_an_address_elsewhere_is_not_asked_nor_redirected_to(polite, web, address):
    for ask in (polite.fetch_json, polite.fetch_picture, partial(catalogue, polite)):
        with fault("elsewhere"):
            ask(address, [HOST])
    assert not web.calls
    if address.isascii() and ":" in address[:-3]:
        web.get(URL, status=302, headers={"Location": address})
        with fault("elsewhere"):
            polite.fetch_picture(URL, [HOST])
        assert len(web.calls) == 1


@pytest.mark.parametrize("target", ["/objects/Ø", "Ø", f"//{OTHER}/objects/Ø", f"https://{OTHER}:443/objects/Ø"])
def test_a_redirect_within_the_source_is_followed(polite, web, target):
    web.get(URL, status=302, headers={"Location": target.encode().decode("latin-1")})
    for host in (HOST, OTHER, f"{OTHER}:443"):
        web.get(f"https://{host}/objects/{quote('Ø')}", json="there")
    assert polite.fetch_json(URL, [HOST, OTHER]) == "there"


def test_redirects_end_after_five_or_where_none_is_expected(polite, web):
    web.get(URL, status=302, headers={"Location": URL})
    for redirects, requested in ((True, 6), (False, 1)):
        web.calls.reset()
        with fault("elsewhere"):
            polite.fetch_picture(URL, [HOST], redirects=redirects)
        assert len(web.calls) == requested


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.215.14", True), ("2606:2800:21f::1", True), ("10.1.2.3", False), ("172.16.0.1", False), ("::1", False),
    ("127.0.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
    ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:10.0.0.1", False)])
def test_only_public_addresses_are_spoken_to_whatever_a_hosts_name_stands_for(tmp_path, monkeypatch, address, public):
    found = [(0, 0, 0, "", (peer, 0)) for peer in ("93.184.215.14", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    request = requests.Request("GET", URL).prepare()
    if public:
        assert PublicAdapter().get_connection_with_tls_context(request, True).host == HOST
        return
    with open_fast(tmp_path) as polite, fault("elsewhere") as raised:
        polite.fetch_json(URL, [HOST])
    assert HOST in str(raised.value)


# Keys.

KEY = "k3y+of/mine=="
FORMS = [KEY, quote(KEY, safe=""), quote(KEY, safe="").lower(), quote_plus(KEY), KEY.replace("/", "\\/")]


@pytest.fixture
def keyed(near, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("A_MUSEUM_KEY", f" {KEY}\n")
    assert near.read_key("A_MUSEUM_KEY") == KEY
    return near


def test_a_key_that_is_not_set_is_a_fault_that_names_it(polite, monkeypatch):
    for value in ("", " "):
        monkeypatch.setenv("A_MUSEUM_KEY", value)
        with fault("no key") as raised:
            polite.read_key("A_MUSEUM_KEY")
        assert "A_MUSEUM_KEY" in str(raised.value)


def echo(status=200, **headers):
    """An answer that repeats the key wherever an answer can, in all its forms."""
    body = b'{"next": "' + " ".join(FORMS).encode() + b'"}'
    return reply(body, status, f"application/json; key={KEY}", X_Next=KEY, Link=FORMS[1], **headers)


def is_hidden(folder, caplog, *texts):
    """Whether no form of the key is in the folder, the log or the texts."""
    parts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    parts += [body for _, body in stored(folder)] + [text.encode() for text in (caplog.text, *texts)]
    parts += [repr(vars(record)).encode() for record in caplog.records]
    return not any(form.encode().lower() in part.lower() for part in parts for form in FORMS)


def test_a_key_goes_to_the_museum_and_comes_into_no_file_log_or_result(keyed, museum, tmp_path, caplog):
    museum.replies = [echo(429), b"", echo(status=302, Location=f"https://{HOST}/2?apikey={quote_plus(KEY)}"), echo()]
    found = keyed.fetch_json(URL, [HOST], {"q": "a", "apikey": KEY}, keep=True)
    assert found == {"next": " ".join(["REDACTED"] * len(FORMS))} and museum.asked == 4
    museum.replies = [echo()]
    for _ in range(2):
        assert keyed.fetch_json(URL, [HOST], {"q": "b", "own": KEY}, {"X-Own": KEY}, keep=True) == found
    assert museum.asked == 5 and "/objects/1?q=a" in caplog.text  # the log was there to look at
    assert len(stored(tmp_path)) == 2 and is_hidden(tmp_path, caplog, repr(found))


@pytest.mark.parametrize("name", ["apikey", "apiKey", "wskey"])
def test_an_answer_is_found_again_under_a_new_key(polite, web, name):
    web.get(URL, json=1)
    assert polite.fetch_json(URL, [HOST], {name: "old"}) == polite.fetch_json(URL, [HOST], {name: "new"}) == 1
    assert asked(web) == [f"{URL}?{name}=old"]


TELLING = {
    **{f"status {status}": echo(status) for status in (400, 401, 403, 404, 429, 500)},
    "hung up": b"", "no protocol": KEY.encode() + b"\r\n", "no JSON": reply(KEY.encode()),
    "cut off": echo(Content_Length=10 ** 6),
    "a host and a path": reply(b"", 302, Location=f"https://{KEY}/{KEY}"),
    "an address elsewhere": reply(b"", 302, Location=f"https://example.org/{FORMS[1]}?{KEY}"),
    "a broken head": b"HTTP/1.1 200 " + KEY.encode() + b"\r\n" + KEY.encode() + b"\r\n\r\n",
    "a broken chunk": chunked(KEY.encode() + b"\r\n"),
}


@pytest.mark.parametrize("name", TELLING)
def test_a_fault_does_not_tell_the_key(keyed, museum, tmp_path, caplog, name):
    museum.replies = [TELLING[name]]
    with pytest.raises(Fault) as raised:
        keyed.fetch_json(URL, [HOST], {"apikey": KEY})
    assert is_hidden(tmp_path, caplog, *traceback.format_exception(raised.value))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8), st.text())
def test_no_form_of_a_key_is_left_in_a_text(key, around):
    with closing(Keys()) as keys:
        keys.add(key)
        for form in (key, quote(key), quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1]):
            cleaned = keys.clean_text(f"{around}{form}{around}")
            assert key in "REDACTED" or form not in cleaned.replace("REDACTED", "\n")


def test_the_log_of_the_libraries_is_theirs_again_afterwards(tmp_path, monkeypatch):
    logger = logging.getLogger("urllib3.connectionpool")
    before = list(logger.filters)
    monkeypatch.setenv("A_MUSEUM_KEY", KEY)
    with open_fast(tmp_path) as polite:
        polite.read_key("A_MUSEUM_KEY")
        assert logger.filters != before
    assert logger.filters == before


# Catalogues.


def test_a_catalogue_is_downloaded_once_a_month(web, tmp_path):
    first, second = bytes(range(256)) * 1000, b"new"
    web.get(CATALOGUE, body=gzip.compress(first), headers={"Content-Encoding": "gzip"})
    web.get(CATALOGUE, body=second)
    for _ in range(2):
        with open_fast(tmp_path) as polite:
            path = catalogue(polite)
        assert path == tmp_path / "museum-catalogue.csv" and path.read_bytes() == first
    assert len(web.calls) == 1
    month_ago = time.time() - 31 * 86_400
    os.utime(path, (month_ago, month_ago))
    with open_fast(tmp_path) as polite:
        assert catalogue(polite).read_bytes() == second


@pytest.mark.parametrize(("answer", "kind"), [
    (reply(b"half", Content_Length=9), "cut off"), (reply(b"", kind="text/csv"), "not a catalogue"),
    (reply(PAGE, kind="text/html"), "not a catalogue"), (reply(b"", kind="text/html"), "not a catalogue"),
    (reply(CHALLENGE, kind="text/html"), "blocked"), (reply(b"{}", 404), "not found"),
    (reply(b"{}", 500), "server error"), (b"", "no answer"),
    (reply(b"", 302, Location="https://example.org/"), "elsewhere")])
def test_a_download_that_fails_leaves_nothing(near, museum, tmp_path, answer, kind):
    museum.replies = [answer]
    with fault(kind, lasting=kind == "not found"):
        catalogue(near)
    assert files(tmp_path) == {"answers.sqlite"}
