"""Applications that come as a table, and their scores as one: CSV, Parquet or an Arrow stream as it came, else CSV.

A dropped file is scored as far as it goes; a program that sends a table wants all of its rows or to be told why not.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import polars as pl

from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.files.batch_file import BatchTable, read_batch
from data.files.batch_judge import TableFaultsError
from data.files.batch_limits import Limits
from data.files.memory import Hold, hold_nothing
from data.files.spreadsheets import csv_of
from data.reading.said import NOTHING, Said
from data.reading.typed import typed_kind
from data.store.opening import CSV, GZIP, PARQUET, ZIP, kind_of_bytes
from inference.batch import score_batch_table
from inference.model.judgement import JUDGED
from inference.model.session import ScoringSession

MOST_FAULTS = 100
_TEXT = "text/csv"
# Among so many first bytes are the marks of all formats that have one.
_MARK_BYTES = 64
# Of an answer that is a table: what a JSON answer has as `notices`.
NOTICES = "X-Scoreroom-Notices"
# Of every answer to a batch: what a JSON answer has as `model_sha256`.
MODEL_SHA256 = "X-Scoreroom-Model"
MODEL_NAME = "X-Scoreroom-Model-Name"
# Programs commonly take 8 kB of headers.
_LONGEST_HEADER = 4_000
_KINDS = {CSV: "no Parquet file", PARQUET: "a Parquet file", GZIP: "a gzip archive", ZIP: "a zip archive"}


class OtherFormatError(ScoreroomError):
    """A table of another format than it was said to be."""

    @classmethod
    def from_kind(cls, table: str, kind: str) -> Self:
        found = _KINDS.get(kind, f"a file of another kind ({kind})")
        return cls(f"{table}: {found} came where its type says otherwise; send the table as it is, under its own type.")


@dataclass(frozen=True, slots=True)
class TableFormat:
    """A format that tables come and go in: what HTTP calls it, what a body of it is called, how one is written.

    `kind` is what the first bytes of one say it is, and `place` are the words before the number of a fault's row. An
    answer is of `answer_type`, or of its own type where that is empty.
    """

    media_type: str
    name: str
    kind: str
    place: str
    write: Callable[[pl.DataFrame], bytes]
    answer_type: str = ""


def read_table(
    content: bytes,
    table_format: TableFormat,
    definition: Definition,
    needed: Sequence[str],
    limits: Limits,
    hold: Hold = hold_nothing,
    said: Said = NOTHING,
) -> BatchTable:
    """The applications of a body, every row of which can be scored; the columns `needed` have to be there.

    `hold` is told the memory that this takes. What is `said` of how the table is written is not guessed.

    Other columns than an application's inputs, such as the outcome, are not used; the table's notices say so.

    Raises:
        OtherFormatError: its first bytes are those of another format.
        TableFaultsError: it has a cell that the definition does not allow.
        BatchError, FileError, TableError: as `read_batch` raises them; sentences call the body by `table_format.name`.
    """
    found = kind_of_bytes(content)
    if content and found != table_format.kind:
        raise OtherFormatError.from_kind(table_format.name, found)
    if table_format.media_type == _TEXT and (typed := typed_kind(content[:_MARK_BYTES])):
        raise OtherFormatError.from_kind(table_format.name, typed)
    table = read_batch(table_format.name, content, definition, needed, limits, carries=False, hold=hold, said=said)
    if table.n_faults:
        raise TableFaultsError.from_first(
            table.name, table.faults[:MOST_FAULTS], table.n_faults, table.n_bad_rows, table.n_rows, table_format.place
        )
    return table


def notices_header(notices: Sequence[str]) -> dict[str, str]:
    """The header that says `notices`, a JSON list of texts in ASCII; those that do not fit are counted in its last."""
    for n_kept in range(len(notices), -1, -1):
        more = [f"And {len(notices) - n_kept} more."] if n_kept < len(notices) else []
        text = json.dumps([*notices[:n_kept], *more])
        if len(text) <= _LONGEST_HEADER:
            break
    return {NOTICES: text} if notices else {}


def score_table(table: BatchTable, session: ScoringSession) -> pl.DataFrame:
    """The id where `table` has it and the columns of `JUDGED` for each application, in the table's order.

    A PD is bit for bit what `session.score` gives for the row alone.
    """
    scored = score_batch_table(table, session, session.manifest.cutoff)
    own = [session.definition.id] if session.definition.id in table.names else []
    return scored.frame.select(*own, *JUDGED)


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
        TableFormat(_TEXT, "body.csv", CSV, "on line", csv_of),
        TableFormat("application/vnd.apache.parquet", "body.parquet", PARQUET, "in row", _write_parquet),
        # The marks that a stream has are looked at where it is read.
        TableFormat("application/vnd.apache.arrow.stream", "body.arrows", CSV, "in row", _write_stream),
    )
}
# What is read as well. Nobody sends a program scores in these.
_BROUGHT = (
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "body.xlsx", ZIP),
    ("application/vnd.oasis.opendocument.spreadsheet", "body.ods", ZIP),
    ("application/vnd.ms-excel", "body.xls", CSV),
    ("application/x-sas-data", "body.sas7bdat", CSV),
    ("application/x-spss-sav", "body.sav", CSV),
    ("application/x-stata-dta", "body.dta", CSV),
)
BODIES: Mapping[str, TableFormat] = {
    **FORMATS,
    **{media_type: TableFormat(media_type, name, kind, "in row", csv_of, _TEXT) for media_type, name, kind in _BROUGHT},
}
