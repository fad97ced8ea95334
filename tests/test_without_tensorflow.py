"""On JAX nothing needs TensorFlow: it is hidden from processes that import the library, train, and run chapters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

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
TRAIN = """
import importlib, pkgutil, sys
import artpose_lib
for module in pkgutil.walk_packages(artpose_lib.__path__, "artpose_lib."):
    importlib.import_module(module.name)

import standin
from artpose_lib.model import classifier
from artpose_lib.train.study import open_study

classifier.build_classifier = lambda name, classes, size, *_: standin.network(size)
study = open_study(sys.argv[1], profile="smoke", results=sys.argv[2])
(record,) = study.train("baseline", backbones=[standin.LITE]).records
print(record.facts["versions"]["jax"], record.describe())
"""


@pytest.fixture
def environment(jax_environment, tmp_path):
    """Variables of a process that has no TensorFlow, and no word about which backend to take."""
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    return jax_environment | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{jax_environment['PYTHONPATH']}"}


def test_all_modules_are_imported_and_a_trial_is_trained_on_jax(environment, colours, tmp_path):
    done = subprocess.run([sys.executable, "-c", TRAIN, colours, tmp_path / "results"], env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "baseline EfficientNet-Lite0 seed 40: 3 epochs" in done.stdout


@pytest.mark.slow
def test_chapters_that_train_run_by_plain_papermill_on_jax(environment, tmp_path):
    """Their paired notebooks as they stand; each trial's line is in the executed notebook and in papermill's log."""
    for name in ("06_experiment_1", "07_experiment_2", "08_what_helps"):
        out = tmp_path / f"{name}.ipynb"
        done = subprocess.run([Path(sys.executable).with_name("papermill"), ROOT / "notebooks" / f"{name}.ipynb", out,
                               "-p", "profile", "smoke", "-p", "results", tmp_path / "results", "--log-output"],
                              env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if name.startswith("06"):
            assert "trial 1/3  " in out.read_text() and "trial 1/3  " in done.stderr
