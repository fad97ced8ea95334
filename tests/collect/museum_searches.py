"""Museums whose searches give records: the Metropolitan Museum, Harvard, Chicago, SMK, Cleveland.

A function a host: from an `Ask` and the works to a `Reply`, or None for a request that it does not know. All values are
our own inventions, in the shapes of late 2026.
"""

import re
from urllib.parse import urlencode

from museum_base import KEYS, Ask, Museums, Reply, as_json, as_text, page
from museum_works import Work

# The Metropolitan Museum of Art.

def met(ask: Ask, museums: Museums) -> Reply | None:
    if ask.path == "/public/collection/v1.1/search":
        found = museums.search("met", ask.params["q"])
        if ask.params.get("departmentId") == "13":
            found = [work for work in found if work.technique == "terracotta"]
        numbers = [work.number for work in page(found, ask.number("offset", 0), ask.number("limit", 80))]
        return as_json({"total": len(found), "objectIDs": numbers or None},
                       ("met", "search", ask.params["q"].casefold()))
    asked = re.fullmatch(r"/public/collection/v1/objects/(\d+)", ask.path)
    work = asked and museums.numbered("met", asked[1])
    if work:
        return as_json(museums.record(work, _met_record(work)), ("met", "record", str(work.number)))
    return as_json({"message": "Not a valid object"}, status=404) if asked else None


def _met_record(work: Work) -> dict:
    pictures = "https://images.metmuseum.org/CRDImages/gr"
    return {"objectID": work.number, "isPublicDomain": True, "primaryImage": f"{pictures}/original/DP{work.number}.jpg",
            "primaryImageSmall": f"{pictures}/web-large/DP{work.number}.jpg", "additionalImages": [],
            "objectName": "Figure", "title": work.title, "culture": "Greek, Attic", "artistPrefix": "",
            "artistDisplayName": work.author, "objectDate": work.date, "medium": work.technique,
            "classification": work.type, "rightsAndReproduction": "",
            "repository": "Metropolitan Museum of Art, New York, NY", "tags": [{"term": "Figures"}],
            "objectURL": f"https://www.metmuseum.org/art/collection/search/{work.number}"}


def met_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/CRDImages/gr/(original|web-large)/DP(\d+)\.jpg", ask.path)
    if asked and asked[1] == "web-large":
        return museums.picture("met", asked[2], 600, 600, second_best=True)
    return asked and museums.picture("met", asked[2])


# Harvard Art Museums.

