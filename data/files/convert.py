"""From a file of applications to the validated table: read it whole, or write it as Parquet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.definition.columns import Column
from data.definition.definition import ROW_NUMBER, Definition
from data.errors import DamageError, FileError, SchemaError, TableError
from data.files.csv_source import CsvSource
from data.files.sources import Source, open_source
from data.files.validate import (
    Tally,
    UnseenLevel,
    check_unique_ids,
    unseen_levels,
    wanted_columns,
    with_dates,
    with_levels,
    word_open,
    word_trimmed,
    word_unseen,
)
from data.reading.text import Progress
from data.settings import Settings
from data.store.opening import check_readable, reading
from data.store.records import APPLICATIONS, check_built
from data.store.storage import check_file_place, read_parquet, sha256_of, write_parquet

SOURCE_KEY = "scoreroom.source"
BATCH_ROWS = 50_000
# A single application is read out of one row group whole; smaller ones make the file larger and its first byte later.
ROWS_READ_FOR_ONE = 1 << 13
# What reading is of the whole conversion, writing and timing being the rest: only the progress bar uses it.
_READING_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What a conversion did; times in seconds, sizes in bytes.

    `csv_load_s` and `parquet_load_s` are the times of reading the whole raw file and the whole written file into a
    frame, one after the other; `csv_load_s` is None when the raw file is no CSV. `trimmed` counts the rows in which a
    column had blanks around its value, `open_outcomes` those without an outcome yet by what stands there. `assumed`
    says how the file is written, where that is not as usual.
    """

    raw: Path
    out: Path
    rows: int
    columns: int
    left_out: tuple[str, ...]
    unseen: tuple[UnseenLevel, ...]
    trimmed: Mapping[str, int]
    open_outcomes: Mapping[str, int]
    assumed: tuple[str, ...]
    seconds: float
    raw_bytes: int
    out_bytes: int
    csv_load_s: float | None
    parquet_load_s: float

    @property
    def speed_up(self) -> float | None:
        """How many times faster the Parquet file loads than the CSV file."""
        return None if self.csv_load_s is None else self.csv_load_s / self.parquet_load_s

    def text(self) -> str:
        """The report for a person, notices and warnings last."""
        return "\n".join((*self._figures(), *self._notices()))

    def _figures(self) -> Iterator[str]:
        yield f"{self.rows:,} rows x {self.columns} columns in {self.seconds:.1f} s: {self.out}"
        yield (
            f"Size: {_megabytes(self.raw_bytes)} -> {_megabytes(self.out_bytes)} "
            f"({self.raw_bytes / self.out_bytes:.1f} times smaller)"
        )
        if self.csv_load_s is None:
            yield f"Loading: Parquet {self.parquet_load_s:.3f} s (the raw file is no CSV to compare with)"
        else:
            yield (
                f"Loading: CSV {self.csv_load_s:.3f} s, Parquet {self.parquet_load_s:.3f} s "
                f"({self.speed_up:.1f} times faster)"
            )

    def _notices(self) -> Iterator[str]:
        for sentence in self.assumed:
            yield f"Notice: {sentence}"
        if self.left_out:
            names = ", ".join(name or "(unnamed)" for name in self.left_out)
            yield f"Notice: {len(self.left_out)} unknown columns left out: {names}"
        for sentence in word_open(self.open_outcomes):
            yield f"Notice: {sentence}"
        for sentence in word_trimmed(self.trimmed):
            yield f"Notice: {sentence}"
        for sentence in word_unseen(self.unseen, "kept as levels of their own and scored as unknown"):
            yield f"Warning: {sentence}"


def convert(raw: Path, out: Path, definition: Definition, *, progress: Progress | None = None) -> ConversionReport:
    """Write the applications of `raw` (CSV, also .gz or .zip, or Parquet) to `out` as validated Parquet.

    The outcome is stored as 1, 0 or nothing, whatever values the file has; a table without ids gets `row_number`.

    `progress` is called with (done, total) of an arbitrary unit. A failure leaves whatever was at `out` as it was.

    Raises:
        FileError: `raw` cannot be read or holds no table, or `out` cannot be written.
        TableError: a column is missing, or values break the definition.
    """
    start = time.perf_counter()
    raw, out = Path(raw), Path(out)
    check_readable(raw)
    check_file_place(out)
    if out.exists() and out.samefile(raw):
        raise FileError.from_own_input(out)
    source = open_source(raw, definition)
    frame, tally = _read(source, definition, needs_target=True, progress=_part(progress))
    write_applications(frame, definition, out, _provenance(raw, frame.height))
    unseen = unseen_levels(frame, definition)
    rows, columns = frame.shape
    del frame
    csv_load_s = _seconds(source.load) if isinstance(source, CsvSource) else None
    parquet_load_s = _seconds(lambda: read_parquet(out))
    if progress is not None:
        progress(100, 100)
    return ConversionReport(
        raw=raw,
        out=out,
        rows=rows,
        columns=columns,
        left_out=tuple(name for name in source.names if name not in {*definition.by_name, *definition.left_out}),
        unseen=unseen,
        trimmed=tally.trimmed,
        open_outcomes=tally.open,
        assumed=source.assumed,
        seconds=time.perf_counter() - start,
        raw_bytes=raw.stat().st_size,
        out_bytes=out.stat().st_size,
        csv_load_s=csv_load_s,
        parquet_load_s=parquet_load_s,
    )


