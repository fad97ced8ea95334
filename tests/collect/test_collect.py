"""The whole of `artpose collect`, as a user starts it, against twelve museums on this machine."""

import csv
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
from collections import Counter
from contextlib import closing
from functools import partial
from hashlib import md5, sha256
from pathlib import PurePosixPath
from urllib.parse import quote, quote_plus

import imagehash
import loopback
import numpy as np
import pytest
from conftest import ROOT, SHARED
from museum import FAULTS, HTML, NOTHING, SAVED, Fault, Server, cut_off, page
from museum_base import KEYS, as_json
from museum_works import CC0, Work, draw
from PIL import Image

from artpose_lib.collect.harvest import collect
from artpose_lib.collect.museums import SOURCES
from artpose_lib.collect.museums.harvard import TERMS
from artpose_lib.collect.museums.wga import LICENCE
from artpose_lib.collect.store import safe_name
from artpose_lib.data.dataset import load_dataset
from artpose_lib.data.poses import Pose, parse_queries

COLUMNS = ("file_name,label,AUTHOR,TITLE,DATE,TECHNIQUE,LOCATION,ID,TYPE,image,source,page,licence,query,sha256,phash,"
           "boxes,year_from,year_to,medium")
FOLDERS = ("home", "tmp", "work")  # none of which is a place for anything
# Who starts the tests may have had Ctrl-C ignored, which processes inherit.
SCRIPT = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
          "import loopback; from artpose_lib.collect import harvest; harvest.collect = loopback.collect; "
          "from artpose_lib.cli import main; sys.exit(main())")
# What a record says beside the catalogue's fields: the picture's address, the work's page, where it is, its licence.
TOLD = {
    "rijksmuseum": ("https://iiif.micr.io/Rm{n}/full/!1000,1000/0/default.jpg", "https://id.rijksmuseum.nl/200{n}",
                    "Rijksmuseum, Amsterdam", "{licence}"),
    "met": ("https://images.metmuseum.org/CRDImages/gr/original/DP{n}.jpg",
            "https://www.metmuseum.org/art/collection/search/{n}", "Metropolitan Museum of Art, New York, NY", CC0),
    "wga": ("https://www.wga.hu/art/v/verhoev/{n}.jpg", "https://www.wga.hu/html/v/verhoev/{n}.html",
            "Galleria, Siena", LICENCE),
    "harvard": ("https://nrs.harvard.edu/urn-3:HUAM:{n}_dynmc/full/!1000,1000/0/default.jpg",
                "https://www.harvardartmuseums.org/collections/object/{n}", "Harvard Art Museums", TERMS),
    "searchculture": ("https://www.searchculture.gr/aggregator/thumbnails/edm-record/vases/{n}",
                      "https://www.searchculture.gr/aggregator/edm/vases/{n}", "Museum of Inventions", "{licence}"),
    "artic": ("https://www.artic.edu/iiif/2/{n:08d}-1f2e-4a5b-8c7d-000000000000/full/843,/0/default.jpg",
              "https://www.artic.edu/artworks/{n}", "Art Institute of Chicago", "{licence}"),
    "smk": ("https://iip.smk.dk/iiif/jp2/{n}_smk.tif.jp2/full/!1000,1000/0/default.jpg",
            "https://open.smk.dk/artwork/image/{n}", "SMK", "{licence}"),
    "census": ("https://thumb.wikimedia.org/wikipedia/commons/thumb/e/ea/Work_{n}.jpg/960px-Work_{n}.jpg?utm_source=api",
               "https://database.census.de/#/detail/10{n:06d}", "", "{licence}"),
    "commons": ("https://thumb.wikimedia.org/wikipedia/commons/thumb/e/ea/Work_{n}.jpg/960px-Work_{n}.jpg?utm_source=api",
                "https://commons.wikimedia.org/wiki/File:Work_{n}.jpg", "", "{licence}"),
    "cleveland": ("https://openaccess-cdn.clevelandart.org/1916.{n}/1916.{n}_web.jpg",
                  "https://clevelandart.org/art/1916.{n}", "Cleveland Museum of Art", CC0),
    "nga": ("https://api.nga.gov/iiif/{n:08d}-aaaa-46f4-bf5d-1a2e6032eb13/full/!1000,1000/0/default.jpg",
            "https://www.nga.gov/artworks/{n}", "National Gallery of Art, Washington", CC0),
    "europeana": ("https://proxy.europeana.eu/media/9040/{n}/{md5}", "https://www.europeana.eu/item/9040/{n}",
                  "Museum of Inventions", "{licence}"),
}
# Kinds of problems after which a later run asks again.
PASSING = {"blocked", "picture blocked", "server error", "too many requests", "no answer", "cut off", "not JSON",
           "elsewhere"}
