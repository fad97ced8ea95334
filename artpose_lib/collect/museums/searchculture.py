"""SearchCulture.gr, the aggregator of Greek museums."""

import re
from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import Fault, address, addresses, columns, dig, entries, field, text
from artpose_lib.collect.museums.greek import search_also_in_greek
from artpose_lib.collect.museums.paging import read_records, turn_pages
from artpose_lib.collect.source import Artwork, Key, Source
from artpose_lib.data.poses import Query

API = "https://www.searchculture.gr/aggregator/api/search.json"
RECORD = re.compile(r"https?://www\.searchculture\.gr/aggregator/edm/(\S+)")
PICTURE = "https://www.searchculture.gr/aggregator/thumbnails/edm-record/"
PAGES = 100  # which is more than a search of Table 2.1 should find


class SearchCulture(Source):
    """SearchCulture.gr, the Greek aggregator (Section 2.1). No answer of its search was ever seen.

    Its API (www.searchculture.gr/aggregator) needs a key. What is read here is what other programs read; a value may
    be a text or a list of texts. The pictures themselves lie with many institutions, none of which is declared as a
    host; we take the preview that the aggregator keeps of each.
    """

    name = "searchculture"
    title = "SearchCulture.gr, the Greek aggregator"
    hosts = ("www.searchculture.gr",)
    key = Key("SEARCHCULTURE_API_KEY", "https://www.searchculture.gr/aggregator/swagger-ui.html")
    verified = False

    def search(self, query: Query) -> Iterator[Artwork]:
        return search_also_in_greek(query, self._search)

    def _search(self, words: str) -> Iterator[Artwork]:
        params = {"apiKey": self.session.read_key(self.key.variable), "general_term": words, "preferredLanguage": "en"}

        def read_page(number: int) -> tuple[Iterable[Artwork], int | None]:
            try:
                answer = self.fetch_json(API, params | {"page": number})
            except Fault as fault:
                if fault.kind == "not JSON":  # the empty answers that it gives at times
                    return [], None
                raise
            return map(read_artwork, read_records(answer, "results")), number + 1

        return turn_pages(read_page, 1, PAGES)


def read_artwork(record: object) -> Artwork:
    """Read one entry of a search's `results`."""
    uri = text(*entries(record, "uri"))
    path = RECORD.fullmatch(uri)
    return Artwork(
        source=SearchCulture.name,
        id=uri,
        **columns(record, title="dc_title", author="dc_creator", date="ekt_chronology", technique="dc_format",
                  location="institution"),
        type=text(dig(record, "ekt_type"), dig(record, "dc_type")),
        images=addresses([PICTURE + path[1]] if path else []),
        page=address(uri),
        licence=text(dig(record, "edm_rights"), dig(record, "dc_rights")),
        words=" ".join(field(record, name) for name in (
            "dc_title", "dc_description", "dc_subject", "dc_type", "ekt_type")),
    )
