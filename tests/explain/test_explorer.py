"""The live reader: its widgets by setting their values, and all of it in a real JupyterLab in headless Chromium."""

import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import zlib
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tinynet import COLOURS, SIZE, network, picture

from artpose_lib.explain.explorer import FRAME, SIDE, VEIL, FeatureMapExplorer

CATCH = "document.title='caught'"
HOSTILE = f"""St "Sebastian"</script><script>{CATCH}</script><img src=x onerror="{CATCH}">'&"""
WIDGET = "application/vnd.jupyter.widget-view+json"
TUNED = "VGG16 fine-tuned"


@pytest.fixture(scope="module")
def tiny():
    return network()


@pytest.fixture
def explorer(tiny):
    pictures = {"one": picture(), "two": picture()[::-1]}
    return FeatureMapExplorer({TUNED: tiny, "mine": network("mine")}, pictures, COLOURS)


def pixels(image):
    return np.asarray(Image.open(io.BytesIO(image.value)).convert("RGB"), dtype=int)


def quarters(image):
    """The colours in the middle of a picture's quarters: top left, top right, bottom left, bottom right."""
    side = len(image)
    return [tuple(image[y, x].tolist()) for y in (side // 4, 3 * side // 4) for x in (side // 4, 3 * side // 4)]


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def upload(explorer, name, data):
    explorer.upload.value = ({"name": name, "type": "image/png", "size": len(data), "content": memoryview(data),
                              "last_modified": datetime(2026, 11, 23, tzinfo=UTC)},)


def said(explorer):
    return unescape(re.sub("<.*?>", "", explorer.message.value))


# Maps.


def test_the_slider_goes_from_filter_to_filter(explorer):
    assert explorer.state == "vgg16-fine-tuned/1/1/one"
    white, black = (255, 255, 255), (0, 0, 0)
    assert quarters(pixels(explorer.map)) == [white, black, black, black]
    explorer.filter.value = 2
    assert quarters(pixels(explorer.map)) == [black, white, black, black]
    assert explorer.state == explorer.address.value == "vgg16-fine-tuned/1/2/one"
    assert "filter 2 of 5: 32 × 32, from 0 (black) to 0.49 (white)" in explorer.captions[1].value
    explorer.filter.value = 4  # silent
    assert not pixels(explorer.map).any()


def test_another_layer_begins_with_its_first_filter(explorer):
    explorer.filter.value = 3
    explorer.layer.value = "block5_conv3"
    assert (explorer.state, explorer.filter.options) == ("vgg16-fine-tuned/5/1/one", (1, 2, 3, 4))
    assert "2 × 2" in explorer.captions[1].value
    explorer.layer.value = "raised"  # no block
    assert (explorer.state, explorer.filter.options) == ("vgg16-fine-tuned/raised/1/one", (1,))
    assert quarters(pixels(explorer.map))[2] == (0, 0, 0) != quarters(pixels(explorer.map))[1]


def test_another_picture_and_another_network_keep_the_filter_they_have(explorer):
    explorer.filter.value = 5
    explorer.picture.value = "two"
    assert explorer.state == "vgg16-fine-tuned/1/5/two"
    explorer.model.value = "mine"
    assert explorer.state == "mine/block1_conv2/5/two"
    assert ("block1_conv2", "block1_conv2") in explorer.layer.options  # no block of a known architecture


def test_the_grid_shows_all_filters_with_a_frame_around_one(explorer):
    grid = pixels(explorer.grid)
    height, width = grid.shape[0] // 2, grid.shape[1] // 3  # five filters in two rows of three
    tiles = [grid[row * height:(row + 1) * height, column * width:(column + 1) * width]
             for row in range(2) for column in range(3)]
    white = [np.flatnonzero([colour == (255, 255, 255) for colour in quarters(tile)]).tolist() for tile in tiles]
    assert white == [[0], [1], [3], [], [0, 3], []]  # the fourth filter is silent, and a sixth there is not
    assert explorer.frame.layout.grid_area == "1 / 1"
    assert (explorer.tiles.layout.grid_template_columns, explorer.frame.layout.border_top) == (
        "repeat(3, minmax(0, 1fr))", FRAME)
    explorer.filter.value = 5
    assert explorer.frame.layout.grid_area == "2 / 2"


def test_the_overlay_can_be_as_strong_as_one_likes(explorer):
    plain = Image.fromarray(picture()).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    explorer.strength.value = 0
    np.testing.assert_array_equal(pixels(explorer.seen), plain)
    np.testing.assert_array_equal(pixels(explorer.cam), plain)
    explorer.strength.value = 1
    explorer.filter.value = 2
    assert quarters(pixels(explorer.seen)) == [(250, 0, 0), VEIL, (0, 0, 0), quarters(np.asarray(plain))[3]]
    assert quarters(pixels(explorer.cam))[:2] == [VEIL, (0, 125, 0)]


def test_sorting_brings_the_first_filter_of_the_new_order(tiny):
    table = pd.DataFrame({"strength": [0.1, 0.4, 0.2, 0.3, 0.5], "best_class": [HOSTILE, *"abcd"],
                          "strongest": [()] * 5}).rename_axis("filter")
    explorer = FeatureMapExplorer({TUNED: tiny}, {"one": picture()}, COLOURS, {(TUNED, "block1_conv2"): table})
    unsorted = explorer.grid.value
    explorer.sort.value = "strength"
    assert (explorer.filter.options, explorer.filter.value) == ((5, 2, 4, 3, 1), 5)
    assert explorer.grid.value != unsorted
    assert explorer.frame.layout.grid_area == "1 / 1"
    assert "strength: 0.5" in explorer.numbers.value and "strongest" not in explorer.numbers.value
    explorer.filter.value = 1
    assert HOSTILE in unescape(explorer.numbers.value.replace("<br>", "\n")) and "<img" not in explorer.numbers.value
    explorer.layer.value = "block2_conv2"  # has no table
    assert (explorer.sort.value, explorer.filter.options) == ("number", (1, 2, 3, 4))
    assert explorer.numbers.value == ""


# Classes.


def test_grad_cam_shines_where_the_chosen_class_is(explorer):
    explorer.strength.value = 1
    assert "for red" in explorer.captions[2].value  # the surest
    for name, index in (("red", 0), ("green", 1), ("blue", 3)):
        explorer.explained.value = COLOURS.index(name)
        veiled = [colour == VEIL for colour in quarters(pixels(explorer.cam))]
        assert np.flatnonzero(veiled).tolist() == [index]
        assert f"speaks for {name}" in explorer.captions[2].value
    explorer.picture.value = "two"  # upside down; the class stays
    assert "for blue" in explorer.captions[2].value
    assert quarters(pixels(explorer.cam))[1] == VEIL


def test_probabilities_are_listed_with_bars(explorer, tiny):
    expected = tiny.predict(picture()[None], verbose=0)[0]
    values = [float(value) for value in re.findall('<meter value="(.*?)"', explorer.probabilities.value)]
    np.testing.assert_allclose(values, expected, atol=1e-4)
    assert re.findall("aria-label=\"(.*?)\"", explorer.probabilities.value) == list(COLOURS)
    assert f"{expected[0]:.1%}" in explorer.probabilities.value


def test_where_nothing_speaks_for_a_class_it_is_said(tiny):
    explorer = FeatureMapExplorer({"net": tiny}, {"black": np.zeros((SIZE, SIZE, 3), np.uint8)}, COLOURS)
    assert "nothing in the picture speaks for red" in explorer.captions[2].value


def test_a_network_of_other_classes_has_no_grad_cam(tiny):
    explorer = FeatureMapExplorer({"four": network(classes=4), "three": tiny}, {"one": picture()}, COLOURS)
    assert explorer.judgement.layout.display == "none"
    assert "Grad-CAM" not in explorer._repr_mimebundle_()["text/html"]
    explorer.model.value = "three"
    assert explorer.judgement.layout.display is None and explorer.cam.value
    explorer.model.value = "four"
    assert explorer.judgement.layout.display == "none" and said(explorer) == ""


# Pictures of one's own.


def test_an_uploaded_picture_is_looked_at_at_once(explorer):
    blue = np.full((50, 70, 3), (0, 0, 200), np.uint8)
    explorer.filter.value = 3
    upload(explorer, "mine.png", png(blue))
    assert (explorer.picture.value, said(explorer), explorer.upload.value) == ("mine.png", "", ())
    assert "for blue" in explorer.captions[2].value
    assert explorer.state == "vgg16-fine-tuned/1/3/mine-png"
    explorer.model.value = "mine"
    explorer.picture.value = "one"
    explorer.state = "vgg16/1/3/mine-png"
    assert explorer.picture.value == "mine.png"
    upload(explorer, "mine.png", png(blue[:, ::-1]))  # the same name again
    assert explorer.picture.options == ("one", "two", "mine.png", "mine.png (2)")


def test_what_was_converted_is_told(explorer):
    upload(explorer, "clear.png", png(np.zeros((20, 20, 4), np.uint8)))
    assert "transparent" in said(explorer)
    explorer.picture.value = "one"
    assert said(explorer) == ""


def claims_to_be_huge():
    data = bytearray(png(np.zeros((9, 9, 3), np.uint8)))
    data[16:24] = (10_000).to_bytes(4, "big") * 2  # the header's width and height
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize("data, reason", [(b"", "empty"), (b"<svg></svg>", "not a picture"),
                                          (png(picture())[:70], "truncated"), (claims_to_be_huge(), "too large")])
def test_a_file_that_is_no_picture_gets_one_sentence(explorer, data, reason):
    before = explorer.get_state(), [image.value for image in explorer.images], explorer.state
    upload(explorer, HOSTILE, data)
    assert said(explorer).startswith(f"{HOSTILE[:100]}: The ") and reason in said(explorer)
    assert said(explorer).endswith(".") and "<img" not in explorer.message.value
    assert (explorer.get_state(), [image.value for image in explorer.images], explorer.state) == before
    assert explorer.picture.options == ("one", "two") and explorer.upload.value == ()
    explorer.filter.value = 2
    assert (explorer.state, said(explorer)) == ("vgg16-fine-tuned/1/2/one", "")


# Networks.


def broken_loader():
    raise OSError(f"No weights. {HOSTILE}")


def diverged():
    model = network()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    return model


def without_maps():
    import keras

    pictures = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pictures))
    return keras.Model(pictures, keras.layers.Dense(3, activation="softmax")(pooled))


