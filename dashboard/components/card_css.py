"""The style sheet of grids of cards, apart from the cards, so that a server has it without loading what they show."""

from __future__ import annotations

from functools import cache

# Cards in a row, and the width of their place in pixels from which there are so many; those that say what they are
# compared with need more room for it.
_MOST_CARDS = 12
_CARD_WIDTHS = ((0, 2), (480, 3), (640, 4), (800, 5), (960, 6), (1180, 8))
_COMPARED_WIDTHS = ((0, 2), (540, 3), (880, 4), (1080, 4), (1560, 6), (2080, 8))
# Room that a row of cards keeps while its figures load: label, value with interval, and comparison with difference,
# which takes a second line in narrow cards, as the interval does where seven or more are in a row, and on a phone.
_PLAIN_HEIGHTS = {7: 5.4, 8: 6.5}
_PLAIN_HEIGHT, _PHONE_HEIGHT, _COMPARED_HEIGHT, _NARROW_HEIGHT = 4.5, 5.4, 5.6, 6.9
_ROOMY = 260
GRID, COMPARED, _MANY = "cards-{}-{}", "-compared", 8


@cache
def card_css() -> str:
    """The style sheet of all grids of cards: a row never holds one card alone beside empty places."""
    return "\n".join(
        _grid_rule(f'[class*="st-key-{GRID.format(n, "")}"]{kind}', n, most, width, is_compared=bool(kind))
        for n in range(1, _MOST_CARDS + 1)
        for kind, widths in (("", _CARD_WIDTHS), (f'[class*="{COMPARED}"]', _COMPARED_WIDTHS))
        for width, most in widths
    )


def _grid_rule(grid: str, n_cards: int, most: int, width: int, *, is_compared: bool) -> str:
    per_row = _per_row(n_cards, most)
    height = _PLAIN_HEIGHTS.get(per_row, _PLAIN_HEIGHT if width else _PHONE_HEIGHT)
    if is_compared:
        height = _COMPARED_HEIGHT if width / per_row >= _ROOMY else _NARROW_HEIGHT
    # A last card that would stand alone takes its whole row.
    last = "1 / -1" if n_cards % per_row == 1 else "auto"
    # Some labels of many in a row take two lines; with room for them everywhere, values stand on one. It is said for
    # others too, because a compared grid of the same cards has fewer in a row.
    label = "2.1rem" if per_row == _MANY else "0"
    rows = f"grid-template-columns: repeat({per_row}, minmax(0, 1fr)); grid-auto-rows: minmax({height}rem, auto)"
    # What belongs to the cards themselves goes to them by name (static/page.css), for a rule on what is inside a place
    # that is found by a part of its class makes the browser style all that is in a place anew whose class changes.
    return f"@container (min-width: {width}px) {{ {grid} {{ {rows}; --last-card: {last}; --card-label: {label}; }} }}"


def _per_row(n_cards: int, most: int) -> int:
    """How many of so many cards stand in a row that has room for `most`."""
    balanced = -(-n_cards // -(-n_cards // most))
    fitting = [count for count in range(balanced, 1, -1) if n_cards % count != 1]
    return fitting[0] if fitting else balanced
