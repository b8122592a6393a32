"""The applicant's values to be changed: the fields that matter first, in groups; every change is scored at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import state
from dashboard.components.applicant.view import ApplicantView
from dashboard.visit.drafts import Draft, make_edits
from dashboard.visit.visit import EDITS
from dashboard.words import labels
from dashboard.words.field_ranges import shown_factor
from dashboard.words.field_words import NO_YES, form_title, unit_words, word_level, word_meaning, word_stated
from data.definition.columns import Column, Kind, Unit
from data.definition.definition import Definition
from data.definition.units import AMOUNTS
from data.facts import ColumnFacts
from inference.values import Value, ValueFault, check_value

_FIELD = "form."
_PER_ROW = 2
_FLAGS = ("0", "1")
# No level is called so.
_NO_VALUE = ""
# The buttons beside a number: how many steps take it through what occurs in the table.
_STEPS_OF_A_RANGE = 50
_YEAR, _SHARE_STEP = 1.0, 0.05
# What an amount is multiplied by at a click.
_FACTORS = {"−10 %": 0.9, "+10 %": 1.1}
_A_NUMBER = "A number"
# Groups with a heading of their own.
_OWN_HEADINGS, MORE = 4, "More"


def render_form(view: ApplicantView) -> None:
    """Write the form."""
    main = view.main_fields
    others = [name for name in view.fields if name not in main]
    with st.container(key="applicant-form"):
        _render_head(view)
        _render_groups(view, [view.definition.column(name) for name in main], "main")
        box = st.expander(f"All other fields of the model ({len(others)})", key="form-others", on_change="rerun")
        if box.open:
            with box:
                _render_groups(view, [view.definition.column(name) for name in others], "others")
        _render_unused(view)


def _render_head(view: ApplicantView) -> None:
    n_changed = len(view.changed)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        changed = f" · {labels.plural(n_changed, 'change')}" if n_changed else ""
        st.markdown(f"**Values**{changed}", width="stretch")
        where = "the typical values" if view.is_new else "the file's values"
        st.button(
            f"Back to {where}",
            on_click=state.put_draft,
            args=(Draft(view.draft.applicant),),
            icon=":material/undo:",
            type="tertiary",
            disabled=not n_changed,
        )


def grouped(columns: Iterable[Column], definition: Definition) -> dict[str, list[Column]]:
    """The columns under the groups of the definition, in its order; groups beyond the first few share a heading."""
    groups = definition.groups
    own = groups if len(groups) <= _OWN_HEADINGS + 1 else groups[:_OWN_HEADINGS]
    headed: dict[str, list[Column]] = {name: [] for name in (*own, MORE)}
    for column in columns:
        headed[column.group if column.group in own else MORE].append(column)
    return {name: found for name, found in headed.items() if found}


def _render_groups(view: ApplicantView, columns: Sequence[Column], name: str) -> None:
    for group, found in grouped(columns, view.definition).items():
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
    if points := view.points.get(column.name):
        st.caption(points)
    value = view.values.get(column.name)
    if column.name in view.changed:
        before = view.base.get(column.name)
        st.button(
            labels.plain(word_stated(column, before, view.definition)),
            key=f"undo.{column.name}",
            type="tertiary",
            icon=":material/undo:",
            help="Changed; back to this value",
            on_click=_take,
            args=(view, column.name, before),
        )
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
    stored = (int(end) if column.dtype.is_integer() else end for end in ends)
    low, high = (labels.plain(word_stated(column, end, view.definition)) for end in stored)
    return f"Outside what training saw: {low} to {high}"


def shown_number(column: Column, value: Value) -> float | int | None:
    """A stored number as the form shows it; None where it is missing, or a special value."""
    if value is None or isinstance(value, str) or column.is_special(value):
        return None
    if column.unit is Unit.DAYS_BEFORE:
        # Zero days are no negative years.
        return round(value * shown_factor(column), 2) + 0.0
    return int(value) if column.dtype.is_integer() else float(value)


def stored_number(column: Column, definition: Definition, shown: float | None) -> Value:
    """What is stored for a number of the form.

    Raises:
        ValueFault: the column cannot hold it.
    """
    if shown is None:
        return None
    return check_value(definition, column.name, _stored(column, shown))


def _stored(column: Column, shown: float) -> float:
    if column.unit is not Unit.DAYS_BEFORE:
        return shown / shown_factor(column)
    # Two decimals of a year are 3.65 days: the ends that the form names may lie beyond those of the column.
    ends = (end for end in (column.minimum, column.maximum) if end is not None and shown_number(column, end) == shown)
    return round(next(ends, shown / shown_factor(column)))


def _word_ends(column: Column) -> str:
    """The smallest and largest number that the form takes, in words."""
    factor = shown_factor(column)
    ends = [None if end is None else end * factor + 0.0 for end in (column.minimum, column.maximum)]
    low, high = reversed(ends) if factor < 0 else ends
    unit = " years" if column.unit is Unit.DAYS_BEFORE else ""
    if low is None or high is None:
        if low is None and high is None:
            return "any number"
        if low is None:
            return f"up to {labels.amount(high or 0.0)}{unit}"
        return f"{labels.amount(low)}{unit} and more"
    return f"{labels.amount(low)} to {labels.amount(high)}{unit}"


def is_shown_whole(column: Column) -> bool:
    """Whether the form takes whole numbers only."""
    return column.dtype.is_integer() and column.unit is not Unit.DAYS_BEFORE


def step_of(column: Column, facts: ColumnFacts) -> float:
    """By how much the buttons beside a number change it: a fiftieth of an amount's median or of a number's range.

    It is rounded to 1, 2 or 5 times a power of ten. Shares, years and counts have steps of their own.
    """
    if column.unit is Unit.DAYS_BEFORE:
        return _YEAR
    if column.unit is Unit.SHARE:
        return _SHARE_STEP
    if column.unit not in AMOUNTS and column.dtype.is_integer():
        return 1.0
    span = abs(facts.middle or 0.0) if column.unit in AMOUNTS else (facts.high or 0.0) - (facts.low or 0.0)
    step = _round_step(span / _STEPS_OF_A_RANGE)
    return max(step, 1.0) if column.dtype.is_integer() else step


def _round_step(size: float) -> float:
    """The nearest of 1, 2, 5 and 10 times a power of ten, by ratio; 1 where there is no size to go by."""
    if not (math.isfinite(size) and size > 0):
        return 1.0
    unit = 10.0 ** math.floor(math.log10(size))
    return min((1, 2, 5, 10), key=lambda times: abs(math.log(times * unit / size))) * unit


def _decimals(column: Column, shown: float | None, step: float) -> int:
    """How many decimals the form shows of a number that is not whole by nature."""
    if column.unit is Unit.SHARE:
        return 4
    if column.unit in AMOUNTS and step >= 1:
        return 0 if shown is None or float(shown).is_integer() else 2
    return max(2, 1 - math.floor(math.log10(step)))


def _render_number(view: ApplicantView, column: Column) -> None:
    value, step = view.values.get(column.name), step_of(column, view.facts[column.name])
    shown = shown_number(column, value)
    is_special = column.is_special(value)
    is_whole = is_shown_whole(column)
    key = state.hold(_FIELD + column.name, shown)
    # Without ends of its own: what lies beyond them is answered in a sentence, and the box says what is scored.
    st.number_input(
        _title(column, view.definition),
        value=shown,
        step=int(step) if is_whole else step,
        format=None if is_whole else f"%.{_decimals(column, shown, step)}f",
        key=key,
        help=_help(column, view.definition),
        disabled=is_special,
        placeholder=labels.NOT_DEFINED if is_special else labels.MISSING,
        on_change=_take_number,
        args=(view, column, key),
    )
    if column.unit in AMOUNTS and shown:
        with st.container(horizontal=True, gap="xsmall", key=f"form-shares-{column.name}"):
            for words, factor in _FACTORS.items():
                st.button(
                    words,
                    key=f"form.{words}.{column.name}",
                    type="tertiary",
                    help=f"{_title(column, view.definition)}: {words}",
                    on_click=_scale,
                    args=(view, column, factor),
                )
    if column.special:
        _render_special(view, column, value)


def _scale(view: ApplicantView, column: Column, factor: float) -> None:
    """Change an amount by a share of itself, to the cent, as it is by then."""
    now = dict(state.draft().edits).get(column.name, view.base.get(column.name))
    if now is None or isinstance(now, str):
        return
    after = round(now * factor) if column.dtype.is_integer() else round(now * factor, 2)
    try:
        _take(view, column.name, check_value(view.definition, column.name, after))
    except ValueFault:
        state.notify([f"{column.label} cannot be {after:,.10g}: it holds {_word_ends(column)}."])


def _render_special(view: ApplicantView, column: Column, value: Value) -> None:
    """What is said in place of a number: a box to tick for one meaning, a choice of several."""
    options = ["", *(each.shown for each in column.special)]
    stored = dict(zip(options[1:], column.special_values, strict=True))
    chosen = next((option for option, special in stored.items() if special == value), "")
    name = f"{_FIELD}~{column.name}"
    if len(stored) == 1:
        box = state.hold(name, bool(chosen))
        st.checkbox(
            labels.plain(word_meaning(column, column.special_values[0])),
            bool(chosen),
            key=box,
            on_change=_take_special,
            args=(view, column, box, {True: column.special_values[0]}),
        )
        return
    words = labels.distinct({"": _A_NUMBER} | {option: word_meaning(column, stored[option]) for option in stored})
    box = state.hold(name, chosen)
    st.selectbox(
        f"{_title(column, view.definition)}: instead of a number",
        options,
        options.index(chosen),
        key=box,
        format_func=words.__getitem__,
        label_visibility="collapsed",
        on_change=_take_special,
        args=(view, column, box, stored),
    )


def _title(column: Column, definition: Definition) -> str:
    return labels.plain(form_title(column, definition))


def _help(column: Column, definition: Definition) -> str:
    unit = "years before the application" if column.unit is Unit.DAYS_BEFORE else unit_words(column, definition)
    told = f" {unit[:1].upper()}{unit[1:]}." if unit else ""
    if column.kind is Kind.NUMERIC:
        told += f" Holds {_word_ends(column)}. Not known? Add it under “Without a value”."
    return labels.plain(f"{column.description}{told}")


def _take_number(view: ApplicantView, column: Column, key: str) -> None:
    shown, base = st.session_state[key], view.base.get(column.name)
    if _looks_like(column, shown, shown_number(column, base), step_of(column, view.facts[column.name])):
        _take(view, column.name, base)
        return
    try:
        _take(view, column.name, stored_number(column, view.definition, shown))
    except ValueFault:
        state.notify([f"{column.label} cannot be {shown:,.10g}: it holds {_word_ends(column)}."])


def _looks_like(column: Column, shown: float | None, own: float | None, step: float) -> bool:
    """Whether a number is `own` as far as the form shows it: rounding is nobody's change."""
    if shown is None or own is None:
        return shown is own
    digits = _decimals(column, own, step)
    return f"{shown:.{digits}f}" == f"{own:.{digits}f}"


