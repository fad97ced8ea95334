"""Chapters through papermill, and the book through Jupyter Book."""

import ast
import io
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import jupytext
import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from tqdm import tqdm
from traitlets import default

from artpose_lib.files import claim, say, sweep, whole
from artpose_lib.report.fingerprint import fingerprint
from artpose_lib.report.stills import draw_stills, run_headless

PAPER = 760  # pixels, about the width of A4, so that figures are drawn as wide as they are printed
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


def copy_report(root: Path, out: Path) -> Path:
    """Copy what the book is made of, and nothing that was made, into another folder; return that."""
    for pattern in ("_*.yml", "notebooks/*.py", "book/**/*", "benchmarks/*.py", "benchmarks/results/*"):
        for path in root.glob(pattern):
            there = out / path.relative_to(root)
            if path.is_file() and not {"chapters", "maps", "try"}.intersection(path.relative_to(root).parts):
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, there)
    return out


def chapters(root: Path) -> list[Path]:
    """The chapters' sources, in order."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.py"))


def find_chapter(root: Path, name: str) -> Path:
    """The chapter that `name` means: a number ("4", "04") or a file's stem. Raises ChapterError for any other."""
    there = {path.stem: path for path in chapters(root)}
    by_number = {path.stem[:2]: path for path in there.values()}
    path = there.get(name.removesuffix(".py")) or by_number.get(name.zfill(2))
    if path is None:
        raise ChapterError(f'no chapter "{name}"; there are {", ".join(there)}')
    return path


def convert_parameters(chapter: Path, given: dict[str, str]) -> dict[str, object]:
    """Parameters from the command line, each in the type of the chapter's default.

    Raises ChapterError for a name that the chapter does not have (papermill itself only prints a line) and for a
    value that is not of the type.
    """
    defaults = read_parameters(chapter)
    typed = {}
    for name, value in given.items():
        if name not in defaults:
            raise ChapterError(f'{chapter.stem} has no parameter "{name}"; it has {", ".join(defaults)}')
        kind = type(defaults[name])
        try:
            typed[name] = kind(value)
        except ValueError:
            raise ChapterError(
                f'{chapter.stem}: parameter {name} is of type {kind.__name__}, and "{value}" is not') from None
    return typed


def read_parameters(chapter: Path) -> dict[str, object]:
    """The names and defaults of a chapter's `parameters` cell."""
    from papermill import inspect_notebook  # a second to import, and only needed where a chapter runs

    found = inspect_notebook(jupytext.read(chapter))
    return {name: ast.literal_eval(parameter["default"]) for name, parameter in found.items()}


@contextmanager
def claim_alone(path: Path) -> Iterator[None]:
    """Hold what belongs at `path` for this process. Raises ChapterError where another one makes it."""
    with claim(path, "--out") as mine:
        if not mine:
            raise ChapterError(f"{path} is being made by another run: wait for that, or name another folder with --out")
        yield


