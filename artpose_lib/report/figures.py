"""The figures of the thesis, as Plotly figures from plain data frames; `evidence` has those of what the report adds.

A class and an architecture keep one colour throughout, and a dash or a symbol beside it, so that colour never speaks
alone. Names come from data, and Plotly reads a little HTML in every text: they are escaped before they get there.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from artpose_lib.train.recipes import RECIPES

# Okabe and Ito (2008), Color Universal Design, told apart by colour-blind readers; yellow is too pale for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "triangle-up", "cross", "pentagon", "triangle-down", "star", "hexagon")
GREY = "#595959"
ARCHITECTURES = tuple(dict.fromkeys(backbone for _, backbone in RECIPES))
BAND_TRIALS = 3  # the interval of two trials is twelve standard errors wide either way: said on hover, not drawn
HEIGHT = 380  # pixels; the width is the page's
MODEL_TITLES = {"baseline": "Baseline", "frozen": "Frozen", "finetuned": "Fine-tuned",
                "finetuned_aug": "Fine-tuned, augmented"}
METRIC_TITLES = {"accuracy": "accuracy", "macro_f1": "macro F1", "weighted_f1": "weighted F1"}
# From white to a blue that black numbers are still easy to read on.
_SHADES = [[0, "#ffffff"], [1, "#7ab3df"]]
CONFIG = {"displaylogo": False, "responsive": True}

_AXIS = {"gridcolor": "#e6e6e6", "linecolor": "#8c8c8c", "zeroline": False, "automargin": True,
         "title": {"standoff": 8}, "ticks": "outside", "tickcolor": "#8c8c8c", "ticklen": 4}
_TEMPLATE = go.layout.Template(layout={
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

    _times_shown: Counter = Counter()

    def __init__(self, figure: go.Figure, alt: str):
        self.figure, self.alt = figure, alt
        # Plotly's own ids are random; this one leaves the page as it is when a chapter runs again.
        digest = hashlib.sha256(f"{alt}/{figure.to_json()}".encode()).hexdigest()[:12]
        self._times_shown[digest] += 1
        self.id = f"artpose-{digest}-{self._times_shown[digest]}"

    def _repr_html_(self) -> str:
        plot = self.figure.to_html(full_html=False, include_plotlyjs=False, config=CONFIG, div_id=self.id)
        return f'<figure role="group" aria-label="{escape(self.alt)}" style="margin: 0">{plot}</figure>'

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"application/vnd.plotly.v1+json": json.loads(self.figure.to_json()) | {"config": CONFIG},
                "text/html": self._repr_html_(), "text/plain": self.alt}


def show(figure: go.Figure, alt: str) -> Shown:
    """A figure with its text alternative, ready to be a cell's last line or to go through IPython's `display`.

    Parameters: `alt` is one sentence, plain text, that tells who cannot see the figure what it shows.
    """
    return Shown(figure, alt)


def safe(name: object) -> str:
    """A name from data as Plotly text, where neither HTML nor a %{variable} is read out of it.

    Quotes stay as they are: Plotly does not know their entities.
    """
    return escape(str(name), quote=False).replace("%{", "&#37;{")


def colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def dash(number: int) -> str:
    return DASHES[number % len(DASHES)]


def symbol(number: int) -> str:
    return SYMBOLS[number % len(SYMBOLS)]


def blank(height: int = HEIGHT, **layout) -> go.Figure:
    """A figure in the report's style with nothing in it, `height` pixels high."""
    return go.Figure(layout={"template": _TEMPLATE, "height": height, **layout})


def lanes(names: Sequence[str], **axis) -> dict:
    """An axis of names at 0, 1, 2, …: Plotly would take names like "1" or "2020" for numbers and dates."""
    return {"tickvals": list(range(len(names))), "ticktext": [safe(name) for name in names],
            "showgrid": False, "ticks": "", **axis}


