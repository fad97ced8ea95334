"""What a trial costs besides its training when it runs on a cluster, and how two workers compare with one.

    python benchmarks/cluster.py [DIR] > cluster.json

DIR is where records are stored for a while, on the disk that is to be measured. Prints one JSON object. Times are
medians, in seconds, on this machine:
- message: a job is sent to a worker, found done, and its answer is back; `sent_bytes` is what the message holds;
- scheduled: the scheduler's share of it, from many such jobs at once;
- claim: a trial's lock is taken in the folder of results, and freed; store: its record is written, on the disk, moved;
- workers: the same trials (heads of the frozen EfficientNet-Lite0, a TensorFlow thread each) on one worker and on two,
  in turn, and `speedup` of the second. Both start warm: a worker imports TensorFlow and compiles once.
"""

import json
import os
import pickle
import platform
import statistics
import sys
import tempfile
import time
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

from artpose_lib import cluster, jobs, trials
from artpose_lib.recipes import recipe
from artpose_lib.study import open_study

BACKBONE = "EfficientNet-Lite0"
MESSAGES, STORES, TIMES = 200, 30, 5
PICTURES, CLASSES = 200, 6  # in a record: the validation and test parts of the thesis' 1,000 pictures
TRIALS = 4


def timed(function) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def messages(study, client) -> dict[str, float]:
    """Jobs that are done already: all that is left is the way there and back."""
    done = jobs.Job(study.results, partial(study._trial, recipe("frozen", BACKBONE), 40))

    def send(number: int) -> None:
        list(cluster.results(client, jobs.attempt, [done] * number))

    send(1)
    return {"message": statistics.median(timed(lambda: send(1)) for _ in range(MESSAGES // 4)),
            "scheduled": statistics.median(timed(lambda: send(MESSAGES)) / MESSAGES for _ in range(TIMES)),
            "sent_bytes": len(pickle.dumps((jobs.attempt, done)))}


def storing(results: Path) -> dict[str, float]:
    rng = np.random.default_rng(0)
    columns = ["epoch", "phase", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"]
    history = pd.DataFrame(rng.random((100, len(columns))), columns=columns)
    pictures = pd.DataFrame({"file_name": [f"Pose/{number:05}.jpg" for number in range(PICTURES)], "label": "0",
                             "part": ["validation", "test"] * (PICTURES // 2)})
    said = pd.DataFrame(rng.random((PICTURES, CLASSES)), columns=[f"p_{number}" for number in range(CLASSES)])
    seeds = count()

    def store() -> None:
        config = {"recipe": {"model": "frozen", "backbone": BACKBONE}, "seed": next(seeds)}
        trials.store_record(results, config, history, pd.concat([pictures, said], axis=1), 1)

    def claim() -> None:
        with jobs.claim(results / "claimed"):
            pass

    store()
    times = {"store": statistics.median(timed(store) for _ in range(STORES)),
             "claim": statistics.median(timed(claim) for _ in range(STORES))}
    record = trials.all_records(results)[0].folder
    return times | {"record_bytes": sum(path.stat().st_size for path in record.iterdir())}


def training(study, client, seeds) -> float:
    """The seconds of TRIALS trials, none of which is stored."""
    scaled = study.profile.scale(recipe("frozen", BACKBONE))
    planned = []
    for _ in range(TRIALS):
        seed = next(seeds)
        planned.append(jobs.Job(study._record(scaled, seed).folder, partial(study._trial, scaled, seed)))
    return timed(lambda: list(cluster.results(client, jobs.attempt, planned)))


def scaling(study) -> dict[str, object]:
    """TRIALS trials on one worker and on two, in turn; each worker is warm by then."""
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    seeds, seconds = count(1000), {1: [], 2: []}
    with cluster.connected("local:1") as one, cluster.connected("local:2") as two:
        two.wait_for_workers(2)
        clients = {1: one, 2: two}
        for client in (one, two, two):
            training(study, client, seeds)
        for _ in range(TIMES):
            for workers, client in clients.items():
                seconds[workers].append(training(study, client, seeds))
        sent = messages(study, one)
    medians = {workers: statistics.median(times) for workers, times in seconds.items()}
    return sent | {"trials": TRIALS, "workers": {str(workers): times for workers, times in seconds.items()},
                   "trial": medians[1] / TRIALS, "speedup": medians[1] / medians[2]}


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        results = Path(folder)
        opened = open_study(profile="quick", results=folder)
        opened.features(BACKBONE)
        found = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "threads": 1,
                 "load": os.getloadavg()[0], "pictures": len(opened.dataset)}
        found |= storing(results / "stored") | scaling(opened)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
