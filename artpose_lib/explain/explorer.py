"""The live reader of feature maps, for a notebook with a kernel: pictures of one's own, any layer, Grad-CAM.

It is made of core ipywidgets alone, which JupyterLab and VS Code both show.
"""

import io
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from threading import RLock

import ipywidgets as widgets
import numpy as np
from PIL import Image

from artpose_lib.data.pictures import PictureError, decode, decode_square, resize
from artpose_lib.explain.gradcam import gradcam, map_layers
from artpose_lib.explain.maps import Sprite, feature_maps, sprite
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.train.trials import Cache
from artpose_lib.web import contact_sheet

SIDE = 336  # pixels on the screen of the picture, the map and Grad-CAM
GRID_SIDE = 672  # the same of the grid of all filters
LINES = 136  # the grey between its tiles
VEIL = (26, 242, 242)  # what is laid over a picture: turquoise is rare in paintings
SUREST = -1  # in place of a class: the one that the network gives the highest probability


class FeatureMapExplorer(widgets.VBox):
    """Scroll through every filter of every layer of some networks and pictures.

    Parameters: `models` are flat functional keras.Models by name; `pictures` uint8 RGB (h, w, 3) by title; `classes`
    a classifier's outputs; all plain text. A network with other outputs shows its maps, without Grad-CAM.
    Raises ValueError where there is no model or no picture, or the first model has no layer with maps.
    """

    def __init__(self, models: Mapping[str, object], pictures: Mapping[str, np.ndarray], classes: Sequence[str]):
        if not models or not pictures:
            raise ValueError("an explorer needs a model and a picture at least")
        self._models, self._classes = dict(models), tuple(map(str, classes))
        self._pictures = {title: partial(resize, picture) for title, picture in pictures.items()}  # by the side wanted
        self._last, self._drawing, self._lock = Cache(), False, RLock()
        super().__init__(self._make_widgets())
        self._draw()
        for control in (self.model, self.layer, self.picture, self.upload, self.filter, self.strength, self.explained):
            control.observe(self._react, "value")

    def _repr_mimebundle_(self, **options) -> dict:
        """With what is shown now, but for the large grid, as a static sheet for pages without a kernel."""
        images, captions = zip(*((np.asarray(image), said) for image, said in self._views if image), strict=True)
        return super()._repr_mimebundle_(**options) | {"text/html": contact_sheet(images, captions, SIDE).data}

    def _make_widgets(self) -> list[widgets.Widget]:
        wide = {"width": "500px", "max_width": "100%"}
        row = partial(widgets.HBox, layout={"flex_flow": "row wrap"})
        self.model = widgets.Dropdown(options=list(self._models), description="Model")
        self.picture = widgets.Dropdown(options=list(self._pictures), description="Picture")
        self.layer = widgets.Dropdown(description="Layer")
        # Jupyter's server takes no message above 10 MiB: a larger file never arrives, without a word.
        self.upload = widgets.FileUpload(accept="image/*", description="Upload a picture (below 10 MB)",
                                         layout={"width": "auto"})
        self.filter = widgets.IntSlider(1, min=1, max=1, description="Filter", layout=wide)
        self.strength = widgets.FloatSlider(0.6, min=0, max=1, step=0.05, description="Overlay")
        self.explained = widgets.Dropdown(description="Class", options=[
            ("the surest", SUREST), *((name, index) for index, name in enumerate(self._classes))])
        self.images = [widgets.Image(layout={"width": f"{side}px", "max_width": "100%"})
                       for side in (SIDE, SIDE, SIDE, GRID_SIDE)]
        # Texts of their own: an image that carries a tooltip makes JupyterLab's widgets fail (ipywidgets 8.1.9).
        self.captions = [widgets.HTML(layout={"max_width": f"{SIDE}px"}) for _ in self.images]
        picture, tile, cam, grid = (widgets.VBox(pair) for pair in zip(self.images, self.captions, strict=True))
        self.judgement, self.message = widgets.VBox([cam, self.explained]), widgets.HTML()
        return [row([self.model, self.layer, self.picture, self.upload]), row([self.filter, self.strength]),
                self.message, row([picture, tile, self.judgement]), grid]

    def _react(self, change) -> None:
        """Follow a control. What cannot be shown is said in a sentence, and the control goes back."""
        with self._lock:  # JupyterLab handles the messages of two controls in two threads, at the same time
            if self._drawing:
                return
            self._drawing, said = True, ""
            try:
                if change.owner is self.upload and change.new:
                    said = self._take_upload(change.new)
                self._draw(other_layer=change.owner is self.layer)
            except Exception as error:  # a network of one's own may raise anything
                said = str(error) or type(error).__name__
                change.owner.value = change.old
            finally:
                self._drawing = False
            self.message.value = f'<p role="alert">{escape(said)}</p>' if said else ""

    def _take_upload(self, files: Sequence[Mapping]) -> str:
        """Choose an uploaded picture, under a title of its own; returns what was converted in it."""
        self.upload.value = ()  # so that the same file can come again
        name, data = files[0]["name"], bytes(files[0]["content"])
        try:
            _, conversions = decode(data, side=1)  # even the smallest decode reads the file to its end
        except PictureError as error:
            raise PictureError(f"{name}: {error}") from error
        copies = [f"{name} ({number})" for number in range(2, len(self._pictures) + 2)]
        title = next(title for title in [name, *copies] if title not in self._pictures)
        self._pictures[title] = partial(decode_square, data)
        with self.picture.hold_sync():  # the browser is told of both at once, and never sees one without the other
            self.picture.options = list(self._pictures)
            self.picture.value = title
        return " ".join(conversions)

    def _draw(self, other_layer: bool = False) -> None:
        """Show what the controls ask for. All is computed before anything is shown: what fails changes nothing."""
        network, title = self._models[self.model.value], self.picture.value
        labels, size = _label_layers(network), network.input_shape[1]
        layer = self.layer.value if self.layer.value in labels else next(iter(labels))
        picture = self._last.keep("picture", (title, size), lambda: self._pictures[title](size))
        shown = self.model.value, title, layer
        maps = self._last.keep("maps", shown, lambda: sprite(_activations(network, picture, layer)))
        grid = self._last.keep("grid", shown, lambda: _png(_rule(maps)))
        count = len(maps.low)
        number = 1 if other_layer or self.filter.value > count else self.filter.value
        tile, low, high = maps.map(number - 1), maps.low[number - 1], maps.high[number - 1]
        sees = (f"{labels[layer]}, filter {number} of {count}: {maps.side} × {maps.side}, "
                f"from {low:.3g} (black) to {high:.3g} (white)")
        self._views = [(self._overlay(picture, tile), f"{title}; where it is turquoise, the filter answers"),
                       (tile.resize((SIDE, SIDE), Image.Resampling.NEAREST), sees), self._judge(network, picture)]
        with self.layer.hold_sync():
            self.layer.options, self.layer.value = [(label, name) for name, label in labels.items()], layer
        self.filter.max, self.filter.value = count, number
        self.images[3].value, self.captions[3].value = grid, escape(f"All filters of {labels[layer]}")
        for image, caption, (drawn, said) in zip(self.images, self.captions, self._views, strict=False):
            image.value, caption.value = _png(drawn) if drawn else b"", escape(said)
        self.judgement.layout.display = None if drawn else "none"

    def _judge(self, network, picture: np.ndarray) -> tuple[Image.Image | None, str]:
        """Return Grad-CAM over the picture and its caption; nothing where the network has other classes."""
        if network.output.shape[1:] != (len(self._classes),):
            return None, ""
        head, asked = network.layers[-1].name, (self.model.value, self.picture.value)
        found = self._last.keep("said", asked, lambda: _activations(network, picture, head))
        index = int(found.argmax()) if self.explained.value == SUREST else self.explained.value
        cam = self._last.keep("cam", (*asked, index), lambda: gradcam(network, picture, index))
        where = "where it is turquoise, the picture speaks" if cam.any() else "nothing in the picture speaks"
        told = ", ".join(f"{name} {value:.1%}" for name, value in zip(self._classes, found, strict=True))
        return (self._overlay(picture, Image.fromarray(np.rint(255 * cam).astype(np.uint8))),
                f"Grad-CAM: {where} for {self._classes[index]}; the network says {told}")

    def _overlay(self, picture: np.ndarray, greys: Image.Image) -> Image.Image:
        """Lay over a picture, uint8 RGB, a veil that is the denser the lighter the greys."""
        below = resize(picture, SIDE).astype(np.float32)
        # A map's pixels stay square: they are all that the network computed.
        veil = np.asarray(greys.resize((SIDE, SIDE), Image.Resampling.NEAREST), np.float32)[:, :, None]
        veil *= self.strength.value / 255
        return Image.fromarray(np.rint(below + (np.float32(VEIL) - below) * veil).astype(np.uint8))


def _activations(network, picture: np.ndarray, layer: str) -> np.ndarray:
    return next(feature_maps(network, picture[None], [layer]))[layer]


def _label_layers(network) -> dict[str, str]:
    """Return what each layer with maps is called, a backbone's five blocks first."""
    layers = map_layers(network)
    if not layers:
        raise ValueError(f"the network {network.name} has no layer with feature maps")
    blocks = BACKBONES[network.name].blocks if network.name in BACKBONES else ()
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
