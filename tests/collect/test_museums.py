"""What the museums are asked, what becomes of their answers, and what no answer of theirs can do."""

import json
import re
import sys
from itertools import count, islice
from urllib.parse import parse_qsl, quote_plus, urlsplit

import pytest
from builders import queries
from conftest import SHARED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded import ANSWERS, ARTWORKS, KEYS, MUSEUMS, Museums, as_json, look_up, make_reply, picture, zipped

from artpose_lib.collect import answers, transport
from artpose_lib.collect.answers import Fault, dig, plain
from artpose_lib.collect.harvest import collect
from artpose_lib.collect.museums import SOURCES, rijksmuseum, wga
from artpose_lib.collect.session import Session
from artpose_lib.collect.source import Artwork, join_pages
from artpose_lib.data.licences import is_open
from artpose_lib.data.poses import Pose, Query, thesis_table

FORMULAS = [row["query"] for row in thesis_table("table_2_1_queries").to_dict("records")]
# What museums really answered, by files that lie beside the project, and what it becomes.
REALLY = json.loads((ANSWERS / "shared.json").read_text(encoding="utf-8"))
ASKED = [name for name in MUSEUMS if "asked" in MUSEUMS[name]]  # those that give hits page after page
SEBASTIAN, GRACES, STANDING = queries("Sebastian,Graces,standing&nude&man")
UUID = "00000001-aaaa-bbbb-cccc-0123456789ab"
RECORDS = "https://database.census.de/api/v1/objects/uuid/"


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A session that asks as often as it likes and keeps no answers."""
    for variable, key in KEYS.items():
        monkeypatch.setenv(variable, key)
    with Session(tmp_path, per_second=10_000) as session, session.cache_disabled():
        yield session


def search(session, name, query=SEBASTIAN, answer=look_up, most=None):
    """The hits of a search of one source, and the addresses that it asked; `answer` gives the reply to an address."""
    with Museums(answer=answer) as museums:
        return list(islice(SOURCES[name](session).search(query), most)), museums.asked


def always(found):
    return lambda url: as_json(found)


def asked_for(url):
    """An address without its parameters, and its parameters."""
    return url.partition("?")[0], dict(parse_qsl(urlsplit(url).query))


def read(name, record):
    return sys.modules[SOURCES[name].__module__].read_artwork(record)


def facts_of(hit):
    """An artwork's fields as JSON has them."""
    return vars(hit) | {"images": list(hit.images), "years": hit.years and list(hit.years),
                        "fault": hit.fault and hit.fault.kind}


def in_short(hit):
    """An artwork as `answers/museums.json` has it."""
    return {name: value for name, value in facts_of(hit).items() if value}


def told(hit):
    """What is stored of an artwork, as `answers/shared.json` has it: no field but these, and all of them."""
    return {name: value for name, value in in_short(hit).items() if name not in ("words", "fault")}


# What becomes of their answers.

@pytest.mark.parametrize(("name", "formula"), [(name, formula) for name in ARTWORKS for formula in ARTWORKS[name]])
def test_a_recorded_search_gives_these_artworks(session, name, formula, tmp_path, monkeypatch):
    if formula == "listed":
        (tmp_path / "list.txt").write_text(UUID)
        monkeypatch.setenv("ARTPOSE_CENSUS_LIST", str(tmp_path / "list.txt"))
    hits, asked = search(session, name, *queries(formula))
    assert [in_short(hit) for hit in hits] == ARTWORKS[name][formula]
    assert not any(key in repr(hits) for key in KEYS.values())


needs_shared = pytest.mark.skipif(not (SHARED / "museums").exists(), reason="the recorded answers are not here")


def really(path):
    return (SHARED / "museums" / path).read_bytes()


@needs_shared
@pytest.mark.parametrize("given", REALLY["searches"], ids=lambda given: given["source"])
def test_what_museums_really_answered(session, given):
    def answer(url):
        found = given["answers"][urlsplit(url).path.strip("/").rpartition("/")[2].partition(".")[0]]
        body = really(found) if isinstance(found, str) else json.dumps(found).encode()
        return make_reply(zipped(body) if given["source"] == "wga" else body)

    hits, _ = search(session, given["source"], *queries(given["words"]), answer)
    assert len(hits) == given["hits"]
    assert all(hit.id and not re.search("<|apikey", repr(hit)) for hit in hits)
    assert not hits or told(hits[0]) == given["first"]


@needs_shared
@pytest.mark.parametrize("given", REALLY["records"], ids=lambda given: given["source"])
def test_records_that_museums_really_gave(given):
    record = dig(json.loads(really(given["record"])), *given.get("at", ()))
    assert told(read(given["source"], record if given["source"] != "commons" or "imageinfo" in record else
                     {"imageinfo": [record]})) == given["facts"]


