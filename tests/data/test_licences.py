import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.data.licences import is_open, name_licence
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
    "Public domain; see the terms of the museum", "GFDL", "CC", "CC SA 1.0", "PDF",
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


@pytest.mark.parametrize("licence, name", [
    (CC0, "CC0 1.0"), ("https://creativecommons.org/licenses/by-sa/4.0/deed.en", "CC BY-SA 4.0"),
    ("https://creativecommons.org/publicdomain/mark/1.0/", "Public Domain Mark 1.0"), ("ask us", "ask us"), ("", "")])
def test_licences_as_people_say_them(licence, name):
    assert name_licence(licence) == name
