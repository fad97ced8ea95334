"""The thesis on a GPU box, run and timed within ten minutes: `python benchmarks/gpu.py --data DIR [--weights DIR]`.

In turn, as far as the minutes go; what they do not allow is named:
- `first`: Experiments 1 and 2 whole, on the pictures of --data, several trials at a time (--workers);
- `second`: a trial of each model again, in another folder, with the programs that the first run compiled;
- `steps`: each network's training step, in both precisions, against the chip's matrix product, and in float32 with
  ARTPOSE_DETERMINISTIC=1;
- `drawings`: the same two experiments on 1,000 drawings;
- `agreement`: how far the trials agree with stored ones of the same name (--records, a folder of trials).

Each is a process of its own, on Keras' backend of the environment. The JSON goes to benchmarks/results/gpu.json, which
the appendix on speed shows; with `--small`, which tells that the script runs, to stdout alone.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

from common import ROUNDS, forward_gflop, machine, matmul_rate, say, seconds, significant, versions

RESULT = Path(__file__).with_name("results") / "gpu.json"
BACKBONES = ("VGG16", "Xception", "ResNet50", "EfficientNet-Lite0")
MODELS = ("frozen", "finetuned", "finetuned_aug", "baseline")
CLASSES, STEPS = 6, 20  # a round has so many steps: what it takes to start one must not count


def measure(small: bool, minutes: float, data: str, weights: str, results: Path, stored: str, workers: int) -> dict:
    deadline, left_out = time.monotonic() + 60 * minutes, []
    study = {"data": data, "weights": weights, "profile": "smoke" if small else "thesis",
             "models": MODELS[:2 if small else None], "cluster": f"local:{workers}" if workers else "local"}

    def run(part: str, name: str, variables: dict[str, str] | None = None, **what) -> dict:
        """What a part finds in a process of its own, which ends with all of its workers when the time is up."""
        started, environment = time.monotonic(), os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | (variables or {})
        process = subprocess.Popen([sys.executable, __file__, "--part", json.dumps({"part": part} | what)], text=True,
                                   env=environment, stdout=subprocess.PIPE, start_new_session=True)
        try:
            told = process.communicate(timeout=max(1, deadline - started))[0]
        except subprocess.TimeoutExpired:
            told = ""
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if not told or process.returncode:
            left_out.append(f"{name}: {'the time was up' if time.monotonic() > deadline else 'failed'}")
        say(f"{name}: {time.monotonic() - started:.0f} s")
        return json.loads(told.splitlines()[-1]) if told and not process.returncode else {}

    def train(name: str, more: dict, variables: dict[str, str] | None = None) -> dict:
        own, started = results / name, time.monotonic()
        found = run("train", name, variables, **study | {"results": str(own)} | more)
        compiled = {path.name for folder in (own, results / "first") for path in folder.glob("compiled/*-cache")}
        fresh = len(compiled - known)
        known.update(compiled)
        return {"trials": len(list(own.glob("trials/[!.]*/record.json"))), "whole": bool(found), "compiled": fresh,
                "seconds": significant(time.monotonic() - started)} | found

    known: set[str] = set()
    found = {"first": train("first", {}),
             "second": train("second", {"seeds": [40]}, {"JAX_COMPILATION_CACHE_DIR": str(results / "first/compiled"),
                                                         "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"})}
    ways = [({}, "float32"), ({}, "mixed_bfloat16"), ({"ARTPOSE_DETERMINISTIC": "1"}, "float32")]
    found["steps"] = [
        {"backbone": backbone, "precision": precision, "deterministic": bool(variables)} | step
        for variables, precision in ways for backbone in (BACKBONES[-1:] if small else BACKBONES)
        if (step := run("step", " ".join([backbone, precision, *variables]), variables, backbone=backbone,
                        precision=precision, small=small))]
    if data:
        found["drawings"] = train("drawings", {"data": ""})
    found["agreement"] = compare(results / "first", Path(stored)) if stored else []
    return found | {"left_out": left_out}


def train(models: list[str], results: str, cluster: str, seeds: list[int] | None = None, **study) -> dict:
    """Train the trials of some models on a cluster. Returns how many workers it had, and pictures there are."""
    from artpose_lib.train.cluster import connect, open_cluster
    from artpose_lib.train.study import open_study

    with open_cluster(cluster) as address:
        opened = open_study(**study, results=results, cluster=address)
        with connect(address) as client:
            workers = len(client.scheduler_info(n_workers=-1)["workers"])
        opened.train(*models, seeds=seeds)
    return {"workers": workers, "pictures": len(opened.dataset)}


def step(backbone: str, precision: str, small: bool) -> dict:
    """Pictures a second of a fine-tuning step as trials take it, and its share of the chip's own rate."""
    import keras
    import numpy as np

    from artpose_lib.model import classifier
    from artpose_lib.model.backbones import BACKBONES as REGISTRY
    from artpose_lib.train import training
    from artpose_lib.train.recipes import find_recipe

    size, batch = (32, 8) if small else (REGISTRY[backbone].input_size, find_recipe("finetuned", backbone).batch_size)
    steps, rounds, side = (2, 1, 256) if small else (STEPS, ROUNDS, 8192)
    trainer = training.build_trainer(backbone, CLASSES, size, precision=precision)
    classifier.set_trainable(trainer.model, "finetuned", pretrained=True)
    trainer.compile()
    pictures = np.random.default_rng(0).integers(0, 256, (batch * steps, size, size, 3), dtype=np.uint8)
    batches = training.Batches(training.Part(pictures, np.arange(len(pictures)) % CLASSES), CLASSES, batch, None, 0,
                               trainer.fill)

    def fit() -> None:
        trainer.learner.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)

    first = seconds(fit)
    rate = len(pictures) / median(seconds(fit) for _ in range(rounds))
    matrix = keras.ops.cast(keras.random.normal((side, side)), precision.removeprefix("mixed_"))
    # One number fetched is the whole product waited for; as float32, since NumPy knows no bfloat16.
    product = matmul_rate(lambda: float(keras.ops.cast(keras.ops.matmul(matrix, matrix)[0, 0], "float32")), side)
    return {"size": size, "batch": batch, "first_epoch_seconds": significant(first), "pictures_a_second":
            significant(rate), "matmul_gflops": product, "share": significant(3 * forward_gflop(trainer.model) * rate
                                                                              / product)}