# What they are asked, for each row of Table 2.1.

IN_GREEK = {"antinous": "Αντίνοος", "graces": "Τρεις Χάριτες", "three graces": "Τρεις Χάριτες", "pieta": "Πιετά",
            "saint sebastian": "Άγιος Σεβαστιανός", "sebastian": "Άγιος Σεβαστιανός", "tanagra": "Ταναγραία"}


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("name", ASKED)
def test_a_row_of_table_2_1_is_asked_as_each_museum_wants_it(session, name, formula):
    requests, nothing = MUSEUMS[name]["asked"], MUSEUMS[name]["nothing"]
    (query,) = queries(formula)
    words = [query.text, *(IN_GREEK[query.text.casefold()] for _ in "x" if name in ("searchculture", "europeana")
                           and query.text.casefold() in IN_GREEK)]
    hits, asked = search(session, name, query, always(nothing))
    assert hits == []
    department = "&departmentId=13" if name == "met" and query.department else ""
    assert [asked_for(url) for url in asked] == [
        asked_for(request.format(quote_plus(word)) + department) for word in words for request in requests]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_row_of_table_2_1_is_looked_up_in_what_is_downloaded(session, formula, tmp_path):
    (query,) = queries(formula)
    page, picture = "https://www.wga.hu/html/x", "primary,1,https://api.nga.gov/iiif"
    names = [{"number": {"value": number}, "names": {"value": name}} for number, name in
             (("1", query.text.upper()), ("2", f"{query.text}s"))]
    table = f"AUTHOR;TITLE;URL\nA;{query.text};{page}/1.html\nB;{query.text}s;{page}/2.html\n"
    pictures = f"depictstmsobjectid,viewtype,openaccess,iiifurl\n1,{picture}/1\n2,{picture}/2\n"
    answers = {"data_txt.zip": zipped(table.encode()), "published_images.csv": pictures.encode(),
               "objects.csv": f"objectid,title\n1,{query.text}\n2,{query.text}s\n".encode(),
               "sparql": json.dumps({"results": {"bindings": names}}).encode(), "api.php": b'{"batchcomplete": true}'}
    for name, found in (("wga", "/html/x/1.html"), ("nga", "1"), ("census", "1")):
        hits, _ = search(session, name, query, lambda url: make_reply(answers[urlsplit(url).path.rpartition("/")[2]]))
        assert [hit.id for hit in hits] == [found]


def test_no_table_of_pictures_is_asked_for_where_no_title_matches(session):
    (tanagra,) = queries("tanagra")
    assert search(session, "nga", tanagra) == ([], [
        "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data/objects.csv"])


def test_museums_hear_what_they_want_to(session):
    heard = []

    def listen(url, headers):
        heard.append((urlsplit(url).path, headers))
        return look_up(url)

    with Museums() as museums:
        museums.reply = listen
        list(SOURCES["artic"](session).search(SEBASTIAN))
        list(SOURCES["rijksmuseum"](session).search(SEBASTIAN))
    assert heard[0][1]["AIC-User-Agent"] == session.agent
    records = [(path, headers["Accept"]) for path, headers in heard if path.startswith("/20")]
    assert records[0] == ("/200900001", "application/ld+json")  # and not id.rijksmuseum.nl, which would redirect


# Pages of hits.

def page_of_hits(first, number=100):
    """A page of hits of any museum, which says that there is more; none leads to a record that must be asked for."""
    numbers = range(first, first + number)
    hits = [{"id": n, "object_number": str(n), "objectid": n, "pageid": n, "uri": f"urn:{n}"} for n in numbers]
    following = f"https://data.rijksmuseum.nl/search/collection?pageToken={first}"
    return {"objectIDs": [f"no {n}" for n in range(5 * first, 5 * first + 5 * number)], "type": "OrderedCollectionPage",
            "orderedItems": [f"no {n}" for n in numbers], "next": {"id": following}, "items": hits, "data": hits,
            "records": hits, "results": hits, "info": {"pages": 10**9, "next": "https://evil.example/"},
            "nextCursor": f"cursor {first}", "continue": {"gsroffset": first}, "query": {"pages": hits}}


@pytest.mark.parametrize("name", ASKED)
def test_the_same_page_over_and_over_ends(session, name):
    hits, asked = search(session, name, STANDING, always(page_of_hits(0)))
    assert len({hit.id for hit in hits}) == len(hits) > 0
    assert len(asked) <= 4


@pytest.mark.parametrize(("name", "most"), [
    ("met", 20), ("rijksmuseum", 200), ("smk", 100), ("artic", 10), ("harvard", 100), ("searchculture", 100),
    ("europeana", 100), ("commons", 200), ("cleveland", 100)])
