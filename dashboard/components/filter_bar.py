"""The filters that cut a cohort out of the portfolio: a search over the columns, and the control of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard import cache, state
from dashboard.cohort.bins import ValueGrid
from dashboard.cohort.columns import OUTCOME_GROUP, PREDICTION
from dashboard.cohort.filters import DECISION, Condition, Decision, DecisionFilter, LevelFilter, RangeFilter
from dashboard.components.histogram import histogram_html
from dashboard.words import labels
from data.definition.columns import Unit
from data.definition.definition import Definition
from data.predictions.table import CohortColumn, CohortKind, Predictions

# A level takes a moment to be read in a list; beyond this nobody does.
MOST_LEVELS = 300
_WIDGET, _CHOSEN = "filter.", "filters.column"
# What of a number's rows can be kept beside those with a special value, which go by that value.
IN_RANGE, MISSING = "range", "missing"


def can_filter(column: CohortColumn) -> bool:
    """Whether the column has more than one value to choose from."""
    if column.kind is CohortKind.LEVELS:
        return 1 < len(column.levels) <= MOST_LEVELS
    return column.minimum is not None and column.maximum is not None and column.minimum < column.maximum


def offered(columns: Iterable[CohortColumn], definition: Definition) -> dict[str, str]:
    """Names of the columns that can be filtered by, and the labels they are searched by: words first, then the name.

    Columns stand in the order of the definition's groups; those of the predictions themselves come last.
    """
    shown = [column for column in columns if can_filter(column)]
    order = [*definition.groups, PREDICTION, OUTCOME_GROUP]
    # The definition does not know an imported file's groups; such columns come first.
    shown.sort(key=lambda column: order.index(column.group) if column.group in order else -1)
    names = {column.name: _searched(column) for column in shown}
    return labels.distinct(names | {DECISION: "Decision at the current cutoff"})


def _searched(column: CohortColumn) -> str:
    is_own = column.group in (PREDICTION, OUTCOME_GROUP)
    return column.label if is_own or column.label == column.name else f"{column.label} · {column.name}"


def render_filter_menu(dataset: cache.Dataset, predictions: Predictions) -> None:
    """Write the button that opens a search over all columns, and under it the filters in force."""
    box = st.popover("Filter", icon=":material/add:", key="filters", on_change="rerun", help="Narrow the cohort")
    # The filters of a closed box would cost every run; what they chose is held by the visit, not by them.
    if not box.open:
        return
    columns = {column.name: column for column in predictions.cohort_columns}
    names = offered(columns.values(), cache.definition())
    with box, st.container(width=420, gap="small"):
        chosen = st.selectbox(
            "Column",
            list(names),
            None,
            key=_CHOSEN,
            format_func=names.__getitem__,
            placeholder=f"Search {labels.plural(len(names), 'column')}",
        )
        in_force = [condition.column for condition in state.filters().conditions]
        for name in dict.fromkeys([*([chosen] if chosen else []), *in_force]):
            _render_filter(dataset, columns.get(name))


def _render_filter(dataset: cache.Dataset, column: CohortColumn | None) -> None:
    if column is None:
        _render_decisions()
    elif column.kind is CohortKind.LEVELS:
        _render_levels(dataset, column)
    elif column.level_labels:
        _render_flag(dataset, column)
    else:
        _render_range(dataset, column)


def _render_levels(dataset: cache.Dataset, column: CohortColumn) -> None:
    counts = cache.level_counts(dataset, column.name)
    options: list[str | None] = [level for level in column.levels if counts.get(level)]
    options += [None] if counts.get(None) else []
    found = state.filters().on(column.name)
    chosen: list[str | None] = []
    if isinstance(found, LevelFilter):
        chosen = [level for level in options if level in found.levels or (level is None and found.with_missing)]
        # Levels that a link names and no application has are kept, so that the empty cohort explains itself.
        unseen = [level for level in found.levels if level not in options]
        options, chosen = [*options, *unseen], [*chosen, *unseen]
    # As in dashboard/state.py, each filter's value is said twice.
    key = state.hold(_WIDGET + column.name, chosen)
    # Levels that look alike are told apart: a choice is sent as its label.
    words = labels.distinct(
        {str(place): _worded_level(column, counts, level) for place, level in enumerate(options)}, "another"
    )
    st.multiselect(
        labels.plain(column.label),
        options,
        chosen,
        key=key,
        placeholder="All",
        format_func=dict(zip(options, words.values(), strict=True)).__getitem__,
        help=labels.plain(column.description) or None,
        on_change=partial(_take_levels, column.name, key),
    )


def _worded_level(column: CohortColumn, counts: Mapping[str | None, int], level: str | None) -> str:
    return f"{labels.MISSING if level is None else labels.level(column, level)} ({labels.count(counts.get(level, 0))})"


def _take_levels(name: str, key: str) -> None:
    chosen: list[str | None] = st.session_state[key]
    levels = tuple(sorted(level for level in chosen if level is not None))
    _put(name, LevelFilter(name, levels, with_missing=None in chosen) if chosen else None)


def _render_range(dataset: cache.Dataset, column: CohortColumn) -> None:
    grid = cache.value_grid(dataset, column.name)
    found = state.filters().on(column.name)
    condition = found if isinstance(found, RangeFilter) else RangeFilter(column.name, special=column.special_values)
    low, high = _shown(column, condition, grid)
    stops = sorted({*grid.stops, low, high})
    key = state.hold(_WIDGET + column.name, (low, high))
    title = labels.plain(labels.column_title(column))
    with st.container(gap="xsmall"):
        st.markdown(f":small[{title}]", help=labels.plain(column.description) or None)
        st.html(histogram_html(grid, low, high))
        st.select_slider(
            title,
            stops,
            (low, high),
            key=key,
            format_func=_stop_words(stops, is_years=column.unit is Unit.DAYS_BEFORE).__getitem__,
            label_visibility="collapsed",
            on_change=partial(_take_range, column, grid, key),
        )
        if grid.special or grid.n_missing:
            _render_beside(column, condition, grid)


def _render_flag(dataset: cache.Dataset, column: CohortColumn) -> None:
    """Write a flag's values, which are numbers with a word each, as choices."""
    counts = cache.level_counts(dataset, column.name)
    words = {**dict(column.level_labels), MISSING: labels.MISSING}
    rows = {text: sum(n for level, n in counts.items() if _flag_of(level) == text) for text in words}
    offered = [text for text in words if rows[text]]
    found = state.filters().on(column.name)
    chosen: list[str] = []
    if isinstance(found, RangeFilter):
        chosen = [text for text in offered if text != MISSING and _holds(found, float(text))]
        chosen += [MISSING] if found.with_missing and MISSING in offered else []
    key = state.hold(_WIDGET + column.name, chosen)
    st.pills(
        labels.plain(column.label),
        offered,
        default=chosen,
        selection_mode="multi",
        key=key,
        format_func=lambda text: labels.plain(f"{words[text]} ({labels.count(rows[text])})"),
        on_change=partial(_take_flag, column, key),
        help=labels.plain(column.description) or None,
    )


