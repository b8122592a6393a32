"""Stored values of the application table in words."""

from __future__ import annotations

import pytest

from dashboard.words.field_words import field_title, word_field
from data.definition.columns import Kind
from data.home_credit import embedded
from inference.values import Value


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DAYS_BIRTH", -15_998, "43.8 years"),
        ("DAYS_BIRTH", -14_610, "40 years"),
        ("DAYS_EMPLOYED", -366, "1 year"),
        ("DAYS_EMPLOYED", 0, "0 years"),
        ("DAYS_EMPLOYED", -30, "30 days"),
        ("DAYS_EMPLOYED", 365_243, "Not employed"),
        ("DAYS_LAST_PHONE_CHANGE", -1.0, "1 day"),
        ("REGION_RATING_CLIENT_W_CITY", -1, "Not rated"),
        ("REGION_RATING_CLIENT_W_CITY", 2, "2"),
        ("OWN_CAR_AGE", 12, "12 years"),
        ("OWN_CAR_AGE", 1, "1 year"),
        ("OWN_CAR_AGE", None, "Missing"),
        ("AMT_CREDIT", 450_000.0, "450,000"),
        ("AMT_CREDIT", 1_350_000.0, "1,350,000"),
        ("AMT_ANNUITY", 24_700.5, "24,700.5"),
        ("AMT_ANNUITY", 24_700.25, "24,700.25"),
        ("AMT_ANNUITY", 24_700.05, "24,700.05"),
        ("AMT_ANNUITY", 10.0, "10"),
        ("AMT_INCOME_TOTAL", 202_500.0, "202,500"),
        ("FLAG_DOCUMENT_3", 1, "Yes"),
        ("FLAG_DOCUMENT_3", 0, "No"),
        ("FLAG_OWN_CAR", "N", "No"),
        ("CODE_GENDER", "XNA", "Not recorded"),
        ("CODE_GENDER", "<b>", "<b>"),
        ("ORGANIZATION_TYPE", "XNA", "None"),
        ("NAME_INCOME_TYPE", "Working", "Working"),
        ("NAME_INCOME_TYPE", None, "Missing"),
        ("EXT_SOURCE_2", 0.262_948_59, "0.2629"),
        ("EXT_SOURCE_2", 0.0, "0"),
        ("CNT_CHILDREN", 0, "0"),
        ("OBS_30_CNT_SOCIAL_CIRCLE", 1_000, "1,000"),
        ("HOUR_APPR_PROCESS_START", 14, "14"),
    ],
)
def test_values_in_words(name: str, value: Value, words: str) -> None:
    assert word_field(embedded.column(name), value) == words


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("DAYS_BIRTH", "Age (years)"),
        ("OWN_CAR_AGE", "Age of the car (years)"),
        ("AMT_CREDIT", "Credit amount (currency units)"),
        ("AMT_INCOME_TOTAL", "Income (currency units a year)"),
        ("CODE_GENDER", "Gender"),
        ("FLAG_PHONE", "Home phone given"),
        ("EXT_SOURCE_1", "External score 1 (normalised, 0 to 1)"),
    ],
)
def test_titles_carry_the_unit(name: str, title: str) -> None:
    assert field_title(embedded.column(name), embedded.DEFINITION) == title


def test_ends_of_every_range_can_be_said() -> None:
    for column in embedded.COLUMNS:
        for value in (column.minimum, column.maximum, *column.special_values):
            if column.kind is not Kind.CATEGORY and value is not None:
                stored = int(value) if column.dtype.is_integer() else float(value)
                words = word_field(column, stored)
                assert words
                assert not words.startswith("-")
