"""The curation board: what a person decides is on disk at once, and the board shows what is on disk."""

import base64
import io
import re
import socket
from html import unescape

import numpy as np
import pandas as pd
import pytest
from builders import make_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.curate.board import (
    ENLARGED,
    MOST_DECISIONS,
    MOST_PICTURES,
    THUMBNAIL,
    CurationBoard,
    render_static_page,
)
from artpose_lib.curate.cards import PAGE, Cards
from artpose_lib.curate.serve import serve
from artpose_lib.data.dataset import DataError
from artpose_lib.data.decisions import (
    Decision,
    active_decisions,
    append_decision,
    apply_decisions,
    read_decisions,
)
from artpose_lib.model import blazepose

HOSTILE = """<img src=x onerror="document.title='caught'">'"</script><script>document.title='caught'</script>"""


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "data", {"Pieta": 3, "Graces": 2}, TITLE=[HOSTILE, "Two", "", "Four", "Five"],
                licence=["CC0", "In Copyright", "", "CC0", "CC0"], boxes=["1 2 30 29", "", "", "", ""])
    return tmp_path / "data"


def flagged(*rows):
    return pd.DataFrame([(name, kind, group, 1.0, "It is odd.") for name, kind, group in rows],
                        columns=["file_name", "kind", "group", "score", "note"])


class View:
    """A board as the browser talks to it."""

    def __init__(self, folder, who="Ann", found=None):
        self.board = CurationBoard(folder, who, flagged() if found is None else found)
        self.answers = []
        self.board.send = self.answers.append

    def tell(self, **message):
        self.board._handle_custom_msg({"ask": 1, "filters": {}, "begun": []} | message, [])
        return self.answers.pop()

    def decide(self, action, file_name="", value="", why=""):
        return self.tell(do="decide", action=action, file_name=file_name, value=value, why=why, names=[file_name])


def names(answer):
    return [card["file_name"] for card in answer["cards"]]


# Decisions.


def test_every_decision_is_written_at_once_and_its_card_shows_it(folder):
    view = View(folder)
    for number, (action, value, stages) in enumerate([
            ("keep", "", ["kept"]), ("pose", "Tanagra", ["pose changed"]), ("pose", "Pieta", ["kept"]),
            ("box", "1 1 9 9", ["kept", "boxes drawn"]), ("drop", "", ["dropped", "boxes drawn"]),
            ("keep", "", ["kept", "boxes drawn"])]):
        (card,) = view.decide(action, "Pieta/1.png", value, f"reason {number}")["cards"]
        assert card["filters"]["decision"] == stages
        assert "Ann" in card["decided"][-1] and f"reason {number}" in card["decided"][-1]
        last = read_decisions(folder)[number]
        assert last == Decision("Pieta/1.png", action, value, f"reason {number}", "Ann", last.when) and last.when
        assert len(read_decisions(folder)) == number + 1
    assert card["boxes"] == "1 1 9 9"
    assert view.decide("box", "Pieta/2.png", "1 1 9 9")["cards"][0]["filters"]["decision"][0] == "undecided"


def test_undo_takes_back_ones_own_last_decision_and_passes_over_later_ones_of_others(folder):
    ann, ben = View(folder), View(folder, "Ben")
    ann.decide("drop", "Pieta/0.png")
    ann.decide("drop", "Pieta/1.png")
    ben.decide("pose", "Pieta/1.png", "Graces")
    answer = ann.tell(do="decide", action="undo", file_name="")
    assert answer["name"] == "Pieta/0.png" and "dropped" in answer["said"]
    last = read_decisions(folder)[-1]
    assert last == Decision("Pieta/0.png", "undo", who="Ann", when=last.when)
    assert names(ben.tell(do="show", filters={"decision": "dropped"})) == ["Pieta/1.png"]
    assert "error" in ann.tell(do="decide", action="undo", file_name="")  # Ben's came later
    assert ann.decide("undo", "Pieta/1.png")["said"].startswith("Taken back: pose Graces, Ben")
    assert [decision.who for decision in active_decisions(read_decisions(folder))] == ["Ann"]


steps = st.lists(st.tuples(st.sampled_from(["keep", "drop", "pose", "box", "undo"]),
                           st.sampled_from(["Pieta/0.png", "Pieta/1.png", "Graces/0.png"]),
                           st.sampled_from(["Pieta", "Graces", "New pose", "0 0 5 5;2 2 9 9", ""])))


