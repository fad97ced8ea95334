"""Starting: the command line's help, a book with nothing to do, and a book of which one chapter has changed.

Works on a copy of the report. Chapters that were never executed run once beforehand, untimed, in the smoke profile
(minutes) unless ARTPOSE_PROFILE says otherwise.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, ROUNDS, comparison, main, say, seconds, significant

HELP_SECONDS, BOOK_SECONDS = 0.5, 30  # what each may take
CHAPTER = '''# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Chapter {number}

# %% tags=["parameters"]
data = weights = profile = results = classes = ""

# %%
print({number})
'''


def measure(small: bool) -> dict:
    rounds = 1 if small else ROUNDS
    helps = [seconds(lambda: _artpose("--help")) for _ in range(rounds)]
    bare = [seconds(lambda: subprocess.run([sys.executable, "-c", ""], check=True)) for _ in range(rounds)]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "report"
        (_tiny_report if small else _copy_report)(root)
        say("executing what has never been executed")
        _book(root)
        nothing = [_timed_book(root, expected=0) for _ in range(rounds)]
        chapter = sorted((root / "notebooks").glob("[0-9][0-9]_*.py"))[-2 if small else 4]
        changed = []
        for number in range(rounds):
            chapter.write_text(chapter.read_text(encoding="utf-8") + f"\n# %% [markdown]\n# Round {number}.\n",
                               encoding="utf-8")
            changed.append(_timed_book(root, expected=1))
    return {"bare_python_seconds": significant(min(bare)), "changed_chapter": chapter.stem,
            "changed_chapter_seconds": [significant(value) for value in changed], "comparisons": [
                _against("artpose --help", HELP_SECONDS, helps),
                _against("make book with nothing to do", BOOK_SECONDS, nothing,
                         "one changed chapter re-executes that chapter alone; else this benchmark fails")]}


def _against(name: str, allowed: float, taken: list[float], note: str = "") -> dict:
    return comparison(name, [allowed] * len(taken), taken, 1, (f"{allowed} s allowed", "taken"), note=note)


def _artpose(*words: str, cwd: Path = ROOT) -> str:
    """Run a command of `artpose` as the installed script does; returns its lines of progress."""
    command = [sys.executable, "-c", "import sys; from artpose_lib.cli import main; sys.exit(main())", *words]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path},
                          check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stderr


def _book(root: Path) -> int:
    """`artpose book` there, in a folder of results of its own; returns how many chapters it ran."""
    options = [] if "ARTPOSE_PROFILE" in os.environ else ["--profile", "smoke", "--results", str(root.parent / "kept")]
    return len(re.findall(r": running$", _artpose("book", *options, cwd=root), re.M))


def _timed_book(root: Path, expected: int) -> float:
    ran = []
    taken = seconds(lambda: ran.append(_book(root)))
    if ran != [expected]:
        raise RuntimeError(f"artpose book ran {ran[0]} chapters where {expected} had changed")
    return taken


def _copy_report(root: Path) -> None:
    for name in ("notebooks", "book", "_build", "benchmarks"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, root / name)
    for name in ("_toc.yml", "_config.yml"):
        shutil.copy(ROOT / name, root)


def _tiny_report(root: Path) -> None:
    """Three chapters that print a number, in the report's own frame."""
    (root / "notebooks").mkdir(parents=True)
    shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static", ignore=shutil.ignore_patterns("maps"))
    shutil.copy(ROOT / "book" / "references.bib", root / "book")
    shutil.copy(ROOT / "_config.yml", root)
    (root / "book" / "intro.md").write_text("# A report\n")
    lines = ["format: jb-book", "root: book/intro", "chapters:"]
    for number in (1, 2, 3):
        (root / "notebooks" / f"0{number}_tiny.py").write_text(CHAPTER.format(number=number))
        lines.append(f"  - file: book/chapters/0{number}_tiny")
    (root / "_toc.yml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(measure)