def read_applications(path: Path, definition: Definition, *, needs_target: bool = True) -> pl.DataFrame:
    """All applications of a CSV (also .csv.gz, .zip) or Parquet file, validated, in the dtypes of their definition.

    Categories that it does not list follow its levels in the column's enum. Without `needs_target` the target
    may be absent, as a column or in single rows.

    Raises:
        FileError: the file cannot be read or holds no table.
        TableError: a column is missing, a value breaks the definition, or an id is there twice.
    """
    return _read(open_source(path, definition), definition, needs_target=needs_target)[0]


def write_applications(frame: pl.DataFrame, definition: Definition, out: Path, source: Mapping[str, object]) -> None:
    """Write a valid application table to `out` as Parquet (zstd), with `source` as its provenance.

    `frame` has the columns of `definition.polars_schema()` in order, with its dtypes; an enum may have further levels.

    Raises:
        SchemaError: `frame` is not such a table.
        FileError: `out` cannot be written; what was there is as it was.
    """
    _check_dtypes(frame, definition)
    metadata = {SOURCE_KEY: json.dumps(dict(source), sort_keys=True)}
    write_parquet(frame, out, metadata=metadata, row_group_rows=ROWS_READ_FOR_ONE)


def open_applications(settings: Settings, definition: Definition) -> pl.LazyFrame:
    """The built application table, lazily, after making sure that it is what was built.

    Raises:
        ScoreroomError: it is missing or damaged.
    """
    check_built(settings, APPLICATIONS)
    return scan_applications(settings.applications, definition)


def resolved(applications: pl.LazyFrame, definition: Definition) -> pl.LazyFrame:
    """The applications whose outcome is known; all of them where the definition names no outcome."""
    target = definition.target
    return applications if target is None else applications.filter(pl.col(target).is_not_null())


def scan_applications(path: Path, definition: Definition) -> pl.LazyFrame:
    """The application table in `path`, lazily; reads the footer.

    Raises:
        DamageError: it cannot be read, has other columns or dtypes than an application table, or no rows.
    """
    with reading(path):
        check_readable(path)
        table = pl.scan_parquet(path, glob=False)
        found = pl.DataFrame(schema=table.collect_schema())
        n_rows = int(table.select(pl.len()).collect().item())
    try:
        _check_dtypes(found, definition)
    except SchemaError as error:
        raise DamageError.from_content(path, f"does not hold applications ({str(error).rstrip('.')})") from None
    if not n_rows:
        raise DamageError.from_content(path, "holds no rows")
    return table


def read_source(path: Path) -> dict[str, object]:
    """The provenance that `write_applications` put into a Parquet file.

    Raises:
        FileError: the file cannot be read, is no Parquet, or carries no provenance.
    """
    path = Path(path)
    check_readable(path)
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise FileError.from_damaged(path, ".parquet") from error
    try:
        source = json.loads(metadata[SOURCE_KEY.encode()])
    except (KeyError, ValueError, RecursionError):
        raise FileError.from_no_source(path) from None
    if not isinstance(source, dict):
        raise FileError.from_no_source(path)
    return source


def _read(
    source: Source, definition: Definition, *, needs_target: bool, progress: Progress | None = None
) -> tuple[pl.DataFrame, Tally]:
    """The whole table, and what was counted on the way."""
    columns = wanted_columns(source.path, definition, source.names, needs_target=needs_target)
    tally = Tally(columns, definition, needs_target=needs_target)
    good: list[pl.DataFrame] = []
    for raw in source.batches(columns, BATCH_ROWS, progress):
        frame = tally.check(raw)
        if not tally:
            good.append(frame)
    if tally:
        raise tally.error(source)
    if tally.rows == 0:
        raise FileError.from_empty(source.path)
    frame = with_dates(source, definition, with_levels(pl.concat(good), definition))
    if definition.id == ROW_NUMBER and ROW_NUMBER not in frame.columns:
        numbers = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias(ROW_NUMBER)
        there = [name for name in definition.by_name if name in {*frame.columns, ROW_NUMBER}]
        frame = frame.with_columns(numbers).select(there)
    check_unique_ids(source, frame[definition.id])
    if needs_target:
        _check_outcome(source, definition, frame, tally)
    return frame, tally


def _check_outcome(source: Source, definition: Definition, frame: pl.DataFrame, tally: Tally) -> None:
    outcome = definition.outcome
    if outcome is not None and frame[outcome.column].null_count() == frame.height:
        raise TableError.from_no_outcome(
            source.path, outcome.column, [text for text, _ in tally.open.most_common()], [*outcome.bad, *outcome.good]
        )


def _check_dtypes(frame: pl.DataFrame, definition: Definition) -> None:
    if tuple(frame.columns) != tuple(definition.by_name):
        raise SchemaError.from_other_columns(list(definition.by_name), frame.columns)
    # Asked once: Polars makes it anew each time.
    dtypes = frame.schema
    for column in definition.columns:
        found = dtypes[column.name]
        if found != column.dtype and not _extends(column, found):
            raise SchemaError.from_other_dtype(column.name, str(column.dtype), str(found))


def _extends(column: Column, found: pl.DataType) -> bool:
    if not column.levels or not isinstance(found, pl.Enum):
        return False
    return tuple(found.categories[: len(column.levels)]) == column.levels


def _provenance(raw: Path, rows: int) -> dict[str, object]:
    return {
        "kind": "file",
        "name": raw.name,
        "sha256": sha256_of(raw),
        "bytes": raw.stat().st_size,
        "rows": rows,
    }


def _part(progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(int(100 * _READING_SHARE * done / total), 100)


def _seconds(load: Callable[[], pl.DataFrame]) -> float:
    start = time.perf_counter()
    load()
    return time.perf_counter() - start


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
