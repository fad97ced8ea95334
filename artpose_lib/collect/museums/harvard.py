"""Harvard Art Museums (Section 2.1): works with a picture; none counts as open, by the terms of the API.

The API (api.harvardartmuseums.org) needs a key and allows 2,500 requests a day. An answer names the next page by an
address that holds the key, so pages are counted instead.
"""

from artpose_lib.collect.answers import addresses, columns, dig, each, entries, field, read_records, read_years, text
from artpose_lib.collect.source import Artwork, Pages, Source

API = "https://api.harvardartmuseums.org/object"
TERMS = "for non-commercial use, by the terms of the Harvard Art Museums"


class Harvard(Source):
    name = "harvard"
    title = "Harvard Art Museums"
    hosts = ("api.harvardartmuseums.org", "nrs.harvard.edu", "ids.lib.harvard.edu")
    key, key_page = "HARVARD_API_KEY", "https://harvardartmuseums.org/collections/api"

    def read_pages(self, words: str) -> Pages:
        params = {"hasimage": 1, "size": 100, "q": words, "apikey": self.session.read_key(self.key)}
        for number in range(1, self.most_pages + 1):
            answer = self.fetch_json(API, params | {"page": number})
            yield map(read_artwork, read_records(answer, "records"))
            last = dig(answer, "info", "pages")
            if not isinstance(last, int) or number >= last:
                return


def read_artwork(record: object) -> Artwork:
    """Read one entry of a search's `records`."""
    artists = [f'{field(person, "prefix")} {field(person, "displayname")}' for person in entries(record, "people")
               if dig(person, "role") == "Artist"]
    image = field(record, "primaryimageurl").replace("http://", "https://", 1)
    page = text(*addresses([dig(record, "url")]))
    # Level 1 permits 256 pixels, level 2 nothing.
    permitted = dig(record, "imagepermissionlevel") not in (1, 2)
    return Artwork(
        id=text(dig(record, "objectid"), dig(record, "id"), page.partition("/object/")[2]),
        **columns(record, title="title", date="dated", type="classification"),
        years=read_years(dig(record, "datebegin"), dig(record, "dateend")),
        author=text(artists) or field(record, "culture"),
        technique=field(record, "medium") or field(record, "technique"),
        location="Harvard Art Museums",
        images=addresses([f"{image}/full/!1000,1000/0/default.jpg"] if permitted else []),
        page=page,
        licence="; ".join(filter(None, [field(record, "copyright"), TERMS])),
        words=" ".join([*(field(record, name) for name in ("title", "description", "labeltext", "commentary")),
                        *each(record, "titles", "title"), *each(record, "worktypes", "worktype")]),
    )
