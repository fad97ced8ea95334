"""The house style of all figures: colours, lanes of names, intervals, texts on hover, and how a page shows a figure.

A class and an architecture keep one colour throughout, and a dash or a symbol beside it, so that colour never speaks
alone. Names come from data, and Plotly reads a little HTML in every text: `escape_name` and `describe` escape them.
"""

import json
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

# Okabe and Ito (2008), Color Universal Design, told apart by colour-blind readers; yellow is too pale for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "triangle-up", "cross", "pentagon", "triangle-down", "star", "hexagon")
GREY = "#595959"
DOTTED = {"color": GREY, "dash": "dot", "width": 1}
SHARE = {"range": [0, 1], "tickformat": ".0%"}  # an axis from nothing to all
HEIGHT = 380  # pixels; the width is the page's
CONFIG = {"displaylogo": False, "responsive": True}
_AXIS = {"gridcolor": "#e6e6e6", "linecolor": "#8c8c8c", "zeroline": False, "automargin": True,
         "title": {"standoff": 8}, "ticks": "outside", "tickcolor": "#8c8c8c", "ticklen": 4}
TEMPLATE = go.layout.Template(layout={
    "font": {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13, "color": "#262626"},
    "paper_bgcolor": "white", "plot_bgcolor": "white", "xaxis": _AXIS, "yaxis": _AXIS,
    "hoverlabel": {"align": "left", "bgcolor": "white", "bordercolor": "#8c8c8c", "namelength": -1},
    "legend": {"orientation": "h", "x": 0.5, "xref": "container", "xanchor": "center",
               "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 12}},
    "margin": {"l": 10, "r": 22, "t": 30, "b": 10}, "autosize": True,
    "dragmode": False,  # a finger that scrolls past a figure must not zoom into it
})


class Shown:
    """A figure as a notebook displays it: Plotly's own type for JupyterLab, HTML for the book."""

    def __init__(self, figure: go.Figure, alt: str):
        self.figure, self.alt = figure, alt

    def _repr_html_(self) -> str:
        """Plotly's own HTML finds its element by a random id. This finds it by its place: the same at every run."""
        return (f'<figure role="group" aria-label="{escape(self.alt)}" style="margin: 0">'
                f'<div class="plotly-graph-div" style="height: {self.figure.layout.height}px; width: 100%"></div>'
                "<script>(function (place, figure) { Plotly.newPlot(place, figure.data, figure.layout, "
                f"{json.dumps(CONFIG)}); }})(document.currentScript.previousElementSibling, {self.figure.to_json()});"
                "</script></figure>")

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"application/vnd.plotly.v1+json": json.loads(self.figure.to_json()) | {"config": CONFIG},
                "text/html": self._repr_html_(), "text/plain": self.alt}


def show(figure: go.Figure, alt: str) -> Shown:
    """A figure with its text alternative, ready to be a cell's last line or to go through IPython's `display`.

    Parameters: `alt` is one sentence, plain text, that tells who cannot see the figure what it shows.
    """
    return Shown(figure, alt)


def escape_name(name: object) -> str:
    """A name from data as Plotly text, where neither HTML nor a %{variable} is read out of it.

    Quotes stay as they are: Plotly does not know their entities.
    """
    return escape(str(name), quote=False).replace("%{", "&#37;{")


def describe(table: pd.DataFrame, form: str) -> list[str]:
    """A text on hover for each row: the format string `form` with the row's columns in it, names escaped."""
    safe = table.map(lambda value: escape_name(value) if isinstance(value, str) else value)
    return [form.format(**row) for row in safe.to_dict("records")]


def colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def symbol(number: int) -> str:
    return SYMBOLS[number % len(SYMBOLS)]


def mark_style(number: int, **changes) -> dict:
    """Symbol, size and colour of the marks of one group, by its number."""
    return {"symbol": symbol(number), "size": 9, "color": colour(number), **changes}


def line_style(number: int, width: float = 2) -> dict:
    return {"color": colour(number), "dash": DASHES[number % len(DASHES)], "width": width}


def new_figure(height: int = HEIGHT, **layout) -> go.Figure:
    """An empty figure in the house style, `height` pixels high."""
    return go.Figure(layout={"template": TEMPLATE, "height": height, **layout})


def lanes(names: Sequence[str], **axis) -> dict:
    """An axis of names at 0, 1, 2, …: Plotly would take names like "1" or "2020" for numbers and dates."""
    return {"tickvals": list(range(len(names))), "ticktext": [escape_name(name) for name in names],
            "showgrid": False, "ticks": "", **axis}


def lanes_from_top(names: Sequence[str], **axis) -> dict:
    """The same as an upright axis, the first name on top."""
    return lanes(names, range=[len(names) - 0.5, -0.5], **axis)


def side_by_side(table: pd.DataFrame, lane: str, group: str,
                 step: float) -> Iterator[tuple[object, pd.DataFrame, np.ndarray]]:
    """Each group, its rows, and the height of each row's mark: in its lane, `step` below the group before.

    Parameters: `lane` and `group` are columns of `table`; lanes and groups have its order.
    """
    names, groups = list(table[lane].unique()), table.groupby(group, sort=False, dropna=False)
    for number, (key, own) in enumerate(groups):
        yield key, own, np.array([names.index(name) for name in own[lane]]) + step * (number - (len(groups) - 1) / 2)


def interval_bars(value: pd.Series, low: pd.Series, high: pd.Series) -> dict:
    """Plotly's error bars from `low` to `high` for marks at `value`."""
    return {"array": high - value, "arrayminus": value - low, "thickness": 2, "width": 0}


def add_marks(figure: go.Figure, rows: pd.DataFrame, value: str, heights: np.ndarray, hover: Sequence[str],
              **trace) -> None:
    """Add a mark for each row at its column `value`, with a bar from `low` to `high`. Other arguments are Plotly's."""
    figure.add_scatter(x=rows[value], y=heights, mode="markers", hovertext=hover, hoverinfo="text",
                       error_x=interval_bars(rows[value], rows["low"], rows["high"]), **trace)
