"""Trials on a Dask cluster: two workers against one, and what a trial costs besides its training.

The same trials (heads of the frozen EfficientNet-Lite0, a TensorFlow thread each) go to one worker and to two, in turn;
both are warm: a worker imports TensorFlow and compiles once. The `costs` are medians in seconds, on this machine:
- message: a job is sent to a worker, found done, and its answer is back; `sent_bytes` is what the message holds;
- scheduled: the scheduler's share of it, from many such jobs at once; at most, for one worker does them meanwhile;
- claim: a trial's lock is taken in the folder of results, and freed; store: its record is written, on the disk, moved.
TMPDIR names the disk to store them on.
"""

import os
import pickle
import statistics
import tempfile
from itertools import count
from pathlib import Path

from common import ROUNDS, comparison, main, seconds, significant

BACKBONE = "EfficientNet-Lite0"
MESSAGES, STORES = 200, 30
PICTURES, CLASSES = 200, 6  # in a record: the validation and test parts of the thesis' 1,000 pictures
TRIALS = 4
AIM = 1.8  # of the 2 that two workers could be at best


def measure(small: bool) -> dict:
    from artpose_lib.train.study import open_study

    with tempfile.TemporaryDirectory() as folder:
        study = open_study(profile="smoke" if small else "quick", results=folder)
        study.compute_features(BACKBONE)
        costs = storing(Path(folder) / "stored")
        one, two, sent = scaling(study, 1 if small else ROUNDS)
    costs |= sent | {"trial": statistics.median(one) / TRIALS}
    return {"costs": {key: significant(value) for key, value in costs.items()},
            "comparisons": [comparison("trials on a cluster", one, two, AIM, ("one worker", "two workers"),
                                       note=f"{TRIALS} heads of the frozen {BACKBONE}, a thread a worker")]}


def messages(study, client) -> dict[str, float]:
    """Jobs that are done already: all that is left is the way there and back."""
    from artpose_lib.train import cluster, jobs

    (trial,), _ = study.plan(["frozen"], backbones=[BACKBONE], seeds=[40])
    done = jobs.Job(study.results, trial.train)

    def send(number: int) -> None:
        list(cluster.run_jobs(client, jobs.attempt, [done] * number))

    send(1)
    return {"message": statistics.median(seconds(lambda: send(1)) for _ in range(MESSAGES // 4)),
            "scheduled": statistics.median(seconds(lambda: send(MESSAGES)) / MESSAGES for _ in range(ROUNDS)),
            "sent_bytes": len(pickle.dumps((jobs.attempt, done)))}


def storing(results: Path) -> dict[str, float]:
    import numpy as np
    import pandas as pd

    from artpose_lib.train import jobs, records

    rng = np.random.default_rng(0)
    columns = ["epoch", "phase", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"]
    history = pd.DataFrame(rng.random((100, len(columns))), columns=columns)
    pictures = pd.DataFrame({"file_name": [f"Pose/{number:05}.jpg" for number in range(PICTURES)], "label": "0",
                             "part": ["validation", "test"] * (PICTURES // 2)})
    said = pd.DataFrame(rng.random((PICTURES, CLASSES)), columns=[f"p_{number}" for number in range(CLASSES)])
    seeds = count()

    def store() -> None:
        config = {"recipe": {"model": "frozen", "backbone": BACKBONE}, "seed": next(seeds)}
        records.store_record(results, config, history, pd.concat([pictures, said], axis=1), 1)

    def claim() -> None:
        with jobs.claim(results / "claimed"):
            pass

    store()
    costs = {"store": statistics.median(seconds(store) for _ in range(STORES)),
             "claim": statistics.median(seconds(claim) for _ in range(STORES))}
    record = records.all_records(results)[0].folder
    return costs | {"record_bytes": sum(path.stat().st_size for path in record.iterdir())}


def training(study, client, seeds) -> float:
    """The seconds of TRIALS trials, none of which is stored."""
    from artpose_lib.train import cluster, jobs

    trials, _ = study.plan(["frozen"], backbones=[BACKBONE], seeds=[next(seeds) for _ in range(TRIALS)])
    planned = [jobs.Job(trial.record.folder, trial.train) for trial in trials]
    return seconds(lambda: list(cluster.run_jobs(client, jobs.attempt, planned)))


def scaling(study, rounds: int) -> tuple[list[float], list[float], dict[str, float]]:
    """Seconds of TRIALS trials on one worker and on two, a number a round, and what messages cost."""
    from artpose_lib.train import cluster

    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    seeds = count(1000)
    with cluster.connect("local:1") as one, cluster.connect("local:2") as two:
        two.wait_for_workers(2)
        for client in (one, two, two):  # warm
            training(study, client, seeds)
        times = [(training(study, one, seeds), training(study, two, seeds)) for _ in range(rounds)]
        sent = messages(study, one)
    alone, together = zip(*times, strict=True)
    return alone, together, sent


if __name__ == "__main__":
    main(measure)
