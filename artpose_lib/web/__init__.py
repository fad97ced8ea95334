"""What a browser gets: the scripts and styles of this folder, and two things made with them, rows of pictures and a
choice of views. Their HTML needs neither kernel nor network, and carries its own style and script, so that it can be
put anywhere and any number of times; without JavaScript everything stands one below the other.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

import ipywidgets as widgets
import numpy as np
from IPython.display import HTML, display
from PIL import Image

JPEG_QUALITY = 85
WIDGET = "application/vnd.jupyter.widget-view+json"
GONE = "The kernel that answered here is gone: run the notebook again."


def asset(name: str) -> str:
    """The text of a script or style of this folder."""
    return (files("artpose_lib.web") / name).read_text(encoding="utf-8")


@dataclass
class Choice:
    """What `choose` returns: an ipywidget in a live notebook, HTML everywhere else."""

    label: str
    bundles: Mapping[str, dict]  # the display bundle of each view
    html: str

    def _ipython_display_(self) -> None:
        display_live(self.live(), self.html)

    def live(self) -> widgets.Widget:
        choice = widgets.Dropdown(options=list(self.bundles), description=self.label,
                                  style={"description_width": "initial"})
        views = [widgets.Output(outputs=({"output_type": "display_data", "data": data, "metadata": {}},))
                 for data in self.bundles.values()]
        panels = widgets.Stack(views, selected_index=0)
        widgets.jslink((choice, "index"), (panels, "selected_index"))  # by the browser alone
        return widgets.VBox([choice, panels])


def display_live(widget: widgets.DOMWidget, html: str) -> None:
    """Show a widget, and `html` in its place where no kernel answers. A kernel that goes meanwhile is told of.

    These are two outputs of the cell: JupyterLab shows one of a bundle, and takes the widget also where a notebook is
    opened again and there is none.
    """
    name = f"artpose-{widget.model_id}"
    widget.add_class(name)
    style = (f"body:has(.{name}) .{name}-still, .jp-OutputArea-child:has(.{name}-still) + .jp-OutputArea-child > "
             ".jupyter-widgets:not(:has(*)) { display: none } "
             f".{name}.jupyter-widgets-disconnected::after {{ order: -1; font-weight: bold; content: '{GONE}' }}")
    display({"text/html": f'<div class="{name}-still"><style>{style}</style>{html}</div>'}, raw=True)
    display({WIDGET: {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}, "text/html": ""}, raw=True)


def contact_sheet(images: Sequence[np.ndarray], captions: Sequence[str], height: int = 160, columns: int = 0) -> HTML:
    """Pictures beside each other with a caption each, in as many rows as it takes (Figures 2.2, A.1, A.3, A.4).

    Parameters: `images` are uint8 RGB arrays (h, w, 3) of any size; `captions` plain text, shown as it is; `height`
    that of every picture on the screen, in pixels; `columns` how many stand in a row (0: as many as fit).
    Raises ValueError where there are not as many captions as pictures.
    """
    figures = "".join(
        f'<figure><img alt="{escape(caption)}" src="{encode_jpeg(image, 2 * height)}" style="height: {height}px">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for image, caption in zip(images, captions, strict=True))
    style = f' style="grid-template-columns: repeat({columns}, 1fr)"' if columns else ""
    return HTML(f'<div class="artpose-view artpose-sheet"{style}><style>{asset("chooser.css")}</style>{figures}</div>')


def encode_jpeg(image: np.ndarray, height: int) -> str:
    """A data URI of a uint8 RGB array, made smaller where it is higher than `height` pixels."""
    picture, buffer = Image.fromarray(image), io.BytesIO()
    picture.thumbnail((picture.width, height))
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def choose(label: str, views: Mapping[str, object]) -> Choice | HTML:
    """One of several views at a time; the first to begin with. Of none, nothing.

    Parameters: `label` says what is chosen; `views` are figures from `plotting.show`, contact sheets, or whatever else
    a notebook shows as HTML (such as a data frame), by the name that the reader picks them by. Label and names are
    plain text.
    """
    if not views:
        return HTML("")
    bundles = {name: _bundle(view) for name, view in views.items()}
    options = "".join(f"<option>{escape(name)}</option>" for name in bundles)
    panels = "".join(
        f'<div class="artpose-panel"><p class="artpose-name">{escape(name)}</p>{bundle["text/html"]}</div>'
        for name, bundle in bundles.items())
    html = (f'<div class="artpose-view artpose-chooser"><style>{asset("chooser.css")}</style>'
            f'<p class="artpose-controls" hidden><label>{escape(label)} <select autocomplete="off">{options}</select>'
            f'</label></p>{panels}<script>{asset("chooser.js")}</script></div>')
    return Choice(label, bundles, html)


def _bundle(view: object) -> dict:
    """A view as the display bundle that it makes itself: a figure's has Plotly's own type too, for JupyterLab."""
    make = getattr(view, "_repr_mimebundle_", None)
    return make() if make else {"text/html": view._repr_html_()}
