import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from conftest import ROOT, SHARED

from artpose_lib import cli
from artpose_lib.report import book


def test_help_loads_no_heavy_library():
    """What makes it answer at once; a clock in a test would only measure the machine."""
    script = ("import sys; from artpose_lib import cli\n"
              "cli.main(['--help'])\n"
              "heavy = {'keras', 'tensorflow', 'pandas', 'numpy', 'jupytext', 'papermill'} & set(sys.modules)\n"
              "sys.exit(f'loaded: {heavy}' if heavy else 0)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "artpose" in done.stdout


QUIET = """
import os, sys
from artpose_lib import cli, files
from artpose_lib.data import dataset

def load(*_, **__):
    os.write(2, b"noise\\n")
    files.say("Pieta")
    print("\\u041f")
    raise ValueError("\\u0422")

dataset.load_dataset = load
sys.exit(cli.main(["data", "info", "folder", *sys.argv[1:]]))
"""


def test_the_terminal_shows_our_lines_alone_in_the_letters_that_it_has():
    def run(*arguments):
        return subprocess.run([sys.executable, "-c", QUIET, *arguments], capture_output=True, check=False,
                              env=os.environ | {"PYTHONIOENCODING": "cp1252"})

    done = run()
    assert done.returncode == 1 and done.stdout.strip() == b"\\u041f"
    assert done.stderr.splitlines() == [b"Pieta", b"artpose: \\u0422"]
    assert b"noise" in run("--debug").stderr


def all_commands(group=cli.artpose, name="artpose"):
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def offered():
    return [(name, option) for name, command in all_commands() for option in command.params
            if isinstance(option, click.Option)]


@pytest.mark.parametrize("name", [name for name, _ in all_commands()])
def test_every_command_tells_what_it_does_with_an_example(name, capsys):
    assert cli.main([*name.split()[1:], "--help"]) == 0
    said = capsys.readouterr().out
    sentence, example = said.split("\n\n")[1], said.partition("Example:")[2]
    assert sentence.strip()[0].isupper() and "." in sentence
    assert example.strip().startswith(name) and "--debug" in said


def test_the_choices_are_the_librarys_own():
    from artpose_lib.collect.museums import SOURCES
    from artpose_lib.data.export import FORMS
    from artpose_lib.data.poses import POSE_NAMES
    from artpose_lib.model.backbones import BACKBONES
    from artpose_lib.train.recipes import PROFILES

    assert tuple(reversed(PROFILES)) == cli.PROFILES and cli.POSES == POSE_NAMES
    assert tuple(SOURCES) == cli.SOURCES and tuple(FORMS) == cli.FORMS
    assert tuple(BACKBONES) == cli.NETWORKS


def test_every_variable_is_in_the_readme_and_every_one_there_is_read():
    sources = "".join(path.read_text() for path in (ROOT / "artpose_lib").rglob("*.py"))
    read = set(re.findall(r"ARTPOSE_[A-Z_]*[A-Z]", sources)) | {option.envvar for _, option in offered()} - {None}
    assert read == set(re.findall(r"ARTPOSE_[A-Z_]*[A-Z]", (ROOT / "README.md").read_text()))


def test_a_variable_sets_an_option_and_the_command_line_goes_before_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("ARTPOSE_RESULTS", str(tmp_path / "one"))
    assert cli.main(["results"]) == 0
    assert cli.main(["results", "--results", str(tmp_path / "other")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("one") and second.endswith("other")


def test_an_error_shows_its_traceback_where_it_is_asked_for(capsys):
    with pytest.raises(ValueError, match="/nowhere"):
        cli.main(["data", "info", "/nowhere", "--debug"])


def test_a_parameter_of_the_chapter_never_changes_the_command(monkeypatch, tmp_path):
    """Not the list that is being read, nor the folder of what is executed, nor the command's cluster."""
    chapter = tmp_path / "notebooks" / "01_try.py"
    chapter.parent.mkdir()
    (tmp_path / "_toc.yml").touch()
    names = ["data", "weights", "profile", "results", "classes", "cluster", "parameters", "out", "chapters"]
    kernel = ["display_name: Python 3", "language: python", "name: python3"]
    header = "\n#     ".join(["# ---\n# jupyter:\n#   kernelspec:", *kernel]) + "\n# ---\n"
    chapter.write_text(header + '# %% tags=["parameters"]\n' + "".join(f'{name} = ""\n' for name in names))
    monkeypatch.chdir(tmp_path)
    ran = []
    monkeypatch.setattr(book, "execute", lambda chapter, out, parameters, mark: ran.append((out, parameters)))
    own = [word for name in ("parameters", "out", "chapters", "profile") for word in ("-p", name, "x")]
    assert cli.main(["run", "1", *own, "--out", "here"]) == 0
    (out, parameters), = ran
    assert out == Path("here/01_try.ipynb")
    assert {parameters[name] for name in ("parameters", "out", "chapters", "profile")} == {"x"}
    assert cli.main(["run", "1", "-p", "data", "/nowhere"]) == 1


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


def test_an_export_says_where_nothing_tells_of_licences(colours, tmp_path, capsys):
    assert cli.main(["data", "export", str(colours), "--as", "csv", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "36 of 36 pictures, as csv" in said and "No column tells their licences" in said


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


@pytest.mark.parametrize("given", ["data draw new --pictures 0", "data draw new --background-link 5",
                                   "data draw new --seed -1", "curate new --port 70000"])
def test_a_number_out_of_range_is_told_by_its_options_name(given, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(given.split()) == 2 and f"'{given.split()[-2]}'" in capsys.readouterr().err


def test_results_of_an_empty_folder(tmp_path, capsys):
    assert cli.main(["results", "--results", str(tmp_path)]) == 0
    assert "no trials stored" in capsys.readouterr().out


@pytest.mark.skipif(not (SHARED / "records").exists(), reason="the records of version 0.1.0 are not here")
def test_every_record_of_version_0_1_0_is_listed(capsys):
    assert cli.main(["results", "--results", str(SHARED / "records")]) == 0
    head, *listed = capsys.readouterr().out.splitlines()
    assert {"data", "test_pictures", "macro_f1", "weights"} <= set(head.split()) and "NaN" not in "".join(listed)
    assert len(listed) == 123 and sum("finetuned_aug Xception" in " ".join(line.split()) for line in listed) == 5


@pytest.mark.skipif(not (SHARED / "data" / "artworks").exists(), reason="the real artworks are not here")
def test_a_class_of_one_picture_is_met_for_real(capsys):
    assert cli.main(["data", "info", str(SHARED / "data" / "artworks")]) == 1
    said = capsys.readouterr().err
    assert 'class "Tanagra" has 1 picture' in said and "--classes Antinous,Graces,Pieta,Reclining,Sebastian" in said
