"""What a visit holds: session keys, which are also the names in the URL, and how a link is read back.

Widgets are bound to query parameters by their key, so a link carries the cutoff and the filters, and a value in it
that does not fit is dropped by the widget that it was meant for.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from dashboard.cache import Location
from dashboard.metrics.counts import BINS_PER_UNIT
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
    """The cutoff in force, as a PD on the grid of the score bins."""
    return round(float(st.session_state[CUTOFF]) / 100 * BINS_PER_UNIT) / BINS_PER_UNIT


def put(values: Mapping[str, object]) -> None:
    """Give widgets these values by key, in the URL too; for a button's callback."""
    # A key that is deleted would be filled again from the URL it is bound to; only a value takes the old one's place.
    for key, value in values.items():
        st.session_state[key] = value
