"""SearchCulture.gr, the Greek aggregator (Section 2.1). No answer of its search was ever seen.

Its API (www.searchculture.gr/aggregator) needs a key. What is read here is what other programs read; a value may be a
text or a list of texts. Pictures lie with many institutions; we take the preview that the aggregator keeps of each.
"""

import re

from artpose_lib.collect.answers import Fault, addresses, columns, dig, entries, field, text
from artpose_lib.collect.source import Artwork, GreekSource, Pages

SITE = "https://www.searchculture.gr/aggregator"
API = f"{SITE}/api/search.json"
RECORD = re.compile(r"https?://www\.searchculture\.gr/aggregator/edm/(\S+)")


class SearchCulture(GreekSource):
    name = "searchculture"
    title = "SearchCulture.gr, the Greek aggregator"
    hosts = ("www.searchculture.gr",)
    key, key_page = "SEARCHCULTURE_API_KEY", f"{SITE}/swagger-ui.html"
    verified = False

    def read_pages(self, words: str) -> Pages:
        params = {"apiKey": self.session.read_key(self.key), "general_term": words, "preferredLanguage": "en"}
        for number in range(1, self.most_pages + 1):
            try:
                yield map(read_artwork, self.fetch_records(API, "results", params | {"page": number}))
            except Fault as fault:
                if fault.kind != "not JSON":  # the empty answers that it gives at times
                    raise
                return


def read_artwork(record: object) -> Artwork:
    """Read one entry of a search's `results`."""
    uri = text(*entries(record, "uri"))
    path = RECORD.fullmatch(uri)
    return Artwork(
        id=uri,
        **columns(record, title="dc_title", author="dc_creator", date="ekt_chronology", technique="dc_format",
                  location="institution"),
        type=text(dig(record, "ekt_type"), dig(record, "dc_type")),
        images=addresses([f"{SITE}/thumbnails/edm-record/{path[1]}"] if path else []),
        page=text(*addresses([uri])),
        licence=text(dig(record, "edm_rights"), dig(record, "dc_rights")),
        words=" ".join(field(record, name) for name in (
            "dc_title", "dc_description", "dc_subject", "dc_type", "ekt_type")),
    )
