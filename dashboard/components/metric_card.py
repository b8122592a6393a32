"""One figure with its 95 % interval, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dashboard import state
from dashboard.charts.template import Named
from dashboard.components.card_css import COMPARED, GRID
from dashboard.components.downloads import card_group, note_card
from dashboard.components.follow import follow, is_followed, keep_busy
from dashboard.follow.slots import Kind, Slot
from dashboard.metrics.comparison import Comparison
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Evaluation
from dashboard.report.catalogue import Metric
from dashboard.words import labels

_PLACE = "cards.place"
# The line of a card that says what it is compared with, or why it is not defined.
_MORE = '[data-testid="stMetricDeltaDescription"]'


@dataclass(slots=True)
class _Place:
    """Where the next card stands: in the grid of that CSS selector, as the one with that index."""

    grid: str
    index: int = 0


@contextmanager
def card_grid(name: str, n_cards: int, *, is_compared: bool = False) -> Iterator[None]:
    """Lay the `n_cards` cards that are written inside out in a grid, whose rows are as equal as its width allows.

    Cards that are to say what they are compared with keep a line free for it while they load.
    """
    title = f"{name[:1].upper()}{name[1:]}".replace("-", " ")
    key = GRID.format(n_cards, name) + (COMPARED if is_compared else "")
    with st.container(key=key), card_group(title):
        st.session_state[_PLACE] = _Place(f".st-key-{key}")
        try:
            yield
        finally:
            st.session_state[_PLACE] = None


def render_metric(
    label: str, value: str, note: str = "", *, more: str = "", help_text: str | None = None, is_doubtful: bool = False
) -> None:
    """Write a figure, already worded, with a short note under it, a warning where it `is_doubtful`, and `more`."""
    note_card(label, value, note=note, more=more)
    _next_place()
    _write(label, value, note, more=more, help_text=help_text, is_doubtful=is_doubtful)


def _write(label: str, value: str, note: str, *, more: str, help_text: str | None, is_doubtful: bool) -> None:
    words = state.score_words
    # Cards in a row are as high as the highest, also where one has no note.
    st.metric(
        words(label),
        value,
        delta=words(note) or None,
        delta_color="orange" if is_doubtful else "off",
        delta_arrow="off",
        help=words(help_text) if help_text else None,
        border=True,
        height="stretch",
        delta_description=words(more) or None,
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
    _next_place()
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
    value, told = _card_words(estimate, word, note)
    if estimate.value is None:
        # The note has room for a word or two; the reason is read in the help, and in full by who asks.
        reason = labels.plain(estimate.explanation)
        help_text, more = f"{reason[:1].upper()}{reason[1:]}. {help_text}", more or labels.plain(estimate.reason)
    is_doubtful = is_doubtful and estimate.value is not None
    _write(label, value, told, more=more, help_text=help_text, is_doubtful=is_doubtful)


def _card_words(estimate: Estimate, word: Callable[[float], str], note: str) -> tuple[str, str]:
    """The value in words, and the line under it: its interval, or else `note`."""
    if estimate.value is None:
        return labels.NOT_DEFINED, "not defined"
    if estimate.low is None or estimate.high is None:
        return word(estimate.value), note
    return word(estimate.value), f"95 %: {labels.interval(word(estimate.low), word(estimate.high))}"


def render_card(
    metric: Metric,
    shown: Evaluation,
    comparison: Comparison | None,
    *,
    note: str | Callable[[Evaluation], str] = "",
    more_help: str = "",
    is_doubtful: bool = False,
) -> None:
    """Write `metric` of `shown`, and with a `comparison` the other cohort's and by how much the two differ.

    `note` stands where there is no interval; one that depends on the cutoff is a function. The card follows the cutoff
    where `shown` is the page's own evaluation; what it is compared with does not.
    """
    _follow(metric, shown, note)
    note = note if isinstance(note, str) else note(shown)
    given = shown.assumptions
    told = metric.help_under(given) + more_help
    if comparison is not None and metric.difference is not None:
        told += f" {_DIFFERENCE_HELP}"
    label, estimate = metric.label_under(given), metric.of(shown)
    other = None if comparison is None else Named(comparison.name, metric.of(comparison.other), comparison.own_name)
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


def _next_place() -> str:
    """The CSS selector of the card that is written next; empty where it is in no grid."""
    place: _Place | None = st.session_state.get(_PLACE)
    if place is None:
        return ""
    place.index += 1
    return f"{place.grid} > :nth-child({place.index})"


def _follow(metric: Metric, shown: Evaluation, note: str | Callable[[Evaluation], str]) -> None:
    place = _next_place()
    if not place or not is_followed(shown) or not (metric.at_cutoff or callable(note)):
        return
    # Both lines are of one estimate, which takes longer than to word it.
    held: list[tuple[Evaluation, tuple[str, str]]] = []

    def word(part: int, evaluation: Evaluation) -> str:
        if not held or held[0][0] is not evaluation:
            told = note if isinstance(note, str) else note(evaluation)
            held[:] = [(evaluation, _card_words(metric.of(evaluation), metric.word, told))]
        return held[0][1][part]

    parts = ("stMetricValue", "stMetricDelta")
    follow(
        (Slot(f'[data-testid="{part}"]', Kind.TEXT, partial(word, index)) for index, part in enumerate(parts)),
        inside=place,
    )
    if metric.at_cutoff:
        keep_busy(f"{place} {_MORE}")


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
