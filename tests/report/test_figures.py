import json

import numpy as np
import pandas as pd
import pytest
from builders import drawn_predictions

from artpose_lib.report import figures, plotting, scores

HOSTILE = ["<b>bold</b> & co", "%{x} <script>alert(1)</script>", "2020"]
ESCAPED = ["&lt;b&gt;bold&lt;/b&gt; &amp; co", "&#37;{x} &lt;script&gt;alert(1)&lt;/script&gt;", "2020"]


@pytest.fixture(scope="module")
def predictions():
    """Two architectures with two trials each, classes with hostile names, and no picture of the last."""
    trials = pd.concat([drawn_predictions(45, seed=seed, classes=HOSTILE).assign(backbone=backbone)
                        for backbone in ("Xception", "VGG16") for seed in (0, 1)], ignore_index=True)
    return trials[trials["label"] != HOSTILE[2]]


@pytest.fixture(scope="module")
def history():
    return pd.concat(pd.DataFrame({"model": "frozen", "backbone": backbone, "seed": seed, "epoch": range(1, last + 1),
                                   "accuracy": 0.5, "loss": 1.0, "val_loss": 1.0 + seed / 100,
                                   "val_accuracy": 0.4 + seed / 1000})
                     for backbone in ("Xception", "VGG16") for seed, last in ((40, 4), (41, 2), (42, 4)))


@pytest.fixture(scope="module")
def drawn(predictions, history):
    """Every figure that names come from data in."""
    counts = pd.DataFrame({"part": ["<i>train</i>"] * 3, "label": HOSTILE, "pictures": [5, 3, 2]})
    table = scores.against_thesis(scores.summary(predictions))
    schedule = pd.DataFrame({"epoch": [1, 2], "learning_rate": [1e-5, 1e-4], "phase": [1, 2], "label": HOSTILE[0]})
    return {
        "distribution": figures.class_distribution(counts),
        "curves": figures.curves(scores.curves(history), "frozen"),
        "scores": figures.class_scores(scores.class_report(predictions)),
        "roc": figures.roc(scores.roc_curves(predictions)),
        "confusion": figures.confusion(scores.confusion(predictions)),
        "schedule": figures.schedule(schedule),
        "comparison": figures.comparison({HOSTILE[0]: table, "this run": table.assign(doubt="was trained short")},
                                         "accuracy", scores.per_trial(predictions)),
    }


def named(figure, name):
    return next(trace for trace in figure.data if (trace.name or "").startswith(name))


def test_no_name_reaches_plotly_as_markup_and_all_figures_fit_a_page(drawn):
    for figure in drawn.values():
        text = json.dumps(figure.to_dict(), default=lambda array: array.tolist())
        assert not any(markup in text for markup in ("<b>", "<i>", "<script", "%{x} "))
        assert figure.layout.width is None and figure.layout.height >= plotting.HEIGHT
        assert figure.layout.template.layout.autosize


def test_a_figure_shows_in_jupyterlab_and_in_a_page_alike(drawn):
    bundle = plotting.show(drawn["confusion"], 'a "quoted" <alt>')._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.plotly.v1+json", "text/html", "text/plain"}
    assert len(bundle["application/vnd.plotly.v1+json"]["data"]) == len(drawn["confusion"].data)
    json.dumps(bundle)
    html = bundle["text/html"]
    assert "Plotly.newPlot" in html and "cdn" not in html and " id=" not in html  # an id could be another figure's
    assert "<script>alert" not in html and 'aria-label="a &quot;quoted&quot; &lt;alt&gt;"' in html
    assert bundle == plotting.show(drawn["confusion"], 'a "quoted" <alt>')._repr_mimebundle_()


def test_shares_of_a_part_add_up(drawn):
    bars = drawn["distribution"].data[0]
    assert [int(text) for text in bars.text] == [5, 3, 2]
    assert list(bars.x) == [0.5, 0.3, 0.2]
    assert list(drawn["distribution"].layout.yaxis.ticktext) == ESCAPED


def test_architectures_and_classes_keep_their_style_and_any_number_can_be_told_apart(drawn):
    for name in ("VGG16", "Xception"):
        curve, dot = named(drawn["curves"], name), named(drawn["comparison"], name)
        assert curve.line.color == dot.marker.color and curve.marker.symbol == dot.marker.symbol
    bars = drawn["distribution"].data[0].marker.color
    assert [named(drawn["roc"], name).line.color for name in ESCAPED] == list(bars)
    assert len({tuple(plotting.line_style(number).values()) for number in range(40)}) == 40


