"""The bar that cuts a cohort out of the portfolio, and the cutoff that goes with it."""

from __future__ import annotations

import math
from functools import partial

import streamlit as st

from dashboard import labels, state
from dashboard.filters import Condition, Filters, LevelFilter, RangeFilter
from data.predictions import PROBABILITY, CohortColumn, CohortKind, Predictions
from inference.decision import COST_OF_DECLINED_GOOD, COST_OF_MISSED_DEFAULT, DEFAULT_CUTOFF

SHOWN_FIRST = ("NAME_CONTRACT_TYPE", "NAME_INCOME_TYPE", "DAYS_BIRTH")
MOST_LEVELS = 60
_SHORTEST_SCALE = 15.0


def chosen_columns(predictions: Predictions) -> tuple[CohortColumn, ...]:
    """The three columns that the bar offers: the usual ones where they are there, else the file's first ones."""
    by_name = {column.name: column for column in predictions.cohort_columns if _can_filter(column)}
    usual = [by_name.pop(name) for name in SHOWN_FIRST if name in by_name]
    # Of a file that is not known, its levels say more about a cohort than its numbers, among which are row numbers.
    others = sorted(by_name.values(), key=lambda column: column.kind is CohortKind.RANGE)
    return tuple([*usual, *others][:3])


def _can_filter(column: CohortColumn) -> bool:
    if column.kind is CohortKind.LEVELS:
        return 1 < len(column.levels) <= MOST_LEVELS
    return column.minimum is not None and column.maximum is not None and column.minimum < column.maximum


def render_filter_bar(predictions: Predictions) -> Filters:
    """Write the filters and the cutoff in one row, and return the cohort they select."""
    columns = chosen_columns(predictions)
    cells = st.columns([1] * len(columns) + [1.1], gap="medium")
    conditions = []
    for cell, column in zip(cells, columns, strict=False):
        with cell:
            condition = _render_levels(column) if column.kind is CohortKind.LEVELS else _render_range(column)
        if condition is not None:
            conditions.append(condition)
    with cells[-1]:
        _render_cutoff(predictions)
    return Filters.of(conditions)


def _render_levels(column: CohortColumn) -> Condition | None:
    chosen = st.multiselect(
        labels.plain(column.label), column.levels, key=state.filter_key(column.name), bind="query-params",
        placeholder="All", format_func=partial(labels.level, column.name), help=column.description or None,
    )  # fmt: skip
    return LevelFilter(column.name, tuple(sorted(chosen))) if chosen else None


def _render_range(column: CohortColumn) -> Condition | None:
    in_years = labels.is_in_years(column)
    low, high = _ends(column, in_years=in_years)
    chosen = st.slider(
        f"{labels.plain(column.label)} (years)" if in_years else labels.plain(column.label), low, high, (low, high),
        key=state.filter_key(column.name), bind="query-params", help=column.description or None,
    )  # fmt: skip
    if chosen == (low, high):
        return None
    if in_years:
        return RangeFilter(column.name, labels.days(chosen[1]), labels.days(chosen[0]))
    return RangeFilter(column.name, float(chosen[0]), float(chosen[1]))


def _ends(column: CohortColumn, *, in_years: bool) -> tuple[int, int] | tuple[float, float]:
    low, high = float(column.minimum or 0), float(column.maximum or 0)
    if in_years:
        low, high = labels.years(high), labels.years(low)
    # Whole ends where the range allows it: a slider from 20 to 70 reads better than one from 20.504 to 69.121.
    return (math.floor(low), math.ceil(high)) if high - low >= 2 else (low, high)


def _render_cutoff(predictions: Predictions) -> None:
    highest = float(predictions.frame[PROBABILITY].to_numpy().max())
    # The scale ends where PDs do, on a round number, but never short of the usual cutoff.
    top = max(_SHORTEST_SCALE, 5.0 * math.ceil(20 * highest))
    st.slider(
        "Cutoff (PD)", 0.0, top, 100 * DEFAULT_CUTOFF, 0.01, format="%.2f %%", key=state.CUTOFF,
        bind="query-params",
        help="Applications whose PD is at or above the cutoff are declined. "
        f"{labels.percent(DEFAULT_CUTOFF)} is best on calibrated PDs when a missed default costs "
        f"{COST_OF_MISSED_DEFAULT / COST_OF_DECLINED_GOOD:g} times as much as a declined good applicant.",
    )  # fmt: skip


def _defaults(predictions: Predictions) -> dict[str, object]:
    """What each filter's widget holds when it filters nothing, by session key."""
    return {
        state.filter_key(column.name): []
        if column.kind is CohortKind.LEVELS
        else _ends(column, in_years=labels.is_in_years(column))
        for column in chosen_columns(predictions)
    }


def render_cohort_line(predictions: Predictions, n_cohort: int, n_defaults: int, *, is_filtered: bool) -> None:
    """Write how much of the portfolio the cohort is, with a way back to the whole."""
    n_portfolio = predictions.frame.height
    share = n_cohort / n_portfolio
    worded = "less than 0.1 %" if 0 < share < 0.001 else labels.percent(share, 1)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{labels.count(n_cohort)}** of {labels.count(n_portfolio)} applications ({worded}), "
            f"**{labels.plural(n_defaults, 'default')}**"
        )
        st.button(
            "Reset filters", on_click=state.put, args=(_defaults(predictions),), disabled=not is_filtered,
            icon=":material/undo:",
        )  # fmt: skip
