"""How a text file sets out its table: separator, quotation mark, what stands before it, and whether it has a header."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl

from data.errors import FileError
from data.reading.gaps import GAPS
from data.reading.names import made_names, unique_names
from data.reading.said import Said, flag, listed

SEPARATORS = (",", ";", "\t", "|", " ")
RUNS = "runs of blanks"
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|", " ": "blank"}
_MOST_RECORDS, _MOST_CELLS = 200, 20_000
# The share of the first records that must have one and the same number of fields.
_AGREEING = 0.8
_NUMBER = re.compile(r"[+-]?[$€£]?\s?(\d[\d.,' ]*|\.\d+)([eE][+-]?\d+)?\s?[%€$£]?")
_TOTALS = (
    r"(?:grand |sub-?|zwischen)?(?:totals?|sum|summe|gesamt|gesamtsumme|insgesamt|average|mean|mittelwert|durchschnitt"
    r"|somme|sous-total|suma|totale|totaal|razem|celkem|toplam)"
)
_TOTAL = re.compile(rf"{_TOTALS}\b", re.IGNORECASE)
_ONLY_TOTAL = rf"(?i)^\s*{_TOTALS}\s*[:.]?\s*$"
_SEP_LINE = re.compile(r'\A"?sep=(.)"?[ \t]*(\r\n|\r|\n)', re.IGNORECASE)
_MOST_SHOWN = 80
_MOST_SAMPLED = 300
_FEWEST_ROWS = 5


class Reader(Protocol):
    """What `csv.reader` gives: records, and how many lines have been read."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


class Record(NamedTuple):
    """Fields, the line on which they begin (from 1), and the characters up to their end."""

    line: int
    fields: list[str]
    end: int


@dataclass(frozen=True)
class Layout:
    """How the table is set out.

    `names` are unique and `changed` says of which columns the file writes another; the data begin at character `start`
    of the text, on `line`. `skipped` are the lines before the table. `runs` means that blanks in any number separate,
    and `padded` that blanks stand before quotation marks.
    """

    separator: str
    quote: str
    header: bool
    names: tuple[str, ...]
    written: tuple[str, ...]
    changed: tuple[str, ...]
    start: int
    line: int
    skipped: tuple[str, ...] = ()
    runs: bool = False
    padded: bool = False
    sample: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What separates the fields, in a word."""
        return RUNS if self.runs else _WORDS.get(self.separator, repr(self.separator))


def layout_of(path: Path, text: str, said: Said) -> Layout:
    """The layout of a table that begins with `text`; what is `said` is not guessed.

    Raises:
        FileError: there is no row, or the names that are said are not one for each column.
    """
    begin, separator = 0, said.get("separator", "")
    if match := _SEP_LINE.match(text):
        begin, separator = match.end(), separator or match[1]
    n_before = text[:begin].count("\n") or int(begin > 0)
    if "skip" in said:
        lines = text.splitlines(keepends=True)[: int(said["skip"])]
        begin, n_before = len("".join(lines)), len(lines)
    body = text[begin:]
    quote = said.get("quote") or _quote_of(body)
    runs, padded = False, _is_padded(body, quote)
    if padded:
        # The blanks stay: places in the text are counted. `csv` passes over them.
        quote = f" {quote}"
    if not separator:
        separator, runs = _separator_of(body, quote)
    elif separator == " ":
        runs = _needs_runs(body, quote)
    records = list(_records(body, separator, quote, runs=runs))
    if not records:
        raise FileError.from_empty(path)
    if "separator" not in said and _usual(records) == 1 and any(len(each.fields) > 1 for each in records):
        reason = "cannot be read as a table (no comma, semicolon, tab, | or blank separates its lines alike)"
        raise FileError.from_unreadable(path, reason, "say what does with --read separator=")
    first = 0 if "skip" in said else _first_of(records)
    kept = records[first:]
    skipped = tuple(separator.join(each.fields).strip()[:_MOST_SHOWN] for each in records[:first])
    names_said = listed(said["names"]) if "names" in said else []
    header = _header_said(said, kept, names_said)
    usual = _usual(kept[1:] if header and len(kept) > 1 else kept)
    top = kept[0]
    written = tuple(top.fields) if header else ()
    if header and names_said:
        written = ()
    if len(written) == usual + 1 and not written[-1].strip():
        written = written[:-1]
    width = _width(written, usual, kept[1:])
    line = (kept[1].line if header and len(kept) > 1 else top.line + int(header)) + n_before
    if written and "header" not in said and has_two_headers(rows := [each.fields for each in kept]):
        raise from_two_headers(path, rows, f"skip={line - 1}")
    if names_said and len(names_said) != width:
        reason = f"has {width} columns and {len(names_said)} names were given"
        raise FileError.from_unreadable(path, reason, "name every column")
    if written and width == len(written) + 1:
        # R writes row names without a name for them.
        written = ("", *written) if _has_row_names(kept[1:]) else (*written, "")
    names, changed = unique_names(names_said or written or made_names(width))
    data = kept[1:] if header else kept
    start = begin + (top.end if header else records[first - 1].end if first else 0)
    sample = tuple(_cut(separator.join(each.fields)) for each in data[:3])
    return Layout(
        separator, quote.strip(), header, names, written or names, changed, start, line, skipped, runs, padded, sample
    )


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_SAMPLED else f"{line[:_MOST_SAMPLED]} ..."


def has_two_headers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether below a line of names stands another: words, each another one, over two or more columns of numbers."""
    if len(rows) < _FEWEST_ROWS:
        return False
    words = []
    for place, cell in enumerate(map(str.strip, rows[1])):
        below = [fields[place].strip() for fields in rows[2:] if len(fields) > place and fields[place].strip()]
        below = [each for each in below if each.lower() not in GAPS]
        if below and all(map(_is_number, below)):
            words.append(cell)
    is_word = [re.match(r"[^\W\d_]{2}", each) is not None and each.lower() not in GAPS for each in words]
    return len(words) > 1 and all(is_word) and len({*words}) == len(words)