def class_distribution(counts: pd.DataFrame) -> go.Figure:
    """How the classes share out in each part of a split (Figures 2.1 and 2.3).

    Parameters: `counts` has the columns part, label, pictures; parts and classes appear in its order.
    """
    parts, classes = counts["part"].unique(), counts["label"].unique()
    table = counts.pivot_table("pictures", "label", "part", "sum", fill_value=0).loc[classes, parts]
    figure = make_subplots(1, len(parts), shared_yaxes=True, horizontal_spacing=0.08, subplot_titles=[
        f"{safe(part)}<br>({table[part].sum()})" for part in parts])
    for column, part in enumerate(parts, start=1):
        shares = table[part] / table[part].sum()
        figure.add_bar(
            x=shares, y=list(range(len(classes))), orientation="h", text=table[part], cliponaxis=False,
            marker_color=[colour(number) for number in range(len(classes))], hoverinfo="text", showlegend=False,
            hovertext=[f"{safe(name)}: {n} of {table[part].sum()} {safe(part)} pictures, {share:.0%}"
                       for name, n, share in zip(classes, table[part], shares, strict=True)], row=1, col=column)
    widest = (table / table.sum()).to_numpy().max()
    figure.update_layout(template=_TEMPLATE, height=_tall(len(classes)), bargap=0.25, margin_t=52)
    figure.update_xaxes(range=[0, 1.05 * widest], tickformat=".0%", nticks=2, tickangle=0)
    figure.update_xaxes(title_text="share of the part's pictures", col=(len(parts) + 1) // 2)
    figure.update_yaxes(lanes(classes))
    figure.update_yaxes(range=[len(classes) - 0.5, -0.5])
    return figure


def composition(counts: pd.DataFrame) -> go.Figure:
    """What a data set is made of: a bar for each group of pictures, with the classes in it one after the other.

    Parameters: `counts` has the columns group, label, pictures; groups and classes appear in its order.
    """
    groups, classes = counts["group"].unique(), counts["label"].unique()
    table = counts.pivot_table("pictures", "group", "label", "sum", fill_value=0).loc[groups, classes]
    figure = blank(height=_tall(len(groups)), barmode="stack", bargap=0.25, legend_traceorder="normal")
    for number, name in enumerate(classes):
        figure.add_bar(x=table[name], y=list(range(len(groups))), orientation="h", name=safe(name),
                       marker_color=colour(number), hoverinfo="text",
                       hovertext=[f"{safe(group)}: {n} of {safe(name)}" for group, n in table[name].items()])
    figure.update_xaxes(title_text="pictures", rangemode="tozero")
    figure.update_yaxes(lanes(groups))
    figure.update_yaxes(range=[len(groups) - 0.5, -0.5])
    return figure


def _tall(rows: int) -> int:
    """A height with room for so many rows of names."""
    return max(HEIGHT, 26 * rows + 150)


def curves(table: pd.DataFrame, model: str) -> go.Figure:
    """Validation accuracy and loss of one model over its epochs (Figures 3.1, 3.2, 3.3 and 3.5).

    Parameters: `table` comes from `metrics.curves`. Lines are means over the trials still running, bands their 95 %
    intervals, drawn where at least `BAND_TRIALS` are left.
    """
    figure = make_subplots(1, 2, horizontal_spacing=0.12, subplot_titles=["validation accuracy", "validation loss"])
    own = table[table["model"] == model]
    for column, metric in enumerate(["val_accuracy", "val_loss"], start=1):
        for backbone, line in own[own["metric"] == metric].groupby("backbone", sort=False):
            for trace in _curve(backbone, line, first=column == 1):
                figure.add_trace(trace, row=1, col=column)
    losses = own[own["metric"] == "val_loss"]
    figure.update_layout(template=_TEMPLATE, height=HEIGHT)
    figure.update_xaxes(title_text="epoch", rangemode="tozero", dtick=1 if own["epoch"].max() < 10 else None)
    figure.update_yaxes(range=[0, 1], tickformat=".0%", col=1)
    # The means set the scale: a wide band may run out of it.
    figure.update_yaxes(range=[0, 1.3 * losses["mean"].max()], col=2)
    return figure


def _curve(backbone: str, line: pd.DataFrame, first: bool) -> list[go.Scatter]:
    number, name, most = ARCHITECTURES.index(backbone), safe(backbone), line["trials"].max()
    band = line[line["trials"] >= BAND_TRIALS]
    intervals = np.where(line["low"].isna(), "", [f"95 % interval {low:.3f} to {high:.3f}<br>"
                                                  for low, high in zip(line["low"], line["high"], strict=True)])
    notes = [f"{interval}{trials} of {most} trials still running"
             for interval, trials in zip(intervals, line["trials"], strict=True)]
    return [
        go.Scatter(x=np.r_[band["epoch"], band["epoch"][::-1]], y=np.r_[band["high"], band["low"][::-1]],
                   fill="toself", fillcolor=colour(number), opacity=0.15, line_width=0, mode="lines",
                   hoverinfo="skip", legendgroup=name, showlegend=False),
        go.Scatter(x=line["epoch"], y=line["mean"], name=name, legendgroup=name, showlegend=first,
                   mode="lines" if len(line) > 12 else "lines+markers", meta=name, customdata=notes,
                   hovertemplate="%{meta}, epoch %{x}: %{y:.3f}<br>%{customdata}<extra></extra>",
                   line={"color": colour(number), "dash": dash(number), "width": 2},
                   marker={"symbol": symbol(number), "size": 7})]


def class_scores(report: pd.DataFrame) -> go.Figure:
    """Precision, recall and F1 of each class, with their averages (Figures 3.4 and 3.7).

    Parameters: `report` comes from `metrics.class_report`.
    """
    columns, labels = ["precision", "recall", "f1"], ["precision", "recall", "F1"]
    values = report[columns].to_numpy()
    names = [f"{row.name} ({row.support})" for row in report.rename_axis(None).itertuples(index=False)]
    hover = [[f"{safe(row.name)}: {label} {value:.3f}<br>{row.support} pictures"
              for label, value in zip(labels, scores, strict=True)]
             for row, scores in zip(report.itertuples(index=False), values, strict=True)]
    figure = blank(_tall(len(report)))
    figure.add_heatmap(z=values, zmin=0, zmax=1, colorscale=_SHADES, text=values, texttemplate="%{text:.2f}",
                       hovertext=hover, hoverinfo="text", xgap=2, ygap=2, showscale=False, textfont_color="#1a1a1a")
    figure.update_layout(margin_t=60)
    figure.update_xaxes(lanes(labels, side="top", title_text="in brackets: pictures"))
    figure.update_yaxes(lanes(names, range=[len(report) - 0.5, -0.5]))
    figure.add_hline(y=(report["kind"] == "class").sum() - 0.5, line={"color": GREY, "width": 2})
    return figure


def roc(table: pd.DataFrame) -> go.Figure:
    """The ROC curve of each class and their averages (Figure 3.6).

    Parameters: `table` comes from `metrics.roc_curves`. A class without a curve keeps its place in the legend.
    """
    figure = blank(540)
    for number, (name, curve) in enumerate(table.groupby("name", sort=False)):
        average = curve["kind"].iloc[0] == "average"
        area = curve["auc"].iloc[0]
        line = ({"color": GREY, "dash": "dot" if name.startswith("micro") else "solid", "width": 4} if average
                else {"color": colour(number), "dash": dash(number), "width": 2})
        figure.add_scatter(
            x=curve["false_positive_rate"], y=curve["true_positive_rate"], mode="lines", line=line, meta=safe(name),
            name=f"{safe(name)}: " + ("no curve" if np.isnan(area) else f"{area:.2f}"),
            hovertemplate="%{meta}: finds %{y:.0%} of its pictures<br>"
                          "where it claims %{x:.0%} of the others<extra></extra>")
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": "#8c8c8c", "width": 1, "dash": "dash"},
                       name="chance: 0.50", hoverinfo="skip")
    figure.update_layout(legend_title={"text": "area under the curve (AUC)", "side": "top"})
    figure.update_xaxes(title_text="false positive rate", range=[-0.01, 1.01], tickformat=".0%")
    figure.update_yaxes(title_text="true positive rate", range=[-0.01, 1.01], tickformat=".0%")
    return figure


