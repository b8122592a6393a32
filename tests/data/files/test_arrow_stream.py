"""Arrow IPC streams: whatever honest writers write reads as the same table in Parquet, and whatever else is refused."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import ScoreroomError
from data.files.arrow_stream import _Table, parquet_of_stream
from data.files.batch_file import BatchTable, read_batch
from data.files.batch_limits import LIMITS, BatchError, Limits
from data.home_credit import embedded

MakeRows = Callable[[int], pl.DataFrame]
NEEDED = tuple(name for name in embedded.BY_NAME if name not in (embedded.ID, embedded.TARGET))
BODY = Path("body.arrows")
MOST_MESSAGES = 1_000


def stream_of(*batches: pa.RecordBatch, **options: object) -> bytes:
    out = io.BytesIO()
    with ipc.new_stream(out, batches[0].schema, options=ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return out.getvalue()


def stream_of_columns(columns: Mapping[str, pa.Array], **options: object) -> bytes:
    return stream_of(pa.record_batch(dict(columns)), **options)


def written_by_polars(table: pl.DataFrame, *, oldest: bool = False) -> bytes:
    out = io.BytesIO()
    table.write_ipc_stream(out, compat_level=pl.CompatLevel.oldest() if oldest else pl.CompatLevel.newest())
    return out.getvalue()


def in_batches(table: pa.Table, rows: int, **options: object) -> bytes:
    return stream_of(*table.to_batches(max_chunksize=rows), **options)


def with_dictionaries(table: pl.DataFrame) -> pa.Table:
    """Every text as a dictionary, and one column of numbers."""
    arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
    for place, field in enumerate(arrow.schema):
        if pa.types.is_large_string(field.type) or field.name == "AMT_CREDIT":
            arrow = arrow.set_column(place, field.name, arrow[field.name].dictionary_encode().unify_dictionaries())
    return arrow


def with_growing_dictionaries(table: pl.DataFrame) -> bytes:
    """Batches of 7 rows, each with the dictionary of the rows so far, written as what it adds to the last."""
    whole = table.to_arrow(compat_level=pl.CompatLevel.oldest())
    batches = []
    for start in range(0, table.height, 7):
        columns = {
            name: column.slice(0, start + 7).combine_chunks().dictionary_encode().slice(start)
            if pa.types.is_large_string(column.type)
            else column.slice(start, 7).combine_chunks()
            for name, column in zip(whole.column_names, whole.columns, strict=True)
        }
        batches.append(pa.record_batch(columns))
    return stream_of(*batches, emit_dictionary_deltas=True)


def categorical(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.selectors.string().cast(pl.Categorical))


DRESSES: Mapping[str, Callable[[pl.DataFrame], bytes]] = {
    "texts as views": written_by_polars,
    "texts with offsets": lambda table: written_by_polars(table, oldest=True),
    "categories of views": lambda table: written_by_polars(categorical(table)),
    "categories with offsets": lambda table: written_by_polars(categorical(table), oldest=True),
    "dictionaries": lambda table: in_batches(with_dictionaries(table), 40),
    "dictionaries of small batches": lambda table: in_batches(with_dictionaries(table), 7),
    "growing dictionaries": with_growing_dictionaries,
    "small batches": lambda table: in_batches(table.to_arrow(), 7),
    "all as text": lambda table: written_by_polars(table.cast(pl.String)),
    "with metadata": lambda table: in_batches(table.to_arrow().replace_schema_metadata({"pandas": "{}" * 9_000}), 40),
    "an empty batch first": lambda table: stream_of(
        *(table.to_arrow().slice(0, 0).to_batches() or [pa.RecordBatch.from_pylist([], table.to_arrow().schema)]),
        *table.to_arrow().to_batches(),
    ),
}


def said_of(content: bytes, limits: Limits = LIMITS) -> str:
    """What is said about a stream, without the name that it must begin with."""
    with pytest.raises(ScoreroomError) as caught:
        parquet_of_stream(BODY, content, limits)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith("body.arrows: ")
    return said.removeprefix("body.arrows: ")


@pytest.mark.parametrize("dress", DRESSES)
def test_every_dress_reads_as_the_same_table(make_rows: MakeRows, dress: str) -> None:
    table = make_rows(40)
    batch = read_batch("body.arrows", DRESSES[dress](table), embedded.DEFINITION, NEEDED)
    assert batch.applications.equals(table.drop(embedded.TARGET))
    assert batch.applications.schema == table.drop(embedded.TARGET).schema
    assert (batch.name, batch.n_rows, batch.n_faults, batch.left_out) == ("body.arrows", 40, 0, ())
    assert batch.names == tuple(embedded.BY_NAME)
    assert batch.order.tolist() == list(range(1, 41))


def test_values_and_missing_ones_arrive_as_they_were() -> None:
    columns = {
        "floats": pa.array([1.5, None, float("-inf")]),
        "halves": pa.array([1.5, None, 0.25], pa.float16()),
        "bytes": pa.array([200, None, 0], pa.uint8()),
        "truths": pa.array([True, None, False]),
        "decimals": pa.array([1, None, 2], pa.decimal128(9, 2)),
        "nothing": pa.nulls(3),
        "views": pa.array(["a text of more than twelve letters", None, "ü"], pa.string_view()),
        "numbers": pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.uint64()), pa.array([2.5, 3.5])),
        "texts": pa.DictionaryArray.from_arrays(pa.array([2, 0, 1], pa.int8()), pa.array(["a", None, "c"])),
        "no texts": pa.DictionaryArray.from_arrays(pa.nulls(3, pa.int8()), pa.array([], pa.string())),
    }
    read = pq.read_table(io.BytesIO(parquet_of_stream(BODY, stream_of_columns(columns), LIMITS)))
    assert read.column_names == list(columns)
    assert read.to_pydict() == {name: values.to_pylist() for name, values in columns.items()}


def test_a_stream_without_rows() -> None:
    with pytest.raises(ScoreroomError) as caught:
        read_batch(
            "body.arrows",
            stream_of_columns({"AMT_CREDIT": pa.array([], pa.float64())}),
            embedded.DEFINITION,
            ("AMT_CREDIT",),
        )
    assert str(caught.value) == "body.arrows: holds no rows; a header line and at least one row are needed."


def test_what_read_batch_says_of_a_stream_names_it_as_it_was_called(make_rows: MakeRows) -> None:
    content = written_by_polars(make_rows(3).with_columns(pl.lit("much").alias("AMT_CREDIT")))
    batch = read_batch("x/mine.ARROWS", content, embedded.DEFINITION, NEEDED)
    assert (batch.name, batch.n_bad_rows) == ("mine.ARROWS", 3)
    assert (batch.faults[2].row, batch.faults[2].column, batch.faults[2].found) == (3, "AMT_CREDIT", "much")
    with pytest.raises(BatchError, match=r"^mine\.arrows: holds 0 of the 120 columns that the model needs"):
        read_batch("mine.arrows", stream_of_columns({"a": pa.array([1])}), embedded.DEFINITION, NEEDED)
    with pytest.raises(BatchError, match=r"^mine\.arrows: is not a whole Arrow IPC stream"):
        read_batch("mine.arrows", content[:-8], embedded.DEFINITION, NEEDED)


SMALL = {"AMT_CREDIT": pa.array([1.0, 2.0]), "note": pa.array(["a", "b"]).dictionary_encode()}
HOW = "write it with `pyarrow.ipc.new_stream` or Polars' `write_ipc_stream`."
COMPRESSED = (
    "has compressed record batches; write it without compression (`compression=None` in pyarrow's `IpcWriteOptions`, "
    "`compression='uncompressed'` in Polars)."
)
DAMAGED = "is not a whole Arrow IPC stream (damaged or cut short); write it again."


def arrow_file() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"AMT_CREDIT": [1.0]}).write_ipc(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no rows; a header line and at least one row are needed."),
        (arrow_file(), f"is an Arrow file, expected the stream format; {HOW}"),
        (b"AMT_CREDIT\n1\n", f"does not begin as an Arrow IPC stream; {HOW}"),
        (b"\xff\xff\xff\xff\0\0\0\0", DAMAGED),
        (stream_of_columns(SMALL, compression="lz4"), COMPRESSED),
        (stream_of_columns(SMALL, compression="zstd"), COMPRESSED),
        (
            stream_of_columns({"when": pa.array([1], pa.timestamp("us", "UTC"))}),
            "column when holds times, expected numbers or text; convert it or leave it out.",
        ),
        (
            stream_of_columns({"list": pa.array([[1.0]])}),
            "column list holds nested or other values, expected numbers or text; convert it or leave it out.",
        ),
        (
            stream_of_columns({"bytes": pa.array([b"a"]).dictionary_encode()}),
            "column bytes holds bytes, expected numbers or text; convert it or leave it out.",
        ),
        (
            stream_of_columns({"truth": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1], pa.int8()))}),
            "column truth holds extension<arrow.bool8>, expected numbers or text; convert it or leave it out.",
        ),
        (
            stream_of(*[pa.record_batch({"a": [1.0]})] * MOST_MESSAGES),
            "has more than 1,000 messages, the most that is taken; write it in fewer and longer record batches.",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_refusals(content: bytes, said: str) -> None:
    assert said_of(content) == said


def test_messages_up_to_the_limit_are_read() -> None:
    content = stream_of(*[pa.record_batch({"a": [1.0]})] * (MOST_MESSAGES - 1))
    assert pq.read_metadata(io.BytesIO(parquet_of_stream(BODY, content, LIMITS))).num_rows == MOST_MESSAGES - 1


def test_every_beginning_of_a_stream_is_cut_short() -> None:
    content = stream_of_columns(SMALL)
    said = {said_of(content[:end]) for end in range(4, len(content))}
    assert said == {DAMAGED}


def test_what_follows_the_end_is_not_read() -> None:
    content = stream_of_columns(SMALL)
    assert parquet_of_stream(BODY, content + b"more", LIMITS) == parquet_of_stream(BODY, content, LIMITS)


def test_limits_are_the_most_that_is_taken() -> None:
    column = pa.array(np.arange(50.0))
    content = in_batches(pa.table({"a": column, "b": column}), 20)
    exact = Limits(rows=50, columns=2, cells=100, unpacked_bytes=800)
    assert pq.read_table(io.BytesIO(parquet_of_stream(BODY, content, exact)))["b"].to_pylist() == list(range(50))
    said = {
        "rows": "has more than 49 rows, the most that is taken; split it into several files.",
        "columns": "has more than 1 columns, the most that is taken (found 2); leave out those that are not needed.",
        "cells": "has 2 columns and with them more than 99 cells, the most that is taken; split it into several "
        "files or leave out columns that are not needed.",
        "unpacked_bytes": "unpacks to more than 0.000799 MB, the most that is taken; split it into several files.",
    }
    for limit, words in said.items():
        assert said_of(content, replace(exact, **{limit: getattr(exact, limit) - 1})) == words


def views_of_one_text(n_rows: int, letters: int) -> pa.Array:
    views = np.zeros((n_rows, 4), dtype=np.uint32)
    views[:, 0], views[:, 1] = letters, int.from_bytes(b"xxxx", "little")
    return pa.Array.from_buffers(pa.string_view(), n_rows, [None, pa.py_buffer(views), pa.py_buffer(b"x" * letters)])


def one_text_for_all(n_rows: int, text: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, dtype=np.int32)), text)


BOMBS: Mapping[str, Callable[[], pa.Array]] = {
    "dictionary": lambda: one_text_for_all(10_000, pa.array(["x" * 1_000_000])),
    "dictionary of views": lambda: one_text_for_all(10_000, pa.array(["x" * 1_000_000], pa.string_view())),
    "views": lambda: views_of_one_text(10_000, 1_000_000),
    "dictionary of many views": lambda: one_text_for_all(1, views_of_one_text(10_000, 1_000_000)),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_one_long_text_that_all_rows_share(bomb: str) -> None:
    content = stream_of_columns({"note": BOMBS[bomb]()})
    assert len(content) < 1_500_000
    pool = pa.default_memory_pool()
    before = pool.max_memory()
    assert said_of(content).startswith("unpacks to more than 300 MB, the most that is taken")
    assert pool.max_memory() - before < 10_000_000


def test_a_long_dictionary_that_small_batches_are_validated_with_again_and_again() -> None:
    text = pa.array(["x" * 1_000_000])
    content = stream_of(*[pa.record_batch({"note": one_text_for_all(1, text)})] * 400)
    assert len(content) < 1_200_000
    assert said_of(content).startswith("unpacks to more than 300 MB, the most that is taken")


def test_rows_that_take_no_bytes() -> None:
    nothing = pa.Array.from_buffers(pa.null(), 2**31 - 1, [None])
    assert said_of(stream_of_columns({"a": nothing})).startswith("has more than 200,000 rows")


NOT_UTF8 = pa.array([b"in order", b"\xff\xfe beyond what stands in place", None], pa.binary())


@pytest.mark.parametrize(
    "texts",
    [
        NOT_UTF8.view(pa.string()),
        NOT_UTF8.cast(pa.large_binary()).view(pa.large_string()),
        NOT_UTF8.cast(pa.binary_view()).view(pa.string_view()),
        one_text_for_all(3, NOT_UTF8.view(pa.string())),
    ],
    ids=["string", "large_string", "string_view", "dictionary"],
)
def test_text_that_is_not_utf8(texts: pa.Array) -> None:
    assert said_of(stream_of_columns({"AMT_CREDIT": pa.array([1.0] * 3), "note": texts})) == (
        "column note has text that is not UTF-8; write the file again with text in UTF-8."
    )


def replaced(content: bytes, before: pa.Array | np.ndarray, after: np.ndarray) -> bytes:
    """`content` with the only place of some numbers changed."""
    found = np.asarray(before).tobytes()
    assert content.count(found) == 1
    return content.replace(found, after.tobytes())


@pytest.mark.parametrize("last", [-1, 5, 7_000, 2**31 - 1])
def test_offsets_that_lead_out_of_the_text(last: int) -> None:
    content = stream_of_columns({"note": pa.array(["first", "second", "third"])})
    broken = replaced(content, np.array([0, 5, 11, 16], np.int32), np.array([0, 5, 11, last], np.int32))
    assert said_of(broken) == "column note contradicts itself (damaged); write the stream again."


def said_of_a_view(letters: int, buffer: int, offset: int) -> str:
    """What is said where the only text, of 20 letters, is another view of the bytes behind it."""
    views = views_of_one_text(1, 20)
    content = stream_of_columns({"AMT_CREDIT": pa.array([1.0]), "note": views})
    view = np.frombuffer(views.buffers()[1], np.int32)
    return said_of(replaced(content, view, np.array([letters, view[1], buffer, offset], np.int32)))


@pytest.mark.parametrize(("letters", "buffer", "offset"), [(20, 0, 2**30), (20, 0, -5), (20, 7, 0), (21, 0, 0)])
def test_views_that_lead_out_of_the_text(letters: int, buffer: int, offset: int) -> None:
    said = said_of_a_view(letters, buffer, offset)
    assert said == "column note contradicts itself (damaged); write the stream again."


def test_a_view_of_a_negative_length_is_one_of_four_gigabytes() -> None:
    assert said_of_a_view(-1, 0, 0).startswith("unpacks to more than 300 MB")


def test_indices_that_lead_out_of_a_dictionary() -> None:
    indices = pa.array([0, 1, 1_000_000], pa.int32())
    texts = pa.DictionaryArray.from_arrays(indices, pa.array(["a", "b"]), safe=False)
    said = said_of(stream_of_columns({"AMT_CREDIT": pa.array([1.0] * 3), "note": texts}))
    assert said == "column note contradicts itself (damaged); write the stream again."


def metadata_of(content: bytes) -> tuple[int, _Table]:
    """Where the first message's metadata begins, and the schema in it."""
    size = int.from_bytes(content[4:8], "little")
    header = _Table.root(content[8 : 8 + size]).table(2)
    assert header is not None
    return 8, header


