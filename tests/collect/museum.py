"""Twelve museums on one loopback address, and what goes wrong with them.

Every request carries the host that it was meant for, whose function answers it (`museum_searches`, `museum_linked`,
`museum_others`). A fault of `FAULTS` then spoils the answer. What no museum knows gets a 404 and is remembered.
"""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import museum_linked
import museum_others
import museum_searches
from museum_base import Ask, Museums, Reply, as_json
from museum_spoils import (
    CHALLENGE,
    HTML,
    JSON,
    broken,
    cut_off,
    edited,
    endless,
    error,
    first_only,
    gzip_bomb,
    half,
    hang_up,
    next_is_itself,
    page,
    png_bomb,
    redirect,
    same,
    sent_round,
)
from museum_works import Work, identifier, ordinary_works

HOSTS = museum_searches.HOSTS | museum_linked.HOSTS | museum_others.HOSTS

# What goes wrong, a line each. The outcome is the kind that problems.csv is to name, or SAVED where the fault is to be
# overcome, or NOTHING where there is neither a picture nor a problem.

SAVED, NOTHING, FOR_EVER = "saved", "nothing", 10 ** 9
FIRST_SPOILT = 9001  # number of the first work that a fault is about


@dataclass(frozen=True)
class Fault:
    """name: unlike any other. place: a "search" for some words, or of a work of the fault's own its "record" or its
    "picture" as answers, or its "entry": the record as a dictionary. spoil: from the right answer to the wrong one.
    times: how often the museum errs before it answers as it should. changes: what is particular about the work.
    """

    name: str
    source: str
    place: str
    spoil: Callable
    outcome: str
    times: int = FOR_EVER
    words: str = ""
    changes: dict = field(default_factory=dict)


def search(name: str, source: str, words: str, spoil: Callable, outcome: str, times: int = FOR_EVER) -> Fault:
    return Fault(name, source, "search", spoil, outcome, times, words)


def record(name: str, source: str, spoil: Callable, outcome: str, times: int = FOR_EVER) -> Fault:
    return Fault(name, source, "record", spoil, outcome, times)


def entry(name: str, source: str, spoil: Callable, outcome: str, **changes: str) -> Fault:
    return Fault(name, source, "entry", spoil, outcome, changes=changes)


def picture(name: str, source: str, spoil: Callable, outcome: str, times: int = FOR_EVER, **changes) -> Fault:
    return Fault(name, source, "picture", spoil, outcome, times, changes=changes)


