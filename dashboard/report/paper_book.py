"""A report's tables as an XLSX workbook: one sheet for what it is of, one for each figure and table, one for terms."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import xlsxwriter

from dashboard.charts.template import Table
from dashboard.report.paper import Figure, Paper, Sheet
from dashboard.words import labels

# The media type of a workbook.
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a sheet's name may not hold, and how long it may be.
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME, _LONGEST_CELL = 31, 32_000
_WIDEST = 60


def paper_xlsx(paper: Paper) -> bytes:
    """The workbook; numbers as they were computed, every text as text and never as a formula or link."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"title": _text(paper.title), "created": paper.origin.made_at.replace(tzinfo=None)})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        listed = list(_listed(paper))
        contents = book.add_worksheet("Contents")
        _write_rows(
            contents, [(paper.title, ""), *_about(paper), ("", ""), *((name, words) for name, words, _ in listed)]
        )
        contents.set_column(0, 0, 24, bold)
        contents.set_column(1, 1, 100, wrapped)
        for name, words, table in listed:
            _write_table(book.add_worksheet(name), words, table, bold)
        terms = book.add_worksheet("Definitions")
        _write_rows(terms, paper.definitions)
        terms.set_column(0, 0, 30, bold)
        terms.set_column(1, 1, 100, wrapped)
    return out.getvalue()


def tables_xlsx(tables: Iterable[tuple[str, Table]]) -> bytes:
    """A workbook with a sheet for each of the named tables, on the same terms."""
    out = io.BytesIO()
    taken: set[str] = set()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for place, (name, table) in enumerate(tables, 1):
            title = _sheet_name(name) or "Table"
            # Excel compares the names of sheets without regard to case.
            title = title if title.lower() not in taken else _sheet_name(f"{place} {name}")
            taken.add(title.lower())
            _write_table(book.add_worksheet(title), name, table, bold)
    return out.getvalue()


def table_xlsx(title: str, table: Table) -> bytes:
    """One table under its title as a workbook."""
    return tables_xlsx([(title, table)])


def _about(paper: Paper) -> Iterator[tuple[str, str]]:
    yield from paper.facts
    yield "Data, SHA-256", paper.origin.data_sha256
    yield "Model, SHA-256", paper.origin.model_sha256
    yield "Scoreroom", paper.origin.product_version
    yield from (("Notice", notice) for notice in paper.notices)


def _listed(paper: Paper) -> Iterator[tuple[str, str, Table]]:
    """Each sheet's name, its title and its table, in the order of the report."""
    for block in paper.blocks:
        match block:
            case Figure(number, chart):
                yield _sheet_name(f"Figure {number} {chart.method}"), f"Figure {number}. {chart.title}", chart.table
            case Sheet():
                yield (
                    _sheet_name(f"Table {block.number} {block.title}"),
                    f"Table {block.number}. {block.title}",
                    block.table,
                )


def _sheet_name(text: str) -> str:
    return _FORBIDDEN.sub(" ", labels.literal(text))[:_LONGEST_NAME].rstrip()


def _write_table(sheet: Any, title: str, table: Table, bold: Any) -> None:
    sheet.write_string(0, 0, _text(title), bold)
    for place, (name, values) in enumerate(table.items()):
        sheet.write_string(1, place, _text(name), bold)
        for row, value in enumerate(values, 2):
            _write(sheet, row, place, value)
        longest = max((len(str(value)) for value in values if isinstance(value, str)), default=12)
        sheet.set_column(place, place, min(max(longest, 12), _WIDEST))
    sheet.freeze_panes(2, 1)


def _write_rows(sheet: Any, rows: Iterable[Sequence[str]]) -> None:
    for row, cells in enumerate(rows):
        for place, cell in enumerate(cells):
            _write(sheet, row, place, cell)


def _write(sheet: Any, row: int, place: int, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool | str):
        sheet.write_string(row, place, _text(str(value)))
    elif isinstance(value, int | float) or hasattr(value, "__float__"):
        number = float(value)
        # A workbook knows neither infinity nor what is not a number.
        if math.isfinite(number):
            sheet.write_number(row, place, number)
    else:
        sheet.write_string(row, place, _text(str(value)))


def _text(text: str) -> str:
    return labels.literal(text)[:_LONGEST_CELL]
