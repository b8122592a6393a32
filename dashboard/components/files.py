"""The doors through which files leave and enter: each is written to the log, without what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import cache, journal, state
from dashboard.components.late_file import make_late
from dashboard.words import labels
from data.reading.said import HELP

# What is text, also packed, and what is not.
TEXTS = (".csv", ".tsv", ".txt", ".data", ".gz", ".zip", ".zst")
TABLES = (
    *TEXTS,
    ".parquet",
    ".arrow",
    ".feather",
    ".xlsx",
    ".xlsm",
    ".xls",
    ".ods",
    ".sas7bdat",
    ".xpt",
    ".sav",
    ".dta",
)
Make = Callable[[], bytes]


def offer_file(
    label: str,
    make: Make,
    file_name: str,
    mime: str,
    *,
    what: str,
    icon: str = ":material/download:",
    facts: Mapping[str, object] | None = None,
    after_typing: bool = False,
    **options: Any,
) -> None:
    """Write a button that hands out a file, which is made when it is asked for; the log says `what` it was.

    With `after_typing`, the file holds what was being typed when the button was pressed.
    """
    told = {"what": what, "kind": journal.kind_of(file_name), **(facts or {})}
    context = get_script_run_ctx()
    late = partial(
        make_late,
        context.session_id if context else "",
        cache.carried(make),
        file_name,
        mime,
        after_typing=after_typing,
    )
    options.setdefault("on_click", "ignore")
    st.download_button(label, partial(_hand_out, late, state.who(), told), file_name, mime, icon=icon, **options)


# In a thread that belongs to no visit: whose it is has to be given to it.
def _hand_out(make: Make, who: journal.Who | None, told: Mapping[str, object]) -> bytes:
    with journal.noting("export", who, **told) as facts:
        content = make()
        facts["bytes"] = len(content)
        return content


@contextmanager
def taking_in(what: str, uploaded: Any) -> Iterator[dict[str, object]]:
    """Log a dropped file with what the block finds out about it; its name may be an applicant's and is left out."""
    kind = journal.kind_of(uploaded.name)
    with journal.noting("upload", state.who(), what=what, kind=kind, bytes=uploaded.size) as facts:
        yield facts


def ask_how_written(key: str) -> str:
    """Write the field for how a file is written, in words of KEY=VALUE, and return what it holds."""
    with st.expander("Say how the file is written"):
        return st.text_input(
            "Before you bring it, such as: decimal=, dates=day-first bad_lines=leave-out",
            key=key,
            help=written_help(),
        )


def written_help() -> str:
    """The words that say how a file is written, each with what it says."""
    return " · ".join(f"{name}: {labels.plain(told)}" for name, told in HELP.items() if name != "bad_file")
