"""Applications that come as a table, and their scores as a table of the same format: CSV, Parquet or an Arrow stream.

A dropped file is scored as far as it goes; a program that sends a table wants all of its rows or to be told why not.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import polars as pl

from data import schema
from data.batch_file import BatchTable, CellFault, read_batch
from data.batch_limits import Limits, listed, shown
from data.errors import DataError
from data.opening import CSV, GZIP, PARQUET, ZIP, kind_of_bytes
from inference.batch import score_batch_table
from inference.judgement import JUDGED
from inference.session import ScoringSession

MOST_FAULTS = 100
_KINDS = {CSV: "no Parquet file", PARQUET: "a Parquet file", GZIP: "a gzip archive", ZIP: "a zip archive"}


class OtherFormatError(DataError):
    """A table of another format than it was said to be."""

    @classmethod
    def from_kind(cls, table: str, kind: str) -> Self:
        found = _KINDS[kind]
        return cls(f"{table}: {found} came where its type says otherwise; send the table as it is, under its own type.")


class UnknownColumnsError(DataError):
    """A table with columns that are no input of an application: `names`."""

    def __init__(self, text: str, names: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.names = tuple(names)

    @classmethod
    def from_names(cls, table: str, names: Sequence[str]) -> Self:
        noun = "1 column that is" if len(names) == 1 else f"{len(names):,} columns that are"
        fix = "leave out or correct what is not in `data/schema.py`, and leave out the outcome"
        return cls(f"{table}: holds {noun} no input of an application: {listed(names)}; {fix}.", names)


class TableFaultsError(DataError):
    """A table with cells that keep their rows from being scored, the first 100 of them in `faults`."""

    def __init__(self, text: str, faults: Sequence[CellFault] = ()) -> None:
        super().__init__(text)
        self.faults = tuple(faults)

    @classmethod
    def from_table(cls, table: BatchTable, place: str) -> Self:
        first = table.faults[0]
        found = "nothing" if first.found is None else repr(shown(first.found))
        return cls(
            f"{table.name}: {table.n_bad_rows:,} of {table.n_rows:,} rows cannot be scored, so none was; the first "
            f"fault is {found} in column {first.column} {place} {first.row:,}, expected {first.expected}; "
            f"{'1 fault' if table.n_faults == 1 else f'{table.n_faults:,} faults'} in all.",
            table.faults[:MOST_FAULTS],
        )


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A format that tables come and go in: what HTTP calls it, what a body of it is called, how one is written.

    `kind` is what the first bytes of one say it is, and `place` are the words before the number of a fault's row.
    """

    media_type: str
    name: str
    kind: str
    place: str
    write: Callable[[pl.DataFrame], bytes]


def read_table(content: bytes, table_format: TableFormat, needed: Sequence[str], limits: Limits) -> BatchTable:
    """The applications of a body, every row of which can be scored; the columns `needed` have to be there.

    Raises:
        OtherFormatError: its first bytes are those of another format.
        UnknownColumnsError: it has other columns than an application's inputs; the outcome is none of them.
        TableFaultsError: it has a cell that the schema does not allow.
        BatchError, FileError, TableError: as `read_batch` raises them; sentences call the body by `table_format.name`.
    """
    found = kind_of_bytes(content)
    if content and found != table_format.kind:
        raise OtherFormatError.from_kind(table_format.name, found)
    table = read_batch(table_format.name, content, needed, limits)
    unknown = [name for name in (*table.names, *table.left_out) if name not in table.applications.columns]
    if unknown:
        raise UnknownColumnsError.from_names(table.name, unknown)
    if table.n_faults:
        raise TableFaultsError.from_table(table, table_format.place)
    return table


def score_table(table: BatchTable, session: ScoringSession) -> pl.DataFrame:
    """The id where `table` has it and the columns of `JUDGED` for each application, in the table's order.

    A PD is bit for bit what `session.score` gives for the row alone.
    """
    scored = score_batch_table(table, session, session.manifest.cutoff)
    own = [schema.ID] if schema.ID in table.names else []
    return scored.frame.select(*own, *JUDGED)


def _write_csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def _write_parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def _write_stream(frame: pl.DataFrame) -> bytes:
    # Readers older than Arrow's views of text are to understand the answer, too.
    out = io.BytesIO()
    frame.write_ipc_stream(out, compat_level=pl.CompatLevel.oldest())
    return out.getvalue()


FORMATS: Mapping[str, TableFormat] = {
    known.media_type: known
    for known in (
        TableFormat("text/csv", "body.csv", CSV, "on line", _write_csv),
        TableFormat("application/vnd.apache.parquet", "body.parquet", PARQUET, "in row", _write_parquet),
        # The marks that a stream has are looked at where it is read.
        TableFormat("application/vnd.apache.arrow.stream", "body.arrows", CSV, "in row", _write_stream),
    )
}
