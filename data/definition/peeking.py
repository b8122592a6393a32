"""Reading a stranger's table generously: whatever separates its fields, with or without names, every cell as text."""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from data.definition.evidence.vocabulary import is_number
from data.definition.reading import MOST_COLUMNS
from data.errors import DamageError, FileError, TableError
from data.store.opening import DAMAGE, PARQUET, TROUBLE, ZIP, kind_of, open_readable, unpacked

MOST_ROWS = 200_000
UTF_8 = "UTF-8"
SEPARATORS = (",", ";", "\t", "|", " ")
# Columns of more different texts than this are no categories.
_MOST_WATCHED = 300
_CHUNK = 1 << 22
_HEAD = 1 << 20
_HEAD_RECORDS = 200
# The share of the first lines that must have one and the same number of fields.
_AGREEING = 0.9
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")


@dataclass(frozen=True)
class Peeked:
    """A table as text: a sample of its rows, evenly spread where there are more than `MOST_ROWS`.

    `frame` has String columns, null where a cell is empty. Left out of it are `unreadable` columns, each with the
    reason, and `n_unnamed` columns that have no name.
    """

    path: Path
    frame: pl.DataFrame
    n_rows: int
    separator: str = ","
    header: bool = True
    encoding: str = UTF_8
    unreadable: Mapping[str, str] = field(default_factory=dict)
    n_unnamed: int = 0

    @property
    def is_sample(self) -> bool:
        """Whether `frame` holds fewer rows than the file."""
        return self.frame.height < self.n_rows


def peek(path: Path, said: Mapping[str, Any] | None = None) -> Peeked:
    """Read `path`, text or Parquet; `said` is the `[table]` part of a definition and wins over what is guessed.

    Raises:
        FileError: no such file, empty, binary, damaged, or no table of two columns or more.
        TableError: a column's name is empty or repeated, or a line has too many fields.
    """
    kind = kind_of(path)
    try:
        return _peek_parquet(path) if kind == PARQUET else _peek_text(path, kind, said or {})
    except (FileError, TableError):
        raise
    except TROUBLE as error:
        reason = DamageError.from_trouble(path, error).reason
        raise FileError.from_unreadable(
            path, f"cannot be read as a table ({reason})", "bring CSV or Parquet"
        ) from error