def test_curves_go_on_after_their_band(drawn):
    line = next(trace for trace in drawn["curves"].data if trace.name == "VGG16")
    band = next(trace for trace in drawn["curves"].data if trace.fill == "toself" and trace.legendgroup == "VGG16")
    assert list(line.x) == [1, 2, 3, 4]
    assert list(band.x) == [1, 2, 2, 1]
    assert "3 of 3 trials" in line.customdata[0] and "95%" in line.customdata[0]
    assert "2 of 3 trials still running" in line.customdata[3] and "95%" in line.customdata[3]
    assert sum(bool(trace.showlegend) for trace in drawn["curves"].data) == 2


def test_scores_and_areas_are_printed_for_every_class_and_average(drawn, predictions):
    heat = drawn["scores"].data[0]
    report = scores.class_report(predictions)
    np.testing.assert_allclose(heat.z, report[["precision", "recall", "f1"]])
    assert drawn["scores"].layout.yaxis.ticktext[0].startswith(ESCAPED[0])
    assert list(heat.text[2]) == ["–"] * 3 and heat.hovertext[2][0] == "2020: no test picture"
    assert drawn["scores"].layout.yaxis.ticktext[-1] == f"weighted average ({len(predictions)})"
    assert named(drawn["roc"], "2020").name == "2020: no curve"
    assert named(drawn["roc"], "macro average").name.startswith("macro average: 0.")


def test_confusion_shows_counts_and_shares_of_the_true_class():
    figure = figures.confusion(pd.DataFrame([[3, 1], [0, 0]], ["A", "B"], ["A", "B"]))
    assert figure.data[0].text[0][0] == "3<br>75%"
    assert list(figure.data[0].hovertext[:, 1]) == ["1 of 4 pictures of A called B, 25%", "no test picture of B"]
    np.testing.assert_array_equal(figure.data[0].z, [[0.75, 0.25], [0, 0]])


def test_the_schedule_is_logarithmic_and_marks_its_phases(drawn):
    assert drawn["schedule"].layout.yaxis.type == "log"
    assert [name.endswith("-open") for name in drawn["schedule"].data[0].marker.symbol] == [False, True]


def test_a_cycle_shows_its_rate_its_losses_with_gaps_and_where_each_phase_was_best():
    trial = pd.DataFrame({"epoch": [1, 2, 3, 4], "phase": [1, 1, 1, 2], "learning_rate": [1e-6, 1e-5, 1e-4, 1e-5],
                          "loss": [1.8, 1.2, np.nan, 1.0], "val_loss": [1.8, 1.4, np.nan, 1.3], "accuracy": 0.5,
                          "val_accuracy": [0.3, 0.6, 0.2, 0.7]})
    figure = figures.cycle(trial)
    assert [trace.name for trace in figure.data] == ["learning rate", "training loss", "validation loss",
                                                     "validation accuracy"]
    assert figure.layout.yaxis.type == "log" and np.isnan(figure.data[1].y[2])
    assert [name.endswith("-open") for name in figure.data[3].marker.symbol] == [False] * 3 + [True]
    assert sorted({line.x0 for line in figure.layout.shapes}) == [2, 4]


def test_the_comparison_has_the_thesis_our_interval_and_each_trial_then_other_places_open(drawn, predictions):
    ours = scores.summary(predictions).set_index("backbone").loc["VGG16"]
    key, thesis, dots, mean, again = [one for one in drawn["comparison"].data if one.legendgroup == "VGG16"]
    position = [value == pytest.approx(ours["accuracy"]) for value in mean.x].index(True)
    assert mean.error_x.array[position] == pytest.approx(ours["accuracy_high"] - ours["accuracy"])
    assert thesis.x[position] == 0.568 and thesis.y[position] == mean.y[position]
    assert len(dots.x) == 2 and key.showlegend is None
    assert again.marker.symbol == f"{mean.marker.symbol}-open" and again.y[position] > mean.y[position]
    assert again.opacity < mean.opacity and again.hovertext[position].endswith("was trained short")
    keys = [one.name for one in drawn["comparison"].data if one.legendgroup is None]
    assert keys == ["thesis", "one trial", ESCAPED[0], "this run"]


def test_the_composition_counts_every_picture_once():
    counts = pd.DataFrame({"group": ["met", "met", "<b>smk</b>"], "label": ["Pieta", "Graces", "Pieta"],
                           "pictures": [3, 0, 2]})
    figure = figures.composition(counts)
    assert [bar.name for bar in figure.data] == ["Pieta", "Graces"]
    assert [sum(bar.x) for bar in figure.data] == [5, 0]
    assert list(figure.layout.yaxis.ticktext) == ["met", "&lt;b&gt;smk&lt;/b&gt;"]
