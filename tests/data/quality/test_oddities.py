"""What is odd about a table, against tables of which it is known by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data.quality.oddities import Issue, Known, Oddity, find_oddities

N = 200
OUTCOME = pl.Series("bad", [n % 4 == 0 for n in range(N)])
# Every number once, in an order that neither outcome nor time knows.
MIXED = [(n * 73) % N for n in range(N)]


def table(**columns: object) -> pl.LazyFrame:
    return pl.LazyFrame({"number": MIXED, **columns}, strict=False)


def found(frame: pl.LazyFrame, known: Known = Known()) -> list[Oddity]:  # noqa: B008 - frozen
    return list(find_oddities(frame, known))


def test_nothing_is_odd_about_plain_columns() -> None:
    known = Known(outcome=OUTCOME, id="id", when=pl.Series([date(2024, 1, 1) + timedelta(n) for n in range(N)]))
    assert found(table(id=range(N), region=["north", "south"] * (N // 2)), known) == []


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": [None] * 10 + list(range(N - 10))}, Oddity(Issue.MISSING, "x", 10, 0.05)),
        ({"x": [math.nan] * 20 + [float(n) for n in range(N - 20)]}, Oddity(Issue.MISSING, "x", 20, 0.1)),
        ({"x": ["a"] * N}, Oddity(Issue.CONSTANT, "x", 200, 1.0)),
        ({"x": MIXED}, Oddity(Issue.SAME_COLUMNS, "x", 200, 1.0, other="number")),
        ({"x": ["a"] * 150 + ["b"] * 29 + ["c"] * 21}, Oddity(Issue.RARE, "x", 50, 0.25, 2.0)),
        ({"x": [99_999_999, -99_999_999, *range(198)]}, Oddity(Issue.RANGE, "x", 2, 0.01)),
    ],
)
def test_one_oddity_is_one_finding(columns: dict[str, object], expected: Oddity) -> None:
    assert found(table(**columns)) == [expected]


def test_gaps_below_a_twentieth_are_no_finding() -> None:
    assert found(table(x=[None] * 9 + list(range(N - 9)))) == []


def test_a_range_that_is_known_holds_and_special_values_lie_nowhere() -> None:
    frame = table(x=[-9, -5, *range(197), 500])
    ranges = {"x": (0.0, 200.0, (-9.0,))}
    assert found(frame, Known(ranges=ranges)) == [Oddity(Issue.RANGE, "x", 2, 0.01)]


def test_rows_and_ids_that_come_again_are_counted() -> None:
    frame = pl.concat([table(id=range(N)).collect(), table(id=range(N)).collect().head(3)]).lazy()
    assert found(frame, Known(id="id")) == [
        Oddity(Issue.REPEATED_ID, "id", 3, 3 / 203),
        Oddity(Issue.REPEATED_ROWS, "", 3, 3 / 203),
    ]


def test_what_tells_the_outcome_is_a_leak_and_its_auc_is_scikit_learn_s() -> None:
    told = [n + 120 * (n % 4 == 0) for n in range(N)]
    frame = table(
        x=[100 * (n % 4 == 0) + n % 7 for n in range(N)],
        level=["paid" if n % 4 else "charged off" for n in range(N)],
        recovered=[n if n % 4 == 0 else None for n in range(N)],
        weak=told,
    )
    leaks = {
        (each.column, each.other): each for each in found(frame, Known(outcome=OUTCOME)) if each.issue is Issue.LEAK
    }
    assert {name: each.value for name, each in leaks.items()} == {
        ("x", ""): 1.0,
        ("level", ""): 1.0,
        ("recovered", "missing"): 0.0,
    }
    assert roc_auc_score(OUTCOME.to_numpy(), np.array(told)) < 0.95


def test_open_outcomes_are_left_out_of_leaks() -> None:
    outcome = OUTCOME.set(pl.Series([n < 40 for n in range(N)]), None)
    frame = table(x=[n % 4 == 0 if n >= 40 else n % 4 != 0 for n in range(N)])
    (leak,) = found(frame, Known(outcome=outcome))
    assert leak == Oddity(Issue.LEAK, "x", 160, 0.8, 1.0)


def test_a_drift_is_the_index_of_the_later_half_against_the_earlier() -> None:
    when = pl.Series(range(N))
    level = ["a"] * 80 + ["b"] * 20 + ["a"] * 30 + ["b"] * 70
    (drift,) = found(table(level=level), Known(when=when))
    psi = (0.3 - 0.8) * math.log(0.3 / 0.8) + (0.7 - 0.2) * math.log(0.7 / 0.2)
    assert (drift.issue, drift.column, drift.count) == (Issue.DRIFT, "level", N)
    assert drift.value == pytest.approx(psi, rel=1e-12)
    grown = [*range(100), *range(100, 200)]
    assert [each.column for each in found(table(x=grown), Known(when=when))] == ["x"]


def test_columns_of_any_kind_are_looked_at() -> None:
    frame = pl.LazyFrame(
        {
            "day": [date(2024, 1, 1)] * N,
            "flag": [True, False] * (N // 2),
            "list": [[1]] * N,
            "empty": pl.Series([None] * N, dtype=pl.String),
        }
    )
    assert {(each.issue, each.column) for each in found(frame, Known(outcome=OUTCOME, when=pl.Series(range(N))))} == {
        (Issue.CONSTANT, "day"),
        (Issue.MISSING, "empty"),
        (Issue.REPEATED_ROWS, ""),
    }
    assert found(pl.LazyFrame({"x": []})) == []
