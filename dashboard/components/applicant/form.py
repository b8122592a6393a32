"""The applicant's values to be changed: the fields that matter first, in groups; every change is scored at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from dashboard import state
from dashboard.components.applicant.view import ApplicantView, main_fields
from dashboard.components.filter_bar import MORE, OWN_BUTTON
from dashboard.visit.drafts import Draft, make_edits
from dashboard.visit.visit import EDITS
from dashboard.words import labels
from dashboard.words.field_ranges import shown_factor
from dashboard.words.field_words import word_field
from dashboard.words.value_labels import NO_YES
from data import schema
from data.definition.columns import Column, Kind, Unit
from inference.features.feature_list import FEATURES
from inference.values import Value, ValueFault, check_value

_FIELD = "form."
_PER_ROW = 2
_FLAGS = ("0", "1")
# No level is called so.
_NO_VALUE = ""
# Steps of the buttons beside a number.
_STEPS = {Unit.CURRENCY: 10_000.0, Unit.CURRENCY_PER_YEAR: 10_000.0, Unit.SHARE: 0.05, Unit.DAYS_BEFORE: 1.0}


def render_form(view: ApplicantView) -> None:
    """Write the form."""
    main = [schema.column(name) for name in main_fields()]
    others = [schema.column(name) for name in FEATURES.sources if schema.column(name) not in main]
    with st.container(key="applicant-form"):
        _render_head(view)
        _render_groups(view, main, "main")
        box = st.expander(f"All other fields of the model ({len(others)})", key="form-others", on_change="rerun")
        if box.open:
            with box:
                _render_groups(view, others, "others")
        _render_unused(view)


def _render_head(view: ApplicantView) -> None:
    n_changed = len(view.changed)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        changed = f" · {labels.plural(n_changed, 'change')}" if n_changed else ""
        st.markdown(f"**Values**{changed}", width="stretch")
        where = "the typical values" if view.draft.identifier is None else "the file's values"
        st.button(
            f"Back to {where}", on_click=state.put_draft, args=(Draft(view.draft.applicant),), icon=":material/undo:",
            type="tertiary", disabled=not n_changed,
        )  # fmt: skip


def grouped(columns: Iterable[Column]) -> dict[str, list[Column]]:
    """The columns under the headings of the filter bar, in its order."""
    groups: dict[str, list[Column]] = {name: [] for name in (*OWN_BUTTON, MORE)}
    for column in columns:
        groups[column.group if column.group in OWN_BUTTON else MORE].append(column)
    return {name: found for name, found in groups.items() if found}


def _render_groups(view: ApplicantView, columns: Sequence[Column], name: str) -> None:
    for group, found in grouped(columns).items():
        st.caption(group)
        for start in range(0, len(found), _PER_ROW):
            cells = st.columns(_PER_ROW, gap="small")
            for cell, column in zip(cells, found[start : start + _PER_ROW], strict=False):
                with cell, st.container(gap="xsmall"):
                    _render_field(view, column)
    _render_missing(view, columns, name)


def _render_field(view: ApplicantView, column: Column) -> None:
    if column.kind is Kind.NUMERIC:
        _render_number(view, column)
    else:
        _render_choice(view, column)
    value = view.values.get(column.name)
    if column.name in view.changed:
        before = view.base.get(column.name)
        st.button(
            labels.plain(word_field(column, before)), key=f"undo.{column.name}", type="tertiary",
            icon=":material/undo:", help="Changed; back to this value", on_click=_take,
            args=(view, column.name, before),
        )  # fmt: skip
    # What a referred application lacks is said once, in the referral.
    is_told = value is None and bool(view.referral)
    if not is_told and not view.facts[column.name].has_seen(column, value):
        st.caption(f":orange[{_unseen_words(view, column, value)}]")


def _unseen_words(view: ApplicantView, column: Column, value: Value) -> str:
    facts = view.facts[column.name]
    if value is None:
        return "Never missing in training"
    if facts.low is None or facts.high is None or isinstance(value, str):
        return "Never seen in training"
    ends = sorted((facts.low, facts.high), key=lambda end: end * shown_factor(column))
    low, high = (labels.plain(word_field(column, int(end) if column.dtype.is_integer() else end)) for end in ends)
    return f"Outside what training saw: {low} to {high}"


def shown_number(column: Column, value: Value) -> float | int | None:
    """A stored number as the form shows it; None where it is missing, or a sentinel."""
    if value is None or isinstance(value, str) or value == column.sentinel:
        return None
    if column.unit is Unit.DAYS_BEFORE:
        # Zero days are no negative years.
        return round(value * shown_factor(column), 2) + 0.0
    return int(value) if column.dtype.is_integer() else float(value)


def stored_number(column: Column, shown: float | None) -> Value:
    """What is stored for a number of the form.

    Raises:
        ValueFault: the column cannot hold it.
    """
    if shown is None:
        return None
    value = shown / shown_factor(column)
    return check_value(schema.DEFINITION, column.name, round(value) if column.unit is Unit.DAYS_BEFORE else value)


def _word_ends(column: Column) -> str:
    """The smallest and largest number that the form takes, in words."""
    low, high = sorted((end or 0.0) * shown_factor(column) for end in (column.minimum, column.maximum))
    unit = " years" if column.unit is Unit.DAYS_BEFORE else ""
    return f"{labels.amount(low + 0.0)} to {labels.amount(high)}{unit}"


def _decimals(column: Column, shown: float | None) -> int:
    """How many decimals the form shows of a number that is not whole by nature."""
    if column.unit is Unit.SHARE:
        return 4
    is_amount = column.unit in (Unit.CURRENCY, Unit.CURRENCY_PER_YEAR)
    return 0 if is_amount and (shown is None or float(shown).is_integer()) else 2


def _render_number(view: ApplicantView, column: Column) -> None:
    value = view.values.get(column.name)
    shown = shown_number(column, value)
    is_sentinel = column.sentinel is not None and value == column.sentinel
    is_whole = column.dtype.is_integer() and column.unit is not Unit.DAYS_BEFORE
    key = state.hold(_FIELD + column.name, shown)
    # Without ends of its own: what lies beyond them is answered in a sentence, and the box says what is scored.
    st.number_input(
        _title(column), value=shown, step=1 if is_whole else _STEPS.get(column.unit, 1.0),
        format=None if is_whole else f"%.{_decimals(column, shown)}f", key=key, help=_help(column),
        disabled=is_sentinel, placeholder=labels.NOT_DEFINED if is_sentinel else labels.MISSING,
        on_change=_take_number, args=(view, column, key),
    )  # fmt: skip
    if column.sentinel is not None:
        box = state.hold(f"{_FIELD}~{column.name}", is_sentinel)
        st.checkbox(
            column.sentinel_meaning.capitalize(), is_sentinel, key=box, on_change=_take_sentinel,
            args=(view, column, box),
        )  # fmt: skip


def _title(column: Column) -> str:
    return labels.plain(f"{column.label} (years)" if column.unit is Unit.DAYS_BEFORE else column.label)


def _help(column: Column) -> str:
    unit = "years before the application" if column.unit is Unit.DAYS_BEFORE else column.unit.value
    told = f" {unit[:1].upper()}{unit[1:]}." if unit else ""
    if column.kind is Kind.NUMERIC:
        told += f" Holds {_word_ends(column)}. Not known? Add it under “Without a value”."
    return labels.plain(f"{column.description}{told}")


def _take_number(view: ApplicantView, column: Column, key: str) -> None:
    shown, base = st.session_state[key], view.base.get(column.name)
    if _looks_like(column, shown, shown_number(column, base)):
        _take(view, column.name, base)
        return
    try:
        _take(view, column.name, stored_number(column, shown))
    except ValueFault:
        state.notify([f"{column.label} cannot be {shown:,.10g}: it holds {_word_ends(column)}."])


def _looks_like(column: Column, shown: float | None, own: float | None) -> bool:
    """Whether a number is `own` as far as the form shows it: rounding is nobody's change."""
    if shown is None or own is None:
        return shown is own
    digits = _decimals(column, own)
    return f"{shown:.{digits}f}" == f"{own:.{digits}f}"


