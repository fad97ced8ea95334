"""The session that all sources share: over `responses`, and over sockets where bytes and time matter."""

import base64
import gzip
import itertools
import json
import logging
import os
import socket
import sqlite3
import threading
import time
import traceback
import tracemalloc
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
import requests
import requests_cache.backends.sqlite
import requests_cache.policy.actions
import responses
from loopback import Server, open_session
from recorded import make_reply

from artpose_lib import __version__
from artpose_lib.collect import session, transport
from artpose_lib.collect.answers import Fault
from artpose_lib.collect.session import Session
from artpose_lib.collect.transport import PublicAdapter

HOST, OTHER = "museum.test", "pictures.test"
URL, SEARCH, PICTURE = f"https://{HOST}/objects/1", f"https://{HOST}/search", f"https://{OTHER}/1.jpg"
JPEG = b"\xff\xd8\xff\xe0 and so on"
PAGE = b"<!DOCTYPE html><html><body>Welcome to the museum</body></html>"
CHALLENGE = b'\n<html><head><script src="/_Incapsula_Resource?x=1"></script></head></html>'
WAYS = ("json", "picture", "file")


@pytest.fixture
def web():
    """The museums; an answer given again to the same address comes after the earlier one, and the last one stays."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


@pytest.fixture
def polite(tmp_path):
    with open_fast(tmp_path) as polite:
        yield polite


def open_fast(folder, contact="me@example.org"):
    return Session(folder, contact, per_second=1000)


def ask(session, url=URL, way="json", hosts=(HOST, OTHER), **options):
    """What is fetched, or of a fault its kind, with a "!" where it is lasting."""
    if way == "file":
        options["name"] = "museum-catalogue.csv"
    try:
        return getattr(session, f"fetch_{way}")(url, hosts, **options)
    except Fault as fault:
        return fault.kind + "!" * fault.lasting
    except CancelledError:
        return "stopped"


def files(folder):
    return {path.name for path in folder.iterdir()}


def asked(web):
    return [call.request.url for call in web.calls]


# What is asked, and how.

def test_the_museum_hears_who_asks_for_what(polite, web):
    web.get(SEARCH, json={"a": [1]})
    assert ask(polite, SEARCH, params={"q": "a b", "n": 2}, headers={"X-Own": "yes"}) == {"a": [1]}
    request = web.calls[0].request
    assert request.url == f"{SEARCH}?q=a+b&n=2" and request.headers["X-Own"] == "yes"
    assert request.headers["User-Agent"] == polite.agent
    assert polite.agent.startswith(f"artpose/{__version__} (") and "me@example.org" in polite.agent


def test_no_cookie_proxy_or_password_of_the_user_goes_out(web, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text(f"machine {HOST} login me password mine")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    web.get(URL, json=1, headers={"Set-Cookie": "id=7"})
    with open_fast(tmp_path / "state") as polite:
        assert [ask(polite, headers=headers) for headers in ({}, {"Accept": "other"})] == [1, 1]
    assert len(web.calls) == 2 and not any(call.request.req_kwargs["proxies"] for call in web.calls)
    assert not any(name in call.request.headers for call in web.calls for name in ("Cookie", "Authorization"))


@pytest.mark.parametrize("contact", ["me@example.org\r\nX-Evil: 1", "Ø", "\x00"])
def test_a_contact_that_cannot_be_sent_is_refused(tmp_path, contact):
    with pytest.raises(ValueError, match="contact"):
        Session(tmp_path, contact)


# What is made of an answer.

@pytest.mark.parametrize(("way", "body", "kind", "outcome"), [
    *(("json", json.dumps(found), "", found) for found in (None, 3, "text", [], {"a": {"b": None}}, "Müller \u2603")),
    *(("json", body, "", "not JSON") for body in (PAGE, b"", b'{"a": ', b'"\xe9"', b"[" * 100_000, b"9" * 5_000)),
    ("json", CHALLENGE, "", "blocked"), ("json", b"\xef\xbb\xbf" + CHALLENGE, "", "blocked"),
    *(("picture", JPEG, kind, JPEG) for kind in ("image/jpeg", "text/plain", None)),
    ("file", b"", "text/csv", "not a catalogue"), ("file", b"", "text/html", "not a catalogue"),
    ("file", PAGE, "text/html", "not a catalogue"), ("file", CHALLENGE, "text/html", "blocked")])
def test_an_answer_is_what_was_asked_for_or_a_fault_and_is_not_kept(
        polite, web, tmp_path, monkeypatch, way, body, kind, outcome):
    monkeypatch.setattr(transport, "REST", 0)
    web.get(URL, body=body, content_type=kind)
    web.get(URL, json="another")
    assert ask(polite, URL, way) == outcome and files(tmp_path) == {"answers.sqlite"}
    if outcome in ("not JSON", "blocked"):
        assert ask(polite) == "another"


@pytest.mark.parametrize(("status", "outcome"), [
    (400, "refused!"), (401, "refused!"), (403, "blocked"), (404, "not found!"), (410, "not found!"),
    (418, "refused!"), (429, "too many requests"), (204, "server error"), (304, "server error"),
    (500, "server error"), (501, "refused!"), (503, "server error")])
def test_an_error_is_a_fault_that_names_host_and_path_and_not_the_query(polite, web, monkeypatch, status, outcome):
    monkeypatch.setattr(transport, "PAUSE", 0.001)
    web.get(URL, json={}, status=status)
    with pytest.raises(Fault) as raised:
        polite.fetch_json(URL, [HOST], {"q": "unsaid"})
    assert raised.value.kind + "!" * raised.value.lasting == outcome
    assert f"{HOST}/objects/1" in str(raised.value) and "unsaid" not in str(raised.value)
    assert len(web.calls) == (4 if status in (429, 500, 503) else 1)


# Bytes: a server on this machine that says exactly what it is told to say.

class Museum:
    """Answers with each of `replies`, the last one again and again; `asked` says how often."""

    def __init__(self):
        self.replies, self.asked = [], 0

    def answer(self, url, headers):
        self.asked += 1
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return [reply] if isinstance(reply, bytes) else reply()


@pytest.fixture
def museum(monkeypatch):
    monkeypatch.setattr(transport, "PAUSE", 0.001)
    monkeypatch.setattr(transport, "REST", 0)
    museum = Museum()
    with Server(museum.answer) as server:
        museum.address = server.address
        yield museum


@pytest.fixture
def near(museum, tmp_path):
    """A session that asks the museum on this machine."""
    with open_session(tmp_path, address=museum.address) as near:
        yield near


def reply(*parts, **headers):
    return make_reply(*parts, **headers).on_the_wire()


def chunked(body, **headers):
    return reply(body, Transfer_Encoding="chunked", Content_Length=None, **headers)


def endless(start):
    """The start of an answer and then 200 MB, which is as good as endless."""
    return lambda: itertools.chain([start], itertools.repeat(bytes(10_000), 20_000))


def test_packed_and_chunked_answers_are_read(near, museum):
    packed = gzip.compress(b'{"a": 1}')
    parts = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (5, packed[:5], len(packed) - 5, packed[5:])
    museum.replies = [chunked(parts, Content_Encoding="gzip")]
    assert ask(near) == {"a": 1}


@pytest.mark.parametrize(("answer", "outcome"), [
    (reply(b'{"a": 1}', Content_Length=20), "cut off"), (chunked(b"20\r\n{}"), "cut off"),
    (chunked(b"zz\r\n{}\r\n"), "cut off"), (chunked(b"-5\r\n{}\r\n"), "cut off"),
    (reply(b"{}", Content_Encoding="gzip"), "cut off"), (reply(b"{}", 404, Content_Encoding="gzip"), "not found!"),
    (reply(b"{}", Content_Length="2, 3"), "no answer"), (b"", "no answer"), (b"SSH-2.0-OpenSSH\r\n", "no answer"),
    (endless(reply(b"", 500, Content_Length=10 ** 12)), "server error"),
    (endless(reply(b"", 505, Content_Length=10 ** 12)), "server error")])
def test_a_broken_or_endless_answer_is_a_fault_that_passes(near, museum, tmp_path, answer, outcome):
    museum.replies = [answer]
    assert [ask(near, URL, way) for way in WAYS] == [outcome] * 3 and files(tmp_path) == {"answers.sqlite"}


@pytest.mark.parametrize("answer", [
    reply(gzip.compress(bytes(200_000_000), 1), Content_Encoding="gzip"), endless(reply(b"", Content_Length=10 ** 12)),
    endless(reply(b"", Content_Length=None)), endless(chunked(b"fffffffffff\r\n"))])
def test_too_many_bytes_are_a_fault_before_they_fill_the_memory(near, museum, tmp_path, monkeypatch, answer):
    for way in ("JSON", "PICTURE", "FILE"):
        monkeypatch.setattr(session, f"LARGEST_{way}", 1_000_000)
    museum.replies = [answer]
    tracemalloc.start()
    assert [ask(near, URL, way) for way in WAYS] == ["too large!"] * 3 and files(tmp_path) == {"answers.sqlite"}
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_catalogue_goes_to_the_disk_and_not_through_the_memory(near, museum):
    piece = bytes(range(256)) * 400
    museum.replies = [lambda: itertools.chain([reply(b"", Content_Length=400 * len(piece))], [piece] * 400)]
    tracemalloc.start()
    path = ask(near, URL, "file")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000 and path.stat().st_size == 400 * len(piece)
    tracemalloc.stop()


@pytest.mark.parametrize("trouble", [reply(b"{}", 429), reply(b"{}", 503, Retry_After="soon"), b""])
def test_a_museum_in_trouble_is_asked_again(near, museum, trouble):
    museum.replies = [trouble, trouble, trouble, reply(b'"fine"')]
    assert ask(near) == "fine" and museum.asked == 4


# The pace.

class Noted(threading.Event):
    """A stop event that remembers for how long it was waited for, and never waits."""

    def __init__(self):
        super().__init__()
        self.waits = []

    def wait(self, seconds):
        self.waits.append(seconds)
        return self.is_set()


@pytest.mark.parametrize(("asked_for", "waits"), [
    ([None] * 3, [2, 4, 8]), (["7", " 3 ", "9"], [7, 4, 9]), (["60"], [60]),
    *(([header], [2]) for header in ("soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 5000,
                                     "Mon, 9 Foo 99999 1:1:1")),
    *(([header], []) for header in ("3600", "Fri, 01 Jan 2100 00:00:00 GMT"))])  # an hour is not waited for
def test_the_pauses_grow_and_a_museum_that_says_how_long_is_heard(web, polite, asked_for, waits):
    for seconds in asked_for:
        web.get(URL, status=503, headers={"Retry-After": seconds} if seconds else {})
    web.get(URL, json=1)
    polite.stop = Noted()
    assert ask(polite) == (1 if waits else "server error")
    assert [seconds for seconds in polite.stop.waits if seconds] == waits


def test_each_host_is_asked_once_a_second_by_all_threads_and_all_ways_together(web, tmp_path):
    for number in range(3):
        web.get(f"https://{HOST}/{number}", json=1)
        web.get(f"https://{OTHER}/{number}", body=JPEG, content_type="image/jpeg")
    with Session(tmp_path) as polite, ThreadPoolExecutor() as threads:
        start = time.monotonic()
        one = [threads.submit(ask, polite, f"https://{HOST}/{number}") for number in range(2)]
        two = [threads.submit(ask, polite, f"https://{OTHER}/{number}", way)
               for number, way in enumerate(("json", "picture", "picture"))]
        for answers, seconds in ((one, 1), (two, 2)):
            for answer in answers:
                answer.result()
            assert seconds <= time.monotonic() - start < seconds + 0.9


def test_a_second_try_counts_as_well(museum, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "PAUSE", 1.2)
    museum.replies = [reply(b"{}", 503), reply(b"1")]
    with open_session(tmp_path, address=museum.address, per_second=1) as near:
        start = time.monotonic()
        assert [ask(near), ask(near, SEARCH)] == [1, 1] and time.monotonic() - start > 2.2


def test_a_host_that_blocks_rests_and_after_three_blocks_is_left_alone(polite, web):
    web.get(URL, status=403)
    web.get(PICTURE, body=JPEG, content_type="image/jpeg")
    polite.stop = Noted()
    assert [ask(polite) for _ in range(4)] == ["blocked"] * 3 + ["gave up"]
    assert [round(seconds) for seconds in polite.stop.waits if seconds] == [60, 60]
    assert ask(polite, URL, "picture") == "gave up" and len(web.calls) == 3
    assert ask(polite, PICTURE, "picture") == JPEG


def test_an_answer_between_two_blocks_makes_them_count_anew(polite, web, monkeypatch):
    monkeypatch.setattr(transport, "REST", 0)
    statuses = [403, 403, 404] * 3
    for status in statuses:
        web.get(PICTURE, status=status)
    assert [ask(polite, PICTURE, "picture") for _ in statuses] == ["blocked", "blocked", "not found!"] * 3


def test_stop_ends_waits_and_a_download_at_once_and_asks_nothing_more(museum, tmp_path, monkeypatch):
    monkeypatch.setattr(transport, "PAUSE", 3600)

    def stopping(start):
        yield start
        near.stop.set()
        yield from itertools.repeat(bytes(1 << 16), 1000)

    for answer in (reply(b"{}", 503), reply(b"", Content_Length=10 ** 8)):
        museum.replies = [partial(stopping, answer)]
        with open_session(tmp_path, address=museum.address) as near:
            assert [ask(near, URL, "file") for _ in range(3)] == ["stopped"] * 3
    assert museum.asked == 2 and files(tmp_path) == {"answers.sqlite"}


# What is kept.

def test_an_answer_is_asked_for_once_also_by_the_next_session(web, tmp_path):
    web.get(URL, json={"a": 1}, headers={"Vary": "*", "Cache-Control": "no-store", "ETag": '"1"'})
    for _ in range(2):
        with open_fast(tmp_path) as polite:
            assert [ask(polite, keep=keep) for keep in (True, False)] == [{"a": 1}] * 2
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
    web.get(SEARCH, json=2)
    now = requests_cache.policy.actions.utcnow()

    def asked_after(days):
        monkeypatch.setattr(requests_cache.policy.actions, "utcnow", lambda: now + timedelta(days=days))
        web.calls.reset()
        assert [ask(polite, keep=True), ask(polite, SEARCH)] == [1, 2]
        return asked(web)

    assert [asked_after(days) for days in (0, 0.9, 1.1, 31)] == [[URL, SEARCH], [], [SEARCH], [URL, SEARCH]]


def test_answers_that_are_too_old_make_room(web, tmp_path, monkeypatch):
    web.get(URL, json=1)
    for days, kept in ((0, 0), (0.9, 1), (1.1, 0)):
        monkeypatch.setattr(requests_cache.backends.sqlite, "time", lambda days=days: time.time() + days * session.DAY)
        with open_fast(tmp_path) as polite:
            assert len(stored(tmp_path)) == kept
            if not days:
                ask(polite)


def stored(folder):
    """What answers.sqlite holds: each row's text, and the body in it."""
    with closing(sqlite3.connect(folder / "answers.sqlite")) as database:
        rows = [value for value, in database.execute("SELECT value FROM responses")]
    return [(row, base64.b64decode(json.loads(row)["_content"])) for row in rows]


