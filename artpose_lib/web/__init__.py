"""What a browser gets: the scripts and styles of this folder, and two things made with them, rows of pictures and a
choice of views.

A choice comes with two front ends in one display bundle: ipywidgets where a kernel runs, and HTML that needs neither
kernel nor network (it works from file://; without JavaScript everything stands one below the other). The HTML carries
its own style and script, `chooser.css` and `chooser.js`, so that it can be put anywhere and any number of times.
"""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.resources import files

import ipywidgets as widgets
import numpy as np
from IPython.display import HTML
from PIL import Image

JPEG_QUALITY = 85


def asset(name: str) -> str:
    """The text of a script or style of this folder."""
    return (files("artpose_lib.web") / name).read_text(encoding="utf-8")


class Viewer:
    """Shows as an ipywidget in a live notebook, as HTML everywhere else.

    `html` is the static front end; `live()` makes the widget, which is done only when a notebook asks for it.
    """

    def __init__(self, html: str, live: Callable[[], widgets.Widget]):
        self.html, self.live = html, live

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return self.live()._repr_mimebundle_() | {"text/html": self.html}


def contact_sheet(images: Sequence[np.ndarray], captions: Sequence[str], height: int = 160) -> HTML:
    """Pictures beside each other with a caption each, in as many rows as it takes (Figures 2.2, A.1, A.3, A.4).

    Parameters: `images` are uint8 RGB arrays (h, w, 3) of any size; `captions` plain text, shown as it is; `height`
    that of every picture on the screen, in pixels.
    Raises ValueError where there are not as many captions as pictures.
    """
    figures = "".join(
        f'<figure><img alt="{escape(caption)}" src="{encode_jpeg(image, 2 * height)}" style="height: {height}px">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for image, caption in zip(images, captions, strict=True))
    return HTML(f'<div class="artpose-view artpose-sheet"><style>{asset("chooser.css")}</style>{figures}</div>')


def encode_jpeg(image: np.ndarray, height: int) -> str:
    """A data URI of a uint8 RGB array, made smaller where it is higher than `height` pixels."""
    picture, buffer = Image.fromarray(image), io.BytesIO()
    picture.thumbnail((picture.width, height))
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def choose(label: str, views: Mapping[str, object]) -> Viewer:
    """One of several views at a time; the first to begin with.

    Parameters: `label` says what is chosen; `views` are figures from `plotting.show`, contact sheets, or whatever else
    a notebook shows as HTML (such as a data frame), by the name that the reader picks them by. Label and names are
    plain text.
    """
    bundles = {name: _bundle(view) for name, view in views.items()}
    options = "".join(f"<option>{escape(name)}</option>" for name in bundles)
    panels = "".join(
        f'<div class="artpose-panel"><p class="artpose-name">{escape(name)}</p>{bundle["text/html"]}</div>'
        for name, bundle in bundles.items())
    html = (f'<div class="artpose-view artpose-chooser"><style>{asset("chooser.css")}</style>'
            f'<p class="artpose-controls" hidden><label>{escape(label)} <select autocomplete="off">{options}</select>'
            f'</label></p>{panels}<script>{asset("chooser.js")}</script></div>')
    return Viewer(html, lambda: _live_chooser(label, bundles))


def _bundle(view: object) -> dict:
    """A view as the display bundle that it makes itself: a figure's has Plotly's own type too, for JupyterLab."""
    make = getattr(view, "_repr_mimebundle_", None)
    return make() if make else {"text/html": view._repr_html_()}


def _live_chooser(label: str, bundles: Mapping[str, dict]) -> widgets.Widget:
    choice = widgets.Dropdown(options=list(bundles), description=label, style={"description_width": "initial"})
    panel = widgets.Output()

    def show(_change=None) -> None:
        # Set, not printed into: the same with and without a kernel, and no flicker of an emptied panel.
        panel.outputs = ({"output_type": "display_data", "data": bundles[choice.value], "metadata": {}},)

    choice.observe(show, "value")
    show()
    return widgets.VBox([choice, panel])
