"""What must be written appears whole or not at all, is made once, and nothing that the dead left is in the way."""

import errno
import fcntl
import multiprocessing
import os
import shutil
import time

import pytest

from artpose_lib.files import PARTIAL, claim, sweep, whole


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    path = tmp_path / "thing"

    def hold():
        with claim(path):
            (tmp_path / "held").touch()
            time.sleep(60)

    holder = multiprocessing.get_context("fork").Process(target=hold)
    holder.start()
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    with claim(path) as mine:
        assert not mine
    holder.kill()
    holder.join()
    with claim(path) as mine:
        assert mine


def test_the_first_to_store_wins(tmp_path):
    path = tmp_path / "record"
    with whole(path) as late:
        late.mkdir()
        (late / "text").write_text("late")
        with whole(path) as early:
            early.mkdir()
            (early / "text").write_text("early")
    assert (path / "text").read_text() == "early" and os.listdir(tmp_path) == ["record"]


def test_only_what_the_dead_left_is_swept_away(tmp_path):
    for name in ("dead", "alive"):
        (tmp_path / f"{PARTIAL}{name}-12345678").mkdir()
    (tmp_path / "stored").mkdir()
    (tmp_path / ".stored.lock").touch()
    with claim(tmp_path / "alive"):
        sweep(tmp_path)
        assert [path.name for path in tmp_path.glob(f"{PARTIAL}*")] == [f"{PARTIAL}alive-12345678"]
    assert (tmp_path / "stored").exists() and not (tmp_path / ".stored.lock").exists()


def test_sweeping_what_another_is_just_removing_leaves_no_lock(tmp_path, monkeypatch):
    (tmp_path / "stored").mkdir()
    (tmp_path / f"{PARTIAL}stored-12345678").mkdir()
    remove = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda path, *more, **options: (remove(path), remove(path, *more, **options)))
    sweep(tmp_path)
    assert os.listdir(tmp_path) == ["stored"]


def test_what_cannot_be_written_names_the_folder_and_the_way_out(tmp_path):
    (tmp_path / "trials").write_text("no folder")
    for store in (whole, claim):
        with pytest.raises(OSError) as caught, store(tmp_path / "trials" / "one"):
            pytest.fail("written")
        assert str(caught.value).startswith(f"{tmp_path / 'trials'} cannot be written: ")
        assert "--results" in str(caught.value) and "goes on from there" in str(caught.value)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_used_without(tmp_path, monkeypatch, number):
    def none_here(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none_here)
    for _ in range(2):  # the second time beside what a process that was killed would leave
        with claim(tmp_path / "a") as mine:
            assert mine


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "old.txt").write_text("old")
    return tmp_path / "made"


def write(path, name="new.txt"):
    path.mkdir()
    (path / name).write_text("new")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_replaced_where_that_is_asked_for_and_otherwise_stays(folder):
    with whole(folder) as place:
        write(place)
    assert names(folder) == ["old.txt"]
    with whole(folder, replace=True) as place:
        write(place)
    assert names(folder) == ["new.txt"] and names(folder.parent) == ["made"]


def test_an_error_on_the_way_leaves_what_was_there_and_nothing_else(folder):
    with pytest.raises(ZeroDivisionError), whole(folder, replace=True) as place:
        write(place)
        raise ZeroDivisionError
    assert names(folder) == ["old.txt"] and names(folder.parent) == ["made"]


def test_a_move_that_fails_puts_the_old_folder_back_and_names_the_way_out(folder, monkeypatch):
    real = os.replace

    def full(made, path):
        if PARTIAL in str(made):
            raise OSError(28, "No space left on device")
        real(made, path)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left.*or name another folder with --out"), \
            whole(folder, replace=True, option="--out") as place:
        write(place)
    assert names(folder) == ["old.txt"] and names(folder.parent) == ["made"]


def test_what_a_group_may_write_it_may_write_down_to_locks_and_folders_whatever_the_umask(tmp_path):
    shared, own = tmp_path / "shared", tmp_path / "own"
    usual = os.umask(0o022)
    try:
        for folder, mode in ((shared, 0o2775), (own, 0o755)):
            folder.mkdir()
            folder.chmod(mode)
            with claim(folder / "trials" / "one"), whole(folder / "trials" / "one") as partial:
                (partial / "inner").mkdir(parents=True)
                lock = (folder / "trials" / ".one.lock").stat().st_mode
            modes = {path.stat().st_mode & 0o2070 for path in folder.rglob("*")}
            assert lock & 0o060 == 0o060 and modes == {0o2070 if folder == shared else 0o050}
    finally:
        os.umask(usual)