def compare(results: Path, stored: Path) -> list[dict]:
    """A row a model and backbone: how far trials agree with the stored ones of the same name, hence of one protocol."""
    import numpy as np

    from artpose_lib.train.records import Record, all_records, likeliest_class

    rows: dict[tuple[str, str], list] = {}
    for record in all_records(results):
        there = Record(stored / "trials" / record.folder.name)
        if there.folder.exists():
            asked = [likeliest_class(one.predictions.set_index(["part", "file_name"]).sort_index())
                     for one in (record, there)]
            rows.setdefault((record.names["model"], record.names["backbone"]), []).append(
                (record.facts["test_accuracy"], there.facts["test_accuracy"], (asked[0] == asked[1]).mean()))
    means = {key: map(significant, np.mean(np.array(own, float), axis=0)) for key, own in rows.items()}
    return [{"model": model, "backbone": backbone, "trials": len(rows[model, backbone])} | dict(zip(
        ("here", "stored", "same_answers"), own, strict=True)) for (model, backbone), own in means.items()]


def name_gpus() -> str:
    try:
        return subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True,
                              text=True, check=True).stdout.strip().replace("\n", ", ")
    except (OSError, subprocess.SubprocessError):
        return ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="", help="a folder of pictures (default: drawings)")
    parser.add_argument("--weights", default="", help="a folder of ImageNet weight files")
    parser.add_argument("--results", default="", help="keep the trials in a new folder, to export them")
    parser.add_argument("--records", default="", help="a folder of stored trials to compare with")
    parser.add_argument("--workers", type=int, default=0, help="trials at a time (default: as memory and cores allow)")
    parser.add_argument("--minutes", type=float, default=9.5, help="nothing goes on for longer than this")
    parser.add_argument("--small", action="store_true", help="does it run at all? The numbers mean nothing")
    parser.add_argument("--part", help=argparse.SUPPRESS)  # for the processes that this one starts
    arguments = parser.parse_args()
    if arguments.part:
        answers, what = os.fdopen(os.dup(1), "w"), json.loads(arguments.part)
        os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
        print(json.dumps({"train": train, "step": step}[what.pop("part")](**what)), file=answers)
        sys.exit()
    with tempfile.TemporaryDirectory() as temporary:
        kept = Path(arguments.results or temporary).absolute()
        found = measure(arguments.small, arguments.minutes, arguments.data, arguments.weights, kept,
                        arguments.records, arguments.workers)
    import artpose_lib  # noqa: F401 - it chooses the backend

    report = json.dumps({"benchmark": "gpu", "small": arguments.small, "date": date.today().isoformat(),
                         "machine": machine() | {"gpu": name_gpus()}, "backend": os.environ["KERAS_BACKEND"],
                         "versions": versions("keras", "jax", "tensorflow", "tensorflow-cpu"), "comparisons": []}
                        | found, indent=1)
    print(report)
    if not arguments.small:
        RESULT.write_text(report + "\n", encoding="utf-8")
        if arguments.results and arguments.data:
            say(f"To keep these trials as a reference edition:\n  artpose reference export --data {arguments.data} "
                f"--weights {arguments.weights or 'DIR'} --results {kept / 'first'} --out book/reference")
