"""The curation board in a browser, served as `artpose curate` does, by mouse and keyboard: nothing typed is lost."""

import shutil
import signal
import socket
import subprocess
import sys
import time

import pandas as pd
import pytest

from artpose_lib.data.decisions import Decision, append_decision, apply_decisions, read_decisions
from artpose_lib.draw.embedded import draw_dataset

CATCH = "document.title='caught'"
HOSTILE = f"""<img src=x onerror="{CATCH}">'"</script><script>{CATCH}</script>"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """40 drawn artworks with hostile titles: two are one picture, and one cannot be read."""
    folder = draw_dataset(tmp_path_factory.mktemp("drawn") / "data", 40)
    metadata = pd.read_csv(folder / "metadata.csv", dtype=str, keep_default_na=False)
    metadata["TITLE"] = [f"{HOSTILE} {number}" for number in range(len(metadata))]
    metadata["AUTHOR"], metadata["source"] = HOSTILE, ["met", "wga"] * 20
    metadata["page"] = ["javascript:document.title='caught'", "https://example.org/"] * 20
    metadata.to_csv(folder / "metadata.csv", index=False)
    shutil.copy(folder / metadata["file_name"][3], folder / metadata["file_name"][30])
    (folder / metadata["file_name"][5]).write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def server(drawn, tmp_path_factory):
    """A process that serves the board of the drawings, and the address that it prints."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = ("from artpose_lib.curate import serve as serving\n"
            "serving.extract_lite_features = None\n"  # a network takes half a minute
            f"serving.serve({str(drawn)!r}, 'Ann', {port}, open_browser=False)")
    noise = tmp_path_factory.mktemp("noise") / "stderr"
    with noise.open("w") as stderr, subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                                                     stderr=stderr, text=True) as server:
        try:
            yield server, next(line.strip() for line in server.stdout if line.startswith("http"))
        finally:
            server.send_signal(signal.SIGINT)
            try:
                assert server.wait(60) == 0 and "websocket" not in noise.read_text()
            finally:
                server.kill()


@pytest.fixture
def served(server, drawn):
    """The address of the board, and its folder, in which nothing is decided yet."""
    (drawn / "decisions.csv").unlink(missing_ok=True)
    return server[1], drawn


@pytest.fixture
def open_board(served, chromium):
    """Opens the board in a page; the test fails where another machine is named, and for any error on the page."""
    outside, errors, contexts = [], [], []

    def block(route):
        if route.request.url.startswith(("http://127.0.0.1:", "blob:", "data:")):
            return route.continue_()
        outside.append(route.request.url)
        return route.abort()

    def open_board(width=1200):
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}))
        contexts[-1].set_default_timeout(30_000)
        contexts[-1].route("**/*", block)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(served[0])
        page.wait_for_selector(".card img")
        return page

    yield open_board
    for context in contexts:
        context.close()
    assert (outside, errors) == ([], [])


