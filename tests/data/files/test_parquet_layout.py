"""What a Parquet file says of its own size, against files whose pages can be counted by hand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.files.parquet_layout import LayoutError, footer_bytes, page_sizes

NUMBERS = pa.table({"a": np.arange(1_000)}, schema=pa.schema([pa.field("a", pa.int64(), nullable=False)]))


def written(path: Path, table: pa.Table, **options: object) -> Path:
    pq.write_table(table, path, use_dictionary=False, write_statistics=False, **options)
    return path


def sizes(path: Path) -> list[int]:
    with path.open("rb") as handle, pq.ParquetFile(handle) as file:
        return list(page_sizes(handle, file.metadata))


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_page_of_whole_numbers_unpacks_to_eight_bytes_each(tmp_path: Path, compression: str) -> None:
    assert sizes(written(tmp_path / "a", NUMBERS, compression=compression)) == [8_000]
    assert sizes(written(tmp_path / "b", NUMBERS, compression=compression, row_group_size=300)) == [2_400] * 3 + [800]


def test_pages_are_counted_in_every_layout(tmp_path: Path) -> None:
    table = pa.table({"a": np.arange(20_000), "b": [f"text {number % 70}" for number in range(20_000)]})
    for options in ({}, {"data_page_version": "2.0"}, {"write_page_index": True}, {"write_page_checksum": True}):
        path = tmp_path / "c.parquet"
        pq.write_table(table, path, compression="snappy", data_page_size=4_096, **options)
        with pq.ParquetFile(path) as file:
            group = file.metadata.row_group(0)
            told = sum(group.column(place).total_uncompressed_size for place in range(2))
        found = sizes(path)
        # The footer's figure has the pages' headers, of 10 to 100 bytes each, in it.
        assert len(found) > 10
        assert sum(found) + 10 * len(found) <= told <= sum(found) + 100 * len(found)


def test_the_footer_says_how_long_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "a", NUMBERS)
    with path.open("rb") as handle, pq.ParquetFile(path) as file:
        assert footer_bytes(handle) == file.metadata.serialized_size
    assert footer_bytes(io.BytesIO(b"PAR1 and nothing")) == footer_bytes(io.BytesIO(b"")) == 0


def test_pages_that_contradict_themselves_are_an_error_and_not_a_hang(tmp_path: Path) -> None:
    path = written(tmp_path / "a", NUMBERS, compression="none")
    content = path.read_bytes()
    for place in range(4, 30):
        for byte in (0x00, 0x7F, 0xFF):
            path.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
            try:
                found = sizes(path)
            except LayoutError:
                continue
            assert len(found) < 1_000
