"""The benchmark's figures as tables in Markdown, and the page's places for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from data.errors import ScoreroomError
from scripts.benchmarks.report_claims import render_claims
from scripts.benchmarks.report_dashboard import render_applicant, render_dashboard
from scripts.benchmarks.report_loading import render_data, render_start
from scripts.benchmarks.report_missed import render_missed
from scripts.benchmarks.report_scoring import render_api, render_inference
from scripts.benchmarks.report_tables import Figures

BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


class ReportError(ScoreroomError):
    """A page lacks the two marks between which the tables go."""


# What each of the page's places holds, and the figures without which it stays as it is.
SECTIONS: Mapping[str, tuple[str, Callable[[Figures], str]]] = {
    "claims": ("machine", render_claims),
    "inference": ("inference", render_inference),
    "api": ("api", render_api),
    "data": ("data", render_data),
    "start": ("start", render_start),
    "dashboard": ("interactions", render_dashboard),
    "applicant": ("applicant", render_applicant),
}


# The place of what was not reached in any of them.
MISSED = "missed"


def render(figures: Figures) -> dict[str, str]:
    """The tables of every section that was measured, and what was not reached."""
    tables = {section: make(figures) for section, (needed, make) in SECTIONS.items() if needed in figures}
    return tables | {MISSED: render_missed(tables)}


def fill(page: str, figures: Figures) -> str:
    """`page` with the tables of every section that was measured; what it holds of the others stands.

    Raises:
        ReportError: the marks of a section are not there, once each and in order.
    """
    for section, tables in render(figures).items():
        page = insert(page, tables, section)
    return page


def insert(page: str, tables: str, section: str) -> str:
    """`page` with what stands between the marks of `section` replaced by `tables`.

    Raises:
        ReportError: the marks are not there, once each and in order.
    """
    first, last = BEGIN.format(section), END.format(section)
    before, begin, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end or first in rest or last in after:
        raise ReportError(f"The page needs {first} and then {last}, once each.")
    return f"{before}{first}\n\n{tables}\n\n{last}{after}"