def _take_sentinel(view: ApplicantView, column: Column, key: str) -> None:
    if st.session_state[key]:
        _take(view, column.name, column.sentinel)
        return
    usual = (view.base.get(column.name), view.facts[column.name].typical)
    _take(view, column.name, next((value for value in usual if value != column.sentinel), None))


def _take(view: ApplicantView, name: str, value: Value) -> None:
    if state.draft().applicant != view.draft.applicant:
        # Drawn for somebody else, before the page could follow.
        return
    base = {name: view.base.get(name)}
    state.put({EDITS: make_edits([*state.draft().edits, (name, value)], base)})


def _render_choice(view: ApplicantView, column: Column) -> None:
    value = view.values.get(column.name)
    chosen = _NO_VALUE if value is None else str(value)
    options = list(column.levels or _FLAGS)
    options += [_NO_VALUE] if chosen in options or chosen == _NO_VALUE else [chosen, _NO_VALUE]
    words = labels.distinct({option: _word_option(column, option) for option in options}, "no value")
    key = state.hold(_FIELD + column.name, chosen)
    st.selectbox(
        _title(column), options, options.index(chosen), key=key, help=_help(column),
        format_func=words.__getitem__, on_change=_take_choice, args=(view, column, key, tuple(options)),
    )  # fmt: skip


