"""The figures of the thesis, as Plotly figures from plain data frames; `audit_figures` has those that question it."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from artpose_lib.data.summary import OTHERS, UNKNOWN
from artpose_lib.report import plotting
from artpose_lib.report.plotting import GREY, SHARE, colour, describe, escape_name, lanes, lanes_from_top, new_figure
from artpose_lib.report.scores import MODEL_TITLES

BAND_TRIALS = 3  # the interval of two trials is twelve standard errors wide either way: said on hover, not drawn
METRIC_TITLES = {"accuracy": "accuracy", "macro_f1": "macro F1", "weighted_f1": "weighted F1"}
_THESIS = {"symbol": "diamond-open", "size": 11, "line_width": 2}  # the mark of the thesis' own values
# A table of numbers from 0 to 1, from white to a blue that black numbers are still easy to read on.
_TABLE = {"zmin": 0, "zmax": 1, "colorscale": [[0, "#ffffff"], [1, "#7ab3df"]], "showscale": False,
          "hoverinfo": "text", "textfont_color": "#1a1a1a"}


def class_distribution(counts: pd.DataFrame) -> go.Figure:
    """How the classes share out in each part of a split (Figures 2.1 and 2.3), from part, label, pictures."""
    parts, classes = counts["part"].unique(), counts["label"].unique()
    table = counts.pivot_table("pictures", "label", "part", "sum", fill_value=0).loc[classes, parts]
    totals, shares = table.sum(), table / table.sum()
    figure = make_subplots(1, len(parts), shared_yaxes=True, horizontal_spacing=0.13, subplot_titles=[
        f"{escape_name(part)} ({total})".replace(" ", "<br>") for part, total in totals.items()],
        figure=new_figure(len(classes), bargap=0.25, margin_t=66))
    figure.update_annotations(font_size=13)
    for column, part in enumerate(parts, start=1):
        own = pd.DataFrame({"label": classes, "part": part, "n": table[part], "all": totals[part],
                            "share": shares[part]})
        figure.add_bar(x=own["share"], y=list(range(len(classes))), orientation="h", text=own["n"], cliponaxis=False,
                       marker_color=[colour(number) for number in range(len(classes))], showlegend=False,
                       hovertext=describe(own, "{label}: {n} of {all} {part} pictures, {share:.0%}"), hoverinfo="text",
                       row=1, col=column)
    figure.update_xaxes(range=[0, 1.05 * shares.to_numpy().max()], tickformat=".0%", nticks=2, tickangle=0)
    figure.update_xaxes(title_text="share of the part’s pictures", col=(len(parts) + 1) // 2)
    return figure.update_yaxes(lanes_from_top(classes))


def composition(counts: pd.DataFrame) -> go.Figure:
    """What a data set is made of, from group, label, pictures: a bar a group, with its classes one after the other."""
    groups, classes = counts["group"].unique(), counts["label"].unique()
    table = counts.pivot_table("pictures", "group", "label", "sum", fill_value=0).loc[groups]
    figure = new_figure(len(groups), barmode="stack", bargap=0.25, legend_traceorder="normal",
                        xaxis={"title_text": "pictures", "rangemode": "tozero"}, yaxis=lanes_from_top(groups))
    for number, name in enumerate(classes):
        own = pd.DataFrame({"group": groups, "n": table[name], "label": name})
        figure.add_bar(x=own["n"], y=list(range(len(groups))), orientation="h", name=escape_name(name),
                       marker_color=colour(number), hoverinfo="text",
                       hovertext=describe(own, "{group}: {n} of {label}"))
    return figure


def curves(table: pd.DataFrame, model: str) -> go.Figure:
    """Validation accuracy and loss of one model over its epochs (Figures 3.1, 3.2, 3.3 and 3.5), from `scores.curves`.
    Bands are 95% intervals, drawn where at least `BAND_TRIALS` trials are still running."""
    figure = make_subplots(1, 2, horizontal_spacing=0.12, subplot_titles=["validation accuracy", "validation loss"],
                           figure=new_figure(margin_t=30))
    figure.update_annotations(font_size=13)
    own = table[table["model"] == model]
    for column, metric in enumerate(["val_accuracy", "val_loss"], start=1):
        for backbone, line in own[own["metric"] == metric].groupby("backbone", sort=False):
            figure.add_traces(_curve(backbone, line, first=column == 1), rows=1, cols=column)
    losses = own.loc[own["metric"] == "val_loss", "mean"]
    figure.update_xaxes(title_text="epoch", rangemode="tozero", dtick=1 if own["epoch"].max() < 10 else None)
    figure.update_yaxes(SHARE, col=1)
    return figure.update_yaxes(range=[0, 1.3 * losses.max()], col=2)  # a wide band may run out of it


def _curve(backbone: str, line: pd.DataFrame, first: bool) -> list[go.Scatter]:
    number, name = plotting.style_number(backbone), escape_name(backbone)
    band = line[(line["trials"] >= BAND_TRIALS) & line["low"].notna()]
    notes = (describe(line, "95% interval {low:.3f} to {high:.3f}<br>", known="low")
             + describe(line.assign(most=line["trials"].max()), "{trials} of {most} trials still running"))
    return [
        go.Scatter(x=np.r_[band["epoch"], band["epoch"][::-1]], y=np.r_[band["high"], band["low"][::-1]],
                   fill="toself", fillcolor=colour(number), opacity=0.15, line_width=0, mode="lines",
                   hoverinfo="skip", legendgroup=name, showlegend=False),
        go.Scatter(x=line["epoch"], y=line["mean"], name=name, legendgroup=name, showlegend=first, meta=name,
                   mode="lines" if len(line) > 12 else "lines+markers", line=plotting.line_style(number),
                   marker=plotting.mark_style(number, size=7), customdata=notes,
                   hovertemplate="%{meta}, epoch %{x}: %{y:.3f}<br>%{customdata}<extra></extra>")]


def schedule(table: pd.DataFrame) -> go.Figure:
    """Learning rates (Figure A.2), from epoch, learning_rate, phase, label; marks are filled in phase I, then open."""
    figure = new_figure(xaxis={"title_text": "epoch"},
                        yaxis={"title_text": "learning rate", "dtick": 1, **plotting.POWERS})
    table = table.assign(roman=table["phase"].map({1: "I", 2: "II"}))
    for position, (label, line) in enumerate(table.groupby("label", sort=False)):
        number = plotting.style_number(label, position)
        symbol = plotting.mark_style(number)["symbol"]
        figure.add_scatter(
            x=line["epoch"], y=line["learning_rate"], name=escape_name(label), mode="lines+markers",
            line=plotting.line_style(number, 1.5), hoverinfo="text",
            marker={"size": 6, "symbol": line["phase"].map({1: symbol, 2: f"{symbol}-open"})},
            hovertext=describe(line, "{label}, epoch {epoch}: learning rate {learning_rate:.2g}, phase {roman}"))
    return figure


def cycle(history: pd.DataFrame) -> go.Figure:
    """Learning rate, loss and validation accuracy of one trial over its epochs, from its `Record.history`.

    Marks are filled in phase I and open in phase II; a dotted line is at the best epoch of each, whose weights are put
    back. A loss that is no number leaves a gap.
    """
    panels = {"learning_rate": ("learning rate", 1), "loss": ("training loss", 2), "val_loss": ("validation loss", 2),
              "val_accuracy": ("validation accuracy", 3)}
    figure = make_subplots(3, 1, shared_xaxes=True, vertical_spacing=0.05, figure=new_figure(16))
    for number, (column, (title, row)) in enumerate(panels.items()):
        symbol = plotting.mark_style(number)["symbol"]
        figure.add_scatter(x=history["epoch"], y=history[column], name=title, mode="lines+markers", cliponaxis=False,
                           line=plotting.line_style(number, 1.5), row=row, col=1,
                           marker={"size": 6, "symbol": history["phase"].map({1: symbol, 2: f"{symbol}-open"})},
                           hovertemplate=f"epoch %{{x}}, {title}: %{{y:.3g}}<extra></extra>")
    for _, own in history.groupby("phase"):
        figure.add_vline(x=own["epoch"].iloc[own["val_accuracy"].argmax()], line=plotting.DOTTED)
    figure.update_xaxes(title_text="epoch", row=3)
    for row, title in enumerate(("learning rate", "loss", "accuracy"), start=1):
        figure.update_yaxes(title_text=title, row=row)
    return figure.update_yaxes(plotting.POWERS, dtick=2, row=1).update_yaxes(SHARE, row=3)


def class_scores(report: pd.DataFrame) -> go.Figure:
    """Precision, recall and F1 of each class, with their averages (Figures 3.4 and 3.7), from `scores.class_report`."""
    titles = {"precision": "precision", "recall": "recall", "f1": "F1"}
    hover = [describe(report, f"{{name}}: {title} {{{column}:.3f}}<br>{{support}} pictures")
             for column, title in titles.items()]
    hover = [text.mask(report["support"] == 0, describe(report, "{name}: no test picture")) for text in hover]
    names = [f"{name} ({support})" for name, support in zip(report["name"], report["support"], strict=True)]
    figure = new_figure(len(report), yaxis=lanes_from_top(names),
                        xaxis=lanes(list(titles.values()), side="top"))
    values = report[list(titles)]
    texts = values.map("{:.2f}".format, na_action="ignore").fillna("–")
    figure.add_heatmap(z=values, text=texts, texttemplate="%{text}", hovertext=np.transpose(hover), xgap=2, ygap=2,
                       **_TABLE)
    return figure.add_hline(y=(report["kind"] == "class").sum() - 0.5, line={"color": GREY, "width": 2})


def roc(table: pd.DataFrame) -> go.Figure:
    """The ROC curve of each class and their averages (Figure 3.6), from `scores.roc_curves`."""
    figure = new_figure(height=540, legend_title={"text": "area under the curve (AUC)", "side": "top"},
                        xaxis=SHARE | {"title_text": "share of others claimed", "range": [-0.01, 1.01]},
                        yaxis=SHARE | {"title_text": "share of the class found", "range": [-0.01, 1.01]})
    for number, (name, curve) in enumerate(table.groupby("name", sort=False)):
        line, area = plotting.line_style(number), curve["auc"].iloc[0]
        if curve["kind"].iloc[0] == "average":
            line = {"color": GREY, "dash": "dot" if name.startswith("micro") else "solid", "width": 4}
        figure.add_scatter(
            x=curve["false_positive_rate"].astype("float32"), y=curve["true_positive_rate"].astype("float32"),
            mode="lines", line=line,
            meta=escape_name(name), name=f"{escape_name(name)}: " + ("no curve" if np.isnan(area) else f"{area:.2f}"),
            hovertemplate="%{meta}: finds %{y:.0%} of its pictures<br>"
                          "where it claims %{x:.0%} of the others<extra></extra>")
    return figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": "#8c8c8c", "width": 1, "dash": "dash"},
                              name="chance: 0.50", hoverinfo="skip")


def confusion(matrix: pd.DataFrame) -> go.Figure:
    """Which poses are taken for which (Figure 3.8), from `scores.confusion`; colours are shares of the true class."""
    classes, counts = list(matrix.columns), matrix.to_numpy()
    totals, (true, called) = counts.sum(axis=1, keepdims=True), np.indices(counts.shape)
    shares = counts / np.maximum(totals, 1)
    cells = pd.DataFrame({"true": matrix.columns[true.ravel()], "called": matrix.columns[called.ravel()],
                          "n": counts.ravel(), "all": totals[true.ravel(), 0], "share": shares.ravel()})
    hover = describe(cells, "{n} of {all} pictures of {true} called {called}, {share:.0%}").mask(
        cells["all"] == 0, describe(cells, "no test picture of {true}"))
    text = describe(cells, "{n}<br>{share:.0%}" if len(classes) <= 8 else "{n}").where(cells["n"] > 0, "")
    figure = new_figure(max(12, len(classes)), yaxis=lanes_from_top(classes, title_text="true"),
                        xaxis=lanes(classes, title_text="predicted", autotickangles=[0, -45, -90]))
    return figure.add_heatmap(z=shares, text=text.to_numpy().reshape(shares.shape), texttemplate="%{text}", xgap=1,
                              hovertext=hover.to_numpy().reshape(shares.shape), ygap=1, **_TABLE)


def comparison(places: Mapping[str, pd.DataFrame], metric: str, per_trial: pd.DataFrame) -> go.Figure:
    """One of `bootstrap.METRICS` of every model, beside the thesis' and by the place that it was measured at.

    Parameters: `places` has a table of `scores.against_thesis` for each place, by name; where its column `doubt`, if
    any, says why nothing follows from a row, the mark is pale. The first place's marks are filled and have a dot for
    each trial, from `scores.per_trial`; the others' are open.
    """
    own = pd.concat([table.assign(place=place, doubt=table.get("doubt", "")) for place, table in places.items()])
    own = own[own["metric"] == metric].dropna(subset=["here", "thesis"], how="all").assign(
        title=lambda own: own["model"].map(MODEL_TITLES), lane=lambda own: own["model"].map(list(MODEL_TITLES).index))
    rows = own.drop_duplicates(["lane", "backbone"]).sort_values("lane", kind="stable")[["lane", "title", "backbone"]]
    names = rows["title"].str.removeprefix("Fine-tuned, ").str.capitalize().str.replace(", ", ",<br>")
    long = names.str.contains("<br>")  # a name of two lines takes room above it and below
    rows["height"] = (np.arange(len(rows)) + 0.6 * pd.factorize(rows["lane"])[0]
                      + 0.5 * (long.cumsum() + long.shift(fill_value=False).cumsum()))
    own, ends = own.merge(rows), rows.groupby("lane")["height"].agg(["min", "max", "mean"])
    bottom = ends["max"].max()
    figure = new_figure(xaxis={"title_text": f"test {METRIC_TITLES[metric]}", **SHARE}, margin_t=10, yaxis=lanes(
        [], tickvals=ends["mean"], ticktext=list(names.unique()), range=[bottom + 0.8, -0.8]))
    figure.update_layout(height=max(plotting.HEIGHT, 13 * bottom + 130))
    for number, (backbone, every) in enumerate(own.groupby("backbone", sort=False)):
        mark, alone = plotting.mark_style(plotting.style_number(backbone, number)), every.drop_duplicates("height")
        common = {"mode": "markers", "legendgroup": backbone, "hoverinfo": "text", "cliponaxis": False}
        figure.add_scatter(x=[None], y=[None], marker=mark, name=escape_name(backbone), **common)
        figure.add_scatter(x=alone["thesis"], y=alone["height"], marker=_THESIS | {"color": mark["color"]}, **common,
                           showlegend=False,
                           hovertext=describe(alone, "{backbone}, {title}: {thesis:.3f} in the thesis"))
        dots = per_trial.assign(score=per_trial[metric])[["backbone", "model", "seed", "score"]].merge(
            alone[["backbone", "model", "title", "height"]])
        figure.add_scatter(x=dots["score"], y=dots["height"] - 0.3, **common, showlegend=False,
                           hovertext=describe(dots, "{backbone}, {title}, trial {seed}: {score:.3f}"),
                           marker={"size": 4, "opacity": 0.5, "color": mark["color"]})
        for (place, pale), marks in every.groupby(["place", every["doubt"] != ""], sort=False):
            later = place != own["place"].iloc[0]
            figure.add_scatter(
                x=marks["here"], y=marks["height"] + 0.4 * later, **common, showlegend=False,
                opacity=0.4 if pale else 1,
                marker=mark | ({"symbol": f"{mark['symbol']}-open", "size": 7} if later else {}),
                error_x=plotting.interval_bars(marks["here"], marks["low"], marks["high"]) | {"thickness": 2 - later},
                hovertext=describe(marks, "{backbone}, {title}, {place}: {here:.3f}<br>95% interval {low:.3f} to "
                                          "{high:.3f}<br>trials: {trials}<br>{doubt}"))
    symbols = ["circle", *["circle-open"] * (len(places) - 1)]
    for name, marker in {**({"thesis": _THESIS} if own["thesis"].notna().any() else {}), "one trial": {"size": 4}, **{
            place: {"symbol": symbol, "size": 9} for place, symbol in zip(places, symbols, strict=True)}}.items():
        figure.add_scatter(x=[None], y=[None], mode="markers", name=escape_name(name), marker={"color": GREY, **marker})
    for between in (ends["max"] + ends["min"].shift(-1)).iloc[:-1] / 2:
        figure.add_hline(y=between, line={"color": "#d0d0d0", "width": 1})
    return figure


def picture_map(table: pd.DataFrame, by: str, pictures: Mapping[int, str] = MappingProxyType({})) -> go.Figure:
    """All pictures on a plane, from `facets.map_pictures`, marked by what the column `by` says of each, with `hover`.
    `pictures` are data URIs by row, which are seen at their places in the marks' stead."""
    plain = {"visible": False, "constrain": "domain"}
    figure = new_figure(18, xaxis=plain, yaxis={**plain, "scaleanchor": "x"})
    for number, (name, own) in enumerate(table.groupby(by, sort=False)):
        grey = {"color": GREY, "symbol": "circle-open"} if name in (OTHERS, UNKNOWN) else {}
        figure.add_scatter(x=own["x"], y=own["y"], mode="markers", name=escape_name(name), hovertext=own["hover"],
                           hoverinfo="text", showlegend=not pictures, marker=plotting.mark_style(
                               number, size=8, opacity=0 if pictures else 0.8, **grey))
    side = np.ptp(table[["x", "y"]].to_numpy(), axis=0).max() / 14
    common = {"sizex": side, "sizey": side, "xref": "x", "yref": "y", "xanchor": "center", "yanchor": "middle",
              "layer": "below"}
    return figure.update_layout(images=[{"source": picture, **table.loc[row, ["x", "y"]], **common}
                                        for row, picture in pictures.items()])