def test_a_server_that_always_has_more_ends(session, name, most):
    size = 100 if name in ("met", "smk", "artic", "cleveland") else 2
    firsts = count(step=size)
    hits, asked = search(session, name, STANDING, lambda url: as_json(page_of_hits(next(firsts), size)))
    assert len(asked) == most
    assert len({hit.id for hit in hits}) == len(hits)
    assert {urlsplit(url).hostname for url in asked} <= set(SOURCES[name].hosts)


@pytest.mark.parametrize(("name", "parameter", "places"), [
    ("met", "offset", ["0", "500"]), ("smk", "offset", ["0", "100"]), ("artic", "page", ["1", "2"]),
    ("cleveland", "skip", ["0", "100"])])
def test_pages_are_turned_until_one_is_short(session, name, parameter, places):
    pages = iter([page_of_hits(0), page_of_hits(99, 4)])  # 99 comes twice
    hits, asked = search(session, name, answer=lambda url: as_json(next(pages)))
    assert len(hits) == (515 if name == "met" else 103)
    assert [asked_for(url)[1][parameter] for url in asked] == places


@pytest.mark.parametrize(("name", "parameter", "places"), [
    ("europeana", "cursor", ["*", "AoE-two"] * 2), ("commons", "gsroffset", [None, "50"]),
    ("rijksmuseum", "pageToken", [None, "two"] * 2)])
def test_a_search_goes_on_where_the_answer_says(session, name, parameter, places):
    _, asked = search(session, name)
    assert [asked_for(url)[1].get(parameter) for url in asked if "?" in url] == places


def test_harvard_counts_pages_up_to_the_last(session):
    firsts = count()
    _, asked = search(session, "harvard", answer=lambda url: as_json(
        page_of_hits(next(firsts)) | {"info": {"pages": 3, "next": "https://evil.example/"}}))
    assert [asked_for(url)[1]["page"] for url in asked] == ["1", "2", "3"]


def test_searchculture_turns_pages_until_one_is_empty_and_asks_in_greek_even_where_english_finds_nothing(session):
    def answer(url):
        parameters = asked_for(url)[1]
        if parameters["general_term"] == SEBASTIAN.text:
            return make_reply(b"")  # with status 200, as it does at times
        return as_json(page_of_hits(int(parameters["page"]), 1) if parameters["page"] < "3" else {"results": []})

    hits, asked = search(session, "searchculture", answer=answer)
    assert [hit.id for hit in hits] == ["urn:1", "urn:2"]
    assert [asked_for(url)[1]["page"] for url in asked] == ["1", "1", "2", "3"]


@pytest.mark.parametrize("following", ["https://evil.example/search/collection?pageToken=2",
                                       "https://iiif.micr.io/search/collection?pageToken=2", "/search/collection?x"])
def test_rijksmuseum_follows_no_page_elsewhere(session, following):
    found = page_of_hits(1) | {"next": {"id": following}}
    with Museums(answer=always(found)), pytest.raises(Fault, match=re.escape(following)) as raised:
        hits = SOURCES["rijksmuseum"](session).search(SEBASTIAN)
        assert len(list(islice(hits, 100))) == 100
        next(hits)
    assert raised.value.kind == "elsewhere"


def test_hits_come_once_and_a_page_with_nothing_new_is_the_last():
    first, second = Artwork("1"), Artwork("2")
    pages = [[first, first], [first, second], [second], [Artwork("3")]]
    assert list(join_pages(pages)) == [first, second]


@pytest.mark.parametrize("found", [None, [], "a text", 7, {}, {"message": "an error"}, [{"data": []}]], ids=repr)
@pytest.mark.parametrize("name", [*ASKED, "census"])
def test_an_answer_that_is_no_page_of_hits_is_a_fault(session, name, found):
    with pytest.raises(Fault, match="no page of hits") as raised:
        search(session, name, answer=always(found))
    assert raised.value.kind == "not a record"


# Pictures of IIIF servers in a size that they refuse.

SIZED = {name: next(image for works in ARTWORKS[name].values() for work in works for image in work.get("images", ())
                    if "/full/" in image) for name in ("artic", "harvard", "nga", "rijksmuseum", "smk", "census")}
REFUSAL = "Requests for scales in excess of 100% are not allowed."


def serve_sizes(there, status, info=None):
    """What a IIIF server answers that has a picture in these sizes alone, and says so or not."""
    def answer(url):
        server, _, size = url.removesuffix("/0/default.jpg").partition("/full/")
        if size in there:
            return make_reply(picture(server), kind="text/plain")
        if url.endswith("/info.json"):
            return as_json(info, 200 if info else 404)
        return make_reply(REFUSAL.encode(), status, "text/plain")
    return answer


