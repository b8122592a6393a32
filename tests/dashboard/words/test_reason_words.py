"""What is typical of others, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.words.reason_words import REASONS_METHOD, WordedReason, word_reason, word_typical
from data.home_credit import embedded
from inference.explain.comparison import Typical
from inference.explain.reasons import Reason
from inference.values import Value


def number(low: float | None, high: float | None, *, missing: float = 0.0, sentinel: float | None = None) -> Typical:
    return Typical(low, low, high, None, 0.0, missing, () if sentinel is None else (sentinel,))


def level(name: str, share: float, *, missing: float = 0.0) -> Typical:
    return Typical(None, None, None, name, share, missing)


@pytest.mark.parametrize(
    ("name", "typical", "words"),
    [
        ("AMT_CREDIT", number(270_000.0, 808_650.0), "270,000 to 808,650"),
        ("AMT_CREDIT", number(450_000.0, 450_000.0), "450,000"),
        ("EXT_SOURCE_3", number(0.449, 0.69559), "0.449 to 0.6956"),
        ("EXT_SOURCE_3", number(-1.0, 0.0), "−1 to 0"),
        ("EXT_SOURCE_3", number(0.449, 0.69559, missing=0.2), "0.449 to 0.6956, missing 20 %"),
        # Stored as -19,000 to -12,000: the larger number of days is the older person.
        ("DAYS_BIRTH", number(-18_993.0, -12_784.0), "35 to 52 years"),
        ("DAYS_BIRTH", number(-14_610.0, -14_610.0), "40 years"),
        ("DAYS_EMPLOYED", number(-2_922.0, -366.0, sentinel=0.21), "1 year to 8 years, not employed 21 %"),
        (
            "DAYS_EMPLOYED",
            number(-2_922.0, -731.0, missing=0.3, sentinel=0.21),
            "2 to 8 years, not employed 21 %, missing 30 %",
        ),
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
        ("NAME_INCOME_TYPE", Typical(None, None, None, None, 0.0, 0.0), "–"),
    ],
)
def test_what_is_typical_in_words(name: str, typical: Typical, words: str) -> None:
    assert word_typical(embedded.column(name), typical, embedded.DEFINITION) == words


@pytest.mark.parametrize(("share", "said"), [(0.0, False), (0.004, False), (0.005, False), (0.0051, True), (0.2, True)])
def test_a_share_is_said_where_it_does_not_round_to_nothing(*, share: float, said: bool) -> None:
    missing = word_typical(embedded.column("EXT_SOURCE_3"), number(0.1, 0.2, missing=share), embedded.DEFINITION)
    sentinel = word_typical(
        embedded.column("DAYS_EMPLOYED"), number(-800.0, -731.0, sentinel=share), embedded.DEFINITION
    )
    assert ("missing" in missing, "not employed" in sentinel) == (said, said)
    assert not missing.endswith(" 0 %")
    assert not sentinel.endswith(" 0 %")


def test_the_method_says_with_how_many_it_compares() -> None:
    assert "from the 2,000 that the cutoff only just approves" in REASONS_METHOD


def test_a_reason_in_words() -> None:
    values: dict[str, Value] = {"EXT_SOURCE_3": None, "AMT_CREDIT": 900_000.0}
    found = word_reason(Reason("EXT_SOURCE_3", 0.5), embedded.DEFINITION, values, number(0.449, 0.69559))
    assert found == WordedReason("External score 3", "Missing", "0.449 to 0.6956")
    assert word_reason(Reason("AMT_CREDIT", 0.5), embedded.DEFINITION, values, None) == WordedReason(
        "Credit amount", "900,000", "–"
    )
    assert word_reason(Reason("CNT_CHILDREN", 0.5), embedded.DEFINITION, {"CNT_CHILDREN": 3}, None).mark == "†"
    combined = word_reason(Reason("COMBINATION", 0.5), embedded.DEFINITION, values, None)
    assert combined == WordedReason("A combination of several values", "–", "–")


def test_amounts_carry_the_currency_that_the_definition_names() -> None:
    euros = replace(embedded.DEFINITION, currency="EUR")
    column = embedded.column("AMT_CREDIT")
    assert word_typical(column, number(1_000.0, 2_500.0), euros) == "1,000 to 2,500 EUR"
    assert word_typical(column, number(1_000.0, 1_000.0), euros) == "1,000 EUR"
    assert word_typical(embedded.column("AMT_INCOME_TOTAL"), number(10.0, 20.0), euros) == "10 to 20 EUR a year"
