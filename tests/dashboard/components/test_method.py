"""The sections of docs/ on the screen."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

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


def test_every_method_that_is_named_has_its_section() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "dashboard").rglob("*.py")]
    pattern = r'(?:render_method\(|method=|Chart\(\s*[^,]+,\s*)"([A-Z][^"]+)"'
    named = {heading for text in sources for heading in re.findall(pattern, text)}
    assert len(named) > 20
    assert named - set(sections_of(METRICS)) == set()


def page() -> None:
    from dashboard.components.method import render_method

    render_method("Segments", key="here")


def test_a_section_is_written_when_its_button_is_pressed() -> None:
    app = AppTest.from_function(page).run()
    assert not app.markdown
    app.session_state["here.method"] = True
    app.run()
    (shown,) = app.markdown
    assert shown.value == f"**Segments**\n\n{sections_of(METRICS)['Segments']}"