FAULTS = (
    # Name, museum, the words that are searched for, what the museum does, outcome.
    search("a page instead of JSON", "smk", "contrapposto", page(HTML), "not JSON"),
    search("an empty answer", "cleveland", "doryphoros", page(b"", kind=JSON), "not JSON"),
    search("broken JSON", "commons", "contrapposto", broken(lambda body: body[:-9]), "not JSON"),
    search("another charset", "europeana", "contrapposto", broken(lambda body: b'{"items": "\xe9"}'), "not JSON"),
    search("nested too deeply", "artic", "three graces", broken(lambda body: b"[" * 100_000), "not JSON"),
    search("null for a list", "met", "doryphoros", edited(lambda found: found | {"objectIDs": None}), NOTHING),
    search("a list for an object", "smk", "three graces", edited(lambda found: []), "not a record"),
    search("a page of hits without hits", "artic", "doryphoros", edited(lambda found: {}), "not a record"),
    search("bombs in an answer", "harvard", "three graces", gzip_bomb, "too large"),
    search("unavailable for a while", "cleveland", "three graces", error(503, Retry_After="1"), SAVED, 2),
    search("too many requests for a while", "smk", "saint sebastian", error(429, Retry_After="1"), SAVED, 2),
    search("too many requests for ever", "smk", "doryphoros", error(429, Retry_After="1"), "too many requests"),
    search("an error for ever", "harvard", "contrapposto", error(500), "server error"),
    search("keys refused", "europeana", "three graces", error(401), "refused"),
    search("a challenge", "met", "contrapposto", page(CHALLENGE, 403), "blocked"),
    search("sent to another host", "commons", "standbeeld van bacchus", redirect("https://example.org/"), "elsewhere"),
    search("pages without end", "rijksmuseum", "doryphoros", next_is_itself, NOTHING),
    search("pages that repeat", "commons", "doryphoros", edited(lambda found: found | {
        "continue": {"gsroffset": 4, "continue": "gsroffset||"}}), SAVED),
    search("hits that are no records", "cleveland", "contrapposto", edited(lambda found: found | {
        "data": [None, 7, "Antinous", [], {}, {"id": {}, "title": ["contrapposto"]}]}), "not a record"),
    search("hits twice", "cleveland", "tanagra", edited(lambda found: found | {"data": found["data"] * 2}), SAVED),
    search("hung up", "artic", "saint sebastian", hang_up, "no answer"),
    # Name, museum, what the museum does, outcome.
    record("withdrawn", "met", error(404), "not found"),
    record("gone", "rijksmuseum", error(410), "not found"),
    record("in trouble for ever", "met", error(500), "server error"),
    record("in trouble for a while", "met", error(500), SAVED, 2),
    record("a page instead of a record", "rijksmuseum", page(HTML), "not JSON"),
    entry("no picture", "harvard", lambda record: record | {"primaryimageurl": None}, "no picture"),
    entry("no visual item", "rijksmuseum", lambda record: record | {"shows": []}, "no picture"),
    entry("picture on an unknown host", "smk", lambda record: record | {
        "image_iiif_id": "https://example.org/1", "image_thumbnail": "https://example.org/2"}, "elsewhere"),
    entry("picture on this machine", "smk", lambda record: record | {
        "image_iiif_id": "http://127.0.0.1/1", "image_thumbnail": "http://[::1]/2"}, "elsewhere"),
    entry("picture in a file", "cleveland", lambda record: record | {
        "images": {"web": {"url": "file:///etc/passwd"}}}, "no picture"),
    entry("fields left out", "artic", lambda record: {
        name: record[name] for name in ("id", "title", "image_id")}, SAVED,
        author="", date="", technique="", type="", licence=""),
    entry("fields of other types", "met", lambda record: record | {
        "artistDisplayName": 17, "objectDate": ["1650"], "medium": {"a": 1}, "tags": "vase", "classification": True},
        SAVED, author="17", date="1650", technique="", type="Figure"),
    entry("a title with all that is bad", "met", lambda record: record | {
        "title": "Tanagra\x00 \ud800<script>alert(1)</script>\r\n=1+1"}, SAVED,
        title="Tanagra <script>alert(1)</script> =1+1"),
    entry("an id that leads out", "smk", same, SAVED, id="../../../tmp/KMS7"),
    entry("an absolute id", "smk", same, SAVED, id="/etc/KMSst28Ø"),
    entry("an id of 300 characters", "smk", same, SAVED, id="KKSgb" + "9" * 295),
    picture("no large one", "met", first_only(error(404)), SAVED),
    picture("a challenge for a picture", "artic", page(CHALLENGE, 403), "picture blocked"),
    picture("sent on", "commons", redirect("https://example.org/1.jpg"), "elsewhere"),
    picture("sent to this machine", "cleveland", redirect("http://127.0.0.1/1.jpg"), "elsewhere"),
    picture("sent to the cloud's own address", "nga", redirect("http://169.254.169.254/latest/"), "elsewhere"),
    picture("sent round", "smk", sent_round, "elsewhere"),
    picture("half a picture", "harvard", cut_off, "cut off"),
    picture("half a picture under its own length", "harvard", broken(half), "damaged"),
    picture("a page instead of a picture", "wga", page(HTML), "not a picture"),
    picture("a page called a picture", "rijksmuseum", page(HTML, kind="image/jpeg"), "not a picture"),
    picture("a drawing in XML", "nga", page(b"<svg/>", kind="image/svg+xml"), "not a picture"),
    picture("nothing", "nga", page(b"", kind="image/jpeg"), "not a picture"),
    picture("a bomb", "europeana", page(png_bomb(), kind="image/png"), "too large to decode"),
    picture("too many bytes", "nga", endless, "too large"),
    picture("too many bytes in a few", "commons", gzip_bomb, "too large"),
    picture("no picture today", "smk", error(503, Retry_After="1"), SAVED, 2),
    picture("never a picture", "wga", error(500), "server error"),
    picture("hung up on", "rijksmuseum", hang_up, "no answer"),
    picture("too small", "wga", same, "too small", side=400),
    picture("a poster", "cleveland", same, SAVED, side=4000),
    *(picture(f"stored as {form}", source, same, SAVED, form=form, side=700) for form, source in (
        ("GIF", "commons"), ("WEBP", "cleveland"), ("CMYK", "wga"), ("16-bit", "nga"), ("transparent", "commons"),
        ("turned", "cleveland"))),
)