def fetch(session, name, answer):
    """The size in which a picture came, or of a fault its kind."""
    with Museums(answer=answer):
        try:
            address, data = SOURCES[name](session).fetch_picture(SIZED[name])
        except Fault as fault:
            return fault.kind
    server, _, size = address.removesuffix("/0/default.jpg").partition("/full/")
    assert data == picture(server) and SIZED[name].startswith(server)
    return size


@pytest.mark.parametrize("status", [400, 403, 404, 501])
@pytest.mark.parametrize("name", SIZED)
def test_where_a_size_is_refused_the_whole_picture_is_taken(session, name, status):
    for whole in ("max", "full"):
        assert fetch(session, name, serve_sizes([whole], status)) == whole
    assert fetch(session, name, serve_sizes([], status)) == ("not found" if status == 404 else "refused")


SIZES = [{"width": 2400, "height": 1800}, {"width": 1200, "height": 900}, {"width": 160, "height": 120}]


@pytest.mark.parametrize(("sizes", "there", "taken"), [
    (SIZES, ["2400,1800", "1200,900", "max"], "1200,900"), (SIZES, ["1200,", "full"], "1200,"),
    (SIZES, ["2400,1800"], "2400,1800"), (SIZES[2:], ["160,120", "max"], "max"), (SIZES[2:], ["160,120"], "160,120"),
    ([None, {"width": "x"}, 7], ["full"], "full"), ("x", ["max"], "max"), (None, ["1000,", "max"], "1000,")])
def test_a_server_without_sizes_of_its_own_making_gives_the_smallest_that_is_large_enough(session, sizes, there, taken):
    assert fetch(session, "nga", serve_sizes(there, 403, {"sizes": sizes})) == taken


@pytest.mark.parametrize(("tile", "there", "taken"), [
    ({"width": 1024, "scaleFactors": [1, 2, 4]}, ["750,500", "375,250"], "750,500"),
    ({"width": 1500, "scaleFactors": [1, 2]}, ["1500,1000", "max"], "1500,1000"),
    ({"width": "x", "scaleFactors": [0, None, -1]}, ["3000,2000"], "3000,2000"), (7, ["max"], "max")])
def test_a_server_of_tiles_gives_the_whole_picture_in_one(session, tile, there, taken):
    info = {"width": 3000, "height": 2000, "tiles": [tile]}
    assert fetch(session, "smk", serve_sizes(there, 404, info)) == taken


def test_a_server_that_refuses_all_blocks_and_is_left_alone(session, monkeypatch):
    monkeypatch.setattr(transport, "REST", 0)
    assert [fetch(session, "nga", lambda url: make_reply(b"no", 403, "text/plain")) for _ in range(4)] == [
        "blocked", "blocked", "blocked", "gave up"]


@pytest.mark.parametrize("status", [400, 403])
def test_modest_scans_are_collected_beside_large_ones(tmp_path, status):
    scans = {"a": 800, "b": 700, "c": 620, "d": 2400, "e": 1800}  # the widths; 843 are asked for
    works = [{"id": name, "title": "Tanagra", "image_id": name} for name in scans]

    def answer(url):
        if "/search?" in url:
            return as_json({"data": works})
        wide = scans[urlsplit(url).path.split("/")[3]] >= 843
        return serve_sizes(["843,", "max"] if wide else ["max"], status)(url)

    def open_session(folder, contact):
        return Session(folder, contact, per_second=10_000)

    with Museums(answer=answer):
        collect(tmp_path, [Pose("Tanagra", "", queries("tanagra"))], [SOURCES["artic"]], 9, open_session=open_session)
    rows = (tmp_path / "metadata.csv").read_text().splitlines()[1:]
    assert [re.search("full/([a-z0-9]+),?/0", row)[1] for row in rows] == ["max"] * 3 + ["843"] * 2
    assert len((tmp_path / "problems.csv").read_text().splitlines()) == 1


# What is particular to one museum.

NRS, THUMB = "https://nrs.harvard.edu/urn-3:HUAM:1_dynmc", "https://upload.wikimedia.org/thumb/1.jpg"
LARGE = [f"{NRS}/full/!1000,1000/0/default.jpg"]


def by(creator):
    """A manifest of the Census with this creator."""
    return {"metadata": [{"label": {"en": ["Creator"]}, "value": {"none": [creator]}},
                         {"label": {"en": ["Creation Date"]}, "value": {"en": ["<b>1500</b>"]}}]}


def shown_by_europeana(digest):
    return [f"https://proxy.europeana.eu/media/1/a/{digest}", f"https://api.europeana.eu/thumbnail/v3/400/{digest}.jpg"]


