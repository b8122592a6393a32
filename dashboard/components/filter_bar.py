"""The filters that cut a cohort out of the portfolio: a search over the columns, and the control of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import streamlit as st

from dashboard import cache, state
from dashboard.cohort.columns import OUTCOME_GROUP, PREDICTION
from dashboard.cohort.filters import DECISION, MODELS, Decision, DecisionFilter, LevelFilter, ModelsFilter
from dashboard.cohort.wording import word_decisions
from dashboard.components.filter_state import WIDGET, forget_problem, put_condition, refuse, render_problem
from dashboard.components.range_filter import render_range
from dashboard.words import labels
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.table import CohortColumn, CohortKind, Predictions

# A level takes a moment to be read in a list; beyond this nobody does, and others are typed.
MOST_LEVELS = 300
_CHOSEN = "filters.column"


def offered(columns: Iterable[CohortColumn], definition: Definition) -> dict[str, str]:
    """Names of the columns that filters may name, and the texts they are searched by: label, name, group, description.

    Columns stand in the order of the definition's groups; those of the predictions themselves come last.
    """
    order = [*definition.groups, PREDICTION, OUTCOME_GROUP]
    # The definition does not know an imported file's groups; such columns come first.
    shown = sorted(columns, key=lambda column: order.index(column.group) if column.group in order else -1)
    names = {column.name: _searched(column) for column in shown}
    return labels.distinct(names | {DECISION: "Decision at the current cutoff"})


def _searched(column: CohortColumn) -> str:
    is_own = column.group in (PREDICTION, OUTCOME_GROUP)
    parts = [column.label, "" if is_own or column.label == column.name else column.name, column.group]
    return " · ".join(part for part in [*parts, column.description] if part)


def render_filter_menu(dataset: cache.Dataset, predictions: Predictions) -> None:
    """Write the button that opens a search over all columns, and under it the filters in force."""
    box = st.popover("Filter", icon=":material/add:", key="filters", on_change="rerun", help="Narrow the cohort")
    # The filters of a closed box would cost every run; what they chose is held by the visit, not by them.
    if not box.open:
        forget_problem()
        return
    columns = predictions.filter_columns
    names = offered(columns.values(), cache.definition())
    with box, st.container(width=420, gap="small"):
        chosen = st.selectbox(
            "Column",
            list(names),
            None,
            key=_CHOSEN,
            format_func=names.__getitem__,
            placeholder=f"Search {labels.plural(len(names), 'column')} by name, group or description",
            filter_mode="contains",
        )
        for name in dict.fromkeys([*([chosen] if chosen else []), *state.filters().columns]):
            if name == MODELS:
                _render_models()
                continue
            # A table that can no longer be read takes none of the other filters away.
            try:
                _render_filter(dataset, columns.get(name))
            except ScoreroomError as error:
                st.error(labels.notice(str(error)), icon=":material/error:")


def _render_filter(dataset: cache.Dataset, column: CohortColumn | None) -> None:
    if column is None:
        _render_decisions()
    elif column.kind is CohortKind.LEVELS:
        _render_levels(dataset, column)
    else:
        render_range(column, cache.value_grid(dataset, column.name))


def _render_levels(dataset: cache.Dataset, column: CohortColumn) -> None:
    counts = cache.level_counts(dataset, column.name)
    present = [level for level in counts if level is not None]
    listed = set(present[:MOST_LEVELS])
    options: list[str | None] = [level for level in column.levels if level in listed]
    options += [None] if counts.get(None) else []
    found = state.filters().on(column.name)
    chosen: list[str | None] = []
    if isinstance(found, LevelFilter):
        chosen = [level for level in options if level in found.levels or (level is None and found.with_missing)]
        # Levels that a link names and no application has are kept, so that the empty cohort explains itself.
        unseen = [level for level in found.levels if level not in options]
        options, chosen = [*options, *unseen], [*chosen, *unseen]
    # As in dashboard/state.py, each filter's value is said twice.
    key = state.hold(WIDGET + column.name, chosen)
    # Levels that look alike are told apart: a choice is sent as its label.
    words = labels.distinct(
        {str(place): _worded_level(column, counts, level) for place, level in enumerate(options)}, "another"
    )
    st.multiselect(
        labels.plain(column.label),
        options,
        chosen,
        key=key,
        placeholder="All" if len(present) <= MOST_LEVELS else f"All; type any of {len(present):,} levels",
        format_func=dict(zip(options, words.values(), strict=True)).__getitem__,
        help=labels.plain(column.description) or None,
        accept_new_options=len(present) > MOST_LEVELS,
        on_change=partial(_take_levels, column, key),
    )
    render_problem(key)


def _worded_level(column: CohortColumn, counts: Mapping[str | None, int], level: str | None) -> str:
    return (
        f"{labels.gap(column) if level is None else labels.level(column, level)} ({labels.count(counts.get(level, 0))})"
    )


def _take_levels(column: CohortColumn, key: str) -> None:
    chosen: list[str | None] = st.session_state[key]
    typed = {labels.level(column, level): level for level in column.levels} | {level: level for level in column.levels}
    unknown = [level for level in chosen if level is not None and level not in typed]
    if unknown:
        refuse(key, f"“{unknown[0]}” is not one of its levels; check the spelling, capitals count.")
        return
    levels = tuple(sorted({typed[level] for level in chosen if level is not None}))
    condition = LevelFilter(column.name, levels, with_missing=None in chosen)
    put_condition(column.name, condition if chosen else None)


def _render_decisions() -> None:
    found = state.filters().on(DECISION)
    chosen = [kind.value for kind in found.kinds] if isinstance(found, DecisionFilter) else []
    key = state.hold(WIDGET + DECISION, chosen)
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


def _render_models() -> None:
    """Write what models decide on the cohort's rows; it is chosen on the page Compare."""
    found = state.filters().on(MODELS)
    if isinstance(found, ModelsFilter):
        st.caption(f"{labels.plain(word_decisions(found.decisions))}. Choose other rows on the page Compare.")


def _take_decisions(key: str) -> None:
    kinds = tuple(sorted(Decision(text) for text in st.session_state[key]))
    put_condition(DECISION, DecisionFilter(kinds) if kinds else None)
