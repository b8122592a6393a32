"""The visit in Streamlit's session: restore it, change it, bind widgets to it, write its address.

Values live in the session under one key, not in the widgets, so that they survive pages on which no widget shows them.
Each run writes them to the address at its end. They are read from it when a visit begins (a pasted link, a reload) and
when the reader goes back or forward. Named things (cohorts, scenarios) last as long as the visit, even when the reader
goes back to before they were named.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn, TypeAlias, TypedDict, TypeVar
from urllib.parse import urlencode

import streamlit as st

from dashboard import choice, journal
from dashboard.cache import definition, saved_cohorts
from dashboard.choice import address_now, has_gone_back
from dashboard.cohort.filters import Condition, Filters
from dashboard.cohort.starting_cutoff import starting_cutoff
from dashboard.journal import VISIT_HEADER, Who
from dashboard.visit import assumptions, links
from dashboard.visit.drafts import Draft
from dashboard.visit.links import Cohort
from dashboard.visit.parameters import Parameter
from dashboard.visit.reader import COOKIE, reader_of
from dashboard.visit.saved import NotSavedError, Saved, SavedCohorts
from dashboard.visit.store import SavedError
from dashboard.visit.visit import (
    AGAINST,
    APPLICANT,
    COHORTS,
    CUTOFF,
    EDITS,
    FILE,
    MODEL,
    PORTFOLIO,
    K,
    Shelf,
    Visit,
    of_portfolio,
    of_table,
    read_visit,
    word_visit,
)
from dashboard.words.score_words import as_places
from data.predictions.scores import round_cutoff
from data.predictions.table import CohortColumn, Predictions

T = TypeVar("T")
Changes: TypeAlias = Mapping[Parameter[Any], Any]
_STATE, _COLUMNS, _NOTICES, _WIDGET = choice.VISIT, "visit.columns", "visit.notices", "widget."
_PLACES = "visit.places"
_READER, _SHOWN = "visit.reader", "visit.shown"
_OTHERS = choice.own_to_portfolio("visit.others")
# What holds for the portfolio and a file alike: cutoff, model, applicant and assumptions.
_COMMON: tuple[Parameter[Any], ...] = (
    CUTOFF,
    MODEL,
    APPLICANT,
    EDITS,
    *(each for each in vars(assumptions).values() if isinstance(each, Parameter)),
)
_PERCENT_DIGITS = 10
_NO_NOTICES: tuple[tuple[str, ...], str, bool] = ((), "", False)


class WidgetArguments(TypedDict):
    """Arguments that bind a widget to a parameter."""

    key: str
    on_change: Callable[[], None]


class ValueArguments(WidgetArguments):
    """Arguments for a slider or an input."""

    value: Any


class IndexArguments(WidgetArguments):
    """Arguments for a select box."""

    options: Sequence[str]
    index: int


class DefaultArguments(WidgetArguments):
    """Arguments for a row of buttons with one selected."""

    options: Sequence[str]
    default: Any


def who() -> Who | None:
    """The visitor of this run, as far as the server knows."""
    return journal.visits.get(st.context.headers.get(VISIT_HEADER, ""))


def wanted_file() -> str:
    """The token of the dropped file that this run is asked to show; empty for the portfolio."""
    address = address_now()
    if _STATE in st.session_state and not (address and has_gone_back()):
        return get(FILE)
    return (address.get(FILE.name) or [""])[-1]


def open_visit(predictions: Predictions, file: str = "") -> None:
    """Restore the visit from the session, or from the address if it begins or the reader went back.

    `predictions` are those of the dropped file called `file`, if it is not empty.
    """
    columns = predictions.filter_columns
    st.session_state[_COLUMNS] = columns
    st.session_state[_PLACES] = predictions.scale is not None
    # What is saved outlasts a visit, and a dropped file does not.
    st.session_state[_READER] = "" if file else _reader(predictions)
    known = _STATE in st.session_state
    switched = choice.take_switch()
    # The address is still that of the portfolio before.
    address = address_now() if switched is None else {}
    is_gone = known and not file and bool(get(FILE))
    if known and get(FILE) != file:
        show_table(file)
    # Within a visit the address follows; one that came with a click may be older than what was clicked before. One that
    # says nothing at all is a page's link, left by a quick reader before the run that would have completed it.
    if known and not (address and has_gone_back()):
        if is_gone:
            notify(["The file is not in memory any more, so the portfolio is shown again; drop it on Score a file."])
        elif switched is not None:
            notify([switched] if switched else [])
        return
    before, lost = (_visit(), ()) if known else _saved_visit()
    own, refusal = of_portfolio(address, choice.called(address))
    if not refusal:
        own, refusal = of_table(own, file)
    visit, problems = read_visit(own, columns, definition(), before)
    reason = ""
    if not known and CUTOFF.name not in own:
        has_outcomes, has_pds = predictions.source.has_outcomes, not predictions.why_no_pd
        first, reason = starting_cutoff(predictions.frame, has_outcomes=has_outcomes, has_pds=has_pds)
        visit = visit.with_values({CUTOFF: round(100 * first, _PERCENT_DIGITS)})
    st.session_state[_STATE] = visit
    if not problems:
        told = [*([switched] if switched else []), *lost, *([reason] if reason else [])]
        notify([refusal] if refusal else told)
    else:
        notify(problems, ignored_in="link")


def take_columns(predictions: Predictions) -> None:
    """Let cohorts be cut by the columns of `predictions`, whose PDs another model gave than those of `open_visit`."""
    st.session_state[_COLUMNS] = predictions.filter_columns
    st.session_state[_PLACES] = predictions.scale is not None


def score_words(text: str) -> str:
    """`text` about PDs as it is true of the scores that are shown, which may be no probabilities."""
    return as_places(text) if shows_places() else text


def shows_places() -> bool:
    """Whether the scores that are shown are no probabilities."""
    return bool(st.session_state.get(_PLACES))


def show_table(file: str) -> None:
    """Show the cohorts of the dropped file called `file`, or the portfolio's again where that is empty.

    Each table keeps its own filters, cohorts and choices of columns; cutoff and assumptions hold for all.
    """
    now, others = _visit(), st.session_state.setdefault(_OTHERS, {})
    others[get(FILE)] = now
    # All files of a visit but the last are gone.
    st.session_state[_OTHERS] = {name: visit for name, visit in others.items() if name in ("", get(FILE))}
    held = others.get(file, Visit()).with_values({parameter: now.value(parameter) for parameter in _COMMON})
    st.session_state[_STATE] = replace(held.with_values({FILE: file}), scenarios=now.scenarios)


def _reader(predictions: Predictions) -> str:
    """Whose saved cohorts these are; empty where that cannot be known. Those of an imported file are of their own."""
    reader = own_reader()
    imported = predictions.source.name if predictions.source.is_imported else ""
    return f"{reader}\n{imported}" if reader else ""


def reader() -> str:
    """Whose saved things this visit sees; empty where that cannot be known."""
    known: str = st.session_state[_READER]
    return known


def own_reader() -> str:
    """Who reads: the signed-in user or the browser, whatever table is shown; empty where that cannot be known."""
    visitor = who()
    return reader_of(str(st.context.cookies.get(COOKIE, "")), visitor.user if visitor else None)


def _saved_visit() -> tuple[Visit, tuple[str, ...]]:
    """The visit of a bare address: nothing but what the reader saved; and sentences for what of it no longer fits."""
    try:
        cohorts, problems = _load_saved()
    except SavedError as error:
        journal.warn("saved_cohorts_not_read", who(), problem=type(error).__name__)
        return Visit(), (str(error),)
    return Visit(cohorts=cohorts), problems


def _load_saved() -> tuple[tuple[Cohort, ...], tuple[str, ...]]:
    cohorts, problems = [], []
    for each in saved_cohorts().of(st.session_state[_READER]) if st.session_state[_READER] else ():
        chosen, left_out = links.read_cohort(each.content, st.session_state[_COLUMNS], definition())
        cohorts += [] if left_out else [Cohort(each.name, chosen, each.note, is_saved=True)]
        problems += [f"The saved cohort {each.name} does not fit this table. {left_out[0]}"] if left_out else []
    return tuple(cohorts), tuple(problems)


def write_address() -> None:
    """Write the visit to the address; a change becomes an entry in the browser's history."""
    wanted = _worded()
    if address_now() != wanted:
        st.query_params.from_dict(wanted)
        _note_shown()


