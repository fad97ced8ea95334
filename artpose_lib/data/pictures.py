"""Picture files as 8-bit RGB pictures: what is repaired, what is refused and why; read by several threads."""

import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from unicodedata import normalize

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")  # Pillow's decoder for EPS would start Ghostscript
ABSENT = "There is no such file."
UNKNOWN = f"The file is not a picture of a known format ({', '.join(FORMATS)})."
LARGEST = 500_000_000  # bytes of a file; a picture that may be decoded is smaller
MAX_PIXELS = 80_000_000  # a small file can claim to be a picture that fills the memory
DRAFT_GAP = 2  # a large JPEG is decoded at a fraction of its size that leaves so many times the pixels wanted
THREADS = min(16, os.cpu_count() or 1)  # enough, since Pillow lets go of Python's lock while it decodes and resizes
PAPER = (124, 116, 104)  # ImageNet's mean colour, beside what has its own proportions
AHEAD = 96  # pictures that wait decoded, 150 kB each at 224 x 224: three batches

Item, Result = TypeVar("Item"), TypeVar("Result")


class PictureError(ValueError):
    """A file that cannot be used as a picture: `kind` is "not a picture", "too large to decode" or "damaged"."""

    def __init__(self, sentence: str, kind: str = "damaged"):
        super().__init__(sentence)
        self.kind = kind


def verify(path: Path) -> tuple[str, list[str]]:
    """The sha256 of a picture's file, in hexadecimal, and what `decode` converts; raises as it does."""
    data = read_file(path)
    _, conversions = decode(data, side=1)  # even the smallest decode reads the file to its end
    return hashlib.sha256(data).hexdigest(), conversions


def is_picture(path: Path, by_name: bool = False) -> bool:
    """Whether a file is taken for a picture: by its content, whatever its name, and so is what cannot be opened; with
    `by_name` also by its name's end, so that a broken one is named."""
    if by_name and Image.registered_extensions().get(path.suffix.lower()) in FORMATS:
        return True
    try:
        if path.is_file():
            Image.open(path, formats=FORMATS).close()
            return True
    except (PermissionError, Image.DecompressionBombError):
        return True
    except Exception:  # decoders raise nearly anything
        pass
    return False


def locate(path: Path) -> Path:
    """The path as the disk spells it, where é may be one character (NFC) or two (NFD); itself if there is none."""
    if os.path.exists(path) or path == path.parent:
        return path
    parent = locate(path.parent)
    spelled = [parent / normalize(form, path.name) for form in ("NFC", "NFD")]
    if not path.name.isascii() and not any(map(os.path.exists, spelled)):
        with suppress(OSError):
            spelled += [one for one in parent.iterdir() if normalize("NFC", one.name) == spelled[0].name]
    return next(filter(os.path.exists, spelled), path)


def spell(folder: Path, name: str) -> str:
    """The name in NFC, by which decisions and trials find it, and with "/" for the backslash of Windows; as it is where
    this would lead to another file."""
    if "\\" in name and not os.path.exists(folder / name):
        name = name.replace("\\", "/")
    composed = normalize("NFC", name)
    if composed != name and os.path.exists(own := folder / name):
        found = locate(folder / composed)
        return composed if os.path.exists(found) and found.samefile(own) else name
    return composed


def read_file(path: Path) -> bytes:
    """The bytes of a picture's file. Raises PictureError where there is none of at most `LARGEST` that can be read."""
    try:
        path = locate(path)
        if path.is_dir():
            os.listdir(path)  # says why one cannot be read
        if not path.is_file():  # to open a pipe would wait for ever
            raise PictureError("This is no file." if path.exists() else ABSENT)
        if path.stat().st_size > LARGEST:
            raise PictureError(f"The file is too large (over {LARGEST / 1e6:g} MB).")
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"The file cannot be opened: {error.strerror}.") from error


