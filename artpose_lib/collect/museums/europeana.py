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
    agents = dict(zip(map(text, entries(record, "edmAgent")), map(_read_label, entries(record, "edmAgentLabel")),
                      strict=False))
    titles = _read_by_language(record, "dcTitleLangAware")
    return Artwork(
        id=identifier,
        title=text(*titles, *entries(record, "title")),
        author=_read_words(record, "dcCreator") or text(*_read_by_language(record, "dcCreatorLangAware")) or text(
            [agents.get(text(creator)) for creator in entries(record, "dcCreator")]),
        date=text(dig(record, "year"), *map(_read_label, entries(record, "edmTimespanLabel"))),
        location=field(record, "dataProvider"),
        type=text(*_read_by_language(record, "dcTypeLangAware")),
        images=addresses([f"{PROXY}{identifier}/{digest}", f"{PREVIEW}{digest}.jpg"] if identifier and shown else []),
        page=f"https://www.europeana.eu/item{identifier}" if identifier else "",
        licence=text(*entries(record, "rights")),
        words=" ".join([field(record, "title"), field(record, "dcDescription"), *titles,
                        *_read_by_language(record, "dcSubjectLangAware"),
                        *_read_by_language(record, "dcDescriptionLangAware"),
                        *_read_by_language(record, "edmConceptPrefLabelLangAware")]),
    )


def _read_by_language(record: object, name: str) -> list[str]:
    """Return the values of a field that has them by language, English before the others."""
    languages = dig(record, name)
    ordered = sorted(languages, key=lambda language: language != "en") if isinstance(languages, dict) else []
    return [_read_words(languages, language) for language in ordered]


def _read_label(label: object) -> str:
    """Return the name of a person or a time, which is given by language."""
    return text(*_read_by_language({"label": label}, "label"))


def _read_words(values: object, name: str) -> str:
    """Return the texts of a field that are words, and not the addresses of persons or concepts."""
    return text([value for value in entries(values, name) if not addresses([value])])