def _worded() -> dict[str, list[str]]:
    return {PORTFOLIO: [choice.portfolio_name()], **word_visit(_visit())}


def _note_shown() -> None:
    """Remember the cohort on the screen among the recent ones, once for each time it is asked for."""
    conditions = links.word_cohort(filters())
    if st.session_state.get(_SHOWN) == conditions or not st.session_state[_READER]:
        return
    st.session_state[_SHOWN] = conditions
    try:
        saved_cohorts().note_shown(st.session_state[_READER], conditions)
    except SavedError as error:
        journal.warn("recent_cohort_not_kept", who(), problem=type(error).__name__)


def recent() -> tuple[Filters, ...]:
    """The cohorts that the reader looked at last, the latest first, without those that are saved and the one shown."""
    if not st.session_state[_READER]:
        return ()
    try:
        worded = saved_cohorts().recent(st.session_state[_READER])
    except SavedError:
        return ()
    columns, known = st.session_state[_COLUMNS], {filters(), *(cohort.filters for cohort in kept(COHORTS))}
    read = (links.read_cohort(text, columns, definition()) for text in worded)
    return tuple(chosen for chosen, problems in read if not problems and chosen not in known)


def notices() -> str:
    """The notice on the last step, or on what was ignored in a link or file: at most five sentences."""
    sentences, ignored_in, _ = st.session_state.get(_NOTICES, _NO_NOTICES)
    begin = f"Ignored in this {ignored_in}: " if ignored_in and sentences else ""
    return begin + " ".join(links.first_problems(sentences))