@pytest.mark.parametrize("load, reason", [(broken_loader, "No weights."), (diverged, "diverged"),
                                          (without_maps, "no layer with feature maps"), (dict, "")])
def test_a_network_that_cannot_be_shown_leaves_the_one_before(tiny, load, reason):
    explorer = FeatureMapExplorer({TUNED: tiny, "broken": load}, {"one": picture()}, COLOURS)
    explorer.filter.value = 3
    images = [image.value for image in explorer.images]
    explorer.model.value = "broken"
    assert said(explorer) and reason in said(explorer)
    assert "<img" not in explorer.message.value
    assert (explorer.model.value, explorer.state) == (TUNED, "vgg16-fine-tuned/1/3/one")
    assert [image.value for image in explorer.images] == images
    explorer.layer.value = "block2_conv2"
    assert (explorer.state, said(explorer)) == ("vgg16-fine-tuned/2/1/one", "")


def test_nothing_to_show_is_refused(tiny):
    with pytest.raises(ValueError):
        FeatureMapExplorer({}, {"one": picture()}, COLOURS)
    with pytest.raises(ValueError):
        FeatureMapExplorer({"net": tiny}, {}, COLOURS)
    with pytest.raises(ValueError, match="no layer"):
        FeatureMapExplorer({"net": without_maps}, {"one": picture()}, COLOURS)


