"""The bar that cuts a cohort out of the portfolio: filters by group, named cohorts, the cutoff."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard import cache, state
from dashboard.cohort.bins import ValueGrid
from dashboard.cohort.columns import OUTCOME_GROUP, PREDICTION
from dashboard.cohort.filters import DECISION, Condition, Decision, DecisionFilter, Filters, LevelFilter, RangeFilter
from dashboard.cohort.wording import word_condition, word_filters
from dashboard.components.histogram import histogram_html
from dashboard.components.saved_cohorts import render_saved_cohorts
from dashboard.visit.links import Cohort
from dashboard.visit.visit import CUTOFF
from dashboard.words import labels
from data.definition.columns import Unit
from data.definition.definition import Definition
from data.predictions.table import PROBABILITY, CohortColumn, CohortKind, Predictions
from inference.model.decision import COST_OF_DECLINED_GOOD, COST_OF_MISSED_DEFAULT, DEFAULT_CUTOFF

# Groups of the definition with a button of their own; the others share one.
_OWN_BUTTONS, MORE = 4, "More"
# What a cohort is called that was given no name.
PORTFOLIO, COHORT = "Portfolio", "Cohort"
# A level takes a moment to be read in a list; beyond this nobody does.
MOST_LEVELS = 300
_SHORTEST_SCALE = 15.0
_FINE_BELOW = 0.01
_WIDGET = "filter."
# What of a number's rows can be kept beside those with a special value, which go by that value.
IN_RANGE, MISSING = "range", "missing"


def can_filter(column: CohortColumn) -> bool:
    """Whether the column has more than one value to choose from."""
    if column.kind is CohortKind.LEVELS:
        return 1 < len(column.levels) <= MOST_LEVELS
    return column.minimum is not None and column.maximum is not None and column.minimum < column.maximum


def grouped(columns: Iterable[CohortColumn], definition: Definition) -> dict[str, list[CohortColumn]]:
    """The columns that can be filtered by, under the buttons on which they are found.

    Of the definition's groups, the first four that have any get a button of their own, or all where there are five.
    """
    shown = [column for column in columns if can_filter(column)]
    present = {column.group for column in shown}
    known = [group for group in definition.groups if group in present]
    own = known if len(known) <= _OWN_BUTTONS + 1 else known[:_OWN_BUTTONS]
    order = [*own, MORE, PREDICTION, OUTCOME_GROUP]
    groups: dict[str, list[CohortColumn]] = {}
    for column in shown:
        name = MORE if column.group in known and column.group not in own else column.group
        groups.setdefault(name, []).append(column)
    return dict(sorted(groups.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1))


def render_filter_bar(dataset: cache.Dataset, predictions: Predictions) -> None:
    """Write the buttons that open the filters, and the menu of named cohorts."""
    with st.container(key="filter-bar", horizontal=True, gap="xsmall", vertical_alignment="bottom"):
        for group, columns in grouped(predictions.cohort_columns, cache.definition()).items():
            _render_group(dataset, group, columns)
        named = {column.name: column for column in predictions.cohort_columns}
        render_saved_cohorts(predictions, partial(word_filters, columns=named))


def _render_group(dataset: cache.Dataset, group: str, columns: Sequence[CohortColumn]) -> None:
    # The label never changes: another one would make it another popover, closed under the reader's hand.
    box = st.popover(labels.plain(group), key=f"filters.{group}", on_change="rerun")
    # The filters of a closed group would cost every run; what they chose is held by the visit, not by them.
    if box.open:
        with box, st.container(width=420, gap="small"):
            for column in columns:
                if column.kind is CohortKind.LEVELS:
                    _render_levels(dataset, column)
                elif column.level_labels:
                    _render_flag(dataset, column)
                else:
                    _render_range(dataset, column)
            if group == OUTCOME_GROUP:
                _render_decisions()


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


def render_cutoff(predictions: Predictions) -> None:
    """Write the slider of the cutoff."""
    highest = next(column.maximum or 0.0 for column in predictions.cohort_columns if column.name == PROBABILITY)
    # The scale ends where PDs do, on a round number, but never short of the usual cutoff or of the one in force.
    top = max(_SHORTEST_SCALE, 5.0 * math.ceil(20 * highest), 5.0 * math.ceil(state.get(CUTOFF) / 5))
    # Below 1 % cutoffs have more decimals; a scale of more would be too long to point at.
    step, words = (0.0001, "%.4f %%") if highest < _FINE_BELOW else (0.01, "%.2f %%")
    st.slider(
        "Cutoff (PD)",
        0.0,
        top,
        step=step,
        format=words,
        **state.value_widget(CUTOFF),
        help="Applications whose PD is at or above the cutoff are declined. "
        f"{labels.percent(DEFAULT_CUTOFF)} is best on calibrated PDs when a missed default costs "
        f"{COST_OF_MISSED_DEFAULT / COST_OF_DECLINED_GOOD:g} times as much as a declined good applicant.",
    )


def render_cohort_line(predictions: Predictions, cohort: Cohort, n_cohort: int, n_defaults: int) -> None:
    """Write how much of the portfolio the cohort is, and its filters as chips that take them back."""
    n_portfolio = predictions.frame.height
    share = n_cohort / n_portfolio
    worded = "less than 0.1 %" if 0 < share < 0.001 else labels.percent(share, 1)
    columns = {column.name: column for column in predictions.cohort_columns}
    name = f"{labels.plain(cohort.name)}: " if cohort.name not in (PORTFOLIO, COHORT) else ""
    is_known = predictions.source.has_outcomes
    happened = f"**{labels.plural(n_defaults, 'default')}**" if is_known else "outcomes not known"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"{name}**{labels.count(n_cohort)}** of {labels.plural(n_portfolio, 'application')} ({worded}), {happened}",
            width="content",
        )
        for condition in cohort.filters.conditions:
            st.button(
                labels.plain(word_condition(condition, columns)),
                key=f"chip.{condition.column}",
                icon=":material/close:",
                icon_position="right",
                on_click=state.remove_condition,
                args=(condition.column,),
                help="Take this filter back",
            )
        # There also when there is nothing to reset, so that the first filter does not push the page down.
        st.button(
            "Reset filters",
            on_click=state.set_filters,
            args=(Filters(),),
            icon=":material/undo:",
            type="tertiary",
            disabled=not cohort.filters,
        )
