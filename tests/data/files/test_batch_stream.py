"""A file of any length, frame by frame: the same rows as a dropped file, its faults counted, its memory bounded."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import FileError, TableError
from data.files.batch_file import read_batch
from data.files.batch_judge import TableFaultsError
from data.files.batch_limits import BatchError
from data.files.batch_stream import MOST_LISTED, BatchStream
from data.home_credit import embedded

ROOT = Path(__file__).resolve().parents[3]
MakeRows = Callable[[int], pl.DataFrame]
NEEDED = ("AMT_CREDIT", "NAME_INCOME_TYPE", "CNT_CHILDREN", "EXT_SOURCE_1")


def put(folder: Path, table: pl.DataFrame, name: str = "a.csv") -> Path:
    path = folder / name
    content = table.write_csv().encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def with_cells(table: pl.DataFrame, name: str, cells: dict[int, str | None]) -> pl.DataFrame:
    values = table[name].cast(pl.String).to_list()
    for row, cell in cells.items():
        values[row] = cell
    return table.with_columns(pl.Series(name, values, dtype=pl.String))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
@pytest.mark.parametrize("batch_rows", [7, 100])
def test_frames_are_the_rows_of_the_file(tmp_path: Path, make_rows: MakeRows, name: str, batch_rows: int) -> None:
    table = make_rows(40).drop(embedded.TARGET)
    path = put(tmp_path, table, name)
    if name.endswith(".parquet"):
        table.write_parquet(path)
    stream = BatchStream(path, embedded.DEFINITION, NEEDED)
    frames = list(stream.frames(batch_rows))
    assert [frame.height for frame in frames] == [len(part) for part in table.iter_slices(batch_rows)]
    assert pl.concat(frames).equals(table)
    assert stream.notices == ()


def test_what_is_judged_is_judged_as_in_a_dropped_file(tmp_path: Path, make_rows: MakeRows) -> None:
    table = with_cells(make_rows(60), "NAME_INCOME_TYPE", {0: "Working ", 3: "Barter", 40: "Barter", 41: " Retired"})
    wide = table.select(*NEEDED, "CODE_GENDER", embedded.TARGET, pl.lit("x").alias("branch"))
    path = put(tmp_path, wide)
    stream = BatchStream(path, embedded.DEFINITION, NEEDED)
    frames = list(stream.frames(batch_rows=16))
    dropped = read_batch("a.csv", path.read_bytes(), embedded.DEFINITION, NEEDED, carries=False)
    assert not stream.has_ids
    assert pl.concat([frame.cast(pl.String) for frame in frames]).equals(dropped.applications.cast(pl.String))
    assert stream.notices == dropped.notices
    assert stream.notices[-2:] == (
        "Blanks around values are left out: NAME_INCOME_TYPE (2 rows).",
        "NAME_INCOME_TYPE holds categories never seen, which are scored as unknown: 'Barter' (2 rows), "
        "'Retired' (1 row).",
    )
    assert "Not used, 1 column that no application has: branch." in stream.notices
    assert "TARGET is not used." in stream.notices


WRONG = st.sampled_from(["x", "1.5", "-1", "31", "nan", "-inf", "1e3", "0x1", "TRUE", "1 00", "--1", "None"])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.dictionaries(st.integers(0, 29), WRONG, min_size=1), batch_rows=st.integers(3, 35))
def test_any_wrong_cells_are_counted_over_all_frames(
    tmp_path: Path, make_rows: MakeRows, cells: dict[int, str], batch_rows: int
) -> None:
    path = put(tmp_path, with_cells(make_rows(30), "CNT_CHILDREN", {**cells}))
    with pytest.raises(TableFaultsError) as caught:
        list(BatchStream(path, embedded.DEFINITION, NEEDED).frames(batch_rows))
    wanted = [(row + 2, cells[row]) for row in sorted(cells)]
    assert [(fault.row, fault.found) for fault in caught.value.faults] == wanted[:MOST_LISTED]
    head, *lines = str(caught.value).splitlines()
    noun = "1 fault" if len(cells) == 1 else f"{len(cells)} faults"
    assert head == (
        f"{path}: {len(cells)} of 30 rows cannot be scored, so none was; {noun}, correct them or leave those rows out:"
    )
    assert len(lines) == min(len(cells), MOST_LISTED) + (len(cells) > MOST_LISTED)
    row, cell = wanted[0]
    assert lines[0] == f"  CNT_CHILDREN is {cell!r} on line {row}, expected a whole number from 0 to 30, or nothing"
    if len(cells) > MOST_LISTED:
        assert lines[-1] == f"  and {len(cells) - MOST_LISTED} more"


def test_good_frames_come_before_the_fault(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(50).drop(embedded.TARGET)
    frames = BatchStream(
        put(tmp_path, with_cells(table, "AMT_CREDIT", {25: "x", 44: "y"})), embedded.DEFINITION, NEEDED
    ).frames(10)
    assert next(frames).equals(table[:10])
    assert next(frames).equals(table[10:20])
    with pytest.raises(TableError, match=r"2 of 50 rows .*\n.*'x' on line 27, .*\n.*'y' on line 46"):
        next(frames)


@pytest.mark.parametrize(
    ("columns", "kind", "said"),
    [
        (NEEDED[:3], BatchError, "1 column that the model needs is missing: EXT_SOURCE_1"),
        ((*NEEDED, NEEDED[0]), BatchError, "column AMT_CREDIT stands more than once"),
        (("a", "b"), BatchError, "holds 0 of the 4 columns"),
    ],
)
def test_another_table_is_refused_before_the_first_frame(
    tmp_path: Path, columns: Sequence[str], kind: type[Exception], said: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(columns) + "\n" + ",".join("1" * len(columns)) + "\n")
    with pytest.raises(kind, match=said):
        BatchStream(path, embedded.DEFINITION, NEEDED)


def test_a_file_without_rows_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(NEEDED) + "\n")
    with pytest.raises(FileError, match="holds no rows"):
        list(BatchStream(path, embedded.DEFINITION, NEEDED).frames())


def test_many_levels_never_seen_are_counted_in_bounded_memory(tmp_path: Path, make_rows: MakeRows) -> None:
    table = make_rows(1_500).with_columns(pl.format("level {}", pl.int_range(pl.len())).alias("NAME_INCOME_TYPE"))
    stream = BatchStream(put(tmp_path, table), embedded.DEFINITION, NEEDED)
    assert sum(frame.height for frame in stream.frames(400)) == 1_500
    (said,) = [notice for notice in stream.notices if notice.startswith("NAME_INCOME_TYPE")]
    assert "'(others)' (500 rows)" in said
    assert said.endswith(" and 996 more.")


MEASURE = """
import sys
from pathlib import Path
from data.home_credit import embedded
from data.files.batch_stream import BatchStream
rows = 0
needed = [name for name in embedded.BY_NAME if name != embedded.TARGET]
for frame in BatchStream(Path(sys.argv[1]), embedded.DEFINITION, needed).frames(5_000):
    rows += frame.height
    if rows in (100_000, 240_000):
        print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path, make_rows: MakeRows) -> None:
    header, rows = make_rows(1_000).write_csv().encode().split(b"\n", 1)
    path = tmp_path / "a.csv"
    path.write_bytes(header + b"\n" + rows * 240)
    done = subprocess.run([sys.executable, "-c", MEASURE, path], cwd=ROOT, capture_output=True, text=True, check=True)
    early, late = (int(kilobytes) / 1_024 for kilobytes in done.stdout.split())
    # The 140,000 rows between are some 50 MB as text and 70 MB as a table.
    assert late - early < 40
