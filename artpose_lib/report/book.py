"""Chapters through papermill, and the book through Jupyter Book."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat

from artpose_lib.files import say

FINGERPRINT = "artpose_fingerprint"  # where an executed notebook's metadata says what it was made from


class ChapterError(RuntimeError):
    """A chapter or a parameter that does not exist, a chapter that stopped, a book that Sphinx refused."""


def book_root() -> Path:
    """The folder of the report: the nearest one upwards that holds _toc.yml and notebooks/.

    Raises ChapterError where there is none, since the installed package alone carries no chapters.
    """
    for folder in [Path.cwd(), *Path.cwd().parents]:
        if (folder / "_toc.yml").is_file() and (folder / "notebooks").is_dir():
            return folder
    raise ChapterError(f"{Path.cwd()}: no _toc.yml and notebooks/ here or above; run artpose in a clone of the report")


def chapters(root: Path) -> list[Path]:
    """The chapters' sources, in order."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.py"))


def find_chapters(root: Path, names: list[str]) -> list[Path]:
    """The chapters that `names` mean: a number ("4", "04") or a file's stem. Raises ChapterError for any other."""
    there = {path.stem: path for path in chapters(root)}
    by_number = {path.stem[:2]: path for path in there.values()}
    found = []
    for name in names:
        path = there.get(name.removesuffix(".py")) or by_number.get(name.zfill(2))
        if path is None:
            raise ChapterError(f'no chapter "{name}"; there are {", ".join(there)}')
        found.append(path)
    return found


def parameters_of(chapter: Path) -> dict[str, object]:
    """The names and defaults of a chapter's `parameters` cell, which holds plain assignments of literals."""
    notebook = jupytext.read(chapter)
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    names: dict[str, object] = {}
    exec(compile(cell.source, str(chapter), "exec"), {}, names)  # our own source file, not a reader's input
    return names


def typed_parameters(chapter: Path, given: dict[str, str]) -> dict[str, object]:
    """Parameters from the command line, each in the type of the chapter's default.

    Raises ChapterError for a name that the chapter does not have (papermill itself only prints a line) and for a
    value that is not of the type.
    """
    defaults = parameters_of(chapter)
    typed = {}
    for name, value in given.items():
        if name not in defaults:
            raise ChapterError(f'{chapter.stem} has no parameter "{name}"; it has {", ".join(defaults)}')
        try:
            typed[name] = type(defaults[name])(value)
        except ValueError:
            kind = type(defaults[name]).__name__
            raise ChapterError(f'{chapter.stem}: parameter {name} is of type {kind}, and "{value}" is not') from None
    return typed


def fingerprint(chapter: Path, parameters: dict[str, object]) -> str:
    """What an executed chapter depends on: its text, the library's, its parameters, its data and weights; that on speed
    also on the benchmarks' results.

    The files of the two folders count by name, size and time, as `make` counts them. The cluster does not count.
    """
    library = Path(__file__).parents[1]
    sources = [path for path in sorted(library.rglob("*")) if path.suffix in {".py", ".csv", ".js", ".css"}]
    counted = {name: value for name, value in parameters.items() if name != "cluster"}
    digest = hashlib.sha256(json.dumps(counted, sort_keys=True).encode())
    measured = sorted((chapter.parents[1] / "benchmarks" / "results").glob("*.json")) if "speed" in chapter.stem else []
    for path in [chapter, *sources, *measured]:
        digest.update(path.name.encode() + path.read_bytes())
    for folder in [parameters.get("data"), parameters.get("weights"), Path.home() / ".keras" / "models"]:
        for path in sorted(Path(folder).rglob("*")) if folder else []:
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):  # a collection's own notes
                digest.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def execute(chapter: Path, out: Path, parameters: dict[str, object], mark: str = "") -> None:
    """Run one chapter; the executed notebook appears at `out` whole or not at all.

    What the chapter writes to stderr, the trials' progress, is passed on as it comes. `mark` is its fingerprint.
    Raises ChapterError with the cell's own error where the chapter stops; the notebook up to there is kept beside
    `out`, with the ending `.failed.ipynb`.
    """
    import papermill  # a second to import, and only needed where a chapter runs
    from papermill.exceptions import PapermillExecutionError

    out.parent.mkdir(parents=True, exist_ok=True)
    failed = out.with_suffix(".failed.ipynb")
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".running-") as folder:
        source, working = Path(folder) / chapter.with_suffix(".ipynb").name, Path(folder) / "executed.ipynb"
        jupytext.write(jupytext.read(chapter), source)  # papermill reads no .py
        try:
            papermill.execute_notebook(source, working, parameters, kernel_name="python3", progress_bar=False,
                                       stderr_file=_Progress(), cwd=chapter.parent)
        except PapermillExecutionError as error:
            os.replace(working, failed)
            raise ChapterError(f"{chapter.stem} stopped: {error.ename}: {error.evalue} (see {failed})") from None
        notebook = nbformat.read(working, as_version=4)
        prepare(notebook)
        notebook.metadata[FINGERPRINT] = mark
        nbformat.write(notebook, working)
        os.replace(working, out)
    failed.unlink(missing_ok=True)


