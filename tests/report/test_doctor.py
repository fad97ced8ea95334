import sys

import pytest

from artpose_lib import cli
from artpose_lib.model.backbones import WeightsMissing
from artpose_lib.report import doctor


@pytest.fixture
def examine(monkeypatch, tmp_path):
    """What the doctor says, by name, on a machine with so many GPUs and without these modules."""
    def look(*hidden, gpus=(), backend="tensorflow"):
        monkeypatch.setenv("KERAS_BACKEND", backend)
        monkeypatch.setattr(doctor, "find_gpus", lambda: (list(gpus), 40 * 2**30))
        monkeypatch.setattr(doctor, "_list_devices", lambda: "cpu:0")
        monkeypatch.setattr(doctor, "weights_source", lambda name, _: f"{name}.h5")
        monkeypatch.setattr(doctor.blazepose, "find_fault", lambda _: "")
        for module in hidden:
            monkeypatch.setitem(sys.modules, module, None)
        return {found.name: found for found in doctor.examine(None, tmp_path / "not" / "made")}

    return look


def test_a_machine_that_has_all_lacks_nothing_to_train(examine):
    found = examine()
    assert not found["Backend"].lacks and found["Backend"].found.startswith("tensorflow 2.")
    assert not any(one.needed for one in found.values())
    assert "free for" in found["Disk"].found and found["VGG16"].found == "VGG16.h5"


def test_without_any_backend_it_says_what_to_install(examine):
    found = examine("tensorflow", "jax")["Backend"]
    assert found.needed and '-e ".[tensorflow]"' in found.lacks and '-e ".[gpu]"' in found.lacks


def test_where_the_other_backend_is_there_it_names_it(examine, monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: name == "jax")
    assert "set KERAS_BACKEND=jax" in examine("tensorflow")["Backend"].lacks


def test_a_backend_that_chapters_do_not_run_on_or_a_folder_that_cannot_be_written_is_told(examine, monkeypatch):
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    found = examine(backend="numpy")
    assert found["Backend"].needed and "tensorflow or jax" in found["Backend"].lacks
    assert found["Disk"].needed and "cannot be written" in found["Disk"].lacks


def test_a_gpu_that_the_backend_does_not_see_is_told(examine):
    found = examine(gpus=["0"])["Devices"]
    assert "GPU 0 with 40 GiB free" in found.found and "tensorflow does not see the GPU" in found.lacks


def test_what_a_part_of_the_report_lacks_stands_with_the_line_that_mends_it(examine, monkeypatch):
    monkeypatch.setenv("ARTPOSE_PRECISION", "float7")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(doctor, "distributions", lambda: [])
    found = examine("distributed", "cv2")
    assert '-e ".[cluster]"' in found["Dask"].lacks and "opencv-python-headless" in found["OpenCV"].lacks
    assert "chromium" in found["Browser"].lacks and "mixed_bfloat16" in found["Precision"].lacks
    assert found["Packages"].found.startswith("0 of ") and "numpy" in found["Packages"].lacks


def test_the_command_fails_only_where_nothing_can_be_trained(monkeypatch, capsys, tmp_path):
    lacks = [doctor.Finding("Browser", "none", "apt install chromium")]
    monkeypatch.setattr(doctor, "examine", lambda *_: lacks)
    assert cli.main(["doctor", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split() == ["--", "Browser", "none", "apt", "install", "chromium"]
    lacks.append(doctor.Finding("Backend", "no jax", "install it", True))
    assert cli.main(["doctor"]) == 1


def test_missing_weights_are_told(examine, monkeypatch):
    monkeypatch.setattr("artpose_lib.report.doctor.BACKBONES", ["Net"])

    def missing(*_):
        raise WeightsMissing("put net.h5 somewhere")

    examine()
    monkeypatch.setattr(doctor, "weights_source", missing)
    assert ("Net", "none", "put net.h5 somewhere", False) in list(doctor.examine(None, doctor.Path("/")))
