import pytest
from builders import queries

from artpose_lib.data.poses import POSES

QUERIES = """
Antinous: contrapposto; standing nude man; Antinous; doryphoros; Standbeeld van Bacchus
Graces: Graces; Three Graces
Pieta: Pieta
Reclining: reclining nude; reclining woman; reclining nude woman
Sebastian: saint sebastian; Sebastian
Tanagra: tanagra; tanagra in 13; terracotta statuette in 50
"""


def test_the_searches_of_each_pose_are_those_of_table_2_1():
    asked = {pose.name: [f"{query.text} in {query.department}".removesuffix(" in ") for query in pose.queries]
             for pose in POSES}
    lines = [line.split(": ") for line in QUERIES.strip().splitlines()]
    assert asked == {pose: searches.split("; ") for pose, searches in lines}
    printed = [query.formula for query in POSES[-1].queries]
    assert printed == ["tanagra", "departmentId=13&q=tanagra", "terracotta&statuette&departmentId=50"]


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
    (query,) = queries(formula)
    assert query.matches(*titles) is matches
