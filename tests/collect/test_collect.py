"""The whole of `artpose collect`, as a user starts it, against twelve museums on this machine."""

import csv
import io
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from base64 import b64decode
from contextlib import closing, contextmanager
from hashlib import sha256
from urllib.parse import quote, quote_plus

import imagehash
import loopback
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from recorded import ARTWORKS, KEYS, Museums, as_json, look_up, make_reply, picture

from artpose_lib.collect.store import safe_name
from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.poses import POSES

FOLDERS = ("home", "tmp", "work")  # none of which is a place for anything
# Who starts the tests may have had Ctrl-C ignored, which processes inherit.
SCRIPT = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
          "import loopback; from artpose_lib.collect import harvest; harvest.collect = loopback.collect; "
          "from artpose_lib.cli import main; sys.exit(main())")
COLUMNS = {"AUTHOR": "author", "TITLE": "title", "DATE": "date", "TECHNIQUE": "technique", "LOCATION": "location",
           "TYPE": "type", "page": "page", "licence": "licence"}


class Collection:
    """A machine with an empty home, temporary and working folder, and a folder `out` to collect into."""

    def __init__(self, museums, folder):
        self.museums, self.folder, self.out = museums, folder, folder / "out"
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        self.environment = KEYS | {
            "PATH": os.environ["PATH"], "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'collect'}", loopback.ADDRESS: museums.address}

    def run(self, *options):
        """Collect; return what was printed."""
        return self.stop(None, 0, 0, *options, status=0)

    def stop(self, with_signal, after, pause, *options, status):
        """Collect until so many more requests came and a pause is over; return what was printed.

        The signal goes to all processes of the collection, as a terminal's Ctrl-C does.
        """
        enough = len(self.museums.asked) + after
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", SCRIPT, "collect", "--out", str(self.out), *options], text=True,
            cwd=self.folder / "work", env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        try:
            while with_signal and len(self.museums.asked) < enough and process.poll() is None:
                time.sleep(0.001)
            time.sleep(pause)
            if with_signal and process.poll() is None:
                os.killpg(process.pid, with_signal)
            printed = "".join(process.communicate(timeout=300))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == status and "Traceback" not in printed, printed
        return printed

    def rows(self, name="metadata.csv"):
        with (self.out / name).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def leftovers(self):
        """All that a collection has no use for, wherever it lies."""
        state = {f".artpose/{name}" for name in (
            "answers.sqlite", "journal.sqlite", "nga-objects.csv", "nga-published_images.csv", "wga.zip")}
        wanted = {self.out / name for name in state | {row["file_name"] for row in self.rows()} | {
            "metadata.csv", "problems.csv"}}
        folders = {path.parent for path in wanted} | {self.out} | {self.folder / name for name in FOLDERS}
        return sorted(set(self.folder.rglob("*")) - wanted - folders)

    def files(self):
        """The bytes of every file of the data set, by its name."""
        return {path.relative_to(self.out).as_posix(): path.read_bytes() for path in sorted(self.out.rglob("*"))
                if path.is_file() and ".artpose" not in path.parts}


@contextmanager
def serve(answer=look_up):
    """The museums on this machine; `answer` gives the reply to an address."""
    museums = Museums(answer)
    with loopback.Server(lambda url, headers: [museums.reply(url, headers).on_the_wire()]) as server:
        museums.address = server.address
        yield museums


@pytest.fixture(scope="module")
def museums():
    with serve() as museums:
        yield museums


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """One collection from all sources, and what it printed."""
    with serve() as museums:
        collection = Collection(museums, tmp_path_factory.mktemp("complete"))
        yield collection, collection.run("--contact", "curator@example.org")


def found():
    """The works that the museums have for each pose, by file name."""
    return {f"{pose.name}/{safe_name(source, work['id'])}.jpg": work
            for source, searches in ARTWORKS.items() for formula, works in searches.items() if formula != "listed"
            for work in works if "id" in work
            for pose in POSES for query in pose.queries
            if query.matches(work.get("words", ""), work.get("title", ""))}


def test_every_record_is_as_the_museum_has_it_every_problem_is_named_and_they_hear_who_asks(complete):
    collection, _ = complete
    rows = {row["file_name"]: row for row in collection.rows()}
    works = {name: work for name, work in found().items() if "images" in work}
    assert list(rows) == sorted(works)
    for name, work in works.items():
        assert {column: rows[name][column] for column in COLUMNS} == {
            column: work.get(field, "") for column, field in COLUMNS.items()}
        assert rows[name]["ID"] == work["id"] and rows[name]["image"] in work["images"]
    problems = collection.rows("problems.csv")
    assert all(row["problem"].endswith(".") for row in problems)
    assert {(row["source"], row["kind"]) for row in problems} == {
        *((source, "no picture") for source in ("cleveland", "commons", "harvard", "searchculture")),
        ("met", "not found"), ("rijksmuseum", "not found"), ("wga", "not a record")}
    assert sorted(collection.museums.missing) == ["https://collectionapi.metmuseum.org/public/collection/v1/objects/900003",
                                       "https://data.rijksmuseum.nl/200900003"]
    assert all("curator@example.org" in agent for agent in collection.museums.agents)


