"""Turn drawn variables into the application table; here the rules that join columns are made to hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.home_credit import embedded
from data.home_credit.building import FAMILIES, TIES, Family, tied_figure
from data.home_credit.loan import AMOUNT_STEP, MONTHLY_FEE
from data.home_credit.marginals import Codes, Floats
from data.home_credit.variables import (
    ADULT_DAYS,
    CASH,
    ENQUIRIES,
    EXTRA_DOCUMENTS,
    MAIN_DOCUMENTS,
    PAPER_AGES,
    PARTNERED,
    REGISTERED_YOUNG,
    SCORE_1_PER_DAY,
    move_columns,
)

_REVOLVING_RATE = 0.05
_PLAIN_TEXTS = (
    "NAME_CONTRACT_TYPE",
    "CODE_GENDER",
    "FLAG_OWN_CAR",
    "FLAG_OWN_REALTY",
    "NAME_TYPE_SUITE",
    "NAME_EDUCATION_TYPE",
    "NAME_FAMILY_STATUS",
    "NAME_HOUSING_TYPE",
    "OCCUPATION_TYPE",
    "WEEKDAY_APPR_PROCESS_START",
    "FONDKAPREMONT_MODE",
    "HOUSETYPE_MODE",
    "WALLSMATERIAL_MODE",
    "EMERGENCYSTATE_MODE",
)
_PLAIN_NUMBERS = (
    "CNT_CHILDREN",
    "AMT_INCOME_TOTAL",
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "DAYS_BIRTH",
    "OWN_CAR_AGE",
    "HOUR_APPR_PROCESS_START",
    "EXT_SOURCE_1",
    "EXT_SOURCE_2",
    "EXT_SOURCE_3",
    "DAYS_LAST_PHONE_CHANGE",
    "TOTALAREA_MODE",
    *ENQUIRIES,
)
_PLAIN_FLAGS = ("FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL")


class Variables(Protocol):
    """What assembly needs of the drawn variables (`data.home_credit.synthetic.Drawn`)."""

    n_rows: int
    codes: dict[str, Codes]
    numbers: dict[str, Floats]
    categories: dict[str, tuple[tuple[str, ...], NDArray[np.intp]]]

    def has(self, name: str, *levels: str) -> NDArray[np.bool_]: ...

    def text(self, name: str, dtype: pl.DataType) -> pl.Series: ...


def assemble(
    drawn: Variables, families: Mapping[str, Family], goods_price_missing: float, rng: np.random.Generator
) -> pl.DataFrame:
    """Build every column but the id and the outcome; missing values are null.

    Args:
        drawn: all variables of `data/home_credit/variables.py`.
        families: how each building triple is tied.
        goods_price_missing: share of revolving loans without a goods price.
        rng: source of what is left to chance (rounding of triples, impossible days drawn anew).
    """
    columns: dict[str, Floats | NDArray[np.bool_] | pl.Series] = {}
    for name in _PLAIN_TEXTS:
        columns[name] = drawn.text(name, embedded.column(name).dtype)
    columns |= {name: drawn.numbers[name] for name in _PLAIN_NUMBERS}
    columns |= {name: drawn.has(name, "1") for name in _PLAIN_FLAGS}
    for part in (
        _household(drawn),
        _places(drawn),
        _work(drawn, rng),
        _papers(drawn, rng),
        _documents(drawn),
        _circle(drawn),
    ):
        columns |= part
    columns["AMT_GOODS_PRICE"] = _goods_price(drawn, goods_price_missing, rng)
    for name in FAMILIES:
        columns |= _triple(name, families[name], drawn, rng)
    frame = pl.DataFrame({name: _column(name, values) for name, values in columns.items()})
    return frame.with_columns(
        pl.when(pl.col("AMT_GOODS_PRICE").is_not_null()).then(pl.col("NAME_TYPE_SUITE")).alias("NAME_TYPE_SUITE")
    )


def _column(name: str, values: Floats | NDArray[np.bool_] | pl.Series) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.rename(name)
    return pl.Series(name, values.astype(np.float64)).fill_nan(None).cast(embedded.column(name).dtype)


def _household(drawn: Variables) -> dict[str, Floats]:
    partners = drawn.has("NAME_FAMILY_STATUS", *PARTNERED)
    return {"CNT_FAM_MEMBERS": drawn.numbers["CNT_CHILDREN"] + 1 + partners}


def _places(drawn: Variables) -> dict[str, Floats]:
    names, places = drawn.categories["region"]
    rating, population = (np.array([float(name.split("|")[i]) for name in names])[places] for i in (0, 1))
    cities, city_places = drawn.categories["REGION_RATING_CLIENT_W_CITY"]
    city = np.array([float(name) for name in cities])[city_places]
    columns = {
        "REGION_POPULATION_RELATIVE": population,
        "REGION_RATING_CLIENT": rating,
        "REGION_RATING_CLIENT_W_CITY": np.minimum(city, rating),
    }
    for i, place in enumerate(("REGION", "CITY")):
        columns |= _moves(drawn, place, i)
    return columns


def _moves(drawn: Variables, place: str, position: int) -> dict[str, Floats]:
    """The three address flags: from a pattern for those with a job, from the home flag alone for the rest."""
    names, places = drawn.categories[f"{place.lower()}_moves"]
    without, without_places = drawn.categories["moved"]
    columns = {}
    for flag, column in enumerate(move_columns(place)):
        with_job = np.array([float(name[flag]) for name in names] + [0.0])[places]
        jobless = np.array([float(name[position]) * (flag == 0) for name in without] + [0.0])[without_places]
        columns[column] = with_job + jobless
    return columns


def _work(drawn: Variables, rng: np.random.Generator) -> dict[str, Floats | NDArray[np.bool_] | pl.Series]:
    has_job = drawn.has("has_job", "Y")
    income = drawn.text("NAME_INCOME_TYPE", embedded.column("NAME_INCOME_TYPE").dtype)
    out_of_work = drawn.text("out_of_work", embedded.column("NAME_INCOME_TYPE").dtype)
    organisation = drawn.text("ORGANIZATION_TYPE", embedded.column("ORGANIZATION_TYPE").dtype)
    earliest = drawn.numbers["DAYS_BIRTH"] + ADULT_DAYS
    since = _not_before(drawn.numbers["DAYS_EMPLOYED"], earliest, rng)
    return {
        "NAME_INCOME_TYPE": income.fill_null(out_of_work),
        "ORGANIZATION_TYPE": organisation.fill_null("XNA"),
        "DAYS_EMPLOYED": np.where(has_job, since, float(embedded.NOT_EMPLOYED)),
        "FLAG_MOBIL": np.ones(drawn.n_rows),
        "FLAG_EMP_PHONE": has_job,
        "FLAG_WORK_PHONE": drawn.has("FLAG_WORK_PHONE", "1"),
    }


def _papers(drawn: Variables, rng: np.random.Generator) -> dict[str, Floats]:
    birth = drawn.numbers["DAYS_BIRTH"]
    issued = _not_before(drawn.numbers["DAYS_ID_PUBLISH"], birth + PAPER_AGES["20"], rng)
    # Papers of the 45th birthday need that birthday; a younger applicant has those of the 20th.
    for label in PAPER_AGES:
        reached = np.where(birth + PAPER_AGES[label] < 0, PAPER_AGES[label], PAPER_AGES["20"])
        at_birthday = birth + reached + drawn.numbers["paper_delay"]
        issued = np.where(drawn.has("paper_age", label), at_birthday, issued)
    issued = np.minimum(issued, 0.0)
    together = issued + drawn.numbers["registered_after_papers"]
    young = birth + drawn.numbers["registered_at_age"]
    elsewhere = _not_before(drawn.numbers["DAYS_REGISTRATION"], birth + REGISTERED_YOUNG, rng)
    registered = np.select(
        [drawn.has("registered", "together"), drawn.has("registered", "young")], [together, young], elsewhere
    )
    return {"DAYS_REGISTRATION": np.clip(registered, birth, 0.0), "DAYS_ID_PUBLISH": issued}


def _not_before(days: Floats, earliest: Floats, rng: np.random.Generator) -> Floats:
    """Days as drawn, or where that lies before `earliest` (both negative) anew and evenly between it and today."""
    again = np.ceil(earliest * rng.random(days.size))
    return np.where(days < earliest, again, days)


def compute_variable(name: str, drawn: Variables, families: Mapping[str, Family]) -> Floats:
    """A computed variable: a tied building figure, a score for its age, or what a loan's ratios make of its price."""
    figure = name.removesuffix("_AVG")
    if figure in TIES:
        return tied_figure(figure, drawn.numbers, families)
    if name == "EXT_SOURCE_1":
        log_odds = drawn.numbers["score_1_for_age"] - SCORE_1_PER_DAY * drawn.numbers["DAYS_BIRTH"]
        return np.asarray(1 / (1 + np.exp(-log_odds)))
    cash = drawn.has("NAME_CONTRACT_TYPE", CASH)
    if name == "AMT_CREDIT":
        ratio = np.where(cash, drawn.numbers["credit_ratio"], 1.0)
        return _to_step(drawn.numbers["AMT_GOODS_PRICE"] * ratio)
    rate = np.where(cash, drawn.numbers["annuity_rate"], _REVOLVING_RATE)
    fee = np.where(drawn.has("monthly_fee", "Y"), MONTHLY_FEE, 0.0)
    return _to_step(drawn.numbers["AMT_CREDIT"] * rate + fee)


