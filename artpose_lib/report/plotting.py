"""The house style of all figures, and how a page shows a figure.

A class and an architecture keep one colour throughout, and a dash or a symbol beside it, so that colour never speaks
alone. Plotly reads a little HTML in every text: `escape_name` and `describe` escape what comes from data.
"""

import json
import textwrap
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from artpose_lib.train.recipes import RECIPES

# Okabe and Ito (2008), Color Universal Design, told apart by colour-blind readers; yellow is too pale for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "triangle-up", "cross", "pentagon", "triangle-down", "star", "hexagon")
ARCHITECTURES = tuple(dict.fromkeys(backbone for _, backbone in RECIPES))
GREY = "#595959"
DOTTED = {"color": GREY, "dash": "dot", "width": 1}
SHARE = {"range": [0, 1], "tickformat": ".0%"}  # an axis from nothing to all
HEIGHT = 380  # pixels, at least
CONFIG = {"displayModeBar": False, "responsive": True}
WIDE = 28  # characters of a title or a name that a phone is wide enough for
# An axis of powers whose ticks read 0.5, 1, 2, 5: Plotly's own leave out the power.
LOG = {"type": "log", "tickvals": [first * 10.0**power for power in range(-4, 6) for first in (1, 2, 5)],
       "tickformat": ",~g"}
POWERS = {"type": "log", "exponentformat": "power", "tickfont_size": 10}  # Plotly makes the ten larger by a quarter
_AXIS = {"gridcolor": "#e6e6e6", "linecolor": "#8c8c8c", "zeroline": False, "automargin": True,
         "title": {"standoff": 8, "font": {"size": 13}}, "ticks": "outside", "tickcolor": "#8c8c8c", "ticklen": 4}
