"""The files that a report can be written as."""

from __future__ import annotations

from pathlib import Path

from dashboard.report.formats import FORMATS
from dashboard.report.recipe import Kind, Part, Recipe
from tests.dashboard.report.papers import draw_rows, load_rows, write_paper


def test_each_format_writes_its_kind_of_file(tmp_path: Path) -> None:
    paper = write_paper(Recipe("Small", (Part(Kind.CARDS, "overview"),)), load_rows(draw_rows(), tmp_path))
    begun = {kind: each.write(paper, lambda _done, _total: None)[:4] for kind, each in FORMATS.items()}
    assert begun == {"html": b"<!DO", "pdf": b"%PDF", "xlsx": b"PK\x03\x04"}