def put(content: bytes, place: int, number: int, size: int) -> bytes:
    return content[:place] + number.to_bytes(size, "little") + content[place + size :]


def test_numbers_in_big_endian_order() -> None:
    content = stream_of_columns(SMALL)
    start, header = metadata_of(content)
    # The slot that says so is empty in every stream of an ordinary machine: it is led to another number.
    directory = header.place - int.from_bytes(content[start + header.place :][:4], "little", signed=True)
    fields = header._slot(1) - header.place
    said = said_of(put(content, start + directory + 4, fields, 2))
    assert said == "has its numbers in big-endian order; write it in little-endian order."


def with_shared_metadata(n_pairs: int, letters: int) -> bytes:
    """A schema in which each of many pairs of metadata is the same long one."""
    pairs = {f"{number:05d}": "" for number in range(n_pairs - 1)} | {"long": "x" * letters}
    content = stream_of(pa.record_batch([pa.array([1.0])], schema=pa.schema([("a", pa.float64())], pairs)))
    start, header = metadata_of(content)
    first = header._led_to(header._slot(2)) + 4
    places = range(first, first + 4 * n_pairs, 4)
    target = next(pair.place for pair in header.tables(2) if pair.text(0) == b"long")
    for place in places:
        content = put(content, start + place, target - place, 4)
    return content


