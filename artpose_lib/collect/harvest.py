"""The harvest: every source is asked the searches of every pose, and what they find becomes a data set.

Each source has a thread, in which everything has its order: the same answers give the same data set. A picture is put
in its place before its row is written, so that a run that is killed loses one picture at most.
"""

import hashlib
import io
import math
import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import imagehash
from PIL import Image

from artpose_lib.collect.answers import Fault, text
from artpose_lib.collect.journal import COLUMNS, PROBLEMS, SAVED, Journal
from artpose_lib.collect.session import Session
from artpose_lib.collect.source import Artwork, Source
from artpose_lib.collect.store import safe_name, standardize
from artpose_lib.data.dates import find_medium, parse_years
from artpose_lib.data.poses import Pose, Query
from artpose_lib.files import PARTIAL, say, whole

STATE = ".artpose"  # the folder of what only the next run needs: the museums' answers and the journal
JOURNAL = "journal.sqlite"


def collect(out: Path, poses: Sequence[Pose], sources: Sequence[type[Source]], limit: int | None, contact: str = "",
            stop: threading.Event | None = None, open_session: Callable[[Path, str], Session] = Session) -> None:
    """Collect pictures into `out`, a new folder or that of an earlier collection, where only what is new is asked for.

    Writes out/<pose>/<safe name>.jpg (8-bit RGB, the longer side 600 to 1000 pixels), out/metadata.csv, a row a
    picture (`journal.COLUMNS`), and out/problems.csv, a row for each work or search that failed, with the reason.

    Parameters: `limit` is the most pictures of each pose from each source, those of earlier runs included, or None.
    `open_session` gets the folder out/.artpose and `contact`.
    Ctrl-C, and on a cluster `stop`, end the run between two requests, with both tables written; Ctrl-C raises
    KeyboardInterrupt again.
    Raises ValueError where `out` holds anything else or every source lacks its key, BlockingIOError where another run
    has the folder, OSError where it cannot be written, and at the end an error in a source's own code.
    """
    usable = _select_usable(sources)
    state = out / STATE
    if out.exists() and not (state / JOURNAL).exists() and any(path != state for path in out.iterdir()):
        raise ValueError(f"{out} holds something that was not collected here. Name a new folder, an empty one, or one "
                         "of an earlier collection.")
    state.mkdir(parents=True, exist_ok=True)
    with closing(Journal(state / JOURNAL, out)) as journal, open_session(state, contact) as session:
        session.stop = stop or session.stop  # `cluster.call` gives one
        for pattern in (f"{PARTIAL}*", f"*/{PARTIAL}*", f"{STATE}/partial-*"):  # the last are of version 0.1.0
            for leftover in out.glob(pattern):  # of a run that was killed
                shutil.rmtree(leftover)
        try:
            _run([_Harvest(source(session), journal, out, limit or math.inf) for source in usable], poses, session)
        finally:
            saved, problems = journal.write_tables(out)
            say(f"pictures in {out}: " + (", ".join(f"{pose} {count}" for pose, count in saved.items()) or "none"))
            if problems:
                kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(problems.items()))
                say(f"problems, listed in {out / PROBLEMS}: {kinds}")


def _select_usable(sources: Sequence[type[Source]]) -> list[type[Source]]:
    """Return the sources that can be asked, each once."""
    usable = []
    for source in dict.fromkeys(sources):
        if source.key and not os.environ.get(source.key, "").strip():
            say(f"{source.name}: skipped, because {source.key} is not set; {source.key_page} gives a key")
            continue
        if not source.verified:
            say(f"{source.name}: not verified, which means that its code was written without an answer to look at")
        usable.append(source)
    if not usable:
        raise ValueError("there is no source to ask: set the key of one that was skipped, or name others")
    return usable


def _run(harvests: list["_Harvest"], poses: Sequence[Pose], session: Session) -> None:
    with ThreadPoolExecutor(len(harvests)) as threads:
        running = [threads.submit(harvest.run, poses) for harvest in harvests]
        try:
            wait(running)
        except KeyboardInterrupt:
            session.stop.set()
            raise
    for ended in running if not session.stop.is_set() else ():
        ended.result()  # raises what the thread raised


