"""The live reader of feature maps, for a notebook with a kernel: pictures of one's own, any layer, Grad-CAM.

It is made of core ipywidgets alone, which JupyterLab and VS Code both show.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from html import escape
from threading import RLock
from typing import ClassVar, NamedTuple

import ipywidgets as widgets
import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from artpose_lib.data.pictures import PictureError, decode, resize
from artpose_lib.explain.gradcam import gradcam, map_layers
from artpose_lib.explain.maps import Sprite, feature_maps, sprite
from artpose_lib.explain.reader import PICTURE_SIDE, ReaderModel, ReaderPicture, slug, write_address
from artpose_lib.train.trials import Cache
from artpose_lib.web import contact_sheet, display_live

SIDE = 336  # pixels on the screen of the longer side of the picture, the map and Grad-CAM
GRID_SIDE = 672  # the same of the grid of all filters
LINES = 136  # the grey between its tiles
VEIL = (26, 242, 242)  # what is laid over a picture: turquoise is rare in paintings
SUREST = -1  # in place of a class: the one that the network gives the highest probability
STILL = "<p>This is a still. Run the cell to scroll through all filters, and to look at pictures of your own.</p>"


class View(NamedTuple):
    """What is shown."""

    network: tuple[str, str]  # the keys of the model and of its network
    layer: str
    filter: int  # from 1
    picture: str  # its key


class FeatureMapExplorer(widgets.VBox):
    """Scroll through every filter of every layer of some networks and pictures.

    Parameters: `models` and `pictures` as `write_reader` takes them; views have the same addresses. `classes` are a
    classifier's outputs, as plain text: a network with other outputs shows its maps, without Grad-CAM. A later explorer
    of the same kernel begins with the last one's view and has its uploads, so that a cell can be run again.
    Raises ValueError where there is no model or no picture, or the first model has no layer with maps.
    """

    _uploads: ClassVar[dict[str, ReaderPicture]] = {}
    _left: ClassVar[str] = ""  # the last address

    def __init__(self, models: Sequence[ReaderModel], pictures: Sequence[ReaderPicture], classes: Sequence[str]):
        if not models or not pictures:
            raise ValueError("an explorer needs a model and a picture at least")
        self._networks = {(model.key, slug(title)): (model, title, network)
                          for model in models for title, network in model.networks.items()}
        self._pictures = {picture.key: picture for picture in pictures} | self._uploads
        self._classes = tuple(map(str, classes))
        self._last, self._drawing, self._lock = Cache(), False, RLock()
        super().__init__(self._make_widgets())
        try:
            self._draw(self._parse(self._left))
        except Exception:  # of other networks or pictures
            self._draw(View(self.model.value, "", 1, self.picture.value))
        for control in (self.model, self.layer, self.picture, self.upload, self.filter, self.address, self.strength,
                        self.explained):
            control.observe(self._react, "value")

    def _ipython_display_(self) -> None:
        images, captions = zip(*((np.asarray(image), said) for image, said in self._views if image), strict=True)
        display_live(self, STILL + contact_sheet(images, captions, SIDE).data)

    def _make_widgets(self) -> list[widgets.Widget]:
        wide = {"width": "500px", "max_width": "100%"}
        row = partial(widgets.HBox, layout={"flex_flow": "row wrap"})
        self.model = widgets.Dropdown(description="Model", options=[
            (f"{model.title} {title}", key) for key, (model, title, _) in self._networks.items()])
        self.picture = widgets.Dropdown(description="Picture", options=self._list_pictures())
        self.layer = widgets.Dropdown(description="Layer")
        # Jupyter's server takes no message above 10 MiB: a larger file never arrives, without a word.
        self.upload = widgets.FileUpload(accept="image/*", description="Upload a picture (below 10 MB)",
                                         layout={"width": "auto"})
        self.filter = widgets.IntSlider(1, min=1, max=1, description="Filter", layout=wide)
        self.address = widgets.Text(description="Address", continuous_update=False, layout=wide)
        self.strength = widgets.FloatSlider(0.6, min=0, max=1, step=0.05, description="Overlay")
        self.explained = widgets.Dropdown(description="Class", options=[
            ("the surest", SUREST), *((name, index) for index, name in enumerate(self._classes))])
        self.images = [widgets.Image(layout={"width": f"{GRID_SIDE}px", "max_width": "100%"}) for _ in range(4)]
        # Texts of their own: an image that carries a tooltip makes JupyterLab's widgets fail (ipywidgets 8.1.9).
        self.captions = [widgets.HTML(layout={"max_width": f"{SIDE}px"}) for _ in self.images]
        picture, tile, cam, grid = (widgets.VBox(pair, layout={"align_items": "flex-start"})  # else they are stretched
                                    for pair in zip(self.images, self.captions, strict=True))
        self.judgement, self.message = widgets.VBox([cam, self.explained]), widgets.HTML()
        return [row([self.model, self.layer, self.picture, self.upload]),
                row([self.filter, self.strength, self.address]), self.message, row([picture, tile, self.judgement]),
                grid]

    def _react(self, change) -> None:
        """Follow a control. What cannot be shown is said in a sentence, and the control goes back."""
        with self._lock:  # JupyterLab handles the messages of two controls in two threads, at the same time
            if self._drawing:
                return
            self._drawing, said, control = True, "", change.owner
            try:
                view = View(self.model.value, self.layer.value, self.filter.value, self.picture.value)
                if control is self.upload and change.new:
                    key, said = self._take_upload(change.new)
                    view = view._replace(picture=key)
                elif control is self.address:
                    view = self._parse(change.new)
                self._draw(view._replace(filter=1) if control is self.layer else view)
            except Exception as error:  # a network of one's own may raise anything
                said = str(error) or type(error).__name__
                control.value = change.old
            finally:
                self._drawing = False
            self.message.value = f'<p role="alert">{escape(said)}</p>' if said else ""

    def _take_upload(self, files: Sequence[Mapping]) -> tuple[str, str]:
        """Keep an uploaded picture, under a title of its own; returns its key and what was converted in it."""
        self.upload.value = ()  # so that the same file can come again
        name, data = files[0]["name"], bytes(files[0]["content"])
        try:
            image, conversions = decode(data, PICTURE_SIDE)
        except PictureError as error:
            raise PictureError(f"{name}: {error}") from error
        image.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
        copies = [f"{name} ({number})" for number in range(2, len(self._pictures) + 2)]
        taken = {picture.caption for picture in self._pictures.values()}
        title = next(title for title in [name, *copies] if title not in taken)
        key = f"upload-{len(self._uploads) + 1}"
        self._uploads[key] = self._pictures[key] = ReaderPicture(key, np.asarray(image), title)
        return key, " ".join(conversions)

    def _list_pictures(self) -> list[tuple[str, str]]:
        return [(f"{picture.label}: {picture.caption}" if picture.label else picture.caption, key)
                for key, picture in self._pictures.items()]

    def _parse(self, address: str) -> View:
        """Return the view that an address names, such as "#vgg16/5/120/sebastian"; of a layer that is no block, its
        name stands for the number. Raises ValueError, which says what there is instead."""
        parts = address.strip().rpartition("#")[2].split("/")
        if len(parts) not in (4, 5):
            raise ValueError(f'"{address}" is no address, such as {self._left}')
        model = _find(parts[0], [model for model, _ in self._networks], "model")
        own = [name for key, name in self._networks if key == model]
        name = _find(parts[4], own, "network") if parts[4:] and parts[4] != "side-by-side" else own[0]
        facts, _, network = self._networks[model, name]
        layers = {str(number): layer for number, layer in enumerate(facts.layers, 1)}
        layers |= {layer: layer for layer in map_layers(network)}
        layer = layers[_find(parts[1], layers, "block")]
        number, count = parts[2], network.get_layer(layer).output.shape[-1]
        if not number.isdecimal() or not 1 <= int(number) <= count:
            raise ValueError(f'{layer} has the filters 1 to {count}, and no filter "{number}".')
        return View((model, name), layer, int(number), _find(parts[3], self._pictures, "picture"))

    def _name(self, view: View) -> str:
        """Return the address of a view."""
        (model, name), layers = view.network, list(self._networks[view.network][0].layers)
        block = layers.index(view.layer) + 1 if view.layer in layers else view.layer
        first = next(own for key, own in self._networks if key == model)
        return write_address(model, block, view.filter, view.picture, name if name != first else "")

    def _draw(self, view: View) -> None:
        """Show a view; an unknown layer or filter is the first. What fails changes nothing: all is computed before."""
        (model, title, network), picture = self._networks[view.network], self._pictures[view.picture]
        labels, size = _label_layers(network, model.layers), network.input_shape[1]
        layer = view.layer if view.layer in labels else next(iter(labels))
        square = self._last.keep("picture", (view.picture, size), lambda: resize(picture.image, size))
        shown = view.network, view.picture, layer
        maps = self._last.keep("maps", shown, lambda: sprite(_activations(network, square, layer)))
        grid = self._last.keep("grid", shown, lambda: _png(_rule(maps)))
        count = len(maps.low)
        view = view._replace(layer=layer, filter=view.filter if view.filter <= count else 1)
        tile, low, high = maps.map(view.filter - 1), maps.low[view.filter - 1], maps.high[view.filter - 1]
        sees = (f"{labels[layer]}, filter {view.filter} of {count}: {maps.side} × {maps.side}, "
                f"from {low:.3g} (black) to {high:.3g} (white)")
        if layer in model.tables and title == next(iter(model.networks)):
            sees += ". " + _tell_numbers(model.tables[layer].iloc[view.filter - 1])
        below = ImageOps.contain(Image.fromarray(picture.image), (SIDE, SIDE), Image.Resampling.BILINEAR)
        self._views = [(self._overlay(below, tile), f"{picture.caption}; where it is turquoise, the filter answers"),
                       (tile.resize(below.size, Image.Resampling.NEAREST), sees),
                       self._judge(view, network, square, below)]
        for control, options, value in ((self.model, self.model.options, view.network),
                                        (self.picture, self._list_pictures(), view.picture),
                                        (self.layer, [(label, name) for name, label in labels.items()], layer)):
            with control.hold_sync():  # the browser is told of both at once, and never sees one without the other
                control.options, control.value = options, value
        self._move_slider(view.filter, count)
        self.address.value = FeatureMapExplorer._left = self._name(view)
        self.images[3].value, self.captions[3].value = grid, escape(f"All filters of {labels[layer]}")
        for image, caption, (drawn, said) in zip(self.images, self.captions, self._views, strict=False):
            image.value, caption.value = _png(drawn) if drawn else b"", escape(said)
            image.layout.width = f"{below.width}px"
        self.judgement.layout.display = None if drawn else "none"

    def _move_slider(self, number: int, count: int) -> None:
        """Set the slider. A browser that hears of a value above its maximum answers with that maximum."""
        resized = self.filter.max != count
        self.filter.max = max(count, self.filter.max)
        self.filter.value = number
        self.filter.max = count
        if resized:  # the browser makes it anew: else its End key goes to the former maximum (noUiSlider 15)
            self.filter.orientation = "vertical"
            self.filter.orientation = "horizontal"

    def _judge(self, view: View, network, square: np.ndarray, below: Image.Image) -> tuple[Image.Image | None, str]:
        """Return Grad-CAM over the picture and its caption; nothing where the network has other classes."""
        if network.output.shape[1:] != (len(self._classes),):
            return None, ""
        head, asked = network.layers[-1].name, (view.network, view.picture)
        found = self._last.keep("said", asked, lambda: _activations(network, square, head))
        index = int(found.argmax()) if self.explained.value == SUREST else self.explained.value
        cam = self._last.keep("cam", (*asked, index), lambda: gradcam(network, square, index))
        where = "where it is turquoise, the picture speaks" if cam.any() else "nothing in the picture speaks"
        told = ", ".join(f"{name} {value:.1%}" for name, value in zip(self._classes, found, strict=True))
        return (self._overlay(below, Image.fromarray(np.rint(255 * cam).astype(np.uint8))),
                f"Grad-CAM: {where} for {self._classes[index]}; the network says {told}")

    def _overlay(self, below: Image.Image, greys: Image.Image) -> Image.Image:
        """Lay over a picture a veil that is the denser the lighter the greys."""
        # A map's pixels keep their edges: they are all that the network computed.
        veil = np.asarray(greys.resize(below.size, Image.Resampling.NEAREST), np.float32)[:, :, None]
        veil *= self.strength.value / 255
        pixels = np.asarray(below, np.float32)
        return Image.fromarray(np.rint(pixels + (np.float32(VEIL) - pixels) * veil).astype(np.uint8))


def _find(wanted: str, there: Iterable[str], what: str) -> str:
    if wanted not in there:
        known = list(dict.fromkeys(there))
        raise ValueError(f'There is no {what} "{wanted}" here, but {", ".join(known[:9])}{", …" * (len(known) > 9)}.')
    return wanted


def _tell_numbers(row: pd.Series) -> str:
    """Say a filter's row of `filter_tables` in words."""
    if not row["best_class"]:
        return "It is heard in too few test pictures to be measured"
    told = (f"Over all test pictures it answers most to {row['best_class']} (selectivity {row['selectivity']:.2f}, "
            f"p {row['p']:.3f})")
    inside, share = f"{row['inside']:.0%}", f"{row['box_share']:.0%}"
    return told if np.isnan(row["inside"]) else (
        f"{told}; {inside} of its answer lies inside the figures' boxes, which are {share} of the pictures")


def _activations(network, picture: np.ndarray, layer: str) -> np.ndarray:
    return next(feature_maps(network, picture[None], [layer]))[layer]


def _label_layers(network, blocks: Sequence[str]) -> dict[str, str]:
    """Return what each layer with maps is called, the blocks first."""
    layers = map_layers(network)
    if not layers:
        raise ValueError(f"the network {network.name} has no layer with feature maps")
    labels = {layer: f"block {number}: {layer}" for number, layer in enumerate(blocks, start=1)}
    return labels | {layer: layer for layer in layers if layer not in labels}


def _rule(maps: Sprite) -> Image.Image:
    """Draw lines between a sprite's tiles. Small pixels become squares, which a browser would smooth."""
    times = max(GRID_SIDE // maps.image.width, 1)
    pixels = np.asarray(maps.image).repeat(times, axis=0).repeat(times, axis=1)
    pixels[::maps.side * times] = LINES
    pixels[:, ::maps.side * times] = LINES
    return Image.fromarray(pixels)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)  # it goes to a browser nearby, and should be there at once
    return buffer.getvalue()
