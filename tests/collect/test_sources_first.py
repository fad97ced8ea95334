"""The searched and the downloaded museums by themselves: what they are asked, and what becomes of their answers."""

import json
from urllib.parse import urlencode

import pytest
from conftest import SHARED
from source_answers import answers_for, downloads_for, search, zipped

from artpose_lib.collect.museums import SOURCES, met, rijksmuseum, smk, wga
from artpose_lib.collect.museums.artic import Artic
from artpose_lib.collect.museums.met import Met
from artpose_lib.collect.museums.nga import NGA
from artpose_lib.collect.museums.paging import read_records
from artpose_lib.collect.museums.rijksmuseum import Rijksmuseum
from artpose_lib.collect.museums.smk import SMK
from artpose_lib.collect.museums.wga import WGA
from artpose_lib.collect.source import Artwork
from artpose_lib.data.licences import is_open
from artpose_lib.data.poses import parse_queries, thesis_table

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
PUBLIC_DOMAIN = "https://creativecommons.org/publicdomain/mark/1.0/"
ROWS = thesis_table("table_2_1_queries").to_dict("records")
(GRACES,) = parse_queries("Graces")


# What the answers become.

def test_met_on_the_columns():
    hits, _ = search(Met)
    assert hits[:2] == [
        Artwork("met", "900001", "Saint Sebastian by the River", "After Berta Veneziana", "ca. 1510–20",
                "Tempera on panel", "Metropolitan Museum of Art, New York, NY", "Paintings",
                ("https://images.metmuseum.org/CRDImages/ep/original/DX900001.jpg",
                 "https://images.metmuseum.org/CRDImages/ep/web-large/DX900001.jpg"),
                "https://www.metmuseum.org/art/collection/search/900001", CC0,
                "Saint Sebastian by the River Painting  Archers Rivers"),
        Artwork("met", "900002", "Woman with a Parasol", "Greek, Boeotian", "3rd century BCE", "Terracotta",
                "Metropolitan Museum of Art, New York, NY", "Statuette", (),
                "https://www.metmuseum.org/art/collection/search/900002", "© 1999 The Example Estate",
                "Woman with a Parasol Statuette Greek, Boeotian")]


def test_a_record_that_cannot_be_had_is_a_hit_with_a_fault():
    hits, _ = search(Met)
    assert (hits[2].id, hits[2].fault.kind) == ("900003", "not found")


def test_rijksmuseum_on_the_columns():
    hits, _ = search(Rijksmuseum)
    assert hits[:2] == [
        Artwork("rijksmuseum", "SK-X-1(V)", "Sebastian Waits", "Anna de Proef, Piet Toets", "c. 1600", "oil on panel",
                "Rijksmuseum, Amsterdam", "painting", ("https://iiif.micr.io/XmpLe/full/!1000,1000/0/default.jpg",),
                "https://id.rijksmuseum.nl/200900001", PUBLIC_DOMAIN,
                "Sebastiaan wacht Sebastian, Formerly Known as Bacchus Sebastian Waits "
                "Een man wacht op een boom. He has waited long."),
        Artwork("rijksmuseum", "BK-X-2", "Beeldje van Sebastiaan", "anonymous", "", "ivoor, gold",
                "Rijksmuseum, Amsterdam", "", (), "https://id.rijksmuseum.nl/200900002", "",
                "Beeldje, oud Beeldje van Sebastiaan")]
    assert (hits[2].id, hits[2].fault.kind) == ("200900003", "not found")
    assert len(hits) == 3  # though both the titles' and the descriptions' search found each


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


def test_wga_on_the_columns(tmp_path):
    (saint,) = parse_queries("saint&sebastian")
    hits, session = search(WGA, download=downloads_for("wga"), folder=tmp_path, query=saint)
    assert hits == [Artwork(
        "wga", "/html/p/prova/sebast.html", "St Sebastian at the Well", "PROVA, Niccolò di", "c. 1510",
        "Oil on wood, 80 x 60 cm", "Museo dell'Esempio, Città", "painting, religious",
        ("https://www.wga.hu/art/p/prova/sebast.jpg", "https://www.wga.hu/detail/p/prova/sebast.jpg"),
        "https://www.wga.hu/html/p/prova/sebast.html", wga.LICENCE,
        "St Sebastian at the Well Saint Sebastian at the Well")]
    assert session.calls == [("https://www.wga.hu/database/download/data_txt.zip", {})]