def from_two_headers(path: Path, rows: Sequence[Sequence[str]], skip: str) -> FileError:
    """What to do about a table that has two lines of names."""
    above, below = (", ".join(filter(None, map(str.strip, fields)))[:_MOST_SHOWN] for fields in rows[:2])
    return FileError.from_unreadable(
        path,
        f"has two lines of names ({above!r} above {below!r})",
        f"take the second with {flag(skip)}, or take that line out of the file",
    )


def _header_said(said: Said, records: Sequence[Record], names: Sequence[str]) -> bool:
    if "header" in said:
        return said["header"] == "yes"
    if names:
        return [each.strip() for each in records[0].fields] == list(names)
    return has_header([each.fields for each in records])


def _width(written: Sequence[str], usual: int, rows: Sequence[Record]) -> int:
    """The number of columns; that of the rows where a header is one field short of them all."""
    if written and len(written) == usual - 1 and all(len(each.fields) == usual for each in rows):
        is_empty = not any(each.fields[-1].strip() for each in rows)
        return usual if is_empty or _has_row_names(rows) else len(written)
    return len(written) or usual


def _has_row_names(rows: Sequence[Record]) -> bool:
    """Whether the first fields number the rows, or name each by a word of its own."""
    first = [each.fields[0].strip() for each in rows]
    counted = [[str(place + start) for place in range(len(first))] for start in (0, 1)]
    is_named = len({*first}) == len(first) and not any(map(_is_number, first))
    return any(each.fields[-1].strip() for each in rows) and (first in counted or is_named)


def _is_padded(text: str, quote: str) -> bool:
    """Whether blanks stand before quotation marks, as in `1, "Ulm, Donau"`."""
    lines = text.splitlines()[1:_MOST_RECORDS]
    mark = re.compile(rf"[,;|] +{re.escape(quote)}")
    return quote != "none" and 2 * sum(bool(mark.search(line)) for line in lines) > len(lines) > 0


def _usual(records: Sequence[Record]) -> int:
    return Counter(len(each.fields) for each in records).most_common(1)[0][0]


def _first_of(records: Sequence[Record]) -> int:
    """The first record of the table: what stands before it has another number of fields, or is padded to it."""
    usual = _usual(records)
    for place, record in enumerate(records):
        rest = records[place + 1 :]
        width = len(record.fields)
        given = [each for each in record.fields if each.strip()]
        next_names = bool(rest) and _looks_like_names(rest[0].fields, usual)
        if width == usual and not (_is_title(record.fields, given) and next_names):
            return place
        is_short = width == usual - 1 > 1 and all(len(each.fields) == usual for each in rest)
        if is_short or (width > usual and not next_names):
            return place
    return 0


def _is_title(fields: Sequence[str], given: Sequence[str]) -> bool:
    return len(fields) > 1 and len(given) <= 1 and bool(fields[0].strip() or not given)


def _looks_like_names(fields: Sequence[str], usual: int) -> bool:
    given = [each for each in fields if each.strip()]
    if not given:
        return True
    return len(fields) == usual and 2 * len(given) >= usual and not any(map(_is_number, given))


