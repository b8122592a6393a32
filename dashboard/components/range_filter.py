"""The filter of a number or date: its histogram, a slider, both ends to type, and what lies beside the range.

A column with no more than two values, such as a flag, offers these as choices instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard import state
from dashboard.cohort.bins import ValueGrid
from dashboard.cohort.filters import RangeFilter
from dashboard.cohort.range_ends import EndError, read_end, word_end
from dashboard.components.filter_state import WIDGET, is_refused, put_condition, refuse, render_problem
from dashboard.components.histogram import histogram_html
from dashboard.words import labels
from data.definition.columns import Unit
from data.predictions.table import CohortColumn

# What of a number's rows can be kept beside those with a special value, which go by that value.
IN_RANGE, MISSING = "range", "missing"


def render_range(column: CohortColumn, grid: ValueGrid) -> None:
    """Write the filter of `column`, of whose values in the portfolio `grid` is made."""
    if len(grid.stops) >= 2 and not grid.few:
        _render_ends(column, grid)
    elif len(grid.few) + len(grid.special) + (grid.n_missing > 0) > 1:
        _render_values(column, grid)
    else:
        _render_constant(column, grid)


def _held(column: CohortColumn) -> RangeFilter:
    found = state.filters().on(column.name)
    return found if isinstance(found, RangeFilter) else RangeFilter.on(column)


def _render_constant(column: CohortColumn, grid: ValueGrid) -> None:
    values = [f"{labels.quantity(column, value)} {labels.scale(column).unit}".rstrip() for value, _ in grid.few]
    values += [labels.special(column, value, with_code=True) for value, _ in grid.special]
    said = f"is {values[0]} in all applications" if values else "has no value in any application"
    st.caption(labels.plain(f"{column.label} {said}; there is nothing to choose."))


def _render_values(column: CohortColumn, grid: ValueGrid) -> None:
    """Write the values, which are few, as choices."""
    rows = dict([*_named(grid.few), *_named(grid.special), *([(MISSING, grid.n_missing)] if grid.n_missing else [])])
    words = {name: labels.quantity(column, value) for name, value in _values(grid.few).items()}
    held = _held(column)
    chosen = [name for name, value in _values(grid.few).items() if _holds(held, value)] + _beside(held)
    is_asked = state.filters().on(column.name) is not None
    key = WIDGET + column.name
    _render_choices(column, rows, words, chosen if is_asked else [], key, partial(_take_values, column, grid, key))


def _named(counted: Sequence[tuple[float, int]]) -> list[tuple[str, int]]:
    return [(_name(value), n) for value, n in counted]


def _values(counted: Sequence[tuple[float, int]]) -> dict[str, float]:
    return {_name(value): value for value, _ in counted}


def _name(value: float) -> str:
    return f"{value:.17g}"


def _holds(condition: RangeFilter, value: float) -> bool:
    low, high = condition.low, condition.high
    return not condition.beside_range and (low is None or low <= value) and (high is None or value <= high)


def _beside(condition: RangeFilter) -> list[str]:
    """The groups beside the range that are kept."""
    return [_name(value) for value in condition.with_special] + [MISSING] * condition.with_missing


def _render_choices(
    column: CohortColumn,
    rows: Mapping[str, int],
    words: Mapping[str, str],
    chosen: Sequence[str],
    key: str,
    take: partial[None],
    *,
    is_titled: bool = True,
) -> None:
    """Write the groups in `rows` as buttons; `words` name those that are neither special values nor missing ones."""
    offered = [name for name, n in rows.items() if n]
    named = {MISSING: labels.MISSING, **words}
    named |= {_name(each.value): labels.special(column, each.value, with_code=True) for each in column.special}
    shown = [name for name in offered if name in chosen]
    title = labels.plain(labels.column_title(column))
    st.pills(
        title if is_titled else f"Keep of {title}",
        offered,
        default=shown,
        selection_mode="multi",
        key=state.hold(key, shown),
        format_func=lambda name: labels.plain(f"{named[name]} ({labels.count(rows[name])})"),
        on_change=take,
        help=(labels.plain(column.description) or None) if is_titled else None,
        label_visibility="visible" if is_titled else "collapsed",
    )


def _take_values(column: CohortColumn, grid: ValueGrid, key: str) -> None:
    chosen: list[str] = st.session_state[key]
    values = [value for name, value in _values(grid.few).items() if name in chosen]
    asked = replace(
        RangeFilter.on(column),
        low=min(values, default=None),
        high=max(values, default=None),
        with_missing=MISSING in chosen,
        with_special=tuple(value for value in column.special_values if _name(value) in chosen),
        beside_range=not values,
    )
    put_condition(column.name, asked if chosen else None)


def _render_ends(column: CohortColumn, grid: ValueGrid) -> None:
    held = _held(column)
    low, high = _shown(column, held, grid)
    stops = sorted({*grid.stops, low, high})
    title = labels.plain(labels.column_title(column))
    with st.container(gap="xsmall"):
        st.markdown(f":small[{title}]", help=labels.plain(column.description) or None)
        st.html(histogram_html(grid, low, high))
        key = state.hold(WIDGET + column.name, (low, high))
        st.select_slider(
            title,
            stops,
            (low, high),
            key=key,
            format_func=_stop_words(stops, column).__getitem__,
            label_visibility="collapsed",
            on_change=partial(_take_range, column, grid, key),
        )
        _render_typed(column, grid, held)
        if grid.special or grid.n_missing:
            rows = dict([(IN_RANGE, sum(grid.counts)), *_named(grid.special), (MISSING, grid.n_missing)])
            is_asked = state.filters().on(column.name) is not None
            chosen = _beside(held) + [IN_RANGE] * (is_asked and not held.beside_range)
            key = f"{WIDGET}~beside.{column.name}"
            words = {IN_RANGE: "In the range"}
            _render_choices(column, rows, words, chosen, key, partial(_take_beside, column, key), is_titled=False)


def _stop_words(stops: Sequence[float], column: CohortColumn) -> dict[float, str]:
    """The stops in as few digits as tell them apart, which a slider needs: it is sent as words."""
    if column.is_date:
        return {stop: labels.day(stop) for stop in stops}
    is_years = column.unit is Unit.DAYS_BEFORE
    words = {stop: labels.amount(round(stop, 2) + 0.0 if is_years else stop) for stop in stops}
    for digits in (8, 12, 17):
        if len(set(words.values())) == len(stops):
            break
        words = {stop: f"{stop:,.{digits}g}" for stop in stops}
    return words


def _render_typed(column: CohortColumn, grid: ValueGrid, held: RangeFilter) -> None:
    """Write both ends as text to type over; an end that is open shows the portfolio's own, paler."""
    ends = [word_end(end, column) for end in _in_order(column, held.low, held.high)]
    words = _stop_words(grid.stops, column)
    outermost = (words[grid.stops[0]], words[grid.stops[-1]])
    keys = (f"{WIDGET}~from.{column.name}", f"{WIDGET}~to.{column.name}")
    named = labels.plain(column.label)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for side, (word, key, end, placeholder) in enumerate(
            zip(("from", "to"), keys, ends, outermost, strict=True),
        ):
            st.markdown(f":small[{word}]", width="content")
            st.text_input(
                f"{named}, {word}",
                end,
                # What was refused stays to be corrected.
                key=key if is_refused(key) else state.hold(key, end),
                placeholder=placeholder,
                label_visibility="collapsed",
                on_change=partial(_take_end, column, grid, side, key),
                width=105,
            )
    render_problem(*keys)


