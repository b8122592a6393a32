"""What a visit holds, and its form in the address: everything that makes the screen what it is.

A `Parameter` is one such value: its name in the link, what it is by default, how it is read and written. Values live in
the session under one key, not in the widgets, so that they outlast a page on which no widget shows them. At the end of
a run the address is written from them; they are read from it when a visit begins (a pasted link, a reload) and when the
reader goes back or forward. Named cohorts are kept for the visit, even when going back to before they were
named.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeAlias, TypedDict, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import links
from dashboard.cache import Location
from dashboard.filters import Condition, Filters
from dashboard.links import FILTER_PREFIX, Cohort
from dashboard.metrics.counts import BINS_PER_UNIT
from data.imports import parse_mapping
from data.predictions import Predictions
from inference.decision import DEFAULT_CUTOFF

T = TypeVar("T")
COHORT_PREFIX = "c."
REST, WHOLE = "~rest", "~whole"
_STATE, _COLUMNS, _NOTICES, _WIDGET = "visit", "visit.columns", "visit.notices", "widget."


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """One value of a visit; `read` raises ValueError where a text is none of its values."""

    name: str
    default: T
    read: Callable[[str], T]
    word: Callable[[T], str]
    always_written: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """All that a visit holds, immutable; `values` are those that differ from their parameters' defaults, by name."""

    filters: Filters = field(default_factory=Filters)
    cohorts: tuple[Cohort, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()


class WidgetArguments(TypedDict):
    """What binds a widget to a parameter."""

    key: str
    on_change: Callable[[], None]


class ValueArguments(WidgetArguments):
    """What binds a slider or an input."""

    value: Any


class IndexArguments(WidgetArguments):
    """What binds a select box."""

    options: Sequence[str]
    index: int


class DefaultArguments(WidgetArguments):
    """What binds a row of buttons of which one is chosen."""

    options: Sequence[str]
    default: Any


Changes: TypeAlias = Mapping[Parameter[Any], Any]

_PARAMETERS: dict[str, Parameter[Any]] = {}


def _declared(parameter: Parameter[T]) -> Parameter[T]:
    if _PARAMETERS.setdefault(parameter.name, parameter).default != parameter.default:
        raise ValueError(f"Two parameters are called {parameter.name}; a link could not tell them apart.")
    _PARAMETERS[parameter.name] = parameter
    return parameter


def number(name: str, default: float, *, low: float, high: float, always_written: bool = False) -> Parameter[float]:
    """A number from `low` to `high`."""

    def read(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(text)
        return value

    return _declared(Parameter(name, float(default), read, lambda value: f"{value:.10g}", always_written))


def whole(name: str, default: int, *, low: int, high: int) -> Parameter[int]:
    """A whole number from `low` to `high`."""

    def read(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return _declared(Parameter(name, default, read, str))


def choice(name: str, options: Sequence[str], default: str | None = None) -> Parameter[str]:
    """One of `options`, the first by default."""

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    first = options[0] if default is None else default
    return _declared(Parameter(name, first, read, str, options=tuple(options)))


def text(name: str, default: str = "", *, longest: int = 100) -> Parameter[str]:
    """Any text; whoever uses it checks that it names something."""

    def read(found: str) -> str:
        if len(found) > longest:
            raise ValueError(found)
        return found

    return _declared(Parameter(name, default, read, str))


# In percent, as the slider shows it. Always in the link, so that an address without any is known to be a page's own.
CUTOFF = number("cutoff", 100 * DEFAULT_CUTOFF, low=0, high=100, always_written=True)
APPLICANT = text("applicant", longest=12)
AGAINST = text("against", longest=links.LONGEST_NAME)


def location(arguments: Sequence[str]) -> Location:
    """The predictions that the app was started on, from what follows the script's name on its command line.

    Raises:
        PredictionsError: a `--map` is not understood.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--predictions", type=Path)
    parser.add_argument("--map", action="append", default=[])
    told, _ = parser.parse_known_args(arguments)
    if told.predictions is None:
        return Location()
    return Location(str(told.predictions), tuple(sorted(parse_mapping(told.map).items())))


def open_visit(predictions: Predictions) -> None:
    """Take the visit up where it was left, or where the address says when it begins or the reader went back."""
    columns = {column.name: column for column in predictions.cohort_columns}
    st.session_state[_COLUMNS] = columns
    known = _STATE in st.session_state
    address = _address()
    # Within a visit the address follows; one that came with a click may be older than what was clicked before. One that
    # says nothing at all is a page's link, left by a quick reader before the run that would have completed it.
    if known and not (address and _has_gone_back()):
        return
    visit, problems = _read(address, _visit().cohorts if known else ())
    st.session_state[_STATE] = visit
    notify(problems)


def _has_gone_back() -> bool:
    # There is no public way to ask; Streamlit's own widgets that are bound to the address ask it this way.
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def write_address() -> None:
    """Let the address say what the visit holds; a change becomes an entry of the browser's history."""
    wanted = _worded(_visit())
    if _address() != wanted:
        st.query_params.from_dict(wanted)


def notices() -> tuple[str, ...]:
    """What of the link was left out, a sentence each for the first five."""
    return links.first_problems(st.session_state.get(_NOTICES, ()))


def notify(sentences: Sequence[str]) -> None:
    """Show these sentences in place of the last ones."""
    st.session_state[_NOTICES] = tuple(sentences)


def get(parameter: Parameter[T]) -> T:
    """The value of `parameter` in this visit."""
    found: T = dict(_visit().values).get(parameter.name, parameter.default)
    return found


def put(values: Changes) -> None:
    """Give parameters these values, as if their widgets had been moved; for a button's callback."""
    settle(values)
    notify(())


def settle(values: Changes) -> None:
    """Give parameters these values in the course of a run: what was said of the link stands."""
    held = dict(_visit().values)
    for parameter, value in values.items():
        held.pop(parameter.name, None)
        if value != parameter.default:
            held[parameter.name] = value
    st.session_state[_STATE] = replace(_visit(), values=tuple(sorted(held.items())))


def correct(parameter: Parameter[T], value: T, sentence: str) -> NoReturn:
    """Run the page again with `value` in place of one that a link made up, and say so."""
    settle({parameter: value})
    notify([*st.session_state[_NOTICES], sentence])
    st.rerun()


def check(parameter: Parameter[str], known: Container[str], called: str) -> None:
    """Run the page again without the value of `parameter` where it is none of `known`, which are `called` so."""
    name = get(parameter)
    if name != parameter.default and name not in known:
        correct(parameter, parameter.default, f"There is no {called} {name[:40]}.")


# Each of these says the value twice: the session's is what Streamlit goes by, but where a page is run again before the
# browser has drawn it, the widget that is drawn knows its call alone, and reports what stands there at the next click.
def value_widget(parameter: Parameter[Any], *, also: Changes | None = None) -> ValueArguments:
    """What binds a slider or an input to `parameter`, to be spread into its call; `also` is put when it is used."""
    return {**_bound(parameter, also), "value": get(parameter)}


def select_widget(
    parameter: Parameter[str], options: Sequence[str] = (), *, also: Changes | None = None
) -> IndexArguments:
    """What binds a select box of `options` (by default the parameter's) to `parameter`, as above."""
    offered = list(options or parameter.options)
    return {**_bound(parameter, also, offered), "options": offered, "index": offered.index(get(parameter))}


def buttons_widget(parameter: Parameter[str], *, also: Changes | None = None) -> DefaultArguments:
    """What binds a row of buttons, one for each option of `parameter`, as above."""
    bound = _bound(parameter, also, parameter.options)
    return {**bound, "options": parameter.options, "default": get(parameter)}


def tabs_widget(parameter: Parameter[str]) -> WidgetArguments:
    """What binds tabs, which are told which one is open with every run, to `parameter`, as above."""
    return _bound(parameter, None, parameter.options)


def _bound(parameter: Parameter[Any], also: Changes | None, offered: Sequence[str] | None = None) -> WidgetArguments:
    key = hold(_WIDGET + parameter.name, get(parameter))
    return {"key": key, "on_change": partial(_take_over, parameter, also or {}, offered)}


def hold(key: str, value: object) -> str:
    """Let the widget called `key` show `value`, whoever changed it; return the key."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key


def _take_over(parameter: Parameter[Any], also: Changes, offered: Sequence[str] | None) -> None:
    value = st.session_state[_WIDGET + parameter.name]
    if offered is not None and value is not None and value not in offered:
        # The browser names an option by its words; those of a run that it had not drawn yet are nobody's choice.
        return
    put({**also, parameter: parameter.default if value is None else value})


def cutoff() -> float:
    """The cutoff in force, as a PD on the grid of the score bins."""
    return round(get(CUTOFF) / 100 * BINS_PER_UNIT) / BINS_PER_UNIT


def filters() -> Filters:
    """The filters of the cohort on the screen."""
    return _visit().filters


def set_filters(chosen: Filters) -> None:
    """Show the cohort of these filters."""
    _update(filters=chosen)


def add_condition(condition: Condition) -> None:
    """Narrow the cohort by `condition`, in place of what was asked of that column before."""
    set_filters(filters().having(condition))


def remove_condition(column: str) -> None:
    """Take back what was asked of `column`."""
    set_filters(filters().without(column))


def cohorts() -> tuple[Cohort, ...]:
    """The named cohorts of this visit."""
    return _visit().cohorts


def keep_cohorts(added: Sequence[Cohort]) -> None:
    """Keep these cohorts too, each in place of one of the same name, at most 50 in all."""
    _keep_only(links.combine_cohorts([*cohorts(), *added]))


def drop_cohort(name: str) -> None:
    """Forget the cohort called `name`."""
    _keep_only([cohort for cohort in cohorts() if cohort.name != name])


def _keep_only(kept: Sequence[Cohort]) -> None:
    _update(cohorts=tuple(kept))
    if not _can_compare(get(AGAINST), kept):
        put({AGAINST: AGAINST.default})


def _can_compare(name: str, kept: Sequence[Cohort]) -> bool:
    return name in (AGAINST.default, REST, WHOLE) or any(cohort.name == name for cohort in kept)


def _visit() -> Visit:
    found: Visit = st.session_state[_STATE]
    return found


def _update(**changes: Any) -> None:
    st.session_state[_STATE] = replace(_visit(), **changes)
    # What was said of the link has been read by who goes on working.
    notify(())


def _address() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _worded(visit: Visit) -> dict[str, list[str]]:
    held = dict(visit.values)
    worded: dict[str, list[str]] = {}
    for name, parameter in _PARAMETERS.items():
        if name in held or parameter.always_written:
            worded[name] = [parameter.word(held.get(name, parameter.default))]
    for name, value in links.word_filters(visit.filters):
        worded.setdefault(name, []).append(value)
    for cohort in visit.cohorts:
        worded[COHORT_PREFIX + cohort.name] = [links.word_cohort(cohort.filters)]
    return worded


def _read(address: Mapping[str, Sequence[str]], kept: Sequence[Cohort]) -> tuple[Visit, list[str]]:
    """The visit that `address` says, with the cohorts `kept` so far, and a sentence for each part left out."""
    columns = st.session_state[_COLUMNS]
    pairs = [(name, value) for name, values in address.items() for value in values if name.startswith(FILTER_PREFIX)]
    chosen, problems = links.read_filters(pairs, columns)
    said = list(problems)
    named: list[Cohort] = []
    values: dict[str, Any] = {}
    for name, texts in address.items():
        if name.startswith(COHORT_PREFIX):
            cohort, problems = _read_cohort(name, texts[-1])
            named += cohort
            said += problems
        elif not name.startswith(FILTER_PREFIX):
            try:
                values |= _read_value(name, texts[-1])
            except (ValueError, KeyError):
                said.append(f"The value of {name[:40]} is not one that the screen knows.")
    named_once = links.combine_cohorts(named)
    if len({cohort.name for cohort in named}) > len(named_once):
        said.append(f"Of the link's cohorts only the last {links.MOST_COHORTS} are kept.")
    cohorts = links.combine_cohorts([*kept, *named_once])
    if not _can_compare(values.get(AGAINST.name, ""), cohorts):
        said.append(f"No cohort to compare with is called {values.pop(AGAINST.name)[:40]}.")
    return Visit(chosen, cohorts, tuple(sorted(values.items()))), said


def _read_value(name: str, found: str) -> dict[str, Any]:
    parameter = _PARAMETERS[name]
    value = parameter.read(found)
    return {} if value == parameter.default else {name: value}


def _read_cohort(name: str, found: str) -> tuple[list[Cohort], tuple[str, ...]]:
    title = links.clean_name(name.removeprefix(COHORT_PREFIX))
    chosen, problems = links.read_cohort(found, st.session_state[_COLUMNS])
    # Without any of its filters it would be the whole portfolio under a name that says otherwise.
    is_usable = title and (chosen or not problems)
    return ([Cohort(title, chosen)] if is_usable else []), problems
