"""A GPU box in one command within ten minutes: `python benchmarks/gpu.py [--small] [--minutes 10]`.

For JAX and TensorFlow, whichever are installed, in float32 and mixed_bfloat16:
- pictures a second of each backbone's training step, at the recipe's batch and at a large one, against the chip's
  measured matrix product;
- how much a step waits on the host: our batches against one that lies on the device already;
- whether two trainings of one seed end with the same weights, with and without ARTPOSE_DETERMINISTIC;
- the wall time of the thesis' experiments 1 and 2, worked out from these.

Each case is a process of its own, the most telling first; what the time does not allow is named. Without a GPU only
`--small` makes sense: it tells that the script runs.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from datetime import date
from statistics import median

from common import ROUNDS, forward_gflop, machine, matmul_rate, say, seconds, significant, versions

BACKBONES = ("ResNet50", "VGG16", "Xception", "EfficientNet-Lite0")
CASES = [(backend, precision) for precision in ("mixed_bfloat16", "float32") for backend in ("jax", "tensorflow")]
LARGE_BATCH = 128
CLASSES, STEPS = 6, 20  # a round has so many steps: what it takes to start one must not count
# The thesis' two experiments: the training and validation parts of 900 pictures; 1,000, and SMOTE and imgaug.
PICTURES = {1: (720, 90), 2: (1944, 150)}
MODELS = {1: ("baseline", "frozen", "finetuned"), 2: ("finetuned_aug",)}


def parent(small: bool, minutes: float) -> dict:
    """Every case in a process of its own, until the minutes are up."""
    deadline = time.monotonic() + 60 * minutes
    cases, left_out = [], []
    for backend, precision in CASES:
        if not importlib.util.find_spec(backend):
            left_out.append(f"{backend}: not installed")
            continue
        for backbone in BACKBONES[-1:] if small else BACKBONES:
            what = {"backbone": backbone, "precision": precision, "small": small}
            cases.append(child(backend, what, deadline, left_out))
        if precision == CASES[0][1]:
            what = {"repeat": True, "precision": precision, "small": small}
            cases += [child(backend, what, deadline, left_out),
                      child(backend, what, deadline, left_out, ARTPOSE_DETERMINISTIC="1")]
    found = [case for case in cases if case]
    return {"benchmark": "gpu", "small": small, "date": date.today().isoformat(), "machine": machine(),
            "versions": versions("keras", "jax", "jaxlib", "tensorflow", "tensorflow-cpu"), "cases": found,
            "left_out": left_out, "experiments": [experiments(*case, found) for case in CASES]}


def child(backend: str, what: dict, deadline: float, left_out: list[str], **variables: str) -> dict | None:
    left = deadline - time.monotonic()
    name = " ".join(str(value) for value in (backend, what.get("backbone", "same seed twice"), what["precision"],
                                             *variables))
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"} | variables
    try:
        started = time.monotonic()
        done = subprocess.run([sys.executable, __file__, "--case", json.dumps(what)], env=environment,
                              stdout=subprocess.PIPE, text=True, timeout=max(1, left), check=True)
        say(f"{name}: {time.monotonic() - started:.0f} s")
        return {"backend": backend} | what | variables | json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        left_out.append(f"{name}: {'no time left' if isinstance(error, subprocess.TimeoutExpired) else 'failed'}")
        say(left_out[-1])


def network(backbone: str, precision: str, small: bool):
    """The trainer of a fine-tuning step and the recipe behind it, compiled as trials are."""
    from artpose_lib.model import classifier
    from artpose_lib.model.backbones import BACKBONES as REGISTRY
    from artpose_lib.train import training
    from artpose_lib.train.recipes import find_recipe

    size = 32 if small else REGISTRY[backbone].input_size
    trainer = training.build_trainer(backbone, CLASSES, size, precision=precision)
    classifier.set_trainable(trainer.model, "finetuned", pretrained=True)
    return trainer, size, find_recipe("finetuned", backbone)


def measure(backbone: str, precision: str, small: bool) -> dict:
    """Pictures a second at each batch size, and the chip's own rate in this precision."""
    import keras

    trainer, size, recipe = network(backbone, precision, small)
    side = 256 if small else 8192
    matrix = keras.ops.cast(keras.random.normal((side, side)), precision.removeprefix("mixed_"))
    # One number fetched is the whole product waited for; as float32, since NumPy knows no bfloat16.
    product = matmul_rate(lambda: float(keras.ops.cast(keras.ops.matmul(matrix, matrix)[0, 0], "float32")), side)
    batches = [8] if small else sorted({recipe.batch_size, LARGE_BATCH})
    gflop = forward_gflop(trainer.model)
    rates = {}
    for batch in batches:
        try:
            rates[batch] = batch_rates(trainer, recipe, batch, size, small)
        except Exception as error:  # each backend has its own for "out of memory"
            rates[batch] = {"failed": str(error).splitlines()[0][:200]}
            continue
        rates[batch]["share_of_matmul"] = significant(3 * gflop * rates[batch]["training"] / product)
    return {"device": device(), "size": size, "recipe_batch": batches[0] if small else recipe.batch_size,
            "matmul_gflops": product, "gflop_a_picture": gflop, "rates": rates}


