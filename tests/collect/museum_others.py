"""Catalogues to download, the Web Gallery of Art and Washington, and aggregators: SearchCulture, Europeana.

A function a host: from an `Ask` and the works to a `Reply`, or None for a request that it does not know. All values are
our own inventions, in the shapes of late 2026.
"""

import csv
import hashlib
import io
import re
import zipfile

from museum_base import KEYS, Ask, Museums, Reply, as_json, as_text, page
from museum_works import Work

# Web Gallery of Art: one catalogue to download.

def wga(ask: Ask, museums: Museums) -> Reply | None:
    if ask.path == "/database/download/data_txt.zip":
        table = io.StringIO(newline="")
        rows = csv.writer(table, delimiter=";")
        rows.writerow(["AUTHOR", "BORN-DIED", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "URL", "FORM", "TYPE", "SCHOOL",
                       "TIMEFRAME"])
        rows.writerows([work.author, "(b. 1600, Köln)", work.title, work.date, work.technique, "Galleria, Siena",
                        f"https://www.wga.hu{work.id}", work.type, "religious", "Italian", "1501-1550"]
                       for work in museums.of("wga"))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("catalog.csv", table.getvalue().encode("latin-1", "replace"))
        return Reply(packed.getvalue(), headers={"Content-Type": "application/zip"}, about=("wga", "search", ""))
    asked = re.fullmatch(r"/(art|detail)/v/verhoev/(\d+)\.jpg", ask.path)
    return asked and museums.picture("wga", asked[2], second_best=asked[1] == "detail")


# The National Gallery of Art, Washington: two tables to download.

def nga(ask: Ask, museums: Museums) -> Reply | None:
    works = museums.of("nga")
    if ask.path.endswith("/data/objects.csv"):
        return _csv([
            {"objectid": work.number, "accessioned": 1, "title": work.title, "displaydate": work.date,
             "medium": work.technique, "dimensions": "plate: 52 x 42 cm\nsheet: 62 x 48 cm",
             "attributioninverted": work.author[::-1], "attribution": work.author, "classification": work.type}
            for work in works])
    if ask.path.endswith("/data/published_images.csv"):
        return _csv([
            {"iiifurl": f"https://api.nga.gov/iiif/{work.number:08d}-{name}-46f4-bf5d-1a2e6032eb13", "viewtype": view,
             "sequence": number, "width": 3000, "height": 4000, "openaccess": 1, "depictstmsobjectid": work.number}
            for work in works for name, view, number in (("bbbb", "alternate", 5), ("aaaa", "primary", 0))])
    return None


def _csv(rows: list[dict]) -> Reply:
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return Reply(table.getvalue().encode(), headers={"Content-Type": "text/plain; charset=utf-8"},
                 about=("nga", "search", ""))


def nga_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/iiif/(\d{8})-aaaa-46f4-bf5d-1a2e6032eb13/full/!1000,1000/0/default\.jpg", ask.path)
    return asked and museums.picture("nga", asked[1], 1000, 1000)


# SearchCulture.gr: the shape is inferred from other programs; a text may come as a list or alone.

def searchculture(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/aggregator/thumbnails/edm-record/vases/(\d+)", ask.path)
    if asked:
        return museums.picture("searchculture", asked[1])
    if ask.path != "/aggregator/api/search.json":
        return None
    if ask.params.get("apiKey") != KEYS["SEARCHCULTURE_API_KEY"]:
        return as_text("Unauthorized", 401)
    words, size = ask.params["general_term"], 5
    found = museums.search("searchculture", words)
    records = [museums.record(work, _searchculture_record(work))
               for work in page(found, size * (ask.number("page", 1) - 1), size)]
    return as_json({"totalResults": len(found), "results": records}, ("searchculture", "search", words.casefold()))


def _searchculture_record(work: Work) -> dict:
    return {"dc_title": [work.title], "dc_creator": [work.author] if work.author else None,
            "ekt_chronology": [work.date], "dc_format": work.technique, "ekt_type": [work.type],
            "institution": "Museum of Inventions", "uri": [work.id], "edm_rights": work.licence,
            "edm_isShownAt": f"https://repository.example.org/{work.number}"}


# Europeana: the answer repeats the key, and so do the addresses in it. Pictures come through its media proxy.

def europeana(ask: Ask, museums: Museums) -> Reply | None:
    if asked := re.fullmatch(r"/thumbnail/v3/400/([0-9a-f]{32})\.jpg", ask.path):
        numbers = [work.number for work in museums.of("europeana") if _europeana_digest(work) == asked[1]]
        return museums.picture("europeana", numbers[0], 400, second_best=True) if numbers else None
    if ask.path != "/record/v2/search.json":
        return None
    key = ask.params.get("wskey")
    if key != KEYS["EUROPEANA_API_KEY"]:
        return as_json({"success": False, "error": "Invalid API key"}, status=401)
    words, size = ask.params["query"], 6
    found = museums.search("europeana", words)
    start = 0 if ask.params["cursor"] == "*" else int(ask.params["cursor"])
    items = [museums.record(work, _europeana_record(work, key)) for work in page(found, start, size)]
    answer = {"apikey": key, "success": True, "itemsCount": len(items), "totalResults": len(found), "items": items}
    if start + size < len(found):
        answer["nextCursor"] = str(start + size)
    return as_json(answer, ("europeana", "search", words.casefold()))


def _europeana_record(work: Work, key: str) -> dict:
    return {"id": work.id, "title": [work.title, f"{work.title} (nl)"], "dcTitleLangAware": {"en": [work.title]},
            "dcCreator": ["http://viaf.org/viaf/1", *[work.author] * bool(work.author)], "year": [work.date],
            "dcTypeLangAware": {"nl": ["ding"], "en": [work.type]}, "dataProvider": ["Museum of Inventions"],
            "rights": [work.licence], "edmIsShownBy": [_europeana_picture(work)],
            "guid": f"https://www.europeana.eu/item{work.id}?utm_campaign={key}",
            "link": f"https://api.europeana.eu/record{work.id}.json?wskey={key}"}


def _europeana_picture(work: Work) -> str:
    return f"https://museum.example.org/{work.number}.jpg"


def _europeana_digest(work: Work) -> str:
    return hashlib.md5(_europeana_picture(work).encode()).hexdigest()


def europeana_pictures(ask: Ask, museums: Museums) -> Reply | None:
    """The media proxy, which knows a picture by its record and the MD5 of its address."""
    asked = re.fullmatch(r"/media/9040/(\d+)/([0-9a-f]{32})", ask.path)
    work = asked and museums.numbered("europeana", asked[1])
    return museums.picture("europeana", asked[1]) if work and _europeana_digest(work) == asked[2] else None


HOSTS = {
    "www.wga.hu": wga, "raw.githubusercontent.com": nga, "api.nga.gov": nga_pictures,
    "www.searchculture.gr": searchculture, "api.europeana.eu": europeana, "proxy.europeana.eu": europeana_pictures,
}
