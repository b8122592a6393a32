"""The swap set of two models: the four groups, what sets those swapped in apart, and their rows to open and export."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from dashboard import cache, state
from dashboard.cohort.filters import MODELS, ModelDecision, ModelsFilter
from dashboard.cohort.rows import first_columns, identity, row_columns
from dashboard.components.figure import render_tools
from dashboard.components.files import offer_file
from dashboard.components.findings import Goal, open_page
from dashboard.components.frame import View
from dashboard.components.row_files import parquet_of
from dashboard.components.row_table import worded
from dashboard.components.table import render_frame
from dashboard.metrics.counts import IntArray
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired_counts import ColumnApart
from dashboard.metrics.paired_swap import Swap, SwapGroup, SwapSet
from dashboard.visit import parameters
from dashboard.visit.visit import APPLICANT
from dashboard.words import labels
from dashboard.words.money import money
from data.files.spreadsheets import csv_of
from data.predictions.table import DERIVED_COLUMNS, PROBABILITY

GROUPS = {
    "Swapped in": Swap.IN,
    "Swapped out": Swap.OUT,
    "Approved by both": Swap.BOTH,
    "Approved by neither": Swap.NEITHER,
}
GROUP = parameters.choice("cmp.group", tuple(GROUPS))
_MOST_ROWS, _MOST_COLUMNS = 25, 12
_WORDS = {swap: words for words, swap in GROUPS.items()}


def render_swap(view: View, key: cache.Pair, swap: SwapSet, apart: Sequence[ColumnApart]) -> None:
    """Write the swap set of a pair of models, which of the columns are spread differently in it, and its rows."""
    names, currency = (key.one, key.two), view.definition.currency
    table = _tabulate(swap, names)
    render_frame(_worded(swap, names, currency), alt="Swap set", name="")
    render_tools("Swap set", table, key="compare.swap", method="Swap set", file_name="swap-set")
    # One below the other: beside each other, both tables would lose their last columns on most screens.
    _render_apart(view, apart)
    _render_members(view, key, swap)


def _worded(swap: SwapSet, names: tuple[str, str], currency: str) -> pl.DataFrame:
    groups = [swap.of(each) for each in GROUPS.values()]
    return pl.DataFrame(
        {
            "Decision": [_WORDS[group.swap] for group in groups],
            "Applications": [labels.count(group.n) for group in groups],
            "Share": [labels.brief_percent(group.n / swap.n) for group in groups],
            "Default rate": [_rate(group.default_rate) for group in groups],
            "Exposure": [_money(group.exposure, currency) for group in groups],
            f"Expected loss by {names[0]}": [_money(group.expected_loss[0], currency) for group in groups],
            f"Expected loss by {names[1]} ": [_money(group.expected_loss[1], currency) for group in groups],
            "Profit if approved": [_money(group.profit, currency, with_ends=True) for group in groups],
        }
    )


def _rate(rate: Estimate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return labels.NOT_DEFINED
    ends = labels.interval(labels.brief_percent(rate.low), labels.brief_percent(rate.high))
    return f"{labels.brief_percent(rate.value)} ({ends})"


def _money(found: Estimate, currency: str, *, with_ends: bool = False) -> str:
    if found.value is None or found.low is None or found.high is None or not with_ends:
        return money(found.value, currency)
    return f"{money(found.value, currency)} ({money(found.low, '')} to {money(found.high, '')})"


def _tabulate(swap: SwapSet, names: tuple[str, str]) -> dict[str, list[object]]:
    groups: list[SwapGroup] = [swap.of(each) for each in GROUPS.values()]
    return {
        "Decision": [_WORDS[group.swap] for group in groups],
        "Applications": [group.n for group in groups],
        "Without an outcome": [group.n_open for group in groups],
        "Defaults": [group.defaults for group in groups],
        "Default rate": [group.default_rate.value for group in groups],
        "Default rate, low": [group.default_rate.low for group in groups],
        "Default rate, high": [group.default_rate.high for group in groups],
        "Exposure": [group.exposure.value for group in groups],
        f"Expected loss by {names[0]}": [group.expected_loss[0].value for group in groups],
        f"Expected loss by {names[1]} ": [group.expected_loss[1].value for group in groups],
        "Observed loss": [group.observed_loss.value for group in groups],
        "Profit if approved": [group.profit.value for group in groups],
        "Profit, low": [group.profit.low for group in groups],
        "Profit, high": [group.profit.high for group in groups],
    }


def _render_apart(view: View, apart: Sequence[ColumnApart]) -> None:
    """Write which columns set those swapped in apart from those swapped out."""
    st.markdown("**What sets those swapped in apart from those swapped out**")
    known = [each for each in apart if each.stability.index.value is not None][:_MOST_COLUMNS]
    if not known:
        st.caption("Nobody is swapped in, or nobody out: there is nothing to set apart.")
        return
    titles = {column.name: labels.column_title(column) for column in view.predictions.cohort_columns}
    bins = cache.column_groups(view.dataset.of_champion).bins
    render_frame(
        {
            "Column": [titles.get(each.name, each.name) for each in known],
            "Index": [each.stability.index.value for each in known],
            "By chance up to": [each.stability.critical_95 for each in known],
            "More often among those in": [_more(each, bins[each.name].labels, of_in=True) for each in known],
            "More often among those out": [_more(each, bins[each.name].labels, of_in=False) for each in known],
        },
        alt="Columns by how differently those swapped in and out are spread over them",
        column_config={
            "Index": st.column_config.NumberColumn(format="%.3f"),
            "By chance up to": st.column_config.NumberColumn(format="%.3f"),
        },
    )


def _more(each: ColumnApart, names: Sequence[str], *, of_in: bool) -> str:
    """The group that holds most more of the ones than of the others."""
    found = each.stability
    gap = found.current_share - found.reference_share
    place = int(np.argmax(gap if of_in else -gap))
    shares = (found.current_share[place], found.reference_share[place])
    ends = [labels.percent(float(share), 0) for share in (shares if of_in else shares[::-1])]
    return f"{names[place]} ({ends[0]} against {ends[1]})"


def _render_members(view: View, key: cache.Pair, swap: SwapSet) -> None:
    """Write the rows of one of the groups, those on which the models differ most first, and files of all of them."""
    st.segmented_control("Rows of", required=True, **state.buttons_widget(GROUP))
    group = GROUPS[state.get(GROUP)]
    order = cache.swapped_rows(key, swap, group)
    if not order.size:
        st.caption("Nobody is in this group.")
        return
    _render_rows(view, key, order[:_MOST_ROWS])
    st.caption(
        f"{labels.plural(min(order.size, _MOST_ROWS), 'application')} of {labels.count(order.size)}, those whose PDs "
        "differ most first. Select a row to open the applicant in the side panel."
    )
    with st.container(horizontal=True, gap="small", key="compare-rows"):
        if st.button(
            f"Open {labels.plural(order.size, 'row')} as a cohort",
            key="compare.rows.open",
            icon=":material/groups:",
            help="Show these rows on every page, the list of applications first, until you remove the filter",
        ):
            _open_as_cohort(key, swap, group)
        for kind, mime, write in (
            ("CSV", "text/csv", csv_of),
            ("Parquet", "application/vnd.apache.parquet", parquet_of),
        ):
            offer_file(
                f"All as {kind}",
                partial(_file, view.dataset, key, order, write),
                f"{group.value}.{kind.lower()}",
                mime,
                what="swap set",
                facts={"rows": int(order.size)},
                key=f"compare.rows.{kind.lower()}",
            )


def _render_rows(view: View, key: cache.Pair, rows: IntArray) -> None:
    whole = cache.predictions(view.dataset.of_champion)
    own = identity(whole)
    columns = row_columns(whole, view.definition.currency)
    named = [name for name in first_columns(whole, view.definition) if name in whole.frame.columns][:4]
    drawn = (
        whole.frame[rows]
        if own.name in whole.frame.columns
        else whole.frame[rows].with_columns(pl.Series(own.name, rows + 1))
    )
    numbers = tuple(map(str, drawn[own.name].to_list()))
    table = {
        own.label: worded(own, drawn[own.name]),
        **{
            f"PD by {name}": pl.Series(
                [labels.percent(float(pd)) for pd in cache.scored_by(key.shown, name).ranked.pd[rows]]
            )
            for name in (key.one, key.two)
        },
        **{
            labels.column_title(columns[name]): worded(columns[name], drawn[name])
            for name in named
            if name != PROBABILITY
        },
    }
    can_choose = cache.applicants(view.dataset).path is not None
    name = f"compare.rows.{hash((key, numbers)) & 0xFFFFFFFF:08x}"
    options: dict[str, Any] = {}
    if can_choose:
        options = {"on_select": partial(_open, name, numbers), "selection_mode": "single-row", "key": name}
    render_frame(pl.DataFrame(table), alt="Applications on which the models differ", name="", **options)


def _open_as_cohort(key: cache.Pair, swap: SwapSet, group: Swap) -> None:
    """Narrow the cohort by what both models decide on the rows of a group, and list them."""
    decisions = decisions_of(group, (key.one, key.two), swap.cutoffs)
    held = state.filters().on(MODELS)
    chosen = held if isinstance(held, ModelsFilter) else ModelsFilter(())
    state.add_condition(chosen.narrowed(decisions))
    open_page(Goal("Applications", "applications", {}))


def decisions_of(
    group: Swap, names: tuple[str, str], cutoffs: tuple[float, float]
) -> tuple[ModelDecision, ModelDecision]:
    """What both models decide on the rows of a group of a swap set, the model in force first."""
    is_declined = group in (Swap.IN, Swap.NEITHER), group in (Swap.OUT, Swap.NEITHER)
    one, two = (ModelDecision(*each) for each in zip(names, cutoffs, is_declined, strict=True))
    return one, two


def _open(name: str, numbers: tuple[str, ...]) -> None:
    rows = st.session_state[name]["selection"]["rows"]
    state.put({APPLICANT: numbers[rows[0]] if rows else ""})


def _file(dataset: cache.Dataset, key: cache.Pair, rows: IntArray, write: Any) -> bytes:
    whole = cache.predictions(dataset.of_champion)
    table = whole.frame[rows].drop(*DERIVED_COLUMNS, PROBABILITY, strict=False)
    pds = [pl.Series(f"pd_{name}", cache.scored_by(key.shown, name).ranked.pd[rows]) for name in (key.one, key.two)]
    content: bytes = write(table.with_columns(pds))
    return content
