"""A switch of the theme in a real browser: every chart takes the other palette at once, without a reload."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from dashboard.charts.template import DARK, LIGHT
from tests.browser.waiting import wait_for_colours

HEAT_MAP = "/segments?seg.tab=Heat+map+of+two+columns"


def choose_theme(page: Page, name: str) -> None:
    page.get_by_test_id("stMainMenu").click()
    page.get_by_test_id(f"stMainMenuItem-theme-{name}").click()
    page.keyboard.press("Escape")


def test_a_heat_map_follows_the_theme_of_the_system_and_of_the_menu(page: Page, dashboard: str) -> None:
    page.goto(f"{dashboard}{HEAT_MAP}&f.NAME_INCOME_TYPE=Pensioner&cutoff=12")
    wait_for_colours(page, LIGHT.surface, DARK.surface)
    before = page.url
    page.emulate_media(color_scheme="dark")
    wait_for_colours(page, DARK.surface, LIGHT.surface)
    page.emulate_media(color_scheme="light")
    wait_for_colours(page, LIGHT.surface, DARK.surface)
    choose_theme(page, "Dark")
    wait_for_colours(page, DARK.surface, LIGHT.surface)
    choose_theme(page, "Light")
    wait_for_colours(page, LIGHT.surface, DARK.surface)
    # What was chosen before outlasts it all.
    assert page.url == before
    expect(page.get_by_role("slider", name="Cutoff (PD)")).to_have_value("12")
