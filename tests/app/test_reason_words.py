"""What is typical of others, in words."""

from __future__ import annotations

import pytest

from dashboard.reason_words import REASONS_METHOD, is_typical, word_typical
from data import schema
from inference.reasons import Typical
from inference.values import Value


def number(low: float | None, high: float | None, *, missing: float = 0.0, sentinel: float = 0.0) -> Typical:
    return Typical(low, low, high, None, 0.0, missing, sentinel)


def level(name: str, share: float, *, missing: float = 0.0) -> Typical:
    return Typical(None, None, None, name, share, missing, 0.0)


@pytest.mark.parametrize(
    ("name", "typical", "words"),
    [
        ("AMT_CREDIT", number(270_000.0, 808_650.0), "270,000 to 808,650"),
        ("AMT_CREDIT", number(450_000.0, 450_000.0), "450,000"),
        ("EXT_SOURCE_3", number(0.449, 0.69559), "0.449 to 0.6956"),
        ("EXT_SOURCE_3", number(0.449, 0.69559, missing=0.2), "0.449 to 0.6956, missing 20 %"),
        # Stored as -19,000 to -12,000: the larger number of days is the older person.
        ("DAYS_BIRTH", number(-18_993.0, -12_784.0), "35 to 52 years"),
        ("DAYS_BIRTH", number(-14_610.0, -14_610.0), "40 years"),
        ("DAYS_EMPLOYED", number(-2_922.0, -366.0, sentinel=0.21), "1 year to 8 years, not employed 21 %"),
        ("DAYS_EMPLOYED", number(-2_922.0, -731.0, missing=0.3, sentinel=0.21),
         "2 to 8 years, not employed 21 %, missing 30 %"),
        ("DAYS_EMPLOYED", number(None, None, sentinel=1.0), "not employed 100 %"),
        ("OWN_CAR_AGE", number(3.0, 12.0, missing=0.66), "3 to 12 years, missing 66 %"),
        ("OWN_CAR_AGE", number(None, None, missing=1.0), "missing 100 %"),
        ("CNT_CHILDREN", number(0.0, 2.0), "0 to 2"),
        ("FLAG_DOCUMENT_3", level("1", 0.72), "Yes (72 %)"),
        ("FLAG_DOCUMENT_3", level("0", 0.9), "No (90 %)"),
        ("FLAG_OWN_CAR", level("N", 0.66), "No (66 %)"),
        ("CODE_GENDER", level("F", 0.655), "Female (66 %)"),
        ("OCCUPATION_TYPE", level("Laborers", 0.18, missing=0.31), "Laborers (18 %), missing 31 %"),
        ("NAME_INCOME_TYPE", level("<b>|x|", 1.0), "<b>|x| (100 %)"),
        ("NAME_INCOME_TYPE", Typical(None, None, None, None, 0.0, 0.0, 0.0), "–"),
    ],
)  # fmt: skip
def test_what_is_typical_in_words(name: str, typical: Typical, words: str) -> None:
    assert word_typical(schema.column(name), typical) == words


@pytest.mark.parametrize(("share", "said"), [(0.0, False), (0.004, False), (0.005, False), (0.0051, True), (0.2, True)])
def test_a_share_is_said_where_it_does_not_round_to_nothing(*, share: float, said: bool) -> None:
    missing = word_typical(schema.column("EXT_SOURCE_3"), number(0.1, 0.2, missing=share))
    sentinel = word_typical(schema.column("DAYS_EMPLOYED"), number(-800.0, -731.0, sentinel=share))
    assert ("missing" in missing, "not employed" in sentinel) == (said, said)
    assert not missing.endswith(" 0 %")
    assert not sentinel.endswith(" 0 %")


@pytest.mark.parametrize(
    ("name", "value", "typical", "is_so"),
    [
        ("AMT_CREDIT", 270_000.0, number(270_000.0, 808_650.0), True),
        ("AMT_CREDIT", 808_650.0, number(270_000.0, 808_650.0), True),
        ("AMT_CREDIT", 269_999.5, number(270_000.0, 808_650.0), False),
        ("AMT_CREDIT", 808_650.5, number(270_000.0, 808_650.0), False),
        ("DAYS_BIRTH", -14_610, number(-18_993.0, -12_784.0), True),
        ("DAYS_BIRTH", -12_783, number(-18_993.0, -12_784.0), False),
        ("EXT_SOURCE_3", None, number(0.4, 0.6, missing=0.5), True),
        ("EXT_SOURCE_3", None, number(0.4, 0.6, missing=0.49), False),
        ("EXT_SOURCE_3", 0.5, number(None, None, missing=1.0), False),
        ("DAYS_EMPLOYED", 365_243, number(-2_922.0, -366.0, sentinel=0.5), True),
        ("DAYS_EMPLOYED", 365_243, number(-2_922.0, -366.0, sentinel=0.49), False),
        ("DAYS_EMPLOYED", -800, number(-2_922.0, -366.0, sentinel=0.9), True),
        ("FLAG_PHONE", 0, level("0", 0.9), True),
        ("FLAG_PHONE", 1, level("0", 0.9), False),
        ("FLAG_PHONE", None, level("0", 0.9), False),
        # The commonest level is so however few have it.
        ("OCCUPATION_TYPE", "Laborers", level("Laborers", 0.18, missing=0.31), True),
        ("OCCUPATION_TYPE", "Drivers", level("Laborers", 0.18, missing=0.31), False),
        ("OCCUPATION_TYPE", None, level("Laborers", 0.18, missing=0.51), True),
        ("OCCUPATION_TYPE", "Laborers", Typical(None, None, None, None, 0.0, 1.0, 0.0), False),
    ],
)
def test_what_is_itself_typical(name: str, value: Value, typical: Typical, is_so: bool) -> None:
    assert is_typical(schema.column(name), value, typical) == is_so


def test_the_method_says_with_how_many_it_compares() -> None:
    assert "from the 2,000 that the cutoff only just approves" in REASONS_METHOD
