from builders import drawn_predictions

from artpose_lib.report import scores, tables


def test_the_table_reads_thesis_here_interval_and_trials():
    summary = scores.summary(drawn_predictions(), resamples=50)
    html = tables.results_table(scores.against_thesis(summary), {"ResNet50": "no <weights> here"})
    row = summary.iloc[0]
    assert f"<td>0.568</td><td>{row['accuracy']:.3f}" in html  # the thesis' frozen VGG16 beside ours
    assert f"[{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]" in html
    assert '<th scope="row">ResNet50</th><td>0.586</td><td><small>no &lt;weights&gt; here' in html
    assert "<weights>" not in html
    assert "<caption>" in html and 'scope="row"' in html and 'scope="col"' in html