def batch_rates(trainer, recipe, batch: int, size: int, small: bool) -> dict:
    """Pictures a second: `training` by our batches, `on_device` by one that is there already, `forward`."""
    import keras
    import numpy as np

    from artpose_lib.train.training import Batches, Part

    steps, rounds = (2, 1) if small else (STEPS, ROUNDS)
    count = batch * steps
    pictures = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    part = Part(pictures, np.arange(count) % CLASSES)
    trainer.compile()
    ours = Batches(part, CLASSES, batch, None, 0)
    ready = tuple(keras.ops.convert_to_tensor(array) for array in ours[0])

    class Ready(keras.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index):
            return ready

    def fit(batches):
        trainer.model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)

    def forward():
        trainer.model.predict(pictures, batch_size=batch, verbose=0)

    first = seconds(lambda: fit(ours))
    forward()
    times = [(seconds(lambda: fit(ours)), seconds(lambda: fit(Ready())), seconds(forward)) for _ in range(rounds)]
    training, on_device, predicted = (count / median(column) for column in zip(*times, strict=True))
    return {"first_epoch_seconds": significant(first), "training": significant(training),
            "on_device": significant(on_device), "forward": significant(predicted),
            "share_not_waiting": significant(min(1.0, training / on_device))}


def repeat(precision: str, small: bool) -> dict:
    """Train twice by one seed; tell by how much the weights part, and what a step took."""
    import numpy as np

    from artpose_lib.train.training import Part

    trainer, size, recipe = network(BACKBONES[-1] if small else "ResNet50", precision, small)
    count = 16 if small else 8 * recipe.batch_size
    pictures = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    part = Part(pictures, np.arange(count) % CLASSES)
    ends, times = [], []
    for _ in range(3):  # the first compiles
        trainer.reset(40, random_weights=True)
        times.append(seconds(lambda: trainer.fit(part, Part(pictures[:8], part.y[:8]), recipe, recipe.phases[0], 1,
                                                 None, 40)))
        ends.append(trainer.model.get_weights())
    apart = max(float(np.abs(a - b).max()) for a, b in zip(ends[1], ends[2], strict=True))
    return {"same_weights": apart == 0, "largest_difference": apart, "epoch_seconds": significant(min(times[1:]))}


def device() -> str:
    import keras

    return ", ".join(keras.distribution.list_devices())


def experiments(backend: str, precision: str, cases: list[dict]) -> dict:
    """Hours of experiments 1 and 2, five trials each, from the rates at the recipes' own batches.

    As many epochs as the tables allow at most: patience only shortens them. A frozen phase is one forward pass.
    """
    from artpose_lib.train.recipes import RECIPES, SEEDS, plan_rates

    measured = {case["backbone"]: case["rates"][str(case["recipe_batch"])] for case in cases
                if (case["backend"], case["precision"]) == (backend, precision) and "rates" in case}
    rates = {backbone: rate for backbone, rate in measured.items() if "failed" not in rate}
    hours = {}
    for number, (train, held_out) in PICTURES.items():
        total = 0.0
        for model in MODELS[number]:
            for backbone, rate in rates.items():
                plan = RECIPES[model, backbone]
                lengths = plan_rates(plan).groupby("phase").size()
                for phase, epochs in zip(plan.phases, lengths, strict=False):
                    forward = (train + held_out) / rate["forward"]
                    epoch = train / rate["training"] + held_out / rate["forward"]
                    total += len(SEEDS) * (forward if phase.layers == "frozen" else epochs * epoch)
        hours[f"experiment {number}"] = significant(total / 3600)
    return {"backend": backend, "precision": precision, "backbones": sorted(rates), "hours_at_most": hours}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="does it run at all? The numbers mean nothing")
    parser.add_argument("--minutes", type=float, default=9.5, help="no case goes on for longer than this")
    parser.add_argument("--case", help=argparse.SUPPRESS)  # one case, for the processes that this one starts
    arguments = parser.parse_args()
    with contextlib.redirect_stdout(sys.stderr):
        if arguments.case:
            case = json.loads(arguments.case)
            found = repeat(**case) if case.pop("repeat", False) else measure(**case)
        else:
            found = parent(arguments.small, arguments.minutes)
    print(json.dumps(found, indent=None if arguments.case else 1))
