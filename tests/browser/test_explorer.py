"""The live reader of feature maps in a real JupyterLab."""

import io
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

CATCH = "document.title='caught'"
HOSTILE = f"""St "Sebastian"</script><script>{CATCH}</script><img src=x onerror="{CATCH}">'&"""
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
def page(lab, chromium):
    """The explorer in Chromium; the test fails for any request to another machine and for any error on the page."""
    server, notebook = lab
    outside, errors = [], []

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
    page.goto(server + notebook)
    page.get_by_text("| Idle").wait_for()  # the kernel
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.get_by_text("filter 1 of 5").wait_for()
    yield page
    page.close()
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


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def choose_file(page, name, data):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a picture").click()
    chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": data})


def test_in_jupyterlab(page):
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
    choose_file(page, HOSTILE.replace("/", "-"), png(np.full((40, 60, 3), (0, 0, 200), np.uint8)))
    page.get_by_text("speaks for blue").wait_for()
    assert page.get_by_label("Layer").input_value() == "block 5: block5_conv3"
    choose_file(page, HOSTILE.replace("/", "-"), b"no picture")
    page.get_by_role("alert").wait_for()
    assert "is not a picture of a known format" in page.get_by_role("alert").inner_text()

    # Another of the pictures.
    page.get_by_label("Picture").select_option(HOSTILE)
    page.get_by_label("Layer").select_option("block 1: block1_conv2")
    page.get_by_text("filter 1 of 5").wait_for()
    assert page.get_by_role("alert").count() == 0
    assert shown(page, 1) == [black, black, white, black]  # upside down
    assert "caught" not in page.title()