def test_wga_keeps_accents_and_quoted_fields_and_an_address_elsewhere_is_no_picture(tmp_path):
    (pieta,), _ = search(WGA, download=downloads_for("wga"), folder=tmp_path, query=parse_queries("pieta")[0])
    assert pieta.title == "Pietà; with a View"
    (elsewhere,), _ = search(WGA, download=downloads_for("wga"), folder=tmp_path, query=GRACES)
    assert (elsewhere.id, elsewhere.images, elsewhere.page) == ("", (), "")


def test_wga_reads_commas_as_well(tmp_path):
    table = 'AUTHOR,TITLE,URL\n"PROVA, Niccolò di",Sebastian,https://www.wga.hu/html/p/prova/x.html\n'
    packed = zipped(table.encode("iso-8859-1"), "data/catalog.csv")
    (hit,), _ = search(WGA, download=lambda url: packed, folder=tmp_path)
    assert (hit.author, hit.id) == ("PROVA, Niccolò di", "/html/p/prova/x.html")


def test_wga_pictures_never_follow_a_redirect_and_are_not_open():
    assert not WGA.redirects and all(source.redirects for source in SOURCES.values() if source is not WGA)
    assert not is_open(wga.LICENCE)


def test_nga_on_the_columns_where_a_picture_is_open(tmp_path):
    hits, _ = search(NGA, download=downloads_for("nga"), folder=tmp_path, query=GRACES)
    assert hits == [Artwork(
        "nga", "900001", "The Three Graces at Breakfast", "Édith Exemple", "c. 1700", "pen and ink, gray wash",
        "National Gallery of Art, Washington", "Drawing",
        ("https://api.nga.gov/iiif/2222/full/!1000,1000/0/default.jpg",), "https://www.nga.gov/artworks/900001", CC0,
        "The Three Graces at Breakfast Three people at a table, one pouring tea.")]


def test_smk_on_the_columns():
    hits, _ = search(SMK)
    assert hits == [
        Artwork("smk", "KMSx1/2Ø", "Saint Sebastian Drying His Hair", "Ane Ågesen, Bo Tegner", "1640-1650",
                "Oil on canvas, Gilding", "SMK", "Painting, Altarpiece",
                ("https://iip.smk.dk/iiif/jp2/x1_2.tif.jp2/full/!1000,1000/0/default.jpg",
                 "https://iip-thumb.smk.dk/iiif/jp2/x1_2.tif.jp2/full/!1024,/0/default.jpg"),
                "https://open.smk.dk/artwork/image/KMSx1/2Ø", PUBLIC_DOMAIN,
                "Saint Sebastian Drying His Hair Skt. Sebastian tørrer sit hår Irene of Somewhere   "),
        smk.read_artwork(None),  # null among the items: a hit without an id
        Artwork("smk", "KKSx77", "Three Graces, Two of Them Tired", "Ubekendt", "", "", "SMK", "",
                ("https://api.smk.dk/api/v1/thumbnail/0000-1111.jpg",), "", PUBLIC_DOMAIN,
                "Three Graces, Two of Them Tired   ")]


def test_artic_on_the_columns():
    hits, session = search(Artic)
    assert hits == [
        Artwork("artic", "900001", "Reclining Nude with a Newspaper", "Workshop of Carlo Falso", "c. 1540",
                "Red chalk on paper", "Art Institute of Chicago", "Drawing and Watercolor",
                ("https://www.artic.edu/iiif/2/00000001-2222-3333-4444-555555555555/full/843,/0/default.jpg",),
                "https://www.artic.edu/artworks/900001", CC0,
                "Reclining Nude with a Newspaper women, reading A woman reads the news."),
        Artwork("artic", "900002", "Study of an Arm", "Dora Example", "", "", "Art Institute of Chicago", "Print", (),
                "https://www.artic.edu/artworks/900002", "", "Study of an Arm  ")]
    assert session.headers == [{"AIC-User-Agent": session.agent}]


