"""What a page shows of the cutoff either follows its slider or says that it does not."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.follow import WHOLE_PAGE
from dashboard.follow.tables import TABLES

OpenPage = Callable[..., AppTest]
ANNOUNCED = re.compile(r'class="cutoff-table" data-name="(\w*)" data-busy="([^"]*)"')


def announced(app: AppTest) -> tuple[str, str]:
    """The name of the page's table, and the CSS selectors of what is faded."""
    found = [match for each in app.get("html") if (match := ANNOUNCED.search(each.proto.body))]
    return found[0][1], html.unescape(found[0][2])


def said(app: AppTest) -> dict[str, str]:
    """All that a page writes, by the keys of the containers that it stands in and its number in them."""
    texts: dict[str, str] = {}
    for keys, element in _walk(app.main, ()):
        place = f"{' '.join(keys)} {len(texts)}"
        texts[place] = str(getattr(element, "proto", ""))
    return texts


def _walk(block: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    key = getattr(block, "key", None) or getattr(getattr(block, "proto", None), "id", "")
    inside = (*keys, key) if key else keys
    for child in getattr(block, "children", {}).values():
        if hasattr(child, "children"):
            yield from _walk(child, inside)
        else:
            yield inside, child


@pytest.mark.parametrize("path", ["calibration", "explanation", "stability", "settings"])
def test_pages_that_say_nothing_of_the_cutoff_are_the_same_at_another(open_page: OpenPage, path: str) -> None:
    pages = [open_page(path, query={"cutoff": cutoff}) for cutoff in ("7", "31")]
    texts = [
        [text for place, text in said(page).items() if "bar" not in place and "cutoff" not in text] for page in pages
    ]
    assert len(texts[0]) > 3
    assert texts[0] == texts[1]
    assert [announced(page)[1] for page in pages] == ["", ""]


@pytest.mark.parametrize("path", ["segments", "applications", "report", "applicant", "score-file"])
def test_pages_full_of_decisions_are_faded_as_a_whole(open_page: OpenPage, path: str) -> None:
    assert announced(open_page(path)) == ("", WHOLE_PAGE)


def test_what_does_not_follow_on_today_and_cutoff_is_named(open_page: OpenPage) -> None:
    name, busy = announced(open_page("", query={"applicant": "100001"}))
    assert ".st-key-findings" in busy
    assert ".st-key-today-head h4" in busy
    # The panel shows an applicant's decision.
    assert '[data-testid="stSidebarContent"]' in busy
    assert any("figure-pd-distribution" in slot.where for slot in TABLES._recipes[name].slots)
    name, busy = announced(open_page("cutoff", query={"cutoff.tab": "Sensitivity"}))
    assert (name, busy.count("figure-")) == ("", 2)


def test_rows_chosen_by_the_decision_are_others_at_another_cutoff(open_page: OpenPage) -> None:
    name, busy = announced(open_page("cutoff", query={"f.~decision": "true decline"}))
    assert name == ""
    assert busy == f"{WHOLE_PAGE}, .st-key-bar-cohort"
