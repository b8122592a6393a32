"""A report on its way: its turn, its progress, its files, and how it ends otherwise."""

from __future__ import annotations

import threading

import pytest

from dashboard.report.making import Desk, Making, NotMadeError, Standing
from dashboard.report.paper import Paper, Step
from dashboard.report.recipe import Kind, Part, Recipe, RecipeError
from tests.dashboard.report.papers import draw_rows, load_rows, write_paper

PATIENCE = 60.0


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    parts = (Part(Kind.CARDS, "overview"), Part(Kind.CHART, "roc"))
    return write_paper(Recipe("Small", parts), load_rows(draw_rows(), tmp_path_factory.mktemp("rows")))


def test_it_waits_for_its_turn_says_how_far_it_is_and_hands_out_each_kind_of_file(paper: Paper) -> None:
    turns, is_seen, may_go_on = threading.Semaphore(1), threading.Event(), threading.Event()
    told = []

    def make(step: Step) -> Paper:
        step(1, 4)
        is_seen.set()
        assert may_go_on.wait(PATIENCE)
        return paper

    first = Making("First", make, turns)
    assert is_seen.wait(PATIENCE)
    second = Making("Second", lambda _step: paper, turns)
    told += [(first.standing, first.doing, first.share), (second.standing, second.share)]
    assert told == [(Standing.MAKING, "Part 2 of 4", 0.125), (Standing.WAITING, 0.0)]
    may_go_on.set()
    for each in (first, second):
        each.wait(PATIENCE)
        assert (each.standing, each.share, each.problem) == (Standing.DONE, 1.0, "")
        assert {kind: content[:4] for kind, content in each.files.items()} == {
            "html": b"<!DO",
            "pdf": b"%PDF",
            "xlsx": b"PK\x03\x04",
        }


def test_one_that_is_cancelled_stops_at_the_next_part_and_gives_its_turn_away(paper: Paper) -> None:
    turns, is_seen, may_go_on, done = threading.Semaphore(1), threading.Event(), threading.Event(), []

    def make(step: Step) -> Paper:
        for place in range(3):
            step(place, 3)
            done.append(place)
            is_seen.set()
            assert may_go_on.wait(PATIENCE)
        return paper

    making, waiting = Making("Long", make, turns), Making("Never begun", make, turns)
    assert is_seen.wait(PATIENCE)
    for each in (waiting, making):
        each.cancel()
        assert not each.is_under_way
    may_go_on.set()
    for each in (making, waiting):
        each.wait(PATIENCE)
        assert (each.standing, dict(each.files)) == (Standing.CANCELLED, {})
    assert done == [0]
    assert turns.acquire(blocking=False)


@pytest.mark.parametrize(
    ("error", "problem", "is_logged"),
    [
        (RecipeError("The cohort is empty."), "The cohort is empty.", False),
        (KeyError("secret"), "The report could not be made (KeyError); the server's log has the rest.", True),
    ],
)
def test_what_goes_wrong_is_one_sentence(error: Exception, problem: str, is_logged: bool) -> None:
    logged: list[Exception] = []

    def make(_step: Step) -> Paper:
        raise error

    making = Making("Wrong", make, threading.Semaphore(1), logged.append)
    making.wait(PATIENCE)
    assert (making.standing, making.problem, dict(making.files)) == (Standing.FAILED, problem, {})
    assert logged == [error] * is_logged


def test_a_desk_makes_the_same_report_once_and_a_new_one_takes_its_place(paper: Paper) -> None:
    desk, turns, begun = Desk(), threading.Semaphore(1), []

    def start(title: str) -> Making:
        begun.append(title)
        return Making(title, lambda _step: paper, turns)

    with pytest.raises(NotMadeError, match="press the button once more"):
        desk.file("pdf")
    for key in ("one", "one"):
        desk.begin(key, lambda: start("First"))
        assert desk.file("pdf").startswith(b"%PDF")
    desk.begin("one", lambda: start("Again"), anew=True)
    desk.begin("two", lambda: start("Second"))
    assert desk.making is not None
    assert desk.making.title == "Second"
    assert desk.file("xlsx").startswith(b"PK")
    assert begun == ["First", "Again", "Second"]


def test_the_file_of_a_report_that_failed_says_why() -> None:
    def make(_step: Step) -> Paper:
        raise RecipeError("The cohort is empty.")

    desk = Desk()
    desk.begin("one", lambda: Making("Wrong", make, threading.Semaphore(1)))
    with pytest.raises(NotMadeError, match=r"^The cohort is empty\.$"):
        desk.file("html")
