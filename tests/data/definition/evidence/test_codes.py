"""Numbers that stand for a meaning, by hand-made columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from data.definition.evidence.codes import codes_among

RNG = np.random.default_rng(5)
N = 400
AGES = RNG.integers(18, 80, N)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([*AGES, *[99] * 40], [99.0]),
        ([*AGES, 99], []),
        ([*RNG.integers(0, 100, N)], []),
        ([*RNG.uniform(1e3, 9e4, N).round(), *[-9] * 5, *[999_999_999] * 5], [999_999_999.0, -9.0]),
        ([*RNG.normal(0, 50, N).round(), *[-9] * 5], []),
        ([*-RNG.integers(100, 20_000, N), *[365_243] * 60], [365_243.0]),
        ([-9, -9, -9, 1], []),
    ],
)
def test_a_special_code_is_repeated_of_a_usual_shape_and_apart(values: list[float], codes: list[float]) -> None:
    assert codes_among(pl.Series(np.asarray(values, dtype=float))) == codes


def test_one_code_hides_no_other_of_its_family() -> None:
    # Held against 998 and 997, 999 were near; held against quantities alone none of them is.
    values = pl.Series(np.asarray([*AGES, *[997] * 30, *[998] * 30, *[999] * 30], dtype=float))
    assert codes_among(values) == [999.0, 998.0, 997.0]
