from types import SimpleNamespace

import pandas as pd
from builders import drawn_predictions

from artpose_lib.report import scores, tables
from artpose_lib.report.experiment import Experiment
from artpose_lib.train.recipes import find_profile


def test_the_table_reads_thesis_here_interval_and_trials():
    summary = scores.summary(drawn_predictions())
    html = tables.results_table(scores.against_thesis(summary), {"ResNet50": "no <weights> here"})
    row = summary.iloc[0]
    assert f"<td>0.568</td><td>{row['accuracy']:.3f}" in html  # the thesis' frozen VGG16 beside ours
    assert f"[{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]" in html
    assert '<th scope="row">ResNet50</th><td>0.586</td><td>–</td>' in html
    assert "<td>no &lt;weights&gt; here</td>" in html
    assert "<weights>" not in html
    assert "<caption>" in html and 'scope="row"' in html and 'scope="col"' in html


def test_the_table_of_changes_has_a_body_for_each_pair_that_a_network_has():
    frozen = pd.concat([drawn_predictions(skill=3, seed=seed) for seed in range(3)])
    both = pd.concat([frozen, frozen.assign(model="probe"), frozen.assign(model="finetuned", backbone="<X>")])

    def table(predictions, *pairs):
        study, trials = SimpleNamespace(profile=find_profile("thesis")), SimpleNamespace(predictions=predictions)
        own = Experiment("", study, (), trials)
        vars(own)["simple_models"] = predictions
        return tables.differences_table(own.compare_pairs(pairs))

    html = table(both, ("frozen", "probe"), ("frozen", "finetuned"))
    assert html.count("<tbody>") == 1 and "<td>+0.000<br>" in html and "not settled" in html
    lost = both.assign(**dict.fromkeys(["p_A", "p_B", "p_C"], float("nan"))).query("model == 'probe'")
    shown = table(pd.concat([frozen, lost]), ("frozen", "probe"))
    assert "linear probe diverged" in shown and "nan" not in shown and "no interval" in shown
    assert "Frozen → Fine-tuned" not in html


def test_what_follows_is_told_once_for_those_alike_and_without_numbers_where_nothing_does():
    verdicts = ["higher", "nothing follows: each was trained short", "higher"]
    found = pd.DataFrame({"verdict": verdicts, "difference": 0.125, "low": -0.25, "high": 0.5},
                         index=["VGG16", "ResNet50", "Xception"])
    assert tables.tell_changes(found) == (
        "higher: VGG16 +12 points (−25 to 50), Xception +12 points (−25 to 50); "
        "nothing follows from ResNet50 (each was trained short)")
    doubted = pd.DataFrame([("frozen", "VGG16", "was trained short"), ("finetuned", "VGG16", "was trained short"),
                            ("probe", "VGG16", "")], columns=["model", "backbone", "doubt"])
    assert tables.tell_doubts(doubted) == "nothing follows from what was trained short (frozen VGG16, fine-tuned VGG16)"
    assert tables.tell_doubts(doubted.query("model == 'probe'")) == "all networks learned"


def test_numbers_are_told_with_a_true_minus_sign():
    assert tables.tell_points(-0.001, -0.004, 0.3) == "+0 points (0 to 30)"
    assert tables.tell_interval(-0.05, -0.11, 0.014) == "−0.05 [−0.11, +0.01]"
    assert tables.tell_percent(0.714, 0.66, 0.75) == "71% (66 to 75)"
    assert tables.tell_points(-0.05, -0.11, 0.01) == "−5 points (−11 to 1)"
    assert [tables.tell_range(pd.Series(shares)) for shares in ([0.68, 0.42], [0.5])] == ["42 to 68%", "50%"]


def test_a_verdict_that_rows_share_stands_once():
    verdicts = ["nothing follows", "nothing follows", "higher", "nothing follows"]
    numbers = dict.fromkeys(["first", "second", "difference", "low", "high"], 0.5)
    found = pd.DataFrame({"verdict": verdicts, "trials": 5, **numbers}, index=[*"abcd"])
    html = tables.differences_table({"ways": found})
    assert html.count("nothing follows") == 2 and '<td rowspan="2">' in html and "↑</span>&nbsp;higher" in html


def test_what_is_folded_escapes_its_title_and_keeps_its_table():
    html = tables.fold("<b>", "<table></table>")
    assert "<summary>&lt;b&gt;</summary>" in html and "<table></table>" in html


def test_a_fine_tuned_row_says_how_many_of_its_trials_are_frozen_in_fact():
    trials = [drawn_predictions(seed=seed).assign(model="finetuned", layers=layers)
              for seed, layers in enumerate(["frozen", "finetuned", "frozen"])]
    table = scores.against_thesis(scores.summary(scores.name_as_ended(pd.concat(trials))))
    html = tables.results_table(table, {})
    tuned, in_fact = html.split("Fine-tuned, in fact frozen")
    assert "<td>1, 2 of 3 frozen</td>" in tuned and "<td>2</td>" in in_fact
    never = scores.against_thesis(scores.summary(scores.name_as_ended(trials[0])))
    assert "<td>0, 1 of 1 frozen</td>" in tables.results_table(never, {})


def test_the_table_of_diagnoses_counts_trials():
    sound = {"model": "finetuned", "backbone": "VGG16", "layers": "finetuned", "kept_phase": 2, "collapsed": False,
             "diverged": False, "learned": True, "early": False, "ended": "patience"}
    diagnoses = pd.DataFrame([sound, sound | {"layers": "frozen", "kept_phase": 1}, sound | {"model": "baseline",
                                                                                          "collapsed": True}])
    html = tables.diagnoses_table(diagnoses)
    row = '<th scope="row">VGG16</th>'
    assert f"{row}<td>1 of 2</td><td>1 of 2</td>{'<td>–</td>' * 4}<td>2 of 2</td>" in html
    assert f"{row}<td>–</td><td>–</td><td>1 of 1</td>" in html
