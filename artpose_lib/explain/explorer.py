"""The live reader of feature maps, for a notebook with a kernel.

Beyond the static reader it takes pictures of one's own and any layer, and shows Grad-CAM. It is made of core ipywidgets
alone, which JupyterLab and VS Code both show.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape, unescape
from threading import RLock

import ipywidgets as widgets
import numpy as np
from PIL import Image

from artpose_lib.data.pictures import PictureError, decode, decode_square, resize
from artpose_lib.explain.gradcam import gradcam, map_layers
from artpose_lib.explain.maps import Sprite, feature_maps, sprite
from artpose_lib.model.backbones import BACKBONES
from artpose_lib.web import contact_sheet

SIDE = 336  # pixels on the screen of the picture, the map and Grad-CAM
GRID_SIDE = 672  # the same of the grid of all filters
LINES = 136  # the grey between its tiles
VEIL = (26, 242, 242)  # what is laid over a picture: turquoise is rare in paintings
SUREST = -1  # in place of a class: the one that the network gives the highest probability
LONGEST = 100  # characters kept of an uploaded file's name


class FeatureMapExplorer(widgets.VBox):
    """Scroll through every filter of every layer, of pictures and networks that are chosen as one goes.

    Parameters: `models` are flat functional keras.Models on uint8 pictures (n, size, size, 3), by the names that a
    reader picks them by; `pictures` uint8 RGB arrays (h, w, 3) by their titles, resized plainly to what a network
    takes; `classes` the names of a classifier's outputs, in their order. All names are plain text. A network whose
    outputs are not these classes shows its maps, without Grad-CAM and probabilities.
    Raises ValueError where there is no model or no picture, or the first model has no layer with maps.
    """

    def __init__(self, models: Mapping[str, object], pictures: Mapping[str, np.ndarray], classes: Sequence[str]):
        if not models or not pictures:
            raise ValueError("an explorer needs a model and a picture at least")
        self._models, self._classes = dict(models), tuple(map(str, classes))
        self._pictures = {title: partial(resize, picture) for title, picture in pictures.items()}  # by the side wanted
        self._kept: dict[str, tuple[object, object]] = {}
        self._drawing, self._lock = False, RLock()
        self._make_widgets()
        super().__init__(self._arrange_widgets())
        self._draw()
        for control in self._controls:
            control.observe(self._react, "value")

    def _repr_mimebundle_(self, **options) -> dict:
        """With what is shown now as a static sheet, for pages without a kernel: all but the grid, which is large and
        stands in the static reader."""
        shown = [(np.asarray(Image.open(io.BytesIO(image.value)).convert("RGB")), unescape(caption.value))
                 for image, caption in zip(self.images[:3], self.captions, strict=False) if image.value]
        sheet = contact_sheet(*zip(*shown, strict=True), height=SIDE)
        return super()._repr_mimebundle_(**options) | {"text/html": sheet.data}

    def _make_widgets(self) -> None:
        wide = {"width": "500px", "max_width": "100%"}
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
        self._controls = (self.model, self.layer, self.picture, self.upload, self.filter, self.strength,
                          self.explained)
        self.images = [widgets.Image(layout={"width": f"{side}px", "max_width": "100%"})
                       for side in (SIDE, SIDE, SIDE, GRID_SIDE)]
        # Texts of their own: an image that carries a tooltip makes JupyterLab's widgets fail (ipywidgets 8.1.9).
        self.captions = [widgets.HTML(layout={"max_width": f"{SIDE}px"}) for _ in self.images]
        self.probabilities, self.message = widgets.HTML(), widgets.HTML()

    def _arrange_widgets(self) -> list[widgets.Widget]:
        row = partial(widgets.HBox, layout={"flex_flow": "row wrap"})
        picture, filter_map, cam, grid = (widgets.VBox(pair) for pair in zip(self.images, self.captions, strict=True))
        self.judgement = widgets.VBox([cam, self.explained, self.probabilities])
        return [row([self.model, self.layer, self.picture, self.upload]), row([self.filter, self.strength]),
                self.message, row([picture, filter_map, self.judgement]), grid]

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
        name, data = files[0]["name"][:LONGEST], bytes(files[0]["content"])
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
        network, title, strength = self._models[self.model.value], self.picture.value, self.strength.value
        labels, size = _label_layers(network), network.input_shape[1]
        layer = self.layer.value if self.layer.value in labels else next(iter(labels))
        picture = self._once("picture", (title, size), lambda: self._pictures[title](size))
        shown = self.model.value, title, layer
        maps = self._once("maps", shown, lambda: sprite(feature_maps(network, picture[np.newaxis], [layer])[layer][0]))
        number = 1 if other_layer or self.filter.value > maps.count else self.filter.value
        tile, low, high = maps.map(number - 1), maps.low[number - 1], maps.high[number - 1]
        cam, judged, bars = self._judge(network, picture, strength)
        sees = (f"{labels[layer]}, filter {number} of {maps.count}: {maps.side} × {maps.side}, "
                f"from {low:.3g} (black) to {high:.3g} (white)")
        views = [(_overlay(picture, tile, strength), f"{title}; where it is turquoise, the filter answers"),
                 (_png(tile.resize((SIDE, SIDE), Image.Resampling.NEAREST)), sees), (cam, judged),
                 (self._once("grid", shown, lambda: _rule(maps)), f"All filters of {labels[layer]}")]
        with self.layer.hold_sync():
            self.layer.options, self.layer.value = [(label, name) for name, label in labels.items()], layer
        self.filter.max, self.filter.value = maps.count, number
        for image, caption, (drawn, said) in zip(self.images, self.captions, views, strict=True):
            image.value, caption.value = drawn, escape(said)
        self.judgement.layout.display, self.probabilities.value = None if cam else "none", bars

    def _judge(self, network, picture: np.ndarray, strength: float) -> tuple[bytes, str, str]:
        """Return Grad-CAM over the picture as PNG, its caption, and the classes' probabilities as HTML; nothing where
        the network does not tell the classes apart."""
        if network.output.shape[1:] != (len(self._classes),):
            return b"", "", ""
        head, asked = network.layers[-1].name, (self.model.value, self.picture.value)
        found = self._once("probabilities", asked, lambda: feature_maps(network, picture[np.newaxis], [head])[head][0])
        index = int(found.argmax()) if self.explained.value == SUREST else self.explained.value
        cam = self._once("cam", (*asked, index), lambda: gradcam(network, picture, index))
        where = "where it is turquoise, the picture speaks" if cam.any() else "nothing in the picture speaks"
        greys = Image.fromarray(np.rint(255 * cam).astype(np.uint8))
        return (_overlay(picture, greys, strength), f"Grad-CAM: {where} for {self._classes[index]}",
                _bars(dict(zip(self._classes, found, strict=True))))

    def _once(self, what: str, key: object, compute: Callable[[], object]) -> object:
        """Return what was computed last under this name where its key is still the same, so that a step is quick."""
        if what not in self._kept or self._kept[what][0] != key:
            self._kept[what] = key, compute()
        return self._kept[what][1]


def _label_layers(network) -> dict[str, str]:
    """Return what each layer with maps is called, a backbone's five blocks first."""
    layers = map_layers(network)
    if not layers:
        raise ValueError(f"the network {network.name} has no layer with feature maps")
    blocks = BACKBONES[network.name].blocks if network.name in BACKBONES else ()
    labels = {layer: f"block {number}: {layer}" for number, layer in enumerate(blocks, start=1)}
    return labels | {layer: layer for layer in layers if layer not in labels}


