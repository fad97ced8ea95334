import io
import struct
import threading
import time
import zlib

import numpy as np
import pytest
from builders import SRGB, SWAPPED, scene
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from artpose_lib.data.pictures import PictureError, decode, decode_square, read_ahead, resize, verify


def encoded(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("profile", [None, SRGB, b"hostile", SWAPPED[:300]])
@pytest.mark.parametrize("mode", ["RGB", "1", "L", "P", "RGBA"])  # the last with nothing transparent
def test_what_carries_over_exactly_is_not_worth_a_remark(mode, profile):
    image, conversions = decode(encoded(Image.fromarray(scene()).convert(mode), icc_profile=profile))
    assert image.mode == "RGB" and conversions == []
    assert mode not in ("RGB", "RGBA") or np.array_equal(np.asarray(image), scene())


RED, BLUE = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))


@pytest.mark.parametrize("data, remark, colour", [
    (encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), "CMYK", (254, 0, 0)),
    (encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0))), "transparent", (255, 255, 255)),
    (encoded(Image.new("LA", (8, 8), (0, 0))), "transparent", (255, 255, 255)),
    (encoded(Image.new("P", (8, 8), 0), "GIF", transparency=0), "transparent", (255, 255, 255)),
    (encoded(Image.fromarray(np.full((8, 8), 32896, np.uint16))), "16 bits", (128, 128, 128)),
    (encoded(RED, "GIF", save_all=True, append_images=[BLUE]), "2 pictures", (255, 0, 0)),
    *((encoded(RED.convert(mode), form, icc_profile=SWAPPED), "profile", (0, 255, 0))
      for mode, form in (("RGB", "PNG"), ("RGB", "JPEG"), ("RGB", "TIFF"), ("RGBA", "WEBP"), ("P", "PNG"))),
])
def test_what_is_converted_is_named(data, remark, colour):
    image, (sentence,) = decode(data)
    assert remark in sentence
    np.testing.assert_allclose(image.getpixel((4, 4)), colour, atol=15)


@pytest.mark.skipif(not (SHARED / "cases").exists(), reason="the cases are not here")
@pytest.mark.parametrize(("name", "colour"), [
    ("icc_skin.jpg", (224, 172, 140)), ("icc_prophoto_like.png", (147, 81, 53))])
def test_a_wide_gamut_is_brought_into_srgb(name, colour):
    image, (remark,) = decode((SHARED / "cases" / "museums" / "img" / name).read_bytes(), side=320)
    assert "profile" in remark
    np.testing.assert_allclose(image.resize((1, 1)).getpixel((0, 0)), colour, atol=2)


def test_a_grey_profile_counts_and_one_without_a_white_does_not():
    grey = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"rTRC", b"kTRC"))
    grey[16:20], linear = b"GRAY", b"curv" + bytes(8)
    start = grey.index(b"para")
    grey[start:start + len(linear)] = linear
    for mode in ("L", "LA"):
        image, (remark,) = decode(encoded(Image.new("L", (8, 8), 100).convert(mode), icc_profile=bytes(grey)))
        assert "profile" in remark and image.getpixel((4, 4))[0] == pytest.approx(168, abs=2)
    dark = SRGB.replace(b"para\0\0\0\0\0\3\0\0\0\2", b"para\0\0\0\0\0\0\0\0\0\x7f")
    for at in (b"rXYZ", b"gXYZ", b"bXYZ"):
        place = int.from_bytes(SRGB[SRGB.index(at) + 4:SRGB.index(at) + 8], "big")
        dark = dark[:place + 8] + bytes(12) + dark[place + 20:]
    assert decode(encoded(RED, icc_profile=dark))[1] == []


def test_exif_orientation_is_applied():
    flat = Image.fromarray(scene()[:40])  # 96 wide, 40 high
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter
    image, conversions = decode(encoded(flat, "JPEG", exif=exif))
    assert image.size == (40, 96) and conversions == []


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("side", [None, 1])
def test_a_file_that_is_cut_off_is_refused(form, side):
    data = encoded(Image.fromarray(scene()), form)
    with pytest.raises(PictureError):
        decode(data[:len(data) * 2 // 3], side)


@pytest.mark.parametrize("data, reason", [
    (b"", "is empty"),
    (b"<html>404 Not Found</html>", "not a picture"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
    (b"\xff\xd8\xff\xe0", "not a picture|cannot be decoded"),
    (encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"), "32 bits"),
])
def test_what_is_no_picture_is_refused_with_its_reason(data, reason):
    with pytest.raises(PictureError, match=reason) as refusal:
        decode(data)
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


def huge_png(width, height):
    """A PNG that claims to be so large, and holds next to nothing."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100)))


@pytest.mark.filterwarnings("ignore:Image size")
@pytest.mark.parametrize("side", [9_000, 9_500, 30_000])  # past our limit, Pillow's warning, its error
def test_a_huge_picture_is_refused_before_it_fills_the_memory(side):
    with pytest.raises(PictureError, match="too large|exceeds limit"):
        decode(huge_png(side, side))


def test_square_is_a_plain_resize_of_the_whole_picture_which_is_decoded_no_smaller_than_asked():
    data = encoded(Image.fromarray(scene(side=1600)).resize((1600, 800)), "JPEG", quality=95)
    assert decode(data, side=150)[0].size == (400, 200)
    whole = Image.open(io.BytesIO(data))
    expected = np.asarray(whole.resize((48, 48), Image.Resampling.BILINEAR))
    assert np.array_equal(resize(np.asarray(whole), 48), expected)
    found = decode_square(data, 48)
    assert found.shape == (48, 48, 3) and found.dtype == np.uint8
    assert np.abs(found.astype(int) - expected).mean() < 1.5


def test_verify_names_a_missing_file(tmp_path):
    with pytest.raises(PictureError, match="no such file"):
        verify(tmp_path / "missing.jpg")


@given(st.lists(st.integers()), st.integers(1, 4), st.integers(0, 9))
def test_results_come_in_the_order_of_the_items(items, threads, ahead):
    assert list(read_ahead(str, items, threads, ahead)) == list(map(str, items))


def test_only_so_many_are_read_ahead_of_who_asks():
    """What keeps the memory flat: a slow network is not buried in pictures."""
    begun = []
    results = read_ahead(lambda item: begun.append(item) or item, iter(range(10**9)), threads=4, ahead=10)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    for _ in range(2):
        time.sleep(0.1)
        assert len(begun) <= 5 + 10
        results.close()


def test_an_error_comes_in_its_turn_and_threads_end():
    results = read_ahead(lambda item: 1 / item, [2, 1, 0, 1], threads=2, ahead=4)
    assert [next(results) for _ in range(2)] == [0.5, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    for thread in [one for one in threading.enumerate() if one.name.startswith("read-ahead")]:
        thread.join(5)
        assert not thread.is_alive()
