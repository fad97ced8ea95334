from types import SimpleNamespace

import pandas as pd
import pytest
from builders import CLASSES, drawn_predictions

from artpose_lib.data.poses import POSE_NAMES
from artpose_lib.report import experiment
from artpose_lib.train.recipes import find_profile
from artpose_lib.train.records import Trials


@pytest.fixture
def make(monkeypatch):
    """An experiment of a frozen network, well trained or short, and one fine-tuned in name alone."""
    monkeypatch.setattr(experiment, "measure", lambda study, _: study.simple_models)

    def make(classes, profile="thesis"):
        frames = [drawn_predictions(skill=4, seed=seed, classes=list(classes)) for seed in range(3)]
        frozen = pd.concat(frames).assign(layers="frozen")
        study = SimpleNamespace(dataset=SimpleNamespace(classes=tuple(classes)), trains=False,
                                embedded=False, profile=find_profile(profile),
                                simple_models=frozen.assign(model="probe"))
        trials = Trials([], {})
        vars(trials)["predictions"] = pd.concat([frozen, frozen.assign(model="finetuned")])
        return experiment.Experiment(f"{len(classes)} classes", study, ("frozen", "finetuned"), trials)

    return make


def test_scores_stand_beside_the_thesis_for_its_poses_and_models_alone(make):
    poses, other = make(POSE_NAMES), make(CLASSES)
    assert poses.of_poses and not other.of_poses
    assert set(poses.scores["model"]) == {"frozen", "finetuned", "finetuned_frozen", "probe"}
    assert poses.scores["thesis"].notna().any() and other.scores["thesis"].isna().all()
    told = poses.tell_accuracies({"baseline": "from nothing", "frozen": "frozen"})
    assert told.startswith("frozen ") and "(thesis: 28 to 59%)" in told
    assert "thesis" not in other.tell_accuracies({"frozen": "frozen"})
    assert experiment.choose_together([other, poses]) == [poses]
    assert experiment.choose_together([other, other]) == [other]
    drawn = make(POSE_NAMES)
    drawn.study.embedded = True
    assert experiment.choose_together([poses, drawn]) == [poses] and experiment.choose_together([drawn]) == [drawn]


def test_doubts_stand_beside_scores(make):
    doubts = make(CLASSES).scores.drop_duplicates("model").set_index("model")["doubt"]
    assert doubts[doubts != ""].to_dict() == {"finetuned_frozen": "learned in its last layer alone"}
    short = make(CLASSES, "smoke")
    doubts = short.scores.drop_duplicates("model").set_index("model")["doubt"]
    assert doubts["frozen"] == "was trained short" and doubts["probe"] == ""
    assert set(short.networks["model"]) == {"frozen", "finetuned_frozen"}
    assert set(short.accuracies["model"]) == {"frozen", "finetuned_frozen", "probe"}


def test_the_commonest_class_is_that_of_the_tested_pictures_as_networks_are_held_against_it(make):
    own = make(CLASSES)
    own.study.simple_models = pd.concat([own.simple_models, own.simple_models.assign(model="commonest")])
    del vars(own)["simple_models"]
    known = own.accuracies.set_index("model")["here"]
    tested = own.answers.query("part == 'test' and model == 'frozen'")["label"]
    assert known["commonest"] == pytest.approx((tested == tested.mode()[0]).mean())


def test_pairs_are_compared_by_their_titles(make):
    found = make(CLASSES).compare_pairs([("frozen", "probe"), ("frozen", "finetuned_aug")])
    assert list(found) == ["Frozen → Linear probe", "Frozen → Fine-tuned, augmented"]
    same, absent = found.values()
    assert same.loc["VGG16", "difference"] == 0 and absent.empty


def test_the_first_figure_is_of_all_that_may_stand_together_and_a_choice_has_the_rest(make):
    accuracies, others = experiment.show_scores([make(CLASSES), make(POSE_NAMES)], "{metric} of {names}", ", thesis")
    assert accuracies.alt == "accuracy of 6 classes, thesis"
    assert others.bundles["accuracy, 3 classes"]["text/plain"] == "accuracy of 3 classes"
    assert list(others.bundles) == ["macro F1, 6 classes", "weighted F1, 6 classes", "accuracy, 3 classes",
                                    "macro F1, 3 classes", "weighted F1, 3 classes"]