def _take_special(view: ApplicantView, column: Column, key: str, stored: Mapping[Any, float]) -> None:
    special = stored.get(st.session_state[key])
    if special is not None:
        _take(view, column.name, int(special) if column.dtype.is_integer() else special)
        return
    usual = (view.base.get(column.name), view.facts[column.name].typical)
    _take(view, column.name, next((value for value in usual if not column.is_special(value)), None))


def _take(view: ApplicantView, name: str, value: Value) -> None:
    if state.draft().applicant != view.draft.applicant:
        # Drawn for somebody else, before the page could follow.
        return
    base = {name: view.base.get(name)}
    state.put({EDITS: make_edits([*state.draft().edits, (name, value)], view.definition, base)})


def _render_choice(view: ApplicantView, column: Column) -> None:
    value = view.values.get(column.name)
    chosen = _NO_VALUE if value is None else str(value)
    options = list(column.levels or _FLAGS)
    options += [_NO_VALUE] if chosen in options or chosen == _NO_VALUE else [chosen, _NO_VALUE]
    words = labels.distinct({option: _word_option(column, option) for option in options}, "no value")
    key = state.hold(_FIELD + column.name, chosen)
    st.selectbox(
        _title(column, view.definition),
        options,
        options.index(chosen),
        key=key,
        help=_help(column, view.definition),
        format_func=words.__getitem__,
        on_change=_take_choice,
        args=(view, column, key, tuple(options)),
    )


def _word_option(column: Column, option: str) -> str:
    if option == _NO_VALUE:
        return labels.MISSING
    return word_level(column, option) if column.kind is Kind.CATEGORY else NO_YES[int(option)]


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
        "Without a value",
        list(numbers),
        missing,
        key=key,
        format_func=titles.__getitem__,
        placeholder="Every number has one",
        help="Numbers that are not known. Add one to take its value away, take one out to give it its value back.",
        on_change=_take_missing,
        args=(view, tuple(numbers), key),
    )


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
    state.put({EDITS: make_edits(edits.items(), view.definition, view.base)})


def _render_unused(view: ApplicantView) -> None:
    unused = [view.definition.column(name) for name in view.base if name not in view.fields]
    box = st.expander(f"Not used by the model ({len(unused)})", key="form-unused", on_change="rerun")
    if box.open:
        with box:
            st.caption("Protected attributes, and columns without which the model is as good. They are recorded as is.")
            words = [word_stated(column, view.values.get(column.name), view.definition) for column in unused]
            lines = [
                f"- {labels.plain(column.label)}: {labels.plain(word)}"
                for column, word in zip(unused, words, strict=True)
            ]
            st.markdown("\n".join(lines))
