"""SearchCulture.gr, the Greek aggregator (Section 2.1). No answer of its search was ever seen.

Its API (www.searchculture.gr/aggregator) needs a key. What is read here is what other programs read; a value may be a
text or a list of texts. The pictures themselves lie with many institutions, none of which is declared as a host; we
take the preview that the aggregator keeps of each.
"""

import re
from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import Fault, address, addresses, columns, dig, entries, field, text
from artpose_lib.collect.museums.greek import search_also_in_greek
from artpose_lib.collect.source import Artwork, Key, Source, join_pages
from artpose_lib.data.poses import Query

SITE = "https://www.searchculture.gr/aggregator"
RECORD = re.compile(r"https?://www\.searchculture\.gr/aggregator/edm/(\S+)")
PAGES = 100  # which is more than a search of Table 2.1 should find


class SearchCulture(Source):
    name = "searchculture"
    title = "SearchCulture.gr, the Greek aggregator"
    hosts = ("www.searchculture.gr",)
    key = Key("SEARCHCULTURE_API_KEY", f"{SITE}/swagger-ui.html")
    verified = False

    def search(self, query: Query) -> Iterator[Artwork]:
        return search_also_in_greek(query, self._search)

    def _search(self, words: str) -> Iterator[Artwork]:
        params = {"apiKey": self.session.read_key(self.key.variable), "general_term": words, "preferredLanguage": "en"}
        return join_pages(self._read_page(params | {"page": number}) for number in range(1, PAGES + 1))

    def _read_page(self, params: dict) -> Iterable[Artwork]:
        try:
            return map(read_artwork, self.fetch_records(f"{SITE}/api/search.json", "results", params))
        except Fault as fault:
            if fault.kind == "not JSON":  # the empty answers that it gives at times
                return []
            raise


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
        images=addresses([f"{SITE}/thumbnails/edm-record/{path[1]}"] if path else []),
        page=address(uri),
        licence=text(dig(record, "edm_rights"), dig(record, "dc_rights")),
        words=" ".join(field(record, name) for name in (
            "dc_title", "dc_description", "dc_subject", "dc_type", "ekt_type")),
    )
