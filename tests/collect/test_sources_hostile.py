"""Pages without end, answers that are none, damaged catalogues: no answer makes a search fail but with a Fault."""

import re
from dataclasses import fields
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_answers import FakeSession, answers_for, downloads_for, fixtures, search, zipped

from artpose_lib.collect.answers import Fault, plain
from artpose_lib.collect.museums import SOURCES, artic, met, nga, rijksmuseum, smk, wga
from artpose_lib.collect.museums.artic import Artic
from artpose_lib.collect.museums.met import Met
from artpose_lib.collect.museums.nga import NGA
from artpose_lib.collect.museums.paging import read_records, turn_pages
from artpose_lib.collect.museums.rijksmuseum import Rijksmuseum
from artpose_lib.collect.museums.smk import SMK
from artpose_lib.collect.museums.wga import WGA
from artpose_lib.collect.source import Artwork
from artpose_lib.data.poses import parse_queries

SEARCHED = ("met", "rijksmuseum", "smk", "artic")  # those that are asked; the others are downloaded
SEBASTIAN, GRACES, TANAGRA = parse_queries("Sebastian,Graces,departmentId=13&q=tanagra")


# Paging.

def test_met_turns_pages_until_one_is_short():
    def answer(url, params):
        if "/objects/" in url:
            return {"objectID": int(url.split("/")[-1])}
        return {"total": 502, "objectIDs": list(range(1, 501)) if params["offset"] == 0 else [501, 502]}

    hits, session = search(Met, answer)
    assert [hit.id for hit in hits] == [str(number) for number in range(1, 503)]
    assert [params["offset"] for url, params in session.calls if "search" in url] == ["0", "500"]


def numbered(first, count, **more):
    return [more | {"id": number, "object_number": str(number)} for number in range(first, first + count)]


@pytest.mark.parametrize("source, where, key, places", [(SMK, "items", "offset", ["0", "100"]),
                                                        (Artic, "data", "page", ["1", "2"])])
def test_a_search_turns_pages_until_one_is_short(source, where, key, places):
    hits, session = search(source, lambda url, params: {
        where: numbered(0, 100) if str(params[key]) == places[0] else numbered(99, 4)})
    assert [hit.id for hit in hits] == [str(number) for number in range(103)]  # 99 came twice
    assert [params[key] for _, params in session.calls] == places


def test_rijksmuseum_follows_the_next_page():
    _, session = search(Rijksmuseum)
    searches = [(url, params) for url, params in session.calls if "/search/" in url]
    assert searches[1] == ("https://data.rijksmuseum.nl/search/collection?title=Sebastian&imageAvailable=true"
                           "&pageToken=two", {})
    assert len(searches) == 4


@pytest.mark.parametrize("following", ["https://evil.example/search/collection?pageToken=2",
                                       "https://iiif.micr.io/search/collection?pageToken=2", "/search/collection?x"])
def test_rijksmuseum_follows_no_page_elsewhere(following):
    answer = {"type": "OrderedCollectionPage", "orderedItems": ["https://id.rijksmuseum.nl/1"],
              "next": {"id": following}}
    hits = Rijksmuseum(FakeSession(lambda url, params: answer if "/search/" in url else {})).search(SEBASTIAN)
    assert next(hits).id == "1"
    with pytest.raises(Fault, match=re.escape(following)):
        next(hits)


def endless(name, url, params, page):
    """A full page of a server that says that there is more; `page` 0 every time, or counted."""
    if "objects/" in url or "nl/2" in url:
        return {}
    return {"objectIDs": list(range(1000 + 500 * page, 1500 + 500 * page)), "items": numbered(100 * page, 100),
            "data": numbered(100 * page, 100), "type": "OrderedCollectionPage",
            "orderedItems": [{"id": f"https://id.rijksmuseum.nl/2{5 * page + number}"} for number in range(5)],
            "next": {"id": f"https://data.rijksmuseum.nl/search/collection?pageToken={page}"}}