def wait(condition):
    """Until the condition holds, for a minute at most."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def choose(page, facet, value):
    page.wait_for_selector(".artpose-board[aria-busy=false]")
    page.get_by_label(f"Show by {facet}").select_option(value)
    page.wait_for_selector(".artpose-board[aria-busy=false]")


def shown(page):
    """All pictures as the board shows them: {file_name: (stage, pose, boxes)}."""
    choose(page, "decision", "")
    found = {}
    while True:
        for card in page.locator(".card").all():
            rects = [[float(rect.get_attribute(name)) for name in ("x", "y", "width", "height")]
                     for rect in card.locator("rect").all()]
            found[card.get_attribute("data-name")] = (
                card.locator(".stage span").inner_text(), card.get_by_label("Pose").input_value(),
                ";".join(f"{x:g} {y:g} {x + width:g} {y + height:g}" for x, y, width, height in rects))
        later = page.get_by_role("button", name="later")
        if later.is_disabled():
            return found
        later.click()
        page.wait_for_selector(".artpose-board[aria-busy=false]")


def test_a_person_decides_by_mouse_and_keyboard_and_nothing_is_lost(open_board, served, drawn):
    page, folder = open_board(), served[1]
    keys, cards = page.keyboard, page.locator(".card")

    def decided(number):
        wait(lambda: len(read_decisions(folder)) == number)

    def draw_boxes(card):
        card.focus()
        keys.press("b")
        page.wait_for_selector("dialog[open]")

    first = cards.nth(0).get_attribute("data-name")
    keys.press("k")  # the first picture has the focus, which goes on by itself
    keys.press("d")
    keys.press("3")
    decided(3)
    assert [decision.action for decision in read_decisions(folder)] == ["keep", "drop", "pose"]
    assert read_decisions(folder)[0].file_name == first
    for number, name in ((6, "Drop (D)"), (7, "Drop (D)"), (8, "Keep (K)")):
        cards.nth(number).get_by_role("button", name=name).click()
    cards.nth(9).get_by_label("Pose").select_option("Tanagra")
    decided(7)

    # A reason that is begun, and a box that is drawn but not accepted, wait for their pictures.
    cards.nth(10).focus()
    keys.press("w")
    keys.type("half a reason")
    begun = cards.nth(10).get_attribute("data-name")
    draw_boxes(cards.nth(11))
    box = page.locator("dialog svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 - 40, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + 250, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Decide later").click()
    boxed = cards.nth(11).get_attribute("data-name")
    cards.nth(9).get_by_label("Pose").focus()
    keys.press("ArrowUp")  # opens the list of poses, and decides nothing
    keys.press("Escape")
    assert len(read_decisions(folder)) == 7

    choose(page, "decision", "dropped")
    assert cards.count() == 3
    cards.nth(0).get_by_role("button", name="Keep (K)").click()  # brought back
    decided(8)
    choose(page, "decision", "undecided")
    keys.press("n")
    wait(lambda: page.get_by_role("button", name="later").is_disabled())
    cards.nth(0).focus()
    for key in "kkd2":
        keys.press(key)
    decided(12)

    page.close()
    page = page.context.new_page()  # another tab, with a kernel of its own
    page.goto(served[0])
    page.wait_for_selector(".card img")
    keys, cards = page.keyboard, page.locator(".card")
    choose(page, "decision", "begun")
    assert {card.get_attribute("data-name") for card in cards.all()} == {begun, boxed}
    page.locator(f'.card[data-name="{begun}"]').focus()
    keys.press("d")
    decided(13)
    assert (read_decisions(folder)[-1].file_name, read_decisions(folder)[-1].why) == (begun, "half a reason")
    draw_boxes(page.locator(f'.card[data-name="{boxed}"]'))
    keys.press("ArrowDown")
    keys.press("Shift+ArrowRight")
    keys.press("n")
    keys.press("Enter")
    decided(14)
    assert read_decisions(folder)[-1].file_name == boxed and read_decisions(folder)[-1].value.count(";") >= 1
    draw_boxes(page.locator(f'.card[data-name="{boxed}"]'))
    keys.press("Delete")
    keys.press("Escape")  # cancels
    choose(page, "decision", "dropped")
    assert page.locator("option[value=begun]").count() == 0  # all that was begun is decided
    assert len(read_decisions(folder)) == 14

    # Somebody else decides meanwhile; undo takes back one's own.
    theirs = read_decisions(folder)[-3].file_name
    append_decision(folder, Decision(theirs, "drop", why="theirs", who="Ben"))
    choose(page, "decision", "")
    keys.press("Control+z")
    page.get_by_role("button", name="Undo").click()
    decided(17)
    assert [decision.action for decision in read_decisions(folder)[-2:]] == ["undo", "undo"]
    cards.nth(20).focus()
    for key in "k1d":
        keys.press(key)
    for key in "nk":  # a decision while the page is being turned
        page.evaluate("""key => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {key, bubbles: true}))""", key)
    decided(21)

    before = shown(page)
    page.reload()
    page.wait_for_selector(".card img")
    assert shown(page) == before
    metadata = pd.read_csv(drawn / "metadata.csv", dtype=str, keep_default_na=False)
    after, _ = apply_decisions(metadata, read_decisions(folder))
    unreadable = metadata["file_name"][5]  # shown with no boxes
    left = {name: (pose, boxes) for name, (stage, pose, boxes) in before.items() if stage != "dropped"}
    expected = {row.file_name: (row.label, row.boxes) for row in after.itertuples()}
    assert left.keys() == expected.keys()
    assert {name for name in left if left[name] != expected[name]} <= {unreadable}
    assert before[theirs][0] == "dropped"
    assert page.title() != "caught"
    assert page.locator(".card a[href^='javascript']").count() == 0


def test_a_narrow_page_does_not_scroll_sideways_and_tells_what_could_not_be_written(open_board, served):
    page, folder = open_board(width=390), served[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    (folder / "decisions.csv").mkdir()
    page.keyboard.press("k")
    page.wait_for_selector("[role=alert]:visible")
    assert "cannot be written" in page.locator("[role=alert]").inner_text()
    assert page.locator(".card.kept").count() == 0
    (folder / "decisions.csv").rmdir()
    page.keyboard.press("k")
    page.wait_for_selector(".card.kept")
    assert not page.locator("[role=alert]").is_visible()
    page.keyboard.press("?")
    assert page.locator("details ul:visible").count() == 1


def test_a_held_key_decides_once_and_whatever_cannot_be_done_or_was_done_meanwhile_is_told(open_board, served, server):
    page, folder = open_board(), served[1]
    keys, cards, alert = page.keyboard, page.locator(".card"), page.locator("[role=alert]")

    def press(key, why):
        keys.press(key)
        wait(lambda: why in alert.inner_text())

    for _ in range(12):
        keys.down("d")  # all but the first repeat it
    keys.up("d")
    page.wait_for_selector(".card.dropped")
    press("p", "no earlier pictures")
    press("9", "No pose has the number 9")
    cards.nth(0).focus()
    press("ArrowLeft", "The page ends here")
    broken = page.locator(".card", has_text="The file is empty").first
    broken.focus()
    press("b", "cannot be shown")
    assert [decision.action for decision in read_decisions(folder)] == ["drop"]

    # The bar at the window's lower edge covers nothing of the picture that keys are about.
    covered = """cards => cards.filter((card) => {
        card.focus();
        return [...card.querySelectorAll(".controls button")].some((button) => {
          const { x, y, width, height } = button.getBoundingClientRect();
          return document.elementFromPoint(x + width / 2, y + height / 2) !== button;
        });
      }).length"""
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert cards.evaluate_all(covered) == 0
    page.set_viewport_size({"width": 1200, "height": 900})

    # Somebody else decides on a picture that this page shows as undecided.
    card = cards.nth(4)
    append_decision(folder, Decision(card.get_attribute("data-name"), "drop", why="a copy", who="Ben"))
    card.focus()
    press("k", "decided meanwhile: dropped, Ben")
    wait(lambda: "dropped" in card.get_attribute("class"))
    assert len(read_decisions(folder)) == 2
    keys.press("k")  # having seen it
    wait(lambda: len(read_decisions(folder)) == 3)
    page.wait_for_selector(".card.kept")
    assert alert.inner_text() == ""

    # A server that is lost, and one that was only slow.
    server[0].send_signal(signal.SIGSTOP)
    try:
        cards.nth(6).focus()
        keys.press("k")
        page.get_by_role("alert").get_by_text("does not answer").wait_for(timeout=3_000)
        assert "no answer" in cards.nth(6).inner_text()
    finally:
        server[0].send_signal(signal.SIGCONT)
    wait(lambda: len(read_decisions(folder)) == 4 and not alert.is_visible())
    assert page.locator(".card.kept").count() == 2