def test_only_what_a_museum_says_itself_is_kept_in_json_and_nothing_of_the_head(polite, web, tmp_path):
    head = {"headers": {"Set-Cookie": "id=theirs", "X-Own": "theirs"}, "content_type": "text/odd"}
    given = {"there": (b'{"a": 1}', 200), "not": (b'{"message": "no such object"}', 404), "page": (PAGE, 404),
             "wrong": (b'{"never": "kept"}', 400), "ill": (b'{"never": "kept"}', 501)}
    for name, (body, status) in given.items():
        web.get(f"https://{HOST}/{name}", body=body, status=status, **head)
    web.get(PICTURE, body=JPEG, content_type="image/jpeg")
    for _ in range(2):
        assert [ask(polite, f"https://{HOST}/{name}") for name in given] == [
            {"a": 1}, "not found!", "not found!", "refused!", "refused!"]
        assert ask(polite, PICTURE, "picture") == JPEG
    assert len(web.calls) == 6 + 4
    assert {body for _, body in stored(tmp_path)} == {given["there"][0], given["not"][0]}
    assert not any(word in row for row, _ in stored(tmp_path) for word in ("theirs", "odd"))
    assert files(tmp_path) == {"answers.sqlite"}


def test_records_in_two_formats_are_told_apart(polite, web):
    for kind, found in (("application/ld+json", "linked"), ("*/*", "plain")):
        web.get(URL, json=found, match=[responses.matchers.header_matcher({"Accept": kind})])
    for _ in range(2):
        assert [ask(polite, headers={"Accept": "application/ld+json"}), ask(polite)] == ["linked", "plain"]
    assert len(web.calls) == 2


