"""Conditions of a command line: names and levels with whatever characters they have."""

from __future__ import annotations

import pytest

from dashboard.cohort.filters import Decision, DecisionFilter, Filters, LevelFilter, RangeFilter
from dashboard.report.conditions import ConditionError, read_conditions
from data.home_credit import embedded
from data.predictions.table import CohortColumn, CohortKind

LISTED = (
    CohortColumn("kind", "Kind", "", "", CohortKind.LEVELS, ("a", "x=y", "~z")),
    CohortColumn("kind=x", "Kind of x", "", "", CohortKind.LEVELS, ("y",)),
    CohortColumn("f.region", "Region", "", "", CohortKind.LEVELS, ("north",)),
    CohortColumn("amount", "Amount", "", "", CohortKind.RANGE, minimum=-9, maximum=9),
    CohortColumn("opened", "Opened", "", "", CohortKind.LEVELS, ("2024-Q1",)),
    CohortColumn("opened~day", "Opened", "", "", CohortKind.RANGE, is_date=True),
)
COLUMNS = {column.name: column for column in LISTED}


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["kind=a"], LevelFilter("kind", ("a",))),
        (["kind=x=y"], LevelFilter("kind=x", ("y",))),
        (["kind=a", "kind=~~z", "kind=~missing"], LevelFilter("kind", ("a", "~z"), with_missing=True)),
        (["f.region=north"], LevelFilter("f.region", ("north",))),
        (["amount=-2.5..3"], RangeFilter("amount", -2.5, 3)),
        (["amount=..3"], RangeFilter("amount", None, 3)),
        (["amount=-2"], RangeFilter("amount", -2, -2)),
        (["amount=~missing"], RangeFilter("amount", with_missing=True, beside_range=True)),
        (["opened=2024-Q1"], LevelFilter("opened", ("2024-Q1",))),
        # 19,723 days lie between 1970-01-01 and 2024-01-01, and a leap year has 366.
        (["opened=2024-01-01..2025-01-01"], RangeFilter("opened~day", 19_723, 20_089)),
        (["opened=..2024-01-01"], RangeFilter("opened~day", None, 19_723)),
        (["opened=2024-01-01"], RangeFilter("opened~day", 19_723, 19_723)),
        (["opened~day=2024-01-01.."], RangeFilter("opened~day", 19_723)),
        (["~decision=true decline"], DecisionFilter((Decision.TRUE_DECLINE,))),
    ],
)
def test_a_condition_is_that_of_a_link(texts: list[str], wanted: LevelFilter | RangeFilter | DecisionFilter) -> None:
    assert read_conditions(texts, COLUMNS, embedded.DEFINITION) == Filters.of([wanted])


def test_no_condition_is_the_whole() -> None:
    assert read_conditions([], COLUMNS, embedded.DEFINITION) == Filters()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind", "--where kind: is not COLUMN=LEVEL"),
        ("=a", "is not COLUMN=LEVEL"),
        ("branch=a", "there is no column 'branch' to choose by; columns are kind, kind=x, f.region, amount, opened"),
        ("kind=b", "asks for 'b', which is not one of its levels (a, x=y, ~z)"),
        ("amount=3..2", "is not a range such as 10..20"),
        ("amount=much", "is not a range such as 10..20"),
        ("opened=2024-01-32..", "asks for '2024-01-32..', which is not one of its levels (2024-Q1)"),
        ("opened~day=19723..20089", "is not a range such as 2024-01-01..2024-03-31"),
        ("~decision=maybe", "knows true decline, false decline, true approval, false approval only"),
    ],
)
def test_what_is_no_condition_says_what_there_is(text: str, said: str) -> None:
    with pytest.raises(ConditionError) as found:
        read_conditions([text], COLUMNS, embedded.DEFINITION)
    assert said in str(found.value)