def execute(chapter: Path, out: Path, parameters: dict[str, object], mark: str = "",
            tell: Callable[[str], object] = say) -> None:
    """Run one chapter; the executed notebook appears at `out` whole or not at all.

    What the chapter writes to stderr, the trials' progress, `tell` gets line by line. `mark` is its fingerprint.
    Raises ChapterError with the cell's own error where the chapter stops; the notebook up to there is kept beside
    `out`, with the ending `.failed.ipynb`. Raises ChapterError, too, where another process runs it into `out`.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    def literal(path: Path) -> str:
        return str(path).replace("{", "{{").replace("}", "}}")  # papermill fills in what stands in braces

    failed = out.with_suffix(".failed.ipynb")
    with claim_alone(out.absolute()), whole(out.absolute(), replace=True, option="--out") as executed:
        source, settings = executed.with_name("source.ipynb"), executed.with_name("ipython").absolute()
        settings.mkdir()  # and none of the user's own
        jupytext.write(jupytext.read(chapter), source)  # papermill reads no .py
        try:
            with _Lines(tell) as lines:
                papermill.execute_notebook(literal(source), literal(executed), parameters, kernel_name="python3",
                                           kernel_manager_class=_ThisPython, progress_bar=False, stderr_file=lines,
                                           extra_arguments=[f"--ipython-dir={settings}"],
                                           # Its own `cwd` moves this whole process, in which another chapter may run.
                                           resources={"metadata": {"path": str(chapter.parent)}})
        except (PapermillExecutionError, DeadKernelError) as error:
            shutil.move(executed, failed)
            why = ("its kernel died, perhaps out of memory" if isinstance(error, DeadKernelError) else
                   f"{error.ename}: {error.evalue}")
            raise ChapterError(f"{chapter.stem} stopped: {why} (see {failed})") from None
        notebook = nbformat.read(executed, as_version=4)
        prepare(notebook)
        notebook.metadata[FINGERPRINT] = mark
        nbformat.write(notebook, executed)
    failed.unlink(missing_ok=True)


class _ThisPython(AsyncKernelManager):
    """A kernel of the Python that runs this, whichever others are installed under its name."""

    @default("kernel_spec_manager")
    def _find_no_others(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


class _Lines(io.TextIOBase):
    """Tells what a chapter writes to stderr, less TensorFlow's lines at start-up, which no setting stops."""

    def __init__(self, tell: Callable[[str], object]):
        self.tell, self.begun = tell, ""

    def write(self, text: str) -> int:
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            if line and not re.match(r"WARNING: All log messages|[IWE]0000 ", line):
                self.tell(line)
        return len(text)

    def close(self) -> None:
        if not self.closed and self.begun:
            self.write("\n")
        super().close()


def prepare(notebook: nbformat.NotebookNode) -> None:
    """Make an executed chapter a page that needs no kernel and no Python.

    Code cells are folded, the parameters' left out; code that shows nothing stands with that of the next cell.
    Of a control its HTML stays; the widget and its state go, which only the kernel that has ended could have moved, and
    so do lines of progress and TensorFlow's warnings.
    """
    notebook.metadata.pop("widgets", None)
    silent = []
    for cell in [cell for cell in notebook.cells if cell.cell_type == "code"]:
        tags = cell.metadata.get("tags", [])
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"
                        and not output.get("text", "").startswith("WARNING:tensorflow")
                        and "application/vnd.jupyter.widget-view+json" not in output.get("data", {})]
        hidden = "remove-cell" if {"parameters", "injected-parameters"} & set(tags) else "hide-input"
        cell.metadata["tags"] = [*tags, hidden]
        if hidden == "hide-input" and not any(map(_is_seen, cell.outputs)):
            silent.append(cell)
        elif hidden == "hide-input":
            cell.source = "\n\n\n".join(one.source for one in [*silent, cell])
            notebook.cells = [one for one in notebook.cells if one not in silent]
            silent.clear()
    for cell in silent:  # at a chapter's end
        cell.metadata["tags"][-1] = "remove-cell"


def _is_seen(output: nbformat.NotebookNode) -> bool:
    data = output.get("data", {})
    return data.get("text/html", data.get("text/markdown", "other")) != ""


def read_fingerprint(out: Path) -> str | None:
    """The fingerprint of an executed chapter, or None where there is none."""
    return nbformat.read(out, as_version=4).metadata.get(FINGERPRINT) if out.exists() else None


