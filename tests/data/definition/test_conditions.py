from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.definition.conditions import compiled, holds
from data.definition.definition import Definition
from data.definition.grammar import parse

# 365243 stands for "not employed", so it is no number of days.
EMPLOYED = {"DAYS_EMPLOYED": -800, "AMT_CREDIT": 300.0, "AMT_ANNUITY": 100.0, "NAME_CONTRACT_TYPE": "Cash loans"}
NOT_EMPLOYED = {**EMPLOYED, "DAYS_EMPLOYED": 365_243}


@pytest.mark.parametrize(
    ("text", "application", "is_held"),
    [
        ("AMT_CREDIT / AMT_ANNUITY == 3", EMPLOYED, True),
        ("AMT_CREDIT / AMT_ANNUITY < 3", EMPLOYED, False),
        ("AMT_CREDIT / (AMT_ANNUITY - 100) > 0", EMPLOYED, False),
        ("is_special(DAYS_EMPLOYED)", EMPLOYED, False),
        ("is_special(DAYS_EMPLOYED)", NOT_EMPLOYED, True),
        ("DAYS_EMPLOYED > 0", NOT_EMPLOYED, False),
        ("not DAYS_EMPLOYED > 0", NOT_EMPLOYED, True),
        ('NAME_CONTRACT_TYPE != "Cash loans"', {}, False),
        ('NAME_CONTRACT_TYPE == "Cash loans" and AMT_CREDIT > 200', EMPLOYED, True),
        ('NAME_CONTRACT_TYPE == "Revolving loans" or AMT_CREDIT > 200', EMPLOYED, True),
        ("AMT_CREDIT != 200", {"AMT_CREDIT": math.nan}, False),
        ("count_missing(AMT_CREDIT, AMT_ANNUITY) == 2", {"AMT_CREDIT": None}, True),
        ("mean(AMT_CREDIT, AMT_ANNUITY) == 200", EMPLOYED, True),
        ("mean(AMT_CREDIT, AMT_ANNUITY) == 100", {"AMT_ANNUITY": 100.0}, True),
        ("weighted_mean(AMT_CREDIT, 1, AMT_ANNUITY, 3) == 150", EMPLOYED, True),
        ("minimum(AMT_CREDIT, AMT_ANNUITY) == 100", EMPLOYED, True),
        ("maximum(AMT_CREDIT, AMT_ANNUITY) == 300", EMPLOYED, True),
        ("sum(AMT_CREDIT, AMT_ANNUITY) == 100", {"AMT_ANNUITY": 100.0}, True),
    ],
)
def test_a_condition_by_hand(text: str, application: dict[str, Any], is_held: bool, home_credit: Definition) -> None:
    assert holds(parse(text, home_credit.by_name, booleans=True), application, home_credit) is is_held


WORDS = (
    "AMT_CREDIT / AMT_ANNUITY > 2",
    "is_special(DAYS_EMPLOYED) and not AMT_CREDIT < 200",
    "DAYS_EMPLOYED * 2 + AMT_CREDIT * 3 - 1 <= -DAYS_EMPLOYED",
    'NAME_CONTRACT_TYPE != "Cash loans" or NAME_CONTRACT_TYPE == "Cash loans" and AMT_CREDIT >= AMT_ANNUITY',
    "AMT_CREDIT == AMT_ANNUITY",
    "AMT_CREDIT != DAYS_EMPLOYED",
    "count_missing(AMT_CREDIT, NAME_CONTRACT_TYPE, DAYS_EMPLOYED) >= 2",
    "mean(AMT_CREDIT, AMT_ANNUITY, DAYS_EMPLOYED) > sum(AMT_CREDIT, AMT_ANNUITY)",
    "maximum(AMT_CREDIT, DAYS_EMPLOYED, AMT_ANNUITY) - minimum(AMT_CREDIT, AMT_ANNUITY) > 100",
    "not (AMT_CREDIT > 100 or is_special(DAYS_EMPLOYED))",
    'not NAME_CONTRACT_TYPE == "Revolving loans"',
)
NUMBERS = st.sampled_from([None, math.nan, 0.0, -0.0, 0, 1, 100.0, 200.5, -800, 1e300])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    application=st.fixed_dictionaries(
        {},
        optional={
            "AMT_CREDIT": NUMBERS,
            "AMT_ANNUITY": NUMBERS,
            "DAYS_EMPLOYED": NUMBERS | st.just(365_243) | st.just(365_243.0),
            "NAME_CONTRACT_TYPE": st.sampled_from([None, "Cash loans", "Revolving loans", "o'ther\n"]),
        },
    )
)
def test_compiled_conditions_hold_where_each_by_itself_does(
    application: dict[str, Any], home_credit: Definition
) -> None:
    conditions = [parse(text, home_credit.by_name, booleans=True) for text in WORDS]
    found = compiled(conditions, home_credit)(application.get)
    assert [bool(each) for each in found] == [holds(each, application, home_credit) for each in conditions]


def test_no_conditions_compile_to_no_answers(home_credit: Definition) -> None:
    assert compiled([], home_credit)(lambda _: None) == ()
