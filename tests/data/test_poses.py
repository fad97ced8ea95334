import pytest
from hypothesis import given
from hypothesis import strategies as st

from artpose_lib.data.poses import POSES, Query, parse_queries, thesis_table

ROWS = thesis_table("table_2_1_queries").to_dict("records")
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="&,="), min_size=1).filter(str.strip)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["query"])
def test_a_row_of_table_2_1_is_the_words_and_the_department_that_it_says(row):
    (query,) = parse_queries(row["query"])
    assert query.formula == row["query"]
    assert [word.casefold() for word in query.words] == row["terms_all_of"].split()
    assert query.department == row["extra_parameters"].removeprefix("departmentId=")
    assert query.matches(f"Before {row['terms_all_of'].upper()} after")


def test_every_row_is_a_query_of_its_pose():
    asked = [(pose.name, query.formula) for pose in POSES for query in pose.queries]
    assert asked == [(row["class"], row["query"]) for row in ROWS]


def test_a_comma_separates_searches():
    assert parse_queries("Graces, Three&Graces") == (Query("Graces", ("Graces",)),
                                                     Query("Three&Graces", ("Three", "Graces")))


def test_the_words_are_typed_with_spaces_between():
    (query,) = parse_queries("terracotta&statuette&departmentId=50")
    assert query.text == "terracotta statuette"


@pytest.mark.parametrize("formula, titles, matches", [
    ("Pieta", ["Pietà"], True),
    ("pietà", ["LA PIETA"], True),
    ("saint&sebastian", ["Sebastian", "the saint"], True),
    ("saint&sebastian", ["Sebastian"], False),
    ("standing&nude&man", ["Standing nude woman"], False),
    ("standing&nude&man", ["A man, standing; nude."], True),
    ("Graces", ["Gracestown"], False),
    ("tanagra", [], False),
    ("Αντίνοος", ["ΑΝΤΙΝΟΟΣ"], True),
])
def test_every_word_must_stand_there_whole(formula, titles, matches):
    (query,) = parse_queries(formula)
    assert query.matches(*titles) is matches


@pytest.mark.parametrize("formula", ["", " ", "&", "Graces,", "departmentId=13", "q="])
def test_a_search_without_a_word_is_refused(formula):
    with pytest.raises(ValueError, match="no word"):
        parse_queries(formula)


def test_an_unknown_parameter_is_refused_by_its_name():
    with pytest.raises(ValueError, match='"century"'):
        parse_queries("tanagra&century=3")


@given(st.lists(WORDS, min_size=1))
def test_words_joined_by_and_are_read_back(words):
    (query,) = parse_queries("&".join(words))
    assert query.words == tuple(" ".join(words).split())
    assert query.department == ""


@given(st.lists(st.lists(WORDS, min_size=1), min_size=1))
def test_searches_joined_by_or_are_read_back(searches):
    formulas = ["&".join(words) for words in searches]
    assert [query.words for query in parse_queries(",".join(formulas))] == [
        tuple(" ".join(words).split()) for words in searches]
