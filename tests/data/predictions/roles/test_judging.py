"""What the numbers of a score are, and who has the higher ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data.predictions.roles.judging import judge_score, other_unit, ranking

RNG = np.random.default_rng(5)
LOG_ODDS = np.round(RNG.normal(-2, 1.2, 600), 4)
PD = 1 / (1 + np.exp(-LOG_ODDS))
BAD = pl.Series((RNG.random(600) < PD) * 1.0)
POINTS = np.round(600 - 29 * LOG_ODDS).astype(int)


def _words(name: str, values: Any, outcomes: pl.Series | None = BAD) -> tuple[str, ...]:
    verdict = judge_score(pl.Series(name, values), outcomes)
    return () if verdict is None else verdict.words


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("pd", PD, ("probability",)),
        ("probability", 1 - PD, ("probability",)),
        ("prob_good", 1 - PD, ("probability-of-good",)),
        ("prob_good", PD, ("probability-of-good", "probability")),
        ("prob_good", 100 - 100 * PD, ("percent-of-good",)),
        ("pd", 100 * PD, ("percent",)),
        ("pd", [f"{100 * p:.2f} %" for p in PD], ("percent",)),
        ("score", 100 * PD, ("percent", "risk-score", "points")),
        ("logit", LOG_ODDS, ("log-odds",)),
        ("score", LOG_ODDS, ("log-odds", "risk-score")),
        ("score", -LOG_ODDS, ("log-odds-of-good", "points")),
        ("score", POINTS, ("points",)),
        ("score", -POINTS + 1_500, ("risk-score", "points")),
        ("prediction", (PD > 0.3) * 1, ()),
        ("score", ["high"] * 600, ()),
    ],
)
def test_values_and_outcomes_say_what_a_score_is(name: str, values: Any, words: tuple[str, ...]) -> None:
    assert _words(name, values) == words


def test_without_outcomes_a_direction_is_open() -> None:
    assert _words("score", POINTS, None) == ("points", "risk-score")
    assert _words("score", LOG_ODDS, None) == ("log-odds", "risk-score", "log-odds-of-good", "points")
    assert _words("prob_good", 1 - PD, None) == ("probability-of-good", "probability")


def test_the_ranking_is_that_of_scikit_learn_over_rows_that_have_both() -> None:
    scores = pl.Series(np.where(np.arange(600) % 7 == 0, np.nan, np.round(PD, 2)))
    outcomes = BAD.set(pl.Series(np.arange(600) % 5 == 0), None)
    both = scores.is_not_nan() & outcomes.is_not_null()
    found = ranking(scores, outcomes)
    assert found is not None
    assert found[0] == pytest.approx(roc_auc_score(outcomes.filter(both), scores.filter(both)), abs=1e-12)
    assert ranking(scores, outcomes * 0) is None


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        # 0.42 % or 42 %: the name alone does not say.
        ("pd_pct", [0.42, 0.85, 0.11], ("percent", "probability")),
        ("PD (%)", [0.42, 0.85, 0.11], ("percent", "probability")),
        ("pd_prozent", [0.42, 8.5, 11.0], ("percent",)),
        ("pd_new", [0.42, 8.5, 11.0], ("percent", "risk-score", "points")),
        ("pd_bps", [11, 42, 85], ("risk-score", "points")),
        ("pd_decile", [1, 5, 10], ("risk-score", "points")),
        ("pd_odds", [0.1, 0.2, 2.5], ("risk-score", "points")),
        ("pd_odds", [0.1, 0.2, 0.5], ("risk-score", "points")),
        ("logit", [0.5, 2.5, 3.5], ("log-odds", "log-odds-of-good")),
        ("log_odds", [-2.5, 2.5, 3.5], ("log-odds", "log-odds-of-good")),
        ("logit", [0.1, 0.2, 0.5], ("probability", "log-odds")),
        ("y_pred_proba_0", [0.9, 0.8, 0.5], ("probability-of-good", "probability")),
    ],
)
def test_numbers_that_may_be_of_another_unit_are_asked_about(name: str, values: Any, words: tuple[str, ...]) -> None:
    assert _words(name, values, None) == words


@pytest.mark.parametrize("name", ["score", "y_pred", "yscore"])
def test_a_share_that_ranks_the_other_way_is_a_pd_by_its_name_only(name: str) -> None:
    assert _words(name, 1 - PD) == ("probability-of-good", "probability")
    assert _words(name, PD) == ("probability",)
    assert _words("pd_new", 1 - PD) == ("probability",)


def test_an_infinite_cell_does_not_change_what_the_others_are() -> None:
    assert _words("logit", [-np.inf, *LOG_ODDS[1:]]) == ("log-odds",)
    assert _words("score", [np.inf, *POINTS[1:]]) == ("points",)
    assert _words("score", [np.inf] * 300 + [0.5] * 300) == ()


def test_the_unit_that_a_name_says_is_worded() -> None:
    assert other_unit("pd_bps") == "basis points; divide by 10,000 to have PDs"
    assert other_unit("log_odds") == other_unit("pd") == ""
