"""The frame of a page: one line of title and source, and what a page without a cohort leaves out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("path", "title", "whose", "has_cohort", "has_cutoff"),
    [
        ("segments", "Segments", "PDs are out of fold", True, True),
        ("explanation", "Explanation", "PDs are the published model's; the portfolio's are out of fold", True, True),
        ("settings", "Settings", "PDs are out of fold", False, True),
        ("model-card", "Model card", "PDs are the published model's; the portfolio's are out of fold", False, False),
    ],
)
def test_a_page_has_the_parts_that_it_declares(
    path: str, title: str, whose: str, has_cohort: bool, has_cutoff: bool, open_page: OpenPage
) -> None:
    app = open_page(path)
    assert [each.value for each in app.title] == [title]
    assert app.main.caption[0].value.replace("\\", "") == whose
    assert ("Compare with" in [box.label for box in app.selectbox]) is has_cohort
    assert ("widget.cutoff.typed" in [box.key for box in app.number_input]) is has_cutoff


def test_an_empty_cohort_keeps_its_bar(open_page: OpenPage) -> None:
    app = open_page("segments", {"f.DAYS_BIRTH": "-1..0"})
    assert [info.value for info in app.info] == ["No applications match these filters. Remove one, or reset them all."]
    assert app.button(key="chips.reset").label == "Reset filters"