def harvard(ask: Ask, museums: Museums) -> Reply | None:
    if ask.params.get("apikey") != KEYS["HARVARD_API_KEY"]:
        return as_text("Unauthorized", 401)
    if ask.path != "/object":
        return None
    found = museums.search("harvard", ask.params["q"])
    size, number = 3, ask.number("page", 1)  # far fewer than anyone asks for
    pages = -(-len(found) // size)
    info = {"totalrecordsperquery": size, "totalrecords": len(found), "pages": pages, "page": number}
    if number < pages:
        info["next"] = f"https://api.harvardartmuseums.org/object?{urlencode(ask.params | {'page': number + 1})}"
    records = [museums.record(work, _harvard_record(work)) for work in page(found, size * (number - 1), size)]
    return as_json({"info": info, "records": records}, ("harvard", "search", ask.params["q"].casefold()))


def _harvard_record(work: Work) -> dict:
    record = {"id": work.number, "objectid": work.number, "objectnumber": f"2006.{work.number}", "title": work.title,
              "dated": work.date, "classification": work.type, "medium": work.technique, "technique": None,
              "culture": "Dutch", "description": work.words or None, "copyright": None, "imagepermissionlevel": 0,
              "url": f"https://www.harvardartmuseums.org/collections/object/{work.number}",
              "primaryimageurl": f"https://nrs.harvard.edu/urn-3:HUAM:{work.number}_dynmc"}
    if work.author:  # left out where nobody is known
        record["people"] = [{"role": "Former owner", "displayname": "Somebody Else"},
                            {"role": "Artist", "displayname": work.author}]
    return record


def harvard_names(ask: Ask, museums: Museums) -> Reply | None:
    """The lasting names of pictures lead on to the host that has them."""
    if not (asked := re.fullmatch(r"/urn-3:HUAM:(\d+)_dynmc(/full/.*)", ask.path)):
        return None
    place = f"https://ids.lib.harvard.edu/ids/iiif/{asked[1]}{asked[2]}"
    return Reply(b"", 303, {"Location": place}, ("harvard", "name", asked[1]))


def harvard_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/ids/iiif/(\d+)/full/!1000,1000/0/default\.jpg", ask.path)
    return asked and museums.picture("harvard", asked[1], 1000, 1000)


# The Art Institute of Chicago.

def artic(ask: Ask, museums: Museums) -> Reply | None:
    if ask.path != "/api/v1/artworks/search":
        return None
    if "AIC-User-Agent" not in ask.headers:
        return as_json({"status": 403, "detail": "say who you are"}, status=403)
    found = museums.search("artic", ask.params["q"])
    size, number = ask.number("limit", 10), ask.number("page", 1)
    if size * number > 1000:
        return as_json({"status": 403, "error": "Invalid limit", "detail": "at most 1,000 results"}, status=403)
    records = [museums.record(work, _artic_record(work)) for work in page(found, size * (number - 1), size)]
    return as_json({"pagination": {"total": len(found), "limit": size, "offset": size * (number - 1),
                                   "total_pages": -(-len(found) // size), "current_page": number},
                    "data": records, "config": {"iiif_url": "https://www.artic.edu/iiif/2"}},
                   ("artic", "search", ask.params["q"].casefold()))


def _artic_record(work: Work) -> dict:
    return {"_score": 12.5, "id": work.number, "title": work.title, "artist_title": None,
            "artist_display": f"{work.author}\nItalian, 1600-1650", "date_display": work.date,
            "medium_display": work.technique, "place_of_origin": "Italy", "artwork_type_title": work.type,
            "is_public_domain": True, "main_reference_number": f"1923.{work.number}",
            "image_id": f"{work.number:08d}-1f2e-4a5b-8c7d-000000000000"}


def artic_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/iiif/2/(\d{8})-1f2e-4a5b-8c7d-0{12}/full/843,/0/default\.jpg", ask.path)
    return asked and museums.picture("artic", asked[1], width=843)


# SMK, the National Gallery of Denmark.

def smk(ask: Ask, museums: Museums) -> Reply | None:
    if ask.path != "/api/v1/art/search/":
        return None
    found = museums.search("smk", ask.params["keys"])
    start, size = ask.number("offset", 0), ask.number("rows", 10)
    items = [museums.record(work, _smk_record(work)) for work in page(found, start, size)]
    return as_json({"offset": start, "rows": size, "found": len(found), "items": items, "facets": {}},
                   ("smk", "search", ask.params["keys"].casefold()))


def _smk_record(work: Work) -> dict:
    picture = f"iiif/jp2/{work.number}_smk.tif.jp2"
    return {"id": f"{work.number}_object", "object_number": work.id, "titles": [{"title": work.title}],
            "artist": [work.author], "production": [{"creator": "Other, Name"}],
            "production_date": [{"period": work.date}], "techniques": [work.technique],
            "object_names": [{"name": work.type}], "public_domain": True, "rights": work.licence, "has_image": True,
            "frontend_url": f"https://open.smk.dk/artwork/image/{work.number}",
            "image_iiif_id": f"https://iip.smk.dk/{picture}",
            "image_thumbnail": f"https://iip-thumb.smk.dk/{picture}/full/!1024,/0/default.jpg"}


def smk_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/iiif/jp2/(\d+)_smk\.tif\.jp2/full/!(1000,1000|1024,)/0/default\.jpg", ask.path)
    return asked and museums.picture("smk", asked[1], 1000, 1000, second_best=asked[2] == "1024,")


# The Cleveland Museum of Art.

def cleveland(ask: Ask, museums: Museums) -> Reply | None:
    if ask.path != "/api/artworks/":
        return None
    found = museums.search("cleveland", ask.params["q"])
    records = [museums.record(work, _cleveland_record(work))
               for work in page(found, ask.number("skip", 0), ask.number("limit", 1000))]
    return as_json({"info": {"total": len(found), "parameters": ask.params}, "data": records},
                   ("cleveland", "search", ask.params["q"].casefold()))


def _cleveland_record(work: Work) -> dict:
    pictures = f"https://openaccess-cdn.clevelandart.org/1916.{work.number}/1916.{work.number}"
    return {"id": work.number, "accession_number": f"1916.{work.number}", "share_license_status": "CC0",
            "title": work.title, "creation_date": work.date, "technique": work.technique, "type": work.type,
            "creators": [{"description": work.author, "role": "artist"}] if work.author else [],
            "culture": ["Italy, 16th century"], "url": f"https://clevelandart.org/art/1916.{work.number}",
            "images": {"web": {"url": f"{pictures}_web.jpg", "width": "641", "height": "900"},
                       "print": {"url": f"{pictures}_print.jpg", "width": "2422", "height": "3400"},
                       "full": {"url": f"{pictures}_full.tif", "width": "3091", "height": "4339"}}}


def cleveland_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/1916\.(\d+)/1916\.\1_(web|print)\.jpg", ask.path)
    return asked and museums.picture("cleveland", asked[1], second_best=asked[2] == "print")


HOSTS = {
    "collectionapi.metmuseum.org": met, "images.metmuseum.org": met_pictures,
    "api.harvardartmuseums.org": harvard, "nrs.harvard.edu": harvard_names, "ids.lib.harvard.edu": harvard_pictures,
    "api.artic.edu": artic, "www.artic.edu": artic_pictures,
    "api.smk.dk": smk, "iip.smk.dk": smk_pictures, "iip-thumb.smk.dk": smk_pictures,
    "openaccess-api.clevelandart.org": cleveland, "openaccess-cdn.clevelandart.org": cleveland_pictures,
}