def test_two_controls_that_are_moved_at_once_are_both_followed(explorer, monkeypatch):
    """JupyterLab runs the first message of a widget in the main thread and others in a second one."""
    look, busy = explorer.scenes.look, threading.Event()

    def slowly(view):
        busy.set()
        time.sleep(0.3)
        return look(view)

    monkeypatch.setattr(explorer.scenes, "look", slowly)
    first = threading.Thread(target=lambda: setattr(explorer.explained, "value", 2))
    first.start()
    busy.wait()
    upload(explorer, "black.png", png(np.zeros((9, 9, 3), np.uint8)))
    first.join()
    assert (explorer.picture.value, explorer.explained.value) == ("black.png", 2)
    assert "nothing in the picture speaks for blue" in explorer.captions[2].value


# Addresses and text.


def test_a_link_leads_to_its_view(explorer):
    explorer.explained.value = 1
    explorer.state = "https://example.org/08_feature_maps.html#vgg16/5/3/two"
    assert explorer.state == "vgg16-fine-tuned/5/3/two"
    assert [explorer.layer.value, explorer.filter.value, explorer.picture.value] == ["block5_conv3", 3, "two"]
    assert explorer.explained.value == 1
    explorer.address.value = " #vgg16/1/2/one "
    assert explorer.state == explorer.address.value == "vgg16-fine-tuned/1/2/one"


