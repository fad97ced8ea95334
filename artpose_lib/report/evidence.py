"""Figures of what the report adds to the thesis: experiments, the audit, the claims, speed. Made as in `figures`."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from artpose_lib.report.figures import (
    COLOURS,
    DASHES,
    GREY,
    HEIGHT,
    SYMBOLS,
    blank,
    colour,
    composition,
    lanes,
    safe,
    symbol,
)
from artpose_lib.report.speed import workers_served

VERDICT_COLOURS = {"holds": "#009E73", "holds weakly": "#56B4E9", "does not hold": "#D55E00",
                   "cannot be tested here": "#b3b3b3"}


def conditions(table: pd.DataFrame, chance: float) -> go.Figure:
    """The accuracy in each condition, one line of marks a strength (Section 4's claim, tried out).

    Parameters: `table` comes from `scores.accuracies_by_condition`; `chance` is the share of the commonest class.
    """
    names, strengths = list(table["condition"].unique()), list(table["strength"].unique())
    step = 0.6 / len(strengths)
    figure = blank(max(HEIGHT, 24 * len(table) + 120))
    for number, strength in enumerate(strengths):
        own = table[(table["strength"] == strength) | (table["strength"].isna() & np.isnan(strength))]
        lane = np.array([names.index(name) for name in own["condition"]]) + step * (number - (len(strengths) - 1) / 2)
        title = "" if np.isnan(strength) else f"background tied to the class in {strength:.0%} of the pictures"
        called = ["" if np.isnan(share) else f"<br>called by the background: {share:.0%}"
                  for share in own["called_by_background"]]
        figure.add_scatter(
            x=own["accuracy"], y=lane, mode="markers", name=title, showlegend=bool(title), hoverinfo="text",
            hovertext=[f"{safe(row.condition)}: {row.accuracy:.3f}<br>95 % interval {row.low:.3f} to {row.high:.3f}"
                       f"<br>{row.pictures} pictures in {row.trials} trials{more}"
                       for row, more in zip(own.itertuples(), called, strict=True)],
            marker={"symbol": symbol(number), "size": 9, "color": colour(number)},
            error_x={"array": own["high"] - own["accuracy"], "arrayminus": own["accuracy"] - own["low"],
                     "thickness": 2, "width": 0})
    figure.add_vline(x=chance, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="test accuracy (dotted: always the commonest class)", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(lanes(names, range=[len(names) - 0.5, -0.5]))
    return figure


def densities(table: pd.DataFrame) -> go.Figure:
    """How much denser than evenly the best filter of each network answers on each part, a lane a part. Networks of one
    architecture share colour and symbol, filled for the first of them; what needs no network is grey.

    Parameters: `table` comes from `readings.Readings.dissected`.
    """
    parts, names = list(table["part"].unique()), list(table["name"].unique())
    models, step = list(table["model"].unique()), 0.7 / len(names)
    first = set(table.drop_duplicates("model")["name"])
    figure = blank(max(HEIGHT, 26 * len(table) + 120))
    for number, name in enumerate(names):
        own = table[table["name"] == name]
        kind = models.index(own["model"].iloc[0])
        lane = np.array([parts.index(part) for part in own["part"]]) + step * (number - (len(names) - 1) / 2)
        figure.add_scatter(
            x=own["density"], y=lane, mode="markers", name=safe(name), hoverinfo="text",
            hovertext=[f"{safe(row.what)}: {row.density:.1f} times<br>95 % interval {row.low:.1f} to {row.high:.1f}"
                       f"<br>{row.pictures} drawings" for row in own.itertuples()],
            marker={"symbol": symbol(kind) + ("" if name in first else "-open"), "size": 9,
                    "color": colour(kind) if own["model"].iloc[0] else GREY},
            error_x={"array": own["high"] - own["density"], "arrayminus": own["density"] - own["low"],
                     "thickness": 2, "width": 0})
    figure.add_vline(x=1, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="times as dense as an even answer (dotted: 1)", type="log", dtick="D2")
    figure.update_yaxes(lanes(parts, range=[len(parts) - 0.5, -0.5]))
    return figure


def differences(table: pd.DataFrame) -> go.Figure:
    """What each condition changes, as differences with their intervals around zero.

    Parameters: `table` has the columns label, difference, low, high and source (what the numbers are of: this run, a
    reference); a difference without an interval is a mark alone.
    """
    labels, sources = list(table["label"].unique()), list(table["source"].unique())
    figure = blank(max(HEIGHT, 30 * len(labels) + 130))
    for number, source in enumerate(sources):
        own = table[table["source"] == source]
        lane = [labels.index(label) + 0.3 * (number - (len(sources) - 1) / 2) for label in own["label"]]
        figure.add_scatter(
            x=own["difference"], y=lane, mode="markers", name=safe(source), showlegend=len(sources) > 1,
            hoverinfo="text",
            hovertext=[f"{safe(row.label)}: {row.difference:+.3f}<br>95 % interval {row.low:+.3f} to {row.high:+.3f}"
                       f"<br>{safe(row.source)}" for row in own.itertuples()],
            marker={"symbol": symbol(number), "size": 9, "color": colour(number)},
            error_x={"array": own["high"] - own["difference"], "arrayminus": own["difference"] - own["low"],
                     "thickness": 2, "width": 0})
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    figure.update_xaxes(title_text="script less text", tickformat="+.0%")
    figure.update_yaxes(lanes(labels, range=[len(labels) - 0.5, -0.5]))
    return figure


def dots(table: pd.DataFrame, lines: dict[str, float]) -> go.Figure:
    """A dot a trial, a row a condition, and upright dotted lines at named values.

    Parameters: `table` has the columns condition, seed, accuracy.
    """
    names = list(table["condition"].unique())
    figure = blank(max(260, 60 * len(names) + 150))
    for number, name in enumerate(names):
        own = table[table["condition"] == name]
        figure.add_scatter(x=own["accuracy"], y=[number] * len(own), mode="markers", showlegend=False, hoverinfo="text",
                           hovertext=[f"{safe(name)}, trial {row.seed}: {row.accuracy:.3f}"
                                      for row in own.itertuples()],
                           marker={"symbol": symbol(number), "size": 9, "color": colour(number), "opacity": 0.7})
    for number, (name, value) in enumerate(lines.items()):
        figure.add_scatter(x=[value, value], y=[-0.5, len(names) - 0.5], mode="lines", hoverinfo="skip",
                           name=f"{safe(name)}: {value:.3f}",
                           line={"color": GREY, "dash": DASHES[number + 1], "width": 1.5})
    figure.update_xaxes(title_text="test accuracy", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(lanes(names, range=[len(names) - 0.5, -0.5]))
    return figure


def verdicts(table: pd.DataFrame) -> go.Figure:
    """A bar a section of the thesis, cut by the verdicts on its claims.

    Parameters: `table` has a row a claim, with the columns section and verdict.
    """
    counted = table.groupby(["section", "verdict"], sort=False).size().unstack(fill_value=0)
    counted = counted.reindex(columns=[name for name in VERDICT_COLOURS if name in counted])
    figure = composition(counted.stack().rename("pictures").rename_axis(["group", "label"]).reset_index())
    for trace in figure.data:
        trace.update(marker_color=VERDICT_COLOURS[trace.name], hovertext=None, hoverinfo=None,
                     hovertemplate="%{x} claims: %{fullData.name}<extra></extra>")
    return figure.update_xaxes(title_text="claims")


def learning_curve(points: pd.DataFrame, curve) -> go.Figure:
    """Accuracy against training pictures a class, with the law fitted and continued (`inference.learning_curve`).

    Parameters: `points` has the columns pictures, seed, accuracy; `curve` is an `inference.Curve`.
    """
    sizes = np.geomspace(points["pictures"].min(), curve.pictures, 60)
    figure = blank()
    figure.add_scatter(x=points["pictures"], y=points["accuracy"], mode="markers", name="one trial", hoverinfo="text",
                       hovertext=[f"trial {row.seed}, {row.pictures:.0f} pictures a class: {row.accuracy:.3f}"
                                  for row in points.itertuples()],
                       marker={"size": 7, "color": colour(0), "opacity": 0.7})
    figure.add_scatter(x=sizes, y=curve.at(sizes), mode="lines", name="the law", hoverinfo="skip",
                       line={"color": colour(0), "dash": "dash", "width": 2})
    figure.add_scatter(x=[curve.pictures], y=[curve.accuracy], mode="markers", name=f"at {curve.pictures}",
                       hovertemplate="%{y:.3f}<extra></extra>",
                       marker={"symbol": "square", "size": 9, "color": colour(1)},
                       error_y={"array": [curve.high - curve.accuracy], "arrayminus": [curve.accuracy - curve.low],
                                "thickness": 2, "width": 0})
    figure.update_xaxes(title_text="training pictures a class", type="log",
                        tickvals=[first * 10**power for power in range(5) for first in (1, 2, 5)])
    figure.update_yaxes(title_text="test accuracy", range=[0, 1], tickformat=".0%")
    return figure


def speed(table: pd.DataFrame) -> go.Figure:
    """What the benchmarks measured: how many times the plain way's seconds (or bytes) ours goes into, and the aim.

    Parameters: `table` comes from `speed.comparisons`. A bar spans the rounds' extremes.
    """
    names = list(table["name"])
    lane = list(range(len(names)))
    figure = blank(max(HEIGHT, 26 * len(names) + 120))
    figure.add_scatter(
        x=table["ratio"], y=lane, mode="markers", name="measured", hoverinfo="text",
        marker={"symbol": SYMBOLS[0], "size": 9, "color": COLOURS[0]},
        error_x={"array": table["high"] - table["ratio"], "arrayminus": table["ratio"] - table["low"],
                 "thickness": 2, "width": 0},
        hovertext=[f"{safe(row.name)}: {row.ratio:.3g} times<br>{safe(row.plain_way)}: {row.plain:.3g} {safe(row.unit)}"
                   f"<br>{safe(row.ours_way)}: {row.ours:.3g} {safe(row.unit)}<br>rounds: {row.rounds}"
                   + (f"<br>{safe(row.note)}" if row.note else "") for row in table.itertuples(index=False)])
    figure.add_scatter(x=table["aim"], y=lane, mode="markers", name="aim, at least", hoverinfo="text",
                       hovertext=[f"aim for {safe(name)}: at least {aim:.3g} times"
                                  for name, aim in zip(names, table["aim"], strict=True)],
                       marker={"symbol": "diamond-open", "size": 11, "color": COLOURS[1], "line_width": 2})
    figure.add_vline(x=1, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="times better", type="log", dtick=1, exponentformat="none")
    figure.update_yaxes(lanes(names, range=[len(names) - 0.5, -0.5]))
    return figure


def workers(costs: dict[str, float], wanted: int) -> go.Figure:
    """How many workers the scheduler and the disk can keep busy, by how long a trial takes.

    Parameters: `costs` come from `speed.cluster_costs`; `wanted` is a number of workers to be drawn as a line.
    """
    seconds = np.geomspace(0.1, 10_000, 60)
    figure = blank()
    for number, (name, served) in enumerate(workers_served(costs, seconds).items()):
        figure.add_scatter(x=seconds, y=served, mode="lines", name=name, line={"color": colour(number), "width": 2},
                           hovertemplate="trials of %{x:.2g} s: at most %{y:.2g} workers")
    reach = served.min(), served.max()  # lines as traces: annotations of shapes are misplaced on such axes
    for name, x, y, line in ((f"{wanted} workers", [seconds[0], seconds[-1]], [wanted] * 2, "dot"),
                             ("the shortest trial measured", [costs["trial"]] * 2, reach, "dash")):
        figure.add_scatter(x=x, y=y, mode="lines", name=name, hoverinfo="skip",
                           line={"color": GREY, "dash": line, "width": 1.5})
    figure.update_xaxes(title_text="seconds that a trial takes", type="log", exponentformat="power")
    figure.update_yaxes(title_text="workers kept busy, at most", type="log", exponentformat="power")
    return figure
