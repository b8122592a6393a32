"""Sections of the pages in docs/, by heading."""

from __future__ import annotations

import re

import pytest

from dashboard.words.sections import METRICS, MODEL_CARD, sections_of, split_sections
from data.settings import ROOT


def test_a_text_is_split_at_its_headings_without_what_names_a_function() -> None:
    text = (
        "# Title\n\nBefore.\n\n## One \n\nComputed by `x.y`.\n\nFirst.\n\n### Part\n\nStill first.\n## Two\nSecond.\n"
    )
    assert split_sections(text) == {"One": "First.\n\n### Part\n\nStill first.", "Two": "Second."}
    assert split_sections("# Nothing but a title\n") == {}


@pytest.mark.parametrize("name", [METRICS, MODEL_CARD])
def test_every_section_of_a_file_is_there(name: str) -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = sections_of(name)
    assert list(sections) == headings
    assert all(sections.values())
    assert "Computed by" not in "".join(sections.values())
