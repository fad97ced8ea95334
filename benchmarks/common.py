"""What every benchmark shares: timing two ways in turn, the machine in words, the floor, and the JSON on stdout.

A benchmark is a script `NAME.py` with a function `measure(small) -> dict` that it hands to `main`. What it measures
are comparisons: ratios of two ways to do the same work, larger is better, at least `aim` is wanted.
"""

import argparse
import contextlib
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 5  # each way at least so often; the median counts


def main(measure: Callable[[bool], dict]) -> None:
    """Run one benchmark and print its JSON: what `measure` returns, and when, on what and with what it was taken."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--small", action="store_true", help="does it run at all? The numbers mean nothing")
    small = parser.parse_args().small
    started = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the JSON alone
        found = measure(small)
    report = {"benchmark": Path(sys.argv[0]).stem, "small": small, "date": date.today().isoformat(),
              "minutes": round((time.perf_counter() - started) / 60, 1), "machine": machine(),
              "versions": versions("numpy", "keras", "tensorflow-cpu", "tensorflow")} | found
    print(json.dumps(report, indent=1))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def comparison(name: str, plain: Iterable[float], ours: Iterable[float], aim: float, ways: tuple[str, str],
               unit: str = "seconds", note: str = "") -> dict:
    """One ratio, plain over ours, of what each round took; `low` and `high` are the rounds' extremes.

    Parameters: `plain` and `ours` a number a round, the same rounds; `ways` says in words what the two are.
    """
    plain, ours = list(plain), list(ours)
    ratios = [a / b for a, b in zip(plain, ours, strict=True)]
    found = {"name": name, "ratio": significant(statistics.median(plain) / statistics.median(ours)),
             "low": significant(min(ratios)), "high": significant(max(ratios)), "aim": aim, "unit": unit,
             "plain": {"way": ways[0], "median": significant(statistics.median(plain)), "rounds": len(plain)},
             "ours": {"way": ways[1], "median": significant(statistics.median(ours)), "rounds": len(ours)},
             "note": note}
    say(f"{name}: {found['ratio']} times (aim {aim}), {found['plain']['median']} to {found['ours']['median']} {unit}")
    return found


def significant(value: float, digits: int = 4) -> float:
    return float(f"{value:.{digits}g}")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(*works: Callable[[], object], rounds: int = ROUNDS) -> list[list[float]]:
    """Seconds of each piece of work, a list a piece: a round does them all, one after the other."""
    return [list(times) for times in zip(*([seconds(work) for work in works] for _ in range(rounds)), strict=True)]


class Side:
    """A process that measures one side of a comparison, so that two sides run in turn without sharing a library.

    It is sent a JSON line and answers with one. Both sides are children of the benchmark and end with it.
    """

    def __init__(self, *command: str | Path):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=os.environ | THREADS)

    def ask(self, **question) -> dict:
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{' '.join(map(str, self.process.args))} ended without an answer; see above")
        return json.loads(answer)

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait()


def answer_questions(answer: Callable[..., dict]) -> None:
    """The other end of a `Side`: a process that answers until its parent has no more questions."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    for line in sys.stdin:
        replies.write(json.dumps(answer(**json.loads(line))) + "\n")
        replies.flush()


CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
# The same number of threads for every library, said aloud: TensorFlow and torch choose differently by themselves.
THREADS = {"OMP_NUM_THREADS": str(CORES), "TF_NUM_INTRAOP_THREADS": str(CORES), "TF_NUM_INTEROP_THREADS": str(CORES),
           "TF_CPP_MIN_LOG_LEVEL": "3"}


def machine() -> dict:
    """The class of machine: processor, cores, memory, and what it has for low precision. No names of hosts."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    flags = _cpuinfo("flags").split()
    wanted = {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}
    return {"processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
            "family": f"{_cpuinfo('cpu family')}/{_cpuinfo('model')}", "cores": CORES, "threads": CORES,
            "memory_gib": round(memory), "system": f"{platform.system()} {platform.machine()}",
            "instructions": sorted(wanted & set(flags))}


def _cpuinfo(key: str) -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(rf"^{key}\s*: (.*)$", path.read_text(), re.M) if path.exists() else None
    return found.group(1).strip() if found else ""


def versions(*packages: str) -> dict[str, str]:
    """Of those that are installed, and Python's."""
    found = {"python": platform.python_version()}
    for package in packages:
        with contextlib.suppress(ModuleNotFoundError):
            found[package] = version(package)
    return found


def matmul_rate(multiply: Callable[[], object], side: int, rounds: int = ROUNDS) -> float:
    """Operations a second, in 1e9, that a product of two square matrices reaches: the best of some rounds.

    `multiply` does one product of `side` x `side` matrices and waits for it.
    """
    multiply()
    return significant(2 * side**3 / min(seconds(multiply) for _ in range(rounds)) / 1e9)


def processor_rate(side: int = 4096) -> float:
    """What TensorFlow's float32 matrix product reaches here, in 1e9 operations a second: the floor of all training."""
    import artpose_lib  # noqa: F401, I001 - before TensorFlow: it says with what TensorFlow is to start
    import tensorflow as tf

    matrix = tf.random.normal((side, side))
    return matmul_rate(lambda: tf.linalg.matmul(matrix, matrix).numpy(), side)


def forward_gflop(model) -> float:
    """1e9 operations of one picture's way through a Keras model: two for each product in convolutions and Dense.

    A training step takes about three times as many: forward, and the gradients by weights and by inputs.
    """
    total = 0
    for layer in model.layers:
        kernels = [weight.shape for weight in layer.trainable_weights + layer.non_trainable_weights
                   if weight.path.endswith("kernel")]
        places = math.prod(layer.output.shape[1:-1]) if kernels else 0  # of a Dense layer's output: 1
        total += 2 * places * sum(math.prod(shape) for shape in kernels)
    return significant(total / 1e9)
