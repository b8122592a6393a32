"""Saved cohorts, kept on the server for each reader: an SQLite file in the portfolio's folder.

A reader is a browser, known by a random token in a cookie, or whoever a trusted proxy says is signed in. The file holds
digests of them only. Several processes may use it at once (write-ahead log); each change is one transaction.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboard.visit.links import MOST_NAMED
from data.errors import ScoreroomError

FILE = "cohorts.sqlite"
MOST_RECENT = 8
# Everybody's rows together; beyond, those that were not looked at for longest go.
MOST_ROWS = 200_000
_LONGEST_CONDITIONS = 8_000
_VERSION = 1
_WAIT_SECONDS = 2.0
_VISIT_ONLY = "cohorts are kept for this visit only"
_TABLES = """
CREATE TABLE IF NOT EXISTS saved (
    reader TEXT NOT NULL, name TEXT NOT NULL, conditions TEXT NOT NULL, note TEXT NOT NULL, shown_at REAL NOT NULL,
    PRIMARY KEY (reader, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent (
    reader TEXT NOT NULL, conditions TEXT NOT NULL, shown_at REAL NOT NULL,
    PRIMARY KEY (reader, conditions)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS saved_by_time ON saved (shown_at);
CREATE INDEX IF NOT EXISTS recent_by_time ON recent (shown_at);
"""


class SavedError(ScoreroomError):
    """The file of saved cohorts cannot be read or written."""


class NotSavedError(SavedError):
    """A change that cannot be made: there are too many cohorts, or the name is taken."""


@dataclass(frozen=True, slots=True)
class SavedCohort:
    """A cohort as it is stored: `conditions` are those of `links.word_cohort`."""

    name: str
    conditions: str
    note: str = ""


class SavedCohorts:
    """The saved cohorts of all readers of one portfolio.

    Methods take the reader's token or name; they raise SavedError if the file is damaged, locked for more than two
    seconds, of a newer version, or on a file system that cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        """Use the file in `folder`, which is made with the first change."""
        self._path = folder / FILE

    def of(self, reader: str) -> tuple[SavedCohort, ...]:
        """What `reader` has saved, by name."""
        if not self._path.exists():
            return ()
        with self._open() as file:
            rows = file.execute(
                "SELECT name, conditions, note FROM saved WHERE reader = ? ORDER BY name", (digest_of(reader),)
            )
            return tuple(SavedCohort(*row) for row in rows)

    def recent(self, reader: str) -> tuple[str, ...]:
        """The conditions of the last eight cohorts that `reader` looked at, the latest first."""
        if not self._path.exists():
            return ()
        with self._open() as file:
            rows = file.execute(
                "SELECT conditions FROM recent WHERE reader = ? ORDER BY shown_at DESC, conditions",
                (digest_of(reader),),
            )
            return tuple(row[0] for row in rows)

    def save(self, reader: str, cohorts: Sequence[SavedCohort]) -> None:
        """Save `cohorts`, each in place of one of the same name; of one of them twice, the last.

        Raises:
            NotSavedError: `reader` would have more than 50; then none is saved.
        """
        who, now = digest_of(reader), time.time()
        rows = [(who, each.name, each.conditions, each.note, now) for each in cohorts]
        with self._open() as file:
            file.executemany("INSERT OR REPLACE INTO saved VALUES (?, ?, ?, ?, ?)", rows)
            (n_saved,) = file.execute("SELECT count(*) FROM saved WHERE reader = ?", (who,)).fetchone()
            if n_saved > MOST_NAMED:
                raise NotSavedError(
                    f"That would be {n_saved} saved cohorts, and {MOST_NAMED} are kept; delete some first."
                )
            _bound(file, "saved")

    def delete(self, reader: str, name: str) -> None:
        """Delete the cohort called `name`; nothing happens where there is none."""
        with self._open() as file:
            file.execute("DELETE FROM saved WHERE reader = ? AND name = ?", (digest_of(reader), name))

    def rename(self, reader: str, name: str, new: str) -> None:
        """Give the cohort called `name` another name.

        Raises:
            NotSavedError: `new` is the name of another one.
        """
        who = digest_of(reader)
        with self._open() as file:
            if file.execute("SELECT 1 FROM saved WHERE reader = ? AND name = ?", (who, new)).fetchone():
                raise NotSavedError(f"A cohort is called {new} already; choose another name.")
            file.execute("UPDATE saved SET name = ? WHERE reader = ? AND name = ?", (new, who, name))

    def note_shown(self, reader: str, conditions: str) -> None:
        """Remember that `reader` looked at the cohort of `conditions`."""
        if not conditions or len(conditions) > _LONGEST_CONDITIONS:
            return
        who, now = digest_of(reader), time.time()
        with self._open() as file:
            file.execute("INSERT OR REPLACE INTO recent VALUES (?, ?, ?)", (who, conditions, now))
            file.execute(
                "DELETE FROM recent WHERE reader = ?1 AND conditions NOT IN"
                " (SELECT conditions FROM recent WHERE reader = ?1 ORDER BY shown_at DESC LIMIT ?2)",
                (who, MOST_RECENT),
            )
            # A reader who comes back keeps what they saved, however old it is by then.
            file.execute("UPDATE saved SET shown_at = ? WHERE reader = ?", (now, who))
            _bound(file, "recent")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One connection for one transaction: the script's threads come and go, and connections belong to a thread."""
        try:
            file = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise self._error(error) from error
        try:
            self._prepare(file)
            # With the write-ahead log, a power cut can cost the last change, never the file.
            file.execute("PRAGMA synchronous = NORMAL")
            file.execute("BEGIN IMMEDIATE")
            yield file
            file.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._error(error) from error
        finally:
            file.close()

    def _prepare(self, file: sqlite3.Connection) -> None:
        (version,) = file.execute("PRAGMA user_version").fetchone()
        if version == _VERSION:
            return
        if version:
            raise SavedError(f"{self._path}: was written by a newer Scoreroom (version {version}); {_VISIT_ONLY}.")
        file.execute("PRAGMA journal_mode = WAL")
        file.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")

    def _error(self, error: sqlite3.Error) -> SavedError:
        return SavedError(f"{self._path}: {error}; {_VISIT_ONLY}.")


def _bound(file: sqlite3.Connection, table: str) -> None:
    (n_rows,) = file.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - the name is one of two above
    if n_rows > MOST_ROWS:
        file.execute(
            f"DELETE FROM {table} WHERE shown_at <="  # noqa: S608
            f" (SELECT shown_at FROM {table} ORDER BY shown_at LIMIT 1 OFFSET ?)",
            (n_rows - MOST_ROWS - 1,),
        )


def digest_of(reader: str) -> str:
    """What stands for a reader in the file, so that it gives nobody's token away."""
    return hashlib.sha256(reader.encode()).hexdigest()
