"""The report as a PDF: the numbers of the HTML, its head on every page, and nothing read as markup."""

from __future__ import annotations

import re

import pypdfium2
import pytest

from dashboard.report.paper import Figure, Paper, Sheet
from dashboard.report.paper_page import paper_html
from dashboard.report.paper_pdf import paper_pdf
from dashboard.report.parts import CARDS, CHARTS
from dashboard.report.recipe import Kind, Part, Recipe
from tests.dashboard.report.papers import HOSTILE, draw_rows, load_rows, write_paper

TYPST = '#panic("read") $x$ *bold* \\ // @a <b>'
RECIPE = Recipe(
    TYPST,
    (
        Part(Kind.HEADING, f"{HOSTILE} {TYPST}"),
        Part(Kind.TEXT, f"{TYPST}\nsecond line"),
        *(Part(Kind.CARDS, name) for name in CARDS),
        *(Part(Kind.CHART, name) for name in CHARTS),
        Part(Kind.SEGMENTS, "<b>branch</b>"),
    ),
    ("region=north",),
    ("rest",),
)


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return write_paper(RECIPE, load_rows(draw_rows(), tmp_path_factory.mktemp("rows")))


@pytest.fixture(scope="module")
def steps() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module")
def document(paper: Paper, steps: list[tuple[int, int]]) -> bytes:
    return paper_pdf(paper, lambda done, total: steps.append((done, total)))


@pytest.fixture(scope="module")
def pages(document: bytes) -> list[str]:
    """The words of each page, without the spaces that a layout is free to break at."""
    with pypdfium2.PdfDocument(document) as opened:
        return [bare(page.get_textpage().get_text_range()) for page in opened]


def bare(text: str) -> str:
    return re.sub(r"[\s\u200b\ufffe\x02]+", "", text)


def test_every_page_says_what_the_report_is_of(paper: Paper, pages: list[str]) -> None:
    assert len(pages) > 5
    for number, page in enumerate(pages, 1):
        assert bare(f"{TYPST} · {paper.running_head}") in page
        assert f"{number}/{len(pages)}" in page


def test_every_number_of_the_html_stands_in_the_pdf(paper: Paper, pages: list[str]) -> None:
    html, text = paper_html(paper), "".join(pages)
    sheets = [block for block in paper.blocks if isinstance(block, Sheet)]
    assert len(sheets) == len(CARDS) + 1
    for sheet in sheets:
        table = re.search(rf'<table class="data[^>]*id="table-{sheet.number}">.*?</table>', html, re.DOTALL)
        assert table is not None
        for cells in re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", table[0], re.DOTALL):
            values = re.findall(r"<td>([^<&]*)</td>", cells)
            assert bare("".join(values)) in text, (sheet.title, values)


def test_every_figure_is_whole_with_its_title_and_words_in_it(paper: Paper, pages: list[str]) -> None:
    figures = [block for block in paper.blocks if isinstance(block, Figure)]
    assert len(figures) == len(CHARTS) + 1
    for figure in figures:
        title = bare(f"Figure {figure.number}. {figure.chart.title}")
        # The page that has its title has the last word of its drawing, the title of an axis, too.
        axis = bare(figure.chart.figure.layout.xaxis.title.text or "")
        assert any(title in page and axis in page for page in pages), title


def test_nothing_in_a_text_is_read_as_markup(pages: list[str]) -> None:
    text = "".join(pages)
    assert bare(f"{HOSTILE} {TYPST}") in text
    assert bare(f"{TYPST}\nsecond line") in text


def test_it_has_bookmarks_tags_and_the_appendix(document: bytes, paper: Paper, pages: list[str]) -> None:
    with pypdfium2.PdfDocument(document) as opened:
        assert [entry.get_title() for entry in opened.get_toc()][-2:] == [
            "Appendix: definitions",
            "Appendix: where this comes from",
        ]
        assert opened.get_metadata_value("Title") == TYPST
    assert b"/MarkInfo" in document
    text = "".join(pages)
    assert all(bare(words) in text for _, words in paper.definitions[:3])
    assert "ab" * 32 in text


def test_progress_ends_when_all_parts_are_done(document: bytes, steps: list[tuple[int, int]], paper: Paper) -> None:
    assert document.startswith(b"%PDF")
    assert steps == [(done, len(paper.blocks)) for done in range(len(paper.blocks) + 1)]
