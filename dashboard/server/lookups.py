"""Keeping Streamlit from asking others where it is."""

from __future__ import annotations

from streamlit import net_util


def forbid_lookups() -> None:
    """Let no code of Streamlit ask for this machine's addresses.

    It compares a foreign origin with them, for which it asks a server elsewhere, on the event loop: where names are not
    resolved, everybody waits. The gate refuses foreign origins earlier; this covers any other caller.
    """
    net_util.get_external_ip = _unknown
    net_util.get_internal_ip = _unknown


def _unknown() -> None:
    return None
