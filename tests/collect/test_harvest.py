import csv
import errno
import hashlib
import io
import itertools
import os
import signal
import string
import subprocess
import sys
import threading
from contextlib import closing, suppress

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from artpose_lib.collect import harvest, store
from artpose_lib.collect.answers import Fault
from artpose_lib.collect.harvest import PROBLEMS, STATE, TABLE, safe_name
from artpose_lib.collect.journal import COLUMNS, Journal
from artpose_lib.collect.source import Artwork, Key, Source
from artpose_lib.collect.store import standard
from artpose_lib.data.poses import Pose, parse_queries

GRACES = Pose("Graces", "Three women.", parse_queries("Graces,Three&Graces"))
PIETA = Pose("Pieta", "Mother and son.", parse_queries("Pieta"))


def picture_file(seed=0, size=(640, 16), form="PNG", **options):
    noise = np.random.default_rng(seed).integers(0, 256, (4, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize(size).save(file, form, **options)
    return file.getvalue()


def address(name):
    return f"https://pictures.example/{name}"


def work(identifier, title="Three Graces", source="museum", **facts):
    return Artwork(source, identifier, title, **({"images": (address(identifier),)} | facts))


def museum(answers, name="museum", **facts):
    """A source; `answers` has hits for each formula, and what it raises among them."""
    def search(self, query):
        for hit in answers.get(query.formula, []):
            if isinstance(hit, BaseException):
                raise hit
            yield hit

    return type(name, (Source,), {"name": name, "hosts": ("pictures.example",), "search": search} | facts)


class Web:
    """In place of a Session: a picture at every address, but for those in `pictures`; `asked` says what was wanted."""

    def __init__(self):
        self.pictures, self.asked = {}, []

    def __call__(self, folder, contact, stop):
        self.stop = stop
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def picture(self, address, hosts, redirects):
        self.asked.append(address)
        answer = self.pictures.get(address) or picture_file(sum(address.encode()))
        if isinstance(answer, Fault):
            raise answer
        return answer() if callable(answer) else answer


@pytest.fixture
def web():
    collect.open_session = Web()
    return collect.open_session


def collect(*arguments):
    harvest.collect(*arguments, open_session=collect.open_session)


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def saved_ids(out):
    return [row["ID"] for row in rows(out / TABLE)]


def kinds(out):
    return {row["ID"]: row["kind"] for row in rows(out / PROBLEMS)}


def visible(out):
    """Everything that a collection is, by name."""
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*")
            if path.is_file() and STATE not in path.parts}


# What is collected


def test_a_work_becomes_a_picture_and_a_row(tmp_path, web):
    title = 'The "Three Graces", after\u2028Canova; =1+1, Ξ'
    found = work("A/1", title, author="Nobody", date="c. 50 BC", technique="Marble", location="Rome", type="Sculpture",
                 page="https://museum.example/1", licence="CC0")
    collect(tmp_path, [GRACES], [museum({"Graces": [found]})], None)
    (row,) = rows(tmp_path / TABLE)
    file = tmp_path / row["file_name"]
    picture = Image.open(file)
    assert picture.format == "JPEG" and picture.mode == "RGB" and picture.size == (640, 16)
    assert row["file_name"] == f"Graces/{safe_name('museum', 'A/1')}.jpg"
    assert row["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert row["phash"] == str(imagehash.phash(picture)) and len(row["phash"]) == 16
    told = {name: row[name] for name in COLUMNS if name not in ("file_name", "sha256", "phash", "year_from", "year_to")}
    assert told == {
        "label": "Graces", "AUTHOR": "Nobody", "TITLE": title, "DATE": "c. 50 BC", "TECHNIQUE": "Marble",
        "LOCATION": "Rome", "ID": "A/1", "TYPE": "Sculpture", "image": address("A/1"), "source": "museum",
        "page": "https://museum.example/1", "licence": "CC0", "query": "Graces", "boxes": "", "medium": "sculpture"}
    assert int(row["year_from"]) <= -50 <= int(row["year_to"])


def test_tables_have_their_columns_sorted_rows_and_plain_line_ends(tmp_path, web):
    hits = [work(name) for name in "cab"] + [work(name, fault=Fault("not JSON", "It is HTML.")) for name in "zy"]
    collect(tmp_path, [PIETA, GRACES], [museum({"Graces": hits, "Pieta": [work("d", "Pietà")]})], None)
    table, problems = (tmp_path / TABLE).read_bytes(), (tmp_path / PROBLEMS).read_bytes()
    assert table.startswith((",".join(COLUMNS) + "\n").encode()) and b"\r" not in table + problems
    assert problems.startswith(b"pose,source,ID,page,kind,problem\n")
    assert saved_ids(tmp_path) == ["a", "b", "c", "d"]
    assert [row["ID"] for row in rows(tmp_path / PROBLEMS)] == ["y", "z"]


def test_a_work_without_a_date_has_no_years(tmp_path, web):
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a")]})], None)
    assert [(row["year_from"], row["year_to"]) for row in rows(tmp_path / TABLE)] == [("", "")]


def test_loose_hits_are_counted_and_not_kept(tmp_path, web, capsys):
    hits = [work("a"), work("b", "Grace Kelly"), work("c", "Untitled", words="the three graces")]
    collect(tmp_path, [GRACES], [museum({"Graces": hits})], None)
    assert saved_ids(tmp_path) == ["a", "c"]
    assert web.asked == [address("a"), address("c")]
    assert "Graces: 2 saved, 0 problems, 3 hits" in capsys.readouterr().err


def test_the_first_search_that_found_a_work_is_named(tmp_path, web):
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a")], "Three&Graces": [work("a"), work("b")]})], None)
    assert {row["ID"]: row["query"] for row in rows(tmp_path / TABLE)} == {"a": "Graces", "b": "Three&Graces"}


def test_two_sources_may_use_the_same_id(tmp_path, web):
    sources = [museum({"Graces": [work("1", source=name)]}, name) for name in ("one", "two")]
    collect(tmp_path, [GRACES], sources, None)
    assert [row["source"] for row in rows(tmp_path / TABLE)] == ["one", "two"]


def test_what_another_pose_has_is_copied(tmp_path, web):
    both = work("a", "Pietà with the three Graces")
    collect(tmp_path, [GRACES, PIETA], [museum({"Graces": [both], "Pieta": [both]})], None)
    graces, pieta = rows(tmp_path / TABLE)
    assert web.asked == [address("a")]
    assert (tmp_path / graces["file_name"]).read_bytes() == (tmp_path / pieta["file_name"]).read_bytes()
    assert {name for name in COLUMNS if graces[name] != pieta[name]} == {"file_name", "label", "query"}


def test_what_another_pose_found_at_fault_for_good_is_not_asked_for(tmp_path, web):
    both = work("a", "Pietà with the three Graces")
    web.pictures[address("a")] = Fault("not found", "There is none.", lasting=True)
    collect(tmp_path, [GRACES, PIETA], [museum({"Graces": [both], "Pieta": [both]})], None)
    assert web.asked == [address("a")]
    assert [(row["pose"], row["kind"]) for row in rows(tmp_path / PROBLEMS)] == [
        ("Graces", "not found"), ("Pieta", "not found")]


def test_at_the_limit_a_search_is_left_and_earlier_runs_count(tmp_path, web):
    too_far = AssertionError("one hit too many was asked for")
    source = museum({"Graces": [work("a"), work("b"), too_far], "Three&Graces": [too_far],
                     "Pieta": [work("c", "Pieta")]})
    collect(tmp_path, [GRACES, PIETA], [source], 2)
    assert saved_ids(tmp_path) == ["a", "b", "c"]
    collect(tmp_path, [GRACES, PIETA], [source], 2)
    assert saved_ids(tmp_path) == ["a", "b", "c"] and len(web.asked) == 3
    longer = museum({"Graces": [work("a"), work("b"), work("d"), too_far], "Three&Graces": [too_far]})
    collect(tmp_path, [GRACES], [longer], 3)
    assert saved_ids(tmp_path) == ["a", "b", "d", "c"]


# What cannot be had


@pytest.mark.parametrize("answer, kind, lasting", [
    (Fault("blocked", "A page asks who is there."), "picture blocked", False),
    (Fault("not found", "There is none.", lasting=True), "not found", True),
    (b"<html>no picture</html>", "not a picture", True),
    (b"", "damaged", True),
    (picture_file()[:-300], "damaged", True),
    (picture_file(size=(599, 300)), "too small", True),
])
def test_a_picture_that_cannot_be_had_is_a_problem_and_is_asked_for_again_where_that_may_help(
        tmp_path, web, answer, kind, lasting):
    web.pictures[address("a")] = (lambda: b"") if answer == b"" else answer
    page = "https://museum.example/a"
    source = museum({"Graces": [work("a", page=page), work("b")], "Three&Graces": [work("a")]})
    collect(tmp_path, [GRACES], [source], None)
    (problem,) = rows(tmp_path / PROBLEMS)
    assert problem.pop("problem").endswith(".")
    assert problem == {"pose": "Graces", "source": "museum", "ID": "a", "page": page, "kind": kind}
    assert saved_ids(tmp_path) == ["b"]
    assert web.asked == [address("a"), address("b")]  # once a run, however many searches find it
    del web.pictures[address("a")]
    collect(tmp_path, [GRACES], [source], None)
    assert saved_ids(tmp_path) == (["b"] if lasting else ["a", "b"])
    assert kinds(tmp_path) == ({"a": kind} if lasting else {})
    assert web.asked[2:] == ([] if lasting else [address("a")])


def test_a_picture_that_is_too_large_is_a_problem(tmp_path, web, monkeypatch):
    monkeypatch.setattr("artpose_lib.data.pictures.MAX_PIXELS", 1000)
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a")]})], None)
    assert kinds(tmp_path) == {"a": "too large to decode"}


def test_addresses_are_tried_in_their_order(tmp_path, web):
    web.pictures |= {address("small"): picture_file(size=(599, 599)),
                     address("gone"): Fault("not found", "Gone.", lasting=True)}
    images = tuple(map(address, ["small", "gone", "good", "never"]))
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a", images=images)]})], None)
    assert web.asked == [*images[:3]]
    assert [row["image"] for row in rows(tmp_path / TABLE)] == [address("good")]


def test_a_work_is_tried_again_while_one_of_its_addresses_may_come_back(tmp_path, web):
    web.pictures |= {address("gone"): Fault("not found", "Gone.", lasting=True),
                     address("slow"): Fault("no answer", "Slow.")}
    hit = work("a", images=(address("gone"), address("slow")))
    collect(tmp_path, [GRACES], [museum({"Graces": [hit]})], None)
    assert kinds(tmp_path) == {"a": "no answer"}


def test_a_work_without_a_picture_and_a_record_that_cannot_be_read_are_problems(tmp_path, web):
    hits = [work("a", images=()), Artwork("museum", "b", fault=Fault("server error", "It fell over."))]
    collect(tmp_path, [GRACES], [museum({"Graces": hits})], None)
    assert kinds(tmp_path) == {"a": "no picture", "b": "server error"}
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a"), work("b")]})], None)
    assert kinds(tmp_path) == {"a": "no picture"} and saved_ids(tmp_path) == ["b"]


def test_a_passing_fault_is_forgotten_once_its_whole_search_shows_it_no_more(tmp_path, web):
    # A record that could not be read goes by its number in the search, and once it can be read by a number of its own.
    def run(hits, limit=None):
        collect(tmp_path, [GRACES], [museum({"Graces": hits})], limit)
        return kinds(tmp_path)

    unread = Artwork("museum", "17", fault=Fault("server error", "It fell over."))
    gone = Artwork("museum", "18", fault=Fault("not found", "There is none.", lasting=True))
    assert run([unread, gone]) == {"17": "server error", "18": "not found"}
    assert run([work("SK-A-17"), unread], limit=1) == {"17": "server error", "18": "not found"}
    assert run([Fault("no answer", "It is silent.")]) == {
        "": "no answer", "17": "server error", "18": "not found"}
    assert run([work("SK-A-17")]) == {"18": "not found"}
    assert saved_ids(tmp_path) == ["SK-A-17"]


def test_hits_without_an_id_are_one_problem_of_their_search(tmp_path, web):
    nameless = Artwork("museum", "", fault=Fault("not JSON", "It is HTML."))
    hits = [nameless, work("a"), work(""), nameless, work("", "loose")]
    collect(tmp_path, [GRACES], [museum({"Graces": hits})], None)
    problems = rows(tmp_path / PROBLEMS)
    assert [row["kind"] for row in problems] == ["not JSON", "not a record"]
    assert {(row["ID"], row["page"]) for row in problems} == {("", "")}
    assert all('"Graces"' in row["problem"] for row in problems)
    assert saved_ids(tmp_path) == ["a"]


def test_a_search_that_fails_keeps_what_it_gave_and_is_a_problem_until_it_succeeds(tmp_path, web, capsys):
    fault = Fault("server error", "It fell \x1b[2Jover.")
    failing = museum({"Graces": [work("a"), fault], "Three&Graces": [work("b")]})
    collect(tmp_path, [GRACES], [failing], None)
    (problem,) = rows(tmp_path / PROBLEMS)
    assert problem["kind"] == "server error" and '"Graces"' in problem["problem"] and problem["ID"] == ""
    assert saved_ids(tmp_path) == ["a", "b"]
    assert "\x1b" not in capsys.readouterr().err
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a")]})], None)
    assert rows(tmp_path / PROBLEMS) == []


def test_a_source_with_an_error_in_its_code_does_not_spoil_the_others(tmp_path, web):
    broken = museum({"Graces": [work("a", source="broken"), ZeroDivisionError("in a source")]}, "broken")
    whole = museum({"Graces": [work("b")], "Pieta": [work("c", "Pieta")]})
    with pytest.raises(ZeroDivisionError, match="in a source"):
        collect(tmp_path, [GRACES, PIETA], [broken, whole], None)
    assert saved_ids(tmp_path) == ["a", "b", "c"]


# Pictures as they are kept


def test_a_large_picture_is_reduced_and_a_small_one_stays():
    assert Image.open(io.BytesIO(standard(picture_file(size=(2400, 1200))))).size == (1000, 500)
    assert Image.open(io.BytesIO(standard(picture_file(size=(300, 600))))).size == (300, 600)
    assert Image.open(io.BytesIO(standard(picture_file(size=(9000, 30), form="JPEG")))).size == (1000, 3)


def test_nothing_but_the_colours_is_carried_over():
    exif = Image.Exif()
    exif[TiffImagePlugin.IMAGEDESCRIPTION] = "hostile"
    theirs = picture_file(form="JPEG", comment=b"hostile", exif=exif, icc_profile=b"hostile", xmp=b"hostile")
    ours = standard(theirs + b"hostile")
    assert theirs.count(b"hostile") == 4 and b"hostile" not in ours
    assert ours == standard(theirs)


def test_the_file_system_decides_nothing_about_what_is_readable(tmp_path, web):
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a")]})], None)
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    assert {(tmp_path / name).stat().st_mode for name in visible(tmp_path)} == {ordinary.stat().st_mode}


# Running again, and being stopped


def test_the_second_run_asks_for_nothing_that_is_there(tmp_path, web):
    source = museum({"Graces": [work("a"), work("b")]})
    collect(tmp_path, [GRACES], [source], None)
    before = visible(tmp_path)
    web.asked.clear()
    collect(tmp_path, [GRACES], [source], None)
    assert web.asked == [] and visible(tmp_path) == before


def test_a_picture_that_was_deleted_is_fetched_again(tmp_path, web):
    source = museum({"Graces": [work("a"), work("b")]})
    collect(tmp_path, [GRACES], [source], 2)
    before = visible(tmp_path)
    (tmp_path / "Graces" / "museum-a.jpg").unlink()
    collect(tmp_path, [GRACES], [source], 2)
    assert visible(tmp_path) == before


def test_leftovers_of_a_killed_run_are_removed(tmp_path, web):
    collect(tmp_path, [GRACES], [museum({})], None)
    left = tmp_path / STATE / "partial-1"
    left.mkdir()
    (left / "museum-a.jpg").write_bytes(b"half a pic")
    collect(tmp_path, [GRACES], [museum({})], None)
    assert not list((tmp_path / STATE).glob("partial-*"))


CATALOGUE = {
    "Graces": [work("a"), work("B/2"), work("loose", "Still life"), work("small"),
               Artwork("museum", "e", fault=Fault("not JSON", "It is HTML."))],
    "Three&Graces": [work("a"), work("c", "Pietà with three Graces"), Fault("server error", "It fell over.")],
    "Pieta": [work("c", "Pietà with three Graces"), Artwork("museum", "", fault=Fault("not JSON", "It is HTML."))],
}


def collect_catalogue(out):
    other = {formula: [work("x", source="other")] for formula in CATALOGUE}
    collect.open_session = Web()
    collect.open_session.pictures[address("small")] = picture_file(size=(20, 20))
    collect(out, [GRACES, PIETA], [museum(CATALOGUE), museum(other, "other")], None)


class Killed(BaseException):
    pass


def mortal(patch, steps):
    """From so many steps on, nothing that writes works any more: the process would be dead."""
    count = itertools.count()

    def dying(function):
        def called(*values, **options):
            if next(count) >= steps:
                raise Killed
            result = function(*values, **options)
            if next(count) >= steps:
                raise Killed
            return result
        return called

    patch.setattr(os, "replace", dying(os.replace))
    for name in ("record", "record_search"):
        patch.setattr(Journal, name, dying(getattr(Journal, name)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The collection of a run that nothing stopped."""
    out = tmp_path_factory.mktemp("whole")
    collect_catalogue(out)
    assert len(visible(out)) == 7
    return visible(out)


@settings(max_examples=20, deadline=None)
@given(kills=st.lists(st.integers(0, 45), min_size=1, max_size=4))
def test_however_often_a_run_is_killed_the_collection_is_the_same(tmp_path_factory, whole, kills):
    out = tmp_path_factory.mktemp("killed")
    for steps in kills:
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            mortal(patch, steps)
            collect_catalogue(out)
    collect_catalogue(out)
    assert visible(out) == whole


def test_after_ctrl_c_the_tables_are_there_and_the_next_run_goes_on(tmp_path, web):
    def interrupt():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        web.stop.wait(10)
        raise Fault("stopped", "The run was stopped.")

    collect(tmp_path / "whole", [GRACES], [museum({"Graces": [work("a"), work("b"), work("c")]})], None)
    web.pictures[address("b")] = interrupt
    stopped = [work("a"), work("b"), Artwork("museum", "c", fault=Fault("stopped", "The run was stopped."))]
    with pytest.raises(KeyboardInterrupt):
        collect(tmp_path / "stopped", [GRACES], [museum({"Graces": stopped})], None)
    assert web.stop.is_set()
    assert saved_ids(tmp_path / "stopped") == ["a"] and rows(tmp_path / "stopped" / PROBLEMS) == []
    web.pictures.clear()
    collect(tmp_path / "stopped", [GRACES], [museum({"Graces": [work("a"), work("b"), work("c")]})], None)
    assert visible(tmp_path / "stopped") == visible(tmp_path / "whole")


def test_hits_that_come_after_a_stop_are_no_problems(tmp_path, web):
    def hits(self, query):
        yield work("a")
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        web.stop.wait(10)
        yield Artwork("museum", "b", fault=Fault("stopped", "The run was stopped."))

    with pytest.raises(KeyboardInterrupt):
        collect(tmp_path, [GRACES], [museum({}, search=hits)], None)
    assert web.stop.is_set()
    assert saved_ids(tmp_path) == ["a"] and rows(tmp_path / PROBLEMS) == []


def test_a_full_disk_ends_the_run_with_its_message_and_leaves_nothing_by_halves(tmp_path, web, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    source = museum({"Graces": [work("a")]})
    collect(tmp_path, [GRACES], [source], None)
    before = visible(tmp_path)
    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        collect(tmp_path, [GRACES], [museum({"Graces": [work("a"), work("b")]})], None)
    assert visible(tmp_path) == before
    assert not list((tmp_path / STATE).glob("partial-*"))


# Folders and keys


def test_a_folder_with_other_things_is_refused_before_anything_is_written(tmp_path, web):
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(ValueError, match="not collected here"):
        collect(tmp_path, [GRACES], [museum({})], None)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_run_that_was_killed_before_its_first_picture_can_be_repeated(tmp_path, web):
    (tmp_path / STATE).mkdir()
    collect(tmp_path, [GRACES], [museum({"Graces": [work("a")]})], None)
    assert saved_ids(tmp_path) == ["a"]


def test_a_second_run_in_the_same_folder_is_refused(tmp_path, web):
    refused = []

    def search(self, query):
        with pytest.raises(OSError, match="another run") as refusal:
            collect(tmp_path, [GRACES], [museum({})], None)
        refused.append(refusal)
        yield work("a")

    collect(tmp_path, [PIETA, GRACES], [museum({}, search=search)], None)
    assert len(refused) == 3 and saved_ids(tmp_path) == ["a"]
    collect(tmp_path, [GRACES], [museum({})], None)  # the first one's end opens the folder again


def test_another_process_cannot_open_the_journal_either(tmp_path):
    path = tmp_path / "journal.sqlite"
    reading = f"import sqlite3; sqlite3.connect({str(path)!r}, timeout=0).execute('SELECT * FROM works')"
    with closing(Journal(path, tmp_path)):
        other = subprocess.run([sys.executable, "-c", reading], capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr


def test_a_journal_that_is_none_is_named(tmp_path, web):
    (tmp_path / STATE).mkdir()
    (tmp_path / STATE / "journal.sqlite").write_bytes(b"This is a letter. " * 100)
    with pytest.raises(OSError, match="journal.sqlite: file is not a database"):
        collect(tmp_path, [GRACES], [museum({})], None)


def test_a_source_without_its_key_is_skipped_with_a_word_on_where_it_is_had(tmp_path, web, monkeypatch, capsys):
    monkeypatch.delenv("LOCKED_KEY", raising=False)
    locked = museum({"Graces": [work("a", source="locked")]}, "locked", key=Key("LOCKED_KEY", "https://locked.example/key"))
    doubtful = museum({"Graces": [work("b", source="doubtful")]}, "doubtful", verified=False)
    collect(tmp_path / "out", [GRACES], [locked, doubtful, doubtful], None)
    said = capsys.readouterr().err
    assert "LOCKED_KEY" in said and "https://locked.example/key" in said and "doubtful: not verified" in said
    assert saved_ids(tmp_path / "out") == ["b"]
    with pytest.raises(ValueError, match="no source to ask"):
        collect(tmp_path / "none", [GRACES], [locked], None)
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("LOCKED_KEY", "secret")
    collect(tmp_path / "out", [GRACES], [locked], None)
    assert saved_ids(tmp_path / "out") == ["b", "a"]


def test_the_end_says_how_many_pictures_and_problems_there_are(tmp_path, web, capsys):
    hits = [work("a"), work("b"), work("c", images=()), work("d", images=())]
    collect(tmp_path, [GRACES], [museum({"Graces": hits})], None)
    last = capsys.readouterr().err.splitlines()[-2:]
    assert last[0].endswith("Graces 2") and last[1].endswith("no picture 2") and str(tmp_path / PROBLEMS) in last[1]


# Names


ODD = st.text(st.sampled_from("aAbB1-_./\\ øØéE\u0301ßẞłIİıαΑ\x00\n\u202e"), max_size=12) | st.text(max_size=400)


@given(ODD)
def test_a_name_is_safe_and_bounded(identifier):
    name = safe_name("met", identifier)
    assert set(name) <= set(string.ascii_lowercase + string.digits + "-_.")
    assert name.startswith("met-") and ".." not in name and not name.endswith(".") and len(name) <= 100


@given(ODD, ODD)
def test_two_ids_never_share_a_name(one, other):
    assert (safe_name("met", one) == safe_name("met", other)) == (one == other)


@given(ODD)
def test_an_id_that_looks_like_the_name_of_another_has_a_name_of_its_own(identifier):
    name = safe_name("met", identifier).removeprefix("met-")
    assert name == identifier or safe_name("met", name) != safe_name("met", identifier)


@pytest.mark.parametrize("identifier, stem", [
    ("436121", "met-436121"), ("1917.52_a", "met-1917.52_a"), ("con", "met-con"), ("KKSgb7/Ø", "met-kksgb7-o--"),
    ("Straße", "met-strasse--"), ("Łódź", "met-lodz--"), ("../../etc/passwd", "met-etc-passwd--"), ("Πιετά", "met---"),
])
def test_names_can_be_read(identifier, stem):
    name = safe_name("met", identifier)
    assert name == stem or (stem.endswith("--") and name.startswith(stem) and len(name) == len(stem) + 12)
