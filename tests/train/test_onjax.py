"""Experiments 1 and 2 on JAX, without TensorFlow: what is compiled, once for all trials and once for all processes."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT


def run(colours, results, environment):
    """What `onjax.py` prints, run on one folder of results, in which nothing is trained yet."""
    for kind in ("trials", "features"):
        shutil.rmtree(results / kind, ignore_errors=True)
    done = subprocess.run([sys.executable, ROOT / "tests" / "onjax.py", colours, results], text=True, check=True,
                          env=environment, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def first(colours, results, jax_environment):
    return run(colours, results, jax_environment)


def test_every_program_is_compiled_once_for_all_trials(first):
    """Of the network a forward pass and a step; of the one from scratch, which learns batch normalisation, a step and
    the statistics; of the head, a forward pass and a step."""
    steps = {name: count for name, count in Counter(first["programs"]).items() if "_step" in name}
    assert first["trials"] == 4 and steps == {"jit(train_step)": 3, "jit(predict_step)": 3}
    assert len(first["programs"]) < 60  # small ones, of initial weights for example


def test_batches_that_are_filled_up_train_the_same_network(first):
    assert first["smaller"] == 4  # pictures in the last batch of eight
    filled, as_they_are = first["anew"]
    assert filled == [] and len(as_they_are) > 3
    assert max(first["apart"]) < 1e-5


def test_another_process_compiles_nothing(first, colours, results, jax_environment):
    assert run(colours, results, jax_environment)["programs"] == []


@pytest.mark.slow
def test_chapters_that_train_run_by_plain_papermill(jax_environment, tmp_path):
    """Their paired notebooks as they stand; each trial's line is in the executed notebook and in papermill's log."""
    for name in ("06_experiment_1", "07_experiment_2", "08_what_helps"):
        out = tmp_path / f"{name}.ipynb"
        done = subprocess.run([Path(sys.executable).with_name("papermill"), ROOT / "notebooks" / f"{name}.ipynb", out,
                               "-p", "profile", "smoke", "-p", "results", tmp_path / "results", "--log-output"],
                              env=jax_environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if name.startswith("06"):
            assert "trial 1/3  " in out.read_text() and "trial 1/3  " in done.stderr
            assert "171 artworks" in out.read_text()  # the reference edition, from whichever folder it runs
