"""Harvard, SearchCulture, Europeana, Commons, Cleveland and the Census: what they ask, and what becomes of answers."""

import json

import pytest
from conftest import SHARED
from source_answers import FakeSession, answers_for, search

from artpose_lib.collect.answers import Fault
from artpose_lib.collect.museums import (
    SOURCES,
    census,
    cleveland,
    commons,
    europeana,
    harvard,
    searchculture,
)
from artpose_lib.collect.museums.census import Census
from artpose_lib.collect.museums.cleveland import Cleveland
from artpose_lib.collect.museums.commons import Commons
from artpose_lib.collect.museums.europeana import Europeana
from artpose_lib.collect.museums.harvard import Harvard
from artpose_lib.collect.museums.searchculture import SearchCulture
from artpose_lib.collect.source import Artwork
from artpose_lib.data.licences import is_open
from artpose_lib.data.poses import Query, parse_queries, thesis_table

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
ROWS = thesis_table("table_2_1_queries").to_dict("records")
SEBASTIAN, GRACES, STANDING = parse_queries("Sebastian,Three&Graces,standing&nude&man")
SEARCHED = ("harvard", "searchculture", "europeana", "commons", "cleveland")
UUID = "00000001-aaaa-bbbb-cccc-0123456789ab"
RECORD = f"https://database.census.de/api/v1/objects/uuid/{UUID}"


# What the answers become.

def test_harvard_on_the_columns():
    hits, _ = search(Harvard)
    place, pages = "Harvard Art Museums", "https://www.harvardartmuseums.org/collections/object"
    assert hits == [
        Artwork("harvard", "900001", "Saint Sebastian Reading", "Carla Inventata", "c. 1510", "Oil on panel", place,
                "Paintings", ("https://nrs.harvard.edu/urn-3:HUAM:900001_dynmc/full/!1000,1000/0/default.jpg",),
                f"{pages}/900001", harvard.TERMS, "Saint Sebastian Reading A man leans on a tree with a book.   "
                                                  "Saint Sebastian Reading A Reader painting"),
        Artwork("harvard", "900002", "Standing Youth", "Greek", "5th century BCE", "Cast", place, "Sculpture", (),
                f"{pages}/900002", f"© 1999 The Example Estate; {harvard.TERMS}", "Standing Youth   "),
        Artwork("harvard", "900003", "Sebastian in Colour", location=place, licence=harvard.TERMS,
                words="Sebastian in Colour   ")]


@pytest.mark.parametrize("level, shown", [(0, True), (1, False), (2, False), (None, True)])
def test_harvard_shows_only_what_may_be_shown_large(level, shown):
    record = {"imagepermissionlevel": level, "primaryimageurl": "https://nrs.harvard.edu/urn-3:HUAM:1_dynmc"}
    assert bool(harvard.read_artwork(record).images) == shown


@pytest.mark.parametrize("stated", [None, "CC0", "Public domain"])
def test_harvard_is_never_taken_for_open(stated):
    assert not is_open(harvard.read_artwork({"copyright": stated}).licence)


def test_searchculture_on_the_columns_texts_and_lists_alike():
    hits, _ = search(SearchCulture)
    uri = "www.searchculture.gr/aggregator/edm/inventions/000001-900001"
    assert hits == [
        Artwork("searchculture", f"http://{uri}", "Μαρτύριο του Αγίου Σεβαστιανού, Martyrdom of a saint",
                "Άννα Φανταστική, Workshop of Nobody", "1650", "λάδι σε μουσαμά", "Museum of Inventions", "Painting",
                ("https://www.searchculture.gr/aggregator/thumbnails/edm-record/inventions/000001-900001",),
                f"http://{uri}", "http://creativecommons.org/licenses/by-nc/4.0/",
                "Μαρτύριο του Αγίου Σεβαστιανού, Martyrdom of a saint Ένας άνδρας δεμένος σε δέντρο. άγιοι "
                "ζωγραφικός πίνακας Painting Sebastian"),
        Artwork("searchculture", "urn:inventions:900002", "Sebastian's house", "", "1900-1910", "",
                "Archive of Inventions", "photograph", words="Sebastian's house   photograph ")]
    assert not SearchCulture.verified