@pytest.mark.parametrize("server", ["https://evil.example/2", "https://www.artic.edu.evil.example/2", "https://[", 7])
def test_artic_takes_pictures_from_no_undeclared_host(server):
    answer = answers_for("artic")("https://api.artic.edu/api/v1/artworks/search") | {"config": {"iiif_url": server}}
    hits, _ = search(Artic, lambda url, params: answer)
    assert hits[0].images[0].startswith("https://www.artic.edu/iiif/2/0000")


# What is asked, for each row of Table 2.1.

NOTHING = {
    "met": {"total": 0, "objectIDs": None},
    "rijksmuseum": {"type": "OrderedCollectionPage", "partOf": {"totalItems": 0}, "orderedItems": []},
    "smk": {"offset": 0, "rows": 100, "found": 0, "items": []},
    "artic": {"pagination": {"total": 0}, "data": []},
}
ARTIC_FIELDS = ("id,title,artist_display,artist_title,date_display,medium_display,place_of_origin,artwork_type_title,"
                "is_public_domain,image_id,main_reference_number,description,subject_titles")


def asked(name, words, department):
    """The requests of one search, an address and its parameters each."""
    rijks = "https://data.rijksmuseum.nl/search/collection"
    return {
        "met": [("https://collectionapi.metmuseum.org/public/collection/v1.1/search",
                 {"q": words, "hasImages": "true", "offset": "0", "limit": "500"}
                 | ({"departmentId": "13"} if department else {}))],
        "rijksmuseum": [(f"{rijks}?{urlencode({where: words, 'imageAvailable': 'true'})}", {})
                        for where in ("title", "description")],
        "smk": [("https://api.smk.dk/api/v1/art/search/",
                 {"keys": words, "filters": "[has_image:true],[public_domain:true]", "offset": "0", "rows": "100",
                  "lang": "en"})],
        "artic": [("https://api.artic.edu/api/v1/artworks/search",
                   {"q": words, "query[term][is_public_domain]": "true", "fields": ARTIC_FIELDS, "limit": "100",
                    "page": "1"})],
    }[name]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["query"])
@pytest.mark.parametrize("name", NOTHING)
def test_a_row_of_table_2_1_is_asked_as_each_museum_wants_it(name, row):
    (query,) = parse_queries(row["query"])
    hits, session = search(SOURCES[name], lambda url, params: NOTHING[name], query)
    assert hits == []
    assert session.calls == asked(name, " ".join(query.words), query.department)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["query"])
def test_a_row_of_table_2_1_is_looked_up_in_downloaded_catalogues(row, tmp_path):
    (query,) = parse_queries(row["query"])
    pages = "https://www.wga.hu/html/x"
    table = f"AUTHOR;TITLE;URL\nA;{query.text};{pages}/1.html\nB;{query.text}s;{pages}/2.html\n"
    hits, _ = search(WGA, download=lambda url: zipped(table), folder=tmp_path, query=query)
    assert [hit.id for hit in hits] == ["/html/x/1.html"]

    tables = {"objects": f"objectid,title\n1,{query.text}\n2,{query.text}s\n",
              "published_images": "depictstmsobjectid,viewtype,openaccess,iiifurl\n"
                                  "1,primary,1,https://api.nga.gov/iiif/1\n2,primary,1,https://api.nga.gov/iiif/2\n"}
    hits, session = search(NGA, download=lambda url: tables[url.split("/")[-1][:-4]].encode(), folder=tmp_path,
                           query=query)
    assert [hit.id for hit in hits] == ["1"]
    assert [url for url, _ in session.calls] == [
        f"https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data/{table}.csv" for table in tables]


def test_nga_asks_for_no_pictures_where_no_title_matches(tmp_path):
    hits, session = search(NGA, download=downloads_for("nga"), folder=tmp_path, query=parse_queries("tanagra")[0])
    assert hits == [] and len(session.calls) == 1


def test_an_object_of_the_rijksmuseum_is_asked_without_the_redirect():
    _, session = search(Rijksmuseum)
    records = [(url, headers) for (url, _), headers in zip(session.calls, session.headers, strict=True)
               if "/search/" not in url]
    assert records[:3] == [(f"https://data.rijksmuseum.nl/{number}", {"Accept": "application/ld+json"})
                           for number in ("200900001", "202900001", "500900001")]


