"""Perfect separation is suspected, good separation and small cohorts are not."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.counts import exact_counts
from dashboard.metrics.leakage import suspect_leakage

OUTCOME = np.arange(2_000) < 160


def test_perfect_separation_is_suspected() -> None:
    said = suspect_leakage(exact_counts(OUTCOME, np.where(OUTCOME, 0.9, 0.1)))
    assert said.startswith(
        "Suspect leakage: the scores separate defaults from non-defaults completely, with an AUC of 1."
    )


def test_scores_the_other_way_round_are_suspected_too() -> None:
    said = suspect_leakage(exact_counts(OUTCOME, np.where(OUTCOME, 0.1, 0.9)))
    assert "completely (the other way round), with an AUC of 0.000" in said


def test_nearly_perfect_separation_is_not_called_complete() -> None:
    # One of 160 defaults ranks below 16 of 1,840 non-defaults: 1 - 16 / (160 x 1,840) = 0.99995.
    score = np.where(OUTCOME, 0.9, np.where(np.arange(2_000) < 176, 0.2, 0.1))
    score[0] = 0.15
    said = suspect_leakage(exact_counts(OUTCOME, score))
    assert "almost completely, with an AUC of 0.999." in said


@pytest.mark.parametrize("n_bad", [1, 2, 5])
def test_few_defaults_on_top_are_no_ground(n_bad: int) -> None:
    outcome = np.arange(60) < n_bad
    assert suspect_leakage(exact_counts(outcome, np.where(outcome, 0.9, 0.1))) == ""


def test_a_good_score_is_no_ground() -> None:
    rng = np.random.default_rng(2)
    logit = np.where(OUTCOME, 0.0, -2.0) + rng.normal(0, 1, OUTCOME.size)  # AUC about 0.92
    assert suspect_leakage(exact_counts(OUTCOME, 1 / (1 + np.exp(-logit)))) == ""


def test_one_outcome_is_no_ground() -> None:
    assert suspect_leakage(exact_counts([0, 0], [0.1, 0.2])) == ""
