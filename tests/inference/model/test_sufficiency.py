from __future__ import annotations

import polars as pl
import pytest

from data.definition.columns import Kind
from data.definition.definition import Sufficiency
from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML, embedded
from inference.model.sufficiency import SufficiencyRule
from scripts._embedded import FEATURES

EXAMPLE = dict(read_definition(HOME_CREDIT_TOML).example)

SUFFICIENCY = SufficiencyRule(embedded.DEFINITION.sufficiency, embedded.DEFINITION)
SMALL = SufficiencyRule(
    Sufficiency(
        required=("AMT_CREDIT", "AMT_INCOME_TOTAL"),
        one_of=("EXT_SOURCE_1", "EXT_SOURCE_2"),
        counted=("CNT_CHILDREN", "OCCUPATION_TYPE", "OWN_CAR_AGE"),
        most_lacking=1,
    ),
    embedded.DEFINITION,
)
SUFFICIENCY = SufficiencyRule(embedded.DEFINITION.sufficiency, embedded.DEFINITION)
FULL: dict[str, object] = {
    "AMT_CREDIT": 1.0,
    "AMT_INCOME_TOTAL": 2.0,
    "EXT_SOURCE_1": 0.5,
    "EXT_SOURCE_2": 0.5,
    "CNT_CHILDREN": 0,
    "OCCUPATION_TYPE": "Drivers",
    "OWN_CAR_AGE": 3,
}
NEEDED = "Not enough is known to score: "
CASES: list[tuple[dict[str, object], str]] = [
    ({}, ""),
    ({"EXT_SOURCE_1": None}, ""),
    ({"CNT_CHILDREN": None}, ""),
    ({"AMT_CREDIT": None}, NEEDED + "credit amount is missing and is needed."),
    ({"AMT_CREDIT": float("nan")}, NEEDED + "credit amount is missing and is needed."),
    ({"AMT_CREDIT": None, "AMT_INCOME_TOTAL": None}, NEEDED + "credit amount and income are missing and are needed."),
    (
        {"EXT_SOURCE_1": None, "EXT_SOURCE_2": None},
        NEEDED + "none of external score 1 and external score 2 is there and one is needed.",
    ),
    (
        {"OCCUPATION_TYPE": None, "OWN_CAR_AGE": None},
        NEEDED + "2 of 3 columns that count are missing, at most 1 may be (occupation and age of the car).",
    ),
    (
        {"AMT_CREDIT": None, "OCCUPATION_TYPE": None, "OWN_CAR_AGE": None},
        NEEDED + "credit amount is missing and is needed; 2 of 3 columns that count are missing, at most 1 may be "
        "(occupation and age of the car).",
    ),
]


@pytest.mark.parametrize(("gaps", "wanted"), CASES)
def test_what_is_missing_decides(gaps: dict[str, object], wanted: str) -> None:
    application = {**FULL, **gaps}
    assert SMALL.why_refer(application) == wanted
    left_out = {name: value for name, value in application.items() if name not in gaps}
    assert SMALL.why_refer(left_out) == wanted


def test_a_table_is_judged_as_each_row_is() -> None:
    table = pl.DataFrame([{**FULL, **gaps} for gaps, _ in CASES], schema_overrides={"AMT_CREDIT": pl.Float64})
    assert SMALL.why_refer_each(table).to_list() == [wanted or None for _, wanted in CASES]
    assert SMALL.missing_each(table).to_list()[-4:] == [
        "AMT_CREDIT, AMT_INCOME_TOTAL",
        "EXT_SOURCE_1, EXT_SOURCE_2",
        "OCCUPATION_TYPE, OWN_CAR_AGE",
        "AMT_CREDIT, OCCUPATION_TYPE, OWN_CAR_AGE",
    ]
    assert [found is None for found in SMALL.missing_each(table)] == [not wanted for _, wanted in CASES]
    without = table.drop("AMT_CREDIT", "EXT_SOURCE_1")
    rows = [SMALL.why_refer(row) for row in without.iter_rows(named=True)]
    assert SMALL.why_refer_each(without).to_list() == rows
    assert all("credit amount" in row for row in rows)
    bare = table.select(pl.lit(1).alias("SK_ID_CURR"))
    assert SMALL.why_refer_each(bare).to_list() == [SMALL.why_refer({})] * len(bare)


@pytest.mark.parametrize("application", [{}, {"SK_ID_CURR": 100_001}, dict.fromkeys(FEATURES.sources)])
def test_an_empty_application_is_referred(application: dict[str, object]) -> None:
    # All that is needed, and the first few of those that count.
    assert SUFFICIENCY.why_refer(application) == (
        f"{NEEDED}contract type, credit amount, annuity, income, income type, age and time employed are missing and "
        "are needed; none of external score 1, external score 2 and external score 3 is there and one is needed; 17 of "
        "17 columns that count are missing, at most 5 may be (external score 1, external score 2, external score 3, "
        "goods price and 13 more)."
    )


def test_the_example_of_the_documents_is_scored() -> None:
    assert SUFFICIENCY.why_refer(EXAMPLE) == ""


def test_the_rule_names_columns_of_the_model() -> None:
    assert set(SUFFICIENCY.columns) <= set(FEATURES.sources)
    assert all(embedded.column(name).kind not in (Kind.ID, Kind.TARGET) for name in SUFFICIENCY.columns)
    assert 0 <= SUFFICIENCY.asked.most_lacking < len(SUFFICIENCY.asked.counted)


def test_any_number_of_columns_can_count() -> None:
    names = tuple(column.name for column in embedded.COLUMNS if column.is_input)
    assert len(names) == 120
    rule = SufficiencyRule(Sufficiency(counted=names, most_lacking=1), embedded.DEFINITION)
    table = pl.DataFrame([dict.fromkeys(names, 1) | dict.fromkeys(gaps) for gaps in ((), names[-1:], names[-2:])])
    last_two = f"{embedded.column(names[-2]).label.lower()} and {embedded.column(names[-1]).label.lower()}"
    assert rule.why_refer_each(table).to_list() == [
        None,
        None,
        f"{NEEDED}2 of 120 columns that count are missing, at most 1 may be ({last_two}).",
    ]