def _word_option(column: Column, option: str) -> str:
    if option == _NO_VALUE:
        return labels.MISSING
    return labels.level(column.name, option) if column.kind is Kind.CATEGORY else NO_YES[int(option)]


def _take_choice(view: ApplicantView, column: Column, key: str, options: Sequence[str]) -> None:
    chosen = st.session_state[key]
    if chosen not in options:
        return
    value: Value = None if chosen == _NO_VALUE else chosen if column.kind is Kind.CATEGORY else int(chosen)
    _take(view, column.name, value)


def _render_missing(view: ApplicantView, columns: Sequence[Column], name: str) -> None:
    numbers = {column.name: column for column in columns if column.kind is Kind.NUMERIC}
    missing = [name for name in numbers if view.values.get(name) is None]
    key = state.hold(f"{_FIELD}~missing.{name}", missing)
    titles = labels.distinct({name: column.label for name, column in numbers.items()})
    st.multiselect(
        "Without a value", list(numbers), missing, key=key, format_func=titles.__getitem__, placeholder="None",
        help="Numbers that are not known. Add one to take its value away, take one out to give it its value back.",
        on_change=_take_missing, args=(view, tuple(numbers), key),
    )  # fmt: skip


def _take_missing(view: ApplicantView, names: Sequence[str], key: str) -> None:
    if state.draft().applicant != view.draft.applicant:
        return
    chosen = set(st.session_state[key])
    edits = dict(state.draft().edits)
    for name in names:
        now = view.values.get(name)
        if name in chosen and now is not None:
            edits[name] = None
        elif name not in chosen and now is None:
            base = view.base.get(name)
            edits[name] = view.facts[name].middle if base is None else base
    state.put({EDITS: make_edits(edits.items(), view.base)})


def _render_unused(view: ApplicantView) -> None:
    unused = [schema.column(name) for name in view.base if name not in FEATURES.sources]
    box = st.expander(f"Not used by the model ({len(unused)})", key="form-unused", on_change="rerun")
    if box.open:
        with box:
            st.caption("Protected attributes, and columns without which the model is as good. They are recorded as is.")
            lines = [
                f"- {labels.plain(column.label)}: {labels.plain(word_field(column, view.values.get(column.name)))}"
                for column in unused
            ]
            st.markdown("\n".join(lines))