def test_answers_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"this is not a database" * 100)
    with pytest.raises(ValueError, match=r"answers\.sqlite cannot be read .*delete it"):
        Session(tmp_path)


def test_a_catalogue_is_downloaded_once_a_month(web, tmp_path):
    first, second = bytes(range(256)) * 1000, b"new"
    web.get(URL, body=gzip.compress(first), headers={"Content-Encoding": "gzip"})
    web.get(URL, body=second)
    for _ in range(2):
        with open_fast(tmp_path) as polite:
            path = ask(polite, URL, "file")
        assert path == tmp_path / "museum-catalogue.csv" and path.read_bytes() == first
    assert len(web.calls) == 1
    os.utime(path, (time.time() - 31 * session.DAY,) * 2)
    with open_fast(tmp_path) as polite:
        assert ask(polite, URL, "file").read_bytes() == second


# Where requests may go.

NOWHERE = ["file:///etc/passwd", "ftp://museum.test/1", "//museum.test/1", "museum.test/1", "", "https://",
           "https://[::1", "https://example.org/1", "https://museum.test.example.org/1", "https://museum.test./1",
           "http://127.0.0.1/1", "http://[::1]/1", "https://museum.test:8443/1", "https://museum.test:x/1",
           "http://museum.test:443/1", "https://me:mine@museum.test/1", "https://museum.test@example.org/1",
           "https://example.org\\@museum.test/1", "https://\ud800/1", f"https://{'a' * 70}.test/1",
           "javascript:alert(1)"]


