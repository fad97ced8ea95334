import numpy as np
import pandas as pd
import pytest

from artpose_lib.report import scores, tables


def test_the_table_reads_thesis_here_interval_and_trials():
    odds = np.random.default_rng(0).dirichlet([1, 1], 30)
    predictions = pd.DataFrame(odds, columns=["p_a", "p_b"]).assign(
        model="frozen", backbone="VGG16", seed=40, part="test", label=["a", "b"] * 15)
    summary = scores.summary(predictions, resamples=50)
    html = tables.results_table(scores.against_thesis(summary), {"ResNet50": "no <weights> here"})
    row = summary.iloc[0]
    assert f"<td>0.568</td><td>{row['accuracy']:.3f}" in html  # the thesis' frozen VGG16 beside ours
    assert f"[{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]" in html
    assert '<th scope="row">ResNet50</th><td>0.586</td><td><small>no &lt;weights&gt; here' in html
    assert "<weights>" not in html
    assert "<caption>" in html and 'scope="row"' in html and 'scope="col"' in html


@pytest.mark.parametrize(("after", "verdict"), [
    ((0.8, 0.7, 0.9), "a rise beyond both intervals"),
    ((0.5, 0.4, 0.6), "the intervals overlap"),
    ((0.1, 0.0, 0.2), "a fall beyond both intervals"),
])
def test_two_models_are_compared_by_their_intervals(after, verdict):
    columns = ["model", "backbone", "accuracy", "accuracy_low", "accuracy_high"]
    rows = [("baseline", "VGG16", 0.4, 0.3, 0.5), ("frozen", "VGG16", *after), ("frozen", "Xception", 1, 1, 1)]
    text = tables.in_words(pd.DataFrame(rows, columns=columns), "baseline", "frozen")
    assert verdict in text and f"{after[0]:.3f}" in text and "0.400 (0.300 to 0.500)" in text
    assert "Xception" not in text  # it has no baseline to be compared with


def test_nothing_to_compare_is_said():
    columns = ["model", "backbone", "accuracy", "accuracy_low", "accuracy_high"]
    table = pd.DataFrame([("baseline", "VGG16", 0.4, 0.3, 0.5)], columns=columns)
    assert "nothing to compare" in tables.in_words(table, "baseline", "frozen")
