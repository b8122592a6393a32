"""What a reader saw of the portfolio when, so that the first page can say what has changed since."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.visit.store import Store, digest_of

FILE = "looks.sqlite"
# Tables of which a reader's look is kept, and everybody's looks together; beyond, the oldest go.
MOST_OF_READER = 8
MOST_ROWS = 100_000
_TABLE = """
CREATE TABLE IF NOT EXISTS looks (
    reader TEXT NOT NULL, digest TEXT NOT NULL, first_at REAL NOT NULL, last_at REAL NOT NULL, figures TEXT NOT NULL,
    PRIMARY KEY (reader, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS looks_by_time ON looks (last_at);
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What was shown of a table: its `digest`, its figures by name, and when, first and last (seconds of the epoch)."""

    digest: str
    first_at: float
    last_at: float
    figures: Mapping[str, float]


class Looks(Store):
    """The looks of all readers of one portfolio."""

    _file, _tables, _version = FILE, _TABLE, 1
    _lost = "what has changed since the last look is not known"

    def note(self, reader: str, digest: str, figures: Mapping[str, float]) -> Look | None:
        """Remember that `reader` is shown these figures of a table; return the look before, None if this is the first.

        Raises:
            SavedError: the file is damaged, locked for more than two seconds or cannot be written.
        """
        who, now = digest_of(reader), time.time()
        with self._open() as file:
            row = file.execute(
                "SELECT digest, first_at, last_at, figures FROM looks WHERE reader = ? ORDER BY last_at DESC LIMIT 1",
                (who,),
            ).fetchone()
            self._keep(file, who, digest, now, json.dumps(dict(figures)))
        return None if row is None else Look(row[0], row[1], row[2], _read_figures(row[3]))

    @staticmethod
    def _keep(file: sqlite3.Connection, who: str, digest: str, now: float, figures: str) -> None:
        file.execute(
            "INSERT INTO looks VALUES (?1, ?2, ?3, ?3, ?4)"
            " ON CONFLICT DO UPDATE SET last_at = excluded.last_at, figures = excluded.figures",
            (who, digest, now, figures),
        )
        file.execute(
            "DELETE FROM looks WHERE reader = ?1 AND digest NOT IN"
            " (SELECT digest FROM looks WHERE reader = ?1 ORDER BY last_at DESC LIMIT ?2)",
            (who, MOST_OF_READER),
        )
        file.execute(
            "DELETE FROM looks WHERE last_at <= (SELECT last_at FROM looks ORDER BY last_at DESC LIMIT 1 OFFSET ?)",
            (MOST_ROWS,),
        )


def _read_figures(text: str) -> Mapping[str, float]:
    """The figures that another version may have written; nothing where they cannot be read."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    numbers = found.items() if isinstance(found, dict) else ()
    return {str(name): float(value) for name, value in numbers if isinstance(value, int | float)}
