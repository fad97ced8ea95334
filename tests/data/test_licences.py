import json

import pandas as pd
import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.data.licences import are_publishable, find_rights, is_open, name_licence
from artpose_lib.data.text import LONGEST

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
OPEN = [
    "https://creativecommons.org/publicdomain/zero/1.0/", "http://creativecommons.org/publicdomain/mark/1.0/",
    "https://creativecommons.org/licenses/by/4.0/", "https://creativecommons.org/licenses/by-sa/4.0",
    "https://creativecommons.org/licenses/by-sa/3.0/de/deed.en", "HTTPS://CreativeCommons.org/licenses/by/2.0/legalcode",
    "CC0", "CC0 1.0", "cc0 1.0 universal", "Creative Commons Zero, Public Domain Dedication", "Public domain",
    "Public Domain Mark 1.0", "CC BY 4.0", "CC BY-SA 4.0", "cc-by-sa-4.0", "CC BY-SA 3.0 de", "CC BY-SA",
    "CC BY-SA 3.0,2.5,2.0,1.0", "Creative Commons Attribution 4.0 International",
    "Creative Commons Attribution-Share Alike 3.0 de", " public \n domain ",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0 (Public Domain)", "CCØ", "CC-Zero", "CC-BY-SA-3.0-DE",
    "Creative Commons Attribution 4.0 International (CC BY 4.0)", "Creative Commons CC0", "CC PDM 1.0", "CC BY 3.0 IGO",
    "CC BY-SA 4.0 Deed Attribution-ShareAlike 4.0 International", "Attribution 4.0 International", "License: CC BY",
    "This work is licensed under a Creative Commons Attribution 4.0 International License.", "Public Domain.",
    "Creative Commons Zero v1.0 Universal", "Creative Commons Attribution-Share Alike 3.0 Germany", "CC BY 3.0 Canada",
    "This file is made available under the Creative Commons CC0 1.0 Universal Public Domain Dedication.",
    "Creative Commons Attribution-ShareAlike 4.0 International Public License", "Creative Commons Public Domain Mark",
    "https://creativecommons.org/share-your-work/public-domain/cc0/", "//creativecommons.org/licenses/by-sa/3.0/",
    "https://creativecommons.org/licenses/publicdomain/", "creativecommons.org/publicdomain/zero/1.0/",
    "https://creativecommons.org/licenses/by/2.5/scotland/", "https://creativecommons.org/licenses/by/3.0/igo/",
    "https://creativecommons.org/licenses/by/2.0/?ref=ccsearch&atype=rich", "https://creativecommons.org/licenses/by/4.0/.",
    "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)", "https://creativecommons.org/publicdomain/mark/1.0/deed.de",
    "CC BY‑SA 4.0", "CC–BY—SA 4.0", "“CC BY 4.0”", "«CC0»", "[CC0]", "'CC0'", "CC BY 4", "CC BYSA", "Gemeinfrei",
    "Namensnennung - Weitergabe unter gleichen Bedingungen 4.0 International (CC BY-SA 4.0)", "Dominio público",
    "Released into the public domain", "Naamsvermelding 4.0 Internationaal", "Domaine public", "Lizenz: CC BY 4.0",
    "https://creativecommons.org/licenses/by/4.0/#", "CC0 1.0 Universell",
    "This work is licensed under CC BY 4.0. To view a copy of this license, visit https://creativecommons.org/licenses/by/4.0/",
]

