"""The application table: one declaration of every column's facts, from which everything else is derived.

Names, order and meaning are those of Home Credit Default Risk `application_train` (122 columns); the ranges are what
an application may plausibly hold, wider than what was seen. A range is closed, a sentinel lies outside it on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

import polars as pl

from data.definition.columns import Column, Kind, Sensitivity, Special, Unit
from data.definition.reading import read_definition
from data.errors import SchemaError
from data.home_credit import HOME_CREDIT_TOML


class Group(StrEnum):
    """Where a person looks for a column; the order is the order on screen."""

    PERSON = "Person"
    WORK = "Work and income"
    CREDIT = "Credit"
    EXTERNAL = "External scores"
    RESIDENCE = "Residence"
    PROCESS = "Contact and process"
    CIRCLE = "Social circle"
    ENQUIRIES = "Credit enquiries"
    DOCUMENTS = "Documents"
    BUILDING = "Building"
    RECORD = "Record"


ID = "SK_ID_CURR"
TARGET = "TARGET"
NOT_EMPLOYED = 365_243

_INT8, _INT16, _INT32, _FLOAT = pl.Int8(), pl.Int16(), pl.Int32(), pl.Float64()


def _number(
    name: str,
    label: str,
    description: str,
    group: Group,
    dtype: pl.DataType,
    unit: Unit,
    bounds: tuple[float, float],
    *,
    nullable: bool = False,
    cohort: bool = False,
    sensitivity: Sensitivity = Sensitivity.NONE,
) -> Column:
    low, high = bounds
    return Column(
        name, label, description, group, Kind.NUMERIC, dtype, unit, low, high,
        nullable=nullable, cohort=cohort, sensitivity=sensitivity,
    )  # fmt: skip


def _flag(name: str, label: str, description: str, group: Group, *, cohort: bool = False) -> Column:
    return Column(name, label, description, group, Kind.FLAG, _INT8, minimum=0, maximum=1, cohort=cohort)


def _category(
    name: str,
    label: str,
    description: str,
    group: Group,
    levels: tuple[str, ...],
    *,
    words: tuple[tuple[str, str], ...] = (),
    nullable: bool = False,
    cohort: bool = False,
    sensitivity: Sensitivity = Sensitivity.NONE,
) -> Column:
    return Column(
        name, label, description, group, Kind.CATEGORY, pl.Enum(levels),
        levels=levels, level_labels=words, nullable=nullable, cohort=cohort, sensitivity=sensitivity,
    )  # fmt: skip


_NO_YES = (("N", "No"), ("Y", "Yes"))
_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_ORGANISATIONS = (
    "Advertising", "Agriculture", "Bank", "Business Entity Type 1", "Business Entity Type 2",
    "Business Entity Type 3", "Cleaning", "Construction", "Culture", "Electricity", "Emergency", "Government",
    "Hotel", "Housing", *(f"Industry: type {i}" for i in range(1, 14)), "Insurance", "Kindergarten",
    "Legal Services", "Medicine", "Military", "Mobile", "Other", "Police", "Postal", "Realtor", "Religion",
    "Restaurant", "School", "Security", "Security Ministries", "Self-employed", "Services", "Telecom",
    *(f"Trade: type {i}" for i in range(1, 8)), *(f"Transport: type {i}" for i in range(1, 5)), "University", "XNA",
)  # fmt: skip
_OCCUPATIONS = (
    "Accountants", "Cleaning staff", "Cooking staff", "Core staff", "Drivers", "HR staff", "High skill tech staff",
    "IT staff", "Laborers", "Low-skill Laborers", "Managers", "Medicine staff", "Private service staff",
    "Realty agents", "Sales staff", "Secretaries", "Security staff", "Waiters/barmen staff",
)  # fmt: skip


def _application() -> Iterator[Column]:
    yield Column(
        ID, "Application", "Number that identifies one application.", Group.RECORD, Kind.ID, _INT32,
        minimum=1, maximum=2_147_483_647,
    )  # fmt: skip
    yield Column(
        TARGET, "Defaulted",
        "Whether the applicant later had payment difficulties: 1 after a late early instalment, else 0.",
        Group.RECORD, Kind.TARGET, _INT8, minimum=0, maximum=1,
    )  # fmt: skip
    yield _category(
        "NAME_CONTRACT_TYPE", "Contract type", "Cash loan paid out once, or a revolving line of credit.",
        Group.CREDIT, ("Cash loans", "Revolving loans"), cohort=True,
    )  # fmt: skip
    yield _category(
        "CODE_GENDER", "Gender", "Gender as recorded; XNA stands for not recorded.",
        Group.PERSON, ("F", "M", "XNA"), words=(("F", "Female"), ("M", "Male"), ("XNA", "Not recorded")),
        cohort=True, sensitivity=Sensitivity.PROTECTED,
    )  # fmt: skip
    yield _category(
        "FLAG_OWN_CAR",
        "Owns a car",
        "Y when the applicant owns a car.",
        Group.PERSON,
        ("N", "Y"),
        words=_NO_YES,
        cohort=True,
    )
    yield _category(
        "FLAG_OWN_REALTY", "Owns a home", "Y when the applicant owns a house or a flat.", Group.PERSON, ("N", "Y"),
        words=_NO_YES, cohort=True,
    )  # fmt: skip
    yield _number(
        "CNT_CHILDREN", "Children", "Number of children.", Group.PERSON, _INT8, Unit.PEOPLE, (0, 30),
        cohort=True, sensitivity=Sensitivity.SENSITIVE,
    )  # fmt: skip
    yield _number(
        "AMT_INCOME_TOTAL", "Income", "Yearly income as declared.", Group.WORK, _FLOAT, Unit.CURRENCY_PER_YEAR,
        (1, 1e9), cohort=True,
    )  # fmt: skip
    yield _number(
        "AMT_CREDIT", "Credit amount", "Amount of the loan applied for.", Group.CREDIT, _FLOAT, Unit.CURRENCY,
        (1, 1e9), cohort=True,
    )  # fmt: skip
    yield _number(
        "AMT_ANNUITY", "Annuity", "Regular payment of the loan; the publisher does not state its period.", Group.CREDIT,
        _FLOAT, Unit.CURRENCY, (1, 1e9), nullable=True, cohort=True,
    )  # fmt: skip
    yield _number(
        "AMT_GOODS_PRICE", "Goods price", "Price of the goods that the loan is to pay for.", Group.CREDIT, _FLOAT,
        Unit.CURRENCY, (1, 1e9), nullable=True, cohort=True,
    )  # fmt: skip
    yield _category(
        "NAME_TYPE_SUITE", "Accompanied by", "Who came along when the application was made.", Group.PROCESS,
        ("Unaccompanied", "Family", "Spouse, partner", "Children", "Group of people", "Other_A", "Other_B"),
        nullable=True,
    )  # fmt: skip
    yield _category(
        "NAME_INCOME_TYPE", "Income type", "Where the income comes from.", Group.WORK,
        ("Working", "Commercial associate", "State servant", "Businessman", "Pensioner", "Student",
         "Maternity leave", "Unemployed"), cohort=True,
    )  # fmt: skip
    yield _category(
        "NAME_EDUCATION_TYPE", "Education", "Highest level of education reached.", Group.PERSON,
        ("Lower secondary", "Secondary / secondary special", "Incomplete higher", "Higher education",
         "Academic degree"), cohort=True,
    )  # fmt: skip
    yield _category(
        "NAME_FAMILY_STATUS", "Family status", "Marital status as recorded.", Group.PERSON,
        ("Married", "Civil marriage", "Single / not married", "Separated", "Widow", "Unknown"),
        cohort=True, sensitivity=Sensitivity.PROTECTED,
    )  # fmt: skip
    yield _category(
        "NAME_HOUSING_TYPE", "Housing", "How the applicant lives: owned, rented, with parents and so on.",
        Group.RESIDENCE,
        ("House / apartment", "With parents", "Municipal apartment", "Rented apartment", "Office apartment",
         "Co-op apartment"), cohort=True,
    )  # fmt: skip
    yield _number(
        "REGION_POPULATION_RELATIVE", "Region's population",
        "Relative population of the home region; larger is more populous.", Group.RESIDENCE, _FLOAT, Unit.SHARE,
        (0, 1), cohort=True,
    )  # fmt: skip
    yield _number(
        "DAYS_BIRTH", "Age", "Day of birth, counted from the application.", Group.PERSON, _INT16, Unit.DAYS_BEFORE,
        (-32_000, -5_000), cohort=True, sensitivity=Sensitivity.SENSITIVE,
    )  # fmt: skip
    yield Column(
        "DAYS_EMPLOYED", "Time employed", "First day of the current employment, counted from the application.",
        Group.WORK, Kind.NUMERIC, _INT32, Unit.DAYS_BEFORE, -30_000, 0,
        special=(Special(NOT_EMPLOYED, "not employed"),), cohort=True,
    )  # fmt: skip
    yield _number(
        "DAYS_REGISTRATION", "Registration changed", "Last change of the applicant's registration.",
        Group.PROCESS, _INT16, Unit.DAYS_BEFORE, (-32_000, 0),
    )  # fmt: skip
    yield _number(
        "DAYS_ID_PUBLISH", "Identity document changed", "Last change of the identity document used.",
        Group.PROCESS, _INT16, Unit.DAYS_BEFORE, (-32_000, 0),
    )  # fmt: skip
    yield _number(
        "OWN_CAR_AGE", "Age of the car", "Age of the applicant's car; missing for those without one.", Group.PERSON,
        _INT8, Unit.YEARS, (0, 120), nullable=True, cohort=True,
    )  # fmt: skip
    yield _flag("FLAG_MOBIL", "Mobile phone given", "1 when a mobile number was given.", Group.PROCESS)
    yield _flag("FLAG_EMP_PHONE", "Employer's phone given", "1 when an employer's number was given.", Group.PROCESS)
    yield _flag("FLAG_WORK_PHONE", "Work phone given", "1 when a number at the workplace was given.", Group.PROCESS)
    yield _flag("FLAG_CONT_MOBILE", "Mobile reachable", "1 when the mobile number could be reached.", Group.PROCESS)
    yield _flag("FLAG_PHONE", "Home phone given", "1 when a home number was given.", Group.PROCESS)
    yield _flag("FLAG_EMAIL", "E-mail given", "1 when an e-mail address was given.", Group.PROCESS)
    yield _category(
        "OCCUPATION_TYPE", "Occupation", "Occupation as declared; missing for many who do not work.", Group.WORK,
        _OCCUPATIONS, nullable=True, cohort=True,
    )  # fmt: skip
    yield _number(
        "CNT_FAM_MEMBERS", "Family members", "People in the family, the applicant included.", Group.PERSON, _INT8,
        # Less the children it says whether there is a partner: family status under another name.
        Unit.PEOPLE, (1, 40), nullable=True, cohort=True, sensitivity=Sensitivity.PROTECTED,
    )  # fmt: skip
    yield _number(
        "REGION_RATING_CLIENT", "Region rating", "Lender's rating of the home region, 1 the best.", Group.RESIDENCE,
        _INT8, Unit.NONE, (1, 3), cohort=True,
    )  # fmt: skip
    yield Column(
        "REGION_RATING_CLIENT_W_CITY", "Region and city rating",
        "Lender's rating of the region with its city, 1 the best.",
        Group.RESIDENCE, Kind.NUMERIC, _INT8, Unit.NONE, 1, 3, special=(Special(-1, "not rated"),),
    )  # fmt: skip
    yield _category(
        "WEEKDAY_APPR_PROCESS_START", "Weekday of application", "Day of the week on which the application began.",
        Group.PROCESS, _WEEKDAYS, words=tuple((day, day.capitalize()) for day in _WEEKDAYS), cohort=True,
    )  # fmt: skip
    yield _number(
        "HOUR_APPR_PROCESS_START", "Hour of application", "Hour in which the application began.", Group.PROCESS,
        _INT8, Unit.HOUR, (0, 23), cohort=True,
    )  # fmt: skip
    for scope, noun, plural in (("REGION", "region", "regions"), ("CITY", "city", "cities")):
        for pair, first, second in (("REG_{}_NOT_LIVE_{}", "registered", "contact"),
                                    ("REG_{}_NOT_WORK_{}", "registered", "work"),
                                    ("LIVE_{}_NOT_WORK_{}", "contact", "work")):  # fmt: skip
            yield _flag(
                pair.format(scope, scope), f"{first.capitalize()} and {second} {noun} differ",
                f"1 when the {first} and the {second} address lie in different {plural}.",
                Group.RESIDENCE,
            )  # fmt: skip
    yield _category(
        "ORGANIZATION_TYPE", "Employer", "Kind of organisation that employs the applicant; XNA for none.",
        Group.WORK, _ORGANISATIONS, words=(("XNA", "None"),), cohort=True,
    )  # fmt: skip
    for number in (1, 2, 3):
        yield _number(
            f"EXT_SOURCE_{number}", f"External score {number}",
            "Score bought from an outside source; higher is safer.", Group.EXTERNAL, _FLOAT, Unit.SHARE, (0, 1),
            nullable=True, cohort=True,
        )  # fmt: skip
    yield from _building()
    for days in (30, 60):
        for stem, what in (("OBS", "observed for being"), ("DEF", "that were")):
            yield _number(
                f"{stem}_{days}_CNT_SOCIAL_CIRCLE", f"Circle {'observed' if stem == 'OBS' else 'late'}, {days} days",
                f"People around the applicant {what} {days} days past due.", Group.CIRCLE, _INT16, Unit.PEOPLE,
                (0, 1_000), nullable=True,
            )  # fmt: skip
    yield _number(
        "DAYS_LAST_PHONE_CHANGE", "Phone changed", "Last change of the phone number.", Group.PROCESS, _INT16,
        Unit.DAYS_BEFORE, (-32_000, 0), nullable=True,
    )  # fmt: skip
    for number in range(2, 22):
        yield _flag(
            f"FLAG_DOCUMENT_{number}", f"Document {number}", f"1 when document {number} was provided.", Group.DOCUMENTS,
            cohort=number == 3,
        )  # fmt: skip
    periods = (
        ("HOUR", "hour"),
        ("DAY", "day"),
        ("WEEK", "week"),
        ("MON", "month"),
        ("QRT", "quarter"),
        ("YEAR", "year"),
    )
    for (suffix, period), (_, shorter) in zip(periods, (("", ""), *periods), strict=False):
        yield _number(
            f"AMT_REQ_CREDIT_BUREAU_{suffix}", f"Enquiries, last {period}",
            f"Enquiries to the credit bureau in the last {period}{shorter and f', its last {shorter} left out'}.",
            Group.ENQUIRIES, _INT16, Unit.COUNT, (0, 1_000), nullable=True, cohort=suffix == "YEAR",
        )  # fmt: skip


BUILDING_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "APARTMENTS": "Apartment size",
        "BASEMENTAREA": "Basement area",
        "YEARS_BEGINEXPLUATATION": "Years in use",
        "YEARS_BUILD": "Year of building",
        "COMMONAREA": "Common area",
        "ELEVATORS": "Elevators",
        "ENTRANCES": "Entrances",
        "FLOORSMAX": "Most floors",
        "FLOORSMIN": "Fewest floors",
        "LANDAREA": "Land area",
        "LIVINGAPARTMENTS": "Living apartments",
        "LIVINGAREA": "Living area",
        "NONLIVINGAPARTMENTS": "Non-living apartments",
        "NONLIVINGAREA": "Non-living area",
    }
)
BUILDING_STATISTICS: Mapping[str, str] = MappingProxyType({"AVG": "average", "MODE": "mode", "MEDI": "median"})


def _building() -> Iterator[Column]:
    for statistic, word in BUILDING_STATISTICS.items():
        for measure, label in BUILDING_MEASURES.items():
            yield _number(
                f"{measure}_{statistic}", f"{label} ({word})", f"{label} of the applicant's building, {word}.",
                Group.BUILDING, _FLOAT, Unit.SHARE, (0, 1), nullable=True,
            )  # fmt: skip
    yield _category(
        "FONDKAPREMONT_MODE", "Repair fund", "Kind of account that pays for the building's repairs.", Group.BUILDING,
        ("not specified", "org spec account", "reg oper account", "reg oper spec account"), nullable=True,
    )  # fmt: skip
    yield _category(
        "HOUSETYPE_MODE", "House type", "Kind of building.", Group.BUILDING,
        ("block of flats", "specific housing", "terraced house"), nullable=True, cohort=True,
    )  # fmt: skip
    yield _number(
        "TOTALAREA_MODE", "Total area (mode)", "Total area of the building, mode.", Group.BUILDING, _FLOAT,
        Unit.SHARE, (0, 1), nullable=True,
    )  # fmt: skip
    yield _category(
        "WALLSMATERIAL_MODE", "Wall material", "Material of the building's walls.", Group.BUILDING,
        ("Block", "Mixed", "Monolithic", "Others", "Panel", "Stone, brick", "Wooden"), nullable=True,
    )  # fmt: skip
    yield _category(
        "EMERGENCYSTATE_MODE", "Emergency state", "Whether the building is declared unsafe.", Group.BUILDING,
        ("No", "Yes"), nullable=True,
    )  # fmt: skip


COLUMNS: tuple[Column, ...] = tuple(_application())
BY_NAME: Mapping[str, Column] = MappingProxyType({column.name: column for column in COLUMNS})


def column(name: str) -> Column:
    """The column called `name`.

    Raises:
        SchemaError: there is no such column.
    """
    try:
        return BY_NAME[name]
    except KeyError:
        raise SchemaError.from_unknown_column(name) from None


def cohort_columns() -> tuple[Column, ...]:
    """The columns that the predictions table carries, in table order."""
    return tuple(column for column in COLUMNS if column.cohort)


def polars_schema() -> pl.Schema:
    """Names and smallest exact dtypes of a valid application table, in order.

    Decimals stay 64 bit because a decimal fraction is not exact in 32; categories are enums of the declared levels.
    """
    return pl.Schema({column.name: column.dtype for column in COLUMNS})


DEFINITION = read_definition(HOME_CREDIT_TOML)
