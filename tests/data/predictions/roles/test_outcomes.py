"""Outcomes in any two values: which column, which of its values are bad, which rows are open, and what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import PredictionsError
from data.home_credit import embedded
from data.predictions.roles.answers import parse_answers
from data.predictions.roles.outcomes import Candidate, check_values, find_outcome, open_values, read_outcomes, values_of
from data.predictions.roles.questions import Question


def _found(*maps: str, bad: Any = (), good: Any = (), **columns: Any) -> tuple[Candidate | None, list[Question]]:
    return find_outcome(pl.DataFrame(columns), embedded.DEFINITION, parse_answers(maps, bad, good))


def _read(candidate: Candidate | None, cells: list[Any]) -> list[float | None]:
    assert candidate is not None
    assert candidate.values is not None
    return read_outcomes(pl.Series(cells), candidate.values.bad, candidate.values.good).to_list()


@pytest.mark.parametrize(
    ("name", "cells", "outcomes"),
    [
        ("target", [0, 1, None], [0, 1, None]),
        ("y_true", ["yes", " No", "YES"], [1, 0, 1]),
        ("Ausfall", ["ja", "nein", "ja"], [1, 0, 1]),
        ("default", [False, True, None], [0, 1, None]),
        ("is_bad", [1.0, 0.0, float("nan")], [1, 0, None]),
        ("status", ["good", "bad", "good"], [0, 1, 0]),
        ("loan_status", ["Fully Paid", "Charged Off", "Current"], [0, 1, None]),
        ("outcome", ["1", "0", "withdrawn"], [1, 0, None]),
        ("target", [0, 0, 0], [0, 0, 0]),
    ],
)
def test_what_names_and_values_say_together_needs_no_question(
    name: str, cells: list[Any], outcomes: list[float | None]
) -> None:
    candidate, questions = _found(**{name: cells})
    assert questions == []
    assert _read(candidate, cells) == outcomes


@pytest.mark.parametrize(
    ("name", "cells", "flags"),
    [
        ("class", [1, 1, 2], ["--map class=outcome --bad 1", "--map class=outcome --bad 2"]),
        ("Loan_Status", ["Y", "Y", "N"], ["--map Loan_Status=outcome --bad Y", "--map Loan_Status=outcome --bad N"]),
        ("repaid", [1, 1, 0], ["--map repaid=outcome --bad 1", "--map repaid=outcome --bad 0"]),
        (
            "target",
            [0, 1, 2],
            ["--map target=outcome --bad 1 --good 0", "--map target=outcome --bad 1 --bad 2 --good 0"],
        ),
        ("status", ["A", "A", "B"], ["--map status=outcome --bad A", "--map status=outcome --bad B"]),
    ],
)
def test_what_values_do_not_tell_is_asked(name: str, cells: list[Any], flags: list[str]) -> None:
    candidate, (question,) = _found(**{name: cells})
    assert candidate is None
    assert [answer.said.worded for answer in question.answers] == flags


def test_two_columns_that_could_be_the_outcome_are_a_question() -> None:
    columns: dict[str, list[Any]] = {"default": ["no", "yes", "no"], "y": ["yes", "no", "no"]}
    candidate, (question,) = _found(**columns)
    assert candidate is None
    assert question.columns == ("default", "y")
    assert [answer.said.worded for answer in question.answers] == ["--map default=outcome", "--map y=outcome"]
    candidate, questions = _found("y=outcome", **columns)
    assert (_read(candidate, columns["y"]), questions) == ([1, 0, 0], [])
    # What says the same is no second candidate, however it is written.
    assert _found(default=["no", "yes"], y=[0, 1])[1] == []


def test_a_feature_that_is_called_like_an_outcome_loses_to_one_that_says_so() -> None:
    candidate, questions = _found(target=[0, 1, 0], **{"class": [2, 1, 1]}, previous=["bad", "good", "good"])
    assert questions == []
    assert candidate is not None
    assert candidate.column == "target"


def test_values_that_a_person_names_decide_and_the_others_are_open() -> None:
    cells = ["late", "paid", "new", "paid"]
    candidate, questions = _found("x=outcome", bad=["LATE"], good=["paid"], x=cells)
    assert (_read(candidate, cells), questions) == ([1, 0, None, 0], [])
    assert candidate is not None
    assert open_values(candidate) == {"new": 1}
    # One of two values leaves the other.
    candidate, questions = _found(bad=["2"], **{"class": [1, 2, 1]})
    assert _read(candidate, [1, 2, 1]) == [0, 1, 0]
    # Words that are known to say how a loan ended need no second flag.
    words = ["In arrears", "Fully Paid", "Charged Off", "Current"]
    candidate, questions = _found("x=outcome", bad=["Charged Off", "In arrears"], x=words)
    assert _read(candidate, words) == [1, 0, 1, None]
    # Of others, one flag is not enough.
    candidate, (question,) = _found("x=outcome", bad=["a"], x=["a", "b", "c"])
    assert question.values == (("a", 1), ("b", 1), ("c", 1))


def test_a_value_that_is_not_there_is_named() -> None:
    candidate, (question,) = _found("x=outcome", bad=["3"], x=[1, 2])
    assert candidate is None
    assert question.text.startswith("column x has no value '3' (it has 1: 1, 2: 1)")


def test_spellings_of_one_value_are_one() -> None:
    assert values_of(pl.Series(["Yes", "yes ", "NO", "n/a", "", None])) == {"Yes": 2, "NO": 1}
    assert values_of(pl.Series([1.0, 2.0, 1.0, float("nan")])) == {"1": 2, "2": 1}
    assert values_of(pl.Series(range(100))) is None
    assert values_of(pl.Series([[1]])) is None


def test_a_table_without_an_outcome_has_none() -> None:
    assert _found(age=[20, 30, 40], city=["a", "b", "c"]) == (None, [])


def _asked(*maps: str, **columns: Any) -> Question:
    candidate, (question,) = _found(*maps, **columns)
    assert candidate is None
    return question


@pytest.mark.parametrize(
    "columns",
    [
        {"credit_history": ["good", "bad", "good"], "ever_90": [0, 0, 1]},
        {"prev_loan": ["fully paid", "charged off", "fully paid"], "ever_90": [0, 0, 1]},
        {"account_status": ["good", "bad", "good"], "default_12m": [0, 0, 1]},
        {"status": ["good", "bad", "good"], "bad_12m": [0, 0, 1]},
    ],
)
def test_words_in_a_column_that_is_called_no_outcome_compete_with_flags(columns: dict[str, list[Any]]) -> None:
    assert _asked(**columns).columns == tuple(columns)


def test_a_flag_in_words_is_asked_about_like_one_in_numbers() -> None:
    assert _asked(x=["oui", "non", "non"]).columns == ("x",)
    candidate, questions = _found(défaut=["oui", "non", "non"])
    assert (_read(candidate, ["oui", "non", "non"]), questions) == ([1, 0, 0], [])


def test_counts_of_defaults_are_asked_about() -> None:
    question = _asked(default=[0, 1, 2, 3, 4, 0])
    assert [answer.said.worded for answer in question.answers] == [
        "--map default=outcome --bad 1 --good 0",
        "--map default=outcome --bad 1 --bad 2 --bad 3 --bad 4 --good 0",
    ]


@pytest.mark.parametrize("maps", [(), ("y=outcome",)])
def test_an_event_that_most_have_is_asked_about(maps: tuple[str, ...]) -> None:
    question = _asked(*maps, y=[1] * 11 + [0])
    assert [answer.said.worded for answer in question.answers] == [
        "--map y=outcome --bad 1",
        "--map y=outcome --bad 0",
    ]


@pytest.mark.parametrize("name", ["non_default", "paid_back", "good_bad"])
def test_a_column_that_is_said_to_be_the_outcome_is_not_turned_against_its_name(name: str) -> None:
    assert _asked(f"{name}=outcome", **{name: [0, 1, 1]}).key == "values"


def test_defaults_alone_are_asked_about_and_blank_may_be_no_default() -> None:
    question = _asked(default=[1, None, None, 1])
    assert [answer.said.worded for answer in question.answers] == [
        "--map default=outcome --bad 1 --good '(blank)'",
        "--map default=outcome --bad 1",
    ]
    cells = ["Y", "", "Y", None]
    candidate, questions = _found("x=outcome", bad=["Y"], good=["(blank)"], x=cells)
    assert (_read(candidate, cells), questions) == ([1, 0, 1, 0], [])
    assert _read(_found(bad=["1"], default=[1, None])[0], [1, None]) == [1, None]
    assert len(_asked(default=[1, 1]).answers) == 1


def test_one_value_alone_may_be_either() -> None:
    question = _asked(status=["performing", "performing"])
    assert [answer.said.worded for answer in question.answers] == [
        "--map status=outcome --bad performing",
        "--map status=outcome --good performing",
    ]


def test_an_outcome_of_dates_is_refused_with_the_way_out() -> None:
    with pytest.raises(PredictionsError, match=r"holds dates or times; .* take this one out with --map default=none"):
        check_values(Path("x.csv"), pl.Series("default", [0]).cast(pl.Date))
    assert _found("default=none", default=pl.Series([0]).cast(pl.Date)) == (None, [])