def is_refusal() -> bool:
    """Whether the notices report that the last step was refused."""
    return bool(st.session_state.get(_NOTICES, _NO_NOTICES)[2])


def notify(sentences: Sequence[str], *, ignored_in: str = "", is_refusal: bool = False) -> None:
    """Show these sentences in place of the last ones.

    `ignored_in` is "link" or "file" if they list ignored parts of one; `is_refusal` if they explain why nothing was
    done.
    """
    st.session_state[_NOTICES] = tuple(sentences), ignored_in, is_refusal


def get(parameter: Parameter[T]) -> T:
    """The value of `parameter` in this visit."""
    value: T = _visit().value(parameter)
    return value


def put(values: Changes) -> None:
    """Set parameters as if their widgets had been moved; for a button's callback."""
    settle(values)
    notify(())


def settle(values: Changes) -> None:
    """Set parameters in the course of a run; notices on the link stay."""
    st.session_state[_STATE] = _visit().with_values(values)


def correct(parameter: Parameter[T], value: T, sentence: str) -> NoReturn:
    """Run the page again with `value` in place of an invalid one from a link, with a notice."""
    settle({parameter: value})
    notify([*st.session_state[_NOTICES][0], sentence], ignored_in="link")
    st.rerun()


def check(parameter: Parameter[str], known: Container[str], called: str) -> None:
    """Run the page again without the value of `parameter` if it is not one of `known`, which are `called` so."""
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
    """Arguments that bind a select box of `options` (by default the parameter's) to `parameter`."""
    offered = list(options or parameter.options)
    return {**_bound(parameter, also, offered), "options": offered, "index": offered.index(get(parameter))}


def buttons_widget(parameter: Parameter[str], *, also: Changes | None = None) -> DefaultArguments:
    """Arguments that bind a row of buttons, one per option, to `parameter`."""
    bound = _bound(parameter, also, parameter.options)
    return {**bound, "options": parameter.options, "default": get(parameter)}


def tabs_widget(parameter: Parameter[str]) -> WidgetArguments:
    """Arguments that bind tabs to `parameter`; every run sets the open one."""
    return _bound(parameter, None, parameter.options)


def _bound(
    parameter: Parameter[Any], also: Changes | None, offered: Sequence[str] | None = None, place: str = ""
) -> WidgetArguments:
    key = hold(f"{_WIDGET}{parameter.name}{place}", get(parameter))
    return {"key": key, "on_change": partial(_take_over, key, parameter, also or {}, offered)}


