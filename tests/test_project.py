"""The files around the code: they repeat some facts, and must repeat them alike."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from artpose_lib import __version__

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9_-]+)==([^;\s]+)")


def pins(lines):
    found = dict(match.groups() for line in lines if (match := PIN.search(line)))
    return {name.lower().replace("_", "-"): version for name, version in found.items()}


def asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    others = re.match(r"artpose\[(.*)\]", extras["dev"][0]).group(1).split(",")
    return pins(project["dependencies"] + [line for name in ["dev", *others] for line in extras[name]])


def test_the_conda_environment_has_the_same_pins_with_a_reason_each():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    there = pins(lines)
    expected = asked_for()
    del expected["tensorflow-cpu"]  # conda's form names the package that every platform has
    assert there == expected
    assert all("  # " in line for line in lines if PIN.search(line))


def test_the_lock_holds_every_pin():
    locked = pins((ROOT / "requirements.txt").read_text().splitlines())
    assert asked_for().items() <= locked.items()


def test_the_tests_have_the_jax_of_a_gpu_box():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["gpu"]
    assert f"JAX := {wanted[0].replace('[cuda12]', '')} " in (ROOT / "Makefile").read_text()


def make(folder, *arguments, **pythons):
    """Run make where the `pythons` are all there are: what each says of whether it fits."""
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ncase $1 in -c) exit {pythons.get(name.replace('.', '_'), 1)};; "
                        f"-V) echo Python 3;; *) exit 7;; esac\n")
        path.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (folder / name).write_text((ROOT / name).read_text())
    return subprocess.run(["make", *arguments, "book"], cwd=folder, capture_output=True, text=True, check=False,
                          env={"PATH": f"{folder / 'bin'}:/usr/bin:/bin"})


@pytest.mark.parametrize(("fitting", "taken"), [(("python3", "python3_12"), "python3"),
                                                (("python3_12", "python3_13"), "python3.12")])
def test_make_takes_the_first_python_that_fits_and_says_which(tmp_path, fitting, taken):
    done = make(tmp_path, **dict.fromkeys(fitting, 0))
    assert f".venv is made by {tmp_path}/bin/{taken}, Python 3\n" in done.stdout


@pytest.mark.parametrize(("arguments", "what"), [([], "what is on the path"), (["PYTHON=python3.13"], "python3.13")])
def test_make_without_a_python_that_fits_says_the_way_out(tmp_path, arguments, what):
    done = make(tmp_path, *arguments)
    assert done.returncode == 2 and f"{what} is none: make PYTHON=/path/to/python3.12 book" in done.stdout


def test_the_version_is_the_same_everywhere():
    assert f"version: {__version__}" in (ROOT / "CITATION.cff").read_text()
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_files_that_a_page_links_to_are_there(name):
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text())
    assert all((ROOT / link).is_file() for link in links), links


def test_workflows_run_the_two_commands():
    """What they call must be there; whether GitHub can read them, actionlint tells (see CONTRIBUTING.md)."""
    runs = "".join(path.read_text() for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")))
    assert "run: make pdf" in runs and "run: .ci/run" in runs and "\npdf: " in (ROOT / "Makefile").read_text()
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", version) for version in re.findall(r"uses: \S+@(\S+)", runs))


def test_the_walks_name_functions_that_are_there():
    walks = (ROOT / "CONTRIBUTING.md").read_text().partition("## Three walks")[2].partition("## Rules")[0]
    steps = [line for line in walks.splitlines() if re.match(r"\d+\. ", line)]
    assert len(steps) == 30
    for step in steps:
        source = ""
        for name in re.findall("`([^`]+)`", step):
            if name.endswith(".py"):
                path = ROOT / name if name.startswith("notebooks") else ROOT / "artpose_lib" / name
                source = source + path.read_text()
            else:
                for word in name.split("."):
                    assert re.search(rf"(def|class|import) (.*, )?{word}\b", source), f"{step}: no {word}"