@dataclass(frozen=True)
class _Harvest:
    """What one source gives. Faults go into the journal."""

    source: Source
    journal: Journal
    out: Path
    limit: float

    def run(self, poses: Sequence[Pose]) -> None:
        for pose in poses:
            saved = self.journal.count_saved(pose.name, self.source.name)
            for query in pose.queries:
                if saved < self.limit:
                    saved += self._search(pose, query, self.limit - saved)

    def _search(self, pose: Pose, query: Query, wanted: float) -> int:
        """Take the hits of one search, until it has given so many pictures; return how many it gave."""
        counts: Counter[str] = Counter()
        problems: dict[str, str] = {}
        ending = ""
        try:
            for hit in self.source.search(query):
                counts["hits"] += 1
                counts[self._take(hit, pose, query, problems)] += 1
                if sys.stderr.isatty():
                    say(self._describe_progress(pose, query, counts), end="")
                if counts["saved"] == wanted:
                    break
        except Fault as fault:
            problems[fault.kind] = f'The search "{query.formula}" failed: {fault.advise()}'
            ending = f"; the search failed: {text(fault.advise())}"
        seen_whole = not ending and counts["saved"] < wanted
        self.journal.record_search(pose.name, self.source.name, query.formula, problems, seen_whole)
        say(self._describe_progress(pose, query, counts) + ending)
        return counts["saved"]

    def _take(self, hit: Artwork, pose: Pose, query: Query, problems: dict[str, str]) -> str:
        """Record a hit, with its picture in place or with its fault; return "saved", "problems" or "passed over". A hit
        without an id cannot be told from others: its fault is one of the search's `problems`."""
        if not hit.fault and not query.matches(hit.words, hit.title):
            return "passed over"
        if not hit.id:
            fault = hit.fault or Fault("not a record", "It has no id.")
            problems.setdefault(fault.kind, f'A hit of the search "{query.formula}" cannot be used: {fault.advise()}')
            return "passed over"
        row, fault = _row(hit, self.source.name, pose, query), None
        if self.journal.is_settled(row["file_name"]):
            return "passed over"
        try:
            row |= self._save_picture(hit, row["file_name"])
        except Fault as raised:
            fault = raised
        self.journal.record(row, fault)
        return "problems" if fault else "saved"

    def _save_picture(self, hit: Artwork, file_name: str) -> dict[str, str]:
        """Put a hit's picture in its place; return `image`, `sha256` and `phash`, which are the kept file's."""
        if hit.fault:
            raise hit.fault
        known = self.journal.find_settled(self.source.name, hit.id)
        if known and known["outcome"] != SAVED:
            raise Fault(known["outcome"], known["problem"], lasting=True)
        address, data = (known["image"], (self.out / known["file_name"]).read_bytes()) if known else self._download(hit)
        with whole(self.out / file_name, replace=True, option="--out") as partial:
            partial.write_bytes(data)
        return {"image": address, "sha256": hashlib.sha256(data).hexdigest(),
                "phash": str(imagehash.phash(Image.open(io.BytesIO(data))))}

    def _download(self, hit: Artwork) -> tuple[str, bytes]:
        """Return the first of a hit's addresses that gives a usable picture, and that picture as it is kept."""
        faults = []
        for address in hit.images:
            try:
                known, data = self.source.fetch_picture(address)
                return known, standardize(data)
            except Fault as fault:
                kind = "picture blocked" if fault.kind == "blocked" else fault.kind
                faults.append(Fault(kind, str(fault), fault.lasting))
        if not faults:
            raise Fault("no picture", "The source shows no picture of this work.", lasting=True)
        raise min(faults, key=lambda fault: fault.lasting)  # while one address may come back, the next run tries

    def _describe_progress(self, pose: Pose, query: Query, counts: Counter[str]) -> str:
        return (f'{self.source.name:<14}{pose.name:<11}{query.formula}: {counts["saved"]} saved, '
                f'{counts["problems"]} problems, {counts["hits"]} hits')


def _row(hit: Artwork, source: str, pose: Pose, query: Query) -> dict[str, str]:
    """Return a hit on COLUMNS, which have its fields' names, as far as it is known without its picture."""
    first, last = hit.years or parse_years(hit.date) or ("", "")
    return {column: getattr(hit, column.lower(), "") for column in COLUMNS} | {
        "file_name": f"{pose.name}/{safe_name(source, hit.id)}.jpg", "label": pose.name, "source": source,
        "query": query.formula, "year_from": str(first), "year_to": str(last),
        "medium": find_medium(hit.technique, hit.type)}
