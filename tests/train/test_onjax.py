"""What JAX compiles for Experiments 1 and 2, once for all trials and once for all processes."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")


def run(colours, results):
    """What `onjax.py` prints, run on one folder of results, in which nothing is trained yet."""
    for kind in ("trials", "features"):
        shutil.rmtree(results / kind, ignore_errors=True)
    where = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, ROOT / "tests" / "onjax.py", colours, results], text=True, check=True,
                          env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": where}, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def first(colours, results):
    return run(colours, results)


def test_every_program_is_compiled_once_for_all_trials(first):
    """Of the network a forward pass and a step; of the one from scratch, which learns batch normalisation, a step for
    each of its two sizes of a batch and the statistics; of the head, a forward pass and a step."""
    steps = {name: count for name, count in Counter(first["programs"]).items() if "_step" in name}
    assert first["trials"] == 4 and steps == {"jit(train_step)": 3, "jit(predict_step)": 3}
    assert len(first["programs"]) < 60  # small ones, of initial weights for example


def test_batches_that_are_filled_up_train_the_same_network(first):
    assert first["smaller"] == 4  # pictures in the last batch of eight
    assert first["apart"] < 1e-5


def test_another_process_compiles_nothing(first, colours, results):
    assert run(colours, results)["programs"] == []
