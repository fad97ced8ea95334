import shutil
import subprocess
import sys

import pytest
from conftest import SHARED

from artpose_lib import cli


def test_help_loads_no_heavy_library():
    """What makes it answer at once; a clock in a test would only measure the machine."""
    script = ("import sys; from artpose_lib import cli\n"
              "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
              "heavy = {'keras', 'tensorflow', 'pandas', 'numpy', 'jupytext', 'papermill'} & set(sys.modules)\n"
              "sys.exit(f'loaded: {heavy}' if heavy else 0)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "artpose" in done.stdout


def test_every_option_has_its_environment_variable(monkeypatch):
    monkeypatch.setenv("ARTPOSE_PROFILE", "smoke")
    monkeypatch.setenv("ARTPOSE_CLASSES", "Pieta,Graces")
    arguments = cli._parser().parse_args(["book"])
    assert (arguments.profile, arguments.classes) == ("smoke", "Pieta,Graces")
    assert cli._parser().parse_args(["book", "--profile", "thesis"]).profile == "thesis"


def test_data_info_counts_the_classes(colours, capsys):
    assert cli.main(["data", "info", str(colours)]) == 0
    said = capsys.readouterr().out
    assert "36 pictures, 3 classes" in said and "green" in said


def test_data_info_names_what_is_wrong(colours, tmp_path, capsys):
    folder = shutil.copytree(colours, tmp_path / "pictures")
    (folder / "red" / "00.png").write_bytes(b"no picture")
    assert cli.main(["data", "info", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "1 file" in said and "red/00.png" in said and "left out" in said


@pytest.mark.parametrize(("command", "words"), [
    (["data", "info", "/nowhere"], "/nowhere: there is no such folder"),
    (["book", "--data", "/nowhere"], "--data /nowhere: there is no such folder"),
    (["run", "99"], 'no chapter "99"'),
    (["run", "1", "-p", "profil", "smoke"], 'no parameter "profil"'),
])
def test_a_mistake_is_one_line_and_exit_status_1(command, words, capsys):
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_results_of_an_empty_folder(tmp_path, capsys):
    assert cli.main(["results", "--results", str(tmp_path)]) == 0
    assert "no trials stored" in capsys.readouterr().out


@pytest.mark.skipif(not (SHARED / "data" / "artworks").exists(), reason="the real artworks are not here")
def test_a_class_of_one_picture_is_met_for_real(capsys):
    assert cli.main(["data", "info", str(SHARED / "data" / "artworks")]) == 1
    said = capsys.readouterr().err
    assert 'class "Tanagra" has 1 picture' in said and "--classes Antinous,Graces,Pieta,Reclining,Sebastian" in said


def test_results_are_exported_without_pictures_and_titles(colours, tmp_path, monkeypatch, capsys):
    import pandas as pd

    from artpose_lib.report import audit, claims
    from artpose_lib.train import records

    table = pd.DataFrame({"id": ["A1"], "difference": [-0.3]})
    monkeypatch.setattr(audit, "measure", lambda study: {"rows": table})
    monkeypatch.setattr(claims, "check", lambda study, rows: table)
    arguments = ["results", "--export", str(tmp_path / "kept"), "--data", str(colours), "--results", str(tmp_path)]
    assert cli.main(arguments) == 1
    assert "no trial of these pictures" in capsys.readouterr().err
    from artpose_lib.data.dataset import load_dataset
    config = {"recipe": {"model": "frozen", "backbone": "VGG16"}, "seed": 40, "data": load_dataset(colours).fingerprint}
    frame = pd.DataFrame({"file_name": ["a"], "label": ["x"], "part": ["test"], "p_x": [1.0]})
    records.store_record(tmp_path, config, pd.DataFrame({"epoch": [1]}), frame, 1)
    assert cli.main(arguments) == 0
    written = (tmp_path / "kept").glob("*.json")
    assert all("00.png" not in path.read_text() and '"rows"' in path.read_text() for path in written)
