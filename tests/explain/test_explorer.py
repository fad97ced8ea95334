"""The live reader, by setting its widgets' values; tests/browser looks at it in a real JupyterLab."""

import io
import re
import struct
import threading
import time
from datetime import datetime
from html import unescape

import keras
import numpy as np
import pytest
from PIL import Image
from tinynet import COLOURS, SIZE, network, picture
from tinyreader import HOSTILE

from artpose_lib.explain import explorer as module
from artpose_lib.explain.explorer import SIDE, VEIL, FeatureMapExplorer
from artpose_lib.explain.maps import feature_maps, sprite

TUNED = "VGG16 fine-tuned"
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@pytest.fixture(scope="module")
def tiny():
    return network()


@pytest.fixture
def explorer(tiny):
    pictures = {"one": picture(), "two": picture()[::-1]}
    return FeatureMapExplorer({TUNED: tiny, "mine": network("mine")}, pictures, COLOURS)


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
        shown = drawn.map(number - 1).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        assert np.array_equal(pixels(explorer.images[1])[:, :, 0], shown)
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
    explorer.filter.value, explorer.picture.value, explorer.model.value = 5, "two", "mine"
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
    for shown in (0, 2):
        np.testing.assert_array_equal(pixels(explorer.images[shown]), plain)
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
    explorer = FeatureMapExplorer({"four": network(classes=4), "three": tiny, "none": backbone},
                                  {"one": picture()}, COLOURS)
    assert explorer.judgement.layout.display == "none"
    assert "Grad-CAM" not in explorer._repr_mimebundle_()["text/html"]
    explorer.model.value = "three"
    assert explorer.judgement.layout.display is None and explorer.images[2].value
    explorer.model.value = "none"
    assert explorer.judgement.layout.display == "none" and said(explorer) == ""


# Pictures of one's own.


def test_an_uploaded_picture_is_looked_at_at_once(explorer):
    blue = np.full((50, 70, 3), (0, 0, 200), np.uint8)
    explorer.filter.value = 3
    for title in ("mine.png", "mine.png (2)"):  # the same name again
        upload(explorer, "mine.png", encoded(blue))
        assert (explorer.picture.value, said(explorer), explorer.upload.value) == (title, "", ())
    assert "for blue" in explorer.captions[2].value and "filter 3 of" in explorer.captions[1].value
    explorer.model.value = "mine"
    assert explorer.picture.value == "mine.png (2)"
    assert explorer.picture.options == ("one", "two", "mine.png", "mine.png (2)")
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
    explorer = FeatureMapExplorer({TUNED: tiny, "broken": make()}, {"one": picture()}, COLOURS)
    explorer.filter.value = 3
    before = state(explorer)
    explorer.model.value = "broken"
    assert said(explorer) and reason in said(explorer)
    assert state(explorer) == before
    explorer.layer.value = "block2_conv2"
    assert said(explorer) == "" and explorer.filter.max == 4


def test_nothing_to_show_is_refused(tiny):
    for models, pictures, message in (({}, {"one": picture()}, "at least"), ({"net": tiny}, {}, "at least"),
                                      ({"net": without_maps()}, {"one": picture()}, "no layer")):
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
    assert (explorer.picture.value, explorer.explained.value) == ("black.png", 2)
    assert "nothing in the picture speaks for blue" in explorer.captions[2].value


# Text.


def test_hostile_text_shows_as_text(tiny):
    explorer = FeatureMapExplorer({HOSTILE: tiny}, {HOSTILE: picture()}, [HOSTILE, "b", "c"])
    html = explorer._repr_mimebundle_()["text/html"]
    for text in (explorer.captions[0].value, explorer.captions[2].value, html):
        assert HOSTILE in unescape(text) and "<script" not in text and "<img src=x" not in text


def test_a_page_without_a_kernel_gets_what_is_shown(explorer):
    explorer.filter.value = 2
    bundle = explorer._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    assert len(re.findall('<img alt="[^"]+" src="data:image/jpeg;base64,', bundle["text/html"])) == 3
    assert bundle["text/html"].count("<img") == 3 and "filter 2 of 5" in bundle["text/html"]
    assert not re.search(r'(?:src|href)="(?!data:)|url\(|@import', bundle["text/html"])
