"""Figures of the audit, of the claims and of the experiments that try them out. Made as in `figures`."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from artpose_lib.report.figures import composition
from artpose_lib.report.plotting import (
    DASHES,
    DOTTED,
    GREY,
    HEIGHT,
    SHARE,
    add_marks,
    colour,
    describe,
    escape_name,
    interval_bars,
    lanes_from_top,
    mark_style,
    new_figure,
    side_by_side,
    symbol,
)
from artpose_lib.report.statistics import Curve

VERDICT_COLOURS = {"holds": "#009E73", "holds weakly": "#56B4E9", "does not hold": "#D55E00",
                   "cannot be tested here": "#b3b3b3"}


def conditions(table: pd.DataFrame, chance: float) -> go.Figure:
    """The accuracy in each condition, with a mark for each strength of the background's tie to the class.

    Parameters: `table` comes from `comparisons.accuracies_by_condition`; `chance` is the share of the commonest class.
    """
    figure = new_figure(max(HEIGHT, 24 * len(table) + 120), yaxis=lanes_from_top(table["condition"].unique()),
                        xaxis={"title_text": "test accuracy (dotted: always the commonest class)", **SHARE})
    groups = side_by_side(table, "condition", "strength", 0.6 / table["strength"].nunique(dropna=False))
    for number, (strength, own, heights) in enumerate(groups):
        title = "" if np.isnan(strength) else f"background tied to the class in {strength:.0%} of the pictures"
        called = ["" if np.isnan(share) else f"<br>called by the background: {share:.0%}"
                  for share in own["called_by_background"]]
        hover = describe(own, "{condition}: {accuracy:.3f}<br>95 % interval {low:.3f} to {high:.3f}<br>"
                              "{pictures} pictures in {trials} trials")
        add_marks(figure, own, "accuracy", heights, np.char.add(hover, called), name=title, showlegend=bool(title),
                  marker=mark_style(number))
    return figure.add_vline(x=chance, line=DOTTED)


def densities(table: pd.DataFrame) -> go.Figure:
    """How much denser than evenly the best filter of each network answers on each part.

    Networks of one architecture share colour and symbol, filled for the first of them; what needs no network is grey.
    Parameters: `table` has the columns part, name, model (the architecture, or ""), what, density, low, high, pictures.
    """
    models, first = list(table["model"].unique()), set(table.drop_duplicates("model")["name"])
    figure = new_figure(max(HEIGHT, 26 * len(table) + 120), yaxis=lanes_from_top(table["part"].unique()), xaxis={
        "title_text": "times as dense as an even answer (dotted: 1)", "type": "log", "dtick": "D2"})
    for name, own, heights in side_by_side(table, "part", "name", 0.7 / table["name"].nunique()):
        model = own["model"].iloc[0]
        kind = models.index(model)
        style = mark_style(kind, symbol=symbol(kind) + ("" if name in first else "-open"),
                           color=colour(kind) if model else GREY)
        hover = describe(own, "{what}: {density:.1f} times<br>95 % interval {low:.1f} to {high:.1f}<br>"
                              "{pictures} drawings")
        add_marks(figure, own, "density", heights, hover, name=escape_name(name), marker=style)
    return figure.add_vline(x=1, line=DOTTED)


def differences(table: pd.DataFrame) -> go.Figure:
    """What each condition changes, as differences with their intervals around zero.

    Parameters: `table` has the columns label, difference, low, high and source (what the numbers are of: this run, a
    reference); a difference without an interval is a mark alone.
    """
    labels, sources = table["label"].unique(), table["source"].nunique()
    figure = new_figure(max(HEIGHT, 30 * len(labels) + 130), yaxis=lanes_from_top(labels),
                        xaxis={"title_text": "script less text", "tickformat": "+.0%"})
    for number, (source, own, heights) in enumerate(side_by_side(table, "label", "source", 0.3)):
        hover = describe(own, "{label}: {difference:+.3f}<br>95 % interval {low:+.3f} to {high:+.3f}<br>{source}")
        add_marks(figure, own, "difference", heights, hover, name=escape_name(source), showlegend=sources > 1,
                  marker=mark_style(number))
    return figure.add_vline(x=0, line={"color": GREY, "width": 1})


def dots(table: pd.DataFrame, lines: dict[str, float]) -> go.Figure:
    """A dot for each trial, a lane for each condition, and upright dotted lines at named values.

    Parameters: `table` has the columns condition, seed, accuracy.
    """
    names = table["condition"].unique()
    figure = new_figure(max(260, 60 * len(names) + 150), xaxis={"title_text": "test accuracy", **SHARE},
                        yaxis=lanes_from_top(names))
    for number, (_, own) in enumerate(table.groupby("condition", sort=False)):
        figure.add_scatter(x=own["accuracy"], y=[number] * len(own), mode="markers", showlegend=False, hoverinfo="text",
                           hovertext=describe(own, "{condition}, trial {seed}: {accuracy:.3f}"),
                           marker=mark_style(number, opacity=0.7))
    for dash, (name, value) in zip(DASHES[1:], lines.items(), strict=False):
        figure.add_scatter(x=[value, value], y=[-0.5, len(names) - 0.5], mode="lines", hoverinfo="skip",
                           name=f"{escape_name(name)}: {value:.3f}", line={"color": GREY, "dash": dash, "width": 1.5})
    return figure


def learning_curve(points: pd.DataFrame, curve: Curve) -> go.Figure:
    """Accuracy against training pictures a class, with the law fitted and continued (`statistics.learning_curve`).

    Parameters: `points` has the columns pictures, seed, accuracy.
    """
    sizes = np.geomspace(points["pictures"].min(), curve.pictures, 60)
    ticks = [first * 10**power for power in range(5) for first in (1, 2, 5)]
    figure = new_figure(xaxis={"title_text": "training pictures a class", "type": "log", "tickvals": ticks},
                        yaxis={"title_text": "test accuracy", **SHARE})
    figure.add_scatter(x=points["pictures"], y=points["accuracy"], mode="markers", name="one trial", hoverinfo="text",
                       hovertext=describe(points, "trial {seed}, {pictures:.0f} pictures a class: {accuracy:.3f}"),
                       marker={"size": 7, "color": colour(0), "opacity": 0.7})
    figure.add_scatter(x=sizes, y=curve.at(sizes), mode="lines", name="the law", hoverinfo="skip",
                       line={"color": colour(0), "dash": "dash", "width": 2})
    value, low, high = (np.array([number]) for number in (curve.accuracy, curve.low, curve.high))
    return figure.add_scatter(x=[curve.pictures], y=value, mode="markers", name=f"at {curve.pictures}",
                              hovertemplate="%{y:.3f}<extra></extra>", marker=mark_style(1),
                              error_y=interval_bars(value, low, high))


def verdicts(table: pd.DataFrame) -> go.Figure:
    """A bar for each section of the thesis, cut by the verdicts on its claims.

    Parameters: `table` has a row for each claim, with the columns section and verdict.
    """
    counted = table.groupby(["section", "verdict"], sort=False).size().unstack(fill_value=0)
    counted = counted.reindex(columns=[name for name in VERDICT_COLOURS if name in counted])
    figure = composition(counted.stack().rename("pictures").rename_axis(["group", "label"]).reset_index())
    for trace in figure.data:
        trace.update(marker_color=VERDICT_COLOURS[trace.name], hovertext=None, hoverinfo=None,
                     hovertemplate="%{x} claims: %{fullData.name}<extra></extra>")
    return figure.update_xaxes(title_text="claims")
