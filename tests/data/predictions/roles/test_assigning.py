"""Which column is what: by name and by values together, questions where two fit, and said in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import PredictionsError
from data.home_credit import embedded
from data.predictions.roles.answers import parse_answers
from data.predictions.roles.assigning import Assigned, assign_roles, word_roles
from data.predictions.roles.questions import QuestionsError

PATH = Path("theirs.csv")
BASE: dict[str, list[Any]] = {"target": [0, 1, 0], "pd": [0.1, 0.5, 0.2]}


def _assigned(*flags: str, **columns: list[Any]) -> Assigned:
    return assign_roles(PATH, pl.DataFrame(columns), embedded.DEFINITION, parse_answers(flags))


def _roles(*flags: str, **columns: list[Any]) -> dict[str, str]:
    return _assigned(*flags, **columns).columns


def test_a_name_whose_values_do_not_fit_is_no_candidate() -> None:
    assert _roles(**BASE, default=["never", "late", "never"])["outcome"] == "target"
    assert _roles(**BASE, score=[612, 540, 700])["probability"] == "pd"
    assert _roles(**BASE, id=[1, 1, 2], SK_ID_CURR=[4, 5, 6])["id"] == "SK_ID_CURR"


def test_two_exposures_are_a_question() -> None:
    with pytest.raises(QuestionsError, match="AMT_CREDIT could each be the exposure"):
        _roles(**BASE, AMT_CREDIT=[1, 2, 3], ead=[1, 2, 4])


def test_the_project_s_own_names_decide() -> None:
    own: dict[str, list[Any]] = {"is_default": [0, 1, 1], "default_probability": [0.3, 0.4, 0.5], "exposure": [1, 2, 3]}
    assert _roles(**BASE, **own, AMT_CREDIT=[4, 5, 6]) == {
        "outcome": "is_default",
        "probability": "default_probability",
        "exposure": "exposure",
    }


def test_the_first_by_name_is_taken_where_no_values_fit_so_that_it_can_be_complained_of() -> None:
    assert _roles(target=[0, 1], prediction=[1, 0], pd=["low", "high"])["probability"] == "prediction"


def test_all_that_can_be_asked_is_asked_at_once() -> None:
    columns: dict[str, list[Any]] = {"status": ["A", "B", "A"], "score": [-1.5, 2.5, 0.5], "ead": [1, 2, 3]}
    with pytest.raises(QuestionsError) as caught:
        _assigned(**columns, AMT_CREDIT=[4, 5, 6])
    assert [question.key for question in caught.value.questions] == ["values", "kind", "exposure"]
    assert str(caught.value).count("\n") == 2
    # Each answer's own words settle its question, and all of them together the file.
    said = parse_answers([])
    for question in caught.value.questions:
        said = said.plus(question.answers[0].said)
    table = pl.DataFrame({**columns, "AMT_CREDIT": [4, 5, 6]})
    found = assign_roles(PATH, table, embedded.DEFINITION, said).columns
    assert found == {"outcome": "status", "log-odds": "score", "exposure": "ead"}


def test_what_was_taken_is_said_in_words() -> None:
    table = pl.DataFrame({"who": [7, 8, 9], "y": ["Yes", "no", "y"], "pd": [0.1, 0.2, 0.3]})
    found = assign_roles(PATH, table, embedded.DEFINITION, parse_answers(["who=id"]))
    assert word_roles(found, found.others) == "outcome from y (Yes or y = default), PD from pd, id from who"


def test_a_table_without_a_score_names_its_columns() -> None:
    with pytest.raises(
        PredictionsError, match=r"no column could be taken for the probability; .* \(columns: y, city\)"
    ):
        _assigned(y=[0, 1], city=["a", "b"])


def test_a_table_without_names_is_asked_about() -> None:
    columns: dict[str, list[Any]] = {"column_1": [7, 8, 9], "column_2": [0, 1, 0], "column_3": [0.1, 0.2, 0.3]}
    with pytest.raises(QuestionsError) as caught:
        _assigned(**columns)
    assert [question.answers[0].said.worded for question in caught.value.questions] == [
        "--map column_2=outcome",
        "--map column_3=probability",
    ]


def test_a_flag_may_be_the_outcome_and_is_asked_about() -> None:
    columns: dict[str, list[Any]] = {"owns_car": [0, 1, 1], "pd": [0.1, 0.2, 0.3]}
    with pytest.raises(QuestionsError, match=r"is it owns_car \(1: 2, 0: 1\), or is none known yet") as caught:
        _assigned(**columns)
    assert [answer.said.worded for answer in caught.value.questions[0].answers] == [
        "--map owns_car=outcome",
        "--no-outcome",
    ]
    none = assign_roles(PATH, pl.DataFrame(columns), embedded.DEFINITION, parse_answers([], has_no_outcome=True))
    assert (none.outcome, none.columns) == (None, {"probability": "pd"})


def test_a_stacked_table_may_number_its_models_and_leave_an_outcome_to_one_row() -> None:
    columns: dict[str, list[Any]] = {"loan_id": [1, 1, 2, 2], "model_id": [1, 2, 1, 2], "pd": [0.1, 0.2, 0.3, 0.4]}
    found = _assigned(default=[0, 0, None, 1], **columns)
    assert (found.others["id"], found.others["model"]) == ("loan_id", "model_id")
    assert found.outcomes is not None
    assert found.outcomes.to_list() == [0, 0, 1, 1]
    said = parse_answers([], champion="2")
    table = pl.DataFrame({**columns, "default": [0, 0, 1, 1]})
    assert assign_roles(PATH, table, embedded.DEFINITION, said).others["model"] == "model_id"


def test_a_weight_counts_only_where_a_score_is() -> None:
    assert _roles(target=[0, 1, 0], pd=[0.1, 0.2, None], weight=[1.0, 2.0, None])["weight"] == "weight"
    with pytest.raises(PredictionsError, match="count each row once with --map weight=none"):
        _roles(**BASE, weight=[1.0, 2.0, None])
