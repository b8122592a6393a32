"""The cohort's applications, one a row: sorted, searched and cut into pages by the server, and the whole as a file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import partial
from urllib.parse import quote, unquote

import streamlit as st

from dashboard import cache, journal, state
from dashboard.cohort.rows import (
    DECISION,
    Search,
    Slice,
    Sort,
    first_columns,
    identity,
    row_columns,
    sliced,
    take_slice,
)
from dashboard.components.files import offer_file
from dashboard.components.frame import View
from dashboard.components.row_files import csv_file, parquet_file
from dashboard.components.row_table import RowTable, render_row_table
from dashboard.visit import parameters
from dashboard.visit.visit import APPLICANT
from dashboard.words import labels
from data.predictions.table import PROBABILITY, CohortColumn, CohortKind

FALLING, RISING = "falling", "rising"
SORT = parameters.text("app.sort", PROBABILITY)
ORDER = parameters.choice("app.order", (FALLING, RISING))
SEARCH = parameters.text("app.search", longest=60)
COLUMNS = parameters.text("app.columns", longest=3_000)
SIZE = parameters.choice("app.size", ("25", "50", "100"))
PAGE = parameters.whole("app.page", 1, low=1, high=1_000_000_000)
# The cohort in which the page was turned: in another one, the same number is another place.
PAGE_OF = parameters.text("app.of", longest=8)
FIRST_PAGE = {PAGE: 1}

_CHOOSER, _NUMBER = "applications.columns", "applications.page"
_FILES = (("CSV", "text/csv", csv_file), ("Parquet", "application/vnd.apache.parquet", parquet_file))
Columns = dict[str, CohortColumn]


def render(view: View) -> None:
    """Write the page for `view`."""
    columns = row_columns(view.predictions, view.definition.currency, view.cohort.filters.models)
    state.check(SORT, {identity(view.predictions).name, *columns}, "column")
    names = _shown(view, columns)
    sort = Sort(state.get(SORT), state.get(ORDER) == RISING)
    _render_controls(view, columns, names, sort)
    order = cache.row_order(view.dataset, view.cohort.filters, sort, _search(columns, names))
    page = take_slice(order, _number(view), int(state.get(SIZE)))
    if page.n_rows:
        _render_pager(page)
        _render_rows(view, [identity(view.predictions), *(columns[name] for name in names)], sort, page)
    else:
        _render_nothing_found()
    if view.against is not None:
        name = labels.plain(view.against.name)
        st.caption(f"These are the cohort's own applications: rows are not set against those of {name}.")
    _render_downloads(view)


def _shown(view: View, columns: Columns) -> tuple[str, ...]:
    named = [unquote(text) for text in state.get(COLUMNS).split(",") if text]
    unknown = [name for name in named if name not in columns]
    if unknown:
        known = _listed(name for name in named if name in columns)
        state.correct(COLUMNS, known, f"There is no column {unknown[0][:40]}.")
    return tuple(dict.fromkeys(named)) or _usual(view)


def _usual(view: View) -> tuple[str, ...]:
    return first_columns(view.predictions, view.definition, view.cohort.filters.models)


def _listed(names: Iterable[str]) -> str:
    return ",".join(quote(name, safe="") for name in names)


def _search(columns: Columns, names: tuple[str, ...]) -> Search | None:
    text = state.get(SEARCH).strip()
    searched = tuple(name for name in names if columns[name].kind is CohortKind.LEVELS and name != DECISION)
    return Search(text, searched) if text else None


def _number(view: View) -> int:
    """The number of the page asked for; the first one when it was asked for in another cohort."""
    own = f"{zlib.crc32(repr(view.cohort.filters).encode()):08x}"
    if state.get(PAGE_OF) not in ("", own):
        state.settle({PAGE: 1})
    # Beside the first page, nothing has to be remembered.
    wanted = "" if state.get(PAGE) == 1 else own
    if state.get(PAGE_OF) != wanted:
        state.settle({PAGE_OF: wanted})
    return state.get(PAGE)


def _render_controls(view: View, columns: Columns, names: tuple[str, ...], sort: Sort) -> None:
    own = identity(view.predictions)
    sortable = {own.name: own, **columns}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="applications.controls"):
        st.text_input(
            f"Find by {own.label.lower()} number or word",
            max_chars=60,
            width=255,
            icon=":material/search:",
            placeholder="Number or word",
            **state.value_widget(SEARCH, also=FIRST_PAGE),
            help="The beginning of a number, or a part of what one of the columns shown says in words.",
        )
        titles = labels.distinct({name: column.label for name, column in sortable.items()})
        st.selectbox(
            "Sort by",
            format_func=titles.__getitem__,
            width=200,
            **state.select_widget(SORT, list(sortable), also=FIRST_PAGE),
        )
        words = _direction_words(sortable[sort.column])
        st.segmented_control(
            "Order", format_func=words.__getitem__, required=True, **state.buttons_widget(ORDER, also=FIRST_PAGE)
        )
        _render_chooser(view, columns, names)


def _direction_words(column: CohortColumn) -> dict[str, str]:
    if column.kind is CohortKind.LEVELS:
        return {FALLING: "Descending", RISING: "Ascending"}
    return {FALLING: "Highest first", RISING: "Lowest first"}


def _render_chooser(view: View, columns: Columns, names: tuple[str, ...]) -> None:
    label = f"Columns ({len(names)})"
    box = st.popover(label, icon=":material/view_column:", key="applications.chooser", on_change="rerun")
    if box.open:
        with box, st.container(width=460):
            titles = labels.distinct({name: labels.column_title(column) for name, column in columns.items()})
            st.multiselect(
                "Columns, in the order shown",
                list(columns),
                list(names),
                key=state.hold(_CHOOSER, list(names)),
                on_change=_take_columns,
                format_func=titles.__getitem__,
                args=(_usual(view),),
            )
            st.button(
                "Back to the usual columns",
                on_click=state.put,
                args=({COLUMNS: ""},),
                icon=":material/undo:",
                type="tertiary",
                disabled=not state.get(COLUMNS),
            )


def _take_columns(usual: tuple[str, ...]) -> None:
    chosen = tuple(st.session_state[_CHOOSER])
    text = "" if chosen == usual else _listed(chosen)
    # What a link could not carry is not taken over; the chooser then shows what is.
    if len(text) <= 3_000:
        state.put({COLUMNS: text})


def _render_rows(view: View, shown: list[CohortColumn], sort: Sort, page: Slice) -> None:
    drawn = sliced(view.predictions, page.positions, [column.name for column in shown], view.cutoff)
    numbers = tuple(map(str, drawn[shown[0].name].to_list()))
    can_choose = cache.applicants(view.dataset).path is not None
    open_one = state.get(APPLICANT).strip()
    chosen = numbers.index(open_one) if can_choose and open_one in numbers else None
    render_row_table(
        RowTable(drawn, tuple(shown), sort, chosen, can_choose),
        on_sort=partial(_sort_by, sort),
        on_choose=partial(_choose, numbers),
    )
    hint = "Select a row to open the applicant in the side panel."
    if not can_choose:
        hint = f"Rows cannot be opened. {cache.applicants(view.dataset).reason}"
    st.caption(f"{labels.plain(hint)} A click on a header sorts the whole cohort by it; – stands for no value.")


def _sort_by(sort: Sort, name: str) -> None:
    is_rising = not sort.is_rising if name == sort.column else False
    state.put({SORT: name, ORDER: RISING if is_rising else FALLING, PAGE: 1})


def _choose(numbers: tuple[str, ...], place: int | None) -> None:
    state.put({APPLICANT: "" if place is None else numbers[place]})


def _render_pager(page: Slice) -> None:
    first, last = page.start + 1, page.start + page.positions.size
    shown = (
        f"Row **{labels.count(first)}**" if first == last else f"Rows **{labels.count(first)}–{labels.count(last)}**"
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="applications.pager"):
        st.markdown(f"{shown} of {labels.count(page.n_rows)}", width="stretch")
        st.button(
            "Previous",
            on_click=state.put,
            args=({PAGE: page.number - 1},),
            disabled=page.number == 1,
            icon=":material/chevron_left:",
        )
        st.number_input(
            "Page",
            1,
            page.n_pages,
            page.number,
            key=state.hold(_NUMBER, page.number),
            on_change=_turn,
            width=105,
            label_visibility="collapsed",
        )
        st.markdown(f"of {labels.count(page.n_pages)}", width="content")
        st.button(
            "Next",
            on_click=state.put,
            args=({PAGE: page.number + 1},),
            disabled=page.number == page.n_pages,
            icon=":material/chevron_right:",
            icon_position="right",
        )
        st.selectbox(
            "Rows a page",
            width=150,
            label_visibility="collapsed",
            format_func=lambda size: f"{size} rows a page",
            **state.select_widget(SIZE, also=FIRST_PAGE),
        )


def _turn() -> None:
    state.put({PAGE: st.session_state[_NUMBER]})


def _render_nothing_found() -> None:
    st.info(
        f"No application of the cohort is found by “{labels.plain(state.get(SEARCH))}”. Type the beginning of a "
        "number, or a part of what one of the columns shown says.",
        icon=":material/search_off:",
    )


def _render_downloads(view: View) -> None:
    filters = view.cohort.filters
    cohort = (view.predictions, filters, view.cutoff)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="applications.files"):
        for kind, mime, write in _FILES:
            offer_file(
                f"Cohort as {kind}",
                partial(write, *cohort),
                f"applications.{kind.lower()}",
                mime,
                key=f"applications.{kind.lower()}",
                what="cohort",
                facts={"rows": view.counts.n_applications, "cohort": journal.key_of(repr(filters) if filters else "")},
            )
        has_days = any(labels.scale(column).unit == "years" for column in view.predictions.cohort_columns)
        stored = "as it is stored (days, not years)" if has_days else "as it is stored"
        models = view.cohort.filters.models
        more = f", the PDs by {labels.plain(' and '.join(models))}" if models else ""
        st.caption(
            f"The cohort's {labels.plural(view.counts.n_applications, 'application')} with every stored column, "
            f"{stored}{more}, and the decision at {labels.cutoff_percent(view.cutoff, 2)}."
        )
