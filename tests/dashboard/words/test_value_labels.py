from __future__ import annotations

import pytest

from dashboard.words.value_labels import boundary_labels, feature_title, is_descending, value_labels
from data.home_credit import embedded
from inference.explain.contributions import BinKind, ExplainedFeature, ValueBins


def feature(name: str, kind: BinKind, *numbers: float, levels: tuple[str, ...] = ()) -> ExplainedFeature:
    return ExplainedFeature(name, name.title(), 0, 0, ValueBins(kind, levels, numbers))


RANGES, NUMBERS, LEVELS = BinKind.RANGES, BinKind.NUMBERS, BinKind.LEVELS


@pytest.mark.parametrize(
    ("found", "labels", "boundaries"),
    [
        (feature("x", RANGES, 0.1, 0.5, 2.25), ("below 0.5", "0.5 and more", "Missing"), ("0.5",)),
        (feature("x", RANGES, 1.0, 2.0), ("1 to 2", "Missing"), ()),
        (
            feature("AMT_CREDIT", RANGES, 45_000, 250_400, 250_600, 2e6),
            ("below 250,400", "250,400 to 250,600", "250,600 and more", "Missing"),
            ("250,400", "250,600"),
        ),
        (
            feature("DAYS_BIRTH", RANGES, -21_915, -14_610, -10_957.5, -7_305),
            ("below 30", "30 to 40", "40 and more", "Missing"),
            ("30", "40"),
        ),
        (feature("FLAG_DOCUMENT_3", NUMBERS, 0, 1), ("No", "Yes", "Missing"), ()),
        (feature("CNT_CHILDREN", NUMBERS, 0, 1, 3), ("0", "1", "3", "Missing"), ()),
        (feature("x", NUMBERS), ("Missing",), ()),
        (feature("CODE_GENDER", LEVELS, levels=("F", "Not listed")), ("Female", "Not listed", "Missing"), ()),
    ],
)
def test_bins_in_words(found: ExplainedFeature, labels: tuple[str, ...], boundaries: tuple[str, ...]) -> None:
    assert value_labels(found, embedded.DEFINITION) == labels
    assert boundary_labels(found, embedded.DEFINITION) == boundaries
    assert len(labels) == found.bins.size + 1


def test_titles_carry_the_unit() -> None:
    assert feature_title(feature("DAYS_BIRTH", RANGES, -2, -1), embedded.DEFINITION) == "Days_Birth (years)"
    assert feature_title(feature("AMT_CREDIT", RANGES, 1, 2), embedded.DEFINITION) == "Amt_Credit (currency units)"
    assert feature_title(feature("credit_to_income", RANGES, 1, 2), embedded.DEFINITION) == "Credit_To_Income"
    assert is_descending(feature("DAYS_BIRTH", RANGES, -2, -1), embedded.DEFINITION)
    assert not is_descending(feature("AMT_CREDIT", RANGES, 1, 2), embedded.DEFINITION)
