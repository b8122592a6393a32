"""Frames of equal height, and without what stands for nothing."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from data.definition.definition import Table
from data.files.frames import named, of_equal_height, to_polars, without_gaps


@pytest.mark.parametrize(("parts", "heights"), [([7], [3, 3, 1]), ([1, 1, 1, 1], [3, 1]), ([3, 3], [3, 3]), ([], [])])
def test_frames_of_any_height_come_in_equal_ones_and_no_row_is_lost(parts: list[int], heights: list[int]) -> None:
    rows = iter(range(100))
    frames = (pl.DataFrame({"x": [next(rows) for _ in range(height)]}) for height in parts)
    found = list(of_equal_height(frames, 3))
    assert [each.height for each in found] == heights
    assert [row for each in found for row in each["x"]] == list(range(sum(parts)))


def test_texts_and_numbers_that_stand_for_nothing_are_gaps_where_they_are_judged() -> None:
    frame = pl.DataFrame({"text": [" ? ", "a", None], "number": [-9.0, 1.0, 2.0], "kept": ["?", "b", "c"]})
    found = without_gaps(frame, Table(missing=("?", "-9")), ["kept"])
    assert found.to_dict(as_series=False) == {
        "text": [None, "a", None],
        "number": [None, 1.0, 2.0],
        "kept": ["?", "b", "c"],
    }


def test_a_column_without_a_name_keeps_none() -> None:
    assert named(to_polars(pa.table({"": [1]})), [""]).columns == [""]
