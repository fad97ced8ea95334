"""What a machine has for the report, what it lacks, and the line that mends it."""

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from artpose_lib import __version__
from artpose_lib.model import blazepose
from artpose_lib.model.backbones import BACKBONES, WeightsMissing, weights_source
from artpose_lib.report.book import ChapterError, find_browser
from artpose_lib.train.machine import count_workers, find_gpus, measure_machine
from artpose_lib.train.recipes import PRECISIONS

BACKENDS = ("tensorflow", "jax")  # of Keras, that chapters run on
ROOM = 3 * 2**30  # bytes: networks that are kept (0.8 GB), 1,000 drawings, features, compiled programs


class Finding(NamedTuple):
    """One line of `examine`."""

    name: str
    found: str  # what there is
    lacks: str = ""  # what is missing, for what, and what mends it
    needed: bool = False  # whether nothing can be trained without


def examine(weights: str | None, results: Path) -> Iterator[Finding]:
    """Look at this machine as a run with these folders would. Weights that a run would download are downloaded."""
    yield Finding("Python", f"{platform.python_version()}, artpose {__version__} in {Path(__file__).parents[2]}")
    yield _compare_packages()
    yield _import("OpenCV", "cv2", "to augment", f"{_install()} --force-reinstall --no-deps opencv-python-headless")
    yield from _examine_backend()
    precision = os.environ.get("ARTPOSE_PRECISION") or PRECISIONS[0]
    unknown = "" if precision in PRECISIONS else f"ARTPOSE_PRECISION is one of {', '.join(PRECISIONS)}"
    yield Finding("Precision", precision, unknown, bool(unknown))
    (cores, memory), (gpus, gpu_memory) = measure_machine(), find_gpus()
    yield Finding("Trials at a time", f"{count_workers(cores, memory, len(gpus), gpu_memory)} with --cluster local, on "
                  f"{cores} cores and {memory / 2**30:.0f} GiB")
    there = next(one for one in (results, *results.parents) if one.exists())
    free, written = shutil.disk_usage(there).free, os.access(there, os.W_OK)
    yield Finding("Disk", f"{free / 2**30:.0f} GiB free for {results}", "" if written and free > ROOM else (
        f"the profile thesis may need {ROOM / 2**30:.0f} GiB" if written else f"{there} cannot be written")
        + ": name another folder with --results", not written)
    for name in BACKBONES:
        try:
            yield Finding(name, weights_source(name, weights))
        except (WeightsMissing, ValueError) as error:
            yield Finding(name, "no weights", str(error))
    fault = blazepose.find_fault(weights)
    yield Finding("BlazePose", "not ready" if fault else "ready", fault and f"For boxes around figures. {fault}")
    try:
        yield Finding("Browser", find_browser())
    except ChapterError as error:
        yield Finding("Browser", "none", f"for a PDF and for figures on paper: apt install chromium ({error})")
    yield _import("Dask", "distributed", "for --cluster", f'{_install()} -e ".[cluster]"')


def _examine_backend() -> Iterator[Finding]:
    """Keras' backend, and the devices that it sees."""
    chosen, install = os.environ["KERAS_BACKEND"], _install()
    others = [name for name in BACKENDS if name != chosen and find_spec(name)]
    mend = (f"set KERAS_BACKEND={others[0]}, which is here" if others else
            f'{install} -e ".[tensorflow]", on a GPU box {install} -e ".[gpu]"')
    backend = (_import("Backend", chosen, "to train and to classify", mend) if chosen in BACKENDS else
               Finding("Backend", chosen, f"chapters run on {' or '.join(BACKENDS)}: {mend}"))
    yield backend._replace(needed=bool(backend.lacks))
    gpus, memory = find_gpus()
    devices = "none" if backend.lacks else _list_devices()
    unseen = f'{chosen} does not see the GPU: {install} -e ".[gpu]"' + "; set KERAS_BACKEND=jax" * (chosen != "jax")
    yield Finding("Devices", devices + f"; GPU {', '.join(gpus)} with {memory / 2**30:.0f} GiB free" * bool(gpus),
                  unseen if gpus and "gpu" not in devices.lower() else "")


def _list_devices() -> str:
    try:
        import keras

        return ", ".join(keras.distribution.list_devices())
    except Exception as error:  # a driver that is too old, or a library that does not fit
        return f"none ({str(error).splitlines()[0]})"


def _import(name: str, module: str, why: str, mend: str) -> Finding:
    """Whether a module can be imported, not only found."""
    try:
        found = importlib.import_module(module)
        return Finding(name, f"{module} {found.__version__}")
    except ImportError as error:
        return Finding(name, f"no {module} ({error})", f"{why}: {mend}".removesuffix(": "))


def _compare_packages() -> Finding:
    """How many of the packages that the project pins are here in that version."""
    asked = map(Requirement, requires("artpose"))
    pinned = [one for one in asked if not one.marker or one.marker.evaluate({"extra": ""})]
    others = [one.name for one in pinned if not one.specifier.contains(_find_version(one.name) or "0")]
    return Finding("Packages", f"{len(pinned) - len(others)} of {len(pinned)} as pinned", others and
                   f"other or no versions of {', '.join(others)}, so numbers may differ: {_install()} -e ." or "")


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _install() -> str:
    """How packages are installed here: by uv, which `make` brings, else by pip."""
    uv = Path(sys.executable).with_name("uv")
    return f"{uv} pip install" if uv.exists() else f"{sys.executable} -m pip install"
