"""Picture files as 8-bit RGB pictures: which ones are repaired, and which are refused with a reason."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Named, because Pillow would otherwise try every decoder it has, and the one for EPS starts Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
# A small file can claim to be a picture that fills the memory. Below Pillow's own limit of 89 million pixels.
MAX_PIXELS = 80_000_000
# A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves this many pixels for each one
# wanted: the resize that follows then differs from that of the full picture by less than the eye sees.
DRAFT_GAP = 2


class PictureError(ValueError):
    """A file that cannot be used as a picture; the message is one sentence that says why."""


def decode(data: bytes, side: int | None = None) -> tuple[Image.Image, list[str]]:
    """The picture in a file's bytes, upright and in 8-bit RGB, and what had to be converted for it.

    Parameters: with `side` a large JPEG may come back smaller than it is, yet at least `side` pixels either way,
    which is several times faster; None decodes every pixel.
    Returns the picture and a list of sentences, one for each conversion that may change how it looks: CMYK to RGB,
    transparency over white, 16 bits to 8, the first of several frames. Grey, palettes and EXIF orientation carry
    over exactly, and are not mentioned.
    Raises PictureError where the file is empty, damaged, cut off, too large (`MAX_PIXELS`) or no picture at all.
    """
    if not data:
        raise PictureError("The file is empty.")
    try:
        with warnings.catch_warnings(action="ignore"):  # odd EXIF and large sizes: what matters is raised
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            _refuse_huge(image)
            if side:
                image.draft(None, (side, side))
            return _upright_rgb(image)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"The file is not a picture of a known format ({', '.join(FORMATS)}).") from None
    except Image.DecompressionBombError:
        raise PictureError(_too_large("")) from None
    except Exception as error:  # decoders raise nearly anything on a damaged file; each means the same to us
        raise PictureError(f"The file is damaged: {error}.") from error


def square(data: bytes, size: int) -> np.ndarray:
    """A file's bytes as uint8 RGB (size, size, 3): a plain bilinear resize, the aspect ratio not kept.

    The thesis' scripts resize all pictures so (its text does not say). Raises PictureError as `decode` does.
    """
    image, _ = decode(data, side=DRAFT_GAP * size)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def _refuse_huge(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(_too_large(f" ({image.width} x {image.height})"))


def _too_large(dimensions: str) -> str:
    return f"The picture{dimensions} has over {MAX_PIXELS / 1e6:g} million pixels; save a smaller copy."


def _upright_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    conversions = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        conversions.append(f"The file holds {frames} pictures; the first is used.")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        conversions.append("The picture has 16 bits a pixel; it is scaled to 8.")
        image = Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))  # 65535 / 257 = 255
    elif image.mode in ("I", "F"):
        raise PictureError("The picture has 32 bits a pixel, and nothing says which number is white.")
    elif image.mode == "CMYK":
        conversions.append("The picture has CMYK colours; they are converted to RGB.")
    elif image.has_transparency_data:
        conversions.append("The picture has transparent parts; they are laid over white.")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB"), conversions
