"""Finding an application by the beginning of its number, and picking one of a cohort."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cohort.lookup import (
    BORDERLINE,
    Pick,
    has_id,
    ids_beginning_with,
    pick_row,
    read_identifier,
    sorted_ids,
)

IDS = pl.Series([1, 7, 10, 12, 100, 101, 123, 1_000, 1_299, 100_002, 1_000_000_000])


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("1", (1, 10, 12, 100, 101, 123)),
        ("12", (12, 123, 1_299)),
        ("10", (10, 100, 101, 1_000, 100_002, 1_000_000_000)),
        ("100002", (100_002,)),
        ("1000000000", (1_000_000_000,)),
        ("2", ()),
        # No number begins so, or none at all.
        ("01", ()),
        ("0", ()),
        ("", ()),
        ("12a", ()),
        ("-1", ()),
        ("1 ", ()),
        ("1.", ()),
        ("²", ()),
        ("١", ()),
        ("1" * 11, ()),
        ("9" * 5_000, ()),
    ],
)
def test_numbers_that_begin_with_what_is_typed(prefix: str, found: tuple[int, ...]) -> None:
    assert ids_beginning_with(IDS, prefix, 6) == found


@given(
    st.lists(st.integers(1, 2**31 - 1), unique=True, max_size=60).map(sorted),
    st.integers(1, 99_999),
    st.integers(1, 8),
)
def test_they_are_those_whose_text_begins_so(ids: list[int], prefix: int, n: int) -> None:
    by_length = sorted(ids, key=lambda number: (len(str(number)), number))
    wanted = [number for number in by_length if str(number).startswith(str(prefix))][:n]
    assert ids_beginning_with(pl.Series(ids, dtype=pl.Int64), str(prefix), n) == tuple(wanted)


TEXTS = sorted_ids(pl.Series(["b-2", "LC-10", "LC-2", "lc-3", "100", "LC-1", "é"]))


def test_texts_that_begin_with_what_is_typed() -> None:
    assert ids_beginning_with(TEXTS, "LC", 9) == ("LC-1", "LC-10", "LC-2")
    assert ids_beginning_with(TEXTS, "LC-1", 1) == ("LC-1",)
    assert ids_beginning_with(TEXTS, "1", 9) == ("100",)
    # No pattern: a dot is a dot.
    assert ids_beginning_with(TEXTS, "LC.", 9) == ids_beginning_with(TEXTS, "", 9) == ()


@pytest.mark.parametrize("ids", [IDS, sorted_ids(IDS.cast(pl.Int16, strict=False).drop_nulls()), TEXTS])
def test_an_id_is_had_if_it_is_among_them(ids: pl.Series) -> None:
    assert all(has_id(ids, identifier) for identifier in ids)
    for text in ("0", "2", "LC-3", "zzz", "1000000001"):
        identifier = read_identifier(ids, text)
        assert identifier is None or not has_id(ids, identifier)


@pytest.mark.parametrize(("text", "number"), [("100", 100), ("-5", None), ("1" * 19, None), ("1.5", None), ("²", None)])
def test_an_id_is_read_as_what_the_table_holds(text: str, number: int | None) -> None:
    assert read_identifier(IDS, text) == number
    assert read_identifier(TEXTS, text) == text


PDS = np.linspace(0, 1, 101, dtype=np.float32)


@given(st.sets(st.integers(0, 100)), st.sampled_from(Pick), st.floats(0, 1), st.none() | st.integers(0, 100))
def test_one_of_the_cohort_is_picked_and_another_one_where_there_is_one(
    rows: set[int], pick: Pick, cutoff: float, current: int | None
) -> None:
    row = pick_row(pick, sorted(rows), PDS, cutoff, current=current)
    assert (row in rows) if rows else (row is None)
    if pick is not Pick.FIRST and len(rows) > 1:
        assert row != current


@given(st.sets(st.integers(0, 100), min_size=BORDERLINE + 1), st.floats(0, 1))
def test_a_borderline_one_is_among_those_nearest_to_the_cutoff(rows: set[int], cutoff: float) -> None:
    row = pick_row(Pick.BORDERLINE, sorted(rows), PDS, cutoff)
    assert row is not None
    nearer = [other for other in rows if abs(float(PDS[other]) - cutoff) < abs(float(PDS[row]) - cutoff)]
    assert len(nearer) < BORDERLINE


def test_every_one_near_the_cutoff_is_picked_sooner_or_later() -> None:
    drawn = {pick_row(Pick.BORDERLINE, np.arange(101), PDS, 0.5) for _ in range(2_000)}
    # Of the two at a distance of 0.13 there are one too many; 25 places hold 24 and one of them.
    assert drawn == set(range(38, 63))


def test_every_one_is_picked_at_random_sooner_or_later() -> None:
    assert {pick_row(Pick.RANDOM, [3, 5, 8], PDS, 0.5, current=5) for _ in range(200)} == {3, 8}


def test_the_first_is_the_first_even_if_it_is_shown() -> None:
    assert pick_row(Pick.FIRST, [4, 2, 9], PDS, 0.5, current=4) == 4


def test_the_only_one_is_picked_again() -> None:
    assert [pick_row(pick, [4], PDS, 0.5, current=4) for pick in Pick] == [4, 4, 4]
