"""The catalogue of figures: one meaning a name, labels and help that say what is assumed, words as on the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.evaluation import Evaluation
from dashboard.report import catalogue
from dashboard.visit.assumptions import BETA, LGD, assume

METRICS = [metric for metrics in catalogue.PAGES.values() for metric in metrics]
FOUR = exact_counts([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], [1, 1, 1, 1])


@pytest.mark.parametrize("counts", [FOUR, exact_counts([0, 0], [0.1, 0.2]), ScoreCounts.empty()])
def test_a_name_has_one_value_wherever_it_stands(counts: ScoreCounts) -> None:
    found = Evaluation(counts, assume(0.25))
    by_name = {metric.name: metric.of(found) for metric in METRICS}
    assert all(metric.of(found) == by_name[metric.name] for metric in METRICS)


def test_every_defined_figure_can_be_worded() -> None:
    found = Evaluation(FOUR, assume(0.25))
    for metric in METRICS:
        value = metric.of(found).value
        assert value is None or metric.word(value)


def test_figures_that_the_cutoff_changes_are_marked() -> None:
    counts = exact_counts([0, 1, 0, 0, 1], [0.1, 0.2, 0.3, 0.5, 0.4], [1, 2, 3, 4, 5])
    at = [Evaluation(counts, assume(cutoff)) for cutoff in (0.0, 0.15, 0.25, 0.45, 1.0)]
    moved = {metric.name for metric in METRICS if len({metric.of(each) for each in at}) > 1}
    # Which cutoff is the best one does not depend on the one in force, as long as that can be set.
    best = {"best_cutoff_by_cost", "best_cutoff_by_profit"}
    assert {metric.name for metric in METRICS if metric.at_cutoff} == moved | best


def test_labels_and_help_say_what_is_assumed() -> None:
    given = replace(assume(0.25), beta=0.5, n_groups=7)
    f_beta = next(metric for metric in METRICS if metric.name == "f_beta")
    assert f_beta.label_under(given) == "F-beta (β = 0.5)"
    assert "over 7 groups" in catalogue.CALIBRATION_ERROR.help_under(given)
    assert "at an LGD of 45 %" in catalogue.EXPECTED_LOSS.help_under(given)


def test_at_the_ks_means_at_its_cutoff() -> None:
    found = Evaluation(FOUR, assume(0.9))
    # From 40 % on half of the defaults are declined and no other; from 20 % on all, and half of the others.
    assert (found.ks.statistic.value, found.ks.cutoff) == (0.5, 0.2)
    assert [metric.of(found).value for metric in catalogue.AT_KS] == [1.0, 0.5]


def test_assumptions_take_the_values_that_are_given() -> None:
    given = assume(0.1, lambda parameter: {LGD: 0.7, BETA: 3.0}.get(parameter, parameter.default))
    assert (given.cutoff, given.terms.lgd, given.beta) == (0.1, 0.7, 3.0)
    assert (given.costs.false_approval, given.costs.false_decline, given.terms.margin) == (10, 1, 0.05)


def test_a_loss_is_said_in_the_portfolio_s_currency() -> None:
    loss = catalogue.in_currency(catalogue.EXPECTED_LOSS, "EUR")
    assert loss.word(1_234_567.0) == "1.23 M EUR"
    assert "x exposure in EUR, at an LGD" in loss.help
    assert catalogue.in_currency(catalogue.EXPECTED_LOSS, "").help == catalogue.EXPECTED_LOSS.help
