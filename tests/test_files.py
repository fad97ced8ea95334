"""What must be written whole appears whole, or what was there before stays."""

import os

import pytest

from artpose_lib.files import PARTIAL, whole


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
