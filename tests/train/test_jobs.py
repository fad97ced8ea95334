"""Runs that are killed, refused the disk or doubled end with the records of one that nothing happened to."""

import json
import multiprocessing
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress

import pytest
import standin

from artpose_lib.files import PARTIAL, claim, whole
from artpose_lib.train import jobs, records
from artpose_lib.train.jobs import Job, run

KILLS = 10
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["artpose_lib.train.study", "artpose_lib.train.training"])  # Keras once, for all starts


def started(data, results, **options):
    process = forks.Process(target=standin.run, args=(str(data), str(results)), kwargs=options)
    process.start()
    return process


def outcome(process, timeout=120):
    process.join(timeout)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


def contents(results):
    """Every file of the results by name; of a record's facts those that are the same in each run."""
    found = {}
    for path in sorted(path for path in results.rglob("*") if path.is_file()):
        found[str(path.relative_to(results))] = path.read_bytes()
        if path.name == records.RECORD and not path.parent.name.startswith(PARTIAL):  # the killed leave half a file
            facts = json.loads(path.read_text())
            found[str(path.relative_to(results))] = {key: facts[key] for key in facts.keys() - {"finished", "seconds"}}
    return found


@pytest.fixture(scope="module")
def undisturbed(colours, tmp_path_factory):
    results = tmp_path_factory.mktemp("undisturbed") / "results"
    assert outcome(started(colours, results)) == 0
    assert len(records.all_records(results)) == standin.TRIALS
    return contents(results)


def is_whole(results, undisturbed):
    """Whether all that can be read so far is as it will be in the end."""
    stored = contents(results)
    names = [str(record.folder.relative_to(results)) for record in records.all_records(results)]
    return all(stored[name] == content for name, content in undisturbed.items()
               if name.rpartition("/")[0] in names or (name in stored and name.startswith("features")))


@contextmanager
def in_its_place(results):
    """A file where a folder of the results should be: nobody can write there, not even root."""
    folder = results / "trials"
    away = results / "away"
    if folder.exists():
        folder.rename(away)
    results.mkdir(exist_ok=True)
    folder.write_text("no folder")
    yield
    folder.unlink()
    if away.exists():
        away.rename(folder)


def test_two_processes_killed_again_and_again_on_a_disk_that_fails_end_as_one_that_never_was(
        colours, undisturbed, tmp_path):
    moments, kills, lives, finished = random.Random(6), 0, 0, 0
    results = tmp_path / "0" / "results"
    began = time.monotonic()
    assert outcome(started(colours, tmp_path / "timed" / "results")) == 0
    longest = time.monotonic() - began
    while kills < KILLS or finished == 0:
        results.parent.mkdir(exist_ok=True)
        lives += 1
        if lives % 7 == 0:  # the disk takes no more than so much of a file; all may be stored by then
            ended = outcome(started(colours, results, largest_file=moments.choice([50, 300, 2000])))
            assert ended != 0 or contents(results) == undisturbed
        elif lives % 7 == 1:
            with in_its_place(results):
                assert outcome(started(colours, results)) != 0
        pair = [started(colours, results) for _ in range(2)]
        for process in pair:
            process.join(moments.uniform(0, longest))
            process.kill()
        ends = [outcome(process) for process in pair]
        assert set(ends) <= {0, -9}
        kills += ends.count(-9)
        assert is_whole(results, undisturbed)
        if 0 in ends:  # all is stored: once more, with what was left lying about
            assert outcome(started(colours, results)) == 0
            assert contents(results) == undisturbed
            finished += 1
            results = tmp_path / str(finished) / "results"
    if results.parent.exists():
        assert outcome(started(colours, results)) == 0 and contents(results) == undisturbed
    print(f"{kills} kills in {lives} lives, {finished} folders finished")


