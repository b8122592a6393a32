from __future__ import annotations

import numpy as np
import polars as pl

from data.home_credit.loan import read_credit_ratio, read_tariffs


def _loans(price: np.ndarray, credit: np.ndarray, annuity: np.ndarray) -> pl.DataFrame:
    columns = {"AMT_GOODS_PRICE": price, "AMT_CREDIT": credit, "AMT_ANNUITY": annuity}
    return pl.DataFrame({name: np.round(values / 4.5) * 4.5 for name, values in columns.items()})


def test_rates_and_fees_are_told_apart_though_annuities_are_rounded() -> None:
    rng = np.random.default_rng(0)
    credit = np.round(rng.uniform(90_000, 1_500_000, 3000) / 4500) * 4500
    rate = np.array([0.02924, 0.03226, 0.048635, 0.0989])[rng.integers(0, 4, 3000)]
    fee = rng.random(3000) < 0.75
    found, with_fee = read_tariffs(_loans(credit, credit, credit * rate + 130.5 * fee))
    np.testing.assert_array_equal(with_fee, fee)
    np.testing.assert_allclose(found, rate, atol=1e-6)


def test_a_rate_of_its_own_stays() -> None:
    credit = np.append(np.full(200, 450_000.0), 450_000.0)
    annuity = np.append(np.full(200, 450_000 * 0.0486 + 130.5), 30_000.0)
    found, _ = read_tariffs(_loans(credit, credit, annuity))
    # 30,000 of 450,000, with the fee or without it.
    assert min(abs(found[-1] - 30_000 / 450_000), abs(found[-1] - 29_869.5 / 450_000)) < 1e-5


def test_an_insurance_is_seen_through_the_rounding_of_the_credit() -> None:
    price = np.array([450_000.0, 67_500.0, 225_000.0, 900_000.0])
    # 88 and 120 steps of 0.00132, none, and a ratio between two steps.
    ratio = np.array([1.11616, 1.1584, 1.0, 1.0006])
    np.testing.assert_allclose(read_credit_ratio(_loans(price, price * ratio, price)), ratio, atol=1e-9)
