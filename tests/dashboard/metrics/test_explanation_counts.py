"""Sums and cells of contributions against NumPy on random cohorts."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.explanation_counts import (
    MOST_CELLS,
    BoolArray,
    ExplanationError,
    count_contributions,
    count_feature,
)
from inference.explain.contributions import Contributions
from tests.dashboard.metrics.made_contributions import (
    N_ROWS,
    NAMES,
    NOBODY,
    PLACES,
    by_hand,
    draw_contributions,
    stored_in,
)


def cohorts() -> list[BoolArray | None]:
    rng = np.random.default_rng(5)
    picked = [rng.random(N_ROWS) < share for share in (0.001, 0.3, 0.9)]
    return [None, *picked, PLACES == 7, NOBODY]


def named(rows: BoolArray | None) -> str:
    return "all" if rows is None else str(rows.sum())


@pytest.mark.parametrize("rows", cohorts(), ids=named)
def test_sums_are_those_of_the_rows(found: Contributions, rows: BoolArray | None) -> None:
    whole = count_contributions(found)
    for sums in (count_contributions(found, rows), count_contributions(found, rows, whole=whole)):
        assert sums.names == NAMES
        assert sums.n_applications == (N_ROWS if rows is None else rows.sum())
        for at, name in enumerate(NAMES):
            values = stored_in(found, name, rows)
            assert (sums.total[at], sums.absolute[at], sums.squares[at]) == (
                values.sum(),
                np.abs(values).sum(),
                (values**2).sum(),
            )


@pytest.mark.parametrize("rows", cohorts(), ids=named)
@pytest.mark.parametrize("name", NAMES)
def test_cells_hold_the_rows(found: Contributions, rows: BoolArray | None, name: str) -> None:
    counts = count_feature(found, name, rows)
    values = stored_in(found, name, rows)
    codes = found.frame[counts.feature.code_column].to_numpy()
    codes = codes if rows is None else codes[rows]
    expected = np.zeros_like(counts.table)
    np.add.at(expected, (codes, (values - counts.lowest) // counts.width), 1)
    np.testing.assert_array_equal(counts.table, expected)
    by_code = [values[codes == code].sum() for code in range(counts.feature.bins.size + 1)]
    assert counts.total.tolist() == by_code
    assert counts.table.shape[1] <= MOST_CELLS
    assert counts.table.size <= 65_536


def test_parts_add_up_and_the_rest_is_what_is_left(found: Contributions) -> None:
    part = np.random.default_rng(6).random(N_ROWS) < 0.2
    others = ~part
    whole, one, two = (count_contributions(found, rows) for rows in (None, part, others))
    for sums, wanted in ((one + two, whole), (whole - one, two)):
        assert sums.n_applications == wanted.n_applications
        for name in ("total", "absolute", "squares"):
            np.testing.assert_array_equal(getattr(sums, name), getattr(wanted, name))
    cells = [count_feature(found, "score", rows) for rows in (None, part, others)]
    np.testing.assert_array_equal((cells[0] - cells[1]).table, cells[2].table)
    np.testing.assert_array_equal((cells[1] + cells[2]).total, cells[0].total)
    with pytest.raises(ExplanationError, match="another feature"):
        cells[0] - count_feature(found, "job")


def test_flipping_turns_the_values_and_keeps_the_missing_last() -> None:
    counts = by_hand([[1, 0], [0, 2], [3, 0], [0, 4]])
    flipped = counts.flipped()
    assert flipped.table.tolist() == [[3, 0], [0, 2], [1, 0], [0, 4]]
    assert flipped.total.tolist() == [0, 2, 0, 4]
    np.testing.assert_array_equal(flipped.flipped().table, counts.table)


@pytest.fixture(scope="module")
def found() -> Contributions:
    return draw_contributions()
