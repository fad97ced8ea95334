import io
import struct
import zlib

import imagehash
import numpy as np
import pytest
from PIL import Image

from artpose_lib.data import pictures
from artpose_lib.data.pictures import PictureError, decode, near_duplicates, square, verify


def scene(seed=0, side=96):
    """A smooth random picture, uint8 (side, side, 3): low frequencies, as paintings have."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC))


def encoded(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def test_rgb_comes_back_as_it_is_and_without_a_remark():
    image, conversions = decode(encoded(Image.fromarray(scene())))
    assert np.array_equal(np.asarray(image), scene())
    assert conversions == []


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_and_palette_become_rgb_without_a_remark(mode):
    image, conversions = decode(encoded(Image.fromarray(scene()).convert(mode)))
    assert image.mode == "RGB" and conversions == []


def test_cmyk_becomes_rgb_and_is_named():
    image, (remark,) = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = image.getpixel((4, 4))
    assert red > 240 and green < 15 and blue < 15
    assert "CMYK" in remark


@pytest.mark.parametrize("mode, clear", [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_transparent_parts_lie_over_white(mode, clear):
    image, (remark,) = decode(encoded(Image.new(mode, (4, 4), clear)))
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert "transparent" in remark


def test_a_transparent_palette_entry_lies_over_white():
    image, (remark,) = decode(encoded(Image.new("P", (4, 4), 0), "GIF", transparency=0))
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert "transparent" in remark


def test_an_opaque_alpha_channel_is_not_worth_a_remark():
    image, conversions = decode(encoded(Image.new("RGBA", (4, 4), (10, 20, 30, 255))))
    assert image.getpixel((0, 0)) == (10, 20, 30) and conversions == []


def test_sixteen_bits_are_scaled_to_eight():
    ramp = np.array([[0, 257, 32896, 65535]], np.uint16)
    image, (remark,) = decode(encoded(Image.fromarray(ramp)))
    assert np.asarray(image)[0, :, 0].tolist() == [0, 1, 128, 255]
    assert "16 bits" in remark


def test_thirty_two_bits_are_refused():
    with pytest.raises(PictureError, match="32 bits"):
        decode(encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"))


def test_exif_orientation_is_applied():
    flat = Image.fromarray(scene()[:40])  # 96 wide, 40 high
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter
    image, conversions = decode(encoded(flat, "JPEG", exif=exif))
    assert image.size == (40, 96) and conversions == []


def test_an_animation_shows_its_first_frame():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    image, (remark,) = decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert image.getpixel((0, 0)) == (255, 0, 0)
    assert "2 pictures" in remark


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


@pytest.mark.parametrize("side", [9_000, 9_500, 30_000])  # past our limit, Pillow's warning, its error
def test_a_huge_picture_is_refused_before_it_fills_the_memory(side):
    with pytest.raises(PictureError, match="too large|exceeds limit"):
        decode(huge_png(side, side))


def test_the_limit_of_size_is_ours(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 96 * 96 - 1)
    with pytest.raises(PictureError, match="96 x 96"):
        decode(encoded(Image.fromarray(scene())))


def test_a_large_jpeg_is_decoded_small_but_never_smaller_than_asked():
    data = encoded(Image.fromarray(scene(side=1600)).resize((1600, 800)), "JPEG")
    image, _ = decode(data, side=150)
    assert image.size == (400, 200)


def test_square_is_a_plain_resize_of_the_whole_picture():
    data = encoded(Image.fromarray(scene(side=1000)).resize((1000, 500)), "JPEG", quality=95)
    expected = Image.open(io.BytesIO(data)).resize((48, 48), Image.Resampling.BILINEAR)
    found = square(data, 48)
    assert found.shape == (48, 48, 3) and found.dtype == np.uint8
    assert np.abs(found.astype(int) - np.asarray(expected)).mean() < 1.5


def test_verify_names_a_missing_file(tmp_path):
    with pytest.raises(PictureError, match="no such file"):
        verify(tmp_path / "missing.jpg")


def changed(image):
    darker = Image.fromarray((np.asarray(image) * 0.7).astype(np.uint8))
    small = image.resize((48, 48)).resize(image.size)
    grey = image.convert("L").convert("RGB")
    return [image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), grey, darker, small]


def test_copies_are_near_duplicates_and_other_pictures_are_not():
    originals = [Image.fromarray(scene(seed)) for seed in range(6)]
    copies = [copy for image in originals for copy in changed(image)]
    alike = near_duplicates(np.stack([np.asarray(image) for image in originals + copies]))
    owner = np.r_[np.arange(6), np.repeat(np.arange(6), 4)]
    assert np.array_equal(alike[:6], owner[:6, None] == owner)
    assert np.array_equal(alike, alike.T) and alike.diagonal().all()


def test_distance_is_the_number_of_differing_bits():
    pair = np.stack([scene(0), scene(1)])
    shown = [Image.fromarray(picture) for picture in (*pair, pair[1, :, ::-1])]
    first, second, mirrored = map(imagehash.phash, shown)
    alike = [near_duplicates(pair, distance)[0, 1] for distance in range(65)]
    assert alike.index(True) in (first - second, first - mirrored) and sorted(alike) == alike
