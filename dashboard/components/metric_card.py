"""One figure with its 95 % interval, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import streamlit as st

from dashboard.charts.template import Named
from dashboard.components.downloads import card_group, note_card
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.report.catalogue import Metric
from dashboard.words import labels

# Cards in a row, and the width of their place in pixels from which there are so many.
_MOST_CARDS = 12
_CARD_WIDTHS = {2: 0, 3: 480, 4: 640, 5: 800, 6: 960, 8: 1180}
_GRID = "cards-{}-{}"


@contextmanager
def card_grid(name: str, n_cards: int, *, is_compared: bool = False) -> Iterator[None]:
    """Lay the `n_cards` cards that are written inside out in a grid, whose rows are as equal as its width allows.

    Cards that are to say what they are compared with keep a line free for it while they load.
    """
    title = f"{name[:1].upper()}{name[1:]}".replace("-", " ")
    with st.container(key=_GRID.format(n_cards, name) + ("-compared" if is_compared else "")), card_group(title):
        yield


@cache
def card_css() -> str:
    """The style sheet of all grids of cards: a row never holds one card alone beside empty places."""
    return "\n".join(
        _grid_rule(f'[class*="st-key-{_GRID.format(n, "")}"]', n, _per_row(n, most), width)
        for n in range(1, _MOST_CARDS + 1)
        for most, width in _CARD_WIDTHS.items()
    )


def _grid_rule(grid: str, n_cards: int, per_row: int, width: int) -> str:
    # A last card that would stand alone takes its whole row.
    last = "1 / -1" if n_cards % per_row == 1 else "auto"
    columns = f"{grid} {{ grid-template-columns: repeat({per_row}, minmax(0, 1fr)); }}"
    return f"@container (min-width: {width}px) {{ {columns} {grid} > :last-child {{ grid-column: {last}; }} }}"


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
    against: Named[Estimate] | None = None,
    is_doubtful: bool = False,
) -> None:
    """Write `estimate` in the words of `word`, under it its interval or `note`, and what `against` has.

    The note of a figure that `is_doubtful` stands out as a warning.
    """
    more = ""
    shown = labels.NOT_DEFINED if estimate.value is None else word(estimate.value)
    note_card(label, shown, estimate=estimate, other=against)
    if against is not None:
        other = against.value.value
        more = f"{labels.plain(against.name)}: {labels.NOT_DEFINED if other is None else word(other)}"
    if estimate.value is None:
        # The note has room for a word or two; the reason is read in the help, and in full by who asks.
        reason = labels.plain(estimate.explanation)
        told = f"{reason[:1].upper()}{reason[1:]}. {help_text}"
        _write(
            label,
            shown,
            "not defined",
            more=more or labels.plain(estimate.reason),
            help_text=told,
            is_doubtful=False,
        )
        return
    if estimate.low is not None and estimate.high is not None:
        note = f"95 %: {labels.interval(word(estimate.low), word(estimate.high))}"
    _write(label, shown, note, more=more, help_text=help_text, is_doubtful=is_doubtful)


def render_card(
    metric: Metric,
    shown: Evaluation,
    against: Named[Evaluation] | None,
    *,
    note: str = "",
    more_help: str = "",
    is_doubtful: bool = False,
) -> None:
    """Write `metric` of `shown` beside that of `against`; `note` stands where there is no interval."""
    given = shown.assumptions
    render_estimate(
        metric.label_under(given),
        metric.of(shown),
        metric.word,
        help_text=metric.help_under(given) + more_help,
        note=note,
        against=Named(against.name, metric.of(against.value)) if against else None,
        is_doubtful=is_doubtful,
    )
