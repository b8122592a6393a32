from __future__ import annotations

import math
from typing import Any

import pytest

from data.definition.conditions import holds
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
