"""The live reader of feature maps in a real JupyterLab."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from PIL import Image
from tinyreader import HOSTILE

CELLS = [f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from tinynet import COLOURS, WIDE, network, picture, wide
from artpose_lib.explain.explorer import FeatureMapExplorer
from artpose_lib.explain.reader import ReaderModel, ReaderPicture, write_reader
from artpose_lib.model.backbones import BACKBONES
models = [ReaderModel("vgg16", "VGG16", BACKBONES["VGG16"].blocks, {{"fine-tuned": network()}}),
          ReaderModel("wide", "Wide", WIDE, {{"own": wide()}})]
pictures = [ReaderPicture("one", picture(), "one"), ReaderPicture("two", picture()[::-1], {HOSTILE!r})]
write_reader(Path("maps"), models[:1], pictures)
""", "FeatureMapExplorer(models, pictures, COLOURS)", """
import numpy, pandas
import plotly.graph_objects as go
from artpose_lib.curate.board import CurationBoard
from artpose_lib.draw.embedded import draw_dataset
from artpose_lib.report.plotting import show
from artpose_lib.web import choose, contact_sheet
display(CurationBoard(draw_dataset(Path("drawn"), 2), "Ann"))
choose("Shown", {"sheet": contact_sheet([], []), "table": pandas.DataFrame({"accuracy": [0.5]}),
                 "figure": show(go.Figure(layout={"height": 300}), "A figure.")})
"""]


