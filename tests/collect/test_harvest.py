import csv
import errno
import hashlib
import io
import os
import signal
import sqlite3
import string
import threading
from concurrent.futures import CancelledError
from contextlib import closing, suppress

import imagehash
import numpy as np
import pytest
from builders import SWAPPED, queries
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from artpose_lib import files
from artpose_lib.collect import harvest
from artpose_lib.collect.answers import Fault
from artpose_lib.collect.harvest import STATE
from artpose_lib.collect.journal import COLUMNS, PROBLEMS, TABLE, Journal
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.collect.store import safe_name, standardize
from artpose_lib.data.poses import Pose

GRACES = Pose("Graces", "Three women.", queries("Graces,Three&Graces"))
PIETA = Pose("Pieta", "Mother and son.", queries("Pieta"))
BOTH = "Pietà with the three Graces"
GONE = Fault("not found", "There is none.", lasting=True)
UNREAD = Fault("not JSON", "It is HTML.")


def picture_file(seed=0, size=(640, 16), form="PNG", **options):
    noise = np.random.default_rng(seed).integers(0, 256, (4, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize(size).save(file, form, **options)
    return file.getvalue()


def address(name):
    return f"https://pictures.example/{name}"


def work(identifier, title="Three Graces", **facts):
    return Artwork(identifier, title, **({"images": (address(identifier),)} | facts))


def museum(answers, name="museum", **facts):
    """A source; `answers` has hits for each formula, or a list for "Graces", and what it raises among them."""
    answers = answers if isinstance(answers, dict) else {"Graces": answers}

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

    def open(self, folder, contact):
        self.stop = threading.Event()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def fetch_picture(self, address, hosts, redirects):
        self.asked.append(address)
        answer = self.pictures.get(address, picture_file(sum(address.encode())))
        if isinstance(answer, Fault):
            raise answer
        return answer() if callable(answer) else answer

    def collect(self, out, *sources, poses=(GRACES,), limit=None):
        harvest.collect(out, poses, sources, limit, open_session=self.open)


@pytest.fixture
def web():
    return Web()


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
    web.collect(tmp_path, museum([found]))
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


def test_tables_have_their_columns_sorted_rows_and_plain_line_ends(tmp_path, web, capsys):
    hits = [work(name) for name in "cab"] + [work(name, fault=UNREAD) for name in "zy"]
    web.collect(tmp_path, museum({"Graces": hits, "Pieta": [work("d", "Pietà")]}), poses=[PIETA, GRACES])
    table, problems = (tmp_path / TABLE).read_bytes(), (tmp_path / PROBLEMS).read_bytes()
    assert table.startswith((",".join(COLUMNS) + "\n").encode()) and b"\r" not in table + problems
    assert problems.startswith(b"pose,source,ID,page,kind,problem\n")
    assert saved_ids(tmp_path) == ["a", "b", "c", "d"] and list(kinds(tmp_path)) == ["y", "z"]
    assert {(row["year_from"], row["year_to"]) for row in rows(tmp_path / TABLE)} == {("", "")}
    last = capsys.readouterr().err.splitlines()[-2:]
    assert last == [f"pictures in {tmp_path}: Graces 3, Pieta 1",
                    f"problems, listed in {tmp_path / PROBLEMS}: not JSON 2"]


def test_loose_hits_are_counted_and_not_kept(tmp_path, web, capsys):
    hits = [work("a"), work("b", "Grace Kelly"), work("c", "Untitled", words="the three graces")]
    web.collect(tmp_path, museum(hits))
    assert saved_ids(tmp_path) == ["a", "c"] and web.asked == [address("a"), address("c")]
    assert "Graces: 2 saved, 0 problems, 3 hits" in capsys.readouterr().err


def test_the_first_search_that_found_a_work_is_named_and_sources_may_share_an_id(tmp_path, web):
    web.collect(tmp_path, museum({"Graces": [work("a")], "Three&Graces": [work("a"), work("b")]}),
                museum([work("a")], "other"))
    assert [(row["ID"], row["source"], row["query"]) for row in rows(tmp_path / TABLE)] == [
        ("a", "museum", "Graces"), ("b", "museum", "Three&Graces"), ("a", "other", "Graces")]


def test_what_another_pose_has_or_found_at_fault_for_good_is_not_asked_for(tmp_path, web):
    web.pictures[address("b")] = GONE
    hits = [work("a", BOTH), work("b", BOTH)]
    web.collect(tmp_path, museum({"Graces": hits, "Pieta": hits}), poses=[GRACES, PIETA])
    graces, pieta = rows(tmp_path / TABLE)
    assert web.asked == [address("a"), address("b")]
    assert (tmp_path / graces["file_name"]).read_bytes() == (tmp_path / pieta["file_name"]).read_bytes()
    assert {name for name in COLUMNS if graces[name] != pieta[name]} == {"file_name", "label", "query"}
    assert [(row["pose"], row["kind"]) for row in rows(tmp_path / PROBLEMS)] == [
        ("Graces", "not found"), ("Pieta", "not found")]


def test_at_the_limit_a_search_is_left_and_earlier_runs_count(tmp_path, web):
    too_far = AssertionError("one hit too many was asked for")
    source = museum({"Graces": [work("a"), work("b"), too_far], "Three&Graces": [too_far],
                     "Pieta": [work("c", "Pieta")]})
    for _ in range(2):
        web.collect(tmp_path, source, poses=[GRACES, PIETA], limit=2)
        assert saved_ids(tmp_path) == ["a", "b", "c"] and len(web.asked) == 3
    web.collect(tmp_path, museum({"Graces": [work("a"), work("b"), work("d"), too_far], "Three&Graces": [too_far]}),
                limit=3)
    assert saved_ids(tmp_path) == ["a", "b", "d", "c"]


# What cannot be had


@pytest.mark.parametrize("answer, kind, lasting", [
    (Fault("blocked", "A page asks who is there."), "picture blocked", False), (GONE, "not found", True),
    (b"<html>no picture</html>", "not a picture", True), (b"", "damaged", True),
    (picture_file()[:-300], "damaged", True), (picture_file(size=(599, 300)), "too small", True),
    (picture_file(size=(1001, 1000)), "too large to decode", True)])
def test_a_picture_that_cannot_be_had_is_a_problem_and_is_asked_for_again_where_that_may_help(
        tmp_path, web, monkeypatch, answer, kind, lasting):
    monkeypatch.setattr("artpose_lib.data.pictures.MAX_PIXELS", 1_000_000)
    web.pictures[address("a")] = answer
    page = "https://museum.example/a"
    source = museum({"Graces": [work("a", page=page), work("b")], "Three&Graces": [work("a")]})
    web.collect(tmp_path, source)
    (problem,) = rows(tmp_path / PROBLEMS)
    assert problem.pop("problem").endswith(".")
    assert problem == {"pose": "Graces", "source": "museum", "ID": "a", "page": page, "kind": kind}
    assert saved_ids(tmp_path) == ["b"]
    assert web.asked == [address("a"), address("b")]  # once a run, however many searches find it
    del web.pictures[address("a")]
    web.collect(tmp_path, source)
    assert saved_ids(tmp_path) == (["b"] if lasting else ["a", "b"])
    assert kinds(tmp_path) == ({"a": kind} if lasting else {})
    assert web.asked[2:] == ([] if lasting else [address("a")])


def test_addresses_are_tried_in_their_order_and_again_while_one_may_come_back(tmp_path, web):
    web.pictures |= {address("small"): picture_file(size=(599, 599)), address("gone"): GONE,
                     address("slow"): Fault("no answer", "Slow.")}
    images = {identifier: tuple(map(address, names.split())) for identifier, names in {
        "a": "small gone good never", "b": "gone slow"}.items()}
    web.collect(tmp_path, museum([work(identifier, images=found) for identifier, found in images.items()]))
    assert web.asked == [*images["a"][:3], *images["b"]]
    assert [row["image"] for row in rows(tmp_path / TABLE)] == [address("good")]
    assert kinds(tmp_path) == {"b": "no answer"}


NAMELESS, UNREADABLE = Artwork("", fault=UNREAD), Artwork("17", fault=UNREAD)
# Of runs one after the other what a search gives and which problems are listed then; the ids that are saved at last.
RUNS = {
    "no picture, or a record that cannot be read": ([
        ([work("a", images=()), UNREADABLE], [("17", "not JSON"), ("a", "no picture")]),
        ([work("a"), work("17")], [("a", "no picture")])], ["17"]),
    # Such a record goes by its number in the search, and once it can be read by a number of its own.
    "a fault that a whole search shows no more": ([
        ([UNREADABLE, Artwork("18", fault=GONE)], [("17", "not JSON"), ("18", "not found")]),
        ([work("SK-A-17"), Fault("cut off", "Half.")], [("", "cut off"), ("17", "not JSON"), ("18", "not found")]),
        ([work("SK-A-17")], [("18", "not found")])], ["SK-A-17"]),
    "hits without an id, which are one problem of their search": ([
        ([NAMELESS, work("a"), work(""), NAMELESS, work("", "loose")],
         [("", "not JSON"), ("", "not a record")])], ["a"]),
    "a search that fails": ([
        ([work("a"), Fault("cut off", "It fell \x1b[2Jover.")], [("", "cut off")]), ([work("a")], [])], ["a"]),
}


@pytest.mark.parametrize("name", RUNS)
def test_problems_are_listed_until_they_are_overcome(tmp_path, web, capsys, name):
    runs, saved = RUNS[name]
    for hits, problems in runs:
        web.collect(tmp_path, museum(hits))
        found = rows(tmp_path / PROBLEMS)
        assert [(row["ID"], row["kind"]) for row in found] == problems
        assert all('"Graces"' in row["problem"] and not row["page"] for row in found if not row["ID"])
    assert saved_ids(tmp_path) == saved and "\x1b" not in capsys.readouterr().err


def test_a_search_that_was_left_at_the_limit_forgets_no_problem(tmp_path, web):
    web.collect(tmp_path, museum([UNREADABLE]))
    web.collect(tmp_path, museum([work("SK-A-17"), UNREADABLE]), limit=1)
    assert kinds(tmp_path) == {"17": "not JSON"}


def test_a_source_with_an_error_in_its_code_does_not_spoil_the_others(tmp_path, web):
    broken = museum([work("a"), ZeroDivisionError("in a source")], "broken")
    whole = museum({"Graces": [work("b")], "Pieta": [work("c", "Pieta")]})
    with pytest.raises(ZeroDivisionError, match="in a source"):
        web.collect(tmp_path, broken, whole, poses=[GRACES, PIETA])
    assert saved_ids(tmp_path) == ["a", "b", "c"]


# Pictures as they are kept


@pytest.mark.parametrize(("size", "form", "kept", "digest"), [  # the digests are version 0.1.0's
    ((2400, 1200), "PNG", (1000, 500), "6d477ca77a4dc7f507d18bde2eae88f0e1f225ea83c148bf579f80780fe8c06c"),
    ((2400, 1200), "JPEG", (1000, 500), "e33d10c8b3b55fcdd8a2208921ef2a9717bb0dbac4a02a603f3c7b47d588b058"),
    ((300, 600), "PNG", (300, 600), ""), ((9000, 30), "JPEG", (1000, 3), "")])
def test_a_large_picture_is_reduced_and_a_small_one_stays(size, form, kept, digest):
    ours = standardize(picture_file(size=size, form=form))
    assert Image.open(io.BytesIO(ours)).size == kept
    assert hashlib.sha256(ours).hexdigest() == digest or not digest


def test_nothing_but_the_colours_is_carried_over():
    exif = Image.Exif()
    exif[TiffImagePlugin.IMAGEDESCRIPTION] = "hostile"
    theirs = picture_file(form="JPEG", comment=b"hostile", exif=exif, icc_profile=b"hostile", xmp=b"hostile")
    ours = standardize(theirs + b"hostile")
    assert theirs.count(b"hostile") == 4 and b"hostile" not in ours
    assert ours == standardize(theirs)


def test_a_colour_profile_is_applied_and_not_kept():
    ours, plain = (Image.open(io.BytesIO(standardize(picture_file(**options)))) for options in (
        {"icc_profile": SWAPPED}, {}))
    difference = np.asarray(ours, int) - np.asarray(plain, int)[..., [1, 0, 2]]
    assert "icc_profile" not in ours.info and np.abs(difference).mean() < 4  # 47 without


def test_files_can_be_read_by_whoever_the_system_lets_read(tmp_path, web):
    web.collect(tmp_path, museum([work("a")]))
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    assert {(tmp_path / name).stat().st_mode for name in visible(tmp_path)} == {ordinary.stat().st_mode}


# Running again, and being stopped


def test_the_next_run_asks_only_for_a_picture_that_was_deleted_and_removes_leftovers(tmp_path, web):
    source = museum([work("a"), work("b")])
    web.collect(tmp_path, source)
    before = visible(tmp_path)
    left = [tmp_path / STATE / "partial-1", tmp_path / ".partial-2", tmp_path / "Graces" / ".partial-3"]
    for folder in left:
        folder.mkdir()
        (folder / "museum-a.jpg").write_bytes(b"half a pic")
    web.asked.clear()
    web.collect(tmp_path, source)
    assert web.asked == [] and visible(tmp_path) == before and not any(folder.exists() for folder in left)
    (tmp_path / "Graces" / "museum-a.jpg").unlink()
    web.collect(tmp_path, source, limit=2)
    assert web.asked == [address("a")] and visible(tmp_path) == before


OLD_JOURNAL = """
CREATE TABLE searches (pose, source, query, kind, problem, PRIMARY KEY (pose, source, query, kind));
INSERT INTO searches VALUES('Graces','museum','Graces','server error','The search "Graces" failed: It fell over.');
CREATE TABLE works (file_name, label, AUTHOR, TITLE, DATE, TECHNIQUE, LOCATION, ID, TYPE, image, source, page, licence,
query, sha256, phash, boxes, year_from, year_to, medium, outcome, problem, lasting, due, PRIMARY KEY (file_name))
WITHOUT ROWID;
INSERT INTO works VALUES('Graces/museum-a.jpg','Graces','','Three Graces','1650','','','a','','theirs','museum','','',
'Graces','9b07','8000000000000000','','1650','1650','','saved','',1,0);
INSERT INTO works VALUES('Graces/museum-b.jpg','Graces','','Three Graces','1650','','','b','','','museum','','',
'Graces','','','','1650','1650','','not found','There is none.',1,0);
INSERT INTO works VALUES('Graces/museum-c.jpg','Graces','','Three Graces','1650','','','c','','','museum','','',
'Graces','','','','1650','1650','','no answer','It is silent.',0,0);
CREATE INDEX works_by_id ON works (source, ID);
"""


def test_a_collection_of_version_0_1_0_goes_on(tmp_path, web):
    for folder in (STATE, "Graces"):
        (tmp_path / folder).mkdir()
    (tmp_path / "Graces" / "museum-a.jpg").touch()
    with closing(sqlite3.connect(tmp_path / STATE / "journal.sqlite")) as database:
        database.executescript(OLD_JOURNAL)
    web.collect(tmp_path, museum([work(name) for name in "abcd"]))
    assert web.asked == [address("c"), address("d")]
    assert saved_ids(tmp_path) == ["a", "c", "d"] and kinds(tmp_path) == {"b": "not found"}
    assert rows(tmp_path / TABLE)[0]["image"] == "theirs"


class Killed(BaseException):
    pass


def mortal(function, moments):
    """A function that, once the moments are over, does nothing any more: the process would be dead."""
    def called(*values, **options):
        result = None
        for step in (lambda: None, lambda: function(*values, **options)):
            if next(moments, None) is None:
                raise Killed
            result = step()
        return result
    return called


def test_killed_at_any_moment_a_run_goes_on_to_the_same_end(tmp_path, web):
    web.pictures[address("gone")] = GONE
    source = museum({"Graces": [work("a"), work("gone"), work("c", BOTH), Fault("cut off", "Half.")],
                     "Pieta": [work("c", BOTH), NAMELESS]})
    web.collect(tmp_path / "whole", source, poses=[GRACES, PIETA])
    (tmp_path / "0" / STATE).mkdir(parents=True)  # as when it is killed before it has a journal
    for moments in range(26):
        out, left = tmp_path / str(moments), iter(range(moments))
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            for place, name in ((os, "replace"), (Journal, "record"), (Journal, "record_search")):
                patch.setattr(place, name, mortal(getattr(place, name), left))
            web.collect(out, source, poses=[GRACES, PIETA])
        web.collect(out, source, poses=[GRACES, PIETA])
        assert visible(out) == visible(tmp_path / "whole")


def test_after_ctrl_c_the_tables_are_there_and_the_next_run_goes_on(tmp_path, web):
    def interrupt():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        web.stop.wait(10)
        raise CancelledError

    source = museum([work("a"), work("b"), work("c")])
    web.collect(tmp_path / "whole", source)
    web.pictures[address("b")] = interrupt
    with pytest.raises(KeyboardInterrupt):
        web.collect(tmp_path / "stopped", source)
    assert web.stop.is_set()
    assert saved_ids(tmp_path / "stopped") == ["a"] and rows(tmp_path / "stopped" / PROBLEMS) == []
    web.pictures.clear()
    web.collect(tmp_path / "stopped", source)
    assert visible(tmp_path / "stopped") == visible(tmp_path / "whole")


def test_a_full_disk_ends_the_run_with_its_message_and_leaves_nothing_by_halves(tmp_path, web, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    web.collect(tmp_path, museum([work("a")]))
    before = visible(tmp_path)
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device.*--out"):
        web.collect(tmp_path, museum([work("a"), work("b")]))
    assert visible(tmp_path) == before and not list(tmp_path.rglob("*partial-*"))


# Folders and keys


@pytest.mark.parametrize(("name", "content", "words"), [
    ("holiday.jpg", b"mine", "not collected here"),
    (f"{STATE}/journal.sqlite", b"This is a letter. " * 100, "journal.sqlite: file is not a database")])
def test_a_folder_with_other_things_is_refused_before_anything_is_written(tmp_path, web, name, content, words):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ValueError, OSError), match=words):
        web.collect(tmp_path, museum([]))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name.rpartition("/")[2]]


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_goes_on(tmp_path, web):
    refused = []

    def search(self, query):
        with pytest.raises(OSError, match="another run") as refusal:
            Web().collect(tmp_path, museum([]))
        refused.append(refusal)
        yield work("a")

    web.collect(tmp_path, museum([], search=search))
    assert len(refused) == 2 and saved_ids(tmp_path) == ["a"]
    web.collect(tmp_path, museum([]))  # the first one's end opens the folder again


