"""What is exported comes back as it was, without a title or a picture, and a broken edition is told in one line."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import drawn_predictions, make_folder
from conftest import ROOT, SHARED
from sklearn.dummy import DummyClassifier

from artpose_lib import cli
from artpose_lib.data import summary
from artpose_lib.data.dataset import DataError, load_dataset
from artpose_lib.explain.backgrounds import train_boxes
from artpose_lib.report import audit, reference, scores, statistics
from artpose_lib.train import records
from artpose_lib.train.study import open_study
from artpose_lib.train.variants import VARIANTS

LITE = "EfficientNet-Lite0"
BOOK = ROOT / "book" / "reference"
HISTORY = pd.DataFrame({"epoch": [1, 2], "phase": 1, "learning_rate": [1e-6, 0.1 / 3], "loss": [1.5, np.nan],
                        "accuracy": [np.float32(1 / 3), 0.5], "val_loss": np.nan, "val_accuracy": [0.5, 0.25]})
SECRET = "Venus of somewhere"
PAIRS = pd.DataFrame({"first": [0], "second": [5], "cosine": [0.9], "by_hash": [False], "same_label": [True]})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study on pictures with telling names, its 20 trials stored in its results and in the folder `more` beside."""
    folder = tmp_path_factory.mktemp("study") / "my pictures"
    frame = make_folder(folder, {"A": 6, "B": 5, "C": 5}, TITLE=SECRET, DATE="1890", TECHNIQUE="oil on canvas",
                        source=["museum"] * 11 + ["house"] * 5, licence=["CC0", "all mine"] * 8, found="first",
                        match="by eye")
    names = [f"{name[0]}/{SECRET} {row}.png" for row, name in enumerate(frame["file_name"])]
    for old, new in zip(frame["file_name"], names, strict=True):
        (folder / old).rename(folder / new)
    frame.assign(file_name=names, work=np.where(frame["label"] == "A", SECRET, "")).to_csv(
        folder / "metadata.csv", index=False)
    opened = open_study(str(folder), profile="thesis", results=str(folder.with_name("results")))
    plans = [opened.plan([model], variant, [LITE])[0] for model in ("baseline", "frozen")
             for variant in (None, VARIANTS["A1 labels permuted"])]
    for number, trial in enumerate(sum(plans, [])):
        own = drawn_predictions(16, seed=number).drop(columns=["model", "backbone", "seed"])
        own = own.astype(dict.fromkeys(["p_A", "p_B", "p_C"], "float32")).assign(
            file_name=np.roll(opened.dataset.metadata["file_name"], number), part=["test", "validation"] * 8)
        if number:
            own["background"] = ["", 'a "wall", grey'] * 8
        if number == 3:
            own["p_B"] = np.nan
        records.store_record(folder.with_name("results" if number < 5 else "more"), trial.config, HISTORY, own, 1.5)
    return opened


@pytest.fixture(scope="module")
def folders(study):
    return [study.results, study.results.with_name("more")]


