"""A stranger's table as text, as far as guesses need it: every cell of a small one, a telling sample of a large one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from data.definition.reading import MOST_COLUMNS
from data.errors import DamageError, FileError, TableError
from data.reading.layout import Layout, layout_of
from data.reading.said import Said, said_of
from data.reading.surveying import open_text, survey_text
from data.reading.table import is_text, read_table
from data.reading.text import decoded_head, word_encoding
from data.store.opening import PARQUET, TROUBLE, kind_of

MOST_ROWS = 200_000
UTF_8 = "UTF-8"
# Columns of more different texts than this are no categories.
_MOST_WATCHED = 300


@dataclass(frozen=True)
class Peeked:
    """A table as text: a sample of its rows, evenly spread where there are more than `MOST_ROWS`.

    `frame` has String columns, null where a cell is empty. Left out of it are `unreadable` columns, each with the
    reason, and `n_unnamed` columns that have no name. `sample` has up to three rows as the file writes them, where it
    writes them as text.
    """

    path: Path
    frame: pl.DataFrame
    n_rows: int
    separator: str = ","
    header: bool = True
    encoding: str = UTF_8
    unreadable: Mapping[str, str] = field(default_factory=dict)
    n_unnamed: int = 0
    sample: tuple[str, ...] = ()

    @property
    def is_sample(self) -> bool:
        """Whether `frame` holds fewer rows than the file."""
        return self.frame.height < self.n_rows


def peek(path: Path, said: Mapping[str, Any] | None = None) -> Peeked:
    """Read `path`, a table of any format; `said` is the `[table]` part of a definition and wins over what is guessed.

    Raises:
        FileError: no such file, empty, binary, damaged, or no table of two columns or more.
        TableError: a column's name is repeated, or a line has another number of fields.
    """
    kind = kind_of(path)
    with _said_of_trouble(path):
        if kind == PARQUET:
            return _peek_parquet(path)
        if is_text(path):
            return _peek_text(path, kind, said_of(said or {}))
        return _peek_typed(path, said_of(said or {}))


def header_of(path: Path, said: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The names of the columns of `path`, of text read from its first lines alone; raises as `peek`."""
    kind = kind_of(path)
    with _said_of_trouble(path):
        if kind == PARQUET:
            return _named(pq.read_schema(path).names)
        if is_text(path):
            file = open_text(path, kind, said_of(said or {}))
            return _with_a_name(layout_of(path, decoded_head(file, file.head()), said_of(said or {})))
        return tuple(read_table(path, said_of(said or {})).frame.columns)


@contextmanager
def _said_of_trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileError, TableError):
        raise
    except TROUBLE as error:
        reason = DamageError.from_trouble(path, error).reason
        raise FileError.from_unreadable(
            path, f"cannot be read as a table ({reason})", "bring CSV or Parquet"
        ) from error


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
    readable = scan.select(name for name in named if name not in unreadable)
    frame = _sampled(lambda: readable.collect_batches(chunk_size=MOST_ROWS, maintain_order=True), n_rows)
    texts = frame.select(_as_text(values) for values in frame)
    return Peeked(path, texts, n_rows, unreadable=unreadable, n_unnamed=len(schema) - len(named))


def _why_unreadable(dtype: pl.DataType) -> str:
    if dtype.is_nested() or dtype == pl.Object:
        return "holds lists or records; write plain columns"
    if dtype in (pl.Duration, pl.Time):
        return f"holds {'durations' if dtype == pl.Duration else 'times of day'}; write numbers to read it"
    return ""


def _peek_text(path: Path, kind: str, said: Said) -> Peeked:
    found = survey_text(path, kind, said)
    layout = found.layout
    check_names(path, layout.written)
    names = _with_a_name(layout)
    frame = _sampled(lambda: (each.select(names) for each in found.texts()), found.n_rows)
    if frame.is_empty():
        raise FileError.from_empty(path)
    encoding = word_encoding(found.file.encoding)
    n_unnamed = len(layout.names) - len(names)
    return Peeked(
        path,
        frame,
        found.n_rows,
        layout.separator,
        layout.header,
        encoding,
        n_unnamed=n_unnamed,
        sample=layout.sample,
    )


def _with_a_name(layout: Layout) -> tuple[str, ...]:
    """The columns that the file names: one that it does not is mostly a row's number."""
    return tuple(name for name, written in zip(layout.names, layout.written, strict=True) if written.strip())


def _peek_typed(path: Path, said: Said) -> Peeked:
    frame = read_table(path, said).frame
    check_names(path, frame.columns)
    unreadable = {each.name: reason for each in frame if (reason := _why_unreadable(each.dtype))}
    texts = _sampled(lambda: iter([frame.drop(list(unreadable))]), frame.height)
    return Peeked(path, texts.select(_as_text(each) for each in texts), frame.height, unreadable=unreadable)


def _sampled(batches: Callable[[], Iterator[pl.DataFrame]], n_rows: int) -> pl.DataFrame:
    """All rows; of many some evenly spread, and those that show a level, a gap or an extreme that is not among them."""
    if n_rows <= MOST_ROWS:
        frames = [*batches()]
        return _stripped(pl.concat(frames)) if frames else pl.DataFrame()
    step, before = -(-n_rows // MOST_ROWS), 0
    spread = []
    for batch in batches():
        spread.append(batch.gather_every(step, -before % step))
        before += batch.height
    frame = _stripped(pl.concat(spread))
    texts = frame.select(pl.all().cast(pl.String))
    seen = {each.name: set(each.unique()) for each in texts if each.n_unique() <= _MOST_WATCHED}
    numbers = texts.select(pl.all().exclude(list(seen)).cast(pl.Float64, strict=False))
    ends = {each.name: (each.min(), each.max()) for each in numbers if each.null_count() < len(each)}
    full = {each.name for each in texts if each.name not in seen and not each.null_count()}
    return pl.concat([frame, *(_witnesses(_stripped(batch), seen, ends, full) for batch in batches())])


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
