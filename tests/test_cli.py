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
