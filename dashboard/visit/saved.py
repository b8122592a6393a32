"""What readers keep on the server: cohorts, reports, the analyst's name, in one file of the portfolio's folder."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.visit.links import MOST_NAMED
from dashboard.visit.store import SavedError, Store, digest_of

FILE = "cohorts.sqlite"
MOST_RECENT = 8
# Everybody's rows of a table together; beyond, those that were not looked at for longest go.
MOST_ROWS, MOST_RECIPES = 200_000, 2_000
_LONGEST_CONDITIONS = 8_000
# Of each reader. A recipe with every chart and no paragraph takes 2 kB.
MOST_REPORTS, LONGEST_RECIPE = 20, 64_000
# A cohort has no bound of its own: links and files have theirs.
_ENDLESS = 1 << 30
_TABLES = """
CREATE TABLE IF NOT EXISTS saved (
    reader TEXT NOT NULL, name TEXT NOT NULL, conditions TEXT NOT NULL, note TEXT NOT NULL, shown_at REAL NOT NULL,
    PRIMARY KEY (reader, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent (
    reader TEXT NOT NULL, conditions TEXT NOT NULL, shown_at REAL NOT NULL,
    PRIMARY KEY (reader, conditions)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS report (
    reader TEXT NOT NULL, name TEXT NOT NULL, recipe TEXT NOT NULL, note TEXT NOT NULL, shown_at REAL NOT NULL,
    PRIMARY KEY (reader, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS analyst (reader TEXT PRIMARY KEY, name TEXT NOT NULL, shown_at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS report_by_time ON report (shown_at);
CREATE INDEX IF NOT EXISTS saved_by_time ON saved (shown_at);
CREATE INDEX IF NOT EXISTS recent_by_time ON recent (shown_at);
"""


class NotSavedError(SavedError):
    """A change that cannot be made: there is too much saved already, or the name is taken."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Something as it is stored: a cohort's conditions as of `links.word_cohort`, or a report's recipe as JSON."""

    name: str
    content: str
    note: str = ""


class _SavedThings(Store):
    """What all readers of one portfolio saved of one kind, whose table, noun and bounds a subclass gives."""

    _file, _tables, _version = FILE, _TABLES, 2
    _lost = "cohorts and reports are kept for this visit only"
    _table: str
    _noun: str
    _most: int
    _longest: int
    _most_rows: int

    def of(self, reader: str) -> tuple[Saved, ...]:
        """What `reader` has saved, by name."""
        if not self._path.exists():
            return ()
        with self._open() as file:
            rows = file.execute(f"SELECT * FROM {self._table} WHERE reader = ? ORDER BY name", (digest_of(reader),))
            return tuple(Saved(*row[1:4]) for row in rows)

    def save(self, reader: str, added: Sequence[Saved]) -> None:
        """Save what is `added`, each in place of one of the same name; of one of them twice, the last.

        Raises:
            NotSavedError: `reader` would have too many, or one is too long; then none is saved.
        """
        who, now = digest_of(reader), time.time()
        for each in added:
            if len(each.content) > self._longest:
                raise NotSavedError(f"{each.name} is too long to be saved; shorten its texts, or export it as a file.")
        rows = [(who, each.name, each.content, each.note, now) for each in added]
        with self._open() as file:
            file.executemany(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?, ?, ?, ?)", rows)
            (n_saved,) = file.execute(f"SELECT count(*) FROM {self._table} WHERE reader = ?", (who,)).fetchone()
            if n_saved > self._most:
                raise NotSavedError(
                    f"That would be {n_saved} saved {self._noun}s, and {self._most} are kept; delete some first."
                )
            _bound(file, self._table, self._most_rows)

    def delete(self, reader: str, name: str) -> None:
        """Delete what is called `name`, if anything is."""
        with self._open() as file:
            file.execute(f"DELETE FROM {self._table} WHERE reader = ? AND name = ?", (digest_of(reader), name))

    def rename(self, reader: str, name: str, new: str) -> None:
        """Give what is called `name` another name.

        Raises:
            NotSavedError: `new` is the name of another one.
        """
        who = digest_of(reader)
        with self._open() as file:
            if file.execute(f"SELECT 1 FROM {self._table} WHERE reader = ? AND name = ?", (who, new)).fetchone():
                raise NotSavedError(f"A {self._noun} is called {new} already; choose another name.")
            file.execute(f"UPDATE {self._table} SET name = ? WHERE reader = ? AND name = ?", (new, who, name))


class SavedReports(_SavedThings):
    """The recipes of reports that readers saved."""

    _table, _noun = "report", "report"
    _most, _longest, _most_rows = MOST_REPORTS, LONGEST_RECIPE, MOST_RECIPES


class SavedCohorts(_SavedThings):
    """The cohorts that readers saved, and those that they looked at last."""

    _table, _noun = "saved", "cohort"
    _most, _longest, _most_rows = MOST_NAMED, _ENDLESS, MOST_ROWS

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

    def analyst(self, reader: str) -> str:
        """The name under which `reader` decided last; empty for none."""
        if not self._path.exists():
            return ""
        with self._open() as file:
            row = file.execute("SELECT name FROM analyst WHERE reader = ?", (digest_of(reader),)).fetchone()
            return str(row[0]) if row else ""

    def name_analyst(self, reader: str, name: str) -> None:
        """Remember the name under which `reader` decides."""
        with self._open() as file:
            file.execute("INSERT OR REPLACE INTO analyst VALUES (?, ?, ?)", (digest_of(reader), name, time.time()))
            _bound(file, "analyst", self._most_rows)

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
            for table in ("saved", "report", "analyst"):
                file.execute(f"UPDATE {table} SET shown_at = ? WHERE reader = ?", (now, who))
            _bound(file, "recent", self._most_rows)


def _bound(file: sqlite3.Connection, table: str, most: int) -> None:
    (n_rows,) = file.execute(f"SELECT count(*) FROM {table}").fetchone()
    if n_rows > most:
        file.execute(
            f"DELETE FROM {table} WHERE shown_at <= (SELECT shown_at FROM {table} ORDER BY shown_at LIMIT 1 OFFSET ?)",
            (n_rows - most - 1,),
        )
