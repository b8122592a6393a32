"""The features of the default model, said once as data.

Left out on purpose: the identifier, the target, and every protected column, nor is anything derived from them
(`docs/data.md` says what that costs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from data import schema
from data.schema import Group, Kind, Sensitivity
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.features.expressions import (
    CountMissing,
    Difference,
    Expression,
    Extreme,
    IsSentinel,
    Mean,
    Product,
    Ratio,
    Raw,
)

INCOME, CREDIT, ANNUITY, GOODS = (
    Raw(name) for name in ("AMT_INCOME_TOTAL", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
)
AGE, EMPLOYED, REGISTRATION, IDENTITY, PHONE, CAR_AGE = (
    Raw(name)
    for name in (
        "DAYS_BIRTH",
        "DAYS_EMPLOYED",
        "DAYS_REGISTRATION",
        "DAYS_ID_PUBLISH",
        "DAYS_LAST_PHONE_CHANGE",
        "OWN_CAR_AGE",
    )
)


def _raw(group: Group, *, kinds: tuple[Kind, ...] = (Kind.NUMERIC, Kind.FLAG, Kind.CATEGORY)) -> tuple[Raw, ...]:
    return tuple(Raw(c.name) for c in schema.COLUMNS if c.group is group and c.kind in kinds)


EXTERNAL = _raw(Group.EXTERNAL)
DOCUMENTS = _raw(Group.DOCUMENTS)
ENQUIRIES = _raw(Group.ENQUIRIES)
# Mode and median repeat the average and go missing with it.
_REPEATED = frozenset(
    f"{measure}_{statistic}" for measure in schema.BUILDING_MEASURES for statistic in ("MODE", "MEDI")
)
BUILDING = tuple(node for node in _raw(Group.BUILDING, kinds=(Kind.NUMERIC,)) if node.column not in _REPEATED)

# Columns that are no feature of their own: without them the AUC is the same (docs/data.md) and a row is scored faster.
# The documents still count in `documents_provided`, the enquiries in `enquiries`.
LEFT_OUT = _REPEATED | {
    *(node.column for node in DOCUMENTS if node.column != "FLAG_DOCUMENT_3"),
    "FLAG_MOBIL", "FLAG_EMP_PHONE", "FLAG_CONT_MOBILE", "FLAG_EMAIL", "REG_REGION_NOT_WORK_REGION",
    "LIVE_REGION_NOT_WORK_REGION", "AMT_REQ_CREDIT_BUREAU_HOUR", "AMT_REQ_CREDIT_BUREAU_DAY",
    "AMT_REQ_CREDIT_BUREAU_WEEK", "OBS_60_CNT_SOCIAL_CIRCLE", "NAME_TYPE_SUITE", "WEEKDAY_APPR_PROCESS_START",
    "HOUR_APPR_PROCESS_START", "FONDKAPREMONT_MODE", "HOUSETYPE_MODE", "EMERGENCYSTATE_MODE",
}  # fmt: skip


def _sum(terms: Iterable[Expression]) -> Mean:
    terms = tuple(terms)
    return Mean(terms, (1.0,) * len(terms), divide=False)


def _derived() -> Iterator[Feature]:
    yield Feature("credit_to_income", "Credit to income", Ratio(CREDIT, INCOME))
    yield Feature("annuity_to_income", "Annuity to income", Ratio(ANNUITY, INCOME))
    yield Feature("credit_to_annuity", "Credit to annuity", Ratio(CREDIT, ANNUITY))
    yield Feature("goods_to_credit", "Goods price to credit", Ratio(GOODS, CREDIT))
    yield Feature("credit_over_goods", "Credit above the goods price", Difference(CREDIT, GOODS))
    yield Feature("goods_to_income", "Goods price to income", Ratio(GOODS, INCOME))
    yield Feature("is_not_employed", "Not employed", IsSentinel("DAYS_EMPLOYED"))
    yield Feature("employed_to_age", "Share of life in this employment", Ratio(EMPLOYED, AGE))
    yield Feature("registration_to_age", "Registration change to age", Ratio(REGISTRATION, AGE))
    yield Feature("identity_to_age", "Identity document change to age", Ratio(IDENTITY, AGE))
    yield Feature("phone_to_age", "Phone change to age", Ratio(PHONE, AGE))
    yield Feature("car_age_to_age", "Age of the car to age", Ratio(CAR_AGE, AGE))
    yield Feature("income_to_age", "Income to age", Ratio(INCOME, AGE))
    yield from _external()
    yield Feature("documents_provided", "Documents provided", _sum(DOCUMENTS))
    yield Feature("building_missing", "Building figures missing", CountMissing(BUILDING))
    yield Feature("enquiries", "Enquiries in all", _sum(ENQUIRIES))
    circle = (Raw("DEF_30_CNT_SOCIAL_CIRCLE"), Raw("OBS_30_CNT_SOCIAL_CIRCLE"))
    yield Feature("circle_late_share", "Late payers in the circle", Ratio(*circle))


def _external() -> Iterator[Feature]:
    first, second, third = EXTERNAL
    mean = Mean(EXTERNAL, (1.0, 1.0, 1.0))
    yield Feature("external_mean", "External scores, mean", mean)
    yield Feature("external_weighted", "External scores, weighted mean", Mean(EXTERNAL, (2.0, 3.0, 4.0)))
    yield Feature("external_minimum", "External scores, lowest", Extreme(EXTERNAL))
    yield Feature("external_maximum", "External scores, highest", Extreme(EXTERNAL, largest=True))
    yield Feature("external_product", "External scores 2 and 3, product", Product((second, third)))
    yield Feature("external_product_all", "External scores, product", Product(EXTERNAL))
    yield Feature("external_missing", "External scores missing", CountMissing(EXTERNAL))
    yield Feature("external_1_by_age", "External score 1 times age", Product((first, AGE)))
    yield Feature("external_mean_by_age", "External scores' mean times age", Product((mean, AGE)))
    yield Feature("external_mean_by_credit", "External scores' mean to credit", Ratio(mean, CREDIT))
    yield Feature("external_mean_by_annuity_rate", "External scores' mean times credit to annuity",
                  Product((mean, Ratio(CREDIT, ANNUITY))))  # fmt: skip


def _raw_features() -> Iterator[Feature]:
    for column in schema.COLUMNS:
        if column.kind in (Kind.ID, Kind.TARGET) or column.sensitivity is Sensitivity.PROTECTED:
            continue
        if column.name not in LEFT_OUT:
            yield raw_feature(column.name)


# Which way the PD may move with a raw field, all else equal: only down (-1) as it rises, or only up (1). What a lender
# would have to defend: a better score, a higher income, a longer job (days count down), a better region and fewer late
# payers around never raise it. docs/data.md says why age and the amounts of the loan are not here.
DIRECTIONS: Mapping[str, int] = MappingProxyType({
    "AMT_INCOME_TOTAL": -1,
    "DAYS_EMPLOYED": 1,
    "EXT_SOURCE_1": -1,
    "EXT_SOURCE_2": -1,
    "EXT_SOURCE_3": -1,
    "REGION_RATING_CLIENT": 1,
    "REGION_RATING_CLIENT_W_CITY": 1,
    "DEF_30_CNT_SOCIAL_CIRCLE": 1,
    "DEF_60_CNT_SOCIAL_CIRCLE": 1,
})  # fmt: skip

FEATURES = FeatureSet((*_raw_features(), *_derived()), DIRECTIONS)
