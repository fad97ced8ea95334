"""Jobs on a Dask cluster, whose machines share the folder of results.

A worker is a process and runs one job at a time, because TensorFlow takes a whole machine. Where workers have the Dask
resource GPU, only they get jobs. The job of a lost worker goes to another one. Dask is optional.
"""

import io
import logging
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from pathlib import Path
from uuid import uuid4

from artpose_lib.files import say

TRIAL_MEMORY = 4 * 2**30  # bytes; the most that a training step at 224 x 224 took is 3.6 GiB
SLURM_JOBS = 4
SLURM_LOGS = "~/.artpose/slurm"  # a home is shared by all machines of a SLURM cluster
# What a local worker runs first: it leaves Ctrl-C to the process that started it, and takes a GPU of its own.
PRELOAD = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
def dask_setup(worker):
    gpus = {gpus}
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[int(worker.name) % len(gpus)]
"""
ANSWER = 10  # seconds until a scheduler must answer
UNSEEN = 90  # seconds until a stored thing must be seen here; NFS shows an old folder for 60 at most


@contextmanager
def open_cluster(where: str) -> Iterator[str]:
    """Yield the address of a scheduler. `where` is one, or what to start until the end of the `with` block:

    - "local": workers on this machine, one a GPU; without a GPU one a processor core, as far as the memory goes;
    - "slurm": jobs of a worker each, submitted to SLURM as Dask's `jobqueue.yaml` says, more or fewer as work demands;
    - "local:3", "slurm:20": the most workers.

    Raises ValueError for a number that is none, RuntimeError where Dask is not installed.
    """
    kind, _, count = where.partition(":")
    if kind not in ("local", "slurm"):
        yield where
        return
    if count and not (count.isdecimal() and int(count)):
        raise ValueError(f'--cluster {where}: "{count}" is not a number of workers')
    _dask()
    with (_local if kind == "local" else _slurm)(int(count or 0)) as started:
        yield started.scheduler_address


@contextmanager
def connect(where: str) -> Iterator:
    """Yield a client of a cluster that has a worker (see `open_cluster`), or None where `where` is "". Raises OSError
    where no scheduler answers, ValueError where a worker has more than one thread."""
    if not where:
        yield None
        return
    distributed = _dask()
    with open_cluster(where) as address:
        try:
            client = distributed.Client(address, timeout=ANSWER)
        except (OSError, ValueError) as error:
            raise OSError(f"--cluster {where}: no Dask scheduler answers there ({error}). Start one with "
                          "`dask scheduler` and workers with `dask worker`, or say local or slurm.") from error
        with client:
            say(f"cluster {address}, dashboard {client.dashboard_link}")
            client.wait_for_workers(1)
            workers = client.scheduler_info(n_workers=-1)["workers"]
            crowded = [name for name, worker in workers.items() if worker["nthreads"] != 1]
            if crowded:
                raise ValueError(f"--cluster {where}: the worker {crowded[0]} has several threads, and trials take a "
                                 "process each. Start workers with `dask worker ADDRESS --nthreads 1`.")
            yield client


def run_jobs(client, attempt: Callable, jobs: Sequence) -> Iterator[tuple[object, bool]]:
    """`attempt` each of the jobs on the cluster, after what it needs; yield job and outcome as they end.

    Raises what an attempt raises, RuntimeError for a job that was lost with too many workers, and OSError for a stored
    thing that this machine does not see.
    """
    distributed = _dask()
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    resources = {"GPU": 1} if any("GPU" in worker["resources"] for worker in workers) else None
    stored_by, job_of = {}, {}
    for job in jobs:
        # Bytes, since the scheduler would unpickle anything else, and open the study on its own machine.
        future = client.submit(_attempt, pickle.dumps((attempt, job)), stored_by.get(job.needs),
                               key=f"{job.path.stem}-{uuid4().hex[:8]}", resources=resources, pure=False)
        stored_by[job.path], job_of[future] = future, job
    for future in distributed.as_completed(job_of, loop=client.loop):
        job = job_of[future]
        try:
            done = future.result()
        except distributed.KilledWorker as error:
            raise RuntimeError(f"{job.path.name} was lost with {error.last_worker.address}, and with others before. "
                               "Did their memory run out? See the workers' logs.") from error
        if done:
            _wait_to_see(job.path)
        yield job, done


def call(where: str, name: str, function: Callable, *arguments) -> None:
    """Run a function as one task of the cluster `where`, with its lines of progress on this terminal. Its last argument
    is a `threading.Event`. Ctrl-C sets it, waits for the function and raises KeyboardInterrupt."""
    distributed, key = _dask(), f"{name}-{uuid4().hex[:8]}"
    with connect(where) as client:
        stop = distributed.Event(key, client)
        future = client.submit(_attempt, pickle.dumps((_call, (function, arguments, key))), key=key, pure=False)
        try:
            future.result()
        except KeyboardInterrupt:
            stop.set()
            distributed.wait(future)
            raise


def _call(job: tuple[Callable, tuple, str]) -> None:
    """On a worker: run a function with an event of this process, which is set once Dask's event is."""
    function, arguments, key = job
    stop, asked = threading.Event(), _dask().Event(key, _dask().get_client())
    threading.Thread(target=lambda: asked.wait() and stop.set(), daemon=True).start()
    try:
        function(*arguments, stop)
    finally:
        asked.set()  # ends the thread


