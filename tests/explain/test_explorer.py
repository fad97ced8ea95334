"""The live reader, by setting its widgets' values; tests/browser looks at it in a real JupyterLab."""

import io
import re
import struct
import threading
import time
from datetime import datetime
from html import unescape
from unittest.mock import patch

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tinynet import COLOURS, SIZE, WIDE, network, picture, wide
from tinyreader import HOSTILE

from artpose_lib import web
from artpose_lib.explain import explorer as module
from artpose_lib.explain.explorer import SIDE, VEIL, FeatureMapExplorer
from artpose_lib.explain.maps import feature_maps, sprite
from artpose_lib.explain.reader import ReaderModel, ReaderPicture
from artpose_lib.model.backbones import BACKBONES

TUNED, MINE = ("vgg16", "fine-tuned"), ("mine", "own")
BLOCKS = BACKBONES["VGG16"].blocks
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@pytest.fixture(scope="module")
def tiny():
    return network()


@pytest.fixture(autouse=True)
def forget():
    """What the last explorer showed."""
    FeatureMapExplorer._left = ""
    FeatureMapExplorer._uploads.clear()


def model(key, network, title="own", blocks=BLOCKS, **options):
    return ReaderModel(key, key.upper(), blocks, {title: network}, **options)


def shown(key="one", image=None, caption="", label=""):
    return ReaderPicture(key, picture() if image is None else image, caption or key, label)


@pytest.fixture
def explorer(tiny):
    models = [model("vgg16", tiny, "fine-tuned"), model("mine", network("mine"), blocks=())]
    return FeatureMapExplorer(models, [shown(), shown("two", picture()[::-1])], COLOURS)


def pixels(image):
    return np.asarray(Image.open(io.BytesIO(image.value)).convert("RGB"), dtype=int)


