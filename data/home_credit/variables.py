"""What the synthetic portfolio is drawn as: an order of variables, and how a real table is read as them.

Some variables are columns of the table. Others stand for what the columns share (a pattern of flags, which values are
missing together, a ratio with few distinct values), so that the rules real rows obey hold by construction.
`data/home_credit/assembly.py` turns drawn variables back into the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.home_credit import embedded
from data.home_credit.building import BLANKS, FAMILIES, TIES, Family, average_of, numbers, read_building
from data.home_credit.loan import INSURANCE_LATTICE, read_credit_ratio, read_tariffs
from data.home_credit.marginals import Floats, Lattice

Values = Floats | list[str]

CASH = "Cash loans"
REVOLVING = "Revolving loans"
PARTNERED = ("Married", "Civil marriage")
MAIN_DOCUMENTS = (3, 6, 8, 5, 9, 11, 4, 7)
EXTRA_DOCUMENTS = (13, 14, 16, 18, 15, 19, 20, 21, 10, 12, 17, 2)
ENQUIRIES = tuple(f"AMT_REQ_CREDIT_BUREAU_{span}" for span in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR"))
# Identity papers are renewed at these ages: those of 38 % of applicants are from the year after one of them.
PAPER_AGES = {"20": 7305, "45": 16436}
PAPER_WINDOW = 365
# A new address is registered together with the papers by 4 % of applicants, and at 16 or right after birth by many.
TOGETHER_DAYS = 30
REGISTERED_YOUNG = 22 * 365
# Log-odds that the first external score rises by for each day of age.
SCORE_1_PER_DAY = 1.5e-4
ADULT_DAYS = 6552


@dataclass(frozen=True)
class Variable:
    """One step of the drawing order.

    `applies` names an earlier category and the levels for which this variable has a value at all; `n_cells` and
    `own_cell` say how finely a quantity is cut (`Marginal.fit`); the levels of a `rising` category sort by name.
    `base` names an earlier share: the variable applies only where that is between 0 and 1.
    `closely` allows a tree of many leaves, where other columns are computed from this one.
    `lattice` says where values between its common ones lie, if that is not to be found out.
    A `computed` variable is not drawn: it follows from earlier ones, and is here so that later ones may depend on it.
    """

    name: str
    ordered: bool = False
    rising: bool = False
    applies: tuple[str, tuple[str, ...]] | None = None
    n_cells: int = 24
    own_cell: float = 0.02
    base: str | None = None
    closely: bool = False
    computed: bool = False
    lattice: Lattice | None = None


def _quantity(name: str, applies: tuple[str, tuple[str, ...]] | None = None, **cut: Any) -> Variable:
    return Variable(name, ordered=True, applies=applies, **cut)


def _household() -> Iterator[Variable]:
    yield Variable("region", rising=True)
    yield Variable("REGION_RATING_CLIENT_W_CITY", rising=True)
    yield Variable("has_job")
    yield Variable("NAME_INCOME_TYPE", applies=("has_job", ("Y",)))
    yield Variable("out_of_work", applies=("has_job", ("N",)))
    yield _quantity("DAYS_BIRTH", n_cells=36)
    for name in ("CODE_GENDER", "NAME_FAMILY_STATUS"):
        yield Variable(name)
    yield _quantity("CNT_CHILDREN", closely=True)
    for name in ("NAME_EDUCATION_TYPE", "NAME_HOUSING_TYPE", "FLAG_OWN_REALTY", "FLAG_OWN_CAR"):
        yield Variable(name)
    yield _quantity("OWN_CAR_AGE", ("FLAG_OWN_CAR", ("Y",)))


def _work() -> Iterator[Variable]:
    job = ("has_job", ("Y",))
    yield _quantity("DAYS_EMPLOYED", job, n_cells=30)
    for name in ("ORGANIZATION_TYPE", "OCCUPATION_TYPE", "region_moves", "city_moves", "FLAG_WORK_PHONE"):
        yield Variable(name, applies=job)
    yield Variable("moved", applies=("has_job", ("N",)))
    yield _quantity("AMT_INCOME_TOTAL", n_cells=30, closely=True)


def _papers() -> Iterator[Variable]:
    for name in ("FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL"):
        yield Variable(name)
    yield Variable("paper_age")
    yield _quantity("paper_delay", ("paper_age", tuple(PAPER_AGES)))
    yield _quantity("DAYS_ID_PUBLISH", ("paper_age", ("other",)))
    yield Variable("registered")
    yield _quantity("registered_after_papers", ("registered", ("together",)))
    yield _quantity("registered_at_age", ("registered", ("young",)), n_cells=30)
    yield _quantity("DAYS_REGISTRATION", ("registered", ("other",)))
    yield _quantity("DAYS_LAST_PHONE_CHANGE", own_cell=0.008)


def _loan() -> Iterator[Variable]:
    cash = ("NAME_CONTRACT_TYPE", (CASH,))
    yield Variable("NAME_CONTRACT_TYPE")
    yield _quantity("AMT_GOODS_PRICE", n_cells=48, own_cell=0.008, closely=True)
    insured = Lattice(INSURANCE_LATTICE, offset=1.0)
    yield _quantity("credit_ratio", cash, n_cells=30, own_cell=0.005, closely=True, lattice=insured)
    yield _quantity("AMT_CREDIT", n_cells=48, own_cell=0.01, computed=True)
    tariffs = Lattice(1e-6, decimals=6)
    yield _quantity("annuity_rate", cash, n_cells=100, own_cell=0.003, closely=True, lattice=tariffs)
    yield Variable("monthly_fee", applies=cash)
    yield _quantity("AMT_ANNUITY", n_cells=48, own_cell=0.01, computed=True)
    for name in ("NAME_TYPE_SUITE", "WEEKDAY_APPR_PROCESS_START"):
        yield Variable(name)
    yield _quantity("HOUR_APPR_PROCESS_START")
    yield Variable("document")
    yield Variable("extra_document", applies=("document", ("3", "8")))


def _outside() -> Iterator[Variable]:
    yield Variable("bureau")
    yield _quantity("EXT_SOURCE_2")
    yield _quantity("score_1_for_age")
    yield _quantity("EXT_SOURCE_1", computed=True)
    yield _quantity("EXT_SOURCE_3", ("bureau", ("score",)))
    for name in ENQUIRIES:
        yield _quantity(name, ("bureau", ("score", "enquiries")))
    yield Variable("circle")
    yield _quantity("OBS_30_CNT_SOCIAL_CIRCLE", ("circle", ("known",)))
    for name in ("DEF_30_CNT_SOCIAL_CIRCLE", "circle_obs_gap", "circle_def_gap"):
        yield _quantity(name, ("circle", ("known",)))


def _building() -> Iterator[Variable]:
    for name in BLANKS:
        yield Variable(f"no:{name}", closely=True)
    for family in FAMILIES:
        yield from _figure(family)
    for family in FAMILIES:
        yield Variable(f"twins:{family}", applies=(f"no:{family}", ("N",)))
        yield _quantity(f"mode:{family}", (f"twins:{family}", ("mode", "none")), n_cells=12)
        yield _quantity(f"medi:{family}", (f"twins:{family}", ("none",)), n_cells=12)
    yield from _figure("TOTALAREA_MODE")
    for name in ("FONDKAPREMONT_MODE", "HOUSETYPE_MODE", "WALLSMATERIAL_MODE", "EMERGENCYSTATE_MODE"):
        yield Variable(name, applies=(f"no:{name}", ("N",)))


def _figure(name: str) -> Iterator[Variable]:
    known, column = (f"no:{name}", ("N",)), average_of(name)
    if name in TIES:
        base = average_of(TIES[name])
        yield _quantity(f"tied:{name}", known, n_cells=40, own_cell=0.01, base=base, closely=True)
        yield _quantity(f"alone:{name}", known, own_cell=0.015)
    yield _quantity(column, known, n_cells=40 if column == name else 24, own_cell=0.015, computed=name in TIES)


VARIABLES: tuple[Variable, ...] = (
    *_household(),
    *_work(),
    *_papers(),
    *_loan(),
    *_outside(),
    *_building(),
)


def is_inside(share: Floats) -> NDArray[np.bool_]:
    """Where a share is neither missing nor 0 nor 1."""
    return np.asarray((share > 0) & (share < 1))


def read_variables(frame: pl.DataFrame, families: Mapping[str, Family]) -> dict[str, Values]:
    """Read a real table as the variables.

    Args:
        frame: all columns of the table.
        families: how the three columns of each building figure are tied (`data/home_credit/building.py`).

    Returns:
        For each variable an array of n_rows: floats with NaN where missing or not applicable, or level names with ""
        for a missing value.
    """
    variables: dict[str, Values] = {**read_building(frame, families)}
    for variable in VARIABLES:
        if variable.name in variables:
            continue
        read = _READERS.get(variable.name)
        if read is None:
            name = variable.name
            variables[name] = numbers(frame, name) if variable.ordered else texts(frame, name)
        else:
            variables[variable.name] = read(frame)
    return variables


def texts(frame: pl.DataFrame, name: str) -> list[str]:
    """A column as level names, "" for missing."""
    return frame[name].cast(pl.String).fill_null("").to_list()


def _labels(frame: pl.DataFrame, expression: pl.Expr) -> list[str]:
    return frame.select(expression.cast(pl.String).fill_null("").alias("label"))["label"].to_list()


def _region(frame: pl.DataFrame) -> list[str]:
    return _labels(frame, pl.concat_str(["REGION_RATING_CLIENT", "REGION_POPULATION_RELATIVE"], separator="|"))


def _pattern(place: str) -> Callable[[pl.DataFrame], list[str]]:
    return lambda frame: _labels(frame, pl.concat_str(list(move_columns(place))))


def move_columns(place: str) -> tuple[str, str, str]:
    """The three flags that compare the registered, home and work addresses at one level ("REGION" or "CITY")."""
    return f"REG_{place}_NOT_LIVE_{place}", f"REG_{place}_NOT_WORK_{place}", f"LIVE_{place}_NOT_WORK_{place}"


def _moved(frame: pl.DataFrame) -> list[str]:
    return _labels(frame, pl.concat_str(["REG_REGION_NOT_LIVE_REGION", "REG_CITY_NOT_LIVE_CITY"]))


def _has_job(frame: pl.DataFrame) -> list[str]:
    return _labels(
        frame, pl.when(pl.col("DAYS_EMPLOYED") == embedded.NOT_EMPLOYED).then(pl.lit("N")).otherwise(pl.lit("Y"))
    )


def _age_at_paper(frame: pl.DataFrame) -> Floats:
    return numbers(frame, "DAYS_ID_PUBLISH") - numbers(frame, "DAYS_BIRTH")


def _paper_age(frame: pl.DataFrame) -> list[str]:
    age = _age_at_paper(frame)
    labels = np.full(age.size, "other", dtype=object)
    for label, birthday in PAPER_AGES.items():
        labels[(age >= birthday) & (age < birthday + PAPER_WINDOW)] = label
    return [str(label) for label in labels]


def _paper_delay(frame: pl.DataFrame) -> Floats:
    age = _age_at_paper(frame)
    delay = np.full(age.size, np.nan)
    for birthday in PAPER_AGES.values():
        within = (age >= birthday) & (age < birthday + PAPER_WINDOW)
        delay[within] = age[within] - birthday
    return delay


def _registered(frame: pl.DataFrame) -> list[str]:
    registered = numbers(frame, "DAYS_REGISTRATION")
    together = np.abs(registered - numbers(frame, "DAYS_ID_PUBLISH")) <= TOGETHER_DAYS
    young = registered - numbers(frame, "DAYS_BIRTH") < REGISTERED_YOUNG
    return [str(label) for label in np.where(together, "together", np.where(young, "young", "other"))]


def _score_1_for_age(frame: pl.DataFrame) -> Floats:
    score = numbers(frame, "EXT_SOURCE_1")
    return np.log(score / (1 - score)) + SCORE_1_PER_DAY * numbers(frame, "DAYS_BIRTH")


def _goods_price(frame: pl.DataFrame) -> Floats:
    # Revolving loans have no goods of their own: where the price is missing or odd, the credit stands for it.
    price, credit = numbers(frame, "AMT_GOODS_PRICE"), numbers(frame, "AMT_CREDIT")
    return np.where(np.isnan(price), credit, price)


def _first_document(frame: pl.DataFrame, documents: tuple[int, ...]) -> list[str]:
    label = pl.lit("none")
    for document in reversed(documents):
        label = pl.when(pl.col(f"FLAG_DOCUMENT_{document}") == 1).then(pl.lit(str(document))).otherwise(label)
    return _labels(frame, label)


def _bureau(frame: pl.DataFrame) -> list[str]:
    counts, score = pl.col(ENQUIRIES[0]).is_null(), pl.col("EXT_SOURCE_3").is_null()
    return _labels(
        frame, pl.when(counts).then(pl.lit("none")).when(score).then(pl.lit("enquiries")).otherwise(pl.lit("score"))
    )


def _circle(frame: pl.DataFrame) -> list[str]:
    return _labels(
        frame, pl.when(pl.col("OBS_30_CNT_SOCIAL_CIRCLE").is_null()).then(pl.lit("none")).otherwise(pl.lit("known"))
    )


def _gap(above: str, below: str) -> Callable[[pl.DataFrame], Floats]:
    return lambda frame: numbers(frame, above) - numbers(frame, below)


_READERS: dict[str, Callable[[pl.DataFrame], Values]] = {
    "region": _region,
    "has_job": _has_job,
    "out_of_work": lambda frame: texts(frame, "NAME_INCOME_TYPE"),
    "region_moves": _pattern("REGION"),
    "city_moves": _pattern("CITY"),
    "moved": _moved,
    "paper_age": _paper_age,
    "paper_delay": _paper_delay,
    "registered": _registered,
    "registered_after_papers": _gap("DAYS_REGISTRATION", "DAYS_ID_PUBLISH"),
    "registered_at_age": _gap("DAYS_REGISTRATION", "DAYS_BIRTH"),
    "score_1_for_age": _score_1_for_age,
    "AMT_GOODS_PRICE": _goods_price,
    "credit_ratio": read_credit_ratio,
    "annuity_rate": lambda frame: read_tariffs(frame)[0],
    "monthly_fee": lambda frame: ["Y" if fee else "N" for fee in read_tariffs(frame)[1]],
    "document": lambda frame: _first_document(frame, MAIN_DOCUMENTS),
    "extra_document": lambda frame: _first_document(frame, EXTRA_DOCUMENTS),
    "bureau": _bureau,
    "circle": _circle,
    "circle_obs_gap": _gap("OBS_30_CNT_SOCIAL_CIRCLE", "OBS_60_CNT_SOCIAL_CIRCLE"),
    "circle_def_gap": _gap("DEF_30_CNT_SOCIAL_CIRCLE", "DEF_60_CNT_SOCIAL_CIRCLE"),
}
