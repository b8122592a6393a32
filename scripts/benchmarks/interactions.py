"""Interactions that readers repeat: each an endless series of timed steps to screens not shown before.

A step's value is worked out before it is waited for, so a screen that shows another number fails the benchmark.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import replace

import polars as pl
from playwright.async_api import Locator

from dashboard.words.labels import percent, telling_digits
from data.home_credit import embedded
from data.predictions.table import PROBABILITY
from inference.model.decision import DEFAULT_CUTOFF
from scripts.benchmarks import floor_app
from scripts.benchmarks.browser import Shown, Timing, Visit, metric
from scripts.benchmarks.expected import GRID, Portfolio

Steps = AsyncGenerator[Timing, None]
Interaction = Callable[[Visit, str, Portfolio], Steps]

USUAL = round(DEFAULT_CUTOFF * GRID)
# The cutoff goes to and fro over this many steps, where PDs are dense enough for nearly each to change the rate.
SPAN = 400
FILTERED_BY = embedded.EMPLOYER
LEVELS_AT_ONCE = 4
OF_NO_COHORT = ("Applicant", "Score a file", "Data quality", "Model card", "Models", "Settings", "Open")
# Widgets may act when the button goes down, so that is when a click begins.
MOUSE, KEY = "pointerdown", "keydown"
_SEED = 11


async def floor(visit: Visit, address: str) -> Steps:
    """One step of the floor app's slider."""
    half, factor = floor_app.LARGEST // 2, floor_app.FACTORS[0]
    await visit.open(address, *floor_screen())
    handle = visit.page.get_by_role("slider")
    for number in _to_and_fro(half):
        yield await _press(visit, handle, "ArrowRight" if number > half else "ArrowLeft", _floor_card(factor, number))
        half = number