# Fields that some of them do not tell.
UNTOLD = {"census": ("author", "date", "technique", "type"), "commons": ("technique", "type"),
          "europeana": ("technique",)}


def expected_rows(server):
    """What metadata.csv must hold, without `sha256` and `phash`, by file name; from the catalogue and FAULTS alone."""
    rows = {}
    for work in server.works:
        fault = server.spoilt.get(work)
        for pose, formula in work.finds if not fault or fault.outcome == SAVED else ():
            row = expected_row(work, pose, formula)
            if fault and fault.name == "no large one":
                row["image"] = row["image"].replace("original", "web-large")
            rows[row["file_name"]] = row
    return dict(sorted(rows.items()))


def expected_row(work: Work, pose: str, formula: str) -> dict[str, str]:
    told = {name: "" if name in UNTOLD.get(work.source, ()) else getattr(work, name)
            for name in ("author", "date", "technique", "type")}
    kind = f"{work.type}, religious" if work.source == "wga" else told["type"]
    values = {"n": work.number, "licence": work.licence,
              "md5": md5(f"https://museum.example.org/{work.number}.jpg".encode()).hexdigest()}
    image, page, location, licence = (value.format(**values) for value in TOLD[work.source])
    first, _, last = told["date"].partition("-")
    return {"file_name": f"{pose}/{safe_name(work.source, work.id)}.jpg", "label": pose, "AUTHOR": told["author"],
            "TITLE": work.title, "DATE": told["date"], "TECHNIQUE": told["technique"], "LOCATION": location,
            "ID": work.id, "TYPE": kind, "image": image, "source": work.source, "page": page, "licence": licence,
            "query": formula, "boxes": "", "year_from": first, "year_to": last or first,
            "medium": "other" if told["type"] == "Figure" else told["type"]}


def expected_problems(server):
    """The rows of problems.csv without their sentences, sorted; from the catalogue and FAULTS alone."""
    poses = {"contrapposto": "Antinous", "doryphoros": "Antinous", "standbeeld van bacchus": "Antinous",
             "three graces": "Graces", "saint sebastian": "Sebastian"}
    problems = [(poses[fault.words], fault.source, "", "", fault.outcome)
                for fault in FAULTS if fault.place == "search" and fault.outcome not in (SAVED, NOTHING)]
    for work, fault in server.spoilt.items():
        if fault.outcome != SAVED:
            row = expected_row(work, "Tanagra", "")
            known = (work.id, row["page"])
            if fault.place == "record":  # which would have told both: only the number that was asked for is known
                known = (f"200{work.number}" if work.source == "rijksmuseum" else str(work.number), "")
            problems.append(("Tanagra", work.source, *known, fault.outcome))
    return sorted(problems)


class Collection:
    """A machine with an empty home, temporary and working folder, and a folder `out` to collect into."""

    def __init__(self, server, folder, keys=KEYS):
        self.server, self.folder, self.out = server, folder, folder / "out"
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
        """Collects; returns what was printed."""
        process = self.start(*options)
        try:
            said = "".join(process.communicate(timeout=300))
        finally:
            process.kill()
        assert process.returncode == status and "Traceback" not in said, said
        return said

    def stop(self, with_signal, after, pause, *options):
        """Collects until so many more requests came and a pause is over; returns exit status and what was printed.

        The signal goes to all processes of the collection, as a terminal's Ctrl-C does.
        """
        enough = len(self.server.asked) + after
        process = self.start(*options)
        try:
            while len(self.server.asked) < enough and process.poll() is None:
                time.sleep(0.001)
            time.sleep(pause)
            if process.poll() is None:
                os.killpg(process.pid, with_signal)
            said = "".join(process.communicate(timeout=300))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, said

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


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """One collection from all sources, what it printed, and the museums that it asked."""
    with Server() as server:
        collection = Collection(server, tmp_path_factory.mktemp("complete"))
        said = collection.run("--contact", "curator@example.org")
        yield collection, said


