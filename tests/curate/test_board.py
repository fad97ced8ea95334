"""The curation board: what a person decides is on disk at once, and the board shows what is on disk."""

import io
import re
import socket
from html import unescape

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artpose_lib.curate.board import ENLARGED, THUMBNAIL, CurationBoard
from artpose_lib.curate.cards import PAGE, Cards
from artpose_lib.curate.page import MOST_DECISIONS, MOST_PICTURES
from artpose_lib.data.dataset import DataError
from artpose_lib.data.decisions import (
    Decision,
    DecisionError,
    active_decisions,
    append_decision,
    apply_decisions,
    read_decisions,
)

CATCH = "document.title='caught'"
HOSTILE = f"""<img src=x onerror="{CATCH}">'"</script><script>{CATCH}</script>"""
COLUMNS = ["file_name", "kind", "group", "score", "note"]
NOTHING = pd.DataFrame(columns=COLUMNS)


def collection(folder, labels, **columns):
    """A folder of small grey pictures, 40 pixels wide and 30 high, named Pieta/00.png and so on."""
    names = [f"{label}/{number:02}.png" for number, label in enumerate(labels)]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (number, 90, 90)).save(folder / name)
    pd.DataFrame({"file_name": names, "label": labels, **columns}).to_csv(folder / "metadata.csv", index=False)
    return names


@pytest.fixture
def folder(tmp_path):
    collection(tmp_path / "data", ["Pieta"] * 3 + ["Graces"] * 2, TITLE=[HOSTILE, "Two", "", "Four", "Five"],
               page=["https://example.org/1", "javascript:alert(1)", "", "", ""],
               licence=["CC0", "In Copyright", "", "CC0", "CC0"], boxes=["1 2 30 29", "", "", "", ""])
    return tmp_path / "data"


class View:
    """A board as the browser talks to it."""

    def __init__(self, folder, who="Ann", found=NOTHING):
        self.board = CurationBoard(folder, who, found)
        self.answers = []
        self.board.send = lambda content, buffers=(): self.answers.append((content, buffers))

    def tell(self, **message):
        self.board._handle_custom_msg({"ask": 1, "filters": {}, "begun": []} | message, [])
        return self.answers.pop()

    def show(self, **question):
        return self.tell(do="show", **question)[0]

    def decide(self, action, file_name="", value="", why=""):
        return self.tell(do="decide", action=action, file_name=file_name, value=value, why=why, names=[file_name])[0]

    def stages(self):
        return {card["file_name"]: card["filters"]["decision"][0] for card in self.show()["cards"]}


def names(answer):
    return [card["file_name"] for card in answer["cards"]]


# Decisions.


def test_every_decision_is_written_at_once_with_who_when_what_and_why(folder):
    view = View(folder)
    for number, (action, value) in enumerate([("keep", ""), ("drop", ""), ("pose", "Graces"), ("box", "0 0 40 30")]):
        answer = view.decide(action, "Pieta/01.png", value, f"reason {number}")
        assert "error" not in answer
        last = read_decisions(folder)[-1]
        assert (last.who, last.action, last.value, last.why) == ("Ann", action, value, f"reason {number}")
        assert last.when and len(read_decisions(folder)) == number + 1


def test_a_card_shows_what_is_decided(folder):
    view = View(folder)

    def decided(*decision):
        return view.decide(*decision)["cards"][0]["filters"]["decision"]

    assert decided("keep", "Pieta/00.png") == ["kept"]
    assert decided("pose", "Pieta/00.png", "Tanagra") == ["pose changed"]
    assert decided("pose", "Pieta/00.png", "Pieta") == ["kept"]
    assert decided("box", "Pieta/01.png", "1 1 9 9") == ["undecided", "boxes drawn"]
    dropped = view.decide("drop", "Pieta/01.png", why="a copy")["cards"][0]
    assert dropped["filters"]["decision"][0] == "dropped" and dropped["boxes"] == "1 1 9 9"
    assert "a copy" in dropped["decided"][-1] and "Ann" in dropped["decided"][-1]
    assert names(view.show(filters={"decision": "dropped"})) == ["Pieta/01.png"]
    assert decided("keep", "Pieta/01.png") == ["kept", "boxes drawn"]  # brought back


