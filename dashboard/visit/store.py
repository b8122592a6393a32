"""What readers leave on the server: SQLite files in the portfolio's folder, each change one transaction.

A reader is a browser, known by a random token in a cookie, or whoever a trusted proxy says is signed in. The files hold
digests of them only. Several processes may use one at once (write-ahead log).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import ScoreroomError

_WAIT_SECONDS = 2.0


class SavedError(ScoreroomError):
    """A file of what readers left cannot be read or written."""


class Store:
    """One file, of which a subclass gives the name, the tables with their version, and what is lost without it.

    Methods take the reader's token or name; they raise SavedError if the file is damaged, locked for more than two
    seconds, of a newer version, or on a file system that cannot be written.
    """

    _file: str
    _tables: str
    _version: int
    _lost: str

    def __init__(self, folder: Path) -> None:
        """Use the file in `folder`, which is made with the first change."""
        self._path = folder / self._file

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
        if version == self._version:
            return
        if version > self._version:
            raise SavedError(f"{self._path}: was written by a newer Scoreroom (version {version}); {self._lost}.")
        file.execute("PRAGMA journal_mode = WAL")
        file.executescript(f"BEGIN IMMEDIATE; {self._tables} PRAGMA user_version = {self._version}; COMMIT;")

    def _error(self, error: sqlite3.Error) -> SavedError:
        return SavedError(f"{self._path}: {error}; {self._lost}.")


def digest_of(reader: str) -> str:
    """What stands for a reader in a file, so that it gives nobody's token away."""
    return hashlib.sha256(reader.encode()).hexdigest()
