"""What is to be classified: the files of a folder, or what a list names; and one of them as a square of pixels."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np

from artpose_lib.collect.answers import Fault, text
from artpose_lib.data.dataset import DataError
from artpose_lib.data.pictures import PictureError, decode_square, read_file

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp")  # of `pictures.FORMATS`
COLUMNS = ("file_name", "url")  # of a CSV, the first that is there
ADDRESS = ("http://", "https://")
LONGEST = 8192  # characters of a line in a list: more than any file's name or address


def list_names(source: Path) -> Iterator[str]:
    """The names of a folder's pictures, or those on a list, one by one.

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


def read_picture(name: str, root: Path, size: int, download: Callable[[str], bytes]) -> np.ndarray | PictureError:
    """Read one picture, uint8 RGB (size, size, 3), or return the reason why there is none. Raises nothing.

    Parameters: `name` of a file or an address; files lie in `root`, a resolved path, and a name that leads out of it is
    refused, also through a link; `download` gets the file at an address, or raises Fault or ValueError.
    """
    try:
        data = download(name) if name.lower().startswith(ADDRESS) else _read_file(root, name)
        return decode_square(data, size)
    except (ValueError, Fault) as error:
        return PictureError(text(str(error)))  # one line, whatever a decoder says


@contextmanager
def open_downloads(contact: str) -> Iterator[Callable[[str], bytes]]:
    """Give the `download` of `read_picture`: one request a second to each host, redirects within a host alone.

    Parameters: `contact` as in `collect.session.Session`.
    """
    from artpose_lib.collect.session import Session

    with TemporaryDirectory(prefix="artpose-") as folder, Session(Path(folder), contact) as session:
        try:
            yield lambda address: session.fetch_picture(address, (urlsplit(address).hostname,))
        finally:
            session.stop.set()


def _read_file(root: Path, name: str) -> bytes:
    try:
        path = (root / name).resolve()
    except (ValueError, RuntimeError) as error:  # a NUL in its name; links in a circle
        raise PictureError("This cannot be a file's name.") from error
    if not path.is_relative_to(root):
        raise PictureError("The name leads out of the folder.")
    return read_file(path)


def _files(root: Path, folder: str = "") -> Iterator[str]:
    try:
        with os.scandir(root / folder) as entries:
            inside = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        if not folder:
            raise DataError(f"{root}: the folder cannot be read ({error.strerror}).") from error
        yield folder.removesuffix("/")  # its row will say that it cannot be read
        return
    for name, is_folder in inside:
        if name.startswith("."):
            continue
        if is_folder:
            yield from _files(root, f"{folder}{name}/")
        elif name.lower().endswith(SUFFIXES):
            yield folder + name


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST + 1), ""), start=1):
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
