"""The sections of docs/ on the screen."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from dashboard.words.score_words import IN_PLACES
from dashboard.words.sections import METRICS, sections_of
from data.settings import ROOT


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


def test_a_section_says_first_that_scores_are_no_pds_where_they_are_none() -> None:
    def section() -> None:
        from dashboard.components.method import render_section

        render_section("Segments")

    app = AppTest.from_function(section).run()
    assert not app.caption
    app.session_state["visit.places"] = True
    app.run()
    assert [each.value for each in app.caption] == [IN_PLACES]
