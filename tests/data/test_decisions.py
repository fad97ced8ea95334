"""The log of decisions: nothing decided is lost, and replaying it says exactly what the person meant."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.data.decisions import (
    COLUMNS,
    FILE,
    Decision,
    active_decisions,
    append_decision,
    apply_decisions,
    read_decisions,
)
from artpose_lib.data.tables import DataError

CASES = SHARED / "cases" / "museums"
HEADER = ",".join(COLUMNS) + "\n"
LOG = [Decision("Pieta/a.jpg", "drop", why='a "copy", cropped', who="Ann", when="2026-01-02T03:04:05+00:00"),
       Decision("Pieta/b.jpg", "pose", "Graces", "three women", "Änne", "2026-01-02T03:04:06+00:00"),
       Decision("Pieta/b.jpg", "box", "1 2 30 40;5 6 7 8", "", "Ann", "2026-01-02T03:04:07+00:00")]

names = st.sampled_from(["a.jpg", "b.jpg", "c.jpg", "gone.jpg"])
changes = st.one_of(
    st.builds(Decision, names, st.sampled_from(["keep", "drop"])),
    st.builds(Decision, names, st.just("pose"), st.sampled_from(["Graces", "Pieta", "Tanagra"])),
    st.builds(Decision, names, st.just("box"), st.sampled_from(["", "0 0 5 5", "0 0 5 5;2 3 4 5"])),
)
undos = st.builds(Decision, names, st.just("undo"))
METADATA = pd.DataFrame({"file_name": ["a.jpg", "b.jpg", "c.jpg"], "label": ["Graces", "Pieta", "Pieta"],
                         "boxes": ["", "1 1 2 2", ""], "TITLE": ["One", "Two", "Three"]})


def write(folder, data):
    (folder / FILE).write_bytes(data if isinstance(data, bytes) else data.encode())


# The file.


def test_what_is_appended_is_read_in_its_order_one_line_each(tmp_path):
    assert read_decisions(tmp_path) == []
    for decision in LOG:
        append_decision(tmp_path, decision)
    assert read_decisions(tmp_path) == LOG
    lines = (tmp_path / FILE).read_text(encoding="utf-8").split("\n")
    assert lines[0] + "\n" == HEADER and len(lines) == 1 + len(LOG) + 1 and lines[-1] == ""


@given(name=st.text(min_size=1), why=st.text(), who=st.text(min_size=1), when=st.text(min_size=1))
def test_any_text_comes_back_or_is_refused_before_it_is_written(name, why, who, when):
    with tempfile.TemporaryDirectory() as folder:
        append_decision(folder, LOG[0])
        try:
            decision = Decision(name, "pose", "Pieta", why, who, when)
            append_decision(folder, decision)
        except DataError:
            assert read_decisions(folder) == LOG[:1]
            assert not who.strip() or any(len((text + ".").splitlines()) > 1 for text in (name, who, when))
        else:
            assert read_decisions(folder) == [LOG[0], decision]
            assert len((Path(folder) / FILE).read_bytes().split(b"\n")) == 4
        append_decision(folder, LOG[1])
        assert read_decisions(folder)[-1] == LOG[1]


def test_line_breaks_in_a_remark_become_spaces_and_the_time_is_filled_in_in_utc(tmp_path):
    append_decision(tmp_path, replace(LOG[0], why="too dark\r\nand\ncropped", when=""))
    (decision,) = read_decisions(tmp_path)
    moment = pd.Timestamp(decision.when)
    assert decision.why == "too dark and cropped"
    assert moment.utcoffset().total_seconds() == 0 and "." not in decision.when
    assert abs((pd.Timestamp.now("UTC") - moment).total_seconds()) < 3600


def test_a_decision_names_a_person(tmp_path):
    with pytest.raises(DataError, match="Pieta/a.jpg names no person"):
        append_decision(tmp_path, replace(LOG[0], who=" "))
    assert not (tmp_path / FILE).exists()


def test_wherever_a_crash_cuts_the_last_line_off_nothing_else_is_lost(tmp_path):
    for decision in LOG[:2]:
        append_decision(tmp_path, decision)
    whole = (tmp_path / FILE).read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        write(tmp_path, whole[:cut])
        number = max(0, sum(end <= cut for end in ends) - 1)
        has_all_values = whole[:cut].rpartition(b"\n")[2].count(b",") >= 5  # then at most the remark is cut off
        found = read_decisions(tmp_path)
        assert found[:number] == LOG[:number] and len(found) - number in {False, has_all_values}
        assert all(replace(cut_off, why="") == replace(LOG[number], why="") for cut_off in found[number:])
        append_decision(tmp_path, LOG[2])
        assert read_decisions(tmp_path) == [*found, LOG[2]]


@pytest.mark.parametrize("end", ["", "\r", "\n", "\r\n"])
@pytest.mark.parametrize("last", ["2026,Ann,b.jpg,keep,,a careful reason", '2026,Ann,b.jpg,keep,,"quoted, whole"',
                                  "2026,Ann,b.jpg,keep,,"])
def test_a_last_line_that_a_person_did_not_end_counts_and_stays(tmp_path, last, end):
    write(tmp_path, "\ufeff" + HEADER + "2026,Ann,a.jpg,drop,,\n" + last + end)
    first = read_decisions(tmp_path)
    assert [decision.action for decision in first] == ["drop", "keep"]
    append_decision(tmp_path, LOG[2])
    assert read_decisions(tmp_path) == [*first, LOG[2]] and last.encode() in (tmp_path / FILE).read_bytes()


@pytest.mark.parametrize("half", ["2026,Ann,b.jpg,dro", "2026,A,b.jpg,pose,Pie", '2026,Ann,b.jpg,drop,,"half a', "2"])
def test_a_half_line_is_no_decision_and_gives_way_to_the_next(tmp_path, half, capsys):
    write(tmp_path, HEADER + "2026,Ann,a.jpg,drop,,\n" + half)
    first = read_decisions(tmp_path)
    append_decision(tmp_path, LOG[2])
    assert len(first) == 1 and read_decisions(tmp_path) == [*first, LOG[2]]
    assert half in capsys.readouterr().err


def test_an_unended_line_that_is_wrong_is_named_and_an_unended_header_stands(tmp_path):
    write(tmp_path, HEADER + "2026,Ann,a.jpg,burn,,")
    with pytest.raises(DataError, match="line 2: .*burn"):
        read_decisions(tmp_path)
    write(tmp_path, HEADER.strip())
    append_decision(tmp_path, LOG[0])
    assert read_decisions(tmp_path) == LOG[:1] and (tmp_path / FILE).read_text().count("when") == 1


@pytest.mark.skipif(not CASES.exists(), reason="the cases are not here")
def test_both_decisions_of_a_file_without_a_last_line_break_stand(tmp_path):
    write(tmp_path, (CASES / "decisions_no_final_newline.csv").read_bytes())
    append_decision(tmp_path, LOG[0])
    assert [decision.file_name for decision in read_decisions(tmp_path)] == ["A/0.jpg", "B/1.jpg", "Pieta/a.jpg"]


def test_a_name_and_a_label_in_two_characters_are_those_in_one():
    frame, said = apply_decisions(METADATA.replace("a.jpg", "à.jpg"), [Decision("a\u0300.jpg", "pose", "Pieta\u0300")])
    assert frame["label"][0] == "Piet\u00e0" and said == []


def test_a_decision_is_on_disk_when_append_returns(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("os.fsync", lambda _: seen.append((tmp_path / FILE).read_bytes()))
    append_decision(tmp_path, LOG[0])
    assert seen == [(tmp_path / FILE).read_bytes()]


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path):
    for decision in LOG:
        append_decision(tmp_path, decision)
    write(tmp_path, b"\xef\xbb\xbf" + (tmp_path / FILE).read_bytes().replace(b"\n", b"\r\n") + b",,,,,\r\n\r\n")
    assert read_decisions(tmp_path) == LOG


@pytest.mark.parametrize("line, says", [
    ("2026,Ann,a.jpg,burn,,", '"burn".*keep, drop'),
    ("2026,Ann,a.jpg,box,1 2 3,", '"1 2 3".*x0 < x1'),
    ("2026,Ann,a.jpg,drop,", "has 5"),
    ("2026,Ann,a.jpg,drop,,,", "has 7"),
    ('2026,Ann,a.jpg,drop,,"never closed', "not a line of CSV"),
    (b"2026,Ann,a.jpg,drop,,\xff", "not a line of CSV in UTF-8"),
])
def test_a_malformed_line_is_named_with_its_way_out(tmp_path, line, says):
    line = line if isinstance(line, bytes) else line.encode()
    write(tmp_path, HEADER.encode() + b"2026,Ann,b.jpg,drop,,\n" + line + b"\n2026,Ann,c.jpg,drop,,\n")
    with pytest.raises(DataError, match=f"{FILE}, line 3: .*{says}.*[Rr]emove"):
        read_decisions(tmp_path)


def test_a_file_that_is_something_else_is_refused(tmp_path):
    write(tmp_path, "file_name,label\na.jpg,Pieta\n")
    with pytest.raises(DataError, match='line 1: the header must be "when,who.*is "file_name,label"'):
        read_decisions(tmp_path)


@pytest.mark.parametrize("content", [HEADER.replace(",", ";").encode() + b"2026;Ann;a.jpg;drop;;why",  # a spreadsheet's
                                     HEADER.encode() + b"2026,Ann,a.jpg,drop,,\xe9tude"])  # a Latin-1 editor's
def test_nothing_is_added_to_or_taken_from_a_file_that_cannot_be_read(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    for use in (read_decisions, lambda folder: append_decision(folder, LOG[0])):
        with pytest.raises(DataError, match="line [12]: "):
            use(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


# One decision.


@pytest.mark.parametrize("fields, says", [
    (("", "drop"), "name the picture"),
    (("a.jpg", "drop", "Pieta"), '"drop" takes no value'),
    (("a.jpg", "undo", "drop"), '"undo" takes no value'),
    (("a.jpg", "pose"), "no label"),
    (("a.jpg", "pose", " Pieta"), "no spaces"),
    (("a.jpg", "pose", "Pieta,Graces"), "no comma"),
    (("a.jpg\n", "drop"), "one line"),
    (("a.jpg", "drop", "", "\ud800"), "whole characters"),
    (("a.jpg", "drop", "", "x" * 200_000), "at most"),
    (("a.jpg", "box", "0 0 5 5;"), 'the box ""'),
    *((("a.jpg", "box", box), f'"{box}"') for box in ("5 5 5 9", "5 9 8 5", "-1 0 5 5", "0 0 5.5 5", "0 0 5 5 5")),
])
def test_what_says_nothing_usable_is_refused_at_once(fields, says):
    with pytest.raises(DataError, match=says):
        Decision(*fields)


# What they add up to.


@given(st.lists(changes), changes)
def test_an_undo_is_as_if_the_decision_had_never_been_made(earlier, last):
    assert active_decisions([*earlier, last, Decision(last.file_name, "undo")]) == active_decisions(earlier)


@given(st.lists(st.one_of(changes, undos)))
def test_replaying_invents_no_row_touches_no_other_column_and_a_second_time_changes_nothing(made):
    before = METADATA.copy()
    frame, _ = apply_decisions(METADATA, made)
    assert METADATA.equals(before)
    titles = dict(zip(METADATA["file_name"], METADATA["TITLE"], strict=True))
    assert list(frame) == list(METADATA) and frame["file_name"].is_monotonic_increasing
    assert frame["TITLE"].tolist() == [titles[name] for name in frame["file_name"]]
    assert apply_decisions(frame, made)[0].equals(frame)


@pytest.mark.parametrize("made, left", [
    (["drop"], 0), (["drop", "keep"], 1), (["keep", "drop"], 0), (["drop", "keep", "undo"], 0),
    (["drop", "undo"], 1), (["drop", "keep", "undo", "undo"], 1), (["undo", "drop"], 0), (["keep"], 1),
])
def test_the_latest_keep_or_drop_that_stands_wins(made, left):
    frame, _ = apply_decisions(METADATA, [Decision("a.jpg", action) for action in made])
    assert (frame["file_name"] == "a.jpg").sum() == left and len(frame) == 2 + left


def test_the_latest_pose_and_box_win_and_outlive_a_drop_that_is_taken_back():
    frame, said = apply_decisions(METADATA, [
        Decision("b.jpg", "pose", "Tanagra"), Decision("b.jpg", "box", "0 0 9 9"), Decision("b.jpg", "drop"),
        Decision("b.jpg", "pose", "Graces"), Decision("b.jpg", "box", ""), Decision("b.jpg", "keep")])
    assert frame["label"].tolist() == ["Graces", "Graces", "Pieta"] and frame["boxes"].tolist() == ["", "", ""]
    assert said == []


def test_boxes_come_in_with_the_first_decision_about_one_and_rows_are_numbered_anew():
    bare, drop = METADATA[["file_name", "label"]], Decision("a.jpg", "drop")
    assert list(apply_decisions(bare, [drop])[0]) == ["file_name", "label"]
    frame, _ = apply_decisions(bare, [drop, Decision("b.jpg", "box", "0 0 9 9")])
    assert frame["boxes"].tolist() == ["0 0 9 9", ""] and frame.index.tolist() == [0, 1]


def test_in_another_collection_what_is_gone_is_said_once_a_picture_and_the_rest_holds():
    made = [Decision("z.jpg", "drop"), Decision("b.jpg", "drop"), Decision("y.jpg", "pose", "Graces"),
            Decision("z.jpg", "pose", "Graces"), Decision("x.jpg", "drop"), Decision("x.jpg", "undo")]
    frame, said = apply_decisions(METADATA, made)
    assert frame["file_name"].tolist() == ["a.jpg", "c.jpg"]
    assert [sentence.split(":")[0] for sentence in said] == ["y.jpg", "z.jpg"]
    assert all(FILE in sentence for sentence in said)