def execute_changed(root: Path, parameters: dict[str, object]) -> int:
    """Run every chapter whose text, library, parameters, data or weights have changed, and write what the page "Try a
    picture" loads. Returns how many chapters ran.

    Two run at a time where networks are small: what one has trained the other takes, or waits for. A terminal gets a
    bar with the last line, a file every line.
    """
    sources = chapters(root)
    marks = {chapter: fingerprint(chapter, parameters) for chapter in sources}
    outs = {chapter: locate_executed(root, chapter) for chapter in sources}
    for folder in ("chapters", "_static"):
        sweep(root / "book" / folder)
    waiting = [chapter for chapter in sources if read_fingerprint(outs[chapter]) != marks[chapter]]
    for chapter in sources:
        if chapter not in waiting:
            say(f"{chapter.stem}: nothing changed")
    lanes = 1 if parameters.get("profile") == "thesis" or os.environ.get("KERAS_BACKEND") == "jax" else 2
    # NumPy's threads wait for one another by spinning, which takes the cores from the other chapter.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // lanes)))
    left, ended = iter(waiting), queue.SimpleQueue()
    bar = tqdm(total=len(waiting), unit=" chapters", dynamic_ncols=True, leave=False, disable=None)

    def tell(chapter: Path, line: str) -> None:
        bar.set_postfix_str(f"{chapter.stem}: {line}")
        if bar.disable:
            say(f"{chapter.stem}: {line}")

    def run_in_turn() -> None:
        for chapter in left:
            begun = time.monotonic()
            tell(chapter, "running")
            try:
                execute(chapter, outs[chapter], parameters, marks[chapter], partial(tell, chapter))
                ended.put(f"{chapter.stem}: done in {time.monotonic() - begun:.0f} s")
            except BaseException as error:  # it is raised again where the chapters are waited for
                ended.put(error)

    for _ in range(lanes):  # which do not outlive this process, as on Ctrl-C
        threading.Thread(target=run_in_turn, daemon=True).start()
    with bar:
        for _ in waiting:
            outcome = ended.get()
            if isinstance(outcome, BaseException):
                raise outcome
            bar.update()
            bar.write(outcome, file=sys.stderr)
    if (root / "book" / "try.md").exists():
        from artpose_lib.report.try_page import write_try

        write_try(root, parameters)
    return len(waiting)


def locate_executed(root: Path, chapter: Path) -> Path:
    """Where the book expects a chapter's executed notebook."""
    return root / "book" / "chapters" / f"{chapter.stem}.ipynb"


def build(root: Path, builder: str = "html") -> Path:
    """Render the pages and return the path of index.html. A warning is an error: ChapterError with Sphinx' words.

    Where there is a browser (`find_browser`), HTML pages get a still picture of each figure.
    """
    command = [Path(sys.executable).parent / "jupyter-book", "build", root, "-W", "-n", "--keep-going"]
    done = subprocess.run([*command, "--builder", builder], capture_output=True, encoding="utf-8", errors="replace",
                          check=False, env=os.environ | {"PYTHONIOENCODING": "utf-8"})  # it prints the chapters' titles
    if done.returncode:
        # Sphinx warns of a page when it reads it; without this it would find nothing to read again, and succeed.
        shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
        lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).splitlines()
        wrong = [line for line in lines if re.search(r"WARNING|ERROR|Error", line)] or lines
        raise ChapterError("Jupyter Book could not build the pages:\n" + "\n".join(wrong))
    pages = root / "_build" / builder
    if builder == "html":
        with suppress(ChapterError):  # there is no browser
            draw_stills(pages, find_browser())
    return pages / "index.html"


def find_browser() -> str:
    """The path of a Chromium or Chrome. Raises ChapterError where there is none."""
    browsers = ("chromium", "chromium-browser", "google-chrome", "chrome")
    browser = next(filter(None, map(shutil.which, browsers)), None)
    if not browser:
        raise ChapterError(f"a PDF takes one of {', '.join(browsers)} on the path; or make the book without, and print "
                           "its pages from any browser")
    return browser


def print_pdf(root: Path, browser: str) -> Path:
    """Print the whole book through a headless Chromium or Chrome; return the path of the PDF.

    Raises ChapterError where it stops.
    """
    page, pdf = next(build(root, "singlehtml").parent.glob("book/*/*.html")), root / "_build" / "artpose.pdf"
    with whole(pdf, replace=True) as made:
        done = run_headless(browser, "--no-pdf-header-footer", "--virtual-time-budget=60000",
                            f"--window-size={PAPER},1000", f"--print-to-pdf={made}", page.as_uri())
        if not made.exists():
            raise ChapterError(f"{browser} could not print {page}:\n{done.stderr}")
    return pdf