def spoilt_works(faults: tuple[Fault, ...]) -> dict[Work, Fault]:
    """For each fault that needs one a work of its own: a Tanagra, to be kept only where the fault is overcome."""
    works = {}
    for number, fault in enumerate(faults, FIRST_SPOILT):
        if fault.place != "search":
            likely = Work(fault.source, number, identifier(fault.source, number), f"Tanagra: {fault.name}",
                          (("Tanagra", "tanagra"),))
            works[replace(likely, **fault.changes)] = fault
    return works


class Server(ThreadingHTTPServer):
    """The museums, at `address` while it is used as a context manager.

    asked: what every request was about, in their order. unexpected: host and target of those that no museum knows.
    agents: who asked. errors: how often each fault struck.
    """

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, faults: tuple[Fault, ...] = FAULTS):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spoilt = spoilt_works(faults)
        self.works = ordinary_works() + list(self.spoilt)
        self.faults = {(fault.source, "search", fault.words): fault for fault in faults if fault.place == "search"} | {
            (fault.source, fault.place, str(work.number)): fault for work, fault in self.spoilt.items()}
        self.museums = Museums(self.works, {
            work: fault.spoil for work, fault in self.spoilt.items() if fault.place == "entry"})
        self.asked, self.unexpected, self.agents = [], [], set()
        self.errors, self.lock = Counter(), threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *reason):
        self.shutdown()
        self.server_close()

    def reply(self, ask: Ask) -> Reply:
        museum = HOSTS.get(ask.host)
        try:
            reply = museum(ask, self.museums) if museum else None
        except (KeyError, ValueError):  # a parameter that is missing, or no number
            reply = None
        about = reply.about if reply else ("", "", "")
        with self.lock:
            self.asked.append(about)
            self.agents.add(ask.headers["User-Agent"])
            if reply is None:
                self.unexpected.append((ask.host, ask.target))
                return as_json({"message": "there is no such address"}, status=404)
            fault = self.faults.get(about)
            if not fault or self.errors[fault.name] >= fault.times:
                return reply
            self.errors[fault.name] += 1
        return fault.spoil(replace(reply, target=ask.target))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20  # a test that dies must not leave threads behind that wait for ever

    def handle(self):
        with suppress(ConnectionError):  # who asks may have had enough, or may have been killed
            super().handle()

    def do_GET(self):
        self.answer(self.server.reply(Ask(self.headers["Host"], self.path, self.headers)))

    def answer(self, reply: Reply):
        if reply.status == 0:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        headers = reply.headers if reply.body is None else {"Content-Length": str(len(reply.body))} | reply.headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in [bytes(1 << 20)] * 300 if reply.body is None else [reply.body]:
            self.wfile.write(piece)
        # What is shorter or longer than it claims would leave the connection in disorder.
        self.close_connection = headers.get("Content-Length") != str(len(reply.body or b""))

    def log_message(self, *_):
        pass
