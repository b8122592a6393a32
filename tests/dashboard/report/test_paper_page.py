"""The report as an HTML file: its policy, its texts, and that nothing from outside becomes markup or is asked for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dashboard.report.paper import Figure, Paper, Sheet
from dashboard.report.paper_page import paper_html
from dashboard.report.recipe import Kind, Part, Recipe
from tests.dashboard.report.papers import HOSTILE, draw_rows, load_rows, write_paper

RECIPE = Recipe(
    HOSTILE,
    (
        Part(Kind.HEADING, HOSTILE),
        Part(Kind.TEXT, f"{HOSTILE}\n& more"),
        Part(Kind.CARDS, "overview"),
        Part(Kind.CHART, "roc"),
        Part(Kind.SEGMENTS, "<b>branch</b>"),
    ),
    (f"<b>branch</b>={HOSTILE}", "<b>branch</b>=a&b"),
    ("rest",),
)


class Parsed(HTMLParser):
    """A document as its elements with their attributes, its scripts, and its texts."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._open = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        self.scripts += [""] * (tag == "script")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts[-1] += data
        elif self._open != "style":
            self.texts.append(data)


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return write_paper(RECIPE, load_rows(draw_rows(), tmp_path_factory.mktemp("theirs")))


@pytest.fixture(scope="module")
def document(paper: Paper) -> str:
    return paper_html(paper)


@pytest.fixture(scope="module")
def parsed(document: str) -> Parsed:
    return Parsed(document)


def test_names_stay_text(parsed: Parsed) -> None:
    assert [tag for tag, _ in parsed.elements if tag in ("img", "b", "i", "link", "iframe", "a")] == []
    assert parsed.texts.count(HOSTILE) >= 3  # title, h1 and h2
    assert any(f"{HOSTILE}\n& more" in text for text in parsed.texts)
    assert any("<i>&scored.parquet" in text for text in parsed.texts)


def test_nothing_is_asked_for_and_nothing_else_runs(parsed: Parsed) -> None:
    assert {name for _, attributes in parsed.elements for name in attributes} & {
        "src",
        "href",
        "style",
        "onload",
    } == set()
    (policy,) = (a["content"] for tag, a in parsed.elements if tag == "meta" and "http-equiv" in a)
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    data, *scripts = parsed.scripts
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(digests) == 2
    assert not re.search(r"https?:", json.dumps([f["data"] for f in json.loads(data)]))


def test_each_figure_has_its_place_and_its_words(paper: Paper, parsed: Parsed) -> None:
    charts = [block.chart for block in paper.blocks if isinstance(block, Figure)]
    places = {a["id"]: a for _, a in parsed.elements if (a.get("id") or "").startswith("plot-")}
    assert [place["aria-label"] for place in places.values()] == [chart.alt for chart in charts]
    drawn = json.loads(parsed.scripts[0])
    assert [each["data"] for each in drawn] == [json.loads(chart.figure.to_json())["data"] for chart in charts]
    assert all("title" not in each["layout"] for each in drawn)


def test_tables_hold_what_the_paper_does(paper: Paper, parsed: Parsed) -> None:
    for sheet in (block for block in paper.blocks if isinstance(block, Sheet)):
        for row in sheet.rows:
            assert {cell for cell in row if cell} <= set(parsed.texts)


def test_a_paper_without_figures_carries_no_script(paper: Paper, tmp_path: Path) -> None:
    recipe = Recipe("T", (Part(Kind.CARDS, "overview"),))
    document = paper_html(write_paper(recipe, load_rows(draw_rows(), tmp_path)))
    assert len(document) < 120_000
    assert "script-src &#x27;none&#x27;" in document