@pytest.fixture
def lab(tmp_path):
    """What a JupyterLab says of itself, which knows nothing of this machine's settings and asks for no news."""
    settings = tmp_path / "config" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
    nbformat.write(nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, map(str.strip, CELLS))], metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}),
        tmp_path / "explore.ipynb")
    environment = os.environ | {"HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"} | {
        f"JUPYTER_{name.upper()}_DIR": str(tmp_path / name) for name in ("config", "data", "runtime")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip", "127.0.0.1",
               f"--ServerApp.root_dir={tmp_path}", "--LabApp.extension_manager=readonly",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (tmp_path / "log.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            yield wait_for(tmp_path / "runtime" / f"jpserver-{server.pid}.json", server)
        finally:
            server.terminate()  # it ends its kernels
            try:
                server.wait(60)  # for its kernels
            finally:
                server.kill()


def wait_for(file, server):
    for _ in range(300):
        assert server.poll() is None, "JupyterLab ended"
        time.sleep(0.1)
        if file.exists() and file.read_text().endswith("}"):
            return json.loads(file.read_text())
    raise AssertionError("JupyterLab does not start")


@pytest.fixture
def page(lab, chromium):
    """The explorer in Chromium; the test fails for any request to another machine and for any error on the page."""
    server, outside, errors = lab["url"], [], []

    def keep_inside(route):
        if route.request.url.startswith(server):
            return route.continue_()
        outside.append(route.request.url)
        return route.abort()

    page = chromium.new_page(viewport={"width": 1500, "height": 1400})
    page.set_default_timeout(60_000)
    page.route(re.compile("^https?:"), keep_inside)
    page.on("websocket", lambda opened: outside.append(opened.url) if server[7:] not in opened.url else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{server}lab/tree/explore.ipynb?token={lab['token']}")
    page.get_by_text("| Idle").wait_for()  # the kernel
    page.locator(".jp-CodeCell .cm-content").first.click()
    for _ in CELLS:
        page.keyboard.press("Shift+Enter")
    see(page, "filter 1 of 5")
    yield page
    page.close()
    # The kernel is restarted, and the notebook opened again with another: the widgets of the first are missed.
    known = "static/maps|/_static/|404|WebSocket|Kernel|kernel|model not found|widget"
    assert (outside, [error for error in errors if not re.search(known, error)]) == ([], [])


def see(page, text):
    """Wait until a widget says something: the page's still for those without a kernel, which says it too, is hidden."""
    page.locator(".widget-html").get_by_text(text).wait_for()


def control(page, label):
    return page.locator(".widget-dropdown, .widget-text").get_by_label(label, exact=True)


def shown(page, number):
    """The colours of the quarters of the picture (0), the map (1) or Grad-CAM (2), as they stand on the screen."""
    image = Image.open(io.BytesIO(page.locator("img.widget-image").nth(number).screenshot())).convert("RGB")
    return [image.getpixel((x * image.width // 4, y * image.height // 4)) for y in (1, 3) for x in (1, 3)]


def choose_file(page, path):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a picture").click()
    chooser.value.set_files(path)


@pytest.mark.slow
def test_in_jupyterlab(page, tmp_path):
    white, black = (255, 255, 255), (0, 0, 0)
    assert shown(page, 1) == [white, black, black, black]

    # The slider, by keyboard.
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    see(page, "filter 2 of 5")
    assert shown(page, 1) == [black, white, black, black]

    # Another layer, that has a single filter, and back to one of several.
    control(page, "Layer").select_option("single")
    see(page, "filter 1 of 1")
    control(page, "Layer").select_option("block 5: block5_conv3")
    see(page, "filter 1 of 4")

    # Grad-CAM of another class.
    red = shown(page, 2)
    control(page, "Class").select_option("green")
    see(page, "speaks for green")
    assert [before != after for before, after in zip(red, shown(page, 2), strict=True)] == [True, True, False, False]

    # A picture of one's own; a file that is none; both with a name that must show as text.
    control(page, "Class").select_option("the surest")
    own = tmp_path / f"{HOSTILE.replace('/', '-')}.png"
    Image.new("RGB", (60, 40), (0, 0, 200)).save(own)
    choose_file(page, own)
    see(page, "speaks for blue")
    assert control(page, "Layer").input_value() == "block 5: block5_conv3"
    own.write_bytes(b"no picture")
    choose_file(page, own)
    page.locator(".widget-html [role=alert]:visible").wait_for()
    assert "is not a picture of a known format" in page.locator(".widget-html [role=alert]:visible").inner_text()

    # Another of the pictures.
    control(page, "Picture").select_option(HOSTILE)
    control(page, "Layer").select_option("block 1: block1_conv2")
    see(page, "filter 1 of 5")
    assert page.locator(".widget-html [role=alert]:visible").count() == 0
    assert shown(page, 1) == [black, black, white, black]  # upside down
    assert "caught" not in page.title()

    # Another filter by its address, whatever layer was shown; the slider's End key knows the new end.
    address, slider = control(page, "Address"), page.locator(".noUi-handle").first
    for where, number in (("#wide/1/3/one", 3), ("#wide/2/120/one", 120), ("#wide/1/96/one", 96),
                          ("#wide/3/2000/one", 2000)):
        address.fill(where)
        address.press("Enter")
        see(page, f"filter {number} of")
        assert page.locator(".widget-readout").first.inner_text() == str(number)
    slider.focus()
    page.keyboard.press("End")
    see(page, "filter 2048 of 2048")

    # The cell is run again: the view and the uploads stay.
    page.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Shift+Enter")
    see(page, "filter 2048 of 2048")
    assert address.input_value() == "#wide/3/2048/one"
    assert control(page, "Picture").locator("option").count() == 3

    # The static reader, whose maps lie beside the book's pages alone, gives way.
    assert page.get_by_text("in a live notebook the explorer below shows them").is_visible()
    assert page.locator(".artpose-maps input:visible").count() == 0

    # Its kernel ends; and the notebook is opened again, where another kernel knows nothing of the explorer.
    page.keyboard.press("Control+s")
    while "This is a still" not in (tmp_path / "explore.ipynb").read_text():
        page.wait_for_timeout(100)
    page.get_by_text("Kernel", exact=True).first.click()
    page.get_by_text("Restart Kernel…", exact=True).click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.locator(".widget-vbox.jupyter-widgets-disconnected").first.wait_for(state="attached")
    told = page.locator("[class*=artpose-].jupyter-widgets-disconnected").evaluate_all(
        "all => all.map((one) => getComputedStyle(one, '::after').content)")
    assert len(told) == 2 and all("The kernel that answered here is gone" in one for one in told)
    page.reload()
    page.get_by_text("| Idle").wait_for()
    page.get_by_text("This is a still").wait_for()
    page.locator(":nth-match(:text('model not found'), 3)").wait_for(state="attached")
    assert not any(error.is_visible() for error in page.get_by_text("model not found").all())
    assert page.locator(".jp-OutputArea figure img:visible").count() == 2  # no Grad-CAM
    page.get_by_label("Shown").select_option("table")
    page.get_by_role("columnheader", name="accuracy").wait_for()
    page.get_by_label("Shown").select_option("figure")
    page.locator(".artpose-figure .main-svg").first.wait_for()
    page.get_by_text("0 of 2 pictures are decided").wait_for()