def made(*parts, **facts):
    """A record of the Rijksmuseum; of each part of its making the role, the words on its maker, and whose it was."""
    return {"produced_by": facts | {"part": [
        {"technique": [{"notation": [{"@language": "en", "@value": role}]}],
         "referred_to_by": [{"content": words, "classified_as": ["http://vocab.getty.edu/aat/300435417"]}],
         "carried_out_by": [{"notation": [{"@language": "en", "@value": name}]} for name in names]}
        for role, words, *names in parts]}}


RECORDS_READ = [
    ("rijksmuseum", made(("print maker", "attributed to Berta Prova", "Berta Prova"), ("publisher", "", "Testa & Sons"),
                         ("granter of privilege", "", "The States"), ("dedicated to", "Carlo Mecenate"),
                         ("after painting by", "", "Anna Prima"), ("after own design by", "", "Berta Prova")),
     {"author": "attributed to Berta Prova, after Anna Prima, Berta Prova"}),
    ("rijksmuseum", made(("printer", "", "Drukkerij Toets"), referred_to_by=[
        {"content": "publisher: Testa & Sons"}, {"content": "Berta Prova (mentioned on object)"}]),
     {"author": "Berta Prova"}),
    ("rijksmuseum", made(technique=[{"notation": {"@value": "etsen"}}, {"notation": "drypoint"}], timespan={
        "begin_of_the_begin": "1620-01-01T00:00:00Z", "end_of_the_end": "1629-12-31T23:59:59Z"}),
     {"technique": "etsen, drypoint", "date": "1620-1629", "years": [1620, 1629]}),
    ("met", {"objectID": 4, "objectDate": "", "objectBeginDate": -300, "objectEndDate": -200, "artistRole": "Publisher",
             "artistDisplayName": "Testa & Sons", "objectURL": "https://wwwstg.metmuseum.org/art/collection/search/4",
             "constituents": [{"role": "Publisher", "name": "Testa"}, {"role": "Artist", "name": "Berta Prova"}]},
     {"years": [-300, -200], "date": "", "author": "Berta Prova",
      "page": "https://www.metmuseum.org/art/collection/search/4"}),
    *(("met", {"objectBeginDate": first, "objectEndDate": last}, {"years": None})
      for first, last in ((0, 0), (1900, 1800), (1650, None), ("", ""), (1650, 16500), (True, 1650))),
    ("nga", {"beginyear": "1450", "endyear": "1455"}, {"years": [1450, 1455]}),
    ("artic", {"date_start": -50, "date_end": 0}, {"years": [-50, 0]}),
    ("cleveland", {"creators": [{"description": "Druk", "role": "printer"}, {"description": "Hof", "role": "publisher"},
                                {"description": "Jan Maker", "role": "printmaker"}]}, {"author": "Jan Maker"}),
    ("harvard", {"id": 7, "datebegin": 0, "dateend": 0}, {"id": "7", "years": None}),
    ("artic", {"artist_title": "B. Prova", "artist_display": "Attributed to B. Prova\nDutch, 1606-1669"},
     {"author": "Attributed to B. Prova"}),
    ("harvard", {"people": [{"role": "Artist", "prefix": "Attributed to", "displayname": "B. Prova"}]},
     {"author": "Attributed to B. Prova"}),
    ("harvard", {"url": "http://harvardartmuseums.org/collections/object/8"}, {"id": "8"}),
    ("europeana", {"dcCreator": ["http://x.org/2", "http://x.org/3"], "edmAgent": [f"http://x.org/{n}" for n in "123"],
                   "edmAgentLabel": [{"def": "Abbey"}, {"de": "B. Prova, Malerin", "en": ["B. Prova"]}, {"def": "C."}],
                   "edmTimespanLabel": [{"def": "http://x.org/t"}, {"def": "1840s"}, {"def": "19th century"}]},
     {"author": "B. Prova, C.", "date": "1840s"}),
    ("europeana", {"dcCreator": ["http://x.org/2"], "dcCreatorLangAware": {"def": ["http://x.org/2"], "en": ["Berta"]}},
     {"author": "Berta"}),
    ("europeana", {"dcCreator": ["http://x.org/2"], "edmAgentLabel": [{"def": "Abbey"}]}, {"author": ""}),
    ("harvard", {"imagepermissionlevel": 0, "primaryimageurl": NRS}, {"images": LARGE}),
    ("harvard", {"imagepermissionlevel": None, "primaryimageurl": NRS}, {"images": LARGE}),
    ("harvard", {"imagepermissionlevel": 1, "primaryimageurl": NRS}, {"images": []}),
    ("harvard", {"imagepermissionlevel": 2, "primaryimageurl": NRS}, {"images": []}),
    ("commons", {"imageinfo": [{"mime": "image/png", "thumburl": THUMB}]}, {"images": [THUMB]}),
    *(("commons", {"imageinfo": [{"mime": mime, "thumburl": THUMB}]}, {"images": []}) for mime in (
        "image/svg+xml", "application/pdf", "image/vnd.djvu", "audio/ogg", None, [1, {}])),
    # An example each of the documentations of Europeana's previews and of its media proxy.
    ("europeana", {"id": "/1/a", "edmIsShownBy": ["http://www.mimo-db.eu/media/UEDIN/IMAGE/0032195c.jpg"]},
     {"images": shown_by_europeana("820911931db3ccb20e1b7a022ee6dd33")}),
    ("europeana", {"id": "/1/a", "edmIsShownBy": [
        "https://europeana1914-1918.s3.amazonaws.com/attachments/152075/14524.152075.original.jpg"]},
     {"images": shown_by_europeana("304028f2553becc2bb0e4c0164439ec8")}),
    ("census", by("<span>Prima  Persona</span>"), {"author": "Prima Persona", "date": "1500"}),
    ("census", by("<i>Period</i> Roman"), {"author": "", "date": "1500"}),
    ("census", by(None), {"author": "", "date": "1500"}),
    ("artic", {"id": 1, "title": "Tanagra", "image_id": "a-b"}, {
        "id": "1", "title": "Tanagra", "author": "", "date": "", "technique": "", "type": "", "licence": "",
        "images": ["https://www.artic.edu/iiif/2/a-b/full/843,/0/default.jpg"]}),
    ("met", {"artistDisplayName": 17, "objectDate": ["1650"], "medium": {"a": 1}, "objectName": "Figure",
             "tags": "vase", "classification": True},
     {"author": "17", "date": "1650", "technique": "", "type": "Figure"}),
    ("met", {"title": "Tanagra\x00 \ud800<script>alert(1)</script>\r\n=1+1"},
     {"title": "Tanagra <script>alert(1)</script> =1+1"}),
]