def test_europeana_on_the_columns():
    hits, _ = search(Europeana)
    first, third = "bf99d8b73138bf79c0d03664167bb8ff", "675eb13b555c81be8b055dedf04ea71c"
    assert hits == [
        Artwork("europeana", "/90001/object_1", "Tired Sebastian", "Doris Beispiel", "1710", "", "Museum der Beispiele",
                "painting",
                (f"https://proxy.europeana.eu/media/90001/object_1/{first}",
                 f"https://api.europeana.eu/thumbnail/v3/400/{first}.jpg"),
                "https://www.europeana.eu/item/90001/object_1", "http://creativecommons.org/publicdomain/mark/1.0/",
                "Der müde Sebastian, Tired Sebastian Ein Mann ruht an einem Baum. Tired Sebastian Der müde Sebastian  "
                "Ein Mann ruht an einem Baum. Saint Heilige"),
        Artwork("europeana", "/90002/object_2", "Sebastianus", page="https://www.europeana.eu/item/90002/object_2",
                licence="http://creativecommons.org/licenses/by/4.0/", words="Sebastianus "),
        Artwork("europeana", "/90003/object_3", "Σχέδιο: ο Άγιος Σεβαστιανός", location="Museum of Inventions",
                images=(f"https://proxy.europeana.eu/media/90003/object_3/{third}",
                        f"https://api.europeana.eu/thumbnail/v3/400/{third}.jpg"),
                page="https://www.europeana.eu/item/90003/object_3", words="Σχέδιο: ο Άγιος Σεβαστιανός  Sebastian")]


@pytest.mark.parametrize("shown, digest", [
    # An example each of the documentations of the previews and of the media proxy.
    ("http://www.mimo-db.eu/media/UEDIN/IMAGE/0032195c.jpg", "820911931db3ccb20e1b7a022ee6dd33"),
    ("https://europeana1914-1918.s3.amazonaws.com/attachments/152075/14524.152075.original.jpg",
     "304028f2553becc2bb0e4c0164439ec8")])
def test_europeana_knows_a_picture_by_the_digest_of_its_address(shown, digest):
    large, preview = europeana.read_artwork({"id": "/1/a", "edmIsShownBy": [shown]}).images
    assert large.endswith(f"/media/1/a/{digest}") and preview.endswith(f"/400/{digest}.jpg")


def test_commons_on_the_columns():
    hits, _ = search(Commons)
    files, thumbs = "https://commons.wikimedia.org/wiki/File:", "https://thumb.wikimedia.org/wikipedia/commons/thumb"
    assert hits == [
        Artwork("commons", "900001", "Sebastian in his garden", "Emma Erfunden", "circa 1530",
                images=(f"{thumbs}/a/ab/Sebastian_in_his_garden.jpg/960px-Sebastian_in_his_garden.jpg?utm_source=api",),
                page=f"{files}Sebastian_in_his_garden.jpg", licence="https://creativecommons.org/licenses/by-sa/4.0",
                words="Sebastian in his garden.jpg Sebastian in his garden A saint among flowers "
                      "Gardens in art|Saints"),
        Artwork("commons", "900002", "Sebastian without anything", words="Sebastian without anything.jpg   "),
        Artwork("commons", "900003", "Sebastian, a life", page=f"{files}Sebastian,_a_life.pdf",
                licence="Public domain", words="Sebastian, a life.pdf   "),
        Artwork("commons", "900004", "Last Sebastian", page=f"{files}Last_Sebastian.png",
                images=("https://upload.wikimedia.org/wikipedia/commons/e/ef/Last_Sebastian.png",),
                words="Last Sebastian.png   ")]