def _flag_of(level: str | None) -> str:
    return MISSING if level is None else f"{float(level):g}"


def _holds(condition: RangeFilter, value: float) -> bool:
    low, high = condition.low, condition.high
    return not condition.beside_range and (low is None or low <= value) and (high is None or value <= high)


def _take_flag(column: CohortColumn, key: str) -> None:
    chosen: list[str] = st.session_state[key]
    values = [float(text) for text in chosen if text != MISSING]
    asked = RangeFilter(
        column.name,
        min(values, default=None),
        max(values, default=None),
        with_missing=MISSING in chosen,
        beside_range=not values,
        special=column.special_values,
    )
    _put(column.name, asked if chosen else None)


def _stop_words(stops: Sequence[float], *, is_years: bool) -> dict[float, str]:
    """The stops in as few digits as tell them apart, which a slider needs: it is sent as words."""
    words = {stop: labels.amount(round(stop, 2) + 0.0 if is_years else stop) for stop in stops}
    for digits in (8, 12, 17):
        if len(set(words.values())) == len(stops):
            break
        words = {stop: f"{stop:,.{digits}g}" for stop in stops}
    return words


def _render_beside(column: CohortColumn, condition: RangeFilter, grid: ValueGrid) -> None:
    """Write the groups that lie beside the range; with none of them chosen, nothing is asked of the column."""
    rows = {IN_RANGE: sum(grid.counts), **{f"{value:.17g}": n for value, n in grid.special}, MISSING: grid.n_missing}
    words = {IN_RANGE: "In the range", MISSING: labels.MISSING}
    words |= {f"{value:.17g}": labels.special(column, value, with_code=True) for value, _ in grid.special}
    offered = [group for group, n in rows.items() if n]
    chosen = [f"{value:.17g}" for value in condition.with_special] + [MISSING] * condition.with_missing
    if not condition.beside_range and state.filters().on(column.name) is not None:
        chosen.append(IN_RANGE)
    key = state.hold(f"{_WIDGET}~beside.{column.name}", [group for group in offered if group in chosen])
    st.pills(
        f"Keep of {labels.plain(column.label)}",
        offered,
        default=[group for group in offered if group in chosen],
        selection_mode="multi",
        key=key,
        format_func=lambda group: labels.plain(f"{words[group]} ({labels.count(rows[group])})"),
        on_change=partial(_take_beside, column, key),
        label_visibility="collapsed",
    )


