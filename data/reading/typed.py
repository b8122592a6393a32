"""Tables whose columns have types already: Parquet, Arrow and Feather, and the files of SAS, SPSS and Stata."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import FileError
from data.reading.names import unique_names

ARROW, ARROW_STREAM, SAS, SAS_TRANSPORT, SPSS, STATA = (
    "Arrow",
    "Arrow stream",
    "SAS",
    "SAS transport",
    "SPSS",
    "Stata",
)
_MARKS = {
    b"ARROW1": ARROW,
    b"\xff\xff\xff\xff": ARROW_STREAM,
    b"\x00" * 12 + b"\xc2\xea\x81\x60": SAS,
    b"HEADER RECORD*******LIB": SAS_TRANSPORT,
    b"$FL2": SPSS,
    b"$FL3": SPSS,
    b"<stata_dta>": STATA,
}
# Stata's files before version 13 begin with their version and the order of their bytes.
_OLD_STATA = re.compile(rb"[\x69\x6c\x6e\x6f\x71-\x73][\x01\x02]\x01\x00")
# A list in every row of at most so many values becomes as many columns.
_MOST_IN_LIST = 20
_UNPRINTABLE = r"[\x00-\x1f\x7f]"
_INDEX = re.compile(r"__index_level_(\d+)__")


def typed_kind(head: bytes) -> str:
    """Which typed file begins with `head`; empty if none of those here (Parquet is known by its own mark)."""
    known = next((kind for mark, kind in _MARKS.items() if head.startswith(mark)), "")
    return known or (STATA if _OLD_STATA.match(head) else "")


def read_parquet_table(path: Path) -> pl.DataFrame:
    """The table of a Parquet file, its columns as they are stored."""
    try:
        schema = pq.read_schema(path)
        is_foreign = any(is_beyond_polars(field.type) for field in schema) or len({*schema.names}) < len(schema)
    except pa.ArrowException:
        # Polars writes whole numbers of 128 bits, for which Arrow has no type.
        is_foreign = False
    if not is_foreign:
        return pl.read_parquet(path, glob=False)
    with pq.ParquetFile(path) as file:
        return _from_arrow(file.read())


def read_arrow_table(path: Path, kind: str) -> pl.DataFrame:
    """The table of an Arrow or Feather file."""
    with pa.memory_map(str(path)) as source:
        opened = pa.ipc.open_stream(source) if kind == ARROW_STREAM else pa.ipc.open_file(source)
        return _from_arrow(opened.read_all())


def read_statistics(path: Path, kind: str) -> tuple[pl.DataFrame, list[str]]:
    """The table of a SAS, SPSS or Stata file, and which columns are told by their labels.

    A column whose every value has a label holds the labels.
    """
    import pyreadstat

    read: Any = {
        SAS: pyreadstat.read_sas7bdat,
        SAS_TRANSPORT: pyreadstat.read_xport,
        SPSS: pyreadstat.read_sav,
        STATA: pyreadstat.read_dta,
    }[kind]
    try:
        frame, meta = read(str(path), output_format="polars")
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        reason = f"cannot be read as a table of {kind} ({str(error)[:100]})"
        raise FileError.from_unreadable(path, reason, "fetch it again, or save it as CSV") from None
    labelled = []
    for name, labels in meta.variable_value_labels.items():
        if name in frame.columns and _are_all(frame[name], labels):
            texts = {_plain(value): str(label) for value, label in labels.items()}
            keys = frame[name].cast(pl.String).str.strip_suffix(".0")
            frame = frame.with_columns(keys.replace_strict(texts, default=None, return_dtype=pl.String).alias(name))
            labelled.append(name)
    whole = [name for name in frame.columns if frame[name].dtype == pl.Float64 and _is_whole(frame[name])]
    # SAS and SPSS know numbers of 64-bit floats alone.
    return frame.with_columns(pl.col(whole).cast(pl.Int64)), labelled


def _plain(value: object) -> str:
    return str(value).removesuffix(".0")


def _are_all(values: pl.Series, labels: dict[Any, str]) -> bool:
    given = values.drop_nulls().unique().cast(pl.String).str.strip_suffix(".0")
    return bool(len(given)) and set(given) <= {_plain(value) for value in labels}


def _is_whole(values: pl.Series) -> bool:
    given = values.drop_nulls()
    return bool(len(given)) and bool((given == given.floor()).all()) and bool((given.abs() < 2.0**53).all())


def is_beyond_polars(found: pa.DataType) -> bool:
    """Whether Polars has no type for an Arrow type: times at a fixed offset, and decimals of more than 38 digits."""
    if pa.types.is_timestamp(found) and found.tz is not None:
        try:
            ZoneInfo(found.tz)
        except (ZoneInfoNotFoundError, ValueError):
            return True
    return bool(pa.types.is_decimal256(found))


def _from_arrow(table: pa.Table) -> pl.DataFrame:
    names, _ = unique_names(table.column_names)
    table = table.rename_columns(list(names))
    for at, field in enumerate(table.schema):
        if is_beyond_polars(field.type):
            # As text, a decimal keeps every digit; a time is a time at whatever offset.
            kind = pa.timestamp("us", "UTC") if pa.types.is_timestamp(field.type) else pa.string()
            table = table.set_column(at, field.name, table.column(at).cast(kind, safe=False))
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found


def flat(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The table with legible bytes as text and nested columns as plain ones, and a sentence on each that was made so.

    A record becomes a column for each field (`x.label`; `x` itself if it has one field), and a list of the same short
    length in every row a column for each place (`x[0]`).
    """
    columns: list[pl.Series] = []
    said: list[str] = []
    for values in frame:
        if values.dtype == pl.Binary:
            columns.append(_decoded(values))
            continue
        if match := _INDEX.fullmatch(values.name):
            columns.append(values.alias("index" if match[1] == "0" else f"index {match[1]}"))
            continue
        pieces = [*_pieces(values)]
        if len(pieces) > 1 or pieces[0] is not values:
            listed = ", ".join(piece.name for piece in pieces)
            said.append(f"{values.name} holds {'records' if values.dtype == pl.Struct else 'lists'}, read as {listed}")
        columns += pieces
    names, _ = unique_names([each.name for each in columns])
    return pl.DataFrame([each.alias(name) for name, each in zip(names, columns, strict=True)]), said


