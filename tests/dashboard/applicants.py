"""An applicant's page as a test opens it, and what it says."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from streamlit.testing.v1 import AppTest

from dashboard.app_pages.applicant import TAB
from dashboard.components.applicant.sensitivity import FIELD, SECOND
from dashboard.components.applicant.why import OF
from data.definition.columns import Kind
from data.home_credit import embedded
from tests.dashboard import sent_figures

OpenPage = Callable[..., AppTest]
CUTOFF = 0.0909
INPUTS = [column.name for column in embedded.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]


def values_of(ranked: pl.DataFrame, identifier: int) -> Mapping[str, Any]:
    found = ranked.filter(pl.col("SK_ID_CURR") == identifier)
    return found.drop("SK_ID_CURR", "TARGET", "pd").row(0, named=True)


def number_of(ranked: pl.DataFrame, place: int) -> int:
    return int(ranked["SK_ID_CURR"][place])


def opened(open_page: OpenPage, applicant: object, tab: str = "Why", **query: str) -> AppTest:
    names = {"tab": "appl.tab", "of": OF.name, "field": FIELD.name, "second": SECOND.name}
    asked = {names.get(name, name): text for name, text in query.items()}
    return open_page("applicant", {"applicant": str(applicant), "appl.tab": tab, **asked})


def turned(app: AppTest, tab: str) -> AppTest:
    """The page with another tab open, as a click on it leaves the visit."""
    app.session_state["visit"] = app.session_state["visit"].with_values({TAB: tab})
    app.run()
    assert not app.exception
    return app


def cards(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.main.metric}


def field_shown(app: AppTest) -> str:
    """The label of the field that is moved."""
    box = app.selectbox(key="widget.appl.field")
    assert box.index is not None
    return str(box.options[box.index])


def said(app: AppTest) -> str:
    kinds = ("caption", "markdown", "info", "warning", "subheader")
    texts = [str(text.value) for kind in kinds for text in getattr(app.main, kind)]
    return " ".join([*texts, *map(html.unescape, sent_figures.titles(app))]).replace("\\", "").replace("\u00a0", " ")


def tables(app: AppTest) -> list[list[list[str]]]:
    """The cells of every Markdown table, without emphasis and escapes."""
    found = []
    for text in app.main.markdown:
        lines = str(text.value).splitlines()
        if len(lines) > 2 and set(lines[1]) <= set("|-"):
            cells = [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in lines]
            plain = [
                [re.sub(r"\\(.)", r"\1", cell).replace("\u00a0", " ").strip("* ") for cell in row] for row in cells
            ]
            found.append([plain[0], *plain[2:]])
    return found