def _attempt(packed: bytes, needed: bool | None = None) -> bool:
    """On a worker: `attempt` a job. What it writes to stderr shows on the client's terminal."""
    with redirect_stderr(_Terminal()):
        attempt, job = pickle.loads(packed)
        return attempt(job)


class _Terminal(io.TextIOBase):
    """A worker's stderr that goes to the clients, as `distributed.print`, from all threads of the task that made it."""

    encoding = "utf-8"

    def __init__(self):
        self.worker = _dask().get_worker()

    def write(self, text: str) -> int:
        self.worker.log_event("print", {"args": (text,), "sep": "", "end": "", "flush": True, "file": 2})
        return len(text)

    def close(self) -> None:
        """Stay open for the task, whoever closes it."""


def _wait_to_see(path: Path) -> None:
    waited = time.monotonic()
    while not path.exists():
        with suppress(OSError):
            os.listdir(path.parent)  # has a network's file system look anew
        if time.monotonic() > waited + UNSEEN:
            raise OSError(f"{path} was stored by a worker and is not here: the folder of results must be one that all "
                          f"machines share, under the same name. This machine is {socket.gethostname()}.")
        time.sleep(0.1)


def _local(count: int):
    """A cluster of processes on this machine, each with a share of the processors, or with a GPU of its own."""
    from dask.system import CPU_COUNT
    from distributed import LocalCluster
    from distributed.system import MEMORY_LIMIT

    gpus = _gpus()
    count = count or len(gpus) or max(1, min(CPU_COUNT, MEMORY_LIMIT // TRIAL_MEMORY))
    threads = str(max(1, CPU_COUNT // count))
    share = {} if gpus else {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads}
    # No limit of memory: it would end what may still fit.
    return LocalCluster("artpose", count, threads_per_worker=1, memory_limit=None, dashboard_address="127.0.0.1:8787",
                        silence_logs=logging.ERROR,
                        preload=[PRELOAD.format(gpus=gpus)], env=share, resources={"GPU": 1} if gpus else None)


def _gpus() -> list[str]:
    """The numbers of this machine's GPUs, of those that CUDA_VISIBLE_DEVICES leaves."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [number for number in allowed.split(",") if number and number != "-1"]
    there = Path("/proc/driver/nvidia/gpus")
    return [str(number) for number in range(len(list(there.iterdir())))] if there.is_dir() else []


def _slurm(count: int):
    """A cluster of SLURM jobs of one thread, as `jobqueue.yaml` says; its `cores` are only asked of SLURM."""
    import dask

    interrupt = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster
    signal.signal(signal.SIGINT, interrupt)  # the import takes Ctrl-C

    cores = dask.config.get("jobqueue.slurm.job-cpu") or dask.config.get("jobqueue.slurm.cores")
    logs = dask.config.get("jobqueue.slurm.log-directory") or str(Path(SLURM_LOGS).expanduser())
    try:
        started = SLURMCluster(cores=1, processes=1, job_cpu=cores, log_directory=logs)
    except ValueError as error:
        raise ValueError(f"--cluster slurm: {error} Say it in ~/.config/dask/jobqueue.yaml, under jobqueue and "
                         "slurm.") from error
    started.adapt(minimum_jobs=1, maximum_jobs=count or SLURM_JOBS)
    return started


def _dask():
    try:
        import distributed
    except ImportError as error:
        raise RuntimeError(f'--cluster needs Dask ({error}): .venv/bin/pip install -e ".[cluster]"') from error
    return distributed
