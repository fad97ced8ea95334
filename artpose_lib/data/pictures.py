"""Picture files as 8-bit RGB pictures: what is repaired, what is refused and why, and what looks alike."""

import hashlib
import io
import warnings
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Named, because Pillow would otherwise try every decoder it has, and the one for EPS starts Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
# A small file can claim to be a picture that fills the memory. Pillow's own limit is 89 million pixels.
MAX_PIXELS = 80_000_000
# A JPEG is decoded at a half, a quarter or an eighth of its size where that still leaves twice the pixels
# wanted either way: many times faster for a museum's large scans, and the resize that follows hardly differs.
DRAFT_GAP = 2
# Bits of 64 in which the perceptual hashes of near-duplicates differ at most. By `near_duplicates`' measure,
# among 675 paintings and prints of six styles (227,475 pairs) no two works come closer than 12, nor closer
# than 14 among 68 artworks of the six poses, where two photographs of Michelangelo's David are 10 apart.
# Of changed copies of the 68, within 10 are: saved anew, halved, mirrored, toned, lighter or darker, all;
# turned by 2 degrees, 96 %; cropped by 3 % a side, 90 %, by 5 %, 59 %; with a border of 4 %, only 31 %.
NEAR_DUPLICATE = 10
# Odd EXIF, large sizes: what matters is raised. Once for all, since `warnings.catch_warnings` is not for threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


class PictureError(ValueError):
    """A file that cannot be used as a picture; the message is one sentence that says why.

    kind: "not a picture", "too large to decode" or "damaged".
    """

    def __init__(self, sentence: str, kind: str = "damaged"):
        super().__init__(sentence)
        self.kind = kind


def verify(path: Path) -> tuple[str, list[str]]:
    """The sha256 of a picture's file, in hexadecimal, and what `decode` converts; raises as it does."""
    if not path.is_file():
        raise PictureError("There is no such file.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"The file cannot be opened: {error.strerror}.") from error
    _, conversions = decode(data, side=1)  # even the smallest decode reads the file to its end
    return hashlib.sha256(data).hexdigest(), conversions


def decode(data: bytes, side: int | None = None) -> tuple[Image.Image, list[str]]:
    """The picture in a file's bytes, upright and in 8-bit RGB, and what had to be converted for it.

    Parameters: with `side` a large JPEG may come back smaller than it is, yet at least `side` pixels either
    way, which is several times faster; None decodes every pixel.
    Returns the picture and a list of sentences, one for each conversion that may change how it looks: CMYK to
    RGB, transparency over white, 16 bits to 8, the first of several frames. Grey, palettes and EXIF
    orientation carry over exactly and are not mentioned.
    Raises PictureError where the file is empty, damaged, cut off, too large (`MAX_PIXELS`) or no picture.
    """
    if not data:
        raise PictureError("The file is empty.")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        _refuse_huge(image)
        if side:
            image.draft(None, (side, side))
        return _upright_rgb(image)
    except PictureError:
        raise
    except UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise PictureError(f"The file is not a picture of a known format ({known}).", "not a picture") from None
    except Exception as error:  # decoders raise nearly anything on a damaged file, all meaning that
        reason = str(error).rstrip(".") or type(error).__name__
        kind = "too large to decode" if isinstance(error, Image.DecompressionBombError) else "damaged"
        raise PictureError(f"The file cannot be decoded: {reason}.", kind) from error


def square(data: bytes, size: int) -> np.ndarray:
    """A file's bytes as uint8 RGB (size, size, 3): a plain bilinear resize, the aspect ratio not kept.

    The thesis' scripts resize every picture plainly (its text does not say). Raises PictureError as `decode`.
    """
    image, _ = decode(data, side=DRAFT_GAP * size)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def near_duplicates(pictures: np.ndarray, distance: int = NEAR_DUPLICATE) -> np.ndarray:
    """Which of the uint8 RGB pictures (n, h, w, 3) look alike: bool (n, n), True on the diagonal.

    Two do where their 64-bit perceptual hashes (pHash, the signs of the lowest frequencies), or the hash of
    one and that of the other's mirror image, differ in at most `distance` bits. A hash sees 32 x 32 pixels.
    """
    return hash_distances(pictures) <= distance


def hash_distances(pictures: np.ndarray) -> np.ndarray:
    """Bits of 64 in which two pictures' hashes differ, at least, mirrored or not: int64 (n, n)."""
    upright, mirrored = _signs(pictures), _signs(pictures[:, :, ::-1])
    # A product of signs is the number of equal bits less that of unequal ones: 64 - 2 * distance.
    agreement = np.maximum(upright @ upright.T, upright @ mirrored.T)
    agreement = np.maximum(agreement, agreement.T)  # a mirror image's hash is nearly, not wholly, the mirrored hash
    return ((upright.shape[1] - agreement) / 2).astype(np.int64)


def _signs(pictures: np.ndarray) -> np.ndarray:
    """Perceptual hashes as float32 (n, 64) of -1 and 1."""
    bits = np.array([imagehash.phash(Image.fromarray(picture)).hash.ravel() for picture in pictures])
    return np.where(bits, 1, -1).astype(np.float32)


def _refuse_huge(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(f"The picture is too large ({image.width} x {image.height}, over "
                           f"{MAX_PIXELS / 1e6:g} million pixels): save a smaller copy.", "too large to decode")


def _upright_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    conversions = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        conversions.append(f"The file holds {frames} pictures; the first is used.")
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode in ("I", "F"):
        raise PictureError("The picture has 32 bits a pixel, and nothing says which number is white.")
    if image.mode.startswith("I;16"):
        conversions.append("The picture has 16 bits a pixel; it is scaled to 8.")
        image = Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))  # 257 * 255 = 65535
    elif image.mode == "CMYK":
        conversions.append("The picture has CMYK colours; they are converted to RGB.")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] < 255:
            conversions.append("The picture has transparent parts; they are laid over white.")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB"), conversions
