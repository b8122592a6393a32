from __future__ import annotations

import polars as pl
import pytest

from data.home_credit.effects import effect_slope, effects, share_close
from data.home_credit.synthetic import make_applications


@pytest.fixture(scope="module")
def portfolio() -> pl.DataFrame:
    return make_applications(3_000, seed=3)


def test_an_effect_by_hand(portfolio: pl.DataFrame) -> None:
    # 60 of 100 defaults and 30 of 300 others have a phone: means 0.6 and 0.1, overall 90 of 400.
    outcome = pl.Series([1] * 100 + [0] * 300, dtype=pl.Int8)
    phone = pl.Series([1] * 60 + [0] * 40 + [1] * 30 + [0] * 270, dtype=pl.Int8)
    found = effects(portfolio.head(400).with_columns(outcome.alias("TARGET"), phone.alias("FLAG_PHONE")))
    assert found["FLAG_PHONE"] == pytest.approx(0.5 / (0.225 * 0.775) ** 0.5)


def test_the_two_levels_of_a_category_have_opposite_effects(portfolio: pl.DataFrame) -> None:
    found = effects(portfolio)
    assert found["CODE_GENDER = M"] == pytest.approx(-found["CODE_GENDER = F"])
    assert found["EXT_SOURCE_2"] < -0.3
    assert not any(name.startswith(("TARGET", "SK_ID")) for name in found)


def test_shrunk_effects_have_a_slope_below_one() -> None:
    real = {"a": 0.4, "b": -0.2, "c": 0.05}
    assert effect_slope(real, real) == 1.0
    assert effect_slope(real, {"a": 0.3, "b": -0.15, "c": 0.0375}) == pytest.approx(0.75)
    # Of the two that are at least 0.1, one is within 15 %.
    assert share_close(real, {"a": 0.36, "b": -0.1, "c": 0.0}) == 0.5
