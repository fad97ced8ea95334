"""The benchmarks' results, which `make bench` leaves as one JSON file a benchmark, as data frames and sentences."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
COLUMNS = ["benchmark", "name", "ratio", "low", "high", "aim", "plain_way", "ours_way", "plain", "ours", "unit",
           "rounds", "note", "machine", "date"]
BITS_16 = ("amx_bf16", "avx512_bf16")  # instructions for products of 16 bits, as Linux names them


def comparisons(folder: Path = RESULTS) -> pd.DataFrame:
    """A row a comparison, by benchmark and in its order.

    `ratio` is plain over ours, medians over `rounds`, `low` and `high` the rounds' extremes, `aim` the ratio that is
    wanted; `plain` and `ours` are the medians in `unit`, and the two ways are said in `plain_way` and `ours_way`.
    Raises ValueError for a file that is no benchmark's result.
    """
    rows = [_row(report, found) for report in reports(folder) for found in report["comparisons"]]
    return pd.DataFrame(rows, columns=COLUMNS)


def reports(folder: Path = RESULTS) -> list[dict]:
    """What each benchmark wrote, sorted by name. Raises ValueError for a file that is no benchmark's result."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            missing = {"benchmark", "comparisons", "machine", "date"} - set(report)
        except (ValueError, TypeError):
            missing = {"JSON"}
        if missing:
            raise ValueError(f"{path} is no result of a benchmark (no {', '.join(sorted(missing))}): remove it, and "
                             "run make bench")
        found.append(report)
    return found


def _report(benchmark: str, folder: Path) -> dict:
    """What one benchmark wrote; empty where it was not run."""
    return next((report for report in reports(folder) if report["benchmark"] == benchmark), {})


def _row(report: dict, found: dict) -> dict:
    return {"benchmark": report["benchmark"], "machine": machine(report), "date": report["date"],
            "plain_way": found["plain"]["way"], "ours_way": found["ours"]["way"], "plain": found["plain"]["median"],
            "ours": found["ours"]["median"], "rounds": found["ours"]["rounds"],
            **{key: found[key] for key in ("name", "ratio", "low", "high", "aim", "unit", "note")}}


def machine(report: dict) -> str:
    """The class of machine in a line."""
    known = report["machine"]
    return (f"{known['processor']}, {known['cores']} cores, {known['threads']} threads, {known['memory_gib']} GiB, "
            f"{' '.join(known['instructions'])}".removesuffix(", "))


def floors(folder: Path = RESULTS) -> pd.DataFrame:
    """A row a training step: what it would take if all its operations ran as fast as a matrix product (`best`, in
    seconds), and the `share` of that speed that it reached; `gflops` is the product's, in 1e9 operations a second."""
    rows = [{"name": name, "best": step["seconds_at_best"], "share": step["share_reached"],
             "gflops": report["floor"]["matmul_gflops"]}
            for report in reports(folder) for name, step in report.get("floor", {}).get("steps", {}).items()]
    return pd.DataFrame(rows, columns=["name", "best", "share", "gflops"])


def reading(folder: Path = RESULTS) -> dict[str, float]:
    """By network, the share of its own forward speed that is left at best where its pictures are read by the cores that
    it computes on."""
    return {name: floor["best_ratio"] for report in reports(folder) if report["benchmark"] == "features"
            for name, floor in report["floor"].items()}


def precision_in_words(folder: Path = RESULTS) -> str:
    """What 16 bits instead of 32 do to a training step's time and to test accuracy, as Markdown.

    A step gains only on processors with 16-bit products, which `BITS_16` names.
    """
    report = _report("precision", folder)
    if not report:
        return "Numbers of 16 bits were not measured: `make bench` does it."
    lines = [f"- {row['note']} of {row['name'].rpartition(', ')[2]}: {row['ratio']:.2g} times the speed, "
             f"{row['ours']['median']:.3g} s where 32 bits take {row['plain']['median']:.3g}"
             for row in report["comparisons"]]
    able = set(BITS_16) & set(report["machine"]["instructions"])
    does = f"multiplies in 16 bits ({', '.join(sorted(able))})" if able else (
        "cannot multiply in 16 bits, and converts each number there and back")
    accuracy = report["accuracy"]
    wide, narrow = np.array(accuracy["float32"]), np.array(accuracy["mixed_bfloat16"])
    said = [f"{parts.mean():.3f} on average ({parts.min():.3f} to {parts.max():.3f})" for parts in (wide, narrow)]
    return (f"The processor of these measurements {does}:\n\n" + "\n".join(lines) + f"\n\nThe test accuracy of "
            f"{accuracy['backbone']}, fine-tuned on the drawn pictures of the profile {accuracy['profile']}, is "
            f"{said[1]} with 16 bits and {said[0]} with 32. Over the same {len(wide)} seeds it is higher with 16 bits "
            f"in {(narrow > wide).sum()}, lower in {(narrow < wide).sum()}.")


