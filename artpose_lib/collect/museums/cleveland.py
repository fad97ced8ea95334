"""The Cleveland Museum of Art, which the thesis did not ask: works in the public domain (CC0) with a picture.

Its Open Access API (openaccess-api.clevelandart.org) needs no key and states no limit.
"""

from artpose_lib.collect.answers import CC0, addresses, columns, dig, field, read_authors, read_years, text
from artpose_lib.collect.source import Artwork, Pages, Source

API = "https://openaccess-api.clevelandart.org/api/artworks/"


class Cleveland(Source):
    name = "cleveland"
    title = "The Cleveland Museum of Art"
    hosts = ("openaccess-api.clevelandart.org", "openaccess-cdn.clevelandart.org")
    page_size = 100

    def read_pages(self, words: str) -> Pages:
        params = {"q": words, "has_image": 1, "cc0": 1, "limit": self.page_size}
        for skip in range(0, self.most_pages * self.page_size, self.page_size):
            yield map(read_artwork, self.fetch_records(API, "data", params | {"skip": skip}))


def read_artwork(record: object) -> Artwork:
    """Read one entry of a search's `data`."""
    creators = [f'{field(creator, "qualifier")} {field(creator, "description")}'
                for creator in read_authors(record, "creators")]
    licence = field(record, "share_license_status")
    return Artwork(
        **columns(record, id="id", title="title", date="creation_date", technique="technique", type="type"),
        author=text(creators) or field(record, "culture"),
        years=read_years(dig(record, "creation_date_earliest"), dig(record, "creation_date_latest")),
        location="Cleveland Museum of Art",
        images=addresses(dig(record, "images", size, "url") for size in ("web", "print")),
        page=text(*addresses([dig(record, "url")])),
        licence=CC0 if licence == "CC0" else licence,
        words=" ".join(field(record, name) for name in (
            "title", "title_in_original_language", "tombstone", "description", "wall_description",
            "digital_description", "fun_fact")),
    )