def decode(data: bytes, side: int | None = None) -> tuple[Image.Image, list[str]]:
    """The picture in a file's bytes, upright and in 8-bit RGB, and what had to be converted for it.

    Parameters: with `side` a large JPEG may come back smaller than it is, yet at least `side` pixels either way; None
    decodes every pixel.
    Returns the picture and a sentence for each conversion that may change how it looks: a colour profile to sRGB, CMYK
    to RGB, transparency over white, 16 bits to 8, the first of several frames.
    Raises PictureError where the file is empty, damaged, cut off, too large (`MAX_PIXELS`) or no picture.
    """
    if not data:
        raise PictureError("The file is empty.")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise PictureError(f"The picture is too large ({image.width} x {image.height}, over "
                               f"{MAX_PIXELS / 1e6:g} million pixels): save a smaller copy.", "too large to decode")
        if side:
            image.draft(None, (side, side))
        return _upright_rgb(image)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(UNKNOWN, "not a picture") from None
    except Exception as error:  # decoders raise nearly anything on a damaged file, all meaning that
        reason = str(error).rstrip(".") or type(error).__name__
        kind = "too large to decode" if isinstance(error, Image.DecompressionBombError) else "damaged"
        raise PictureError(f"The file cannot be decoded: {reason}.", kind) from error


def resize(picture: np.ndarray | Image.Image, size: int) -> np.ndarray:
    """A picture, uint8 RGB (h, w, 3), as uint8 RGB (size, size, 3): bilinear, the aspect ratio not kept, as the thesis'
    scripts resize every picture (its text does not say)."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def decode_square(data: bytes, size: int, padded: Sequence[bool] = (False,)) -> np.ndarray:
    """The picture in a file's bytes as uint8 RGB (size, size, 3), see `resize`; or where `padded` in its own
    proportions, on PAPER. Of several ways to show it the squares stand below one another. Raises PictureError as
    `decode`."""
    image = decode(data, side=DRAFT_GAP * size)[0]
    return np.concatenate([np.asarray(ImageOps.pad(image, (size, size), color=PAPER)) if own else resize(image, size)
                           for own in padded])


def shrink_picture(path: Path, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """A picture, upright, 8-bit RGB, at most `side` pixels a side; and its whole size. Raises PictureError."""
    data = read_file(path)
    image, _ = decode(data, side)  # may be smaller than the whole picture, and larger than `side`
    with Image.open(io.BytesIO(data), formats=FORMATS) as whole:
        lies_on_its_side = whole.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        size = whole.size[::-1] if lies_on_its_side else whole.size
    image.thumbnail((side, side))
    return image, size


def read_ahead(read: Callable[[Item], Result], items: Iterable[Item], threads: int = THREADS,
               ahead: int = AHEAD) -> Iterator[Result]:
    """`map(read, items)` by threads, in the items' order, with at most `ahead` results that nothing has asked for yet.
    An exception of `read` is raised in its turn. Items not begun are dropped once the iterator is closed."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="read-ahead")
    waiting = deque()
    try:
        for item in items:
            waiting.append(pool.submit(read, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _upright_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    conversions, profile, is_grey = [], image.info.get("icc_profile"), image.mode in ("L", "LA")
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
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L" if is_grey else "RGB")
    if image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    if profile and (in_srgb := _apply_profile(image, profile)):
        conversions.append("The picture has a colour profile of its own; its colours are converted to sRGB.")
        image = in_srgb
    return image if image.mode == "RGB" else image.convert("RGB"), conversions


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """A picture of RGB, grey or CMYK in sRGB; None where its ICC profile is sRGB, damaged or of other channels."""
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(theirs, ImageCms.createProfile("sRGB"), image.mode, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None
    levels = np.stack(np.meshgrid(*[np.arange(0, 256, 51, np.uint8)] * 3), axis=-1).reshape(1, -1, 3)
    colours = Image.fromarray(levels).convert(image.mode)
    told = np.asarray(ImageCms.applyTransform(colours, transform), int)
    # sRGB whatever it is called, less the rounding, since its name would tell nothing; or one whose white is dark.
    if np.abs(told - np.asarray(colours.convert("RGB"), int)).max() <= 2 or told[0, -1].min() < 128:
        return None
    return ImageCms.applyTransform(image, transform)
