import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
import responses
import tinyrecord
from builders import HOSTILE, picture
from pyarrow import parquet

from artpose_lib import cli
from artpose_lib.classify import classify as module
from artpose_lib.classify.classify import classify, classify_part
from artpose_lib.data.dataset import DataError


@pytest.fixture
def tiny(monkeypatch):
    found = tinyrecord.classifier()
    monkeypatch.setattr(module, "open_classifier", lambda *_: found)
    return found


@pytest.fixture
def record(tmp_path):
    return tinyrecord.record(tmp_path / "results" / "trials" / "colours")


@pytest.fixture
def collection(tmp_path):
    """50 pictures, of which each tenth is damaged, and what each shows."""
    folder, shown = tmp_path / "collection", {}
    for number in range(50):
        name, colour = f"{number % 3}/{number:03}.png", tinyrecord.CLASSES[number % 3]
        picture(folder / name, tinyrecord.COLOURS[colour])
        shown[name] = colour
        if number % 10 == 9:
            (folder / name).write_bytes(b"damaged")
            shown[name] = None
    return folder, dict(sorted(shown.items()))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_picture_has_a_row_in_order_and_damaged_ones_an_error(tiny, record, collection, tmp_path):
    folder, shown = collection
    out = tmp_path / "out.parquet"
    assert classify(folder, record, out, part_size=7) == 50
    rows = pd.read_parquet(out)
    assert rows["file"].tolist() == list(shown)
    assert rows["class"].fillna("").tolist() == [colour or "" for colour in shown.values()]
    lost = rows["error"].notna()
    assert lost.sum() == 5 and rows.loc[lost].filter(regex="^p_|confidence|unlike|distance|class").isna().all(None)
    good = rows[~lost]
    np.testing.assert_allclose(good.filter(regex="^p_").sum(axis=1), 1, atol=1e-5)
    assert (good["confidence"] < good.filter(regex="^p_").max(axis=1)).all()  # a temperature of 2 doubts more
    assert (rows["model"] == "colours").all()
    assert list(tmp_path.glob(".out*")) == []  # nothing but the output is left


def test_what_is_unlike_the_training_pictures_is_told(tiny, record, tmp_path):
    picture(tmp_path / "in" / "red.png", tinyrecord.COLOURS["red"])
    picture(tmp_path / "in" / "white.png", (255, 255, 255))
    classify(tmp_path / "in", record, tmp_path / "out.parquet")
    rows = pd.read_parquet(tmp_path / "out.parquet").set_index("file")
    assert rows.loc["white.png", "distance"] < rows.loc["red.png", "distance"] < 2  # with 3 known, the third nearest
    assert rows["unlike"].between(0, 1).all()


def test_without_neighbours_the_columns_are_there_and_empty(monkeypatch, record, collection, tmp_path):
    monkeypatch.setattr(module, "open_classifier", lambda *_: tinyrecord.classifier(near=False))
    classify(collection[0], record, tmp_path / "out.parquet")
    assert pd.read_parquet(tmp_path / "out.parquet")[["unlike", "distance"]].isna().all(None)


def test_parts_do_not_change_the_rows_and_workers_make_the_same_file(tiny, record, collection, tmp_path):
    outs = [tmp_path / f"{name}.parquet" for name in ("whole", "parts", "workers")]
    classify(collection[0], record, outs[0])
    classify(collection[0], record, outs[1], part_size=7)
    classify(collection[0], record, outs[2], part_size=7, run=lambda parts: map(classify_part, parts[::-1]))
    assert pd.read_parquet(outs[0]).equals(pd.read_parquet(outs[1]))
    assert digest(outs[1]) == digest(outs[2])
    assert parquet.read_metadata(outs[1]).num_row_groups == 1  # which holds many parts


def test_a_run_that_broke_off_goes_on_and_does_no_part_twice(tiny, record, collection, tmp_path, monkeypatch):
    out, done = tmp_path / "out.parquet", []

    def three(parts):
        for part in parts[:3]:
            yield classify_part(part)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classify(collection[0], record, out, part_size=7, run=three)
    assert not out.exists()
    picture(collection[0] / "0" / "new.png")  # a list is frozen

    def rest(parts):
        for part in parts:
            done.append(part.number)
            yield classify_part(part)

    assert classify(collection[0], record, out, part_size=7, run=rest) == 50
    assert done == [3, 4, 5, 6, 7]
    batches = tiny.network.batches
    assert classify(collection[0], record, out, part_size=7) == 50  # it is finished
    assert tiny.network.batches == batches


def test_another_list_model_or_file_is_not_mixed_in(tiny, record, collection, tmp_path):
    out = tmp_path / "out.parquet"
    (tmp_path / "list.txt").write_text("collection/0/000.png\n")

    def none(parts):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classify(tmp_path / "list.txt", record, out, run=none)
    (tmp_path / "list.txt").write_text("collection/0/003.png\n")
    with pytest.raises(DataError, match="not finished and had another files"):
        classify(tmp_path / "list.txt", record, out)
    other = tmp_path / "other.parquet"
    other.write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        classify(tmp_path / "list.txt", record, other)
    assert other.read_text() == "mine"


