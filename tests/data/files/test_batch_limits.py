"""The limits of a dropped file, and that nothing is read beyond them."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.files.batch_file import read_batch
from data.files.batch_limits import LIMITS, BatchError, Limits
from data.home_credit import embedded

MakeRows = Callable[[int], pl.DataFrame]
NEEDED = ("AMT_CREDIT", "AMT_ANNUITY")
HEADER = b"AMT_CREDIT,AMT_ANNUITY\n"


def said_of(content: bytes, limits: Limits, name: str = "mine") -> str:
    with pytest.raises(BatchError) as caught:
        read_batch(name, content, embedded.DEFINITION, NEEDED, limits)
    return str(caught.value)


def parquet_of(columns: dict[str, pa.Array], **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


def amounts(n_rows: int) -> dict[str, pa.Array]:
    return {name: pa.array([1.0] * n_rows) for name in NEEDED}


def test_limits_are_the_most_that_is_taken() -> None:
    content = HEADER + b"1,2\n" * 50
    exact = Limits(file_bytes=len(content), unpacked_bytes=len(content), rows=50, columns=2, cells=100)
    assert read_batch("a.csv", content, embedded.DEFINITION, NEEDED, exact).n_rows == 50
    packed = gzip.compress(content)
    assert read_batch("a.csv.gz", packed, embedded.DEFINITION, NEEDED, exact).n_rows == 50
    said = {
        "file_bytes": "mine: has more than 0.000222 MB, the most that is taken (found 223 bytes); ",
        "unpacked_bytes": "mine: unpacks to more than 0.000222 MB, the most that is taken; split it into several",
        "rows": "mine: has more than 49 rows, the most that is taken; split it into several files.",
        "columns": "mine: has more than 1 columns, the most that is taken (found 2); leave out",
        "cells": "mine: has 2 columns and with them more than 99 cells, the most that is taken; split it",
    }
    assert len(content) == 223
    for limit, words in said.items():
        lower = replace(exact, **{limit: getattr(exact, limit) - 1})
        assert said_of(content, lower).startswith(words)


def test_limits_of_parquet_are_read_off_its_footer() -> None:
    content = parquet_of(amounts(50))
    announced = pq.read_metadata(io.BytesIO(content)).row_group(0).total_byte_size
    exact = Limits(file_bytes=len(content), unpacked_bytes=announced, rows=50, columns=2, cells=100)
    assert read_batch("a.parquet", content, embedded.DEFINITION, NEEDED, exact).n_rows == 50
    said = {
        "unpacked_bytes": "unpacks to more than",
        "rows": "has more than 49 rows, the most that is taken (found 50)",
        "columns": "has more than 1 columns, the most that is taken (found 2)",
        "cells": "has 2 columns and with them more than 99 cells",
    }
    for limit, words in said.items():
        lower = replace(exact, **{limit: getattr(exact, limit) - 1})
        assert said_of(content, lower).startswith(f"mine: {words}")


def test_further_columns_are_limited_by_the_memory_they_take() -> None:
    n_rows, letters = 1_000, 500
    rows = b"".join(b"1,2," + b"%04d" % row + b"x" * (letters - 4) + b"\n" for row in range(n_rows))
    content = HEADER.strip() + b",note\n" + rows
    read = read_batch("a.csv", content, embedded.DEFINITION, NEEDED)
    taken = int(read.extra.estimated_size())
    assert taken >= n_rows * letters
    assert (
        read_batch("a.csv", content, embedded.DEFINITION, NEEDED, replace(LIMITS, carried_bytes=taken)).n_rows == n_rows
    )
    assert "has further columns of more than" in said_of(content, replace(LIMITS, carried_bytes=taken - 1))
    assert said_of(content, replace(LIMITS, carried_bytes=400_000)) == (
        f"mine: has further columns of more than 0.4 MB, the most that is taken (found {taken / 1e6:.3g} MB); leave "
        "out columns that no application has."
    )
    # What the model needs is not among them.
    assert (
        read_batch(
            "a.csv", HEADER + b"1,2\n" * n_rows, embedded.DEFINITION, NEEDED, replace(LIMITS, carried_bytes=0)
        ).n_rows
        == n_rows
    )


@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_a_bomb_is_left_at_the_limit(pack: str) -> None:
    size, limit = 200_000_000, 4_000_000
    content = HEADER + bytes([ord("0")]) * size
    out = io.BytesIO()
    if pack == "gzip":
        out.write(gzip.compress(content, 1))
    else:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", content)
    del content
    tracemalloc.start()
    try:
        said = said_of(out.getvalue(), replace(LIMITS, unpacked_bytes=limit))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said == "mine: unpacks to more than 4 MB, the most that is taken; split it into several files."
    # The packed file itself, and a few blocks of a megabyte.
    assert peak < 12_000_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_of_a_method_that_cannot_be_unpacked_piecewise(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.csv", HEADER + b"1,2\n")
    assert said_of(out.getvalue(), LIMITS) == (
        "mine: is compressed by a method that is not taken here; pack it as an ordinary zip archive."
    )


def test_a_zip_of_very_many_files() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(1_001):
            archive.writestr(f"{number}.csv", b"")
    assert said_of(out.getvalue(), LIMITS) == (
        "mine: an archive with one CSV file is expected, found more than 1,000 files; unpack it."
    )


def test_one_long_text_that_all_rows_of_a_parquet_file_share() -> None:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["x" * 1_000_000]))
    content = parquet_of({**amounts(5_000), "note": text})
    assert len(content) < 1_000_000
    before = pa.total_allocated_bytes()
    pool = pa.default_memory_pool()
    assert said_of(content, LIMITS).startswith("mine: unpacks to more than 300 MB, the most that is taken")
    assert pool.max_memory() - before < 500_000_000


@pytest.mark.parametrize("name", ["note", "NAME_INCOME_TYPE"])
@pytest.mark.parametrize("shares_texts", [True, False])
def test_text_of_a_parquet_file_that_is_not_utf8(name: str, shares_texts: bool) -> None:
    texts = pa.array([b"in order", b"\xff\xfe beyond what stands in place", None], pa.binary()).view(pa.string())
    content = parquet_of({**amounts(3), name: texts}, use_dictionary=shares_texts)
    assert said_of(content, LIMITS) == (
        f"mine: column {name} has text that is not UTF-8; write the file again with text in UTF-8."
    )


def test_a_text_of_very_many_lines() -> None:
    content = HEADER + b"1,2\n" + b"\n" * 600
    assert read_batch("a.csv", content, embedded.DEFINITION, NEEDED, replace(LIMITS, rows=61)).n_rows == 1
    assert said_of(content, replace(LIMITS, rows=60)) == (
        "mine: has more than 600 lines, the most that is taken; split it into several files."
    )


def test_empty_lines_do_not_count_as_rows(make_rows: MakeRows) -> None:
    lines = make_rows(4).write_csv().replace("\n", "\n\n").encode()
    batch = read_batch("a.csv", lines, embedded.DEFINITION, tuple(embedded.BY_NAME), replace(LIMITS, rows=4))
    assert batch.order.tolist() == [3, 5, 7, 9]


def grouped(n_rows: int, rows_a_group: int, metadata: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    table = pa.table({"AMT_CREDIT": [5e5] * n_rows, "AMT_ANNUITY": [1.0] * n_rows}).replace_schema_metadata(metadata)
    pq.write_table(table, out, row_group_size=rows_a_group)
    return out.getvalue()


def test_row_groups_are_counted_before_they_are_read() -> None:
    assert read_batch("a.parquet", grouped(1_000, 1), embedded.DEFINITION, NEEDED).n_rows == 1_000
    assert said_of(grouped(1_001, 1), LIMITS) == (
        "mine: has more than 1,000 row groups, the most that is taken (found 1,001); write it in fewer and longer row "
        "groups."
    )


def test_a_long_footer_is_not_read() -> None:
    content = grouped(10, 10, {"note": "x" * 3_000_000})
    limits = replace(LIMITS, footer_bytes=2_000_000)
    assert said_of(content, limits).startswith("mine: has a footer of more than 2 MB, the most that is taken (found ")
    # Said to be longer than the file: nothing is made of it either.
    assert said_of(content[:-8] + b"\xff\xff\xff\x7fPAR1", limits).startswith("mine: has a footer of more than 2 MB")


def lied(content: bytes, size: int) -> bytes:
    """`content` with a footer that says 1 wherever it said `size`."""

    def number(value: int, length: int = 0) -> bytes:
        value, out = 2 * value, bytearray()
        while value > 127 or len(out) + 1 < length:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes([*out, value])

    said = number(size)
    assert said in content
    return content.replace(said, number(1, len(said)))


def test_pages_are_believed_more_than_the_footer() -> None:
    out = io.BytesIO()
    table = pa.table({"a": [7] * 1_000_000, "b": [1.0] * 1_000_000})
    pq.write_table(table, out, compression="zstd", use_dictionary=False, data_page_size=1 << 30)
    content = out.getvalue()
    with pq.ParquetFile(io.BytesIO(content)) as file:
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        told = {group.total_byte_size for group in groups}
        told |= {group.column(place).total_uncompressed_size for group in groups for place in range(2)}
    for size in told:
        content = lied(content, size)
    with pq.ParquetFile(io.BytesIO(content)) as file:
        assert file.metadata.row_group(0).total_byte_size == 1
    limits = replace(LIMITS, rows=2_000_000, unpacked_bytes=15_000_000)
    assert said_of(content, limits).startswith("mine: unpacks to more than 15 MB, the most that is taken")
    assert 40 * len(content) < limits.unpacked_bytes


def test_memory_is_asked_for_before_a_table_is_read() -> None:
    asked: list[int] = []
    content = HEADER + b"1,2\n" * 1_000
    read_batch("a.csv", content, embedded.DEFINITION, NEEDED, hold=asked.append)
    # The bytes as they came and unpacked, and 16 for each cell of 1,000 rows of two columns and the header.
    assert asked == [2 * len(content) + 16 * 2 * 1_001]
