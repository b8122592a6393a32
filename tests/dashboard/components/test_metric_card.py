"""Cards: how many of them stand in a row, and what each says."""

from __future__ import annotations

import re

import pytest

from dashboard.components.metric_card import card_css


def per_row(n_cards: int) -> dict[int, int]:
    """Cards in a row by the width from which on there are so many."""
    rule = rf'min-width: (\d+)px\) {{ \[class\*="st-key-cards-{n_cards}-"\] {{ grid-template-columns: repeat\((\d+),'
    return {int(width): int(count) for width, count in re.findall(rule, card_css())}


@pytest.mark.parametrize("n_cards", range(2, 13))
def test_no_card_stands_alone_where_there_is_room_for_four(n_cards: int) -> None:
    rows = per_row(n_cards)
    assert len(rows) == 6
    assert [count for width, count in rows.items() if width >= 640 and n_cards % count == 1] == []


def test_rows_are_as_equal_as_can_be() -> None:
    # Nine cards: five and four, three rows of three, and in pairs, of which the last takes its row alone.
    assert per_row(9) == {0: 2, 480: 3, 640: 3, 800: 5, 960: 5, 1180: 5}
    assert '@container (min-width: 0px) { [class*="st-key-cards-9-"]' in card_css()
    assert re.search(r'min-width: 0px\).*"st-key-cards-9-"\] > :last-child { grid-column: 1 / -1; }', card_css())
