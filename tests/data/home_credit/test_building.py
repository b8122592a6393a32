from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from data.home_credit.building import FAMILIES, TIES, average_of, fit_families, numbers, read_building, tied_figure
from data.home_credit.embedded import COLUMNS
from data.home_credit.synthetic import make_applications

FRAME = make_applications(3_000, seed=8)


def test_every_figure_of_the_table_is_drawn_and_ties_come_after_what_they_are_tied_to() -> None:
    averages = {column.name.removesuffix("_AVG") for column in COLUMNS if column.name.endswith("_AVG")}
    assert set(FAMILIES) == averages
    order = [*FAMILIES, "TOTALAREA_MODE"]
    assert all(order.index(base) < order.index(name) for name, base in TIES.items())


@pytest.mark.parametrize("name", TIES)
def test_a_tied_figure_comes_back_from_what_ties_it(name: str) -> None:
    families = fit_families(FRAME)
    read = read_building(FRAME, families)
    drawn = {key: np.asarray(values) for key, values in read.items() if key.startswith(("tied:", "alone:"))}
    drawn |= {average_of(base): numbers(FRAME, average_of(base)) for base in TIES.values()}
    again, stored = tied_figure(name, drawn, families), numbers(FRAME, average_of(name))
    known = ~np.isnan(stored)
    # A ratio of four decimals, on a figure of at most 1, which is stored with four.
    np.testing.assert_allclose(again[known], stored[known], atol=3e-4)


def test_living_flats_are_the_same_share_of_all_flats_at_most_addresses() -> None:
    ratio = FRAME.select(pl.col("LIVINGAPARTMENTS_AVG") / pl.col("APARTMENTS_AVG")).to_series().drop_nulls()
    ratio = ratio.filter(ratio.is_finite())
    assert float(np.mean(np.abs(ratio.to_numpy() - 0.8153) < 0.012)) > 0.6