def hold(key: str, value: object) -> str:
    """Make the widget `key` show `value`, whatever changed it; return the key."""
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


def columns() -> Mapping[str, CohortColumn]:
    """The columns that cohorts can be cut by, by name."""
    known: Mapping[str, CohortColumn] = st.session_state[_COLUMNS]
    return known


def set_filters(chosen: Filters) -> None:
    """Show the cohort of these filters."""
    _update(filters=chosen)


def add_condition(condition: Condition) -> None:
    """Narrow the cohort by `condition`, replacing any other on its column."""
    set_filters(filters().having(condition))


def remove_condition(column: str) -> None:
    """Remove the condition on `column`."""
    set_filters(filters().without(column))


def draft() -> Draft:
    """The application in the side panel, with its edits."""
    return Draft(get(APPLICANT).strip(), get(EDITS))


def put_draft(chosen: Draft) -> None:
    """Show this application with these edits."""
    put({APPLICANT: chosen.applicant, EDITS: chosen.edits})


def kept(shelf: Shelf[K]) -> tuple[K, ...]:
    """The named things of one kind in this visit."""
    return shelf.of(_visit())


def keep(shelf: Shelf[K], added: Sequence[K]) -> None:
    """Add these, replacing those of the same name; at most 50 in all."""
    _keep_only(shelf, links.combine_named([*kept(shelf), *added]))


def drop(shelf: Shelf[K], name: str) -> None:
    """Remove the thing called `name`."""
    _keep_only(shelf, [thing for thing in kept(shelf) if thing.name != name])


def save(added: Sequence[Cohort]) -> bool:
    """Save these cohorts for the reader, each in place of one of the same name; return whether that was done.

    Where the browser has no token, or the file cannot be written, they are kept for this visit and in its address.
    """
    return _change_saved(
        lambda store, reader: store.save(
            reader, [Saved(each.name, links.word_cohort(each.filters), each.note) for each in added]
        ),
        lambda: keep(COHORTS, added),
    )


def delete(name: str) -> None:
    """Delete the cohort called `name`, saved or not."""
    drop(COHORTS, name)
    _change_saved(lambda store, reader: store.delete(reader, name), lambda: None)


def rename(name: str, new: str) -> bool:
    """Give a cohort another name, saved or not; return whether that was done."""
    if any(cohort.name == new for cohort in kept(COHORTS)):
        notify([f"A cohort is called {new} already; choose another name."], is_refusal=True)
        return False
    compared_with = get(AGAINST) == name
    _keep_only(COHORTS, [replace(each, name=new) if each.name == name else each for each in kept(COHORTS)])
    done = _change_saved(lambda store, reader: store.rename(reader, name, new), lambda: None)
    if compared_with:
        settle({AGAINST: new})
    return done


def _change_saved(change: Callable[[SavedCohorts, str], None], otherwise: Callable[[], None]) -> bool:
    """Do `change` and take up what is saved since, by this visit or another; `otherwise` where that cannot be."""
    if not st.session_state[_READER]:
        otherwise()
        return True
    try:
        change(saved_cohorts(), st.session_state[_READER])
        saved, _ = _load_saved()
    except SavedError as error:
        if not isinstance(error, NotSavedError):
            otherwise()
        notify([str(error)], is_refusal=True)
        return False
    names = {cohort.name for cohort in saved}
    unsaved = [each for each in kept(COHORTS) if not each.is_saved and each.name not in names]
    _keep_only(COHORTS, [*saved, *unsaved])
    return True


def _keep_only(shelf: Shelf[K], wanted: Sequence[K]) -> None:
    st.session_state[_STATE] = shelf.keep_only(_visit(), wanted)
    notify(())


def _visit() -> Visit:
    visit: Visit = st.session_state[_STATE]
    return visit


def _update(**changes: Any) -> None:
    st.session_state[_STATE] = replace(_visit(), **changes)
    # A reader who goes on working has read the notices on the link.
    notify(())


def link() -> str:
    """The address of what is on the screen, for somebody else to open."""
    return f"{st.context.url}?{urlencode(_worded(), doseq=True)}"
