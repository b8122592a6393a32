from __future__ import annotations

import numpy as np

from inference.model.decision import (
    BAND_EDGES,
    DEFAULT_CUTOFF,
    cutoff_from_costs,
    declines,
    is_declined,
    risk_band,
    risk_bands,
)


def test_cutoff_of_the_costs() -> None:
    # Approving costs 10 c, declining 1 - c: equal at 1/11.
    assert cutoff_from_costs(10, 1) == DEFAULT_CUTOFF == 0.0909
    assert cutoff_from_costs(1, 1) == 0.5


def test_a_pd_is_declined_from_the_cutoff_on_at_every_cutoff() -> None:
    for step in range(1, 10_000):
        cutoff = step / 10_000
        nearest = np.float32(cutoff)
        around = np.array([np.nextafter(nearest, np.float32(0)), nearest, np.nextafter(nearest, np.float32(1))])
        assert is_declined(around, cutoff).tolist() == [False, True, True]
        assert [declines(float(pd), cutoff) for pd in around] == [False, True, True]


def test_a_cutoff_of_more_digits_than_a_float32_is_compared_with_the_decimal() -> None:
    # 1/11 is stored as the float32 called 0.09090909, which as a decimal lies below it.
    stored = np.array([1 / 11], dtype=np.float32)
    assert str(stored[0]) == "0.09090909"
    assert is_declined(stored, 1 / 11).tolist() == [False]
    assert not declines(float(stored[0]), 1 / 11)
    assert is_declined(stored, 0.09090909).tolist() == [True]


def test_many_pds_have_the_bands_that_each_has() -> None:
    pds = np.array(
        [0.0, *BAND_EDGES, *np.nextafter(np.array(BAND_EDGES, dtype=np.float32), np.float32(0)), 1.0], dtype=np.float32
    )
    assert risk_bands(pds, BAND_EDGES).tolist() == [*"ABCDEF", *"ABCDE", "F"]
    assert [risk_band(float(pd), BAND_EDGES) for pd in pds] == risk_bands(pds, BAND_EDGES).tolist()


def test_risk_bands_begin_at_their_edges() -> None:
    assert [risk_band(pd, BAND_EDGES) for pd in (0.0, 0.0199, 0.02, 0.16, 0.31, 0.32, 1.0)] == [
        "A",
        "A",
        "B",
        "E",
        "E",
        "F",
        "F",
    ]
    assert list(BAND_EDGES) == [2 * edge for edge in (0.01, *BAND_EDGES[:-1])]
