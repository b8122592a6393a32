"""What no single column shows: values that are each allowed and cannot be true together, or hardly so.

The one list of such rules. An application that breaks one is scored all the same, and whoever reads its PD is told; how
many real and embedded applications break each is in docs/data.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data import schema
from data.definition.columns import Kind

_YOUNGEST = 14
_DAYS_A_YEAR = 365.25
_FEWEST_PAYMENTS, _MOST_PAYMENTS = 3, 100
_MOST_INCOMES = 50
_MOST_OF_GOODS = 2
_EARNING = ("Working", "Commercial associate", "State servant")
_NO_EMPLOYER = "XNA"
_CASH, _REVOLVING, _REVOLVING_RATE = "Cash loans", "Revolving loans", 0.05
# What rounding of amounts may do: of a goods price one unit, of a rate a hundredth of it.
_UNIT, _HUNDREDTH = 1.0, 0.01


@dataclass(frozen=True, slots=True)
class Rule:
    """Columns that contradict one another where `is_broken`, and what is said of it.

    `is_broken` takes their values in order, or arrays of them; a missing number is NaN, a missing text is empty. No
    comparison with a missing value may hold.
    """

    columns: tuple[str, ...]
    text: str
    is_broken: Callable[..., Any]


RULES: tuple[Rule, ...] = (
    Rule(
        ("DAYS_EMPLOYED", "DAYS_BIRTH"), f"employed since before the age of {_YOUNGEST}",
        lambda employed, birth: employed < birth + _YOUNGEST * _DAYS_A_YEAR,
    ),
    Rule(("DAYS_REGISTRATION", "DAYS_BIRTH"), "registration changed before birth", lambda day, birth: day < birth),
    Rule(("DAYS_ID_PUBLISH", "DAYS_BIRTH"), "identity document changed before birth", lambda day, birth: day < birth),
    Rule(("DAYS_LAST_PHONE_CHANGE", "DAYS_BIRTH"), "phone changed before birth", lambda day, birth: day < birth),
    Rule(
        ("AMT_ANNUITY", "AMT_CREDIT"), f"fewer than {_FEWEST_PAYMENTS} annuities repay the credit amount",
        lambda annuity, credit: annuity * _FEWEST_PAYMENTS > credit,
    ),
    Rule(
        ("AMT_ANNUITY", "AMT_CREDIT"), f"more than {_MOST_PAYMENTS} annuities do not repay the credit amount",
        lambda annuity, credit: annuity * _MOST_PAYMENTS < credit,
    ),
    Rule(
        ("AMT_ANNUITY", "AMT_INCOME_TOTAL"), "annuity above the yearly income",
        lambda annuity, income: annuity > income,
    ),
    Rule(
        ("AMT_CREDIT", "AMT_INCOME_TOTAL"), f"credit amount above {_MOST_INCOMES} yearly incomes",
        lambda credit, income: credit > _MOST_INCOMES * income,
    ),
    Rule(
        ("AMT_CREDIT", "AMT_GOODS_PRICE"), f"credit amount above {_MOST_OF_GOODS} times the goods price",
        lambda credit, goods: credit > _MOST_OF_GOODS * goods,
    ),
    Rule(
        ("AMT_CREDIT", "AMT_GOODS_PRICE", "NAME_CONTRACT_TYPE"), "credit amount of a cash loan below the goods price",
        lambda credit, goods, kind: (credit < goods - _UNIT) & (kind == _CASH),
    ),
    Rule(
        ("AMT_GOODS_PRICE", "AMT_CREDIT", "NAME_CONTRACT_TYPE"),
        f"goods price above {_MOST_OF_GOODS} times the credit amount",
        # Of a cash loan the rule above says it.
        lambda goods, credit, kind: (goods > _MOST_OF_GOODS * credit) & (kind != _CASH),
    ),
    Rule(
        ("AMT_ANNUITY", "AMT_CREDIT", "NAME_CONTRACT_TYPE"),
        f"annuity of a revolving loan other than {_REVOLVING_RATE:.0%} of the credit amount".replace("%", " %"),
        lambda annuity, credit, kind: (kind == _REVOLVING)
        & (abs(annuity - _REVOLVING_RATE * credit) > _HUNDREDTH * _REVOLVING_RATE * credit),
    ),
    Rule(
        ("CNT_CHILDREN", "CNT_FAM_MEMBERS"), "no fewer children than family members, the applicant included",
        lambda children, members: children >= members,
    ),
    Rule(
        ("OWN_CAR_AGE", "FLAG_OWN_CAR"), "age of a car without a car",
        lambda age, owns: (age >= 0) & (owns == "N"),
    ),
    Rule(
        ("DAYS_EMPLOYED", "NAME_INCOME_TYPE"), "not employed, with an income from work",
        lambda employed, kind: (employed == schema.NOT_EMPLOYED) & _is_any(kind, _EARNING),
    ),
    Rule(
        ("DAYS_EMPLOYED", "ORGANIZATION_TYPE"), "not employed, with an employer",
        lambda employed, employer: (employed == schema.NOT_EMPLOYED) & (employer != _NO_EMPLOYER) & (employer != ""),
    ),
    *(
        Rule(
            (f"DEF_{days}_CNT_SOCIAL_CIRCLE", f"OBS_{days}_CNT_SOCIAL_CIRCLE"),
            f"more people {days} days late in the circle than were observed", lambda late, seen: late > seen,
        )
        for days in (30, 60)
    ),
    Rule(
        ("DEF_60_CNT_SOCIAL_CIRCLE", "DEF_30_CNT_SOCIAL_CIRCLE"),
        "more people 60 days late in the circle than 30 days late", lambda later, late: later > late,
    ),
)  # fmt: skip
COLUMNS = tuple(dict.fromkeys(name for rule in RULES for name in rule.columns))
_CATEGORIES = frozenset(name for name in COLUMNS if schema.column(name).kind is Kind.CATEGORY)


def broken_rules(application: Mapping[str, object]) -> tuple[Rule, ...]:
    """The rules that one application breaks; values are numbers and texts that its columns can hold."""
    values = {name: _value(name, application.get(name)) for name in COLUMNS}
    return tuple(rule for rule in RULES if rule.is_broken(*(values[name] for name in rule.columns)))


def broken_rules_each(applications: pl.DataFrame) -> NDArray[np.bool_]:
    """Which rules each row breaks, bool of shape (rows, rules); a column that the table lacks is missing in all."""
    there = set(applications.columns)
    values = {name: _array(applications[name]) for name in COLUMNS if name in there}
    found = np.zeros((applications.height, len(RULES)), dtype=np.bool_)
    for place, rule in enumerate(RULES):
        if there.issuperset(rule.columns):
            found[:, place] = rule.is_broken(*(values[name] for name in rule.columns))
    return found


def _value(name: str, value: object) -> object:
    if value is None or value != value:
        return "" if name in _CATEGORIES else np.nan
    return value


def _array(values: pl.Series) -> NDArray[Any]:
    if values.name in _CATEGORIES:
        return values.cast(pl.String).fill_null("").to_numpy()
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _is_any(found: Any, levels: tuple[str, ...]) -> Any:
    return np.isin(found, levels) if isinstance(found, np.ndarray) else found in levels
