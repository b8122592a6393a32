"""Getting about in the frame that every page stands in."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.hand import Hand


def go_to(page: Page, title: str) -> None:
    """Go to the page called `title` by the navigation."""
    Hand(page).go_to(title)


def filter_by(page: Page, column: str) -> None:
    """Open the filters and look `column` up, whose control then stands below."""
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("combobox", name="Column", exact=True).fill(column)
    page.get_by_role("option", name=column).first.click()


def panel(page: Page) -> Locator:
    """The applicant panel, opened if it is closed."""
    side = page.get_by_test_id("stSidebar")
    expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
    # A button that is pressed while the page is first written may be one that is replaced at once.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    # What is folded away beside the screen would count as visible.
    if side.get_attribute("data-collapsed") != "false":
        page.get_by_role("button", name="Find an applicant").click()
    expect(side).to_have_attribute("data-collapsed", "false")
    return side
