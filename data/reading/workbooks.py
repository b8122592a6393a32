"""Workbooks of Excel and OpenDocument: the sheet that holds a table, and the table on it."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import FileError
from data.reading.layout import are_totals, from_two_headers, has_header, has_two_headers, totals_at_end
from data.reading.names import made_names, unique_names
from data.reading.said import Said, listed

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
# A sheet of so many times the rows of any other is the one that is meant.
_CLEARLY = 20
_MOST_TITLES, _MOST_TOTALS = 50, 5
# The share of the usual number of cells that a row of the table has.
_NEARLY_FULL = 0.7
_MOST_SHOWN = 80


@dataclass(frozen=True)
class Sheet:
    """A table on a sheet: its cells typed where they are, what stands around it, and the names changed."""

    name: str
    frame: pl.DataFrame
    header: bool
    skipped: tuple[str, ...]
    footer: tuple[str, ...]
    changed: tuple[str, ...]
    others: tuple[str, ...]
    sample: tuple[str, ...]


def is_workbook(path: Path, head: bytes) -> bool:
    """Whether a file that begins with `head` is a workbook of any Excel or of OpenDocument."""
    if head.startswith(_OLE):
        return True
    if not head.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(part in archive.namelist() for part in _PARTS)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def read_workbook(path: Path, said: Said) -> Sheet:
    """The table of a workbook.

    Raises:
        FileError: it is damaged or protected, holds no table, or several and it is not said which.
    """
    import python_calamine

    try:
        # By what it holds: an ending is easily another one's.
        with path.open("rb") as file, python_calamine.CalamineWorkbook.from_filelike(file) as book:
            rows = {name: _rows(book.get_sheet_by_name(name)) for name in _wanted(path, book.sheet_names, said)}
            names = list(book.sheet_names)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        reason = "is protected by a password" if "password" in str(error).lower() else "is no whole workbook"
        raise FileError.from_unreadable(path, f"{reason} ({str(error)[:100]})", "save it again, or as CSV") from None
    chosen = _chosen(path, rows)
    return _sheet(path, chosen, rows[chosen], said, [name for name in names if name != chosen])


def _wanted(path: Path, names: Sequence[str], said: Said) -> list[str]:
    if "sheet" not in said:
        return list(names)
    called = said["sheet"]
    if called in names:
        return [called]
    if called.isdigit() and 0 < int(called) <= len(names):
        return [names[int(called) - 1]]
    raise FileError.from_unreadable(path, f"has no sheet {called!r}", f"its sheets are {', '.join(names)}")


def _rows(sheet: Any) -> list[list[Any]]:
    try:
        rows = sheet.to_python(skip_empty_area=True)
    except Exception as error:
        if type(error).__module__.startswith("python_calamine"):
            return []
        raise
    return [[None if cell == "" else cell for cell in row] for row in rows]


def _chosen(path: Path, rows: dict[str, list[list[Any]]]) -> str:
    heights = {name: _height(cells) for name, cells in rows.items()}
    tables = sorted((name for name, height in heights.items() if height > 1), key=lambda name: -heights[name])
    if not tables:
        raise FileError.from_unreadable(path, "has no sheet with a table of two columns or more", "add one")
    if len(tables) > 1 and heights[tables[0]] < _CLEARLY * heights[tables[1]]:
        listed_names = ", ".join(f"{name} ({heights[name]:,} rows)" for name in tables[:5])
        raise FileError.from_unreadable(
            path, f"has tables on several sheets: {listed_names}", f"say which with --read sheet={tables[0]!r}"
        )
    return tables[0]


def _height(rows: Sequence[Sequence[Any]]) -> int:
    """How many rows have two cells or more."""
    return sum(sum(cell is not None for cell in row) > 1 for row in rows)


def _sheet(path: Path, name: str, rows: list[list[Any]], said: Said, others: list[str]) -> Sheet:
    counts = [sum(cell is not None for cell in row) for row in rows]
    first = int(said["skip"]) if "skip" in said else _first_row(counts)
    last = _last_row(rows, counts, first)
    table = [row for row, count in zip(rows[first : last + 1], counts[first : last + 1], strict=True) if count]
    places = range(max(map(len, table), default=0))
    used = [place for place in places if any(_at(row, place) is not None for row in table)]
    table = [[_at(row, place) for place in used] for row in table]
    names_said = listed(said["names"]) if "names" in said else []
    header = said["header"] == "yes" if "header" in said else not names_said and _has_header(table)
    texts = [[_text(cell) or "" for cell in row] for row in table[:_MOST_TITLES]]
    if header and "header" not in said and has_two_headers(texts):
        raise from_two_headers(path, texts, f"skip={first + 1}")
    written = [_text(cell) or "" for cell in table[0]] if header else list(made_names(len(used)))
    if names_said and len(names_said) != len(used):
        reason = f"has {len(used)} columns and {len(names_said)} names were given"
        raise FileError.from_unreadable(path, reason, "name every column")
    names, changed = unique_names(names_said or written)
    body = table[1:] if header else table
    if not body:
        raise FileError.from_empty(path)
    columns = [_column(each, [row[place] for row in body]) for place, each in enumerate(names)]
    return Sheet(
        name,
        pl.DataFrame(columns),
        header,
        tuple(_line(row) for row in rows[:first] if any(cell is not None for cell in row)),
        tuple(_line(row) for row in rows[last + 1 :] if any(cell is not None for cell in row)),
        changed,
        tuple(others),
        tuple(_line(row) for row in body[:3]),
    )


def _first_row(counts: Sequence[int]) -> int:
    """The first row that is nearly as full as those below it."""
    usual = Counter(count for count in counts[: 2 * _MOST_TITLES] if count > 1).most_common(1)
    least = max(2, _NEARLY_FULL * usual[0][0]) if usual else 1
    return next((place for place, count in enumerate(counts[:_MOST_TITLES]) if count >= least), 0)


def _last_row(rows: Sequence[Sequence[Any]], counts: Sequence[int], first: int) -> int:
    """The last row of the table: behind an empty row nothing as full follows; a line of totals does not count."""
    usual = Counter(counts[first:]).most_common(1)[0][0]
    last = max((place for place, count in enumerate(counts) if count), default=0)
    for place in range(first + 1, last):
        if not counts[place] and all(count < _NEARLY_FULL * usual for count in counts[place:]):
            last = place - 1
            break
    while last > first and _is_remark(rows, first, last):
        last -= 1
    body = rows[first + 1 : last + 1]
    left = min(map(_left_of, body[:_MOST_TITLES]), default=0)
    names = pl.Series([_text(_at(row, left)) for row in body], dtype=pl.String)
    rest = [[_text(cell) for cell in row[left:]] for row in body[-_MOST_TOTALS:]]
    return last - totals_at_end(rest, int(are_totals(names).sum()))


def _left_of(cells: Sequence[Any]) -> int:
    """The place of the first cell that is given."""
    return next((place for place, cell in enumerate(cells) if cell is not None), len(cells))


def _is_remark(rows: Sequence[Sequence[Any]], first: int, last: int) -> bool:
    """Whether the row has one cell, a text, in a column that otherwise holds none."""
    given = [place for place, cell in enumerate(rows[last]) if cell is not None]
    if not given:
        return True
    above = [_at(row, given[0]) for row in rows[first + 1 : last]]
    is_text = isinstance(rows[last][given[0]], str)
    return len(given) == 1 and is_text and bool(above) and not any(isinstance(cell, str) for cell in above)


def _has_header(table: Sequence[Sequence[Any]]) -> bool:
    """Whether the first row names the columns: it is text, and what is below is of another kind or never the same."""
    if any(not isinstance(cell, str) for cell in table[0] if cell is not None):
        return False
    return has_header([[_text(cell) or "" for cell in row] for row in table[:200]])


def _at(row: Sequence[Any], place: int) -> Any:
    return row[place] if place < len(row) else None


def _line(row: Sequence[Any]) -> str:
    return " | ".join(_text(cell) or "" for cell in row if cell is not None)[:_MOST_SHOWN]


def _text(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def _column(name: str, cells: list[Any]) -> pl.Series:
    given = [cell for cell in cells if cell is not None]
    kinds = {type(cell) for cell in given}
    if kinds == {bool}:
        return pl.Series(name, cells, dtype=pl.Boolean)
    if kinds and kinds <= {int, float}:
        if all(float(cell).is_integer() and abs(cell) < 2**53 for cell in given):
            return pl.Series(name, [None if cell is None else int(cell) for cell in cells], dtype=pl.Int64)
        return pl.Series(name, cells, dtype=pl.Float64, strict=False)
    if kinds and kinds <= {date, datetime}:
        moments = [_moment(cell) for cell in cells]
        if all(cell is None or cell.time() == time() for cell in moments):
            return pl.Series(name, [None if cell is None else cell.date() for cell in moments], dtype=pl.Date)
        return pl.Series(name, moments, dtype=pl.Datetime("us"))
    if kinds == {time} or kinds == {timedelta}:
        return pl.Series(name, cells)
    return pl.Series(name, [_text(cell) for cell in cells], dtype=pl.String)


def _moment(cell: Any) -> datetime | None:
    return cell if cell is None or isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001
