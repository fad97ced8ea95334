"""Europeana, which the thesis did not ask: open pictures, those of SearchCulture among them.

Its Search API (api.europeana.eu) needs a key. Pictures lie with thousands of institutions; its media proxy hands on
those that are not in copyright (github.com/europeana/media-proxy.js). Its own previews are 400 pixels wide.
"""

import hashlib

from artpose_lib.collect.answers import addresses, dig, entries, field, read_records, text
from artpose_lib.collect.source import Artwork, GreekSource, Pages

API = "https://api.europeana.eu/record/v2/search.json"
PROXY, PREVIEW = "https://proxy.europeana.eu/media", "https://api.europeana.eu/thumbnail/v3/400/"


class Europeana(GreekSource):
    name = "europeana"
    title = "Europeana"
    hosts = ("api.europeana.eu", "proxy.europeana.eu")
    key, key_page = "EUROPEANA_API_KEY", "https://pro.europeana.eu/page/get-api"

    def read_pages(self, words: str) -> Pages:
        params = {"wskey": self.session.read_key(self.key), "query": words, "qf": "TYPE:IMAGE",
                  "reusability": "open", "media": "true", "thumbnail": "true", "profile": "rich", "rows": 100}
        cursor = "*"
        for _ in range(self.most_pages):
            answer = self.fetch_json(API, params | {"cursor": cursor})
            yield map(read_artwork, read_records(answer, "items"))
            if not (cursor := field(answer, "nextCursor")):
                return


def read_artwork(record: object) -> Artwork:
    """Read one of a search's `items`. The addresses in its `guid` and `link` hold the key and are never used."""
    identifier, shown = field(record, "id"), text(*entries(record, "edmIsShownBy"))
    # Both services know a picture by the MD5 of its address.
    digest = hashlib.md5(shown.encode(), usedforsecurity=False).hexdigest()
    agents = dict(zip(map(text, entries(record, "edmAgent")), entries(record, "edmAgentLabel"), strict=False))
    creators = [text(*_read_by_language(agents.get(text(creator)))) for creator in entries(record, "dcCreator")]
    titles = _read_by_language(dig(record, "dcTitleLangAware"))
    return Artwork(
        id=identifier,
        title=text(*titles, *entries(record, "title")),
        author=text(_read_words(record, "dcCreator"), *_read_by_language(dig(record, "dcCreatorLangAware")), creators),
        date=text(dig(record, "year"), *_read_by_language(*entries(record, "edmTimespanLabel"))),
        location=_read_words(record, "dataProvider"),
        type=text(*_read_by_language(dig(record, "dcTypeLangAware"))),
        images=addresses([f"{PROXY}{identifier}/{digest}", f"{PREVIEW}{digest}.jpg"] if identifier and shown else []),
        page=f"https://www.europeana.eu/item{identifier}" if identifier else "",
        licence=text(*entries(record, "rights")),
        words=" ".join([field(record, "title"), field(record, "dcDescription"), *titles,
                        *_read_by_language(dig(record, "dcSubjectLangAware"), dig(record, "dcDescriptionLangAware"),
                                           dig(record, "edmConceptPrefLabelLangAware"))]),
    )


def _read_by_language(*fields: object) -> list[str]:
    """Return the values of fields that have them by language, English before the others."""
    return [_read_words(languages, language) for languages in fields if isinstance(languages, dict)
            for language in sorted(languages, key=lambda language: language != "en")]


def _read_words(values: object, name: str) -> str:
    """Return the texts of a field that are words, and not the addresses of persons or concepts."""
    return text([value for value in entries(values, name) if not addresses([value])])
