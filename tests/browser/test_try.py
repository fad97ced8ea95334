"""The page "Try a picture" as a person uses it, from disk and without a network. A stand-in for EfficientNet-Lite0
answers to red, green and blue; that the real one says what the library says, test_lite0.py tests."""

import base64
import io
import json
import re

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from artpose_lib.report.try_page import write_page
from artpose_lib.web import asset, encode_jpeg

CATCH = "document.title='caught'"
HOSTILE = f"""Tanagra</script><img src=x onerror="{CATCH}">'&"""
CLASSES = ["Antinous", "Graces", HOSTILE]  # red, green and blue
RED, GREEN, BLUE = (220, 20, 20), (20, 220, 20), (20, 20, 220)
# In the place of the network: in each place how red, green and blue it is, and three filters that are silent.
STANDIN = """ArtposeLite0.start = () => ({ run: async (rgba) => {
  const maps = new Float32Array(49 * 6);
  for (let v = 0; v < 224; v++) for (let u = 0; u < 224; u++) for (let k = 0; k < 3; k++)
    maps[((v >> 5) * 7 + (u >> 5)) * 6 + k] += rgba[4 * (224 * v + u) + k] / 255 / 1024;
  return { maps, ms: 0 };
} });"""
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>safe</title>
    <meta name="viewport" content="width=device-width, initial-scale=1"><style>:root { color-scheme: light dark }
    body { margin: 8px; font: 16px sans-serif; background: Canvas; color: CanvasText } a { color: inherit }</style>
    <main><h1>Try a picture</h1>"""


def head(name, strength, unlike=None):
    """A head for which a channel speaks for the class of its number."""
    kernel = np.eye(6, 3, dtype=np.float32) * strength
    return {"name": name, "title": f"{name} {HOSTILE}", "classes": CLASSES, "size": 224, "views": ["whole", "grey"],
            "mirrored": True, "rooted": False, "kernel": base64.b64encode(kernel.tobytes()).decode(), "bias": [0, 0, 0],
            "temperature": 1, "unlike": unlike, "card": {"sentences": [f"It learned from {name}.", HOSTILE]}}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    loaded = folder / "_static" / "try"
    loaded.mkdir(parents=True)
    write_page(loaded, [f"Half of the drawings {HOSTILE}."])
    drawing = encode_jpeg(np.zeros((90, 60, 3), np.uint8), 90)
    channels = [[[0, 8], [1, 48]]] * 3 + [[]] * 3
    filters = {"drawings": [{"title": HOSTILE, "picture": drawing}] * 2, "channels": channels,
               "addresses": [f"#lite/5/{number}/antinous/imagenet" for number in range(1, 7)]}
    pure = {"means": base64.b64encode(100 * np.eye(3, 6, dtype=np.int8)).decode(), "held_out": [0.8] * 30,
            "centre": base64.b64encode(np.zeros(6, np.float32).tobytes()).decode()}
    heads = [head("art", 40), head("own", 10, pure)]
    for name, script in {"lite0.js": asset("lite0.js") + STANDIN, "try_weights.js": "window.ARTPOSE_LITE0 = {};",
                         "try_heads.js": f"window.ARTPOSE_HEADS = {json.dumps(heads)};",
                         "filters.js": f"window.ARTPOSE_FILTERS = {json.dumps(filters)};"}.items():
        (loaded / name).write_text(script, encoding="utf-8")
    (folder / "book").mkdir()
    markup = re.search("<div class=.*</script>", (ROOT / "book" / "try.md").read_text(encoding="utf-8"), re.S)[0]
    (folder / "book" / "try.html").write_text(PAGE + markup, encoding="utf-8")
    return folder / "book" / "try.html"


class View:
    """The page as a person uses it."""

    def __init__(self, page):
        self.page, self.requests, self.errors = page, [], []
        self.alert, self.status = page.locator("[role=alert]"), page.locator("[role=status]")
        self.verdict = page.locator(".try-verdict").first
        self.square = page.locator(".try-square")
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("request", lambda request: self.requests.append(request.url))

    def choose(self, *picture, name="picture.png", **size):
        content = picture[0] if isinstance(picture[0], bytes) else make(*picture, **size)
        self.page.locator("input[type=file]").first.set_input_files(
            {"name": name, "mimeType": "image/png", "buffer": content})
        return self.wait()

    def wait(self):
        self.page.wait_for_selector(".artpose-try[data-ready]:not([aria-busy])")
        return self

    def shares(self):
        """The percentages that stand beside the poses."""
        return [int(re.sub(r"\D", "", text)) for text in self.page.locator(".try-number").all_inner_texts()]

    def hide(self):
        self.page.get_by_label("Hide a part").check()
        return self.wait()


def make(*colours, width=70, height=70, form="PNG"):
    """A picture's file of stripes from left to right."""
    image = np.repeat(np.uint8(colours), -(-width // len(colours)), axis=0)[:width]
    file = io.BytesIO()
    Image.fromarray(np.broadcast_to(image, (height, width, 3))).save(file, form)
    return file.getvalue()


@pytest.fixture
def view(chromium, site):
    """Opens the page without a network. The test fails for any request outside the site, and any error on the page."""
    views = []

    def view(**options):
        context = chromium.new_context(offline=True, **{"viewport": {"width": 1200, "height": 900}} | options)
        context.set_default_timeout(10_000)
        views.append(View(context.new_page()))
        views[-1].page.goto(site.as_uri())
        return views[-1].wait()

    yield view
    for shown in views:
        assert shown.page.title() == "safe"
        shown.page.context.close()
        assert shown.errors == []
        assert all(url.startswith((site.parents[1].as_uri(), "data:", "blob:")) for url in shown.requests)


def test_a_picture_is_answered_and_only_then_the_network_is_loaded(view):
    page = view()
    loaded = {url.rpartition("/")[2] for url in page.requests if url.startswith("file:")}
    assert loaded == {"try.html", "page.css", "page.js", "drawings.js", "try_heads.js"}
    assert page.page.get_by_text(f"Half of the drawings {HOSTILE}.").is_visible()
    page.choose(RED, RED, GREEN)
    assert page.verdict.inner_text() == "Antinous, over 99%" and page.shares() == [99, 1, 1]
    assert page.page.get_by_role("radio", name="Antinous").is_checked()
    assert {"try_weights.js", "lite0.js", "filters.js"} <= {url.rpartition("/")[2] for url in page.requests}
    filters = page.page.locator(".try-spoke li")
    assert filters.count() == 1 and filters.first.get_by_role("link").get_attribute("href") == (
        "chapters/09_feature_maps.html#lite/5/1/antinous/imagenet")
    assert filters.first.locator("img").count() == 2
    page.page.wait_for_function("document.querySelector('[role=status]').textContent.includes('Antinous, over 99%')")


def test_the_map_lies_where_the_chosen_pose_is_seen(view):
    page = view().choose(RED, GREEN)
    for name, side in (("Antinous", "left"), ("Graces", "right")):
        page.page.get_by_role("radio", name=name).check()
        seen = page.page.locator(".try-veil").first.evaluate(
            "one => [...one.getContext('2d').getImageData(0, 3, 7, 1).data].filter((_, place) => place% 4 === 3)")
        assert seen[0] > seen[6] + 80 if side == "left" else seen[6] > seen[0] + 80
        assert f"the picture speaks for {name}" in page.page.locator("[data-part=where]").inner_text()
    assert page.verdict.inner_text().startswith("Not sure: Antinous")


def test_a_part_is_hidden_by_keys_mouse_and_finger(view):
    page = view(has_touch=True, reduced_motion="reduce").choose(*[RED] * 2, *[GREEN] * 3, width=280, height=280)
    assert page.verdict.inner_text().startswith("Graces")
    page.page.get_by_role("radio", name="own").check()
    page.hide()
    before = page.shares()
    page.square.focus()
    for _ in range(20):
        page.page.keyboard.press("ArrowRight")
    page.wait()
    assert page.shares()[1] < before[1]  # what spoke for it is hidden
    assert re.search(r"middle 8\d% from the left", page.square.get_attribute("aria-label"))
    page.page.locator(".try-frame").tap(position={"x": 20, "y": 150})
    assert page.wait().shares()[1] > before[1]
    page.square.hover()
    page.page.mouse.down()
    page.page.mouse.move(1100, 300, steps=4)
    page.page.mouse.up()
    assert page.wait().shares()[1] < before[1]
    moved, frame = page.square.bounding_box(), page.page.locator(".try-frame").bounding_box()
    assert abs(moved["x"] + moved["width"] - frame["x"] - frame["width"]) < 1  # it stays in the picture
    assert "Behind the square: Graces" in page.page.locator("[data-part=effect]").inner_text()
    page.page.get_by_label("Hide a part").uncheck()
    assert page.wait().verdict.inner_text().startswith("Graces") and not page.square.is_visible()
    page.hide().choose(RED)
    assert not page.square.is_visible() and not page.page.get_by_label("Hide a part").is_checked()


@pytest.mark.parametrize(("content", "name", "said"), [
    (b"", "empty.jpg", "is empty"), (b"These are words.", "words.jpg", "damaged, or no picture"),
    (make(RED, form="JPEG")[:200], "cut.jpg", "damaged, or no picture"),
    (make(RED, width=1, height=1), "1.png", "1 × 1 pixels: too few"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + 2 * (30_000).to_bytes(4), "huge.png", "30000 × 30000 pixels, too many"),
    (make(RED, width=8000, height=16), "strip.png", "8000 × 16 pixels: too narrow a strip")])
def test_what_is_no_picture_gets_a_sentence_and_the_last_answer_stays(view, content, name, said):
    page = view().choose(RED).choose(content, name=name)
    assert f"“{name}”" in page.alert.inner_text() and said in page.alert.inner_text()
    assert page.verdict.inner_text().startswith("Antinous")
    assert page.choose(BLUE).alert.inner_text() == "" and page.shares()[2] == 99


def test_pictures_are_dropped_pasted_drawn_and_large(view):
    page = view()
    for event, colour, answer in (("drop", BLUE, 2), ("paste", GREEN, 1)):
        page.page.evaluate("""([type, content]) => {
            const data = new DataTransfer(), bytes = Uint8Array.from(content);
            data.items.add(new File([bytes], "picture.png", { type: "image/png" }));
            const event = type === "drop" ? new DragEvent(type, { dataTransfer: data, bubbles: true })
                : new ClipboardEvent(type, { clipboardData: data, bubbles: true });
            document.querySelector("h1").dispatchEvent(event);
        }""", [event, list(make(colour))])
        page.page.wait_for_selector(".try-result:not([hidden])")
        assert page.wait().shares()[answer] == 99
    page.page.get_by_role("button", name="Sebastian").click()
    assert page.wait().page.locator("canvas[role=img]").first.get_attribute("aria-label") == "Sebastian"
    assert page.choose(GREEN, width=5000, height=4000).shares()[1] == 99
    page.page.evaluate("document.querySelector('.try-drop').dispatchEvent(new DragEvent('drop', "
                       "{ dataTransfer: new DataTransfer(), bubbles: true }))")
    assert "no file of a picture" in page.alert.inner_text()


def test_what_is_said_of_the_last_picture_is_hidden_while_the_next_is_looked_at(view):
    page = view().choose(RED)
    page.page.evaluate("""() => {
        const { answer } = ArtposeLite0, verdict = document.querySelector(".try-verdict");
        ArtposeLite0.answer = (...given) => {
            window.held ??= verdict.checkVisibility({ visibilityProperty: true });
            return answer(...given);
        };
    }""")
    page.choose(BLUE)
    assert page.page.evaluate("window.held") is False and page.verdict.is_visible()


def test_another_head_has_its_own_answer_and_card(view):
    page = view().choose(RED, RED, GREEN)
    sure = page.shares()[0]
    assert page.page.locator(".try-head").nth(1).locator("li").all_inner_texts() == ["It learned from own.", HOSTILE]
    page.page.get_by_role("radio", name="own").check()
    assert page.wait().shares()[0] < sure


def test_a_picture_unlike_all_that_was_learned_is_named_so(view):
    page = view()
    page.page.get_by_role("radio", name="own").check()
    page.choose((255, 255, 255))
    assert page.verdict.inner_text().startswith("Perhaps no pose that it knows: ")
    assert "less than one would be as unlike" in page.page.locator("[data-part=unlike]").inner_text()
    page.choose(RED)
    assert page.verdict.inner_text().startswith("Antinous")
    assert page.page.locator("[data-part=unlike]").inner_text().startswith("Not unlike what it learned from")


@pytest.mark.parametrize(("width", "scheme", "forced"), [
    (1200, "light", "none"), (390, "dark", "none"), (390, "light", "active")])
def test_axe_finds_nothing_and_a_phone_is_wide_enough(view, width, scheme, forced):
    axe = pytest.importorskip("axe_playwright_python.base").AXE_FILE_PATH.read_text(encoding="utf-8")
    page = view(viewport={"width": width, "height": 844}, color_scheme=scheme, forced_colors=forced,
                reduced_motion="reduce")
    page.page.evaluate(axe)
    for act in (lambda: None, lambda: page.choose(RED, GREEN), page.hide, lambda: page.choose(b"words")):
        act()
        found = page.page.evaluate("axe.run(document, { preload: false, resultTypes: ['violations'] })")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.page.locator(".try-frame").bounding_box()["y"] < 844


def test_every_control_is_reached_by_tab(view):
    page, names = view().choose(RED).hide(), []
    page.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.page.locator("h1").click()
    while "own Tanagra" not in "".join(names):
        page.page.keyboard.press("Tab")
        names.append(page.page.evaluate("""() => (document.activeElement.ariaLabel
            || document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText)"""))
        assert len(names) < 40
    for wanted in ("Choose a picture", "Sebastian", "Grey square", "Map over the picture", "Hide a part", "Size of"):
        assert wanted in " ".join(names)