def _pieces(values: pl.Series) -> Iterable[pl.Series]:
    dtype = values.dtype
    if isinstance(dtype, pl.Struct) and dtype.fields:
        parts = [values.struct.field(each.name) for each in dtype.fields]
        for each in parts:
            yield from _pieces(each.alias(values.name if len(parts) == 1 else f"{values.name}.{each.name}"))
    elif isinstance(dtype, pl.Array | pl.List) and (length := _length(values)):
        lists = values.arr.to_list() if isinstance(dtype, pl.Array) else values
        for place in range(length):
            yield from _pieces(lists.list.get(place, null_on_oob=True).alias(f"{values.name}[{place}]"))
    else:
        yield values


def _length(values: pl.Series) -> int:
    """The length that every list has; 0 if they differ or are long."""
    if isinstance(values.dtype, pl.Array):
        length = values.dtype.size
    else:
        lengths = values.list.len().drop_nulls().unique()
        length = int(lengths[0]) if len(lengths) == 1 else 0
    return length if length <= _MOST_IN_LIST else 0


def _decoded(values: pl.Series) -> pl.Series:
    """Bytes as text, in hexadecimal unless all are legible UTF-8."""
    try:
        cells = [None if cell is None else cell.decode() for cell in values.to_list()]
    except UnicodeDecodeError:
        return values.bin.encode("hex")
    text = pl.Series(values.name, cells, dtype=pl.String)
    return values.bin.encode("hex") if text.str.contains(_UNPRINTABLE).any() else text
