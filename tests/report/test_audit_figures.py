import numpy as np
import pandas as pd
import pytest

from artpose_lib.report import audit_figures, planning


def test_every_condition_has_a_mark_for_each_strength():
    table = pd.DataFrame({
        "condition": ["whole", "whole", "<i>swapped</i>"], "strength": [0.0, 1.0, 1.0], "trials": 3, "pictures": 9,
        "accuracy": [0.9, 0.8, 0.5], "low": [0.8, 0.7, 0.4], "high": [1.0, 0.9, 0.6],
        "called_by_background": [0.1, 0.2, np.nan]})
    figure = audit_figures.conditions(table, chance=0.2)
    assert [list(trace.x) for trace in figure.data] == [[0.9], [0.8, 0.5]]
    assert list(figure.data[1].error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert list(figure.layout.yaxis.ticktext) == ["whole", "&lt;i&gt;swapped&lt;/i&gt;"]


def test_a_learning_curve_reaches_to_where_it_is_continued():
    points = pd.DataFrame({"pictures": [10, 20, 40], "seed": 40, "accuracy": [0.4, 0.5, 0.55]})
    curve = planning.Curve(0.7, 1.0, 0.5, 1000, 0.66, 0.6, 0.7)
    figure = audit_figures.learning_curve(points, curve)
    assert max(figure.data[1].x) == pytest.approx(1000) and figure.data[2].y[0] == 0.66


def test_dots_are_a_row_a_condition_with_named_lines():
    table = pd.DataFrame({"condition": ["a", "a", "b"], "seed": [40, 41, 40], "accuracy": [0.5, 0.6, 0.2]})
    figure = audit_figures.dots(table, {"thesis": 0.277})
    assert list(figure.data[0].y) == [0, 0] and figure.data[2].name == "thesis: 0.277"


def test_trials_of_one_value_are_all_seen_and_changes_have_a_lane_each():
    table = pd.DataFrame({"condition": "a", "seed": [40, 41, 42], "accuracy": [0.5, 0.5, 0.2]})
    assert list(audit_figures.dots(table, {}).data[0].y) == pytest.approx([0, -0.18, 0])
    rows = pd.DataFrame({"first": 0.5, "second": 0.6, "difference": 0.1, "low": [-0.1, 0.05], "high": 0.2},
                        index=["<i>", "b"])
    figure = audit_figures.changes({"art": rows, "drawings": rows.tail(1)})
    assert [list(trace.x) for trace in figure.data] == [[0.1, 0.1], [0.1]] and figure.layout.shapes[0].x0 == 0
    assert list(figure.layout.yaxis.ticktext) == ["&lt;i&gt;", "b"]


def test_networks_of_one_architecture_share_a_colour_and_names_are_text():
    rows = [("vgg16", "VGG16 <b>tuned"), ("vgg16", "VGG16 before"), ("", "light and edges")]
    table = pd.DataFrame([{"model": model, "name": name, "part": part, "what": name, "density": 2.0, "low": 1.0,
                           "high": 4.0, "pictures": 9} for model, name in rows for part in ("torso", "<i>tree")])
    figure = audit_figures.densities(table)
    tuned, before, plain = figure.data
    assert tuned.marker.color == before.marker.color != plain.marker.color
    assert before.marker.symbol == tuned.marker.symbol + "-open" and len(tuned.x) == 2
    assert not any(tag in figure.to_json() for tag in ("<b>", "<i>"))