def header_of(path: Path, said: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The names of the columns of `path` that have one, read from its first lines alone; raises as `peek`."""
    said = said or {}
    kind = kind_of(path)
    try:
        if kind == PARQUET:
            return _named(pq.read_schema(path).names)
        with open_readable(path) as handle, unpacked(path, kind, handle) as inner:
            head = inner.read(_HEAD)
    except (FileError, TableError):
        raise
    except TROUBLE as error:
        reason = DamageError.from_trouble(path, error).reason
        raise FileError.from_unreadable(
            path, f"cannot be read as a table ({reason})", "bring CSV or Parquet"
        ) from error
    _, records, has_header = _layout(path, _head_text(path, head), said)
    return _named(_names(path, records, has_header, said))


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name.strip())


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raise unless `names` are 2 to `MOST_COLUMNS` texts that a person can tell apart; some may be empty."""
    if len(_named(names)) < 2:
        raise FileError.from_unreadable(
            path,
            "has one column (comma, semicolon, tab, | and blank were tried as separators)",
            "bring a table of two columns or more",
        )
    if len(names) > MOST_COLUMNS:
        raise FileError.from_unreadable(
            path, f"has {len(names):,} columns; at most {MOST_COLUMNS:,} are read", "keep those that are needed"
        )
    seen: dict[str, tuple[int, str]] = {}
    for place, name in enumerate(names, 1):
        if not name.strip():
            continue
        bare = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
        folded = bare.casefold().strip()
        if folded in seen:
            first, other = seen[folded]
            how = (
                f"are both called {name!r}"
                if other == name
                else f"{other!r} and {name!r} differ only by case or accents"
            )
            raise FileError.from_unreadable(path, f"columns {first} and {place} {how}", "rename one of them")
        seen[folded] = (place, name)


def _peek_parquet(path: Path) -> Peeked:
    file = pq.ParquetFile(path)
    check_names(path, file.schema_arrow.names)
    n_rows = file.metadata.num_rows
    if not n_rows:
        raise FileError.from_empty(path)
    scan = pl.scan_parquet(path, glob=False)
    schema = scan.collect_schema()
    named = _named(schema)
    unreadable = {name: reason for name in named if (reason := _why_unreadable(schema[name]))}
    frame = _sampled(scan.select(name for name in named if name not in unreadable), n_rows)
    texts = frame.select(_as_text(values) for values in frame)
    return Peeked(path, texts, n_rows, unreadable=unreadable, n_unnamed=len(schema) - len(named))


def _why_unreadable(dtype: pl.DataType) -> str:
    if dtype.is_nested() or dtype == pl.Object:
        return "holds lists or records; write plain columns"
    if dtype in (pl.Duration, pl.Time):
        return f"holds {'durations' if dtype == pl.Duration else 'times of day'}; write numbers to read it"
    return ""


def _peek_text(path: Path, kind: str, said: Mapping[str, Any]) -> Peeked:
    with open_readable(path) as handle, unpacked(path, kind, handle) as inner:
        try:
            head = inner.read(_HEAD)
        except DAMAGE as error:
            raise FileError.from_damaged(path, kind) from error
    separator, records, has_header = _layout(path, _head_text(path, head), said)
    names = _names(path, records, has_header, said)
    check_names(path, names)
    with _as_utf8(path, kind, head) as (plain, encoding, n_lines):
        scan = pl.scan_csv(
            plain,
            separator=separator,
            has_header=has_header,
            new_columns=[name if name.strip() else f"\0{place}" for place, name in enumerate(names)],
            infer_schema=False,
            glob=False,
        ).select(_named(names))
        try:
            n_rows = n_lines if n_lines <= MOST_ROWS else scan.select(pl.len()).collect(engine="streaming").item()
            frame = _sampled(scan, n_rows)
        except pl.exceptions.ComputeError as error:
            raise _ragged(path, plain, separator, len(names)) or error from error
    if n_rows <= MOST_ROWS:
        # An empty line at the end is no row.
        frame = _stripped(frame)
        frame = frame.filter(pl.Series(np.column_stack([each.is_not_null().to_numpy() for each in frame]).any(axis=1)))
    if frame.is_empty():
        raise FileError.from_empty(path)
    n_read = frame.height if n_rows <= MOST_ROWS else n_rows
    n_unnamed = len(names) - frame.width
    return Peeked(path, frame, n_read, separator, has_header, encoding, n_unnamed=n_unnamed)


def _sampled(scan: pl.LazyFrame, n_rows: int) -> pl.DataFrame:
    """All rows; of many some evenly spread, and those that show a level, a gap or an extreme that is not among them."""
    if n_rows <= MOST_ROWS:
        return scan.collect()
    step = -(-n_rows // MOST_ROWS)
    place = "\x00place"
    frame = scan.with_row_index(place).filter(pl.col(place) % step == 0).drop(place).collect(engine="streaming")
    frame = _stripped(frame)
    texts = frame.select(pl.all().cast(pl.String))
    seen = {each.name: set(each.unique()) for each in texts if each.n_unique() <= _MOST_WATCHED}
    numbers = texts.select(pl.all().exclude(list(seen)).cast(pl.Float64, strict=False))
    ends = {each.name: (each.min(), each.max()) for each in numbers if each.null_count() < len(each)}
    full = {each.name for each in texts if each.name not in seen and not each.null_count()}
    more = [
        _witnesses(_stripped(batch), seen, ends, full)
        for batch in scan.collect_batches(chunk_size=MOST_ROWS, maintain_order=True)
    ]
    return pl.concat([frame, *more])


def _stripped(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts without blanks around them; one by one, because a plan of many columns takes long and much memory."""
    return pl.DataFrame(
        [each.str.strip_chars().replace("", None) if each.dtype == pl.String else each for each in frame]
    )


def _witnesses(
    batch: pl.DataFrame, seen: dict[str, set[Any]], ends: dict[str, tuple[Any, Any]], full: set[str]
) -> pl.DataFrame:
    """The rows that show what was not seen before; `seen`, `ends` and `full` (columns without a gap) are kept up."""
    rows: set[int] = set()
    for name in [name for name in full if batch[name].null_count()]:
        rows.add(batch[name].is_null().arg_max() or 0)
        full.discard(name)
    for name, known in list(seen.items()):
        values = batch[name].cast(pl.String)
        for value in set(values.unique()) - known:
            found = values.is_null() if value is None else values == value
            rows.add(found.arg_max() or 0)
            known.add(value)
        if len(known) > _MOST_WATCHED:
            del seen[name]
    for name, (low, high) in ends.items():
        numbers = batch[name].cast(pl.String).cast(pl.Float64, strict=False)
        least, most = numbers.min(), numbers.max()
        if least is not None and least < low:
            rows.add(numbers.arg_min() or 0)
        if most is not None and most > high:
            rows.add(numbers.arg_max() or 0)
        if least is not None and most is not None:
            ends[name] = min(low, least), max(high, most)
    return batch[sorted(rows)]


def _as_text(values: pl.Series) -> pl.Series:
    dtype = values.dtype
    if dtype == pl.Binary:
        cells = values.to_list()
        try:
            texts = [None if cell is None else cell.decode() for cell in cells]
        except UnicodeDecodeError:
            texts = [None if cell is None else cell.hex() for cell in cells]
        return pl.Series(values.name, texts, dtype=pl.String)
    if dtype.is_float():
        return _float_text(values)
    if dtype.is_decimal():
        return _as_text(values.cast(pl.Float64))
    return values.cast(pl.String).str.strip_chars().replace("", None)


def _float_text(values: pl.Series) -> pl.Series:
    """Floats as text, without a decimal point where all are whole numbers; "NaN" and "inf" are left to be judged."""
    finite = values.filter(values.is_finite())
    if not (finite == finite.floor()).all() or not (finite.abs() < 2.0**53).all():
        return values.cast(pl.String)
    whole = values.set(~values.is_finite(), None).cast(pl.Int64).cast(pl.String)
    return whole.zip_with(values.is_finite().fill_null(value=True), values.cast(pl.String))


def _head_text(path: Path, head: bytes) -> str:
    """The first lines as text, ending with a whole one."""
    encoding = _encoding_of(head)
    if encoding != "utf-16" and _BINARY.search(head):
        if head.startswith(b"PK"):
            raise FileError.from_unreadable(path, "is a workbook or an archive", "save its table as CSV")
        raise FileError.from_unreadable(path, "is no text", "bring CSV or Parquet")
    text = head.decode(encoding, errors="replace")
    if len(head) >= _HEAD and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    return text


def _encoding_of(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _layout(path: Path, text: str, said: Mapping[str, Any]) -> tuple[str, list[list[str]], bool]:
    """The separator, the first records, and whether the first of them names the columns."""
    separator = said.get("separator") or _separator_of(text)
    records = _records(text, separator)
    if not records:
        raise FileError.from_empty(path)
    usual = Counter(map(len, records)).most_common(1)[0][0]
    if len(records[0]) != usual and len(records) > 2:
        raise FileError.from_unreadable(
            path,
            f"the first line has {len(records[0])} fields and most lines have {usual}",
            "take out what stands before the table",
        )
    if separator == " " and any("" in record for record in records):
        raise FileError.from_unreadable(path, "its fields are separated by runs of blanks", "save it with commas")
    header = said.get("header")
    return separator, records, bool(_has_header(records) if header is None else header)


def _records(text: str, separator: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    records = []
    for record in reader:
        if record:
            records.append(record)
        if len(records) == _HEAD_RECORDS:
            break
    return records


def _separator_of(text: str) -> str:
    best, most = ",", 1
    for separator in SEPARATORS:
        try:
            widths = Counter(map(len, _records(text, separator)))
        except csv.Error:
            continue
        if not widths:
            continue
        width, n_agreeing = widths.most_common(1)[0]
        if width > most and n_agreeing >= _AGREEING * widths.total():
            best, most = separator, width
    return best


def _has_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is of another kind than those below it."""
    first, rest = records[0], records[1:]
    if not rest:
        return True
    votes = 0
    for place, cell in enumerate(map(str.strip, first)):
        below = [record[place].strip() for record in rest if len(record) > place and record[place].strip()]
        n_numbers = sum(map(is_number, below))
        if below and n_numbers >= _AGREEING * len(below):
            votes += -1 if is_number(cell) else 1 if cell else 0
        elif cell and cell in below:
            votes -= 1
    return votes > 0 or (votes == 0 and not any(is_number(cell.strip()) for cell in first))


def _names(path: Path, records: Sequence[Sequence[str]], has_header: bool, said: Mapping[str, Any]) -> tuple[str, ...]:
    if has_header:
        return tuple(records[0])
    width = len(records[0])
    given = said.get("names")
    if given and len(given) != width:
        raise FileError.from_unreadable(
            path, f"has {width} columns and the definition gives {len(given)} names", "name every column"
        )
    digits = len(str(width))
    return tuple(given or (f"column_{place:0{digits}d}" for place in range(1, width + 1)))


@contextmanager
def _as_utf8(path: Path, kind: str, head: bytes) -> Iterator[tuple[Path, str, int]]:
    """A path to the text as plain UTF-8 (the file itself where it is that), its encoding, and its number of lines."""
    encoding = _encoding_of(head)
    if encoding == "utf-8-sig":
        n_lines = _count_lines(path, kind)
        encoding = "cp1252" if n_lines is None else encoding
    if encoding == "utf-8-sig" and n_lines is not None and kind not in (".gz", ZIP):
        yield path, UTF_8, n_lines
        return
    shown = {"utf-8-sig": UTF_8, "utf-16": "UTF-16", "cp1252": "Windows-1252"}[encoding]
    with tempfile.TemporaryDirectory(prefix="describe-") as folder:
        plain = Path(folder) / "table.csv"
        with open_readable(path) as handle, unpacked(path, kind, handle) as inner, plain.open("wb") as out:
            n_lines = _transcode(path, kind, inner, out, encoding)
        yield plain, shown, n_lines


def _count_lines(path: Path, kind: str) -> int | None:
    """How many lines the text has; None where it is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    n_lines = 1
    with open_readable(path) as handle, unpacked(path, kind, handle) as inner:
        try:
            while chunk := inner.read(_CHUNK):
                decoder.decode(chunk)
                n_lines += chunk.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
        except DAMAGE as error:
            raise FileError.from_damaged(path, kind) from error
    return n_lines


def _transcode(path: Path, kind: str, inner: BinaryIO, out: BinaryIO, encoding: str) -> int:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    n_lines = 1
    try:
        while chunk := inner.read(_CHUNK):
            content = decoder.decode(chunk).encode()
            n_lines += content.count(b"\n")
            out.write(content)
    except DAMAGE as error:
        raise FileError.from_damaged(path, kind) from error
    return n_lines


def _ragged(path: Path, plain: Path, separator: str, width: int) -> TableError | None:
    """What to say of lines with too many fields; None where there are none."""
    n_wrong, first = 0, (0, 0)
    with plain.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=separator)
        line = 1
        for record in reader:
            if len(record) > width:
                n_wrong += 1
                first = first if n_wrong > 1 else (line, len(record))
            line = reader.line_num + 1
    return TableError.from_ragged(path, n_wrong, first[0], first[1], width) if n_wrong else None
