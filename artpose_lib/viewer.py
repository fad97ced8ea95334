"""What a reader scrolls: pictures in rows, a choice of views, the feature maps of a picture.

Each comes with two front ends in one display bundle: ipywidgets where a kernel runs, and HTML that needs neither kernel
nor network (it works from file://; without JavaScript everything simply stands one below the other). The HTML carries
its own style and script, ``viewer.css`` and ``viewer.js``, so that it can be put anywhere and any number of times.
"""

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.resources import files

import ipywidgets as widgets
import numpy as np
from IPython.display import HTML
from PIL import Image

from artpose_lib.featuremaps import Sprite

JPEG_QUALITY = 85
MAP_SIDE = 336  # pixels on the screen of the picture and of the map beside it, where there is room
GRID_SIDE = 672  # the same of the grid of all filters; viewer.css holds both as well


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
        f'<figure><img alt="{escape(caption)}" src="{_jpeg(image, 2 * height)}" style="height: {height}px">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for image, caption in zip(images, captions, strict=True))
    return HTML(f'<div class="artpose-view artpose-sheet">{_style()}{figures}</div>')


def choose(label: str, views: Mapping[str, object]) -> Viewer:
    """One of several views at a time; the first to begin with.

    Parameters: `label` says what is chosen; `views` are figures from `figures.show`, contact sheets, or whatever else
    a notebook shows as HTML (such as a data frame), by the name that the reader picks them by. Label and names are
    plain text.
    """
    bundles = {name: _bundle(view) for name, view in views.items()}
    panels = "".join(
        f'<div class="artpose-panel"><p class="artpose-name">{escape(name)}</p>{bundle["text/html"]}</div>'
        for name, bundle in bundles.items())
    html = (f'<div class="artpose-view artpose-chooser">{_style()}'
            f'<p class="artpose-controls" hidden>{_select(label, bundles)}</p>{panels}{_script()}</div>')
    return Viewer(html, lambda: _live_chooser(label, bundles))


def feature_map_reader(picture: np.ndarray, sprites: Mapping[str, Sprite], title: str) -> Viewer:
    """Scroll through every filter of every block, with the picture beside (Section 2.4, Figures A.6 and A.7).

    Parameters: `picture` is the uint8 RGB array (size, size, 3) that the network saw; `sprites` one sprite a block, by
    the block's name; `title` what the picture is called. Names and title are plain text. Filters are counted from 1.
    """
    blocks = [{"name": name, "tile": sprite.tile, "columns": sprite.columns, "side": sprite.side,
               "low": _rounded(sprite.low), "high": _rounded(sprite.high)} for name, sprite in sprites.items()]
    grids = "".join(_grid(name, sprite) for name, sprite in sprites.items())
    seen = escape(title)
    html = f"""<div class="artpose-view artpose-reader" role="group" aria-label="Feature maps of {seen}">{_style()}
<p class="artpose-controls" hidden>{_select("Block", sprites)}
<label>Filter <input type="range" min="1" value="1" autocomplete="off"></label></p>
<div class="artpose-pair">
<figure><img alt="{seen}" src="{_jpeg(picture, 2 * MAP_SIDE)}"><figcaption>{seen}</figcaption></figure>
<figure class="artpose-map" hidden><canvas role="img"></canvas>
<figcaption><output aria-live="polite"></output><span class="artpose-range"></span></figcaption></figure>
</div>
{grids}
<script type="application/json">{_json(blocks)}</script>{_script()}</div>"""
    return Viewer(html, lambda: _live_reader(picture, sprites, title))


def _grid(name: str, sprite: Sprite) -> str:
    """All filters of one block, with a frame that marks one tile and lines between the tiles."""
    # Smoothing would melt small tiles into each other, and its absence would tear large ones that are shown smaller.
    rendering = "pixelated" if sprite.tile * sprite.columns < GRID_SIDE else "auto"
    return (f'<div class="artpose-panel"><p>All {sprite.count} filters of {escape(name)}</p>'
            f'<div class="artpose-grid"><img alt="The feature maps of all {sprite.count} filters of {escape(name)}"'
            f' src="{_data_uri(sprite.png, "png")}" style="image-rendering: {rendering}">'
            f'<span class="artpose-lines" style="background-size: calc(100% / {sprite.columns})'
            f' calc(100% / {sprite.rows})"></span><span class="artpose-mark" hidden></span></div></div>')


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


def _live_reader(picture: np.ndarray, sprites: Mapping[str, Sprite], title: str) -> widgets.Widget:
    block = widgets.Dropdown(options=list(sprites), description="Block")
    number = widgets.IntSlider(value=1, min=1, max=1, description="Filter")
    feature_map, grid = widgets.Image(format="png"), widgets.Image(format="png", layout={"max_width": f"{GRID_SIDE}px"})
    caption = widgets.HTML()

    def show_filter(_change=None) -> None:
        sprite = sprites[block.value]
        feature_map.value = _enlarged_png(sprite.map(number.value - 1))
        low, high = _rounded(sprite.low)[number.value - 1], _rounded(sprite.high)[number.value - 1]
        caption.value = (f"{escape(title)}: filter {number.value} of {sprite.count}, {sprite.side} × {sprite.side}, "
                         f"from {low:g} (black) to {high:g} (white)")

    def show_block(_change=None) -> None:
        number.value, number.max = 1, sprites[block.value].count
        grid.value = sprites[block.value].png
        show_filter()

    block.observe(show_block, "value")
    number.observe(show_filter, "value")
    show_block()
    seen = widgets.Image(value=_encoded(Image.fromarray(picture).resize((MAP_SIDE, MAP_SIDE)), "JPEG"), format="jpeg")
    return widgets.VBox([widgets.HBox([block, number]), widgets.HBox([seen, feature_map]), caption, grid])


def _enlarged_png(tile: Image.Image) -> bytes:
    """A tile at the size of the picture beside it, its pixels left square: they are all that the network computed."""
    return _encoded(tile.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.NEAREST), "PNG")


def _rounded(values: Sequence[float]) -> list[float]:
    """Three digits: what a reader compares, at a third of the bytes."""
    return [float(f"{value:.3g}") for value in values]


def _select(label: str, names: Mapping[str, object]) -> str:
    options = "".join(f"<option>{escape(name)}</option>" for name in names)
    return f'<label>{escape(label)} <select autocomplete="off">{options}</select></label>'


def _json(data: object) -> str:
    """JSON for the inside of a script element, where a "<" in a text could end the element."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _jpeg(image: np.ndarray, height: int) -> str:
    """A data URI of a uint8 RGB array, made smaller where it is higher than `height` pixels."""
    picture = Image.fromarray(image)
    picture.thumbnail((picture.width, height))
    return _data_uri(_encoded(picture, "JPEG"), "jpeg")


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=JPEG_QUALITY)  # PNG has no quality and takes no notice
    return buffer.getvalue()


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _style() -> str:
    return f"<style>{_asset('viewer.css')}</style>"


def _script() -> str:
    return f"<script>{_asset('viewer.js')}</script>"


def _asset(name: str) -> str:
    return (files("artpose_lib") / name).read_text(encoding="utf-8")