def test_hostile_names_stand_in_the_output_as_they_are(tiny, record, tmp_path):
    for name in HOSTILE:
        picture(tmp_path / "in" / name)
    classify(tmp_path / "in", record, tmp_path / "out.parquet")
    rows = pd.read_parquet(tmp_path / "out.parquet")
    assert rows["error"].isna().all()
    assert sorted(rows["file"]) == sorted(HOSTILE[:-1] + ["latin1-\\xe9.png"])  # bytes that are no text are shown so


def test_no_pictures_is_an_error_and_leaves_nothing(tiny, record, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="no pictures"):
        classify(tmp_path / "in", record, tmp_path / "out.parquet")
    assert sorted(os.listdir(tmp_path)) == ["in", "results"]


def test_a_full_disk_leaves_nothing_half_and_says_the_way_out(tiny, record, collection, tmp_path, monkeypatch):
    def full(table, path, **options):
        path.write_bytes(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.parquet, "write_table", full)
    with pytest.raises(OSError, match="No space left on device.*--out.*goes on from there"):
        classify(collection[0], record, tmp_path / "out.parquet")
    assert list(tmp_path.glob(".out*/.partial*")) == []


def test_killed_at_thirty_random_moments_the_output_is_the_same(tiny, record, collection, tmp_path):
    """A process that is killed again and again; each start is a fork, so that a kill may come at any step."""
    whole, out = tmp_path / "whole.parquet", tmp_path / "out.parquet"
    classify(collection[0], record, whole, part_size=1)
    script = textwrap.dedent(f"""
        import os, random, signal, sys, time
        sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r})
        from pathlib import Path
        import tinyrecord
        from artpose_lib.classify import classify as module
        from artpose_lib.train import records
        def attempt():
            pid = os.fork()
            if pid:
                return pid
            found = tinyrecord.classifier()
            module.open_classifier = lambda *_: found
            rows = module._rows
            module._rows = lambda *given: (time.sleep(0.05), rows(*given))[1]
            module.classify(Path({str(collection[0])!r}), records.Record(Path({str(record.folder)!r})),
                            Path({str(out)!r}), part_size=1)
            os._exit(0)
        chance, killed = random.Random(0), 0
        for _ in range(30):
            pid = attempt()
            time.sleep(chance.uniform(0, 0.15))
            os.kill(pid, signal.SIGKILL)
            killed += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        print(killed)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(attempt(), 0)[1]))
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 20  # the last starts may find all done
    assert digest(out) == digest(whole)
    assert list(tmp_path.glob(".out*")) == []


@responses.activate
def test_addresses_are_fetched_politely_and_each_failure_is_a_row(tiny, record, tmp_path):
    red = picture(tmp_path / "theirs.png", tinyrecord.COLOURS["red"]).read_bytes()
    museum = "https://museum.example/"
    responses.get(museum + "1.jpg", red, content_type="image/png")
    responses.get("http://other.example/2.jpg", red, content_type="image/png")
    responses.get(museum + "gone", status=404)
    responses.get(museum + "page", "<html>a page for people</html>", content_type="text/html")
    responses.get(museum + "away", status=302, headers={"Location": "http://elsewhere.example/x.png"})
    names = [museum + "1.jpg", "http://other.example/2.jpg", museum + "gone", museum + "page", museum + "away",
             "http://", "https://[::1", "theirs.png", "https://user:secret@museum.example/1.jpg",
             "ftp://museum.example/1.jpg", "file:///etc/passwd"]
    (tmp_path / "list.txt").write_text("\n".join(names))
    out = tmp_path / "out.parquet"
    classify(tmp_path / "list.txt", record, out, contact="me@example.org")
    rows = pd.read_parquet(out)
    assert rows["file"].tolist() == names
    assert rows.loc[rows["error"].isna(), "class"].to_dict() == {0: "red", 1: "red", 7: "red"}
    assert "404" in rows["error"][2] and "elsewhere.example" in rows["error"][4]
    asked = [call.request for call in responses.calls]
    assert {urlsplit(request.url).hostname for request in asked} == {"museum.example", "other.example"}
    assert all("me@example.org" in request.headers["User-Agent"] for request in asked)


def test_progress_says_rate_and_time_left(monkeypatch, capsys):
    seconds = iter(range(0, 1000, 2))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(seconds))
    module._say_progress([1] * 50, 100, 50)
    assert "52/100 pictures, 0.333 a second, 0 h 02 min left\n" in capsys.readouterr().err


def test_ctrl_c_is_one_line_and_status_130_and_goes_on(tiny, record, collection, tmp_path, monkeypatch, capsys):
    real = module._rows
    monkeypatch.setattr(module, "_rows", lambda *_: signal.raise_signal(signal.SIGINT))
    given = ["classify", str(collection[0]), "--model", "colours", "-o", str(tmp_path / "out.parquet"),
             "--results", str(tmp_path / "results")]
    assert cli.main(given) == 130
    said = capsys.readouterr().err
    assert "goes on from here" in said and 'no column "unlike"' in said
    monkeypatch.setattr(module, "_rows", real)
    assert cli.main(given) == 0 and cli.main(given) == 0
    assert "50 pictures" in capsys.readouterr().out
