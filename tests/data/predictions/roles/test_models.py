"""Tables with a row for each model and application."""

from __future__ import annotations

from typing import Any

import polars as pl

from data.predictions.roles.models import ask_repeated, is_stacked, known_outcomes, unstack

IDS = pl.Series([1, 1, 2, 2, 3])
MODELS = pl.Series(["old", "new", "old", "new", "new"])
SCORES = pl.Series([0.1, 0.2, 0.3, 0.4, 0.5])


def test_stacked_is_what_repeats_ids_between_models_only() -> None:
    assert is_stacked(IDS, MODELS, None)
    assert is_stacked(IDS, MODELS, pl.Series([1.0, 1.0, None, None, 0.0]))
    # An application that defaults for one model alone is a loan seen twice.
    assert not is_stacked(IDS, MODELS, pl.Series([1.0, 0.0, 0.0, 0.0, 0.0]))
    assert not is_stacked(pl.Series([1, 1, 1]), pl.Series(["a", "b", "b"]), None)
    assert not is_stacked(pl.Series([1, 2, 3]), pl.Series(["a", "b", "b"]), None)


def test_the_champion_s_rows_stay_and_the_others_scores_are_beside_them() -> None:
    found = unstack(IDS, MODELS, SCORES)
    assert (found.champion, found.rows.to_list(), found.n_left) == ("new", [1, 3, 4], 0)
    assert {name: each.to_list() for name, each in found.others.items()} == {"old": [0.1, 0.3, None]}
    old = unstack(IDS, MODELS, SCORES, "old")
    assert (old.rows.to_list(), old.n_left, old.others["new"].to_list()) == ([0, 2], 1, [0.2, 0.4])


def test_what_one_model_s_row_leaves_open_does_not_part_rows() -> None:
    assert is_stacked(IDS, MODELS, pl.Series([1.0, None, None, 0.0, None]))
    found = known_outcomes(pl.Series([7, 7, 8, 8, 9]), pl.Series([1.0, None, None, 0.0, None]))
    assert found.to_list() == [1, 1, 0, 0, None]


def _answers(**columns: Any) -> list[str]:
    table = pl.DataFrame(columns)
    known: list[str] = ["id", "date", "model"]
    roles = {role: role for role in known if role in columns}
    return [answer.said.worded for each in ask_repeated(table, roles, None) for answer in each.answers]


def test_repeated_ids_of_applications_are_asked_about() -> None:
    assert _answers(id=[1, 1, 2, 2], run=["a", "b", "a", "b"]) == ["--map run=model", "--map id=none"]
    assert _answers(id=[1, 1, 2, 2], date=["a", "a", "b", "b"]) == ["--map id=none"]


def test_repeated_ids_that_something_tells_apart_are_no_question() -> None:
    assert _answers(id=[1, 1, 2, 2], model=[1, 2, 1, 2]) == []
    assert _answers(id=[1, 1, 2, 2], date=["a", "b", "a", "b"]) == []
    assert _answers(id=[1, None, 2, None]) == []
    assert ask_repeated(pl.DataFrame({"customer_id": [1, 1]}), {"id": "customer_id"}, None) == []
