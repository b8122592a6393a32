"""Report: tick figures and charts of the cohort, put them in order with paragraphs between, and take them away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from dashboard import state
from dashboard.cohort.filters import Filters
from dashboard.components.frame import View
from dashboard.components.report_making import begin_report, offer_report, render_making
from dashboard.components.saved_reports import render_saved_reports, render_saving
from dashboard.report.conditions import read_conditions
from dashboard.report.parts import CARDS, CHARTS
from dashboard.report.recipe import (
    ASSUMPTIONS,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_PARTS,
    PORTFOLIO,
    REST,
    USUAL_COLUMNS,
    Kind,
    Part,
    Recipe,
    conditions_of,
    read_template,
)
from dashboard.visit.links import Cohort
from dashboard.visit.visit import AGAINST, COHORTS, CUTOFF, WHOLE
from dashboard.visit.visit import REST as REST_NAME
from dashboard.words import labels
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.table import Predictions

_TEMPLATES = {"monthly": "Monthly committee paper", "validation": "Model validation"}
_EMPTY, _EMPTY_TITLE = "empty", "Report"
_PARTS, _TITLE, _PICKED, _TEXT = "report.parts", "report.title", "report.picked", "report.text"
_START, _TICKS, _AGAIN = "report.start", "report.ticks", "report.make_again"
_COMPARED = "Cohort of the recipe"


def render(view: View) -> None:
    """Write the page for `view`."""
    if _PARTS not in st.session_state:
        _take(read_template(next(iter(_TEMPLATES)), view.definition))
    # Widgets of a page that was left forget what they showed; this outlives them.
    st.session_state[_TITLE] = st.session_state.get(_TITLE, _EMPTY_TITLE)
    choice, outline = st.columns([1, 1], gap="large")
    with choice:
        _render_start(view)
        _render_ticks(view)
    with outline:
        st.text_input("Title", key=_TITLE, max_chars=LONGEST_TITLE)
        _render_files(view)
        _render_outline(view)


def _parts() -> list[Part]:
    return list(st.session_state[_PARTS])


def _put(parts: Sequence[Part], picked: int | None = None) -> None:
    st.session_state[_PARTS] = tuple(parts[:MOST_PARTS])
    if picked is not None:
        st.session_state[_PICKED] = picked


def _take(recipe: Recipe) -> None:
    _put(recipe.parts, 0)
    st.session_state[_TITLE] = recipe.title


def start_from(template: str, definition: Definition) -> None:
    """Put the parts of a template in place of those on the page."""
    _take(read_template(template, definition))


def _render_start(view: View) -> None:
    words = {**_TEMPLATES, _EMPTY: "Empty"}
    st.segmented_control(
        "Start from",
        list(words),
        format_func=words.__getitem__,
        key=_START,
        on_change=_start,
        args=(view.definition,),
        width="content",
    )
    render_saved_reports(view.definition, show=partial(_show, view.predictions, view.definition), again=_again)


def _start(definition: Definition) -> None:
    chosen = st.session_state[_START]
    if chosen == _EMPTY:
        _take(Recipe(_EMPTY_TITLE, ()))
    elif chosen is not None:
        _take(read_template(chosen, definition))


def _again(recipe: Recipe) -> None:
    # The run that follows has the view that a report is made of.
    st.session_state[_AGAIN] = recipe


def _show(predictions: Predictions, definition: Definition, recipe: Recipe) -> None:
    """Show `recipe`, and the cohort, comparison, cutoff and assumptions that it names."""
    try:
        own = read_conditions(recipe.where, predictions.filter_columns, definition, "where")
        named = recipe.against not in ((), REST, PORTFOLIO)
        other = read_conditions(recipe.against if named else (), predictions.filter_columns, definition, "against")
    except ScoreroomError as error:
        state.notify([str(error)], is_refusal=True)
        return
    _take(recipe)
    state.set_filters(own)
    if named:
        state.keep(COHORTS, [Cohort(_COMPARED, other)])
    fixed: dict[tuple[str, ...], str] = {REST: REST_NAME, PORTFOLIO: WHOLE}
    against = _COMPARED if named else fixed.get(recipe.against, AGAINST.default)
    given = dict(recipe.assumptions)
    assumed: dict[Any, Any] = {each: given.get(name, each.default) for name, each in ASSUMPTIONS.items()}
    state.put({**assumed, CUTOFF: round(100 * recipe.cutoff, 4), AGAINST: against})


def _render_ticks(view: View) -> None:
    """Write what there is as things to tick, by page; a tick adds to the end of the report."""
    groups: dict[str, list[Part]] = {"Tables of figures": [Part(Kind.CARDS, name) for name in CARDS]}
    for name, chart in CHARTS.items():
        groups.setdefault(f"Charts: {chart.group}", []).append(Part(Kind.CHART, name))
    groups["Segments"] = [Part(Kind.SEGMENTS, name) for name in (USUAL_COLUMNS, *view.usual_segments)]
    held = set(_parts())
    for group, offered in groups.items():
        ticked = [part for part in offered if part in held]
        st.pills(
            group,
            offered,
            selection_mode="multi",
            wrap=True,
            format_func=partial(_word, view.predictions),
            key=state.hold(f"{_TICKS}.{group}", ticked),
            on_change=_tick,
            args=(f"{_TICKS}.{group}", tuple(offered)),
        )


def _tick(key: str, offered: tuple[Part, ...]) -> None:
    wanted, parts = st.session_state[key], _parts()
    kept = [part for part in parts if part not in offered or part in wanted]
    kept += [part for part in wanted if part not in kept]
    _put(kept, max(len(kept) - 1, 0))


def _word(predictions: Predictions, part: Part) -> str:
    match part.kind:
        case Kind.CHART:
            return CHARTS[part.value].label
        case Kind.CARDS:
            return CARDS[part.value].label
        case Kind.SEGMENTS:
            titles = {column.name: labels.column_title(column) for column in predictions.cohort_columns}
            return "The usual columns" if part.value == USUAL_COLUMNS else titles.get(part.value, part.value)
        case Kind.HEADING | Kind.TEXT:
            flat = " ".join(part.value.split())
            return flat if len(flat) <= 60 else f"{flat[:59]}…"


def _titled(predictions: Predictions, part: Part) -> str:
    return f"{_KINDS[part.kind]} · {_word(predictions, part)}"


_KINDS = {
    Kind.HEADING: "Heading",
    Kind.TEXT: "Paragraph",
    Kind.CARDS: "Table",
    Kind.CHART: "Chart",
    Kind.SEGMENTS: "Segments",
}


def _render_outline(view: View) -> None:
    parts = _parts()
    if parts:
        picked = min(st.session_state.get(_PICKED, 0), len(parts) - 1)
        st.session_state[_PICKED] = picked
        with st.container(height=340, border=True):
            st.radio(
                "In this order",
                list(range(len(parts))),
                format_func=[
                    labels.plain(f"{n}: {_titled(view.predictions, part)}") for n, part in enumerate(parts, 1)
                ].__getitem__,
                key=_PICKED,
            )
        with st.container(horizontal=True, gap="small"):
            _offer("Up", ":material/arrow_upward:", partial(_move, -1), disabled=picked == 0)
            _offer("Down", ":material/arrow_downward:", partial(_move, 1), disabled=picked == len(parts) - 1)
            _offer("Remove", ":material/delete:", _remove)
    else:
        st.info("Nothing in it yet. Tick what it should hold.", icon=":material/checklist:")
    st.text_area("Text to put in, after the part that is marked", key=_TEXT, max_chars=LONGEST_TEXT, height=100)
    with st.container(horizontal=True, gap="small"):
        _offer("Add as paragraph", ":material/notes:", partial(_add, Kind.TEXT))
        _offer("Add as heading", ":material/title:", partial(_add, Kind.HEADING))


def _offer(label: str, icon: str, act: Callable[[], None], *, disabled: bool = False) -> None:
    st.button(label, key=f"report.{label}", icon=icon, on_click=act, disabled=disabled)


def _move(by: int) -> None:
    parts, place = _parts(), st.session_state[_PICKED]
    to = min(max(place + by, 0), len(parts) - 1)
    parts[place], parts[to] = parts[to], parts[place]
    _put(parts, to)


def _remove() -> None:
    parts, place = _parts(), st.session_state[_PICKED]
    del parts[place]
    _put(parts, max(min(place, len(parts) - 1), 0))


def _add(kind: Kind) -> None:
    text = st.session_state[_TEXT].strip()
    if not text:
        return
    parts = _parts()
    place = st.session_state.get(_PICKED, -1) + 1 if parts else 0
    longest = LONGEST_TITLE if kind is Kind.HEADING else LONGEST_TEXT
    _put([*parts[:place], Part(kind, text[:longest].rstrip()), *parts[place:]], place)
    st.session_state[_TEXT] = ""


def _render_files(view: View) -> None:
    # A report is on one model.
    parts, other = _parts(), None if view.beside else view.against_counts
    again = st.session_state.pop(_AGAIN, None)
    if again is not None:
        begin_report(again, view, anew=True)
    if other is not None and not other.n_applications:
        st.info("The cohort is compared with one that holds no applications; choose another.", icon=":material/info:")
        render_making()
        return
    title = st.session_state[_TITLE].strip() or _EMPTY_TITLE
    recipe = _recipe(view, title, tuple(parts))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        offer_report(recipe, view, disabled=not parts)
        render_saving(
            recipe, view.definition, show=partial(_show, view.predictions, view.definition), disabled=not parts
        )
    render_making()
    if view.beside is not None:
        st.caption("A report is on one model: the comparison with another one is left out. See Compare.")
    st.caption(
        "Of the cohort, comparison and cutoff above. Saved, the same report is made again in one click. One "
        "applicant's paper is on the applicant's page, under Record."
    )


def _recipe(view: View, title: str, parts: tuple[Part, ...]) -> Recipe:
    shown = {name: state.get(parameter) for name, parameter in ASSUMPTIONS.items()}
    changed = {name: value for name, value in shown.items() if value != ASSUMPTIONS[name].default}
    own, against = view.cohort.filters, None if view.beside else view.against
    return Recipe(
        title,
        parts,
        conditions_of(own),
        _against(own, against),
        view.cutoff,
        tuple(sorted(changed.items())),
    )


def _against(own: Filters, against: Cohort | None) -> tuple[str, ...]:
    if against is None:
        return ()
    if against.filters == own.rest():
        return REST
    return conditions_of(against.filters) if against.filters else PORTFOLIO
