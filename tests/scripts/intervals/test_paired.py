from __future__ import annotations

import pytest

from scripts.intervals.paired import FIGURES, PAIRS, measured, truths


def test_the_better_model_is_better_in_the_population_and_of_two_alike_neither_is() -> None:
    better, alike = truths("second better"), truths("alike")
    assert better["AUC"] > 0.03
    assert better["Brier score"] < 0
    assert better["calibration slope"] > 0
    assert {name: value for name, value in alike.items() if abs(value) > 0.01} == {}


@pytest.mark.parametrize("pair", PAIRS)
def test_intervals_of_differences_between_models_cover_95_percent(pair: str) -> None:
    missed = measured(pair, 200, n_samples=150, seed=5)
    assert set(missed) == set(FIGURES)
    # Three standard errors of a share of 95 % in 150 samples.
    assert {name: each.coverage for name, each in missed.items() if each.coverage < 0.95 - 0.054} == {}