def floor_screen() -> tuple[Shown, ...]:
    """What the floor app shows when it is opened."""
    return tuple(_floor_card(factor, floor_app.LARGEST // 2) for factor in floor_app.FACTORS)


def _floor_card(factor: int, number: int) -> Shown:
    return metric(f"Times {factor}", f"{factor * number:,}")


def _to_and_fro(start: int) -> Iterator[int]:
    """`start` + 1, + 2 ... + SPAN, and back, for ever."""
    return itertools.cycle([*range(start + 1, start + SPAN + 1), *range(start + SPAN - 1, start - 1, -1)])


async def _press(visit: Visit, handle: Locator, key: str, expected: Shown) -> Timing:
    await handle.focus()
    return await visit.time(KEY, lambda: handle.press(key), expected)


def first_screen(portfolio: Portfolio) -> tuple[Shown, ...]:
    """What the dashboard shows when it is opened."""
    return portfolio.applications(), portfolio.default_rate(), portfolio.approval(USUAL)


async def cutoff(visit: Visit, address: str, portfolio: Portfolio) -> Steps:
    """One step of the cutoff by an arrow key, seen in the approval rate."""
    await visit.open(address, *first_screen(portfolio))
    handle = visit.page.get_by_role("slider", name="Cutoff (PD)")
    before = USUAL
    for position in _to_and_fro(USUAL):
        key = "ArrowRight" if position > before else "ArrowLeft"
        if portfolio.approval(position) == portfolio.approval(before):
            # No PD lies between the two, so that there is nothing to wait for.
            await handle.press(key)
        else:
            yield await _press(visit, handle, key, portfolio.approval(position))
        before = position


async def filter_levels(visit: Visit, address: str, portfolio: Portfolio) -> Steps:
    """A level picked in the open list of a filter, seen in the number of applications and the default rate."""
    await visit.open(address, *first_screen(portfolio))
    box = visit.page.get_by_role("combobox", name=embedded.BY_NAME[FILTERED_BY].label)
    for levels in _growing_sets(portfolio):
        if len(levels) == 1:
            await _reset(visit, portfolio)
        await _open_group(visit, box)
        name = _option(portfolio, levels[-1])
        await box.fill(name)
        option = visit.page.get_by_role("option", name=name, exact=True)
        await option.wait_for()
        yield await visit.time(MOUSE, option.click, *_cohort_cards(portfolio, levels))


async def _open_group(visit: Visit, box: Locator) -> None:
    if not await box.is_visible():
        await visit.page.get_by_role("button", name="Filter", exact=True).click()
        column = embedded.BY_NAME[FILTERED_BY].label
        await visit.page.get_by_role("combobox", name="Column", exact=True).fill(column)
        await visit.page.get_by_role("option", name=column).first.click()
        await box.wait_for()


def _cohort_cards(portfolio: Portfolio, levels: list[str]) -> tuple[Shown, Shown]:
    return portfolio.applications(FILTERED_BY, levels), portfolio.default_rate(FILTERED_BY, levels)


def _growing_sets(portfolio: Portfolio) -> Iterator[list[str]]:
    """Sets of levels that grow by one up to LEVELS_AT_ONCE and begin anew, in an order that does not come again."""
    levels = portfolio.frame[FILTERED_BY].drop_nulls().unique().cast(pl.String).sort().to_list()
    shuffled = random.Random(_SEED)  # noqa: S311 - an order, no secret
    while True:
        shuffled.shuffle(levels)
        for batch in zip(*[iter(levels)] * LEVELS_AT_ONCE, strict=False):
            for size in range(1, LEVELS_AT_ONCE + 1):
                yield list(batch[:size])


def _option(portfolio: Portfolio, level: str) -> str:
    words = dict(embedded.BY_NAME[FILTERED_BY].level_labels).get(level, level)
    return f"{words} ({portfolio.frame.filter(pl.col(FILTERED_BY) == level).height:,})"


async def _reset(visit: Visit, portfolio: Portfolio) -> None:
    whole = portfolio.applications()
    if not await visit.shows(whole):
        # The list and the box that it is in lie over the rest of the page; each takes one Escape.
        for _ in range(2):
            await visit.page.keyboard.press("Escape")
        button = visit.page.get_by_role("button", name="Reset filters")
        await visit.time(MOUSE, button.click, whole)


async def page(visit: Visit, address: str, portfolio: Portfolio) -> Steps:
    """A click on the next page of the navigation, seen in its title and in the number of applications and defaults."""
    await visit.open(address, *first_screen(portfolio))
    links, menus = (visit.page.get_by_test_id(f"stTopNav{kind}") for kind in ("Link", "Section"))
    items = visit.page.get_by_role("menuitem")

    def seen(title: str) -> list[Shown]:
        numbers = [] if title in OF_NO_COHORT else [portfolio.cohort_line()]
        return [Shown("body", (("h1", title),)), *numbers]

    while True:
        for place in range(await menus.count()):
            await menus.nth(place).click()
            for title in [each.strip() for each in await items.all_inner_texts()]:
                if not await items.first.is_visible():
                    await menus.nth(place).click()
                yield await visit.time(MOUSE, items.filter(has_text=title).click, *seen(title))
        for place in range(await links.count()):
            title = (await links.nth(place).inner_text()).strip()
            yield await visit.time(MOUSE, links.nth(place).click, *seen(title))


async def tab(visit: Visit, address: str, portfolio: Portfolio) -> Steps:
    """A click on the next tab of the page on discrimination, seen in a number that stands in it."""
    screens = _tab_screens(portfolio)
    names = list(screens)
    await visit.open(f"{address}/discrimination", _open_tab(names[0]), *screens[names[0]])
    for name in itertools.cycle([*names[1:], names[0]]):
        button = visit.page.get_by_role("tab", name=name, exact=True)
        yield await visit.time(MOUSE, button.click, _open_tab(name), *screens[name])


def _open_tab(name: str) -> Shown:
    return Shown("body", (('[role="tab"][aria-selected="true"]', name),))


def _tab_screens(portfolio: Portfolio) -> dict[str, list[Shown]]:
    """The text in each tab that is in no other."""
    return {
        "ROC and CAP": _declined_cards(lambda outcome: portfolio.declined_share(outcome, USUAL)),
        "Precision-recall": [metric("Defaults among the declined", portfolio.defaults_among_declined(USUAL))],
        "KS": _declined_cards(portfolio.share_beyond_gap),
        "Lift and gain": [_in_tab(portfolio.overall_rate())],
    }


def _declined_cards(share: Callable[[str], str]) -> list[Shown]:
    cards = {"Defaults declined": "bad", "Non-defaults declined": "good"}
    return [metric(label, share(outcome)) for label, outcome in cards.items()]


def _in_tab(text: str) -> Shown:
    return Shown('[role="tabpanel"]', (("p", text),), within=True)


async def applicant(visit: Visit, address: str, portfolio: Portfolio) -> Steps:
    """The number of another application entered in the side panel, seen in its PD."""
    filed = dict(zip(portfolio.ids, portfolio.frame[PROBABILITY], strict=True))
    await visit.open(address, *first_screen(portfolio))
    await visit.page.get_by_role("button", name="Find an applicant").click()
    box = visit.page.get_by_label("Application number (SK_ID_CURR)")
    before = ""
    for identifier in portfolio.ids.sample(portfolio.frame.height, shuffle=True, seed=_SEED):
        score = float(filed[identifier])
        pd = percent(score, telling_digits(score, DEFAULT_CUTOFF))
        if pd != before:
            await box.fill(str(identifier))
            yield await visit.time(KEY, lambda: box.press("Enter"), _panel_card(pd))
        before = pd


def _panel_card(pd: str) -> Shown:
    return replace(metric("PD, out of fold", pd), where='[data-testid="stSidebar"] [data-testid="stMetric"]')


INTERACTIONS: Mapping[str, Interaction] = {
    "cutoff": cutoff,
    "filter": filter_levels,
    "page": page,
    "tab": tab,
    "applicant": applicant,
}
