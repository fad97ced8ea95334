"""What the appendix on speed shows of the results that `make bench` leaves, a JSON file for each benchmark."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from artpose_lib.report.plotting import DOTTED, GREY, LOG, colour, describe, draw_marks, mark_style, new_figure

RESULTS = Path(__file__).with_name("results")
COLUMNS = ["benchmark", "name", "ratio", "low", "high", "aim", "plain_way", "ours_way", "plain", "ours", "unit",
           "rounds", "note", "machine", "date"]


def read_reports(folder: Path = RESULTS) -> dict[str, dict]:
    """What each benchmark wrote, by its name, sorted. Raises ValueError for a file that is no benchmark's result."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            missing = {"benchmark", "comparisons", "machine", "date"} - set(report)
        except (ValueError, TypeError):
            missing = {"JSON"}
        if missing:
            raise ValueError(f"{path} is no result of a benchmark (no {', '.join(sorted(missing))}): remove it, and "
                             "run make bench")
        found[report["benchmark"]] = report
    return found


def tabulate_comparisons(reports: dict[str, dict]) -> pd.DataFrame:
    """A row for each comparison, by benchmark and in its order.

    `ratio` is plain over ours, medians over `rounds`, `low` and `high` the rounds' extremes, `aim` the ratio that is
    wanted; `plain` and `ours` are the medians in `unit`, and the two ways are said in `plain_way` and `ours_way`.
    """
    rows = [{"benchmark": name, "machine": describe_machine(report["machine"]), "date": report["date"],
             "plain_way": found["plain"]["way"], "ours_way": found["ours"]["way"], "plain": found["plain"]["median"],
             "ours": found["ours"]["median"], "rounds": found["ours"]["rounds"],
             **{key: found[key] for key in ("name", "ratio", "low", "high", "aim", "unit", "note")}}
            for name, report in reports.items() for found in report["comparisons"]]
    return pd.DataFrame(rows, columns=COLUMNS)


def describe_machine(machine: dict) -> str:
    """The class of machine in a line."""
    return (f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
            f"{machine['memory_gib']} GiB, {' '.join(machine['instructions'])}".removesuffix(", "))


def tabulate_floors(reports: dict[str, dict]) -> pd.DataFrame:
    """A row for each training step: what it would take if all its operations ran as fast as a matrix product (`best`,
    in seconds), and the `share` of that speed that it reached; `gflops` is the product's, in 1e9 operations a second.
    """
    rows = [{"name": name, "best": step["seconds_at_best"], "share": step["share_reached"],
             "gflops": report["floor"]["matmul_gflops"]}
            for report in reports.values() for name, step in report.get("floor", {}).get("steps", {}).items()]
    return pd.DataFrame(rows, columns=["name", "best", "share", "gflops"])


def count_workers(costs: dict[str, float], seconds: np.ndarray | float) -> dict[str, np.ndarray | float]:
    """How many workers the scheduler and the disk can keep busy where a trial takes `seconds`, a number or float (n,).

    Each end of a trial takes both of them some of `costs`, in seconds; the disk writes one record after another.
    """
    return {"the scheduler": seconds / costs["scheduled"], "the disk": seconds / (costs["claim"] + costs["store"])}


def comparisons_figure(table: pd.DataFrame) -> go.Figure:
    """How many times better our way is, from `tabulate_comparisons`, and the aim. A bar spans the rounds' extremes."""
    hover = describe(table, "{name}: {ratio:.3g} times<br>{plain_way}: {plain:.3g} {unit}<br>"
                            "{ours_way}: {ours:.3g} {unit}<br>rounds: {rounds}")
    notes = describe(table.assign(said=table["note"].replace("", None)), "<br>{note}", known="said")
    figure = draw_marks(table.assign(hover=hover + notes, way="measured"), "ratio", "name", "way", 0, {
        "title_text": "times better", **LOG, "tickvals": LOG["tickvals"][::3]})
    figure.add_scatter(x=table["aim"], y=pd.factorize(table["name"])[0], mode="markers", name="aim, at least",
                       hovertext=describe(table, "aim for {name}: at least {aim:.3g} times"), hoverinfo="text",
                       marker=mark_style(1, symbol="diamond-open", size=11, line_width=2))
    return figure.add_vline(x=1, line=DOTTED)


def steps_figure(steps: list[dict]) -> go.Figure:
    """What share of the chip's matrix product each network's training step reaches on a GPU, as `gpu.py` measured."""
    table = pd.DataFrame(steps)
    table["way"] = table["precision"].map({"float32": "32 bits", "mixed_bfloat16": "16 bits"}) + np.where(
        table["deterministic"], ", the same each time", "")
    hover = describe(table, "{backbone}, {way}: {share:.0%} of the matrix product<br>{pictures_a_second:,.0f} pictures "
                            "a second, {batch} at a time")
    return draw_marks(table.assign(hover=hover), "share", "backbone", "way", 0.5, {
        "title_text": "share of the speed of a matrix product", "tickformat": ".0%", "range": [0, 1]})


def workers_figure(costs: dict[str, float], wanted: int) -> go.Figure:
    """`count_workers` by how long a trial takes, with a line at the `wanted` number of workers."""
    seconds = np.geomspace(0.1, 10_000, 60)
    log = LOG | {"tickvals": LOG["tickvals"][::3]}
    figure = new_figure(hovermode="x", xaxis={"title_text": "seconds that a trial takes", **log},
                        yaxis={"title_text": "workers kept busy, at most", **log})
    for number, (name, served) in enumerate(count_workers(costs, seconds).items()):
        figure.add_scatter(x=seconds, y=served, mode="lines", name=name, line={"color": colour(number), "width": 2},
                           hovertemplate="trials of %{x:,.2r} s: at most %{y:,.2r} workers")
    reach = served.min(), served.max()  # lines as traces: annotations of shapes are misplaced on such axes
    for name, x, y, line in ((f"{wanted} workers", [seconds[0], seconds[-1]], [wanted] * 2, "dot"),
                             ("the shortest trial measured", [costs["trial"]] * 2, reach, "dash")):
        figure.add_scatter(x=x, y=y, mode="lines", name=name, hoverinfo="skip",
                           line={"color": GREY, "dash": line, "width": 1.5})
    return figure
