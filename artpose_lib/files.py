"""Write files whole or not at all, one process at a time, and tell how far a run is.

A lock is an empty hidden file beside what it guards. The system frees it when its holder ends, however that ends. It is
removed only once the thing is stored, and whoever gets a lock looks for the thing first. So nothing is made twice by
processes of one machine, nor by machines that share a folder whose file system takes locks to its server: NFS as Linux
mounts it, Lustre with `flock`. Where locks stay on one machine (`nolock`, `local_lock`), cannot be had at all, or are
lost with the network, the first to store a thing wins: moving it into place never replaces another's.
"""

import errno
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PARTIAL = ".partial-"
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # errors of a file system without locks, which is used so


def say(line: str, end: str = "\n") -> None:
    """Print a line of progress. It goes to stderr, which papermill passes on and the book leaves out. On a terminal it
    takes the place of a count that was printed there with `end=""`."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The checksum of a file in hexadecimal, which is read without being held in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


@contextmanager
def whole(path: Path, replace: bool = False, option: str = "--results") -> Iterator[Path]:
    """Give a place to write a file or a folder, and move it to `path` once it is whole and on the disk.

    Where `path` exists by then, another process was first and its work stays, unless `replace`. Nothing half-written
    stays after an error. `option` is the command line's way to name another folder.
    Raises OSError, naming the folder and the way out, where it cannot be written.
    """
    with _explain_errors(path.parent, option):
        make_folder(path.parent)
        partial = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{path.name}-", dir=path.parent))
        try:
            yield partial / path.name
            _flush_to_disk(partial)
            _move(partial / path.name, path, replace)
            for made in (path, *path.rglob("*")):
                _share(made)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def new_folder(path: Path, option: str = "--out") -> Iterator[Path]:
    """Give a folder to fill, which is moved to `path` as in `whole`. Raises FileExistsError where something is there
    that is no empty folder, and OSError as `whole`."""
    is_there = path.exists()
    if is_there and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path} already holds something; name a new or an empty folder.")
    with whole(path, option=option) as partial:
        partial.mkdir()
        yield partial
        if is_there:
            path.rmdir()  # an error where it is no longer empty


@contextmanager
def claim(path: Path, option: str = "--results") -> Iterator[bool]:
    """Tell whether this process alone may make what belongs at `path`, until the end of the `with` block. `option` as
    in `whole`. Raises OSError, naming the folder and the way out, where no lock can be made there."""
    # No fallback to marker files: those of a killed process would stop all others. Other users may hold the lock, too.
    lock = FileLock(path.parent / f".{path.name}.lock", timeout=0, mode=0o666, fallback_to_soft=False)
    with _explain_errors(path.parent, option):
        make_folder(path.parent)
        mine = True
        try:
            lock.acquire()
        except Timeout:
            mine = False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
    try:
        yield mine
        if mine and path.exists():
            Path(lock.lock_file).unlink(missing_ok=True)
    finally:
        lock.release()


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it; in one that a group may write, the group may write the new one too."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _share(folder)


def sweep(folder: Path) -> None:
    """Remove what processes that have died left in a folder: half-written things that nobody claims, needless locks.
    Where the folder cannot be written, they stay."""
    partials = {path: path.name.removeprefix(PARTIAL).rpartition("-")[0] for path in folder.glob(f"{PARTIAL}*")}
    locks = {path: path.name.removeprefix(".").removesuffix(".lock") for path in folder.glob(".*.lock")}
    for path, name in sorted((partials | locks).items()):
        with suppress(OSError), claim(folder / (name or path.name)) as mine:
            if mine and path in partials:
                shutil.rmtree(path, ignore_errors=True)  # whose it was may have just removed it


def _share(path: Path) -> None:
    """Let the group that may write a thing's folder write the thing too, whatever the umask; not in a /tmp."""
    above = path.parent.stat()
    if above.st_mode & stat.S_IWGRP and not above.st_mode & stat.S_ISVTX:
        with suppress(OSError):  # another's
            os.chown(path, -1, above.st_gid)
            path.chmod(stat.S_IMODE(path.stat().st_mode) | (stat.S_ISGID | 0o070 if path.is_dir() else 0o060))


def _move(made: Path, path: Path, replace: bool) -> None:
    old = made.with_name(f"{path.name}.old")
    if replace and path.is_dir():
        os.rename(path, old)  # a folder that holds something cannot be replaced in one step
    try:
        if replace or not path.exists():
            os.replace(made, path)
    except OSError as error:
        if old.exists():
            os.rename(old, path)
        if replace or error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise


def _flush_to_disk(folder: Path) -> None:
    """Wait until the disk has it, so that a power cut leaves no half. Some disks say only now that they are full."""
    for parent, _, files in os.walk(folder, topdown=False):
        for name in [*sorted(files), "."]:
            file = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)


@contextmanager
def _explain_errors(folder: Path, option: str = "--results") -> Iterator[None]:
    """Name the folder and the way out in the error of what cannot be written there."""
    try:
        yield
    except OSError as error:
        named = Path(error.filename) if isinstance(error.filename, str) else folder
        if not (named.is_relative_to(folder) or folder.is_relative_to(named)):
            raise  # something else that could not be read
        # HDF5 tells the number in its own sentence alone.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(f"{folder} cannot be written: {reason}. Make room or make it writable, or name another folder "
                      f"with {option}. What is stored is kept, and the same command goes on from there.") from error