@settings(max_examples=15, deadline=None)
@given(steps=steps)
def test_the_board_shows_what_replaying_the_decisions_makes(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("replayed")
    metadata, view = make_folder(folder, {"Pieta": 3, "Graces": 1}).assign(boxes=""), View(folder)
    for action, name, value in steps:
        before = read_decisions(folder)
        answer = view.decide(action, name, value if action in ("pose", "box") else "")
        assert len(read_decisions(folder)) == len(before) + ("error" not in answer)
    after, _ = apply_decisions(metadata, read_decisions(folder))
    shown = {card["file_name"]: (card["pose"], card["boxes"]) for card in view.tell(do="show")["cards"]
             if card["filters"]["decision"][0] != "dropped"}
    assert shown == {row.file_name: (row.label, row.boxes) for row in after.itertuples()}


@pytest.mark.parametrize(("action", "value", "words"), [
    ("pose", "", "is no label"), ("pose", "a,b", "no comma"), ("pose", "Pieta", "has the pose Pieta already"),
    ("undo", "", "No decision on Pieta/0.png stands")])
def test_what_decides_nothing_is_told(folder, action, value, words):
    answer = View(folder).decide(action, "Pieta/0.png", value)
    assert words in answer["error"] and answer["ask"] == 1
    assert read_decisions(folder) == []


# Pages.


def size_of(card):
    return Image.open(io.BytesIO(base64.b64decode(card["image"].removeprefix("data:image/jpeg;base64,")))).size


def test_a_page_brings_its_thumbnails_and_a_decision_none(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (1000, 2000)).save(folder / "Graces/0.png", exif=exif)
    (folder / "Pieta/2.png").write_bytes(b"no picture")
    view = View(folder)
    answer = view.tell(do="show")
    assert names(answer) == ["Graces/0.png", "Graces/1.png", "Pieta/0.png", "Pieta/1.png", "Pieta/2.png"]
    assert answer["cards"][0]["size"] == (2000, 1000) and size_of(answer["cards"][0]) == (THUMBNAIL, 160)
    assert answer["cards"][4]["error"] and "image" not in answer["cards"][4]
    decided = view.tell(do="decide", action="keep", file_name="Pieta/2.png", names=names(answer))
    assert names(decided) == names(answer) and not any("image" in card for card in decided["cards"])
    enlarged = view.tell(do="enlarge", file_name="Graces/0.png")
    assert size_of(enlarged) == (ENLARGED, 600) and enlarged["size"] == (2000, 1000)


def test_found_figures_are_proposed_where_that_is_asked_for_and_written_when_they_are_accepted(folder, monkeypatch):
    monkeypatch.setattr(blazepose, "propose_boxes", lambda path, weights: f"1 2 3 4;{len(path.name)} 0 9 9")
    view = View(folder)
    assert "proposed" not in view.tell(do="enlarge", file_name="Graces/0.png", propose=False)
    proposed = view.tell(do="enlarge", file_name="Graces/0.png", propose=True)["proposed"]
    assert proposed == "1 2 3 4;5 0 9 9" and not read_decisions(folder)
    (card,) = view.decide("box", "Graces/0.png", proposed)["cards"]
    assert card["boxes"] == proposed
    (folder / "Pieta/2.png").write_bytes(b"no picture")
    assert view.tell(do="enlarge", file_name="Pieta/2.png", propose=True).keys() == {"ask", "error"}


def test_filters_and_their_counts(folder):
    view = View(folder, found=flagged(("Pieta/0.png", "near duplicate", 1), ("Graces/1.png", "near duplicate", 1),
                                      ("Pieta/1.png", "frame", 0)))

    def show(**filters):
        return view.tell(do="show", filters=filters)

    assert names(show())[:3] == ["Graces/0.png", "Graces/1.png", "Pieta/0.png"]
    assert names(show(finding="near duplicate")) == ["Graces/1.png", "Pieta/0.png"]
    assert names(show(finding="any", pose="Pieta")) == ["Pieta/0.png", "Pieta/1.png"]
    answer = show(finding="frame", decision="dropped")
    assert (names(answer), answer["earlier"], answer["later"], answer["total"]) == ([], 0, 0, 5)
    assert answer["counts"]["finding"] == {"any": 3, "none": 2, "near duplicate": 2, "frame": 1}
    assert answer["poses"][:3] == ["Antinous", "Graces", "Pieta"]


def test_poses_of_ones_own_are_numbered_as_they_are_and_a_new_one_comes_last(tmp_path):
    make_folder(tmp_path, {"standing": 1, "lying": 1})
    assert View(tmp_path).decide("pose", "lying/0.png", "kneeling")["poses"] == ["lying", "standing", "kneeling"]


def table(folder, number):
    """A metadata.csv without its pictures."""
    rows = [f"{place:03}.png" for place in range(number)]
    pd.DataFrame({"file_name": rows, "label": "Pieta"}).to_csv(folder / "metadata.csv", index=False)
    return rows


@settings(max_examples=20, deadline=None)
@given(groups=st.lists(st.integers(0, 6), min_size=1, max_size=150), data=st.data())
def test_no_undecided_picture_is_skipped_however_one_decides_and_turns(tmp_path_factory, groups, data):
    folder = tmp_path_factory.mktemp("pages")
    rows = table(folder, len(groups))
    found = flagged(*((name, "near duplicate", group) for name, group in zip(rows, groups, strict=True) if group))
    cards, wanted, seen, last = Cards(folder, found), {"decision": "undecided"}, [], ""
    while page := cards.find_page(wanted, after=last)["cards"]:
        seen += [card["file_name"] for card in page]
        for name in data.draw(st.lists(st.sampled_from(seen), max_size=3)):
            append_decision(folder, Decision(name, "keep", who="Ann"))
        last = page[-1]["file_name"]
    assert sorted(seen) == rows
    places = {}
    for place, name in enumerate(seen):
        places.setdefault(groups[rows.index(name)], []).append(place)
    assert all(np.ptp(own) == len(own) - 1 for group, own in places.items() if group)  # each group in one piece
    assert cards.find_page({}, before=seen[0])["earlier"] == 0


@pytest.mark.parametrize(("group", "asked", "first", "length"), [
    (range(PAGE - 2, PAGE + 4), {}, 0, PAGE + 4), (range(PAGE, PAGE + 4), {}, 0, PAGE),
    (range(3 * PAGE), {}, 0, 2 * PAGE),  # a group larger than two pages is torn
    ((), {"before": 2 * PAGE}, PAGE, PAGE), ((), {"before": 3}, 0, PAGE),
    (range(PAGE - 2, PAGE + 4), {"before": 2 * PAGE}, PAGE - 2, PAGE)])
def test_a_page_tears_no_group_and_going_back_shows_what_went_before(tmp_path, group, asked, first, length):
    rows = table(tmp_path, 3 * PAGE)
    cards = Cards(tmp_path, flagged(*((rows[place], "near duplicate", 1) for place in group)))
    page = cards.find_page({}, **{way: rows[place] for way, place in asked.items()})
    assert names(page) == rows[first:first + length]
    assert (page["earlier"], page["later"]) == (first, 3 * PAGE - first - length)


# The static page.


def show_statically(board):
    return render_static_page(board.cards, board.open_only)


def test_the_static_page_shows_groups_decisions_and_hostile_text_as_text(folder):
    view = View(folder, HOSTILE, flagged(("Pieta/0.png", "near duplicate", 1), ("Graces/1.png", "near duplicate", 1)))
    view.decide("drop", "Pieta/0.png", why=HOSTILE)
    view.decide("pose", "Pieta/2.png", "Graces")
    html = show_statically(view.board)
    assert "<script" not in html and "<img src=x" not in html
    assert unescape(html).count(HOSTILE) >= 3  # the caption, who and why
    assert html.count("Group 1") == 4  # caption and alternative text of two pictures
    assert "2 of 5 pictures are decided: 0 kept, 1 dropped, 1 given another pose" in html
    assert all(source.startswith("data:") for source in re.findall(r'(?:src|href)="(.*?)"', html))


def test_the_static_page_is_bounded(tmp_path):
    rows = make_folder(tmp_path, {"Pieta": MOST_PICTURES + 7})["file_name"]
    for number in range(MOST_DECISIONS + 3):
        append_decision(tmp_path, Decision(rows[0], "box", f"0 0 1 {number + 1}", who="Ann"))
    html = show_statically(CurationBoard(tmp_path, "Ann", flagged(*((name, "frame", 0) for name in rows))))
    assert html.count("data:image/jpeg") == MOST_PICTURES and "7 more are not shown" in html
    assert html.count("0 0 1 ") == MOST_DECISIONS and "3 older ones are not listed" in html


def test_pictures_that_may_not_be_published_are_replaced(folder):
    found = flagged(*((f"Pieta/{number}.png", "frame", 0) for number in range(3)))

    def tiles(open_only):
        html = show_statically(CurationBoard(folder, "Ann", found, open_only))
        return re.findall(r'src="data:image/jpeg;base64,([^"]*)"', html), set(re.findall(r"Licence: [\w ]+", html))

    everything, opened = tiles(False), tiles(True)
    assert opened[0][0] == everything[0][0] and opened[0][1] == opened[0][2] != everything[0][1]
    assert opened[1] == {"Licence: In Copyright", "Licence: not known"}
    table = pd.read_csv(folder / "metadata.csv", keep_default_na=False)
    table.rename(columns={"licence": "License"}).to_csv(folder / "metadata.csv", index=False)
    assert tiles(True) == opened
    table.drop(columns="licence").to_csv(folder / "metadata.csv", index=False)
    assert tiles(True) == everything


# Folders that cannot be curated.


def test_what_cannot_be_curated_is_told_before_a_board_is_shown_or_served(tmp_path, folder):
    for begin in (CurationBoard, lambda folder, who: serve(folder, who, 0, open_browser=False)):
        with pytest.raises(DataError, match="no such folder"):
            begin(tmp_path / "nowhere", "Ann")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ValueError, match="--port"):
        serve(folder, "Ann", taken.getsockname()[1], open_browser=False)
    (folder / "decisions.csv").write_text("this is something else\n")
    with pytest.raises(DataError, match="decisions.csv"):
        CurationBoard(folder, "Ann", flagged())
