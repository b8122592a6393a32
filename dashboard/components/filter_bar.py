"""The filters that cut a cohort out of the portfolio: a search over the columns, and the control of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import streamlit as st

from dashboard import cache, state
from dashboard.cohort.bins import ValueGrid
from dashboard.cohort.columns import OUTCOME_GROUP, PREDICTION
from dashboard.cohort.filters import DECISION, Condition, Decision, DecisionFilter, LevelFilter, RangeFilter
from dashboard.components.histogram import histogram_html
from dashboard.words import labels
from data.definition.definition import Definition
from data.predictions.table import CohortColumn, CohortKind, Predictions

# A level takes a moment to be read in a list; beyond this nobody does.
MOST_LEVELS = 300
_WIDGET, _CHOSEN = "filter.", "filters.column"


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
    # The groups of an imported file are none of the definition's, and its own columns come first.
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
            format_func=_stop_words(stops).__getitem__,
            label_visibility="collapsed",
            on_change=partial(_take_range, column, grid, key),
        )
        if grid.n_missing:
            _render_missing(column, condition, grid.n_missing)


def _stop_words(stops: Sequence[float]) -> dict[float, str]:
    """The stops in as few digits as tell them apart, which a slider needs: it is sent as words."""
    words = {stop: labels.amount(stop) for stop in stops}
    for digits in (8, 12, 17):
        if len(set(words.values())) == len(stops):
            break
        words = {stop: f"{stop:,.{digits}g}" for stop in stops}
    return words


def _render_missing(column: CohortColumn, condition: RangeFilter, n_missing: int) -> None:
    words = {"": "With", "without": "Without", "only": "Only"}
    # Without any condition all rows are in; a range that is moved leaves out the rows without a value.
    unset = condition == RangeFilter(column.name) and state.filters().on(column.name) is None
    mode = "only" if condition.only_missing else "" if unset or condition.with_missing else "without"
    key = state.hold(f"{_WIDGET}~missing.{column.name}", mode)
    st.segmented_control(
        f"Applications without a value ({labels.count(n_missing)})",
        list(words),
        default=mode,
        key=key,
        format_func=words.__getitem__,
        on_change=partial(_take_missing, column, key),
        required=True,
    )


def _take_range(column: CohortColumn, grid: ValueGrid, key: str) -> None:
    low, high = st.session_state[key]
    ends = [None if low <= grid.stops[0] else low, None if high >= grid.stops[-1] else high]
    factor = labels.scale(column).factor
    # 0.7 / 100 is the number next to 0.007: the end is the decimal that is shown.
    stored = [None if end is None else labels.significant(end / factor, 12) for end in ends]
    first, last = reversed(stored) if factor < 0 else stored
    before = state.filters().on(column.name)
    held = before if isinstance(before, RangeFilter) else None
    asked = RangeFilter(
        column.name,
        first,
        last,
        with_missing=held is not None and held.with_missing,
        special=column.special_values,
    )
    # Over the full range "Without" still leaves rows out; else there is nothing more to ask for.
    is_open = first is None and last is None and (held is None or held.with_missing or not grid.n_missing)
    _put(column.name, None if is_open else asked)


def _take_missing(column: CohortColumn, key: str) -> None:
    name = column.name
    before = state.filters().on(name)
    low, high = (before.low, before.high) if isinstance(before, RangeFilter) else (None, None)
    match st.session_state[key]:
        case "only":
            _put(name, RangeFilter(name, only_missing=True, special=column.special_values))
        case "without":
            _put(name, RangeFilter(name, low, high, special=column.special_values))
        case _:
            kept = RangeFilter(name, low, high, with_missing=True, special=column.special_values)
            _put(name, None if low is None and high is None else kept)


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


def word_condition(condition: Condition, columns: dict[str, CohortColumn]) -> str:
    """`condition` in a few words, such as `Income type: Pensioner`."""
    if isinstance(condition, DecisionFilter):
        return " or ".join(kind.value for kind in condition.kinds).capitalize()
    column = columns[condition.column]
    if isinstance(condition, LevelFilter):
        levels = [labels.level(column, level) for level in condition.levels]
        levels += [labels.MISSING] if condition.with_missing else []
        worded = ", ".join(levels) if len(levels) <= 3 else f"{levels[0]} and {len(levels) - 1} more"
        return f"{column.label}: {worded}"
    if condition.only_missing:
        return f"{column.label}: {labels.MISSING}"
    if condition.low is not None and condition.low in column.special_values:
        return f"{column.label}: {labels.special(column, condition.low)}"
    if condition.low is None and condition.high is None:
        return f"{column.label}: any value"
    unit = labels.scale(column).unit
    tail = " or missing" if condition.with_missing else ""
    return f"{column.label}: {labels.span(column, condition.low, condition.high)} {unit}".rstrip() + tail