def _goods_price(drawn: Variables, share_missing: float, rng: np.random.Generator) -> Floats:
    revolving = ~drawn.has("NAME_CONTRACT_TYPE", CASH)
    unpriced = revolving & (rng.random(drawn.n_rows) < share_missing)
    return np.where(unpriced, np.nan, drawn.numbers["AMT_GOODS_PRICE"])


def _to_step(amount: Floats) -> Floats:
    return np.asarray(np.round(amount / AMOUNT_STEP) * AMOUNT_STEP)


def _documents(drawn: Variables) -> dict[str, NDArray[np.bool_]]:
    columns = {f"FLAG_DOCUMENT_{n}": drawn.has("document", str(n)) for n in MAIN_DOCUMENTS}
    return columns | {f"FLAG_DOCUMENT_{n}": drawn.has("extra_document", str(n)) for n in EXTRA_DOCUMENTS}


def _circle(drawn: Variables) -> dict[str, Floats]:
    seen = drawn.numbers["OBS_30_CNT_SOCIAL_CIRCLE"]
    late = np.minimum(drawn.numbers["DEF_30_CNT_SOCIAL_CIRCLE"], seen)
    seen_60 = np.maximum(seen - drawn.numbers["circle_obs_gap"], 0)
    late_60 = np.maximum(late - drawn.numbers["circle_def_gap"], 0)
    return {
        "OBS_30_CNT_SOCIAL_CIRCLE": seen,
        "DEF_30_CNT_SOCIAL_CIRCLE": late,
        "OBS_60_CNT_SOCIAL_CIRCLE": seen_60,
        "DEF_60_CNT_SOCIAL_CIRCLE": np.minimum(late_60, seen_60),
    }


def _triple(name: str, family: Family, drawn: Variables, rng: np.random.Generator) -> dict[str, Floats]:
    average = drawn.numbers[f"{name}_AVG"]
    # Before it was rounded a figure was anything within half a unit of the fourth decimal.
    exact, mode, median = family.triples(average, (rng.random(average.size) - 0.5) * 1e-4)
    other_mode = family.differing(exact, drawn.numbers[f"mode:{name}"], family.mode)
    other_median = family.differing(exact, drawn.numbers[f"medi:{name}"], family.median)
    # An average of zero means zero in every house.
    may_differ = exact > 0
    return {
        f"{name}_AVG": average,
        f"{name}_MODE": np.where(may_differ & drawn.has(f"twins:{name}", "mode", "none"), other_mode, mode),
        f"{name}_MEDI": np.where(may_differ & drawn.has(f"twins:{name}", "none"), other_median, median),
    }
