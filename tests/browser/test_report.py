"""A report in a real browser without any connection: every figure is drawn, and hostile names do nothing."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from dashboard.report.paper import Figure
from dashboard.report.paper_page import paper_html
from dashboard.report.parts import CHARTS
from dashboard.report.recipe import Kind, Part, Recipe
from tests.dashboard.report.papers import HOSTILE, draw_rows, load_rows, write_paper


def test_all_figures_are_drawn_offline(browser: Browser, tmp_path: Path) -> None:
    parts = (
        Part(Kind.TEXT, HOSTILE),
        *(Part(Kind.CHART, name) for name in CHARTS),
        Part(Kind.SEGMENTS, "<b>branch</b>"),
    )
    recipe = Recipe(HOSTILE, parts, (f"<b>branch</b>={HOSTILE}",), ("rest",))
    paper = write_paper(recipe, load_rows(draw_rows(), tmp_path))
    n_figures = sum(isinstance(block, Figure) for block in paper.blocks)
    file = tmp_path / "paper.html"
    file.write_text(paper_html(paper), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else problems.append(asked.url))
    page.goto(file.as_uri())
    page.wait_for_selector(f'html[data-drawn="{n_figures}"]')
    assert page.locator("figure .main-svg:first-child").count() == n_figures
    assert page.locator("figure img").count() == 0
    # On a phone nothing is cut off, and on paper no figure stands on two pages.
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.emulate_media(media="print")
    assert set(page.eval_on_selector_all("figure", "all => all.map(e => getComputedStyle(e).breakInside)")) == {"avoid"}
    context.close()
    assert problems == []