@pytest.mark.parametrize(("name", "record", "facts"), RECORDS_READ)
def test_a_record_is_read(name, record, facts):
    assert facts_of(read(name, record)).items() >= facts.items()


@pytest.mark.parametrize("html", [
    'Unknown author<span style="display: none;">Unknown author</span>', '<style>.a {}</style>Unknown author<br>',
    '<p>Unknown <b>author<p style="color:red;DISPLAY:none"><p>x</p>, y</p></b></p>',
    'Unknown<div class="x" style="display:none"><div>a</div>b</div> author', 'Unknown author <i style="display:none">x',
    'Unknown<br style="display:none"> author<script>'])
def test_what_a_page_does_not_show_is_not_read(html):
    assert plain(html) == "Unknown author"


@pytest.mark.parametrize("stated", [None, "CC0", "Public domain"])
def test_harvard_is_never_taken_for_open(stated):
    assert not is_open(read("harvard", {"copyright": stated}).licence)


def test_a_title_is_english_else_the_preferred_one_else_dutch():
    def name(content, language, *kinds):
        return {"type": "Name", "content": content, "language": [f"http://vocab.getty.edu/aat/{language}"],
                "classified_as": [{"id": f"http://vocab.getty.edu/aat/{kind}"} for kind in kinds]}

    names = [name("other", 1), name("Dutch", 300388256), name("preferred", 1, 300404670), name("English", 300388277)]
    titles = []
    while names:
        titles.append(rijksmuseum.read_artwork({"identified_by": names}).title)
        names = [name for name in names if name["content"] != titles[-1]]
    assert titles == ["English", "preferred", "Dutch", "other"]


@pytest.mark.parametrize(("name", "found"), [
    ("met", {"objectIDs": ["../../etc", None, {"a": 1}]}),
    ("rijksmuseum", {"type": "OrderedCollectionPage", "orderedItems": ["https://evil.example/200", "x"]})])
def test_an_id_that_is_none_is_a_hit_with_a_fault_and_never_asked_for(session, name, found):
    hits, asked = search(session, name, answer=always(found))
    assert hits and all(hit.fault.kind == "not a record" for hit in hits)
    assert all("?" in url for url in asked)


def test_pictures_of_the_web_gallery_are_not_open_and_follow_no_redirect():
    assert not is_open(wga.LICENCE)
    assert [name for name in SOURCES if not SOURCES[name].redirects] == ["wga"]


def test_the_web_gallerys_catalogue_may_have_commas_and_lie_in_a_folder(session):
    table = 'AUTHOR,TITLE,URL\n"PROVA, Niccolò di",Sebastian,https://www.wga.hu/html/p/prova/x.html\n'
    packed = zipped(table.encode("iso-8859-1"), "data/catalog.csv")
    (hit,), _ = search(session, "wga", answer=lambda url: make_reply(packed))
    assert (hit.author, hit.id) == ("PROVA, Niccolò di", "/html/p/prova/x.html")


