"""Figures of the audit, of the claims and of the experiments that try them out. Made as in `figures`."""

from collections.abc import Sequence

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
    ties = ["" if np.isnan(strength) else f"background tied to the class in {strength:.0%} of the pictures"
            for strength in table["strength"]]
    called = describe(table, "<br>called by the background: {called_by_background:.0%}")
    hover = np.char.add(describe(table, "{condition}: {accuracy:.3f}<br>95 % interval {low:.3f} to {high:.3f}<br>"
                                        "{pictures} pictures in {trials} trials"),
                        np.where(table["called_by_background"].isna(), "", called))
    figure = _interval_figure(table.assign(tie=ties), "accuracy", "condition", "tie", hover, 24 * len(table),
                              0.6 / len(set(ties)), showlegend=any(ties),
                              xaxis={"title_text": "test accuracy (dotted: always the commonest class)", **SHARE})
    return figure.add_vline(x=chance, line=DOTTED)


def densities(table: pd.DataFrame) -> go.Figure:
    """How much denser than evenly the best filter of each network answers on each part.

    Networks of one architecture share colour and symbol, filled for the first of them; what needs no network is grey.
    Parameters: `table` has the columns part, name, model (the architecture, or ""), what, density, low, high, pictures.
    """
    networks = table.drop_duplicates("name")
    kinds, later = pd.factorize(networks["model"])[0], networks["model"].duplicated()
    styles = [mark_style(kind, symbol=symbol(kind) + "-open" * again, color=colour(kind) if model else GREY)
              for kind, again, model in zip(kinds, later, networks["model"], strict=True)]
    hover = describe(table, "{what}: {density:.1f} times<br>95 % interval {low:.1f} to {high:.1f}<br>"
                            "{pictures} drawings")
    figure = _interval_figure(table, "density", "part", "name", hover, 26 * len(table), 0.7 / len(networks), styles,
                              xaxis={"title_text": "times as dense as an even answer (dotted: 1)", "type": "log",
                                     "dtick": "D2"})
    return figure.add_vline(x=1, line=DOTTED)


def differences(table: pd.DataFrame) -> go.Figure:
    """What each condition changes, as differences with their intervals around zero.

    Parameters: `table` has the columns label, difference, low, high and source (what the numbers are of: this run, a
    reference); a difference without an interval is a mark alone.
    """
    hover = describe(table, "{label}: {difference:+.3f}<br>95 % interval {low:+.3f} to {high:+.3f}<br>{source}")
    figure = _interval_figure(table, "difference", "label", "source", hover, 30 * table["label"].nunique() + 10, 0.3,
                              showlegend=table["source"].nunique() > 1,
                              xaxis={"title_text": "script less text", "tickformat": "+.0%"})
    return figure.add_vline(x=0, line={"color": GREY, "width": 1})


def _interval_figure(table: pd.DataFrame, value: str, lane: str, group: str, hover: Sequence[str], height: int,
                     step: float, styles: list[dict] | None = None, showlegend: bool | None = None,
                     **layout) -> go.Figure:
    """Marks with their intervals from the columns `value`, low and high: a lane for each name, in it a mark for each
    group. Parameters: `height` of the lanes and `step` of the marks in them as in `side_by_side`; `styles` one a group.
    """
    figure = new_figure(max(HEIGHT, height + 120), yaxis=lanes_from_top(table[lane].unique()), **layout)
    groups = side_by_side(table.assign(hover=hover), lane, group, step)
    for number, (name, own, heights) in enumerate(groups):
        figure.add_scatter(x=own[value], y=heights, mode="markers", name=escape_name(name), showlegend=showlegend,
                           error_x=interval_bars(own[value], own["low"], own["high"]), hovertext=own["hover"],
                           hoverinfo="text", marker=styles[number] if styles else mark_style(number))
    return figure


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
