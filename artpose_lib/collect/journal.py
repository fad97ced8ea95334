"""What became of every work and search of a collection, in an SQLite file: a run goes on from it after any kill."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from artpose_lib.collect.answers import Fault
from artpose_lib.files import whole

# Of metadata.csv, in its order; those in capitals, and `image`, are the thesis' (Appendix, first listing).
COLUMNS = ("file_name", "label", "AUTHOR", "TITLE", "DATE", "TECHNIQUE", "LOCATION", "ID", "TYPE", "image", "source",
           "page", "licence", "query", "sha256", "phash", "boxes", "year_from", "year_to", "medium")
TABLE, PROBLEMS = "metadata.csv", "problems.csv"
SAVED = "saved"  # the outcome of a work whose picture is there; any other outcome is a fault's kind

# lasting: never to be asked for again. due: the fault passes and is of an earlier run, so that this run asks again.
_NOTES = ("outcome", "problem", "lasting", "due")
_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS works ({', '.join(COLUMNS + _NOTES)}, PRIMARY KEY (file_name)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS works_by_id ON works (source, ID)",
    "CREATE TABLE IF NOT EXISTS searches (pose, source, query, kind, problem, PRIMARY KEY (pose, source, query, kind))",
)


class Journal:
    """A row a work and pose, known by its file name and written in one transaction, from any thread.

    Only one process can have a journal open; the lock is SQLite's, and ends with the process. Everything raises OSError
    where the file cannot be read or written.
    """

    def __init__(self, path: Path, folder: Path):
        """Open or make it, and forget saved pictures that `folder` lacks. Raises BlockingIOError where a run has it."""
        self._path, self._guard = path, threading.Lock()
        with self._explain_errors():
            self._database = sqlite3.connect(path, timeout=0, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._database.create_function("is_lost", 1, lambda name: not (folder / name).is_file())
        with self._transaction() as database:
            for statement in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", *_SCHEMA):
                database.execute(statement)
            database.execute(f"DELETE FROM works WHERE outcome = '{SAVED}' AND is_lost(file_name)")
            database.execute("UPDATE works SET due = NOT lasting")

    def close(self) -> None:
        self._database.close()

    def is_settled(self, file_name: str) -> bool:
        """Tell whether a work needs nothing more in this run: saved, at fault for good, or tried already."""
        return bool(self._rows("SELECT 1 FROM works WHERE file_name = ? AND NOT due", file_name))

    def find_settled(self, source: str, identifier: str) -> sqlite3.Row | None:
        """Return the row of a work that any pose saved, or found at fault for good."""
        rows = self._rows("SELECT * FROM works WHERE source = ? AND ID = ? AND lasting "
                          f"ORDER BY outcome = '{SAVED}' DESC, file_name LIMIT 1", source, identifier)
        return rows[0] if rows else None

    def count_saved(self, pose: str, source: str) -> int:
        """Return how many pictures a source has given to a pose."""
        return len(self._rows(f"SELECT 1 FROM works WHERE label = ? AND source = ? AND outcome = '{SAVED}'",
                              pose, source))

    def record(self, row: dict[str, str], fault: Fault | None) -> None:
        """Note what became of a work: `row` holds COLUMNS, and without a fault the picture is in its place."""
        notes = (fault.kind, fault.advise(), fault.lasting, False) if fault else (SAVED, "", True, False)
        values = [*(row[column] for column in COLUMNS), *notes]
        with self._transaction() as database:
            database.execute(f"INSERT OR REPLACE INTO works VALUES ({', '.join('?' * len(values))})", values)

    def record_search(self, pose: str, source: str, query: str, problems: dict[str, str], seen_whole: bool) -> None:
        """Note a search's faults, a sentence a kind, in place of earlier ones; `seen_whole`: all its hits were seen."""
        search = (pose, source, query)
        with self._transaction() as database:
            database.execute("DELETE FROM searches WHERE pose = ? AND source = ? AND query = ?", search)
            database.executemany("INSERT INTO searches VALUES (?, ?, ?, ?, ?)",
                                 [search + problem for problem in problems.items()])
            if seen_whole:  # a fault that passes, and was not met again, has passed
                database.execute("DELETE FROM works WHERE label = ? AND source = ? AND query = ? AND due", search)

    def write_tables(self, folder: Path) -> tuple[Counter[str], Counter[str]]:
        """Write metadata.csv and problems.csv, sorted; return the number of pictures a pose, and of problems a kind."""
        works = self._write_table(
            folder / TABLE, f"SELECT {', '.join(COLUMNS)} FROM works WHERE outcome = '{SAVED}' ORDER BY file_name")
        problems = self._write_table(
            folder / PROBLEMS, "SELECT label AS pose, source, ID, page, outcome AS kind, problem FROM works "
            f"WHERE outcome != '{SAVED}' UNION ALL SELECT pose, source, '', '', kind, problem FROM searches "
            "ORDER BY 1, 2, 3, 4, 5, 6")
        return Counter(works["label"]), Counter(problems["kind"])

    def _write_table(self, path: Path, question: str) -> pd.DataFrame:
        with self._transaction() as database:
            answer = pd.read_sql_query(question, database)
        with whole(path, replace=True, option="--out") as partial:
            answer.to_csv(partial, index=False, lineterminator="\n")
        return answer

    def _rows(self, question: str, *values: str) -> list[sqlite3.Row]:
        with self._transaction() as database:
            return database.execute(question, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard, self._explain_errors(), self._database:
            yield self._database

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise BlockingIOError(f"{self._path} is in use: another run collects into this folder. Wait until it "
                                      "ends, or name another folder.") from error
            raise OSError(f"{self._path}: {error}") from error