def test_a_new_board_and_another_persons_board_show_the_same(folder):
    first, second = View(folder), View(folder, "Ben")
    first.decide("drop", "Pieta/00.png")
    second.decide("keep", "Pieta/01.png")
    assert first.stages() == second.stages() == View(folder).stages()
    assert [first.stages()[name] for name in ("Pieta/00.png", "Pieta/01.png")] == ["dropped", "kept"]


def test_undo_takes_back_ones_own_last_decision_and_passes_over_later_ones_of_others(folder):
    ann, ben = View(folder), View(folder, "Ben")
    ann.decide("drop", "Pieta/00.png")
    ann.decide("drop", "Pieta/01.png")
    ben.decide("pose", "Pieta/01.png", "Graces")
    answer = ann.tell(do="decide", action="undo", file_name="")[0]
    assert answer["name"] == "Pieta/00.png" and "dropped" in answer["said"]
    last = read_decisions(folder)[-1]
    assert last == Decision("Pieta/00.png", "undo", who="Ann", when=last.when)
    assert ann.stages()["Pieta/00.png"] == "undecided"
    assert "error" in ann.tell(do="decide", action="undo", file_name="")[0]  # Ben's came later
    assert ann.decide("undo", "Pieta/01.png")["said"].startswith("Taken back: pose Graces, Ben")
    assert [decision.who for decision in active_decisions(read_decisions(folder))] == ["Ann"]


steps = st.lists(st.tuples(st.sampled_from(["keep", "drop", "pose", "box", "undo"]),
                           st.sampled_from(["Pieta/00.png", "Pieta/01.png", "Graces/03.png"]),
                           st.sampled_from(["Pieta", "Graces", "New pose", "0 0 5 5;2 2 9 9", "", "0 0 41 5"])))


