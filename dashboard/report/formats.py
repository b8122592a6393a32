"""The kinds of file that a report can be written as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dashboard.report.paper import Paper, Step
from dashboard.report.paper_book import XLSX_TYPE, paper_xlsx
from dashboard.report.paper_page import paper_html


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its `label` on a button, its MIME type, and how a report is written as one.

    Writing tells the step how many of how many parts are done, where it takes more than a moment.
    """

    label: str
    mime: str
    write: Callable[[Paper, Step], bytes]


def _pdf(paper: Paper, step: Step) -> bytes:
    # Loads Matplotlib and Typst, which nothing else needs.
    from dashboard.report.paper_pdf import paper_pdf

    return paper_pdf(paper, step)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "html": Format("HTML", "text/html", lambda paper, _step: paper_html(paper).encode()),
        "pdf": Format("PDF", "application/pdf", _pdf),
        "xlsx": Format(
            "XLSX",
            XLSX_TYPE,
            lambda paper, _step: paper_xlsx(paper),
        ),
    }
)
