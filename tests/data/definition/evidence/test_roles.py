from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data.definition.evidence.roles import OutcomeGuess, RolesGuess, auc, bad_of, guess_roles
from data.definition.evidence.summaries import summarise

N = 120
BAD = np.arange(N) % 4 == 0


def guessed(said: Any = None, *, header: Any = True, **columns: Any) -> RolesGuess:
    frame = pl.DataFrame({name: pl.Series(values).cast(pl.String) for name, values in columns.items()})
    return guess_roles(summarise(frame), said or {}, frame.columns, header=header)


def test_auc_counts_pairs() -> None:
    (summary,) = summarise(pl.DataFrame({"x": ["3", "1", "2", "0", "5", None]}))
    # Bad are 3 and 1, good 2 and 0: three of four pairs are in order; the others have no outcome or no number.
    assert auc(summary, np.array([1, 1, 0, 0, np.nan, 1])) == 0.75
    ties = np.random.default_rng(1).integers(0, 5, N)
    (summary,) = summarise(pl.DataFrame({"x": ties.astype(str)}))
    assert auc(summary, BAD * 1.0) == pytest.approx(roc_auc_score(BAD, ties))


def test_what_is_neither_bad_nor_good_is_open() -> None:
    (summary,) = summarise(pl.DataFrame({"x": ["late", "paid", "new", None]}))
    outcome = OutcomeGuess("x", ("late",), ("paid",), 0, "", sure=True)
    np.testing.assert_array_equal(bad_of(summary, outcome), [1, 0, np.nan, np.nan])


@pytest.mark.parametrize(
    ("name", "cells", "bad", "good", "sure"),
    [
        ("loan_status", ("Charged Off", "Fully Paid"), ("Charged Off",), ("Fully Paid",), True),
        ("default", ("1", "0"), ("1",), ("0",), True),
        ("repaid", ("0", "1"), ("0",), ("1",), False),
        ("is_bad", ("yes", "no"), ("yes",), ("no",), True),
        ("creditability", ("2", "1"), ("2",), ("1",), False),
    ],
)
def test_the_outcome_is_the_column_whose_name_and_values_say_so(
    name: str, cells: tuple[str, str], bad: tuple[str, ...], good: tuple[str, ...], *, sure: bool
) -> None:
    columns: dict[str, Any] = {"id": np.arange(N), "city": [f"c{n % 3}" for n in range(N)], name: np.where(BAD, *cells)}
    guess = guessed(header=True, **columns)
    assert guess.outcome is not None
    assert (guess.outcome.column, guess.outcome.bad, guess.outcome.good) == (name, bad, good)
    assert ("outcome" in guess.unsure) is not sure
    assert guess.roles == {"id": "id"}


def test_what_a_definition_says_is_not_guessed_again() -> None:
    guess = guessed(
        {"outcome": {"column": "flag", "bad": ["0"], "good": ["1"]}, "roles": {"id": "key"}},
        default=BAD * 1,
        flag=BAD * 1,
        key=np.arange(N),
        loan_id=np.arange(N),
    )
    assert guess.outcome is not None
    assert (guess.outcome.column, guess.outcome.bad, guess.roles["id"]) == ("flag", ("0",), "key")
    assert guess.others == ()


def test_scores_dates_amounts_and_decisions_get_their_roles() -> None:
    rng = np.random.default_rng(5)
    guess = guessed(
        application_id=np.arange(N),
        application_date=[f"2024-01-{1 + n % 28:02}" for n in range(N)],
        birth_date=[f"1990-01-{1 + n % 28:02}" for n in range(N)],
        loan_amount=rng.integers(500, 9_000, N),
        pd=np.round(0.3 * BAD + rng.uniform(0, 0.5, N), 4),
        decision=np.where(BAD, "declined", "approved"),
        weight=np.full(N, 2),
        default=BAD * 1,
    )
    assert guess.roles == {
        "id": "application_id",
        "weight": "weight",
        "date": "application_date",
        "exposure": "loan_amount",
        "decision": "decision",
    }
    assert guess.scores == {"pd": {"column": "pd", "kind": "probability", "higher": "riskier"}}
    assert guess.unsure == set()
