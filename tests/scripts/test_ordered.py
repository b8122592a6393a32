"""A command that the dashboard ordered: what it tells through the pipe, and that nothing else can be ordered."""

from __future__ import annotations

import os
import sys

import orjson
import pytest

from data.settings import Settings
from inference.inventory.entry import UnknownModelError
from scripts import _cli, _ordered


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[dict[str, object]]:
    """Run an order and return what it told, whatever it raised."""
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "argv", ["_ordered", str(writing), *arguments])
    monkeypatch.setattr(_cli, "listeners", [])
    try:
        _ordered.main()
    finally:
        os.close(writing)
        with os.fdopen(reading, "rb") as lines:
            told.extend(orjson.loads(line) for line in lines)
    return told


told: list[dict[str, object]] = []


@pytest.fixture(autouse=True)
def fixture_told() -> None:
    told.clear()


def test_steps_are_told_with_their_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    def main() -> None:
        with _cli.progress("Counting") as advance:
            advance(3, 4)

    monkeypatch.setattr("scripts.explain_model.main", main)
    assert run(monkeypatch, "explain_model", "champion") == [
        {"step": "Counting", "done": 0, "total": 1},
        {"step": "Counting", "done": 3, "total": 4},
    ]


def test_a_problem_is_told_in_a_sentence(built: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownModelError):
        run(monkeypatch, "explain_model", "nobody")
    assert told == [{"problem": "There is no model called 'nobody'; there are champion."}]


def test_other_commands_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, "rollback")
    assert (ended.value.code, told) == (_cli.BAD_INPUT, [])
