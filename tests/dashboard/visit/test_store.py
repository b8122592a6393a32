"""A file of what readers leave: a change is made whole or not at all, and tables of another version are known."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dashboard.visit.store import SavedError, Store, digest_of


class Notes(Store):
    """Texts, of which none can be there twice."""

    _file, _version, _lost = "notes.sqlite", 1, "nothing is noted"
    _tables = "CREATE TABLE IF NOT EXISTS note (text TEXT PRIMARY KEY) WITHOUT ROWID;"

    def add(self, *texts: str) -> None:
        with self._open() as file:
            for text in texts:
                file.execute("INSERT INTO note VALUES (?)", (text,))

    def all(self) -> list[str]:
        with self._open() as file:
            return [row[0] for row in file.execute("SELECT text FROM note ORDER BY text")]


class LaterNotes(Notes):
    """A version with one more table."""

    _version = 2
    _tables = f"{Notes._tables} CREATE TABLE IF NOT EXISTS mark (text TEXT PRIMARY KEY) WITHOUT ROWID;"


def test_a_change_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    store = Notes(tmp_path)
    store.add("one")
    with pytest.raises(SavedError, match=r"notes\.sqlite: UNIQUE constraint failed: note\.text; nothing is noted\."):
        store.add("two", "one")
    assert store.all() == ["one"]


def test_a_file_follows_to_the_next_version_and_not_back(tmp_path: Path) -> None:
    Notes(tmp_path).add("one")
    LaterNotes(tmp_path).add("two")
    assert LaterNotes(tmp_path).all() == ["one", "two"]
    with pytest.raises(SavedError, match=r"written by a newer Scoreroom \(version 2\); nothing is noted\."):
        Notes(tmp_path).all()


def test_a_file_that_another_process_holds_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.visit.store._WAIT_SECONDS", 0.05)
    Notes(tmp_path).add("one")
    with sqlite3.connect(tmp_path / "notes.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SavedError, match="database is locked"):
            Notes(tmp_path).add("two")
    other.close()


def test_a_reader_is_known_by_a_digest() -> None:
    # SHA-256 of "abc" as FIPS 180-4 gives it.
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
