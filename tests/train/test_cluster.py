"""A real scheduler, and workers that are processes of their own; one of them is killed on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from artpose_lib import cli  # noqa: E402
from artpose_lib.files import claim, whole  # noqa: E402
from artpose_lib.train import cluster, jobs, machine, records  # noqa: E402
from artpose_lib.train.jobs import Job  # noqa: E402

LITE = "EfficientNet-Lite0"
HERE = Path(__file__).parent
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE.parent), str(HERE)])}


@contextmanager
def program(*arguments):
    command = [sys.executable, "-m", f"distributed.cli.dask_{arguments[0]}"]
    process = subprocess.Popen(command + list(map(str, arguments[1:])), env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


@contextmanager
def open_scheduler(folder):
    """The address of a scheduler without workers."""
    file = folder / "scheduler.json"
    with program("scheduler", "--host", "127.0.0.1", "--port", 0, "--dashboard-address", "127.0.0.1:0",
                 "--scheduler-file", file):
        while not file.exists():
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with open_scheduler(tmp_path_factory.mktemp("scheduler")) as address:
        yield address


def worker(address, *options):
    return program("worker", address, "--no-nanny", "--nthreads", 1, "--memory-limit", 0, "--no-dashboard", *options)


def store(path, seconds=0.0):
    """A job's work: notes who does it, then stores the process that did."""
    began = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}.began")
    began.write_text(f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES')}")
    time.sleep(seconds)
    print(f"stored {path.name}", file=sys.stderr)
    with whole(path) as place:
        place.write_text(str(os.getpid()))


def planned(folder, count, seconds):
    folder.mkdir(exist_ok=True)
    return [Job(folder / f"thing-{number}", partial(store, folder / f"thing-{number}", seconds))
            for number in range(count)]


def began(folder):
    return [path.name.split(".")[:2] for path in folder.glob("*.began")]


def test_the_job_of_a_killed_worker_runs_again_and_no_other_twice(scheduler, tmp_path):
    folder = tmp_path / "shared"
    with worker(scheduler) as first, worker(scheduler):
        ended = []
        for job in jobs.run(planned(folder, 8, 0.3), where=scheduler):
            ended.append(job.path.name)
            if len(ended) == 1:
                while str(first.pid) not in [pid for name, pid in began(folder) if not (folder / name).exists()]:
                    time.sleep(0.005)
                first.send_signal(signal.SIGKILL)  # while it is at a job
    assert sorted(ended) == [f"thing-{number}" for number in range(8)]
    again = {name: times for name, times in Counter(name for name, _ in began(folder)).items() if times != 1}
    assert list(again.values()) == [2]
    assert str(first.pid) in [pid for name, pid in began(folder) if name in again]


def test_a_job_that_ends_its_workers_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    deadly = Job(tmp_path / "deadly", partial(os.abort))
    with (open_scheduler(tmp_path) as impatient, worker(impatient),
          pytest.raises(RuntimeError, match="deadly was lost.*memory")):
        list(jobs.run([deadly], where=impatient))


def test_what_no_machine_here_sees_is_said_with_what_must_be_shared(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "UNSEEN", 0.2)
    with pytest.raises(OSError, match="must be one that all machines share"):
        cluster._wait_to_see(tmp_path / "elsewhere" / "record")


def test_trials_go_to_the_workers_that_have_a_gpu_and_their_lines_come_here(scheduler, tmp_path, capfd):
    with worker(scheduler) as plain, worker(scheduler, "--resources", "GPU=1") as gpu:
        with distributed.Client(scheduler) as client:
            client.wait_for_workers(2)
        stored = list(jobs.run(planned(tmp_path / "shared", 4, 0.05), where=scheduler))
    assert {job.path.read_text() for job in stored} == {str(gpu.pid)} != {str(plain.pid)}
    said = capfd.readouterr().err
    assert "dashboard http://127.0.0.1:" in said and "stored thing-0" in said


def test_a_needed_job_is_done_first_and_stored_ones_are_not_sent(scheduler, tmp_path):
    first, second = planned(tmp_path / "shared", 2, 0)
    first = Job(first.path, first.make, needs=second.path)
    with worker(scheduler):
        assert [job.path.name for job in jobs.run([second, first], where=scheduler)] == ["thing-1", "thing-0"]
    assert [job.path.name for job in jobs.run([first, second], where="127.0.0.1:1")] == ["thing-0", "thing-1"]


def test_what_a_job_raises_is_raised_here(scheduler, tmp_path):
    (tmp_path / "shared").write_text("no folder")
    with worker(scheduler), pytest.raises(OSError, match="shared cannot be written.*--results"):
        list(jobs.run([Job(tmp_path / "shared" / "one", partial(store, tmp_path / "shared" / "one"))], where=scheduler))


class ResourceExhaustedError(Exception):
    """What TensorFlow calls it."""


def store_where_memory_lasts(path, fitting, error):
    """A job that raises its backend's error where so many others run already."""
    for place in range(fitting):
        with claim(path.parent / f"place-{place}") as mine:
            if mine:
                return store(path, 0.5)
    raise error


def test_where_memory_runs_out_a_worker_less_goes_on_and_all_is_stored(scheduler, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(cluster, "FREED", 0.5)
    folder = tmp_path / "shared"
    folder.mkdir()
    error = RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.")  # as JAX says it
    planned = [Job(folder / name, partial(store_where_memory_lasts, folder / name, 1, error)) for name in "abcd"]
    with worker(scheduler), worker(scheduler), distributed.Client(scheduler) as client:
        client.wait_for_workers(2)
        assert sorted(job.path.name for job in jobs.run(planned, where=scheduler)) == list("abcd")
        assert len(client.scheduler_info()["workers"]) == 1
        assert "the memory ran out; it is trained again, with 1 at a time" in capfd.readouterr().err
        error = ResourceExhaustedError("OOM when allocating tensor")
        hopeless = Job(folder / "e", partial(store_where_memory_lasts, folder / "e", 0, error))
        with pytest.raises(RuntimeError, match="e does not fit into the memory, even alone.*mixed_bfloat16"):
            list(jobs.run([hopeless], where=scheduler))


def test_a_worker_with_several_threads_is_refused(scheduler, tmp_path):
    crowded = program("worker", scheduler, "--no-nanny", "--nthreads", 2, "--no-dashboard")
    with crowded, pytest.raises(ValueError, match="--nthreads 1"):
        list(jobs.run(planned(tmp_path / "shared", 1, 0), where=scheduler))


@pytest.mark.parametrize(("where", "words"), [("local:none", "not a number of workers"),
                                              ("tcp://127.0.0.1:1", "no Dask scheduler answers there")])
def test_a_mistaken_cluster_is_one_clear_line(where, words, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER", 1)
    with pytest.raises((ValueError, OSError), match=words):
        list(jobs.run(planned(tmp_path / "shared", 1, 0), where=where))


@pytest.mark.slow
def test_a_study_on_two_local_workers_has_the_records_of_one_trained_here(colours, tmp_path, monkeypatch):
    """The real thing: real pictures, a real network, the heads of the frozen model."""
    from artpose_lib.train import study as module
    from artpose_lib.train.study import open_study

    monkeypatch.setattr(module, "BACKBONES", {LITE: module.BACKBONES[LITE]})
    found = {}
    for where in ("", "local:2"):
        results = tmp_path / f"at-{where.removesuffix(':2')}"
        study = open_study(str(colours), profile="quick", results=str(results), cluster=where)
        found[where] = study.train("frozen")
    here, there = found.values()
    assert [record.folder.name for record in here.records] == [record.folder.name for record in there.records]
    # A worker with half the threads adds in another order, which a hundred epochs may turn into another best one. What
    # must be the same is the pictures, their order, the first weights and what the first epochs make of them.
    same = ["part", "file_name", "label", "seed"]
    assert here.predictions[same].equals(there.predictions[same])
    first = [one.history[one.history["epoch"] <= 3].filter(regex="loss").to_numpy() for one in (here, there)]
    assert len(first[0]) == 3 * len(here.records)
    np.testing.assert_allclose(first[0], first[1], rtol=1e-3)
    assert len(records.all_records(tmp_path / "at-local")) == len(there.records)


def test_the_script_for_slurm_asks_for_processes_of_one_thread_on_all_cores(monkeypatch, tmp_path):
    import dask

    settings = {"jobqueue.slurm.cores": 8, "jobqueue.slurm.memory": "16 GB", "jobqueue.slurm.queue": "gpu",
                "jobqueue.slurm.walltime": "02:00:00", "jobqueue.slurm.job-extra-directives": ["--gres=gpu:1"],
                "jobqueue.slurm.worker-extra-args": ["--resources", "GPU=1"]}
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(distributed.SpecCluster, "adapt", lambda self, *_, **limits: setattr(self, "limits", limits))

    def submit(workers, **asked):
        with (dask.config.set({f"jobqueue.slurm.{name.replace('_', '-')}": value for name, value in asked.items()}),
              cluster._slurm(20) as started):
            assert (started.limits["minimum"], started.limits["maximum"]) == (workers, 20 * workers)
            return started.job_script()

    with dask.config.set(settings):
        script = submit(2)  # on one GPU, with eight cores
        assert "--nworkers" not in submit(1, processes=1)
        assert "--nworkers" not in submit(1, worker_extra_args=[])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    for line in ("#SBATCH -p gpu", "#SBATCH --cpus-per-task=8", "#SBATCH --mem=15G", "#SBATCH -t 02:00:00",
                 "#SBATCH --gres=gpu:1"):
        assert line in script.splitlines()
    assert "--nthreads 1 " in script and "--nworkers 2" in script and "--resources GPU=1" in script
    assert f"#SBATCH -o {tmp_path}/.artpose/slurm/" in script  # and not where the command runs


def test_a_command_starts_a_cluster_tells_the_chapter_and_ends_it(monkeypatch, tmp_path):
    from artpose_lib.report import book

    seen = []
    monkeypatch.setattr(book, "execute", lambda chapter, out, parameters, mark: seen.append(parameters["cluster"]))
    assert cli.main(["run", "9", "--cluster", "local:1", "--results", str(tmp_path)]) == 0
    assert seen[0].startswith("tcp://127.0.0.1:")
    with pytest.raises(OSError):
        distributed.Client(seen[0], timeout=1)


def have_gpus(monkeypatch, folder, *free):
    """A stand-in `nvidia-smi` that tells of so many GPUs with so much free memory, in MiB."""
    told = "".join(f"{number}, {mib}\n" for number, mib in enumerate(free))
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\nprintf '{told}'\n")
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@pytest.mark.parametrize(("cores", "gib", "gpus", "gpu_gib", "workers"), [
    (8, 16, 0, 0, 4), (2, 64, 0, 0, 2), (1, 1, 0, 0, 1),  # without a GPU: a core each, of 4 GiB
    (16, 128, 1, 139, 5), (16, 128, 1, 78, 4), (16, 128, 1, 22, 1), (16, 128, 1, 8, 1),  # H200, H100, A10, a small one
    (64, 512, 4, 40, 8), (2, 8, 4, 40, 4)])  # several GPUs: one each at least
def test_a_machine_trains_as_many_at_once_as_memory_and_cores_allow(cores, gib, gpus, gpu_gib, workers):
    assert machine.count_workers(cores, gib * 2**30, gpus, gpu_gib * 2**30) == workers


def test_gpus_are_those_that_the_driver_tells_of_and_the_environment_leaves(monkeypatch, tmp_path):
    have_gpus(monkeypatch, tmp_path, 80000, 40000, "[N/A]")
    for visible, gpus, free in (("0", ["0"], 80000), ("0,1", ["0", "1"], 40000), ("-1", [], 0), ("", [], 0),
                                ("MIG-1f", ["MIG-1f"], 0)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert machine.find_gpus() == (gpus, free * 2**20)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert machine.find_gpus() == (["0", "1", "2"], 40000 * 2**20)
    monkeypatch.setenv("PATH", "")
    assert machine.find_gpus() == ([], 0)


def test_local_workers_share_the_gpus_in_turn(monkeypatch, tmp_path, capfd):
    have_gpus(monkeypatch, tmp_path, *[80000] * 6)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    monkeypatch.syspath_prepend(HERE.parents[1])  # where the workers find this module
    for job in jobs.run(planned(tmp_path / "shared", 6, 0.2), where="local:3"):
        assert job.path.exists()
    assert "3 trials at a time on 2 GPUs" in capfd.readouterr().err
    found = dict(note.read_text().split() for note in (tmp_path / "shared").glob("*.began"))
    assert sorted(found.values()) == ["3", "3", "5"]