def _in_order(column: CohortColumn, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Stored ends as ends that rise on the screen, or the other way round."""
    return (high, low) if labels.scale(column).factor < 0 else (low, high)


def _take_end(column: CohortColumn, grid: ValueGrid, side: int, key: str) -> None:
    held = _held(column)
    ends = list(_in_order(column, held.low, held.high))
    try:
        ends[side] = read_end(st.session_state[key], column)
    except EndError as error:
        refuse(key, str(error))
        return
    low, high = _in_order(column, *ends)
    if low is not None and high is not None and low > high:
        refuse(key, str(EndError.from_order(*(word_end(end, column) for end in ends))))
        return
    _put_range(column, grid, low, high)


def _take_range(column: CohortColumn, grid: ValueGrid, key: str) -> None:
    low, high = st.session_state[key]
    ends = [None if low <= grid.stops[0] else low, None if high >= grid.stops[-1] else high]
    factor = labels.scale(column).factor
    # 0.7 / 100 is the number next to 0.007: the end is the decimal that is shown.
    first, last = [None if end is None else labels.significant(end / factor, 12) for end in ends]
    _put_range(column, grid, *_in_order(column, first, last))


def _put_range(column: CohortColumn, grid: ValueGrid, low: float | None, high: float | None) -> None:
    before = state.filters().on(column.name)
    asked = replace(_held(column), low=low, high=high, beside_range=False)
    # Over the full range the condition still leaves out what lies beside it, where that is not kept too.
    is_all = len(asked.with_special) == len(grid.special) and asked.with_missing >= (grid.n_missing > 0)
    is_open = low is None and high is None and (before is None or is_all)
    put_condition(column.name, None if is_open else asked)


def _take_beside(column: CohortColumn, key: str) -> None:
    chosen: list[str] = st.session_state[key]
    held = _held(column)
    is_beside = IN_RANGE not in chosen
    asked = replace(
        held,
        low=None if is_beside else held.low,
        high=None if is_beside else held.high,
        with_missing=MISSING in chosen,
        with_special=tuple(value for value in column.special_values if _name(value) in chosen),
        beside_range=is_beside,
    )
    put_condition(column.name, asked if chosen else None)


def _shown(column: CohortColumn, condition: RangeFilter, grid: ValueGrid) -> tuple[float, float]:
    factor = labels.scale(column).factor
    stored = _in_order(column, condition.low, condition.high)
    low, high = (None if end is None else labels.significant(end * factor, 12) for end in stored)
    return (grid.stops[0] if low is None else low, grid.stops[-1] if high is None else high)
