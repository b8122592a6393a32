"""What a visit holds: session keys, which are also the names in the URL, and how a link is read back.

Widgets are bound to query parameters by their key, so a link carries the cutoff and the filters, and a value in it
that does not fit is dropped by the widget that it was meant for.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from dashboard.cache import Location
from data.imports import parse_mapping

CUTOFF = "cutoff"
APPLICANT = "applicant"
FILTER_PREFIX = "f."


def filter_key(column: str) -> str:
    """The session key and URL name of the filter on `column`."""
    return f"{FILTER_PREFIX}{column}"


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


def cutoff() -> float:
    """The cutoff in force, as a PD."""
    return float(st.session_state[CUTOFF]) / 100


def clear_filters() -> None:
    """Take every filter back; for a button's callback."""
    for key in list(st.session_state):
        if str(key).startswith(FILTER_PREFIX):
            del st.session_state[key]
