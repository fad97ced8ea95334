"""Classify a collection of any size with a stored trial, part by part, so that it can stop and go on at any moment.

Beside the output `out.parquet` a hidden folder `.out.parquet.<facts>.parts` holds the list of what is to be classified,
as it was when it was first read, and one Parquet file for each part that is done. Its name stands for all that the rows
depend on, so that a run with another model or list never meets these parts. The same facts stand in the Parquet itself,
and of `out.csv` in a hidden file `.out.csv.facts` beside it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from glob import escape
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import csv, parquet
from tqdm import tqdm

from artpose_lib import __version__
from artpose_lib.classify import inputs
from artpose_lib.classify.model import Classifier, open_classifier
from artpose_lib.data.dataset import DataError
from artpose_lib.data.metadata import follows_links
from artpose_lib.data.pictures import PictureError, read_ahead
from artpose_lib.files import claim, digest, say, whole
from artpose_lib.model.features import forward
from artpose_lib.train import jobs
from artpose_lib.train.means import MEANS
from artpose_lib.train.records import RECORD, WEIGHTS, Record

PART = 1024  # pictures of a part: what a kill costs at most, and a file of some 50 kB
GROUP = 64  # parts in a row group of the output
LISTS, KEY = "lists", b"artpose"
TALK = 5  # seconds between two looks at the progress, and to the first


@dataclass(frozen=True)
class Part:
    """A part of a collection, small enough to be sent to another process.

    work: the hidden folder. number: from 0. root: where names of files start. record: the trial's folder.
    weights_dir: as in `build_classifier`. contact and redirects: as in `inputs.open_downloads`. follow: as in
    `metadata.is_inside`.
    """

    work: Path
    number: int
    root: Path
    record: Path
    weights_dir: str | None = None
    contact: str = ""
    redirects: bool = False
    follow: bool = False

    @property
    def path(self) -> Path:
        """The file of all the part's rows."""
        return self.work / f"{self.number:08}.parquet"

    def names(self) -> list[str]:
        """What is to be classified, in order."""
        return json.loads((self.work / LISTS / f"{self.number:08}.json").read_text(encoding="utf-8"))


