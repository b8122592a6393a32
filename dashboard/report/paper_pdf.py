"""A report as a tagged PDF on A4, made without a browser: Matplotlib draws the figures, Typst sets the pages."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import orjson
import typst

from dashboard.charts.vector import FONTS, draw
from dashboard.report.paper import Block, Figure, Paper, Sheet, Step, Text
from dashboard.words import labels

_TEMPLATE = Path(__file__).with_name("paper.typ")
# Pixels across the page: a figure's letters become 7.6 points high, and three figures fit on a page.
_WIDTH = 810
# Rows of a table that is kept on one page.
_SHORT = 16
# A word that is longer may be broken anywhere.
_LONGEST_WORD = re.compile(r"\S{40}(?=\S)")


def paper_pdf(paper: Paper, step: Step = lambda _done, _total: None) -> bytes:
    """The report as a PDF with bookmarks and alternative texts; `step` is told how many of how many parts are done."""
    with tempfile.TemporaryDirectory(prefix="scoreroom-report-") as name:
        folder = Path(name)
        parts = []
        for place, block in enumerate(paper.blocks):
            step(place, len(paper.blocks))
            parts.append(_part(block, folder))
        step(len(paper.blocks), len(paper.blocks))
        (folder / "paper.json").write_bytes(orjson.dumps(_described(paper, parts)))
        (folder / _TEMPLATE.name).write_bytes(_TEMPLATE.read_bytes())
        return typst.compile(
            folder / _TEMPLATE.name,
            root=folder,
            font_paths=[FONTS, Path(mpl.get_data_path()) / "fonts" / "ttf"],
            timestamp=paper.origin.made_at.replace(microsecond=0),
        )


def _described(paper: Paper, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": _shown(paper.title),
        "head": _shown(f"{paper.title} · {paper.running_head}"),
        "facts": [[_shown(cell) for cell in each] for each in paper.facts],
        "notices": [_shown(notice) for notice in paper.notices],
        "parts": parts,
        "definitions": [[_shown(cell) for cell in each] for each in paper.definitions],
        "origin": [[_shown(cell) for cell in each] for each in paper.provenance],
    }


def _part(block: Block, folder: Path) -> dict[str, Any]:
    match block:
        case Text(text, is_heading):
            return {"kind": "heading" if is_heading else "text", "text": _shown(text)}
        case Figure(number, chart):
            file = f"figure-{number}.svg"
            (folder / file).write_bytes(draw(chart.figure, _WIDTH))
            return {
                "kind": "chart",
                "file": file,
                "title": _shown(f"Figure {number}. {chart.title}"),
                "subtitle": _shown(chart.subtitle),
                "alt": _shown(chart.alt),
            }
        case Sheet():
            return {
                "kind": "table",
                "title": _shown(f"Table {block.number}. {block.title}"),
                "note": _shown(block.note),
                "header": [_shown(cell) for cell in block.header],
                "rows": [[_shown(cell) for cell in cells] for cells in block.rows],
                "widths": list(_widths(block)),
                "is_short": len(block.rows) <= _SHORT,
            }


def _widths(sheet: Sheet) -> Iterator[float]:
    """Shares of the width, by the longest cell of each column and within bounds."""
    for column in zip(sheet.header, *sheet.rows, strict=True):
        yield min(max(max(map(len, column[1:]), default=0), len(column[0]) / 2, 7), 40)


def _shown(text: str) -> str:
    # A zero-width space is where Typst may break a word that has no end.
    return _LONGEST_WORD.sub("\\g<0>\u200b", labels.literal(text))