def test_a_source_without_its_key_is_skipped_with_a_word_on_where_it_is_had(tmp_path, web, monkeypatch, capsys):
    monkeypatch.delenv("LOCKED_KEY", raising=False)
    locked = museum([work("a")], "locked", key="LOCKED_KEY", key_page="https://locked.example/key")
    doubtful = museum([work("b")], "doubtful", verified=False)
    web.collect(tmp_path / "out", locked, doubtful, doubtful)
    told = capsys.readouterr().err
    assert "LOCKED_KEY" in told and "https://locked.example/key" in told and "doubtful: not verified" in told
    assert saved_ids(tmp_path / "out") == ["b"]
    with pytest.raises(ValueError, match="no source to ask"):
        web.collect(tmp_path / "none", locked)
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("LOCKED_KEY", "secret")
    web.collect(tmp_path / "out", locked)
    assert saved_ids(tmp_path / "out") == ["b", "a"]


# Names

ODD = st.text(st.sampled_from("aAbB1-_./\\ øØéE\u0301ßẞłIİıαΑ\x00\n\u202e"), max_size=12) | st.text(max_size=400)


@given(ODD, ODD)
def test_a_name_is_safe_and_bounded_and_two_ids_never_share_one(one, other):
    name = safe_name("met", one)
    assert set(name) <= set(string.ascii_lowercase + string.digits + "-_.")
    assert name.startswith("met-") and ".." not in name and not name.endswith(".") and len(name) <= 100
    assert (name == safe_name("met", other)) == (one == other)
    alike = name.removeprefix("met-")  # an id that looks like the name of another
    assert alike == one or safe_name("met", alike) != name


@pytest.mark.parametrize("identifier, stem", [
    ("436121", "met-436121"), ("1917.52_a", "met-1917.52_a"), ("con", "met-con"), ("KKSgb7/Ø", "met-kksgb7-o--"),
    ("Straße", "met-strasse--"), ("Łódź", "met-lodz--"), ("../../etc/passwd", "met-etc-passwd--"), ("Πιετά", "met---"),
])
def test_names_can_be_read(identifier, stem):
    name = safe_name("met", identifier)
    assert name == stem or (stem.endswith("--") and name.startswith(stem) and len(name) == len(stem) + 12)