def test_commons_says_what_the_error_is(session):
    with pytest.raises(Fault, match="Waiting for a server"):
        search(session, "commons", answer=always({"error": {"code": "maxlag", "info": "Waiting for a server."}}))


@pytest.mark.parametrize(("words", "found", "other"), [
    ("Antinous", ["Προτομή του Αντινόου", "ΑΝΤΙΝΟΟΣ", "Ο Αντίνοος ως Διόνυσος"], "Αντιγόνη"),
    ("Pieta", ["Πιετά", "Η Πιετα της Ρόδου"], "Πίετρο"),
    ("Sebastian", ["Αγίου Σεβαστιανού", "Ο ΑΓΙΟΣ ΣΕΒΑΣΤΙΑΝΟΣ", "Αγ. Σεβαστιανός"], "Σεβαστιανός Βενιέρ"),
    ("Three Graces", ["Οι τρεις Χάριτες", "Των Τριών Χαρίτων"], "Γραφείο του Χαρίτωνος"),
    ("tanagra", ["Ταναγραία κόρη", "Ειδώλια από την Τανάγρα", "Ταναγραίες"], "Ταναΐς")])
@pytest.mark.parametrize(("name", "where", "identifier", "title"), [("searchculture", "results", "uri", "dc_title"),
                                                                    ("europeana", "items", "id", "title")])
def test_a_hit_in_greek_matches_the_words_of_the_query(session, name, where, identifier, title, words, found, other):
    query = Query(words, tuple(words.split()))
    records = [{identifier: str(number), title: [said]} for number, said in enumerate([*found, other])]
    hits, _ = search(session, name, query, always({where: records}))
    assert [query.matches(hit.words) for hit in hits] == [True] * len(found) + [False]


def test_a_monument_of_the_census_whose_file_is_gone_has_no_picture(session):
    missing = as_json({"query": {"pages": [{"title": "File:Gruppe.jpg", "missing": True}]}})
    (hit,), asked = search(session, "census", GRACES, lambda url: missing if "titles" in url else look_up(url))
    assert in_short(hit) == {"id": "90002", "title": "Les Graces", "words": "Les Graces, Drei Grazien",
                             "page": "https://database.census.de/#/detail/90002"}
    assert asked_for(asked[1])[1]["titles"] == "File:Gruppe.jpg"


def test_a_list_of_the_census_names_what_it_cannot_read(session, tmp_path, monkeypatch):
    other, gone = UUID.replace("a", "d"), UUID.replace("a", "e")
    listed = tmp_path / "list.txt"
    listed.write_text(f"\ufeff# my manifests\n\n{UUID.upper()}\r\nhttps://database.census.de/#/detail/90001\n"
                      f"{RECORDS}{other}/format/iiif/v3/manifest.json\n{UUID}\n../../x\n{gone}\n", encoding="utf-8")
    monkeypatch.setenv("ARTPOSE_CENSUS_LIST", str(listed))
    hits, asked = search(session, "census", answer=lambda url: look_up("https://x/" if gone in url else url))
    assert [(hit.id, hit.fault and hit.fault.kind) for hit in hits] == [
        (UUID, None), ("https://database.census.de/#/detail/90001", "not a record"), (other, None),
        ("../../x", "not a record"), (gone, "not found")]
    assert f'{listed}, line 7: "../../x" is neither' in str(hits[3].fault)
    assert asked == [f"{RECORDS}{uuid}/format/iiif/v3/manifest.json" for uuid in (UUID, other, UUID, gone)]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_list_that_cannot_be_read_is_a_fault_that_names_it(session, content, tmp_path, monkeypatch):
    listed = tmp_path / "nowhere.txt"
    if content:
        listed.write_bytes(content)
    monkeypatch.setenv("ARTPOSE_CENSUS_LIST", str(listed))
    with pytest.raises(Fault, match="ARTPOSE_CENSUS_LIST names .*nowhere.txt") as raised:
        search(session, "census")
    assert raised.value.lasting


# Catalogues.

@pytest.mark.parametrize(("name", "download", "reason"), [
    ("wga", b"not found", "not a zip"),
    ("wga", zipped(b"AUTHOR;TITLE;URL\n", "other.txt"), "catalog.csv"),
    ("wga", zipped(b"NAME;TITLE\n"), "AUTHOR, URL"),
    ("wga", zipped(b""), "AUTHOR, TITLE, URL"),
    ("wga", zipped(b"AUTHOR;TITLE;URL\n" + b"x" * 200_000), "field"),
    ("wga", zipped(b"AUTHOR;TITLE;URL\n" + b"x" * 20_000)[:60], "not a zip"),
    ("nga", b"not found", "objectid, title"),
    ("nga", b"objectid,title\n1," + b"x" * 200_000, "field")])
