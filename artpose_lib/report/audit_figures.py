"""Figures of the audit, of the claims and of the experiments that try them out. Made as in `figures`."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from artpose_lib.report import plotting
from artpose_lib.report.planning import Curve
from artpose_lib.report.plotting import DOTTED, GREY, LOG, SHARE, colour, describe, draw_marks, escape_name, new_figure


def conditions(table: pd.DataFrame, chance: float) -> go.Figure:
    """The accuracy in each condition, from `statistics.accuracies_by_condition`, and the commonest class' share."""
    ties = describe(table, "background tied to the class in {strength:.0%} of the pictures", known="strength")
    hover = describe(table, "{condition}: {accuracy:.3f}<br>95% interval {low:.3f} to {high:.3f}<br>"
                            "{pictures} pictures in {trials} trials")
    called = describe(table, "<br>called by the background: {called_by_background:.0%}", known="called_by_background")
    figure = draw_marks(table.assign(hover=hover + called, tie=ties), "accuracy", "condition", "tie", 0.6,
                        {"title_text": "test accuracy", **SHARE})
    figure.update_traces(showlegend=False, selector={"name": ""})
    return figure.add_vline(x=chance, line=DOTTED)


def densities(table: pd.DataFrame) -> go.Figure:
    """How much denser than evenly the best filter of each network answers on each part, from part, name, model (whose
    networks share a colour; "", what never learned, is grey), what, density, low, high, pictures."""
    hover = describe(table, "{what}: {density:.1f} times<br>95% interval {low:.1f} to {high:.1f}<br>"
                            "{pictures} drawings")
    figure = draw_marks(table.assign(hover=hover), "density", "part", "name", 0.7, {
        "title_text": "times as dense as an even answer", **LOG})
    networks = table.drop_duplicates("name")
    kinds, later = pd.factorize(networks["model"])[0], networks.duplicated("model")
    for trace, kind, model, is_open in zip(figure.data, kinds, networks["model"], later, strict=True):
        trace.marker = plotting.mark_style(kind) | ({} if model else {"color": GREY})
        trace.marker.symbol += "-open" * is_open
    return figure.add_vline(x=1, line=DOTTED)


def changes(groups: dict[str, pd.DataFrame]) -> go.Figure:
    """The differences that `statistics.compare` found, a lane a row of a frame, whose index names it; by the names of
    the frames."""
    table = pd.concat(rows.assign(way=rows.index, group=name) for name, rows in groups.items())
    numbers = table.astype(dict.fromkeys(["first", "second", "difference", "low", "high"], float))
    hover = describe(numbers, "{way}: {first:.3f} → {second:.3f}<br>"
                              "{difference:+.3f}, 95% interval {low:+.3f} to {high:+.3f}")
    figure = draw_marks(numbers.assign(hover=hover), "difference", "way", "group", 0.5,
                        {"title_text": "change of test accuracy", "tickformat": "+.0%"})
    return figure.update_traces(showlegend=len(groups) > 1).add_vline(x=0, line=DOTTED)


def dots(table: pd.DataFrame, lines: dict[str, float]) -> go.Figure:
    """A dot for each trial (condition, seed, accuracy), a lane for each condition, upright lines at named values."""
    hover = describe(table, "{condition}, trial {seed}: {accuracy:.3f}")
    figure = draw_marks(table.assign(hover=hover), "accuracy", "condition", "condition", 0,
                        {"title_text": "test accuracy", **SHARE})
    figure.update_traces(marker_opacity=0.7, showlegend=False)
    for trace in figure.data:  # those of one value stand on one another
        trace.y = trace.y - 0.18 * pd.Series(trace.x).groupby(trace.x).cumcount()
    figure.update_layout(height=160 + 40 * table["condition"].nunique())
    for dash, (name, value) in zip(plotting.DASHES[1:], lines.items(), strict=False):
        figure.add_scatter(x=[value, value], y=figure.layout.yaxis.range, mode="lines", hoverinfo="skip",
                           name=f"{escape_name(name)}: {value:.3f}", line={"color": GREY, "dash": dash, "width": 1.5})
    return figure


def learning_curve(points: pd.DataFrame, curve: Curve) -> go.Figure:
    """Accuracy against training pictures a class: the points of `planning.learning_curve` and the law it fitted."""
    sizes = np.geomspace(points["pictures"].min(), curve.pictures, 60)
    figure = new_figure(xaxis={"title_text": "training pictures a class", **LOG},
                        yaxis={"title_text": "test accuracy", **SHARE})
    figure.add_scatter(x=points["pictures"], y=points["accuracy"], mode="markers", name="one trial", hoverinfo="text",
                       hovertext=describe(points, "trial {seed}, {pictures:.0f} pictures a class: {accuracy:.3f}"),
                       marker={"size": 7, "color": colour(0), "opacity": 0.7})
    figure.add_scatter(x=sizes, y=curve.at(sizes), mode="lines", name="the law", hoverinfo="skip",
                       line={"color": colour(0), "dash": "dash", "width": 2})
    value, low, high = (np.array([number]) for number in (curve.accuracy, curve.low, curve.high))
    return figure.add_scatter(x=[curve.pictures], y=value, mode="markers", name=f"at {curve.pictures:.0f}",
                              hovertemplate="%{y:.3f}<extra></extra>", marker=plotting.mark_style(1),
                              error_y=plotting.interval_bars(value, low, high))
