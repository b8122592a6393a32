"""The style sheet: one element that holds the sheet's file and the grids of cards."""

from __future__ import annotations

from dashboard.components.page_style import style_element
from data.settings import ROOT


def test_the_sheet_and_the_grids_are_one_element() -> None:
    element = style_element()
    assert (ROOT / "dashboard" / "static" / "page.css").read_text(encoding="utf-8") in element
    assert "@container (min-width: 1180px)" in element
    assert element.count("<style>") == element.count("</style>") == 1
    assert element.startswith("<style>")
    assert element.endswith("</style>")