def test_every_record_is_as_the_museum_has_it(complete):
    collection, _ = complete
    rows = {row["file_name"]: row for row in collection.rows()}
    assert list(rows) == sorted(rows)
    assert collection.files()["metadata.csv"].decode().partition("\n")[0] == COLUMNS
    told = {name: {column: row[column] for column in row if column not in ("sha256", "phash")}
            for name, row in rows.items()}
    assert told == expected_rows(collection.server)


def test_every_fault_is_named_and_nothing_else(complete):
    collection, _ = complete
    problems = collection.rows("problems.csv")
    assert all(problem.pop("problem").endswith(".") for problem in problems)
    assert [tuple(problem.values()) for problem in problems] == expected_problems(collection.server)
    struck = {fault.name for fault in FAULTS if fault.place != "entry"}
    assert struck == set(collection.server.errors), "a fault that no request met proves nothing"


def test_every_picture_is_the_work_and_has_the_form_of_all(complete):
    check_pictures(complete[0])


def check_pictures(collection):
    works = {(work.source, work.id): work for work in collection.server.works}
    for row in collection.rows():
        path = collection.out / row["file_name"]
        picture = Image.open(path)
        assert (picture.format, picture.mode) == ("JPEG", "RGB") and 600 <= max(picture.size) <= 1000
        assert not picture.getexif() and row["sha256"] == sha256(path.read_bytes()).hexdigest()
        assert row["phash"] == str(imagehash.phash(picture))
        drawn = draw(works[row["source"], row["ID"]])
        kept, meant = (np.asarray(image.resize((16, 16)), float) for image in (picture, drawn))
        assert np.abs(kept - meant).mean() < 1, row["file_name"]


def test_nothing_is_written_elsewhere_and_nothing_is_left_over(complete):
    assert complete[0].leftovers() == []


def test_no_key_is_kept_or_printed(complete):
    collection, said = complete
    kept = [path.read_bytes() for path in collection.out.rglob("*") if path.is_file()]
    with closing(sqlite3.connect(collection.out / ".artpose" / "answers.sqlite")) as database:
        answers = [json.loads(value) for (value,) in database.execute("SELECT value FROM responses")]
    contents = [b64decode(answer["_content"]) for answer in answers]
    assert sum(b"REDACTED" in content for content in contents) > 10, "the answers held no key that could have been kept"
    for key in KEYS.values():
        for form in {key, quote(key), quote(key, safe=""), quote_plus(key), key.replace("/", "\\/")}:
            assert form not in said and not any(form.encode() in data for data in kept + contents)


def test_the_museums_are_asked_for_nothing_that_they_do_not_have(complete):
    collection, _ = complete
    assert not collection.server.unexpected
    assert {agent.partition("/")[0] for agent in collection.server.agents} == {"artpose"}
    assert all("curator@example.org" in agent for agent in collection.server.agents)


def test_awkward_ids_become_plain_names(complete):
    names = list(complete[0].files())
    assert all(re.fullmatch(r"([A-Z][a-z]+/)?[a-z0-9_.-]{1,100}", name) and ".." not in name for name in names)
    assert len({name.casefold() for name in names}) == len(names)


def test_the_collection_is_a_data_set(complete):
    collection, _ = complete
    dataset = load_dataset(collection.out, minimum=1)
    left_out = dataset.problems[dataset.problems["action"] == "left out"]["file_name"].tolist()
    assert left_out == ["Pieta/met-8001.jpg", "Sebastian/met-8001.jpg"]  # one work, and two poses claim it
    assert len(dataset) + len(left_out) == len(collection.rows())


def test_a_second_run_asks_again_only_for_what_may_have_passed(complete):
    collection, _ = complete
    before, asked = collection.files(), len(collection.server.asked)
    collection.run("--contact", "curator@example.org")
    assert collection.files() == before
    # Nothing is kept of a search that failed, but for a parsed answer of no use; of a work, what is sure to stay so.
    passing = {about for about, fault in collection.server.faults.items() if (
        fault.outcome in PASSING and fault.place in ("record", "picture")
        or fault.place == "search" and fault.outcome not in (SAVED, NOTHING, "not a record"))}
    assert {about for about in collection.server.asked[asked:] if about[1] != "name"} == passing


