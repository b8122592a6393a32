from __future__ import annotations

import polars as pl
import pytest

from data.predictions.table import ID, PROBABILITY
from scripts.benchmarks.scaled import JITTER, scaled


def test_copies_have_ids_of_their_own_and_pds_a_little_off() -> None:
    frame = pl.DataFrame({ID: [5, 9, 7], PROBABILITY: [0.1, 0.5, 1.0], "more": ["a", "b", "c"]})
    many = scaled(frame, 8, seed=3).collect()
    assert many.head(3).equals(frame)
    assert many[ID].to_list() == [5, 9, 7, 15, 19, 17, 25, 29]
    assert many["more"].to_list() == ["a", "b", "c", "a", "b", "c", "a", "b"]
    off = many[PROBABILITY] / pl.Series([0.1, 0.5, 1.0] * 2 + [0.1, 0.5])
    assert off.max() <= 1 + JITTER  # type: ignore[operator]
    assert off.min() >= 1 - JITTER  # type: ignore[operator]
    assert many[PROBABILITY].max() == pytest.approx(1.0)
    assert many[3:6, PROBABILITY].to_list() != frame[PROBABILITY].to_list()