def test_every_picture_is_the_work_and_has_the_form_of_all_and_nothing_else_is_left(complete):
    check_pictures(complete[0])
    assert complete[0].leftovers() == []


def check_pictures(collection):
    for row in collection.rows():
        path = collection.out / row["file_name"]
        kept, theirs = Image.open(path), Image.open(io.BytesIO(picture(row["image"])))
        assert (kept.format, kept.mode) == ("JPEG", "RGB") and 600 <= max(kept.size) <= 1000
        assert not kept.getexif() and row["sha256"] == sha256(path.read_bytes()).hexdigest()
        assert row["phash"] == str(imagehash.phash(kept))
        kept, theirs = (np.asarray(image.resize((16, 16)), float) for image in (kept, theirs))
        assert np.abs(kept - theirs).mean() < 1, row["file_name"]


def test_no_key_is_kept_or_printed(complete):
    collection, printed = complete
    kept = [path.read_bytes() for path in collection.out.rglob("*") if path.is_file()]
    with closing(sqlite3.connect(collection.out / ".artpose" / "answers.sqlite")) as database:
        answers = [json.loads(value) for (value,) in database.execute("SELECT value FROM responses")]
    contents = [b64decode(answer["_content"]) for answer in answers]
    assert sum(b"REDACTED" in content for content in contents) > 10, "the answers held no key that could have been kept"
    for key in KEYS.values():
        for form in {key, quote(key), quote(key, safe=""), quote_plus(key), key.replace("/", "\\/")}:
            assert form not in printed and not any(form.encode() in data for data in kept + contents)


def test_the_collection_is_a_data_set(complete):
    collection = complete[0]
    dataset = load_dataset(collection.out, minimum=1)
    left_out = dataset.problems[dataset.problems["action"] == "left out"]["file_name"].tolist()
    assert left_out == ["Graces/census-90002.jpg", "Sebastian/census-90001.jpg"]  # one picture, and two poses claim it
    assert len(dataset) + len(left_out) == len(collection.rows())


def test_a_second_run_asks_for_nothing_that_is_there(complete):
    collection, _ = complete
    before, asked = collection.files(), len(collection.museums.asked)
    collection.run("--contact", "curator@example.org")
    assert collection.files() == before and len(collection.museums.asked) == asked


def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(complete, museums, tmp_path):
    moments = random.Random(0)
    collection = Collection(museums, tmp_path)
    for _ in range(6):
        collection.stop(signal.SIGKILL, moments.randrange(1, 35), moments.uniform(0, 0.03), status=-signal.SIGKILL)
    collection.run()
    assert not collection.leftovers()
    assert collection.files() == complete[0].files()


@pytest.mark.parametrize("where", [(), ("--cluster", "local:1")])
def test_stopped_by_the_user_it_leaves_a_collection_and_goes_on_later(complete, museums, tmp_path, where):
    if where:
        pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    few = "--source", "smk", "--source", "met", *where
    collection = Collection(museums, tmp_path)
    collection.stop(signal.SIGINT, 12, 0, *few, status=130)
    wanted = [row for row in complete[0].rows() if row["source"] in few]
    assert len(collection.rows()) < len(wanted) and "problems.csv" in collection.files()
    check_pictures(collection)
    assert f"pictures in {collection.out}" in collection.run(*few)
    assert collection.rows() == wanted
    left = {path.relative_to(tmp_path).parts[:2] for path in collection.leftovers()}
    assert left <= {("tmp", "dask-scratch-space")}


HTML, CHALLENGE = b"<!DOCTYPE html><h1>One moment, please</h1>", b"<html><script src='/_Incapsula_Resource'></script>"
# By a pattern of addresses: what is answered, the source, and the kind that problems.csv names.
TROUBLE = {
    "api.smk.dk": (as_json({}, 500), "smk", "server error"),
    "openaccess-api": (make_reply(HTML), "cleveland", "not JSON"),
    "aggregator/api": (as_json({}, 401), "searchculture", "refused"),
    "objects/900001": (as_json({}, 404), "met", "not found"),
    "gsrsearch": (make_reply(b"", 302, Location="https://example.org/"), "commons", "elsewhere"),
    "iiif/2/": (make_reply(CHALLENGE, 403), "artic", "picture blocked"),
    "www.wga.hu/(art|detail)": (make_reply(HTML), "wga", "not a picture"),
    "iiif.micr.io": (make_reply(picture("")[:9000], Content_Length=10_000), "rijksmuseum", "cut off"),
    "ids.lib.harvard": (make_reply(picture("")[:9000]), "harvard", "damaged"),
    "objects.csv": (make_reply(b"no table"), "nga", "not a catalogue"),
}


def test_museums_in_trouble_are_problems_and_the_others_are_collected(tmp_path):
    def answer(url):
        return next((reply for pattern, (reply, *_) in TROUBLE.items() if re.search(pattern, url)), look_up(url))

    with serve(answer) as museums:
        collection = Collection(museums, tmp_path)
        collection.run()
    problems = {(row["source"], row["kind"]) for row in collection.rows("problems.csv")}
    assert problems >= {(source, kind) for _, source, kind in TROUBLE.values()}
    assert {row["source"] for row in collection.rows()} == {"census", "europeana"} and not collection.leftovers()
