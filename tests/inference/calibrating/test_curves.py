"""Curves from a score to a PD, with values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inference.calibrating.curves import IDENTITY, Bands, Knots, LogOddsCurve, ScoreCurve, expit, logit


def test_log_odds_curve_is_the_beta_family() -> None:
    # c + a ln p - b ln(1 - p) at p = 0.2: 0.5 + 2 ln 0.2 - 3 ln 0.8.
    curve = LogOddsCurve(0.5, 2.0, 3.0)
    assert curve.log_odds(np.array([0.2]))[0] == pytest.approx(0.5 + 2 * math.log(0.2) - 3 * math.log(0.8), abs=1e-15)
    assert not curve.is_affine
    assert LogOddsCurve(0.5, 2.0, 2.0).log_odds(np.array([0.2]))[0] == pytest.approx(
        0.5 + 2 * math.log(0.25), abs=1e-15
    )


def test_identity_gives_every_pd_back() -> None:
    pds = np.array([1e-6, 0.0005, 0.08, 0.5, 0.999])
    assert expit(IDENTITY.log_odds(pds)) == pytest.approx(pds, rel=1e-12)


def test_certain_pds_are_taken_as_one_in_a_million() -> None:
    ends = IDENTITY.log_odds(np.array([0.0, 1.0]))
    assert ends == pytest.approx([math.log(1e-6 / (1 - 1e-6)), -math.log(1e-6 / (1 - 1e-6))], abs=1e-9)


def test_score_curve_is_a_line_in_points() -> None:
    # 20 points double the odds of repayment: from 600 to 620 the odds of default halve.
    curve = ScoreCurve(intercept=0.0, slope=-math.log(2) / 20)
    odds = np.exp(curve.log_odds(np.array([600.0, 620.0])))
    assert odds[0] / odds[1] == pytest.approx(2.0, abs=1e-12)


def test_knots_are_joined_by_lines_and_level_beyond() -> None:
    curve = Knots((0.1, 0.2, 0.6), (0.0, 0.05, 0.25))
    pds = expit(curve.log_odds(np.array([0.05, 0.1, 0.15, 0.2, 0.4, 0.6, 0.9])))
    assert pds == pytest.approx([0.0, 0.0, 0.025, 0.05, 0.15, 0.25, 0.25], abs=1e-15)


def test_a_score_at_an_edge_belongs_to_the_band_above() -> None:
    curve = Bands((0.1, 0.2), (0.01, 0.1, 0.5))
    assert curve.places(np.array([0.0, 0.1, 0.15, 0.2, 1.0])).tolist() == [0, 1, 1, 2, 2]
    assert expit(curve.log_odds(np.array([0.0999, 0.1, 0.2]))) == pytest.approx([0.01, 0.1, 0.5], abs=1e-15)


@pytest.mark.parametrize(
    ("scores", "pds"), [((0.2, 0.1), (0.1, 0.2)), ((0.1, 0.2, 0.3), (0.1, 0.3, 0.2)), ((0.1,), (1.5,)), ((), ())]
)
def test_knots_that_are_no_monotone_curve_are_refused(scores: tuple[float, ...], pds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="knots"):
        Knots(scores, pds)


def test_bands_need_one_pd_each() -> None:
    with pytest.raises(ValueError, match="edges"):
        Bands((0.1,), (0.1, 0.2, 0.3))
    with pytest.raises(ValueError, match="grade"):
        Bands((0.5,), (0.1, 0.2), ("A",))


def test_logistic_function_and_its_inverse_at_the_ends() -> None:
    assert logit(np.array([0.0, 0.5, 1.0])).tolist() == [-math.inf, 0.0, math.inf]
    assert expit(np.array([-math.inf, -800.0, 0.0, 800.0, math.inf])).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
