"""The model that has learned from all pictures: stored, opened and used from its folder alone."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import standin

from artpose_lib import cli
from artpose_lib.classify import final
from artpose_lib.classify.model import Classifier, choose_final, find_record, open_classifier
from artpose_lib.model import classifier
from artpose_lib.train import study
from artpose_lib.train.heads import fit_head
from artpose_lib.train.means import MEANS
from artpose_lib.train.records import RECORD


@pytest.fixture
def opened(colours, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "build_classifier", lambda name, n, size, *_: standin.network(size))
    monkeypatch.setattr(final, "fit_head", lambda *own, **_: fit_head(*own[:4], (1.0,)))  # a fifth of the time
    return study.open_study(str(colours), profile="smoke", results=str(tmp_path))


def test_it_learns_from_all_pictures_and_is_calibrated_out_of_fold(opened, monkeypatch):
    record = final.train_final(opened, standin.LITE)
    asked = record.predictions.groupby("part")["file_name"].nunique()
    assert asked.to_dict() == {"validation": 36, "test": 36} and record.names["seed"] == "final"
    assert record.facts["validation_accuracy"] > 0.9
    with monkeypatch.context() as again:
        again.setattr(final, "_train", lambda *_: pytest.fail("trained again"))
        assert final.train_final(opened, standin.LITE).folder == record.folder
    assert find_record("final", opened.results).folder == record.folder
    later = shutil.copytree(record.folder, record.folder.with_name("another"))  # such as the one of a book
    (later / RECORD).write_text(json.dumps(record.facts | {"finished": "2999-01-01T00:00:00+00:00"}))
    assert find_record("final", opened.results).folder == later
    choose_final(opened.results, record)
    assert find_record("final", opened.results).folder == record.folder
    opened_again = open_classifier(record.folder, None)
    features, probabilities = opened_again.network.predict(opened.pictures(72), verbose=0)
    np.testing.assert_allclose(features, opened.compute_roots(standin.LITE), atol=1e-4)
    assert (probabilities.argmax(axis=1) == opened.dataset.labels).mean() > 0.9
    assert record.facts["pictures"]["classes"] == {"blue": 12, "green": 12, "red": 12}
    (record.folder / MEANS).unlink()  # as an earlier version left it
    (record.folder / RECORD).write_text(json.dumps({**record.facts, "pictures": {}}))
    mended = final.train_final(opened, standin.LITE)
    assert (mended.folder / MEANS).exists() and mended.facts["pictures"] == record.facts["pictures"]
    pd.testing.assert_frame_equal(mended.predictions, record.predictions)


def test_what_a_table_tells_of_works_sources_and_licences_counts_once_it_changes(opened, colours, tmp_path, capsys,
                                                                                monkeypatch):
    monkeypatch.setattr(final, "VIEWS", (("whole",),))
    folder = shutil.copytree(colours, tmp_path / "pictures")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    table = pd.DataFrame({"file_name": names, "label": [name.split("/")[0] for name in names]})

    def train(results, **columns):
        table.assign(**columns).to_csv(folder / "metadata.csv", index=False)
        assert cli.main(["train", "--final", "--data", str(folder), "--profile", "smoke",
                         "--results", str(tmp_path / results)]) == 0
        return capsys.readouterr().out.partition("It is shown")[0], find_record("final", tmp_path / results).predictions

    plain, _ = train("kept")
    assert "works that it had not seen" in plain and "source" not in plain and "licence" not in plain
    told = {"Source": table["label"], "licence": "In copyright", "work": [f"{number}" for number in range(36)]}
    said, answers = train("kept", **told)
    shutil.copytree(tmp_path / "kept" / "features", tmp_path / "fresh" / "features")
    fresh, known = train("fresh", **told)
    assert said == fresh and "sources that it had not seen it names 0%" in said and "36 of the pictures have no" in said
    pd.testing.assert_frame_equal(answers, known)
    one, _ = train("kept", work="W", source=table["label"])  # which leaves no two sources apart
    assert "Of pictures that it had not seen" in one and "one work" in one and "source" not in one


def test_a_network_that_looks_twice_gets_a_picture_stretched_and_below_it_in_its_own_proportions(opened):
    views = "grey", "grey padded"
    network = classifier.build_both_ways(standin.LITE, 3, 72, views=views)
    ways = Classifier("", (), 72, network, 1.0, None).padded
    pictures = np.stack([*opened.dataset.stream(72, padded=ways)])
    assert pictures.shape[1:] == (144, 72, 3) and (pictures[:, :72] == opened.pictures(72)).all()
    features, _ = network.predict(pictures, verbose=0)
    np.testing.assert_allclose(features, opened.compute_roots(standin.LITE, views), atol=1e-4)


def test_the_command_trains_it_and_classify_takes_it(opened, colours, tmp_path, capsys):
    assert cli.main(["train", "--final", "--data", str(colours), "--profile", "smoke", "--results", str(tmp_path)]) == 0
    assert "of pictures of works that it had not seen" in capsys.readouterr().out.lower()
    out = tmp_path / "out.csv"
    assert cli.main(["classify", str(colours), "--model", "final", "--results", str(tmp_path), "-o", str(out)]) == 0
    rows = pd.read_csv(out)
    assert (rows["class"] == rows["file"].str.split("/").str[0]).mean() > 0.9 and rows["unlike"].notna().all()
    assert cli.main(["train", "--final", "--model", "frozen"]) == 2
    assert cli.main(["results", "--results", str(tmp_path)]) == 0


def test_trials_of_the_recipe_are_as_others_are(opened):
    trials = opened.train("best", backbones=[standin.LITE])
    (record,) = trials.records
    assert record.weights and record.facts["test_accuracy"] > 0.8 and record.layers == "frozen"
    assert trials.diagnoses["learned"].all() and opened.find("best").records == [record]