def _take_range(column: CohortColumn, grid: ValueGrid, key: str) -> None:
    low, high = st.session_state[key]
    ends = [None if low <= grid.stops[0] else low, None if high >= grid.stops[-1] else high]
    factor = labels.scale(column).factor
    # 0.7 / 100 is the number next to 0.007: the end is the decimal that is shown.
    stored = [None if end is None else labels.significant(end / factor, 12) for end in ends]
    first, last = reversed(stored) if factor < 0 else stored
    before = state.filters().on(column.name)
    held = before if isinstance(before, RangeFilter) else RangeFilter(column.name)
    asked = replace(held, low=first, high=last, beside_range=False, special=column.special_values)
    # Over the full range the condition still leaves out what lies beside it, where that is not kept too.
    is_all = len(asked.with_special) == len(grid.special) and asked.with_missing >= (grid.n_missing > 0)
    is_open = first is None and last is None and (before is None or is_all)
    _put(column.name, None if is_open else asked)


def _take_beside(column: CohortColumn, key: str) -> None:
    chosen: list[str] = st.session_state[key]
    before = state.filters().on(column.name)
    held = before if isinstance(before, RangeFilter) else RangeFilter(column.name)
    is_beside = IN_RANGE not in chosen
    asked = RangeFilter(
        column.name,
        None if is_beside else held.low,
        None if is_beside else held.high,
        with_missing=MISSING in chosen,
        with_special=tuple(value for value in column.special_values if f"{value:.17g}" in chosen),
        beside_range=is_beside,
        special=column.special_values,
    )
    _put(column.name, asked if chosen else None)


def _shown(column: CohortColumn, condition: RangeFilter, grid: ValueGrid) -> tuple[float, float]:
    factor = labels.scale(column).factor
    ends = [None if end is None else labels.significant(end * factor, 12) for end in (condition.low, condition.high)]
    low, high = reversed(ends) if factor < 0 else ends
    return (grid.stops[0] if low is None else low, grid.stops[-1] if high is None else high)


def _render_decisions() -> None:
    found = state.filters().on(DECISION)
    chosen = [kind.value for kind in found.kinds] if isinstance(found, DecisionFilter) else []
    key = state.hold(_WIDGET + DECISION, chosen)
    st.pills(
        "Decision at the current cutoff",
        [kind.value for kind in Decision],
        default=chosen,
        selection_mode="multi",
        key=key,
        format_func=str.capitalize,
        on_change=partial(_take_decisions, key),
        help="A false decline is a good applicant declined, a false approval a default approved.",
    )


def _take_decisions(key: str) -> None:
    kinds = tuple(sorted(Decision(text) for text in st.session_state[key]))
    _put(DECISION, DecisionFilter(kinds) if kinds else None)


def _put(column: str, condition: Condition | None) -> None:
    if condition is None:
        state.remove_condition(column)
    else:
        state.add_condition(condition)
