"""The rows of a text table as frames of text, block by block, with the lines that are no rows counted."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from data.errors import FileError, TableError
from data.reading.layout import Layout, any_field_size, are_totals, reader_of, totals_at_end
from data.reading.said import Said, as_list, flag, most_damaged
from data.reading.text import Progress, TextFile, Utf8

_BLOCK = 4 << 20
_MOST_SHOWN = 80
_MOST_TOTALS = 5


class Odd(NamedTuple):
    """A line that has another number of fields than the table: its number, how many it has, and what it says."""

    line: int
    n_fields: int
    text: str
    after_gap: bool


@dataclass
class Found:
    """What a pass over the rows met besides them; `n_called` are those whose first cell calls them a total."""

    n_odd: int = 0
    n_called: int = 0
    n_empty: int = 0
    quotes: int = 0
    totals: list[str] = field(default_factory=list)


def blocks(file: TextFile, layout: Layout, found: Found, progress: Progress | None = None) -> Iterator[pl.DataFrame]:
    """Frames of String columns, null where a cell is empty; rows without any cell and lines of totals are left out.

    Raises:
        FileError: it is damaged.
        NotUtf8Error: it is not UTF-8, although it began so.
    """

    def skip(row: pa_csv.InvalidRow) -> str:
        found.n_odd += bool(row.text.strip())
        return "skip"

    places = [str(place) for place in range(len(layout.names))]
    with file.open(layout.start, runs=layout.runs, padded=layout.padded, progress=progress) as text:
        try:
            with _open(text, layout, places, skip) as reader:
                before = None
                for batch in reader:
                    frame = _given(_frame(batch, layout.names), found)
                    found.n_called += int(are_totals(frame[:, 0]).sum())
                    if before is not None:
                        yield before
                    before = frame
                if before is not None:
                    yield _without_totals(before, found)
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                reason = " ".join(str(error).splitlines()[:1])[:160]
                raise FileError.from_unreadable(
                    file.path, f"cannot be read as a table ({reason})", "say how it is written with --read"
                ) from error
        finally:
            found.quotes = text.quotes


def _open(text: Utf8, layout: Layout, places: list[str], skip: object) -> pa_csv.CSVStreamingReader:
    quote = False if layout.quote == "none" else layout.quote
    return pa_csv.open_csv(
        text,
        read_options=pa_csv.ReadOptions(block_size=_BLOCK, column_names=places),
        parse_options=pa_csv.ParseOptions(
            delimiter=layout.separator, quote_char=quote, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(places, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _frame(batch: pa.RecordBatch, names: Sequence[str]) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    frame.columns = list(names)
    return frame


def _given(frame: pl.DataFrame, found: Found) -> pl.DataFrame:
    """The rows that have a cell: workbooks are saved with lines of separators at their end."""
    is_given = frame[:, 0].is_not_null()
    if is_given.all():
        return frame
    kept = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    found.n_empty += frame.height - kept.height
    return kept


def _without_totals(frame: pl.DataFrame, found: Found) -> pl.DataFrame:
    rows = frame.tail(_MOST_TOTALS).rows()
    n_totals = totals_at_end(rows, found.n_called)
    found.totals = [" ".join(cell for cell in row if cell)[:_MOST_SHOWN] for row in rows[len(rows) - n_totals :]]
    return frame.head(frame.height - n_totals)


def row_lines(file: TextFile, layout: Layout) -> Iterator[int]:
    """The line on which each row begins; the text is read again."""
    line = layout.line
    with file.open(layout.start, runs=layout.runs, padded=layout.padded) as text, any_field_size():
        reader = reader_of(text.lines(), layout.separator, layout.quote)
        for fields in reader:
            if len(fields) == len(layout.names) and any(fields):
                yield line
            line = layout.line + reader.line_num


def odd_lines(file: TextFile, layout: Layout) -> tuple[list[Odd], int]:
    """The lines that are no rows, in order, and the line of the last row; the text is read again.

    Raises:
        TableError: a quotation mark is opened and never closed.
    """
    odd: list[Odd] = []
    line = last = layout.line
    width = len(layout.names)
    with file.open(layout.start, runs=layout.runs, padded=layout.padded) as text, any_field_size():
        reader = reader_of(text.lines(), layout.separator, layout.quote)
        after_gap = False
        try:
            for fields in reader:
                is_blank = not any(each.strip() for each in fields)
                if len(fields) == width:
                    last = line
                elif not is_blank:
                    odd.append(Odd(line, len(fields), layout.separator.join(fields), after_gap))
                after_gap = is_blank
                line = layout.line + reader.line_num
        except csv.Error as error:
            raise TableError.from_open_quote(file.path, line) from error
    return odd, last


def check_quotes(file: TextFile, layout: Layout) -> None:
    """Raise TableError if a quotation mark is opened and not closed where its field ends."""
    line = layout.line
    with file.open(layout.start, runs=layout.runs, padded=layout.padded) as text, any_field_size():
        reader = reader_of(text.lines(), layout.separator, layout.quote, strict=True)
        try:
            for _ in reader:
                line = layout.line + reader.line_num
        except csv.Error as error:
            raise TableError.from_open_quote(file.path, line) from error


@dataclass(frozen=True)
class Damage:
    """Lines that are no rows: those after the table, and those within it that were left out as asked."""

    footer: tuple[str, ...] = ()
    left_out: tuple[Odd, ...] = ()


def judge_odd(file: TextFile, layout: Layout, n_rows: int, said: Said) -> Damage:
    """What the lines with another number of fields than the table are.

    Raises:
        FileError: the line of names is one field short of every line below it.
        TableError: some are damaged, and leaving them out was not asked for or they are too many.
    """
    odd, last = odd_lines(file, layout)
    after = [each for each in odd if each.line > last]
    within = [each for each in odd if each.line <= last]
    is_footer = bool(after) and (after[0].after_gap or all(_is_remark(each, layout) for each in after))
    if not is_footer:
        within, after = odd, []
    if not n_rows and layout.header and all(each.n_fields == len(layout.names) + 1 for each in within):
        raise _from_short_names(file.path, layout)
    if within and len(within) > most_damaged(said) * (n_rows + len(within)):
        raise _damaged(file.path, within, n_rows, layout, said)
    if within and "bad_file" in said:
        _write(Path(said["bad_file"]), within)
    return Damage(tuple(each.text[:_MOST_SHOWN] for each in after), tuple(within))


def _is_remark(odd: Odd, layout: Layout) -> bool:
    given = [each for each in odd.text.split(layout.separator) if each.strip()]
    return len(given) <= 1 and odd.n_fields < len(layout.names) and not given[0].strip().isdigit()


def _from_short_names(path: Path, layout: Layout) -> FileError:
    n_names = len(layout.names)
    names = flag(f"names={as_list(['row', *layout.names])}")
    return FileError.from_unreadable(
        path,
        f"has {_fields(n_names + 1)} in every line and {n_names} names above them",
        f"name every column, such as --read skip={layout.line - 1} {names}",
    )


def _damaged(path: Path, odd: Sequence[Odd], n_rows: int, layout: Layout, said: Said) -> TableError:
    width = len(layout.names)
    first, *others = odd
    text = first.text[:_MOST_SHOWN]
    where = f"line {first.line:,} has {_fields(first.n_fields)} where the table has {width}: {text!r}"
    if others:
        listed = ", ".join(f"{each.line:,}" for each in others[:4]) + (" ..." if len(others) > 4 else "")
        where += f", and so {'has line' if len(others) == 1 else 'have lines'} {listed} another number"
    share = f"{len(odd):,} of {n_rows + len(odd):,} lines"
    if "bad_lines" in said:
        return TableError(
            f"{path}: {where}; that is {share}, more than the share {most_damaged(said):g} that may be left out; "
            "correct them, or raise it with --read bad_lines=leave-out:SHARE."
        )
    return TableError(
        f"{path}: {where} ({share}); correct {'it' if len(odd) == 1 else 'them'}, put fields that hold a "
        f"{layout.word} in quotation marks, or leave such lines out with --read bad_lines=leave-out."
    )


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count:,} fields"


def _write(path: Path, odd: Sequence[Odd]) -> None:
    try:
        path.write_text("".join(f"{each.line}\t{each.text}\n" for each in odd), encoding="utf-8")
    except OSError as error:
        raise FileError.from_unwritable(path, error.strerror or str(error)) from error