def test_an_address_of_nothing_changes_nothing(explorer):
    with pytest.raises(ValueError, match="1 to 5"):
        explorer.state = "vgg16/1/6/one"
    assert (explorer.state, said(explorer)) == ("vgg16-fine-tuned/1/1/one", "")
    explorer.address.value = HOSTILE
    assert "four parts" in said(explorer) and explorer.address.value == explorer.state == "vgg16-fine-tuned/1/1/one"
    explorer.address.value = f"{HOSTILE}/1/1/one".replace("</", "")
    assert said(explorer).startswith("There is no model") and "<img" not in explorer.message.value


def test_hostile_text_shows_as_text(tiny):
    classes = [HOSTILE, "b", "c"]
    explorer = FeatureMapExplorer({HOSTILE: tiny}, {HOSTILE: picture()}, classes)
    texts = [explorer.probabilities, *explorer.captions, explorer.numbers, explorer.message]
    assert not [text.value for text in texts if "<img" in text.value or "<script" in text.value]
    assert HOSTILE in unescape(explorer.captions[0].value) and HOSTILE in unescape(explorer.captions[2].value)
    assert HOSTILE in unescape(explorer.probabilities.value)
    html = explorer._repr_mimebundle_()["text/html"]
    assert HOSTILE in unescape(html) and "<script" not in html and "<img src=x" not in html
    state = explorer.state
    explorer.filter.value = 2
    explorer.state = state
    assert explorer.filter.value == 1


def test_a_page_without_a_kernel_gets_what_is_shown(explorer):
    explorer.filter.value = 2
    bundle = explorer._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"] == explorer.model_id
    assert len(re.findall('<img alt="[^"]+" src="data:image/jpeg;base64,', bundle["text/html"])) == 3
    assert bundle["text/html"].count("<img") == 3 and "filter 2 of 5" in bundle["text/html"]
    assert not re.search(r'(?:src|href)="(?!data:)|url\(|@import', bundle["text/html"])


# All of it in JupyterLab.

CELL = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from tinynet import COLOURS, network, picture
from artpose_lib.explain.explorer import FeatureMapExplorer
explorer = FeatureMapExplorer({{{TUNED!r}: network}}, {{"one": picture(), {HOSTILE!r}: picture()[::-1]}}, COLOURS)
explorer
"""


@pytest.fixture
def playwright():
    if not shutil.which("chromium"):
        pytest.skip("no chromium on this machine")
    pytest.importorskip("jupyterlab")
    return pytest.importorskip("playwright.sync_api").sync_playwright


@pytest.fixture
def lab(tmp_path, playwright):
    """The address of a notebook in a JupyterLab of its own: nothing of this machine's settings, and no news."""
    folders = {name: tmp_path / name for name in ("root", "home", "config", "data", "runtime")}
    settings = folders["config"] / "labconfig" / "page_config.json"
    for folder in (*folders.values(), settings.parent):
        folder.mkdir()
    settings.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())], metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    nbformat.write(notebook, folders["root"] / "explore.ipynb")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {"HOME": folders["home"], "TF_CPP_MIN_LOG_LEVEL": "3"} | {
        f"JUPYTER_{name.upper()}_DIR": folders[name] for name in ("config", "data", "runtime")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip", "127.0.0.1",
               "--port", str(port), "--ServerApp.port_retries=0", f"--ServerApp.token={token}",
               f"--ServerApp.root_dir={folders['root']}", "--LabApp.extension_manager=readonly",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (tmp_path / "log.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=folders["root"], env=os.environ | {
            name: str(value) for name, value in environment.items()}, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}/", f"lab/tree/explore.ipynb?token={token}"
        finally:
            server.terminate()  # it ends its kernels
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def wait_for(port, server):
    for _ in range(300):
        assert server.poll() is None, "JupyterLab ended"
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("JupyterLab does not start")