@pytest.mark.parametrize("name", SEARCHED)
def test_the_same_page_over_and_over_ends(name):
    hits, session = search(SOURCES[name], lambda url, params: endless(name, url, params, 0))
    assert len({hit.id for hit in hits}) == len(hits) > 0
    assert sum("search" in url for url, _ in session.calls) <= 4


@pytest.mark.parametrize("name, most", [("met", 20), ("smk", 100), ("artic", 10), ("rijksmuseum", 200)])
def test_a_server_that_always_has_more_ends(name, most):
    pages = iter(range(10**6))
    hits, session = search(SOURCES[name], lambda url, params: endless(
        name, url, params, next(pages) if "search" in url else 0))
    assert sum("search" in url for url, _ in session.calls) == most
    assert len({hit.id for hit in hits}) == len(hits)


# What is not as it should be.

@pytest.mark.parametrize("answer", [None, [], "a text", 7, {}, {"message": "an error"}, [{"data": []}]])
@pytest.mark.parametrize("name", SEARCHED)
def test_an_answer_that_is_no_page_of_hits_is_a_fault(name, answer):
    with pytest.raises(Fault) as caught:
        search(SOURCES[name], lambda url, params: answer)
    assert caught.value.kind == "not a record" and str(caught.value).endswith("hits.")


@pytest.mark.parametrize("source, answer", [
    (Met, {"objectIDs": ["../../etc", None, {"a": 1}]}),
    (Rijksmuseum, {"type": "OrderedCollectionPage", "orderedItems": ["https://evil.example/200", "x"]})])
def test_an_id_that_is_none_is_a_hit_with_a_fault_and_never_asked_for(source, answer):
    hits, session = search(source, lambda url, params: answer)
    assert hits and all(hit.fault.kind == "not a record" for hit in hits)
    assert all("search" in url for url, _ in session.calls)


@pytest.mark.parametrize("source, download, reason", [
    (WGA, b"<html>not found</html>", "not a zip"),
    (WGA, zipped("AUTHOR;TITLE;URL\n", "other.txt"), "catalog.csv"),
    (WGA, zipped("NAME;TITLE\n"), "AUTHOR, URL"),
    (WGA, zipped(""), "AUTHOR, TITLE, URL"),
    (WGA, zipped("AUTHOR;TITLE;URL\n" + "x" * 200_000), "field"),
    (WGA, zipped("AUTHOR;TITLE;URL\n" + "x" * 20_000)[:60], "not a zip"),
    (NGA, b"<html>not found</html>", "objectid, title"),
    (NGA, b"", "objectid, title"),
    (NGA, b"objectid,title\n1," + b"x" * 200_000, "field")])
def test_a_catalogue_that_cannot_be_read_is_a_fault_that_names_it(source, download, reason, tmp_path):
    with pytest.raises(Fault, match=re.escape(reason)) as caught:
        search(source, download=lambda url: download, folder=tmp_path)
    assert caught.value.kind == "not a catalogue"
    assert str(tmp_path) in str(caught.value) and "Delete it" in str(caught.value)


def test_a_catalogue_that_would_unpack_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(wga, "LARGEST", 1_000_000)
    bomb = zipped("AUTHOR;TITLE;URL\n" + "0;Sebastian;0\n" * 100_000)
    assert len(bomb) < 10_000
    with pytest.raises(Fault, match="1,400,017 bytes") as caught:
        search(WGA, download=lambda url: bomb, folder=tmp_path)
    assert caught.value.kind == "too large"


def test_bytes_that_are_no_utf_8_spoil_only_their_letter(tmp_path):
    tables = {"objects.csv": "objectid,title\n1,Sebastian à Venise\n".encode("iso-8859-1"),
              "published_images.csv": b"depictstmsobjectid,viewtype,openaccess,iiifurl\n1,primary,1,https://a.example/1\n"}
    (hit,), _ = search(NGA, download=lambda url: tables[url.split("/")[-1]], folder=tmp_path)
    assert hit.title == "Sebastian \N{REPLACEMENT CHARACTER} Venise"


