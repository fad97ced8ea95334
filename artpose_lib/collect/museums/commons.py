"""Wikimedia Commons, which the thesis did not ask: files of pictures, in versions 960 pixels wide.

MediaWiki's API (commons.wikimedia.org/w/api.php) needs no key and gives out the first 10,000 hits of a search. A file's
author and date may be those of a photograph: Commons does not tell it from the work that it shows.
"""

from artpose_lib.collect.answers import Fault, addresses, dig, entries, field, plain, text
from artpose_lib.collect.source import Artwork, Pages, Source

API = "https://commons.wikimedia.org/w/api.php"
# 960 pixels is one of the widths that Wikimedia keeps; it makes no others on demand.
IMAGEINFO = {"action": "query", "prop": "imageinfo", "iiprop": "url|size|mime|extmetadata", "iiurlwidth": 960,
             "format": "json", "formatversion": 2}
PICTURES = {"image/jpeg", "image/png", "image/gif", "image/tiff", "image/webp"}


class Commons(Source):
    name = "commons"
    title = "Wikimedia Commons"
    hosts = ("commons.wikimedia.org", "upload.wikimedia.org", "thumb.wikimedia.org")
    most_pages = 200  # of 50 hits; the search itself ends at 10,000

    def read_pages(self, words: str) -> Pages:
        params = IMAGEINFO | {"generator": "search", "gsrsearch": f"{words} filetype:bitmap", "gsrnamespace": 6,
                              "gsrlimit": 50}
        for _ in range(self.most_pages):
            answer = self.fetch_json(API, params)
            yield map(read_artwork, read_files(answer))
            params["gsroffset"] = field(answer, "continue", "gsroffset")
            if not params["gsroffset"]:
                return


def read_files(answer: object) -> list:
    """Return the files in an answer, none where nothing was found. Raises Fault where it is an error instead."""
    if not isinstance(answer, dict) or not answer.keys() & {"query", "batchcomplete"}:
        reason = text(dig(answer, "error", "info"), "the answer is of another kind.")
        raise Fault("not a record", f"Wikimedia Commons gave no page of hits: {reason}")
    return entries(answer, "query", "pages")


def read_artwork(file: object) -> Artwork:
    """Read what an answer says of one file, with its `imageinfo`."""
    info, name = dig(file, "imageinfo", 0), field(file, "title").removeprefix("File:")
    picture = text(dig(info, "thumburl"), dig(info, "url")) if field(info, "mime") in PICTURES else ""
    return Artwork(
        id=field(file, "pageid"),
        title=_read_fact(info, "ObjectName") or name.rpartition(".")[0] or name,
        author=_read_fact(info, "Artist"),
        date=_read_fact(info, "DateTimeOriginal"),
        images=addresses([picture]),
        page=text(*addresses([dig(info, "descriptionurl")])),
        licence=_read_fact(info, "LicenseUrl") or _read_fact(info, "LicenseShortName"),
        words=" ".join([name, *(_read_fact(info, fact) for fact in ("ObjectName", "ImageDescription", "Categories"))]),
    )


def _read_fact(info: object, name: str) -> str:
    value = dig(info, "extmetadata", name, "value")
    return plain(value) if isinstance(value, str) else text(value)
