"""The files around the code: they repeat some facts, and must repeat them alike."""

import re
import tomllib
from pathlib import Path

from artpose_lib import __version__

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9_-]+)==([^;\s]+)")


def pins(lines):
    found = dict(match.groups() for line in lines if (match := PIN.search(line)))
    return {name.lower().replace("_", "-"): version for name, version in found.items()}


def asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return pins(project["dependencies"] + project["optional-dependencies"]["dev"])


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


def test_the_version_is_the_same_everywhere():
    assert f"version: {__version__}" in (ROOT / "CITATION.cff").read_text()
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


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
