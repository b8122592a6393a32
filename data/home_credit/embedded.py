"""The embedded portfolio's definition, and the column names that its generator, studies and tests use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML

DEFINITION = read_definition(HOME_CREDIT_TOML)
COLUMNS = DEFINITION.columns
BY_NAME = DEFINITION.by_name
ID, TARGET = "SK_ID_CURR", "TARGET"
NOT_EMPLOYED = 365_243
# What studies and benchmarks of this portfolio edit, filter by and damage.
CREDIT, ANNUITY, CONTRACT, EMPLOYER, SCORE = (
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "NAME_CONTRACT_TYPE",
    "ORGANIZATION_TYPE",
    "EXT_SOURCE_2",
)
column = DEFINITION.column

# Each figure of a building occurs three times, once for each statistic.
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