def test_what_the_dead_left_beside_what_stored_jobs_needed_is_removed(tmp_path):
    features, trial = tmp_path / "features" / "a.npy", tmp_path / "trials" / "one"
    for stored in (features, trial):
        stored.parent.mkdir()
        stored.touch()
    (features.parent / ".a.npy.lock").touch()
    (features.parent / f"{PARTIAL}a.npy-12345678").mkdir()
    assert list(run([Job(trial, lambda: pytest.fail("made again"), features)]))
    assert [path.name for path in features.parent.iterdir()] == ["a.npy"]


def test_processes_that_share_a_folder_train_each_trial_once_and_none_is_lost(colours, undisturbed, tmp_path):
    results = tmp_path / "results"
    assert [outcome(process) for process in [started(colours, results) for _ in range(4)]] == [0] * 4
    assert contents(results) == undisturbed
    trained = Counter(path.name.split(".")[0] for path in (tmp_path / "trained").iterdir())
    assert len(trained) == standin.TRIALS and set(trained.values()) == {1}


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own that holds 2 MiB; only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("only root can mount a disk to fill")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_and_a_read_only_one_stop_the_run_and_once_mended_it_ends_the_same(
        colours, undisturbed, small_disk, tmp_path):
    results = small_disk / "results"
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb") as file:
        file.write(bytes(2_067_000))
    assert outcome(started(colours, results)) == 1
    assert is_whole(results, undisturbed) and not list(results.rglob(f"{PARTIAL}*"))
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert outcome(started(colours, results)) == 1
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert outcome(started(colours, results)) == 0
    assert contents(results) == undisturbed
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert outcome(started(colours, results)) == 0  # what is stored is read from a disk that cannot be written


REAL = """
import sys
from artpose_lib.train import study
study.BACKBONES = {"EfficientNet-Lite0": study.BACKBONES["EfficientNet-Lite0"]}
study.open_study(sys.argv[1], profile="quick", results=sys.argv[2]).train("frozen")
"""


@pytest.mark.slow
def test_real_training_that_is_killed_ends_with_the_same_numbers(colours, tmp_path):
    def start(results):
        return subprocess.Popen([sys.executable, "-c", REAL, str(colours), str(results)], text=True,
                                stderr=subprocess.PIPE)

    with start(tmp_path / "undisturbed") as process:
        process.stderr.read()
    assert process.returncode == 0
    moments, kills = random.Random(7), 0
    for line in ("features", "trial 2/5", "trial 4/5"):
        with start(tmp_path / "killed") as process:
            while not (said := process.stderr.readline()).startswith(line):
                assert said, "it ended before"
            time.sleep(moments.uniform(0, 1))
            process.kill()
        kills += process.returncode == -signal.SIGKILL
    with start(tmp_path / "killed") as process:
        process.stderr.read()
    assert process.returncode == 0 and kills == 3
    undisturbed, killed = contents(tmp_path / "undisturbed"), contents(tmp_path / "killed")
    assert killed.keys() == undisturbed.keys()
    assert [name for name in killed if killed[name] != undisturbed[name]] == []


# One job at a time


def writing(path, text="whole"):
    def make():
        with whole(path) as place:
            place.write_text(text)
    return make


def test_what_another_holds_is_left_to_it_and_the_others_come_first(tmp_path, monkeypatch):
    paths = [tmp_path / "shared" / name for name in "abc"]
    monkeypatch.setattr(jobs, "POLL", 0.01)
    with claim(paths[0]) as mine:
        assert mine
        order = run([Job(path, writing(path)) for path in paths], where="")
        assert [next(order).path for _ in range(2)] == paths[1:]
    assert [job.path for job in order] == paths[:1]
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["a", "b", "c"]


def test_a_job_comes_after_what_it_needs(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    planned = [Job(second, writing(second), needs=first), Job(first, writing(first))]
    assert [job.path for job in run(planned, where="")] == [first, second]


def test_a_job_that_stores_something_else_is_an_error_and_not_an_endless_run(tmp_path):
    with pytest.raises(RuntimeError, match="other pictures, weights or packages"):
        list(run([Job(tmp_path / "this", writing(tmp_path / "that"))], where=""))