def collection_in_words(folder: Path = RESULTS) -> str:
    """What it costs to classify a million pictures on the machine of the measurements, as Markdown."""
    report = _report("classify", folder)
    if not report:
        return "No collection was classified: `make bench` does it."
    lines = [f"- {row['name'].rpartition(', ')[2]}: {row['hours_a_million']:.2g} hours"
             for row in report["comparisons"]]
    runs = sorted(report["rows"], key=lambda run: run["rows"])
    fewest, most = runs[0], runs[-1]
    return ("At the speed that was measured, a million pictures through `artpose classify` take\n\n" + "\n".join(lines)
            + f"\n\nWith a network of next to nothing {most['rows']:,} rows took {most['seconds']:.0f} s: that is what "
            f"they cost besides. The memory was {most['peak_mb']:.0f} MB at most, and {fewest['peak_mb']:.0f} MB for "
            f"{fewest['rows']:,} rows.")


def cluster_costs(folder: Path = RESULTS) -> dict[str, float]:
    """What a trial costs besides its training where it is sent to a worker, in seconds: `message` (there and back),
    `scheduled` (the scheduler's part at most), `claim` (its lock), `store` (its record); `trial` is the shortest
    training that was measured; `sent_bytes` and `record_bytes` what a message and a record hold. Empty where nothing
    was measured."""
    return _report("cluster", folder).get("costs", {})


def workers_served(costs: dict[str, float], seconds: np.ndarray) -> dict[str, np.ndarray]:
    """How many workers the scheduler and the disk can keep busy, float64 (n,), with trials of `seconds` (n,) each.

    A worker ends a trial every `seconds`, and each end takes the scheduler and the disk their share of time. The disk
    is taken to write one record after another, which the worst of shared folders does.
    """
    return {"the scheduler": seconds / costs["scheduled"], "the disk": seconds / (costs["claim"] + costs["store"])}


def in_words(table: pd.DataFrame) -> str:
    """How many aims are met, and each that is missed, as Markdown. `table` comes from `comparisons`."""
    if table.empty:
        return "There are no measurements beside this report: `make bench` takes them."
    missed = table[table["ratio"] < table["aim"]]
    lines = [f"- {row.name}: {row.ratio:.3g} where {row.aim:.3g} is wanted ({row.plain:.3g} {row.unit} for "
             f"“{row.plain_way}”, {row.ours:.3g} for “{row.ours_way}”)." for row in missed.itertuples(index=False)]
    first = f"{len(table) - len(missed)} of {len(table)} aims are met."
    return first + (" Missed are\n\n" + "\n".join(lines) if lines else "")


def cluster_in_words(costs: dict[str, float], workers: int, trials: int) -> str:
    """What limits so many workers with so many trials to train, as Markdown. `costs` come from `cluster_costs`."""
    if not costs:
        return "Nothing was measured on a cluster: `make bench` does it."
    shortest = {name: workers / float(served)
                for name, served in workers_served(costs, np.float64(1)).items()}  # seconds a trial must take
    slowest = max(shortest, key=shortest.get)
    enough = "more" if costs["trial"] > shortest[slowest] else "less"
    return (
        f"A message to a worker and back takes {1000 * costs['message']:.2g} ms, of which the scheduler is busy for "
        f"{1000 * costs['scheduled']:.2g} ms at most; it holds {costs['sent_bytes'] / 1000:.2g} kB, for pictures and "
        f"weights do not travel. A trial's lock takes {1000 * costs['claim']:.2g} ms of the disk and its record "
        f"{1000 * costs['store']:.2g} ms. So {workers} workers wait for {slowest} where trials are shorter than "
        f"{shortest[slowest]:.2g} s. The shortest that there are, a last layer on stored features, took "
        f"{costs['trial']:.2g} s each, which is {enough} than that.\n\n"
        f"What remains is that a trial is not divided. The thesis' two experiments, with the backbone that this report "
        f"adds, are {trials} trials, so that no more than {trials} workers have anything to do, and all is over when "
        f"the longest trial is. From there on a quicker GPU helps, and more machines do not.")
