import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from artpose_lib.data.text import LONGEST_NAME, escape_markdown, to_file_name


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs"])) | st.sampled_from(
    ["*Pieta*", "_Pieta_", "<b>x</b>", "&amp;", "a | b", "[a](b)", "`a`", "# a", "1. a", "\\*a\\*", "~~a~~", "{a}`b`"]))
def test_markdown_shows_a_name_as_it_is(name):
    html = MarkdownIt("gfm-like", {"linkify": False}).renderInline(escape_markdown(name))
    assert unescape(html) == " ".join(name.split()) and not re.search("<[a-z]", html)


@pytest.mark.parametrize("text, name", [
    ("Pieta (after)", "Pieta -after-"), ("कला", "कला"), ("Pieta\u0300", "Piet\u00e0"),
    ("../../away", "-..-away"), (".hidden", "hidden"), ("__cache__", "_cache__"), ("", "-"), ("...", "-"),
    ("test", "Test"), ("a train-1", "a Train-1"), ("tester", "tester"), ("St. John", "St. John")])
def test_names_of_files(text, name):
    assert to_file_name(text) == name


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_becomes_a_name_that_every_system_takes(text):
    name = to_file_name(text)
    assert len(name.encode()) <= LONGEST_NAME + 3 and name == name.strip(" .") and to_file_name(name) == name
    assert not re.search(r'[\x00-\x1f<>:"/\\|?*]', name) and not name.startswith("__")
