"""The files of a collection: their names, and the form that pictures are kept in."""

import hashlib
import io
import re
import threading
import unicodedata

from artpose_lib.collect.answers import Fault
from artpose_lib.data.pictures import DRAFT_GAP, PictureError, decode

SMALLEST, LARGEST = 600, 1000  # pixels of the longer side
QUALITY = 92  # of the JPEG files, on Pillow's scale to 95
LONGEST_NAME = 60  # characters of an id in a file's name

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_one_at_a_time = threading.Lock()  # the largest pictures fill a quarter of a gigabyte each


def safe_name(source: str, identifier: str) -> str:
    """Return the name of a work's file, without its ending: of a-z, 0-9, "-", "_" and ".", and of bounded length.

    An id that is plain stays as it is. Any other is folded ("Ø" to "o", "/" to "-"), with "--" and a hash of the id
    behind it. No plain id has a "--" in it, so two ids never share a name, on any file system.
    """
    if len(identifier) <= LONGEST_NAME and re.fullmatch(r"[a-z0-9]+([-_.][a-z0-9]+)*", identifier):
        return f"{source}-{identifier}"
    letters = unicodedata.normalize("NFKD", identifier).casefold().translate(_LETTERS)
    folded = re.sub(r"[^a-z0-9]+", "-", letters.encode("ascii", "ignore").decode())[:LONGEST_NAME].strip("-")
    return f"{source}-{folded}--{hashlib.sha256(identifier.encode()).hexdigest()[:12]}"


def standardize(data: bytes) -> bytes:
    """Return a picture's file as it is kept: an 8-bit RGB JPEG, with nothing of the museum's file but the colours.

    The longer side has 600 to 1000 pixels; the same bytes give the same file.
    Raises Fault: "too small", "not a picture", "damaged" or "too large to decode".
    """
    try:
        with _one_at_a_time:
            picture, _ = decode(data, DRAFT_GAP * LARGEST)
    except PictureError as error:
        raise Fault(error.kind, str(error), lasting=True) from error
    if max(picture.size) < SMALLEST:
        raise Fault("too small", f"The picture has {picture.width} x {picture.height} pixels, and its longer side must "
                    f"have {SMALLEST} at least.", lasting=True)
    picture.thumbnail((LARGEST, LARGEST))
    picture.info.clear()  # or Pillow would write their comment into our file
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
