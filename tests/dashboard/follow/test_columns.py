"""Texts come back from columns of numbers letter by letter."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.follow.columns import Columns, add_texts, table_bytes
from tests.dashboard.follow.tables_read import Read


def read_back(columns: Columns, slots: list[dict[str, object]], rows: int) -> Read:
    named = [{"where": "", "place": 0, "kind": "text"} | slot for slot in slots]
    return Read(gzip.compress(table_bytes(columns, {"rows": rows, "slots": named})))


@pytest.mark.parametrize(
    "texts",
    [
        ["95 %: 9.99–10.01 %", "95 %: 10.00–10.02 %", "", "–", "95 %: 0.00–0.10 %"],
        ["999 (0.3 %)", "1,000 (0.3 %)", "1234567", "12,345,678.90", "0.050 %"],
        ["−0.5 k", "1.2 M EUR", "007", "1,2345", "12.5.3", "3e-05"],
        ["Region 2\n5,000\n<b>&", "Region 2\n4,999\n<b>&", "Region 2\n5,001\n<b>&", "é 1", "1 é"],
    ],
)
def test_texts_come_back_in_the_rows_that_name_them(texts: list[str]) -> None:
    columns, rows = Columns(), np.array([0, 0, 1, 2, 2, 3, 4])
    read = read_back(columns, [add_texts(columns, texts, rows)], rows.size)
    assert [read.word(0, row) for row in range(rows.size)] == [texts[index] for index in rows]


@settings(max_examples=60)
@given(st.lists(st.text(st.sampled_from("0123456789,.% −a\n"), max_size=9), min_size=1, max_size=6))
def test_any_mixture_of_digits_comes_back(texts: list[str]) -> None:
    columns, rows = Columns(), np.arange(len(texts))
    slots = [add_texts(columns, texts, rows), add_texts(columns, texts[::-1], rows)]
    read = read_back(columns, slots, len(texts))
    assert [read.word(0, row) for row in range(len(texts))] == texts
    assert [read.word(1, row) for row in range(len(texts))] == texts[::-1]


def test_a_column_is_stored_as_what_it_differs_from_one_that_moves_alike() -> None:
    columns, falling = Columns(), np.array([900, 850, 700, 690, 400])
    columns.add(falling)
    columns.add(1_000 - falling)
    assert columns.likes == [None, (0, -1)]
    # 900 takes two bytes, its falls of 50 to 290 one or two; the other column is 1,000 once, and zeros.
    assert columns.packed()[-6:] == bytes([0xD0, 0x0F, 0, 0, 0, 0])
