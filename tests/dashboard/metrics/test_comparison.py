"""Every figure's difference is the first cohort's figure less the second's, however the two overlap."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.comparison import Comparison
from dashboard.metrics.counts import exact_counts
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.report import catalogue

GIVEN = Assumptions(0.09, Costs(10.0, 1.0), Terms(0.1, 0.45, 1.0), beta=2.0, n_groups=10)
# Of rows at places from 0 to 1, the ends of the first and of the second cohort.
SHAPES = {"disjoint": ((0.0, 0.4), (0.4, 1.0)), "part": ((0.0, 0.4), (0.0, 1.0)), "overlap": ((0.0, 0.6), (0.2, 1.0))}
METRICS = [each for page in catalogue.PAGES.values() for each in page]


@pytest.mark.parametrize("shape", SHAPES)
def test_differences_are_those_of_the_figures(shape: str) -> None:
    rng = np.random.default_rng(9)
    pd, exposure = np.round(rng.beta(1.2, 13.6, 3_000), 3).clip(0.001, 0.6), rng.lognormal(10, 0.5, 3_000)
    outcome, place = rng.random(3_000) < pd, rng.random(3_000)
    first, second = ((low <= place) & (place < high) for low, high in SHAPES[shape])
    rows = (first, second, first & second)
    own, other, shared = (exact_counts(outcome[each], pd[each], exposure[each]) for each in rows)
    found = Comparison("B", Evaluation(own, GIVEN), Evaluation(other, GIVEN), shared if shared.n_applications else None)
    compared = [each for each in METRICS if each.difference is not None]
    assert len(compared) >= 25
    for each in compared:
        assert each.difference
        estimate = each.difference(found)
        wanted = (each.of(found.own).value or 0) - (each.of(found.other).value or 0)
        assert estimate.value == pytest.approx(wanted, abs=1e-9), each.name
        # Known PDs have no interval, and an error that is biased upwards none either.
        assert (estimate.low is None) is (each.name in ("mean_pd", "ece")), each.name


def test_sums_and_what_is_best_looking_back_have_no_difference() -> None:
    without = {each.name for each in METRICS if each.difference is None}
    assert without == {
        "expected_loss",
        "approved_loss",
        "recall_at_ks",
        "false_positive_rate_at_ks",
        *(f"best_{name}" for name in ("cost", "profit", "cutoff_by_cost", "cutoff_by_profit")),
        "break_even_by_cost",
        "break_even_by_profit",
    }


def test_another_cutoff_is_another_comparison_of_the_same_cohorts() -> None:
    one, two = (
        Evaluation(exact_counts(outcome, [0.05, 0.1, 0.2, 0.3]), GIVEN) for outcome in ([0, 0, 1, 1], [0, 1, 0, 1])
    )
    found = Comparison("B", one, two)
    assert catalogue.BAD_RATE.difference
    # At 9 % one application is approved on either side; at 15 % two, of which one of the second's defaulted.
    assert catalogue.BAD_RATE.difference(found).value == 0.0
    assert catalogue.BAD_RATE.difference(found.at(0.15)).value == -0.5


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        (catalogue.DEFAULT_RATE, -0.0123, "−1.23 points"),
        (catalogue.ROC_AUC, 0.0216, "+0.022"),
        (catalogue.ROC_AUC, -0.0001, "+0.000"),
        (catalogue.DEFAULTS_DECLINED, 0.0123, "+1.2 points"),
    ],
)
def test_differences_carry_their_sign(metric: catalogue.Metric, value: float, words: str) -> None:
    assert metric.word_difference(value) == words
