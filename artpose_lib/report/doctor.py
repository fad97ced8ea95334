"""What a machine has for the report, what it lacks, and the line that mends it."""

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import distributions, requires
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from artpose_lib import __version__
from artpose_lib.model import blazepose
from artpose_lib.model.backbones import BACKBONES, weights_source
from artpose_lib.report.book import find_browser
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
    uv, backend, (gpus, gpu_memory) = Path(sys.executable).with_name("uv"), os.environ["KERAS_BACKEND"], find_gpus()
    install = f"{uv} pip install" if uv.exists() else f"{sys.executable} -m pip install"  # `make` brings uv
    yield Finding("Python", f"{platform.python_version()}, artpose {__version__} in {Path(__file__).parents[2]}")
    count, others = _compare_packages()
    yield Finding("Packages", f"{count - len(others)} of {count} as pinned", others and (
        f"other or no versions of {', '.join(others)}, so numbers may differ: {install} -e .") or "")
    yield _try("OpenCV", partial(_import, "cv2"),
               f"to augment: {install} --force-reinstall --no-deps opencv-python-headless")
    other = next((name for name in BACKENDS if name != backend and find_spec(name)), "")
    mend = f"chapters run on {' or '.join(BACKENDS)}: " + (
        f"set KERAS_BACKEND={other}, which is here" if other else
        f'{install} -e ".[tensorflow]", on a GPU box {install} -e ".[gpu]"')
    yield (_try("Backend", partial(_import, backend), mend, needed=True) if backend in BACKENDS else
           Finding("Backend", backend, mend, needed=True))
    devices = _try("Devices", _list_devices)
    unseen = f'{backend} does not see the GPU: {install} -e ".[gpu]"' + "; set KERAS_BACKEND=jax" * (backend != "jax")
    yield devices._replace(
        found=devices.found + f"; GPU {', '.join(gpus)} with {gpu_memory / 2**30:.0f} GiB free" * bool(gpus),
        lacks=unseen if gpus and "gpu" not in devices.found.lower() else devices.lacks)
    precision = os.environ.get("ARTPOSE_PRECISION") or PRECISIONS[0]
    unknown = "" if precision in PRECISIONS else f"ARTPOSE_PRECISION is one of {', '.join(PRECISIONS)}"
    yield Finding("Precision", precision, unknown, bool(unknown))
    cores, memory = measure_machine()
    yield Finding("Trials at a time", f"{count_workers(cores, memory, len(gpus), gpu_memory)} with --cluster local, on "
                  f"{cores} cores and {memory / 2**30:.0f} GiB")
    there = next(one for one in (results, *results.parents) if one.exists())
    free, written = shutil.disk_usage(there).free, os.access(there, os.W_OK)
    small = f"the profile thesis may need {ROOM / 2**30:.0f} GiB" * (free < ROOM)
    fault = small if written else f"{there} cannot be written"
    yield Finding("Disk", f"{free / 2**30:.0f} GiB free for {results}",
                  fault and f"{fault}: name another folder with --results", not written)
    for name in BACKBONES:
        yield _try(name, partial(weights_source, name, weights))
    fault = blazepose.find_fault(weights)
    yield Finding("BlazePose", "not ready" if fault else "ready", fault and f"For boxes around figures. {fault}")
    yield _try("Browser", find_browser, "for a PDF and for figures on paper: apt install chromium")
    yield _try("Dask", partial(_import, "distributed"), f'for --cluster: {install} -e ".[cluster]"')


def _try(name: str, look: Callable[[], str], mend: str = "", needed: bool = False) -> Finding:
    """What `look` finds; where it raises, what mends that, or the error's own words."""
    try:
        return Finding(name, look())
    except Exception as error:  # also of a library or a driver that does not fit
        return Finding(name, f"none ({str(error).splitlines()[0]})" if mend else "none", mend or str(error), needed)


def _import(module: str) -> str:
    return f"{module} {importlib.import_module(module).__version__}"


def _list_devices() -> str:
    import keras

    return ", ".join(keras.distribution.list_devices())


def _compare_packages() -> tuple[int, list[str]]:
    """How many packages the project pins, and those of them that are not here in that version."""
    here = {canonicalize_name(one.name): one.version for one in distributions()}
    asked = map(Requirement, requires("artpose"))
    pinned = [one for one in asked if not one.marker or one.marker.evaluate({"extra": ""})]
    others = [one.name for one in pinned if not one.specifier.contains(here.get(canonicalize_name(one.name), "0"))]
    return len(pinned), others
