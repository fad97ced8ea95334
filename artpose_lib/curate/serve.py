"""`artpose curate`: the curation board in a browser, without a notebook to write and without a network."""

import logging
import secrets
import socket
import tempfile
import webbrowser
from pathlib import Path

import nbformat
from tornado.ioloop import IOLoop
from traitlets.config import Config
from voila.app import Voila

from artpose_lib.curate.findings import extract_lite_features, inspect_pictures
from artpose_lib.data.decisions import read_decisions
from artpose_lib.data.metadata import list_pictures
from artpose_lib.files import say

HOST = "127.0.0.1"  # this machine only
# Voila's page names style sheets on the web, with icons that no board has: here the page does without.
TEMPLATE = """{% extends "voila/templates/lab/index.html.j2" %}
{% block notebook_css %}{{ super() | replace("https://cdn.jsdelivr.net", "data:text/css,") }}{% endblock %}"""
# And whatever else a page may name, a browser asks this machine alone.
LOCAL_ONLY = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'self'"
EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
# In a box, because a board alone would bring its static page along.
CELL = """\
import pandas
from ipywidgets import VBox
from artpose_lib.curate.board import CurationBoard
VBox([CurationBoard({folder!r}, {who!r}, pandas.read_pickle({found!r}), weights={weights!r})])
"""


def serve(folder: str | Path, who: str | None, port: int, open_browser: bool = True,
          weights: str | None = None) -> None:
    """Serve a folder's curation board on this machine until Ctrl-C, and print its address with its token; `weights` as
    in `CurationBoard`. Raises DataError for a folder that cannot be curated, ValueError for a port that is taken."""
    folder = Path(folder).resolve()
    logging.getLogger("tornado.general").setLevel(logging.ERROR)  # it warns of pings as Jupyter sets them
    list_pictures(folder), read_decisions(folder)  # they raise here, and not in the browser
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise ValueError(f"port {port} cannot be served on ({error.strerror}); choose another: --port") from error
    token = secrets.token_urlsafe(16)  # other people may work on this machine
    config = Config({"VoilaConfiguration": {"extension_allowlist": EXTENSIONS, "show_tracebacks": True},
                     "KernelSpecManager": {"kernel_dirs": []}})  # this Python, whichever others are installed
    app = Voila(config=config, config_file_paths=[], ip=HOST, port=port, port_retries=0, token=token,
                open_browser=False, log_level="ERROR",
                # Voila's page lacks the cookie without which it may not stop its kernel when it is left.
                tornado_settings={"headers": {"Content-Security-Policy": LOCAL_ONLY}, "disable_check_xsrf": True})

    def announce() -> None:
        address = f"http://{HOST}:{port}/?token={token}"
        print(f"The curation board is at\n{address}\nStop it with Ctrl-C.", flush=True)
        if open_browser:
            webbrowser.open(address)

    say("Looking through the pictures first: about a minute for a thousand.")
    found = inspect_pictures(folder, extract_lite_features)
    with tempfile.TemporaryDirectory(prefix="artpose-") as scratch:
        notebook, seen = Path(scratch) / "curate.ipynb", Path(scratch) / "found.pickle"
        found.to_pickle(seen)  # each page that is loaded has a kernel of its own: look once for them all
        cell = CELL.format(folder=str(folder), who=who, found=str(seen), weights=weights)
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), notebook)
        app.initialize([str(notebook)])
        (Path(scratch) / "index.html.j2").write_text(TEMPLATE)
        app.template_paths.insert(0, scratch)
        IOLoop.current().add_callback(announce)  # runs once the server listens
        app.start()