def has_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is of another kind than those below it."""
    first, rest = records[0], records[1:]
    if not rest:
        return True
    votes = 0
    for place, cell in enumerate(map(str.strip, first)):
        below = [record[place].strip() for record in rest if len(record) > place and record[place].strip()]
        n_numbers = sum(map(_is_number, below))
        if len(below) > 2 and n_numbers == len(below) and re.match(r"[^\W\d_]{2}", cell) and cell.lower() not in GAPS:
            # No row of data has a word here, whatever the names of other columns are: `id,2023,2024`.
            return True
        if below and n_numbers >= _AGREEING * len(below):
            votes += -1 if _is_number(cell) else 1 if cell else 0
        elif cell and cell in below:
            votes -= 1
    return votes > 0 or (votes == 0 and not any(_is_number(cell.strip()) for cell in first))


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _separator_of(text: str, quote: str) -> tuple[str, bool]:
    """What separates the fields: the mark by which lines agree and after which cells hold no other such mark."""
    best, runs, most = ",", False, 0.0
    for separator in SEPARATORS:
        both = (False, True) if separator == " " else (False,)
        for in_runs in both:
            # A tab is a blank too: only where no other mark separates, blanks in any number may.
            if in_runs and (not _may_run(text, quote) or (most > 0 and best != separator)):
                continue
            records = list(_records(text, separator, quote, runs=in_runs))
            score = _score(records, separator)
            if score > most:
                best, runs, most = separator, in_runs, score
    return best, runs


def _score(records: Sequence[Record], separator: str) -> float:
    if not records:
        return 0.0
    widths = Counter(len(each.fields) for each in records)
    width, n_agreeing = widths.most_common(1)[0]
    agreeing = n_agreeing / len(records)
    if width < 2 or (agreeing < _AGREEING and len(records) > 4) or (len(records) <= 4 and agreeing < 0.5):
        return 0.0
    cells = [cell for each in records if len(each.fields) == width for cell in each.fields][:_MOST_CELLS]
    # A second blank in a row separates nothing; an empty field between other marks is a gap.
    cells = cells if separator == " " else [cell for cell in cells if cell.strip()]
    others = set(SEPARATORS[:4]) - {separator}
    clean = sum(_is_clean(cell.strip(), others) for cell in cells) / max(1, len(cells))
    # Blanks and commas stand in texts too: what separates better explains more of the line.
    return agreeing * clean * clean * (1 - 1 / width) * (0.7 if separator == " " else 1.0)


def _is_clean(cell: str, others: set[str]) -> bool:
    return bool(cell) and (not others & set(cell) or _is_number(cell))


def is_total(cells: Sequence[str | None]) -> bool:
    """Whether the last line of a table sums it up, such as "Total;;;1.234", and so is not one of its rows."""
    given = [cell for cell in cells if cell]
    return bool(given) and len(cells) > 2 and 2 * len(given) <= len(cells) + 1 and bool(_TOTAL.match(given[0]))


def are_totals(cells: pl.Series) -> pl.Series:
    """Whether each cell, String, says that its row sums others up and nothing else; never null."""
    return cells.str.contains(_ONLY_TOTAL).fill_null(value=False)


def are_totals_of_parts(cells: pl.Series) -> pl.Series:
    """Whether each cell, String, begins so and has no digit, such as "Subtotal North"; never null."""
    begins = cells.str.contains(rf"(?i)^\s*{_TOTALS}\b") & ~cells.str.contains(r"\d")
    return begins.fill_null(value=False)


def totals_at_end(rows: Sequence[Sequence[str | None]], n_called: int) -> int:
    """How many of the last `rows` of a table sum it up; `n_called` of all its rows say so in their first cell.

    A full row is one only where no other row's first cell says so: a class may be called Average.
    """
    called = [bool(row and row[0] and re.match(_ONLY_TOTAL, row[0])) for row in rows]
    sums = [is_total(row) for row in rows]
    either = [one or other for one, other in zip(called, sums, strict=True)]
    n_either = next((n for n, each in enumerate(reversed(either)) if not each), len(rows))
    if n_either and sum(called[len(rows) - n_either :]) == n_called:
        return n_either
    return next((n for n, each in enumerate(reversed(sums)) if not each), len(rows))


def _may_run(text: str, quote: str) -> bool:
    return quote == "none" or quote.strip() not in text


def _needs_runs(text: str, quote: str) -> bool:
    if not _may_run(text, quote):
        return False
    alone = list(_records(text, " ", quote, runs=False))
    together = list(_records(text, " ", quote, runs=True))
    return _score(together, " ") > _score(alone, " ") or any("" in each.fields for each in alone)


def _quote_of(text: str) -> str:
    if '"' in text:
        return '"'
    lines = text.splitlines()[:_MOST_RECORDS]
    quoted = sum(bool(re.search(r"(?:^|[,;\t|])'[^']*'(?:$|[,;\t|])", line)) for line in lines)
    return "'" if lines and quoted >= _AGREEING * len(lines) else '"'


def _records(text: str, separator: str, quote: str, *, runs: bool) -> Iterator[Record]:
    """The first records. Blank lines are skipped."""
    n_chars = 0

    def lines() -> Iterator[str]:
        nonlocal n_chars
        for line in io.StringIO(text, newline=""):
            n_chars += len(line)
            yield re.sub(r"[ \t]+", " ", line).strip(" ") if runs else line

    with any_field_size():
        reader = reader_of(lines(), separator, quote)
        line, n_records = 1, 0
        try:
            for fields in reader:
                if any(field.strip() for field in fields) or len(fields) > 1:
                    yield Record(line, fields, n_chars)
                    n_records += 1
                line = reader.line_num + 1
                if n_records == _MOST_RECORDS:
                    break
        except csv.Error:
            return


def reader_of(lines: Iterator[str], separator: str, quote: str, *, strict: bool = False) -> Reader:
    """A reader of records as the table is set out."""
    if quote.startswith(" "):
        return csv.reader(lines, delimiter=separator, quotechar=quote[1:], skipinitialspace=True, strict=strict)
    if quote == "none":
        return csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(lines, delimiter=separator, quotechar=quote, strict=strict)


@contextmanager
def any_field_size() -> Iterator[None]:
    """Let fields be of any length."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)
