"""What a page shows in cards and tables, to take away: each as CSV or XLSX, or all of the page as one workbook.

Cards and tables note what they show while a page is written; the menu at its end offers it. No file is made before it
is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import polars as pl
import streamlit as st

from dashboard import state
from dashboard.charts.chart import table_frame
from dashboard.charts.template import Named, Table
from dashboard.components.files import offer_file
from dashboard.metrics.estimate import Estimate
from dashboard.report.paper_book import XLSX_TYPE, tables_xlsx
from dashboard.words import labels
from data.files.spreadsheets import csv_of

_TABLES, _GROUP = "downloads.tables", "downloads.group"
_LONGEST_NAME = 60
_SPAN = re.compile(r":color\[(\\?.)\]\{\}")
_ESCAPED = re.compile(r"\\([^\w\s]|_)")
Row = dict[str, object]


def begin_page() -> None:
    """Forget what the page before showed."""
    st.session_state[_TABLES] = {}
    st.session_state[_GROUP] = None


def note_table(name: str, frame: pl.DataFrame) -> None:
    """Remember a table that is shown as `name`; files say of scores what the screen does."""
    headers = labels.distinct({header: state.score_words(header) for header in frame.columns})
    _noted()[state.score_words(name)] = frame.rename(headers)


@contextmanager
def card_group(name: str) -> Iterator[None]:
    """Let the cards that are written inside make up one table called `name`."""
    rows: list[Row] = []
    st.session_state[_GROUP] = rows
    try:
        yield
    finally:
        st.session_state[_GROUP] = None
        if rows:
            _noted()[name] = rows


def note_card(
    label: str,
    shown: str,
    *,
    note: str = "",
    more: str = "",
    estimate: Estimate | None = None,
    other: Named[Estimate] | None = None,
    difference: Estimate | None = None,
) -> None:
    """Remember a card: its words, its value with the ends of its interval, and what it is compared with."""
    rows: list[Row] | None = st.session_state.get(_GROUP)
    if rows is None:
        return
    row: Row = {"Figure": unmarked(state.score_words(label)), "Shown": unmarked(shown)}
    if estimate is not None:
        row |= _ends("", estimate)
    if other is not None:
        row |= _ends(f"{other.name}: ", other.value)
    if difference is not None:
        row |= _ends("Difference: ", difference)
    told = "; ".join(filter(None, (note, more)))
    rows.append(row | ({"Note": unmarked(state.score_words(told))} if told else {}))


def unmarked(text: str) -> str:
    """A text that was written for Markdown by `labels.plain`, as it reads."""
    return _ESCAPED.sub(r"\1", _SPAN.sub(r"\1", text)).replace("\u00a0%", " %")


def _ends(prefix: str, estimate: Estimate) -> Row:
    return {
        f"{prefix}Value": estimate.value,
        f"{prefix}Lower end, 95 %": estimate.low,
        f"{prefix}Upper end, 95 %": estimate.high,
    }


def offer_table(table: Table | pl.DataFrame, name: str, key: str) -> None:
    """Write two small buttons that hand out a table as CSV and as XLSX, in files called `name`."""
    frame = table if isinstance(table, pl.DataFrame) else table_frame(table)
    facts = {"rows": frame.height}
    for kind, mime, make in (
        ("csv", "text/csv", partial(csv_of, frame)),
        ("xlsx", XLSX_TYPE, partial(tables_xlsx, [(name, _columns(frame))])),
    ):
        offer_file(
            kind.upper(),
            make,
            f"{_file_name(name)}.{kind}",
            mime,
            what="table",
            facts=facts,
            key=f"{key}.{kind}",
            type="tertiary",
        )


def render_downloads(page: str) -> None:
    """Write the menu of what the page called `page` shows in cards and tables; nothing where it shows none."""
    if _noted():
        _render_menu(page)


@st.fragment
def _render_menu(page: str) -> None:
    menu = st.popover(
        "Tables", icon=":material/download:", type="tertiary", key="downloads", on_change="rerun", width="content"
    )
    if not menu.open:
        return
    frames = {name: _frame(noted) for name, noted in _noted().items()}
    with menu, st.container(width=420, key="downloads-menu"):
        offer_file(
            "All of this page as XLSX",
            partial(tables_xlsx, [(name, _columns(frame)) for name, frame in frames.items()]),
            f"{_file_name(page)}.xlsx",
            XLSX_TYPE,
            what="tables",
            key="downloads.all",
            width="stretch",
        )
        for place, (name, frame) in enumerate(frames.items()):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(labels.plain(name), width="stretch")
                offer_table(frame, name, key=f"downloads.{place}")


def _noted() -> dict[str, pl.DataFrame | list[Row]]:
    noted: dict[str, pl.DataFrame | list[Row]] = st.session_state.setdefault(_TABLES, {})
    return noted


def _frame(noted: pl.DataFrame | Sequence[Row]) -> pl.DataFrame:
    if isinstance(noted, pl.DataFrame):
        return noted
    names = dict.fromkeys(name for row in noted for name in row)
    return pl.DataFrame({name: [row.get(name) for row in noted] for name in names}, strict=False)


def _columns(frame: pl.DataFrame) -> Mapping[str, Sequence[object]]:
    return {name: frame[name].to_list() for name in frame.columns}


def _file_name(name: str) -> str:
    letters = "".join(each if each.isalnum() else "-" for each in name.lower())
    return "-".join(filter(None, letters.split("-")))[:_LONGEST_NAME] or "table"
