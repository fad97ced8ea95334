"""SMK, the National Gallery of Denmark, Copenhagen (Section 2.1): works in the public domain with a picture.

Its API (api.smk.dk) needs no key and states no limit. Its search matches loosely.
"""

from artpose_lib.collect.answers import addresses, dig, each, field, read_years, text
from artpose_lib.collect.source import Artwork, Pages, Source

API = "https://api.smk.dk/api/v1/art/search/"


class SMK(Source):
    name = "smk"
    title = "SMK, the National Gallery of Denmark"
    hosts = ("api.smk.dk", "iip.smk.dk", "iip-thumb.smk.dk")
    page_size = 100

    def read_pages(self, words: str) -> Pages:
        params = {"keys": words, "filters": "[has_image:true],[public_domain:true]", "lang": "en",
                  "rows": self.page_size}
        for offset in range(0, self.most_pages * self.page_size, self.page_size):
            yield map(read_artwork, self.fetch_records(API, "items", params | {"offset": offset}))


def read_artwork(record: object) -> Artwork:
    """Read one of a search's `items`. Object numbers may hold "/" and "Ø"."""
    titles, image = each(record, "titles", "title"), field(record, "image_iiif_id")
    return Artwork(
        id=field(record, "object_number"),
        title=text(*titles),
        author=field(record, "artist") or text(each(record, "production", "creator")),
        date=text(*each(record, "production_date", "period")),
        years=read_years(*(dig(record, "production_date", 0, end) for end in ("start", "end"))),
        technique=field(record, "techniques"),
        location="SMK",
        type=text(each(record, "object_names", "name")),
        images=addresses([f"{image}/full/!1000,1000/0/default.jpg", field(record, "image_thumbnail")]),
        page=text(*addresses([field(record, "frontend_url")])),
        licence=field(record, "rights"),
        words=" ".join([*titles, *each(record, "content_person_full", "full_name"), *(field(record, name) for name in (
            "content_description", "content_person", "content_subject"))]),
    )
