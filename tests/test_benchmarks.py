import ast
import json
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import jupytext
import numpy as np
import pytest
import standin
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.model import classifier
from artpose_lib.train import records, study, training

sys.path.append(str(ROOT / "benchmarks"))
import appendix  # noqa: E402
import augmentation  # noqa: E402
import common  # noqa: E402
import simulations  # noqa: E402

MACHINE = {"processor": "A <fast> one", "cores": 2, "threads": 2, "memory_gib": 4, "instructions": ["avx2"]}
COSTS = {"message": 0.02, "scheduled": 0.004, "sent_bytes": 3000, "claim": 0.001, "store": 0.019, "trial": 5.0}


def write(folder, name, ratio, aim, changes=None, more=None):
    """A benchmark's result with one comparison, in which `changes` are made, and `more` beside it."""
    found = {"name": "work <b>", "ratio": ratio, "low": ratio, "high": ratio, "aim": aim, "unit": "seconds", "note": "",
             "plain": {"way": "slowly", "median": ratio, "rounds": 5},
             "ours": {"way": "quickly", "median": 1.0, "rounds": 5}} | (changes or {})
    floor = {"matmul_gflops": 50.0, "steps": {"net": {"seconds_at_best": 0.5, "share_reached": 0.4}}}
    report = {"benchmark": name, "date": "2026-01-01", "machine": MACHINE, "comparisons": [found], "floor": floor}
    (folder / f"{name}.json").write_text(json.dumps(report | (more or {})))


def test_results_are_read_in_order(tmp_path):
    write(tmp_path, "b", 3.0, 2)
    write(tmp_path, "a", 1.5, 2)
    reports = appendix.read_reports(tmp_path)
    table = appendix.tabulate_comparisons(reports)
    assert table["benchmark"].tolist() == ["a", "b"]
    assert table["machine"].unique().tolist() == ["A <fast> one, 2 cores, 2 threads, 4 GiB, avx2"]
    assert appendix.tabulate_floors(reports)["share"].tolist() == [0.4, 0.4]
    assert "<b>" not in appendix.comparisons_figure(table).to_json().replace("\\u003c", "<")


@pytest.mark.parametrize("text", ["{", "[]", '{"benchmark": "x"}'])
def test_a_file_that_is_no_result_is_named(tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ValueError, match="odd.json is no result of a benchmark"):
        appendix.read_reports(tmp_path)


def test_the_committed_results_are_no_small_runs():
    assert not any(report["small"] for report in appendix.read_reports().values())


@given(st.floats(0.001, 1e5), st.floats(1, 100))
def test_longer_trials_keep_as_many_times_more_workers_busy(seconds, longer):
    once, more = (appendix.count_workers(COSTS, length) for length in (seconds, seconds * longer))
    for name in once:
        assert more[name] == pytest.approx(longer * once[name])


def test_the_figure_of_workers_draws_what_the_costs_allow():
    by_name = {trace.name: trace for trace in appendix.workers_figure(COSTS, 100).data}
    assert by_name["the disk"].y[0] == pytest.approx(by_name["the disk"].x[0] / 0.02)
    assert set(by_name["100 workers"].y) == {100}


def test_the_figure_of_steps_has_a_lane_a_network_and_a_style_a_precision():
    others = [STEP | {"precision": "mixed_bfloat16", "share": 0.25}, STEP | {"deterministic": True}]
    traces = appendix.steps_figure([STEP, *others]).data
    assert [(trace.name, *trace.x) for trace in traces] == [
        ("32 bits", 0.5), ("16 bits", 0.25), ("32 bits, the same each time", 0.5)]


def test_augmentation_and_max_lr_are_tried_on_the_same_divisions(colours, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "build_classifier", lambda name, n_classes, size, *_: standin.network(size))
    monkeypatch.setattr(training, "train", standin.train)
    ways, pairs = augmentation.measure(str(colours), str(tmp_path), "8", seeds="40")
    assert ways["way"].tolist() == list(augmentation.WAYS) and pairs["trials"].tolist() == [1] * len(pairs)
    trials = records.all_records(tmp_path)
    assert [trial.config["size"] for trial in trials] == [8] * len(augmentation.WAYS)
    assert len({tuple(trial.predictions["file_name"]) for trial in trials}) == 1


