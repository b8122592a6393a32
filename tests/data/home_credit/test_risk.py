from __future__ import annotations

import numpy as np
import pytest

from data.home_credit import embedded
from data.home_credit.profile import load_profile
from data.home_credit.risk import FEATURES, RiskModel, draw_outcomes, fit_risk_model
from data.home_credit.synthetic import make_applications

N_ROWS = 60_000
RATE = 0.08
DRAWS = 20
# The same risk along the table, so that the expected counts follow from the rate alone; and one that rises with it.
LEVEL = np.zeros(N_ROWS)
RISING = np.linspace(-1.5, 1.5, N_ROWS)


@pytest.fixture(scope="module")
def draws() -> np.ndarray:
    return np.array([draw_outcomes(LEVEL, RATE, np.random.default_rng(seed)) for seed in range(DRAWS)])


def test_the_total_is_held_to_within_one_row(draws: np.ndarray) -> None:
    assert np.abs(draws.sum(axis=1) - RATE * N_ROWS).max() <= 1
    rising = draw_outcomes(RISING, RATE, np.random.default_rng(0))
    assert abs(rising.sum() - RATE * N_ROWS) <= 1


def test_adjacent_defaults_are_as_frequent_as_in_independent_draws(draws: np.ndarray) -> None:
    # Of N - 1 adjacent pairs the share RATE squared are two defaults: 384 in each draw, 7,680 in all.
    pairs = (draws[:, 1:] * draws[:, :-1]).sum()
    expected = DRAWS * (N_ROWS - 1) * RATE**2
    assert pairs == pytest.approx(expected, abs=4 * expected**0.5)


def test_runs_are_as_many_as_in_independent_draws(draws: np.ndarray) -> None:
    # Wald and Wolfowitz: 1 + 2 n1 n0 / n runs are expected, with this variance.
    defaults = RATE * N_ROWS
    pairs = 2 * defaults * (N_ROWS - defaults)
    expected = 1 + pairs / N_ROWS
    variance = pairs * (pairs - N_ROWS) / (N_ROWS**2 * (N_ROWS - 1))
    runs = 1 + (np.diff(draws, axis=1) != 0).sum(axis=1)
    z = (runs.mean() - expected) / (variance / DRAWS) ** 0.5
    assert abs(z) < 4


@pytest.mark.parametrize("size", [10, 100, 1000])
def test_block_totals_vary_binomially(size: int, draws: np.ndarray) -> None:
    blocks = draws.reshape(DRAWS, -1, size).sum(axis=2)
    binomial = size * RATE * (1 - RATE)
    # 4 standard errors of a variance from this many blocks.
    assert blocks.var() / binomial == pytest.approx(1.0, abs=4 * (2 / blocks.size) ** 0.5 + size / N_ROWS)


def test_blocks_vary_binomially_where_the_risk_rises_along_the_table() -> None:
    draws = np.array([draw_outcomes(RISING, RATE, np.random.default_rng(seed)) for seed in range(100)])
    probability = draws.mean(axis=0).reshape(-1, 500).mean(axis=1)
    blocks = draws.reshape(100, -1, 500).sum(axis=2)
    binomial = 500 * probability * (1 - probability)
    assert (blocks.var(axis=0, ddof=1) / binomial).mean() == pytest.approx(1.0, abs=0.08)
    assert probability[-1] > 8 * probability[0]


def test_a_row_defaults_with_its_own_probability() -> None:
    log_odds = np.array([-1.0, 0.0, 2.0] * 400)
    draws = np.array([draw_outcomes(log_odds, 0.3, np.random.default_rng(seed)) for seed in range(200)])
    # The first hundred rows of each kind, then the last: neither place has more defaults than the other.
    for rows in (draws[:, :300], draws[:, -300:]):
        found = rows.reshape(-1, 3).mean(axis=0)
        odds = found / (1 - found)
        assert np.log(odds[1] / odds[0]) == pytest.approx(1.0, abs=0.1)
        assert np.log(odds[2] / odds[1]) == pytest.approx(2.0, abs=0.1)


def test_the_fit_gives_synthetic_rows_the_effects_of_the_real_ones() -> None:
    real, synthetic = make_applications(12_000, seed=1), make_applications(6_000, seed=2)
    model = fit_risk_model(real, synthetic, 0.0807)
    kept = RiskModel.from_json(load_profile()["risk"])
    # The outcomes of `real` follow the stored model, so its largest coefficients must come back.
    largest = sorted(FEATURES, key=lambda name: -abs(kept.terms[name][2]))[:12]
    stored, again = (np.array([found.terms[name][2] for name in largest]) for found in (kept, model))
    assert np.corrcoef(stored, again)[0, 1] > 0.85
    # And drawn anew, a feature parts defaults from the others as in `real`.
    outcome = draw_outcomes(model.log_odds(synthetic), 0.0807, np.random.default_rng(0)).astype(bool)
    for name in ("EXT_SOURCE_2", "DAYS_BIRTH", "REGION_RATING_CLIENT_W_CITY"):
        first = real[name].cast(float)
        second = synthetic[name].cast(float)
        bad = real[embedded.TARGET] == 1
        wanted = (first.filter(bad).mean() - first.filter(~bad).mean()) / first.std()  # type: ignore[operator]
        found = (second.filter(outcome).mean() - second.filter(~outcome).mean()) / second.std()  # type: ignore[operator]
        assert found == pytest.approx(wanted, abs=0.1)