@pytest.mark.parametrize("mime", ["image/svg+xml", "application/pdf", "image/vnd.djvu", "audio/ogg", None, [1, {}]])
def test_commons_takes_no_file_that_is_no_picture(mime):
    info = {"mime": mime, "thumburl": "https://upload.wikimedia.org/thumb/1.jpg"}
    assert commons.read_artwork({"imageinfo": [info]}).images == ()


def test_cleveland_on_the_columns():
    hits, _ = search(Cleveland)
    place, pictures = "Cleveland Museum of Art", "https://openaccess-cdn.clevelandart.org/1901.1/1901.1"
    assert hits == [
        Artwork("cleveland", "900001", "The Three Graces Resting",
                "after Jan Verzonnen (Dutch, 1590-1650), Piet Drukker (Dutch, 1600-1660)", "c. 1620",
                "pen and brown ink", place, "Drawing", (f"{pictures}_web.jpg", f"{pictures}_print.jpg"),
                "https://clevelandart.org/art/1901.1", CC0,
                "The Three Graces Resting De drie Gratiën rustend The Three Graces Resting, c. 1620. After Jan "
                "Verzonnen (Dutch, 1590-1650). Pen and brown ink. Three women lean on each other after a dance.   "),
        Artwork("cleveland", "900002", "Mirror Back with Graces", "Greece, Hellenistic", "100s BCE", "bronze", place,
                "Metalwork", (), "https://clevelandart.org/art/1902.2.a", "Copyrighted",
                "Mirror Back with Graces      ")]


def test_a_monument_of_the_census_on_the_columns():
    hits, session = search(Census)
    assert hits == [Artwork(
        "census", "90001", "Sebastian of Marble",
        images=("https://thumb.wikimedia.org/wikipedia/commons/thumb/b/bc/Marble.jpg/960px-Marble.jpg",),
        page="https://database.census.de/#/detail/90001", licence="https://creativecommons.org/licenses/by/3.0",
        words="Sebastian of Marble, Sebastiano di marmo")]
    (wikidata, asked), (api, file) = session.calls
    assert wikidata == "https://query.wikidata.org/sparql" and asked["format"] == "json"
    assert "wdt:P12835" in asked["query"] and "wdt:P18" in asked["query"]
    assert (api, file["titles"]) == (commons.API, "File:Sebastian of marble (front).jpg")


def test_a_monument_without_an_english_name_or_without_its_file():
    answer = answers_for("census")
    (hit,), _ = search(Census, lambda url, params: {"query": {"pages": [{"title": "File:Gruppe.jpg", "missing": True}]}}
                       if "titles" in params else answer(url, params), Query("Graces", ("Graces",)))
    assert hit == Artwork("census", "90002", "Les Graces", page="https://database.census.de/#/detail/90002",
                          words="Les Graces, Drei Grazien")


def listed(lines, tmp_path, monkeypatch, answer=None, query=GRACES):
    path = tmp_path / "list.txt"
    path.write_bytes(lines.encode("utf-8") if isinstance(lines, str) else lines)
    monkeypatch.setenv("ARTPOSE_CENSUS_LIST", str(path))
    return search(Census, answer, query)


def test_a_manifest_of_the_census_on_the_columns(tmp_path, monkeypatch):
    hits, _ = listed(UUID, tmp_path, monkeypatch)
    files = "https://database.census.de/api/v1/eas"
    assert hits == [Artwork(
        "census", UUID, "Sheet with Three Graces", "Disegnatore, Primo, Secondo & figli", "post 1500-ante 1510",
        images=(f"{files}/download/1/original.jpg", f"{files}/iiif/1/original.jpg/full/1000,/0/default.jpg",
                f"{files}/download/1/small.jpg"),
        page=f"{RECORD}/format/html", licence="Archive of Examples",
        words="Sheet with Three Graces inv. 1 A Creation Date Date post 1500-ante 1510 Earliest Date 1501-01-01 "
              "00:00:00 Actors Involved in Creation Actor Disegnatore, Primo Actor Role artist Actor Secondo & figli")]


