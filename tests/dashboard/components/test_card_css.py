"""Grids of cards: how many stand in a row."""

from __future__ import annotations

import re

import pytest

from dashboard.components.card_css import card_css


def per_row(n_cards: int, *, is_compared: bool = False) -> dict[int, int]:
    """Cards in a row by the width from which on there are so many."""
    compared = r'\[class\*="-compared"\]' if is_compared else ""
    grid = rf'\[class\*="st-key-cards-{n_cards}-"\]{compared}'
    rule = rf"min-width: (\d+)px\) {{ {grid} {{ grid-template-columns: repeat\((\d+),"
    return {int(width): int(count) for width, count in re.findall(rule, card_css())}


@pytest.mark.parametrize("is_compared", [False, True])
@pytest.mark.parametrize("n_cards", range(2, 13))
def test_no_card_stands_alone_where_there_is_room_for_four(n_cards: int, is_compared: bool) -> None:
    rows = per_row(n_cards, is_compared=is_compared)
    assert len(rows) == 6
    assert [count for width, count in rows.items() if width >= 640 and n_cards % count == 1] == []


def test_rows_are_as_equal_as_can_be() -> None:
    # Nine cards: five and four, three rows of three, and in pairs, of which the last takes its row alone.
    assert per_row(9) == {0: 2, 480: 3, 640: 3, 800: 5, 960: 5, 1180: 5}
    assert '@container (min-width: 0px) { [class*="st-key-cards-9-"]' in card_css()
    assert re.search(r'min-width: 0px\) { \[class\*="st-key-cards-9-"\] {.*--last-card: 1 / -1;', card_css())


def test_cards_that_compare_are_wide_enough_for_three_lines_at_1280() -> None:
    # Of a page of 1,232 pixels: eight cards in two rows of four, each of 300 pixels.
    assert per_row(8, is_compared=True)[1080] == 4
    assert per_row(9, is_compared=True) == {0: 2, 540: 3, 880: 3, 1080: 3, 1560: 5, 2080: 5}
    heights = re.findall(
        r'min-width: 1080px\) .*"st-key-cards-8-"\]\[class.*?grid-auto-rows: minmax\(([\d.]+)rem', card_css()
    )
    assert heights == ["5.6"]
    # Narrower, they have a line more.
    heights = re.findall(
        r'min-width: 880px\) .*"st-key-cards-8-"\]\[class.*?grid-auto-rows: minmax\(([\d.]+)rem', card_css()
    )
    assert heights == ["6.9"]
