"""Interactions with a second model, where the portfolio has one: the page Compare opened, and the model switched."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from data.predictions.scores import exact_scores
from data.predictions.table import PROBABILITY
from data.settings import Settings
from inference.inventory.store import list_models, read_scores
from scripts.benchmarks.browser import Shown, Visit
from scripts.benchmarks.expected import GRID, Portfolio
from scripts.benchmarks.interactions import MOUSE, USUAL, Interaction, Steps, first_screen

NO_SECOND_MODEL = "the portfolio has one model: Compare and switching are left out (add one with scripts.train)"


@dataclass(frozen=True)
class Challenger:
    """A model beside the champion, and the portfolio under its PDs."""

    name: str
    portfolio: Portfolio

    def swapped(self, champion: Portfolio) -> str:
        """How many it approves at the usual cutoff that the champion declines, as the page Compare says it."""
        cutoff = USUAL / GRID
        mine, other = (exact_scores(each.frame[PROBABILITY]) for each in (self.portfolio, champion))
        return f"{int(((mine < cutoff) & (other >= cutoff)).sum()):,} applicants would be swapped in"

    async def compare(self, visit: Visit, address: str, portfolio: Portfolio) -> Steps:
        """The page Compare opened from the navigation, seen in its title and the number of those swapped in."""
        await visit.open(address, *first_screen(portfolio))
        menu = visit.page.get_by_test_id("stTopNavSection").filter(has_text="Model")
        link = visit.page.get_by_test_id("stTopNavLink").filter(has_text="Today")
        items = visit.page.get_by_role("menuitem")
        seen = Shown("body", (("h1", "Compare"),)), Shown("body", (("p", self.swapped(portfolio)),), within=True)
        while True:
            await menu.click()
            yield await visit.time(MOUSE, items.filter(has_text="Compare").click, *seen)
            await visit.time(MOUSE, link.click, *first_screen(portfolio))

    async def switch(self, visit: Visit, address: str, portfolio: Portfolio) -> Steps:
        """The other model chosen in the frame, seen in its approval rate."""
        await visit.open(address, *first_screen(portfolio))
        menu = visit.page.get_by_role("button", name="Models", exact=True)
        for name, shown in itertools.cycle([(self.name, self.portfolio), ("champion", portfolio)]):
            button = visit.page.locator(f".st-key-bar-model-{name} button")
            if not await button.is_visible():
                await menu.click()
                await button.wait_for()
            yield await visit.time(MOUSE, button.click, shown.approval(USUAL))


def of_two_models(settings: Settings, portfolio: Portfolio) -> Mapping[str, Interaction]:
    """The interactions with the first model beside the champion; none where the portfolio has no other.

    Raises:
        InventoryError: the model's PDs cannot be used.
    """
    others = [entry.name for entry in list_models(settings) if not entry.is_champion]
    if not others:
        return {}
    pds: pl.Series = read_scores(settings, others[0])
    judged = replace(portfolio, frame=portfolio.frame.with_columns(pds.alias(PROBABILITY)))
    challenger = Challenger(others[0], judged)
    return {"compare": challenger.compare, "model": challenger.switch}