def quarters(image):
    """The colours in the middle of a picture's quarters: top left, top right, bottom left, bottom right."""
    image = image if isinstance(image, np.ndarray) else pixels(image)
    side = len(image)
    return [tuple(image[y, x].tolist()) for y in (side // 4, 3 * side // 4) for x in (side // 4, 3 * side // 4)]


def encoded(array, form="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, form)
    return buffer.getvalue()


def upload(explorer, name, data):
    explorer.upload.value = ({"name": name, "type": "image/png", "size": len(data), "content": memoryview(data),
                              "last_modified": datetime(2026, 11, 23)},)


def said(explorer):
    return unescape(re.sub("<.*?>", "", explorer.message.value))


def state(explorer):
    """What the controls say and what is shown."""
    choices = explorer.model, explorer.picture, explorer.layer, explorer.filter
    return [control.value for control in choices], [image.value for image in explorer.images], explorer.picture.options


# Maps.


def test_the_slider_goes_from_filter_to_filter_without_computing_anew(explorer, tiny, monkeypatch):
    drawn = sprite(next(feature_maps(tiny, picture()[None], ["block1_conv2"]))["block1_conv2"])
    explorer.images[3].observe(lambda change: pytest.fail("the grid is sent again"), "value")
    for name in ("feature_maps", "gradcam", "_rule"):
        monkeypatch.setattr(module, name, lambda *_, name=name: pytest.fail(f"{name} again"))
    for number, expected in ((1, [WHITE, BLACK, BLACK, BLACK]), (4, [BLACK] * 4), (2, [BLACK, WHITE, BLACK, BLACK])):
        explorer.filter.value = number
        assert quarters(explorer.images[1]) == expected
        tile = drawn.map(number - 1).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        assert np.array_equal(pixels(explorer.images[1])[:, :, 0], tile)
    assert "filter 2 of 5: 32 × 32, from 0 (black) to 0.49 (white)" in explorer.captions[1].value


def test_another_layer_begins_with_its_first_filter_of_the_same_picture_and_network(explorer):
    explorer.picture.value, explorer.filter.value = "two", 3
    assert list(explorer.layer.options)[0] == ("block 1: block1_conv2", "block1_conv2")
    assert [name for _, name in explorer.layer.options][5:] == ["single", "raised"]
    explorer.layer.value = "block5_conv3"
    assert (explorer.filter.value, explorer.filter.max) == (1, 4) and "2 × 2" in explorer.captions[1].value
    explorer.layer.value = "raised"  # no block
    assert (explorer.filter.value, explorer.filter.max) == (1, 1)
    assert quarters(explorer.images[1])[0] == BLACK != quarters(explorer.images[1])[3]  # upside down
    assert (explorer.model.value, explorer.picture.value) == (TUNED, "two")


def test_another_picture_and_another_network_keep_the_filter_and_the_layer_they_have(explorer):
    explorer.filter.value, explorer.picture.value, explorer.model.value = 5, "two", MINE
    assert (explorer.filter.value, explorer.layer.value) == (5, "block1_conv2")
    assert ("block1_conv2", "block1_conv2") in explorer.layer.options  # no block of a known architecture
    explorer.layer.value, explorer.model.value = "block2_conv2", TUNED
    assert (explorer.layer.value, explorer.picture.value) == ("block2_conv2", "two")


def test_the_grid_shows_all_filters(explorer):
    grid = pixels(explorer.images[3])
    tiles = [tile for row in np.split(grid, 2) for tile in np.split(row, 3, axis=1)]  # five filters in two rows
    white = [np.flatnonzero([colour == WHITE for colour in quarters(tile)]).tolist() for tile in tiles]
    assert white == [[0], [1], [3], [], [0, 3], []]  # the fourth filter is silent, and a sixth there is not


def test_the_overlay_can_be_as_strong_as_one_likes(explorer):
    plain = Image.fromarray(picture()).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    explorer.strength.value = 0
    for place in (0, 2):
        np.testing.assert_array_equal(pixels(explorer.images[place]), plain)
    explorer.strength.value, explorer.filter.value = 1, 2
    assert quarters(explorer.images[0]) == [(250, 0, 0), VEIL, BLACK, quarters(np.asarray(plain))[3]]
    assert quarters(explorer.images[2])[:2] == [VEIL, (0, 125, 0)]


# Classes.


def test_grad_cam_shines_where_the_chosen_class_is(explorer, tiny):
    explorer.strength.value = 1
    told = ", ".join(f"{name} {value:.1%}" for name, value in zip(
        COLOURS, tiny.predict(picture()[None], verbose=0)[0], strict=True))
    assert explorer.captions[2].value.endswith(f"speaks for red; the network says {told}")  # the surest
    for name, index in (("red", 0), ("green", 1), ("blue", 3)):
        explorer.explained.value = COLOURS.index(name)
        assert [place for place, colour in enumerate(quarters(explorer.images[2])) if colour == VEIL] == [index]
        assert f"speaks for {name}" in explorer.captions[2].value
    explorer.picture.value = "two"  # upside down; the class stays
    assert "for blue" in explorer.captions[2].value and quarters(explorer.images[2])[1] == VEIL


def test_a_network_of_other_classes_has_no_grad_cam(tiny):
    backbone = keras.Model(tiny.input, tiny.get_layer("block5_conv3").output)
    explorer = FeatureMapExplorer([model("four", network(classes=4)), model("three", tiny), model("none", backbone)],
                                  [shown()], COLOURS)
    assert explorer.judgement.layout.display == "none"
    assert "Grad-CAM" not in still(explorer)
    explorer.model.value = "three", "own"
    assert explorer.judgement.layout.display is None and explorer.images[2].value
    explorer.model.value = "none", "own"
    assert explorer.judgement.layout.display == "none" and said(explorer) == ""


# Pictures of one's own.


def test_an_uploaded_picture_is_looked_at_at_once(explorer):
    blue = np.full((50, 70, 3), (0, 0, 200), np.uint8)
    explorer.filter.value = 3
    for title in ("mine.png", "mine.png (2)"):  # the same name again
        upload(explorer, "mine.png", encoded(blue))
        assert (explorer.picture.label, said(explorer), explorer.upload.value) == (title, "", ())
    assert "for blue" in explorer.captions[2].value and "filter 3 of" in explorer.captions[1].value
    explorer.model.value = MINE
    assert explorer.picture.label == "mine.png (2)"
    assert [title for title, _ in explorer.picture.options] == ["one", "two", "mine.png", "mine.png (2)"]
    again = FeatureMapExplorer([model("mine", network("mine"))], [shown()], COLOURS)  # the cell is run again
    assert (again.picture.label, again.model.value, again.filter.value) == ("mine.png (2)", MINE, 3)
    assert len(again.picture.options) == 3 and "for blue" in again.captions[2].value
    other = FeatureMapExplorer([model("other", network("other"))], [shown()], COLOURS)  # nothing of what was left
    assert (other.picture.label, other.filter.value, said(other)) == ("one", 1, "")
    upload(explorer, "clear.png", encoded(np.zeros((20, 20, 4), np.uint8)))
    assert "transparent" in said(explorer)
    explorer.picture.value = "one"
    assert said(explorer) == ""


HUGE = bytearray(encoded(picture(), "BMP"))
HUGE[18:26] = struct.pack("<ii", 90_000, 90_000)  # where the header tells the width and the height


@pytest.mark.parametrize("data, reason", [(b"", "empty"), (b"<svg></svg>", "not a picture"),
                                          (encoded(picture())[:70], "truncated"), (HUGE, "exceeds limit")])
def test_a_file_that_is_no_picture_gets_one_sentence(explorer, data, reason):
    before = state(explorer)
    upload(explorer, HOSTILE, data)
    assert said(explorer).startswith(f"{HOSTILE}: The ") and reason in said(explorer)
    assert said(explorer).endswith(".") and "<img" not in explorer.message.value
    assert state(explorer) == before and explorer.upload.value == ()
    explorer.filter.value = 2
    assert said(explorer) == "" and "filter 2 of" in explorer.captions[1].value


# Networks.


def diverged():
    model = network()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    return model


def without_maps():
    return keras.Sequential([keras.Input((SIZE, SIZE, 3), dtype="uint8"), keras.layers.Flatten()])


@pytest.mark.parametrize("make, reason", [(diverged, "diverged"), (without_maps, "no layer with feature maps"),
                                          (dict, "")])
def test_a_network_that_cannot_be_shown_leaves_the_one_before(tiny, make, reason):
    explorer = FeatureMapExplorer([model("vgg16", tiny), model("broken", make())], [shown()], COLOURS)
    explorer.filter.value = 3
    before = state(explorer)
    explorer.model.value = "broken", "own"
    assert said(explorer) and reason in said(explorer)
    assert state(explorer) == before
    explorer.layer.value = "block2_conv2"
    assert said(explorer) == "" and explorer.filter.max == 4


def test_nothing_to_show_is_refused(tiny):
    for models, pictures, message in (([], [shown()], "at least"), ([model("net", tiny)], [], "at least"),
                                      ([model("net", without_maps())], [shown()], "no layer")):
        with pytest.raises(ValueError, match=message):
            FeatureMapExplorer(models, pictures, COLOURS)


def test_two_controls_that_are_moved_at_once_are_both_followed(explorer, monkeypatch):
    """JupyterLab runs the first message of a widget in the main thread and others in a second one."""
    compute, busy = module.gradcam, threading.Event()
    monkeypatch.setattr(module, "gradcam", lambda *given: busy.set() or time.sleep(0.3) or compute(*given))
    first = threading.Thread(target=lambda: setattr(explorer.explained, "value", 2))
    first.start()
    busy.wait()
    upload(explorer, "black.png", encoded(np.zeros((9, 9, 3), np.uint8)))
    first.join()
    assert (explorer.picture.label, explorer.explained.value) == ("black.png", 2)
    assert "nothing in the picture speaks for blue" in explorer.captions[2].value


# Text.


def test_hostile_text_shows_as_text(tiny):
    explorer = FeatureMapExplorer([model("one", tiny)], [shown(caption=HOSTILE)], [HOSTILE, "b", "c"])
    for text in (explorer.captions[0].value, explorer.captions[2].value, still(explorer)):
        assert HOSTILE in unescape(text) and "<script" not in text and "<img src=x" not in text
    explorer.address.value = HOSTILE
    assert HOSTILE in said(explorer) and "<img" not in explorer.message.value


def still(explorer):
    """The HTML that stands in a notebook where no kernel answers."""
    with patch.object(web, "display") as display:
        explorer._ipython_display_()
    still, live = (call.args[0] for call in display.call_args_list)
    assert live[web.WIDGET]["model_id"] == explorer.model_id
    return still["text/html"]


def test_a_page_without_a_kernel_gets_what_is_shown(explorer):
    explorer.filter.value = 2
    html = still(explorer)
    assert len(re.findall('<img alt="[^"]+" src="data:image/jpeg;base64,', html)) == html.count("<img") == 3
    assert "filter 2 of 5" in html
    assert not re.search(r'(?:src|href)="(?!data:)|url\(|@import', html)


# Views.


def test_an_address_names_a_view_and_a_wrong_one_is_told(explorer):
    assert explorer.address.value == "#vgg16/1/1/one"
    explorer.address.value = "http://127.0.0.1/chapters/08.html#vgg16/5/3/two/side-by-side"
    assert (explorer.layer.value, explorer.filter.value, explorer.picture.value) == ("block5_conv3", 3, "two")
    assert explorer.address.value == "#vgg16/5/3/two"
    explorer.address.value = "#mine/block2_conv2/4/one"
    assert (explorer.model.value, explorer.filter.max, said(explorer)) == (MINE, 4, "")
    before = state(explorer)
    for address, why in (("#mine/block2_conv2/5/one", "the filters 1 to 4"), ("#mine/block2_conv2/0/one", "1 to 4"),
                         ("#vgg16/6/1/one", 'no block "6" here, but 1, 2, 3'), ("#vgg16/1/1/three", "but one, two"),
                         ("#resnet50/1/1/one", "but vgg16, mine"), ("#vgg16/1/1/one/before", "but fine-tuned"),
                         ("12", "no address, such as #mine/block2_conv2/4/one")):
        explorer.address.value = address
        assert why in said(explorer) and state(explorer) == before
        assert explorer.address.value == "#mine/block2_conv2/4/one"


def test_a_browser_never_hears_of_a_filter_beyond_the_sliders_end():
    explorer = FeatureMapExplorer([model("wide", wide(), blocks=WIDE)], [shown()], COLOURS)
    told = {"max": 96, "value": 1}

    def hear(change):
        told[change.name] = change.new
        assert told["value"] <= told["max"]

    explorer.filter.observe(hear, ("max", "value"))
    for address in ("#wide/3/2000/one", "#wide/1/96/one", "#wide/2/120/one", "#wide/3/2048/one", "#wide/1/3/one"):
        explorer.address.value = address
        assert explorer.address.value == address and f"filter {address.split('/')[2]} of" in explorer.captions[1].value


def test_pictures_keep_their_proportions_and_numbers_are_words(tiny):
    numbers = pd.DataFrame({"best_class": ["red", ""], "selectivity": 0.91, "p": 0.004, "inside": [0.5, np.nan],
                            "box_share": 0.25})
    explorer = FeatureMapExplorer([model("vgg16", tiny, tables={"block5_conv3": numbers})],
                                  [shown(image=picture()[:16], label="Pieta")], COLOURS)
    assert [pixels(image).shape[:2] for image in explorer.images[:3]] == [(SIDE // 2, SIDE)] * 3
    assert explorer.picture.label == "Pieta: one"
    explorer.address.value = "#vgg16/5/1/one"
    assert "it answers most to red (selectivity 0.91, p 0.004); 50% of its answer lies" in explorer.captions[1].value
    explorer.filter.value = 2
    assert explorer.captions[1].value.endswith("too few test pictures to be measured")
