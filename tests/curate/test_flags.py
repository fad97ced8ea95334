"""Charts, frames and pages of text are drawn here and must be named; what is none of them must not."""

import colorsys
import io
import itertools

import numpy as np
import pytest
from builders import smooth as scene
from conftest import SHARED
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from artpose_lib.curate.flags import FLAGS, SIDE, flag_picture, score_frame
from artpose_lib.data.pictures import decode

HUES = [tuple(round(255 * value) for value in colorsys.hsv_to_rgb(0.381966 * number % 1, 0.7, 0.55 + number % 3 / 7))
        for number in range(140)]
PATCHES = HUES[:18] + [(grey, grey, grey) for grey in (243, 200, 160, 122, 85, 52)]  # as many as on many a chart
TEXT = ("a small bronze of a youth with a spear was found near the old gate by the people who dug a well there and "
        "gave it to the house in memory of their father")


def seen(image):
    """A picture as a JPEG of it reaches the flags: noisy, and no larger than SIDE."""
    noise = np.random.default_rng(0).normal(0, 4, (image.height, image.width, 3))
    jpeg = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)).save(jpeg, "JPEG", quality=80)
    return thumbnail(Image.open(jpeg))


def thumbnail(image):
    image.thumbnail((SIDE, SIDE))
    return np.asarray(image.convert("RGB"))


def chart(columns, rows, gap=8, patches=PATCHES, size=(600, 400), ground=(25, 25, 25), light=1.0):
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    width, height = (size[0] - 40) / columns, (size[1] - 40) / rows
    for number in range(columns * rows):
        x, y = 20 + number % columns * width, 20 + number // columns * height
        draw.rectangle([x + gap / 2, y + gap / 2, x + width - gap / 2, y + height - gap / 2],
                       patches[number % len(patches)])
    return image.point(lambda value: round(light * value))


def page(points=16, leading=1.4, ink=(20, 20, 20), paper=(250, 250, 248), size=(600, 800), columns=1, turn=0):
    rng = np.random.default_rng(points)
    image = Image.new("RGB", size, paper)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(points)
    width = (size[0] - 40 * (columns + 1)) // columns
    for column in range(columns):
        for number, y in enumerate(np.arange(40, size[1] - 40 - points, points * leading)):
            line = ""
            while draw.textlength(line, font=font) < width * (0.4 if number % 6 == 5 else 0.9):
                line += f"{rng.choice(TEXT.split())} "
            draw.text((40 + column * (width + 40), y), line, ink, font)
    return image.rotate(turn, Image.Resampling.BICUBIC, fillcolor=paper)


def framed(inside, width, profile, wall=0):
    """A picture in a frame that light falls on from above, with some of the wall that it hangs on."""
    around = width + wall
    w, h = inside.width + 2 * around, inside.height + 2 * around
    y, x = np.mgrid[:h, :w]
    depth = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) - wall
    lit = np.array([0.9, 1.1, 0.8, 0.65])[np.argmin([x, y, w - 1 - x, h - 1 - y], axis=0)]
    across = np.clip(depth / width, 0, 1)
    height, colour = {"gilt": (0.7 + 0.3 * np.sin(9 * across), (190, 150, 70)),
                      "wood": (0.5 + 0.5 * across, (90, 60, 35)), "black": (1.0, (35, 30, 28))}[profile]
    image = np.array(colour) * (lit * height)[..., None]
    image[depth < 0] = (190, 185, 178)
    image[around:-around, around:-around] = inside
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("image", [
    chart(6, 4), chart(4, 6, size=(400, 600)), chart(6, 4, gap=0), chart(6, 4, gap=24), chart(6, 4, light=0.6),
    chart(6, 4, ground=(240, 240, 238)), chart(12, 8, 4, HUES), chart(14, 10, 0, HUES, (840, 600)),
    chart(9, 1, 0, HUES, (900, 120)), chart(6, 4).rotate(3, fillcolor=(120, 110, 100)),
], ids=["classic", "tall", "no gaps", "wide gaps", "dim", "white", "96", "140", "strip", "turned"])
def test_colour_charts_are_named(image):
    assert "colour chart" in flag_picture(seen(image))


