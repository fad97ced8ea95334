"""What is to be classified: the files of a folder, or what a list names; and one of them as a square of pixels."""

import csv
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np

from artpose_lib.collect.answers import Fault, text
from artpose_lib.data.dataset import DataError
from artpose_lib.data.pictures import PictureError, square

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp")  # of `pictures.FORMATS`
COLUMNS = ("file_name", "url")  # of a CSV, the first that is there
LONGEST = 8192  # characters of a line in a list: more than any file's name or address
LARGEST = 500_000_000  # bytes of a file; a picture that may be decoded is smaller


def names(source: Path) -> Iterator[str]:
    """The pictures of a folder, or those that a list names, one after the other: nothing holds them all.

    Parameters: `source` a folder, searched with all folders in it, in sorted order, for files of a picture's suffix;
    hidden ones are passed over, links to folders not followed. Or a .csv with a column `file_name` or `url`. Or a text
    file with a path or an address on each line. Bytes that are not UTF-8 are kept as `os.fsdecode` does.
    Raises DataError where there is no such file, or it is no such list.
    """
    if source.is_dir():
        return _files(source)
    if not source.is_file():
        raise DataError(f"{source}: there is no such folder or list.")
    return _column(source) if source.suffix.lower() == ".csv" else _lines(source)


def reader(root: Path, size: int, download: Callable[[str], bytes] | None
           ) -> Callable[[str], np.ndarray | PictureError]:
    """A function from a name to its picture, uint8 RGB (size, size, 3), or to why there is none: it raises nothing.

    Parameters: names of files start at `root`, and those that lead out of it are refused, by way of a link too;
    `download` gets the file at an address, or raises Fault; None refuses addresses.
    """
    root = root.resolve()

    def read(name: str) -> np.ndarray | PictureError:
        try:
            data = _download(name, download) if is_address(name) else _bytes(root, name)
            return square(data, size)
        except PictureError as error:
            return PictureError(text(str(error)))  # one line, whatever a decoder says
        except Fault as fault:
            return PictureError(str(fault))

    return read


def is_address(name: str) -> bool:
    """Whether a name is an address on the web."""
    return name.lower().startswith(("http://", "https://"))


def host(address: str) -> str:
    """The host of an address, "" where it has none or is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _download(address: str, download: Callable[[str], bytes] | None) -> bytes:
    if download is None:
        raise PictureError("Addresses are not fetched here.")
    return download(address)


def _bytes(root: Path, name: str) -> bytes:
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise PictureError("The name leads out of the folder.")
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # to open a pipe would wait for ever
            raise PictureError("This is no file.")
        if facts.st_size > LARGEST:
            raise PictureError(f"The file is too large (over {LARGEST / 1e6:g} MB).")
        return path.read_bytes()
    except PictureError:
        raise
    except FileNotFoundError:
        raise PictureError("There is no such file.") from None
    except OSError as error:
        raise PictureError(f"The file cannot be opened: {error.strerror}.") from None
    except (ValueError, RuntimeError):  # a NUL in its name; links in a circle
        raise PictureError("This cannot be a file's name.") from None


def _files(folder: Path) -> Iterator[str]:
    waiting = [("", True)]  # names relative to the folder and whether they are folders, the next one last
    while waiting:
        name, is_folder = waiting.pop()
        if not is_folder:
            if name.lower().endswith(SUFFIXES):
                yield name
            continue
        try:
            with os.scandir(folder / name) as entries:
                inside = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
        except OSError as error:
            if not name:
                raise DataError(f"{folder}: the folder cannot be read ({error.strerror}).") from error
            yield name  # its row will say that it cannot be read
            continue
        waiting += [(f"{name}/{one}" if name else one, kind) for one, kind in reversed(inside) if one[0] != "."]


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                raise DataError(f"{path}, line {number}: more than {LONGEST} characters; a list has one path or "
                                "address on each line.")
            if name := line.rstrip("\r\n"):
                yield name


def _column(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        table = csv.DictReader(file, strict=True)  # strict: an open quote would swallow the rows that follow
        try:
            column = next((name for name in COLUMNS if name in (table.fieldnames or [])), None)
            if column is None:
                found = ", ".join(f'"{name}"' for name in table.fieldnames or []) or "none"
                raise DataError(f'{path}: a column "file_name" or "url" is needed. Columns found: {text(found)}.')
            yield from filter(None, (row[column] for row in table))
        except csv.Error as error:
            raise DataError(f"{path}, line {table.line_num}: this is not CSV ({error}).") from error


class Downloads:
    """Pictures at addresses, one request a second to each host; the session is opened when the first is asked for.

    contact, loopback: as in `sources.session.Session`.
    """

    def __init__(self, contact: str = "", loopback: str = ""):
        self._contact, self._loopback = contact, loopback
        self._stop, self._lock, self._closing = threading.Event(), threading.Lock(), ExitStack()
        self._session = None

    def __enter__(self) -> "Downloads":
        return self

    def __exit__(self, *reason) -> None:
        self._stop.set()
        self._closing.close()

    def get(self, address: str) -> bytes:
        """The file of a picture; an answer may lead on to another address on its host. Raises Fault."""
        with self._lock:
            if self._session is None:
                from artpose_lib.collect.session import Session

                folder = Path(self._closing.enter_context(TemporaryDirectory(prefix="artpose-")))
                self._session = self._closing.enter_context(Session(folder, self._contact, self._loopback, self._stop))
        return self._session.picture(address, (host(address),))
