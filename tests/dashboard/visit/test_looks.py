"""Looks at a portfolio: the one before is known, to its reader alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.visit import looks
from dashboard.visit.looks import Looks
from dashboard.visit.store import SavedError


def test_the_look_before_is_told_to_its_reader_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 200.0, 300.0, 400.0])
    monkeypatch.setattr("dashboard.visit.looks.time.time", lambda: next(clock))
    store = Looks(tmp_path)
    assert store.note("one", "first", {"default_rate": 0.08}) is None
    assert store.note("two", "first", {"default_rate": 0.08}) is None
    again = store.note("one", "first", {"default_rate": 0.08})
    assert again is not None
    assert (again.digest, again.first_at, again.last_at) == ("first", 100.0, 100.0)
    # Another table: what was seen last is what there was before.
    other = store.note("one", "second", {"default_rate": 0.09})
    assert other is not None
    assert (other.digest, other.first_at, other.last_at, dict(other.figures)) == (
        "first",
        100.0,
        300.0,
        {"default_rate": 0.08},
    )


def test_only_the_latest_looks_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "MOST_OF_READER", 2)
    store = Looks(tmp_path)
    for digest in ("a", "b", "c"):
        store.note("one", digest, {})
    # "a" is forgotten, and its return is a first look at it.
    before = store.note("one", "a", {})
    assert before is not None
    assert before.digest == "c"
    again = store.note("one", "a", {})
    assert again is not None
    assert again.first_at == again.last_at


def test_a_file_that_is_none_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / looks.FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(SavedError, match="what has changed since the last look is not known"):
        Looks(tmp_path).note("one", "first", {})