@pytest.mark.parametrize("options", [
    {"points": 9}, {"points": 14}, {"points": 24}, {"points": 48}, {"columns": 2, "points": 12}, {"turn": 2},
    {"leading": 2.4}, {"leading": 1.1}, {"ink": (80, 50, 25), "paper": (222, 200, 160)},
    {"ink": (235, 235, 235), "paper": (15, 15, 15)}, {"ink": (30, 40, 150), "paper": (240, 225, 120)},
    {"ink": (150, 150, 150), "paper": (235, 235, 235)}, {"points": 30, "size": (800, 500)},
], ids=str)
def test_pages_of_text_are_named_and_are_nothing_else(options):
    assert list(flag_picture(seen(page(**options)))) == ["text page"]


@pytest.mark.parametrize("profile", ["gilt", "wood", "black"])
@pytest.mark.parametrize("width", [40, 60, 90])
@pytest.mark.parametrize("wall", [0, 40])
def test_frames_are_named_with_a_picture_in_them_and_empty(profile, width, wall):
    empty = Image.new("RGB", (600, 400), (235, 235, 235))
    for inside in (scene(1), empty):
        assert "frame" in flag_picture(seen(framed(inside, width, profile, wall)))


def test_pictures_are_not_named_nor_stripes_text_nor_a_few_large_colours_a_chart():
    for seed, detail in itertools.product(range(5), (3, 6, 12, 40, 200)):
        assert flag_picture(seen(scene(seed, detail=detail))) == {}
    stripes = np.zeros((400, 300, 3), np.uint8)
    stripes[np.arange(400) % 20 < 8] = 255
    flag = Image.fromarray(np.repeat(np.uint8([[[200, 30, 40], [240, 240, 240], [20, 60, 150]]]), 200, axis=1))
    assert "text page" not in flag_picture(seen(Image.fromarray(stripes)))
    assert "colour chart" not in flag_picture(seen(flag.resize((600, 400), Image.Resampling.NEAREST)))


def test_a_frame_has_four_sides_of_one_width():
    def edges(left, top, right, bottom):
        image = scene(2).point(lambda value: value // 3)
        inside = scene(3).point(lambda value: 150 + value // 3)
        image.paste(inside.crop((left, top, 600 - right, 400 - bottom)), (left, top))
        return score_frame(seen(image))

    limit = FLAGS["frame"].threshold
    assert edges(50, 50, 50, 50) >= limit
    assert edges(50, 50, 0, 50) < limit and edges(110, 40, 50, 75) < limit and edges(6, 6, 6, 6) < limit


@settings(max_examples=40, deadline=None)
@given(st.integers(1, SIDE), st.integers(1, SIDE), st.integers(0, 99), st.sampled_from([1, 2, 9, 90]))
def test_any_picture_can_be_measured_and_one_too_small_is_not_judged(width, height, seed, detail):
    found = flag_picture(np.asarray(scene(seed, width, height, detail)))
    assert all(value >= FLAGS[kind].threshold for kind, value in found.items())
    if max(width, height) < SIDE // 2:
        assert found == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["artworks", "styles"])
def test_few_artworks_are_named(name):
    folder = SHARED / "data" / name
    if not folder.is_dir():
        pytest.skip(f"no {name} in ../shared/data")
    paths = sorted(folder.glob("*/*.jpg"))
    found = [kind for path in paths for kind in flag_picture(thumbnail(decode(path.read_bytes(), SIDE)[0]))]
    assert "colour chart" not in found and "text page" not in found
    assert found.count("frame") <= 0.02 * len(paths)  # the styles have some, and mounts and margins
