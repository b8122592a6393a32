from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data.definition.columns import Kind
from data.definition.describing import complete_definition, describe, is_as_written
from data.definition.errors import DefinitionError
from data.definition.reading import read_definition
from data.errors import ScoreroomError
from data.files.convert import read_applications

N = 200


def table(**more: object) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "loan_id": range(1, N + 1),
            "income": [1_000 + 37 * i for i in range(N)],
            "purpose": [("car", "home", "tour")[i % 3] for i in range(N)],
            "status": ["bad" if i % 5 == 0 else "good" for i in range(N)],
            **more,
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "loans.csv"
    table().write_csv(path)
    return path


def test_written_definition_is_whole_and_written_again_as_long_as_nobody_edits_it(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "portfolio"
    path = describe(file, folder).path
    first = path.read_text()
    definition = read_definition(path)
    assert (definition.name, definition.table.file) == ("Loans", str(file))
    assert (definition.target, definition.id) == ("status", "loan_id")
    assert is_as_written(first)
    describe(file, folder)
    assert path.read_text() == first
    assert [each.name for each in folder.iterdir()] == ["portfolio.toml"]


def test_an_edited_definition_is_kept(file: Path, tmp_path: Path) -> None:
    path = describe(file, tmp_path / "portfolio").path
    edited = path.read_text().replace("maximum = 20000", "maximum = 9999")
    path.write_text(edited)
    with pytest.raises(ScoreroomError, match="it was edited; add --update") as caught:
        describe(file, path.parent)
    assert str(path) in str(caught.value)
    assert path.read_text() == edited


def test_update_adds_new_columns_and_keeps_every_line(file: Path, tmp_path: Path) -> None:
    path = describe(file, tmp_path / "portfolio").path
    edited = path.read_text().replace('label = "Income"', 'label = "Pay"  # as on the form') + "\n# The end.\n"
    path.write_text(edited)
    table(rooms=[i % 40 for i in range(N)], e_mail=[f"p{i}@example.org" for i in range(N)]).write_csv(file)
    described = describe(file, path.parent, update=True)
    after = path.read_text()
    assert (described.added, described.gone) == (("rooms", "e_mail"), [])
    assert set(edited.splitlines()) - set(after.splitlines()) == {'columns = ["income", "purpose"]'}
    definition = read_definition(path)
    assert definition.features.columns == ("income", "purpose", "rooms")
    assert definition.left_out == ("e_mail",)
    assert definition.column("income").label == "Pay"
    assert definition.column("rooms").kind is Kind.NUMERIC
    describe(file, path.parent, update=True)
    assert path.read_text() == after


def test_update_says_which_columns_the_table_has_lost(file: Path, tmp_path: Path) -> None:
    path = describe(file, tmp_path / "portfolio").path
    table().drop("income").write_csv(file)
    before = path.read_text()
    assert describe(file, path.parent, update=True).gone == ["income"]
    assert path.read_text() == before


def test_shortest_definition_is_completed_from_the_only_table_beside_it(file: Path) -> None:
    path = file.parent / "portfolio.toml"
    path.write_text('name = "Mine"\n[outcome]\ncolumn = "status"\nbad = ["bad"]\ngood = ["good"]\n')
    definition = complete_definition(path)
    assert (definition.name, definition.id, definition.table.file) == ("Mine", "loan_id", "loans.csv")
    assert definition.features.columns == ("income", "purpose")
    assert definition.column("purpose").levels == ("car", "home", "tour")
    (file.parent / "other.csv").write_bytes(file.read_bytes())
    with pytest.raises(DefinitionError, match="has no file, and 2 tables stand beside it"):
        complete_definition(path)


def test_completing_reads_the_rows_of_new_columns_alone(file: Path, tmp_path: Path) -> None:
    path = describe(file, tmp_path / "portfolio").path
    said = read_definition(path)
    assert complete_definition(path) == said
    # With a header alone there are no rows to guess from: what is described needs none.
    file.write_text(",".join(table().columns) + "\n")
    assert complete_definition(path) == said
    table(rooms=[i % 40 for i in range(N)]).write_csv(file)
    assert complete_definition(path).column("rooms").maximum == 100


def test_places_that_cannot_be_written(file: Path, tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("mine")
    for folder in (occupied, occupied / "below"):
        with pytest.raises(ScoreroomError, match="cannot be written"):
            describe(file, folder)
    assert occupied.read_text() == "mine"


def strange_table() -> pl.DataFrame:
    """Columns as files of other programs have them: an index without a name, periods, NaN and infinite numbers."""
    n = 120
    return pl.DataFrame(
        {
            "": range(n),
            "issued": [date(2015 + row % 4, row % 12 + 1, 1) for row in range(n)],
            "yyyymm": [201501 + row % 12 for row in range(n)],
            "late": [math.nan if row % 9 == 0 else float(row % 60) for row in range(n)],
            "ratio": [math.inf if row == 4 else row / 7 for row in range(n)],
            "owner": [row % 3 == 0 for row in range(n)],
            "price": [Decimal(row * 7).scaleb(-2) for row in range(n)],
            "lasts": [timedelta(days=row) for row in range(n)],
            "default": [row % 5 == 0 for row in range(n)],
        },
        strict=False,
    )


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_described_is_what_is_read(kind: str, tmp_path: Path) -> None:
    table, file = strange_table(), tmp_path / f"table.{kind}"
    if kind == "csv":
        table.with_columns(pl.col("issued").dt.strftime("%b-%Y"), lasts=pl.col("lasts").dt.total_days()).write_csv(file)
    else:
        table.write_parquet(file)
    described = describe(file, tmp_path / "out")
    assert described.findings[0][:2] == ("(no name)", "left out")
    definition = complete_definition(described.path)
    assert definition.roles.date in ("issued", "yyyymm")
    frame = read_applications(file, definition)
    assert frame["issued"].to_list() == table["issued"].to_list()
    assert frame["yyyymm"].to_list() == [date(2015, row % 12 + 1, 1) for row in range(table.height)]
    assert frame["late"].null_count() == table["late"].is_nan().sum()
    assert frame["ratio"].null_count() == 1
    assert frame["price"].to_list() == [float(each) for each in table["price"]]
    assert frame["default"].to_list() == table["default"].cast(pl.Int8).to_list()
    assert ("lasts" in definition.left_out) == (kind == "parquet")
