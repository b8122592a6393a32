"""Paired rankings against a published example, an independent reckoning over all pairs, and derivatives by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn import metrics as sk

from dashboard.metrics.counts import BAD, GOOD
from dashboard.metrics.paired import Effects, PairedRows, RankedScores, Sample, rank_scores
from dashboard.metrics.paired_ranking import (
    auc_effects,
    average_precision_difference,
    average_precision_effects,
    gini_difference,
    ks_difference,
    ks_effects,
    paired_auc,
)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# Albumin, total protein, K-G score and outcome (0: no benefit of surgery) of 43 patients with ovarian cancer: the
# example of DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3), as SAS/STAT's chapter on PROC LOGISTIC has it.
PATIENTS = np.fromstring(
    """
    3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
    3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
    2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
    3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
    3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
    3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
    """,
    sep=" ",
).reshape(-1, 4)


def sample_of(bad: Bools, one: Floats, two: Floats, weight: Floats | None = None) -> Sample:
    return PairedRows(rank_scores(one), rank_scores(two), np.where(bad, BAD, GOOD).astype(np.uint8), weight).sample


def drawn(n: int = 400, seed: int = 3) -> tuple[Bools, Floats, Floats]:
    """Two noisy scores of the same rows, the second coarse, so that many tie."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    bad = rng.random(n) < 1 / (1 + np.exp(2 - risk))
    one, two = (1 / (1 + np.exp(2 - risk - noise * rng.normal(size=n))) for noise in (0.8, 0.4))
    return bad, one, np.round(two, 2)


@pytest.mark.parametrize(
    ("column", "areas", "contrast", "error", "p_value"),
    [(0, (0.7258, 0.7366), 0.0108, 0.0953, 0.9102), (1, (0.7258, 0.6478), -0.0780, 0.1046, 0.4561)],
)
def test_the_published_example(
    column: int, areas: tuple[float, float], contrast: float, error: float, p_value: float
) -> None:
    # Lower albumin and protein are worse, and so is a higher K-G score as it stands in the table.
    found = paired_auc(sample_of(PATIENTS[:, 3] == 0, PATIENTS[:, 2], -PATIENTS[:, column]))
    assert found is not None
    assert (found.one, found.two) == pytest.approx(areas, abs=5e-5)
    assert found.difference.value == pytest.approx(contrast, abs=5e-5)
    assert found.standard_error == pytest.approx(error, abs=5e-5)
    assert found.p_value == pytest.approx(p_value, abs=5e-5)


def delong_over_all_pairs(bad: Bools, one: Floats, two: Floats) -> tuple[float, float]:
    """Difference of the AUCs and its standard error as DeLong wrote them: every default with every other."""
    placements = []
    for score in (one, two):
        gaps = score[bad][:, None] - score[~bad][None, :]
        won = (gaps > 0) + 0.5 * (gaps == 0)
        placements.append((won.mean(axis=1), won.mean(axis=0)))
    of_bad, of_good = (np.cov(*(placed[side] for placed in placements)) for side in (0, 1))
    covariance = of_bad / bad.sum() + of_good / (~bad).sum()
    contrast = np.array([-1, 1])
    return placements[1][0].mean() - placements[0][0].mean(), float(np.sqrt(contrast @ covariance @ contrast))


@pytest.mark.parametrize("seed", range(4))
def test_delong_against_all_pairs(seed: int) -> None:
    bad, one, two = drawn(300, seed)
    found = paired_auc(sample_of(bad, one, two))
    assert found is not None
    assert (found.difference.value, found.standard_error) == pytest.approx(
        delong_over_all_pairs(bad, one, two), abs=1e-12
    )
    assert found.two == pytest.approx(sk.roc_auc_score(bad, two), abs=1e-12)


def test_values_against_scikit_learn_and_scipy() -> None:
    bad, one, two = drawn(1_000)
    sample = sample_of(bad, one, two)
    ks = [stats.ks_2samp(score[bad], score[~bad]).statistic for score in (one, two)]
    precision = [sk.average_precision_score(bad, score) for score in (one, two)]
    assert ks_difference(sample).value == pytest.approx(ks[1] - ks[0], abs=1e-12)
    assert average_precision_difference(sample).value == pytest.approx(precision[1] - precision[0], abs=1e-12)


def test_gini_is_twice_the_auc() -> None:
    found = paired_auc(sample_of(*drawn()))
    assert found is not None
    for end in ("value", "low", "high"):
        assert getattr(gini_difference(found), end) == pytest.approx(2 * getattr(found.difference, end))


@pytest.mark.parametrize("effects_of", [auc_effects, ks_effects, average_precision_effects])
def test_effects_are_the_derivatives_by_each_row_s_weight(
    effects_of: Callable[[Sample, RankedScores], Effects],
) -> None:
    bad, one, two = drawn(60)
    weight = np.random.default_rng(4).uniform(0.5, 2, 60)
    sample = sample_of(bad, one, two, weight)
    for scores in (sample.one, sample.two):
        found = effects_of(sample, scores)
        for row in range(60):
            moved = [weight.copy(), weight.copy()]
            for step, each in zip((-1e-6, 1e-6), moved, strict=True):
                each[row] += step
            low, high = (effects_of(sample_of(bad, one, two, each), scores).value for each in moved)
            assert found.by_row[row] == pytest.approx((high - low) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("effects_of", [auc_effects, ks_effects, average_precision_effects])
def test_a_weight_of_two_counts_as_a_row_twice(effects_of: Callable[[Sample, RankedScores], Effects]) -> None:
    bad, one, two = drawn(80)
    twice = np.arange(80) % 3 == 0
    doubled = [np.concatenate([each, each[twice]]) for each in (bad, one, two)]
    weighted = sample_of(bad, one, two, 1.0 + twice)
    plain = sample_of(*doubled)
    assert effects_of(weighted, weighted.two).value == pytest.approx(effects_of(plain, plain.two).value, abs=1e-12)


def test_standard_errors_are_those_of_a_bootstrap() -> None:
    bad, one, two = drawn(2_500)
    sample, rng = sample_of(bad, one, two), np.random.default_rng(5)
    again: dict[str, list[float]] = {"ks": [], "ap": []}
    for _ in range(300):
        drawn_again = sample_of(bad, one, two, rng.poisson(1, bad.size).astype(np.float64))
        for name, effects_of in (("ks", ks_effects), ("ap", average_precision_effects)):
            values = [effects_of(drawn_again, each).value for each in (drawn_again.one, drawn_again.two)]
            again[name].append(values[1] - values[0])
    spreads = {}
    for name, found in (("ks", ks_difference(sample)), ("ap", average_precision_difference(sample))):
        assert found.low is not None
        assert found.high is not None
        spreads[name] = (found.high - found.low) / 3.92
    # 300 samples know a spread to 4 %. The largest of many gaps varies a little less than the one at a given cutoff.
    assert spreads["ap"] == pytest.approx(np.std(again["ap"]), rel=0.12)
    assert spreads["ks"] == pytest.approx(1.1 * np.std(again["ks"]), rel=0.12)


def test_without_an_outcome_nothing_is_compared() -> None:
    _, one, two = drawn(10)
    sample = sample_of(np.zeros(10, dtype=bool), one, two)
    assert paired_auc(sample) is None
    assert "none of the cohort's applications defaulted" in ks_difference(sample).explanation
    assert not average_precision_difference(sample).is_defined