# Answers that museums really gave.

def recorded(path):
    file = SHARED / "museums" / path
    if not file.exists():
        pytest.skip("the recorded answers are not here")
    return json.loads(file.read_text(encoding="utf-8")) if file.suffix == ".json" else file.read_bytes()


def test_met_as_recorded():
    found = met.read_artwork(recorded("met/arrt2026-10-06-object_436535.json"))
    assert (found.id, found.date, found.type, found.licence) == ("436535", "1889", "Paintings", CC0)
    assert [image.split("/")[5] for image in found.images] == ["original", "web-large"]
    nothing = recorded("met/arrt2026-10-06-search_v1.1_nothing.json")
    assert search(Met, lambda url, params: nothing)[0] == []
    assert read_records(recorded("met/deckle2026-10-05-search_v1.1_past_last_page.json"), "objectIDs") == []


def test_rijksmuseum_as_recorded():
    drawing = recorded("rijksmuseum/hmo-200117708-linked-art.json")
    found = rijksmuseum.read_artwork(drawing, recorded("rijksmuseum/arrt2026-10-07-visualitem_202108369.json"),
                                recorded("rijksmuseum/arrt2026-10-07-digitalobject_500118708085845066105.json"))
    assert (found.id, found.type, found.date) == ("RP-T-1930-54(V)", "drawing", "c. 1628 - c. 1629")
    assert (found.author, found.title) == ("Rembrandt van Rijn", "Three Scribes")
    assert found.technique.startswith("pen and brown ink")
    assert "schriftgeleerden" in found.words
    assert found.images == ("https://iiif.micr.io/QkOGy/full/!1000,1000/0/default.jpg",)
    assert found.licence == PUBLIC_DOMAIN


def test_rijksmuseum_search_as_recorded():
    page = recorded("rijksmuseum/arrt2026-10-07-search_milkmaid.json")
    hits, session = search(Rijksmuseum, lambda url, params: page if "search" in url else {})
    assert [hit.id for hit in hits] == ["200108369"]
    assert session.calls[1][0] == "https://data.rijksmuseum.nl/200108369"


def test_wga_as_recorded(tmp_path):
    table = recorded("wga/catalog_sample_latin1.csv")
    (hit,), _ = search(WGA, download=lambda url: zipped(table), folder=tmp_path, query=parse_queries("pallas&venus")[0])
    assert hit.images[0] == "https://www.wga.hu/art/a/aachen/athena.jpg"
    assert (hit.date, hit.type) == ("1593", "painting, mythological")


def test_nga_as_recorded(tmp_path):
    download = {f"{name}.csv": recorded(f"extra/nga/{name}-sample.csv") for name in ("objects", "published_images")}
    hits, session = search(NGA, download=lambda url: download[url.split("/")[-1]], folder=tmp_path,
                           query=parse_queries("metamorphosis")[0])
    assert hits == []  # the sample of pictures has none of it
    assert len(session.calls) == 2


@pytest.mark.parametrize("path, count, pictures", [("smk/arrt2026-10-06-search_trimmed.json", 2, 2),
                                                   ("smk/arrt2026-10-06-search_nothing.json", 0, 0),
                                                   ("smk/arrt2026-10-06-object_KMSst28_no_image.json", 1, 0)])
def test_smk_as_recorded(path, count, pictures):
    answer = recorded(path)
    hits, _ = search(SMK, lambda url, params: answer)
    assert len(hits) == count and all(hit.id.startswith("KMS") and hit.title and hit.date for hit in hits)
    assert all(len(hit.images) == pictures for hit in hits)


def test_artic_as_recorded():
    answer = recorded("artic/ecapp2025-artworks.json")
    hits, _ = search(Artic, lambda url, params: answer)
    assert len(hits) == 20 and all(hit.title and hit.date and hit.technique for hit in hits)
    assert hits[0].images == (
        "https://www.artic.edu/iiif/2/9a0f888a-4818-302b-9d36-e758dee43274/full/843,/0/default.jpg",)
    assert hits[0].author == "Pablo Picasso"
    bare = recorded("artic/docs2026-02-search.json")
    assert [hit.images for hit in search(Artic, lambda url, params: bare)[0]] == [()] * 3
