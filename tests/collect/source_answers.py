"""Answers of the museums for tests of one source, and a session that gives them: `answers/<source>/<stem>.json`.

The stem is the last part of the address's path, "search" for `…/v1.1/search`; an answer to a certain parameter adds it,
as in `search-page=2.json`. Titles and names are our own inventions, in the shapes of real answers.
"""

import io
import json
import zipfile
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qsl, urlsplit

from artpose_lib.collect.answers import Fault
from artpose_lib.data.poses import Query

SEBASTIAN = Query("Sebastian", ("Sebastian",))
ANSWERS = Path(__file__).parent / "answers"


def fixtures(name):
    """All JSON answers of one source, by their stems."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ANSWERS / name).glob("*.json"))}


def answers_for(name):
    """A function of an address and its parameters that gives a source's answer; raises Fault where there is none."""
    known = fixtures(name)

    def answer(url, params=None):
        asked = dict(parse_qsl(urlsplit(url).query)) | (params or {})
        stem = PurePosixPath(urlsplit(url).path).stem
        for candidate in [*(f"{stem}-{key}={value}" for key, value in asked.items()), stem]:
            if candidate in known:
                return known[candidate]
        raise Fault("not found", f"{url} is not there.", lasting=True)

    return answer


def zipped(table, member="catalog.csv"):
    """The bytes of an archive with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, table)
    return packed.getvalue()


def downloads_for(name):
    """A function of an address that gives the bytes of a source's catalogue."""
    def download(url):
        if name == "wga":
            return zipped((ANSWERS / name / "catalog.csv").read_text(encoding="utf-8").encode("iso-8859-1"))
        return (ANSWERS / name / PurePosixPath(urlsplit(url).path).name).read_bytes()

    return download


class FakeSession:
    """A session that asks nobody. calls: each address asked, with its parameters as text; headers: those of each."""

    agent = "artpose/0 (test@example.org)"

    def __init__(self, answer, download=None, folder=None):
        self.answer, self.download, self.folder = answer, download, folder
        self.calls, self.headers = [], []

    @classmethod
    def of(cls, name, folder=None):
        return cls(answers_for(name), downloads_for(name), folder)

    def _ask(self, url, hosts, params=None, headers=None):
        self.calls.append((url, {key: str(value) for key, value in (params or {}).items()}))
        self.headers.append(headers or {})
        if urlsplit(url).hostname not in hosts:
            raise Fault("elsewhere", f"{url} is not of this source.", lasting=True)

    def json(self, url, hosts, params=None, headers=None, keep=False):
        self._ask(url, hosts, params, headers)
        return self.answer(url, params)

    def file(self, url, hosts, name):
        self._ask(url, hosts)
        path = self.folder / name
        path.write_bytes(self.download(url))
        return path

    def secret(self, variable):
        return "a-key"


def search(source, answer=None, query=SEBASTIAN, **kwargs):
    """The hits of a search of one source, and the session that it asked."""
    session = FakeSession(answer or answers_for(source.name), **kwargs)
    return list(source(session).search(query)), session
