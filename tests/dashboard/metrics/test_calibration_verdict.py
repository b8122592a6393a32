"""The verdict on calibration: portfolios made by hand, of which a reader would say at once what is wrong with them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from dashboard.metrics.calibration import expected_calibration_error
from dashboard.metrics.calibration_fit import calibration_in_the_large, calibration_slope
from dashboard.metrics.calibration_tests import (
    BandVerdict,
    calibration_by_band,
    hosmer_lemeshow_test,
    spiegelhalter_test,
)
from dashboard.metrics.calibration_verdict import Standing, calibration_verdict
from dashboard.metrics.counts import ScoreCounts, exact_counts


def made(*groups: tuple[float, int, int]) -> ScoreCounts:
    """A cohort of groups, each given as PD, applications and defaults."""
    pds = np.concatenate([np.full(n, pd) for pd, n, _ in groups])
    return exact_counts(np.concatenate([np.arange(n) < bad for _, n, bad in groups]), pds)


def drawn(shift: float, n_rows: int, seed: int = 14, slope: float = 1.0) -> ScoreCounts:
    """A cohort whose PDs are off: their logits are `slope` times the true ones plus `shift`."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-2.7, 0.9, n_rows)
    outcome = rng.random(n_rows) < 1 / (1 + np.exp(-logit))
    return exact_counts(outcome, 1 / (1 + np.exp(-(slope * (logit + 2.7) - 2.7 + shift))))


# 30,000 applications in each of six groups, one a risk band, that default exactly as their PDs say.
RIGHT = tuple((pd, 30_000, round(30_000 * pd)) for pd in (0.01, 0.03, 0.06, 0.11, 0.22, 0.4))


@pytest.mark.parametrize(
    ("counts", "standing"),
    [
        (made(*RIGHT), Standing.CALIBRATED),
        (drawn(0.0, 100_000, seed=1), Standing.CALIBRATED),
        (drawn(0.1, 100_000), Standing.OFF),  # 10 % too high
        (drawn(2.4, 100_000), Standing.UNCALIBRATED),  # what class weights of 11:1 do
        (drawn(2.4, 200), Standing.UNCALIBRATED),
        (drawn(-1.0, 100_000), Standing.UNCALIBRATED),
        (drawn(0.0, 100_000, slope=2.5), Standing.UNCALIBRATED),  # too sure of itself
        (drawn(0.0, 60), Standing.OPEN),
        (exact_counts([0, 0], [0.1, 0.2]), Standing.OPEN),
        (exact_counts([0] * 20_000, [0.35] * 20_000), Standing.UNCALIBRATED),
        (exact_counts([0] * 400, [0.5] * 400), Standing.UNCALIBRATED),
        (ScoreCounts.empty(), Standing.OPEN),
        # A relative error of nearly a quarter, of more and of less.
        (made((0.08, 100_000, 9_900)), Standing.OFF),
        (made((0.08, 100_000, 10_100)), Standing.UNCALIBRATED),
        (made((0.08, 100_000, 8_800)), Standing.OFF),
        (made((0.08, 100_000, 8_300)), Standing.CLOSE),
        # The same error where chance explains it: 86 defaults for 80, with an interval of 70 to 105.
        (made((0.08, 1_000, 86)), Standing.OPEN),
        # 3,000 applications at 4 % of which 9 % default: alone, as a tenth of the cohort, and as a tenth of 3,000.
        (made((0.04, 3_000, 270)), Standing.UNCALIBRATED),
        (made((0.04, 3_000, 270), (0.1, 27_000, 2_700)), Standing.OFF),
        (made((0.04, 300, 27), (0.085, 2_700, 230)), Standing.OFF),
    ],
)
def test_standing(counts: ScoreCounts, standing: Standing) -> None:
    assert calibration_verdict(counts).standing is standing


def off_in_places() -> ScoreCounts:
    # Right on the whole (655 defaults for 628), like self-employed people with large credits: the third band is off by
    # a quarter, two more slightly, the test rejects, and the error is above what chance gives.
    return made(
        (0.0148, 559, 10),
        (0.0301, 1_377, 31),
        (0.0575, 1_874, 135),
        (0.113, 1_558, 195),
        (0.2203, 917, 176),
        (0.4075, 226, 108),
    )


def test_a_cohort_that_is_right_on_the_whole_and_off_in_places_is_not_praised() -> None:
    counts = off_in_places()
    words = [band.verdict for band in calibration_by_band(counts)]
    assert words[2:] == [BandVerdict.LOW, BandVerdict.IN_LINE, BandVerdict.SLIGHTLY_HIGH, BandVerdict.SLIGHTLY_LOW]
    assert (hosmer_lemeshow_test(counts).p_value.value or 1.0) < 0.05
    error = expected_calibration_error(counts)
    assert (error.error.value or 0.0) > error.noise_high
    found = calibration_verdict(counts)
    assert found.standing is Standing.OFF
    assert found.is_doubtful
    assert found.message.startswith(
        "PDs fit overall (the mean PD is 9.64 % where 10.06 % defaulted), but not in bands C, E, F: "
        "3 of 6 risk bands are off; groups by PD are off by "
    )
    assert "Hosmer-Lemeshow (p " in found.message


