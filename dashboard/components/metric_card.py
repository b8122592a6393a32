"""One figure with its 95 % interval, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import streamlit as st

from dashboard.charts.template import Named
from dashboard.components.downloads import card_group, note_card
from dashboard.metrics.comparison import Comparison
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.report.catalogue import Metric
from dashboard.words import labels

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
_GRID, _COMPARED, _MANY = "cards-{}-{}", "-compared", 8


@contextmanager
def card_grid(name: str, n_cards: int, *, is_compared: bool = False) -> Iterator[None]:
    """Lay the `n_cards` cards that are written inside out in a grid, whose rows are as equal as its width allows.

    Cards that are to say what they are compared with keep a line free for it while they load.
    """
    title = f"{name[:1].upper()}{name[1:]}".replace("-", " ")
    with st.container(key=_GRID.format(n_cards, name) + (_COMPARED if is_compared else "")), card_group(title):
        yield


@cache
def card_css() -> str:
    """The style sheet of all grids of cards: a row never holds one card alone beside empty places."""
    return "\n".join(
        _grid_rule(f'[class*="st-key-{_GRID.format(n, "")}"]{kind}', n, most, width, is_compared=bool(kind))
        for n in range(1, _MOST_CARDS + 1)
        for kind, widths in (("", _CARD_WIDTHS), (f'[class*="{_COMPARED}"]', _COMPARED_WIDTHS))
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


def render_metric(
    label: str, value: str, note: str = "", *, more: str = "", help_text: str | None = None, is_doubtful: bool = False
) -> None:
    """Write a figure, already worded, with a short note under it, a warning where it `is_doubtful`, and `more`."""
    note_card(label, value, note=note, more=more)
    _write(label, value, note, more=more, help_text=help_text, is_doubtful=is_doubtful)


def _write(label: str, value: str, note: str, *, more: str, help_text: str | None, is_doubtful: bool) -> None:
    # Cards in a row are as high as the highest, also where one has no note.
    st.metric(
        label,
        value,
        delta=note or None,
        delta_color="orange" if is_doubtful else "off",
        delta_arrow="off",
        help=help_text,
        border=True,
        height="stretch",
        delta_description=more or None,
    )


def render_estimate(
    label: str,
    estimate: Estimate,
    word: Callable[[float], str],
    *,
    help_text: str,
    note: str = "",
    is_doubtful: bool = False,
) -> None:
    """Write `estimate` in the words of `word`, and beside it its interval or `note`.

    The note of a figure that `is_doubtful` stands out as a warning.
    """
    note_card(label, _worded(estimate, word), estimate=estimate)
    _write_estimate(label, estimate, word, note, more="", help_text=help_text, is_doubtful=is_doubtful)


def _worded(estimate: Estimate, word: Callable[[float], str]) -> str:
    return labels.NOT_DEFINED if estimate.value is None else word(estimate.value)


def _write_estimate(
    label: str,
    estimate: Estimate,
    word: Callable[[float], str],
    note: str,
    *,
    more: str,
    help_text: str,
    is_doubtful: bool,
) -> None:
    if estimate.value is None:
        # The note has room for a word or two; the reason is read in the help, and in full by who asks.
        reason = labels.plain(estimate.explanation)
        help_text, note, more = (
            f"{reason[:1].upper()}{reason[1:]}. {help_text}",
            "not defined",
            more or labels.plain(estimate.reason),
        )
    elif estimate.low is not None and estimate.high is not None:
        note = f"95 %: {labels.interval(word(estimate.low), word(estimate.high))}"
    is_doubtful = is_doubtful and estimate.value is not None
    _write(label, _worded(estimate, word), note, more=more, help_text=help_text, is_doubtful=is_doubtful)


def render_card(
    metric: Metric,
    shown: Evaluation,
    comparison: Comparison | None,
    *,
    note: str = "",
    more_help: str = "",
    is_doubtful: bool = False,
) -> None:
    """Write `metric` of `shown`, and with a `comparison` the other cohort's and by how much the two differ.

    `note` stands where there is no interval.
    """
    given = shown.assumptions
    told = metric.help_under(given) + more_help
    if comparison is not None and metric.difference is not None:
        told += f" {_DIFFERENCE_HELP}"
    label, estimate = metric.label_under(given), metric.of(shown)
    other = None if comparison is None else Named(comparison.name, metric.of(comparison.other))
    apart = None if comparison is None or metric.difference is None else metric.between(comparison)
    note_card(label, _worded(estimate, metric.word), estimate=estimate, other=other, difference=apart)
    _write_estimate(
        label,
        estimate,
        metric.word,
        note,
        more="" if comparison is None else _compared(metric, comparison),
        help_text=told,
        is_doubtful=is_doubtful,
    )


def _compared(metric: Metric, comparison: Comparison) -> str:
    other = metric.of(comparison.other).value
    worded = labels.NOT_DEFINED if other is None else metric.word(other)
    apart = metric.between(comparison)
    first = f"{labels.plain(comparison.name)}: {worded.replace(' ', _TOGETHER)}"
    return first if apart.value is None else f"{first}; {word_difference(metric, apart)}"


def word_difference(metric: Metric, apart: Estimate) -> str:
    """A difference of `metric` and its interval as Markdown, in bold where the interval leaves out 0."""
    if apart.value is None:
        return labels.NOT_DEFINED
    value, unit = metric.word_difference(apart.value).replace(" ", _TOGETHER), f"{_TOGETHER}points"
    if apart.low is None or apart.high is None:
        return value
    ends = (metric.word_difference(end).replace(" ", _TOGETHER).removesuffix(unit) for end in (apart.low, apart.high))
    value = value if apart.low <= 0 <= apart.high else f"**{value}**"
    return f"{value} ({f'{_TOGETHER}to{_TOGETHER}'.join(ends)})"


_TOGETHER = "\u00a0"
_DIFFERENCE_HELP = (
    "Beside what it is compared with: the difference and its 95 % interval, bold where that leaves out 0."
)
