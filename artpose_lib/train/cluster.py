"""Jobs on a Dask cluster, whose machines share the folder of results.

A worker is a process and runs one job at a time; several may share a GPU, whose memory each takes on demand. Where
workers have the Dask resource GPU, only they get jobs. The job of a lost worker goes to another one, and where memory
ran out a worker less goes on. Dask is optional.
"""

import io
import logging
import os
import pickle
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from artpose_lib.files import say
from artpose_lib.train.machine import count_workers, find_gpus, measure_machine

MEMORY_RAN_OUT = re.compile(
    "RESOURCE_?EXHAUSTED|OUT.OF.MEMORY|DNN library initialization failed|resource allocation failed", re.I)
SLURM_JOBS = 4
SLURM_LOGS = "~/.artpose/slurm"  # a home is shared by all machines of a SLURM cluster
# What a local worker runs first: it leaves Ctrl-C to the process that started it, and takes the next GPU in turn.
PRELOAD = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
def dask_setup(worker):
    gpus = {gpus}
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[int(worker.name) % len(gpus)]
"""
ANSWER = 10  # seconds until a scheduler must answer
FREED = 10  # seconds until what a worker had of a GPU's memory is free
UNSEEN = 90  # seconds until a stored thing must be seen here; NFS shows an old folder for 60 at most


@contextmanager
def open_cluster(where: str) -> Iterator[str]:
    """Yield the address of a scheduler. `where` is one, or what to start until the end of the `with` block:

    - "local": workers on this machine, as many as `count_workers` says;
    - "slurm": jobs submitted to SLURM as Dask's `jobqueue.yaml` says, more or fewer as work demands;
    - "local:3", "slurm:20": so many workers, at most so many jobs.

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
        packed = pickle.dumps((partial(_attempt_in_memory, attempt), job))
        future = client.submit(_attempt, packed, stored_by.get(job.needs),
                               key=f"{job.path.stem}-{uuid4().hex[:8]}", resources=resources, pure=False)
        stored_by[job.path], job_of[future] = future, job
    lowered = -inf
    for future in distributed.as_completed(job_of, loop=client.loop):
        job = job_of[future]
        try:
            done = future.result()
        except distributed.KilledWorker as error:
            raise RuntimeError(f"{job.path.name} was lost with {error.last_worker.address}, and with others before. "
                               "Did their memory run out? See the workers' logs.") from error
        if isinstance(done, OutOfMemory):
            lowered = _lower(client, job.path.name, done, lowered)
        elif done:
            _wait_to_see(job.path)
        yield job, done is True


class OutOfMemory(NamedTuple):
    """What became of a job whose worker found no memory for it, after so many seconds."""

    worker: str  # its address
    seconds: float
    why: str


def _lower(client, name: str, short: OutOfMemory, lowered: float) -> float:
    """Go on with a worker less, unless the job began before that was done already, at `lowered`. Returns when it was
    done last, by `time.monotonic`. Raises RuntimeError where the worker was the only one from the beginning."""
    began, known = time.monotonic() - short.seconds, client.scheduler_info(n_workers=-1)["workers"]
    workers = [name for name, worker in known.items() if "GPU" in worker["resources"]] or list(known)
    if len(workers) == 1 and lowered == -inf:
        raise RuntimeError(f"{name} does not fit into the memory, even alone. ARTPOSE_PRECISION=mixed_bfloat16 takes "
                           f"about half. The backend says: {short.why}")
    if len(workers) > 1 and began > lowered:
        client.retire_workers([short.worker])
        workers.pop()
        time.sleep(FREED)
        lowered = time.monotonic()
    say(f"{name}: the memory ran out; it is trained again, with {len(workers)} at a time")
    return lowered


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


def _attempt(packed: bytes, needed: object = None) -> object:
    """On a worker: `attempt` a job. What it writes to stderr shows on the client's terminal."""
    with redirect_stderr(_Terminal()):
        attempt, job = pickle.loads(packed)
        return attempt(job)


def _attempt_in_memory(attempt: Callable, job) -> bool | OutOfMemory:
    """On a worker: what `attempt` returns, or that the memory ran out."""
    began = time.monotonic()
    try:
        return attempt(job)
    except Exception as error:  # each backend has its own, and the client may have another backend
        why = f"{type(error).__name__}: {error}"
        if not MEMORY_RAN_OUT.search(why):
            raise
        return OutOfMemory(_dask().get_worker().address, time.monotonic() - began, why[:300])


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
    """A cluster of processes on this machine, each with a share of the processors, or of a GPU."""
    from distributed import LocalCluster

    (cores, memory), (gpus, gpu_memory) = measure_machine(), find_gpus()
    count = count or count_workers(cores, memory, len(gpus), gpu_memory)
    if gpus:
        say(f"{count} trials at a time on {len(gpus)} GPU{'s' * (len(gpus) > 1)}")
    threads = str(max(1, cores // count))
    share = {} if gpus else {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads}
    # No limit of memory: it would end what may still fit.
    return LocalCluster("artpose", count, threads_per_worker=1, memory_limit=None, dashboard_address="127.0.0.1:8787",
                        silence_logs=logging.ERROR,
                        preload=[PRELOAD.format(gpus=gpus)], env=share, resources={"GPU": 1} if gpus else None)


def _slurm(count: int):
    """A cluster of SLURM jobs as `jobqueue.yaml` says. A job has a worker; where those have the resource GPU as many as
    fit, or the `processes` that the file asks for. All have one thread: `cores` are only asked of SLURM."""
    import dask
    from dask.utils import parse_bytes

    interrupt = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster
    signal.signal(signal.SIGINT, interrupt)  # the import takes Ctrl-C

    said = partial(dask.config.get, default=None)
    cores = said("jobqueue.slurm.job-cpu") or said("jobqueue.slurm.cores")
    gpu = "GPU" in " ".join(said("jobqueue.slurm.worker-extra-args") or [])
    fitting = count_workers(cores or 1, parse_bytes(said("jobqueue.slurm.memory") or 0), gpus=1) if gpu else 1
    workers = said("jobqueue.slurm.processes") or fitting
    logs = said("jobqueue.slurm.log-directory") or str(Path(SLURM_LOGS).expanduser())
    try:
        started = SLURMCluster(cores=workers, processes=workers, job_cpu=cores, log_directory=logs)
    except ValueError as error:
        raise ValueError(f"--cluster slurm: {error} Say it in ~/.config/dask/jobqueue.yaml, under jobqueue and "
                         "slurm.") from error
    started.adapt(minimum_jobs=1, maximum_jobs=count or SLURM_JOBS)
    return started


def _dask():
    try:
        import distributed
    except ImportError as error:
        raise RuntimeError(f'--cluster needs Dask ({error}): .venv/bin/uv pip install -e ".[cluster]"') from error
    return distributed
