import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tinynet import COLOURS, SIZE, network, picture

from artpose_lib.data.pictures import PictureError
from artpose_lib.explain import scenes as scenes_module
from artpose_lib.explain.maps import feature_maps, sprite
from artpose_lib.explain.scenes import BY_NUMBER, BY_PEAK, SUREST, Scenes, View

NAMES = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4, unique=True)


@pytest.fixture(scope="module")
def tiny():
    return network()


def table(**columns):
    return pd.DataFrame(columns).rename_axis("filter")


def make(tiny, **options):
    given = {"models": {"VGG16 fine-tuned": tiny}, "pictures": {"one": picture(), "two": picture()[::-1]},
             "classes": COLOURS} | options
    return Scenes(**given)


# What is looked at.


def test_maps_are_those_of_the_static_reader(tiny):
    scenes = make(tiny)
    maps = feature_maps(tiny, picture()[None], ["block2_conv2"])["block2_conv2"][0]
    for number in range(1, 5):
        scene = scenes.look(View("VGG16 fine-tuned", "block2_conv2", number, "one"))
        assert scene.grid == sprite(maps)
        assert np.array_equal(scene.tile.map(0), scene.grid.map(number - 1))
        assert (scene.tile.low[0], scene.tile.high[0]) == (scene.grid.low[number - 1], scene.grid.high[number - 1])


def test_a_picture_is_resized_to_what_the_network_takes(tiny):
    large = network(size=2 * SIZE)
    wide = np.zeros((10, 20, 3), np.uint8)
    wide[:, 10:] = 255
    scenes = make(tiny, models={"small": tiny, "large": large}, pictures={"wide": wide})
    for model, side in (("small", SIZE), ("large", 2 * SIZE)):
        seen = scenes.look(View(model, "", 0, "wide")).picture
        assert (seen.shape, seen.dtype) == ((side, side, 3), np.uint8)
        assert not seen[:, :side // 3].any() and (seen[:, -side // 3:] == 255).all()


def test_blocks_come_first_and_every_other_layer_after(tiny):
    labels = make(tiny).look(View("VGG16 fine-tuned", "", 0, "one")).labels
    assert list(labels.values())[:2] == ["block 1: block1_conv2", "block 2: block2_conv2"]
    assert list(labels)[5:] == ["single", "raised"]


def test_what_the_model_lacks_is_replaced_by_the_first_that_it_has(tiny):
    scene = make(tiny).look(View("VGG16 fine-tuned", "nowhere", 99, "one", "beauty"))
    assert scene.view == View("VGG16 fine-tuned", "block1_conv2", 1, "one", BY_NUMBER)


def test_a_step_runs_no_network(tiny, monkeypatch):
    calls = []
    monkeypatch.setattr(scenes_module, "feature_maps", lambda *args: calls.append(args) or feature_maps(*args))
    scenes = make(tiny)
    first = scenes.look(View("VGG16 fine-tuned", "block1_conv2", 1, "one"))
    done = len(calls)
    second = scenes.look(first.view._replace(filter=2))
    assert len(calls) == done
    assert second.cam is first.cam and second.grid is first.grid
    scenes.look(first.view._replace(picture="two"))
    assert len(calls) > done


def test_a_model_is_loaded_once_and_when_it_is_looked_at(tiny):
    loaded = []
    scenes = make(tiny, models={"first": tiny, "later": lambda: loaded.append(1) or network()})
    scenes.look(View("first", "", 0, "one"))
    assert not loaded
    for number in (1, 2):
        scenes.look(View("later", "", number, "one"))
    assert loaded == [1]


def test_nothing_to_look_at_is_refused(tiny):
    with pytest.raises(ValueError, match="at least"):
        make(tiny, models={})
    with pytest.raises(ValueError, match="at least"):
        make(tiny, pictures={})


# The order of filters.


def orders(tiny, tables):
    return make(tiny, tables=tables).look(View("VGG16 fine-tuned", "block2_conv2", 0, "one")).orders


def test_filters_are_sorted_by_every_number_of_the_table(tiny):
    found = orders(tiny, {("VGG16 fine-tuned", "block2_conv2"): table(
        strength=[1.0, 3.0, 2.0, 3.0], p=[0.5, 0.001, 1.0, 0.02], moved=[0.9, 1.0, np.nan, -0.2],
        best_class=["red", "blue", "", "red"], strongest=[(), (), (), ()])})
    assert list(found) == [BY_NUMBER, BY_PEAK, "strength", "p", "moved"]
    assert found["strength"] == (2, 4, 3, 1)  # equals stay in their order
    assert found["p"] == (2, 4, 1, 3)  # the least likely to be luck first
    assert found["moved"] == (4, 1, 2, 3)  # those that changed most first, the unknown last


def test_without_a_table_filters_are_sorted_by_this_picture(tiny):
    found = orders(tiny, {("VGG16 fine-tuned", "block1_conv2"): table(strength=[1.0])})  # another layer's
    assert list(found) == [BY_NUMBER, BY_PEAK]
    assert found[BY_PEAK] == (1, 3, 2, 4)  # red and blue shine alike, green half as bright, the fourth not at all


def test_the_grid_follows_the_order_and_the_place_is_in_it(tiny):
    scene = make(tiny).look(View("VGG16 fine-tuned", "block2_conv2", 2, "one", BY_PEAK))
    assert (scene.order, scene.place) == ((1, 3, 2, 4), 2)
    assert np.array_equal(scene.grid.map(scene.place), scene.tile.map(0))


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(allow_infinity=False) | st.none(), min_size=1, max_size=9), name=st.sampled_from("mp"))
def test_every_order_holds_every_filter_once(values, name):
    column = pd.Series(values, dtype=float)
    found = scenes_module._orders(np.zeros((1, 1, len(values)), np.float32), pd.DataFrame({name: column}))[name]
    assert sorted(found) == list(range(1, len(values) + 1))
    known = [column[number - 1] for number in found if not np.isnan(column[number - 1])]
    assert known == sorted(known, reverse=name != "p")
    assert not np.isnan(column[[number - 1 for number in found[:len(known)]]]).any()


