import csv
import os
import re
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
from artpose_lib.classify.classify import classify
from artpose_lib.data.dataset import DataError
from artpose_lib.data.metadata import FOLLOW
from artpose_lib.files import claim


@pytest.fixture
def record(tmp_path):
    return tinyrecord.record(tmp_path / "results" / "trials" / "colours")


@pytest.fixture
def run(record, tmp_path, monkeypatch):
    """Classifies with the record of colours; gives the rows."""
    tiny = tinyrecord.classifier()
    monkeypatch.setattr(module, "open_classifier", lambda *_: tiny)

    def run(source, out="out.parquet", **options):
        counts = classify(source, record, tmp_path / out, **options)
        rows = (pd.read_csv if out.endswith(".csv") else pd.read_parquet)(tmp_path / out)
        assert counts == (len(rows), rows["error"].notna().sum())
        return rows

    return run


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


def test_every_picture_has_a_row_in_order_and_damaged_ones_an_error(run, collection, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "TALK", 0)
    rows, shown = run(collection[0], part_size=7), collection[1]
    assert rows["file"].tolist() == list(shown)
    assert rows["class"].fillna("").tolist() == [colour or "" for colour in shown.values()]
    lost = rows["error"].notna()
    assert lost.sum() == 5 and rows.loc[lost].filter(regex="^p_|confidence|unlike|distance|class").isna().all(None)
    good = rows[~lost]
    np.testing.assert_allclose(good.filter(regex="^p_").sum(axis=1), 1, atol=1e-5)
    assert (good["confidence"] == good.filter(regex="^p_").max(axis=1)).all()
    assert good["confidence"].max() < 0.98  # a temperature of 2 doubts more than the network, which says 0.999
    assert (rows["model"] == "colours").all()
    assert list(tmp_path.glob(".out*")) == []  # nothing but the output is left
    assert re.search(r"50/50 .* pictures/s", capsys.readouterr().err)


def test_what_is_unlike_the_training_pictures_is_told(run, tmp_path, monkeypatch):
    picture(tmp_path / "in" / "red.png", tinyrecord.COLOURS["red"])
    picture(tmp_path / "in" / "white.png", (255, 255, 255))
    rows = run(tmp_path / "in").set_index("file")
    assert rows.loc["red.png", "distance"] < 0.01 < rows.loc["white.png", "distance"] < 2
    assert rows["unlike"].between(0, 1).all()
    monkeypatch.setattr(module, "open_classifier", lambda *_: tinyrecord.classifier(near=False))
    assert run(tmp_path / "in", "without.parquet")[["unlike", "distance"]].isna().all(None)


def test_parts_do_not_change_the_rows_and_workers_make_the_same_file(run, collection, tmp_path, monkeypatch):
    parted = run(collection[0], "parts.parquet", part_size=7)
    assert run(collection[0], "whole.parquet").equals(parted)
    monkeypatch.setattr(module.jobs, "run", lambda jobs, where: [job for job in jobs[::-1] if job.make()])
    run(collection[0], "workers.parquet", part_size=7, cluster="local")
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "workers.parquet").read_bytes()
    assert parquet.read_metadata(tmp_path / "parts.parquet").num_row_groups == 1  # which holds many parts


def test_a_run_that_broke_off_goes_on_and_does_no_part_twice(run, collection, tmp_path, monkeypatch):
    done, rows = [], module._rows

    def work(names, *found):
        done.append(names[0])
        if len(done) == 4:
            raise KeyboardInterrupt
        return rows(names, *found)

    monkeypatch.setattr(module, "_rows", work)
    with pytest.raises(KeyboardInterrupt):
        run(collection[0], part_size=7)
    assert not (tmp_path / "out.parquet").exists()
    picture(collection[0] / "0" / "new.png")  # a list is frozen
    for _ in range(2):  # the second time it is finished
        begun = run(collection[0], part_size=7)["file"].tolist()[::7]
        assert len(begun) == 8 and done == begun[:4] + begun[3:]


def test_another_list_model_or_file_is_not_mixed_in(run, collection, tmp_path, monkeypatch):
    source, mine = tmp_path / "list.txt", tmp_path / "mine.parquet"
    source.write_text("collection/0/000.png\n")
    with monkeypatch.context() as idle, pytest.raises(FileNotFoundError):
        idle.setattr(module, "_classify_parts", lambda parts: [])
        run(source)
    source.write_text("collection/0/003.png\n")
    assert run(source)["file"].tolist() == ["collection/0/003.png"] and list(tmp_path.glob(".out*")) == []
    mine.write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        run(source, "mine.parquet")
    assert mine.read_text() == "mine"


def test_hostile_names_stand_in_the_output_as_they_are(run, tmp_path):
    for name in HOSTILE:
        picture(tmp_path / "in" / name)
    with (tmp_path / "in" / "list.csv").open("w", newline="", errors="surrogateescape") as file:
        csv.writer(file).writerows([["title", "file_name"], *(["x", name] for name in HOSTILE)])
    found, listed = run(tmp_path / "in"), run(tmp_path / "in" / "list.csv", "listed.parquet")
    assert found["error"].isna().all() and listed["error"].isna().all()
    assert listed["file"].tolist() == HOSTILE[:-1] + ["latin1-\\xe9.png"]  # bytes that are no text are shown so
    assert sorted(found["file"]) == sorted(listed["file"])
    assert run(tmp_path / "in" / "list.csv", "listed.csv")["file"].tolist() == listed["file"].tolist()