@pytest.fixture(scope="module", autouse=True)
def probes(study):
    """What the pictures are measured by instead of networks' features."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference.probes, "list_simple_models", lambda study: [
            reference.probes.SimpleModel("commonest", "no network", np.zeros((len(study.dataset), 1)),
                                       classifier=DummyClassifier())])
        kept = {name: reference.MEASURED[name] for name in ("simple_random", "simple_stratified")}
        patch.setattr(reference, "MEASURED", kept)  # the others take longer and are kept in the same way
        patch.setitem(reference.MEASURED, "sources", lambda study: drawn_predictions(3).assign(
            file_name=study.dataset.metadata["file_name"][:3], source="a house by the sea"))
        for name in ("facets", "map", "figures", "drawn_figures"):
            patch.setitem(reference.MEASURED, name, lambda study: study.dataset.metadata[["file_name", "label"]])
        patch.setitem(reference.MEASURED, "pairs", lambda study: PAIRS)
        patch.setattr(reference.other_inputs, "list_inputs", lambda study: [])
        yield


@pytest.fixture(scope="module")
def exported(study, folders, probes, tmp_path_factory):
    return reference.export_edition(study, folders, tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def edition(exported, tmp_path_factory):
    return reference.open_edition(exported, tmp_path_factory.mktemp("kept"))


def test_a_study_and_its_edition_find_the_same_trials(study, folders, edition, tmp_path):
    for folder in folders:
        shutil.copytree(folder / "trials", tmp_path / "trials", dirs_exist_ok=True)
    numbers = dict(zip(study.dataset.metadata["file_name"], edition.dataset.metadata["file_name"], strict=True))
    for variant in (None, VARIANTS["A1 labels permuted"]):
        here, there = (own.find("frozen", "baseline", variant=variant, backbones=[LITE])
                       for own in (replace(study, results=tmp_path), edition))
        assert [one.folder.name for one in here.records] == [one.folder.name for one in there.records] != []
        pd.testing.assert_frame_equal(there.history, here.history)
        pd.testing.assert_frame_equal(there.diagnoses, here.diagnoses)
        expected = here.predictions.assign(file_name=here.predictions["file_name"].map(numbers))
        pd.testing.assert_frame_equal(there.predictions, expected)
        assert [one.facts for one in here.records] == [one.facts for one in there.records]
    assert edition.dataset.classes == study.dataset.classes and (edition.dataset.labels == study.dataset.labels).all()


def test_what_was_written_of_an_editions_pictures_stays_when_it_is_made_anew(study, folders, exported, tmp_path):
    shutil.copytree(exported, tmp_path / exported.name)
    (tmp_path / exported.name / "about.md").write_text("From a house by the sea.")
    made = reference.export_edition(study, folders, tmp_path)
    assert reference.open_edition(made, tmp_path / "kept").about == "From a house by the sea."
    assert reference.open_edition(exported, tmp_path / "kept").about == ""


def test_an_edition_holds_no_title_and_no_file_name(study, exported, edition):
    files = [path for folder in (exported, edition.results) for path in folder.rglob("*") if path.is_file()]
    text = "".join(pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else path.read_text() for path in files)
    assert not [words for words in (SECRET, "all mine", ".png", str(study.results.parent)) if words in text]
    table = summary.describe_pictures(study.dataset)
    assert edition.card["counts"]["century"] == {"19th century": {"A": 6, "B": 5, "C": 5}}
    assert edition.card["counts"]["medium"].keys() == set(table["medium"]) and edition.card["works"] == 11
    licences = edition.card["counts"]["licence"]
    assert licences.keys() == {"CC0", reference.NOT_OPEN} and sum(licences["CC0"].values()) == 8


def test_what_was_measured_on_the_pictures_stands_beside_the_trials(study, edition):
    found, stored = reference.probes.predict_simple_models(study, "stratified"), edition.read("simple_stratified")
    pd.testing.assert_frame_equal(scores.summary(stored), scores.summary(found))
    pd.testing.assert_frame_equal(edition.read("pairs"), PAIRS)
    assert edition.read("sources")["file_name"].to_list() == ["000000", "000001", "000002"]


def test_an_edition_trains_nothing_and_names_what_is_missing(edition):
    found = edition.train("finetuned", "frozen", "baseline", backbones=[LITE, "VGG16"])
    assert {one.config["recipe"]["model"] for one in found.records} == {"frozen", "baseline"}
    assert found.missing == {"VGG16": "no weights here"} and len(found.unstored) == 10  # five more VGG16, baselines
    words = edition.banner()
    assert "16 pictures of 11 works (my pictures) in 3 classes" in words and "20 trials on" in words


def test_the_same_command_adds_what_other_folders_hold(study, folders, tmp_path, capsys):
    command = ["reference", "export", "--data", str(study.dataset.folder), "--out", str(tmp_path / "out")]
    first, second = (["--results", str(folder)] for folder in folders)
    assert cli.main([*command, *first]) == 0 and cli.main([*command, *first, *second]) == 0
    folder, again = capsys.readouterr().out.splitlines()
    assert folder == again and [path.name for path in (tmp_path / "out").iterdir()] == [folder.rpartition("/")[2]]
    edition, = reference.open_editions(tmp_path / "out", tmp_path / "kept")
    assert len(records.all_records(edition.results)) == 20
    # What was unpacked is a folder of results too.
    assert cli.main([*command, "--results", str(edition.results)]) == 0
    assert reference.open_edition(tmp_path / folder, tmp_path / "kept").results == edition.results


def test_what_cannot_be_exported_is_refused_before_anything_is_measured(study, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(reference, "MEASURED", {"any": lambda own: pytest.fail("measured")})
    command = ["reference", "export", "--out", str(tmp_path / "out"), "--results"]
    assert cli.main([*command, str(tmp_path), "--data", str(study.dataset.folder)]) == 1
    assert "no trial of these pictures is stored" in capsys.readouterr().err
    trial = records.all_records(study.results)[0]
    shutil.copytree(trial.folder, tmp_path / "trials" / "a-b-final-0")  # a model to take to a collection, and no trial
    facts = trial.facts | {"config": trial.config | {"seed": "final"}}
    (tmp_path / "trials" / "a-b-final-0" / records.RECORD).write_text(json.dumps(facts))
    assert cli.main([*command, str(tmp_path), "--data", str(study.dataset.folder)]) == 1
    assert "no trial of these pictures is stored" in capsys.readouterr().err
    shutil.copytree(study.results / "trials", tmp_path / "trials", dirs_exist_ok=True)
    assert cli.main([*command, str(tmp_path), "--data", str(study.dataset.folder), "--strangers", "/nowhere"]) == 1
    assert "/nowhere: there is no such folder" in capsys.readouterr().err
    path = next((tmp_path / "trials").glob("*/predictions.csv"))
    path.write_text(path.read_text().replace(SECRET, "other"))
    assert cli.main([*command, str(tmp_path), "--data", str(study.dataset.folder)]) == 1
    said = capsys.readouterr().err
    assert "which the data set does not have" in said and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name, damage", [
    (reference.PREDICTIONS, lambda path: path.write_bytes(path.read_bytes()[:-20])),
    (reference.HISTORY, lambda path: path.unlink()),
    (reference.HISTORY, lambda path: pd.DataFrame({"epoch": [1]}).to_parquet(path)),
    (reference.PICTURES, lambda path: path.write_bytes(b"")),
    (reference.CARD, lambda path: path.write_text("{")),
    (reference.CARD, lambda path: path.write_text("[]")),
    (reference.CARD, lambda path: path.write_text(json.dumps({"classes": []}))),
    (reference.TRIALS, lambda path: path.write_text('[{"config": 1}]')),
    (reference.TRIALS, lambda path: path.write_text(path.read_text().replace('"frozen"', '"../../frozen"'))),
    (reference.TRIALS, lambda path: path.write_text(path.read_text().replace('"frozen"', '"/frozen"')))])
def test_a_broken_edition_is_one_line_and_leaves_nothing(exported, tmp_path, name, damage):
    folder = shutil.copytree(exported, tmp_path / "out")
    damage(folder / name)
    with pytest.raises(DataError, match="is no reference edition, or broken") as told:
        reference.open_edition(folder, tmp_path / "kept")
    assert str(folder) in str(told.value) and "\n" not in str(told.value)
    assert not [path for path in (tmp_path / "kept").rglob("*") if path.name != "reference"
                and not path.name.startswith(".")]


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    return reference.open_editions(BOOK, tmp_path_factory.mktemp("kept"))


def test_the_books_editions_are_small_and_tell_no_name(editions):
    assert {edition.data_name for edition in editions} >= {"poses", "styles"}
    assert sum(path.stat().st_size for path in BOOK.rglob("*")) < 2.5e6
    for edition in editions:
        table = edition.dataset.metadata
        assert edition.about
        assert table["file_name"].str.fullmatch("[0-9]{6}").all()
        assert set(edition.find("finetuned").predictions["file_name"]) <= set(table["file_name"])
        assert set(table) <= {"file_name", "label", *summary.FACETS, "found", "match", "work"}
        assert not table["source"].str.contains("/").any()


def test_the_audit_is_told_of_the_books_artworks(editions):
    poses, = (edition for edition in editions if edition.data_name == "poses")
    assert audit.is_stored(poses) and not any(audit.is_stored(own) for own in editions if own is not poses)
    rows = audit.add_verdicts(audit.compare(poses, ["A1", "A8", "A10"]))
    assert {"A1", "A8", "A10"} == set(rows.dropna(subset="text")["id"]) and rows["p_holm"].notna().sum() >= 4
    assert len(reference.measure(poses, "pairs"))
    assert statistics.find_doubt(train_boxes(poses).predictions, poses.profile) == ""


@pytest.mark.skipif(not (SHARED / "records").exists(), reason="the records of version 0.1.0 are not here")
def test_the_books_editions_give_the_scores_of_the_records(editions):
    """A record's files are the same to the last letter, but for the pictures' names, and so are its scores."""
    kept = {one.folder.name: one for edition in editions for one in records.all_records(edition.results)}
    stored = records.all_records(SHARED / "records")
    assert len(stored) == 123
    for one in stored:
        back = kept[one.folder.name]
        for name in (records.RECORD, records.HISTORY):
            assert (back.folder / name).read_bytes() == (one.folder / name).read_bytes()
        lines = [(own.folder / records.PREDICTIONS).read_text().splitlines() for own in (back, one)]
        assert [line.partition(",")[2] for line in lines[0]] == [line.partition(",")[2] for line in lines[1]]
    for one in stored[::10]:
        own, back = (scores.per_trial(record.predictions) for record in (one, kept[one.folder.name]))
        pd.testing.assert_frame_equal(back, own)


@pytest.mark.skipif(not (SHARED / "data" / "poses").exists(), reason="the real artworks are not here")
def test_the_books_editions_hold_nothing_of_the_artworks_titles():
    metadata = load_dataset(SHARED / "data" / "poses").metadata
    text = "".join(pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else path.read_text()
                   for path in BOOK.rglob("*.*") if path.suffix != ".webp")
    told = {*metadata["TITLE"], *metadata["work"], *metadata["AUTHOR"], *metadata["file_name"]} - {*metadata["label"]}
    assert not [words for words in told if len(words) > 4 and words in text]


@pytest.mark.parametrize("folder", [".", "notebooks"])
def test_a_chapter_tells_of_the_editions_first_and_of_its_own_run_last(study, monkeypatch, folder):
    monkeypatch.chdir(ROOT / folder)
    assert list(reference.open_places(study)) == ["171 artworks (poses)", "675 artworks (styles)", "this run"]
    assert list(reference.open_places(study, poses=True)) == ["171 artworks (poses)", "this run"]


def test_editions_of_one_name_are_told_apart_by_their_fingerprints(study, exported, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "EDITIONS", tmp_path)
    shutil.copytree(exported, tmp_path / "a")
    card = shutil.copytree(exported, tmp_path / "b") / reference.CARD
    card.write_text(card.read_text().replace(study.dataset.fingerprint, "0123456789ab"))
    assert list(reference.open_places(study)) == [
        f"16 artworks (my pictures), {study.dataset.fingerprint[:6]}", "16 artworks (my pictures), 012345", "this run"]
