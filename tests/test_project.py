"""The files around the code: they repeat some facts, and must repeat them alike."""

import ast
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


def modules_in_order():
    said = re.search(r"only from those before it: ([^.]+)\.", (ROOT / "CONTRIBUTING.md").read_text()).group(1)
    return re.findall(r"\w+", said)


def test_a_module_imports_only_from_those_before_it():
    order = modules_in_order()
    for module in order:
        path = ROOT / "artpose_lib" / f"{module}.py"
        for node in ast.walk(ast.parse(path.read_text())) if path.exists() else []:
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("artpose_lib"):
                continue
            _, _, inside = node.module.partition(".")
            for name in [inside.split(".")[0]] if inside else [alias.name for alias in node.names]:
                assert name not in order or order.index(name) < order.index(module), f"{module} imports {name}"


def test_the_order_of_modules_names_them_all():
    there = {path.stem for path in (ROOT / "artpose_lib").glob("*.py")} | {"synthetic"}
    assert there - set(modules_in_order()) == {"__init__", "efficientnet_lite", "sphinx_ext"}
