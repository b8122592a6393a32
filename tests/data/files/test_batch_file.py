"""Reading a dropped file: what is good, what is wrong cell by cell, and one sentence for what cannot be read."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data.errors import FileError, ScoreroomError, TableError
from data.files.batch_file import MOST_FAULTS, BatchTable, CellFault, read_batch
from data.files.batch_limits import BatchError, Limits
from data.files.validate import expectation
from data.home_credit import embedded

MakeRows = Callable[[int], pl.DataFrame]
NEEDED = tuple(
    name for name in embedded.BY_NAME if name not in (embedded.ID, embedded.TARGET, "CODE_GENDER", "OWN_CAR_AGE")
)


def zipped(content: bytes, name: str = "a.csv", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def parquet_of(table: pl.DataFrame | pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else table.to_arrow(), out)
    return out.getvalue()


def csv_of(table: pl.DataFrame) -> bytes:
    return table.write_csv().encode()


DRESSES: Mapping[str, tuple[str, Callable[[pl.DataFrame], bytes]]] = {
    "csv": ("a.csv", csv_of),
    "csv of CRLF": ("a.csv", lambda table: csv_of(table).replace(b"\n", b"\r\n")),
    "csv of CR": ("a.csv", lambda table: csv_of(table).replace(b"\n", b"\r")),
    "csv without a last line end": ("a.csv", lambda table: csv_of(table).rstrip(b"\n")),
    "gzip": ("a.csv.gz", lambda table: gzip.compress(csv_of(table))),
    "gzip under another name": ("a.csv", lambda table: gzip.compress(csv_of(table))),
    "zip": ("a.zip", lambda table: zipped(csv_of(table))),
    "zip of a stored file": ("a.zip", lambda table: zipped(csv_of(table), compression=zipfile.ZIP_STORED)),
    "parquet": ("a.parquet", parquet_of),
    "parquet of text": ("a.parquet", lambda table: parquet_of(table.cast(pl.String))),
}


def edited(table: pl.DataFrame, cells: Mapping[tuple[int, str], str | None]) -> pl.DataFrame:
    """`table` as text, with some cells ((row from 0, column) -> text) changed."""
    columns = {name: table[name].cast(pl.String).to_list() for name in table.columns}
    for (row, name), text in cells.items():
        columns[name][row] = text
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def complaint(content: bytes, name: str = "mine.csv", limits: Limits | None = None) -> str:
    """What is said about a file, without the name that it must begin with; one line that names no other place."""
    with pytest.raises(ScoreroomError) as caught:
        read_batch(name, content, embedded.DEFINITION, NEEDED, limits or Limits())
    said = str(caught.value)
    assert said.startswith(f"{name}: ")
    assert "\n" not in said
    assert tempfile.gettempdir() not in said
    return said.removeprefix(f"{name}: ")


def read_or_error(name: str, content: bytes) -> BatchTable | ScoreroomError:
    try:
        return read_batch(name, content, embedded.DEFINITION, NEEDED)
    except ScoreroomError as error:
        return error


@pytest.mark.parametrize("dress", DRESSES)
def test_every_dress_reads_as_the_same_table(make_rows: MakeRows, dress: str) -> None:
    name, wear = DRESSES[dress]
    table = make_rows(40)
    batch = read_batch(name, wear(table), embedded.DEFINITION, NEEDED)
    assert batch.applications.equals(table.drop(embedded.TARGET))
    assert batch.applications.schema == table.drop(embedded.TARGET).schema
    assert (batch.name, batch.n_rows, batch.n_bad_rows, batch.n_faults, batch.faults) == (name, 40, 0, 0, ())
    assert batch.names == tuple(embedded.BY_NAME)
    assert batch.extra[embedded.TARGET].cast(pl.Int8).equals(table[embedded.TARGET])
    first = 1 if "parquet" in dress else 2
    assert batch.order.tolist() == list(range(first, first + 40))


def test_frames_of_the_reader_lose_no_row(make_rows: MakeRows) -> None:
    table = pl.concat([make_rows(1_000)] * 40)
    batch = read_batch("a.csv", csv_of(table), embedded.DEFINITION, NEEDED)
    assert batch.applications.equals(table.drop(embedded.TARGET))
    assert batch.order.tolist() == list(range(2, 40_002))


def test_faults_are_listed_by_row_and_column(make_rows: MakeRows) -> None:
    long = "x" * 61
    cells = {
        (1, "AMT_CREDIT"): "much",
        (1, "DAYS_BIRTH"): "12",
        (3, "CNT_CHILDREN"): "1.5",
        (4, "EXT_SOURCE_2"): "inf",
        (4, "AMT_INCOME_TOTAL"): "-",
        (6, embedded.ID): None,
        (7, "EXT_SOURCE_3"): "nan",
        (8, "AMT_ANNUITY"): long,
        (9, embedded.ID): "A-17",
        # Not faults: what may be missing, the sentinel, an unlisted category, any text as target.
        (0, "OCCUPATION_TYPE"): None,
        (0, "AMT_CREDIT"): None,
        (0, "NAME_EDUCATION_TYPE"): None,
        (0, "DAYS_EMPLOYED"): "365243",
        (2, "NAME_INCOME_TYPE"): "Juggler",
        (2, embedded.TARGET): "who knows",
    }
    batch = read_batch("a.csv", csv_of(edited(make_rows(12), cells)), embedded.DEFINITION, NEEDED)
    credit = "a number from 1 to 1,000,000,000, or nothing"
    assert batch.faults == (
        CellFault(3, "AMT_CREDIT", "much", credit),
        CellFault(3, "DAYS_BIRTH", "12", "a whole number from -32,000 to -5,000, or nothing"),
        CellFault(5, "CNT_CHILDREN", "1.5", "a whole number from 0 to 30, or nothing"),
        CellFault(6, "AMT_INCOME_TOTAL", "-", credit),
        CellFault(6, "EXT_SOURCE_2", "inf", "a number from 0 to 1, or nothing"),
        CellFault(8, embedded.ID, None, "a whole number from 1 to 2,147,483,647"),
        CellFault(9, "EXT_SOURCE_3", "nan", "a number from 0 to 1, or nothing"),
        CellFault(10, "AMT_ANNUITY", "x" * 59 + "\u2026", credit),
        CellFault(11, embedded.ID, "A-17", "a whole number from 1 to 2,147,483,647"),
    )
    assert (batch.n_rows, batch.n_bad_rows, batch.n_faults) == (12, 7, 9)
    assert batch.order.tolist() == [2, 4, 7, 12, 13]
    assert batch.applications[embedded.ID].to_list() == [100_001, 100_003, 100_006, 100_011, 100_012]
    assert batch.extra[embedded.TARGET].to_list()[1] == "who knows"


@pytest.mark.parametrize("dress", ["csv", "parquet"])
def test_every_column_is_judged_by_its_own_facts(make_rows: MakeRows, dress: str) -> None:
    """A cell emptied in each column in turn, row i in column i: only a number that names no row is a fault."""
    table = make_rows(5)[[0] * len(embedded.COLUMNS)]
    cells = {(row, column.name): None for row, column in enumerate(embedded.COLUMNS)}
    name, wear = DRESSES[dress]
    batch = read_batch(name, wear(edited(table, cells)), embedded.DEFINITION, NEEDED)
    first = 1 if dress == "parquet" else 2
    assert batch.faults == tuple(
        CellFault(first + row, column.name, None, expectation(column))
        for row, column in enumerate(embedded.COLUMNS)
        if column.name == embedded.ID
    )


def test_faulty_numbers_of_parquet_are_worded_without_a_fraction(make_rows: MakeRows) -> None:
    table = make_rows(4).with_columns(
        pl.Series("DAYS_BIRTH", [-9_000.0, 3.0, -9_000.5, float("inf")]), pl.Series("AMT_CREDIT", [1, 2, 3, 0])
    )
    batch = read_batch("a.parquet", parquet_of(table), embedded.DEFINITION, NEEDED)
    assert [(fault.row, fault.column, fault.found) for fault in batch.faults] == [
        (2, "DAYS_BIRTH", "3"),
        (3, "DAYS_BIRTH", "-9000.5"),
        (4, "AMT_CREDIT", "0"),
        (4, "DAYS_BIRTH", "inf"),
    ]


def test_lines_are_counted_as_an_editor_counts_them(make_rows: MakeRows) -> None:
    note = pl.Series("note", ["one", "two\nlines", "a\n\nb", "last"])
    table = edited(make_rows(4).with_columns(note), {(3, "AMT_CREDIT"): "?"})
    content = csv_of(table)
    batch = read_batch("a.csv", b"\n" + content, embedded.DEFINITION, NEEDED)
    assert batch.order.tolist() == [3, 4, 6]
    assert [fault.row for fault in batch.faults] == [9]
    assert (b"\n" + content).split(b"\n")[9 - 1].endswith(b"last")


def test_more_faults_than_are_listed_are_counted(make_rows: MakeRows) -> None:
    names = ("AMT_CREDIT", "AMT_GOODS_PRICE")
    table = make_rows(20_000).with_columns(pl.lit("?").alias(name) for name in names)
    batch = read_batch("a.csv", csv_of(table), embedded.DEFINITION, NEEDED)
    assert (batch.n_bad_rows, batch.n_faults, len(batch.faults)) == (20_000, 40_000, MOST_FAULTS)
    assert [(fault.row, fault.column) for fault in batch.faults] == [
        (row, name) for row in range(2, 2 + MOST_FAULTS // 2) for name in names
    ]
    assert batch.applications.height == batch.extra.height == len(batch.order) == 0


def test_any_order_and_columns_of_the_file_s_own(make_rows: MakeRows) -> None:
    table = make_rows(30)
    own = pl.DataFrame(
        {
            "": [f"{row}" for row in range(30)],
            "decision": ["=1+1", "", "<b>x</b>"] * 10,
            "^AMT_.*$": ['a, "b"', "c\nd", None] * 10,
            "Zahl": [f"0{row}.10" for row in range(30)],
        }
    )
    wide = table.hstack(own)
    order = np.random.default_rng(3).permutation(len(wide.columns))
    shuffled = pl.DataFrame({wide.columns[index]: wide.get_columns()[index] for index in order})
    batch = read_batch("a.csv", csv_of(shuffled), embedded.DEFINITION, NEEDED)
    assert batch.names == tuple(shuffled.columns)
    assert batch.applications.equals(table.drop(embedded.TARGET))
    for name in own.columns:
        # CSV has one form for an empty text and for none.
        assert batch.extra[name].to_list() == [text or None for text in own[name].to_list()]
    assert batch.notices[0].startswith("Carried through as they are, 4 columns that no application has: ")
    assert "(no name)" in batch.notices[0]


def test_parquet_s_own_columns_keep_their_types(make_rows: MakeRows) -> None:
    table = make_rows(3)
    own = pl.DataFrame(
        {
            "day": pl.Series(["2024-01-31", "2024-02-01", None]).str.to_date(),
            "n": pl.Series([1, 2, 3], dtype=pl.UInt64),
            "text": ["", "b", None],
            "kind": pl.Series(["p", "q", "p"], dtype=pl.Categorical),
            "is_new": [True, None, False],
            "nothing": pl.Series([None, None, None], dtype=pl.Null),
        }
    )
    lists = pl.DataFrame({"lists": [[1], [2, 3], []], "bytes": [b"x", b"y", b"z"]})
    batch = read_batch("a.parquet", parquet_of(table.hstack(own).hstack(lists)), embedded.DEFINITION, NEEDED)
    assert batch.extra.drop(embedded.TARGET).equals(own.with_columns(pl.col("kind").cast(pl.String)))
    assert not {"lists", "bytes"} & set(batch.names)
    assert "Left out, because CSV has no form for what they hold, 2 columns: lists, bytes." in batch.notices


def test_notices_of_what_is_absent_unseen_or_repeated(make_rows: MakeRows) -> None:
    cells = {(0, "NAME_INCOME_TYPE"): "Juggler", (2, "NAME_INCOME_TYPE"): "Juggler", (3, "NAME_INCOME_TYPE"): "Äpfel"}
    table = edited(make_rows(5), {**cells, (4, embedded.ID): "100001", (3, embedded.ID): "100001"})
    assert read_batch("a.csv", csv_of(table.drop(embedded.TARGET)), embedded.DEFINITION, NEEDED).notices == (
        "2 rows with a SK_ID_CURR that an earlier row has; each is scored.",
        "NAME_INCOME_TYPE holds categories never seen, which are scored as unknown: 'Juggler' (2 rows), "
        "'Äpfel' (1 row).",
    )
    few = make_rows(2).select(NEEDED)
    assert read_batch("a.csv", csv_of(few), embedded.DEFINITION, NEEDED).notices == (
        "There is no SK_ID_CURR; rows are known by their place in the file.",
        "Not in the file, and not needed for a score, 2 columns: CODE_GENDER, OWN_CAR_AGE.",
    )


def test_progress_ends_with_the_whole_file(make_rows: MakeRows) -> None:
    told: list[tuple[int, int]] = []
    content = csv_of(make_rows(10))
    read_batch("a.csv", content, embedded.DEFINITION, NEEDED, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(content), len(content))


def test_nothing_is_kept(make_rows: MakeRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[Path] = []
    read_batch(
        "a.csv",
        csv_of(make_rows(3)),
        embedded.DEFINITION,
        NEEDED,
        progress=lambda *_: seen.extend(tmp_path.glob("*/*")),
    )
    assert seen
    complaint(b"a,b\n1,2\n")
    complaint(b"%PDF-1.7")
    assert list(tmp_path.iterdir()) == []


# What is dropped, and what is said about it.
REFUSED: Mapping[str, tuple[str, Callable[[pl.DataFrame], bytes], str]] = {
    "nothing": ("a.csv", lambda _: b"", "holds no rows; a header line and at least one row are needed."),
    "header only": ("a.csv", lambda t: csv_of(t.head(0)), "holds no rows; a header line"),
    "header only, no line end": ("a.csv", lambda t: csv_of(t.head(0)).rstrip(), "holds no rows; a header line"),
    "header only, gzip": ("a.gz", lambda t: gzip.compress(csv_of(t.head(0))), "holds no rows; a header line"),
    "header only, parquet": ("a.parquet", lambda t: parquet_of(t.head(0)), "holds no rows; a header line"),
    "another table": (
        "bureau.csv",
        lambda _: b"SK_ID_CURR,SK_ID_BUREAU,CREDIT_ACTIVE,AMT_ANNUITY\n1,2,Active,3\n",
        "holds 1 of the 118 columns that the model needs, so it is another table; NAME_CONTRACT_TYPE, FLAG_OWN_CAR, "
        "FLAG_OWN_REALTY, CNT_CHILDREN, AMT_INCOME_TOTAL and 112 more are missing; bring the columns of "
        "the portfolio's own table.",
    ),
    "another table, parquet": (
        "a.parquet",
        lambda _: parquet_of(pl.DataFrame({"x": [1]})),
        "holds 0 of the 118 columns that the model needs",
    ),
    "one column too few": (
        "a.csv",
        lambda t: csv_of(t.drop("AMT_CREDIT")),
        "1 column that the model needs is missing: AMT_CREDIT; add them, empty where nothing is known.",
    ),
    "two columns too few": (
        "a.csv",
        lambda t: csv_of(t.drop("AMT_CREDIT", "DAYS_BIRTH")),
        "2 columns that the model needs are missing: AMT_CREDIT, DAYS_BIRTH; add them",
    ),
    "a column twice": (
        "a.csv",
        lambda t: csv_of(t).replace(b"AMT_CREDIT,", b"AMT_ANNUITY,", 1),
        "column AMT_ANNUITY stands more than once in the header; keep one of them.",
    ),
    "an own column twice": (
        "a.csv",
        lambda t: b"\n".join(b"x,x," + line for line in csv_of(t).splitlines()),
        "column x stands more than once in the header",
    ),
    "ten thousand columns": (
        "a.csv",
        lambda _: ",".join(f"column_{i}" for i in range(10_000)).encode() + b"\n",
        "has more than 1,000 columns, the most that is taken (found 10,000); leave out those that are not needed.",
    ),
    "ten thousand columns, parquet": (
        "a.parquet",
        lambda _: parquet_of(pl.DataFrame({f"c{i}": [0] for i in range(10_000)})),
        "has more than 1,000 columns, the most that is taken (found 10,000); ",
    ),
    "ragged": ("a.csv", lambda t: csv_of(t) + b"1,2\n", "1 row with another number of fields than the header"),
    "open quote": ("a.csv", lambda t: csv_of(t) + b'"', "a quotation mark is opened and not closed"),
    "damaged text": (
        "a.csv",
        lambda t: b"\xef\xbb\xbf" + csv_of(t).replace(b"Working", b"W\xf6rking", 1),
        "column NAME_INCOME_TYPE has text that is not UTF-8",
    ),
    "zero bytes": (
        "a.csv",
        lambda t: b"\0\x01\0\0" + csv_of(t),
        "is no text (it holds zero bytes); bring",
    ),
    "pdf": ("a.csv", lambda _: b"%PDF-1.7\n%\xe2\xe3", "is a PDF document; bring CSV (also .gz or .zip), Parquet or a"),
    "picture": ("a.png", lambda _: b"\x89PNG\r\n\x1a\n\0\0", "is a picture; bring CSV"),
    "old workbook": ("a.xls", lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is no whole workbook"),
    "workbook": ("a.xlsx", lambda _: zipped(b"<workbook/>", "xl/workbook.xml"), "is no whole workbook"),
    "zip in a zip": (
        "a.zip",
        lambda t: zipped(zipped(csv_of(t)), "a.zip"),
        "an archive with one CSV file is expected, found none; ",
    ),
    "zip called csv in a zip": ("a.zip", lambda t: zipped(zipped(csv_of(t))), "is an archive inside an archive; "),
    "gzip in a gzip": ("a.gz", lambda t: gzip.compress(gzip.compress(csv_of(t))), "is an archive inside an archive; "),
    "parquet in a gzip": ("a.gz", lambda t: gzip.compress(parquet_of(t)), "is a Parquet file inside an archive; "),
    "cut gzip": ("a.gz", lambda t: gzip.compress(csv_of(t))[:-20], "is not a whole gzip file (damaged or cut short)"),
    "cut zip": ("a.zip", lambda t: zipped(csv_of(t))[:-30], "is not a whole zip archive (damaged or cut short)"),
    "cut parquet": ("a.parquet", lambda t: parquet_of(t)[:-30], "is not a whole Parquet file (damaged or cut short)"),
    "text called parquet": ("a.parquet", csv_of, "is not a whole Parquet file (damaged or cut short)"),
    "numbers as category": (
        "a.parquet",
        lambda t: parquet_of(t.with_columns(pl.lit(1).alias("NAME_INCOME_TYPE"))),
        "column NAME_INCOME_TYPE holds int32 in all 6 rows, from row 1 on; expected text; ",
    ),
    "lists as numbers": (
        "a.parquet",
        lambda t: parquet_of(t.with_columns(pl.lit([1.0]).alias("AMT_CREDIT"))),
        "column AMT_CREDIT holds large_list<",
    ),
    "json": ("a.csv", lambda _: b'{"SK_ID_CURR": 1}\n{"SK_ID_CURR": 2}\n', "holds 0 of the 118 columns"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(make_rows: MakeRows, case: str) -> None:
    name, make, said = REFUSED[case]
    assert said in complaint(make(make_rows(6)), name)


@pytest.mark.parametrize(
    ("given_name", "named"),
    [
        ("/etc/x/my file.csv", "my file.csv"),
        ("C:\\a\\b.csv", "b.csv"),
        ("a\nb\0.csv", "a\ufffdb\ufffd.csv"),
        ("n" * 300, "n" * 79 + "\u2026"),
        ("", "(no name)"),
    ],
)
def test_files_are_named_by_their_last_part_in_one_line(given_name: str, named: str) -> None:
    with pytest.raises(FileError) as caught:
        read_batch(given_name, b"", embedded.DEFINITION, NEEDED)
    assert str(caught.value) == f"{named}: holds no rows; a header line and at least one row are needed."


def test_kinds_of_complaints_stay_apart(make_rows: MakeRows) -> None:
    with pytest.raises(BatchError):
        read_batch("a.csv", b"a\n1\n", embedded.DEFINITION, NEEDED)
    with pytest.raises(TableError):
        read_batch("a.csv", csv_of(make_rows(3)) + b"1,2\n", embedded.DEFINITION, NEEDED)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(DRESSES)),
    st.integers(0, 2**32),
    st.binary(min_size=1, max_size=6),
    st.integers(0, 40),
)
def test_a_damaged_file_is_read_or_has_a_sentence(
    make_rows: MakeRows, dress: str, place: int, put: bytes, cut: int
) -> None:
    name, wear = DRESSES[dress]
    content = wear(make_rows(3))
    place %= len(content)
    broken = content[:place] + put + content[place + len(put) : len(content) - cut]
    found = read_or_error(name, broken)
    if isinstance(found, BatchTable):
        assert found.n_rows == found.applications.height + found.n_bad_rows
    else:
        assert str(found).startswith(f"{name}: ")
        assert "\n" not in str(found)


@settings(max_examples=100)
@given(st.sampled_from([b"", b"PAR1", b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"a,b\n"]), st.binary(max_size=300))
def test_any_bytes_have_a_sentence(beginning: bytes, rest: bytes) -> None:
    complaint(beginning + rest)


def test_a_time_at_an_offset_is_left_out_and_said(make_rows: MakeRows) -> None:
    table = make_rows(5).to_arrow().append_column("when", pa.array(range(5), pa.timestamp("us", "+05:30")))
    batch = read_batch("a.parquet", parquet_of(table), embedded.DEFINITION, NEEDED)
    assert batch.left_out == ("when",)
    assert "Left out, because CSV has no form for what they hold, 1 column: when." in batch.notices


def workbook_of(*sheets: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for table in sheets:
            sheet = book.add_worksheet()
            for at, row in enumerate([table.columns, *table.rows()]):
                sheet.write_row(at, 0, row)
    return out.getvalue()


def test_a_workbook_is_read_by_the_sheet_that_is_said_and_what_was_assumed_is_told(make_rows: MakeRows) -> None:
    table, other = make_rows(12), make_rows(3)
    content = workbook_of(other, table)
    assert "has tables on several sheets: Sheet2 (13 rows), Sheet1 (4 rows); say which" in complaint(content, "a.xlsx")
    batch = read_batch("a.xlsx", content, embedded.DEFINITION, NEEDED, said={"sheet": "Sheet2"})
    # A workbook's numbers have 16 digits.
    assert_frame_equal(batch.applications, table.drop(embedded.TARGET), rel_tol=1e-12)
    assert (batch.n_faults, batch.place, batch.order.tolist()) == (0, "Row", list(range(1, 13)))
    assert "Read as a workbook: sheet Sheet2." in batch.notices


def test_text_as_excel_saves_it_in_german_is_read_and_lines_are_told(make_rows: MakeRows) -> None:
    table = make_rows(12)
    german = table.with_columns(pl.selectors.float().cast(pl.String).str.replace(".", ",", literal=True))
    content = german.write_csv(separator=";").encode("cp1252")
    batch = read_batch("a.csv", content, embedded.DEFINITION, NEEDED)
    assert_frame_equal(batch.applications, table.drop(embedded.TARGET))
    assert batch.order.tolist() == list(range(2, 14))
    assert any("separated by semicolon" in notice for notice in batch.notices)
    damaged = content + b"1;2\n" + content.splitlines()[-1] + b"\n"
    assert "bad_lines=leave-out" in complaint(damaged, "a.csv")
    said = {"bad_lines": "leave-out:0.5"}
    batch = read_batch("a.csv", damaged, embedded.DEFINITION, NEEDED, said=said)
    assert batch.order.tolist() == [*range(2, 14), 15]
    assert any("1 damaged line" in notice for notice in batch.notices)
