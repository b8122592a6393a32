"""The report's workbook, read back by another library: it holds the report's tables and runs nothing."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from dashboard.report.paper import Figure, Paper, Sheet
from dashboard.report.paper_book import paper_xlsx
from dashboard.report.parts import CHARTS
from dashboard.report.recipe import Kind, Part, Recipe
from tests.dashboard.report.papers import FORMULA, draw_rows, load_rows, write_paper

RECIPE = Recipe(
    FORMULA,
    (
        Part(Kind.CARDS, "overview"),
        *(Part(Kind.CHART, name) for name in CHARTS),
        Part(Kind.SEGMENTS, "<b>branch</b>"),
    ),
    ("region=north",),
    ("portfolio",),
)


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return write_paper(RECIPE, load_rows(draw_rows(), tmp_path_factory.mktemp("theirs")))


@pytest.fixture(scope="module")
def content(paper: Paper) -> bytes:
    return paper_xlsx(paper)


def test_every_table_comes_back(paper: Paper, content: bytes) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    tables = [
        block.chart.table if isinstance(block, Figure) else block.table
        for block in paper.blocks
        if isinstance(block, Figure | Sheet)
    ]
    contents, *names, definitions = book.sheet_names
    assert (contents, definitions, len(names)) == ("Contents", "Definitions", len(tables))
    for name, table in zip(names, tables, strict=True):
        _, header, *rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        assert header == list(table)
        for place, values in enumerate(table.values()):
            found = [row[place] for row in rows][: len(values)]
            assert [each if each != "" else None for each in found] == [plain(value) for value in values], (name, place)
    assert book.get_sheet_by_name("Definitions").to_python() == [list(each) for each in paper.definitions]
    facts = {str(row[0]): row[1] for row in book.get_sheet_by_name("Contents").to_python()}
    assert str(facts["Cohort"]).startswith("region: north, ")
    assert facts["Data, SHA-256"] == "ab" * 32


def plain(value: object) -> object:
    """A value as a workbook has it: numbers as floats, text as it is, nothing where it is not defined."""
    if value is None or isinstance(value, str):
        return value or None
    number = float(value)  # type: ignore[arg-type]
    # Sixteen digits are written, which is one fewer than some numbers need.
    return pytest.approx(number, rel=1e-15) if math.isfinite(number) else None


def test_no_text_is_a_formula_or_a_link(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert "HYPERLINK" in book.read("xl/sharedStrings.xml").decode()
    assert len(sheets) > len(CHARTS)
    assert not any(tag in sheet for sheet in sheets for tag in ("<f>", "<f ", "<hyperlink"))


def test_the_same_paper_is_the_same_file(paper: Paper, content: bytes, tmp_path: Path) -> None:
    assert paper_xlsx(paper) == content
