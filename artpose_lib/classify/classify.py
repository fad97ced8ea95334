"""Classify a collection of any size with a stored trial, part by part, so that it can stop and go on at any moment.

Beside the output `out.parquet` a hidden folder `.out.parquet.parts` holds the list of what is to be classified, frozen
when it was first read, and one Parquet file for each part that is done. A part is a job of its own: it depends on that
folder, the record and the pictures alone, so that another process or machine may do it as well.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet

from artpose_lib import __version__
from artpose_lib.classify import calibration, inputs
from artpose_lib.classify.model import NEIGHBOURS, Classifier, open_classifier
from artpose_lib.data.dataset import DataError
from artpose_lib.data.pictures import PictureError
from artpose_lib.data.streaming import forward, read_ahead
from artpose_lib.train.trials import RECORD, WEIGHTS, Record

PART = 1024  # pictures of a part: what a kill costs at most, and a file of some 50 kB
GROUP = 64  # parts in a row group of the output
LISTS, FACTS, KEY = "lists", "facts.json", b"artpose"
TALK = 5  # seconds between two lines of progress


@dataclass(frozen=True)
class Job:
    """One part of a collection; small, and can be sent to another process.

    work: the hidden folder. number: of the part, from 0. root: where names of files start. record: the trial's folder.
    weights_dir: as in `models.build_classifier`. contact, loopback: as in `sources.session.Session`.
    """

    work: Path
    number: int
    root: Path
    record: Path
    weights_dir: str | None = None
    contact: str = ""
    loopback: str = ""

    needs = None  # no other job comes before it

    @property
    def path(self) -> Path:
        """The file of the part's rows, which is there once they all are."""
        return self.work / f"{self.number:08}.parquet"

    def names(self) -> list[str]:
        """What is to be classified, in order."""
        return json.loads((self.work / LISTS / f"{self.number:08}.json").read_text(encoding="utf-8"))


