"""The cutoff's slider dragged: what the page shows at each position, and on release, against figures from the rows."""

from __future__ import annotations

import re

import polars as pl
from playwright.sync_api import Page, expect

from tests.browser.waiting import until

SLIDER = '.st-key-bar-cutoff [data-testid="stSlider"] input[type="range"]'
# The middle of the thumb, which the range input itself is hidden in.
THUMB = f"""() => {{
    const thumb = document.querySelector('{SLIDER}').closest('[style*="left"]').getBoundingClientRect();
    return [thumb.x + thumb.width / 2, thumb.y + thumb.height / 2];
}}"""
SHOWN = """() => Object.fromEntries([...document.querySelectorAll('[data-testid="stMetric"]')].map((card) => [
    card.querySelector('[data-testid="stMetricLabel"]').innerText.trim(),
    card.querySelector('[data-testid="stMetricValue"]').innerText.trim(),
]))"""
BOLD = ".st-key-figure-confusion .textpoint [style*=bold]"
CELLS = f"() => [...document.querySelectorAll('{BOLD}')].map((each) => each.textContent)"
IS_DRAWN = """() => document.querySelector('.cutoff-table') !== null
    && document.querySelectorAll('[data-drawn]').length === document.querySelectorAll('[data-figure]').length"""
FADED = (
    "() => [...document.querySelectorAll('[aria-busy=true][data-of-before]')].map((each) => each.innerText).join(' ')"
)


def take_hold(page: Page, address: str) -> tuple[float, float]:
    """Open a page, put the mouse on the slider's thumb, wait for the table, and press."""
    page.goto(address)
    until(page, IS_DRAWN)
    x, y = page.evaluate(THUMB)
    with page.expect_response(re.compile(r"/follow/[0-9a-f]{32}$")) as answer:
        page.mouse.move(x, y)
    assert len(answer.value.body()) > 0
    page.mouse.down()
    return x, y


def rates(frame: pl.DataFrame, percent: float) -> dict[str, str]:
    """The cards of decisions at a cutoff, from the rows."""
    declined, bad = frame["default_probability"] >= percent / 100, frame["is_default"]
    approved, everybody = ~declined, declined | ~declined

    def share(part: pl.Series, whole: pl.Series) -> str:
        return f"{100 * int((part & whole).sum()) / int(whole.sum()):.2f} %"

    return {
        "Recall": share(declined, bad),
        "Precision": share(bad, declined),
        "Specificity": share(approved, ~bad),
        "Approval rate": share(approved, everybody),
        "Bad rate": share(bad, approved),
    }


def counts(frame: pl.DataFrame, percent: float) -> list[str]:
    """The four numbers of the confusion matrix, as they stand in it."""
    declined, bad = frame["default_probability"] >= percent / 100, frame["is_default"]
    kinds = (declined & bad, ~declined & bad, declined & ~bad, ~declined & ~bad)
    return [f"{kind.sum():,}" for kind in kinds]


def test_cards_and_matrix_follow_the_hand_and_the_server_agrees_on_release(
    page: Page, dashboard: str, frame: pl.DataFrame
) -> None:
    x, y = take_hold(page, f"{dashboard}/cutoff")
    address, box = page.url, page.locator('.st-key-bar-cutoff input[type="number"]')
    passed: list[str] = []
    for step in (3, 8, 14, 11, 6):
        page.mouse.move(x + step, y)
        until(page, f"() => document.querySelector('{SLIDER}').value !== '{passed[-1] if passed else ''}'")
        passed.append(page.locator(SLIDER).input_value())
        percent = float(passed[-1])
        assert {name: page.evaluate(SHOWN)[name] for name in rates(frame, percent)} == rates(frame, percent)
        assert page.evaluate(CELLS) == counts(frame, percent)
        assert box.input_value() == f"{percent:.2f}"
        # Nobody was asked.
        assert page.url == address
    assert len(set(passed)) == 5
    before = page.evaluate(SHOWN)
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"[?&]cutoff={float(passed[-1]):g}(&|$)"))
    until(page, "() => !document.documentElement.hasAttribute('data-cutoff-moves')")
    assert page.evaluate(SHOWN) == before
    assert page.locator("[aria-busy], [data-of-before]").count() == 0
    page.reload()
    expect(page.get_by_test_id("stMetric")).to_have_count(9)
    until(page, "() => document.querySelectorAll('[data-drawn]').length === 1")
    assert page.evaluate(SHOWN) == before
    assert page.evaluate(CELLS) == counts(frame, float(passed[-1]))


def test_what_cannot_follow_is_faded_until_the_server_has_answered(page: Page, dashboard: str) -> None:
    x, y = take_hold(page, f"{dashboard}/cutoff?cutoff.tab=Costs")
    text = page.locator(".st-key-change").inner_text()
    page.mouse.move(x + 9, y)
    until(
        page, "() => document.querySelector('.st-key-change [data-of-before], .st-key-change[data-of-before]') !== null"
    )
    assert page.evaluate(FADED) == text
    # Back where it began, there is nothing to ask for, and all is as it was.
    legend = page.locator(".legendtext").last
    assert legend.text_content() != "Cutoff: 9.09 %"
    page.mouse.move(x, y)
    page.mouse.up()
    until(page, "() => !document.documentElement.hasAttribute('data-cutoff-moves')")
    expect(page.locator(".st-key-change")).to_have_text(re.compile(".+"))
    assert page.locator("[aria-busy], [data-of-before]").count() == 0


def test_a_line_that_moved_alone_is_drawn_as_a_whole_drawing_would_have_it(page: Page, dashboard: str) -> None:
    x, y = take_hold(page, dashboard)
    name = ".st-key-figure-pd-distribution [data-drawn]"
    before = page.locator(name).get_attribute("data-drawn")
    page.evaluate(
        "() => { const { react } = Plotly; Plotly.react = (...all) => { window.reacted = 1; react(...all); }; }"
    )
    page.mouse.move(x + 9, y)
    page.mouse.up()
    until(page, f"() => document.querySelector('{name}').dataset.drawn !== '{before}'")
    until(page, "() => !document.documentElement.hasAttribute('data-cutoff-moves')")
    assert page.evaluate("() => window.reacted") is None
    place, drawing = page.locator(name), "(place) => [...place.querySelectorAll('svg')].map((each) => each.outerHTML)"
    assert "cutoff" in " ".join(place.locator(".annotation-text").all_text_contents())
    assert place.evaluate(drawing) == place.evaluate(f"async (place) => ({drawing})(await Plotly.redraw(place))")
