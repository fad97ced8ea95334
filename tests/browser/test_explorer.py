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

CELL = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from tinynet import COLOURS, network, picture
from artpose_lib.explain.explorer import FeatureMapExplorer
explorer = FeatureMapExplorer({{"VGG16": network()}}, {{"one": picture(), {HOSTILE!r}: picture()[::-1]}}, COLOURS)
explorer
"""


@pytest.fixture
def lab(tmp_path):
    """What a JupyterLab says of itself, which knows nothing of this machine's settings and asks for no news."""
    settings = tmp_path / "config" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())], metadata={
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
                server.wait(20)
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
    page.keyboard.press("Shift+Enter")
    page.get_by_text("filter 1 of 5").wait_for()
    yield page
    page.close()
    assert (outside, errors) == ([], [])


def shown(page, number):
    """The colours of the quarters of the picture (0), the map (1) or Grad-CAM (2), as they stand on the screen."""
    image = Image.open(io.BytesIO(page.locator(".jp-OutputArea img").nth(number).screenshot())).convert("RGB")
    return [image.getpixel((x * image.width // 4, y * image.height // 4)) for y in (1, 3) for x in (1, 3)]


def choose_file(page, path):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a picture").click()
    chooser.value.set_files(path)


def test_in_jupyterlab(page, tmp_path):
    white, black = (255, 255, 255), (0, 0, 0)
    assert shown(page, 1) == [white, black, black, black]

    # The slider, by keyboard.
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("filter 2 of 5").wait_for()
    assert shown(page, 1) == [black, white, black, black]

    # Another layer, that has a single filter, and back to one of several.
    page.get_by_label("Layer").select_option("single")
    page.get_by_text("filter 1 of 1").wait_for()
    page.get_by_label("Layer").select_option("block 5: block5_conv3")
    page.get_by_text("filter 1 of 4").wait_for()

    # Grad-CAM of another class.
    red = shown(page, 2)
    page.get_by_label("Class").select_option("green")
    page.get_by_text("speaks for green").wait_for()
    assert [before != after for before, after in zip(red, shown(page, 2), strict=True)] == [True, True, False, False]

    # A picture of one's own; a file that is none; both with a name that must show as text.
    page.get_by_label("Class").select_option("the surest")
    own = tmp_path / f"{HOSTILE.replace('/', '-')}.png"
    Image.new("RGB", (60, 40), (0, 0, 200)).save(own)
    choose_file(page, own)
    page.get_by_text("speaks for blue").wait_for()
    assert page.get_by_label("Layer").input_value() == "block 5: block5_conv3"
    own.write_bytes(b"no picture")
    choose_file(page, own)
    page.get_by_role("alert").wait_for()
    assert "is not a picture of a known format" in page.get_by_role("alert").inner_text()

    # Another of the pictures.
    page.get_by_label("Picture").select_option(HOSTILE)
    page.get_by_label("Layer").select_option("block 1: block1_conv2")
    page.get_by_text("filter 1 of 5").wait_for()
    assert page.get_by_role("alert").count() == 0
    assert shown(page, 1) == [black, black, white, black]  # upside down
    assert "caught" not in page.title()
