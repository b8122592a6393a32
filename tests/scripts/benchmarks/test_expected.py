"""What screens must show, worked out by hand, and a larger portfolio to show it of."""

from __future__ import annotations

import polars as pl

from scripts.benchmarks.browser import metric
from scripts.benchmarks.expected import Portfolio
from scripts.benchmarks.scaled import JITTER, scaled

# Five applications; the second and third have the same PD, the last one that of the cutoff 0.5.
FRAME = pl.DataFrame(
    {
        "application_id": [11, 12, 13, 14, 15],
        "is_default": [False, True, False, False, True],
        "default_probability": [0.0625, 0.25, 0.25, 0.125, 0.5],
        "kind": ["a", "a", "b", "b", "b"],
    },
    schema_overrides={"application_id": pl.Int32},
)


def test_expected_numbers_are_those_worked_out_by_hand() -> None:
    portfolio = Portfolio(FRAME)
    assert portfolio.applications() == metric("Applications", "5")
    assert portfolio.applications("kind", ["a"]) == metric("Applications", "2")
    assert portfolio.default_rate("kind", ["b"]) == metric("Default rate", "33.33 %")
    assert portfolio.approval(2_500) == metric("Approval rate", "40.00 %")
    assert portfolio.approval(2_501) == metric("Approval rate", "80.00 %")
    assert portfolio.declined_share("bad", 2_501) == "50.0 %"
    assert portfolio.declined_share("good", 2_500) == "33.3 %"
    assert portfolio.defaults_among_declined(1_250) == "50.0 %"
    # At 0.25, true declines 2, false approvals 0, false declines 1, true approvals 2.
    *cards, matrix = portfolio.decisions(2_500)
    assert cards[:3] == [metric("Recall", "100.00 %"), metric("Precision", "66.67 %"), metric("Specificity", "66.67 %")]
    assert cards[3:] == [
        metric("Approval rate", "40.00 %"),
        metric("Bad rate", "0.00 %"),
        metric("Accuracy", "80.00 %"),
    ]
    assert [number for _, number in matrix.parts] == ["2", "0", "1", "2"]
    # From 0.25 on both defaults and one of three others are declined.
    assert portfolio.widest_gap == 0.25
    assert portfolio.share_beyond_gap("bad") == "100.0 %"
    assert portfolio.share_beyond_gap("good") == "33.3 %"
    assert portfolio.cohort_line().parts == ((".bar-lines > span", "5 of 5 (100.0 %), 2 defaults"),)


def test_a_larger_portfolio_has_ids_of_its_own_and_pds_a_little_off() -> None:
    large = scaled(FRAME, 12, seed=3).collect()
    assert large.height == 12
    assert large["application_id"].n_unique() == 12
    assert large.schema == FRAME.schema
    assert large.head(5).equals(FRAME)
    ratios = (large[5:10]["default_probability"] / FRAME["default_probability"]).to_list()
    assert all(1 - JITTER <= ratio <= 1 + JITTER for ratio in ratios)
    assert len(set(ratios)) > 1