@pytest.fixture
def page(lab, playwright):
    """The explorer in Chromium; the test fails for any request to another machine and for any error on the page."""
    server, notebook = lab
    outside, errors = [], []

    def keep_inside(route):
        if route.request.url.startswith(server):
            return route.continue_()
        outside.append(route.request.url)
        return route.abort()

    with playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1400})
        page.set_default_timeout(60_000)
        page.route(re.compile("^https?:"), keep_inside)
        page.on("websocket", lambda opened: outside.append(opened.url) if server[7:] not in opened.url else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(server + notebook)
        page.get_by_text("| Idle").wait_for()  # the kernel
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        page.get_by_text("filter 1 of 5").wait_for()
        yield page
        browser.close()
    assert (outside, errors) == ([], [])


def shown(page, number):
    """The colours of the quarters of the picture (0), the map (1) or Grad-CAM (2), as the browser has them."""
    colours = page.locator(".jp-OutputArea img").nth(number).evaluate("""async image => {
        await image.decode();
        const canvas = document.createElement("canvas"), side = canvas.width = canvas.height = image.naturalWidth;
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return [[1, 1], [3, 1], [1, 3], [3, 3]].map(([x, y]) =>
            Array.from(context.getImageData(x * side / 4, y * side / 4, 1, 1).data.slice(0, 3)));
    }""")
    return [tuple(colour) for colour in colours]


def choose_file(page, name, data):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a picture").click()
    chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": data})


@pytest.mark.browser
def test_in_jupyterlab(page):
    white, black = (255, 255, 255), (0, 0, 0)
    assert shown(page, 1) == [white, black, black, black]

    # The slider, by keyboard.
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("filter 2 of 5").wait_for()
    assert shown(page, 1) == [black, white, black, black]
    grid, frame = page.locator(".widget-gridbox img").bounding_box(), page.locator(".widget-gridbox > .widget-box")
    assert frame.bounding_box() == pytest.approx(
        {"x": grid["x"] + grid["width"] / 3, "y": grid["y"], "width": grid["width"] / 3, "height": grid["height"] / 2})

    # Another layer, that has a single filter, and back to one of several.
    page.get_by_label("Layer").select_option("single")
    page.get_by_text("filter 1 of 1").wait_for()
    page.get_by_label("Layer").select_option("block 5: block5_conv3")
    page.get_by_text("filter 1 of 4").wait_for()
    assert page.get_by_label("Address").input_value() == "vgg16-fine-tuned/5/1/one"

    # Grad-CAM of another class.
    red = shown(page, 2)
    page.get_by_label("Class").select_option("green")
    page.get_by_text("speaks for green").wait_for()
    assert [before != after for before, after in zip(red, shown(page, 2), strict=True)] == [True, True, False, False]

    # A picture of one's own; a file that is none; both with a name that must show as text.
    page.get_by_label("Class").select_option("the surest")
    choose_file(page, HOSTILE.replace("/", "-"), png(np.full((40, 60, 3), (0, 0, 200), np.uint8)))
    page.get_by_text("speaks for blue").wait_for()
    choose_file(page, HOSTILE.replace("/", "-"), b"no picture")
    page.get_by_role("alert").wait_for()
    assert "is not a picture of a known format" in page.get_by_role("alert").inner_text()

    # A link's text.
    page.get_by_label("Address").fill("https://example.org/08_feature_maps.html#vgg16/1/1/st-sebastian")
    page.keyboard.press("Enter")
    page.get_by_text("filter 1 of 5").wait_for()
    assert page.get_by_label("Picture").input_value() == HOSTILE
    assert page.get_by_role("alert").count() == 0
    assert shown(page, 1) == [black, black, white, black]  # upside down
    assert "caught" not in page.title()
