"""Typed files: nested columns made plain, every type kept, and the files of SAS, SPSS and Stata."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pyreadstat
import pytest

from data.errors import FileError
from data.reading.table import read_table


def test_nested_columns_become_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {
        "is_default": pa.array([{"label": 1}, {"label": 0}]),
        "pd": pa.array([[0.75, 0.25], [0.5, 0.5]]),
        "who": pa.array([{"age": 30, "city": "Ulm"}, {"age": 40, "city": None}]),
        "uneven": pa.array([[1], [1, 2]]),
    }
    pq.write_table(pa.table(columns), path)
    reading = read_table(path)
    assert reading.frame.drop("uneven").rows(named=True) == [
        {"is_default": 1, "pd[0]": 0.75, "pd[1]": 0.25, "who.age": 30, "who.city": "Ulm"},
        {"is_default": 0, "pd[0]": 0.5, "pd[1]": 0.5, "who.age": 40, "who.city": None},
    ]
    assert reading.assumed.sentences() == (
        "is_default holds records, read as is_default.",
        "pd holds lists, read as pd[0], pd[1].",
        "who holds records, read as who.age, who.city.",
    )


def test_types_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {
        "id": pa.array([b"700001", b"x"]),
        "hash": pa.array([b"\xff\x00", b"ab"]),
        "pd": pa.array([0.5, 0.25], pa.float32()),
        "applied": pa.array([datetime(2024, 1, 1, 12, tzinfo=UTC)] * 2, pa.timestamp("us", "Europe/Berlin")),
        "at": pa.array([1, 2], pa.timestamp("us", "+05:30")),
        "region": pa.array(["a", "b"]).dictionary_encode(),
        "amount": pa.array([Decimal("99999999.99"), None], pa.decimal128(18, 2)),
        "long": pa.array([Decimal(10**40 + 1), Decimal(7)], pa.decimal256(60, 0)),
        "text": pa.array([" 1.234,5", "7,25"], pa.large_string()),
        "code": pa.array(["007", "012"]),
        "big": pa.array([2**53 + 1, 2**63 - 1]),
        "unsigned": pa.array([2**64 - 1, 0], pa.uint64()),
    }
    pq.write_table(pa.table(columns), path)
    frame = read_table(path).frame
    assert frame.select("id", "hash", "code").rows() == [("700001", "ff00", "007"), ("x", "6162", "012")]
    assert frame["text"].to_list() == [1234.5, 7.25]
    assert frame["long"].to_list() == [str(10**40 + 1), "7"]
    assert frame["big"].to_list() == [2**53 + 1, 2**63 - 1]
    assert frame["unsigned"].to_list() == [2**64 - 1, 0]
    assert frame["amount"].to_list() == [Decimal("99999999.99"), None]
    assert frame.schema["pd"] == pl.Float32
    assert frame.schema["applied"] == pl.Datetime("us", "Europe/Berlin")
    assert frame.schema["region"] == pl.Categorical


def test_an_index_of_pandas_and_repeated_names_are_legible(tmp_path: Path) -> None:
    path, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pd.DataFrame({"pd": [0.5, 0.25]}, index=["x", "y"]).to_parquet(path)
    assert read_table(path).frame.columns == ["pd", "index"]
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], ["a", "a", ""]), other)
    assert read_table(other).frame.rows(named=True) == [{"a": 1, "a (2)": 2, "(column 3)": 3}]


def test_arrow_and_feather_are_read(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "pd": [0.5, 0.25]})
    feather.write_feather(table, tmp_path / "a.feather")
    with pa.OSFile(str(tmp_path / "a.arrows"), "wb") as out, pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    for name in ("a.feather", "a.arrows"):
        assert read_table(tmp_path / name).frame.rows() == [(1, 0.5), (2, 0.25)]


FRAME = pd.DataFrame(
    {
        "id": [1.0, 2.0, 3.0],
        "bad": [0.0, 1.0, 0.0],
        "code": [1.0, 2.0, -9.0],
        "pd": [0.5, 0.25, None],
        "name": ["Köln", "Ulm", ""],
        "day": [date(2024, 1, 2), date(2024, 2, 3), date(2024, 3, 4)],
    }
)
LABELS: dict[str, dict[int | float, str]] = {"bad": {0: "good", 1: "bad"}, "code": {-9: "refused"}}


def test_files_of_spss_and_stata_are_read_with_labels_where_all_have_one(tmp_path: Path) -> None:
    pyreadstat.write_sav(FRAME, tmp_path / "a.sav", variable_value_labels=LABELS)
    pyreadstat.write_dta(FRAME, tmp_path / "a.dta", variable_value_labels={"bad": LABELS["bad"]})
    for name, kind in (("a.sav", "SPSS"), ("a.dta", "Stata")):
        reading = read_table(tmp_path / name)
        assert reading.frame.select("id", "bad", "code", "pd", "name").rows() == [
            (1, "good", 1, 0.5, "Köln"),
            (2, "bad", 2, 0.25, "Ulm"),
            (3, "good", -9, None, None),
        ]
        assert reading.frame["day"].cast(pl.Date).to_list() == FRAME["day"].to_list()
        assert (reading.assumed.kind, reading.assumed.more) == (kind, ("Read by their labels: bad",))


def test_files_of_sas_transport_are_read(tmp_path: Path) -> None:
    pyreadstat.write_xport(FRAME[["id", "pd", "name"]], tmp_path / "a.xpt", file_format_version=8)
    assert read_table(tmp_path / "a.xpt").frame.select("id", "pd").rows() == [(1, 0.5), (2, 0.25), (3, None)]


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    for name, content in (
        ("a.parquet", b"PAR1 no"),
        ("a.feather", b"ARROW1 no"),
        ("a.sav", b"$FL2 no"),
        ("a.dta", b"<stata_dta>"),
    ):
        path = tmp_path / name
        path.write_bytes(content + bytes(100))
        with pytest.raises(FileError, match="cannot be read as a table") as caught:
            read_table(path)
        assert "\n" not in str(caught.value)