def classify(source: Path, record: Record, out: Path, root: Path | None = None, weights_dir: str | None = None,
             contact: str = "", redirects: bool = False, part_size: int = PART, cluster: str = "") -> tuple[int, int]:
    """Classify all pictures of a folder or a list into a Parquet or a CSV; return how many rows it has, and how many of
    them an error.

    Parameters: `source` as in `inputs.list_names`; `root` where names of files start (None: the folder, or the list's
    own); `part_size` in pictures; `cluster` does the parts where it is not "", see `train.cluster.open_cluster`; the
    others as in `Part`.
    The output has a row for each picture, in the order of the source: `file`; `error`, a sentence that says why it
    could not be classified, or null; `class`, the likeliest; `confidence`, its probability; `unlike` and `distance` as
    `means.ClassMeans` gives them, null where the record has none; `p_<class>`, the probabilities, tempered; `model`,
    the record's name.
    Stopped at any moment and called again it goes on, and the output's bytes are the same.
    Raises DataError for a source or an output that does not fit, and where another process writes it.
    """
    source, out = source.resolve(), out.resolve()
    if out.suffix not in (".parquet", ".csv"):
        raise DataError(f'{out}: the name of the output must end in .parquet or .csv, and not in "{out.suffix}".')
    if out == source:
        raise DataError(f"{out} is what is to be classified: name another file for the output.")
    root = (root or (source if source.is_dir() else source.parent)).resolve()
    follow = follows_links()
    names = inputs.list_names(source, root, follow)
    facts = _facts(source, root, record, part_size)
    options = {"redirects": redirects, "follow": follow}
    with claim(out, option="--out") as mine:
        if not mine:
            raise DataError(f"{out} is being written by another process. Wait for that, or name another file.")
        if not _is_finished(out, facts, options):
            if out.exists():
                say(f"artpose: {out} is made anew, as there is more to follow")
            fingerprint = hashlib.sha256(json.dumps([facts, options]).encode()).hexdigest()[:12]
            work = out.parent / f".{out.name}.{fingerprint}.parts"
            rows = _freeze_list(names, work / LISTS, part_size)
            parts = [Part(work, number, root, record.folder, weights_dir, contact, redirects, follow)
                     for number in range(-(-rows // part_size))]
            missing = [part for part in parts if not part.path.exists()]
            before = min(rows, part_size * (len(parts) - len(missing)))
            with tqdm(total=rows, initial=before, unit=" pictures", mininterval=TALK, delay=TALK) as progress:
                for done in _classify_on_cluster(missing, cluster) if cluster else _classify_parts(missing):
                    progress.update(done)
            _assemble(parts, out, {"facts": facts, "options": options})
        for work in out.parent.glob(f".{escape(out.name)}.*.parts"):  # those of runs that can end here no more too
            shutil.rmtree(work, ignore_errors=True)
    stored = _read_facts(out)
    return stored["rows"], stored["failed"]


def classify_part(part: Part) -> int:
    """Do one part and return its number of pictures: what a worker runs."""
    return sum(_classify_parts([part]))


def _classify_on_cluster(parts: list[Part], where: str) -> Iterator[int]:
    for job in jobs.run([jobs.Job(part.path, partial(classify_part, part)) for part in parts], where):
        yield parquet.read_metadata(job.path).num_rows


def _classify_parts(parts: list[Part]) -> Iterator[int]:
    """Do parts of one collection in turn, write each one's file, and give 1 for each picture as it is classified."""
    if not parts:
        return
    first = parts[0]
    classifier = open_classifier(first.record, first.weights_dir)
    with inputs.open_downloads(first.contact, first.redirects) as download:
        read = partial(inputs.read_picture, root=first.root, size=classifier.size, download=download,
                       follow=first.follow, padded=classifier.padded)
        for part in parts:
            names, found = part.names(), []
            with closing(read_ahead(read, names)) as pictures:
                for outputs in forward(classifier.network, pictures):
                    found.append(outputs)
                    yield 1
            with whole(part.path, option="--out") as path:
                parquet.write_table(_rows(names, found, classifier), path, compression="zstd")


def _rows(names: list[str], found: list, classifier: Classifier) -> pyarrow.Table:
    """The rows of a part. Of pictures that could not be read all but `file`, `error` and `model` is null."""
    # A name of a file may hold bytes that are no text; Parquet's strings may not.
    readable = [name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for name in names]
    errors = [str(one) if isinstance(one, PictureError) else None for one in found]
    rows = pd.DataFrame({"file": readable, "error": errors, "model": classifier.name})
    if outputs := [one for one in found if not isinstance(one, PictureError)]:
        judged = classifier.judge(*map(np.stack, zip(*outputs, strict=True)))
        rows = rows.join(judged.set_index(rows.index[rows["error"].isna()]))
    text, number = pyarrow.string(), pyarrow.float32()
    schema = pyarrow.schema({"file": text, "error": text, "class": text, "confidence": number, "unlike": number,
                             "distance": number} | {f"p_{name}": number for name in classifier.classes}
                            | {"model": text})
    return pyarrow.Table.from_pandas(rows.reindex(columns=schema.names), schema).replace_schema_metadata()


def _facts(source: Path, root: Path, record: Record, part_size: int) -> dict:
    """What the output's rows depend on, but for the pictures themselves and what else a later run may have."""
    paths = *(record.folder / name for name in (RECORD, WEIGHTS, MEANS)), source
    return {"source": os.fsdecode(source), "root": os.fsdecode(root), "record": record.folder.name, "part": part_size,
            "files": {path.name: digest(path) for path in paths if path.is_file()}, "version": __version__}


def _is_finished(out: Path, facts: dict, options: dict[str, bool]) -> bool:
    """Whether the output is there, with all that the options give. Raises DataError where another's is there."""
    if not out.exists():
        return False
    stored = _read_facts(out)
    if stored.get("facts") != facts:
        raise DataError(f"{out} is there already, and not from this list and model: name another file, or delete it.")
    return all(stored["options"][name] for name, wanted in options.items() if wanted)


def _read_facts(out: Path) -> dict:
    """What an output's rows depended on, and how many there are; nothing of what was not made here, or was changed."""
    try:
        if out.suffix == ".parquet":
            return json.loads(parquet.read_metadata(out).metadata[KEY])
        stored = json.loads(out.with_name(f".{out.name}.facts").read_text(encoding="utf-8"))
        return stored if stored["sha256"] == digest(out) else {}
    except (OSError, ValueError, KeyError, TypeError):  # pyarrow's errors among them
        return {}


def _freeze_list(names: Iterator[str], lists: Path, size: int) -> int:
    """Write down what is to be classified, a file a part, unless it is; return how many rows that is.

    A folder may change while a long run goes on; the list does not.
    """
    if not lists.exists():
        with whole(lists, option="--out") as partial_lists:
            partial_lists.mkdir()
            for number, some in enumerate(iter(lambda: list(islice(names, size)), [])):
                (partial_lists / f"{number:08}.json").write_text(json.dumps(some), encoding="utf-8")
    *others, last = sorted(lists.iterdir())
    return size * len(others) + len(json.loads(last.read_text(encoding="utf-8")))


def _assemble(parts: list[Part], out: Path, known: dict) -> None:
    """The parts' files in one, a row group at a time, put in its place with what is known of it."""
    made, schema, rows, failed = parts[0].work / out.name, parquet.read_schema(parts[0].path), 0, 0
    is_csv = out.suffix == ".csv"
    write = csv.CSVWriter if is_csv else partial(parquet.ParquetWriter, compression="zstd")
    with whole(made, option="--out") as path, write(path, schema) as writer:
        for start in range(0, len(parts), GROUP):
            table = pyarrow.concat_tables(parquet.read_table(part.path) for part in parts[start:start + GROUP])
            rows, failed = rows + len(table), failed + len(table) - table["error"].null_count
            writer.write_table(table, GROUP * known["facts"]["part"])
        known |= {"rows": rows, "failed": failed}
        if not is_csv:
            writer.add_key_value_metadata({KEY: json.dumps(known)})
    if is_csv:
        stored = json.dumps(known | {"sha256": digest(made)})
        out.with_name(f".{out.name}.facts").write_text(stored, encoding="utf-8")
    os.replace(made, out)
