"""Reports in a real browser: made on the page in a few clicks, drawn without any connection, and made again."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.report.paper import Figure
from dashboard.report.paper_page import paper_html
from dashboard.report.parts import CHARTS
from dashboard.report.recipe import Kind, Part, Recipe
from tests.browser.frame import go_to
from tests.browser.hand import Hand
from tests.dashboard.report.papers import HOSTILE, draw_rows, load_rows, write_paper


def test_all_figures_are_drawn_offline(browser: Browser, tmp_path: Path) -> None:
    parts = (
        Part(Kind.TEXT, HOSTILE),
        *(Part(Kind.CHART, name) for name in CHARTS),
        Part(Kind.SEGMENTS, "<b>branch</b>"),
    )
    recipe = Recipe(HOSTILE, parts, (f"<b>branch</b>={HOSTILE}",), ("rest",))
    paper = write_paper(recipe, load_rows(draw_rows(), tmp_path))
    figures = [block for block in paper.blocks if isinstance(block, Figure)]
    n_figures = len(figures)
    file = tmp_path / "paper.html"
    file.write_text(paper_html(paper), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else problems.append(asked.url),
    )
    page.goto(file.as_uri())
    page.wait_for_selector(f'html[data-drawn="{n_figures}"]')
    assert page.locator("figure .main-svg:first-child").count() == n_figures
    assert page.locator("figure img").count() == 0
    for name, start in (("Save as PNG", b"\x89PNG"), ("Save as SVG", b"<svg")):
        page.locator("#figure-1").hover()
        with page.expect_download() as saved:
            page.locator(f'#figure-1 [data-title="{name}"]').click()
        picture = saved.value.path().read_bytes()
        assert picture.startswith(start)
    # The caption goes along.
    assert figures[0].chart.title in picture.decode()
    # On a phone nothing is cut off, and on paper no figure stands on two pages.
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.emulate_media(media="print")
    assert set(page.eval_on_selector_all("figure", "all => all.map(e => getComputedStyle(e).breakInside)")) == {"avoid"}
    context.close()
    assert problems == []


def test_a_paper_of_six_charts_takes_eight_clicks_and_is_made_again_from_its_recipe(
    page: Page, dashboard: str, tmp_path: Path
) -> None:
    hand = Hand(page)
    page.goto(f"{dashboard}/report?f.NAME_INCOME_TYPE=Working&against=~rest&cutoff=12&lgd=0.6")
    hand.click(page.get_by_role("radio", name="Empty"))
    expect(page.get_by_text("Nothing in it yet")).to_be_visible()
    names = ("Distribution of PD", "ROC curve", "CAP", "Reliability curve", "Cost by cutoff", "Profit by cutoff")
    for place, name in enumerate(names, 1):
        hand.click(page.get_by_role("button", name=name, exact=True))
        expect(page.get_by_text(f"{place}: Chart · {name}")).to_be_visible()
    text = hand.download(page.get_by_role("button", name="Report as HTML")).read_text(encoding="utf-8")
    assert hand.clicks == 8
    assert text.count("<figure ") == 6
    assert "Income type: Working" in text
    # The others are made with it, and stay when the page is left.
    go_to(page, "Discrimination")
    expect(page.get_by_test_id("stMetricValue").first).to_have_text(re.compile(r"^0\.\d{3}$"))
    value = page.get_by_test_id("stMetricValue").first.inner_text()
    # On paper a page has its figures and what it is of, and nothing to press.
    with pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True)) as printed:
        assert printed.get_page_size(0) == pytest.approx((841.9, 595.3), abs=1)
        told = "".join(each.get_textpage().get_text_range() for each in printed)
    assert all(words in told for words in (value, "Income type: Working", "Cutoff (PD)", "ROC and CAP"))
    assert not any(words in told for words in ("Filter", "Data", "Precision-recall", "Tables"))
    go_to(page, "Report")
    expect(page.get_by_text("Report is ready")).to_be_visible()
    with page.expect_download() as pdf:
        page.get_by_role("button", name="PDF", exact=True).click()
    with pypdfium2.PdfDocument(pdf.value.path()) as opened:
        words = opened[0].get_textpage().get_text_range()
    assert "Income type: Working" in words
    page.get_by_role("button", name="Save", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Recipe as JSON").click()
    file = tmp_path / "mine.json"
    saved.value.save_as(file)
    page.get_by_label("Save this report as").fill("Six charts")
    page.get_by_role("button", name="Save", exact=True).last.click()
    # One click next month, whatever is on the screen by then.
    page.goto(f"{dashboard}/report")
    page.get_by_role("button", name="Make again").click()
    with page.expect_download() as again:
        page.get_by_role("button", name="HTML", exact=True).click()
    assert again.value.path().read_text(encoding="utf-8").count("<figure ") == 6
    # Another visit, with nothing but the file.
    page.context.clear_cookies()
    page.goto(f"{dashboard}/report")
    expect(page.get_by_role("button", name="Make again")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text("6: Chart · Profit by cutoff")).to_be_visible()
    # The address is written when the run ends.
    wanted = ("f.NAME_INCOME_TYPE=Working", "against=~rest", "cutoff=12", "lgd=0.6")
    page.wait_for_url(lambda url: all(part in unquote(url) for part in wanted))
