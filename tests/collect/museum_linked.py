"""Museums whose records lead to others: the Rijksmuseum, Wikimedia Commons, and the Census by way of Wikidata.

A function a host: from an `Ask` and the works to a `Reply`, or None for a request that it does not know. All values are
our own inventions, in the shapes of late 2026.
"""

import re
from urllib.parse import urlencode

from museum_base import Ask, Museums, Reply, as_json, folded, page
from museum_works import Work

# Rijksmuseum: Linked Art, from the object to its visual item, to its digital object, to its picture.

AAT = "http://vocab.getty.edu/aat/"
ENGLISH, DUTCH, PREFERRED = f"{AAT}300388277", f"{AAT}300388256", f"{AAT}300404670"
RIJKSMUSEUM_PARAMETERS = {"title", "description", "creator", "aboutActor", "type", "material", "technique",
                          "creationDate", "objectNumber", "memberOfSetId", "imageAvailable", "pageToken"}


def rijksmuseum(ask: Ask, museums: Museums) -> Reply | None:
    if ask.path == "/search/collection":
        return _rijksmuseum_search(ask, museums)
    asked = re.fullmatch(r"/(200|202|500)(\d+)", ask.path)
    work = asked and museums.numbered("rijksmuseum", asked[2])
    if not work:
        return None
    shape = {"200": _rijksmuseum_object, "202": _rijksmuseum_visual_item, "500": _rijksmuseum_digital_object}[asked[1]]
    record = shape(work)
    if asked[1] == "200":
        record = museums.record(work, record)
    place = {"200": "record", "202": "visual item", "500": "digital object"}[asked[1]]
    return as_json(record, ("rijksmuseum", place, str(work.number)))


def rijksmuseum_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/Rm(\d+)/full/!1000,1000/0/default\.jpg", ask.path)
    return asked and museums.picture("rijksmuseum", asked[1], 1000, 1000)


def _rijksmuseum_search(ask: Ask, museums: Museums) -> Reply:
    asked = ask.params
    if unknown := set(asked) - RIJKSMUSEUM_PARAMETERS:
        return as_json({"detail": f"unknown parameter {sorted(unknown)}"}, status=400)
    words = asked.get("title") or asked.get("description", "")
    found = museums.search("rijksmuseum", words) if "title" in asked else [
        work for work in museums.of("rijksmuseum") if work.words and folded(words) in folded(work.words)]
    start, size = ask.number("pageToken", 0), 5
    answer = {"type": "OrderedCollectionPage", "partOf": {"type": "OrderedCollection", "totalItems": len(found)},
              "orderedItems": [{"id": f"https://id.rijksmuseum.nl/200{work.number}", "type": "HumanMadeObject"}
                               for work in page(found, start, size)]}
    if start + size < len(found):
        following = urlencode(asked | {"pageToken": start + size})
        answer["next"] = {"id": f"https://data.rijksmuseum.nl/search/collection?{following}",
                          "type": "OrderedCollectionPage"}
    return as_json(answer, ("rijksmuseum", "search", words.casefold()))


def _rijksmuseum_object(work: Work) -> dict:
    def name(content, language, *kinds):
        return {"type": "Name", "content": content, "language": [{"id": language}],
                "classified_as": [{"id": kind} for kind in kinds]}

    return {
        "id": f"https://id.rijksmuseum.nl/200{work.number}", "type": "HumanMadeObject",
        "identified_by": [
            {"type": "Identifier", "content": work.id, "classified_as": [
                {"id": "https://id.rijksmuseum.nl/22015218"}, {"id": f"{AAT}300312355"}]},
            name(f"{work.title} (nl)", DUTCH, PREFERRED), name([work.title], ENGLISH, PREFERRED)],
        "produced_by": {
            "timespan": {"identified_by": [name(f"{work.date} (nl)", DUTCH), name(work.date, ENGLISH)]
                         if work.date else []},
            "part": [{"carried_out_by": [{"type": "Person", "notation": [
                {"@language": "nl", "@value": f"{work.author} (nl)"}, {"@language": "en", "@value": work.author}]}]}]},
        "referred_to_by": [
            {"content": work.technique, "language": [{"id": ENGLISH}], "classified_as": [f"{AAT}300435429"]},
            {"content": work.words, "language": [{"id": ENGLISH}], "classified_as": [f"{AAT}300435452"]}],
        "classified_as": [{"id": "https://id.rijksmuseum.nl/22011", "notation": [
            {"@language": "nl", "@value": f"{work.type} (nl)"}, {"@language": "en", "@value": work.type}]}],
        "subject_of": [{"digitally_carried_by": [{"format": "text/html", "access_point": [
            {"id": f"https://www.rijksmuseum.nl/en/collection/object/{work.number}"}]}]}],
        "shows": [{"id": f"https://id.rijksmuseum.nl/202{work.number}", "type": "VisualItem"}]}


def _rijksmuseum_visual_item(work: Work) -> dict:
    return {"type": "VisualItem", "subject_to": [{"type": "Right", "classified_as": [{"id": work.licence}]}],
            "digitally_shown_by": [{"id": f"https://id.rijksmuseum.nl/500{work.number}", "type": "DigitalObject"}]}


def _rijksmuseum_digital_object(work: Work) -> dict:
    return {"type": "DigitalObject", "access_point": [
        {"id": f"https://iiif.micr.io/Rm{work.number}/full/max/0/default.jpg", "type": "DigitalObject"}]}