def nested(depth):
    answer = {}
    for level in range(depth):
        answer = {"id": answer} if level % 2 else [answer]
    return answer


@pytest.mark.parametrize("record", [None, True, 7, 1e300, "text", [], [[None]], {}, nested(5000)],
                         ids=lambda record: type(record).__name__)
@pytest.mark.parametrize("museum", [met, rijksmuseum, wga, nga, smk, artic], ids=lambda museum: museum.__name__)
def test_whatever_a_record_is_it_becomes_an_artwork_without_an_id(museum, record):
    found = museum.read_artwork(record)
    assert (found.id, found.title, found.images) == ("", "", ())


def test_hits_come_once_and_a_page_with_nothing_new_is_the_last():
    first, second = Artwork("x", "1"), Artwork("x", "2")
    pages = [[first, first], [first, second], [second], [Artwork("x", "3")]]
    assert list(turn_pages(lambda number: (pages[number], number + 1), 0, 9)) == [first, second]


def test_null_is_a_page_without_hits():
    assert read_records({"items": None}, "items") == []


def test_nonsense_in_markup_does_not_stop_it():
    assert plain("<b>before</b><![nonsense]]>").startswith("before")


# Whatever the museums answer: answers with parts removed or replaced, for all sources.

SCALARS = (st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
           | st.sampled_from(["https://[", "javascript:alert(1)", "<![x]]>", "\ud800", "https://a.example/b",
                              "1" * 5000, nested(50)]))
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["id", "title", "items", "@value", "next"]), inner, max_size=3),
                    max_leaves=8)


def places(answer, path=()):
    """Every path of an answer, the empty one included."""
    yield path
    inside = answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
    for key, value in inside:
        yield from places(value, (*path, key))


def changed(answer, path, value, remove):
    """A copy of an answer in which the entry at a path is another one, or is not there."""
    if not path:
        return value
    copy = answer.copy()
    if len(path) == 1 and remove:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], value, remove)
    return copy


def mutated(data, answer):
    for _ in range(data.draw(st.integers(0, 3))):
        path = data.draw(st.sampled_from(list(places(answer))))
        answer = changed(answer, path, data.draw(JUNK), data.draw(st.booleans()))
    return answer


def spoiled(data, content):
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return content[:start] + data.draw(st.binary(max_size=20)) + content[end:]


class SpoilingSession(FakeSession):
    """A session that gives answers with something wrong in them."""

    def __init__(self, data, name, folder):
        right, known = answers_for(name), list(fixtures(name).values()) or [{}]

        def answer(url, params):
            try:
                found = right(url, params)
            except Fault:
                found = data.draw(st.sampled_from(known))
            return mutated(data, found)

        def download(url):
            return spoiled(data, downloads_for(name)(url))

        super().__init__(answer, download, folder)


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_museum_answers_a_search_gives_artworks_or_a_fault(name, data, tmp_path_factory):
    session = SpoilingSession(data, name, tmp_path_factory.getbasetemp())
    query = data.draw(st.sampled_from([SEBASTIAN, GRACES, TANAGRA]))
    try:
        for hit in islice(SOURCES[name](session).search(query), 20):
            assert_sound(hit, name)
    except Fault as fault:
        assert fault.kind and str(fault)


def assert_sound(hit, name):
    """All texts, one line each, that a file can hold; pictures and the page are web addresses."""
    assert isinstance(hit, Artwork) and hit.source == name
    texts = {field.name: getattr(hit, field.name) for field in fields(hit) if field.name not in ("images", "fault")}
    for key, value in texts.items():
        assert isinstance(value, str), key
        assert value.encode() is not None and (key == "words" or value.isprintable()), key
    assert isinstance(hit.images, tuple)
    assert all(isinstance(image, str) and re.match(r"https?://[^/\s]", image) for image in hit.images)
    assert hit.page == "" or re.match(r"https?://[^/\s]", hit.page)
    assert hit.fault is None or isinstance(hit.fault, Fault)
