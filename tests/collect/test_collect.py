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
from contextlib import closing
from hashlib import sha256
from urllib.parse import quote, quote_plus

import imagehash
import loopback
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from recorded import ARTWORKS, KEYS, Museums, Server, picture

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

    def __init__(self, server, folder, keys=KEYS):
        self.asked, self.folder, self.out = server.museums.asked, folder, folder / "out"
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        self.environment = keys | {
            "PATH": os.environ["PATH"], "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'collect'}", loopback.ADDRESS: server.address}

    def start(self, *options):
        command = [sys.executable, "-B", "-c", SCRIPT, "collect", "--out", str(self.out), *options]
        return subprocess.Popen(command, cwd=self.folder / "work", env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def run(self, *options, status=0):
        """Collect; return what was printed."""
        return self.stop(None, 0, 0, *options, status=status)

    def stop(self, with_signal, after, pause, *options, status):
        """Collect until so many more requests came and a pause is over; return what was printed.

        The signal goes to all processes of the collection, as a terminal's Ctrl-C does.
        """
        enough = len(self.asked) + after
        process = self.start(*options)
        try:
            while with_signal and len(self.asked) < enough and process.poll() is None:
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


@pytest.fixture
def server():
    with Server(Museums()) as server:
        yield server


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """One collection from all sources, what it printed, and the museums that it asked."""
    with Server(Museums()) as server:
        collection = Collection(server, tmp_path_factory.mktemp("complete"))
        yield collection, collection.run("--contact", "curator@example.org"), server.museums


def found():
    """The works that the museums have for each pose, by file name."""
    return {f"{pose.name}/{safe_name(source, work['id'])}.jpg": work
            for source, searches in ARTWORKS.items() for formula, works in searches.items() if formula != "listed"
            for work in works if "id" in work
            for pose in POSES for query in pose.queries
            if query.matches(work.get("words", ""), work.get("title", ""))}


def test_every_record_is_as_the_museum_has_it_and_every_problem_is_named(complete):
    collection, _, museums = complete
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
    assert sorted(museums.missing) == ["https://collectionapi.metmuseum.org/public/collection/v1/objects/900003",
                                       "https://data.rijksmuseum.nl/200900003"]


def test_every_picture_is_the_work_and_has_the_form_of_all(complete):
    check_pictures(complete[0])


def check_pictures(collection):
    for row in collection.rows():
        path = collection.out / row["file_name"]
        kept, theirs = Image.open(path), Image.open(io.BytesIO(picture(row["image"])))
        assert (kept.format, kept.mode) == ("JPEG", "RGB") and 600 <= max(kept.size) <= 1000
        assert not kept.getexif() and row["sha256"] == sha256(path.read_bytes()).hexdigest()
        assert row["phash"] == str(imagehash.phash(kept))
        kept, theirs = (np.asarray(image.resize((16, 16)), float) for image in (kept, theirs))
        assert np.abs(kept - theirs).mean() < 1, row["file_name"]


def test_nothing_is_written_elsewhere_and_nothing_is_left_over(complete):
    assert complete[0].leftovers() == []


def test_no_key_is_kept_or_printed(complete):
    collection, printed, _ = complete
    kept = [path.read_bytes() for path in collection.out.rglob("*") if path.is_file()]
    with closing(sqlite3.connect(collection.out / ".artpose" / "answers.sqlite")) as database:
        answers = [json.loads(value) for (value,) in database.execute("SELECT value FROM responses")]
    contents = [b64decode(answer["_content"]) for answer in answers]
    assert sum(b"REDACTED" in content for content in contents) > 10, "the answers held no key that could have been kept"
    for key in KEYS.values():
        for form in {key, quote(key), quote(key, safe=""), quote_plus(key), key.replace("/", "\\/")}:
            assert form not in printed and not any(form.encode() in data for data in kept + contents)


def test_the_museums_hear_who_asks(complete):
    agents = complete[2].agents
    assert all(agent.startswith("artpose/") and "curator@example.org" in agent for agent in agents)


def test_the_collection_is_a_data_set(complete):
    collection = complete[0]
    dataset = load_dataset(collection.out, minimum=1)
    left_out = dataset.problems[dataset.problems["action"] == "left out"]["file_name"].tolist()
    assert left_out == ["Graces/census-90002.jpg", "Sebastian/census-90001.jpg"]  # one picture, and two poses claim it
    assert len(dataset) + len(left_out) == len(collection.rows())


def test_a_second_run_asks_for_nothing_that_is_there(complete):
    collection, _, museums = complete
    before, asked = collection.files(), len(museums.asked)
    collection.run("--contact", "curator@example.org")
    assert collection.files() == before
    assert museums.asked[asked:] == []


def test_killed_again_and_again_it_ends_as_if_nothing_had_happened(complete, server, tmp_path):
    moments = random.Random(0)
    collection = Collection(server, tmp_path)
    for _ in range(6):
        collection.stop(signal.SIGKILL, moments.randrange(1, 35), moments.uniform(0, 0.03), status=-signal.SIGKILL)
    collection.run()
    assert not collection.leftovers()
    assert collection.files() == complete[0].files()


@pytest.mark.parametrize("where", [(), ("--cluster", "local:1")])
def test_stopped_by_the_user_it_leaves_a_collection_and_goes_on_later(complete, server, tmp_path, where):
    if where:
        pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    few = "--source", "smk", "--source", "met", *where
    collection = Collection(server, tmp_path)
    collection.stop(signal.SIGINT, 12, 0, *few, status=130)
    wanted = [row for row in complete[0].rows() if row["source"] in few]
    assert len(collection.rows()) < len(wanted) and "problems.csv" in collection.files()
    check_pictures(collection)
    assert f"pictures in {collection.out}" in collection.run(*few)
    assert collection.rows() == wanted
    left = {path.relative_to(tmp_path).parts[:2] for path in collection.leftovers()}
    assert left <= {("tmp", "dask-scratch-space")}


def test_a_source_without_its_key_is_skipped_and_says_where_to_get_one(server, tmp_path):
    collection = Collection(server, tmp_path, keys={})
    printed = collection.run("--pose", "Graces", *(
        option for name in ("harvard", "searchculture", "europeana", "nga") for option in ("--source", name)))
    for key in KEYS:
        assert re.search(rf"skipped.*{key} is not set.*https://", printed)
    assert [row["source"] for row in collection.rows()] == ["nga"]
    assert "set the key" in collection.run("--source", "harvard", status=1)


def test_a_limit_is_for_each_pose_and_source_and_can_be_raised(server, tmp_path):
    few = "--source", "commons", "--source", "met", "--pose", "Sebastian"
    collection = Collection(server, tmp_path)
    for limit, sources in ((1, ["commons", "met"]), (2, ["commons", "commons", "met"])):
        collection.run(*few, "--limit", str(limit))
        assert [row["source"] for row in collection.rows()] == sources
