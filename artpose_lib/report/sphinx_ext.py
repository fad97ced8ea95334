"""What the book needs from Sphinx to open without a network, and soon: its own copy of plotly.js, loaded when a figure
comes into sight, and none of the theme's scripts that it can do without."""

import re
from pathlib import Path

import plotly
from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset_file

from artpose_lib import web

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
LAZY_JS = Path(web.__file__).with_name("plotly_lazy.js")
# The theme's icons come as a font and once more as a script of 1.5 MB: the font will do.
ICON_SCRIPT = re.compile(r'\s*<(?:script|link)\b[^>]*fontawesome\.js[^>]*>(?:</script>)?')


def _choose_scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Add what loads Plotly where there are figures, and remove what no page uses, such as a script from the web."""
    if "Plotly.newPlot" in context.get("body", ""):
        app.add_js_file(LAZY_JS.name, priority=100)
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind]
                         if not re.search("thebe|sphinx-design|design-tabs", str(vars(file)).lower())]


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None:
        return
    static = Path(app.outdir) / "_static"
    for script in (PLOTLY_JS, LAZY_JS):
        copy_asset_file(script, static)
    for page in sorted(Path(app.outdir).rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        if ICON_SCRIPT.search(text):
            page.write_text(ICON_SCRIPT.sub("", text), encoding="utf-8")
    for file in (static / "scripts").glob("fontawesome.js*"):
        file.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _choose_scripts, priority=900)  # after all others have added theirs
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
