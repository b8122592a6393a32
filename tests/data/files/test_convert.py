"""Reading, checking and converting application files: good ones in every dress, and every way to be wrong."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import gzip
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import FileError, SchemaError, ScoreroomError, TableError
from data.files.convert import convert, read_applications, read_source, write_applications
from data.files.validate import UnseenLevel, is_allowed
from data.home_credit import embedded

ROOT = Path(__file__).resolve().parents[3]
MakeRows = Callable[[int], pl.DataFrame]
Cells = Mapping[str, Mapping[int, str | None]]


def text_of(table: pl.DataFrame, cells: Cells | None = None) -> pl.DataFrame:
    """`table` as text, with some cells (column -> row from 0 -> value) changed."""
    text = table.cast(pl.String)
    for column, changes in (cells or {}).items():
        values = text[column].to_list()
        for row, value in changes.items():
            values[row] = value
        text = text.with_columns(pl.Series(column, values, dtype=pl.String))
    return text


def csv_of(table: pl.DataFrame, cells: Cells | None = None) -> bytes:
    return text_of(table, cells).write_csv().encode()


def quoted(table: pl.DataFrame, line_end: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=line_end)
    writer.writerow(table.columns)
    writer.writerows(table.cast(pl.String).fill_null("").rows())
    return out.getvalue().encode()


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def parquet_of(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out)
    return out.getvalue()


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def complaint(path: Path, *, needs_target: bool = True) -> str:
    """What reading says, without the path that it must begin with; one line."""
    with pytest.raises(ScoreroomError) as caught:
        read_applications(path, embedded.DEFINITION, needs_target=needs_target)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


DRESSES: dict[str, tuple[str, Callable[[pl.DataFrame], bytes]]] = {
    "csv": ("a.csv", csv_of),
    "csv without a last line end": ("a.csv", lambda table: csv_of(table).rstrip(b"\n")),
    "csv of CRLF": ("a.csv", lambda table: csv_of(table).replace(b"\n", b"\r\n")),
    "csv of CR": ("a.csv", lambda table: csv_of(table).replace(b"\n", b"\r")),
    "csv with a mark": ("a.csv", lambda table: b"\xef\xbb\xbf" + csv_of(table)),
    "csv with blank lines": ("a.csv", lambda table: b"\n" + csv_of(table).replace(b"\n", b"\n\n")),
    "csv all quoted": ("a.csv", lambda table: quoted(table, "\r\n")),
    "csv in another order": ("a.csv", lambda table: csv_of(table.select(reversed(table.columns)))),
    "csv under another name": ("a.txt", csv_of),
    "gzip": ("a.csv.gz", lambda table: gzip.compress(csv_of(table))),
    "gzip in two members": (
        "a.csv.gz",
        lambda table: gzip.compress(csv_of(table)[:999]) + gzip.compress(csv_of(table)[999:]),
    ),
    "gzip under another name": ("a.csv", lambda table: gzip.compress(csv_of(table))),
    "zip": ("a.zip", lambda table: zipped({"folder/a.CSV": csv_of(table), "read.me": b"-"})),
    "zip with a shadow": ("a.zip", lambda table: zipped({"a.csv": csv_of(table), "__MACOSX/._a.csv": b"\0"})),
    "zip with a mark": ("a.zip", lambda table: zipped({"a.csv": b"\xef\xbb\xbf" + csv_of(table)})),
    "parquet": ("a.parquet", parquet_of),
    "parquet of text": ("a.parquet", lambda table: parquet_of(table.cast(pl.String))),
    "parquet of empty texts": ("a.parquet", lambda table: parquet_of(table.cast(pl.String).fill_null(""))),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_every_dress_reads_as_the_same_table(tmp_path: Path, make_rows: MakeRows, dress: str) -> None:
    name, wear = DRESSES[dress]
    table = make_rows(40)
    path = put(tmp_path, name, wear(table))
    read = read_applications(path, embedded.DEFINITION)
    assert read.schema == embedded.DEFINITION.polars_schema()
    assert read.equals(table)


def test_blocks_of_the_reader_lose_no_row(tmp_path: Path, make_rows: MakeRows) -> None:
    table = pl.concat([make_rows(1_000)] * 10).with_columns(pl.int_range(1, 10_001, dtype=pl.Int32).alias(embedded.ID))
    content = csv_of(table)
    assert len(content) > 2 * (2 << 20)
    assert read_applications(put(tmp_path, "a.csv", content), embedded.DEFINITION).equals(table)


def test_parquet_of_other_number_types_reads_as_the_same_table(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(40)
    arrow = table.to_arrow()
    changes = {
        "FLAG_MOBIL": pa.array(table["FLAG_MOBIL"].cast(pl.Boolean).to_list(), pa.bool_()),
        "CNT_CHILDREN": pa.array(table["CNT_CHILDREN"].to_list(), pa.uint64()),
        "DAYS_BIRTH": pa.array([Decimal(value) for value in table["DAYS_BIRTH"]], pa.decimal128(20, 4)),
        "DAYS_EMPLOYED": pa.array(table["DAYS_EMPLOYED"].to_list(), pa.float64()),
        "REGION_RATING_CLIENT": pa.array(table["REGION_RATING_CLIENT"].to_list()).dictionary_encode(),
        "CODE_GENDER": pa.array(table["CODE_GENDER"].to_list(), pa.large_string()).dictionary_encode(),
        "OCCUPATION_TYPE": pa.array(table["OCCUPATION_TYPE"].to_list(), pa.string_view()),
    }
    for column, array in changes.items():
        arrow = arrow.set_column(arrow.schema.get_field_index(column), column, array)
    pq.write_table(arrow, tmp_path / "a.parquet")
    assert read_applications(tmp_path / "a.parquet", embedded.DEFINITION).equals(table)


def test_column_that_is_missing_throughout_may_be_so_where_the_schema_allows_it(
    tmp_path: Path, make_rows: MakeRows
) -> None:
    table = make_rows(3).with_columns(pl.lit(None).alias(name) for name in ("OWN_CAR_AGE", "OCCUPATION_TYPE"))
    read = read_applications(put(tmp_path, "a.parquet", parquet_of(table)), embedded.DEFINITION)
    assert read["OWN_CAR_AGE"].null_count() == read["OCCUPATION_TYPE"].null_count() == 3


def test_numbers_mean_the_same_however_they_are_written(tmp_path: Path, make_rows: MakeRows) -> None:
    written = {0: "-8000.0", 1: "-8e3", 2: "-8000.", 3: "-0008000"}
    read = read_applications(put(tmp_path, "a.csv", csv_of(make_rows(4), {"DAYS_BIRTH": written})), embedded.DEFINITION)
    assert read["DAYS_BIRTH"].to_list() == [-8000] * 4


def test_decimals_are_read_to_the_last_bit(tmp_path: Path, make_rows: MakeRows) -> None:
    written = {0: "0.1", 1: "0.08303696739132256", 2: "5e-324", 3: "0.30000000000000004"}
    read = read_applications(
        put(tmp_path, "a.csv", csv_of(make_rows(4), {"EXT_SOURCE_1": written})), embedded.DEFINITION
    )
    assert read["EXT_SOURCE_1"].to_list() == [0.1, 0.08303696739132256, 5e-324, 0.1 + 0.2]


WRONG_CELLS: dict[str, tuple[str, str | None, str]] = {
    "text": (
        "AMT_CREDIT",
        "a lot",
        "with a wrong value, for example 'a lot' on line 4; expected a number from 1 to 1,000,000,000; ",
    ),
    "half a day": (
        "DAYS_REGISTRATION",
        "-4822.5",
        "for example '-4822.5' on line 4; expected a whole number from -32,000 to 0; ",
    ),
    "target": ("TARGET", "2", "with a wrong value, for example '2' on line 4; expected 0 or 1; "),
    "target between": ("TARGET", "0.5", "for example '0.5' on line 4; expected 0 or 1; "),
    "flag": ("FLAG_EMAIL", "-1", "for example '-1' on line 4; expected 0 or 1; "),
    "too young": ("DAYS_BIRTH", "-10", "for example '-10' on line 4; expected a whole number from -32,000 to -5,000; "),
    "almost the sentinel": (
        "DAYS_EMPLOYED",
        "365242",
        "'365242' on line 4; expected a whole number from -30,000 to 0, or 365243 (not employed); ",
    ),
    "sentinel of another column": ("DAYS_BIRTH", "365243", "for example '365243' on line 4; expected a whole number"),
    "share": ("EXT_SOURCE_2", "1.0000001", "'1.0000001' on line 4; expected a number from 0 to 1, or nothing; "),
    "not a number": ("EXT_SOURCE_2", "nan", "'nan' on line 4; expected a number from 0 to 1, or nothing; "),
    "word for missing": ("OWN_CAR_AGE", "NA", "'NA' on line 4; expected a whole number from 0 to 120, or nothing; "),
    "infinite": ("AMT_INCOME_TOTAL", "inf", "for example 'inf' on line 4; expected a number from 1 to 1,000,000,000; "),
    "infinite by size": ("AMT_INCOME_TOTAL", "1e999", "for example '1e999' on line 4; "),
    "misplaced mark": ("AMT_CREDIT", "1,00", "for example '1,00' on line 4; "),
    "other digits": ("CNT_CHILDREN", "\uff11", "for example '\uff11' on line 4; "),
    "zero byte": ("CNT_CHILDREN", "1\0", "for example '1\\x00' on line 4; "),
    "id beyond 32 bits": ("SK_ID_CURR", "2147483648", "for example '2147483648' on line 4; expected a whole number"),
    "missing number": (
        "AMT_CREDIT",
        None,
        "without a value, for example on line 4; expected a number from 1 to 1,000,000,000 in every row; ",
    ),
    "missing category": ("CODE_GENDER", None, "without a value, for example on line 4; expected a category in every"),
    "missing target": ("TARGET", None, "without a value, for example on line 4; expected 0 or 1 in every row; "),
    "missing id": ("SK_ID_CURR", None, "without a value, for example on line 4; expected a whole number from 1 to"),
}


@pytest.mark.parametrize("case", WRONG_CELLS)
def test_wrong_cell_is_said_with_its_line(tmp_path: Path, make_rows: MakeRows, case: str) -> None:
    column, value, expected = WRONG_CELLS[case]
    said = complaint(put(tmp_path, "a.csv", csv_of(make_rows(6), {column: {2: value}})))
    assert said.startswith(f"column {column} has 1 row with")
    assert expected in said


@pytest.mark.parametrize("case", WRONG_CELLS)
def test_wrong_cell_is_said_with_its_row_in_parquet(tmp_path: Path, make_rows: MakeRows, case: str) -> None:
    column, value, expected = WRONG_CELLS[case]
    said = complaint(put(tmp_path, "a.parquet", parquet_of(text_of(make_rows(6), {column: {2: value}}))))
    assert said.startswith(f"column {column} has 1 row with")
    assert expected.replace("on line 4", "in row 3") in said


@pytest.mark.parametrize(("value", "shown"), [(float("nan"), "nan"), (-8000.5, "-8000.5"), (-10.0, "-10")])
def test_wrong_number_in_parquet_is_said(tmp_path: Path, make_rows: MakeRows, value: float, shown: str) -> None:
    days = pl.Series("DAYS_BIRTH", [-8000.0, -9000.0, value])
    said = complaint(put(tmp_path, "a.parquet", parquet_of(make_rows(3).with_columns(days))))
    assert said.startswith(f"column DAYS_BIRTH has 1 row with a wrong value, for example '{shown}' in row 3; ")


def test_number_without_bounds_is_still_finite() -> None:
    free = dataclasses.replace(embedded.column("EXT_SOURCE_1"), minimum=None, maximum=None)
    values = pl.Series([1e308, -5.5, float("nan"), float("inf"), float("-inf"), None], dtype=pl.Float64)
    assert is_allowed(free, values).to_list() == [True, True, False, False, False, False]


def test_lines_are_those_of_the_text(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(4).with_columns(pl.Series("NOTE", ["a,b", 'two\nlines "quoted"', "", "x"]))
    content = csv_of(table, {"CNT_CHILDREN": {3: "many"}}).replace(b"SK_ID_CURR", b"\n\r\nSK_ID_CURR", 1)
    lines = content.decode().splitlines()
    wrong = next(number for number, line in enumerate(lines, start=1) if ",many," in line)
    assert wrong == 8  # 2 blank lines, the header, rows 1 and 2, the second line of row 2, row 3
    assert f"'many' on line {wrong};" in complaint(put(tmp_path, "a.csv", content))
    assert f"'many' on line {wrong};" in complaint(put(tmp_path, "a.zip", zipped({"a.csv": content})))


def test_thousands_of_wrong_rows_are_one_message(tmp_path: Path, make_rows: MakeRows) -> None:
    table = pl.concat([make_rows(1_000)] * 4)
    cells: Cells = {
        "AMT_CREDIT": dict.fromkeys(range(10, 3_010), "?"),
        "CODE_GENDER": dict.fromkeys(range(5), None),
        "DAYS_BIRTH": dict.fromkeys(range(3_999, 4_000), "0"),
    }
    said = complaint(put(tmp_path, "a.csv", csv_of(table, cells)))
    assert said == (
        "column CODE_GENDER has 5 rows without a value, for example on line 2; expected a category in every row; "
        "fill them or leave those rows out. Also wrong: AMT_CREDIT (3,000), DAYS_BIRTH (1)."
    )


def test_long_cell_is_cut_in_the_message(tmp_path: Path, make_rows: MakeRows) -> None:
    said = complaint(put(tmp_path, "a.csv", csv_of(make_rows(2), {"AMT_CREDIT": {0: "9" * 100_000 + "x"}})))
    assert f"'{'9' * 40}\u2026' on line 2" in said
    assert len(said) < 300


WRONG_NUMBERS = st.sampled_from(
    ["", "x", "1.5", "-1", "31", "nan", "-inf", "1e3", "0x1", "TRUE", "1 0 0", "--1", "None"]
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.dictionaries(st.integers(0, 19), WRONG_NUMBERS, min_size=1))
def test_any_wrong_cells_are_counted(tmp_path: Path, make_rows: MakeRows, cells: dict[int, str]) -> None:
    written = {row: value or None for row, value in cells.items()}
    said = complaint(put(tmp_path, "a.csv", csv_of(make_rows(20), {"CNT_CHILDREN": written})))
    first = min(cells)
    alike = [row for row in cells if bool(cells[row]) == bool(cells[first])]
    words = f"with a wrong value, for example {cells[first]!r}" if cells[first] else "without a value, for example"
    noun = "1 row" if len(alike) == 1 else f"{len(alike)} rows"
    assert f"column CNT_CHILDREN has {noun} {words} on line {first + 2};" in said
    others = len(cells) - len(alike)
    assert said.endswith(f" Also wrong: CNT_CHILDREN ({others})." if others else "leave those rows out.")


def test_repeated_id_is_said_with_both_lines(tmp_path: Path, make_rows: MakeRows) -> None:
    cells = {embedded.ID: {3: "100002", 5: "100002.0", 7: "100003"}}
    path = put(tmp_path, "a.csv", csv_of(make_rows(10), cells))
    assert complaint(path) == (
        "column SK_ID_CURR has 3 rows with a number that an earlier row has, for example 100002 on line 5 and on "
        "line 3; expected every number once; leave the repeated rows out."
    )


def test_unseen_category_is_kept_as_its_own_level(tmp_path: Path, make_rows: MakeRows) -> None:
    cells: Cells = {"CODE_GENDER": {1: "X", 2: "D", 3: "H", 4: "X", 5: "B"}, "HOUSETYPE_MODE": {0: "houseboat, moored"}}
    raw, out = put(tmp_path, "a.csv", csv_of(make_rows(6), cells)), tmp_path / "a.parquet"
    report = convert(raw, out, embedded.DEFINITION)
    written = pl.read_parquet(out)
    assert written["CODE_GENDER"].to_list() == ["F", "X", "D", "H", "X", "B"]
    assert written.schema["CODE_GENDER"] == pl.Enum(["F", "M", "XNA", "B", "D", "H", "X"])
    assert report.unseen == (
        UnseenLevel("CODE_GENDER", "B", 1),
        UnseenLevel("CODE_GENDER", "D", 1),
        UnseenLevel("CODE_GENDER", "H", 1),
        UnseenLevel("CODE_GENDER", "X", 2),
        UnseenLevel("HOUSETYPE_MODE", "houseboat, moored", 1),
    )
    assert (
        "Warning: CODE_GENDER holds categories never seen, which are kept as levels of their own and scored as "
        "unknown: 'B' (1 row), 'D' (1 row), 'H' (1 row), 'X' (2 rows)."
    ) in report.text()
    assert read_applications(out, embedded.DEFINITION).equals(written)


def test_extra_columns_are_left_out_with_a_notice(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(5).select(pl.lit("a\xe9").alias("Branch"), pl.all(), pl.lit(1).alias(""))
    report = convert(put(tmp_path, "a.csv", csv_of(table)), tmp_path / "out.parquet", embedded.DEFINITION)
    assert pl.read_parquet(tmp_path / "out.parquet").equals(make_rows(5))
    assert report.left_out == ("Branch", "")
    assert report.text().splitlines()[-1] == "Notice: 2 unknown columns left out: Branch, (unnamed)"


def test_missing_columns_are_named(tmp_path: Path, make_rows: MakeRows) -> None:
    one = put(tmp_path, "one.csv", csv_of(make_rows(3).drop("AMT_CREDIT")))
    assert complaint(one) == "1 column is missing: AMT_CREDIT; bring a table with all columns."
    few = make_rows(3).select(embedded.ID, embedded.TARGET)
    said = complaint(put(tmp_path, "few.parquet", parquet_of(few)))
    assert said.startswith("120 columns are missing: NAME_CONTRACT_TYPE, CODE_GENDER, FLAG_OWN_CAR, ")
    assert "FLAG_OWN_REALTY, CNT_CHILDREN and 115 more; " in said


@pytest.mark.parametrize(("name", "wear"), [("a.csv", csv_of), ("a.parquet", parquet_of)])
def test_target_is_needed_only_where_it_is_asked_for(
    tmp_path: Path, make_rows: MakeRows, name: str, wear: Callable[[pl.DataFrame], bytes]
) -> None:
    table = make_rows(5).drop(embedded.TARGET)
    path = put(tmp_path, name, wear(table))
    assert read_applications(path, embedded.DEFINITION, needs_target=False).equals(table)
    assert complaint(path).startswith("1 column is missing: TARGET; ")


def test_target_may_have_gaps_but_no_nonsense_where_it_is_not_needed(tmp_path: Path, make_rows: MakeRows) -> None:
    gaps = put(tmp_path, "gaps.csv", csv_of(make_rows(4), {"TARGET": {1: None, 3: None}}))
    assert read_applications(gaps, embedded.DEFINITION, needs_target=False)["TARGET"].to_list() == [0, None, 0, None]
    wrong = put(tmp_path, "wrong.csv", csv_of(make_rows(4), {"TARGET": {1: "yes"}}))
    assert "'yes' on line 3; expected 0 or 1, or nothing;" in complaint(wrong, needs_target=False)


def test_repeated_column_is_said(tmp_path: Path, make_rows: MakeRows) -> None:
    content = csv_of(make_rows(3).with_columns(pl.lit(1).alias("X"))).replace(b",X\n", b",AMT_CREDIT\n", 1)
    said = complaint(put(tmp_path, "a.csv", content))
    assert said == "column AMT_CREDIT stands more than once in the header; keep one of them."


def test_any_usual_writing_is_read_alike(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(30).with_columns(pl.Series("ORGANIZATION_TYPE", ["B\xfcro", "Caf\xe9", "School"] * 10))
    usual = read_applications(put(tmp_path, "a.csv", table.write_csv().encode()), embedded.DEFINITION)
    numbers = [name for name, dtype in table.schema.items() if dtype.is_float()]
    commas = table.with_columns(pl.col(numbers).cast(pl.String).str.replace(".", ",", literal=True))
    for place, content in enumerate(
        [
            table.write_csv(separator="\t").encode(),
            table.write_csv(separator="|").encode("utf-16"),
            commas.write_csv(separator=";").encode("cp1252"),
            ("Report\r\n\r\n" + commas.write_csv(separator=";", line_terminator="\r\n")).encode(),
        ]
    ):
        found = read_applications(put(tmp_path, f"{place}.csv", content), embedded.DEFINITION)
        assert found.equals(usual), place
    assert usual["ORGANIZATION_TYPE"].cast(pl.String).to_list() == ["B\xfcro", "Caf\xe9", "School"] * 10


@pytest.mark.parametrize(
    ("array", "column", "found", "expected"),
    [
        (pa.array([dt.date(2020, 1, 1)] * 3), "DAYS_BIRTH", "date32[day]", "numbers"),
        (pa.array([[1.0]] * 3), "AMT_CREDIT", "list<element: double>", "numbers"),
        (pa.array([1, 2, 3]), "CODE_GENDER", "int64", "text"),
        (pa.array([b"F"] * 3), "CODE_GENDER", "binary", "text"),
        (pa.array([True] * 3), "FLAG_OWN_CAR", "bool", "text"),
    ],
)
def test_wrong_type_in_parquet_is_said(
    tmp_path: Path, make_rows: MakeRows, array: pa.Array, column: str, found: str, expected: str
) -> None:
    arrow = make_rows(3).to_arrow()
    pq.write_table(arrow.set_column(arrow.schema.get_field_index(column), column, array), tmp_path / "a.parquet")
    assert complaint(tmp_path / "a.parquet") == (
        f"column {column} holds {found} in all 3 rows, from row 1 on; expected {expected}; "
        "convert the column and write the file again."
    )


NOTHING = "holds no rows; a header line and at least one row are needed."


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.zip", "a.parquet"])
def test_file_of_no_bytes_is_said(tmp_path: Path, name: str) -> None:
    assert complaint(put(tmp_path, name, b"")) == NOTHING


@pytest.mark.parametrize("content", [b"\n\r\n", b"\xef\xbb\xbf", b",,\n"])
def test_text_without_a_header_is_said(tmp_path: Path, content: bytes) -> None:
    assert complaint(put(tmp_path, "a.csv", content)) == NOTHING
    assert complaint(put(tmp_path, "a.csv.gz", gzip.compress(content))) == NOTHING


@pytest.mark.parametrize("end", ["", "\n", "\r\n\n"])
def test_header_alone_is_said(tmp_path: Path, end: str) -> None:
    header = (",".join(embedded.BY_NAME) + end).encode()
    assert complaint(put(tmp_path, "a.csv", header)) == NOTHING
    assert complaint(put(tmp_path, "a.zip", zipped({"a.csv": header}))) == NOTHING


def test_parquet_without_rows_is_said(tmp_path: Path, make_rows: MakeRows) -> None:
    assert complaint(put(tmp_path, "a.parquet", parquet_of(make_rows(0)))) == NOTHING


def test_first_column_is_named_behind_a_mark(tmp_path: Path, make_rows: MakeRows) -> None:
    content = csv_of(make_rows(2)).replace(b"\n100002,", b"\n\xe9,")
    said = complaint(put(tmp_path, "a.csv", b"\xef\xbb\xbf" + content))
    assert said.startswith("column SK_ID_CURR has text that is not UTF-8, 1 row in all, for example on line 3;")


def test_text_that_is_not_utf8_far_into_the_file_is_said(tmp_path: Path, make_rows: MakeRows) -> None:
    table = pl.concat([make_rows(1_000)] * 7)
    content = csv_of(table, {"ORGANIZATION_TYPE": {6_999: "Caf\xe9"}}).decode().encode("latin-1")
    assert "1 row in all, for example on line 7,001;" in complaint(put(tmp_path, "a.csv", content))


def test_text_cut_inside_a_letter_is_said(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(3).with_columns(pl.lit("\xe9").alias("NOTE"))
    content = csv_of(table).rstrip(b"\n")[:-1]
    assert complaint(put(tmp_path, "a.csv", content)).startswith(
        "column NOTE has text that is not UTF-8, 1 row in all, for example on line 4;"
    )


def test_letters_over_several_bytes_are_kept(tmp_path: Path, make_rows: MakeRows) -> None:
    read = read_applications(
        put(tmp_path, "a.csv", csv_of(make_rows(3), {"ORGANIZATION_TYPE": {1: "Caf\xe9 \U0001f600"}})),
        embedded.DEFINITION,
    )
    assert read["ORGANIZATION_TYPE"][1] == "Caf\xe9 \U0001f600"


def test_lines_of_another_length_are_said(tmp_path: Path, make_rows: MakeRows) -> None:
    lines = csv_of(make_rows(9)).decode().splitlines()
    lines[3] += ",1"
    lines[5] = lines[5].rsplit(",", 2)[0]
    said = complaint(put(tmp_path, "a.csv", "\n".join(lines).encode()))
    assert said == (
        "2 rows with another number of fields than the header, which has 122, for example 123 on line 4; "
        "put fields that hold a comma in quotation marks."
    )


def test_last_line_cut_short_is_said(tmp_path: Path, make_rows: MakeRows) -> None:
    content = csv_of(make_rows(9))
    said = complaint(put(tmp_path, "a.csv", content[: content.rindex(b",0.")]))
    assert said.startswith("1 row with another number of fields than the header, which has 122, for example")
    assert "on line 10;" in said


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("column", ["SK_ID_CURR", "LANDAREA_AVG", "NOTE"])
def test_quote_that_is_never_closed_is_said(tmp_path: Path, make_rows: MakeRows, column: str, end: str) -> None:
    # No other quote may stand in the file: it would close this one.
    plain = [pl.lit(each.levels[0]).alias(each.name) for each in embedded.COLUMNS if each.levels]
    table = make_rows(9).with_columns(plain).with_columns(pl.lit("x").alias("NOTE"))
    value = str(table[column][3])
    lines = csv_of(table, {column: {3: "@"}}).decode().splitlines()
    lines[4] = lines[4].replace("@", '"' + value)
    said = complaint(put(tmp_path, "a.csv", ("\n".join(lines) + end).encode()))
    assert said.startswith("after line 4 a quotation mark is opened and not closed where the field ends;")


def test_single_quote_inside_a_text_is_no_fault(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(3)
    content = csv_of(table.with_columns(pl.lit("size").alias("NOTE"))).replace(b",size\n", b',5" pipe\n', 1)
    assert read_applications(put(tmp_path, "a.csv", content), embedded.DEFINITION).equals(table)


CUT = "is not a whole {} (damaged or cut short); fetch it again."
PACKED: dict[str, tuple[str, str, Callable[[pl.DataFrame], bytes]]] = {
    "gzip": ("a.csv.gz", "gzip file", lambda table: gzip.compress(csv_of(table))),
    "zip": ("a.zip", "zip archive", lambda table: zipped({"a.csv": csv_of(table)})),
    "parquet": ("a.parquet", "Parquet file", parquet_of),
}


@pytest.mark.parametrize("kind", PACKED)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_archive_cut_anywhere_is_said(tmp_path: Path, make_rows: MakeRows, kind: str, share: float) -> None:
    name, noun, wear = PACKED[kind]
    whole = wear(make_rows(30))
    cut = whole[: max(1, int(share * len(whole)))]
    assert complaint(put(tmp_path, name, cut)) == CUT.format(noun)


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_archive_with_a_flipped_byte_is_said(tmp_path: Path, make_rows: MakeRows, kind: str) -> None:
    name, noun, wear = PACKED[kind]
    content = bytearray(wear(make_rows(30)))
    content[len(content) // 2] ^= 0xFF
    assert complaint(put(tmp_path, name, bytes(content))) == CUT.format(noun)


@pytest.mark.parametrize("kind", PACKED)
def test_text_under_the_name_of_an_archive_is_said(tmp_path: Path, make_rows: MakeRows, kind: str) -> None:
    name, noun, _ = PACKED[kind]
    assert complaint(put(tmp_path, name, csv_of(make_rows(3)))) == CUT.format(noun)


def test_parquet_text_that_is_not_utf8_is_said(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(3).to_arrow()
    place = table.schema.get_field_index("NAME_CONTRACT_TYPE")
    buffers = pa.array([b"\xff\xfe"] * 3, pa.binary()).buffers()
    broken = table.set_column(place, "NAME_CONTRACT_TYPE", pa.Array.from_buffers(pa.string(), 3, buffers))
    pq.write_table(broken, tmp_path / "a.parquet")
    assert complaint(tmp_path / "a.parquet") == CUT.format("Parquet file")


def test_zip_must_hold_one_table(tmp_path: Path) -> None:
    several = zipped({"train.csv": b"a\n1\n", "test.csv": b"a\n1\n"})
    assert complaint(put(tmp_path, "several.zip", several)) == (
        "an archive with one CSV file is expected, found train.csv, test.csv; unpack it and name the file."
    )
    none = put(tmp_path, "none.zip", zipped({"read.me": b"-"}))
    assert "an archive with one CSV file is expected, found none;" in complaint(none)
    assert "found none;" in complaint(put(tmp_path, "empty.zip", zipped({})))


def test_protected_zip_is_said(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": b"a\n1\n"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag of encryption in the directory
    assert complaint(put(tmp_path, "a.zip", bytes(content))).startswith("is protected by a password;")


def test_unknown_compression_in_zip_is_said(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": b"a\n1\n"}))
    content[content.index(b"PK\x01\x02") + 10] = 97
    assert complaint(put(tmp_path, "a.zip", bytes(content))) == CUT.format("zip archive")


def test_places_that_are_no_file_are_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    put(tmp_path, "file", b"x")
    assert complaint(tmp_path) == "is a directory; name the file inside it."
    assert complaint(tmp_path / "absent.csv") == "no such file; check the path."
    assert complaint(tmp_path / "file" / "below.csv") == "no such file; check the path."
    assert complaint(tmp_path / "pipe") == "is a device or a pipe; name a file."
    assert complaint(tmp_path / ("x" * 300)) == "cannot be read (File name too long); check the path and its rights."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\xff", "there is text that is not UTF-8, 2 rows in all, for example on line 1; "),
        (b"\0" * 1000, "122 columns are missing: SK_ID_CURR, TARGET, "),
        (b"{}", "122 columns are missing: SK_ID_CURR, TARGET, "),
        (b"SK_ID_CURR,AMT\n1,2\n", "121 columns are missing: TARGET, NAME_CONTRACT_TYPE, "),
    ],
)
def test_file_of_something_else_is_said(tmp_path: Path, content: bytes, expected: str) -> None:
    assert complaint(put(tmp_path, "a.csv", content)).startswith(expected)


def test_provenance_names_the_raw_file(tmp_path: Path, make_rows: MakeRows) -> None:
    raw, out = put(tmp_path, "tr\xe4in.csv", csv_of(make_rows(8))), tmp_path / "new" / "out.parquet"
    convert(raw, out, embedded.DEFINITION)
    assert read_source(out) == {
        "kind": "file",
        "name": "tr\xe4in.csv",
        "sha256": hashlib.sha256(raw.read_bytes()).hexdigest(),
        "bytes": raw.stat().st_size,
        "rows": 8,
    }
    assert json.loads(pq.read_metadata(out).metadata[b"scoreroom.source"])["rows"] == 8
    assert [path.name for path in out.parent.iterdir()] == ["out.parquet"]


def test_provenance_that_is_not_there_is_said(tmp_path: Path, make_rows: MakeRows) -> None:
    path = put(tmp_path, "a.parquet", parquet_of(make_rows(2)))
    with pytest.raises(FileError, match="does not say where its rows come from; write it with"):
        read_source(path)
    with pytest.raises(FileError, match="is not a whole Parquet file"):
        read_source(put(tmp_path, "a.csv", b"x"))


def test_own_table_is_written_with_any_provenance(tmp_path: Path, make_rows: MakeRows) -> None:
    source = {"kind": "synthetic", "seed": 7, "profile": "ab12"}
    write_applications(make_rows(9), embedded.DEFINITION, tmp_path / "a.parquet", source)
    assert read_source(tmp_path / "a.parquet") == source
    assert pl.read_parquet(tmp_path / "a.parquet").equals(make_rows(9))


def test_table_of_another_shape_is_not_written(tmp_path: Path, make_rows: MakeRows) -> None:
    place = tmp_path / "a.parquet"
    with pytest.raises(SchemaError, match=r"found 121 \(TARGET missing, none too many\)"):
        write_applications(make_rows(2).drop("TARGET"), embedded.DEFINITION, place, {})
    with pytest.raises(SchemaError, match="Column AMT_CREDIT is Float32, expected Float64;"):
        write_applications(
            make_rows(2).with_columns(pl.col("AMT_CREDIT").cast(pl.Float32)), embedded.DEFINITION, place, {}
        )
    with pytest.raises(SchemaError, match="Column CODE_GENDER is Enum"):
        write_applications(
            make_rows(2).with_columns(pl.col("CODE_GENDER").cast(pl.Enum(["M", "F"]))), embedded.DEFINITION, place, {}
        )
    assert not place.exists()


def test_report_tells_what_was_measured(tmp_path: Path, make_rows: MakeRows) -> None:
    raw, out = put(tmp_path, "a.csv.gz", gzip.compress(csv_of(make_rows(300)))), tmp_path / "a.parquet"
    report = convert(raw, out, embedded.DEFINITION)
    assert (report.rows, report.columns) == (300, 122)
    assert (report.raw_bytes, report.out_bytes) == (raw.stat().st_size, out.stat().st_size)
    assert report.csv_load_s is not None
    assert 0 < report.csv_load_s + report.parquet_load_s < report.seconds
    assert report.speed_up == report.csv_load_s / report.parquet_load_s
    assert report.text().startswith(f"300 rows x 122 columns in {report.seconds:.1f} s: {out}\nSize: ")


def test_parquet_has_no_csv_to_compare_with(tmp_path: Path, make_rows: MakeRows) -> None:
    report = convert(
        put(tmp_path, "raw.parquet", parquet_of(make_rows(5))), tmp_path / "a.parquet", embedded.DEFINITION
    )
    assert report.csv_load_s is None
    assert report.speed_up is None
    assert "the raw file is no CSV to compare with" in report.text()


@pytest.mark.parametrize(("name", "wear"), [("a.csv", csv_of), ("b.parquet", parquet_of)])
def test_progress_moves_forward_to_its_end(
    tmp_path: Path, make_rows: MakeRows, name: str, wear: Callable[[pl.DataFrame], bytes]
) -> None:
    told: list[tuple[int, int]] = []
    raw = put(tmp_path, name, wear(make_rows(50)))
    convert(raw, tmp_path / "out.parquet", embedded.DEFINITION, progress=lambda done, total: told.append((done, total)))
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) > 1


def test_converting_a_file_onto_itself_is_refused(tmp_path: Path, make_rows: MakeRows) -> None:
    raw = put(tmp_path, "a.parquet", parquet_of(make_rows(5)))
    before = raw.read_bytes()
    (tmp_path / "link").symlink_to(raw)
    with pytest.raises(FileError, match="it is the input itself; name another file with --out"):
        convert(raw, tmp_path / "link", embedded.DEFINITION)
    assert raw.read_bytes() == before


def test_failed_conversion_leaves_the_older_output(tmp_path: Path, make_rows: MakeRows) -> None:
    out = put(tmp_path, "out.parquet", b"older")
    raw = put(tmp_path, "a.csv", csv_of(make_rows(5), {"TARGET": {4: "9"}}))
    with pytest.raises(TableError):
        convert(raw, out, embedded.DEFINITION)
    assert out.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "out.parquet"]


def test_blanks_around_values_are_left_out_and_counted(tmp_path: Path, make_rows: MakeRows) -> None:
    cells: Cells = {
        "NAME_INCOME_TYPE": {0: "Working ", 1: "\tPensioner", 2: "   "},
        "CNT_CHILDREN": {0: " 2 "},
        "OCCUPATION_TYPE": {3: "  "},
    }
    said = complaint(put(tmp_path, "a.csv", csv_of(make_rows(5), cells)))
    assert said.startswith("column NAME_INCOME_TYPE has 1 row without a value, for example on line 4;")
    del cells["NAME_INCOME_TYPE"][2]  # type: ignore[attr-defined]
    report = convert(put(tmp_path, "a.csv", csv_of(make_rows(5), cells)), tmp_path / "a.parquet", embedded.DEFINITION)
    written = pl.read_parquet(tmp_path / "a.parquet")
    assert written["NAME_INCOME_TYPE"].to_list()[:2] == ["Working", "Pensioner"]
    assert written["CNT_CHILDREN"][0] == 2
    assert written["OCCUPATION_TYPE"][3] is None
    assert report.unseen == ()
    assert report.text().splitlines()[-1] == (
        "Notice: Blanks around values are left out: CNT_CHILDREN (1 row), NAME_INCOME_TYPE (2 rows), "
        "OCCUPATION_TYPE (1 row)."
    )


def test_an_extra_column_may_be_there_twice(tmp_path: Path, make_rows: MakeRows) -> None:
    lines = csv_of(make_rows(3)).decode().splitlines()
    wide = "\n".join([f"{lines[0]},note,note", *(f"{line},a,b" for line in lines[1:])]) + "\n"
    report = convert(put(tmp_path, "a.csv", wide.encode()), tmp_path / "a.parquet", embedded.DEFINITION)
    assert pl.read_parquet(tmp_path / "a.parquet").equals(make_rows(3))
    assert report.left_out == ("note", "note")
    assert report.csv_load_s is not None
