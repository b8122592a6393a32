"""A switch of the theme in a real browser: every chart takes the other palette at once, without a reload."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.charts.template import DARK, LIGHT

HEAT_MAP = "/segments?seg.tab=Heat+map+of+two+columns"
# What a figure holds of the palettes where they differ: surfaces of heat maps, and small text.
SCALES = "graphs => graphs.map(g => JSON.stringify((g.data || []).map(d => d.colorscale || null)))"
TICKS = "graphs => graphs.map(g => JSON.stringify([g.layout?.xaxis?.tickfont, g.layout?.yaxis?.tickfont]))"


def colours(page: Page, script: str = SCALES) -> str:
    found: Any = page.locator(".js-plotly-plot").evaluate_all(script)
    return json.dumps(found)


def wait_for_colours(page: Page, wanted: str, other: str, script: str = SCALES) -> None:
    graphs = page.locator(".js-plotly-plot")
    expect(graphs.first).to_be_visible()
    for _ in range(150):
        if wanted in colours(page, script) and other not in colours(page, script):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{wanted} does not take the place of {other}: {colours(page, script)}")


def choose_theme(page: Page, name: str) -> None:
    page.get_by_test_id("stMainMenu").click()
    page.get_by_test_id(f"stMainMenuItem-theme-{name}").click()
    page.keyboard.press("Escape")


def test_a_heat_map_follows_the_theme_of_the_menu(page: Page, dashboard: str) -> None:
    page.goto(dashboard + HEAT_MAP)
    wait_for_colours(page, LIGHT.surface, DARK.surface)
    choose_theme(page, "Dark")
    wait_for_colours(page, DARK.surface, LIGHT.surface)
    choose_theme(page, "Light")
    wait_for_colours(page, LIGHT.surface, DARK.surface)


def test_a_heat_map_follows_the_theme_of_the_system(page: Page, dashboard: str) -> None:
    page.goto(dashboard + HEAT_MAP)
    wait_for_colours(page, LIGHT.surface, DARK.surface)
    page.emulate_media(color_scheme="dark")
    wait_for_colours(page, DARK.surface, LIGHT.surface)


def test_a_switch_of_the_theme_keeps_what_was_chosen(page: Page, dashboard: str) -> None:
    page.goto(f"{dashboard}{HEAT_MAP}&f.NAME_INCOME_TYPE=Pensioner&cutoff=12")
    wait_for_colours(page, LIGHT.surface, DARK.surface)
    before = page.url
    choose_theme(page, "Dark")
    wait_for_colours(page, DARK.surface, LIGHT.surface)
    assert page.url == before
    expect(page.get_by_role("slider", name="Cutoff (PD)")).to_have_value("12")


@pytest.mark.parametrize("path", ["/", "/discrimination", "/calibration", "/cutoff", "/segments", "/stability"])
def test_small_text_in_every_figure_follows(path: str, page: Page, dashboard: str) -> None:
    page.goto(dashboard + path)
    wait_for_colours(page, LIGHT.muted, DARK.muted, TICKS)
    page.emulate_media(color_scheme="dark")
    wait_for_colours(page, DARK.muted, LIGHT.muted, TICKS)
