"""Texts out of files and links: a browser shows them letter by letter, and neither runs, links nor loads anything."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Page, expect

from dashboard.app import PAGES
from dashboard.words import labels
from data.settings import Settings
from scripts.benchmarks.server import free_port, serving
from tests.browser.conftest import Serve
from tests.browser.frame import go_to
from tests.hostile.texts import XSS, Marked, marked

# Behind the dashboard's own server, which has what draws a figure.
SERVE = """
import sys
from dashboard.server.serving import serve_script
from data.settings import ROOT
from inference.serving.settings import WebSettings
serve_script(ROOT / "tests" / "hostile" / "literal_app.py", WebSettings(), "127.0.0.1", int(sys.argv[1]))
"""
# Every element that has text of its own, with all the text in it.
TEXTS = """() => [...document.querySelectorAll("body *")]
    .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(each => [each.closest("p, li, td, th, h3, text, button, [data-testid=stMultiSelectTag], label")?.textContent
                  ?? each.textContent])
    .flat()"""
# What a text could have brought along: elements that link, load or run, and styles around a mark; not the page's own.
OWN = "stSkipToContent, stTopNavLink, stPageLink-NavLink, stLogoLink, stLogo, stHeaderLogo, stSidebarLogo"
BROUGHT = f"""() => [...document.querySelectorAll(
    "a, iframe, object, embed, form, video, audio, base, marquee, math, img, svg script, code, del, mark, em")]
    .filter(each => !{OWN.split(", ")!r}.includes(each.dataset.testid))
    .filter(each => !each.matches("code, del, mark, em") || /q[0-9]{{3}}z/.test(each.textContent))
    .map(each => each.outerHTML)"""


def shown(text: str) -> str:
    """`text` as a reader sees it: on one line, what has no shape replaced."""
    return re.sub(r"\s+", " ", labels.literal(text)).strip()


def not_literal(page: Page, texts: list[Marked]) -> list[tuple[str, str]]:
    """The texts whose mark is on the screen behind something else than their letters, with what is there."""
    known = {each.mark: shown(each.text) for each in texts}
    found = []
    for told in page.evaluate(TEXTS):
        flat = re.sub(r"\s+", " ", told)
        found += [
            (known[mark], flat)
            for mark in set(re.findall(r"q\d{3}z", flat)) & known.keys()
            if flat.count(mark) != flat.count(known[mark])
        ]
    return found


@pytest.fixture
def constructs(built: Settings) -> Iterator[str]:
    """The address of an app that shows every hostile text in every construct."""
    port = free_port()
    with serving([sys.executable, "-c", SERVE, str(port)], port) as server:
        yield server.address


def test_every_construct_shows_every_text_letter_by_letter(page: Page, constructs: str) -> None:
    page.goto(constructs)
    expect(page.get_by_text("All is there.")).to_be_visible()
    expect(page.locator(".ytick").last).to_be_attached()
    texts = [each for each in marked() if len(each.text) < 200]
    seen = " ".join(page.evaluate(TEXTS))
    assert [each.text for each in texts if seen.count(each.mark) < 10] == []
    assert not_literal(page, texts) == []
    assert page.evaluate(BROUGHT) == []
    assert page.evaluate("window.hacked") is None


def test_names_and_values_out_of_a_file_and_a_link_stay_text_on_every_page(
    page: Page, serve: Serve, built: Settings, tmp_path: Path
) -> None:
    texts = [each for each in marked() if shown(each.text) == each.text and len(each.text) < 80]
    columns, levels, names = texts[:6], texts[6:54], texts[54:]
    ids = pl.read_parquet(built.applications, columns=["SK_ID_CURR"])["SK_ID_CURR"]
    random = np.random.default_rng(3)
    pd = random.beta(1.2, 12, len(ids))
    rows: dict[str, object] = {"SK_ID_CURR": ids, "target": (random.random(len(ids)) < pd).astype(int), "pd": pd}
    for place, column in enumerate(columns):
        rows[column.text] = random.choice([each.text for each in levels[8 * place : 8 * place + 8]], len(ids))
    path = tmp_path / f"{quote('https://evil.example', safe='')} www.evil.example {XSS[2]}.csv"
    path.write_bytes(pl.DataFrame(rows).write_csv().encode())
    address = serve("--predictions", str(path))

    edits = urlencode({"ORGANIZATION_TYPE": names[0].text, "NAME_TYPE_SUITE": names[1].text})
    query = {f"f.{columns[0].text}": [each.text for each in levels[:7]], "applicant": ["new"], "edits": [edits]}
    query |= {f"c.{each.text}": [urlencode({f"f.{columns[1].text}": levels[8].text})] for each in names[2:8]}
    query |= {f"s.{each.text}": [urlencode({"applicant": "new", "NAME_TYPE_SUITE": each.text})] for each in names[8:12]}
    query |= {"against": [names[2].text], names[12].text: ["x"], f"f.{names[13].text}": [names[14].text]}
    page.goto(f"{address}/?{urlencode(query, doseq=True)}")
    expect(page.get_by_text("Ignored in this link")).to_be_visible()
    for name in [each.title for each in PAGES]:
        go_to(page, name)
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        if name == "Applicant":
            page.get_by_role("tab", name="Scenarios").click()
            expect(page.get_by_text(names[8].text).first).to_be_visible()
        expect(page.locator('[data-testid=stApp][data-test-script-state="notRunning"]')).to_be_attached()
        assert not_literal(page, texts) == [], name
        assert page.evaluate(BROUGHT) == [], name
        assert page.evaluate("window.hacked") is None, name
        expect(page.get_by_test_id("stException")).to_have_count(0)
