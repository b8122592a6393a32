"""What of a page follows the cutoff while its slider is dragged (static/drag.js), and what cannot and says so.

Cards and figures note their places while a page is written; at its end it announces the table by cutoff that words
them, which is made only where a hand comes near the slider.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from dashboard.follow.slots import Slot
from dashboard.follow.tables import MOST_POSITIONS, TABLES, Recipe, Scale
from dashboard.metrics.evaluation import Evaluation

_PAGE = "follow.page"
# All of a page but its bar and its head.
WHOLE_PAGE = (
    '[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"] > '
    ":not(:has(> .st-key-bar, > .st-key-page-head))"
)
_PANEL = '[data-testid="stSidebarContent"]'


@dataclass(slots=True)
class _Page:
    evaluation: Evaluation
    slots: list[Slot] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)


def begin_following(evaluation: Evaluation) -> None:
    """Forget the page before; what follows on this one is worded from `evaluation`."""
    st.session_state[_PAGE] = _Page(evaluation)


def is_followed(evaluation: Evaluation) -> bool:
    """Whether `evaluation` is the page's own, and not of another cohort or at a cutoff of its own."""
    page: _Page | None = st.session_state.get(_PAGE)
    return page is not None and page.evaluation is evaluation


def follow(slots: Iterable[Slot], *, inside: str = "") -> None:
    """Let `slots` follow; those of a figure or card are `inside` the element of that CSS selector."""
    page: _Page | None = st.session_state.get(_PAGE)
    if page is not None:
        page.slots += [replace(slot, where=f"{inside} {slot.where}".strip()) for slot in slots]


def keep_busy(where: str) -> None:
    """Fade what matches the CSS selector `where` while the cutoff moves, since it shows the cutoff before."""
    page: _Page | None = st.session_state.get(_PAGE)
    if page is not None:
        page.busy.append(where)


def announce(
    scale: Scale, identity: Sequence[object], *, faded: Sequence[str] | None = None, has_panel: bool = False
) -> None:
    """Write the name of the page's table, which differs with `identity`, and what cannot follow.

    Nothing follows on a page of which as much is `faded` as these CSS selectors match. Where it `has_panel`, that
    shows the decision on an applicant.
    """
    page: _Page = st.session_state[_PAGE]
    name, busy = "", page.busy if faded is None else [*faded]
    if faded is None and page.slots and page.evaluation.counts.n_applications and scale.size <= MOST_POSITIONS:
        given = replace(page.evaluation.assumptions, cutoff=0.0)
        name = TABLES.announce((*identity, given), Recipe(page.evaluation, scale, tuple(page.slots)))
    # The script knows by it that a run is the answer to where the slider stands.
    cutoff = f"{100 * page.evaluation.assumptions.cutoff:.10g}"
    told = html.escape(", ".join([*busy, *([_PANEL] if has_panel else [])]))
    with st.container(key="cutoff-table"):
        st.html(f'<div class="cutoff-table" data-name="{name}" data-busy="{told}" data-cutoff="{cutoff}"></div>')
