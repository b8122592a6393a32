"""Bodies that ask for far more memory than they are long, made from the embedded portfolio."""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.home_credit import embedded

CSV, PARQUET, STREAM, JSON = (
    "text/csv",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream",
    "application/json",
)
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: its name, its type and its bytes, made when asked for."""

    name: str
    media_type: str
    make: Callable[[pl.DataFrame], bytes]


def _parquet(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def _row_groups(frame: pl.DataFrame) -> bytes:
    options: Mapping[str, object] = {"row_group_size": 1, "write_statistics": False, "use_dictionary": False}
    return _parquet(frame.head(8_800).to_arrow(), compression="none", **options)


def _some_row_groups(frame: pl.DataFrame) -> bytes:
    return _parquet(frame.head(900).to_arrow(), row_group_size=1, write_statistics=False, use_dictionary=False)


def _page_bomb(frame: pl.DataFrame) -> bytes:
    """A text of 1 MB in each of 290 rows, which zstd packs to next to nothing: just below what may be unpacked."""
    text = pa.array(["a" * MEGABYTE] * 290)
    table = frame.head(290).to_arrow().append_column("NOTE", text)
    return _parquet(table, compression="zstd", use_dictionary=False, data_page_size=1 << 30)


def _dictionary_bomb(frame: pl.DataFrame) -> bytes:
    """One text of 10 kB that 200,000 rows share."""
    rows = frame.head(200_000)
    text = pa.DictionaryArray.from_arrays(np.zeros(rows.height, dtype=np.int32), pa.array(["b" * 10_000]))
    return _parquet(rows.select(embedded.ID).to_arrow().append_column(embedded.CONTRACT, text))


def _columns(frame: pl.DataFrame) -> bytes:
    rows = frame.head(100)
    return _parquet(rows.hstack([pl.Series(f"X{number}", [0.0] * rows.height) for number in range(5_000)]).to_arrow())


def _metadata(frame: pl.DataFrame) -> bytes:
    table = frame.head(100).to_arrow().replace_schema_metadata({"note": "c" * 40 * MEGABYTE})
    return _parquet(table)


def _whole_parquet(frame: pl.DataFrame) -> bytes:
    return _parquet(frame.head(200_000).to_arrow(), compression="zstd")


def _csv(frame: pl.DataFrame) -> bytes:
    """The most rows that a table may have: about 100 MB."""
    return frame.head(195_000).write_csv().encode()[: 100 * MEGABYTE].rpartition(b"\n")[0]


def _quoted(frame: pl.DataFrame) -> bytes:
    """One cell of 90 MB."""
    header = ",".join(frame.columns).encode()
    return header + b'\n"' + b"d" * 90 * MEGABYTE + b'"' + b"," * (frame.width - 1)


def _gzip(frame: pl.DataFrame) -> bytes:
    return gzip.compress(frame.head(1).write_csv().encode() + b"\n" * 900 * MEGABYTE, 1)


def _stream(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.head(90_000).write_ipc_stream(out, compression="uncompressed")
    return out.getvalue()[: 100 * MEGABYTE]


def _stream_lengths(frame: pl.DataFrame) -> bytes:
    """A stream whose last message says that its body has 2^40 bytes."""
    out = io.BytesIO()
    frame.head(100).write_ipc_stream(out, compression="uncompressed")
    content = bytearray(out.getvalue())
    size = struct.unpack_from("<i", content, 4)[0]
    at = content.find(struct.pack("<q", 100), 8 + size)
    content[at : at + 8] = struct.pack("<q", 1 << 40)
    return bytes(content)


def _json(frame: pl.DataFrame) -> bytes:
    return json.dumps({"applications": frame.head(10_000).to_dicts()}).encode()


def _json_empty(frame: pl.DataFrame) -> bytes:
    del frame
    return b'{"applications": [' + b"{}," * 2_000_000 + b"{}]}"


def _json_nested(frame: pl.DataFrame) -> bytes:
    del frame
    return b'{"applications": ' + b"[" * 90 * MEGABYTE


BODIES = (
    Body("Parquet, 8,800 row groups", PARQUET, _row_groups),
    Body("Parquet, 900 row groups", PARQUET, _some_row_groups),
    Body("Parquet, pages that unpack 1,000-fold", PARQUET, _page_bomb),
    Body("Parquet, a text that all rows share", PARQUET, _dictionary_bomb),
    Body("Parquet, 5,000 columns", PARQUET, _columns),
    Body("Parquet, 40 MB of metadata", PARQUET, _metadata),
    Body("Parquet, 200,000 rows", PARQUET, _whole_parquet),
    Body("CSV, 100 MB", CSV, _csv),
    Body("CSV, one cell of 90 MB", CSV, _quoted),
    Body("gzip that unpacks to 900 MB", CSV, _gzip),
    Body("Arrow stream, 100 MB", STREAM, _stream),
    Body("Arrow stream, wrong lengths", STREAM, _stream_lengths),
    Body("JSON, 10,000 applications", JSON, _json),
    Body("JSON, 2,000,001 empty applications", JSON, _json_empty),
    Body("JSON, 90 MB of brackets", JSON, _json_nested),
)
