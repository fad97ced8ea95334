import importlib.util
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

import artpose_lib  # noqa: F401 - before any test imports Keras: it says with what TensorFlow is to start

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what runs in the background ignore Ctrl-C
# The same examples every time, and none that fails because the machine was busy.
settings.register_profile("artpose", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("artpose")
ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


# Where `make test` puts JAX: not where TensorFlow would find it.
JAX = ROOT / ".venv" / "jax"
# Python runs it at its start. It finds everything else, as if TensorFlow had never been installed.
HIDE = """
import sys
from importlib.machinery import PathFinder

class WithoutTensorFlow(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == "tensorflow" else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTensorFlow
"""


@pytest.fixture(scope="session")
def jax_environment(tmp_path_factory):
    """The variables of a process that has JAX and no TensorFlow, and is told of no backend."""
    if not JAX.is_dir() and importlib.util.find_spec("jax") is None:
        pytest.skip("JAX is not installed")
    hiding = tmp_path_factory.mktemp("hiding")
    (hiding / "sitecustomize.py").write_text(HIDE)
    path = [str(hiding), str(ROOT), str(ROOT / "tests"), str(JAX), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | {
        "PYTHONPATH": os.pathsep.join(path)}


# The files that look at the book or its trials, which take minutes.
BOOK = ("test_book.py", "test_networks.py", "test_lite0.py")
LONGEST = [*BOOK, *(f"test_{name}.py" for name in (
    "collect", "board", "explorer", "audit", "reader", "training", "backbones", "cluster", "onjax", "jobs", "museums",
    "backgrounds", "study", "reference", "classify", "statistics", "material", "final", "classifier", "filters"))]


def pytest_collection_modifyitems(items):
    """The files that take longest come first, so that neither process waits for the other at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep a file's tests in one process, and all that look at the book. (`--dist loadgroup` would be pytest-xdist's
    own way, and 3.8 no longer does it with pytest 9.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return "book" if file.endswith(BOOK) else file

    return ByFile(config, log)


@pytest.fixture(scope="session")
def colours(tmp_path_factory):
    """A folder a class: 3 classes of 12 pictures, each of a colour of its own, so that anything can learn them."""
    folder = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    for name, colour in {"blue": (30, 40, 200), "green": (40, 190, 50), "red": (200, 40, 30)}.items():
        (folder / name).mkdir()
        for number in range(12):
            noise = rng.integers(-30, 30, (40, 30, 3))
            Image.fromarray(np.clip(noise + colour, 0, 255).astype(np.uint8)).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def smoke_results(tmp_path_factory):
    """The folder of results of the profile "smoke" on the drawn pictures, trained once for all that look at it."""
    return tmp_path_factory.mktemp("smoke") / "results"


@pytest.fixture(scope="session")
def pages(tmp_path_factory, smoke_results):
    """The whole book, from a smoke run of every chapter, built with every warning an error."""
    from artpose_lib.report import book

    root = tmp_path_factory.mktemp("report")
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, root)
    for name in ("benchmarks", "book", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("chapters", "maps", "try", ".venv"))
    parameters = {"data": "", "weights": "", "profile": "smoke", "results": str(smoke_results), "classes": "",
                  "cluster": ""}
    assert book.execute_changed(root, parameters) == len(book.chapters(ROOT))
    return book.build(root).parent


def html_pages(pages):
    """The pages that a reader can come to; the theme leaves templates of its own among the static files."""
    return [path for path in sorted(pages.rglob("*.html")) if "_static" not in path.parts]