@pytest.mark.parametrize("address", NOWHERE)
def test_an_address_elsewhere_is_not_asked_nor_redirected_to(polite, web, address):
    assert [ask(polite, address, way) for way in WAYS] == ["elsewhere"] * 3 and not web.calls
    if address.isascii() and ":" in address[:-3]:
        web.get(URL, status=302, headers={"Location": address})
        assert ask(polite) == "elsewhere" and len(web.calls) == 1


@pytest.mark.parametrize("target", ["/objects/Ø", "Ø", f"//{OTHER}/objects/Ø", f"https://{OTHER}:443/objects/Ø"])
def test_a_redirect_within_the_source_is_followed(polite, web, target):
    web.get(URL, status=302, headers={"Location": target.encode().decode("latin-1")})
    for host in (HOST, OTHER, f"{OTHER}:443"):
        web.get(f"https://{host}/objects/{quote('Ø')}", json="there")
    assert ask(polite) == "there"


@pytest.mark.parametrize(("redirects", "requested"), [(True, 6), (False, 1)])
def test_redirects_end_after_five_or_where_none_is_expected(polite, web, redirects, requested):
    web.get(URL, status=302, headers={"Location": URL})
    assert ask(polite, URL, "picture", redirects=redirects) == "elsewhere" and len(web.calls) == requested


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.215.14", True), ("2606:2800:21f::1", True), ("10.1.2.3", False), ("172.16.0.1", False), ("::1", False),
    ("127.0.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
    ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:10.0.0.1", False)])
def test_only_public_addresses_are_spoken_to_whatever_a_hosts_name_stands_for(polite, monkeypatch, address, public):
    found = [(0, 0, 0, "", (peer, 0)) for peer in ("93.184.215.14", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    if public:
        request = requests.Request("GET", URL).prepare()
        assert PublicAdapter().get_connection_with_tls_context(request, True).host == HOST
    else:
        assert ask(polite) == "elsewhere"


# Keys.

KEY = "k3y+of/mine=="
FORMS = [KEY, quote(KEY, safe=""), quote(KEY, safe="").lower(), quote_plus(KEY), KEY.replace("/", "\\/")]


@pytest.fixture
def keyed(near, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("A_MUSEUM_KEY", f" {KEY}\n")
    assert near.read_key("A_MUSEUM_KEY") == KEY
    return near


@pytest.mark.parametrize("value", ["", " "])
def test_a_key_that_is_not_set_is_a_fault_that_names_it(polite, monkeypatch, value):
    monkeypatch.setenv("A_MUSEUM_KEY", value)
    with pytest.raises(Fault, match="A_MUSEUM_KEY") as raised:
        polite.read_key("A_MUSEUM_KEY")
    assert raised.value.kind == "no key"


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
    found = ask(keyed, params={"q": "a", "apikey": KEY})
    assert found == {"next": " ".join(["REDACTED"] * len(FORMS))} and museum.asked == 4
    museum.replies = [echo()]
    for _ in range(2):
        assert ask(keyed, params={"q": "b", "own": KEY}, headers={"X-Own": KEY}) == found
    assert museum.asked == 5 and "/objects/1?q=a" in caplog.text  # the log was there to look at
    assert len(stored(tmp_path)) == 2 and is_hidden(tmp_path, caplog, repr(found))


@pytest.mark.parametrize("name", ["apikey", "apiKey", "wskey"])
def test_an_answer_is_found_again_under_a_new_key(polite, web, name):
    web.get(URL, json=1)
    assert [ask(polite, params={name: value}) for value in ("old", "new")] == [1, 1]
    assert asked(web) == [f"{URL}?{name}=old"]


TELLING = {
    **{f"status {status}": echo(status) for status in (400, 401, 403, 404, 500)},
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


def test_the_log_of_the_libraries_is_theirs_again_afterwards(tmp_path, monkeypatch):
    logger = logging.getLogger("urllib3.connectionpool")
    before = list(logger.filters)
    monkeypatch.setenv("A_MUSEUM_KEY", KEY)
    with open_fast(tmp_path) as polite:
        polite.read_key("A_MUSEUM_KEY")
        assert logger.filters != before
    assert logger.filters == before
