"""Jobs that each store one thing: run once among all processes that share a folder, and whole or not at all.

A job's lock is an empty hidden file beside what the job makes, held by `flock`. The kernel frees it when its holder
ends, however that ends, so a lock that was left behind stops nobody. It is removed only once the thing is stored, and
whoever gets a lock looks for the thing first; so nobody can hold the lock of a removed file and make the thing again.

What holds where:
- Processes of one machine never make a thing twice, nor lose one.
- Nor do machines that share a folder whose file system takes locks to its server: NFS as Linux mounts it, Lustre with
  `flock`. NFS may show a folder as it was some seconds ago, but making the lock's file there has it look anew.
- Where locks stay on one machine (`nolock`, `local_lock`), cannot be had at all, or are lost with the network, two
  machines may make a thing twice. The first to store it wins: moving a folder into place never replaces another's.
"""

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from artpose_lib import cluster

PARTIAL = ".partial-"
POLL = 0.5  # seconds between two looks at what other processes are making


@dataclass(frozen=True)
class Job:
    """Something to store at `path`, a file or a folder, by calling `make`, which must write by `whole`.

    `needs` is what another job stores and this one reads. To be sent to other machines, `make` must be picklable.
    """

    path: Path
    make: Callable[[], object]
    needs: Path | None = None


def run(jobs: Iterable[Job], where: str | None = None) -> Iterator[Job]:
    """Run the jobs whose things are not stored yet, and give each job once its thing is, those stored before first.

    A job that another process runs is left to it: the others come first, then this waits until the thing is stored,
    and runs the job after all if the other process ends without it. `where` names a cluster to run on (see
    `cluster.opened`), "" this process; None takes it from the environment variable ARTPOSE_CLUSTER.
    Raises what a job raises, and OSError, naming the folder, where it cannot be written.
    """
    planned = list(jobs)
    for folder in sorted({job.path.parent for job in planned}):
        sweep(folder)
    left = []
    for job in planned:
        if job.path.exists():
            yield job
        else:
            left.append(job)
    if not left:
        return
    with cluster.connected(os.environ.get("ARTPOSE_CLUSTER", "") if where is None else where) as client:
        while left:
            stored, here = [], ((job, attempt(job)) for job in left)
            for job, done in cluster.results(client, attempt, left) if client else here:
                if done:
                    stored.append(job)
                    yield job
            left = [job for job in left if job not in stored]
            if left and not stored:
                time.sleep(POLL)


def attempt(job: Job) -> bool:
    """Run a job, unless it is done, another process runs it or it lacks what it needs. Says whether it is done now."""
    if job.path.exists():
        return True
    if job.needs and not job.needs.exists():
        return False
    with claim(job.path) as mine:
        if mine and not job.path.exists():
            job.make()
            if not job.path.exists():
                raise RuntimeError(f"{job.path} was to be stored, and something else was: this machine has other "
                                   "pictures, weights or packages than the one that planned it")
    return job.path.exists()


@contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Whether this process alone may make what belongs at `path`, until the end of the `with` block."""
    lock = path.parent / f".{path.name}.lock"
    with _explaining(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        held = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)  # NFS locks only what is open for writing
    try:
        mine = _locked(held)
        yield mine
        if mine and path.exists():
            lock.unlink(missing_ok=True)
    finally:
        os.close(held)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
    return True  # a file system without locks: see the module's docstring


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place to write a file or a folder, which moves to `path` once it is whole and on the disk.

    Where `path` is there by then, another process was first, and its work stays. To be used under `claim`.
    Raises OSError, naming the folder and the way out, where that cannot be written.
    """
    with _explaining(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{path.name}-", dir=path.parent))
        try:
            yield partial / path.name
            _to_disk(partial)
            _move(partial / path.name, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _move(made: Path, path: Path) -> None:
    try:
        if not path.exists():
            os.rename(made, path)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise


def _to_disk(folder: Path) -> None:
    """Wait until the disk has it, so that a power cut leaves no half. Some disks say only now that they are full."""
    for parent, _, files in os.walk(folder, topdown=False):
        for name in [*sorted(files), "."]:
            file = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)


def sweep(folder: Path) -> None:
    """Remove what processes that have died left in a folder: half written things that nobody claims, needless locks.

    Where the folder cannot be written, they stay.
    """
    partials = {path: path.name.removeprefix(PARTIAL).rpartition("-")[0] for path in folder.glob(f"{PARTIAL}*")}
    locks = {path: path.name.removeprefix(".").removesuffix(".lock") for path in folder.glob(".*.lock")}
    for path, name in sorted((partials | locks).items()):
        with suppress(OSError), claim(folder / (name or path.name)) as mine:
            if mine and path in partials:
                shutil.rmtree(path)


@contextmanager
def _explaining(folder: Path) -> Iterator[None]:
    """Names the folder and the way out in the error of what cannot be written there."""
    try:
        yield
    except OSError as error:
        # HDF5 tells the number in its own sentence alone.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(f"{folder} cannot be written: {reason}. Make room or make it writable, or name another folder "
                      "with --results. What is stored is kept, and the same command goes on from there.") from error