def classify(source: Path, record: Record, out: Path, root: Path | None = None, weights_dir: str | None = None,
             contact: str = "", loopback: str = "", part: int = PART,
             run: Callable[[list[Job]], Iterable] | None = None) -> int:
    """Classify all pictures of a folder or a list into a Parquet file, and return how many rows it has.

    Parameters: `source` as in `inputs.names`; `root` where names of files start (None: the folder, or the list's own);
    `part` pictures a job; `run` does jobs, in any order, and gives something for each (None: here); the others as in
    `Job`.
    The output has a row for each picture, in the order of the source: `file`; `error`, a sentence that says why it
    could not be classified, or null; `class`, the likeliest; `confidence`, the calibrated probability of that class;
    `unlike` and `distance` as `calibration.Neighbours` gives them, null where the record has none; `p_<class>`, the
    network's own probabilities; `model`, the record's name.
    Stopped at any moment and called again it goes on, and the output's bytes are the same.
    Raises DataError for a source, an earlier run or an output that does not fit.
    """
    source, out = source.resolve(), out.resolve()
    root = (root or (source if source.is_dir() else source.parent)).resolve()
    work = out.parent / f".{out.name}.parts"
    facts = _facts(source, root, record, part)
    if not _is_finished(out, facts):
        rows = _freeze(source, work, facts)
        jobs = [Job(work, number, root, record.folder, weights_dir, contact, loopback)
                for number in range(-(-rows // part))]
        missing = [job for job in jobs if not job.path.exists()]
        skipped = part * (len(jobs) - len(missing))
        for _ in (Progress(rows, skipped, part)(run(missing)) if run else
                  classify_parts(missing, Progress(rows, skipped))):
            pass
        _assemble(jobs, out, facts)
    shutil.rmtree(work, ignore_errors=True)
    return parquet.read_metadata(out).num_rows


def classify_part(job: Job) -> Path:
    """Do one job, unless it is done, and return its file: what a worker runs."""
    if not job.path.exists():
        list(classify_parts([job]))
    return job.path


def classify_parts(jobs: list[Job], progress: Callable[[Iterator], Iterator] = iter,
                   classifier: Classifier | None = None) -> Iterator[Path]:
    """Do jobs of one collection in turn, and return each one's file once it is written.

    The pictures of the next part are read while one is being classified. `progress` passes on all that it is given.
    `classifier` None opens the record's.
    """
    if not jobs:
        return
    first, every = jobs[0], ((job, name) for job in jobs for name in job.names())
    classifier = classifier or open_classifier(first.record, first.weights_dir)
    with inputs.Downloads(first.contact, first.loopback) as downloads:
        read = inputs.reader(first.root, classifier.size, downloads.get)
        with closing(read_ahead(lambda item: (item[0], read(item[1])), every)) as loaded:
            for job, group in groupby(loaded, key=itemgetter(0)):
                found = list(progress(forward(classifier.network, (picture for _, picture in group))))
                _write(_table(job.names(), found, classifier), job.path)
                yield job.path


class Progress:
    """A line on stderr every few seconds: pictures done, their rate and the time left. `skipped` were done before.

    A result that passes stands for `each` pictures.
    """

    def __init__(self, rows: int, skipped: int, each: int = 1):
        self.rows, self.done, self.each, self.begun = rows, min(skipped, rows), each, time.monotonic()
        self.before, self.said = self.done, self.begun

    def __call__(self, results: Iterator) -> Iterator:
        for result in results:
            self.done = min(self.done + self.each, self.rows)
            now = time.monotonic()
            if now - self.said > TALK:
                rate = (self.done - self.before) / (now - self.begun)
                hours, minutes = divmod(round((self.rows - self.done) / rate / 60), 60)
                print(f"{self.done:,}/{self.rows:,} pictures, {rate:.3g} a second, {hours} h {minutes:02} min left",
                      file=sys.stderr, flush=True)
                self.said = now
            yield result


def _facts(source: Path, root: Path, record: Record, part: int) -> dict:
    """What the output's rows depend on, but for the pictures themselves: an earlier run must agree with it."""
    files = [record.folder / name for name in (RECORD, WEIGHTS, NEIGHBOURS)]
    files += [source] if source.is_file() else []
    digests = {file.name: _digest(file) for file in files if file.exists()}
    return {"source": os.fsdecode(source), "root": os.fsdecode(root), "record": record.folder.name, "part": part,
            "files": digests, "version": __version__}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_finished(out: Path, facts: dict) -> bool:
    """Whether the output is there. Raises DataError where it is of another run, or no output at all."""
    if not out.exists():
        return False
    try:
        stored = json.loads((parquet.read_schema(out).metadata or {}).get(KEY, b"null"))
    except (OSError, ValueError):  # pyarrow's errors among them
        stored = None
    if stored != facts:
        raise DataError(f"{out} is there already, and not from this list and model: name another file, or delete it.")
    return True


def _freeze(source: Path, work: Path, facts: dict) -> int:
    """Write down what is to be classified, part by part, and return how many rows that is; or read it again.

    A folder may change while a long run goes on; the list does not.
    """
    path = work / FACTS
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        rows = stored.pop("rows")
        if stored != facts:
            changed = ", ".join(name for name in facts if facts[name] != stored.get(name))
            raise DataError(f"{work} is from a run that was not finished and had another {changed}. Repeat that "
                            "one, or delete the folder.")
        return rows
    shutil.rmtree(work, ignore_errors=True)  # a list that was not finished
    (work / LISTS).mkdir(parents=True)
    rows, found = 0, inputs.names(source)
    while chunk := list(islice(found, facts["part"])):
        (work / LISTS / f"{rows // facts['part']:08}.json").write_text(json.dumps(chunk), encoding="utf-8")
        rows += len(chunk)
    if not rows:
        shutil.rmtree(work)
        raise DataError(f"{source}: no pictures. Their names end in {', '.join(inputs.SUFFIXES)}.")
    unfinished = path.with_suffix(".partial")
    unfinished.write_text(json.dumps(facts | {"rows": rows}), encoding="utf-8")
    os.replace(unfinished, path)
    return rows


def _table(names: list[str], found: list, classifier: Classifier) -> pyarrow.Table:
    """The rows of a part. Of pictures that could not be read all but `file`, `error` and `model` is null."""
    lost = np.array([isinstance(one, PictureError) for one in found])
    errors = [str(one) if isinstance(one, PictureError) else None for one in found]
    columns = {"class": pyarrow.string(), "confidence": pyarrow.float32(), "unlike": pyarrow.float32(),
               "distance": pyarrow.float32()} | {f"p_{name}": pyarrow.float32() for name in classifier.classes}
    values = {name: np.full(len(found), None if name == "class" else np.nan, object if name == "class" else np.float32)
              for name in columns}
    if not lost.all():
        features, probabilities = map(np.stack, zip(*(one for one in found if not isinstance(one, PictureError)),
                                                    strict=True))
        likeliest = probabilities.argmax(axis=1)
        values["class"][~lost] = np.array(classifier.classes, object)[likeliest]
        values["confidence"][~lost] = calibration.tempered(probabilities, classifier.temperature).max(axis=1)
        if classifier.neighbours:
            values["distance"][~lost] = classifier.neighbours.distances(features)
            values["unlike"][~lost] = classifier.neighbours.unlike(values["distance"][~lost])
        for number, name in enumerate(classifier.classes):
            values[f"p_{name}"][~lost] = probabilities[:, number]
    # A name of a file may hold bytes that are no text; Parquet's strings may not.
    readable = [name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for name in names]
    arrays = {"file": pyarrow.array(readable, pyarrow.string()), "error": pyarrow.array(errors, pyarrow.string())}
    arrays |= {name: pyarrow.array(values[name], kind, from_pandas=True) for name, kind in columns.items()}
    arrays["model"] = pyarrow.array([classifier.name] * len(names), pyarrow.string())
    return pyarrow.table(arrays)


def _write(table: pyarrow.Table, path: Path) -> None:
    unfinished = path.with_name(f"{path.stem}-{os.getpid()}.partial")
    try:
        parquet.write_table(table, unfinished, compression="zstd")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _assemble(jobs: list[Job], out: Path, facts: dict) -> None:
    """The parts' files in one, a row group at a time."""
    schema = parquet.read_schema(jobs[0].path).with_metadata({KEY: json.dumps(facts).encode()})
    unfinished = jobs[0].work / "output.partial"
    with parquet.ParquetWriter(unfinished, schema, compression="zstd") as writer:
        for start in range(0, len(jobs), GROUP):
            tables = [parquet.read_table(job.path) for job in jobs[start:start + GROUP]]
            writer.write_table(pyarrow.concat_tables(tables), GROUP * facts["part"])
    os.replace(unfinished, out)