@pytest.mark.parametrize("creator, author, date", [
    ("<span>Prima  Persona</span>", "Prima Persona", "1500"), ("<i>Period</i> Roman", "", "1500"), (None, "", "1500")])
def test_a_plain_creator_of_a_manifest(creator, author, date):
    manifest = {"metadata": [{"label": {"en": ["Creator"]}, "value": {"none": [creator]}},
                             {"label": {"en": ["Creation Date"]}, "value": {"en": ["<b>1500</b>"]}}]}
    assert (census.read_artwork(manifest).author, census.read_artwork(manifest).date) == (author, date)


# What is asked, for each row of Table 2.1.

NOTHING = {
    "harvard": {"info": {"pages": 0, "page": 1}, "records": []},
    "searchculture": {"totalResults": 0, "results": []},
    "europeana": {"success": True, "totalResults": 0, "items": []},
    "commons": {"batchcomplete": True},
    "cleveland": {"info": {"total": 0}, "data": []},
}
IN_GREEK = {"antinous": "Αντίνοος", "graces": "Τρεις Χάριτες", "three graces": "Τρεις Χάριτες", "pieta": "Πιετά",
            "saint sebastian": "Άγιος Σεβαστιανός", "sebastian": "Άγιος Σεβαστιανός", "tanagra": "Ταναγραία"}


def asked(name, words):
    """The requests of one search, an address and its parameters each."""
    greek = [IN_GREEK[words.casefold()]] if words.casefold() in IN_GREEK else []
    return {
        "harvard": [("https://api.harvardartmuseums.org/object",
                     {"apikey": "a-key", "hasimage": "1", "size": "100", "page": "1", "q": words})],
        "searchculture": [("https://www.searchculture.gr/aggregator/api/search.json",
                           {"apiKey": "a-key", "general_term": term, "page": "1", "preferredLanguage": "en"})
                          for term in [words, *greek]],
        "europeana": [("https://api.europeana.eu/record/v2/search.json",
                       {"wskey": "a-key", "query": term, "qf": "TYPE:IMAGE", "reusability": "open", "media": "true",
                        "thumbnail": "true", "profile": "rich", "rows": "100", "cursor": "*"})
                      for term in [words, *greek]],
        "commons": [("https://commons.wikimedia.org/w/api.php",
                     {"action": "query", "generator": "search", "gsrsearch": f"{words} filetype:bitmap",
                      "gsrnamespace": "6", "gsrlimit": "50", "prop": "imageinfo", "iiprop": "url|size|mime|extmetadata",
                      "iiurlwidth": "960", "format": "json", "formatversion": "2"})],
        "cleveland": [("https://openaccess-api.clevelandart.org/api/artworks/",
                       {"q": words, "has_image": "1", "cc0": "1", "limit": "100", "skip": "0"})],
    }[name]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["query"])
@pytest.mark.parametrize("name", SEARCHED)
def test_a_row_of_table_2_1_is_asked_as_each_museum_wants_it(name, row):
    (query,) = parse_queries(row["query"])
    hits, session = search(SOURCES[name], lambda url, params: NOTHING[name], query)
    assert hits == []
    assert session.calls == asked(name, query.text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["query"])
def test_a_row_of_table_2_1_is_looked_up_among_the_monuments_of_the_census(row):
    (query,) = parse_queries(row["query"])
    rows = [{"number": {"value": number}, "names": {"value": name}} for number, name in
            (("1", query.text.upper()), ("2", f"{query.text}s"))]
    hits, _ = search(Census, lambda url, params: {"batchcomplete": True, "results": {"bindings": rows}}, query)
    assert [hit.id for hit in hits] == ["1"]