class _Progress(io.TextIOBase):
    """Passes on what a chapter writes to stderr, less TensorFlow's lines at start-up, which no setting stops."""

    def write(self, text: str) -> int:
        lines = text.splitlines(keepends=True)
        sys.stderr.write("".join(line for line in lines if not re.match(r"WARNING: All log messages|[IWE]0000 ", line)))
        sys.stderr.flush()
        return len(text)


def prepare(notebook: nbformat.NotebookNode) -> None:
    """Make an executed chapter a page that needs no kernel and no Python.

    Code cells are folded, the parameters' left out. Of a control its HTML stays; the widget and its state go, which
    only the kernel that has ended could have moved.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        hidden = "remove-cell" if {"parameters", "injected-parameters"} & set(tags) else "hide-input"
        cell.metadata["tags"] = [*tags, hidden]
        for output in cell.outputs:
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


def executed_with(out: Path) -> str | None:
    """The fingerprint of an executed chapter, or None where there is none."""
    if not out.exists():
        return None
    return nbformat.read(out, as_version=4).metadata.get(FINGERPRINT)


def execute_changed(root: Path, parameters: dict[str, object]) -> int:
    """Run every chapter whose text, library, parameters, data or weights have changed. Returns how many ran."""
    ran, sources = 0, chapters(root)
    for number, chapter in enumerate(sources, start=1):
        out = executed_path(root, chapter)
        mark = fingerprint(chapter, parameters)
        started = time.monotonic()
        if executed_with(out) == mark:
            outcome = "nothing changed"
        else:
            say(f"chapter {number}/{len(sources)}  {chapter.stem}: running")
            execute(chapter, out, parameters, mark)
            ran += 1
            outcome = f"done in {time.monotonic() - started:.0f} s"
        say(f"chapter {number}/{len(sources)}  {chapter.stem}: {outcome}")
    return ran


def executed_path(root: Path, chapter: Path) -> Path:
    """Where the book expects a chapter's executed notebook."""
    return root / "book" / "chapters" / f"{chapter.stem}.ipynb"


def build(root: Path) -> Path:
    """Render the pages and return the path of index.html. A warning is an error: ChapterError with Sphinx' words."""
    command = [Path(sys.executable).parent / "jupyter-book", "build", root, "-W", "-n", "--keep-going"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        # Sphinx warns of a page when it reads it; without this it would find nothing to read again, and succeed.
        shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
        lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).splitlines()
        wrong = [line for line in lines if re.search(r"WARNING|ERROR|Error", line)] or lines
        raise ChapterError("Jupyter Book could not build the pages:\n" + "\n".join(wrong))
    return root / "_build" / "html" / "index.html"