def test_metadata_that_a_small_message_says_again_and_again() -> None:
    few = with_shared_metadata(10, 5_000)
    assert ipc.open_stream(few).schema.metadata == {b"long": b"x" * 5_000}
    assert pq.read_metadata(io.BytesIO(parquet_of_stream(BODY, few, LIMITS))).num_rows == 1
    many = with_shared_metadata(1_000, 5_000)
    assert len(many) < 100_000
    assert said_of(many) == (
        "has names and metadata of more than 4 MB, the most that is taken; write it without metadata."
    )


@pytest.fixture(scope="module")
def streams() -> list[bytes]:
    texts = ["Working" * (row % 5 + 1) for row in range(20)]
    frame = pl.DataFrame(
        {
            "AMT_CREDIT": np.arange(20) + 1_000.0,
            "AMT_ANNUITY": [None if row % 3 else row for row in range(20)],
            "NAME_INCOME_TYPE": texts,
            "CODE_GENDER": pl.Series(["M", None] * 10, dtype=pl.Categorical),
            "FLAG_OWN_CAR": [True, False] * 10,
        }
    )
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return [written_by_polars(frame), written_by_polars(frame, oldest=True), in_batches(table, 6)]


NUMBERS = (0, 1, 127, 128, 255, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
CHANGES = st.lists(
    st.tuples(st.integers(0, 2**20), st.sampled_from((1, 2, 4, 8)), st.sampled_from(NUMBERS) | st.integers(0, 2**16)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=400)
@given(which=st.integers(0, 2), changes=CHANGES, cut=st.just(0) | st.integers(0, 3_000))
def test_a_damaged_stream_is_read_or_has_a_sentence(
    streams: list[bytes], which: int, changes: list[tuple[int, int, int]], cut: int
) -> None:
    content = streams[which]
    for place, size, number in changes:
        content = put(content, place % (len(content) - size) // size * size, number % 256**size, size)
    found = outcome(content[: len(content) - cut])
    if isinstance(found, BatchTable):
        assert found.n_rows == found.applications.height + found.n_bad_rows
    else:
        assert found.startswith("body.arrows: ")
        assert "\n" not in found


def outcome(content: bytes) -> BatchTable | str:
    try:
        return read_batch("body.arrows", content, embedded.DEFINITION, ("AMT_CREDIT", "AMT_ANNUITY"))
    except ScoreroomError as error:
        return str(error)


@settings(max_examples=100)
@given(
    st.sampled_from([b"", b"\xff\xff\xff\xff", b"ARROW1\0\0", b"\xff\xff\xff\xff\x40\0\0\0"]), st.binary(max_size=300)
)
def test_any_bytes_have_a_sentence(beginning: bytes, rest: bytes) -> None:
    assert said_of(beginning + rest)