@pytest.mark.parametrize("words, found, other", [
    ("Antinous", ["Προτομή του Αντινόου", "ΑΝΤΙΝΟΟΣ", "Ο Αντίνοος ως Διόνυσος"], "Αντιγόνη"),
    ("Pieta", ["Πιετά", "Η Πιετα της Ρόδου"], "Πίετρο"),
    ("Sebastian", ["Αγίου Σεβαστιανού", "Ο ΑΓΙΟΣ ΣΕΒΑΣΤΙΑΝΟΣ", "Αγ. Σεβαστιανός"], "Σεβαστιανός Βενιέρ"),
    ("Three Graces", ["Οι τρεις Χάριτες", "Των Τριών Χαρίτων"], "Γραφείο του Χαρίτωνος"),
    ("tanagra", ["Ταναγραία κόρη", "Ειδώλια από την Τανάγρα", "Ταναγραίες"], "Ταναΐς")])
@pytest.mark.parametrize("source, where, number, title", [(SearchCulture, "results", "uri", "dc_title"),
                                                          (Europeana, "items", "id", "title")])
def test_a_hit_in_greek_matches_the_words_of_the_query(source, where, number, title, words, found, other):
    query = Query(words, tuple(words.split()))
    records = [{number: f"{place}", title: [name]} for place, name in enumerate([*found, other])]
    hits, _ = search(source, lambda url, params: {where: records}, query)
    assert [query.matches(hit.words) for hit in hits] == [True] * len(found) + [False]


# Keys.

@pytest.mark.parametrize("name, variable", [("harvard", "HARVARD_API_KEY"), ("europeana", "EUROPEANA_API_KEY"),
                                            ("searchculture", "SEARCHCULTURE_API_KEY")])
def test_a_key_is_read_for_each_search_and_stands_in_no_artwork(name, variable):
    source, read = SOURCES[name], []

    class Keys(FakeSession):
        def secret(self, variable):
            read.append(variable)
            return "a-key"

    hits = list(source(Keys(answers_for(name))).search(SEBASTIAN))
    assert source.key.variable == variable and set(read) == {variable}
    assert hits and "a-key" not in repr(hits)


def test_harvard_counts_pages_and_never_follows_the_next_one():
    record = {"title": "x"}
    hits, session = search(Harvard, lambda url, params: {
        "info": {"pages": 3, "next": "https://evil.example/?apikey=a-key"},
        "records": [record | {"objectid": params["page"]}]})
    assert [hit.id for hit in hits] == ["1", "2", "3"]
    assert [(url, params["page"]) for url, params in session.calls] == [(harvard.API, str(page)) for page in (1, 2, 3)]


# Paging.

def test_searchculture_turns_pages_until_one_is_empty_and_asks_in_greek_even_where_english_finds_nothing():
    def answer(url, params):
        if params["general_term"] == SEBASTIAN.text:
            raise Fault("not JSON", "The answer is empty.")  # as its empty answers with status 200 are told of
        return {"results": [{"uri": f"urn:{params['page']}"}] if params["page"] < 3 else []}

    hits, session = search(SearchCulture, answer)
    assert [hit.id for hit in hits] == ["urn:1", "urn:2"]
    assert [params["page"] for _, params in session.calls] == ["1", "1", "2", "3"]


def test_searchculture_refused_is_a_fault():
    def answer(url, params):
        raise Fault("refused", "The key is not known.")

    with pytest.raises(Fault, match="The key is not known"):
        search(SearchCulture, answer)


@pytest.mark.parametrize("source, parameter, places", [(Europeana, "cursor", ["*", "AoE-two"] * 2),
                                                       (Commons, "gsroffset", [None, "50"])])
def test_a_search_continues_where_the_answer_says(source, parameter, places):
    _, session = search(source)
    assert [params.get(parameter) for _, params in session.calls] == places


def test_cleveland_turns_pages_until_one_is_short():
    hits, session = search(Cleveland, lambda url, params: {
        "data": [{"id": params["skip"] + number} for number in range(100 if params["skip"] == 0 else 3)]})
    assert len(hits) == 103
    assert [params["skip"] for _, params in session.calls] == ["0", "100"]