def test_of_small_errors_beyond_chance_the_two_largest_are_named_once() -> None:
    # 3 % more defaults than the PDs say, in every band of 180,000 applications: effects lead, and the tests,
    # which reject, are not among the two.
    found = calibration_verdict(made(*((pd, n, round(1.03 * bad)) for pd, n, bad in RIGHT)))
    assert found.standing is Standing.CLOSE
    assert not found.is_doubtful
    start, _, named = found.message.partition(": ")
    assert start.startswith("PDs fit overall, but not in bands ")
    assert "3 % more default than they say (14.25 % for 13.83 %)" in named
    assert len(named.split("; ")) == 2
    assert "Hosmer-Lemeshow" not in named
    assert found.message.count("14.25 %") == 1


def rejecting(counts: ScoreCounts) -> set[str]:
    """What of the page rejects right PDs, from the figures themselves."""
    error, bands = expected_calibration_error(counts), calibration_by_band(counts)
    slope, ratio = calibration_slope(counts).slope, calibration_in_the_large(counts).ratio
    rejects = {
        "level": not (ratio.low or 0) <= 1 <= (ratio.high or 0),
        "slope": not (slope.low or 0) <= 1 <= (slope.high or 0),
        "error": (error.error.value or 0.0) > error.noise_high,
        "band": any(band.verdict not in (BandVerdict.IN_LINE, BandVerdict.TOO_FEW) for band in bands),
        "Hosmer-Lemeshow": bool(hosmer_lemeshow_test(counts, n_groups=20).rejects),
        "Spiegelhalter": bool(spiegelhalter_test(counts).rejects),
    }
    return {name for name, is_rejected in rejects.items() if is_rejected}


def test_pds_fit_only_where_nothing_rejects() -> None:
    alone = set()
    for seed in range(250):
        counts = drawn(0.0, 9_000, seed=seed)
        found, against = calibration_verdict(counts), rejecting(counts)
        assert (found.standing is Standing.CALIBRATED) == (not against), (seed, against)
        assert found.message.startswith("PDs fit: ") == (not against)
        alone |= against if len(against) == 1 else set()
    # Each kind of evidence was at least once the only one.
    assert alone == {"level", "slope", "error", "band", "Hosmer-Lemeshow", "Spiegelhalter"}


def test_the_verdict_is_on_the_groups_of_the_page() -> None:
    counts = off_in_places()
    for n_groups in (5, 20):
        error = expected_calibration_error(counts, n_groups=n_groups)
        checks = calibration_verdict(counts, n_groups=n_groups).checks
        assert any(f"off by {100 * (error.error.value or 0):.2f} points" in check.words for check in checks)


def test_praise_stands_only_where_no_check_is_beyond_chance() -> None:
    rng = np.random.default_rng(8)
    for seed in range(60):
        counts = drawn(rng.normal(0, 0.15), 8_000, seed=seed, slope=rng.normal(1, 0.1))
        found = calibration_verdict(counts)
        if found.standing is Standing.CALIBRATED:
            assert not any(check.beyond_chance or check.rejects for check in found.checks)
        if found.standing is Standing.CLOSE:
            assert any(check.beyond_chance or check.rejects for check in found.checks)
            assert not any(check.is_against for check in found.checks)
        assert found.message.count("groups by PD are off by") <= 1


def test_right_pds_are_seldom_said_to_be_off() -> None:
    found = Counter(
        calibration_verdict(drawn(0.0, n, seed=s)).standing for n in (300, 1_000, 5_000) for s in range(200)
    )
    assert found[Standing.UNCALIBRATED] <= 0.03 * 600
    assert found[Standing.OFF] + found[Standing.UNCALIBRATED] <= 0.07 * 600


def test_pds_off_by_a_fifth_are_nearly_always_said_to_be() -> None:
    found = Counter(calibration_verdict(drawn(-0.2, 10_000, seed=s)).is_doubtful for s in range(100))
    assert found[True] >= 95


def test_message_gives_the_figures() -> None:
    found = calibration_verdict(exact_counts([1] * 100 + [0] * 900, [0.35] * 1_000))
    assert found.message.startswith(
        "These scores are not probabilities: the mean PD is 35.00 % where 10.00 % defaulted, and groups by PD are off "
        "by 25.00 points on average, by chance up to "
    )


def test_an_empty_cohort_is_not_defined() -> None:
    found = calibration_verdict(ScoreCounts.empty())
    assert found.message == "Calibration is not defined because the cohort holds no applications."


@pytest.mark.parametrize("outcome", [[1, 0], [1, 1], [0, 0], [1]])
def test_sure_pds_have_a_verdict(outcome: list[int]) -> None:
    pds = [0.0, 1.0][: len(outcome)]
    assert calibration_verdict(exact_counts(outcome, pds)).message
