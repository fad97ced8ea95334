"""Wikimedia Commons: the API of MediaWiki (commons.wikimedia.org/w/api.php), files of which we take small versions.

A file's author and date may be those of a photograph, since Commons does not tell it from the work that it shows.
"""

import re
from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import Fault, addresses, dig, entries, plain, text
from artpose_lib.collect.source import Artwork, Source, each_once
from artpose_lib.data.poses import Query

API = "https://commons.wikimedia.org/w/api.php"
# 960 pixels is one of the widths that Wikimedia keeps; it makes no others on demand.
IMAGEINFO = {"action": "query", "prop": "imageinfo", "iiprop": "url|size|mime|extmetadata", "iiurlwidth": 960,
             "format": "json", "formatversion": 2}
PAGE, PAGES = 50, 200  # hits a page, and the most pages that are asked for; the search itself ends at 10,000 hits
PICTURES = {"image/jpeg", "image/png", "image/gif", "image/tiff", "image/webp"}


class Commons(Source):
    name = "commons"
    title = "Wikimedia Commons"
    hosts = ("commons.wikimedia.org", "upload.wikimedia.org", "thumb.wikimedia.org")

    def search(self, query: Query) -> Iterator[Artwork]:
        return each_once(self._pages({"generator": "search", "gsrsearch": f"{query.text} filetype:bitmap",
                                      "gsrnamespace": 6, "gsrlimit": PAGE}))

    def _pages(self, params: dict) -> Iterator[Iterable[Artwork]]:
        for _ in range(PAGES):
            answer = self.json(API, IMAGEINFO | params)
            yield map(artwork, files(answer))
            offset = text(dig(answer, "continue", "gsroffset"))
            if not offset:
                return
            params = params | {"gsroffset": offset}


def files(answer: object) -> list:
    """The pages of files in an answer, none where nothing was found. Raises Fault where it is an error instead."""
    if not isinstance(answer, dict) or not answer.keys() & {"query", "batchcomplete"}:
        reason = text(dig(answer, "error", "info"), "the answer is of another kind.")
        raise Fault("not a record", f"Wikimedia Commons gave no page of hits: {reason}")
    return entries(answer, "query", "pages")


def artwork(page: object) -> Artwork:
    """One page of a file, with `imageinfo`, on the thesis' columns."""
    info = dig(page, "imageinfo", 0)

    def said(name: str) -> str:
        value = dig(info, "extmetadata", name, "value")
        # Behind "QS:" stands what templates hide from readers: 'circa 1530 date QS:P571,+1530-00-00T00:00:00Z/9'.
        return re.sub(r"\s*\w+ QS:.*", "", plain(value)) if isinstance(value, str) else text(value)

    name = text(dig(page, "title")).removeprefix("File:")
    picture = text(dig(info, "thumburl"), dig(info, "url")) if text(dig(info, "mime")) in PICTURES else ""
    return Artwork(
        source=Commons.name,
        id=text(dig(page, "pageid")),
        title=said("ObjectName") or name.rpartition(".")[0] or name,
        author=said("Artist"),
        date=said("DateTimeOriginal"),
        images=addresses([picture]),
        page=text(*addresses([dig(info, "descriptionurl")])),
        licence=said("LicenseUrl") or said("LicenseShortName"),
        words=" ".join([name, *map(said, ("ObjectName", "ImageDescription", "Categories"))]),
    )
