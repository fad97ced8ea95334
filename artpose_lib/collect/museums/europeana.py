"""Europeana, the aggregator of Europe's museums: the Search API (api.europeana.eu), with a key.

The pictures lie with thousands of institutions, which cannot all be declared. Europeana's media proxy hands on the
picture of any record that is not in copyright, from one host (github.com/europeana/media-proxy.js). Its own previews
are 400 pixels wide, which is enough for an upright picture only.
SearchCulture's records are here too, so that they can be found without a key of its own.
"""

import hashlib
from collections.abc import Iterable, Iterator

from artpose_lib.collect.answers import addresses, dig, entries, page_of, text
from artpose_lib.collect.museums.greek import in_greek_too
from artpose_lib.collect.source import Artwork, Key, Source
from artpose_lib.data.poses import Query

API = "https://api.europeana.eu/record/v2/search.json"
PROXY, PREVIEW = "https://proxy.europeana.eu/media", "https://api.europeana.eu/thumbnail/v3/400/"
PAGE, PAGES = 100, 100  # hits a page, and the most pages that are asked for


class Europeana(Source):
    name = "europeana"
    title = "Europeana"
    hosts = ("api.europeana.eu", "proxy.europeana.eu")
    key = Key("EUROPEANA_API_KEY", "https://pro.europeana.eu/page/get-api")

    def search(self, query: Query) -> Iterator[Artwork]:
        return in_greek_too(query, self._pages)

    def _pages(self, words: str) -> Iterator[Iterable[Artwork]]:
        params = {"wskey": self.session.secret(self.key.variable), "query": words, "qf": "TYPE:IMAGE",
                  "reusability": "open", "media": "true", "thumbnail": "true", "profile": "rich", "rows": PAGE}
        cursor = "*"
        for _ in range(PAGES):
            answer = self.json(API, params | {"cursor": cursor})
            yield map(artwork, page_of(answer, "items"))
            cursor = text(dig(answer, "nextCursor"))
            if not cursor:
                return


def artwork(record: object) -> Artwork:
    """One of a search's `items` on the thesis' columns. The addresses in `guid` and `link` hold the key: never used."""
    def field(name: str) -> str:
        return text(dig(record, name))

    def told(name: str) -> list[str]:
        """The values of a field that has them by language, English before the others."""
        languages = dig(record, name)
        ordered = sorted(languages, key=lambda language: language != "en") if isinstance(languages, dict) else []
        return [_words(languages, language) for language in ordered]

    identifier, shown = field("id"), text(*entries(record, "edmIsShownBy"))
    # Both services know a picture by the MD5 of its address.
    digest = hashlib.md5(shown.encode(), usedforsecurity=False).hexdigest()
    return Artwork(
        source=Europeana.name,
        id=identifier,
        title=text(*told("dcTitleLangAware"), *entries(record, "title")),
        author=_words(record, "dcCreator"),
        date=field("year"),
        location=field("dataProvider"),
        type=text(*told("dcTypeLangAware")),
        images=addresses([f"{PROXY}{identifier}/{digest}", f"{PREVIEW}{digest}.jpg"] if identifier and shown else []),
        page=f"https://www.europeana.eu/item{identifier}" if identifier else "",
        licence=text(*entries(record, "rights")),
        words=" ".join([field("title"), field("dcDescription"), *told("dcTitleLangAware"), *told("dcSubjectLangAware"),
                        *told("dcDescriptionLangAware"), *told("edmConceptPrefLabelLangAware")]),
    )


def _words(values: object, name: str) -> str:
    """The texts of a field that are words, and not the addresses of persons or concepts."""
    return text([value for value in entries(values, name) if not addresses([value])])