def confusion(matrix: np.ndarray, classes: Sequence[str]) -> go.Figure:
    """Which poses are taken for which (Figure 3.8): counts, and colour by the share of the true class.

    Parameters: `matrix` counts (k, k), true class by predicted class, or the frame from `metrics.confusion`.
    """
    counts = np.asarray(matrix)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    hover = [[f"{counts[i, j]} of {totals[i, 0]} pictures of {safe(true)} called {safe(called)}, {shares[i, j]:.0%}"
              for j, called in enumerate(classes)] for i, true in enumerate(classes)]
    second_line = "<br>{:.0%}" if len(classes) <= 8 else ""  # no room for more
    text = [[f"{n}{second_line.format(share)}" if n else "" for n, share in zip(*rows, strict=True)]
            for rows in zip(counts, shares, strict=True)]
    figure = blank(max(460, _tall(len(classes))))
    figure.add_heatmap(z=shares, zmin=0, zmax=1, colorscale=_SHADES, text=text, texttemplate="%{text}",
                       hovertext=hover, hoverinfo="text", xgap=1, ygap=1, showscale=False, textfont_color="#1a1a1a")
    figure.update_xaxes(lanes(classes, title_text="predicted", autotickangles=[0, -45, -90]))
    figure.update_yaxes(lanes(classes, title_text="true", range=[len(classes) - 0.5, -0.5]))
    return figure


