"""Run every benchmark in turn: `python benchmarks [--small] [NAME ...]` writes benchmarks/results/NAME.json each.

A benchmark that fails is named, and the others still run. gpu.py is run by hand, on a machine that has one.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
OTHERS = {"__main__", "appendix", "common", "gpu"}
SCRIPTS = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in OTHERS)

parser = argparse.ArgumentParser(prog="python benchmarks", description=__doc__)
parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCRIPTS)} (default: all)")
parser.add_argument("--small", action="store_true", help="does it run at all? Writes nothing")
arguments = parser.parse_args()
if unknown := set(arguments.names) - set(SCRIPTS):
    parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SCRIPTS)}")
failed = []
for name in arguments.names or SCRIPTS:
    print(f"== {name}", file=sys.stderr, flush=True)
    started = time.monotonic()
    done = subprocess.run([sys.executable, HERE / f"{name}.py", *(["--small"] if arguments.small else [])],
                          stdout=subprocess.PIPE, text=True, check=False)
    print(f"== {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    if done.returncode:
        failed.append(name)
    elif not arguments.small:
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results" / f"{name}.json").write_text(done.stdout, encoding="utf-8")
if failed:
    sys.exit(f"benchmarks that failed: {', '.join(failed)}")
