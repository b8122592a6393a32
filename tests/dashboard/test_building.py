"""How far a build is, from the lines that its process tells."""

from __future__ import annotations

import threading
from dataclasses import replace

import orjson
import pytest

from dashboard.building import Building, steps_of
from data.settings import load_settings


def building() -> Building:
    settings = replace(load_settings({}), rows=30_000)
    return Building(steps_of(settings, is_synthetic=True))


def tell(told: Building, **facts: object) -> None:
    told.take(orjson.dumps(facts))


def states(told: Building) -> list[tuple[str, str]]:
    steps = told.described()["steps"]
    assert isinstance(steps, list)
    return [(step["name"], step["state"]) for step in steps]


def test_steps_run_one_after_the_other_and_those_that_are_passed_over_are_kept() -> None:
    told = building()
    assert {state for _, state in states(told)} == {"waiting"}
    tell(told, step="model", done=0, total=1)
    tell(told, step="model", done=300, total=1_000)
    assert states(told) == [
        ("applications", "kept"),
        ("model", "running"),
        ("predictions", "waiting"),
        ("contributions", "waiting"),
        ("quality", "waiting"),
    ]
    model = told.described()["steps"][1]  # type: ignore[index]
    assert model["share"] == 0.3
    tell(told, step="predictions", done=0, total=1)
    assert states(told)[:3] == [("applications", "kept"), ("model", "done"), ("predictions", "running")]


def test_what_is_expected_grows_with_the_rows_and_is_left_out_for_a_file() -> None:
    few, many = (steps_of(replace(load_settings({}), rows=rows), is_synthetic=True) for rows in (30_000, 300_000))
    assert [each.expected_s for each in many] == pytest.approx([10 * (each.expected_s or 0) for each in few])
    assert "30,000 synthetic" in few[0].what
    assert {each.expected_s for each in steps_of(load_settings({}), is_synthetic=False)} == {None}


def test_it_can_be_shown_before_its_process_ends() -> None:
    told = building()
    assert not told.is_usable
    tell(told, usable=True)
    assert told.wait()
    # The last step fails: what is shown stays.
    told.end(2)
    assert told.is_usable


@pytest.mark.parametrize(("code", "is_usable"), [(0, True), (2, False)])
def test_a_process_that_ends_early_has_nothing_left_to_build_or_has_failed(code: int, is_usable: bool) -> None:
    told = building()
    tell(told, problem="raw.csv: is no table.")
    told.end(code)
    assert told.wait() is is_usable
    assert told.described()["status"] == ("usable" if is_usable else "failed")
    assert told.described()["problem"] == "raw.csv: is no table."


def test_a_build_that_died_without_a_word_says_so() -> None:
    told = building()
    told.end(-9)
    assert "without saying why" in told.problem


def test_an_open_page_is_waited_for_until_it_knows_that_the_build_failed() -> None:
    told = building()
    told.look()
    told.end(2)
    waiting = threading.Thread(target=told.let_a_page_learn)
    waiting.start()
    assert waiting.is_alive()
    assert told.look()["status"] == "failed"
    waiting.join(timeout=2)
    assert not waiting.is_alive()
    # Nobody has the page open.
    alone = building()
    alone.end(2)
    alone.let_a_page_learn()
