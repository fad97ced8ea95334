"""What the book needs from Sphinx to open without a network: formulas as MathML, and its own copy of plotly.js."""

from pathlib import Path

import plotly
from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util.fileutil import copy_asset_file

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def _inline(writer, node) -> None:
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(writer, node) -> None:
    writer.body.append(f'<div class="artpose-formula">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def _plotly_where_needed(app, pagename, templatename, context, doctree) -> None:
    """4.8 MB, so only on the pages that hold a figure."""
    if "Plotly.newPlot" in context.get("body", ""):
        app.add_js_file(PLOTLY_JS.name, priority=100)


def _no_thebe(app, pagename, templatename, context, doctree) -> None:
    """Jupyter Book puts a script for running cells on a server into every page, with an address in the web."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if "thebe" not in str(vars(file)).lower()]


def _copy_plotly(app, exception) -> None:
    if exception is None:
        copy_asset_file(PLOTLY_JS, Path(app.outdir) / "_static")


def setup(app) -> dict:
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("html-page-context", _plotly_where_needed)
    app.connect("html-page-context", _no_thebe, priority=900)  # after all others have added theirs
    app.connect("build-finished", _copy_plotly)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
