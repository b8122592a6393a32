"""Shift, floor and the file of a calibrator; shifts worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import orjson
import pytest

from inference.calibrating.calibrator import (
    Calibrator,
    Lineage,
    bisect,
    of_json,
    prior_shift,
    solve_shift,
    to_json,
)
from inference.calibrating.curves import IDENTITY, Bands, Curve, Knots, LogOddsCurve, ScoreCurve, logit
from inference.calibrating.errors import CalibrationError
from inference.calibrating.fitting import Method

LINEAGE = Lineage("champion", "0" * 64, ("region=north",), 900, 100, 0.1, 0.03, "folds of the predictions", 0.03, -1.2)


def test_one_pd_for_all_moves_by_the_difference_of_log_odds() -> None:
    # From 10 % to 5 %: ln(5/95) - ln(10/90) = ln(0.4737) = -0.7472.
    shift = solve_shift(logit(np.full(4, 0.1)), 0.05)
    assert shift == pytest.approx(math.log(5 / 95) - math.log(10 / 90), abs=1e-12)
    assert prior_shift(0.1, 0.05) == pytest.approx(shift, abs=1e-12)


def test_two_pds_reach_the_mean_that_their_quadratic_gives() -> None:
    # PDs of 20 % and 50 % have odds of 1/4 and 1. With s = e^shift their mean is 0.25 where
    # s/(4+s) + s/(1+s) = 0.5, so 1.5 s^2 + 2.5 s - 2 = 0 and s = (-2.5 + sqrt(18.25)) / 3.
    s = (-2.5 + math.sqrt(18.25)) / 3
    shift = solve_shift(logit(np.array([0.2, 0.5])), 0.25)
    assert shift == pytest.approx(math.log(s), abs=1e-12)
    assert Calibrator(Method.TARGET, IDENTITY, shift).pds(np.array([0.2, 0.5])) == pytest.approx(
        [s / (4 + s), s / (1 + s)], abs=1e-12
    )
    # Bayes' rule answers another question: among applications of which 25 % default.
    assert prior_shift(0.35, 0.25) == pytest.approx(math.log(0.25 / 0.75) - math.log(0.35 / 0.65))


def test_the_mean_is_weighted_and_counts_the_floor() -> None:
    pds, weights = np.array([0.001, 0.02, 0.3]), np.array([5.0, 2.0, 1.0])
    shift = solve_shift(logit(pds), 0.04, floor=0.0005, weights=weights)
    moved = Calibrator(Method.TARGET, IDENTITY, shift, 0.0005).pds(pds)
    assert np.average(moved, weights=weights) == pytest.approx(0.04, abs=1e-14)


def test_a_target_below_the_floor_is_refused() -> None:
    with pytest.raises(CalibrationError, match=r"between 0\.01 and 1"):
        solve_shift(logit(np.array([0.1, 0.2])), 0.005, floor=0.01)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 3.0])
def test_a_rate_is_between_0_and_1(rate: float) -> None:
    with pytest.raises(CalibrationError, match=r"write 0\.03 for 3 %"):
        solve_shift(logit(np.array([0.1])), rate)


def test_the_floor_holds_and_changes_nothing_above() -> None:
    calibrator = Calibrator(Method.TARGET, IDENTITY, 0.0, 0.0005)
    assert calibrator.pds(np.array([0.0, 0.0004, 0.0006])) == pytest.approx([0.0005, 0.0005, 0.0006], rel=1e-12)
    with pytest.raises(CalibrationError, match="--floor 1"):
        Calibrator(Method.TARGET, IDENTITY, 0.0, 1.0)


def test_a_line_on_log_odds_is_affine_until_it_has_a_floor() -> None:
    platt, beta = LogOddsCurve(0.1, 0.9, 0.9), LogOddsCurve(0.1, 0.9, 0.8)
    assert Calibrator(Method.PLATT, platt).is_affine
    assert not Calibrator(Method.PLATT, platt, 0.0, 0.01).is_affine
    assert not Calibrator(Method.BETA, beta).is_affine
    assert Calibrator(Method.BETA, beta).keeps_order
    assert not Calibrator(Method.ISOTONIC, Knots((0.1, 0.2), (0.0, 0.1))).keeps_order


@pytest.mark.parametrize(
    "curve",
    [
        LogOddsCurve(0.1, 0.9, 0.8),
        ScoreCurve(3.0, -0.01),
        Knots((0.1, 0.2), (0.0, 0.1)),
        Bands((0.5, 1.5), (0.01, 0.02, 0.3), ("A", "B", "C")),
    ],
)
def test_the_file_gives_the_calibrator_back(curve: Curve) -> None:
    calibrator = Calibrator(Method.GRADES, curve, -0.3, 0.0005)
    assert of_json(to_json(calibrator, LINEAGE)) == (calibrator, LINEAGE)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"shift": "much"},
        {"curve": {"kind": "spline"}},
        {"curve": {"kind": "knots", "scores": [0.2, 0.1], "pds": [0.0, 0.1]}},
        {"floor": 2.0},
        {"more": 1},
    ],
)
def test_another_file_is_refused(change: dict[str, object]) -> None:
    told = orjson.loads(to_json(Calibrator(Method.PLATT, IDENTITY), LINEAGE)) | change
    with pytest.raises(CalibrationError):
        of_json(orjson.dumps(told))
    for content in (b"", b"[]", b"{}"):
        with pytest.raises(CalibrationError, match="cannot be read"):
            of_json(content)


def test_bisection_ends_at_neighbouring_numbers() -> None:
    found = bisect(lambda x: x * x < 2, 0.0, 2.0)
    assert found == pytest.approx(math.sqrt(2), abs=4e-16)
