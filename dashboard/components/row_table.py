"""One page of a cohort's rows in words: a table whose rows open the applicant and whose headers sort."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard.cohort.rows import ROW_NUMBER, Sort
from dashboard.components.table import render_frame
from dashboard.words import labels
from data.definition.columns import Unit
from data.definition.units import unit_words
from data.predictions.table import ID, CohortColumn, CohortKind, is_probability

KEY = "applications.table"
_MOST_IN_FULL, _TALLEST = 25, 880
# As many for every row, so that a column can be read down.
_DECIMALS = {Unit.DAYS_BEFORE: 1, Unit.SHARE: 4}


@dataclass(frozen=True, slots=True)
class RowTable:
    """What the table shows: a page of rows as stored, a described column for each of its columns, their order.

    `chosen` is the place in the page of the row that is open, None where none is; `can_choose` says whether any can be.
    """

    page: pl.DataFrame
    columns: tuple[CohortColumn, ...]
    sort: Sort
    chosen: int | None = None
    can_choose: bool = False


def render_row_table(
    table: RowTable, *, on_sort: Callable[[str], None], on_choose: Callable[[int | None], None]
) -> None:
    """Write the table; a click on a header calls `on_sort` with the column, one on a row `on_choose` with its place."""
    # Names out of a file could mean something to the browser's table; places in the table cannot.
    places = [str(place) for place in range(len(table.columns))]
    words = [
        worded(column, table.page[column.name]).alias(place)
        for place, column in zip(places, table.columns, strict=True)
    ]
    key = f"{KEY}.{_version(table)}"
    chosen = [] if table.chosen is None else [table.chosen]
    render_frame(
        pl.DataFrame(words),
        key=key,
        height="content" if table.page.height <= _MOST_IN_FULL else _TALLEST,
        column_config={
            place: _config(column, table.sort, pinned=place == "0")
            for place, column in zip(places, table.columns, strict=True)
        },
        on_select=partial(_take_click, key, table, on_sort, on_choose),
        selection_mode=["single-row", "single-column"] if table.can_choose else "single-column",
        selection_default={"selection": {"rows": chosen}} if chosen else None,
        alt="The applications of the cohort, one per row",
        name="",
    )


def _version(table: RowTable) -> str:
    # Other rows, columns or another order make another table: a click on the last one is not a click on this one.
    told = [column.name for column in table.columns], table.sort, table.page.hash_rows().sum()
    return f"{zlib.crc32(repr(told).encode()):08x}"


def worded(column: CohortColumn, values: pl.Series) -> pl.Series:
    """The values of `column` as a person reads them, in the unit that its title names."""
    word = _word_of(column)
    return pl.Series(
        [labels.NOT_DEFINED if value is None else word(value) for value in values.to_list()], dtype=pl.String
    )


def _word_of(column: CohortColumn) -> Callable[[object], str]:
    if is_probability(column.name):
        return lambda value: labels.percent(float(str(value)))
    if column.name == ID:
        return str
    if column.name == ROW_NUMBER:
        return lambda value: labels.count(float(str(value)))
    if column.kind is CohortKind.LEVELS:
        return lambda value: labels.level(column, str(value))
    return partial(_quantity, column)


def _quantity(column: CohortColumn, value: object) -> str:
    number = float(str(value))
    if column.level_labels:
        return labels.level(column, f"{number:g}")
    if number in column.special_values:
        words = labels.special(column, number)
        return words[:1].upper() + words[1:]
    # Adding 0 takes the sign off a zero.
    shown = number * labels.scale(column).factor + 0.0
    if column.unit in _DECIMALS:
        return labels.decimal(shown, _DECIMALS[column.unit])
    if abs(shown) < 1_000:
        return labels.amount(shown)
    # A row says its amounts in full, those of a file to the last digit; `labels.amount` shortens millions.
    return (labels.count(shown) if column.unit is not Unit.NONE else f"{shown:,.15g}").replace("-", "−")


def is_number(column: CohortColumn) -> bool:
    """Whether the column's words are figures, which are aligned to the right."""
    return column.kind is CohortKind.RANGE and not column.level_labels


def _config(column: CohortColumn, sort: Sort, *, pinned: bool) -> Any:
    arrow = f" {'↑' if sort.is_rising else '↓'}" if column.name == sort.column else ""
    return st.column_config.TextColumn(
        # The percent sign stands behind every PD already.
        (labels.literal(column.label) if is_probability(column.name) else labels.column_title(column)) + arrow,
        help=labels.plain(f"{column.description} {_unit(column)}".strip()) or None,
        alignment="right" if is_number(column) else "left",
        pinned=pinned,
    )


def _unit(column: CohortColumn) -> str:
    is_plain = column.unit in (Unit.NONE, Unit.DAYS_BEFORE, Unit.COUNT)
    return "" if is_plain else f"Unit: {unit_words(column.unit, labels.literal(column.currency))}."


def _take_click(
    key: str, table: RowTable, on_sort: Callable[[str], None], on_choose: Callable[[int | None], None]
) -> None:
    selection = st.session_state[key]["selection"]
    headers: Sequence[str] = selection["columns"]
    rows: Sequence[int] = selection["rows"]
    if headers:
        on_sort(table.columns[int(headers[0])].name)
    elif table.can_choose:
        on_choose(rows[0] if rows else None)