CLOSED = [
    "", " ", "unknown", "In copyright", "© 1989 A. Painter", "All rights reserved", "Copyrighted", "Attribution",
    "CC BY-NC 4.0", "CC BY-NC-SA 4.0", "CC-BY-NC-SA 4.0", "CC BY-ND 4.0", "CC BY NC", "CC BY-SA ND", "CC BY 4.0 NC",
    "CC BY-SA 4.0 nd", "https://creativecommons.org/licenses/by-nc/4.0/", "https://creativecommons.org/licenses/by-nd/4.0/",
    "https://creativecommons.org/licenses/by/4.0/nc", "https://creativecommons.org/licenses/by/../by-nc/4.0/",
    "https://creativecommons.org/licenses/by/4.0/?not", "https://creativecommons.org.example.org/publicdomain/zero/1.0/",
    "https://example.org/creativecommons.org/publicdomain/zero/1.0/", "creativecommons.org", "not public domain",
    "Not in the public domain", "public domain?", "Public domain in the United States", "δεν είναι public domain",
    "CC0 for the text, © for the picture", "No known copyright restrictions", "CC0" + " " * LONGEST + "for the text",
    "http://rightsstatements.org/vocab/NoC-US/1.0/", "http://rightsstatements.org/vocab/InC/1.0/",
    "Public domain; see the terms of the museum", "GFDL", "CC", "CC SA 1.0", "PDF", "Zero", "By", "Share alike", "Free",
    "Creative Commons Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)", "Attribution-NoDerivs 3.0 Unported",
    "CC BY 4.0 if licensed", "CC BY 4.0 https://example.org/terms", "CC BY (4.0) & © Museum", "CC BY 4.0?", "Gratis",
    "https://creativecommons.org/licenses/by/4.0/ https://creativecommons.org/licenses/by-nc/4.0/", "Open access",
    "https://creativecommons.org/licenses/by/4.0/?license=by-nc", "https://creativecommons.org/licenses/by/4.0/?ref=x&nc",
    "//creativecommons.org/licenses/by-nd/3.0/", "creativecommons.org/licenses/by-nc-sa/2.5/scotland/", "-", ".",
    "https://creativecommons.org/licenses/sampling+/1.0/", "https://creativecommons.org/licenses/",
    "https://creativecommons.org@example.org/licenses/by/4.0/", "https://example.org//creativecommons.org/licenses/by/4.0/",
    "Public domain United States", "This image is in copyright", "CC BY 3.0 Germany only", "Image made available",
    "Creative Commons", "This work is licensed under the license", "Attribution 4.0", "CC BY-NC 3.0 igo",
    "CC BY‑NC 4.0", "CC–BY–ND", "“CC BY-NC”", "CC BYNC", "Nicht gemeinfrei", "Namensnennung", "CC BY 5",
    "Namensnennung - Nicht kommerziell 4.0 International", "No copyright", "pas CC0",
    "Attribution - Pas d’Utilisation Commerciale 4.0 International",
    "https://rightsstatements.org/page/NoC-NC/1.0/", "Domaine public ?", "Public domain from 2030",
    "CC BY 4.0 (metadata)",
]


@pytest.mark.parametrize("licence", OPEN)
def test_open_licences(licence):
    assert is_open(licence)


@pytest.mark.parametrize("licence", CLOSED)
def test_whatever_else_is_said_is_not_open(licence):
    assert not is_open(licence)


@given(st.sampled_from(OPEN), st.sampled_from(["nc", "nd", "not", "except", "©", "¬", "ikke", "in copyright", "?"]),
       st.booleans())
def test_a_word_more_closes_an_open_licence(licence, word, in_front):
    assert not is_open(f"{word} {licence}" if in_front else f"{licence} {word}")


@pytest.mark.skipif(not (SHARED / "cases").exists(), reason="the shared cases are not here")
def test_the_shared_wordings_are_open():
    wordings = json.loads((SHARED / "cases" / "museums" / "licences.json").read_text(encoding="utf-8"))["is_open"]
    assert [licence for licence in wordings if not is_open(licence)] == []


@pytest.mark.parametrize("column", [
    "licence", "license", "Licence", "LICENSE", "rights", "Rights statement", "edm:rights", "license_url", "Copyright",
    "copyright_status", "Nutzungsrechte", "Lizenz", "Auteursrecht", "licentie", "droits d'auteur", "Diritti", "Licenza",
    "Rettigheder", "Δικαιώματα", "Άδεια", "derechos", "isPublicDomain", "usage", "terms of use", "Credit/Rights",
    "rettigheter", "upphovsrätt", "direitos", "lisens", "права", "©", "CC", "open_access", "gemeinfrei"])
def test_a_column_of_rights_of_any_name_keeps_closed_what_is_not_known_to_be_open(column):
    table = pd.DataFrame({"file_name": list("abcd"), column: ["CC0", "In copyright", "", "True"]})
    assert find_rights(table) == [column] and are_publishable(table).tolist() == [True, False, False, False]


def test_several_columns_must_agree_and_none_at_all_keeps_nothing_back():
    table = pd.DataFrame({"licence": ["CC0", "CC0", "", ""], "Rights": ["", "In copyright", "CC BY 4.0", " "]})
    assert are_publishable(table).tolist() == [True, False, True, False]
    assert find_rights(["AUTHOR", "right", "links", "rechts", "height", "image", "source", "query"]) == []
    assert are_publishable(pd.DataFrame({"file_name": ["a", "b"]})).tolist() == [True, True]


@pytest.mark.parametrize("licence, name", [
    ("https://creativecommons.org/share-your-work/public-domain/cc0/", "CC0"), (CC0, "CC0 1.0"),
    ("https://creativecommons.org/licenses/by-sa/4.0/deed.en", "CC BY-SA 4.0"),
    ("https://creativecommons.org/publicdomain/mark/1.0/", "Public Domain Mark 1.0"), ("ask us", "ask us"), ("", "")])
def test_licences_as_people_say_them(licence, name):
    assert name_licence(licence) == name
