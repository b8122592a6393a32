"""The style sheet: one element that holds the sheet's file and the grids of cards."""

from __future__ import annotations

import re

from dashboard.components.page_style import style_element
from data.settings import ROOT


def test_the_sheet_and_the_grids_are_one_element() -> None:
    element = style_element()
    assert (ROOT / "dashboard" / "static" / "page.css").read_text(encoding="utf-8") in element
    assert "@container (min-width: 1180px)" in element
    assert element.count("<style>") == element.count("</style>") == 1
    assert element.startswith("<style>")
    assert element.endswith("</style>")


def test_no_rule_reaches_into_a_place_that_is_found_by_a_part_of_its_class() -> None:
    # Streamlit changes classes in every run, and each change would style all that is inside anew.
    sheet = re.sub(r"/\*.*?\*/", "", style_element(), flags=re.DOTALL)
    # Without what stands in brackets, such as the conditions of `:has`.
    flat = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", sheet))
    selectors = [each.strip() for heads in re.findall(r"([^{};]+){", flat) for each in heads.split(",")]
    assert len(selectors) > 200
    assert [each for each in selectors if re.search(r"\[class\*=[^\s>+~]*[\s>+~]+\S", each)] == []