@settings(max_examples=30, deadline=None)
@given(steps=steps)
def test_the_board_shows_what_replaying_the_decisions_makes(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("replayed")
    collection(folder, ["Pieta"] * 3 + ["Graces"])
    metadata, view = pd.read_csv(folder / "metadata.csv").assign(boxes=""), View(folder)
    for action, name, value in steps:
        before = read_decisions(folder)
        answer = view.decide(action, name, value if action in ("pose", "box") else "")
        assert len(read_decisions(folder)) == len(before) + ("error" not in answer)
    after, _ = apply_decisions(metadata, read_decisions(folder))
    shown = {card["file_name"]: (card["pose"], card["boxes"]) for card in view.show()["cards"]
             if card["filters"]["decision"][0] != "dropped"}
    assert shown == {row.file_name: (row.label, row.boxes) for row in after.itertuples()}


def test_a_decision_that_cannot_be_written_is_told_and_not_shown_as_made(folder):
    view = View(folder)
    (folder / "decisions.csv").mkdir()
    answer = view.decide("drop", "Pieta/00.png")
    assert "decisions.csv cannot be written" in answer["error"] and "Pieta/00.png" in answer["error"]
    (folder / "decisions.csv").rmdir()
    assert view.stages()["Pieta/00.png"] == "undecided"


@pytest.mark.parametrize("message", [
    {"file_name": "../data/Pieta/00.png"}, {"file_name": "gone.png"}, {"file_name": ""}, {"action": "burn"},
    {"value": "Graces"}, {"action": "undo"}, {"action": "undo", "file_name": ""},
    {"action": "pose", "value": ""}, {"action": "pose", "value": "a,b"}, {"action": "pose", "value": "Pieta"},
    {"action": "box", "value": "0 0 41 30"}, {"action": "box", "value": "0 0 40 31"},
    {"action": "box", "value": "5 5 5 9"}, {"action": "box", "value": "-1 0 5 5"}, {"action": "box", "value": "all"},
    {"do": "enlarge", "file_name": "../data/Pieta/00.png"},
])
def test_a_hostile_or_stale_message_changes_nothing_and_is_told(folder, message):
    view = View(folder)
    answer, pictures = view.tell(**{"do": "decide", "action": "drop", "file_name": "Pieta/00.png"} | message)
    assert isinstance(answer["error"], str) and answer["error"] and answer["ask"] == 1 and not pictures
    assert read_decisions(folder) == []


def test_what_is_begun_can_be_looked_for(folder):
    view = View(folder)
    assert names(view.show(filters={"decision": "begun"}, begun=["Pieta/01.png", "gone.png"])) == ["Pieta/01.png"]
    assert names(view.show(filters={"decision": "begun"})) == []


# Pages.


def test_a_page_brings_its_thumbnails_and_a_decision_none(folder):
    Image.new("RGB", (2000, 1000)).save(folder / "Graces/03.png")
    (folder / "Pieta/02.png").write_bytes(b"no picture")
    view = View(folder)
    answer, pictures = view.tell(do="show")
    assert names(answer) == ["Graces/03.png", "Graces/04.png", "Pieta/00.png", "Pieta/01.png", "Pieta/02.png"]
    assert answer["cards"][0]["size"] == (2000, 1000) and Image.open(io.BytesIO(pictures[0])).size == (THUMBNAIL, 160)
    assert answer["cards"][4]["fault"] and pictures[4] == b""
    decision = {"do": "decide", "action": "keep", "file_name": "Pieta/02.png"}
    assert view.tell(**decision, names=names(answer))[1] == []
    assert len(view.tell(**decision)[1]) == 5  # where no page was shown before
    answer, (picture,) = view.tell(do="enlarge", file_name="Graces/03.png")
    assert Image.open(io.BytesIO(picture)).size == (ENLARGED, 600) and answer["size"] == (2000, 1000)


def test_boxes_are_in_pixels_of_the_upright_picture(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (41, 40)).save(folder / "Pieta/00.png", exif=exif)
    view = View(folder)
    assert "error" in view.decide("box", "Pieta/00.png", "0 0 41 40")
    assert "error" not in view.decide("box", "Pieta/00.png", "0 0 40 41")


def test_only_web_addresses_become_links(folder):
    assert [card["page"] for card in View(folder).show(filters={"pose": "Pieta"})["cards"]] == [
        "https://example.org/1", "", ""]


def flagged(rows):
    return pd.DataFrame([(name, kind, group, 1.0, "It is odd.") for name, kind, group in rows], columns=COLUMNS)


def table(folder, number):
    """A metadata.csv without its pictures."""
    rows = [f"{place:03}.png" for place in range(number)]
    pd.DataFrame({"file_name": rows, "label": "Pieta"}).to_csv(folder / "metadata.csv", index=False)
    return rows


def test_filters_and_their_counts(folder):
    found = flagged([("Pieta/00.png", "near duplicate", 1), ("Graces/04.png", "near duplicate", 1),
                     ("Pieta/01.png", "frame", 0)])
    view = View(folder, found=found)
    assert names(view.show())[:2] == ["Graces/03.png", "Graces/04.png"]
    assert names(view.show(filters={"finding": "near duplicate"})) == ["Graces/04.png", "Pieta/00.png"]
    assert names(view.show(filters={"finding": "any", "pose": "Pieta"})) == ["Pieta/00.png", "Pieta/01.png"]
    answer = view.show(filters={"finding": "frame", "decision": "dropped"})
    assert (names(answer), answer["earlier"], answer["later"], answer["total"]) == ([], 0, 0, 5)
    assert answer["counts"]["finding"] == {"any": 3, "none": 2, "near duplicate": 2, "frame": 1}
    assert answer["poses"][:3] == ["Antinous", "Graces", "Pieta"]


def test_poses_of_ones_own_are_numbered_as_they_are_and_a_new_one_comes_last(tmp_path):
    collection(tmp_path, ["standing", "lying"])
    view = View(tmp_path)
    assert view.decide("pose", "lying/01.png", "kneeling")["poses"] == ["lying", "standing", "kneeling"]


@settings(max_examples=40, deadline=None)
@given(groups=st.lists(st.integers(0, 6), min_size=1, max_size=150), data=st.data())
def test_no_undecided_picture_is_skipped_however_one_decides_and_turns(tmp_path_factory, groups, data):
    folder = tmp_path_factory.mktemp("pages")
    rows = table(folder, len(groups))
    found = flagged([(name, "near duplicate", group) for name, group in zip(rows, groups, strict=True) if group])
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


@pytest.mark.parametrize(("group", "length"), [
    (range(PAGE - 2, PAGE + 4), PAGE + 4), (range(PAGE, PAGE + 4), PAGE), (range(3 * PAGE), 2 * PAGE)])
def test_a_page_does_not_tear_a_group_unless_it_is_larger_than_two_pages(tmp_path, group, length):
    rows = table(tmp_path, 3 * PAGE)
    cards = Cards(tmp_path, flagged([(rows[place], "near duplicate", 1) for place in group]))
    assert names(cards.find_page({})) == rows[:length]


def test_going_back_shows_what_went_before(tmp_path):
    rows = table(tmp_path, 3 * PAGE)
    cards = Cards(tmp_path, NOTHING)
    page = cards.find_page({}, before=rows[2 * PAGE])
    assert names(page) == rows[PAGE:2 * PAGE] and (page["earlier"], page["later"]) == (PAGE, PAGE)
    assert names(cards.find_page({}, before=rows[3])) == rows[:PAGE]


# The static page.


def test_the_bundle_has_the_live_board_and_a_static_page(folder):
    board = View(folder).board
    data, _ = board._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "text/html"} <= set(data)
    assert "0 of 5 pictures are decided" in data["text/html"]