def test_killed_ten_times_it_ends_as_if_nothing_had_happened(complete, tmp_path):
    moments = random.Random(0)
    with Server() as server:
        collection = Collection(server, tmp_path)
        for _ in range(10):
            status, said = collection.stop(signal.SIGKILL, moments.randrange(1, 35), moments.uniform(0, 0.03))
            assert status == -signal.SIGKILL, said
        collection.run()
        assert not server.unexpected
    assert not collection.leftovers()
    assert collection.files() == complete[0].files()


def test_stopped_by_the_user_it_leaves_a_collection_and_goes_on_later(complete, tmp_path):
    few = "--source", "smk", "--source", "met", "--source", "wga"
    with Server() as server:
        collection = Collection(server, tmp_path)
        status, said = collection.stop(signal.SIGINT, 60, 0, *few)
        assert status == 130 and "Traceback" not in said
        wanted = [row for row in complete[0].rows() if row["source"] in few]
        assert 0 < len(collection.rows()) < len(wanted) and "problems.csv" in collection.files()
        check_pictures(collection)
        assert not collection.leftovers()
        collection.run(*few)
    assert collection.rows() == wanted


def test_a_worker_of_a_cluster_collects_the_same_and_ctrl_c_here_stops_it_there(complete, tmp_path):
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    few = "--source", "smk", "--source", "met"
    with Server() as server:
        collection = Collection(server, tmp_path)
        status, said = collection.stop(signal.SIGINT, 30, 0, *few, "--cluster", "local:1")
        assert status == 130 and "Traceback" not in said and "Failed" not in said, said
        wanted = [row for row in complete[0].rows() if row["source"] in few]
        assert 0 < len(collection.rows()) < len(wanted) and "problems.csv" in collection.files()
        said = collection.run(*few, "--cluster", "local:1")
    assert f"pictures in {collection.out}" in said
    assert collection.rows() == wanted
    assert {path.relative_to(tmp_path).parts[:2] for path in collection.leftovers()} == {("tmp", "dask-scratch-space")}


def test_a_source_without_its_key_is_skipped_and_says_where_to_get_one(tmp_path):
    with Server() as server:
        collection = Collection(server, tmp_path, keys={})
        said = collection.run("--pose", "Pieta", *(
            option for name in ("harvard", "searchculture", "europeana", "nga") for option in ("--source", name)))
        for key in KEYS:
            assert re.search(rf"skipped.*{key} is not set.*https://", said)
        assert [row["source"] for row in collection.rows()] == ["nga"]
        assert {source for source, _, _ in server.asked} == {"nga"}
        said = collection.run("--source", "harvard", status=1)
        assert "set the key" in said


def test_a_limit_is_for_each_pose_and_source_and_can_be_raised(complete, tmp_path):
    few = "--source", "met", "--source", "smk", "--pose", "Tanagra", "--pose", "Pieta"
    with Server() as server:
        collection = Collection(server, tmp_path)
        sizes = []
        for limit in (1, 3, 1):
            collection.run(*few, "--limit", str(limit))
            sizes.append(Counter((row["label"], row["source"]) for row in collection.rows()))
    assert sizes[0] == {(pose, source): 1 for pose in ("Pieta", "Tanagra") for source in ("met", "smk")}
    assert sizes[1] == {("Pieta", "met"): 2, ("Pieta", "smk"): 1, ("Tanagra", "met"): 3, ("Tanagra", "smk"): 3}
    assert sizes[2] == sizes[1]
    every = {row["file_name"]: row for row in complete[0].rows()}
    assert all(row == every[row["file_name"]] for row in collection.rows())


def test_a_host_that_blocks_is_left_alone(tmp_path):
    with Server() as server:
        blocked = next(fault for fault in FAULTS if fault.outcome == "picture blocked")
        pictures = [(work.source, "picture", str(work.number)) for work in server.museums.of("artic")]
        server.faults = dict.fromkeys(pictures, blocked)
        collection = Collection(server, tmp_path)
        collection.run("--source", "artic")
        assert sum(about in pictures for about in server.asked) == 3
    problems = Counter(row["kind"] for row in collection.rows("problems.csv") if row["ID"])
    assert problems == {"picture blocked": 3, "gave up": 5} and collection.rows() == []