def endless(name, page):
    """A page of a server that says that there is more."""
    return {
        "harvard": {"info": {"pages": 10**9}, "records": [{"objectid": page}]},
        "searchculture": {"totalResults": 10**9, "results": [{"uri": f"urn:{page}"}]},
        "europeana": {"items": [{"id": f"/1/{page}"}], "nextCursor": f"cursor {page}"},
        "commons": {"continue": {"gsroffset": page, "continue": "||"}, "query": {"pages": [{"pageid": page}]}},
        "cleveland": {"data": [{"id": 100 * page + number} for number in range(100)]},
    }[name]


@pytest.mark.parametrize("name", SEARCHED)
def test_the_same_page_over_and_over_ends(name):
    hits, session = search(SOURCES[name], lambda url, params: endless(name, 1), STANDING)
    assert len({hit.id for hit in hits}) == len(hits) > 0
    assert len(session.calls) == 2


@pytest.mark.parametrize("name", SEARCHED)
def test_a_server_that_always_has_more_ends(name):
    pages = iter(range(10**6))
    hits, session = search(SOURCES[name], lambda url, params: endless(name, next(pages)), STANDING)
    assert len({hit.id for hit in hits}) == len(hits)
    assert len(session.calls) <= 200


# What is not as it should be.

@pytest.mark.parametrize("answer", [None, [], "a text", 7, {}, {"message": "an error"}, [{"data": []}]])
@pytest.mark.parametrize("name", [*SEARCHED, "census"])
def test_an_answer_that_is_no_page_of_hits_is_a_fault(name, answer):
    with pytest.raises(Fault, match="no page of hits") as caught:
        search(SOURCES[name], lambda url, params: answer)
    assert caught.value.kind == "not a record"


def test_commons_tells_what_the_error_is():
    answer = {"error": {"code": "maxlag", "info": "Waiting for a server."}}
    with pytest.raises(Fault, match="Waiting for a server"):
        search(Commons, lambda url, params: answer)


@pytest.mark.parametrize("record", [None, True, 7, 1e300, "text", [], [[None]], {}], ids=repr)
@pytest.mark.parametrize("museum", [harvard, searchculture, europeana, commons, cleveland, census],
                         ids=lambda museum: museum.__name__)
def test_whatever_a_record_is_it_becomes_an_artwork_without_an_id(museum, record):
    found = museum.read_artwork(record)
    assert (found.id, found.title, found.images, found.page) == ("", "", (), "")


def test_a_list_of_the_census_names_what_it_cannot_read(tmp_path, monkeypatch):
    other = UUID.replace("a", "d")
    lines = (f"\ufeff# my manifests\n\n{UUID.upper()}\r\nhttps://database.census.de/#/detail/90001\n"
             f"https://database.census.de/api/v1/objects/uuid/{other}/format/iiif/v3/manifest.json\n{UUID}\n../../x\n")
    hits, session = listed(lines, tmp_path, monkeypatch)
    assert [(hit.id, bool(hit.fault)) for hit in hits] == [
        (UUID, False), ("https://database.census.de/#/detail/90001", True), (other, False), ("../../x", True)]
    assert f'{tmp_path / "list.txt"}, line 7: "../../x" is neither' in str(hits[3].fault)
    assert [url for url, _ in session.calls] == [f"{RECORD.replace(UUID, uuid)}/format/iiif/v3/manifest.json"
                                                 for uuid in (UUID, other, UUID)]


