"""The live reader of feature maps, for a notebook with a kernel: what the static one shows, of any picture and layer.

It shows the same sprites and tables. What needs a kernel comes on top: a picture of one's own, any network and any of
its layers, and Grad-CAM for any class. It is made of core ipywidgets alone: JupyterLab and VS Code both show them.
"""

import io
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from numbers import Real
from threading import RLock

import ipywidgets as widgets
import numpy as np
import pandas as pd
from PIL import Image

from artpose_lib.data.pictures import resize
from artpose_lib.explain.maps import Sprite
from artpose_lib.explain.scenes import SUREST, Scene, Scenes, View
from artpose_lib.web import contact_sheet

SIDE = 336  # pixels on the screen of the picture, the map and Grad-CAM
GRID_SIDE = 672  # the same of the grid of all filters
FRAME = "3px solid #e8590c"  # an orange that is legible on black and on white
LINES = 136  # the grey between the tiles of the grid
VEIL = (26, 242, 242)  # what is laid over a picture: turquoise is rare in paintings


class FeatureMapExplorer(widgets.VBox):
    """Scroll through every filter of every layer, of pictures and networks that are chosen as one goes.

    Parameters: `models` are flat functional keras.Models on uint8 pictures (n, size, size, 3), or functions without
    parameters that load one, by the names that a reader picks them by; `pictures` uint8 RGB arrays (h, w, 3) by their
    titles, resized plainly to what a network takes; `classes` the names of a classifier's outputs, in their order;
    `tables` for some (model, layer) the frame that `filters.filter_table` makes, to sort by. All names are plain text.
    A network whose outputs are not these classes shows its maps, without Grad-CAM and probabilities.

    `state` is the address of what is shown, "model/block/filter/picture" as in the static reader's links: names as
    `reader.slug` writes them (percent-encoded where that would be ambiguous), the block's number from 1 where it is one
    of `BACKBONES`' and else the layer's name, the filter from 1. Setting it goes there. A whole link will do, of which
    the part behind the last "#" counts; its "vgg16" is the first of `models` whose name begins so, and with a fifth
    part, "fine-tuned", that of the name "VGG16 fine-tuned". It raises ValueError, and changes nothing, where an address
    names something that is not there.

    Raises ValueError where there is no model or no picture, or the first model has no layer with maps.
    """

    def __init__(self, models: Mapping[str, object], pictures: Mapping[str, np.ndarray], classes: Sequence[str],
                 tables: Mapping[tuple[str, str], pd.DataFrame] | None = None):
        self.scenes = Scenes(models, pictures, classes, tables)
        self._drawn: Sprite | None = None
        self._painting, self._lock = False, RLock()
        self._make_controls()
        self._make_pictures()
        super().__init__(self._arranged())
        self._show(View(next(iter(models)), "", 0, next(iter(pictures))))
        for control in (*self.choices.values(), self.strength, self.address, self.upload):
            control.observe(self._react, "value")

    @property
    def state(self) -> str:
        return self.scenes.address(self.scene.view)

    @state.setter
    def state(self, address: str) -> None:
        wanted = self.scenes.view(address)
        with self._lock:
            self._show(wanted._replace(sort=self.scene.view.sort, class_index=self.scene.view.class_index))

    def _repr_mimebundle_(self, **options) -> dict:
        """With what is shown now as a static sheet, for pages without a kernel: all but the grid, which is large and
        stands in the static reader."""
        shown = [(image, said) for image, said in zip(self.images[:-1], _captions(self.scene)[:-1], strict=True)
                 if image.value]
        sheet = contact_sheet([np.asarray(Image.open(io.BytesIO(image.value)).convert("RGB")) for image, _ in shown],
                              [said for _, said in shown], height=SIDE)
        return super()._repr_mimebundle_(**options) | {"text/html": sheet.data}

    def _make_controls(self) -> None:
        wide = {"width": "500px", "max_width": "100%"}
        self.model = widgets.Dropdown(options=list(self.scenes.models), description="Model")
        self.layer = widgets.Dropdown(description="Layer")
        self.picture = widgets.Dropdown(description="Picture")
        # Jupyter's server takes no message above 10 MiB: a larger file never arrives, and nobody says so.
        self.upload = widgets.FileUpload(accept="image/*", description="Upload a picture (below 10 MB)",
                                         layout={"width": "auto"})
        self.sort = widgets.Dropdown(description="Sort by")
        self.filter = widgets.SelectionSlider(options=(1,), description="Filter", layout=wide)
        self.strength = widgets.FloatSlider(0.6, min=0, max=1, step=0.05, description="Overlay")
        self.explained = widgets.Dropdown(description="Class", options=[
            ("the surest", SUREST), *((name, index) for index, name in enumerate(self.scenes.classes))])
        self.address = widgets.Text(description="Address", continuous_update=False, layout=wide)
        self.choices = {"model": self.model, "layer": self.layer, "picture": self.picture, "sort": self.sort,
                        "filter": self.filter, "class_index": self.explained}  # by the names that a View gives them

    def _make_pictures(self) -> None:
        self.seen, self.map, self.cam = (widgets.Image(layout={"width": f"{SIDE}px"}) for _ in range(3))
        self.grid = widgets.Image(layout={"grid_area": "1 / 1 / -1 / -1", "width": "100%", "margin": "0"})
        self.images = self.seen, self.map, self.cam, self.grid
        self.frame = widgets.Box(layout={"border": FRAME, "margin": "0"})
        # Texts of their own: an image that carries a tooltip makes JupyterLab's widgets fail (ipywidgets 8.1.9).
        self.captions = [widgets.HTML(layout={"max_width": f"{SIDE}px"}) for _ in self.images]
        self.numbers, self.probabilities, self.message = (widgets.HTML() for _ in range(3))

    def _arranged(self) -> list[widgets.Widget]:
        row = partial(widgets.HBox, layout={"flex_flow": "row wrap"})
        seen, shown, judged, all_filters = self.captions
        self.judgement = widgets.VBox([self.cam, judged, self.explained, self.probabilities])
        # The grid's image and its frame share one raster, so that the frame moves by naming a cell.
        self.tiles = widgets.GridBox([self.grid, self.frame], layout={"max_width": f"{GRID_SIDE}px"})
        return [row([self.model, self.layer, self.picture, self.upload]), row([self.sort, self.filter, self.strength]),
                self.message,
                row([widgets.VBox([self.seen, seen]), widgets.VBox([self.map, shown, self.numbers]), self.judgement]),
                self.tiles, all_filters, self.address]

    def _react(self, change) -> None:
        """A control was moved. What cannot be shown is said in a sentence, and the controls go back."""
        with self._lock:  # JupyterLab handles the messages of two controls in two threads, at the same time
            if self._painting:
                return
            try:
                said = self._follow(change.owner, change.new)
            except Exception as error:  # a function that loads a model may raise anything
                said = str(error) or type(error).__name__
                self._paint()
            self.message.value = f'<p role="alert">{escape(said)}</p>' if said else ""

    def _follow(self, control: widgets.Widget, value: object) -> str:
        """Show what a control says, and all else as it was. Returns a sentence where there is something to know."""
        if control is self.upload:
            return self._take_upload(value)
        if control is self.address:
            self.state = value
        elif control is self.strength:
            self._paint()
        else:
            field = next(field for field, choice in self.choices.items() if choice is control)
            view = self.scene.view._replace(**{field: value})
            # In a new order the first filter is what one looks for.
            self._show(view._replace(filter=0) if field in ("layer", "sort") else view)
        return ""

    def _take_upload(self, files: Sequence[Mapping]) -> str:
        if not files:
            return ""
        self.upload.value = ()  # so that the same file can come again
        title, conversions = self.scenes.add(files[0]["name"], bytes(files[0]["content"]))
        self._show(self.scene.view._replace(picture=title))
        return " ".join(conversions)

    def _show(self, view: View) -> None:
        """All is computed before anything is painted: a view that fails leaves the one before as it was."""
        self.scene = self.scenes.look(view)
        self._paint()

    def _paint(self) -> None:
        self._painting = True
        try:
            self._paint_controls(self.scene)
            self._paint_maps(self.scene)
            self._paint_judgement(self.scene)
            for caption, said in zip(self.captions, _captions(self.scene), strict=True):
                caption.value = escape(said)
        finally:
            self._painting = False

    def _paint_controls(self, scene: Scene) -> None:
        options = {"model": tuple(self.scenes.models), "picture": tuple(self.scenes.pictures),
                   "layer": tuple((label, layer) for layer, label in scene.labels.items()),
                   "sort": tuple(scene.orders), "filter": scene.order}
        for field, control in self.choices.items():
            with control.hold_sync():  # the browser is told of both at once, and never sees one without the other
                control.options = options.get(field, control.options)
                control.value = getattr(scene.view, field)
        self.address.value = self.state

    def _paint_maps(self, scene: Scene) -> None:
        tile, grid = scene.tile.map(0), scene.grid
        self.seen.value = _laid_over(scene.picture, tile, self.strength.value)
        self.map.value = _png(tile.resize((SIDE, SIDE), Image.Resampling.NEAREST))
        self.numbers.value = _listed(scene.numbers)
        if grid is not self._drawn:  # it is large, and a step does not change it
            self._drawn, self.grid.value = grid, _ruled(grid)
        self.tiles.layout.grid_template_columns = f"repeat({grid.columns}, minmax(0, 1fr))"
        self.tiles.layout.grid_template_rows = f"repeat({grid.rows}, minmax(0, 1fr))"
        row, column = divmod(scene.place, grid.columns)
        self.frame.layout.grid_area = f"{row + 1} / {column + 1}"

    def _paint_judgement(self, scene: Scene) -> None:
        if scene.cam is None:
            self.judgement.layout.display, self.cam.value = "none", b""
            return
        self.judgement.layout.display = None
        greys = Image.fromarray(np.rint(255 * scene.cam).astype(np.uint8))
        self.cam.value = _laid_over(scene.picture, greys, self.strength.value)
        self.probabilities.value = _bars(scene.probabilities)