def test_a_catalogue_that_does_not_come_is_fetched_by_the_next_run(tmp_path):
    with Server(faults=()) as server:
        server.faults = {(name, "search", ""): Fault(name, name, "search", spoil, "", times=1)
                         for name, spoil in (("wga", page(HTML)), ("nga", cut_off))}
        collection = Collection(server, tmp_path)
        few = "--source", "wga", "--source", "nga", "--pose", "Pieta"
        collection.run(*few)
        assert [(row["source"], row["kind"]) for row in collection.rows("problems.csv")] == [
            ("nga", "cut off"), ("wga", "not a catalogue")]
        assert not collection.leftovers() and not collection.rows()
        collection.run(*few)
    assert not collection.rows("problems.csv")
    assert [row["source"] for row in collection.rows()] == ["nga", "wga"]


def test_a_list_of_manifests_is_taken_from_the_census(tmp_path):
    uuid = "4b3714d5-6112-47b3-ba6e-{:012d}"
    lines = [uuid.format(806), f"https://database.census.de/api/v1/objects/uuid/{uuid.format(1)}/format/iiif/v3/manifest.json",
             "a monument"]
    with Server() as server:
        collection = Collection(server, tmp_path)
        listed = tmp_path / "manifests.txt"
        listed.write_text("\n".join(lines), encoding="utf-8")
        collection.environment["ARTPOSE_CENSUS_LIST"] = str(listed)
        collection.run("--source", "census", "--pose", "Tanagra")
        assert not server.unexpected
    assert [row["ID"] for row in collection.rows()] == [uuid.format(806)]
    assert [(row["ID"], row["kind"]) for row in collection.rows("problems.csv")] == [
        (uuid.format(1), "not found"), ("a monument", "not a record")]


# Recorded answers, by the last part of the path that gives them: files, or in place of what was not recorded our own.
RECORDED = {
    "met": ("wheat", {"search": {"total": 1, "objectIDs": [436535]},
                      "436535": "met/arrt2026-10-06-object_436535.json"}),
    "rijksmuseum": ("scribes", {
        "collection": {"type": "OrderedCollectionPage", "orderedItems": [{"id": "https://id.rijksmuseum.nl/200117708"}]},
        "200117708": "rijksmuseum/hmo-200117708-linked-art.json",
        "202117708": "rijksmuseum/arrt2026-10-07-visualitem_202108369.json",
        "500118708085845066105": "rijksmuseum/arrt2026-10-07-digitalobject_500118708085845066105.json"}),
    "smk": ("interior", {"search": "smk/arrt2026-10-06-search_trimmed.json"}),
    "cleveland": ("bottle", {"artworks": "extra/cleveland/response_success.json"}),
    "commons": ("starry", {"api.php": "extra/commons/arrt2026-imageinfo_960.json"}),
}


class Recorded(Server):
    """Gives recorded answers, and any picture that is asked for."""

    def __init__(self, answers):
        super().__init__(faults=())
        self.answers = {stem: json.loads((SHARED / "museums" / answer).read_text(encoding="utf-8"))
                        if isinstance(answer, str) else answer for stem, answer in answers.items()}

    def reply(self, ask):
        if ask.path.endswith(".jpg"):
            return self.museums.picture("met", "201")
        return as_json(self.answers[PurePosixPath(ask.path).name])


@pytest.mark.skipif(not (SHARED / "museums").exists(), reason="the recorded answers are not here")
@pytest.mark.parametrize("source", RECORDED)
def test_recorded_answers_become_records(source, tmp_path):
    word, answers = RECORDED[source]
    with Recorded(answers) as server:
        collect(tmp_path / "out", [Pose("Any", "", parse_queries(word))], [SOURCES[source]], None,
                open_session=partial(loopback.open_session, address=server.address))
        told = server.answers
    with (tmp_path / "out" / "metadata.csv").open(encoding="utf-8", newline="") as lines:
        found = [(row["ID"], row["TITLE"]) for row in csv.DictReader(lines)]
    works = {
        "met": lambda: [(told["436535"]["objectID"], told["436535"]["title"])],
        "rijksmuseum": lambda: [[name["content"] for name in told["200117708"]["identified_by"][:2]]],
        "smk": lambda: [(item["object_number"], item["titles"][0]["title"]) for item in told["search"]["items"]],
        "cleveland": lambda: [(work["id"], work["title"]) for work in told["artworks"]["data"]],
        "commons": lambda: [(file["pageid"], file["title"][len("File:"):-len(".jpg")])
                            for file in told["api.php"]["query"]["pages"]],
    }[source]()
    assert found and sorted(found) == sorted((str(number), title) for number, title in works if word in title.lower())