def test_the_static_page_shows_groups_decisions_and_hostile_text_as_text(folder):
    found = flagged([("Pieta/00.png", "near duplicate", 1), ("Graces/04.png", "near duplicate", 1)])
    view = View(folder, HOSTILE, found)
    view.decide("drop", "Pieta/00.png", why=HOSTILE)
    view.decide("pose", "Pieta/02.png", "Graces")
    html = view.board.html
    assert "<script" not in html and "<img src=x" not in html
    assert unescape(html).count(HOSTILE) >= 3  # the caption, who and why
    assert html.count("Group 1") == 4  # caption and alternative text of two pictures
    assert "2 of 5 pictures are decided: 0 kept, 1 dropped, 1 given another pose" in html
    assert all(source.startswith("data:") for source in re.findall(r'(?:src|href)="(.*?)"', html))


def test_the_static_page_is_bounded(tmp_path):
    labels = ["Pieta"] * (MOST_PICTURES + 7)
    rows = collection(tmp_path, labels)
    for number in range(MOST_DECISIONS + 3):
        append_decision(tmp_path, Decision(rows[0], "box", f"0 0 1 {number + 1}", who="Ann"))
    html = CurationBoard(tmp_path, "Ann", flagged([(name, "frame", 0) for name in rows])).html
    assert html.count("data:image/jpeg") == MOST_PICTURES and "7 more are not shown" in html
    assert html.count("0 0 1 ") == MOST_DECISIONS and "3 older ones are not listed" in html


def tiles(board):
    uris = re.findall(r'src="(data:image/jpeg;base64,[^"]*)"', board.html)
    return [len(uri) for uri in uris], unescape(board.html)


def test_pictures_that_may_not_be_published_are_replaced(folder):
    rows = ["Pieta/00.png", "Pieta/01.png", "Pieta/02.png"]
    found = flagged([(name, "frame", 0) for name in rows])
    everything, _ = tiles(CurationBoard(folder, "Ann", found))
    opened, text = tiles(CurationBoard(folder, "Ann", found, open_only=True))
    assert opened[0] == everything[0] and opened[1] == opened[2] != everything[1]
    assert "Licence: In Copyright" in text and "Licence: not known" in text and "Licence: CC0" not in text
    metadata = pd.read_csv(folder / "metadata.csv").drop(columns="licence")
    metadata.to_csv(folder / "metadata.csv", index=False)
    assert tiles(CurationBoard(folder, "Ann", found, open_only=True))[0] == everything


# Folders that cannot be curated.


def test_a_missing_folder_and_broken_decisions_are_told_when_the_board_is_made(tmp_path, folder):
    with pytest.raises(DataError, match="no such folder"):
        CurationBoard(tmp_path / "nowhere", "Ann", NOTHING)
    (folder / "decisions.csv").write_text("this is something else\n")
    with pytest.raises(DecisionError, match="decisions.csv"):
        CurationBoard(folder, "Ann", NOTHING)


def test_serving_tells_a_missing_folder_and_a_taken_port_before_it_starts(tmp_path, folder):
    from artpose_lib.curate.serve import serve

    with pytest.raises(DataError, match="no such folder"):
        serve(tmp_path / "nowhere", "Ann", 0, open_browser=False)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ValueError, match="--port"):
        serve(folder, "Ann", taken.getsockname()[1], open_browser=False)