def test_a_catalogue_that_cannot_be_read_is_a_fault_that_names_it(session, name, download, reason):
    with pytest.raises(Fault, match=re.escape(reason)) as raised:
        search(session, name, answer=lambda url: make_reply(download))
    assert raised.value.kind == "not a catalogue"
    assert str(session.folder) in str(raised.value) and "Delete it" in str(raised.value)


def test_a_catalogue_that_would_unpack_to_too_much_is_refused_unread(session, monkeypatch):
    monkeypatch.setattr(answers, "LARGEST_TABLE", 1_000_000)
    bomb = zipped(b"AUTHOR;TITLE;URL\n" + b"0;Sebastian;0\n" * 100_000)
    assert len(bomb) < 10_000
    with pytest.raises(Fault, match="1,400,017 bytes") as raised:
        search(session, "wga", answer=lambda url: make_reply(bomb))
    assert raised.value.kind == "too large"


def test_bytes_that_are_no_utf_8_spoil_only_their_letter(session):
    tables = {"objects.csv": "objectid,title\n1,Sebastian à Venise\n".encode("iso-8859-1"), "published_images.csv":
              b"depictstmsobjectid,viewtype,openaccess,iiifurl\n1,primary,1,https://a.example/1\n"}
    (hit,), _ = search(session, "nga", answer=lambda url: make_reply(tables[url.rpartition("/")[2]]))
    assert hit.title == "Sebastian \N{REPLACEMENT CHARACTER} Venise"


# Whatever they answer.

def nested(depth):
    answer = {}
    for level in range(depth):
        answer = {"id": answer} if level % 2 else [answer]
    return answer


@pytest.mark.parametrize("record", [None, True, 7, 1e300, "text", [], [[None]], {}, nested(5000)],
                         ids=lambda record: type(record).__name__)
@pytest.mark.parametrize("name", SOURCES)
def test_whatever_a_record_is_it_becomes_an_artwork_without_an_id(name, record):
    found = read(name, record)
    assert (found.id, found.title, found.images, found.page) == ("", "", (), "")


SCALARS = (st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
           | st.sampled_from(["https://[", "javascript:alert(1)", "<![x]]>", "\ud800", "https://a.example/b",
                              "1" * 5000, nested(50)]))
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["id", "title", "items", "@value", "next"]), inner, max_size=3),
                    max_leaves=8)


def places(answer):
    """Every place in an answer, as what it lies in and its key or position there."""
    for key, value in list(answer.items() if isinstance(answer, dict) else enumerate(answer)):
        yield answer, key
        if isinstance(value, dict | list):
            yield from places(value)


def spoilt(data, body):
    """An answer with up to three of its parts replaced or removed, a catalogue with some of its bytes replaced."""
    try:
        answer = [json.loads(body)]
    except ValueError:
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(body))] * 2)))
        return body[:start] + data.draw(st.binary(max_size=20)) + body[end:]
    every = list(places(answer))
    for number in data.draw(st.lists(st.integers(0, len(every) - 1), max_size=3)):
        inside, key = every[number]
        inside[key] = data.draw(JUNK)
        if isinstance(inside, dict) and data.draw(st.booleans()):
            del inside[key]
    return json.dumps(answer[0]).encode()


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_museum_answers_a_search_gives_artworks_or_a_fault(session, name, data):
    def answer(url):
        right = look_up(url)
        return right._replace(body=spoilt(data, right.body), status=200)

    for catalogue in session.folder.glob("*.[cz]*"):
        catalogue.unlink()
    try:
        for hit in search(session, name, data.draw(st.sampled_from([SEBASTIAN, GRACES])), answer, 20)[0]:
            assert_sound(hit)
    except Fault as fault:
        assert fault.kind and str(fault)


def assert_sound(hit):
    """All texts, one line each, that a file can hold; pictures and the page are web addresses."""
    assert isinstance(hit, Artwork)
    for key, value in vars(hit).items() - {("images", hit.images), ("years", hit.years), ("fault", hit.fault)}:
        assert isinstance(value, str), key
        assert value.encode() is not None and (key == "words" or value.isprintable()), key
    assert hit.years is None or -10_000 <= hit.years[0] <= hit.years[1] <= 2100
    assert isinstance(hit.images, tuple)
    assert all(isinstance(image, str) and re.match(r"https?://[^/\s]", image) for image in hit.images)
    assert hit.page == "" or re.match(r"https?://[^/\s]", hit.page)
    assert hit.fault is None or isinstance(hit.fault, Fault)


def test_what_may_pass_is_to_be_tried_again_and_what_lasts_is_not():
    assert Fault("blocked", "It is blocked.").advise() == "It is blocked. Run the collection again later."
    assert Fault("not found", "It is gone.", lasting=True).advise() == "It is gone."
