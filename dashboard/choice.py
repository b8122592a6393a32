"""Which portfolio a visit looks at: the server's own, or another one of the library; chosen by a link or by hand.

What a visit has set is about one portfolio. Looking at another one puts it aside, and coming back finds it as it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.cache import Location, at, base_settings, choose, chosen, definition, library_location
from dashboard.visit.visit import named_portfolio, portfolio_slug
from data.library.entries import EMBEDDED, LibraryError, find_entry
from data.predictions.roles.flags import answers_of, offer_answers
from data.reading.said import parse_said

VISIT = "visit"
# What the visit left of other portfolios, by what links call them; and a sentence on the way to another one.
_ASIDE, _SWITCHED = "portfolio.aside", "portfolio.switched"
_OWN = {VISIT}
# Of the session's keys those that begin so are about no portfolio.
_OF_ALL = ("portfolio.", "panel.first", "open.", "batch.generation")


def location(arguments: Sequence[str]) -> Location:
    """Where the portfolio is that this visit looks at, which is what the app's `arguments` say unless it chose another.

    Raises:
        PredictionsError: an answer is malformed.
        LibraryError: the chosen portfolio is not in the library any more.
    """
    key = chosen()
    if not key:
        return _location(tuple(arguments))
    found = library_location(key)
    if found is None:
        raise LibraryError.from_unknown(key)
    return found


def own_to_portfolio(key: str) -> str:
    """Let the session's `key` be about the portfolio at hand: while the visit looks at another one it is put aside."""
    _OWN.add(key)
    return key


def follow_portfolio() -> None:
    """Look at the portfolio that the address names, if the visit begins or the reader went back; before `location`.

    One that was deleted meanwhile gives way to the one that the server was started on.
    """
    if _SWITCHED in st.session_state:
        # The address is still that of the portfolio before.
        return
    address = address_now()
    if VISIT not in st.session_state or (address and has_gone_back()):
        _look_at(_known_portfolio(named_portfolio(address)))
    elif chosen() and library_location(chosen()) is None:
        _look_at("")
        st.session_state[_SWITCHED] = "The portfolio that was shown is not in the library any more."


def open_portfolio(key: str, sentence: str = "") -> None:
    """Look at another portfolio from the next run on, as this visit left it, and say `sentence`; for a callback."""
    _look_at(key)
    st.session_state[_SWITCHED] = sentence


def _known_portfolio(named: str) -> str:
    """The portfolio that a link calls `named`; the server's own where there is none, which refuses the link."""
    if not named or named == base_slug() or (named == EMBEDDED and is_base_embedded()):
        return ""
    if library_location(named) is not None:
        return named
    # Links of a server that was started on the embedded portfolio call it by its own name.
    with at(EMBEDDED):
        return EMBEDDED if named == portfolio_slug(definition()) and library_location(EMBEDDED) is not None else ""


def is_base_embedded() -> bool:
    """Whether the server was started on the embedded portfolio."""
    return base_settings().portfolio is None and _location(tuple(sys.argv[1:])) == Location()


def base_name() -> str:
    """What people call the portfolio that the server was started on."""
    imported = _location(tuple(sys.argv[1:])).imported
    with at(""):
        return Path(imported).name if imported else definition().name


def shown_name(source: str) -> str:
    """What people call the portfolio that is looked at, whose predictions are called `source`."""
    entry = find_entry(base_settings().library, chosen()) if chosen() else None
    return source if entry is None else entry.name


def base_slug() -> str:
    """What links call the portfolio that the server was started on."""
    with at(""):
        return portfolio_slug(definition())


def called(address: Mapping[str, Sequence[str]]) -> str:
    """What `address` calls the portfolio that is looked at if it names that; else what links of this server do."""
    named = named_portfolio(address)
    return named if _known_portfolio(named) == chosen() != "" else portfolio_name()


def portfolio_name() -> str:
    """What links call the portfolio that is looked at."""
    return chosen() or base_slug()


def _look_at(key: str) -> None:
    if key == chosen():
        return
    shelves = st.session_state.setdefault(_ASIDE, {})
    now = {name: st.session_state[name] for name in st.session_state if str(name) in _OWN}
    shelves[chosen()] = now
    # Widgets, and what pages noted, are of the portfolio too, and made anew.
    for name in list(st.session_state):
        if not str(name).startswith(_OF_ALL):
            del st.session_state[name]
    for name, value in shelves.pop(key, {}).items():
        st.session_state[name] = value
    choose(key)


# To make a parser looks for translations on the disk, and this is asked in every run.
@cache
def _location(arguments: tuple[str, ...]) -> Location:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--predictions", type=Path)
    offer_answers(parser)
    parser.add_argument("--read", action="append", default=[])
    options, _ = parser.parse_known_args(arguments)
    if options.predictions is None:
        return Location()
    said = tuple(sorted(parse_said(options.read).items()))
    return Location(str(options.predictions), answers_of(options), said=said)


def take_switch() -> str | None:
    """The sentence on the way to another portfolio, once; None where this run is on no such way."""
    switched: str | None = st.session_state.pop(_SWITCHED, None)
    return switched


def has_gone_back() -> bool:
    """Whether this run answers the browser's back or forward button."""
    # Streamlit has no public API for this; its own widgets that are bound to the address read it this way.
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def address_now() -> dict[str, list[str]]:
    """What the address says: texts by the name of their parameter."""
    return {name: st.query_params.get_all(name) for name in st.query_params}
