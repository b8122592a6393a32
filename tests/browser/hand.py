"""A reader's hand on a page, which counts what it does."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from dashboard.app import SECTIONS


class Hand:
    """What a reader does on `page`, and `clicks`, how often.

    A click counts one, and so does what is typed into one box with the Enter behind it, a key that is a shortcut, and a
    file that is dropped. To open an address, to scroll and to read count nothing.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self.clicks = 0

    def click(self, place: Locator) -> None:
        place.click()
        self.clicks += 1

    def type(self, place: Locator, text: str) -> None:
        place.fill(text)
        place.press("Enter")
        self.clicks += 1

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)
        self.clicks += 1

    def drop(self, box: Locator, path: Path) -> None:
        # While a run puts another uploader in its place, both stand there.
        expect(box).to_have_count(1)
        box.set_input_files(path)
        self.clicks += 1

    def choose(self, box: str, option: str) -> None:
        """Open the select box called `box` and click on `option`."""
        self.click(self._page.get_by_role("combobox", name=box, exact=True))
        self.click(self._page.get_by_role("option", name=option, exact=True))

    def go_to(self, title: str) -> None:
        """Go to the page called `title` by the navigation, until the address is that page's.

        The browser's history has no entry for it before, and a step back would lead past it.
        """
        section, path = next(
            (name, each.path) for name, pages in SECTIONS.items() for each in pages if each.title == title
        )
        on_top = self._page.get_by_test_id("stTopNavLink")
        expect(on_top.first).to_be_visible()
        # What opens a file stands on top as long as there is nothing else to show.
        if section and not on_top.filter(has_text=title).count():
            self.click(self._page.get_by_test_id("stTopNavSection").filter(has_text=section))
            self.click(self._page.get_by_role("menuitem", name=title, exact=True))
        else:
            self.click(on_top.filter(has_text=title))
        expect(self._page).to_have_url(re.compile(rf"^[^?]*/{path}(\?.*)?$"))

    def download(self, button: Locator) -> Path:
        with self._page.expect_download() as found:
            self.click(button)
        return found.value.path()
