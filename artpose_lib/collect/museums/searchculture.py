"""SearchCulture.gr, the Greek aggregator: its search API, with a key. No answer of it was ever seen.

What is read here is what other programs read; a value may be a text or a list of texts. The pictures themselves lie
with many institutions, none of which is declared as a host; we take the preview that the aggregator keeps of each.
"""

import re
from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import Fault, addresses, dig, entries, page_of, text
from artpose_lib.collect.museums.greek import in_greek_too
from artpose_lib.collect.source import Artwork, Key, Source
from artpose_lib.data.poses import Query

API = "https://www.searchculture.gr/aggregator/api/search.json"
RECORD = re.compile(r"https?://www\.searchculture\.gr/aggregator/edm/(\S+)")
PICTURE = "https://www.searchculture.gr/aggregator/thumbnails/edm-record/"
PAGES = 100  # which is more than a search of Table 2.1 should find


class SearchCulture(Source):
    name = "searchculture"
    title = "SearchCulture.gr, the Greek aggregator"
    hosts = ("www.searchculture.gr",)
    key = Key("SEARCHCULTURE_API_KEY", "https://www.searchculture.gr/aggregator/swagger-ui.html")
    verified = False

    def search(self, query: Query) -> Iterator[Artwork]:
        return in_greek_too(query, self._pages)

    def _pages(self, words: str) -> Iterator[Iterable[Artwork]]:
        params = {"apiKey": self.session.secret(self.key.variable), "general_term": words, "preferredLanguage": "en"}
        for page in range(1, PAGES + 1):
            try:
                answer = self.json(API, params | {"page": page})
            except Fault as fault:
                if fault.kind == "not JSON":  # the empty answers that it gives at times
                    return
                raise
            yield map(artwork, page_of(answer, "results"))


def artwork(record: object) -> Artwork:
    """One entry of a search's `results` on the thesis' columns."""
    def field(*names: str) -> str:
        return text(*(dig(record, name) for name in names))

    uri = text(*entries(record, "uri"))
    path = RECORD.fullmatch(uri)
    return Artwork(
        source=SearchCulture.name,
        id=uri,
        title=field("dc_title"),
        author=field("dc_creator"),
        date=field("ekt_chronology"),
        technique=field("dc_format"),
        location=field("institution"),
        type=field("ekt_type", "dc_type"),
        images=addresses([PICTURE + path[1]] if path else []),
        page=text(*addresses([uri])),
        licence=field("edm_rights", "dc_rights"),
        words=" ".join(map(field, ("dc_title", "dc_description", "dc_subject", "dc_type", "ekt_type"))),
    )
