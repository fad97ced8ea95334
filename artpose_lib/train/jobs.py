"""Jobs that each store one thing, run once among all processes that share a folder. See `files` for how."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artpose_lib.files import claim, sweep
from artpose_lib.train import cluster

POLL = 0.5  # seconds between two looks at what other processes are making


@dataclass(frozen=True)
class Job:
    """Something to store at `path`, a file or a folder, by calling `make`, which must write by `whole`.

    `needs` is what another job stores and this one reads. To be sent to other machines, `make` must be picklable.
    """

    path: Path
    make: Callable[[], object]
    needs: Path | None = None


def run(jobs: Iterable[Job], where: str = "") -> Iterator[Job]:
    """Run the jobs whose things are not stored yet, and yield each job once its thing is, those stored before first.

    Skips jobs that another process runs and waits for them at the end; runs them if the other process ends without
    storing them. `where` names a cluster to run on (see `cluster.open_cluster`), "" this process.
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
    with cluster.connect(where) as client:
        while left:
            ended = cluster.run_jobs(client, attempt, left) if client else ((job, attempt(job)) for job in left)
            stored = []
            for job, done in ended:
                if done:
                    stored.append(job)
                    yield job
            left = [job for job in left if job not in stored]
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
