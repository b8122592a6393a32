from __future__ import annotations

import polars as pl
import pytest

from data.home_credit import embedded
from data.plausibility import broken_rules, broken_rules_each

RULES = embedded.DEFINITION.rules
COLUMNS = tuple(dict.fromkeys(name for rule in RULES for name in rule.columns))

SOUND: dict[str, object] = {
    "DAYS_EMPLOYED": -2_000,
    "DAYS_BIRTH": -12_000,
    "DAYS_REGISTRATION": -300,
    "DAYS_ID_PUBLISH": -200,
    "DAYS_LAST_PHONE_CHANGE": -100,
    "AMT_ANNUITY": 25_000.0,
    "AMT_CREDIT": 500_000.0,
    "AMT_INCOME_TOTAL": 150_000.0,
    "AMT_GOODS_PRICE": 450_000.0,
    "CNT_CHILDREN": 1,
    "CNT_FAM_MEMBERS": 3,
    "OWN_CAR_AGE": 5,
    "FLAG_OWN_CAR": "Y",
    "NAME_INCOME_TYPE": "Working",
    "ORGANIZATION_TYPE": "School",
    "DEF_30_CNT_SOCIAL_CIRCLE": 1,
    "OBS_30_CNT_SOCIAL_CIRCLE": 2,
    "DEF_60_CNT_SOCIAL_CIRCLE": 0,
    "OBS_60_CNT_SOCIAL_CIRCLE": 2,
    "NAME_CONTRACT_TYPE": "Cash loans",
}
PENSIONER = {"DAYS_EMPLOYED": embedded.NOT_EMPLOYED, "NAME_INCOME_TYPE": "Pensioner", "ORGANIZATION_TYPE": "XNA"}
# 5 % of the sound credit amount a year.
REVOLVING = {"NAME_CONTRACT_TYPE": "Revolving loans", "AMT_ANNUITY": 25_000.0}
SOUND_EDITS: list[dict[str, object]] = [
    {},
    PENSIONER,
    {"OWN_CAR_AGE": None, "FLAG_OWN_CAR": "N"},
    {"CNT_FAM_MEMBERS": None},
    dict.fromkeys(SOUND),
    # On the border of each rule.
    {"AMT_ANNUITY": 150_000.0},
    {"AMT_ANNUITY": 5_000.0},
    {"AMT_CREDIT": 900_000.0},
    {"AMT_GOODS_PRICE": 500_000.0},
    REVOLVING,
    {**REVOLVING, "AMT_GOODS_PRICE": 1_000_000.0},
    {**REVOLVING, "AMT_ANNUITY": 25_249.0},
    {**REVOLVING, "AMT_ANNUITY": None},
    {"NAME_CONTRACT_TYPE": None, "AMT_GOODS_PRICE": 600_000.0},
    {"AMT_INCOME_TOTAL": 25_000.0},
    {"CNT_CHILDREN": 2},
    {"DEF_30_CNT_SOCIAL_CIRCLE": 2},
    {"DAYS_REGISTRATION": -12_000},
    {"AMT_INCOME_TOTAL": 25_000.0, "AMT_CREDIT": 900_000.0},
    {"DAYS_EMPLOYED": -12_000 + 14 * 366},
]
BROKEN: list[tuple[dict[str, object], str]] = [
    ({"DAYS_EMPLOYED": -12_400}, "employed since before the age of 14"),
    ({"DAYS_EMPLOYED": -12_000 + 13 * 365}, "employed since before the age of 14"),
    ({"DAYS_REGISTRATION": -12_001}, "registration changed before birth"),
    ({"DAYS_ID_PUBLISH": -12_001}, "identity document changed before birth"),
    ({"DAYS_LAST_PHONE_CHANGE": -12_001}, "phone changed before birth"),
    ({"AMT_ANNUITY": 500_000.0, "AMT_INCOME_TOTAL": 1e6}, "fewer than 3 annuities repay the credit amount"),
    ({"AMT_ANNUITY": 4_999.0}, "more than 100 annuities do not repay the credit amount"),
    ({"AMT_INCOME_TOTAL": 24_000.0}, "annuity above the yearly income"),
    ({"AMT_INCOME_TOTAL": 9_999.0, "AMT_ANNUITY": 9_000.0}, "credit amount above 50 yearly incomes"),
    ({"AMT_CREDIT": 900_001.0}, "credit amount above 2 times the goods price"),
    ({"AMT_CREDIT": 300_000.0}, "credit amount of a cash loan below the goods price"),
    ({"AMT_GOODS_PRICE": 1_000_001.0}, "credit amount of a cash loan below the goods price"),
    ({**REVOLVING, "AMT_ANNUITY": 25_251.0}, "annuity of a revolving loan other than 5 % of the credit amount"),
    ({**REVOLVING, "AMT_ANNUITY": 24_749.0}, "annuity of a revolving loan other than 5 % of the credit amount"),
    ({**REVOLVING, "AMT_GOODS_PRICE": 1_000_001.0}, "goods price above 2 times the credit amount"),
    # Only of a cash loan another rule says it already.
    ({"NAME_CONTRACT_TYPE": None, "AMT_GOODS_PRICE": 1_000_001.0}, "goods price above 2 times the credit amount"),
    ({"CNT_CHILDREN": 3}, "no fewer children than family members, the applicant included"),
    ({"FLAG_OWN_CAR": "N"}, "age of a car without a car"),
    ({**PENSIONER, "NAME_INCOME_TYPE": "State servant"}, "not employed, with an income from work"),
    ({**PENSIONER, "ORGANIZATION_TYPE": "School"}, "not employed, with an employer"),
    ({"DEF_30_CNT_SOCIAL_CIRCLE": 3}, "more people 30 days late in the circle than were observed"),
    (
        {"DEF_60_CNT_SOCIAL_CIRCLE": 3, "DEF_30_CNT_SOCIAL_CIRCLE": 3, "OBS_30_CNT_SOCIAL_CIRCLE": 3},
        "more people 60 days late in the circle than were observed",
    ),
    ({"DEF_60_CNT_SOCIAL_CIRCLE": 2}, "more people 60 days late in the circle than 30 days late"),
]


def words(application: dict[str, object]) -> list[str]:
    return [rule.text for rule in broken_rules(application, embedded.DEFINITION)]


@pytest.mark.parametrize("edits", SOUND_EDITS)
def test_a_sound_application_breaks_nothing(edits: dict[str, object]) -> None:
    assert words({**SOUND, **edits}) == []


@pytest.mark.parametrize(("edits", "wanted"), BROKEN)
def test_each_rule_is_broken_by_what_it_is_about(edits: dict[str, object], wanted: str) -> None:
    assert words({**SOUND, **edits}) == [wanted]


def test_every_rule_has_its_case() -> None:
    assert {wanted for _, wanted in BROKEN} == {rule.text for rule in RULES}
    assert set(COLUMNS) == set(SOUND) <= set(embedded.BY_NAME)


def test_a_table_is_judged_as_each_row_is() -> None:
    rows = [{**SOUND, **edits} for edits in (*SOUND_EDITS, *(edits for edits, _ in BROKEN))]
    types = {name: pl.String if isinstance(value, str) else pl.Float64 for name, value in SOUND.items()}
    table = pl.DataFrame(rows, schema=types, strict=False)
    found = broken_rules_each(table, embedded.DEFINITION)
    assert [[RULES[place].text for place in row.nonzero()[0]] for row in found] == [words(row) for row in rows]
    assert not broken_rules_each(table.select("CNT_CHILDREN"), embedded.DEFINITION).any()
