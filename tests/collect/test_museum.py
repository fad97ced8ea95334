"""The fake museums behave as the real ones do where a test of the collection relies on it."""

import pytest
import requests
from museum import FAULTS, Server

from artpose_lib.data.poses import POSES


@pytest.fixture(scope="module")
def museums():
    with Server() as server:
        yield server


def ask(server, host, target):
    return requests.get(server.address + target, headers={"Host": host}, timeout=10)


@pytest.mark.parametrize(("host", "target"), [
    ("example.org", "/"), ("api.smk.dk", "/api/v2/art/search/"), ("api.smk.dk", "/api/v1/art/search/"),
    ("images.metmuseum.org", "/CRDImages/gr/original/DP1.jpg"), ("data.rijksmuseum.nl", "/2001"),
])
def test_what_no_museum_has_is_remembered(host, target):
    with Server() as server:
        assert ask(server, host, target).status_code == 404
        assert server.unexpected == [(host, target)]


def test_searches_match_loosely_and_a_department_narrows_them(museums):
    def numbers(question):
        return ask(museums, "collectionapi.metmuseum.org", f"/public/collection/v1.1/search?{question}").json()

    found = numbers("q=terracotta+statuette")
    titles = [museums.museums.numbered("met", number).title for number in found["objectIDs"]]
    assert "Terracotta statuette of a horse" in titles and len(titles) == found["total"] > 1
    assert 0 < numbers("q=terracotta+statuette&departmentId=13")["total"] < found["total"]
    assert numbers("q=nothing") == {"total": 0, "objectIDs": None}


def test_the_rijksmuseum_refuses_a_parameter_that_it_does_not_know(museums):
    search = "/search/collection?imageAvailable=true&"
    assert ask(museums, "data.rijksmuseum.nl", f"{search}title=Sebastian").json()["orderedItems"]
    assert ask(museums, "data.rijksmuseum.nl", f"{search}q=Sebastian").status_code == 400


def test_a_key_is_checked(museums):
    refused = ask(museums, "api.harvardartmuseums.org", "/object?q=Sebastian&apikey=wrong")
    assert (refused.status_code, refused.text) == (401, "Unauthorized")


def test_a_fault_that_passes_passes():
    fault = next(fault for fault in FAULTS if fault.name == "in trouble for a while")
    with Server(faults=(fault,)) as server:
        (work,) = server.spoilt
        address = f"/public/collection/v1/objects/{work.number}"
        statuses = [ask(server, "collectionapi.metmuseum.org", address).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]


def test_faults_have_names_of_their_own_and_stand_for_searches_that_are_asked():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) >= 20
    asked = {query.text.casefold() for pose in POSES for query in pose.queries}
    assert {fault.words for fault in FAULTS if fault.place == "search"} <= asked
