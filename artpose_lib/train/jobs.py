"""Jobs that each store one thing, run once among all processes that share a folder (see `files`)."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artpose_lib.files import claim, sweep
from artpose_lib.train import cluster

POLL = 0.5  # seconds between two looks at what other processes are making


@dataclass(frozen=True)
class Job:
    """Something to store at `path`, a file or a folder, by calling `make`, which must write by `whole`. `needs` is what
    another job stores and this one reads. To be sent to other machines, `make` must be picklable."""

    path: Path
    make: Callable[[], object]
    needs: Path | None = None


def run(jobs: Iterable[Job], where: str = "") -> Iterator[Job]:
    """Run the jobs whose things are not stored yet, and yield each job once its thing is, those stored before first.

    Jobs that another process runs are waited for at the end, and run if it ends without storing them.
    `where` names a cluster (see `cluster.open_cluster`), "" this process.
    Raises what a job raises, and OSError, naming the folder, where it cannot be written.
    """
    planned = list(jobs)
    for folder in sorted({path.parent for job in planned for path in (job.path, job.needs) if path}):
        sweep(folder)
    stored = {job.path for job in planned if job.path.exists()}
    yield from (job for job in planned if job.path in stored)
    left = [job for job in planned if job.path not in stored]
    if not left:
        return
    with cluster.connect(where) as client:
        while left:
            ended = cluster.run_jobs(client, attempt, left) if client else ((job, attempt(job)) for job in left)
            stored = set()
            for job, done in ended:
                if done:
                    stored.add(job.path)
                    yield job
            left = [job for job in left if job.path not in stored]
            if left and not stored:
                time.sleep(POLL)


def run_one(job: Job, where: str = "") -> None:
    """Run a job unless its thing is stored; return once it is. As `run`."""
    for _ in run([job], where):
        pass


def attempt(job: Job) -> bool:
    """Run a job unless it is done, another process runs it or it lacks what it needs. Returns whether it is done."""
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
