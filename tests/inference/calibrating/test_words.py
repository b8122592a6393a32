"""What is said of a calibration, and what a reader is told of its PDs."""

from __future__ import annotations

import numpy as np

from inference.calibrating.calibrator import Calibrator
from inference.calibrating.curves import IDENTITY, Bands, Knots, LogOddsCurve, ScoreCurve
from inference.calibrating.fitting import Method
from inference.calibrating.out_of_fold import Calibrated, Request, Scored
from inference.calibrating.words import notices, said_of, why_not_affine

_N = 4
ROWS = Scored(
    np.array([0.0, 0.1, 0.2, 0.3]),
    np.array([False, False, True, True]),
    np.ones(_N, dtype=bool),
    np.ones(_N, dtype=bool),
    np.zeros(_N, dtype=np.uint8),
)


def made(calibrator: Calibrator, prior_shift: float | None = None) -> Calibrated:
    """What a calibrator makes of `ROWS`, all of them fitted."""
    pds = calibrator.pds(ROWS.scores)
    return Calibrated(calibrator, pds, ROWS.is_resolved, 2, 0.5, float(pds.mean()), prior_shift)


def test_a_model_says_how_it_was_made() -> None:
    platt = Calibrator(Method.PLATT, LogOddsCurve(-0.25, 1.125, 1.125), -0.5, 0.0005)
    request = Request(Method.PLATT, target_rate=0.03, floor=0.0005)
    assert said_of("champion", made(platt), request, ("region=north",)) == (
        "Platt's line of champion (1.125 × log-odds − 0.25); fitted out of fold on 4 applications; of the cohort "
        "region=north; to a mean PD of 3 % by a shift of −0.5 in log-odds; no PD below 0.05 %."
    )
    shift = Calibrator(Method.TARGET, IDENTITY, -0.5)
    assert said_of("other", made(shift), Request(Method.TARGET, target_rate=0.03), ()) == (
        "Shift of log-odds of other by −0.5; to a mean PD of 3 %."
    )
    points = Calibrator(Method.PLATT, ScoreCurve(3.0, -0.01))
    assert said_of("points", made(points), Request(Method.PLATT), ()).startswith(
        "Platt's line of points (−0.01 × score + 3)"
    )


def test_ties_of_a_floor_are_counted() -> None:
    calibrator = Calibrator(Method.TARGET, IDENTITY, 0.0, 0.15)
    told = notices(ROWS, made(calibrator), Request(Method.TARGET, target_rate=0.3, floor=0.15))
    assert any(each.startswith("2 of 4 applications share the floor of 15 %") for each in told)
    assert any("1 of 4 scores are surer than one in a million" in each for each in told)


def test_ties_and_ends_of_an_isotonic_curve_are_counted() -> None:
    calibrator = Calibrator(Method.ISOTONIC, Knots((0.1, 0.2, 0.3), (0.0, 1.0, 1.0)))
    told = notices(ROWS, made(calibrator), Request(Method.ISOTONIC))
    assert "Ties: 4 different scores become 2 different PDs; what ties has no order any more." in told
    assert "2 of 4 applications get a PD of 0, which no application has; give a floor." in told
    assert "2 of 4 applications get a PD of 1." in told


def test_bands_are_checked_for_rates_that_fall() -> None:
    rising = Calibrator(Method.GRADES, Bands((0.15,), (0.1, 0.2)))
    assert "Default rates rise over all 2 bands." in notices(ROWS, made(rising), Request(Method.GRADES))
    falling = Calibrator(Method.GRADES, Bands((0.5, 1.5), (0.1, 0.05, 0.2), ("A", "B", "C")))
    told = notices(ROWS, made(falling), Request(Method.GRADES))
    assert any("lower than in the next safer band in B (5 %)" in each for each in told)


def test_a_target_says_what_bayes_rule_would_be() -> None:
    told = notices(
        ROWS, made(Calibrator(Method.TARGET, IDENTITY, -0.5), -0.75), Request(Method.TARGET, target_rate=0.1)
    )
    assert any("shift of −0.5 in" in each and "would be −0.75." in each for each in told)


def test_contributions_stay_exact_on_a_line_alone() -> None:
    assert why_not_affine(Calibrator(Method.PLATT, LogOddsCurve(0.0, 1.2, 1.2), 0.3)) == ""
    assert "floor" in why_not_affine(Calibrator(Method.PLATT, LogOddsCurve(0.0, 1.2, 1.2), 0.3, 0.001))
    assert "no line" in why_not_affine(Calibrator(Method.BETA, LogOddsCurve(0.0, 1.2, 1.1)))
