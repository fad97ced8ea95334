"""What is to be classified: the files of a folder, a picture, or what a list names; and one as a square of pixels."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np

from artpose_lib.collect.answers import Fault, text
from artpose_lib.data.metadata import FOLLOW, OTHERS, PROGRAMS, is_inside, tell_counts, walk
from artpose_lib.data.pictures import FORMATS, PictureError, decode_square, is_picture, locate, read_file, spell
from artpose_lib.data.tables import PARQUET, DataError, find_encoding, name_column, open_text, read_csv, read_table
from artpose_lib.files import say

COLUMNS = ("file_name", "file", "url")  # of a table, "file" of an output; in each row the first that says something
ADDRESS = ("http://", "https://")
LONGEST = 8192  # characters of a line in a list: more than any file's name or address


def list_names(source: Path, root: Path, follow: bool = False) -> Iterator[str]:
    """The names of a folder's pictures, or those on a list, one by one.

    Parameters: `source` a folder, searched by `metadata.walk`, which also names what cannot be read; how many files are
    passed over is said. Or one picture. Or a table, Parquet or text, with a column `file_name` or `url`. Or a text with
    a path, an address or "# a remark" on each line. Texts are UTF-8, or UTF-16 with its mark; other bytes are kept as
    `os.fsdecode` does. `root`, a resolved path, is where names of files start; `follow` as in `metadata.is_inside`.
    Raises DataError where there is no such file, it is no such list, or nothing that it names is there.
    """
    if source.is_dir():
        names = _walk_pictures(source, follow)
    elif not source.is_file():
        raise DataError(f"{source}: there is no such folder, picture or list.")
    elif is_picture(source):
        names = iter([os.path.relpath(source, root)])
    else:
        names = (_mend(name, root) for name in _read_list(source))
        names = (name for name in names if not re.match(r"\s*#(\s|$)", name) or _is_there(root, name))
    first = []
    for name in names:
        first.append(name)
        if name.lower().startswith(ADDRESS) or _is_there(root, name):
            return chain(first, names)
    if first:
        raise DataError(f'{source}: nothing that it names is in {root}, for example "{text(first[0])}". If it is a '
                        "list of pictures, name the folder where their names start with --folder.")
    what = f"They are known as {', '.join(FORMATS)}" if source.is_dir() else "The list names none"
    raise DataError(f"{source}: no pictures. {what}.")


def read_picture(name: str, root: Path, size: int, download: Callable[[str], bytes], follow: bool = False,
                 padded: Sequence[bool] = (False,)) -> np.ndarray | PictureError:
    """Read one picture as `decode_square` has it, or return the reason why there is none. Raises nothing.

    Parameters: `name` of a file or an address; files lie in `root`, a resolved path, and a name that leads out of it is
    refused, also through a link unless `follow`; `download` gets the file at an address, or raises Fault or ValueError.
    """
    try:
        data = download(name) if name.lower().startswith(ADDRESS) else _read_file(root, name, follow)
        return decode_square(data, size, padded)
    except (ValueError, Fault) as error:
        return PictureError(text(str(error)))  # one line, whatever a decoder says


@contextmanager
def open_downloads(contact: str, redirects: bool) -> Iterator[Callable[[str], bytes]]:
    """Give the `download` of `read_picture`: one request a second to each host, to public ones alone.

    Parameters: `contact` as in `collect.session.Session`; `redirects` follows those that lead to another host.
    """
    from artpose_lib.collect.session import Session

    def download(address: str) -> bytes:
        host = urlsplit(address).hostname
        try:
            return session.fetch_picture(address, None if redirects else (host,))
        except Fault as fault:
            if fault.kind != "elsewhere" or redirects or not host or host in str(fault):
                raise
            raise PictureError(f"{fault} {host} redirects there; --allow-redirects follows it to a public "
                               "host.") from fault

    with TemporaryDirectory(prefix="artpose-") as folder, Session(Path(folder), contact) as session:
        try:
            yield download
        finally:
            session.stop.set()


def _read_file(root: Path, name: str, follow: bool) -> bytes:
    if "\0" in name:
        raise PictureError("This cannot be a file's name.")
    path = locate(root / name)
    if not is_inside(root, path, follow):
        by_name = os.path.isabs(name) or ".." in Path(name).parts
        raise PictureError("The name leads out of the folder. " + (
            "Names start from the folder of the list, or from that of --folder." if by_name else
            f"{FOLLOW}=1 before the command follows links that do."))
    return read_file(path)


def _walk_pictures(folder: Path, follow: bool) -> Iterator[str]:
    counts = Counter()
    for name, reason in walk(folder, follow):
        passed = reason in (PROGRAMS, OTHERS)
        counts[reason if passed else "taken as pictures"] += 1
        if not passed:
            yield name
    if counts.keys() != {"taken as pictures"}:
        say(f"{folder}: {tell_counts(counts)}")


def _read_list(path: Path) -> Iterator[str]:
    if find_encoding(path) != PARQUET:
        with open_text(path) as file:
            head = file.read(LONGEST)
        if "\0" in head:
            raise DataError(f"{path}: this is no picture ({', '.join(FORMATS)}) and no list, as it holds bytes that "
                            "are no text. Save a list as text or as CSV, in UTF-8.")
        header = read_csv(iter(re.split("[\r\n]+", head)), strict=False).fieldnames or []
        if path.suffix.lower() not in (".csv", ".tsv") and not _find_columns(header):
            return _read_lines(path)
    rows = read_table(path, _find_columns, 'a column "file_name" or "url" is')
    return (name for _, row in rows if (name := next(filter(str.strip, row.values()), "")))


def _find_columns(found: list[str]) -> dict[str, str]:
    return {name: name for wanted in COLUMNS for name in found if name_column(name) == wanted}


def _read_lines(path: Path) -> Iterator[str]:
    with open_text(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST + 1), ""), start=1):
            if len(line) > LONGEST:
                raise DataError(f"{path}, line {number}: more than {LONGEST} characters; a list has one path or "
                                "address on each line.")
            if line.strip():
                yield line.rstrip("\r\n")


def _mend(name: str, root: Path) -> str:
    """A name that stands in quotes or spaces, or in the bytes of an older Windows, as `spell` has that of its file; the
    same name where there is no such file."""
    plain = re.sub(r"^([\"'])(.+)\1$", r"\2", name.strip(), flags=re.DOTALL)
    if plain.lower().startswith(ADDRESS):
        return plain
    in_bytes = plain.encode("utf-8", "surrogateescape")
    for way in (name, plain, in_bytes.decode("cp1252", "replace")):
        if way and _is_there(root, found := spell(root, way)):
            return found
    return name


def _is_there(root: Path, name: str) -> bool:
    return os.path.lexists(locate(root / name))