# The chapter, over results that were made up.

@pytest.fixture
def chapter(monkeypatch):
    """Runs the appendix' cells over a folder of results. Returns all that they say, one below the other."""
    def run(folder):
        monkeypatch.setattr(study, "open_study", lambda *_: SimpleNamespace(banner=lambda: ""))
        monkeypatch.setattr(appendix, "read_reports", partial(appendix.read_reports, folder))
        cells = [cell.source for cell in jupytext.read(ROOT / "notebooks" / "13_speed.py").cells
                 if cell.cell_type == "code"]
        names, said = {}, []
        for cell in cells:
            *lines, last = ast.parse(cell).body
            exec(compile(ast.Module(lines, []), "13_speed", "exec"), names)
            if isinstance(last, ast.Expr):
                shown = eval(compile(ast.Expression(last.value), "13_speed", "eval"), names)
                said.append(getattr(shown, "data", None) or "a figure")
            else:
                exec(compile(ast.Module([last], []), "13_speed", "exec"), names)
        return "\n".join(said)

    return run


RUN = {"trials": 4, "whole": True, "compiled": 3, "seconds": 240.0, "workers": 5, "pictures": 171}
STEP = {"backbone": "net", "precision": "float32", "deterministic": False, "pictures_a_second": 300.0, "share": 0.5,
        "batch": 9}
GPU = {"machine": MACHINE | {"gpu": "A chip"}, "first": RUN, "second": RUN | {"compiled": 0, "whole": False}, "steps": [
    STEP, STEP | {"deterministic": True, "pictures_a_second": 200.0}], "agreement": [
        {"model": "frozen", "backbone": "net", "trials": 5, "here": 0.8, "stored": 0.75, "same_answers": 0.9}]}
PRECISION = {"backbone": "net", "profile": "quick", "float32": [0.5, 0.7, 0.6], "mixed_bfloat16": [0.6, 0.5, 0.6]}
RUNS = [{"rows": 1_000_000, "seconds": 240.4, "peak_mb": 215}, {"rows": 500, "seconds": 1, "peak_mb": 195}]
# What is measured (as for `write`), and what the appendix says of it.
SAID = {
    "an aim that is missed": ([("a", 1.5, 2), ("b", 3.0, 2)], [
        "1 of 2 aims are met.", "1.5 where 2 is wanted", "- net: 40% of it; at best 0.5 s a step"]),
    "features": ([("features", 1.5, 2, {}, {"floor": {"net": {"best_ratio": 0.75}}})], [
        "so much of the speed that it has alone: net 75%."]),
    # 100 ends of a trial take the disk 100 * 0.02 s and the scheduler 100 * 0.004 s: the disk is busy first.
    "a cluster": ([("cluster", 1.9, 1.8, {}, {"costs": COSTS})], [
        "wait for the disk where trials are shorter than 2 s", "which is more than that"]),
    "a cluster's short trials": ([("cluster", 1.9, 1.8, {}, {"costs": COSTS | {"trial": 1.0}})], ["less than that"]),
    "a million pictures": (
        [("classify", 0.9, 0.95, {"name": "classify, net", "hours_a_million": 4.25}, {"rows": RUNS})],
        ["- net: 4.2 hours", "1,000,000 rows took 240 s", "215 MB at most, and 195 MB for 500 rows"]),
    "a GPU": ([("gpu", 1, 1, {}, GPU)], [
        "on one A chip: 4 trials in 4.0 minutes, 5 at a time, on 171 pictures; 3 programs were compiled",
        "4 trials in 4.0 minutes, and then the time was up; 0 programs were new", "1.50 to 1.50 times as long",
        "Frozen net: 80.0% here and 75.0% in the stored ones, over 5 trials; 90% of the answers are the same"]),
    "16 bits": ([("precision", 0.25, 1, {}, {"accuracy": PRECISION})], [
        "cannot multiply in 16 bits", "0.25 times the speed", "same 3 seeds it is higher with 16 bits in 1, lower in 1",
        "0.567 on average (0.500 to 0.600) with 16 bits and 0.600 on average (0.500 to 0.700) with 32"]),
    "16 bits in the processor": (
        [("precision", 2, 1, {}, {"accuracy": PRECISION, "machine": MACHINE | {"instructions": ["amx_bf16", "avx2"]}})],
        ["multiplies in 16 bits (amx_bf16)"]),
}