def test_a_manifest_that_cannot_be_had_is_a_hit_with_a_fault(tmp_path, monkeypatch):
    def answer(url, params):
        raise Fault("not found", "It is gone.", lasting=True)

    (hit,), _ = listed(UUID, tmp_path, monkeypatch, answer)
    assert (hit.id, hit.fault.kind) == (UUID, "not found")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_list_that_cannot_be_read_is_a_fault_that_names_it(content, tmp_path, monkeypatch):
    path = tmp_path / "nowhere.txt"
    if content:
        path.write_bytes(content)
    monkeypatch.setenv("ARTPOSE_CENSUS_LIST", str(path))
    with pytest.raises(Fault, match="ARTPOSE_CENSUS_LIST names .*nowhere.txt") as caught:
        search(Census)
    assert caught.value.lasting


# Answers that museums really gave.

def recorded(path):
    file = SHARED / "museums" / path
    if not file.exists():
        pytest.skip("the recorded answers are not here")
    return json.loads(file.read_text(encoding="utf-8"))


def test_harvard_as_recorded():
    answer = recorded("harvard/recorded/hasimage_1.json")
    (hit,), session = search(Harvard, lambda url, params: answer if params["page"] == 1 else NOTHING["harvard"])
    (record,) = answer["records"]
    assert (hit.id, hit.title, hit.date, hit.type) == ("1429", record["title"], "2005", "Paintings")
    assert hit.author == record["people"][0]["displayname"] and hit.technique.startswith("Handscroll")
    assert hit.images == ("https://nrs.harvard.edu/urn-3:HUAM:79762_dynmc/full/!1000,1000/0/default.jpg",)
    assert not is_open(hit.licence) and "apikey" not in repr(hit)
    older = harvard.read_artwork(recorded("harvard/api-docs-object-sample2.json"))
    assert (older.author, older.date, older.type) == ("Greek", "late 5th century BCE", "Vessels")


def test_census_as_recorded():
    manifest = recorded("census/manifest_excerpt_4b3714d5.json")
    found = census.read_artwork(manifest, "4b3714d5-6112-47b3-ba6e-97f816e3fa41")
    assert (found.title, found.author, found.images, found.licence) == ("inv. 405 A v", "", (), "")
    assert found.page.endswith(f"/uuid/{found.id}/format/html") and found.words == "inv. 405 A v inv. 405 A v"


def test_commons_as_recorded():
    (page,) = recorded("extra/commons/arrt2026-imageinfo_960.json")["query"]["pages"]
    found = commons.read_artwork(page)
    assert (found.id, found.title, found.licence) == (
        "25498286", "Van Gogh - Starry Night - Google Art Project", "Public domain")
    assert found.images[0].startswith("https://thumb.wikimedia.org/") and "/960px-" in found.images[0]
    assert is_open(found.licence)


def test_wikimedia_as_recorded():
    found = commons.read_artwork(recorded("extra/wikimedia/image_data_example.json"))
    assert (found.id, found.author, found.date) == ("81754323", "PtrQs", "2012-09-25 16:23:02")
    pages = recorded("extra/wikimedia/wmc_pretty1.json")["query"]["pages"].values()
    found = [commons.read_artwork(page) for page in pages]
    assert all(work.id and work.title and work.author and "<" not in work.author + work.words for work in found)
    assert all(is_open(work.licence) for work in found)


def test_cleveland_as_recorded():
    (hit,), session = search(Cleveland, lambda url, params: recorded("extra/cleveland/response_success.json"))
    assert (hit.id, hit.author, hit.type, hit.licence) == ("96887", "Germany, 18th century", "Miscellaneous", CC0)
    assert hit.images[0] == "https://openaccess-cdn.clevelandart.org/1916.586.a/1916.586.a_web.jpg"
    assert search(Cleveland, lambda url, params: recorded("extra/cleveland/response_no_data.json"))[0] == []
    painting = cleveland.read_artwork(recorded("extra/cleveland/complete_data.json"))
    assert (painting.author, painting.date) == ("Thomas Cole (American, 1801-1848)", "1838")
    assert painting.images[0].endswith("1335.1917_web.jpg")
    assert cleveland.read_artwork({"images": recorded("extra/cleveland/image_type_none.json")}).images == ()