TEMPLATE = go.layout.Template(layout={
    "font": {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13, "color": "#262626"},
    "paper_bgcolor": "white", "plot_bgcolor": "white", "xaxis": _AXIS, "yaxis": _AXIS,
    "hoverlabel": {"align": "left", "bgcolor": "white", "bordercolor": "#8c8c8c", "font": {"color": "#262626"},
                   "namelength": -1},
    "legend": {"orientation": "h", "x": 0.5, "xref": "container", "xanchor": "center",
               "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 12}, "tracegroupgap": 0},
    "margin": {"l": 10, "r": 22, "t": 14, "b": 10}, "autosize": True,
    "dragmode": False,  # a finger that scrolls past a figure must not zoom into it
})


class Shown(NamedTuple):
    """A figure as a notebook displays it: Plotly's own type for JupyterLab, HTML for the book."""

    figure: go.Figure
    alt: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        figure = self.figure.to_json()
        # The figure finds its element by its place: Plotly's own HTML has a random id, another at every run.
        # It follows its own width, which changes with a sidebar and a choice of views too, not with the window alone;
        # on a phone its legend takes more lines. Without Plotly, chooser.js may draw it later.
        pictures = " artpose-pictures" if self.figure.layout.images else ""
        html = (f'<figure class="artpose-figure{pictures}" role="group" aria-label="{escape(self.alt)}">'
                '<div class="plotly-graph-div" style="width: 100%">Run this cell to see its figure.</div>'
                "<script>(function (place, figure) { if (!place) return; place.draw = () => { "
                "place.style.height = `${figure.layout.height += 100 * (innerWidth < 500)}px`; place.textContent = ''; "
                f"Plotly.newPlot(place, figure.data, figure.layout, {json.dumps(CONFIG)}); "
                "new ResizeObserver(() => { if (place._fullLayout && place.offsetWidth) Plotly.Plots.resize(place); })"
                ".observe(place); }; if (window.Plotly) place.draw(); })"
                "(document.currentScript.closest('figure')?.firstChild, "
                f"{figure});</script><noscript>A script draws this figure; its numbers are in the chapter's tables and "
                'in what <code>artpose results</code> writes.</noscript><figcaption aria-hidden="true">'
                f"{escape(self.alt)}</figcaption></figure>")
        return {"application/vnd.plotly.v1+json": json.loads(figure) | {"config": CONFIG}, "text/html": html,
                "text/plain": self.alt}


def show(figure: go.Figure, alt: str) -> Shown:
    """A figure for a cell's last line or IPython's `display`; `alt`, plain text, is its caption, which pages number.

    Titles of axes and names that a phone is too narrow for are broken.
    """
    figure = go.Figure(figure)
    figure.for_each_xaxis(lambda axis: axis.update(title_text=wrap(axis.title.text)))
    if names := [wrap(text, 24) for text in figure.layout.yaxis.ticktext or ()]:
        lines = max(name.count("<br>") + 1 for name in names)
        figure.update_layout(yaxis_ticktext=names, height=max(figure.layout.height, 20 * lines * len(names) + 150))
    figure.for_each_trace(lambda trace: trace.update(name=wrap(trace.name)))
    return Shown(figure, alt.replace("'", "’"))


def wrap(text: str | None, width: int = WIDE) -> str | None:
    """Plotly text in lines of so many characters; what has lines already keeps them."""
    if not text or "<br>" in text:
        return text
    return "<br>".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def escape_name(name: object) -> str:
    """A name from data as Plotly text, which has neither HTML nor a %{variable} in it, nor entities of quotes."""
    return escape(str(name), quote=False).replace("%{", "&#37;{")


def describe(table: pd.DataFrame, form: str, known: str = "") -> pd.Series:
    """A text on hover for each row: `form` with the row's columns in it, names escaped; "" where `known` is NaN."""
    safe = table.map(lambda value: escape_name(value) if isinstance(value, str) else value)
    texts = pd.Series([form.format(**row) for row in safe.to_dict("records")], table.index, dtype=str)
    return texts.mask(table[known].isna(), "") if known else texts


def colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def mark_style(number: int, **changes) -> dict:
    return {"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 9, "color": colour(number), **changes}


def line_style(number: int, width: float = 2) -> dict:
    return {"color": colour(number), "dash": DASHES[number % len(DASHES)], "width": width}


def style_number(name: str, otherwise: int = 0) -> int:
    """The number of a group's style: an architecture's own, or the given one."""
    return ARCHITECTURES.index(name) if name in ARCHITECTURES else otherwise


def new_figure(rows: int = 0, **layout) -> go.Figure:
    """An empty figure with room for so many rows of names or marks; the width is the page's."""
    return go.Figure(layout={"template": TEMPLATE, "height": max(HEIGHT, 26 * rows + 150), **layout})


def lanes(names: Sequence[str], **axis) -> dict:
    """An axis of names at 0, 1, 2, …: Plotly would take names like "1" or "2020" for numbers and dates."""
    return {"tickvals": list(range(len(names))), "ticktext": [escape_name(name) for name in names],
            "showgrid": False, "ticks": "", **axis}


def lanes_from_top(names: Sequence[str], **axis) -> dict:
    """The same for an upright axis, the first name on top."""
    return lanes(names, range=[len(names) - 0.5, -0.5], **axis)


def interval_bars(value: pd.Series, low: pd.Series, high: pd.Series) -> dict:
    return {"array": high - value, "arrayminus": value - low, "thickness": 2, "width": 0}


def draw_marks(table: pd.DataFrame, value: str, lane: str, group: str, room: float, axis: dict) -> go.Figure:
    """A mark for each row at its column `value`, with a bar from `low` to `high` where the table has these columns.

    Rows of one `lane` are side by side, and within `room`, a share of the lane, each `group` there has a height.
    Each group has a style. Both are columns and keep the table's order, as `hover`, Plotly text; `axis` is the x axis.
    """
    (lane_numbers, names), (group_numbers, groups) = pd.factorize(table[lane]), pd.factorize(table[group])
    step = room / max(len(groups), 1)
    there = pd.Series(group_numbers, table.index).groupby(lane_numbers)
    table = table.assign(height=lane_numbers + step * (there.rank("dense") - (there.transform("nunique") + 1) / 2))
    figure = new_figure(len(names) * len(groups), xaxis=axis, yaxis=lanes_from_top(names))
    for number, (name, own) in enumerate(table.groupby(group, sort=False)):
        bars = interval_bars(own[value], own["low"], own["high"]) if "low" in own else None
        figure.add_scatter(x=own[value], y=own["height"], mode="markers", name=escape_name(name), error_x=bars,
                           marker=mark_style(style_number(name, number)), hovertext=own["hover"], hoverinfo="text")
    return figure