def schedule(table: pd.DataFrame) -> go.Figure:
    """The learning rate over a training (Figure A.2); markers are filled in phase I and open in phase II.

    Parameters: `table` has the columns epoch, learning_rate, phase (1 or 2), label (what is trained).
    """
    figure = blank()
    for position, (label, line) in enumerate(table.groupby("label", sort=False)):
        number = ARCHITECTURES.index(label) if label in ARCHITECTURES else position
        figure.add_scatter(
            x=line["epoch"], y=line["learning_rate"], name=safe(label), mode="lines+markers",
            line={"color": colour(number), "dash": dash(number), "width": 1.5},
            marker={"size": 6, "symbol": [symbol(number) + ("" if phase == 1 else "-open") for phase in line["phase"]]},
            hoverinfo="text",
            hovertext=[f"{safe(label)}, epoch {row.epoch}: learning rate {row.learning_rate:.2g}, "
                       f"phase {'I' * row.phase}" for row in line.itertuples()])
    figure.update_xaxes(title_text="epoch (filled: phase I, open: phase II)")
    figure.update_yaxes(title_text="learning rate", type="log", exponentformat="power", dtick=1)
    return figure


def comparison(table: pd.DataFrame, metric: str = "accuracy", per_trial: pd.DataFrame | None = None) -> go.Figure:
    """One score of every model, here and in the thesis (Tables 3.1 and 3.2).

    Parameters: `table` comes from `metrics.against_thesis`; `metric` is one of `metrics.METRICS`; `per_trial`, from
    `metrics.per_trial`, adds a small dot for each trial.
    """
    own = table[table["metric"] == metric]
    models, backbones = list(own["model"].unique()), list(own["backbone"].unique())
    step = 0.84 / len(backbones)
    figure = blank(max(HEIGHT, 22 * len(models) * len(backbones) + 110))
    for position, backbone in enumerate(backbones):
        lane = pd.Series(range(len(models)), models) + step * (position - (len(backbones) - 1) / 2)
        figure.add_traces(_means(own[own["backbone"] == backbone], lane))
        if per_trial is not None:
            figure.add_trace(_trial_dots(per_trial[per_trial["backbone"] == backbone], metric, lane + step / 3))
    figure.add_trace(_key("thesis", symbol="diamond-open", size=11, line_width=2))
    if per_trial is not None:
        figure.add_trace(_key("one trial", symbol="circle", size=5))
    figure.update_xaxes(title_text=f"test {METRIC_TITLES[metric]}", range=[0, 1], tickformat=".0%")
    labels = [MODEL_TITLES[model].replace(", ", ",<br>") for model in models]
    figure.update_yaxes(lanes(models, ticktext=labels, range=[len(models) - 0.5, -0.5]))
    for number in range(1, len(models)):
        figure.add_hline(y=number - 0.5, line={"color": "#d0d0d0", "width": 1})
    return figure


def _means(rows: pd.DataFrame, lane: pd.Series) -> list[go.Scatter]:
    """Our means with their intervals, and the thesis' values as open diamonds, of one architecture."""
    backbone = rows["backbone"].iloc[0]
    number = ARCHITECTURES.index(backbone)
    named = [(f"{safe(backbone)}, {MODEL_TITLES[row.model]}", row) for row in rows.itertuples()]
    common = {"mode": "markers", "legendgroup": backbone, "hoverinfo": "text", "y": lane[rows["model"]].to_numpy()}
    return [
        go.Scatter(x=rows["here"], name=safe(backbone), **common,
                   hovertext=[f"{name}: {row.here:.3f}<br>95 % interval {row.low:.3f} to {row.high:.3f}<br>"
                              f"trials: {row.trials}" for name, row in named],
                   marker={"symbol": symbol(number), "size": 9, "color": colour(number)},
                   error_x={"array": rows["high"] - rows["here"], "arrayminus": rows["here"] - rows["low"],
                            "thickness": 2, "width": 0}),
        go.Scatter(x=rows["thesis"], showlegend=False, **common,
                   hovertext=[f"{name}: {row.thesis:.3f} in the thesis" for name, row in named],
                   marker={"symbol": "diamond-open", "size": 11, "color": colour(number), "line_width": 2})]


def _trial_dots(rows: pd.DataFrame, metric: str, lane: pd.Series) -> go.Scatter:
    return go.Scatter(
        x=rows[metric], y=lane[rows["model"]].to_numpy(), mode="markers", showlegend=False, hoverinfo="text",
        legendgroup=rows["backbone"].iloc[0] if len(rows) else None,
        hovertext=[f"{safe(row.backbone)}, {MODEL_TITLES[row.model]}, trial {row.seed}: {getattr(row, metric):.3f}"
                   for row in rows.itertuples()],
        marker={"size": 5, "opacity": 0.5, "color": [colour(ARCHITECTURES.index(name)) for name in rows["backbone"]]})


def _key(name: str, **marker) -> go.Scatter:
    """An entry of the legend that stands for no trace of its own."""
    return go.Scatter(x=[None], y=[None], mode="markers", name=name, marker={"color": GREY, **marker})