def _overlay(picture: np.ndarray, greys: Image.Image, strength: float) -> bytes:
    """Lay over a picture, uint8 RGB, a veil that is the denser the lighter the greys; PNG."""
    below = resize(picture, SIDE).astype(np.float32)
    # A map's pixels stay square: they are all that the network computed.
    veil = np.asarray(greys.resize((SIDE, SIDE), Image.Resampling.NEAREST), np.float32)[:, :, None] * (strength / 255)
    return _png(Image.fromarray(np.rint(below + (np.float32(VEIL) - below) * veil).astype(np.uint8)))


def _rule(maps: Sprite) -> bytes:
    """Draw lines between a sprite's tiles; PNG. Small pixels become squares, which a browser would smooth."""
    times, rows = max(GRID_SIDE // maps.image.width, 1), maps.image.height // maps.side
    pixels = np.asarray(maps.image).repeat(times, axis=0).repeat(times, axis=1)
    tiles = pixels.reshape(rows, maps.side * times, maps.columns, maps.side * times)
    ruled = np.pad(tiles, ((0, 0), (0, 1), (0, 0), (0, 1)), constant_values=LINES)
    return _png(Image.fromarray(ruled.reshape(rows * (maps.side * times + 1), -1)))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)  # it goes to a browser nearby, and should be there at once
    return buffer.getvalue()


def _bars(probabilities: Mapping[str, float]) -> str:
    """Return a class a line with its probability as a bar and in per cent; HTML."""
    lines = "".join(f'<span>{escape(name)}</span><meter value="{value:.4f}" aria-label="{escape(name)}"></meter>'
                    f"<span>{value:.1%}</span>" for name, value in probabilities.items())
    return ('<div style="display: grid; grid-template-columns: auto 8rem auto; justify-content: start; gap: 0 0.6rem">'
            f"{lines}</div>")
