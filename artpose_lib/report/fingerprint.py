"""What an executed chapter depends on, so that only those that have changed are run again."""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parents[1]


def fingerprint(chapter: Path, parameters: dict[str, object]) -> str:
    """A hash of what an executed chapter depends on: its text, the parts of the library that it uses, its parameters,
    data and weights. Chapters that import the appendix also depend on that and on the benchmarks' results, those that
    show the reference edition on that, and those that show optimised pictures on what `artpose visualise` stored.

    The files of data and weights count by name, size and time, as `make` counts them. Where trials are trained does
    not count.
    """
    counted = {name: value for name, value in parameters.items() if name != "cluster"}
    digest = hashlib.sha256(json.dumps(counted, sort_keys=True).encode())
    used = library_files(chapter)
    measured = "import appendix" in chapter.read_text(encoding="utf-8")
    read = ["benchmarks/appendix.py", "benchmarks/results/*.json"] if measured else []
    read += ["book/reference/*/*"] if LIBRARY / "report" / "reference.py" in used else []
    for path in [chapter, *sorted(used), *(path for one in read for path in sorted(chapter.parents[1].glob(one)))]:
        digest.update(path.name.encode() + path.read_bytes())
    folders = [parameters.get("data"), parameters.get("weights"), Path.home() / ".keras" / "models"]
    if LIBRARY / "explain" / "optimised.py" in used:
        folders += Path(parameters.get("results") or Path.home() / ".artpose").glob("visualised-*")
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")) if folder else []:
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):  # a collection's own notes
                digest.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def library_files(source: Path) -> set[Path]:
    """The files of the library that a chapter uses: the modules that it imports, directly or through others, `book`,
    which runs it, the scripts and styles that these name, and the facts of the thesis."""
    modules = {LIBRARY / "report" / "book.py"}
    waiting = [source]
    while waiting:
        found = _imported_modules(waiting.pop().read_text(encoding="utf-8")) - modules
        modules |= found
        waiting += found
    text = "".join(module.read_text(encoding="utf-8") for module in modules)
    named = {path for path in LIBRARY.glob("web/*") if path.name in text}
    return modules | named | set(LIBRARY.rglob("*.csv"))


@cache  # fifteen chapters ask for the same ones
def _imported_modules(source: str) -> frozenset[Path]:
    """The library's modules that Python code imports anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = [LIBRARY.joinpath(*name.split(".")[1:]) for name in names if name.split(".")[0] == LIBRARY.name]
    return frozenset(file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py")
                     if file.is_file())