@pytest.mark.parametrize(("results", "sentences"), SAID.values(), ids=SAID)
def test_the_appendix_says_what_was_measured(chapter, tmp_path, results, sentences):
    for result in results:
        write(tmp_path, *result)
    said = chapter(tmp_path)
    for sentence in sentences:
        assert sentence in said


def test_without_results_the_appendix_says_how_to_get_them(chapter, tmp_path):
    assert chapter(tmp_path).count("`make bench`") == 4


# The benchmarks themselves.

@given(plain=st.lists(st.floats(0.01, 100), min_size=5, max_size=9), factor=st.floats(0.1, 50))
def test_a_ratio_lies_between_its_rounds_and_does_not_depend_on_the_unit(plain, factor):
    ours = [value / factor for value in plain]
    found = common.comparison("x", plain, ours, 1, ("a", "b"))
    assert found["low"] <= found["ratio"] * 1.001 and found["ratio"] <= found["high"] * 1.001
    assert found["ratio"] == pytest.approx(factor, rel=1e-3)


def test_the_two_ways_take_turns():
    order = []
    times = common.in_turn(lambda: order.append("a"), lambda: order.append("b"), rounds=3)
    assert order == ["a", "b"] * 3 and [len(one) for one in times] == [3, 3]


def test_operations_are_counted_as_the_layers_multiply():
    import keras

    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(pixels)  # 64 places x 27 x 4
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)  # 64 x 9 x 4
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(pixels, keras.layers.Dense(5)(x))  # 4 x 5
    assert common.forward_gflop(model) == pytest.approx(2 * (64 * 108 + 64 * 36 + 20) / 1e9, rel=1e-3)


def test_a_side_that_dies_is_told():
    with common.Side(sys.executable, "-c", "raise SystemExit(1)") as side, pytest.raises((RuntimeError, OSError)):
        side.ask(x=1)


SMALL = ["augment", "classify", "cluster", "features", "frozen", "loop", "precision", "simulations", "startup"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs_and_prints_one_object(name):
    done = subprocess.run([sys.executable, ROOT / "benchmarks" / f"{name}.py", "--small"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["benchmark"] == name and report["small"] and (report["comparisons"] or name == "simulations")
    assert appendix.describe_machine(report["machine"])
    if name == "augment":
        assert report["same_pictures"]


def test_the_simulations_run_and_find_what_they_planted():
    rows = {row["if"]: row["p <= 0.05"] for row in simulations.selectivity(2, [20])}
    assert rows["one knows a class of 7"] == 1 and rows["one knows a class of 2"] == 0
    assert all(row["tempered"] < max(row["as given"], 0.1) for row in simulations.temperatures(2))
    rng, (own, *others) = np.random.default_rng(0), simulations.NETWORKS
    ahead, behind = (simulations.predict(rng, 150, dict.fromkeys(others, 0.7) | {own: right}) for right in (0.9, 0.5))
    assert simulations.ask("best", ahead, simulations.RIVALS) == "holds"
    assert simulations.ask("best", behind, simulations.RIVALS) == "does not hold"
    assert simulations.ask("confused", simulations.mistake(rng, 150), "Tanagra", "Graces") == "not settled"
    classes = simulations.predict_classes(rng, 24, np.ones(6))
    assert simulations.ask("best_class", classes, value="Tanagra", metric="f1") == "not settled"


@pytest.mark.slow
def test_the_gpu_benchmark_runs_without_one(jax_environment, tmp_path):
    """Its parts, and stored trials that are those of an earlier run."""
    options = "--small", "--minutes", "30", "--results", tmp_path, "--records", tmp_path / "first"
    done = subprocess.run([sys.executable, ROOT / "benchmarks" / "gpu.py", *options], capture_output=True, text=True,
                          env=jax_environment, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["left_out"] == [] and report["backend"] == "jax"
    assert [(report[part]["trials"], report[part]["whole"]) for part in ("first", "second")] == [(2, True)] * 2
    assert report["first"]["compiled"] > report["second"]["compiled"] == 0
    assert [step["pictures_a_second"] > 0 for step in report["steps"]] == [True] * 3
    assert [row["same_answers"] for row in report["agreement"]] == [1.0] * 2