def _captions(scene: Scene) -> tuple[str, str, str, str]:
    """What stands below the picture, the map, Grad-CAM and all maps; plain text."""
    view, tile, layer = scene.view, scene.tile, scene.labels[scene.view.layer]
    judged = ""
    if scene.cam is not None:
        where = "where it is turquoise, the picture speaks" if scene.cam.any() else "nothing in the picture speaks"
        judged = f"Grad-CAM: {where} for {scene.judged}"
    return (f"{view.picture}; where it is turquoise, the filter answers",
            f"{layer}, filter {view.filter} of {scene.grid.count}: {tile.side} × {tile.side}, "
            f"from {tile.low[0]:.3g} (black) to {tile.high[0]:.3g} (white)",
            judged, f"All filters of {layer}, sorted by {view.sort}")


def _laid_over(picture: np.ndarray, greys: Image.Image, strength: float) -> bytes:
    """A picture, uint8 RGB, under a veil that is the denser the lighter the greys; PNG."""
    side = SIDE, SIDE
    below = np.asarray(resize(picture, SIDE), np.float32)
    # A map's pixels stay square: they are all that the network computed.
    veil = np.asarray(greys.resize(side, Image.Resampling.NEAREST), np.float32)[:, :, None] * (strength / 255)
    return _png(Image.fromarray(np.rint(below + (np.float32(VEIL) - below) * veil).astype(np.uint8)))