# Wikimedia Commons.

def commons(ask: Ask, museums: Museums) -> Reply | None:
    asked = ask.params
    if ask.path != "/w/api.php" or (asked["action"], asked["format"], asked["formatversion"]) != ("query", "json", "2"):
        return None
    if "titles" in asked:  # one file; the Census' monuments are known by them
        number = re.fullmatch(r"File:Work (\d+)\.jpg", asked["titles"])[1]
        work = museums.numbered("census", number)
        return as_json({"batchcomplete": True, "query": {"pages": [museums.record(work, _commons_page(work))]}},
                       ("census", "record", number))
    words = asked["gsrsearch"].removesuffix(" filetype:bitmap")
    found, start, size = museums.search("commons", words), ask.number("gsroffset", 0), 4
    answer = {"batchcomplete": True}
    if start + size < len(found):
        answer["continue"] = {"gsroffset": start + size, "continue": "gsroffset||"}
    if pages := [museums.record(work, _commons_page(work)) for work in page(found, start, size)]:
        answer["query"] = {"pages": pages}
    return as_json(answer, ("commons", "search", words.casefold()))


def _commons_page(work: Work) -> dict:
    name = f"Work_{work.number}.jpg"
    said = {"ObjectName": f"<b>{work.title}</b>", "Artist": f'<a href="//example.org">{work.author}</a>',
            "DateTimeOriginal": work.date, "LicenseShortName": "CC0", "LicenseUrl": work.licence,
            "ImageDescription": f"<p>{work.title}</p>"}
    return {"pageid": work.number, "ns": 6, "title": f"File:Work {work.number}.jpg", "index": 1, "imageinfo": [{
        "size": 90_000, "width": 3000, "height": 4000, "mime": "image/jpeg",
        "thumburl": f"https://thumb.wikimedia.org/wikipedia/commons/thumb/e/ea/{name}/960px-{name}?utm_source=api",
        "url": f"https://upload.wikimedia.org/wikipedia/commons/e/ea/{name}",
        "descriptionurl": f"https://commons.wikimedia.org/wiki/File:{name}",
        "extmetadata": {key: {"value": value, "source": "commons-desc-page"} for key, value in said.items()}}]}


def commons_pictures(ask: Ask, museums: Museums) -> Reply | None:
    asked = re.fullmatch(r"/wikipedia/commons/(thumb/)?e/ea/Work_(\d+)\.jpg(/960px-Work_\2\.jpg)?", ask.path)
    source = "commons" if asked and museums.numbered("commons", asked[2]) else "census"
    return asked and museums.picture(source, asked[2], *((960,) if asked[1] else ()))


# The Census: manifests by their UUID, and what Wikidata knows: monuments with a number there and a file on Commons.

def census(ask: Ask, museums: Museums) -> Reply | None:
    api, uuid = "/api/v1/", r"4b3714d5-6112-47b3-ba6e-(\d{12})"
    if asked := re.fullmatch(rf"{api}objects/uuid/{uuid}/format/iiif/v3/manifest\.json", ask.path):
        work = museums.numbered("census", asked[1])
        return as_json(_census_manifest(work)) if work else as_json({"error": "not found"}, status=404)
    asked = re.fullmatch(rf"{api}eas/iiif/(\d+)/original\.jpg/full/full/0/default\.jpg", ask.path)
    return asked and museums.picture("census", asked[1])


def _census_manifest(work: Work) -> dict:
    picture = f"https://database.census.de/api/v1/eas/iiif/{work.number}/original.jpg"
    body = {"id": f"{picture}/full/full/0/default.jpg", "type": "Image", "service": [{"id": picture}]}
    return {"label": {"en-US": [work.title]}, "type": "Manifest", "rights": work.licence,
            "metadata": [{"label": {"en-US": ["Label Name"]},
                          "value": {"none": [f'<span class="value">\n {work.title}</span>']}}],
            "items": [{"type": "Canvas", "items": [{"type": "AnnotationPage", "items": [{"body": body}]}]}],
            "rendering": [{"id": f"https://database.census.de/{work.number}/format/html", "format": "text/html"}]}


def wikidata(ask: Ask, museums: Museums) -> Reply | None:
    if ask.path != "/sparql" or "wdt:P12835" not in ask.params["query"] or ask.params["format"] != "json":
        return None
    files = "http://commons.wikimedia.org/wiki/Special:FilePath"
    rows = [{"item": {"type": "uri", "value": f"http://www.wikidata.org/entity/Q{work.number}"},
             "number": {"type": "literal", "value": work.id},
             "image": {"type": "uri", "value": f"{files}/Work%20{work.number}.jpg"},
             "title": {"type": "literal", "xml:lang": "en", "value": work.title},
             "names": {"type": "literal", "value": f"{work.title}, {work.words}"}} for work in museums.of("census")]
    return as_json({"head": {"vars": list(rows[0])}, "results": {"bindings": rows}}, ("census", "search", ""))


HOSTS = {
    "data.rijksmuseum.nl": rijksmuseum, "iiif.micr.io": rijksmuseum_pictures,
    "commons.wikimedia.org": commons, "thumb.wikimedia.org": commons_pictures, "upload.wikimedia.org": commons_pictures,
    "query.wikidata.org": wikidata, "database.census.de": census,
}
