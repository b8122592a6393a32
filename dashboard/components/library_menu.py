"""The portfolios of the library on every page: which one is shown, and another one at a click."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard import cache, choice
from dashboard.words import labels
from data.library.entries import EMBEDDED, Entry, Kind, has_entries, list_entries

_EMBEDDED_NAME = "Embedded portfolio (synthetic)"
_WHAT = {Kind.PREDICTIONS: "imported predictions", Kind.PORTFOLIO: "own model"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A portfolio that can be shown: what links call it, its name, and what it is in a few words.

    `entry` is None for those that are not of the library's folder, which cannot be renamed or deleted.
    """

    key: str
    name: str
    told: str
    entry: Entry | None = None


def offers() -> tuple[Offer, ...]:
    """The portfolios that can be shown, the server's own first, then the embedded one, then the latest."""
    is_embedded = choice.is_base_embedded()
    own = [
        Offer("", choice.base_name(), "embedded, always there" if is_embedded else "what this server was started on")
    ]
    if _has_embedded_apart():
        own.append(Offer(EMBEDDED, _EMBEDDED_NAME, "embedded, always there"))
    return (*own, *(Offer(entry.key, entry.name, _told(entry), entry) for entry in _entries()))


def has_others() -> bool:
    """Whether there is more to show than what the server was started on."""
    base = cache.base_settings()
    return has_entries(base.library, besides=base.portfolio) or _has_embedded_apart()


def _entries() -> list[Entry]:
    base = cache.base_settings()
    return [entry for entry in list_entries(base.library) if entry.folder != base.portfolio]


def _has_embedded_apart() -> bool:
    return not choice.is_base_embedded() and cache.library_location(EMBEDDED) is not None


def _told(entry: Entry) -> str:
    if entry.n_rows is None:
        return "not built yet"
    return f"{labels.plural(entry.n_rows, 'application')}, {_WHAT[entry.kind]}, {entry.made.date().isoformat()}"


def render_library_menu() -> None:
    """Write the menu; nothing where there is no other portfolio."""
    if not has_others():
        return
    menu = st.popover("Portfolios", icon=":material/folder_open:", key="library", on_change="rerun")
    if not menu.open:
        return
    with menu, st.container(width=360, key="library-menu", gap="xsmall"):
        for offer in offers():
            if offer.entry is None or offer.entry.is_built:
                render_choice(offer, "bar.open")


def render_choice(offer: Offer, place: str) -> None:
    """Write the button that shows a portfolio."""
    st.button(
        f"**{labels.plain(offer.name)}** :small[:gray[{labels.plain(offer.told)}]]",
        key=f"{place}.{offer.key}",
        type="tertiary",
        width="stretch",
        disabled=offer.key == cache.chosen(),
        on_click=choice.open_portfolio,
        args=(offer.key,),
    )