def _ruled(grid: Sprite) -> bytes:
    """The sprite with lines between its tiles, PNG. Where it is small its pixels become squares: a browser would smooth
    them."""
    times, side = max(GRID_SIDE // (grid.columns * grid.tile), 1), grid.tile
    pixels = np.asarray(Image.open(io.BytesIO(grid.png))).repeat(times, axis=0).repeat(times, axis=1)
    tiles = pixels.reshape(grid.rows, side * times, grid.columns, side * times)
    ruled = np.pad(tiles, ((0, 0), (0, 1), (0, 0), (0, 1)), constant_values=LINES)
    return _png(Image.fromarray(ruled.reshape(grid.rows * (side * times + 1), -1)))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)  # it goes to a browser nearby, and should be there at once
    return buffer.getvalue()


def _bars(probabilities: Mapping[str, float]) -> str:
    """A class a line with its probability as a bar and in per cent; HTML."""
    lines = "".join(f'<span>{escape(name)}</span><meter value="{value:.4f}" aria-label="{escape(name)}"></meter>'
                    f"<span>{value:.1%}</span>" for name, value in probabilities.items())
    return ('<div style="display: grid; grid-template-columns: auto 8rem auto; justify-content: start; gap: 0 0.6rem">'
            f"{lines}</div>")


def _listed(numbers: pd.Series) -> str:
    """What the table says of a filter, as far as it is a number or a text; HTML."""
    said = {name: value if isinstance(value, str) else f"{value:.3g}" for name, value in numbers.items()
            if isinstance(value, (str, Real))}
    return "<br>".join(f"{escape(str(name))}: {escape(value)}" for name, value in said.items())