# Classes.


def test_grad_cam_shines_where_the_class_is(tiny):
    view = View("VGG16 fine-tuned", "block1_conv2", 1, "one")
    scene = make(tiny).look(view)
    assert (scene.judged, scene.view.class_index) == ("red", SUREST)
    np.testing.assert_allclose(scene.cam, [[1, 0], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(make(tiny).look(view._replace(class_index=2)).cam, [[0, 0], [0, 1]], atol=1e-6)
    assert tuple(scene.probabilities) == COLOURS
    np.testing.assert_allclose([*scene.probabilities.values()], tiny.predict(picture()[None], verbose=0)[0], atol=1e-6)


def test_the_surest_class_is_that_of_the_picture(tiny):
    blue = np.full((SIZE, SIZE, 3), (0, 0, 99), np.uint8)
    scenes = make(tiny, pictures={"red": picture(), "blue": blue})
    judged = [scenes.look(View("VGG16 fine-tuned", "", 0, title)).judged for title in ("red", "blue", "red")]
    assert judged == ["red", "blue", "red"]


def test_a_network_of_other_classes_shows_its_maps_alone(tiny):
    import keras

    backbone = keras.Model(tiny.input, tiny.get_layer("block5_conv3").output)
    for model in (backbone, network(classes=4)):
        scene = make(tiny, models={"other": model}).look(View("other", "block2_conv2", 1, "one"))
        assert (scene.probabilities, scene.judged, scene.cam) == (None, None, None)
        assert scene.tile.high[0] > 0


# Addresses.


@pytest.mark.parametrize("address, expected", [
    ("vgg16/2/3/one", ("VGG16 fine-tuned", "block2_conv2", 3, "one")),
    ("#vgg16/2/3/one", ("VGG16 fine-tuned", "block2_conv2", 3, "one")),
    (" https://example.org/chapters/08.html#vgg16/2/3/two\n", ("VGG16 fine-tuned", "block2_conv2", 3, "two")),
    ("#vgg16/1/5/one/imagenet", ("VGG16 ImageNet", "block1_conv2", 5, "one")),
    ("#vgg16/1/5/one/side-by-side", ("VGG16 fine-tuned", "block1_conv2", 5, "one")),
    ("vgg16-imagenet/raised/1/one", ("VGG16 ImageNet", "raised", 1, "one")),
    ("VGG16%20ImageNet/block5_conv3/4/one", ("VGG16 ImageNet", "block5_conv3", 4, "one"))])
def test_an_address_names_a_view_as_the_static_readers_links_do(tiny, address, expected):
    scenes = make(tiny, models={"VGG16 fine-tuned": tiny, "VGG16 ImageNet": tiny})
    assert scenes.view(address)[:4] == expected


@pytest.mark.parametrize("address, said", [
    ("", "four parts"), ("vgg16/2/3", "four parts"), ("vgg16/2/3/one/fine-tuned/more", "four parts"),
    ("vgg1/2/3/one", 'no model "vgg1"'), ("vgg16/2/3/one/imagenet", "no model"), ("vgg16/2/3/three", "three"),
    ("/2/3/one", "no model"), ("vgg16/6/1/one", '"6"'), ("vgg16/poses/1/one", "poses"), ("vgg16/2/0/one", "1 to 4"),
    ("vgg16/2/5/one", "1 to 4"), ("vgg16/2/-1/one", "-1"), ("vgg16/2/x/one", '"x"')])
def test_an_address_of_nothing_is_refused_in_a_sentence(tiny, address, said):
    with pytest.raises(ValueError, match=said):
        make(tiny).view(address)


@settings(max_examples=50, deadline=None)
@given(models=NAMES, pictures=NAMES, data=st.data())
def test_every_address_leads_back_to_its_view(tiny, models, pictures, data):
    scenes = make(tiny, models=dict.fromkeys(models, tiny), pictures=dict.fromkeys(pictures, picture()))
    view = View(data.draw(st.sampled_from(models)), data.draw(st.sampled_from(["block1_conv2", "single"])), 1,
                data.draw(st.sampled_from(pictures)))
    assert scenes.view(f"page.html#{scenes.address(view)}") == view


def test_a_block_is_named_by_its_number_where_the_architecture_is_known(tiny):
    view = View("m", "block5_conv3", 2, "one")
    assert make(tiny, models={"m": tiny}).address(view) == "m/5/2/one"
    assert make(tiny, models={"m": network("mine")}).address(view) == "m/block5_conv3/2/one"


# Pictures of one's own.


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_file_becomes_a_picture_with_a_title_of_its_own(tiny):
    scenes = make(tiny)
    titles = [scenes.add("one", png(np.full((9, 9, 3), grey, np.uint8)))[0] for grey in (10, 200)]
    assert len({"one", *titles}) == 3
    for title, grey in zip(titles, (10, 200), strict=True):
        scene = scenes.look(View("VGG16 fine-tuned", "", 0, title))
        assert (scene.picture == grey).all()
    assert scenes.add("x" * 5000, png(picture()))[0] == "x" * 100


def test_what_is_converted_is_told(tiny):
    _, conversions = make(tiny).add("clear", png(np.zeros((5, 5, 4), np.uint8)))
    assert "transparent" in conversions[0]


@pytest.mark.parametrize("data", [b"", b"<html>", png(picture())[:60]])
def test_a_file_that_is_no_picture_is_refused_and_not_kept(tiny, data):
    scenes = make(tiny)
    with pytest.raises(PictureError):
        scenes.add("broken", data)
    assert list(scenes.pictures) == ["one", "two"]