def test_no_pictures_and_no_place_for_the_output_are_said(run, collection, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="no pictures"):
        run(tmp_path / "in")
    assert sorted(os.listdir(tmp_path)) == ["collection", "in", "results"]
    with pytest.raises(OSError, match="cannot be written.*--out.*goes on from there"):
        run(collection[0], "collection/0/000.png/out.parquet")


def test_killed_at_thirty_random_moments_the_output_is_the_same(run, record, collection, tmp_path):
    """A process that is killed again and again; each start is a fork, so that a kill may come at any step."""
    run(collection[0], "whole.parquet", part_size=1)
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
            module.classify(Path("collection"), records.Record(Path({str(record.folder)!r})), Path("out.parquet"),
                            part_size=1)
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
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 20  # the last starts may find all done
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert list(tmp_path.glob(".out*")) == []


@responses.activate
def test_addresses_are_fetched_politely_and_each_failure_is_a_row(run, tmp_path):
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
    rows = run(tmp_path / "list.txt", contact="me@example.org")
    assert rows["file"].tolist() == names
    assert rows.loc[rows["error"].isna(), "class"].to_dict() == {0: "red", 1: "red", 7: "red"}
    assert "404" in rows["error"][2] and "elsewhere.example" in rows["error"][4]
    asked = [call.request for call in responses.calls]
    assert {urlsplit(request.url).hostname for request in asked} == {"museum.example", "other.example"}
    assert all("me@example.org" in request.headers["User-Agent"] for request in asked)


def test_ctrl_c_is_one_line_and_status_130_and_goes_on(run, collection, tmp_path, monkeypatch, capsys):
    given = ["classify", str(collection[0]), "--model", "colours", "-o", str(tmp_path / "out.parquet"),
             "--results", str(tmp_path / "results")]
    with monkeypatch.context() as pressed:
        pressed.setattr(module, "_rows", lambda *_: signal.raise_signal(signal.SIGINT))
        assert cli.main(given) == 130
    assert "goes on from here" in capsys.readouterr().err
    assert cli.main(given) == 0 and "50 pictures, 5 failed: the column error says why" in capsys.readouterr().out


def test_a_table_for_spreadsheets_holds_the_same_goes_on_and_is_known_again(run, collection, tmp_path):
    pd.testing.assert_frame_equal(run(collection[0], "out.csv", part_size=7), run(collection[0]), check_dtype=False)
    written = (tmp_path / "out.csv").stat().st_mtime_ns
    run(collection[0], "out.csv", part_size=7)
    assert (tmp_path / "out.csv").stat().st_mtime_ns == written
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        run(collection[0], "out.csv", part_size=7)
    with pytest.raises(DataError, match=r'must end in .parquet or .csv, and not in ".json"'):
        run(collection[0], "out.json")
    with pytest.raises(DataError, match="is what is to be classified"):
        run(tmp_path / "out.csv", "out.csv")


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_what_a_message_advises_is_done_by_the_same_command(run, collection, tmp_path, monkeypatch, capsys, out):
    """Redirects are allowed, and links followed, after a run without and an unfinished one."""
    with monkeypatch.context() as idle, pytest.raises(FileNotFoundError):
        idle.setattr(module, "_classify_parts", lambda parts: [])
        run(collection[0], out)
    run(collection[0], out)
    run(collection[0], out, redirects=True)
    assert "made anew" in capsys.readouterr().err
    run(collection[0], out)  # which follows more than is asked for
    assert "made anew" not in capsys.readouterr().err
    monkeypatch.setenv(FOLLOW, "1")
    run(collection[0], out, redirects=True)
    assert "made anew" in capsys.readouterr().err


def test_a_second_process_is_told_that_the_output_is_being_written(run, collection, tmp_path):
    with claim(tmp_path / "out.parquet"), pytest.raises(DataError, match="is being written by another process"):
        run(collection[0])


@responses.activate
def test_redirects_to_other_public_hosts_are_followed_where_they_are_allowed(run, tmp_path):
    red = picture(tmp_path / "theirs.png", tinyrecord.COLOURS["red"]).read_bytes()
    for host, target in {"away": "http://other.example/", "in": "http://10.0.0.1/", "home": "http://localhost/x"}.items():
        responses.get(f"https://{host}.example/", status=302, headers={"Location": target})
        responses.get(target, red)
    (tmp_path / "list.txt").write_text("https://away.example/\nhttps://in.example/\nhttps://home.example/")
    strict, allowed = run(tmp_path / "list.txt"), run(tmp_path / "list.txt", redirects=True)
    assert strict["error"].str.contains("--allow-redirects").all() and len(responses.calls) == 7
    assert allowed["error"].isna().tolist() == [True, False, False] and allowed["class"][0] == "red"
    assert allowed["error"][1:].str.contains("not an address on one of the hosts").all()


def test_workers_follow_links_where_the_command_does(run, tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(picture(tmp_path / "away.png"))

    def work(jobs, where):
        monkeypatch.delenv(FOLLOW)
        return [job for job in jobs if job.make()]

    monkeypatch.setenv(FOLLOW, "1")
    monkeypatch.setattr(module.jobs, "run", work)
    assert run(tmp_path / "in", cluster="local")["error"].isna().all()
    assert "leads out" in run(tmp_path / "in", "without.parquet")["error"][0]
