"""The visit that Streamlit's session holds: taking it up, changing it, binding widgets to it, writing its address.

Values live in the session under one key, not in the widgets, so that they outlast a page on which no widget shows them.
At the end of a run the address is written from them; they are read from it when a visit begins (a pasted link, a
reload) and when the reader goes back or forward. What has a name (cohorts, scenarios) is kept for the visit, even when
going back to before it was named.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypedDict, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import journal
from dashboard.cache import Location, definition
from dashboard.cohort.filters import Condition, Filters
from dashboard.journal import VISIT_HEADER, Who
from dashboard.visit import links
from dashboard.visit.drafts import Draft
from dashboard.visit.parameters import Parameter
from dashboard.visit.visit import APPLICANT, CUTOFF, EDITS, K, Shelf, Visit, read_visit, word_visit
from data.predictions.imports import parse_mapping
from data.predictions.scores import round_cutoff
from data.predictions.table import Predictions

T = TypeVar("T")
Changes: TypeAlias = Mapping[Parameter[Any], Any]
_STATE, _COLUMNS, _NOTICES, _WIDGET = "visit", "visit.columns", "visit.notices", "widget."
_PERCENT_DIGITS = 10
_NO_NOTICES: tuple[tuple[str, ...], str, bool] = ((), "", False)


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


def who() -> Who | None:
    """Whose visit this run belongs to, as far as the server knows."""
    return journal.visits.get(st.context.headers.get(VISIT_HEADER, ""))


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
    visit, problems = read_visit(address, columns, definition(), _visit() if known else Visit())
    st.session_state[_STATE] = visit
    notify(problems, ignored_in="link")


def _has_gone_back() -> bool:
    # There is no public way to ask; Streamlit's own widgets that are bound to the address ask it this way.
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def write_address() -> None:
    """Let the address say what the visit holds; a change becomes an entry of the browser's history."""
    wanted = word_visit(_visit())
    if _address() != wanted:
        st.query_params.from_dict(wanted)


def notices() -> str:
    """What the reader is told of the last step, or of what was ignored in a link or file: five sentences."""
    sentences, ignored_in, _ = st.session_state.get(_NOTICES, _NO_NOTICES)
    begin = f"Ignored in this {ignored_in}: " if ignored_in and sentences else ""
    return begin + " ".join(links.first_problems(sentences))


def is_refusal() -> bool:
    """Whether the notices say that the last step was not done."""
    return bool(st.session_state.get(_NOTICES, _NO_NOTICES)[2])


def notify(sentences: Sequence[str], *, ignored_in: str = "", is_refusal: bool = False) -> None:
    """Show these sentences in place of the last ones.

    `ignored_in` is "link" or "file" where each of them says what of one was ignored, `is_refusal` tells that they say
    why nothing was done.
    """
    st.session_state[_NOTICES] = tuple(sentences), ignored_in, is_refusal


def get(parameter: Parameter[T]) -> T:
    """The value of `parameter` in this visit."""
    found: T = _visit().value(parameter)
    return found


def put(values: Changes) -> None:
    """Give parameters these values, as if their widgets had been moved; for a button's callback."""
    settle(values)
    notify(())


def settle(values: Changes) -> None:
    """Give parameters these values in the course of a run: what was said of the link stands."""
    st.session_state[_STATE] = _visit().with_values(values)


def correct(parameter: Parameter[T], value: T, sentence: str) -> NoReturn:
    """Run the page again with `value` in place of one that a link made up, and say so."""
    settle({parameter: value})
    notify([*st.session_state[_NOTICES][0], sentence], ignored_in="link")
    st.rerun()


def check(parameter: Parameter[str], known: Container[str], called: str) -> None:
    """Run the page again without the value of `parameter` where it is none of `known`, which are `called` so."""
    name = get(parameter)
    if name != parameter.default and name not in known:
        correct(parameter, parameter.default, f"There is no {called} {name[:40]}.")


# Each of these says the value twice: the session's is what Streamlit goes by, but where a page is run again before the
# browser has drawn it, the widget that is drawn knows its call alone, and reports what stands there at the next click.
def value_widget(parameter: Parameter[Any], *, also: Changes | None = None, place: str = "") -> ValueArguments:
    """What binds a slider or an input to `parameter`, to be spread into its call; `also` is put when it is used.

    Two widgets of one parameter, such as a slider and the number beside it, are told apart by their `place`.
    """
    return {**_bound(parameter, also, place=place), "value": get(parameter)}


def percent_widget(parameter: Parameter[float], *, place: str = "") -> ValueArguments:
    """What binds an input of a percentage to `parameter`, which is a share, as above."""
    key = hold(f"{_WIDGET}{parameter.name}{place}", round(100 * get(parameter), _PERCENT_DIGITS))
    return {"key": key, "on_change": partial(_take_percent, key, parameter), "value": st.session_state[key]}


def _take_percent(key: str, parameter: Parameter[float]) -> None:
    put({parameter: round(st.session_state[key] / 100, _PERCENT_DIGITS)})


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


def _bound(
    parameter: Parameter[Any], also: Changes | None, offered: Sequence[str] | None = None, place: str = ""
) -> WidgetArguments:
    key = hold(f"{_WIDGET}{parameter.name}{place}", get(parameter))
    return {"key": key, "on_change": partial(_take_over, key, parameter, also or {}, offered)}


def hold(key: str, value: object) -> str:
    """Let the widget called `key` show `value`, whoever changed it; return the key."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key


def _take_over(key: str, parameter: Parameter[Any], also: Changes, offered: Sequence[str] | None) -> None:
    value = st.session_state[key]
    if offered is not None and value is not None and value not in offered:
        # The browser names an option by its words; those of a run that it had not drawn yet are nobody's choice.
        return
    put({**also, parameter: parameter.default if value is None else value})


def cutoff() -> float:
    """The cutoff in force, a PD."""
    return round_cutoff(get(CUTOFF) / 100)


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


def draft() -> Draft:
    """The application in the side panel, with what was changed of it."""
    return Draft(get(APPLICANT).strip(), get(EDITS))


def put_draft(chosen: Draft) -> None:
    """Show this application, with these changes."""
    put({APPLICANT: chosen.applicant, EDITS: chosen.edits})


def kept(shelf: Shelf[K]) -> tuple[K, ...]:
    """What this visit keeps by name, of one kind."""
    return shelf.of(_visit())


def keep(shelf: Shelf[K], added: Sequence[K]) -> None:
    """Keep these too, each in place of one of the same name, at most 50 in all."""
    _keep_only(shelf, links.combine_named([*kept(shelf), *added]))


def drop(shelf: Shelf[K], name: str) -> None:
    """Forget what is called `name`."""
    _keep_only(shelf, [thing for thing in kept(shelf) if thing.name != name])


def _keep_only(shelf: Shelf[K], wanted: Sequence[K]) -> None:
    st.session_state[_STATE] = shelf.keep_only(_visit(), wanted)
    notify(())


def _visit() -> Visit:
    found: Visit = st.session_state[_STATE]
    return found


def _update(**changes: Any) -> None:
    st.session_state[_STATE] = replace(_visit(), **changes)
    # What was said of the link has been read by who goes on working.
    notify(())


def _address() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}
